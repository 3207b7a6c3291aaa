"""The adversarial loop: who learns when, the step written out, resume, labels, BEGAN's balance, bad arguments."""

import keras
import numpy as np
import pytest
from keras import ops

from helpers import losses, models
from helpers.generative import adversarial
from helpers.training import checkpoints

numpy = ops.convert_to_numpy
SETTINGS = dict(epochs=1, steps_per_epoch=3, batch_size=16)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def points(count=64):
    return np.random.default_rng(0).normal(1, 0.5, (count, 2)).astype("float32")


def images(count=64):
    return np.random.default_rng(0).uniform(-1, 1, (count, 28, 28, 1)).astype("float32")


def small(num_classes=None, rate=1e-2, optimizers=None, **keywords):
    generator = models.MLPGenerator((2,), 4, (8,), activation=None, num_classes=num_classes)
    discriminator = models.MLPDiscriminator((2,), (8,), num_classes=num_classes)
    optimizers = optimizers or (keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
    return adversarial.game(generator, discriminator, *optimizers, **keywords)


@pytest.mark.both_backends
def test_each_network_learns_in_its_own_turn_only(monkeypatch):
    game = small()
    turns = []

    def watched(model, own, other):
        train = model.train_on_batch

        def train_on_batch(*data, **keywords):
            before = [weight.copy() for weight in own.get_weights()], [weight.copy() for weight in other.get_weights()]
            logs = train(*data, **keywords)
            moved = [
                any(not np.array_equal(old, new) for old, new in zip(part, network.get_weights(), strict=True))
                for part, network in zip(before, (own, other), strict=True)
            ]
            turns.append((model.name, *moved))
            return logs

        monkeypatch.setattr(model, "train_on_batch", train_on_batch)

    watched(game.judging, game.discriminator, game.generator)
    watched(game.making, game.generator, game.discriminator)
    adversarial.fit(game, points(), **SETTINGS, critic_steps=2)
    assert turns == [("judging", True, False), ("judging", True, False), ("making", True, False)] * 3


@pytest.mark.both_backends
def test_one_step_against_the_same_step_by_hand():
    """SGD and dense layers: gradients by differences, weights after one step of each network."""
    game, data, rate = small(rate=0.1), points(), 0.1
    random = np.random.default_rng(3)
    real = data[random.integers(len(data), size=16)]
    fake_codes, codes = (adversarial.NOISE["uniform"](random, (16, 4)) for _ in range(2))
    kernel = game.discriminator.get_layer("score").kernel
    before = numpy(kernel).copy()
    fake = numpy(game.generator(fake_codes))

    def discriminator_loss():
        pair = numpy(game.discriminator(real))[:, 0], numpy(game.discriminator(fake))[:, 0]
        return float(numpy(losses.gan_discriminator(*pair)).mean())

    slopes = differences(kernel, discriminator_loss)
    history = adversarial.fit(game, data, epochs=1, steps_per_epoch=1, batch_size=16, seed=3)
    assert np.allclose(numpy(kernel), before - rate * slopes, atol=2e-3)
    assert not np.allclose(slopes, 0, atol=1e-2)
    assert np.isfinite(history["generator_loss"][0]) and codes.shape == (16, 4)


def differences(variable, loss, step=1e-2):
    value = numpy(variable).copy()
    slopes = np.zeros_like(value)
    for index in np.ndindex(value.shape):
        pair = []
        for sign in (1, -1):
            moved = value.copy()
            moved[index] += sign * step
            variable.assign(moved)
            pair.append(loss())
        slopes[index] = (pair[0] - pair[1]) / (2 * step)
    variable.assign(value)
    return slopes


def test_the_generator_climbs_the_frozen_discriminator():
    game = small(rate=0.2)
    game.judging.optimizer.learning_rate = 0.0
    codes = game.draw(np.random.default_rng(9), 200)
    before = numpy(game.discriminator(game.generator(codes))).mean()
    adversarial.fit(game, points(), epochs=1, steps_per_epoch=40, batch_size=16)
    assert numpy(game.discriminator(game.generator(codes))).mean() > before + 0.03


@pytest.mark.parametrize("rules", [losses.GAN, losses.MINIMAX, losses.WASSERSTEIN, losses.began(0.5)])
def test_history_has_one_finite_value_an_epoch(rules):
    game = small(rules=rules)
    history = adversarial.fit(game, points(), epochs=2, steps_per_epoch=3, batch_size=16)
    assert {"discriminator_loss", "generator_loss", "real_score", "fake_score"} <= history.keys()
    assert ("k" in history) == ("convergence" in history) == (rules.gamma is not None)
    assert all(len(values) == 2 and np.isfinite(values).all() for values in history.values())


def test_the_loss_in_the_history_is_that_of_its_step():
    """Keras returns running means: with a rate of 0 each step stands alone."""
    game = small(rate=0.0)
    history = adversarial.fit(game, points(), epochs=3, steps_per_epoch=1, batch_size=64, seed=1)
    random, expected = np.random.default_rng(1), []
    for _ in range(3):
        real = points()[random.integers(64, size=64)]
        fake = numpy(game.generator(game.draw(random, 64)))
        game.draw(random, 64)
        scores = [numpy(game.discriminator(part))[:, 0] for part in (real, fake)]
        expected.append(float(numpy(losses.gan_discriminator(*scores)).mean()))
    assert np.allclose(history["discriminator_loss"], expected, atol=1e-4)
    assert np.ptp(expected) > 1e-4


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow alone traces again for new variables")
def test_a_step_is_traced_once(monkeypatch):
    """No variable is made in the first step. Before, a small game spent half of its time on the second trace."""
    traced, step = [], keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda self, *data: traced.append(self.name) or step(self, *data))
    adversarial.fit(small(), points(), **SETTINGS)
    assert traced == ["judging", "making"]


