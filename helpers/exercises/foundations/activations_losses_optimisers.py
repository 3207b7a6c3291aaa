"""Exercises of `1_2_activations_losses_optimisers.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_softmax(answer) -> str | None:
    small = np.array([[0.0, 1.0, 2.0], [3.0, 3.0, 3.0]])
    powers = np.exp(small)
    expected = powers / powers.sum(axis=1, keepdims=True)
    got = call(answer, small)
    if not same(got, expected):
        if same(got, powers / powers.sum()):
            return "your probabilities sum to 1 over all rows together; each row must sum to 1 on its own."
        if np.shape(got) == expected.shape and not np.allclose(np.sum(got, axis=1), 1):
            return differ("sum of each row", np.sum(got, axis=1), np.ones(2)) + " Divide by the sum of the powers."
        return differ("softmax of [[0, 1, 2], [3, 3, 3]]", got, expected)
    with np.errstate(all="ignore"):
        large = call(answer, np.array([[1000.0, 1001.0, 1002.0], [0.0, 1e4, 0.0]]))
        low = call(answer, np.array([[-1000.0, -1001.0, -1002.0], [0.0, 0.0, 2000.0]]))
    if not (np.isfinite(large).all() and np.isfinite(low).all()):
        return "large logits overflow: your answer holds nan. Subtract the largest logit of each row first."
    if not (same(large[0], expected[0]) and same(low[0], expected[0][::-1])):
        return "adding the same number to all logits of a row must not change the result; in your answer it does."
    return None


softmax = Exercise(
    title="Softmax that does not overflow",
    examine=_examine_softmax,
    hints=(
        "Softmax does not change when the same number is subtracted from all logits of a row.",
        "Subtract the largest logit of each row: then no power is above 1.",
        "axis=-1, keepdims=True works row by row, in max and in sum.",
    ),
    starter="def my_softmax(logits):\n    return ...\n",
    solution_source="""
import numpy as np


def my_softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


answer = my_softmax
""",
)


def _examine_nesterov_step(answer) -> str | None:
    weights, velocity, gradient = np.array([1.0, -2.0]), np.array([0.5, 0.25]), np.array([2.0, 4.0])
    rate, beta = 0.1, 0.8
    given = weights.copy(), velocity.copy()
    result = call(answer, *given, gradient, rate, beta)
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        return f"the function must return two things, weights and velocity. It returned {type(result).__name__}."
    if not (np.array_equal(given[0], weights) and np.array_equal(given[1], velocity)):
        return "your function changed the arrays it was given: write weights + ... instead of weights += ..."
    new = beta * velocity - rate * gradient
    if not same(result[1], new):
        return differ("velocity", result[1], new) + " It is beta * velocity - rate * gradient, as in plain momentum."
    if same(result[0], weights + beta * new - rate * gradient):
        return None
    if same(result[0], weights + new):
        return "this is plain momentum: it moves by v. Nesterov moves by beta * v - rate * gradient, with the new v."
    if same(result[0], weights + beta * velocity - rate * gradient):
        return "your weights move with the old velocity: use the new one in beta * v - rate * gradient."
    return differ("weights", result[0], weights + beta * new - rate * gradient)


nesterov_step = Exercise(
    title="One step of Nesterov momentum",
    examine=_examine_nesterov_step,
    hints=(
        "The velocity is that of plain momentum: beta * velocity - rate * gradient.",
        "Compute the new velocity first, under its own name.",
        "The weights move by beta * new - rate * gradient.",
    ),
    starter="def nesterov_step(weights, velocity, gradient, rate, beta):\n    return ...\n",
    solution_source="""
def nesterov_step(weights, velocity, gradient, rate, beta):
    new = beta * velocity - rate * gradient
    return weights + beta * new - rate * gradient, new


answer = nesterov_step
""",
)


def _examine_largest_rate(answer) -> str | None:
    for a in (1.0, 4.0, 0.1):
        got = float(call(answer, a))
        if same(got, 1 / a):
            continue
        reason = ""
        if same(got, 2 / a):
            reason = " The limit is 2 / curvature, and the curvature of a x^2 is 2a."
        elif same(got, 1 / (2 * a)):
            reason = " That rate arrives in one step; larger ones still converge, jumping from side to side."
        elif same(got, 1.0):
            reason = " Your answer does not depend on a."
        return differ(f"largest rate for a = {a:g}", got, 1 / a) + reason
    return None


largest_rate = Exercise(
    title="The learning rate from which gradient descent fails",
    examine=_examine_largest_rate,
    hints=(
        "Try a = 1 and a = 4 with several rates: descend(lambda x: 2 * a * x, 1.0, rate, 100)[-1].",
        "One step multiplies the distance from the minimum by 1 - 2 a rate.",
        "It converges as long as this factor lies between -1 and 1.",
    ),
    starter="def largest_rate(a):\n    return ...\n",
    solution_source="""
def largest_rate(a):
    return 1 / a


answer = largest_rate
""",
)
