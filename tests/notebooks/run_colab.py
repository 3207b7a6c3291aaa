"""Run every Colab copy alone in an empty folder on the versions that Colab carries (`make test-colab`).

    python tests/notebooks/run_colab.py [NAME ...]

Builds two environments with Python 3.13 where they are missing or their requirements have changed: `.venv-colab`
(Colab's CPU and GPU machines) and `.venv-colab-tpu` (no TensorFlow, no OpenCV). Prints one line a run; exit code 1
where a run fails.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).with_name("run.py")
VERSION = "3.13"
# environment, KERAS_BACKEND (None: unset, the folded cell chooses), the backend that must come of it
RUNS = (
    (".venv-colab", "tensorflow", "tensorflow"),
    (".venv-colab", "jax", "jax"),
    (".venv-colab-tpu", None, "jax"),
)
REQUIREMENTS = {".venv-colab": "requirements-colab.txt", ".venv-colab-tpu": "requirements-colab-tpu.txt"}


def python_in(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def find_python() -> str:
    """Return an interpreter of Python 3.13: what `.ci/find_python` finds, or `PYTHON` names.

    Raises:
        FileNotFoundError: there is none.
    """
    finder = ["sh", ROOT / ".ci" / "find_python", VERSION]
    found = subprocess.run(finder, capture_output=True, text=True, check=False)
    if found.returncode:
        raise FileNotFoundError(found.stderr.strip())
    return found.stdout.strip()


def ensure_environment(name: str) -> Path:
    """Return the interpreter of an environment, which is built first unless it matches its requirements."""
    folder, listed = ROOT / name, ROOT / "colab" / REQUIREMENTS[name]
    stamp = folder / "requirements.sha256"
    content = "".join((ROOT / "colab" / file).read_text(encoding="utf-8") for file in sorted(REQUIREMENTS.values()))
    digest = hashlib.sha256(content.encode()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == digest):
        print(f"building {name} (Python {VERSION}, {listed.relative_to(ROOT)})", flush=True)
        subprocess.run([find_python(), "-m", "venv", "--clear", folder], check=True)
        pip = [python_in(folder), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "-r", listed]
        subprocess.run(pip, check=True)
        stamp.write_text(digest)
    return python_in(folder)


def clean_environment(backend: str | None) -> dict[str, str]:
    """Return this process's environment variables without what a Colab machine would not have."""
    hidden = ("COURSE_", "PYTHONPATH", "VIRTUAL_ENV", "KERAS_BACKEND")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return kept | ({"KERAS_BACKEND": backend} if backend else {})


def run_copy(copy: Path, python: Path, backend: str | None, expected: str) -> tuple[bool, str]:
    """Run one copy in a new folder in the `ci` profile; return whether it went well and what it printed.

    It went well when every cell ran under the expected backend. `helpers` can come from the copy only: neither
    environment has it installed.
    """
    with tempfile.TemporaryDirectory(prefix="colab_") as folder:
        alone = Path(folder) / copy.name
        shutil.copy(copy, alone)
        command = [
            python,
            RUNNER,
            alone,
            "--profile",
            "ci",
            "--out",
            Path(folder) / "out",
            "--timeout",
            "120",
            "--quiet",
        ]
        installed = Path(folder) / "installed"  # what the folded cell installs stays out of the environment
        installed.mkdir()
        extra = {"PIP_TARGET": str(installed), "PYTHONPATH": str(installed)}
        done = subprocess.run(
            command, cwd=folder, env=clean_environment(backend) | extra, capture_output=True, text=True, check=False
        )
        printed = done.stdout + done.stderr
        executed = Path(folder) / "out" / copy.name
        if done.returncode == 0 and f"KERAS_BACKEND is {expected}" not in executed.read_text(encoding="utf-8"):
            return False, f"the folded cell did not choose {expected}\n{printed}"
        return done.returncode == 0, printed


def runs(copies: list[Path]) -> Iterator[tuple[str, str, str, float, bool, str]]:
    """Yield for every copy and environment: its name, environment, backend, seconds, success, what it printed."""
    for name, backend, expected in RUNS:
        python = ensure_environment(name)
        for copy in copies:
            start = time.monotonic()
            ok, printed = run_copy(copy, python, backend, expected)
            label = expected if backend else f"{expected} (chosen)"
            yield copy.stem, name, label, time.monotonic() - start, ok, printed


def main(arguments: list[str] | None = None) -> int:
    """Run the copies named on the command line (all of them by default) and return the exit code."""
    parser = argparse.ArgumentParser(description="Run the Colab copies on the versions that Colab carries.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="names of copies, as in 1_1_first_classifier")
    parser.add_argument("--folder", type=Path, default=ROOT / "colab", help="where the copies are (colab)")
    chosen = parser.parse_args(arguments)
    copies = [copy for copy in sorted(chosen.folder.glob("*.ipynb")) if not chosen.names or copy.stem in chosen.names]
    unknown = sorted(set(chosen.names) - {copy.stem for copy in copies})
    if not copies or unknown:
        print(f"No copy of this name in {chosen.folder}: {', '.join(unknown) or '*'}", file=sys.stderr)
        return 2
    width = max(len(copy.stem) for copy in copies)
    print(f"{'notebook':{width}}  {'environment':15}  {'backend':13}  seconds  ok", flush=True)
    failed = 0
    for name, environment, backend, seconds, ok, printed in runs(copies):
        print(f"{name:{width}}  {environment:15}  {backend:13}  {seconds:7.1f}  {'yes' if ok else 'NO'}", flush=True)
        if not ok:
            failed += 1
            print(printed, flush=True)
    print(f"{failed} runs failed" if failed else "all runs passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
