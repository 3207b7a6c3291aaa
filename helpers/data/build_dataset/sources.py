"""Which images a data set is built from: listed, hashed, and their first and last bytes looked at."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from helpers.data import folders
from helpers.files import FileError
from helpers.images.preprocessing import decode

# Bytes looked at: the first must name JFIF; a JPEG without its end marker in the last is decoded before the split.
# 512 is how far TensorFlow Datasets sees, which counts 1,738 bad files in cats and dogs: it calls `peek(10)` on a
# member of the zip file and gets up to 512 bytes. Keras's example, on unpacked files, gets some KiB, and finds 1,590.
HEAD, TAIL = 512, 1024


class Source(NamedTuple):
    """Images with their labels.

    Attributes:
        name: of the data set.
        files: one path an image.
        labels: (N,) int32, an index into `class_names`.
        class_names: one string a class.
        is_stand_in: True where drawn images stand in for the real ones.
        other_files: how many more files are in the class folders, as `folders.ImageFolder.left_out` says.
    """

    name: str
    files: list[Path]
    labels: np.ndarray
    class_names: tuple[str, ...]
    is_stand_in: bool
    other_files: int


def find(name: str | None, folder: Path | None, count: int | None) -> Source:
    """List the images of a data set that `data.folders.load` knows, or of a folder with one sub-folder a class."""
    found = folders.load(name, count=count) if folder is None else folders.from_folder(folder, count=count)
    return Source(found.name, found.files, found.labels, found.class_names, found.is_stand_in, found.left_out)


def label_of(path: Path) -> str:
    """Return what an image is called in lists and messages: its class folder and its own name."""
    return f"{path.parent.name}/{path.name}"


def listed(source: Source) -> str:
    """Say which images these are: how many, and a SHA-256 of their names, labels and sizes in bytes."""
    digest = hashlib.sha256()
    for path, label in zip(source.files, source.labels, strict=True):
        size = path.stat().st_size if path.is_file() else -1
        digest.update(os.fsencode(f"{label_of(path)}\t{label}\t{size}\n"))
    return f"{len(source.files)} files, SHA-256 {digest.hexdigest()}"


def readable(source: Source, any_jpeg: bool) -> tuple[Source, list[dict[str, str]]]:
    """Look at the first and last bytes of every file, so that the split is made of files that are worth decoding.

    Args:
        source: the images.
        any_jpeg: False leaves out `.jpg` files that do not name JFIF in their first 512 bytes.

    Returns:
        The source without the bad ones, and these: `[{"file": ..., "reason": ...}, ...]`.
    """
    keep, skipped = [], []
    for index, path in enumerate(tqdm(source.files, "checking", unit=" files", disable=None, leave=False)):
        reason = _fault(path, any_jpeg)
        if reason:
            skipped.append({"file": label_of(path), "reason": reason})
        else:
            keep.append(index)
    return source._replace(files=[source.files[index] for index in keep], labels=source.labels[keep]), skipped


def _fault(path: Path, any_jpeg: bool) -> str | None:
    """Say what is wrong with a file, as far as its first and last bytes show it."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            tail = file.read()
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if not head:
        return "is empty"
    if path.suffix.lower() in (".jpg", ".jpeg") and not any_jpeg and b"JFIF" not in head:
        return f"has no JFIF in its first {HEAD} bytes (--any-jpeg, any_jpeg=True takes it)"
    if head[:2] == b"\xff\xd8" and b"\xff\xd9" not in tail:  # it breaks off, or has more behind its end
        try:
            decode(path.read_bytes(), "it")
        except FileError as error:
            return str(error).removeprefix("it ")
    return None
