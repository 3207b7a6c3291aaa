"""Exercises of `5_3_features.ipynb`."""

import math

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_pooled(answer) -> str | None:
    random = np.random.default_rng(0)
    for shape in ((2, 3, 4, 5), (3, 6, 6, 2)):
        maps = random.normal(size=shape)
        expected, got = maps.mean(axis=(1, 2)), np.asarray(call(answer, maps.copy()))
        if same(got, expected):
            continue
        reason = ""
        if same(got, maps.max(axis=(1, 2))):
            reason = " These are the largest values: that is max pooling. Take the mean."
        elif same(got, maps.sum(axis=(1, 2))):
            reason = " This is the sum over all positions. Divide by their number."
        elif got.shape == maps.shape[:3]:
            reason = " This is the mean over the channels. They must stay; rows and columns go."
        elif got.size == maps.size:
            reason = " All positions are still there: this is flattening."
        return differ(f"maps of shape {shape}", got, expected) + reason
    return None


pooled = Exercise(
    title="From a map to a row",
    examine=_examine_pooled,
    hints=("Rows and columns are the axes 1 and 2.", "A mean can be taken over two axes at once: axis=(1, 2)."),
    starter="def pooled(maps):\n    return ...\n",
    solution_source="""
def pooled(maps):
    return maps.mean(axis=(1, 2))


answer = pooled
""",
)


def _examine_orientation_bin(answer) -> str | None:
    cases = ((0, 1, 9), (1, 1, 4), (1, 0, 9), (1, -1, 4), (-1, -1, 4), (-1, 0.2, 9), (0.3, -2, 18), (-2, 0.1, 6))
    for down, across, bins in cases:
        angle = math.atan2(down, across)
        expected, got = int(angle % math.pi / math.pi * bins) % bins, call(answer, down, across, bins)
        if got == expected:
            continue
        reason = ""
        if got == int(math.atan2(across, down) % math.pi / math.pi * bins) % bins:
            reason = " The angle is that of (across, down): arctan2 takes the downward part first."
        elif got == int(angle % (2 * math.pi) / (2 * math.pi) * bins) % bins:
            reason = " The bins cover 180 degrees, not 360: a gradient and its opposite share one."
        elif got == int(angle / math.pi * bins):
            reason = " arctan2 gives negative angles too. Take the angle modulo 180 degrees first."
        elif isinstance(got, float) and not float(got).is_integer():
            reason = " A bin is a whole number: round down."
        return differ(f"bin of the gradient down {down}, across {across}, with {bins} bins", got, expected) + reason
    return None


orientation_bin = Exercise(
    title="The bin of a gradient",
    examine=_examine_orientation_bin,
    hints=(
        "np.arctan2(down, across) is the angle, from -pi to pi.",
        "Modulo pi it lies from 0 to pi, and a gradient and its opposite are the same.",
        "Divide by pi, multiply by the number of bins, round down.",
    ),
    starter="def orientation_bin(down, across, bins):\n    return ...\n",
    solution_source="""
import math


def orientation_bin(down, across, bins):
    return int(math.atan2(down, across) % math.pi / math.pi * bins) % bins


answer = orientation_bin
""",
)


def _wilson(right, n, z=1.96):
    share = right / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


def _examine_wilson_ends(answer) -> str | None:
    for right, n in ((98, 100), (7, 10), (240, 240), (0, 12)):
        expected, got, share = _wilson(right, n), call(answer, right, n), right / n
        if same(got, expected, 1e-4):
            continue
        reason, error = "", math.sqrt(share * (1 - share) / n)
        half = (expected[1] - expected[0]) / 2
        if same(got, (share - 1.96 * error, share + 1.96 * error), 1e-4):
            reason = " This is 1.96 standard errors around the share. It has no width where all are right."
        elif same(got, (share - half, share + half), 1e-4):
            reason = " The middle is not the share itself: it is moved towards one half."
        elif same(got, expected[::-1], 1e-4):
            reason = " The lower end comes first."
        elif same(got, _wilson(right, n, 1.0), 1e-4):
            reason = " z is 1.96, for 95 %."
        return differ(f"interval for {right} of {n}", got, expected) + reason
    return None


wilson_ends = Exercise(
    title="The Wilson interval",
    examine=_examine_wilson_ends,
    hints=(
        "r = right / n. Compute the middle and the half width apart.",
        "The n in the root belongs to the squares: z**2 / (4 * n**2).",
        "Return (middle - half, middle + half).",
    ),
    starter="def wilson_ends(right, n):\n    return ...\n",
    solution_source="""
import math


def wilson_ends(right, n):
    r, z = right / n, 1.96
    middle = (r + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(r * (1 - r) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


answer = wilson_ends
""",
)


def _examine_nearest_label(answer) -> str | None:
    random = np.random.default_rng(0)
    for count, length in ((6, 2), (9, 4)):
        known, new = random.normal(size=(count, length)), random.normal(size=(20, length))
        labels = random.permutation(count)
        apart = ((new[:, None] - known[None]) ** 2).sum(axis=-1)
        expected, got = labels[apart.argmin(axis=1)], np.asarray(call(answer, new.copy(), known.copy(), labels.copy()))
        if got.shape == expected.shape and (got == expected).all():
            continue
        reason = ""
        if same(got, apart.argmin(axis=1)):
            reason = " These are the indices of the nearest rows. Look up their labels."
        elif same(got, labels[apart.argmax(axis=1)]):
            reason = " These are the labels of the farthest rows."
        elif same(got, labels[(new @ known.T).argmax(axis=1)]):
            reason = " The largest scalar product is not the nearest row: long rows win it."
        elif same(got, labels[(new[:, None] - known[None]).sum(axis=-1).argmin(axis=1)]):
            reason = " Differences of both signs cancel: square them before you add."
        elif got.shape == (count,):
            reason = " This is one label a known row. Take the smallest distance for each new row."
        return differ(f"labels of 20 rows, {count} known rows of length {length}", got, expected) + reason
    return None


nearest_label = Exercise(
    title="The nearest neighbour as a classifier",
    examine=_examine_nearest_label,
    hints=(
        "new[:, None] - known[None] has the shape (M, N, length).",
        "Square, sum over the last axis: (M, N). argmin over the known rows is axis=1.",
        "labels[indices] looks up the labels.",
    ),
    starter="def nearest_label(new, known, labels):\n    return ...\n",
    solution_source="""
def nearest_label(new, known, labels):
    apart = ((new[:, None] - known[None]) ** 2).sum(axis=-1)
    return labels[apart.argmin(axis=1)]


answer = nearest_label
""",
)
