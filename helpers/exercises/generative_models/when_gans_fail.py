"""Exercises of `6_8_when_gans_fail.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_chance_missed(answer) -> str | None:
    for samples, classes in ((4, 5), (20, 10), (3, 2)):
        expected, got = (1 - 1 / classes) ** samples, call(answer, samples, classes)
        if same(got, expected):
            continue
        reason = ""
        if same(got, 1 - expected):
            reason = " This is the chance that the class is there."
        elif same(got, (1 / classes) ** samples):
            reason = " This is the chance that all samples are of this one class."
        elif same(got, 1 - samples / classes):
            reason = " Chances of several samples multiply; they do not add up."
        elif same(got, classes * expected):
            reason = " One given class is asked for, not any of them."
        return differ(f"chance with {samples} samples of {classes} classes", got, expected) + reason
    return None


chance_missed = Exercise(
    title="How often does a healthy generator seem to miss a class?",
    examine=_examine_chance_missed,
    hints=(
        "What is the chance that one sample is of another class?",
        "1 - 1 / classes. The samples do not depend on each other.",
        "Multiply it by itself, samples times.",
    ),
    starter="def chance_missed(samples, classes):\n    return ...\n",
    solution_source="""
def chance_missed(samples, classes):
    return (1 - 1 / classes) ** samples


answer = chance_missed
""",
)


def _examine_gaussians_covered(answer) -> str | None:
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    near = np.array([0.3, -0.2])
    groups = ((centres[0] + near, 60), (centres[1] + near, 5), (centres[2] + near, 2), (centres[3] + 3, 33))
    points = np.concatenate([np.repeat(point[None], count, axis=0) for point, count in groups])
    for least, wanted in ((0.1, 1), (0.01, 3), (0.05, 2)):
        got = call(answer, points.copy(), centres.copy(), 0.2, least)
        if same(got, wanted):
            continue
        nearest = np.linalg.norm(points[:, None] - centres, axis=-1).argmin(axis=1)
        shares = np.bincount(nearest, minlength=4) / len(points)
        reason = ""
        if same(got, (shares >= least).sum()):
            reason = " Points farther than 3 standard deviations from every centre count for none."
        elif same(got, 3):
            reason = " A centre counts only where it holds at least the share `least` of all points."
        elif same(got, 0):
            reason = " Compare the distance with 3 * sd, and a share, not a number of points, with `least`."
        return differ(f"centres with at least {least:.0%} of 100 points within 3 * 0.2", got, wanted) + reason
    return None


gaussians_covered = Exercise(
    title="Count the Gaussians that are covered",
    examine=_examine_gaussians_covered,
    hints=(
        "points[:, None] - centres has the shape (points, centres, 2); np.linalg.norm works along axis=-1.",
        "A point belongs to a centre where its distance is below 3 * sd: a table of True and False.",
        "The mean of that table over the points is the share of each centre.",
    ),
    starter="def gaussians_covered(points, centres, sd, least):\n    return ...\n",
    solution_source="""
import numpy as np


def gaussians_covered(points, centres, sd, least):
    distances = np.linalg.norm(points[:, None] - centres, axis=-1)  # (points, centres)
    shares = (distances < 3 * sd).mean(axis=0)
    return int((shares >= least).sum())


answer = gaussians_covered
""",
)


def _sums(vectors, order=1):
    """Sums of closeness with a chosen distance, each sample itself included; (batch_size,)."""
    distances = (abs(vectors[:, None] - vectors) ** order).sum(axis=-1) ** (1 / order)
    return np.exp(-distances).sum(axis=1)


def _examine_closeness_of(answer) -> str | None:
    random = np.random.default_rng(0)
    for shape in ((3, 2), (5, 4)):
        vectors = random.normal(size=shape)
        expected, got = _sums(vectors) - 1, np.asarray(call(answer, vectors.copy()))
        if same(got, expected):
            continue
        distances = abs(vectors[:, None] - vectors).sum(axis=-1)
        reason = ""
        if same(got, expected + 1):
            reason = " Leave out the closeness of each sample to itself, which is always 1."
        elif same(got, _sums(vectors, order=2) - 1) or same(got, _sums(vectors, order=2)):
            reason = " The L1 distance is the sum of the absolute differences."
        elif same(got, distances.sum(axis=1)):
            reason = " These are sums of distances. Closeness is exp(-distance)."
        elif same(got, np.exp(-distances.sum(axis=1))):
            reason = " First exp(-distance) of each pair, then the sum."
        elif same(got, np.exp(distances).sum(axis=1) - 1):
            reason = " Samples that are far apart must count little: mind the sign."
        elif same(got, np.exp(-abs(vectors[:, None] - vectors)).sum(axis=(1, 2)) - shape[1]):
            reason = " Add up the absolute differences of a pair before you take exp."
        return differ(f"closeness of {shape[0]} samples, vectors of {shape[1]} numbers", got, expected) + reason
    return None


closeness_of = Exercise(
    title="How close is each sample to the others?",
    examine=_examine_closeness_of,
    hints=(
        "vectors[:, None] - vectors holds all differences, (batch_size, batch_size, size).",
        "The L1 distance of a pair is the sum of absolute differences along axis=-1.",
        "Take exp(-distance), add up along axis=1, and subtract 1 for the sample itself.",
    ),
    starter="def closeness_of(vectors):\n    return ...\n",
    solution_source="""
import numpy as np


def closeness_of(vectors):
    distances = abs(vectors[:, None] - vectors).sum(axis=-1)
    return np.exp(-distances).sum(axis=1) - 1


answer = closeness_of
""",
)


def _examine_first_alarm(answer) -> str | None:
    cases = (
        ([1.2, 1.9, 2.2, 2.1, 1.4, 2.2, 0.7], 0.5, 5),
        ([0.3, 0.9, 1.5, 2.0, 2.2], 0.5, 0),
        ([2.0, 1.8, 1.6, 1.4, 1.2], 0.5, 4),
    )
    for entropies, drop, expected in cases:
        got = call(answer, list(entropies), drop)
        if same(got, expected):
            continue
        reason = ""
        best = np.maximum.accumulate(entropies)
        late = [n for n, value in enumerate(entropies, 1) if best[n - 1] - value > drop]
        steps = [n for n in range(2, len(entropies) + 1) if entropies[n - 2] - entropies[n - 1] > drop]
        if expected and same(got, expected - 1):
            reason = " Epochs count from 1."
        elif late and same(got, late[-1]):
            reason = " This is the last alarm; the first one is asked for."
        elif same(got, steps[0] if steps else 0):
            reason = " Compare with the highest value so far, not only with the epoch before: a fall may be slow."
        elif same(got, next((n for n, v in enumerate(entropies, 1) if max(entropies) - v > drop), 0)):
            reason = " The highest value so far: an epoch knows nothing of later ones."
        return differ(f"first alarm in {entropies} for a drop of {drop}", got, expected) + reason
    return None


first_alarm = Exercise(
    title="An alarm for collapse",
    examine=_examine_first_alarm,
    hints=(
        "Go through the epochs and keep the highest entropy so far.",
        "An alarm is where the highest so far minus this epoch's value is above drop.",
        "enumerate(entropies, start=1) counts epochs from 1; return 0 after the loop.",
    ),
    starter="def first_alarm(entropies, drop):\n    return ...\n",
    solution_source="""
def first_alarm(entropies, drop):
    best = entropies[0]
    for epoch, entropy in enumerate(entropies, start=1):
        best = max(best, entropy)
        if best - entropy > drop:
            return epoch
    return 0


answer = first_alarm
""",
)
