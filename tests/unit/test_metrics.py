import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from helpers import metrics

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.05, 0.95]])
LABELS = np.array([0, 1, 1, 0])


def test_summarise():
    assert metrics.summarise([0.2, 0.1, 0.4]) == (0.2, 0.1, 0.4, pytest.approx(0.3), 3)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [[1.0, 2.0]]])
def test_summarise_refuses(values):
    with pytest.raises(ValueError, match="values"):
        metrics.summarise(values)


def test_accuracy_and_worst_mistakes():
    assert metrics.accuracy(PROBABILITIES, LABELS) == 0.5
    assert metrics.worst_mistakes(PROBABILITIES, LABELS).tolist() == [3, 2]
    assert metrics.worst_mistakes(PROBABILITIES, LABELS, count=1).tolist() == [3]
    assert metrics.worst_mistakes(PROBABILITIES[:2], LABELS[:2]).size == 0


@pytest.mark.parametrize(
    ("probabilities", "labels", "part"),
    [
        (PROBABILITIES, LABELS[:3], "shapes"),
        (PROBABILITIES, LABELS + 1, r"0\.\.1"),
        (np.log(PROBABILITIES), LABELS, "logits"),
        (PROBABILITIES[:, 0], LABELS, "shapes"),
    ],
)
def test_bad_predictions_are_named(probabilities, labels, part):
    with pytest.raises(ValueError, match=part):
        metrics.accuracy(probabilities, labels)


def test_rank_k():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
    labels = np.array([0, 1, 0, 2])  # in places 1, 2, 3 and 3
    assert [metrics.rank_k(probabilities, labels, k) for k in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert metrics.rank_k(probabilities, labels, 1) == metrics.accuracy(probabilities, labels)
    assert metrics.rank_k(np.eye(6), np.arange(6)[::-1]) == 5 / 6  # k is 5: only label 5 of the first image is out


def test_rank_k_of_equal_probabilities_goes_by_index():
    probabilities, labels = np.full((4, 4), 0.25), np.arange(4)
    assert [metrics.rank_k(probabilities, labels, k) for k in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]
    assert metrics.rank_k(probabilities, labels, 1) == metrics.accuracy(probabilities, labels)


@pytest.mark.parametrize("k", [0, 3, 1.5, -1])
def test_rank_k_refuses(k):
    with pytest.raises(ValueError, match=rf"k must be a whole number from 1 to 2.* Received: k={k}"):
        metrics.rank_k(PROBABILITIES, LABELS, k)
    with pytest.raises(ValueError, match="logits"):
        metrics.rank_k(np.log(PROBABILITIES), LABELS, 1)


def test_rank_k_where_scikit_learn_answers_otherwise():
    ties, labels = np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4]]), np.array([0, 1])
    assert metrics.rank_k(ties, labels, 1) == metrics.accuracy(ties, labels) == 1
    assert top_k_accuracy_score(labels, ties, k=1, labels=[0, 1, 2]) == 0
    random = np.random.default_rng(0)
    probabilities, labels = random.dirichlet(np.ones(7), 200), random.integers(0, 7, 200)
    for k in range(1, 7):  # without ties both agree
        assert metrics.rank_k(probabilities, labels, k) == top_k_accuracy_score(
            labels, probabilities, k=k, labels=range(7)
        )
