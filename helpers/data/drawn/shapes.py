"""Drawn shapes whose class is a list of attributes: "small striped blue star". Every attribute is known exactly."""

import itertools

import numpy as np

FACTORS = {  # a class takes one of each
    "size": ("small", "large"),
    "surface": ("filled", "outlined", "striped"),
    "colour": ("red", "green", "blue", "yellow"),
    "form": ("circle", "triangle", "square", "star"),
}
ATTRIBUTES = tuple(itertools.chain(*FACTORS.values()))
COLOURS = {"red": (200, 50, 45), "green": (55, 150, 70), "blue": (50, 85, 190), "yellow": (220, 190, 50)}
SIDE = 64


def classes() -> tuple[list[str], np.ndarray]:
    """Return the names of all 96 classes in an order without a pattern, and their table (96, 13) of zeros and ones."""
    every = list(itertools.product(*FACTORS.values()))
    every = [every[index] for index in np.random.default_rng(0).permutation(len(every))]
    table = [[float(attribute in one) for attribute in ATTRIBUTES] for one in every]
    return [" ".join(one) for one in every], np.array(table, "float32")


def draw_one(name: str, seed: list[int]) -> np.ndarray:
    """Draw one picture of a class: position, rotation, exact size and colour, light, background and noise vary.

    Args:
        name: one of `classes`.
        seed: the same numbers give the same picture.

    Returns:
        (64, 64, 3) uint8 RGB.
    """
    rng = np.random.default_rng(seed)
    size, surface, colour, form = name.split()
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    x, y = x - rng.uniform(-7, 7), y - rng.uniform(-7, 7)
    reach = rng.uniform(9, 12) if size == "small" else rng.uniform(18, 24)
    angle = np.arctan2(y, x) + rng.uniform(-0.3, 0.3)
    inside = reach * _outline(form, angle) - np.hypot(x, y)  # pixels to the edge, on the ray from the middle
    cover = np.clip(inside + 0.5, 0, 1)
    if surface == "outlined":
        cover *= np.clip(0.22 * reach + 1 - inside, 0, 1)
    paint = np.array(COLOURS[colour]) + rng.normal(0, 14, 3)
    paint = np.tile(paint, (SIDE, SIDE, 1)).astype("float32")
    if surface == "striped":
        slant = rng.uniform(0, np.pi)
        paint *= 1 - 0.65 * (np.sin((x * np.cos(slant) + y * np.sin(slant)) * 14 / reach) > 0)[..., None]
    ground = rng.uniform(90, 200, 3) * 0.4 + rng.uniform(90, 200) * 0.6
    ground = ground + rng.uniform(-0.6, 0.6) * x[..., None] + rng.uniform(-0.6, 0.6) * y[..., None]
    picture = (ground + cover[..., None] * (paint - ground)) * rng.uniform(0.7, 1.15)
    return np.clip(picture + rng.normal(0, rng.uniform(3, 14), picture.shape), 0, 255).astype("uint8")


def _outline(form, angle):
    """How far a form reaches in a direction, 1 at its corners."""
    if form == "circle":
        return np.full_like(angle, 0.85)
    corners, inner = {"triangle": (3, 0.5), "square": (4, np.sqrt(0.5)), "star": (5, 0.42)}[form]
    half = np.pi / corners
    rest = np.abs((angle + np.pi / 2) % (2 * half) - half)  # 0 half way between two corners, `half` at one
    # the straight line from the corner, at distance 1, to the point half way, at distance `inner`
    return inner * np.sin(half) / (np.sin(half - rest) + inner * np.sin(rest))
