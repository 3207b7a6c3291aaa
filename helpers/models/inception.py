"""Networks of Inception modules. Derived in `2_3_inception.ipynb` and `2_4_tiny_imagenet.ipynb`."""

import keras
from keras import layers

# Szegedy et al. 2014, table 1: filters of 1 x 1, 3 x 3 reduce, 3 x 3, 5 x 5 reduce, 5 x 5, pool projection.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def MiniGoogLeNet(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    dropout: float = 0.5,
    weight_decay: float = 0.0,
    width: float = 1.0,
    batch_norm_momentum: float = 0.9,
    name: str = "mini_googlenet",
) -> keras.Model:
    """Build the small Inception network of Zhang et al. 2017 (arXiv:1611.03530), figure 3, for 32 x 32 images.

    Its modules are "Miniceptions", a 1 x 1 beside a 3 x 3 convolution; a downsampling module is a 3 x 3 convolution
    beside max pooling, both with stride 2 and no padding. Every convolution is followed by batch normalisation, then
    ReLU, and has no bias, which the normalisation would take off again. 1,654,538 parameters as it stands, 3,424 of
    them running means and variances.

    Args:
        input_shape: height, width, channels of one image, at least 7 x 7; values in [0, 1] or around 0.
        num_classes: number of classes, the length of the output.
        dropout: share switched off in training before the last layer.
        weight_decay: factor of the L2 penalty on every kernel.
        width: factor of all numbers of filters, above 0; 0.25 makes a network for quick trials.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.

    Raises:
        ValueError: `width` is not above 0.
    """
    if width <= 0:
        raise ValueError(f"width must be above 0. Received: width={width}")
    common = dict(momentum=batch_norm_momentum, weight_decay=weight_decay)
    stages = (  # filters of the Miniceptions, then of the downsampling module
        ([(32, 32), (32, 48)], 80),
        ([(112, 48), (96, 64), (80, 80), (48, 96)], 96),
        ([(176, 160), (176, 160)], None),
    )
    image = keras.Input(input_shape, name="image")
    x = _conv_norm(image, _scaled(96, width), 3, "conv", **common)  # 32 x 32 x 96
    for stage, (modules, downsample) in enumerate(stages, start=1):
        for number, filters in enumerate(modules, start=1):
            ones, threes = (_scaled(count, width) for count in filters)
            at = f"inception_{stage}{'abcd'[number - 1]}"
            branches = [_conv_norm(x, ones, 1, f"{at}_1x1", **common), _conv_norm(x, threes, 3, f"{at}_3x3", **common)]
            x = layers.Concatenate(name=at)(branches)
        if downsample:  # 15 x 15, then 7 x 7
            at = f"downsample_{stage}"
            half = dict(strides=2, padding="valid")
            pooled = layers.MaxPooling2D(3, name=f"{at}_pool", **half)(x)
            x = _conv_norm(x, _scaled(downsample, width), 3, f"{at}_3x3", **half, **common)
            x = layers.Concatenate(name=at)([x, pooled])
    return keras.Model(image, _head(x, num_classes, dropout, weight_decay), name=name)


def DeeperGoogLeNet(
    input_shape: tuple[int, int, int] = (64, 64, 3),
    num_classes: int = 200,
    with_4a_to_4e: bool = True,
    dropout: float = 0.4,
    weight_decay: float = 2e-4,
    batch_norm_momentum: float = 0.9,
    name: str = "deeper_googlenet",
) -> keras.Model:
    """Build GoogLeNet as far as its fourth stage, with a 5 x 5 stem of stride 1, for 64 x 64 images.

    What differs from `GoogLeNet`: the stem, no stage 5, no auxiliary heads, batch normalisation between each
    convolution (without a bias) and its ReLU, L2 on every kernel. Without 4a to 4e the pooling after them is left out
    too, and the last average is over 8 x 8 instead of 4 x 4.

    Args:
        input_shape: height, width, channels of one image; values around 0.
        num_classes: number of classes, the length of the output.
        with_4a_to_4e: False leaves the five modules of stage 4 out.
        dropout: share switched off in training before the last layer.
        weight_decay: factor of the L2 penalty on every kernel.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.
    """
    common = dict(momentum=batch_norm_momentum, weight_decay=weight_decay)
    image = keras.Input(input_shape, name="image")
    x = _conv_norm(image, 64, 5, "conv_1", **common)  # 64 x 64 x 64
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool_1")(x)  # 32 x 32
    x = _conv_norm(x, 64, 1, "conv_2_reduce", **common)
    x = _conv_norm(x, 192, 3, "conv_2", **common)  # 32 x 32 x 192
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool_2")(x)  # 16 x 16
    for at in ("3a", "3b"):
        x = _inception(x, at, _conv_norm, **common)  # 256, then 480 channels
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool_3")(x)  # 8 x 8
    if with_4a_to_4e:
        for at in ("4a", "4b", "4c", "4d", "4e"):
            x = _inception(x, at, _conv_norm, **common)  # 512, 512, 512, 528, 832 channels
        x = layers.MaxPooling2D(3, 2, padding="same", name="pool_4")(x)  # 4 x 4
    return keras.Model(image, _head(x, num_classes, dropout, weight_decay), name=name)


