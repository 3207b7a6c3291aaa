"""How fast images reach a network: the readers of `helpers` against the widely taught per-image generator, in one run.

    python benchmarks/input_pipeline.py [--images 2048] [--rounds 3]

Stored at 256 x 256, delivered as random 227 x 227 patches, half of them mirrored, mean subtracted, float32, in batches
of 128. Medians of alternating rounds, page cache warm, time inside epoch callbacks where Keras trains. Prints a table;
`make bench` keeps it as `benchmarks/input_pipeline.md`. Cats and dogs from `COURSE_DATA`, repeated to the number asked
for, or drawn ones.
"""

import argparse
import contextlib
import io
import os
import re
import shutil
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import cv2
import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.feature_extraction.image import extract_patches_2d

from helpers import accelerator
from helpers.data import folders
from helpers.data.build_dataset import build
from helpers.images import tfrecord_io
from helpers.images.hdf5_io import HDF5DatasetGenerator, HDF5DatasetWriter
from helpers.images.preprocessing import (
    AspectAwarePreprocessor,
    CropPreprocessor,
    MeanPreprocessor,
    PatchPreprocessor,
    decode,
)

STORED, PATCH, BATCH = 256, 227, 128
MEAN = (124.0, 116.0, 104.0)
STEPS = (PatchPreprocessor(PATCH, PATCH, horizontal_flip=True), MeanPreprocessor(*MEAN))


def copy_images(folder: Path, count: int) -> list[Path]:
    """Fill a folder with `count` JPEGs in two class folders, repeating what there is."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        source = folders.load("cats_vs_dogs", count=None)
    print(re.sub(r"\(.*[/\\]", "(", said.getvalue().strip()))  # the file's name: the table is the same on any machine
    files = []
    for index in range(count):
        file, label = source.files[index % len(source.files)], source.labels[index % len(source.files)]
        target = folder / source.class_names[label] / f"{index:05}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        files.append(target)
    return files


def reference_build(files: list[Path], path: Path) -> float:
    """Write float64 bitmaps one by one, as taught; return images a second."""
    start = time.perf_counter()
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", (len(files), STORED, STORED, 3), "float64")
        for index, name in enumerate(files):
            image = cv2.imread(str(name))
            height, width = image.shape[:2]
            scale = STORED / min(height, width)
            image = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
            top, left = (image.shape[0] - STORED) // 2, (image.shape[1] - STORED) // 2
            images[index] = cv2.resize(image[top : top + STORED, left : left + STORED], (STORED, STORED))
    return len(files) / (time.perf_counter() - start)


def reference(path: Path):
    """Yield batches as the widely taught generator makes them: a Python loop over float64 images."""
    random = np.random.default_rng(0)
    with h5py.File(path) as file:
        for start in range(0, len(file["images"]) // BATCH * BATCH, BATCH):
            batch = []
            for image in file["images"][start : start + BATCH]:
                patch = extract_patches_2d(image, (PATCH, PATCH), max_patches=1)[0]
                b, g, r = cv2.split(patch.astype("float32"))
                patch = cv2.merge([b - MEAN[2], g - MEAN[1], r - MEAN[0]])
                batch.append(patch[:, ::-1] if random.random() < 0.5 else patch)
            yield np.stack(batch).astype("float32")


def subtract(images, labels):
    """Cast a batch and subtract the mean, a row at a time."""
    rows = tf.reshape(tf.cast(images, tf.float32), (-1, PATCH * 3)) - np.tile(np.float32(MEAN), PATCH)
    return tf.reshape(rows, (-1, PATCH, PATCH, 3)), labels


def from_folder(folder: Path):
    """Keras's `image_dataset_from_directory` and a map."""
    dataset = keras.utils.image_dataset_from_directory(
        folder, image_size=(STORED, STORED), batch_size=BATCH, crop_to_aspect_ratio=True, verbose=0
    )
    mapped = dataset.map(lambda images, labels: (patches_of_batch(images), labels), num_parallel_calls=2)
    return mapped.map(subtract, num_parallel_calls=2).prefetch(1)


def patches_of_batch(images):
    """One patch position for each image of a batch."""
    return tf.map_fn(
        lambda image: tf.image.random_crop(image, (PATCH, PATCH, 3)), tf.image.random_flip_left_right(images)
    )


