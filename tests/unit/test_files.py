"""Local paths and bucket addresses, errors that name the file, and names that a file gets only when it is whole."""

import errno
import os
import stat
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


@pytest.fixture
def fsync_fails(monkeypatch):
    """A file system that answers an fsync of a file or of a folder with an error."""
    fsync = os.fsync

    def fail(kind, number):
        def fsync_of(descriptor):
            if kind(os.fstat(descriptor).st_mode):
                raise OSError(number, os.strerror(number))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", fsync_of)

    return fail


REFUSED = ["EINVAL", "ENOSYS", "EOPNOTSUPP"]


@pytest.mark.parametrize(
    ("kind", "name", "tolerated"),
    [
        *((stat.S_ISREG, name, True) for name in REFUSED),
        *((stat.S_ISDIR, name, True) for name in [*REFUSED, "EBADF", "EPERM", "EACCES"]),
        *((stat.S_ISREG, name, False) for name in ("EIO", "ENOSPC", "EDQUOT", "EPERM")),
        *((stat.S_ISDIR, name, False) for name in ("EIO", "ENOSPC")),
    ],
)
def test_a_file_system_may_know_no_fsync(kind, name, tolerated, fsync_fails, tmp_path):
    temporary, final, number = tmp_path / "a.part", tmp_path / "a", getattr(errno, name)
    temporary.write_bytes(b"new")
    fsync_fails(kind, number)
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    if tolerated:
        files.commit(temporary, final)
        assert final.read_bytes() == b"new"
    else:
        with pytest.raises(OSError) as error:
            files.commit(temporary, final)
        assert error.value.errno == number
    assert len(list(Path("/proc/self/fd").iterdir())) == open_files


def test_a_file_that_cannot_be_written_leaves_the_one_before(tmp_path, fsync_fails):
    final = tmp_path / "folder" / "a"
    with files.whole(final) as temporary:
        temporary.write_bytes(b"old")
    fsync_fails(stat.S_ISREG, errno.ENOSPC)
    with (
        pytest.raises(files.FileError, match=f"{final} cannot be written: .*No space left"),
        files.whole(final) as part,
    ):
        part.write_bytes(b"new")
    with pytest.raises(ZeroDivisionError), files.whole(final) as part:
        part.write_bytes(b"new")
        1 / 0  # noqa: B018
    assert [path.name for path in final.parent.iterdir()] == ["a"] and final.read_bytes() == b"old"
