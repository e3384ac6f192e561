"""Invariants of readouts: splitting conserves spikes, shifts change nothing, no part is negative."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scsim.circuit.readouts.locking import (
    pulse_phases,
    split_by_pulse,
    split_rates,
    vector_strength,
)
from scsim.circuit.readouts.readout import peristimulus_histogram, spike_rate_hz

TIMES = st.lists(st.integers(0, 80_000), max_size=120).map(
    lambda steps: np.sort(np.array(steps, dtype=np.float64)) * 0.0125
)
PULSES = st.one_of(
    TIMES,
    st.floats(0.5, 1000.0).map(lambda rate_hz: np.arange(0.0, 1000.0, 1000.0 / rate_hz)),
)
WINDOWS = st.tuples(st.floats(0.0, 400.0), st.floats(1.0, 600.0)).map(
    lambda pair: {"from_ms": pair[0], "to_ms": pair[0] + pair[1]}
)


@given(TIMES, PULSES, WINDOWS, st.floats(0.1, 40.0), st.floats(0.0, 500.0))
def test_parts_add_up_to_the_whole_and_none_is_negative(
    spikes: np.ndarray, pulses: np.ndarray, window: dict[str, float], lock_ms: float, rest: float
) -> None:
    split = split_rates(spikes, pulses, **window, lock_ms=lock_ms, unstimulated_rate_hz=rest)
    total = spike_rate_hz(spikes, window["from_ms"], window["to_ms"])
    assert np.isclose(split.total_rate_hz, total, rtol=1e-12)
    parts = split.c_driven_rate_hz + split.pulse_locked_rate_hz
    assert np.isclose(parts, total, rtol=1e-12, atol=1e-12)
    assert 0 <= split.c_driven_rate_hz <= min(max(total, 0.0) * (1 + 1e-12), rest)
    assert split.pulse_locked_rate_hz >= 0
    assert 0 <= split.late_rate_hz <= total * (1 + 1e-12)


@given(TIMES, WINDOWS)
def test_without_pulses_all_is_c_driven(spikes: np.ndarray, window: dict[str, float]) -> None:
    split = split_rates(spikes, [], **window)
    assert split.c_driven_rate_hz == split.total_rate_hz == split.late_rate_hz


@given(TIMES, st.floats(0.5, 55.0), st.integers(1, 4000))
def test_split_does_not_depend_on_when_the_clock_starts(
    spikes: np.ndarray, rate_hz: float, steps: int
) -> None:
    shift = steps * 0.25  # exact in binary, as the spike times need not be
    pulses = np.round(np.arange(0.0, 1000.0, 1000.0 / rate_hz) * 8) / 8
    spikes = np.round(spikes * 8) / 8 + 1 / 16
    here = split_rates(spikes, pulses, from_ms=0, to_ms=1000)
    there = split_rates(spikes + shift, pulses + shift, from_ms=shift, to_ms=1000 + shift)
    assert np.allclose(here, there, rtol=1e-9)


@given(TIMES, PULSES)
def test_mask_agrees_with_the_plain_definition(spikes: np.ndarray, pulses: np.ndarray) -> None:
    mask = split_by_pulse(spikes, pulses)
    for spike, is_late in zip(spikes, mask, strict=True):
        before = pulses[pulses <= spike]
        assert is_late == (before.size == 0 or spike - before[-1] > 12.0)


@given(TIMES, st.lists(st.integers(1, 40), max_size=20, unique=True))
def test_histogram_keeps_every_spike_of_windows_that_tile_the_run(
    spikes: np.ndarray, marks: list[int]
) -> None:
    pulses = 25.0 * np.sort(np.array(marks, dtype=np.float64))
    found = peristimulus_histogram(spikes, pulses, from_ms=0, to_ms=25, bin_ms=5)
    inside = [spikes[(spikes >= p) & (spikes < p + 25)].size for p in pulses]
    assert found.counts.sum() == sum(inside)


@settings(max_examples=50)
@given(TIMES, st.floats(1.0, 300.0), st.floats(0.0, 1.0))
def test_vector_strength_is_a_share_that_no_turn_changes(
    spikes: np.ndarray, rate_hz: float, turn: float
) -> None:
    phases = pulse_phases(spikes, np.arange(0.0, 1000.0, 1000.0 / rate_hz))
    assert np.all((phases >= 0) & (phases < 1))
    if phases.size:
        strength = vector_strength(phases)
        assert 0 <= strength <= 1 + 1e-12
        assert np.isclose(vector_strength(phases + turn), strength, atol=1e-12)
