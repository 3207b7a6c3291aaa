"""Typical wrong answers to the exercises of `6_3_gan`, each with a part of the message that names the mistake."""

LOSSES = "import numpy as np\ns = lambda x: np.logaddexp(0, x)\nanswer = lambda r, d: {}"
BY_PROBABILITY = (
    "import numpy as np\nnp.seterr(all='ignore')\n\n\ndef answer(r, d):\n"
    "    p, q = 1 / (1 + np.exp(-r)), 1 / (1 + np.exp(-d))\n"
    "    return (-np.log(p) - np.log(1 - q)).mean(), (-np.log(q)).mean()"
)
SMOOTHED = "import numpy as np\ns = lambda x: np.logaddexp(0, x)\nanswer = lambda r, d, t: {}"
STEP = (
    "def answer(game, real, codes, more):\n    drawn = game.generator.predict_on_batch(codes)\n"
    "    {first}a = game.judging.train_on_batch({judged}, None)\n"
    "    {second}b = game.making.train_on_batch({codes}, None)\n    return {result}"
)
ON, OFF = "game.discriminator.trainable = True; ", "game.discriminator.trainable = False; "
RIGHT = dict(first=ON, second=OFF, judged="[real, drawn]", codes="more", result="a, b")
WALK = "import numpy as np\n\n\ndef answer(a, b, n):\n    s = np.linspace(0, 1, n)[:, None]\n    return {}"

WRONG = {
    "game_losses": [
        (LOSSES.format("(s(-r) + s(d), s(-d))"), "two numbers"),
        (BY_PROBABILITY, "softplus"),
        (LOSSES.format("(s(-d).mean(), (s(-r) + s(d)).mean())"), "comes first"),
        (LOSSES.format("((s(-r) + s(d)).mean() / 2, s(-d).mean())"), "not averaged"),
        (LOSSES.format("((s(-r) + s(d)).mean(), -s(d).mean())"), "saturating"),
        (LOSSES.format("((s(r) + s(-d)).mean(), s(-d).mean())"), "sign"),
        (LOSSES.format("((s(-r) + s(d)).mean(), s(d).mean())"), "sign"),
    ],
    "smoothed_loss": [
        (SMOOTHED.format("t * s(-r) + (1 - t) * s(r) + s(d)"), "one number"),
        (SMOOTHED.format("(t * s(-r) + s(d)).mean()"), "1 - target"),
        (SMOOTHED.format("(t * s(-r) + (1 - t) * s(r) + t * s(d) + (1 - t) * s(-d)).mean()"), "One-sided"),
        (SMOOTHED.format("(s(-r) + t * s(d) + (1 - t) * s(-d)).mean()"), "not the drawn ones"),
        (SMOOTHED.format("(t * s(r) + (1 - t) * s(-r) + s(d)).mean()"), "minus the score"),
        (SMOOTHED.format("(s(-r) + s(d)).mean()"), "without smoothing"),
    ],
    "mended_step": [
        (STEP.format(**(RIGHT | dict(first="", second=""))), "call drawn images real"),
        (STEP.format(**(RIGHT | dict(first=""))), "frozen in its own turn"),
        (STEP.format(**(RIGHT | dict(judged="[drawn, real]"))), "real images first"),
        (STEP.format(**(RIGHT | dict(judged="[real, codes]"))), "made of the first codes"),
        (STEP.format(**(RIGHT | dict(codes="codes"))), "new ones"),
        (STEP.format(**(RIGHT | dict(result="b, a"))), "discriminator first"),
        ("answer = lambda game, real, codes, more: (1.25, 0.75)", "one call each"),
    ],
    "code_walk": [
        (WALK.format("s * a + (1 - s) * b"), "from start to end"),
        (WALK.format("((1 - s) * a + s * b).T"), "One code a row"),
        (WALK.format("np.linspace(a, b, n, endpoint=False)"), "Both ends"),
        (WALK.format("a + s * b"), "not by end"),
        (WALK.format("np.linspace(a, b, n + 1)"), "not count steps"),
    ],
}
