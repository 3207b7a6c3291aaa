"""Drawn cats and dogs: pictures of 300-500 pixels in the manner of photographs, with every factor of variation known.

An animal is drawn in units of its head: x to the right, y down, z towards the viewer, 0 in the middle of the head, 1 at
its rim. The head turns in three dimensions, so that a long muzzle shows. Size, place, fur, turn, light and background
have the same ranges for both species: colours alone do not tell them apart, shapes do.
"""

import numpy as np

from helpers.data.drawn import scenery
from helpers.data.drawn.scenery import Brush, limb, oval, smooth

VERSION = 1  # counts up when the same seed gives other pictures
SPECIES = ("cat", "dog")
POSES = ("sitting", "lying", "standing")
PATTERNS = ("plain", "bib", "patch", "striped")  # dogs wear no stripes
EARS = {"cat": ("pointed", "folded"), "dog": ("hanging", "folded", "pointed")}
FURS = ((62, 58, 62), (236, 230, 222), (136, 136, 142), (208, 134, 66), (122, 84, 58), (224, 190, 146), (164, 122, 84))
RANGES = {
    "size": (0.16, 0.28),  # radius of the head; 1 is the shorter side of the picture
    "x": (0.15, 0.85),  # place of the head: 0 as far left as it can be without being cut, 1 as far right
    "y": (0.1, 0.9),  # the same from above
    "turn": (-32.0, 32.0),  # degrees: to the left or right
    "nod": (-8.0, 8.0),  # down or up
    "tilt": (-14.0, 14.0),  # the head on one side
}
_IRISES = {
    "cat": ((214, 178, 60), (150, 196, 84), (112, 172, 204), (204, 124, 52)),
    "dog": ((74, 44, 24), (98, 62, 30), (52, 34, 26)),
}
_PINK, _DARK, _WHITE = np.array((222, 140, 136)), np.array((32, 26, 28)), np.array((244, 240, 234))


def draw(num_images: int, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray, dict[str, np.ndarray]]:
    """Draw cats and dogs in turn.

    Args:
        num_images: how many, 1 or more.
        seed: the same seed gives the same pictures, however many are drawn.

    Returns:
        `images`, a list of (height, width, 3) uint8 RGB in [0, 255] with sides of 300 to 500 pixels; `labels` (N,)
        int32, an index into `SPECIES`; the factors, each (N,), see `draw_one`.

    Raises:
        ValueError: `num_images` is not positive.
    """
    if num_images < 1:
        raise ValueError(f"num_images must be 1 or more. Received: num_images={num_images}")
    images, factors = zip(*(draw_one(index, seed) for index in range(num_images)), strict=True)
    labels = (np.arange(num_images) % len(SPECIES)).astype("int32")
    return list(images), labels, {key: np.array([one[key] for one in factors]) for key in factors[0]}


def draw_one(index: int, seed: int = 0) -> tuple[np.ndarray, dict]:
    """Draw one animal: a cat where `index` is even, else a dog.

    Args:
        index: which picture of the seed, 0 or more.
        seed: 0 or more.

    Returns:
        The image (height, width, 3) uint8 RGB, and its factors: `species`, `pose`, `pattern`, `ears` and `background`
        (text), `fur` and `second` (indices into `FURS`; a patch has the second), `tongue` (True where it shows), `tail`
        (-1 to the left, 1 to the right), those of `RANGES` and those of `scenery.LIGHT`.
    """
    rng = np.random.default_rng([seed, index])
    height, width = (int(side) for side in rng.integers(300, 501, 2))
    factors = _factors(rng, SPECIES[index % 2])
    radius = factors["size"] * min(height, width)
    low = radius * np.array((1.25, 1.55))
    room = np.maximum(0, (width - 1.25 * radius, 0.62 * height) - low)
    centre = low + room * (factors["x"], factors["y"])
    feet = centre[1] + radius * {"sitting": 3.0, "lying": 1.5, "standing": 2.9}[factors["pose"]]
    below = centre[0] + (factors["pose"] != "sitting") * factors["tail"] * radius
    shadow = (below, feet, 1.7 * radius, 0.3 * radius)
    image, factors["background"] = scenery.background(rng, height, width, feet - 0.8 * radius, shadow)
    coat = {"main": FURS[factors["fur"]] + rng.uniform(-12, 12, 3), "second": np.array(FURS[factors["second"]])}
    coat["bib"] = _WHITE if factors["pattern"] == "bib" else 0.82 * coat["main"] + 0.18 * _WHITE
    irises = _IRISES[factors["species"]]
    muzzle, face = _DRAWERS[factors["species"]]
    pixels = np.zeros((height, width, 4), "uint8")
    brush = Brush(pixels, centre, radius, factors["light_from"])
    _body(brush, factors, coat)
    brush.rotation = _rotation(factors)
    _head(brush, factors, coat)
    muzzle(brush, factors, coat)
    scenery.put(image, pixels, rng, 0.035 * radius)
    brush.pixels = image  # the face has no fur
    face(brush, factors, coat, np.array(irises[rng.integers(len(irises))]))
    return scenery.photograph(image, rng, factors), factors


