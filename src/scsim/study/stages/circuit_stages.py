"""The stages of the dorsal horn: what the recruited fibers carry to it, and what it makes of that.

Physics is in the rooms; the table of stages is in ``stages/table.py``.
"""

from __future__ import annotations

from dataclasses import fields
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.circuit.afferents import AfferentSection, a_beta_rate_hz
from scsim.circuit.gate import (
    NO_VOLLEYS,
    CaseConditions,
    RateCondition,
    SpikingCondition,
    Volleys,
    fiber_counts,
    rate_conditions,
    spiking_condition,
    spiking_conditions,
)
from scsim.circuit.inputs.volleys import burst_pulses_ms, tonic_pulses_ms
from scsim.circuit.readouts.pain import pain_signal, rating_illustrative, relief
from scsim.circuit.run_conditions import (
    run_rate_conditions,
    run_spiking_conditions,
)
from scsim.circuit.sections import (
    OWN_FILE,
    SAMPLE_S,
    CircuitSection,
    StatesSection,
    is_spiking,
    run_times,
)
from scsim.errors import ModelError
from scsim.response.following import extend_spikes
from scsim.study.inputs import input_path
from scsim.study.stages.circuit_outputs import SAVED, rate_output, spiking_output
from scsim.study.stages.stage import rebuild
from scsim.units import MS_PER_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.study.config import StudyConfig
    from scsim.study.stages.stage import Outputs, Unit

_REFERENCES: Final = 3
"""Runs that a case needs: its own, and two without stimulation that others share."""


def _path(config: StudyConfig) -> str:
    """Give the path of the user's own circuit, empty if the case has none."""
    circuit = config.circuit
    if circuit.model != OWN_FILE or circuit.file is None:
        return ""
    return str(input_path(config.folder, circuit.file))


# Afferents: what the recruited fibers carry to the dorsal horn.


