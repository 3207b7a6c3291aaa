"""Capsules: squash, routing and losses against the paper's equations, written slowly; the contract for two inputs."""

import keras
import numpy as np
import pytest
from keras import ops

from helpers import models
from helpers.models import capsnet
from helpers.models.capsnet import Mask, RoutedCapsules, margin_loss, predictor, reconstruction_loss, route, squash

numpy = ops.convert_to_numpy
SMALL = dict(filters=16, primary_capsules=4, primary_size=4, capsule_size=8, decoder_units=(16,))
BATCH = 8


def slow_squash(vector):
    length = np.sqrt((vector**2).sum())
    return length**2 / (1 + length**2) * vector / length


def slow_routing(predictions, iterations):
    """Procedure 1 for one image: predictions[lower][upper] is a vector; every sum and softmax as a loop."""
    lower, upper, size = predictions.shape
    logits, history = np.zeros((lower, upper)), []
    for _ in range(iterations):
        couplings = np.array([np.exp(row) / np.exp(row).sum() for row in logits])
        history.append(couplings)
        capsules = np.zeros((upper, size))
        for j in range(upper):
            capsules[j] = slow_squash(sum(couplings[i, j] * predictions[i, j] for i in range(lower)))
        for i in range(lower):
            for j in range(upper):
                logits[i, j] += predictions[i, j] @ capsules[j]
    return capsules, history


def test_squash():
    vectors = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32") * 3
    slow = np.array([[slow_squash(vector) for vector in row] for row in vectors])
    assert np.allclose(numpy(squash(vectors)), slow, atol=1e-6)
    assert np.allclose(numpy(squash(vectors.transpose(0, 2, 1), axis=1)).transpose(0, 2, 1), slow, atol=1e-6)
    lengths = np.linalg.norm(numpy(squash(np.diag([0, 0.1, 1, 3, 100]).astype("float32"))), axis=1)
    assert np.allclose(lengths, [0, 0.01 / 1.01, 1 / 2, 9 / 10, 10_000 / 10_001], atol=1e-4)


@pytest.mark.parametrize("iterations", [1, 2, 3, 5])
def test_routing_against_loops(iterations):
    predictions = np.random.default_rng(0).normal(size=(2, 7, 3, 4)).astype("float32")  # image, lower, upper, size
    capsules, couplings = route(ops.convert_to_tensor(predictions.transpose(0, 2, 1, 3)), iterations)
    assert len(couplings) == iterations
    for image in range(2):
        slow, history = slow_routing(predictions[image], iterations)
        assert np.allclose(numpy(capsules)[image], slow, atol=1e-5)
        for ours, theirs in zip(couplings, history, strict=True):
            assert np.allclose(numpy(ours)[image].T, theirs, atol=1e-5)
            assert np.allclose(numpy(ours)[image].sum(axis=0), 1, atol=1e-5)


def test_predictions_are_one_matrix_for_each_pair():
    layer = RoutedCapsules(3, 5)
    vectors = np.random.default_rng(0).normal(size=(2, 7, 4)).astype("float32")
    output = layer(vectors)
    kernel = numpy(layer.kernel)
    slow = np.array([[[vectors[n, i] @ kernel[i, :, j] for i in range(7)] for j in range(3)] for n in range(2)])
    assert np.allclose(numpy(layer.predictions(vectors)), slow, atol=1e-5)
    assert np.allclose(numpy(output), numpy(route(ops.convert_to_tensor(slow.astype("float32")))[0]), atol=1e-5)
    assert layer.multiply_adds((7, 4)) == 7 * 3 * 5 * 4 + 5 * 7 * 3 * 5  # 3 sums and 2 times scalar products


def test_margin_loss():
    labels = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0]])
    lengths = np.array([[0.95, 0.05, 0.1], [0.4, 0.6, 0.3], [0.9, 0.5, 0.2]], "float32")
    by_hand = [0, 0.5 * 0.3**2 + 0.3**2 + 0.5 * 0.2**2, 0.4**2 + 0.5 * 0.1**2]
    assert np.allclose(numpy(margin_loss(labels, ops.convert_to_tensor(lengths))), by_hand, atol=1e-6)


def test_reconstruction_loss():
    rng = np.random.default_rng(0)
    images, others = (rng.random((3, 28, 28, 1), "float32") for _ in range(2))
    by_hand = [((image - other) ** 2).sum() for image, other in zip(images, others, strict=True)]
    assert np.allclose(numpy(reconstruction_loss(images, ops.convert_to_tensor(others))), by_hand, rtol=1e-5)
    assert capsnet.RECONSTRUCTION_WEIGHT == 0.0005


def test_mask():
    capsules = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    capsules[0, 1] *= 9
    capsules[1, 2] *= -9
    by_label = numpy(Mask()(capsules, np.eye(3, dtype="float32")[[0, 2]]))
    assert np.array_equal(by_label[0, 0], capsules[0, 0]) and not by_label[0, 1:].any() and not by_label[1, :2].any()
    longest = numpy(Mask()(capsules))
    assert np.array_equal(longest[[0, 1], [1, 2]], capsules[[0, 1], [1, 2]])
    assert np.count_nonzero(longest) == 8


