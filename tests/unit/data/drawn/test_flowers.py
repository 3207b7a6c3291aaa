import cv2
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.data.drawn import flowers, scenery


@pytest.fixture(scope="module")
def drawn():
    return flowers.draw(150, seed=5)


def test_shapes_and_labels(drawn):
    images, labels, _ = drawn
    assert images.shape == (150, 192, 192, 3) and images.dtype == "uint8"
    assert labels.dtype == "int32" and labels.tolist() == [0, 1, 2, 3, 4] * 30


def test_pictures_follow_the_seed(drawn):
    images, _, factors = flowers.draw(6, seed=5)
    assert np.array_equal(images, drawn[0][:6])
    assert all(np.array_equal(values, drawn[2][key][:6]) for key, values in factors.items())
    assert not np.array_equal(flowers.draw_one(0, seed=6)[0], images[0])


def test_factors(drawn):
    _, _, factors = drawn
    assert all(len(values) == 150 for values in factors.values())
    for key, (low, high) in (flowers.RANGES | scenery.LIGHT).items():
        assert low <= factors[key].min() and factors[key].max() <= high
    assert factors["kind"].tolist() == list(flowers.KINDS) * 30
    assert set(factors["count"]) == {1, 2, 3, 4} and set(factors["background"]) == set(scenery.BACKGROUNDS)
    assert set(factors["kind"][factors["seeds"]]) == {"dandelion"}
    for kind in flowers.KINDS:
        assert set(factors["petals"][factors["kind"] == kind]) <= set(range(len(flowers.PETALS[kind])))


def test_the_middle_of_a_flower_has_its_colour(drawn):
    images, labels, factors = drawn
    x, y = ((192 * factors[key]).astype(int) for key in ("x", "y"))
    middle = np.array(
        [image[v - 5 : v + 6, u - 5 : u + 6].mean(axis=(0, 1)) for image, u, v in zip(images, x, y, strict=True)]
    )
    daisy, sunflower = (middle[labels == flowers.KINDS.index(kind)].mean(axis=0) for kind in ("daisy", "sunflowers"))
    assert daisy[0] > 1.1 * daisy[1] > 2 * daisy[2]  # yellow, RGB
    assert sunflower[0] < 0.7 * daisy[0]  # brown


def accuracy(features, labels, strength):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=200))
    return cross_val_score(model, np.array(features), labels, cv=4).mean()


def seen(image):
    """Colours round the middle, and how strong edges of nine directions are in each of 8 x 8 cells."""
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (96, 96), interpolation=cv2.INTER_AREA)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    direction = (np.arctan2(down, across) % np.pi / np.pi * 9).astype(int) % 9
    strength = [np.hypot(across, down) * (direction == one) for one in range(9)]
    edges = np.array([cv2.resize(one, (8, 8), interpolation=cv2.INTER_AREA) for one in strength])
    middle = cv2.resize(image[48:140, 40:150], (8, 8), interpolation=cv2.INTER_AREA) / 255
    return np.concatenate([(edges / (np.linalg.norm(edges, axis=0) + 20)).ravel(), middle.ravel()])


def test_shapes_tell_the_kind_better_than_colours(drawn):
    images, labels, _ = drawn
    assert accuracy(images.mean(axis=(1, 2)), labels, 1.0) < 0.5  # chance is 0.2
    assert accuracy([seen(image) for image in images], labels, 0.003) > 0.65


def test_no_flowers_at_all():
    with pytest.raises(ValueError, match="num_images=0"):
        flowers.draw(0)
