"""NaN and infinity in every number that a config may hold: one clear fault each, and nothing is written."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from scsim.cli.main import main
from scsim.errors import ConfigError, Fault
from scsim.study.config import SECTIONS
from scsim.study.reading.keys import field_types
from scsim.study.reading.parse import parse_study
from scsim.study.reading.sections import _takes_list, numbers_of
from tests.unit.broken_configs import SOUND

NOT_FINITE = ("nan", "inf", "-inf", "1e999")
LATIN = {"mode": "latin", "n": 4}


def number_keys() -> Iterator[tuple[str, str, bool]]:
    """Give every key that takes numbers, found in the dataclasses: table, key, whether it takes lists of them."""
    yield "montage", "c4", False
    for table, section in SECTIONS.items():
        if table == "montage":
            continue
        for key, annotation in field_types(section).items():
            is_list = _takes_list(annotation) and "str" not in str(annotation)
            if is_list or numbers_of(annotation) is not None:
                yield table, key, is_list


KEYS = tuple(number_keys())


def numbers_of_key(table: str, key: str) -> str | None:
    return "floats" if table == "montage" else numbers_of(field_types(SECTIONS[table])[key])


def changed(table: str, key: str, value: Any, **others: Any) -> str:
    document = tomllib.loads(SOUND)
    document.setdefault(table, {})[key] = value
    return tomli_w.dumps({**document, **others})


def faults_of(text: str) -> list[Fault]:
    with pytest.raises(ConfigError) as caught:
        parse_study(text)
    # That a key belongs to the other kind of study is a fault of its own.
    return [fault for fault in caught.value.faults if "study of a nerve" not in fault.problem]


def test_all_numbers_are_found() -> None:
    assert len(KEYS) > 60
    assert {table for table, _, _ in KEYS} == set(SECTIONS) - {"output", "nerve"}


def places(table: str, key: str, is_list: bool) -> Iterator[str]:
    """Write a config for every place of a number, with one of the numbers that are not finite in turn."""
    nan, inf, minus, large = map(float, NOT_FINITE)
    yield from (changed(table, key, number) for number in (nan, inf, minus, large))
    yield changed(table, key, {"sweep": [nan]})
    yield changed(table, key, {"sweep": [inf], "base": inf}, sweep={"mode": "one_at_a_time"})
    if table != "montage":
        case = tomli_w.dumps({key: minus})
        yield f'{changed("stimulus", "shape", "monophasic")}[[case]]\nname = "a"\n[case.{table}]\n{case}'
    if is_list:
        yield changed(table, key, [0.1, nan, 0.2])
        yield changed(table, key, {"sweep": [[0.1, large, 0.2]], "labels": ["a"]})


@pytest.mark.parametrize(("table", "key", "is_list"), KEYS, ids=str)
def test_a_number_that_is_not_finite_is_one_fault_wherever_it_stands(
    table: str, key: str, is_list: bool
) -> None:
    for text in places(table, key, is_list):
        (fault,) = faults_of(text)
        assert fault.key.endswith(f"{table}.{key}") or fault.key == "montage", text
        assert "nan" in fault.value or "inf" in fault.value, text
        assert fault.remedy, text


SPECS: tuple[dict[str, list[float]], ...] = (
    {"linspace": [1.0, float("inf"), 3]},
    {"logspace": [float("nan"), 2.0, 3]},
    {"uniform": [1.0, float("inf")]},
    {"loguniform": [float("nan"), 2.0]},
    {"normal": [float("-inf"), 1.0]},
    {"normal": [1.0, 1.0, 0.0, float("1e999")]},
)


@pytest.mark.parametrize(("table", "key", "is_list"), KEYS, ids=str)
def test_a_sweep_between_ends_that_are_not_finite_is_one_fault(
    table: str, key: str, is_list: bool
) -> None:
    for spec in SPECS:
        sweep = {} if "space" in next(iter(spec)) else {"sweep": LATIN}
        (fault,) = faults_of(changed(table, key, {"sweep": spec}, **sweep))
        assert fault.key == f"{table}.{key}"
        told = (
            "cannot be drawn"
            if is_list and sweep and numbers_of_key(table, key) is None
            else "finite"
        )
        assert told in fault.problem
        assert fault.remedy


@pytest.mark.parametrize("written", NOT_FINITE)
@pytest.mark.parametrize("key", ["seed", "sweep.n", "sweep.repeats"])
def test_counts_that_are_not_finite_are_one_fault(key: str, written: str) -> None:
    document = tomllib.loads(SOUND.replace("2.0", "{ sweep = { uniform = [1, 2] } }"))
    document["sweep"] = dict(LATIN)
    table, _, name = key.rpartition(".")
    (document[table] if table else document)[name] = float(written)
    (fault,) = faults_of(tomli_w.dumps(document))
    assert fault.key == key
    assert fault.remedy


@pytest.mark.parametrize(("table", "key", "is_list"), KEYS, ids=str)
def test_the_command_ends_with_2_and_writes_nothing(
    table: str,
    key: str,
    is_list: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(changed(table, key, float("nan")), encoding="utf-8")
    assert main(["run", "study.toml"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    assert f"{table}.{key} = nan" in told.err
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]