def prepare_afferents(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Give the mean rate of the A-beta fibers of a case; spiking circuits have trains in its place."""
    if is_spiking(config.circuit.model):
        return ({},)
    following = upstream["following"]
    if following["is_followed"]:
        rate_hz = a_beta_rate_hz(config.afferents, 1.0, following["followed_rate_hz"])
    else:
        share = upstream["recruitment"]["recruited_share"]
        rate_hz = a_beta_rate_hz(config.afferents, share, config.stimulus.frequency_hz)
    return ({"a_beta_rate_hz": rate_hz},)


def prepare_drive(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Count the fibers of the circuit that follow: shares of recruited fibers times those that it has."""
    if not is_spiking(config.circuit.model):
        return ({},)
    recruited = upstream["recruitment"]
    counts = fiber_counts(config.circuit.model, _path(config))
    return (
        {
            f"{field}_fibers": np.rint(recruited[f"recruited_share_{field}"] * n_fibers)
            for field, n_fibers in zip(("local", "surround"), counts, strict=True)
        },
    )


# Circuit: the dorsal horn with and without stimulation.


def prepare_circuit(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Name the run of a case and the two without stimulation that it is compared with."""
    if is_spiking(config.circuit.model):
        return _spiking_units(config, _volleys(config, upstream))
    rate_hz = float(upstream["afferents"]["a_beta_rate_hz"])
    return _rate_units(config, rate_hz)


def prepare_rest(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Name the two runs without stimulation: the same state, and the healthy one."""
    if is_spiking(config.circuit.model):
        return _spiking_units(config, NO_VOLLEYS)[1:]
    return _rate_units(config, 0.0)[1:]


def _rate_units(config: StudyConfig, rate_hz: float) -> tuple[Unit, ...]:
    conditions = rate_conditions(config.circuit, config.states, config.afferents, rate_hz)
    return _units(config, conditions, "")


def _spiking_units(config: StudyConfig, volleys: Volleys) -> tuple[Unit, ...]:
    path = _path(config)
    own = spiking_condition(
        config.circuit, config.states, config.afferents, volleys, seed=config.seed, path=path
    )
    return _units(config, spiking_conditions(own), path)


def _units(config: StudyConfig, conditions: CaseConditions, path: str) -> tuple[Unit, ...]:
    """Lay conditions flat, so that equal ones are found by their content."""
    also: dict[str, Any] = {"saved": tuple(one for one in SAVED if one in config.output.save)}
    if path:
        also["file_hash"] = _file_hash(path)
    return tuple({**_flat(condition), **also} for condition in conditions)


def _file_hash(path: str) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


def _flat(condition: RateCondition | SpikingCondition) -> dict[str, Any]:
    values = {one.name: getattr(condition, one.name) for one in fields(condition)}
    volleys = values.pop("volleys", None)
    if volleys is not None:
        values |= {one.name: getattr(volleys, one.name) for one in fields(volleys)}
    return values


def _volleys(config: StudyConfig, upstream: Mapping[str, Outputs]) -> Volleys:
    """Give what the stimulation of a case sends to a spiking circuit."""
    drive, following = upstream["drive"], upstream["following"]
    conduction_ms = float(upstream["recruitment"]["conduction_ms"])
    duration_s = run_times(config.circuit).duration_s
    n_local, n_surround = int(drive["local_fibers"]), int(drive["surround_fibers"])
    pulses_ms, marks_ms, burst_ms = _pulses(config, duration_s)
    if following["is_followed"]:
        return _followed(following, duration_s, marks_ms, burst_ms, conduction_ms)
    if not n_local and not n_surround:
        return NO_VOLLEYS
    return Volleys(
        n_local=n_local,
        n_surround=n_surround,
        pulses_ms=pulses_ms,
        marks_ms=marks_ms + conduction_ms,
        burst_ms=burst_ms,
        conduction_ms=conduction_ms,
    )


def _followed(
    following: Outputs,
    duration_s: float,
    marks_ms: NDArray[np.float64],
    burst_ms: float,
    conduction_ms: float,
) -> Volleys:
    """Take the trains that the fiber stage computed, which repeat from a time on."""
    flat: dict[str, NDArray[np.float64]] = {}
    counts: dict[str, NDArray[np.int64]] = {}
    for field in ("local", "surround"):
        offsets = following[f"{field}_follow_offsets"]
        trains = [
            extend_spikes(
                following[f"{field}_follow_times_ms"][first:last],
                float(following[f"{field}_follow_cut_ms"][fiber]),
                float(following[f"{field}_follow_repeat_ms"][fiber]),
                duration_s * MS_PER_S,
            )
            for fiber, (first, last) in enumerate(pairwise(offsets))
        ]
        flat[field] = np.concatenate([*trains, np.empty(0)])
        counts[field] = np.array([train.size for train in trains], dtype=np.int64)
    spikes_ms = np.sort(np.concatenate([flat["local"], flat["surround"]]))
    if not spikes_ms.size:
        return NO_VOLLEYS
    # A pulse that no fiber follows can evoke no answer. Thick fibers are faster than the mean: their spikes come after
    # the pulse, but perhaps not after its mark.
    ends = np.searchsorted(spikes_ms, np.append(marks_ms, np.inf))
    return Volleys(
        marks_ms=marks_ms[np.diff(ends) > 0] + conduction_ms,
        conduction_ms=conduction_ms,
        burst_ms=burst_ms,
        local_times_ms=flat["local"],
        local_counts=counts["local"],
        surround_times_ms=flat["surround"],
        surround_counts=counts["surround"],
    )


def _pulses(
    config: StudyConfig, duration_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Give all pulses, the begin of each repetition and the length of a burst, ms."""
    stimulus, to_ms = config.stimulus, duration_s * MS_PER_S
    marks_ms = tonic_pulses_ms(stimulus.frequency_hz, from_ms=0.0, to_ms=to_ms)
    n_pulses, within_hz = stimulus.pulses_per_burst, stimulus.intraburst_frequency_hz
    if stimulus.pattern != "burst" or n_pulses is None or within_hz is None:
        return marks_ms, marks_ms, 0.0
    interval_ms = MS_PER_S / within_hz
    pulses_ms = burst_pulses_ms(
        stimulus.frequency_hz,
        n_pulses=n_pulses,
        interval_ms=interval_ms,
        from_ms=0.0,
        to_ms=to_ms,
    )
    return pulses_ms, marks_ms, (n_pulses - 1) * interval_ms


def order_circuit(unit: Unit) -> tuple[Any, ...]:
    """Put runs that share the input of their inhibitory cells beside each other.

    Parameters
    ----------
    unit : mapping

    Returns
    -------
    tuple
        Runs that differ in their pain states only follow each other; before that, those of one pulse train.
    """
    pulses = unit.get("pulses_ms")
    return (
        unit["duration_s"],
        unit["model"],
        0 if pulses is None else pulses.size,
        unit.get("n_surround", 0),
        unit.get("n_local", 0),
        unit.get("realization", 0),
        unit["doses"],
    )


def compute_circuit(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Run the dorsal horn, all conditions of a batch together."""
    _check_files(units)
    outputs: dict[int, Outputs] = {}
    for run in (_compute_rates, _compute_spikes):
        places = [
            place
            for place, unit in enumerate(units)
            if is_spiking(unit["model"]) == (run is _compute_spikes)
        ]
        if places:
            found = run([units[place] for place in places])
            outputs.update(zip(places, found, strict=True))
    return [outputs[place] for place in range(len(units))]


def _check_files(units: Sequence[Unit]) -> None:
    """Refuse a user's own circuit that is not the one of which the units are: this may be later, or elsewhere.

    Raises
    ------
    ModelError
        If a file has other content.
    """
    for path, known in {(unit["path"], unit["file_hash"]) for unit in units if "file_hash" in unit}:
        found = _file_hash(path)
        if found != known:
            msg = f"{path} is not the circuit that the study was begun with (SHA-256 {found[:12]}, then {known[:12]}): it was changed while the study ran, or differs on the machine that computes. Run the study again; workers elsewhere need the same file in the same place."
            raise ModelError(msg)


def _compute_rates(units: Sequence[Unit]) -> list[Outputs]:
    responses = run_rate_conditions([rebuild(RateCondition, unit) for unit in units])
    return [
        rate_output(unit["saved"], response)
        for unit, response in zip(units, responses, strict=True)
    ]


def _compute_spikes(units: Sequence[Unit]) -> list[Outputs]:
    conditions = [
        rebuild(SpikingCondition, {**unit, "volleys": rebuild(Volleys, unit)}) for unit in units
    ]
    responses = run_spiking_conditions(conditions)
    return [
        spiking_output(unit["saved"], condition, response)
        for unit, condition, response in zip(units, conditions, responses, strict=True)
    ]


def warm_up_circuit(units: Sequence[Unit]) -> None:
    """Make the kernels of the first runs ready, on runs of two samples."""
    short: list[Unit] = []
    for unit in units:
        if not any(is_spiking(one["model"]) == is_spiking(unit["model"]) for one in short):
            nothing = {"saved": (), "duration_s": 2 * SAMPLE_S, "readout_s": SAMPLE_S}
            onset = {"noxious_onset_s": 0.0} if "noxious_onset_s" in unit else {}
            short.append({**unit, **nothing, **onset})
    compute_circuit(short)


def compile_ahead(configs: Sequence[StudyConfig]) -> str:
    """Give the program that makes the kernels of spiking circuits ready, if they are needed and not there.

    Parameters
    ----------
    configs : sequence of StudyConfig

    Returns
    -------
    str
        Python; empty if there is nothing to compile.
    """
    from scsim.kernels.jit import is_to_be_compiled  # noqa: PLC0415 - loads the compiler

    if not any(is_spiking(config.circuit.model) for config in configs):
        return ""
    if not is_to_be_compiled("network", "run_cells"):
        return ""
    return f"from {__name__} import {compile_spiking.__name__} as run; run()"


def compile_spiking() -> None:
    """Make the kernels of spiking circuits ready, on the shortest run of the published one."""
    condition = spiking_condition(
        CircuitSection(model="zhang2014", duration_s=2 * SAMPLE_S, readout_s=SAMPLE_S),
        StatesSection(),
        AfferentSection(),
        NO_VOLLEYS,
        seed=0,
    )
    run_spiking_conditions([condition])


def join_circuit(
    config: StudyConfig, _: Mapping[str, Outputs], outputs: Sequence[Outputs]
) -> Outputs:
    """Compare a run with those without stimulation."""
    own, rest, healthy = outputs
    named = {"projection_rate_hz": own["rate_hz"]}
    # Of a rate model nothing but the whole rate is known.
    driven_hz = own["rate_hz"]
    if "c_driven_rate_hz" in own:
        # Pulses may hide spikes that the noxious input drives, but open no new way to them.
        driven_hz = np.minimum(own["c_driven_rate_hz"], rest["rate_hz"])
        locked_hz = own["rate_hz"] - driven_hz
        named |= {"c_driven_rate_hz": driven_hz, "pulse_locked_rate_hz": locked_hz}
        named["c_driven_relief"] = relief(driven_hz, rest["rate_hz"]).value
    signal = pain_signal(driven_hz, healthy["rate_hz"])
    eased = relief(own["rate_hz"], rest["rate_hz"])
    named |= {"pain_signal": signal.value, "pain_status": signal.status}
    named |= {"relief": eased.value, "relief_status": eased.status}
    if "rating_illustrative" in config.output.save:
        named["rating_illustrative"] = rating_illustrative(signal.value)
    kept = {name: value for name, value in own.items() if name not in {"rate_hz", "course_hz"}}
    return {**kept, **named, **_course(own, "projection_time_course_hz")}


def join_rest(_: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]) -> Outputs:
    """Name the outputs of the two runs."""
    own, healthy = outputs
    return {
        "rest_rate_hz": own["rate_hz"],
        "healthy_rest_rate_hz": healthy["rate_hz"],
        **_course(own, "rest_time_course_hz"),
    }


def _course(output: Outputs, name: str) -> dict[str, NDArray[Any]]:
    """Give the time course of a circuit run, if it was asked for, under the name of its dataset."""
    if "course_hz" not in output:
        return {}
    return {"time_s": output["time_s"], name: output["course_hz"]}


def count_runs(_: StudyConfig) -> int:
    """Count the circuit runs of a case: its own, and two without stimulation."""
    return _REFERENCES


def count_references(_: StudyConfig) -> int:
    """Count the runs without stimulation that a case is compared with."""
    return _REFERENCES - 1
