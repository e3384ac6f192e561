"""The stages of the dorsal horn: what the recruited fibers carry to it, and what it makes of that.

Physics is in the rooms; the table of stages is in ``stages.py``.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.circuit.afferents import AfferentSection, a_beta_rate_hz
from scsim.circuit.gate import (
    SAMPLE_S,
    CircuitSection,
    Condition,
    case_conditions,
    run_conditions,
)
from scsim.circuit.pain import pain_signal, relief
from scsim.study.stage import rebuild

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.study.config import StudyConfig
    from scsim.study.stage import Outputs, Unit

_TIME_COURSE: Final = "time_course"


# Afferents: what the recruited fibers carry to the dorsal horn.


def prepare_afferents(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Give the mean rate of the A-beta fibers of a case."""
    share = upstream["recruitment"]["recruited_share"]
    rate_hz = a_beta_rate_hz(config.afferents, share, config.stimulus.frequency_hz)
    return ({"a_beta_rate_hz": rate_hz},)


# Rest and circuit: the dorsal horn without and with stimulation.


def _condition_unit(condition: Condition, config: StudyConfig) -> Unit:
    return {**asdict(condition), _TIME_COURSE: int(_TIME_COURSE in config.output.save)}


def prepare_rest(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Name the two runs without stimulation: the same state, and the healthy one."""
    conditions = case_conditions(config.circuit, config.afferents, config.afferents.a_beta_rest_hz)
    return (
        _condition_unit(conditions.state_rest, config),
        _condition_unit(conditions.healthy_rest, config),
    )


def prepare_circuit(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Name the run of a case."""
    rate_hz = float(upstream["afferents"]["a_beta_rate_hz"])
    own = case_conditions(config.circuit, config.afferents, rate_hz).own
    return (_condition_unit(own, config),)


def compute_circuit(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Run the dorsal horn, all conditions of a batch together."""
    conditions = [rebuild(Condition, unit) for unit in units]
    outputs: list[Outputs] = []
    for unit, response in zip(units, run_conditions(conditions), strict=True):
        output = {
            "rate_hz": np.array(response.mean_projection_rate_hz),
            "circuit_status": np.array(response.status, dtype=np.int8),
        }
        if unit[_TIME_COURSE]:
            output |= {"time_s": response.time_s, "course_hz": response.projection_rate_hz}
        outputs.append(output)
    return outputs


def warm_up_circuit() -> None:
    """Make the kernels of the circuit ready."""
    section = CircuitSection(duration_s=2 * SAMPLE_S, readout_s=SAMPLE_S)
    run_conditions(case_conditions(section, AfferentSection(noxious_onset_s=0.0), 1.0)[:1])


def _course(output: Outputs, name: str) -> dict[str, NDArray[Any]]:
    """Give the time course of a circuit run, if it was asked for, under the name of its dataset."""
    if "course_hz" not in output:
        return {}
    return {"time_s": output["time_s"], name: output["course_hz"]}


def join_rest(_: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]) -> Outputs:
    """Name the outputs of the two runs."""
    own, healthy = outputs
    return {
        "rest_rate_hz": own["rate_hz"],
        "healthy_rest_rate_hz": healthy["rate_hz"],
        **_course(own, "rest_time_course_hz"),
    }


def join_circuit(
    _: StudyConfig, upstream: Mapping[str, Outputs], outputs: Sequence[Outputs]
) -> Outputs:
    """Compare a run with those without stimulation."""
    (own,) = outputs
    rate_hz, rest = own["rate_hz"], upstream["rest"]
    signal = pain_signal(rate_hz, rest["healthy_rest_rate_hz"])
    eased = relief(rate_hz, rest["rest_rate_hz"])
    return {
        "projection_rate_hz": rate_hz,
        "circuit_status": own["circuit_status"],
        "pain_signal": signal.value,
        "pain_status": signal.status,
        "relief": eased.value,
        "relief_status": eased.status,
        **_course(own, "projection_time_course_hz"),
    }


def count_references(_: StudyConfig) -> int:
    """Count the runs without stimulation that a case is compared with."""
    return 2
