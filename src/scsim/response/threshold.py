"""Activation thresholds.

The threshold is the smallest amplitude at which a spike arrives at the detector node. The search
itself is compiled (`kernels/search.py`); what a recruited fiber means belongs to `recruitment.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from annotated_types import Gt, Interval

from scsim.errors import ModelError, Status, StimulusError, advice
from scsim.fibers.assemble import Lanes, assemble_lanes, check_potentials
from scsim.kernels.layouts import LANES
from scsim.stimulus.pulse import Pulse, sample_pulses
from scsim.units import MS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]

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

LATENCY_MS: Final = 2.0
"""Time from the end of a pulse near threshold to the spike, ms, at most (assumed)."""

LONG_FIBER_RTOL: Final = 5e-3
"""Relative width of the final bracket (no unit): a quarter of the 2 % by which a 5 µs step is off."""

_WINDOW_GRID_MS: Final = 0.1


@dataclass(frozen=True)
class ThresholdProtocol:
    """What counts as a spike, where, and how the amplitude is searched.

    Attributes
    ----------
    dt_us : float
        Step, µs. NEURON's scheme is first order: at 5 µs thresholds are 0.4 to 1.8 % high for pulses from
        0.1 ms up, more for shorter ones.
    onset_ms : float
        Start of the pulse, ms.
    window_ms : float
        End of the simulation, ms.
    detect_fraction : float
        Place of the detector node, as a fraction of the way from the first node to the last.
    spike_mv : float
        v_m that a spike must cross upward, mV.
    rest_mv : float
        A fiber is silent once every node is within this rise of its start, mV ...
    rest_after_ms : float
        ... and the pulse has been over for this long, ms.
    lower_ma, upper_ma : float
        Range of amplitudes searched, mA.
    growth : float
        Factor between trials until the threshold is bracketed.
    guess_mv : float
        Depolarization of the linearized fiber at the first trial, mV. Within its range it decides how
        many trials are needed; what is found differs by less than rtol.
    rtol : float
        Relative width of the final bracket.
    """

    dt_us: Annotated[float, Gt(0)] = 5.0
    onset_ms: Annotated[float, Interval(ge=0)] = 0.1
    window_ms: Annotated[float, Gt(0)] = 5.0
    detect_fraction: Annotated[float, Interval(ge=0, le=1)] = 0.9
    spike_mv: float = -30.0
    rest_mv: Annotated[float, Gt(0)] = 5.0
    rest_after_ms: Annotated[float, Interval(ge=0)] = 0.5
    lower_ma: Annotated[float, Gt(0)] = 1e-4
    upper_ma: Annotated[float, Gt(0)] = 100.0
    growth: Annotated[float, Gt(1)] = 1.5
    guess_mv: Annotated[float, Gt(0)] = 12.0
    rtol: Annotated[float, Interval(gt=0, lt=1)] = 1e-3


def long_fiber_protocol(
    pulse: Pulse, fiber_diameter_um: float, *, length_mm: float, active_end_mm: float
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

    Returns
    -------
    ThresholdProtocol
    """
    window_ms = (
        pulse.duration_us * MS_PER_US
        + LATENCY_MS
        + length_mm / (SLOWEST_MM_PER_MS_PER_UM * fiber_diameter_um)
    )
    return ThresholdProtocol(
        onset_ms=0.0,
        rtol=LONG_FIBER_RTOL,
        window_ms=math.ceil(window_ms / _WINDOW_GRID_MS) * _WINDOW_GRID_MS,
        detect_fraction=min((active_end_mm + DETECTOR_BEYOND_MM) / length_mm, FARTHEST_DETECTOR),
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


def check_protocol(protocol: ThresholdProtocol, pulse: Pulse) -> None:
    """Refuse a protocol that cannot find a threshold.

    Parameters
    ----------
    protocol : ThresholdProtocol
    pulse : Pulse

    Raises
    ------
    ModelError
        If a number of the protocol lies outside its range; all such numbers are named.
    StimulusError
        If the window ends before the pulse.
    """
    p = protocol
    ranges = (
        ("dt_us", p.dt_us > 0.0, "µs: a step is positive; 5 is usual"),
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
            f"mA: above lower_ma = {p.lower_ma:g} mA; order them so",
        ),
        ("growth", 1.0 < p.growth <= 4.0, ": above 1, at most 4; 1.5 is usual"),
        ("rtol", 0.0 < p.rtol < 1.0, ": between 0 and 1; 0.001 is usual"),
        ("guess_mv", 0.0 < p.guess_mv <= 50.0, "mV: above 0, at most 50; 12 is usual"),
    )
    faults = [
        f"{name} = {getattr(p, name):g} {what}".replace(" :", ":")
        for name, is_fine, what in ranges
        if not (is_fine and np.isfinite(getattr(p, name)))
    ]
    if faults:
        message = f"threshold protocol: {'; '.join(faults)}."
        raise ModelError(message)
    needed = p.onset_ms + pulse.duration_us * MS_PER_US
    if p.window_ms <= needed:
        message = (
            f"window_ms = {p.window_ms:g} ms: the pulse lasts until {needed:g} ms and a spike must "
            "still travel to the detector; use a longer window."
        )
        raise StimulusError(message)


