"""One training loop for every adversarial game: GAN, DCGAN, Wasserstein GAN, BEGAN, with labels or without.

Derived in `6_3_gan.ipynb`. Two compiled models take turns: one holds the discriminator and sees real and generated
images, the other puts the generator before the same discriminator. Before each turn `trainable` of the discriminator
says whether it learns, which is what both backends ask for.
"""

import dataclasses
import operator
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from helpers import losses
from helpers.generative.gradient_penalty import GradientPenalty
from helpers.models.gans import InTraining
from helpers.training import checkpoints, monitor, record

# Older releases return means since the first step; newer ones reset, which takes time (Keras pull request 22617)
MEANS_GO_ON = tuple(map(int, keras.version().split(".")[:2])) < (3, 15)
NOISE = {
    "uniform": lambda random, shape: random.uniform(-1, 1, shape).astype("float32"),
    "normal": lambda random, shape: random.standard_normal(shape, dtype="float32"),
}


@dataclasses.dataclass(frozen=True)
class Game:
    """A generator, a discriminator, and the compiled models that train them; made by `game`.

    Attributes:
        generator, discriminator: as they were given.
        rules: the losses.
        noise: `"uniform"` in [-1, 1] or `"normal"`.
        fakes: the generator in training mode, so that batch normalisation sees the batch.
        judging: images, generated images (and labels) to scores (batch_size, 2); trains the discriminator.
        making: codes (and labels) to scores; trains the generator.
    """

    generator: keras.Model
    discriminator: keras.Model
    rules: losses.Rules
    noise: str
    fakes: keras.Model
    judging: keras.Model
    making: keras.Model

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """Return codes (count, latent_dim), float32."""
        shape = self.generator.inputs[0].shape[1:]
        return NOISE[self.noise](random, (count, *shape))


def real_score(_: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
    """Mean score of the real images in a batch."""
    return scores[:, 0]


def fake_score(_: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
    """Mean score of the generated images in a batch."""
    return scores[:, 1]


def game(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    *,
    rules: losses.Rules = losses.GAN,
    noise: str = "uniform",
    gradient_penalty: float = 0.0,
    jit_compile: bool | str = "auto",
) -> Game:
    """Compile the two models of an adversarial game.

    Args:
        generator: codes, or codes and labels, to images.
        discriminator: images, or images and labels, to scores (batch_size, 1). Labels: both models or neither.
        generator_optimizer, discriminator_optimizer: two objects; an optimizer belongs to one model.
        rules: `losses.GAN`, `losses.MINIMAX`, `losses.WASSERSTEIN` or `losses.began(gamma)`.
        noise: the codes' distribution, `"uniform"` in [-1, 1] or `"normal"`.
        gradient_penalty: weight of (norm of the discriminator's gradient - 1)^2 (10 in Gulrajani et al. 2017); 0
            leaves it out.
        jit_compile: as for `model.compile`.

    Raises:
        ValueError: an argument outside its range, or one model takes labels and the other does not.
    """
    if noise not in NOISE:
        raise ValueError(f"noise must be one of {', '.join(NOISE)}. Received: noise={noise!r}")
    if len(generator.inputs) != len(discriminator.inputs):
        received = f"{len(generator.inputs)} and {len(discriminator.inputs)} inputs"
        raise ValueError(f"generator and discriminator must both take labels, or neither. Received: {received}")
    if gradient_penalty < 0:
        raise ValueError(f"gradient_penalty must be 0 or more. Received: gradient_penalty={gradient_penalty}")
    code, *label = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in generator.inputs]
    fakes = keras.Model([code, *label], InTraining(generator)(_one_or_list(code, label)), name="fakes")

    real, *label = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in discriminator.inputs]
    fake = keras.Input(real.shape[1:], name="fake")
    scores = [discriminator(_one_or_list(images, label)) for images in (real, fake)]
    both = layers.Concatenate(dtype="float32", name="scores")(scores)
    if gradient_penalty:
        both = GradientPenalty(discriminator, gradient_penalty, dtype="float32", name="penalty")(
            [both, real, fake, *label]
        )
    judging = keras.Model([real, fake, *label], both, name="judging")
    balanced = rules.gamma is not None

    def discriminator_loss(k, scores):
        return rules.discriminator(scores[:, 0], scores[:, 1], *([k[:, 0]] if balanced else []))

    measured = [keras.metrics.MeanMetricWrapper(score, score.__name__) for score in (real_score, fake_score)]
    discriminator.trainable = True
    judging.compile(discriminator_optimizer, discriminator_loss, metrics=measured, jit_compile=jit_compile)

    code, *label = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in generator.inputs]
    images = generator(_one_or_list(code, label))
    making = keras.Model([code, *label], discriminator(_one_or_list(images, label)), name="making")
    making.compile(generator_optimizer, lambda _, score: rules.generator(score[:, 0]), jit_compile=jit_compile)
    # Metrics as objects, and slots of the optimizers now: TensorFlow traces a step twice if the first makes variables
    judging.optimizer.build(discriminator.trainable_variables)
    making.optimizer.build(generator.trainable_variables)
    return Game(generator, discriminator, rules, noise, fakes, judging, making)


