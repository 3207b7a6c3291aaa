"""The whole state of a training run in one file, and interrupts that leave the model whole."""

import json
import signal
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import keras
import numpy as np

from helpers import profiles
from helpers.files import FileError, whole
from helpers.training.record import difference

RESUME = ("run", "weights")
FILE, OLDER_FILES = "checkpoint.npz", ("checkpoint.weights.h5", "game.npz")  # the older ones do not say what they hold


class Checkpoint(keras.callbacks.Callback):
    """Save the whole state of a run in one file, and load it again.

    `keras.callbacks.BackupAndRestore` writes over its only copy and leaves out the history and the random state of
    dropout. Here one file holds weights, optimizer, random state, history and what the run is, and takes the place of
    the one before in a single step, so that a kill at any moment leaves the last finished epoch, or the start.

    Args:
        folder: of the file.
        record: what the run is, from `describe`.
    """

    def __init__(self, folder: Path, record: dict):
        super().__init__()
        self.folder, self.record = folder, record
        self.history, self._epoch = {}, 0

    def on_epoch_end(self, epoch, logs=None):
        self._epoch = epoch + 1
        self._save(self.model)

    def on_train_end(self, logs=None):  # by now other callbacks may have stopped the run and chosen other weights
        self._save(self.model, finished=self.params["epochs"])

    def _save(self, model: keras.Model, finished: int = 0) -> None:
        run = {"epoch": self._epoch, "finished": finished, "history": self.history}
        save_run(self.folder, model.variables, [model.optimizer], self.record, run)

    def load(self, model: keras.Model, resume: str = "run") -> dict:
        """Put the saved state into the model and return what was noted beside it; save the start of a new run."""
        build_optimizer(model)
        run = load_run(self.folder, model.variables, [model.optimizer], self.record, resume)
        self._epoch, self.history = (run["epoch"], run["history"]) if run else (0, {})
        if not run:
            self._save(model)
        return run or {"epoch": 0, "finished": 0, "history": self.history}


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


@contextmanager
def unlearned(*models: keras.Model) -> Iterator[None]:
    """Put the first weights back at the end, but only while `COURSE_BROKEN=untrained` asks for this mistake."""
    first = [model.get_weights() for model in models] if profiles.broken() == "untrained" else []
    yield
    for model, weights in zip(models, first, strict=False):
        model.set_weights(weights)


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


def save_variables(path: Path, variables: Sequence, note: dict, part: str = "") -> None:
    """Save Keras variables and a note that JSON can hold in one file, ending in `.npz`, which appears as a whole.

    Args:
        path, part: as for `files.whole`.
        variables: in an order that the reader knows.
        note: comes back from `load_variables`.

    Raises:
        FileError: it cannot be written, as on a full disk. Names the file; the one before stays.
    """
    values = [keras.ops.convert_to_numpy(variable) for variable in variables]
    values = [value.astype("float32") if value.dtype.kind == "V" else value for value in values]  # bfloat16
    named = {f"variable_{i}": value for i, value in enumerate(values)}
    with whole(path, part) as temporary, temporary.open("wb") as file:
        np.savez(file, note=np.array(json.dumps(note)), **named)


def load_variables(path: Path) -> tuple[list[np.ndarray], dict]:
    """Return the values and the note that `save_variables` saved.

    Raises:
        FileError: the file is damaged. Names it.
    """
    try:
        with np.load(path, allow_pickle=False) as saved:
            return [saved[f"variable_{i}"] for i in range(len(saved.files) - 1)], json.loads(str(saved["note"]))
    except (OSError, EOFError, KeyError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise FileError(f"{path} is damaged or no checkpoint: delete it or choose another folder ({error})") from error


def save_run(folder: Path, variables: Sequence, optimizers: Sequence, record: dict, run: dict) -> None:
    """Save a run in one file that takes the place of the one before in a single step.

    Args:
        folder: of the file; made where it is not there.
        variables: Keras variables of the models, in an order that `load_run` gets again.
        optimizers: built ones, in the same way.
        record: what the run is, from `describe`.
        run: what `load_run` returns: `epoch`, the last finished one, and anything else that JSON can hold.

    Raises:
        FileError: as from `save_variables`.
    """
    state = [*variables, *(variable for optimizer in optimizers for variable in optimizer.variables)]
    save_variables(folder / FILE, state, {"run": run, "record": record, "weights": len(variables)})


def load_run(folder: Path, variables: Sequence, optimizers: Sequence, record: dict, resume: str = "run") -> dict | None:
    """Put what `save_run` saved into the variables and return the run; None where a new one begins.

    Args:
        folder, variables, optimizers, record: as for `save_run`.
        resume: `"run"` goes on with a run, if one is saved; `"weights"` takes the variables of the models alone into a
            new run, whatever else differs.

    Raises:
        FileError: the file is damaged. Names it.
        ValueError: another run is saved here. Names the first difference.
    """
    if resume not in RESUME or (resume == "weights" and not (folder / FILE).exists()):
        raise ValueError(f"resume must be 'run', or 'weights' where {folder / FILE} is. Received: resume={resume!r}")
    if not (folder / FILE).exists():
        for older in filter(Path.exists, map(folder.joinpath, OLDER_FILES)):
            _refuse(folder, f"{older.name} of an older release, which does not say what run it is", "delete it")
        return None
    values, note = load_variables(folder / FILE)
    if resume == "run":
        state = [*variables, *(variable for optimizer in optimizers for variable in optimizer.variables)]
        differs = difference(note["record"], record)
    else:
        state, values, differs = variables, values[: note["weights"]], ""
    shapes = [[list(each.shape) for each in part] for part in (values, state)]
    if differs := differs or difference(*shapes, "/shapes"):
        _refuse(folder, differs, "resume='weights', which begins a new run here with the saved weights")
    rates = [_rate(optimizer) for optimizer in optimizers]
    for variable, value in zip(state, values, strict=True):
        variable.assign(value)
    if resume == "weights":
        for optimizer in optimizers:
            if int(optimizer.iterations):
                reset_optimizer(optimizer)
        return None
    done = note["run"]["epoch"]
    print(f"{folder} holds {f'epochs 1 to {done}' if done else 'the start'} of this run")
    for optimizer, rate in zip(optimizers, rates, strict=True):
        if _rate(optimizer) != rate:
            print(f"the learning rate is {_rate(optimizer):.4g}, as saved, not {rate:.4g}: a callback can set it")
    return note["run"]


def _refuse(folder, differs, way_out):
    received = f"Received: folder={str(folder)!r} ({differs})"
    raise ValueError(f"folder must be new or hold this run; choose another, or {way_out}. {received}")


def _rate(optimizer):
    """Return the learning rate that is a variable; None where it follows from the step."""
    rate = optimizer.learning_rate
    return float(keras.ops.convert_to_numpy(rate)) if isinstance(rate, keras.Variable) else None
