"""A table of a model's layers: output shape, parameters, multiply-adds for one image, receptive field.

Derived in `2_1_lenet_to_vgg.ipynb`. Multiply-adds are those of convolutions and dense layers, as papers count them:
biases, activations, batch normalisation, pooling and sums of branches count 0. The receptive field is the side of the
square of pixels that one number of the output depends on (Araujo, Norris, Sim 2019, Computing Receptive Fields of
Convolutional Neural Networks, doi:10.23915/distill.00021); it may be larger than the image.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import keras
from keras import layers

ALL = "all"  # the receptive field is the whole image
_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
_POOLS = (layers.MaxPooling2D, layers.AveragePooling2D)
_GLOBAL = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
# What looks at no more pixels than what comes in, and multiplies nothing by a learned matrix.
_PASSING = (
    layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU, layers.Softmax,
    layers.BatchNormalization, layers.Normalization, layers.Rescaling,
    layers.Dropout, layers.SpatialDropout2D, layers.GaussianNoise, layers.GaussianDropout,
    layers.Flatten, layers.Reshape, layers.Permute, layers.ZeroPadding2D, layers.Cropping2D, layers.Identity,
    layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum, layers.Concatenate,
)  # fmt: skip
# The same for operations of `keras.ops`, by the names of their classes: what `x + y` or `ops.relu(x)` leaves behind.
_PASSING_OPERATIONS = {
    "Abs", "Add", "Cast", "Concatenate", "Divide", "Identity", "LeakyRelu", "Maximum", "Minimum", "Multiply",
    "Negative", "Relu", "Relu6", "Reshape", "Sigmoid", "Silu", "Softmax", "Sqrt", "Square", "Subtract", "Tanh",
    "TrueDivide",
}  # fmt: skip


class Field(NamedTuple):
    """How far the numbers of one output see: height and width of the window, and pixels from one window to the next."""

    size: tuple[int, int] = (1, 1)
    step: tuple[int, int] = (1, 1)


class Row(NamedTuple):
    """One layer, or one operation without a layer.

    Attributes:
        name: the layer's name; in a model inside the model with that model's name before it, `"vgg16/block1_conv1"`.
        kind: its class.
        output_shape: of one image, without the batch; a list of shapes where there are several outputs.
        parameters: trainable and other ones; 0 where a layer is applied again.
        multiply_adds: for one image; None where they are not known.
        receptive_field: pixels; (height, width) where these differ; `"all"` for the whole image; None where it is not
            known.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | list[tuple[int, ...]]
    parameters: int
    multiply_adds: int | None
    receptive_field: int | tuple[int, int] | str | None


