"""Typical wrong answers to the exercises of `6_7_conditional_gan`, each with a part of the message it must get."""

WEIGHTS = "answer = lambda c, u, k, f: ({})"
GRID = "import numpy as np\nanswer = lambda z, c: ({}, {})"
EYES = "np.eye(c)"
GAIN = (
    "import numpy as np\n\n\ndef answer(before, after):\n    d = after - before\n    n = np.sqrt(len(d))\n    return {}"
)
TABLES = (
    "import numpy as np\n\n\ndef answer(p, q):\n    m = (p + q) / 2\n"
    "    a, b = p * np.log(p / m), q * np.log(q / m)\n    return {}"
)

WRONG = {
    "label_weights": [
        (WEIGHTS.format("k * k * c * f, c * u"), "First the generator"),
        (WEIGHTS.format("u, k * k * c * f"), "own weight to each unit"),
        (WEIGHTS.format("c * u, c * f"), "weights for each channel"),
        (WEIGHTS.format("c * u, k * c * f"), "a square"),
        (WEIGHTS.format("c * u, k * k * f"), "one channel a class"),
        (WEIGHTS.format("c * u + u, k * k * c * f + f"), "biases"),
    ],
    "style_by_class": [
        (GRID.format("np.repeat(z, c, axis=0)", f"np.tile({EYES}, (len(z), 1))"), "one row a code"),
        (GRID.format("np.tile(z, (c, 1))", f"np.tile({EYES}, (len(z), 1))"), "go round together"),
        (GRID.format("np.repeat(z, c, axis=0)", f"np.repeat({EYES}, len(z), axis=0)"), "inside a class"),
        (GRID.format("np.tile(z, (c, 1))", "np.repeat(np.arange(c), len(z))"), "one-hot"),
        (GRID.format("z", EYES), "codes: each of"),
        (GRID.format("np.tile(z[::-1], (c, 1))", f"np.repeat({EYES}, len(z), axis=0)"), "same order"),
    ],
    "paired_gain": [
        (GAIN.format("-d.mean(), d.std(ddof=1) / n"), "after minus before"),
        (GAIN.format("d.mean(), d.std(ddof=1)"), "root of the number"),
        (GAIN.format("d.mean(), d.std() / n"), "ddof=1"),
        (GAIN.format("d.mean(), np.hypot(before.std(ddof=1), after.std(ddof=1)) / n"), "differences first"),
        (GAIN.format("d"), "two numbers"),
    ],
    "pair_divergence": [
        (
            "import numpy as np\n\n\ndef answer(p, q):\n    p, q = p.sum(axis=0), q.sum(axis=0)\n    m = (p + q) / 2\n"
            "    return 0.5 * (p * np.log(p / m) + q * np.log(q / m)).sum()",
            "pictures alone",
        ),
        (TABLES.format("(p * np.log(p / q)).sum()"), "Kullback-Leibler"),
        (TABLES.format("a.sum() + b.sum()"), "counts half"),
        (TABLES.format("0.5 * (a + b).sum() / np.log(2)"), "natural logarithm"),
        (TABLES.format("0.5 * a.sum()"), "part of their own"),
        (TABLES.format("2 * np.log(2) - (a + b).sum()"), "best discriminator"),
    ],
}
