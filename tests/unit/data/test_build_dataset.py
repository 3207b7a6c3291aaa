import errno
import fcntl
import itertools
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from helpers import profiles
from helpers.data import build_dataset, folders
from helpers.data.build_dataset import builder, images, place, sources
from helpers.files import FileError
from helpers.images import tfrecord_io
from helpers.images.hdf5_io import HDF5DatasetGenerator, HDF5DatasetWriter, part_file
from helpers.images.preprocessing import AspectAwarePreprocessor, SimplePreprocessor

ROOT = Path(__file__).resolve().parents[3]
COUNTS = {"cat": 30, "dog": 20}
SIZE = 16
PARTS = ("train", "val", "test")


def colour(number):
    """Every image has a colour of its own, so that it is known again: its number is in red, and blue is always 40."""
    return 5 * number, 255 - 3 * number, 40


def jpeg(rgb, height=64, width=64, quality=95):
    image = np.full((height, width, 3), rgb[::-1], "uint8")
    return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()


def without_jfif(content):
    """Cut out the first segment, the one that names JFIF: any decoder still reads the rest."""
    assert content[2:4] == b"\xff\xe0"
    return content[:2] + content[4 + int.from_bytes(content[4:6], "big") :]


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """Nobody pulls the plug during these tests."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(scope="session")
def toys(tmp_path_factory):
    """50 JPEGs in two classes, of different sizes."""
    folder = tmp_path_factory.mktemp("data") / "toys"
    number = itertools.count()
    for name, count in COUNTS.items():
        (folder / name).mkdir(parents=True)
        for index in range(count):
            content = jpeg(colour(next(number)), 40 + index, 70 - index)
            (folder / name / f"{name}.{index:03}.jpg").write_bytes(content)
    return folder


@pytest.fixture
def own_toys(toys, tmp_path):
    """A copy to damage."""
    return Path(shutil.copytree(toys, tmp_path / "toys"))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def build(folder, out, **arguments):
    return build_dataset.build(folder=folder, out=out, **{"size": SIZE, "val": 0.2, "test": 0.1, **arguments})


def run(capsys, *arguments):
    """Run the command line; return its exit status, what it printed and what it complained about."""
    try:
        status = build_dataset.main([str(argument) for argument in arguments])
    except SystemExit as stopped:
        status = stopped.code
    return status, *capsys.readouterr()


def content_of(built):
    """Return images and labels of each part, whatever the format."""
    parts = {}
    for part in PARTS:
        if (built.folder / f"{part}.hdf5").exists():
            with h5py.File(built.folder / f"{part}.hdf5", "r") as file:
                parts[part] = file["images"][:], file["labels"][:]
        else:
            index = tfrecord_io.load_index(built.folder / part)
            payloads = [one for shard in index.shards for one in tfrecord_io.records(built.folder / part / shard.file)]
            jpegs = [np.frombuffer(one[one.index(b"\xff\xd8\xff") :], "uint8") for one in payloads]
            decoded = [cv2.imdecode(one, cv2.IMREAD_COLOR)[..., ::-1] for one in jpegs]
            named = [index.class_names.index("cat" if b"cat" in one else "dog") for one in payloads]
            parts[part] = np.array(decoded), np.array(named)
    return parts


def check(built):
    """Every image is in one part, with its label, in RGB; each class has its share; the means are those of train."""
    parts = content_of(built)
    known = np.array([colour(number) for number in range(sum(COUNTS.values()))])
    seen = []
    for part, (pixels, labels) in parts.items():
        colours = pixels.mean(axis=(1, 2))
        numbers = np.abs(colours[:, None] - known).sum(axis=2).argmin(axis=1)
        assert np.abs(colours - known[numbers]).max() < 3, f"{part}: colours that no image has"
        assert (labels == (numbers >= COUNTS["cat"])).all(), f"{part}: wrong labels"
        assert built.counts[part] == {"cat": (labels == 0).sum(), "dog": (labels == 1).sum()}
        seen += numbers.tolist()
    assert sorted(seen) == list(range(len(known))), "an image is missing or in two parts"
    assert [built.counts[part] for part in PARTS] == [{"cat": c, "dog": d} for c, d in ((21, 14), (6, 4), (3, 2))]
    tolerance = 1e-9 if (built.folder / "train.hdf5").exists() else 0.6  # a JPEG in a shard was rounded once more
    assert np.abs(parts["train"][0].mean(axis=(0, 1, 2), dtype=float) - built.mean).max() < tolerance, "wrong means"
    assert json.loads((built.folder / "means.json").read_text()) == dict(zip("rgb", built.mean, strict=True))


def bytes_of(folder):
    """Return what the files hold; HDF5 stores times beside it, which differ."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "built.json"):
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
        if path.suffix == ".hdf5":
            with h5py.File(path, "r") as file:
                arrays = [file[key][:].tobytes() for key in ("images", "labels", "checksums")]
                found[path.name] = (*arrays, file.attrs["about"])
    return found


