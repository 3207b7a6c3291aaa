"""Training: the monitor, resume after a real kill, interrupts, schedules, shifted images.

What differs by backend runs under both (`both_backends`).
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from helpers import plots, training
from helpers.files import FileError
from helpers.images.array_batches import ArrayBatches
from helpers.training.checkpoints import Checkpoint, load_variables

STEPS = 4
IMAGES = np.random.default_rng(0).random((64, 8), dtype="float32")
LABELS = (IMAGES.sum(axis=1) > 4).astype("int32")
DATA = {"batch_size": 64 // STEPS, "shuffle": False}

CHILD = """
import json, sys, time
import keras, numpy as np
from sklearn.datasets import load_digits
from helpers import training

work, folder = sys.argv[1:]
images, labels = load_digits(return_X_y=True)
images = (images / 16).astype("float32")

def build():
    keras.utils.set_random_seed(1)
    layers = [keras.Input((64,)), keras.layers.Dense(32, "relu"), keras.layers.Dropout(0.2), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.004), loss=loss, metrics=["accuracy"])
    return model

class Halve(keras.callbacks.Callback):  # once: a resumed run keeps the halved rate only where it was saved
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            self.model.optimizer.learning_rate = 0.002

class Hang(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_end(self, batch, logs=None):
        if work == "hang" and (self.epoch, batch) == (3, 5):
            print("in epoch 4", flush=True)
            time.sleep(100)

class Note(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.start = int(self.model.optimizer.iterations), float(self.model.optimizer.learning_rate)

def run(folder):
    note, model = Note(), build()
    history = training.fit(model, images[:1500], labels[:1500], epochs=8, batch_size=50, shuffle=False, folder=folder,
                           callbacks=[training.Monitor(live=False), Halve(), Hang(), note])
    accuracy = float((model.predict_on_batch(images[1500:]).argmax(-1) == labels[1500:]).mean())
    sums = [float(weights.sum()) for weights in model.get_weights()]
    return dict(history=history, start=note.start, accuracy=accuracy, weights=sums)

result = dict(resumed=run(folder))
if work == "finish":
    result["plain"] = run(None)
print(json.dumps(result))
"""


JAX = keras.backend.backend() == "jax"


def small(units: int = 4, optimizer=None, jit_compile: bool = JAX) -> keras.Model:
    """Build a tiny model; without compilation TensorFlow runs it eagerly, which is faster for so few steps."""
    keras.utils.set_random_seed(0)
    optimizer = optimizer or keras.optimizers.SGD(0.02, momentum=0.9)
    layers = [keras.Input((8,)), keras.layers.Dense(units), keras.layers.Dropout(0.3), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential(layers)
    arguments = {"jit_compile": jit_compile, "run_eagerly": not jit_compile}
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], **arguments)
    return model


def train(model: keras.Model, epochs: int, *callbacks: keras.callbacks.Callback, **keywords) -> dict:
    quiet = training.Monitor(live=False)
    return training.fit(model, IMAGES, LABELS, epochs=epochs, callbacks=[quiet, *callbacks], **DATA, **keywords)


def weights(model: keras.Model) -> np.ndarray:
    return np.concatenate([value.ravel() for value in model.get_weights()])


class At(keras.callbacks.Callback):
    """Do something at one point of a run; epochs count from 1, batches from 0."""

    def __init__(self, do, epoch: int, batch: int | None = None):
        super().__init__()
        self.do, self.when = do, (epoch, batch)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.when:
            self.do()

    def on_epoch_end(self, epoch, logs=None):
        if (self.epoch, None) == self.when:
            self.do()


def interrupt():
    raise KeyboardInterrupt


def press():
    signal.raise_signal(signal.SIGINT)


def child(work: str, folder: Path, backend: str) -> subprocess.Popen:
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", CHILD, work, str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_killed_run_continues_where_it_was(backend, tmp_path):
    with child("hang", tmp_path, backend) as process:
        assert process.stdout.readline() == "in epoch 4\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert len(json.loads((tmp_path / "history.json").read_text())["loss"]) == 3
    (tmp_path / "part_checkpoint.npz").write_bytes(b"half a checkpoint")
    with child("finish", tmp_path, backend) as process:
        result = json.loads(process.stdout.read().splitlines()[-1])
    resumed, plain = result["resumed"], result["plain"]
    assert resumed["start"] == [3 * 30, pytest.approx(0.002)]
    assert plain["start"] == [0, pytest.approx(0.004)]
    # Order of data, dropout and optimizer go on as if nothing had happened: the same numbers, not only similar ones.
    for metric in ("loss", "accuracy", "learning_rate"):
        np.testing.assert_allclose(resumed["history"][metric], plain["history"][metric], rtol=1e-3)
    np.testing.assert_allclose(resumed["weights"], plain["weights"], rtol=1e-3, atol=1e-3)
    assert resumed["accuracy"] == pytest.approx(plain["accuracy"], abs=0.01)
    assert plain["accuracy"] > 0.85
    assert json.loads((tmp_path / "history.json").read_text()) == resumed["history"]
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.npz", "history.json"}


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow alone traces again for new variables")
@pytest.mark.parametrize("kind", ["arrays", "dictionary", "tf.data", "PyDataset"])
def test_a_step_is_traced_once(kind, monkeypatch):
    traced, step = [], keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda self, *data: traced.append(self.name) or step(self, *data))
    model = keras.Sequential([image := keras.Input((8,), name="image"), keras.layers.Dense(2)])
    data, keywords = (IMAGES, LABELS), DATA
    if kind == "dictionary":
        model, data = keras.Model({"image": image}, model(image)), ({"image": IMAGES}, LABELS)
    elif kind != "arrays":
        data, keywords = [ArrayBatches(IMAGES, LABELS, 16)], {"shuffle": False}
    if kind == "tf.data":
        from tensorflow.data import Dataset

        data, keywords = [Dataset.from_tensor_slices((IMAGES, LABELS)).batch(16)], {}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    training.fit(model, *data, epochs=1, callbacks=[training.Monitor(live=False)], **keywords)
    assert len(traced) == 1


def test_resume_needs_optimizer_and_random_state(tmp_path, monkeypatch):
    """Break it on purpose: without either, the continued run differs from the uninterrupted one."""
    train(plain := small(), 3)
    train(small(), 3, At(interrupt, epoch=3, batch=1), folder=tmp_path / "run")
    load = Checkpoint.load

    def same_as_uninterrupted(forget) -> bool:
        model = small()
        model.optimizer.build(model.trainable_variables)

        def forgetful(self, model, resume):
            fresh = [(variable, variable.numpy()) for variable in forget(model)]
            run = load(self, model, resume)
            for variable, value in fresh:
                variable.assign(value)
            return run

        monkeypatch.setattr(Checkpoint, "load", forgetful)
        folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        shutil.copytree(tmp_path / "run", folder)
        assert len(train(model, 3, folder=folder)["loss"]) == 3
        return np.allclose(weights(model), weights(plain), atol=1e-5)

    assert same_as_uninterrupted(lambda model: [])
    assert not same_as_uninterrupted(lambda model: model.optimizer.variables[2:])  # momenta
    assert not same_as_uninterrupted(lambda model: [v for v in model.variables if "seed" in v.path])


@pytest.mark.both_backends
def test_random_state_goes_on(tmp_path):
    run = train(model := small(), 1, folder=tmp_path)
    again = small()
    train(again, 1, folder=tmp_path)
    states = [[v.numpy().tolist() for v in m.variables if "seed" in v.path] for m in (model, again, small())]
    assert states[0] == states[1] != states[2] and len(states[0]) == 1
    assert len(run["loss"]) == 1


def test_finished_run_is_only_loaded(tmp_path, capsys):
    first = train(model := small(), 2, folder=tmp_path)
    monkey = small()
    monkey.fit = interrupt  # must not be called
    assert train(monkey, 2, folder=tmp_path) == first
    assert "holds epochs 1 to 2 of this run" in capsys.readouterr().out
    np.testing.assert_array_equal(weights(monkey), weights(model))
    assert len(train(small(), 3, folder=tmp_path)["loss"]) == 3


def test_run_that_stopped_early_is_finished_with_its_best_weights(tmp_path):
    stop = keras.callbacks.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True)
    history = train(model := small(), 20, stop, folder=tmp_path)
    assert len(history["loss"]) < 20
    again = small()
    assert train(again, 20, folder=tmp_path) == history
    np.testing.assert_array_equal(weights(again), weights(model))


@pytest.mark.parametrize("limit", [0, 1500])
def test_full_disk_keeps_the_last_checkpoint(limit, tmp_path):
    """A limit of the size of files stands for the full disk: the third checkpoint and history fit in only in part."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        fill = At(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1])), epoch=3, batch=0)
        with pytest.raises(FileError, match=rf"{tmp_path}/.* cannot be written: .*File too large"):
            train(small(), 4, fill, folder=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.npz", "history.json"}
    run = load_variables(tmp_path / "checkpoint.npz")[1]["run"]
    assert run["epoch"] == 2 and len(run["history"]["loss"]) == 2
    assert len(train(small(), 4, folder=tmp_path)["loss"]) == 4


@pytest.mark.parametrize(
    "damage", [lambda old: b"", lambda old: old[:-200], lambda old: old[:1000], lambda old: b"text"]
)
def test_a_damaged_checkpoint_is_named(damage, tmp_path):
    train(small(), 1, folder=tmp_path)
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileError, match=f"{path} is damaged or no checkpoint: delete it"):
        train(small(), 2, folder=tmp_path)


@pytest.mark.both_backends
def test_interrupt_in_the_first_epoch_goes_on_from_the_start(tmp_path, capsys):
    whole = train(small(), 2)
    stopped = train(model := small(), 2, At(interrupt, epoch=1, batch=1), folder=tmp_path)
    assert stopped == {}
    again = train(model, 2, folder=tmp_path)  # the same, half trained model: a cell that is run again
    assert "holds the start of this run" in capsys.readouterr().out
    np.testing.assert_allclose(again["loss"], whole["loss"], rtol=1e-5)
    np.testing.assert_allclose(again["accuracy"], whole["accuracy"])


@pytest.mark.parametrize("optimizer", ["rmsprop", "adagrad"])
def test_variables_of_the_same_shapes_are_no_sign_of_the_same_run(optimizer, tmp_path):
    """RMSprop took SGD's velocities for its squares, and all weights were NaN."""
    train(small(), 2, folder=tmp_path)
    before = weights(model := small(optimizer=optimizer))
    kind = type(model.optimizer).__name__
    said = f"choose another, or resume='weights'.*{tmp_path.name}.*optimizer/class_name: saved SGD, here {kind}"
    with pytest.raises(ValueError, match=said):
        train(model, 4, folder=tmp_path)
    np.testing.assert_array_equal(weights(model), before)
    (shapes := tmp_path / "shapes").mkdir()
    train(small(), 1, folder=shapes)
    with pytest.raises(ValueError, match="model/config/layers/1/config/units: saved 4, here 5"):
        train(small(units=5), 2, folder=shapes)


def test_weights_begin_a_new_run(tmp_path):
    train(old := small(), 2, folder=tmp_path)
    new = small(optimizer=keras.optimizers.RMSprop(1e-3))
    seen = []
    look = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: seen.append(weights(new)))
    history = train(new, 3, look, folder=tmp_path, resume="weights")
    np.testing.assert_array_equal(seen[0], weights(old))
    assert (
        len(history["loss"]) == 3 and np.isfinite(history["loss"]).all() and int(new.optimizer.iterations) == 3 * STEPS
    )
    assert len(train(small(optimizer=keras.optimizers.RMSprop(1e-3)), 4, folder=tmp_path)["loss"]) == 4
    train(new, 1, folder=tmp_path, resume="weights")
    assert int(new.optimizer.iterations) == STEPS  # an optimizer that has worked begins anew, too
    with pytest.raises(ValueError, match="shapes"):
        train(small(units=5), 1, folder=tmp_path, resume="weights")
    for folder in (None, tmp_path / "empty"):
        with pytest.raises(ValueError, match="Received: resume='weights'"):
            train(small(), 1, folder=folder, resume="weights")


def test_the_saved_rate_is_said(tmp_path, capsys):
    def sgd(rate):
        return small(optimizer=keras.optimizers.SGD(rate, momentum=0.9))

    train(sgd(0.02), 1, folder=tmp_path)
    train(sgd(0.02), 2, folder=tmp_path)
    assert "learning rate" not in capsys.readouterr().out
    assert train(sgd(0.001), 3, folder=tmp_path)["learning_rate"] == pytest.approx([0.02] * 3)
    assert "the learning rate is 0.02, as saved, not 0.001: a callback can set it" in capsys.readouterr().out
    slower = sgd(0.02)
    by_hand = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: slower.optimizer.learning_rate.assign(0.01)
    )
    assert train(slower, 4, by_hand, folder=tmp_path)["learning_rate"][-1] == pytest.approx(0.01)
    assert len(train(sgd(0.02), 5, folder=tmp_path)["loss"]) == 5  # changed on the way, and the same run
    schedule = training.polynomial_decay(0.02, steps=20)
    with pytest.raises(ValueError, match="optimizer/config/learning_rate"):
        train(sgd(schedule), 6, folder=tmp_path)


