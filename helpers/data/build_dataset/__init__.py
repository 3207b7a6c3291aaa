"""Build a data set: a folder of images becomes train, val and test, as HDF5 files or as TFRecord shards.

    python -m helpers.data.build_dataset cats_vs_dogs --format hdf5 --size 256 --val 0.1 --test 0.1

The result is one folder, `<out>/<name>_<size>_<format>/`, which appears whole or not at all:

    train.hdf5, val.hdf5, test.hdf5   or the folders train/, val/, test/ of shards; class names and source are in them
    means.json                        means of the channels r, g, b over the training images, resized
    skipped.json                      every image that was left out, with the reason
    built.json                        what it was built from, and how: the next run compares this

    sources   which images: listed, hashed, looked at
    images    split, decode and resize, in order, with a bounded number in memory
    place     a folder that appears whole or not at all
    builder   `build`, which joins them
    command   the command line
"""

from helpers.data.build_dataset.builder import Built as Built
from helpers.data.build_dataset.builder import build as build
from helpers.data.build_dataset.command import main as main
from helpers.data.build_dataset.images import in_order as in_order
from helpers.data.build_dataset.images import split as split
