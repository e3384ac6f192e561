"""One fiber alone, with gates from a table, against the same fiber in lanes."""

import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.membrane import load_membrane
from scsim.fibers.solver import Solver
from scsim.kernels import table_cable as table
from scsim.kernels.elementary import EXP_DOUBLE
from scsim.kernels.membranes.mrg import mrg_gates
from scsim.response import IntracellularPulse, Source, ThresholdProtocol, find_thresholds, simulate
from scsim.stimulus import Pulse, PulseTrain

FIBER = Fiber("mrg_discrete", 10.0, n_nodes=21)
PULSE = Pulse(100.0)


def potential(distance_mm: float = 1.0) -> np.ndarray:
    """A source beside the middle node in a medium of 0.2 S/m, mV per mA, shape (1, n_compartments)."""
    z = FIBER.compartment_positions_mm()[:, 2]
    return (1e3 / (4 * np.pi * 0.2 * np.hypot(distance_mm, z)))[None, :]


@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
@pytest.mark.parametrize("modes", [20, 12])
@pytest.mark.parametrize(
    ("amplitude", "polarity"), [(0.115, "cathodic"), (0.5, "cathodic"), (3.0, "anodic")]
)
def test_voltage_equals_that_in_lanes(
    scheme: str, modes: int, amplitude: float, polarity: str
) -> None:
    lanes, alone = (
        simulate(
            [FIBER], [potential()], PULSE, amplitude_ma=amplitude, polarity=polarity, window_ms=2.0,
            solver=Solver(scheme, modes=modes, layout=layout),
        ).v_m_mv[0]
        for layout in ("lanes", "alone")
    )  # fmt: skip
    assert np.max(np.abs(lanes - alone)) < 1e-3
    assert np.ptp(lanes) > 20.0


def test_steady_states_and_decays_are_linear_between_the_rows() -> None:
    # A chord of length h is off by at most h² |f''| / 8; f'' is taken from the table itself.
    membrane = load_membrane("mrg_node")
    dt = 0.005
    factors = (membrane.f1 * dt, membrane.f2 * dt, membrane.f3 * dt, 1e40, 1e4, 1e-6, 1000.0)
    n_rows = round((table.TABLE_HIGHEST_MV - table.TABLE_LOWEST_MV) / table.TABLE_STEP_MV) + 2
    values = np.empty((n_rows, 2 * table.N_GATES))
    table.tabulate_gates(factors, values)
    bend = np.max(np.abs(np.diff(values, 2, axis=0)), axis=0)
    for row in (0, 2000, 3207, 4799, 7000, n_rows - 2):
        v = table.TABLE_LOWEST_MV + table.TABLE_STEP_MV * (row + 0.5)
        middle = 0.5 * (values[row] + values[row + 1])
        steady = mrg_gates(v, (0.0, 0.0, 0.0, 0.0), factors, EXP_DOUBLE)
        full = mrg_gates(v, (1.0, 1.0, 1.0, 1.0), factors, EXP_DOUBLE)
        exact = np.array([*steady, *(f - s for f, s in zip(full, steady, strict=True))])
        assert np.all(np.abs(middle - exact) <= 1.1 * bend / 8.0 + 1e-12)
    assert np.max(bend) / 8.0 < 1e-5


def test_beyond_the_table_the_rates_themselves_are_used() -> None:
    # 30 mA anodic takes the middle node to about -2 V, where no table reaches.
    lanes, alone = (
        simulate(
            [FIBER], [potential()], PULSE, amplitude_ma=30.0, polarity="anodic", window_ms=0.3,
            solver=Solver(layout=layout),
        ).v_m_mv[0]
        for layout in ("lanes", "alone")
    )  # fmt: skip
    assert np.min(lanes) < -1000.0
    assert np.max(np.abs(lanes - alone)) < 1e-3


def test_several_sources_and_currents_act_as_in_lanes() -> None:
    second = Source([potential(2.0)], PulseTrain(Pulse(50.0), (0.4,)), 1.0)
    lanes, alone = (
        simulate(
            [FIBER], [potential()], PULSE, amplitude_ma=0.05, sources=(second,), window_ms=1.5,
            intracellular=IntracellularPulse(3, 2.0, 0.2, 0.1), solver=Solver(layout=layout),
        ).v_m_mv[0]
        for layout in ("lanes", "alone")
    )  # fmt: skip
    assert np.max(np.abs(lanes - alone)) < 1e-3
    assert np.max(lanes) > 0.0


@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
def test_threshold_equals_that_in_lanes(scheme: str) -> None:
    found = [
        find_thresholds(
            [FIBER], [potential()], PULSE, rtol=1e-6,
            protocol=ThresholdProtocol(solver=Solver(scheme, layout=layout)),
        ).threshold_ma[0]
        for layout in ("lanes", "alone")
    ]  # fmt: skip
    assert found[0] == pytest.approx(found[1], rel=2e-5)


def test_several_fibers_are_taken_one_after_the_other() -> None:
    fibers = [FIBER, Fiber("mrg", 7.0, n_nodes=15), FIBER]
    unit = [potential(), np.linspace(3.0, 60.0, fibers[1].n_compartments)[None, :], potential(2.0)]
    protocol = ThresholdProtocol(solver=Solver(layout="alone"))
    together = find_thresholds(fibers, unit, PULSE, protocol=protocol)
    for i, fiber in enumerate(fibers):
        one = find_thresholds([fiber], [unit[i]], PULSE, protocol=protocol)
        assert one.upper_ma[0] == together.upper_ma[i]
        assert one.status[0] == together.status[i]
