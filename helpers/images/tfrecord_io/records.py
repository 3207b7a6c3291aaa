"""The bytes of a TFRecord file, without TensorFlow. Derived in `4_2_tfrecords.ipynb`.

A file is records one after the other; numbers are little-endian:

    uint64  length
    uint32  masked CRC32C of the 8 bytes of the length
    bytes   payload, `length` of them: here one `tf.train.Example`
    uint32  masked CRC32C of the payload

Source: TensorFlow, "TFRecord and tf.train.Example", section "TFRecords format details",
https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from helpers.files import FileError, open_file
from helpers.images.preprocessing import jpeg_segments

MASK_DELTA = 0xA282EAD8
HEADER, FOOTER = struct.Struct("<QI"), struct.Struct("<I")
FRAME_SIZE = HEADER.size + FOOTER.size  # bytes a record needs besides its payload
_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # JPEG: "start of frame", where the size stands


def crc32c(content: bytes) -> int:
    """Return the CRC32C (Castagnoli) of some bytes, 0 to 2**32 - 1: 0xE3069283 for `b"123456789"`.

    Derived in `4_2_tfrecords.ipynb`. Source: RFC 3720, appendix B.4 (test values).
    """
    import google_crc32c  # only here: a Colab machine may lack it

    return google_crc32c.value(bytes(content))


def masked_crc32c(content: bytes) -> int:
    """Return the CRC32C as TFRecord stores it: turned right by 15 bits, plus 0xA282EAD8, modulo 2**32.

    The mask keeps a CRC that stands among the bytes of another CRC from cancelling out.
    """
    crc = crc32c(content)
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def frame(payload: bytes) -> bytes:
    """Return one record: length, masked CRC of the length, payload, masked CRC of the payload."""
    length = struct.pack("<Q", len(payload))
    return length + FOOTER.pack(masked_crc32c(length)) + payload + FOOTER.pack(masked_crc32c(payload))


def records(path: str | os.PathLike) -> Iterator[bytes]:
    """Yield the payloads of a TFRecord file; both checksums of each record are compared.

    Args:
        path: the file, on this machine or a bucket address.

    Raises:
        FileError: the file cannot be opened, or a record is damaged or cut off. Names the file, the record (counted
            from 0) and the byte where it begins; the records before it have been yielded.
    """
    with open_file(path) as file:
        size, at, number = file_size(file), 0, 0
        while at < size:
            place = f"{os.fspath(path)}: record {number} (at byte {at:,} of {size:,})"
            header = file.read(HEADER.size)
            if len(header) < HEADER.size:
                raise FileError(f"{place} is cut off after {len(header)} bytes.")
            length, length_crc = HEADER.unpack(header)
            if masked_crc32c(header[:8]) != length_crc:
                packed = number == 0 and header[:2] == b"\x1f\x8b"
                advice = "It looks like gzip: unpack the file first." if packed else "No record can follow."
                raise FileError(f"{place} has a damaged length: its CRC32C does not match. {advice}")
            if at + FRAME_SIZE + length > size:
                raise FileError(f"{place} is cut off: it must have {FRAME_SIZE + length:,} bytes.")
            payload = file.read(length)
            if FOOTER.pack(masked_crc32c(payload)) != file.read(FOOTER.size):
                raise FileError(f"{place} is damaged: the CRC32C of its payload does not match.")
            yield payload
            at, number = at + FRAME_SIZE + length, number + 1


def file_size(file: BinaryIO) -> int:
    """Return how many bytes an open file has, and go back to its first."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    return size


def encode_example(features: dict[str, bytes | int]) -> bytes:
    """Return a serialised `tf.train.Example`, byte for byte what TensorFlow writes.

    Args:
        features: name to value; `bytes` becomes a `BytesList` of one, an `int` of 0 or more an `Int64List` of one.

    Source: `tensorflow/core/example/{example,feature}.proto`; protobuf.dev, "Encoding".
    """
    entries = b""
    for name, value in sorted(features.items()):
        kind, content = (1, value) if isinstance(value, bytes) else (3, _varint(value))  # bytes_list or int64_list
        feature = _field(kind, _field(1, content))
        entries += _field(1, _field(1, name.encode()) + _field(2, feature))  # an entry of the map: key, value
    return _field(1, entries)  # Example.features


def _field(number: int, content: bytes) -> bytes:
    """Return a field whose length is written before it."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Return an integer of 0 or more in groups of 7 bits, low ones first; the top bit says that more follow."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def jpeg_shape(content: bytes) -> tuple[int, int, int]:
    """Return height, width and channels of a JPEG, from its headers alone; the pixels are not decoded.

    Args:
        content: the bytes of the file.

    Raises:
        ValueError: not a JPEG, or one that is cut off: its pixels do not begin, or do not end.

    Source: ITU-T T.81, annex B.
    """
    shape = None
    for marker, at in jpeg_segments(content):
        # inside the pixels 0xFF is followed by 0 or by a restart marker
        if marker == 0xDA and shape and all(shape) and content.find(b"\xff\xd9", at) >= 0:
            return shape
        if marker in _FRAME_HEADERS and at + 10 <= len(content):
            shape = struct.unpack_from(">HHB", content, at + 5)
    raise ValueError(
        f"content must be a whole JPEG. Received: {len(content):,} bytes, the first {content[:4].hex(' ')}, "
        + ("cut off" if shape else "no size in them")
    )
