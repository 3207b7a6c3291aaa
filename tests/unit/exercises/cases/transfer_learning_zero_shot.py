"""Typical wrong answers to the exercises of `5_8_zero_shot`, each with a part of the message that names it."""

ESZSL = """
import numpy as np
def form(x, y, s, gamma, lam):
    left, right = x.T @ x + gamma * np.eye(x.shape[1]), s.T @ s + lam * np.eye(s.shape[1])
    return np.linalg.solve(left, x.T @ y @ s) @ np.linalg.inv(right)
"""
SHARES = """
import numpy as np
def shares(scores, labels, seen):
    right = scores.argmax(axis=1) == labels
    return right[~seen[labels]].mean(), right[seen[labels]].mean()
"""

WRONG = {
    "dap_score": [
        ("import numpy as np\nanswer = lambda c, s, p: np.prod(np.where(s == 1, c, 1 - c))", "prior is missing"),
        ("import numpy as np\nanswer = lambda c, s, p: np.prod(np.where(s == 1, c / p, 1))", "has not counts too"),
        ("import numpy as np\nanswer = lambda c, s, p: np.prod(np.where(s == 1, c, 1 - c) / p)", "1 - prior"),
        (
            "import numpy as np\nanswer = lambda c, s, p: np.log(np.where(s == 1, c / p, (1 - c) / (1 - p))).sum()",
            "logarithm",
        ),
        (
            "import numpy as np\nanswer = lambda c, s, p: np.where(s == 1, c / p, (1 - c) / (1 - p)).sum()",
            "multiply",
        ),
    ],
    "eszsl_matrix": [
        (
            "import numpy as np\n"
            "answer = lambda x, y, s, g, l: np.linalg.solve(x.T @ x + g * np.eye(x.shape[1]), x.T @ y)",
            "weights of classes",
        ),
        (ESZSL + "answer = lambda x, y, s, g, l: form(x, y, s, l, g)", "gamma belongs"),
        (
            "import numpy as np\n"
            "answer = lambda x, y, s, g, l: np.linalg.solve(x.T @ x + g * np.eye(x.shape[1]), x.T @ y @ s)",
            "second inverse",
        ),
        (ESZSL + "answer = lambda x, y, s, g, l: form(x, y, s, 0, l)", "regulariser gamma"),
        (ESZSL + "answer = lambda x, y, s, g, l: form(x, y, s, g, l).T", "transposed"),
    ],
    "harmonic_mean": [
        (SHARES + "answer = lambda a, b, c: sum(shares(a, b, c)) / 2", "ordinary mean"),
        (SHARES + "answer = lambda a, b, c: (a.argmax(1) == b).mean()", "apart"),
        (SHARES + "answer = lambda a, b, c: np.sqrt(np.prod(shares(a, b, c)))", "geometric"),
        (
            SHARES + "def answer(a, b, c):\n u = shares(np.where(c, -np.inf, a), b, c)[0]\n s = shares(a, b, c)[1]\n"
            " return 2 * u * s / (u + s)",
            "not the unseen ones alone",
        ),
        (
            SHARES + "def answer(a, b, c):\n u, s = shares(a, b, c)\n return np.divide(2 * u * s, u + s)",
            "0 / 0",
        ),
    ],
    "calibrated": [
        ("answer = lambda a, seen, c: a - c * seen", "Return the answers"),
        ("answer = lambda a, seen, c: (a + c * seen).argmax(1)", "favours the seen"),
        ("answer = lambda a, seen, c: (a - c * ~seen).argmax(1)", "favours the seen"),
        (
            "import numpy as np\nanswer = lambda a, seen, c: np.where(seen, -np.inf, a).argmax(1)",
            "only unseen classes",
        ),
        ("answer = lambda a, seen, c: (a - c).argmax(1)", "changes no answer"),
    ],
}
