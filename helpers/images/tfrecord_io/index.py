"""A folder of shards and the `index.json` that lists them: read it, and check the files against it."""

import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from helpers.files import FileError, is_remote, join, open_file
from helpers.images.tfrecord_io.records import file_size, records

INDEX = "index.json"
FORMAT, VERSION = "deep vision workbook shards", 1
_digests = {}  # (path, bytes, time of change) to SHA-256: each file is read for it once a process


class Shard(NamedTuple):
    """One file: its name in the folder, how many examples it holds, its size in bytes and its SHA-256."""

    file: str
    count: int
    bytes: int
    sha256: str


class Index(NamedTuple):
    """What a folder of shards holds.

    Attributes:
        class_names: one string a class; a label is an index into them.
        count: how many images.
        image_format: `"jpeg"` or `"raw"`.
        height, width: of the images in pixels, (smallest, largest).
        source: what the set was built from, as the writer was told.
        shards: one entry a file.
    """

    class_names: tuple[str, ...]
    count: int
    image_format: str
    height: tuple[int, int]
    width: tuple[int, int]
    source: dict
    shards: tuple[Shard, ...]

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """(height, width, 3) where all images have the same size, else None."""
        same = self.height[0] == self.height[1] and self.width[0] == self.width[1]
        return (self.height[0], self.width[0], 3) if same else None


class Damage(NamedTuple):
    """A shard that is not as it was written: how many examples can still be read, how many are lost, and why."""

    file: str
    readable: int
    lost: int
    reason: str


def load_index(folder: str | os.PathLike) -> Index:
    """Read the `index.json` of a folder of shards.

    Args:
        folder: on this machine or a bucket address.

    Raises:
        FileError: there is none, so the set is unfinished or elsewhere; or it is damaged, or of another kind or
            version. Names the file.
    """
    path = join(folder, INDEX)
    try:
        with open_file(path) as file:
            content = file.read()
    except FileError as error:
        raise FileError(f"{error}. {os.fspath(folder)} was not written by write_shards, or not to its end") from error
    try:
        stored = json.loads(content)
        kind, body = (stored["format"], stored["version"]), stored["index"]
        if kind == (FORMAT, VERSION) and hashlib.sha256(index_text(body)).hexdigest() == stored["sha256"]:
            shards = tuple(Shard(**shard) for shard in body["shards"])
            ranges = {"height": tuple(body["height"]), "width": tuple(body["width"])}
            return Index(**{**body, **ranges, "class_names": tuple(body["class_names"]), "shards": shards})
    except (ValueError, KeyError, TypeError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise FileError(f"{os.fspath(path)} is not an index of shards: {type(error).__name__}: {error}") from error
    if kind != (FORMAT, VERSION):
        raise FileError(
            f"{os.fspath(path)} must be {FORMAT!r} version {VERSION}. Received: {kind[0]!r} version {kind[1]}"
        )
    raise FileError(f"{os.fspath(path)} is damaged or was edited: its SHA-256 does not match what stands in it.")


def verify(folder: str | os.PathLike) -> Index:
    """Read every byte of a set of shards and compare size, SHA-256, both checksums of each record, and the counts.

    Returns:
        The index.

    Raises:
        FileError: names every shard that is not as it was written, and where in it.
    """
    _digests.clear()  # what was read before may have changed on the disk since
    index = load_index(folder)
    found = damaged(folder)
    broken = {damage.file for damage in found}
    for shard in index.shards:
        count = 0 if shard.file in broken else sum(1 for _ in records(join(folder, shard.file)))
        if shard.file not in broken and count != shard.count:
            reason = f"{os.fspath(join(folder, shard.file))} must hold {shard.count} examples. Received: {count}"
            found.append(Damage(shard.file, 0, shard.count, reason))
    raise_if_damaged(found, index)
    return index


def damaged(folder: str | os.PathLike, check: str = "sha256") -> list[Damage]:
    """Return the shards that are missing or not as they were written; an empty list where all is well.

    Args:
        folder: on this machine or a bucket address.
        check: `"size"` compares names and sizes, in milliseconds. `"sha256"` reads every byte, once a process for
            each file that does not change, and counts what can still be read: the records before the first damaged
            one. Nothing of a file that is not the right one though its records are whole.

    Raises:
        FileError: see `load_index`.
        ValueError: `check` is neither.
    """
    if check not in ("size", "sha256"):
        raise ValueError(f"check must be 'size' or 'sha256'. Received: check={check!r}")
    found = (_examined(join(folder, shard.file), shard, check) for shard in load_index(folder).shards)
    return [damage for damage in found if damage]


def raise_if_damaged(found: list[Damage], index: Index) -> None:
    """Raise a `FileError` that names the damaged shards, the first ten of them with the reason."""
    if found:
        raise FileError(
            f"{len(found)} of {len(index.shards)} shards are not as they were written:\n"
            + "\n".join(damage.reason for damage in found[:10])
            + ("\n..." if len(found) > 10 else "")
        )


def check_size(path: str | os.PathLike, size: int | None) -> None:
    """Raise a `FileError` that names the file if it cannot be opened, or has another size in bytes (None: any size)."""
    with open_file(path) as file:
        received = file_size(file)
    if size not in (None, received):
        raise FileError(f"{os.fspath(path)} must have {size:,} bytes. Received: {received:,} bytes")


def _examined(path: str | Path, shard: Shard, check: str) -> Damage | None:
    """Return what is wrong with one shard, None where nothing is."""
    readable = 0
    try:
        if check == "size":
            check_size(path, shard.bytes)
            return None
        received = _digest(path)
        if received == shard.sha256:
            return None
        for _ in records(path):
            readable += 1
    except FileError as error:
        readable = min(readable, shard.count)
        return Damage(shard.file, readable, shard.count - readable, str(error))
    reason = f"{os.fspath(path)} must have SHA-256 {shard.sha256}. Received: {received}, though its records are whole"
    return Damage(shard.file, 0, shard.count, reason)


def _digest(path: str | Path) -> str:
    with open_file(path) as file:
        key = (os.fspath(path), file_size(file), _changed(path))
        if key not in _digests:
            digest = hashlib.sha256()
            while block := file.read(2**20):
                digest.update(block)
            _digests[key] = digest.hexdigest()
    return _digests[key]


def _changed(path: str | Path) -> int:
    """Return when a file was changed last, in nanoseconds."""
    if not is_remote(path):
        return Path(path).stat().st_mtime_ns
    import tensorflow as tf  # only for a bucket

    return tf.io.gfile.stat(path).mtime_nsec


def index_text(body: dict) -> bytes:
    """Return what the SHA-256 in `index.json` is taken of: the same for the same content, whatever the white space."""
    return json.dumps(body, sort_keys=True).encode()
