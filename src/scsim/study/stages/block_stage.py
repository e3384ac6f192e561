"""The stage in which the amplitude is searched that blocks each fiber.

It follows from the field and the rate of the current; the amplitude of ``[stimulus]`` has no part in it. Physics is in
`scsim.response.block`; the table of stages is in ``stages/table.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.electrodes.montage import share_vector
from scsim.fibers.assemble import lanes_of
from scsim.fibers.fiber import Fiber
from scsim.fibers.solver import Solver
from scsim.fields.unit_potential import superpose
from scsim.response.block import GROWTH, find_block_thresholds
from scsim.response.drive import IntracellularPulse
from scsim.response.threshold import (
    FARTHEST_DETECTOR,
    LATENCY_MS,
    ThresholdProtocol,
    slowest_mm_per_ms,
)
from scsim.stimulus.block import BlockSection, first_test_ms
from scsim.stimulus.carrier import Carrier
from scsim.stimulus.pattern import StimulusSection, stimulus_pulse, stimulus_train
from scsim.stimulus.waveform import sampling_limit
from scsim.study.stages.following_stage import KILOHERTZ_STEP_US
from scsim.study.stages.solver import STUDY_SOLVER, study_solver
from scsim.study.stages.stage import rebuild
from scsim.units import MS_PER_S, US_PER_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scsim.stimulus.waveform import Waveform
    from scsim.study.config import StudyConfig
    from scsim.study.stages.stage import Outputs, Unit

_STIMULUS: Final = tuple(one.name for one in fields(StimulusSection) if one.name != "amplitude_ma")
"""Keys of the current that is searched: its amplitude has no part in it, so two amplitudes are one piece of work."""

_WINDOW_GRID_MS: Final = 0.1

_ROUNDING: Final = 1e-6
"""Periods of a current that are no whole period more: rounding."""


def count_block_groups(config: StudyConfig) -> int:
    """Count the lane groups of the fibers."""
    return -(-config.fibers.n_fibers // lanes_of(STUDY_SOLVER))


def block_solver(stimulus: StimulusSection, block: BlockSection) -> Solver:
    """Choose the solver: that of the study's pulses, or a step that samples a sine often enough.

    Parameters
    ----------
    stimulus : StimulusSection
    block : BlockSection

    Returns
    -------
    Solver
    """
    if block.current == "pulses":
        solver = study_solver(stimulus_pulse(stimulus))
        return replace(solver, dt_us=min(solver.dt_us, KILOHERTZ_STEP_US))
    step_us = KILOHERTZ_STEP_US
    longest_us = US_PER_S / stimulus.frequency_hz / sampling_limit("min_steps_per_period")
    while step_us > longest_us:
        step_us /= 2.0
    return replace(STUDY_SOLVER, dt_us=step_us)


def block_waveform(stimulus: StimulusSection, block: BlockSection, window_ms: float) -> Waveform:
    """Give the blocking current, from 0 to the end of a window, but for a period of pulses at most.

    Parameters
    ----------
    stimulus : StimulusSection
    block : BlockSection
    window_ms : float
        ms.

    Returns
    -------
    Waveform
    """
    if block.current == "sine":
        return Carrier("sine", stimulus.frequency_hz)
    # The last pulse ends within the window: a search refuses a current that would go on and does not say so.
    n_periods = window_ms / MS_PER_S * stimulus.frequency_hz
    n_pulses = int(np.ceil(n_periods - _ROUNDING)) - 1
    return stimulus_train(stimulus, n_pulses)


@dataclass(frozen=True)
class BlockTest:
    """How block of some fibers is tested.

    Attributes
    ----------
    count_from_ms : float
        From here on no spike may arrive, ms: the onset response is over and has run to the detector.
    pulses : tuple of IntracellularPulse
        Currents that start the test spikes, into the second node of each fiber.
    protocol : ThresholdProtocol
        How the fibers are stepped, and how long the last test spike is waited for.
    """

    count_from_ms: float
    pulses: tuple[IntracellularPulse, ...]
    protocol: ThresholdProtocol


def block_test(
    stimulus: StimulusSection, block: BlockSection, model: str, diameter_um: float, length_mm: float
) -> BlockTest:
    """Say how block of a group of fibers is tested.

    Parameters
    ----------
    stimulus : StimulusSection
    block : BlockSection
    model : str
        Fiber model.
    diameter_um : float
        Diameter of the thinnest fiber, µm.
    length_mm : float
        Length of the longest fiber, mm.

    Returns
    -------
    BlockTest
    """
    # A spike of the onset response may start as late as it ends, and then has the way to the detector before it.
    travel_ms = _on_grid(length_mm / slowest_mm_per_ms(model, diameter_um))
    count_from_ms = block.settle_ms + travel_ms
    first_ms = count_from_ms + first_test_ms()
    pulses = tuple(
        IntracellularPulse(
            1,
            block.test_current_na,
            first_ms + index * block.test_interval_ms,
            block.test_duration_ms,
        )
        for index in range(block.n_test_spikes)
    )
    window_ms = pulses[-1].start_ms + block.test_duration_ms + LATENCY_MS + travel_ms
    protocol = ThresholdProtocol(
        solver=block_solver(stimulus, block),
        onset_ms=0.0,
        window_ms=_on_grid(window_ms),
        detect_fraction=FARTHEST_DETECTOR,
        upper_ma=block.max_amplitude_ma,
        start_ma=block.first_amplitude_ma,
        growth=GROWTH,
        rtol=block.rtol,
    )
    return BlockTest(count_from_ms, pulses, protocol)


def _on_grid(time_ms: float) -> float:
    """Lengthen a time to a multiple of the grid of windows, ms."""
    return float(np.ceil(time_ms / _WINDOW_GRID_MS - _ROUNDING) * _WINDOW_GRID_MS)


def prepare_block(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Put fibers together that are searched together."""
    population, field = upstream["population"], upstream["field"]
    shares = share_vector(config.montage, field["contact"].tolist())
    potential = superpose(field["unit_potential_mv_per_ma"], shares)
    ends = np.cumsum(field["n_compartments"])
    length_mm = np.linalg.norm(population["fiber_end_mm"] - population["fiber_start_mm"], axis=1)
    units: list[Unit] = []
    width = lanes_of(STUDY_SOLVER)
    for first in range(0, ends.size, width):
        group = slice(first, first + width)
        begin = ends[first] - field["n_compartments"][first]
        units.append(
            {
                "model": config.fibers.model,
                "fiber_diameter_um": population["fiber_diameter_um"][group],
                "n_nodes": population["n_nodes"][group],
                "n_compartments": field["n_compartments"][group],
                "potential_mv_per_ma": potential[begin : ends[group][-1]],
                "length_mm": float(length_mm[group].max()),
                **{name: getattr(config.stimulus, name) for name in _STIMULUS},
                **{one.name: getattr(config.block, one.name) for one in fields(BlockSection)},
            }
        )
    return tuple(units)


