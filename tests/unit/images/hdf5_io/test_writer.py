"""What goes in comes out, to the last bit; and a file has its name only when it is whole, whatever happens before."""

import errno
import fcntl
import itertools
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

from helpers.files import FileError
from helpers.images.hdf5_io import HDF5DatasetGenerator, HDF5DatasetWriter
from helpers.images.hdf5_io.layout import checksum, read_about

NAMES = ("cat", "dog", "bird")
SHAPE = (8, 9, 3)


def draw_images(count: int, shape: tuple = SHAPE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype="uint8")


def labels_of(count: int) -> np.ndarray:
    return (np.arange(count, dtype="int32") * 7) % 3


def write(path: Path, images: np.ndarray, room: int | None = None, **keywords) -> HDF5DatasetWriter:
    """Write images, some at a time, and return the closed writer."""
    shape = (room or len(images), *images.shape[1:])
    with HDF5DatasetWriter(path, shape, class_names=NAMES, **keywords) as writer:
        for start in range(0, len(images), 5):
            writer.add(images[start : start + 5], labels_of(len(images))[start : start + 5])
    return writer


def stored(path: Path, key: str = "images") -> np.ndarray:
    with h5py.File(path, "r") as file:
        return file[key][:]


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- what is in a file


@pytest.mark.parametrize("buffer_size", [1, 4, 64])
@pytest.mark.parametrize(
    "storage",
    [{}, dict(chunks=1), dict(chunks=4, compression="lzf"), dict(chunks=7, compression="gzip"), dict(chunks=99)],
)
def test_round_trip(tmp_path, storage, buffer_size):
    images, path = draw_images(23), tmp_path / "train.hdf5"
    write(path, images, buffer_size=buffer_size, source={"files": "abc", "size": (8, 9)}, **storage)
    about = read_about(path)
    assert np.array_equal(stored(path), images) and np.array_equal(stored(path, "labels"), labels_of(23))
    assert np.array_equal(stored(path, "checksums"), [checksum(image) for image in images])
    assert np.array_equal(about.labels, labels_of(23)) and about.labels.dtype == np.int32
    assert about.class_names == NAMES and about.source == {"files": "abc", "size": [8, 9]}
    assert (about.data_key, about.shape, about.dtype) == ("images", (23, *SHAPE), np.uint8)
    assert (about.offset is None) == bool(storage) and left_in(tmp_path) == ["train.hdf5"]
    with h5py.File(path, "r") as file:
        chunk = min(storage.get("chunks", 0), 23)
        assert file["images"].chunks == ((chunk, *SHAPE) if storage else None)
        assert file["images"].compression == storage.get("compression")


def test_a_contiguous_file_is_little_more_than_its_pixels(tmp_path):
    images, path = draw_images(50, (32, 32, 3)), tmp_path / "train.hdf5"
    write(path, images)
    raw, offset = path.read_bytes(), read_about(path).offset
    assert raw[offset : offset + images.nbytes] == images.tobytes() and len(raw) < images.nbytes + 8_000
    assert b"GCOL" not in raw  # text of variable length has no checksum, and a flipped bit in it hangs the library


@pytest.mark.parametrize("room", [24, 100])
@pytest.mark.parametrize("storage", [{}, dict(chunks=40, compression="lzf")])
def test_fewer_images_than_declared(tmp_path, room, storage):
    images, path = draw_images(23), tmp_path / "train.hdf5"
    write(path, images, room, buffer_size=10, **storage)
    assert np.array_equal(stored(path), images) and len(stored(path, "labels")) == len(stored(path, "checksums")) == 23
    assert read_about(path).shape == (23, *SHAPE) and left_in(tmp_path) == ["train.hdf5"]
    assert path.stat().st_size < images.nbytes + 8_000  # the space that was not needed is not kept


def test_features(tmp_path):
    features = np.random.default_rng(0).normal(size=(23, 5)).astype("float32")
    features[0] = [np.nan, np.inf, -np.inf, -0.0, 1e-45]
    writer = write(tmp_path / "a.hdf5", features, data_key="features", dtype="float32")
    assert stored(tmp_path / "a.hdf5", "features").tobytes() == features.tobytes()
    about = read_about(tmp_path / "a.hdf5")
    assert (about.data_key, about.dtype, about.mean, writer.mean) == ("features", np.float32, None, None)


