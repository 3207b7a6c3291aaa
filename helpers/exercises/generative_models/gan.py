"""Exercises of `6_3_gan.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _softplus(scores):
    return np.logaddexp(0, scores)


def _examine_game_losses(answer) -> str | None:
    random = np.random.default_rng(0)
    real, drawn = random.normal(1, 2, size=6), random.normal(-1, 2, size=6)
    for real_scores, drawn_scores in ((real, drawn), (real, drawn + 1000), (real - 1000, drawn)):
        parts = _softplus(-real_scores), _softplus(drawn_scores), _softplus(-drawn_scores)
        expected = (parts[0] + parts[1]).mean(), parts[2].mean()
        got = call(answer, real_scores.copy(), drawn_scores.copy())
        if same(got, expected):
            continue
        swapped = (_softplus(real_scores) + parts[2]).mean()
        why = _why_losses(got, expected, parts[1].mean(), swapped)
        return differ("losses of discriminator and generator", got, expected) + why
    return None


def _why_losses(got, expected, drawn, swapped):
    """Name the likely mistake; `drawn` is mean softplus of the drawn scores, `swapped` the loss with turned signs."""
    if np.shape(got) != (2,):
        return " Return two numbers: each loss is the mean over the batch."
    if not np.isfinite(np.asarray(got, float)).all():
        return " A logarithm met 0, or e was raised too high: use softplus, np.logaddexp(0, score)."
    if same(got, expected[::-1]):
        return " The discriminator's loss comes first."
    if same(got, (expected[0] / 2, expected[1])):
        return " The discriminator's two parts are added, not averaged."
    if same(got, (expected[0], -drawn)):
        return " This generator's loss is the saturating one, log(1 - D)."
    if same(got[0], swapped) or same(got, (expected[0], drawn)):
        return " A sign is wrong: real scores should be high for the discriminator, drawn ones for the generator."
    return ""


game_losses = Exercise(
    title="Both losses of the game, from scores",
    examine=_examine_game_losses,
    hints=(
        "-log D is softplus(-score), and -log(1 - D) is softplus(score).",
        "np.logaddexp(0, score) is softplus, for scores of any size.",
        "The discriminator pays softplus(-real) + softplus(drawn), the generator softplus(-drawn).",
    ),
    starter="def game_losses(real_scores, drawn_scores):\n    return ...\n",
    solution_source="""
import numpy as np


def game_losses(real_scores, drawn_scores):
    discriminator = np.logaddexp(0, -real_scores) + np.logaddexp(0, drawn_scores)
    generator = np.logaddexp(0, -drawn_scores)
    return discriminator.mean(), generator.mean()


answer = game_losses
""",
)


def _examine_smoothed_loss(answer) -> str | None:
    random = np.random.default_rng(1)
    real, drawn = random.normal(1, 2, size=5), random.normal(-1, 2, size=5)
    for target in (0.9, 0.7, 1.0):
        sure, doubt = _softplus(-real), _softplus(real)
        expected = (target * sure + (1 - target) * doubt + _softplus(drawn)).mean()
        got = call(answer, real.copy(), drawn.copy(), target)
        if same(got, expected):
            continue
        reason = ""
        both = target * _softplus(drawn) + (1 - target) * _softplus(-drawn)
        if same(got, target * sure + (1 - target) * doubt + _softplus(drawn)):
            reason = " Return the mean over the batch: one number."
        elif same(got, (target * sure + _softplus(drawn)).mean()):
            reason = " The rest, 1 - target, weights -log(1 - D) of the real images."
        elif same(got, (target * sure + (1 - target) * doubt + both).mean()):
            reason = " One-sided: drawn images keep the target 0."
        elif same(got, (sure + both).mean()):
            reason = " The real images are smoothed, not the drawn ones."
        elif same(got, (target * doubt + (1 - target) * sure + _softplus(drawn)).mean()):
            reason = " target weights -log D, which is softplus of minus the score."
        elif same(got, (sure + _softplus(drawn)).mean()):
            reason = " This is the loss without smoothing."
        return differ(f"discriminator's loss with target {target}", got, expected) + reason
    return None


smoothed_loss = Exercise(
    title="One-sided label smoothing",
    examine=_examine_smoothed_loss,
    hints=(
        "A real image pays target * softplus(-score) + (1 - target) * softplus(score).",
        "A drawn image pays softplus(score), as before.",
        "Add both, and take the mean over the batch.",
    ),
    starter="def smoothed_loss(real_scores, drawn_scores, target):\n    return ...\n",
    solution_source="""
import numpy as np


def smoothed_loss(real_scores, drawn_scores, target):
    real = target * np.logaddexp(0, -real_scores) + (1 - target) * np.logaddexp(0, real_scores)
    return (real + np.logaddexp(0, drawn_scores)).mean()


