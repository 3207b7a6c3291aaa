"""Proofs: what makes a notebook or a test file run again, and that only a pass leaves one."""

import json
from pathlib import Path

import prove
import pytest

CELLS = ["from helpers import results\nimport helpers.low", "results.report('one', accuracy=0.5)"]
BANDS = {"one": {"accuracy": {"ci": [0.5]}}, "two": {"accuracy": {"ci": [0.5]}}}


def write_notebook(path: Path, cells: list[str], prose: str = "Why.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    code = [{"cell_type": "code", "metadata": {}, "source": cell} for cell in cells]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "metadata": {}, "source": prose}, *code]}))
    return path


@pytest.fixture
def book(tmp_path):
    """A repository with three helpers, bands, a lock and a test file."""
    files = {
        "helpers/__init__.py": "",
        "helpers/low.py": "import os\nMODE = os.environ.get('COURSE_MODE')\n",
        "helpers/other.py": "",
        "helpers/results.py": "BANDS = 'bands.json'\ndef report(*_): ...\n",
        "helpers/bands.json": json.dumps(BANDS),
        "data/registry.tsv": "name\n",
        "requirements.txt": "keras==3\n",
        "pyproject.toml": "",
        "tests/unit/conftest.py": "",
        "tests/unit/test_low.py": "from helpers import low\n",
    }
    for place, text in files.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    write_notebook(tmp_path / "notebooks/1_1_one.ipynb", CELLS)
    return tmp_path


def keys(book, **environment):
    paths = (book / "notebooks/1_1_one.ipynb", book / "tests/unit/test_low.py")
    return tuple(prove.key(path, book, environment) for path in paths)


@pytest.mark.parametrize(
    ("place", "text", "again"),
    [
        ("helpers/low.py", "MODE = 1\n", (True, True)),
        ("helpers/__init__.py", "x = 1\n", (True, True)),
        ("helpers/results.py", "BANDS = 'bands.json'\n", (True, False)),
        ("helpers/other.py", "x = 1\n", (False, False)),
        ("requirements.txt", "keras==4\n", (True, True)),
        ("tests/unit/conftest.py", "x = 1\n", (False, True)),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", (False, True)),
        ("tests/unit/test_low.py", "from helpers import low, other\n", (False, True)),
        ("helpers/bands.json", json.dumps(BANDS | {"one": {"accuracy": {"ci": [0.6]}}}), (True, False)),
        ("helpers/bands.json", json.dumps(BANDS | {"two": {"accuracy": {"ci": [0.6]}}}), (False, False)),
    ],
)
def test_what_runs_again_after_a_change_to_a_file(book, place, text, again):
    before = keys(book)
    (book / place).write_text(text, encoding="utf-8")
    assert tuple(old != new for old, new in zip(before, keys(book), strict=True)) == again


def test_cells_count_and_prose_does_not(book):
    before = keys(book)
    write_notebook(book / "notebooks/1_1_one.ipynb", CELLS, prose="Why not.")
    assert keys(book) == before
    write_notebook(book / "notebooks/1_1_one.ipynb", [*CELLS, "1 + 1"])
    assert keys(book)[0] != before[0]


def test_a_result_whose_name_is_computed_depends_on_all_bands(book):
    write_notebook(book / "notebooks/1_1_one.ipynb", [CELLS[0], "results.report(f'{name}', accuracy=1)"])
    before = keys(book)
    (book / "helpers/bands.json").write_text(json.dumps(BANDS | {"two": {"accuracy": {"ci": [0.6]}}}))
    assert keys(book)[0] != before[0]


def test_variables_that_the_code_or_a_library_reads_count_and_others_do_not(book):
    before = keys(book)
    assert all(new != old for new, old in zip(keys(book, COURSE_MODE="x"), before, strict=True))
    assert all(new != old for new, old in zip(keys(book, KERAS_BACKEND="jax"), before, strict=True))
    assert keys(book, HOME="/elsewhere", EDITOR="vi") == before


def test_a_module_named_in_a_string_counts(book):
    test = book / "tests/unit/test_low.py"
    test.write_text("COMMAND = ['python', '-m', 'helpers.other']\n", encoding="utf-8")
    before = keys(book)[1]
    (book / "helpers/other.py").write_text("x = 1\n", encoding="utf-8")
    assert keys(book)[1] != before


def test_files_that_read_the_whole_tree_have_no_key(book):
    (book / "tests/notebooks").mkdir()
    (book / "tests/notebooks/test_structure.py").write_text("")
    assert prove.key(book / "tests/notebooks/test_structure.py", book, {}) is None


def test_every_notebook_and_test_file_of_the_course_has_a_key_or_always_runs():
    paths = [*prove.build.notebooks(prove.ROOT).values(), *(prove.ROOT / "tests/unit").rglob("test_*.py")]
    assert len({prove.key(path) for path in paths} - {None}) > 40


def test_only_a_pass_leaves_a_proof(book, monkeypatch):
    passing, failing = book / "tests/unit/test_pass.py", book / "tests/unit/test_fail.py"
    passing.write_text("def test(): pass\n")
    failing.write_text("def test(): assert False\n")
    monkeypatch.setattr(prove, "ROOT", book)
    monkeypatch.setattr(prove, "proof_file", lambda path: book / f"{path.stem}.json")
    todo, wanted = prove.select("files", [passing, failing], fresh=False)
    assert prove.run(todo, wanted, ["-p", "no:cacheprovider"]) == 1
    assert prove.select("files", [passing, failing], fresh=False)[0] == [failing]
    assert prove.select("files", [passing, failing], fresh=True)[0] == [passing, failing]


def test_what_changed_while_it_ran_leaves_no_proof(book, monkeypatch):
    changing = book / "tests/unit/test_change.py"
    changing.write_text("def test():\n    open(__file__, 'a').write('#')\n")
    monkeypatch.setattr(prove, "ROOT", book)
    monkeypatch.setattr(prove, "proof_file", lambda path: book / f"{path.stem}.json")
    todo, wanted = prove.select("files", [changing], fresh=False)
    assert prove.run(todo, wanted, ["-p", "no:cacheprovider"]) == 0
    assert prove.select("files", [changing], fresh=False)[0] == [changing]


def test_shards_hold_everything_once():
    paths = [Path(str(number)) for number in range(11)]
    parts = [prove.share(paths, f"{k}/4") for k in range(1, 5)]
    assert sorted(path for part in parts for path in part) == sorted(paths) and prove.share(paths, None) == paths
    for wrong in ("5/4", "0/4", "2", "a/b"):
        with pytest.raises(ValueError, match="SHARD must be k/n"):
            prove.share(paths, wrong)
