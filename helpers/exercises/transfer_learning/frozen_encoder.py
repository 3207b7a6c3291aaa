"""Exercises of `5_1_frozen_encoder.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_trained_numbers(answer) -> str | None:
    for encoder, latent_dim, classes in ((44_628, 20, 10), (1_000, 7, 3), (50, 2, 5)):
        head = (latent_dim + 1) * classes
        expected, got = (head, encoder + head), call(answer, encoder, latent_dim, classes)
        if same(got, expected):
            continue
        reason = ""
        if same(got, (latent_dim * classes, encoder + latent_dim * classes)):
            reason = " The head has a bias for each class too."
        elif same(got, (encoder + head, head)):
            reason = " The frozen case comes first."
        elif same(got, (head, encoder)):
            reason = " Where nothing is frozen, the head is trained as well."
        elif same(got, (0, encoder + head)) or same(got, (encoder, encoder + head)):
            reason = " With a frozen encoder the head alone is trained."
        what = f"encoder of {encoder:,} numbers, code of {latent_dim}, {classes} classes"
        return differ(what, got, expected) + reason
    return None


trained_numbers = Exercise(
    title="What a frozen encoder leaves to train",
    examine=_examine_trained_numbers,
    hints=(
        "The head is a dense layer from latent_dim numbers to classes outputs.",
        "It has latent_dim x classes weights and a bias for each class.",
        "Return (head, encoder + head).",
    ),
    starter="def trained_numbers(encoder, latent_dim, classes):\n    return ...\n",
    solution_source="""
def trained_numbers(encoder, latent_dim, classes):
    head = latent_dim * classes + classes
    return head, encoder + head


answer = trained_numbers
""",
)


def _kind(source, target):
    seen = not np.allclose(source.sum(0) / source.sum(), target.sum(0) / target.sum())
    return seen, not np.allclose(source / source.sum(0), target / target.sum(0))


def _examine_shift_kind(answer) -> str | None:
    table = np.array([[40.0, 10], [20, 60]])
    cases = (table * 3, table * [2, 0.5], table[::-1], np.array([[10.0, 40], [2, 300]]))
    for target in cases:
        expected, got = _kind(table, target), call(answer, table.copy(), target.copy())
        if np.shape(got) == (2,) and tuple(map(bool, got)) == expected:
            continue
        reason, wrong = "", ()
        if np.shape(got) == (2,):
            wrong = tuple(map(bool, got))
        rows = not np.allclose(table / table.sum(1, keepdims=True), target / target.sum(1, keepdims=True))
        if wrong == expected[::-1]:
            reason = " P(X) comes first."
        elif expected == (False, False) and wrong == (True, True):
            reason = " Counts must become shares first: three times as many of everything is no difference."
        elif wrong == (expected[0], rows):
            reason = " You divided by the sums of the rows: that is P(X | Y). Divide each column by its sum."
        elif wrong == (not np.allclose(table.sum(1) / table.sum(), target.sum(1) / target.sum()), expected[1]):
            reason = " You summed the rows: that is P(Y). P(X) comes from the sums of the columns."
        return differ(f"what differs between {table.tolist()} and {target.tolist()}", got, expected) + reason
    return None


shift_kind = Exercise(
    title="Which probability differs?",
    examine=_examine_shift_kind,
    hints=(
        "P(X): the sums of the columns, divided by the sum of all.",
        "P(Y | X): each column divided by its own sum.",
        "np.allclose compares two arrays of shares.",
    ),
    starter="def shift_kind(source, target):\n    return ...\n",
    solution_source="""
import numpy as np


def shift_kind(source, target):
    seen = [table.sum(axis=0) / table.sum() for table in (source, target)]
    given = [table / table.sum(axis=0) for table in (source, target)]
    return not np.allclose(*seen), not np.allclose(*given)


answer = shift_kind
""",
)


def _examine_share_moved(answer) -> str | None:
    random = np.random.default_rng(0)
    for shapes, kept in ((((4, 3), (3,)), 0.0), (((2, 2, 5), (5,), (5, 2)), 0.4), (((6,), (50,)), 1.0)):
        before = [random.normal(size=shape) for shape in shapes]
        after = [array + (random.random(array.shape) >= kept) * 0.1 for array in before]
        moved = [old != new for old, new in zip(before, after, strict=True)]
        expected = float(np.concatenate([array.ravel() for array in moved]).mean())
        got = call(answer, [array.copy() for array in before], [array.copy() for array in after])
        if same(got, expected, 1e-6):
            continue
        reason = ""
        if same(got, 1 - expected, 1e-6):
            reason = " This is the share that stayed."
        elif same(got, np.mean([array.any() for array in moved]), 1e-6):
            reason = " This is the share of arrays in which something moved. Count the numbers."
        elif same(got, np.mean([array.mean() for array in moved]), 1e-6):
            reason = " A small array counts as much as a large one in a mean of shares. Count all numbers together."
        elif same(got, sum(array.sum() for array in moved)):
            reason = " This is how many moved. Divide by how many there are."
        return differ(f"share moved in arrays of shapes {shapes}", got, expected) + reason
    return None


share_moved = Exercise(
    title="How much moved?",
    examine=_examine_share_moved,
    hints=(
        "old != new is True where a number moved.",
        "Sum what moved over all arrays, and the sizes of all arrays.",
        "moved / all numbers.",
    ),
    starter="def share_moved(before, after):\n    return ...\n",
    solution_source="""
def share_moved(before, after):
    moved = sum((old != new).sum() for old, new in zip(before, after))
    return moved / sum(old.size for old in before)


answer = share_moved
""",
)


def _examine_paired_interval(answer) -> str | None:
    random = np.random.default_rng(0)
    for count, t in ((5, 2.776), (3, 4.303)):
        first = random.uniform(70, 90, count)
        second = first - random.normal(3, 1, count)
        gaps, root = first - second, np.sqrt(count)
        middle, error = gaps.mean(), gaps.std(ddof=1) / root
        expected = (middle, middle - t * error, middle + t * error)
        got = call(answer, first.copy(), second.copy(), t)
        if same(got, expected, 1e-6):
            continue
        reason, loose = "", t * gaps.std() / root
        apart = t * np.hypot(first.std(ddof=1), second.std(ddof=1)) / root
        if same(got, (-middle, -middle - t * error, -middle + t * error), 1e-6):
            reason = " Take the first minus the second."
        elif same(got, (middle, middle - loose, middle + loose), 1e-6):
            reason = " The standard deviation has n - 1 below: ddof=1."
        elif same(got, (middle, middle - apart, middle + apart), 1e-6):
            reason = " This takes both as if they were measured on other draws. Take the differences draw by draw."
        elif same(got, (middle, middle - t * error * root, middle + t * error * root), 1e-6):
            reason = " The error of a mean is the standard deviation over the root of n."
        return differ(f"interval of the difference of {count} draws", got, expected) + reason
    return None


paired_interval = Exercise(
    title="The interval of a difference",
    examine=_examine_paired_interval,
    hints=(
        "first - second is one difference a draw.",
        "Standard error: gaps.std(ddof=1) / sqrt(n).",
        "Return (mean, mean - t * error, mean + t * error).",
    ),
    starter="def paired_interval(first, second, t):\n    return ...\n",
    solution_source="""
import numpy as np


def paired_interval(first, second, t):
    gaps = first - second
    error = gaps.std(ddof=1) / np.sqrt(len(gaps))
    return gaps.mean(), gaps.mean() - t * error, gaps.mean() + t * error


answer = paired_interval
""",
)