def test_began_weighs_the_generated_errors_by_k():
    generator = models.Decoder(latent_dim=4, filters=(4,), activation="tanh")
    discriminator = models.BEGANDiscriminator(latent_dim=4, filters=(4,))
    sgd = keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)
    game = adversarial.game(generator, discriminator, *sgd, rules=losses.began(1.0))
    history = adversarial.fit(game, images(), epochs=4, steps_per_epoch=1, batch_size=16, balance_rate=0.5)
    rows = zip(*(history[key] for key in ("discriminator_loss", "real_score", "fake_score", "k")), strict=True)
    assert all(np.isclose(loss, real - k * fake, atol=1e-4) for loss, real, fake, k in rows)
    assert history["k"][0] == 0 and history["k"][-1] > 0


@pytest.mark.both_backends
def test_labels_reach_both_networks():
    rows = np.eye(3, dtype="float32")[np.arange(64) % 3]
    data = points() + 3 * rows[:, :2]
    game = small(num_classes=3)
    history = adversarial.fit(game, data, rows, **SETTINGS)
    made = [adversarial.sample(game, 3, rows[[n] * 3]) for n in range(2)]
    assert np.isfinite(history["generator_loss"][0]) and not np.allclose(*made)
    for wrong in (None, rows[:10]):
        with pytest.raises(ValueError, match="labels must be"):
            adversarial.fit(game, data, wrong, **SETTINGS)
    with pytest.raises(ValueError, match="both take labels"):
        adversarial.game(models.MLPGenerator(num_classes=3), models.MLPDiscriminator(), None, None)


@pytest.mark.both_backends
def test_fakes_use_the_statistics_of_the_batch():
    generator = models.DCGANGenerator(latent_dim=4, units=None, filters=(4, 2))
    game = adversarial.game(generator, models.MLPDiscriminator(), keras.optimizers.SGD(), keras.optimizers.SGD())
    codes = game.draw(np.random.default_rng(0), 16)
    in_training = numpy(generator(codes, training=True))
    assert np.allclose(game.fakes.predict_on_batch([codes]), in_training, atol=1e-4)
    assert not np.allclose(in_training, numpy(generator(codes, training=False)), atol=1e-4)


@pytest.mark.parametrize("penalty", [0.0, 10.0])
def test_a_resumed_game_gives_the_same_numbers(tmp_path, penalty):
    def run(folder, *epochs):
        for until in epochs:
            keras.utils.set_random_seed(0)
            game = small(rules=losses.WASSERSTEIN, gradient_penalty=penalty)
            history = adversarial.fit(
                game, points(), epochs=until, steps_per_epoch=3, batch_size=16, folder=tmp_path / folder
            )
        return history, adversarial.sample(game, 5)

    whole, halves = run("whole", 4), run("halves", 2, 4)
    assert len(halves[0]["generator_loss"]) == 4
    for key, values in whole[0].items():
        assert np.allclose(values, halves[0][key], atol=1e-5), key
    assert np.allclose(whole[1], halves[1], atol=1e-5)
    assert [path.name for path in (tmp_path / "halves").iterdir()] == ["checkpoint.npz"]


