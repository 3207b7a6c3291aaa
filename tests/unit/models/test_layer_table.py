import keras
import numpy as np
import pytest
from keras import layers

from helpers.models.layer_table import ALL, layer_table

VGG16_FIELDS = {"block1_conv2": 5, "block1_pool": 6, "block3_conv3": 40, "block5_conv3": 196, "block5_pool": 212}


def fields(table):
    return {row.name: row.receptive_field for row in table.rows}


def counts(table):
    return {row.name: row.multiply_adds for row in table.rows}


def flat(*some):
    return keras.Sequential([keras.Input((16, 16, 4), name="image"), *some], name="flat")


@pytest.mark.parametrize(
    ("layer", "shape", "parameters", "multiply_adds", "field"),
    [
        (layers.Conv2D(5, 3), (14, 14, 5), 3 * 3 * 4 * 5 + 5, 14 * 14 * 180, 3),
        (layers.Conv2D(5, (1, 7), padding="same", use_bias=False), (16, 16, 5), 140, 256 * 140, (1, 7)),
        (layers.Conv2D(6, 3, strides=2, padding="same", groups=2), (8, 8, 6), 9 * 2 * 6 + 6, 64 * 108, 3),
        (layers.Conv2D(5, 3, dilation_rate=3), (10, 10, 5), 185, 100 * 180, 7),
        (layers.DepthwiseConv2D(5, depth_multiplier=2), (12, 12, 8), 25 * 8 + 8, 144 * 200, 5),
        (layers.SeparableConv2D(7, 3, strides=2), (7, 7, 7), 36 + 28 + 7, 49 * (36 + 28), 3),
        (layers.Conv2DTranspose(5, 4, strides=2, padding="same"), (32, 32, 5), 16 * 4 * 5 + 5, 256 * 320, None),
        (layers.Dense(5), (16, 16, 5), 25, 256 * 20, 1),
        (layers.MaxPooling2D(3, strides=2), (7, 7, 4), 0, 0, 3),
        (layers.AveragePooling2D(2), (8, 8, 4), 0, 0, 2),
        (layers.BatchNormalization(), (16, 16, 4), 16, 0, 1),
        (layers.ZeroPadding2D(2), (20, 20, 4), 0, 0, 1),
        (layers.Flatten(), (1024,), 0, 0, 1),
        (layers.GlobalAveragePooling2D(), (4,), 0, 0, ALL),
        (layers.UpSampling2D(2), (32, 32, 4), 0, 0, None),
        (layers.LSTM(3), (3,), None, None, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.Layer) else "",
)
def test_one_layer_by_hand(layer, shape, parameters, multiply_adds, field):
    table = layer_table(flat(*([layers.Reshape((16, 64))] if isinstance(layer, layers.LSTM) else []), layer))
    row = table.rows[-1]
    assert (row.kind, row.output_shape) == (type(layer).__name__, shape)
    assert row.multiply_adds == table.total_multiply_adds == multiply_adds and row.receptive_field == field
    assert parameters is None or row.parameters == table.total_parameters == parameters
    assert table.rows[0] == ("image", "InputLayer", (16, 16, 4), 0, 0, 1)


def test_vgg16():
    """Simonyan and Zisserman 2015, configuration D: 138 million; 212 pixels in Araujo et al. 2019; the rest by hand."""
    body = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3), name="body")
    sizes = {"fc1": 4096, "fc2": 4096, "predictions": 1000}
    head = [layers.Dense(units, kernel_initializer="zeros", name=name) for name, units in sizes.items()]
    table = layer_table(keras.Sequential([keras.Input((224, 224, 3)), body, layers.Flatten(name="flatten"), *head]))
    channels = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), *2 * [(256, 256)], (256, 512), *5 * [(512, 512)]]
    sides = [224] * 2 + [112] * 2 + [56] * 3 + [28] * 3 + [14] * 3
    weights = [9 * before * after for before, after in channels]
    dense = [25088 * 4096, 4096 * 4096, 4096 * 1000]
    dense_and_others = sum(dense) + sum(w * s * s for w, s in zip(weights, sides, strict=True))
    assert table.total_multiply_adds == 15_470_264_320 == dense_and_others
    assert table.total_parameters == 138_357_544
    seen = fields(table)
    assert {name: seen[f"body/{name}"] for name in VGG16_FIELDS} == VGG16_FIELDS
    assert seen["flatten"] == 212 and seen["fc1"] == seen["predictions"] == ALL


