import numpy as np
import pytest

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
