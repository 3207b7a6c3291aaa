"""Paths that may be local or a bucket address, errors that name the file, and files that appear whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# What network, cluster and container file systems answer to an fsync that they do not know; EIO and ENOSPC are not here
NO_FSYNC = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
NO_FOLDER_FSYNC = NO_FSYNC | {errno.EBADF, errno.EPERM, errno.EACCES, errno.EISDIR}  # also to one of a folder


class FileError(RuntimeError):
    """A data file is wrong, incomplete or gone; the message names it, what was expected and what was found."""


def is_remote(path: str | os.PathLike) -> bool:
    """Return True for an address with a scheme, such as `gs://bucket/train.hdf5`; False for a path on this machine."""
    return "://" in os.fspath(path)


def join(folder: str | os.PathLike, name: str) -> str | Path:
    """Return the path of a file in a folder: a `Path` on this machine, text for a bucket address."""
    return f"{os.fspath(folder).rstrip('/')}/{name}" if is_remote(folder) else Path(folder) / name


def open_file(path: str | os.PathLike, mode: str = "rb") -> BinaryIO:
    """Open a file: by Python on this machine, by `tf.io.gfile` at a bucket address.

    Args:
        path: the file.
        mode: `"rb"` or `"wb"`.

    Raises:
        FileError: it cannot be opened. Names the file.
    """
    try:
        if not is_remote(path):
            return Path(path).open(mode)
        import tensorflow as tf  # only for a bucket

        file = tf.io.gfile.GFile(os.fspath(path), mode)
        if mode == "rb":
            file.size()  # GFile opens lazily: find out now whether it is there
        return file
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.startswith("tensorflow"):
            reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
            raise FileError(f"{os.fspath(path)} cannot be opened: {reason}") from error
        raise


def exists(path: str | os.PathLike) -> bool:
    """Return True where a file or folder of this name is, on this machine or at a bucket address."""
    if not is_remote(path):
        return Path(path).exists()
    import tensorflow as tf  # only for a bucket

    return tf.io.gfile.exists(os.fspath(path))


def commit(temporary: str | os.PathLike, final: str | os.PathLike) -> None:
    """Give a finished file its final name: its bytes are on the disk before the name is, whatever happens to the power.

    A file system that knows no fsync is taken as it is: the file gets its name all the same.

    Args:
        temporary: the file, in the same folder; closed.
        final: its name; a file of that name is replaced as a whole.

    Raises:
        OSError: the disk is full or broken.
    """
    if is_remote(final):
        import tensorflow as tf  # only for a bucket

        tf.io.gfile.rename(os.fspath(temporary), os.fspath(final), overwrite=True)
        return
    _fsync(temporary, os.O_RDWR, NO_FSYNC)
    Path(temporary).replace(final)
    if os.name == "posix":  # other systems cannot open a folder
        _fsync(Path(final).parent, os.O_RDONLY, NO_FOLDER_FSYNC)


def _fsync(path, flags, tolerated):
    descriptor = None
    try:
        descriptor = os.open(path, flags)
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in tolerated:
            raise
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextlib.contextmanager
def whole(final: Path, part: str = "") -> Iterator[Path]:
    """Yield the name under which a file on this machine is to be written; its own name it gets when it is finished.

    Args:
        final: its own name; folders are made.
        part: the name before, in the same folder; give one where two processes may write the file at the same time.

    Raises:
        FileError: it cannot be written, as on a full disk. The file of before stays, and no part of the new one.
    """
    temporary = final.with_name(part or f"part_{final.name}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        commit(temporary, final)
    except OSError as error:
        raise FileError(f"{final} cannot be written: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
