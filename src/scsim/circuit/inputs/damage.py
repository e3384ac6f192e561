"""Fibers that are damaged, fall silent or fire by themselves: changes of their spike trains.

The kinds of damage are those of Crodelle & Maia (2021), there on trains in bins of 1 ms, here on spike times. Which
damage belongs to which pain state stands in ``data/pain_states/``.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from scsim.circuit.inputs.train_patterns import Poisson
from scsim.circuit.inputs.trains import (
    FiberTrains,
    Purpose,
    check_duration,
    check_trains,
    merge_trains,
    nested_choice,
    silence,
    stream,
)
from scsim.circuit.networks.wiring import FiberClass
from scsim.circuit.states import InputEffects
from scsim.errors import ModelError
from scsim.formats.tables import load_table

_TABLE: Final = "damage/crodelle2021"
"""Table of the published sizes of each damage."""

_SPIKE_PART: Final = 1
"""Part of the damage stream of a fiber that decides about its spikes; part 0 of the first chooses the fibers."""


@runtime_checkable
class Damage(Protocol):
    """What every kind of damage does to the train of one fiber."""

    @abstractmethod
    def change(
        self, times_ms: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Give the spikes that arrive, ms, sorted."""


def _check_length(what: str, length_ms: float) -> None:
    if not 0 < length_ms < math.inf:
        msg = f"{what} = {length_ms} ms: it must be a finite time above 0 ms; the published program uses 5 to 125 ms."
        raise ModelError(msg)