def test_a_run_that_does_not_say_what_it_is_is_not_taken_over(tmp_path):
    (tmp_path / "checkpoint.weights.h5").touch()
    with pytest.raises(ValueError, match=r"choose another, or delete it.*weights\.h5 of an older release"):
        train(small(), 1, folder=tmp_path)


def test_a_metric_may_have_a_value_for_each_class(tmp_path, capsys):
    model = small()
    labels = np.eye(2, dtype="float32")[LABELS]
    model.compile("sgd", "categorical_crossentropy", metrics=[keras.metrics.F1Score()])
    history = training.fit(model, IMAGES, labels, epochs=2, folder=tmp_path, validation_data=(IMAGES, labels), **DATA)
    assert {"f1_score/0", "f1_score/1", "val_f1_score/0", "val_f1_score/1", "loss"} < set(history)
    assert all(len(values) == 2 for values in history.values())
    assert json.loads((tmp_path / "history.json").read_text()) == history
    plots.learning_curves(history)
    assert "loss" in capsys.readouterr().out


def test_a_monitor_writes_into_the_folder_of_each_run(tmp_path):
    monitor = training.Monitor(live=False)
    runs = {}
    for name, epochs in (("a", 1), ("b", 2), (None, 3)):
        folder = name and tmp_path / name
        runs[name] = training.fit(small(), IMAGES, LABELS, epochs=epochs, folder=folder, callbacks=[monitor], **DATA)
    for name in "ab":
        assert json.loads((tmp_path / name / "history.json").read_text()) == runs[name]


