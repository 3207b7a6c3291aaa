"""Pictures of classes that a table describes, one row of attributes a class: what zero-shot learning starts from."""

import csv
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers import profiles
from helpers.data.downloads import registry, verify
from helpers.data.drawn import shapes
from helpers.images.preprocessing import decode

NAMES = ("shapes", "animals")
NUM_SHAPES = 50  # classes; as many as the animals of the whole table


class DescribedClasses(NamedTuple):
    """Pictures, labels, and what is said about each class.

    Attributes:
        name: what was asked for.
        images: (N, 64, 64, 3) uint8 RGB, one class after the other.
        labels: (N,) int32, an index into `class_names`.
        class_names: one string a class.
        attributes: one word an attribute.
        table: (classes, attributes) float32, 1 where a class has the attribute, else 0.
        wordnet_ids: of each class where it is one of ImageNet's, else an empty string.
        is_stand_in: True where drawn shapes stand in for animals.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    attributes: tuple[str, ...]
    table: np.ndarray
    wordnet_ids: tuple[str, ...]
    is_stand_in: bool = False


def load(name: str, *, per_class: int, seed: int = 0) -> DescribedClasses:
    """Return pictures of described classes, as many of each class, and print one line that says which data this is.

    Args:
        name: `"shapes"`, 50 kinds of drawn shapes with 13 attributes; or `"animals"`, 11 classes of Tiny ImageNet with
            the 85 attributes of Animals with Attributes, from `COURSE_DATA` or the cache. Where these are not at hand,
            and in the `ci` profile, 11 kinds of shapes stand in.
        per_class: pictures of a class, 1 or more; of animals up to 500.
        seed: of what is drawn.

    Raises:
        ValueError: the name is not one of these, or `per_class` is too small.
        DataError: a file is not the one in `data/registry.tsv`.
    """
    if name not in NAMES or per_class < 1:
        raise ValueError(
            f"name must be one of {', '.join(NAMES)}, per_class 1 or more. Received: {name!r}, per_class={per_class}"
        )
    if name == "shapes":
        found = _drawn(name, range(NUM_SHAPES), per_class, seed)
        print(f"shapes: {len(found.images):,} pictures of {NUM_SHAPES} classes, drawn")
    else:
        found = _animals(per_class, seed)
    if profiles.broken() == "shuffled labels":
        return found._replace(labels=np.random.default_rng(0).permutation(found.labels))
    return found


def _drawn(name, places, per_class, seed):
    names, table = shapes.classes()
    names, table = [names[place] for place in places], table[list(places)]
    images = [shapes.draw_one(kind, [seed, places[0], k, i]) for k, kind in enumerate(names) for i in range(per_class)]
    labels = np.repeat(np.arange(len(names), dtype="int32"), per_class)
    return DescribedClasses(name, np.stack(images), labels, tuple(names), shapes.ATTRIBUTES, table, ("",) * len(names))


def _animals(per_class, seed):
    listed, places = registry("zero_shot"), (profiles.course_data(), profiles.cache())
    folder = next((place for place in places if place and all((place / file).exists() for file in listed)), None)
    if folder is None or profiles.name() == "ci":
        reason = "profile ci" if profiles.name() == "ci" else "COURSE_DATA has no such files"
        print(f"animals: {reason}, so 11 kinds of drawn shapes stand in")
        return _drawn("animals", range(NUM_SHAPES, NUM_SHAPES + 11), per_class, seed)._replace(is_stand_in=True)
    for file, rows in listed.items():
        verify(folder / file, rows)
    read = {Path(file).stem: folder / file for file in listed}
    with read["tiny_imagenet_20_classes"].open(encoding="utf-8", newline="") as lines:
        chosen = [row for row in csv.DictReader(lines, delimiter="\t") if row["awa_class"]]
    every, attributes = (
        [line.split()[1] for line in read[file].read_text().splitlines()] for file in ("awa_classes", "awa_predicates")
    )
    table = np.loadtxt(io.StringIO(read["awa_predicate-matrix-binary"].read_text()), dtype="float32")
    table = table[[every.index(row["awa_class"]) for row in chosen]]
    with zipfile.ZipFile(read["tiny_imagenet_20"]) as packed:
        files = sorted(packed.namelist())
        images = [image for row in chosen for image in _first(packed, files, row["folder"], per_class)]
    print(f"animals: {len(images):,} pictures of {len(chosen)} classes of Tiny ImageNet ({folder})")
    labels = np.repeat(np.arange(len(chosen), dtype="int32"), len(images) // len(chosen))
    names = tuple(row["folder"].replace("_", " ") for row in chosen)
    wordnet_ids = tuple(row["wnid"] for row in chosen)
    return DescribedClasses("animals", np.stack(images), labels, names, tuple(attributes), table, wordnet_ids)


def _first(packed, files, folder, count):
    """The first pictures of a class in the archive, decoded."""
    inside = [file for file in files if f"/train/{folder}/" in file and file.endswith(".JPEG")][:count]
    return [decode(packed.read(file), file) for file in inside]
