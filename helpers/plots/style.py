"""What all figures share: colours, line styles, and a figure that Jupyter shows once."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
STYLES = ("-", "--", "-.", ":")


def new(rows: int = 1, columns: int = 1, *, size: tuple[float, float], **keywords) -> tuple[Figure, np.ndarray]:
    """Return a figure and its axes, (rows, columns)."""
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", **keywords)
    plt.close(figure)  # Jupyter would show an open figure a second time
    return figure, axes
