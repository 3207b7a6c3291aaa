"""Exercises of `6_7_conditional_gan.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_label_weights(answer) -> str | None:
    for classes, units, kernel_size, filters in ((10, 256, 5, 32), (7, 50, 3, 11), (4, 9, 6, 5)):
        dense, planes = classes * units, kernel_size**2 * classes * filters
        expected, got = np.array([dense, planes]), np.asarray(call(answer, classes, units, kernel_size, filters))
        if same(got, expected):
            continue
        reason = ""
        if same(got, expected[::-1]):
            reason = " First the generator, then the discriminator."
        elif same(got, [units, planes]):
            reason = " Each number of the one-hot label has its own weight to each unit."
        elif same(got, [dense, classes * filters]):
            reason = " A kernel has kernel_size x kernel_size weights for each channel."
        elif same(got, [dense, kernel_size * classes * filters]):
            reason = " A kernel is a square."
        elif same(got, [dense, kernel_size**2 * filters]):
            reason = " The label becomes one channel a class, not one channel."
        elif same(got, [dense + units, planes + filters]):
            reason = " The biases were there before the label came: they do not count."
        what = f"weights for {classes} classes, {units} units, {filters} kernels of {kernel_size} x {kernel_size}"
        return differ(what, got, expected) + reason
    return None


label_weights = Exercise(
    title="Weights that a label brings",
    examine=_examine_label_weights,
    hints=(
        "The generator's dense layer gets `classes` more inputs, each joined to every unit.",
        "The discriminator's convolution gets `classes` more input channels.",
        "Each kernel has kernel_size x kernel_size weights for each input channel.",
    ),
    starter="def label_weights(classes, units, kernel_size, filters):\n    return ...  # generator, discriminator\n",
    solution_source="""
def label_weights(classes, units, kernel_size, filters):
    return classes * units, kernel_size * kernel_size * classes * filters


answer = label_weights
""",
)


def _examine_style_by_class(answer) -> str | None:
    for count, latent_dim, classes in ((3, 4, 10), (2, 5, 3), (4, 2, 6)):
        z = np.random.default_rng(count).uniform(-1, 1, (count, latent_dim))
        codes, rows = np.tile(z, (classes, 1)), np.repeat(np.eye(classes), count, axis=0)
        try:
            got_codes, got_rows = (np.asarray(part) for part in call(answer, z.copy(), classes))
        except (TypeError, ValueError) as error:
            return f"expected two arrays: codes and one-hot rows. Received: {error}"
        if same(got_codes, codes) and same(got_rows, rows):
            continue
        reason = ""
        if same(got_codes, np.repeat(z, classes, axis=0)) and same(got_rows, np.tile(np.eye(classes), (count, 1))):
            reason = " That is one row a code. Wanted is one row a class."
        elif same(got_codes, codes) and same(got_rows, np.tile(np.eye(classes), (count, 1))):
            reason = " Codes and labels go round together, so a code does not meet every label."
        elif same(got_codes, np.repeat(z, classes, axis=0)) and same(got_rows, rows):
            reason = " The codes must go round inside a class: one after the other, then again."
        elif same(got_codes, codes) and same(got_rows, np.repeat(np.arange(classes), count)):
            reason = " The labels must be one-hot rows."
        elif len(got_codes) != classes * count:
            reason = f" There must be {classes * count} codes: each of {count} for each of {classes} classes."
        elif same(got_rows, rows):
            reason = " The labels are right. Each row of the grid needs the same codes, in the same order."
        return differ(f"codes for {count} codes and {classes} classes", got_codes, codes) + reason
    return None


style_by_class = Exercise(
    title="A grid with one row a class and one column a code",
    examine=_examine_style_by_class,
    hints=(
        "The codes of the first row, then the same codes for the second row, and so on: np.tile.",
        "The label of class 0 as often as there are codes, then that of class 1: np.repeat.",
        "np.tile(z, (classes, 1)) repeats whole blocks; np.repeat(np.eye(classes), len(z), axis=0) repeats each row.",
    ),
    starter="def style_by_class(z, classes):\n    return ...  # two arrays: codes, one-hot rows\n",
    solution_source="""
import numpy as np


def style_by_class(z, classes):
    return np.tile(z, (classes, 1)), np.repeat(np.eye(classes), len(z), axis=0)


