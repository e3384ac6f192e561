"""The table of the spiking circuit beside NEURON, its rows, and the channels that NEURON is given.

None of this needs NEURON.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.circuit_against_neuron import steps_apart
from benchmarks.circuit_cases import ROWS, STATES
from benchmarks.circuit_report import MARKS, PUBLISHED_OVER_LEAN, main, report, row
from scsim.circuit.catalog import load_circuit
from scsim.formats.tables import load_table

MECHANISMS = Path(__file__).resolve().parents[2] / "benchmarks" / "neuron_mechanisms"


def turns(*cpu_s: float) -> dict[str, list[float]]:
    return {"cpu_s": list(cpu_s), "wall_s": [2.0 * value for value in cpu_s]}


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "title": "sweep",
        "n_conditions": 10,
        "duration_s": 2.0,
        "n_compartments": 212,
        "n_synapses": 291,
        "first_call_s": [1.0, 1.0],
        "times": {"neuron": turns(6.0, 8.0), "scsim": turns(0.5, 0.4)},
        "n_spikes": {"sg": 4, "wdr": 2},
        "n_spikes_scsim": {"sg": 4, "wdr": 3},
        "steps_apart": {"sg": [0, 0, 1, 0], "wdr": [0, 7]},
    } | changes


def content() -> dict[str, Any]:
    return {
        "date": "2026-11-21",
        "machine": {"processor": "P", "cpu_target": "t", "n_cores": 2, "load_average": 0.5},
        "versions": {"python": "3.11.7", "neuron": "9.0.2", "scsim": "0.1.0"},
        "circuit": {"states": entry()},
    }


def test_row_gives_times_per_condition_and_simulated_second() -> None:
    cells = row(entry())
    assert cells[:4] == ("sweep, 10 conditions", "3 s (to 4 s)", "20 ms (to 25 ms)", "150×")
    assert cells[4] == f"{150 * PUBLISHED_OVER_LEAN:.0f}×"


def test_a_spike_without_a_partner_counts_as_far_off() -> None:
    assert row(entry())[5:] == ("7", "4", "1", "2")


def test_row_of_one_condition_has_no_count() -> None:
    assert row(entry(n_conditions=1, title="one run"))[0] == "one run"


def test_report_says_how_it_was_measured_and_refuses_an_empty_file() -> None:
    text = report(content())
    assert "212 compartments and 291 synapses" in text
    assert "NEURON 9.0.2" in text
    assert sum(line.startswith("| ") for line in text.splitlines()) == 2
    with pytest.raises(ValueError, match=r"no row of the circuit\. Measure them by `make bench"):
        report({})


def test_report_is_written_between_its_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{MARKS.begin}\nold\n{MARKS.end}\nafter\n", encoding="utf-8")
    (tmp_path / "circuit.json").write_text(json.dumps(content()), encoding="utf-8")
    assert main([str(tmp_path / "circuit.json"), "--readme", str(readme)]) == 0
    text = readme.read_text(encoding="utf-8")
    assert "| zhang2014 |" in text
    assert "old" not in text


def test_spikes_are_paired_in_order_and_counted_in_steps() -> None:
    theirs, ours = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0125, 2.9])
    assert steps_apart(theirs, ours, 0.0125) == [0, 1, 8]
    assert steps_apart(theirs, ours[:1], 0.0125) == [0]


def test_sweeps_have_the_conditions_that_the_goals_name() -> None:
    assert ROWS["one"].n_conditions == 1
    assert len(STATES) == len(ROWS["states"].states) == 4
    assert len(ROWS["inputs"].states) == 1
    for name in ("states", "inputs"):
        assert ROWS[name].n_conditions >= 64
    circuits, trains = ROWS["one"].conditions()
    assert len(circuits) == len(trains) == 1


CONSTANTS = {"rate", "midpoint_mv", "half_millimolar", "tau_factor"}


def numbers(text: str) -> set[float]:
    return {abs(float(one)) for one in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)}


@pytest.mark.parametrize(
    "kind",
    sorted({one.kind for cell in load_circuit("zhang2014").cells for section in cell.sections
            for one in section.channels}),
)  # fmt: skip
def test_channels_in_neuron_hold_the_constants_of_the_table(kind: str) -> None:
    table = load_table(f"channels/{kind}")
    here = numbers((MECHANISMS / f"scsim_{kind}.mod").read_text(encoding="utf-8"))
    rates = [key for key in table.quantities() if key.rpartition(".")[2] in CONSTANTS]
    assert rates
    for key in rates:
        value = abs(table.number(key))
        # The channels of the excitatory cells count from -55 mV, as models of this family do.
        written = {value, round(abs(table.number(key) + 55.0), 9)}
        assert written & here, f"{key} = {value} is not in the mechanism"
