"""Draw which room of `helpers` imports which, from the imports themselves, as `rooms.png` for the README: `make map`.

An arrow's width tells how many modules of the upper room import from the lower one. Arrows to the ground are left out:
every room has one.
"""

import sys
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT / "colab"), str(ROOT / "tests" / "unit")]
import build  # noqa: E402
import test_lines  # noqa: E402  (counts the lines of code)

# Room: place (x, y) in the figure; an arrow always points down.
PLACES = {
    "exercises": (4.2, 1.0), "generative": (1.6, 4.0), "models": (2.9, 3.0), "data": (2.2, 2.0), "images": (1.6, 1.0),
    "training": (0.3, 1.0), "transfer": (3.3, 2.0), "ground": (2.2, 0.0),
}  # fmt: skip
WORDS = {
    "exercises": "check, hint, solution", "generative": "the game, the judge", "models": "builders, layer tables",
    "data": "sets by name, stand-ins", "images": "from bytes to batches", "training": "fit, checkpoints, rates",
    "transfer": "kept features",
    "ground": "profiles, files, metrics, losses, plots, results, accelerator",
}  # fmt: skip


def room(path: Path) -> str:
    """Return the room of a file of `helpers`."""
    parts = path.relative_to(ROOT / "helpers").parts
    return parts[0] if parts[0] in PLACES else "ground"


def arrows() -> Counter:
    """Return how many modules of a room import from another one, by (importing, imported)."""
    found = set()
    for path in (ROOT / "helpers").rglob("*.py"):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        for name, _ in build.imports(path.read_text(encoding="utf-8"), package):
            file = build.module_file(ROOT, name) if name.startswith("helpers.") else None
            if file and room(file) != room(path):
                found.add((path, room(file)))
    return Counter((room(path), other) for path, other in found)


def main() -> None:
    """Write the figure."""
    lines = test_lines.rooms()
    figure, axes = plt.subplots(figsize=(7.6, 4.4), dpi=100, layout="constrained")
    for (upper, lower), count in arrows().items():
        if lower != "ground":
            (x, y), (to_x, to_y) = PLACES[upper], PLACES[lower]
            style = dict(arrowstyle="-|>", color="#0072B2", lw=0.8 + 0.25 * count, shrinkA=22, shrinkB=22)
            axes.annotate("", (to_x, to_y), (x, y), arrowprops=style)
    for name, (x, y) in PLACES.items():
        text = f"{name}  ({lines[name]:,} lines)\n{WORDS[name]}"
        box = dict(boxstyle="round,pad=0.4", facecolor="#f2f2f2", edgecolor="#444444")
        axes.text(x, y, text, ha="center", va="center", fontsize=8.5, bbox=box)
    axes.set(xlim=(-0.6, 5.0), ylim=(-0.5, 4.5))
    axes.axis("off")
    figure.savefig(HERE / "rooms.png")
    print(f"{sum(lines.values()) - lines['exercises']:,} lines without exercises")


if __name__ == "__main__":
    main()
