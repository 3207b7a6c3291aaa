"""Described classes: pictures show what the table says, files are verified, and a stand-in says that it is one."""

import numpy as np
import pytest

from helpers import profiles
from helpers.data import attributes, downloads
from helpers.data.drawn import shapes


def test_shapes_are_deterministic_and_described(capsys):
    one, same = (attributes.load("shapes", per_class=2, seed=3) for _ in range(2))
    assert one.images.shape == (100, 64, 64, 3) and one.images.dtype == "uint8"
    assert np.array_equal(one.images, same.images) and np.bincount(one.labels).tolist() == [2] * 50
    assert not np.array_equal(one.images, attributes.load("shapes", per_class=2, seed=4).images)
    for name, row in zip(one.class_names, one.table, strict=True):
        assert {word for word, has in zip(one.attributes, row, strict=True) if has} == set(name.split())
    assert not one.is_stand_in and "100 pictures of 50 classes" in capsys.readouterr().out


def test_every_class_has_its_own_row():
    names, table = shapes.classes()
    assert len(names) == len(set(names)) == len(np.unique(table, axis=0)) == 96


def coloured(name):
    """How many pixels of a picture are strongly coloured, on a mean of ten pictures."""
    pictures = np.stack([shapes.draw_one(name, [0, i]) for i in range(10)]).astype(int)
    return ((pictures.max(axis=-1) - pictures.min(axis=-1)) > 70).mean()


def test_the_pictures_show_the_words():
    assert coloured("large filled red circle") > 2 * coloured("small filled red circle")
    assert coloured("large filled red square") > 1.5 * coloured("large outlined red square")
    assert coloured("large filled red circle") > coloured("large filled red star")
    for channel, colour in enumerate(("red", "green", "blue")):
        middle = shapes.draw_one(f"large filled {colour} circle", [1])[24:40, 24:40].mean(axis=(0, 1))
        assert middle.argmax() == channel


@pytest.mark.parametrize("profile", ["ci", "laptop"])
def test_shapes_stand_in_for_animals_and_say_so(profile, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROFILE", profile)
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path)
    found = attributes.load("animals", per_class=1)
    assert found.is_stand_in and found.images.shape == (11, 64, 64, 3) and set(found.wordnet_ids) == {""}
    assert "stand in" in capsys.readouterr().out
    assert not set(found.class_names) & set(attributes.load("shapes", per_class=1).class_names)


def test_a_wrong_file_of_the_pack_is_not_used(tmp_path, monkeypatch):
    for file in downloads.registry("zero_shot"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("0 1\n")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    with pytest.raises(downloads.DataError, match="is not the file it should be"):
        attributes.load("animals", per_class=1)


def test_a_mistake_on_purpose(monkeypatch):
    monkeypatch.setenv("COURSE_BROKEN", "shuffled labels")
    assert not np.array_equal(attributes.load("shapes", per_class=2).labels, np.repeat(np.arange(50), 2))


def test_bad_arguments():
    with pytest.raises(ValueError, match="'birds', per_class=1"):
        attributes.load("birds", per_class=1)
    with pytest.raises(ValueError, match="per_class=0"):
        attributes.load("shapes", per_class=0)
