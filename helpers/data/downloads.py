"""Files from elsewhere: listed with size and SHA-256, downloaded, verified before they get their name, unpacked safely.

`data/registry.tsv` lists every file; no file is read before it has been found to match.
"""

import csv
import gzip
import hashlib
import os
import re
import shutil
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IFDIR, S_IFMT, S_IFREG

from helpers import profiles
from helpers.files import FileError

RETRIES = 2  # how often a transfer that broke half way is started again
TIMEOUT = (5, 30)  # seconds to wait for a connection, and for the next bytes
LARGE = 100_000_000  # bytes of an archive from which a progress bar is shown
# What a damaged archive raises, whatever is damaged in it.
BROKEN = (zipfile.BadZipFile, gzip.BadGzipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)
_verified = set()  # (path, size, time of change) of files found right in this process


class DataError(FileError):
    """A data file is wrong, incomplete, or cannot be written; the message says which and what to do."""


class Unreachable(Exception):
    """A download could not begin: no network, or the server refuses. The message is the reason in a few words."""


def registry_path() -> Path:
    """Return `data/registry.tsv` of the clone, or `registry.tsv` beside this module where there is no clone."""
    root = profiles.repository()
    listed = root / "data" / "registry.tsv" if root else None
    return listed if listed and listed.is_file() else Path(__file__).resolve().with_name("registry.tsv")


def registry(name: str) -> dict[str, list[dict]]:
    """Return the files of a data set, each with its rows in the registry: a file is right when it matches one row.

    Args:
        name: a data set with files.

    Returns:
        `{file: [row, ...]}`; a row has `url` (`"-"` where there is none), `bytes` (int), `sha256`, `licence` and
        `citation`.
    """
    files = {}
    with registry_path().open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["dataset"] == name:
                files.setdefault(row["file"], []).append({**row, "bytes": int(row["bytes"])})
    return files


