"""A callback that shows a training while it runs, and keeps its history."""

import io
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from helpers import plots
from helpers.files import whole


def note(history: dict[str, list[float]], values: Mapping[str, object]) -> None:
    """Append an epoch's values to a history; several values at once, one a class, go under `name/0`, `name/1`, ..."""
    for name, value in values.items():
        value = np.asarray(keras.ops.convert_to_numpy(value), dtype=float)
        for index, single in enumerate(value.flat):
            history.setdefault(f"{name}/{index}" if value.ndim else name, []).append(float(single))


class Monitor(keras.callbacks.Callback):
    """Draw loss and accuracy after every epoch and write the history as JSON.

    In a notebook the figure is replaced in place, at most once a second and at the end; elsewhere one line an epoch is
    printed. `history` holds one value an epoch for each metric that Keras reports, for `seconds` (training and
    validation of that epoch, without what other callbacks do at its end) and for `learning_rate` (at its end). A metric
    with one value a class, such as `F1Score`, has a list for each: `f1_score/0`, `f1_score/1`, ...

    Args:
        path: the JSON file, replaced as a whole after every epoch; None writes `history.json` in the run's folder, and
            nothing where there is none.
        live: False draws and prints nothing.
    """

    def __init__(self, path: str | Path | None = None, *, live: bool = True):
        super().__init__()
        self.path, self.live = path, live
        self.folder: Path | None = None  # that of the run, set by `fit`
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
        note(self.history, {**(logs or {}), "seconds": seconds, "learning_rate": rate})
        self.write()
        if time.perf_counter() - self._shown_at > 1 or not self._in_notebook():
            self.show()

    def write(self) -> None:
        """Write the history to `path` or into the run's folder, where there is one."""
        path = self.path or (self.folder and self.folder / "history.json")
        if path is not None:
            with whole(Path(path)) as temporary:
                temporary.write_text(json.dumps(self.history, indent=1), encoding="utf-8")

    def show(self) -> None:
        """Show the history so far, unless it is shown already."""
        epochs = len(self.history.get("seconds", ()))
        if not self.live or epochs == self._shown:
            return
        self._shown, self._shown_at = epochs, time.perf_counter()
        if not self._in_notebook():
            figures = "  ".join(f"{key} {values[-1]:.4g}" for key, values in self.history.items() if "/" not in key)
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
