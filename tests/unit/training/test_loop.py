"""Training: the monitor, resume after a real kill, interrupts, schedules, shifted images.

All tests here run under the backend in force; `test_the_other_backend` runs some again under the other one.
"""

import json
import os
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
from helpers.training.checkpoints import Checkpoint

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


CORE = "interrupt or goes_on or compiled"  # what differs by backend; the kill is tested under both anyway
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
    (tmp_path / "part.weights.h5").write_bytes(b"half a checkpoint")
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
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.weights.h5", "history.json"}


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow alone traces again for new variables")
def test_a_step_is_traced_once(monkeypatch):
    traced, step = [], keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda self, *data: traced.append(self.name) or step(self, *data))
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    training.fit(model, IMAGES, LABELS, epochs=1, callbacks=[training.Monitor(live=False)], **DATA)
    assert len(traced) == 1


def test_resume_needs_optimizer_and_random_state(tmp_path, monkeypatch):
    """Break it on purpose: without either, the continued run differs from the uninterrupted one."""
    train(plain := small(), 3)
    train(small(), 3, At(interrupt, epoch=3, batch=1), folder=tmp_path / "run")
    load = Checkpoint.load

    def same_as_uninterrupted(forget) -> bool:
        model = small()
        model.optimizer.build(model.trainable_variables)

        def forgetful(self, model):
            fresh = [(variable, variable.numpy()) for variable in forget(model)]
            run = load(self, model)
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


def test_random_state_goes_on(tmp_path):
    run = train(model := small(), 1, folder=tmp_path)
    again = small()
    Checkpoint(tmp_path).load(again)
    states = [[v.numpy().tolist() for v in m.variables if "seed" in v.path] for m in (model, again, small())]
    assert states[0] == states[1] != states[2] and len(states[0]) == 1
    assert len(run["loss"]) == 1


def test_finished_run_is_only_loaded(tmp_path, capsys):
    first = train(model := small(), 2, folder=tmp_path)
    monkey = small()
    monkey.fit = interrupt  # must not be called
    assert train(monkey, 2, folder=tmp_path) == first
    assert "holds epochs 1 to 2 of 2" in capsys.readouterr().out
    np.testing.assert_array_equal(weights(monkey), weights(model))
    assert len(train(small(), 3, folder=tmp_path)["loss"]) == 3


def test_run_that_stopped_early_is_finished_with_its_best_weights(tmp_path):
    stop = keras.callbacks.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True)
    history = train(model := small(), 20, stop, folder=tmp_path)
    assert len(history["loss"]) < 20
    again = small()
    assert train(again, 20, folder=tmp_path) == history
    np.testing.assert_array_equal(weights(again), weights(model))


def test_failure_while_writing_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    model, save = small(), keras.Model.save_weights

    def fail_half_way(self, path, **keywords):
        save(self, path, **keywords)
        Path(path).write_bytes(Path(path).read_bytes()[:1000])
        raise OSError("disk full")

    def break_it():
        monkeypatch.setattr(keras.Model, "save_weights", fail_half_way)

    with pytest.raises(OSError, match="disk full"):
        train(model, 4, At(break_it, epoch=3, batch=0), folder=tmp_path)
    assert (tmp_path / "part.weights.h5").stat().st_size == 1000
    monkeypatch.undo()
    run = Checkpoint(tmp_path).load(small())
    assert run["epoch"] == 2 and len(run["history"]["loss"]) == 2
    assert len(train(small(), 4, folder=tmp_path)["loss"]) == 4


@pytest.mark.parametrize("other", [{"units": 5}, {"optimizer": "adam"}])
def test_checkpoint_of_another_model_is_refused(other, tmp_path):
    train(small(), 1, folder=tmp_path)
    before = weights(model := small(**other))
    with pytest.raises(ValueError, match=f"another or delete.*{tmp_path.name}"):
        train(model, 2, folder=tmp_path)
    np.testing.assert_array_equal(weights(model), before)


def test_fit_checks_its_arguments():
    with pytest.raises(ValueError, match="Received: epochs=0"):
        train(small(), 0)
    with pytest.raises(ValueError, match=r"begin with keras\.Input"):
        train(keras.Sequential([keras.layers.Dense(2)]), 1)


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
    monkeypatch.setattr(
        "helpers.training.monitor.commit", lambda old, new: replaced.append((old, new)) or old.replace(new)
    )
    look = At(lambda: None, 0)
    look.on_epoch_end = lambda epoch, logs=None: seen.append(json.loads(path.read_text()))
    monitor = training.Monitor(path, live=False)
    history = training.fit(small(), IMAGES, LABELS, epochs=3, callbacks=[monitor, look], **DATA)
    assert [len(part["loss"]) for part in seen] == [1, 2, 3] and seen[-1] == history
    assert list(history) == ["accuracy", "loss", "seconds", "learning_rate"]
    assert all(rate == pytest.approx(0.02) for rate in history["learning_rate"]) and min(history["seconds"]) > 0
    assert replaced == [(tmp_path / "new" / "h.json.part", path)] * 3


def test_monitor_keeps_the_old_file_where_writing_fails(tmp_path, monkeypatch):
    monitor = training.Monitor(path := tmp_path / "h.json", live=False)
    monitor.history = {"loss": [1.0]}
    monitor.write()
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError("disk full")))
    monitor.history["loss"].append(2.0)
    with pytest.raises(OSError):
        monitor.write()
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


@pytest.mark.skipif("TESTS_OF_THE_OTHER_BACKEND" in os.environ, reason="this is the inner run")
def test_the_other_backend():
    other = "tensorflow" if keras.backend.backend() == "jax" else "jax"
    environment = {**os.environ, "KERAS_BACKEND": other, "TESTS_OF_THE_OTHER_BACKEND": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", CORE, __file__]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert result.returncode == 0, result.stdout[-4000:]
