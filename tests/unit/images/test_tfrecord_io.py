import errno
import gzip
import io
import itertools
import json
import os
import platform
import signal
import struct
import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

from helpers.files import FileError
from helpers.images import tfrecord_io
from helpers.images.tfrecord_io import index as index_module
from helpers.images.tfrecord_io import writer

ROOT = Path(__file__).resolve().parents[3]
HEIGHT, WIDTH, COUNT = 24, 36, 40  # not square, so that swapped sides show
NAMES = [
    f"class {number:02d}" for number in range(COUNT)
]  # every image has a class of its own: its label says which it is


def drawn(number, height=HEIGHT, width=WIDTH):
    """An image whose channels are row, column and number: a patch says where it comes from."""
    image = np.empty((height, width, 3), "uint8")
    image[..., 0], image[..., 1], image[..., 2] = np.arange(height)[:, None], np.arange(width), number
    return image


def photo(number, height=HEIGHT, width=WIDTH, **options):
    """The bytes of a JPEG with smooth random colours."""
    small = np.random.default_rng(number).integers(0, 256, (4, 5, 3), "uint8")
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return encoded(large[..., 0] if options.get("grey") else large)


def encoded(image, suffix=".jpg", options=()):
    return cv2.imencode(suffix, image, options)[1].tobytes()


def decoded(content):
    return cv2.imdecode(np.frombuffer(content, "uint8"), cv2.IMREAD_COLOR)[..., ::-1]


def write(folder, images, **options):
    options = {"class_names": NAMES, "shard_size": 25_000} | options
    return tfrecord_io.write_shards(folder, zip(images, range(COUNT), strict=False), **options)


def read(folder, **options):
    """All images and labels of one pass, in numpy."""
    data = tfrecord_io.dataset(folder, **({"batch_size": 8} | options))
    batches = list(data.as_numpy_iterator())
    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])


