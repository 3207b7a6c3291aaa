"""Folders of image files, one sub-folder a class, by name: from an offline pack, a download, or drawn as a stand-in.

An archive is verified, then unpacked into the cache once; what stands in is drawn into the cache once. `contents.json`
beside the images says what they were made from and how long each file is, so that a later change is noticed. Files are
listed here, never decoded.
"""

import json
import operator
import os
import unicodedata
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers import profiles
from helpers.data import downloads
from helpers.data.downloads import DataError
from helpers.data.drawn import animals, flowers

CLASS_NAMES = {"cats_vs_dogs": animals.SPECIES, "flowers": flowers.KINDS}
SUFFIXES = (".jpg", ".jpeg", ".png")  # what counts as an image, in small or large letters
DRAWN = {"ci": 240, "laptop": 1000, "full": 1000}  # how many images stand in, by profile, where `count` is not larger
QUALITY = 90  # of the JPEG files that stand in
CONTENTS = "contents.json"


class ImageFolder(NamedTuple):
    """Image files with their labels.

    Attributes:
        name: what was asked for.
        files: the paths, in order of class, then of name: shuffle before training.
        labels: (N,) int32, an index into `class_names`.
        class_names: one string a class.
        source: `"local"` (COURSE_DATA, or a folder of your own), `"cache"`, `"download"` or `"stand-in"`.
        left_out: how many more files are in the class folders: hidden ones, `Thumbs.db`, other endings, and whatever
            is in folders inside of them, images too.
    """

    name: str
    files: list[Path]
    labels: np.ndarray
    class_names: tuple[str, ...]
    source: str
    left_out: int = 0

    @property
    def is_stand_in(self) -> bool:
        """True where drawn images stand in: published figures do not apply to them."""
        return self.source == "stand-in"


def load(name: str, *, count: int | None = None) -> ImageFolder:
    """List the image files of a data set, and print one line that says which data this is.

    Looks for the archive in the folder `COURSE_DATA`, then in the cache, then downloads it; where there is no network,
    or in the `ci` profile, drawn images stand in. Broken images are not noticed here.

    Args:
        name: `"cats_vs_dogs"` or `"flowers"`.
        count: take that many images, or all where there are fewer; the same number of every class as far as they
            reach, the same images each time, and fewer are a part of more. None takes all. Where drawn images stand
            in, that many are drawn.

    Raises:
        ValueError: the name is not one of these, or `count` is less than one image a class.
        DataError: an archive is not the one in `data/registry.tsv` or cannot be unpacked, the cache cannot be written,
            or what was unpacked or drawn has changed since. Nothing wrong is used or replaced.
    """
    if name not in CLASS_NAMES:
        raise ValueError(f"name must be one of {', '.join(CLASS_NAMES)}. Received: name={name!r}")
    _check_count(count, len(CLASS_NAMES[name]))
    if profiles.name() == "ci":
        return _stand_in(name, count, "profile ci")
    try:
        folder, source, archive = _find(name)
    except downloads.Unreachable as reason:
        return _stand_in(name, count, str(reason))
    found = _checked(folder, name, source)
    taken = _take(found, count)
    share = "" if len(taken.files) == len(found.files) else f"{len(taken.files):,} of "
    others = f" (other files left out: {found.left_out})" if found.left_out else ""
    where = {"local": "from COURSE_DATA", "cache": "from the cache", "download": "downloaded"}[source]
    print(f"{name}: {share}{len(found.files):,} images{others} {where} ({archive})")
    return taken


