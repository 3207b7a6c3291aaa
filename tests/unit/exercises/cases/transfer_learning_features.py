"""Typical wrong answers to the exercises of `5_3_features`, each with a part of the message that names it."""

WILSON = """
import math
def ends(right, n, z=1.96):
    r = right / n
    middle = (r + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(r * (1 - r) / n + z**2 / (4 * n**2))
    return middle - half, middle + half
"""

WRONG = {
    "pooled": [
        ("answer = lambda maps: maps.max(axis=(1, 2))", "max pooling"),
        ("answer = lambda maps: maps.sum(axis=(1, 2))", "Divide by their number"),
        ("answer = lambda maps: maps.mean(axis=3)", "rows and columns go"),
        ("answer = lambda maps: maps.reshape(len(maps), -1)", "flattening"),
    ],
    "orientation_bin": [
        ("import math\nanswer = lambda d, a, b: int(math.atan2(a, d) % math.pi / math.pi * b) % b", "downward part"),
        (
            "import math\nanswer = lambda d, a, b: int(math.atan2(d, a) % (2 * math.pi) / (2 * math.pi) * b) % b",
            "not 360",
        ),
        ("import math\nanswer = lambda d, a, b: int(math.atan2(d, a) / math.pi * b)", "modulo 180"),
        ("import math\nanswer = lambda d, a, b: math.atan2(d, a) % math.pi / math.pi * b + 0.1", "round down"),
    ],
    "wilson_ends": [
        (
            "import math\ndef answer(k, n):\n r = k / n\n e = 1.96 * math.sqrt(r * (1 - r) / n)\n return r - e, r + e",
            "no width",
        ),
        (WILSON + "def answer(k, n):\n a, b = ends(k, n)\n return k / n - (b - a) / 2, k / n + (b - a) / 2", "moved"),
        (WILSON + "answer = lambda k, n: ends(k, n)[::-1]", "lower end"),
        (WILSON + "answer = lambda k, n: ends(k, n, 1.0)", "for 95 %"),
    ],
    "nearest_label": [
        ("answer = lambda a, k, l: ((a[:, None] - k[None]) ** 2).sum(-1).argmin(1)", "Look up"),
        ("answer = lambda a, k, l: l[((a[:, None] - k[None]) ** 2).sum(-1).argmax(1)]", "farthest"),
        ("answer = lambda a, k, l: l[(a @ k.T).argmax(1)]", "scalar product"),
        ("answer = lambda a, k, l: l[(a[:, None] - k[None]).sum(-1).argmin(1)]", "cancel"),
        ("answer = lambda a, k, l: l[((a[:, None] - k[None]) ** 2).sum(-1).argmin(0) % len(k)]", "each new row"),
    ],
}
