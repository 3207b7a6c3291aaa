"""Drawn animals and vehicles: small colour pictures of CIFAR-10's ten classes, every factor known.

Each class has two poses, see `object_shapes.py`. Place, size, tilt, coat, pattern, background, light and noise vary.
Backgrounds and coats are only a hint: half of the ships are on water, and other things are, too.
"""

import numpy as np

from helpers.data.drawn.object_shapes import KINDS, THINGS
from helpers.data.drawn.scenery import Brush

VERSION = 1  # counts up when the same seed gives other pictures
PATTERNS = ("plain", "striped", "spotted")
RANGES = {
    "size": (0.6, 0.95),  # width of the thing; 1 is the side of the picture
    "x": (0.38, 0.62),  # its place; 1 is the right side
    "y": (0.4, 0.6),  # 1 is the lower side
    "tilt": (-20.0, 20.0),  # degrees, clockwise
    "stretch": (0.85, 1.2),  # height by width, against the drawing
    "brightness": (0.65, 1.2),  # factor on every colour
    "noise": (3.0, 16.0),  # standard deviation, grey levels
}
# Colours above and below, where they meet (share of the height), how softly, and the grain: rows, columns, strength.
BACKGROUNDS = {
    "sky": ((110, 160, 215), (195, 210, 230), (0.3, 0.9), 0.8, (4, 3, 0.09)),
    "grass": ((140, 160, 150), (95, 135, 60), (0.0, 0.5), 0.1, (16, 32, 0.2)),
    "water": ((165, 190, 210), (55, 100, 135), (0.2, 0.65), 0.05, (16, 4, 0.14)),
    "road": ((140, 135, 125), (105, 105, 110), (0.35, 0.75), 0.06, (12, 12, 0.1)),
    "wood": ((55, 75, 45), (100, 85, 60), (0.3, 1.0), 0.6, (9, 7, 0.35)),
    "room": ((200, 180, 150), (140, 110, 95), (0.4, 0.9), 0.04, (5, 5, 0.1)),
}
USUAL = {
    "airplane": ("sky",), "automobile": ("road",), "bird": ("sky", "wood"), "cat": ("room",), "deer": ("grass", "wood"),
    "dog": ("grass", "room"), "frog": ("water", "wood"), "horse": ("grass",), "ship": ("water",), "truck": ("road",),
}  # fmt: skip
_FURS = ((92, 62, 40), (150, 108, 66), (60, 56, 54), (205, 196, 184), (128, 122, 118), (186, 120, 60))
_FEATHERS = (*_FURS, (70, 100, 170), (190, 55, 45), (205, 185, 70))
_SKINS = ((90, 140, 50), (60, 110, 60), (120, 110, 50), (150, 170, 70), (130, 90, 60))
_PAINTS = ((225, 225, 225), (160, 165, 170), (45, 45, 50), (185, 40, 40), (45, 80, 170), (215, 180, 50), (50, 120, 80))
COATS = dict.fromkeys(("airplane", "automobile", "ship", "truck"), _PAINTS)
COATS |= {"bird": _FEATHERS, "cat": _FURS, "deer": _FURS[:2], "dog": _FURS, "frog": _SKINS, "horse": _FURS}
_FIXED = {"black": (28, 28, 30), "white": (235, 235, 230), "glass": (120, 150, 175), "horn": (225, 170, 60)}
_FIXED = {name: np.array(colour) for name, colour in _FIXED.items()}


