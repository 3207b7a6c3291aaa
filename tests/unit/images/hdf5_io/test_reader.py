"""Which images a batch holds, that they are the right ones to the last bit, and how much memory that takes."""

import itertools
import json
import multiprocessing
import os
import pickle
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.images.hdf5_io import HDF5DatasetGenerator, HDF5DatasetWriter
from helpers.images.preprocessing import (
    CropPreprocessor,
    ImageToArrayPreprocessor,
    MeanPreprocessor,
    PatchPreprocessor,
    SimplePreprocessor,
)

COUNT, SHAPE, NAMES = 53, (12, 10, 3), ("cat", "dog", "bird")
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), dtype="uint8")
LABELS = np.random.default_rng(1).integers(0, 3, COUNT, dtype="int32")
PLACES = {image.tobytes(): place for place, image in enumerate(IMAGES)}
STORAGE = {"contiguous": {}, "chunks": dict(chunks=4), "lzf": dict(chunks=3, compression="lzf")}
RANDOM = (PatchPreprocessor(7, 8, horizontal_flip=True), MeanPreprocessor(120.5, 116.78, 103.9))
every_kind = pytest.mark.parametrize("kind", STORAGE)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for kind, storage in STORAGE.items():
        with HDF5DatasetWriter(folder / kind, IMAGES.shape, class_names=NAMES, **storage) as writer:
            writer.add(IMAGES, LABELS)
    return folder


def places_of(batches) -> list[list[int]]:
    """Find out from the pixels which images these are; their labels must be theirs."""
    found = []
    for images, labels in batches:
        found.append([PLACES[image.tobytes()] for image in images])
        assert np.array_equal(labels, LABELS[found[-1]])
    return found


def epochs(reader: HDF5DatasetGenerator, count: int = 1) -> list[list[int]]:
    return [list(itertools.chain(*places_of(reader.batches()))) for _ in range(count)]


def held(batches) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(images.copy(), labels) for images, labels in batches]


def same(first, second) -> bool:
    pairs = list(zip(first, second, strict=True))
    return all(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in pairs)


# ---- order


@every_kind
def test_each_image_once_an_epoch_in_an_order_of_its_own(files, kind):
    orders = epochs(HDF5DatasetGenerator(files / kind, 8, buffer_size=20), 4)
    orders += epochs(HDF5DatasetGenerator(files / kind, 8, buffer_size=20, seed=1), 4)
    assert all(sorted(order) == list(range(COUNT)) for order in orders)
    assert len({tuple(order) for order in orders}) == 8
    assert epochs(HDF5DatasetGenerator(files / kind, 5, buffer_size=20, threads=1), 4) == orders[:4]


@every_kind
def test_no_shuffle_is_the_order_of_the_file(files, kind):
    reader = HDF5DatasetGenerator(files / kind, 8, shuffle=False, buffer_size=7)
    assert epochs(reader, 2) == [list(range(COUNT))] * 2
    assert np.array_equal(reader.order(5), np.arange(COUNT))


def test_a_contiguous_file_is_shuffled_as_a_whole(files):
    reader = HDF5DatasetGenerator(files / "contiguous", 8, buffer_size=1)
    orders = np.stack([reader.order(epoch) for epoch in range(600)])
    seen = np.zeros((COUNT, COUNT))
    np.add.at(seen, (np.arange(COUNT), orders), 1)  # how often each image came at each place
    expected = 600 / COUNT
    chi_square = ((seen - expected) ** 2 / expected).sum()
    assert abs(chi_square - 52 * 52) < 4 * np.sqrt(2 * 52 * 52)
    following = (np.diff(orders, axis=1) == 1).mean()  # neighbours in the file that are neighbours still
    assert abs(following - 1 / COUNT) < 0.005


