"""The layout of Tiny ImageNet's folder: read and checked, and a test set split off."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.files import FileError

_NO_LABELS = np.zeros(0, "int32")


class TinyImageNet(NamedTuple):
    """Image files with their labels, in two or three splits.

    Attributes:
        folder: the one with `wnids.txt`.
        train_files, val_files: the paths; train in order of class, then of number: shuffle before training.
        train_labels, val_labels: (N,) int32, an index into `class_names`.
        class_names: the first name of each class; with the number behind it where two classes share that name.
        wnids: the WordNet number of each class.
        test_files, test_labels: empty before `split_test`.
        source: `"local"` (COURSE_DATA, or a folder of your own), `"cache"`, `"download"` or `"stand-in"`.
    """

    folder: Path
    train_files: list[Path]
    train_labels: np.ndarray
    val_files: list[Path]
    val_labels: np.ndarray
    class_names: tuple[str, ...]
    wnids: tuple[str, ...]
    test_files: list[Path] = []  # noqa: RUF012 - a named tuple copies no default, and nobody appends to this one
    test_labels: np.ndarray = _NO_LABELS
    source: str = "local"

    @property
    def is_stand_in(self) -> bool:
        """True where drawn images stand in: published figures do not apply to them."""
        return self.source == "stand-in"


def read(folder: str | Path) -> TinyImageNet:
    """List the images of a folder in Tiny ImageNet's layout, which is checked, except for the images themselves.

    Args:
        folder: the one with `wnids.txt`, on this machine.

    Raises:
        FileError: a file or folder is missing, or a line or a name is not as it should be. Names it, and the line.
    """
    folder = Path(folder)
    wnids = tuple(_wnid(folder / "wnids.txt", number, line) for number, line in _lines(folder / "wnids.txt"))
    if not wnids or len(set(wnids)) < len(wnids):
        raise FileError(
            f"{folder / 'wnids.txt'} must hold one or more numbers, each once. Received: {len(wnids)} lines"
        )
    class_names = _class_names(folder / "words.txt", wnids)
    classes = [_images(folder / "train" / wnid / "images") for wnid in wnids]
    labels = np.repeat(np.arange(len(wnids), dtype="int32"), [len(images) for images in classes])
    val_files, val_labels = _annotated(folder / "val", wnids)
    files = [file for images in classes for file in images]
    return TinyImageNet(folder, files, labels, val_files, val_labels, class_names, wnids)


def split_test(dataset: TinyImageNet, per_class: int = 50, seed: int = 0) -> TinyImageNet:
    """Take some training images of every class as the test set: the published test images have no labels.

    Args:
        dataset: what `read` or `load` returned.
        per_class: how many images of each class, 1 or more, fewer than each class has.
        seed: the same seed takes the same images.

    Returns:
        The data set with `test_files` and `test_labels`, in order of class, and that many fewer training images.

    Raises:
        ValueError: `per_class` is outside its range, or the data set has a test set.
    """
    if len(dataset.test_files):
        raise ValueError(f"dataset must have no test set yet. Received: {len(dataset.test_files):,} test images")
    fewest = int(np.bincount(dataset.train_labels, minlength=len(dataset.wnids)).min())
    if per_class not in range(1, fewest):
        raise ValueError(
            f"per_class must be a whole number from 1 to {fewest - 1}, one less than the smallest class has. "
            f"Received: per_class={per_class!r}"
        )
    mixed = np.random.default_rng(seed).permutation(len(dataset.train_labels))
    by_class = [mixed[dataset.train_labels[mixed] == label][:per_class] for label in range(len(dataset.wnids))]
    test = np.sort(np.concatenate(by_class))
    train = np.setdiff1d(np.arange(len(dataset.train_labels)), test)
    return dataset._replace(
        train_files=[dataset.train_files[place] for place in train],
        train_labels=dataset.train_labels[train],
        test_files=[dataset.train_files[place] for place in test],
        test_labels=dataset.train_labels[test],
    )


def _lines(path):
    """Number and text of the lines of a file that are not empty."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise FileError(f"{path} must be a text file of Tiny ImageNet. {error.strerror}") from error
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _wnid(path, number, text):
    if not re.fullmatch(r"n\d{8}", text.strip()):
        raise FileError(f"{path}, line {number}: must be n and 8 digits, such as n02124075. Received: {text!r}")
    return text.strip()


def _class_names(path, wnids):
    """The first name of each class; the number behind it where it is not the only class of that name."""
    words, wanted = {}, set(wnids)
    for number, line in _lines(path):
        wnid, _, names = line.partition("\t")
        if wnid not in wanted:
            continue
        words[wnid] = names.split(",")[0].strip()
        if not words[wnid]:
            raise FileError(f"{path}, line {number}: must be a number, a tab and names. Received: {line!r}")
    missing = [wnid for wnid in wnids if wnid not in words]
    if missing:
        raise FileError(f"{path} must name every class of wnids.txt. Missing: {', '.join(missing[:5])}")
    often = Counter(words.values())
    return tuple(words[wnid] if often[words[wnid]] == 1 else f"{words[wnid]} ({wnid})" for wnid in wnids)


def _images(folder):
    """The images of a folder, in the order of the numbers in their names."""
    try:
        names = [path.name for path in folder.iterdir() if path.suffix.lower() in (".jpeg", ".jpg")]
    except OSError as error:
        raise FileError(f"{folder} must be a folder of JPEG files. {error.strerror}") from error
    if not names:
        raise FileError(f"{folder} must hold JPEG files. Received: none")
    return [folder / name for name in sorted(names, key=lambda name: (len(name), name))]


def _annotated(folder, wnids):
    """The validation images with their labels, in the order of the annotations."""
    path, labels = folder / "val_annotations.txt", {wnid: label for label, wnid in enumerate(wnids)}
    found = {}
    for number, line in _lines(path):
        name, wnid, *_ = [*line.split("\t"), ""]
        if wnid not in labels or name in found:
            raise FileError(
                f"{path}, line {number}: must be a file that was not named before, a tab and a number of wnids.txt. "
                f"Received: {line!r}"
            )
        found[name] = labels[wnid]
    there = {path.name for path in _images(folder / "images")}
    different = sorted(there ^ found.keys())
    if different:
        where = "has no line in" if different[0] in there else "is missing; it has a line in"
        raise FileError(f"{folder / 'images' / different[0]} {where} {path.name}. Such files: {len(different)}")
    return [folder / "images" / name for name in found], np.array(list(found.values()), "int32")