def test_an_empty_source_and_no_class_names(tmp_path):
    with HDF5DatasetWriter(tmp_path / "new" / "folder" / "a.hdf5", (3, 4)) as writer:
        writer.add(np.zeros((3, 4), "uint8"), [5, 0, 2**31 - 1])
    about = read_about(tmp_path / "new" / "folder" / "a.hdf5")
    assert about.class_names == () and about.source == {} and about.labels.tolist() == [5, 0, 2**31 - 1]


def test_many_class_names(tmp_path):
    names = [f"class {number:06d} \N{SNOWMAN}" for number in range(20_000)]  # too long for one of HDF5's attributes
    with HDF5DatasetWriter(tmp_path / "a.hdf5", (1, 4), class_names=names) as writer:
        writer.add(np.zeros((1, 4), "uint8"), [19_999])
    assert read_about(tmp_path / "a.hdf5").class_names == tuple(names)


# ---- the mean


@pytest.mark.parametrize("buffer_size", [1, 7, 64])
def test_the_mean_is_exact(tmp_path, buffer_size):
    images = draw_images(40)
    exact = images.astype("int64").sum(axis=(0, 1, 2)) / (40 * 8 * 9)
    writer = write(tmp_path / "a.hdf5", images, 50, buffer_size=buffer_size)
    assert writer.mean.dtype == np.float64 and np.array_equal(writer.mean, exact)
    assert read_about(tmp_path / "a.hdf5").mean == tuple(exact)  # through the text of the file, to the last bit


def test_the_mean_so_far(tmp_path):
    images = draw_images(10)
    with HDF5DatasetWriter(tmp_path / "a.hdf5", (10, *SHAPE), buffer_size=4) as writer:
        assert writer.mean is None
        for count, image in enumerate(images, start=1):
            writer.add([image], [0])
            assert np.array_equal(writer.mean, images[:count].astype("int64").sum(axis=(0, 1, 2)) / (count * 72))


def test_the_mean_of_more_white_than_32_bits_hold(tmp_path):
    image = np.full((70_000, 1, 3), 255, "uint8")
    with (
        pytest.raises(StopIteration),
        HDF5DatasetWriter(tmp_path / "a", (250, *image.shape), buffer_size=250) as writer,
    ):
        writer.add([image] * 249, [0] * 249)
        assert writer.mean.tolist() == [255, 255, 255]
        raise StopIteration  # nothing need be written


# ---- what is refused


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_existing_file(tmp_path, overwrite):
    path, images = tmp_path / "a.hdf5", draw_images(6)
    path.write_bytes(b"the work of a week")
    if overwrite:
        write(path, images, overwrite=True)
        assert np.array_equal(stored(path), images)
    else:
        with pytest.raises(FileError, match=rf"{path} is there already: .*overwrite=True"):
            write(path, images)
        assert path.read_bytes() == b"the work of a week"
    assert left_in(tmp_path) == ["a.hdf5"]