def left_in(out):
    return sorted(path.name for path in out.iterdir())


# --- what comes out


def test_hdf5(toys, out):
    built = build(toys, out)
    check(built)
    assert built.is_new and built.folder == out / "toys_16_hdf5" and built.class_names == ("cat", "dog")
    assert left_in(out) == ["toys_16_hdf5"]
    assert left_in(built.folder) == sorted([*(f"{part}.hdf5" for part in PARTS), *SIDE_FILES])
    sizes = {path.name: path.stat().st_size for path in built.folder.iterdir()}
    assert built.num_bytes == sum(sizes.values()) - sizes["built.json"]
    reader = HDF5DatasetGenerator(built.folder / "train.hdf5", 7)
    assert reader.about.class_names == ("cat", "dog") and next(iter(reader))[0].shape == (7, SIZE, SIZE, 3)
    assert np.abs(np.subtract(reader.about.mean, built.mean)).max() < 1e-9  # the writer sums on its own
    assert reader.about.source["split"] == "train" and reader.about.source["images"] == sources.listed(listing(toys))


SIDE_FILES = ("built.json", "means.json", "skipped.json")


def listing(folder):
    return sources.find(None, folder, None)


def test_tfrecord_has_the_same_images_and_means(toys, out):
    built, other = build(toys, out, format="tfrecord"), build(toys, out)
    check(built)
    assert built.folder == out / "toys_16_tfrecord" and built.mean == other.mean and built.counts == other.counts
    assert left_in(built.folder) == sorted([*PARTS, *SIDE_FILES])
    assert tfrecord_io.verify(built.folder / "val").image_shape == (SIZE, SIZE, 3)
    for part, (_, labels) in content_of(built).items():
        assert (labels == content_of(other)[part][1]).all()  # also the same order


def test_original_bytes(own_toys, out):
    cv2.imwrite(str(own_toys / "cat" / "a.png"), np.zeros((9, 9, 3), "uint8"))
    built = build(own_toys, out, format="tfrecord", quality=None)
    assert skipped(built).keys() == {"cat/a.png"} and "must be a whole JPEG" in skipped(built)["cat/a.png"]
    stored = b"".join(path.read_bytes() for path in (built.folder / "val").iterdir())
    found = sum(path.read_bytes() in stored for path in own_toys.glob("*/*.jpg"))
    assert found == sum(built.counts["val"].values()) >= 10
    (own_toys / "cat" / "a.png").unlink()
    whole = build(own_toys, out / "without", format="tfrecord", quality=None)
    assert whole.mean == build(own_toys, out / "without").mean  # of the resized images, whatever is stored
    assert tfrecord_io.load_index(whole.folder / "train").image_shape is None


def test_quality_makes_smaller_shards(toys, out):
    small, large = (build(toys, out / str(q), format="tfrecord", quality=q, size=64) for q in (30, 100))
    assert small.num_bytes < large.num_bytes and small.mean == large.mean


