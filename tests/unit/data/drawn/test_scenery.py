import numpy as np
import pytest

from helpers.data.drawn import scenery

PLAIN = {"brightness": 1.0, "warmth": 0.0, "light_from": -90.0, "shade": 0.0, "blur": 0.3, "noise": 0.0}


def photograph(image, **factors):
    return scenery.photograph(image, np.random.default_rng(0), PLAIN | factors).astype(float)


def grey():
    return np.full((90, 120, 3), 100, "uint8")


def test_photograph_does_what_the_factors_say():
    assert np.array_equal(photograph(grey()), grey())
    assert photograph(grey(), brightness=1.2).mean() == pytest.approx(120, abs=1)
    warm = photograph(grey(), warmth=0.1).mean(axis=(0, 1))
    assert warm == pytest.approx((110, 100, 90), abs=1)  # RGB: red first
    from_right = photograph(grey(), light_from=0.0, shade=0.3)
    assert from_right[:, -10:].mean() > 120 and from_right[:, :10].mean() < 80
    from_above = photograph(grey(), light_from=-90.0, shade=0.3)
    assert from_above[:10].mean() > 120 and from_above[-10:].mean() < 80
    noisy = photograph(grey(), noise=8.0)
    assert noisy.std() == pytest.approx(8, rel=0.1) and noisy.mean() == pytest.approx(100, abs=1)


def test_photograph_blurs():
    edge = grey()
    edge[:, 60:] = 200
    steepest = [np.abs(np.diff(photograph(edge, blur=blur), axis=1)).max() for blur in (0.3, 0.8, 1.3)]
    assert steepest[0] > steepest[1] > steepest[2] > 20


def test_photograph_saturates():
    assert photograph(np.full((9, 9, 3), 250, "uint8"), brightness=1.2).min() == 255
    assert photograph(np.zeros((9, 9, 3), "uint8"), noise=9.0).min() == 0


@pytest.mark.parametrize("channels", [3, 4])
def test_a_brush_fills_where_it_is_told(channels):
    pixels = np.zeros((60, 80, channels), "uint8")
    brush = scenery.Brush(pixels, (50, 20), 10)
    brush.fill(scenery.oval(0, 0, 1, 0.5), (200, 100, 50))
    rows, columns = np.nonzero(pixels[..., 0] > 100)
    assert (columns.min(), columns.max()) == (40, 60) and (rows.min(), rows.max()) == (15, 25)
    assert pixels[20, 50].tolist() == [200, 100, 50, 255][:channels]
    brush.line(np.array(((-4.0, 3.0), (2.0, 3.0))), (0, 300, 0), 0.2)
    assert pixels[50, 20, :3].tolist() == [0, 255, 0]


def test_a_shaded_shape_is_lighter_towards_the_light():
    pixels = np.zeros((100, 100, 3), "uint8")
    scenery.Brush(pixels, (50, 50), 40, light_from=0.0).shade(scenery.oval(0, 0, 1, 1), (150, 150, 150), 6)
    assert pixels[50, 75, 0] > pixels[50, 25, 0] and pixels[50, 60, 0] > pixels[50, 12, 0] > 90


def test_a_rotation_moves_what_is_in_front():
    turn = np.deg2rad(30)
    matrix = np.array(((np.cos(turn), 0, np.sin(turn)), (0, 1, 0)))
    brush = scenery.Brush(np.zeros((9, 9, 3), "uint8"), (0, 0), 10, rotation=matrix)
    assert brush.project(np.array(((0.0, 0, 1), (0, 0, -1), (1, 0, 0)))) == pytest.approx(
        np.array(((5, 0), (-5, 0), (8.66, 0))), abs=0.01
    )


def test_backgrounds():
    kinds = set()
    for seed in range(40):
        image, kind = scenery.background(np.random.default_rng(seed), 100, 131, 60, (60, 80, 20, 5))
        assert image.shape == (100, 131, 3) and image.dtype == "uint8" and image.std() > 1
        kinds.add(kind)
    assert kinds == set(scenery.BACKGROUNDS)
    for horizon in (-50, 0, 99, 400):  # out of the picture
        scenery.background(np.random.default_rng(0), 100, 131, horizon, (60, horizon + 20, 20, 5))


def test_shadow_is_where_it_is_told():
    dark, light = (scenery.background(np.random.default_rng(3), 99, 99, 40, (50, 80, width, 8))[0] for width in (40, 0))
    changed = np.nonzero(np.abs(dark.astype(int) - light).sum(axis=2) > 20)
    assert len(changed[0]) and 68 < changed[0].mean() < 92 and 40 < changed[1].mean() < 60
    assert dark.sum() < light.sum()


def test_put_changes_the_drawing_and_its_edge_alone():
    image, pixels = grey(), np.zeros((90, 120, 4), "uint8")
    scenery.Brush(pixels, (60, 45), 20).fill(scenery.oval(0, 0, 1, 1), (250, 200, 20))
    scenery.put(image, pixels, np.random.default_rng(0), 2.0)
    assert image[40:50, 55:65, 0].mean() > 180 and image[40:50, 55:65, 2].mean() < 40
    assert (image[:10] == 100).all() and (image[:, :15] == 100).all()


def test_limbs_and_outlines():
    leg = scenery.limb(((0, 0), (0, 1), (0, 2)), 0.5, 0.25)
    assert np.abs(leg[:, 0]).max() == 0.5 and leg[:, 1].max() == 2.25
    square = scenery.smooth(((-1, -1), (1, -1), (1, 1), (-1, 1)), 4)
    assert square.shape == (64, 2) and np.linalg.norm(square, axis=1).min() > 0.8 and np.abs(square).max() <= 1
    assert scenery.oval(1, 2, 3, 4, 5).mean(axis=0) == pytest.approx((1, 2, 5))
    assert np.ptp(scenery.oval(0, 0, 3, 1, slant=90), axis=0) == pytest.approx((2, 6, 0))
