"""Six preprocessors: small classes that change one image or a batch of images.

An image is an array (height, width, channels): RGB, uint8 in [0, 255], until a preprocessor says otherwise. A batch is
(N, height, width, channels). `decode` is the one place where OpenCV's BGR order appears, and where grey images, alpha
channels and 16-bit files become RGB uint8; the preprocessors take nothing else and say so.

All of them work alike: `preprocess(image)` for one image, `preprocess_batch(images)` for a batch, with the same result.
`out` is an array to fill instead of a new one: a large new array for every batch costs more than the arithmetic.
Random ones use `draws` numbers from 0 to 1 an image: hand them in as `draw`, and the result is reproducible in whatever
order, thread or process the images come; without, the preprocessor draws from its own generator.
"""

import operator
from collections.abc import Iterator, Sequence

import numpy as np

from helpers.files import FileError


def decode(content: bytes, name: str) -> np.ndarray:
    """Decode an image file: JPEG, PNG, BMP or another format that OpenCV reads, turned upright by its EXIF entry.

    Grey becomes three equal channels, an alpha channel is left out, and of a PNG's 16 bits the higher 8 stay.

    Args:
        content: the bytes of the file.
        name: what to call it in an error.

    Returns:
        RGB uint8 in [0, 255], (height, width, 3).

    Raises:
        FileError: no image, or one that breaks off. Names the file.
    """
    import cv2

    pixels = next((at for marker, at in jpeg_segments(content) if marker == 0xDA), 0)
    if content[:2] == b"\xff\xd8" and content.find(b"\xff\xd9", pixels) < 0:  # zeros behind a cut decode as grey
        raise FileError(f"{name} breaks off: a JPEG of {len(content):,} bytes without an end marker")
    try:
        image = cv2.imdecode(np.frombuffer(content, "uint8"), cv2.IMREAD_COLOR) if content else None
    except cv2.error as error:
        raise FileError(f"{name} is not an image that OpenCV can read: {error.err}") from error
    if image is None:
        raise FileError(f"{name} is no image that OpenCV can read. Received: {len(content):,} bytes, {content[:16]!r}")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and place of each segment in front of a JPEG's pixels; the last is 0xDA, where these begin.

    Args:
        content: the bytes of the file; what is no JPEG has no segments.

    Source: ITU-T T.81, annex B.
    """
    at = 2
    while content[:2] == b"\xff\xd8" and content[at : at + 1] == b"\xff" and at + 4 <= len(content):
        yield content[at + 1], at
        if content[at + 1] == 0xDA:
            return
        at += 1 if content[at + 1] == 0xFF else 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def _check(image: np.ndarray, dtypes: str = "uint8") -> np.ndarray:
    """Raise ValueError unless this is an RGB image of one of the types (names with spaces between)."""
    shape = getattr(image, "shape", None)
    if shape is None or len(shape) != 3 or shape[2] != 3 or 0 in shape or image.dtype.name not in dtypes.split():
        kind = f"{image.dtype} {shape}" if shape is not None else repr(type(image))
        raise ValueError(f"image must be RGB {' or '.join(dtypes.split())} (height, width, 3). Received: {kind}")
    return image


def _size(width: int, height: int) -> tuple[int, int]:
    if operator.index(width) < 1 or operator.index(height) < 1:
        raise ValueError(f"width and height must be 1 or more. Received: width={width}, height={height}")
    return width, height


def _place(result: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    """Return the result, in `out` where there is one; OpenCV may have put it there already."""
    if out is None or result is out:
        return result
    if result.shape != out.shape:  # numpy would repeat a smaller one
        raise ValueError(f"out must be {result.shape}, which is the shape of the result. Received: {out.shape}")
    np.copyto(out, result)
    return out


def _resize(image: np.ndarray, width: int, height: int, out: np.ndarray | None = None) -> np.ndarray:
    import cv2

    shrinks = image.shape[1] >= width and image.shape[0] >= height
    return cv2.resize(image, (width, height), dst=out, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


class _Preprocessor:
    """The batch form that all share: image by image into one array."""

    draws = 0  # how many random numbers in [0, 1) one image uses

    def preprocess(self, image: np.ndarray, *, draw: Sequence[float] | None = None, out: np.ndarray | None = None):
        raise NotImplementedError

    def preprocess_batch(
        self, images: np.ndarray, *, draw: np.ndarray | None = None, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Preprocess a batch (N, height, width, 3): row i is what `preprocess(images[i], draw=draw[i])` returns.

        Args:
            images: a batch, or a list of images where the preprocessor makes them equal in size.
            draw: (N, draws) numbers in [0, 1), for a random preprocessor; None draws them.
            out: an array to fill; None makes one.
        """
        if not len(images):
            raise ValueError("images must hold at least one image. Received: an empty batch")
        draw = self._draw(len(images)) if draw is None else draw
        for index, image in enumerate(images):
            if index == 0:
                first = self.preprocess(image, draw=draw[0])
                out = np.empty((len(images), *first.shape), first.dtype) if out is None else out
                np.copyto(out[0], first)
            else:
                self.preprocess(image, draw=draw[index], out=out[index])
        return out

    def _draw(self, count: int) -> np.ndarray:
        return np.empty((count, 0))


