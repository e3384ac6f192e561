"""The modal lane kernel against the double cable written out compartment by compartment."""

from dataclasses import replace

import numpy as np
import pytest

from scsim.errors import GeometryError, ModelError
from scsim.fibers import Fiber
from scsim.fibers.assemble import Lanes, assemble_lanes, check_potentials, lane_groups, lanes_of
from scsim.fibers.solver import Solver
from scsim.kernels import layouts as at
from scsim.kernels.cables import NEURON, SECOND_ORDER, run
from tests.reference import double_cable as plain

DT = 0.005
SETTINGS = {
    "20 modes, float64": Solver(),
    "12 modes, float64": Solver(modes=12),
    "20 modes, float32": Solver(precision="float32"),
    "12 modes, float32": Solver(modes=12, precision="float32"),
}
every_setting = pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
NONE = np.zeros(0, dtype=np.int64)


def rows_of(lanes: Lanes, solver: Solver, levels: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """v_m at all nodes, shape (n_steps + 1, n_nodes, n_lanes)."""
    cable = lanes.cable
    n_nodes = max(lanes.node_counts)
    where = [lanes.place(k, at.U, i) for k in range(n_nodes) for i in range(lanes.n_lanes)]
    out = np.empty((levels.shape[0], len(where)), dtype=cable.buffer.dtype)
    edges = np.any(np.diff(levels, axis=0) != 0.0, axis=1).astype(np.int64)
    run(
        cable, lanes.widen(amplitudes), levels, edges, solver.dt_ms,
        NEURON if solver.scheme == "neuron" else SECOND_ORDER, 1, np.array(where), out, NONE, 0.0,
        np.zeros((0, 0)), NONE,
    )  # fmt: skip
    return out.reshape(-1, n_nodes, lanes.n_lanes).astype(np.float64) + cable.rest_mv


def lanes_voltage(
    fibers: list[Fiber],
    potentials: list[np.ndarray],
    waveforms: np.ndarray,
    amplitudes: list[float],
    solver: Solver | None = None,
    injections: tuple[tuple[int, float], ...] = (),
) -> np.ndarray:
    """v_m at all nodes, shape (n_steps + 1, n_nodes, n_lanes).

    Potentials of shape (n_fields, n_compartments), waveforms of shape (n_sources, n_steps): fields, then
    intracellular currents. `amplitudes` go to all fields, one per fiber; spare lanes take the first.
    """
    solver = solver or Solver()
    lanes = assemble_lanes(fibers, [np.atleast_2d(v) for v in potentials], solver, injections)
    wide = np.ones((lanes.n_sources, lanes.n_lanes))
    wide[: lanes.n_sources - len(injections)] = amplitudes[0]
    wide[: lanes.n_sources - len(injections), : len(amplitudes)] = amplitudes
    levels = np.concatenate([np.zeros((1, lanes.n_sources)), np.atleast_2d(waveforms).T])
    return rows_of(lanes, solver, levels, wide)


def bumpy_potential(fiber: Fiber, distance_mm: float = 0.6, place: float = 0.37) -> np.ndarray:
    """A source off the middle of the fiber, mV per mA, in a medium of 0.3 S/m."""
    z = fiber.arc_lengths_um() * 1e-3
    return -1e3 / (4 * np.pi * 0.3 * np.hypot(distance_mm, z - place * z[-1]))


def two_phases(n_steps: int = 90) -> np.ndarray:
    """A pulse of 0.1 ms and a second one of half the size and the other sign, in steps of 5 µs."""
    waveform = np.zeros(n_steps)
    waveform[10:30] = 1.0
    waveform[40:60] = -0.5
    return waveform


CASES = [
    ("mrg_discrete", 10.0, 0.4),
    ("mrg_discrete", 10.0, -4.0),
    ("mrg", 6.5, 0.4),
    ("mrg_discrete", 1.0, 2.0),
]


@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
@pytest.mark.parametrize(("model", "diameter", "amplitude"), CASES)
def test_field_response_equals_the_full_double_cable(
    model: str, diameter: float, amplitude: float, scheme: str
) -> None:
    fiber = Fiber(model, diameter, n_nodes=7)
    v_e = bumpy_potential(fiber)
    expected = plain.simulate(fiber, v_e, two_phases(), amplitude, DT, scheme=scheme)
    out = lanes_voltage([fiber], [v_e], two_phases(), [amplitude], Solver(scheme=scheme))
    nodes = slice(1, -1)
    # Two exact solutions of one linear scheme: rounding times the condition of the dense solve, and gates to
    # 1e-10 of their rates.
    assert np.max(np.abs(out[:, nodes, 0].T - expected[nodes])) < 1e-5
    assert np.max(expected[nodes]) > -20.0


@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
def test_intracellular_response_equals_the_full_double_cable(scheme: str) -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=6)
    current = np.zeros(100)
    current[4:24] = 1.0
    nothing = np.zeros((0, fiber.n_compartments))
    expected = plain.simulate(
        fiber, np.zeros(fiber.n_compartments), 0 * current, 0.0, DT, (1, 2.0 * current), scheme
    )
    out = lanes_voltage([fiber], [nothing], current, [0.0], Solver(scheme=scheme), ((1, 2.0),))
    assert np.max(np.abs(out[:, 1:-1, 0].T - expected[1:-1])) < 1e-5
    assert np.max(expected[4]) > 0.0


