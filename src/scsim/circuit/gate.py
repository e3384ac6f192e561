"""The gate-control circuit of a study: which model, which state, run for many conditions.

What the models compute belongs in `circuit/rate.py`; ratios of their output in `circuit/pain.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from scsim.circuit.afferents import PROTOCOL, AfferentSection, noxious_boxes, table_default
from scsim.circuit.catalog import load_circuit, unknown_name
from scsim.circuit.rate import STEP_S, InputBoxes, grid_fault
from scsim.circuit.states import HEALTHY, apply_state, state_names

SAMPLE_S: Final = 0.01
"""Distance of the samples of a time course, s: half the longest time constant of the neurons."""


@dataclass(frozen=True)
class CircuitSection:
    """Config table ``[circuit]``: the dorsal-horn model, its pain state and how long it runs.

    Attributes
    ----------
    model : str
        The circuit: "crodelle2019", a rate model of the dorsal horn.
    state : str
        The pain state: "healthy", or "disinhibited" (weaker inhibitory connections).
    dose : float
        How far the state is from healthy, 0 (healthy) to 1. At 2/3 the disinhibited circuit has
        half of its inhibition.
    duration_s : float
        Length of a run, s, above 0, at most 600; a whole number of 0.01 s.
    readout_s : float
        Rates are means over the last `readout_s` of a run, s, above 0; a whole number of 0.01 s.
        The noxious stimulus must have begun by then: `duration_s` must exceed
        `afferents.noxious_onset_s` + `readout_s`. The rate may still be changing: near
        the edges of what stimulation can switch off it drifts for many seconds, and only a longer
        run shows where it ends.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    model: Literal["crodelle2019"] = "crodelle2019"
    state: str = "healthy"
    dose: Annotated[float, Ge(0), Le(1)] = field(
        default_factory=table_default(PROTOCOL, "circuit.dose")
    )
    duration_s: Annotated[float, Gt(0), Le(600)] = field(
        default_factory=table_default(PROTOCOL, "circuit.duration_s")
    )
    readout_s: Annotated[float, Gt(0), Le(600)] = field(
        default_factory=table_default(PROTOCOL, "circuit.readout_s")
    )


@dataclass(frozen=True)
class Condition:
    """Everything that one circuit run depends on, as plain numbers and names.

    Attributes
    ----------
    model, state : str
        Circuit and pain state.
    dose : float
        Dose of the state, 0 to 1.
    f_a_hz, c_rest_hz, c_noxious_hz : float
        A-beta rate over the whole run, and C rate before and during the noxious stimulus, Hz.
    noxious_onset_s, duration_s, readout_s : float
        Begin of the noxious stimulus, length of the run and of the readout at its end, s. A run
        that ends before the onset goes without the stimulus; `section_faults` refuses it in a
        study.
    """

    model: str
    state: str
    dose: float
    f_a_hz: float
    c_rest_hz: float
    c_noxious_hz: float
    noxious_onset_s: float
    duration_s: float
    readout_s: float


class CaseConditions(NamedTuple):
    """The runs that one case needs.

    Attributes
    ----------
    own : Condition
        The case itself.
    healthy_rest : Condition
        Healthy circuit without stimulation: the reference of the pain signal.
    state_rest : Condition
        Same state without stimulation: the reference of the relief.
    """

    own: Condition
    healthy_rest: Condition
    state_rest: Condition


@dataclass(frozen=True)
class ConditionResponse:
    """What one condition did.

    Attributes
    ----------
    time_s : ndarray of float64, shape (n_samples,)
        Sample times, `SAMPLE_S` apart, s.
    projection_rate_hz : ndarray of float64, shape (n_samples,)
        Projection rate over time, Hz.
    mean_projection_rate_hz : float
        Mean over the readout, Hz; NaN where `status` is not OK.
    status : int
        `Status.OK` or `Status.NOT_FINITE`.
    """

    time_s: NDArray[np.float64]
    projection_rate_hz: NDArray[np.float64]
    mean_projection_rate_hz: float
    status: int


def section_faults(circuit: CircuitSection, afferents: AfferentSection) -> list[tuple[str, str]]:
    """List what is wrong with two sections beyond the range of each key.

    Parameters
    ----------
    circuit : CircuitSection
    afferents : AfferentSection

    Returns
    -------
    list of (str, str)
        Dotted key, and a message that says what is wrong and what to do; empty if all is well.
    """
    return [*_state_faults(circuit), *_time_faults(circuit, afferents)]


