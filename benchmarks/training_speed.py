"""Training speed of chapter 1's networks: Keras's defaults against the settings of the notebooks, alternating, one run.

Prints images a second (median of the rounds, time inside epoch callbacks) and the ratio. Drawn images: speed only.
"""

import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

from helpers import accelerator, models

ROUNDS = 5
FAST = dict(jit_compile=True, steps_per_execution=16)
# network, images a round, compile settings of Keras, of the notebooks
CASES = {
    "MLP": (models.MLP, 128 * 320, {}, FAST),
    "CNN": (models.CNN, 128 * 32, {}, {}),
    "RNN": (models.RNN, 128 * 64, {}, {}),
}


class Timer(keras.callbacks.Callback):
    """Seconds of the last epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = time.perf_counter() - self.start


def prepared(build, count: int, precision: str, settings: dict):
    """Return a function that trains one epoch and returns images a second; the first epoch is done here."""
    keras.config.set_dtype_policy(precision)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **settings)
    rng = np.random.default_rng(0)
    images = rng.random((count, *model.input_shape[1:]), dtype="float32")
    labels, timer = rng.integers(0, 10, count), Timer()

    def epoch() -> float:
        model.fit(images, labels, batch_size=128, verbose=0, callbacks=[timer])
        return count / timer.seconds

    epoch()
    return epoch


def under_jax(name: str):
    """Return a function like `prepared` does, for the notebooks' settings in a process of its own under JAX."""
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    command = [sys.executable, __file__, "--serve", name]
    child = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def epoch() -> float:
        child.stdin.write("epoch\n")
        child.stdin.flush()
        return float(child.stdout.readline())

    return epoch


def serve(name: str) -> None:
    """Train an epoch for every line that comes in, and answer with images a second."""
    build, count, _, ours = CASES[name]
    epoch = prepared(build, count, "float32", ours)
    for _ in sys.stdin:
        print(epoch(), flush=True)


def main() -> None:
    """Print two lines a network: the notebooks' settings, and the same under JAX, both against Keras's defaults."""
    machine = accelerator.set_up()
    print("| network | Keras's defaults | the notebooks' settings | ratio | settings |")
    print("|---|---|---|---|---|")
    for name, (build, count, default, ours) in CASES.items():
        precision = machine.precision if name == "CNN" else "float32"
        ways = [prepared(build, count, "float32", default), prepared(build, count, precision, ours), under_jax(name)]
        rounds = [[epoch() for epoch in ways] for _ in range(ROUNDS)]
        before, *after = (statistics.median(column) for column in zip(*rounds, strict=True))
        text = ", ".join(f"{key}={value}" for key, value in ours.items()) or "Keras's defaults"
        for place, (rate, kind) in enumerate(
            zip(after, (precision, "float32, KERAS_BACKEND=jax"), strict=True), start=1
        ):
            ratio = statistics.median(row[place] / row[0] for row in rounds)
            print(f"| {name} | {before:,.0f} | {rate:,.0f} | {ratio:.2f} | {kind}, {text} |", flush=True)


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1:2] == ["--serve"] else main()
