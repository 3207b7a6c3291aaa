"""Exercises of `2_9_which_network.ipynb`."""

import math

from helpers.exercises.core import Exercise, call, differ


def _examine_largest_batch(answer) -> str | None:
    cases = ((10_000_000, 60_000, 11_000, 2), (2_000_000, 60_000, 11_000, 0), (900_000, 60_000, 11_000, 2))
    for memory, parameters, maps, slots in (*cases, (1_024_000, 60_000, 16_000, 2)):
        numbers, fixed = memory / 4, (2 + slots) * parameters
        expected = max(0, math.floor((numbers - fixed) / maps))
        got = call(answer, memory, parameters, maps, slots)
        if got == expected:
            continue
        reasons = {
            math.floor((memory - fixed) / maps): "Every number has four bytes.",
            math.floor((numbers - (1 + slots) * parameters) / maps): (
                "The parameters themselves, their gradients and the slots: 1 + 1 + slots numbers for each."
            ),
            math.floor((numbers - parameters) / maps): "Gradients and slots need room as well.",
            math.floor(numbers / maps): "Only the maps are counted; parameters, gradients and slots need room as well.",
            math.ceil((numbers - fixed) / maps): "Round down: the next larger batch does not fit.",
            math.floor((numbers - fixed) / maps): "Where not even one picture fits, the answer is 0.",
            (numbers - fixed) / maps: "A batch is a whole number of pictures.",
        }
        what = f"{memory:,} bytes, {parameters:,} parameters, {maps:,} numbers in the maps, {slots} slots"
        return f"{differ(what, got, expected)} {reasons.get(got, '')}".rstrip()
    return None


largest_batch = Exercise(
    title="The largest batch that fits",
    examine=_examine_largest_batch,
    hints=(
        "How many numbers of four bytes fit into the memory?",
        "Take off what does not depend on the batch: parameters, gradients, slots.",
        "The rest divided by the numbers in the maps of one picture, rounded down with //, and never below 0.",
    ),
    starter="def largest_batch(memory, parameters, maps, slots):\n    return ...\n",
    solution_source="""
def largest_batch(memory, parameters, maps, slots):
    left = memory // 4 - (2 + slots) * parameters
    return max(0, left // maps)


answer = largest_batch
""",
)


def _examine_pictures_needed(answer) -> str | None:
    for accuracy, gap in ((0.9, 0.005), (0.7, 0.02), (0.75, 0.013)):
        variance = accuracy * (1 - accuracy)
        expected, got = math.ceil(8 * variance / gap**2 - 1e-9), call(answer, accuracy, gap)
        if got == expected:
            continue
        reasons = {
            math.ceil(4 * variance / gap**2): "A difference has the variance of both networks.",
            math.ceil(2 * variance / gap**2): "The gap is two standard errors, not one.",
            math.ceil(16 * variance / gap**2): "The variances add up, not the standard errors.",
            math.ceil(8 * accuracy / gap**2): "The variance of one answer is accuracy * (1 - accuracy).",
            math.ceil(2 * math.sqrt(2 * variance) / gap): "The root is on both sides: square before you solve for n.",
            math.floor(8 * variance / gap**2): "Round up: with one picture less the gap is below two standard errors.",
            8 * variance / gap**2: "Round up to a whole number of pictures.",
        }
        what = f"accuracy {accuracy}, gap {gap}"
        return f"{differ(what, got, expected)} {reasons.get(got, '')}".rstrip()
    return None


pictures_needed = Exercise(
    title="Test pictures for a difference",
    examine=_examine_pictures_needed,
    hints=(
        "One accuracy has the variance accuracy * (1 - accuracy) / n. On different pictures the variances add up.",
        "gap = 2 * sqrt(2 * accuracy * (1 - accuracy) / n). Square both sides and solve for n.",
        "n = 8 * accuracy * (1 - accuracy) / gap**2, rounded up with math.ceil.",
    ),
    starter="def pictures_needed(accuracy, gap):\n    return ...\n",
    solution_source="""
import math


def pictures_needed(accuracy, gap):
    return math.ceil(8 * accuracy * (1 - accuracy) / gap**2 - 1e-9)  # 1e-9: rounding is no picture


answer = pictures_needed
""",
)


def _cheapest(names, cost) -> str:
    return min(names, key=cost.get)


