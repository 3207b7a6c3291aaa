"""Exercises of `2_7_separable_convolutions.ipynb`."""

import math

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_separable_weights(answer) -> str | None:
    for k, channels, filters, m in ((4, 3, 5, 1), (3, 128, 256, 1), (5, 16, 24, 3)):
        expected, got = m * channels * (k**2 + filters), call(answer, k, channels, filters, m)
        if got == expected:
            continue
        reasons = {
            k**2 * channels * filters: "This is an ordinary convolution, with a kernel for each channel and filter.",
            expected + filters: "Leave the biases out.",
            m * channels * (k + filters): "A pattern has kernel_size rows and as many columns.",
            m * channels * k**2: "The 1 x 1 convolution is missing.",
            m * channels * (k**2 + k**2 * filters): "The second convolution is 1 x 1: one weight for each pair.",
            channels * (k**2 + filters): "Each channel has `multiplier` patterns.",
            channels * (m * k**2 + filters): "The 1 x 1 convolution reads multiplier x channels maps.",
        }
        what = f"kernels of {k} x {k}, {channels} channels, {filters} filters, multiplier {m}"
        return f"{differ(what, got, expected)} {reasons.get(got, '')}".rstrip()
    return None


separable_weights = Exercise(
    title="Weights of a separable convolution",
    examine=_examine_separable_weights,
    hints=(
        "The depthwise step has multiplier patterns of kernel_size x kernel_size for each channel.",
        "How many maps does that step give? Each of them has one weight for each filter.",
        "Add the weights of the two steps.",
    ),
    starter="def separable_weights(kernel_size, channels, filters, multiplier):\n    return ...\n",
    solution_source="""
def separable_weights(kernel_size, channels, filters, multiplier):
    maps = multiplier * channels
    return kernel_size**2 * maps + maps * filters


answer = separable_weights
""",
)


