"""What no type or range tells about the dorsal horn: models and the keys they read, pain states, times of a run.

The rooms say what fits; checks put their answers beside the keys, as those of ``checks.py`` do. What needs the file
of a circuit is checked once all keys are sound: `file_faults`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scsim.circuit.afferents import RATE_KEYS, SPIKING_KEYS, spiking_input
from scsim.circuit.gate import study_circuit
from scsim.circuit.inputs.protocols import load_protocol, protocol_names
from scsim.circuit.rates.rate import STEP_S, grid_fault
from scsim.circuit.sections import (
    OWN_FILE,
    SAMPLE_S,
    doses_of,
    is_spiking,
    model_fault,
    run_times,
    slowest_time_constant_s,
    state_fault,
    time_faults,
)
from scsim.circuit.states import HEALTHY, state_names
from scsim.errors import ScsimError
from scsim.study.config import SECTIONS, StudyConfig
from scsim.study.inputs import input_path
from scsim.study.reading.checks import Check, Report, Values, named, section_of, split_message
from scsim.study.reading.faults import nearest, quoted_list
from scsim.study.reading.keys import field_types
from scsim.study.stages.circuit_outputs import LEAST_VOLLEYS, SPIKING_GROUPS, whole_volleys_ms
from scsim.units import MS_PER_S

_MODEL: Final = "circuit.model"
_STATE: Final = "circuit.state"
_DOSE: Final = "circuit.dose"
_FILE: Final = "circuit.file"
_SAVE: Final = "output.save"
_STATES: Final = tuple(f"states.{key}" for key in field_types(SECTIONS["states"]))
GRIDS_S: Final[Mapping[str, float]] = MappingProxyType(
    {
        "circuit.duration_s": SAMPLE_S,
        "circuit.readout_s": SAMPLE_S,
        "afferents.noxious_onset_s": STEP_S,
    }
)
"""Times of which a run of the circuit takes whole numbers of a unit."""

_TIMES: Final = (
    _MODEL,
    "circuit.duration_s",
    "circuit.readout_s",
    "circuit.readout",
    "afferents.noxious_onset_s",
)


def _model_and_file(values: Values, report: Report) -> None:
    """Check that a file of one's own and the model that asks for it come together."""
    if values[_MODEL] == OWN_FILE and values[_FILE] is None:
        problem = "a circuit of your own needs its file."
        report(
            _MODEL, problem, 'Write file = "circuit.toml" below [circuit], or choose another model.'
        )
    elif values[_MODEL] != OWN_FILE and values[_FILE] is not None:
        problem = f"the model {values[_MODEL]} comes with scsim, so no file is read."
        report(_FILE, problem, 'Remove it, or write model = "file".')


def _of_model(key: str) -> Check:
    """Make the check that the model reads a key of the afferents if it is written."""

    def find(values: Values, report: Report) -> None:
        fault = None if values[key] is None else model_fault(values[_MODEL], key.partition(".")[2])
        if fault:
            report(key, *split_message(fault))

    return Check((_MODEL, key), find)


def _state_of_circuit(values: Values, report: Report) -> None:
    """Check that the circuit has what the pain state changes."""
    state = values[_STATE]
    if values[_MODEL] == OWN_FILE or state not in state_names():
        return
    fault = state_fault(study_circuit(values[_MODEL]), state)
    if fault and values[_DOSE] > 0:
        report(_STATE, *split_message(fault))


def _acting_state(key: str) -> Check:
    """Make the check that the circuit has what a state of the table ``[states]`` changes."""
    state = key.partition(".")[2]

    def find(values: Values, report: Report) -> None:
        if values[key] == 0 or values[_MODEL] == OWN_FILE:
            return
        fault = state_fault(study_circuit(values[_MODEL]), state)
        if fault:
            report(key, *split_message(fault))

    return Check((_MODEL, key), find)


def _given_once(key: str) -> Check:
    """Make the check that a state does not stand in both tables."""
    state = key.partition(".")[2]

    def find(values: Values, report: Report) -> None:
        if values[key] > 0 and values[_STATE] == state and values[_DOSE] > 0:
            problem = f"the state {state} has a dose here and another one below [circuit]."
            report(key, problem, "Keep one of them.")

    return Check((_STATE, _DOSE, key), find)


def _protocol(values: Values, report: Report) -> None:
    name, key = values["afferents.protocol"], "afferents.protocol"
    if name is None or name in protocol_names():
        return
    near = nearest(name, protocol_names())
    remedy = (
        f'Did you mean protocol = "{near}"?'
        if near
        else 'Write, for example, protocol = "ongoing".'
    )
    problem = f"there is no such natural input; there is {quoted_list(protocol_names())}."
    report(key, problem, remedy)


