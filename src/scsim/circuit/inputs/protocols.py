"""Natural stimuli: what each class of fibers fires during a brush, a pinch or a volley, read from ``data/protocols/``.

The patterns of single trains are in `circuit/train_patterns.py`. Stimulation pulses belong in `circuit/volleys.py`.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scsim.circuit.inputs.train_patterns import (
    Burst,
    NormalIntervals,
    Poisson,
    Regular,
    TrainPattern,
)
from scsim.circuit.inputs.trains import FiberTrains, Purpose, check_duration, merge_trains, stream
from scsim.circuit.networks.wiring import FiberClass
from scsim.circuit.rates.rate import STEP_MS, STEP_S, RateBox
from scsim.errors import ModelError
from scsim.formats.tables import Table, load_table, table_names
from scsim.units import MS_PER_S, S_PER_MS

_FOLDER: Final = "protocols"
LATENCY_DECIMALS: Final = 3
"""Latencies of volleys are rounded to 0.001 ms, as in the lists of the published program."""

BORDER_GAP_MS: Final = 1.0
"""Shortest interval across the begin or end of a stimulus, ms: a choice of this project, just above the absolute
refractory period of human sensory fibers, about 0.7 ms (Tackmann & Lehmann 1974, abstract)."""

_PATTERNS: Final[Mapping[str, Callable[..., TrainPattern]]] = MappingProxyType(
    {"poisson": Poisson, "regular": Regular, "burst": Burst, "normal": NormalIntervals}
)


@dataclass(frozen=True)
class ClassInput:
    """What the fibers of one class fire.

    Attributes
    ----------
    evoked : TrainPattern or None
        Pattern during the stimulus; None: the fibers do not answer it and go on as at rest.
    rest : TrainPattern or None
        Pattern before and after it; None: silent.
    latency_ms : tuple of float
        For volleys: arrival of one spike of each fiber after the volley, ms; empty: the class takes no part.
        Fibers beyond those listed get one drawn so that conduction speeds are normally distributed as the listed
        ones are.
    is_conditioned : bool
        Whether the class answers conditioning volleys too.

    Raises
    ------
    ModelError
        If a latency is negative or not finite.
    """

    evoked: TrainPattern | None = None
    rest: TrainPattern | None = None
    latency_ms: tuple[float, ...] = ()
    is_conditioned: bool = False

    def __post_init__(self) -> None:
        """Check the latencies."""
        for latency in self.latency_ms:
            if not 0 < latency < math.inf:
                msg = f"latency_ms = {latency} ms: a latency must be a finite number above 0 ms; correct the table."
                raise ModelError(msg)


@dataclass(frozen=True)
class Volleys:
    """Synchronous stimuli of a nerve: every fiber of the classes that take part fires once per volley.

    Attributes
    ----------
    interval_ms : float
        From one volley to the next, ms.
    n_volleys : int
        How many.
    latency_scale : float
        Factor on the listed latencies, no unit: distance of the stimulus relative to that of the list.
    conditioning_delay_ms : tuple of float
        For each volley in turn, after how long a conditioning volley follows it, ms, and from the start again when
        they are used up; infinite: none follows. Empty: none at all.

    Raises
    ------
    ModelError
        If a value lies outside its range.
    """

    interval_ms: float
    n_volleys: int
    latency_scale: float = 1.0
    conditioning_delay_ms: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check every value."""
        faults = []
        if not 0 < self.interval_ms < math.inf:
            faults.append(
                f"interval_ms = {self.interval_ms} ms between volleys: it must be above 0 ms; use for example 1000 ms."
            )
        if self.n_volleys < 1:
            faults.append(
                f"n_volleys = {self.n_volleys}: there must be 1 volley or more; use for example 20."
            )
        if not 0 < self.latency_scale < math.inf:
            faults.append(
                f"latency_scale = {self.latency_scale}: the factor on the latencies must be above 0; use 1 for the listed ones."
            )
        faults += [
            f"conditioning_delay_ms = {delay} ms: a delay must be 0 ms or above, or infinite for no conditioning volley; correct it."
            for delay in self.conditioning_delay_ms
            if not delay >= 0
        ]
        if faults:
            raise ModelError("\n".join(faults))


