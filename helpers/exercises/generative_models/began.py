"""Exercises of `6_6_began.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_began_losses(answer) -> str | None:
    random = np.random.default_rng(0)
    for k, size in ((0.25, 3), (0.8, 5)):
        real, copy, fake, fake_copy = random.uniform(-1, 1, (4, 2, size, size))
        errors = np.abs(real - copy).mean(), np.abs(fake - fake_copy).mean()
        squares = ((real - copy) ** 2).mean(), ((fake - fake_copy) ** 2).mean()
        sums = np.abs(real - copy).sum(), np.abs(fake - fake_copy).sum()
        expected = np.array([errors[0] - k * errors[1], errors[1]])
        got = np.asarray(call(answer, real.copy(), copy.copy(), fake.copy(), fake_copy.copy(), k), dtype=float)
        if same(got, expected):
            continue
        reason = ""
        if same(got, np.array([errors[0] + k * errors[1], errors[1]])):
            reason = " The discriminator should copy generated images badly: k L(G(z)) is taken away, not added."
        elif same(got, np.array([errors[0] - errors[1], errors[1]])):
            reason = " The error of the generated images counts k in the loss of the discriminator."
        elif same(got, np.array([errors[0] - k * errors[1], k * errors[1]])):
            reason = " k is no part of the generator's loss."
        elif same(got, np.array([errors[0] - k * errors[1], -errors[1]])):
            reason = " The generator wants its images to be copied well: its loss is the error itself."
        elif same(got, np.array([squares[0] - k * squares[1], squares[1]])):
            reason = " Take the absolute differences, not the squared ones."
        elif same(got, np.array([sums[0] - k * sums[1], sums[1]])):
            reason = " Take the mean over all pixels, not the sum."
        elif same(got, expected[::-1]):
            reason = " First the loss of the discriminator, then that of the generator."
        return differ(f"losses of the discriminator and of the generator, k = {k}", got, expected) + reason
    return None


began_losses = Exercise(
    title="The two losses of BEGAN",
    examine=_examine_began_losses,
    hints=(
        "The error of a batch is the mean of |image - copy| over all pixels of all images.",
        "The discriminator wants a small error of real images and a large one of generated images, which counts k.",
        "The generator wants a small error of its own images, and nothing else.",
    ),
    starter="def began_losses(real, real_copy, fake, fake_copy, k):\n    return ...\n",
    solution_source="""
import numpy as np


def began_losses(real, real_copy, fake, fake_copy, k):
    real_error = np.abs(real - real_copy).mean()
    fake_error = np.abs(fake - fake_copy).mean()
    return real_error - k * fake_error, fake_error


answer = began_losses
""",
)


def _examine_next_k(answer) -> str | None:
    cases = (
        (0.3, 0.2, 0.04, 0.5, 0.5),
        (0.3, 0.2, 0.18, 0.5, 0.5),
        (0.01, 0.1, 0.2, 0.5, 0.4),
        (0.99, 0.4, 0.05, 0.9, 0.5),
    )
    for k, real, fake, gamma, rate in cases:
        step = k + rate * (gamma * real - fake)
        expected, got = min(max(step, 0), 1), call(answer, k, real, fake, gamma, rate)
        if same(got, expected):
            continue
        reason = ""
        if same(got, step):
            reason = " k never leaves [0, 1]: clip it."
        elif same(got, min(max(k - rate * (gamma * real - fake), 0), 1)):
            reason = " The sign is turned round: where generated images are copied too well, k must grow."
        elif same(got, min(max(k + rate * (real - fake), 0), 1)):
            reason = " gamma is missing: the error of generated images is wanted at gamma times that of real ones."
        elif same(got, min(max(k + rate * (gamma * fake - real), 0), 1)):
            reason = " gamma belongs to the error of the real images."
        elif same(got, min(max(k + (gamma * real - fake), 0), 1)):
            reason = " The rate is missing."
        elif same(got, min(max(rate * (gamma * real - fake), 0), 1)):
            reason = " The step is added to the k that was there."
        return differ(f"k after k = {k}, errors {real} and {fake}, gamma {gamma}, rate {rate}", got, expected) + reason
    return None


next_k = Exercise(
    title="One step of the balance",
    examine=_examine_next_k,
    hints=(
        "How far is the error of generated images from gamma times the error of real ones?",
        "k + rate * (gamma * real - fake)",
        "min(max(value, 0), 1) keeps a number in [0, 1].",
    ),
    starter="def next_k(k, real, fake, gamma, rate):\n    return ...\n",
    solution_source="""
