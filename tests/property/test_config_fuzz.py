"""Damaged configs: whatever stands in one, it gives a study or a ConfigError, in seconds, and nothing else."""

import copy
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scsim.errors import ConfigError
from scsim.study.config import config_hash, resolved_toml
from scsim.study.reading.parse import load_study, parse_study

SECONDS = 8.0
"""Processor time that a config may take."""

ROOT = Path(__file__).resolve().parents[2]

FULL = """\
title = "Everything at once"
seed = { sweep = [1, 2] }
presets = ["slow"]

[sweep]
mode = "sobol"
n = 4

[tissue]
csf_thickness_mm = { sweep = { normal = [3.2, 0.4, 2.5, 4.0] } }

[montage]
sweep = [{ c4 = -1.0, c5 = 1.0 }, { c3 = -1.0, return = "distant" }]
labels = ["bipolar", "monopolar"]

[stimulus]
pulse_width_us = { sweep = [60, 210, 450] }
amplitude_ma = { sweep = { loguniform = [0.5, 8.0] } }
frequency_hz = 50

[fibers]
n_fibers = { sweep = { uniform = [200, 220] } }

[circuit]
state = { sweep = ["healthy", "disinhibited"] }

[preset.slow]
stimulus.frequency_hz = 20

[preset.small]
based_on = "slow"
sweep.n = 2
"fibers.n_fibers" = 200
"""
CASES = """\
title = "Cases"
seed = 1
sweep.repeats = 2

[montage]
c4 = -1.0
c5 = 1.0

[stimulus]
pulse_width_us = 210
amplitude_ma = 2.0
frequency_hz = 50

[preset.slow]
stimulus.frequency_hz = 20

[[case]]
name = "slow"
presets = ["slow"]

[[case]]
name = "layered"
[case.field]
solver = "analytic"
sigma_s_per_m = [0.1, 0.1, 0.6]
"""
TEXTS = (
    FULL,
    CASES,
    *(
        path.read_text("utf-8")
        for path in sorted(
            [*ROOT.glob("configs/*.toml"), *ROOT.glob("src/scsim/data/templates/*.toml")]
        )
        if "uncertainty" not in path.stem  # draws hundreds of anatomies, of which each is checked
    ),
)

NUMBERS = st.one_of(
    st.integers(-3, 300),
    st.sampled_from([10**9, -(10**9), 2**63, 10**400, 0.5, 1e-300, 1e300, -0.0]),
    st.floats(),
)
PLAIN = st.one_of(
    NUMBERS,
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
    st.sampled_from(["healthy", "sobol", "percutaneous-8", "spectral", "small", "distant", "mrg"]),
    st.dates(),
)
KINDS = st.sampled_from(
    [
        "sweep",
        "labels",
        "base",
        "linspace",
        "logspace",
        "uniform",
        "normal",
        "loguniform",
        "x",
        "c1",
    ]
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KINDS, inner, max_size=2)),
    max_leaves=6,
)
SWEEPS = st.one_of(
    st.builds(lambda values: {"sweep": values}, st.lists(PLAIN, max_size=4)),
    st.builds(
        lambda kind, numbers: {"sweep": {kind: numbers}}, KINDS, st.lists(NUMBERS, max_size=4)
    ),
)
NAMES = st.sampled_from(
    (
        *("title", "seed", "include", "presets", "preset", "case", "sweep", "montage", "stimulus"),
        *("n", "mode", "repeats", "amplitude_ma", "fibers", "state", "nerve", "based_on", "lead"),
        *("x", "save"),
    )
)


def places_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [
        place
        for key, child in children
        for place in ((*path, key), *places_of(child, (*path, key)))
    ]


