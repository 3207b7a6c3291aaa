"""Labelled images in TFRecord shards: a writer that leaves no half set behind, a reader that names what is broken.

    records   the bytes: CRC32C, the frame of one record, one `tf.train.Example`; numpy alone, no TensorFlow
    writer    from (image, label) to a folder of shards with its `index.json`
    index     what a folder holds, and whether it still does
    reader    from shards to batches of (images, labels) with fixed shapes

Derived in `4_2_tfrecords.ipynb`.
"""

from helpers.images.tfrecord_io.index import Damage as Damage
from helpers.images.tfrecord_io.index import Index as Index
from helpers.images.tfrecord_io.index import Shard as Shard
from helpers.images.tfrecord_io.index import damaged as damaged
from helpers.images.tfrecord_io.index import load_index as load_index
from helpers.images.tfrecord_io.index import verify as verify
from helpers.images.tfrecord_io.reader import dataset as dataset
from helpers.images.tfrecord_io.reader import parse as parse
from helpers.images.tfrecord_io.records import crc32c as crc32c
from helpers.images.tfrecord_io.records import encode_example as encode_example
from helpers.images.tfrecord_io.records import frame as frame
from helpers.images.tfrecord_io.records import jpeg_shape as jpeg_shape
from helpers.images.tfrecord_io.records import masked_crc32c as masked_crc32c
from helpers.images.tfrecord_io.records import records as records
from helpers.images.tfrecord_io.writer import SHARD_SIZE as SHARD_SIZE
from helpers.images.tfrecord_io.writer import write_shards as write_shards
