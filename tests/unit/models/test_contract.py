"""One contract for every model: shape, parameters, save and load, training steps, bfloat16, XLA, both backends."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers import models

# builder, shape of one input, parameters counted by hand in the notebook that derives it
CASES = {
    "MLP": (models.MLP, (784,), 784 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10),
    "CNN": (models.CNN, (28, 28, 1), (9 * 64 + 64) + 2 * (9 * 64 * 64 + 64) + (576 * 10 + 10)),
    "RNN": (models.RNN, (28, 28), (28 * 256 + 256 * 256 + 256) + (256 * 10 + 10)),
}
BATCH = 8
each = pytest.mark.parametrize("name", CASES)
# What runs once more under JAX, compiled and in bfloat16 as on a TPU, see `prove.py`
both = pytest.mark.both_backends
POLICY = "float32" if keras.backend.backend() == "tensorflow" else "mixed_bfloat16"


def batch(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((BATCH, *shape), dtype="float32"), rng.integers(0, 10, BATCH)


def compiled(name: str, **keywords) -> keras.Model:
    model = CASES[name][0]()
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", **keywords)
    return model


def test_the_published_counts():
    assert [CASES[name][2] for name in ("MLP", "CNN", "RNN")] == [269_322, 80_266, 75_530]


@each
def test_parameters_and_probabilities(name):
    build, shape, parameters = CASES[name]
    model = build()
    images, _ = batch(shape)
    output = keras.ops.convert_to_numpy(model(images))
    assert model.count_params() == parameters
    assert output.shape == (BATCH, 10)
    assert np.allclose(output.sum(axis=1), 1, atol=1e-5)


@each
def test_save_and_load(name, tmp_path):
    model, (images, _) = CASES[name][0](), batch(CASES[name][1])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded.predict_on_batch(images), model.predict_on_batch(images), atol=1e-6)


@both
@each
def test_a_few_steps_lower_the_loss_and_move_every_weight(name):
    keras.config.set_dtype_policy(POLICY)
    model, data = compiled(name), batch(CASES[name][1])
    before = model.get_weights()
    losses = [float(model.train_on_batch(*data)) for _ in range(15)]
    assert losses[-1] < 0.85 * losses[0]
    assert all(np.abs(new - old).max() > 0 for new, old in zip(model.get_weights(), before, strict=True))


@both
@each
def test_dropout_acts_in_training_only(name):
    model, (images, _) = CASES[name][0](), batch(CASES[name][1])
    once, again = (keras.ops.convert_to_numpy(model(images, training=False)) for _ in range(2))
    noisy, noisier = (keras.ops.convert_to_numpy(model(images, training=True)) for _ in range(2))
    assert np.array_equal(once, again)
    assert not np.allclose(noisy, noisier, atol=1e-4)


@each
def test_mixed_bfloat16_keeps_a_float32_output(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model, data = compiled(name), batch(CASES[name][1])
    assert model.layers[-2].compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(model(data[0]).dtype) == "float32"
    assert np.isfinite(float(model.train_on_batch(*data)))


@each
def test_compiles_with_xla_and_fixed_shapes(name):
    images, labels = batch(CASES[name][1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = compiled(name, jit_compile=True)
        data = tf.data.Dataset.from_tensor_slices((images, labels)).repeat(2).batch(BATCH, drop_remainder=True)
        assert all(spec.shape.is_fully_defined() for spec in tf.nest.flatten(data.element_spec))
        history = model.fit(data, shuffle=False, verbose=0)
    assert np.isfinite(history.history["loss"][0])


@pytest.mark.parametrize(
    ("build", "keywords", "part"),
    [
        (models.MLP, dict(dropout=1.0), "dropout=1.0"),
        (models.MLP, dict(hidden_units=()), "hidden_units"),
        (models.CNN, dict(input_shape=(28, 28)), "input_shape"),
        (models.CNN, dict(dropout=-0.1), "dropout=-0.1"),
        (models.RNN, dict(input_shape=(784,)), "input_shape"),
        (models.RNN, dict(dropout=2), "dropout=2"),
        (models.LeNet5, dict(input_shape=(28, 28, 1)), "input_shape"),
        (models.LeNet5, dict(input_shape=(1024,)), "input_shape"),
        (models.MiniGoogLeNet, dict(width=0), "width=0"),
        (models.ResNet, dict(depth=18), "depth=18"),
        (models.ResNet, dict(depth=2), "depth=2"),
        (models.ResNet, dict(shortcut="plain"), "shortcut=.plain"),
        (models.ResNet, dict(order="after"), "order=.after"),
        (models.SqueezeNet, dict(version="1.2"), "version=.1.2"),
        (models.SqueezeNet, dict(weights="imagenet"), "include_top=True"),
        (models.SqueezeNet, dict(weights="imagenet", include_top=False, version="1.0"), "version=.1.0"),
        (models.SqueezeNet, dict(weights="imagenet", include_top=False, batch_norm=True), "batch_norm=True"),
        (models.MiniXception, dict(convolution="depthwise"), "convolution=.depthwise"),
        (models.MiniXception, dict(filters=()), "filters"),
        (models.CapsNet, dict(routing_iterations=0), "iterations=0"),
    ],
)
def test_bad_arguments_are_named(build, keywords, part):
    with pytest.raises(ValueError, match=part):
        build(**keywords)