def from_folder(
    folder: str | Path, *, class_names: Sequence[str] | None = None, count: int | None = None
) -> ImageFolder:
    """List the image files of a folder of your own that holds one sub-folder a class.

    Args:
        folder: the folder; its name becomes the name of the data set. Links to what is in it are followed.
        class_names: the sub-folders to read, in the order of the labels, in small or large letters; None reads all
            that are not hidden, by name.
        count: see `load`.

    Raises:
        ValueError: `count` is less than one image a class.
        DataError: the folder is not there, a class has no folder or two, there is no image in it, or a link leads
            elsewhere.
    """
    folder, groups = Path(folder), {}
    try:
        children = [child for child in sorted(folder.iterdir()) if child.is_dir() or not child.exists()]
    except OSError as error:
        raise DataError(f"{folder} must be a folder with one sub-folder a class. {error.strerror}") from error
    for child in children:
        groups.setdefault(_key(child.name), []).append(child)
    if class_names is None:
        class_names = [child.name for child in children if not child.name.startswith((".", "__"))]
    missing = [name for name in class_names if _key(name) not in groups]
    if missing or not class_names:
        needed = f"the sub-folders {', '.join(missing)}" if missing else "one sub-folder a class"
        received = ", ".join(child.name for child in children) or "no sub-folders"
        raise DataError(f"{folder} must hold {needed}. Received: {received}")
    _check_count(count, len(class_names))
    wanted = {_key(name): groups[_key(name)] for name in class_names}
    same = [path.name for paths in wanted.values() if len(paths) > 1 for path in paths]
    if same or len(wanted) < len(class_names):
        received = ", ".join(map(ascii, same or class_names))
        raise DataError(f"{folder} must hold each class once. Received names that are one on many systems: {received}")
    classes = [_images(paths[0], folder) for paths in wanted.values()]
    files = [file for images, _ in classes for file in images]
    labels = np.repeat(np.arange(len(classes), dtype="int32"), [len(images) for images, _ in classes])
    left_out = sum(others for _, others in classes)
    return _take(ImageFolder(folder.name, files, labels, tuple(class_names), "local", left_out), count)


def _check_count(count, least):
    if count is not None and operator.index(count) < least:
        raise ValueError(f"count must be None, or {least} or more: one image a class. Received: count={count}")


def _key(name):
    """What a name is found by: some systems take small for large letters, or write an accent as a sign of its own."""
    return unicodedata.normalize("NFC", name).lower()


def _images(folder, root):
    """The images in a class folder by name, and how many other files are in it and in folders inside of it."""
    names = []
    _check_link(folder, root)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.lower().endswith(SUFFIXES) and entry.name[0] != ".":
                    if entry.is_symlink():
                        _check_link(folder / entry.name, root)
                    names += [entry.name] if entry.is_file() else []
        others = [name for *_, files in os.walk(folder) for name in files]
    except OSError as error:
        raise DataError(f"{folder} must be a folder that can be read. {error.strerror}") from error
    if not names:
        nested = sum(name.lower().endswith(SUFFIXES) and name[0] != "." for name in others)
        found = f"{len(others)} other files" + (f", {nested} of them images in folders inside of it" if nested else "")
        raise DataError(f"{folder} must hold images ({', '.join(SUFFIXES)}). Received: {found}")
    return [folder / name for name in sorted(names)], len(others) - len(names)


def _check_link(path, root):
    target = Path(os.path.realpath(path))
    if path.is_symlink() and not (target.exists() and target.is_relative_to(root.resolve())):
        raise DataError(f"{path} must lead to a file or folder in {root}. Received: a link to {target}")


def _take(found, count):
    """`count` of the images: the classes take turns, each in an order of its own that only the file names decide."""
    if count is None or count >= len(found.files):
        return found
    mixed = sorted(range(len(found.files)), key=lambda index: zlib.crc32(os.fsencode(found.files[index].name)))
    turn, turns = dict.fromkeys(range(len(found.class_names)), 0), []
    for index in mixed:
        label = int(found.labels[index])
        turns.append((turn[label], label, index))
        turn[label] += 1
    chosen = sorted(index for _, _, index in sorted(turns)[:count])
    return found._replace(files=[found.files[index] for index in chosen], labels=found.labels[chosen])


def _find(name):
    """The folder with the images of an archive, where that was found, and its path."""
    listed, pack, cache = downloads.registry(name), profiles.course_data(), profiles.cache()
    for file, rows in listed.items():
        if pack and (pack / file).exists():
            downloads.verify(pack / file, rows)
            return _unpacked(name, pack / file, rows), "local", pack / file
    for file, rows in listed.items():
        if (cache / file).exists() or _place(name, file).exists():
            return _unpacked(name, cache / file, rows), "cache", cache / file
    file, rows = next(iter(listed.items()))  # the first one in the registry is the one that has an address
    downloads.download(cache, file, rows)
    return _unpacked(name, cache / file, rows), "download", cache / file