def _factors(rng, species):
    fur, second = (int(value) for value in rng.choice(len(FURS), 2, replace=False))
    ears = EARS[species]
    shares = (0.9, 0.1) if species == "cat" else (0.6, 0.25, 0.15)
    factors = {"species": species, "pose": str(rng.choice(POSES, p=(0.5, 0.25, 0.25))), "fur": fur, "second": second}
    factors |= {"pattern": str(rng.choice(PATTERNS[: 4 if species == "cat" else 3]))}
    factors |= {"ears": str(rng.choice(ears, p=shares)), "tail": int(rng.choice((-1, 1)))}
    factors |= {"tongue": bool(species == "dog" and rng.random() < 0.65)}
    factors |= {key: rng.uniform(*between) for key, between in RANGES.items()}
    return factors | scenery.light(rng)


def _rotation(factors):
    """The head's turn, nod and tilt as a matrix (2, 3) that also looks at it from the front."""
    turn, nod, tilt = np.deg2rad([factors[key] for key in ("turn", "nod", "tilt")])
    sideways = np.array(((np.cos(turn), 0, np.sin(turn)), (0, 1, 0), (-np.sin(turn), 0, np.cos(turn))))
    down = np.array(((1, 0, 0), (0, np.cos(nod), np.sin(nod)), (0, -np.sin(nod), np.cos(nod))))
    return np.array(((np.cos(tilt), -np.sin(tilt), 0), (np.sin(tilt), np.cos(tilt), 0))) @ down @ sideways


def _both(outline):
    """An outline (N, 2) or (N, 3) and its mirror image on the other side."""
    return outline, outline * np.array((-1, 1, 1))[: outline.shape[1]]


def _symmetrical(*right, rounds=3):
    """A smooth outline from the corners of its right half, from the top down."""
    corners = np.array(right)
    return smooth(np.concatenate([corners, _both(corners)[1][::-1]]), rounds)


def _on_face(outline):
    """Put an outline, (N, 2) or (N, 3), on the round front of the head: (N, 3)."""
    across, down = outline[:, 0], outline[:, 1]
    return np.stack([across, down, 0.85 * np.sqrt((1 - across**2 - down**2).clip(0.05))], axis=1)


def _tail(species, pose):
    """The outline of a tail to the right: a cat's is long, thin and curled, a dog's short, and it wags."""
    rump = {"sitting": (0.8, 2.5), "lying": (2.6, 1.0), "standing": (2.7, 1.1)}[pose]
    t = np.linspace(0, 1, 14)
    if species == "dog":
        return limb(np.stack([0.9 * t, -1.3 * t - 0.3 * np.sin(3 * t)], axis=1) + rump, 0.26, 0.1)
    rise = 1.2 if pose == "sitting" else 1.9
    path = np.stack([1.5 * t + 0.2 * np.sin(6 * t), -rise * t + 0.6 * np.sin(3 * t)], axis=1)
    return limb(path + rump, 0.17, 0.13)


def _body(brush, factors, coat):
    """Draw tail, body, legs and paws; lying and standing bodies reach to one side."""
    pose, side = factors["pose"], np.array((factors["tail"], 1))
    brush.shade(_TAILS[factors["species"], pose] * side, 0.9 * coat["main"])
    for leg in _HIND_LEGS[pose]:
        brush.shade(leg * side, 0.8 * coat["main"])
    brush.shade(_BODIES[pose] * side, coat["main"], 7)
    for haunch in _HAUNCHES[pose]:
        brush.shade(haunch * (*side, 1), 0.95 * coat["main"])
    for leg in _LEGS[pose]:
        brush.shade(leg, coat["main"])
    for paw in _PAWS[pose]:
        brush.shade(paw, coat["bib"])
    if pose != "lying":
        brush.shade(_CHEST, coat["bib"])


def _head(brush, factors, coat):
    """Draw ears and head, with the patch or the stripes of the fur."""
    cat, ears = factors["species"] == "cat", factors["ears"]
    dark = coat["second"] if factors["pattern"] == "patch" and not cat else (0.92 if cat else 0.78) * coat["main"]
    if ears != "hanging":
        for ear in _both(_EARS[factors["species"], ears]):
            middle = ear.mean(axis=0)
            brush.shade(ear, dark)
            brush.fill(middle + 0.6 * (ear - middle), 0.9 * _PINK if cat else 0.6 * dark + 0.25 * _PINK)
    turned, brush.rotation = brush.rotation, np.eye(2, 3)
    brush.shade(_HEADS[factors["species"]] @ turned[:, :2].T, coat["main"], 7)  # as round from every side
    brush.rotation = turned
    if factors["pattern"] == "patch":
        brush.shade(_PATCH, coat["second"])
    for stripe in _STRIPES if factors["pattern"] == "striped" else ():
        brush.fill(stripe, 0.6 * coat["main"])
    for flap in _both(_FLAPS[factors["species"], ears]) if ears != "pointed" else ():
        brush.shade(flap, 0.95 * dark)