def test_a_file_that_appears_while_another_is_written(tmp_path):
    path = tmp_path / "a.hdf5"
    with pytest.raises(FileError, match=f"{path} is there already"), HDF5DatasetWriter(path, (1, 4)) as writer:
        writer.add(np.zeros((1, 4), "uint8"), [0])
        path.write_bytes(b"somebody was faster")
    assert path.read_bytes() == b"somebody was faster" and left_in(tmp_path) == ["a.hdf5"]


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "a.hdf5").mkdir()
    for overwrite in (False, True):
        with pytest.raises(FileError, match=rf"{tmp_path / 'a.hdf5'} is there already"):
            HDF5DatasetWriter(tmp_path / "a.hdf5", (1, 4), overwrite=overwrite)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match=rf"{tmp_path / 'file' / 'a.hdf5'} cannot be written"):
        HDF5DatasetWriter(tmp_path / "file" / "a.hdf5", (1, 4))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        (dict(shape=(5,)), r"shape must be .* Received: shape=\(5,\)"),
        (dict(shape=(0, 8, 9, 3)), r"shape must be .* Received: shape=\(0, 8, 9, 3\)"),
        (dict(shape=(5, 8, 0, 3)), "shape must be"),
        (dict(dtype="float64"), "uint8 or float32. Received: .* dtype=float64"),
        (dict(data_key="labels"), "data_key must be .* Received: 'labels'"),
        (dict(data_key="a/b"), "data_key must be .* Received: 'a/b'"),
        (dict(compression="gzip"), "compression must be .* Received: 'gzip', chunks=None"),
        (dict(compression="zip", chunks=4), "compression must be .* Received: 'zip', chunks=4"),
        (dict(chunks=0), "1 or more. Received: 64, 0"),
        (dict(buffer_size=0), "1 or more. Received: 0"),
        (dict(path="gs://bucket/a.hdf5"), "path must be on this machine.* Received: gs://bucket/a.hdf5"),
    ],
)
def test_bad_arguments_are_named_and_leave_nothing(tmp_path, monkeypatch, keywords, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        HDF5DatasetWriter(**{"path": tmp_path / "a.hdf5", "shape": (5, *SHAPE), **keywords})
    assert left_in(tmp_path) == []


def test_what_json_cannot_hold_fails_at_once(tmp_path):
    with pytest.raises(TypeError, match="not JSON serializable"):
        HDF5DatasetWriter(tmp_path / "a.hdf5", (5, *SHAPE), source={"folder": tmp_path})
    assert left_in(tmp_path) == []


GOOD = draw_images(2)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (GOOD, [0], r"labels must be one whole number an image. Received: 2 images, labels int64 \(1,\)"),
        (GOOD, [0.0, 1.0], "labels must be one whole number an image. Received: .*float64"),
        (GOOD, [[0], [1]], r"labels must be .* Received: .*\(2, 1\)"),
        (GOOD, ["cat", "dog"], "labels must be one whole number"),
        (GOOD, [True, False], "labels must be one whole number an image. Received: .*bool"),
        (GOOD, [0, 3], "labels must be from 0 to 2. Received: 0 to 3"),
        (GOOD, [-1, 0], "labels must be from 0 to 2. Received: -1 to 0"),
        (draw_images(6), [0] * 6, "shape has room for 5 images"),
        (GOOD[:, 1:], [0, 1], r"image must be uint8 \(8, 9, 3\). Received: uint8 \(7, 9, 3\)"),
        (GOOD[..., 0], [0, 1], r"image must be .* Received: uint8 \(8, 9\)"),
        (GOOD / 255, [0, 1], "image must be uint8 .* Received: float64"),
        (GOOD.astype("int8"), [0, 1], "image must be uint8 .* Received: int8"),
        (GOOD.tolist(), [0, 1], "image must be uint8 .* Received: <class 'list'>"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path, images, labels, message):
    with (
        pytest.raises(ValueError, match=message),
        HDF5DatasetWriter(tmp_path / "a.hdf5", (5, *SHAPE), class_names=NAMES) as writer,
    ):
        writer.add(GOOD, [0, 1])
        writer.add(images, labels)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_inside_the_block_leaves_nothing(tmp_path, error):
    with pytest.raises(error), HDF5DatasetWriter(tmp_path / "a.hdf5", (50, *SHAPE), buffer_size=2) as writer:
        writer.add(draw_images(9), labels_of(9))
        assert left_in(tmp_path) == ["a.hdf5.part"]
        raise error
    assert left_in(tmp_path) == []


def test_an_error_does_not_harm_the_file_to_be_replaced(tmp_path):
    write(tmp_path / "a.hdf5", draw_images(6))
    with pytest.raises(ZeroDivisionError), HDF5DatasetWriter(tmp_path / "a.hdf5", (6, *SHAPE), overwrite=True):
        raise ZeroDivisionError
    assert np.array_equal(stored(tmp_path / "a.hdf5"), draw_images(6)) and left_in(tmp_path) == ["a.hdf5"]


def test_no_images_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=f"{tmp_path / 'a.hdf5'}: no image was added"):
        HDF5DatasetWriter(tmp_path / "a.hdf5", (6, *SHAPE)).close()
    assert left_in(tmp_path) == []


