"""Pain states: named changes of a circuit and its inputs with a dose, read from ``data/pain_states/``.

A state names mechanisms (such as the inhibitory weight); a circuit says what carries each mechanism, so one state
serves every circuit that has it. Which mechanisms there are is in `circuit/mechanisms.py`; what the changed circuit
does belongs to the models.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, TypeVar

from scsim.circuit.mechanisms import INPUT_MECHANISMS, SPIKING_MECHANISMS
from scsim.circuit.names import unknown_name
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.wiring import SteadyConductance
from scsim.circuit.rates.rate import RateCircuit
from scsim.errors import ModelError
from scsim.formats.tables import load_table, table_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scsim.circuit.integrate_fire import IntegrateFireCircuit
    from scsim.circuit.networks.neurons import Section

    CircuitT = TypeVar("CircuitT", SpikingCircuit, RateCircuit, IntegrateFireCircuit)

HEALTHY: Final = "healthy"
"""Name of the state that changes nothing."""

_FOLDER: Final = "pain_states"
_CHANGE: Final = "change_at_full_dose."
_RATE_CHANGE: Final = "change_at_full_dose_in_rate_models."
_RELATIVE: Final = "1"
_SILENCE: Final = "natural_afferents"


@dataclass(frozen=True)
class InputEffects:
    """What pain states change in the spikes that reach a circuit.

    Attributes
    ----------
    ectopic_hz : tuple of (str, float)
        Fiber classes with ectopic discharge, and its mean rate in every fiber, Hz; without those that have none.
    silent_share : tuple of (str, float)
        Fiber classes that lost fibers, and the share whose natural spikes are lost, above 0 to 1.
    """

    ectopic_hz: tuple[tuple[str, float], ...] = ()
    silent_share: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class _Change:
    """What states together do to a mechanism: value × factor + shift."""

    factor: float = 1.0
    shift: float = 0.0


def state_names() -> tuple[str, ...]:
    """Give the names of all pain states.

    Returns
    -------
    tuple of str
        ``"healthy"`` first, the others in alphabetical order.
    """
    return (HEALTHY, *(name for name in table_names(_FOLDER) if name != HEALTHY))


def states_of(circuit: SpikingCircuit | RateCircuit | IntegrateFireCircuit) -> tuple[str, ...]:
    """Give the names of the pain states that a circuit has every mechanism of.

    Parameters
    ----------
    circuit : SpikingCircuit, RateCircuit or IntegrateFireCircuit

    Returns
    -------
    tuple of str
        In the order of `state_names`.
    """
    carried = {name for name, _ in circuit.mechanisms}
    is_rate = isinstance(circuit, RateCircuit)
    return tuple(
        s for s in state_names() if {name for name, _, _ in _changes(s, is_rate)} <= carried
    )


def apply_states(circuit: CircuitT, doses: Mapping[str, float]) -> CircuitT:
    """Give the circuit as it is in one or more pain states at once.

    Parameters
    ----------
    circuit : SpikingCircuit, RateCircuit or IntegrateFireCircuit
        The healthy circuit.
    doses : mapping of str to float
        States by name, with their doses: 0 (healthy) to 1 (full change). States with dose 0 change nothing and may
        be any.

    Returns
    -------
    SpikingCircuit, RateCircuit or IntegrateFireCircuit
        A value p that carries a mechanism becomes p × (1 + change × dose) where the change is relative, and
        p + change × dose where it has a unit; several states multiply their factors and add their shifts, so their
        order does not matter. The circuit itself where nothing in it changes; see `input_effects` for the rest.

    Raises
    ------
    ModelError
        If a state is not known, a dose lies outside 0 to 1, or the circuit lacks a mechanism of a state; with all
        faults, one per line.

    Examples
    --------
    >>> from scsim.circuit.catalog import load_circuit
    >>> healthy = load_circuit("crodelle2019")
    >>> apply_states(healthy, {"disinhibited": 2 / 3}).g_ip
    0.9
    """
    combined = _combined(circuit, doses)
    inner = {name: change for name, change in combined.items() if name not in INPUT_MECHANISMS}
    if not inner:
        return circuit
    if isinstance(circuit, SpikingCircuit):
        return replace(circuit, **_changed_parts(circuit, inner))
    carriers = dict(circuit.mechanisms)
    changed: dict[str, Any] = {
        key: getattr(circuit, key) * change.factor + change.shift
        for name, change in inner.items()
        for key in carriers[name]
    }
    return replace(circuit, **changed)


def input_effects(
    circuit: SpikingCircuit | RateCircuit | IntegrateFireCircuit, doses: Mapping[str, float]
) -> InputEffects:
    """Give what pain states change in the spikes that reach a circuit.

    Parameters
    ----------
    circuit, doses
        As in `apply_states`.

    Returns
    -------
    InputEffects

    Raises
    ------
    ModelError
        As `apply_states`.
    """
    combined = _combined(circuit, doses)
    carriers = dict(circuit.mechanisms)
    ectopic: dict[str, float] = {}
    silent: dict[str, float] = {}
    for name in INPUT_MECHANISMS:
        change = combined.get(name)
        if change is None:
            continue
        for fiber in carriers[name]:
            if name != _SILENCE:
                ectopic[fiber] = ectopic.get(fiber, 0.0) + change.shift
            elif change.factor < 1:  # a dose below the rounding of 1 loses no fiber
                silent[fiber] = min(1.0, 1 - change.factor)
    return InputEffects(tuple(ectopic.items()), tuple(silent.items()))


def apply_state(circuit: CircuitT, state: str, dose: float) -> CircuitT:
    """Give the circuit as it is in one pain state.

    Parameters
    ----------
    circuit : SpikingCircuit, RateCircuit or IntegrateFireCircuit
        The healthy circuit.
    state : str
        One of `state_names`.
    dose : float
        0 (healthy) to 1 (full change).

    Returns
    -------
    SpikingCircuit, RateCircuit or IntegrateFireCircuit
        See `apply_states`.
    """
    return apply_states(circuit, {state: dose})


@functools.cache
def _changes(state: str, is_rate: bool) -> tuple[tuple[str, float, str], ...]:
    """Give the mechanisms that a state changes, with size and unit of the change at full dose."""
    table = load_table(f"{_FOLDER}/{state}")
    keys = tuple(table.quantities())
    has_own = any(key.startswith(_RATE_CHANGE) for key in keys)
    part = _RATE_CHANGE if is_rate and has_own else _CHANGE
    return tuple(
        (key.removeprefix(part), table.number(key), table.quantity(key).unit)
        for key in keys
        if key.startswith(part)
    )


def _combined(
    circuit: SpikingCircuit | RateCircuit | IntegrateFireCircuit, doses: Mapping[str, float]
) -> dict[str, _Change]:
    """Give what all states together do to each mechanism, in an order of its own."""
    if not isinstance(doses, Mapping):
        msg = f'doses = {doses!r}: pain states come with their doses; write, for example, {{"disinhibited": 0.5}}.'
        raise ModelError(msg)
    faults = dict(_dose_faults(doses))
    is_rate = isinstance(circuit, RateCircuit)
    carried = dict(circuit.mechanisms)
    combined: dict[str, _Change] = {}
    for state in sorted(set(doses) - set(faults)):
        dose = doses[state]
        changes = _changes(state, is_rate) if dose > 0 else ()
        lacking = [name for name, _, _ in changes if name not in carried]
        if lacking:
            faults[state] = _lacks(circuit, state, lacking)
        for name, size, unit in changes:
            before = combined.get(name, _Change())
            combined[name] = (
                replace(before, factor=before.factor * (1 + size * dose))
                if unit == _RELATIVE
                else replace(before, shift=before.shift + size * dose)
            )
    if faults:
        raise ModelError("\n".join(faults.values()))
    return combined


def _dose_faults(doses: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Say which states are not known and which doses lie outside their range."""
    for state, dose in doses.items():
        if state not in state_names():
            yield state, unknown_name("pain state", state, state_names())
        elif not (isinstance(dose, Real) and 0 <= dose <= 1):
            yield (
                state,
                f"dose = {dose!r} of the state {state!r}: a dose lies between 0 (healthy) and 1 (full change); use for example 0.667.",
            )


