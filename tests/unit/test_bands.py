"""The bands are narrow: each network, trained as its notebook does in `ci` but with one mistake, falls out."""

import keras
import numpy as np
import pytest

from helpers import models, profiles, results
from helpers.data.drawn import synthetic


def accuracy(model: keras.Model, optimiser, epochs: int, train: tuple, test: tuple) -> float:
    profiles.seed(0)
    model.compile(optimiser, "sparse_categorical_crossentropy")
    model.fit(*train, batch_size=32, epochs=epochs, verbose=0)
    answers = model.predict(test[0], batch_size=1000, verbose=0).argmax(axis=1)
    return float((answers == test[1]).mean())


@pytest.fixture(scope="module")
def digits():
    train_images, train_labels, test_images, test_labels = synthetic.digits()
    return (train_images.astype("float32") / 255, train_labels), (test_images.astype("float32") / 255, test_labels)


def outside(name: str, value: float) -> bool:
    low, high = results.band(results.bands()[name]["accuracy"], "ci")
    return not low <= value <= high


def test_mlp_on_pixels_that_were_not_scaled(digits):
    (images, labels), (test_images, test_labels) = digits
    train = 255 * images.reshape(-1, 784), labels
    test = 255 * test_images.reshape(-1, 784), test_labels
    assert outside("mnist_mlp", accuracy(models.MLP(), "adam", 30, train, test))


def test_cnn_trained_with_height_and_width_swapped(digits):
    (images, labels), (test_images, test_labels) = digits
    train = images.transpose(0, 2, 1)[..., None], labels
    assert outside("mnist_cnn", accuracy(models.CNN(), "adam", 2, train, (test_images[..., None], test_labels)))


def test_rnn_that_answers_after_the_first_rows(digits):
    (images, labels), (test_images, test_labels) = digits
    early = keras.Sequential([keras.Input((28, 28)), keras.layers.SimpleRNN(256, return_sequences=True)])
    early.add(keras.layers.Lambda(lambda states: states[:, 0]))  # the first state instead of the last
    early.add(keras.layers.Dense(10, activation="softmax"))
    assert outside(
        "mnist_rnn", accuracy(early, keras.optimizers.SGD(0.01), 4, (images, labels), (test_images, test_labels))
    )


def test_accuracy_of_misaligned_labels_is_outside_every_band():
    labels = np.arange(1000) % 10
    wrong = float((np.roll(labels, 1) == labels).mean())
    assert all(outside(name, wrong) for name in ("mnist_mlp", "mnist_cnn", "mnist_rnn"))