def verify(path: Path, rows: list[dict], advice: str | None = None) -> None:
    """Check size and SHA-256 of a file; once a process, as long as the file does not change.

    Args:
        path: the file.
        rows: the rows of this file in the registry; one must match.
        advice: what the reader can do about a wrong file.

    Raises:
        DataError: no row matches, or the file cannot be read. Says what was expected and what arrived.
    """
    try:
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns)
        if key in _verified:
            return
        with path.open("rb") as file:
            start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
            file.seek(0)
            arrived = (status.st_size, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise DataError(f"{path} must be a file that can be read. {error.strerror or error}") from error
    if arrived not in [(row["bytes"], row["sha256"]) for row in rows]:
        expected = " or ".join(f"{row['bytes']:,} bytes with SHA-256 {row['sha256']}" for row in rows)
        page = start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--"))
        raise DataError(
            f"{rows[0]['file']} is not the file it should be and is not used.\n"
            + ("It is a web page and not data: perhaps the log-in page of a network.\n" if page else "")
            + f"Expected: {expected}\nReceived: {arrived[0]:,} bytes with SHA-256 {arrived[1]}\n"
            + (advice or f"Delete {path} (or put the right file there) and load again.")
        )
    _verified.add(key)


def download(folder: Path, file: str, rows: list[dict]) -> None:
    """Download one file. It gets its name when it is whole and right; nothing is left behind when it is not.

    Args:
        folder: where it goes, made if it is missing.
        file: its name there.
        rows: the rows of this file in the registry; the first with an address is used.

    Raises:
        Unreachable: no row has an address, there is no network, or the server refuses.
        DataError: what arrived is not the file that is listed, or the folder cannot be written.
    """
    row = next((row for row in rows if row["url"] != "-"), None)
    if row is None:
        raise Unreachable("no address to download from")
    import pooch  # only here: offline and in a Colab copy it may be missing
    from requests import exceptions as http

    def receive(url, part, _):
        headers = {"Accept-Encoding": "identity"}  # the bytes as they are listed
        fetch = pooch.HTTPDownloader(progressbar=True, chunk_size=2**14, timeout=TIMEOUT, headers=headers)
        try:
            fetch(url, part, None)
        except http.RequestException as error:
            if Path(part).stat().st_size == 0:
                raise Unreachable(_reason(url, error)) from error
            raise  # broken half way: pooch starts again
        verify(Path(part), [row], f"It came from {url} and was thrown away. Load again, or {elsewhere}")
        Path(part).chmod(0o644)  # a temporary file is its owner's alone

    elsewhere = f"set COURSE_DATA to a folder that holds {file}."
    name, at = Path(file).name, (folder / file).parent
    pooch.get_logger().setLevel("WARNING")
    keeper = pooch.create(
        at, "", registry={name: row["sha256"]}, urls={name: row["url"]}, retry_if_failed=RETRIES, allow_updates=False
    )
    try:
        keeper.fetch(name, downloader=receive)
    except http.RequestException as error:
        raise DataError(
            f"{file} is not whole: the transfer from {row['url']} broke off {RETRIES + 1} times.\n"
            f"Expected: {row['bytes']:,} bytes. Received: {error}\n"
            f"Load again when the network is better, or {elsewhere}"
        ) from error
    except OSError as error:
        raise DataError(
            f"{file} cannot be written to {at}: {error.strerror or error}.\n"
            f"It needs {row['bytes']:,} bytes there: free some space, make the folder writable, or {elsewhere}"
        ) from error


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar archive; nothing is written outside the folder, and no links are made or followed.

    Args:
        archive: a verified file; its name ends in `.zip`, or it is a tar archive, packed or not.
        folder: an empty folder.

    Raises:
        DataError: a member would leave the folder, or is a link or a device, or cannot be read. Names the member.
        OSError: a file cannot be written.
    """
    from tqdm.auto import tqdm

    size = archive.stat().st_size
    bar = {"desc": f"unpacking {archive.name}", "total": size, "disable": size < LARGE}
    with archive.open("rb") as raw, tqdm.wrapattr(raw, "read", **bar) as file:
        try:
            (_unzip if archive.suffix == ".zip" else _untar)(file, folder, archive)
        except BROKEN as error:
            raise DataError(f"{archive} cannot be unpacked: {error}") from error


def _unzip(file, folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(file) as packed:
        for member in packed.infolist():
            kind = S_IFMT(member.external_attr >> 16)  # 0 where no Unix system packed it
            _check_member(archive, member.orig_filename, kind in (0, S_IFREG, S_IFDIR))
            if member.flag_bits & 1:
                raise DataError(f"{archive} is not unpacked: its member {member.filename!r} needs a password")
            try:
                packed.extract(member, folder)
            except BROKEN as error:
                raise DataError(f"{archive}: its member {member.filename!r} cannot be read: {error}") from error


def _untar(file, folder: Path, archive: Path) -> None:
    with tarfile.open(fileobj=file) as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", None)  # as filter="data", which 3.11.0-3 lack
        for member in packed:
            _check_member(archive, member.name, member.isreg() or member.isdir())
            try:
                packed.extract(member, folder)
            except BROKEN as error:
                raise DataError(f"{archive}: its member {member.name!r} cannot be read: {error}") from error


def _check_member(archive: Path, name: str, is_plain: bool) -> None:
    """Refuse a member of an archive that is neither file nor folder, or whose name leads elsewhere on some system."""
    parts = re.split(r"[/\\]", name)
    if not is_plain:
        raise DataError(f"{archive} is not unpacked: its member {name!r} is a link or a device, not a file or a folder")
    if not parts[0] or ":" in parts[0] or ".." in parts or "\0" in name:
        raise DataError(f"{archive} is not unpacked: its member {name!r} would leave the folder it is unpacked into")


def _reason(url: str, error: OSError) -> str:
    """Say in a few words why a download could not begin; `error` is one of requests."""
    from requests.utils import get_environ_proxies, select_proxy

    if getattr(error, "response", None) is not None:
        return f"the server answers {error.response.status_code}"
    proxy = select_proxy(url, get_environ_proxies(url))
    if proxy:
        names = [name for name in os.environ if name.lower().endswith("_proxy") and os.environ[name] == proxy]
        cause = getattr(error.args[0], "reason", error) if error.args else error
        what = re.sub(r"^\w+\(.*?\): ", "", str(getattr(cause, "original_error", cause)))
        what = re.sub(r"//[^/@]*@", "//", what)  # no password
        return f"offline: no way through the proxy that {min(names, default='this system')} names ({what})"
    return "no secure connection" if type(error).__name__ == "SSLError" else "offline"


@contextmanager
def staged_folder(final: Path, marker: str = "") -> Iterator[Path]:
    """Give a folder to fill; it gets its final name when the block ends well, unless another process was first.

    Args:
        final: the folder's final name; what is above it is made.
        marker: the file that tells a finished folder of this name from another one; none for any folder.

    Raises:
        DataError: the folder cannot be written. Names it.
    """
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        for left in final.parent.glob(".part-*"):  # by processes that were killed
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > 24 * 3600:
                    shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=final.parent))
        try:
            yield part
            part.chmod(0o755)  # a temporary folder is its owner's alone
            try:
                part.rename(final)
            except OSError:
                if not (final / marker).exists():
                    raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"{final} cannot be written: {error.strerror or error}.\nFree some space, or make the folder writable."
        ) from error
