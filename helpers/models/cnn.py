"""Small convolutional network for 28 x 28 images. Derived in `1_4_cnn_and_rnn.ipynb`."""

import keras
from keras import layers


def CNN(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    num_classes: int = 10,
    filters: int = 64,
    kernel_size: int = 3,
    dropout: float = 0.2,
    name: str = "cnn",
) -> keras.Model:
    """Build three convolutions with ReLU, the first two followed by max pooling, then dropout and softmax.

    Args:
        input_shape: height, width, channels of one image, values in [0, 1].
        num_classes: number of classes, the length of the output.
        filters: filters of each convolution. 64 on (28, 28, 1) gives 80,266 parameters.
        kernel_size: height and width of each kernel; no padding, stride 1.
        dropout: share of the flattened features switched off in training, in [0, 1).
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.

    Raises:
        ValueError: `input_shape` is not height, width, channels, or `dropout` is outside [0, 1).
    """
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (height, width, channels). Received: input_shape={input_shape}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1). Received: dropout={dropout}")
    return keras.Sequential(
        [
            keras.Input(input_shape, name="image"),
            layers.Conv2D(filters, kernel_size, activation="relu", name="conv_1"),  # 26 x 26 x 64
            layers.MaxPooling2D(2, name="pool_1"),  # 13 x 13 x 64
            layers.Conv2D(filters, kernel_size, activation="relu", name="conv_2"),  # 11 x 11 x 64
            layers.MaxPooling2D(2, name="pool_2"),  # 5 x 5 x 64
            layers.Conv2D(filters, kernel_size, activation="relu", name="conv_3"),  # 3 x 3 x 64
            layers.Flatten(name="flatten"),  # 576
            layers.Dropout(dropout, name="dropout"),
            layers.Dense(num_classes, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name=name,
    )
