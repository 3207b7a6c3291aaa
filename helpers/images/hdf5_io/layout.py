"""What stands in a file: the arrays, their checksums, and one JSON text that says what it is and where it came from.

    /images       (N, ...) uint8 or float32, contiguous unless asked otherwise; the name is the data key
    /labels       (N,) int32
    /checksums    (N,) uint64, see `checksum`
    attribute "about" of the root: JSON with format, version, data_key, count, class_names, mean, source, labels_crc32
    attribute "about_crc32": CRC-32 of that text

HDF5's own structures carry checksums too, because files are written with `libver="latest"`; pixels in a contiguous
array have none, so every image has one here. The text is bytes of fixed length: text of variable length would stand in
a part of the file without checksum, where one flipped bit can make the library search without end.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import h5py
import numpy as np

from helpers.files import FileError, is_remote, open_file

FORMAT, VERSION = "deep vision workbook images", 1
DTYPES = ("uint8", "float32")


class About(NamedTuple):
    """What an opened file holds.

    Attributes:
        data_key: the name of the array of images.
        shape, dtype: of that array.
        labels: (N,) int32.
        checksums: (N,) uint64.
        class_names: one string a class; empty where none were given.
        mean: the mean of each channel over all images, or None where they are not RGB bytes.
        source: what the file was built from.
        offset: where the images begin in the file, in bytes; None where they are chunked, compressed or far away.
        chunk: how many images one chunk holds; 1 in a contiguous array.
    """

    data_key: str
    shape: tuple[int, ...]
    dtype: np.dtype
    labels: np.ndarray
    checksums: np.ndarray
    class_names: tuple[str, ...]
    mean: tuple[float, float, float] | None
    source: dict
    offset: int | None
    chunk: int


def checksum(image: np.ndarray) -> int:
    """Return the sum of an image's bytes, read as little-endian 64-bit words, modulo 2**64.

    Finds every single flipped bit, lost blocks and noise, at a tenth of the price of decoding an image.

    Args:
        image: a C-contiguous array; what does not fill a word counts as one more, shorter word.
    """
    flat = image.reshape(-1).view(np.uint8)
    whole = flat.size // 8 * 8
    total = int(np.add.reduce(flat[:whole].view("<u8"), dtype=np.uint64))
    return (total + int.from_bytes(flat[whole:].tobytes(), "little")) % 2**64


def write_about(file: h5py.File, about: dict) -> None:
    """Write the JSON text and its checksum; format and version are added."""
    text = json.dumps({"format": FORMAT, "version": VERSION, **about})
    file.attrs["about"], file.attrs["about_crc32"] = np.bytes_(text), zlib.crc32(text.encode())


@contextlib.contextmanager
def naming(path: str | os.PathLike, problem: str) -> Iterator[None]:
    """Turn what h5py, numpy and TensorFlow raise about a broken file into a FileError that names it.

    Args:
        path: the file.
        problem: how the message goes on, such as `"is damaged"`.
    """
    try:
        yield
    except FileError:
        raise
    except Exception as error:
        kinds = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError)
        if isinstance(error, kinds) or type(error).__module__.startswith("tensorflow"):
            raise FileError(f"{os.fspath(path)} {problem}: {error}") from error
        raise


def open_hdf5(path: str | os.PathLike) -> h5py.File:
    """Open a file for reading, on this machine or at a bucket address.

    Raises:
        FileError: it is not there, locked by a program that writes it, or not a whole HDF5 file. Names the file.
    """
    stream = open_file(path)  # says clearly what is wrong with the path
    with naming(path, "is not a whole HDF5 file"):
        if is_remote(path):
            return h5py.File(stream, "r")
        stream.close()
        try:
            return h5py.File(path, "r")
        except BlockingIOError as error:
            raise FileError(f"{os.fspath(path)} is locked: another program has it open to write. {error}") from error
        except OSError as error:
            if "lock file" not in str(error):
                raise
            return h5py.File(path, "r", locking=False)  # a file system without locks


def read_about(path: str | os.PathLike, data_key: str | None = None) -> About:
    """Check everything but the pixels, and return what the file holds.

    Args:
        path: the file.
        data_key: the name of the array of images; None takes the one that the writer recorded.

    Raises:
        FileError: not such a file, a broken one, or one whose parts do not belong together. Names the file.
    """
    with naming(path, "is damaged"), open_hdf5(path) as file:
        about = _about(file, path)
        return _arrays(file, path, about, data_key or about["data_key"])


def _about(file: h5py.File, path) -> dict:
    if "about" not in file.attrs or "about_crc32" not in file.attrs:
        raise FileError(
            f"{os.fspath(path)} was not written by HDF5DatasetWriter. It holds: {', '.join(file) or 'nothing'}"
        )
    text = file.attrs["about"]
    if not isinstance(text, bytes) or zlib.crc32(text) != file.attrs["about_crc32"]:
        raise FileError(f"{os.fspath(path)} is damaged: the description does not match its checksum")
    about = json.loads(text)
    if (about["format"], about["version"]) != (FORMAT, VERSION):
        found = f"{about['format']!r} version {about['version']}"
        raise FileError(f"{os.fspath(path)} must be {FORMAT!r} version {VERSION}. Received: {found}")
    return about


def _arrays(file: h5py.File, path, about: dict, data_key: str) -> About:
    name = os.fspath(path)
    missing = [key for key in (data_key, "labels", "checksums") if not isinstance(file.get(key), h5py.Dataset)]
    if missing:
        raise FileError(f"{name} has no array {' and no '.join(map(repr, missing))}. It holds: {', '.join(file)}")
    images, labels, checksums = file[data_key], file["labels"][:], file["checksums"][:]
    if images.dtype not in DTYPES or labels.dtype != "int32" or checksums.dtype != "uint64":
        found = f"{images.dtype}, {labels.dtype}, {checksums.dtype}"
        raise FileError(f"{name} must hold {' or '.join(DTYPES)} images, int32 labels, uint64 sums. Received: {found}")
    if not len(images) == len(labels) == len(checksums) == about["count"]:
        found = f"{len(images)}, {len(labels)}, {len(checksums)} and a count of {about['count']}"
        raise FileError(f"{name} must hold as many labels and checksums as images. Received: {found}")
    if zlib.crc32(labels.tobytes()) != about["labels_crc32"]:
        raise FileError(f"{name} is damaged: the labels do not match their checksum")
    plain = images.chunks is None and images.compression is None and not is_remote(path) and not images.external
    offset = images.id.get_offset() if plain else None
    if offset is not None and os.path.getsize(path) < offset + images.nbytes:  # noqa: PTH202
        raise FileError(f"{name} breaks off: {images.nbytes:,} bytes of images do not fit into it")
    mean = tuple(about["mean"]) if about["mean"] else None
    return About(
        data_key, images.shape, images.dtype, labels, checksums, tuple(about["class_names"]), mean, about["source"],
        offset, images.chunks[0] if images.chunks else 1,
    )  # fmt: skip
