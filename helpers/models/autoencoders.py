"""Convolutional encoders, decoders, autoencoders. Derived in `6_1_autoencoders.ipynb` and `6_2_vae.ipynb`.

Kingma and Welling 2013, Auto-encoding variational Bayes (arXiv:1312.6114); equations below are numbered as there.
"""

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from helpers import losses

_registered = keras.saving.register_keras_serializable(package="workbook")


def Encoder(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    latent_dim: int = 20,
    filters: Sequence[int] = (16, 32),
    kernel_size: int = 5,
    units: int | Sequence[int] | None = None,
    hidden_activation: str = "relu",
    heads: Sequence[str] = ("z",),
    name: str = "encoder",
) -> keras.Model:
    """Build convolutions of stride 2, then one dense layer without activation for each head.

    Args:
        input_shape: height, width, channels of one image; height and width divisible by 2 ** len(filters).
        latent_dim: length of the code.
        filters: filters of each convolution; each one halves height and width. None at all, `()`, builds dense layers
            alone.
        kernel_size: height and width of the kernels.
        units: units of a dense layer before the heads, or of several in turn; None leaves them out.
        hidden_activation: of all layers but the heads, `"relu"` or another name that Keras knows.
        heads: names of the outputs. `("z_mean", "z_log_var")` makes the encoder of a variational autoencoder.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to (batch_size, latent_dim), in float32; with several heads
        to a list of such. By default 44,628 parameters.

    Raises:
        ValueError: `input_shape` cannot be halved so often, `latent_dim` is below 1, or there is no head.
    """
    _check(input_shape, latent_dim, filters)
    if not heads:
        raise ValueError(f"heads must name at least one output. Received: heads={heads}")
    image = x = keras.Input(input_shape, name="image")
    for number, count in enumerate(filters, start=1):
        step = dict(strides=2, padding="same", activation=hidden_activation, name=f"conv_{number}")
        x = layers.Conv2D(count, kernel_size, **step)(x)
    x = _dense(layers.Flatten(name="flatten")(x), units, hidden_activation)
    outputs = [layers.Dense(latent_dim, dtype="float32", name=head)(x) for head in heads]
    return keras.Model(image, outputs if len(outputs) > 1 else outputs[0], name=name)


