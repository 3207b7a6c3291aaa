"""The exercise of `0_start_here.ipynb`."""

from helpers.exercises.core import Exercise, call, differ


def _examine_count_values(answer) -> str | None:
    for shape, expected in (((28, 28), 784), ((32, 32, 3), 3072), ((2, 3, 4, 5), 120)):
        got = call(answer, shape)
        if got == sum(shape):
            return differ(f"values in an image of shape {shape}", got, expected) + " Multiply: do not add."
        if got == shape[0] * shape[1] != expected:
            return differ(f"values in an image of shape {shape}", got, expected) + " The last axes count too."
        if got != expected:
            return differ(f"values in an image of shape {shape}", got, expected)
    return None


count_values = Exercise(
    title="How many numbers an image holds",
    examine=_examine_count_values,
    hints=(
        "A grey image of 28 rows and 28 columns holds 28 x 28 numbers.",
        "Start with 1 and multiply by each size of the shape, however many there are. Or look up math.prod.",
    ),
    starter="def count_values(shape):\n    return ...\n",
    solution_source="""
import math


def count_values(shape):
    return math.prod(shape)


answer = count_values
""",
)
