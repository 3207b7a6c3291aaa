"""Figures about predictions and about runs: NumPy alone, so that every backend gives the same answer."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Summary(NamedTuple):
    """Several runs of one experiment: `median`, `low` and `high` (the range), `spread` (high - low), `runs`."""

    median: float
    low: float
    high: float
    spread: float
    runs: int


def summarise(values: Sequence[float]) -> Summary:
    """Summarise one figure over several runs.

    Args:
        values: the figure of each run, at least one, all finite.

    Raises:
        ValueError: no values, or one is not finite.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"values must be one or more finite numbers in a flat list. Received: values={values!r}")
    low, high = float(array.min()), float(array.max())
    return Summary(float(np.median(array)), low, high, high - low, array.size)


def check_probabilities(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays, or say what is wrong with them.

    Args:
        probabilities: (N, num_classes), each row sums to 1.
        labels: (N,) whole numbers from 0 to num_classes - 1.

    Raises:
        ValueError: other shapes, other lengths, labels out of range, or rows that do not sum to 1 within 1e-2.
    """
    probabilities, labels = np.asarray(probabilities, dtype=float), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(
            "probabilities must be (N, num_classes) and labels (N,). "
            f"Received: shapes {probabilities.shape} and {labels.shape}"
        )
    if len(labels) and (labels.min() < 0 or labels.max() >= probabilities.shape[1]):
        raise ValueError(
            f"labels must lie in 0..{probabilities.shape[1] - 1}. Received: {labels.min()}..{labels.max()}"
        )
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-2):
        raise ValueError("each row of probabilities must sum to 1. Received: rows that do not; are they logits?")
    return probabilities, labels


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of images whose most probable class is the label. Arguments: see `check_probabilities`."""
    probabilities, labels = check_probabilities(probabilities, labels)
    return float((probabilities.argmax(axis=1) == labels).mean())


def rank_k(probabilities: np.ndarray, labels: np.ndarray, k: int = 5) -> float:
    """Return the share of images whose label is among the k most probable classes: rank-1, rank-5 (or top-5) accuracy.

    Of classes with the same probability the one with the lower index comes first, as in `accuracy`, which is rank-1.
    (`sklearn.metrics.top_k_accuracy_score` lets the higher index come first, so its rank-1 is another number than the
    accuracy where there are ties, and it refuses two classes.)

    Args:
        probabilities, labels: as in `check_probabilities`.
        k: how many classes count, from 1 to num_classes; with num_classes the answer is 1.

    Raises:
        ValueError: `k` is outside its range, or see `check_probabilities`.
    """
    probabilities, labels = check_probabilities(probabilities, labels)
    num_classes = probabilities.shape[1]
    if k not in range(1, num_classes + 1):
        raise ValueError(f"k must be a whole number from 1 to {num_classes}, the number of classes. Received: k={k!r}")
    own = probabilities[np.arange(len(labels)), labels][:, None]  # (N, 1)
    earlier = np.arange(num_classes) < labels[:, None]  # (N, num_classes)
    before = (probabilities > own) | ((probabilities == own) & earlier)
    return float((before.sum(axis=1) < k).mean())


def worst_mistakes(probabilities: np.ndarray, labels: np.ndarray, count: int = 10) -> np.ndarray:
    """Return the indices of the wrong predictions, the surest first.

    Args:
        probabilities, labels: as in `check_probabilities`.
        count: how many at most.

    Returns:
        (M,) indices, M <= count: the images that were classified wrongly, by falling probability of the wrong class.
    """
    probabilities, labels = check_probabilities(probabilities, labels)
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    order = np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")
    return wrong[order][:count]