@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
def test_two_fields_and_a_current_at_once_equal_the_full_double_cable(scheme: str) -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=6)
    fields = np.vstack([bumpy_potential(fiber), bumpy_potential(fiber, 0.4, 0.7)])
    levels = np.zeros((3, 90))
    levels[0] = two_phases()
    levels[1, 20:45] = -0.7
    levels[2, 5:25] = 1.0
    expected = plain.simulate(fiber, fields, levels[:2], 0.3, DT, (2, 1.2 * levels[2]), scheme)
    out = lanes_voltage([fiber], [fields], levels, [0.3], Solver(scheme=scheme), ((2, 1.2),))
    assert np.max(np.abs(out[:, 1:-1, 0].T - expected[1:-1])) < 1e-5
    assert np.max(expected[1:-1]) > -20.0


@every_setting
def test_sources_of_one_waveform_act_as_the_sum_of_their_fields(setting: Solver) -> None:
    fiber = Fiber("mrg", 8.0, n_nodes=9)
    fields = np.vstack([bumpy_potential(fiber), -0.6 * bumpy_potential(fiber, 0.4, 0.7)])
    two = lanes_voltage([fiber], [fields], np.vstack([two_phases()] * 2), [0.3], setting)
    one = lanes_voltage([fiber], [fields.sum(axis=0)], two_phases(), [0.3], setting)
    # Rounding of a sum of two: 1e-13 and 1e-5 of 100 mV, times 100 along a spike.
    assert np.max(np.abs(two - one)) < (1e-9 if setting.precision == "float64" else 1e-1)
    assert np.max(one) > -20.0


def spikes_ms(out: np.ndarray, dt_ms: float, level_mv: float = -30.0) -> np.ndarray:
    """First upward crossing at each node but the ends, ms, linear between steps."""
    found = []
    for v in out[:, 1:-1, 0].T:
        n = np.flatnonzero((v[:-1] <= level_mv) & (v[1:] > level_mv))[0]
        found.append(dt_ms * (n + (level_mv - v[n]) / (v[n + 1] - v[n])))
    return np.array(found)


# Share of the range of voltages by which these settings may differ from all modes in float64. Measured: 6e-5 and 3e-6,
# right after an edge of the field, where the modes that are not followed lag by less than 1e-3 ms.
SHARES = {(12, "float64"): 2e-4, (20, "float32"): 1e-5, (12, "float32"): 2e-4}


@pytest.mark.parametrize(("modes", "precision"), SHARES)
@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
@pytest.mark.parametrize(("model", "diameter", "amplitude"), CASES)
def test_fewer_modes_and_digits_change_little(
    model: str, diameter: float, amplitude: float, scheme: str, modes: int, precision: str
) -> None:
    fiber = Fiber(model, diameter, n_nodes=7)
    v_e = bumpy_potential(fiber)
    exact, other = (
        lanes_voltage([fiber], [v_e], two_phases(), [amplitude], solver)[:, 1:-1, 0]
        for solver in (Solver(scheme), Solver(scheme, modes=modes, precision=precision))
    )
    assert np.max(np.abs(other - exact)) < SHARES[modes, precision] * np.ptp(exact)


