"""The solver of a study: one scheme, and the largest step that fits the pulse."""

from itertools import pairwise

import pytest

from scsim.errors import StimulusError
from scsim.fibers.solver import Solver
from scsim.stimulus.pulse import Pulse
from scsim.study.stages.solver import FINEST_US, STEPS_US, STUDY_SOLVER, fits, study_solver
from tests.study.small_study import small_study


@pytest.mark.parametrize(
    ("pulse", "dt_us"),
    [
        (Pulse(210.0), 10.0),
        (Pulse(10.0), 10.0),
        (Pulse(215.0), 5.0),
        (Pulse(5.0), 5.0),
        (Pulse(212.5), 2.5),
        (Pulse(210.0, "biphasic"), 10.0),
        (Pulse(210.0, "biphasic", 5.0), 5.0),
        (Pulse(210.0, "biphasic", 2.5), 2.5),
        (Pulse(215.0, "biphasic", 5.0), 5.0),
        (Pulse(90.0, "asymmetric", 0.0, 2.5), 5.0),
        (Pulse(100.0, "asymmetric", 0.0, 2.0), 10.0),
    ],
)
def test_step_is_the_largest_that_fits_every_phase(pulse: Pulse, dt_us: float) -> None:
    solver = study_solver(pulse)
    assert solver == Solver(scheme="second_order", dt_us=dt_us)
    for phase in pulse.phases():
        for time_us in (phase.start_us, phase.end_us):
            assert time_us % dt_us == 0.0


def test_each_step_divides_what_the_coarser_ones_divide() -> None:
    assert sorted(STEPS_US, reverse=True) == list(STEPS_US)
    assert [a / b for a, b in pairwise(STEPS_US)] == [2.0, 2.0]
    assert STUDY_SOLVER.dt_us == STEPS_US[0]
    assert STEPS_US[-1] == FINEST_US


@pytest.mark.parametrize(
    ("pulse", "words"),
    [
        (Pulse(211.0), ["at 211 µs", "at least 2.5 µs", "multiples of 2.5 µs"]),
        (Pulse(210.0, "biphasic", 1.0), ["at 211, 421 µs", "round widths and gap"]),
        (Pulse(1e-9), ["at 1e-09 µs"]),
    ],
)
def test_pulses_between_the_steps_are_refused(pulse: Pulse, words: list[str]) -> None:
    with pytest.raises(StimulusError) as caught:
        study_solver(pulse)
    for word in words:
        assert word in str(caught.value)


def test_what_counts_as_whole_steps() -> None:
    assert fits(0.0)
    assert fits(210.0 + 1e-8)
    assert not fits(1e-9)
    assert not fits(1.0)
    assert fits(15.0, 5.0)
    assert not fits(15.0, 10.0)


@pytest.mark.parametrize("width_us", [215.0, 212.5])
def test_configs_may_have_widths_that_are_no_multiples_of_the_usual_step(width_us: float) -> None:
    study = small_study(f"stimulus.pulse_width_us={width_us}")
    assert study.cases[0].config.stimulus.pulse_width_us == width_us