def from_shards(folder: Path):
    """TFRecords: raw bytes, or 256-pixel JPEGs of which only the patch is decoded."""
    dataset = tfrecord_io.dataset(folder, batch_size=BATCH, crop=(PATCH, PATCH))
    return dataset.map(lambda images, labels: subtract(tf.image.random_flip_left_right(images), labels), 2).prefetch(1)


def drain(batches) -> float:
    """Take all batches and return images a second; the first batch is not counted."""
    count, start = 0, None
    for batch in batches:
        size = len(batch[0] if isinstance(batch, tuple) else batch)
        if start is None:
            start = time.perf_counter()
        else:
            count += size
        del batch
    return count / (time.perf_counter() - start)


class Timer(keras.callbacks.Callback):
    """Images a second from the end of the first batch to the end of the last."""

    def on_epoch_begin(self, epoch, logs=None):
        self.start, self.batches = None, 0

    def on_train_batch_end(self, batch, logs=None):
        self.end = time.perf_counter()
        self.start, self.batches = (self.end, 0) if self.start is None else (self.start, self.batches + 1)


def fitting():
    """Return a function that trains on a dataset and says images a second; the network costs next to nothing."""
    model = keras.Sequential(
        [keras.Input((PATCH, PATCH, 3)), layers.Cropping2D(PATCH // 2), layers.Flatten(), layers.Dense(2)]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    timer = Timer()

    def rate(dataset) -> float:
        model.fit(dataset, verbose=0, callbacks=[timer])
        return timer.batches * BATCH / (timer.end - timer.start)

    return rate


def convert_limit(images: np.ndarray) -> float:
    """Convert and subtract ready-made patches into a reused array, two threads: what no reader can beat."""
    ready, out = np.ascontiguousarray(images[:BATCH, :PATCH, :PATCH]), np.empty((BATCH, PATCH, PATCH, 3), "float32")

    def half(rows):
        for row in rows:
            cv2.subtract(ready[row], (*MEAN, 0), dst=out[row], dtype=cv2.CV_32F)

    with ThreadPoolExecutor(2) as pool:
        start = time.perf_counter()
        for _ in range(10):
            list(pool.map(half, (range(BATCH // 2), range(BATCH // 2, BATCH))))
        return 10 * BATCH / (time.perf_counter() - start)


def fill_limit() -> float:
    """Write ones into a batch of float32, two threads: what the memory of this machine takes."""
    out = np.empty((2, BATCH // 2, PATCH, PATCH, 3), "float32")
    with ThreadPoolExecutor(2) as pool:
        start = time.perf_counter()
        for _ in range(10):
            list(pool.map(lambda half: half.fill(1), out))
        return 10 * BATCH / (time.perf_counter() - start)


def decoding(contents: list[bytes], size: int | None, threads: int = 2) -> float:
    """Decode (and resize) alone, on two threads."""
    resize = AspectAwarePreprocessor(size, size).preprocess if size else lambda image: image
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        for _ in pool.map(lambda content: resize(decode(content, "JPEG")).shape, contents):
            pass
        return len(contents) / (time.perf_counter() - start)


def small_cnn():
    """A small network on 227 x 227 images."""
    stack = [keras.Input((PATCH, PATCH, 3))]
    for filters in (16, 32, 64):
        stack += [layers.Conv2D(filters, 3, strides=2, activation="relu"), layers.MaxPooling2D(2)]
    return keras.Sequential([*stack, layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax")])


def alexnet():
    """AlexNet (Krizhevsky et al. 2012) without its split over two cards: the cost matters here, not the weights."""
    stack = [keras.Input((PATCH, PATCH, 3)), layers.Conv2D(96, 11, 4, activation="relu"), layers.MaxPooling2D(3, 2)]
    stack += [layers.Conv2D(256, 5, padding="same", activation="relu"), layers.MaxPooling2D(3, 2)]
    stack += [layers.Conv2D(filters, 3, padding="same", activation="relu") for filters in (384, 384, 256)]
    stack += [layers.MaxPooling2D(3, 2), layers.Flatten(), layers.Dense(4096, "relu"), layers.Dense(4096, "relu")]
    return keras.Sequential([*stack, layers.Dense(2, activation="softmax")])


def ten_crops(model, images: np.ndarray) -> tuple[float, float]:
    """Return images a second of ten crops: `model.predict` image by image, and in batches. Both answers must agree."""
    crops = CropPreprocessor(PATCH, PATCH)
    model.predict(np.zeros((10, PATCH, PATCH, 3), "float32"), verbose=0)  # both ways trace once
    model.predict_on_batch(np.zeros((160, PATCH, PATCH, 3), "uint8"))
    start = time.perf_counter()
    singly = np.stack([model.predict(crops.preprocess(i).astype("float32"), verbose=0).mean(0) for i in images])
    middle = time.perf_counter()
    together = []
    for at in range(0, len(images), 16):
        batch = crops.preprocess_batch(images[at : at + 16])  # bytes: Keras casts them, twice as fast as NumPy
        answers = np.asarray(model.predict_on_batch(batch.reshape(-1, PATCH, PATCH, 3)))
        together.append(answers.reshape(len(batch), -1, answers.shape[-1]).mean(1))
    end = time.perf_counter()
    np.testing.assert_allclose(np.concatenate(together), singly, atol=5e-3)
    return len(images) / (middle - start), len(images) / (end - middle)


def jpeg(image: np.ndarray) -> bytes:
    """Return an RGB image as JPEG of quality 90."""
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def prepare(folder: Path, count: int) -> dict[str, Path | list[Path]]:
    """Build every source once."""
    files = copy_images(folder / "jpeg", count)
    paths = dict(files=files, jpeg=folder / "jpeg", float64=folder / "float64.hdf5", uint8=folder / "uint8.hdf5")
    paths |= dict(raw=folder / "raw", small=folder / "small")
    crop = AspectAwarePreprocessor(STORED, STORED)
    labels = [int(file.parent.name == files[-1].parent.name) for file in files]
    with HDF5DatasetWriter(paths["uint8"], (count, STORED, STORED, 3)) as writer:
        for file, label in zip(files, labels, strict=True):
            writer.add([crop.preprocess(decode(file.read_bytes(), str(file)))], [label])
    images = HDF5DatasetGenerator(paths["uint8"], 1, shuffle=False)
    stored = [(image[0].copy(), int(label[0])) for image, label in images]
    tfrecord_io.write_shards(paths["raw"], stored, class_names=("cat", "dog"))
    tfrecord_io.write_shards(paths["small"], ((jpeg(i), n) for i, n in stored), class_names=("cat", "dog"))
    for part, size in (("quarter", count // 4), ("sixteenth", count // 16)):
        paths[part] = folder / f"{part}.hdf5"
        with HDF5DatasetWriter(paths[part], (size, STORED, STORED, 3)) as writer:
            writer.add([image for image, _ in stored[:size]], labels[:size])
    return paths


def rates(paths: dict, rounds: int) -> dict[str, float]:
    """Return the median images a second of every way, rounds alternating."""
    readers = {threads: HDF5DatasetGenerator(paths["uint8"], BATCH, STEPS, threads=threads) for threads in (1, 2)}
    parts = {n: HDF5DatasetGenerator(paths[n], 32, STEPS) for n in ("sixteenth", "quarter", "uint8")}
    passes = {"sixteenth": 32, "quarter": 8, "uint8": 2}  # as many images from each
    delivered = HDF5DatasetGenerator(paths["uint8"], BATCH, STEPS, drop_remainder=True)
    images = next(iter(HDF5DatasetGenerator(paths["uint8"], BATCH)))[0]
    fit = fitting()
    small = [jpeg(image) for image in images]
    ways = {
        "reference": lambda: drain(reference(paths["float64"])),
        "folder": lambda: drain(from_folder(paths["jpeg"])),
        "raw": lambda: drain(from_shards(paths["raw"])),
        "raw, fit": lambda: fit(from_shards(paths["raw"])),
        "jpeg": lambda: drain(from_shards(paths["small"])),
        "reader, 1 thread": lambda: drain(readers[1].batches(2)),
        "reader, 2 threads": lambda: drain(readers[2].batches(2)),
        "reader, fit": lambda: fit(delivered.dataset(2)),
        "limit": lambda: convert_limit(images),
        "fill": fill_limit,
        "decode": lambda: decoding(small, None),
        **{
            f"size {name}": lambda reader=reader, n=passes[name]: drain(reader.batches(n))
            for name, reader in parts.items()
        },
    }
    measured = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            value = way()
            if turn:  # the first round warms the page cache, traces and checks
                measured[name].append(value)
    return {name: statistics.median(values) for name, values in measured.items()}


def building(paths: dict, folder: Path, rounds: int) -> dict[str, float]:
    """Return the median images a second of the reference writer, the builder, and decoding with resizing alone."""
    rate = {"reference writer": [], "builder": [], "decode and resize": []}
    contents = [file.read_bytes() for file in paths["files"]]
    for turn in range(rounds):
        rate["reference writer"].append(reference_build(paths["files"], paths["float64"]))
        rate["decode and resize"].append(decoding(contents, STORED))
        start = time.perf_counter()
        build(folder=paths["jpeg"], out=folder / f"built{turn}", format="hdf5", size=STORED, val=0.1, test=0.1)
        rate["builder"].append(len(paths["files"]) / (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in rate.items()}


def disk(path: Path) -> int:
    """Return the bytes of a file or of all files in a folder."""
    return path.stat().st_size if path.is_file() else sum(file.stat().st_size for file in path.rglob("*"))


def report(rate: dict[str, float], build_rate: dict[str, float], size: dict[str, int], crops: dict) -> list[str]:
    """Return the lines of the table: what was measured, and each target with the ratio that was reached."""
    ref, mean = rate["reference"], statistics.fmean
    growth = [rate[f"size {name}"] for name in ("sixteenth", "quarter", "uint8")]
    lines = ["| way | images a second | against the reference |", "|---|---|---|"]
    lines += [f"| {name} | {value:,.0f} | {value / ref:.1f} |" for name, value in rate.items()]
    lines += [f"| {name} | {value:,.0f} | |" for name, value in build_rate.items()]
    targets = [
        ("reader, two threads, against the reference", rate["reader, 2 threads"] / ref, 50),
        ("reader, two threads, against the limit", rate["reader, 2 threads"] / rate["limit"], 0.45),
        ("reader, one thread, against the reference", rate["reader, 1 thread"] / ref, 30),
        ("reader into fit, against the reference", rate["reader, fit"] / ref, 20),
        ("reader into fit, against raw TFRecords", rate["reader, fit"] / rate["raw, fit"], 2.5),
        ("TFRecord JPEG against the reference", rate["jpeg"] / ref, 7),
        ("TFRecord JPEG against image_dataset_from_directory", rate["jpeg"] / rate["folder"], 3),
        ("TFRecord JPEG against two threads decoding", rate["jpeg"] / rate["decode"], 0.7),
        ("the reference's disk against TFRecord JPEG", size["float64"] / size["small"], 50),
        ("build against the reference writer", build_rate["builder"] / build_rate["reference writer"], 3.5),
        ("build against decode and resize alone", build_rate["builder"] / build_rate["decode and resize"], 0.75),
        ("the reference's bytes against the reader's file", size["float64"] / size["uint8"], 7.9),
        ("least against mean over sizes 1, 4, 16", min(growth) / mean(growth), 0.85),
        *(
            (f"ten crops, {name}, batches against single images", many / one, goal)
            for name, (one, many, goal) in crops.items()
        ),
    ]
    lines += ["", "No reader is faster than `fill`, writing a batch, nor than `limit`, converting one that is ready."]
    lines += ["", "| target | reached | at least | |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {value:.2f} | {goal} | {'yes' if value >= goal else 'no'} |" for name, value, goal in targets
    ]
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    accelerator.set_up(precision="float32")  # prints the device
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = prepare(folder, chosen.images)
        build_rate = building(paths, folder, min(chosen.rounds, 2))
        rate = rates(paths, chosen.rounds)
        images = next(iter(HDF5DatasetGenerator(paths["uint8"], 64)))[0]
        crops = {
            "small CNN": (*ten_crops(small_cnn(), images), 10),
            "AlexNet": (*ten_crops(alexnet(), images[:16]), 2.2),
        }
        sizes = {name: disk(paths[name]) for name in ("float64", "uint8", "raw", "small")}
        print("\n".join(report(rate, build_rate, sizes, crops)))


if __name__ == "__main__":
    main()
