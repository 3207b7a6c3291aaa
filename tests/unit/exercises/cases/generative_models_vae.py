"""Typical wrong answers to the exercises of `6_2_vae`, each with a part of the message that names the mistake."""

KL = "import numpy as np\nanswer = lambda m, v: {}"
DRAW = "import numpy as np\nanswer = lambda m, v, e, t: {}"
BETA = "answer = lambda p, d, over_p, over_d: {}"
USED = "import numpy as np\n\n\ndef answer(m, v, least):\n    nats = 0.5 * (m**2 + np.exp(v) - v - 1)\n    return {}"

WRONG = {
    "kl_of_codes": [
        (KL.format("0.5 * (m**2 + np.exp(v) - v - 1).mean(axis=1)"), "do not take their mean"),
        (KL.format("0.5 * (m**2 + np.exp(v) - v - 1).sum()"), "one number an image"),
        (KL.format("0.5 * (m**2 + np.exp(v) - v - 1).sum(axis=0)"), "axis 1"),
        (KL.format("-0.5 * (m**2 + np.exp(v) - v - 1).sum(axis=1)"), "sign"),
        (KL.format("(m**2 + np.exp(v) - v - 1).sum(axis=1)"), "one half"),
        (KL.format("0.5 * (m**2 + np.exp(2 * v) - 2 * v - 1).sum(axis=1)"), "not of the standard deviation"),
        (KL.format("0.5 * (m**2 + v**2 - np.log(v**2) - 1).sum(axis=1)"), "np.exp(z_log_var)"),
        (KL.format("0.5 * (m**2 + np.exp(v) - v).sum(axis=1)"), "subtract 1"),
    ],
    "draw_code": [
        (DRAW.format("m + np.exp(v / 2) * e"), "temperature is not used"),
        (DRAW.format("m + t * np.exp(v) * e"), "is its root"),
        (DRAW.format("m + t * v * e"), "is a logarithm"),
        (DRAW.format("t * (m + np.exp(v / 2) * e)"), "mean stays"),
        (DRAW.format("m + np.sqrt(t) * np.exp(v / 2) * e"), "not the variance"),
        (DRAW.format("m + t * np.exp(v / 2)"), "epsilon is missing"),
    ],
    "effective_beta": [
        (BETA.format("(1 / p if over_p else 1) * (d if over_d else 1)"), "other way round"),
        (BETA.format("p if over_p else 1 / (d if over_d else 1)"), "divide by latent_dim"),
        (
            BETA.format("(p if over_p else 1) * (d if over_p and over_d else 1) / (1 if over_p or not over_d else d)"),
            "against each other",
        ),
        (BETA.format("p"), "plain loss"),
    ],
    "used_numbers": [
        (USED.format("(nats.mean(axis=1) > least).sum()"), "counts images"),
        (USED.format("(nats > least).sum()"), "mean over the images first"),
        (USED.format("nats.mean(axis=0) > least"), "How many"),
        (USED.format("(nats.sum(axis=0) > least).sum()"), "not the sum"),
        (USED.format("(nats.mean(axis=0) <= least).sum()"), "not in use"),
        (USED.format("(m.var(axis=0) > least).sum()"), "about nats"),
    ],
}
