"""Single cables: lanes, assembly, order of the schemes. Membranes have test files of their own."""

import re
from itertools import pairwise

import numpy as np
import pytest

from scsim.errors import ModelError
from scsim.fibers import Fiber
from scsim.fibers.single import set_single_step, single_cable_lanes
from scsim.kernels.layouts import ACTIVE
from scsim.kernels.single_cable import (
    AREA,
    CAPACITANCE,
    DIAGONAL,
    INVERSE,
    LINK,
    PIVOT,
)
from tests.kernels.single_cables import voltages

DT = 0.005
WAVEFORM = np.zeros((120, 1))
WAVEFORM[10:50] = 1.0


def potential(fiber: Fiber, swing_mv: float = 150.0) -> np.ndarray:
    """A source off the middle of the fiber, mV per mA, shape (1, n_nodes)."""
    z = np.linspace(-1.0, 1.0, fiber.node_count)
    v_e = 1.0 / np.hypot(0.1, z - 0.23)
    return (v_e * swing_mv / np.ptp(v_e))[None]


@pytest.mark.parametrize(
    ("model", "diameters"), [("sundt", (0.3, 1.0, 1.9)), ("sweeney", (2.0, 8.0, 15.0))]
)
def test_a_lane_does_not_depend_on_its_neighbors_or_its_place(
    model: str, diameters: tuple[float, ...]
) -> None:
    fibers = [Fiber(model, d, n_nodes=n) for d, n in zip(diameters, (41, 9, 25), strict=True)]
    potentials = [potential(fiber) for fiber in fibers]
    sizes = (0.9, -0.4, -1.5)

    def run(order: list[int]) -> np.ndarray:
        amplitudes = np.full((1, 16), sizes[order[0]])
        amplitudes[0, : len(order)] = [sizes[k] for k in order]
        return voltages(
            [fibers[k] for k in order], [potentials[k] for k in order], WAVEFORM, amplitudes, DT
        )

    together, backward = run([0, 1, 2]), run([2, 1, 0])
    for k, fiber in enumerate(fibers):
        alone, n = run([k]), fiber.node_count
        assert np.array_equal(together[:, :n, k], alone[:, :n, 0])
        assert np.array_equal(together[:, :n, k], backward[:, :n, 2 - k])
        assert np.array_equal(alone[:, :n, 0], alone[:, :n, 15])
        assert np.ptp(alone[:, 1 : n - 1, 0]) > 3.0


def test_the_number_of_lanes_changes_nothing() -> None:
    width = 32
    fiber = Fiber("sundt", 1.0, n_nodes=31)
    wanted = voltages([fiber], [potential(fiber)], WAVEFORM, np.full((1, 16), -1.0), DT)[:, :, 0]
    given = voltages([fiber], [potential(fiber)], WAVEFORM, np.full((1, width), -1.0), DT)
    # Vectors of another length may round sums in another order.
    assert np.max(np.abs(given - wanted[:, :, None])) < 1e-9