@dataclass(frozen=True)
class NaturalProtocol:
    """A natural stimulus: when, and what each class of fibers fires.

    Attributes
    ----------
    name, title : str
        Name of the table, and one line about it.
    onset_ms, duration_ms : float
        Begin and length of the stimulus, ms; the length may be infinite. The first volley comes at the onset.
    inputs : mapping of str to ClassInput
        By kind of fiber (``"a_beta"``, ``"a_delta"``, ``"c"``) for the local receptive field, and by kind with the
        ending ``"_surround"`` for the surround. A class that is not named is silent.
    volleys : Volleys or None
        None for a lasting stimulus.

    Raises
    ------
    ModelError
        If a time lies outside its range.
    """

    name: str
    title: str
    onset_ms: float
    duration_ms: float
    inputs: Mapping[str, ClassInput] = field(hash=False)
    volleys: Volleys | None = None

    def __post_init__(self) -> None:
        """Check the times."""
        faults = []
        if not 0 <= self.onset_ms < math.inf:
            faults.append(
                f"{self.name}: onset_ms = {self.onset_ms} ms: a stimulus begins at 0 ms or later; use for example 500 ms."
            )
        if not self.duration_ms > 0:
            faults.append(
                f"{self.name}: duration_ms = {self.duration_ms} ms: a stimulus lasts longer than 0 ms; use for example 1000 ms, or inf for the whole run."
            )
        if faults:
            raise ModelError("\n".join(faults))

    @property
    def end_ms(self) -> float:
        """First time after the stimulus, ms."""
        return self.onset_ms + self.duration_ms

    def input_of(self, fiber: FiberClass) -> ClassInput:
        """Give what the fibers of a class fire; silence where the protocol does not name them."""
        name = fiber.kind if fiber.field == "local" else f"{fiber.kind}_{fiber.field}"
        return self.inputs.get(name, ClassInput())


