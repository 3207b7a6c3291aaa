"""Each preprocessor three ways: one image, a row of a batch, and slow plain numpy. What is no RGB image is refused."""

import itertools

import cv2
import numpy as np
import pytest

from helpers.files import FileError
from helpers.images import preprocessing
from helpers.images.preprocessing import (
    AspectAwarePreprocessor,
    CropPreprocessor,
    ImageToArrayPreprocessor,
    MeanPreprocessor,
    PatchPreprocessor,
    SimplePreprocessor,
)

MEANS = (123.68, 116.779, 103.939)


def draw_images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype="uint8")


def area(size: int, target: int) -> np.ndarray:
    """The weights of an area average: how much of each old pixel a new one covers, (target, size)."""
    weights, step = np.zeros((target, size)), size / target
    for new, old in itertools.product(range(target), range(size)):
        weights[new, old] = max(0, min((new + 1) * step, old + 1) - max(new * step, old)) / step
    return weights


def linear(size: int, target: int) -> np.ndarray:
    """The weights of linear interpolation between the centres of pixels, (target, size)."""
    weights = np.zeros((target, size))
    for new in range(target):
        place = min(max((new + 0.5) * size / target - 0.5, 0), size - 1)
        left = min(int(place), size - 2) if size > 1 else 0
        weights[new, left] += 1 - (place - left)
        weights[new, min(left + 1, size - 1)] += place - left
    return weights


def resized(image: np.ndarray, width: int, height: int, weights=area) -> np.ndarray:
    rows, columns = weights(image.shape[0], height), weights(image.shape[1], width)
    return np.einsum("yh,hwc,xw->yxc", rows, image.astype("float64"), columns)


# ---- all of them

CASES = {
    "simple": lambda: SimplePreprocessor(8, 6),
    "aspect": lambda: AspectAwarePreprocessor(8, 6),
    "mean": lambda: MeanPreprocessor(*MEANS),
    "patch": lambda: PatchPreprocessor(8, 6),
    "flipped patch": lambda: PatchPreprocessor(8, 6, horizontal_flip=True),
    "ten crops": lambda: CropPreprocessor(8, 6),
    "five crops": lambda: CropPreprocessor(8, 6, horizontal_flip=False),
    "float32": lambda: ImageToArrayPreprocessor(),
    "channels first": lambda: ImageToArrayPreprocessor("float16", "channels_first"),
}
each = pytest.mark.parametrize("name", CASES)


@each
def test_an_image_is_a_row_of_the_batch(name):
    images, step = draw_images(5, 12, 17), CASES[name]()
    before = images.copy()
    draw = np.random.default_rng(1).random((5, step.draws))
    batch = step.preprocess_batch(images, draw=draw)
    rows = [step.preprocess(image, draw=numbers) for image, numbers in zip(images, draw, strict=True)]
    assert all(row.dtype == batch.dtype for row in rows) and np.array_equal(batch, np.stack(rows))
    assert np.array_equal(step.preprocess_batch(list(images), draw=draw), batch)
    assert np.array_equal(images, before)


@each
def test_the_array_to_fill_is_filled(name):
    images, step = draw_images(3, 12, 17), CASES[name]()
    draw = np.random.default_rng(1).random((3, step.draws))
    expected = step.preprocess_batch(images, draw=draw)
    whole = np.zeros((4, *expected.shape[1:]), expected.dtype)
    assert step.preprocess(images[1], draw=draw[1], out=whole[1]) is not None
    assert np.array_equal(whole[1], expected[1]) and not whole[[0, 2, 3]].any()
    step.preprocess_batch(images, draw=draw, out=whole[:3])
    assert np.array_equal(whole[:3], expected) and not whole[3].any()


@each
def test_an_array_of_another_shape_is_not_filled(name):
    step, image = CASES[name](), draw_images(12, 17)
    expected = step.preprocess(image, draw=(0,) * step.draws)
    for shape in ((*expected.shape[:-2], 1, 3), (2, *expected.shape), (expected.shape[0] + 1, *expected.shape[1:])):
        with pytest.raises(ValueError, match=r"out must be .* Received: "):
            step.preprocess(image, draw=(0,) * step.draws, out=np.zeros(shape, expected.dtype))


BAD = {
    "grey": np.zeros((20, 20), "uint8"),
    "one channel": np.zeros((20, 20, 1), "uint8"),
    "alpha": np.zeros((20, 20, 4), "uint8"),
    "16-bit": np.zeros((20, 20, 3), "uint16"),
    "float64": np.zeros((20, 20, 3)),
    "signed": np.zeros((20, 20, 3), "int8"),
    "no rows": np.zeros((0, 20, 3), "uint8"),
    "no columns": np.zeros((20, 0, 3), "uint8"),
    "list": np.zeros((20, 20, 3), "uint8").tolist(),
    "none": None,
}