def test_alexnet():
    """Krizhevsky et al. 2012, no groups, 227 x 227; receptive fields as in Araujo et al.'s table of end-points."""
    model = keras.Sequential([keras.Input((227, 227, 3), name="image")])
    sizes = [(96, 11, 4), (256, 5, 1), (384, 3, 1), (384, 3, 1), (256, 3, 1)]
    for number, (filters, kernel, strides) in enumerate(sizes):
        padding = "valid" if number == 0 else "same"
        model.add(layers.Conv2D(filters, kernel, strides=strides, padding=padding, name=f"conv{number + 1}"))
        if number in (0, 1, 4):
            model.add(layers.MaxPooling2D(3, strides=2, name=f"pool{number + 1}"))
    table = layer_table(model)
    seen = {"image": 1, "conv1": 11, "pool1": 19, "conv2": 51, "pool2": 67, "conv3": 99, "conv4": 131, "conv5": 163}
    assert fields(table) == seen | {"pool5": 195}
    assert counts(table) == {
        "image": 0, "conv1": 55 * 55 * 34_848, "pool1": 0, "conv2": 27 * 27 * 614_400, "pool2": 0,
        "conv3": 13 * 13 * 884_736, "conv4": 13 * 13 * 1_327_104, "conv5": 13 * 13 * 884_736, "pool5": 0,
    }  # fmt: skip
    assert table.row("pool5").output_shape == (6, 6, 256)


def application(name, **keywords):
    build = getattr(keras.applications, name)
    return build(include_top=False, weights=None, input_shape=(None, None, 3), **keywords)


@pytest.fixture(scope="module")
def mobile():
    return application("MobileNetV2", alpha=1.0)


def test_resnet():
    """He et al. 2016, table 1: 3.8e9 multiply-adds; 483 pixels in Araujo et al. 2019."""
    resnet = application("ResNet50")
    table = layer_table(resnet, (224, 224, 3))
    assert table.rows[-1].receptive_field == 483 and table.rows[-1].output_shape == (7, 7, 2048)
    assert table.total_parameters == resnet.count_params()
    assert table.total_multiply_adds == pytest.approx(3.86e9, rel=0.002)


def test_mobile_net(mobile):
    """Sandler et al. 2018, table 4: 300e6 multiply-adds with the classifier; 491 = 3 + 4 * 2 + ... by hand."""
    table = layer_table(mobile, (224, 224, 3))
    assert table.total_multiply_adds + 1280 * 1000 == pytest.approx(300e6, rel=0.01)
    steps = [2] * 2 + [4] * 2 + [8] * 3 + [16] * 7 + [32] * 3  # of the 3 x 3 windows after the first one
    assert table.rows[-1].receptive_field == 3 + sum(2 * step for step in steps) == 491


def test_efficient_net():
    """Tan and Le 2019, table 2: 0.39e9; its squeeze-and-excitation looks at the whole image from the first block on."""
    table = layer_table(application("EfficientNetB0"), (224, 224, 3))
    assert round((table.total_multiply_adds + 1280 * 1000) / 1e9, 2) == 0.39
    assert table.row("block1a_activation").receptive_field == 7
    assert table.row("block1a_se_excite").receptive_field == table.rows[-1].receptive_field == ALL


def operations_of_tensorflow(model, shape):
    """Floating point operations for one image as TensorFlow's own profiler counts them; it sees no grouped ones."""
    import tensorflow as tf

    call = tf.function(lambda images: model(images, training=False))
    graph = call.get_concrete_function(tf.TensorSpec((1, *shape))).graph
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    return tf.compat.v1.profiler.profile(graph, cmd="scope", options=options).total_float_ops


def every_kind():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.SeparableConv2D(64, 3, padding="same", use_bias=False)(x)
    x = layers.Concatenate()([layers.Conv2D(32, (1, 5), padding="same")(x), layers.Conv2D(32, 3, padding="same")(x)])
    x = layers.Conv2D(64, 3, dilation_rate=2, padding="same", use_bias=False)(x)
    x = layers.Conv2DTranspose(32, 4, strides=2, padding="same")(x)
    x = layers.DepthwiseConv2D(5, strides=2)(x)
    x = layers.Dense(48)(x)
    return keras.Model(image, layers.Dense(10)(layers.Flatten()(x)))


@pytest.mark.parametrize("name", ["every_kind", "mobile"])
def test_multiply_adds_as_tensorflow_counts_them(name, request):
    model = every_kind() if name == "every_kind" else request.getfixturevalue("mobile")
    shape = (32, 32, 3) if name == "every_kind" else (64, 64, 3)
    counted, table = operations_of_tensorflow(model, shape) / 2, layer_table(model, shape)
    assert table.total_multiply_adds < counted < 1.1 * table.total_multiply_adds  # TensorFlow adds biases and the like
    assert table.total_parameters == model.count_params()