def next_k(k, real, fake, gamma, rate):
    return min(max(k + rate * (gamma * real - fake), 0), 1)


answer = next_k
""",
)


def _examine_convergence_measure(answer) -> str | None:
    random = np.random.default_rng(1)
    for gamma, level in ((0.7, 0.02), (0.5, 0.06), (0.7, 0.2)):
        real, fake = random.uniform(0.1, 0.2, 30), random.uniform(level, 2 * level, 30)
        gap = gamma * real.mean() - fake.mean()
        expected, got = real.mean() + abs(gap), call(answer, real.copy(), fake.copy(), gamma)
        if same(got, expected):
            continue
        reason = ""
        if same(got, real.mean() + gap):
            reason = " The balance can be off to either side: take the absolute value."
        elif same(got, real.mean() + np.abs(gamma * real - fake).mean()):
            reason = " Take the means first: single images need not be in balance."
        elif same(got, abs(gap)):
            reason = " A balanced game can still copy badly: add the error of the real images."
        elif same(got, fake.mean() + abs(gap)):
            reason = " The first term is the error of the real images."
        elif same(got, real.mean() + abs(real.mean() - gamma * fake.mean())):
            reason = " gamma belongs to the error of the real images."
        elif same(got, real.mean() + abs(real.mean() - fake.mean())):
            reason = " gamma is missing."
        elif same(got, real.mean() - abs(gap)):
            reason = " Both terms should be small: add them."
        return differ(f"the measure for gamma {gamma}", got, expected) + reason
    return None


convergence_measure = Exercise(
    title="The convergence measure from two lists of errors",
    examine=_examine_convergence_measure,
    hints=(
        "First the means of both lists.",
        "How far is the balance off, to either side? abs(gamma * real - fake)",
        "Add the mean error of the real images.",
    ),
    starter="def convergence_measure(real_errors, fake_errors, gamma):\n    return ...\n",
    solution_source="""
import numpy as np


def convergence_measure(real_errors, fake_errors, gamma):
    real, fake = np.mean(real_errors), np.mean(fake_errors)
    return real + abs(gamma * real - fake)


answer = convergence_measure
""",
)


def _examine_settled_k(answer) -> str | None:
    cases = ((0.1, 0.02, 0.06, 0.5), (0.2, 0.01, 0.3, 0.4), (0.1, 0.05, 0.06, 0.3), (0.1, 0.02, 0.06, 0.95))
    for real, at_zero, slope, gamma in cases:
        rest = (gamma * real - at_zero) / slope
        expected, got = min(max(rest, 0), 1), call(answer, real, at_zero, slope, gamma)
        if same(got, expected):
            continue
        reason = ""
        if same(got, rest):
            reason = " This k lies outside [0, 1], where it is clipped."
        elif same(got, min(max((real - at_zero) / slope, 0), 1)):
            reason = " At rest the error of generated images is gamma times that of real ones."
        elif same(got, min(max((gamma * real - at_zero) * slope, 0), 1)):
            reason = " Solve at_zero + slope * k = gamma * real for k: divide by the slope."
        elif same(got, min(max(gamma * real / slope, 0), 1)):
            reason = " With k = 0 the error is at_zero, not 0."
        elif same(got, min(max((at_zero - gamma * real) / slope, 0), 1)):
            reason = " The sign is turned round."
        return differ(f"k at rest, real {real}, fake {at_zero} + {slope} k, gamma {gamma}", got, expected) + reason
    return None


settled_k = Exercise(
    title="Where the balance comes to rest",
    examine=_examine_settled_k,
    hints=(
        "k stays where its step is 0.",
        "Solve gamma * real = at_zero + slope * k for k.",
        "Then clip the answer to [0, 1].",
    ),
    starter="def settled_k(real, at_zero, slope, gamma):\n    return ...\n",
    solution_source="""
def settled_k(real, at_zero, slope, gamma):
    k = (gamma * real - at_zero) / slope
    return min(max(k, 0), 1)


answer = settled_k
""",
)
