"""The judge of digits: trained once, kept, and able to tell digits from what is none."""

from pathlib import Path

import keras
import numpy as np
import pytest

from helpers import profiles
from helpers.data import datasets
from helpers.files import FileError
from helpers.generative import judge


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiles, "cache", lambda: folder)
        before = keras.random.SeedGenerator(3).state
        first = judge.load(digits, epochs=12)
        patch.setattr(judge, "_train", lambda *_: pytest.fail("trained again although the weights are kept"))
        again = judge.load(digits, epochs=12)
        assert before is not None
    kept = list((folder / "judge").iterdir())
    assert len(kept) == 1 and not kept[0].name.startswith("part")
    return first, again


def unit(images):
    return images[..., None].astype("float32") / 255


def test_it_reads_digits_and_is_kept(digits, trained):
    first, again = trained
    assert first.accuracy > 0.94
    some = unit(digits.test_images[:20])
    assert np.allclose(first(some)[0], again(some)[0], atol=1e-5)
    assert first(some)[0].shape == (20, judge.FEATURES) and np.allclose(first(some)[1].sum(axis=1), 1, atol=1e-4)


def test_frechet_orders_what_the_eye_orders(digits, trained):
    real = unit(digits.test_images)
    noise = np.random.default_rng(0).normal(0, 0.3, real.shape).astype("float32")
    one_class = unit(digits.train_images[digits.train_labels == 3])
    own, noisy, noisier = (trained[0].frechet(np.clip(real + s * noise, 0, 1)) for s in (0, 1, 2))
    assert own < noisy < noisier
    assert trained[0].frechet(one_class) > 3 * own


def test_rating_sees_collapse(digits, trained):
    real, one = trained[0].rate(unit(digits.test_images)), np.repeat(unit(digits.test_images[:1]), 50, axis=0)
    assert real["classes"] == 10 and 0.8 < real["diversity"] < 1.3 and real["confident"] > 0.8
    collapsed = trained[0].rate(one)
    assert collapsed["classes"] == 1 and collapsed["entropy"] == 0 and collapsed["diversity"] < 1e-3


def test_wrong_images_are_named(trained):
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        trained[0](np.full((2, 28, 28, 1), -1.0))
    with pytest.raises(ValueError, match="28, 28, 1"):
        trained[0](np.zeros((2, 28, 28)))
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        trained[0](np.full((2, 28, 28, 1), np.nan))


def test_no_other_network_is_taken_for_it(digits, trained, tmp_path, monkeypatch):
    """The name follows from the code, too: the same shapes with another activation are another judge."""
    (tmp_path / "judge").mkdir()
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path)
    monkeypatch.setattr(judge, "_train", lambda *_: None)
    judge.load(digits)
    changed = tmp_path / "judge.py"
    changed.write_text(Path(judge.__file__).read_text().replace("relu", "tanh"))
    monkeypatch.setattr(judge, "__file__", str(changed))
    judge.load(digits)
    kept = list((tmp_path / "judge").iterdir())
    assert len(kept) == 2
    kept[0].write_bytes(b"")
    kept[1].write_bytes(b"")
    with pytest.raises(FileError, match=r"\.npz is damaged"):
        judge.load(digits)


def test_training_leaves_the_callers_random_numbers_alone(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path)
    keras.utils.set_random_seed(5)
    expected = np.random.random(), keras.ops.convert_to_numpy(keras.random.normal((2,)))
    keras.utils.set_random_seed(5)
    judge.load(digits, epochs=1)
    assert np.random.random() == expected[0]
    assert np.array_equal(keras.ops.convert_to_numpy(keras.random.normal((2,))), expected[1])