def _cat_muzzle(brush, factors, coat):
    """Draw two short cheeks and a chin."""
    for cheek in _both(oval(0.19, 0.46, 0.27, 0.22, 0.92)):
        brush.shade(cheek, 1.04 * coat["bib"])
    brush.shade(oval(0, 0.7, 0.2, 0.14, 0.8), coat["bib"])


def _cat_face(brush, factors, coat, iris):
    """Draw slanting eyes with a slit, a small nose, a mouth and whiskers."""
    for part, colour in zip(_EYES["cat"], (_DARK, iris, _DARK, _WHITE), strict=True):
        brush.fill(part, colour)
    brush.fill(_CAT_NOSE, 0.9 * _PINK)
    brush.line(np.array(((0, 0.36, 1.05), (0, 0.5, 1.0))), _DARK, 0.035)
    for lip in _both(np.array(((0, 0.5, 1.0), (0.1, 0.6, 1.0), (0.24, 0.58, 0.95), (0.32, 0.5, 0.9)))):
        brush.line(lip, _DARK, 0.035)
    for start, end in ((0.36, 0.12), (0.44, 0.42), (0.52, 0.72)):
        middle = (start + end) / 2 - 0.06
        for whisker in _both(np.array(((0.26, start, 1.0), (0.8, middle, 0.7), (1.45, end, 0.4)))):
            brush.line(whisker, _DARK if coat["main"].mean() > 170 else _WHITE, 0.015)


def _dog_muzzle(brush, factors, coat):
    """Draw a long muzzle, over the tongue where it hangs out."""
    if factors["tongue"]:
        brush.shade(oval(0, 0.86, 0.3, 0.26, 1.05), 1.6 * _DARK, 3)
        brush.shade(_TONGUE, (226, 104, 116))
    brush.hull(_MUZZLE, 0.93 * coat["bib"])
    for cheek in _both(oval(0.17, 0.56, 0.26, 0.25, 1.3)):
        brush.shade(cheek, 1.03 * coat["bib"])
    brush.shade(oval(0, 0.3, 0.24, 0.22, 1.3), 1.03 * coat["bib"])


def _dog_face(brush, factors, coat, iris):
    """Draw round eyes, a large nose and a mouth."""
    for part, colour in zip(_EYES["dog"], (1.3 * _DARK, iris, 0.5 * _DARK, _WHITE), strict=True):
        brush.fill(part, colour)
    brush.shade(_DOG_NOSE, 1.2 * _DARK)
    brush.fill(oval(-0.06, 0.2, 0.08, 0.035, 1.52), (150, 146, 150))
    brush.line(np.array(((0, 0.46, 1.5), (0, 0.68, 1.45))), _DARK, 0.05)
    for lip in _both(np.array(((0, 0.68, 1.45), (0.14, 0.79, 1.4), (0.32, 0.76, 1.25), (0.42, 0.64, 1.0)))):
        brush.line(lip, _DARK, 0.05)


