"""Exercises of `2_5_resnet.ipynb`."""

import math

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_block_parameters(answer) -> str | None:
    for channels, filters, projection in ((16, 16, False), (16, 32, False), (16, 32, True), (8, 24, True)):
        kernels, norms = 9 * channels * filters + 9 * filters**2, 4 * filters
        matrix = channels * filters if projection else 0
        expected = kernels + norms + matrix + (2 * filters if projection else 0)
        got = call(answer, channels, filters, projection)
        if got == expected:
            continue
        reasons = {
            kernels + matrix: "Batch normalisation has parameters too: a scale and an offset for each channel.",
            expected + norms + (2 * filters if projection else 0): (
                "Only the scale and the offset are trained; the running mean and variance are not."
            ),
            expected + (2 + projection) * filters: "There are no biases: batch normalisation would subtract them.",
            expected - 9 * filters**2 + 9 * channels * filters: (
                "The second convolution reads what the first one gives: it has `filters` channels before it."
            ),
            expected - 2 * filters: "The projection has its own batch normalisation.",
            expected + 8 * matrix: "The projection is a convolution of 1 x 1.",
            kernels + norms: "The projection is missing: a matrix from `channels` to `filters`.",
        }
        reason = reasons.get(got, "")
        what = f"block from {channels} to {filters} channels, {'with' if projection else 'without'} projection"
        return f"{differ(what, got, expected)} {reason}".rstrip()
    return None


block_parameters = Exercise(
    title="Parameters of a residual block",
    examine=_examine_block_parameters,
    hints=(
        "A convolution of 3 x 3 without biases has 9 * (channels before) * (channels after) weights.",
        "The first convolution leads from `channels` to `filters`, the second from `filters` to `filters`.",
        "Batch normalisation trains 2 numbers a channel. There are two of them, and a third behind the projection.",
    ),
    starter="def block_parameters(channels, filters, projection):\n    return ...\n",
    solution_source="""
def block_parameters(channels, filters, projection):
    residual = 9 * channels * filters + 9 * filters * filters + 2 * (2 * filters)
    return residual + (channels * filters + 2 * filters if projection else 0)


answer = block_parameters
""",
)


def _examine_identity_shortcut(answer) -> str | None:
    random = np.random.default_rng(0)
    for height, width, channels, filters in ((4, 6, 2, 4), (6, 4, 3, 5)):
        x = random.normal(size=(height, width, channels))
        zeros = filters - channels
        expected = np.pad(x[::2, ::2], ((0, 0), (0, 0), (0, zeros)))
        got = np.asarray(call(answer, x.copy(), filters))
        if got.shape == expected.shape and same(got, expected):
            continue
        blocks = x.reshape(height // 2, 2, width // 2, 2, channels)
        reason = ""
        if got.shape == (height // 2, width // 2, channels):
            reason = " The channels are missing: add zeros until there are as many as filters."
        elif got.shape == (height, width, filters):
            reason = " The map must be halved: take every second row and column."
        elif got.shape != expected.shape:
            reason = f" The shape must be {expected.shape}."
        elif same(got, np.pad(x[::2, ::2], ((0, 0), (0, 0), (zeros, 0)))):
            reason = " The zeros come after the channels of x."
        elif same(got[..., :channels], blocks.mean(axis=(1, 3))):
            reason = " This is the mean of 2 x 2 pixels; the shortcut takes one pixel of four as it is."
        elif same(got[..., :channels], blocks.max(axis=(1, 3))):
            reason = " This is max pooling; the shortcut takes one pixel of four as it is."
        elif same(got[..., :channels], x[1::2, 1::2]):
            reason = " Begin with the first row and column."
        elif same(got[..., :channels], x[::2, ::2]):
            reason = " The additional channels hold zeros."
        return differ(f"shortcut from {x.shape} to {filters} channels", got, expected) + reason
    return None


identity_shortcut = Exercise(
    title="The shortcut without parameters",
    examine=_examine_identity_shortcut,
    hints=(
        "x[::2] takes every second row.",
        "x[::2, ::2] has half the height and half the width. How many channels are missing?",
        "np.pad(..., ((0, 0), (0, 0), (0, missing))) adds zeros behind the last axis alone.",
    ),
    starter="def identity_shortcut(x, filters):\n    return ...\n",
    solution_source="""
import numpy as np


def identity_shortcut(x, filters):
    return np.pad(x[::2, ::2], ((0, 0), (0, 0), (0, filters - x.shape[2])))


answer = identity_shortcut
""",
)


def _examine_paths(answer) -> str | None:
    for blocks, length in ((2, 1), (5, 2), (15, 7), (3, 0), (3, 3)):
        expected, got = math.comb(blocks, length), call(answer, blocks, length)
        if got == expected:
            continue
        reason = ""
        if got == 2**blocks:
            reason = " These are all paths; count those of this length."
        elif got == math.perm(blocks, length):
            reason = " The order of the blocks is fixed: a set of blocks is one path."
        elif got in (blocks**length, blocks * length):
            reason = " A path goes through a block once or not at all."
        elif same(got, math.comb(blocks, length) / 2**blocks):
            reason = " This is their share of all paths; return their number."
        elif got == sum(math.comb(blocks, shorter) for shorter in range(length + 1)):
            reason = " This counts the shorter paths too."
        return differ(f"paths through {length} of {blocks} blocks", got, expected) + reason
    return None


paths = Exercise(
    title="Paths of one length",
    examine=_examine_paths,
    hints=(
        "A path decides at each block: through it, or past it. All decisions together give 2**blocks paths.",
        "A path of this length is a choice of `length` blocks out of `blocks`.",
        "math.comb(n, k) counts such choices.",
    ),
    starter="def paths(blocks, length):\n    return ...\n",
    solution_source="""
import math


def paths(blocks, length):
    return math.comb(blocks, length)


answer = paths
""",
)
