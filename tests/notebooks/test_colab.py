"""The Colab copies: up to date, complete when they are alone, and the functions that write them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import run
import run_colab

ROOT = Path(__file__).resolve().parents[2]


def load(path):
    """Import a file that lies outside every package."""
    spec = importlib.util.spec_from_file_location(f"colab_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load(ROOT / "colab" / "build.py")
setup_cell = load(ROOT / "colab" / "setup_cell.py")
NOTEBOOKS = build.notebooks(ROOT)
COPY = "4_1_hdf5"  # the one that is executed here: cheap, and reaches data, images and training


# The copies in colab/


def test_the_copies_the_notebooks_and_the_readme_are_up_to_date():
    stale = [f"{state}: {path.relative_to(ROOT)}" for path, state in build.differences(build.generate())]
    assert not stale, "run `make colab`: " + ", ".join(stale)


def test_the_readme_links_every_copy():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = {match[1] for table in build.TABLE.findall(readme) for match in build.LINK.finditer(table)}
    assert linked == set(NOTEBOOKS)


CHILD = """
import importlib, json, sys
from pathlib import Path
seen = set()
for path in sys.argv[1:]:
    source = "".join(json.loads(Path(path).read_text(encoding="utf-8"))["cells"][0]["source"])
    space = {}
    exec(compile(source, path, "exec"), space)
    if frozenset(space["FILES"].items()) in seen:
        continue  # the same modules as in an earlier copy
    seen.add(frozenset(space["FILES"].items()))
    import helpers
    folder = Path(sys.path[0])
    for place in space["FILES"]:
        if place.endswith(".py"):
            name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            module = importlib.import_module(name)
            assert Path(module.__file__).is_relative_to(folder), (name, module.__file__)
    assert not Path(helpers.__file__).is_relative_to(ROOT), helpers.__file__
