"""Typical wrong answers to the exercises of `6_8_when_gans_fail`, each with a part of the message that names it."""

LAST = "        last = entropy\n"
NUMPY = "import numpy as np\nanswer = lambda {}: {}"
PAIRS = "abs(v[:, None] - v)"
ALARM = (
    "def answer(entropies, drop):\n    best = entropies[0]\n    found = 0\n"
    "    for epoch, entropy in enumerate(entropies, start={start}):\n        best = {best}\n"
    "        if best - entropy > drop:\n            {do}\n{after}    return found"
)

WRONG = {
    "chance_missed": [
        ("answer = lambda n, c: 1 - (1 - 1 / c) ** n", "the class is there"),
        ("answer = lambda n, c: (1 / c) ** n", "of this one class"),
        ("answer = lambda n, c: max(0, 1 - n / c)", "multiply"),
        ("answer = lambda n, c: c * (1 - 1 / c) ** n", "One given class"),
    ],
    "gaussians_covered": [
        (
            NUMPY.format(
                "p, c, s, l",
                "((np.eye(4)[np.linalg.norm(p[:, None] - c, axis=-1).argmin(axis=1)]).mean(axis=0) >= l).sum()",
            ),
            "farther than 3",
        ),
        (
            NUMPY.format("p, c, s, l", "(np.linalg.norm(p[:, None] - c, axis=-1) < 3 * s).any(axis=0).sum()"),
            "at least the share",
        ),
        (
            NUMPY.format("p, c, s, l", "((np.linalg.norm(p[:, None] - c, axis=-1) < s).mean(axis=0) >= l).sum()"),
            "3 * sd",
        ),
    ],
    "closeness_of": [
        (NUMPY.format("v", f"np.exp(-{PAIRS}.sum(axis=-1)).sum(axis=1)"), "to itself"),
        (
            NUMPY.format("v", "np.exp(-np.linalg.norm(v[:, None] - v, axis=-1)).sum(axis=1) - 1"),
            "sum of the absolute",
        ),
        (NUMPY.format("v", f"{PAIRS}.sum(axis=-1).sum(axis=1)"), "sums of distances"),
        (NUMPY.format("v", f"np.exp({PAIRS}.sum(axis=-1)).sum(axis=1) - 1"), "mind the sign"),
        (NUMPY.format("v", f"np.exp(-{PAIRS}.sum(axis=(1, 2)))"), "then the sum"),
        (NUMPY.format("v", f"np.exp(-{PAIRS}).sum(axis=(1, 2)) - v.shape[1]"), "before you take exp"),
    ],
    "first_alarm": [
        (ALARM.format(start=0, best="max(best, entropy)", do="return epoch", after=""), "count from 1"),
        (ALARM.format(start=1, best="max(best, entropy)", do="found = epoch", after=""), "last alarm"),
        (
            ALARM.format(
                start=1, best="max(last, entropy)", do="return epoch", after="        last = entropy\n"
            ).replace("found = 0", "found, last = 0, 0"),
            "a fall may be slow",
        ),
        (ALARM.format(start=1, best="max(entropies)", do="return epoch", after=""), "later ones"),
    ],
}