@pytest.mark.both_backends
def test_an_interrupt_in_the_first_epoch_goes_on_from_the_start(tmp_path, monkeypatch):
    numbers = dict(epochs=2, steps_per_epoch=3, batch_size=16)
    whole = adversarial.fit(small(), points(), **numbers)
    keras.utils.set_random_seed(0)
    game, train, calls = small(), adversarial._train_on_batch, []

    def interrupted(*arguments):
        calls.append(0)
        if len(calls) == 4:  # the generator's turn: the discriminator is frozen
            raise KeyboardInterrupt
        return train(*arguments)

    monkeypatch.setattr(adversarial, "_train_on_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        adversarial.fit(game, points(), **numbers, folder=tmp_path)
    again = adversarial.fit(game, points(), **numbers, folder=tmp_path)
    for key, values in whole.items():
        assert np.allclose(values, again[key], atol=1e-5), key


@pytest.mark.parametrize(
    ("other", "settings", "said"),
    [
        (dict(optimizers=(keras.optimizers.SGD, keras.optimizers.RMSprop)), {}, "optimizers/judging/class_name"),
        (dict(rules=losses.WASSERSTEIN), {}, "rules/0/function"),
        (dict(rules=losses.began(0.5)), {}, "rules"),
        (dict(noise="normal"), {}, "noise: saved uniform, here normal"),
        (dict(gradient_penalty=10.0), {}, "gradient_penalty"),
        (dict(num_classes=3), {}, "generator"),
        ({}, dict(batch_size=8), "batch_size: saved 16, here 8"),
        ({}, dict(seed=1), "seed: saved 0, here 1"),
    ],
)
def test_a_folder_of_another_game_is_refused(other, settings, said, tmp_path):
    adversarial.fit(
        small(optimizers=(keras.optimizers.SGD(), keras.optimizers.SGD())), points(), **SETTINGS, folder=tmp_path
    )
    kinds = other.get("optimizers", (keras.optimizers.SGD, keras.optimizers.SGD))
    game = small(**{**other, "optimizers": [kind() for kind in kinds]})
    rows = [np.zeros((64, 3), "float32")] if "num_classes" in other else []
    with pytest.raises(ValueError, match=f"folder must be new or hold this run.*{said}"):
        adversarial.fit(game, points(), *rows, **{**SETTINGS, **settings}, folder=tmp_path)


def test_a_new_game_from_saved_networks(tmp_path):
    adversarial.fit(old := small(), points(), **SETTINGS, folder=tmp_path)
    with pytest.raises(ValueError, match="data/0"):
        adversarial.fit(small(), points() + 1, **SETTINGS, folder=tmp_path)
    new, seen = small(optimizers=(keras.optimizers.RMSprop(0.0), keras.optimizers.RMSprop(0.0))), []
    history = adversarial.fit(
        new, points() + 1, **SETTINGS, folder=tmp_path, resume="weights", callbacks=[lambda *_: seen.append(0)]
    )
    assert len(history["generator_loss"]) == len(seen) == 1
    for one, other in zip(old.generator.get_weights(), new.generator.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_pictures_come_from_the_same_codes():
    game = small()
    kept, callback = adversarial.pictures(6, seed=4)
    adversarial.fit(game, points(), epochs=2, steps_per_epoch=2, batch_size=16, callbacks=[callback])
    assert len(kept) == 2 and kept[0].shape == (6, 2)
    assert np.allclose(kept[1], adversarial.sample(game, 6, seed=4), atol=1e-6)
    assert not np.allclose(kept[0], kept[1])


def test_callbacks_put_figures_into_the_history():
    callback = lambda epoch, game: {"seen": epoch, "by_class": np.array([0.5, 0.25])}  # noqa: E731
    history = adversarial.fit(small(), points(), **SETTINGS, callbacks=[callback])
    assert history["seen"] == [1] and history["by_class/1"] == [0.25]


@pytest.mark.parametrize(
    ("keywords", "part"),
    [
        (dict(epochs=0), "epochs=0"),
        (dict(steps_per_epoch=0), "steps_per_epoch=0"),
        (dict(critic_steps=0), "critic_steps=0"),
        (dict(batch_size=65), "batch_size=65"),
    ],
)
def test_bad_numbers_are_named(keywords, part):
    with pytest.raises(ValueError, match=part):
        adversarial.fit(small(), points(), **{**SETTINGS, **keywords})


def test_bad_games_are_named():
    with pytest.raises(ValueError, match="noise='pink'"):
        small(noise="pink")
    with pytest.raises(ValueError, match="gradient_penalty=-1"):
        small(gradient_penalty=-1)
    with pytest.raises(ValueError, match="float32"):
        adversarial.fit(small(), points().astype("float64"), **SETTINGS)


@pytest.mark.both_backends
@pytest.mark.parametrize("kind", [keras.optimizers.Adam, keras.optimizers.RMSprop])
def test_a_game_begun_again_goes_the_same_way(kind):
    game = small(optimizers=(kind(1e-2), kind(1e-2)))
    first = game.generator.get_weights(), game.discriminator.get_weights()
    played = adversarial.fit(game, points(), **SETTINGS)

    def again():
        game.generator.set_weights(first[0])
        game.discriminator.set_weights(first[1])
        return adversarial.fit(game, points(), **SETTINGS)

    assert again() != played  # the optimizers remember
    for model in (game.judging, game.making):
        checkpoints.reset_optimizer(model.optimizer)
        assert np.isclose(float(numpy(model.optimizer.learning_rate)), 1e-2)
    assert again() == played


def test_an_optimizer_with_other_beginnings_is_named():
    with pytest.raises(ValueError, match=r"AdamW\. Received: optimizer=Nadam"):
        checkpoints.reset_optimizer(keras.optimizers.Nadam())
