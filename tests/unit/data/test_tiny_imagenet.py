import json
import shutil
from collections import Counter
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from test_downloads import zip_with  # pytest puts the folder of each test module on the path

from helpers import profiles
from helpers.data import downloads, tiny_imagenet
from helpers.data.drawn import objects
from helpers.data.tiny_imagenet import load, source, split_test
from helpers.files import FileError
from helpers.images.hdf5_io import HDF5DatasetGenerator

WNIDS = ("n02124075", "n01443537", "n03042490")  # not in alphabetical order
WORDS = (
    "n00001740\tentity\nn01443537\tgoldfish, Carassius auratus\nn02124075\tEgyptian cat\nn03042490\tcliff dwelling\n"
)
PER_CLASS, VAL = 12, 6


def jpeg(colour, size=64, grey=False):
    """One colour, the first row white: RGB, or grey of that red."""
    image = np.full((size, size, 3), colour, "uint8")
    image[0] = 255
    image = image[..., 0] if grey else image[..., ::-1]
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def members():
    """The files of a small set: the red of an image is 60 times its label, its green 10 times its number."""
    files = {"wnids.txt": "\n".join(WNIDS).encode() + b"\n", "words.txt": WORDS.encode()}
    for label, wnid in enumerate(WNIDS):
        for number in range(PER_CLASS):
            grey = label == 2 and number == 3
            files[f"train/{wnid}/images/{wnid}_{number}.JPEG"] = jpeg((60 * label, 10 * number, 100), grey=grey)
        files[f"train/{wnid}/{wnid}_boxes.txt"] = b"boxes"
    annotations = [(f"val_{number}.JPEG", WNIDS[(number + 1) % 3]) for number in range(VAL)]
    files["val/val_annotations.txt"] = "".join(
        f"{name}\t{wnid}\t0\t32\t44\t62\n" for name, wnid in annotations
    ).encode()
    return files | {f"val/images/{name}": jpeg((60 * WNIDS.index(wnid), 0, 200)) for name, wnid in annotations}


@pytest.fixture
def raw(tmp_path):
    """A folder in the layout of Tiny ImageNet: 3 classes, 12 training and 2 validation images each."""
    folder = tmp_path / "tiny-imagenet-200"
    for name, content in members().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_read(raw):
    found = tiny_imagenet.read(raw)
    assert found.wnids == WNIDS and found.class_names == ("Egyptian cat", "goldfish", "cliff dwelling")
    assert found.train_labels.tolist() == np.repeat([0, 1, 2], PER_CLASS).tolist()
    assert [file.name for file in found.train_files[:PER_CLASS]] == [f"n02124075_{i}.JPEG" for i in range(PER_CLASS)]
    assert found.train_files[PER_CLASS] == raw / "train" / "n01443537" / "images" / "n01443537_0.JPEG"
    assert [file.name for file in found.val_files] == [f"val_{number}.JPEG" for number in range(VAL)]
    assert (
        found.val_labels.tolist() == [1, 2, 0, 1, 2, 0]
        and found.val_labels.dtype == found.train_labels.dtype == "int32"
    )
    assert found.folder == raw and found.source == "local" and not found.is_stand_in
    assert found.test_files == [] and len(found.test_labels) == 0


def test_two_classes_of_one_name(raw):
    (raw / "words.txt").write_text(WORDS.replace("cliff dwelling", "goldfish, another").replace("\n", "\r\n"))
    assert tiny_imagenet.read(raw).class_names == ("Egyptian cat", "goldfish (n01443537)", "goldfish (n03042490)")


def changed(raw, name, old, new):
    path = raw / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("wnids.txt", "n01443537", "1443537", r"wnids.txt, line 2: must be n and 8 digits.* Received: '1443537'"),
        (
            "wnids.txt",
            "n01443537",
            "n02124075",
            "wnids.txt must hold one or more numbers, each once. Received: 3 lines",
        ),
        ("wnids.txt", "n01443537", "n01443538", "words.txt must name every class of wnids.txt. Missing: n01443538"),
        ("words.txt", "\tEgyptian cat", "", r"words.txt, line 3: must be a number, a tab and names"),
        (
            "val/val_annotations.txt",
            "val_1.JPEG\tn03042490",
            "val_1.JPEG\tn03042491",
            "val_annotations.txt, line 2: must",
        ),
        (
            "val/val_annotations.txt",
            "val_1.JPEG\tn03042490",
            "val_1.JPEG n03042490",
            "val_annotations.txt, line 2: must",
        ),
        ("val/val_annotations.txt", "val_1.JPEG", "val_0.JPEG", "val_annotations.txt, line 2: .* not named before"),
        ("val/val_annotations.txt", "val_1.JPEG", "val_9.JPEG", r"images/val_1.JPEG has no line in .* Such files: 2"),
    ],
)
def test_odd_lines_are_named(raw, name, old, new, message):
    changed(raw, name, old, new)
    with pytest.raises(FileError, match=message):
        tiny_imagenet.read(raw)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wnids.txt", "wnids.txt must be a text file"),
        ("words.txt", "words.txt must be a text file"),
        ("train/n01443537/images", "n01443537/images must be a folder of JPEG files"),
        ("val/images/val_2.JPEG", r"images/val_2.JPEG is missing; it has a line in val_annotations.txt. Such files: 1"),
        ("val/val_annotations.txt", "val_annotations.txt must be a text file"),
    ],
)
def test_missing_files_are_named(raw, name, message):
    shutil.rmtree(raw / name) if (raw / name).is_dir() else (raw / name).unlink()
    with pytest.raises(FileError, match=message):
        tiny_imagenet.read(raw)


