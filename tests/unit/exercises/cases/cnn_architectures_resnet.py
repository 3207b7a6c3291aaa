"""Typical wrong answers to the exercises of `2_5_resnet`, each with a part of the message that names the mistake."""

PAD = "import numpy as np\nanswer = lambda x, f: np.pad({small}, ((0, 0), (0, 0), {zeros}))"
AFTER, BLOCKS = "(0, f - x.shape[2])", "x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1)"

WRONG = {
    "block_parameters": [
        ("answer = lambda c, f, p: 9 * c * f + 9 * f * f + p * c * f", "a scale and an offset"),
        ("answer = lambda c, f, p: 9 * c * f + 9 * f * f + 8 * f + p * (c * f + 4 * f)", "running mean"),
        ("answer = lambda c, f, p: 9 * c * f + 9 * f * f + 6 * f + p * (c * f + 3 * f)", "no biases"),
        ("answer = lambda c, f, p: 2 * 9 * c * f + 4 * f + p * (c * f + 2 * f)", "what the first one gives"),
        ("answer = lambda c, f, p: 9 * c * f + 9 * f * f + 4 * f + p * c * f", "its own batch normalisation"),
        ("answer = lambda c, f, p: 9 * c * f + 9 * f * f + 4 * f + p * (9 * c * f + 2 * f)", "1 x 1"),
        ("answer = lambda c, f, p: 9 * c * f + 9 * f * f + 4 * f", "projection is missing"),
    ],
    "identity_shortcut": [
        ("answer = lambda x, f: x[::2, ::2]", "channels are missing"),
        (PAD.format(small="x", zeros=AFTER), "every second row"),
        (PAD.format(small="x[::2]", zeros=AFTER), "The shape must be"),
        (PAD.format(small="x[::2, ::2]", zeros="(f - x.shape[2], 0)"), "after the channels"),
        (PAD.format(small=f"{BLOCKS}.mean(axis=(1, 3))", zeros=AFTER), "mean of 2 x 2"),
        (PAD.format(small=f"{BLOCKS}.max(axis=(1, 3))", zeros=AFTER), "max pooling"),
        (PAD.format(small="x[1::2, 1::2]", zeros=AFTER), "Begin with the first"),
        (PAD.format(small="x[::2, ::2]", zeros=AFTER)[:-1] + ", mode='edge')", "hold zeros"),
    ],
    "paths": [
        ("answer = lambda n, k: 2**n", "all paths"),
        ("import math\nanswer = lambda n, k: math.perm(n, k)", "order of the blocks"),
        ("answer = lambda n, k: n**k", "once or not at all"),
        ("import math\nanswer = lambda n, k: math.comb(n, k) / 2**n", "share of all paths"),
        ("import math\nanswer = lambda n, k: sum(math.comb(n, i) for i in range(k + 1))", "shorter paths too"),
    ],
}
