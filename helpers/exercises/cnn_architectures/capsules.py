"""Exercises of `2_8_capsules.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_routed_weights(answer) -> str | None:
    for side, kinds, size, classes, class_size in ((6, 32, 8, 10, 16), (5, 4, 6, 3, 7), (1, 2, 3, 4, 5)):
        expected = side * side * kinds * size * classes * class_size
        got = call(answer, side, kinds, size, classes, class_size)
        if got == expected:
            continue
        reason = ""
        if got == kinds * size * classes * class_size:
            reason = " The matrices are not shared among the places: each place has its own."
        elif got == side * kinds * size * classes * class_size:
            reason = " There are side x side places."
        elif got == side * side * kinds * classes:
            reason = " This is the number of matrices. Each has size x class_size weights."
        elif got == side * side * kinds * size * class_size:
            reason = " Each primary capsule has a matrix for each class."
        elif got == expected + classes * class_size:
            reason = " There are no biases: the matrices alone make the predictions."
        what = f"weights from {side} x {side} places, {kinds} kinds of {size}, to {classes} classes of {class_size}"
        return differ(what, got, expected) + reason
    return None


routed_weights = Exercise(
    title="Weights between two layers of capsules",
    examine=_examine_routed_weights,
    hints=(
        "How many primary capsules are there in all? Each place has its own.",
        "Each primary capsule has one matrix for each class.",
        "A matrix turns size numbers into class_size numbers.",
    ),
    starter="def routed_weights(side, kinds, size, classes, class_size):\n    return ...\n",
    solution_source="""
def routed_weights(side, kinds, size, classes, class_size):
    capsules = side * side * kinds
    return capsules * classes * size * class_size


answer = routed_weights
""",
)


def _step(logits, predictions, axis=0, squashed=True):
    """One step of routing; `axis` and `squashed` are there to recognise mistakes."""
    shares = np.exp(logits) / np.exp(logits).sum(axis=axis, keepdims=True)
    sums = (shares[..., None] * predictions).sum(axis=1)  # (upper, size)
    squared = (sums**2).sum(axis=-1, keepdims=True)
    capsules = sums * np.sqrt(squared) / (1 + squared) if squashed else sums
    return (predictions * capsules[:, None]).sum(axis=-1)


def _examine_next_logits(answer) -> str | None:
    random = np.random.default_rng(0)
    for upper, lower, size in ((2, 4, 3), (3, 5, 2)):
        logits, predictions = random.normal(size=(upper, lower)), random.normal(size=(upper, lower, size))
        expected = logits + _step(logits, predictions)
        got = np.asarray(call(answer, logits.copy(), predictions.copy()))
        if same(got, expected):
            continue
        reason = ""
        if same(got, expected - logits):
            reason = " The agreement is added to the logits; it does not replace them."
        elif same(got, logits + _step(logits, predictions, axis=1)):
            reason = " The shares of one lower capsule sum to 1 over the upper ones: softmax over axis 0."
        elif same(got, logits + _step(logits, predictions, squashed=False)):
            reason = " The weighted sum must be squashed before it is compared with the predictions."
        elif same(got, np.exp(logits) / np.exp(logits).sum(axis=0)):
            reason = " These are the coupling coefficients. Go on: weighted sum, squash, scalar products."
        elif same(got, logits + _step(np.zeros_like(logits), predictions)):
            reason = " Here all shares are equal: they must come from the logits, by softmax."
        return differ(f"logits for {lower} lower and {upper} upper capsules", got, expected) + reason
    return None


next_logits = Exercise(
    title="One step of routing by agreement",
    examine=_examine_next_logits,
    hints=(
        "The coupling coefficients are a softmax of the logits over the upper capsules, axis 0.",
        "Weight the predictions with them, add up over the lower capsules (axis 1), and squash.",
        "Add to each logit the scalar product of its prediction with the capsule that came out.",
    ),
    starter="def next_logits(logits, predictions):\n    return ...\n",
    solution_source="""
import numpy as np


def next_logits(logits, predictions):
    couplings = np.exp(logits) / np.exp(logits).sum(axis=0)
    s = (couplings[..., None] * predictions).sum(axis=1)
    length = np.linalg.norm(s, axis=-1, keepdims=True)
    capsules = length**2 / (1 + length**2) * s / length
    return logits + (predictions * capsules[:, None]).sum(axis=-1)