def _state_faults(circuit: CircuitSection) -> Iterator[tuple[str, str]]:
    if circuit.state not in state_names():
        yield "circuit.state", unknown_name("pain state", circuit.state, state_names())


def _time_faults(circuit: CircuitSection, afferents: AfferentSection) -> Iterator[tuple[str, str]]:
    on_grid = True
    for key, value_s, unit_s in (
        ("circuit.duration_s", circuit.duration_s, SAMPLE_S),
        ("circuit.readout_s", circuit.readout_s, SAMPLE_S),
        ("afferents.noxious_onset_s", afferents.noxious_onset_s, STEP_S),
    ):
        fault = grid_fault(value_s, unit_s)
        if fault:
            on_grid = False
            yield key, fault
    earliest_s = afferents.noxious_onset_s + circuit.readout_s
    if on_grid and circuit.duration_s <= earliest_s:
        message = (
            f"a run of {circuit.duration_s:g} s ends before the readout of {circuit.readout_s:g} s can "
            f"follow the noxious stimulus at {afferents.noxious_onset_s:g} s: it must be longer than "
            f"{earliest_s:g} s; lengthen duration_s, or shorten readout_s or afferents.noxious_onset_s."
        )
        yield "circuit.duration_s", message


def case_conditions(
    circuit: CircuitSection, afferents: AfferentSection, f_a_hz: float
) -> CaseConditions:
    """Give the runs that a case needs, in a form in which equal runs are equal.

    Parameters
    ----------
    circuit : CircuitSection
    afferents : AfferentSection
    f_a_hz : float
        Mean A-beta rate of the case, Hz; see `scsim.circuit.afferents.a_beta_rate_hz`.

    Returns
    -------
    CaseConditions
        The healthy state has dose 0, and dose 0 is the healthy state, so that cases share runs.
    """
    is_healthy = circuit.state == HEALTHY or circuit.dose == 0
    own = Condition(
        model=circuit.model,
        state=HEALTHY if is_healthy else circuit.state,
        dose=0.0 if is_healthy else circuit.dose,
        f_a_hz=f_a_hz,
        c_rest_hz=afferents.c_rest_hz,
        c_noxious_hz=afferents.c_noxious_hz,
        noxious_onset_s=afferents.noxious_onset_s,
        duration_s=circuit.duration_s,
        readout_s=circuit.readout_s,
    )
    state_rest = replace(own, f_a_hz=afferents.a_beta_rest_hz)
    return CaseConditions(own, replace(state_rest, state=HEALTHY, dose=0.0), state_rest)


def run_conditions(conditions: Sequence[Condition]) -> tuple[ConditionResponse, ...]:
    """Run conditions, those of equal length together in lanes.

    Parameters
    ----------
    conditions : sequence of Condition
        In any order; a condition's numbers do not depend on the others.

    Returns
    -------
    tuple of ConditionResponse
        One per condition, in the same order.

    Raises
    ------
    ModelError
        If a model or state is not known, or times do not lie on the grid.
    """
    # Loaded here, so that reading a config does not load the compiler.
    from scsim.circuit.respond import simulate_rates  # noqa: PLC0415

    groups: dict[tuple[float, float], list[int]] = {}
    for index, condition in enumerate(conditions):
        groups.setdefault((condition.duration_s, condition.readout_s), []).append(index)
    responses: dict[int, ConditionResponse] = {}
    for (duration_s, readout_s), members in groups.items():
        chosen = [conditions[index] for index in members]
        together = simulate_rates(
            [apply_state(load_circuit(c.model), c.state, c.dose) for c in chosen],
            [_input(c) for c in chosen],
            duration_s=duration_s,
            sample_s=SAMPLE_S,
            readout_s=readout_s,
        )
        for row, index in enumerate(members):
            responses[index] = ConditionResponse(
                time_s=together.time_s,
                projection_rate_hz=together.projection_rate_hz[row],
                mean_projection_rate_hz=float(together.mean_projection_rate_hz[row]),
                status=int(together.status[row]),
            )
    return tuple(responses[index] for index in range(len(conditions)))


def _input(condition: Condition) -> InputBoxes:
    """Give the afferent input of a condition."""
    section = AfferentSection(
        c_rest_hz=condition.c_rest_hz,
        c_noxious_hz=condition.c_noxious_hz,
        noxious_onset_s=condition.noxious_onset_s,
    )
    return noxious_boxes(section, condition.f_a_hz)
