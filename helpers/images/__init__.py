"""From files to batches: decode and resize, store in HDF5 or TFRecord files, read in a new order every epoch.

    preprocessing  one image: decode, resize, crop, subtract the mean
    hdf5_io/       many images in one HDF5 file
    tfrecord_io/   many images in shards of records
    pipelines      `tf.data`: batches from either, random changes
    array_batches  batches of images that are in memory, the same under every backend

An image is height x width x channels, RGB, uint8 in [0, 255] until a preprocessor says otherwise. `array_batches` is
not imported here: it brings Keras with it, which takes seconds that a program which only builds files need not wait.
"""

from helpers.images import pipelines as pipelines
from helpers.images import tfrecord_io as tfrecord_io
from helpers.images.hdf5_io import HDF5DatasetGenerator as HDF5DatasetGenerator
from helpers.images.hdf5_io import HDF5DatasetWriter as HDF5DatasetWriter
from helpers.images.preprocessing import AspectAwarePreprocessor as AspectAwarePreprocessor
from helpers.images.preprocessing import CropPreprocessor as CropPreprocessor
from helpers.images.preprocessing import ImageToArrayPreprocessor as ImageToArrayPreprocessor
from helpers.images.preprocessing import MeanPreprocessor as MeanPreprocessor
from helpers.images.preprocessing import PatchPreprocessor as PatchPreprocessor
from helpers.images.preprocessing import SimplePreprocessor as SimplePreprocessor
from helpers.images.preprocessing import decode as decode
