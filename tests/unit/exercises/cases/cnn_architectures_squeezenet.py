"""Typical wrong answers to the exercises of `2_6_squeezenet`, each with a part of the message it must get."""

WIDTHS = (
    "def answer(n, r, s):\n    both = 128 + 128 * ({grown})\n    three = round(s * both)\n"
    "    return {squeeze}, {branches}"
)
SQUEEZE, BRANCHES = "round(r * both)", "both - three, three"

WRONG = {
    "fire_parameters": [
        ("answer = lambda c, s, e: c * s + s * e + 9 * s * e", "biases are missing"),
        ("answer = lambda c, s, e: (c + 1) * s + (c + 1) * e + (9 * c + 1) * e", "squeeze layer hands on"),
        ("answer = lambda c, s, e: (c + 1) * s + (s + 1) * e + (3 * s + 1) * e", "nine places"),
        ("answer = lambda c, s, e: (c + 1) * s + (s + 1) * e + 9 * (s + 1) * e", "one bias"),
        ("answer = lambda c, s, e: (c + 1) * s + (s + 1) * (e // 2) + (9 * s + 1) * (e // 2)", "do not divide"),
    ],
    "fire_widths": [
        (WIDTHS.format(grown="(n - 2) // 2", squeeze=SQUEEZE, branches="three, both - three"), "come before"),
        (WIDTHS.format(grown="n - 2", squeeze=SQUEEZE, branches=BRANCHES), "after every two modules"),
        (WIDTHS.format(grown="(n - 1) // 2", squeeze=SQUEEZE, branches=BRANCHES), "number - 2"),
        (WIDTHS.format(grown="n // 2", squeeze=SQUEEZE, branches=BRANCHES), "first module has number 2"),
        (WIDTHS.format(grown="(n - 2) // 2", squeeze="round(r * three)", branches=BRANCHES), "both branches together"),
        (WIDTHS.format(grown="(n - 2) // 2", squeeze=SQUEEZE, branches="both"), "three numbers"),
    ],
    "batches_needed": [
        ("import math\nanswer = lambda m, s: int(math.log(s) / math.log(m))", "round up"),
        ("import math\nanswer = lambda m, s: math.log(s) / math.log(m)", "whole number"),
        ("answer = lambda m, s: round(1 / (1 - m))", "whatever the share"),
        ("import math\nanswer = lambda m, s: math.ceil(math.log(1 - s) / math.log(m))", "not what is gone"),
        ("import math\nanswer = lambda m, s: int(math.log(s) / math.log(m)) + 1", "exactly"),
    ],
}
