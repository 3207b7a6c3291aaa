"""Typical wrong answers to the exercises of `2_1_lenet_to_vgg`, each with a part of the message that names it."""

WALK = (
    "def answer(plan, side):\n    channels, work = {first}, 0\n    for step in plan:\n        if step == 'pool':\n"
    "            side = {side}\n        else:\n            work += {work}\n            channels = {channels}\n"
    "    return work\n"
)
WORK = "side**2 * 9 * channels * step"

WRONG = {
    "stack_weights": [
        ("answer = lambda k, n, c: n * (k * k * c + 1) * c", "leave the biases out"),
        ("answer = lambda k, n, c: n * k * k * c", "as deep as"),
        ("answer = lambda k, n, c: n * k * c * c", "as many columns"),
        ("answer = lambda k, n, c: (n * k) ** 2 * c**2", "not squared"),
    ],
    "layers_needed": [
        ("answer = lambda field, k: (field - 1) / (k - 1)", "whole number"),
        ("answer = lambda field, k: (field - 1) // (k - 1)", "round up"),
        ("answer = lambda field, k: -(-field // k)", "adds kernel_size - 1"),
        ("answer = lambda field, k: -(-field // (k - 1))", "sees one pixel already"),
        ("answer = lambda field, k: (field - 1) // (k - 1) + 1", "sees one pixel already"),
    ],
    "frequency_after": [
        ("answer = lambda f, s: f", "is folded back"),
        ("answer = lambda f, s: min(f, 1 / (2 * s))", "not cut off"),
        ("answer = lambda f, s: f if f <= 1 / (2 * s) else 0", "not lost"),
        ("answer = lambda f, s: abs(f * s - round(f * s))", "divide by the stride"),
        ("answer = lambda f, s: f % (1 / s)", "the smallest counts"),
        ("answer = lambda f, s: f if f <= 1 / (2 * s) else abs(1 / s - f)", "not only once"),
    ],
    "vgg_multiply_adds": [
        (WALK.format(first=3, side="side", work=WORK, channels="step"), "halves the side"),
        (WALK.format(first=3, side="side // 2", work="side**2 * 3 * channels * step", channels="step"), "nine weights"),
        (WALK.format(first=3, side="side // 2", work=WORK, channels="channels"), "as it has filters"),
        (WALK.format(first=1, side="side // 2", work=WORK, channels="step"), "has 3 channels"),
        (WALK.format(first=3, side="side // 2", work="9 * channels * step", channels="step"), "side * side"),
        (
            WALK.format(first=3, side="side // 2", work="side**2 * (9 * channels + 1) * step", channels="step"),
            "do not count them",
        ),
    ],
}
