"""Exercises of `6_2_vae.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _parts(z_mean, z_log_var):
    """What each number of each code adds to the KL divergence."""
    return 0.5 * (z_mean**2 + np.exp(z_log_var) - z_log_var - 1)


def _examine_kl_of_codes(answer) -> str | None:
    random = np.random.default_rng(0)
    for batch_size, latent_dim in ((2, 3), (4, 2)):
        z_mean, z_log_var = random.normal(size=(2, batch_size, latent_dim))
        parts = _parts(z_mean, z_log_var)
        expected, got = parts.sum(axis=1), np.asarray(call(answer, z_mean.copy(), z_log_var.copy()))
        if same(got, expected):
            continue
        reason = ""
        if same(got, parts.mean(axis=1)):
            reason = " Add up over the numbers of a code; do not take their mean."
        elif same(got, parts.sum()) or same(got, expected.mean()):
            reason = " The answer has one number an image."
        elif same(got, parts.sum(axis=0)):
            reason = " Add up over axis 1, the numbers of one code."
        elif same(got, -expected):
            reason = " The sign: a divergence is 0 or more."
        elif same(got, 2 * expected):
            reason = " A factor one half is missing."
        elif same(got, 0.5 * (z_mean**2 + z_log_var**2 - np.log(z_log_var**2) - 1).sum(axis=1)):
            reason = " z_log_var is the logarithm of the variance: the variance is np.exp(z_log_var)."
        elif same(got, 0.5 * (z_mean**2 + np.exp(2 * z_log_var) - 2 * z_log_var - 1).sum(axis=1)):
            reason = " z_log_var is the logarithm of the variance, not of the standard deviation."
        elif same(got, expected + 0.5 * latent_dim):
            reason = " For the standard normal itself the answer must be 0: subtract 1."
        return differ(f"divergence of {batch_size} codes of {latent_dim} numbers", got, expected) + reason
    return None


kl_of_codes = Exercise(
    title="KL divergence of codes",
    examine=_examine_kl_of_codes,
    hints=(
        "For one number: half of (mean squared + variance - log of the variance - 1).",
        "The variance is np.exp(z_log_var).",
        "Add up over the numbers of each code: sum(axis=1).",
    ),
    starter="def kl_of_codes(z_mean, z_log_var):\n    return ...\n",
    solution_source="""
import numpy as np


def kl_of_codes(z_mean, z_log_var):
    return 0.5 * (z_mean**2 + np.exp(z_log_var) - z_log_var - 1).sum(axis=1)


answer = kl_of_codes
""",
)


def _examine_draw_code(answer) -> str | None:
    z_mean, z_log_var, epsilon = np.random.default_rng(1).normal(size=(3, 2, 4))
    std = np.exp(z_log_var / 2)
    for temperature in (0.7, 0.0, 1.0):
        expected = z_mean + temperature * std * epsilon
        got = np.asarray(call(answer, z_mean.copy(), z_log_var.copy(), epsilon.copy(), temperature))
        if same(got, expected):
            continue
        reason = ""
        if same(got, z_mean + std * epsilon):
            reason = " The temperature is not used."
        elif same(got, z_mean + temperature * std**2 * epsilon):
            reason = " np.exp(z_log_var) is the variance; the standard deviation is its root."
        elif same(got, z_mean + temperature * z_log_var * epsilon):
            reason = " z_log_var is a logarithm: np.exp(z_log_var / 2) is the standard deviation."
        elif same(got, temperature * (z_mean + std * epsilon)):
            reason = " The mean stays as it is: only the random part is cooled."
        elif same(got, z_mean + np.sqrt(temperature) * std * epsilon):
            reason = " The temperature multiplies the standard deviation, not the variance."
        elif same(got, z_mean + temperature * std):
            reason = " The random part epsilon is missing."
        return differ(f"code with temperature {temperature}", got, expected) + reason
    return None


draw_code = Exercise(
    title="A cooler draw",
    examine=_examine_draw_code,
    hints=(
        "The usual draw is mean + standard deviation * epsilon.",
        "The standard deviation is np.exp(z_log_var / 2).",
        "Multiply the standard deviation by the temperature.",
    ),
    starter="def draw_code(z_mean, z_log_var, epsilon, temperature):\n    return ...\n",
    solution_source="""
