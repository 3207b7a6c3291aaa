"""The whole state of a training run in one file, and interrupts that leave the model whole."""

import itertools
import json
import signal
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path

import h5py
import keras
import numpy as np

from helpers.files import commit


class Checkpoint(keras.callbacks.Callback):
    """Save the whole state of a run in one file, and load it again.

    `keras.callbacks.BackupAndRestore` writes over its only copy and leaves out the history and the random state of
    dropout. Here Keras's weights file (it includes the optimizer) also carries these, and takes the place of the one
    before in a single step, so that a kill at any moment leaves the last finished epoch.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self.path = folder / "checkpoint.weights.h5"  # save_weights insists on this ending
        self.history, self._epoch = {}, 0

    def on_epoch_end(self, epoch, logs=None):
        self._epoch = epoch + 1
        self._save()

    def on_train_end(self, logs=None):  # by now other callbacks may have stopped the run and chosen other weights
        self._save(finished=self.params["epochs"])

    def _save(self, finished: int = 0) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name("part.weights.h5")
        self.model.save_weights(temporary, overwrite=True)
        run = {"epoch": self._epoch, "finished": finished, "shapes": _shapes(self.model), "history": self.history}
        with h5py.File(temporary, "a") as file:
            file["run"] = json.dumps(run)
            for i, variable in enumerate(_random_state(self.model)):
                file[f"random_state/{i}"] = keras.ops.convert_to_numpy(variable)
        commit(temporary, self.path)

    def load(self, model: keras.Model) -> dict:
        """Put the saved state into the model, if there is one, and return what was noted beside it."""
        if not self.path.is_file():
            return {"epoch": 0, "finished": 0, "history": {}}
        build_optimizer(model)  # load_weights skips an optimizer without variables
        with h5py.File(self.path, "r") as file:
            run = json.loads(file["run"].asstr()[()])
            random_state = [file[f"random_state/{i}"][()] for i in range(len(file.get("random_state", ())))]
        pairs = enumerate(itertools.zip_longest(run["shapes"], _shapes(model)))
        differs = next((f"variable {i}: saved {old}, here {new}" for i, (old, new) in pairs if old != new), None)
        if differs:
            raise ValueError(
                "folder must be new or hold a run of this model and optimizer; choose another or delete it. "
                f"Received: folder={str(self.path.parent)!r} ({differs})"
            )
        model.load_weights(self.path)
        for variable, value in zip(_random_state(model), random_state, strict=True):
            variable.assign(value)
        self._epoch = run["epoch"]
        return run


def _random_state(model: keras.Model) -> list:
    """Return the variables that `save_weights` leaves out: the states of the random generators."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def _shapes(model: keras.Model) -> list[list[int]]:
    return [list(variable.shape) for variable in (*model.variables, *model.optimizer.variables)]


class Interrupt(keras.callbacks.Callback):
    """Let an interrupt wait for the end of the step, and repair the model after one that did not wait.

    Under JAX the variables are empty during an epoch and read as newly initialised ones; their values are handed from
    step to step and lost where a step is cut off.
    """

    def __init__(self):
        super().__init__()
        self.epoch, self.pressed, self._kept = 0, False, []

    @contextmanager
    def patient(self):
        """Take over Ctrl-C and the notebook's square button; only the main thread gets these."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before or signal.default_int_handler)

    def _press(self, number, frame):
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
        print("stopping after this step; interrupt once more to stop at once")

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        if keras.backend.backend() == "jax":
            self._kept = [(variable, np.array(variable.value)) for variable in self._state()]

    def on_train_batch_begin(self, batch, logs=None):
        if self.pressed:
            raise KeyboardInterrupt

    on_test_batch_begin = on_train_batch_begin

    def _state(self) -> list:
        return [*self.model.variables, *self.model.optimizer.variables, *self.model.metrics_variables]

    def repair(self) -> str:
        """Return which weights the model has after the interrupt."""
        if any(variable._value is None or variable._value.is_deleted() for variable, _ in self._kept):
            for variable, value in self._kept:
                variable.assign(value)
            return f"the weights it had after epoch {self.epoch}" if self.epoch else "the weights it started with"
        return "the weights of that moment"


def build_optimizer(model: keras.Model) -> None:
    """Make the variables of a compiled model's optimizer now, and not in the first step."""
    strategy = getattr(model, "distribute_strategy", None)  # TensorFlow's, which wants to be entered
    with strategy.scope() if strategy else nullcontext():
        model.optimizer.build(model.trainable_variables)


def reset_optimizer(optimizer: keras.optimizers.Optimizer) -> None:
    """Set the steps and the slots of a built optimizer to 0, as before the first step; its rate stays.

    A new optimizer would do the same, but compiling it means tracing the training step once more.

    Raises:
        ValueError: not one of `SGD`, `RMSprop`, `Adam` and `AdamW`; slots of some others begin elsewhere than at 0.
    """
    kinds = [keras.optimizers.SGD, keras.optimizers.RMSprop, keras.optimizers.Adam, keras.optimizers.AdamW]
    if type(optimizer) not in kinds:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"optimizer must be one of {names}. Received: optimizer={type(optimizer).__name__}")
    for variable in optimizer.variables:
        if variable is not optimizer.learning_rate:
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))


def save_variables(path: Path, variables: list, note: dict) -> None:
    """Save variables of several models in one file that takes the place of the one before in a single step.

    Args:
        path: the file, ending in `.npz`; folders are made.
        variables: Keras variables, in an order that `load_variables` gets again.
        note: anything that JSON can hold; comes back from `load_variables`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"part_{path.name}")
    values = {f"variable_{i}": keras.ops.convert_to_numpy(variable) for i, variable in enumerate(variables)}
    np.savez(temporary, note=np.array(json.dumps(note)), **values)
    commit(temporary, path)


def load_variables(path: Path, variables: list) -> dict:
    """Put what `save_variables` saved into variables of the same shapes and return the note.

    Raises:
        ValueError: the file holds other variables.
    """
    with np.load(path, allow_pickle=False) as saved:
        values = [saved[f"variable_{i}"] for i in range(len(saved.files) - 1)]
        note = json.loads(str(saved["note"]))
    there, here = [value.shape for value in values], [tuple(variable.shape) for variable in variables]
    if there != here:
        raise ValueError(
            f"folder must be new or hold a run of these models; choose another or delete it. Received: {str(path)!r} "
            f"with {len(there)} variables, here {len(here)}; shapes differ"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return note
