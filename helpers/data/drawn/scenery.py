"""What drawn pictures share: a brush that shades, backgrounds, light and the faults of a camera.

Drawings stand in for photographs where there is no network: see `animals.py` and `flowers.py`. Colours are RGB
in [0, 255]. Everything follows the random generator that is passed in.
"""

import functools

import numpy as np
from numpy.typing import ArrayLike

BACKGROUNDS = ("meadow", "planks", "tiles", "blanket", "wall")
LIGHT = {
    "brightness": (0.72, 1.2),  # factor on every colour
    "warmth": (-0.1, 0.1),  # red and blue are multiplied by 1 + warmth and 1 - warmth
    "light_from": (-160.0, -20.0),  # degrees: -90 from above, 0 from the right
    "shade": (0.0, 0.35),  # how much darker the side away from the light is
    "blur": (0.3, 1.3),  # standard deviation, pixels
    "noise": (1.0, 9.0),  # standard deviation, grey levels
}
TILE = 640  # sides of the noise that pieces are cut from; pictures must not be larger
_CIRCLE = np.stack([np.cos(np.arange(32) * np.pi / 16), np.sin(np.arange(32) * np.pi / 16)], axis=1)


class Brush:
    """Draws filled outlines and lines, given in units of the thing drawn, into an array of pixels.

    Args:
        pixels: (height, width, 3) uint8 RGB, or (height, width, 4) where the last channel becomes 255 in what is drawn.
        centre: x and y of the origin, in pixels.
        scale: pixels a unit.
        light_from: degrees; -90 is light from above.
        rotation: (2, 3), turns points in three dimensions and looks at them from the front; None turns nothing.
    """

    def __init__(
        self,
        pixels: np.ndarray,
        centre: ArrayLike,
        scale: float,
        light_from: float = -90.0,
        rotation: np.ndarray | None = None,
    ):
        self.pixels, self.centre, self.scale = pixels, np.asarray(centre), scale
        self.rotation = np.eye(2, 3) if rotation is None else rotation
        angle = np.deg2rad(light_from)
        self.to_light = np.array((np.cos(angle), np.sin(angle)))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return pixels (..., 2) for points (..., 2) or (..., 3)."""
        return points @ (self.rotation[:, : points.shape[-1]] * self.scale).T + self.centre

    def fill(self, points: np.ndarray, colour) -> None:
        """Fill an outline (N, 2) or (N, 3), or several (M, N, 2 or 3), with one colour."""
        import cv2

        outlines = _sixteenths(self.project(points)).reshape(-1, points.shape[-2], 2)
        cv2.fillPoly(self.pixels, list(outlines), self._inks([colour])[0], cv2.LINE_AA, 4)

    def line(self, points: np.ndarray, colour, width: float) -> None:
        """Draw a line through points (N, 2) or (N, 3), or several (M, N, 2 or 3); at least one pixel wide."""
        import cv2

        paths, thickness = _sixteenths(self.project(points)), max(1, round(width * self.scale))
        paths = list(paths.reshape(-1, points.shape[-2], 2))
        cv2.polylines(self.pixels, paths, False, self._inks([colour])[0], thickness, cv2.LINE_AA, 4)

    def shade(self, points: np.ndarray, colour, steps: int = 4) -> None:
        """Fill an outline that looks round: darker at the rim, lighter towards the light, in so many steps.

        Several outlines (M, N, 2 or 3) with a colour each (M, 3) are drawn one over the other.
        """
        outlines = self.project(points).reshape(-1, points.shape[-2], 2)
        self._shade(outlines, np.reshape(colour, (-1, 3)), steps)

    def hull(self, points: np.ndarray, colour, steps: int = 4) -> None:
        """Shade the smallest convex outline round all points."""
        import cv2

        around = cv2.convexHull(self.project(points).astype("float32"))
        self._shade(around.reshape(1, -1, 2), np.reshape(colour, (1, 3)), steps)

    def _shade(self, outlines, colours, steps):
        """Fill outlines (M, N, 2), in pixels, with colours (M, 3)."""
        import cv2

        step = _steps(steps)
        middles = outlines.mean(axis=1, keepdims=True)  # (M, 1, 2)
        rims = outlines - middles
        reach = 0.3 * rims.max(axis=1).min(axis=1)[:, None, None, None]
        moved = middles[:, None] + reach * step[:, None] * self.to_light  # (M, steps, 1, 2)
        parts = _sixteenths(moved + rims[:, None] * (1 - 0.6 * step[:, None])).reshape(-1, outlines.shape[1], 2)
        inks = self._inks((colours[:, None] * (0.74 + 0.34 * step)).reshape(-1, 3))
        for index, (part, ink) in enumerate(zip(parts, inks, strict=True)):
            edge = cv2.LINE_8 if index % steps else cv2.LINE_AA  # only the rim is seen as an edge
            cv2.fillPoly(self.pixels, [part], ink, edge, 4)

    def _inks(self, colours):
        """Colours (N, 3) as OpenCV takes them."""
        inks = np.minimum(colours, 255).tolist()
        return [(*ink, 255) for ink in inks] if self.pixels.shape[2] == 4 else inks


@functools.cache
def _steps(count):
    return np.linspace(0, 1, count)[:, None]


def _sixteenths(pixels):
    """What OpenCV draws between pixels: whole sixteenths of one."""
    return (16 * pixels).astype("int32")


def oval(x: float, y: float, half_width: float, half_height: float, z: float = 0.0, slant: float = 0.0) -> np.ndarray:
    """Return the outline (32, 3) of an ellipse that faces the viewer, turned by `slant` degrees clockwise."""
    tilt = np.deg2rad(slant)
    axes = np.array(((np.cos(tilt), np.sin(tilt), 0), (-np.sin(tilt), np.cos(tilt), 0)))
    return _CIRCLE @ (axes * ((half_width,), (half_height,))) + (x, y, z)


def smooth(corners: ArrayLike, rounds: int = 3) -> np.ndarray:
    """Return a closed outline (2**rounds * N, 2 or 3) for its N corners, which are cut off `rounds` times.

    Source: Chaikin 1974, An algorithm for high-speed curve generation.
    """
    points = np.asarray(corners, float)
    for _ in range(rounds):
        after = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after], axis=1)
        points = points.reshape(-1, points.shape[2])
    return points


def limb(points: ArrayLike, start: float, end: float) -> np.ndarray:
    """Return the outline of a limb along points (N, 2): its half width goes from `start` to `end`, with a round end."""
    points = np.asarray(points, float)
    along = np.gradient(points, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    half = np.linspace(start, end, len(points))[:, None]
    forward = along[-1:] / np.linalg.norm(along[-1]) * end
    return np.concatenate([points + across * half, points[-1:] + forward, (points - across * half)[::-1]])


def light(rng: np.random.Generator) -> dict[str, float]:
    """Return a value for each key of `LIGHT`: what `photograph` and `Brush` need to know of light and camera."""
    return {key: rng.uniform(*between) for key, between in LIGHT.items()}


def background(
    rng: np.random.Generator, height: int, width: int, horizon: float, shadow: ArrayLike
) -> tuple[np.ndarray, str]:
    """Return a background out of focus, and which of `BACKGROUNDS` it is.

    Args:
        height, width: pixels.
        horizon: the row where the ground meets what stands behind it.
        shadow: x, y, half width and half height of the shadow that something throws on the ground, pixels.

    Returns:
        (height, width, 3) uint8, and the name.
    """
    import cv2

    rows, columns, horizon = height // 3, width // 3, horizon / 3  # out of focus: a third of the size will do
    kind = str(rng.choice(BACKGROUNDS))
    y, x = np.arange(rows, dtype="float32")[:, None], np.arange(columns, dtype="float32")[None]
    ground = np.clip((y - horizon) / rng.uniform(1, 8) + 0.5, 0, 1)
    behind, below = _colour(rng), _colour(rng)
    picture = np.repeat((behind + (below - behind) * ground)[:, None], columns, axis=1)  # (rows, columns, 3)
    for _ in range(rng.integers(0, 5)):  # things that stand about
        at, size = rng.uniform(0, 1, 2) * (columns, horizon), rng.uniform(0.04, 0.2, 2) * columns
        low, high = ((int(a), int(b)) for a, b in (at - size, at + size))
        if rng.random() < 0.5:
            cv2.rectangle(picture, low, high, _colour(rng).tolist(), -1)
        else:
            cv2.circle(picture, low, int(size[0]), _colour(rng).tolist(), -1)
    change = 1 + 0.07 * _stretched(rng, rows, columns, 16, 16) + _pattern(rng, kind, x, y, ground)
    picture = cv2.GaussianBlur(picture, (9, 9), rng.uniform(0.5, 2.5))
    dark = np.zeros((rows, columns), "float32")
    middle_x, middle_y, half_width, half_height = (int(value / 3) for value in shadow)
    cv2.ellipse(dark, (middle_x, middle_y), (half_width, half_height), 0, 0, 360, 0.5, -1)
    change *= 1 - cv2.blur(dark, (half_height | 1, half_height | 1))
    picture = cv2.multiply(picture, cv2.merge([change] * 3), dtype=cv2.CV_8U)
    return cv2.resize(picture, (width, height)), kind


def put(image: np.ndarray, pixels: np.ndarray, rng: np.random.Generator, ruffle: float) -> None:
    """Put a drawing in front of an image: its edges hairy, moved by about `ruffle` pixels, its colours in streaks.

    Args:
        image: (height, width, 3) uint8, changed in place.
        pixels: the drawing (height, width, 4); the last channel is 255 where something is drawn.
        rng: chooses where the hairs are.
        ruffle: pixels; much less than the drawing is wide.
    """
    import cv2

    pad = int(4 * ruffle) + 1
    left, top, width, height = cv2.boundingRect(cv2.extractChannel(pixels, 3))
    box = np.s_[max(0, top - pad) : top + height + pad, max(0, left - pad) : left + width + pad]
    drawing, behind = pixels[box], image[box]
    height, width = behind.shape[:2]
    tufts, streaks = _fur()
    moved = _piece(rng, tufts, height, width) * np.float32(ruffle)
    moved += _places()[:height, :width]
    drawing = cv2.remap(drawing, moved, None, cv2.INTER_LINEAR)
    drawing = cv2.multiply(drawing, _piece(rng, streaks, height, width), scale=1 / 128)
    seen = cv2.cvtColor(255 - drawing[..., 3], cv2.COLOR_GRAY2RGB)
    image[box] = cv2.add(cv2.multiply(behind, seen, scale=1 / 255), cv2.cvtColor(drawing, cv2.COLOR_RGBA2RGB))


def photograph(image: np.ndarray, rng: np.random.Generator, factors: dict) -> np.ndarray:
    """Return the image in the light, and with the blur and noise, that `factors` tell: see `LIGHT`."""
    import cv2

    height, width = image.shape[:2]
    angle = np.deg2rad(factors["light_from"])
    y, x = np.mgrid[-1:1:5j, -1:1:5j]
    gain = factors["brightness"] * (1 + factors["shade"] * (x * np.cos(angle) + y * np.sin(angle)))
    gain = gain[..., None] * (1 + factors["warmth"] * np.array((1, 0, -1)))
    gain = cv2.resize((100 * gain).astype("uint8"), (width, height))
    image = cv2.multiply(cv2.GaussianBlur(image, (5, 5), factors["blur"]), gain, scale=1 / 100)
    grain = _piece(rng, _speckle(), height, width)
    return cv2.addWeighted(image, 1, grain, factors["noise"] / 32, -128 / 32 * factors["noise"])


@functools.cache
def _grain():
    """Normal noise to cut pieces from: fresh noise for every picture would cost more than the drawing."""
    return np.random.default_rng(0).standard_normal((TILE, TILE, 3), "float32")


@functools.cache
def _speckle():
    """The same as bytes: 128 is 0, 32 grey levels are one standard deviation."""
    return np.clip(128 + 32 * _grain(), 0, 255).astype("uint8")


@functools.cache
def _fur():
    """How far tufts are moved in x and y, (TILE, TILE, 2), and streaks (TILE, TILE, 4), where 128 changes nothing."""
    rng = np.random.default_rng(1)
    tufts = np.stack([_stretched(rng, TILE, TILE, *size) for size in ((5, 2), (7, 2))], axis=2)
    streaks = np.clip(128 + 14 * _stretched(rng, TILE, TILE, 7, 1.5), 0, 255).astype("uint8")
    return tufts, np.stack([streaks] * 3 + [np.full_like(streaks, 128)], axis=2)


@functools.cache
def _places():
    """The place of every pixel: x and y, (TILE, TILE, 2)."""
    y, x = np.mgrid[:TILE, :TILE].astype("float32")
    return np.stack([x, y], axis=2)


def _piece(rng, tile, rows, columns):
    """A random piece of a tile of noise."""
    top, left = rng.integers(0, TILE - rows + 1), rng.integers(0, TILE - columns + 1)
    return tile[top : top + rows, left : left + columns]


def _stretched(rng, rows, columns, down, across):
    """Noise (rows, columns) whose grains are about `down` x `across` pixels."""
    import cv2

    piece = _piece(rng, _grain(), int(rows / down) + 2, int(columns / across) + 2)[..., rng.integers(3)]
    return cv2.resize(np.ascontiguousarray(piece), (columns, rows))


def _colour(rng):
    """A muted colour of any hue."""
    hue, strength, value = rng.uniform(0, 6), rng.uniform(0.03, 0.4), rng.uniform(60, 220)
    wheel = np.clip(np.abs((hue + np.array((0, 4, 2))) % 6 - 3) - 1, 0, 1)
    return (value * (1 - strength + strength * wheel)).astype("float32")


def _pattern(rng, kind, x, y, ground):
    """The pattern of a background as a change of brightness, (rows, columns)."""
    rows, columns = len(y), x.shape[1]
    pitch = rng.uniform(8, 27)
    deep = (y - y[ground[:, 0].argmax()]).clip(0) + pitch / 2  # nearer boards are wider
    if kind == "meadow":
        return 0.22 * _stretched(rng, rows, columns, 6, 1) * ground + 0.08 * _stretched(rng, rows, columns, 9, 9)
    if kind == "planks":
        boards = np.log2(deep) * 3
        seams = (boards % 1 < 0.12) * np.ones_like(x)
        return (0.08 * _stretched(rng, rows, columns, 1.5, 30) - 0.35 * seams) * ground
    if kind == "tiles":
        return 0.16 * np.sign(np.sin(np.log2(deep) * 9) * np.sin((x - columns / 2) / deep * 3)) * ground
    slant = rng.uniform(-1, 1)
    stripes = np.sin((x + slant * y) * 6.3 / pitch)
    return (0.15 if kind == "blanket" else 0.04) * stripes * (ground if kind == "blanket" else 1 - ground)
