"""Exercises of chapter 4, one module a notebook: `from helpers.exercises import large_scale_training as ex`."""

from helpers.exercises.large_scale_training.hdf5 import array_bytes, group_share, image_bytes, merge_means
from helpers.exercises.large_scale_training.input_pipelines import (
    average_crops,
    calls_needed,
    number_of_patches,
    source_pixel,
)
from helpers.exercises.large_scale_training.profiling import busy, speedup, step_time
from helpers.exercises.large_scale_training.tfrecords import masked, number_of_shards, read_varint

__all__ = [
    "array_bytes",
    "average_crops",
    "busy",
    "calls_needed",
    "group_share",
    "image_bytes",
    "masked",
    "merge_means",
    "number_of_patches",
    "number_of_shards",
    "read_varint",
    "source_pixel",
    "speedup",
    "step_time",
]
