"""A room of `helpers` imports from the rooms above it only, and its files stay short enough to read."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HELPERS = ROOT / "helpers"
# A room imports from the rooms above it in this table; a file of the ground from files of the ground above it.
GROUND = ("profiles", "files", "metrics", "losses", "plots", "results", "accelerator")
MAY_IMPORT = {
    "images": set(),
    "training": set(),
    "data": {"images"},
    "models": {"data"},  # weights, inside the function that loads them
    "generative": {"images", "training", "data", "models"},
    "transfer": {"images"},
    "exercises": set(),
}
FILES = sorted(HELPERS.rglob("*.py"))


def module(path: Path) -> str:
    """The dotted name of a file, without `helpers`: `"images.pipelines"`, `"images"` for the door of a room."""
    parts = path.relative_to(HELPERS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}


def imported_helpers(source: str, name: str, is_package: bool = False) -> Iterator[tuple[str, int]]:
    """Yield every module of `helpers` that a module imports, with the line; a name inside a module counts as it."""
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        found = []
        if isinstance(node, ast.ImportFrom):
            above = ["helpers", *package.split(".")][: len(package.split(".")) + 2 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        for full in found:
            if full.partition(".")[0] == "helpers":
                inside = full.removeprefix("helpers.")
                while inside and inside not in MODULES:
                    inside = inside.rpartition(".")[0]
                yield inside, node.lineno


def violations(source: str, name: str) -> list[str]:
    """Return the imports of a module that the table does not allow, each with its line."""
    found, room = [], name.partition(".")[0]
    for other, line in imported_helpers(source, name):
        there = other.partition(".")[0]
        if room in GROUND:
            allowed = there in GROUND[: GROUND.index(room)] or (there == room and "." in other)
        else:
            allowed = there in {room, *MAY_IMPORT[room], *GROUND}
        if not allowed:
            found.append(f"helpers.{name}, line {line}: the room {room} may not import helpers.{other}")
    return found


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Return a circle of modules that import each other, or an empty list."""
    sorter = graphlib.TopologicalSorter(graph)
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_every_module_has_a_room():
    assert {name.partition(".")[0] for name in MODULES} - {""} == {*GROUND, *MAY_IMPORT}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_imports_go_down(path):
    name = module(path)
    if name:
        assert not violations(path.read_text(encoding="utf-8"), name)


def test_no_two_modules_import_each_other():
    """A door (`__init__`) imports what lies in its room, so what lies there takes files by name: see the next test."""
    graph = {}
    for name, path in MODULES.items():
        others = {other for other, _ in imported_helpers(path.read_text(encoding="utf-8"), name)}
        graph[name] = others - {name}
    assert not circles(graph)


def test_an_import_upwards_is_named_with_its_line():
    assert violations("import numpy\nfrom helpers import training\n", "plots") == [
        "helpers.plots, line 2: the room plots may not import helpers.training"
    ]
    assert violations("def load():\n    from helpers.models.mlp import MLP\n", "data.weights") == [
        "helpers.data.weights, line 2: the room data may not import helpers.models.mlp"
    ]
    assert violations("from helpers.data import weights\n", "models.squeezenet") == []
    assert violations("from helpers import metrics\n", "profiles")  # upwards inside the ground


def test_a_circle_is_found():
    assert set(circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()})) == {"a", "b", "c"}
    assert circles({"a": {"b"}, "b": set()}) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_files_and_functions_are_short(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.body:
            documented = ast.get_docstring(node) is not None and len(node.body) > 1
            body = node.body[1 if documented else 0].lineno
            assert node.end_lineno - body < 40, f"{path.name}:{node.lineno} {node.name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_public_functions_have_docstrings_and_hints(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}:{node.lineno} {node.name} has no docstring"
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            bare = [a.arg for a in node.args.args + node.args.kwonlyargs if a.annotation is None]
            assert not bare and node.returns is not None, f"{path.name}:{node.lineno} {node.name}: no hints on {bare}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_nothing_heavy_or_missing_on_a_tpu_machine_at_module_level(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.split(".")[0] in ("tensorflow", "jax", "cv2")]
