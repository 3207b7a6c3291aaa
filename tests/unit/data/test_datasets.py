import errno
import gzip
import hashlib
import http.server
import io
import pickle
import socket
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pooch.core
import pytest

from helpers import profiles
from helpers.data import cifar10, datasets, downloads
from helpers.data.drawn import objects

PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
FASHION = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]


def images_and_labels(count):
    rng = np.random.default_rng(count)
    return rng.integers(0, 256, (count, 28, 28), "uint8"), rng.integers(0, 10, count, "uint8")


def npz(**changes):
    (x_train, y_train), (x_test, y_test) = images_and_labels(90), images_and_labels(30)
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test} | changes
    content = io.BytesIO()
    np.savez(content, **{key: value for key, value in arrays.items() if value is not None})
    return content.getvalue()


def idx(values, magic=b"\0\0\x08"):
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return gzip.compress(magic + bytes([values.ndim]) + sizes + values.tobytes(), mtime=0)


def fashion():
    arrays = [*images_and_labels(60), *images_and_labels(20)]
    return {f"fashion_mnist/{name}-ubyte.gz": idx(values) for name, values in zip(FASHION, arrays, strict=True)}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the scripted replies of its server, the last one again and again."""

    def do_GET(self):
        self.server.asked.append(self.path)
        time.sleep(self.server.pause)
        replies = self.server.replies[self.path]
        status, body, cut = replies.pop(0) if len(replies) > 1 else replies[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.replies, running.asked, running.pause = {}, [], 0
        running.url = f"http://127.0.0.1:{running.server_address[1]}/"
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def place(tmp_path, monkeypatch, server):
    """An empty cache, a registry and a server of our own; `put(name, files)` lists and serves files."""
    cache, listed = tmp_path / "cache", tmp_path / "registry.tsv"
    listed.write_text("dataset\tfile\turl\tbytes\tsha256\tlicence\tcitation\n")
    monkeypatch.setattr(profiles, "cache", lambda: cache)
    monkeypatch.setattr(downloads, "registry_path", lambda: listed)
    monkeypatch.setattr(downloads, "_verified", set())
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    monkeypatch.delenv("COURSE_DATA", raising=False)

    def put(name, files, url=None):
        for file, content in files.items():
            address = url or server.url + file
            digest = hashlib.sha256(content).hexdigest()
            with listed.open("a") as lines:
                lines.write("\t".join([name, file, address, str(len(content)), digest, "none", "none"]) + "\n")
            server.replies["/" + file] = [(200, content, None)]

    return SimpleNamespace(cache=cache, listed=listed, put=put, server=server)


@pytest.fixture
def mnist(place):
    """The same, with a small `mnist.npz` listed and served."""
    place.content = npz()
    place.put("mnist", {"mnist.npz": place.content})
    return place


def answer(place, *replies):
    place.server.replies["/mnist.npz"] = [(status, body, cut) for status, body, cut in replies]


def left_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_good_download_then_cache(mnist, capsys):
    first = datasets.load("mnist")
    line = capsys.readouterr().out
    assert line == f"mnist: 90 + 30 images downloaded ({mnist.cache / 'mnist.npz'})\n"
    assert first.source == "download" and not first.is_stand_in
    assert (mnist.cache / "mnist.npz").read_bytes() == mnist.content
    second = datasets.load("mnist")
    assert second.source == "cache" and len(mnist.server.asked) == 1
    assert "from the cache" in capsys.readouterr().out
    assert np.array_equal(first.train_images, second.train_images)


def test_contents(mnist):
    data = datasets.load("mnist")
    images, labels = images_and_labels(90)
    assert np.array_equal(data.train_images, images) and np.array_equal(data.train_labels, labels)
    assert data.test_images.shape == (30, 28, 28) and data.test_images.dtype == "uint8"
    assert data.train_labels.dtype == data.test_labels.dtype == "int32"
    assert data.class_names == tuple("0123456789")


def test_broken_half_way_is_started_again(mnist):
    half = len(mnist.content) // 2
    answer(mnist, (200, mnist.content, half), (200, mnist.content, None))
    assert datasets.load("mnist").source == "download"
    assert len(mnist.server.asked) == 2 and left_in(mnist.cache) == ["mnist.npz"]


def test_broken_every_time(mnist):
    answer(mnist, (200, mnist.content, len(mnist.content) // 2))
    with pytest.raises(datasets.DataError, match=r"mnist.npz is not whole: .* broke off 3 times"):
        datasets.load("mnist")
    assert len(mnist.server.asked) == 3 and left_in(mnist.cache) == []


@pytest.mark.parametrize("kind", ["truncated", "wrong hash", "web page"])
def test_wrong_download_is_an_error_and_leaves_nothing(mnist, kind):
    flipped = mnist.content[:-1] + bytes([mnist.content[-1] ^ 1])
    body = {"truncated": mnist.content[:-7], "wrong hash": flipped, "web page": PAGE}[kind]
    answer(mnist, (200, body, None))
    with pytest.raises(datasets.DataError) as error:
        datasets.load("mnist")
    message = str(error.value)
    for part in ("mnist.npz", f"{len(mnist.content):,} bytes", hashlib.sha256(mnist.content).hexdigest()):
        assert part in message
    assert f"Received: {len(body):,} bytes with SHA-256 {hashlib.sha256(body).hexdigest()}" in message
    assert ("web page" in message) == (kind == "web page")
    assert left_in(mnist.cache) == [] and len(mnist.server.asked) == 1


@pytest.mark.parametrize("status", [403, 404, 500])
def test_server_error_gives_the_stand_in(mnist, capsys, status):
    answer(mnist, (status, b"sorry", None))
    data = datasets.load("mnist")
    assert data.is_stand_in and data.name == "mnist" and data.train_images.shape == (1437, 28, 28)
    line = capsys.readouterr().out
    assert line == (
        f"mnist: the server answers {status}, so scikit-learn's 1,797 handwritten digits stand in "
        "(1,437 train + 360 test)\n"
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://data.example.invalid/"])
def test_no_network_gives_the_stand_in(place, capsys, url):
    place.put("mnist", {"mnist.npz": b"never seen"}, url + "mnist.npz")
    place.put("fashion_mnist", {"fashion_mnist/one.gz": b"never seen"}, url + "one.gz")
    assert datasets.load("mnist").is_stand_in
    assert datasets.load("fashion_mnist").is_stand_in
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("mnist: offline") and ", so scikit-learn's 1,797" in lines[0]
    assert lines[1].endswith(", so 2,000 drawn garments stand in (1,600 train + 400 test)")
    assert all(("offline, so" in line) == url.startswith("http:") for line in lines)  # else by a proxy
    assert left_in(place.cache) == []


def test_no_address_gives_the_stand_in(place, capsys):
    place.put("mnist", {"mnist.npz": b"packed by a teacher"}, "-")
    assert datasets.load("mnist").is_stand_in
    assert "no address" in capsys.readouterr().out


def test_disk_full(mnist, monkeypatch):
    def no_space(self, url, part, keeper):
        Path(part).write_bytes(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", no_space)
    with pytest.raises(datasets.DataError, match="No space left on device") as error:
        datasets.load("mnist")
    assert str(mnist.cache) in str(error.value) and "COURSE_DATA" in str(error.value)
    assert left_in(mnist.cache) == []


def test_cache_that_cannot_be_made(mnist, tmp_path, monkeypatch):
    (tmp_path / "a_file").write_text("in the way")
    monkeypatch.setattr(profiles, "cache", lambda: tmp_path / "a_file" / "cache")
    with pytest.raises(datasets.DataError, match=r"cannot be written to .*a_file/cache"):
        datasets.load("mnist")


def test_read_only_cache(mnist, monkeypatch):
    mnist.cache.mkdir()

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pooch.utils.tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(datasets.DataError, match="make the folder writable") as error:
        datasets.load("mnist")
    assert str(mnist.cache) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"not the data", PAGE])
def test_wrong_file_in_the_cache_stays(mnist, content):
    mnist.cache.mkdir()
    path = mnist.cache / "mnist.npz"
    path.write_bytes(content)
    with pytest.raises(datasets.DataError, match=f"Delete {path}") as error:
        datasets.load("mnist")
    assert f"Received: {len(content)} bytes" in str(error.value)
    assert ("web page" in str(error.value)) == (content == PAGE)
    assert path.read_bytes() == content and mnist.server.asked == []


def test_course_data_comes_first(mnist, tmp_path, monkeypatch, capsys):
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "mnist.npz").write_bytes(mnist.content)
    monkeypatch.chdir(tmp_path)
    for value in (str(pack), "pack"):
        monkeypatch.setenv("COURSE_DATA", value)
        assert datasets.load("mnist").source == "local"
        assert capsys.readouterr().out == f"mnist: 90 + 30 images from COURSE_DATA ({pack / 'mnist.npz'})\n"
    assert mnist.server.asked == [] and not mnist.cache.exists()


def test_wrong_file_in_course_data_is_not_used(mnist, tmp_path, monkeypatch):
    path = tmp_path / "mnist.npz"
    path.write_bytes(mnist.content[:-1])
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(datasets.DataError, match=str(path)):
        datasets.load("mnist")
    assert path.read_bytes() == mnist.content[:-1] and mnist.server.asked == []


def test_empty_course_data_goes_on(mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert datasets.load("mnist").source == "download"


def test_either_row_of_a_file_will_do(mnist):
    repacked = npz(x_test=images_and_labels(30)[0][::-1])
    mnist.put("mnist", {"mnist.npz": repacked}, "-")
    mnist.cache.mkdir()
    (mnist.cache / "mnist.npz").write_bytes(repacked)
    assert datasets.load("mnist").source == "cache"


def test_a_file_is_hashed_once(mnist, monkeypatch):
    datasets.load("mnist")
    hashed = []
    digest = SimpleNamespace(hexdigest=lambda: hashed.append(1) or "changed")
    monkeypatch.setattr(downloads, "hashlib", SimpleNamespace(file_digest=lambda file, name: digest))
    datasets.load("mnist")
    assert hashed == []
    (mnist.cache / "mnist.npz").write_bytes(mnist.content[:-1])
    with pytest.raises(datasets.DataError, match="SHA-256 changed"):
        datasets.load("mnist")


def test_pickles_are_refused(place):
    class Trap:
        def __reduce__(self):
            return (print, ("a pickle ran",))

    sprung = npz(y_train=np.array([Trap()] * 90, dtype=object))
    for content in (sprung, pickle.dumps({"x_train": [1]})):
        place.listed.write_text(place.listed.read_text().splitlines()[0] + "\n")
        place.put("mnist", {"mnist.npz": content})
        with pytest.raises(datasets.DataError, match=r"allow_pickle=|pickled \(object\) data"):
            datasets.load("mnist")
        (place.cache / "mnist.npz").unlink()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "y_test"),
        ({"x_train": images_and_labels(90)[0] / 255}, "float64"),
        ({"x_train": images_and_labels(89)[0]}, r"\(89, 28, 28\)"),
        ({"y_train": np.full(90, 10)}, "0 to 9"),
        ({"y_train": np.zeros(90)}, "whole labels"),
    ],
)
def test_wrong_arrays(place, changes, message):
    place.put("mnist", {"mnist.npz": npz(**changes)})
    with pytest.raises(datasets.DataError, match=message):
        datasets.load("mnist")


def test_fashion_mnist(place, capsys):
    place.put("fashion_mnist", fashion())
    data = datasets.load("fashion_mnist")
    images, labels = images_and_labels(60)
    assert np.array_equal(data.train_images, images) and np.array_equal(data.train_labels, labels)
    assert data.test_images.shape == (20, 28, 28) and data.class_names[9] == "Ankle boot"
    assert capsys.readouterr().out == f"fashion_mnist: 60 + 20 images downloaded ({place.cache / 'fashion_mnist'})\n"
    assert datasets.load("fashion_mnist").source == "cache" and len(place.server.asked) == 4
    next((place.cache / "fashion_mnist").iterdir()).unlink()
    assert datasets.load("fashion_mnist").source == "download" and len(place.server.asked) == 5


def test_part_of_fashion_mnist_in_course_data(place, tmp_path, monkeypatch):
    files = fashion()
    place.put("fashion_mnist", files)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    (tmp_path / "fashion_mnist").mkdir()
    for file in list(files)[1:]:
        (tmp_path / file).write_bytes(files[file])
    with pytest.raises(datasets.DataError, match=f"only a part of fashion_mnist. Missing: {next(iter(files))}"):
        datasets.load("fashion_mnist")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(np.zeros((2, 28, 28), "uint8"), magic=b"\0\0\x0d"), "magic number"),
        (gzip.compress(b""), "magic number"),
        (gzip.compress(b"\0\0\x08\1\0\0\0\5abc"), "5.* values. Received: 3"),
    ],
    ids=["floats", "empty", "short"],
)
def test_wrong_idx(place, content, message):
    place.put("fashion_mnist", fashion() | {"fashion_mnist/train-images-idx3-ubyte.gz": content})
    with pytest.raises(datasets.DataError, match=message):
        datasets.load("fashion_mnist")


def test_two_processes_at_once(place):
    place.put("fashion_mnist", fashion())
    place.server.pause = 1  # second: long enough, on a crowded machine too, for both to ask for the same file
    program = textwrap.dedent(f"""
        import sys, types
        from pathlib import Path
        sys.modules["keras"] = types.ModuleType("keras")  # slow to import, and not needed here
        sys.modules["helpers.data.drawn.synthetic"] = types.SimpleNamespace(CLOTHES=("a", "b"))  # so is scikit-learn
        from helpers import profiles
        from helpers.data import datasets, downloads
        profiles.cache = lambda: Path({str(place.cache)!r})
        downloads.registry_path = lambda: Path({str(place.listed)!r})
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(5):
            assert len(datasets.load("fashion_mnist").train_images) == 60
    """)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([sys.executable, "-c", program], **pipes) for _ in range(2)]
    assert [child.stdout.readline() for child in running] == ["ready\n"] * 2
    for child in running:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in running:
        out, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        assert len(out.splitlines()) == 5 and "stand in" not in out
    assert place.server.asked[0] == place.server.asked[1]
    assert sorted(left_in(place.cache)) == sorted(f"{name}-ubyte.gz" for name in FASHION)


def records(count, labels=None):
    """Images, labels, and both as records of the original archive: label, then red, green and blue."""
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, 32, 32, 3), "uint8")
    labels = np.arange(count, dtype="uint8") % 10 if labels is None else labels
    planes = images.transpose(0, 3, 1, 2).reshape(count, -1)
    return images, labels, np.concatenate([labels[:, None], planes], axis=1).tobytes()


def binary(**changes):
    """The original archive with 20 images a batch; `changes` replaces the content of a part, None leaves it out."""
    parts = {f"data_batch_{number}": records(20 + number)[2] for number in range(1, 6)} | {"test_batch": records(12)[2]}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in sorted((parts | changes).items(), reverse=True):  # not in order of their numbers
            if content is not None:
                member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def jpegs(size=32, classes=cifar10.CLASS_NAMES, changes=()):
    """An archive of two images a class; the red of an image is 20 times its label, the blue 200 in the second."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for split in ("train", "test"):
            for class_name in reversed(classes):
                for number in (1, 0):
                    image = np.full((size, size, 3), (20 * cifar10.CLASS_NAMES.index(class_name), 60, 200 * number))
                    encoded = cv2.imencode(".jpg", image[..., ::-1].astype("uint8"))[1].tobytes()
                    archive.writestr(f"{split}/{class_name}/{number:04}.jpg", encoded)
        for name, content in changes:
            archive.writestr(name, content)
    return packed.getvalue()


