"""Typical wrong answers to the exercises of `2_9_which_network`, each with a part of the message that names it."""

WITHIN = """
def answer(accuracy, cost, limit, margin):
    remain = [name for name in cost if {keep}]
    best = max(accuracy[name] for name in {over})
    return min((name for name in remain if accuracy[name] {enough}), key=cost.get)
"""
KEEP, ENOUGH = "cost[name] <= limit", ">= best - margin"
FRONT = """
def answer(accuracy, costs):
    points = {{name: {point} for name in costs}}

    def beaten(one):
        own, others = points[one], [points[name] for name in costs if name != one]
        return any({test} for other in others)

    return {result}
"""
POINT, NO_WORSE = "(-accuracy[name], *costs[name])", "all(x <= y for x, y in zip(other, own))"
RESULT = "sorted(name for name in costs if not beaten(name))"

WRONG = {
    "largest_batch": [
        ("answer = lambda m, p, a, s: max(0, (m - (2 + s) * p) // a)", "four bytes"),
        ("answer = lambda m, p, a, s: max(0, (m // 4 - (1 + s) * p) // a)", "1 + 1 + slots"),
        ("answer = lambda m, p, a, s: max(0, (m // 4 - p) // a)", "Gradients and slots"),
        ("answer = lambda m, p, a, s: m // 4 // a", "Only the maps"),
        ("import math\nanswer = lambda m, p, a, s: max(0, math.ceil((m / 4 - (2 + s) * p) / a))", "Round down"),
        ("answer = lambda m, p, a, s: (m // 4 - (2 + s) * p) // a", "the answer is 0"),
        ("answer = lambda m, p, a, s: max(0, (m / 4 - (2 + s) * p) / a)", "whole number"),
    ],
    "pictures_needed": [
        ("import math\nanswer = lambda p, g: math.ceil(4 * p * (1 - p) / g**2)", "variance of both"),
        ("import math\nanswer = lambda p, g: math.ceil(2 * p * (1 - p) / g**2)", "two standard errors"),
        ("import math\nanswer = lambda p, g: math.ceil(16 * p * (1 - p) / g**2)", "variances add up"),
        ("import math\nanswer = lambda p, g: math.ceil(8 * p / g**2)", "variance of one answer"),
        ("import math\nanswer = lambda p, g: math.ceil(2 * math.sqrt(2 * p * (1 - p)) / g)", "square before"),
        ("import math\nanswer = lambda p, g: math.floor(8 * p * (1 - p) / g**2)", "Round up"),
        ("answer = lambda p, g: 8 * p * (1 - p) / g**2", "Round up"),
    ],
    "cheapest_within": [
        (WITHIN.format(keep="True", over="remain", enough=ENOUGH), "First the limit"),
        (WITHIN.format(keep=KEEP, over="cost", enough=ENOUGH), "First the limit"),
        ("answer = lambda accuracy, cost, limit, margin: max(accuracy, key=accuracy.get)", "costs more than"),
        (WITHIN.format(keep=KEEP, over="remain", enough="== best"), "most accurate one"),
        (WITHIN.format(keep=KEEP, over="remain", enough="> 0"), "too far below"),
        (WITHIN.format(keep=KEEP, over="remain", enough="> best - margin"), "counts too"),
    ],
    "unbeaten": [
        (FRONT.format(point=POINT, test=NO_WORSE, result=RESULT), "strictly better"),
        (FRONT.format(point=POINT, test="all(x < y for x, y in zip(other, own))", result=RESULT), "in one thing"),
        (
            FRONT.format(
                point="(-accuracy[name], sum(costs[name]))", test=f"{NO_WORSE} and other != own", result=RESULT
            ),
            "cannot be added up",
        ),
        (FRONT.format(point="costs[name]", test=f"{NO_WORSE} and other != own", result=RESULT), "accuracy counts"),
        (
            FRONT.format(
                point=POINT,
                test=f"{NO_WORSE} and other != own",
                result="sorted(name for name in costs if beaten(name))",
            ),
            "beaten ones",
        ),
        (
            FRONT.format(point=POINT, test=f"{NO_WORSE} and other != own", result=f"list(reversed({RESULT}))"),
            "return them sorted",
        ),
    ],
}
