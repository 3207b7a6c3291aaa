"""Typical wrong answers to the exercises of `6_4_dcgan`, each with a part of the message that names the mistake."""

COUNT = (
    "import numpy as np\n\n\ndef answer(n, k, s):\n    c = np.zeros({length})\n    for i in range(n):\n"
    "        c[{window}] {sign} 1\n    return {result}"
)
LENGTH, WINDOW = "(n - 1) * s + k", "i * s : i * s + k"

NORM = (
    "import numpy as np\n\n\ndef answer(x, m, v, training, momentum=0.9, epsilon=0.001):\n    a, b = m, v\n"
    "    if {when}:\n        a, b = x.mean(axis={axis}), x.var(axis={axis})\n        {update}\n"
    "    return (x - a) / {root}(b + epsilon), m, v"
)
RIGHT = dict(
    when="training",
    axis="(0, 1, 2)",
    update="m, v = momentum * m + (1 - momentum) * a, momentum * v + (1 - momentum) * b",
    root="np.sqrt",
)

WRONG = {
    "transposed_size": [
        ("answer = lambda n, k, s, p: (n - 1) * s + k", "edges are cut"),
        ("answer = lambda n, k, s, p: -(-n // s) if p == 'same' else (n - k) // s + 1", "makes the map larger"),
        ("answer = lambda n, k, s, p: n * s + (k if p == 'valid' else 0)", "size - 1 moves"),
        ("answer = lambda n, k, s, p: n * s", "nothing is cut"),
    ],
    "paint_counts": [
        (COUNT.format(length=LENGTH, window=WINDOW, sign="=", result="c"), "add up"),
        (COUNT.format(length="n - 1 + k", window="i : i + k", sign="+=", result="c"), "moves by stride"),
        (COUNT.format(length=LENGTH, window=WINDOW, sign="+=", result="np.outer(c, c)"), "One dimension"),
        (COUNT.format(length="n * s", window=WINDOW, sign="+=", result="c"), "nothing is cut"),
    ],
    "normalise_map": [
        (NORM.format(**RIGHT | {"when": "not training"}), "exchanged"),
        (NORM.format(**RIGHT | {"axis": "0"}), "One mean a channel"),
        (NORM.format(**RIGHT | {"root": "np.asarray"}), "standard deviation"),
        (NORM.format(**RIGHT | {"update": "pass"}), "the averages move"),
        (
            NORM.format(
                **RIGHT | {"update": "m, v = (1 - momentum) * m + momentum * a, (1 - momentum) * v + momentum * b"}
            ),
            "share of the old average",
        ),
        ("answer = lambda x, m, v, training, momentum, epsilon: x", "tuple of three"),
    ],
    "calls_to_forget": [
        ("import math\nanswer = lambda m, s: math.log(s) / math.log(m)", "round up"),
        ("import math\nanswer = lambda m, s: int(math.log(s) / math.log(m))", "still above"),
        ("answer = lambda m, s: 1 / (1 - m)", "memory"),
        ("import math\nanswer = lambda m, s: math.ceil((1 - s) / (1 - m))", "what is left"),
        ("import math\nanswer = lambda m, s: math.ceil(math.log(s) / math.log(1 - m))", "1 - momentum"),
    ],
}
