"""Activation thresholds.

The threshold is the smallest amplitude at which a spike arrives at the detector node. Trials run in compiled
lanes (`kernels/cables.py`), what to try next is in `search.py`, and what a recruited fiber means belongs to
`recruitment.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np
from annotated_types import Gt, Interval

from scsim.errors import ModelError, Status, StimulusError, advice
from scsim.fibers import is_myelinated
from scsim.fibers.assemble import assemble_lanes, check_potentials, lane_groups, lanes_of
from scsim.fibers.solver import Solver
from scsim.kernels.layouts import (
    BROKEN,
    FIRED,
    OPEN,
    ORIGIN,
    PREDICT,
    SILENT,
    TRIAL,
)
from scsim.response.drive import IntracellularPulse, Source, as_pulses, sample_drive
from scsim.response.search import (
    Bracket,
    SearchRange,
    next_amplitudes,
    walk,
)
from scsim.stimulus.checks import place
from scsim.units import MS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.response.drive import Drive
    from scsim.stimulus.pulse import Pulse
    from scsim.stimulus.segments import PulseShape
    from scsim.stimulus.waveform import Waveform

    FloatArray = npt.NDArray[np.float64]

CONFIRMED: Final = MappingProxyType(
    {
        FIRED: Status.OK,
        SILENT: Status.NOT_MONOTONIC,
        OPEN: Status.NOT_DECIDED,
        BROKEN: Status.NOT_FINITE,
    }
)
"""What the outcome at a multiple of the threshold says of the threshold."""

END_NODES: Final = 3
"""A spike that starts within so many nodes of an end counts as end excitation (assumed: one passive
end node and the two nodes it loads)."""


DETECTOR_BEYOND_MM: Final = 10.0
"""A spike counts once it has run this far rostrally beyond the last contact that carries current, mm
(assumed: seven internodes of the thickest fiber, out of reach of direct depolarization and of block under
an anode). Waiting for it farther away costs time and decides nothing."""

FARTHEST_DETECTOR: Final = 0.9
"""Place of the detector, as a share of the fiber's length, where the margin leaves no room for more."""

SLOWEST_MM_PER_MS_PER_UM: Final = 3.0
"""Lower bound of conduction velocity over fiber diameter, mm/ms per µm. The models conduct at 4.1 to
5.3 m/s per µm (MRG, 2 to 16 µm, computed with NEURON at 5 µs)."""

SLOWEST_THIN_MM_PER_MS_PER_UM: Final = 1.5
"""The same for the thin myelinated fibers of the model `mrg_small`, which conduct at 2.2 m/s per µm at 1.5 µm and at 3.2
at 4 µm."""

SLOWEST_BARE_MM_PER_MS: Final = 0.2
"""Lower bound of conduction velocity of a fiber without myelin of 1 µm, mm/ms; it grows with the root of the diameter.
The models conduct at 0.29 (`schild97`) to 0.70 m/s (`tigerholm`), computed with NEURON at 5 µs."""

BARE_LATENCY_MS: Final = 10.0
"""`LATENCY_MS` of fibers without myelin (assumed)."""

BARE_BEYOND_MM: Final = 3.0
"""`DETECTOR_BEYOND_MM` of fibers without myelin, mm (assumed: ten times their length constant of some 0.3 mm)."""

LATENCY_MS: Final = 2.0
"""Time from the end of a pulse near threshold to the spike, ms, at most (assumed)."""

THIN_MODEL: Final = "mrg_small"
"""The model of thin myelinated fibers, whose velocity falls faster than their diameter."""

LONG_FIBER_RTOL: Final = 5e-3
"""Relative width of the final bracket (no unit): a quarter of the 2 % by which a 5 µs step is off."""

FINEST_RTOL: Final = MappingProxyType({"float64": 1e-12, "float32": 1e-6})
"""Narrowest bracket (no unit) that still holds amplitudes to bisect in each precision, by about ten steps of
its rounding."""

_WINDOW_GRID_MS: Final = 0.1


