"""What drives fibers: fields with their waveforms, and currents into nodes, sampled in time steps.

How much of a field each contact makes (shares) is applied here; what fibers do with it belongs to
`simulate.py` and `threshold.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import GeometryError, ModelError, StimulusError
from scsim.fibers.assemble import check_potentials
from scsim.stimulus.checks import check_waveform, place

if TYPE_CHECKING:
    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.fibers.solver import Solver
    from scsim.stimulus.segments import PulseShape
    from scsim.stimulus.waveform import SampledWaveform, Waveform

    FloatArray = npt.NDArray[np.float64]


MOST_STEPS: Final = 2e7
"""Steps of the longest window (no unit): 100 s at 5 µs; each waveform then takes 0.2 to 0.4 GB."""


@dataclass(frozen=True)
class Source:
    """A source of its own beside the main one: its own contacts, waveform and amplitude.

    Attributes
    ----------
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    waveform : Waveform or Pulse
        A lone pulse starts at t = 0.
    amplitude_ma : float
        Amplitude, mA, > 0.
    shares : sequence of float or None
        As in `scsim.find_thresholds`.
    polarity : str
        As in `scsim.find_thresholds`.
    """

    potentials: Sequence[FloatArray]
    waveform: Waveform | PulseShape
    amplitude_ma: float
    shares: Sequence[float] | None = None
    polarity: str = "cathodic"


@dataclass(frozen=True)
class IntracellularPulse:
    """A rectangular current into one node of every fiber.

    Attributes
    ----------
    node : int
        Index of the node, from 0; passive end nodes cannot be used.
    current_na : float
        Current, nA; positive depolarizes.
    start_ms, duration_ms : float
        Onset and length, ms. It acts in the steps whose middle lies inside.
    """

    node: int
    current_na: float
    start_ms: float
    duration_ms: float


@dataclass(frozen=True)
class Drive:
    """Everything that acts on the fibers, one column per source: the main field, others, currents.

    Attributes
    ----------
    levels : ndarray of float64, shape (n_steps + 1, n_sources)
        Waveforms (no unit); row 0 is before the first step.
    edges : ndarray of int64, shape (n_steps,)
        1 where a waveform jumps at the beginning of a step.
    fixed : ndarray of float64, shape (n_sources,)
        Amplitudes: mA of fields, 1 of currents; 0 of the main field, whose amplitude comes with the trial.
    fields : list of ndarray of float64, one of shape (n_fields, n_compartments) per fiber
        mV per mA, shares applied.
    injections : tuple of (int, float)
        Node and current (nA) of each intracellular source.
    over_ms : float
        Time after which nothing acts any more, ms; infinite if that does not come.
    has_main : bool
        Whether column 0 is the main field.
    """

    levels: FloatArray
    edges: npt.NDArray[np.int64]
    fixed: FloatArray
    fields: list[FloatArray]
    injections: tuple[tuple[int, float], ...]
    over_ms: float
    has_main: bool

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return int(self.edges.size)

    def amplitudes(self, main_ma: FloatArray, *, is_alone: bool = False) -> FloatArray:
        """Amplitude of every source in every lane.

        Parameters
        ----------
        main_ma : ndarray of float64, shape (n_lanes,)
            Amplitude of the main field, mA.
        is_alone : bool
            Leave the other sources out.

        Returns
        -------
        ndarray of float64, shape (n_sources, n_lanes)
            mA of fields, 1 of currents.
        """
        others = np.zeros_like(self.fixed) if is_alone else self.fixed
        table = np.repeat(others[:, None], main_ma.size, axis=1)
        if self.has_main:
            table[0] = main_ma
        return table


def as_pulses(
    intracellular: IntracellularPulse | Sequence[IntracellularPulse] | None,
) -> tuple[IntracellularPulse, ...]:
    """Give intracellular pulses as a tuple, however many there are."""
    if intracellular is None:
        return ()
    if isinstance(intracellular, IntracellularPulse):
        return (intracellular,)
    return tuple(intracellular)


def n_steps_of(window_ms: float, solver: Solver) -> int:
    """Give the number of steps of a window.

    Parameters
    ----------
    window_ms : float
        End of the simulation, ms.
    solver : Solver

    Returns
    -------
    int

    Raises
    ------
    StimulusError
        If the window holds no step, or too many.
    """
    if not solver.dt_ms <= window_ms <= MOST_STEPS * solver.dt_ms:
        message = (
            f"window_ms = {window_ms:g} ms with dt_us = {solver.dt_us:g} µs: the window holds at least one step and at "
            f"most {MOST_STEPS:g}; 5 ms and 5 µs are usual."
        )
        raise StimulusError(message)
    return round(window_ms / solver.dt_ms)


def sample_drive(
    fibers: Sequence[Fiber],
    main: Source | None,
    sources: Sequence[Source],
    intracellular: Sequence[IntracellularPulse],
    *,
    solver: Solver,
    window_ms: float,
    onsets_ms: Sequence[float],
) -> Drive:
    """Bring everything that acts on the fibers to time steps.

    Parameters
    ----------
    fibers : sequence of Fiber
    main : Source or None
        The source whose amplitude is searched or varies from fiber to fiber.
    sources : sequence of Source
        Further ones.
    intracellular : sequence of IntracellularPulse
    solver : Solver
    window_ms : float
        End of the simulation, ms.
    onsets_ms : sequence of float
        Starts of the main waveform if it is a lone pulse, ms.

    Returns
    -------
    Drive

    Raises
    ------
    StimulusError
        If a waveform does not fit the step or the window, an amplitude is not positive, or shares do not fit.
    GeometryError
        If potentials do not belong to the fibers or are not finite.
    ModelError
        If a node cannot take a current.
    """
    n_steps = n_steps_of(window_ms, solver)
    midpoint = solver.scheme == "second_order"
    everything = ([main] if main is not None else []) + list(sources)
    columns, edges, parts = [], np.zeros(n_steps, dtype=np.bool_), []
    over_ms = 0.0
    for index, source in enumerate(everything):
        is_main = main is not None and index == 0
        waveform = place(source.waveform, onsets_ms if is_main else (0.0,))
        found = check_waveform(waveform, solver.dt_ms, window_ms, midpoint=midpoint)
        columns.append(
            _trapezoidal_levels(waveform, found, solver.dt_ms) if midpoint else found.levels
        )
        edges |= found.edges
        over_ms = max(over_ms, waveform.duration_ms)
        if not is_main:
            check_amplitude(source.amplitude_ma)
        parts.append(apply_shares(fibers, source.potentials, source.shares, source.polarity))
    for pulse in intracellular:
        level = _sample_current(pulse, solver.dt_ms, n_steps)
        columns.append(level)
        edges |= np.diff(level, prepend=0.0) != 0.0
        over_ms = max(over_ms, pulse.start_ms + pulse.duration_ms)
        for fiber in fibers:
            check_node(fiber, pulse.node, "take a current")
    n_sources = len(columns)
    levels = np.zeros((n_steps + 1, n_sources))
    for q, column in enumerate(columns):
        levels[1:, q] = column
    fixed = [
        0.0 if main is not None and q == 0 else source.amplitude_ma
        for q, source in enumerate(everything)
    ]
    fields = [
        np.array([part[i] for part in parts]).reshape(len(parts), fiber.n_compartments)
        for i, fiber in enumerate(fibers)
    ]
    return Drive(
        levels=levels,
        edges=edges.astype(np.int64),
        fixed=np.array(fixed + [1.0] * len(intracellular)),
        fields=fields,
        injections=tuple((pulse.node, pulse.current_na) for pulse in intracellular),
        over_ms=over_ms,
        has_main=main is not None,
    )


def _trapezoidal_levels(waveform: Waveform, middle: SampledWaveform, dt_ms: float) -> FloatArray:
    """Levels of the second-order scheme: the mean over the ends of a step, its middle beside a jump.

    The fast parts of a cable follow the mean of the levels at the ends of a step; with the level in its
    middle a sine of frequency f would act 1 / cos(π f dt) times too strongly.
    """
    starts = waveform.sample(dt_ms, middle.levels.size + 1)
    means = 0.5 * (starts.levels[:-1] + starts.levels[1:])
    beside_a_jump = starts.edges[:-1] | starts.edges[1:]
    return np.where(beside_a_jump, middle.levels, means)


def check_amplitude(amplitude_ma: float) -> None:
    """Refuse an amplitude that is no size.

    Parameters
    ----------
    amplitude_ma : float
        mA.

    Raises
    ------
    StimulusError
        If it is not above 0, or not a number; infinity is let through and ends in a status.
    """
    if not amplitude_ma > 0.0:
        message = (
            f"amplitude_ma = {amplitude_ma:g} mA: an amplitude is a size, above 0; shares or polarity give "
            "the sign."
        )
        raise StimulusError(message)


def _sample_current(current: IntracellularPulse, dt_ms: float, n_steps: int) -> FloatArray:
    """Give 1 in the steps whose middle lies inside the pulse, else 0."""
    middle = (np.arange(n_steps) + 0.5) * dt_ms
    end = current.start_ms + current.duration_ms
    inside = (middle > current.start_ms) & (middle < end)
    if not inside.any():
        message = (
            f"intracellular pulse from {current.start_ms:g} to {end:g} ms covers no step of {dt_ms:g} ms in "
            f"the window of {n_steps * dt_ms:g} ms; make it longer or move it."
        )
        raise StimulusError(message)
    if not math.isfinite(current.current_na):
        message = f"current_na = {current.current_na:g} nA: a current is finite; 2 nA is usual for myelinated fibers."
        raise StimulusError(message)
    return inside.astype(np.float64)


def check_node(fiber: Fiber, node: int, purpose: str) -> int:
    """Refuse a node that is not there or whose membrane has no channels.

    Parameters
    ----------
    fiber : Fiber
    node : int
        Index from 0.
    purpose : str
        What the node was to do, for the message.

    Returns
    -------
    int
        The node.

    Raises
    ------
    ModelError
        If the node is an end or outside the fiber.
    """
    if not isinstance(node, int | np.integer) or not 1 <= node <= fiber.node_count - 2:
        message = (
            f"node {node} cannot {purpose}: a fiber with {fiber.node_count} nodes has membranes with channels "
            f"at nodes 1 to {fiber.node_count - 2}; choose one of them."
        )
        raise ModelError(message)
    return int(node)


def apply_shares(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    shares: Sequence[float] | None,
    polarity: str,
) -> list[FloatArray]:
    """Sum unit potentials over contacts by the one sign rule.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    shares : sequence of float or None
        Share of the current on each contact; negative is cathodic in the first phase. None gives
        every contact -1, or +1 if `polarity` is ``"anodic"``.
    polarity : str
        ``"cathodic"`` or ``"anodic"``; only without shares.

    Returns
    -------
    list of ndarray, one of shape (n_compartments,) per fiber
        mV per mA.

    Raises
    ------
    GeometryError
        If a unit potential does not belong to its fiber.
    StimulusError
        If polarity and shares contradict each other or do not fit the contacts.
    """
    signs = {"cathodic": -1.0, "anodic": 1.0}
    if polarity not in signs:
        message = f"polarity = {polarity!r}: the first phase is 'cathodic' or 'anodic'; choose one."
        raise StimulusError(message)
    if shares is not None and polarity != "cathodic":
        message = f"polarity = {polarity!r} with shares: signs of the shares give the polarity; leave one of them out."
        raise StimulusError(message)
    if len(fibers) != len(potentials):
        check_potentials(fibers, potentials)
    summed: list[FloatArray] = []
    for fiber, unit in zip(fibers, potentials, strict=True):
        table = np.asarray(unit, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != fiber.n_compartments:
            message = (
                f"unit potential of shape {table.shape}: a {fiber.fiber_diameter_um:g} µm fiber with "
                f"{fiber.node_count} nodes needs (n_contacts, {fiber.n_compartments}); use "
                "medium.unit_potential_along(sources, fibers)."
            )
            raise GeometryError(message)
        weights = (
            np.full(table.shape[0], signs[polarity])
            if shares is None
            else np.asarray(shares, dtype=np.float64)
        )
        if weights.shape != (table.shape[0],):
            message = (
                f"{weights.size} shares for {table.shape[0]} contacts: give one share per contact."
            )
            raise StimulusError(message)
        if not np.all(np.isfinite(weights)) or not weights.any():
            message = f"shares = {weights.tolist()}: shares are finite and at least one is not zero; choose a cathode."
            raise StimulusError(message)
        summed.append(weights @ table)
    return summed
