"""Exercises of `6_5_wgan.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_wasserstein_1d(answer) -> str | None:
    random = np.random.default_rng(0)
    for count, shift in ((6, 1.0), (9, -2.0), (5, 0.3)):
        real, generated = random.normal(size=count), shift + 0.5 * random.normal(size=count)
        ways = np.sort(real) - np.sort(generated)
        expected, got = abs(ways).mean(), call(answer, real.copy(), generated.copy())
        if same(got, expected):
            continue
        reason = ""
        if same(got, abs(real - generated).mean()):
            reason = " The values are matched as they came. The cheapest matching needs both sorted."
        elif same(got, abs(ways)):
            reason = " These are the ways of the single points. Their mean is the distance."
        elif same(got, abs(ways).sum()):
            reason = " This is the sum of the ways; each point carries only 1 / N of the earth."
        elif same(got, ways.mean()) or same(got, abs(ways.mean())):
            reason = " A way to the left costs as much as one to the right: take each way without its sign."
        elif same(got, (ways**2).mean()) or same(got, np.sqrt((ways**2).mean())):
            reason = " Work is amount times way, and the way is not squared."
        return differ(f"distance of two samples of {count} values", got, expected) + reason
    return None


wasserstein_1d = Exercise(
    title="The Wasserstein distance in one dimension",
    examine=_examine_wasserstein_1d,
    hints=(
        "Which real value does the smallest generated value go to?",
        "np.sort both; then the first goes to the first, the second to the second, and so on.",
        "The distance is the mean of the ways, each without its sign.",
    ),
    starter="def wasserstein_1d(real, generated):\n    return ...\n",
    solution_source="""
import numpy as np


def wasserstein_1d(real, generated):
    return np.abs(np.sort(real) - np.sort(generated)).mean()


answer = wasserstein_1d
""",
)


def _examine_points_between(answer) -> str | None:
    random = np.random.default_rng(0)
    for shape in ((3, 4, 2, 3), (4, 2, 5, 1)):
        real, generated = random.normal(size=shape), random.normal(size=shape)
        shares = random.uniform(size=shape[0])
        e = shares[:, None, None, None]
        expected = e * real + (1 - e) * generated
        got = np.asarray(call(answer, real.copy(), generated.copy(), shares.copy()))
        if same(got, expected):
            continue
        reason = ""
        if same(got, e * generated + (1 - e) * real):
            reason = " A share of 1 must give the real image."
        elif same(got, real + e * generated) or same(got, e * real + generated):
            reason = " Both shares of an image sum to 1."
        elif shape[-1] == len(shares) and same(got, shares * real + (1 - shares) * generated):
            reason = " NumPy put the shares along the last axis. Each image has one share: bring it to (N, 1, 1, 1)."
        return differ(f"points between images of shape {shape}", got, expected) + reason
    return None


points_between = Exercise(
    title="Points for the gradient penalty",
    examine=_examine_points_between,
    hints=(
        "A point is share * real + (1 - share) * generated.",
        "There is one share for each image: it must be the same for all its pixels and channels.",
        "shares.reshape(-1, 1, 1, 1) has the shape that NumPy spreads over an image.",
    ),
    starter="def points_between(real, generated, shares):\n    return ...\n",
    solution_source="""
def points_between(real, generated, shares):
    e = shares.reshape(-1, 1, 1, 1)
    return e * real + (1 - e) * generated


answer = points_between
""",
)


def _examine_one_sided_penalty(answer) -> str | None:
    for norms, weight in ((np.array([0.2, 0.9, 1.5, 3.0]), 10), (np.array([0.5, 2.0, 1.2]), 4)):
        above = np.maximum(norms - 1, 0)
        expected, got = weight * (above**2).mean(), call(answer, norms.copy(), weight)
        if same(got, expected):
            continue
        reason = ""
        if same(got, weight * ((norms - 1) ** 2).mean()):
            reason = " This is the penalty of both sides. A length below 1 should cost nothing."
        elif same(got, weight * above.mean()):
            reason = " What is above 1 is squared."
        elif same(got, (above**2).mean()):
            reason = " The mean is multiplied by weight."
        elif same(got, weight * above.mean() ** 2):
            reason = " Square first, each length by itself, and take the mean after that."
        elif same(got, weight * (above[above > 0] ** 2).mean()):
            reason = " The mean is over all images, also those that cost nothing."
        elif same(got, weight * (np.maximum(1 - norms, 0) ** 2).mean()):
            reason = " This punishes lengths below 1. A critic may be flat, but not steep."
        elif same(got, weight * (above**2)):
            reason = " Return one number: the mean over the images."
        return differ(f"penalty for lengths {norms} with weight {weight}", got, expected) + reason
    return None


one_sided_penalty = Exercise(
    title="A one-sided gradient penalty",
    examine=_examine_one_sided_penalty,
    hints=(
        "How much is each length above 1? Lengths below 1 count as 0.",
        "np.maximum(norms - 1, 0) says that.",
        "Square it, take the mean, and multiply by weight.",
    ),
    starter="def one_sided_penalty(norms, weight):\n    return ...\n",
    solution_source="""
import numpy as np


def one_sided_penalty(norms, weight):
    return weight * (np.maximum(norms - 1, 0) ** 2).mean()


answer = one_sided_penalty
""",
)


def _examine_critic_steps_in_all(answer) -> str | None:
    for steps, first, every, many, few in ((2_000, 25, 500, 100, 5), (23, 4, 10, 7, 2), (61, 3, 20, 9, 1)):
        done = np.arange(steps)
        early, multiple = done < first, done % every == 0
        expected = int(np.where(early | multiple, many, few).sum())
        got = call(answer, steps, first, every, many, few)
        if got == expected:
            continue
        reason = ""
        if got == steps * few:
            reason = " At the start, and at each multiple of every, the critic gets many steps."
        elif got == np.where(early, many, few).sum():
            reason = " The multiples of every are missing."
        elif got == np.where(multiple, many, few).sum():
            reason = " The first steps are missing."
        elif got == steps * few + (early.sum() + multiple.sum()) * (many - few):
            reason = " Count finished steps from 0, and step 0 once: it is below first and a multiple of every."
        return differ(f"critic steps for {steps} generator steps", got, expected) + reason
    return None


critic_steps_in_all = Exercise(
    title="Critic steps of the authors' program",
    examine=_examine_critic_steps_in_all,
    hints=(
        "Before the first generator step 0 of them are finished, before the last one generator_steps - 1.",
        "A step has many critic steps if step < first or step % every == 0.",
        "Add up many or few over range(generator_steps).",
    ),
    starter="def critic_steps_in_all(generator_steps, first, every, many, few):\n    return ...\n",
    solution_source="""
def critic_steps_in_all(generator_steps, first, every, many, few):
    return sum(many if step < first or step % every == 0 else few for step in range(generator_steps))


answer = critic_steps_in_all
""",
)