def test_bfloat16_variables_come_back(tmp_path):
    def build():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2, "softmax", dtype="bfloat16")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    train(model := build(), 1, folder=tmp_path)
    train(again := build(), 1, folder=tmp_path)
    assert again.weights[0].dtype == "bfloat16"
    for one, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(*(np.asarray(each, "float32") for each in (one, other)))


def test_fit_checks_its_arguments():
    with pytest.raises(ValueError, match="Received: epochs=0"):
        train(small(), 0)
    with pytest.raises(ValueError, match=r"begin with keras\.Input"):
        train(keras.Sequential([keras.layers.Dense(2)]), 1)


@pytest.mark.both_backends
@pytest.mark.parametrize("do", [press, interrupt])
def test_interrupt_keeps_the_model_of_that_moment(do, tmp_path, capsys):
    model = small()
    history = train(model, 10, At(do, epoch=3, batch=1), folder=tmp_path)
    assert "stopped in epoch 3 of 10; the model keeps the weights of that moment" in capsys.readouterr().out
    assert len(history["loss"]) == 2 and json.loads((tmp_path / "history.json").read_text()) == history
    assert int(model.optimizer.iterations) == 2 * STEPS + 2  # the third epoch's first two steps are in it
    train(reference := small(), 2)
    difference = np.abs(weights(model) - weights(reference)).max()
    assert 0 < difference < 0.1  # two small steps away, not newly initialised
    after = weights(model)
    assert model.predict(IMAGES, verbose=0).shape == (64, 2)
    np.testing.assert_array_equal(weights(model), after)
    assert len(train(model, 1)["loss"]) == 1  # and can be trained on


