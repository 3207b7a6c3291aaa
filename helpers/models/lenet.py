"""LeNet-5, the network that read cheques. Derived in `2_1_lenet_to_vgg.ipynb`."""

import keras
from keras import layers


def LeNet5(
    input_shape: tuple[int, int, int] = (32, 32, 1),
    num_classes: int = 10,
    activation: str = "tanh",
    name: str = "lenet5",
) -> keras.Model:
    """Build LeNet-5: three 5 x 5 convolutions with average pooling between them, then two dense layers.

    After LeCun, Bottou, Bengio and Haffner 1998, figure 2 (doi:10.1109/5.726791). The paper counts 60,000 trainable
    parameters, this network 61,706, because three things are simpler here: each filter of `conv_2` sees all six maps
    (in the paper's table I a part of them: 1,516 parameters instead of 2,416); pooling is a plain mean (in the paper
    it has a weight and a bias a map, and an activation); the output is a softmax (in the paper distances to drawn
    digits). The paper's activation is 1.7159 tanh(2/3 x).

    Args:
        input_shape: height, width, channels of one image, at least 32 x 32; values in [0, 1] or around 0.
        num_classes: number of classes, the length of the output.
        activation: of every layer but the pooling layers and the last.
        name: the model's name.

    Returns:
        A model from (batch_size, height, width, channels) to probabilities (batch_size, num_classes), in float32.

    Raises:
        ValueError: `input_shape` is not height, width, channels, or an image is smaller than 32 x 32.
    """
    if len(input_shape) != 3 or min(input_shape[:2]) < 32:
        raise ValueError(
            "input_shape must be (height, width, channels) with height and width of at least 32: pad 28 x 28 images "
            f"by 2 pixels. Received: input_shape={input_shape}"
        )
    return keras.Sequential(
        [
            keras.Input(input_shape, name="image"),
            layers.Conv2D(6, 5, activation=activation, name="conv_1"),  # C1: 28 x 28 x 6
            layers.AveragePooling2D(2, name="pool_1"),  # S2: 14 x 14 x 6
            layers.Conv2D(16, 5, activation=activation, name="conv_2"),  # C3: 10 x 10 x 16
            layers.AveragePooling2D(2, name="pool_2"),  # S4: 5 x 5 x 16
            layers.Conv2D(120, 5, activation=activation, name="conv_3"),  # C5: 1 x 1 x 120
            layers.Flatten(name="flatten"),
            layers.Dense(84, activation=activation, name="dense"),  # F6
            layers.Dense(num_classes, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name=name,
    )
