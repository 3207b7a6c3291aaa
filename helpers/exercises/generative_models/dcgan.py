"""Exercises of `6_4_dcgan.ipynb`."""

import math

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_transposed_size(answer) -> str | None:
    for size, kernel, stride in ((7, 4, 2), (6, 5, 2), (4, 6, 3), (5, 3, 1)):
        for padding in ("valid", "same"):
            expected = (size - 1) * stride + kernel if padding == "valid" else size * stride
            got = call(answer, size, kernel, stride, padding)
            if got == expected:
                continue
            reason = ""
            if padding == "same" and got == (size - 1) * stride + kernel:
                reason = " With padding same the edges are cut: the output is stride times as long."
            elif (padding == "same" and got == -(-size // stride)) or (
                padding == "valid" and got == (size - kernel) // stride + 1
            ):
                reason = " This is a convolution. A transposed one makes the map larger."
            elif padding == "valid" and got == size * stride + kernel:
                reason = " There are size - 1 moves between size windows."
            elif padding == "valid" and got == size * stride:
                reason = " With padding valid nothing is cut: the last window stands out."
            what = f"size {size}, kernel {kernel}, stride {stride}, padding {padding}"
            return differ(what, got, expected) + reason
    return None


transposed_size = Exercise(
    title="Length of the output of a transposed convolution",
    examine=_examine_transposed_size,
    hints=(
        "The first window begins at 0, the last one at (size - 1) * stride.",
        "With padding valid the output ends where the last window ends.",
        "With padding same the output is exactly stride times as long as the input.",
    ),
    starter="def transposed_size(size, kernel, stride, padding):\n    return ...\n",
    solution_source="""
def transposed_size(size, kernel, stride, padding):
    if padding == "same":
        return size * stride
    return (size - 1) * stride + kernel


answer = transposed_size
""",
)


def _counts(size, kernel, stride):
    counts = np.zeros((size - 1) * stride + kernel)
    for place in range(size):
        counts[place * stride : place * stride + kernel] += 1
    return counts


def _examine_paint_counts(answer) -> str | None:
    for size, kernel, stride in ((4, 4, 2), (5, 5, 2), (3, 7, 3), (4, 3, 3)):
        expected = _counts(size, kernel, stride)
        got = np.asarray(call(answer, size, kernel, stride))
        if same(got, expected):
            continue
        reason = ""
        if same(got, np.minimum(expected, 1)):
            reason = " Where windows overlap the counts add up: use +=."
        elif same(got, _counts(size, kernel, 1)):
            reason = " The window moves by stride places."
        elif same(got, np.outer(expected, expected)):
            reason = " One dimension only."
        elif got.shape == (size * stride,):
            reason = " With padding valid nothing is cut: the length is (size - 1) * stride + kernel."
        return differ(f"counts for size {size}, kernel {kernel}, stride {stride}", got, expected) + reason
    return None


paint_counts = Exercise(
    title="How often each place is painted",
    examine=_examine_paint_counts,
    hints=(
        "Begin with zeros, (size - 1) * stride + kernel of them.",
        "For each of the size places add 1 to a window of kernel numbers.",
        "The window of place n begins at n * stride.",
    ),
    starter="def paint_counts(size, kernel, stride):\n    return ...\n",
    solution_source="""
import numpy as np


def paint_counts(size, kernel, stride):
    counts = np.zeros((size - 1) * stride + kernel, int)
    for place in range(size):
        counts[place * stride : place * stride + kernel] += 1
    return counts


answer = paint_counts
""",
)


def _normalised(x, mean, variance, training, momentum, epsilon, axis=(0, 1, 2), root=np.sqrt):
    """Batch normalisation of a map; `axis` and `root` are there to recognise mistakes."""
    if training:
        batch_mean, batch_variance = x.mean(axis=axis), x.var(axis=axis)
        made = (x - batch_mean) / root(batch_variance + epsilon)
        keep = momentum, 1 - momentum
        return made, keep[0] * mean + keep[1] * batch_mean, keep[0] * variance + keep[1] * batch_variance
    return (x - mean) / root(variance + epsilon), mean, variance


def _reason_for_map(got, setting, training) -> str:
    made = _normalised(**setting, training=training)[0]
    if same(got[0], _normalised(**setting, training=not training)[0]):
        return " The modes are exchanged: in training the batch's own mean and variance count."
    if same(got[0], _normalised(**setting, training=training, axis=0)[0]):
        return " One mean a channel: average over batch, height and width."
    if same(got[0], _normalised(**setting, training=training, root=np.asarray)[0]):
        return " Divide by the standard deviation, the root of the variance."
    if not same(got[0], made):
        return " This is about the output, the first of the three."
    x, momentum, was = setting["x"], setting["momentum"], (setting["mean"], setting["variance"])
    now = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    if not training:
        return " In inference mode the averages stay as they are."
    if all(same(one, old) for one, old in zip(got[1:], was, strict=True)):
        return " In training mode the averages move."
    if all(same(one, (1 - momentum) * a + momentum * b) for one, a, b in zip(got[1:], was, now, strict=True)):
        return " Momentum is the share of the old average that stays."
    return " The output is right; this is about the averages."


def _examine_normalise_map(answer) -> str | None:
    random = np.random.default_rng(0)
    x = random.normal(2, 3, size=(4, 3, 3, 2))
    for momentum, epsilon in ((0.9, 0.001), (0.7, 0.1)):
        for training in (True, False):
            setting = dict(x=x, mean=np.array([1.0, -1.0]), variance=np.array([2.0, 0.5]))
            setting |= dict(momentum=momentum, epsilon=epsilon)
            expected = _normalised(**setting, training=training)
            averages = setting["mean"].copy(), setting["variance"].copy()
            got = call(answer, x.copy(), *averages, training, momentum, epsilon)
            if not isinstance(got, (tuple, list)) or len(got) != 3:
                return (
                    f"expected a tuple of three: output, moving mean, moving variance. Received: {type(got).__name__}"
                )
            if all(same(one, other) for one, other in zip(got, expected, strict=True)):
                continue
            wrong = next(n for n in range(3) if not same(got[n], expected[n]))
            name = ("output", "moving mean", "moving variance")[wrong]
            what = f"{name} for training={training}, momentum={momentum}"
            return differ(what, np.asarray(got[wrong]), expected[wrong]) + _reason_for_map(got, setting, training)
    return None


normalise_map = Exercise(
    title="Batch normalisation in two modes",
    examine=_examine_normalise_map,
    hints=(
        "In training mode: x.mean(axis=(0, 1, 2)) and x.var(axis=(0, 1, 2)), one number a channel.",
        "Output: (x - mean) / sqrt(variance + epsilon), with the batch's values or with the averages.",
        "New average: momentum * old + (1 - momentum) * that of the batch; in inference mode the old one.",
    ),
    starter=(
        "def normalise_map(x, moving_mean, moving_variance, training, momentum=0.9, epsilon=0.001):\n    return ...\n"
    ),
    solution_source="""
import numpy as np


def normalise_map(x, moving_mean, moving_variance, training, momentum=0.9, epsilon=0.001):
    mean, variance = moving_mean, moving_variance
    if training:
        mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
        moving_mean = momentum * moving_mean + (1 - momentum) * mean
        moving_variance = momentum * moving_variance + (1 - momentum) * variance
    return (x - mean) / np.sqrt(variance + epsilon), moving_mean, moving_variance


answer = normalise_map
""",
)


def _examine_calls_to_forget(answer) -> str | None:
    for momentum, share in ((0.9, 0.3), (0.99, 0.01), (0.5, 0.2), (0.99, 0.5)):
        expected = math.ceil(math.log(share) / math.log(momentum))
        got = call(answer, momentum, share)
        if got == expected:
            continue
        reason = ""
        if same(got, math.log(share) / math.log(momentum)):
            reason = " Calls are whole: round up."
        elif got == expected - 1:
            reason = " After that many calls the weight is still above the share: round up."
        elif got == math.ceil(1 / (1 - momentum)) or same(got, 1 / (1 - momentum)):
            reason = " This is the usual length of the average's memory. Ask when momentum ** n is below the share."
        elif got == math.ceil((1 - share) / (1 - momentum)):
            reason = " Each call takes a share of what is left, and not the same amount each time."
        elif got == math.ceil(math.log(share) / math.log(max(1 - momentum, 1e-9))):
            reason = " After a call the start keeps the share momentum, and not 1 - momentum."
        return differ(f"calls for momentum {momentum} and share {share}", got, expected) + reason
    return None


calls_to_forget = Exercise(
    title="How long the start of a moving average counts",
    examine=_examine_calls_to_forget,
    hints=(
        "After n calls the start has the weight momentum ** n.",
        "Count up until momentum ** n is below share, or take logarithms.",
        "n is above log(share) / log(momentum): round up.",
    ),
    starter="def calls_to_forget(momentum, share):\n    return ...\n",
    solution_source="""
import math


def calls_to_forget(momentum, share):
    return math.ceil(math.log(share) / math.log(momentum))


answer = calls_to_forget
""",
)
