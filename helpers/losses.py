"""Losses of generative models, each with the equation of its paper. Scores are logits or any real numbers.

`kl_divergence` and `bernoulli` are derived in `6_2_vae.ipynb`, the game of a GAN in `6_3_gan.ipynb`, Wasserstein's in
`6_5_wgan.ipynb`, BEGAN's in `6_6_began.ipynb`.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import ops

Tensor = keras.KerasTensor


@keras.saving.register_keras_serializable(package="workbook")
def bernoulli(images: Tensor, reconstructions: Tensor) -> Tensor:
    """Return -log p(x | z) of Bernoulli pixels: binary cross-entropy, summed over the pixels of each image.

    Kingma and Welling 2013 (arXiv:1312.6114), appendix C.1.

    Args:
        images: (batch_size, height, width, channels), in [0, 1].
        reconstructions: the same shape; the probability that a pixel is 1.

    Returns:
        One loss an image, in nats, (batch_size,). The mean over pixels is 784 times smaller for 28 x 28 pixels.
    """
    images = ops.cast(images, reconstructions.dtype)
    return ops.sum(ops.binary_crossentropy(images, reconstructions), axis=tuple(range(1, len(images.shape))))


def kl_divergence(z_mean: Tensor, z_log_var: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, 1)), summed over the code: sum (mean^2 + variance - log variance - 1) / 2.

    Kingma and Welling 2013 (arXiv:1312.6114), appendix B.

    Args:
        z_mean, z_log_var: mean and logarithm of the variance, (batch_size, latent_dim).

    Returns:
        One divergence an image, in nats, 0 or more, (batch_size,).
    """
    return 0.5 * ops.sum(ops.square(z_mean) + ops.exp(z_log_var) - z_log_var - 1, axis=-1)


def gan_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Return -log D(x) - log(1 - D(G(z))) with D = sigmoid(score): the negative of equation 1.

    Goodfellow et al. 2014, Generative adversarial networks (arXiv:1406.2661).

    Args:
        real, fake: the discriminator's scores (logits) of real and of generated images, (batch_size,) each.

    Returns:
        (batch_size,).
    """
    return ops.softplus(-real) + ops.softplus(fake)


def gan_generator(fake: Tensor) -> Tensor:
    """Return -log D(G(z)): the non-saturating loss of the generator (arXiv:1406.2661, section 3).

    Its gradient by the score is -(1 - D): largest where the discriminator is sure that the image is generated.
    """
    return ops.softplus(-fake)


def minimax_generator(fake: Tensor) -> Tensor:
    """Return log(1 - D(G(z))): the generator's side of equation 1 (arXiv:1406.2661). Saturates.

    Its gradient by the score is -D: next to 0 where the discriminator is sure that the image is generated.
    """
    return -ops.softplus(fake)


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Return f(G(z)) - f(x): its mean is minus the distance's estimate (Arjovsky et al. 2017, arXiv:1701.07875, eq. 2).

    Args:
        real, fake: the critic's scores, (batch_size,) each. The critic must be kept Lipschitz, by clipping its weights
            (`models.ClipWeights`) or by a gradient penalty.
    """
    return fake - real


def wasserstein_generator(fake: Tensor) -> Tensor:
    """Return -f(G(z)) (arXiv:1701.07875, algorithm 1, line 10)."""
    return -fake


def began_discriminator(real: Tensor, fake: Tensor, k: Tensor) -> Tensor:
    """Return L(x) - k L(G(z)) (Berthelot et al. 2017, BEGAN, arXiv:1703.10717, section 3.4).

    Args:
        real, fake: L, the reconstruction errors of real and generated images, (batch_size,) each.
        k: the balance, in [0, 1]; see `began_balance`.
    """
    return real - k * fake


def began_generator(fake: Tensor) -> Tensor:
    """Return L(G(z)): generated images should be easy to reconstruct (arXiv:1703.10717, section 3.4)."""
    return fake


def began_balance(k: float, real: float, fake: float, gamma: float = 0.5, rate: float = 0.001) -> float:
    """Return the next balance: k + rate * (gamma L(x) - L(G(z))), kept in [0, 1] (arXiv:1703.10717, section 3.4).

    Args:
        k: the balance so far; 0 at first.
        real, fake: mean reconstruction errors of the batch.
        gamma: the wanted ratio of both errors, in [0, 1]: low for quality, high for diversity.
        rate: lambda_k, the step.
    """
    return min(max(k + rate * (gamma * real - fake), 0.0), 1.0)


def began_convergence(real: float, fake: float, gamma: float = 0.5) -> float:
    """Return M = L(x) + |gamma L(x) - L(G(z))|, which falls as training goes on (arXiv:1703.10717, section 3.4.1)."""
    return real + abs(gamma * real - fake)


class Rules(NamedTuple):
    """The two losses of an adversarial game.

    Attributes:
        discriminator: a function of the scores of real and of generated images (and of k, where gamma is set).
        generator: a function of the scores of generated images.
        gamma: BEGAN's wanted ratio of errors; None for games without a balance.
    """

    discriminator: Callable[..., Tensor]
    generator: Callable[[Tensor], Tensor]
    gamma: float | None = None


GAN = Rules(gan_discriminator, gan_generator)
MINIMAX = Rules(gan_discriminator, minimax_generator)
WASSERSTEIN = Rules(wasserstein_critic, wasserstein_generator)


def began(gamma: float = 0.5) -> Rules:
    """Return BEGAN's rules.

    Args:
        gamma: the wanted ratio of the errors of generated and real images, in (0, 1].

    Raises:
        ValueError: `gamma` is outside its range.
    """
    if not 0 < gamma <= 1:
        raise ValueError(f"gamma must be above 0 and at most 1. Received: gamma={gamma}")
    return Rules(began_discriminator, began_generator, gamma)
