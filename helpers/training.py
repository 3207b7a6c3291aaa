"""Training that can be watched, stopped and resumed; learning rate schedules; images shifted anew in every epoch."""

import io
import json
import operator
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from helpers import plots
from helpers.checkpoints import Checkpoint, Interrupt, build_optimizer, commit


class Monitor(keras.callbacks.Callback):
    """Draw loss and accuracy after every epoch and write the history as JSON.

    In a notebook the figure is replaced in place, at most once a second and at the end; elsewhere one line an epoch is
    printed. `history` holds one value an epoch for each metric that Keras reports, for `seconds` (training and
    validation of that epoch, without what other callbacks do at its end) and for `learning_rate` (at its end).

    Args:
        path: the JSON file, replaced as a whole after every epoch; None writes nothing.
        live: False draws and prints nothing.
    """

    def __init__(self, path: str | Path | None = None, *, live: bool = True):
        super().__init__()
        self.path, self.live = path, live
        self.history: dict[str, list[float]] = {}
        self._handle = None

    def on_train_begin(self, logs=None):
        self._handle, self._shown, self._shown_at = None, 0, 0.0  # a new run draws in its own cell

    def on_train_end(self, logs=None):
        self.show()

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = round(time.perf_counter() - self._start, 3)
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        for key, value in {**(logs or {}), "seconds": seconds, "learning_rate": rate}.items():
            self.history.setdefault(key, []).append(float(value))
        self.write()
        if time.perf_counter() - self._shown_at > 1 or not self._in_notebook():
            self.show()

    def write(self) -> None:
        """Write the history to `path`, where there is one."""
        if self.path is not None:
            path = Path(self.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(path.name + ".part")
            temporary.write_text(json.dumps(self.history, indent=1), encoding="utf-8")
            commit(temporary, path)

    def show(self) -> None:
        """Show the history so far, unless it is shown already."""
        epochs = len(self.history.get("seconds", ()))
        if not self.live or epochs == self._shown:
            return
        self._shown, self._shown_at = epochs, time.perf_counter()
        if not self._in_notebook():
            figures = "  ".join(f"{key} {values[-1]:.4g}" for key, values in self.history.items())
            print(f"epoch {epochs}/{self.params.get('epochs')}  {figures}")
            return
        image = io.BytesIO()
        plots.learning_curves(self.history).savefig(image, format="png", dpi=90)
        from IPython.display import Image, display

        picture = Image(image.getvalue(), format="png", alt=f"loss and accuracy up to epoch {epochs}")
        if self._handle is None:
            self._handle = display(picture, display_id=True)
        else:
            self._handle.update(picture)

    @staticmethod
    def _in_notebook() -> bool:
        ipython = sys.modules.get("IPython")  # not imported: certainly no notebook
        return hasattr(ipython.get_ipython() if ipython else None, "kernel")


def fit(
    model: keras.Model,
    *data,
    epochs: int,
    folder: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **keywords,
) -> dict[str, list[float]]:
    """Train a compiled model, drawn live; with a folder the run can be killed and continued.

    After every finished epoch the whole state (weights, optimizer, random state of dropout, history) is saved. Calling
    `fit` again with the same folder continues after the last finished epoch, or only loads the result of a run that is
    finished. Not saved: the order of the data and the memory of callbacks, such as the patience of `EarlyStopping`.
    An interrupt (the square button) stops after the current step and keeps the model; it is no error.

    Args:
        data: what `model.fit` takes first: images and labels, or a dataset.
        epochs: the number of epochs in all, those of an earlier part of the run included.
        folder: where the checkpoint and `history.json` go; None saves nothing.
        callbacks: further callbacks; a `Monitor` among them takes the place of the default one.
        keywords: passed on to `model.fit`; `verbose` is 0 unless given.

    Returns:
        The history of all finished epochs: see `Monitor`.

    Raises:
        ValueError: `epochs` is not positive, the model is not built and compiled, or `folder` holds another model.
    """
    if operator.index(epochs) < 1:
        raise ValueError(f"epochs must be 1 or more. Received: epochs={epochs}")
    if not (model.built and model.compiled):
        raise ValueError(f"model must be compiled and begin with keras.Input. Received: model={model.name!r}")
    monitor = next((callback for callback in callbacks if isinstance(callback, Monitor)), None) or Monitor()
    checkpoints, interrupt = ([] if folder is None else [Checkpoint(Path(folder))]), Interrupt()
    monitor.history, done = {}, 0
    for checkpoint in checkpoints:
        run = checkpoint.load(model)
        monitor.history = checkpoint.history = run["history"]
        done = interrupt.epoch = run["epoch"]
        monitor.path = monitor.path or Path(folder) / "history.json"
        if done:
            monitor.write()  # a kill may have fallen between the two files
            print(f"{folder} holds epochs 1 to {done} of {max(epochs, done)}")
        if run["finished"] >= epochs:
            return monitor.history
    others = [callback for callback in callbacks if callback is not monitor]
    build_optimizer(model)  # TensorFlow traces a step twice if the first one makes variables
    ordered = {"shuffle": False} if hasattr(data[0], "element_spec") else {}  # tf.data shuffles itself, or Keras warns
    keywords = {"verbose": 0, **ordered, **keywords, "callbacks": [interrupt, monitor, *others, *checkpoints]}
    try:
        with interrupt.patient():
            model.fit(*data, epochs=epochs, initial_epoch=done, **keywords)
    except KeyboardInterrupt:
        monitor.show()
        print(f"stopped in epoch {interrupt.epoch + 1} of {epochs}; the model keeps {interrupt.repair()}")
    return monitor.history


def _check_number(name: str, value: float, *, above: float) -> None:
    if not value > above:
        raise ValueError(f"{name} must be above {above}. Received: {name}={value}")


def polynomial_decay(
    learning_rate: float, *, steps: int, power: float = 1.0, end: float = 0.0
) -> keras.optimizers.schedules.PolynomialDecay:
    """Return `keras.optimizers.schedules.PolynomialDecay`: (learning_rate - end) * (1 - step / steps)**power + end.

    Args:
        learning_rate: the rate at step 0; above 0.
        steps: the step from which the rate is `end`; most often the number of training steps in all.
        power: 1 is a straight line, 2 falls faster at first.
        end: the last rate, from 0 to `learning_rate`.

    Raises:
        ValueError: a number outside its range.
    """
    _check_number("learning_rate", learning_rate, above=0)
    _check_number("steps", operator.index(steps), above=0)
    _check_number("power", power, above=0)
    if not 0 <= end <= learning_rate:
        raise ValueError(f"end must be from 0 to learning_rate={learning_rate}. Received: end={end}")
    return keras.optimizers.schedules.PolynomialDecay(learning_rate, steps, end, power)


@keras.saving.register_keras_serializable(package="deep_vision_workbook")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A straight line from 0 to the first rate of a schedule, then that schedule from its step 0.

    Args:
        schedule: the Keras schedule that follows; its steps count from the end of the warm-up.
        warmup_steps: the length of the line in training steps, above 0.

    Raises:
        TypeError: `schedule` is not a schedule.
        ValueError: `warmup_steps` is not positive.

    Example:
        >>> WarmUp(polynomial_decay(0.1, steps=900), warmup_steps=100)  # 0 at step 0, 0.1 at 100, 0 from 1000 on
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, *, warmup_steps: int):
        super().__init__()
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            raise TypeError(f"schedule must be a keras LearningRateSchedule. Received: schedule={schedule!r}")
        _check_number("warmup_steps", operator.index(warmup_steps), above=0)
        self.schedule, self.warmup_steps = schedule, warmup_steps

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        later = self.schedule(keras.ops.maximum(step - self.warmup_steps, 0.0))
        return later * keras.ops.minimum(step / self.warmup_steps, 1.0)

    def get_config(self):
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "warmup_steps": self.warmup_steps}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "schedule": keras.saving.deserialize_keras_object(config["schedule"])})


