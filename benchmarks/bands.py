"""Measure the bands: run one notebook with the seeds 0 to 4 and put what it reports into `helpers/bands.json`.

    python benchmarks/bands.py notebooks/1_foundations/1_1_first_classifier.ipynb --profile ci
    python benchmarks/bands.py notebooks/1_foundations/1_1_first_classifier.ipynb --broken untrained

The five values of every reported figure replace those of this profile; unless all five runs end well nothing changes.
With `--broken` a mistake is made on purpose (`profiles.broken`) with three seeds, cells that now fail are passed over,
and the values go beside the seeds': they are what the band must not hold.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from helpers import profiles

ROOT = Path(__file__).resolve().parents[1]
BANDS = ROOT / "helpers" / "bands.json"
SEEDS, BROKEN_SEEDS = range(5), range(3)


def measure(notebook: Path, profile: str, broken: str | None = None) -> list[dict]:
    """Run the notebook once a seed and return the entries that `results.report` recorded."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.jsonl"
        for seed in BROKEN_SEEDS if broken else SEEDS:
            environment = os.environ | {"COURSE_SEED": str(seed), "COURSE_RECORD": str(record)}
            environment["COURSE_BROKEN"] = broken or ""
            command = [sys.executable, str(ROOT / "tests/notebooks/run.py"), str(notebook), "--profile", profile]
            command += ["--out", folder, "--quiet", *(["--keep-going"] if broken else [])]
            subprocess.run(command, check=True, env=environment)
        if not record.is_file():
            raise SystemExit(f"{notebook} recorded nothing: does it report, and is the real data there (COURSE_DATA)?")
        return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]


def merge(bands: dict, entries: list[dict], profile: str, broken: str | None = None) -> dict:
    """Return the bands with the measured values of this profile in place; other figures and profiles stay."""
    seeds = BROKEN_SEEDS if broken else SEEDS
    values = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry["seed"]):
        for figure, value in entry["figures"].items():
            values[entry["result"], figure].append(value)
    for (result, figure), measured in values.items():
        if len(measured) != len(seeds):
            raise SystemExit(f"{result} {figure}: {len(measured)} values from {len(seeds)} runs")
        entry = bands.setdefault(result, {}).setdefault(figure, {})
        if broken:
            entry.setdefault("broken", {}).setdefault(profile, {})[broken] = measured
        else:
            entry[profile] = measured
        print(result, figure, profile, broken or "", measured)
    return bands


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--profile", choices=("ci", "laptop", "full"), default="ci")
    parser.add_argument("--broken", choices=profiles.BROKEN, help="measure this mistake instead")
    chosen = parser.parse_args()
    entries = measure(chosen.notebook, chosen.profile, chosen.broken)
    write(merge(json.loads(BANDS.read_text(encoding="utf-8")), entries, chosen.profile, chosen.broken))


def write(bands: dict) -> None:
    """Replace `bands.json`, one line a profile so that a change shows as one line in the history."""
    lines = re.sub(r"\[[^][{}]*\]", lambda part: " ".join(part[0].split()), json.dumps(bands, indent=1))
    lines = lines.replace("[ ", "[").replace(" ]", "]")
    temporary = BANDS.with_suffix(".part")
    temporary.write_text(lines + "\n", encoding="utf-8")
    temporary.replace(BANDS)


if __name__ == "__main__":
    main()
