"""Exercises of chapter 6, one module a notebook: `from helpers.exercises import generative_models as ex`."""

from helpers.exercises.generative_models.autoencoders import (
    dense_parameters,
    label_given_value,
    noise_strength,
    through_components,
)
from helpers.exercises.generative_models.dcgan import calls_to_forget, normalise_map, paint_counts, transposed_size
from helpers.exercises.generative_models.gan import code_walk, game_losses, mended_step, smoothed_loss
from helpers.exercises.generative_models.wgan import (
    critic_steps_in_all,
    one_sided_penalty,
    points_between,
    wasserstein_1d,
)

__all__ = [
    "calls_to_forget",
    "code_walk",
    "critic_steps_in_all",
    "dense_parameters",
    "game_losses",
    "label_given_value",
    "mended_step",
    "noise_strength",
    "normalise_map",
    "one_sided_penalty",
    "paint_counts",
    "points_between",
    "smoothed_loss",
    "through_components",
    "transposed_size",
    "wasserstein_1d",
]
