"""Data sets by name: an offline pack, the cache, a verified download, or a stand-in that says it is one.

`data/registry.tsv` lists every file with its size and SHA-256; no file is read before it has been found to match.
What each data set is, and where it comes from, stands in `data/README.md`.
"""

import gzip
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers import profiles
from helpers.data import cifar10
from helpers.data.downloads import DataError, Unreachable, download, registry, verify
from helpers.data.drawn import objects, synthetic

CLASS_NAMES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": synthetic.CLOTHES,
    "cifar10": cifar10.CLASS_NAMES,
    "digits": tuple("0123456789"),
}
ARCHIVES = ("cifar10",)  # one of the files in the registry is the whole data set; the first one has an address


class Dataset(NamedTuple):
    """Images with their labels, in two splits.

    Attributes:
        name: what was asked for: `"mnist"`, `"fashion_mnist"`, `"cifar10"` or `"digits"`.
        train_images, test_images: uint8 in [0, 255], (N, 28, 28) grey; (N, 32, 32, 3) RGB for `"cifar10"`.
        train_labels, test_labels: (N,) int32, an index into `class_names`.
        class_names: one string a class.
        source: `"local"` (COURSE_DATA), `"cache"`, `"download"` or `"stand-in"`.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    source: str

    @property
    def is_stand_in(self) -> bool:
        """True where scikit-learn's digits or drawn images stand in: published figures do not apply to them."""
        return self.source == "stand-in"


def load(name: str) -> Dataset:
    """Load a data set, and print one line that says which data this is.

    Looks in the folder `COURSE_DATA`, then in the cache, then downloads; where there is no network, or in the `ci`
    profile, a stand-in takes its place. `"digits"` is the stand-in of MNIST, by name.

    Args:
        name: `"mnist"`, `"fashion_mnist"`, `"cifar10"` or `"digits"`.

    Returns:
        The data set. While a mistake is asked for (`profiles.broken`), its training data are spoiled.

    Raises:
        ValueError: the name is not one of these.
        DataError: a file is there, or arrived, and is not the one in `data/registry.tsv`; or the cache cannot be
            written. The wrong file is neither used nor replaced.
    """
    if name not in CLASS_NAMES:
        raise ValueError(f"name must be one of {', '.join(CLASS_NAMES)}. Received: name={name!r}")
    return _spoiled(_load(name), profiles.broken())


def _load(name):
    if name == "digits":
        return _stand_in(name, reason=None)
    if profiles.name() == "ci":
        return _stand_in(name, reason="profile ci")
    try:
        folder, listed, source = _find(name)
    except Unreachable as reason:
        return _stand_in(name, str(reason))
    for file, rows in listed.items():
        verify(folder / file, rows)
    dataset = Dataset(name, *_READERS[name](*(folder / file for file in listed)), CLASS_NAMES[name], source)
    where = {"local": "from COURSE_DATA", "cache": "from the cache", "download": "downloaded"}[source]
    shown = folder / next(iter(listed)) if len(listed) == 1 else folder / name
    print(f"{name}: {len(dataset.train_images):,} + {len(dataset.test_images):,} images {where} ({shown})")
    return dataset


def _spoiled(dataset, mistake):
    """Return the data set with the labels, or the pixels of each image, of its training part in another order."""
    random = np.random.default_rng(0)
    if mistake == "shuffled labels":
        return dataset._replace(train_labels=random.permutation(dataset.train_labels))
    if mistake == "shuffled pixels":
        images = dataset.train_images
        pixels = random.permuted(images.reshape(len(images), -1), axis=1)
        return dataset._replace(train_images=pixels.reshape(images.shape))
    return dataset


def available() -> dict[str, str]:
    """Say where `load` would look first for each data set: by file names alone, nothing is verified or downloaded.

    Returns:
        For each name `"COURSE_DATA"`, `"cache"` or `"download or stand-in"`; for `"digits"`, which needs no file,
        `"scikit-learn"`. The `ci` profile uses stand-ins whatever is said here.
    """
    folders = {"COURSE_DATA": profiles.course_data(), "cache": profiles.cache()}
    found = {"digits": "scikit-learn"}
    for name in _READERS:
        complete = [
            place
            for place, at in folders.items()
            if at and any(all((at / file).exists() for file in listed) for listed in _choices(name))
        ]
        found[name] = complete[0] if complete else "download or stand-in"
    return {name: found[name] for name in CLASS_NAMES}


def _choices(name: str) -> list[dict]:
    """Return the sets of files that hold a data set, as `registry` lists them: one of them is enough."""
    listed = registry(name)
    return [{file: rows} for file, rows in listed.items()] if name in ARCHIVES else [listed]


