"""From shards to batches of (images, labels): shapes fixed before the first batch, faults named, order from a seed."""

import functools
import operator
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from helpers.files import FileError, join
from helpers.images.tfrecord_io.index import Index, Shard, check_size, damaged, load_index, raise_if_damaged
from helpers.images.tfrecord_io.records import records

if TYPE_CHECKING:
    import tensorflow as tf

OPEN_SHARDS = 16  # how many are read in turns, one record each
ANY_SIZE = -1  # of a shard that is known to be damaged
PARALLEL_CALLS = max(2, os.cpu_count() or 1)  # AUTOTUNE starts with one and may stay there: half the images a second
SHUFFLE_BYTES = 128 * 2**20  # of records held for shuffling, before they are decoded


def dataset(
    folder: str | os.PathLike,
    *,
    batch_size: int,
    crop: tuple[int, int] | None = None,
    image_size: tuple[int, int] | None = None,
    shuffle: bool = True,
    seed: int = 0,
    drop_remainder: bool = True,
    check: str = "size",
    skip_corrupt: bool = False,
    deterministic: bool = True,
    num_workers: int = 1,
    worker: int = 0,
    shuffle_buffer: int | None = None,
) -> "tf.data.Dataset":
    """Return batches of images and labels from a folder of shards; each pass over it is one epoch.

    Names and sizes of the shards are compared with the index at once, and again when a shard is opened in an epoch.
    TensorFlow compares the checksums of every record that it reads; here a broken record becomes an error that names
    shard, record and byte, as does a shard that ends early, which TensorFlow takes for its end. What only
    `check="sha256"` finds is a shard replaced by another sound one of the same size. A fault inside `fit` arrives as
    one of TensorFlow's errors, with that message in it.

    Shuffling opens the shards in a new order every epoch, reads `OPEN_SHARDS` of them in turns, and draws from a
    buffer of records. That is a full shuffle where the buffer holds the whole set, and a good one where the examples
    were shuffled before they were written.

    Args:
        folder: what `write_shards` wrote, on this machine or a bucket address such as `gs://bucket/train`.
        batch_size: 1 or more.
        crop: (height, width) of a patch to cut out: at a random place where `shuffle` is on, else from the middle. Of
            a JPEG only the patch is decoded.
        image_size: (height, width) to resize to, after the crop; bilinear, with antialiasing.
        shuffle: False keeps the order in which the examples were written.
        seed: of order and patches; each epoch has its own.
        drop_remainder: True leaves out the images that do not fill the last batch, so that every shape is fixed.
        check: `"size"`, or `"sha256"` to read every byte first; once a process. See `damaged`.
        skip_corrupt: True reads what can be read, and prints how many examples are lost in which shard: those from
            the first broken record of a shard to its end, because the reader cannot go on behind it. Needs a pass
            over all bytes first.
        deterministic: False lets whatever is ready first go first.
        num_workers, worker: this worker gets every `num_workers`-th shard, from number `worker` on. Workers may get
            different numbers of images.
        shuffle_buffer: how many records to draw from; None takes as many as fit in 128 MiB.

    Returns:
        A dataset of (images, labels) with a known number of batches: uint8 (batch_size, height, width, 3) RGB, and
        int32 (batch_size,).

    Raises:
        FileError: the index or a shard is missing or not as it was written; with `skip_corrupt`, nothing is left.
        ValueError: an argument outside its range, or images of different sizes and no size to bring them to.
    """
    import tensorflow as tf

    index = load_index(folder)
    _check_arguments(index, batch_size, crop, image_size, num_workers, worker)
    shards = [shard for shard in _readable(folder, index, check, skip_corrupt)[worker::num_workers] if shard.count]
    count = sum(shard.count for shard in shards)
    if count < (batch_size if drop_remainder else 1):
        raise ValueError(f"batch_size must be at most {count}, the number of images. Received: batch_size={batch_size}")
    if shuffle_buffer is None:
        shuffle_buffer = max(1, SHUFFLE_BYTES * index.count // sum(shard.bytes for shard in index.shards))
    data = _records(folder, shards, seed if shuffle else None, min(count, shuffle_buffer))
    keys = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
    options = {"image_format": index.image_format, "shape": index.image_shape, "crop": crop, "image_size": image_size}
    to_example = tf.autograph.experimental.do_not_convert(functools.partial(parse, **options))
    if shuffle and crop:
        data = tf.data.Dataset.zip(data, keys)
    data = data.map(to_example, num_parallel_calls=PARALLEL_CALLS).batch(batch_size, drop_remainder=drop_remainder)
    batches = count // batch_size if drop_remainder else -(-count // batch_size)
    data = data.apply(tf.data.experimental.assert_cardinality(batches)).prefetch(2)
    return data.with_options(_options(deterministic, num_workers))


def parse(
    record: "tf.Tensor",
    key: "tf.Tensor | None" = None,
    *,
    image_format: str,
    shape: Sequence[int] | None = None,
    crop: tuple[int, int] | None = None,
    image_size: tuple[int, int] | None = None,
) -> "tuple[tf.Tensor, tf.Tensor]":
    """Return image and label of one record, for `Dataset.map`.

    The pixels of a JPEG are those that OpenCV decodes, bit for bit. In a patch, the outermost columns may differ by a
    few levels: the colour of their neighbours outside the patch, which is stored at half the resolution, is not known.

    Args:
        record: scalar string, a serialised `tf.train.Example`.
        key: scalar int64, the seed of the place of the patch; None takes the middle.
        image_format: `"jpeg"` or `"raw"`.
        shape: (height, width, ...) that all images have; None where they differ.
        crop: (height, width) of the patch.
        image_size: (height, width) to resize to, after the crop.

    Returns:
        uint8 (height, width, 3), and a scalar int32.
    """
    import tensorflow as tf

    names = {"label": tf.int64, "image": tf.string} | ({} if shape else {"height": tf.int64, "width": tf.int64})
    features = {name: tf.io.FixedLenFeature([], dtype) for name, dtype in names.items()}
    example = tf.io.parse_single_example(record, features)
    size = shape[:2] if shape else tf.stack([tf.cast(example[side], tf.int32) for side in ("height", "width")])
    at = _place(size, crop, key) if crop else None
    if image_format == "raw":
        image = tf.reshape(tf.io.decode_raw(example["image"], tf.uint8), tf.concat([size, [3]], 0))
        image = tf.slice(image, tf.concat([at, [0]], 0), [*crop, 3]) if crop else image
    else:
        accurate = {"channels": 3, "dct_method": "INTEGER_ACCURATE"}  # as fast as the default, which is off by up to 5
        if crop:
            image = tf.io.decode_and_crop_jpeg(example["image"], tf.concat([at, crop], 0), **accurate)
        else:
            image = tf.io.decode_jpeg(example["image"], **accurate)
    image = tf.ensure_shape(image, (*(crop or (shape[:2] if shape else (None, None))), 3))
    if image_size:
        image = tf.cast(tf.round(tf.image.resize(image, image_size, antialias=True)), tf.uint8)
    return image, tf.cast(example["label"], tf.int32)


def _place(size, crop: tuple[int, int], key):
    """Return the top left corner (row, column) of a patch in an image of this size, int32."""
    import tensorflow as tf

    free = size - tf.constant(crop)
    if key is None:
        return free // 2
    draw = tf.random.stateless_uniform([2], seed=[key, 0])
    return tf.cast(draw * tf.cast(free + 1, tf.float32), tf.int32)


def _records(folder, shards: Sequence[Shard], seed: int | None, shuffle_buffer: int):
    """Return the records of these shards as they are; in order where the seed is None."""
    import tensorflow as tf

    one_shard = tf.autograph.experimental.do_not_convert(_shard)
    paths = [os.fspath(join(folder, shard.file)) for shard in shards]
    numbers = np.array([(shard.bytes, shard.count) for shard in shards], "int64").T
    data = tf.data.Dataset.from_tensor_slices((paths, *numbers))
    if seed is None:
        return data.interleave(one_shard, cycle_length=1)
    data = data.shuffle(len(shards), seed=seed)
    turns = min(OPEN_SHARDS, len(shards))
    data = data.interleave(one_shard, cycle_length=turns, num_parallel_calls=tf.data.AUTOTUNE)
    return data.shuffle(shuffle_buffer, seed=seed)


def _shard(path, size, count):
    """Return the first `count` records of one shard; if there are fewer, an error that says why.

    TensorFlow does not name the file. So its errors end the shard here, and Python, which is asked only when there
    are too few records, goes to look.
    """
    import tensorflow as tf

    found = tf.numpy_function(_found, [path, size], tf.string)  # an open file: without one, ignore_errors never ends
    sound = tf.data.TFRecordDataset(tf.ensure_shape(found, [])).ignore_errors()
    broken = tf.data.Dataset.from_tensors(path).map(lambda path: tf.numpy_function(_explain, [path, count], tf.string))
    return sound.concatenate(broken.map(lambda record: tf.ensure_shape(record, []))).take(count)


def _found(path: bytes, size: np.int64) -> bytes:
    check_size(path.decode(), None if size == ANY_SIZE else int(size))
    return path


def _explain(path: bytes, count: np.int64) -> bytes:
    whole = sum(1 for _ in records(path.decode()))  # raises at the first record that is broken
    raise FileError(f"{path.decode()} gave fewer than {count} records, though it holds {whole}: was it out of reach?")


def _readable(folder, index: Index, check: str, skip_corrupt: bool) -> list[Shard]:
    """Return the shards with the number of examples that can be read; without `skip_corrupt` that is all of them."""
    found = damaged(folder, "sha256" if skip_corrupt else check)
    if not skip_corrupt:
        raise_if_damaged(found, index)
    left = {damage.file: damage.readable for damage in found}
    shards = [s._replace(count=left[s.file], bytes=ANY_SIZE) if s.file in left else s for s in index.shards]
    lost = sum(damage.lost for damage in found)
    if lost == index.count:
        raise FileError(f"{os.fspath(folder)} has no example left that can be read; {found[0].reason}")
    if found:
        print(f"{os.fspath(folder)}: {lost:,} of {index.count:,} examples skipped, in {len(found)} damaged shards:")
        print(*(f"{damage.lost:,} lost: {damage.reason}" for damage in found), sep="\n")
    return shards


def _options(deterministic: bool, num_workers: int) -> "tf.data.Options":
    import tensorflow as tf

    options = tf.data.Options()
    options.deterministic = deterministic
    if num_workers > 1:  # shared out already
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options


def _check_arguments(index: Index, batch_size, crop, image_size, num_workers, worker) -> None:
    if operator.index(batch_size) < 1:
        raise ValueError(f"batch_size must be 1 or more. Received: batch_size={batch_size}")
    for name, size in (("crop", crop), ("image_size", image_size)):
        if size is not None and (len(size) != 2 or min(map(operator.index, size)) < 1):
            raise ValueError(f"{name} must be (height, width) of 1 or more. Received: {name}={size}")
    smallest = index.height[0], index.width[0]
    if crop and (crop[0] > smallest[0] or crop[1] > smallest[1]):
        raise ValueError(f"crop must fit into height {smallest[0]} and width {smallest[1]}. Received: crop={crop}")
    if not (crop or image_size or index.image_shape):
        raise ValueError(
            f"image_size or crop must be given: the images are {index.height[0]}-{index.height[1]} high "
            f"and {index.width[0]}-{index.width[1]} wide. Received: neither"
        )
    if not 0 <= operator.index(worker) < operator.index(num_workers) <= len(index.shards):
        raise ValueError(
            f"worker must be from 0 to num_workers - 1, and num_workers at most {len(index.shards)}, the number of "
            f"shards (smaller shards make more). Received: worker={worker}, num_workers={num_workers}"
        )