def fit(
    game: Game,
    images: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    epochs: int,
    steps_per_epoch: int,
    batch_size: int,
    critic_steps: int = 1,
    balance_rate: float = 0.001,
    callbacks: Sequence[Callable[[int, Game], dict | None]] = (),
    folder: str | Path | None = None,
    resume: str = "run",
    seed: int = 0,
) -> dict[str, list[float]]:
    """Play the game: in every step the discriminator learns `critic_steps` times, then the generator once.

    With a folder the whole state is saved at the start and after every epoch, and calling `fit` again with the same
    folder continues after the last finished one: the same numbers come out as without the break. As in `training.fit`,
    another game, other data and other settings are refused; more epochs and another learning rate are not.

    Args:
        game: from `game`; its models change.
        images: real images as the generator makes them, float32 (N, height, width, channels), most often in [-1, 1].
        labels: one-hot rows (N, num_classes) for a game with labels; generated images get those of the real batch.
        epochs: how often the history gets a value and the callbacks are called.
        steps_per_epoch: generator steps in an epoch, whatever the number of images.
        batch_size: real images in a step, and generated ones; at most N.
        critic_steps: steps of the discriminator for one of the generator (5 for a Wasserstein GAN).
        balance_rate: BEGAN's lambda_k; used where the rules have a gamma.
        callbacks: each is called as `callback(epoch, game)` after an epoch, counted from 1; figures in the dict that it
            returns go into the history.
        folder: where the state is kept; None keeps nothing.
        resume: `"run"`, or `"weights"`: a new game that begins with the saved networks and takes the old one's place.
        seed: of the codes and the order of the images.

    Returns:
        One value an epoch, the mean over its steps, of `discriminator_loss`, `generator_loss`, `real_score`,
        `fake_score`; for BEGAN also of `k` and `convergence`; and what the callbacks returned.

    Raises:
        ValueError: an argument outside its range, or `folder` holds another game: the message names the difference.
        FileError: the saved state is damaged or cannot be written.
    """
    _check(game, images, labels, epochs, steps_per_epoch, batch_size, critic_steps)
    random, state, saved = np.random.default_rng(seed), {"epoch": 0, "k": 0.0, "history": {}}, ()
    if folder is not None:
        lengths = dict(steps_per_epoch=steps_per_epoch, batch_size=batch_size, critic_steps=critic_steps)
        saved = _saved(game, folder, [images, labels], dict(**lengths, balance_rate=balance_rate, seed=seed))
        state = checkpoints.load_run(*saved, resume) or state
        random.bit_generator.state = state.setdefault("random", random.bit_generator.state)
        if not state["epoch"]:
            checkpoints.save_run(*saved, state)
    elif resume != "run":
        raise ValueError(f"resume must be 'run' where there is no folder. Received: resume={resume!r}")
    settings = batch_size, critic_steps, balance_rate, state, random
    with checkpoints.unlearned(game.generator, game.discriminator):
        for epoch in range(state["epoch"] + 1, epochs + 1):
            rows = [_step(game, images, labels, *settings) for _ in range(steps_per_epoch)]
            figures = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
            for callback in callbacks:
                figures |= callback(epoch, game) or {}
            monitor.note(state["history"], figures)
            state |= {"epoch": epoch, "random": random.bit_generator.state}
            if saved:
                checkpoints.save_run(*saved, state)
    return state["history"]


