"""Batches of images that are in memory, in a new order and changed anew in every epoch, under every backend."""

import operator
from collections.abc import Callable

import keras
import numpy as np

from helpers.images.pipelines import Augmentation, augment


class ArrayBatches(keras.utils.PyDataset):
    """Batches of images and labels for training; an incomplete last batch is left out.

    Order and changes of epoch 3 depend on the seed and the 3 alone, so an epoch can be had again.

    Args:
        images: (N, height, width, channels), values in [0, 255]; grey images may come without channels.
        labels: (N, ...), one for each image.
        batch_size: from 1 to N.
        augmentation: random changes: an `Augmentation` (RGB images), or a function of a batch and a numpy `Generator`,
            such as `lambda images, random: shift_images(images, 2, random)`. None for none.
        prepare: what becomes of a batch of changed images (batch_size, height, width, channels), float32, at last; None
            leaves it as it is.
        seed: of order and changes.

    Raises:
        ValueError: an argument does not fit. Names it.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        *,
        augmentation: Augmentation | Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
        prepare: Callable[[np.ndarray], np.ndarray] | None = None,
        seed: int = 0,
    ):
        super().__init__()
        if len(images) != len(labels):
            raise ValueError(f"labels must be one for each image. Received: {len(labels)} for {len(images)} images")
        if not 1 <= batch_size <= len(images):
            raise ValueError(f"batch_size must be from 1 to {len(images)}. Received: batch_size={batch_size}")
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.augmentation, self.prepare, self.seed = augmentation or Augmentation(), prepare, seed
        self.epoch = -1
        self.on_epoch_end()

    def __len__(self) -> int:
        """Batches an epoch."""
        return len(self.images) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one batch: images (batch_size, height, width, channels) and their labels."""
        if not 0 <= index < len(self):
            raise IndexError(f"index must be from 0 to {len(self) - 1}. Received: index={index}")
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.images[rows]
        random = np.random.default_rng((self.seed, self.epoch, index))
        if callable(self.augmentation):
            images = self.augmentation(images, random)
        elif any(self.augmentation):
            images = np.asarray(augment(images, self.augmentation, random.integers(2**31, size=2)))
        images = images.astype("float32", copy=False)
        return (self.prepare(images) if self.prepare else images), self.labels[rows]

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self.epoch += 1
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.images))


def shift_images(images: np.ndarray, max_shift: int, random: np.random.Generator) -> np.ndarray:
    """Return a batch with each image moved by whole pixels; pixels that come in from outside are 0.

    Args:
        images: (N, height, width) or (N, height, width, channels).
        max_shift: both moves of an image are drawn evenly from -max_shift to max_shift; 0 or more.
        random: where the moves come from.

    Raises:
        ValueError: `max_shift` is negative.
    """
    if operator.index(max_shift) < 0:
        raise ValueError(f"max_shift must be 0 or more. Received: max_shift={max_shift}")
    count, height, width = images.shape[:3]
    frame = ((0, 0), (max_shift, max_shift), (max_shift, max_shift), *[(0, 0)] * (images.ndim - 3))
    top, left = random.integers(2 * max_shift + 1, size=(2, count, 1))
    rows, columns = top + np.arange(height), left + np.arange(width)  # (N, height), (N, width)
    return np.pad(images, frame)[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
