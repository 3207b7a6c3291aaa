"""PyTorch's old format, written here by hand: read whole, and never trusted."""

import io
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from helpers.data import DataError, torch_file

FLOATS, LONGS = np.arange(24, dtype="<f4"), np.array([7], "<i8")


class Name:
    """Pickles as the name of something in a module that is not there."""

    def __init__(self, module, name, *arguments):
        self.module, self.name, self.arguments = module, name, arguments


class Writer(pickle._Pickler):  # the Python one: its methods can be replaced
    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Name):
            self.write(f"c{thing.module}\n{thing.name}\n".encode())
            if thing.arguments:
                self.save(thing.arguments)
                self.write(b"R")
        elif isinstance(thing, Storage):
            self.save(("storage", Name("torch", thing.kind), thing.key, "cpu", thing.count, None))
            self.write(b"Q")
        else:
            super().save(thing, save_persistent_id)


class Storage:
    def __init__(self, kind, key, count):
        self.kind, self.key, self.count = kind, key, count


def tensor(storage, offset, shape, stride):
    return Name("torch._utils", "_rebuild_tensor_v2", storage, offset, shape, stride, False, OrderedDict())


def written(index=None, magic=torch_file.MAGIC, protocol=1001, keys=("a", "b"), little_endian=True):
    """Return the bytes of a file with a 2 x 3 tensor, its transpose, a vector from the middle, and a whole number."""
    a, b = Storage("FloatStorage", "a", 24), Storage("LongStorage", "b", 1)
    if index is None:
        index = OrderedDict(plain=tensor(a, 0, (2, 3), (3, 1)), turned=tensor(a, 0, (3, 2), (1, 3)))
        index |= {"middle": tensor(a, 10, (4,), (1,)), "number": tensor(b, 0, (), ())}
    file = io.BytesIO()
    for part in (magic, protocol, {"little_endian": little_endian}, index, list(keys)):
        Writer(file, protocol=2).dump(part)
    for numbers in (FLOATS, LONGS):
        file.write(len(numbers).to_bytes(8, "little") + numbers.tobytes())
    return file.getvalue()


@pytest.fixture
def read(tmp_path):
    def from_bytes(content):
        (tmp_path / "weights.pth").write_bytes(content)
        return torch_file.read(tmp_path / "weights.pth")

    return from_bytes


def test_tensors(read):
    found = read(written())
    assert found["plain"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.array_equal(found["turned"], found["plain"].T)
    assert found["middle"].tolist() == [10, 11, 12, 13]
    assert found["number"] == 7 and found["number"].shape == ()
    assert {array.dtype.name for array in found.values()} == {"float32", "int64"}


@pytest.mark.parametrize(
    "poison", [("os", "system"), ("builtins", "eval"), ("torch", "load"), ("collections", "Counter")]
)
def test_a_poisoned_index_is_refused_and_named(read, tmp_path, poison):
    mark = tmp_path / "mark"
    with pytest.raises(DataError, match=rf"weights\.pth .*asks for {poison[0]}\.{poison[1]}"):
        read(written({"plain": Name(*poison, f"touch {mark}")}))
    assert not mark.exists()


@pytest.mark.parametrize("part", ["magic", "keys"])
def test_poison_outside_the_index_is_refused_too(read, part):
    with pytest.raises(DataError, match=r"os\.system"):
        read(written(**{part: [Name("os", "system", "true")]}))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (dict(magic=1), "format of PyTorch before 1.6"),
        (dict(protocol=1002), "format of PyTorch before 1.6"),
        (dict(little_endian=False), "little-endian"),
        (dict(keys=("a", "c")), "'c'"),
        (dict(index={"far": tensor(Storage("FloatStorage", "a", 24), 20, (2, 3), (3, 1))}, keys="a"), "20 to 25 of 24"),
        (dict(index={"back": tensor(Storage("FloatStorage", "a", 24), 3, (2,), (-1,))}, keys="a"), "of 24"),
        (dict(index={"half": tensor(Storage("HalfStorage", "a", 24), 0, (2,), (1,))}), "HalfStorage"),
    ],
)
def test_what_is_wrong_is_said(read, broken, words):
    with pytest.raises(DataError, match=words):
        read(written(**broken))


def test_every_cut_is_noticed(read):
    whole = written()
    for length in range(0, len(whole), 3):
        with pytest.raises(DataError, match=r"weights\.pth holds no weights"):
            read(whole[:length])


def test_other_files(read, tmp_path):
    for content in (b"", b"PK\x03\x04 a zip file", b"\x89HDF\r\n\x1a\n", b"just text"):
        with pytest.raises(DataError, match="holds no weights"):
            read(content)
    with pytest.raises(DataError, match="No such file"):
        torch_file.read(tmp_path / "none.pth")