answer = smoothed_loss
""",
)


class _Player:
    """Stands in for a network or a compiled model; notes each call, and whether the discriminator could learn."""

    def __init__(self, name, notes, discriminator=None):
        self.name, self.notes, self.discriminator = name, notes, discriminator

    def predict_on_batch(self, codes):
        self.notes.append((self.name, codes, None))
        return np.asarray(codes) * 2 + 1

    def reset_metrics(self):
        pass

    def train_on_batch(self, inputs, answers=None, **_):
        self.notes.append((self.name, inputs, self.discriminator.trainable))
        return 1.25 if self.name == "judging" else 0.75


class _StandIn:
    """Stands in for a game: `generator`, `discriminator`, `judging` and `making`."""

    def __init__(self, trainable):
        self.notes = []
        self.generator, self.discriminator = _Player("generator", self.notes), _Player("discriminator", self.notes)
        self.discriminator.trainable = trainable
        self.judging = _Player("judging", self.notes, self.discriminator)
        self.making = _Player("making", self.notes, self.discriminator)


def _examine_mended_step(answer) -> str | None:
    real, codes, more_codes = np.full((2, 3), 7.0), np.full((2, 3), 0.5), np.full((2, 3), -0.5)
    for trainable in (True, False):
        game = _StandIn(trainable)
        got = call(answer, game, real.copy(), codes.copy(), more_codes.copy())
        fault = _fault(game.notes, real, codes, more_codes)
        if fault:
            return f"The calls were {', '.join(name for name, _, _ in game.notes) or 'none'}. {fault}"
        if not same(got, (1.25, 0.75)):
            return differ("what both players paid, the discriminator first", got, (1.25, 0.75))
    return None


def _fault(notes, real, codes, more_codes):
    names = [name for name, _, _ in notes]
    if sorted(names) != ["generator", "judging", "making"]:
        return "Expected one call each of generator.predict_on_batch, judging and making.train_on_batch."
    by_name = {name: (inputs, trainable) for name, inputs, trainable in notes}
    if by_name["making"][1]:
        return "The discriminator could learn in the generator's turn: there it learns to call drawn images real."
    if not by_name["judging"][1]:
        return "The discriminator was frozen in its own turn, if not at first then after the last step."
    if names != ["generator", "judging", "making"]:
        return "The discriminator's turn comes first, with drawings made before it."
    judged = by_name["judging"][0]
    if len(judged) != 2 or same(judged[1], real):
        return "judging takes a list: the real images first, then the drawn ones."
    if not (same(judged[0], real) and same(judged[1], codes * 2 + 1)):
        return "judging takes the real images and what the generator made of the first codes."
    if not same(by_name["making"][0], more_codes):
        return "making takes codes, and new ones: more_codes."
    return ""


mended_step = Exercise(
    title="One step of the game, mended",
    examine=_examine_mended_step,
    hints=(
        "Measure it: in which of the two calls do the discriminator's weights change? In which should they?",
        "making holds the discriminator too. Whoever is trainable there learns to lower the generator's loss.",
        "game.discriminator.trainable is False before making.train_on_batch, and True before judging.train_on_batch.",
    ),
    starter="def mended_step(game, real, codes, more_codes):\n    return ...\n",
    solution_source="""
def mended_step(game, real, codes, more_codes):
    drawn = game.generator.predict_on_batch(codes)
    game.discriminator.trainable = True
    discriminator_pays = game.judging.train_on_batch([real, drawn], None)
    game.discriminator.trainable = False
    generator_pays = game.making.train_on_batch(more_codes, None)
    game.discriminator.trainable = True
    return discriminator_pays, generator_pays


answer = mended_step
""",
)


def _examine_code_walk(answer) -> str | None:
    random = np.random.default_rng(2)
    for count, size in ((5, 3), (2, 4), (9, 1)):
        start, end = random.uniform(-1, 1, (2, size))
        shares = np.linspace(0, 1, count)[:, None]
        expected = (1 - shares) * start + shares * end
        got = np.asarray(call(answer, start.copy(), end.copy(), count))
        if same(got, expected):
            continue
        reason, open_end = "", np.linspace(0, 1, count, endpoint=False)[:, None]
        if same(got, expected[::-1]):
            reason = " The walk goes from start to end."
        elif same(got, expected.T):
            reason = " One code a row: (count, latent_dim)."
        elif same(got, (1 - open_end) * start + open_end * end):
            reason = " Both ends belong to the walk."
        elif same(got, start + shares * end):
            reason = " The walk goes by end - start, not by end."
        elif got.shape == (count + 1, size):
            reason = " There are count codes in all, not count steps."
        return differ(f"{count} codes of length {size}", got, expected) + reason
    return None


code_walk = Exercise(
    title="A straight walk between two codes",
    examine=_examine_code_walk,
    hints=(
        "np.linspace(0, 1, count) gives the share of the way, both ends included.",
        "A code on the way is (1 - share) * start + share * end.",
        "np.linspace also takes arrays as its ends.",
    ),
    starter="def code_walk(start, end, count):\n    return ...\n",
    solution_source="""
import numpy as np


def code_walk(start, end, count):
    share = np.linspace(0, 1, count)[:, None]
    return (1 - share) * start + share * end


answer = code_walk
""",
)
