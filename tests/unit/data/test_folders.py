import errno
import functools
import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

# pytest puts the folder of each test module on the path
from test_downloads import BYTES, EVIL, tar_with, zip_with

from helpers import profiles
from helpers.data import datasets, downloads, folders
from helpers.data.drawn import animals
from helpers.files import FileError

PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"


def members(cats=7, dogs=5, top="PetImages/", names=("Cat", "Dog")):
    """The members of an archive: files of different lengths, and what must be left out."""
    files = [
        (f"{top}{name}/{i}.jpg", BYTES + bytes(i))
        for name, n in zip(names, (cats, dogs), strict=True)
        for i in range(n)
    ]
    return [*files, (f"{top}{names[0]}/Thumbs.db", b"icons"), (f"{top}readme.txt", b"terms")]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty cache, a registry and a server of our own; `put(name, file, content)` lists and serves an archive."""
    cache, listed, served = tmp_path / "cache", tmp_path / "registry.tsv", tmp_path / "served"
    served.mkdir()
    listed.write_text("dataset\tfile\turl\tbytes\tsha256\tlicence\tcitation\n")
    monkeypatch.setattr(profiles, "cache", lambda: cache)
    monkeypatch.setattr(downloads, "registry_path", lambda: listed)
    monkeypatch.setattr(downloads, "_verified", set())
    monkeypatch.setattr(folders, "DRAWN", {"ci": 6, "laptop": 8, "full": 8})
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

    def put(name, file, content, url=None):
        (served / file).write_bytes(content)
        row = [name, file, url or running.url + file, str(len(content)), hashlib.sha256(content).hexdigest(), "-", "-"]
        with listed.open("a") as lines:
            lines.write("\t".join(row) + "\n")

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=served)) as running:
        running.url = f"http://127.0.0.1:{running.server_address[1]}/"
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield SimpleNamespace(cache=cache, put=put, asked=asked, served=served, listed=listed)
        running.shutdown()


@pytest.fixture
def pack(place, tmp_path, monkeypatch):
    """The same, with a zip archive of cats and dogs in `COURSE_DATA`."""
    place.folder = tmp_path / "pack"
    place.folder.mkdir()
    place.archive = place.folder / "pets.zip"
    place.archive.write_bytes(zip_with(*members()))
    place.put("cats_vs_dogs", "pets.zip", place.archive.read_bytes())
    place.unpacked = place.cache / "cats_vs_dogs" / "pets"
    monkeypatch.setenv("COURSE_DATA", str(place.folder))
    return place


def names(found):
    return [f"{file.parent.name}/{file.name}" for file in found.files]


def left_in(folder):
    return list(folder.rglob("*")) if folder.exists() else []


def test_from_course_data(pack, capsys):
    found = folders.load("cats_vs_dogs")
    assert (
        capsys.readouterr().out
        == f"cats_vs_dogs: 12 images (other files left out: 1) from COURSE_DATA ({pack.archive})\n"
    )
    assert found.name == "cats_vs_dogs" and found.class_names == ("cat", "dog")
    assert found.source == "local" and not found.is_stand_in and found.left_out == 1
    assert found.labels.dtype == "int32" and found.labels.tolist() == [0] * 7 + [1] * 5
    assert names(found) == [f"Cat/{i}.jpg" for i in range(7)] + [f"Dog/{i}.jpg" for i in range(5)]
    assert [file.read_bytes() for file in found.files] == [BYTES + bytes(i) for i in [*range(7), *range(5)]]
    assert found.files[0] == pack.unpacked / "PetImages" / "Cat" / "0.jpg"
    assert (pack.unpacked / "PetImages" / "readme.txt").exists() and pack.asked == []
    assert pack.unpacked.stat().st_mode & 0o777 == 0o755


def test_unpacked_once(pack, monkeypatch):
    first = folders.load("cats_vs_dogs")
    monkeypatch.setattr(downloads, "unpack", lambda *args: pytest.fail("unpacked again"))
    second = folders.load("cats_vs_dogs")
    assert first.files == second.files and [path.name for path in pack.unpacked.parent.iterdir()] == ["pets"]


def test_download_then_cache(place, capsys):
    place.put(
        "flowers", "photos.tgz", tar_with(*((f"top/{kind}/a.jpg", BYTES) for kind in folders.CLASS_NAMES["flowers"]))
    )
    found = folders.load("flowers")
    assert found.source == "download" and len(found.files) == 5 and len(place.asked) == 1
    assert found.class_names == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert f"5 images downloaded ({place.cache / 'photos.tgz'})" in capsys.readouterr().out
    assert folders.load("flowers").source == "cache" and len(place.asked) == 1
    (place.cache / "photos.tgz").unlink()  # what was unpacked from it is enough
    assert folders.load("flowers").source == "cache"
    assert capsys.readouterr().out.count(f"5 images from the cache ({place.cache / 'photos.tgz'})\n") == 2


def test_archive_in_the_cache(place):
    content = zip_with(*members(top="", names=("cat", "dog")))
    place.put("cats_vs_dogs", "pets.zip", content, url="-")
    place.cache.mkdir()
    (place.cache / "pets.zip").write_bytes(content)
    found = folders.load("cats_vs_dogs")
    assert found.source == "cache" and found.files[0] == place.cache / "cats_vs_dogs" / "pets" / "cat" / "0.jpg"


def test_course_data_comes_before_the_cache_and_the_first_row_first(pack):
    assert folders.load("cats_vs_dogs").source == "local"
    for file, dogs in (("other.zip", 2), ("third.zip", 3)):
        content = zip_with(*members(dogs=dogs))
        pack.put("cats_vs_dogs", file, content)
        (pack.cache / file).write_bytes(content)
    assert len(folders.load("cats_vs_dogs").files) == 12
    pack.archive.unlink()
    (pack.folder / "third.zip").write_bytes((pack.cache / "third.zip").read_bytes())
    found = folders.load("cats_vs_dogs")
    assert len(found.files) == 10 and found.source == "local"
    (pack.folder / "third.zip").unlink()
    found = folders.load("cats_vs_dogs")  # unpacked before, from what is no longer there
    assert len(found.files) == 12 and found.source == "cache"


@pytest.mark.parametrize("kind", ["empty", "truncated", "flipped", "web page"])
@pytest.mark.parametrize(("where", "before"), [("pack", False), ("pack", True), ("cache", False)])
def test_a_wrong_archive_is_never_used(pack, kind, where, before, monkeypatch):
    if before:
        folders.load("cats_vs_dogs")
    whole = pack.archive.read_bytes()
    wrong = {"empty": b"", "truncated": whole[:-1], "flipped": whole[:-1] + b"!", "web page": PAGE}[kind]
    if where == "cache":
        monkeypatch.delenv("COURSE_DATA")
        pack.cache.mkdir()
    path = (pack.folder if where == "pack" else pack.cache) / "pets.zip"
    path.write_bytes(wrong)
    with pytest.raises(datasets.DataError) as error:
        folders.load("cats_vs_dogs")
    for part in (str(path), f"{len(whole):,} bytes", hashlib.sha256(wrong).hexdigest()):
        assert part in str(error.value)
    assert isinstance(error.value, FileError) and ("web page" in str(error.value)) == (kind == "web page")
    assert path.read_bytes() == wrong and pack.asked == [] and pack.unpacked.exists() == before


def test_a_folder_with_the_name_of_an_archive(pack):
    pack.archive.unlink()
    pack.archive.mkdir()
    with pytest.raises(FileError, match=f"{pack.archive} must be a file that can be read. Is a directory"):
        folders.load("cats_vs_dogs")


def test_a_wrong_download_leaves_nothing(place):
    place.put("cats_vs_dogs", "pets.zip", zip_with(*members()))
    (place.served / "pets.zip").write_bytes(PAGE)
    with pytest.raises(datasets.DataError, match=r"pets.zip is not the file .*\n.*web page"):
        folders.load("cats_vs_dogs")
    assert left_in(place.cache) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/pets.zip", "-"])
def test_no_network_gives_drawings(place, capsys, url):
    place.put("cats_vs_dogs", "pets.zip", b"never seen", url=url)
    found = folders.load("cats_vs_dogs")
    assert found.is_stand_in and found.source == "stand-in" and found.labels.tolist() == [0] * 4 + [1] * 4
    reason = "no address to download from" if url == "-" else "offline"
    folder = place.cache / "cats_vs_dogs" / f"drawn_8_v{animals.VERSION}"
    assert capsys.readouterr().out == f"cats_vs_dogs: {reason}, so 8 drawn cats and dogs stand in ({folder})\n"


def test_ci_uses_neither_network_nor_course_data(pack, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROFILE", "ci")
    monkeypatch.setenv("COURSE_DATA", "/there/is/no/such/folder")
    for name, what in (("cats_vs_dogs", "cats and dogs"), ("flowers", "flowers")):
        found = folders.load(name)
        assert found.is_stand_in and found.class_names == folders.CLASS_NAMES[name] and len(found.files) == 6
        assert capsys.readouterr().out.startswith(f"{name}: profile ci, so 6 drawn {what} stand in (")
    assert pack.asked == []


def test_drawings_are_jpegs_of_what_is_drawn(place, monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "ci")
    found = folders.load("cats_vs_dogs")
    assert names(found) == [f"{name}/{name}.{i}.jpg" for name in ("cat", "dog") for i in range(3)]
    for label in (0, 1):
        image, factors = animals.draw_one(2 + label)
        file = found.files[3 * label + 1]
        assert factors["species"] == file.parent.name == found.class_names[label]
        decoded = cv2.imread(str(file))[..., ::-1]
        assert decoded.shape == image.shape and np.abs(decoded.astype(int) - image).mean() < 8
        assert np.abs(decoded.mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 1.5  # RGB, not BGR
        assert file.read_bytes()[:3] == b"\xff\xd8\xff"


def test_drawings_are_made_once_for_each_count(place, monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "ci")
    drawn = []
    draw = animals.draw_one
    monkeypatch.setattr(animals, "draw_one", lambda index: drawn.append(index) or draw(index))
    assert len(folders.load("cats_vs_dogs").files) == 6 and drawn == list(range(6))
    few = folders.load("cats_vs_dogs", count=4)
    assert few.labels.tolist() == [0, 0, 1, 1] and len(drawn) == 6
    more = folders.load("cats_vs_dogs", count=9)
    assert more.labels.tolist() == [0] * 5 + [1] * 4 and len(drawn) == 15
    assert {path.name for path in (place.cache / "cats_vs_dogs").iterdir()} == {
        f"drawn_{number}_v{animals.VERSION}" for number in (6, 9)
    }
    monkeypatch.setattr(animals, "VERSION", animals.VERSION + 1)
    assert folders.load("cats_vs_dogs").files[0].parts[-3] == f"drawn_6_v{animals.VERSION}" and len(drawn) == 21


@pytest.mark.parametrize("kind", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space left on device")])
def test_drawing_that_stops_leaves_nothing(place, monkeypatch, kind):
    def stop(index):
        raise kind

    monkeypatch.setenv("COURSE_PROFILE", "ci")
    with monkeypatch.context() as patch:
        patch.setattr(animals, "draw_one", stop)
        with pytest.raises(KeyboardInterrupt if kind is KeyboardInterrupt else datasets.DataError) as error:
            folders.load("cats_vs_dogs")
    if kind is not KeyboardInterrupt:
        assert "drawn_6" in str(error.value) and "No space left on device" in str(error.value)
    assert left_in(place.cache / "cats_vs_dogs") == []
    assert len(folders.load("cats_vs_dogs").files) == 6


def test_count_takes_evenly_and_the_same_each_time(pack, capsys):
    every = names(folders.load("cats_vs_dogs"))
    taken = [names(folders.load("cats_vs_dogs", count=count)) for count in range(2, 13)]
    assert [len(some) for some in taken] == list(range(2, 13))
    for few, more in zip(taken, taken[1:], strict=False):
        assert set(few) < set(more)  # a part of more
    for some in taken:
        assert some == [name for name in every if name in some]  # in order
        cats = sum(name.startswith("Cat") for name in some)
        assert cats == max((len(some) + 1) // 2, len(some) - 5)  # there are 5 dogs
    assert taken[-1] == names(folders.load("cats_vs_dogs", count=99)) == every
    assert taken[2] != every[:2] + every[7:9]  # not simply the first
    found = folders.load("cats_vs_dogs", count=4)
    assert found.labels.tolist() == [0, 0, 1, 1] and found.labels.dtype == "int32"
    assert "cats_vs_dogs: 4 of 12 images" in capsys.readouterr().out


@pytest.mark.parametrize("count", [1, 0, -3])
def test_count_too_small(pack, count):
    with pytest.raises(ValueError, match=f"count must be None, or 2 or more.* Received: count={count}"):
        folders.load("cats_vs_dogs", count=count)
    with pytest.raises(TypeError):
        folders.load("cats_vs_dogs", count=2.5)


def test_unknown_name():
    with pytest.raises(ValueError, match=r"cats_vs_dogs, flowers\. Received: name='mnist'"):
        folders.load("mnist")


CHANGES = {
    "cut": (lambda file: file.write_bytes(file.read_bytes()[:-5]), "Received: {less:,} bytes"),
    "emptied": (lambda file: file.write_bytes(b""), "Received: 0 bytes"),
    "removed": (lambda file: file.unlink(), "Received: no such file"),
    "a folder": (lambda file: (file.unlink(), file.mkdir()), "Received: no such file"),
    "a link": (lambda file: (file.unlink(), file.symlink_to("/etc/hosts")), "Received: a link to /etc/hosts"),
    "a pipe": (lambda file: (file.unlink(), os.mkfifo(file)), "Received: no such file"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_changed_after_unpacking_is_named(pack, kind):
    file = folders.load("cats_vs_dogs").files[3]
    change, message = CHANGES[kind]
    change(file)
    with pytest.raises(FileError) as error:
        folders.load("cats_vs_dogs")
    for part in (str(file), f"Delete {pack.unpacked} and load again", message.format(less=len(BYTES) + 3 - 5)):
        assert part in str(error.value)


def test_an_added_image_is_named_and_other_files_are_left_out(pack, capsys):
    folder = folders.load("cats_vs_dogs").files[0].parent
    for other in ("desktop.ini", ".DS_Store", "._0.jpg"):  # what systems put there
        (folder / other).write_bytes(b"")
    assert folders.load("cats_vs_dogs").left_out == 4
    assert "12 images (other files left out: 4)" in capsys.readouterr().out
    (folder / "mine.jpg").write_bytes(BYTES)
    with pytest.raises(FileError, match=r"mine.jpg has changed. Expected: no such file"):
        folders.load("cats_vs_dogs")


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"images": {}}', "\0"])
def test_a_folder_that_does_not_say_what_it_holds(pack, content):
    folders.load("cats_vs_dogs")
    (pack.unpacked / "contents.json").unlink()
    if content is not None:
        (pack.unpacked / "contents.json").write_text(content)
    with pytest.raises(FileError, match=f"{pack.unpacked / 'contents.json'} must say"):
        folders.load("cats_vs_dogs")
    assert pack.unpacked.exists()


def test_a_folder_from_another_archive(pack):
    folders.load("cats_vs_dogs")
    path = pack.unpacked / "contents.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"made_from": "another"}))
    with pytest.raises(FileError, match=f"{pack.unpacked} must be unpacked from pets.zip .* Received: SHA-256 another"):
        folders.load("cats_vs_dogs")


@pytest.mark.parametrize("kind", EVIL)
def test_evil_archives_leave_nothing(pack, kind, tmp_path):
    file, content, member = EVIL[kind]
    pack.archive.unlink()
    pack.put("cats_vs_dogs", file, content)
    (pack.folder / file).write_bytes(content)
    with pytest.raises(FileError) as error:
        folders.load("cats_vs_dogs")
    assert str(pack.folder / file) in str(error.value) and member in str(error.value).replace("\\\\", "\\")
    assert left_in(pack.cache / "cats_vs_dogs") == [] and not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK but no archive", "pets.zip cannot be unpacked"),
        (zip_with(("PetImages/Cat/1.jpg", BYTES)), "pets.zip must hold the folders cat, dog"),
        (zip_with(("a/b/Cat/1.jpg", BYTES), ("a/b/Dog/1.jpg", BYTES)), "pets.zip must hold the folders cat, dog"),
        (zip_with(("Cat/1.jpg", BYTES), ("Dog/readme.txt", BYTES)), r"Dog must hold images \(.jpg"),
        (zip_with(("Cat", b""), ("Cat/1.jpg", BYTES)), r"cats_vs_dogs/pets cannot be written"),
    ],
    ids=["no archive", "one class", "too deep", "no images", "a file for a folder"],
)
def test_archives_that_hold_something_else(pack, content, message):
    pack.listed.write_text(pack.listed.read_text().splitlines()[0] + "\n")
    pack.put("cats_vs_dogs", "pets.zip", content)
    pack.archive.write_bytes(content)
    with pytest.raises(FileError, match=message):
        folders.load("cats_vs_dogs")
    assert left_in(pack.cache / "cats_vs_dogs") == []


def test_disk_full_while_unpacking(pack, monkeypatch):
    def fill(archive, folder):
        (folder / "some").write_bytes(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloads, "unpack", fill)
    with pytest.raises(FileError, match=f"{pack.unpacked} cannot be written: No space left on device"):
        folders.load("cats_vs_dogs")
    assert left_in(pack.cache / "cats_vs_dogs") == []


def test_cache_that_cannot_be_made(pack, monkeypatch, tmp_path):
    (tmp_path / "a_file").write_text("in the way")
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path / "a_file" / "cache")
    with pytest.raises(FileError, match=r"a_file/cache/cats_vs_dogs/pets cannot be written"):
        folders.load("cats_vs_dogs")


PROGRAM = """
    import sys, time, types
    from pathlib import Path
    sys.modules["keras"] = types.ModuleType("keras")  # slow to import, and not needed here
    from helpers import profiles
    from helpers.data import downloads, folders
    profiles.cache = lambda: Path({cache!r})
    downloads.registry_path = lambda: Path({listed!r})
    folders.DRAWN = dict.fromkeys(folders.DRAWN, 6)
    check = downloads._check_member
    downloads._check_member = lambda *args: (check(*args), time.sleep({pause}))  # long enough to be there together
    print("ready", flush=True)
    sys.stdin.readline()
    print(len(folders.load("cats_vs_dogs").files), folders.load("flowers").source, flush=True)