@each
@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_rgb_image_is_refused(name, kind):
    step, image = CASES[name](), BAD[kind]
    expected = (
        rf"image must be RGB uint8( or float32)? \(height, width, 3\)\. Received: .*{getattr(image, 'dtype', '')}"
    )
    with pytest.raises(ValueError, match=expected):
        step.preprocess(image)
    batch = image[None] if isinstance(image, np.ndarray) else [image]
    for images in (batch, list(batch)):
        with pytest.raises(ValueError, match=expected):
            step.preprocess_batch(images)


@each
def test_batches_that_are_none(name):
    for empty in (np.zeros((0, 20, 20, 3), "uint8"), []):
        with pytest.raises(ValueError, match=r"images must hold at least one image. Received: an empty batch"):
            CASES[name]().preprocess_batch(empty)
    with pytest.raises(ValueError, match=r"image must be RGB .* Received: uint8 \(20, 3\)"):
        CASES[name]().preprocess_batch(np.zeros((20, 20, 3), "uint8"))  # one image


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (SimplePreprocessor, (0, 5), "width and height must be 1 or more. Received: width=0, height=5"),
        (AspectAwarePreprocessor, (5, -1), "width and height must be 1 or more. Received: width=5, height=-1"),
        (PatchPreprocessor, (5, 0), "width and height"),
        (CropPreprocessor, (0, 0), "width and height"),
        (MeanPreprocessor, (-1, 0, 0), r"in \[0, 255\]. Received: r=-1"),
        (MeanPreprocessor, (0, 256, 0), r"in \[0, 255\]. Received: .* g=256"),
        (MeanPreprocessor, (0, 0, float("nan")), r"in \[0, 255\]. Received: .* b=nan"),
        (ImageToArrayPreprocessor, ("int8",), "dtype must be uint8 or of a float type. Received: 'int8'"),
        (ImageToArrayPreprocessor, ("float32", "nchw"), "channels_first. Received: 'nchw'"),
    ],
)
def test_bad_arguments_are_named(build, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(*arguments)


def test_a_size_is_a_whole_number():
    with pytest.raises(TypeError):
        SimplePreprocessor(7.5, 8)


@pytest.mark.parametrize("build", [PatchPreprocessor, CropPreprocessor])
def test_an_image_smaller_than_the_patch(build):
    step = build(8, 6)
    for height, width in ((5, 8), (6, 7)):
        message = f"{build.__name__}: image must be at least 8 x 6 .* Received: {width} x {height}"
        for call, images in (
            (step.preprocess, draw_images(height, width)),
            (step.preprocess_batch, draw_images(2, height, width)),
        ):
            with pytest.raises(ValueError, match=message):
                call(images)
    assert step.preprocess(draw_images(6, 8)).shape[-3:] == (6, 8, 3)


# ---- resizing


@pytest.mark.parametrize("factors", [(2, 2), (3, 3), (4, 2), (1, 5), (1, 1)])
def test_simple_shrinks_by_area_averages(factors):
    width, height = 7, 5
    image = draw_images(height * factors[1], width * factors[0])
    slow = np.empty((height, width, 3))
    for row, column, channel in np.ndindex(slow.shape):
        window = np.s_[row * factors[1] : (row + 1) * factors[1], column * factors[0] : (column + 1) * factors[0]]
        slow[row, column, channel] = np.mean(image[window][..., channel])
    result = SimplePreprocessor(width, height).preprocess(image)
    assert result.dtype == np.uint8 and np.abs(result - slow).max() <= 0.5001
    assert np.allclose(resized(image, width, height), slow)


@pytest.mark.parametrize("shape", [(23, 31), (12, 9), (40, 8), (5, 50)])
def test_simple_at_any_size(shape):
    image = draw_images(*shape)
    assert np.abs(SimplePreprocessor(8, 5).preprocess(image) - resized(image, 8, 5)).max() <= 0.51
    larger = SimplePreprocessor(57, 53).preprocess(image)
    assert np.abs(larger - resized(image, 57, 53, linear)).max() <= 1  # OpenCV counts in steps of 1/2048 here


@pytest.mark.parametrize(
    ("shape", "size", "left", "top"),
    [
        ((24, 60), (8, 8), 6, 0),  # 20 x 8 covers it
        ((24, 63), (8, 8), 6, 0),  # 21 x 8: 6 columns go on the left, 7 on the right
        ((63, 24), (8, 8), 0, 6),
        ((24, 24), (8, 8), 0, 0),
        ((24, 32), (16, 6), 0, 3),  # 16 x 12
        ((50, 30), (15, 10), 0, 7),  # 15 x 25
    ],
)
def test_aspect_aware_keeps_the_centre(shape, size, left, top):
    image, (width, height) = draw_images(*shape), size
    scale = max(width / shape[1], height / shape[0])
    covering = resized(image, round(shape[1] * scale), round(shape[0] * scale))
    result = AspectAwarePreprocessor(width, height).preprocess(image)
    expected = covering[top : top + height, left : left + width]
    assert result.shape == (height, width, 3) and np.abs(result - expected).max() <= 0.51


def test_aspect_aware_keeps_proportions():
    image = np.zeros((120, 300, 3), "uint8")
    cv2.circle(image, (150, 60), 40, (255, 255, 255), -1)
    for size, diameter in (((60, 60), 40), ((240, 180), 120)):  # 120 rows become 60, then 180
        lit = AspectAwarePreprocessor(*size).preprocess(image)[..., 0] > 127
        assert abs(lit.any(axis=0).sum() - diameter) <= 2 and abs(lit.any(axis=1).sum() - diameter) <= 2
        rows, columns = np.nonzero(lit)
        assert abs(columns.mean() - (size[0] - 1) / 2) < 1 and abs(rows.mean() - (size[1] - 1) / 2) < 1


def test_aspect_aware_always_covers():
    for height, width in itertools.product(range(1, 40, 3), repeat=2):
        assert AspectAwarePreprocessor(13, 7).preprocess(draw_images(height, width)).shape == (7, 13, 3)


def test_a_list_of_images_of_many_sizes():
    images = [draw_images(10, 20), draw_images(30, 15), draw_images(9, 9)]
    for step in (SimplePreprocessor(8, 6), AspectAwarePreprocessor(8, 6), CropPreprocessor(8, 6)):
        batch = step.preprocess_batch(images)
        assert all(np.array_equal(row, step.preprocess(image)) for row, image in zip(batch, images, strict=True))
    for images in ([draw_images(10, 20), draw_images(1, 1)], [draw_images(10, 20), draw_images(10, 1)]):
        with pytest.raises(ValueError, match="out must be"):
            MeanPreprocessor(*MEANS).preprocess_batch(images)


# ---- mean


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (3, 1), (1, 3), (2, 2), (17, 31), (227, 227)])
@pytest.mark.parametrize("means", [MEANS, (0, 0, 0), (1, 2, 255), (127.5, 1 / 3, 0.1)])
def test_mean_is_numpys_subtraction_to_the_last_bit(shape, means):
    image = draw_images(*shape)
    expected = image.astype("float32") - np.array(means, "float32")
    step = MeanPreprocessor(*means)
    for source in (image, image.astype("float32")):
        result = step.preprocess(source)
        assert result.dtype == np.float32 and np.array_equal(result.view("uint32"), expected.view("uint32"))


