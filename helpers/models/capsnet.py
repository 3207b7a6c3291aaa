"""A capsule network with routing by agreement. Derived in `2_8_capsules.ipynb`.

Sabour, Frosst and Hinton 2017, Dynamic routing between capsules (arXiv:1710.09829); equations and procedures below are
numbered as there. A capsule is a vector: its length says whether something is there, its direction how it looks.
"""

import math

import keras
from keras import layers, ops

EPSILON = 1e-7  # under the root: the gradient of a length stays finite at 0
RECONSTRUCTION_WEIGHT = 0.0005  # of `reconstruction_loss` beside `margin_loss`, section 4.1
_registered = keras.saving.register_keras_serializable(package="workbook")


@_registered
def squash(vectors: keras.KerasTensor, axis: int = -1) -> keras.KerasTensor:
    """Shorten vectors to a length below 1 and keep their direction: v = |s|^2 / (1 + |s|^2) * s / |s| (equation 1).

    Args:
        vectors: any shape; `axis` runs along each vector.
        axis: the axis of the vectors.

    Returns:
        The same shape; short vectors become shorter still, long ones get a length close to 1.
    """
    squared = ops.sum(ops.square(vectors), axis=axis, keepdims=True)
    return vectors * (ops.sqrt(squared + EPSILON) / (1 + squared))


def route(predictions: keras.KerasTensor, iterations: int = 3) -> tuple[keras.KerasTensor, list[keras.KerasTensor]]:
    """Route lower capsules to the upper capsules that their predictions agree with (procedure 1).

    Gradients flow through the last weighted sum only: the coupling coefficients count as constants, which saves time
    and memory and changes little.

    Args:
        predictions: (batch_size, upper, lower, size): what each lower capsule predicts for each upper one.
        iterations: number of weighted sums, at least 1; with 1 all couplings are equal.

    Returns:
        The upper capsules (batch_size, upper, size), and for each iteration the coupling coefficients
        (batch_size, upper, lower), which sum to 1 over the upper capsules.

    Raises:
        ValueError: `iterations` is below 1.
    """
    if iterations < 1:
        raise ValueError(f"iterations must be at least 1. Received: iterations={iterations}")
    fixed = ops.stop_gradient(predictions)
    logits = ops.zeros_like(fixed[..., 0])
    couplings = []
    for iteration in range(1, iterations + 1):
        couplings.append(ops.softmax(logits, axis=1))
        source = predictions if iteration == iterations else fixed
        capsules = squash(ops.matmul(couplings[-1][:, :, None, :], source)[:, :, 0, :])  # (batch_size, upper, size)
        if iteration < iterations:
            logits = logits + ops.matmul(fixed, capsules[..., None])[..., 0]  # scalar products
    return capsules, couplings


@_registered
class RoutedCapsules(keras.Layer):
    """Upper capsules: a matrix for each pair of lower and upper capsule predicts, then `route` decides.

    Args:
        capsules: number of upper capsules.
        size: length of their vectors.
        iterations: iterations of the routing, at least 1.

    Input (batch_size, lower, lower_size), output (batch_size, capsules, size).
    """

    window = "all"  # for `layer_table`: every lower capsule is seen

    def __init__(self, capsules: int, size: int, iterations: int = 3, **keywords):
        super().__init__(**keywords)
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1. Received: iterations={iterations}")
        self.capsules, self.size, self.iterations = capsules, size, iterations

    def build(self, shape):
        lower, lower_size = shape[1:]
        # So that capsules begin neither at length 0, where `squash` has no gradient, nor at 1, whatever their number.
        start = keras.initializers.RandomNormal(stddev=0.5 * self.capsules / math.sqrt(lower * self.size))
        self.kernel = self.add_weight((lower, lower_size, self.capsules, self.size), start, name="kernel")

    def predictions(self, vectors: keras.KerasTensor) -> keras.KerasTensor:
        """Return u_hat of equation 2, (batch_size, capsules, lower, size)."""
        return ops.einsum("nik,ikjd->njid", vectors, ops.convert_to_tensor(self.kernel))

    def call(self, vectors):
        return route(self.predictions(vectors), self.iterations)[0]

    def compute_output_shape(self, shape):
        return (shape[0], self.capsules, self.size)

    def multiply_adds(self, shape: tuple[int, int]) -> int:
        """Those of the predictions, the weighted sums and, between them, the scalar products, for one image."""
        lower, lower_size = shape
        return lower * self.capsules * self.size * (lower_size + 2 * self.iterations - 1)

    def get_config(self):
        own = dict(capsules=self.capsules, size=self.size, iterations=self.iterations)
        return {**super().get_config(), **own}


@_registered
class Length(keras.Layer):
    """Length of each capsule: (batch_size, capsules, size) to (batch_size, capsules)."""

    window = (1, 1)

    def call(self, capsules):
        return ops.sqrt(ops.sum(ops.square(capsules), axis=-1) + EPSILON)

    def multiply_adds(self, shape):
        return 0


@_registered
class Mask(keras.Layer):
    """Set all capsules but one to 0: keep that of the one-hot label, or the longest one where no label is given."""

    window = (1, 1)

    def call(self, capsules, label=None):
        if label is None:
            longest = ops.argmax(ops.sum(ops.square(capsules), axis=-1), axis=-1)
            label = ops.one_hot(longest, capsules.shape[1])
        return capsules * ops.cast(label, capsules.dtype)[..., None]

    def multiply_adds(self, shapes):
        return 0


