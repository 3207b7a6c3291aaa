"""The judge: a small digit classifier that the course trains, whose features and answers rate generated digits."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers

from helpers import profiles
from helpers.data import datasets
from helpers.generative import figures
from helpers.training import checkpoints

FEATURES = 64


def classifier() -> keras.Model:
    """Build the judge's network: two convolutions of stride 2, 64 features, softmax. Images in [0, 1]."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(16, 5, 2, padding="same", activation="relu", name="conv_1"),  # 14 x 14 x 16
            layers.Conv2D(32, 5, 2, padding="same", activation="relu", name="conv_2"),  # 7 x 7 x 32
            layers.Flatten(name="flatten"),
            layers.Dropout(0.3, seed=0, name="dropout"),
            layers.Dense(FEATURES, activation="relu", name="features"),
            layers.Dense(10, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="judge",
    )


class Judge:
    """A trained digit classifier beside the features of real digits.

    Attributes:
        model: from images (N, 28, 28, 1) in [0, 1] to features (N, 64) and probabilities (N, 10).
        real: features of real digits, those that a Fréchet distance compares with.
        accuracy: on the data set's test images.
    """

    def __init__(self, network: keras.Model, dataset: datasets.Dataset):
        outputs = [network.get_layer("features").output, network.get_layer("probabilities").output]
        self.model = keras.Model(network.inputs, outputs, name="judge")
        self._real_images = _unit(dataset.train_images)
        self.real = self(self._real_images[:5000])[0]
        says = self(_unit(dataset.test_images))[1].argmax(axis=1)
        self.accuracy = float((says == dataset.test_labels).mean())

    def __call__(self, images: np.ndarray, batch_size: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """Return features (N, 64) and probabilities (N, 10) of images (N, 28, 28, 1) in [0, 1].

        Raises:
            ValueError: other shapes, or values outside [0, 1]: were they in [-1, 1]?
        """
        images = np.asarray(images, "float32")
        if images.shape[1:] != (28, 28, 1) or not len(images):
            raise ValueError(f"images must be (N, 28, 28, 1), N above 0. Received: {images.shape}")
        low, high = float(images.min()), float(images.max())
        if not (low >= -1e-3 and high <= 1 + 1e-3):  # also where a value is not a number
            raise ValueError(f"images must have values in [0, 1]. Received: {low:.3g} to {high:.3g}")
        parts = [images[n : n + batch_size] for n in range(0, len(images), batch_size)]
        answers = [self.model.predict_on_batch(part) for part in parts]
        return tuple(np.concatenate(kind) for kind in zip(*answers, strict=True))

    def frechet(self, images: np.ndarray) -> float:
        """Return the squared Fréchet distance from real digits, on the classifier's features; lower is better."""
        return figures.frechet_distance(self(images)[0], self.real)

    def rate(self, images: np.ndarray) -> dict[str, float]:
        """Return what can be said of generated digits.

        Args:
            images: (N, 28, 28, 1) in [0, 1]; some hundreds at least.

        Returns:
            `frechet` (lower is better), `classes` covered (at least 1 % of the samples each), `least_share` (of the
            rarest class), `entropy` of the classes in nats (2.30 at most), `diversity` inside a class, as a share of
            that of real digits, `confident` (share of samples with a probability above 0.9).
        """
        features, probabilities = self(images)
        says = probabilities.argmax(axis=1)
        real_says = self(self._real_images[:5000])[1].argmax(axis=1)
        diverse = figures.class_diversity(features, says) / figures.class_diversity(self.real, real_says)
        return {
            "frechet": figures.frechet_distance(features, self.real),
            "classes": figures.classes_covered(says),
            "least_share": float(figures.class_shares(says).min()),
            "entropy": figures.class_entropy(says),
            "diversity": diverse,
            "confident": float((probabilities.max(axis=1) > 0.9).mean()),
        }

    def watch(self, sample: Callable[[], np.ndarray]) -> Callable[..., dict[str, float]]:
        """Return a callback for `generative.fit` that puts `frechet` and `classes` into the history.

        Args:
            sample: returns images (N, 28, 28, 1) in [0, 1].
        """

        def callback(epoch, game) -> dict[str, float]:
            features, probabilities = self(sample())
            covered = figures.classes_covered(probabilities.argmax(axis=1))
            return {"frechet": figures.frechet_distance(features, self.real), "classes": covered}

        return callback


def load(dataset: datasets.Dataset, epochs: int | None = None) -> Judge:
    """Return the judge for a data set of digits; train it, from a fixed seed, where it is not in the cache.

    Training takes some seconds on the stand-in and about half a minute on MNIST. The weights are kept under a name that
    follows from the data, the settings and this file, so that no other judge is taken for this one.

    Args:
        dataset: from `data.load`, 28 x 28 digits.
        epochs: passes over the training images; None chooses 4 for MNIST and 25 for the small stand-in.
    """
    epochs = epochs or (4 if len(dataset.train_images) > 10_000 else 25)
    follows_from = dataset.train_images.tobytes() + dataset.train_labels.tobytes() + Path(__file__).read_bytes()
    path = profiles.cache() / "judge" / f"{hashlib.sha256(follows_from).hexdigest()[:12]}_{epochs}.npz"
    state, policy = random.getstate(), keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    network = classifier()
    keras.config.set_dtype_policy(policy)
    random.setstate(state)  # Keras drew the seeds of the first weights from it
    if path.exists():
        for variable, value in zip(network.weights, checkpoints.load_variables(path)[0], strict=True):
            variable.assign(value)
        return Judge(network, dataset)
    _train(network, dataset, epochs)
    checkpoints.save_variables(path, network.weights, {}, part=f"part_{np.random.SeedSequence().entropy:x}.npz")
    return Judge(network, dataset)


def _unit(images):
    return images[..., None].astype("float32") / 255


def _train(network, dataset, epochs):
    """Train with weights and batches from a seed of its own: the caller's random state stays as it is."""
    seeds = keras.random.SeedGenerator(0)
    for layer in network.layers:
        if layer.weights:
            kernel = keras.initializers.GlorotUniform(seed=int(seeds.next()[1]) % 2**31)(layer.kernel.shape)
            layer.kernel.assign(kernel)
    network.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    orders, batch_size = np.random.default_rng(0), 64
    images, labels = _unit(dataset.train_images), dataset.train_labels
    for epoch in range(epochs):
        order = orders.permutation(len(images))
        order = order[: len(order) // batch_size * batch_size]
        network.optimizer.learning_rate = 2e-3 * (1 - epoch / epochs)
        network.fit(images[order], labels[order], batch_size=batch_size, shuffle=False, verbose=0)