def test_split_test(raw):
    whole = tiny_imagenet.read(raw)
    split = tiny_imagenet.split_test(whole, per_class=5, seed=3)
    assert np.bincount(split.test_labels).tolist() == [5, 5, 5] and np.bincount(split.train_labels).tolist() == [7] * 3
    assert sorted(split.train_files + split.test_files) == sorted(whole.train_files)
    for files, labels in ((split.train_files, split.train_labels), (split.test_files, split.test_labels)):
        assert [file.parent.parent.name for file in files] == [WNIDS[label] for label in labels]
    assert split.val_files == whole.val_files and split.wnids == whole.wnids
    assert split_test(whole, 5, seed=3).test_files == split.test_files != split_test(whole, 5, seed=4).test_files
    with pytest.raises(ValueError, match=r"no test set yet. Received: 15 test images"):
        split_test(split, 1)


@pytest.mark.parametrize("per_class", [0, PER_CLASS, 2.5])
def test_split_test_leaves_something_in_both(raw, per_class):
    with pytest.raises(ValueError, match=rf"from 1 to 11, .* Received: per_class={per_class}"):
        split_test(tiny_imagenet.read(raw), per_class)


def test_build(raw, tmp_path):
    built = tiny_imagenet.build(raw, tmp_path / "out", per_class=5)
    assert built.is_new and built.folder == tmp_path / "out" and built.skipped == 0
    names = {"built.json", "means.json", "test.hdf5", "train.hdf5", "val.hdf5"}
    assert {path.name for path in built.folder.iterdir()} == names
    each = dict.fromkeys(("Egyptian cat", "goldfish", "cliff dwelling"))
    assert built.counts == {
        "train": dict.fromkeys(each, 7),
        "val": dict.fromkeys(each, 2),
        "test": dict.fromkeys(each, 5),
    }
    greens, means = Counter(), []
    for split, count in (("train", 21), ("test", 15), ("val", 6)):
        batches = HDF5DatasetGenerator(built.folder / f"{split}.hdf5", 4, shuffle=False)
        images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        assert images.shape == (count, 64, 64, 3) and images.dtype == "uint8"
        middle = images[:, 32, 32].astype(int)
        grey = np.ptp(middle, axis=1) < 3  # one file has one channel only
        assert np.abs(middle[grey] - 120).max(initial=0) < 3
        assert np.abs(middle[:, 0] - 60 * labels).max() < 4
        assert np.diff(labels).any() and labels.tolist() != sorted(labels)  # not in order of class
        if split != "val":
            greens.update(
                zip(labels[~grey].tolist(), np.round(middle[~grey, 1] / 10).astype(int).tolist(), strict=True)
            )
            means.append(images.mean(axis=(0, 1, 2)))
    assert len(greens) == 35 and set(greens.values()) == {1}  # each training image once, but for the grey one
    assert np.allclose(built.mean, means[0])
    assert list(json.loads((built.folder / "means.json").read_text()).values()) == list(built.mean)


def test_build_again_finds_it_or_says_what_differs(raw, tmp_path):
    first = tiny_imagenet.build(raw, tmp_path / "out", size=32, per_class=5)
    again = tiny_imagenet.build(raw, tmp_path / "out", size=32, per_class=5, threads=1)
    assert not again.is_new and again == first._replace(is_new=False)
    with pytest.raises(FileError, match="was built differently: per_class was 5 and is 4"):
        tiny_imagenet.build(raw, tmp_path / "out", size=32, per_class=4)
    assert tiny_imagenet.build(raw, tmp_path / "out", size=32, per_class=4, overwrite=True).is_new
    (tmp_path / "out" / "val.hdf5").write_bytes(b"short")
    with pytest.raises(FileError, match=r"val.hdf5 has another size"):
        tiny_imagenet.build(raw, tmp_path / "out", size=32, per_class=4)
    with pytest.raises(FileError, match="is not a whole set of this builder"):
        tiny_imagenet.build(raw, raw / "val", per_class=4)
    with pytest.raises(ValueError, match=r"size must be a whole number of 1 or more. Received: size=0"):
        tiny_imagenet.build(raw, tmp_path / "other", size=0, per_class=4)


