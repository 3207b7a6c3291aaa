"""A measured figure beside the band it is expected in, and the record of runs.

`bands.json` holds, for every figure and profile, what five seeds measured, and beside them what broken versions score:
untrained, with shuffled labels. The band is the seeds' range, widened on each side by its own width and by at least
`SLACK`, but it ends before what is broken: an honest run falls in, a wrong one falls out.
"""

import datetime
import json
import math
import os
import platform
import subprocess
import time
from pathlib import Path

import keras

from helpers import profiles

BANDS = Path(__file__).with_name("bands.json")
SLACK = {"ci": 0.01, "laptop": 0.002, "full": 0.001}  # in ci one of the 360 test images is 0.003
_STARTED = time.monotonic()


class OutsideBand(AssertionError):
    """A figure lies outside the band of its profile."""


def bands() -> dict[str, dict]:
    """Return the content of `bands.json`: result, then figure, then `published` and the seeds' values by profile."""
    return json.loads(BANDS.read_text(encoding="utf-8"))


def band(entry: dict, profile: str) -> tuple[float, float]:
    """Return the ends of the band of one figure: the seeds' range, widened, as far as nothing broken is in it.

    Args:
        entry: one figure in `bands.json`: what the seeds of each profile measured, at least three; `"log": true` for a
            figure whose ratios count and not its differences, such as a distance; `"range"`, what is possible; and
            `"broken"`, what wrong versions scored, by profile and name.
        profile: which seeds; it also sets the least margin.

    Returns:
        Both ends belong to the band. Where a broken version scored worse than all seeds, the band ends half way.

    Raises:
        ValueError: fewer than three values, or a value of a `"log"` figure that is not positive.
    """
    values = entry[profile]
    if len(values) < 3 or (entry.get("log") and min(values) <= 0):
        raise ValueError(f"a band needs three seeds, above 0 on a logarithmic scale. Received: {values}")
    scale, back = (math.log, math.exp) if entry.get("log") else (float, float)
    low, high = scale(min(values)), scale(max(values))
    margin = max(high - low, SLACK[profile])
    ends = [low - margin, high + margin]
    for score in wrong_scores(entry, profile):
        if score < min(values):
            ends[0] = max(ends[0], (scale(score) + low) / 2 if score > 0 or scale is float else ends[0])
        elif score > max(values):
            ends[1] = min(ends[1], (scale(score) + high) / 2)
    least, most = entry.get("range", (-math.inf, math.inf))
    return max(back(ends[0]), least), min(back(ends[1]), most)


def wrong_scores(entry: dict, profile: str) -> list[float]:
    """Return what all broken versions of one figure in `bands.json` scored in a profile."""
    return [score for scores in entry.get("broken", {}).get(profile, {}).values() for score in scores]


def report(name: str, *, stand_in: bool = False, **figures: float) -> None:
    """Print figures beside their band and the published figure, and record them where `COURSE_RECORD` names a file.

    Args:
        name: a result in `bands.json`, such as `"mnist_mlp"`.
        stand_in: the data was a stand-in. Outside the `ci` profile no band applies then, and nothing is recorded.
        figures: the measured figures by name, such as `accuracy=0.984`.

    Raises:
        KeyError: `bands.json` does not know the result or the figure.
        OutsideBand: in the `ci` profile, a figure is outside its band (not while `COURSE_RECORD` collects values).
    """
    profile, known, outside = profiles.name(), bands(), []
    record = os.environ.get("COURSE_RECORD")
    if name not in known:
        raise KeyError(f"name must be a result in {BANDS.name}: {', '.join(known)}. Received: name={name!r}")
    for figure, value in figures.items():
        if figure not in known[name]:
            raise KeyError(f"{name} has the figures {', '.join(known[name])}. Received: {figure}={value}")
        text, inside = _judge(known[name][figure], float(value), profile, stand_in and profile != "ci")
        print(f"{name} {figure}: {text}")
        if not inside:
            outside.append(f"{name} {figure}: {text}")
    if record and not (stand_in and profile != "ci"):
        _record(Path(record), name, figures)
    elif outside and profile == "ci":
        raise OutsideBand("; ".join(outside))


def _judge(entry: dict, value: float, profile: str, no_band: bool) -> tuple[str, bool]:
    published = f"; published {entry['published']:.4g}" if "published" in entry else ""
    if no_band:
        return f"{value:.4g} (stand-in data: the band of the {profile} profile does not apply)", True
    if profile not in entry:
        return f"{value:.4g} (no band for the {profile} profile yet){published}", True
    low, high = band(entry, profile)
    inside = low <= value <= high
    verdict = "inside" if inside else "OUTSIDE"
    seeds = len(entry[profile])
    return f"{value:.4g}, {verdict} the band {low:.4g} to {high:.4g} ({profile}, {seeds} seeds){published}", inside


def _hardware() -> str:
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        cpu = models[0].split(":", 1)[1].strip() if models else cpu
    return f"{os.cpu_count()} x {cpu}"


def _commit() -> str:
    command = ["git", "-C", str(profiles.repository() or "."), "describe", "--always", "--abbrev=10"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _record(path: Path, name: str, figures: dict[str, float]) -> None:
    entry = {
        "result": name,
        "figures": {key: round(float(value), 5) for key, value in figures.items()},
        "profile": profiles.name(),
        "seed": int(os.environ.get("COURSE_SEED") or 0),
        "minutes": round((time.monotonic() - _STARTED) / 60, 2),
        "hardware": _hardware(),
        "software": f"Keras {keras.__version__} on {keras.backend.backend()}, Python {platform.python_version()}",
        "commit": _commit(),
        "date": datetime.date.today().isoformat(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
