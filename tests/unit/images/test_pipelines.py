import os

import cv2
import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tensorflow as tf

from helpers.files import FileError
from helpers.images import pipelines, tfrecord_io
from helpers.images.hdf5_io import HDF5DatasetWriter
from helpers.images.pipelines import Augmentation, augment, batches, subtract_mean
from helpers.images.preprocessing import AspectAwarePreprocessor, decode

COUNT, CATS, SIDE = 20, 9, 32  # images, how many of them are of class 0, height and width as stored
LABELS = np.repeat([0, 1], [CATS, COUNT - CATS]).astype("int32")
KINDS = ("folder", "hdf5", "shards")
MEAN = (123.4, 101.9, 87.3)
ALL = Augmentation(True, 0.1, 0.2, 20, 0.2, 0.2, 0.5, 0.5)


def drawn(number, height, width):
    """Smooth red and green; blue says which image it is."""
    coarse = np.random.default_rng(number).integers(40, 216, (3, 3, 3), "uint8")
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    image[..., 2] = 12 * number
    return image


def numbers(images):
    return np.round(images[..., 2].mean(axis=(1, 2)) / 12).astype(int).tolist()


def encoded(image, suffix=".jpg"):
    image = image[..., [2, 1, 0, *range(3, image.shape[2])]] if image.ndim == 3 else image
    return cv2.imencode(suffix, image, [cv2.IMWRITE_JPEG_QUALITY, 97])[1].tobytes()


def fill(folder):
    """Write the images as files of several sizes, and what is no image beside them."""
    for number, label in enumerate(LABELS):
        file = folder / ("cat", "dog")[label] / f"{number:02}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(drawn(number, *((44, 60), (64, 40), (48, 48))[number % 3])))
    (folder / ".hidden").mkdir()
    for other in (".hidden/1.jpg", "cat/notes.txt", "labels.csv"):
        (folder / other).write_text("no image")
    return folder


@pytest.fixture(scope="module")
def squares(sources):
    """What all three sources hold: (20, 32, 32, 3) uint8."""
    files = sorted(sources["folder"].glob("[cd]*/*.jpg"))
    resize = AspectAwarePreprocessor(SIDE, SIDE)
    return np.stack([resize.preprocess(decode(file.read_bytes(), str(file))) for file in files])


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    place = tmp_path_factory.mktemp("sources")
    found = {"folder": fill(place / "folder"), "hdf5": place / "images.hdf5", "shards": place / "shards"}
    resize = AspectAwarePreprocessor(SIDE, SIDE)
    files = sorted(found["folder"].glob("[cd]*/*.jpg"))
    images = np.stack([resize.preprocess(decode(file.read_bytes(), str(file))) for file in files])
    with HDF5DatasetWriter(found["hdf5"], images.shape) as writer:
        writer.add(images, LABELS)
    pairs = zip(images, LABELS.tolist(), strict=True)
    tfrecord_io.write_shards(found["shards"], pairs, class_names=("cat", "dog"), shard_size=16_000)
    return found


def from_(source, batch_size=5, **options):
    return batches(source, batch_size, **{"size": (SIDE, SIDE), "resize_to": SIDE} | options)


def read(dataset):
    """All images and labels of one epoch."""
    parts = list(dataset.as_numpy_iterator())
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


# The three sources


@pytest.mark.parametrize("kind", KINDS)
def test_all_sources_deliver_the_same_images(sources, squares, kind):
    images, labels = read(from_(sources[kind], 6, training=False))
    assert images.dtype == np.float32 and labels.dtype == np.int32
    assert np.array_equal(labels, LABELS)
    if kind == "folder":  # cut before it is resized, so up to half a pixel elsewhere; a pixel is up to 8 levels
        assert np.abs(images - squares).mean() < 2 and np.abs(images - squares).max() < 16
    else:
        assert np.array_equal(images, squares)


