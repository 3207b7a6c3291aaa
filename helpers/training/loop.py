"""Training that can be watched, stopped and resumed."""

import operator
from collections.abc import Sequence
from pathlib import Path

import keras

from helpers.training.checkpoints import Checkpoint, Interrupt, build_optimizer, unlearned
from helpers.training.monitor import Monitor
from helpers.training.record import describe

# What may differ between the parts of a run
OPEN = {"verbose", "validation_batch_size", "validation_steps", "validation_freq"}


def fit(
    model: keras.Model,
    *data,
    epochs: int,
    folder: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    resume: str = "run",
    **keywords,
) -> dict[str, list[float]]:
    """Train a compiled model, drawn live; with a folder the run can be killed and continued.

    At the start and after every finished epoch the whole state (weights, optimizer, random state of dropout, history)
    is saved, and what the run is: model, optimizer, loss, settings, a fingerprint of the data. Calling `fit` again with
    the same folder continues after the last finished epoch, or only loads the result of a run that is finished. Another
    run is refused. More epochs are no other run, nor is another learning rate: the saved one holds until a callback
    sets it. Not saved: the order of the data and the memory of callbacks, such as the patience of `EarlyStopping`.
    An interrupt (the square button) stops after the current step and keeps the model; it is no error.

    Args:
        data: what `model.fit` takes first: images and labels, or a dataset.
        epochs: the number of epochs in all, those of an earlier part of the run included.
        folder: where the checkpoint and `history.json` go; None saves nothing.
        callbacks: further callbacks; a `Monitor` among them takes the place of the default one.
        resume: `"run"`, or `"weights"`: a new run that begins with the saved weights and takes the old run's place.
        keywords: passed on to `model.fit`; `verbose` is 0 unless given.

    Returns:
        The history of all finished epochs: see `Monitor`.

    Raises:
        ValueError: `epochs` is not positive, the model is not built and compiled, or `folder` holds another run: the
            message names the first difference.
        FileError: the checkpoint is damaged or cannot be written.
    """
    if operator.index(epochs) < 1:
        raise ValueError(f"epochs must be 1 or more. Received: epochs={epochs}")
    if not (model.built and model.compiled):
        raise ValueError(f"model must be compiled and begin with keras.Input. Received: model={model.name!r}")
    monitor = next((callback for callback in callbacks if isinstance(callback, Monitor)), None) or Monitor()
    if folder is None and resume != "run":
        raise ValueError(f"resume must be 'run' where there is no folder. Received: resume={resume!r}")
    folder, interrupt, checkpoints = None if folder is None else Path(folder), Interrupt(), []
    monitor.history, monitor.folder = {}, folder
    if folder is not None:
        checkpoints = [Checkpoint(folder, _record(model, data, keywords))]
        run = checkpoints[0].load(model, resume)
        monitor.history, interrupt.epoch = run["history"], run["epoch"]
        if run["epoch"]:
            monitor.write()  # a kill may have fallen between the two files
        if run["finished"] >= epochs:
            return monitor.history
    others = [callback for callback in callbacks if callback is not monitor]
    build_optimizer(model)  # TensorFlow traces a step twice if the first one makes variables
    _build_metrics(model, data)
    ordered = {"shuffle": False} if hasattr(data[0], "element_spec") else {}  # tf.data shuffles itself, or Keras warns
    keywords = {"verbose": 0, **ordered, **keywords, "callbacks": [interrupt, monitor, *others, *checkpoints]}
    try:
        with interrupt.patient(), unlearned(model):
            model.fit(*data, epochs=epochs, initial_epoch=interrupt.epoch, **keywords)
    except KeyboardInterrupt:
        monitor.show()
        print(f"stopped in epoch {interrupt.epoch + 1} of {epochs}; the model keeps {interrupt.repair()}")
    return monitor.history


def _build_metrics(model, data):
    """Make the variables of loss and metrics before the first step, as Keras does by itself under JAX."""
    first, strategy = data[0], getattr(model, "distribute_strategy", None)  # TensorFlow's
    batch = first[0] if isinstance(first, keras.utils.PyDataset) else getattr(first, "element_spec", data)
    known = all(hasattr(part, "shape") and hasattr(part, "dtype") for part in keras.tree.flatten(batch))
    if strategy and model.loss and known:
        with strategy.scope():
            model._symbolic_build(data_batch=batch)


def _record(model, data, keywords):
    settings = {name: value for name, value in keywords.items() if name not in OPEN}
    loss = {"loss": model.loss, "loss_weights": model._compile_config.config.get("loss_weights")}
    return describe(model=model, optimizer=model.optimizer, **loss, data=data, settings=settings)
