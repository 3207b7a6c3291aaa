"""Exercises of `2_4_tiny_imagenet.ipynb`."""

import numpy as np

from helpers.exercises.core import Exercise, call, differ, same


def _examine_guessed_rank_k(answer) -> str | None:
    for k, num_classes in ((1, 200), (5, 200), (5, 20), (5, 4)):
        expected, got = min(1.0, k / num_classes), call(answer, k, num_classes)
        if same(got, expected, 1e-9):
            continue
        reason = ""
        if same(got, 100 * expected):
            reason = " A share is a number from 0 to 1, not in percent."
        elif same(got, 1 / num_classes):
            reason = " This is rank-1. With k answers, k of the classes are named."
        elif same(got, 1 - (1 - 1 / num_classes) ** k):
            reason = " The k answers are different classes: none is named twice."
        elif k > num_classes and same(got, k / num_classes):
            reason = " With as many answers as classes every image is a hit, and there is no more than that."
        return differ(f"rank-{k} of guessing among {num_classes} classes", got, expected) + reason
    return None


guessed_rank_k = Exercise(
    title="Rank-k accuracy of guessing",
    examine=_examine_guessed_rank_k,
    hints=(
        "One answer is right in one of num_classes cases.",
        "k different answers name k of the classes.",
        "It is k / num_classes, but never more than 1.",
    ),
    starter="def guessed_rank_k(k, num_classes):\n    return ...\n",
    solution_source="""
def guessed_rank_k(k, num_classes):
    return min(1, k / num_classes)


answer = guessed_rank_k
""",
)


def _examine_label_ranks(answer) -> str | None:
    random = np.random.default_rng(0)
    drawn = random.dirichlet(np.ones(7), size=6)
    tied = np.array([[0.25, 0.25, 0.25, 0.25], [0.4, 0.1, 0.4, 0.1], [0.1, 0.4, 0.1, 0.4]])
    cases = (("different probabilities", drawn, random.integers(7, size=6)), ("equal ones", tied, np.array([3, 2, 0])))
    for what, probabilities, labels in cases:
        own = probabilities[np.arange(len(labels)), labels][:, None]
        earlier = np.arange(probabilities.shape[1]) < labels[:, None]
        larger, equal = probabilities > own, (probabilities == own) & earlier
        expected = 1 + (larger | equal).sum(axis=1)
        got = np.asarray(call(answer, probabilities.copy(), labels.copy()), dtype=float)
        if same(got, expected):
            continue
        reason = ""
        if same(got, expected - 1):
            reason = " Ranks begin at 1: no class is more probable than the best one."
        elif same(got, np.argsort(-probabilities, axis=1)[np.arange(len(labels)), labels] + 1):
            reason = " argsort gives the class at each rank. You need the rank of each class: where the label stands."
        elif same(got, probabilities.shape[1] + 1 - expected):
            reason = " Most probable first: these ranks count from the least probable class."
        elif same(got, 1 + larger.sum(axis=1)):
            reason = " Of equal probabilities the class with the lower index comes first, so it counts too."
        return differ(f"ranks with {what}", got, expected) + reason
    return None


label_ranks = Exercise(
    title="The rank of the label",
    examine=_examine_label_ranks,
    hints=(
        "np.argsort(-probabilities, axis=1, kind='stable') gives the classes, most probable first; stable keeps ties.",
        "Compare that with labels[:, None]: in each row one place is True.",
        ".argmax(axis=1) finds that place; ranks begin at 1.",
    ),
    starter="def label_ranks(probabilities, labels):\n    return ...\n",
    solution_source="""
import numpy as np


def label_ranks(probabilities, labels):
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return (order == labels[:, None]).argmax(axis=1) + 1


answer = label_ranks
""",
)


def _examine_parse_annotations(answer) -> str | None:
    wnids = ["n02000003", "n02000001", "n02000002"]  # not in alphabetical order
    rows = [("val_0.JPEG", 0), ("val_1.JPEG", 2), ("val_10.JPEG", 1), ("val 2.JPEG", 1)]
    text = "".join(f"{name}\t{wnids[label]}\t0\t{label}\t62\t63\n" for name, label in rows)
    got = [tuple(pair) for pair in call(answer, text, list(wnids))]
    if got == rows:
        return None
    in_order = sorted(wnids)
    reason = ""
    if got == [(name, wnids[label]) for name, label in rows]:
        reason = " The label is the place of the number in wnids, not the number itself."
    elif got == [(name, in_order.index(wnids[label])) for name, label in rows]:
        reason = " The labels are in the order of wnids, not in alphabetical order."
    elif got == [(name, label + 1) for name, label in rows]:
        reason = " Labels begin at 0."
    elif len(got) > len(rows):
        reason = " The text ends with a newline; there is no line behind it."
    return f"annotations of four images: expected {rows}, your answer gave {got}.{reason}"


parse_annotations = Exercise(
    title="Parse the validation annotations",
    examine=_examine_parse_annotations,
    hints=(
        "text.splitlines() gives the lines, line.split('\\t') the columns.",
        "Only the first two columns count: the file and the number.",
        "wnids.index(number) is the label; a dict is faster for many lines.",
    ),
    starter="def parse_annotations(text, wnids):\n    return ...\n",
    solution_source="""
def parse_annotations(text, wnids):
    label_of = {wnid: label for label, wnid in enumerate(wnids)}
    rows = [line.split("\\t") for line in text.splitlines()]
    return [(row[0], label_of[row[1]]) for row in rows]


answer = parse_annotations
""",
)


def _examine_rate_by_hand(answer) -> str | None:
    changes = {0: 0.01, 25: 0.001, 35: 0.0001}
    backwards = dict(reversed(changes.items()))
    for epoch, table in ((0, changes), (25, changes), (26, changes), (24, changes), (60, changes), (30, backwards)):
        expected = table[max(start for start in table if start <= epoch)]
        got = call(answer, epoch, dict(table))
        if same(got, expected, 1e-9):
            continue
        reason = ""
        if table is backwards and got in table.values():
            reason = " The dict need not be in order: look for the last change that is not after the epoch."
        elif epoch in table and epoch and got == table[max(start for start in table if start < epoch)]:
            reason = " A change holds in its own epoch already, and in all that follow, also after a stop."
        elif got == table[0]:
            reason = " A change holds in all epochs that follow, also after a stop."
        elif got == min(table.values()):
            reason = " A change that lies ahead does not count yet."
        return f"epoch {epoch} with {table}: expected {expected}, your answer gave {got}.{reason}"
    return None


rate_by_hand = Exercise(
    title="The rate of each epoch",
    examine=_examine_rate_by_hand,
    hints=(
        "Only changes up to this epoch count: [start for start in changes if start <= epoch].",
        "The last one of them holds.",
        "changes[max(...)]",
    ),
    starter="def rate_by_hand(epoch, changes):\n    return ...\n",
    solution_source="""
def rate_by_hand(epoch, changes):
    return changes[max(start for start in changes if start <= epoch)]


answer = rate_by_hand
""",
)