def _lacks(
    circuit: SpikingCircuit | RateCircuit | IntegrateFireCircuit, state: str, lacking: list[str]
) -> str:
    """Say that a circuit lacks what a state changes."""
    missing = " and ".join(repr(name) for name in lacking)
    has = ", ".join(name for name, _ in circuit.mechanisms) or "no mechanism"
    return (
        f"the circuit {circuit.name!r} has no {missing}, which the pain state {state!r} changes; it has {has}, "
        f"and so the states {', '.join(states_of(circuit))}: choose another state or circuit."
    )


def _changed_parts(circuit: SpikingCircuit, changes: Mapping[str, _Change]) -> dict[str, Any]:
    """Give the changed cells, receptors, connections and steady conductances of a spiking circuit."""
    carriers = dict(circuit.mechanisms)
    weight: dict[str, float] = {}
    reversal: dict[str, float] = {}
    density: dict[str, float] = {}
    steady: list[SteadyConductance] = []
    for name, mechanism in SPIKING_MECHANISMS.items():
        change = changes.get(name)
        if change is None:
            continue
        for carrier in carriers[name]:
            if mechanism.carrier == "cell.receptor":
                target, _, receptor = carrier.partition(".")
                steady.append(SteadyConductance(target, receptor, change.shift))
            elif mechanism.carrier == "channel":
                density[carrier] = density.get(carrier, 1.0) * change.factor
            elif mechanism.unit == _RELATIVE:
                weight[carrier] = weight.get(carrier, 1.0) * change.factor
            else:
                reversal[carrier] = reversal.get(carrier, 0.0) + change.shift
    cells = [
        replace(cell, sections=tuple(_scaled(section, density) for section in cell.sections))
        for cell in circuit.cells
    ]
    receptors = [
        replace(r, reversal_mv=r.reversal_mv + reversal[r.name]) if r.name in reversal else r
        for r in circuit.receptors
    ]
    connections = [
        replace(c, weight_microsiemens=c.weight_microsiemens * weight[c.receptor])
        if c.receptor in weight
        else c
        for c in circuit.connections
    ]
    return {
        "cells": tuple(cells) if density else circuit.cells,
        "receptors": tuple(receptors),
        "connections": tuple(connections),
        "steady": _merged((*circuit.steady, *steady)),
    }


def _scaled(section: Section, density: Mapping[str, float]) -> Section:
    """Give a section with the densities of some channels changed."""
    return replace(
        section,
        channels=tuple(
            replace(channel, density=channel.density * density.get(channel.kind, 1.0))
            for channel in section.channels
        ),
    )


def _merged(steady: Iterable[SteadyConductance]) -> tuple[SteadyConductance, ...]:
    """Add up steady conductances of one place and receptor."""
    sums: dict[tuple[str, str, str, float], SteadyConductance] = {}
    for one in steady:
        key = (one.target, one.receptor, one.section, one.position)
        before = sums.get(key)
        total = one.conductance_microsiemens + (before.conductance_microsiemens if before else 0.0)
        sums[key] = replace(one, conductance_microsiemens=total)
    return tuple(sums.values())
