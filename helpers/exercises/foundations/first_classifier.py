"""Exercises of `1_1_first_classifier.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_count_parameters(answer) -> str | None:
    for sizes in ([784, 10], [784, 256, 256, 10], [5, 4, 3, 2]):
        weights = sum(before * after for before, after in zip(sizes, sizes[1:], strict=False))
        expected, got = weights + sum(sizes[1:]), call(answer, list(sizes))
        if got == expected:
            continue
        reason = ""
        if got == weights:
            reason = " The biases are missing: one a unit."
        elif got == weights + sum(sizes):
            reason = " The input has no biases: count units from the second size on."
        return differ(f"parameters of {sizes}", got, expected) + reason
    return None


count_parameters = Exercise(
    title="Count the parameters of a dense network",
    examine=_examine_count_parameters,
    hints=(
        "Look at one pair of neighbouring sizes: how many lines join them?",
        "A layer from a to b has a x b weights and b biases.",
        "zip(sizes, sizes[1:]) walks over the neighbouring pairs.",
    ),
    starter="def count_parameters(sizes):\n    return ...\n",
    solution_source="""
def count_parameters(sizes):
    return sum(before * after + after for before, after in zip(sizes, sizes[1:]))


answer = count_parameters
""",
)


def _examine_perceptron_step(answer) -> str | None:
    image = np.array([0.5, 0.0, 1.0])
    cases = (
        ("a mistake on target +1", np.array([-1.0, 2.0, 0.0]), -0.25, 1.0, 1),
        ("a mistake on target -1", np.array([1.0, 2.0, 0.0]), 0.25, -1.0, 1),
        ("a right answer", np.array([1.0, 2.0, 1.0]), 0.5, 1.0, 0),
    )
    for what, weights, bias, target, wrong in cases:
        given = weights.copy()
        result = call(answer, given, bias, image, target)
        if not (isinstance(result, (tuple, list)) and len(result) == 2):
            return f"the function must return two things, weights and bias. It returned {type(result).__name__}."
        if not np.array_equal(given, weights):
            return "your function changed the weights it was given: write weights + ... instead of weights += ..."
        step = wrong * target
        if same(result[0], weights + step * image) and same(result[1], bias + step):
            continue
        if not wrong:
            return "after a right answer nothing changes; your function moved the weights or the bias."
        if same(result[0], weights - step * image):
            return f"{what}: your weights move the wrong way. Add target * image."
        if same(result[0], weights + step * image):
            return differ(f"bias after {what}", result[1], bias + step) + " It moves by the target."
        return differ(f"weights after {what}", result[0], weights + step * image)
    return None


perceptron_step = Exercise(
    title="One step of the perceptron as a function",
    examine=_examine_perceptron_step,
    hints=(
        "First decide whether the answer was wrong: target * z < 0.",
        "When it was wrong, the weights move by target * image and the bias by target.",
        "Return weights + target * image, bias + target after a mistake; else weights, bias.",
    ),
    starter="def perceptron_step(weights, bias, image, target):\n    return ...\n",
    solution_source="""
def perceptron_step(weights, bias, image, target):
    if target * (weights @ image + bias) < 0:
        return weights + target * image, bias + target
    return weights, bias


answer = perceptron_step
""",
)


def _examine_most_frequent_mistake(answer) -> str | None:
    labels = np.array([4, 4, 4, 9, 9, 7, 7, 7, 7, 7])
    answers = np.array([9, 9, 4, 4, 9, 7, 7, 7, 7, 2])
    got = tuple(int(part) for part in call(answer, labels, answers))
    if got == (4, 9):
        return None
    if got == (9, 4):
        return "expected (label, answer) = (4, 9), your answer gave (9, 4): label and answer are swapped."
    if got == (7, 7):
        return "your answer gave (7, 7), which is not a mistake: leave out the images where label and answer agree."
    return differ("most frequent mistake of a small example", got, (4, 9))


most_frequent_mistake = Exercise(
    title="The most frequent mistake",
    examine=_examine_most_frequent_mistake,
    hints=(
        "Keep only the images where labels and answers differ.",
        "Count the pairs: collections.Counter(zip(labels, answers)).",
        "Counter.most_common(1)[0][0] is the most frequent pair.",
    ),
    starter="def most_frequent_mistake(labels, answers):\n    return ...\n",
    solution_source="""
from collections import Counter


def most_frequent_mistake(labels, answers):
    pairs = [(int(label), int(answer)) for label, answer in zip(labels, answers) if label != answer]
    return Counter(pairs).most_common(1)[0][0]


answer = most_frequent_mistake
""",
)
