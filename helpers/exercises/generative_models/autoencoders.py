"""Exercises of `6_1_autoencoders.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_dense_parameters(answer) -> str | None:
    for pixels, filters, latent_dim in ((28, 32, 20), (32, 8, 5), (64, 16, 2)):
        size = (pixels // 4) ** 2 * filters
        expected, got = 2 * size * latent_dim + latent_dim + size, call(answer, pixels, filters, latent_dim)
        if got == expected:
            continue
        reason = ""
        if got == 2 * size * latent_dim:
            reason = " Each dense layer has one bias an output too."
        elif got == size * latent_dim + latent_dim:
            reason = " This is the encoder's layer alone; the decoder's leads from the code back to the map."
        elif got == size * latent_dim + size:
            reason = " This is the decoder's layer alone; the encoder's leads from the map to the code."
        elif got == 2 * pixels**2 * filters * latent_dim + latent_dim + pixels**2 * filters:
            reason = " Two strides of 2 leave a quarter of the height and of the width."
        elif got == 2 * (pixels // 2) ** 2 * filters * latent_dim + latent_dim + (pixels // 2) ** 2 * filters:
            reason = " There are two strides of 2: each halves height and width."
        elif got == 2 * size * latent_dim + 2 * latent_dim:
            reason = " The decoder's layer has as many biases as the map has numbers."
        what = f"dense parameters for {pixels} x {pixels} pixels, {filters} filters, a code of {latent_dim}"
        return differ(what, got, expected) + reason
    return None


dense_parameters = Exercise(
    title="Parameters next to the code",
    examine=_examine_dense_parameters,
    hints=(
        "The smallest map has pixels / 4 rows and columns, and filters channels.",
        "The encoder's layer leads from all numbers of the map to the code, the decoder's back again.",
        "Add one bias for each output: latent_dim in the encoder, the whole map in the decoder.",
    ),
    starter="def dense_parameters(pixels, filters, latent_dim):\n    return ...\n",
    solution_source="""
def dense_parameters(pixels, filters, latent_dim):
    size = (pixels // 4) ** 2 * filters
    return (size * latent_dim + latent_dim) + (latent_dim * size + size)


answer = dense_parameters
""",
)


def _examine_label_given_value(answer) -> str | None:
    random = np.random.default_rng(0)
    for shape, value in (((3, 4), 1), ((2, 5), 3)):
        joint = random.uniform(0.1, 1, shape)
        joint /= joint.sum()
        expected = joint[:, value] / joint[:, value].sum()
        got = np.asarray(call(answer, joint.copy(), value))
        if same(got, expected):
            continue
        reason = ""
        if same(got, joint[:, value]):
            reason = " These are joint probabilities. Among the images with this value the shares must sum to 1."
        elif same(got, joint[:, value] / joint.sum(axis=1)):
            reason = " This is P(x | y): you divided by the sum of each row. Divide by the sum of the column."
        elif got.shape == (shape[1],):
            reason = " This is one number a value. Take the column, not the row."
        return differ(f"P(y | x) from a table of {shape[0]} classes, column {value}", got, expected) + reason
    return None


label_given_value = Exercise(
    title="From the joint table to a classifier",
    examine=_examine_label_given_value,
    hints=(
        "Take the column of this value: joint[:, value].",
        "It holds P(x, y) for each class. Its sum is P(x).",
        "P(y | x) = P(x, y) / P(x).",
    ),
    starter="def label_given_value(joint, value):\n    return ...\n",
    solution_source="""
def label_given_value(joint, value):
    column = joint[:, value]
    return column / column.sum()


answer = label_given_value
""",
)


def _examine_through_components(answer) -> str | None:
    random = np.random.default_rng(0)
    for count, size, kept in ((5, 8, 3), (4, 6, 2)):
        images, mean = random.uniform(size=(count, size)), random.uniform(size=size)
        components = np.linalg.qr(random.normal(size=(size, kept)))[0].T
        codes = (images - mean) @ components.T
        expected = mean + codes @ components
        got = np.asarray(call(answer, images.copy(), mean.copy(), components.copy()))
        if same(got, expected):
            continue
        reason = ""
        if same(got, codes):
            reason = " These are the codes. Go back: each code number times its component, added up."
        elif same(got, codes @ components):
            reason = " The mean was taken away before encoding: add it again after decoding."
        elif same(got, images @ components.T @ components):
            reason = " PCA describes the differences from the mean: take it away first, and add it at the end."
        elif same(got, mean + images @ components.T @ components):
            reason = " The mean must be taken away before encoding."
        return differ(f"{count} images of {size} pixels through {kept} components", got, expected) + reason
    return None


through_components = Exercise(
    title="PCA as an autoencoder",
    examine=_examine_through_components,
    hints=(
        "Take the mean away first: images - mean.",
        "Encode: one scalar product with each component, (images - mean) @ components.T.",
        "Decode: codes @ components, and add the mean.",
    ),
    starter="def through_components(images, mean, components):\n    return ...\n",
    solution_source="""
def through_components(images, mean, components):
    codes = (images - mean) @ components.T
    return mean + codes @ components


answer = through_components
""",
)


def _examine_noise_strength(answer) -> str | None:
    random = np.random.default_rng(0)
    for shape, distance in (((28, 28), 5.0), ((4, 6), 0.7)):
        noise = random.normal(0, 1.3, shape)
        length = np.sqrt((noise**2).sum())
        expected, got = distance / length, call(answer, noise.copy(), distance)
        if same(got, expected, 1e-6):
            continue
        reason = ""
        if same(got, distance / length**2, 1e-6):
            reason = " You divided by the sum of squares. A distance is the root of it."
        elif same(got, distance**2 / length**2, 1e-6):
            reason = " This is the square of the strength."
        elif same(got, distance / np.sqrt((noise**2).mean()), 1e-6):
            reason = " The L2 distance is the root of the sum of squares, not of their mean."
        elif same(got, distance / np.abs(noise).sum(), 1e-6):
            reason = " This is the strength for a sum of absolute differences, the L1 distance."
        elif same(got, distance * length, 1e-6):
            reason = " More noise needs less strength: divide."
        return differ(f"strength for noise of shape {shape} and distance {distance}", got, expected) + reason
    return None


noise_strength = Exercise(
    title="Noise at a given distance",
    examine=_examine_noise_strength,
    hints=(
        "The difference of the two images is s * noise.",
        "Its L2 norm is s times the norm of the noise: np.linalg.norm(noise.ravel()).",
        "Set it equal to distance, and solve for s.",
    ),
    starter="def noise_strength(noise, distance):\n    return ...\n",
    solution_source="""
import numpy as np


def noise_strength(noise, distance):
    return distance / np.sqrt((noise**2).sum())


answer = noise_strength
""",
)
