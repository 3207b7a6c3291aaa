"""Figures about generated samples, from their features and predicted classes: NumPy alone.

No figure alone says that a generator is good. The Fréchet distance mixes quality and diversity; coverage, entropy and
diversity tell which of them is missing; `nearest` tells whether samples were copied from the training images.
"""

import numpy as np


def reconstruction_error(images: np.ndarray, reconstructions: np.ndarray) -> float:
    """Return the mean squared difference of all pixels.

    Args:
        images, reconstructions: arrays of one shape, with values in the same range.

    Raises:
        ValueError: the shapes differ.
    """
    images, reconstructions = np.asarray(images, float), np.asarray(reconstructions, float)
    if images.shape != reconstructions.shape:
        raise ValueError(f"both must have one shape. Received: {images.shape} and {reconstructions.shape}")
    return float(np.mean((images - reconstructions) ** 2))


def frechet_of_gaussians(mean_1: np.ndarray, cov_1: np.ndarray, mean_2: np.ndarray, cov_2: np.ndarray) -> float:
    """Return the squared Fréchet distance of two normal distributions: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).

    Dowson and Landau 1982 (doi:10.1016/0047-259X(82)90077-X), equation 4; for samples, Heusel et al. 2017
    (arXiv:1706.08500), equation 6. The trace of the root comes from the eigenvalues of C1^(1/2) C2 C1^(1/2), which is
    symmetric, so no complex numbers arise.

    Args:
        mean_1, mean_2: (D,).
        cov_1, cov_2: (D, D), symmetric, no negative eigenvalues.
    """
    values, vectors = np.linalg.eigh(cov_1)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ cov_2 @ root).clip(0)
    distance = ((mean_1 - mean_2) ** 2).sum() + np.trace(cov_1) + np.trace(cov_2) - 2 * np.sqrt(product).sum()
    return float(max(distance, 0.0))


def frechet_distance(features_1: np.ndarray, features_2: np.ndarray) -> float:
    """Return the squared Fréchet distance of two sets of features, each described by its mean and covariance.

    With few samples it comes out too large: compare sets of the same size only.

    Args:
        features_1, features_2: (N, D) and (M, D), N and M above 1.

    Raises:
        ValueError: other shapes.
    """
    moments = []
    for features in (features_1, features_2):
        features = np.asarray(features, float)
        if features.ndim != 2 or len(features) < 2 or features.shape[1] != np.shape(features_1)[-1]:
            raise ValueError(
                f"features must be (N, D) and (M, D), N and M above 1. "
                f"Received: {np.shape(features_1)} and {np.shape(features_2)}"
            )
        moments += [features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))]
    return frechet_of_gaussians(*moments)


def class_shares(predicted: np.ndarray, num_classes: int = 10) -> np.ndarray:
    """Return the share of samples in each class, (num_classes,).

    Args:
        predicted: (N,) whole numbers from 0 to num_classes - 1, N above 0.
        num_classes: number of classes.

    Raises:
        ValueError: no sample, or a class out of range.
    """
    predicted = np.asarray(predicted)
    if predicted.ndim != 1 or not len(predicted) or predicted.min() < 0 or predicted.max() >= num_classes:
        raise ValueError(f"predicted must hold classes from 0 to {num_classes - 1}. Received: {predicted!r}")
    return np.bincount(predicted, minlength=num_classes) / len(predicted)


def classes_covered(predicted: np.ndarray, num_classes: int = 10, least: float = 0.01) -> int:
    """Return how many classes have at least the share `least` of the samples. Arguments: see `class_shares`."""
    return int((class_shares(predicted, num_classes) >= least).sum())


def class_entropy(predicted: np.ndarray, num_classes: int = 10) -> float:
    """Return the entropy of the class shares in nats: 0 for one class, log(num_classes) where all are alike."""
    shares = class_shares(predicted, num_classes)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def class_diversity(features: np.ndarray, predicted: np.ndarray) -> float:
    """Return the root mean square distance of two samples of one class, averaged over the classes with two or more.

    Args:
        features: (N, D), or images (N, ...), which are flattened.
        predicted: (N,) the class of each.

    Returns:
        0 where all samples of a class are alike. Computed as the root of twice the variance: no pairs are formed.

    Raises:
        ValueError: no class has two samples.
    """
    features = np.asarray(features, float).reshape(len(features), -1)
    classes, counts = np.unique(predicted, return_counts=True)
    spreads = [features[predicted == one].var(axis=0, ddof=1).sum() for one in classes[counts > 1]]
    if not spreads:
        raise ValueError(f"predicted must hold a class twice. Received: {np.asarray(predicted)!r}")
    return float(np.mean(np.sqrt(2 * np.array(spreads))))


def nearest(samples: np.ndarray, images: np.ndarray, batch_size: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Find for each sample the image that is closest pixel by pixel.

    Samples that are copies of training images lie much closer to them than test images do: measure both.

    Args:
        samples: (N, ...), images: (M, ...), of one shape each and values in the same range.
        batch_size: samples compared at once; memory is batch_size x M.

    Returns:
        The index of the closest image, (N,), and its Euclidean distance, (N,).
    """
    samples = np.asarray(samples, "float32").reshape(len(samples), -1)
    images = np.asarray(images, "float32").reshape(len(images), -1)
    squares, index, distance = (images**2).sum(axis=1), [], []
    for start in range(0, len(samples), batch_size):
        part = samples[start : start + batch_size]
        found = squares - 2 * part @ images.T  # |x - y|^2 without |x|^2, which does not change the order
        index.append(found.argmin(axis=1))
        distance.append(np.linalg.norm(part - images[index[-1]], axis=1))
    return np.concatenate(index), np.concatenate(distance)