@pytest.mark.parametrize(
    ("resize", "preprocessor"), [("aspect", AspectAwarePreprocessor), ("plain", SimplePreprocessor)]
)
def test_resize(tmp_path, out, resize, preprocessor):
    rng = np.random.default_rng(0)
    for index in range(4):
        (tmp_path / "noise" / "all").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "noise" / "all" / f"{index}.png"), rng.integers(0, 256, (50, 90, 3), "uint8"))
    built = build(tmp_path / "noise", out, resize=resize, val=0, test=0)
    files = sorted((tmp_path / "noise" / "all").iterdir())
    expected = [preprocessor(SIZE, SIZE).preprocess(cv2.imread(str(path))[..., ::-1].copy()) for path in files]
    with h5py.File(built.folder / "train.hdf5", "r") as file:
        assert sorted(image.tobytes() for image in file["images"]) == sorted(image.tobytes() for image in expected)
    assert left_in(built.folder) == sorted(["train.hdf5", *SIDE_FILES])  # a share of 0: no such part


def test_count(toys, out):
    built = build(toys, out, count=40)
    assert sum(sum(counts.values()) for counts in built.counts.values()) == 40
    assert listing(toys).files[:3] == sorted((toys / "cat").iterdir())[:3]


def test_the_result_depends_on_the_seed_and_not_on_threads(toys, out):
    one, three, other = (
        build(toys, out / name, threads=n, seed=s) for name, n, s in (("a", 1, 0), ("b", 3, 0), ("c", 2, 1))
    )
    assert bytes_of(one.folder) == bytes_of(three.folder)
    assert bytes_of(one.folder)["train.hdf5"] != bytes_of(other.folder)["train.hdf5"]


# --- the parts


def test_split_is_stratified():
    labels = np.repeat([0, 1, 2], [300, 100, 23])
    parts = images.split(labels, 0.1, 0.2, seed=3)
    assert list(parts) == ["train", "val", "test"]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(423))
    for part, share in (("train", 0.7), ("val", 0.1), ("test", 0.2)):
        assert np.abs(np.bincount(labels[parts[part]]) - share * np.array([300, 100, 23])).max() <= 1
        assert len(np.unique(labels[parts[part]][:20])) > 1  # mixed, not class after class
    again, other = images.split(labels, 0.1, 0.2, seed=3), images.split(labels, 0.1, 0.2, seed=4)
    assert all((parts[part] == again[part]).all() for part in parts)
    assert (parts["train"] != other["train"]).any()
    assert list(images.split(labels, 0, 0.5)) == ["train", "test"] and list(images.split(labels, 0, 0)) == ["train"]


def test_in_order_keeps_the_order_and_the_bound():
    begun, taken, most = [], [], []

    def items():
        for item in range(60):
            begun.append(item)
            yield item

    def work(item):
        time.sleep(random.random() / 500)
        return item

    with ThreadPoolExecutor(3) as pool:
        for item in images.in_order(pool, work, items(), in_flight=5):
            most.append(len(begun) - len(taken))
            taken.append(item)
    assert taken == list(range(60)) and max(most) == 5  # the items, too, are taken one by one


def test_a_build_holds_few_images(toys, out, monkeypatch):
    lock, held, most = threading.Lock(), [0], [0]
    prepare, add = images.prepare, HDF5DatasetWriter.add
    in_order = images.in_order

    def counted_prepare(*arguments):
        with lock:
            held[0] += 1
            most[0] = max(most[0], held[0])
        return prepare(*arguments)

    def slow_add(self, *arguments):
        time.sleep(0.002)  # the disk is slower than the threads
        add(self, *arguments)
        with lock:
            held[0] -= 1

    monkeypatch.setattr(images, "prepare", counted_prepare)
    monkeypatch.setattr(HDF5DatasetWriter, "add", slow_add)
    monkeypatch.setattr(images, "in_order", lambda pool, function, items: in_order(pool, function, items, 6))
    build(toys, out)
    assert held[0] == 0 and 3 <= most[0] <= 6
    assert images.IN_FLIGHT <= 64