def test_cifar10_original(place, capsys):
    place.put("cifar10", {"cifar-10-binary.tar.gz": binary()})
    place.put("cifar10", {"cifar10_jpeg.zip": b"of no interest"}, "-")
    data = datasets.load("cifar10")
    archive = place.cache / "cifar-10-binary.tar.gz"
    assert capsys.readouterr().out == f"cifar10: 115 + 12 images downloaded ({archive})\n"
    assert left_in(place.cache) == [archive.name] and data.class_names[9] == "truck"
    first, second = records(21), records(22)
    assert np.array_equal(data.train_images[:21], first[0]) and np.array_equal(data.train_images[21:43], second[0])
    assert np.array_equal(data.train_labels[:43], np.concatenate([first[1], second[1]]))
    assert np.array_equal(data.test_images, records(12)[0]) and data.train_labels.dtype == "int32"
    assert data.train_images.flags.c_contiguous and datasets.load("cifar10").source == "cache"


def test_cifar10_as_jpegs(place, tmp_path, monkeypatch, capsys):
    pack = tmp_path / "pack"
    pack.mkdir()
    monkeypatch.setenv("COURSE_DATA", str(pack))
    place.put("cifar10", {"cifar-10-binary.tar.gz": binary()})
    place.put("cifar10", {"cifar10_jpeg.zip": jpegs(changes=[("readme.txt", b"terms")])}, "-")
    (pack / "cifar10_jpeg.zip").write_bytes(place.server.replies["/cifar10_jpeg.zip"][0][1])
    assert datasets.available()["cifar10"] == "COURSE_DATA"
    data = datasets.load("cifar10")
    assert capsys.readouterr().out == f"cifar10: 20 + 20 images from COURSE_DATA ({pack / 'cifar10_jpeg.zip'})\n"
    assert data.train_images.shape == data.test_images.shape == (20, 32, 32, 3) and data.train_images.dtype == "uint8"
    assert data.train_labels.tolist() == data.test_labels.tolist() == [*range(10), *range(10)]
    colours = data.train_images.mean(axis=(1, 2))  # red, green, blue
    expected = np.stack([20 * data.train_labels, np.full(20, 60), np.repeat([0, 200], 10)], axis=1)
    assert np.abs(colours - expected).max() < 4
    (pack / "cifar-10-binary.tar.gz").write_bytes(place.server.replies["/cifar-10-binary.tar.gz"][0][1])
    assert len(datasets.load("cifar10").train_images) == 115  # the original is better where there are both
    assert place.server.asked == []


