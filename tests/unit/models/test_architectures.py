"""Counts and shapes against the papers' tables; the same outputs as `keras.applications` from the same weights."""

import keras
import numpy as np
import pytest

from helpers import models
from helpers.models.inception import MODULES


@pytest.fixture(autouse=True)
def seeded_and_cleared():
    keras.utils.set_random_seed(0)
    yield
    keras.backend.clear_session()


def conv(size, before, after, bias=True):
    return size * size * before * after + bias * after


def dense(before, after):
    return before * after + after


def norm(channels):
    return 4 * channels


def trained(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def sides(model, *names):
    """Height of the map that each layer gives; all maps are square."""
    shapes = [model.get_layer(name).output.shape[1:] for name in names]
    assert all(shape[0] == shape[1] for shape in shapes)
    return [shape[0] for shape in shapes]


def channels(model, *names):
    return [model.get_layer(name).output.shape[-1] for name in names]


def test_lenet5():
    model = models.LeNet5()
    assert model.count_params() == conv(5, 1, 6) + conv(5, 6, 16) + conv(5, 16, 120) + dense(120, 84) + dense(84, 10)
    assert model.count_params() == 61_706  # the paper's 60,000: see the docstring
    assert sides(model, "conv_1", "pool_1", "conv_2", "pool_2", "conv_3") == [28, 14, 10, 5, 1]  # figure 2
    assert channels(model, "conv_1", "conv_2", "conv_3", "dense") == [6, 16, 120, 84]
    assert {model.get_layer(name).activation.__name__ for name in ("conv_1", "conv_2", "conv_3", "dense")} == {"tanh"}
    assert models.LeNet5((48, 40, 3), 5).output_shape == (None, 5)


ALEXNET = conv(11, 3, 96), conv(5, 96, 256), conv(3, 256, 384), conv(3, 384, 384), conv(3, 384, 256)
ALEXNET_DENSE = dense(6 * 6 * 256, 4096) + dense(4096, 4096)


def test_alexnet():
    model = models.AlexNet(num_classes=2)
    weights = sum(ALEXNET) + ALEXNET_DENSE + dense(4096, 2)
    assert weights == 58_289_538
    assert model.count_params() == weights + norm(96 + 256 + 384 + 384 + 256 + 4096 + 4096) == weights + 38_272
    assert trained(model) == weights + 38_272 // 2
    assert sides(model, "conv_1", "pool_1", "conv_2", "pool_2", "conv_3", "conv_4", "conv_5", "pool_5") == [
        55, 27, 27, 13, 13, 13, 13, 6,
    ]  # fmt: skip
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.25] * 3 + [0.5] * 2
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[1:5] == ["Conv2D", "BatchNormalization", "MaxPooling2D", "Dropout"]  # the ReLU is in the convolution
    assert model.get_layer("conv_1").activation.__name__ == "relu"
    penalised = [layer for layer in model.layers if getattr(layer, "kernel_regularizer", None)]
    assert len(penalised) == 8 and all(float(layer.kernel_regularizer.l2) == 2e-4 for layer in penalised)


def test_alexnet_with_the_two_groups_of_the_paper():
    halves = [conv(5, 48, 256), conv(3, 192, 384), conv(3, 192, 256)]  # each filter sees half of the channels
    grouped = ALEXNET[0] + halves[0] + ALEXNET[2] + halves[1] + halves[2] + ALEXNET_DENSE + dense(4096, 1000)
    assert grouped == 60_965_224  # section 3.5: 60 million
    assert models.AlexNet(batch_norm=False, groups=2).count_params() == grouped


def test_zfnet():
    model = models.ZFNet(batch_norm=False)
    convolutions = (conv(7, 3, 96), *ALEXNET[1:])
    assert model.count_params() == sum(convolutions) + ALEXNET_DENSE + dense(4096, 1000) == 62_357_608
    names = ("conv_1", "pool_1", "conv_2", "pool_2", "conv_3", "conv_4", "conv_5", "pool_5")
    assert sides(model, *names) == [110, 55, 26, 13, 13, 13, 13, 6]  # figure 3


def vgg(counts):
    total, before = 0, 3
    for count, filters in zip(counts, (64, 128, 256, 512, 512), strict=True):
        total += conv(3, before, filters) + (count - 1) * conv(3, filters, filters)
        before = filters
    return total + dense(7 * 7 * 512, 4096) + dense(4096, 4096) + dense(4096, 1000)