def _examine_equal_width(answer) -> str | None:
    for width, k in ((128, 3), (256, 5), (64, 3)):
        squared = (k**2 * width + width**2) / k**2
        expected, got = math.isqrt(math.floor(squared)), call(answer, width, k)
        if got == expected:
            continue
        reason = ""
        if same(got, math.sqrt(squared)):
            reason = " A number of channels is a whole number: round down."
        elif got == expected + 1:
            reason = " That many channels have more weights: round down."
        elif same(got, squared) or got == math.floor(squared):
            reason = " This is the square of the number of channels."
        elif got in (width // k, width / k):
            reason = " This spends the weights of the 1 x 1 convolution alone; the depthwise step has some, too."
        elif got == math.isqrt(k**2 * width + width**2):
            reason = " The ordinary convolution has kernel_size**2 weights for each pair of channels."
        return differ(f"as many weights as {width} separable channels, {k} x {k}", got, expected) + reason
    return None


equal_width = Exercise(
    title="An ordinary convolution with as many weights",
    examine=_examine_equal_width,
    hints=(
        "The separable one has kernel_size**2 * width + width**2 weights.",
        "The ordinary one with c channels has kernel_size**2 * c**2. Solve for c and round down.",
        "math.isqrt gives the root of a whole number, rounded down; divide by kernel_size**2 first, with //.",
    ),
    starter="def equal_width(width, kernel_size):\n    return ...\n",
    solution_source="""
import math


def equal_width(width, kernel_size):
    weights = kernel_size**2 * width + width**2
    return math.isqrt(weights // kernel_size**2)


answer = equal_width
""",
)


def _block_work(side, channels, filters, expansion, stride, sides=None, depthwise_mixes=False, kernel=9):
    """Multiply-adds of an inverted residual block, right by default; the keywords are the usual mistakes."""
    before, inside, after = sides or (side, side // stride, side // stride)
    middle = expansion * channels
    patterns = kernel * middle * (middle if depthwise_mixes else 1)
    return before**2 * channels * middle + inside**2 * patterns + after**2 * middle * filters


def _examine_inverted_residual_work(answer) -> str | None:
    for case in ((28, 32, 32, 6, 1), (56, 24, 32, 6, 2), (14, 8, 12, 4, 2)):
        side, channels, filters, expansion, stride = case
        expected, got = _block_work(*case), call(answer, *case)
        if got == expected:
            continue
        small = side // stride
        mistakes = {
            "A depthwise convolution does not mix channels: 9 weights a channel.": dict(depthwise_mixes=True),
            "A pattern of 3 x 3 has nine weights.": dict(kernel=3),
            "The stride makes the map smaller from the depthwise step on.": dict(sides=(side, side, side)),
            "The projection works on the smaller map.": dict(sides=(side, small, side)),
            "The depthwise step has a result at every stride-th place only.": dict(sides=(side, side, small)),
            "The expansion still works on the whole map.": dict(sides=(small, small, small)),
        }
        reasons = [reason for reason, mistake in mistakes.items() if got == _block_work(*case, **mistake)]
        if got == _block_work(*case, sides=(1, 1, 1)):
            reasons = ["These are the weights. Each is used once at every place of the map behind its layer."]
        if got == expected - side**2 * channels**2 * expansion:
            reasons = ["The first 1 x 1 convolution, which expands, is missing."]
        what = f"side {side}, {channels} to {filters} channels, expansion {expansion}, stride {stride}"
        return f"{differ(what, got, expected)} {''.join(reasons[:1])}".rstrip()
    return None


inverted_residual_work = Exercise(
    title="Multiply-adds of an inverted residual block",
    examine=_examine_inverted_residual_work,
    hints=(
        "There are three layers: 1 x 1 from channels to expansion * channels, depthwise 3 x 3, 1 x 1 to filters.",
        "Each weight of a layer is used once at every place of the map that the layer gives.",
        "The map has side * side places behind the first layer, (side // stride)**2 behind the two others.",
    ),
    starter="def inverted_residual_work(side, channels, filters, expansion, stride):\n    return ...\n",
    solution_source="""
def inverted_residual_work(side, channels, filters, expansion, stride):
    middle, places = expansion * channels, (side // stride) ** 2
    return side**2 * channels * middle + places * 9 * middle + places * middle * filters


answer = inverted_residual_work
""",
)


def _examine_product_share(answer) -> str | None:
    random = np.random.default_rng(0)
    smooth = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])
    some, large = random.normal(size=(3, 3)), random.normal(size=(5, 5))
    for name, kernel in (("random 3 x 3", some), ("random 5 x 5", large), ("column times row", smooth)):
        strengths = np.linalg.svd(kernel, compute_uv=False)
        expected = strengths[0] ** 2 / np.sum(strengths**2)
        got = call(answer, kernel.copy())
        if same(got, expected):
            continue
        reason = ""
        if same(got, strengths[0] / strengths.sum()):
            reason = " Squares add up to the sum of squares: square the singular values first."
        elif same(got, strengths[0] / np.sqrt(np.sum(strengths**2))):
            reason = " This is the root of the share."
        elif same(got, 1 - expected):
            reason = " This is what is lost."
        elif same(got, strengths[-1] ** 2 / np.sum(strengths**2)):
            reason = " The singular values come with the largest first."
        elif same(got, strengths[0] ** 2):
            reason = " This is the sum of squares that is kept: divide by that of the kernel."
        return differ(f"{name}: share kept", got, expected) + reason
    return None


product_share = Exercise(
    title="Kernels that are a column times a row",
    examine=_examine_product_share,
    hints=(
        "The kernel itself is the matrix now: a column times a row is a matrix of rank 1.",
        "np.linalg.svd(kernel, compute_uv=False) gives the singular values, the largest first.",
        "The sum of squares of a matrix is that of its singular values; the first product keeps the first square.",
    ),
    starter="def product_share(kernel):\n    return ...\n",
    solution_source="""
import numpy as np


def product_share(kernel):
    strengths = np.linalg.svd(kernel, compute_uv=False)
    return strengths[0] ** 2 / np.sum(strengths**2)


answer = product_share
""",
)