def _step(game, images, labels, batch_size, critic_steps, balance_rate, state, random):
    """One step of the game; returns its figures, and sets k in `state` for BEGAN."""
    game.discriminator.trainable = True
    for _ in range(critic_steps):
        chosen = random.integers(len(images), size=batch_size)
        label = [] if labels is None else [labels[chosen]]
        fake = game.fakes.predict_on_batch([game.draw(random, batch_size), *label])
        k = np.full((batch_size, 1), state["k"], "float32")
        logs = _train_on_batch(game.judging, [images[chosen], fake, *label], k)
    game.discriminator.trainable = False
    codes = game.draw(random, batch_size)
    made = _train_on_batch(game.making, [codes, *label], np.zeros((batch_size, 1), "float32"))
    row = {
        "discriminator_loss": float(logs["loss"]),
        "generator_loss": float(made["loss"]),
        "real_score": float(logs["real_score"]),
        "fake_score": float(logs["fake_score"]),
    }
    if game.rules.gamma is not None:
        measured = row["real_score"], row["generator_loss"], game.rules.gamma
        row |= {"k": state["k"], "convergence": losses.began_convergence(*measured)}
        state["k"] = losses.began_balance(state["k"], *measured, balance_rate)
    game.discriminator.trainable = True
    return row


def _train_on_batch(model, inputs, targets):
    if MEANS_GO_ON:
        model.reset_metrics()
    return model.train_on_batch(inputs, targets, return_dict=True)


def sample(
    game: Game, count: int, labels: np.ndarray | None = None, *, seed: int = 0, batch_size: int = 200
) -> np.ndarray:
    """Return generated samples, in inference mode: batch normalisation uses its moving statistics.

    Args:
        game: from `game`.
        count: how many.
        labels: one-hot rows (count, num_classes) for a game with labels.
        seed: of the codes: the same seed shows the same codes through training.
        batch_size: how many at once.

    Returns:
        (count, ...) float32, in the generator's own range of values.
    """
    inputs = [game.draw(np.random.default_rng(seed), count), *([] if labels is None else [labels])]
    parts = [[array[n : n + batch_size] for array in inputs] for n in range(0, count, batch_size)]
    return np.concatenate([game.generator.predict_on_batch(_one_or_list(part[0], part[1:])) for part in parts])


def pictures(
    count: int = 8, labels: np.ndarray | None = None, seed: int = 0
) -> tuple[list[np.ndarray], Callable[[int, Game], None]]:
    """Return a list, and a callback for `fit` that adds samples of the same codes to it after every epoch.

    Args:
        count: samples each time.
        labels: one-hot rows (count, num_classes) for a game with labels.
        seed: of the codes.
    """
    kept = []

    def callback(epoch: int, game: Game) -> None:
        kept.append(sample(game, count, labels, seed=seed))

    return kept, callback


def _one_or_list(first, rest):
    return [first, *rest] if rest else first


def _check(game, images, labels, epochs, steps_per_epoch, batch_size, critic_steps):
    for name, value in dict(epochs=epochs, steps_per_epoch=steps_per_epoch, critic_steps=critic_steps).items():
        if operator.index(value) < 1:
            raise ValueError(f"{name} must be 1 or more. Received: {name}={value}")
    if not 1 <= operator.index(batch_size) <= len(images):
        raise ValueError(f"batch_size must be from 1 to {len(images)}. Received: batch_size={batch_size}")
    wanted = game.discriminator.inputs[0].shape[1:]
    if images.shape[1:] != wanted or images.dtype != np.float32:
        raise ValueError(f"images must be float32 (N, {wanted}). Received: {images.dtype} {images.shape}")
    if (labels is None) != (len(game.generator.inputs) == 1) or (labels is not None and len(labels) != len(images)):
        received = "none" if labels is None else labels.shape
        raise ValueError(
            f"labels must be one-hot rows, one an image, for a game with labels only. Received: {received}"
        )


def _saved(game, folder, data, settings):
    """Return what `save_run` and `load_run` take: the folder, the variables, the optimizers, and what the game is."""
    game.discriminator.trainable = True  # an interrupt may have left it frozen
    networks = {"generator": game.generator, "discriminator": game.discriminator}
    optimizers = {"making": game.making.optimizer, "judging": game.judging.optimizer}
    penalties = [layer for layer in game.judging.layers if isinstance(layer, GradientPenalty)]
    rules = {"rules": game.rules, "noise": game.noise, "gradient_penalty": [layer.weight for layer in penalties]}
    about = record.describe(**networks, **rules, optimizers=optimizers, data=data, settings=settings)
    variables = [variable for network in networks.values() for variable in network.variables]
    return Path(folder), [*variables, *(layer.seed.state for layer in penalties)], list(optimizers.values()), about
