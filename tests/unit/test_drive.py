"""What drives fibers: sources and currents in time steps, and what is refused before anything runs."""

import numpy as np
import pytest

from scsim.errors import GeometryError, ModelError, ScsimError, StimulusError
from scsim.fibers import Fiber
from scsim.fibers.solver import Solver
from scsim.response import IntracellularPulse, Source, find_thresholds, simulate
from scsim.response.drive import as_pulses, check_amplitude, check_node, n_steps_of, sample_drive
from scsim.stimulus.carrier import Carrier
from scsim.stimulus.pulse import Pulse
from scsim.stimulus.train import PulseTrain

FIBER = Fiber("mrg", 10.0, n_nodes=9)
PULSE = Pulse(100.0)
UNIT = np.ones((1, FIBER.n_compartments))
SOLVER = Solver()


def drive_of(main=None, sources=(), currents=(), solver=SOLVER, window_ms=1.0, onsets=(0.1,)):
    return sample_drive(
        [FIBER], main, sources, currents, solver=solver, window_ms=window_ms, onsets_ms=onsets
    )


def test_each_source_has_its_column_its_field_and_its_amplitude() -> None:
    main = Source([np.vstack([UNIT, 2.0 * UNIT])], PULSE, 1.0, (-0.25, -0.75))
    other = Source([3.0 * UNIT], PulseTrain(PULSE, (0.4,)), 0.7, polarity="anodic")
    current = IntracellularPulse(3, 1.5, 0.6, 0.05)
    drive = drive_of(main, (other,), (current,))
    assert drive.levels.shape == (201, 3)
    assert np.flatnonzero(drive.levels[:, 0]).tolist() == list(range(21, 41))
    assert np.flatnonzero(drive.levels[:, 1]).tolist() == list(range(81, 101))
    assert np.flatnonzero(drive.levels[:, 2]).tolist() == list(range(121, 131))
    assert set(np.unique(drive.levels)) == {0.0, 1.0}
    assert np.flatnonzero(drive.edges).tolist() == [20, 40, 80, 100, 120, 130]
    assert drive.fixed.tolist() == [0.0, 0.7, 1.0]
    assert drive.fields[0].shape == (2, FIBER.n_compartments)
    assert np.allclose(drive.fields[0][0], -1.75, rtol=1e-15)
    assert np.all(drive.fields[0][1] == 3.0)
    assert drive.injections == ((3, 1.5),)
    assert drive.over_ms == pytest.approx(0.65)
    assert drive.n_steps == 200
    assert drive.has_main
    table = drive.amplitudes(np.array([0.1, 0.2]))
    assert table.tolist() == [[0.1, 0.2], [0.7, 0.7], [1.0, 1.0]]
    alone = drive.amplitudes(np.array([0.1, 0.2]), is_alone=True)
    assert alone.tolist() == [[0.1, 0.2], [0.0, 0.0], [0.0, 0.0]]


def test_the_main_source_may_be_missing_or_alone() -> None:
    without = drive_of(None, (), (IntracellularPulse(3, 1.5, 0.6, 0.05),))
    assert not without.has_main
    assert without.amplitudes(np.array([5.0])).tolist() == [[1.0]]
    nothing = drive_of()
    assert nothing.levels.shape == (201, 0)
    assert nothing.over_ms == 0.0


def test_a_source_without_end_is_never_over() -> None:
    drive = drive_of(None, (Source([UNIT], Carrier("sine", 5000.0), 1.0),))
    assert drive.over_ms == np.inf


def test_lone_pulses_are_placed_at_the_onsets_of_the_main_source_only() -> None:
    main, other = Source([UNIT], PULSE, 1.0), Source([UNIT], PULSE, 1.0)
    drive = drive_of(main, (other,), onsets=(0.2, 0.6))
    assert np.flatnonzero(np.diff(drive.levels[:, 0]) > 0).tolist() == [40, 120]
    assert np.flatnonzero(np.diff(drive.levels[:, 1]) > 0).tolist() == [0]


def test_pulses_are_a_tuple_however_many_there_are() -> None:
    pulse = IntracellularPulse(1, 1.0, 0.1, 0.1)
    assert as_pulses(None) == ()
    assert as_pulses(pulse) == (pulse,)
    assert as_pulses([pulse, pulse]) == (pulse, pulse)


def test_number_of_steps_of_a_window() -> None:
    assert n_steps_of(1.0, SOLVER) == 200
    assert n_steps_of(0.3, Solver(dt_us=100.0)) == 3


@pytest.mark.parametrize("window_ms", [0.0, 0.004, -1.0, np.inf, np.nan])
def test_windows_without_a_step_or_an_end_are_refused(window_ms: float) -> None:
    with pytest.raises(
        StimulusError,
        match=r"window_ms = .* ms with dt_us = 5 µs.*at least one step and at most 2e\+07; 5 ms",
    ):
        n_steps_of(window_ms, SOLVER)


