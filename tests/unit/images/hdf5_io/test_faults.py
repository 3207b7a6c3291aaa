"""Files that are broken in many ways: every image is right, or a FileError names the file. Never anything else."""

import errno
import faulthandler
import fcntl
import json
import multiprocessing
import os
import shutil
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from helpers.files import FileError
from helpers.images.hdf5_io import HDF5DatasetGenerator, HDF5DatasetWriter
from helpers.images.hdf5_io.layout import checksum, open_hdf5, read_about

COUNT, SHAPE, NAMES = 24, (8, 9, 3), ("cat", "dog", "bird")
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), dtype="uint8")
LABELS = np.random.default_rng(1).integers(0, 3, COUNT, dtype="int32")
SOURCE = {"files": "5f2c", "size": [8, 9]}
STORAGE = {
    "contiguous": {},
    "chunks": dict(chunks=4),
    "lzf": dict(chunks=4, compression="lzf"),
    "gzip": dict(chunks=5, compression="gzip"),
}
every_kind = pytest.mark.parametrize("kind", STORAGE)


def write(path: Path, kind: str, images: np.ndarray = IMAGES, labels: np.ndarray = LABELS) -> None:
    shape, rest = images.shape, dict(class_names=NAMES, source=SOURCE, overwrite=True, **STORAGE[kind])
    with HDF5DatasetWriter(path, shape, **rest) as writer:
        writer.add(images, labels)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for kind in STORAGE:
        write(folder / kind, kind)
    return folder


def read_all(path: Path, **keywords) -> bool:
    """Read every image. True: all are right. False: a FileError names the file. All else is a failed test."""
    try:
        reader = HDF5DatasetGenerator(path, 7, shuffle=False, source=SOURCE, buffer_size=8, **keywords)
        batches = [(images.copy(), labels) for images, labels in reader]
    except FileError as error:
        assert str(path) in str(error)
        return False
    images, labels = (np.concatenate(part) for part in zip(*batches, strict=True))
    assert np.array_equal(images, IMAGES), "wrong pixels"
    assert np.array_equal(labels, LABELS), "wrong labels"
    assert reader.about.class_names == NAMES and reader.about.source == SOURCE
    return True


@every_kind
def test_a_whole_file_is_right(whole, kind):
    assert read_all(whole / kind)


# ---- bytes


def cut(length):
    return lambda raw: raw[: length(len(raw)) if callable(length) else length]


def zeroed(raw: bytes, where: bytes, length: int) -> bytes:
    at = raw.index(where)
    return raw[:at] + bytes(length) + raw[at + length :]


