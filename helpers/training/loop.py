"""Training that can be watched, stopped and resumed."""

import operator
from collections.abc import Sequence
from pathlib import Path

import keras

from helpers.training.checkpoints import Checkpoint, Interrupt, build_optimizer
from helpers.training.monitor import Monitor


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
