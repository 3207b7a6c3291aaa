"""Typical wrong answers to the exercises of `5_1_frozen_encoder`, each with a part of the message that names it."""

KIND = """
import numpy as np
def seen(t, axis=0): return t.sum(axis) / t.sum()
def far(a, b): return not np.allclose(a, b)
"""
SHARE = "import numpy as np\nmoved = lambda b, a: [x != y for x, y in zip(b, a)]\n"
PAIRED = "import numpy as np\n"

WRONG = {
    "trained_numbers": [
        ("answer = lambda e, d, c: (d * c, e + d * c)", "a bias for each class"),
        ("answer = lambda e, d, c: (e + (d + 1) * c, (d + 1) * c)", "frozen case comes first"),
        ("answer = lambda e, d, c: ((d + 1) * c, e)", "head is trained as well"),
        ("answer = lambda e, d, c: (0, e + (d + 1) * c)", "head alone"),
    ],
    "shift_kind": [
        (KIND + "answer = lambda s, t: (far(s / s.sum(0), t / t.sum(0)), far(seen(s), seen(t)))", "P(X) comes first"),
        (KIND + "answer = lambda s, t: (far(s.sum(0), t.sum(0)), far(s, t))", "must become shares"),
        (KIND + "answer = lambda s, t: (far(seen(s, 1), seen(t, 1)), far(s / s.sum(0), t / t.sum(0)))", "that is P(Y)"),
        (
            KIND + "r = lambda t: t / t.sum(1, keepdims=True)\n"
            "answer = lambda s, t: (far(seen(s), seen(t)), far(r(s), r(t)))",
            "P(X | Y)",
        ),
    ],
    "share_moved": [
        (SHARE + "answer = lambda b, a: 1 - np.concatenate([m.ravel() for m in moved(b, a)]).mean()", "stayed"),
        (SHARE + "answer = lambda b, a: np.mean([m.any() for m in moved(b, a)])", "share of arrays"),
        (SHARE + "answer = lambda b, a: np.mean([m.mean() for m in moved(b, a)])", "all numbers together"),
        (SHARE + "answer = lambda b, a: sum(m.sum() for m in moved(b, a))", "Divide by how many"),
    ],
    "paired_interval": [
        (
            PAIRED + "def answer(a, b, t):\n g = b - a\n e = g.std(ddof=1) / np.sqrt(len(g))\n"
            " return g.mean(), g.mean() - t * e, g.mean() + t * e",
            "first minus the second",
        ),
        (
            PAIRED + "def answer(a, b, t):\n g = a - b\n e = g.std() / np.sqrt(len(g))\n"
            " return g.mean(), g.mean() - t * e, g.mean() + t * e",
            "ddof=1",
        ),
        (
            PAIRED + "def answer(a, b, t):\n g = a - b\n"
            " e = np.hypot(a.std(ddof=1), b.std(ddof=1)) / np.sqrt(len(g))\n"
            " return g.mean(), g.mean() - t * e, g.mean() + t * e",
            "draw by draw",
        ),
        (
            PAIRED + "def answer(a, b, t):\n g = a - b\n e = g.std(ddof=1)\n"
            " return g.mean(), g.mean() - t * e, g.mean() + t * e",
            "root of n",
        ),
    ],
}
