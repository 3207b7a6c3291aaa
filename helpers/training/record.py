"""What a training run is: a description that JSON can hold, and the first point in which two of them differ.

Two runs may have variables of the same shapes and still be different runs. So the model's configuration, the optimizer
and its settings, the loss and a fingerprint of the data are noted beside a checkpoint. Left out is what changes from
one process to the next (the names that Keras numbers) and what a run may change on its way (a learning rate that is a
number).
"""

import codecs
import functools
import json
import marshal
import operator
import types
import warnings
import zlib

import keras
import numpy as np

# Of the configurations that Keras gives: names may be numbered, seeds drawn; a shape may say what was last seen
IGNORED = {"name", "seed", "module", "registered_name", "build_config", "compile_config", "build_input_shape"}
SAMPLED = 2**24  # bytes of an array from which on only evenly spaced rows count


def describe(**parts: object) -> dict:
    """Return a description of a run, the same in every process.

    Args:
        parts: models, optimizers, losses, arrays, datasets, settings; lists and dicts of these. Of a function the code
            counts, of a dataset its elements' shapes and its length, of any other object its configuration (Keras's
            `get_config`) or, where it has none, its class.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of lambdas, which it could not load again
        return json.loads(json.dumps(_plain(parts)))


def difference(saved: object, here: object, name: str = "") -> str:
    """Return the first point in which two descriptions differ, as `"optimizer/class_name: saved ..., here ..."`."""
    kinds = {type(saved), type(here)}
    if kinds == {list}:
        saved, here = dict(enumerate(saved)), dict(enumerate(here))
    elif kinds != {dict}:
        same = json.dumps(saved) == json.dumps(here)  # also where a value is not a number
        return "" if same else f"{name[1:]}: saved {str(saved)[:80]}, here {str(here)[:80]}"
    keys = [*saved, *(key for key in here if key not in saved)]
    found = (difference(saved.get(key), here.get(key), f"{name}/{key}") for key in keys)
    return next(filter(None, found), "")


def _plain(value, ignored=frozenset(), names=types.MappingProxyType({})):
    """Return what JSON can hold. `names` are the layers' names in a model's configuration, with their numbers."""
    again = functools.partial(_plain, ignored=ignored, names=names)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return _dict(value, ignored, names)
    if isinstance(value, list | tuple):
        refers = len(value) == 3 and isinstance(value[0], str) and value[0] in names  # [layer, node, tensor]
        return [names[value[0]], *value[1:]] if refers else [again(item) for item in value]
    if isinstance(value, functools.partial):
        return again([value.func, value.args, value.keywords])
    if hasattr(value, "__code__"):
        return _function(value)
    if hasattr(value, "element_spec"):  # tf.data
        return f"{value.element_spec}, {operator.length_hint(value, -1)} batches"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return _array(value)
    config, about = _config(value), {"class_name": type(value).__name__}
    if isinstance(value, keras.Layer) and "layers" not in config:
        about["parts"] = [again(part) for part in value._layers]  # a network written as a class
    return {**about, "config": config or operator.length_hint(value, -1)}


def _dict(value, ignored, names):
    if ignored and str(value.get("class_name")).endswith("DTypePolicy"):
        return _plain(value["config"])  # its name says what it is
    packed = list(value.values()) if value.keys() == {"code", "defaults", "closure"} else value.get("value")
    if ignored and isinstance(packed, list | tuple) and len(packed) == 3 and isinstance(packed[0], str):
        return {"lambda": _code(marshal.loads(codecs.decode(packed[0].encode(), "base64")))}
    layers = value.get("layers") if ignored else None
    if isinstance(layers, list):
        names = {layer.get("name"): number for number, layer in enumerate(layers) if isinstance(layer, dict)}
    rate_moves = isinstance(value.get("learning_rate"), float)
    left = {key for key in value if key in ignored or (key == "learning_rate" and rate_moves)}
    return {str(key): _plain(item, ignored, names) for key, item in value.items() if key not in left}


def _config(value):
    """Return the configuration, or an empty dict: a class of the reader's own may have none, or raise what it likes."""
    try:
        return _plain(value.get_config(), IGNORED)
    except Exception:  # noqa: BLE001
        return {}


def _function(function):
    if (function.__module__ or "").partition(".")[0] == "keras":
        return function.__name__
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    bound = [value for value in (*cells, *(function.__defaults__ or ())) if isinstance(value, int | float | str)]
    return {"function": function.__name__, "code": _code(function.__code__), "bound": bound}


def _code(code):
    """Return a checksum that comments, places in a file and file names do not change."""
    constants = [_code(value) for value in code.co_consts if isinstance(value, types.CodeType)]
    constants += [value for value in code.co_consts if isinstance(value, int | float)]
    return zlib.crc32(repr((code.co_code, code.co_names, constants)).encode())


def _array(value):
    if not len(value.shape):
        return np.asarray(value).item()
    step = 1 + int(np.prod(value.shape)) * np.dtype(np.asarray(value[:1]).dtype).itemsize // SAMPLED
    rows = np.asarray(value[::step])
    checksum = "" if rows.dtype == object else f", checksum {zlib.crc32(np.ascontiguousarray(rows))}"
    return f"{rows.dtype} {tuple(value.shape)}{checksum}"
