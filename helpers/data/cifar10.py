"""CIFAR-10 from its files: the original binary archive, or an archive with one JPEG an image."""

import tarfile
import zipfile
from pathlib import Path

import numpy as np

from helpers.data.downloads import BROKEN, DataError

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SHAPE = (32, 32, 3)
# The parts of the original archive; a record is one byte of label, then 1,024 bytes each of red, green and blue.
PARTS = {"train": [f"data_batch_{number}.bin" for number in range(1, 6)], "test": ["test_batch.bin"]}
RECORD = 1 + 3 * 32 * 32


def read(path: Path) -> list[np.ndarray]:
    """Read CIFAR-10 from an archive, without unpacking it to the disk.

    Args:
        path: a verified `cifar-10-binary.tar.gz`, or a zip file with `train/<class>/NNNN.jpg` and `test/...`. The
            images of the first keep its order. Those of the second, which are sorted by class, take turns:
            airplane 0000, automobile 0000, ..., airplane 0001, ..., so that the first thousand have all classes.

    Returns:
        Train images (N, 32, 32, 3) uint8 RGB in [0, 255], train labels (N,) int32, test images, test labels.

    Raises:
        DataError: the archive does not hold these files, or one of them is damaged. Names the archive and the file.
    """
    try:
        return _read_jpegs(path) if path.suffix == ".zip" else _read_binary(path)
    except BROKEN as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _read_binary(path: Path) -> list[np.ndarray]:
    with tarfile.open(path) as packed:
        files = {Path(one.name).name: packed.extractfile(one).read() for one in packed if one.name.endswith(".bin")}
    splits = []
    for parts in PARTS.values():
        for part in parts:
            if part not in files or not files[part] or len(files[part]) % RECORD:
                found = f"{len(files[part])} bytes" if part in files else ", ".join(files) or "no .bin file"
                raise DataError(f"{path} must hold {part}, records of {RECORD} bytes. Received: {found}")
        records = np.frombuffer(b"".join(files[part] for part in parts), "uint8").reshape(-1, RECORD)
        images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        splits += [np.ascontiguousarray(images), records[:, 0].astype("int32")]
    return splits


def _read_jpegs(path: Path) -> list[np.ndarray]:
    with zipfile.ZipFile(path) as packed:
        members = {"train": [], "test": []}
        for name in packed.namelist():
            split, _, rest = name.partition("/")
            class_name, _, file = rest.partition("/")
            if file.endswith(".jpg") and split in members and class_name in CLASS_NAMES:
                members[split].append((file, CLASS_NAMES.index(class_name), name))
        splits = []
        for split, found in members.items():
            if len({label for _, label, _ in found}) < len(CLASS_NAMES):
                raise DataError(f"{path} must hold {split}/<class>/NNNN.jpg for each of {', '.join(CLASS_NAMES)}")
            found.sort()
            images = np.empty((len(found), *SHAPE), "uint8")
            for image, (_, _, name) in zip(images, found, strict=True):
                image[:] = _decode(packed.read(name), f"{path}: {name}")
            splits += [images, np.array([label for _, label, _ in found], "int32")]
    return splits


def _decode(content: bytes, name: str) -> np.ndarray:
    import cv2

    image = cv2.imdecode(np.frombuffer(content, "uint8"), cv2.IMREAD_COLOR) if content else None
    if image is None or image.shape != SHAPE:
        found = "no image" if image is None else f"{image.shape[1]} x {image.shape[0]} pixels"
        raise DataError(f"{name} must be an image of 32 x 32 pixels. Received: {found}")
    return image[..., ::-1]  # OpenCV's blue, green, red