import numpy as np


def draw_code(z_mean, z_log_var, epsilon, temperature):
    return z_mean + temperature * np.exp(z_log_var / 2) * epsilon


answer = draw_code
""",
)


def _examine_effective_beta(answer) -> str | None:
    sizes = ((784, 20), (100, 5))
    for pixels, latent_dim in sizes:
        for over_pixels, over_code in ((True, False), (False, False), (False, True), (True, True)):
            expected = (pixels if over_pixels else 1) / (latent_dim if over_code else 1)
            got = call(answer, pixels, latent_dim, over_pixels, over_code)
            if same(got, expected):
                continue
            reason = ""
            if same(got, 1 / expected):
                reason = " The other way round: a small cross-entropy makes the KL divergence count more."
            elif over_pixels and over_code and same(got, pixels):
                reason = " The mean over the code makes the KL divergence smaller: divide by latent_dim."
            elif over_pixels and over_code and same(got, pixels * latent_dim):
                reason = " The two means work against each other."
            elif not over_pixels and not over_code:
                reason = " With both summed it is the plain loss."
            what = f"beta for {pixels} pixels, {latent_dim} numbers, means {over_pixels} and {over_code}"
            return differ(what, got, expected) + reason
    return None


effective_beta = Exercise(
    title="Which beta is it?",
    examine=_examine_effective_beta,
    hints=(
        "A mean over n numbers is their sum, divided by n.",
        "Multiply the whole loss by a factor so that the cross-entropy is summed again. What stands before the KL?",
        "pixels if there is a mean over pixels, else 1; divided by latent_dim if there is a mean over the code.",
    ),
    starter="def effective_beta(pixels, latent_dim, mean_over_pixels, mean_over_code):\n    return ...\n",
    solution_source="""
def effective_beta(pixels, latent_dim, mean_over_pixels, mean_over_code):
    beta = 1
    if mean_over_pixels:
        beta = beta * pixels
    if mean_over_code:
        beta = beta / latent_dim
    return beta


answer = effective_beta
""",
)


def _examine_used_numbers(answer) -> str | None:
    random = np.random.default_rng(2)
    z_mean = random.normal(size=(50, 6)) * np.array([2, 1, 0.5, 0.3, 0.05, 0])
    z_log_var = np.broadcast_to(np.array([-3, -2, -1, -0.1, 0, 0]), (50, 6))
    parts = _parts(z_mean, z_log_var)
    for least in (0.2, 0.01, 1.0):
        expected = int((parts.mean(axis=0) > least).sum())
        got = call(answer, z_mean.copy(), z_log_var.copy(), least)
        if same(got, expected):
            continue
        reason = ""
        if same(got, (parts.mean(axis=1) > least).sum()) or same(got, (parts.sum(axis=1) > least).sum()):
            reason = " This counts images. Take the mean over the images, axis 0, and count numbers of the code."
        elif same(got, (parts > least).sum()):
            reason = " Take the mean over the images first, then compare."
        elif same(got, parts.mean(axis=0) > least):
            reason = " How many are they? One number."
        elif same(got, (parts.sum(axis=0) > least).sum()):
            reason = " Take the mean over the images, not the sum."
        elif same(got, (parts.mean(axis=0) <= least).sum()):
            reason = " These are the numbers that are not in use."
        elif same(got, (z_mean.var(axis=0) > least).sum()):
            reason = " The question is about nats: use the KL divergence of each number."
        return differ(f"numbers that store more than {least} nats", got, expected) + reason
    return None


used_numbers = Exercise(
    title="Numbers in use",
    examine=_examine_used_numbers,
    hints=(
        "Compute the KL divergence of each number of each code, without adding up: (images, latent_dim).",
        "Take the mean over the images: axis 0.",
        "Compare with least, and add up the True values.",
    ),
    starter="def used_numbers(z_mean, z_log_var, least):\n    return ...\n",
    solution_source="""
import numpy as np


def used_numbers(z_mean, z_log_var, least):
    nats = 0.5 * (z_mean**2 + np.exp(z_log_var) - z_log_var - 1)
    return int((nats.mean(axis=0) > least).sum())


answer = used_numbers
""",
)
