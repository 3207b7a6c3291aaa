import random

import keras
import numpy as np
import pytest

from helpers import profiles

ROWS = dict(ci=dict(epochs=1), laptop=dict(epochs=2), full=dict(epochs=3))


@pytest.mark.parametrize(("profile", "epochs"), [("ci", 1), ("laptop", 2), ("full", 3), ("", 2)])
def test_pick_takes_the_row_of_the_profile(monkeypatch, capsys, profile, epochs):
    monkeypatch.setenv("COURSE_PROFILE", profile)
    assert profiles.pick(**ROWS).epochs == epochs
    assert f"epochs={epochs}" in capsys.readouterr().out


def test_an_unknown_profile_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "fast")
    with pytest.raises(ValueError, match=r"ci, laptop, full.*'fast'"):
        profiles.pick(**ROWS)


def test_rows_with_other_keys_are_named(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "ci")
    with pytest.raises(ValueError, match=r"full=\['epoch'\]"):
        profiles.pick(ci=dict(epochs=1), laptop=dict(epochs=2), full=dict(epoch=3))


def test_seed_repeats_and_course_seed_moves_it(monkeypatch):
    def draw():
        return random.random(), float(np.random.rand()), float(keras.random.uniform(()))

    profiles.seed(3)
    first = draw()
    profiles.seed(3)
    assert draw() == first
    monkeypatch.setenv("COURSE_SEED", "1")
    assert profiles.seed(3) == 4
    assert draw() != first


def test_course_data(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert profiles.course_data() is None
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert profiles.course_data() == tmp_path.resolve()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", "notebooks")  # a relative name counts from the clone, too
    assert profiles.course_data() == profiles.repository() / "notebooks"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        profiles.course_data()


def test_cache_stands_in_the_clone_or_in_the_home(monkeypatch, tmp_path):
    assert profiles.cache() == profiles.repository() / "data" / "cache"
    monkeypatch.setattr(profiles, "__file__", str(tmp_path / "helpers" / "profiles.py"))
    assert profiles.repository() is None
    assert profiles.cache().parts[-2:] == (".cache", "deep-vision-workbook")
    monkeypatch.chdir(tmp_path)
    assert profiles.output("1_1") == tmp_path / "build" / "1_1"
    assert profiles.output("1_1").is_dir()


def test_a_mistake_on_purpose_is_one_of_those_known(monkeypatch):
    monkeypatch.delenv("COURSE_BROKEN", raising=False)
    assert profiles.broken() is None
    monkeypatch.setenv("COURSE_BROKEN", "untrained")
    assert profiles.broken() == "untrained"
    monkeypatch.setenv("COURSE_BROKEN", "nonsense")
    with pytest.raises(ValueError, match=r"COURSE_BROKEN must be one of untrained, .* Received: .*'nonsense'"):
        profiles.broken()
