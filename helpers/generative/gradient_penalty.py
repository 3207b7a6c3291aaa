"""The gradient penalty of Gulrajani et al. 2017, Improved training of Wasserstein GANs (arXiv:1704.00028).

A gradient inside a loss is the one thing here that `keras.ops` cannot say, so each backend says it in its own words.
Derived in `6_5_wgan.ipynb`.
"""

import keras
from keras import layers, ops


class GradientPenalty(layers.Layer):
    """Add weight * (|gradient of the critic| - 1)^2 at points between real and generated images to the loss.

    Gulrajani et al. 2017 (arXiv:1704.00028), algorithm 1: the points are e x + (1 - e) G(z), e uniform in [0, 1], one e
    for each image. Derived in `6_5_wgan.ipynb`.
    """

    def __init__(self, critic: keras.Model, weight: float = 10.0, **keywords):
        super().__init__(**keywords)
        self.critic, self.weight = critic, weight
        self.seed = keras.random.SeedGenerator(0)

    def call(self, inputs):
        scores, real, fake, *label = inputs
        norms = gradient_norms(self.critic, between(real, fake, seed=self.seed), *label)
        self.add_loss(self.weight * ops.mean(ops.square(norms - 1)))
        return scores

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def between(real: keras.KerasTensor, fake: keras.KerasTensor, seed: object = None) -> keras.KerasTensor:
    """Return e x + (1 - e) G(z), with e uniform in [0, 1], one for each image (arXiv:1704.00028, algorithm 1)."""
    share = keras.random.uniform((ops.shape(real)[0], *[1] * (len(real.shape) - 1)), 0, 1, seed=seed)
    return share * real + (1 - share) * fake


def gradient_norms(critic: keras.Model, images: keras.KerasTensor, *label: keras.KerasTensor) -> keras.KerasTensor:
    """Return the length of the gradient of the critic's score by each image, (batch_size,); differentiable itself.

    Raises:
        NotImplementedError: the backend is neither TensorFlow nor JAX.
    """

    def total(points):
        return ops.sum(critic([points, *label] if label else points))

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(images)
            score = total(images)
        gradient = tape.gradient(score, images)
    elif keras.backend.backend() == "jax":
        import jax

        gradient = jax.grad(total)(images)
    else:
        raise NotImplementedError(f"a gradient penalty needs TensorFlow or JAX. Received: {keras.backend.backend()}")
    squares = ops.sum(ops.square(gradient), axis=tuple(range(1, len(images.shape))))
    return ops.sqrt(squares + 1e-12)
