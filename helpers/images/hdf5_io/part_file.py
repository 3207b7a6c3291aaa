"""The file that the writer fills: under a name of its own, by one process at a time, and a full disk is an error."""

import _thread
import errno
import functools
import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from helpers.files import FileError, commit

# What network and cluster file systems answer that have no locks, or none for folders; or that cannot sync a folder.
NOT_OFFERED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF, errno.EINVAL}


class PartFile(io.FileIO):
    """An empty file for `h5py.File`, locked for this process alone until it is closed, if only by a kill.

    libhdf5 does not survive a disk that is full: it crashes when it closes a file that it could not write, or loses
    what it could not write without a word (seen with 1.14). So it is not told. After a write that fails, nothing more
    is written, and `check` raises the error.

    Args:
        path: what is there already is emptied.
        final: the name that the file gets at the end.

    Raises:
        FileError: it cannot be written, or somebody is writing it. Names `final`.
    """

    def __init__(self, path: Path, final: Path):
        self.error, self.path, self.final = None, path, final
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            super().__init__(path, "r+")
            if not lock(self.fileno(), path):
                self.close()
                raise FileError(f"{final} is being written already, under the name {path.name}")
            super().truncate(0)
        except OSError as error:
            raise FileError(f"{final} cannot be written: {error}") from error

    def write(self, data) -> int:
        view = memoryview(data).cast("B")
        try:
            while self.error is None and len(view):
                view = view[super().write(view) :]
        except OSError as error:
            self.error = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size) if self.error is None else size
        except OSError as error:
            self.error = error
            return size

    def check(self) -> None:
        """Raise FileError where something could not be written."""
        if self.error is not None:
            raise FileError(f"{self.final} cannot be written: {self.error}") from self.error

    def commit(self) -> None:
        """Give the file its final name and close it; locked to the end where the system can rename an open file."""
        if os.name != "posix":
            self.close()
        commit(self.path, self.final)
        self.close()

    def remove(self) -> None:
        """Delete the file and close it."""
        if os.name != "posix":
            self.close()
        self.path.unlink(missing_ok=True)
        self.close()


def lock(handle: int, path: Path) -> bool:
    """Hold an open file or folder for this process alone until it is closed, if only by a kill.

    Where the file system has no locks, or the environment says `HDF5_USE_FILE_LOCKING=FALSE`, it goes on without one,
    and warns once.

    Returns:
        False where somebody else holds it, or has just given it another name.
    """
    if os.name != "posix":
        return True
    import fcntl

    try:
        try:
            if os.environ.get("HDF5_USE_FILE_LOCKING", "").upper() in ("FALSE", "0"):
                raise OSError(errno.ENOLCK, "HDF5_USE_FILE_LOCKING")
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in NOT_OFFERED:
                raise
            warnings.warn("files cannot be locked here: do not let two programs write the same one", stacklevel=1)
        return os.path.samestat(os.fstat(handle), path.stat())
    except (BlockingIOError, FileNotFoundError):  # the second: it has just been given its final name
        return False


def aside(function: Callable, *arguments: object) -> object:
    """Call a function in a thread that no signal reaches, wait, and return what it returns or raise what it raises.

    HDF5 calls back to `PartFile`, and an interrupt from the keyboard, which hits the main thread, becomes another error
    there. It does so in `concurrent.futures`, too: "release unlocked lock", if it comes between two statements of
    `threading`. A `SimpleQueue` waits in one step. What was begun ends before the next call begins.
    """
    answer = SimpleQueue()
    _calls(os.getpid()).put((function, arguments, answer))
    result, error = answer.get()
    if error is not None:
        raise error
    return result


@functools.cache
def _calls(process: int) -> SimpleQueue:
    """Return what the thread of this process takes its work from; a fork leaves threads behind."""
    calls = SimpleQueue()
    _thread.start_new_thread(_work, (calls,))
    return calls


def _work(calls: SimpleQueue) -> None:
    while True:
        function, arguments, answer = calls.get()
        try:
            answer.put((function(*arguments), None))
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            answer.put((None, error))
        del function, arguments, answer  # keep nothing alive
