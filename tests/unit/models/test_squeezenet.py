"""SqueezeNet: table 1 of the paper, the released weights, batch norm."""

import h5py
import keras
import numpy as np
import pytest

from helpers import models, profiles
from helpers.data import downloads, weights

SIZES = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]


def count(first, size, classes=1000, batch_norm=False):
    """Weights by hand: convolutions with a bias each, or with the four numbers of batch normalisation."""
    beside = 4 if batch_norm else 1
    total, before = size * size * 3 * first + beside * first, first
    for squeeze, expand in SIZES:
        total += before * squeeze + beside * squeeze
        total += squeeze * expand + beside * expand + 9 * squeeze * expand + beside * expand
        before = 2 * expand
    return total + before * classes + classes


@pytest.mark.parametrize(
    ("version", "first", "size", "published"), [("1.0", 96, 7, 1_248_424), ("1.1", 64, 3, 1_235_496)]
)
def test_parameters(version, first, size, published):
    assert models.SqueezeNet(version=version).count_params() == count(first, size) == published
    normed = models.SqueezeNet((64, 64, 3), 5, version=version, batch_norm=True)
    assert normed.count_params() == count(first, size, classes=5, batch_norm=True)


def sides(model, *names):
    return [model.get_layer(name).output.shape[1] for name in names]


def test_maps():
    model = models.SqueezeNet(version="1.0")
    assert sides(model, "conv1", "pool1", "fire4_concat", "pool4", "pool8", "fire9_concat", "conv10") == [
        111, 55, 55, 27, 13, 13, 13,
    ]  # table 1  # fmt: skip
    depths = [model.get_layer(f"fire{number}_concat").output.shape[-1] for number in range(2, 10)]
    assert depths == [128, 128, 256, 256, 384, 384, 512, 512]
    model = models.SqueezeNet(include_top=False)
    assert sides(model, "conv1", "pool1", "pool3", "pool5", "fire9_concat") == [113, 56, 27, 13, 13]
    assert model.output_shape == (None, 13, 13, 512)
    assert sides(models.SqueezeNet((192, 192, 3), 5, stem_stride=4), "conv1") == [48]


def test_batch_norm_stands_between_convolution_and_relu_with_the_momentum_asked_for():
    model = models.SqueezeNet((64, 64, 3), 5, batch_norm=True, batch_norm_momentum=0.8)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 25 and {layer.momentum for layer in norms} == {0.8}
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[1:5] == ["Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D"]


def released(path, rng):
    """Write a file as the released one is: slashes in the layers' names, kernel and bias under names of their own."""
    model = models.SqueezeNet((64, 64, 3), include_top=False)
    names = [layer.name.replace("_", "/") for layer in model.layers if layer.weights]
    drawn = {}
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in ["input_1", *names, "drop9"]]
        for name in ("input_1", "drop9"):
            file.create_group(name).attrs["weight_names"] = np.zeros(0)
        for number, name in enumerate(names, start=1):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"uniform{number}".encode(), f"{name}_b".encode()]
            shapes = [weight.shape for weight in model.get_layer(name.replace("/", "_")).weights]
            drawn[name] = [rng.normal(size=shape).astype("float32") for shape in shapes]
            for key, values in zip((f"uniform{number}", f"{name}_b"), drawn[name], strict=True):
                group[key] = values
    return drawn


def test_released_weights_reach_their_layers(tmp_path, monkeypatch):
    drawn = released(tmp_path / "weights.h5", np.random.default_rng(0))
    monkeypatch.setattr(weights, "find", {"squeezenet": tmp_path / "weights.h5"}.get)
    model = models.SqueezeNet((64, 64, 3), weights="imagenet", include_top=False)
    assert len(drawn) == 25
    for name, values in drawn.items():
        loaded = model.get_layer(name.replace("/", "_")).get_weights()
        assert all(np.array_equal(mine, theirs) for mine, theirs in zip(loaded, values, strict=True))


def test_weights_from_a_path(tmp_path):
    first = models.SqueezeNet((48, 48, 3), 3, batch_norm=True)
    first.save_weights(tmp_path / "own.weights.h5")
    again = models.SqueezeNet((48, 48, 3), 3, batch_norm=True, weights=tmp_path / "own.weights.h5")
    assert all(
        np.array_equal(mine, theirs) for mine, theirs in zip(again.get_weights(), first.get_weights(), strict=True)
    )


def test_weights_that_are_not_at_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path)
    with pytest.raises(downloads.DataError, match="COURSE_DATA"):
        models.SqueezeNet(weights="imagenet", include_top=False)