def test_vgg16_at_its_size():
    model = models.VGG16()
    assert model.count_params() == vgg((2, 2, 3, 3, 3)) == 138_357_544  # table 2: 138 million
    assert sides(model, *(f"block{block}_pool" for block in range(1, 6))) == [112, 56, 28, 14, 7]
    assert channels(model, *(f"block{block}_pool" for block in range(1, 6))) == [64, 128, 256, 512, 512]


def test_vgg19():
    assert vgg((2, 2, 4, 4, 4)) == 143_667_240  # table 2: 144 million
    model = models.VGG19((32, 32, 3))
    assert model.count_params() == 143_667_240 - dense(7 * 7 * 512, 4096) + dense(512, 4096)
    theirs = keras.applications.VGG19(weights=None, input_shape=(32, 32, 3), include_top=False)
    names = [layer.name for layer in model.layers]
    assert names[1:22] == [layer.name for layer in theirs.layers][1:] and names[22:24] == ["flatten", "fc1"]


def test_small_vgg():
    model = models.SmallVGG()
    convolutions = conv(3, 3, 32) + conv(3, 32, 32) + conv(3, 32, 64) + conv(3, 64, 64)
    weights = convolutions + dense(8 * 8 * 64, 512) + dense(512, 10)
    assert model.count_params() == weights + norm(32 + 32 + 64 + 64 + 512)
    assert sides(model, "block1_conv2", "block1_pool", "block2_pool") == [32, 16, 8]
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[1:7] == ["Conv2D", "BatchNormalization"] * 2 + ["MaxPooling2D", "Dropout"]


def conv_norm(size, before, after):
    return conv(size, before, after, bias=False) + norm(after)


def test_mini_googlenet():
    model = models.MiniGoogLeNet()
    total, before = conv_norm(3, 3, 96), 96
    modules = [(32, 32), (32, 48), 80, (112, 48), (96, 64), (80, 80), (48, 96), 96, (176, 160), (176, 160)]
    for filters in modules:
        if isinstance(filters, int):  # the maps that are only pooled stay beside it
            total, before = total + conv_norm(3, before, filters), before + filters
        else:
            total += conv_norm(1, before, filters[0]) + conv_norm(3, before, filters[1])
            before = sum(filters)
    assert model.count_params() == total + dense(336, 10)
    names = ("conv", "inception_1b", "downsample_1", "inception_2d", "downsample_2", "inception_3a", "inception_3b")
    assert sides(model, *names) == [32, 32, 15, 15, 7, 7, 7]
    assert channels(model, *names) == [96, 80, 160, 144, 240, 336, 336]
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[1:4] == ["Conv2D", "BatchNormalization", "ReLU"]


def inception(before, module, of):
    ones, reduce_3, threes, reduce_5, fives, projection = module
    total = of(1, before, ones) + of(1, before, reduce_3) + of(3, reduce_3, threes)
    return total + of(1, before, reduce_5) + of(5, reduce_5, fives) + of(1, before, projection)


def after(module):
    return module[0] + module[2] + module[4] + module[5]


@pytest.mark.parametrize("with_4a_to_4e", [True, False])
def test_deeper_googlenet(with_4a_to_4e):
    model = models.DeeperGoogLeNet(with_4a_to_4e=with_4a_to_4e)
    total, before = conv_norm(5, 3, 64) + conv_norm(1, 64, 64) + conv_norm(3, 64, 192), 192
    used = [module for at, module in MODULES.items() if at < "4" or ("4" < at < "5" and with_4a_to_4e)]
    for module in used:
        total, before = total + inception(before, module, conv_norm), after(module)
    assert len(used) == (7 if with_4a_to_4e else 2)
    assert model.count_params() == total + dense(before, 200)
    names = ["conv_1", "pool_1", "conv_2", "pool_2", "inception_3b", "pool_3"]
    expected = [64, 32, 32, 16, 16, 8]
    if with_4a_to_4e:
        names, expected = [*names, "inception_4e", "pool_4"], [*expected, 8, 4]
    assert sides(model, *names) == expected
    assert channels(model, "average_pool") == [832 if with_4a_to_4e else 480]