def test_cifar10_in_the_cache_as_jpegs_needs_no_download(place):
    place.put("cifar10", {"cifar-10-binary.tar.gz": binary(), "cifar10_jpeg.zip": jpegs()})
    place.cache.mkdir()
    (place.cache / "cifar10_jpeg.zip").write_bytes(place.server.replies["/cifar10_jpeg.zip"][0][1])
    assert datasets.available()["cifar10"] == "cache"
    assert datasets.load("cifar10").source == "cache" and place.server.asked == []


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("cifar-10-binary.tar.gz", binary(test_batch=None), "must hold test_batch.bin.* Received: data_batch_5.bin"),
        ("cifar-10-binary.tar.gz", binary(data_batch_2=bytes(3072)), "data_batch_2.bin, records of 3073 bytes.* 3072"),
        ("cifar-10-binary.tar.gz", binary(data_batch_3=b"\x0a" + bytes(3072)), "whole labels from 0 to 9"),
        ("cifar-10-binary.tar.gz", binary()[:-2000], "cannot be read"),
        ("cifar10_jpeg.zip", jpegs(size=16), "train/airplane/0000.jpg must be an image of 32 x 32.* 16 x 16 pixels"),
        ("cifar10_jpeg.zip", jpegs(classes=cifar10.CLASS_NAMES[:9]), "must hold train/<class>/NNNN.jpg for each"),
        ("cifar10_jpeg.zip", jpegs(changes=[("test/cat/9.jpg", b"GIF")]), "test/cat/9.jpg must be .* Received: no im"),
        ("cifar10_jpeg.zip", jpegs()[:-40], "cannot be read"),
    ],
)
def test_wrong_cifar10(place, file, content, message):
    place.put("cifar10", {file: content})
    with pytest.raises(datasets.DataError, match=f"{file}.*{message}"):
        datasets.load("cifar10")