"""


def start(place, pause):
    """Start a process that unpacks; it begins when told."""
    program = textwrap.dedent(PROGRAM).format(cache=str(place.cache), listed=str(place.listed), pause=pause)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", program], **pipes)


def go(child):
    assert child.stdout.readline() == "ready\n"
    child.stdin.write("go\n")
    child.stdin.flush()


def test_two_processes_at_once(pack):
    pack.put("flowers", "none.zip", b"", url="-")
    running = [start(pack, pause=0.02) for _ in range(2)]
    for child in running:
        go(child)
    for child in running:
        out, err = child.communicate(timeout=100)
        assert child.returncode == 0, err
        assert out.splitlines()[-1] == "12 stand-in"
    assert [path.name for path in (pack.cache / "cats_vs_dogs").iterdir()] == ["pets"]
    assert len(list((pack.cache / "flowers").iterdir())) == 1
    assert len(folders.load("cats_vs_dogs").files) == 12


def test_killed_half_way(pack):
    child = start(pack, pause=0.3)
    go(child)
    while not list(pack.cache.rglob("2.jpg")) and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    (part,) = (pack.cache / "cats_vs_dogs").iterdir()
    assert part.name.startswith(".part-") and 2 < len(list(part.rglob("*.jpg"))) < 12
    assert len(folders.load("cats_vs_dogs").files) == 12
    assert part.exists()  # perhaps another process is at work
    os.utime(part, (time.time() - 90_000,) * 2)  # a day ago: it was killed
    pack.archive.rename(pack.folder / "again.zip")
    pack.put("cats_vs_dogs", "again.zip", (pack.folder / "again.zip").read_bytes())
    assert len(folders.load("cats_vs_dogs").files) == 12
    assert sorted(path.name for path in part.parent.iterdir()) == ["again", "pets"]


def test_the_slower_of_two_takes_what_is_there(pack, monkeypatch):
    unpack = downloads.unpack

    def late(archive, folder):
        monkeypatch.setattr(downloads, "unpack", unpack)
        folders.load("cats_vs_dogs")  # the other process
        unpack(archive, folder)

    monkeypatch.setattr(downloads, "unpack", late)
    assert len(folders.load("cats_vs_dogs").files) == 12
    assert [path.name for path in (pack.cache / "cats_vs_dogs").iterdir()] == ["pets"]


@pytest.fixture
def own(tmp_path):
    """A folder as one makes it by hand."""
    folder = tmp_path / "birds"
    for file in (
        "owl/2.JPG",
        "owl/10.jpeg",
        "owl/notes.txt",
        "owl/.hidden.jpg",
        "Finch/a.png",
        ".git/x.jpg",
        "list.csv",
    ):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(BYTES)
    (folder / "owl" / "folder.jpg").mkdir()
    return folder


def test_a_folder_of_your_own(own):
    found = folders.from_folder(own)
    assert found.name == "birds" and found.source == "local" and found.class_names == ("Finch", "owl")
    assert names(found) == ["Finch/a.png", "owl/10.jpeg", "owl/2.JPG"] and found.labels.tolist() == [0, 1, 1]
    assert found.left_out == 2
    chosen = folders.from_folder(str(own), class_names=["OWL", "finch"], count=2)
    assert chosen.class_names == ("OWL", "finch") and chosen.labels.tolist() == [0, 1]


def test_folders_of_your_own_that_are_wrong(own, tmp_path):
    (tmp_path / "empty").mkdir()
    (own / "gull").mkdir()
    for folder, keywords, message in (
        (tmp_path / "nowhere", {}, "nowhere must be a folder .* No such file"),
        (own / "list.csv", {}, "list.csv must be a folder .* Not a directory"),
        (tmp_path / "empty", {}, "empty must hold one sub-folder a class. Received: no sub-folders"),
        (own, {}, r"gull must hold images \(.jpg, .jpeg, .png\). Received: 0 other files"),
        (
            own,
            {"class_names": ["owl", "crow"]},
            "birds must hold the sub-folders crow. Received: .git, Finch, gull, owl",
        ),
        (own, {"class_names": []}, "birds must hold one sub-folder a class"),
    ):
        with pytest.raises(FileError, match=message):
            folders.from_folder(folder, **keywords)
    with pytest.raises(ValueError, match=r"one image a class.* Received: count=1"):
        folders.from_folder(own, class_names=["owl", "finch"], count=1)


def test_images_in_folders_inside_a_class_are_counted(own):
    (own / "owl" / "2019" / "may").mkdir(parents=True)
    for file in ("owl/2019/a.jpg", "owl/2019/may/b.jpg", "owl/2019/may/notes.txt"):
        (own / file).write_bytes(BYTES)
    assert folders.from_folder(own).left_out == 5
    for file in ("owl/2.JPG", "owl/10.jpeg"):
        (own / file).unlink()
    with pytest.raises(FileError, match=r"owl must hold images .*: 5 other files, 2 of them images in folders"):
        folders.from_folder(own)


@pytest.mark.parametrize("twin", ["OWL", "Owl"])
def test_folders_that_differ_in_letters_only_are_refused(own, twin):
    (own / twin).mkdir()
    (own / twin / "b.png").write_bytes(BYTES)
    for class_names in (None, ["owl", "Finch"]):
        with pytest.raises(FileError, match=f"birds must hold each class once. .*: '{twin}', 'owl'"):
            folders.from_folder(own, class_names=class_names)
    assert folders.from_folder(own, class_names=["finch"]).class_names == ("finch",)
    with pytest.raises(FileError, match=r"each class once. .*: 'finch', 'Finch'"):
        folders.from_folder(own, class_names=["finch", "Finch"])


def test_accents_are_one_sign_or_two(own):
    (own / "cafe\u0301").mkdir()
    (own / "cafe\u0301" / "b.png").write_bytes(BYTES)
    found = folders.from_folder(own, class_names=["caf\u00e9", "owl"])
    assert found.class_names == ("caf\u00e9", "owl") and names(found)[0] == "cafe\u0301/b.png"
    (own / "caf\u00e9").mkdir()
    with pytest.raises(FileError, match=r"each class once. .*: 'cafe\\u0301', 'caf\\xe9'"):
        folders.from_folder(own)


def test_links_inside_the_folder_are_followed(own):
    (own / "all").mkdir()
    (own / "all" / "1.jpg").symlink_to(own / "owl" / "2.JPG")
    (own / "all" / "2.png").symlink_to("../Finch/a.png")
    (own / "alias").symlink_to("owl")
    found = folders.from_folder(own)
    assert names(found) == [
        "Finch/a.png", "alias/10.jpeg", "alias/2.JPG", "all/1.jpg", "all/2.png", "owl/10.jpeg", "owl/2.JPG",
    ]  # fmt: skip


@pytest.mark.parametrize("link", ["owl/3.jpg", "gull"])
@pytest.mark.parametrize("to", ["elsewhere", "nowhere", "itself"])
def test_a_link_that_leads_elsewhere_is_named(own, tmp_path, link, to):
    (tmp_path / "elsewhere").mkdir()
    (own / link).symlink_to(own / link if to == "itself" else tmp_path / to)
    with pytest.raises(
        FileError, match=f"{own / link} must lead to .* in {own}. Received: a link to .*{to[-4:]}|{link}"
    ):
        folders.from_folder(own)


def test_a_class_folder_that_cannot_be_read(own, monkeypatch):
    def refuse(folder):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FileError, match=r"Finch must be a folder that can be read. Permission denied"):
        folders.from_folder(own)


def test_the_registry_is_in_order():
    for name in folders.CLASS_NAMES:
        files = downloads.registry(name)
        assert len(files) == 2
        rows = [rows[0] for rows in files.values()]
        assert rows[0]["url"].startswith("http") and rows[1]["url"] == "-"  # the first is the one to download
        for row in rows:
            assert row["bytes"] > 10**7 and len(row["sha256"]) == 64 and set(row["sha256"]) <= set("0123456789abcdef")
            assert row["licence"] and row["citation"] and row["file"].endswith((".zip", ".tgz"))