@pytest.fixture
def raw(tmp_path):
    """A folder with 40 raw images in 5 shards of 10, 10, 10 and 10 records."""
    write(tmp_path / "train", map(drawn, range(COUNT)))
    return tmp_path / "train"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The same, for tests that only read."""
    folder = tmp_path_factory.mktemp("kept") / "train"
    write(folder, map(drawn, range(COUNT)))
    return folder


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jpegs") / "train"
    write(folder, map(photo, range(COUNT)), shard_size=10_000)
    return folder


def shard(folder, number=1):
    return folder / tfrecord_io.load_index(folder).shards[number].file


def pieces(path):
    """Where the records of a file begin, and where it ends."""
    content, at = path.read_bytes(), [0]
    while at[-1] < len(content):
        at.append(at[-1] + 16 + struct.unpack_from("<Q", content, at[-1])[0])
    return at


def flip(path, at, bit=2):
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


# The bytes


def slow_crc32c(content):
    register = 0xFFFFFFFF
    for byte in content:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"", 0),
    ],
)
def test_crc32c_of_the_published_examples(content, expected):
    assert tfrecord_io.crc32c(content) == slow_crc32c(content) == expected


@pytest.mark.parametrize("length", [*range(1, 34), 255, 256, 257, 4099])
def test_crc32c_of_any_length(length):
    content = np.random.default_rng(length).integers(0, 256, length, "uint8").tobytes()
    assert tfrecord_io.crc32c(content) == slow_crc32c(content)


def test_a_record_is_what_tensorflow_writes(tmp_path):
    payloads = [b"", b"one", bytes(range(256)) * 40]
    with tf.io.TFRecordWriter(str(tmp_path / "file")) as file:
        for payload in payloads:
            file.write(payload)
    assert b"".join(map(tfrecord_io.frame, payloads)) == (tmp_path / "file").read_bytes()
    assert list(tfrecord_io.records(tmp_path / "file")) == payloads


def test_an_example_is_what_tensorflow_writes():
    values = {"image": b"\xff\xd8" * 200, "label": 0, "height": 300, "class_name": "Ä".encode(), "width": 2**40}
    feature = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        if isinstance(value, bytes)
        else tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        for name, value in values.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    assert tfrecord_io.encode_example(values) == example.SerializeToString(deterministic=True)


def test_what_stands_in_a_record(kept, jpegs):
    for folder, kind, content in ((kept, b"raw", drawn(3).tobytes()), (jpegs, b"jpeg", photo(3))):
        example = tf.train.Example.FromString(list(tfrecord_io.records(shard(folder, 0)))[3])
        found = {name: [*f.bytes_list.value, *f.int64_list.value] for name, f in example.features.feature.items()}
        sizes = {"height": [HEIGHT], "width": [WIDTH], "channels": [3], "label": [3], "class_name": [b"class 03"]}
        assert found == {"image": [content], "format": [kind]} | sizes


def test_reader_by_hand_agrees_with_tensorflow(jpegs):
    for number in range(len(tfrecord_io.load_index(jpegs).shards)):
        path = shard(jpegs, number)
        assert list(tfrecord_io.records(path)) == list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())


def test_a_file_packed_by_gzip_is_called_so(tmp_path):
    (tmp_path / "file").write_bytes(gzip.compress(bytes(99)))
    with pytest.raises(FileError, match=r"file: record 0 .*It looks like gzip: unpack the file first"):
        list(tfrecord_io.records(tmp_path / "file"))


def test_an_unmasked_crc_is_found(tmp_path):
    length = struct.pack("<Q", 3)
    wrong = length + struct.pack("<I", slow_crc32c(length)) + b"one" + struct.pack("<I", slow_crc32c(b"one"))
    (tmp_path / "file").write_bytes(wrong)
    with pytest.raises(FileError, match=r"file: record 0 .*damaged length"):
        list(tfrecord_io.records(tmp_path / "file"))


@pytest.mark.parametrize("options", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_shape(options, channels):
    image = drawn(0)[..., :channels]
    assert tfrecord_io.jpeg_shape(encoded(image, options=options)) == (HEIGHT, WIDTH, channels)


def test_jpeg_shape_passes_over_other_parts():
    content, thumbnail = photo(1), photo(2, 8, 8)
    part = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    assert tfrecord_io.jpeg_shape(content[:2] + part + b"\xff" + content[2:] + b"behind") == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", photo(1)[:-2], photo(1)[:200], photo(1)[:-300], encoded(drawn(0), ".png"), b"GIF89a"]
)
def test_not_a_whole_jpeg(content):
    with pytest.raises(ValueError, match="must be a whole JPEG"):
        tfrecord_io.jpeg_shape(content)


# Writing


def test_round_trip_of_raw_images(kept):
    images, labels = read(kept, shuffle=False)
    assert images.dtype == "uint8" and labels.dtype == "int32"
    assert np.array_equal(images, np.stack([drawn(number) for number in range(COUNT)]))
    assert labels.tolist() == list(range(COUNT))


def test_round_trip_of_jpegs(jpegs):
    stored = [record for number in range(2) for record in tfrecord_io.records(shard(jpegs, number))]
    for number, record in enumerate(stored):
        assert tf.train.Example.FromString(record).features.feature["image"].bytes_list.value[0] == photo(number)
    images, labels = read(jpegs, shuffle=False)
    assert np.array_equal(images, np.stack([decoded(photo(number)) for number in range(COUNT)]))
    assert labels.tolist() == list(range(COUNT))


def test_index(kept):
    index = tfrecord_io.load_index(kept)
    assert index.class_names == tuple(NAMES) and index.count == COUNT and index.image_format == "raw"
    assert index.height == (HEIGHT, HEIGHT) and index.width == (WIDTH, WIDTH)
    assert index.image_shape == (HEIGHT, WIDTH, 3) and index.source == {}
    assert [shard.file for shard in index.shards] == [f"train-{number:05d}-of-00004.tfrecord" for number in range(4)]
    assert [shard.count for shard in index.shards] == [10] * 4
    assert sorted(path.name for path in kept.iterdir()) == ["index.json", *(shard.file for shard in index.shards)]
    for entry in index.shards:
        assert entry.bytes == (kept / entry.file).stat().st_size
    assert tfrecord_io.verify(kept) == index


def test_shards_end_at_their_size(tmp_path):
    index = write(tmp_path / "one", map(drawn, range(7)), shard_size=1)
    assert [shard.count for shard in index.shards] == [1] * 7
    index = write(tmp_path / "two", map(drawn, range(7)), shard_size=index.shards[0].bytes * 2 - 1)
    assert [shard.count for shard in index.shards] == [2, 2, 2, 1]
    assert len(write(tmp_path / "all", map(drawn, range(7)), shard_size=tfrecord_io.SHARD_SIZE).shards) == 1
    assert 100e6 <= tfrecord_io.SHARD_SIZE <= 200e6
    assert all(800 <= 1e6 * photograph / tfrecord_io.SHARD_SIZE <= 1200 for photograph in (110e3, 150e3))


def test_the_same_examples_give_the_same_bytes(tmp_path):
    first, second = (write(tmp_path / name / "train", map(photo, range(5)), source={"a": (1,)}) for name in "ab")
    assert first == second == tfrecord_io.load_index(tmp_path / "a" / "train") and first.source == {"a": [1]}


def test_memory_holds_one_example(tmp_path):
    image = np.zeros((300, 300, 3), "uint8")
    write(tmp_path / "warm", [image])
    tracemalloc.start()
    write(tmp_path / "train", (image.copy() for _ in range(COUNT)), shard_size=10**9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * image.nbytes < COUNT * image.nbytes


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ((drawn(0), COUNT), "label must be from 0 to 39. Received: label=40"),
        ((drawn(0), -1), "label must be from 0"),
        ((drawn(0), 1.0), "example 2: 'float'"),
        ((drawn(0)[..., 0], 0), r"uint8 \(height, width, 3\). Received: uint8 \(24, 36\)"),
        ((drawn(0) / 255, 0), "Received: float64"),
        ((drawn(0)[:0], 0), r"Received: uint8 \(0, 36, 3\)"),
        (("photo.jpg", 0), "Received: str"),
        ((photo(0), 0), "all JPEG bytes or all arrays"),
        ((photo(0)[:-9], 0), "cut off"),
        ((drawn(0),), "example 2: not enough values"),
    ],
)
def test_wrong_example(tmp_path, example, message):
    examples = [(drawn(0), 0), (drawn(1), 1), example]
    with pytest.raises(ValueError, match="example 2: ") as error:
        tfrecord_io.write_shards(tmp_path / "train", examples, class_names=NAMES)
    error.match(message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class_names": "cats"}, "class_names must be one string a class"),
        ({"class_names": []}, "class_names must be"),
        ({"class_names": [1]}, "class_names must be"),
        ({"class_names": ["cat", "caf\udce9"]}, r"class_names must be text .* Received: 'caf\\udce9'"),
        ({"shard_size": 0}, "shard_size must be 1 byte or more"),
        ({"source": {"at": Path("x")}}, "source must be something that JSON can hold"),
    ],
)
def test_wrong_arguments_of_the_writer(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "train", [drawn(0)], **changes)
    with pytest.raises(ValueError, match="examples must hold one or more"):
        write(tmp_path / "train", [])
    assert list(tmp_path.iterdir()) == []


def test_a_finished_set_is_not_overwritten_unless_told(raw):
    before = {path.name: path.read_bytes() for path in raw.iterdir()}
    with pytest.raises(FileError, match=r"train holds a finished set of shards. Pass overwrite=True"):
        write(raw, map(photo, range(3)))
    with pytest.raises(ZeroDivisionError):
        write(raw, (drawn(1 // (5 - number)) for number in range(9)), overwrite=True)
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == before
    assert write(raw, map(photo, range(3)), overwrite=True).count == 3
    assert tfrecord_io.verify(raw).image_format == "jpeg"
    assert sorted(path.name for path in raw.iterdir()) == ["index.json", "train-00000-of-00001.tfrecord"]
    assert [path.name for path in raw.parent.iterdir()] == ["train"]


def test_a_set_that_somebody_finished_meanwhile_is_not_replaced(tmp_path):
    def examples():
        yield drawn(0)
        write(tmp_path / "other" / "train", map(drawn, range(5)))
        (tmp_path / "other" / "train").rename(tmp_path / "train")

    with pytest.raises(FileError, match="train holds a finished set"):
        write(tmp_path / "train", examples())
    assert tfrecord_io.verify(tmp_path / "train").count == 5


def test_files_of_somebody_else_stay(raw, tmp_path):
    (raw / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match=r"train must be new, empty .* a folder with notes.txt"):
        write(raw, map(drawn, range(3)), overwrite=True)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "train-00000-of-00001.tfrecord").write_text("not ours: there is no index")
    (tmp_path / "file").write_text("in the way")
    for name in ("photos", "file"):
        with pytest.raises(FileError, match=str(tmp_path / name)):
            write(tmp_path / name, map(drawn, range(3)), overwrite=True)
    assert tfrecord_io.load_index(raw).count == COUNT
    (tmp_path / "empty").mkdir()
    assert write(tmp_path / "empty", map(drawn, range(3))).count == 3


def test_disk_full(tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "open_file", lambda path, mode: Full())
    with pytest.raises(FileError, match=r"train cannot be written: No space left on device"):
        write(tmp_path / "train", map(drawn, range(3)))
    assert list(tmp_path.iterdir()) == []


def test_a_source_file_that_is_missing_keeps_its_name(tmp_path):
    images = (Path(tmp_path / f"{number}.jpg").read_bytes() for number in range(3))
    with pytest.raises(FileNotFoundError, match=r"0\.jpg"):
        write(tmp_path / "train", images)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match=r"file.* cannot be made: Not a directory"):
        write(tmp_path / "file" / "train", map(drawn, range(3)))


PROGRAM = textwrap.dedent("""
    import sys, time
    import numpy as np
    from helpers.images import tfrecord_io
    from helpers.images.tfrecord_io import writer

    folder, moment, overwrite = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "True"
    assert not {"tensorflow", "keras", "jax"} & set(sys.modules)

    def wait():
        print("ready", flush=True)
        time.sleep(60)

    def examples():
        for number in range(8):
            if number == moment:
                wait()
            yield np.full((10, 20, 3), number, "uint8"), number

    def commit(*names, real=writer.commit, calls=[0]):
        calls[0] += 1
        if calls[0] == moment - 10:
            wait()
        real(*names)

    def rmtree(path, real=writer.shutil.rmtree, **options):
        if moment == 20 and path.name == ".train.replaced" and path.exists():
            wait()
        real(path, **options)

    writer.commit, writer.shutil.rmtree = commit, rmtree
    tfrecord_io.write_shards(folder, examples(), class_names=map(str, range(8)), shard_size=1500, overwrite=overwrite)
