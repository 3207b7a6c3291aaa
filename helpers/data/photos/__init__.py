"""Nine free photographs (licences and origins in `credits.tsv`) and the names of ImageNet's classes (MIT licence)."""

import csv
from pathlib import Path

import numpy as np

from helpers.images.preprocessing import decode

HERE = Path(__file__).resolve().parent


def load() -> dict[str, np.ndarray]:
    """Return the photographs by name, each (height, width, 3) uint8 RGB in [0, 255], sizes as they came."""
    files = [row["file"] for row in _rows("credits.tsv")]
    return {Path(file).stem: decode((HERE / file).read_bytes(), file) for file in files}


def credits() -> list[dict[str, str]]:
    """Return `file`, `licence` and `origin` of each photograph."""
    return _rows("credits.tsv")


def imagenet_classes() -> list[str]:
    """Return a short name for each of ImageNet's 1,000 classes, in the order of the networks' outputs."""
    return [row["name"] for row in _rows("imagenet_classes.tsv")]


def wordnet_ids() -> list[str]:
    """Return the WordNet identifier of each of ImageNet's 1,000 classes, in the order of the networks' outputs."""
    return [row["wnid"] for row in _rows("imagenet_classes.tsv")]


def _rows(file):
    with (HERE / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
