"""Run the tests that have no proof yet, and print what the notebooks cost: what `make test` calls.

    python tests/prove.py units                      every test file
    python tests/prove.py notebooks --shard 2/4      a quarter of the notebooks, each executed from top to bottom

A test file or a notebook that passed leaves a proof in `build/proofs/`. Its key is a hash of all that the result
depends on: the code (a notebook's cells, not its prose), the modules of `helpers` that it reaches, its entries in
`bands.json`, the registry, the lock, Python, and every environment variable that this code names. While the key stays
the same, it is not run again. `--fresh`, and `CI=true` in the environment, run everything. The file is also the pytest
plugin that
measures processor seconds, in which budgets are written: they do not depend on what else the machine does.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "colab"))
import build  # noqa: E402  (finds the modules that code reaches, for the Colab copies too)

PROOFS = ROOT / "build" / "proofs"
BUDGET = 40  # processor seconds of a notebook in ci, imports included; 30 for one that is new (design.md)
# What libraries read from the environment without our code naming it.
LIBRARIES = re.compile(r"(KERAS|TF|XLA|JAX|CUDA|OMP|MKL|OPENBLAS|HDF5|MPL)_?\w*")
# These read the whole tree, so nothing short of it could be their key. They are quick.
ALWAYS = ("tests/notebooks/", "tests/unit/exercises/", "tests/unit/test_imports.py", "tests/unit/test_lines.py")
# XLA's optimisations take most of the time in which small networks compile, and change nothing that is tested.
JAX = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
UNITS = ["--dist", "loadfile", "--durations", "8"]
# A plain `-n 2` would tear notebooks apart; without a limit for a cell a dead kernel hangs for 2,000 seconds.
NOTEBOOKS = ["-c", ".ci/nbval.ini", "--rootdir", ".", "--nbval-lax", "--nbval-current-env"]
NOTEBOOKS += ["--nbval-cell-timeout=120", "--dist", "loadscope"]
REPORTED = re.compile(r"""results\.report\(\s*(?:["'](\w+)["'])?""")


def key(path: Path, root: Path | None = None, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the hash of all that the outcome of a notebook or a test file depends on; None for one that always runs.

    Args:
        path: a notebook or a test file below `root`.
        root: of the repository.
        environment: the variables that the run will see; this process's own by default.
    """
    root, environment = root or ROOT, os.environ if environment is None else environment
    place = path.relative_to(root).as_posix()
    if place.startswith(ALWAYS):
        return None
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        cells = [cell for cell in cells if cell["cell_type"] == "code"]
        own = ["".join(cell["source"]) + json.dumps(cell["metadata"], sort_keys=True) for cell in cells]
        code = "\n".join(build.python("".join(cell["source"])) for cell in cells)
    else:
        above = [folder / "conftest.py" for folder in path.parents if folder.is_relative_to(root / "tests")]
        files = [path, *(file for file in [*above, root / "pyproject.toml"] if file.is_file())]  # pytest's settings
        own = [file.read_text(encoding="utf-8") for file in files]
        code = "\n".join(text for file, text in zip(files, own, strict=True) if file.suffix == ".py")
    named = "\n".join(f"import {name}" for name in re.findall(r"helpers(?:\.\w+)+", code) if _is_module(root, name))
    modules = build.closure(root, f"{code}\n{named}")
    data = build.data_files(root, modules)
    files = (*modules, *data.values())
    # Latin-1 has a character for every byte, so pictures count as well
    texts = {file.relative_to(root).as_posix(): file.read_text(encoding="latin-1") for file in files}
    if path.suffix == ".ipynb" and "helpers/bands.json" in texts:
        texts["helpers/bands.json"] = _bands(json.loads(texts["helpers/bands.json"]), code)
    ways = [root / "requirements.txt", root / ".ci" / "nbval.ini", Path(__file__)]
    texts |= {file.name: file.read_text(encoding="utf-8") for file in ways if file.is_file()}
    literals = set(re.findall(r"""["']([A-Z][A-Z0-9_]+)["']""", "\n".join([*own, *texts.values()])))
    seen = {name: environment[name] for name in environment if name in literals or LIBRARIES.fullmatch(name)}
    everything = [place, own, sorted(texts.items()), sorted(seen.items()), platform.python_version(), sys.platform]
    return hashlib.sha256(json.dumps(everything).encode()).hexdigest()


def _is_module(root: Path, name: str) -> bool:
    return build.module_file(root, name) is not None


def _bands(bands: dict, code: str) -> str:
    """Return the entries of `bands.json` that a notebook reports; all of them where a name is no plain text."""
    names = REPORTED.findall(code)
    return json.dumps(bands if "" in names else {name: bands.get(name) for name in sorted(set(names))})


def proof_file(path: Path) -> Path:
    """Return where the proof of a notebook or a test file lies; that of another backend lies beside it."""
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    return PROOFS / backend / (path.relative_to(ROOT).as_posix().replace("/", "-") + ".json")


def read_proof(path: Path) -> dict:
    """Return what the last passed run left, or an empty dict."""
    try:
        return json.loads(proof_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_proof(path: Path, content: dict) -> None:
    """Write a proof in one step."""
    file = proof_file(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(file)


def share(paths: list[Path], shard: str | None) -> list[Path]:
    """Return every n-th path from the k-th on, for `"k/n"`; all of them for None.

    Raises:
        ValueError: not of this form, or k is not from 1 to n.
    """
    if not shard:
        return paths
    match = re.fullmatch(r"(\d+)/(\d+)", shard)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"SHARD must be k/n with k from 1 to n, such as 2/4. Received: SHARD={shard!r}")
    return paths[int(match[1]) - 1 :: int(match[2])]


# The plugin: in each worker it measures, in the controlling process it collects


class Measure:
    """Add up what each notebook's kernel costs, and note which files failed."""

    def __init__(self):
        self.failed, self.ran, self.seconds, self.cells = set(), set(), {}, {}

    def pytest_runtest_logreport(self, report):
        place = report.nodeid.partition("::")[0]
        self.ran.add(place)
        if report.failed:
            self.failed.add(place)
        for name, value in report.user_properties if report.when == "teardown" else ():
            if name == "kernel_seconds":
                self.seconds[place] = value
            elif name == "cell_seconds":
                self.cells.setdefault(place, {})[report.nodeid.rpartition(" ")[2]] = value


def kernel_seconds(item) -> float | None:
    """Return the processor seconds, user and system, that the kernel of a notebook's cell has used so far."""
    kernel = getattr(item.parent, "kernel", None)
    try:
        times = psutil.Process(kernel.km.provisioner.pid).cpu_times() if kernel else None
    except (psutil.Error, AttributeError):  # no kernel, or it died
        return None
    return times and sum(times[:4])  # with those of children that have ended


def pytest_runtest_setup(item):
    item.stash_seconds = None


def pytest_runtest_call(item):
    item.stash_seconds = kernel_seconds(item)


def pytest_runtest_teardown(item):
    after = kernel_seconds(item)
    if after is not None:
        item.user_properties.append(("cell_seconds", round(after - (item.stash_seconds or 0), 2)))
        item.user_properties.append(("kernel_seconds", round(after, 2)))


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Measure(), "measure")


def pytest_sessionfinish(session, exitstatus):
    measure = session.config.pluginmanager.get_plugin("measure")
    if measure is not None and exitstatus in (0, 1):  # not interrupted
        passed = {
            place: [measure.seconds.get(place), measure.cells.get(place)] for place in measure.ran - measure.failed
        }
        Path(os.environ["PROVE_RESULTS"]).write_text(json.dumps(passed), encoding="utf-8")


# The command


def select(what: str, paths: list[Path], fresh: bool) -> tuple[list[Path], dict[str, str]]:
    """Return what has to run, and the key of each by its place in the repository."""
    keys = {path: key(path) for path in paths}
    todo = [path for path in paths if fresh or keys[path] is None or read_proof(path).get("key") != keys[path]]
    print(f"{what}: {len(todo)} to run, {len(paths) - len(todo)} proven before and unchanged", flush=True)
    return todo, {path.relative_to(ROOT).as_posix(): keys[path] for path in todo if keys[path]}


def run(todo: list[Path], keys: dict[str, str], options: list[str]) -> int:
    """Run pytest on these files, write the proofs of those that passed and did not change, return its exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "prove", "-n", str(min(2, len(todo))), *options]
    search = os.pathsep.join(filter(None, [str(Path(__file__).parent), str(ROOT), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "passed.json"
        environment = os.environ | {"PYTHONPATH": search, "PROVE_RESULTS": str(results)}
        status = subprocess.run([*command, *map(str, todo)], cwd=ROOT, env=environment, check=False).returncode
        passed = json.loads(results.read_text(encoding="utf-8")) if results.is_file() else {}
    for place, (seconds, cells) in passed.items():
        if place in keys and key(ROOT / place) == keys[place]:
            write_proof(ROOT / place, {"key": keys[place], "seconds": seconds, "cells": cells})
    return status


def table(notebooks: list[Path]) -> str:
    """Return the processor seconds of notebooks, largest first, with their costliest code cells (counted from 0)."""
    proofs = {path.stem: read_proof(path) for path in notebooks}
    rows = [(proof["seconds"], name, proof["cells"]) for name, proof in proofs.items() if proof.get("seconds")]
    lines = [f"{'processor seconds':36}{'all':>7}  costliest cells"]
    for seconds, name, cells in sorted(rows, reverse=True):
        most = sorted(cells.items(), key=lambda cell: -cell[1])[:3]
        over = f"  over the budget of {BUDGET}" if seconds > BUDGET else ""
        lines.append(f"{name:36}{seconds:7.1f}  " + ", ".join(f"{n}: {value:.1f}" for n, value in most) + over)
    return "\n".join([*lines, f"{f'{len(rows)} notebooks':36}{sum(row[0] for row in rows):7.1f}"])


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for and return pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("kind", choices=("units", "notebooks"))
    parser.add_argument("--fresh", action="store_true", help="run everything, proven or not")
    parser.add_argument("--shard", help="k/n: the k-th of n parts")
    parser.add_argument("paths", nargs="*", type=Path, help="these alone")
    chosen = parser.parse_intermixed_args(arguments)
    fresh = chosen.fresh or os.environ.get("CI", "").lower() in ("1", "true")
    if chosen.kind == "notebooks":
        found = [path.resolve() for path in chosen.paths] or list(build.notebooks(ROOT).values())
        passes = [("notebooks", share(found, chosen.shard), {}, NOTEBOOKS)]
    else:
        found = [path.resolve() for path in chosen.paths] or sorted((ROOT / "tests").rglob("test_*.py"))
        files = share(found, chosen.shard)
        both = [path for path in files if "mark.both_backends" in path.read_text(encoding="utf-8")]
        passes = [("test files", files, {}, UNITS), ("under JAX", both, JAX, [*UNITS, "-m", "both_backends"])]
    status = 0
    for what, paths, environment, options in passes:
        os.environ.update(environment)
        todo, keys = select(what, paths, fresh)
        status = (run(todo, keys, options) if todo else 0) or status
    if chosen.kind == "notebooks":
        print(table(found))
    return status


if __name__ == "__main__":
    sys.exit(main())