def _place(name, file):
    """Where an archive is unpacked."""
    return profiles.cache() / name / Path(file).stem


def _unpacked(name, archive, rows):
    """Verify and unpack an archive, unless that was done before, and return the folder."""
    final = _place(name, archive)
    if not final.exists():
        downloads.verify(archive, rows)
        with downloads.staged_folder(final, CONTENTS) as part:
            downloads.unpack(archive, part)
            folders = {
                folder: {child.name.lower() for child in folder.iterdir()} for folder in (part, *part.glob("*/"))
            }
            roots = [folder for folder in sorted(folders) if folders[folder] >= set(CLASS_NAMES[name])]
            if not roots:
                raise DataError(f"{archive} must hold the folders {', '.join(CLASS_NAMES[name])}. It does not")
            size = archive.stat().st_size
            _describe(part, roots[0], name, next(row["sha256"] for row in rows if row["bytes"] == size))
    made_from = _contents(final)["made_from"]
    if made_from not in [row["sha256"] for row in rows]:
        raise DataError(
            f"{final} must be unpacked from {archive.name} with SHA-256 {' or '.join(row['sha256'] for row in rows)}. "
            f"Received: SHA-256 {made_from}. Delete the folder and load again."
        )
    return final


def _stand_in(name, count, reason):
    """Draw the stand-in for a data set, unless that was done before; `reason` says why."""
    artist, what = {"cats_vs_dogs": (animals, "cats and dogs"), "flowers": (flowers, "flowers")}[name]
    number = max(count or 0, DRAWN[profiles.name()])
    final = profiles.cache() / name / f"drawn_{number}_v{artist.VERSION}"
    if not final.exists():
        with downloads.staged_folder(final, CONTENTS) as part:
            _draw(part, artist, CLASS_NAMES[name], number)
            _describe(part, part, name, f"helpers.{Path(artist.__file__).stem}, version {artist.VERSION}")
    found = _take(_checked(final, name, "stand-in"), count)
    print(f"{name}: {reason}, so {len(found.files):,} drawn {what} stand in ({final})")
    return found


def _draw(folder, artist, class_names, number):
    """Write `number` drawings as JPEG files, the classes in turn."""
    import cv2
    from tqdm.auto import tqdm

    for class_name in class_names:
        (folder / class_name).mkdir()
    for index in tqdm(range(number), desc="drawing", disable=number <= DRAWN["ci"]):
        image, _ = artist.draw_one(index)
        turn, label = divmod(index, len(class_names))
        _, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        (folder / class_names[label] / f"{class_names[label]}.{turn}.jpg").write_bytes(encoded.tobytes())


def _describe(folder, root, name, made_from):
    """Write `contents.json`: what the folder was made from, where the classes are, and the length of each file."""
    files = from_folder(root, class_names=CLASS_NAMES[name]).files
    lengths = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
    content = {"made_from": made_from, "root": root.relative_to(folder).as_posix(), "images": lengths}
    (folder / CONTENTS).write_text(json.dumps(content, indent=0), encoding="utf-8")


def _contents(folder):
    """Read `contents.json`."""
    try:
        content = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
        return {key: content[key] for key in ("made_from", "root", "images")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder / CONTENTS} must say what the folder holds, and cannot be read: {error!r}.\n"
            "Delete the folder and load again."
        ) from error


def _checked(folder, name, source):
    """List the images of a folder with `contents.json`; they must be those that it tells."""
    content = _contents(folder)
    try:
        found = from_folder(folder / content["root"], class_names=CLASS_NAMES[name])
    except DataError as error:
        raise DataError(f"{error}\nDelete {folder} and load again.") from error
    expected = content["images"]
    received = {file.relative_to(folder).as_posix(): file.stat().st_size for file in found.files}
    for file in sorted(expected.keys() | received.keys()):
        sizes = [f"{which[file]:,} bytes" if file in which else "no such file" for which in (expected, received)]
        if sizes[0] != sizes[1]:
            raise DataError(
                f"{folder / file} has changed. Expected: {sizes[0]}. Received: {sizes[1]}.\n"
                f"Delete {folder} and load again."
            )
    return found._replace(name=name, source=source)
