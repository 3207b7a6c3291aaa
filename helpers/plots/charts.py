"""Numbers on axes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from helpers.plots.style import COLOURS, STYLES, new


def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
    ranges: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    log: str = "",
    size: tuple[float, float] = (6, 3.4),
) -> Figure:
    """Draw named series over one x axis.

    Args:
        x: (N,) positions.
        series: a name and (N,) or fewer values each; a shorter series starts at the first position.
        xlabel, ylabel: axis labels, with units.
        marks: names and heights of horizontal reference lines.
        ranges: lower and upper ends for the values of some series, drawn as a band.
        log: the axes with a logarithmic scale: `""`, `"x"`, `"y"` or `"xy"`.
        size: width and height in inches.
    """
    figure, axes = new(size=size)
    axis = axes[0, 0]
    for index, (name, values) in enumerate(series.items()):
        style = STYLES[index % len(STYLES)]
        axis.plot(x[: len(values)], values, style, color=COLOURS[index % len(COLOURS)], label=name)
        if name in (ranges or {}):
            axis.fill_between(x[: len(values)], *ranges[name], color=COLOURS[index % len(COLOURS)], alpha=0.2)
    for name, height in (marks or {}).items():
        axis.axhline(height, color="0.4", linewidth=1, linestyle=(0, (1, 2)))
        axis.annotate(name, (1, height), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.set_xscale("log" if "x" in log else "linear")
    axis.set_yscale("log" if "y" in log else "linear")
    if "x" not in log:
        whole = all(float(position).is_integer() for position in x)
        axis.xaxis.get_major_locator().set_params(integer=whole)  # epochs and steps have no halves
    axis.grid(alpha=0.3)
    if len(series) > 1:
        axis.legend(fontsize=8)
    return figure


def scatter(
    x: Sequence[float] | Mapping[str, Sequence[float]],
    series: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    labels: np.ndarray | None = None,
    class_names: Sequence[str] = ("",),
    size: tuple[float, float] = (3.2, 3.0),
) -> Figure:
    """Draw each named series as dots in a field of its own, side by side, all on the same axes.

    Args:
        x: (N,) positions, or those of each series by its name.
        series: a name and N or fewer values each; a shorter series starts at the first position.
        xlabel, ylabel: axis labels, with units.
        labels, class_names: (N,) a class for each dot, which gets the colour and the sign of its class.
        size: width and height of one field, in inches.
    """
    figure, axes = new(1, len(series), size=(size[0] * len(series), size[1]), sharex=True, sharey=True)
    for axis, (name, values) in zip(axes[0], series.items(), strict=True):
        across = np.asarray(x[name] if isinstance(x, Mapping) else x)[: len(values)]
        for index, class_name in enumerate(class_names):
            dots = slice(None) if labels is None else np.asarray(labels)[: len(values)] == index
            style = dict(color=COLOURS[index % len(COLOURS)], marker=".^sxDvP*"[index % 8], linestyle="")
            axis.plot(across[dots], np.asarray(values)[dots], markersize=3, label=class_name, **style)
        axis.set(title=name, xlabel=xlabel)
        axis.grid(alpha=0.3)
    if labels is not None:
        axes[0, 0].legend(fontsize=8)
    axes[0, 0].set_ylabel(ylabel)
    return figure


def learning_curves(history: Mapping[str, Sequence[float]], *, size: tuple[float, float] = (9, 3.4)) -> Figure:
    """Draw loss on the left and accuracy on the right, training and validation, over epochs.

    Args:
        history: one list of values an epoch for each of `loss`, `accuracy`, and their `val_` twins where measured, as
            in `keras.callbacks.History.history`. Other keys are left out.
        size: width and height in inches.
    """
    figure, axes = new(1, 2, size=size)
    for axis, metric in zip(axes[0], ("loss", "accuracy"), strict=True):
        for prefix, name, colour, style in (
            ("", "training", COLOURS[0], "-"),
            ("val_", "validation", COLOURS[1], "--"),
        ):
            values = history.get(prefix + metric, ())
            if len(values):
                epochs = range(1, len(values) + 1)
                axis.plot(epochs, values, style, color=colour, label=name, marker=".", markersize=5)
        axis.set(xlabel="epoch", ylabel=metric)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend(fontsize=8)
    return figure


def bars(
    values: Mapping[str, float],
    *,
    xlabel: str,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    reference: Mapping[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    form: str = "{:.3g}",
) -> Figure:
    """Draw one horizontal bar a name, the first on top, with its value written beside it.

    Args:
        values: a name and a value each.
        xlabel: label of the value axis, with its unit.
        ranges: low and high of the runs behind a value, drawn as an error bar.
        reference: a second value for some names (a published one), drawn as a diamond.
        limits: ends of the value axis. Say in the caption when it does not start at zero.
        form: how a value is written.
    """
    names = list(values)
    figure, axes = new(size=(7, 0.9 + 0.34 * len(names)))
    axis, heights = axes[0, 0], range(len(names))
    axis.barh(heights, [values[name] for name in names], color=COLOURS[5], edgecolor=COLOURS[0])
    for height, name in zip(heights, names, strict=True):
        low, high = (ranges or {}).get(name, (values[name], values[name]))
        axis.plot([low, high], [height, height], color="black", linewidth=2)
        right = max(high, (reference or {}).get(name, high))
        axis.annotate(form.format(values[name]), (right, height), (5, 0), textcoords="offset points", va="center")
        if name in (reference or {}):
            axis.plot(reference[name], height, "D", color=COLOURS[1], markersize=6)
    axis.set(xlabel=xlabel, yticks=heights, yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    if limits:
        axis.set_xlim(limits)
    else:
        axis.margins(x=0.15)
    axis.grid(alpha=0.3, axis="x")
    return figure