# Table 1 of Szegedy et al. 2014: channels and side of the output, thousands of parameters. A thousand is 1,024 there
# (conv_2: 114,688 weights are 112K). Three rows cannot be had from the filters of the table: the stem's 2.7K is what a
# separable 7 x 7 convolution has that makes 8 maps a channel (49 * 3 * 8 + 24 * 64 = 2,712; an ordinary one 9,408);
# 4c has 497K instead of 463K, 5a 1,018K instead of 1,072K. The others are within 2 %.
TABLE_1 = {
    "3a": (256, 28, 159), "3b": (480, 28, 380), "4a": (512, 14, 364), "4b": (512, 14, 437), "4c": (512, 14, 463),
    "4d": (528, 14, 580), "4e": (832, 14, 840), "5a": (832, 7, 1072), "5b": (1024, 7, 1388),
}  # fmt: skip
WRONG_ROWS = {"4c": 497, "5a": 1018}


def test_googlenet_row_by_row():
    model = models.GoogLeNet(auxiliary=False)

    def kernels(start):
        kernels = [layer.kernel for layer in model.layers if layer.name.startswith(start) and hasattr(layer, "kernel")]
        return sum(int(np.prod(kernel.shape)) for kernel in kernels)

    assert kernels("conv_1") == 7 * 7 * 3 * 64 == 9_408 and 49 * 3 * 8 + 24 * 64 == 2_712
    assert kernels("conv_2") / 1024 == 112
    assert kernels("probabilities") / 1000 == 1024  # the table: 1000K
    for at, (depth, side, thousands) in TABLE_1.items():
        assert channels(model, f"inception_{at}") == [depth] and sides(model, f"inception_{at}") == [side]
        measured = kernels(f"inception_{at}_") / 1024
        assert measured == pytest.approx(WRONG_ROWS.get(at, thousands), rel=0.02)
        assert (measured == pytest.approx(thousands, rel=0.02)) == (at not in WRONG_ROWS)
    assert sides(model, "conv_1", "pool_1", "conv_2", "pool_2", "pool_3", "pool_4") == [112, 56, 56, 28, 14, 7]
    assert model.count_params() == 6_998_552


def test_googlenet_with_its_auxiliary_heads():
    model = models.GoogLeNet()
    heads = [conv(1, before, 128) + dense(4 * 4 * 128, 1024) + dense(1024, 1000) for before in (512, 528)]
    assert model.count_params() == 6_998_552 + sum(heads) == 13_378_280
    assert [output.shape for output in model.outputs] == [(None, 1000)] * 3
    assert list(model.output_names) == ["probabilities", "auxiliary_1", "auxiliary_2"]
    assert sides(model, "auxiliary_1_pool", "auxiliary_2_pool") == [4, 4]
    assert model.get_layer("auxiliary_1_dropout").rate == 0.7
    assert keras.Model(model.input, model.outputs[0]).count_params() == 6_998_552


def resnet(depth, *, width=16):
    n, stages = (depth - 2) // 6, (width, 2 * width, 4 * width)
    total = conv(3, 3, width, bias=False) + 2 * width
    for before, filters in zip((width, *stages), stages, strict=False):
        first = conv(3, before, filters, bias=False)
        total += first + (2 * n - 1) * conv(3, filters, filters, bias=False) + 2 * n * 2 * filters
    return total + dense(4 * width, 10)


@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)])
def test_resnet_table_6(depth, millions):
    assert resnet(depth) / 1e6 == pytest.approx(millions, abs=0.05 if depth == 110 else 0.005)
    if depth <= 56:  # 110 takes four seconds to build, and nothing in it is new
        model = models.ResNet(depth)
        assert trained(model) == resnet(depth)
        assert sum(isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)) for layer in model.layers) == depth


def test_resnet_shortcuts_and_orders():
    identity, plain = models.ResNet(8), models.ResNet(8, shortcut=None)
    assert trained(identity) == trained(plain) == resnet(8)
    assert not any(isinstance(layer, keras.layers.Add) for layer in plain.layers)
    assert sum(isinstance(layer, keras.layers.Add) for layer in identity.layers) == 3
    assert sides(identity, "stage1_block1_relu", "stage2_block1_relu", "stage3_block1_relu") == [32, 16, 8]
    projections = conv(1, 16, 32, bias=False) + conv(1, 32, 64, bias=False)
    assert trained(models.ResNet(8, shortcut="projection")) == resnet(8) + projections + 2 * (32 + 64)
    pre = models.ResNet(8, order="pre", shortcut="projection")
    # norms of "pre": before each of the six convolutions in blocks, and one at the end
    norms = 2 * (16 + 16 + 16 + 32 + 32 + 64) + 2 * 64
    convolutions = resnet(8) - 2 * (16 + 2 * 16 + 2 * 32 + 2 * 64)
    assert trained(pre) == convolutions + projections + norms


