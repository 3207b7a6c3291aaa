"""Typical wrong answers to the exercises of `6_6_began`, each with a part of the message that names the mistake."""

LOSSES = (
    "import numpy as np\n\n\ndef answer(x, x_copy, g, g_copy, k):\n"
    "    real, fake = {error}(x - x_copy).{over}(), {error}(g - g_copy).{over}()\n    return {result}"
)
RIGHT = "real - k * fake, fake"
STEP = "answer = lambda k, x, g, c, r: {}"
MEASURE = "import numpy as np\nanswer = lambda x, g, c: {}"
REST = "answer = lambda x, a, s, c: {}"

WRONG = {
    "began_losses": [
        (LOSSES.format(error="np.abs", over="mean", result="real + k * fake, fake"), "taken away"),
        (LOSSES.format(error="np.abs", over="mean", result="real - fake, fake"), "counts k"),
        (LOSSES.format(error="np.abs", over="mean", result="real - k * fake, k * fake"), "no part of the generator"),
        (LOSSES.format(error="np.abs", over="mean", result="real - k * fake, -fake"), "the error itself"),
        (LOSSES.format(error="np.square", over="mean", result=RIGHT), "absolute differences"),
        (LOSSES.format(error="np.abs", over="sum", result=RIGHT), "not the sum"),
        (LOSSES.format(error="np.abs", over="mean", result="fake, real - k * fake"), "First the loss"),
    ],
    "next_k": [
        (STEP.format("k + r * (c * x - g)"), "clip it"),
        (STEP.format("min(max(k - r * (c * x - g), 0), 1)"), "turned round"),
        (STEP.format("min(max(k + r * (x - g), 0), 1)"), "gamma is missing"),
        (STEP.format("min(max(k + r * (c * g - x), 0), 1)"), "belongs to the error"),
        (STEP.format("min(max(k + c * x - g, 0), 1)"), "rate is missing"),
        (STEP.format("min(max(r * (c * x - g), 0), 1)"), "added to the k"),
    ],
    "convergence_measure": [
        (MEASURE.format("x.mean() + c * x.mean() - g.mean()"), "absolute value"),
        (MEASURE.format("x.mean() + np.abs(c * x - g).mean()"), "means first"),
        (MEASURE.format("abs(c * x.mean() - g.mean())"), "add the error"),
        (MEASURE.format("g.mean() + abs(c * x.mean() - g.mean())"), "first term"),
        (MEASURE.format("x.mean() + abs(x.mean() - c * g.mean())"), "belongs to"),
        (MEASURE.format("x.mean() + abs(x.mean() - g.mean())"), "gamma is missing"),
        (MEASURE.format("x.mean() - abs(c * x.mean() - g.mean())"), "add them"),
    ],
    "settled_k": [
        (REST.format("(c * x - a) / s"), "outside [0, 1]"),
        (REST.format("min(max((x - a) / s, 0), 1)"), "gamma times"),
        (REST.format("min(max((c * x - a) * s, 0), 1)"), "divide by the slope"),
        (REST.format("min(max(c * x / s, 0), 1)"), "at_zero, not 0"),
        (REST.format("min(max((a - c * x) / s, 0), 1)"), "turned round"),
    ],
}
