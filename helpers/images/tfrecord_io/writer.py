"""Write images and labels as shards: the whole set or nothing."""

import glob
import hashlib
import itertools
import json
import operator
import os
import platform
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import psutil

from helpers.files import FileError, commit, exists, is_remote, join, open_file
from helpers.images.tfrecord_io.index import FORMAT, INDEX, VERSION, Index, Shard, index_text, load_index
from helpers.images.tfrecord_io.records import encode_example, frame, jpeg_shape

SHARD_SIZE = 128 * 2**20  # bytes; see write_shards


def write_shards(
    folder: str | os.PathLike,
    examples: Iterable[tuple[bytes | np.ndarray, int]],
    *,
    class_names: Iterable[str],
    shard_size: int = SHARD_SIZE,
    source: dict | None = None,
    overwrite: bool = False,
) -> Index:
    """Write images and labels as shards, with an `index.json` that lists them.

    The folder gets its name when all of it is complete: shards grow in a hidden folder beside it, which the next run
    removes if this one is killed. In a bucket, files cannot be renamed together: there `index.json` comes last.
    Memory holds one example at a time. The same examples give the same bytes.

    A shard is closed as soon as it has `shard_size` bytes. The default, 128 MiB, follows two rules of thumb that agree:
    100 to 200 MB each, and 1,000 shards for a million photographs of 110-150 KB. Big enough to read at full speed;
    many enough to shuffle by reading them in another order, and to share them out: 10 or more for each machine.
    Shuffle the examples before they are written: the reader mixes the shards it has open, not the whole set.

    Args:
        folder: a new or empty folder; the shards are named after it: `train/train-00000-of-00012.tfrecord`.
        examples: `(image, label)`, one by one. An image is the bytes of a JPEG, stored as they are, or a uint8 array
            (height, width, 3), RGB, stored raw; all of them one or the other. A label is an index into `class_names`.
        class_names: one string a class.
        shard_size: bytes, 1 or more.
        source: what the images come from; anything that JSON can hold. Stored in the index.
        overwrite: True replaces a finished set of shards once the new one is complete.

    Returns:
        The index.

    Raises:
        ValueError: an argument, or an example, is not as said above. Gives the number of the example, from 0.
        FileError: the folder holds something already, or cannot be written. Names it.

    Source: TensorFlow, "TFRecord and tf.train.Example" (10 files a host, 100 MB or more each); Zafar et al., "Hands-On
        Convolutional Neural Networks with TensorFlow", Packt 2018 (1,000 shards for a million images).
    """
    class_names, source = _checked(class_names, shard_size, {} if source is None else source)
    folder = folder if is_remote(folder) else Path(folder).resolve()
    _clean(folder)
    _check_free(folder, overwrite)
    building = join(folder, ".building")
    if not is_remote(folder):
        building = folder.with_name(f".{folder.name}.building-{platform.node()}-{os.getpid()}")
    about = {}
    try:
        _make(building)
        shards = _write(building, folder, _payloads(examples, class_names, about), shard_size)
        index = Index(class_names, sum(shard.count for shard in shards), **about, source=source, shards=shards)
        _check_free(folder, overwrite)  # somebody may have been faster
        _publish(building, folder, index)
    except OSError as error:
        if error.filename is not None:
            raise  # it says which file itself
        raise FileError(f"{os.fspath(folder)} cannot be written: {error.strerror or error}") from error
    finally:
        _remove(building)
    return index


def _checked(class_names: Iterable[str], shard_size: int, source: dict) -> tuple[tuple[str, ...], dict]:
    """Return class names and source as they will be read back."""
    names = (class_names,) if isinstance(class_names, str) else tuple(class_names)
    if isinstance(class_names, str) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"class_names must be one string a class. Received: class_names={class_names!r}")
    for name in names:
        if name.encode(errors="replace") != name.encode(errors="surrogatepass"):  # from a folder in an old encoding
            raise ValueError(f"class_names must be text that UTF-8 can hold: rename the class. Received: {name!r}")
    if operator.index(shard_size) < 1:
        raise ValueError(f"shard_size must be 1 byte or more. Received: shard_size={shard_size}")
    try:
        return names, json.loads(index_text(source))
    except TypeError as error:
        raise ValueError(f"source must be something that JSON can hold. Received: {error}") from error


def _payloads(examples: Iterable, class_names: tuple[str, ...], about: dict) -> Iterator[bytes]:
    """Yield an encoded `Example` for each example; fill `about` with format and sizes of the images so far."""
    for number, example in enumerate(examples):
        try:
            image, label = example
            image_format, content, (height, width, channels) = _described(image)
            if not 0 <= operator.index(label) < len(class_names):
                raise ValueError(f"label must be from 0 to {len(class_names) - 1}. Received: label={label}")
            if about.setdefault("image_format", image_format) != image_format:
                raise ValueError(f"images must be all JPEG bytes or all arrays. Received: {image_format}")
        except (TypeError, ValueError) as error:
            raise ValueError(f"example {number}: {error}") from error
        for side, pixels in (("height", height), ("width", width)):
            low, high = about.get(side, (pixels, pixels))
            about[side] = (min(low, pixels), max(high, pixels))
        features = {"image": content, "format": image_format.encode(), "height": height, "width": width}
        features |= {"channels": channels, "label": int(label), "class_name": class_names[int(label)].encode()}
        yield encode_example(features)