def test_mean_of_every_byte_in_every_channel():
    image = np.repeat(np.arange(256, dtype="uint8").reshape(16, 16, 1), 3, axis=2)
    expected = np.empty(image.shape, "float32")
    for row, column, channel in np.ndindex(image.shape):
        expected[row, column, channel] = np.float32(image[row, column, channel]) - np.float32(MEANS[channel])
    assert np.array_equal(MeanPreprocessor(*MEANS).preprocess(image), expected)


# ---- patch


def places(height: int, width: int) -> np.ndarray:
    """An image whose pixels say where they are: (row, column, 7)."""
    rows, columns = np.indices((height, width))
    return np.stack([rows, columns, np.full_like(rows, 7)], axis=-1).astype("uint8")


def test_every_position_of_a_patch_is_equally_likely():
    image, count = places(5, 6), 9_000
    patches = PatchPreprocessor(4, 3, horizontal_flip=True, seed=3).preprocess_batch(np.stack([image] * count))
    mirrored = patches[:, 0, 0, 1] > patches[:, 0, -1, 1]
    tops, lefts = patches[:, 0, 0, 0], patches[:, 0, :, 1].min(axis=1)
    columns = np.where(mirrored[:, None], np.arange(3, -1, -1), np.arange(4)) + lefts[:, None]
    assert (patches[..., 0] == tops[:, None, None] + np.arange(3)[:, None]).all()
    assert (patches[..., 1] == columns[:, None]).all() and (patches[..., 2] == 7).all()
    seen = np.zeros((3, 3, 2))
    np.add.at(seen, (tops, lefts, mirrored.astype(int)), 1)
    chi_square = ((seen - count / 18) ** 2 / (count / 18)).sum()
    assert chi_square < 40.8  # 17 degrees of freedom: chance exceeds it once in a thousand