@pytest.mark.parametrize("amplitude", [0.0, -2.0, np.nan])
def test_amplitudes_that_are_no_sizes_are_refused(amplitude: float) -> None:
    with pytest.raises(StimulusError, match=rf"amplitude_ma = {amplitude:g} mA: .*above 0; shares"):
        check_amplitude(amplitude)
    with pytest.raises(StimulusError, match=rf"amplitude_ma = {amplitude:g} mA"):
        drive_of(None, (Source([UNIT], PULSE, amplitude),))


@pytest.mark.parametrize("node", [0, 8, 9, -1, 1.0])
def test_nodes_without_channels_take_no_current(node: float) -> None:
    with pytest.raises(
        ModelError, match=rf"node {node} cannot rest: .*9 nodes.*nodes 1 to 7; choose"
    ):
        check_node(FIBER, node, "rest")
    with pytest.raises(ModelError, match=rf"node {node} cannot take a current"):
        drive_of(None, (), (IntracellularPulse(node, 1.0, 0.1, 0.1),))


def test_nodes_may_come_from_an_array() -> None:
    assert check_node(FIBER, np.int64(4), "rest") == 4


@pytest.mark.parametrize(
    ("current", "words"),
    [
        (IntracellularPulse(3, 1.0, 0.5, -0.1), ["from 0.5 to 0.4 ms", "covers no step of 0.005 ms", "longer"]),
        (IntracellularPulse(3, 1.0, 2.0, 0.1), ["from 2 to 2.1 ms", "window of 1 ms", "move it"]),
        (IntracellularPulse(3, np.nan, 0.1, 0.1), ["current_na = nan nA", "finite", "2 nA is usual"]),
        (IntracellularPulse(3, np.inf, 0.1, 0.1), ["current_na = inf nA"]),
    ],
)  # fmt: skip
def test_currents_that_would_do_nothing_or_too_much_are_refused(
    current: IntracellularPulse, words: list[str]
) -> None:
    with pytest.raises(StimulusError) as caught:
        drive_of(None, (), (current,))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        (Source([UNIT], PULSE, 1.0, polarity="left"), StimulusError, ["'left'", "'cathodic' or 'anodic'; choose"]),
        (Source([UNIT], PULSE, 1.0, (1.0,), "anodic"), StimulusError, ["'anodic' with shares", "leave one"]),
        (Source([UNIT], PULSE, 1.0, (1.0, -1.0)), StimulusError, ["2 shares for 1 contacts", "one share per"]),
        (Source([UNIT], PULSE, 1.0, (0.0,)), StimulusError, ["shares = [0.0]", "choose a cathode"]),
        (Source([UNIT], PULSE, 1.0, (np.inf,)), StimulusError, ["shares = [inf]", "finite"]),
        (Source([UNIT[0]], PULSE, 1.0), GeometryError, ["shape (89,)", "(n_contacts, 89)", "unit_potential_along"]),
        (Source([UNIT[:, 1:]], PULSE, 1.0), GeometryError, ["shape (1, 88)", "10 µm fiber with 9 nodes"]),
        (Source([], PULSE, 1.0), GeometryError, ["0 potentials for 1 fibers", "one array per fiber"]),
        (Source([UNIT], "pulse", 1.0), StimulusError, ["'pulse' is no waveform", "Give a Pulse"]),
        (Source([UNIT], Pulse(103.0), 1.0), StimulusError, ["103 µs", "dt_ms = 0.005 ms", "would fit"]),
        (Source([UNIT], PulseTrain(PULSE, (0.95,)), 1.0), StimulusError, ["ends at 1.05 ms", "window_ms = 1 ms"]),
        (Source([UNIT], Carrier("sine", 5000.0, onset_ms=3.0), 1.0), StimulusError, ["zero everywhere", "1 ms"]),
    ],
)  # fmt: skip
def test_sources_that_cannot_work_are_refused(
    source: Source, kind: type[ScsimError], words: list[str]
) -> None:
    good = Source([UNIT], PULSE, 1.0)
    for refused in (
        lambda: drive_of(source),
        lambda: drive_of(good, (source,)),
        lambda: simulate([FIBER], sources=(source,), window_ms=1.0),
    ):
        with pytest.raises(kind) as caught:
            refused()
        for word in words:
            assert word in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_potentials_that_are_not_finite_are_refused(value: float) -> None:
    v_e = UNIT.copy()
    v_e[0, 12] = value
    second = (Source([v_e], PULSE, 1.0),)
    words = rf"fiber 0 at compartment 12 is -?{value}: .*finite number of mV per mA; move the fiber"
    for refused in (
        lambda: find_thresholds([FIBER], [v_e], PULSE),
        lambda: simulate([FIBER], [v_e], PULSE, amplitude_ma=1.0),
        lambda: simulate([FIBER], [UNIT], PULSE, amplitude_ma=1.0, sources=second),
    ):
        with pytest.raises(GeometryError, match=words):
            refused()
