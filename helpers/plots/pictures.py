"""Images in a grid, spans of time, a table of mistakes, boxes and arrows."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from helpers.plots.style import COLOURS, new


def image_grid(
    images: np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    value_range: tuple[float, float] = (0, 255),
    columns: int = 5,
    cell: float = 1.3,
    cmap: str = "gray_r",
) -> Figure:
    """Draw images in a grid.

    Args:
        images: (N, height, width), (N, height, width, 1) or (N, height, width, 3) with values in `value_range`.
        titles: one text an image.
        value_range: the values drawn as the two ends of the scale; never taken from the data.
        columns: images in a row.
        cell: width and height of one image, in inches.
        cmap: Matplotlib colour map for images with one channel.

    Raises:
        ValueError: other shapes, no image, or a number of titles that differs from the number of images.
    """
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if len(images) == 0 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        raise ValueError(f"images must be (N, height, width[, 1 or 3]), N > 0. Received: shape {images.shape}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles must hold one text an image. Received: {len(titles)} for {len(images)} images")
    low, high = value_range
    rows = -(-len(images) // columns)
    extra = 0.22 * (1 + max(str(title).count("\n") for title in titles)) if titles is not None else 0
    figure, axes = new(rows, columns, size=(columns * cell, rows * (cell + extra)))
    for axis in axes.flat:
        axis.axis("off")
    for index, image in enumerate(images):
        axis = axes.flat[index]
        if image.ndim == 3:
            axis.imshow(np.clip((image - low) / (high - low), 0, 1))
        else:
            axis.imshow(image, cmap=cmap, vmin=low, vmax=high)
        if titles is not None:
            axis.set_title(str(titles[index]), fontsize=9)
    return figure


def timeline(
    spans: Sequence[tuple[str, str, float, float]],
    *,
    xlabel: str = "milliseconds",
    size: tuple[float, float] | None = None,
) -> Figure:
    """Draw spans of time as bars from left to right, one row a thread; a span inside another one is drawn slimmer.

    Args:
        spans: (row, name, start, end) each, in the unit of `xlabel`. Rows stand in the order in which they come first;
            names get their colours in alphabetical order.
        xlabel: label of the time axis, with its unit; it begins at the first start.
        size: width and height in inches; by default 9 wide, and higher with every row.

    Raises:
        ValueError: no span, one that ends before it starts, or more names than colours.
    """
    rows, names = list(dict.fromkeys(span[0] for span in spans)), sorted({span[1] for span in spans})
    spans = sorted(spans, key=lambda span: (span[2], -span[3]))
    if not 1 <= len(names) <= len(COLOURS) or any(start > end for _, _, start, end in spans):
        raise ValueError(
            f"spans must hold 1 to {len(COLOURS)} names, start <= end. Received: {len(names)} names: {names}"
        )
    figure, axes = new(size=size or (9, 1.2 + 0.45 * len(rows)))
    axis, open_until = axes[0, 0], {row: [] for row in rows}
    for row, name, start, end in spans:
        outer = [other for other in open_until[row] if other > start]
        open_until[row] = [*outer, end]
        height = 0.8 * 0.7 ** len(outer)
        bar = {"height": height, "left": start - spans[0][2], "color": COLOURS[names.index(name)]}
        axis.barh(rows.index(row), end - start, **bar, linewidth=0, zorder=2 + len(outer))
    for name, colour in zip(names, COLOURS, strict=False):
        axis.barh(0, 0, color=colour, label=name)
    axis.set(xlabel=xlabel, yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.5, -0.5))
    axis.grid(alpha=0.3, axis="x")
    figure.legend(loc="outside upper center", ncols=len(names), fontsize=8)
    return figure


def confusion(labels: np.ndarray, predictions: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Draw the confusion matrix: rows are labels, columns predictions; the diagonal is left pale so that mistakes show.

    Args:
        labels, predictions: (N,) whole numbers from 0 to len(class_names) - 1.
        class_names: the name of each class.
    """
    counts = confusion_matrix(labels, predictions, labels=range(len(class_names)))
    mistakes = counts - np.diag(np.diag(counts))
    figure, axes = new(size=(1.6 + 0.45 * len(class_names), 1.2 + 0.45 * len(class_names)))
    axis = axes[0, 0]
    axis.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, mistakes.max()))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = mistakes[row, column] > 0.6 * mistakes.max()
            axis.text(column, row, str(count), ha="center", va="center", fontsize=8, color="white" if dark else "black")
    ticks = range(len(class_names))
    axis.set(xlabel="predicted", ylabel="label", xticks=ticks, yticks=ticks)
    long = max(len(str(name)) for name in class_names) > 3
    axis.set_xticklabels(class_names, rotation=90 if long else 0)
    axis.set_yticklabels(class_names)
    return figure


def diagram(
    boxes: Mapping[str, tuple[float, float]],
    arrows: Sequence[tuple[str, str]],
    *,
    colours: Mapping[str, str] | None = None,
    size: tuple[float, float] = (8, 4),
) -> Figure:
    """Draw boxes with text, joined by arrows: a network's layers, a map of chapters.

    Args:
        boxes: the text of each box and the (x, y) of its centre, in any unit; y grows upwards.
        arrows: pairs (from, to) of box texts.
        colours: fill colour by box text; white where absent.
        size: width and height in inches.

    Raises:
        ValueError: an arrow names a box that is not there.
    """
    missing = {end for arrow in arrows for end in arrow} - boxes.keys()
    if missing:
        raise ValueError(f"arrows must join boxes that exist. Received: {sorted(missing)}; boxes are {sorted(boxes)}")
    figure, axes = new(size=size)
    axis = axes[0, 0]
    texts = {}
    for text, (x, y) in boxes.items():
        frame = {"boxstyle": "round,pad=0.45", "facecolor": (colours or {}).get(text, "white"), "edgecolor": "0.3"}
        texts[text] = axis.text(x, y, text, ha="center", va="center", fontsize=9, bbox=frame, zorder=3)
    xs, ys = zip(*boxes.values(), strict=True)
    axis.set_xlim(min(xs) - 0.7, max(xs) + 0.7)
    axis.set_ylim(min(ys) - 0.6, max(ys) + 0.6)
    for start, end in arrows:
        joint = {"arrowstyle": "-|>", "color": "0.3", "shrinkA": 0, "shrinkB": 2}
        patches = texts[start].get_bbox_patch(), texts[end].get_bbox_patch()
        axis.annotate("", boxes[end], boxes[start], arrowprops=joint | {"patchA": patches[0], "patchB": patches[1]})
    axis.axis("off")
    return figure
