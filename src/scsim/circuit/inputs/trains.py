"""Spike trains of the fibers that reach a circuit: what they are, how they are checked, merged and made to differ.

Patterns of single trains belong in `circuit/train_patterns.py`, natural stimuli in `circuit/protocols.py`, the answers
to stimulation pulses in `circuit/volleys.py`, damaged fibers in `circuit/damage.py`.
"""

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.circuit.networks.wiring import FiberClass
from scsim.errors import ModelError


class Purpose(IntEnum):
    """What a random stream is drawn for: the first number of its spawn key.

    The numbers are part of every result: a new purpose gets a new number, and none is ever reused.
    """

    NATURAL = 1
    ECTOPIC = 2
    SILENT = 3
    JITTER = 4
    DAMAGE = 5
    LATENCY = 6
    NOISE = 7


@dataclass(frozen=True, eq=False)
class FiberTrains:
    """Spike trains of every fiber that reaches the circuit.

    Attributes
    ----------
    trains : mapping of str to tuple of ndarray of float64
        For each fiber class one array of arrival times per fiber, ms, sorted, read-only. A class that is not
        named is silent.

    Raises
    ------
    ModelError
        If times are not finite, negative or not sorted, or an array is not one row of numbers; the message lists
        every fiber that is wrong.

    Examples
    --------
    >>> trains = FiberTrains({"c": ([10.0, 320.5], [])})
    >>> trains.trains["c"][0]
    array([ 10. , 320.5])
    """

    trains: Mapping[str, tuple[NDArray[np.float64], ...]]

    def __post_init__(self) -> None:
        """Check every train and make it read-only."""
        if not isinstance(self.trains, Mapping):
            msg = f"trains = {self.trains!r:.60}: a mapping is expected, class of fibers to one list of times per fiber; write for example {{'c': [[10.0, 320.5], []]}}."
            raise ModelError(msg)
        faults: list[str] = []
        kept: dict[str, tuple[NDArray[np.float64], ...]] = {}
        for name, fibers in self.trains.items():
            kept[name] = tuple(
                checked_times(f"fiber {index} of the class {name!r}", times, faults)
                for index, times in enumerate(fibers)
            )
        _refuse(faults)
        object.__setattr__(self, "trains", MappingProxyType(kept))

    def n_spikes(self) -> int:
        """Give the number of spikes of all fibers together."""
        return sum(times.size for fibers in self.trains.values() for times in fibers)


def checked_times(
    who: str, times: ArrayLike, faults: list[str], *, item: str = "spike"
) -> NDArray[np.float64]:
    """Copy times, and add what is wrong with them to a list.

    Parameters
    ----------
    who : str
        Whose times they are, for the message.
    times : array_like of float, ms
    faults : list of str
        Gets one message if the times are not finite, negative, not sorted or not one row of numbers.
    item : str
        What happens at each time.

    Returns
    -------
    ndarray of float64, ms
        Read-only; empty where there is no row of numbers.
    """
    try:
        train = np.array(times, dtype=np.float64)
    except (TypeError, ValueError):
        faults.append(
            f"the {item} times of {who} are {times!r}: they must be numbers in ms; give one row of them."
        )
        return np.empty(0)
    if train.ndim != 1:
        faults.append(
            f"the {item} times of {who} have the shape {train.shape}: there must be one row of times; give one array of them."
        )
        return np.empty(0)
    if (wrong := _first(~np.isfinite(train))) is not None:
        faults.append(
            f"{item} {wrong} of {who} is at {train[wrong]} ms: a time must be a finite number; remove or correct it."
        )
    elif (wrong := _first(train < 0)) is not None:
        faults.append(
            f"{item} {wrong} of {who} is at {train[wrong]:g} ms: times begin at 0 ms; shift or remove it."
        )
    elif (wrong := _first(np.diff(train) < 0)) is not None:
        faults.append(
            f"{item} {wrong + 1} of {who} is at {train[wrong + 1]:g} ms, before the one ahead of it at {train[wrong]:g} ms: times must be sorted; sort them."
        )
    train.flags.writeable = False
    return train


def _first(mask: NDArray[np.bool_]) -> int | None:
    """Give the index of the first true value, None if there is none."""
    return int(np.argmax(mask)) if mask.any() else None


def _refuse(faults: Sequence[str]) -> None:
    """Raise all faults together, if there are any."""
    if faults:
        raise ModelError("\n".join(faults))


def check_duration(duration_ms: float) -> None:
    """Refuse a length of a run that is not a finite time above 0 ms.

    Parameters
    ----------
    duration_ms : float
        Length of the run, ms.

    Raises
    ------
    ModelError
        With the length.
    """
    if not 0 < duration_ms < math.inf:
        msg = f"duration_ms = {duration_ms} ms: a run lasts a finite time above 0 ms; use for example 5000 ms."
        raise ModelError(msg)


def check_trains(fibers: Sequence[FiberClass], trains: FiberTrains) -> FiberTrains:
    """Check trains against the fiber classes of a circuit and fill in what is silent.

    Parameters
    ----------
    fibers : sequence of FiberClass
        Of the circuit.
    trains : FiberTrains

    Returns
    -------
    FiberTrains
        Every class of the circuit, in its order; empty trains for classes that `trains` does not name.

    Raises
    ------
    ModelError
        If `trains` names a class that the circuit lacks, or a class has the wrong number of fibers; all faults at
        once.
    """
    known = {fiber.name: fiber for fiber in fibers}
    faults = [
        f"there is no fiber class {name!r} in this circuit; it has {', '.join(known) or 'none'}: rename the trains or leave them out."
        for name in trains.trains
        if name not in known
    ]
    faults += [
        f"the class {name!r} has trains for {len(given)} fibers, but the circuit has {known[name].n_fibers}: "
        "give one train per fiber, empty for a silent one."
        for name, given in trains.trains.items()
        if name in known and len(given) != known[name].n_fibers
    ]
    _refuse(faults)
    return FiberTrains(
        {
            fiber.name: trains.trains.get(fiber.name, (np.empty(0),) * fiber.n_fibers)
            for fiber in fibers
        }
    )


