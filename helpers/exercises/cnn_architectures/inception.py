"""Exercises of `2_3_inception.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same

_3A, _4D, _5B = (64, 96, 128, 16, 32, 32), (112, 144, 288, 32, 64, 64), (384, 192, 384, 48, 128, 128)


def _examine_module_channels(answer) -> str | None:
    for filters in (_3A, _4D, _5B):
        ones, reduce_3, threes, reduce_5, fives, projection = filters
        expected, got = ones + threes + fives + projection, call(answer, filters)
        if got == expected:
            continue
        reason = ""
        if got == sum(filters):
            reason = " The channels of a reduction go into the kernel behind it and no further."
        elif got == ones + threes + fives:
            reason = " There is a fourth branch: pooling, with its projection."
        elif got == ones + reduce_3 + reduce_5 + projection:
            reason = " These are the layers that read the input. Which layers stand at the end of a branch?"
        elif got == max(ones, threes, fives, projection):
            reason = " The branches are put one behind the other, so their channels add up."
        return differ(f"channels of the module {filters}", got, expected) + reason
    return None


module_channels = Exercise(
    title="How many channels an Inception module gives",
    examine=_examine_module_channels,
    hints=(
        "Look at Figure 5: which four layers have an arrow to the concatenation?",
        "The reductions do not count.",
        "filters[0] + filters[2] + filters[4] + filters[5]",
    ),
    starter="def module_channels(filters):\n    return ...\n",
    solution_source="""
def module_channels(filters):
    ones, reduce_3, threes, reduce_5, fives, projection = filters
    return ones + threes + fives + projection


answer = module_channels
""",
)


def _examine_pointwise(answer) -> str | None:
    random = np.random.default_rng(0)
    for channels, filters in ((3, 4), (5, 5)):
        images = random.normal(size=(2, 6, 7, channels))
        weights, biases = random.normal(size=(channels, filters)), random.normal(size=filters)
        sums = images @ weights
        expected = np.maximum(sums + biases, 0)
        got = np.asarray(call(answer, images.copy(), weights.copy(), biases.copy()), dtype=float)
        if same(got, expected):
            continue
        reason = ""
        if same(got, sums + biases):
            reason = " ReLU is missing: what is below 0 becomes 0."
        elif same(got, np.maximum(sums, 0)):
            reason = " The biases are missing."
        elif same(got, np.maximum(sums, 0) + biases):
            reason = " The bias is added before ReLU."
        elif channels == filters and same(got, np.maximum(images @ weights.T + biases, 0)):
            reason = " The weights are transposed: their first axis is the channel."
        elif got.shape != expected.shape:
            reason = f" The result must have one value a place and filter: the shape {expected.shape}."
        return differ(f"1 x 1 convolution of {channels} channels with {filters} filters", got, expected) + reason
    return None


pointwise = Exercise(
    title="A 1 x 1 convolution with bias and ReLU",
    examine=_examine_pointwise,
    hints=(
        "At every place the vector of channels is multiplied by the matrix of weights.",
        "images @ weights does that for all images, rows and columns at once.",
        "np.maximum(..., 0) is ReLU.",
    ),
    starter="def pointwise(images, weights, biases):\n    return ...\n",
    solution_source="""
import numpy as np


def pointwise(images, weights, biases):
    return np.maximum(images @ weights + biases, 0)


answer = pointwise
""",
)


def _examine_module_products(answer) -> str | None:
    for size, channels, filters in ((28, 192, _3A), (14, 512, _4D), (7, 832, _5B)):
        ones, reduce_3, threes, reduce_5, fives, projection = filters
        small = channels * (ones + projection)
        reductions = channels * (reduce_3 + reduce_5)
        large = 9 * reduce_3 * threes + 25 * reduce_5 * fives
        expected, got = size**2 * (small + reductions + large), call(answer, size, channels, filters)
        if got == expected:
            continue
        reason = ""
        if got == size**2 * (small + large):
            reason = " The reductions cost something too."
        elif got == size**2 * channels * (ones + 9 * threes + 25 * fives + projection):
            reason = " The 3 x 3 and the 5 x 5 kernels read the channels of their reductions, not of the input."
        elif got == small + reductions + large:
            reason = " These are the weights. Each of them is used at every place of the map."
        elif got == size**2 * (small - channels * projection + reductions + large):
            reason = " The projection behind pooling is missing."
        elif got == size**2 * (small + reductions + 3 * reduce_3 * threes + 5 * reduce_5 * fives):
            reason = " A 3 x 3 kernel has 9 places, a 5 x 5 kernel 25."
        return differ(f"multiply-adds on {size} x {size} x {channels} with {filters}", got, expected) + reason
    return None


module_products = Exercise(
    title="What an Inception module costs",
    examine=_examine_module_products,
    hints=(
        "Each convolution: size * size * kernel * kernel * channels that come in * filters.",
        "Four layers read the input: 1 x 1, both reductions, and the projection, since pooling keeps the channels.",
        "The 3 x 3 kernels read filters[1] channels, the 5 x 5 kernels filters[3].",
    ),
    starter="def module_products(size, channels, filters):\n    return ...\n",
    solution_source="""
def module_products(size, channels, filters):
    ones, reduce_3, threes, reduce_5, fives, projection = filters
    from_input = channels * (ones + reduce_3 + reduce_5 + projection)
    return size**2 * (from_input + 9 * reduce_3 * threes + 25 * reduce_5 * fives)


answer = module_products
""",
)


def _examine_cycle_rate(answer) -> str | None:
    steps, warm_up, peak = 1000, 200, 0.1
    for step in (0, 100, 200, 400, 600, 1000):
        rising = step < warm_up
        expected = peak * step / warm_up if rising else peak * (steps - step) / (steps - warm_up)
        got = call(answer, step, steps, warm_up, peak)
        if same(got, expected):
            continue
        reason = ""
        if rising and (same(got, peak) or same(got, peak * (1 - step / steps))):
            reason = " In the warm-up the rate rises from 0."
        elif same(got, peak * (1 - step / steps)):
            reason = " The fall begins with the peak at the end of the warm-up: it has steps - warm_up steps."
        elif same(got, peak * (1 - (step - warm_up) / steps)):
            reason = " Then the rate is not 0 at the end: the fall has steps - warm_up steps."
        elif not rising and same(got, peak * step / warm_up):
            reason = " After the warm-up the rate falls."
        return differ(f"rate at step {step} of {steps}, warm-up {warm_up}, peak {peak}", got, expected) + reason
    return None


cycle_rate = Exercise(
    title="A rate that rises and falls",
    examine=_examine_cycle_rate,
    hints=(
        "Two straight lines: one for step < warm_up, another one from there on.",
        "While it rises: peak * step / warm_up.",
        "While it falls, steps - step steps are left of steps - warm_up.",
    ),
    starter="def cycle_rate(step, steps, warm_up, peak):\n    return ...\n",
    solution_source="""
def cycle_rate(step, steps, warm_up, peak):
    if step < warm_up:
        return peak * step / warm_up
    return peak * (steps - step) / (steps - warm_up)


answer = cycle_rate
""",
)