def test_the_ends_of_the_draw():
    image, step = places(9, 11), PatchPreprocessor(4, 3, horizontal_flip=True)
    last = np.nextafter(1, 0)
    assert np.array_equal(step.preprocess(image, draw=(0, 0, 0.5)), image[:3, :4])
    assert np.array_equal(step.preprocess(image, draw=(last, last, last)), image[-3:, -4:])
    assert np.array_equal(step.preprocess(image, draw=(0, last, last)), image[:3, -4:])
    assert np.array_equal(step.preprocess(image, draw=(last, 0, 0.499)), image[-3:, :4][:, ::-1])


def test_a_patch_is_not_mirrored_unasked():
    images = np.stack([places(9, 11)] * 50)
    patches = PatchPreprocessor(4, 3, seed=0).preprocess_batch(images)
    assert (np.diff(patches[..., 1].astype(int), axis=2) == 1).all()


def test_patches_from_a_seed():
    images = draw_images(20, 12, 17)
    first, again, other = (PatchPreprocessor(8, 6, seed=seed).preprocess_batch(images) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    step = PatchPreprocessor(8, 6, seed=1)
    assert np.array_equal(np.stack([step.preprocess(image) for image in images]), first)
    assert not np.array_equal(step.preprocess_batch(images), first)  # it draws on
    assert np.array_equal(
        step.preprocess(images[0], draw=(0.3, 0.7, 0)), step.preprocess(images[0], draw=(0.3, 0.7, 0))
    )


def test_a_patch_as_large_as_the_image_is_the_image():
    image = draw_images(6, 8)
    assert np.array_equal(PatchPreprocessor(8, 6).preprocess(image), image)


# ---- crops


@pytest.mark.parametrize("spare", [(4, 6), (5, 7), (0, 0), (1, 0), (4, 7)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_ten_crops(spare, dtype):
    below, right = spare
    image = draw_images(6 + below, 8 + right).astype(dtype)
    crops = CropPreprocessor(8, 6).preprocess(image)
    assert crops.shape == (10, 6, 8, 3) and crops.dtype == dtype
    slow = [image[:6, :8], image[:6, -8:], image[-6:, -8:], image[-6:, :8]]
    slow += [image[below // 2 : below // 2 + 6, right // 2 : right // 2 + 8]]
    for index, window in enumerate(slow):
        assert np.array_equal(crops[index], window)
        for row, column in np.ndindex(6, 8):
            assert np.array_equal(crops[5 + index, row, column], window[row, 7 - column])
    assert np.array_equal(CropPreprocessor(8, 6, horizontal_flip=False).preprocess(image), crops[:5])


@pytest.mark.parametrize("spare", [(4, 6), (5, 7)])
def test_the_centre_lies_in_the_centre(spare):
    centre = CropPreprocessor(8, 6).preprocess(places(6 + spare[0], 8 + spare[1]))[4]
    for axis, size in ((0, 6), (1, 8)):
        before = centre[0, 0, axis]
        after = spare[axis] + size - 1 - centre[-1, -1, axis]
        assert 0 <= int(after) - int(before) <= spare[axis] % 2


def test_crops_do_not_go_into_an_array_that_cannot_hold_them():
    images = draw_images(2, 12, 17).astype("float32")
    with pytest.raises(ValueError, match=r"out must be float32 \(2, 10, 6, 8, 3\). Received: uint8"):
        CropPreprocessor(8, 6).preprocess_batch(images, out=np.zeros((2, 10, 6, 8, 3), "uint8"))


# ---- type and order of axes


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_image_to_array(dtype):
    image = draw_images(4, 5)
    last = ImageToArrayPreprocessor(dtype).preprocess(image)
    first = ImageToArrayPreprocessor(dtype, "channels_first").preprocess(image)
    assert last.dtype == first.dtype == dtype and last.flags.c_contiguous and first.flags.c_contiguous
    assert np.array_equal(last, image) and first.shape == (3, 4, 5)
    for row, column, channel in np.ndindex(image.shape):
        assert first[channel, row, column] == image[row, column, channel]


def test_fractions_are_not_cut_to_bytes():
    with pytest.raises(ValueError, match=r"image must be RGB uint8 .* Received: float32"):
        ImageToArrayPreprocessor("uint8").preprocess(np.full((4, 5, 3), -0.5, "float32"))


# ---- decoding

CONTENT = cv2.GaussianBlur(draw_images(24, 40), (0, 0), 3)  # RGB


def encoded(image: np.ndarray, kind: str) -> bytes:
    """A file with this image; OpenCV wants BGR."""
    swapped = image[..., [2, 1, 0, *range(3, image.shape[2])]] if image.ndim == 3 else image
    return cv2.imencode(kind, swapped)[1].tobytes()


@pytest.mark.parametrize("kind", [".png", ".bmp", ".ppm", ".tiff"])
def test_decode_is_exact_where_the_format_is(kind):
    image = preprocessing.decode(encoded(CONTENT, kind), "a")
    assert image.dtype == np.uint8 and image.flags.c_contiguous and np.array_equal(image, CONTENT)


def test_decode_conversions():
    grey, wide = CONTENT[..., 0], np.random.default_rng(0).integers(0, 2**16, (24, 40, 3), dtype="uint16")
    alpha = np.dstack([CONTENT, grey])
    assert np.array_equal(preprocessing.decode(encoded(grey, ".png"), "grey"), np.dstack([grey] * 3))
    assert np.array_equal(preprocessing.decode(encoded(alpha, ".png"), "alpha"), CONTENT)
    assert np.array_equal(preprocessing.decode(encoded(wide, ".png"), "16-bit"), wide >> 8)
    assert np.array_equal(
        preprocessing.decode(encoded(wide[..., 0], ".png"), "both"), np.dstack([wide[..., 0] >> 8] * 3)
    )


def test_decode_a_jpeg_in_the_right_colours():
    image = np.zeros((16, 16, 3), "uint8")
    image[..., 0], image[..., 1] = 200, 90
    assert np.abs(preprocessing.decode(encoded(image, ".jpg"), "a").astype(int) - image).max() <= 3


UPRIGHT = {  # EXIF's orientation: what has to be done to the stored image
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: np.rot90(image),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_decode_turns_a_photograph_upright(orientation):
    plain = encoded(CONTENT, ".jpg")
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + bytes([0, orientation, 0, 0])  # tag 274, one short
    exif = b"Exif\0\0MM\0*\0\0\0\x08\x00\x01" + entry + bytes(4)
    turned = plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]
    stored = preprocessing.decode(plain, "plain")
    assert np.array_equal(preprocessing.decode(turned, "turned"), UPRIGHT[orientation](stored))


@pytest.mark.parametrize("kind", [".jpg", ".png", ".bmp"])
def test_decode_refuses_what_breaks_off(kind):
    content = encoded(CONTENT, kind)
    tail = 12 if kind == ".png" else 1  # a PNG's end marker holds no pixels
    for length in [*range(1, len(content) - tail, max(1, len(content) // 40)), len(content) - tail - 1]:
        with pytest.raises(FileError, match=f"^cats/12{kind} ") as error:
            preprocessing.decode(content[:length], f"cats/12{kind}")
        assert f"{length:,} bytes" in str(error.value)


BEHIND = {"zeros": bytes(5_000), "a film": b"\0\0\0\x18ftypmp42" + bytes(range(255)) * 20}


@pytest.mark.parametrize("behind", BEHIND)
def test_decode_takes_a_jpeg_with_more_behind_its_end_and_refuses_one_cut_before(behind):
    content = encoded(CONTENT, ".jpg")
    thumbnail = b"\xff\xe1" + (12).to_bytes(2, "big") + b"Exif\0\0\xff\xd8\xff\xd9"  # it has an end of its own
    whole, part = content[:2] + thumbnail + content[2:], content[:2] + thumbnail + content[2 : len(content) * 3 // 4]
    assert np.array_equal(preprocessing.decode(whole + BEHIND[behind], "a.jpg"), preprocessing.decode(content, "b.jpg"))
    with pytest.raises(FileError, match=r"c\.jpg breaks off: a JPEG of .* bytes without an end marker"):
        preprocessing.decode(part + bytes(20 * len(content)), "c.jpg")


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"no image at all", b"<!DOCTYPE html>" * 99, b"\xff\xd8\xff\xd9", bytes(10_000)]
)
def test_decode_refuses_what_is_no_image(content):
    with pytest.raises(FileError, match=f"^cats/13.jpg is no.* image that OpenCV can read.*{len(content):,} bytes"):
        preprocessing.decode(content, "cats/13.jpg")


def test_decode_refuses_an_image_that_is_too_large():
    with pytest.raises(FileError, match=r"^huge\.ppm is not an image that OpenCV can read: "):
        preprocessing.decode(b"P6\n1048575 1048575\n255\n" + bytes(99), "huge.ppm")
