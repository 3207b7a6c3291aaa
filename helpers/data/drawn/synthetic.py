"""Offline stand-ins: scikit-learn's handwritten digits in MNIST's format, and drawn garments with known factors.

Everything here is deterministic and needs neither network nor image files. A drawing is a union of simple shapes
on a canvas where x runs from -1 (left) to 1 (right) and y from -1 (top) to 1 (bottom); a shape is an array of
coverage in [0, 1], 0 outside and 1 inside, with an edge about one pixel wide.
"""

import numpy as np
from scipy import ndimage

SIZE = 28  # height and width of every image, in pixels
EDGE = 1.2 / (SIZE / 2)  # width of a soft edge, in canvas units
CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return scikit-learn's 1,797 handwritten digits in MNIST's format, split the same way every time.

    The 8 x 8 images are enlarged to 20 x 20 by cubic splines, stretched to the full range of grey and centred in
    28 x 28. One fifth of every class is the test set.

    Returns:
        `train_images` (1437, 28, 28) uint8 in [0, 255], `train_labels` (1437,) int32, `test_images` (360, 28, 28)
        and `test_labels` (360,). Source: Alpaydin and Kaynak 1998, doi:10.24432/C50P49.
    """
    from sklearn.datasets import load_digits  # only here: it takes a second to import
    from sklearn.model_selection import train_test_split

    small, labels = load_digits(return_X_y=True)
    small = small.reshape(-1, 8, 8) / 16  # (1797, 8, 8) in [0, 1]
    enlarge = ndimage.zoom(np.eye(8), (2.5, 1), order=3, mode="grid-constant", grid_mode=True)  # (20, 8)
    large = enlarge @ small @ enlarge.T  # the splines are linear: (1797, 20, 20)
    large = np.clip((large - 0.15) / 0.7, 0, 1)  # strokes to white, ringing of the splines to black
    large /= large.max(axis=(1, 2), keepdims=True)
    images = np.pad(np.round(255 * large).astype("uint8"), ((0, 0), (4, 4), (4, 4)))
    labels = labels.astype("int32")
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=360, stratify=labels, random_state=0
    )
    return train_images, train_labels, test_images, test_labels


def clothes(num_images: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Draw garments of Fashion-MNIST's ten classes; every factor of variation is known.

    Args:
        num_images: how many; the classes get equal shares, give or take one image.
        seed: the same seed gives the same images.

    Returns:
        `images` (N, 28, 28) uint8 in [0, 255] on black, `labels` (N,) int32 (the order of `CLOTHES`), and the
        factors, each (N,) float32: `scale` and `width` (1 is the nominal size), `shift_x` and `shift_y` (pixels,
        right and down), `brightness` (grey of the cloth, 1 is white), `sleeve` (length, 1 reaches the hem; 0 on
        what has no sleeves) and `noise` (standard deviation of the grain, 1 is white).

    Raises:
        ValueError: `num_images` is not positive.
    """
    if num_images < 1:
        raise ValueError(f"num_images must be 1 or more. Received: num_images={num_images}")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(num_images) % len(CLOTHES))
    ranges = {
        "scale": (0.78, 1.0),
        "width": (0.85, 1.12),
        "shift_x": (-2.0, 2.0),
        "shift_y": (-2.0, 2.0),
        "brightness": (0.35, 1.0),
        "sleeve": (0.0, 1.0),
        "noise": (0.01, 0.08),
    }
    factors = {key: rng.uniform(low, high, num_images) for key, (low, high) in ranges.items()}
    shortest, longest = np.array([_SLEEVES.get(name, (0.0, 0.0)) for name in CLOTHES]).T
    factors["sleeve"] = shortest[labels] + factors["sleeve"] * (longest - shortest)[labels]
    grain = rng.standard_normal((num_images, SIZE, SIZE))
    images = np.empty((num_images, SIZE, SIZE), "uint8")
    for label, draw in enumerate(_DRAWERS):
        chosen = labels == label
        some = {key: value[chosen, None, None] for key, value in factors.items()}  # each (n, 1, 1)
        cover = draw(*_canvas(some), some["sleeve"])  # (n, 28, 28) in [0, 1]
        grey = cover * (some["brightness"] + some["noise"] * grain[chosen])
        images[chosen] = np.round(255 * np.clip(grey, 0, 1))
    return images, labels.astype("int32"), {key: value.astype("float32") for key, value in factors.items()}


def _canvas(factors: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of every pixel, moved and scaled: each broadcasts to (n, 28, 28)."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    unit = SIZE / 2 * factors["scale"]  # pixels a canvas unit
    return (x - factors["shift_x"]) / (unit * factors["width"]), (y - factors["shift_y"]) / unit


def _between(value, low, high):
    """1 where low < value < high, with soft edges."""
    return np.clip((value - low) / EDGE + 0.5, 0, 1) * np.clip((high - value) / EDGE + 0.5, 0, 1)


def _trapezoid(x, y, top, bottom, half_top, half_bottom):
    """A trapezoid round x = 0, given by the half of its width above and below."""
    half = half_top + (half_bottom - half_top) * (y - top) / (bottom - top)
    return _between(y, top, bottom) * _between(x, -half, half)


def _ellipse(x, y, centre, radii):
    """An ellipse round `centre` with `radii` along x and y."""
    distance = np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1])
    return np.clip((1 - distance) * min(radii) / EDGE + 0.5, 0, 1)


def _union(*shapes):
    """Whatever is inside one shape or more."""
    return np.maximum.reduce(np.broadcast_arrays(*shapes))


