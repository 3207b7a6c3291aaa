"""Exercises of `5_8_zero_shot.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_dap_score(answer) -> str | None:
    random = np.random.default_rng(0)
    for length in (2, 5):
        chances, prior = random.uniform(0.1, 0.9, (2, length))
        signature = np.arange(length) % 2
        fits = np.where(signature == 1, chances, 1 - chances)
        usual = np.where(signature == 1, prior, 1 - prior)
        expected, got = np.prod(fits / usual), call(answer, chances.copy(), signature.copy(), prior.copy())
        if same(got, expected):
            continue
        reason = ""
        if same(got, np.prod(fits)):
            reason = " The prior is missing: divide each probability by it."
        elif same(got, np.prod(np.where(signature == 1, chances / prior, 1))):
            reason = " What a class has not counts too: (1 - chance) / (1 - prior)."
        elif same(got, np.prod(fits / prior)):
            reason = " Where the signature is 0 the prior is 1 - prior."
        elif same(got, np.log(expected)):
            reason = " This is the logarithm of the score."
        elif same(got, np.sum(fits / usual)):
            reason = " All attributes must fit: multiply, do not add."
        return differ(f"score with {length} attributes", got, expected) + reason
    return None


dap_score = Exercise(
    title="The score of direct attribute prediction",
    examine=_examine_dap_score,
    hints=(
        "Where the signature is 1 an attribute gives chance / prior, where it is 0 (1 - chance) / (1 - prior).",
        "np.where(signature == 1, ..., ...) chooses; np.prod multiplies.",
    ),
    starter="def dap_score(chances, signature, prior):\n    return ...\n",
    solution_source="""
import numpy as np


def dap_score(chances, signature, prior):
    return np.prod(np.where(signature == 1, chances / prior, (1 - chances) / (1 - prior)))


answer = dap_score
""",
)


def _eszsl(x, y, s, gamma, lam):
    left, right = x.T @ x + gamma * np.eye(x.shape[1]), s.T @ s + lam * np.eye(s.shape[1])
    return np.linalg.solve(left, x.T @ y @ s) @ np.linalg.inv(right)


def _examine_eszsl_matrix(answer) -> str | None:
    random = np.random.default_rng(0)
    for count, d, classes, length in ((9, 3, 4, 2), (12, 5, 3, 4)):
        x, s = random.normal(size=(count, d)), random.integers(2, size=(classes, length)).astype(float)
        y = np.where(random.integers(classes, size=(count, 1)) == np.arange(classes), 1.0, -1.0)
        expected, got = _eszsl(x, y, s, 0.5, 2.0), np.asarray(call(answer, x.copy(), y.copy(), s.copy(), 0.5, 2.0))
        if same(got, expected):
            continue
        reason = ""
        if got.shape == (d, classes):
            reason = " These are weights of classes. Without the table on the right V has no column an attribute."
        elif same(got, _eszsl(x, y, s, 2.0, 0.5)):
            reason = " gamma belongs to x.T @ x, lam to s.T @ s."
        elif same(got, np.linalg.solve(x.T @ x + 0.5 * np.eye(d), x.T @ y @ s)):
            reason = " The second inverse, of s.T @ s + lam * I, is missing on the right."
        elif same(got, _eszsl(x, y, s, 1e-12, 2.0)):
            reason = " The regulariser gamma is missing."
        elif got.shape == (length, d):
            reason = " This is V transposed."
        return differ(f"V for x {x.shape}, s {s.shape}", got, expected) + reason
    return None


eszsl_matrix = Exercise(
    title="The closed form of ESZSL",
    examine=_examine_eszsl_matrix,
    hints=(
        "The middle is x.T @ y @ s, (d, M).",
        "From the left comes the inverse of x.T @ x + gamma * I, from the right that of s.T @ s + lam * I.",
        "np.linalg.solve(left, middle) @ np.linalg.inv(right).",
    ),
    starter="def eszsl_matrix(x, y, s, gamma, lam):\n    return ...\n",
    solution_source="""
import numpy as np


