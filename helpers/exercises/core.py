"""What an exercise is: a task with a check that explains itself, hints in order, and a solution."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class Verdict(NamedTuple):
    """What a check found: `state` is "right", "not yet" (unfinished) or "wrong"; `message` says why."""

    state: str
    message: str


@dataclass
class Exercise:
    """One exercise.

    Args:
        title: what to do, in a few words.
        examine: takes the answer and returns None when it is right, else a sentence: what was expected, what came, and
            the likely mistake.
        hints: from a nudge to nearly the answer.
        solution_source: Python source of one right answer; its last statement binds the name `answer`.
        starter: Python source of the cell the reader begins with; it binds the same name as the check is given.
    """

    title: str
    examine: Callable[[object], str | None]
    hints: tuple[str, ...]
    solution_source: str
    starter: str
    _next_hint: itertools.count = field(default_factory=itertools.count, repr=False)

    def judge(self, answer: object) -> Verdict:
        """Return the verdict on an answer; an unfinished or failing answer is a verdict too, never an error."""
        if answer is None or answer is ...:
            return Verdict("not yet", "replace the dots by your answer.")
        try:
            message = self.examine(answer)
        except Unfinished as unfinished:
            return Verdict("not yet", str(unfinished))
        except Exception as error:  # noqa: BLE001 - whatever a reader's code raises is part of the answer
            return Verdict("wrong", f"your code stopped with {type(error).__name__}: {error}")
        return Verdict("wrong", message) if message else Verdict("right", "well done.")

    def check(self, answer: object) -> None:
        """Print the verdict on an answer. Never raises on an unfinished one."""
        state, message = self.judge(answer)
        print({"right": "Right: ", "not yet": "Not yet: ", "wrong": "Not right: "}[state] + message)

    def hint(self) -> None:
        """Print the next hint; after the last one, say so."""
        index = next(self._next_hint)
        if index < len(self.hints):
            print(f"Hint {index + 1} of {len(self.hints)}: {self.hints[index]}")
        else:
            print("No more hints. `.solution()` shows one way to do it.")

    def solution(self) -> None:
        """Print one right answer."""
        print(self.solution_source.strip())


class Unfinished(Exception):
    """The answer still holds the starter's dots."""


def call(function: Callable, *arguments: object) -> object:
    """Call a reader's function for a check.

    Raises:
        TypeError: the answer is not a function.
        Unfinished: it returned None or `...`, as the starter does.
    """
    if not callable(function):
        raise TypeError(f"the answer must be a function. Received: {type(function).__name__}")
    result = function(*arguments)
    if result is None or result is ...:
        raise Unfinished("your function returns nothing yet.")
    return result


def same(got: object, expected: object, tolerance: float = 1e-5) -> bool:
    """Return whether two numbers or arrays have the same shape and values, relative to the largest of them."""
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    return got.shape == expected.shape and bool(np.allclose(got, expected, rtol=0, atol=tolerance * scale))


def differ(what: str, got: object, expected: object) -> str:
    """Return the sentence "WHAT: expected ..., your answer gave ...", short enough to read."""
    return f"{what}: expected {_short(expected)}, your answer gave {_short(got)}."


def _short(value: object) -> str:
    if isinstance(value, (np.ndarray, list, tuple, float, np.floating)):
        array = np.asarray(value)
        if array.dtype.kind in "fiub" and array.size <= 8:
            return np.array2string(array, precision=4, suppress_small=True)
        if array.dtype.kind in "fiub":
            return f"an array of shape {array.shape} that starts {np.array2string(array.ravel()[:4], precision=4)}"
    return repr(value)
