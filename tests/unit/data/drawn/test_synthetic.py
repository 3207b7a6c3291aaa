import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.data.drawn import synthetic


def test_digits_look_like_mnist():
    train_images, train_labels, test_images, test_labels = synthetic.digits()
    assert train_images.shape == (1437, 28, 28) and test_images.shape == (360, 28, 28)
    assert train_images.dtype == test_images.dtype == "uint8"
    assert train_labels.dtype == test_labels.dtype == "int32"
    assert (train_images.max(axis=(1, 2)) == 255).all() and (train_images.min(axis=(1, 2)) == 0).all()
    border = train_images.copy()
    border[:, 4:24, 4:24] = 0
    assert not border.any()  # the digit fills the middle 20 x 20
    assert 0.6 < (train_images == 0).mean() < 0.85  # MNIST: 0.81


def test_digits_are_split_by_class():
    _, train_labels, _, test_labels = synthetic.digits()
    counts = np.bincount(np.concatenate([train_labels, test_labels]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(test_labels).min() >= 35 and np.bincount(test_labels).max() <= 37


def test_digits_are_the_same_each_time():
    assert all(np.array_equal(one, two) for one, two in zip(synthetic.digits(), synthetic.digits(), strict=True))


def test_clothes_shapes_and_ranges():
    images, labels, factors = synthetic.clothes(205, seed=3)
    assert images.shape == (205, 28, 28) and images.dtype == "uint8"
    assert labels.shape == (205,) and labels.dtype == "int32"
    assert set(np.bincount(labels)) == {20, 21}
    assert set(factors) == {"scale", "width", "shift_x", "shift_y", "brightness", "sleeve", "noise"}
    assert all(values.shape == (205,) and values.dtype == "float32" for values in factors.values())
    assert (images.max(axis=(1, 2)) > 60).all() and (images == 0).mean() > 0.4


def test_clothes_follow_the_seed():
    one, two, other = synthetic.clothes(50, seed=1), synthetic.clothes(50, seed=1), synthetic.clothes(50, seed=2)
    assert np.array_equal(one[0], two[0]) and np.array_equal(one[1], two[1])
    assert all(np.array_equal(one[2][key], two[2][key]) for key in one[2])
    assert not np.array_equal(one[0], other[0])


def test_factors_are_what_is_drawn():
    images, labels, factors = synthetic.clothes(2000)
    lit = images > 0
    columns = np.arange(28)
    middle = (lit * columns).sum(axis=(1, 2)) / lit.sum(axis=(1, 2))
    for label in range(10):
        chosen = labels == label
        assert np.corrcoef(middle[chosen], factors["shift_x"][chosen])[0, 1] > 0.9
        area = factors["scale"][chosen] ** 2 * factors["width"][chosen]
        limit = 0.5 if factors["sleeve"][chosen].any() else 0.9  # the area of a sleeve varies with its length
        assert np.corrcoef(lit[chosen].sum(axis=(1, 2)), area)[0, 1] > limit
        brightest = np.quantile(images[chosen].reshape(chosen.sum(), -1), 0.9, axis=1)
        assert np.corrcoef(brightest, factors["brightness"][chosen])[0, 1] > 0.9 or label == 5  # a sandal is thin
    with_sleeves = {synthetic.CLOTHES[label] for label in np.unique(labels[factors["sleeve"] > 0])}
    assert with_sleeves == {"T-shirt/top", "Pullover", "Coat", "Shirt"}


def test_clothes_can_be_learnt_but_not_at_once():
    def small(seed, count):
        images, labels, _ = synthetic.clothes(count, seed=seed)
        return images.reshape(count, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(count, -1) / 255, labels

    model = LogisticRegression(max_iter=60, C=0.3, tol=1e-2).fit(*small(0, 1600))
    assert 0.75 < model.score(*small(1, 400)) < 0.95


def test_no_clothes_at_all():
    with pytest.raises(ValueError, match="num_images=0"):
        synthetic.clothes(0)
