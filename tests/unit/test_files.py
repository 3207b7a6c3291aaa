"""Local paths and bucket addresses, errors that name the file, and names that a file gets only when it is whole."""

import os
from pathlib import Path

import pytest

from helpers import files


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("gs://bucket/train.hdf5", True),
        ("ram://train.hdf5", True),
        ("train.hdf5", False),
        ("/data/train.hdf5", False),
        ("C:\\data\\train.hdf5", False),
        (Path("data/train.hdf5"), False),
    ],
)
def test_which_paths_are_remote(path, remote):
    assert files.is_remote(path) is remote


def test_join():
    assert files.join("gs://bucket/folder", "a.hdf5") == files.join("gs://bucket/folder/", "a.hdf5")
    assert files.join("gs://bucket/folder", "a.hdf5") == "gs://bucket/folder/a.hdf5"
    assert files.join("folder", "a.hdf5") == files.join(Path("folder"), "a.hdf5") == Path("folder/a.hdf5")


@pytest.mark.parametrize("where", ["local", "ram"])
def test_written_and_read_again(where, tmp_path):
    folder = tmp_path if where == "local" else f"ram://{tmp_path.name}"
    temporary, final = files.join(folder, "a.part"), files.join(folder, "a")
    assert not files.exists(temporary)
    for content in (b"the first\n\xff\x00", b"the next, which replaces it"):
        with files.open_file(temporary, "wb") as file:
            file.write(content)
        files.commit(temporary, final)
        assert not files.exists(temporary) and files.exists(final)
        with files.open_file(final) as file:
            assert file.read() == content


@pytest.mark.parametrize("path", ["gone/a.hdf5", "ram://gone/a.hdf5"])
def test_a_file_that_is_not_there_is_named(path):
    assert not files.exists(path)
    with pytest.raises(files.FileError, match=f"{path} cannot be opened: .*"):
        files.open_file(path)


def test_a_folder_is_no_file(tmp_path):
    assert files.exists(tmp_path)
    for mode in ("rb", "wb"):
        with pytest.raises(files.FileError, match=f"{tmp_path} cannot be opened: Is a directory"):
            files.open_file(tmp_path, mode)


def test_mistakes_in_a_program_are_not_file_errors(tmp_path):
    with pytest.raises(ValueError, match="mode"):
        files.open_file(tmp_path / "a", "nonsense")


def test_the_bytes_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    temporary, final = tmp_path / "a.part", tmp_path / "a"
    temporary.write_bytes(b"new")
    final.write_bytes(b"old")
    done, fsync = [], os.fsync

    def noted(descriptor):
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        done.append((name, final.read_bytes()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    files.commit(temporary, final)
    assert done == [("a.part", b"old"), (tmp_path.name, b"new")]