class LayerTable(NamedTuple):
    """What `layer_table` returns; `print` shows it as text.

    Attributes:
        model: the model's name.
        rows: one `Row` a layer, in the order in which they are applied, the input first.
    """

    model: str
    rows: list[Row]

    @property
    def total_parameters(self) -> int:
        """The sum over all rows."""
        return sum(row.parameters for row in self.rows)

    @property
    def total_multiply_adds(self) -> int | None:
        """The sum over all rows, for one image; None where those of a layer are not known."""
        counts = [row.multiply_adds for row in self.rows]
        return None if None in counts else sum(counts)

    def row(self, name: str) -> Row:
        """Return the row of a layer; the first one, where the layer is applied more than once.

        Raises:
            ValueError: there is no layer of this name.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise ValueError(f"name must be one of {', '.join(row.name for row in self.rows)}. Received: name={name!r}")

    def __str__(self) -> str:
        head = ("layer", "kind", "output", "parameters", "multiply-adds", "field")
        total = ("total", "", "", f"{self.total_parameters:,}", _text(self.total_multiply_adds), "")
        texts = [head, *(_texts(row) for row in self.rows), total]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        sides = "<<<>>>"
        lines = [
            "  ".join(f"{text:{side}{width}}" for text, side, width in zip(one, sides, widths, strict=True)).rstrip()
            for one in texts
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.model, lines[0], rule, *lines[1:-1], rule, lines[-1]])

    __repr__ = __str__


def layer_table(model: keras.Model, input_shape: Sequence[int] | None = None) -> LayerTable:
    """Tabulate the layers of a model: shapes, parameters, multiply-adds for one image, receptive fields.

    Counted are Conv2D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose and Dense; see the module for what counts 0.
    Where branches meet, the largest receptive field stays. After a global pooling, or a Dense layer on a flat input, it
    is the whole image: so it is after the squeeze-and-excitation of EfficientNet. Other layers, such as recurrent ones
    and attention, are not known: their rows hold None, shown as `?`, and so does the sum.

    A layer of your own is counted where it has a method `multiply_adds(input_shape)`, the shape without the batch. Its
    receptive field is known where it has an attribute `window` as well: `(side, stride)`, as of a convolution, `(1, 1)`
    for what works number by number, or `"all"`.

    Args:
        model: a functional or Sequential model that begins with `keras.Input`; it may contain such models.
        input_shape: height, width, channels of one image; needed where the model leaves a size open, else that of the
            model.

    Raises:
        ValueError: the model is not such a model, or `input_shape` is missing, incomplete or does not fit.
    """
    walk = _Walk()
    walk.through(model, _inputs(model, input_shape), "")
    return LayerTable(model.name, walk.rows)


def _inputs(model, input_shape) -> list:
    """Symbolic inputs of the model, one image each, every size known."""
    if not _has_graph(model):
        raise ValueError(f"model must be functional, or Sequential and begin with keras.Input. Received: model={model}")
    shapes = [tensor.shape[1:] for tensor in model.inputs]
    if input_shape is not None:
        given, fixed = tuple(input_shape), shapes[0]
        fits = len(given) == len(fixed) and all(b in (None, a) for a, b in zip(given, fixed, strict=True))
        if len(shapes) > 1 or not fits:
            wanted = " and ".join(map(str, shapes))
            raise ValueError(f"input_shape must fit the model's, {wanted}. Received: input_shape={given}")
        shapes = [given]
    if any(None in shape for shape in shapes):
        wanted = "height, width, channels of one image, because the model leaves a size open"
        raise ValueError(f"input_shape must be {wanted}. Received: input_shape={input_shape} for {shapes[0]}")
    tensors = zip(shapes, model.inputs, strict=True)
    return [keras.KerasTensor((1, *shape), dtype=tensor.dtype, name=tensor.name) for shape, tensor in tensors]


def _has_graph(operation) -> bool:
    return hasattr(operation, "inputs") and hasattr(operation, "outputs")


class _Walk:
    """Applies a model to symbolic inputs, layer by layer, and notes a row for each.

    Attributes:
        rows: one a layer, so far.
    """

    def __init__(self):
        self.rows: list[Row] = []
        self._fields = {}  # by id of the symbolic tensor: its field, and the tensor, which keeps the id its own
        self._counted = set()  # layers whose parameters are in a row

    def through(self, model, inputs, prefix):
        """Visit the layers of a model, and return its outputs."""
        if not prefix:
            for tensor in inputs:
                self._fields[id(tensor)] = Field(), tensor
                name = "input" if tensor.name.startswith("keras_tensor") else tensor.name  # has none of its own
                self.rows.append(Row(name, "InputLayer", tensor.shape[1:], 0, 0, 1))
        graph = keras.Function(model.inputs, model.outputs)  # a Sequential model becomes a graph like the others
        return graph._run_through_graph(inputs, operation_fn=lambda one: partial(self._visit, one, prefix))

    def _visit(self, operation, prefix, *args, **kwargs):
        tensors = [one for one in keras.tree.flatten((args, kwargs)) if isinstance(one, keras.KerasTensor)]
        if _has_graph(operation):
            return self.through(operation, tensors, f"{prefix}{operation.name}/")
        outputs = operation.compute_output_spec(*args, **kwargs)
        field = _field(operation, [self._fields[id(tensor)][0] for tensor in tensors], tensors)
        after = keras.tree.flatten(outputs)
        self._fields |= {id(tensor): (field, tensor) for tensor in after}
        shapes = [tensor.shape[1:] for tensor in after]
        is_new = isinstance(operation, keras.Layer) and id(operation) not in self._counted
        self._counted.add(id(operation))
        self.rows.append(
            Row(
                name=prefix + operation.name,
                kind=type(operation).__name__,
                output_shape=shapes[0] if len(shapes) == 1 else shapes,
                parameters=operation.count_params() if is_new else 0,
                multiply_adds=_multiply_adds(operation, [tensor.shape[1:] for tensor in tensors], shapes[0]),
                receptive_field=_shown(field),
            )
        )
        return outputs


def _multiply_adds(operation, inputs, output) -> int | None:
    """Multiply-adds for shapes without the batch; None where they are not known."""
    if hasattr(operation, "multiply_adds"):
        return int(operation.multiply_adds(inputs[0] if len(inputs) == 1 else inputs))
    if isinstance(operation, layers.SeparableConv2D):
        kernels = math.prod(operation.depthwise_kernel.shape) + math.prod(operation.pointwise_kernel.shape)
        return kernels * _places(operation, output)
    if isinstance(operation, (layers.Conv2D, layers.DepthwiseConv2D)):  # every weight meets every place once
        return math.prod(operation.kernel.shape) * _places(operation, output)
    if isinstance(operation, layers.Conv2DTranspose):  # every place of the input is spread by every weight
        return math.prod(operation.kernel.shape) * _places(operation, inputs[0])
    if isinstance(operation, layers.Dense):
        return math.prod(operation.kernel.shape) * math.prod(output[:-1])
    free = (*_POOLS, *_GLOBAL, *_PASSING, layers.UpSampling2D)
    return 0 if isinstance(operation, free) or type(operation).__name__ in _PASSING_OPERATIONS else None


def _places(layer, shape) -> int:
    """Height x width."""
    return math.prod(shape[:2] if layer.data_format == "channels_last" else shape[1:])


def _field(operation, fields, tensors) -> Field | str | None:
    """The field after an operation: a Field, `ALL`, or None where it is not known."""
    window = getattr(operation, "window", None) if hasattr(operation, "multiply_adds") else None
    if window == ALL or isinstance(operation, _GLOBAL) or ALL in fields:
        return ALL
    if isinstance(operation, layers.Dense):
        return ALL if len(tensors[0].shape) == 2 else fields[0]
    if None in fields or not fields:
        return None
    field = Field(*(tuple(map(max, *sides)) if len(fields) > 1 else sides[0] for sides in zip(*fields, strict=True)))
    if window:
        return _grown(field, window[:1] * 2, window[1:] * 2)
    if isinstance(operation, _CONVOLUTIONS):
        sides = zip(operation.kernel_size, operation.dilation_rate, strict=True)
        return _grown(field, [(kernel - 1) * dilation + 1 for kernel, dilation in sides], operation.strides)
    if isinstance(operation, _POOLS):
        return _grown(field, operation.pool_size, operation.strides)
    passing = isinstance(operation, _PASSING) or type(operation).__name__ in _PASSING_OPERATIONS
    return field if passing else None


def _grown(field: Field, window: Sequence[int], strides: Sequence[int]) -> Field:
    """The field after a window: its further places lie a step of pixels apart each (Araujo et al. 2019, one path)."""
    size = (size + (side - 1) * step for size, side, step in zip(field.size, window, field.step, strict=True))
    step = (step * stride for step, stride in zip(field.step, strides, strict=True))
    return Field(tuple(size), tuple(step))


def _shown(field):
    """A field as a row has it."""
    if not isinstance(field, Field):
        return field
    return field.size[0] if field.size[0] == field.size[1] else field.size


def _texts(row: Row) -> tuple[str, ...]:
    shapes = row.output_shape if isinstance(row.output_shape, list) else [row.output_shape]
    output = ", ".join(_text(shape) for shape in shapes)
    return row.name, row.kind, output, f"{row.parameters:,}", _text(row.multiply_adds), _text(row.receptive_field)


def _text(value) -> str:
    """A number with commas, sides with x between, `?` for what is not known."""
    if value is None:
        return "?"
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