def branched():
    image = keras.Input((95, 95, 1))
    x = layers.Conv2D(1, (3, 5), strides=2, padding="same")(image)
    x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
    long = layers.SeparableConv2D(1, 3, padding="same")(layers.Conv2D(1, 3, dilation_rate=2, padding="same")(x))
    x = layers.Add()([long, layers.Conv2D(1, 1)(x)]) + layers.DepthwiseConv2D((5, 1), padding="same")(x)
    return keras.Model(image, layers.Conv2D(1, 3, strides=2)(x))


def test_receptive_field_as_gradients_show_it():
    import tensorflow as tf

    model = branched()
    for weight in model.weights:
        weight.assign(np.ones(weight.shape))
    image = tf.zeros((1, 95, 95, 1))
    with tf.GradientTape() as tape:
        tape.watch(image)
        output = model(image)
        middle = output[0, output.shape[1] // 2, output.shape[2] // 2, 0]
    rows, columns = np.nonzero(tape.gradient(middle, image).numpy()[0, :, :, 0])
    measured = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert measured[0] < 95 and measured[1] < 95 and measured[0] != measured[1]
    assert layer_table(model).rows[-1].receptive_field == measured


class Unknown(keras.Layer):
    def call(self, x):
        return keras.ops.cumsum(x, axis=1)


class Halved(keras.Layer):
    window = (2, 2)

    def call(self, x):
        return x[:, ::2, ::2] + x[:, 1::2, 1::2]

    def multiply_adds(self, input_shape):
        assert input_shape == (16, 16, 4)
        return 12


def test_layers_of_your_own():
    table = layer_table(flat(Halved(name="halved"), layers.Conv2D(5, 3, name="conv"), Unknown(name="unknown")))
    assert table.row("halved")[2:] == ((8, 8, 4), 0, 12, 2)
    assert table.row("conv").receptive_field == 2 + 2 * 2
    assert table.row("unknown").multiply_adds is None and table.row("unknown").receptive_field is None
    assert table.total_multiply_adds is None and table.total_parameters == 185
    table = layer_table(flat(Unknown(), layers.Conv2D(5, 3), layers.GlobalMaxPooling2D(), layers.Dense(2)))
    assert [row.receptive_field for row in table.rows] == [1, None, None, ALL, ALL]


def test_models_in_models_shared_layers_and_plain_operations():
    image, other = keras.Input((16, 16, 4), name="image"), keras.Input((16, 16, 4), name="other")
    inner = keras.Sequential([layers.Conv2D(4, 3, padding="same", name="conv")], name="inner")
    squeeze = layers.GlobalAveragePooling2D(keepdims=True)(image)
    x = keras.ops.relu(inner(inner(image)) + other) * squeeze
    table = layer_table(keras.Model([image, other], x))
    assert [row.name for row in table.rows[:2]] == ["image", "other"]
    twice = [row for row in table.rows if row.name == "inner/conv"]
    assert [(row.parameters, row.receptive_field) for row in twice] == [(148, 3), (0, 5)]
    assert table.total_parameters == 148 and table.total_multiply_adds == 2 * 256 * 144
    assert [row.receptive_field for row in table.rows if row.kind in ("Add", "Relu", "Multiply")] == [5, 5, ALL]


def test_the_model_stays_as_it_is():
    model = flat(layers.Conv2D(5, 3, name="conv"))
    layer_table(model), layer_table(model)
    assert model.get_layer("conv").output.shape == (None, 14, 14, 5)  # an error where the layer was applied again


def test_text():
    text = str(layer_table(flat(layers.Conv2D(64, (3, 1), name="conv"), Unknown(name="unknown"))))
    assert text == repr(layer_table(flat(layers.Conv2D(64, (3, 1), name="conv"), Unknown(name="unknown"))))
    assert text.splitlines() == [
        "flat",
        "layer    kind        output        parameters  multiply-adds  field",
        "-------------------------------------------------------------------",
        "image    InputLayer  16 x 16 x 4            0              0      1",
        "conv     Conv2D      14 x 16 x 64         832        172,032  3 x 1",
        "unknown  Unknown     14 x 16 x 64           0              ?      ?",
        "-------------------------------------------------------------------",
        "total                                     832              ?",
    ]


def test_what_it_cannot_read(mobile):
    with pytest.raises(ValueError, match=r"begin with keras.Input. Received: model=<Sequential"):
        layer_table(keras.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match=r"leaves a size open. Received: input_shape=None for \(None, None, 3\)"):
        layer_table(mobile)
    with pytest.raises(ValueError, match=r"\(None, None, 3\). Received: input_shape=\(64, 64, 1\)"):
        layer_table(mobile, (64, 64, 1))
    with pytest.raises(ValueError, match=r"name must be one of image, dense\w*. Received: name='conv'"):
        layer_table(flat(layers.Dense(2))).row("conv")
