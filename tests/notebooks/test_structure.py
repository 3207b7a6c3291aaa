"""Every notebook keeps the course's form: order of cells, sizes, captions, no outputs, no branch on the profile."""

import ast
import importlib
import json
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
NOTEBOOKS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]
LESSONS = [path for path in NOTEBOOKS if path.stem != "0_start_here"]
SECTIONS = (
    "## Set-up",
    "## The question",
    "## Data",
    "## By hand",
    "## Build",
    "## Predict",
    "## Train",
    "## Read the result",
    "## Where it fails",
    "## Change one thing",
    "## What you learned",
    "## Exercises",
    "## Sources",
)
CARD = ("You will be able to", "Before you start", "Reading time", "Running time and memory", "Data and licence")
PLOTS = {"image_grid", "lines", "learning_curves", "bars", "confusion", "diagram", "scatter", "timeline"}


def cells(path: Path) -> list[dict]:
    content = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"text": "".join(cell["source"])} for cell in content]


def code(path: Path) -> list[str]:
    return [cell["text"] for cell in cells(path) if cell["cell_type"] == "code"]


def plain(cell: str) -> str:
    """Return a cell without IPython's magic lines, as Python parses it."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", cell, flags=re.MULTILINE)


def prose(path: Path) -> str:
    return "\n".join(cell["text"] for cell in cells(path) if cell["cell_type"] == "markdown")


def each(paths: list[Path]):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def test_there_are_notebooks_and_their_names_are_unique():
    names = [path.name for path in NOTEBOOKS]
    assert "0_start_here.ipynb" in names
    assert len(names) == len(set(names))


@each(LESSONS)
def test_name_matches_its_chapter(path):
    assert re.fullmatch(r"\d_\d+_[a-z0-9_]+", path.stem)
    assert path.parent.name.split("_")[0] == path.stem.split("_")[0]


@each(NOTEBOOKS)
def test_committed_without_outputs_and_with_unique_ids(path):
    assert not [cell["id"] for cell in cells(path) if cell.get("outputs") or cell.get("execution_count")]
    ids = [cell["id"] for cell in cells(path)]
    assert len(ids) == len(set(ids))


@each(LESSONS)
def test_sections_in_order(path):
    headings = [line for line in prose(path).splitlines() if line.startswith("## ")]
    assert headings == list(SECTIONS)


@each(LESSONS)
def test_opens_with_title_colab_line_and_card(path):
    title, card = cells(path)[:2]
    assert title["text"].startswith("# ")
    assert len(re.findall(r"^(?:\*Colab:|\[!\[Open in Colab\])", title["text"], re.MULTILINE)) == 1
    assert not [row for row in CARD if row not in card["text"]]
    assert "@" not in card["text"], "a placeholder is left in the card"
    for profile in ("`ci`", "`laptop`", "`full`"):
        assert profile in card["text"], f"the card gives no running time for {profile}"


@each(LESSONS)
def test_number_and_size_of_code_cells(path):
    sizes = [len(text.splitlines()) for text in code(path)]
    assert 20 <= len(sizes) <= 45, f"{len(sizes)} code cells"
    assert max(sizes) <= 40, f"a cell of {max(sizes)} lines"
    assert 4 <= statistics.median(sizes) <= 8, f"median {statistics.median(sizes)} lines"


@each(NOTEBOOKS)
def test_a_sentence_before_each_code_cell(path):
    before = None
    for cell in cells(path):
        if cell["cell_type"] == "code" and not is_assertion(cell["text"]):
            assert before and before["cell_type"] == "markdown", f"no prose before:\n{cell['text']}"
            assert re.search(r"[a-z].*[.:?!*]", before["text"]), f"no sentence before:\n{cell['text']}"
        before = cell


def is_assertion(text: str) -> bool:
    """A cell that only asserts what the prose above has just said needs no sentence of its own."""
    return all(isinstance(node, ast.Assert) for node in ast.parse(text).body)


def draws(text: str) -> bool:
    """Whether the last expression of a cell is a figure of `helpers.plots`, or a monitored training."""
    last = ast.parse(text).body[-1]
    called = last.value if isinstance(last, (ast.Expr, ast.Assign)) else None
    name = ast.unparse(called.func) if isinstance(called, ast.Call) else ""
    return name.removeprefix("plots.") in PLOTS if name.startswith("plots.") else name == "training.fit"


@each(NOTEBOOKS)
def test_every_figure_has_its_numbered_caption_below(path):
    content, captions = cells(path), []
    for cell, after in zip(content, [*content[1:], None], strict=True):
        if cell["cell_type"] != "code":
            continue
        calls = [name for name in re.findall(r"plots\.(\w+)\(", cell["text"]) if name in PLOTS]
        assert len(calls) <= 1, f"more than one figure in:\n{cell['text']}"
        if draws(cell["text"]):
            found = re.match(r"\*Figure (\d+)\. \S", after["text"]) if after else None
            assert found, f"no caption below:\n{cell['text']}"
            captions.append(int(found[1]))
    assert captions == list(range(1, len(captions) + 1))
    assert captions


@each(LESSONS)
def test_numbers_stand_in_one_cell_and_nothing_branches_on_the_profile(path):
    text = "\n".join(code(path))
    assert text.count("profiles.pick(") == 1
    assert "COURSE_PROFILE" not in text and "profiles.name(" not in text
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Match)):
            condition = ast.unparse(node.test if hasattr(node, "test") else node.subject)
            assert not re.search(r"profile|is_stand_in|run\.dataset|\b(ci|laptop|full)\b", condition), condition


@each(NOTEBOOKS)
def test_keras_alone_and_no_pyplot(path):
    text = "\n".join(code(path))
    input_layer = () if path.stem.startswith("4_") else ("tensorflow",)  # tf.data is chapter 4's subject
    closed = "|".join(("jax", "torch", "cv2", "pandas", "matplotlib", *input_layer))
    assert not re.search(rf"^\s*(import|from) ({closed})\b", text, re.MULTILINE)
    assert not re.search(r"except\s*:|except Exception:\s*pass", text)


@each(LESSONS)
def test_exercises_results_and_sources(path):
    text = "\n".join(code(path))
    assert len(set(re.findall(r"\bex\.(\w+)\.check\(", text))) >= 3
    assert "results.report(" in text
    assert re.search(r"doi:10\.|arXiv:\d{4}\.\d{4,5}", prose(path).split("## Sources")[1])
    assert "assert " in text


@each(LESSONS)
def test_starters_are_those_of_the_exercises(path):
    text = "\n".join(code(path))
    chapter = importlib.import_module(
        "helpers.exercises." + re.search(r"from helpers.exercises import (\w+) as ex", text)[1]
    )
    for name in re.findall(r"\bex\.(\w+)\.check\(", text):
        assert getattr(chapter, name).starter.strip() in text, f"{name}: the cell differs from the starter"


@each(NOTEBOOKS)
def test_is_in_the_readme(path):
    assert path.name in (ROOT / "README.md").read_text(encoding="utf-8")


ONCE = {  # calls that fail where something is there already, unless they say what then
    "mkdir": "exist_ok",
    "makedirs": "exist_ok",
    "copytree": "dirs_exist_ok",
    "HDF5DatasetWriter": "overwrite",
    "write_shards": "overwrite",
    "unlink": "missing_ok",
    "symlink_to": None,
    "rename": None,
}


def once_only(source: str, everything: str = "") -> list[str]:
    """Return the calls in a cell that would fail when it is run a second time; `everything` is the notebook's code."""
    found, everything = [], everything or source
    tree = ast.parse("pass" if "mkdtemp" in source else source)  # a new folder each time
    expected = {id(call) for node in ast.walk(tree) if isinstance(node, ast.Try) for call in ast.walk(node)}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or id(call) in expected:
            continue
        name = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
        keywords = {keyword.arg for keyword in call.keywords}  # None: a dict of settings
        if name in ONCE and ONCE[name] not in keywords - {None}:
            in_settings = None in keywords and f"{ONCE[name]}=True" in everything
            if not in_settings:
                found.append(f"{ast.unparse(call)[:80]}: {ONCE[name] or 'never'}")
    return found


