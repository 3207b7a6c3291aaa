import io

import matplotlib
import numpy as np
import pytest

matplotlib.use("agg")

from matplotlib import pyplot as plt

from helpers import plots

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 28, 28), dtype=np.uint8)
FIGURES = {
    "image_grid": lambda: plots.image_grid(GREY, [f"a\n{i}" for i in range(7)]),
    "image_grid colour": lambda: plots.image_grid(RNG.random((3, 8, 8, 3)), value_range=(0, 1)),
    "lines": lambda: plots.lines([1, 2, 3], {"a": [1, 2, 3], "b": [3, 2]}, xlabel="x", ylabel="y", marks={"m": 2}),
    "lines log": lambda: plots.lines([1, 10], {"a": [1, 10]}, xlabel="x", ylabel="y", log="xy"),
    "learning_curves": lambda: plots.learning_curves({"loss": [2, 1], "val_loss": [2, 1.5], "accuracy": [0.1, 0.5]}),
    "bars": lambda: plots.bars({"a": 1, "b": 2}, xlabel="x", ranges={"a": (0.5, 1.5)}, reference={"b": 1.8}),
    "confusion": lambda: plots.confusion([0, 1, 1], [0, 1, 0], ("cat", "dog")),
    "diagram": lambda: plots.diagram({"a": (0, 0), "b": (1, 0)}, [("a", "b")], colours={"a": "0.9"}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_draws_and_leaves_no_figure_open(name):
    figure = FIGURES[name]()
    assert plt.get_fignums() == []
    figure.savefig(file := io.BytesIO(), dpi=40)
    assert file.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["lines", "learning_curves", "bars", "confusion"])
def test_axes_are_labelled(name):
    for axis in FIGURES[name]().axes:
        assert axis.get_xlabel()
        assert axis.get_ylabel() or name == "bars"


def test_the_value_range_is_the_callers():
    faint = np.full((1, 4, 4), 10)
    assert plots.image_grid(faint).axes[0].images[0].get_clim() == (0, 255)


def test_confusion_counts_labels_in_rows():
    texts = {(t.get_position()): t.get_text() for t in plots.confusion([0, 0, 1], [1, 1, 1], ("a", "b")).axes[0].texts}
    assert texts == {(1, 0): "2", (1, 1): "1"}  # (column, row)


@pytest.mark.parametrize(
    ("draw", "part"),
    [
        (lambda: plots.image_grid(np.zeros((0, 4, 4))), "images"),
        (lambda: plots.image_grid(np.zeros((2, 4, 4, 2))), "images"),
        (lambda: plots.image_grid(GREY, ["one"]), "titles"),
        (lambda: plots.diagram({"a": (0, 0)}, [("a", "b")]), "'b'"),
    ],
)
def test_bad_input_is_named(draw, part):
    with pytest.raises(ValueError, match=part):
        draw()
