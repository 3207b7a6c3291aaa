"""Training steps of chapter 2's networks: against the same layers without our builders, and against the processor.

Prints a table for `benchmarks/architectures.md`. Each network takes turns with its twin, a model that Keras makes from
the network's layers alone (`Model.from_config`); VGG16 and Xception take turns with those of `keras.applications`. The
last column is the share of the matrix products' peak (one product of 3,072 x 3,072 float32 matrices, measured beside
it). A multiply-add is two operations, and each is done three times: for the output, and for the gradients of weights
and of input, the latter not in the first layer. Drawn images: speed only.
"""

import os
import statistics
import time
from collections.abc import Callable
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

from helpers import accelerator, models
from helpers.models.layer_table import layer_table

ROUNDS = 7
SIDE = 3072
WITHOUT_L2 = dict(weight_decay=0.0)
TEN = dict(classes=10, classifier_activation="softmax", weights=None)

# builder, shape of one image, batch size, the twin where it is not made from the layers
CASES = {
    "LeNet5": (models.LeNet5, (32, 32, 1), 128, None),
    "AlexNet": (partial(models.AlexNet, batch_norm=False, num_classes=2), (227, 227, 3), 64, None),
    "AlexNet, batch norm, L2": (partial(models.AlexNet, num_classes=2), (227, 227, 3), 64, None),
    "ZFNet": (partial(models.ZFNet, dense_units=512, num_classes=10), (112, 112, 3), 16, None),
    "SmallVGG": (models.SmallVGG, (32, 32, 3), 64, None),
    "VGG16": (
        partial(models.VGG16, num_classes=10, dense_units=4096, dropout=0.0),
        (64, 64, 3),
        8,
        partial(keras.applications.VGG16, input_shape=(64, 64, 3), **TEN),
    ),
    "MiniGoogLeNet": (partial(models.MiniGoogLeNet, width=0.5), (32, 32, 3), 64, None),
    "DeeperGoogLeNet": (partial(models.DeeperGoogLeNet, **WITHOUT_L2), (64, 64, 3), 16, None),
    "GoogLeNet": (partial(models.GoogLeNet, auxiliary=False, num_classes=10), (96, 96, 3), 16, None),
    "ResNet": (partial(models.ResNet, 20), (32, 32, 3), 64, None),
    "SqueezeNet": (partial(models.SqueezeNet, num_classes=10, batch_norm=True), (128, 128, 3), 16, None),
    "MiniXception": (partial(models.MiniXception, filters=(64, 128), exit_filters=256), (32, 32, 3), 32, None),
    "CapsNet": (partial(models.CapsNet, filters=64, primary_capsules=16, decoder_units=None), (28, 28, 1), 16, None),
    "Xception": (
        partial(models.Xception, num_classes=10),
        (96, 96, 3),
        8,
        partial(keras.applications.Xception, input_shape=(96, 96, 3), **TEN),
    ),
}


def step(model: keras.Model, shape: tuple[int, ...], batch_size: int) -> Callable[[], float]:
    """Compile a model and return a function that makes training steps for at least half a second: seconds a step."""
    model.compile(keras.optimizers.SGD(0.001), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    images = keras.ops.convert_to_tensor(rng.random((batch_size, *shape), dtype="float32"))
    labels = keras.ops.convert_to_tensor(rng.integers(0, 2, batch_size))
    for _ in range(2):
        model.train_on_batch(images, labels)

    def seconds() -> float:
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < 0.5 or count < 2:
            model.train_on_batch(images, labels)  # returns a number: the step is over
            count += 1
        return (time.perf_counter() - start) / count

    return seconds


def product() -> Callable[[], float]:
    """Return a function that gives the operations a second of one large float32 product of matrices."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    a, b = (tf.constant(rng.random((SIDE, SIDE), dtype="float32")) for _ in range(2))
    tf.linalg.matmul(a, b)

    def rate() -> float:
        start = time.perf_counter()
        float(tf.linalg.matmul(a, b)[0, 0])
        return 2 * SIDE**3 / (time.perf_counter() - start)

    return rate


def twin_of(model: keras.Model) -> keras.Model:
    """The same layers, put together by Keras from what they say of themselves."""
    return keras.Model.from_config(model.get_config())


def operations(model: keras.Model) -> int:
    """Of one training step with one image."""
    counts = [row.multiply_adds for row in layer_table(model).rows if row.multiply_adds]
    return 6 * sum(counts) - 2 * counts[0]


def main() -> None:
    """Print one line a network."""
    accelerator.set_up(precision="float32")
    peak, rates = product(), []
    print("| network | image | batch | ms a step | images a second | step / twin's step | twin | share of the peak |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (build, shape, batch_size, twin) in CASES.items():
        model = build(input_shape=shape)
        work = batch_size * operations(model)
        ways = [step(model, shape, batch_size), step(twin() if twin else twin_of(model), shape, batch_size)]
        rounds = [(*(way() for way in ways), peak()) for _ in range(ROUNDS)]
        rates += [row[2] for row in rounds]
        ours = statistics.median(row[0] for row in rounds)
        ratio = statistics.median(row[0] / row[1] for row in rounds)
        share = statistics.median(work / row[0] / row[2] for row in rounds)
        kind = "keras.applications" if twin else "its layers"
        print(
            f"| {name} | {shape[0]} x {shape[1]} x {shape[2]} | {batch_size} | {1000 * ours:,.0f} | "
            f"{batch_size / ours:,.0f} | {ratio:.2f} | {kind} | {share:.0%} |",
            flush=True,
        )
        del model, ways
        keras.backend.clear_session()
    print(f"\nPeak: {statistics.median(rates) / 1e9:,.0f} billion operations a second (median).")


if __name__ == "__main__":
    main()
