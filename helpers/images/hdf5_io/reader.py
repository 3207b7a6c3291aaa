"""The reader: batches from a file of any size, in a new order every epoch, with little memory and few copies.

A contiguous array is mapped into memory: an image is then a view, wherever it lies, and a full shuffle costs nothing.
Chunked, compressed or distant arrays are read a group of chunks at a time, and shuffled inside the group.
"""

import json
import mmap
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from helpers.files import FileError, open_file
from helpers.images.hdf5_io.layout import checksum, naming, open_hdf5, read_about


class HDF5DatasetGenerator:
    """Batches of images and labels from a file that `HDF5DatasetWriter` wrote.

    Three ways out: iterate over it (numpy arrays), `dataset()` (`tf.data`, for `fit`), `sequence()` (a
    `keras.utils.PyDataset`). Each gives the same batches. An epoch is one pass; which images form batch 7 of epoch 3
    depends on the seed alone, not on threads or workers. Every image is compared with its checksum the first time it
    is read.

    A batch belongs to whoever holds it: an array is filled again only after nobody refers to it any more.

    Args:
        path: the file, on this machine or a bucket address such as `gs://bucket/train.hdf5`.
        batch_size: 1 or more.
        preprocessors: from `helpers.images.preprocessing`, applied to each image in this order.
        shuffle: False keeps the order of the file.
        seed: of order and random preprocessors.
        one_hot: True gives labels (batch, classes) float32 in place of (batch,) int32.
        drop_remainder: True leaves out the images that do not fill the last batch, others every epoch.
        data_key: the name of the array of images; None takes the one that the file names.
        source: what the file must have been built from; None takes any.
        worker, num_workers: gets every `num_workers`-th image of the shuffled order, from place `worker` on.
        threads: how many fill a batch together.
        buffer_size: how many images are held for shuffling where the array cannot be mapped.

    Attributes:
        about: what the file holds: labels, class names, mean, source. See `layout.About`.
        shape, dtype: of one preprocessed image.
        images_per_epoch: how many images this worker gets in an epoch.
        epoch: the next one that `batches` or `dataset` begins.

    Raises:
        FileError: the file is missing, broken, not of this kind, or from another source. Names the file.
        ValueError: an argument outside its range.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        batch_size: int,
        preprocessors: Sequence = (),
        *,
        shuffle: bool = True,
        seed: int = 0,
        one_hot: bool = False,
        drop_remainder: bool = False,
        data_key: str | None = None,
        source: dict | None = None,
        worker: int = 0,
        num_workers: int = 1,
        threads: int = 2,
        buffer_size: int = 2048,
    ):
        self.path, self.about = os.fspath(path), read_about(path, data_key)
        if source is not None and json.loads(json.dumps(source)) != self.about.source:  # to JSON a tuple is a list
            raise FileError(f"{self.path} must be built from {source}. Received: {self.about.source}")
        if not 0 <= worker < num_workers <= len(self.about.labels):
            raise ValueError(f"worker must be from 0 to num_workers - 1. Received: {worker} of {num_workers}")
        self.images_per_epoch = len(self.about.labels) // num_workers  # the same for every worker: none waits for ever
        if batch_size < 1 or (drop_remainder and batch_size > self.images_per_epoch):
            raise ValueError(f"batch_size must be from 1 to {self.images_per_epoch}. Received: batch_size={batch_size}")
        if min(threads, buffer_size) < 1:
            raise ValueError(f"threads and buffer_size must be 1 or more. Received: {threads}, {buffer_size}")
        self.batch_size, self.preprocessors, self.shuffle, self.seed = batch_size, tuple(preprocessors), shuffle, seed
        self.one_hot, self.drop_remainder, self._share = one_hot, drop_remainder, (worker, num_workers)
        self.threads, self.buffer_size, self.epoch = threads, buffer_size, 0
        ends = np.cumsum([0, *(step.draws for step in self.preprocessors)])
        self._draws = [slice(start, end) for start, end in zip(ends, ends[1:], strict=False)]
        self._num_draws = int(ends[-1])
        sample = self.sample(self.preprocessors)
        self.shape, self.dtype = sample.shape, sample.dtype
        self._start()
        if self.about.offset is None:
            print(f"{self.path}: not contiguous on this machine, so shuffled in groups of {buffer_size:,} images")

    def __len__(self):
        """Return the number of batches in an epoch."""
        return (
            self.images_per_epoch // self.batch_size
            if self.drop_remainder
            else -(-self.images_per_epoch // self.batch_size)
        )

    def __iter__(self):
        return self.batches()

    def batches(self, passes: int | None = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield batches (images, labels), `passes` times through the data; None for ever.

        The next call goes on with the next epoch, so that each has an order of its own.
        """
        done = 0
        while passes is None or done < passes:
            epoch, self.epoch, done = self.epoch, self.epoch + 1, done + 1
            for index in range(len(self)):
                yield self.batch(epoch, index)

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one batch: images (batch_size, *shape) and their labels, whoever asks and in whatever order."""
        return self.read(epoch, index, self.preprocessors, self.shape, self.dtype, self.threads)

    def dataset(self, passes: int | None = 1):
        """Return the batches as a `tf.data.Dataset`, prefetched; every iteration over it is a new epoch.

        `passes` as in `batches`: None goes on for ever, and `fit` then needs `steps_per_epoch`.

        Bytes travel to TensorFlow where they can: if the last preprocessor subtracts the mean, TensorFlow does that,
        in one step for the whole batch and with the same result.
        """
        from helpers.images.hdf5_io.to_keras import as_dataset

        return as_dataset(self, passes)

    def sequence(self, **workers):
        """Return the batches as a `keras.utils.PyDataset`; `workers`, `use_multiprocessing` and so on go to it."""
        from helpers.images.hdf5_io.to_keras import Sequence

        return Sequence(self, **workers)

    def order(self, epoch: int) -> np.ndarray:
        """Return the places in the file that this epoch visits, in its order: (number of images,) int32 or int64."""
        return self._plan(epoch)[0]

    def _plan(self, epoch) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the order of an epoch and, where groups of chunks are read, the group of each place in the file."""
        with self._lock:
            if epoch not in self._plans:
                while len(self._plans) > 1:  # the last epoch and this one: batches are prefetched across the border
                    del self._plans[min(self._plans)]
                self._plans[epoch] = self._shuffled(np.random.default_rng((self.seed, epoch)))
            return self._plans[epoch]

    def _shuffled(self, random):
        count, chunk, groups = len(self.about.labels), self.about.chunk, None
        order = np.arange(count, dtype="int32" if count < 2**31 else "int64")
        if self.about.offset is None:
            chunks = np.split(order, range(chunk, count, chunk))
            chunks = [chunks[at] for at in random.permutation(len(chunks))] if self.shuffle else chunks
            together = max(1, self.buffer_size // chunk)
            parts = [np.concatenate(chunks[at : at + together]) for at in range(0, len(chunks), together)]
            groups = np.empty(count, "int32")
            for group, part in enumerate(parts):
                groups[part] = group
                if self.shuffle:
                    random.shuffle(part)
            order = np.concatenate(parts)
        elif self.shuffle:
            random.shuffle(order)
        order.flags.writeable = False  # who asks for it gets this array
        worker, num_workers = self._share
        return (order[worker::num_workers][: self.images_per_epoch] if num_workers > 1 else order), groups

    def read(self, epoch: int, index: int, steps: Sequence, shape: tuple, dtype: np.dtype, threads: int) -> tuple:
        """Return one batch as `batch` does, with only the first preprocessors (`steps`) applied."""
        if not 0 <= index < len(self):
            raise IndexError(f"index must be from 0 to {len(self) - 1}. Received: index={index}")
        if self._process != os.getpid():
            self._start()  # in a forked process: threads stayed behind, and a lock may be held for ever
        places = self.order(epoch)[index * self.batch_size : (index + 1) * self.batch_size]
        random = np.random.default_rng((self.seed, epoch, index + 1, self._share[0]))
        draws = random.random((len(places), self._num_draws))
        images = self._array((self.batch_size, *shape), dtype)[: len(places)]
        held = self._mapped() if self.about.offset is not None else self._read(epoch, places)
        parts = np.array_split(np.arange(len(places)), min(threads, len(places)))
        work = [(held, places, draws, images, steps, part) for part in parts]
        if len(work) > 1:
            list(self._pool.map(lambda job: self._fill(*job), work))
        else:
            self._fill(*work[0])
        labels = self.about.labels[places]
        return images, np.eye(self.num_classes, dtype="float32")[labels] if self.one_hot else labels

    def sample(self, steps: Sequence) -> np.ndarray:
        """Return what the first preprocessors (`steps`) make of a black image: its shape and type."""
        black = np.zeros(self.about.shape[1:], self.about.dtype)
        return self._through(black, np.zeros(self._num_draws), None, steps)

    @property
    def num_classes(self) -> int:
        """Return the number of classes: that of the class names, or the highest label and one."""
        return len(self.about.class_names) or int(self.about.labels.max()) + 1

    def _fill(self, held, places, draws, images, steps, part):
        for row in part:
            place = places[row]
            image = held[place]
            if not self._checked[place]:
                self._check(place, image)
            self._through(image, draws[row], images[row], steps)

    def _through(self, image, draw, out=None, steps=None):
        """Send one image through the preprocessors; the last one writes into `out`."""
        steps = self.preprocessors if steps is None else steps
        if not steps:
            return image if out is None else np.copyto(out, image)
        for step, draws in zip(steps[:-1], self._draws, strict=False):
            image = step.preprocess(image, draw=draw[draws])
        return steps[-1].preprocess(image, draw=draw[self._draws[len(steps) - 1]], out=out)

    def _check(self, place, image) -> None:
        if checksum(image) != self.about.checksums[place]:
            raise FileError(f"{self.path} is damaged: image {place} does not match its checksum")
        self._checked[place] = True

    def _array(self, shape, dtype) -> np.ndarray:
        """Return an array to fill: one that nobody refers to any more, or a new one."""
        with self._lock:
            for array in self._arrays:
                # the list, this loop and getrefcount itself
                if array.shape == shape and array.dtype == dtype and sys.getrefcount(array) == 3:
                    return array
            array = np.empty(shape, dtype)
            self._arrays = [*self._arrays[-1:], array]
            return array

    def _mapped(self) -> np.ndarray:
        about, count = self.about, int(np.prod(self.about.shape))
        with naming(self.path, "cannot be read any more"):
            if self._map is None:
                with open_file(self.path) as file:
                    self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            if self._map.size() < about.offset + count * about.dtype.itemsize:  # to read on would end the process
                raise FileError(f"{self.path} was cut while it was open: now {self._map.size():,} bytes")
            return np.frombuffer(self._map, about.dtype, count, about.offset).reshape(about.shape)

    def _read(self, epoch, places) -> dict[int, np.ndarray]:
        """Return the images at these places, from the groups of chunks that are held, or else from the file."""
        held, groups = {}, self._plan(epoch)[1]
        with self._lock_file:
            for group in dict.fromkeys(groups[places].tolist()):
                if (epoch, group) not in self._groups:
                    self._groups = dict(list(self._groups.items())[-1:])  # the batch may begin in the last group
                    self._groups[epoch, group] = self._load(np.flatnonzero(groups == group))
                images = self._groups[epoch, group]
                held.update({place: images[place] for place in places[groups[places] == group].tolist()})
        return held

    def _load(self, places) -> dict[int, np.ndarray]:
        """Read these places, sorted, in runs that lie together in the file."""
        runs = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
        self._checked[places] = False  # another file may have this name now
        with naming(self.path, "cannot be read any more"), open_hdf5(self.path) as file:
            images = file[self.about.data_key]
            rows = (zip(run.tolist(), images[run[0] : run[-1] + 1], strict=True) for run in runs)
            return {place: image for row in rows for place, image in row}

    def _start(self) -> None:
        """Make what cannot travel to another process: the map, locks, threads and arrays to fill."""
        self._process = os.getpid()
        self._map, self._arrays, self._plans, self._groups = None, [], {}, {}
        self._lock, self._lock_file = threading.Lock(), threading.Lock()
        self._checked = np.zeros(len(self.about.labels), bool)
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    def __getstate__(self):
        made_here = ("_map", "_arrays", "_plans", "_groups", "_lock", "_lock_file", "_checked", "_pool")
        return {key: value for key, value in self.__dict__.items() if key not in made_here}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._start()