"""


def test_every_folded_cell_brings_all_that_its_modules_import(tmp_path):
    copies = [ROOT / "colab" / f"{name}.ipynb" for name in NOTEBOOKS]
    code = f"ROOT = {str(ROOT)!r}\n{CHILD}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *copies], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_one_copy_runs_alone_to_its_end(tmp_path):
    """The others differ from their notebook in the folded cell only; `make test-colab` runs them all."""
    alone = shutil.copy(ROOT / "colab" / f"{COPY}.ipynb", tmp_path)
    environment = {key: value for key, value in os.environ.items() if key not in ("COURSE_DATA", "PYTHONPATH")}
    done = run.run_notebook(alone, profile="ci", out=tmp_path / "out", environment=environment, timeout=120, quiet=True)
    assert done.failure is None, run.strip_ansi(done.failure)


# A small workbook

PROJECT = """[project]
dependencies = ["numpy>=2", "scikit-learn>=1", "pooch>=1", "opencv-python-headless>4"]
"""


@pytest.fixture
def book(tmp_path):
    """A repository with two modules, a package, data and one notebook."""
    files = {
        "pyproject.toml": PROJECT,
        "README.md": "# x\n<!-- badges -->\n| one | [Colab copy](colab/1_1_one.ipynb) |\n<!-- /badges -->\n",
        "helpers/__init__.py": "",
        "helpers/low.py": "import numpy\nTABLE = 'table.json'\ndef get():\n    import pooch, tensorflow\n",
        "helpers/high.py": "from helpers import low\nDATA = 'registry.tsv'\n",
        "helpers/other.py": "import cv2\n",
        "helpers/pack/__init__.py": "from .leaf import value\n",
        "helpers/pack/leaf.py": "from .. import low as base\nvalue = 1\n",
        "helpers/table.json": '{"a": "\\\\n"}\n',
        "helpers/unused.json": "{}\n",
        "data/registry.tsv": "name\turl\n",
    }
    for place, text in files.items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "colab").mkdir()
    write_notebook(tmp_path / "notebooks" / "1_first" / "1_1_one.ipynb", "from helpers import high\nhigh.low.TABLE")
    return tmp_path


def write_notebook(path, *sources):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [nbformat.v4.new_markdown_cell("# One\n\nA promise.\n\n*Colab: later*")]
    cells += [
        nbformat.v4.new_code_cell(source, outputs=[nbformat.v4.new_output("stream", text="x")]) for source in sources
    ]
    for index, cell in enumerate(cells):
        cell.id = f"c{index}"
    path.write_text(build.dump(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")


def write(files):
    for path, _ in build.differences(files):
        path.unlink() if files[path] is None else path.write_text(files[path], encoding="utf-8")


def names(root, code):
    return [path.relative_to(root / "helpers").as_posix() for path in build.closure(root, code)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os", []),
        ("from helpers import low", ["__init__.py", "low.py"]),
        ("import helpers.high as h", ["__init__.py", "high.py", "low.py"]),
        ("from helpers.pack import value", ["__init__.py", "low.py", "pack/__init__.py", "pack/leaf.py"]),
        ("def f():\n    from helpers.low import *", ["__init__.py", "low.py"]),
    ],
)
def test_closure(book, code, expected):
    assert names(book, code) == expected


def test_an_import_that_helpers_lacks_is_an_error(book):
    with pytest.raises(ModuleNotFoundError, match=r"helpers\.absent"):
        build.closure(book, "from helpers import absent")


def test_data_travels_with_the_module_that_names_it(book):
    assert list(build.data_files(book, [book / "helpers/low.py"])) == ["helpers/table.json"]
    assert list(build.data_files(book, [book / "helpers/high.py"])) == ["helpers/data/registry.tsv"]


def test_requirements_are_what_runs_at_import_and_what_functions_use(book):
    needed, optional = build.requirements(
        book, "import sklearn.svm\nimport os\nimport IPython", [book / "helpers/low.py"]
    )
    assert needed == {"numpy": "numpy>=2", "sklearn": "scikit-learn>=1"}
    assert optional == {"pooch": "pooch>=1"}  # tensorflow inside a function is a choice of backend
    assert build.requirements(book, "import cv2", [])[0] == {"cv2": "opencv-python-headless>4"}


def test_an_import_without_a_dependency_is_an_error(book):
    with pytest.raises(ValueError, match="brings the import 'pandas'"):
        build.requirements(book, "import pandas", [])
    write_notebook(book / "notebooks" / "1_2_two.ipynb", "import pandas")
    with pytest.raises(ValueError, match=r"notebooks/1_2_two\.ipynb: .*pandas"):
        build.generate(book)


@pytest.mark.parametrize(
    "cell", ["%matplotlib inline\nimport os", "%%time\nif 1:\n    !ls\n    import os", "import os"]
)
def test_magics_do_not_hide_imports(cell):
    assert ("os", True) in build.imports(build.python(cell))


@pytest.mark.parametrize(
    "text",
    [
        "plain\n",
        "",
        'a = """x"""\n',
        "a = '''x'''\n",
        "a = r'''x''' + \"\"\"y\"\"\"",
        "ends with a quote'",
        "ends with a backslash\\",
        "mixed ''' and \"\"\" and \\ and \\n\n",
        "carriage\r\nreturn\x0cfeed\u2028\n",
        '{"json": "\\u00e9\\"\\\\"}\n',
        "×é→\t\n",
    ],
)
def test_a_literal_gives_back_its_text(text):
    assert eval(build.literal(text)) == text


def test_the_copy_is_the_notebook_after_a_folded_cell(book):
    write(build.generate(book))
    text = (book / "colab" / "1_1_one.ipynb").read_text(encoding="utf-8")
    copy = json.loads(text)
    nbformat.validate(copy)
    original = json.loads((book / "notebooks" / "1_first" / "1_1_one.ipynb").read_text(encoding="utf-8"))
    folded, *rest = copy["cells"]
    assert "".join(folded["source"]).startswith("#@title Set-up: run this cell first\n")
    assert folded["metadata"] == {"cellView": "form", "jupyter": {"source_hidden": True}}
    assert [("".join(c["source"]), c["id"]) for c in rest] == [
        ("".join(c["source"]), c["id"]) for c in original["cells"]
    ]
    assert all(cell.get("outputs", []) == [] for cell in copy["cells"])
    assert copy["metadata"]["accelerator"] == "TPU"
    assert copy["metadata"]["colab"] == {"gpuType": "V5E1", "provenance": []}
    assert build.generate(book)[book / "colab" / "1_1_one.ipynb"] == text
    assert build.differences(build.generate(book)) == []


def test_the_folded_cell_unpacks_what_was_packed(book, monkeypatch, capsys):
    (book / "helpers/low.py").write_text('TABLE = "table.json"\nA = """\\n\'\'\'"""\n', encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    pictures = book / "helpers/pictures"
    pictures.mkdir()
    for name, content in (("__init__.py", b""), ("one.jpg", bytes(range(256))), ("credits.tsv", b"file\twhose\n")):
        (pictures / name).write_bytes(content)
    exec(build.setup_cell(book, "from helpers import high, pictures"), {})
    folder = Path(sys.path[0])
    assert str(folder) in capsys.readouterr().out
    beside = ("pictures/one.jpg", "pictures/credits.tsv")
    assert "pictures" not in build.setup_cell(book, "from helpers import high")
    for place in ("low.py", "high.py", "table.json", "data/registry.tsv", *beside):
        source = book / ("" if place == "data/registry.tsv" else "helpers") / place
        assert (folder / "helpers" / place).read_bytes() == source.read_bytes()
    shutil.rmtree(folder)