def protocol_names() -> tuple[str, ...]:
    """Give the names of all natural stimuli.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    return table_names(_FOLDER)


@functools.cache
def load_protocol(name: str) -> NaturalProtocol:
    """Read a natural stimulus.

    Parameters
    ----------
    name : str
        One of `protocol_names`.

    Returns
    -------
    NaturalProtocol

    Raises
    ------
    ModelError
        If there is none of that name; the message names those there are.
    """
    if name not in protocol_names():
        msg = f"there is no natural protocol {name!r}; known are {', '.join(protocol_names())}: choose one of these."
        raise ModelError(msg)
    table = load_table(f"{_FOLDER}/{name}")
    sections: dict[str, dict[str, object]] = {}
    for key in table.quantities():
        section, _, entry = key.partition(".")
        sections.setdefault(section, {})[entry] = table.value(key)
    timing = sections.pop("stimulus")
    volleys = sections.pop("volleys", None)
    return NaturalProtocol(
        name=name,
        title=table.title,
        onset_ms=float(timing["onset_ms"]),  # type: ignore[arg-type]
        duration_ms=float(timing["duration_ms"]),  # type: ignore[arg-type]
        inputs=MappingProxyType(
            {key: _class_input(table, key, values) for key, values in sections.items()}
        ),
        volleys=None if volleys is None else Volleys(**volleys),  # type: ignore[arg-type]
    )


def _class_input(table: Table, kind: str, values: Mapping[str, object]) -> ClassInput:
    """Read one class: evoked and resting pattern, latencies."""
    patterns: dict[str, TrainPattern | None] = {}
    for part in ("evoked", "rest"):
        entries = {
            key.removeprefix(f"{part}."): value
            for key, value in values.items()
            if key.startswith(f"{part}.")
        }
        patterns[part] = _PATTERNS[str(entries.pop("pattern"))](**entries) if entries else None
    latencies = values.get("latency_ms", ())
    return ClassInput(
        latency_ms=tuple(table.array(f"{kind}.latency_ms")) if latencies else (),
        is_conditioned=bool(values.get("is_conditioned", False)),
        **patterns,
    )


def natural_trains(
    fibers: Sequence[FiberClass],
    protocol: str | NaturalProtocol,
    *,
    duration_ms: float,
    seed: int | np.random.SeedSequence,
) -> FiberTrains:
    """Draw the spikes that a natural stimulus sends to the circuit.

    Parameters
    ----------
    fibers : sequence of FiberClass
        Of the circuit.
    protocol : str or NaturalProtocol
        Name of a table, or a stimulus of one's own.
    duration_ms : float
        Length of the run, ms.
    seed : int or numpy.random.SeedSequence
        Of the case. Each fiber has its own stream: neither the other classes, nor stimulation, nor the length of
        the run change its spikes.

    Returns
    -------
    FiberTrains
        Every class of the circuit.

    Raises
    ------
    ModelError
        If there is no protocol of that name, or the length is not a finite number above 0.
    """
    chosen = load_protocol(protocol) if isinstance(protocol, str) else protocol
    check_duration(duration_ms)
    if chosen.volleys is not None:
        return _volley_trains(fibers, chosen, chosen.volleys, duration_ms, seed)
    return FiberTrains(
        {
            fiber.name: tuple(
                _lasting_train(
                    fiber.name,
                    index,
                    chosen,
                    given=chosen.input_of(fiber),
                    duration_ms=duration_ms,
                    seed=seed,
                )
                for index in range(fiber.n_fibers)
            )
            for fiber in fibers
        }
    )


def _lasting_train(
    class_name: str,
    index: int,
    protocol: NaturalProtocol,
    *,
    given: ClassInput,
    duration_ms: float,
    seed: int | np.random.SeedSequence,
) -> NDArray[np.float64]:
    """Draw one fiber: rest, the answer to the stimulus, rest again, each from a stream of its own."""
    end_of_rest_ms = duration_ms if given.evoked is None else protocol.onset_ms
    parts = (
        (given.rest, 0.0, end_of_rest_ms),
        (given.evoked, protocol.onset_ms, protocol.end_ms),
        (None if given.evoked is None else given.rest, protocol.end_ms, duration_ms),
    )
    train = np.empty(0)
    for part, (pattern, start_ms, end_ms) in enumerate(parts):
        length_ms = min(end_ms, duration_ms) - start_ms
        if pattern is None or length_ms <= 0:
            continue
        rng = stream(seed, Purpose.NATURAL, class_name, index, part)
        times = start_ms + pattern.draw(length_ms, rng)
        if train.size:
            times = times[times >= train[-1] + BORDER_GAP_MS]
        train = np.concatenate([train, times])
    # Adding the start may round a time up to the end of the run.
    return train[train < duration_ms]


def _volley_trains(
    fibers: Sequence[FiberClass],
    protocol: NaturalProtocol,
    volleys: Volleys,
    duration_ms: float,
    seed: int | np.random.SeedSequence,
) -> FiberTrains:
    """Give one spike per fiber and volley, and the resting trains."""
    onsets = protocol.onset_ms + volleys.interval_ms * np.arange(volleys.n_volleys)
    onsets = onsets[onsets < protocol.end_ms]
    conditioning = onsets + _conditioning_delays(volleys, onsets.size)
    conditioning = conditioning[np.isfinite(conditioning)]
    trains: dict[str, tuple[NDArray[np.float64], ...]] = {}
    resting: dict[str, tuple[NDArray[np.float64], ...]] = {}
    for fiber in fibers:
        given = protocol.input_of(fiber)
        starts = np.concatenate([onsets, conditioning]) if given.is_conditioned else onsets
        latencies = fiber_latencies_ms(fiber, given.latency_ms, seed)
        arrivals = (
            np.sort(starts + np.round(volleys.latency_scale * latency, LATENCY_DECIMALS))
            for latency in latencies
        )
        trains[fiber.name] = tuple(times[times < duration_ms] for times in arrivals)
        if not given.latency_ms:
            trains[fiber.name] = (np.empty(0),) * fiber.n_fibers
        resting[fiber.name] = tuple(
            np.empty(0)
            if given.rest is None
            else given.rest.draw(duration_ms, stream(seed, Purpose.NATURAL, fiber.name, index))
            for index in range(fiber.n_fibers)
        )
    return merge_trains(FiberTrains(trains), FiberTrains(resting))


def _conditioning_delays(volleys: Volleys, n_volleys: int) -> NDArray[np.float64]:
    """Give the delay of the conditioning volley after each volley, ms, infinite where there is none."""
    if not volleys.conditioning_delay_ms:
        return np.full(n_volleys, math.inf)
    return np.resize(np.array(volleys.conditioning_delay_ms, dtype=np.float64), n_volleys)


def fiber_latencies_ms(
    fiber: FiberClass, listed_ms: Sequence[float], seed: int | np.random.SeedSequence
) -> NDArray[np.float64]:
    """Give the latency of every fiber of a class.

    Parameters
    ----------
    fiber : FiberClass
    listed_ms : sequence of float
        Latencies of the first fibers, ms; at least 2 if the class has more fibers than are listed.
    seed : int or numpy.random.SeedSequence
        Of the case; used for fibers beyond the list only.

    Returns
    -------
    ndarray of float64, shape (n_fibers,)
        The listed ones; for each further fiber the inverse of a normally distributed number with the mean and
        standard deviation of the listed inverses, drawn again outside the listed range: all fibers have one distance,
        so inverse latencies are conduction speeds up to a factor. Empty if none is listed.

    Raises
    ------
    ModelError
        If only one latency is listed for a larger class.
    """
    listed = np.array(listed_ms[: fiber.n_fibers], dtype=np.float64)
    if listed.size in {0, fiber.n_fibers}:
        return listed
    speeds = 1 / listed
    if speeds.min() == speeds.max():
        msg = f"the class {fiber.name!r} has {fiber.n_fibers} fibers, but its listed latencies are all {listed[0]:g} ms: list at least two different ones, or one for each fiber."
        raise ModelError(msg)
    further = np.empty(fiber.n_fibers - listed.size)
    for index in range(further.size):
        rng = stream(seed, Purpose.LATENCY, fiber.name, listed.size + index)
        speed = math.nan
        while not speeds.min() <= speed <= speeds.max():
            speed = speeds.mean() + speeds.std(ddof=1) * rng.standard_normal()
        further[index] = 1 / speed
    return np.concatenate([listed, further])


@dataclass(frozen=True)
class MeanRate:
    """Mean rate of the fibers of one class over time, for models without spikes.

    Attributes
    ----------
    rest_hz : float
        Mean rate outside the boxes, Hz.
    boxes : tuple of RateBox
        Times at which another rate holds. They lie on the grid of the rate models, outwards from the exact times,
        with the same number of spikes.
    """

    rest_hz: float
    boxes: tuple[RateBox, ...]


def mean_rates_hz(protocol: str | NaturalProtocol) -> dict[str, MeanRate]:
    """Give the mean rate per fiber that a natural stimulus sends.

    Parameters
    ----------
    protocol : str or NaturalProtocol

    Returns
    -------
    dict of str to MeanRate
        By kind of fiber, with the ending ``"_surround"`` for the surround; kinds that the protocol does not name are
        silent. A volley is one spike per fiber, spread evenly from the shortest to the longest listed latency.

    Raises
    ------
    ModelError
        If there is no protocol of that name, or the length of the stimulus leaves a box without time.
    """
    chosen = load_protocol(protocol) if isinstance(protocol, str) else protocol
    return {
        kind: MeanRate(
            rest_hz=0.0 if given.rest is None else given.rest.mean_rate_hz,
            boxes=_lasting_boxes(chosen, given)
            if chosen.volleys is None
            else _volley_boxes(chosen, chosen.volleys, given),
        )
        for kind, given in chosen.inputs.items()
    }


def _lasting_boxes(protocol: NaturalProtocol, given: ClassInput) -> tuple[RateBox, ...]:
    if given.evoked is None:
        return ()
    rate_hz = given.evoked.mean_rate_hz
    return (RateBox(protocol.onset_ms * S_PER_MS, protocol.end_ms * S_PER_MS, rate_hz),)


def _volley_boxes(
    protocol: NaturalProtocol, volleys: Volleys, given: ClassInput
) -> tuple[RateBox, ...]:
    if not given.latency_ms:
        return ()
    rest_hz = 0.0 if given.rest is None else given.rest.mean_rate_hz
    onsets = protocol.onset_ms + volleys.interval_ms * np.arange(volleys.n_volleys)
    onsets = onsets[onsets < protocol.end_ms]
    if given.is_conditioned:
        conditioning = onsets + _conditioning_delays(volleys, onsets.size)
        onsets = np.sort(np.concatenate([onsets, conditioning[np.isfinite(conditioning)]]))
    first, last = (volleys.latency_scale * end(given.latency_ms) for end in (min, max))
    boxes = []
    for onset in onsets:
        start = math.floor((onset + first) / STEP_MS)
        end = max(math.ceil((onset + last) / STEP_MS), start + 1)
        spikes_per_ms = 1 / ((end - start) * STEP_MS)
        boxes.append(RateBox(start * STEP_S, end * STEP_S, rest_hz + MS_PER_S * spikes_per_ms))
    return tuple(boxes)