_DRAWERS = {"cat": (_cat_muzzle, _cat_face), "dog": (_dog_muzzle, _dog_face)}
# Outlines, in units of the head.
_BODIES = {
    "sitting": _symmetrical((0.5, 0.3), (0.95, 1.4), (1.3, 2.7), (0.9, 3.15)),
    "lying": smooth(((-0.7, 0.2), (0.8, 0.0), (2.3, 0.1), (3.1, 0.6), (3.1, 1.5), (-0.8, 1.55))),
    "standing": smooth(
        ((-0.6, 0.2), (0.8, 0.25), (2.4, 0.2), (3.05, 0.8), (2.8, 1.75), (0.8, 1.85), (0, 2.0), (-0.6, 1.6))
    ),
}
_TAILS = {(species, pose): _tail(species, pose) for species in SPECIES for pose in POSES}
_HAUNCHES = {"sitting": _both(oval(0.85, 2.65, 0.42, 0.5)), "lying": [oval(2.4, 1.05, 0.7, 0.52)], "standing": []}
_HIND_LEGS = dict.fromkeys(POSES, ()) | {
    "standing": [limb(((x, 1.0), (x, 1.9), (x + 0.06, 2.75)), 0.34, 0.17) for x in (2.2, 2.75)]
}
_GROUND = {"sitting": 3.05, "standing": 2.9}  # how far below the middle of the head
_LEGS = {"lying": ()} | {
    pose: [limb(((x, 1.6), (x, 2.3), (1.1 * x, ground - 0.2)), 0.32, 0.2) for x in (-0.34, 0.36)]
    for pose, ground in _GROUND.items()
}
_PAWS = {"lying": _both(oval(0.5, 1.4, 0.42, 0.22))} | {
    pose: [oval(1.1 * x, ground - 0.08, 0.28, 0.19) for x in (-0.34, 0.36)] for pose, ground in _GROUND.items()
}
_CHEST = oval(0, 1.25, 0.46, 0.68)
_HEADS = {
    "cat": _symmetrical((0.5, -0.92), (1.0, -0.5), (1.15, 0.25), (0.75, 0.82), (0.3, 0.98)),
    "dog": _symmetrical((0.45, -1.0), (0.88, -0.6), (0.9, 0.1), (0.66, 0.72), (0.3, 0.95)),
}
_EARS = {
    ("cat", "pointed"): ((-1.0, -0.05), (-1.02, -0.7), (-0.92, -1.35), (-0.5, -1.05), (-0.12, -0.7)),
    ("cat", "folded"): ((-0.98, -0.1), (-1.06, -0.6), (-0.9, -0.92), (-0.5, -0.88), (-0.12, -0.7)),
    ("dog", "pointed"): ((-0.78, -0.3), (-0.86, -0.85), (-0.62, -1.42), (-0.4, -1.2), (-0.16, -0.75)),
    ("dog", "folded"): ((-0.78, -0.4), (-0.85, -0.9), (-0.6, -1.12), (-0.15, -0.75)),
}
_EARS = {key: np.array([(*point, -0.1) for point in points]) for key, points in _EARS.items()}
_FLAPS = {  # the part of an ear that falls forward
    ("cat", "folded"): smooth(((-1.1, -0.68, 0), (-0.9, -1.0, 0), (-0.42, -0.95, 0), (-0.72, -0.42, 0.3)), 2),
    ("dog", "folded"): smooth(
        ((-0.88, -0.9, 0.1), (-0.3, -1.05, 0.1), (-0.45, -0.6, 0.3), (-0.85, -0.2, 0.3), (-1.0, -0.5, 0.2)), 2
    ),
    ("dog", "hanging"): smooth(
        ((-0.35, -0.95, 0.1), (-1.05, -0.95, 0), (-1.4, 0.3, 0.1), (-1.1, 0.95, 0.15), (-0.72, 0.2, 0.15))
    ),
}
_PATCH = _on_face(oval(0.4, -0.28, 0.35, 0.43))
_STRIPES = [_on_face(limb(((1.3 * x, -0.88), (x, -0.6), (0.7 * x, -0.38)), 0.07, 0.03)) for x in (-0.26, 0, 0.26)] + [
    _on_face(side)
    for x, y in ((0.86, 0.1), (0.8, 0.34))
    for side in _both(np.array(((x + 0.2, y - 0.08), (x - 0.22, y), (x + 0.2, y + 0.06))))
]
_EYES = {  # rim, iris, pupil and glint, each on the left and on the right
    species: [
        np.stack([_on_face(oval(x * sign + glint, y, *radii, slant=slant * sign)) for sign in (-1, 1)])
        for x, y, glint, radii, slant in parts
    ]
    for species, parts in {
        "cat": (
            (0.42, -0.1, 0, (0.27, 0.2), -14),
            (0.42, -0.1, 0, (0.235, 0.17), -14),
            (0.42, -0.1, 0, (0.05, 0.165), 0),
            (0.42, -0.16, 0.07, (0.04, 0.04), 0),
        ),
        "dog": (
            (0.38, -0.2, 0, (0.185, 0.18), 0),
            (0.38, -0.2, 0, (0.155, 0.155), 0),
            (0.38, -0.2, 0, (0.09, 0.09), 0),
            (0.38, -0.26, 0.05, (0.045, 0.045), 0),
        ),
    }.items()
}
_CAT_NOSE = smooth(((-0.16, 0.2, 1.02), (0.16, 0.2, 1.02), (0.0, 0.38, 1.06)), 2)
_DOG_NOSE = _symmetrical((0.28, 0.14, 1.45), (0.24, 0.36, 1.5), (0.0, 0.48, 1.5), rounds=2)
_MUZZLE = np.concatenate([oval(0, 0.3, 0.46, 0.42, 0.65), oval(0, 0.46, 0.4, 0.32, 1.2)])
_TONGUE = _symmetrical((0.2, 0.7, 1.15), (0.24, 1.1, 1.2), (0.12, 1.4, 1.2))
