"""The reader's batches as Keras takes them: the same to the last bit, by either road and under either backend."""

from pathlib import Path

import keras
import numpy as np
import pytest

from helpers.images.hdf5_io import HDF5DatasetGenerator, HDF5DatasetWriter
from helpers.images.preprocessing import ImageToArrayPreprocessor, MeanPreprocessor, PatchPreprocessor

COUNT, SHAPE = 53, (12, 10, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, *SHAPE), dtype="uint8")
LABELS = np.random.default_rng(1).integers(0, 3, COUNT, dtype="int32")
STORAGE = {"contiguous": {}, "lzf": dict(chunks=3, compression="lzf")}


class Halve:
    """A preprocessor of somebody else's: float32 before the mean is subtracted."""

    draws = 0

    def preprocess(self, image, *, draw=None, out=None):
        return np.multiply(image, np.float32(0.5), out=out)


PATCH, MEAN = PatchPreprocessor(7, 8, horizontal_flip=True), MeanPreprocessor(120.5, 116.78, 103.9)
STEPS = {
    "none": (),
    "patch": (PATCH,),
    "mean": (MEAN,),
    "patch, mean": (PATCH, MEAN),
    "mean, patch": (MEAN, PATCH),
    "float32, mean": (ImageToArrayPreprocessor("float32"), MEAN),
    "half, mean": (PATCH, Halve(), MEAN),
    "mean, channels first": (MEAN, ImageToArrayPreprocessor("float32", "channels_first")),
}
every_kind = pytest.mark.parametrize("kind", STORAGE)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for kind, storage in STORAGE.items():
        with HDF5DatasetWriter(folder / kind, IMAGES.shape, class_names=("a", "b", "c"), **storage) as writer:
            writer.add(IMAGES, LABELS)
    return folder


def plain(path: Path, *arguments, passes: int = 1, **keywords) -> list:
    reader = HDF5DatasetGenerator(path, *arguments, **keywords)
    return [(images.copy(), labels) for images, labels in reader.batches(passes)]


def assert_same(batches, expected) -> None:
    for (images, labels), (right, right_labels) in zip(batches, expected, strict=True):
        images, labels = np.asarray(images), np.asarray(labels)
        assert (images.dtype, images.shape) == (right.dtype, right.shape) and images.tobytes() == right.tobytes()
        assert labels.dtype == right_labels.dtype and np.array_equal(labels, right_labels)


@pytest.mark.parametrize(("kind", "one_hot"), [("contiguous", True), ("lzf", False)])
@pytest.mark.parametrize("name", STEPS)
def test_three_roads_to_the_same_batches(files, kind, one_hot, name):
    chosen = dict(preprocessors=STEPS[name], seed=4, one_hot=one_hot, buffer_size=20)
    expected = plain(files / kind, 8, **chosen)
    dataset = HDF5DatasetGenerator(files / kind, 8, **chosen).dataset()
    assert_same(dataset, expected)
    assert [spec.dtype.as_numpy_dtype for spec in dataset.element_spec] == [part.dtype for part in expected[0]]
    sequence = HDF5DatasetGenerator(files / kind, 8, **chosen).sequence()
    assert_same((sequence[index] for index in range(len(sequence))), expected)


@every_kind
def test_every_iteration_over_a_dataset_is_a_new_epoch(files, kind):
    expected = plain(files / kind, 8, STEPS["patch, mean"], passes=6, buffer_size=20)
    reader = HDF5DatasetGenerator(files / kind, 8, STEPS["patch, mean"], buffer_size=20)
    dataset = reader.dataset()
    for epoch in range(3):
        assert_same(dataset, expected[7 * epoch : 7 * epoch + 7])
    assert reader.epoch == 3
    assert_same(reader.dataset(passes=2), expected[21:35])
    assert_same(dataset.repeat().take(7), expected[35:])


@pytest.mark.parametrize("passes", [1, 3])
def test_a_dataset_knows_its_length(files, passes):
    for drop_remainder, length in ((False, 7), (True, 6)):
        dataset = HDF5DatasetGenerator(files / "contiguous", 8, drop_remainder=drop_remainder).dataset(passes)
        assert len(dataset) == passes * length == sum(1 for _ in dataset)


def test_a_dataset_without_end(files):
    import tensorflow as tf

    expected = plain(files / "contiguous", 8, passes=3)
    dataset = HDF5DatasetGenerator(files / "contiguous", 8).dataset(passes=None)
    assert dataset.cardinality() == tf.data.INFINITE_CARDINALITY
    assert_same(dataset.take(len(expected)), expected)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("name", ["none", "patch, mean", "mean, channels first"])