# --- images that cannot be read


def skipped(built):
    return {one["file"]: one["reason"] for one in json.loads((built.folder / "skipped.json").read_text())}


def spoil(folder):
    """Add files that are no images, each in its own way; return what the list must say of each."""
    good, cat = jpeg((9, 9, 9)), folder / "cat"
    (cat / "empty.jpg").touch()
    (cat / "text.jpg").write_text("no image " * 99)
    (cat / "cut.jpg").write_bytes(good[: len(good) // 2])
    (cat / "no_jfif.jpg").write_bytes(without_jfif(good))
    (cat / "hollow.jpg").write_bytes(good[:20] + b"\xff\xd9")
    (cat / "text.png").write_text("no image " * 99)
    cv2.imwrite(str(cat / "long.png"), np.zeros((2, 300, 3), "uint8"))
    (cat / "Thumbs.db").touch()
    (folder / ".hidden").mkdir()
    (folder / "dog" / "nothing.txt").touch()
    return {
        "cat/empty.jpg": "is empty",
        "cat/text.jpg": "no JFIF",
        "cat/cut.jpg": "breaks off",
        "cat/no_jfif.jpg": "no JFIF",
        "cat/hollow.jpg": "no image that OpenCV can read",
        "cat/text.png": "no image that OpenCV can read",
        "cat/long.png": "1 to 100",
    }


def test_unreadable_images_are_listed_and_the_rest_is_built(own_toys, out, capsys):
    expected = spoil(own_toys)
    status, printed, _ = run(capsys, "--folder", own_toys, "--out", out, "--size", SIZE, "--val", 0.2, "--test", 0.1)
    built = build(own_toys, out)
    assert status == 0 and not built.is_new and built.skipped == len(expected)
    found = skipped(built)
    assert found.keys() == expected.keys() and list(found) == sorted(found)
    assert all(part in found[file] for file, part in expected.items()), found
    assert (
        "left out: 7, listed in skipped.json" in printed
        and "2 x has no JFIF in its first 512 bytes (--any-jpeg" in printed
    )
    assert "not looked at: 2 other files" in printed and built.other_files == 2
    parts = content_of(built)
    assert sum(len(labels) for _, labels in parts.values()) == 50


def test_any_jpeg_takes_what_can_be_decoded(own_toys, out):
    expected = spoil(own_toys)
    built = build(own_toys, out, any_jpeg=True)
    assert skipped(built).keys() == expected.keys() - {"cat/no_jfif.jpg"}


@pytest.mark.parametrize("keywords", [{}, {"format": "tfrecord", "quality": None}])
def test_a_jpeg_with_more_behind_its_end_is_taken(own_toys, out, keywords):
    content = next(path.read_bytes() for path in sorted(own_toys.rglob("*.jpg")))
    (own_toys / "cat" / "padded.jpg").write_bytes(content + bytes(5_000))
    (own_toys / "cat" / "film.jpg").write_bytes(content + b"\0\0\0\x18ftypmp42" * 500)
    (own_toys / "cat" / "cut.jpg").write_bytes(content[: len(content) // 2] + bytes(50_000))
    built = build(own_toys, out, **keywords)
    assert skipped(built).keys() == {"cat/cut.jpg"} and "breaks off" in skipped(built)["cat/cut.jpg"]


def test_jfif_may_stand_behind_other_entries(tmp_path):
    """1,738 files of cats and dogs are counted with JFIF anywhere in the first 512 bytes."""
    good = jpeg((9, 9, 9))
    for gap, is_fine in ((300, True), (600, False)):
        comment = b"\xff\xfe" + (gap + 2).to_bytes(2, "big") + bytes(gap)
        (tmp_path / "a.jpg").write_bytes(good[:2] + comment + good[2:])
        assert (sources._fault(tmp_path / "a.jpg", any_jpeg=False) is None) == is_fine


def test_an_image_that_vanishes_stops_the_build(own_toys, out, monkeypatch):
    readable = sources.readable

    def then_remove(source, any_jpeg):
        result = readable(source, any_jpeg)
        source.files[7].unlink()
        return result

    monkeypatch.setattr(sources, "readable", then_remove)
    with pytest.raises(FileError, match=r"cat\.007\.jpg could be read when this began. Now: No such file"):
        build(own_toys, out)
    assert left_in(out) == []


# --- again, differently, damaged


def times(folder):
    return {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]}


def test_a_second_run_does_nothing_and_says_so(toys, out, capsys):
    arguments = "--folder", toys, "--out", out, "--size", SIZE
    status, printed, complaints = run(capsys, *arguments)
    before = times(out)
    assert (status, complaints) == (0, "") and "toys_16_hdf5: built\n" in printed and "images a second" in printed
    assert "train      40 images: 24 cat, 16 dog" in printed
    status, printed, complaints = run(capsys, *arguments, "--threads", 1)
    assert (status, complaints) == (0, "") and "there already, same images, same arguments; not built" in printed
    assert "train      40 images: 24 cat, 16 dog" in printed and times(out) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(val=0.1), "val was 0.2 and is 0.1. Choose"),
        (dict(seed=1, resize="plain"), "resize was 'aspect' and is 'plain'; seed was 0 and is 1. Choose"),
        (dict(count=49), "images was '50 files, SHA-256 "),
    ],
)
def test_other_arguments_in_the_same_place(toys, out, change, message):
    first = build(toys, out)
    before = times(out)
    with pytest.raises(FileError) as error:
        build(toys, out, **change)
    assert message in str(error.value) and str(first.folder) in str(error.value) and times(out) == before
    again = build(toys, out, **change, overwrite=True)
    assert again.is_new and left_in(out) == ["toys_16_hdf5"]
    assert not build(toys, out, **change).is_new