@dataclass(frozen=True)
class ThresholdProtocol:
    """What counts as a spike, where, and how the amplitude is searched.

    Attributes
    ----------
    solver : Solver
        Scheme, step, modes and precision. NEURON's scheme is first order: at 5 µs thresholds are 0.4 to
        1.8 % high for pulses from 0.1 ms up, more for shorter ones.
    onset_ms : float
        Start of the stimulus if it is a lone pulse, ms.
    window_ms : float
        End of the simulation, ms.
    detect_fraction : float
        Place of the detector node, as a fraction of the way from the first node to the last.
    spike_mv : float
        v_m that a spike must cross upward, mV.
    n_spikes : int
        Spikes at the detector that count as firing.
    count_from_ms : float
        Spikes at the detector before this time are not counted, ms.
    outcome : {"fires", "blocks"}
        What is looked for: ``fires``: at least `n_spikes` are counted. ``blocks``: fewer are, until the
        window's end.
    rest_mv : float
        A fiber is silent once every node is within this rise of its start, mV ...
    rest_after_ms : float
        ... and everything that acts on it has been over for this long, ms.
    lower_ma, upper_ma : float
        Range of amplitudes searched, mA.
    growth : float
        Factor between trials until the threshold is bracketed.
    start_ma : float or None
        First trial, mA; None takes the linearized fiber's prediction.
    guess_mv : float
        Depolarization of the linearized fiber at the first trial, mV. Within its range it decides how
        many trials are needed; what is found differs by less than rtol.
    rtol : float
        Relative width of the final bracket.
    confirm_at : tuple of float
        Multiples of the threshold, above 1, at which the outcome must be the same, or the status is
        NOT_MONOTONIC.
    """

    solver: Solver = field(default_factory=Solver)
    onset_ms: Annotated[float, Interval(ge=0)] = 0.1
    window_ms: Annotated[float, Gt(0)] = 5.0
    detect_fraction: Annotated[float, Interval(ge=0, le=1)] = 0.9
    spike_mv: float = -30.0
    n_spikes: Annotated[int, Interval(ge=1)] = 1
    count_from_ms: Annotated[float, Interval(ge=0)] = 0.0
    outcome: Literal["fires", "blocks"] = "fires"
    rest_mv: Annotated[float, Gt(0)] = 5.0
    rest_after_ms: Annotated[float, Interval(ge=0)] = 0.5
    lower_ma: Annotated[float, Gt(0)] = 1e-4
    upper_ma: Annotated[float, Gt(0)] = 100.0
    growth: Annotated[float, Gt(1)] = 1.5
    start_ma: float | None = None
    guess_mv: Annotated[float, Gt(0)] = 12.0
    rtol: Annotated[float, Interval(gt=0, lt=1)] = 1e-3
    confirm_at: tuple[float, ...] = ()


def slowest_mm_per_ms(model: str, fiber_diameter_um: float) -> float:
    """Give a velocity that spikes of a fiber at least have.

    Parameters
    ----------
    model : str
        Fiber model.
    fiber_diameter_um : float
        µm.

    Returns
    -------
    float
        mm/ms.
    """
    if not is_myelinated(model):
        return SLOWEST_BARE_MM_PER_MS * math.sqrt(fiber_diameter_um)
    if model == THIN_MODEL:
        return SLOWEST_THIN_MM_PER_MS_PER_UM * fiber_diameter_um
    return SLOWEST_MM_PER_MS_PER_UM * fiber_diameter_um