BYTES = {
    "empty": cut(0),
    "one byte": cut(1),
    "the signature alone": cut(8),
    "the first block alone": cut(48),
    "a tenth": cut(lambda size: size // 10),
    "a third": cut(lambda size: size // 3),
    "a half": cut(lambda size: size // 2),
    "nine tenths": cut(lambda size: size * 9 // 10),
    "the last 8 bytes gone": cut(-8),
    "the last byte gone": cut(-1),
    "text": lambda raw: b"once upon a time " * 300,
    "a web page": lambda raw: b"<!DOCTYPE html><title>404</title>" * 99,
    "zeros": lambda raw: bytes(len(raw)),
    "noise": lambda raw: np.random.default_rng(0).bytes(len(raw)),
    "backwards": lambda raw: raw[::-1],
    "twice": lambda raw: raw + raw,
    "without its first byte": lambda raw: raw[1:],
    "512 bytes before it": lambda raw: bytes(512) + raw,  # HDF5 allows that
    "a byte before it": lambda raw: b"\0" + raw,
    "line ends changed": lambda raw: raw.replace(b"\n", b"\r\n"),
    "labels zeroed": lambda raw: zeroed(raw, LABELS.tobytes(), LABELS.nbytes),
    "first half zeroed": lambda raw: bytes(len(raw) // 2) + raw[len(raw) // 2 :],
    "second half zeroed": lambda raw: raw[: len(raw) // 2] + bytes(len(raw) - len(raw) // 2),
    "a block in the middle zeroed": lambda raw: raw[: len(raw) // 2] + bytes(100) + raw[len(raw) // 2 + 100 :],
    "8 bytes in the middle gone": lambda raw: raw[: len(raw) // 2] + raw[len(raw) // 2 + 8 :],
    "8 bytes in the middle twice": lambda raw: raw[: len(raw) // 2 + 8] + raw[len(raw) // 2 :],
    "two blocks changed places": lambda raw: raw[:3000] + raw[3500:4000] + raw[3000:3500] + raw[4000:],
}
HARMLESS = {"twice", "512 bytes before it"}


@every_kind
@pytest.mark.parametrize("name", BYTES)
def test_broken_bytes(whole, tmp_path, kind, name):
    path, raw = tmp_path / "broken.hdf5", (whole / kind).read_bytes()
    broken = BYTES[name](raw)
    path.write_bytes(broken)
    assert read_all(path) is (name in HARMLESS or broken == raw)


def flip_bits(folder: Path, kind: str, seed: int) -> None:
    """What the child does: flip one bit at a time, all over the file and more often outside the pixels."""
    random, raw, path = np.random.default_rng(seed), (folder / kind).read_bytes(), folder / f"{kind}.flipped"
    pixels = raw.find(IMAGES.tobytes())
    outside = [at for at in range(len(raw)) if pixels < 0 or not pixels <= at < pixels + IMAGES.nbytes]
    places = np.concatenate([random.choice(outside, 120), random.integers(0, len(raw), 30)])
    right = 0
    for at in places.tolist():
        broken = bytearray(raw)
        broken[at] ^= 1 << int(random.integers(8))
        path.write_bytes(broken)
        faulthandler.dump_traceback_later(60, exit=True)
        right += read_all(path, threads=1)
    assert right <= 15, "the bits were not in the parts that matter"


FORKS = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
FORKS.set_forkserver_preload(["helpers.images.hdf5_io"])


@every_kind
def test_single_flipped_bits(whole, tmp_path, kind):
    shutil.copy(whole / kind, tmp_path)
    child = FORKS.Process(target=flip_bits, args=(tmp_path, kind, 7))  # libhdf5 may crash or hang
    child.start()
    child.join()
    assert child.exitcode == 0  # otherwise its traceback stands in what was captured


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("size", [1, 5, 8, 24, 27])
def test_the_checksum_finds_every_flipped_bit(dtype, size):
    image = np.frombuffer(np.random.default_rng(size).bytes(size * np.dtype(dtype).itemsize), dtype)
    raw = image.tobytes()
    words = [int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw), 8)]
    assert checksum(image) == sum(words) % 2**64
    for at in range(8 * len(raw)):
        broken = bytearray(raw)
        broken[at // 8] ^= 1 << at % 8
        assert checksum(np.frombuffer(bytes(broken), dtype)) != checksum(image)


# ---- content: HDF5 files that are whole, and not what they should be


def replaced(key: str, change):
    def edit(file):
        array, storage = file[key][:], dict(chunks=file[key].chunks, compression=file[key].compression)
        del file[key]
        changed = change(array)
        if storage["chunks"]:
            storage["chunks"] = tuple(np.minimum(storage["chunks"], changed.shape))
        file.create_dataset(key, data=changed, **storage)

    return edit


def described(change, crc: bool = True):
    """Change the description as JSON, and its checksum with it."""

    def edit(file):
        about = json.loads(file.attrs["about"])
        text = json.dumps(change(about)).encode()
        file.attrs["about"] = np.bytes_(text)
        if crc:
            file.attrs["about_crc32"] = zlib.crc32(text)

    return edit


def attribute(value, crc=None):
    def edit(file):
        file.attrs["about"] = value
        file.attrs["about_crc32"] = zlib.crc32(bytes(value)) if crc is None else crc

    return edit


def removed(*keys):
    def edit(file):
        for key in keys:
            del (file if key in file else file.attrs)[key]

    return edit


def group_in_place_of(key):
    def edit(file):
        del file[key]
        file.create_group(key)

    return edit


def without(key):
    return described(lambda about: {name: value for name, value in about.items() if name != key})


def swapped(array):
    return np.concatenate([array[1:2], array[:1], array[2:]])


CONTENT = {
    "no description": removed("about"),
    "no checksum of it": removed("about_crc32"),
    "nothing at all": removed("images", "labels", "checksums", "about", "about_crc32"),
    "no images": removed("images"),
    "no labels": removed("labels"),
    "no checksums": removed("checksums"),
    "no labels, no checksums": removed("labels", "checksums"),
    "a group named images": group_in_place_of("images"),
    "a group named labels": group_in_place_of("labels"),
    "images of float64": replaced("images", lambda a: a / 255),
    "images of uint16": replaced("images", lambda a: a.astype("uint16")),
    "images of int8": replaced("images", lambda a: a.astype("int8")),
    "images of float32": replaced("images", lambda a: a.astype("float32")),
    "labels of int64": replaced("labels", lambda a: a.astype("int64")),
    "labels of float32": replaced("labels", lambda a: a.astype("float32")),
    "checksums of int64": replaced("checksums", lambda a: a.astype("int64")),
    "checksums of big-endian words": replaced("checksums", lambda a: a.astype(">u8")),
    "a label fewer": replaced("labels", lambda a: a[:-1]),
    "a label more": replaced("labels", lambda a: np.append(a, a[:1])),
    "no label": replaced("labels", lambda a: a[:0]),
    "one number as labels": lambda file: (removed("labels")(file), file.create_dataset("labels", data=np.int32(1))),
    "an image fewer": replaced("images", lambda a: a[:-1]),
    "an image more": replaced("images", lambda a: np.concatenate([a, a[:1]])),
    "a checksum fewer": replaced("checksums", lambda a: a[:-1]),
    "another label": replaced("labels", lambda a: np.where(np.arange(len(a)) == 5, (a + 1) % 3, a).astype("int32")),
    "labels moved by one": replaced("labels", lambda a: np.roll(a, 1)),
    "images moved by one": replaced("images", lambda a: np.roll(a, 1, axis=0)),
    "two images swapped": replaced("images", swapped),
    "two checksums swapped": replaced("checksums", swapped),
    "channels swapped": replaced("images", lambda a: np.ascontiguousarray(a[..., ::-1]) // 2),
    "a row cut off": replaced("images", lambda a: a[:, 1:]),
    "another image": lambda file: file["images"].__setitem__(3, IMAGES[4]),
    "the last pixel": lambda file: file["images"].__setitem__((-1, -1, -1, -1), IMAGES[-1, -1, -1, -1] ^ 1),
    "another description": described(lambda about: {**about, "class_names": ["x", "y", "z"]}, crc=False),
    "another version": described(lambda about: {**about, "version": 2}),
    "another format": described(lambda about: {**about, "format": "something else"}),
    "another source": described(lambda about: {**about, "source": {"files": "1234"}}),
    "another data key": described(lambda about: {**about, "data_key": "labels"}),
    "another data key that is not there": described(lambda about: {**about, "data_key": "pictures"}),
    "another count": described(lambda about: {**about, "count": COUNT + 1}),
    "no version": without("version"),
    "no format": without("format"),
    "no count": without("count"),
    "no class names": without("class_names"),
    "no source": without("source"),
    "no mean": without("mean"),
    "no data key": without("data_key"),
    "no checksum of the labels": without("labels_crc32"),
    "class names that are none": described(lambda about: {**about, "class_names": 3}),
    "a mean that is none": described(lambda about: {**about, "mean": 3}),
    "a data key that is none": described(lambda about: {**about, "data_key": 3}),
    "a list as description": described(lambda about: [about]),
    "a number as description": described(lambda about: 7),
    "text as description": attribute(np.bytes_(b"hello")),
    "an integer as description": attribute(np.int64(3), crc=7),
    "an array as description": attribute(np.arange(5), crc=7),
    "nothing as description": attribute(h5py.Empty("S9"), crc=0),
    "text of variable length": lambda file: attribute(file.attrs["about"].decode(), crc=file.attrs["about_crc32"])(
        file
    ),
    "text as checksum": lambda file: file.attrs.__setitem__("about_crc32", "seven"),
}


@pytest.mark.parametrize("kind", ["contiguous", "lzf"])
@pytest.mark.parametrize("name", CONTENT)
def test_wrong_content(whole, tmp_path, kind, name):
    path = tmp_path / "wrong.hdf5"
    shutil.copy(whole / kind, path)
    with h5py.File(path, "r+") as file:
        CONTENT[name](file)
    assert not read_all(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no description", "was not written by HDF5DatasetWriter. It holds: checksums, images, labels"),
        ("nothing at all", "was not written by HDF5DatasetWriter. It holds: nothing"),
        ("no labels, no checksums", "has no array 'labels' and no 'checksums'. It holds: images"),
        ("images of float64", "must hold uint8 or float32 images, int32 labels, uint64 sums. Received: float64, int32"),
        ("a label fewer", "must hold as many labels and checksums as images. Received: 24, 23, 24 and a count of 24"),
        ("another label", "is damaged: the labels do not match their checksum"),
        ("another image", "is damaged: image 3 does not match its checksum"),
        ("another description", "is damaged: the description does not match its checksum"),
        ("another version", "must be 'deep vision workbook images' version 1. Received: .* version 2"),
        ("another source", "must be built from {'files': '5f2c'.*}. Received: {'files': '1234'}"),
    ],
)
def test_the_message_says_what_is_wrong(whole, tmp_path, name, message):
    path = tmp_path / "wrong.hdf5"
    shutil.copy(whole / "contiguous", path)
    with h5py.File(path, "r+") as file:
        CONTENT[name](file)
    with pytest.raises(FileError, match=f"^{path} {message}"):
        list(HDF5DatasetGenerator(path, 7, source=SOURCE, threads=1))


def test_another_key_than_the_recorded_one(whole):
    for key in ("pictures", "labels", "checksums", "/"):
        with pytest.raises(FileError, match=str(whole / "contiguous")):
            HDF5DatasetGenerator(whole / "contiguous", 7, data_key=key)


def test_a_source_may_be_given_as_it_was_to_the_writer(whole):
    HDF5DatasetGenerator(whole / "contiguous", 7, source={"files": "5f2c", "size": (8, 9)})
    with pytest.raises(FileError, match="must be built from"):
        HDF5DatasetGenerator(whole / "contiguous", 7, source={})


def test_what_is_no_file(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for name in ("folder", "link", "gone", "gone/too"):
        assert not read_all(tmp_path / name)
    with pytest.raises(FileError, match=f"^{tmp_path / 'gone'} cannot be opened: No such file or directory"):
        read_about(tmp_path / "gone")
    with pytest.raises(FileError, match=f"^{tmp_path / 'folder'} cannot be opened: Is a directory"):
        open_hdf5(tmp_path / "folder")


# ---- files that change while they are open


def opened(whole: Path, path: Path, kind: str) -> HDF5DatasetGenerator:
    shutil.copy(whole / kind, path)
    return HDF5DatasetGenerator(path, 6, shuffle=False, buffer_size=4, threads=1)


def rest_is_right(reader: HDF5DatasetGenerator, begin: int = 0) -> bool:
    """Read the remaining batches as `read_all` does."""
    try:
        for index in range(begin, len(reader)):
            images, labels = reader.batch(0, index)
            assert np.array_equal(images, IMAGES[6 * index : 6 * index + 6])
            assert np.array_equal(labels, LABELS[6 * index : 6 * index + 6])
    except FileError as error:
        assert reader.path in str(error)
        return False
    return True


@every_kind
@pytest.mark.parametrize("begin", [0, 1])
@pytest.mark.parametrize("change", ["gone", "folder", "empty", "cut", "text", "fewer", "others", "other labels"])
def test_a_file_that_changes_after_it_was_opened(whole, tmp_path, kind, begin, change):
    path = tmp_path / "a.hdf5"
    reader = opened(whole, path, kind)
    for index in range(begin):
        reader.batch(0, index)
    if change in ("gone", "folder"):
        path.unlink()
    if change == "folder":
        path.mkdir()
    if change in ("empty", "cut"):
        os.truncate(path, 0 if change == "empty" else path.stat().st_size // 2)  # in place
    if change == "text":
        path.write_bytes(b"in its place" * 10_000)
    if change == "fewer":
        write(path, kind, IMAGES[:9], LABELS[:9])
    if change == "others":
        write(path, kind, IMAGES[::-1], LABELS)
    if change == "other labels":
        write(path, kind, IMAGES, LABELS[::-1])
    held = kind == "contiguous" and begin and change in ("gone", "folder", "fewer", "others")  # mapped: still there
    assert rest_is_right(reader, begin) is bool(held or change == "other labels")


@pytest.mark.parametrize("kind", ["lzf", "gzip"])
def test_a_file_that_is_replaced_after_every_image_was_checked(whole, tmp_path, kind):
    reader = opened(whole, tmp_path / "a.hdf5", kind)
    assert rest_is_right(reader)
    write(tmp_path / "a.hdf5", kind, IMAGES[::-1])
    assert not rest_is_right(reader)


def test_a_broken_file_at_a_bucket_address(whole):
    import tensorflow as tf

    for kind in STORAGE:
        raw, address = (whole / kind).read_bytes(), f"ram://{whole.name}/{kind}"
        pixel = bytearray(raw)
        pixel[len(raw) // 2] ^= 64
        for content, right in ((raw, True), (raw[: len(raw) // 2], False), (bytes(9), False), (bytes(pixel), False)):
            if tf.io.gfile.exists(address):
                tf.io.gfile.remove(address)
            with tf.io.gfile.GFile(address, "wb") as file:
                file.write(content)
            assert read_all(address) is right
        tf.io.gfile.remove(address)
        assert not read_all(address)


def test_a_bucket_that_stops_to_answer(whole, monkeypatch):
    import tensorflow as tf

    address, read = f"ram://{whole.name}/a", tf.io.gfile.GFile.read
    tf.io.gfile.copy(str(whole / "contiguous"), address, overwrite=True)
    left = []

    def fails(self, *arguments):
        if not left:
            raise tf.errors.UnavailableError(None, None, "the network is gone")
        left.pop()
        return read(self, *arguments)

    monkeypatch.setattr(tf.io.gfile.GFile, "read", fails)
    outcomes = []
    for calls in range(0, 60, 3):
        left[:] = [None] * calls
        outcomes.append(read_all(address))
    assert outcomes[0] is False and outcomes[-1] is True


# ---- locks


def test_a_locked_file_is_called_locked(tmp_path):
    write(tmp_path / "a.hdf5", "contiguous")
    with (tmp_path / "a.hdf5").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(FileError, match=r"a\.hdf5 is locked: another program has it open to write"):
            read_about(tmp_path / "a.hdf5")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_is_read_where_there_are_no_locks(tmp_path, monkeypatch, number):
    def refuse(path, mode, locking=None):
        if locking is not False:
            raise OSError(number, f"Unable to synchronously open file (unable to lock file, errno = {number})")
        return real(path, mode, locking=locking)

    write(tmp_path / "a.hdf5", "contiguous")
    real = h5py.File
    monkeypatch.setattr(h5py, "File", refuse)
    assert np.array_equal(read_about(tmp_path / "a.hdf5").labels, LABELS)
