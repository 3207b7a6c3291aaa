"""Exercises of `4_3_input_pipelines.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_calls_needed(answer) -> str | None:
    for load, train, cores in ((30, 10, 8), (25, 10, 8), (4, 10, 8), (90, 10, 4), (10, 10, 2)):
        needed = -(-load // train)
        expected, got = min(needed, cores), call(answer, load, train, cores)
        if got == expected:
            continue
        reason = ""
        if got == needed:
            reason = f" More than {cores} calls do not run at the same time on {cores} cores."
        elif got == 0 or (got == load // train and load % train):
            reason = " Then loading still takes longer than training: round up."
        elif same(got, load / train):
            reason = " A number of calls is a whole number: round up."
        elif got == cores:
            reason = " Fewer are enough."
        elif got == min(max(1, -(-train // load)), cores):
            reason = " Load and train are exchanged: the calls divide the time to load."
        return differ(f"calls for loading {load} ms, training {train} ms, {cores} cores", got, expected) + reason
    return None


calls_needed = Exercise(
    title="How many parallel calls",
    examine=_examine_calls_needed,
    hints=(
        "With n calls at a time a batch arrives every load / n milliseconds. When is that fast enough?",
        "n must be at least load / train, and a whole number: round up. -(-a // b) does that.",
        "More calls than cores do not help: min(..., cores).",
    ),
    starter="def calls_needed(load, train, cores):\n    return ...\n",
    solution_source="""
def calls_needed(load, train, cores):
    return min(-(-load // train), cores)


answer = calls_needed
""",
)


def _examine_source_pixel(answer) -> str | None:
    for row, column, height, width, degrees in ((0, 6, 7, 7, 90), (2, 5, 9, 9, 180), (1, 4, 6, 10, 30)):
        y, x = (height - 1) / 2, (width - 1) / 2
        angle = np.deg2rad(degrees)

        def place(row, column, angle, y=y, x=x):
            cos, sin = np.cos(angle), np.sin(angle)
            return y + cos * (row - y) + sin * (column - x), x + cos * (column - x) - sin * (row - y)

        expected, got = place(row, column, angle), call(answer, row, column, height, width, degrees)
        if np.shape(got) != (2,):
            return f"the function must return two numbers, a row and a column. It returned {got!r}."
        if same(got, expected):
            continue
        reason = ""
        if same(got, place(row, column, -angle)):
            reason = " The image turns the wrong way: this is with the clock."
        elif same(got, place(row, column, degrees)):
            reason = " Sine and cosine take radians: np.deg2rad."
        elif same(got, place(row, column, angle, 0, 0)):
            reason = " The image turns about its first pixel: count from the centre."
        elif same(got, place(row, column, angle, height / 2, width / 2)):
            reason = " The centre of rows 0 to height - 1 is (height - 1) / 2."
        elif same(got[::-1], expected):
            reason = " The row comes first."
        what = f"source of ({row}, {column}) in {height} x {width}, turned by {degrees} degrees"
        return differ(what, list(got), list(expected)) + reason
    return None


source_pixel = Exercise(
    title="Where a pixel of a turned image comes from",
    examine=_examine_source_pixel,
    hints=(
        "Count from the centre: down = row - (height - 1) / 2, and right in the same way.",
        "Against the clock: right becomes cos * right - sin * down, and down becomes cos * down + sin * right.",
        "Add the centre again at the end, and turn degrees into radians with np.deg2rad.",
    ),
    starter="def source_pixel(row, column, height, width, degrees):\n    return ...\n",
    solution_source="""
import numpy as np


def source_pixel(row, column, height, width, degrees):
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    down, right = row - (height - 1) / 2, column - (width - 1) / 2
    return (height - 1) / 2 + cos * down + sin * right, (width - 1) / 2 + cos * right - sin * down


answer = source_pixel
""",
)


def _examine_average_crops(answer) -> str | None:
    random = np.random.default_rng(0)
    for images, crops, classes in ((3, 10, 2), (4, 5, 3)):
        probabilities = random.dirichlet(np.ones(classes), images * crops)  # (images * crops, classes)
        grouped = probabilities.reshape(images, crops, classes)
        expected, got = grouped.mean(axis=1), np.asarray(call(answer, probabilities.copy(), crops))
        if got.shape == expected.shape and same(got, expected):
            continue
        reason = ""
        if same(got, probabilities.reshape(crops, images, classes).mean(axis=0)):
            reason = " The crops of one image stand together: the image is the first axis, the crop the second."
        elif same(got, grouped.sum(axis=1)):
            reason = " This is the sum: probabilities must add up to 1."
        elif same(got, grouped.max(axis=1)):
            reason = " This is the largest of the crops, not their mean."
        elif same(got, grouped.mean(axis=1).argmax(axis=1)):
            reason = " Return the mean probabilities, not the class."
        elif same(got, grouped[:, min(4, crops - 1)]):
            reason = " This is the centre crop alone."
        return differ(f"mean over {crops} crops of each of {images} images", got, expected) + reason
    return None


average_crops = Exercise(
    title="Average over the crops of each image",
    examine=_examine_average_crops,
    hints=(
        "The rows are image 0 crop 0, image 0 crop 1, ..., image 1 crop 0, ...",
        "probabilities.reshape(-1, crops, classes) puts the crops of an image together.",
        "Then take the mean over axis 1.",
    ),
    starter="def average_crops(probabilities, crops):\n    return ...\n",
    solution_source="""
def average_crops(probabilities, crops):
    return probabilities.reshape(-1, crops, probabilities.shape[1]).mean(axis=1)


answer = average_crops
""",
)


def _examine_number_of_patches(answer) -> str | None:
    for stored, patch, flip in ((256, 227, True), (256, 224, True), (96, 84, False), (32, 32, True)):
        places = (stored - patch + 1) ** 2
        expected, got = places * (2 if flip else 1), call(answer, stored, patch, flip)
        if got == expected:
            continue
        factor, reason = 2 if flip else 1, ""
        if got == (stored - patch) ** 2 * factor:
            reason = " There is one place more than there are pixels of room: a patch of the full size has one place."
        elif got == (stored - patch + 1) * factor:
            reason = " A patch moves down as well as to the right."
        elif got == places and flip:
            reason = " Each patch has its mirror image too."
        elif got == places * 2 and not flip:
            reason = " Without mirror images each place gives one patch."
        elif got == places**2:
            reason = " Mirroring doubles the number; it does not square it."
        return differ(f"patches of {patch} from {stored}, mirrored: {flip}", got, expected) + reason
    return None


number_of_patches = Exercise(
    title="How many different patches an image has",
    examine=_examine_number_of_patches,
    hints=(
        "Where can the upper edge of the patch lie? From row 0 to row stored - patch.",
        "That many rows, and as many columns.",
        "A mirror image doubles the number.",
    ),
    starter="def number_of_patches(stored, patch, flip):\n    return ...\n",
    solution_source="""
def number_of_patches(stored, patch, flip):
    return (stored - patch + 1) ** 2 * (2 if flip else 1)


answer = number_of_patches
""",
)
