"""Tables of the accuracy page: orders, percent, what is beyond the limits, and the place in the page."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy_report import (
    MARKS,
    exceeded,
    full_order_from,
    local_orders,
    main,
    not_better,
    percent,
)

SETTING_NAMES = ("12 modes", "float32", "12 modes, float32")


def same_for_all(**values: Any) -> dict[str, Any]:
    return {name: dict(values) for name in SETTING_NAMES}


def setting_rows(value: float) -> dict[str, Any]:
    return same_for_all(n_cases=3, n_status=2, largest=value, where="here")


def content(**changes: Any) -> dict[str, Any]:
    measured = {
        "limit": 0.12,
        "limits_differ": 1e-6,
        "neuron": {"10": 0.04, "5": 0.02, "2.5": 0.01},
        "second_order": {"10": 0.004, "5": 0.001, "2.5": 0.00025},
    }
    step = {"scheme": "neuron", "dt_us": 5.0}
    train = {"equal_counts": True, "largest_shift_ms": 1e-3, "later_threshold": 1e-5}
    carrier = {"activation": 1e-5, "block": -1e-5}
    return {
        "date": "2026-01-02",
        "version": "1.2.3",
        "schemes": {"one": {"title": "one case", "threshold": measured, "latency": measured}},
        "grid": [{"stimulus": "short", **step, "settings": setting_rows(1e-5)}],
        "other_steps": [{"stimulus": "short", **step, "settings": setting_rows(1e-5)}],
        "trains": [
            {
                "frequency_hz": 50.0,
                **step,
                "n_spikes": [8],
                "later_over_alone": [1.1],
                "settings": same_for_all(**train),
            }
        ],
        "kilohertz": [
            {
                "fiber_diameter_um": 10.0,
                **step,
                "activation_ma": 0.2,
                "block_ma": 0.5,
                "settings": same_for_all(**carrier),
            }
        ],
        **changes,
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0173, "+1.7 %"),
        (-0.0005, "−0.050 %"),
        (0.156, "+16 %"),
        (0.0, "0"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_percent_has_two_digits(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_orders_need_both_errors_and_one_sign() -> None:
    errors = {"20": None, "10": -0.16, "5": 0.08, "2.5": 0.02, "1.25": 0.005}
    assert local_orders(errors) == {"5": pytest.approx(2.0), "2.5": pytest.approx(2.0)}


def test_full_order_is_given_from_the_longest_step_without_a_gap() -> None:
    assert full_order_from({"8": 1.0, "4": 0.9, "2": 0.225, "1": 0.05625}) == "4 µs"
    assert full_order_from({"2": 1.0, "1": 0.5}) == "–"
    assert full_order_from({"8": 1.0, "4": 0.25, "2": 0.2, "1": 0.05}) == "2 µs"


def test_cases_in_which_second_order_is_worse_are_named() -> None:
    found = content()["schemes"]
    assert not_better(found, "threshold") == []
    found["one"]["threshold"]["second_order"]["10"] = -0.03
    assert not_better(found, "threshold") == ["one case"]


def test_nothing_is_beyond_the_limits_when_all_is_small() -> None:
    assert exceeded(content()) == []


@pytest.mark.parametrize(
    ("part", "settings", "text"),
    [
        ("grid", setting_rows(6e-4), "12 modes, short: 0.060 % (here)"),
        ("other_steps", setting_rows(2e-3), "float32, short: 0.20 %"),
        (
            "trains",
            same_for_all(equal_counts=False, largest_shift_ms=0.0, later_threshold=math.nan),
            "other numbers of spikes",
        ),
        (
            "kilohertz",
            same_for_all(activation=-0.01, block=0.0),
            "activation by a sine of 10 kHz: −1.0 %",
        ),
    ],
)
def test_what_is_beyond_the_limits_is_named(part: str, settings: dict[str, Any], text: str) -> None:
    found = content()
    found[part][0]["settings"] = settings
    assert any(text in line for line in exceeded(found))


def test_the_page_gets_the_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, page = tmp_path / "accuracy.json", tmp_path / "accuracy.md"
    results.write_text(json.dumps(content()), encoding="utf-8")
    page.write_text(f"before\n{MARKS.begin}\nstale\n{MARKS.end}\nafter\n", encoding="utf-8")
    assert main([str(results), "--page", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "stale" not in text
    assert "9 pairs of thresholds, with brackets of 1e-6. In 6 more, one" in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert (
        "| one case | 0.12 | +2.0 % | +0.40 % | +0.10 % | +0.025 % | 2.00 | 10 µs | +0.00010 % |"
        in text
    )
    assert "Nothing." in capsys.readouterr().out


def test_the_page_counts_and_names_the_cases_in_which_second_order_is_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = content()
    good = found["schemes"]["one"]
    bad = {**good["threshold"], "second_order": {**good["threshold"]["second_order"], "10": -0.03}}
    found["schemes"]["two"] = {**good, "title": "a square", "threshold": bad}
    results = tmp_path / "accuracy.json"
    results.write_text(json.dumps(found), encoding="utf-8")
    assert main([str(results)]) == 0
    printed = capsys.readouterr().out
    assert "in 1 of 2 cases; not in: a square (−3.0 % against +2.0 %)." in printed
    assert "in 2 of 2 cases.\n" in printed
