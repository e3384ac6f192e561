"""All faults of a config in one go: a fault hides no other, and nothing is told that only follows from one."""

from itertools import combinations

import pytest

from scsim.errors import ConfigError
from scsim.study.reading.checks import CHECKS
from scsim.study.reading.circuit_checks import CIRCUIT_CHECKS
from scsim.study.reading.fiber_checks import FIBER_CHECKS
from scsim.study.reading.field_checks import FIELD_CHECKS
from scsim.study.reading.keys import field_types, section_class
from scsim.study.reading.parse import parse_study
from tests.unit.broken_configs import (
    AMPLITUDE,
    FOLLOWING,
    KEYS,
    NAMES,
    PW,
    RATE,
    SEVERAL,
    STATE,
    SWEEPS,
    TOGETHER,
    VALUES,
    Broken,
    changed,
)

Changes = tuple[tuple[str, str], ...]

ONE_PER_KEY = tuple({slip.key: slip for slip in reversed((*VALUES, *SWEEPS[:1]))}.values())
SLIPS = (*KEYS, *ONE_PER_KEY, *NAMES, *TOGETHER)
"""Slips to combine; of the many values that a key refuses on its own, one for each key."""

ROWS = {
    PW: "stimulus.pulse_width_us",
    AMPLITUDE: "stimulus.amplitude_ma",
    RATE: "stimulus.frequency_hz",
    STATE: "circuit.state",
    "[stimulus]": "stimulus",
    "[circuit]": "circuit",
}

LEADS = ("lead.preset", "lead.n_leads", "lead.encapsulation_mm")

NEEDS = {
    "unknown contact": {"lead.preset", "lead.n_leads"},
    "cord too deep": {"tissue.preset", "tissue.posture"},
    "lead beside the dura": {"tissue.preset", "lead.dura_gap_mm", *LEADS},
    "lead in the bone": {"tissue.preset", "lead.lateral_mm", *LEADS},
    "fibers beside the cord": {"tissue.preset"},
    "fibers below the cord": {"tissue.preset", "fibers.lateral_max_mm"},
    "no fiber is that thick": {"fibers.model", "fibers.n_fibers"},
    "second phase between time steps": {"stimulus.pulse_width_us"},
    "too few fibers for large ones": {"fibers.model", "afferents.a_beta_min_diameter_um"},
    "no such dermatome": {"tissue.preset"},
    "run too short": {"circuit.model"},
    "missing key": {"lead.frequency_hz"},  # there it stands, in the wrong table
}
"""Keys that must be sound for a slip to show, beside the one it is told at."""

SAME_PULSE = {
    "ratio without recovery",
    "gap without second phase",
    "second phase between time steps",
    "pulses overlap",
}
"""Each of these gives the pulse another shape or length, which mends or hides the others."""


def keys_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_study(text)
    return [fault.key for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("changes", "keys"), [row[1:] for row in SEVERAL], ids=[row[0] for row in SEVERAL]
)
def test_several_faults_are_all_told_and_nothing_else(
    changes: Changes, keys: tuple[str, ...]
) -> None:
    text = changed(changes)
    assert text is not None
    assert keys_of(text) == list(keys)


@pytest.mark.parametrize(
    ("changes", "keys"), [row[1:] for row in FOLLOWING], ids=[row[0] for row in FOLLOWING]
)
def test_what_only_follows_from_a_fault_is_not_told(
    changes: Changes, keys: tuple[str, ...]
) -> None:
    text = changed(changes)
    assert text is not None
    assert keys_of(text) == list(keys)


def spoiled(slip: Broken) -> set[str]:
    """Keys and tables that have no sound value after a slip."""
    rows = {ROWS[old] for old, new in slip.changes if old in ROWS and old not in new}
    return rows | {slip.key}


def hides(slip: Broken, other: Broken) -> bool:
    """Whether the other slip cannot show: what must be sound for it is not, or its whole table is not."""
    needed = {other.key, *NEEDS.get(other.name, ())}
    needed |= {key.partition(".")[0] for key in needed}
    return bool(needed & spoiled(slip))


def test_two_slips_are_both_told_and_nothing_else() -> None:
    wrong = []
    told = 0
    for slip, other in combinations(SLIPS, 2):
        text = changed((*slip.changes, *other.changes))
        # None: both change the same text, so the config can have only one of them.
        if text is None or hides(slip, other) or hides(other, slip):
            continue
        if {slip.name, other.name} <= SAME_PULSE:
            continue
        told += 1
        keys = keys_of(text)
        if sorted(keys) != sorted([slip.key, other.key]):
            wrong.append((slip.name, other.name, keys))
    assert not wrong
    assert told > len(SLIPS) ** 2 / 3, "of half that many pairs, too few are left to combine"


def test_checks_read_keys_that_there_are() -> None:
    for check in (*CHECKS, *FIELD_CHECKS, *FIBER_CHECKS, *CIRCUIT_CHECKS):
        for key in check.reads:
            table, _, name = key.partition(".")
            assert name in field_types(section_class(table))
