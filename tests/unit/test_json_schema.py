"""The JSON Schema of configs: every shipped config validates, broken ones do not, every key is explained."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from jsonschema import Draft7Validator

import scsim
from scsim.cli.main import main
from scsim.study.config import SECTIONS, resolved_toml
from scsim.study.reading.keys import field_types
from scsim.study.reading.parse import load_study
from scsim.units import unit_of
from tests.unit.broken_configs import BROKEN, CASES, KEYS, NAMES, SOUND, SWEEPS, VALUES, Broken

SCHEMA = scsim.config_schema()
VALIDATOR = Draft7Validator(SCHEMA)
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted([*ROOT.glob("configs/**/*.toml"), *ROOT.glob("src/scsim/data/templates/*.toml")])

TOLD_BY_CHECK_ALONE = {
    *("missing key", "missing title", "missing seed", "montage missing", "base missing"),
    *("not a number", "one swept value not finite"),  # NaN is in any range
    *("seed with a point", "n that is no count"),  # 1.0 is whole in JSON
    *("between two time steps", "no such dermatome", "dermatome in small letters"),
    *("too few fibers for large ones", "too few fibers for local ones", "no fiber is that thick"),
    *(
        "dermatome above the level",
        "dermatome beside the fibers",
        "dermatome twice",
        "output twice",
    ),
    *("fiber model of few diameters", "fiber model without myelin", "shares left over"),
    *(
        "unknown contact",
        "no current",
        "duplicates",
        "distribution in a grid",
        "linspace of one value",
    ),
    *("logspace of exponents", "millions of cases", "labels for numbers", "base in a grid"),
    *("a case of the zip twice", "unequal zip", "draws without n", "n without draws"),
    *("n that is no power of two", "n of saltelli", "draws of nothing", "seeds past the last"),
    *("seeds counted and listed", "seed twice", "uniform backwards", "loguniform of zero"),
    *("normal without spread", "normal far away", "normal of three", "distribution and base"),
    *(
        "draws out of range",
        "no step between the ends",
        "ends of whole numbers",
        "whole numbers too large",
    ),
    *("montages without labels", "too few labels", "equal labels", "one bad montage of two"),
    *("unknown base label", "equal names", "draws and cases", "montage of a case"),
    *("cases and a sweep", "cases and a mode", "case with a long name"),
}
"""What takes several keys or a catalog of another table to tell."""


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_shipped_configs_validate_as_written_and_resolved(path: Path) -> None:
    VALIDATOR.validate(tomllib.loads(path.read_text("utf-8")))
    VALIDATOR.validate(tomllib.loads(resolved_toml(load_study(path))))


@pytest.mark.parametrize(
    "broken", [*KEYS, *VALUES, *NAMES, *SWEEPS, *CASES], ids=lambda one: one.name
)
def test_broken_configs_do_not_validate(broken: Broken) -> None:
    is_valid = VALIDATOR.is_valid(tomllib.loads(broken.text))
    assert is_valid == (broken.name in TOLD_BY_CHECK_ALONE)


def test_what_check_alone_tells_is_among_the_broken_configs() -> None:
    assert {broken.name for broken in BROKEN} >= TOLD_BY_CHECK_ALONE


@pytest.mark.parametrize("table", [table for table in SECTIONS if table != "montage"])
def test_every_key_has_its_explanation_unit_and_default(table: str) -> None:
    properties = SCHEMA["definitions"][table]["properties"]
    for key in field_types(SECTIONS[table]):
        entry = properties[key]
        assert len(entry["description"]) > 10, key
        unit = unit_of(key)
        assert unit == "1" or entry["description"].endswith(f"Unit: {unit}."), key
    assert SCHEMA["definitions"]["stimulus"]["properties"]["pattern"]["default"] == "tonic"


def test_presets_and_names_are_listed() -> None:
    lead = SCHEMA["definitions"]["lead"]["properties"]["preset"]["anyOf"][0]["enum"]
    assert set(scsim.lead_names()) >= set(lead) >= {"percutaneous-8"}
    save = SCHEMA["definitions"]["output"]["properties"]["save"]["items"]["enum"]
    assert "recruitment" in save


ADDED: tuple[dict[str, Any], ...] = (
    {"include": ["a.toml"], "presets": ["b"]},
    {"preset": {"a": {"based_on": "b", "stimulus": {"pulse_width_us": 60}, "sweep": {"n": 4}}}},
    {"preset": {"a": {"stimulus.pulse_width_us": 60}, "b": {"seed": 3, "title": "t"}}},
    {"case": [{"name": "a", "presets": ["b"], "stimulus": {"amplitude_ma": 3}}]},
    {"case": [{"name": "a", "montage": {"c1": -1, "return": "distant"}, "lead.lateral_mm": 1}]},
    {"sweep": {"mode": "saltelli", "n": 8, "repeats": 3}},
    {"seed": {"sweep": [1, 2]}},
    {"seed": {"sweep": {"linspace": [1, 9, 9]}}},
    {"tissue": {"csf_thickness_mm": {"sweep": {"normal": [3, 1, 2, 5]}}}},
    {"fibers": {"n_fibers": {"sweep": {"uniform": [200, 300]}}}},
    {"montage": {"sweep": [{"c1": -1, "c2": 1}, {"c2": -1, "c1": 1}], "labels": ["a", "b"]}},
    {"montage": {"c1": {"sweep": [-1, -2]}, "return": "distant"}},
    {"field": {"sigma_s_per_m": {"sweep": [0.2, [0.1, 0.1, 0.6]], "labels": ["a", "b"]}}},
)


@pytest.mark.parametrize("added", ADDED, ids=str)
def test_all_that_a_config_may_hold_validates(added: dict[str, Any]) -> None:
    VALIDATOR.validate({**tomllib.loads(SOUND), **added})


REFUSED: tuple[dict[str, Any], ...] = (
    {"include": "a.toml"},
    {"presets": [3]},
    {"preset": {"a": {"case": []}}},
    {"preset": {"a": {"stimulus": {"pulse_width_us": -60}}}},
    {"case": [{"name": "a", "stimulus": {"amplitude_ma": {"sweep": [1, 2]}}}]},
    {"case": [{"name": "a", "output": {"save": ["relief"]}}]},
    {"sweep": {"mode": "sobol", "n": 0}},
    {"seed": {"sweep": {"uniform": [1, 9]}}},
    {"title": {"sweep": ["a"]}},
    {"circuit": {"state": {"sweep": {"uniform": [1, 2]}}}},
    {"tissue": {"csf_thickness_mm": {"sweep": {"normal": [3]}}}},
    {"tissue": {"csf_thickness_mm": {"sweep": {"uniform": [3, float("inf")]}}}},
    {"lead": {"sweep": [{}], "lateral_mm": 3}},
    {"lead": {"labels": ["a"]}},
    {"montage": {"x": 1}},
    {"montage": {"return": "near"}},
)


@pytest.mark.parametrize("added", REFUSED, ids=str)
def test_what_no_config_may_hold_does_not_validate(added: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid({**tomllib.loads(SOUND), **added})


def test_the_command_prints_and_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
    path = tmp_path / "scsim.schema.json"
    assert main(["schema", "--out", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    assert json.loads(path.read_text("utf-8")) == SCHEMA
    assert main(["schema", "--out", str(path), "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_a_schema_line_is_a_comment() -> None:
    text = "#:schema scsim.schema.json\n" + tomli_w.dumps(tomllib.loads(SOUND))
    assert VALIDATOR.is_valid(tomllib.loads(text))