class SimplePreprocessor(_Preprocessor):
    """Resize to a fixed size, whatever that does to the proportions.

    Shrinks by area averages, enlarges linearly.

    Args:
        width, height: of the result, in pixels.
    """

    def __init__(self, width: int, height: int):
        self.width, self.height = _size(width, height)

    def preprocess(self, image, *, draw=None, out=None):
        return _place(_resize(_check(image), self.width, self.height, out), out)


class AspectAwarePreprocessor(_Preprocessor):
    """Resize so that the image just covers the target and keep its centre: proportions stay, the longer side loses.

    Args:
        width, height: of the result, in pixels.
    """

    def __init__(self, width: int, height: int):
        self.width, self.height = _size(width, height)

    def preprocess(self, image, *, draw=None, out=None):
        height, width = _check(image).shape[:2]
        scale = max(self.width / width, self.height / height)
        covering = _resize(image, max(self.width, round(width * scale)), max(self.height, round(height * scale)))
        left, top = (covering.shape[1] - self.width) // 2, (covering.shape[0] - self.height) // 2
        return _place(covering[top : top + self.height, left : left + self.width], out)


class MeanPreprocessor(_Preprocessor):
    """Subtract the training set's channel means; the result is float32, about from -124 to 152.

    Args:
        r, g, b: the means, in [0, 255].

    Attributes:
        subtracts: the means: what reads this may do the same to a whole batch at once.
    """

    def __init__(self, r: float, g: float, b: float):
        self.mean = self.subtracts = tuple(map(float, (r, g, b)))
        if not all(0 <= mean <= 255 for mean in self.mean):
            raise ValueError(f"r, g and b must be in [0, 255]. Received: r={r}, g={g}, b={b}")

    def preprocess(self, image, *, draw=None, out=None):
        import cv2

        return _place(cv2.subtract(_check(image, "uint8 float32"), (*self.mean, 0.0), dst=out, dtype=cv2.CV_32F), out)


class PatchPreprocessor(_Preprocessor):
    """Cut a random patch, every position equally likely: for training (Krizhevsky et al. 2012, section 4.1).

    Args:
        width, height: of the patch, in pixels; the image must be at least as large.
        horizontal_flip: True mirrors every second patch, by chance.
        seed: of the preprocessor's own generator.
    """

    draws = 3  # row, column, flip

    def __init__(self, width: int, height: int, *, horizontal_flip: bool = False, seed: int | None = None):
        self.width, self.height = _size(width, height)
        self.horizontal_flip, self._random = horizontal_flip, np.random.default_rng(seed)

    def _draw(self, count):
        return self._random.random((count, self.draws))

    def preprocess(self, image, *, draw=None, out=None):
        height, width = _check(image, "uint8 float32").shape[:2]
        _fits(self, width, height)
        row, column, flip = self._draw(1)[0] if draw is None else draw
        top, left = int(row * (height - self.height + 1)), int(column * (width - self.width + 1))
        patch = image[top : top + self.height, left : left + self.width]
        if self.horizontal_flip and flip < 0.5:
            import cv2

            return _place(cv2.flip(patch, 1, dst=out), out)
        return _place(patch, out)


