"""Autoencoders, generators and discriminators: parameters by hand, shapes, saving, precision, XLA, what a seed does."""

import warnings

import keras
import numpy as np
import pytest
from keras import ops

from helpers import losses, models

numpy = ops.convert_to_numpy
BATCH = 8
ENCODER = (25 * 16 + 16) + (25 * 16 * 32 + 32) + (1568 * 20 + 20)
DECODER = (20 * 1568 + 1568) + (25 * 32 * 16 + 16) + (25 * 16 + 1)
DCGAN = (100 * 1024 + 1024 + 4 * 1024) + (1024 * 6272 + 6272 + 4 * 6272) + (16 * 128 * 64 + 64 + 4 * 64) + (16 * 64 + 1)
CASES = {  # builder, input, output, parameters by hand
    "Encoder": (models.Encoder, (28, 28, 1), (20,), ENCODER),
    "Decoder": (models.Decoder, (20,), (28, 28, 1), DECODER),
    "MLPGenerator": (
        models.MLPGenerator,
        (100,),
        (28, 28, 1),
        (100 * 1024 + 1024) + (1024 * 1024 + 1024) + (1024 * 784 + 784),
    ),
    "MLPDiscriminator": (models.MLPDiscriminator, (28, 28, 1), (1,), 784 * 256 + 256 + 256 * 256 + 256 + 256 + 1),
    "DCGANGenerator": (models.DCGANGenerator, (100,), (28, 28, 1), DCGAN),
    "DCGANDiscriminator": (
        models.DCGANDiscriminator,
        (28, 28, 1),
        (1,),
        (25 * 32 + 32) + (25 * 32 * 64 + 64) + (3136 * 1024 + 1024) + (1024 + 1),
    ),
    "BEGANDiscriminator": (
        models.BEGANDiscriminator,
        (28, 28, 1),
        (1,),
        ENCODER + DECODER + 12 * 1568 * 2 + 12,  # a code of 32 instead of 20
    ),
}
each = pytest.mark.parametrize("name", CASES)


def batch(shape):
    return np.random.default_rng(0).random((BATCH, *shape), dtype="float32")


def test_no_filters_means_dense_layers_alone():
    encoder = models.Encoder(filters=(), units=256, latent_dim=32)
    decoder = models.Decoder(filters=(), units=256, latent_dim=32, activation="tanh")
    judge = models.BEGANDiscriminator(filters=(), units=256, latent_dim=32, activation="linear")
    assert encoder.count_params() == (784 * 256 + 256) + (256 * 32 + 32)
    assert decoder.count_params() == (32 * 256 + 256) + (256 * 784 + 784)
    assert judge.count_params() == encoder.count_params() + decoder.count_params()
    assert decoder.output_shape == (None, 28, 28, 1) and judge.output_shape == (None, 1)
    values = numpy(decoder(10 * batch((32,))))
    assert values.min() < 0 < values.max() and abs(values).max() <= 1  # the last layer has the activation asked for
    assert numpy(judge.get_layer("autoencoder")(50 * batch((28, 28, 1)))).max() > 1


def test_several_dense_layers_and_another_activation():
    encoder = models.Encoder(units=(64, 32), hidden_activation="silu", heads=("z_mean", "z_log_var"))
    decoder = models.Decoder(units=(32, 64), hidden_activation="silu")
    assert encoder.get_layer("dense").units == 64 and encoder.get_layer("dense_2").units == 32
    assert decoder.get_layer("dense").units == 32 and decoder.get_layer("dense_2").units == 64
    for network, last in ((encoder, {"z_mean", "z_log_var"}), (decoder, {"pixels"})):
        used = {each.name: each.activation.__name__ for each in network.layers if hasattr(each, "activation")}
        assert {name for name, activation in used.items() if activation != "silu"} == last


def vae(**keywords):
    return models.VAE(models.Encoder(heads=("z_mean", "z_log_var")), models.Decoder(), seed=0, **keywords)


@each
def test_parameters_and_shapes(name):
    build, shape, output, parameters = CASES[name]
    model = build()
    assert model.count_params() == parameters
    assert model(batch(shape)).shape == (BATCH, *output)


@each
def test_save_and_load(name, tmp_path):
    model, data = CASES[name][0](), batch(CASES[name][1])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded.predict_on_batch(data), model.predict_on_batch(data), atol=1e-5)


