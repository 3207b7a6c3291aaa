"""Run one notebook headlessly: an executed copy, an HTML page, and the failing cell where there is one.

    python tests/notebooks/run.py notebooks/1_foundations/1_1_first_classifier.ipynb --profile laptop

The kernel is the interpreter that runs this file, whatever kernels are installed by name. Exit code: 0 the notebook
ran, 1 a cell failed, 2 there is no such notebook.
"""

import argparse
import base64
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import nbformat
import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from nbconvert.filters import strip_ansi
from tqdm import tqdm

# The page holds its images and needs no network: scripts that nbconvert would load are left out, and MathJax, which
# only makes formulas prettier, loads without holding up the page.
PAGE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js_requirejs %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block html_head_js_mathjax %}{{ super() | replace('<script src', '<script async src') }}{% endblock %}
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run left behind.

    Attributes:
        seconds: from the start of the kernel to its end.
        peak: the most memory the kernel's process held, in MiB.
        notebook: the executed copy.
        page: the HTML page, or None where a cell failed.
        failure: the failing cell's number, section, source and traceback, or None.
    """

    seconds: float
    peak: float
    notebook: Path
    page: Path | None
    failure: str | None


def run_notebook(
    path: str | Path,
    *,
    profile: str = "laptop",
    out: str | Path = "build",
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
    png: bool = False,
    quiet: bool = False,
    keep_going: bool = False,
    twice: bool = False,
) -> Run:
    """Run a notebook in its own folder and write what came of it.

    Args:
        path: the notebook; it is not changed.
        profile: value of `COURSE_PROFILE` in the kernel.
        out: folder for `<name>.ipynb` and `<name>.html`, or `<name>.failed.ipynb` where a cell fails.
        environment: the kernel's environment variables; this process's own by default.
        timeout: seconds one cell may take; None for no limit.
        png: save every image output as `<name>_png/NN.png`.
        quiet: draw no progress bar.
        keep_going: a cell that fails does not end the run.
        twice: run each cell a second time before the next one, as a reader does who changes something in it.

    Raises:
        FileNotFoundError: there is no such notebook.
    """
    path, out = Path(path).resolve(), Path(out).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"path must name a notebook. Received: path={path}")
    out.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(path, as_version=4)
    environment = {
        **(os.environ if environment is None else environment),
        "COURSE_PROFILE": profile,
    }
    start = time.monotonic()
    failure, peak = _execute(notebook, path.parent, environment, timeout, quiet, keep_going, twice)
    seconds = time.monotonic() - start

    failed, final, page = out / f"{path.stem}.failed.ipynb", out / f"{path.stem}.ipynb", out / f"{path.stem}.html"
    if png:
        _save_images(notebook, out / f"{path.stem}_png")
    if failure:
        _write(failed, nbformat.writes(notebook))
        return Run(seconds, peak, failed, None, failure)
    _write(final, nbformat.writes(notebook))
    _write(page, _page(notebook, path.stem))
    failed.unlink(missing_ok=True)
    return Run(seconds, peak, final, page, None)


def _execute(
    notebook, folder: Path, environment: dict, timeout: float | None, quiet: bool, keep_going: bool, twice: bool
) -> tuple[str | None, float]:
    """Run the cells in place; return the failure (or None) and the kernel's peak memory in MiB."""
    native = KernelSpecManager(kernel_dirs=[])  # finds no installed kernel, so "python3" is this interpreter
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=native)
    client = NotebookClient(notebook, km=manager, timeout=timeout, store_widget_state=False, allow_errors=keep_going)
    cells = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    headings, peak = _headings(notebook), 0.0
    with (
        tempfile.TemporaryFile() as log,  # what libraries write past Python; the copy holds it too
        client.setup_kernel(cwd=str(folder), env=environment, stdout=log, stderr=log),
        tqdm(total=len(cells), unit="cell", disable=quiet, dynamic_ncols=True) as bar,
    ):
        for number, index in enumerate(cells, start=1):
            bar.set_description(f"cell {number}, {headings[index]}"[:48])
            cell = notebook.cells[index]
            try:
                for _ in range(2 if twice else 1):
                    client.execute_cell(cell, index)
            except CellExecutionError:
                error = next(output for output in cell.outputs if output.output_type == "error")
                return _failure(number, headings[index], cell.source, "\n".join(error.traceback)), peak
            except (CellTimeoutError, DeadKernelError) as error:
                log.seek(0)
                message = log.read().decode(errors="replace")[-2000:] + str(error)
                return _failure(number, headings[index], cell.source, message), peak
            peak = max(peak, _peak_memory(manager.provisioner.pid))
            bar.update()
    return None, peak