@pytest.mark.parametrize(("scheme", "order"), [("neuron", 1.0), ("second_order", 2.0)])
def test_spikes_converge_with_the_order_of_their_scheme(scheme: str, order: float) -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=9)
    times = []
    for dt_us in (2.5, 1.25, 0.625, 0.3125):
        waveform = np.zeros(round(1200.0 / dt_us))
        waveform[: round(100.0 / dt_us)] = 1.0
        solver = Solver(scheme=scheme, dt_us=dt_us)
        out = lanes_voltage([fiber], [bumpy_potential(fiber)], waveform, [0.4], solver)
        times.append(spikes_ms(out, solver.dt_ms))
    changes = np.max(np.abs(np.diff(times, axis=0)), axis=1)
    # The interpolation of crossings leaves 10 % of the last change of the second-order scheme.
    assert np.log2(changes[0] / changes[2]) / 2.0 == pytest.approx(order, abs=0.1)


@every_setting
def test_a_lane_does_not_depend_on_its_neighbors_or_its_place(setting: Solver) -> None:
    waveform = two_phases(120)
    fibers = [Fiber("mrg", d, n_nodes=n) for d, n in ((4.0, 15), (8.0, 9), (15.0, 21), (2.0, 5))]
    potentials = [bumpy_potential(fiber) for fiber in fibers]
    amplitudes = [0.9, 0.4, -0.3, 2.0]
    solver = replace(setting, scheme="second_order")
    together = lanes_voltage(fibers, potentials, waveform, amplitudes, solver)
    backward = lanes_voltage(fibers[::-1], potentials[::-1], waveform, amplitudes[::-1], solver)
    for i, fiber in enumerate(fibers):
        alone = lanes_voltage([fiber], [potentials[i]], waveform, [amplitudes[i]], solver)
        n = fiber.node_count
        assert np.array_equal(together[:, :n, i], alone[:, :n, 0])
        assert np.array_equal(together[:, :n, i], backward[:, :n, 3 - i])
        assert np.array_equal(alone[:, :n, 0], alone[:, :n, lanes_of(solver) - 1])


@every_setting
def test_lanes_laid_anew_carry_their_fibers_with_them(setting: Solver) -> None:
    fibers = [Fiber("mrg", d, n_nodes=n) for d, n in ((4.0, 11), (8.0, 9), (15.0, 7))]
    potentials = [bumpy_potential(fiber)[None] for fiber in fibers]
    lanes = assemble_lanes(fibers, potentials, setting, ((3, 0.5),))
    order = np.zeros(lanes.n_lanes, dtype=np.int64)
    order[:5] = [2, 2, 1, 0, 1]
    anew = lanes.take(order)
    assert anew.node_counts[:5] == (7, 7, 9, 11, 9)
    assert anew.n_lanes == lanes.n_lanes
    waveforms = np.vstack([two_phases(), np.roll(two_phases(), 5)])
    levels = np.concatenate([np.zeros((1, 2)), waveforms.T])
    amplitudes = np.ones((2, lanes.n_lanes))
    amplitudes[0] = np.linspace(0.1, 0.6, lanes.n_lanes)
    moved = rows_of(anew, setting, levels, amplitudes[:, order])
    kept = rows_of(lanes, setting, levels, amplitudes)
    for lane in range(5):
        n = anew.node_counts[lane]
        assert np.array_equal(moved[:, :n, lane], kept[:, :n, order[lane]])


def test_laying_lanes_anew_leaves_the_old_ones_alone() -> None:
    fiber = Fiber("mrg", 8.0, n_nodes=5)
    lanes = assemble_lanes([fiber], [bumpy_potential(fiber)[None]], Solver())
    before = lanes.cable.buffer.copy()
    anew = lanes.take(np.arange(lanes.n_lanes))
    anew.cable.buffer[:] = 0.0
    anew.cable.force[:] = 0.0
    assert np.array_equal(lanes.cable.buffer, before)
    assert np.any(lanes.cable.force)


def test_rest_is_the_published_one() -> None:
    # models.md 2.5: after start-up of a 10 µm fiber with 11 nodes the node is at -79.963 mV.
    out = lanes_voltage(
        [Fiber("mrg_discrete", 10.0, n_nodes=11)], [np.zeros(111)], np.zeros((1, 1)), [0.0]
    )
    assert out[0, 5, 0] == pytest.approx(-79.963, abs=5e-4)