def test_the_address_turns_lines_into_badges_and_back(book):
    notebook, copy = book / "notebooks/1_first/1_1_one.ipynb", book / "colab/1_1_one.ipynb"
    plain = (book / "pyproject.toml").read_text(encoding="utf-8")
    write(build.generate(book))
    files = {path: path.read_text(encoding="utf-8") for path in (notebook, copy, book / "README.md")}
    upload = (
        "*Colab: open [colab.research.google.com](https://colab.research.google.com), choose File, Upload notebook, "
        "and pick `colab/1_1_one.ipynb` from your copy of this repository.*"
    )
    assert upload in files[notebook] and upload in files[copy]

    urls = '[project.urls]\nRepository = "https://github.com/some/book.git"\n'
    (book / "pyproject.toml").write_text(plain + urls, encoding="utf-8")
    write(build.generate(book))
    target = "(https://colab.research.google.com/github/some/book/blob/main/colab/1_1_one.ipynb)"
    badge = f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]{target}"
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert badge in text and "Colab:" not in text and "Colab copy" not in text
    assert build.differences(build.generate(book)) == []

    (book / "pyproject.toml").write_text(plain, encoding="utf-8")
    write(build.generate(book))
    assert {path: path.read_text(encoding="utf-8") for path in files} == files


@pytest.mark.parametrize(("url", "expected"), [("", None), ("https://gitlab.com/a/b", None)])
def test_only_github_addresses_make_badges(book, url, expected):
    with (book / "pyproject.toml").open("a") as file:
        file.write(f'[project.urls]\nRepository = "{url}"\n')
    assert build.address(book) is expected


def test_a_wrong_address_is_an_error(book):
    with (book / "pyproject.toml").open("a") as file:
        file.write('[project.urls]\nRepository = "https://github.com/alone"\n')
    with pytest.raises(ValueError, match=r"github\.com/alone"):
        build.address(book)


def test_a_title_cell_needs_exactly_one_colab_line():
    notebook = {"cells": [{"source": "# Title\n\nNo line."}]}
    with pytest.raises(ValueError, match=r"some\.ipynb.*0 such lines"):
        build.with_badge(notebook, "some", None)


def test_two_notebooks_of_one_name_are_an_error(book):
    write_notebook(book / "notebooks" / "2_second" / "1_1_one.ipynb")
    with pytest.raises(ValueError, match="share the name 1_1_one"):
        build.notebooks(book)


def test_check_lists_what_is_stale_and_build_repairs_it(book, monkeypatch, capsys):
    monkeypatch.setattr(build, "ROOT", book)
    monkeypatch.setattr(build, "generate", lambda: generate(book))
    generate = load(ROOT / "colab" / "build.py").generate
    (book / "colab" / "gone.ipynb").write_text("{}", encoding="utf-8")
    assert build.main(["--check"]) == 1
    listed = capsys.readouterr().out
    assert "surplus: colab/gone.ipynb" in listed and "missing: colab/1_1_one.ipynb" in listed
    assert "differs: notebooks/1_first/1_1_one.ipynb" in listed
    assert not (book / "colab" / "1_1_one.ipynb").exists()
    assert build.main([]) == 0
    assert not (book / "colab" / "gone.ipynb").exists()
    assert build.main(["--check"]) == 0


# The code of the folded cell


