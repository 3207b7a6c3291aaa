"""Every exercise of every chapter: the starter is "not yet", the solution is right, typical wrong answers are named."""

import importlib
from pathlib import Path

import pytest

FOLDER = Path(importlib.import_module("helpers.exercises").__file__).parent
CHAPTERS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__")
MODULES = {chapter: importlib.import_module(f"helpers.exercises.{chapter}") for chapter in CHAPTERS}
FILES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("[a-z]*.py"))  # a chapter, or a part of one
WRONG = {
    chapter: {
        name: wrong
        for file in FILES
        if f"{file}_".startswith(f"{chapter}_")
        for name, wrong in importlib.import_module(f"cases.{file}").WRONG.items()
    }
    for chapter in CHAPTERS
}
EXERCISES = {f"{chapter}.{name}": getattr(MODULES[chapter], name) for chapter in CHAPTERS for name in WRONG[chapter]}
CASES = [
    (f"{chapter}.{name}", *case) for chapter in CHAPTERS for name in WRONG[chapter] for case in WRONG[chapter][name]
]


def run(source: str, name: str) -> object:
    space: dict = {}
    exec(source, space)
    return space.get("answer", space.get(name.split(".")[1]))


def test_every_chapter_has_cases_and_every_file_a_chapter():
    assert all(WRONG.values())
    assert all(any(f"{file}_".startswith(f"{chapter}_") for chapter in CHAPTERS) for file in FILES)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_wrong_answers(chapter):
    assert WRONG[chapter].keys() == set(MODULES[chapter].__all__)
    assert all(len(wrong) >= 2 for wrong in WRONG[chapter].values())


@pytest.mark.parametrize("name", EXERCISES)
def test_starter_is_not_yet(name, capsys):
    exercise = EXERCISES[name]
    assert exercise.judge(run(exercise.starter, name)).state == "not yet"
    exercise.check(run(exercise.starter, name))
    assert capsys.readouterr().out.startswith("Not yet: ")


@pytest.mark.parametrize("name", EXERCISES)
def test_solution_is_right(name):
    assert EXERCISES[name].judge(run(EXERCISES[name].solution_source, name)) == ("right", "well done.")


@pytest.mark.parametrize(("name", "source", "part"), CASES)
def test_wrong_answers_are_named(name, source, part):
    verdict = EXERCISES[name].judge(run(source, name))
    assert verdict.state == "wrong"
    assert part in verdict.message


@pytest.mark.parametrize("name", EXERCISES)
def test_hints_come_in_order_and_end(name, capsys):
    exercise = EXERCISES[name]
    for _ in range(len(exercise.hints) + 1):
        exercise.hint()
    lines = capsys.readouterr().out.splitlines()
    assert len(exercise.hints) >= 2
    assert lines[0].startswith("Hint 1") and lines[-1].startswith("No more hints")


@pytest.mark.parametrize("name", EXERCISES)
def test_code_that_stops_is_an_answer_too(name):
    def answer(*arguments):
        raise ZeroDivisionError("division by zero")

    verdict = EXERCISES[name].judge(answer)
    assert verdict.state == "wrong"
    assert "ZeroDivisionError" in verdict.message
