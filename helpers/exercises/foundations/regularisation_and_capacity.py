"""Exercises of `1_3_regularisation_and_capacity.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_inverted_dropout(answer) -> str | None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    draws = np.array([0.9, 0.1, 0.2, 0.19, 0.5])
    for rate in (0.2, 0.5):
        given = values.copy()
        got, kept = call(answer, given, draws.copy(), rate), draws >= rate
        if not np.array_equal(given, values):
            return "your function changed the values it was given: compute a new array instead."
        if same(got, values * kept / (1 - rate)):
            continue
        reason = ""
        if same(got, values * kept):
            reason = " Divide the units that stay by 1 - rate, or the mean shrinks."
        elif same(got, values * kept * (1 - rate)):
            reason = " You multiply by 1 - rate; divide by it, so that the mean is kept."
        elif same(got, values * kept / rate):
            reason = " Divide by the share that stays, 1 - rate, not by the share that goes."
        elif same(got, values * ~kept / (1 - rate)):
            reason = " It keeps the units that should go: a unit stays where draws >= rate."
        return differ(f"dropout with rate {rate}", got, values * kept / (1 - rate)) + reason
    return None


inverted_dropout = Exercise(
    title="Inverted dropout",
    examine=_examine_inverted_dropout,
    hints=(
        "draws >= rate is True where a unit stays; True counts as 1 in a product.",
        "The mean must be kept: a unit stays with probability 1 - rate, so what stays must grow.",
        "Multiply by the mask and divide by 1 - rate.",
    ),
    starter="def inverted_dropout(values, draws, rate):\n    return ...\n",
    solution_source="""
def inverted_dropout(values, draws, rate):
    return values * (draws >= rate) / (1 - rate)


answer = inverted_dropout
""",
)


def _examine_penalty_gradient(answer) -> str | None:
    weights = np.array([0.5, -2.0, 0.0, 1.0])
    for l1, l2, what in ((0.0, 0.1, "L2 alone"), (0.3, 0.0, "L1 alone"), (0.3, 0.1, "both")):
        expected = l1 * np.sign(weights) + 2 * l2 * weights
        got = call(answer, weights.copy(), l1, l2)
        if same(got, expected):
            continue
        reason = ""
        if same(got, l1 * np.sign(weights) + l2 * weights):
            reason = " The slope of w squared is 2 w: Keras has no factor 1/2 in its penalty."
        elif same(got, l1 * np.ones_like(weights) + 2 * l2 * weights):
            reason = " The slope of |w| is -1 where w is negative: use np.sign."
        elif same(got, l1 * np.abs(weights) + l2 * weights**2):
            reason = " These are the penalties of the weights, not their gradients."
        elif same(got, -expected):
            reason = " The sign is turned round: the gradient points uphill, the step goes against it."
        return differ(f"gradient of {what}", got, expected) + reason
    return None


penalty_gradient = Exercise(
    title="The gradient of L1 and L2",
    examine=_examine_penalty_gradient,
    hints=(
        "Take one weight. What is the slope of w squared? And of |w|, left and right of zero?",
        "np.sign gives -1, 0 or 1.",
        "l1 * sign(w) + 2 * l2 * w",
    ),
    starter="def penalty_gradient(weights, l1, l2):\n    return ...\n",
    solution_source="""
import numpy as np


def penalty_gradient(weights, l1, l2):
    return l1 * np.sign(weights) + 2 * l2 * weights


answer = penalty_gradient
""",
)


def _examine_early_stop(answer) -> str | None:
    cases = (
        ([0.9, 0.5, 0.6, 0.7, 0.8, 0.4], 2, (2, 4)),
        ([0.9, 0.5, 0.6, 0.4, 0.45, 0.42, 0.41, 0.1], 3, (4, 7)),
        ([0.9, 0.8, 0.7], 2, (3, 3)),
        ([0.5, 0.5, 0.5, 0.5], 2, (1, 3)),
    )
    for losses, patience, expected in cases:
        result = call(answer, list(losses), patience)
        if not (isinstance(result, (tuple, list)) and len(result) == 2):
            return f"return two epochs, the kept one and the last one. Your function returned {type(result).__name__}."
        got = tuple(int(part) for part in result)
        if got == expected:
            continue
        reason = ""
        if got == tuple(part - 1 for part in expected):
            reason = " Count epochs from 1."
        elif got == (int(np.argmin(losses)) + 1, expected[1]) or got == (int(np.argmin(losses)) + 1, len(losses)):
            reason = " Training has ended before the later, lower loss: it may not look ahead."
        elif got[0] == got[1] == expected[1]:
            reason = " The weights of the best epoch are kept, not those of the last."
        elif got == (expected[0], expected[1] + 1):
            reason = " It stops as soon as `patience` epochs in a row brought nothing better."
        return differ(f"(kept, last) for losses {losses}, patience {patience}", got, expected) + reason
    return None


early_stop = Exercise(
    title="Early stopping for a list of losses",
    examine=_examine_early_stop,
    hints=(
        "Go through the losses in order and remember the best one so far and its epoch.",
        "Better means lower than the best so far; an equal loss is no improvement.",
        "Stop at the epoch where epoch - best_epoch reaches patience; else the last epoch ends training.",
    ),
    starter="def early_stop(losses, patience):\n    return ...\n",
    solution_source="""
def early_stop(losses, patience):
    kept = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[kept - 1]:
            kept = epoch
        if epoch - kept >= patience:
            break
    return kept, epoch


answer = early_stop
""",
)


def _examine_close_pairs(answer) -> str | None:
    accuracies, luck = [98.0, 98.25, 97.0, 98.5, 98.25, 99.5], 0.25
    gaps = np.abs(np.subtract.outer(accuracies, accuracies))
    expected, got = 5, int(call(answer, list(accuracies), luck))
    if got == expected:
        return None
    reason = ""
    if got == int((gaps <= luck).sum()):
        reason = " Each pair is counted twice, and each row with itself: start the second index after the first."
    elif got == 2 * expected:
        reason = " Each pair is counted twice."
    elif got == expected + len(accuracies):
        reason = " A row is no pair with itself."
    elif got == int(sum(a - b <= luck for i, a in enumerate(accuracies) for b in accuracies[i + 1 :])):
        reason = " A difference may be negative: use abs."
    elif got == int(np.triu(gaps < luck, 1).sum()):
        reason = " 'No more than' includes differences that equal luck."
    return differ(f"close pairs of {accuracies} with luck {luck}", got, expected) + reason


close_pairs = Exercise(
    title="Pairs within luck",
    examine=_examine_close_pairs,
    hints=(
        "itertools.combinations(accuracies, 2) gives each pair once.",
        "Compare the absolute difference with luck.",
        "sum(abs(a - b) <= luck for a, b in ...)",
    ),
    starter="def close_pairs(accuracies, luck):\n    return ...\n",
    solution_source="""
from itertools import combinations


def close_pairs(accuracies, luck):
    return sum(abs(a - b) <= luck for a, b in combinations(accuracies, 2))


answer = close_pairs
""",
)