def test_closing_twice(tmp_path):
    with HDF5DatasetWriter(tmp_path / "a.hdf5", (6, *SHAPE)) as writer:
        writer.add(GOOD, [0, 1])
        writer.close()
        writer.close()
    assert np.array_equal(stored(tmp_path / "a.hdf5"), GOOD)


# ---- other processes: killed, on a full disk, two at once

FORKS = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
FORKS.set_forkserver_preload(["helpers.images.hdf5_io"])


def numbered(number: int) -> np.ndarray:
    """The images of the file with this number: from 20 to 39 of them."""
    return draw_images(20 + number % 20, seed=number)


def assert_whole(path: Path) -> int:
    """Read a file as the reader does; return the number of its images."""
    reader = HDF5DatasetGenerator(path, 8, shuffle=False, threads=1)
    images = numbered(reader.about.source["number"])
    assert np.array_equal(np.concatenate([batch.copy() for batch, _ in reader]), images)
    return reader.about.source["number"]


def build(path: Path, number: int) -> None:
    storage = dict(chunks=4, compression="lzf") if number % 3 == 0 else {}
    write(path, numbered(number), 30 + number % 10, buffer_size=3, source={"number": number}, overwrite=True, **storage)


def build_for_ever(path: Path, tell: int) -> None:
    """What a child does: build until a signal ends it. Its exit code is 0 where that was an interrupt."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.write(tell, b"!")
        for number in itertools.count(1):
            build(path, number)
    except KeyboardInterrupt:
        code = 0
    except BaseException:  # noqa: BLE001 - the exit code says that it is not an interrupt
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(child: int, kind: int) -> int:
    """Send a signal, again every two seconds, until the child ends; return its status.

    Python drops an interrupt that arrives inside the callback of a weak reference: then the builder goes on.
    """
    for turn in itertools.count():
        if turn % 200 == 0:
            os.kill(child, kind)
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return status
        time.sleep(0.01)


def end_builders(path: Path, kind: int, answer) -> None:
    """Twenty times: start a builder, end it at a random moment, look at what is there. Then run the next one."""
    random, begun, (listen, tell) = np.random.default_rng(5), time.perf_counter(), os.pipe()
    build(path, 0)
    seconds, parts, numbers = time.perf_counter() - begun, 0, []
    path.unlink()
    for turn in range(20):
        child = os.fork() or build_for_ever(path, tell)
        os.read(listen, 1)
        time.sleep(random.uniform(0, 3 * seconds))
        status = ended(child, kind)
        assert status == (signal.SIGKILL if kind == signal.SIGKILL else 0)
        left = left_in(path.parent)
        assert set(left) <= {"a.hdf5", "a.hdf5.part", "a.hdf5.part2"}
        parts += "a.hdf5.part" in left
        numbers += [assert_whole(path)] if path.exists() else []
        if turn % 3 == 2:
            build(path, 0)
            assert assert_whole(path) == 0 and left_in(path.parent) == ["a.hdf5"]
            path.unlink()
    answer.put((parts, numbers))


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_ended_at_twenty_random_moments(tmp_path, kind):
    answer = FORKS.SimpleQueue()
    child = FORKS.Process(target=end_builders, args=(tmp_path / "a.hdf5", kind, answer))
    child.start()
    child.join(120)
    assert child.exitcode == 0  # otherwise its traceback stands in what was captured
    parts, numbers = answer.get()
    assert numbers
    # an interrupt between two statements of the clean-up, or before it, leaves something, too, but that is rare
    assert parts >= 5 if kind == signal.SIGKILL else parts <= 8


def interrupted(path: Path, line: int) -> tuple[int, BaseException | None]:
    """Write a small file; raise KeyboardInterrupt before this line of those that the main thread runs.

    Returns how many lines it ran, and what came out.
    """
    count, before = 0, sys.gettrace()

    def trace(frame, event, _):
        nonlocal count
        count += event == "line"
        if event == "line" and count == line:
            raise KeyboardInterrupt
        return trace

    try:
        sys.settrace(trace)
        write(path, GOOD, overwrite=True)
    except BaseException as error:  # noqa: BLE001 - it is what is asked for
        return count, error
    finally:
        sys.settrace(before)
    return count, None


def test_an_interrupt_before_any_line_ends_as_an_interrupt(tmp_path):
    path = tmp_path / "a.hdf5"
    write(path, GOOD)  # what is cached the first time runs fewer lines then
    lines, error = interrupted(path, 0)
    assert error is None and lines > 50
    errors = [repr(interrupted(path, line)[1]) for line in range(1, lines)]
    assert {error: errors.count(error) for error in errors} == {"KeyboardInterrupt()": lines - 1}
    write(path, GOOD, overwrite=True)
    assert np.array_equal(stored(path), GOOD) and left_in(tmp_path) == ["a.hdf5"]


def write_until_the_disk_is_full(path: Path, limit: int, storage: dict, answer) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # Python ignores the signal, and gets an error
    try:
        write(path, draw_images(200, (32, 32, 3)), 210, buffer_size=8, **storage)
        answer.put("no error")
    except FileError as error:
        answer.put(str(error))


@pytest.mark.parametrize(
    ("limit", "storage"), [(1_000, {}), (200_000, {}), (614_500, {}), (300_000, dict(chunks=8, compression="lzf"))]
)
def test_a_full_disk(tmp_path, limit, storage):
    answer = FORKS.SimpleQueue()
    child = FORKS.Process(target=write_until_the_disk_is_full, args=(tmp_path / "a.hdf5", limit, storage, answer))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    message = answer.get()
    assert message.startswith(f"{tmp_path / 'a.hdf5'} cannot be written: ") and "File too large" in message
    assert left_in(tmp_path) == []


def write_slowly(path: Path, begun, go_on) -> None:
    with HDF5DatasetWriter(path, (20, *SHAPE), buffer_size=4, source={"number": 0}, overwrite=True) as writer:
        writer.add(numbered(0)[:10], labels_of(10))
        begun.set()
        assert go_on.wait(60)
        writer.add(numbered(0)[10:], labels_of(10))


def test_two_processes_do_not_write_one_file(tmp_path):
    path, begun, go_on = tmp_path / "a.hdf5", FORKS.Event(), FORKS.Event()
    child = FORKS.Process(target=write_slowly, args=(path, begun, go_on))
    child.start()
    assert begun.wait(60)
    with pytest.raises(FileError, match=f"{path} is being written already"):
        HDF5DatasetWriter(path, (20, *SHAPE), overwrite=True)
    go_on.set()
    child.join(60)
    assert child.exitcode == 0 and assert_whole(path) == 0 and left_in(tmp_path) == ["a.hdf5"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, "HDF5_USE_FILE_LOCKING"])
def test_where_files_cannot_be_locked_the_writer_works_and_says_so_once(tmp_path, monkeypatch, number):
    def refuse(handle, kind):
        assert number != "HDF5_USE_FILE_LOCKING"  # it was told not to ask
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    if isinstance(number, str):
        monkeypatch.setenv(number, "FALSE")
    with pytest.warns(UserWarning, match="files cannot be locked here"):
        write(tmp_path / "a.hdf5", GOOD)
    assert np.array_equal(stored(tmp_path / "a.hdf5"), GOOD) and left_in(tmp_path) == ["a.hdf5"]
    with pytest.warns(UserWarning) as warned:
        warnings.simplefilter("default")
        for name in "bc":
            write(tmp_path / f"{name}.hdf5", GOOD)
    assert len(warned) == 1


def test_two_writers_in_one_process_do_not_write_one_file(tmp_path):
    with HDF5DatasetWriter(tmp_path / "a.hdf5", (20, *SHAPE), source={"number": 0}) as writer:
        writer.add(numbered(0)[:10], labels_of(10))
        with pytest.raises(FileError, match=f"{tmp_path / 'a.hdf5'} is being written already"):
            HDF5DatasetWriter(tmp_path / "a.hdf5", (20, *SHAPE))
        writer.add(numbered(0)[10:], labels_of(10))
    assert assert_whole(tmp_path / "a.hdf5") == 0
