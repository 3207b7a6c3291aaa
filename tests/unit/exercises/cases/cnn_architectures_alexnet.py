"""Typical wrong answers to the exercises of `2_2_alexnet`, each with a part of the message that names it."""

WRONG = {
    "fitting_side": [
        ("answer = lambda side: 11 + 4 * ((side - 11) // 4)", "must come out as well"),
        ("answer = lambda side: 32 * (side // 32)", "do not begin at 0"),
        ("answer = lambda side: (side - 35) // 32", "side of the last map"),
        ("answer = lambda side: 35 + 32 * -(-(side - 35) // 32)", "round down"),
        ("answer = lambda side: 35 + 32 * round((side - 35) / 32)", "ound down"),
    ],
    "grouped_parameters": [
        ("answer = lambda k, c, f, g: k * k * c * f // g", "biases are missing"),
        ("answer = lambda k, c, f, g: k * k * (c // g) * (f // g) + f", "divide once"),
        ("answer = lambda k, c, f, g: (k * k * c // g + 1) * f // g", "divide once"),
        ("answer = lambda k, c, f, g: k * k * c * f // g + f // g", "do not divide the biases"),
        ("answer = lambda k, c, f, g: (k * k * c + 1) * f", "only its group's channels"),
        ("answer = lambda k, c, f, g: (k * k * c * g + 1) * f", "not more"),
    ],
    "folded_dense": [
        ("answer = lambda s, o, w, b: w * s[:, None]", "must be two arrays"),
        ("answer = lambda s, o, w, b: ((w.T * s).T[:, :1], b)", "scale the rows"),
        ("answer = lambda s, o, w, b: (w * (s[:, None] if len(s) < 4 else s), b + o @ w)", "scale the rows"),
        ("answer = lambda s, o, w, b: (s[:, None] * w, b)", "goes through the weights too"),
        ("answer = lambda s, o, w, b: (s[:, None] * w, b + o @ (s[:, None] * w))", "old weights"),
        ("answer = lambda s, o, w, b: (s[:, None] * w, o @ w)", "old bias is still there"),
    ],
    "images_needed": [
        ("answer = lambda p, gain: 4 * p * (1 - p) / gain**2 + 0.0001", "round up"),
        ("import math\nanswer = lambda p, gain: math.ceil(p * (1 - p) / gain**2)", "one standard error"),
        ("import math\nanswer = lambda p, gain: math.ceil(2 * p * (1 - p) / gain**2)", "2 becomes 4"),
        ("import math\nanswer = lambda p, gain: math.ceil(4 * p / gain**2)", "variance"),
        ("answer = lambda p, gain: 2 * (p * (1 - p)) ** 0.5 / gain", "square root of the number"),
    ],
}