def draw(num_images: int, seed: int = 0, size: int = 32) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Draw animals and vehicles, one class after the other.

    Args:
        num_images: how many, 1 or more.
        seed: the same seed gives the same pictures, however many are drawn.
        size: height and width of a picture in pixels, 16 or more.

    Returns:
        `images` (N, size, size, 3) uint8 RGB in [0, 255]; `labels` (N,) int32, an index into `KINDS`; the factors, each
        (N,) or, for the coat, (N, 3): see `draw_one`.

    Raises:
        ValueError: `num_images` or `size` is too small.
    """
    if num_images < 1 or size < 16:
        raise ValueError(
            f"num_images must be 1 or more, size 16 or more. Received: num_images={num_images}, size={size}"
        )
    images, factors = zip(*(draw_one(index, seed, size) for index in range(num_images)), strict=True)
    labels = (np.arange(num_images) % len(KINDS)).astype("int32")
    return np.stack(images), labels, {key: np.array([one[key] for one in factors]) for key in factors[0]}


def draw_one(index: int, seed: int = 0, size: int = 32, pattern: str | None = None) -> tuple[np.ndarray, dict]:
    """Draw one picture of a thing: `KINDS[index % 10]`.

    Args:
        index: which picture of the seed, 0 or more.
        seed: 0 or more.
        size: height and width in pixels.
        pattern: one of `PATTERNS`; None draws it by lot.

    Returns:
        The image (size, size, 3) uint8 RGB, and its factors: `kind`, `pattern`, `background` (text), `pose` (0 or 1),
        `flipped` (True: it looks to the right), `coat` (its main colour, 3) and those of `RANGES`.
    """
    rng = np.random.default_rng([seed, index])
    kind = KINDS[index % len(KINDS)]
    usual, lot = USUAL[kind], rng.random(4)
    places = usual if lot[0] < 0.5 else tuple(BACKGROUNDS)
    factors = {"kind": kind, "pattern": PATTERNS[rng.integers(3)], "background": places[int(lot[1] * len(places))]}
    factors |= {"pattern": pattern} if pattern else {}
    factors |= {"pose": int(lot[2] < 0.5), "flipped": bool(lot[3] < 0.5)}
    low, high = np.array(list(RANGES.values())).T
    factors |= dict(zip(RANGES, rng.uniform(low, high).tolist(), strict=True))
    coats = COATS[kind]
    factors["coat"] = np.clip(np.array(coats[rng.integers(len(coats))]) + rng.normal(0, 16, 3), 15, 245)
    picture = _background(rng, size, factors["background"])
    thing = _thing(rng, size, factors)
    picture *= (255 - thing[..., 3:]) / np.float32(255)  # what is seen behind it
    picture += thing[..., :3] * _cloth(rng, size, factors["pattern"])
    picture *= factors["brightness"]
    picture += factors["noise"] * rng.standard_normal(picture.shape, "float32")
    return picture.clip(0, 255).astype("uint8"), factors


def _background(rng, size, name):
    """A background, (size, size, 3) float32."""
    import cv2

    above, below, (low, high), softness, (rows, columns, strength) = BACKGROUNDS[name]
    above, below = np.array((above, below)) * rng.uniform(0.75, 1.2, (2, 1)) + rng.normal(0, 16, (2, 3))
    share = ((np.arange(size) / size - rng.uniform(low, high)) / softness + 0.5).clip(0, 1)[:, None, None]
    grain = cv2.resize(rng.standard_normal((rows, columns), "float32"), (size, size))  # smooth noise
    return (above + (below - above) * share).astype("float32") * (1 + strength * grain[..., None])


def _thing(rng, size, factors):
    """The thing alone, (size, size, 4) uint8: colours times coverage, and coverage in the last channel."""
    pixels = np.zeros((size, size, 4), "uint8")
    angle, side = np.deg2rad(factors["tilt"]), -1 if factors["flipped"] else 1
    brush = Brush(pixels, (size * factors["x"], size * factors["y"]), size * factors["size"] / 2)
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    brush.rotation = turn * (side, factors["stretch"])
    coat = factors["coat"]
    second = coat * rng.uniform(0.35, 0.75) if rng.random() < 0.7 else np.array(_PAINTS[rng.integers(len(_PAINTS))])
    paints = _FIXED | {"coat": coat, "dark": 0.72 * coat, "light": 0.6 * coat + 100, "second": second}
    for paint, outlines in THINGS[factors["kind"]][factors["pose"]]:
        brush.fill(outlines, paints[paint])
    return pixels


def _cloth(rng, size, pattern):
    """The pattern of the coat as a factor on its colours, (size, size, 1) float32."""
    slant, width = rng.uniform(0, np.pi), size * rng.uniform(0.13, 0.2)
    if pattern == "plain":
        return np.float32(1)
    x = np.arange(size, dtype="float32")[None, :, None] * np.float32(2 * np.pi / width)
    y = x.reshape(size, 1, 1)
    cos, sin = np.float32(np.cos(slant)), np.float32(np.sin(slant))
    across = np.sin(x * cos + y * sin)
    if pattern == "spotted":
        across *= 1.6 * np.sin(y * cos - x * sin)
        across -= 0.2
    return 0.75 + 0.3 * (3 * across).clip(-1, 1)