def _top(x, y, sleeve, hem, half_hem, neck):
    """Torso, two sleeves, and a neck cut out: what shirts, pullovers and coats share."""
    torso = _trapezoid(x, y, -0.8, hem, 0.46, half_hem)
    spread = 0.75 - 0.5 * sleeve  # short sleeves stand off, long ones hang down
    sleeves = _sleeves(np.abs(x), y, spread, 0.2 + 1.25 * sleeve)
    return _union(torso, sleeves) * (1 - _ellipse(x, y, (0, -0.86), neck))


def _sleeves(x, y, spread, length):
    """A bar from the shoulder outward (`spread`) and down, `length` long; pass |x| to get both sleeves."""
    norm = np.hypot(spread, 1)
    along = ((x - 0.4) * spread + (y + 0.66)) / norm
    across = ((y + 0.66) * spread - (x - 0.4)) / norm
    return _between(along, -0.12, length) * _between(across, -0.17, 0.17)


def _tshirt(x, y, sleeve):
    return _top(x, y, sleeve, hem=0.82, half_hem=0.45, neck=(0.22, 0.16))


def _trouser(x, y, sleeve):
    legs = _trapezoid(np.abs(x) - 0.2, y, -0.5, 0.95, 0.2, 0.13)
    return _union(_trapezoid(x, y, -0.95, -0.4, 0.32, 0.4), legs) * (1 - 0.3 * _between(y, -0.9, -0.8))


def _pullover(x, y, sleeve):
    ribs = _between(y, 0.66, 0.8)
    return _top(x, y, sleeve, hem=0.82, half_hem=0.46, neck=(0.2, 0.1)) * (1 - 0.25 * ribs)


def _dress(x, y, sleeve):
    bodice = _trapezoid(x, y, -0.92, -0.15, 0.3, 0.22)
    skirt = _trapezoid(x, y, -0.2, 0.95, 0.22, 0.44)
    return _union(bodice, skirt) * (1 - _ellipse(x, y, (0, -0.95), (0.16, 0.2))) * (1 - 0.3 * _between(y, -0.2, -0.1))


def _coat(x, y, sleeve):
    opening = _between(x, -0.03, 0.03)
    lapels = _between(np.abs(x) - 0.12 - 0.3 * (-0.4 - y), -0.06, 0.04) * _between(y, -0.75, -0.2)
    return _top(x, y, sleeve, hem=0.95, half_hem=0.5, neck=(0.2, 0.14)) * (1 - 0.7 * opening) * (1 - 0.35 * lapels)


def _sandal(x, y, sleeve):
    """A thick sole; of the upper only three slanting straps are left, and a band round the ankle."""
    straps = _union(*(_between(x + 0.5 * y, middle - 0.11, middle + 0.11) for middle in (-0.5, -0.1, 0.62)))
    ankle = _between(y + 0.25 * x, -0.3, -0.16) * _between(x, 0.12, 0.88)
    sole = _between(y, 0.42 - 0.1 * np.clip(x, 0, 1), 0.56) * _between(x, -0.92, 0.9)
    return _union(0.85 * _upper(x, y, -0.45) * straps, 0.85 * ankle, sole)


def _shirt(x, y, sleeve):
    buttons = _between(x, -0.03, 0.03) * (0.5 + 0.5 * np.cos(2 * np.pi * y / 0.32))
    collar = _between(np.abs(x) - 0.2 - 0.5 * (-0.7 - y), -0.07, 0.05) * _between(y, -0.8, -0.5)
    return _top(x, y, sleeve, hem=0.86, half_hem=0.45, neck=(0.14, 0.1)) * (1 - 0.5 * buttons) * (1 - 0.35 * collar)


def _upper(x, y, collar):
    """The side of a shoe whose toe points left: under a line that rises from the toe to the `collar`."""
    rise = np.clip((x + 0.9) / 1.1, 0, 1)
    return _between(y, 0.2 + (collar - 0.2) * rise, 0.45) * _between(x, -0.92, 0.88)


def _sneaker(x, y, sleeve):
    laces = _between(x, -0.35, 0.05) * (0.5 + 0.5 * np.cos(2 * np.pi * x / 0.16)) * _between(y, -0.2, 0.1)
    dip = _ellipse(x, y, (0.5, -0.22), (0.26, 0.14))
    sole = _between(y, 0.4, 0.54) * _between(x, -0.95, 0.92)
    return _union(0.75 * _upper(x, y, -0.22) * (1 - 0.5 * laces) * (1 - dip), sole)


def _bag(x, y, sleeve):
    body = _trapezoid(x, y, -0.2, 0.72, 0.74, 0.84)
    handle = _ellipse(x, y, (0, -0.2), (0.46, 0.55)) * (1 - _ellipse(x, y, (0, -0.2), (0.34, 0.43)))
    flap = _between(y, 0.12, 0.2)
    return _union(body * (1 - 0.35 * flap), handle)


def _boot(x, y, sleeve):
    shaft = _between(x, 0.1, 0.84) * _between(y, -0.85, 0.4)
    sole = _between(y, 0.46, 0.58) * _between(x, -0.9, 0.88)
    heel = _between(x, 0.45, 0.88) * _between(y, 0.46, 0.74)
    return _union(0.85 * _upper(x, y, -0.22), 0.85 * shaft, sole, heel) * (1 - 0.3 * _between(y, -0.72, -0.62))


# Shortest and longest sleeve of what has sleeves, as shares of the way to the hem.
_SLEEVES = {"T-shirt/top": (0.05, 0.3), "Pullover": (0.75, 1.0), "Coat": (0.8, 1.0), "Shirt": (0.15, 1.0)}
_DRAWERS = (_tshirt, _trouser, _pullover, _dress, _coat, _sandal, _shirt, _sneaker, _bag, _boot)
