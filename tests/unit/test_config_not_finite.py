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


@pytest.mark.parametrize("written", NOT_FINITE)
@pytest.mark.parametrize(("table", "key", "is_list"), KEYS, ids=lambda part: str(part))
def test_a_number_that_is_not_finite_is_one_fault_wherever_it_stands(
    table: str, key: str, is_list: bool, written: str
) -> None:
    number = float(written)
    values = [number, [0.1, number, 0.2]] if is_list else [number]
    for value in values:
        texts = [
            changed(table, key, value),
            changed(
                table,
                key,
                {"sweep": [value], "labels": ["a"]}
                if isinstance(value, list)
                else {"sweep": [value]},
            ),
        ]
        if table != "montage":
            texts.append(
                changed("case", "", 0).partition("[case]")[0]
                + f'[[case]]\nname = "a"\n[case.{table}]\n{tomli_w.dumps({key: value})}'
            )
        for text in texts:
            (fault,) = faults_of(text)
            assert fault.key.endswith(f"{table}.{key}") or fault.key == "montage", text
            assert str(number) in fault.value, text
            assert fault.remedy, text


@pytest.mark.parametrize("written", NOT_FINITE)
@pytest.mark.parametrize(("table", "key", "is_list"), KEYS, ids=lambda part: str(part))
def test_a_sweep_between_ends_that_are_not_finite_is_one_fault(
    table: str, key: str, is_list: bool, written: str
) -> None:
    number = float(written)
    specs = [{"linspace": [1.0, number, 3]}, {"logspace": [number, 2.0, 3]}]
    specs += [{"uniform": [1.0, number]}, {"loguniform": [number, 2.0]}]
    specs += [
        {"normal": [number, 1.0]},
        {"normal": [1.0, number]},
        {"normal": [1.0, 1.0, 0.0, number]},
    ]
    for spec in specs:
        sweep = {} if "space" in next(iter(spec)) else {"sweep": LATIN}
        (fault,) = faults_of(changed(table, key, {"sweep": spec}, **sweep))
        assert fault.key == f"{table}.{key}"
        assert "finite" in fault.problem or "no single number" in fault.problem
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


@pytest.mark.parametrize(("table", "key", "is_list"), KEYS, ids=lambda part: str(part))
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
