"""Typical wrong answers to the exercises of chapter 1, each with a part of the message that must name the mistake."""

WRONG = {
    "inverted_dropout": [
        ("answer = lambda x, d, r: x * (d >= r)", "the mean shrinks"),
        ("answer = lambda x, d, r: x * (d >= r) * (1 - r)", "divide by it"),
        ("answer = lambda x, d, r: x * (d >= r) / r", "not by the share that goes"),
        ("answer = lambda x, d, r: x * (d < r) / (1 - r)", "should go"),
        ("def answer(x, d, r):\n    x[d < r] = 0\n    return x / (1 - r)", "changed the values it was given"),
    ],
    "penalty_gradient": [
        ("import numpy as np\nanswer = lambda w, l1, l2: l1 * np.sign(w) + l2 * w", "no factor 1/2"),
        ("answer = lambda w, l1, l2: l1 + 2 * l2 * w", "use np.sign"),
        ("answer = lambda w, l1, l2: l1 * abs(w) + l2 * w**2", "not their gradients"),
        ("import numpy as np\nanswer = lambda w, l1, l2: -l1 * np.sign(w) - 2 * l2 * w", "sign is turned round"),
    ],
    "early_stop": [
        ("answer = lambda losses, patience: (losses.index(min(losses)) + 1, len(losses))", "may not look ahead"),
        (
            "def answer(losses, patience):\n    best = 0\n    for i, loss in enumerate(losses):\n"
            "        best = i if loss < losses[best] else best\n"
            "        if i - best >= patience:\n            break\n    return best, i",
            "from 1",
        ),
        (
            "def answer(losses, patience):\n    best = 0\n    for i, loss in enumerate(losses):\n"
            "        best = i if loss < losses[best] else best\n"
            "        if i - best >= patience:\n            break\n    return i + 1, i + 1",
            "best epoch are kept",
        ),
        (
            "def answer(losses, patience):\n    best = 0\n    for i, loss in enumerate(losses):\n"
            "        best = i if loss < losses[best] else best\n"
            "        if i - best > patience:\n            break\n    return best + 1, i + 1",
            "as soon as",
        ),
    ],
    "close_pairs": [
        ("answer = lambda a, luck: sum(abs(x - y) <= luck for x in a for y in a)", "counted twice, and each row"),
        ("answer = lambda a, luck: sum(x - y <= luck for i, x in enumerate(a) for y in a[i + 1 :])", "use abs"),
        ("answer = lambda a, luck: sum(abs(x - y) < luck for i, x in enumerate(a) for y in a[i + 1 :])", "equal luck"),
        (
            "answer = lambda a, luck: sum(abs(x - y) <= luck for i, x in enumerate(a) for y in a[i:])",
            "no pair with itself",
        ),
    ],
    "count_values": [
        ("answer = lambda shape: sum(shape)", "do not add"),
        ("answer = lambda shape: shape[0] * shape[1]", "last axes count too"),
    ],
    "count_parameters": [
        ("answer = lambda sizes: sum(a * b for a, b in zip(sizes, sizes[1:]))", "biases are missing"),
        ("answer = lambda sizes: sum(a * b for a, b in zip(sizes, sizes[1:])) + sum(sizes)", "input has no biases"),
    ],
    "perceptron_step": [
        (
            "answer = lambda w, b, x, t: (w - t * x, b - t) if t * (w @ x + b) < 0 else (w, b)",
            "move the wrong way",
        ),
        ("answer = lambda w, b, x, t: (w + t * x, b + t)", "nothing changes"),
        ("answer = lambda w, b, x, t: (w + t * x, b) if t * (w @ x + b) < 0 else (w, b)", "bias after"),
        ("def answer(w, b, x, t):\n    w += t * x\n    return w, b + t", "changed the weights it was given"),
    ],
    "most_frequent_mistake": [
        (
            "from collections import Counter\n"
            "answer = lambda y, p: Counter((b, a) for a, b in zip(y, p) if a != b).most_common(1)[0][0]",
            "swapped",
        ),
        (
            "from collections import Counter\nanswer = lambda y, p: Counter(zip(y, p)).most_common(1)[0][0]",
            "not a mistake",
        ),
    ],
    "convolution_parameters": [
        ("answer = lambda k, c, f: k * k * c * f", "biases are missing"),
        ("answer = lambda k, c, f: (k * k + 1) * f", "as deep as its input"),
        ("answer = lambda k, c, f: (k * k + 1) * c * f", "one bias a filter"),
    ],
    "strided_convolution": [
        (
            "from scipy.signal import correlate2d\n"
            "answer = lambda image, kernel, s: correlate2d(image, kernel, 'valid')",
            "stops at every pixel",
        ),
        (
            "from scipy.signal import convolve2d\n"
            "answer = lambda image, kernel, s: convolve2d(image, kernel, 'valid')[::s, ::s]",
            "turned round",
        ),
        (
            "from scipy.signal import correlate2d\n"
            "answer = lambda image, kernel, s: correlate2d(image, kernel, 'same')[::s, ::s]",
            "expected shape (5, 5)",
        ),
    ],
    "receptive_field": [
        ("answer = lambda layers: 1 + sum(k - 1 for k, s in layers)", "Strides count"),
        ("answer = lambda layers: sum(k for k, s in layers)", "Kernels overlap"),
        (
            "def answer(layers):\n    field = step = 1\n    for k, s in layers:\n        step *= s\n"
            "        field += (k - 1) * step\n    return field",
            "own stride moves only the layers after it",
        ),
    ],
    "softmax": [
        ("import numpy as np\nanswer = lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)", "overflow"),
        ("import numpy as np\nanswer = lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum()", "on its own"),
        ("import numpy as np\nanswer = lambda z: np.exp(z - z.max(axis=1, keepdims=True))", "sum of each row"),
        (
            "import numpy as np\n"
            "def answer(z):\n"
            "    powers = np.exp(np.clip(z, -50, 50))\n"
            "    return powers / powers.sum(axis=1, keepdims=True)",
            "must not change the result",
        ),
    ],
    "nesterov_step": [
        ("answer = lambda w, v, g, rate, beta: (w + beta * v - rate * g, beta * v - rate * g)", "plain momentum"),
        (
            "def answer(w, v, g, rate, beta):\n    new = beta * v - rate * g\n    return w + new + beta * v, new",
            "weights: expected",
        ),
        ("answer = lambda w, v, g, rate, beta: (w, beta * v + rate * g)", "velocity: expected"),
        (
            "def answer(w, v, g, rate, beta):\n    v *= beta\n    v -= rate * g\n    return w + beta * v - rate * g, v",
            "changed the arrays it was given",
        ),
    ],
    "largest_rate": [
        ("answer = lambda a: 2 / a", "curvature of a x^2 is 2a"),
        ("answer = lambda a: 1 / (2 * a)", "arrives in one step"),
        ("answer = lambda a: 1.0", "does not depend on a"),
    ],
}
