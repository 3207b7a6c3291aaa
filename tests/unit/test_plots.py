import io

import matplotlib
import numpy as np
import pytest

matplotlib.use("agg")

from matplotlib import pyplot as plt

from helpers import plots

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 28, 28), dtype=np.uint8)
CLASSES = dict(x={"one": [0, 1, 2], "two": [5, 6, 7]}, series={"one": [1, 2, 3], "two": [1, 1, 4]}, labels=[0, 1, 0])
FIGURES = {
    "image_grid": lambda: plots.image_grid(GREY, [f"a\n{i}" for i in range(7)]),
    "image_grid colour": lambda: plots.image_grid(RNG.random((3, 8, 8, 3)), value_range=(0, 1)),
    "lines": lambda: plots.lines([1, 2, 3], {"a": [1, 2, 3], "b": [3, 2]}, xlabel="x", ylabel="y", marks={"m": 2}),
    "lines with a band": lambda: plots.lines(
        [1, 2], {"a": [1, 2], "b": [3, 2]}, xlabel="x", ylabel="y", ranges={"b": ([2, 1], [4, 3])}
    ),
    "lines log": lambda: plots.lines([1, 10], {"a": [1, 10]}, xlabel="x", ylabel="y", log="xy"),
    "learning_curves": lambda: plots.learning_curves({"loss": [2, 1], "val_loss": [2, 1.5], "accuracy": [0.1, 0.5]}),
    "bars": lambda: plots.bars({"a": 1, "b": 2}, xlabel="x", ranges={"a": (0.5, 1.5)}, reference={"b": 1.8}),
    "confusion": lambda: plots.confusion([0, 1, 1], [0, 1, 0], ("cat", "dog")),
    "scatter": lambda: plots.scatter(RNG.random(9), {"a": RNG.random(9), "b": RNG.random(5)}, xlabel="x", ylabel="y"),
    "scatter of classes": lambda: plots.scatter(**CLASSES, xlabel="x", ylabel="y", class_names=("cat", "dog")),
    "timeline": lambda: plots.timeline(
        [("main", "load", 6.0, 9.0), ("main", "step", 5.0, 15.0), ("two", "load", 4, 7)]
    ),
    "diagram": lambda: plots.diagram({"a": (0, 0), "b": (1, 0)}, [("a", "b")], colours={"a": "0.9"}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_draws_and_leaves_no_figure_open(name):
    figure = FIGURES[name]()
    assert plt.get_fignums() == []
    figure.savefig(file := io.BytesIO(), dpi=40)
    assert file.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["lines", "learning_curves", "bars", "confusion", "timeline"])
def test_axes_are_labelled(name):
    for axis in FIGURES[name]().axes:
        assert axis.get_xlabel()
        assert axis.get_ylabel() or name in ("bars", "timeline")  # their rows carry names


def test_the_value_range_is_the_callers():
    faint = np.full((1, 4, 4), 10)
    assert plots.image_grid(faint).axes[0].images[0].get_clim() == (0, 255)


def test_confusion_counts_labels_in_rows():
    texts = {(t.get_position()): t.get_text() for t in plots.confusion([0, 0, 1], [1, 1, 1], ("a", "b")).axes[0].texts}
    assert texts == {(1, 0): "2", (1, 1): "1"}  # (column, row)


def test_a_timeline_begins_at_the_first_start_and_draws_what_is_inside_slimmer():
    figure = FIGURES["timeline"]()
    axis, bars = figure.axes[0], [bar for bar in figure.axes[0].patches if bar.get_width()]
    found = {(bar.get_x(), bar.get_width(), round(bar.get_y() + bar.get_height() / 2)): bar for bar in bars}
    assert found.keys() == {(1, 10, 0), (2, 3, 0), (0, 3, 1)}  # (start, length, row)
    inner, outer, other = found[2, 3, 0], found[1, 10, 0], found[0, 3, 1]
    assert inner.get_height() < outer.get_height() == other.get_height()
    assert inner.get_facecolor() == other.get_facecolor() != outer.get_facecolor()
    assert [label.get_text() for label in axis.get_yticklabels()] == ["main", "two"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["load", "step"]


@pytest.mark.parametrize(
    ("draw", "part"),
    [
        (lambda: plots.image_grid(np.zeros((0, 4, 4))), "images"),
        (lambda: plots.image_grid(np.zeros((2, 4, 4, 2))), "images"),
        (lambda: plots.image_grid(GREY, ["one"]), "titles"),
        (lambda: plots.diagram({"a": (0, 0)}, [("a", "b")]), "'b'"),
        (lambda: plots.timeline([]), "spans"),
        (lambda: plots.timeline([("main", "step", 2, 1)]), "start <= end"),
        (lambda: plots.timeline([("main", str(i), 0, 1) for i in range(9)]), "9 names"),
    ],
)
def test_bad_input_is_named(draw, part):
    with pytest.raises(ValueError, match=part):
        draw()


def test_scatter_gives_each_class_its_own_dots_and_each_series_its_own_positions():
    one, two = FIGURES["scatter of classes"]().axes
    dots = {
        (axis.get_title(), line.get_label()): line.get_xydata().tolist() for axis in (one, two) for line in axis.lines
    }
    assert dots["one", "cat"] == [[0, 1], [2, 3]] and dots["one", "dog"] == [[1, 2]]
    assert dots["two", "cat"] == [[5, 1], [7, 4]] and dots["two", "dog"] == [[6, 1]]
    assert len({(line.get_color(), line.get_marker()) for line in one.lines}) == 2


def test_a_band_reaches_from_the_lower_to_the_upper_ends():
    [axis] = FIGURES["lines with a band"]().axes
    [band] = axis.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1, 4)