def long_fiber_protocol(
    pulse: Pulse,
    fiber_diameter_um: float,
    *,
    length_mm: float,
    active_end_mm: float,
    model: str = "mrg",
) -> ThresholdProtocol:
    """Choose a protocol for fibers that reach far beyond the contacts, as those of a population do.

    The detector lies `DETECTOR_BEYOND_MM` past the contacts that carry current, toward the far end, and the
    window is long enough for a spike of the slowest fiber.

    Parameters
    ----------
    pulse : Pulse
    fiber_diameter_um : float
        Diameter of the thinnest fiber, µm.
    length_mm : float
        Length of the fibers, mm.
    active_end_mm : float
        Far end of the contacts that carry current, from the first end of the fibers, mm.
    model : str
        Fiber model, which tells how slow spikes may be.

    Returns
    -------
    ThresholdProtocol
    """
    has_myelin = is_myelinated(model)
    beyond_mm = DETECTOR_BEYOND_MM if has_myelin else BARE_BEYOND_MM
    window_ms = (
        pulse.duration_us * MS_PER_US
        + (LATENCY_MS if has_myelin else BARE_LATENCY_MS)
        + length_mm / slowest_mm_per_ms(model, fiber_diameter_um)
    )
    return ThresholdProtocol(
        onset_ms=0.0,
        rtol=LONG_FIBER_RTOL,
        window_ms=math.ceil(window_ms / _WINDOW_GRID_MS) * _WINDOW_GRID_MS,
        detect_fraction=min((active_end_mm + beyond_mm) / length_mm, FARTHEST_DETECTOR),
    )


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of some fibers.

    Attributes
    ----------
    threshold_ma : ndarray of float64, shape (n_fibers,)
        Middle of the final bracket, mA; NaN where `status` is not OK.
    lower_ma, upper_ma : ndarray of float64, shape (n_fibers,)
        Largest amplitude seen silent and smallest seen to fire, mA; 0 and infinity where none was.
    status : ndarray of int8, shape (n_fibers,)
        `scsim.errors.Status` of each fiber.
    protocol : ThresholdProtocol
        How they were found.
    """

    threshold_ma: FloatArray
    lower_ma: FloatArray
    upper_ma: FloatArray
    status: npt.NDArray[np.int8]
    protocol: ThresholdProtocol

    def __str__(self) -> str:
        """One line per fiber."""
        lines = [
            f"fiber {i}: {value:.4g} mA"
            if state == Status.OK
            else f"fiber {i}: {Status(state).name.lower()}: {advice(state)}"
            for i, (value, state) in enumerate(zip(self.threshold_ma, self.status, strict=True))
        ]
        return "\n".join(lines)


def check_protocol(protocol: ThresholdProtocol) -> None:
    """Refuse a protocol that cannot find a threshold.

    Parameters
    ----------
    protocol : ThresholdProtocol

    Raises
    ------
    ModelError
        If a number of the protocol lies outside its range; all such numbers are named.
    """
    p = protocol
    finest = FINEST_RTOL[p.solver.precision]
    ranges = (
        ("onset_ms", p.onset_ms >= 0.0, "ms: the pulse cannot start before 0; use 0.1"),
        ("window_ms", p.window_ms > 0.0, "ms: the window is positive; 5 is usual"),
        (
            "detect_fraction",
            0.0 <= p.detect_fraction <= 1.0,
            ": a share of the length, 0 to 1; use 0.9",
        ),
        (
            "spike_mv",
            -60.0 <= p.spike_mv <= 20.0,
            "mV: a spike crosses between -60 and 20; use -30",
        ),
        ("rest_mv", 0.0 < p.rest_mv <= 20.0, "mV: above 0, at most 20; 5 is usual"),
        ("rest_after_ms", p.rest_after_ms >= 0.0, "ms: 0 or more; 0.5 is usual"),
        ("lower_ma", p.lower_ma >= 1e-6, "mA: at least 1e-6; 1e-4 is usual"),
        (
            "upper_ma",
            p.lower_ma < p.upper_ma,
            f"mA: finite and above lower_ma = {p.lower_ma:g} mA; 100 is usual",
        ),
        (
            "n_spikes",
            p.n_spikes >= 1 and p.n_spikes == int(p.n_spikes),
            ": spikes are counted, at least 1; 1 is usual",
        ),
        (
            "count_from_ms",
            0.0 <= p.count_from_ms < p.window_ms,
            f"ms: from 0 to below window_ms = {p.window_ms:g} ms; 0 counts all",
        ),
        ("growth", 1.0 < p.growth <= 4.0, ": above 1, at most 4; 1.5 is usual"),
        (
            "rtol",
            finest <= p.rtol < 1.0,
            f": at least {finest:g} in {p.solver.precision} and below 1; 0.001 is usual",
        ),
        ("guess_mv", 0.0 < p.guess_mv <= 50.0, "mV: above 0, at most 50; 12 is usual"),
    )
    faults = [
        f"{name} = {getattr(p, name):g} {what}".replace(" :", ":")
        for name, is_fine, what in ranges
        if not (is_fine and np.isfinite(getattr(p, name)))
    ]
    if p.outcome not in ("fires", "blocks"):
        faults.append(f"outcome = {p.outcome!r}: look for 'fires' or 'blocks'")
    if p.start_ma is not None and not p.lower_ma <= p.start_ma <= p.upper_ma:
        faults.append(
            f"start_ma = {p.start_ma:g} mA: between lower_ma = {p.lower_ma:g} and upper_ma = {p.upper_ma:g} mA; "
            "leave it out for a prediction"
        )
    if not all(1.0 < multiple < math.inf for multiple in p.confirm_at):
        faults.append(f"confirm_at = {p.confirm_at}: finite multiples of the threshold, above 1")
    if faults:
        message = f"threshold protocol: {'; '.join(faults)}."
        raise ModelError(message)


def check_window(protocol: ThresholdProtocol, over_ms: float) -> None:
    """Refuse a window that leaves a spike no time.

    Parameters
    ----------
    protocol : ThresholdProtocol
    over_ms : float
        Time at which the stimulus ends, ms; infinite if it does not.

    Raises
    ------
    StimulusError
        If the window ends before the stimulus.
    """
    if protocol.window_ms <= over_ms < math.inf:
        message = (
            f"window_ms = {protocol.window_ms:g} ms: the stimulus lasts until {over_ms:g} ms and a spike must "
            "still travel to the detector; use a longer window."
        )
        raise StimulusError(message)


def detector_nodes(fibers: Sequence[Fiber], protocol: ThresholdProtocol) -> npt.NDArray[np.int64]:
    """Node of each fiber at which a spike counts; never one of the ends.

    Parameters
    ----------
    fibers : sequence of Fiber
    protocol : ThresholdProtocol

    Returns
    -------
    ndarray of int64, shape (n_fibers,)

    Raises
    ------
    ModelError
        If the node is an end of a fiber.
    """
    counts = np.array([fiber.node_count for fiber in fibers])
    nodes = np.floor(protocol.detect_fraction * (counts - 1)).astype(np.int64)
    passive = np.flatnonzero((nodes < 1) | (nodes > counts - 2))
    if passive.size:
        first = int(passive[0])
        message = (
            f"detect_fraction = {protocol.detect_fraction:g}: in fiber {first} with {counts[first]} nodes "
            f"that is node {nodes[first]}, a passive end; use a fraction nearer to the middle."
        )
        raise ModelError(message)
    return nodes


class _Trials:
    """Runs trials of one group of fibers in lanes."""

    def __init__(
        self,
        fibers: Sequence[Fiber],
        fields: Sequence[FloatArray],
        detectors: npt.NDArray[np.int64],
        drive: Drive,
        protocol: ThresholdProtocol,
    ) -> None:
        solver = protocol.solver
        over_ms = drive.over_ms + protocol.rest_after_ms
        self._drive = drive
        self._rest = assemble_lanes(fibers, fields, solver, drive.injections)
        self._detector = np.concatenate(
            [detectors, np.full(self._rest.n_lanes - len(fibers), detectors[0])]
        )
        self._rules = (
            solver.dt_ms,
            0 if solver.scheme == "neuron" else 1,
            protocol.spike_mv - self._rest.cable.rest_mv,
            protocol.rest_mv,
            round(over_ms / solver.dt_ms) if over_ms < protocol.window_ms else drive.n_steps,
            int(protocol.n_spikes),
            round(protocol.count_from_ms / solver.dt_ms),
            int(protocol.outcome == "blocks"),
        )
        self._lay(np.arange(self._rest.n_lanes))

    def _lay(self, order: npt.NDArray[np.int64]) -> None:
        """Give lane i the fiber of lane ``order[i]``."""
        in_place = np.array_equal(order, np.arange(order.size))
        self._start = self._rest if in_place else self._rest.take(order)
        self._order = order
        cable = self._start.cable
        self._cable = cable._replace(buffer=cable.buffer.copy())

    def run(
        self, purpose: int, requests: Sequence[tuple[int, float]], *, is_alone: bool = False
    ) -> tuple[FloatArray, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Try (fiber, amplitude in mA); give largest rise (mV), origin and outcome of each."""
        from scsim.kernels.cables import trial  # noqa: PLC0415 - numba loads slowly

        n, width = len(requests), self._rest.n_lanes
        order = np.arange(width)
        if [fiber for fiber, _ in requests] != list(range(n)):
            order[:n] = [fiber for fiber, _ in requests]
            order[n:] = order[0]
        if not np.array_equal(order, self._order):
            self._lay(order)
        amplitude = np.full(width, requests[0][1])
        amplitude[:n] = [value for _, value in requests]
        amplitudes = self._drive.amplitudes(amplitude, is_alone=is_alone)
        highest, origin = np.zeros(width), np.full(width, -1)
        outcome = np.full(width, SILENT)
        outcome[:n] = OPEN
        trial(
            self._start.cable.buffer, self._cable, self._start.widen(amplitudes), self._drive.levels,
            self._drive.edges, self._rules, purpose, self._detector[order], highest, origin, outcome,
        )  # fmt: skip
        return highest[:n], origin[:n], outcome[:n]