def test_cifar10_offline(place, capsys):
    place.put("cifar10", {"cifar-10-binary.tar.gz": b"never seen"}, "http://127.0.0.1:9/")
    data = datasets.load("cifar10")
    line = "cifar10: offline, so 2,500 drawn animals and vehicles stand in (2,000 train + 500 test)\n"
    assert capsys.readouterr().out == line and data.is_stand_in
    assert data.train_images.shape == (2000, 32, 32, 3) and data.test_images.shape == (500, 32, 32, 3)
    assert np.array_equal(data.test_images[7], objects.draw_one(7, seed=1)[0]) and data.test_labels[7] == 7
    assert objects.KINDS == data.class_names == cifar10.CLASS_NAMES


def test_ci_uses_neither_network_nor_course_data(mnist, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROFILE", "ci")
    monkeypatch.setenv("COURSE_DATA", "/there/is/no/such/folder")
    assert datasets.load("mnist").is_stand_in and datasets.load("fashion_mnist").is_stand_in
    assert capsys.readouterr().out.splitlines()[0].startswith("mnist: profile ci, so scikit-learn's")
    assert mnist.server.asked == [] and not mnist.cache.exists()


def test_digits_by_name(place, capsys):
    data = datasets.load("digits")
    assert data.is_stand_in and data.name == "digits" and data.test_labels.shape == (360,)
    assert capsys.readouterr().out == "digits: scikit-learn's 1,797 handwritten digits (1,437 train + 360 test)\n"


def test_unknown_name():
    with pytest.raises(ValueError, match=r"mnist, fashion_mnist, cifar10, digits\. Received: name='cifar'"):
        datasets.load("cifar")


def test_available(mnist, tmp_path, monkeypatch):
    mnist.put("fashion_mnist", fashion())
    assert datasets.available() == {
        "mnist": "download or stand-in", "fashion_mnist": "download or stand-in", "cifar10": "download or stand-in",
        "digits": "scikit-learn",
    }  # fmt: skip
    mnist.cache.mkdir()
    (mnist.cache / "mnist.npz").write_bytes(b"not even looked at")
    assert datasets.available()["mnist"] == "cache"
    (tmp_path / "mnist.npz").write_bytes(b"not even looked at")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert datasets.available()["mnist"] == "COURSE_DATA"
    assert mnist.server.asked == []


def test_the_registry_is_in_order():
    for name, count in {"mnist": 1, "fashion_mnist": 4, "cifar10": 2, "tiny_imagenet": 1}.items():
        files = datasets.registry(name)
        assert len(files) == count
        for row in (row for rows in files.values() for row in rows):
            assert row["bytes"] > 0 and len(row["sha256"]) == 64 and set(row["sha256"]) <= set("0123456789abcdef")
            assert row["url"] == "-" or row["url"].startswith("http")
            assert row["licence"] and row["citation"]


def test_registry_beside_the_module_where_there_is_no_clone(monkeypatch):
    monkeypatch.setattr(profiles, "repository", lambda: None)
    assert downloads.registry_path() == Path(downloads.__file__).with_name("registry.tsv")


def test_the_network_is_closed():
    with pytest.raises(RuntimeError, match="must not reach the network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(RuntimeError, match="must not reach the network"):
        socket.getaddrinfo("example.org", 80)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        sock.sendto(b"?", ("192.0.2.1", 53))


@pytest.mark.parametrize("mistake", ["shuffled labels", "shuffled pixels"])
def test_a_mistake_on_purpose_spoils_the_training_part_alone(monkeypatch, mistake):
    whole = datasets.load("digits")
    monkeypatch.setenv("COURSE_BROKEN", mistake)
    spoiled = datasets.load("digits")
    assert np.array_equal(whole.test_images, spoiled.test_images)
    assert np.array_equal(whole.test_labels, spoiled.test_labels)
    assert np.array_equal(whole.train_images, spoiled.train_images) == (mistake == "shuffled labels")
    assert np.array_equal(whole.train_labels, spoiled.train_labels) == (mistake == "shuffled pixels")
    assert np.array_equal(np.sort(whole.train_labels), np.sort(spoiled.train_labels))
    assert np.array_equal(whole.train_images.sum(axis=(1, 2)), spoiled.train_images.sum(axis=(1, 2)))
