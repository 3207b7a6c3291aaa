"""Features of a pretrained network, computed once and found again by content. Derived in `5_3_features.ipynb`."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from tqdm.auto import tqdm

from helpers.images import HDF5DatasetGenerator, HDF5DatasetWriter


def features(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    folder: str | Path,
    preprocess: Callable[[np.ndarray], np.ndarray] | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """Return what a network makes of images, one flat row an image, and keep it in an HDF5 file.

    A map (rows, columns, channels) is averaged over its positions. The file is named after the network (its layers and
    its weights), the preprocessing's result on the first image, and all images and labels: where any of them changes,
    the features are computed anew. An interrupted run leaves no file.

    Args:
        model: from a preprocessed batch to vectors (batch_size, length) or maps (batch_size, rows, columns, channels).
        images: (N, height, width, 3), uint8 or float32.
        labels: (N,) whole numbers; they are kept beside the features.
        folder: where the file goes.
        preprocess: applied to each batch; None changes nothing but the type, to float32.
        batch_size: images at a time.

    Returns:
        (N, length) float32.

    Raises:
        ValueError: `images` is empty or not as long as `labels`.
        FileError: the file cannot be written.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if not len(images) or len(images) != len(labels):
        raise ValueError(f"images must be one or more, with a label each. Received: {len(images)} and {len(labels)}")
    preprocess = preprocess or (lambda batch: np.asarray(batch, "float32"))
    source = {"network": _fingerprint(model), "preprocessed": _hash(preprocess(images[:1]))}
    source |= {"images": _hash(images), "labels": _hash(labels)}
    path = Path(folder) / f"features_{hashlib.sha256(repr(source).encode()).hexdigest()[:16]}.hdf5"
    if not path.is_file():
        _write(path, model, images, labels, preprocess, batch_size, source)
    return np.concatenate([rows for rows, _ in HDF5DatasetGenerator(path, batch_size, shuffle=False, source=source)])


def _write(path, model, images, labels, preprocess, batch_size, source):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (len(images), model.output_shape[-1])
    with HDF5DatasetWriter(path, shape, "features", dtype="float32", source=source) as writer:
        for start in tqdm(range(0, len(images), batch_size), desc=model.name, unit="batch", leave=False):
            batch = slice(start, start + batch_size)
            padded = np.minimum(np.arange(batch.start, batch.stop), len(images) - 1)  # one shape: it is traced once
            rows = model.predict_on_batch(preprocess(images[padded]))[: len(labels[batch])]
            writer.add(rows.mean(axis=(1, 2)) if rows.ndim == 4 else rows, labels[batch])


def _fingerprint(model):
    layers = [f"{type(layer).__name__} {layer.output.shape}" for layer in model.layers]
    return hashlib.sha256("\n".join([*layers, *map(_hash, model.get_weights())]).encode()).hexdigest()


def _hash(array):
    array = np.ascontiguousarray(array)
    return hashlib.sha256(f"{array.dtype} {array.shape}".encode() + array.tobytes()).hexdigest()