def compute_block(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Search the block thresholds of each group."""
    outputs: list[Outputs] = []
    for unit in units:
        fibers = [
            Fiber(unit["model"], diameter_um, n_nodes)
            for diameter_um, n_nodes in zip(
                unit["fiber_diameter_um"].tolist(), unit["n_nodes"].tolist(), strict=True
            )
        ]
        parts = np.split(unit["potential_mv_per_ma"], np.cumsum(unit["n_compartments"])[:-1])
        stimulus, block = _sections(unit)
        test = block_test(
            stimulus,
            block,
            unit["model"],
            float(unit["fiber_diameter_um"].min()),
            unit["length_mm"],
        )
        found = find_block_thresholds(
            fibers,
            [part[None] for part in parts],
            block_waveform(stimulus, block, test.protocol.window_ms),
            test_pulses=test.pulses,
            count_from_ms=test.count_from_ms,
            multiples_above=block.multiples_above,
            # Shares are in the potentials already.
            shares=(1.0,),
            protocol=test.protocol,
        )
        outputs.append(
            {
                "block_threshold_ma": found.threshold_ma,
                "block_status": found.status,
                "block_onset_spikes": found.n_onset_spikes,
                "block_onset_end_ms": found.onset_end_ms,
                "block_spikes_below": found.n_spikes_below,
            }
        )
    return outputs


def _sections(unit: Unit) -> tuple[StimulusSection, BlockSection]:
    """Make the sections of a unit again; the amplitude stands for 1 mA."""
    stimulus = StimulusSection(amplitude_ma=1.0, **{name: unit[name] for name in _STIMULUS})
    return stimulus, rebuild(BlockSection, unit)


def warm_up_block(units: Sequence[Unit]) -> None:
    """Make the kernels of the search ready, on one short fiber and a short window."""
    unit = units[0]
    stimulus, block = _sections(unit)
    fiber = Fiber(unit["model"], float(unit["fiber_diameter_um"][0]), n_nodes=5)
    solver = block_solver(stimulus, block)
    start_ms = 2.0 * _WINDOW_GRID_MS
    window_ms = max(5.0 * _WINDOW_GRID_MS, 3.0 * MS_PER_S / stimulus.frequency_hz)
    protocol = ThresholdProtocol(
        solver=solver,
        onset_ms=0.0,
        window_ms=window_ms,
        lower_ma=1.0,
        upper_ma=2.0,
        start_ma=1.0,
        growth=GROWTH,
        rtol=0.5,
    )
    find_block_thresholds(
        [fiber],
        [np.zeros((1, fiber.n_compartments))],
        block_waveform(stimulus, block, protocol.window_ms),
        test_pulses=(IntracellularPulse(1, block.test_current_na, start_ms, _WINDOW_GRID_MS),),
        count_from_ms=_WINDOW_GRID_MS,
        shares=(1.0,),
        protocol=protocol,
    )


def join_block(_: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]) -> Outputs:
    """Put the groups in a row again."""
    return {name: np.concatenate([part[name] for part in outputs]) for name in outputs[0]}
