"""A folder that appears whole or not at all, filled by one run at a time."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.files import FileError
from helpers.images.hdf5_io.part_file import NOT_OFFERED, lock


@contextmanager
def appears_whole(final: Path, overwrite: bool = False) -> Iterator[Path]:
    """Give out an empty folder to fill, `<final>.part`; it gets its final name when the block ends well.

    If the block raises, the folder is removed. A run that is killed leaves it, and the next run empties it. Where a set
    is replaced, it keeps its name until the new one is whole; a kill between the two renames leaves it as
    `<final>.old`, and the next run gives it its name back before it begins.

    Args:
        final: the folder to make, on this machine.
        overwrite: True replaces a folder of this name.

    Raises:
        FileError: the disk does not allow it, another run is filling the folder, or one of this name has appeared.
    """
    part, old, held = final.with_name(final.name + ".part"), final.with_name(final.name + ".old"), None
    try:
        part.mkdir(parents=True, exist_ok=True)
        held = _lock(part)
        _put_back(old, final)
        for left in part.iterdir():  # by a run that was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield part
        _sync(part)
        if os.path.lexists(final):
            if not overwrite:
                raise FileError(f"{final} has appeared while it was being built; it is left as it is")
            final.replace(old)
        part.replace(final)
        _sync(final.parent)
    except OSError as error:
        raise FileError(f"{final} cannot be written: {error}") from error
    finally:
        if held is not None:  # otherwise the folder is another run's
            _clean(part, old, final, held)


def _lock(part: Path) -> int:
    """Hold a folder for this process alone until the handle is closed, if only by a kill."""
    if os.name != "posix":  # other systems do not let one process remove what another has open
        return os.open(os.devnull, os.O_RDONLY)
    handle = os.open(part, os.O_RDONLY)
    try:
        if lock(handle, part):
            return handle
        raise FileError(
            f"{part} is being filled by another run, or was a moment ago: wait for it, or choose another out"
        )
    except BaseException:
        os.close(handle)
        raise


def _put_back(old: Path, final: Path) -> None:
    """End a replacement: the old set goes where the new one has its name, else gets its own name back."""
    if old.exists() and final.exists():
        shutil.rmtree(old)
    elif old.exists():
        old.replace(final)


def _clean(part: Path, old: Path, final: Path, held: int) -> None:
    try:
        _put_back(old, final)
        shutil.rmtree(part, ignore_errors=True)  # gone already where all went well
    finally:
        os.close(held)


def _sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "posix":  # other systems cannot open a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in NOT_OFFERED:
                raise
        finally:
            os.close(handle)
