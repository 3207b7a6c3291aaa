"""Multilayer perceptron. Derived in `1_1_first_classifier.ipynb`."""

from collections.abc import Sequence

import keras
from keras import layers


def MLP(
    input_shape: tuple[int, ...] = (784,),
    num_classes: int = 10,
    hidden_units: Sequence[int] = (256, 256),
    activation: str | None = "relu",
    dropout: float = 0.45,
    weight_decay: float = 0.0,
    name: str = "mlp",
) -> keras.Model:
    """Build a multilayer perceptron: dense layers, each with an activation and dropout, then softmax.

    Args:
        input_shape: shape of one image; flattened first where it has several axes. Values in [0, 1].
        num_classes: number of classes, the length of the output.
        hidden_units: units of each hidden layer. (256, 256) on 784 inputs has 269,322 parameters.
        activation: the hidden layers' activation; None makes the whole network linear.
        dropout: share of hidden units switched off in training, in [0, 1); 0 leaves the layers out.
        weight_decay: factor of the L2 penalty on the hidden layers' kernels.
        name: the model's name.

    Returns:
        A model from (batch_size, *input_shape) to probabilities (batch_size, num_classes), in float32.

    Raises:
        ValueError: `dropout` is outside [0, 1), or a layer has no units.
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: dropout={dropout}")
    if not hidden_units or min(hidden_units) < 1:
        raise ValueError(f"hidden_units must be whole numbers above 0. Received: hidden_units={hidden_units}")
    stack = [keras.Input(input_shape, name="image")]
    if len(input_shape) > 1:
        stack.append(layers.Flatten(name="flatten"))
    for number, units in enumerate(hidden_units, start=1):
        penalty = keras.regularizers.L2(weight_decay) if weight_decay else None
        stack.append(layers.Dense(units, activation=activation, kernel_regularizer=penalty, name=f"hidden_{number}"))
        if dropout:
            stack.append(layers.Dropout(dropout, name=f"dropout_{number}"))
    stack.append(layers.Dense(num_classes, activation="softmax", dtype="float32", name="probabilities"))
    return keras.Sequential(stack, name=name)
