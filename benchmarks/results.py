"""Render the record of `full` and `laptop` runs (`results.jsonl`) as `results.md`.

`make notebook NB=... PROFILE=laptop RECORD=1` adds to the record what the notebook reports.
"""

import json
from pathlib import Path

from helpers import metrics, results

HERE = Path(__file__).resolve().parent

COLUMNS = [
    "result",
    "figure",
    "profile",
    "seed",
    "measured",
    "band",
    "published",
    "minutes",
    "hardware",
    "software",
    "commit",
    "date",
]


def table(entries: list[dict]) -> str:
    """Return the runs as a Markdown table, a line a figure: the newest of each, of a commit where there is one."""
    # A run of a tree with changes names no commit that can be had again: it stands only where there is no other
    entries = sorted(entries, key=lambda entry: not entry["commit"].endswith(("-dirty", "unknown")))
    newest = {(e["result"], figure, e["profile"], e["seed"]): e for e in entries for figure in e["figures"]}
    bands = results.bands()
    lines = [
        "# Recorded runs",
        "",
        "Made by `make results` from `results.jsonl`. Bands: the range of five seeds, widened by itself on both sides.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---" * len(COLUMNS) + "|",
    ]
    for (name, figure, profile, seed), e in sorted(newest.items()):
        known = bands.get(name, {}).get(figure, {})
        ends = results.band(known, profile) if profile in known else None
        band = f"{ends[0]:.4f} to {ends[1]:.4f}" if ends else "-"
        published = f"{known['published']:.4f}" if "published" in known else "-"
        figures = f"{e['figures'][figure]:.4f} | {band} | {published} | {e['minutes']:.1f}"
        lines.append(
            f"| {name} | {figure} | {profile} | {seed} | {figures} | {e['hardware']} | {e['software']} | "
            f"{e['commit']} | {e['date']} |"
        )
    lines += [
        "",
        "## Five seeds",
        "",
        "| result | figure | profile | median | lowest | highest |",
        "|---|---|---|---|---|---|",
    ]
    for name, figures in bands.items():
        for figure, known in figures.items():
            for profile in [key for key in ("laptop", "full") if key in known]:
                s = metrics.summarise(known[profile])
                lines.append(f"| {name} | {figure} | {profile} | {s.median:.4f} | {s.low:.4f} | {s.high:.4f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    record = HERE / "results.jsonl"
    lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
    (HERE / "results.md").write_text(table([json.loads(line) for line in lines]), encoding="utf-8")
    print(f"{len(lines)} recorded figures in {HERE / 'results.md'}")