""")


def killed(folder, moment, overwrite=False):
    """Kill the writer in another process: before example 0-7, before rename 1-4 (11-14), or at the end (20)."""
    arguments = [sys.executable, "-c", PROGRAM, str(folder), str(moment), str(overwrite)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        assert len(list(folder.parent.iterdir())) >= 1  # something is there to be cleaned up
        child.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("moment", [0, 1, 5, 11, 12, 14])
def test_killed_at_any_moment_and_started_again(tmp_path, moment):
    folder = tmp_path / "train"
    killed(folder, moment)
    assert not folder.exists()
    with pytest.raises(FileError, match=r"train/index.json cannot be opened: No such file"):
        tfrecord_io.dataset(folder, batch_size=1)
    assert write(folder, map(drawn, range(3))).count == 3
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


@pytest.mark.parametrize(("moment", "count"), [(5, COUNT), (20, 8)])
def test_killed_while_it_overwrites(raw, moment, count):
    killed(raw, moment, overwrite=True)
    assert tfrecord_io.verify(raw).count == count
    alive = f".train.building-{platform.node()}-{os.getppid()}", ".train.building-elsewhere-999999999"
    for name in alive:
        (raw.parent / name).mkdir()
    assert write(raw, map(drawn, range(3)), overwrite=True).count == 3
    assert sorted(path.name for path in raw.parent.iterdir()) == [*sorted(alive), "train"]


def test_killed_between_the_two_renames(raw):
    raw.rename(raw.with_name(".train.replaced"))
    with pytest.raises(FileError, match="holds a finished set"):
        write(raw, map(drawn, range(3)))
    assert tfrecord_io.verify(raw).count == COUNT


# What is wrong with a folder


def damage_cases():
    def second(path):
        return pieces(path)[2]

    return {
        "payload": (
            lambda path: flip(path, second(path) + 700),
            "record 2 .at byte .* damaged: the CRC32C of its payload",
        ),
        "payload crc": (lambda path: flip(path, pieces(path)[3] - 1), "record 2 .*damaged: the CRC32C of its payload"),
        "length": (lambda path: flip(path, second(path)), "record 2 .*damaged length"),
        "high length": (lambda path: flip(path, second(path) + 7, 7), "record 2 .*damaged length"),
        "length crc": (lambda path: flip(path, second(path) + 9), "record 2 .*damaged length"),
        "cut payload": (lambda path: os.truncate(path, second(path) + 700), "record 2 .*is cut off: it must have"),
        "cut header": (lambda path: os.truncate(path, second(path) + 5), "record 2 .*is cut off after 5 bytes"),
    }


def sized(path, size):
    return f"{path} must have {size:,} bytes"


@pytest.mark.parametrize("case", damage_cases())
def test_damage_is_named(raw, case, capsys):
    harm, message = damage_cases()[case]
    path = shard(raw)
    size = path.stat().st_size
    harm(path)
    with pytest.raises(FileError, match=f"1 of 4 shards are not as they were written:\n{path}: {message}"):
        tfrecord_io.verify(raw)
    with pytest.raises(FileError, match=f"{path}: {message}"):
        tfrecord_io.dataset(raw, batch_size=8, check="sha256")
    if path.stat().st_size == size:
        with pytest.raises(tf.errors.UnknownError, match=f"FileError: {path}: {message}"):
            read(raw)
    else:
        with pytest.raises(FileError, match=sized(path, size)):
            read(raw)
    capsys.readouterr()
    images, labels = read(raw, batch_size=16, drop_remainder=False, skip_corrupt=True)
    assert sorted(labels) == [*range(12), *range(20, 40)]
    assert np.array_equal(images, np.stack([drawn(label) for label in labels]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{raw}: 8 of 40 examples skipped, in 1 damaged shards:"
    assert lines[1].startswith(f"8 lost: {path}: record 2 ") and len(lines) == 2
    found = tfrecord_io.damaged(raw)
    assert [(damage.file, damage.readable, damage.lost) for damage in found] == [(path.name, 2, 8)]


def test_no_flipped_bit_escapes(raw):
    random, path, index_path = np.random.default_rng(0), shard(raw), raw / "index.json"
    content, payloads, index = path.read_bytes(), list(tfrecord_io.records(path)), tfrecord_io.load_index(raw)
    for position in random.integers(0, len(content), 40):
        flip(path, position, random.integers(8))
        [damage] = tfrecord_io.damaged(raw)
        assert str(path) in damage.reason and damage.readable + damage.lost == len(payloads)
        assert list(itertools.islice(tfrecord_io.records(path), damage.readable)) == payloads[: damage.readable]
        path.write_bytes(content)
    content = index_path.read_bytes()
    for position in random.integers(0, len(content), 200):
        flip(index_path, position, random.integers(8))
        try:
            assert tfrecord_io.load_index(raw) == index  # white space, perhaps
        except FileError as error:
            assert str(index_path) in str(error)
        index_path.write_bytes(content)


def gone(path):
    path.unlink()


def folder_instead(path):
    path.unlink()
    path.mkdir()


def empty(path):
    path.write_bytes(b"")


def cut_between_records(path):
    os.truncate(path, pieces(path)[3])


def text_instead(path):
    path.write_text("This is not a file of records, but it is long enough to look like one.")


def longer(path):
    path.write_bytes(path.read_bytes() + tfrecord_io.frame(b"one more"))


@pytest.mark.parametrize("harm", [gone, folder_instead, empty, cut_between_records, text_instead, longer])
def test_a_shard_that_is_not_itself_any_more(raw, harm, capsys):
    path = shard(raw)
    harm(path)
    for attempt in (tfrecord_io.verify, read, lambda folder: read(folder, check="sha256")):
        with pytest.raises(FileError, match=f"1 of 4 shards .*\n{path}"):
            attempt(raw)
    assert sorted(read(raw, batch_size=30, skip_corrupt=True)[1]) == [*range(10), *range(20, 40)]
    assert f"10 of 40 examples skipped, in 1 damaged shards:\n10 lost: {path}" in capsys.readouterr().out


def test_a_shard_replaced_by_another_sound_one(raw):
    first, second = shard(raw, 0), shard(raw, 1)
    content = first.read_bytes()
    assert len(content) == len(second.read_bytes())
    second.write_bytes(content)
    for attempt in (tfrecord_io.verify, lambda folder: read(folder, check="sha256")):
        with pytest.raises(FileError, match=f"{second} must have SHA-256 .*, though its records are whole"):
            attempt(raw)
    assert sorted(read(raw, batch_size=30, skip_corrupt=True)[1]) == [*range(10), *range(20, 40)]


def test_every_damaged_shard_is_named(raw):
    shard(raw, 0).unlink()
    flip(shard(raw, 2), 40)
    with pytest.raises(FileError, match="2 of 4 shards") as error:
        tfrecord_io.verify(raw)
    assert str(shard(raw, 0)) in str(error.value) and str(shard(raw, 2)) in str(error.value)
    for number in (1, 2, 3):
        shard(raw, number).write_bytes(b"")
    with pytest.raises(FileError, match="train has no example left that can be read"):
        tfrecord_io.dataset(raw, batch_size=1, skip_corrupt=True)


def test_damage_while_reading(raw):
    data = tfrecord_io.dataset(raw, batch_size=8)
    assert len(list(data)) == 5
    path = shard(raw, 3)
    content = path.read_bytes()
    for harm in (gone, empty, cut_between_records, lambda path: flip(path, 5000)):
        harm(path)
        with pytest.raises(tf.errors.UnknownError, match=f"FileError: {path}"):
            list(data)
        path.write_bytes(content)
    assert len(list(data)) == 5


def test_a_file_is_hashed_once_a_process(raw, monkeypatch):
    hashed = []
    real = index_module.hashlib.sha256
    monkeypatch.setattr(index_module.hashlib, "sha256", lambda *content: hashed.append(1) or real(*content))
    for expected in (5, 6):  # the index each time, the four shards once
        assert tfrecord_io.damaged(raw) == [] and len(hashed) == expected
    flip(shard(raw), 5000)
    os.utime(shard(raw), ns=(1, 1))
    assert len(tfrecord_io.damaged(raw)) == 1


def test_verify_finds_what_the_time_of_change_hides(raw):
    tfrecord_io.verify(raw)
    stat = shard(raw).stat()
    flip(shard(raw), 5000)
    os.utime(shard(raw), ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(FileError, match=str(shard(raw))):
        tfrecord_io.verify(raw)


def resealed(path, **changes):
    """An index with other content and a SHA-256 that fits."""
    stored = json.loads(path.read_text())
    stored["index"] |= changes
    stored["sha256"] = index_module.hashlib.sha256(index_module.index_text(stored["index"])).hexdigest()
    path.write_text(json.dumps(stored))


def test_a_count_that_is_wrong(raw):
    shards = [entry._asdict() for entry in tfrecord_io.load_index(raw).shards]
    shards[1]["count"] = 11
    resealed(raw / "index.json", shards=shards)
    with pytest.raises(FileError, match=f"{shard(raw)} must hold 11 examples. Received: 10"):
        tfrecord_io.verify(raw)
    with pytest.raises(tf.errors.UnknownError, match=f"{shard(raw)} gave fewer than 11 records, though it holds 10"):
        read(raw)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:100], "is not an index of shards: JSONDecodeError"),
        (lambda text: "", "is not an index of shards: JSONDecodeError"),
        (lambda text: "[1, 2]", "is not an index of shards: TypeError"),
        (lambda text: "{}", "is not an index of shards: KeyError: 'format'"),
        (lambda text: text.replace('"index"', '"other"'), "is not an index of shards: KeyError: 'index'"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "version 1. Received: .* version 2"),
        (
            lambda text: text.replace("workbook shards", "picture book"),
            "must be 'deep vision workbook shards' version 1",
        ),
        (lambda text: text.replace("class 07", "class 08"), "is damaged or was edited"),
        (lambda text: text.replace('"count": 40', '"count": 41'), "is damaged or was edited"),
        (lambda text: "\udcff" + text, "is not an index of shards: UnicodeDecodeError"),
    ],
)
def test_wrong_index(raw, change, message):
    path = raw / "index.json"
    path.write_bytes(change(path.read_text()).encode(errors="surrogateescape"))
    for attempt in (tfrecord_io.load_index, tfrecord_io.verify, read):
        with pytest.raises(FileError, match=f"{path} .*{message}"):
            attempt(raw)


def test_index_that_is_missing_or_a_folder(raw, tmp_path):
    (raw / "index.json").unlink()
    with pytest.raises(FileError, match=r"train/index.json cannot be opened: .* not written by write_shards"):
        read(raw)
    (raw / "index.json").mkdir()
    with pytest.raises(FileError, match=r"train/index.json cannot be opened: Is a directory"):
        read(raw)


# Reading


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("raw", {}),
        ("raw", {"image_size": (6, 8)}),
        ("jpeg", {}),
        ("jpeg", {"crop": (9, 17)}),
        ("jpeg", {"crop": (9, 17), "image_size": (6, 8)}),
    ],
)
def test_every_shape_is_fixed(kept, jpegs, kind, options):
    data = tfrecord_io.dataset(jpegs if kind == "jpeg" else kept, batch_size=16, **options)
    size = options.get("image_size") or options.get("crop") or (HEIGHT, WIDTH)
    assert data.element_spec == (tf.TensorSpec((16, *size, 3), tf.uint8), tf.TensorSpec((16,), tf.int32))
    assert all(spec.shape.is_fully_defined() for spec in tf.nest.flatten(data.element_spec))
    assert data.cardinality() == len(list(data)) == 2


def test_images_of_different_sizes(tmp_path):
    sizes = [(HEIGHT + number, WIDTH - number) for number in range(10)]
    for name, draw in (("raw", drawn), ("jpeg", photo)):
        folder = tmp_path / name
        index = write(folder, [draw(number, *size) for number, size in enumerate(sizes)])
        assert index.height == (24, 33) and index.width == (27, 36) and index.image_shape is None
        with pytest.raises(
            ValueError, match="image_size or crop must be given: the images are 24-33 high and 27-36 wide"
        ):
            tfrecord_io.dataset(folder, batch_size=2)
        with pytest.raises(ValueError, match=r"crop must fit into height 24 and width 27. Received: crop=\(25, 27\)"):
            tfrecord_io.dataset(folder, batch_size=2, crop=(25, 27))
        images, labels = read(folder, batch_size=10, crop=(24, 27), shuffle=False)
        assert images.shape == (10, 24, 27, 3) and labels.tolist() == list(range(10))
        if draw is drawn:
            tops = [(size[0] - 24) // 2 for size in sizes], [(size[1] - 27) // 2 for size in sizes]
            assert (images[:, 0, 0, 0].tolist(), images[:, 0, 0, 1].tolist()) == tops
        assert read(folder, batch_size=10, image_size=(5, 7))[0].shape == (10, 5, 7, 3)


def test_grey_jpegs_become_rgb(tmp_path):
    write(tmp_path / "grey", [photo(number, grey=True) for number in range(4)])
    images, _ = read(tmp_path / "grey", batch_size=4, shuffle=False)
    assert np.array_equal(images, np.stack([decoded(photo(number, grey=True)) for number in range(4)]))


def test_order_from_the_seed(kept):
    data = tfrecord_io.dataset(kept, batch_size=8, seed=3)
    epochs = [np.concatenate([y for _, y in data.as_numpy_iterator()]).tolist() for _ in range(3)]
    again = tfrecord_io.dataset(kept, batch_size=8, seed=3)
    assert epochs == [np.concatenate([y for _, y in again.as_numpy_iterator()]).tolist() for _ in range(3)]
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert epochs[0] != read(kept, seed=4)[1].tolist()
    assert sorted(read(kept, seed=3, deterministic=False)[1]) == list(range(COUNT))


def test_shards_are_mixed_even_with_a_small_buffer(kept):
    data = tfrecord_io.dataset(kept, batch_size=4, shuffle_buffer=1)
    first = [tuple(next(data.as_numpy_iterator())[1] // 10) for _ in range(4)]
    assert all(sorted(shards) == [0, 1, 2, 3] for shards in first)  # one image from each shard
    assert len(set(first)) > 1  # in another order each epoch


def test_patches_from_the_seed(kept):
    data = tfrecord_io.dataset(kept, batch_size=COUNT, crop=(20, 30), seed=5)
    passes = list(data.repeat(25).as_numpy_iterator())
    places = set()
    for images, labels in passes:
        for image, label in zip(images, labels, strict=True):
            top, left = int(image[0, 0, 0]), int(image[0, 0, 1])
            assert np.array_equal(image, drawn(label)[top : top + 20, left : left + 30])
            places.add((top, left))
    assert places == {(top, left) for top in range(5) for left in range(7)}  # every place, both ends included
    again = tfrecord_io.dataset(kept, batch_size=COUNT, crop=(20, 30), seed=5)
    for (images, labels), repeated in zip(passes[:2], again.repeat(2).as_numpy_iterator(), strict=True):
        assert np.array_equal(images, repeated[0]) and np.array_equal(labels, repeated[1])
    assert not np.array_equal(passes[0][0][..., :2], passes[1][0][..., :2])


def test_patch_from_the_middle(kept, jpegs):
    images, labels = read(kept, crop=(21, 30), shuffle=False)
    assert np.array_equal(images, np.stack([drawn(label)[1:22, 3:33] for label in labels]))
    patches, _ = read(jpegs, crop=(20, 30), shuffle=False)
    whole, _ = read(jpegs, shuffle=False)
    assert np.array_equal(patches[:, :, 1:-1], whole[:, 2:22, 4:32])
    assert np.abs(patches.astype(int) - whole[:, 2:22, 3:33]).max() <= 40  # the outermost columns lack a neighbour


def test_resize_keeps_sides_and_channels(tmp_path):
    ramp = np.zeros((40, 60, 3), "uint8")
    ramp[..., 0], ramp[..., 1], ramp[..., 2] = np.arange(40)[:, None] * 4, np.arange(60) * 2, 77
    write(tmp_path / "ramp", [ramp])
    image = read(tmp_path / "ramp", batch_size=1, image_size=(10, 20))[0][0]
    assert image.shape == (10, 20, 3) and (image[..., 2] == 77).all()
    assert (np.diff(image[:, 5, 0].astype(int)) > 10).all() and (np.diff(image[5, :, 1].astype(int)) > 4).all()
    assert np.abs(image[1:-1, 1:-1].mean((0, 1)) - ramp.mean((0, 1))).max() < 1


@pytest.mark.parametrize("num_workers", [3])
def test_workers_share_everything_once(kept, num_workers):
    labels = []
    for worker in range(num_workers):
        options = {"num_workers": num_workers, "worker": worker, "batch_size": 1}
        labels += read(kept, **options)[1].tolist()
    assert sorted(labels) == list(range(COUNT))


def test_the_rest_of_a_batch(kept):
    data = tfrecord_io.dataset(kept, batch_size=16, drop_remainder=False)
    assert data.cardinality() == 3 and [len(labels) for _, labels in data] == [16, 16, 8]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be 1 or more. Received: batch_size=0"),
        ({"batch_size": 41}, "batch_size must be at most 40"),
        ({"batch_size": 11, "num_workers": 4}, "batch_size must be at most 10"),
        ({"crop": (0, 3)}, r"crop must be \(height, width\) of 1 or more"),
        ({"crop": (WIDTH, HEIGHT)}, "crop must fit into height 24 and width 36"),
        ({"image_size": (3, 3, 3)}, "image_size must be"),
        ({"check": "none"}, "check must be 'size' or 'sha256'"),
        ({"worker": 1}, "worker must be from 0"),
        ({"num_workers": 5}, "num_workers at most 4"),
    ],
)
def test_wrong_arguments_of_the_reader(kept, options, message):
    with pytest.raises(ValueError, match=message):
        tfrecord_io.dataset(kept, **({"batch_size": 8} | options))


# A bucket


def test_a_bucket_address(capsys):
    folder = "ram://bucket/flowers/train"
    index = write(folder, map(drawn, range(COUNT)))
    assert index.shards[0].file == "train-00000-of-00004.tfrecord"
    assert not tf.io.gfile.exists(folder + "/.building")
    assert tfrecord_io.verify(folder) == index
    images, labels = read(folder, crop=(20, 30), check="sha256")
    assert images.shape == (COUNT, 20, 30, 3) and sorted(labels) == list(range(COUNT))
    with pytest.raises(FileError, match="ram://bucket/flowers/train holds a finished set"):
        write(folder, map(drawn, range(3)))
    path = f"{folder}/{index.shards[1].file}"
    with tf.io.gfile.GFile(path, "rb") as file:
        content = bytearray(file.read())
    content[5000] ^= 1
    tf.io.gfile.remove(path)  # ram:// would write behind what is there
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(bytes(content))
    with pytest.raises(tf.errors.UnknownError, match=f"FileError: {path}: record 1 "):
        read(folder)
    tf.io.gfile.remove(path)
    with pytest.raises(FileError, match=f"{path} cannot be opened"):
        read(folder)
    assert sorted(read(folder, batch_size=30, skip_corrupt=True)[1]) == [*range(10), *range(20, 40)]
    assert f"10 lost: {path}" in capsys.readouterr().out
    with pytest.raises(FileError, match=r"ram://bucket/nothing/index.json cannot be opened"):
        read("ram://bucket/nothing")
    assert write(folder, map(drawn, range(3)), overwrite=True).count == 3
    assert len(read(folder, batch_size=3)[1]) == 3