def test_a_broken_image_is_an_error_and_leaves_nothing(raw, tmp_path):
    path = raw / "train" / WNIDS[0] / "images" / "n02124075_7.JPEG"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileError, match=r"images/n02124075_7.JPEG breaks off"):
        tiny_imagenet.build(raw, tmp_path / "out", per_class=1)
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.part").exists()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty cache and a registry of our own that lists the archive of `members()`."""
    content = zip_with(*((f"tiny-imagenet-200/{name}", content) for name, content in members().items()))
    row = dict(file="tiny-imagenet-200.zip", url="http://127.0.0.1:9/", bytes=len(content))
    row["sha256"] = downloads.hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(downloads, "registry", lambda name: {row["file"]: [row]} if name == "tiny_imagenet" else {})
    monkeypatch.setattr(downloads, "_verified", set())
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(source, "DRAWN", {"classes": 4, "train": 3, "val": 2})
    monkeypatch.setattr(source, "DRAWN_SIZE", 32)
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    return SimpleNamespace(cache=tmp_path / "cache", pack=tmp_path / "pack", content=content)


def test_from_course_data_unpacked_once(place, monkeypatch, capsys):
    place.pack.mkdir()
    archive = place.pack / "tiny-imagenet-200.zip"
    archive.write_bytes(place.content)
    monkeypatch.setenv("COURSE_DATA", str(place.pack))
    found = load()
    assert capsys.readouterr().out == f"tiny_imagenet: 36 + 6 images from COURSE_DATA ({archive})\n"
    assert found.source == "local" and found.class_names[0] == "Egyptian cat"
    assert found.folder == place.cache / "tiny_imagenet" / "tiny-imagenet-200" / "tiny-imagenet-200"
    assert [path.name for path in (place.cache / "tiny_imagenet").iterdir()] == ["tiny-imagenet-200"]
    monkeypatch.setattr(downloads, "unpack", lambda *args: pytest.fail("unpacked again"))
    assert load().train_files == found.train_files
    monkeypatch.delenv("COURSE_DATA")
    assert load().source == "cache"


def test_from_the_cache_or_wrong(place):
    place.cache.mkdir()
    archive = place.cache / "tiny-imagenet-200.zip"
    archive.write_bytes(place.content[:-1])
    with pytest.raises(downloads.DataError, match="is not the file it should be"):
        load()
    assert not (place.cache / "tiny_imagenet").exists() or not list((place.cache / "tiny_imagenet").iterdir())
    archive.write_bytes(place.content)
    assert load().source == "cache"


@pytest.mark.parametrize("profile", ["laptop", "ci"])
def test_stand_in(place, monkeypatch, capsys, profile):
    monkeypatch.setenv("COURSE_PROFILE", profile)
    found = load()
    reason = {"laptop": "offline", "ci": "profile ci"}[profile]
    folder = place.cache / "tiny_imagenet" / f"drawn_v{objects.VERSION}"
    line = f"tiny_imagenet: {reason}, so 20 drawn images of 4 classes stand in ({folder})\n"
    assert capsys.readouterr().out == line and found.is_stand_in and found.folder == folder
    assert found.class_names == ("plain airplane", "striped airplane", "plain automobile", "striped automobile")
    assert found.train_labels.tolist() == np.repeat(range(4), 3).tolist()
    assert np.bincount(found.val_labels).tolist() == [2] * 4
    image = cv2.imread(str(found.train_files[7]))[..., ::-1]  # the second of the third class
    drawn = objects.draw_one(10 * 2 + 1, size=32, pattern="plain")[0]
    assert np.abs(image.astype(int) - drawn).mean() < 12  # JPEG
    before = {path: path.stat().st_mtime_ns for path in found.train_files}
    assert {path: path.stat().st_mtime_ns for path in load().train_files} == before
    assert (
        tiny_imagenet.build(found.folder, place.cache / "built", size=32, per_class=1).counts["test"]["plain airplane"]
        == 1
    )


def test_all_stand_in_drawings_differ(place, monkeypatch):
    monkeypatch.setattr(source, "DRAWN", {"classes": 20, "train": 3, "val": 1})
    asked = []
    monkeypatch.setattr(
        source.objects, "draw_one", lambda index, **_: asked.append(index) or (np.zeros((8, 8, 3), "uint8"), {})
    )
    monkeypatch.setenv("COURSE_PROFILE", "ci")
    assert len(load().class_names) == 20
    assert len(asked) == len(set(asked)) == 80
    assert {index % 10 for index in asked[:8]} == {0} and {index % 10 for index in asked[-8:]} == {9}
