"""Split, decode and resize images: in a fixed order, on several threads, with a bounded number in memory."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.data.build_dataset.sources import label_of
from helpers.files import FileError
from helpers.images.preprocessing import AspectAwarePreprocessor, SimplePreprocessor, decode

RESIZE = {"aspect": AspectAwarePreprocessor, "plain": SimplePreprocessor}
IN_FLIGHT = 32  # images decoded and not yet written: this bounds the memory, together with one whole image a thread
LONGEST = 100  # times the shorter side: what is longer would need too much memory on its way to a square


class Prepared(NamedTuple):
    """One image, ready to be stored, or the reason why it cannot be.

    Attributes:
        name: class folder and file name.
        label: its class.
        stored: (size, size, 3) uint8 RGB, or the bytes of a JPEG; None where there is a reason.
        sums: of the channels r, g, b over the resized image.
        reason: what is wrong with the image; None where nothing is.
    """

    name: str
    label: int
    stored: np.ndarray | bytes | None = None
    sums: tuple[float, ...] = (0.0, 0.0, 0.0)
    reason: str | None = None


def split(labels: np.ndarray, val: float, test: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Split images so that every class has the same share of each part, in an order drawn from the seed.

    Args:
        labels: (N,) whole numbers.
        val, test: shares in [0, 1); a part with the share 0 is left out.
        seed: of the drawing, 0 to 2**32 - 1.

    Returns:
        `{"train": places, "val": places, "test": places}`: together each number from 0 to N - 1 once.
    """
    from sklearn.model_selection import train_test_split

    rest, parts = np.random.default_rng(seed).permutation(len(labels)), {}
    for name, share in (("val", val), ("test", test)):
        if share:
            number = math.ceil(round(share * len(labels), 6))  # 0.1 * 30 is a little more than 3
            rest, parts[name] = train_test_split(rest, test_size=number, stratify=labels[rest], random_state=seed)
    return {"train": rest, **parts}


def in_order(pool: Executor, function: Callable, items: Iterable, in_flight: int = IN_FLIGHT) -> Iterator:
    """Yield `function(item)` for each item, in the order of the items.

    `pool.map` would begin all of them at once, and hold every result that has not been taken.

    Args:
        pool: what runs the function.
        function: of one item.
        items: as many as there are; they are taken one by one.
        in_flight: how many are begun and not yet taken, at most.
    """
    waiting = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) == in_flight:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def prepare(path: Path, label: int, size: int, resize: str, jpeg: bool, quality: int | None) -> Prepared:
    """Read, decode and resize one image.

    Args:
        path: the file.
        label: its class.
        size: of the result: `size` x `size` pixels.
        resize: `"aspect"` or `"plain"`.
        jpeg: True stores JPEG bytes, False an array.
        quality: of the JPEG, 1 to 100; None stores the bytes of the file, whatever its size in pixels.

    Raises:
        FileError: the file cannot be read any more. What is wrong inside of it is a reason, and no error.
    """
    import cv2

    name = label_of(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} could be read when this began. Now: {error.strerror or error}") from error
    try:
        image = decode(content, name)
        height, width = image.shape[:2]
        if max(height, width) > LONGEST * min(height, width):
            raise FileError(f"{name} has sides of more than 1 to {LONGEST}: {width} x {height} pixels")
        image = RESIZE[resize](size, size).preprocess(image)
        stored = _jpeg(image, content, quality) if jpeg else image
    except (FileError, ValueError) as error:
        return Prepared(name, label, reason=str(error).removeprefix(f"{name} "))
    return Prepared(name, label, stored, cv2.sumElems(image)[:3])


def _jpeg(image: np.ndarray, content: bytes, quality: int | None) -> bytes:
    """Return an image as JPEG; without a quality the bytes it came from. Raises ValueError if these are none."""
    import cv2

    if quality is not None:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()
    from helpers.images.tfrecord_io import jpeg_shape

    jpeg_shape(content)
    return content
