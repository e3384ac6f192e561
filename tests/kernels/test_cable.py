"""The modal lane kernel against the double cable written out compartment by compartment."""

import numpy as np
import pytest

from scsim.fibers import Fiber
from scsim.fibers.assemble import assemble_lanes, every_mode
from scsim.kernels import layouts as at
from scsim.kernels.cable import run
from tests.reference import double_cable as plain

DT = 0.005


def lanes_voltage(
    fibers: list[Fiber],
    potentials: list[np.ndarray],
    waveforms: np.ndarray,
    amplitudes: list[float],
    injected: tuple[int, float] | None = None,
) -> np.ndarray:
    """v_m at all nodes, shape (n_steps + 1, n_nodes, LANES)."""
    lanes = assemble_lanes(fibers, potentials, DT)
    if injected is not None:
        lanes.records()[injected[0] + 1, at.INJECTED] = injected[1]
    out = np.empty((waveforms.shape[1] + 1, lanes.n_nodes, at.LANES))
    record = np.repeat(np.arange(lanes.n_nodes)[:, None], at.LANES, axis=1)
    amplitude = np.full(at.LANES, amplitudes[0])
    amplitude[: len(amplitudes)] = amplitudes
    run(
        lanes.buffer, lanes.lane, lanes.membrane, lanes.force, waveforms, every_mode(amplitude), DT,
        lanes.n_nodes, record, out,
    )  # fmt: skip
    return out


def bumpy_potential(fiber: Fiber, distance_mm: float = 0.6) -> np.ndarray:
    """A source off the middle of the fiber, mV per mA, in a medium of 0.3 S/m."""
    z = fiber.arc_lengths_um() * 1e-3
    return -1e3 / (4 * np.pi * 0.3 * np.hypot(distance_mm, z - 0.37 * z[-1]))


@pytest.mark.parametrize(
    ("model", "diameter", "amplitude"),
    [
        ("mrg_discrete", 10.0, 0.4),
        ("mrg_discrete", 10.0, -4.0),
        ("mrg", 6.5, 0.4),
        ("mrg_discrete", 1.0, 2.0),
    ],
)
def test_field_response_equals_the_full_double_cable(
    model: str, diameter: float, amplitude: float
) -> None:
    fiber = Fiber(model, diameter, n_nodes=7)
    v_e = bumpy_potential(fiber)
    waveform = np.zeros(90)
    waveform[10:30] = 1.0
    waveform[40:60] = -0.5
    expected = plain.simulate(fiber, v_e, waveform, amplitude, DT)
    out = lanes_voltage([fiber], [v_e], np.vstack([waveform, 0 * waveform]), [amplitude])
    nodes = slice(1, -1)
    # Two exact solutions of one linear scheme: rounding times the condition of the dense solve.
    assert np.max(np.abs(out[:, nodes, 0].T - expected[nodes])) < 1e-5
    assert np.max(expected[nodes]) > -20.0


def test_intracellular_response_equals_the_full_double_cable() -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=6)
    current = np.zeros(100)
    current[4:24] = 1.0
    expected = plain.simulate(
        fiber, np.zeros(fiber.n_compartments), 0 * current, 0.0, DT, (1, 2.0 * current)
    )
    out = lanes_voltage(
        [fiber],
        [np.zeros(fiber.n_compartments)],
        np.vstack([0 * current, current]),
        [0.0],
        (1, 2.0),
    )
    assert np.max(np.abs(out[:, 1:-1, 0].T - expected[1:-1])) < 1e-5
    assert np.max(expected[4]) > 0.0


def test_a_lane_does_not_depend_on_its_neighbors_or_its_place() -> None:
    waveform = np.zeros((2, 120))
    waveform[0, 10:40] = 1.0
    fibers = [Fiber("mrg", d, n_nodes=n) for d, n in ((4.0, 15), (8.0, 9), (15.0, 21), (2.0, 5))]
    potentials = [bumpy_potential(fiber) for fiber in fibers]
    amplitudes = [0.9, 0.4, -0.3, 2.0]
    together = lanes_voltage(fibers, potentials, waveform, amplitudes)
    backward = lanes_voltage(fibers[::-1], potentials[::-1], waveform, amplitudes[::-1])
    for i, fiber in enumerate(fibers):
        alone = lanes_voltage([fiber], [potentials[i]], waveform, [amplitudes[i]])
        n = fiber.node_count
        assert np.array_equal(together[:, :n, i], alone[:, :n, 0])
        assert np.array_equal(together[:, :n, i], backward[:, :n, 3 - i])
        assert np.array_equal(alone[:, :n, 0], alone[:, :n, 15])


def test_rest_is_the_published_one() -> None:
    # models.md 2.5: after start-up of a 10 µm fiber with 11 nodes the node is at -79.963 mV.
    out = lanes_voltage(
        [Fiber("mrg_discrete", 10.0, n_nodes=11)], [np.zeros(111)], np.zeros((2, 1)), [0.0]
    )
    assert out[0, 5, 0] == pytest.approx(-79.963, abs=5e-4)


def test_response_is_linear_in_the_field_far_below_threshold() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=11)
    v_e = bumpy_potential(fiber)
    waveform = np.zeros((2, 40))
    waveform[0, 5:25] = 1.0
    rest = lanes_voltage([fiber], [v_e], waveform, [0.0])[:, :, 0]
    one = lanes_voltage([fiber], [v_e], waveform, [1e-5])[:, :, 0] - rest
    three = lanes_voltage([fiber], [v_e], waveform, [3e-5])[:, :, 0] - rest
    scale = np.max(np.abs(one))
    # The channels bend the response by about (v / 10 mV)², 1e-7 here, and rounding is 1e-12 mV.
    assert np.max(np.abs(three - 3.0 * one)) < 1e-3 * scale


def test_not_finite_fills_only_its_own_lane() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=9)
    v_e = bumpy_potential(fiber)
    waveform = np.zeros((2, 30))
    waveform[0, 5:25] = 1.0
    clean = lanes_voltage([fiber, fiber], [v_e, v_e], waveform, [0.1, 0.1])
    broken = lanes_voltage([fiber, fiber], [v_e, v_e], waveform, [0.1, np.nan])
    assert not np.all(np.isfinite(broken[:, :, 1]))
    assert np.array_equal(broken[:, :, 0], clean[:, :, 0])
