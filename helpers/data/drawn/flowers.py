"""Drawn flowers of five kinds: pictures of 192 x 192 pixels in the manner of photographs, every factor known.

A flower is drawn in units of its own radius, facing the viewer, then turned; a tulip is seen from the side. Place,
size, turn, light and background have the same ranges for all kinds; colours differ as they do in gardens.
"""

import functools

import numpy as np

from helpers.data.drawn import scenery
from helpers.data.drawn.scenery import Brush, limb, oval, smooth

VERSION = 1  # counts up when the same seed gives other pictures
KINDS = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
SIZE = 192  # height and width, in pixels
RANGES = {
    "size": (0.24, 0.36),  # radius of the largest flower; 1 is the side of the picture
    "x": (0.36, 0.64),  # its place; 1 is the right side
    "y": (0.32, 0.54),  # 1 is the lower side
    "turn": (-35.0, 35.0),  # degrees: to the left or right
    "nod": (-35.0, 20.0),  # negative: the flower looks up
}
PETALS = {
    "daisy": ((246, 244, 238), (250, 226, 232), (240, 240, 250)),
    "dandelion": ((248, 206, 34), (252, 220, 70)),
    "roses": ((196, 30, 48), (238, 150, 168), (246, 226, 214), (248, 210, 96), (228, 90, 104)),
    "sunflowers": ((250, 190, 22), (244, 168, 20), (252, 206, 60)),
    "tulips": ((214, 36, 44), (248, 196, 40), (238, 128, 160), (134, 62, 142), (246, 238, 226), (240, 122, 40)),
}
_GREEN = np.array((74, 120, 52))


