"""Figures about samples: known distances, shares counted by hand, copies found."""

import numpy as np
import pytest
from scipy import linalg

from helpers.generative import figures


def test_reconstruction_error():
    assert figures.reconstruction_error([[0, 1], [1, 0]], [[0, 0], [0.5, 0]]) == pytest.approx(1.25 / 4)
    with pytest.raises(ValueError, match="one shape"):
        figures.reconstruction_error([1, 2], [1, 2, 3])


def test_frechet_of_two_gaussians_with_a_known_distance():
    """For covariances that share their axes: |m1 - m2|^2 + sum (s1 - s2)^2."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    cov_1, cov_2 = (turn @ np.diag(np.square(sides)) @ turn.T for sides in ((1, 3), (2, 0.5)))
    distance = figures.frechet_of_gaussians(np.array([0, 0]), cov_1, np.array([3, 4]), cov_2)
    assert distance == pytest.approx(25 + 1 + 2.5**2)
    assert figures.frechet_of_gaussians(np.zeros(2), cov_1, np.zeros(2), cov_1) == pytest.approx(0, abs=1e-9)


def test_frechet_against_scipys_matrix_root():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(300, 6)) @ random.normal(size=(6, 6)), random.normal(size=(200, 6)) + 1
    covs = [np.cov(features, rowvar=False) for features in (first, second)]
    means = [features.mean(axis=0) for features in (first, second)]
    root = linalg.sqrtm(covs[0] @ covs[1]).real
    by_scipy = ((means[0] - means[1]) ** 2).sum() + np.trace(covs[0] + covs[1] - 2 * root)
    assert figures.frechet_distance(first, second) == pytest.approx(by_scipy, rel=1e-6)
    assert figures.frechet_distance(second, first) == pytest.approx(by_scipy, rel=1e-6)


def test_frechet_of_fewer_samples_than_features_is_a_number():
    random = np.random.default_rng(0)
    assert figures.frechet_distance(random.normal(size=(5, 20)), random.normal(size=(9, 20))) > 0


@pytest.mark.parametrize("shape", [(5,), (1, 3), (4, 2)])
def test_frechet_of_other_shapes(shape):
    with pytest.raises(ValueError, match="features must be"):
        figures.frechet_distance(np.zeros((6, 3)), np.zeros(shape))


def test_classes():
    predicted = np.array([0] * 97 + [1] * 2 + [2])
    assert np.allclose(figures.class_shares(predicted, 4), [0.97, 0.02, 0.01, 0])
    assert figures.classes_covered(predicted, 4) == 3
    assert figures.classes_covered(predicted, 4, least=0.02) == 2
    assert figures.class_entropy(np.arange(10)) == pytest.approx(np.log(10))
    assert figures.class_entropy(np.zeros(5, int)) == 0
    with pytest.raises(ValueError, match="0 to 3"):
        figures.class_shares(np.array([4]), 4)
    with pytest.raises(ValueError, match="0 to 9"):
        figures.class_shares(np.array([], int))


def test_diversity_is_the_root_mean_square_distance_of_pairs():
    features = np.random.default_rng(0).normal(size=(7, 3))
    pairs = [((a - b) ** 2).sum() for i, a in enumerate(features) for b in features[:i]]
    assert figures.class_diversity(features, np.zeros(7, int)) == pytest.approx(np.sqrt(np.mean(pairs)))
    one_alone = figures.class_diversity(np.append(features, [[9, 9, 9]], axis=0), np.array([0] * 7 + [1]))
    assert one_alone == pytest.approx(np.sqrt(np.mean(pairs)))
    assert figures.class_diversity(np.ones((4, 2, 2)), np.array([0, 0, 1, 1])) == 0
    with pytest.raises(ValueError, match="twice"):
        figures.class_diversity(np.ones((2, 2)), np.array([0, 1]))


def test_nearest_finds_copies():
    images = np.random.default_rng(0).random((50, 4, 4, 1), dtype="float32")
    index, distance = figures.nearest(images[[7, 3, 20]] + 0.01, images, batch_size=2)
    assert index.tolist() == [7, 3, 20]
    assert np.allclose(distance, 0.04, atol=1e-4)