@pytest.mark.parametrize("kind", KINDS)
def test_without_training_the_centre_is_cut(sources, squares, kind):
    images, labels = read(from_(sources[kind], 6, size=(20, 26), training=False))
    expected = squares[:, 6:26, 3:29]
    assert np.array_equal(labels, LABELS)
    if kind == "folder":
        assert np.abs(images - expected).mean() < 2
    else:
        assert np.array_equal(images, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_training_batches_have_fixed_shapes_and_leave_the_rest_out(sources, kind):
    dataset = from_(sources[kind], 6, size=(20, 26), augmentation=ALL, mean=MEAN)
    assert dataset.element_spec == (tf.TensorSpec((6, 20, 26, 3), tf.float32), tf.TensorSpec((6,), tf.int32))
    assert len(dataset) == len(list(dataset)) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_incomplete_batch_stays_where_asked(sources, kind):
    whole = from_(sources[kind], 6, drop_remainder=False)
    assert [len(labels) for _, labels in whole.as_numpy_iterator()] == [6, 6, 6, 2]


def test_an_incomplete_batch_goes_where_asked(sources):
    cut = from_(sources["folder"], 6, training=False, drop_remainder=True)
    assert [len(labels) for _, labels in cut.as_numpy_iterator()] == [6, 6, 6]
    assert cut.element_spec[0].shape == (6, SIDE, SIDE, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_an_epoch_holds_each_image_once_and_depends_on_the_seed_alone(sources, kind):
    options = dict(size=(16, 16))
    dataset = from_(sources[kind], seed=3, **options)
    first, second = read(dataset), read(dataset)
    for images, labels in (first, second):
        assert sorted(numbers(images)) == list(range(COUNT))
        assert np.array_equal(labels, LABELS[numbers(images)])
    assert numbers(first[0]) != numbers(second[0]) and numbers(first[0]) != list(range(COUNT))
    epochs = [dict(zip(numbers(images), images, strict=True)) for images, _ in (first, second)]
    cut_elsewhere = [not np.array_equal(epochs[0][number], epochs[1][number]) for number in range(COUNT)]
    assert sum(cut_elsewhere) > COUNT / 2
    again = from_(sources[kind], seed=3, **options)
    assert np.array_equal(read(again)[0], first[0])
    assert np.array_equal(read(again)[0], second[0])
    assert numbers(read(from_(sources[kind], seed=4, **options))[0]) != numbers(first[0])


@pytest.mark.parametrize("kind", KINDS)
def test_workers_share_the_images(sources, kind):
    parts = [from_(sources[kind], 2, worker=worker, num_workers=2) for worker in (0, 1)]
    seen = [numbers(read(part)[0]) for part in parts]
    assert sorted(seen[0] + seen[1]) == list(range(COUNT))
    policy = parts[0].options().experimental_distribute.auto_shard_policy
    assert policy == tf.data.experimental.AutoShardPolicy.OFF  # or a strategy would share them out again


@pytest.mark.parametrize("kind", ("folder", "hdf5"))
def test_every_worker_gets_the_same_number_of_images(sources, kind):
    seen = [numbers(read(from_(sources[kind], 2, worker=worker, num_workers=3))[0]) for worker in (0, 2)]
    assert [len(part) for part in seen] == [6, 6]  # 20 // 3
    assert len({number for part in seen for number in part}) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_fixed_order_the_images_are_the_same(sources, kind):
    images, labels = read(from_(sources[kind], deterministic=False, augmentation=Augmentation(flip=True)))
    assert sorted(numbers(images)) == list(range(COUNT))
    assert np.array_equal(labels, LABELS[numbers(images)])


def test_deterministic_reaches_the_options(sources):
    for wanted in (True, False):
        assert from_(sources["hdf5"], deterministic=wanted).options().deterministic is wanted


def test_cache_keeps_the_files_and_shuffles_anew(tmp_path, squares):
    folder = fill(tmp_path / "folder")
    dataset = from_(folder, cache=True)
    first = read(dataset)[0]
    for file in folder.glob("*/*.jpg"):
        file.unlink()
    second = read(dataset)[0]
    assert sorted(numbers(first)) == sorted(numbers(second)) == list(range(COUNT))
    assert numbers(first) != numbers(second)
    assert np.abs(second - squares[numbers(second)]).mean() < 2


def test_without_cache_the_files_are_read_again(tmp_path):
    folder = fill(tmp_path / "folder")
    dataset = from_(folder)
    read(dataset)
    (folder / "cat" / "03.jpg").unlink()
    with pytest.raises(tf.errors.NotFoundError, match=r"03\.jpg"):
        read(dataset)


# Decoding a window


def test_cutting_and_resizing_is_resizing_and_cutting():
    for height, width, resize_to, size in (
        (300, 400, 150, (120, 130)),
        (400, 300, 96, (96, 96)),
        (257, 255, 100, (40, 90)),
        (200, 330, 200, (111, 57)),
    ):
        image = drawn(7, height, width)
        image[..., 2] = np.linspace(0, 255, width)  # so that a wrong place shows
        resized = AspectAwarePreprocessor(resize_to, resize_to).preprocess(image).astype(float)
        for draw in (None, (1, 2), (3, 4), (5, 6)):
            place = (0.5, 0.5) if draw is None else tf.random.stateless_uniform((2,), draw).numpy()
            top, left = (int(at * (resize_to - side + 1)) for at, side in zip(place, size, strict=True))
            patch = pipelines._decode(encoded(image), b"drawn", size, resize_to, draw).numpy()
            error = patch - resized[top : top + size[0], left : left + size[1]]
            assert np.abs(error).mean() < 2.5, (height, width, draw)  # a pixel of the source is 1 to 3 levels


@pytest.mark.parametrize("suffix", (".png", ".bmp"))
def test_every_place_is_cut_and_nothing_else(suffix):
    image = np.zeros((8, 9, 3), "uint8")  # 8 x 8 in the middle of it: from column 0 on
    image[..., 0], image[..., 1] = np.arange(8)[:, None], np.arange(9)
    content = encoded(image, suffix)
    draws = tf.data.Dataset.random(1).batch(2).take(200)
    patches = draws.map(lambda draw: pipelines._decode(content, b"drawn", (6, 5), 8, draw))
    seen = set()
    for patch in patches.as_numpy_iterator():
        top, left = map(int, patch[0, 0, :2])
        assert np.array_equal(patch, image[top : top + 6, left : left + 5])
        seen.add((top, left))
    assert seen == {(top, left) for top in range(3) for left in range(4)}


def test_other_formats_are_read_like_decode(tmp_path):
    colour = drawn(5, SIDE, SIDE)
    alpha = np.dstack([colour, np.full((SIDE, SIDE), 90, "uint8")])
    deep = colour.astype("uint16") * 257
    contents = {
        "a.png": encoded(colour, ".png"),
        "b.PNG": encoded(colour[..., 0], ".png"),
        "c.png": encoded(alpha, ".png"),
        "d.png": encoded(deep, ".png"),
        "e.bmp": encoded(colour, ".bmp"),
        "f.jpeg": encoded(colour[..., 0]),
        "g.jpg": encoded(colour) + b"\0\0 bytes behind the end",
    }
    (tmp_path / "only").mkdir()
    for name, content in contents.items():
        (tmp_path / "only" / name).write_bytes(content)
    images, labels = read(from_(tmp_path, 3, training=False))
    assert labels.tolist() == [0] * 7
    expected = np.stack([decode(content, name) for name, content in contents.items()])
    assert np.array_equal(np.delete(images, 5, 0), np.delete(expected, 5, 0))
    assert np.abs(images[5] - expected[5]).max() < 6  # a JPEG, decoded in a faster way


def test_tiny_images_are_enlarged(tmp_path):
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "1.jpg").write_bytes(encoded(np.full((1, 1, 3), 200, "uint8")))
    images, _ = read(from_(tmp_path, 1, size=(2, 2), resize_to=64, training=False))
    assert np.abs(images - 200).max() < 4


# The mean


def test_mean_is_subtracted_as_numpy_does(sources, squares):
    expected = squares.astype("float32") - np.array(MEAN, "float32")
    assert np.array_equal(subtract_mean(squares, MEAN), expected)
    assert np.array_equal(read(from_(sources["hdf5"], training=False, mean=MEAN))[0], expected)
    whole = subtract_mean(squares, None)
    assert whole.dtype == tf.float32 and np.array_equal(whole, squares)


# Augmentation: a slow reference, pixel by pixel

HEIGHT, WIDTH, SEED = 11, 14, (5, 8)
NAMES = ("flip", "right", "down", "zoom", "turn", "slant", "brightness", "contrast", "saturation")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (6, HEIGHT, WIDTH, 3)).astype("float32")