@dataclass(frozen=True)
class Block:
    """No spike arrives."""

    def change(
        self,
        times_ms: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Give no spike at all."""
        return np.empty(0)


@dataclass(frozen=True)
class Delay:
    """Every spike arrives later.

    Attributes
    ----------
    delay_ms : float
        By how much, ms, above 0.

    Notes
    -----
    The published program shifts by one bin of 1 ms less than the delay it is given.
    """

    delay_ms: float

    def __post_init__(self) -> None:
        """Check the delay."""
        _check_length("delay_ms", self.delay_ms)

    def change(
        self,
        times_ms: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Give the later times."""
        return times_ms + self.delay_ms


@dataclass(frozen=True)
class Advance:
    """Every spike arrives earlier; those that would come before 0 ms are lost.

    Attributes
    ----------
    advance_ms : float
        By how much, ms, above 0.
    """

    advance_ms: float

    def __post_init__(self) -> None:
        """Check the advance."""
        _check_length("advance_ms", self.advance_ms)

    def change(
        self,
        times_ms: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Give the earlier times."""
        return times_ms[times_ms >= self.advance_ms] - self.advance_ms


@dataclass(frozen=True)
class LongerRefractoryPeriod:
    """A spike that follows one that passed by less than the refractory period is lost.

    Attributes
    ----------
    period_ms : float
        Refractory period, ms, above 0.

    Notes
    -----
    The published program compares distances from the shortest to the longest, so that a spike which is itself lost
    later on may still suppress another; here only spikes that passed make the fiber refractory.
    """

    period_ms: float

    def __post_init__(self) -> None:
        """Check the period."""
        _check_length("period_ms", self.period_ms)

    def change(
        self,
        times_ms: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Give the spikes that pass."""
        kept = np.zeros(times_ms.size, dtype=np.bool_)
        last_ms = -math.inf
        for index, time_ms in enumerate(times_ms):
            if time_ms - last_ms >= self.period_ms:
                kept[index] = True
                last_ms = float(time_ms)
        return times_ms[kept]


@dataclass(frozen=True)
class IntermittentBlock:
    """The fiber conducts and blocks in turn, beginning with conduction at 0 ms.

    Attributes
    ----------
    half_period_ms : float
        How long it conducts, and how long it then blocks, ms, above 0.
    """

    half_period_ms: float

    def __post_init__(self) -> None:
        """Check the period."""
        _check_length("half_period_ms", self.half_period_ms)

    def change(
        self,
        times_ms: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Give the spikes that meet a conducting fiber."""
        return times_ms[np.mod(times_ms, 2 * self.half_period_ms) < self.half_period_ms]


@dataclass(frozen=True)
class ExtraSpikes:
    """A spike may be followed by extra ones.

    Attributes
    ----------
    probability : float
        That a spike evokes extra ones, 0 to 1, no unit.
    n_spikes : int
        How many follow, 1 or more; they evoke none themselves.
    interval_ms : float
        Between one and the next, ms, above 0.
    """

    probability: float
    n_spikes: int
    interval_ms: float

    def __post_init__(self) -> None:
        """Check every value."""
        if not 0 <= self.probability <= 1:
            msg = f"probability = {self.probability}: a probability lies between 0 and 1; the published program uses 0.3."
            raise ModelError(msg)
        if self.n_spikes < 1:
            msg = f"n_spikes = {self.n_spikes}: 1 extra spike or more must follow; the published program uses 2."
            raise ModelError(msg)
        _check_length("interval_ms", self.interval_ms)

    def change(
        self, times_ms: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Give all spikes; one that falls on another is one spike."""
        sources = times_ms[rng.random(times_ms.size) < self.probability]
        extra = sources[:, None] + self.interval_ms * np.arange(1, self.n_spikes + 1)
        return np.union1d(times_ms, extra.ravel())


def published_damage() -> dict[str, Damage]:
    """Give every kind of damage with its published size.

    Returns
    -------
    dict of str to Damage
        ``"block"``, ``"delay"``, ``"advance"``, ``"longer_refractory_period"``, ``"intermittent_block"`` and
        ``"extra_spikes"``.
    """
    table = load_table(_TABLE)
    return {
        "block": Block(),
        "delay": Delay(table.number("delay.delay_ms")),
        "advance": Advance(table.number("advance.advance_ms")),
        "longer_refractory_period": LongerRefractoryPeriod(
            table.number("longer_refractory_period.period_ms")
        ),
        "intermittent_block": IntermittentBlock(table.number("intermittent_block.half_period_ms")),
        "extra_spikes": ExtraSpikes(
            table.number("extra_spikes.probability"),
            int(table.number("extra_spikes.n_spikes")),
            table.number("extra_spikes.interval_ms"),
        ),
    }


def damage_trains(
    trains: FiberTrains,
    damage: Mapping[str, Damage],
    *,
    share: float,
    duration_ms: float,
    seed: int | np.random.SeedSequence,
) -> FiberTrains:
    """Change the trains of a share of the fibers.

    Parameters
    ----------
    trains : FiberTrains
    damage : mapping of str to Damage
        For each fiber class that is damaged, how.
    share : float
        Share of the fibers of these classes that are damaged, 0 to 1; a larger share damages the same ones and more.
    duration_ms : float
        Length of the run, ms; spikes that would arrive later are left out.
    seed : int or numpy.random.SeedSequence
        Of the case.

    Returns
    -------
    FiberTrains
        Classes that `damage` does not name stay as they are.

    Raises
    ------
    ModelError
        If `damage` names a class without trains, the share lies outside 0 to 1, or the length is not a finite time
        above 0.
    """
    check_duration(duration_ms)
    unknown = [name for name in damage if name not in trains.trains]
    if unknown:
        msg = f"there are no trains of a fiber class {unknown[0]!r} to damage; there are {', '.join(trains.trains) or 'none'}: name one of these."
        raise ModelError(msg)
    changed = dict(trains.trains)
    for name, kind in damage.items():
        fibers = trains.trains[name]
        chosen = nested_choice(len(fibers), share, seed, Purpose.DAMAGE, name)
        arriving = (
            kind.change(times, stream(seed, Purpose.DAMAGE, name, index, _SPIKE_PART))
            if hit
            else times
            for index, (times, hit) in enumerate(zip(fibers, chosen, strict=True))
        )
        changed[name] = tuple(times[times < duration_ms] for times in arriving)
    return FiberTrains(changed)


def add_input_effects(
    fibers: Sequence[FiberClass],
    natural: FiberTrains,
    effects: InputEffects,
    *,
    duration_ms: float,
    seed: int | np.random.SeedSequence,
) -> FiberTrains:
    """Change natural trains as pain states do: ectopic spikes come on top, some fibers fall silent.

    Parameters
    ----------
    fibers : sequence of FiberClass
        Of the circuit.
    natural : FiberTrains
        From `scsim.circuit.inputs.protocols.natural_trains`.
    effects : InputEffects
        From `scsim.circuit.states.input_effects`. Ectopic spikes come at random; a larger rate has the same train in
        shorter time. A larger share of silent fibers silences the same ones and more; they still carry ectopic
        spikes and answers to stimulation.
    duration_ms : float
        Length of the run, ms.
    seed : int or numpy.random.SeedSequence
        Of the case. Which fibers fall silent, and where ectopic spikes lie, does not depend on the natural trains.

    Returns
    -------
    FiberTrains
        Every class of the circuit.

    Raises
    ------
    ModelError
        If a rate or share lies outside its range, or effects or trains name a class that the circuit lacks.
    """
    check_duration(duration_ms)
    filled = check_trains(fibers, natural)
    known = {fiber.name: fiber.n_fibers for fiber in fibers}
    named = [name for name, _ in (*effects.ectopic_hz, *effects.silent_share)]
    unknown = [name for name in named if name not in known]
    if unknown:
        msg = f"there is no fiber class {unknown[0]!r} to change; the circuit has {', '.join(known)}: name one of these."
        raise ModelError(msg)
    silent = {
        name: nested_choice(known[name], share, seed, Purpose.SILENT, name)
        for name, share in effects.silent_share
    }
    ectopic = {
        name: tuple(
            Poisson(rate_hz).draw(duration_ms, stream(seed, Purpose.ECTOPIC, name, index))
            for index in range(known[name])
        )
        for name, rate_hz in effects.ectopic_hz
    }
    return merge_trains(silence(filled, silent), FiberTrains(ectopic))
