"""Thin stays thin: the lines of code of each room against a budget.

Counted are lines that hold code: no docstring, no comment, no blank line. A room may grow by what the chapters still to
come need; the whole course, exercises apart, ends below 7,500 lines. Who needs more takes something out first.
"""

import ast
import functools
import io
import re
import tokenize
from pathlib import Path

import pytest

HELPERS = Path(__file__).resolve().parents[2] / "helpers"
WHOLE = 7500
# Measured when this was written: ground 660, images 1,458, training 376, data 2,251, models 1,200, generative 372.
BUDGET = {
    "ground": 750,
    "images": 1550,
    "training": 420,
    "data": 2500,
    "models": 1500,
    "generative": 400,
    "transfer": 120,
}
LATER = {"scale": 160, "sequence": 100}  # rooms of chapters to come
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def lines(source: str) -> int:
    """Return how many lines of a Python file hold code."""
    code, documentation = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            documentation.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - documentation)


@functools.cache
def rooms() -> dict[str, int]:
    """Return the lines of each room; what lies in none is the ground."""
    found = {}
    for path in HELPERS.rglob("*.py"):
        parts = path.relative_to(HELPERS).parts
        room = parts[0] if parts[0] in BUDGET | LATER | {"exercises": 0} else "ground"
        found[room] = found.get(room, 0) + lines(path.read_text(encoding="utf-8"))
    return found


def test_what_counts_as_a_line():
    assert (
        lines('"""What."""\n\n# why\nx = 1  # so\n\n\ndef f():\n    """Do."""\n    return (\n        x\n    )\n') == 5
    )
    assert lines('TEXT = """\none\n"""\n') == 3  # a text that is no docstring is code


def test_the_budgets_add_up():
    assert sum(BUDGET.values()) + sum(LATER.values()) <= WHOLE


@pytest.mark.parametrize("room", [*BUDGET, *LATER])
def test_a_room_keeps_to_its_budget(room):
    assert rooms().get(room, 0) <= (BUDGET | LATER)[room]


def test_every_room_has_a_budget():
    assert rooms().keys() - {"exercises"} <= (BUDGET | LATER).keys()


def test_the_readme_says_what_a_room_costs_to_read():
    readme = (HELPERS.parent / "README.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| `?(\w+)/?`? \| [^|]+ \| ([\d,]+) \|", readme, re.MULTILINE)
    said = {room: int(number.replace(",", "")) for room, number in said}
    assert said.keys() == rooms().keys()
    assert {room: number for room, number in said.items() if not 0.9 < number / rooms()[room] < 1.1} == {}
