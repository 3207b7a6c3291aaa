"""From images on disk to batches that a network trains on: one function for a folder, an HDF5 file and TFRecord shards.

Everything here is `tf.data`, which Keras takes under every backend. Random changes belong here and not into the model:
inside the model they switch compilation off without an error. Derived in `4_3_input_pipelines.ipynb`.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from helpers import profiles
from helpers.files import FileError, exists, is_remote, join
from helpers.images import tfrecord_io
from helpers.images.hdf5_io import HDF5DatasetGenerator
from helpers.images.preprocessing import MeanPreprocessor, PatchPreprocessor, decode
from helpers.images.tfrecord_io.reader import PARALLEL_CALLS

if TYPE_CHECKING:
    import tensorflow as tf

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


class Augmentation(NamedTuple):
    """How far images are changed, each one anew in every epoch; 0 leaves a change out.

    Attributes:
        flip: True mirrors every second image, left to right.
        shift: largest move to each side, as a share of width and height.
        zoom: largest enlargement; 0.2 draws sizes from 1/1.2 to 1.2.
        rotation: largest turn, in degrees to either side.
        shear: largest slant, in pixels sideways for each pixel down.
        brightness: largest change, as a share of the full range.
        contrast: largest change of the distance from the image's mean, as a share.
        saturation: largest change of the distance from grey, as a share.
    """

    flip: bool = False
    shift: float = 0.0
    zoom: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0


def batches(
    source: str | os.PathLike,
    batch_size: int,
    *,
    size: tuple[int, int] = (227, 227),
    resize_to: int = 256,
    training: bool = True,
    augmentation: Augmentation | None = None,
    mean: tuple[float, float, float] | None = None,
    seed: int = 0,
    deterministic: bool = True,
    cache: bool = False,
    drop_remainder: bool | None = None,
    worker: int = 0,
    num_workers: int = 1,
) -> "tf.data.Dataset":
    """Return batches of images and labels as a `tf.data.Dataset`; every iteration over it is a new epoch.

    In training the images come in a new order, each cut at a random place; otherwise in the order of the source, cut
    from the centre. Of a JPEG only the part that is needed is decoded.

    Args:
        source: a folder with one sub-folder of images a class; an HDF5 file of `HDF5DatasetWriter`; or a folder of
            TFRecord shards of `tfrecord_io.write_shards`. The last two may be bucket addresses.
        batch_size: 1 or more.
        size: height and width of what is cut out, in pixels.
        resize_to: the short side of an image of the folder, in pixels, before it is cut; the others are cut as stored.
        training: True shuffles, cuts at random and leaves incomplete batches out.
        augmentation: further random changes; None for none.
        mean: channel means to subtract, in [0, 255]; None subtracts nothing.
        seed: of order, cuts and changes.
        deterministic: False gives batches as they are ready: sometimes faster, never twice the same.
        cache: True keeps the files of the folder in memory, as they are on disk.
        drop_remainder: True leaves an incomplete last batch out; None does so in training.
        worker, num_workers: this worker's share of the images.

    Returns:
        A dataset of images (batch_size, *size, 3) float32, in [0, 255] less the mean, and labels (batch_size,) int32.

    Raises:
        FileError: the source is missing or broken. Names the file.
        ValueError: an argument outside its range.
    """
    import tensorflow as tf

    if batch_size < 1 or not 0 <= worker < num_workers:
        found = f"batch_size={batch_size}, worker={worker}, num_workers={num_workers}"
        raise ValueError(f"batch_size must be 1 or more, worker from 0 to num_workers - 1. Received: {found}")
    drop_remainder = training if drop_remainder is None else drop_remainder
    share = dict(worker=worker, num_workers=num_workers)
    common = dict(size=size, training=training, seed=seed, drop_remainder=drop_remainder, **share)
    kind = _kind(source)
    if min(size) < 1 or (kind == "folder" and resize_to < max(size)):
        raise ValueError(f"resize_to must be at least size. Received: resize_to={resize_to}, size={size}")
    if cache and kind != "folder":
        raise ValueError(f"cache must be False for {kind}: the system caches it. Received: cache=True")
    if kind == "folder":
        dataset = _from_folder(source, batch_size, resize_to=resize_to, cache=cache, **common)
    else:
        dataset = (_from_hdf5 if kind == "an HDF5 file" else _from_shards)(source, batch_size, **common)
    if training and profiles.broken() == "shuffled labels":
        dataset = dataset.map(lambda images, labels: (images, tf.random.shuffle(labels, seed)))
    if augmentation is not None:
        draws = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2, drop_remainder=True)
        dataset = tf.data.Dataset.zip(dataset, draws).map(
            lambda batch, draw: (augment(batch[0], augmentation, draw), batch[1]),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=deterministic,
        )
    dataset = dataset.map(
        lambda images, labels: (subtract_mean(images, mean), labels),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=deterministic,
    )
    options = tf.data.Options()
    options.deterministic = deterministic
    if num_workers > 1:  # shared out already
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options).prefetch(tf.data.AUTOTUNE)


def subtract_mean(images: "tf.Tensor", mean: tuple[float, float, float] | None) -> "tf.Tensor":
    """Return a batch of images as float32, less the channel means; None subtracts nothing.

    A row of pixels at a time: for TensorFlow, three numbers at a time are five times as slow.
    """
    import tensorflow as tf

    images = tf.cast(images, tf.float32)
    if mean is None:
        return images
    width = images.shape[-2]
    rows = tf.reshape(images, (-1, width * 3)) - np.tile(np.float32(MeanPreprocessor(*mean).mean), width)
    return tf.ensure_shape(tf.reshape(rows, tf.shape(images)), images.shape)


def augment(images: "tf.Tensor", augmentation: Augmentation, seed: "tf.Tensor") -> "tf.Tensor":
    """Return a batch with every image changed in its own way.

    All moves in the plane are one transformation, so that pixels are interpolated once; what comes in from outside is
    the mirror image of what is inside. Keras's random layers are not used here: in `tf.data`, four of them took 3 to 4
    times as long for flip, shift, zoom and turn (two cores, 96 x 96 pixels), and the same seed did not give the same
    batch.

    Args:
        images: (N, height, width, 3), in [0, 255].
        augmentation: how far.
        seed: two whole numbers; the same seed changes the same batch in the same way.

    Returns:
        float32 of the same shape, in [0, 255].
    """
    import tensorflow as tf

    draw = tf.unstack(tf.random.stateless_uniform((9, tf.shape(images)[0]), tf.cast(seed, tf.int32), -1.0, 1.0))
    images = tf.cast(images, tf.float32)
    if any(augmentation[:5]):
        images = tf.ensure_shape(_move(images, augmentation, draw[:6]), images.shape)
    brightness, contrast, saturation = (
        amount * part[:, None, None, None] for amount, part in zip(augmentation[5:], draw[6:], strict=True)
    )
    if augmentation.contrast:
        middle = tf.reduce_mean(images, (1, 2, 3), keepdims=True)
        images = middle + (images - middle) * (1 + contrast)
    if augmentation.saturation:
        grey = tf.reduce_sum(images * (0.299, 0.587, 0.114), 3, keepdims=True)  # ITU-R BT.601
        images = grey + (images - grey) * (1 + saturation)
    return tf.clip_by_value(images + 255 * brightness, 0, 255) if any(augmentation[5:]) else images


def _move(images, augmentation, draw):
    """Flip, shift, zoom, rotate and shear about the centre: for each pixel of the result, where it comes from."""
    import tensorflow as tf

    flip, right, down, zoom, turn, slant = draw
    height, width = images.shape[1], images.shape[2]
    angle = turn * augmentation.rotation * np.pi / 180
    shrink = tf.pow(1 + augmentation.zoom, -zoom)
    mirror = tf.where(flip < 0, -1.0, 1.0) if augmentation.flip else tf.ones_like(flip)
    cos, sin, slope = tf.cos(angle) * shrink, tf.sin(angle) * shrink, slant * augmentation.shear
    a, b, c, d = mirror * cos, mirror * (slope * cos - sin), sin, slope * sin + cos
    x, y = (width - 1) / 2, (height - 1) / 2
    dx, dy = right * augmentation.shift * width, down * augmentation.shift * height
    none = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, x - a * x - b * y + dx, c, d, y - c * x - d * y + dy, none, none], 1),
        output_shape=(height, width),
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )


def _kind(source) -> str:
    if exists(join(source, "index.json")):
        return "a folder of shards"
    if not exists(source):
        raise FileError(f"{os.fspath(source)} is not there")
    return "folder" if not is_remote(source) and Path(source).is_dir() else "an HDF5 file"


def _from_folder(folder, batch_size, *, size, resize_to, training, seed, cache, drop_remainder, worker, num_workers):
    import tensorflow as tf

    classes = sorted(path for path in Path(folder).iterdir() if path.is_dir() and not path.name.startswith("."))
    files = [sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) for path in classes]
    labels = np.repeat(np.arange(len(classes), dtype="int32"), [len(part) for part in files])
    names = [str(file) for part in files for file in part]
    if len(names) // num_workers < (batch_size if drop_remainder else 1):
        found = f"{len(names)} images, and no index.json of write_shards"
        raise FileError(f"{folder} must hold sub-folders with enough images for a batch. Received: {found}")
    order = np.random.default_rng(seed).permutation(len(names)) if training else np.arange(len(names))
    order = order[worker::num_workers][: len(names) // num_workers]
    dataset = tf.data.Dataset.from_tensor_slices((np.array(names)[order], labels[order]))
    if training and not cache:  # names are short: all of them are shuffled
        dataset = dataset.shuffle(len(order), seed, reshuffle_each_iteration=True)
    dataset = dataset.map(lambda name, label: (tf.io.read_file(name), name, label), num_parallel_calls=tf.data.AUTOTUNE)
    if cache:
        dataset = dataset.cache()
        dataset = dataset.shuffle(len(order), seed, reshuffle_each_iteration=True) if training else dataset
    draws = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2, drop_remainder=True)

    def cut(parts, draw):
        content, name, label = parts
        return _decode(content, name, size, resize_to, draw if training else None), label

    dataset = tf.data.Dataset.zip(dataset, draws).map(cut, num_parallel_calls=PARALLEL_CALLS)
    return dataset.batch(batch_size, drop_remainder=drop_remainder)


def _decode(content, name, size, resize_to, draw):
    """Decode only the window that becomes the patch, and bring it to its size: what resizing and cutting would give."""
    import tensorflow as tf

    def window(height, width):
        scale = tf.cast(tf.minimum(height, width), tf.float32) / resize_to
        extent = [tf.maximum(1, tf.cast(tf.round(side * scale), tf.int32)) for side in size]
        room = [height - extent[0], width - extent[1]]
        square = [tf.minimum(height, width) - side for side in extent]
        place = tf.random.stateless_uniform((2,), draw) if draw is not None else tf.constant((0.5, 0.5))
        inside = [tf.cast(place[i] * tf.cast(square[i] + 1, tf.float32), tf.int32) for i in (0, 1)]
        corner = [(room[i] - square[i]) // 2 + tf.minimum(inside[i], square[i]) for i in (0, 1)]
        return tf.stack([*corner, *extent])

    def jpeg():
        shape = tf.image.extract_jpeg_shape(content)
        return tf.image.decode_and_crop_jpeg(content, window(shape[0], shape[1]), channels=3, dct_method="INTEGER_FAST")

    def other():  # another format, or broken: OpenCV takes all formats, and the error names the file
        image = tf.numpy_function(lambda content, name: decode(content, name.decode()), [content, name], tf.uint8)
        image = tf.ensure_shape(image, (None, None, 3))
        shape = tf.shape(image)
        top, left, height, width = tf.unstack(window(shape[0], shape[1]))
        return image[top : top + height, left : left + width]

    end = tf.strings.substr(content, tf.maximum(tf.strings.length(content) - 2, 0), 2)
    image = tf.cond(tf.io.is_jpeg(content) & (end == b"\xff\xd9"), jpeg, other)
    image = tf.image.resize(image, size, method="area")
    return tf.cast(tf.round(tf.ensure_shape(image, (*size, 3))), tf.uint8)


def _from_hdf5(path, batch_size, *, size, training, seed, drop_remainder, worker, num_workers):
    steps = (PatchPreprocessor(size[1], size[0]),) if training else ()
    reader = HDF5DatasetGenerator(
        path, batch_size, steps, shuffle=training, seed=seed, drop_remainder=drop_remainder,
        worker=worker, num_workers=num_workers,
    )  # fmt: skip
    stored, dataset = reader.about.shape[1:3], reader.dataset()
    if size[0] > stored[0] or size[1] > stored[1]:
        raise ValueError(f"size must be at most {stored}, the size of the images. Received: size={size}")
    return dataset if training else dataset.map(lambda images, labels: (_centre(images, size), labels))


def _from_shards(folder, batch_size, *, size, training, seed, drop_remainder, worker, num_workers):
    return tfrecord_io.dataset(
        folder, batch_size=batch_size, crop=size, shuffle=training, seed=seed, drop_remainder=drop_remainder,
        worker=worker, num_workers=num_workers,
    )  # fmt: skip


def _centre(images, size):
    top, left = (images.shape[1] - size[0]) // 2, (images.shape[2] - size[1]) // 2
    return images[:, top : top + size[0], left : left + size[1]]