@pytest.mark.parametrize("buffer_size", [1, 8, 20, 1000])
def test_chunks_are_shuffled_in_groups(files, buffer_size):
    reader = HDF5DatasetGenerator(files / "chunks", 8, buffer_size=buffer_size)
    size = 4 * max(1, buffer_size // 4)
    layouts = set()
    for epoch in range(10):
        order = reader.order(epoch).tolist()
        assert sorted(order) == list(range(COUNT))
        chunks_before, start = [], 0
        while start < COUNT:  # a group is whole chunks; the one with the last chunk, of one image, is smaller
            has_last = COUNT - 1 in order[start : start + size]
            group = order[start : start + size - 3 * has_last] if start + size < COUNT + 3 else order[start:]
            chunks = {place // 4 for place in group}
            assert not chunks & set(chunks_before)
            assert sorted(group) == sorted(place for place in range(COUNT) if place // 4 in chunks)
            chunks_before += chunks
            start += len(group)
        layouts.add(tuple(order))
    assert len(layouts) == 10


def test_who_asks_for_the_order_cannot_change_it(files):
    reader = HDF5DatasetGenerator(files / "contiguous", 8)
    for num_workers in (1, 2):
        reader = HDF5DatasetGenerator(files / "contiguous", 8, num_workers=num_workers)
        with pytest.raises(ValueError, match="read-only"):
            reader.order(0).sort()


# ---- batches


@every_kind
@pytest.mark.parametrize("steps", [(), RANDOM, RANDOM[1:], (SimplePreprocessor(6, 5), *RANDOM[1:])])
def test_the_same_as_plain_numpy(files, kind, steps):
    reader = HDF5DatasetGenerator(files / kind, 8, steps, seed=3, buffer_size=20)
    for epoch in range(2):
        order = reader.order(epoch)
        for index, (images, labels) in enumerate(reader.batches()):
            places = order[8 * index : 8 * index + 8]
            draws = np.random.default_rng((3, epoch, index + 1)).random((len(places), sum(s.draws for s in steps)))
            expected = IMAGES[places]
            for step in steps:
                expected = np.stack([step.preprocess(a, draw=b) for a, b in zip(expected, draws, strict=True)])
            assert images.dtype == expected.dtype == reader.dtype and images.shape[1:] == reader.shape
            assert images.tobytes() == expected.tobytes()
            assert labels.dtype == np.int32 and np.array_equal(labels, LABELS[places])


def test_by_hand_once_more_without_the_preprocessors(files):
    mean = np.float32(RANDOM[1].mean)
    for index, (images, _) in enumerate(HDF5DatasetGenerator(files / "contiguous", 8, RANDOM)):
        draws = np.random.default_rng((0, 0, index + 1)).random((len(images), 3))
        places = HDF5DatasetGenerator(files / "contiguous", 8).order(0)[8 * index : 8 * index + 8]
        for image, place, (row, column, flip) in zip(images, places, draws, strict=True):
            top, left = int(row * 5), int(column * 4)
            patch = IMAGES[place, top : top + 8, left : left + 7]
            patch = patch[:, ::-1] if flip < 0.5 else patch
            assert np.array_equal(image, patch.astype("float32") - mean)


@every_kind
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_batch_depends_on_nobody_else(files, kind, threads):
    plain = HDF5DatasetGenerator(files / kind, 8, RANDOM, buffer_size=20, threads=1)
    expected = {(epoch, index): held([plain.batch(epoch, index)])[0] for epoch in range(3) for index in range(7)}
    reader = HDF5DatasetGenerator(files / kind, 8, RANDOM, buffer_size=20, threads=threads)
    for key in np.random.default_rng(threads).permutation(list(expected)).tolist():
        assert same([reader.batch(*key)], [expected[tuple(key)]])


@every_kind
def test_many_threads_ask_at_once(files, kind):
    from concurrent.futures import ThreadPoolExecutor

    reader = HDF5DatasetGenerator(files / kind, 8, RANDOM, buffer_size=12)
    keys = [(epoch, index) for epoch in range(4) for index in range(7)] * 4
    with ThreadPoolExecutor(4) as pool:
        asked = list(pool.map(lambda key: reader.batch(*key), keys))
    assert same(asked, [reader.batch(*key) for key in keys])


@every_kind
def test_the_remainder(files, kind):
    reader = HDF5DatasetGenerator(files / kind, 8, buffer_size=20)
    assert len(reader) == 7 and [len(images) for images, _ in reader] == [8] * 6 + [5]
    reader = HDF5DatasetGenerator(files / kind, 8, buffer_size=20, drop_remainder=True)
    assert len(reader) == 6 and [len(labels) for _, labels in reader] == [8] * 6
    left_out = [set(range(COUNT)) - set(order) for order in epochs(reader, 5)]
    assert all(len(places) == 5 for places in left_out) and len(set.union(*left_out)) > 5
    with pytest.raises(IndexError, match=r"index must be from 0 to 5\. Received: index=6"):
        reader.batch(0, 6)
    with pytest.raises(IndexError):
        reader.batch(0, -1)


def test_one_pass_more_passes_and_no_end(files):
    reader = HDF5DatasetGenerator(files / "contiguous", 8)
    once = [epochs(HDF5DatasetGenerator(files / "contiguous", 8), 4)]
    passes = places_of(reader.batches(passes=2))
    assert len(passes) == 14 and reader.epoch == 2
    endless = places_of(itertools.islice(reader.batches(passes=None), 14))
    assert [list(itertools.chain(*part)) for part in (passes[:7], passes[7:], endless[:7], endless[7:])] == once[0]
    assert len(places_of(itertools.islice(reader.batches(None), 100))) == 100
    assert list(reader.batches(passes=0)) == []


@pytest.mark.parametrize("names", [NAMES, ()])
def test_one_hot(tmp_path, names):
    with HDF5DatasetWriter(tmp_path / "a", IMAGES.shape, class_names=names) as writer:
        writer.add(IMAGES, LABELS)
    reader = HDF5DatasetGenerator(tmp_path / "a", 8, one_hot=True, shuffle=False)
    assert reader.num_classes == 3
    for index, (_, labels) in enumerate(reader):
        assert labels.dtype == np.float32
        for row, label in zip(labels, LABELS[8 * index : 8 * index + 8], strict=True):
            assert row.tolist() == [float(label == number) for number in range(3)]


def test_ten_crops_and_channels_first(files):
    reader = HDF5DatasetGenerator(files / "contiguous", 8, (RANDOM[1], CropPreprocessor(7, 8)), shuffle=False)
    assert reader.shape == (10, 8, 7, 3) and reader.dtype == np.float32
    images, _ = reader.batch(0, 0)
    assert np.array_equal(images, CropPreprocessor(7, 8).preprocess_batch(RANDOM[1].preprocess_batch(IMAGES[:8])))
    reader = HDF5DatasetGenerator(files / "lzf", 8, (ImageToArrayPreprocessor("float16", "channels_first"),))
    assert reader.shape == (3, 12, 10) and reader.batch(0, 0)[0].dtype == np.float16


def test_features(tmp_path):
    features = np.random.default_rng(0).normal(size=(20, 7)).astype("float32")
    for storage in STORAGE.values():
        with HDF5DatasetWriter(
            tmp_path / "a", (20, 7), "features", dtype="float32", overwrite=True, **storage
        ) as writer:
            writer.add(features, LABELS[:20])
        reader = HDF5DatasetGenerator(tmp_path / "a", 8, shuffle=False, data_key="features")
        assert np.array_equal(np.concatenate([batch.copy() for batch, _ in reader]), features)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        (dict(batch_size=0), r"batch_size must be from 1 to 53\. Received: batch_size=0"),
        (dict(batch_size=54, drop_remainder=True), "batch_size must be from 1 to 53"),
        (dict(batch_size=27, drop_remainder=True, num_workers=2), r"batch_size must be from 1 to 26\. Received"),
        (dict(worker=2, num_workers=2), r"worker must be from 0 to num_workers - 1\. Received: 2 of 2"),
        (dict(worker=-1), r"worker must be .* Received: -1 of 1"),
        (dict(num_workers=54), r"worker must be .* Received: 0 of 54"),
        (dict(threads=0), r"1 or more\. Received: 0, 2048"),
        (dict(buffer_size=0), r"1 or more\. Received: 2, 0"),
        (dict(preprocessors=(PatchPreprocessor(11, 8),)), r"at least 11 x 8 .* Received: 10 x 12"),
    ],
)
def test_bad_arguments_are_named(files, keywords, message):
    with pytest.raises(ValueError, match=message):
        HDF5DatasetGenerator(files / "contiguous", **{"batch_size": 8, **keywords})


# ---- who owns a batch


@every_kind
def test_a_held_batch_is_never_overwritten(files, kind):
    reader = HDF5DatasetGenerator(files / kind, 8, RANDOM, buffer_size=20)
    kept = list(reader.batches(passes=3))
    assert len({images.ctypes.data for images, _ in kept}) == 21
    again = HDF5DatasetGenerator(files / kind, 8, RANDOM, buffer_size=20)
    assert all(same([batch], [other]) for batch, other in zip(kept, again.batches(passes=3), strict=True))


@pytest.mark.parametrize("part", [lambda a: a[2], lambda a: a[1:, ::2][0], memoryview, lambda a: a.reshape(-1)[-1:]])
def test_a_held_part_of_a_batch_is_not_overwritten(files, part):
    reader = HDF5DatasetGenerator(files / "contiguous", 8, RANDOM)
    parts, copies = [], []
    for images, _ in reader.batches(passes=2):
        parts.append(part(images))
        copies.append(np.array(parts[-1]))
        del images
    assert all(np.array_equal(a, b) for a, b in zip(parts, copies, strict=True))


def test_a_dropped_batch_is_filled_again(files):
    reader = HDF5DatasetGenerator(files / "contiguous", 8, RANDOM, threads=1)
    addresses = [images.ctypes.data for images, _ in reader.batches(passes=10)]
    assert len(set(addresses)) == 2  # one is with the consumer while the next is filled
    first = reader.batch(0, 0)[0].ctypes.data
    assert reader.batch(0, 1)[0].ctypes.data == first


def test_what_is_done_to_a_batch_stays_in_it(files):
    reader = HDF5DatasetGenerator(files / "contiguous", 8)
    expected = held(reader.batches())
    for images, labels in HDF5DatasetGenerator(files / "contiguous", 8):
        images[...], labels[...] = 0, 0
    reader.epoch = 0
    assert same(held(reader.batches()), expected)


# ---- several workers, processes and machines


@every_kind
@pytest.mark.parametrize("num_workers", [2, 3, 5])
def test_workers_share_the_images(files, kind, num_workers):
    share = dict(num_workers=num_workers, buffer_size=20)
    readers = [HDF5DatasetGenerator(files / kind, 4, worker=worker, **share) for worker in range(num_workers)]
    assert {reader.images_per_epoch for reader in readers} == {COUNT // num_workers}
    assert len({len(reader) for reader in readers}) == 1
    visited = set()
    for _ in range(8):
        parts = [epochs(reader)[0] for reader in readers]
        assert {len(part) for part in parts} == {COUNT // num_workers}
        together = list(itertools.chain(*parts))
        assert len(set(together)) == len(together) == COUNT // num_workers * num_workers
        visited |= set(together)
    assert visited == set(range(COUNT))


def test_workers_do_not_draw_the_same_patches(tmp_path):
    with HDF5DatasetWriter(tmp_path / "a", (16, 40, 40, 3)) as writer:
        rows, columns = np.indices((40, 40), dtype="uint8")
        writer.add([np.dstack([rows, columns, rows])] * 16, [0] * 16)
    first, second = (
        HDF5DatasetGenerator(tmp_path / "a", 8, (PatchPreprocessor(5, 5),), worker=worker, num_workers=2).batch(0, 0)[0]
        for worker in (0, 1)
    )
    assert (first[:, 0, 0] == second[:, 0, 0]).all(axis=1).sum() <= 1


FORKS = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)


def answer_batches(reader: HDF5DatasetGenerator, keys, answer) -> None:
    answer.put([reader.batch(*key) for key in keys])


@every_kind
def test_in_another_process(files, kind):
    reader, keys = HDF5DatasetGenerator(files / kind, 8, RANDOM, buffer_size=20), [(0, 1), (2, 0), (0, 6)]
    expected = held([reader.batch(*key) for key in keys])
    assert same([pickle.loads(pickle.dumps(reader)).batch(*key) for key in keys], expected)
    answer = FORKS.Queue()
    child = FORKS.Process(target=answer_batches, args=(reader, keys, answer))
    child.start()
    assert same(answer.get(timeout=60), expected)
    child.join(60)


def fork_in_the_middle(path: Path) -> None:
    """Read, fork, and read on in both processes, while a thread of the first holds the locks."""
    reader = HDF5DatasetGenerator(path, 8, RANDOM, buffer_size=20)
    expected = held(reader.batches(passes=2))
    with reader._lock, reader._lock_file:
        child = os.fork()
        if not child:
            signal.alarm(20)  # ends it where it hangs
            reader.epoch = 0
            os._exit(0 if same(reader.batches(passes=2), expected) else 1)
    reader.epoch = 0
    assert same(reader.batches(passes=2), expected)
    assert os.waitpid(child, 0)[1] == 0


@every_kind
def test_in_a_forked_process(files, kind):
    child = FORKS.Process(target=fork_in_the_middle, args=(files / kind,))
    child.start()
    child.join(60)
    assert child.exitcode == 0  # otherwise its traceback stands in what was captured


def test_a_bucket_address(files, capsys):
    import tensorflow as tf

    address = f"ram://{files.name}/train.hdf5"
    tf.io.gfile.copy(str(files / "contiguous"), address, overwrite=True)
    reader = HDF5DatasetGenerator(address, 8, RANDOM, buffer_size=20)
    said = f"{address}: not contiguous on this machine, so shuffled in groups of 20 images\n"
    assert capsys.readouterr().out == said and reader.about.offset is None
    assert epochs(HDF5DatasetGenerator(address, 8, shuffle=False, buffer_size=7)) == [list(range(COUNT))]
    orders = epochs(HDF5DatasetGenerator(address, 8, buffer_size=20), 2)
    assert all(sorted(order) == list(range(COUNT)) for order in orders) and orders[0] != orders[1]
    assert same([reader.batch(1, 2)], [pickle.loads(pickle.dumps(reader)).batch(1, 2)])


@every_kind
def test_it_says_once_that_it_is_slow(files, capsys, kind):
    reader = HDF5DatasetGenerator(files / kind, 8, buffer_size=1234)
    list(reader.batches(passes=2))
    said = f"{files / kind}: not contiguous on this machine, so shuffled in groups of 1,234 images\n"
    assert capsys.readouterr().out == (said if kind != "contiguous" else "")


# ---- memory

MIB = 2**20


class SparseWriter(HDF5DatasetWriter):
    """Leaves out all images but the last: they are black, which is what the holes in a file read as."""

    def _flush(self):
        if self.count == self.shape[0]:
            super()._flush()
        self._filled = 0


def memory() -> tuple[int, int]:
    """Return two numbers of bytes: the pages that are this process's own, and what a limit on its data counts.

    Pages of a mapped file are neither: they are the system's cache, and it takes them back when it needs them.
    """
    pages = {
        line.split(":")[0]: line.split()[1] for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    }
    status = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines())
    return int(pages["Anonymous"]) * 1024, int(status["VmData"].split()[0]) * 1024


def three_passes(path: str, count: int, limited: bool) -> None:
    """What the child does: read a file three times, and print how much memory each pass took at most."""
    steps = (PatchPreprocessor(227, 227, horizontal_flip=True), MeanPreprocessor(*RANDOM[1].mean))
    HDF5DatasetGenerator(path, 1, steps).batch(0, 0)  # imports OpenCV
    before, data = memory()
    reader = HDF5DatasetGenerator(path, 16, steps, buffer_size=64)
    batch = 16 * 227 * 227 * 3 * 4
    limit = data + 2 * batch + 32 * MIB  # a thread's stack takes 8, of which next to nothing is used
    if limited:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    peaks = []
    for _ in range(3):
        peaks.append(0)
        for index, (images, _) in enumerate(reader):
            if index % 8 == 0:
                peaks[-1] = max(peaks[-1], memory()[0] - before)
            assert images.shape[1:] == (227, 227, 3)
    assert reader.epoch == 3 and not {"tensorflow", "keras", "jax"} & set(sys.modules)
    print(json.dumps(dict(peaks=peaks, limit=limit, batch=batch, size=Path(path).stat().st_size)))


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux counts pages for us")
@pytest.mark.parametrize(("count", "storage"), [(832, {}), (256, dict(chunks=8, compression="lzf"))])
def test_memory_stays_flat_whatever_the_size_of_the_file(tmp_path, count, storage):
    path, black = tmp_path / "a", np.zeros((32, 256, 256, 3), "uint8")
    with SparseWriter(path, (count, 256, 256, 3), buffer_size=32, **storage) as writer:
        for _ in range(count // 32):
            writer.add(black, [0] * 32)
    folders = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[4])])
    program = f"import test_reader; test_reader.three_passes({str(path)!r}, {count}, {not storage})"
    environment = os.environ | {"PYTHONPATH": folders, "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120
    )
    assert child.returncode == 0, child.stderr
    found = json.loads(child.stdout.splitlines()[-1])
    index = count * (8 + 4 + 1 + 2 * 4)  # checksums, labels, which were checked, the orders of two epochs
    groups = 2 * 64 * 256 * 256 * 3 if storage else 0  # chunks are held in groups: this one and the one before
    spare = 8 * MIB if storage else 2 * MIB  # arrays of many sizes leave gaps between them
    assert max(found["peaks"]) < 2 * found["batch"] + index + groups + spare
    assert found["peaks"][2] < found["peaks"][0] + spare / 2
    if not storage:
        assert found["limit"] < found["size"], "the file must be larger than the process may become"
