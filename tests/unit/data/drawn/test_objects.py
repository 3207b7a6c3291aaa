import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.data.drawn import objects


@pytest.fixture(scope="module")
def drawn():
    return objects.draw(300, seed=5)


def test_shapes_and_labels(drawn):
    images, labels, _ = drawn
    assert images.shape == (300, 32, 32, 3) and images.dtype == "uint8"
    assert labels.dtype == "int32" and labels.tolist() == list(range(10)) * 30
    assert objects.draw(2, size=64)[0].shape == (2, 64, 64, 3)


def test_pictures_follow_the_seed(drawn):
    images, _, factors = objects.draw(12, seed=5)
    assert np.array_equal(images, drawn[0][:12])
    assert all(np.array_equal(values, drawn[2][key][:12]) for key, values in factors.items())
    assert not np.array_equal(objects.draw_one(0, seed=6)[0], images[0])


def test_factors(drawn):
    _, _, factors = drawn
    assert all(len(values) == 300 for values in factors.values())
    for key, (low, high) in objects.RANGES.items():
        assert low <= factors[key].min() < factors[key].max() <= high
    assert factors["kind"].tolist() == list(objects.KINDS) * 30
    assert set(factors["pattern"]) == set(objects.PATTERNS) and set(factors["pose"]) == {0, 1}
    assert set(factors["background"]) == set(objects.BACKGROUNDS) and set(factors["flipped"]) == {True, False}
    usual = [place in objects.USUAL[kind] for kind, place in zip(factors["kind"], factors["background"], strict=True)]
    assert 0.45 < np.mean(usual) < 0.75  # half of them by rule, some more by chance
    assert factors["coat"].shape == (300, 3)


def without(monkeypatch, **fixed):
    """Draw without noise and pattern; `fixed` narrows ranges."""
    ranges = {"noise": (0, 0), "brightness": (1, 1), "tilt": (0, 0), "size": (0.8, 0.8), "stretch": (1, 1)} | fixed
    monkeypatch.setattr(objects, "RANGES", objects.RANGES | ranges)
    return lambda index: objects.draw_one(index, seed=3, pattern="plain")


def coverage(monkeypatch, indices, **fixed):
    """Where the things are: middle of what is covered in x and y, and how much is covered, as shares of the picture."""
    draw, covers = without(monkeypatch, **fixed), []
    thing = objects._thing
    monkeypatch.setattr(objects, "_thing", lambda *args: covers.append(thing(*args)) or covers[-1])
    factors = [draw(index)[1] for index in indices]
    cover = np.array(covers)[..., 3] / 255
    places = (np.arange(32) + 0.5) / 32
    total = cover.sum(axis=(1, 2))
    middle = (cover.sum(axis=1) @ places / total, cover.sum(axis=2) @ places / total)
    return *middle, total / 32**2, factors


def test_place_size_and_flip_are_what_is_drawn(monkeypatch):
    indices = range(0, 1200, 10)  # airplanes
    x, y, area, factors = coverage(monkeypatch, indices, size=(0.4, 0.7))
    told = {key: np.array([one[key] for one in factors]) for key in ("x", "y", "size", "pose", "flipped")}
    for pose in (0, 1):
        chosen = told["pose"] == pose
        assert np.corrcoef(y[chosen], told["y"][chosen])[0, 1] > 0.95
        assert np.corrcoef(area[chosen], told["size"][chosen] ** 2)[0, 1] > 0.95
        for flipped in (False, True):
            same = chosen & (told["flipped"] == flipped)
            assert np.corrcoef(x[same], told["x"][same])[0, 1] > 0.95
    tail = np.array([(x - told["x"])[(told["pose"] == 0) & (told["flipped"] == flipped)].mean() for flipped in (0, 1)])
    assert tail[0] > 0.003 and tail[1] < -0.003  # the tail is heavier than the nose, and behind it


def test_coat_is_the_colour_of_the_thing(monkeypatch):
    draw = without(monkeypatch, size=(0.9, 0.9), x=(0.5, 0.5), y=(0.5, 0.5))
    for index in range(3, 200, 10):
        image, factors = draw(index)
        if factors["pose"] == 1:  # a cat from the side: its middle is coat
            assert np.abs(image[18, 15:18].mean(axis=0) - factors["coat"]).max() < 6


def test_patterns_are_on_the_thing_and_nowhere_else(monkeypatch):
    draw = without(monkeypatch, size=(0.9, 0.9), x=(0.5, 0.5), y=(0.5, 0.5))
    for index in range(20):
        plain, factors = draw(index)
        cover = objects._thing(np.random.default_rng(0), 32, factors)[..., 3]
        for pattern in objects.PATTERNS[1:]:
            changed = np.abs(objects.draw_one(index, 3, pattern=pattern)[0].astype(int) - plain).max(axis=2) > 4
            assert not changed[cover == 0].any() and changed[cover == 255].mean() > 0.5


def test_backgrounds_and_mean_colours_do_not_tell_the_class(drawn):
    images, labels, _ = drawn
    others, their_labels, _ = objects.draw(400, seed=6)
    means = [(some.mean(axis=(1, 2)) / 255, tags) for some, tags in ((others, their_labels), (images, labels))]
    assert LogisticRegression(max_iter=100).fit(*means[0]).score(*means[1]) < 0.35  # chance is 0.1


def test_pixels_alone_are_not_enough(drawn):
    def small(images):
        return images.reshape(len(images), 8, 4, 8, 4, 3).mean(axis=(2, 4)).reshape(len(images), -1) / 255

    images, labels, _ = drawn
    others, their_labels, _ = objects.draw(900, seed=6)
    model = LogisticRegression(max_iter=60, C=0.1, tol=1e-2).fit(small(others), their_labels)
    assert 0.3 < model.score(small(images), labels) < 0.6  # a small convolutional network: see data/README.md


@pytest.mark.parametrize("wrong", [{"num_images": 0}, {"num_images": 3, "size": 8}])
def test_what_cannot_be_drawn(wrong):
    with pytest.raises(ValueError, match=r"num_images must be 1 or more, size 16 or more. Received: num_images=\d"):
        objects.draw(**wrong)