def test_published_size():
    convolutions = (81 * 256 + 256) + (81 * 256 * 256 + 256)
    routed = 6 * 6 * 32 * 8 * 10 * 16
    decoder = (160 * 512 + 512) + (512 * 1024 + 1024) + (1024 * 784 + 784)
    model = models.CapsNet()
    assert model.count_params() == convolutions + routed + decoder == 8_215_568  # section 5: 8.2 million
    assert models.CapsNet(decoder_units=None).count_params() == convolutions + routed == 6_804_224  # 6.8 million
    shapes = {name: model.get_layer(name).output.shape[1:] for name in ("conv", "primary_conv", "primary_capsules")}
    assert shapes == {"conv": (20, 20, 256), "primary_conv": (6, 6, 256), "primary_capsules": (1152, 8)}
    assert model.get_layer("class_capsules").output.shape == (None, 10, 16)
    assert {key: output.shape for key, output in model.output.items()} == {
        "lengths": (None, 10), "reconstruction": (None, 28, 28, 1),
    }  # fmt: skip


def compiled(**keywords):
    model = models.CapsNet(**SMALL)
    losses = {"lengths": margin_loss, "reconstruction": reconstruction_loss}
    weights = {"lengths": 1.0, "reconstruction": capsnet.RECONSTRUCTION_WEIGHT}
    model.compile(keras.optimizers.Adam(3e-3), losses, weights, metrics={"lengths": "accuracy"}, **keywords)
    return model


def batch():
    rng = np.random.default_rng(0)
    images, labels = rng.random((BATCH, 28, 28, 1), dtype="float32"), np.eye(10, dtype="float32")[np.arange(BATCH)]
    return {"image": images, "label": labels}, {"lengths": labels, "reconstruction": images}


def test_training_decodes_the_true_class_and_the_predictor_the_longest_capsule():
    model, (inputs, _) = models.CapsNet(**SMALL), batch()
    capsules = keras.Model(model.get_layer("image").output, model.get_layer("class_capsules").output)(inputs["image"])
    lengths = np.linalg.norm(numpy(capsules), axis=-1)
    other = {**inputs, "label": np.roll(inputs["label"], 1, axis=1)}
    trained, moved = (numpy(model(one)["reconstruction"]) for one in (inputs, other))
    assert np.abs(trained - moved).max() > 1e-4
    longest = {**inputs, "label": np.eye(10, dtype="float32")[lengths.argmax(axis=1)]}
    predicted_lengths, predicted = (numpy(one) for one in predictor(model)(inputs["image"]))
    assert np.allclose(predicted_lengths, lengths, atol=1e-3)
    assert np.allclose(predicted, numpy(model(longest)["reconstruction"]), atol=1e-5)


def test_save_and_load_with_the_losses(tmp_path):
    model, (inputs, targets) = compiled(), batch()
    model.train_on_batch(inputs, targets)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for key in ("lengths", "reconstruction"):
        assert np.allclose(numpy(loaded(inputs)[key]), numpy(model(inputs)[key]), atol=1e-6)
    assert float(loaded.evaluate(inputs, targets, verbose=0, return_dict=True)["lengths_loss"]) > 0
    for ours, theirs in zip(predictor(loaded)(inputs["image"]), predictor(model)(inputs["image"]), strict=True):
        assert np.allclose(numpy(ours), numpy(theirs), atol=1e-6)


@pytest.mark.both_backends
def test_a_few_steps_lower_the_loss_and_move_every_weight():
    keras.config.set_dtype_policy("float32" if keras.backend.backend() == "tensorflow" else "mixed_bfloat16")
    model, data = compiled(), batch()
    before = model.get_weights()
    losses = [float(model.train_on_batch(*data)[0]) for _ in range(25)]
    assert losses[-1] < 0.85 * losses[0]
    assert all(np.abs(new - old).max() > 0 for new, old in zip(model.get_weights(), before, strict=True))


def test_mixed_bfloat16_keeps_float32_outputs_and_routing():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model, data = compiled(), batch()
    assert model.get_layer("conv").compute_dtype == "bfloat16"
    assert model.get_layer("class_capsules").compute_dtype == "float32"
    outputs = model(data[0])
    assert {keras.backend.standardize_dtype(output.dtype) for output in outputs.values()} == {"float32"}
    assert np.isfinite(float(model.train_on_batch(*data)[0]))


def test_fit_compiles_with_xla_and_fixed_shapes():
    inputs, targets = batch()
    history = compiled(jit_compile=True).fit(inputs, targets, batch_size=BATCH, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    assert history["loss"][0] == pytest.approx(
        history["lengths_loss"][0] + 0.0005 * history["reconstruction_loss"][0], rel=1e-3
    )
