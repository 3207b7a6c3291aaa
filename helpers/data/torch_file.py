"""Read the weights that PyTorch wrote before version 1.6, without PyTorch and without running anything from the file.

Such a file is five pickles (a magic number, the protocol, the sizes of the machine's numbers, the index, the list of
storages) and then each storage: an int64 count and that many plain numbers. A pickle may call any function it names;
this unpickler knows the four names that an index of tensors needs, and refuses every other.
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from helpers.data.downloads import DataError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Tensor(NamedTuple):
    key: str
    dtype: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]  # numbers from one entry to the next along each axis


def _tensor(storage, offset, shape, stride, *_):
    return _Tensor(*storage, offset, tuple(shape), tuple(stride))


KNOWN = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): "FloatStorage",
    ("torch", "LongStorage"): "LongStorage",
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"its index asks for {module}.{name}, which no tensor needs")
        return KNOWN[module, name]

    def persistent_load(self, pid):
        kind, storage, key, *_ = pid
        if kind != "storage" or storage not in DTYPES:
            raise pickle.UnpicklingError(f"its index refers to {kind!r} of {storage!r}")
        return key, DTYPES[storage]


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Return the tensors of a PyTorch file by name, float32 or int64, each in the shape that PyTorch gives it.

    Args:
        path: a state dictionary, written by `torch.save` in the format before PyTorch 1.6.

    Raises:
        DataError: the file is not one of these, breaks off, or asks for anything but plain tensors; names both.
    """
    try:
        with Path(path).open("rb") as file:
            magic, protocol, machine, index, keys = (_Unpickler(file).load() for _ in range(5))
            if (magic, protocol) != (MAGIC, PROTOCOL) or not machine["little_endian"]:
                raise pickle.UnpicklingError("it is not in the format of PyTorch before 1.6, little-endian")
            tensors = {name: value for name, value in index.items() if isinstance(value, _Tensor)}
            dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
            storages = {key: _storage(file, dtypes[key]) for key in keys}
        return {name: _view(name, tensor, storages[tensor.key]) for name, tensor in tensors.items()}
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}") from error
    # What damaged pickles raise is not listed anywhere; whatever it is, the file is at fault.
    except (pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} holds no weights that can be read: {error or 'it breaks off'}") from error


def _storage(file, dtype):
    count = int.from_bytes(file.read(8), "little", signed=True)
    content = file.read(max(count, 0) * np.dtype(dtype).itemsize)
    if count < 0 or len(content) != count * np.dtype(dtype).itemsize:
        raise EOFError("it breaks off inside the numbers")
    return np.frombuffer(content, dtype)


def _view(name, tensor, storage):
    steps = list(zip(tensor.shape, tensor.stride, strict=True))
    last = tensor.offset + sum((number - 1) * stride for number, stride in steps)
    if min([tensor.offset, *tensor.shape, *tensor.stride]) < 0 or last >= len(storage) or 0 in tensor.shape:
        raise ValueError(f"{name} needs the numbers {tensor.offset} to {last} of {len(storage)}")
    strides = [stride * storage.itemsize for stride in tensor.stride]
    return np.array(as_strided(storage[tensor.offset :], tensor.shape, strides))