@pytest.mark.both_backends
@pytest.mark.parametrize(("epoch", "step"), [(1, 0), (2, 0), (2, 2)])
def test_interrupt_that_cuts_a_step_off(epoch, step, capsys):
    """Under JAX the variables' values are lost at this point; they come from the start of the epoch then."""
    model = small()
    model.make_train_function()
    inner, calls = model.train_function, []

    def cut_off(*arguments):
        result = inner(*arguments)
        calls.append(0)
        if len(calls) == (epoch - 1) * STEPS + step + 1:
            raise KeyboardInterrupt
        return result

    model.train_function = cut_off
    history = train(model, 3)
    assert len(history.get("loss", [])) == epoch - 1
    assert ("that moment" in capsys.readouterr().out) != JAX
    reference = small()
    if epoch == 2:
        train(reference, 1)
    if JAX:
        np.testing.assert_allclose(weights(model), weights(reference), atol=1e-5)
    assert int(model.optimizer.iterations) == ((epoch - 1) * STEPS if JAX else len(calls))
    model.train_function = inner
    assert len(train(model, 1)["loss"]) == 1


def test_second_press_does_not_wait_and_the_handler_is_given_back():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def press_twice():
        press()
        seen.append("waits")
        press()
        seen.append("never")

    train(small(), 3, At(press_twice, epoch=1, batch=0))
    assert seen == ["waits"]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.both_backends
