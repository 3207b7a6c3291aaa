"""`build`: from the folder of Tiny ImageNet to one HDF5 file a split."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from helpers.data.build_dataset import Built, in_order
from helpers.data.build_dataset.images import prepare
from helpers.data.build_dataset.place import appears_whole
from helpers.data.build_dataset.sources import Source, listed
from helpers.data.tiny_imagenet.layout import TinyImageNet, read, split_test
from helpers.files import FileError
from helpers.images.hdf5_io import HDF5DatasetWriter

VERSION = 1  # counts up when the same images and arguments give another result
SPLITS = ("train", "val", "test")


def build(
    folder: str | os.PathLike,
    out: str | os.PathLike,
    size: int = 64,
    *,
    per_class: int = 50,
    seed: int = 0,
    threads: int = 2,
    overwrite: bool = False,
) -> Built:
    """Build `train.hdf5`, `val.hdf5` and `test.hdf5` from the folder of Tiny ImageNet, or find that they are there.

    Grey images become RGB. The images of a file are in an order drawn from the seed. `means.json` holds the means
    of the channels r, g, b over the training images; `built.json` tells what the set was built from: the next run
    compares it. Memory holds few images, however many there are.

    Args:
        folder: the one with `wnids.txt`, such as `load().folder`.
        out: the folder to make, on this machine; it appears whole or not at all.
        size: of the stored images, `size` x `size` pixels; what is larger or smaller is resized.
        per_class: how many training images of each class become the test set.
        seed: of that choice and of the order.
        threads: that decode. The result does not depend on it.
        overwrite: True replaces a set that is in that place.

    Returns:
        What `build_dataset.build` returns; nothing is ever skipped.

    Raises:
        ValueError: an argument outside its range.
        FileError: the layout is not that of Tiny ImageNet, an image cannot be read, the disk does not allow it, or
            another set is in that place. Names the file or folder.
    """
    for name, value in (("size", size), ("threads", threads)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number of 1 or more. Received: {name}={value!r}")
    dataset, out = split_test(read(folder), per_class, seed), Path(out).expanduser().resolve()
    settings = dict(version=VERSION, name="tiny_imagenet", size=size, per_class=per_class, seed=seed)
    settings["images"] = _listed(dataset)
    if os.path.lexists(out) and not overwrite:
        return _find(out, settings)
    start = time.perf_counter()
    with appears_whole(out, overwrite) as part:
        record = {"settings": settings, "class_names": dataset.class_names, **_fill(part, dataset, settings, threads)}
        record["files"] = {path.name: path.stat().st_size for path in sorted(part.iterdir())}
        record["seconds"] = time.perf_counter() - start
        _write_json(part / "built.json", record)
    return _built(out, record, is_new=True)


def _listed(dataset: TinyImageNet) -> str:
    """Which images these are, in which split: see `sources.listed`."""
    files = [file for split in SPLITS for file in getattr(dataset, f"{split}_files")]
    labels = np.concatenate([getattr(dataset, f"{split}_labels") for split in SPLITS])
    return listed(Source("tiny_imagenet", files, labels, dataset.class_names, is_stand_in=False, other_files=0))


def _fill(part: Path, dataset: TinyImageNet, settings: dict, threads: int) -> dict:
    """Write the HDF5 files and `means.json`; return counts and means."""
    size, rng, counts, means = settings["size"], np.random.default_rng(settings["seed"]), {}, {}
    with ThreadPoolExecutor(threads) as pool:
        for split in SPLITS:
            files, labels = getattr(dataset, f"{split}_files"), getattr(dataset, f"{split}_labels")
            order = rng.permutation(len(files))
            tasks = [(files[place], int(labels[place]), size, "aspect", False, None) for place in order]
            prepared = in_order(pool, lambda task: prepare(*task), tasks)
            about = dict(class_names=dataset.class_names, source={**settings, "split": split})
            with HDF5DatasetWriter(part / f"{split}.hdf5", (len(files), size, size, 3), **about) as writer:
                for one in tqdm(prepared, split, len(files), unit=" images", disable=None):
                    if one.reason:
                        raise FileError(f"{split}: {one.name} {one.reason}")
                    writer.add(one.stored[None], [one.label])
            numbers = np.bincount(labels, minlength=len(dataset.class_names)).tolist()
            counts[split] = dict(zip(dataset.class_names, numbers, strict=True))
            means[split] = writer.mean.tolist()
    _write_json(part / "means.json", dict(zip("rgb", means["train"], strict=True)))
    return dict(counts=counts, mean=means["train"])


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _find(out: Path, settings: dict) -> Built:
    """Return the set that is there, if it was built with these settings and is whole."""
    path, advice = out / "built.json", "Choose another out, or replace it with overwrite=True."
    try:
        record = json.loads(path.read_bytes())
        before, files = record["settings"], record["files"]
        differs = [key for key, value in settings.items() if before[key] != value]
        changed = [name for name, size in files.items() if (out / name).stat().st_size != size]
        built = _built(out, record, is_new=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{out} is there and is not a whole set of this builder: {error!r}. {advice}") from error
    if differs:
        key = differs[0]
        raise FileError(f"{out} was built differently: {key} was {before[key]!r} and is {settings[key]!r}. {advice}")
    if changed:
        raise FileError(f"{out / changed[0]} has another size than when it was built. {advice}")
    return built


def _built(out: Path, record: dict, is_new: bool) -> Built:
    names, mean, num_bytes = tuple(record["class_names"]), tuple(record["mean"]), sum(record["files"].values())
    about = dict(counts=record["counts"], seconds=record["seconds"], skipped=0, other_files=0)
    return Built(folder=out, is_new=is_new, class_names=names, mean=mean, num_bytes=num_bytes, **about)
