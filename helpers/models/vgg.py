"""VGG-16 and VGG-19, and a small network of the same kind. Derived in `2_1_lenet_to_vgg.ipynb`."""

import keras
from keras import layers

FILTERS = (64, 128, 256, 512, 512)  # of the five blocks


def VGG16(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    dropout: float = 0.5,
    dense_units: int = 4096,
    name: str = "vgg16",
) -> keras.Model:
    """Build VGG-16: 13 convolutions of 3 x 3 in five blocks, each ended by max pooling, then three dense layers.

    After Simonyan and Zisserman 2015 (arXiv:1409.1556), table 1, column D: 138 million parameters (table 2), here
    138,357,544. Layers have the names of `keras.applications.VGG16` (but for the last, there `predictions`) and the
    same order, so its weights fit: `ours.set_weights(theirs.get_weights())`. Kernels start as He et al. 2015 propose
    (arXiv:1502.01852): the paper had to start its deep networks from trained shallow ones.

    Args:
        input_shape: height, width, channels of one image, at least 32 x 32.
        num_classes: number of classes, the length of the output.
        dropout: share switched off in training after each of the two hidden dense layers.
        dense_units: units of each of the two hidden dense layers.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.
    """
    return _vgg((2, 2, 3, 3, 3), input_shape, num_classes, dropout, dense_units, name)


def VGG19(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    dropout: float = 0.5,
    dense_units: int = 4096,
    name: str = "vgg19",
) -> keras.Model:
    """Build VGG-19: `VGG16` with a fourth convolution in each of its last three blocks.

    After Simonyan and Zisserman 2015 (arXiv:1409.1556), table 1, column E: 144 million parameters (table 2), here
    143,667,240.

    Args:
        input_shape: height, width, channels of one image, at least 32 x 32.
        num_classes: number of classes, the length of the output.
        dropout: share switched off in training after each of the two hidden dense layers.
        dense_units: units of each of the two hidden dense layers.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.
    """
    return _vgg((2, 2, 4, 4, 4), input_shape, num_classes, dropout, dense_units, name)


def SmallVGG(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    filters: tuple[int, ...] = (32, 64),
    dense_units: int = 512,
    dropout: tuple[float, float] = (0.25, 0.5),
    weight_decay: float = 0.0,
    batch_norm_momentum: float = 0.9,
    name: str = "small_vgg",
) -> keras.Model:
    """Build blocks of two 3 x 3 convolutions and max pooling, then one dense layer; batch norm after each activation.

    2,171,178 parameters as it stands, 1,408 of them running means and variances.

    Args:
        input_shape: height, width, channels of one image; values in [0, 1] or around 0.
        num_classes: number of classes, the length of the output.
        filters: filters of both convolutions of each block; there are as many blocks as numbers.
        dense_units: units of the hidden dense layer.
        dropout: shares switched off in training, after each block and after the dense layer.
        weight_decay: factor of the L2 penalty on every kernel.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.
    """
    penalty = keras.regularizers.L2(weight_decay) if weight_decay else None
    common = dict(activation="relu", kernel_initializer="he_normal", kernel_regularizer=penalty)
    image = x = keras.Input(input_shape, name="image")
    for block, width in enumerate(filters, start=1):
        for number in (1, 2):
            x = layers.Conv2D(width, 3, padding="same", name=f"block{block}_conv{number}", **common)(x)
            x = layers.BatchNormalization(momentum=batch_norm_momentum, name=f"block{block}_norm{number}")(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
        x = layers.Dropout(dropout[0], name=f"block{block}_dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense_units, name="dense", **common)(x)
    x = layers.BatchNormalization(momentum=batch_norm_momentum, name="dense_norm")(x)
    x = layers.Dropout(dropout[1], name="dense_dropout")(x)
    last = dict(activation="softmax", kernel_regularizer=penalty, dtype="float32", name="probabilities")
    return keras.Model(image, layers.Dense(num_classes, **last)(x), name=name)


def _vgg(convolutions, input_shape, num_classes, dropout, dense_units, name):
    common = dict(activation="relu", kernel_initializer="he_normal")
    image = x = keras.Input(input_shape, name="image")
    for block, (count, filters) in enumerate(zip(convolutions, FILTERS, strict=True), start=1):
        for number in range(1, count + 1):
            x = layers.Conv2D(filters, 3, padding="same", name=f"block{block}_conv{number}", **common)(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)  # 112, 56, 28, 14, 7
    x = layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        x = layers.Dense(dense_units, name=f"fc{number}", **common)(x)
        x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    x = layers.Dense(num_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name=name)
