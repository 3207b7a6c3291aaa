"""Typical wrong answers to the exercises of 2_4, each with a part of the message that must name the mistake."""

NUMPY = "import numpy as np\nanswer = lambda p, y: "
ROWS = "answer = lambda text, w: [(r[0], {}) for r in (line.split('\\t') for line in text.splitlines())]"

WRONG = {
    "guessed_rank_k": [
        ("answer = lambda k, n: 100 * min(1, k / n)", "not in percent"),
        ("answer = lambda k, n: 1 / n", "This is rank-1"),
        ("answer = lambda k, n: 1 - (1 - 1 / n) ** k", "none is named twice"),
        ("answer = lambda k, n: k / n", "every image is a hit"),
    ],
    "label_ranks": [
        (f"{NUMPY}(np.argsort(-p, axis=1) == y[:, None]).argmax(axis=1)", "Ranks begin at 1"),
        (f"{NUMPY}np.argsort(-p, axis=1)[np.arange(len(y)), y] + 1", "where the label stands"),
        (f"{NUMPY}(np.argsort(p, axis=1) == y[:, None]).argmax(axis=1) + 1", "least probable"),
        (f"{NUMPY}1 + (p > p[np.arange(len(y)), y][:, None]).sum(axis=1)", "lower index comes first"),
    ],
    "parse_annotations": [
        (ROWS.format("r[1]"), "not the number itself"),
        (ROWS.format("sorted(w).index(r[1])"), "not in alphabetical order"),
        (ROWS.format("w.index(r[1]) + 1"), "Labels begin at 0"),
        (
            "def answer(text, w):\n    rows = [line.split('\\t') for line in text.split('\\n')]\n"
            "    return [(r[0], w.index(r[1]) if len(r) > 1 else 0) for r in rows]",
            "no line behind it",
        ),
    ],
    "rate_by_hand": [
        ("answer = lambda e, c: c.get(e, c[0])", "also after a stop"),
        ("answer = lambda e, c: c[max([s for s in c if s < e], default=0)]", "in its own epoch already"),
        ("answer = lambda e, c: c[max(c)] if e else c[0]", "does not count yet"),
        ("answer = lambda e, c: c[[s for s in c if s <= e][-1]]", "need not be in order"),
    ],
}