def _first_brackets(trials: _Trials, n_fibers: int, protocol: ThresholdProtocol) -> list[Bracket]:
    """Where the search of each fiber begins.

    Far below threshold a fiber is linear, so its largest depolarization at the smallest amplitude gives mV per
    mA, and a fiber fires at a depolarization that varies little.
    """
    if protocol.start_ma is not None:
        return [Bracket(protocol.start_ma)] * n_fibers
    smallest, largest = protocol.lower_ma, protocol.upper_ma
    requests = [(i, smallest) for i in range(n_fibers)]
    highest, _, _ = trials.run(PREDICT, requests, is_alone=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        guess = np.where(highest > 0.0, protocol.guess_mv * smallest / highest, largest)
    return [Bracket(float(value)) for value in np.clip(guess, smallest, largest)]


def _search_group(
    fibers: Sequence[Fiber],
    fields: Sequence[FloatArray],
    detectors: npt.NDArray[np.int64],
    drive: Drive,
    protocol: ThresholdProtocol,
) -> list[Bracket]:
    """Search the fibers that ride in one group of lanes."""
    within = SearchRange(protocol.lower_ma, protocol.upper_ma, protocol.growth, protocol.rtol)
    n, width = len(fibers), lanes_of(protocol.solver)
    trials = _Trials(fibers, fields, detectors, drive, protocol)
    brackets = _first_brackets(trials, n, protocol)
    while True:
        open_ones = [i for i in range(n) if not brackets[i].is_decided]
        if not open_ones:
            break
        room = width // len(open_ones)
        requests = [
            (i, amplitude)
            for i in open_ones
            for amplitude in next_amplitudes(brackets[i], room, within)
        ]
        _, _, outcome = trials.run(TRIAL, requests)
        for i in open_ones:
            seen = {
                amplitude: int(found)
                for (fiber, amplitude), found in zip(requests, outcome, strict=True)
                if fiber == i
            }
            brackets[i] = walk(brackets[i], seen, within)
    found = [i for i in range(n) if brackets[i].status == Status.OK]
    if found and protocol.outcome == "fires":
        # Where the main source starts a spike by itself; others may start some elsewhere.
        wanted = [(i, brackets[i].upper_ma) for i in found]
        _, origin, _ = trials.run(ORIGIN, wanted, is_alone=True)
        for i, node in zip(found, origin, strict=True):
            last = fibers[i].node_count - 1
            if node >= 0 and not END_NODES <= node <= last - END_NODES:
                brackets[i] = replace(brackets[i], status=Status.END_EXCITATION)
    for multiple in protocol.confirm_at:
        checked = [i for i in range(n) if brackets[i].status == Status.OK]
        if checked:
            wanted = [(i, multiple * brackets[i].upper_ma) for i in checked]
            _, _, outcome = trials.run(TRIAL, wanted)
            for i, seen_outcome in zip(checked, outcome, strict=True):
                brackets[i] = replace(brackets[i], status=CONFIRMED[int(seen_outcome)])
    return brackets


def search_thresholds(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    waveform: Waveform | PulseShape,
    protocol: ThresholdProtocol,
    *,
    sources: Sequence[Source] = (),
    intracellular: Sequence[IntracellularPulse] = (),
) -> Thresholds:
    """Find thresholds where shares are already applied: one potential per fiber.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_compartments,) per fiber, mV per mA
        Outside potential for 1 mA, shares and signs included.
    waveform : Waveform or Pulse
    protocol : ThresholdProtocol
    sources, intracellular
        As in `find_thresholds`.

    Returns
    -------
    Thresholds
        In the order of the fibers.

    Raises
    ------
    GeometryError, ModelError, StimulusError
        As in `find_thresholds`.
    """
    check_potentials(fibers, potentials)
    main = Source([v_e[None, :] for v_e in potentials], waveform, 1.0, (1.0,))
    return _search(fibers, main, protocol, sources, intracellular)


def _search(
    fibers: Sequence[Fiber],
    main: Source,
    protocol: ThresholdProtocol,
    sources: Sequence[Source],
    intracellular: Sequence[IntracellularPulse],
) -> Thresholds:
    solver = protocol.solver
    check_protocol(protocol)
    check_window(protocol, place(main.waveform, (protocol.onset_ms,)).duration_ms)
    drive = sample_drive(
        fibers,
        main,
        sources,
        intracellular,
        solver=solver,
        window_ms=protocol.window_ms,
        onsets_ms=(protocol.onset_ms,),
    )
    check_potentials(fibers, drive.fields)
    detectors = detector_nodes(fibers, protocol)
    brackets: list[Bracket] = [Bracket(0.0)] * len(fibers)
    # Fibers of like node count share lanes; a lane's result does not depend on its neighbors.
    for group in lane_groups(fibers, solver):
        found = _search_group(
            [fibers[i] for i in group],
            [drive.fields[i] for i in group],
            detectors[group],
            drive,
            protocol,
        )
        for i, bracket in zip(group, found, strict=True):
            brackets[i] = bracket
    lower = np.array([bracket.lower_ma for bracket in brackets])
    upper = np.array([bracket.upper_ma for bracket in brackets])
    status = np.array([bracket.status for bracket in brackets], dtype=np.int8)
    with np.errstate(invalid="ignore"):
        middle = np.where(status == Status.OK, 0.5 * (lower + upper), np.nan)
    return Thresholds(middle, lower, upper, status, protocol)


def find_thresholds(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    waveform: Waveform | PulseShape,
    *,
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    sources: Sequence[Source] = (),
    intracellular: IntracellularPulse | Sequence[IntracellularPulse] | None = None,
    rtol: float | None = None,
    protocol: ThresholdProtocol | None = None,
) -> Thresholds:
    """Find the smallest amplitude at which each fiber fires a propagating spike.

    Each fiber starts where its linearized response predicts the threshold, is bracketed by growth and bisected. A spike counts when v_m
    at the detector node crosses `protocol.spike_mv` upward; a trial ends as soon as that has happened,
    or the pulse has been over for a while and every node is near rest again. Excitation is taken to
    be monotonic within the bracket; where it is not, the edge found first is reported.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    waveform : Waveform or Pulse
        Current relative to the amplitude searched; a lone pulse starts at `protocol.onset_ms`.
    shares : sequence of float, optional
        Share of the current on each contact, see `scsim.electrodes.montage.share_vector`.
    polarity : str
        ``"cathodic"`` or ``"anodic"``; only without shares.
    sources : sequence of Source
        Further sources, each with contacts, waveform and fixed amplitude of its own.
    intracellular : IntracellularPulse or sequence of them, optional
        Currents into nodes, for example test spikes of a block.
    rtol : float, optional
        Relative width of the final bracket (no unit); default that of the protocol.
    protocol : ThresholdProtocol, optional
        Everything else.

    Returns
    -------
    Thresholds
        `threshold_ma`, float64, shape (n_fibers,), mA, NaN where `status` is not OK.

    Raises
    ------
    GeometryError
        If potentials do not belong to the fibers or are not finite.
    ModelError
        If the protocol cannot bracket a threshold.
    StimulusError
        If the waveform does not fit the step, or shares do not fit the contacts.

    Notes
    -----
    Checked by ``tests/neuron/test_fibers.py`` (NEURON, same scheme and step) and
    ``tests/theory/test_strength_duration.py``.
    """
    used = protocol if protocol is not None else ThresholdProtocol()
    if rtol is not None:
        used = replace(used, rtol=rtol)
    main = Source(potentials, waveform, 1.0, shares, polarity)
    return _search(fibers, main, used, sources, as_pulses(intracellular))