def test_records_hold_area_capacitance_and_axial_conductance() -> None:
    # Sundt, 2 µm: area π 2 µm 8.333 µm, half a section 100 Ω cm · 4.1665 µm / (π µm²) = 13.26 MΩ.
    fibers = [Fiber("sundt", 2.0, n_nodes=5), Fiber("sundt", 1.0, n_nodes=3)]
    cable = single_cable_lanes(fibers, [np.zeros((1, 5)), np.zeros((1, 3))])
    cable = set_single_step(cable, fibers, 0.01, 0.01)
    records = cable.buffer.reshape(7, cable.record, 16)
    area_cm2 = np.pi * 2e-4 * 8.333e-4
    half_mohm = 100.0 * 4.1665e-4 / (np.pi * 1e-8) * 1e-6
    link = 1.0 / (2.0 * half_mohm)
    cut = 1.0 / (half_mohm * (1.0 + 1e10 / 100.0))
    assert records[:, AREA, 0] == pytest.approx([0.0, *[area_cm2 * 1e6] * 5, 0.0])
    assert records[:, LINK, 0] == pytest.approx([0.0, cut, link, link, cut, 0.0, 0.0])
    c_h = area_cm2 * 1e3 / 0.01
    assert records[:, CAPACITANCE, 0] == pytest.approx([0.0, *[c_h] * 5, 0.0])
    sides = np.array([cut, cut + link, 2.0 * link, cut + link, cut])
    assert records[:, DIAGONAL, 0] == pytest.approx([1.0, *(c_h + sides), 1.0])
    assert records[:, ACTIVE, 0].tolist() == [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    # The shorter fiber leaves its spare records inert, and spare lanes are copies of the first.
    for field, inert in (
        (AREA, 0.0),
        (LINK, 0.0),
        (CAPACITANCE, 0.0),
        (DIAGONAL, 1.0),
        (ACTIVE, 0.0),
    ):
        assert np.all(records[4:, field, 1] == inert)
    assert records[1, INVERSE, 0] == records[0, PIVOT, 0] == 0.0
    assert np.array_equal(records[:, :, 0], records[:, :, 15])


def test_nodes_of_sweeney_are_linked_through_their_myelin() -> None:
    # 10 µm: axon 6 µm, 1000 µm from node to node: 54.7 Ω cm · 0.1 cm / (π 9e-8 cm²) = 19.35 MΩ.
    fiber = Fiber("sweeney", 10.0, n_nodes=5)
    cable = single_cable_lanes([fiber], [np.zeros((1, 5))])
    records = cable.buffer.reshape(7, cable.record, 16)
    assert 1.0 / records[2, LINK, 0] == pytest.approx(54.7 * 0.1 / (np.pi * 9e-8) * 1e-6)
    assert records[2, AREA, 0] == pytest.approx(np.pi * 6e-4 * 1.5e-4 * 1e6)


def test_force_is_what_the_axoplasm_carries() -> None:
    fibers = [Fiber("rattay", 1.0, n_nodes=7), Fiber("rattay", 0.5, n_nodes=5)]
    rng = np.random.default_rng(5)
    potentials = [rng.normal(size=(2, 7)), np.ones((2, 5))]
    cable = single_cable_lanes(fibers, potentials)
    records = cable.buffer.reshape(9, cable.record, 16)
    force = cable.force.reshape(2, 9, 16)
    g = records[1:7, LINK, 0]
    for source, e in enumerate(potentials[0]):
        for k in range(7):
            current = sum(g[min(j, k)] * (e[j] - e[k]) for j in (k - 1, k + 1) if 0 <= j < 7)
            assert force[source, k + 1, 0] == pytest.approx(current, rel=1e-12, abs=1e-18)
    assert np.all(force[:, :, 1] == 0.0)  # a uniform potential drives nothing
    assert np.all(force[:, [0, 8]] == 0.0)


def test_sources_add_up() -> None:
    fiber = Fiber("sundt", 1.0, n_nodes=31)
    v_e = potential(fiber)
    both = np.hstack([WAVEFORM, 0.5 * WAVEFORM])
    amplitudes = np.repeat([[-0.8], [0.3]], 16, axis=1)
    two = voltages([fiber], [np.vstack([v_e, v_e])], both, amplitudes, DT)
    one = voltages([fiber], [v_e], WAVEFORM, np.full((1, 16), -0.8 + 0.15), DT)
    assert np.max(np.abs(two - one)) < 1e-9


@pytest.mark.parametrize(("second_order", "order"), [(False, 1), (True, 2)])
def test_observed_order_in_the_time_step(second_order: bool, order: int) -> None:
    fiber = Fiber("sundt", 1.0, n_nodes=41)
    ends = []
    for dt in (0.02, 0.01, 0.005, 0.00125):
        t = np.arange(round(1.6 / dt)) * dt + (0.5 * dt if second_order else 0.0)
        level = np.where((t > 0.2 - 1e-9) & (t < 0.6 - 1e-9), 1.0, 0.0)
        out = voltages(
            [fiber], [potential(fiber)], level[:, None], np.full((1, 16), -1.0), dt,
            edges=np.diff(level, prepend=0.0) != 0.0, second_order=second_order,
        )  # fmt: skip
        ends.append(out[-1, 5:-5, 0])
    errors = [np.max(np.abs(end - ends[-1])) for end in ends[:-1]]
    assert errors[0] > 1e-3  # a spike is under way: there is something to converge
    # The finest run has an error of its own, 1/4^order of that of the last but one.
    for coarse, fine in pairwise(errors):
        assert 0.75 * 2.0**order < coarse / fine < 1.6 * 2.0**order


def test_lanes_hold_a_limited_number_of_fibers_of_one_membrane() -> None:
    fiber, other = Fiber("sundt", 1.0, n_nodes=5), Fiber("rattay", 1.0, n_nodes=5)
    with pytest.raises(ModelError, match=r"17 fibers for 16 lanes: .* lay them in groups"):
        single_cable_lanes([fiber] * 17, [np.zeros((1, 5))] * 17)
    words = re.escape("membranes rattay, sundt") + ".*give fibers of one model at a time"
    with pytest.raises(ModelError, match=words):
        single_cable_lanes([fiber, other], [np.zeros((1, 5))] * 2)