class CropPreprocessor(_Preprocessor):
    """Cut the four corners and the centre, and their mirror images: ten crops to average over, for evaluation.

    All crops are exactly width x height. Order: top left, top right, bottom right, bottom left, centre, then the same
    five mirrored (Krizhevsky et al. 2012, section 4.1). A batch (N, ...) becomes (N, 10, height, width, 3).

    Args:
        width, height: of a crop, in pixels; the image must be at least as large.
        horizontal_flip: False leaves the mirror images out: five crops.
    """

    def __init__(self, width: int, height: int, horizontal_flip: bool = True):
        self.width, self.height = _size(width, height)
        self.horizontal_flip = horizontal_flip

    def preprocess(self, image, *, draw=None, out=None):
        return self.preprocess_batch(_check(image, "uint8 float32")[None], out=None if out is None else out[None])[0]

    def preprocess_batch(self, images, *, draw=None, out=None):
        if not len(images):
            raise ValueError("images must hold at least one image. Received: an empty batch")
        if getattr(images, "ndim", None) != 4:  # a list: the images may differ in size
            return super().preprocess_batch(images, out=out)
        height, width = _check(images[0], "uint8 float32").shape[:2]
        _fits(self, width, height)
        below, right = height - self.height, width - self.width
        corners = ((0, 0), (0, right), (below, right), (below, 0), (below // 2, right // 2))
        shape = (len(images), 10 if self.horizontal_flip else 5, self.height, self.width, 3)
        out = np.empty(shape, images.dtype) if out is None else out
        if out.shape != shape or not np.can_cast(images.dtype, out.dtype):
            raise ValueError(f"out must be {images.dtype} {shape}. Received: {out.dtype} {out.shape}")
        for index, (top, left) in enumerate(corners):
            out[:, index] = images[:, top : top + self.height, left : left + self.width]
        if self.horizontal_flip:
            out[:, 5:] = out[:, :5, :, ::-1]
        return out


class ImageToArrayPreprocessor(_Preprocessor):
    """Give the array the type and the order of axes that a network wants. Values stay as they are.

    Args:
        dtype: of the result, such as `"float32"`.
        data_format: `"channels_last"` (height, width, 3) or `"channels_first"` (3, height, width).
    """

    def __init__(self, dtype: str = "float32", data_format: str = "channels_last"):
        if data_format not in ("channels_last", "channels_first"):
            raise ValueError(f"data_format must be channels_last or channels_first. Received: {data_format!r}")
        self.dtype, self.data_format = np.dtype(dtype), data_format
        if self.dtype.kind != "f" and self.dtype != np.uint8:
            raise ValueError(f"dtype must be uint8 or of a float type. Received: {dtype!r}")

    def preprocess(self, image, *, draw=None, out=None):
        image = _check(image, "uint8" if self.dtype == np.uint8 else "uint8 float32")
        image = image if self.data_format == "channels_last" else image.transpose(2, 0, 1)
        return _place(image, out) if out is not None else np.ascontiguousarray(image, self.dtype)


def _fits(preprocessor, width: int, height: int) -> None:
    if width < preprocessor.width or height < preprocessor.height:
        name = type(preprocessor).__name__
        wanted = f"{preprocessor.width} x {preprocessor.height} (width x height)"
        raise ValueError(f"{name}: image must be at least {wanted}. Received: {width} x {height}")
