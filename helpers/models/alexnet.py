"""AlexNet and its first revision, ZFNet. Derived in `2_2_alexnet.ipynb`; ZFNet in `2_1_lenet_to_vgg.ipynb`."""

import keras
from keras import layers


def AlexNet(
    input_shape: tuple[int, int, int] = (227, 227, 3),
    num_classes: int = 1000,
    batch_norm: bool = True,
    dropout: tuple[float, float] = (0.25, 0.5),
    weight_decay: float = 2e-4,
    groups: int = 1,
    dense_units: int = 4096,
    batch_norm_momentum: float = 0.9,
    name: str = "alexnet",
) -> keras.Model:
    """Build AlexNet: five convolutions, three max pooling layers of 3 x 3 with stride 2, two dense layers, softmax.

    After Krizhevsky, Sutskever and Hinton 2012 (doi:10.1145/3065386), section 3.5. The paper writes 224 x 224, but its
    first layer gives 55 x 55 only from 227: (227 - 11) / 4 + 1 = 55. Weights and biases with `batch_norm=False`:
    60,965,224 with the paper's two groups and 1000 classes; 62,378,344 without groups; 58,289,538 without groups and
    with 2 classes. Batch normalisation adds 38,272, half of them trained. What differs from the paper: batch
    normalisation (after the activation) instead of local response normalisation, dropout after pooling as well, He
    initialisation instead of a normal distribution with a deviation of 0.01, one group where `groups=1`.

    Args:
        input_shape: height, width, channels of one image; 67 x 67 is the smallest.
        num_classes: number of classes, the length of the output.
        batch_norm: normalise after each activation; False leaves the layers out.
        dropout: shares switched off in training, after each pooling layer and after each dense layer.
        weight_decay: factor of the L2 penalty on every kernel (the paper: 5e-4 in the optimiser).
        groups: 2 splits the second, fourth and fifth convolution in two halves that do not see each other, as the
            paper does for its two GPUs.
        dense_units: units of each of the two dense layers.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.
    """
    common = dict(batch_norm=batch_norm, momentum=batch_norm_momentum, weight_decay=weight_decay)
    image = x = keras.Input(input_shape, name="image")
    x = _conv(x, 96, 11, 1, strides=4, padding="valid", **common)  # 55 x 55 x 96
    x = layers.MaxPooling2D(3, 2, name="pool_1")(x)  # 27 x 27
    x = layers.Dropout(dropout[0], name="dropout_1")(x)
    x = _conv(x, 256, 5, 2, groups=groups, **common)  # 27 x 27 x 256
    x = layers.MaxPooling2D(3, 2, name="pool_2")(x)  # 13 x 13
    x = layers.Dropout(dropout[0], name="dropout_2")(x)
    x = _conv(x, 384, 3, 3, **common)  # 13 x 13 x 384
    x = _conv(x, 384, 3, 4, groups=groups, **common)  # 13 x 13 x 384
    x = _conv(x, 256, 3, 5, groups=groups, **common)  # 13 x 13 x 256
    x = layers.MaxPooling2D(3, 2, name="pool_5")(x)  # 6 x 6
    x = layers.Dropout(dropout[0], name="dropout_5")(x)
    return keras.Model(image, _head(x, num_classes, dense_units, dropout[1], **common), name=name)


def ZFNet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    batch_norm: bool = True,
    dropout: tuple[float, float] = (0.0, 0.5),
    weight_decay: float = 2e-4,
    dense_units: int = 4096,
    batch_norm_momentum: float = 0.9,
    name: str = "zfnet",
) -> keras.Model:
    """Build ZFNet: AlexNet with a first layer of 7 x 7 and stride 2, and a second one with stride 2.

    After Zeiler and Fergus 2014 (arXiv:1311.2901), figure 3, whose sides are 110, 55, 26, 13, 13, 13, 13, 6. They fit
    together only with paddings the paper does not give: here one row and column of zeros before the first
    convolution, and `"same"` in the first two pooling layers. Weights and biases with `batch_norm=False` and 1000
    classes: 62,357,608. Batch normalisation stands where the paper has contrast normalisation.

    Args:
        input_shape: height, width, channels of one image; 54 x 54 is the smallest.
        num_classes: number of classes, the length of the output.
        batch_norm: normalise after each activation; False leaves the layers out.
        dropout: shares switched off in training, after each pooling layer and after each dense layer.
        weight_decay: factor of the L2 penalty on every kernel.
        dense_units: units of each of the two dense layers.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.
    """
    common = dict(batch_norm=batch_norm, momentum=batch_norm_momentum, weight_decay=weight_decay)
    image = keras.Input(input_shape, name="image")
    x = layers.ZeroPadding2D(((1, 0), (1, 0)), name="pad")(image)  # 225 x 225
    x = _conv(x, 96, 7, 1, strides=2, padding="valid", **common)  # 110 x 110 x 96
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool_1")(x)  # 55 x 55
    x = layers.Dropout(dropout[0], name="dropout_1")(x)
    x = _conv(x, 256, 5, 2, strides=2, padding="valid", **common)  # 26 x 26 x 256
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool_2")(x)  # 13 x 13
    x = layers.Dropout(dropout[0], name="dropout_2")(x)
    for number, filters in ((3, 384), (4, 384), (5, 256)):
        x = _conv(x, filters, 3, number, **common)  # 13 x 13
    x = layers.MaxPooling2D(3, 2, name="pool_5")(x)  # 6 x 6
    x = layers.Dropout(dropout[0], name="dropout_5")(x)
    return keras.Model(image, _head(x, num_classes, dense_units, dropout[1], **common), name=name)


def _penalty(weight_decay: float) -> keras.Regularizer | None:
    return keras.regularizers.L2(weight_decay) if weight_decay else None


def _conv(x, filters, kernel_size, number, *, batch_norm, momentum, weight_decay, padding="same", **keywords):
    """Convolution, ReLU, then batch normalisation."""
    conv = layers.Conv2D(
        filters,
        kernel_size,
        padding=padding,
        activation="relu",
        kernel_initializer="he_normal",
        kernel_regularizer=_penalty(weight_decay),
        name=f"conv_{number}",
        **keywords,
    )
    return _normalised(conv(x), batch_norm, momentum, f"norm_{number}")


def _head(x, num_classes, dense_units, dropout, *, batch_norm, momentum, weight_decay):
    """Two dense layers, each with ReLU, batch normalisation and dropout, then softmax."""
    x = layers.Flatten(name="flatten")(x)
    for number in (6, 7):
        dense = layers.Dense(
            dense_units,
            activation="relu",
            kernel_initializer="he_normal",
            kernel_regularizer=_penalty(weight_decay),
            name=f"dense_{number}",
        )
        x = _normalised(dense(x), batch_norm, momentum, f"norm_{number}")
        x = layers.Dropout(dropout, name=f"dropout_{number}")(x)
    last = dict(activation="softmax", kernel_regularizer=_penalty(weight_decay), dtype="float32", name="probabilities")
    return layers.Dense(num_classes, **last)(x)


def _normalised(x, batch_norm, momentum, name):
    return layers.BatchNormalization(momentum=momentum, name=name)(x) if batch_norm else x