def merge_trains(*parts: FiberTrains) -> FiberTrains:
    """Add trains fiber by fiber.

    Parameters
    ----------
    *parts : FiberTrains
        A class that one of them lacks is silent there.

    Returns
    -------
    FiberTrains
        All spikes of each fiber, sorted; spikes at the same time are all kept.

    Raises
    ------
    ModelError
        If two parts have different numbers of fibers in a class.

    Notes
    -----
    Collision of impulses and refractoriness between the parts are left out: each part is what would arrive without
    the others, as in the published program.
    """
    names = dict.fromkeys(name for part in parts for name in part.trains)
    faults: list[str] = []
    merged: dict[str, tuple[NDArray[np.float64], ...]] = {}
    for name in names:
        given = [part.trains[name] for part in parts if name in part.trains]
        counts = sorted({len(fibers) for fibers in given})
        if len(counts) > 1:
            faults.append(
                f"the class {name!r} has {' and '.join(str(count) for count in counts)} fibers in the trains to be merged: "
                "they must agree; give empty trains for silent fibers."
            )
            continue
        merged[name] = tuple(
            np.sort(np.concatenate(same), kind="stable") for same in zip(*given, strict=True)
        )
    _refuse(faults)
    return FiberTrains(merged)


def recorded_trains(
    fibers: Sequence[FiberClass], recorded: Mapping[str, Sequence[ArrayLike]]
) -> FiberTrains:
    """Take trains that were recorded or made elsewhere.

    Parameters
    ----------
    fibers : sequence of FiberClass
        Of the circuit.
    recorded : mapping of str to sequence of array_like of float
        For each fiber class the arrival times of each fiber, ms; read from a file by
        `scsim.formats.spikes.read_spike_times`. Fewer fibers than the class has are allowed: the others are silent.

    Returns
    -------
    FiberTrains

    Raises
    ------
    ModelError
        As `FiberTrains` and `check_trains`.
    """
    counts = {fiber.name: fiber.n_fibers for fiber in fibers}
    filled = {
        name: (*trains, *((np.empty(0),) * (counts.get(name, 0) - len(trains))))
        for name, trains in recorded.items()
    }
    return check_trains(fibers, FiberTrains(filled))  # type: ignore[arg-type]


def stream(
    seed: int | np.random.SeedSequence,
    purpose: Purpose,
    class_name: str = "",
    fiber: int = 0,
    part: int = 0,
) -> np.random.Generator:
    """Give the random stream of one purpose and fiber.

    Streams depend on nothing else: what is drawn for stimulation, a pain state or another fiber changes none of
    them, so that all conditions of a sweep see the same noxious input (common random numbers), and a longer run
    begins like a shorter one.

    Parameters
    ----------
    seed : int or numpy.random.SeedSequence
        Of the case; a sequence is only read, never spawned from.
    purpose : Purpose
    class_name : str
        Name of the fiber class; its checksum enters the key, so that the order of classes does not matter.
    fiber, part : int
        Number of the fiber, and of the part of its train.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    ModelError
        If the seed is neither a whole number of 0 or above nor a sequence.
    """
    if not isinstance(seed, np.random.SeedSequence):
        if not isinstance(seed, int | np.integer) or seed < 0:
            msg = f"seed = {seed!r}: a seed must be a whole number of 0 or above, or a SeedSequence; use for example 1."
            raise ModelError(msg)
        seed = np.random.SeedSequence(int(seed))
    key = (int(purpose), zlib.crc32(class_name.encode()), fiber, part)
    child = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *key))
    return np.random.Generator(np.random.PCG64(child))


def nested_choice(
    n_fibers: int,
    share: float,
    seed: int | np.random.SeedSequence,
    purpose: Purpose,
    class_name: str,
) -> NDArray[np.bool_]:
    """Choose a share of the fibers of a class, in an order that depends on the seed only.

    Parameters
    ----------
    n_fibers : int
        Fibers of the class.
    share : float
        0 to 1; rounded to whole fibers.
    seed, purpose, class_name
        As in `stream`.

    Returns
    -------
    ndarray of bool, shape (n_fibers,)
        A larger share takes the same fibers and more.

    Raises
    ------
    ModelError
        If the share lies outside 0 to 1.
    """
    if not 0 <= share <= 1:
        msg = f"share = {share} of the fibers of the class {class_name!r}: a share lies between 0 (none) and 1 (all); use for example 0.5."
        raise ModelError(msg)
    chosen = np.zeros(n_fibers, dtype=np.bool_)
    order = stream(seed, purpose, class_name).permutation(n_fibers)
    chosen[order[: round(share * n_fibers)]] = True
    return chosen


def silence(trains: FiberTrains, silent: Mapping[str, Iterable[bool]]) -> FiberTrains:
    """Empty the trains of some fibers.

    Parameters
    ----------
    trains : FiberTrains
    silent : mapping of str to iterable of bool
        For each class, which fibers fall silent; classes that are not named stay as they are.

    Returns
    -------
    FiberTrains
    """
    return FiberTrains(
        {
            name: tuple(
                np.empty(0) if quiet else times
                for quiet, times in zip(
                    silent.get(name, (False,) * len(fibers)), fibers, strict=True
                )
            )
            for name, fibers in trains.trains.items()
        }
    )