@each(NOTEBOOKS)
def test_cells_can_be_run_twice(path):
    own = re.findall(r"^def (\w+)", "\n".join(code(path)), re.MULTILINE)  # what the reader wrote says for itself
    cells = [plain(cell) for cell in code(path)]
    found = [call for cell in cells for call in once_only(cell, "\n".join(cells))]
    assert not [call for call in found if call.split("(")[0] not in own]


def test_a_cell_that_can_run_only_once_is_found():
    assert once_only("folder.mkdir()\nshutil.copytree(a, b)") == [
        "folder.mkdir(): exist_ok",
        "shutil.copytree(a, b): dirs_exist_ok",
    ]
    assert once_only("folder.mkdir(exist_ok=True)\nwrite_shards(a, b, overwrite=True)") == []
    assert once_only("about = dict(x=1)\nHDF5DatasetWriter(path, shape, **about)")
    assert not once_only("about = dict(overwrite=True)\nHDF5DatasetWriter(path, shape, **about)")
    assert not once_only("try:\n    HDF5DatasetWriter(path, shape)\nexcept FileError as error:\n    print(error)")


@each(NOTEBOOKS)
def test_no_name_of_an_import_is_given_to_something_else(path):
    """A variable `images` or `data` would hide the room of that name from all cells below."""
    tree = ast.parse("\n".join(plain(cell) for cell in code(path)))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert not imported & (stored | defined)


def test_no_file_names_a_folder_of_the_machine_it_was_made_on():
    written = [*(ROOT / "benchmarks").glob("*.md"), *(ROOT / "benchmarks").glob("*.jsonl"), ROOT / "README.md"]
    for path in written:
        assert not re.search(r"/(work|home|root|Users|tmp)/", path.read_text(encoding="utf-8")), path.name