def test_other_images_under_the_same_name(own_toys, out):
    build(own_toys, out)
    file = own_toys / "cat" / "cat.003.jpg"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(FileError, match="images was '50 files"):
        build(own_toys, out)


@pytest.mark.parametrize("damage", ["remove", "truncate", "record"])
def test_a_set_that_was_damaged_is_not_taken_for_whole(toys, out, damage):
    folder = build(toys, out).folder
    if damage == "remove":
        (folder / "val.hdf5").unlink()
    elif damage == "truncate":
        os.truncate(folder / "val.hdf5", 99)
    else:
        (folder / "built.json").write_text('{"settings": 3}')
    with pytest.raises(FileError, match="built.json is damaged" if damage == "record" else "val.hdf5 is gone or has"):
        build(toys, out)
    check(build(toys, out, overwrite=True))


def test_a_folder_of_another_kind_is_left_alone(toys, out):
    (out / "toys_16_hdf5").mkdir(parents=True)
    (out / "toys_16_hdf5" / "thesis.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(FileError, match="is not a set of this builder and stays as it is"):
            build(toys, out, overwrite=overwrite)
    assert (out / "toys_16_hdf5" / "thesis.txt").read_text() == "mine"


# --- interrupts, kills, two at once


def test_interrupt_leaves_nothing_and_the_same_command_works(toys, out, capsys, monkeypatch):
    arguments = "--folder", toys, "--out", out, "--size", SIZE, "--val", 0.2
    add, calls = HDF5DatasetWriter.add, itertools.count()

    def press(self, *values):
        if next(calls) == 37:
            raise KeyboardInterrupt
        add(self, *values)

    with monkeypatch.context() as patch:
        patch.setattr(HDF5DatasetWriter, "add", press)
        status, _, complaints = run(capsys, *arguments)
    assert status == 1 and "interrupted" in complaints and left_in(out) == []
    assert run(capsys, *arguments)[0] == 0
    check(build(toys, out))


def test_it_loads_no_backend():
    slow = {"keras", "tensorflow", "jax", "sklearn"}
    code = f"import sys, helpers.data.build_dataset.command; print({slow} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


KILLER = """
    import os, random, signal, sys, time
    import cv2, sklearn.model_selection
    from helpers.data.build_dataset import main

    from helpers.data import folders
    from helpers.images import tfrecord_io

    tfrecord_io.crc32c(b"once: it is imported then")
    os.fsync = lambda handle: None
    folder, out, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
    def start(out, format):
        process = os.fork()
        if not process:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(main(["--folder", folder, "--out", out, "--format", format, "--size", "16", "--val", "0.2"]))
        return process

    def finished(out, format):
        begin = time.perf_counter()
        assert os.waitpid(start(out, format), 0)[1] == 0
        return time.perf_counter() - begin

    for format in ("hdf5", "tfrecord"):
        seconds = finished(out + "/whole", format)
        for kill in range(kills):
            process = start(out + "/killed", format)
            time.sleep(random.random() * seconds)
            os.kill(process, signal.SIGINT if kill == 0 else signal.SIGKILL)
            os.waitpid(process, 0)
            for name in set(os.listdir(out + "/killed") if os.path.exists(out + "/killed") else ()):
                print(kill, name, *sorted(os.listdir(f"{out}/killed/{name}")), flush=True)
                if name.endswith(format):  # it was ready: kill the next one earlier
                    os.rename(f"{out}/killed/{name}", f"{out}/early_{kill}_{format}")
                    seconds *= 0.7
        finished(out + "/killed", format)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_killed_at_random_moments(toys, out, tmp_path):
    """One process has everything imported, and forks a build for each kill."""
    command = [sys.executable, "-c", textwrap.dedent(KILLER), toys, out, "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "toys_16_hdf5.part" in done.stdout, "no kill hit a build: this tests nothing"
    for format in ("hdf5", "tfrecord"):
        whole = bytes_of(out / "whole" / f"toys_16_{format}")
        for folder in [out / "killed" / f"toys_16_{format}", *out.glob(f"early_*_{format}")]:
            assert bytes_of(folder) == whole and (folder / "built.json").exists(), folder
    assert left_in(out / "killed") == ["toys_16_hdf5", "toys_16_tfrecord"]


def test_what_a_killed_run_left_is_cleared_away(toys, out):
    (out / "toys_16_hdf5.part" / ".val.building").mkdir(parents=True)
    for name in ("train.hdf5", "test.hdf5.part", ".val.building/00000.part"):
        (out / "toys_16_hdf5.part" / name).write_text("half")
    built = build(toys, out)
    check(built)
    assert left_in(out) == ["toys_16_hdf5"]
    assert left_in(built.folder) == sorted([*(f"{part}.hdf5" for part in PARTS), *SIDE_FILES])


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK])  # the first: NFS, of a folder
def test_a_file_system_without_locks_that_cannot_sync_folders(toys, out, monkeypatch, number):
    def refuse(handle, *_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(
        place.os, "fsync", lambda handle: refuse(handle) if stat.S_ISDIR(os.fstat(handle).st_mode) else 0
    )
    monkeypatch.setattr(builder, "commit", lambda part, final: part.replace(final))  # of another room
    monkeypatch.setattr(part_file, "commit", lambda part, final: part.replace(final))
    with pytest.warns(UserWarning, match="files cannot be locked here"):
        check(build(toys, out))
    assert left_in(out) == ["toys_16_hdf5"]


@pytest.mark.parametrize("name", ["\u732b", "caf\udce9"])
def test_a_class_name_that_the_console_cannot_show(own_toys, out, name):
    (own_toys / "cat").rename(own_toys / name)
    command = [sys.executable, "-m", "helpers.data.build_dataset", "--folder", own_toys, "--out", out, "--size", "16"]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and "not built" not in done.stderr, done.stderr
    assert f" {ascii(name)[1:-1]}" in done.stdout and left_in(out) == [f"{own_toys.name}_16_hdf5"]


def test_two_at_once(toys, out):
    with place.appears_whole(out / "toys_16_hdf5") as part:
        (part / "built.json").write_text("{}")
        with pytest.raises(FileError, match=r"toys_16_hdf5\.part is being filled by another run"):
            build(toys, out)
        assert part.exists()
    assert left_in(out) == ["toys_16_hdf5"]


def test_a_folder_that_appears_meanwhile_is_left_alone(out):
    with pytest.raises(FileError, match="has appeared while it was being built"), place.appears_whole(out / "set"):
        (out / "set").mkdir()
        (out / "set" / "mine").touch()
    assert left_in(out) == ["set"] and left_in(out / "set") == ["mine"]


def test_a_replacement_keeps_one_whole_set_at_any_moment(out):
    final = out / "set"
    for name in ("first", "second"):
        with place.appears_whole(final, overwrite=True) as part:
            (part / name).touch()
    assert left_in(out) == ["set"] and left_in(final) == ["second"]
    with pytest.raises(ZeroDivisionError), place.appears_whole(final, overwrite=True):
        1 / 0  # noqa: B018
    assert left_in(out) == ["set"] and left_in(final) == ["second"]
    final.rename(out / "set.old")  # as a kill between the two renames leaves it
    with pytest.raises(ZeroDivisionError), place.appears_whole(final, overwrite=True):
        assert left_in(final) == ["second"]
        1 / 0  # noqa: B018
    assert left_in(out) == ["set"] and left_in(final) == ["second"]


# --- wrong arguments, bad folders, no space


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--val", 0.6, "--test", 0.4),
            "val and test must be in [0, 1), together below 1. Received: val=0.6, test=0.4",
        ),
        (("--val", -0.1), "Received: val=-0.1"),
        (("--val", "nan"), "Received: val=nan"),
        (("--size", 0), "size must be a whole number of 1 or more. Received: size=0"),
        (("--count", 0), "Received: count=0"),
        (("--threads", 0), "Received: threads=0"),
        (("--seed", -1), "seed must be a whole number of 0 or more"),
        (("--format", "tfrecord", "--quality", 101), "Received: quality=101"),
        (("--original",), "quality is for format='tfrecord'"),
        (("--format", "zip"), "invalid choice: 'zip'"),
        (("--quality", 50, "--original"), "not allowed with argument"),
        (("cats_vs_dogs",), "name or folder must be given, and not both"),
        (("--out", "gs://bucket/sets"), "out must be on this machine"),
    ],
)
def test_wrong_arguments(toys, out, capsys, arguments, message):
    status, printed, complaints = run(capsys, "--folder", toys, "--out", out, *arguments)
    assert (status, printed) == (2, "") and message in complaints and not out.exists()


def test_by_name(toys, tmp_path, capsys, monkeypatch):
    def load(name, *, count):
        return folders.from_folder(toys, count=count)._replace(name=name, source=source)

    monkeypatch.setattr(folders, "load", load)
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path / "cache")
    source = "stand-in"
    status, printed, _ = run(capsys, "cats_vs_dogs", "--size", SIZE, "--count", 40)
    assert status == 0 and str(tmp_path / "cache" / "built" / "cats_vs_dogs_16_hdf5") in printed
    source = "download"  # the real images have arrived
    status, _, complaints = run(capsys, "cats_vs_dogs", "--size", SIZE, "--count", 40)
    assert status == 1 and "is_stand_in was True and is False. Choose another out" in complaints


def test_unknown_name(capsys, out):
    status, _, complaints = run(capsys, "cats", "--out", out)
    assert status == 2 and "name must be one of cats_vs_dogs, flowers. Received: name='cats'" in complaints


def test_neither_name_nor_folder(capsys, out):
    assert run(capsys, "--out", out)[0] == 2


def test_out_inside_the_images(own_toys, capsys):
    status, _, complaints = run(capsys, "--folder", own_toys, "--out", own_toys / "sets")
    assert status == 2 and "out must not be inside the folder of images" in complaints


def remove(folder, pattern):
    for path in folder.glob(pattern):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "toys must be a folder with one sub-folder a class"),
        (lambda folder: [shutil.rmtree(one) for one in folder.iterdir()], "toys must hold one sub-folder a class"),
        (lambda folder: remove(folder, "dog/*"), "dog must hold images"),
        (
            lambda folder: remove(folder, "dog/*[2-9].jpg"),
            "class 'dog' must have 10 or more readable images, because val",
        ),
        (
            lambda folder: [one.write_text("?") for one in folder.glob("*/*")],
            "Received: 0. Left out: 50, the first: cat/",
        ),
    ],
    ids=["no folder", "no class", "no image", "too few", "none readable"],
)
def test_bad_folders(own_toys, out, capsys, spoil, message):
    spoil(own_toys)
    status, printed, complaints = run(capsys, "--folder", own_toys, "--out", out, "--size", SIZE)
    assert (status, printed) == (1, "") and message in complaints
    assert not out.exists() or left_in(out) == []


def test_a_class_that_decoding_leaves_empty(own_toys, out):
    hollow = jpeg((9, 9, 9))[:20] + b"\xff\xd9"
    for path in (own_toys / "dog").iterdir():
        path.write_bytes(hollow)
    for format in ("hdf5", "tfrecord"):
        with pytest.raises(FileError, match="train has no image of class 'dog'"):
            build(own_toys, out, format=format)
    assert left_in(out) == []


def test_disk(toys, tmp_path, out, capsys, monkeypatch):
    (tmp_path / "file").touch()
    status, _, complaints = run(capsys, "--folder", toys, "--out", tmp_path / "file", "--size", SIZE)
    assert status == 1 and str(tmp_path / "file") in complaints
    monkeypatch.setattr(builder.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 0, 9))
    status, _, complaints = run(capsys, "--folder", toys, "--out", out, "--size", SIZE)
    assert status == 1 and "has not enough space. Needed: 38,400 bytes. Free: 9 bytes" in complaints
    assert left_in(out) == []


def test_full_disk(toys, out, monkeypatch):
    def full(self, *arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(HDF5DatasetWriter, "add", full)
    with pytest.raises(FileError, match=r"toys_16_hdf5 cannot be written: .*No space left"):
        build(toys, out)
    assert left_in(out) == []


# --- mistakes on purpose: the check above must see them


def leak(labels, val, test, seed):
    parts = SPLIT(labels, val, test, seed)
    return {**parts, "train": np.concatenate([parts["train"][:-10], parts["val"]])}


def unstratified(labels, val, test, seed):
    parts = np.split(np.random.default_rng(seed).permutation(len(labels)), [35, 45])
    return dict(zip(PARTS, parts, strict=True))


def in_bgr(*arguments):
    one = PREPARE(*arguments)
    return one._replace(stored=one.stored[..., ::-1], sums=one.sums[::-1])


def sums_in_bgr(*arguments):
    one = PREPARE(*arguments)
    return one._replace(sums=one.sums[::-1])


class OverAllParts(builder._Tally):
    """Adds the sums of every part to those of train."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        OverAllParts.first = self if self.part == "train" else OverAllParts.first
        self.sums, self.all = OverAllParts.first.sums, OverAllParts.first.counts

    def count(self, *arguments):
        for image, label in super().count(*arguments):
            yield image, label
            if self is not OverAllParts.first:
                OverAllParts.first.extra = getattr(OverAllParts.first, "extra", 0) + 1


SPLIT, PREPARE = images.split, images.prepare


@pytest.mark.parametrize(
    ("where", "name", "mistake", "seen"),
    [
        (images, "split", leak, "missing or in two parts"),
        (images, "split", unstratified, "assert"),
        (images, "prepare", in_bgr, "colours that no image has"),
        (images, "prepare", sums_in_bgr, "wrong means"),
        (builder, "_Tally", OverAllParts, "wrong means"),
    ],
)
def test_the_check_sees_mistakes(toys, out, monkeypatch, where, name, mistake, seen):
    monkeypatch.setattr(where, name, mistake)
    with pytest.raises(AssertionError, match=seen):
        check(build(toys, out))