@st.composite
def edited_documents(draw: st.DrawFn) -> str:
    """A config with some of its keys and values deleted, replaced, swapped, renamed or added."""
    document = copy.deepcopy(tomllib.loads(draw(st.sampled_from(TEXTS))))
    for _ in range(draw(st.integers(1, 4))):
        places = places_of(document)
        if not places:
            break
        *outer, last = draw(st.sampled_from(places))
        table: Any = document
        for part in outer:
            table = table[part]
        edit = draw(st.sampled_from(["delete", "value", "sweep", "swap", "rename", "add"]))
        if edit == "delete":
            del table[last]
        elif edit == "value":
            table[last] = draw(VALUES)
        elif edit == "sweep":
            table[last] = draw(SWEEPS)
        elif edit == "swap":
            other = document
            *inner, name = draw(st.sampled_from(places))
            for part in inner:
                other = other[part]
            table[last], other[name] = copy.deepcopy(other[name]), copy.deepcopy(table[last])
        elif isinstance(table, dict):
            table[draw(NAMES)] = (
                table.pop(last) if edit == "rename" else draw(st.one_of(VALUES, SWEEPS))
            )
    return tomli_w.dumps(document)


@st.composite
def damaged_texts(draw: st.DrawFn) -> str:
    """A config with some of its lines and signs deleted, doubled, moved or changed."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        rows = text.split("\n")
        row = draw(st.integers(0, len(rows) - 1))
        edit = draw(st.sampled_from(["delete", "double", "move", "cut", "sign"]))
        if edit == "delete":
            del rows[row]
        elif edit == "double":
            rows.insert(row, rows[draw(st.integers(0, len(rows) - 1))])
        elif edit == "move":
            rows.append(rows.pop(row))
        elif edit == "cut":
            rows[row] = rows[row][: draw(st.integers(0, len(rows[row])))]
        else:
            at = draw(st.integers(0, len(rows[row])))
            sign = draw(st.sampled_from(list("[]{}=\"'.,#-_e09nif \t\r\n\\")))
            rows[row] = rows[row][:at] + sign + rows[row][at + draw(st.integers(0, 1)) :]
        text = "\n".join(rows)
    return text


def check(read: Callable[[], Any]) -> None:
    """Read a config: a study that reads the same again, or faults that each say something, and in seconds."""
    began = time.process_time()
    faults = ()
    study = None
    try:
        study = read()
    except ConfigError as error:
        faults = error.faults
        assert faults
    assert time.process_time() - began < SECONDS
    assert all(fault.problem and fault.problem.endswith((".", "?")) for fault in faults)
    if study is not None and len(study.cases) < 200:
        again = parse_study(resolved_toml(study), path=study.path)
        assert config_hash(again) == config_hash(study)
        assert [case.values for case in again.cases] == [case.values for case in study.cases]


@given(edited_documents())
@settings(max_examples=60)
def test_an_edited_config_is_a_study_or_a_config_error(text: str) -> None:
    check(lambda: parse_study(text))


@given(damaged_texts(), st.sampled_from([(), ("small",), ("slow",)]))
@settings(max_examples=60)
def test_a_damaged_text_is_a_study_or_a_config_error(text: str, presets: tuple[str, ...]) -> None:
    check(lambda: parse_study(text, presets=presets))


@given(
    text=st.sampled_from(TEXTS),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=3), st.integers(0, 3)), max_size=4
    ),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_are_a_study_or_a_config_error(
    text: str, edits: list[tuple[float, bytes, int]], tmp_path: Path
) -> None:
    content = text.encode()
    for where, new, n_gone in edits:
        at = int(where * len(content))
        content = content[:at] + new + content[at + n_gone :]
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    check(lambda: load_study(path))


@given(
    st.dictionaries(
        NAMES,
        st.one_of(VALUES, st.dictionaries(NAMES, st.one_of(VALUES, SWEEPS), max_size=3)),
        max_size=4,
    )
)
@settings(max_examples=60)
def test_a_random_document_is_a_study_or_a_config_error(document: dict[str, Any]) -> None:
    text = tomli_w.dumps(document)
    check(lambda: parse_study(text))


@pytest.mark.long
@given(st.one_of(edited_documents(), damaged_texts()))
@settings(max_examples=3000)
def test_thousands_of_damaged_configs_are_studies_or_config_errors(text: str) -> None:
    check(lambda: parse_study(text))
