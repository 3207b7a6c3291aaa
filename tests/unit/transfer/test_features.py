"""Features: the right rows, in order, and computed again as soon as anything that they come from changes."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers import transfer


def network(seed=0, maps=False):
    keras.utils.set_random_seed(seed)
    image = keras.Input((8, 6, 3))
    x = layers.Conv2D(5, 3, activation="relu")(image)
    return keras.Model(image, x if maps else layers.GlobalMaxPooling2D()(x))


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (11, 8, 6, 3), dtype="uint8"), random.integers(0, 3, 11)


@pytest.mark.both_backends
def test_the_rows_are_the_networks_outputs_in_order(data, tmp_path):
    images, labels = data
    for maps in (False, True):
        model = network(maps=maps)
        rows = transfer.features(model, images, labels, folder=tmp_path, batch_size=4)
        expected = keras.ops.convert_to_numpy(model(images.astype("float32")))
        expected = expected.mean(axis=(1, 2)) if maps else expected
        assert rows.dtype == np.float32 and np.allclose(rows, expected, rtol=1e-4)


def test_what_is_there_is_not_computed_again(data, tmp_path, monkeypatch):
    model = network()
    first = transfer.features(model, *data, folder=tmp_path, batch_size=4)
    monkeypatch.setattr(model, "predict_on_batch", None)  # a call would fail
    assert np.array_equal(transfer.features(model, *data, folder=tmp_path, batch_size=3), first)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("change", ["weights", "image", "label", "order", "preprocessing"])
def test_a_change_is_computed_anew(data, tmp_path, change):
    images, labels = data
    before = transfer.features(network(), images, labels, folder=tmp_path)
    model, preprocess = network(seed=1 if change == "weights" else 0), None
    if change == "image":
        images = images.copy()
        images[-1] ^= 255
    elif change == "label":
        labels = np.append(labels[:-1], (labels[-1] + 1) % 3)
    elif change == "order":
        images, labels = images[::-1], labels[::-1]
    elif change == "preprocessing":
        preprocess = lambda batch: batch / np.float32(255)  # noqa: E731
    after = transfer.features(model, images, labels, folder=tmp_path, preprocess=preprocess)
    assert len(list(tmp_path.iterdir())) == 2
    assert np.array_equal(after, before) == (change == "label")


def test_an_interrupted_run_leaves_nothing(data, tmp_path):
    def fails(batch, calls=[]):  # noqa: B006
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return batch.astype("float32")

    with pytest.raises(KeyboardInterrupt):
        transfer.features(network(), *data, folder=tmp_path, preprocess=fails, batch_size=4)
    assert list(tmp_path.iterdir()) == []


def test_bad_arguments(data, tmp_path):
    images, labels = data
    with pytest.raises(ValueError, match="Received: 0 and 0"):
        transfer.features(network(), images[:0], labels[:0], folder=tmp_path)
    with pytest.raises(ValueError, match="Received: 11 and 10"):
        transfer.features(network(), images, labels[:-1], folder=tmp_path)