def Decoder(
    output_shape: tuple[int, int, int] = (28, 28, 1),
    latent_dim: int = 20,
    filters: Sequence[int] = (32, 16),
    kernel_size: int = 5,
    units: int | Sequence[int] | None = None,
    hidden_activation: str = "relu",
    activation: str = "sigmoid",
    name: str = "decoder",
) -> keras.Model:
    """Build the mirror of `Encoder`: a dense layer, then transposed convolutions of stride 2.

    Args:
        output_shape: height, width, channels of one image; height and width divisible by 2 ** len(filters).
        latent_dim: length of the code.
        filters: channels of the smallest map, then of each larger one; the last convolution makes the image. None at
            all, `()`, builds dense layers alone.
        kernel_size: height and width of the kernels.
        units: units of a dense layer after the code, or of several in turn; None leaves them out.
        hidden_activation: of all layers but the last.
        activation: of the pixels: `"sigmoid"` for [0, 1], `"tanh"` for [-1, 1].
        name: the model's name.

    Returns:
        A model from (batch_size, latent_dim) to images (batch_size, *output_shape), in float32.

    Raises:
        ValueError: as for `Encoder`.
    """
    _check(output_shape, latent_dim, filters)
    height, width = (size // 2 ** len(filters) for size in output_shape[:2])
    code = keras.Input((latent_dim,), name="z")
    x = _dense(code, units, hidden_activation)
    if not filters:
        x = layers.Dense(math.prod(output_shape), activation=activation, dtype="float32", name="values")(x)
        return keras.Model(code, layers.Reshape(output_shape, dtype="float32", name="pixels")(x), name=name)
    x = layers.Dense(height * width * filters[0], activation=hidden_activation, name="to_map")(x)
    x = layers.Reshape((height, width, filters[0]), name="map")(x)  # 7 x 7 x 32
    for number, count in enumerate(filters[1:], start=1):
        step = dict(strides=2, padding="same", activation=hidden_activation, name=f"up_{number}")
        x = layers.Conv2DTranspose(count, kernel_size, **step)(x)  # 14 x 14 x 16
    last = dict(strides=2, padding="same", activation=activation, dtype="float32", name="pixels")
    return keras.Model(code, layers.Conv2DTranspose(output_shape[-1], kernel_size, **last)(x), name=name)


def Autoencoder(encoder: keras.Model, decoder: keras.Model, name: str = "autoencoder") -> keras.Model:
    """Return the model that encodes and decodes. Weights are shared with both parts, not copied.

    Args:
        encoder: images to codes, as from `Encoder`.
        decoder: codes to images, as from `Decoder`.
        name: the model's name.
    """
    image = keras.Input(encoder.input_shape[1:], name="image")
    return keras.Model(image, decoder(encoder(image)), name=name)


@_registered
class Reparameterise(layers.Layer):
    """Draw a code: z = z_mean + exp(z_log_var / 2) * epsilon, with epsilon standard normal (section 2.4).

    The random part comes from outside, so gradients reach both inputs. Without `training` it draws as well: the code
    is a random variable. Use the mean itself where a fixed code is wanted.

    Input: a list of z_mean and z_log_var, (batch_size, latent_dim) each. Output: z, of the same shape.
    """

    def __init__(self, seed: int | None = None, **keywords):
        super().__init__(**keywords)
        self.seed, self._generator = seed, keras.random.SeedGenerator(seed)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(ops.shape(z_mean), dtype=z_mean.dtype, seed=self._generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@_registered
class KLPenalty(layers.Layer):
    """Add beta times the mean KL divergence of the batch's codes from the standard normal to the model's loss.

    Input and output: a list of z_mean and z_log_var, passed through unchanged.
    """

    def __init__(self, beta: float = 1.0, **keywords):
        super().__init__(**keywords)
        self.beta = beta

    def call(self, inputs):
        self.add_loss(self.beta * ops.mean(losses.kl_divergence(*inputs)))
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "beta": self.beta}


def VAE(
    encoder: keras.Model, decoder: keras.Model, beta: float = 1.0, seed: int | None = None, name: str = "vae"
) -> keras.Model:
    """Return a variational autoencoder: encode to mean and log-variance, draw a code, decode.

    Compiled with `losses.bernoulli` it minimises the negative of the evidence lower bound (equation 10) for beta = 1:

        model = VAE(Encoder(heads=("z_mean", "z_log_var")), Decoder())
        model.compile(keras.optimizers.Adam(1e-3), loss=losses.bernoulli)
        model.fit(images, images)

    Args:
        encoder: images to a list of z_mean and z_log_var, (batch_size, latent_dim) each.
        decoder: codes to images in [0, 1].
        beta: weight of the KL divergence, 0 or more (Higgins et al. 2017).
        seed: of the codes' random part.
        name: the model's name.

    Raises:
        ValueError: `encoder` has not two heads, or `beta` is negative.
    """
    if len(encoder.outputs) != 2:
        raise ValueError(f"encoder must have the heads z_mean and z_log_var. Received: {len(encoder.outputs)} outputs")
    if beta < 0:
        raise ValueError(f"beta must be 0 or more. Received: beta={beta}")
    image = keras.Input(encoder.input_shape[1:], name="image")
    heads = KLPenalty(beta, dtype="float32", name="kl_penalty")(encoder(image))
    code = Reparameterise(seed, dtype="float32", name="z")(heads)
    return keras.Model(image, decoder(code), name=name)


def _dense(x, units, activation):
    counts = [units] if isinstance(units, int) else units or ()
    for number, count in enumerate(counts, start=1):
        x = layers.Dense(count, activation=activation, name=f"dense_{number}" if number > 1 else "dense")(x)
    return x


def _check(shape, latent_dim, filters):
    halved = 2 ** len(filters)
    if len(shape) != 3 or shape[0] % halved or shape[1] % halved or math.prod(shape) < 1:
        raise ValueError(f"the image's height and width must be divisible by {halved}. Received: shape={shape}")
    if latent_dim < 1:
        raise ValueError(f"latent_dim must be 1 or more. Received: latent_dim={latent_dim}")