def CapsNet(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    num_classes: int = 10,
    routing_iterations: int = 3,
    filters: int = 256,
    primary_capsules: int = 32,
    primary_size: int = 8,
    capsule_size: int = 16,
    decoder_units: tuple[int, ...] | None = (512, 1024),
    name: str = "capsnet",
) -> keras.Model:
    """Build a capsule network: a 9 x 9 convolution, primary capsules, one routed capsule a class, a decoder.

    After figures 1 and 2. 8,215,568 parameters, 6,804,224 without the decoder; the paper says 8.2 and 6.8 million.
    In training the decoder gets the capsule of the true class, so the network has a second input; `predictor` makes
    the network without it:

        model = CapsNet()
        weights = {"lengths": 1.0, "reconstruction": RECONSTRUCTION_WEIGHT}
        model.compile("adam", loss={"lengths": margin_loss, "reconstruction": reconstruction_loss},
                      loss_weights=weights, metrics={"lengths": "accuracy"})
        model.fit({"image": images, "label": one_hot}, {"lengths": one_hot, "reconstruction": images})
        lengths, reconstructions = predictor(model).predict(test_images)

    Args:
        input_shape: height, width, channels of one image, at least 17 x 17; values in [0, 1].
        num_classes: number of classes.
        routing_iterations: iterations of the routing, at least 1.
        filters: filters of the first convolution.
        primary_capsules: primary capsules at each place of the map, which is 6 x 6 for MNIST.
        primary_size: length of the primary capsules' vectors.
        capsule_size: length of the class capsules' vectors.
        decoder_units: units of the decoder's hidden layers; None leaves the decoder and the second input out.
        name: the model's name.

    Returns:
        A model from `{"image": (batch_size, height, width, channels), "label": (batch_size, num_classes), one-hot}` to
        `{"lengths": (batch_size, num_classes) in [0, 1), "reconstruction": like the images}`, in float32; without a
        decoder a model from images to lengths.
    """
    image = keras.Input(input_shape, name="image")
    start = dict(kernel_initializer="he_normal")
    x = layers.Conv2D(filters, 9, activation="relu", name="conv", **start)(image)  # 20 x 20 x 256
    primary = primary_capsules * primary_size
    x = layers.Conv2D(primary, 9, 2, name="primary_conv", **start)(x)  # 6 x 6 x 256
    x = layers.Reshape((-1, primary_size), name="primary_vectors")(x)  # 1152 x 8
    x = layers.Activation(squash, dtype="float32", name="primary_capsules")(x)
    routed = RoutedCapsules(num_classes, capsule_size, routing_iterations, dtype="float32", name="class_capsules")
    capsules = routed(x)  # 10 x 16
    lengths = Length(dtype="float32", name="lengths")(capsules)
    if decoder_units is None:
        return keras.Model(image, lengths, name=name)
    label = keras.Input((num_classes,), name="label")
    masked = Mask(dtype="float32", name="mask")(capsules, label)
    decoder = _decoder(input_shape, (num_classes, capsule_size), decoder_units)
    outputs = {"lengths": lengths, "reconstruction": decoder(masked)}
    return keras.Model({"image": image, "label": label}, outputs, name=name)


def predictor(model: keras.Model) -> keras.Model:
    """Return the network that needs no label: the decoder gets the longest capsule. Weights are shared, not copied.

    Args:
        model: a `CapsNet` with a decoder.

    Returns:
        A model from images to a list: lengths (batch_size, num_classes), reconstructions like the images.
    """
    capsules = model.get_layer("class_capsules").output
    reconstruction = model.get_layer("decoder")(model.get_layer("mask")(capsules))
    image = model.get_layer("image").output
    return keras.Model(image, [model.get_layer("lengths").output, reconstruction], name=f"{model.name}_predictor")


@_registered
def margin_loss(labels: keras.KerasTensor, lengths: keras.KerasTensor) -> keras.KerasTensor:
    """Return T max(0, 0.9 - |v|)^2 + 0.5 (1 - T) max(0, |v| - 0.1)^2, summed over the classes (equation 4).

    Args:
        labels: T, (batch_size, num_classes), 1 for each class that is there, else 0.
        lengths: |v|, (batch_size, num_classes), in [0, 1).

    Returns:
        One loss an image, (batch_size,).
    """
    labels = ops.cast(labels, lengths.dtype)
    present = labels * ops.square(ops.relu(0.9 - lengths))
    absent = 0.5 * (1 - labels) * ops.square(ops.relu(lengths - 0.1))
    return ops.sum(present + absent, axis=-1)


@_registered
def reconstruction_loss(images: keras.KerasTensor, reconstructions: keras.KerasTensor) -> keras.KerasTensor:
    """Return the squared error, summed over the pixels of each image (section 4.1).

    Args:
        images: (batch_size, height, width, channels), in [0, 1].
        reconstructions: the same shape.

    Returns:
        One loss an image, (batch_size,).
    """
    return ops.sum(ops.square(ops.cast(images, reconstructions.dtype) - reconstructions), axis=(1, 2, 3))


def _decoder(input_shape, capsules_shape, units):
    """Dense layers from the masked capsules to the pixels (figure 2)."""
    stack = [keras.Input(capsules_shape, name="masked_capsules"), layers.Flatten(name="flatten")]
    for number, count in enumerate(units, start=1):
        stack.append(layers.Dense(count, activation="relu", name=f"dense_{number}"))
    stack.append(layers.Dense(math.prod(input_shape), activation="sigmoid", dtype="float32", name="pixels"))
    return keras.Sequential([*stack, layers.Reshape(input_shape, dtype="float32", name="image")], name="decoder")
