"""The notebook runner: what it writes, prints and returns."""

import json
import re

import nbformat
import pytest
import run

PICTURE = """
import base64
from IPython.display import Image
Image(base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="))
"""


@pytest.fixture
def make(tmp_path):
    """Return a function that writes a notebook with these code cells and returns its path."""

    def make(*sources):
        cells = [
            nbformat.v4.new_markdown_cell("# Small\n\nWhere $x^2$ stands."),
            *map(nbformat.v4.new_code_cell, sources),
        ]
        path = tmp_path / "nb" / "small.ipynb"
        path.parent.mkdir()
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return make


def printed(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return "".join(output.get("text", "") for cell in cells for output in cell.outputs)


def test_runs_in_its_folder_with_this_interpreter_and_leaves_copy_page_and_images(make, tmp_path, capsys):
    path = make("import os, sys\nprint(os.getcwd(), sys.executable, os.environ['COURSE_PROFILE'])", PICTURE)
    before = path.read_bytes()
    out = tmp_path / "build"
    out.mkdir()
    (out / "small.failed.ipynb").write_text("from an earlier run")
    assert run.main([str(path), "--profile", "ci", "--out", str(out), "--png"]) == 0

    assert path.read_bytes() == before
    assert printed(out / "small.ipynb").split() == [str(path.parent), run.sys.executable, "ci"]
    page = (out / "small.html").read_text(encoding="utf-8")
    assert "data:image/png;base64,iVBORw0KGgo" in page
    loaded = re.findall(r"<script[^>]*src[^>]*>|<link[^>]*href[^>]*>", page)
    assert all("async" in tag and "mathjax" in tag.lower() for tag in loaded), loaded
    assert (out / "small_png" / "01.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in out.iterdir()) == ["small.html", "small.ipynb", "small_png"]
    assert re.search(r"ran in \d+\.\d minutes, peak memory \d+ MiB", capsys.readouterr().out)


def test_a_failing_cell_is_printed_with_its_traceback_and_the_copy_so_far_is_kept(make, tmp_path, capsys):
    path = make("print('first')", "wrong = 1\nwrong / 0", "print('never')")
    out = tmp_path / "build"
    assert run.main([str(path), "--out", str(out)]) == 1
    text = capsys.readouterr().out
    assert "Code cell 2 failed (section: Small)" in text
    assert "\nwrong = 1\nwrong / 0\n" in text and "ZeroDivisionError: division by zero" in text
    assert text.count("wrong = 1") == 2  # the source once, the traceback's excerpt once
    assert "\x1b" not in text
    assert [path.name for path in out.iterdir()] == ["small.failed.ipynb"]
    assert printed(out / "small.failed.ipynb") == "first\n"


@pytest.mark.parametrize(
    ("source", "timeout", "message"),
    [("import time\ntime.sleep(60)", 1, "timed out"), ("import os\nos._exit(1)", None, "Kernel died")],
)
def test_a_cell_that_hangs_or_kills_its_kernel_is_a_failure(make, tmp_path, source, timeout, message):
    done = run.run_notebook(make(source), out=tmp_path / "build", timeout=timeout, quiet=True)
    assert source in done.failure and message in done.failure
    assert done.page is None and json.loads(done.notebook.read_text(encoding="utf-8"))["cells"]
    assert done.seconds < 40


def test_the_environment_replaces_the_own_one(make, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "/somewhere")
    without = {name: value for name, value in run.os.environ.items() if name != "COURSE_DATA"}
    path = make("import os\nprint(os.environ.get('COURSE_DATA'))")
    done = run.run_notebook(path, out=tmp_path / "build", environment=without, quiet=True)
    assert printed(done.notebook) == "None\n"


@pytest.mark.parametrize("name", ["missing.ipynb", "", "."])
def test_a_missing_notebook_is_said_so(name, capsys):
    assert run.main([name]) == 2
    assert f"There is no notebook {name or '.'!r}" in capsys.readouterr().err


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_healthy_start_leaves_nothing_on_red(make, tmp_path, backend):
    start = "from helpers import accelerator\n\nimport keras"
    path = make(start, "accelerator.set_up()", "print(keras.backend.backend(), keras.ops.ones(3).shape)")
    environment = {name: value for name, value in run.os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment["KERAS_BACKEND"] = backend
    done = run.run_notebook(path, out=tmp_path / "build", environment=environment, quiet=True)
    outputs = [
        output for cell in nbformat.read(done.notebook, as_version=4).cells for output in cell.get("outputs", ())
    ]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert f"{backend} (3,)" in printed(done.notebook)


def test_a_record_wants_a_tree_without_changes(make, tmp_path, monkeypatch, capsys):
    def git(*arguments):
        run.subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    path, record = make("import os\nprint(os.environ['COURSE_RECORD'])"), tmp_path / "results.jsonl"
    record.write_text("")
    (tmp_path / ".gitignore").write_text("build/\n")
    git("init")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=b", "commit", "-m", "c")
    monkeypatch.setattr(run, "__file__", str(tmp_path / "tests" / "notebooks" / "run.py"))
    monkeypatch.setenv("COURSE_RECORD", "")
    command = [str(path), "--record", str(record), "--out", str(tmp_path / "build"), "--quiet"]
    record.write_text("one line\n")  # what an earlier run added
    assert run.main(command) == 0 and printed(tmp_path / "build" / "small.ipynb") == f"{record}\n"
    (tmp_path / "new.py").write_text("")
    assert run.main(command) == 2
    assert "commit these changes first" in capsys.readouterr().err
