"""Tiny ImageNet: 200 classes of 64 x 64 pixels, from its own folder layout to HDF5 files.

    wnids.txt                       one WordNet number a line, such as n02124075: the classes, in order of label
    words.txt                       number, tab, names; also of classes that are not in this set
    train/<wnid>/images/*.JPEG      500 images a class
    val/images/*.JPEG               50 images a class, all in one folder
    val/val_annotations.txt         file, tab, number, tab, and a box, which is not needed here

The labels of its own test images were never published, so a part of the training images becomes the test set.
Source: Le and Yang 2015, Tiny ImageNet visual recognition challenge. Used in `2_4_tiny_imagenet.ipynb`.

    layout  `read` and `split_test`: which image belongs where
    source  `load`: an offline pack, the cache, a download, or drawn images in the same layout
    builder `build`: train.hdf5, val.hdf5, test.hdf5, means.json
"""

from helpers.data.tiny_imagenet.builder import build as build
from helpers.data.tiny_imagenet.layout import TinyImageNet as TinyImageNet
from helpers.data.tiny_imagenet.layout import read as read
from helpers.data.tiny_imagenet.layout import split_test as split_test
from helpers.data.tiny_imagenet.source import load as load