def _examine_cheapest_within(answer) -> str | None:
    accuracy, cost = dict(a=60, b=75, c=78, d=80, e=90), dict(a=1, b=4, c=5, d=7, e=20)
    for limit, margin in ((10, 12), (10, 5), (10, 1), (30, 0), (30, 11), (5, 3), (30, 40)):
        remain = [name for name in cost if cost[name] <= limit]
        best = max(accuracy[name] for name in remain)
        expected = _cheapest([name for name in remain if accuracy[name] >= best - margin], cost)
        got = call(answer, dict(accuracy), dict(cost), limit, margin)
        if got == expected:
            continue
        near = [name for name in remain if accuracy[name] > best - margin] or remain
        from_all = [name for name in cost if accuracy[name] >= max(accuracy.values()) - margin]
        reasons = {
            _cheapest(near, cost): "A network exactly `margin` below the best counts too.",
            max(remain, key=accuracy.get): "This is the most accurate one; a cheaper one is within the margin.",
            _cheapest(from_all, cost): "First the limit: the margin counts from the best of those within it.",
            _cheapest(remain, cost): "This is the cheapest one; it is too far below the best.",
        }
        reason = f"It costs more than {limit}." if got in cost and cost[got] > limit else reasons.get(got, "")
        what = f"accuracy {accuracy}, cost {cost}, limit {limit}, margin {margin}"
        return f"{differ(what, got, expected)} {reason}".rstrip()
    return None


cheapest_within = Exercise(
    title="The cheapest that is good enough",
    examine=_examine_cheapest_within,
    hints=(
        "Begin with the list of names whose cost is at most `limit`.",
        "The best accuracy is taken over this list. Who is good enough has an accuracy of at least best - margin.",
        "min(good_enough, key=cost.get) returns the name with the smallest cost.",
    ),
    starter="def cheapest_within(accuracy, cost, limit, margin):\n    return ...\n",
    solution_source="""
def cheapest_within(accuracy, cost, limit, margin):
    remain = [name for name in cost if cost[name] <= limit]
    best = max(accuracy[name] for name in remain)
    return min((name for name in remain if accuracy[name] >= best - margin), key=cost.get)


answer = cheapest_within
""",
)


def _unbeaten(accuracy, costs, beats) -> list[str]:
    return sorted(one for one in costs if not any(beats(other, one) for other in costs if other != one))


def _examine_unbeaten(answer) -> str | None:
    accuracy = dict(a=60, b=70, c=70, d=80, e=75, f=60, g=90)
    costs = dict(a=(1, 9), b=(3, 3), c=(3, 3), d=(9, 1), e=(9, 2), f=(2, 9), g=(9, 4))

    def points(name):
        return (-accuracy[name], *costs[name])

    def no_worse(other, one, skip=0):
        return all(x <= y for x, y in list(zip(points(other), points(one), strict=True))[skip:])

    def beats(other, one):
        return no_worse(other, one) and points(other) != points(one)

    expected, got = _unbeaten(accuracy, costs, beats), call(answer, dict(accuracy), dict(costs))
    if not isinstance(got, (list, tuple, set)):
        return f"{differ('networks', got, expected)} Return a list of names."
    if list(got) == expected:
        return None

    def strictly(other, one):
        return all(x < y for x, y in zip(points(other), points(one), strict=True))

    def by_sum(other, one):
        own, theirs = ((accuracy[name], -sum(costs[name])) for name in (one, other))
        return theirs != own and theirs[0] >= own[0] and theirs[1] >= own[1]

    def without_accuracy(other, one):
        return no_worse(other, one, 1) and costs[other] != costs[one]

    reasons = {
        no_worse: "Two equal networks do not beat each other: one must be strictly better.",
        strictly: "To beat, it is enough to be strictly better in one thing.",
        by_sum: "Costs of different kinds cannot be added up: compare each with its own.",
        without_accuracy: "The accuracy counts too.",
    }
    found = [text for rule, text in reasons.items() if sorted(got) == _unbeaten(accuracy, costs, rule)]
    found += ["These are the beaten ones."] * (sorted(got) == sorted(set(costs) - set(expected))) + [""]
    reason = found[0]
    if sorted(got) == expected:
        reason = "The names are right; return them sorted, in a list."
    return f"{differ(f'accuracy {accuracy}, costs {costs}', list(got), expected)} {reason}".rstrip()


unbeaten = Exercise(
    title="A front for several costs",
    examine=_examine_unbeaten,
    hints=(
        "Put all into one tuple where less is better: (-accuracy, cost, cost, ...).",
        "One tuple beats another when no entry is larger and the tuples are not equal.",
        "all(x <= y for x, y in zip(theirs, own)) and theirs != own",
    ),
    starter="def unbeaten(accuracy, costs):\n    return ...\n",
    solution_source="""
def unbeaten(accuracy, costs):
    points = {name: (-accuracy[name], *costs[name]) for name in costs}

    def beaten(own):
        return any(all(x <= y for x, y in zip(other, own)) and other != own for other in points.values())

    return sorted(name for name in costs if not beaten(points[name]))


answer = unbeaten
""",
)
