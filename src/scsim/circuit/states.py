"""Pain states: named changes of circuit parameters with a dose, read from ``data/pain_states/``.

A state names mechanisms (such as the inhibitory weight); a circuit says which of its parameters
carry each mechanism, so one state serves every circuit that has it. What the changed circuit does
belongs to the models.
"""

from dataclasses import replace
from typing import Any, Final

from scsim.circuit.catalog import unknown_name
from scsim.circuit.rate import RateCircuit
from scsim.errors import ModelError
from scsim.formats.tables import load_table, table_names

HEALTHY: Final = "healthy"
"""Name of the state that changes nothing."""

_FOLDER: Final = "pain_states"
_CHANGE: Final = "change_at_full_dose."


def state_names() -> tuple[str, ...]:
    """Give the names of all pain states.

    Returns
    -------
    tuple of str
        ``"healthy"`` first, the others in alphabetical order.
    """
    return (HEALTHY, *(name for name in table_names(_FOLDER) if name != HEALTHY))


def apply_state(circuit: RateCircuit, state: str, dose: float) -> RateCircuit:
    """Give the circuit as it is in a pain state.

    Parameters
    ----------
    circuit : RateCircuit
        The healthy circuit.
    state : str
        One of `state_names`.
    dose : float
        0 (healthy) to 1 (full change).

    Returns
    -------
    RateCircuit
        Every parameter p that carries a mechanism of the state becomes p × (1 + change × dose).

    Raises
    ------
    ModelError
        If the state is not known, the circuit lacks its mechanism, or the dose lies outside 0 to 1.

    Examples
    --------
    >>> from scsim.circuit.catalog import load_circuit
    >>> healthy = load_circuit("crodelle2019")
    >>> apply_state(healthy, "disinhibited", dose=2 / 3).g_ip
    0.9
    """
    if state not in state_names():
        raise ModelError(unknown_name("pain state", state, state_names()))
    if not 0 <= dose <= 1:
        msg = f"dose = {dose} of the state {state!r}: a dose lies between 0 (healthy) and 1 (full change); use for example 0.667."
        raise ModelError(msg)
    table = load_table(f"{_FOLDER}/{state}")
    carriers = dict(circuit.mechanisms)
    changed: dict[str, Any] = {}
    for key in table.quantities():
        mechanism = key.removeprefix(_CHANGE)
        if mechanism not in carriers:
            msg = f"the circuit {circuit.name!r} has no {mechanism!r}, which the pain state {state!r} changes; it has {', '.join(carriers) or 'no mechanism'}: choose another state or circuit."
            raise ModelError(msg)
        factor = 1 + table.number(key) * dose
        changed |= {name: getattr(circuit, name) * factor for name in carriers[mechanism]}
    return replace(circuit, **changed)
