"""Recurrent network that reads an image row by row. Derived in `1_4_cnn_and_rnn.ipynb`."""

import keras
from keras import layers


def RNN(
    input_shape: tuple[int, int] = (28, 28),
    num_classes: int = 10,
    units: int = 256,
    dropout: float = 0.2,
    name: str = "rnn",
) -> keras.Model:
    """Build a simple recurrent layer over the rows of an image, then softmax on its last state.

    One step is h_t = tanh(W x_t + U h_(t-1) + b) (Elman 1990, doi:10.1207/s15516709cog1402_1).

    Args:
        input_shape: steps (rows) and values a step (columns), values in [0, 1].
        num_classes: number of classes, the length of the output.
        units: length of the state. 256 on (28, 28) gives 75,530 parameters.
        dropout: share of each row's values switched off in training, in [0, 1).
        name: the model's name.

    Returns:
        A model from (batch_size, steps, values) to probabilities (batch_size, num_classes), in float32.

    Raises:
        ValueError: `input_shape` is not (steps, values), or `dropout` is outside [0, 1).
    """
    if len(input_shape) != 2:
        raise ValueError(f"input_shape must be (steps, values). Received: input_shape={input_shape}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: dropout={dropout}")
    return keras.Sequential(
        [
            keras.Input(input_shape, name="image"),
            layers.SimpleRNN(units, dropout=dropout, name="rows"),
            layers.Dense(num_classes, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name=name,
    )
