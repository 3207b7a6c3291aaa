"""Data sets by name: an offline pack, the cache, a verified download, or a stand-in that says it is one.

    datasets        `load`: arrays of small images
    folders         `folders.load`: photographs as files, one folder a class
    tiny_imagenet/  200 classes in a layout of their own
    build_dataset/  a folder of images becomes HDF5 files or TFRecord shards: `python -m helpers.data.build_dataset`
    downloads       `data/registry.tsv`: what is listed, size and SHA-256, fetched and verified
    weights         files of trained weights
    attributes      `attributes.load`: classes with a table of attributes
    cifar10         CIFAR-10's two kinds of archive
    drawn/          stand-ins, drawn from a seed

What each data set is stands in `data/README.md`.
"""

from helpers.data import attributes as attributes
from helpers.data import folders as folders
from helpers.data.datasets import Dataset as Dataset
from helpers.data.datasets import available as available
from helpers.data.datasets import load as load
from helpers.data.downloads import DataError as DataError
