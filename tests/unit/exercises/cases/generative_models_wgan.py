"""Typical wrong answers to the exercises of `6_5_wgan`, each with a part of the message that names the mistake."""

NUMPY = "import numpy as np\nanswer = lambda {}"
SORTED = "(np.sort(a) - np.sort(b))"
STEPS = "answer = lambda n, f, e, m, s: sum(m if {} else s for i in range({}))"

WRONG = {
    "wasserstein_1d": [
        (NUMPY.format("a, b: abs(a - b).mean()"), "matched as they came"),
        (NUMPY.format(f"a, b: abs{SORTED}"), "ways of the single points"),
        (NUMPY.format(f"a, b: abs{SORTED}.sum()"), "1 / N"),
        (NUMPY.format(f"a, b: {SORTED}.mean()"), "without its sign"),
        (NUMPY.format(f"a, b: ({SORTED} ** 2).mean() ** 0.5"), "not squared"),
    ],
    "points_between": [
        ("answer = lambda r, g, s: s.reshape(-1, 1, 1, 1) * (g - r) + r", "must give the real image"),
        ("answer = lambda r, g, s: s.reshape(-1, 1, 1, 1) * r + g", "sum to 1"),
        ("answer = lambda r, g, s: s * r + (1 - s) * g", "along the last axis"),
    ],
    "one_sided_penalty": [
        (NUMPY.format("n, w: w * ((n - 1) ** 2).mean()"), "both sides"),
        (NUMPY.format("n, w: w * np.maximum(n - 1, 0).mean()"), "is squared"),
        (NUMPY.format("n, w: (np.maximum(n - 1, 0) ** 2).mean()"), "multiplied by weight"),
        (NUMPY.format("n, w: w * np.maximum(n - 1, 0).mean() ** 2"), "Square first"),
        (NUMPY.format("n, w: w * ((n[n > 1] - 1) ** 2).mean()"), "over all images"),
        (NUMPY.format("n, w: w * (np.maximum(1 - n, 0) ** 2).mean()"), "below 1"),
        (NUMPY.format("n, w: w * np.maximum(n - 1, 0) ** 2"), "one number"),
    ],
    "critic_steps_in_all": [
        ("answer = lambda n, f, e, m, s: n * s", "At the start"),
        (STEPS.format("i < f", "n"), "multiples of every are missing"),
        (STEPS.format("i % e == 0", "n"), "first steps are missing"),
        ("answer = lambda n, f, e, m, s: f * m + (n - f) * s + -(-n // e) * (m - s)", "and step 0 once"),
        (STEPS.format("i <= f or i % e == 0", "1, n + 1"), "from 0"),
    ],
}