def _detectors(fibers: Sequence[Fiber], protocol: ThresholdProtocol) -> npt.NDArray[np.int64]:
    """Node of each fiber at which a spike counts; never one of the passive ends."""
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


def _search_group(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    detectors: npt.NDArray[np.int64],
    pulse: Pulse,
    protocol: ThresholdProtocol,
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Brackets and status of up to sixteen fibers."""
    from scsim.kernels.search import search  # noqa: PLC0415 - numba loads slowly

    dt_ms = protocol.dt_us * MS_PER_US
    n_steps = round(protocol.window_ms / dt_ms)
    waveform = sample_pulses(pulse, [protocol.onset_ms], dt_ms, n_steps)
    lanes: Lanes = assemble_lanes(fibers, potentials, dt_ms)
    over_ms = protocol.onset_ms + pulse.duration_us * MS_PER_US
    rules = (
        dt_ms,
        protocol.spike_mv,
        protocol.rest_mv,
        round((over_ms + protocol.rest_after_ms) / dt_ms),
        lanes.n_nodes,
    )
    bounds = (
        protocol.lower_ma, protocol.upper_ma, protocol.growth, protocol.rtol, protocol.guess_mv,
    )  # fmt: skip
    counts = np.asarray(lanes.node_counts)
    detector = np.full(LANES, detectors[0])
    detector[: len(fibers)] = detectors
    lower, upper = np.zeros(LANES), np.zeros(LANES)
    origin, status = np.zeros(LANES, dtype=np.int64), np.zeros(LANES, dtype=np.int64)
    search(
        lanes.buffer, lanes.buffer.copy(), lanes.lane, lanes.membrane, lanes.force, waveform, rules,
        bounds, detector, lower, upper, origin, status,
    )  # fmt: skip
    at_end = (origin < END_NODES) | (origin > counts - 1 - END_NODES)
    status[(origin >= 0) & at_end] = Status.END_EXCITATION
    n = lanes.n_fibers
    return lower[:n], upper[:n], status[:n]


def search_thresholds(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    pulse: Pulse,
    protocol: ThresholdProtocol,
) -> Thresholds:
    """Find thresholds where shares are already applied: one potential per fiber.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_compartments,) per fiber, mV per mA
        Outside potential for 1 mA, shares and signs included.
    pulse : Pulse
    protocol : ThresholdProtocol

    Returns
    -------
    Thresholds
        In the order of the fibers.

    Raises
    ------
    GeometryError, ModelError, StimulusError
        As in `find_thresholds`.
    """
    check_protocol(protocol, pulse)
    check_potentials(fibers, potentials)
    detectors = _detectors(fibers, protocol)
    n = len(fibers)
    lower, upper = np.zeros(n), np.zeros(n)
    status = np.zeros(n, dtype=np.int8)
    # Fibers of like node count share lanes; a lane's result does not depend on its neighbors.
    order = np.argsort([fiber.node_count for fiber in fibers], kind="stable")
    for first in range(0, n, LANES):
        group = order[first : first + LANES]
        lower[group], upper[group], status[group] = _search_group(
            [fibers[i] for i in group],
            [potentials[i] for i in group],
            detectors[group],
            pulse,
            protocol,
        )
    with np.errstate(invalid="ignore"):
        middle = np.where(status == Status.OK, 0.5 * (lower + upper), np.nan)
    return Thresholds(middle, lower, upper, status, protocol)


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
            raise StimulusError(message)
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


def find_thresholds(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    pulse: Pulse,
    *,
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
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
    pulse : Pulse
        Shape and width of the pulse.
    shares : sequence of float, optional
        Share of the current on each contact, see `scsim.electrodes.montage.share_vector`.
    polarity : str
        ``"cathodic"`` or ``"anodic"``; only without shares.
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
        If the pulse does not fit the step, or shares do not fit the contacts.

    Notes
    -----
    Checked by ``tests/neuron/test_fibers.py`` (NEURON, same scheme and step) and
    ``tests/theory/test_strength_duration.py``.
    """
    used = protocol if protocol is not None else ThresholdProtocol()
    if rtol is not None:
        used = replace(used, rtol=rtol)
    return search_thresholds(
        fibers, apply_shares(fibers, potentials, shares, polarity), pulse, used
    )
