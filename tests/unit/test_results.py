import json

import pytest

from helpers import results

KNOWN = {"net": {"accuracy": {"published": 0.985, "ci": [0.95, 0.96, 0.955], "laptop": [0.98, 0.981, 0.982]}}}


@pytest.fixture(autouse=True)
def bands(monkeypatch, tmp_path):
    path = tmp_path / "bands.json"
    path.write_text(json.dumps(KNOWN))
    monkeypatch.setattr(results, "BANDS", path)
    monkeypatch.setenv("COURSE_PROFILE", "ci")
    monkeypatch.delenv("COURSE_RECORD", raising=False)


def test_band_is_the_range_widened_by_itself():
    assert results.band([0.95, 0.97, 0.955], "ci") == pytest.approx((0.93, 0.99))
    assert results.band([0.95, 0.95, 0.95], "ci") == pytest.approx((0.94, 0.96))
    assert results.band([0.95, 0.95, 0.95], "full") == pytest.approx((0.949, 0.951))
    with pytest.raises(ValueError, match="three"):
        results.band([0.9, 0.95], "ci")


def test_inside_prints_band_and_published(capsys):
    results.report("net", accuracy=0.955)
    printed = capsys.readouterr().out
    assert "inside the band 0.94 to 0.97" in printed and "published 0.985" in printed


@pytest.mark.parametrize("value", [0.93, 0.98, float("nan")])
def test_outside_stops_in_ci(value):
    with pytest.raises(results.OutsideBand, match="OUTSIDE"):
        results.report("net", accuracy=value)


def test_outside_only_prints_elsewhere(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    results.report("net", accuracy=0.9)
    assert "OUTSIDE" in capsys.readouterr().out
    results.report("net", accuracy=0.9, stand_in=True)
    assert "does not apply" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_PROFILE", "full")
    results.report("net", accuracy=0.9)
    assert "no band" in capsys.readouterr().out


def test_unknown_names_are_errors():
    with pytest.raises(KeyError, match="net"):
        results.report("nett", accuracy=0.955)
    with pytest.raises(KeyError, match="accuracy"):
        results.report("net", acuracy=0.955)


def test_a_record_holds_what_is_needed_to_repeat_it(monkeypatch, tmp_path):
    path = tmp_path / "runs" / "record.jsonl"
    monkeypatch.setenv("COURSE_RECORD", str(path))
    monkeypatch.setenv("COURSE_SEED", "3")
    results.report("net", accuracy=0.5)  # collecting values for a band, so no error
    results.report("net", accuracy=0.955)
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["figures"] == {"accuracy": 0.5} and second["seed"] == 3
    assert {"profile", "minutes", "hardware", "software", "commit", "date"} <= first.keys()
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    results.report("net", accuracy=0.9, stand_in=True)
    assert len(path.read_text().splitlines()) == 2


def test_the_committed_bands_hold_five_seeds(monkeypatch):
    monkeypatch.undo()
    for name, figures in results.bands().items():
        for figure, entry in figures.items():
            for profile in {"ci", "laptop", "full"} & entry.keys():
                assert len(entry[profile]) >= 5, f"{name} {figure} {profile}"
                assert all(isinstance(value, (int, float)) for value in entry[profile])
