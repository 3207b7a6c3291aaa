"""Exercises of `4_1_hdf5.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_array_bytes(answer) -> str | None:
    for count, height, width, dtype in ((20_000, 256, 256, "float64"), (10, 64, 48, "uint8"), (3, 5, 7, "float32")):
        values, size = count * height * width * 3, np.dtype(dtype).itemsize
        expected, got = values * size, call(answer, count, height, width, dtype)
        if got == expected:
            continue
        reason = ""
        if got == expected // 3:
            reason = " Every pixel has three channels."
        elif got == values:
            reason = f" A value of {dtype} takes {size} bytes."
        elif got == values * size * 8:
            reason = " These are bits: the question is about bytes."
        return differ(f"bytes of {count} images of {height} x {width}, {dtype}", got, expected) + reason
    return None


array_bytes = Exercise(
    title="Size of an array of images in bytes",
    examine=_examine_array_bytes,
    hints=(
        "How many numbers are there? Do not forget the channels.",
        "np.dtype(dtype).itemsize is the number of bytes of one value.",
        "count * height * width * 3 * np.dtype(dtype).itemsize",
    ),
    starter="def array_bytes(count, height, width, dtype):\n    return ...\n",
    solution_source="""
import numpy as np


def array_bytes(count, height, width, dtype):
    return count * height * width * 3 * np.dtype(dtype).itemsize


answer = array_bytes
""",
)


def _examine_merge_means(answer) -> str | None:
    for count_a, mean_a, count_b, mean_b in ((100, 10.0, 300, 20.0), (5, 1.0, 5, 3.0), (7, 120.0, 1, 0.0)):
        expected = (count_a * mean_a + count_b * mean_b) / (count_a + count_b)
        got = call(answer, count_a, mean_a, count_b, mean_b)
        if same(got, expected):
            continue
        reason = ""
        if same(got, (mean_a + mean_b) / 2):
            reason = " The parts differ in size: the larger one counts for more."
        elif same(got, count_a * mean_a + count_b * mean_b):
            reason = " This is the sum over all pixels: divide it by their number."
        elif same(got, (count_b * mean_a + count_a * mean_b) / (count_a + count_b)):
            reason = " Each mean is weighted with the count of the other part."
        return differ(f"mean of {count_a} x {mean_a} and {count_b} x {mean_b}", got, expected) + reason
    return None


merge_means = Exercise(
    title="The mean over two parts",
    examine=_examine_merge_means,
    hints=(
        "What is the sum of all pixels of one part, from its count and its mean?",
        "Add the two sums, and divide by the number of all pixels.",
        "(count_a * mean_a + count_b * mean_b) / (count_a + count_b)",
    ),
    starter="def merge_means(count_a, mean_a, count_b, mean_b):\n    return ...\n",
    solution_source="""
def merge_means(count_a, mean_a, count_b, mean_b):
    return (count_a * mean_a + count_b * mean_b) / (count_a + count_b)


answer = merge_means
""",
)


def _examine_image_bytes(answer) -> str | None:
    for offset, index, height, width in ((2048, 0, 2, 2), (2048, 3, 4, 5), (4096, 100, 256, 256)):
        size = height * width * 3
        expected = (offset + index * size, offset + (index + 1) * size - 1)
        got = call(answer, offset, index, height, width)
        if not (isinstance(got, (tuple, list)) and len(got) == 2):
            return f"the function must return two numbers, the first and the last byte. It returned {got!r}."
        if tuple(got) == expected:
            continue
        reason = ""
        if tuple(got) == (expected[0], expected[1] + 1):
            reason = " The last byte is the one before the next image."
        elif tuple(got) == (expected[0] - offset, expected[1] - offset):
            reason = " The images do not begin at byte 0: add the offset."
        elif got[0] == offset + index * height * width:
            reason = " Every pixel has three bytes."
        return (
            differ(f"bytes of image {index} ({height} x {width}, offset {offset})", list(got), list(expected)) + reason
        )
    return None


image_bytes = Exercise(
    title="Where an image stands in the file",
    examine=_examine_image_bytes,
    hints=(
        "How many bytes has one image? How many bytes come before image `index`?",
        "The images begin at `offset`; image `index` has `index` images before it.",
        "The last byte is the first byte of the next image, less one.",
    ),
    starter="def image_bytes(offset, index, height, width):\n    return ...\n",
    solution_source="""
def image_bytes(offset, index, height, width):
    size = height * width * 3
    first = offset + index * size
    return first, first + size - 1


answer = image_bytes
""",
)


def _examine_group_share(answer) -> str | None:
    for buffer_size, chunk, count in ((2048, 64, 20_000), (100, 64, 1000), (30, 64, 640), (5000, 64, 1000)):
        whole = max(1, buffer_size // chunk) * chunk
        expected, got = min(1.0, whole / count), call(answer, buffer_size, chunk, count)
        if same(got, expected):
            continue
        reason = ""
        if same(got, whole / count):
            reason = " A group cannot hold more than the file."
        elif same(got, min(1.0, buffer_size / count)):
            reason = " Only whole chunks are read."
        elif same(got, min(1.0, buffer_size // chunk * chunk / count)):
            reason = " At least one chunk is read, whatever the buffer."
        return differ(f"share for a buffer of {buffer_size}, chunks of {chunk}, {count} images", got, expected) + reason
    return None


group_share = Exercise(
    title="The share of a file that is shuffled together",
    examine=_examine_group_share,
    hints=(
        "A group is made of whole chunks. How many fit into the buffer?",
        "At least one chunk is read, even if the buffer is smaller.",
        "Neither can a group be larger than the file: the share is at most 1.",
    ),
    starter="def group_share(buffer_size, chunk, count):\n    return ...\n",
    solution_source="""
def group_share(buffer_size, chunk, count):
    images = max(1, buffer_size // chunk) * chunk
    return min(1.0, images / count)


answer = group_share
""",
)
