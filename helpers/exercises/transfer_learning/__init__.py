"""Exercises of chapter 5, one module a notebook: `from helpers.exercises import transfer_learning as ex`."""

from helpers.exercises.transfer_learning.features import nearest_label, orientation_bin, pooled, wilson_ends
from helpers.exercises.transfer_learning.frozen_encoder import (
    paired_interval,
    share_moved,
    shift_kind,
    trained_numbers,
)
from helpers.exercises.transfer_learning.zero_shot import calibrated, dap_score, eszsl_matrix, harmonic_mean

__all__ = [
    "calibrated",
    "dap_score",
    "eszsl_matrix",
    "harmonic_mean",
    "nearest_label",
    "orientation_bin",
    "paired_interval",
    "pooled",
    "share_moved",
    "shift_kind",
    "trained_numbers",
    "wilson_ends",
]
