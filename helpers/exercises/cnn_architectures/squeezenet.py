"""Exercises of `2_6_squeezenet.ipynb`."""

import math

import numpy as np

from helpers.exercises.core import Exercise, call, differ


def _examine_fire_parameters(answer) -> str | None:
    for channels, squeeze, expand in ((64, 16, 64), (128, 16, 64), (512, 64, 256)):
        weights = channels * squeeze + squeeze * expand + 9 * squeeze * expand
        expected, got = weights + squeeze + 2 * expand, call(answer, channels, squeeze, expand)
        if got == expected:
            continue
        reason = ""
        if got == weights:
            reason = " The biases are missing: one for each filter of all three layers."
        elif got == channels * squeeze + channels * expand + 9 * channels * expand + squeeze + 2 * expand:
            reason = " The expand layers see what the squeeze layer hands on, not the channels that came in."
        elif got == channels * squeeze + squeeze * expand + 3 * squeeze * expand + squeeze + 2 * expand:
            reason = " A 3 x 3 filter has nine places."
        elif got == (channels + 1) * squeeze + 9 * (squeeze + 1) * expand + (squeeze + 1) * expand:
            reason = " A filter has one bias, not one for each of its nine places."
        elif got == (channels + 1) * squeeze + (10 * squeeze + 2) * (expand // 2):
            reason = " Each of the two expand layers has `expand` filters: do not divide."
        what = f"parameters with {channels} channels, {squeeze} squeeze filters, twice {expand} expand filters"
        return differ(what, got, expected) + reason
    return None


fire_parameters = Exercise(
    title="Count the parameters of a fire module",
    examine=_examine_fire_parameters,
    hints=(
        "Three layers: squeeze, expand 1 x 1, expand 3 x 3. How many channels does each of them see?",
        "A filter of the squeeze layer has `channels` weights and one bias; both expand layers see `squeeze` channels.",
        "(channels + 1) * squeeze is the first of three terms.",
    ),
    starter="def fire_parameters(channels, squeeze, expand):\n    return ...\n",
    solution_source="""
def fire_parameters(channels, squeeze, expand):
    return (channels + 1) * squeeze + (squeeze + 1) * expand + (9 * squeeze + 1) * expand


answer = fire_parameters
""",
)


def _widths(number: int, squeeze_ratio: float, share_3x3: float, every: int = 2, first: int = 2) -> tuple[int, ...]:
    both = 128 + 128 * ((number - first) // every)
    three = round(share_3x3 * both)
    return round(squeeze_ratio * both), both - three, three


def _examine_fire_widths(answer) -> str | None:
    for number, ratio, share in ((2, 0.125, 0.5), (5, 0.125, 0.25), (6, 0.125, 0.5), (9, 0.75, 0.75), (3, 0.5, 0.25)):
        expected, got = _widths(number, ratio, share), call(answer, number, ratio, share)
        if np.shape(got) != (3,):
            return f"the function must return three numbers: squeeze, expand 1 x 1, expand 3 x 3. It returned {got!r}."
        got = tuple(got)
        if got == expected:
            continue
        squeeze, one, three = expected
        reason = ""
        if got == (squeeze, three, one):
            reason = " The 1 x 1 filters come before the 3 x 3 filters; `share_3x3` is the share of the latter."
        elif got == _widths(number, ratio, share, every=1):
            reason = " The number of filters grows after every two modules."
        elif got == _widths(number, ratio, share, first=1):
            reason = " Modules 2 and 3 are the first two: count from number - 2."
        elif got == _widths(number, ratio, share, first=0):
            reason = " The first module has number 2."
        elif got in ((round(ratio * three), one, three), (round(ratio * one), one, three)):
            reason = " The squeeze ratio refers to both branches together."
        what = f"filters of module {number}, squeeze ratio {ratio}, share of 3 x 3 {share}"
        return differ(what, list(got), list(expected)) + reason
    return None


fire_widths = Exercise(
    title="The filters of a fire module from a few numbers",
    examine=_examine_fire_widths,
    hints=(
        "First the expand filters, both branches together: 128 in modules 2 and 3, 256 in modules 4 and 5, ...",
        "128 + 128 * ((number - 2) // 2) of them; `share_3x3` of these are 3 x 3, the others 1 x 1.",
        "The squeeze layer has `squeeze_ratio` times both together. round(...) makes whole numbers.",
    ),
    starter="def fire_widths(number, squeeze_ratio, share_3x3):  # number: 2 to 9\n    return ...\n",
    solution_source="""
def fire_widths(number, squeeze_ratio, share_3x3):
    both = 128 + 128 * ((number - 2) // 2)
    three = round(share_3x3 * both)
    return round(squeeze_ratio * both), both - three, three


answer = fire_widths
""",
)


def _needed(momentum: float, share: float) -> int:
    batches = 0
    while momentum**batches > share:
        batches += 1
    return batches


def _examine_batches_needed(answer) -> str | None:
    for momentum, share in ((0.9, 0.5), (0.9, 0.01), (0.99, 0.01), (0.5, 0.25), (0.999, 0.1)):
        expected, got = _needed(momentum, share), call(answer, momentum, share)
        if got == expected:
            continue
        exact = math.log(share) / math.log(momentum)
        reason = ""
        if got == math.floor(exact) and got == expected - 1:
            reason = " At that number a little more than `share` is left: round up."
        elif isinstance(got, float) and math.isclose(got, exact):
            reason = " A number of batches is a whole number: round up."
        elif got == expected + 1:
            reason = " One batch less is enough: exactly `share` may be left."
        elif math.isclose(got, 1 / (1 - momentum), abs_tol=1.0):
            reason = " That is how many batches count in the average, whatever the share is."
        elif got == _needed(momentum, 1 - share):
            reason = " `share` is what is left of the start value, not what is gone."
        return differ(f"batches for momentum {momentum}, share {share}", got, expected) + reason
    return None


batches_needed = Exercise(
    title="How long a running average remembers its start",
    examine=_examine_batches_needed,
    hints=(
        "Each batch multiplies what is left of the start value by the momentum.",
        "You look for the smallest n with momentum ** n <= share. A loop may count it.",
        "With logarithms: n is math.log(share) / math.log(momentum), rounded up.",
    ),
    starter="def batches_needed(momentum, share):\n    return ...\n",
    solution_source="""
def batches_needed(momentum, share):
    batches = 0
    while momentum**batches > share:
        batches += 1
    return batches


answer = batches_needed
""",
)