@pytest.mark.parametrize("scheme", ["neuron", "second_order"])
def test_rest_stays_rest(scheme: str) -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=11)
    nothing = np.zeros((1, fiber.n_compartments))
    out = lanes_voltage([fiber], [nothing], np.zeros(400), [0.0], Solver(scheme=scheme))
    # 40 steps of 5 ms settle all but the slowest gate (s, some ms at rest): 1e-4 mV are left to drift.
    assert np.max(np.abs(out - out[0])[:, 1:-1]) < 1e-4


def test_response_is_linear_in_the_field_far_below_threshold() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=11)
    v_e = bumpy_potential(fiber)
    waveform = np.zeros(40)
    waveform[5:25] = 1.0
    rest = lanes_voltage([fiber], [v_e], waveform, [0.0])[:, :, 0]
    one = lanes_voltage([fiber], [v_e], waveform, [1e-5])[:, :, 0] - rest
    three = lanes_voltage([fiber], [v_e], waveform, [3e-5])[:, :, 0] - rest
    scale = np.max(np.abs(one))
    # The channels bend the response by about (v / 10 mV)², 1e-7 here, and rounding is 1e-12 mV.
    assert np.max(np.abs(three - 3.0 * one)) < 1e-3 * scale


@every_setting
def test_not_finite_fills_only_its_own_lane(setting: Solver) -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=9)
    v_e = bumpy_potential(fiber)
    waveform = np.zeros(30)
    waveform[5:25] = 1.0
    clean = lanes_voltage([fiber, fiber], [v_e, v_e], waveform, [0.1, 0.1], setting)
    broken = lanes_voltage([fiber, fiber], [v_e, v_e], waveform, [0.1, np.nan], setting)
    assert not np.all(np.isfinite(broken[:, :, 1]))
    assert np.array_equal(broken[:, :, 0], clean[:, :, 0])


@pytest.mark.parametrize(
    ("potentials", "words"),
    [
        ([], ["0 potentials for 1 fibers", "one array per fiber"]),
        ([np.zeros(54)], ["shape (54,)", "5 nodes has 45 compartments", "compartment_positions_mm"]),
        ([np.zeros((1, 1, 45))], ["shape (1, 1, 45)"]),
        ([np.full(45, np.nan)], ["fiber 0 at compartment 0 is nan", "move the fiber off the contact"]),
        ([np.r_[np.zeros(40), np.inf, np.zeros(4)]], ["compartment 40 is inf", "mV per mA"]),
        ([np.r_["0,2", np.zeros(45), np.full(45, -np.inf)]], ["compartment 0 is -inf"]),
    ],
)  # fmt: skip
def test_potentials_that_do_not_belong_to_the_fibers_are_refused(
    potentials: list[np.ndarray], words: list[str]
) -> None:
    with pytest.raises(GeometryError) as caught:
        check_potentials([Fiber("mrg", 8.0, n_nodes=5)], potentials)
    for word in words:
        assert word in str(caught.value)


def test_fibers_of_two_membranes_do_not_ride_together() -> None:
    fibers = [Fiber("mrg", 8.0, n_nodes=5), Fiber("mrg_small", 3.0, n_nodes=5)]
    nothing = [np.zeros((1, fiber.n_compartments)) for fiber in fibers]
    with pytest.raises(
        ModelError, match=r"membranes mrg_\w+, mrg_small_node in one group: .*one model"
    ):
        assemble_lanes(fibers, nothing, Solver())


@every_setting
def test_groups_hold_one_membrane_and_fibers_of_like_length(setting: Solver) -> None:
    counts = np.random.default_rng(5).permutation(np.arange(5, 85))
    fibers = [Fiber(("mrg", "mrg_small")[n % 3 == 0], 5.0, n_nodes=int(n)) for n in counts.tolist()]
    groups = lane_groups(fibers, setting)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(fibers)))
    for group in groups:
        assert 1 <= group.size <= lanes_of(setting)
        assert len({fibers[i].morphology.membrane for i in group}) == 1
        assert np.all(np.diff([fibers[i].node_count for i in group]) > 0)
    assert sum(group.size < lanes_of(setting) for group in groups) <= 2