def hide(monkeypatch, *hidden):
    find = importlib.util.find_spec
    monkeypatch.setattr(setup_cell.importlib.util, "find_spec", lambda name: None if name in hidden else find(name))


def pip(monkeypatch, returncode, stderr=""):
    """Put a pip in place that only notes its arguments."""
    calls = []

    def note(command, **_):
        calls.append(command)
        return subprocess.CompletedProcess(command, returncode, "", stderr)

    monkeypatch.setattr(setup_cell.subprocess, "run", note)
    return calls


def test_only_what_is_missing_is_installed(monkeypatch):
    hide(monkeypatch, "cv2", "pooch", "requests")
    calls = pip(monkeypatch, 0)
    setup_cell.install(
        {"numpy": "numpy>=2", "cv2": "opencv-python-headless", "pooch": "pooch>=1", "requests": "pooch>=1"}
    )
    assert [command[-2:] for command in calls] == [["opencv-python-headless", "pooch>=1"]]
    setup_cell.install({"numpy": "numpy>=2"})
    assert len(calls) == 1


def test_an_install_without_network_says_so(monkeypatch, capsys):
    hide(monkeypatch, "pooch")
    pip(monkeypatch, 1, "NewConnectionError(...)\nERROR: No matching distribution found for pooch\n")
    with pytest.raises(ImportError, match=r"lacks pooch>=1, which could not be installed: there is no network\."):
        setup_cell.install({"pooch": "pooch>=1"})
    setup_cell.install({"pooch": "pooch>=1"}, needed=False)
    assert "there is no network. The notebook goes on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "device", "hidden", "expected"),
    [
        ({}, None, (), None),
        ({"COLAB_TPU_ADDR": "10.0.0.2:8470"}, None, (), "jax"),
        ({"TPU_NAME": ""}, None, (), None),
        ({}, "accel0", (), "jax"),
        ({}, "vfio/0", (), "jax"),
        ({}, "vfio/vfio", (), None),
        ({}, None, ("tensorflow",), "jax"),
        ({"KERAS_BACKEND": "torch", "TPU_WORKER_ID": "0"}, "accel0", ("tensorflow",), "torch"),
    ],
)
def test_the_backend_is_jax_on_a_tpu_or_without_tensorflow(
    tmp_path, monkeypatch, environment, device, hidden, expected
):
    hide(monkeypatch, *hidden)
    if device:
        (tmp_path / device).parent.mkdir(exist_ok=True)
        (tmp_path / device).touch()
    environment = dict(environment)
    setup_cell.choose_backend(environment, tmp_path)
    assert environment.get("KERAS_BACKEND") == expected


# The runner for Colab's versions


def test_a_colab_run_sees_nothing_of_the_developers_settings(monkeypatch):
    for name in ("COURSE_DATA", "COURSE_RECORD", "PYTHONPATH", "KERAS_BACKEND"):
        monkeypatch.setenv(name, "x")
    assert not {
        name for name in run_colab.clean_environment(None) if name.startswith(("COURSE_", "PYTHONPATH", "KERAS"))
    }
    assert run_colab.clean_environment("jax")["KERAS_BACKEND"] == "jax"


def test_an_environment_is_built_once_and_again_when_its_requirements_change(tmp_path, monkeypatch):
    calls = []

    def note(command, **_):
        calls.append([str(part) for part in command])
        (tmp_path / ".venv-colab").mkdir(exist_ok=True)

    for name in run_colab.REQUIREMENTS.values():
        (tmp_path / "colab" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "colab" / name).write_text("keras==1\n")
    monkeypatch.setattr(run_colab, "ROOT", tmp_path)
    monkeypatch.setattr(run_colab, "find_python", lambda: "python")
    monkeypatch.setattr(run_colab.subprocess, "run", note)
    run_colab.ensure_environment(".venv-colab")
    run_colab.ensure_environment(".venv-colab")
    assert ["-m venv" in " ".join(call) for call in calls] == [True, False]
    (tmp_path / "colab" / "requirements-colab-tpu.txt").write_text("keras==2\n")
    run_colab.ensure_environment(".venv-colab")
    assert len(calls) == 4


def test_an_unknown_copy_is_said_so(tmp_path, capsys):
    assert run_colab.main(["absent", "--folder", str(tmp_path)]) == 2
    assert "absent" in capsys.readouterr().err