def test_fixed_shapes_where_no_batch_is_smaller(files, name, one_hot):
    import tensorflow as tf

    def shapes(batch_size, **keywords):
        reader = HDF5DatasetGenerator(files / "contiguous", batch_size, STEPS[name], one_hot=one_hot, **keywords)
        return reader, [spec.shape for spec in tf.nest.flatten(reader.dataset().element_spec)]

    reader, fixed = shapes(8, drop_remainder=True)
    assert all(shape.is_fully_defined() for shape in fixed)
    assert fixed == [(8, *reader.shape), (8, 3) if one_hot else (8,)]
    assert all(shape.is_fully_defined() for shape in shapes(53)[1])
    assert [shape.as_list()[0] for shape in shapes(8)[1]] == [None, None]


def test_a_sequence_goes_on_with_the_next_epoch(files):
    expected = plain(files / "contiguous", 8, passes=3)
    reader = HDF5DatasetGenerator(files / "contiguous", 8)
    reader.epoch = 1
    sequence = reader.sequence()
    for epoch in (1, 2):
        assert_same((sequence[index] for index in range(7)), expected[7 * epoch : 7 * epoch + 7])
        sequence.on_epoch_end()


@every_kind
@pytest.mark.parametrize(
    "workers", [dict(workers=2, max_queue_size=3), dict(workers=2, use_multiprocessing=True, max_queue_size=3)]
)
def test_predictions_come_in_the_order_of_the_file(files, kind, workers):
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Rescaling(2.0)])
    reader = HDF5DatasetGenerator(files / kind, 8, (MEAN,), shuffle=False, buffer_size=20)
    expected = 2 * np.concatenate([images.copy() for images, _ in reader])  # its threads exist before a process forks
    assert np.array_equal(model.predict(reader.sequence(**workers), verbose=0), expected)


def small_model(shape: tuple) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(shape), keras.layers.Rescaling(1 / 128), keras.layers.Flatten()])
    model.add(keras.layers.Dense(3, activation="softmax"))
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    return model


@pytest.mark.both_backends
@every_kind
@pytest.mark.parametrize("road", ["dataset", "two workers"])
def test_fit_sees_every_image_once_an_epoch(files, kind, road, monkeypatch):
    reader = HDF5DatasetGenerator(files / kind, 8, STEPS["patch, mean"], buffer_size=20)
    asked, read = [], reader.read
    monkeypatch.setattr(
        reader,
        "read",
        lambda epoch, index, *rest, **more: asked.append((epoch, index)) or read(epoch, index, *rest, **more),
    )
    data = reader.dataset() if road == "dataset" else reader.sequence(workers=2)
    history = small_model(reader.shape).fit(data, epochs=2, verbose=0, shuffle=False).history["loss"]
    assert len(history) == 2 and np.isfinite(history).all()
    for epoch in sorted({epoch for epoch, _ in asked})[-2:]:  # Keras may take a look at another one before it begins
        assert sorted({index for at, index in asked if at == epoch}) == list(range(7))


@pytest.mark.both_backends
def test_fit_by_both_roads_ends_in_the_same_weights(files):
    weights = []
    for road in ("dataset", "sequence"):
        reader = HDF5DatasetGenerator(files / "contiguous", 8, (MEAN,), drop_remainder=True, shuffle=False)
        model = small_model(reader.shape)
        model.fit(getattr(reader, road)(), verbose=0, shuffle=False)
        weights.append(np.asarray(model.layers[-1].kernel))
    assert np.allclose(*weights, atol=1e-6)


@pytest.mark.both_backends
def test_a_batch_that_the_backend_holds_is_not_overwritten(files):
    reader = HDF5DatasetGenerator(files / "contiguous", 8, STEPS["patch, mean"])
    kept = [keras.ops.convert_to_tensor(images) for images, _ in reader.batches(passes=3)]
    expected = plain(files / "contiguous", 8, STEPS["patch, mean"], passes=3)
    assert all(np.array_equal(np.asarray(a), b) for a, (b, _) in zip(kept, expected, strict=True))


@pytest.mark.parametrize("road", ["dataset", "sequence"])
def test_an_error_names_the_file(files, tmp_path, road):
    path = tmp_path / "broken"
    content = bytearray((files / "contiguous").read_bytes())
    content[content.index(IMAGES[30].tobytes()) + 5] ^= 16
    path.write_bytes(content)
    reader = HDF5DatasetGenerator(path, 8)
    with pytest.raises(Exception, match=f"{path} is damaged: image 30 does not match its checksum"):
        small_model(SHAPE).fit(getattr(reader, road)(), verbose=0, shuffle=False)
