"""`build`: images in, one folder out, or a sentence that says why not."""

import json
import math
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from helpers import profiles
from helpers.data.build_dataset import images, sources
from helpers.data.build_dataset.place import appears_whole
from helpers.files import FileError, commit, is_remote
from helpers.images.hdf5_io import HDF5DatasetWriter

FORMATS = ("hdf5", "tfrecord")
QUALITY = 90  # of JPEGs in shards: 18 KB for a photograph of 256 x 256, an 85th of float64
VERSION = 1  # counts up when the same images and arguments give another result


class Built(NamedTuple):
    """A data set on the disk.

    Attributes:
        folder: where it is.
        is_new: False where it was there already.
        class_names: one string a class.
        counts: `{"train": {"cat": 480, "dog": 479}, ...}`.
        mean: of the channels r, g, b over the resized training images, in [0, 255].
        skipped: how many images were left out.
        other_files: how many more files are in the class folders, as `folders.ImageFolder.left_out` says.
        num_bytes: of its files.
        seconds: that it took to build.
    """

    folder: Path
    is_new: bool
    class_names: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    mean: tuple[float, float, float]
    skipped: int
    other_files: int
    num_bytes: int
    seconds: float


def build(
    name: str | None = None,
    *,
    folder: str | os.PathLike | None = None,
    format: str = "hdf5",
    size: int = 256,
    val: float = 0.1,
    test: float = 0.1,
    out: str | os.PathLike | None = None,
    count: int | None = None,
    seed: int = 0,
    resize: str = "aspect",
    quality: int | None = QUALITY,
    any_jpeg: bool = False,
    overwrite: bool = False,
    threads: int = 2,
) -> Built:
    """Build a data set, or find that it is there.

    The split is stratified. Images that cannot be read are left out and listed; what a decoder accepts though its
    middle is damaged is not found. Memory holds `images.IN_FLIGHT` images, however many there are.

    Args:
        name: a data set that `data.folders.load` knows, such as `"cats_vs_dogs"`; or None, and
        folder: a folder of images with one sub-folder a class.
        format: `"hdf5"` or `"tfrecord"`.
        size: of the stored images: `size` x `size` pixels.
        val, test: shares in [0, 1), together below 1; 0 leaves that part out.
        out: the folder to build in, on this machine; None is `built` in the data cache.
        count: how many images to take; None takes all.
        seed: of the split and the order in each part, 0 to 2**32 - 1.
        resize: `"aspect"` keeps the proportions and the centre, `"plain"` keeps all of the image.
        quality: of the JPEGs in shards, 1 to 100; None stores the files' own bytes, at their own size and, if they
            carry an EXIF orientation, not turned upright.
        any_jpeg: False leaves out `.jpg` files without JFIF in their first 512 bytes, as is usual for cats and dogs.
            A camera's own files may have none: True takes what can be decoded.
        overwrite: True replaces a set that is in that place.
        threads: that decode and resize. The result does not depend on it.

    Raises:
        ValueError: an argument outside its range.
        FileError: the images or the disk do not allow it, or another set is in that place. Names the file or folder.
    """
    chosen = dict(format=format, size=size, resize=resize, val=val, test=test, count=count, seed=seed)
    chosen |= dict(quality=quality if format == "tfrecord" else None, any_jpeg=any_jpeg)
    _check(name, folder, out, threads, quality, chosen)
    folder = None if folder is None else Path(folder).expanduser().resolve()
    source = sources.find(name, folder, count)
    final = _place(out, folder, f"{source.name}_{size}_{format}")
    settings = dict(version=VERSION, name=source.name, **chosen, is_stand_in=source.is_stand_in)
    settings["images"] = sources.listed(source)
    found = None if overwrite and _is_set(final) else _find(final, settings)
    if found:
        return found
    start = time.perf_counter()
    with appears_whole(final, overwrite) as part:
        record = {"settings": settings, "class_names": source.class_names, **_fill(part, source, settings, threads)}
        files = sorted(path for path in part.rglob("*") if path.is_file())
        record["files"] = {path.relative_to(part).as_posix(): path.stat().st_size for path in files}
        record["seconds"] = time.perf_counter() - start
        _write_json(part / "built.json", record)
    return _built(final, record, is_new=True)


