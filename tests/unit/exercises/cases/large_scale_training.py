"""Typical wrong answers to the exercises of chapter 4, each with a part of the message that must name the mistake."""

TURN = (
    "import numpy as np\n\n\ndef answer(r, c, h, w, d):\n    cos, sin = np.cos({angle}), np.sin({angle})\n"
    "    return ({y} + cos * (r - {y}) + sin * (c - {x}), {x} + cos * (c - {x}) - sin * (r - {y}))"
)

WRONG = {
    "array_bytes": [
        ("import numpy as np\nanswer = lambda n, h, w, d: n * h * w * np.dtype(d).itemsize", "three channels"),
        ("answer = lambda n, h, w, d: n * h * w * 3", "takes 8 bytes"),
        ("import numpy as np\nanswer = lambda n, h, w, d: n * h * w * 3 * np.dtype(d).itemsize * 8", "bits"),
    ],
    "merge_means": [
        ("answer = lambda n, a, m, b: (a + b) / 2", "differ in size"),
        ("answer = lambda n, a, m, b: n * a + m * b", "sum over all pixels"),
        ("answer = lambda n, a, m, b: (m * a + n * b) / (n + m)", "count of the other part"),
    ],
    "image_bytes": [
        ("answer = lambda o, i, h, w: (o + i * h * w * 3, o + (i + 1) * h * w * 3)", "before the next image"),
        ("answer = lambda o, i, h, w: (i * h * w * 3, (i + 1) * h * w * 3 - 1)", "add the offset"),
        ("answer = lambda o, i, h, w: (o + i * h * w, o + (i + 1) * h * w - 1)", "three bytes"),
        ("answer = lambda o, i, h, w: o + i * h * w * 3", "two numbers"),
    ],
    "group_share": [
        ("answer = lambda b, k, n: min(1.0, b / n)", "Only whole chunks"),
        ("answer = lambda b, k, n: max(1, b // k) * k / n", "more than the file"),
        ("answer = lambda b, k, n: min(1.0, b // k * k / n)", "At least one chunk"),
    ],
    "masked": [
        ("answer = lambda c: (c >> 15 | c << 17) + 0xA282EAD8", "lowest 32 bits"),
        ("answer = lambda c: (c >> 15 | c << 17) & 0xFFFFFFFF", "constant 0xA282EAD8 is missing"),
        ("answer = lambda c: ((c << 15 | c >> 17) + 0xA282EAD8) % 2**32", "wrong way"),
        ("answer = lambda c: ((c >> 15) + 0xA282EAD8) % 2**32", "come in again"),
    ],
    "read_varint": [
        (
            "def answer(content):\n    n = 0\n    for i, b in enumerate(content):\n        n = n * 128 + b % 128\n"
            "        if b < 128:\n            return n, i + 1",
            "lowest seven bits",
        ),
        (
            "def answer(content):\n    n = 0\n    for i, b in enumerate(content):\n        n += b % 128 * 128**i\n"
            "        if b < 128:\n            return n, i",
            "Count the bytes",
        ),
        ("answer = lambda c: (sum(b % 128 * 128**i for i, b in enumerate(c)), len(c))", "Stop after"),
        ("answer = lambda c: sum(b % 128 * 128**i for i, b in enumerate(c))", "two numbers"),
    ],
    "number_of_shards": [
        ("answer = lambda t, m, k: -(-t // m)", "dealt out evenly"),
        ("answer = lambda t, m, k: t // m // k * k", "too large"),
        ("answer = lambda t, m, k: -(-t // (m * k))", "for each machine"),
    ],
    "calls_needed": [
        ("answer = lambda load, train, cores: -(-load // train)", "do not run at the same time"),
        ("answer = lambda load, train, cores: min(load // train, cores)", "round up"),
        ("answer = lambda load, train, cores: cores", "Fewer are enough"),
        ("answer = lambda load, train, cores: min(load / train, cores)", "whole number"),
        ("answer = lambda load, train, cores: min(-(-train // load), cores)", "exchanged"),
    ],
    "source_pixel": [
        (TURN.format(angle="-np.deg2rad(d)", y="(h - 1) / 2", x="(w - 1) / 2"), "with the clock"),
        (TURN.format(angle="d", y="(h - 1) / 2", x="(w - 1) / 2"), "radians"),
        (TURN.format(angle="np.deg2rad(d)", y="0", x="0"), "count from the centre"),
        (TURN.format(angle="np.deg2rad(d)", y="h / 2", x="w / 2"), "(height - 1) / 2"),
        (TURN.format(angle="np.deg2rad(d)", y="(h - 1) / 2", x="(w - 1) / 2") + "[::-1]", "row comes first"),
    ],
    "average_crops": [
        ("answer = lambda p, n: p.reshape(n, -1, p.shape[1]).mean(axis=0)", "stand together"),
        ("answer = lambda p, n: p.reshape(-1, n, p.shape[1]).sum(axis=1)", "add up to 1"),
        ("answer = lambda p, n: p.reshape(-1, n, p.shape[1]).max(axis=1)", "largest of the crops"),
        ("answer = lambda p, n: p.reshape(-1, n, p.shape[1]).mean(axis=1).argmax(axis=1)", "not the class"),
        ("answer = lambda p, n: p.reshape(-1, n, p.shape[1])[:, 4]", "centre crop alone"),
    ],
    "number_of_patches": [
        ("answer = lambda s, p, f: (s - p) ** 2 * (2 if f else 1)", "one place more"),
        ("answer = lambda s, p, f: (s - p + 1) * (2 if f else 1)", "as well as to the right"),
        ("answer = lambda s, p, f: (s - p + 1) ** 2", "mirror image too"),
        ("answer = lambda s, p, f: (s - p + 1) ** 2 * 2", "Without mirror images"),
    ],
    "step_time": [
        ("answer = lambda a, t, n, o: max(a, t) if o else a + t", "Several workers share"),
        ("answer = lambda a, t, n, o: a / n + t", "same time"),
        ("answer = lambda a, t, n, o: min(a / n, t) if o else a / n + t", "slower of the two"),
        ("answer = lambda a, t, n, o: max(a / n, t)", "Without overlap"),
        ("answer = lambda a, t, n, o: max(a / n, t) if o else (a + t) / n", "workers only load"),
    ],
    "busy": [
        ("answer = lambda spans: sum(b - a for a, b in spans)", "counts once"),
        ("answer = lambda spans: max(b for a, b in spans) - min(a for a, b in spans)", "does not count"),
        (
            "def answer(spans):\n    total, reached = 0, -1\n    for a, b in spans:\n"
            "        total += max(0, b - max(a, reached))\n        reached = max(reached, b)\n    return total",
            "sort them",
        ),
        (
            "def answer(spans):\n    total, reached = 0, -1\n    for a, b in sorted(spans):\n"
            "        total += max(0, b - max(a, reached))\n        reached = b\n    return total",
            "inside an earlier one",
        ),
        (
            "def answer(spans):\n    total, reached = 0, 0\n    for a, b in sorted(spans):\n"
            "        total += max(0, a - reached)\n        reached = max(reached, b)\n    return total",
            "time of the gaps",
        ),
    ],
    "speedup": [
        ("answer = lambda share, factor: 1 - share + share / factor", "inverse"),
        ("answer = lambda share, factor: factor", "Only a part"),
        ("answer = lambda share, factor: 1 / (1 - share) if share < 1 else factor", "does not vanish"),
        ("answer = lambda share, factor: 1 - share + share * factor", "Times add up"),
    ],
}
