"""Stages of the dorsal horn: what a broken run gives, in which order runs are laid, what is compiled ahead."""

import numpy as np
import pytest

from scsim.circuit.afferents import AfferentSection
from scsim.circuit.gate import NO_VOLLEYS, spiking_condition
from scsim.circuit.run_conditions import SpikingResponse
from scsim.circuit.sections import CircuitSection, StatesSection
from scsim.errors import Status
from scsim.study.stages.circuit_outputs import spiking_output
from scsim.study.stages.circuit_stages import (
    compile_ahead,
    compute_circuit,
    join_circuit,
    order_circuit,
)
from tests.study.small_study import SPIKING, small_study, without_sweeps

SAVED = ("cell_rates", "psth", "time_course", "spikes")


def _response(status: int) -> SpikingResponse:
    spikes = tuple(np.array([620.0, 700.0, 800.0]) for _ in range(2))
    return SpikingResponse(("sg", "wdr"), "wdr", spikes, status)


def test_rates_of_a_broken_run_are_nan_and_so_are_ratios_to_it():
    config = small_study(text=without_sweeps(SPIKING)).cases[0].config
    own = spiking_condition(
        CircuitSection(duration_s=1.0, readout_s=0.4),
        StatesSection(),
        AfferentSection(),
        NO_VOLLEYS,
        seed=1,
    )
    outputs = {}
    for status in (Status.OK, Status.NOT_FINITE):
        found = spiking_output(SAVED, own, _response(status))
        outputs[status] = found
        assert found["circuit_status"] == status
        for name in ("rate_hz", "c_driven_rate_hz", "late_rate_hz", "cell_rate_hz", "course_hz"):
            assert np.isfinite(found[name]).all() == (status == Status.OK), name
    assert outputs[Status.OK]["rate_hz"] == pytest.approx(3 / 0.4)
    sound, broken = outputs[Status.OK], outputs[Status.NOT_FINITE]
    for runs in ((broken, sound, sound), (sound, broken, broken)):
        joined = join_circuit(config, {}, runs)
        assert joined["relief_status"] == joined["pain_status"] == Status.NOT_FINITE
        assert np.isnan(joined["relief"])


def test_runs_that_differ_in_their_states_alone_lie_beside_each_other():
    """Sorted so, neighbors share the input of their inhibitory cells."""
    units = [
        {
            "duration_s": 1.0,
            "model": "zhang2014",
            "pulses_ms": np.zeros(n_pulses),
            "n_surround": 5,
            "n_local": 3,
            "realization": realization,
            "doses": doses,
        }
        for doses in ((), (("disinhibited", 1.0),))
        for n_pulses in (10, 20)
        for realization in (0, 1)
    ]
    inputs = [
        (unit["pulses_ms"].size, unit["realization"]) for unit in sorted(units, key=order_circuit)
    ]
    assert inputs[0::2] == inputs[1::2] == [(10, 0), (10, 1), (20, 0), (20, 1)]


def test_no_units_give_no_outputs():
    assert compute_circuit([]) == []


def test_kernels_are_compiled_ahead_where_a_spiking_circuit_needs_them(monkeypatch):
    spiking = small_study(text=without_sweeps(SPIKING)).cases[0].config
    rate = small_study().cases[0].config
    monkeypatch.setattr("scsim.kernels.jit.is_to_be_compiled", lambda module, function: True)
    assert compile_ahead([rate]) == ""
    program = compile_ahead([rate, spiking])
    compile(program, "program", "exec")
    assert "compile_spiking" in program
    monkeypatch.setattr("scsim.kernels.jit.is_to_be_compiled", lambda module, function: False)
    assert compile_ahead([spiking]) == ""