def _described(image: bytes | np.ndarray) -> tuple[str, bytes, tuple[int, int, int]]:
    """Return format, bytes and shape of an image."""
    if isinstance(image, bytes):
        return "jpeg", image, jpeg_shape(image)
    shape, dtype = getattr(image, "shape", ()), getattr(image, "dtype", type(image).__name__)
    if dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise ValueError(f"image must be JPEG bytes or uint8 (height, width, 3). Received: {dtype} {shape}")
    return "raw", np.asarray(image).tobytes(), shape


def _write(building: str | Path, folder: str | Path, payloads: Iterator[bytes], shard_size: int) -> tuple[Shard, ...]:
    """Write the shards into the building folder, then give them names that say how many there are."""
    parts = []
    for first in payloads:  # one round a shard: `_fill` takes from the same iterator
        path = join(building, f"{len(parts):05d}.part")
        parts.append((path, _fill(path, itertools.chain([first], payloads), shard_size)))
    if not parts:
        raise ValueError("examples must hold one or more. Received: none")
    name, total, shards = (
        str(folder).rstrip("/").rpartition("/")[2] if is_remote(folder) else folder.name,
        len(parts),
        [],
    )
    for number, (path, shard) in enumerate(parts):
        shards.append(shard._replace(file=f"{name}-{number:05d}-of-{total:05d}.tfrecord"))
        commit(path, join(building, shards[-1].file))
    return tuple(shards)


def _fill(path: str | Path, payloads: Iterable[bytes], shard_size: int) -> Shard:
    """Write one shard, without a name yet: until it has `shard_size` bytes or the payloads end."""
    digest, count, size = hashlib.sha256(), 0, 0
    with open_file(path, "wb") as file:
        for payload in payloads:
            record = frame(payload)
            file.write(record)
            digest.update(record)
            count, size = count + 1, size + len(record)
            if size >= shard_size:
                break
    return Shard("", count, size, digest.hexdigest())


def _clean(folder: str | Path) -> None:
    """Remove what runs left that were killed, and bring back a set that was being replaced at that moment.

    Of runs on this machine: another one may share the folder, and its runs are not seen here.
    """
    if is_remote(folder):
        return  # `_make` empties the one building folder there is
    for left in folder.parent.glob(glob.escape(f".{folder.name}.building-{platform.node()}-") + "*"):
        pid = left.name.rpartition("-")[2]
        if pid.isdigit() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid))):
            shutil.rmtree(left)
    old = _old(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)  # killed between the two renames of `_publish`
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.replaced")


def _check_free(folder: str | Path, overwrite: bool) -> None:
    """Raise a `FileError` if the folder holds a finished set that is not to be replaced, or files of somebody else."""
    finished = exists(join(folder, INDEX))
    if finished and not overwrite:
        raise FileError(f"{folder} holds a finished set of shards. Pass overwrite=True to replace it.")
    if is_remote(folder) or not folder.exists():
        return
    if not folder.is_dir():
        raise FileError(f"{folder} must be a folder. Received: a file")
    ours = {INDEX, *(shard.file for shard in load_index(folder).shards)} if finished else set()
    others = sorted({path.name for path in folder.iterdir()} - ours)
    if others:
        raise FileError(f"{folder} must be new, empty or a finished set of shards. Received: a folder with {others[0]}")


def _make(building: str | Path) -> None:
    if is_remote(building):
        import tensorflow as tf  # only for a bucket

        _remove(building)
        tf.io.gfile.makedirs(building)
        return
    try:
        building.mkdir(parents=True)
    except OSError as error:
        raise FileError(f"{building} cannot be made: {error.strerror}") from error


def _remove(building: str | Path) -> None:
    if not is_remote(building):
        shutil.rmtree(building, ignore_errors=True)
    elif exists(building):
        import tensorflow as tf  # only for a bucket

        tf.io.gfile.rmtree(building)


def _publish(building: str | Path, folder: str | Path, index: Index) -> None:
    """Write the index and give everything its final name: a folder in one step, in a bucket the index last."""
    body = index._asdict() | {"shards": [shard._asdict() for shard in index.shards]}
    digest = hashlib.sha256(index_text(body)).hexdigest()
    with open_file(join(building, "index.part"), "wb") as file:
        text = json.dumps({"format": FORMAT, "version": VERSION, "sha256": digest, "index": body}, indent=1)
        file.write(text.encode())
    commit(join(building, "index.part"), join(building, INDEX))
    if not is_remote(folder):
        if folder.exists():
            folder.rename(_old(folder))
        building.rename(folder)
        shutil.rmtree(_old(folder), ignore_errors=True)
        return
    import tensorflow as tf  # only for a bucket

    tf.io.gfile.makedirs(folder)
    if exists(join(folder, INDEX)):
        tf.io.gfile.remove(join(folder, INDEX))
    for name in [*(shard.file for shard in index.shards), INDEX]:
        commit(join(building, name), join(folder, name))