def test_the_identity_shortcut_takes_every_second_pixel_and_adds_zeros():
    model = models.ResNet(8, input_shape=(32, 32, 3))
    before, after = model.get_layer("stage1_block1_relu").output, model.get_layer("stage2_block1_zeros").output
    images = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    given, taken = (keras.ops.convert_to_numpy(x) for x in keras.Model(model.input, [before, after])(images))
    assert taken.shape == (2, 16, 16, 32)
    assert np.array_equal(taken[..., :16], given[:, ::2, ::2]) and not taken[..., 16:].any() and given.any()


@pytest.mark.parametrize("order", ["post", "pre"])
def test_a_residual_block_whose_last_layer_gives_zero_passes_its_input_on(order):
    model = models.ResNet(14, order=order)
    end = {"post": "stage1_block2_conv2_norm", "pre": "stage1_block2_conv2"}[order]
    layer = model.get_layer(end)
    layer.set_weights(
        [np.zeros_like(weight) if index < 1 else weight for index, weight in enumerate(layer.get_weights())]
    )
    names = {"post": ("stage1_block1_relu", "stage1_block2_relu"), "pre": ("stage1_block1_add", "stage1_block2_add")}
    ends = [model.get_layer(name).output for name in names[order]]
    images = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    before, after = (keras.ops.convert_to_numpy(x) for x in keras.Model(model.input, ends)(images))
    assert np.allclose(before, after, atol=1e-6) and before.std() > 0.1


def same_outputs(ours, theirs, side):
    """Give both the same weights, none of them all zeros or ones, and compare the outputs for two images."""
    rng = np.random.default_rng(0)
    theirs.set_weights([w if w.ndim > 1 else w + rng.random(w.shape, "float32") / 10 for w in theirs.get_weights()])
    images = rng.normal(size=(2, side, side, 3)).astype("float32")
    for layer in theirs.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    theirs(images, training=True)  # running means and variances of these images: signals do not die out on the way
    ours.set_weights(theirs.get_weights())
    mine, other = (keras.ops.convert_to_numpy(model(images)) for model in (ours, theirs))
    assert np.allclose(mine, other, rtol=1e-4, atol=1e-6)
    assert np.abs(mine[0] - mine[1]).max() > 1e-5  # the output does depend on the image


def test_vgg16_against_keras_applications():
    theirs = keras.applications.VGG16(weights=None, input_shape=(75, 75, 3), classes=10)
    same_outputs(models.VGG16((75, 75, 3), 10), theirs, 75)


def test_xception_against_keras_applications():
    theirs = keras.applications.Xception(weights=None, input_shape=(75, 75, 3), classes=1000)
    ours = models.Xception((75, 75, 3))
    assert ours.count_params() == 22_910_480  # no weight depends on the size of the image
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    same_outputs(ours, theirs, 75)


def test_xception_sides():
    model = models.Xception()
    assert sides(model, "block1_conv1", "block1_conv2", "block2_add", "block3_add", "block4_add") == [
        149,
        147,
        74,
        37,
        19,
    ]
    assert sides(model, "block12_add", "block13_add", "block14_sepconv2_act") == [19, 10, 10]  # figure 5
    assert channels(model, "block12_add", "block13_add", "block14_sepconv1", "avg_pool") == [728, 1024, 1536, 2048]


def test_resnet50_against_keras_applications():
    theirs = keras.applications.ResNet50(weights=None, input_shape=(75, 75, 3), classes=1000)
    ours = models.ResNet50((75, 75, 3))
    assert ours.count_params() == 25_636_712
    same_outputs(ours, theirs, 75)


def separable(before, filters):
    return 9 * before + before * filters + norm(filters)


def test_mini_xception():
    model = models.MiniXception()
    total = conv_norm(3, 3, 32) + conv_norm(3, 32, 64)
    for before, filters in ((64, 128), (128, 256)):
        total += separable(before, filters) + separable(filters, filters) + conv_norm(1, before, filters)
    total += 3 * separable(256, 256) + separable(256, 512) + dense(512, 10)
    assert model.count_params() == total
    assert sides(model, "block1_conv2", "block2_add", "block3_add", "block4_add") == [32, 16, 8, 8]
    ordinary = models.MiniXception(convolution="ordinary")
    pairs = [(64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 256), (256, 256), (256, 512)]
    more = sum(9 * before * filters - 9 * before - before * filters for before, filters in pairs)
    assert ordinary.count_params() == total + more
    assert models.MiniXception((64, 48, 1), 4, stem_stride=2, middle_blocks=0).output_shape == (None, 4)
