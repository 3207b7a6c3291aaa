"""Exercises of chapter 2, one module a notebook: `from helpers.exercises import cnn_architectures as ex`."""

from helpers.exercises.cnn_architectures.alexnet import fitting_side, folded_dense, grouped_parameters, images_needed
from helpers.exercises.cnn_architectures.capsules import margin_loss_of, next_logits, primary_count, routed_weights
from helpers.exercises.cnn_architectures.inception import cycle_rate, module_channels, module_products, pointwise
from helpers.exercises.cnn_architectures.lenet_to_vgg import (
    frequency_after,
    layers_needed,
    stack_weights,
    vgg_multiply_adds,
)
from helpers.exercises.cnn_architectures.resnet import block_parameters, identity_shortcut, paths
from helpers.exercises.cnn_architectures.separable_convolutions import (
    equal_width,
    inverted_residual_work,
    product_share,
    separable_weights,
)
from helpers.exercises.cnn_architectures.squeezenet import batches_needed, fire_parameters, fire_widths
from helpers.exercises.cnn_architectures.tiny_imagenet import (
    guessed_rank_k,
    label_ranks,
    parse_annotations,
    rate_by_hand,
)
from helpers.exercises.cnn_architectures.which_network import (
    cheapest_within,
    largest_batch,
    pictures_needed,
    unbeaten,
)

__all__ = [
    "batches_needed",
    "block_parameters",
    "cheapest_within",
    "cycle_rate",
    "equal_width",
    "fire_parameters",
    "fire_widths",
    "fitting_side",
    "folded_dense",
    "frequency_after",
    "grouped_parameters",
    "guessed_rank_k",
    "identity_shortcut",
    "images_needed",
    "inverted_residual_work",
    "label_ranks",
    "largest_batch",
    "layers_needed",
    "margin_loss_of",
    "module_channels",
    "module_products",
    "next_logits",
    "parse_annotations",
    "paths",
    "pictures_needed",
    "pointwise",
    "primary_count",
    "product_share",
    "rate_by_hand",
    "routed_weights",
    "separable_weights",
    "stack_weights",
    "unbeaten",
    "vgg_multiply_adds",
]
