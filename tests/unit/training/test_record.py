"""What a run is: the same description in every process, another one for another run."""

import functools
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from helpers import training
from helpers.training.record import describe, difference

layers = keras.layers
MODELS = """
import json, sys
import keras
from keras import layers
from helpers.training.record import describe

class Own(layers.Layer):  # no configuration
    def __init__(self, units):
        super().__init__()
        self.inner = layers.Dense(units)
    def call(self, x):
        return self.inner(x)

def focal(gamma):
    return lambda truth, scores: (truth - scores) ** gamma

def build():
    x = image = keras.Input((4,))
    y = layers.Dense(4, "relu")(x)
    part = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dropout(0.2)])
    x = layers.Add()([part(x), y, layers.Lambda(lambda x: 2 * x)(y)]) + 1
    x = Own(3)(layers.RandomCrop(4, 4)(layers.Reshape((5, 5, 4))(layers.RepeatVector(25)(x)))[:, 0, 0])
    model = keras.Model(image, layers.Dense(2, lambda x: -x)(x))
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)), focal(2.5))
    return model

for _ in range(int(sys.argv[1])):
    model = build()
print(json.dumps(describe(model=model, optimizer=model.optimizer, loss=model.loss)))
"""


def test_the_same_in_every_process(tmp_path):
    """Names are numbered, seeds drawn, code marshalled with its place: none of that may count."""
    said = []
    for name, builds in (("one.py", 1), ("two.py", 3)):
        (tmp_path / name).write_text("\n" * builds + MODELS)
        command = [sys.executable, str(tmp_path / name), str(builds)]
        child = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "."}
        )
        said.append(json.loads(child.stdout))
    assert difference(*said) == ""
    assert said[0]["optimizer"]["config"]["learning_rate"]["config"]["decay_steps"] == 5
    assert "Own" in json.dumps(said[0])


def sequential(*middle, dtype=None):
    return keras.Sequential([keras.Input((4,)), *middle, layers.Dense(2, dtype=dtype)])


def joined(short):
    """The same layers and shapes; the addition takes what comes after the first layer, or before."""
    first = layers.Dense(4)(image := keras.Input((4,)))
    return keras.Model(image, layers.Add()([layers.Dense(4)(first), first if short else image]))


class Written(keras.Model):
    def __init__(self, activation):
        super().__init__()
        self.inner = layers.Dense(2, activation)

    def call(self, x):
        return self.inner(x)


def power(truth, scores, gamma):
    return (truth - scores) ** gamma


IMAGES = np.random.default_rng(0).random((50, 4), dtype="float32")
CHANGED = IMAGES.copy()
CHANGED[7, 2] += 0.1


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (lambda: sequential(layers.Dense(3, "relu")), lambda: sequential(layers.Dense(3, "tanh")), "activation"),
        (
            lambda: sequential(layers.Dense(3, lambda x: 2 * x)),
            lambda: sequential(layers.Dense(3, lambda x: 3 * x)),
            "lambda",
        ),
        (lambda: sequential(layers.Dropout(0.1)), lambda: sequential(layers.Dropout(0.2)), "rate: saved 0.1, here 0.2"),
        (lambda: sequential(), lambda: sequential(dtype="mixed_bfloat16"), "mixed_bfloat16"),
        (lambda: joined(False), lambda: joined(True), "keras_history"),
        (lambda: Written("relu"), lambda: Written("tanh"), "parts/0/config/activation"),
        (lambda: keras.optimizers.SGD(0.1), lambda: keras.optimizers.SGD(0.1, momentum=0.9), "momentum"),
        (
            lambda: training.WarmUp(training.polynomial_decay(0.1, steps=9), warmup_steps=2),
            lambda: training.WarmUp(training.polynomial_decay(0.1, steps=8), warmup_steps=2),
            "decay_steps: saved 9, here 8",
        ),
        (lambda: "mse", lambda: keras.losses.Huber(), "saved mse"),
        (lambda: power, lambda: functools.partial(power, gamma=2), "what"),
        (
            lambda: functools.partial(power, gamma=1),
            lambda: functools.partial(power, gamma=2),
            "gamma: saved 1, here 2",
        ),
        (lambda: IMAGES, lambda: CHANGED, "checksum"),
        (lambda: IMAGES, lambda: IMAGES.astype("float64"), "float64"),
        (lambda: (IMAGES, [1, 2]), lambda: (IMAGES, [1, 3]), "what/1/1: saved 2, here 3"),
        (lambda: [IMAGES], lambda: [IMAGES, IMAGES], "saved None"),
    ],
)
def test_another_one_differs(one, other, said):
    assert difference(describe(what=one()), describe(what=one())) == ""
    assert said in difference(describe(what=one()), describe(what=other()))


def test_a_rate_that_is_a_number_may_change():
    optimizer = keras.optimizers.Adam(0.1)
    before = describe(optimizer=optimizer)
    optimizer.learning_rate = 0.01
    assert difference(before, describe(optimizer=optimizer)) == ""


def test_of_a_dataset_the_shapes_and_the_length_count():
    tf = pytest.importorskip("tensorflow")
    batches = tf.data.Dataset.from_tensor_slices(IMAGES).batch(10)
    said = describe(data=batches)
    assert difference(said, describe(data=batches.prefetch(2))) == ""
    assert "5 batches, here" in difference(said, describe(data=batches.take(4)))
    assert "-1 batches" in describe(data=batches.repeat())["data"]


def test_a_large_array_is_sampled_at_fixed_rows(monkeypatch):
    monkeypatch.setattr("helpers.training.record.SAMPLED", 100)
    assert describe(data=IMAGES) == describe(data=IMAGES.copy()) != describe(data=IMAGES + 1)


def test_what_is_not_a_number_is_equal_to_itself():
    assert difference({"a": float("nan")}, {"a": float("nan")}) == ""
    assert difference({"a": 1}, {"a": True}) != ""
