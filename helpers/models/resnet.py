"""Residual networks: the family for CIFAR-10, and ResNet-50. Derived in `2_5_resnet.ipynb`."""

import keras
from keras import layers

SHORTCUTS = ("identity", "projection", None)
ORDERS = ("post", "pre")


def ResNet(
    depth: int = 20,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    shortcut: str | None = "identity",
    order: str = "post",
    filters: int = 16,
    weight_decay: float = 1e-4,
    batch_norm_momentum: float = 0.9,
    name: str = "resnet",
) -> keras.Model:
    """Build a residual network for small images: H(x) = R(x) + x, with two 3 x 3 convolutions in R.

    After He, Zhang, Ren and Sun 2015 (arXiv:1512.03385), section 4.2: one convolution, then three stages of n blocks
    with 16, 32 and 64 filters on maps of 32, 16 and 8 pixels, global average pooling, softmax; 6n + 2 layers with
    weights. Table 6 counts 0.27, 0.46, 0.66, 0.85 and 1.7 million parameters for depth 20, 32, 44, 56 and 110; here
    269,722, 464,154, 658,586, 853,018 and 1,727,962 that are trained.

    Args:
        depth: number of layers with weights, 6n + 2.
        input_shape: height, width, channels of one image; values around 0.
        num_classes: number of classes, the length of the output.
        shortcut: where a stage begins the map halves and the channels double. `"identity"` takes every second pixel
            and adds channels of zeros (the paper's option A, no parameters); `"projection"` is a 1 x 1 convolution
            with stride 2 (option B). None leaves all shortcuts out: a plain network with the same weights.
        order: `"post"` is convolution, batch norm, ReLU, with the last ReLU after the sum, as published; `"pre"` is
            batch norm, ReLU, convolution, with nothing after the sum (He et al. 2016, arXiv:1603.05027, figure 1b).
        filters: filters of the first stage; the others have two and four times as many.
        weight_decay: factor of the L2 penalty on every kernel. It has no factor 1/2, so 1e-4 pulls twice as hard as the
            paper's decay of 1e-4.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.

    Raises:
        ValueError: `depth` is not 6n + 2, or `shortcut` or `order` is not one of these.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth must be 6n + 2: 8, 14, 20, 26, 32, ... Received: depth={depth}")
    if shortcut not in SHORTCUTS:
        raise ValueError(f"shortcut must be one of {SHORTCUTS}. Received: shortcut={shortcut!r}")
    if order not in ORDERS:
        raise ValueError(f"order must be one of {ORDERS}. Received: order={order!r}")
    parts = _Parts(weight_decay, batch_norm_momentum)
    image = keras.Input(input_shape, name="image")
    x = parts.conv(image, filters, "conv")  # 32 x 32 x 16
    if order == "post":
        x = parts.norm_relu(x, "conv")
    for stage in (1, 2, 3):
        for number in range(1, (depth - 2) // 6 + 1):
            strides = 2 if stage > 1 and number == 1 else 1  # 16 x 16 x 32, then 8 x 8 x 64
            block = _post_block if order == "post" else _pre_block
            x = block(x, parts, filters * 2 ** (stage - 1), strides, shortcut, f"stage{stage}_block{number}")
    if order == "pre":
        x = parts.norm_relu(x, "last")
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    last = dict(activation="softmax", kernel_regularizer=parts.penalty(), dtype="float32", name="probabilities")
    return keras.Model(image, layers.Dense(num_classes, **last)(x), name=name)


def ResNet50(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    weights: str | None = None,
    name: str = "resnet50",
) -> keras.Model:
    """Build ResNet-50 from `keras.applications`, with a new last layer.

    After He et al. 2015 (arXiv:1512.03385), table 1: stages of 3, 4, 6 and 3 bottleneck blocks. 25,636,712 parameters
    with 1000 classes, 53,120 of them running means and variances.

    Args:
        input_shape: height, width, channels of one image, at least 32 x 32; `keras.applications.resnet` has the
            `preprocess_input` that its weights need.
        num_classes: number of classes, the length of the output.
        weights: None, a path to a weights file without the last layer, or `"imagenet"`, which Keras downloads (95 MB).
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.
    """
    body = keras.applications.ResNet50(include_top=False, weights=weights, input_shape=input_shape, pooling="avg")
    head = layers.Dense(num_classes, activation="softmax", dtype="float32", name="probabilities")
    return keras.Model(body.input, head(body.output), name=name)


class _Parts:
    """Convolution and batch normalisation with the settings that are the same in the whole network."""

    def __init__(self, weight_decay, momentum):
        self.weight_decay, self.momentum = weight_decay, momentum

    def penalty(self):
        return keras.regularizers.L2(self.weight_decay) if self.weight_decay else None

    def conv(self, x, filters, name, kernel_size=3, strides=1):
        common = dict(padding="same", use_bias=False, kernel_initializer="he_normal")
        conv = layers.Conv2D(filters, kernel_size, strides, kernel_regularizer=self.penalty(), name=name, **common)
        return conv(x)

    def norm(self, x, name):
        return layers.BatchNormalization(momentum=self.momentum, name=f"{name}_norm")(x)

    def norm_relu(self, x, name):
        return layers.ReLU(name=f"{name}_relu")(self.norm(x, name))


def _post_block(x, parts, filters, strides, shortcut, name):
    residual = parts.conv(x, filters, f"{name}_conv1", strides=strides)
    residual = parts.norm_relu(residual, f"{name}_conv1")
    residual = parts.norm(parts.conv(residual, filters, f"{name}_conv2"), f"{name}_conv2")
    if shortcut:
        skipped = _shortcut(x, parts, filters, strides, shortcut, name)
        if shortcut == "projection" and strides > 1:
            skipped = parts.norm(skipped, f"{name}_shortcut")
        residual = layers.Add(name=f"{name}_add")([residual, skipped])
    return layers.ReLU(name=f"{name}_relu")(residual)


def _pre_block(x, parts, filters, strides, shortcut, name):
    residual = parts.norm_relu(x, f"{name}_conv1")
    residual = parts.conv(residual, filters, f"{name}_conv1", strides=strides)
    residual = parts.conv(parts.norm_relu(residual, f"{name}_conv2"), filters, f"{name}_conv2")
    if not shortcut:
        return residual
    return layers.Add(name=f"{name}_add")([residual, _shortcut(x, parts, filters, strides, shortcut, name)])


def _shortcut(x, parts, filters, strides, shortcut, name):
    """What is added to the residual; x itself unless the shape changes."""
    if strides == 1:
        return x
    x = layers.AveragePooling2D(1, strides, name=f"{name}_every_second")(x)  # of one pixel: every second pixel
    # The stride stands here and not in the convolution: with fewer than 16 channels the library behind TensorFlow on
    # processors writes past its memory in the gradient of a strided 1 x 1 kernel (uxlfoundation/oneDNN, issue 6035).
    if shortcut == "projection":
        return parts.conv(x, filters, f"{name}_shortcut", kernel_size=1)
    zeros = filters - x.shape[-1]
    # Read as channels first, the last axis is a width: so a layer that pads images pads the channels.
    return layers.ZeroPadding2D(((0, 0), (0, zeros)), data_format="channels_first", name=f"{name}_zeros")(x)
