"""The contract for the families of chapter 2, in sizes that train in seconds.

What is published is counted in test_architectures.py and test_squeezenet.py; CapsNet, which has two inputs, is in
test_capsnet.py. The training runs once more under JAX, in bfloat16. To compile all families takes
minutes: `make test` trains the one that costs least, COURSE_CONTRACT=all trains all of them.
"""

import os
import warnings
from functools import partial

import keras
import numpy as np
import pytest

from helpers import models

BATCH, CLASSES = 8, 10
# Builder, shape of one input. Little dropout and no L2, so that a few steps learn eight images.
SMALL = {
    "LeNet5": (models.LeNet5, (32, 32, 1)),
    "AlexNet": (partial(models.AlexNet, dense_units=32, dropout=(0.1, 0.1), weight_decay=0.0), (67, 67, 3)),
    "ZFNet": (partial(models.ZFNet, dense_units=32, dropout=(0.1, 0.1), weight_decay=0.0), (54, 54, 3)),
    "VGG16": (partial(models.VGG16, dense_units=32, dropout=0.1), (32, 32, 3)),
    "SmallVGG": (partial(models.SmallVGG, filters=(8, 16), dense_units=32, dropout=(0.1, 0.1)), (16, 16, 3)),
    "MiniGoogLeNet": (partial(models.MiniGoogLeNet, width=0.125, dropout=0.1), (15, 15, 3)),
    "DeeperGoogLeNet": (partial(models.DeeperGoogLeNet, with_4a_to_4e=False, weight_decay=0.0), (16, 16, 3)),
    "GoogLeNet": (partial(models.GoogLeNet, auxiliary=False), (32, 32, 3)),
    "ResNet": (partial(models.ResNet, 8, weight_decay=0.0), (16, 16, 3)),
    "ResNet, pre": (partial(models.ResNet, 8, shortcut="projection", order="pre", weight_decay=0.0), (16, 16, 3)),
    "SqueezeNet": (partial(models.SqueezeNet, batch_norm=True), (35, 35, 3)),
    "EfficientNetLite0": (partial(models.EfficientNetLite0, dropout=0.1), (32, 32, 3)),
    "MiniXception": (partial(models.MiniXception, filters=(16,), exit_filters=32, dropout=0.1), (16, 16, 3)),
}
WITHOUT_DROPOUT = ("LeNet5", "ResNet", "ResNet, pre")
IS_ALL = os.environ.get("COURSE_CONTRACT") == "all"
SLOW_IN_BFLOAT16 = () if IS_ALL else ("VGG16", "ZFNet")  # most parameters; processors without AMX emulate it
IS_TENSORFLOW = keras.backend.backend() == "tensorflow"
each = pytest.mark.parametrize("name", SMALL)
trained = pytest.mark.parametrize("name", SMALL if IS_ALL else ("ResNet",))


def prepared(name, **keywords):
    """A compiled model and eight images with labels."""
    build, shape = SMALL[name]
    model = build(input_shape=shape, num_classes=CLASSES)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", **keywords)
    rng = np.random.default_rng(0)
    return model, rng.random((BATCH, *shape), dtype="float32"), rng.integers(0, CLASSES, BATCH)


@each
def test_probabilities_saving_and_dropout(name, tmp_path):
    model, images, _ = prepared(name)
    model.save(tmp_path / "model.keras", include_optimizer=False)
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    output, again = (keras.ops.convert_to_numpy(one(images, training=False)) for one in (model, loaded))
    noisy, noisier = (keras.ops.convert_to_numpy(model(images, training=True)) for _ in range(2))
    assert output.shape == (BATCH, CLASSES) and np.allclose(output.sum(axis=1), 1, atol=1e-5)
    assert model.layers[-1].name == "probabilities"
    assert np.allclose(output, again, atol=1e-6)
    assert np.allclose(noisy, noisier, atol=1e-4) == (name in WITHOUT_DROPOUT)


@pytest.mark.parametrize("name", [name for name in SMALL if name not in SLOW_IN_BFLOAT16])
def test_a_step_in_mixed_bfloat16(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model, images, labels = prepared(name, run_eagerly=True)
    assert model.layers[-2].compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(model(images).dtype) == "float32"
    assert np.isfinite(float(model.train_on_batch(images, labels)))


@pytest.mark.both_backends
@trained
def test_steps_compiled_by_xla_lower_the_loss_and_move_every_weight(name):
    keras.config.set_dtype_policy("float32" if IS_TENSORFLOW else "mixed_bfloat16")  # a TPU's: JAX in bfloat16
    model, images, labels = prepared(name, jit_compile=True)
    before = model.get_weights()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        losses = [float(model.train_on_batch(images, labels)) for _ in range(15)]
    assert min(losses[-3:]) < 0.9 * losses[0]
    assert all(np.abs(new - old).max() > 0 for new, old in zip(model.get_weights(), before, strict=True))


@pytest.mark.parametrize(
    "build",
    [
        partial(models.ResNet, 8, filters=8, shortcut="projection"),
        partial(models.ResNet, 8, filters=8, shortcut="projection", order="pre"),
        partial(models.MiniXception, filters=(8, 16), exit_filters=16),
    ],
    ids=["ResNet", "ResNet, pre", "MiniXception"],
)
def test_no_strided_1x1_kernel_reads_fewer_than_16_channels(build):
    """TensorFlow dies of it on processors, without a message (uxlfoundation/oneDNN, issue 6035)."""
    strided = [layer for layer in build().layers if getattr(layer, "strides", None) == (2, 2)]
    kernels = [layer.kernel.shape for layer in strided if isinstance(layer, keras.layers.Conv2D)]
    assert not [shape for shape in kernels if shape[:2] == (1, 1) and shape[2] < 16]
