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
    assert results.band({"ci": [0.95, 0.97, 0.955]}, "ci") == pytest.approx((0.93, 0.99))
    assert results.band({"ci": [0.95, 0.95, 0.95]}, "ci") == pytest.approx((0.94, 0.96))
    assert results.band({"full": [0.95, 0.95, 0.95]}, "full") == pytest.approx((0.949, 0.951))
    with pytest.raises(ValueError, match="three"):
        results.band({"ci": [0.9, 0.95]}, "ci")


def test_band_stays_inside_what_is_possible():
    assert results.band({"ci": [0.95, 0.99, 0.97], "range": [0, 1]}, "ci") == pytest.approx((0.91, 1))


def test_band_of_a_distance_is_widened_by_a_factor():
    entry = {"ci": [20, 40, 30], "log": True}
    assert results.band(entry, "ci") == pytest.approx((10, 80))
    assert results.band(entry | {"broken": {"ci": {"noise": [160, 62.5]}}}, "ci") == pytest.approx((10, 50))
    with pytest.raises(ValueError, match="above 0"):
        results.band({"ci": [20, 0, 30], "log": True}, "ci")


def test_band_ends_before_what_is_broken():
    broken = {"ci": {"untrained": [0.1, 0.6], "shuffled labels": [0.3]}, "laptop": {"untrained": [0.69]}}
    entry = {"ci": [0.7, 0.9, 0.8], "broken": broken}
    assert results.band(entry, "ci") == pytest.approx((0.65, 1.1))
    assert results.band({**entry, "broken": {"ci": {"leak": [1.0]}}}, "ci") == pytest.approx((0.5, 0.95))


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


EACH = [(name, figure, entry) for name, figures in results.bands().items() for figure, entry in figures.items()]


@pytest.mark.parametrize(("name", "figure", "entry"), EACH, ids=[f"{name} {figure}" for name, figure, _ in EACH])
def test_no_broken_version_lies_inside_its_band(name, figure, entry):
    for profile in {"ci", "laptop", "full"} & entry.keys():
        low, high = results.band(entry, profile)
        inside = [score for score in results.wrong_scores(entry, profile) if low <= score <= high]
        assert not inside, f"{name} {figure} in {profile}: the band {low:.4g} to {high:.4g} holds {inside}"


def test_a_broken_version_among_the_seeds_is_found():
    entry = {"ci": [0.7, 0.9, 0.8], "broken": {"ci": {"untrained": [0.75]}}}
    with pytest.raises(AssertionError, match=r"holds \[0.75\]"):
        test_no_broken_version_lies_inside_its_band("net", "accuracy", entry)