def test_interrupt_during_validation(capsys):
    class Press(keras.callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            press()

    model = small()
    history = train(model, 3, Press(), validation_data=(IMAGES, LABELS))
    assert history == {} and "stopped in epoch 1 of 3" in capsys.readouterr().out
    assert int(model.optimizer.iterations) == STEPS
    assert np.abs(weights(model) - weights(small())).max() < 0.1


def test_monitor_writes_after_every_epoch(tmp_path, monkeypatch):
    path, seen, replaced = tmp_path / "new" / "h.json", [], []
    monkeypatch.setattr("helpers.files.commit", lambda old, new: replaced.append((old, new)) or old.replace(new))
    look = At(lambda: None, 0)
    look.on_epoch_end = lambda epoch, logs=None: seen.append(json.loads(path.read_text()))
    monitor = training.Monitor(path, live=False)
    history = training.fit(small(), IMAGES, LABELS, epochs=3, callbacks=[monitor, look], **DATA)
    assert [len(part["loss"]) for part in seen] == [1, 2, 3] and seen[-1] == history
    assert list(history) == ["accuracy", "loss", "seconds", "learning_rate"]
    assert all(rate == pytest.approx(0.02) for rate in history["learning_rate"]) and min(history["seconds"]) > 0
    assert replaced == [(tmp_path / "new" / "part_h.json", path)] * 3


def test_monitor_keeps_the_old_file_where_writing_fails(tmp_path, monkeypatch):
    monitor = training.Monitor(path := tmp_path / "h.json", live=False)
    monitor.history = {"loss": [1.0]}
    monitor.write()
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError("disk full")))
    monitor.history["loss"].append(2.0)
    with pytest.raises(FileError, match=rf"{path} cannot be written: disk full"):
        monitor.write()
    assert [file.name for file in tmp_path.iterdir()] == ["h.json"]
    assert json.loads(path.read_text()) == {"loss": [1.0]}


