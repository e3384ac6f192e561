"""The walk of a search: which amplitude is tried next, and what is known at the end."""

import itertools
import math

import pytest

from scsim.errors import Status
from scsim.kernels.layouts import BROKEN, FIRED, OPEN, SILENT
from scsim.response.search import (
    Bracket,
    SearchRange,
    next_amplitudes,
    walk,
)

WITHIN = SearchRange(smallest_ma=0.01, largest_ma=10.0, growth=2.0, rtol=0.1)


def follow(outcomes: list[int], start_ma: float = 1.0) -> Bracket:
    bracket = Bracket(start_ma)
    for outcome in outcomes:
        assert not bracket.is_decided
        bracket = bracket.after(outcome, WITHIN)
    return bracket


def search(threshold_ma: float, start_ma: float) -> Bracket:
    """Search a fiber that fires from a threshold on, one trial after the other."""
    bracket = Bracket(start_ma)
    while not bracket.is_decided:
        bracket = bracket.after(FIRED if bracket.amplitude_ma >= threshold_ma else SILENT, WITHIN)
    return bracket


@pytest.mark.parametrize("start_ma", [0.01, 0.3, 1.0, 10.0])
@pytest.mark.parametrize("threshold_ma", [0.0101, 0.29, 1.0, 1.7, 9.99])
def test_threshold_lies_in_the_bracket_wherever_the_walk_begins(
    threshold_ma: float, start_ma: float
) -> None:
    found = search(threshold_ma, start_ma)
    assert found.status == Status.OK
    assert found.lower_ma < threshold_ma <= found.upper_ma
    assert found.upper_ma - found.lower_ma < WITHIN.rtol * found.upper_ma


def test_growth_then_bisection() -> None:
    assert follow([SILENT]).amplitude_ma == 2.0
    assert follow([FIRED]).amplitude_ma == 0.5
    bracketed = follow([SILENT, SILENT, FIRED])
    assert (bracketed.lower_ma, bracketed.upper_ma, bracketed.amplitude_ma) == (2.0, 4.0, 3.0)
    assert follow([SILENT, SILENT, FIRED, FIRED]).amplitude_ma == 2.5


def test_range_is_searched_to_its_ends_and_not_beyond() -> None:
    up = follow([SILENT] * 4)
    assert up.amplitude_ma == 10.0
    assert up.after(SILENT, WITHIN).status == Status.NO_THRESHOLD_IN_RANGE
    assert up.after(SILENT, WITHIN).is_decided
    down = follow([FIRED] * 7)
    assert down.amplitude_ma == 0.01
    assert down.after(FIRED, WITHIN).status == Status.ACTIVE_AT_LOWER_BOUND


def test_what_is_open_counts_as_silent_and_is_not_forgotten() -> None:
    waiting = follow([OPEN])
    assert (waiting.lower_ma, waiting.amplitude_ma, waiting.was_open) == (1.0, 2.0, True)
    assert waiting.status == Status.NOT_DECIDED
    assert follow([OPEN, SILENT, SILENT, SILENT, SILENT]).status == Status.NOT_DECIDED
    # A bracket whose lower side was decided holds a threshold.
    assert follow([OPEN, FIRED, SILENT, SILENT, SILENT]).status == Status.OK
    last_open = follow([SILENT, FIRED, OPEN])
    assert last_open.status == Status.NOT_DECIDED


def test_not_finite_ends_the_walk() -> None:
    broken = follow([SILENT, BROKEN])
    assert broken.is_decided
    assert broken.status == Status.NOT_FINITE


@pytest.mark.parametrize("n_most", [1, 2, 3, 7, 16])
def test_trials_beforehand_are_those_that_may_be_needed(n_most: int) -> None:
    for start in ([], [SILENT], [SILENT, FIRED]):
        bracket = follow(start)
        found = next_amplitudes(bracket, n_most, WITHIN)
        assert found[0] == bracket.amplitude_ma
        assert len(found) == len(set(found)) <= n_most
        possible = set()
        for length in range(n_most):
            for outcomes in itertools.product((FIRED, SILENT), repeat=min(length, 5)):
                state = bracket
                for outcome in outcomes:
                    if not state.is_decided:
                        state = state.after(outcome, WITHIN)
                if not state.is_decided:
                    possible.add(state.amplitude_ma)
        assert set(found) <= possible


def test_nearest_trials_come_first() -> None:
    bracket = follow([SILENT, FIRED])
    assert next_amplitudes(bracket, 3, WITHIN) == [1.5, 1.25, 1.75]


def test_few_trials_are_left_near_the_end() -> None:
    nearly = Bracket(1.06, lower_ma=1.0, upper_ma=1.12)
    assert next_amplitudes(nearly, 16, WITHIN) == [1.06]


@pytest.mark.parametrize("room", [1, 2, 5, 16])
@pytest.mark.parametrize("threshold_ma", [0.02, 0.77, 3.1])
def test_trials_beforehand_change_nothing_but_their_number(room: int, threshold_ma: float) -> None:
    bracket, n_runs = Bracket(1.0), 0
    while not bracket.is_decided:
        tried = next_amplitudes(bracket, room, WITHIN)
        outcomes = {a: FIRED if a >= threshold_ma else SILENT for a in tried}
        bracket, n_runs = walk(bracket, outcomes, WITHIN), n_runs + 1
    assert bracket == search(threshold_ma, 1.0)
    if room == 16:
        assert n_runs <= 4


def test_walk_stops_where_trials_end() -> None:
    bracket = walk(Bracket(1.0), {1.0: SILENT, 4.0: FIRED}, WITHIN)
    assert bracket.amplitude_ma == 2.0
    assert walk(bracket, {}, WITHIN) == bracket


def test_a_bracket_above_an_open_trial_is_not_a_threshold() -> None:
    # What was on its way at the lower end may have arrived later, so the threshold may lie below.
    found = follow([OPEN, FIRED, FIRED, FIRED, FIRED, FIRED])
    assert found.is_decided
    assert found.lower_ma == 1.0
    assert found.status == Status.NOT_DECIDED


def test_a_bracket_of_neighboring_numbers_ends_the_walk() -> None:
    finest = SearchRange(smallest_ma=0.01, largest_ma=10.0, growth=2.0, rtol=1e-17)
    bracket = Bracket(1.0)
    for _ in range(200):
        if bracket.is_decided:
            break
        bracket = bracket.after(FIRED if bracket.amplitude_ma >= 0.3 else SILENT, finest)
    assert bracket.is_decided
    assert math.nextafter(bracket.lower_ma, 1.0) == bracket.upper_ma
