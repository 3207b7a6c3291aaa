"""Typical wrong answers to the exercises of 2_3, each with a part of the message that must name the mistake."""

NUMBERS = "\n    a, b, c, d, e, f = filters\n    return "

WRONG = {
    "module_channels": [
        ("answer = lambda f: sum(f)", "no further"),
        ("answer = lambda f: f[0] + f[2] + f[4]", "fourth branch"),
        ("answer = lambda f: f[0] + f[1] + f[3] + f[5]", "at the end of a branch"),
        ("answer = lambda f: max(f[0], f[2], f[4], f[5])", "add up"),
    ],
    "pointwise": [
        ("answer = lambda x, w, b: x @ w + b", "ReLU is missing"),
        ("import numpy as np\nanswer = lambda x, w, b: np.maximum(x @ w, 0)", "biases are missing"),
        ("import numpy as np\nanswer = lambda x, w, b: np.maximum(x @ w, 0) + b", "before ReLU"),
        (
            "import numpy as np\nanswer = lambda x, w, b: np.maximum((x @ w + b).sum(axis=(1, 2)), 0)",
            "one value a place",
        ),
        (
            "import numpy as np\nanswer = lambda x, w, b: np.maximum(x @ (w.T if w.shape == (5, 5) else w) + b, 0)",
            "transposed",
        ),
    ],
    "module_products": [
        (f"def answer(n, k, filters):{NUMBERS}n**2 * (k * (a + f) + 9 * b * c + 25 * d * e)", "reductions cost"),
        (f"def answer(n, k, filters):{NUMBERS}n**2 * k * (a + 9 * c + 25 * e + f)", "not of the input"),
        (f"def answer(n, k, filters):{NUMBERS}k * (a + b + d + f) + 9 * b * c + 25 * d * e", "These are the weights"),
        (f"def answer(n, k, filters):{NUMBERS}n**2 * (k * (a + b + d) + 9 * b * c + 25 * d * e)", "projection behind"),
        (f"def answer(n, k, filters):{NUMBERS}n**2 * (k * (a + b + d + f) + 3 * b * c + 5 * d * e)", "has 9 places"),
    ],
    "cycle_rate": [
        ("answer = lambda s, n, w, p: p * (1 - s / n)", "rises from 0"),
        ("answer = lambda s, n, w, p: p if s < w else p * (n - s) / (n - w)", "rises from 0"),
        ("answer = lambda s, n, w, p: p * s / w if s < w else p * (1 - s / n)", "end of the warm-up"),
        ("answer = lambda s, n, w, p: p * s / w if s < w else p * (1 - (s - w) / n)", "not 0 at the end"),
        ("answer = lambda s, n, w, p: p * s / w", "the rate falls"),
    ],
}
