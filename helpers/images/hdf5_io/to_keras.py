"""The reader's batches in the two forms that Keras takes: `tf.data` and `PyDataset`."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

Reader = Any  # an `HDF5DatasetGenerator`, whose module imports this one


def as_dataset(reader: Reader, passes: int | None) -> "tf.data.Dataset":
    """Return a reader's batches as a `tf.data.Dataset`; see `HDF5DatasetGenerator.dataset`."""
    import tensorflow as tf

    steps, shape = reader.preprocessors, reader.shape
    mean = getattr(steps[-1], "subtracts", None) if steps else None  # of MeanPreprocessor
    steps = steps if mean is None else steps[:-1]
    dtype = reader.sample(steps).dtype
    labels_shape = (reader.num_classes,) if reader.one_hot else ()
    rest = 0 if reader.drop_remainder else reader.images_per_epoch % reader.batch_size
    types = (tf.as_dtype(dtype), tf.float32 if reader.one_hot else tf.int32)

    def next_epoch():
        reader.epoch += 1
        return np.int64(reader.epoch - 1)

    def read(epoch, index):
        return reader.read(int(epoch), int(index), steps, shape, dtype, threads=1)

    def batch(epoch, index):
        images, labels = tf.numpy_function(read, (epoch, index), types)
        images.set_shape((None if rest else reader.batch_size, *shape))
        labels.set_shape((None if rest else reader.batch_size, *labels_shape))
        if mean is None:
            return images, labels
        # one row as long as the images are wide: three numbers at a time would be slow
        rows = tf.reshape(tf.cast(images, tf.float32), (-1, shape[-2] * 3)) - np.tile(np.float32(mean), shape[-2])
        return tf.reshape(rows, tf.shape(images)), labels

    def epoch(_):
        number = tf.numpy_function(next_epoch, (), tf.int64)
        return tf.data.Dataset.range(len(reader)).map(lambda index: (number, index))

    numbers = tf.data.Dataset.range(1).repeat() if passes is None else tf.data.Dataset.range(passes)
    dataset = numbers.flat_map(epoch).map(batch, num_parallel_calls=reader.threads, deterministic=True)
    count = tf.data.INFINITE_CARDINALITY if passes is None else passes * len(reader)
    return dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(1)


class Sequence(keras.utils.PyDataset):
    """A reader's batches as a `keras.utils.PyDataset`; see `HDF5DatasetGenerator.sequence`."""

    def __init__(self, reader: Reader, **workers):
        super().__init__(**workers)
        self.reader, self.epoch = reader, reader.epoch

    def __len__(self):
        return len(self.reader)

    def __getitem__(self, index):
        return self.reader.batch(self.epoch, index)

    def on_epoch_end(self):
        self.epoch += 1
