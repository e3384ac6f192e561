"""Whatever data table a study reads is cited: found by running studies and noting what they load."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scsim.study.config import resolved_toml
from scsim.study.reading.parse import load_study
from tests.study.small_study import SPIKING, TEXT, without_sweeps

PROGRAM = Path(__file__).with_name("tables_of_study.py")

LISTED = (
    "circuits",
    "fibers",
    "leads",
    "nerves",
    "pain_states",
    "populations",
    "tissues",
    "protocols",
)
"""Folders of which every table is looked through for names and kinds; one counts if the config names it."""

BY_VALUE = ("conductivities",)
"""Folders cited value by value, as `tests/unit/test_study_provenance.py` proves: a study uses a few tissues of many."""

BY_SECTION = {
    "response/block": "block",
    "studies/dorsal_horn": "circuit",
    "studies/rate": "circuit",
    "studies/spiking": "circuit",
}
"""Tables that fill in defaults of a section, whether or not the study uses it."""

NO_CIRCUIT = ("block", "afferents", "circuit", "states")

STUDIES = {
    "rate model": (
        without_sweeps(TEXT),
        ('output.save=["pain_signal", "rating_illustrative"]',),
        ("block",),
    ),
    "spiking circuit and bursts": (
        without_sweeps(SPIKING),
        (
            "stimulus.pattern=burst",
            "stimulus.pulses_per_burst=3",
            "stimulus.intraburst_frequency_hz=500",
            "circuit.state=disinhibited",
            "afferents.protocol=pinch",
        ),
        ("block",),
    ),
    "small fibers and spectral field": (
        without_sweeps(TEXT),
        (
            'field={ solver = "spectral" }',
            "lead.encapsulation_mm=0.1",
            "fibers.model=mrg_small",
            "fibers.n_fibers=4",
            'output.save=["thresholds", "field_profile"]',
        ),
        NO_CIRCUIT,
    ),
    "nerve in a cuff": (
        "nerve_cuff.toml",
        (
            'output.save=["thresholds", "nerve_recruitment"]',
            "stimulus.amplitude_ma=0.5",
            "montage={ c1 = -1.0, c5 = 1.0 }",
            "fibers.n_fibers=4",
        ),
        NO_CIRCUIT,
    ),
    "block": (
        "block.toml",
        ("fibers.n_fibers=1", "fibers.diameter_um=15", "stimulus.frequency_hz=10000"),
        ("afferents", "circuit", "states"),
    ),
}
"""Config, overrides, and the sections that the study does not use."""


def named_in(config: object) -> set[str]:
    """Give every text of a config, keys among them."""
    if isinstance(config, dict):
        used = {key: value for key, value in config.items() if value != 0.0}  # no dose, no state
        return set(used).union(*map(named_in, used.values()))
    if isinstance(config, list):
        return set().union(*map(named_in, config))
    return {config} if isinstance(config, str) else set()


LONG = ("rate model",)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in STUDIES]
)
def test_every_table_that_is_read_is_cited(name: str, repository: Path, tmp_path: Path):
    text, overrides, unused = STUDIES[name]
    if text.endswith(".toml"):
        path = repository / "configs" / text
    else:
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(path), *overrides],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["failures"] == []
    config = tomllib.loads(resolved_toml(load_study(path, overrides)))
    used = {key: value for key, value in config.items() if key not in unused}
    names = named_in(used)
    lacking = {
        table: keys
        for table, keys in found["missing"].items()
        if table.partition("/")[0] not in BY_VALUE
        and BY_SECTION.get(table, "") in {"", *used}
        and not (table.partition("/")[0] in LISTED and table.partition("/")[2] not in names)
    }
    assert lacking == {}
    # The list of what was read is not empty by mistake.
    assert any(table.startswith("leads/") for table in found["read"])
