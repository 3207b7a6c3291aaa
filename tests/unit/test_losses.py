"""Losses of generative models on numbers worked out by hand, and against sampling or integration."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from helpers import losses

numpy = ops.convert_to_numpy
SCORES = np.array([-2.0, 0.0, 1.0, 30.0], "float32")


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_bernoulli_sums_over_the_pixels_of_each_image():
    images = np.array([[[1.0, 0.0]], [[0.25, 1.0]]], "float32")[..., None]  # (2, 1, 2, 1)
    answers = np.array([[[0.9, 0.2]], [[0.5, 0.5]]], "float32")[..., None]
    by_hand = [-math.log(0.9) - math.log(0.8), math.log(2) + math.log(2)]
    assert np.allclose(numpy(losses.bernoulli(images, answers)), by_hand, atol=1e-5)


def test_kl_by_hand():
    mean, variance = np.array([[0.0, 0.0], [1.0, -2.0]]), np.array([[1.0, 1.0], [4.0, 0.25]])
    by_hand = [0, 0.5 * (1 + 4 - math.log(4) - 1) + 0.5 * (4 + 0.25 - math.log(0.25) - 1)]
    assert np.allclose(numpy(losses.kl_divergence(mean, np.log(variance))), by_hand, atol=1e-6)


def test_kl_against_a_sampled_estimate():
    mean, log_var = 0.7, -1.2
    z = mean + math.exp(log_var / 2) * np.random.default_rng(0).normal(size=200_000)
    log_q = -0.5 * (log_var + (z - mean) ** 2 / math.exp(log_var))
    sampled = (log_q + 0.5 * z**2).mean()
    closed = float(losses.kl_divergence(np.array([[mean]]), np.array([[log_var]]))[0])
    assert abs(closed - sampled) < 0.01


def test_gan_losses_by_hand():
    real, fake = SCORES[:3], SCORES[[2, 0, 1]]
    by_hand = [-math.log(sigmoid(r)) - math.log(1 - sigmoid(f)) for r, f in zip(real, fake, strict=True)]
    assert np.allclose(numpy(losses.gan_discriminator(real, fake)), by_hand, atol=1e-5)
    assert np.allclose(numpy(losses.gan_generator(real)), [-math.log(sigmoid(s)) for s in real], atol=1e-5)
    assert np.allclose(numpy(losses.minimax_generator(real)), [math.log(1 - sigmoid(s)) for s in real], atol=1e-5)
    assert np.isfinite(numpy(losses.minimax_generator(SCORES))).all()  # logits: no log of 0


def test_the_generator_always_gains_where_its_score_rises():
    low, high = np.float32([-3, 0, 3]), np.float32([-2.9, 0.1, 3.1])
    for rules in (losses.GAN, losses.MINIMAX, losses.WASSERSTEIN):
        assert (numpy(rules.generator(high)) < numpy(rules.generator(low))).all()
        assert (numpy(rules.discriminator(low, high)) > numpy(rules.discriminator(high, low))).all()


def test_only_the_minimax_loss_saturates():
    """Slopes where the discriminator is sure that an image is generated: -D and -(1 - D)."""
    sure, step = np.float32(-6), np.float32(0.01)
    slopes = [float(loss(sure + step) - loss(sure)) / step for loss in (losses.minimax_generator, losses.gan_generator)]
    assert np.allclose(slopes, [-sigmoid(-6), -(1 - sigmoid(-6))], atol=1e-2)
    assert abs(slopes[0]) < 0.02 < 0.9 < abs(slopes[1])


def test_wasserstein():
    real, fake = np.float32([1, 2]), np.float32([0.5, -1])
    assert np.allclose(losses.wasserstein_critic(real, fake), [-0.5, -3])
    assert np.allclose(losses.wasserstein_generator(fake), [-0.5, 1])


def test_began_by_hand():
    assert np.allclose(losses.began_discriminator(np.float32([0.3]), np.float32([0.2]), np.float32([0.5])), [0.2])
    assert np.isclose(losses.began_balance(0.1, 0.3, 0.05, gamma=0.5, rate=0.1), 0.11)
    assert np.isclose(losses.began_balance(0.1, 0.3, 0.25, gamma=0.5, rate=0.1), 0.09)
    assert losses.began_balance(0.0, 0.3, 0.9) == 0 and losses.began_balance(1.0, 0.9, 0.0) == 1
    assert np.isclose(losses.began_convergence(0.3, 0.2, gamma=0.5), 0.35)


@pytest.mark.parametrize("gamma", [0, -0.1, 1.5])
def test_gamma_out_of_range(gamma):
    with pytest.raises(ValueError, match="gamma="):
        losses.began(gamma)


def test_bernoulli_is_found_when_a_model_is_loaded():
    assert keras.saving.get_registered_object("workbook>bernoulli") is losses.bernoulli
