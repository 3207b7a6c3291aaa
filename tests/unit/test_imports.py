"""A helper module imports from lower levels only, and stays short enough to read."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HELPERS = ROOT / "helpers"
LEVELS = {
    "profiles": 0,
    "metrics": 0,
    "generative": 0,
    "synthetic": 0,
    "scenery": 0,
    "animals": 0,
    "flowers": 0,
    "objects": 0,
    "object_shapes": 0,
    "results": 1,
    "plots": 1,
    "downloads": 1,
    "cifar10": 1,
    "layer_table": 1,
    "datasets": 1,
    "folders": 1,
    "accelerator": 1,
    "models": 1,
    "losses": 1,
    "gradient_penalty": 1,
    "weights": 1,
    "checkpoints": 1,
    "files": 0,
    "preprocessing": 1,
    "hdf5_io": 1,
    "tfrecord_io": 1,
    "pipelines": 2,
    "build_dataset": 2,
    "tiny_imagenet": 2,
    "array_batches": 2,
    "training": 2,
    "adversarial": 2,
    "judge": 2,
    "exercises": 2,
}
# Imports inside one level that the design allows: (importing, imported).
ALLOWED = {
    ("animals", "scenery"),
    ("flowers", "scenery"),
    ("datasets", "downloads"),
    ("folders", "downloads"),
    ("objects", "scenery"),
    ("object_shapes", "scenery"),
    ("objects", "object_shapes"),
    ("cifar10", "downloads"),
    ("datasets", "cifar10"),
    ("tiny_imagenet", "build_dataset"),
    ("weights", "downloads"),
    ("array_batches", "pipelines"),
    ("models", "losses"),
    ("models", "weights"),  # inside the function that loads them
}
FILES = sorted(HELPERS.rglob("*.py"))


def module(path: Path) -> str:
    return path.relative_to(HELPERS).parts[0].removesuffix(".py")


def imported_helpers(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "helpers":
            names = node.module.split(".")[1:2] or [alias.name for alias in node.names]
            yield from ((name, node.lineno) for name in names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("helpers."):
                    yield alias.name.split(".")[1], node.lineno


def violations(source: str, name: str, where: str) -> list[str]:
    found = []
    for other, line in imported_helpers(ast.parse(source)):
        if other != name and (name, other) not in ALLOWED and LEVELS[other] >= LEVELS[name]:
            found.append(f"{where}:{line}: {name} (level {LEVELS[name]}) imports {other} (level {LEVELS[other]})")
    return found


def test_every_module_has_a_level():
    assert {module(path) for path in FILES} - {"__init__"} == LEVELS.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_imports_go_down(path):
    name = module(path)
    if name != "__init__":
        assert not violations(path.read_text(encoding="utf-8"), name, str(path.relative_to(ROOT)))


def test_an_import_upwards_is_named_with_its_line():
    assert violations("import numpy\nfrom helpers import training\n", "plots", "plots.py") == [
        "plots.py:2: plots (level 1) imports training (level 2)"
    ]


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