answer = style_by_class
""",
)


def _examine_gain(answer) -> str | None:
    for count in (3, 6):
        random = np.random.default_rng(count)
        before = random.uniform(0.6, 0.9, count)
        after = before + random.normal(0.02, 0.01, count)
        difference = after - before
        error = difference.std(ddof=1) / np.sqrt(count)
        expected, got = np.array([difference.mean(), error]), np.asarray(call(answer, before.copy(), after.copy()))
        if same(got, expected):
            continue
        pooled = np.sqrt(before.var(ddof=1) / count + after.var(ddof=1) / count)
        reason = ""
        if same(got, -expected * [1, -1]):
            reason = " The gain is after minus before."
        elif same(got, [expected[0], difference.std(ddof=1)]):
            reason = " Divide the standard deviation by the root of the number of seeds."
        elif same(got, [expected[0], difference.std() / np.sqrt(count)]):
            reason = " With few seeds the standard deviation needs ddof=1."
        elif same(got, [expected[0], pooled]) or same(got, [expected[0], np.sqrt(before.var() + after.var())]):
            reason = " Each seed has its own small set: take the differences first, then their spread."
        elif same(got, difference):
            reason = " Return two numbers: the mean of these, and the standard error of that mean."
        return differ(f"gain over {count} seeds and its standard error", got, expected) + reason
    return None


paired_gain = Exercise(
    title="The gain over several seeds, with its standard error",
    examine=_examine_gain,
    hints=(
        "Both classifiers of a seed saw the same small set. Compare them seed by seed.",
        "The gain is the mean of the differences after - before.",
        "The standard error is the standard deviation (ddof=1) of the differences, over the root of their number.",
    ),
    starter="def paired_gain(before, after):\n    return ...  # two numbers: mean, standard error\n",
    solution_source="""
import numpy as np


def paired_gain(before, after):
    difference = after - before
    return difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))


answer = paired_gain
""",
)


def _divergence(real, fake):
    """Jensen-Shannon divergence of two tables of probabilities, none of them 0."""
    middle = (real + fake) / 2
    return 0.5 * (real * np.log(real / middle)).sum() + 0.5 * (fake * np.log(fake / middle)).sum()


def _examine_pair_divergence(answer) -> str | None:
    for shape in ((2, 3), (4, 2)):
        random = np.random.default_rng(shape[0])
        real, fake = (table / table.sum() for table in random.uniform(0.2, 1, (2, *shape)))
        expected, got = _divergence(real, fake), call(answer, real.copy(), fake.copy())
        if same(got, expected):
            continue
        middle, reason = (real + fake) / 2, ""
        if same(got, _divergence(real.sum(axis=0), fake.sum(axis=0))):
            reason = " That is the divergence of the pictures alone: here pictures and labels count together."
        elif same(got, (real * np.log(real / fake)).sum()) or same(got, (fake * np.log(fake / real)).sum()):
            reason = " That is a Kullback-Leibler divergence. Compare both tables with their mean."
        elif same(got, 2 * expected):
            reason = " Each of the two parts counts half."
        elif same(got, expected / np.log(2)):
            reason = " Use the natural logarithm."
        elif same(got, 0.5 * (real * np.log(real / middle)).sum()):
            reason = " The generated pairs have a part of their own."
        elif same(got, 2 * np.log(2) - 2 * expected):
            reason = " That is the loss of the best discriminator. Solve it for the divergence."
        return differ(f"divergence of two tables {shape}", got, expected) + reason
    return None


pair_divergence = Exercise(
    title="What the best discriminator with labels measures",
    examine=_examine_pair_divergence,
    hints=(
        "Take the mean of both tables, cell by cell.",
        "The Kullback-Leibler divergence of a table p from the mean m is the sum of p * log(p / m).",
        "Half of that for the real table, plus half of that for the generated one.",
    ),
    starter="def pair_divergence(real, fake):\n    return ...\n",
    solution_source="""
import numpy as np


def pair_divergence(real, fake):
    middle = (real + fake) / 2
    return 0.5 * (real * np.log(real / middle)).sum() + 0.5 * (fake * np.log(fake / middle)).sum()


answer = pair_divergence
""",
)
