"""The profile switch, random seeds and the folders of the workbook.

`COURSE_PROFILE` chooses how much work a notebook does: `ci` (no network, reduced data), `laptop` (the default:
minutes on two CPU cores) or `full` (the published set-up). A profile changes numbers only, never the code that runs.
"""

import os
from pathlib import Path
from types import SimpleNamespace

PROFILES = ("ci", "laptop", "full")
BROKEN = ("untrained", "shuffled labels", "shuffled pixels")


def name() -> str:
    """Return the profile in force: `"ci"`, `"laptop"` or `"full"`.

    Raises:
        ValueError: `COURSE_PROFILE` holds something else.
    """
    profile = os.environ.get("COURSE_PROFILE") or "laptop"
    if profile not in PROFILES:
        raise ValueError(f"COURSE_PROFILE must be one of {', '.join(PROFILES)}. Received: COURSE_PROFILE={profile!r}")
    return profile


def pick(*, ci: dict, laptop: dict, full: dict) -> SimpleNamespace:
    """Choose the numbers of a notebook by profile and print which were chosen.

    Args:
        ci, laptop, full: the numbers for each profile; all three have the same keys.

    Returns:
        A namespace with one attribute a key: `run.epochs`.

    Raises:
        ValueError: the keys differ, or `COURSE_PROFILE` is not a profile.

    Example:
        >>> run = pick(ci=dict(epochs=2), laptop=dict(epochs=5), full=dict(epochs=20))
    """
    choices = {"ci": ci, "laptop": laptop, "full": full}
    for profile, numbers in choices.items():
        if numbers.keys() != ci.keys():
            raise ValueError(
                f"every profile needs the same keys as ci: {sorted(ci)}. Received: {profile}={sorted(numbers)}"
            )
    chosen = choices[name()]
    print(f"profile {name()}: " + ", ".join(f"{key}={value}" for key, value in chosen.items()))
    return SimpleNamespace(**chosen)


def broken() -> str | None:
    """Return which mistake `COURSE_BROKEN` asks for, or None: `make bands BROKEN=...` measures what bands exclude.

    The mistakes are made where data and training pass through, so that no notebook knows of them: `"untrained"` puts
    the first weights back after `fit`; `"shuffled labels"` and `"shuffled pixels"` spoil the training data that
    `data.load` and `images.pipelines.batches` hand out.

    Raises:
        ValueError: `COURSE_BROKEN` holds something else.
    """
    mistake = os.environ.get("COURSE_BROKEN") or None
    if mistake not in (None, *BROKEN):
        raise ValueError(f"COURSE_BROKEN must be one of {', '.join(BROKEN)}. Received: COURSE_BROKEN={mistake!r}")
    return mistake


def seed(value: int = 0) -> int:
    """Seed Python, NumPy and the Keras backend, and return the seed.

    Args:
        value: a whole number from 0 to 2**32 - 1. `COURSE_SEED`, where it is set, is added: `make bands` runs a
            notebook with the seeds 0 to 4.
    """
    import keras  # here: a program that only looks for data need not load a backend

    value += int(os.environ.get("COURSE_SEED") or 0)
    keras.utils.set_random_seed(value)
    return value


def repository() -> Path | None:
    """Return the root of the clone that `helpers` runs from, or None outside one (a Colab copy, an installed wheel)."""
    root = Path(__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None


def course_data() -> Path | None:
    """Return the folder named by `COURSE_DATA` (a teacher's offline pack), or None where it is not set.

    A relative name counts from the current folder, else from the root of the clone: a notebook's current folder is its
    own, while the variable is set where `make` runs.

    Raises:
        FileNotFoundError: `COURSE_DATA` names something that is not a folder.
    """
    value = os.environ.get("COURSE_DATA")
    if not value:
        return None
    folders = [(base / Path(value).expanduser()).resolve() for base in (Path.cwd(), repository() or Path.cwd())]
    for folder in folders:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"COURSE_DATA must name a folder. Received: COURSE_DATA={value!r} ({folders[-1]})")


def cache() -> Path:
    """Return the folder for downloads: `data/cache` in a clone, `~/.cache/deep-vision-workbook` elsewhere."""
    root = repository()
    return root / "data" / "cache" if root else Path.home() / ".cache" / "deep-vision-workbook"


def output(notebook: str) -> Path:
    """Return the folder for what a notebook writes (histories, checkpoints), made if it is missing.

    Args:
        notebook: a notebook's name without its ending, as in `"1_1_first_classifier"`.

    Returns:
        `build/<notebook>` under the clone, or under the current folder where there is no clone.
    """
    folder = (repository() or Path.cwd()) / "build" / notebook
    folder.mkdir(parents=True, exist_ok=True)
    return folder
