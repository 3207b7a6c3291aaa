import hashlib

import pytest

from helpers import profiles
from helpers.data import downloads, weights

CONTENT = b"not really weights"
FILE = "weights/squeezenet_v1.1_imagenet_notop.h5"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and a registry that lists a small file for SqueezeNet."""
    row = ("squeezenet", FILE, "-", str(len(CONTENT)), hashlib.sha256(CONTENT).hexdigest(), "MIT", "nobody")
    listed = tmp_path / "registry.tsv"
    listed.write_text("dataset\tfile\turl\tbytes\tsha256\tlicence\tcitation\n" + "\t".join(row) + "\n")
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(downloads, "registry_path", lambda: listed)
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    return tmp_path / "cache"


def put(folder, content=CONTENT):
    (folder / FILE).parent.mkdir(parents=True)
    (folder / FILE).write_bytes(content)
    return folder / FILE


def test_the_pack_comes_first_then_the_cache(cache, tmp_path, monkeypatch):
    in_cache = put(cache)
    assert weights.find("squeezenet") == in_cache
    in_pack = put(tmp_path / "pack")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "pack"))
    assert weights.find("squeezenet") == in_pack
    in_pack.unlink()
    assert weights.find("squeezenet") == in_cache


@pytest.mark.parametrize("where", ["pack", "cache"])
def test_a_wrong_file_is_not_used(cache, tmp_path, monkeypatch, where):
    (tmp_path / "pack").mkdir()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "pack"))
    put(tmp_path / where, CONTENT + b"!")
    with pytest.raises(downloads.DataError, match=r"is not the file it should be(.|\n)*Received: 19 bytes"):
        weights.find("squeezenet")


@pytest.mark.parametrize(("profile", "reason"), [("laptop", "no address to download from"), ("ci", "profile ci")])
def test_a_missing_file_is_named_with_its_places(cache, monkeypatch, profile, reason):
    monkeypatch.setenv("COURSE_PROFILE", profile)
    with pytest.raises(downloads.DataError, match=reason) as error:
        weights.find("squeezenet")
    assert "COURSE_DATA" in str(error.value) and str(cache / FILE) in str(error.value)
    assert "18 bytes" in str(error.value) and hashlib.sha256(CONTENT).hexdigest() in str(error.value)


@pytest.mark.parametrize("profile", ["laptop", "ci"])
def test_download_where_there_is_an_address(cache, monkeypatch, profile):
    asked = []

    def download(folder, file, rows):
        asked.append((folder, file, rows[0]["sha256"]))
        put(folder)

    monkeypatch.setattr(weights, "download", download)
    monkeypatch.setenv("COURSE_PROFILE", profile)
    if profile == "ci":
        with pytest.raises(downloads.DataError):
            weights.find("squeezenet")
        assert asked == []
    else:
        assert weights.find("squeezenet") == cache / FILE
        assert asked == [(cache, FILE, hashlib.sha256(CONTENT).hexdigest())]


def test_an_unknown_name():
    with pytest.raises(ValueError, match="name='resnet'"):
        weights.find("resnet")


def test_the_registry_row():
    [(file, [row])] = downloads.registry("squeezenet").items()
    assert file == FILE and row["bytes"] == 3_002_560 and row["licence"] == "MIT"
    assert row["sha256"] == "17154246284f555591549ac2c83e127abfbf4307dc4b0060fdaa2931d0fa38da"