def _check(name, folder, out, threads: int, quality: int | None, chosen: dict) -> None:
    """Raise ValueError for an argument outside its range."""
    if (name is None) == (folder is None):
        raise ValueError(f"name or folder must be given, and not both. Received: name={name!r}, folder={folder!r}")
    for key, allowed in (("format", FORMATS), ("resize", tuple(images.RESIZE))):
        if chosen[key] not in allowed:
            raise ValueError(f"{key} must be one of {', '.join(allowed)}. Received: {key}={chosen[key]!r}")
    whole = {"size": (chosen["size"], 1), "threads": (threads, 1), "seed": (chosen["seed"], 0)}
    whole |= {"count": (chosen["count"], 1)} if chosen["count"] is not None else {}
    for key, (value, least) in whole.items():
        if not isinstance(value, int) or not least <= value < 2**32:
            raise ValueError(f"{key} must be a whole number of {least} or more. Received: {key}={value!r}")
    val, test = chosen["val"], chosen["test"]
    if not (0 <= val < 1 and 0 <= test < 1 and val + test < 1):
        raise ValueError(f"val and test must be in [0, 1), together below 1. Received: val={val}, test={test}")
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality must be from 1 to 100. Received: quality={quality}")
    if chosen["format"] == "hdf5" and quality != QUALITY:
        raise ValueError(f"quality is for format='tfrecord'. Received: quality={quality} with format='hdf5'")
    if out is not None and is_remote(out):
        raise ValueError(f"out must be on this machine; copy the finished folder to the bucket. Received: out={out!r}")


def _place(out, folder: Path | None, name: str) -> Path:
    """Return where the set will be; not among the images, where the next run would take it for a class."""
    if out is None:
        out = profiles.cache() / "built"
    final = Path(out).expanduser().resolve() / name
    if folder is not None and final.is_relative_to(folder):
        raise ValueError(f"out must not be inside the folder of images. Received: out={os.fspath(out)!r}")
    return final


def _is_set(final: Path) -> bool:
    return (final / "built.json").is_file()


def _find(final: Path, settings: dict) -> Built | None:
    """Return the set if it is there, built with these settings and whole; raise FileError if something else is."""
    if not os.path.lexists(final):
        return None
    if not _is_set(final):
        raise FileError(f"{final} is there and has no built.json: it is not a set of this builder and stays as it is")
    path, advice = final / "built.json", "Choose another out, or replace it with overwrite=True (--overwrite)."
    try:
        record = json.loads(path.read_bytes())
        before, files, built = record["settings"], record["files"], _built(final, record, is_new=False)
        keys = [key for key, value in settings.items() if before[key] != value]
        changed = [file for file, size in files.items() if _size(final / file) != size]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{path} is damaged: {type(error).__name__}: {error}. {advice}") from error
    if keys:
        differs = "; ".join(f"{key} was {before[key]!r} and is {settings[key]!r}" for key in keys)
        raise FileError(f"{final} was built differently: {differs}. {advice}")
    if changed:
        raise FileError(f"{final / changed[0]} is gone or has another size than when it was built. {advice}")
    return built


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _built(final: Path, record: dict, is_new: bool) -> Built:
    same = {key: record[key] for key in ("counts", "skipped", "other_files", "seconds")}
    names, mean, num_bytes = tuple(record["class_names"]), tuple(record["mean"]), sum(record["files"].values())
    return Built(folder=final, is_new=is_new, class_names=names, mean=mean, num_bytes=num_bytes, **same)


def _write_json(path: Path, content: object) -> None:
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    commit(temporary, path)