def eszsl_matrix(x, y, s, gamma, lam):
    left = x.T @ x + gamma * np.eye(x.shape[1])
    right = s.T @ s + lam * np.eye(s.shape[1])
    return np.linalg.solve(left, x.T @ y @ s) @ np.linalg.inv(right)


answer = eszsl_matrix
""",
)


def _examine_harmonic_mean(answer) -> str | None:
    random = np.random.default_rng(0)
    seen = np.array([True, True, False, True, False])
    for case in range(3):
        labels = np.repeat(np.arange(5), (6, 4, 5, 2, 3))
        scores = random.normal(size=(20, 5)) + (1.5 * np.eye(5)[labels] if case < 2 else -9 * np.eye(5)[labels])
        right, old = scores.argmax(axis=1) == labels, seen[labels]
        u, s = right[~old].mean(), right[old].mean()
        expected = 2 * u * s / (u + s) if u + s else 0.0
        got = call(answer, scores.copy(), labels.copy(), seen.copy())
        if same(got, expected):
            continue
        among = np.where(seen, -np.inf, scores).argmax(axis=1) == labels
        alone = among[~old].mean()
        reason = ""
        if not np.isfinite(got):
            reason = " Nothing is right here: 0 / 0. Return 0."
        elif same(got, (u + s) / 2):
            reason = " This is the ordinary mean: it hides a small U behind a large S."
        elif same(got, right.mean()):
            reason = " This is the share of all pictures. Take U and S apart first."
        elif alone + s and same(got, 2 * alone * s / (alone + s)):
            reason = " For U, all classes may be answers, not the unseen ones alone."
        elif same(got, np.sqrt(u * s)):
            reason = " This is the geometric mean."
        return differ(f"H where U = {u:.3f} and S = {s:.3f}", got, expected) + reason
    return None


harmonic_mean = Exercise(
    title="The harmonic mean of generalised zero-shot learning",
    examine=_examine_harmonic_mean,
    hints=(
        "scores.argmax(axis=1) == labels says which pictures are right.",
        "seen[labels] says which pictures are of seen classes.",
        "2 * u * s / (u + s), and 0 where u + s is 0.",
    ),
    starter="def harmonic_mean(scores, labels, seen):\n    return ...\n",
    solution_source="""
def harmonic_mean(scores, labels, seen):
    right = scores.argmax(axis=1) == labels
    u, s = right[~seen[labels]].mean(), right[seen[labels]].mean()
    return 2 * u * s / (u + s) if u + s else 0.0


answer = harmonic_mean
""",
)


def _examine_calibrated(answer) -> str | None:
    random = np.random.default_rng(0)
    for classes, constant in ((4, 0.8), (6, 1.5)):
        scores, seen = random.normal(size=(30, classes)), np.arange(classes) % 2 == 0
        expected = (scores - constant * seen).argmax(axis=1)
        got = np.asarray(call(answer, scores.copy(), seen.copy(), constant))
        if got.shape == expected.shape and (got == expected).all():
            continue
        reason = ""
        if same(got, scores - constant * seen):
            reason = " These are the moved scores. Return the answers."
        elif same(got, (scores + constant * seen).argmax(axis=1)):
            reason = " The constant favours the seen classes: they win even more often. Take it off theirs."
        elif same(got, np.where(seen, -np.inf, scores).argmax(axis=1)):
            reason = " Here only unseen classes are answers. Seen ones may still win."
        elif same(got, (scores - constant).argmax(axis=1)):
            reason = " A constant taken off all classes changes no answer."
        return differ(f"answers for 30 pictures, constant {constant}", got, expected) + reason
    return None


calibrated = Exercise(
    title="Calibrated answers",
    examine=_examine_calibrated,
    hints=("constant * seen is the constant for seen classes, and 0 for others.", "Subtract it, then argmax(axis=1)."),
    starter="def calibrated(scores, seen, constant):\n    return ...\n",
    solution_source="""
def calibrated(scores, seen, constant):
    return (scores - constant * seen).argmax(axis=1)


answer = calibrated
""",
)