@each
def test_mixed_bfloat16_keeps_a_float32_output(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model, data = CASES[name][0](), batch(CASES[name][1])
    assert keras.backend.standardize_dtype(model(data).dtype) == "float32"


@pytest.mark.parametrize("name", ["MLPGenerator", "DCGANGenerator", "DCGANDiscriminator"])
def test_compiles_with_xla_and_fixed_shapes(name):
    small = dict(units=(8,)) if name == "MLPGenerator" else dict(units=8, filters=(4, 2))
    model = CASES[name][0](**small)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.compile("sgd", "mse", jit_compile=True)
        loss = model.train_on_batch(batch(CASES[name][1]), np.zeros((BATCH, *CASES[name][2]), "float32"))
    assert np.isfinite(float(np.ravel(loss)[0]))


def test_ranges():
    codes = 5 * batch((20,))
    assert numpy(models.Decoder()(codes)).min() >= 0 and numpy(models.Decoder()(codes)).max() <= 1
    for generator in (models.MLPGenerator(latent_dim=20), models.DCGANGenerator(latent_dim=20)):
        assert abs(numpy(generator(codes))).max() <= 1
    scores = numpy(models.DCGANDiscriminator()(50 * batch((28, 28, 1))))
    assert (scores < 0).any() or (scores > 1).any()  # logits, not probabilities


def test_labels_change_the_answer():
    rows = np.eye(10, dtype="float32")
    for generator in (models.MLPGenerator(num_classes=10), models.DCGANGenerator(num_classes=10)):
        made = numpy(generator([np.zeros((10, 100), "float32"), rows]))
        assert not np.allclose(made[0], made[1], atol=1e-4)
    image = np.repeat(batch((28, 28, 1))[:1], 10, axis=0)
    for discriminator in (models.MLPDiscriminator(num_classes=10), models.DCGANDiscriminator(num_classes=10)):
        assert np.unique(numpy(discriminator([image, rows])).round(5)).size > 5


def test_reparameterise_has_the_wanted_mean_and_spread():
    z_mean, z_log_var = np.full((4000, 2), [1.0, -2.0], "float32"), np.full((4000, 2), np.log([0.25, 4.0]), "float32")
    layer = models.autoencoders.Reparameterise(seed=0)
    z, again = (numpy(layer([ops.convert_to_tensor(z_mean), ops.convert_to_tensor(z_log_var)])) for _ in range(2))
    assert np.allclose(z.mean(axis=0), [1, -2], atol=0.1) and np.allclose(z.std(axis=0), [0.5, 2], atol=0.1)
    assert not np.allclose(z, again)


def test_vae_loss_is_reconstruction_plus_beta_kl():
    data = batch((28, 28, 1))
    for beta in (0.0, 1.0, 4.0):
        keras.utils.set_random_seed(0)
        model = vae(beta=beta)
        kl = numpy(losses.kl_divergence(*model.get_layer("encoder")(data))).mean()
        model.compile(keras.optimizers.SGD(0.0), losses.bernoulli, metrics=[losses.bernoulli])
        total, reconstruction = model.train_on_batch(data, data)
        assert np.isclose(float(total), float(reconstruction) + beta * kl, rtol=1e-4)
        assert kl > 0


@pytest.mark.both_backends
def test_vae_learns_and_gradients_reach_both_heads(tmp_path):
    model, data = vae(), batch((28, 28, 1))
    model.compile(keras.optimizers.Adam(1e-3), losses.bernoulli)
    before = model.get_weights()
    first = float(model.train_on_batch(data, data))
    for _ in range(25):
        model.reset_metrics()
        last = float(model.train_on_batch(data, data))
    assert last < first
    assert all(np.abs(new - old).max() > 0 for new, old in zip(model.get_weights(), before, strict=True))
    model.save(tmp_path / "vae.keras")
    assert keras.saving.load_model(tmp_path / "vae.keras").count_params() == model.count_params()


def test_minibatch_discrimination_against_loops():
    layer, features = models.MinibatchDiscrimination(kernels=3, size=2), batch((5,))
    output = numpy(layer(features))
    vectors = (features @ numpy(layer.kernel)).reshape(BATCH, 3, 2)
    slow = np.zeros((BATCH, 3))
    for i in range(BATCH):
        for j in range(BATCH):
            if i != j:
                slow[i] += np.exp(-np.abs(vectors[i] - vectors[j]).sum(axis=-1))
    assert np.allclose(output[:, :5], features) and np.allclose(output[:, 5:], slow, atol=1e-4)
    alike = numpy(layer(np.repeat(features[:1], BATCH, axis=0)))
    assert np.allclose(alike[:, 5:], BATCH - 1, atol=1e-4)  # a collapsed batch is as close as can be


def test_clipped_weights_stay_clipped():
    model = models.DCGANDiscriminator(filters=(4,), units=8, constraint=models.ClipWeights(0.01))
    model.compile(keras.optimizers.SGD(10.0), "mse")
    model.train_on_batch(batch((28, 28, 1)), np.ones((BATCH, 1)))
    assert max(abs(weight).max() for weight in model.get_weights()) <= 0.01 + 1e-7


def test_began_error_is_the_mean_absolute_difference():
    model, data = models.BEGANDiscriminator(), batch((28, 28, 1))
    copies = numpy(model.get_layer("autoencoder")(data))
    assert np.allclose(numpy(model(data))[:, 0], abs(data - copies).mean(axis=(1, 2, 3)), atol=1e-5)


@pytest.mark.parametrize(
    ("build", "keywords", "part"),
    [
        (models.Encoder, dict(input_shape=(30, 30, 1)), "divisible by 4"),
        (models.Encoder, dict(latent_dim=0), "latent_dim=0"),
        (models.Encoder, dict(heads=()), "heads"),
        (models.Decoder, dict(output_shape=(28, 28)), "shape="),
        (models.VAE, dict(encoder=models.Encoder, decoder=models.Decoder), "two|heads"),
        (models.DCGANGenerator, dict(output_shape=(30, 30, 1)), "divisible by 4"),
        (models.ClipWeights, dict(limit=0), "limit=0"),
    ],
)
def test_bad_arguments_are_named(build, keywords, part):
    keywords = {key: value() if callable(value) else value for key, value in keywords.items()}
    with pytest.raises(ValueError, match=part):
        build(**keywords)


def test_beta_is_not_negative():
    with pytest.raises(ValueError, match="beta=-1"):
        vae(beta=-1)