def draw(num_images: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Draw flowers, one kind after the other.

    Args:
        num_images: how many, 1 or more.
        seed: the same seed gives the same pictures, however many are drawn.

    Returns:
        `images` (N, 192, 192, 3) uint8 RGB in [0, 255]; `labels` (N,) int32, an index into `KINDS`; the factors, each
        (N,), see `draw_one`.

    Raises:
        ValueError: `num_images` is not positive.
    """
    if num_images < 1:
        raise ValueError(f"num_images must be 1 or more. Received: num_images={num_images}")
    images, factors = zip(*(draw_one(index, seed) for index in range(num_images)), strict=True)
    labels = (np.arange(num_images) % len(KINDS)).astype("int32")
    return np.stack(images), labels, {key: np.array([one[key] for one in factors]) for key in factors[0]}


def draw_one(index: int, seed: int = 0) -> tuple[np.ndarray, dict]:
    """Draw one picture of one to four flowers of a kind: `KINDS[index % 5]`.

    Args:
        index: which picture of the seed, 0 or more.
        seed: 0 or more.

    Returns:
        The image (192, 192, 3) uint8 RGB, and its factors: `kind` and `background` (text), `petals` (an index into
        `PETALS[kind]`), `count` (how many flowers), `seeds` (True for a dandelion in seed), those of `RANGES` and
        those of `scenery.LIGHT`.
    """
    rng = np.random.default_rng([seed, index])
    kind = KINDS[index % len(KINDS)]
    factors = {"kind": kind, "petals": int(rng.integers(len(PETALS[kind]))), "count": int(rng.integers(1, 5))}
    factors |= {"seeds": bool(kind == "dandelion" and rng.random() < 0.3)}
    factors |= {key: rng.uniform(*between) for key, between in RANGES.items()} | scenery.light(rng)
    image, factors["background"] = scenery.background(rng, SIZE, SIZE, rng.uniform(60, 190), (0, 0, 0, 0))
    _leaves(image, rng, factors)
    for flower in reversed(range(factors["count"])):  # the largest one last, in front
        away = rng.uniform(-0.42, 0.42, 2) if flower else np.zeros(2)
        centre = SIZE * (np.array((factors["x"], factors["y"])) + away)
        radius = SIZE * factors["size"] * (rng.uniform(0.35, 0.7) if flower else 1)
        pixels = np.zeros((SIZE, SIZE, 4), "uint8")
        brush = Brush(pixels, centre, radius, factors["light_from"])
        brush.shade(_STEM * (rng.choice((-1, 1)), 1), _GREEN * rng.uniform(0.8, 1.2), 3)
        brush.rotation = _rotation(factors, rng)
        colour = np.array(PETALS[kind][factors["petals"]]) + rng.uniform(-12, 12, 3)
        {"dandelion": _clock if factors["seeds"] else _dandelion}.get(kind, _DRAWERS[kind])(brush, rng, colour)
        scenery.put(image, pixels, rng, 0.006 * radius + 0.2)
    return scenery.photograph(image, rng, factors), factors


def _rotation(factors, rng):
    """Turn and nod as a matrix (2, 3) that also looks from the front; every flower a little otherwise."""
    turn, nod = np.deg2rad([factors[key] + rng.uniform(-12, 12) for key in ("turn", "nod")])
    sideways = np.array(((np.cos(turn), 0, np.sin(turn)), (0, 1, 0), (-np.sin(turn), 0, np.cos(turn))))
    return np.array(((1, 0, 0), (0, np.cos(nod), np.sin(nod)))) @ sideways


def _leaves(image, rng, factors):
    """Draw long leaves behind the flowers, up from below the picture."""
    count = int(rng.integers(3, 9))
    lengths, widths = rng.uniform((40, 0.6), (190, 1.4), (count, 2)).T
    angles = rng.uniform(-0.9, 0.9, count)
    sideways, upwards = np.stack([np.cos(angles), np.sin(angles)], 1), np.stack([np.sin(angles), -np.cos(angles)], 1)
    outlines = widths[:, None, None] * _BLADE[:, :1] * sideways[:, None]
    outlines = outlines + lengths[:, None, None] * _BLADE[:, 1:] * upwards[:, None]
    outlines += np.stack([rng.uniform(0, SIZE, count), np.full(count, SIZE + 4)], axis=1)[:, None]
    greens = _GREEN * rng.uniform(0.6, 1.3, (count, 1)) + rng.uniform(-14, 14, (count, 3))
    Brush(image, (0, 0), 1, factors["light_from"]).shade(outlines, greens, 3)


def _turned(outline, angles):
    """An outline (N, 3) turned in its plane by each of the angles (radians): (M, N, 3)."""
    cos, sin, zero = np.cos(angles), np.sin(angles), np.zeros(len(angles))
    around = np.stack([cos, sin, zero, -sin, cos, zero, zero, zero, zero + 1], axis=1).reshape(-1, 3, 3)
    return outline @ around


def _dots(distances, angles, radius, z):
    """Small discs at so many distances from the middle: (M, 32, 3)."""
    places = np.stack([distances * np.cos(angles), distances * np.sin(angles), np.zeros(len(angles))], axis=1)
    return oval(0, 0, radius, radius, z) + places[:, None]


def _spread(rng, count, wobble):
    """`count` angles round the circle, each off by up to `wobble` of the step between two."""
    return (np.arange(count) + rng.uniform(-wobble, wobble, count) + rng.uniform(0, 1)) * 2 * np.pi / count


@functools.cache
def _petal(inner, outer, half_width, lift=0.0, tip=0.5):
    """A petal along x from `inner` to `outer`; `tip` is the half width near the end, a share; the end is lifted."""
    along = inner + (outer - inner) * np.array((0, 0.35, 0.8, 1.03, 0.8, 0.35, 0))
    across = half_width * np.array((0.35, 0.9, 1, 0, -1, -0.9, -0.35))
    across[[2, 4]] *= 0.5 + tip
    return smooth(np.stack([along, across, lift * ((along - inner) / (outer - inner)) ** 2], axis=1), 2)


def _shades(rng, colour, count, spread=0.1):
    """The colour `count` times, each a little lighter or darker."""
    return colour * rng.uniform(1 - spread, 1 + spread, (count, 1))


def _daisy(brush, rng, colour):
    """Two rings of narrow petals round a yellow button."""
    for outer in (1.0, 0.92):
        count = int(rng.integers(13, 19))
        petals = _turned(_petal(0.2, outer, 0.105, 0.1), _spread(rng, count, 0.2))
        brush.shade(petals, _shades(rng, 0.95 * colour, count, 0.07), 3)
    brush.shade(oval(0, 0, 0.28, 0.28, 0.06), (238, 186, 36))
    dots = _dots(0.24 * np.sqrt(rng.random(36)), rng.uniform(0, 2 * np.pi, 36), 0.025, 0.1)
    for share, tone in enumerate((0.78, 0.9, 1.06)):
        brush.fill(dots[share::3], np.array((240, 190, 40)) * tone)


def _dandelion(brush, rng, colour):
    """Rings of thin rays, the inner ones shorter; a small flower shows fewer."""
    for outer, count, tone in ((1.0, 34, 0.88), (0.82, 30, 0.97), (0.62, 24, 1.0), (0.42, 18, 0.94), (0.22, 10, 0.86)):
        count = count if brush.scale > 40 else count // 2
        rays = _turned(_petal(0.02, outer, 1.7 / count, 0.25 * (1.1 - outer), 0.7), _spread(rng, count, 0.35))
        brush.shade(rays, _shades(rng, colour * tone, count, 0.12), 2)


def _clock(brush, rng, colour):
    """A dandelion in seed: a ball of fine white stars."""
    brush.fill(oval(0, 0, 0.16, 0.16), (128, 104, 70))
    directions = rng.standard_normal((110, 3))
    stars = (directions / np.linalg.norm(directions, axis=1, keepdims=True))[:, :2]
    for tone in (0.74, 0.82, 0.9, 0.98):  # the last ones in front
        ends = stars[rng.permutation(110)[:30]]
        white = tone * np.array((240, 240, 234))
        brush.line(np.stack([0.1 * ends, 0.86 * ends], axis=1), white, 0.008)
        angles = _spread(rng, 7, 0.2)
        rays = 0.14 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        middles = np.repeat(0.86 * ends, 7, axis=0)
        brush.line(np.stack([middles, middles + np.tile(rays, (30, 1))], axis=1), white, 0.006)


def _rose(brush, rng, colour):
    """Wide petals, one ring over the other, each with a dark rim."""
    for outer, count in ((1.0, 6), (0.84, 5), (0.68, 5), (0.52, 4), (0.38, 4), (0.25, 3)):
        petals = _turned(oval(0.5 * outer, 0, 0.52 * outer, 0.5 * outer), _spread(rng, count, 0.12))
        for petal, tone in zip(petals, _shades(rng, 0.93 * colour, count, 0.07), strict=True):
            brush.fill(1.04 * petal, 0.52 * colour)
            brush.shade(petal, tone)
    angle = np.linspace(0, 3.5 * np.pi, 40)
    brush.line(0.02 * np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1), 0.5 * colour, 0.03)


def _sunflower(brush, rng, colour):
    """Two rings of pointed petals round a large dark disc of seeds."""
    for outer, tone in ((1.0, 0.86), (0.94, 1.0)):
        count = int(rng.integers(17, 23))
        petals = _turned(_petal(0.38, outer, 0.11, 0.1, 0.05), _spread(rng, count, 0.2))
        brush.shade(petals, _shades(rng, colour * tone, count), 3)
    brush.shade(oval(0, 0, 0.48, 0.48, 0.05), (96, 62, 30))
    brush.fill(oval(0, 0, 0.22, 0.22, 0.06), (74, 60, 26))
    seeds = np.arange(120)
    dots = _dots(0.46 * np.sqrt((seeds + 0.5) / 120), seeds * 2.39996, 0.022, 0.08)  # the golden angle, as in the plant
    for share, tone in enumerate(rng.permutation((0.55, 0.75, 0.95, 1.15))):
        brush.fill(dots[share::4], np.array((150, 104, 48)) * tone)


def _tulip(brush, rng, colour):
    """From the side: a cup of petals, leaves at the stem."""
    lean = np.deg2rad(rng.uniform(-18, 18))
    brush.rotation = np.array(((np.cos(lean), -np.sin(lean), 0), (np.sin(lean), np.cos(lean), 0)))
    brush.shade(_TULIP_LEAVES, _GREEN * rng.uniform(0.85, 1.2, (2, 1)))
    brush.shade(_CUP[:2], [0.72 * colour] * 2)
    brush.shade(_CUP[2:4], [0.92 * colour] * 2)
    brush.shade(_CUP[4], colour, 6)
    brush.line(_VEINS, 0.86 * colour, 0.012)


_DRAWERS = {"daisy": _daisy, "dandelion": _dandelion, "roses": _rose, "sunflowers": _sunflower, "tulips": _tulip}
_STEM = limb(((0, 0), (0.15, 1.5), (0, 5)), 0.05, 0.07)
_RISE = np.linspace(0, 1, 9)
_BLADE = np.concatenate(  # a bent leaf: x in pixels, y as a share of its length
    [np.stack([8 * np.sin(3 * _RISE) + side * 7 * (1 - _RISE**2), _RISE], axis=1)[::side] for side in (1, -1)]
)
_TULIP_LEAVES = (
    limb(((0.05, 3.4), (0.35, 2.2), (0.75, 1.2), (0.95, 0.5)), 0.3, 0.04) * np.array(((1, 1), (-1, 1)))[:, None]
)
_BACK = smooth(((-0.02, 0.6), (-0.06, -0.3), (0.28, -1.05), (0.62, -0.3), (0.58, 0.6), (0.28, 0.7)))
_SIDE = smooth(((0.02, 0.85), (0.5, 0.72), (0.74, 0.1), (0.6, -0.6), (0.5, -1.0), (0.2, -0.5)))
_FRONT = smooth(((0.3, 0.8), (0.46, 0.1), (0.3, -0.5), (0, -0.95), (-0.3, -0.5), (-0.4, 0.45)))
_CUP = np.stack([_BACK, _BACK * (-1, 1), _SIDE, _SIDE * (-1, 1), _FRONT])
_VEINS = np.array([((0.6 * x, 0.7), (x, 0.1), (0.7 * x, -0.6)) for x in (-0.12, 0.0, 0.12)])
