"""The gradient penalty: its points, its gradient against differences, and that the critic learns from it."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from helpers import losses, models
from helpers.generative import adversarial
from helpers.generative.gradient_penalty import between, gradient_norms

numpy = ops.convert_to_numpy


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def critic():
    stack = [keras.Input((3, 2, 1)), layers.Flatten(), layers.Dense(16, "tanh"), layers.Dense(1)]
    return keras.Sequential(stack)


def test_points_lie_on_the_line_between_and_each_image_has_its_own_share():
    real, fake = np.zeros((400, 3, 2, 1), "float32"), np.ones((400, 3, 2, 1), "float32")
    points = numpy(between(ops.convert_to_tensor(real), ops.convert_to_tensor(fake), seed=1)).reshape(400, -1)
    assert np.allclose(points, points[:, :1])  # one share an image, not one a pixel
    assert 0 <= points.min() < 0.05 and 0.95 < points.max() <= 1  # uniform; a normal distribution leaves [0, 1]
    assert len(np.unique(points[:, 0])) > 390 and abs(points.mean() - 0.5) < 0.05


def test_gradient_norms_against_differences():
    model, images = critic(), np.random.default_rng(0).normal(size=(4, 3, 2, 1)).astype("float32")
    slow = []
    for image in images:
        slopes = []
        for pixel in range(6):
            step = np.zeros(6, "float32")
            step[pixel] = 1e-2
            up, down = (numpy(model((image + s * step.reshape(3, 2, 1))[None]))[0, 0] for s in (1, -1))
            slopes.append((up - down) / 2e-2)
        slow.append(np.linalg.norm(slopes))
    assert np.allclose(numpy(gradient_norms(model, ops.convert_to_tensor(images))), slow, atol=1e-3)


def test_a_linear_critic_has_the_length_of_its_weights():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.set_weights([np.float32([[3], [4]]), np.zeros(1, "float32")])
    assert np.allclose(numpy(gradient_norms(model, ops.ones((5, 2)))), 5)


@pytest.mark.both_backends
def test_the_penalty_brings_the_gradient_to_length_1():
    real = np.random.default_rng(0).normal(3, 0.1, (256, 2)).astype("float32")
    generator = models.MLPGenerator((2,), latent_dim=2, units=(4,), activation=None)
    judge = models.MLPDiscriminator((2,), units=(32,))
    still, rate = keras.optimizers.SGD(0.0), keras.optimizers.Adam(1e-2, 0.5)
    game = adversarial.game(generator, judge, still, rate, rules=losses.WASSERSTEIN, gradient_penalty=10)
    adversarial.fit(game, real, epochs=1, steps_per_epoch=150, batch_size=64)
    fake = adversarial.sample(game, 64)
    points = between(ops.convert_to_tensor(real[:64]), ops.convert_to_tensor(fake), seed=0)
    assert abs(float(numpy(gradient_norms(judge, points)).mean()) - 1) < 0.25
