"""The writer: images come in, one whole file comes out, or none."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from helpers.files import FileError, is_remote
from helpers.images.hdf5_io.layout import DTYPES, checksum, write_about
from helpers.images.hdf5_io.part_file import PartFile, aside


class HDF5DatasetWriter:
    """Write images and labels to one HDF5 file; use it in a `with` block.

    The file grows under the name `<path>.part` and gets its own name when the block ends well. A block that ends with
    an error removes it; a run that is killed leaves the `.part` file, which the next run replaces.

    Args:
        path: the file to write, on this machine.
        shape: of all images together: (N, height, width, 3), or (N, length) for features. Fewer than N may come.
        data_key: the name of the array in the file.
        dtype: `"uint8"` for images in [0, 255], `"float32"` for features.
        class_names: one string a class, where label 0 is the first.
        source: what the file is built from, as JSON can hold it; a reader can insist on it.
        chunks: how many images a chunk holds; None stores them without chunks, which reads fastest.
        compression: `"gzip"` or `"lzf"` for chunks; None for none.
        buffer_size: how many images are collected before they are written.
        overwrite: True replaces a file of this name; otherwise it is an error.

    Attributes:
        count: how many images were added.
        mean: the mean of each channel so far, (3,) float64, exact; None where the images are not RGB bytes.

    Raises:
        FileError: the file is there, or cannot be written. Names the file.
        ValueError: an argument outside its range, or images that do not fit.

    Example:
        >>> with HDF5DatasetWriter("train.hdf5", (len(files), 256, 256, 3), class_names=("cat", "dog")) as writer:
        ...     for file, label in zip(files, labels):
        ...         writer.add([resize(read(file))], [label])
    """

    def __init__(
        self,
        path: str | Path,
        shape: Sequence[int],
        data_key: str = "images",
        *,
        dtype: str = "uint8",
        class_names: Sequence[str] = (),
        source: dict | None = None,
        chunks: int | None = None,
        compression: str | None = None,
        buffer_size: int = 64,
        overwrite: bool = False,
    ):
        self.path, self.shape, self.data_key = Path(path), tuple(map(int, shape)), data_key
        if len(self.shape) < 2 or min(self.shape) < 1 or str(np.dtype(dtype)) not in DTYPES:
            wanted = f"(N, height, width, 3) or (N, length), all 1 or more, of {' or '.join(DTYPES)}"
            raise ValueError(f"shape must be {wanted}. Received: shape={tuple(shape)}, dtype={dtype}")
        if data_key in ("labels", "checksums") or not data_key or "/" in data_key:
            raise ValueError(f"data_key must be a name other than labels and checksums. Received: {data_key!r}")
        if compression not in (None, "gzip", "lzf") or (compression and not chunks):
            wanted = "None, or 'gzip' or 'lzf' with chunks=images in a chunk"
            raise ValueError(f"compression must be {wanted}. Received: {compression!r}, chunks={chunks}")
        if buffer_size < 1 or (chunks is not None and chunks < 1):
            raise ValueError(f"buffer_size and chunks must be 1 or more. Received: {buffer_size}, {chunks}")
        if is_remote(path):
            raise ValueError(f"path must be on this machine: build the file here, then copy it. Received: {path}")
        self.class_names, self.overwrite = tuple(class_names), overwrite
        self.source = json.loads(json.dumps(source or {}))  # what JSON cannot hold fails now, not after hours
        self._chunks, self._compression = chunks, compression
        self._refuse_existing()
        self.count, self._filled = 0, 0
        self._labels, self._sums = np.empty(self.shape[0], "int32"), np.empty(self.shape[0], "uint64")
        self._buffer = np.empty((min(buffer_size, self.shape[0]), *self.shape[1:]), dtype)
        self._totals = np.zeros(3, "uint64") if self.shape[3:] == (3,) and self._buffer.dtype == np.uint8 else None
        self._parts, self._files = [], []
        try:
            self._images = aside(self._create, ".part", self.shape)
            self._name(".part2").unlink(missing_ok=True)  # left by a run that was killed
        except BaseException:
            self._discard()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.close()
        else:
            self._discard()

    @property
    def mean(self) -> np.ndarray | None:
        """The mean of each channel over the images so far, (3,) float64 in [0, 255]."""
        if self._totals is None or not self.count:
            return None
        totals = self._totals + self._channel_sums(self._buffer[: self._filled])
        return totals / (self.count * self.shape[1] * self.shape[2])

    def add(self, images: Sequence[np.ndarray], labels: Sequence[int]) -> None:
        """Add images with their labels.

        Args:
            images: (n, ...) or a list, each image of the shape and type of this file.
            labels: n whole numbers, from 0 to the number of classes - 1 where class names were given.
        """
        labels = np.atleast_1d(np.asarray(labels))
        if len(images) != len(labels) or labels.ndim != 1 or labels.dtype.kind not in "iu":
            found = f"{len(images)} images, labels {labels.dtype} {labels.shape}"
            raise ValueError(f"labels must be one whole number an image. Received: {found}")
        top = len(self.class_names) or 2**31
        if len(labels) and not 0 <= labels.min() <= labels.max() < top:
            raise ValueError(f"labels must be from 0 to {top - 1}. Received: {labels.min()} to {labels.max()}")
        if self.count + len(images) > self.shape[0]:
            raise ValueError(f"{self.path}: shape has room for {self.shape[0]} images. Received: one more")
        for image, label in zip(images, labels, strict=True):
            if np.shape(image) != self.shape[1:] or getattr(image, "dtype", None) != self._buffer.dtype:
                found = f"{getattr(image, 'dtype', type(image))} {np.shape(image)}"
                raise ValueError(f"image must be {self._buffer.dtype} {self.shape[1:]}. Received: {found}")
            row = self._buffer[self._filled]
            np.copyto(row, image)
            self._labels[self.count], self._sums[self.count] = label, checksum(row)
            self.count, self._filled = self.count + 1, self._filled + 1
            if self._filled == len(self._buffer):
                self._flush()

    def close(self) -> None:
        """Write what is left and give the file its name. Without images there is nothing to name: an error.

        A `with` block does this at its end; to do it again does nothing.
        """
        if not self._parts:
            return
        try:
            self._flush()
            if not self.count:
                raise ValueError(f"{self.path}: no image was added")
            aside(self._finish)
        except OSError as error:
            raise FileError(f"{self.path} cannot be written: {error}") from error
        finally:
            self._discard()

    def _create(self, end: str, shape: tuple) -> h5py.Dataset:
        self._parts.append(PartFile(self._name(end), self.path))
        self._files.append(h5py.File(self._parts[-1], "w", libver="latest"))
        chunks = (min(self._chunks, shape[0]), *shape[1:]) if self._chunks else None
        return self._files[-1].create_dataset(
            self.data_key, shape, self._buffer.dtype, chunks=chunks, compression=self._compression
        )

    def _flush(self) -> None:
        rows = self._buffer[: self._filled]
        if self._totals is not None:
            self._totals += self._channel_sums(rows)
        aside(self._images.__setitem__, slice(self.count - len(rows), self.count), rows)
        self._parts[-1].check()
        self._filled = 0

    def _channel_sums(self, rows: np.ndarray) -> np.ndarray:
        """Return the sum of each channel, (3,) uint64: columns first, because numpy adds long rows fast."""
        fits = len(rows) * self.shape[1] < 2**24  # so many bytes of 255 fit into 32 bits, which are faster
        columns = rows.reshape(-1, self.shape[2] * 3).sum(axis=0, dtype="uint32" if fits else "uint64")
        return columns.reshape(-1, 3).sum(axis=0, dtype="uint64")

    def _shrink(self) -> None:
        """Copy what came to a file of the right size: a contiguous array cannot be made shorter."""
        larger, self._images = self._images, self._create(".part2", (self.count, *self.shape[1:]))
        for start in range(0, self.count, len(self._buffer)):
            stop = min(start + len(self._buffer), self.count)
            self._images[start:stop] = larger[start:stop]
        self._files.pop(0).close()
        for part in self._parts:
            part.check()

    def _finish(self) -> None:
        if self.count < self.shape[0]:
            self._shrink()
        file, labels, mean = self._files[-1], self._labels[: self.count], self.mean
        file["labels"], file["checksums"] = labels, self._sums[: self.count]
        about = dict(data_key=self.data_key, count=self.count, class_names=self.class_names, source=self.source)
        crc = zlib.crc32(labels.tobytes())
        write_about(file, {**about, "mean": None if mean is None else mean.tolist(), "labels_crc32": crc})
        file.close()
        self._parts[-1].check()
        self._refuse_existing()
        self._parts[-1].commit()
        self._parts.pop()

    def _name(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)

    def _refuse_existing(self) -> None:
        if self.path.is_dir() or (self.path.exists() and not self.overwrite):
            advice = "" if self.path.is_dir() else ": choose another name, or overwrite=True"
            raise FileError(f"{self.path} is there already{advice}")

    def _discard(self) -> None:
        """Close everything, and remove what did not get the final name."""
        aside(self._clean)  # after what is being written just now

    def _clean(self) -> None:
        while self._files:
            self._files.pop().close()
        while self._parts:
            self._parts.pop().remove()
