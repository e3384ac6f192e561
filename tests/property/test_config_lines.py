"""The key-to-line scanner against tomllib, and configs written and read again."""

import tomllib
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from scsim.errors import ConfigError
from scsim.study.config import config_hash, resolved_toml
from scsim.study.reading.lines import KeyPath, key_lines
from scsim.study.reading.parse import parse_study

BARE = st.text("abcXYZ019_-", min_size=1, max_size=6)
ANY_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"))
    | st.sampled_from(["#", "=", "[", "]", "{", "'", '"', "\\", "."]),
    max_size=8,
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def key_text(name: str, style: str) -> str:
    if style == "literal" and "'" not in name:
        return f"'{name}'"
    is_bare = name and all(sign in "abcXYZ019_-" for sign in name)
    return name if style == "bare" and is_bare else quoted(name)


def long_text(lines: list[str]) -> str:
    """A text over several lines that looks like keys, tables and comments."""
    body = "\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return f'"""\n{body}"""'


SCALARS = st.one_of(
    st.integers(-9, 999).map(str),
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda x: repr(float(x))),
    st.sampled_from(
        [
            "true",
            "false",
            "inf",
            "nan",
            "1979-05-27",
            "07:32:00",
            "1979-05-27 07:32:00",
            "0x1F",
            "1_000",
        ]
    ),
    ANY_TEXT.map(quoted),
    ANY_TEXT.filter(lambda text: "'" not in text).map(lambda text: f"'{text}'"),
    st.lists(st.sampled_from(["x = 1", "[t]", "# no", '"', "''", "a"]), max_size=3).map(long_text),
    st.lists(st.sampled_from(["x = 1", "[t]", '"""', "a"]), max_size=3).map(
        lambda rows: "'''" + "\n".join(rows) + "'''"
    ),
)
BLANKS = st.sampled_from(["", " ", "  # c = [1", "\t"])


@st.composite
def arrays(draw: st.DrawFn) -> str:
    items = draw(st.lists(st.deferred(lambda: VALUES), max_size=3))
    gaps = st.sampled_from(["", " ", "\n", "\n  # note ] }\n"])
    text = "["
    for item in items:
        text += f"{draw(gaps)}{item}{draw(gaps)},"
    return f"{text if draw(st.booleans()) else text.removesuffix(',')}{draw(gaps)}]"


@st.composite
def inline_tables(draw: st.DrawFn) -> str:
    names = draw(st.lists(BARE, max_size=3, unique=True))
    pairs = [f"{name} = {draw(st.deferred(lambda: VALUES))}" for name in names]
    return "{ " + ", ".join(pairs) + " }"