def _fill(part: Path, source: sources.Source, settings: dict, threads: int) -> dict:
    """Write everything but `built.json`; return what it says about the content."""
    source, skipped = sources.readable(source, settings["any_jpeg"])
    size, val, test = settings["size"], settings["val"], settings["test"]
    _check_enough(source, {"train": 1 - val - test, "val": val, "test": test}, skipped)
    needed, free = len(source.files) * size * size * 3, shutil.disk_usage(part).free
    if settings["format"] == "hdf5" and needed > free:
        raise FileError(f"{part.parent} has not enough space. Needed: {needed:,} bytes. Free: {free:,} bytes")
    how = size, settings["resize"], settings["format"] == "tfrecord", settings["quality"]
    tallies = {}
    with ThreadPoolExecutor(threads) as pool, tqdm(total=len(source.files), unit=" images", disable=None) as bar:
        for name, places in images.split(source.labels, val, test, settings["seed"]).items():
            bar.set_description(name)
            prepared = images.in_order(
                pool, lambda at: images.prepare(source.files[at], int(source.labels[at]), *how), places
            )
            tallies[name] = _Tally(name, source.class_names)
            shape, about = (len(places), size, size, 3), {**settings, "split": name}
            _write(part / name, shape, tallies[name].count(prepared, skipped, bar), source, about)
    mean = (tallies["train"].sums / (tallies["train"].counts.sum() * size * size)).tolist()
    _write_json(part / "means.json", dict(zip("rgb", mean, strict=True)))
    _write_json(part / "skipped.json", sorted(skipped, key=lambda one: one["file"]))
    counts = {
        name: dict(zip(source.class_names, tally.counts.tolist(), strict=True)) for name, tally in tallies.items()
    }
    return dict(counts=counts, mean=mean, skipped=len(skipped), other_files=source.other_files)


def _check_enough(source: sources.Source, shares: dict[str, float], skipped: list[dict]) -> None:
    """Raise FileError where a class has too few images to give each part one."""
    numbers = np.bincount(source.labels, minlength=len(source.class_names)).tolist()
    for class_name, number in zip(source.class_names, numbers, strict=True):
        for part, share in shares.items():
            if share and number * share < 1 - 1e-6:
                least = (
                    f"{math.ceil(1 / share - 1e-6)} or more readable images, because {part} gets {share:.3g} of them"
                )
                why = f". Left out: {len(skipped)}, the first: {' '.join(skipped[0].values())}" if skipped else ""
                raise FileError(f"{source.name}: class {class_name!r} must have {least}. Received: {number}{why}")


class _Tally:
    """What goes into one part: how many images of each class, and the sums of the channels r, g, b."""

    def __init__(self, part: str, class_names: tuple[str, ...]):
        self.part, self.class_names = part, class_names
        self.counts, self.sums = np.zeros(len(class_names), int), np.zeros(3)

    def count(self, prepared: Iterable[images.Prepared], skipped: list, bar: tqdm) -> Iterator[tuple]:
        """Hand on (image, label) of what can be stored, count it, and list the rest."""
        for one in prepared:
            bar.update()
            if one.reason:
                skipped.append({"file": one.name, "reason": one.reason})
                continue
            self.counts[one.label] += 1
            self.sums += one.sums
            yield one.stored, one.label
        if not self.counts.all():
            missing = self.class_names[int(self.counts.argmin())]
            raise FileError(f"{self.part} has no image of class {missing!r}: none of those drawn could be decoded")


def _write(path: Path, shape: tuple, examples: Iterable, source: sources.Source, about: dict) -> None:
    """Write one part: an HDF5 file, or a folder of shards."""
    if about["format"] == "tfrecord":
        from helpers.images.tfrecord_io import write_shards

        write_shards(path, examples, class_names=source.class_names, source=about)
        return
    with HDF5DatasetWriter(path.with_suffix(".hdf5"), shape, class_names=source.class_names, source=about) as writer:
        for image, label in examples:
            writer.add(image[None], [label])
