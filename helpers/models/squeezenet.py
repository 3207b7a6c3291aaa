"""SqueezeNet, versions 1.0 and 1.1. Derived in `2_6_squeezenet.ipynb`."""

from pathlib import Path

import keras
from keras import layers

# Filters of the squeeze layer of fire2 to fire9; both expand layers have four times as many.
SQUEEZE = (16, 16, 32, 32, 48, 48, 64, 64)
# Version: filters and size of the first convolution, and the fire modules that max pooling follows.
VERSIONS = {"1.0": (96, 7, (4, 8)), "1.1": (64, 3, (3, 5))}


def SqueezeNet(
    input_shape: tuple[int, int, int] = (227, 227, 3),
    num_classes: int = 1000,
    version: str = "1.1",
    weights: str | Path | None = None,
    include_top: bool = True,
    batch_norm: bool = False,
    batch_norm_momentum: float = 0.9,
    dropout: float = 0.5,
    stem_stride: int = 2,
    weight_decay: float = 0.0,
    name: str = "squeezenet",
) -> keras.Model:
    """Build SqueezeNet: eight fire modules, each a 1 x 1 squeeze, then a 1 x 1 beside a 3 x 3 expand.

    After Iandola et al. 2016 (arXiv:1602.07360), table 1. 1,248,424 parameters in version 1.0, which the paper has,
    and 1,235,496 in the authors' release 1.1, which needs 2.4 times fewer multiplications: its first convolution is
    smaller and it pools earlier. What differs from the release: no ReLU between the last convolution and the softmax
    (a class whose scores are all negative would get no gradient), and pooling without padding, where Caffe rounds up.

    Args:
        input_shape: height, width, channels of one image. For `weights="imagenet"` channels are blue, green, red, and
            (103.939, 116.779, 123.68) is subtracted from values in [0, 255].
        num_classes: number of classes, the length of the output.
        version: `"1.0"` or `"1.1"`.
        weights: None starts at random (He et al. 2015); a path is a file that Keras can load into this model;
            `"imagenet"` (version 1.1 with `include_top=False`, no batch norm) is found by `helpers.data.weights`.
        include_top: False ends with the map of fire9, 512 channels, for a classifier of your own.
        batch_norm: True puts batch normalisation between each convolution, then without a bias, and its ReLU.
        batch_norm_momentum: how much of the running mean and variance is kept at each step.
        dropout: share switched off in training before the last convolution.
        stem_stride: stride of the first convolution.
        weight_decay: factor of the L2 penalty on every kernel.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32; with
        `include_top=False` to a map (batch_size, rows, columns, 512).

    Raises:
        ValueError: `version` is not one of these, or `weights="imagenet"` with another network than its own.
        helpers.data.downloads.DataError: the file with the ImageNet weights is not at hand; says where to get it.
    """
    if version not in VERSIONS:
        raise ValueError(f"version must be one of {', '.join(VERSIONS)}. Received: version={version!r}")
    if weights == "imagenet" and (version != "1.1" or include_top or batch_norm):
        raise ValueError(
            "weights='imagenet' must come with version='1.1', include_top=False and batch_norm=False. "
            f"Received: version={version!r}, include_top={include_top}, batch_norm={batch_norm}"
        )
    momentum = batch_norm_momentum if batch_norm else None
    common = dict(momentum=momentum, weight_decay=weight_decay)
    filters, kernel_size, pooled = VERSIONS[version]
    image = keras.Input(input_shape, name="image")
    x = _conv(image, filters, kernel_size, "conv1", strides=stem_stride, padding="valid", **common)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    for number, squeeze in enumerate(SQUEEZE, start=2):
        x = _fire(x, squeeze, f"fire{number}", **common)
        if number in pooled:
            x = layers.MaxPooling2D(3, 2, name=f"pool{number}")(x)
    if include_top:
        x = _head(x, num_classes, dropout, weight_decay)
    model = keras.Model(image, x, name=name)
    if weights is not None:
        model.load_weights(_imagenet() if weights == "imagenet" else weights)
    return model


def _conv(x, filters, kernel_size, name, *, momentum, weight_decay, strides=1, padding="same"):
    """Convolution and ReLU; batch normalisation between them unless `momentum` is None."""
    conv = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding=padding,
        use_bias=momentum is None,
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(weight_decay) if weight_decay else None,
        name=name,
    )
    x = conv(x)
    if momentum is not None:
        x = layers.BatchNormalization(momentum=momentum, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _fire(x, squeeze, name, **common):
    """The paper's figure 2; a Keras name holds no slash, so `fire2/squeeze1x1` is `fire2_squeeze1x1` here."""
    x = _conv(x, squeeze, 1, f"{name}_squeeze1x1", **common)
    branches = [
        _conv(x, 4 * squeeze, 1, f"{name}_expand1x1", **common),
        _conv(x, 4 * squeeze, 3, f"{name}_expand3x3", **common),
    ]
    return layers.Concatenate(name=f"{name}_concat")(branches)


def _head(x, num_classes, dropout, weight_decay):
    """Dropout, one 1 x 1 convolution with a filter a class, its mean over the map, softmax."""
    x = layers.Dropout(dropout, name="drop9")(x)
    penalty = keras.regularizers.L2(weight_decay) if weight_decay else None
    small = keras.initializers.RandomNormal(stddev=0.01)  # as in the release
    x = layers.Conv2D(num_classes, 1, kernel_initializer=small, kernel_regularizer=penalty, name="conv10")(x)
    x = layers.GlobalAveragePooling2D(name="pool10")(x)
    return layers.Activation("softmax", dtype="float32", name="probabilities")(x)


def _imagenet():
    from helpers.data import weights

    return weights.find("squeezenet")
