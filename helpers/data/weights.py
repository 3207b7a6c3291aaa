"""Files of trained weights: found in an offline pack or the cache, or downloaded, and verified."""

from pathlib import Path

from helpers import profiles
from helpers.data.downloads import DataError, Unreachable, download, registry, verify

NAMES = ("squeezenet",)


def find(name: str) -> Path:
    """Return the path of a weights file that `data/registry.tsv` lists, after its size and SHA-256 are found right.

    Looks in the folder `COURSE_DATA`, then in the cache, then downloads, where the registry has an address and the
    profile is not `ci`.

    Args:
        name: `"squeezenet"`: version 1.1, trained on ImageNet, without its last convolution.

    Raises:
        ValueError: the name is not one of these.
        DataError: the file is not at hand (says where to put it), or it is not the one in the registry.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}. Received: name={name!r}")
    [(file, rows)] = registry(name).items()
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
