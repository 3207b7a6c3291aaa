"""Exercises of chapter 6, one module a notebook: `from helpers.exercises import generative_models as ex`."""

from helpers.exercises.generative_models.autoencoders import (
    dense_parameters,
    label_given_value,
    noise_strength,
    through_components,
)
from helpers.exercises.generative_models.began import began_losses, convergence_measure, next_k, settled_k
from helpers.exercises.generative_models.conditional_gan import (
    label_weights,
    pair_divergence,
    paired_gain,
    style_by_class,
)
from helpers.exercises.generative_models.dcgan import calls_to_forget, normalise_map, paint_counts, transposed_size
from helpers.exercises.generative_models.gan import code_walk, game_losses, mended_step, smoothed_loss
from helpers.exercises.generative_models.vae import draw_code, effective_beta, kl_of_codes, used_numbers
from helpers.exercises.generative_models.wgan import (
    critic_steps_in_all,
    one_sided_penalty,
    points_between,
    wasserstein_1d,
)
from helpers.exercises.generative_models.when_gans_fail import (
    chance_missed,
    closeness_of,
    first_alarm,
    gaussians_covered,
)

__all__ = [
    "began_losses",
    "calls_to_forget",
    "chance_missed",
    "closeness_of",
    "code_walk",
    "convergence_measure",
    "critic_steps_in_all",
    "dense_parameters",
    "draw_code",
    "effective_beta",
    "first_alarm",
    "game_losses",
    "gaussians_covered",
    "kl_of_codes",
    "label_given_value",
    "label_weights",
    "mended_step",
    "next_k",
    "noise_strength",
    "normalise_map",
    "one_sided_penalty",
    "paint_counts",
    "pair_divergence",
    "paired_gain",
    "points_between",
    "settled_k",
    "smoothed_loss",
    "style_by_class",
    "through_components",
    "transposed_size",
    "used_numbers",
    "wasserstein_1d",
]
