"""Exercises of chapter 1, one module a notebook: `from helpers.exercises import foundations as ex`."""

from helpers.exercises.foundations.activations_losses_optimisers import largest_rate, nesterov_step, softmax
from helpers.exercises.foundations.cnn_and_rnn import convolution_parameters, receptive_field, strided_convolution
from helpers.exercises.foundations.first_classifier import count_parameters, most_frequent_mistake, perceptron_step
from helpers.exercises.foundations.regularisation_and_capacity import (
    close_pairs,
    early_stop,
    inverted_dropout,
    penalty_gradient,
)
from helpers.exercises.foundations.start_here import count_values

__all__ = [
    "close_pairs",
    "convolution_parameters",
    "count_parameters",
    "count_values",
    "early_stop",
    "inverted_dropout",
    "largest_rate",
    "most_frequent_mistake",
    "nesterov_step",
    "penalty_gradient",
    "perceptron_step",
    "receptive_field",
    "softmax",
    "strided_convolution",
]
