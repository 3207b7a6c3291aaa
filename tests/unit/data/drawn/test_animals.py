import time

import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.data.drawn import animals, scenery


@pytest.fixture(scope="module")
def drawn():
    """240 pictures, labels, factors, and where in each the fur is."""
    covers, put = [], scenery.put

    def watched(image, pixels, *rest):
        covers.append(pixels[..., 3] > 0)
        put(image, pixels, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenery, "put", watched)
        return *animals.draw(240, seed=5), covers


def edges(image, size=96, cells=8, directions=9):
    """How strong the edges of each direction are in each of 8 x 8 cells."""
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (size, size), interpolation=cv2.INTER_AREA)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    strength = np.hypot(across, down)
    direction = (np.arctan2(down, across) % np.pi / np.pi * directions).astype(int) % directions
    share = [
        cv2.resize(strength * (direction == one), (cells, cells), interpolation=cv2.INTER_AREA) for one in range(9)
    ]
    return (np.array(share) / (np.linalg.norm(share, axis=0) + 20)).ravel()


def accuracy(features, labels, strength):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))
    return cross_val_score(model, np.array(features), labels, cv=4).mean()


def test_shapes_and_labels(drawn):
    images, labels, _, _ = drawn
    sides = np.array([image.shape[:2] for image in images])
    assert all(image.dtype == "uint8" and image.shape[2] == 3 for image in images)
    assert sides.min() >= 300 and sides.max() <= 500
    assert len({tuple(side) for side in sides}) > 200 and (sides[:, 0] / sides[:, 1]).std() > 0.1
    assert labels.dtype == "int32" and labels.tolist() == [0, 1] * 120


def test_pictures_follow_the_seed():
    few, many = animals.draw(3, seed=1), animals.draw(4, seed=1)
    assert all(np.array_equal(one, other) for one, other in zip(few[0], many[0][:3], strict=True))
    assert all(np.array_equal(few[2][key], many[2][key][:3]) for key in few[2])
    alone, factors = animals.draw_one(3, seed=1)
    assert np.array_equal(alone, many[0][3]) and factors["species"] == "dog"
    other = animals.draw_one(3, seed=2)[0]
    assert other.shape != alone.shape or not np.array_equal(other, alone)


def test_factors(drawn):
    _, labels, factors, _ = drawn
    assert all(len(values) == 240 for values in factors.values())
    for key, (low, high) in (animals.RANGES | scenery.LIGHT).items():
        assert (
            low <= factors[key].min() < low + 0.1 * (high - low)
            and high - 0.1 * (high - low) < factors[key].max() <= high
        )
    cats = labels == 0
    assert factors["species"].tolist() == ["cat", "dog"] * 120
    assert set(factors["pose"]) == set(animals.POSES) and set(factors["tail"]) == {-1, 1}
    assert set(factors["background"]) == set(scenery.BACKGROUNDS)
    assert set(factors["ears"][cats]) == set(animals.EARS["cat"])
    assert set(factors["ears"][~cats]) == set(animals.EARS["dog"])
    assert set(factors["pattern"][cats]) == set(animals.PATTERNS) and "striped" not in factors["pattern"][~cats]
    assert not factors["tongue"][cats].any() and 0.4 < factors["tongue"][~cats].mean() < 0.9
    assert (factors["fur"] != factors["second"]).all() and set(factors["fur"]) == set(range(len(animals.FURS)))


def test_factors_are_what_is_drawn(drawn):
    images, _, factors, covers = drawn
    height, width = np.array([image.shape[:2] for image in images]).T
    radius = factors["size"] * np.minimum(height, width)
    sitting = factors["pose"] == "sitting"
    middle = np.array([np.median(np.nonzero(cover)[1]) for cover in covers])
    expected = 1.25 * radius + (width - 2.5 * radius) * factors["x"]
    assert (np.abs(middle - expected) < 0.5 * radius)[sitting].all()
    top = np.array([np.nonzero(cover)[0].min() for cover in covers])
    assert np.corrcoef(top / (0.62 * height - 1.55 * radius).clip(1), factors["y"])[0, 1] > 0.5
    whole = sitting & np.array([not (cover[-1].any() or cover[:, 0].any() or cover[:, -1].any()) for cover in covers])
    area = np.array([cover.sum() for cover in covers])
    assert whole.sum() > 9 and np.corrcoef(area[whole], radius[whole] ** 2)[0, 1] > 0.95
    assert all(0.02 < cover.mean() < 0.8 for cover in covers)


def test_the_tongue_is_red_and_the_fur_in_its_colour():
    checked = 0
    for index in range(1, 40, 2):
        image, factors = animals.draw_one(index, seed=3)
        red = (image[..., 0].astype(int) - image[..., 1:].max(axis=2)) > 55
        if factors["fur"] == 2 and factors["second"] != 3 and factors["brightness"] > 0.9 and factors["warmth"] < 0.05:
            checked += 1
            assert not factors["tongue"] or red.sum() > 20  # RGB, not BGR
    assert checked


def test_shapes_tell_the_species_and_colours_do_not(drawn):
    images, labels, _, covers = drawn
    assert accuracy([image.mean(axis=(0, 1)) for image in images], labels, 1.0) < 0.6
    furs = [image[cover].mean(axis=0) for image, cover in zip(images, covers, strict=True)]
    assert accuracy(furs, labels, 1.0) < 0.6
    assert accuracy([edges(image) for image in images], labels, 0.003) > 0.75


def test_drawing_is_fast():
    animals.draw_one(0)
    rates = []
    for start in range(0, 40, 8):
        begin = time.process_time()
        for index in range(start, start + 8):
            animals.draw_one(index)
        rates.append(8 / (time.process_time() - begin))
    assert max(rates) > 30  # about 100 on an idle core


def test_no_animals_at_all():
    with pytest.raises(ValueError, match="num_images=0"):
        animals.draw(0)