answer = next_logits
""",
)


def _margins(there, lengths, high, low, weight, power=2):
    """The two parts of the margin loss of each class."""
    present = there * np.maximum(0, high - lengths) ** power
    return present, weight * (1 - there) * np.maximum(0, lengths - low) ** power


def _examine_margin_loss_of(answer) -> str | None:
    there, lengths = np.array([1, 0, 0, 1, 0]), np.array([0.97, 0.05, 0.7, 0.4, 0.3])
    for high, low, weight in ((0.9, 0.1, 0.5), (0.8, 0.25, 0.7)):
        present, absent = _margins(there, lengths, high, low, weight)
        expected, got = present.sum() + absent.sum(), call(answer, there.copy(), lengths.copy(), high, low, weight)
        if same(got, expected):
            continue
        reason = ""
        if same(got, present + absent):
            reason = " Add up over the classes: one number."
        elif same(got, sum(part.sum() for part in _margins(there, lengths, high, low, 1))):
            reason = " The classes that are not there count only weight."
        elif same(got, sum(part.sum() for part in _margins(there, lengths, high, low, weight, power=1))):
            reason = " Each distance from a margin is squared."
        elif same(got, present.sum() + (weight * (1 - there) * (lengths - low) ** 2).sum()) or same(
            got, (there * (high - lengths) ** 2 + weight * (1 - there) * (lengths - low) ** 2).sum()
        ):
            reason = " Beyond its margin a length costs nothing: max(0, ...)."
        elif same(got, present.sum()):
            reason = " The classes that are not there cost something too."
        elif same(got, sum(part.sum() for part in _margins(1 - there, lengths, high, low, weight))):
            reason = " The classes that are there should be long, the others short."
        return differ(f"margin loss with margins {high} and {low}, weight {weight}", got, expected) + reason
    return None


margin_loss_of = Exercise(
    title="The margin loss with other margins",
    examine=_examine_margin_loss_of,
    hints=(
        "A class that is there costs max(0, high - length) squared; np.maximum works on whole arrays.",
        "The others cost weight * max(0, length - low) squared.",
        "Multiply by there and by 1 - there, and add up over the classes.",
    ),
    starter="def margin_loss_of(there, lengths, high, low, weight):\n    return ...\n",
    solution_source="""
import numpy as np


def margin_loss_of(there, lengths, high, low, weight):
    present = there * np.maximum(0, high - lengths) ** 2
    absent = (1 - there) * np.maximum(0, lengths - low) ** 2
    return (present + weight * absent).sum()


answer = margin_loss_of
""",
)


def _examine_primary_count(answer) -> str | None:
    for pixels, kinds in ((28, 32), (36, 32), (17, 4), (30, 8)):
        after_first = pixels - 8
        side = (after_first - 9) // 2 + 1
        expected, got = side * side * kinds, call(answer, pixels, kinds)
        if got == expected:
            continue
        reason = ""
        if got == side * side * kinds * 8:
            reason = " These are the numbers; 8 of them are one capsule."
        elif got == side * kinds:
            reason = " The places form a square."
        elif got == side * side:
            reason = " There are several capsules at each place."
        elif got == (after_first - 8) ** 2 * kinds:
            reason = " The second convolution has stride 2."
        elif got == ((pixels - 9) // 2 + 1) ** 2 * kinds:
            reason = " There are two convolutions, one after the other."
        elif got in ((pixels // 2) ** 2 * kinds, (-(-pixels // 2)) ** 2 * kinds):
            reason = " Without padding a 9 x 9 window fits at pixels - 8 places."
        return differ(f"primary capsules for {pixels} x {pixels} pixels, {kinds} kinds", got, expected) + reason
    return None


primary_count = Exercise(
    title="Primary capsules for other image sizes",
    examine=_examine_primary_count,
    hints=(
        "The first convolution leaves pixels - 8 places in each direction.",
        "The second one, with stride 2, leaves (n - 9) // 2 + 1 of n places.",
        "Square that, and multiply by the number of capsules at each place.",
    ),
    starter="def primary_count(pixels, kinds):\n    return ...\n",
    solution_source="""
def primary_count(pixels, kinds):
    side = (pixels - 8 - 9) // 2 + 1
    return side * side * kinds


answer = primary_count
""",
)