def _saved_of_model(values: Values, report: Report) -> None:
    """Check that the model gives what is to be saved."""
    model, save = values[_MODEL], values[_SAVE]
    if is_spiking(model):
        return
    for name in dict.fromkeys(one for one in save if one in SPIKING_GROUPS):
        problem = f'"{name}" is of spiking circuits; the rate model {model} has no spikes.'
        report(_SAVE, problem, "Remove it, or choose a spiking circuit: zhang2014.")


def _volleys_to_count(values: Values, report: Report) -> None:
    """Check that a wind-up curve has volleys."""
    circuit, afferents = section_of(values, "circuit"), section_of(values, "afferents")
    if "wind_up" not in values[_SAVE] or not is_spiking(circuit.model):
        return
    name = spiking_input(afferents).protocol
    if name not in protocol_names():
        return
    protocol = load_protocol(name)
    if protocol.volleys is None:
        problem = f'"wind_up" counts the spikes after each volley; the natural input "{name}" has no volleys.'
        report(_SAVE, problem, 'Remove it, or write protocol = "wind_up" below [afferents].')
        return
    duration_s = run_times(circuit, 0.0).duration_s
    n_volleys = whole_volleys_ms(protocol, duration_s).size
    if n_volleys < LEAST_VOLLEYS:
        least_s = (protocol.onset_ms + LEAST_VOLLEYS * protocol.volleys.interval_ms) / MS_PER_S
        problem = f'"wind_up" needs {LEAST_VOLLEYS} volleys or more; a run of {duration_s:g} s holds {n_volleys} of "{name}".'
        report(_SAVE, problem, f"Remove it, or write duration_s = {least_s:g} or more.")


def _pulses_to_tell_apart(values: Values, report: Report) -> None:
    """Check that there is a time after a pulse in which a histogram can show anything."""
    if "psth" in values[_SAVE] and values["stimulus.pattern"] == "kilohertz":
        problem = '"psth" counts the spikes after a pulse; at kilohertz rates the next pulse comes within a millisecond.'
        report(_SAVE, problem, 'Remove it, or choose the pattern "tonic" or "burst".')


def _on_time_grid(values: Values, report: Report) -> None:
    """Check that a time is a whole number of samples or steps."""
    ((key, time_s),) = values.items()
    fault = None if time_s is None else grid_fault(time_s, GRIDS_S[key])
    if fault:
        report(key, *split_message(fault))


def _run_times(values: Values, report: Report) -> None:
    """Check that the readout fits into the run, behind its transients."""
    if values[_MODEL] == OWN_FILE:
        return
    circuit, afferents = section_of(values, "circuit"), section_of(values, "afferents")
    for key, message in time_faults(circuit, afferents):
        report(key, *split_message(message))  # of the grid: as above, told once


CIRCUIT_CHECKS: Final = (
    named(_STATE, "pain state", state_names),
    Check((_MODEL, _FILE), _model_and_file),
    *(_of_model(f"afferents.{key}") for key in (*RATE_KEYS, *SPIKING_KEYS)),
    Check((_MODEL, _STATE, _DOSE), _state_of_circuit),
    *map(_acting_state, _STATES),
    *map(_given_once, _STATES),
    Check(("afferents.protocol",), _protocol),
    Check((_MODEL, _SAVE), _saved_of_model, is_of_all=True),
    Check(
        (_MODEL, "circuit.duration_s", "afferents.protocol", _SAVE),
        _volleys_to_count,
        is_of_all=True,
    ),
    Check(("stimulus.pattern", _SAVE), _pulses_to_tell_apart, is_of_all=True),
    *(Check((key,), _on_time_grid) for key in GRIDS_S),
    Check(_TIMES, _run_times),
)
"""Checks of the dorsal horn that need no file."""


def file_faults(config: StudyConfig) -> list[tuple[str, str]]:
    """Find what is wrong with the user's own circuit of a case, and with what the case asks of it.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    list of (str, str)
        Dotted key and message; empty without such a circuit.
    """
    circuit = config.circuit
    if circuit.model != OWN_FILE or circuit.file is None:
        return []
    path = input_path(config.folder, circuit.file)
    if not path.is_file():
        is_folder = "is a folder" if path.is_dir() else "is not there"
        return [
            (
                _FILE,
                f"{path} {is_folder}. Write the name of a file, from the folder of the config on.",
            )
        ]
    try:
        own = study_circuit(circuit.model, path)
    except (ScsimError, OSError) as error:
        return [(_FILE, f"{error}")]
    faults = time_faults(circuit, config.afferents, slowest_time_constant_s(own))
    for state, _ in doses_of(circuit, config.states):
        key = _STATE if state == circuit.state else f"states.{state}"
        fault = state_fault(own, state)
        if fault and state != HEALTHY:
            faults.append((key, fault))
    return faults
