"""Networks trained on ImageNet: one door to all of them, with the preprocessing that each was trained with."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from helpers import profiles
from helpers.models.efficientnet import EfficientNetLite0
from helpers.models.squeezenet import SqueezeNet

# Module in `keras.applications`, with its `preprocess_input`: the builder in it
APPLICATIONS = {
    "mobilenet_v2": "MobileNetV2",
    "resnet50": "ResNet50",
    "vgg16": "VGG16",
    "xception": "Xception",
}
NAMES = ("efficientnet_lite0", "squeezenet", *APPLICATIONS)
STAND_IN = "efficientnet_lite0"  # its weights come with the install
SQUEEZENET_MEAN = (103.939, 116.779, 123.68)  # blue, green, red


class Pretrained(NamedTuple):
    """A network trained on ImageNet, without its classifier.

    Attributes:
        name: which network this is: the smaller one's name where it stands in.
        model: from preprocessed images to the last map, (batch_size, rows, columns, channels).
        preprocess: takes RGB images (N, height, width, 3) in [0, 255] and returns what `model` was trained on, float32.
        layer: name of the layer whose output the last map is: where the network was cut.
    """

    name: str
    model: keras.Model
    preprocess: Callable[[np.ndarray], np.ndarray]
    layer: str


def pretrained(name: str = STAND_IN, input_shape: tuple[int, int, int] = (224, 224, 3)) -> Pretrained:
    """Return a network trained on ImageNet, ready to have a new classifier put on it.

    `"efficientnet_lite0"` needs no network, `"squeezenet"` lies in the offline pack, and those of `keras.applications`
    are downloaded once by Keras, which checks them. What is not at hand is replaced by EfficientNet-Lite0, with one
    line that says so; in the `ci` profile nothing is downloaded.

    Args:
        name: `"efficientnet_lite0"`, `"squeezenet"` (version 1.1), `"mobilenet_v2"`, `"resnet50"`, `"vgg16"` or
            `"xception"`.
        input_shape: height, width, 3.

    Raises:
        ValueError: the name is not one of these.
        helpers.data.DataError: a file of weights is not the published one.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}. Received: name={name!r}")
    if name == STAND_IN:
        return _cut(name, EfficientNetLite0(input_shape, weights="imagenet", include_top=False), _as_it_is)
    try:
        if name == "squeezenet":
            return _cut(name, _squeezenet(input_shape), _blue_green_red)
        if profiles.name() == "ci":
            raise _NotAtHand("the profile ci downloads nothing")
        return _application(name, input_shape)
    except _NotAtHand as reason:
        print(f"{name} is not at hand ({reason}): {STAND_IN}, which is smaller, stands in")
        return pretrained(STAND_IN, input_shape)


class _NotAtHand(Exception):
    """Weights can't be had here and now; the message is the reason."""


def _cut(name, model, preprocess):
    return Pretrained(name, model, preprocess, model.layers[-1].name)


def _as_it_is(images):
    return np.asarray(images, "float32")


def _blue_green_red(images):
    return np.asarray(images, "float32")[..., ::-1] - np.array(SQUEEZENET_MEAN, "float32")


def _squeezenet(input_shape):
    from helpers.data.downloads import DataError, Unreachable

    try:
        return SqueezeNet(input_shape, weights="imagenet", include_top=False)
    except DataError as error:
        if isinstance(error.__cause__, Unreachable):  # not at hand; a wrong file is another matter
            raise _NotAtHand("it is in the offline pack of this course") from error
        raise


def _application(name, input_shape):
    builder = getattr(keras.applications, APPLICATIONS[name])
    try:
        model = builder(weights="imagenet", include_top=False, input_shape=input_shape)
    except Exception as error:  # keras.utils.get_file raises a plain Exception where there is no network
        if isinstance(error, ConnectionError | TimeoutError) or "URL fetch failure" in str(error):
            raise _NotAtHand("its download failed") from error
        raise
    module = getattr(keras.applications, name)
    # A copy: some of these write into the array they are given.
    return _cut(name, model, lambda images: module.preprocess_input(np.array(images, "float32")))