def test_monitor_prints_outside_and_draws_inside_a_notebook(monkeypatch, capsys):
    training.fit(small(), IMAGES, LABELS, epochs=2, **DATA)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:9] for line in lines] == ["epoch 1/2", "epoch 2/2"] and "loss 0." in lines[0]
    train(small(), 1)
    assert capsys.readouterr().out == ""

    import IPython.display

    plots.learning_curves({})  # Matplotlib looks for IPython once
    shown = []
    handle = SimpleNamespace(update=lambda image: shown.append(("update", image)))
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=None))
    monkeypatch.setattr(IPython.display, "display", lambda image, display_id: shown.append(("new", image)) or handle)
    training.fit(small(), IMAGES, LABELS, epochs=3, **DATA)
    assert shown[0][0] == "new" and {kind for kind, _ in shown[1:]} == {"update"}
    assert shown[-1][1].alt.endswith("epoch 3")  # drawn at most once a second, and at the end
    assert all(image.data.startswith(b"\x89PNG") and "epoch" in image.alt for _, image in shown)
    assert capsys.readouterr().out == ""


def test_polynomial_decay_by_hand():
    straight, bent = (
        training.polynomial_decay(0.1, steps=10),
        training.polynomial_decay(0.1, steps=10, power=2, end=0.02),
    )
    assert [float(straight(step)) for step in (0, 5, 10, 99)] == pytest.approx([0.1, 0.05, 0, 0])
    assert [float(bent(step)) for step in (0, 5, 10, 99)] == pytest.approx([0.1, 0.08 / 4 + 0.02, 0.02, 0.02])


def test_warm_up_by_hand_and_back_from_its_config():
    schedule = training.WarmUp(training.polynomial_decay(0.1, steps=10), warmup_steps=4)
    copy = keras.saving.deserialize_keras_object(json.loads(json.dumps(keras.saving.serialize_keras_object(schedule))))
    for each in (schedule, copy):
        rates = [float(each(step)) for step in (0, 1, 2, 4, 9, 14, 50)]
        assert rates == pytest.approx([0, 0.025, 0.05, 0.1, 0.05, 0, 0])
    optimizer = keras.optimizers.deserialize(keras.optimizers.serialize(keras.optimizers.SGD(schedule)))
    assert optimizer.get_config()["learning_rate"]["registered_name"] == "deep_vision_workbook>WarmUp"


@pytest.mark.both_backends
def test_warm_up_in_a_compiled_model():
    schedule = training.WarmUp(training.polynomial_decay(0.1, steps=2 * STEPS), warmup_steps=2 * STEPS)
    model = small(optimizer=keras.optimizers.SGD(schedule), jit_compile=True)
    assert train(model, 4)["learning_rate"] == pytest.approx([0.05, 0.1, 0.05, 0], abs=1e-7)
    before = weights(model := small(optimizer=keras.optimizers.SGD(schedule)))
    model.train_on_batch(IMAGES, LABELS)
    np.testing.assert_array_equal(weights(model), before)  # the rate of step 0 is 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: training.polynomial_decay(0, steps=5), "Received: learning_rate=0"),
        (lambda: training.polynomial_decay(0.1, steps=0), "Received: steps=0"),
        (lambda: training.polynomial_decay(0.1, steps=5, power=0), "Received: power=0"),
        (
            lambda: training.polynomial_decay(0.1, steps=5, end=0.2),
            r"from 0 to learning_rate=0\.1\. Received: end=0\.2",
        ),
        (lambda: training.WarmUp(0.1, warmup_steps=5), r"Received: schedule=0\.1"),
        (lambda: training.WarmUp(training.polynomial_decay(0.1, steps=5), warmup_steps=0), "Received: warmup_steps=0"),
    ],
)
def test_schedules_check_their_arguments(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.both_backends
def test_untrained_on_purpose_keeps_the_first_weights(monkeypatch):
    model, other = small(), small()
    first = weights(model)
    monkeypatch.setenv("COURSE_BROKEN", "untrained")
    history = training.fit(model, IMAGES, LABELS, epochs=2, callbacks=[training.Monitor(live=False)], **DATA)
    assert len(history["loss"]) == 2 and np.array_equal(weights(model), first)
    monkeypatch.delenv("COURSE_BROKEN")
    training.fit(other, IMAGES, LABELS, epochs=2, callbacks=[training.Monitor(live=False)], **DATA)
    assert not np.array_equal(weights(other), first)