def _headings(notebook) -> list[str]:
    """Return for every cell the heading it stands under."""
    heading, headings = "start", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = [line.lstrip("#").strip() for line in cell.source.splitlines() if line.startswith("#")]
            heading = found[-1] if found else heading
        headings.append(heading)
    return headings


def _failure(number: int, heading: str, source: str, traceback: str) -> str:
    return f"Code cell {number} failed (section: {heading}).\n\n{source}\n\n{traceback.strip()}\n"


def _peak_memory(pid: int) -> float:
    """Return the peak of a process in MiB; on macOS, which keeps no peak, what it holds now."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        kib = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(kib[0]) / 1024 if kib else 0.0
    memory = psutil.Process(pid).memory_info()
    return getattr(memory, "peak_wset", memory.rss) / 2**20


def _page(notebook, title: str) -> str:
    for output in _outputs(notebook):
        if len(output.get("data", {})) > 1:
            output.data.pop(WIDGET, None)  # a widget needs scripts from the network; its text stays
    exporter = HTMLExporter(raw_template=PAGE, embed_images=True)
    return exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})[0]


def _outputs(notebook) -> list:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def _save_images(notebook, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    images = [output.data["image/png"] for output in _outputs(notebook) if "image/png" in output.get("data", {})]
    for number, image in enumerate(images, start=1):
        (folder / f"{number:02d}.png").write_bytes(base64.b64decode(image))


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def changes(record: Path) -> list[str]:
    """Return what differs from the last commit, a line a file; the record itself grows from run to run."""
    root = Path(__file__).resolve().parents[2]
    command = ["git", "-C", str(root), "status", "--porcelain", "--", ".", f":(exclude){record.resolve()}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def main(arguments: list[str] | None = None) -> int:
    """Run the notebook named on the command line and return the exit code."""
    parser = argparse.ArgumentParser(description="Run one notebook; write the executed copy and an HTML page.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--profile", choices=("ci", "laptop", "full"), default="laptop")
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder for the results (build)")
    parser.add_argument("--timeout", type=float, help="seconds one cell may take (no limit)")
    parser.add_argument("--png", action="store_true", help="save every image output as NN.png")
    parser.add_argument("--quiet", action="store_true", help="draw no progress bar")
    parser.add_argument(
        "--record", type=Path, help="the file that results.report adds to; wants a tree without changes"
    )
    parser.add_argument("--twice", action="store_true", help="run each cell twice in a row")
    parser.add_argument("--keep-going", action="store_true", help="a cell that fails does not end the run")
    chosen = parser.parse_args(arguments)
    if not chosen.notebook.is_file():
        known = sorted(
            str(path) for path in Path("notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
        )
        print(
            f"There is no notebook {str(chosen.notebook)!r}. The notebooks here:", *known, sep="\n  ", file=sys.stderr
        )
        return 2
    if chosen.record:
        if changed := changes(chosen.record):
            reason = "A record names the commit that ran: commit these changes first."
            print(reason, *changed, sep="\n  ", file=sys.stderr)
            return 2
        os.environ["COURSE_RECORD"] = str(chosen.record.resolve())
    options = {name: value for name, value in vars(chosen).items() if name not in ("notebook", "record")}
    run = run_notebook(chosen.notebook, **options)
    if run.failure:
        print(run.failure if sys.stdout.isatty() else strip_ansi(run.failure))
    print(
        f"{chosen.notebook.stem}, profile {chosen.profile}: {'FAILED after' if run.failure else 'ran in'} "
        f"{run.seconds / 60:.1f} minutes, peak memory {run.peak:,.0f} MiB"
    )
    print(*(path for path in (run.notebook, run.page) if path), sep="\n")
    return 1 if run.failure else 0


if __name__ == "__main__":
    sys.exit(main())
