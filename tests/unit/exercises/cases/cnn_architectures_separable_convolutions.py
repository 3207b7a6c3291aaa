"""Typical wrong answers to the exercises of `2_7_separable_convolutions`, each with a part of its message."""

ROOT = "import math\nanswer = lambda w, k: {}"
WORK = "answer = lambda s, c, f, t, n: {} ** 2 * c * t * c + {} ** 2 * {} * t * c + {} ** 2 * t * c * f"
SMALL = "(s // n)"
SVD = "import numpy as np\n\n\ndef answer(kernel):\n    s = np.linalg.svd(kernel, compute_uv=False)\n    return {}\n"

WRONG = {
    "separable_weights": [
        ("answer = lambda k, c, f, m: k * k * c * f", "ordinary convolution"),
        ("answer = lambda k, c, f, m: m * c * (k * k + f) + f", "biases"),
        ("answer = lambda k, c, f, m: m * c * (k + f)", "as many columns"),
        ("answer = lambda k, c, f, m: m * c * k * k", "is missing"),
        ("answer = lambda k, c, f, m: m * c * k * k * (1 + f)", "one weight for each pair"),
        ("answer = lambda k, c, f, m: c * (k * k + f)", "`multiplier` patterns"),
        ("answer = lambda k, c, f, m: c * (m * k * k + f)", "multiplier x channels maps"),
    ],
    "equal_width": [
        (ROOT.format("math.sqrt(w + w * w / k**2)"), "whole number"),
        (ROOT.format("math.ceil(math.sqrt(w + w * w / k**2))"), "more weights"),
        (ROOT.format("(k * k * w + w * w) // k**2"), "square of the number"),
        (ROOT.format("w // k"), "depthwise step has some"),
        (ROOT.format("math.isqrt(k * k * w + w * w)"), "each pair of channels"),
    ],
    "inverted_residual_work": [
        (WORK.format("s", SMALL, "9 * t * c", SMALL), "does not mix"),
        (WORK.format("s", SMALL, "3", SMALL), "nine weights"),
        (WORK.format("s", "s", "9", "s"), "from the depthwise step on"),
        (WORK.format("s", SMALL, "9", "s"), "works on the smaller map"),
        (WORK.format("s", "s", "9", SMALL), "every stride-th place"),
        (WORK.format(SMALL, SMALL, "9", SMALL), "still works on the whole map"),
        (WORK.format("1", "1", "9", "1"), "These are the weights"),
        (WORK.format("0 * s", SMALL, "9", SMALL), "which expands, is missing"),
    ],
    "product_share": [
        (SVD.format("s[0] / s.sum()"), "square the singular values"),
        (SVD.format("s[0] / np.sqrt((s**2).sum())"), "root of the share"),
        (SVD.format("1 - s[0] ** 2 / (s**2).sum()"), "what is lost"),
        (SVD.format("s[-1] ** 2 / (s**2).sum()"), "largest first"),
        (SVD.format("s[0] ** 2"), "divide by that of the kernel"),
    ],
}
