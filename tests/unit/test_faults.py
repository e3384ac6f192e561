"""Collecting faults, and the phrases of their messages."""

from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Le, Lt, MinLen

from scsim.study.reading.checks import split_message
from scsim.study.reading.faults import (
    OVERRIDE_FILE,
    Findings,
    Source,
    allowed,
    dotted,
    kind_of,
    nearest,
    shown,
)

Positive = Annotated[float, Gt(0)]


@pytest.mark.parametrize(
    ("annotation", "unit", "text"),
    [
        (float, "1", "a number"),
        (float, "mm", "a number in mm"),
        (Annotated[float, Gt(0), Le(100)], "mA", "a number above 0 and at most 100 mA"),
        (Annotated[int, Ge(1)], "1", "a whole number of at least 1"),
        (Annotated[float, Ge(0), Lt(1.5)], "1", "a number of at least 0 and below 1.5"),
        (Positive | None, "mm", "a number above 0 mm"),
        (
            Positive | tuple[Positive, Positive, Positive],
            "S/m",
            "a number above 0 S/m or a list of 3 numbers above 0 S/m",
        ),
        (Literal["a", "b", "c"], "1", '"a", "b" or "c"'),
        (Annotated[str, MinLen(1)], "1", "text in quotes that is not empty"),
        (tuple[str, ...], "1", "a list of texts"),
        (bool, "1", "true or false"),
    ],
)
def test_annotations_are_said_in_words(annotation: object, unit: str, text: str) -> None:
    assert allowed(annotation, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-60, "µs", "-60 µs"),
        (0.25, "S/m", "0.25 S/m"),
        (200.0, "1", "200.0"),
        (1e-7, "1", "1e-07"),
        (float("nan"), "mA", "nan mA"),
        (True, "mA", "true"),
        ("a\n\x00", "mA", '"a\\u000a\\u0000"'),
        ([1, "b"], "mA", '[1, "b"]'),
        ({"a": 1}, "1", "{ a = 1 }"),
        (10**400, "1", "about 2^1329"),
    ],
)
def test_values_are_shown_as_toml_with_their_unit(value: object, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def test_long_values_are_cut() -> None:
    text = shown(list(range(100)))
    assert len(text) == 70
    assert text.endswith("...")


def test_kinds_have_plain_names() -> None:
    assert [kind_of(value) for value in (True, 1, 1.0, "a", [], {})] == [
        "true",
        "a whole number",
        "a number",
        "text",
        "a list",
        "a table",
    ]


def test_nearest_looks_past_capital_letters_and_gives_up_in_time() -> None:
    assert nearest("Healty", ["healthy", "disinhibited"]) == "healthy"
    assert nearest("qwerty", ["healthy"]) is None


def test_paths_are_counted_from_one() -> None:
    assert dotted(("case", 1, "name")) == "case[2].name"


def test_place_is_the_line_of_the_innermost_known_table_or_the_override() -> None:
    source = Source("a.toml", {("lead",): 3, ("lead", "preset"): 4}, frozenset({("tissue",)}))
    assert source.place(("lead", "preset")) == ("a.toml", 4)
    assert source.place(("lead", "gap")) == ("a.toml", 3)
    assert source.place(("field", "sigma")) == ("a.toml", None)
    assert source.place(("tissue", "preset")) == (OVERRIDE_FILE, None)


def test_equal_faults_are_told_once_with_all_values() -> None:
    findings = Findings(Source("a.toml", {}))
    for value in ("1", "2", "1", "3", "4"):
        findings.add(("a", "b"), value, "Wrong.", "Mend it.")
    (fault,) = findings.faults()
    assert fault.value == "1, 2, 3, 4"
    assert str(fault) == "a.toml: a.b = 1, 2, 3, 4: Wrong. Mend it."


@pytest.mark.parametrize(
    ("message", "problem", "remedy"),
    [
        ("the value is odd. Use 2.", "the value is odd.", "Use 2."),
        (
            "gap_us = 3 µs: too wide, at most 2.5 µs. Make it 2.5.",
            "too wide, at most 2.5 µs.",
            "Make it 2.5.",
        ),
        (
            "there is no x; known are a, b: choose one.",
            "there is no x; known are a, b.",
            "Choose one.",
        ),
        ("no advice at all", "no advice at all", ""),
    ],
)
def test_messages_of_rooms_are_parted_into_problem_and_remedy(
    message: str, problem: str, remedy: str
) -> None:
    assert split_message(message) == (problem, remedy)
