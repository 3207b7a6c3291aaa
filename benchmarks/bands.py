"""Measure the bands: run one notebook with the seeds 0 to 4 and put what it reports into `helpers/bands.json`.

    python benchmarks/bands.py notebooks/1_foundations/1_1_first_classifier.ipynb --profile ci

The five values of every reported figure replace those of this profile; unless all five runs end well nothing changes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BANDS = ROOT / "helpers" / "bands.json"
SEEDS = range(5)


def measure(notebook: Path, profile: str) -> list[dict]:
    """Run the notebook once a seed and return the entries that `results.report` recorded."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.jsonl"
        for seed in SEEDS:
            environment = os.environ | {"COURSE_SEED": str(seed), "COURSE_RECORD": str(record)}
            command = [sys.executable, str(ROOT / "tests/notebooks/run.py"), str(notebook)]
            subprocess.run([*command, "--profile", profile, "--out", folder, "--quiet"], check=True, env=environment)
        if not record.is_file():
            raise SystemExit(f"{notebook} recorded nothing: does it report, and is the real data there (COURSE_DATA)?")
        return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]


def merge(bands: dict, entries: list[dict], profile: str) -> dict:
    """Return the bands with the measured values of this profile in place; other figures and profiles stay."""
    values = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry["seed"]):
        for figure, value in entry["figures"].items():
            values[entry["result"], figure].append(value)
    for (result, figure), measured in values.items():
        if len(measured) != len(SEEDS):
            raise SystemExit(f"{result} {figure}: {len(measured)} values from {len(SEEDS)} runs")
        bands.setdefault(result, {}).setdefault(figure, {})[profile] = measured
        print(result, figure, profile, measured)
    return bands


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--profile", choices=("ci", "laptop", "full"), default="ci")
    chosen = parser.parse_args()
    entries = measure(chosen.notebook, chosen.profile)
    write(merge(json.loads(BANDS.read_text(encoding="utf-8")), entries, chosen.profile))


def write(bands: dict) -> None:
    """Replace `bands.json`, one line a profile so that a change shows as one line in the history."""
    lines = json.dumps(bands, indent=1)
    for values in {tuple(e[p]) for figures in bands.values() for e in figures.values() for p in e if p != "published"}:
        spread = json.dumps(list(values), indent=1)
        for depth in range(1, 5):
            lines = lines.replace(spread.replace("\n", "\n" + " " * depth), json.dumps(list(values)))
    temporary = BANDS.with_suffix(".part")
    temporary.write_text(lines + "\n", encoding="utf-8")
    temporary.replace(BANDS)


if __name__ == "__main__":
    main()