def GoogLeNet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    auxiliary: bool = True,
    dropout: float = 0.4,
    name: str = "googlenet",
) -> keras.Model:
    """Build GoogLeNet, 22 layers deep, with two auxiliary heads that train its middle.

    After Szegedy et al. 2014 (arXiv:1409.4842), table 1 and section 5. 6,998,552 parameters, with both heads
    13,378,280. Local response normalisation is left out (Simonyan and Zisserman 2015, section 4.1, found no gain from
    it); kernels start as He et al. 2015 propose.

    Args:
        input_shape: height, width, channels of one image; at least 65 x 65 with the auxiliary heads, whose average
            pooling of 5 x 5 needs a map of that size at 4a.
        num_classes: number of classes, the length of each output.
        auxiliary: add the heads at 4a and 4d as outputs two and three. They have dropout 0.7, and their losses count
            0.3: `compile(..., loss=["sparse_categorical_crossentropy"] * 3, loss_weights=[1, 0.3, 0.3])`, with the
            labels three times. After training, `keras.Model(model.input, model.outputs[0])` is without them.
        dropout: share switched off in training before the last layer.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32; with
        the auxiliary heads to a list of three.
    """
    image = keras.Input(input_shape, name="image")
    x = _conv(image, 64, 7, "conv_1", strides=2)  # 112 x 112 x 64
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool_1")(x)  # 56 x 56
    x = _conv(x, 64, 1, "conv_2_reduce")
    x = _conv(x, 192, 3, "conv_2")  # 56 x 56 x 192
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool_2")(x)  # 28 x 28
    heads = []
    for at in MODULES:
        x = _inception(x, at, _conv)
        if auxiliary and at in ("4a", "4d"):
            heads.append(_auxiliary_head(x, num_classes, f"auxiliary_{len(heads) + 1}"))
        if at in ("3b", "4e"):
            x = layers.MaxPooling2D(3, 2, padding="same", name=f"pool_{at[0]}")(x)  # 14 x 14, then 7 x 7
    output = _head(x, num_classes, dropout)
    return keras.Model(image, [output, *heads] if auxiliary else output, name=name)


def _conv(x, filters, kernel_size, name, strides=1):
    """Convolution with bias, then ReLU."""
    common = dict(padding="same", activation="relu", kernel_initializer="he_normal")
    return layers.Conv2D(filters, kernel_size, strides, name=name, **common)(x)


def _conv_norm(x, filters, kernel_size, name, *, momentum, weight_decay, strides=1, padding="same"):
    """Convolution without bias, batch normalisation, then ReLU."""
    conv = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(weight_decay) if weight_decay else None,
        name=name,
    )
    x = layers.BatchNormalization(momentum=momentum, name=f"{name}_norm")(conv(x))
    return layers.ReLU(name=f"{name}_relu")(x)


def _inception(x, at, conv, **common):
    """The module of table 1 called `at`: four branches side by side, concatenated."""
    ones, reduce_3, threes, reduce_5, fives, projection = MODULES[at]
    at = f"inception_{at}"
    branch_3 = conv(x, reduce_3, 1, f"{at}_3x3_reduce", **common)
    branch_5 = conv(x, reduce_5, 1, f"{at}_5x5_reduce", **common)
    pooled = layers.MaxPooling2D(3, 1, padding="same", name=f"{at}_pool")(x)
    branches = [
        conv(x, ones, 1, f"{at}_1x1", **common),
        conv(branch_3, threes, 3, f"{at}_3x3", **common),
        conv(branch_5, fives, 5, f"{at}_5x5", **common),
        conv(pooled, projection, 1, f"{at}_projection", **common),
    ]
    return layers.Concatenate(name=at)(branches)


def _head(x, num_classes, dropout, weight_decay=0.0):
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    penalty = keras.regularizers.L2(weight_decay) if weight_decay else None
    last = dict(activation="softmax", kernel_regularizer=penalty, dtype="float32", name="probabilities")
    return layers.Dense(num_classes, **last)(x)


def _auxiliary_head(x, num_classes, name):
    """Section 5: average pooling 5 x 5 with stride 3, 128 of 1 x 1, 1024 dense units, dropout 0.7, softmax."""
    x = layers.AveragePooling2D(5, 3, name=f"{name}_pool")(x)  # 4 x 4
    x = layers.Flatten(name=f"{name}_flatten")(_conv(x, 128, 1, f"{name}_conv"))
    x = layers.Dense(1024, activation="relu", kernel_initializer="he_normal", name=f"{name}_dense")(x)
    x = layers.Dropout(0.7, name=f"{name}_dropout")(x)
    return layers.Dense(num_classes, activation="softmax", dtype="float32", name=name)(x)


def _scaled(filters, width):
    return max(1, round(filters * width))
