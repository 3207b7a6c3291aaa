"""Typical wrong answers to the exercises of `2_8_capsules`, each with a part of the message that names the mistake."""

STEP = (
    "import numpy as np\n\n\ndef answer(b, p):\n    c = np.exp(b) / np.exp(b).sum(axis={axis}, keepdims=True)\n"
    "    s = (c[..., None] * p).sum(axis=1)\n    n = (s**2).sum(axis=-1, keepdims=True)\n"
    "    v = {capsules}\n    return {result}"
)
SQUASHED, ADDED = "s * np.sqrt(n) / (1 + n)", "b + (p * v[:, None]).sum(axis=-1)"
EQUAL = STEP.replace("np.exp(b)", "np.exp(0 * b)")
MARGIN = "import numpy as np\nanswer = lambda t, v, h, w, k: {}"

WRONG = {
    "routed_weights": [
        ("answer = lambda s, k, n, c, m: k * n * c * m", "not shared among the places"),
        ("answer = lambda s, k, n, c, m: s * k * n * c * m", "side x side"),
        ("answer = lambda s, k, n, c, m: s * s * k * c", "number of matrices"),
        ("answer = lambda s, k, n, c, m: s * s * k * n * m", "a matrix for each class"),
        ("answer = lambda s, k, n, c, m: s * s * k * n * c * m + c * m", "no biases"),
    ],
    "next_logits": [
        (STEP.format(axis=0, capsules=SQUASHED, result=ADDED.removeprefix("b + ")), "does not replace"),
        (STEP.format(axis=1, capsules=SQUASHED, result=ADDED), "softmax over axis 0"),
        (STEP.format(axis=0, capsules="s", result=ADDED), "must be squashed"),
        (STEP.format(axis=0, capsules=SQUASHED, result="c"), "coupling coefficients"),
        (EQUAL.format(axis=0, capsules=SQUASHED, result=ADDED), "shares are equal"),
    ],
    "margin_loss_of": [
        (
            MARGIN.format("t * np.maximum(0, h - v) ** 2 + k * (1 - t) * np.maximum(0, v - w) ** 2"),
            "one number",
        ),
        (
            MARGIN.format("(t * np.maximum(0, h - v) ** 2 + (1 - t) * np.maximum(0, v - w) ** 2).sum()"),
            "count only weight",
        ),
        (
            MARGIN.format("(t * np.maximum(0, h - v) + k * (1 - t) * np.maximum(0, v - w)).sum()"),
            "is squared",
        ),
        (MARGIN.format("(t * (h - v) ** 2 + k * (1 - t) * (v - w) ** 2).sum()"), "costs nothing"),
        (MARGIN.format("(t * np.maximum(0, h - v) ** 2).sum()"), "cost something too"),
        (
            MARGIN.format("((1 - t) * np.maximum(0, h - v) ** 2 + k * t * np.maximum(0, v - w) ** 2).sum()"),
            "should be long",
        ),
    ],
    "primary_count": [
        ("answer = lambda p, k: ((p - 17) // 2 + 1) ** 2 * k * 8", "one capsule"),
        ("answer = lambda p, k: ((p - 17) // 2 + 1) * k", "square"),
        ("answer = lambda p, k: ((p - 17) // 2 + 1) ** 2", "at each place"),
        ("answer = lambda p, k: (p - 16) ** 2 * k", "stride 2"),
        ("answer = lambda p, k: ((p - 9) // 2 + 1) ** 2 * k", "two convolutions"),
        ("answer = lambda p, k: (p // 2) ** 2 * k", "Without padding"),
    ],
}
