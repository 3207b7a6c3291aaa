"""A callback that shows a training while it runs, and keeps its history."""

import io
import json
import sys
import time
from pathlib import Path

import keras

from helpers import plots
from helpers.files import commit


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
