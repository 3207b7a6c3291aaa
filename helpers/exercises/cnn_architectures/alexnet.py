"""Exercises of `2_2_alexnet.ipynb`."""

import math

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_fitting_side(answer) -> str | None:
    for side in (224, 227, 256, 100, 194):
        expected, got = 35 + 32 * ((side - 35) // 32), call(answer, side)
        if got == expected:
            continue
        reason = ""
        if got == 11 + 4 * ((side - 11) // 4):
            reason = " This fits the first convolution. The three pooling layers must come out as well."
        elif got == 32 * (side // 32):
            reason = " The sides are 32 apart, but they do not begin at 0: 67 fits."
        elif got == (side - 35) // 32:
            reason = " This is the side of the last map. Which side of the photograph gives it?"
        elif got == 35 + 32 * -(-(side - 35) // 32):
            reason = " This is larger than the photograph: round down."
        elif got == 35 + 32 * round((side - 35) / 32):
            reason = " Round down, not to the nearest: it must not be larger than the photograph."
        return differ(f"largest side that fits, up to {side}", got, expected) + reason
    return None


fitting_side = Exercise(
    title="The largest patch that AlexNet uses to the last pixel",
    examine=_examine_fitting_side,
    hints=(
        "Go backwards from a last map of n x n: a pooling layer of 3 with stride 2 needs 2 n + 1 before it.",
        "Three pooling layers, then the convolution: 11 + 4 (side - 1). Together this is 35 + 32 n.",
        "(side - 35) // 32 is the largest n that fits.",
    ),
    starter="def fitting_side(side):\n    return ...\n",
    solution_source="""
def fitting_side(side):
    return 35 + 32 * ((side - 35) // 32)


answer = fitting_side
""",
)


def _examine_grouped_parameters(answer) -> str | None:
    for kernel_size, channels, filters, groups in ((5, 96, 256, 2), (3, 384, 384, 2), (3, 64, 128, 4), (3, 32, 32, 1)):
        weights = kernel_size**2 * channels * filters // groups
        expected, got = weights + filters, call(answer, kernel_size, channels, filters, groups)
        if got == expected:
            continue
        reason = ""
        if got == weights:
            reason = " The biases are missing: one for each filter."
        elif got == (weights + filters) / groups or got == weights // groups + filters:
            reason = " Each filter sees fewer channels, but all filters are there: divide once."
        elif got == weights + filters // groups:
            reason = " Every filter has a bias, whatever its group: do not divide the biases."
        elif got == kernel_size**2 * channels * filters + filters:
            reason = " This is one group: in several groups a filter sees only its group's channels."
        elif got == weights * groups**2 + filters:
            reason = " Groups make it less, not more: divide."
        what = f"parameters of {filters} filters of {kernel_size} x {kernel_size}, {channels} channels, {groups} groups"
        return differ(what, got, expected) + reason
    return None


grouped_parameters = Exercise(
    title="Parameters of a convolution in groups",
    examine=_examine_grouped_parameters,
    hints=(
        "How many channels does one filter see, when the channels are shared out among the groups?",
        "One filter has kernel_size**2 * channels // groups weights and one bias.",
        "There are `filters` of them, over all groups.",
    ),
    starter="def grouped_parameters(kernel_size, channels, filters, groups):\n    return ...\n",
    solution_source="""
def grouped_parameters(kernel_size, channels, filters, groups):
    return (kernel_size**2 * channels // groups + 1) * filters


answer = grouped_parameters
""",
)


def _pair(result) -> tuple[np.ndarray, np.ndarray] | None:
    """The answer as two arrays; None where it is no pair of them."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        return None
    return tuple(np.asarray(part, dtype=float) for part in result)


def _examine_folded_dense(answer) -> str | None:
    random = np.random.default_rng(0)
    for inputs, units in ((3, 2), (4, 4)):
        scale, offset = random.uniform(0.5, 2, inputs), random.normal(size=inputs)
        weights, bias = random.normal(size=(inputs, units)), random.normal(size=units)
        pair = _pair(call(answer, scale, offset, weights, bias))
        if pair is None:
            return "the answer must be two arrays: the new weights and the new bias."
        new = weights * scale[:, None]
        if not same(pair[0], new):
            sideways = inputs == units and same(pair[0], weights * scale)
            rows = " Each row of the weights belongs to one input: scale the rows, not the columns."
            return differ("the new weights", pair[0], new) + (rows if sideways or pair[0].shape != new.shape else "")
        if not same(pair[1], bias + offset @ weights):
            reason = ""
            if same(pair[1], bias):
                reason = " The offset of the inputs goes through the weights too, and ends in the bias."
            elif same(pair[1], bias + offset @ new):
                reason = " The offset is added after the scaling: it meets the old weights, not the scaled ones."
            elif same(pair[1], offset @ weights):
                reason = " The old bias is still there: add it."
            return differ("the new bias", pair[1], bias + offset @ weights) + reason
    return None


folded_dense = Exercise(
    title="Hide a normalisation in the layer behind it",
    examine=_examine_folded_dense,
    hints=(
        "Write it out: (x * scale + offset) @ weights + bias. Which parts depend on x, and which do not?",
        "The part with x is x @ (scale[:, None] * weights).",
        "The rest is offset @ weights + bias.",
    ),
    starter="def folded_dense(scale, offset, weights, bias):\n    return ...\n",
    solution_source="""
def folded_dense(scale, offset, weights, bias):
    return scale[:, None] * weights, offset @ weights + bias


answer = folded_dense
""",
)


def _examine_images_needed(answer) -> str | None:
    for accuracy, gain in ((0.9, 0.02), (0.926, 0.014), (0.7, 0.05), (0.5, 0.03)):
        exact = 4 * accuracy * (1 - accuracy) / gain**2
        expected, got = math.ceil(exact - 1e-6), call(answer, accuracy, gain)
        if got in (expected, math.ceil(exact)):
            continue
        reason = ""
        if same(got, exact) or got == math.floor(exact):
            reason = " A number of photographs is a whole number: round up."
        elif abs(got - exact / 4) <= 1:
            reason = " This is one standard error: two of them must be as small as the gain."
        elif abs(got - exact / 2) <= 1:
            reason = " Twice the standard error: behind the square root, 2 becomes 4."
        elif abs(got - 4 * accuracy / gain**2) <= 1:
            reason = " The variance of right or wrong is accuracy * (1 - accuracy)."
        elif abs(got - 2 * math.sqrt(accuracy * (1 - accuracy)) / gain) <= 1:
            reason = " This is the square root of the number: square both sides."
        return differ(f"photographs for accuracy {accuracy} and gain {gain}", got, expected) + reason
    return None


images_needed = Exercise(
    title="How many test photographs show a gain",
    examine=_examine_images_needed,
    hints=(
        "The standard error of a measured accuracy is sqrt(accuracy * (1 - accuracy) / n).",
        "Two of them are as large as the gain: 2 * sqrt(accuracy * (1 - accuracy) / n) = gain. Solve for n.",
        "n = 4 * accuracy * (1 - accuracy) / gain**2; math.ceil rounds up.",
    ),
    starter="def images_needed(accuracy, gain):\n    return ...\n",
    solution_source="""
import math


def images_needed(accuracy, gain):
    return math.ceil(4 * accuracy * (1 - accuracy) / gain**2)


answer = images_needed
""",
)
