"""Exercises of `1_4_cnn_and_rnn.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_convolution_parameters(answer) -> str | None:
    for kernel_size, channels, filters in ((3, 1, 64), (3, 64, 64), (5, 3, 8)):
        weights = kernel_size**2 * channels * filters
        expected, got = weights + filters, call(answer, kernel_size, channels, filters)
        if got == expected:
            continue
        reason = ""
        if got == weights:
            reason = " The biases are missing: one a filter."
        elif got == (kernel_size**2 + 1) * filters:
            reason = " A kernel is as deep as its input: kernel_size x kernel_size x channels weights a filter."
        elif got == weights + channels * filters:
            reason = " There is one bias a filter, not one for each pair of channel and filter."
        what = f"parameters of {filters} filters, {kernel_size} x {kernel_size}, on {channels} channels"
        return differ(what, got, expected) + reason
    return None


convolution_parameters = Exercise(
    title="Count the parameters of a convolution",
    examine=_examine_convolution_parameters,
    hints=(
        "The size of the image does not matter: the same kernel is used everywhere.",
        "One filter has kernel_size x kernel_size weights for each channel of its input, and one bias.",
        "Multiply what one filter has by the number of filters.",
    ),
    starter="def convolution_parameters(kernel_size, channels, filters):\n    return ...\n",
    solution_source="""
def convolution_parameters(kernel_size, channels, filters):
    return (kernel_size * kernel_size * channels + 1) * filters


answer = convolution_parameters
""",
)


def _strided(image: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    patches = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[::stride, ::stride]
    return (patches * kernel).sum(axis=(2, 3))


def _examine_strided_convolution(answer) -> str | None:
    random = np.random.default_rng(0)
    kernel = random.normal(size=(3, 3))
    for shape, stride in (((7, 7), 1), ((7, 7), 2), ((8, 6), 2), ((10, 10), 3)):
        image = random.normal(size=shape)
        expected, got = _strided(image, kernel, stride), np.asarray(call(answer, image, kernel, stride), dtype=float)
        if same(got, expected):
            continue
        what = f"image {shape[0]} x {shape[1]}, kernel 3 x 3, stride {stride}"
        if same(got, _strided(image, kernel[::-1, ::-1], stride)):
            return f"{what}: your kernel is turned round. Multiply patch and kernel as they are."
        if same(got, _strided(image, kernel, 1)):
            return f"{what}: your kernel stops at every pixel; it must move by stride pixels."
        if got.shape != expected.shape:
            reason = " Each side has (n - k) // stride + 1 positions."
            return f"{what}: expected shape {expected.shape}, your answer gave {got.shape}." + reason
        return differ(what, got, expected)
    return None


strided_convolution = Exercise(
    title="A convolution that takes larger steps",
    examine=_examine_strided_convolution,
    hints=(
        "Begin with `convolve` from this notebook. Which patch belongs to result[row, column] now?",
        "The patch starts at stride * row, stride * column.",
        "The result has (n - k) // stride + 1 rows and columns.",
    ),
    starter="def strided_convolution(image, kernel, stride):\n    return ...\n",
    solution_source="""
import numpy as np


def strided_convolution(image, kernel, stride):
    size = len(kernel)
    rows, columns = [(side - size) // stride + 1 for side in image.shape]
    result = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            top, left = stride * row, stride * column
            result[row, column] = (image[top : top + size, left : left + size] * kernel).sum()
    return result


answer = strided_convolution
""",
)


def _field(layers) -> int:
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field


def _examine_receptive_field(answer) -> str | None:
    for layers in ([(3, 1)], [(3, 1), (3, 1)], [(3, 1), (2, 2), (3, 1), (2, 2), (3, 1)], [(5, 2), (3, 2)]):
        expected, got = _field(layers), call(answer, list(layers))
        if got == expected:
            continue
        reason = ""
        if got == 1 + sum(kernel - 1 for kernel, _ in layers):
            reason = " Strides count: after a layer with stride 2 neighbours lie two pixels apart."
        elif got == sum(kernel for kernel, _ in layers):
            reason = " Kernels overlap: a layer adds kernel - 1 steps, not kernel."
        elif got == 1 + sum((kernel - 1) * _step(layers[: index + 1]) for index, (kernel, _) in enumerate(layers)):
            reason = " A layer's own stride moves only the layers after it."
        return differ(f"receptive field of {layers}", got, expected) + reason
    return None


def _step(layers) -> int:
    return int(np.prod([stride for _, stride in layers]))


receptive_field = Exercise(
    title="How many pixels does one output see?",
    examine=_examine_receptive_field,
    hints=(
        "One pixel sees 1. Each layer lets it see kernel - 1 further neighbours of the layer below.",
        "How far apart are two neighbours of that layer in the picture? Multiply the strides of all layers before it.",
        "Loop: field += (kernel - 1) * step, then step *= stride.",
    ),
    starter="def receptive_field(layers):  # a list of (kernel_size, stride)\n    return ...\n",
    solution_source="""
def receptive_field(layers):
    field, step = 1, 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * step
        step *= stride
    return field


answer = receptive_field
""",
)
