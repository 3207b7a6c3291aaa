"""Networks of separable convolutions. Derived in `2_7_separable_convolutions.ipynb`."""

import keras
from keras import layers

CONVOLUTIONS = {"separable": layers.SeparableConv2D, "ordinary": layers.Conv2D}


def MiniXception(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    filters: tuple[int, ...] = (128, 256),
    middle_blocks: int = 1,
    exit_filters: int = 512,
    convolution: str = "separable",
    stem_stride: int = 1,
    dropout: float = 0.0,
    batch_norm_momentum: float = 0.9,
    name: str = "mini_xception",
) -> keras.Model:
    """Build a small Xception: the same blocks as `Xception`, fewer and narrower.

    Stem: 3 x 3 convolutions with 32 and 64 filters. Entry: a block for each of `filters`, two separable convolutions
    and max pooling with stride 2, beside a 1 x 1 projection. Middle: blocks of three separable convolutions beside
    the identity. Exit: one separable convolution, global average pooling, softmax. Batch normalisation follows every
    convolution, which has no bias. 540,458 parameters as it stands, 5,056 of them running means and variances.

    Args:
        input_shape: height, width, channels of one image; values around 0, Xception's are in [-1, 1].
        num_classes: number of classes, the length of the output.
        filters: filters of each entry block; each halves the map: 16 x 16, then 8 x 8.
        middle_blocks: number of blocks that keep the shape.
        exit_filters: filters of the last convolution.
        convolution: `"separable"`, or `"ordinary"` for the same network with ordinary 3 x 3 convolutions.
        stem_stride: stride of the first convolution, 2 for larger images.
        dropout: share switched off in training before the last layer.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.

    Raises:
        ValueError: `convolution` is not one of these, or `filters` is empty.
    """
    if convolution not in CONVOLUTIONS:
        raise ValueError(f"convolution must be one of {', '.join(CONVOLUTIONS)}. Received: convolution={convolution!r}")
    if not filters:
        raise ValueError(f"filters must hold a number for each entry block. Received: filters={filters}")
    common = dict(convolution=CONVOLUTIONS[convolution], momentum=batch_norm_momentum)
    image = keras.Input(input_shape, name="image")
    x = _stem(image, stem_stride, "same", batch_norm_momentum)
    for number, width in enumerate(filters, start=2):
        x = _down_block(x, (width, width), f"block{number}", relu_first=number > 2, **common)
    for number in range(len(filters) + 2, len(filters) + 2 + middle_blocks):
        x = _middle_block(x, f"block{number}", **common)
    x = _conv_norm_relu(x, exit_filters, f"block{len(filters) + 2 + middle_blocks}_sepconv1", **common)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(num_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name=name)


def Xception(
    input_shape: tuple[int, int, int] = (299, 299, 3),
    num_classes: int = 1000,
    batch_norm_momentum: float = 0.99,
    name: str = "xception",
) -> keras.Model:
    """Build Xception: 36 convolutions, 34 of them separable, with shortcuts around all but the first and last block.

    After Chollet 2017 (arXiv:1610.02357), figure 5. 22,910,480 parameters, 54,528 of them running means and variances.
    Layers are in the order of `keras.applications.Xception`, so its weights fit:
    `ours.set_weights(theirs.get_weights())`.

    Args:
        input_shape: height, width, channels of one image, at least 71 x 71; values in [-1, 1].
        num_classes: number of classes, the length of the output.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.
    """
    common = dict(convolution=layers.SeparableConv2D, momentum=batch_norm_momentum)
    image = keras.Input(input_shape, name="image")
    x = _stem(image, 2, "valid", batch_norm_momentum)  # 147 x 147 x 64
    x = _down_block(x, (128, 128), "block2", relu_first=False, **common)  # 74 x 74
    x = _down_block(x, (256, 256), "block3", **common)  # 37 x 37
    x = _down_block(x, (728, 728), "block4", **common)  # 19 x 19
    for number in range(5, 13):
        x = _middle_block(x, f"block{number}", **common)  # 19 x 19 x 728
    x = _down_block(x, (728, 1024), "block13", **common)  # 10 x 10
    x = _conv_norm_relu(x, 1536, "block14_sepconv1", **common)
    x = _conv_norm_relu(x, 2048, "block14_sepconv2", **common)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dense(num_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name=name)


def _stem(x, strides, padding, momentum):
    """Two ordinary convolutions of 3 x 3, each with batch normalisation and ReLU."""
    for number, (filters, step) in enumerate(((32, strides), (64, 1)), start=1):
        name = f"block1_conv{number}"
        x = layers.Conv2D(filters, 3, step, padding=padding, use_bias=False, name=name)(x)
        x = layers.BatchNormalization(momentum=momentum, name=f"{name}_bn")(x)
        x = layers.ReLU(name=f"{name}_act")(x)
    return x


def _conv_norm(x, filters, name, *, convolution, momentum):
    x = convolution(filters, 3, padding="same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(momentum=momentum, name=f"{name}_bn")(x)


def _conv_norm_relu(x, filters, name, **common):
    return layers.ReLU(name=f"{name}_act")(_conv_norm(x, filters, name, **common))


def _down_block(x, filters, name, *, relu_first=True, **common):
    """Two convolutions and max pooling with stride 2, beside a projection with stride 2."""
    skipped, strides = x, 2
    if x.shape[-1] < 16:  # a strided 1 x 1 kernel would break oneDNN: see `_shortcut` in resnet.py
        skipped, strides = layers.AveragePooling2D(1, 2, padding="same", name=f"{name}_every_second")(x), 1
    shortcut = dict(strides=strides, padding="same", use_bias=False, name=f"{name}_shortcut")
    skipped = layers.Conv2D(filters[-1], 1, **shortcut)(skipped)
    skipped = layers.BatchNormalization(momentum=common["momentum"], name=f"{name}_shortcut_bn")(skipped)
    if relu_first:
        x = layers.ReLU(name=f"{name}_sepconv1_act")(x)
    x = _conv_norm(x, filters[0], f"{name}_sepconv1", **common)
    x = layers.ReLU(name=f"{name}_sepconv2_act")(x)
    x = _conv_norm(x, filters[1], f"{name}_sepconv2", **common)
    x = layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_pool")(x)
    return layers.Add(name=f"{name}_add")([x, skipped])


def _middle_block(x, name, **common):
    """Three convolutions beside the identity; the number of channels stays."""
    skipped = x
    for number in (1, 2, 3):
        x = layers.ReLU(name=f"{name}_sepconv{number}_act")(x)
        x = _conv_norm(x, skipped.shape[-1], f"{name}_sepconv{number}", **common)
    return layers.Add(name=f"{name}_add")([x, skipped])
