"""Unpacking; what `registry`, `verify` and `download` do is tested with the data sets that use them."""

import io
import stat
import struct
import tarfile
import warnings
import zipfile

import pytest

from helpers.data import downloads

BYTES = b"not really an image " * 40


def zip_with(*members):
    """A zip archive of (name or ZipInfo, content)."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice
        for name, body in members:
            archive.writestr(name, body)
    return content.getvalue()


def tar_with(*members):
    """A packed tar archive of (name, content), or of TarInfo."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                entry = tarfile.TarInfo(member[0])
                entry.size = len(member[1])
                archive.addfile(entry, io.BytesIO(member[1]))
    return content.getvalue()


def special(name, kind, target=""):
    """A member of a tar archive that is no file."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = kind, target, 0o644
    return entry


def zip_link(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


def zip_special(name, kind):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (kind | 0o644) << 16
    return entry


EVIL = {
    "zip, upwards": ("a.zip", zip_with(("cat/1.jpg", BYTES), ("../evil.jpg", BYTES)), "../evil.jpg"),
    "zip, upwards inside": ("a.zip", zip_with(("cat/../../evil.jpg", BYTES)), "cat/../../evil.jpg"),
    "zip, absolute": ("a.zip", zip_with(("/tmp/evil.jpg", BYTES)), "/tmp/evil.jpg"),
    "zip, drive": ("a.zip", zip_with(("C:/evil.jpg", BYTES)), "C:/evil.jpg"),
    "zip, backslash": ("a.zip", zip_with(("..\\evil.jpg", BYTES)), "evil.jpg"),
    "zip, share": ("a.zip", zip_with(("\\\\host\\evil.jpg", BYTES)), "evil.jpg"),
    "zip, link": ("a.zip", zip_with((zip_link("cat/link.jpg"), "/etc/passwd")), "cat/link.jpg"),
    "zip, pipe": ("a.zip", zip_with((zip_special("cat/pipe", stat.S_IFIFO), "")), "cat/pipe"),
    "zip, device": ("a.zip", zip_with((zip_special("cat/disk", stat.S_IFBLK), "")), "cat/disk"),
    "tar, upwards": ("a.tgz", tar_with(("cat/1.jpg", BYTES), ("../evil.jpg", BYTES)), "../evil.jpg"),
    "tar, absolute": ("a.tgz", tar_with(("/tmp/evil.jpg", BYTES)), "/tmp/evil.jpg"),
    "tar, link": ("a.tgz", tar_with(special("cat/link.jpg", tarfile.SYMTYPE, "/etc/passwd")), "cat/link.jpg"),
    "tar, link inside": ("a.tgz", tar_with(("1.jpg", BYTES), special("2.jpg", tarfile.SYMTYPE, "1.jpg")), "2.jpg"),
    "tar, hard link": ("a.tgz", tar_with(("1.jpg", BYTES), special("2.jpg", tarfile.LNKTYPE, "1.jpg")), "2.jpg"),
    "tar, through a link": (
        "a.tgz", tar_with(special("cat", tarfile.SYMTYPE, ".."), ("cat/evil.jpg", BYTES)), "'cat'",
    ),
    "tar, device": ("a.tgz", tar_with(special("cat/disk", tarfile.BLKTYPE)), "cat/disk"),
    "tar, terminal": ("a.tgz", tar_with(special("cat/terminal", tarfile.CHRTYPE)), "cat/terminal"),
    "tar, pipe": ("a.tgz", tar_with(special("cat/pipe", tarfile.FIFOTYPE)), "cat/pipe"),
}  # fmt: skip


def unpack(tmp_path, name, content):
    archive, folder = tmp_path / name, tmp_path / "in" / "folder"
    archive.write_bytes(content)
    folder.mkdir(parents=True)
    downloads.unpack(archive, folder)
    return folder


@pytest.mark.parametrize("name", ["a.zip", "a.tgz", "a.tar.gz"])
def test_unpack(tmp_path, name, capsys):
    pack = zip_with if name.endswith("zip") else tar_with
    folder = unpack(tmp_path, name, pack(("LICENSE.txt", b"free"), ("top/cat/1.jpg", BYTES), ("top/dog/1.jpg", b"")))
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert files == {"LICENSE.txt": b"free", "top/cat/1.jpg": BYTES, "top/dog/1.jpg": b""}
    out, err = capsys.readouterr()
    assert out == err == ""  # too small for a progress bar


@pytest.mark.parametrize(
    ("proxy", "what"),
    [
        ("http://127.0.0.1:99999", "Failed to parse: http://127.0.0.1:99999"),
        ("htp://127.0.0.1:9", "unsupported scheme htp"),
        ("socks5://127.0.0.1:9", "Missing dependencies for SOCKS support"),
        ("http:/127.0.0.1:9", "malformed"),
        ("http://me:secret@127.0.0.1:9", "Connection refused"),
        ("http://me:secret@127.0.0.1:99999", "Failed to parse: http://127.0.0.1:99999"),
    ],
)
def test_a_proxy_that_leads_nowhere_is_named(tmp_path, monkeypatch, proxy, what):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", proxy)
    row = {"url": "http://data.example.invalid/a", "bytes": 1, "sha256": "0" * 64}
    with pytest.raises(downloads.Unreachable, match=f"the proxy that ALL_PROXY names .*{what}") as error:
        downloads.download(tmp_path, "a", [row])
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("pack", [zip_with, tar_with])
def test_large_archives_get_a_progress_bar(tmp_path, monkeypatch, capsys, pack):
    monkeypatch.setattr(downloads, "LARGE", 100)
    unpack(tmp_path, f"a.{'zip' if pack is zip_with else 'tgz'}", pack(*((f"cat/{i}.jpg", BYTES) for i in range(50))))
    assert "unpacking a." in capsys.readouterr().err


@pytest.mark.parametrize("kind", EVIL)
def test_what_leads_elsewhere_is_refused(tmp_path, kind):
    name, content, member = EVIL[kind]
    with pytest.raises(downloads.DataError) as error:
        unpack(tmp_path, name, content)
    assert str(tmp_path / name) in str(error.value) and member in str(error.value).replace("\\\\", "\\")
    assert sorted(tmp_path.iterdir()) == [tmp_path / name, tmp_path / "in"]
    assert list((tmp_path / "in").iterdir()) == [tmp_path / "in" / "folder"]
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink() or "evil" in path.name]


def test_a_name_cut_by_a_zero_is_refused(tmp_path):
    content = zip_with(("cat/evilX.jpg", BYTES)).replace(b"evilX", b"evil\0")
    with pytest.raises(downloads.DataError, match="would leave the folder"):
        unpack(tmp_path, "a.zip", content)


def test_a_password_is_said(tmp_path):
    content = bytearray(zip_with(("cat/1.jpg", BYTES)))
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # the flags in both headers of the member
        at = content.index(signature) + place
        struct.pack_into("<H", content, at, struct.unpack_from("<H", content, at)[0] | 1)
    with pytest.raises(downloads.DataError, match=r"'cat/1.jpg' needs a password"):
        unpack(tmp_path, "a.zip", bytes(content))


@pytest.mark.parametrize("name", ["a.zip", "a.tgz"])
@pytest.mark.parametrize("kind", ["empty", "text", "half", "flipped"])
def test_damaged_archives(tmp_path, name, kind):
    whole = (zip_with if name == "a.zip" else tar_with)(*((f"cat/{i}.jpg", bytes([i]) * 999) for i in range(20)))
    middle = len(whole) // 3 if name == "a.zip" else len(whole) // 2
    flipped = whole[:middle] + bytes(byte ^ 255 for byte in whole[middle : middle + 20]) + whole[middle + 20 :]
    content = {"empty": b"", "text": b"hello" * 99, "half": whole[: len(whole) // 2], "flipped": flipped}[kind]
    with pytest.raises(downloads.DataError, match=str(tmp_path / name)):
        unpack(tmp_path, name, content)


def test_a_broken_member_is_named(tmp_path):
    whole = bytearray(zip_with(("cat/1.jpg", BYTES), ("cat/2.jpg", BYTES)))
    whole[whole.index(b"cat/2.jpg") + 12] ^= 255
    with pytest.raises(downloads.DataError, match=r"'cat/2.jpg' cannot be read"):
        unpack(tmp_path, "a.zip", bytes(whole))