class ShiftedImages(keras.utils.PyDataset):
    """Batches of images, in a new order and each image moved by whole pixels, anew in every epoch.

    Pixels moved in from outside are 0. Both shifts of an image are drawn evenly from -max_shift to max_shift. The
    images that do not fill the last batch are left out of this epoch, so that every batch has the same shape.

    Args:
        images: uint8 in [0, 255], of shape (N, height, width).
        labels: of shape (N, ...).
        batch_size: from 1 to N.
        max_shift: pixels, 0 or more.
        shape: the shape of one image in a batch, as the model wants it: `(784,)`, `(28, 28, 1)` or `(28, 28)`.
        seed: the seed of order and shifts.

    Returns:
        By index, `(images, labels)`: float32 in [0, 1] of shape (batch_size, *shape), and the labels that belong.

    Raises:
        ValueError: an argument outside its range.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        *,
        batch_size: int,
        max_shift: int = 2,
        shape: tuple,
        seed: int = 0,
    ):
        super().__init__()
        if images.dtype != np.uint8 or images.ndim != 3:
            raise ValueError(f"images must be uint8 (N, height, width). Received: {images.dtype} {images.shape}")
        if len(labels) != len(images):
            raise ValueError(f"labels must be one an image ({len(images)}). Received: {len(labels)}")
        if not 1 <= operator.index(batch_size) <= len(images):
            raise ValueError(f"batch_size must be from 1 to {len(images)}. Received: batch_size={batch_size}")
        if np.prod(shape) != np.prod(images.shape[1:]):
            raise ValueError(f"shape must hold {images.shape[1:]} pixels. Received: shape={shape}")
        _check_number("max_shift", operator.index(max_shift), above=-1)
        padded = np.pad(images, ((0, 0), (max_shift, max_shift), (max_shift, max_shift)))
        self._windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[1:], axis=(1, 2))  # a view
        self._labels, self._batch_size, self._shape = labels, batch_size, tuple(shape)
        self._random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self._labels) // self._batch_size

    def __getitem__(self, index):
        order, rows, columns = self._draw[:, index * self._batch_size : (index + 1) * self._batch_size]
        images = self._windows[order, rows, columns].astype("float32") / 255
        return images.reshape(-1, *self._shape), self._labels[order]

    def on_epoch_end(self):
        order = self._random.permutation(len(self._labels))
        self._draw = np.stack([order, *self._random.integers(self._windows.shape[1], size=(2, len(order)))])
