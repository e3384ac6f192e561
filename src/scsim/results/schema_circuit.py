"""Entries of the table of datasets: what drives the dorsal horn and what it answers.

Which groups of ``output.save`` hold them belongs in ``schema.py``.
"""

from __future__ import annotations

from typing import Final

from scsim.results.dataset import SPIKES, Dataset

_RATIO_CAVEAT: Final = (
    "The ratio says nothing about a person: it compares two runs of one model circuit."
)

RATES: Final = (
    Dataset(
        "projection_rate_hz",
        "circuit",
        (),
        "f8",
        "projection-neuron rate",
        "Mean firing rate of the projection neurons over the last circuit.readout_s of the run: all spikes of a spiking circuit, the total rate of a rate model. It may still be changing at the end of the run.",
    ),
    Dataset(
        "c_driven_rate_hz",
        "circuit",
        (),
        "f8",
        "C-driven rate",
        "Spiking circuits: the part of projection_rate_hz that is not locked to pulses, which the noxious input drives. Told apart by time alone: spikes within 12 ms of a pulse may be answers to it, what hides among them is made up for, and there are never more than without stimulation.",
        is_optional=True,
    ),
    Dataset(
        "pulse_locked_rate_hz",
        "circuit",
        (),
        "f8",
        "pulse-locked rate",
        "Spiking circuits: the part of projection_rate_hz that answers the pulses: projection_rate_hz - c_driven_rate_hz.",
        is_optional=True,
    ),
    Dataset(
        "late_rate_hz",
        "circuit",
        (),
        "f8",
        "rate later than 12 ms after a pulse",
        "Spiking circuits: spikes later than 12 ms after the latest pulse (begin of a burst: 12 ms + its length), per whole time: a plain count, which misses more the higher the pulse rate is and has no use above about 60 Hz.",
        is_optional=True,
    ),
    Dataset(
        "circuit_status",
        "circuit",
        (),
        "i1",
        "status of the circuit run",
        "Outcome of the circuit run.",
        is_status=True,
    ),
    Dataset(
        "rest_rate_hz",
        "rest",
        (),
        "f8",
        "projection-neuron rate without stimulation",
        "projection_rate_hz of the same circuit in the same state with the same noxious input, without stimulation.",
    ),
    Dataset(
        "healthy_rest_rate_hz",
        "rest",
        (),
        "f8",
        "projection-neuron rate of the healthy circuit without stimulation",
        "projection_rate_hz of the healthy circuit with the same noxious input, without stimulation.",
    ),
)

CELL_RATES: Final = (
    Dataset(
        "cell_rate_hz",
        "circuit",
        ("cell",),
        "f8",
        "firing rate",
        "Spiking circuits: mean firing rate of each cell over the readout.",
        is_optional=True,
    ),
)

PAIN: Final = (
    Dataset(
        "pain_signal",
        "circuit",
        (),
        "f8",
        "pain signal",
        f"C-driven rate (rate models: projection_rate_hz) / healthy_rest_rate_hz: 1 is what a healthy cord would signal. NaN where pain_status is not OK. {_RATIO_CAVEAT}",
    ),
    Dataset(
        "pain_status",
        "circuit",
        (),
        "i1",
        "status of the pain signal",
        "Whether pain_signal has a meaning.",
        is_status=True,
    ),
)

RELIEF: Final = (
    Dataset(
        "relief",
        "circuit",
        (),
        "f8",
        "relief",
        f"1 - projection_rate_hz / rest_rate_hz: 0 is no change, 1 is silence, negative is more output, answers to the pulses counted. NaN where relief_status is not OK. {_RATIO_CAVEAT}",
    ),
    Dataset(
        "relief_status",
        "circuit",
        (),
        "i1",
        "status of the relief",
        "Whether relief has a meaning.",
        is_status=True,
    ),
    Dataset(
        "c_driven_relief",
        "circuit",
        (),
        "f8",
        "relief of the C-driven rate",
        f"Spiking circuits: 1 - c_driven_rate_hz / rest_rate_hz, answers to the pulses left out. NaN where relief_status is not OK. {_RATIO_CAVEAT}",
        is_optional=True,
    ),
)

RATING: Final = (
    Dataset(
        "rating_illustrative",
        "circuit",
        (),
        "f8",
        "illustrative rating",
        "pain_signal on a bounded scale from 0 to 100 model units; the law is an assumption of this project, for teaching.",
        caveat="An illustration of a model, not a rating of a person: it predicts nobody's pain or relief.",
    ),
)

TIME_COURSES: Final = (
    Dataset(
        "projection_time_course_hz",
        "circuit",
        ("time_s",),
        "f8",
        "projection-neuron rate",
        "Firing rate of the projection neurons over time: of a rate model at each time, of a spiking circuit the spikes of one cell in bins around each time.",
    ),
    Dataset(
        "rest_time_course_hz",
        "rest",
        ("time_s",),
        "f8",
        "projection-neuron rate without stimulation",
        "projection_time_course_hz without stimulation.",
    ),
)

PSTH: Final = (
    Dataset(
        "psth_hz",
        "circuit",
        ("after_pulse_ms",),
        "f8",
        "projection-neuron rate around a pulse",
        "Spiking circuits: rate of the projection neuron in bins before and after each pulse of the readout, mean over pulses (after the begin of each burst). NaN where no fiber follows the pulses.",
        is_optional=True,
    ),
)

WIND_UP: Final = (
    Dataset(
        "late_spikes",
        "circuit",
        ("volley",),
        "f8",
        "late spikes after a volley",
        "Spiking circuits with volleys as natural input: spikes of the projection neuron later than 100 ms after each volley and before the next.",
        is_optional=True,
    ),
    Dataset(
        "wind_up_ratio",
        "circuit",
        (),
        "f8",
        "wind-up ratio",
        "late_spikes of the last volley / those of the first; NaN if the first has none.",
        is_optional=True,
    ),
)

SPIKE_TIMES: Final = (
    Dataset(
        "spike_time_ms",
        "circuit",
        ("spike",),
        "f8",
        "spike time",
        "Spiking circuits: times of all spikes, those of one run and cell in a row: from first_spike on, n_spikes of them. Runs that are equal stand here once.",
        SPIKES,
        is_optional=True,
    ),
    Dataset(
        "first_spike",
        "circuit",
        ("cell",),
        "i8",
        "place of the first spike",
        "Where the spikes of each cell begin in spike_time_ms, from 0; -1 where the run failed or has no such cell.",
        SPIKES,
        is_optional=True,
    ),
    Dataset(
        "n_spikes",
        "circuit",
        ("cell",),
        "i8",
        "number of spikes",
        "How many spikes each cell has in the whole run; -1 where the run failed or has no such cell.",
        SPIKES,
        is_optional=True,
    ),
)