def draws(count, seed=SEED):
    """The random numbers in [-1, 1) that `augment` uses, one dictionary an image."""
    values = tf.random.stateless_uniform((9, count), seed, -1.0, 1.0).numpy().astype(float)
    return [dict(zip(NAMES, column, strict=True)) for column in values.T]


def moved(image, source):
    """An image whose pixel (row, column) comes from `source(row, column)`; beyond the edge lies the mirror image."""
    result = np.empty(image.shape)
    for row, column in np.ndindex(image.shape[:2]):
        at = source(row, column)
        low = [int(np.floor(value)) for value in at]
        total = 0.0
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            weight = np.prod([1 - abs(at[0] - low[0] - down), 1 - abs(at[1] - low[1] - right)])
            total += weight * image[mirrored(low[0] + down, image.shape[0]), mirrored(low[1] + right, image.shape[1])]
        result[row, column] = total
    return result


def mirrored(index, size):
    index %= 2 * size
    return index if index < size else 2 * size - 1 - index


def about_centre(image, source):
    """The same with positions (down, right) counted from the centre."""
    y, x = (image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2

    def from_corner(row, column):
        down, right = source(row - y, column - x)
        return down + y, right + x

    return moved(image, from_corner)


def turned(image, degrees):
    """Turned about the centre, against the clock."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return about_centre(image, lambda y, x: (cos * y + sin * x, cos * x - sin * y))


def grey(image):
    return (0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2])[..., None]


REFERENCES = {
    "flip": (Augmentation(flip=True), lambda i, d: i[:, ::-1] if d["flip"] < 0 else i),
    "shift": (
        Augmentation(shift=0.3),
        lambda i, d: moved(i, lambda y, x: (y + 0.3 * HEIGHT * d["down"], x + 0.3 * WIDTH * d["right"])),
    ),
    "zoom": (
        Augmentation(zoom=0.5),
        lambda i, d: about_centre(i, lambda y, x: (y / 1.5 ** d["zoom"], x / 1.5 ** d["zoom"])),
    ),
    "rotation": (Augmentation(rotation=40), lambda i, d: turned(i, 40 * d["turn"])),
    "shear": (Augmentation(shear=0.4), lambda i, d: about_centre(i, lambda y, x: (y, x + 0.4 * d["slant"] * y))),
    "brightness": (Augmentation(brightness=0.4), lambda i, d: i + 255 * 0.4 * d["brightness"]),
    "contrast": (Augmentation(contrast=0.6), lambda i, d: i.mean() + (i - i.mean()) * (1 + 0.6 * d["contrast"])),
    "saturation": (Augmentation(saturation=0.9), lambda i, d: grey(i) + (i - grey(i)) * (1 + 0.9 * d["saturation"])),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_each_change_alone_is_that_of_a_slow_reference(images, name):
    augmentation, reference = REFERENCES[name]
    result = augment(images, augmentation, SEED).numpy()
    expected = [reference(image.astype(float), draw) for image, draw in zip(images, draws(6), strict=True)]
    assert result.dtype == np.float32
    assert np.abs(result - np.clip(expected, 0, 255)).max() < 0.05
    assert np.abs(result - images).max() > 5


def test_all_moves_are_one_transformation(images):
    augmentation = Augmentation(True, 0.2, 0.3, 30, 0.4)
    for image, result, draw in zip(images, augment(images, augmentation, SEED).numpy(), draws(6), strict=True):
        angle, larger = np.deg2rad(30 * draw["turn"]), 1.3 ** draw["zoom"]

        def source(y, x, draw=draw, angle=angle, larger=larger):
            x = x + 0.4 * draw["slant"] * y
            y, x = np.cos(angle) * y + np.sin(angle) * x, np.cos(angle) * x - np.sin(angle) * y
            x = -x if draw["flip"] < 0 else x
            return y / larger + 0.2 * HEIGHT * draw["down"], x / larger + 0.2 * WIDTH * draw["right"]

        assert np.abs(result - about_centre(image.astype(float), source)).max() < 0.05


def test_all_changes_of_colour_come_in_order(images):
    image, draw = images[0].astype(float), draws(1)[0]
    result = augment(images[:1], Augmentation(brightness=0.1, contrast=0.5, saturation=0.5), SEED).numpy()[0]
    image = image.mean() + (image - image.mean()) * (1 + 0.5 * draw["contrast"])
    image = grey(image) + (image - grey(image)) * (1 + 0.5 * draw["saturation"])
    assert np.abs(result - np.clip(image + 25.5 * draw["brightness"], 0, 255)).max() < 0.05


def move(image, augmentation, **chosen):
    """Move one image with random numbers of our choice, 0 elsewhere."""
    numbers = [tf.constant([chosen.get(name, 0.0)]) for name in NAMES[:6]]
    return pipelines._move(tf.constant(image[None]), augmentation, numbers).numpy()[0]


def test_whole_pixels_and_right_angles_are_exact(images):
    image, square = images[0], images[0][:, :HEIGHT]
    shifted = move(image, Augmentation(shift=3 / WIDTH), right=1.0)
    assert np.allclose(shifted, np.pad(image, ((0, 0), (0, 3), (0, 0)), "symmetric")[:, 3:], atol=0.01)
    shifted = move(image, Augmentation(shift=2 / HEIGHT), down=-1.0)
    assert np.allclose(shifted, np.pad(image, ((2, 0), (0, 0), (0, 0)), "symmetric")[:-2], atol=0.01)
    assert np.array_equal(move(image, Augmentation(flip=True), flip=-0.5), image[:, ::-1])
    assert np.array_equal(move(image, Augmentation(flip=True), flip=0.5), image)
    assert np.allclose(move(square, Augmentation(rotation=90), turn=1.0), np.rot90(square), atol=0.01)
    assert np.allclose(move(square, Augmentation(rotation=90), turn=-1.0), np.rot90(square, 3), atol=0.01)
    halved = move(square, Augmentation(zoom=1.0), zoom=-1.0)
    assert np.allclose(halved[3:8, 3:8], square[1:10:2, 1:10:2], atol=0.01)
    slanted = move(square, Augmentation(shear=1.0), slant=1.0)
    assert np.allclose(slanted[7, :9], square[7, 2:], atol=0.01)  # two rows below the centre


def test_nothing_asked_nothing_changed(images):
    assert np.array_equal(augment(images, Augmentation(), SEED), images)
    assert augment(images.astype("uint8"), Augmentation(), SEED).dtype == tf.float32


def test_results_stay_in_range_and_depend_on_the_seed(images):
    strong = Augmentation(True, 0.5, 1.0, 180, 1.0, 1.0, 2.0, 2.0)
    result = augment(images, strong, SEED).numpy()
    assert result.shape == images.shape and result.min() >= 0 and result.max() <= 255
    assert np.array_equal(result, augment(images, strong, SEED))
    assert not np.array_equal(result, augment(images, strong, (5, 9)))
    same = np.broadcast_to(images[0], images.shape)
    changed = augment(same, Augmentation(rotation=30), SEED).numpy()
    assert len(np.unique(changed.reshape(6, -1), axis=0)) == 6  # each image in its own way


def test_pipeline_augments_anew_in_every_epoch(sources, squares):
    options = dict(training=False, augmentation=Augmentation(flip=True, rotation=10))
    dataset = from_(sources["hdf5"], 5, **options)
    first, second = read(dataset)[0], read(dataset)[0]
    assert not any(np.array_equal(*pair) for pair in zip(first, second, strict=True))
    assert not any(np.array_equal(*pair) for pair in zip(first, squares, strict=True))
    assert numbers(first) == list(range(COUNT))
    again = from_(sources["hdf5"], 5, mean=MEAN, **options)
    assert np.allclose(read(again)[0], first - np.float32(MEAN), atol=1e-3)
    assert not np.array_equal(read(from_(sources["hdf5"], 5, seed=1, **options))[0], first)


# Networks


def small_network():
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.mark.both_backends
def test_fit_takes_the_batches(sources):
    model = small_network()
    for kind in KINDS:
        dataset = from_(sources[kind], augmentation=ALL, mean=MEAN)
        history = model.fit(dataset, epochs=2, shuffle=False, verbose=0)
        assert len(history.history["loss"]) == 2 and model.optimizer.iterations % 8 == 0


# Errors


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("folder", dict(batch_size=0), "batch_size must be 1 or more.*batch_size=0"),
        ("hdf5", dict(worker=2, num_workers=2), "worker from 0 to num_workers - 1.*worker=2"),
        ("folder", dict(size=(40, 20)), r"resize_to must be at least size.*resize_to=32, size=\(40, 20\)"),
        ("folder", dict(size=(0, 20)), "size"),
        ("hdf5", dict(size=(20, 33), training=False), r"size must be at most \(32, 32\).*size=\(20, 33\)"),
        ("hdf5", dict(size=(33, 20)), "at least 20 x 33.*32 x 32"),
        ("shards", dict(size=(33, 20)), r"crop=\(33, 20\)"),
        ("hdf5", dict(cache=True), "cache must be False for an HDF5 file"),
        ("shards", dict(cache=True), "cache must be False for a folder of shards"),
    ],
)
def test_wrong_arguments_are_named(sources, kind, options, message):
    with pytest.raises(ValueError, match=message):
        from_(sources[kind], **options)


def test_resize_to_counts_for_a_folder_alone(sources):
    for kind in ("hdf5", "shards"):
        assert from_(sources[kind], resize_to=8).element_spec[0].shape == (5, SIDE, SIDE, 3)


def test_missing_or_empty_sources_are_named(sources, tmp_path):
    (tmp_path / "text").write_text("no HDF5")
    (tmp_path / "empty" / "cat").mkdir(parents=True)
    for name in ("gone", "text", "empty"):
        with pytest.raises(FileError, match=name):
            from_(tmp_path / name)
    with pytest.raises(FileError, match=r"folder must hold .* a batch\. Received: 20 images, and no index.json"):
        from_(sources["folder"], batch_size=6, num_workers=4)  # 5 images each: not one batch


@pytest.mark.parametrize("content", [b"", b"no image at all", encoded(drawn(3, 40, 40))[:600]])
def test_a_broken_image_is_named(tmp_path, content):
    folder = fill(tmp_path / "folder")
    (folder / "dog" / "12.jpg").write_bytes(content)
    with pytest.raises(tf.errors.OpError, match=r"FileError: .*dog/12\.jpg"):
        read(from_(folder))
