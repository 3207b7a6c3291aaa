"""Generators, discriminators and critics. Derived in the notebooks `6_3_gan.ipynb` to `6_8_when_gans_fail.ipynb`.

Generators take codes z (batch_size, latent_dim) and return images in [-1, 1]; discriminators return one score an image
without a sigmoid (logits). With `num_classes` both take a second input, `label`: one-hot rows.
"""

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from helpers.models.autoencoders import Autoencoder, Decoder, Encoder

_registered = keras.saving.register_keras_serializable(package="workbook")


def MLPGenerator(
    output_shape: tuple[int, ...] = (28, 28, 1),
    latent_dim: int = 100,
    units: Sequence[int] = (1024, 1024),
    activation: str | None = "tanh",
    num_classes: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """Build dense layers with ReLU, then as many values as the output has. Derived in `6_3_gan.ipynb`.

    Args:
        output_shape: shape of what is generated: an image, or (2,) for a point in the plane.
        latent_dim: length of the code.
        units: units of the hidden layers. By default 1,956,624 parameters.
        activation: of the last layer; None leaves the values as they are.
        num_classes: length of the one-hot label; None builds the generator without labels.
        name: the model's name.
    """
    inputs, x = _joined_code(latent_dim, num_classes)
    for number, count in enumerate(units, start=1):
        x = layers.Dense(count, activation="relu", name=f"hidden_{number}")(x)
    x = layers.Dense(math.prod(output_shape), activation=activation, dtype="float32", name="values")(x)
    return keras.Model(inputs, layers.Reshape(output_shape, dtype="float32", name="sample")(x), name=name)


def MLPDiscriminator(
    input_shape: tuple[int, ...] = (28, 28, 1),
    units: Sequence[int] = (256, 256),
    slope: float = 0.01,
    num_classes: int | None = None,
    minibatch_kernels: int = 0,
    name: str = "discriminator",
) -> keras.Model:
    """Build dense layers with leaky ReLU, then one score. Derived in `6_3_gan.ipynb`.

    Args:
        input_shape: shape of what is judged.
        units: units of the hidden layers. By default 267,009 parameters.
        slope: of the leaky ReLU for negative values.
        num_classes: length of the one-hot label; None builds the discriminator without labels.
        minibatch_kernels: kernels of a `MinibatchDiscrimination` before the score; 0 leaves it out.
        name: the model's name.
    """
    image = keras.Input(input_shape, name="image")
    inputs, x = image, layers.Flatten(name="flatten")(image)
    if num_classes:
        label = keras.Input((num_classes,), name="label")
        inputs, x = [image, label], layers.Concatenate(name="joined")([x, label])
    for number, count in enumerate(units, start=1):
        x = layers.Dense(count, name=f"hidden_{number}")(x)
        x = layers.LeakyReLU(slope, name=f"leaky_{number}")(x)
    if minibatch_kernels:
        x = MinibatchDiscrimination(minibatch_kernels, dtype="float32", name="minibatch")(x)
    return keras.Model(inputs, layers.Dense(1, dtype="float32", name="score")(x), name=name)


def DCGANGenerator(
    output_shape: tuple[int, int, int] = (28, 28, 1),
    latent_dim: int = 100,
    units: int | None = 1024,
    filters: Sequence[int] = (128, 64),
    kernel_size: int = 4,
    batch_norm: bool = True,
    activation: str = "tanh",
    num_classes: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """Build dense layers, then transposed convolutions of stride 2, with batch normalisation and ReLU between them.

    After Radford et al. 2015 (arXiv:1511.06434), for small images. Derived in `6_4_dcgan.ipynb`.

    Args:
        output_shape: height, width, channels; height and width divisible by 2 ** len(filters).
        latent_dim: length of the code.
        units: units of the first dense layer; None goes straight to the smallest map.
        filters: channels of the smallest map (7 x 7 x 128), then of each larger one.
        kernel_size: height and width of the kernels; a multiple of the stride 2 leaves no checkerboard.
        batch_norm: False leaves the normalisation out.
        activation: of the pixels.
        num_classes: length of the one-hot label, joined to z; None builds the generator without labels.
        name: the model's name.

    Raises:
        ValueError: `output_shape` cannot be halved so often.
    """
    halved = 2 ** len(filters)
    if len(output_shape) != 3 or output_shape[0] % halved or output_shape[1] % halved:
        raise ValueError(f"output_shape must be divisible by {halved}. Received: output_shape={output_shape}")
    height, width = output_shape[0] // halved, output_shape[1] // halved

    def normalised(x, layer):
        x = layer(x)
        if batch_norm:
            x = layers.BatchNormalization(momentum=0.9, name=f"{layer.name}_norm")(x)
        return layers.ReLU(name=f"{layer.name}_relu")(x)

    inputs, x = _joined_code(latent_dim, num_classes)
    if units:
        x = normalised(x, layers.Dense(units, name="dense"))
    x = normalised(x, layers.Dense(height * width * filters[0], name="to_map"))
    x = layers.Reshape((height, width, filters[0]), name="map")(x)  # 7 x 7 x 128
    for number, count in enumerate(filters[1:], start=1):
        up = layers.Conv2DTranspose(count, kernel_size, 2, padding="same", name=f"up_{number}")
        x = normalised(x, up)  # 14 x 14 x 64
    last = dict(padding="same", activation=activation, dtype="float32", name="sample")
    return keras.Model(inputs, layers.Conv2DTranspose(output_shape[-1], kernel_size, 2, **last)(x), name=name)


def DCGANDiscriminator(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    filters: Sequence[int] = (32, 64),
    kernel_size: int = 5,
    units: int | None = 1024,
    slope: float = 0.2,
    num_classes: int | None = None,
    constraint: keras.constraints.Constraint | None = None,
    name: str = "discriminator",
) -> keras.Model:
    """Build convolutions of stride 2 with leaky ReLU, a dense layer, then one score. Derived in `6_4_dcgan.ipynb`.

    Args:
        input_shape: height, width, channels of one image.
        filters: filters of each convolution.
        kernel_size: height and width of the kernels.
        units: units of the dense layer; None leaves it out.
        slope: of the leaky ReLU for negative values.
        num_classes: length of the one-hot label, which becomes one more channel a class; None leaves it out.
        constraint: put on every kernel and bias: `ClipWeights(0.01)` makes the critic of a Wasserstein GAN.
        name: the model's name.
    """
    kept = dict(kernel_constraint=constraint, bias_constraint=constraint)
    inputs = x = keras.Input(input_shape, name="image")
    if num_classes:
        label = keras.Input((num_classes,), name="label")
        plane = layers.RepeatVector(input_shape[0] * input_shape[1], name="repeated")(label)
        plane = layers.Reshape((*input_shape[:2], num_classes), name="label_planes")(plane)
        inputs, x = [inputs, label], layers.Concatenate(name="joined")([x, plane])
    for number, count in enumerate(filters, start=1):
        x = layers.Conv2D(count, kernel_size, 2, padding="same", name=f"conv_{number}", **kept)(x)
        x = layers.LeakyReLU(slope, name=f"leaky_{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    if units:
        x = layers.LeakyReLU(slope, name="leaky_dense")(layers.Dense(units, name="dense", **kept)(x))
    return keras.Model(inputs, layers.Dense(1, dtype="float32", name="score", **kept)(x), name=name)


def BEGANDiscriminator(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    latent_dim: int = 32,
    filters: Sequence[int] = (16, 32),
    units: int | None = None,
    activation: str = "tanh",
    name: str = "discriminator",
) -> keras.Model:
    """Build an autoencoder that scores an image by its reconstruction error, the mean of |x - D(x)| over the pixels.

    Berthelot et al. 2017 (arXiv:1703.10717), equation 1 with eta = 1. Derived in `6_6_began.ipynb`.

    Args:
        input_shape: height, width, channels of one image.
        latent_dim: length of the autoencoder's code.
        filters: of the encoder; the decoder has them the other way round.
        units: units of a dense layer before and after the code; None leaves them out.
        activation: of the decoder's pixels; `"tanh"` for images in [-1, 1].
        name: the model's name.

    Returns:
        A model from images to errors (batch_size, 1), 0 or more; its layer `autoencoder` is the network itself.
    """
    encoder = Encoder(input_shape, latent_dim, filters, units=units)
    decoder = Decoder(input_shape, latent_dim, tuple(filters)[::-1], units=units, activation=activation)
    image = keras.Input(input_shape, name="image")
    copy = Autoencoder(encoder, decoder)(image)
    error = AbsoluteError(dtype="float32", name="error")([image, copy])
    return keras.Model(image, error, name=name)


class InTraining(layers.Layer):
    """A generator in training mode, whatever is asked of the model around it: batch normalisation sees the batch.

    `predict_on_batch` asks all layers of its model for inference, but not the layers inside of a layer.
    """

    def __init__(self, generator: keras.Model, **keywords):
        super().__init__(**keywords)
        self.generator = generator

    def call(self, inputs):
        return self.generator(inputs, training=True)

    def compute_output_shape(self, input_shape):
        return self.generator.output_shape


@_registered
class AbsoluteError(layers.Layer):
    """Mean absolute difference of two batches of images: (batch_size, height, width, channels) to (batch_size, 1)."""

    def call(self, inputs):
        difference = ops.abs(inputs[0] - inputs[1])
        return ops.mean(ops.reshape(difference, (-1, math.prod(difference.shape[1:]))), axis=1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)


@_registered
class MinibatchDiscrimination(layers.Layer):
    """Tell the discriminator how close each sample is to the others of its batch. Derived in `6_8_when_gans_fail`.

    Salimans et al. 2016 (arXiv:1606.03498), section 3.2: M_i = f(x_i) T; o_b(x_i) = sum over j of
    exp(-|M_ib - M_jb|_1), and o is joined to f. The sample itself, whose term is always 1, is left out.

    Args:
        kernels: B, the number of sums that are joined.
        size: C, the length of the vectors that are compared.

    Input (batch_size, features), output (batch_size, features + kernels).
    """

    def __init__(self, kernels: int = 16, size: int = 8, **keywords):
        super().__init__(**keywords)
        self.kernels, self.size = kernels, size

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.kernels * self.size), "glorot_uniform", name="kernel")

    def call(self, features):
        vectors = ops.reshape(ops.matmul(features, self.kernel), (-1, self.kernels, self.size))  # M
        distances = ops.sum(ops.abs(vectors[:, None] - vectors[None]), axis=-1)  # (batch_size, batch_size, kernels)
        closeness = ops.sum(ops.exp(-distances), axis=1) - 1
        return ops.concatenate([features, closeness], axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] + self.kernels)

    def get_config(self):
        return {**super().get_config(), "kernels": self.kernels, "size": self.size}


@_registered
class ClipWeights(keras.constraints.Constraint):
    """Keep every weight in [-limit, limit] after each step (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1).

    Args:
        limit: c of the paper, above 0.
    """

    def __init__(self, limit: float = 0.01):
        if not limit > 0:
            raise ValueError(f"limit must be above 0. Received: limit={limit}")
        self.limit = limit

    def __call__(self, weights):
        return ops.clip(weights, -self.limit, self.limit)

    def get_config(self):
        return {"limit": self.limit}


def _joined_code(latent_dim, num_classes):
    """Inputs of a generator, and the tensor that its layers begin with."""
    code = keras.Input((latent_dim,), name="z")
    if not num_classes:
        return code, code
    label = keras.Input((num_classes,), name="label")
    return [code, label], layers.Concatenate(name="joined")([code, label])