VALUES: st.SearchStrategy[str] = st.recursive(
    SCALARS, lambda _: arrays() | inline_tables(), max_leaves=5
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    """A TOML text and the lines on which its keys were written."""
    rows: list[str] = []
    lines: dict[KeyPath, int] = {}

    def add(text: str) -> None:
        rows.extend(text.split("\n"))

    def add_pairs(table: KeyPath) -> None:
        for name in draw(st.lists(BARE | ANY_TEXT, max_size=3, unique=True)):
            style = draw(st.sampled_from(["bare", "literal", "quoted"]))
            path: KeyPath = (*table, name)
            written = key_text(name, style)
            if draw(st.booleans()):
                path, written = (*path, "inner"), f"{written} . inner"
            lines[path] = len(rows) + 1
            add(f"{draw(BLANKS).split('#')[0]}{written} = {draw(VALUES)}{draw(BLANKS)}")
            if draw(st.booleans()):
                add(draw(BLANKS))

    add_pairs(())
    tops = {path[0] for path in lines}
    for name in draw(st.lists(BARE, max_size=3, unique=True)):
        if name in tops:
            continue
        if draw(st.booleans()):
            lines[name,] = len(rows) + 1
            add(f"[ {name} ]{draw(BLANKS)}")
            add_pairs((name,))
        else:
            for index in range(draw(st.integers(1, 3))):
                lines[name, index] = len(rows) + 1
                add(f"[[{name}]]")
                add_pairs((name, index))
    return "\n".join(rows), lines


@given(documents())
@settings(max_examples=100)
def test_every_key_is_found_on_the_line_where_it_was_written(
    document: tuple[str, dict[KeyPath, int]],
) -> None:
    text, written = document
    found = key_lines(text, tomllib.loads(text))
    for path, line in written.items():
        assert found[path] == line, (path, text)


def paths_of(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return {(*path, key) for key, _ in children}.union(
        *(paths_of(child, (*path, key)) for key, child in children)
    )


@given(st.text(st.sampled_from("ab=[]{}\"'.,# \n\\1-"), max_size=40))
@example('a = """\n"""""')
@example("a = ''''''")
@settings(max_examples=1000)
def test_any_text_gives_all_lines_or_none_and_never_raises(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert isinstance(key_lines(text, {}), dict)
        return
    found = key_lines(text, document)
    assert not found or set(found) == paths_of(document)
    rows = text.split("\n")
    for path, line in found.items():
        names = [part for part in path if isinstance(part, str)]
        if names and names[-1] in {"a", "b", "ab"}:
            assert names[-1] in rows[line - 1]


CONFIG = """\
title = {title}
seed = {seed}
[montage]
c2 = {share}
return = "distant"
[stimulus]
pulse_width_us = {width}
amplitude_ma = {{ sweep = {amplitudes} }}
frequency_hz = {{ sweep = {{ linspace = [{low}, {high}, 3] }} }}
[circuit]
dose = {dose}
"""


@given(
    title=ANY_TEXT.filter(bool).map(quoted),
    seed=st.integers(0, 2**63 - 1),
    share=st.floats(-10, -1e-3),
    width=st.integers(1, 200).map(lambda n: 5 * n),
    amplitudes=st.lists(st.floats(1e-3, 100), min_size=1, max_size=4, unique=True),
    low=st.floats(0.1, 10),
    high=st.floats(20, 100),
    dose=st.floats(0, 1),
)
@settings(max_examples=50)
def test_resolved_config_read_again_gives_the_same_cases(**values: Any) -> None:
    study = parse_study(CONFIG.format(**values))
    again = parse_study(resolved_toml(study))
    assert again.cases == study.cases
    assert again.axes == study.axes
    assert config_hash(again) == config_hash(study)
    assert [case.values["stimulus.amplitude_ma"] for case in study.cases[::3]] == values[
        "amplitudes"
    ]


JUNK = st.one_of(
    SCALARS,
    st.sampled_from(
        ["[]", "{}", "{ sweep = 1 }", "{ sweep = { linspace = [1, 2] } }", "[[1], {}]", "9" * 400]
    ),
    arrays(),
    inline_tables(),
)
PLACES = st.sampled_from(
    [
        "title",
        "seed",
        "tissue",
        "lead",
        "lead.preset",
        "field.sigma_s_per_m",
        "montage",
        "montage.c4",
        "montage.return",
        "stimulus",
        "stimulus.pulse_width_us",
        "stimulus.shape",
        "fibers.n_fibers",
        "circuit.state",
        "circuit.duration_s",
        "output.save",
        "sweep",
        "sweep.mode",
        "case",
        "foo",
        "stimulus.foo.bar",
    ]
)


@given(st.lists(st.tuples(PLACES, JUNK), min_size=1, max_size=3))
@settings(max_examples=150)
def test_no_junk_raises_anything_but_config_errors(junk: list[tuple[str, str]]) -> None:
    text = CONFIG.format(
        title='"t"', seed=1, share=-1, width=210, amplitudes="[1, 2]", low=1, high=2, dose=0.5
    )
    try:
        study = parse_study(text, overrides=[f"{key}={value}" for key, value in junk])
    except ConfigError as error:
        faults = error.faults
    else:
        assert study.cases
        return
    assert all(fault.problem and (fault.key or fault.value) for fault in faults)