def _find(name: str) -> tuple[Path, dict, str]:
    """Return the folder with the files of a data set, the files, and where that is; download what is missing."""
    choices = _choices(name)
    for listed in choices:
        folder = _course_data(name, listed)
        if folder:
            return folder, listed, "local"
    folder = profiles.cache()
    begun = [listed for listed in choices if any((folder / file).exists() for file in listed)]
    listed = (begun or choices)[0]
    return folder, listed, "download" if _fill_cache(folder, listed) else "cache"


def _course_data(name: str, listed: dict) -> Path | None:
    """Return the folder `COURSE_DATA` if this data set is in it; a part of it is an error."""
    folder = profiles.course_data()
    missing = [file for file in listed if folder and not (folder / file).exists()]
    if folder is None or len(missing) == len(listed):
        return None
    if missing:
        raise DataError(f"COURSE_DATA ({folder}) holds only a part of {name}. Missing: {', '.join(missing)}")
    return folder


def _fill_cache(folder: Path, listed: dict) -> int:
    """Verify the files that are in the cache, download the others; return how many were downloaded."""
    missing = [file for file in listed if not (folder / file).exists()]
    for file, rows in listed.items():
        if file not in missing:
            verify(folder / file, rows)
    for file in missing:
        download(folder, file, listed[file])
    return len(missing)


def _stand_in(name: str, reason: str | None) -> Dataset:
    """Return the stand-in for a data set; `reason` says why, None where it was asked for by name."""
    if name == "fashion_mnist":
        train_images, train_labels, _ = synthetic.clothes(1600, seed=0)
        test_images, test_labels, _ = synthetic.clothes(400, seed=1)
        what = "2,000 drawn garments"
    elif name == "cifar10":
        train_images, train_labels, _ = objects.draw(2000, seed=0)
        test_images, test_labels, _ = objects.draw(500, seed=1)
        what = "2,500 drawn animals and vehicles"
    else:
        train_images, train_labels, test_images, test_labels = synthetic.digits()
        what = "scikit-learn's 1,797 handwritten digits"
    split = f"({len(train_images):,} train + {len(test_images):,} test)"
    print(f"{name}: {what} {split}" if reason is None else f"{name}: {reason}, so {what} stand in {split}")
    return Dataset(name, train_images, train_labels, test_images, test_labels, CLASS_NAMES[name], "stand-in")


def _read_mnist(path: Path) -> tuple[np.ndarray, ...]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            splits = [arrays[key] for key in ("x_train", "y_train", "x_test", "y_test")]
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} must hold the arrays x_train, y_train, x_test, y_test. Received: {error}") from error
    return _checked(path, splits)


def _read_fashion_mnist(*paths: Path) -> tuple[np.ndarray, ...]:
    parts = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    splits = [_read_idx(paths[0].with_name(f"{part}-ubyte.gz")) for part in parts]
    return _checked(paths[0].parent, splits)


def _read_cifar10(path: Path) -> tuple[np.ndarray, ...]:
    return _checked(path, cifar10.read(path), cifar10.SHAPE)


def _read_idx(path: Path) -> np.ndarray:
    """Read a packed IDX file of bytes: two zeros, 8 (the type), the number of axes; their sizes; the values.

    Raises:
        DataError: the magic number or the length is wrong.
    """
    with gzip.open(path) as file:
        content = file.read()
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise DataError(f"{path} must start with the magic number 0, 0, 8. Received: {list(content[:3])}")
    axes = content[3]
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", count=axes, offset=4))
    values = np.frombuffer(content, "uint8", offset=4 + 4 * axes)
    if values.size != np.prod(shape):
        raise DataError(f"{path} must hold {shape} values. Received: {values.size} values")
    return values.reshape(shape)


def _checked(path: Path, splits: list[np.ndarray], shape: tuple[int, ...] = (28, 28)) -> tuple[np.ndarray, ...]:
    """Return train images, train labels, test images, test labels with labels as int32, if all is as it should be."""
    for images, labels in (splits[:2], splits[2:]):
        if images.dtype != "uint8" or images.shape != (len(labels), *shape) or labels.shape != (len(images),):
            raise DataError(
                f"{path} must hold uint8 images (N, {', '.join(map(str, shape))}) and N labels. "
                f"Received: images {images.dtype} {images.shape}, labels {labels.dtype} {labels.shape}"
            )
        if labels.dtype.kind not in "iu" or not np.isin(labels, range(10)).all():
            raise DataError(f"{path} must hold whole labels from 0 to 9. Received: {np.unique(labels)[:12]}")
    return splits[0], splits[1].astype("int32"), splits[2], splits[3].astype("int32")


_READERS = {"mnist": _read_mnist, "fashion_mnist": _read_fashion_mnist, "cifar10": _read_cifar10}
