import numpy as np
import pytest

from helpers.images.array_batches import ArrayBatches, shift_images
from helpers.images.pipelines import Augmentation

IMAGES = np.repeat(np.arange(11, dtype="uint8"), 4 * 4 * 3).reshape(11, 4, 4, 3)  # image n is full of n
IMAGES[:, :, 0] += 100  # but for its left column
LABELS = np.arange(11)


def epoch(batches):
    images, labels = zip(*(batches[index] for index in range(len(batches))), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def test_every_image_once_with_its_label_in_a_new_order_each_epoch():
    batches = ArrayBatches(IMAGES, LABELS, 5)
    first = epoch(batches)
    batches.on_epoch_end()
    second = epoch(batches)
    assert len(batches) == 2
    for images, labels in (first, second):
        assert images.dtype == "float32" and images.shape == (10, 4, 4, 3)
        assert len(set(labels)) == 10 and np.array_equal(images[:, 0, 3, 0], labels)
    assert not np.array_equal(first[1], second[1])


def test_an_epoch_depends_on_the_seed_and_its_number_alone():
    changes = Augmentation(flip=True)
    one, again, other = (ArrayBatches(IMAGES, LABELS, 5, augmentation=changes, seed=seed) for seed in (1, 1, 2))
    later = one[1]  # asked for before the first batch
    assert np.array_equal(epoch(one)[0], epoch(again)[0]) and np.array_equal(later[0], again[1][0])
    assert not np.array_equal(epoch(one)[1], epoch(other)[1])


def test_changes_are_drawn_anew_and_what_is_prepared_comes_last():
    batches = ArrayBatches(IMAGES, LABELS, 11, augmentation=Augmentation(flip=True), prepare=lambda images: images / 2)
    mirrored = []
    for _ in range(6):
        images, labels = batches[0]
        assert np.array_equal(images[:, 0, 1, 0], labels / 2)
        mirrored.append(tuple((images[:, 0, 0, 0] < 50)[labels.argsort()]))
        batches.on_epoch_end()
    assert len(set(mirrored)) > 4 and 0.2 < np.mean(mirrored) < 0.8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES, LABELS[1:], 5), "10 for 11 images"),
        ((IMAGES, LABELS, 0), "batch_size=0"),
        ((IMAGES, LABELS, 12), "from 1 to 11"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ArrayBatches(*arguments)


def test_a_batch_beyond_the_end():
    with pytest.raises(IndexError, match="index=2"):
        ArrayBatches(IMAGES, LABELS, 5)[2]


def slow_shift(image: np.ndarray, down: int, right: int) -> np.ndarray:
    result = np.zeros_like(image)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            if 0 <= row - down < image.shape[0] and 0 <= column - right < image.shape[1]:
                result[row, column] = image[row - down, column - right]
    return result


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (6, 5, 3)])
def test_shift_against_a_loop(shape):
    images = np.random.default_rng(1).integers(1, 256, (20, *shape), dtype=np.uint8)  # no zeros: the frame is seen
    random, offsets = np.random.default_rng(0), set()
    for _ in range(20):
        moved = shift_images(images, 2, random)
        assert moved.dtype == np.uint8 and moved.shape == images.shape
        for result, image in zip(moved, images, strict=True):
            places = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
            fits = [place for place in places if np.array_equal(result, slow_shift(image, *place))]
            assert len(fits) == 1
            offsets.update(fits)
    assert len(offsets) == 25


def test_shift_by_0_changes_nothing_and_a_negative_one_is_refused():
    assert np.array_equal(shift_images(IMAGES, 0, np.random.default_rng(0)), IMAGES)
    with pytest.raises(ValueError, match="max_shift=-1"):
        shift_images(IMAGES, -1, np.random.default_rng(0))


def test_a_function_as_augmentation_gets_its_own_random_numbers_in_every_batch():
    def batches():
        return ArrayBatches(
            IMAGES, LABELS, 5, augmentation=lambda images, random: images * 0 + random.integers(99), seed=2
        )

    one, again = batches(), batches()
    first, second = one[0][0], one[1][0]
    assert not np.array_equal(first, second)
    assert np.array_equal(first, again[0][0])
    one.on_epoch_end()
    assert not np.array_equal(first, one[0][0])
