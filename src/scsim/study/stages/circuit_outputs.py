"""What is kept of a run of the dorsal horn: rates, histograms, courses, spikes, as arrays by name.

How they are read off spikes belongs in `scsim.circuit.readouts.readout` and `scsim.circuit.readouts.locking`; what they are called in the
results file, in `scsim.results.schema`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.circuit.inputs.protocols import load_protocol
from scsim.circuit.readouts.locking import LOCK_MS, split_rates
from scsim.circuit.readouts.readout import (
    AFTER_MS,
    peristimulus_histogram,
    spike_rate_hz,
    wind_up_curve,
)
from scsim.circuit.run_conditions import binned_rate
from scsim.errors import Status
from scsim.units import MS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scsim.circuit.gate import SpikingCondition
    from scsim.circuit.inputs.protocols import NaturalProtocol
    from scsim.circuit.run_conditions import RateResponse, SpikingResponse
    from scsim.study.stages.stage import Outputs

SAVED: Final = ("cell_rates", "psth", "spikes", "time_course", "wind_up")
"""Groups of ``output.save`` that add arrays to the outputs of a run."""


SPIKING_GROUPS: Final = ("cell_rates", "psth", "spikes", "wind_up")
"""Those that only spiking circuits give."""

LEAST_VOLLEYS: Final = 2
"""Of a curve of wind-up."""


def whole_volleys_ms(protocol: NaturalProtocol, duration_s: float) -> NDArray[np.float64]:
    """Give the volleys of a natural input whose time up to the next one lies within a run.

    Parameters
    ----------
    protocol : NaturalProtocol
    duration_s : float
        Of the run, s.

    Returns
    -------
    ndarray of float64
        Their times, ms; empty for inputs without volleys.
    """
    volleys = protocol.volleys
    if volleys is None:
        return np.empty(0)
    times_ms = protocol.onset_ms + volleys.interval_ms * np.arange(volleys.n_volleys)
    return np.asarray(times_ms[times_ms + volleys.interval_ms <= duration_s * MS_PER_S])


def rate_output(saved: Sequence[str], response: RateResponse) -> Outputs:
    """Give what is kept of a run of a rate model.

    Parameters
    ----------
    saved : sequence of str
        Names of `SAVED` that are asked for.
    response : RateResponse

    Returns
    -------
    mapping of str to ndarray
    """
    output = {
        "rate_hz": np.array(response.mean_projection_rate_hz),
        "circuit_status": np.array(response.status, dtype=np.int8),
    }
    if "time_course" in saved:
        output |= {"time_s": response.time_s, "course_hz": response.projection_rate_hz}
    return output


def spiking_output(
    saved: Sequence[str], condition: SpikingCondition, response: SpikingResponse
) -> Outputs:
    """Give what is kept of a run of a spiking circuit: its rates, and what else is to be saved of it.

    Parameters
    ----------
    saved : sequence of str
        Names of `SAVED` that are asked for.
    condition : SpikingCondition
    response : SpikingResponse

    Returns
    -------
    mapping of str to ndarray
        Rates are NaN where the run left the finite numbers.
    """
    spikes_ms, volleys = response.projection_spikes_ms, condition.volleys
    to_ms = condition.duration_s * MS_PER_S
    from_ms = to_ms - condition.readout_s * MS_PER_S
    split = split_rates(
        spikes_ms,
        volleys.marks_ms,
        from_ms=from_ms,
        to_ms=to_ms,
        lock_ms=LOCK_MS + volleys.burst_ms,
    )
    # The spikes of a run that left the finite numbers end there: its rates mean nothing.
    sound = 1.0 if response.status == Status.OK else np.nan
    output: dict[str, NDArray[Any]] = {
        "rate_hz": np.array(sound * split.total_rate_hz),
        "c_driven_rate_hz": np.array(sound * split.c_driven_rate_hz),
        "late_rate_hz": np.array(sound * split.late_rate_hz),
        "circuit_status": np.array(response.status, dtype=np.int8),
    }
    if "time_course" in saved:
        time_s, course_hz = binned_rate(spikes_ms, condition.duration_s)
        output |= {"time_s": time_s, "course_hz": sound * course_hz}
    if "cell_rates" in saved or "spikes" in saved:
        output["cell"] = np.array(response.cells, dtype=np.str_)
    if "cell_rates" in saved:
        rates = [spike_rate_hz(one, from_ms, to_ms) for one in response.spikes_ms]
        output["cell_rate_hz"] = sound * np.array(rates)
    if "psth" in saved:
        marks_ms = volleys.marks_ms
        inside = marks_ms[(marks_ms >= from_ms) & (marks_ms <= to_ms - AFTER_MS)]
        found = peristimulus_histogram(spikes_ms, inside)
        middle_ms = 0.5 * (found.edges_ms[1:] + found.edges_ms[:-1])
        output |= {"after_pulse_ms": middle_ms, "psth_hz": sound * found.rate_hz}
    if "wind_up" in saved:
        wind_up = _wind_up(condition, spikes_ms)
        output |= {name: sound * values for name, values in wind_up.items()}
    if "spikes" in saved:
        output["spike_time_ms"] = np.concatenate([*response.spikes_ms, np.empty(0)])
        counts = [one.size for one in response.spikes_ms]
        output["n_spikes"] = np.array(counts, dtype=np.int64)
    return output


def _wind_up(
    condition: SpikingCondition, spikes_ms: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """Count late spikes after each volley of the natural input; nothing for inputs without volleys."""
    protocol = load_protocol(condition.protocol)
    times_ms = whole_volleys_ms(protocol, condition.duration_s)
    if times_ms.size < LEAST_VOLLEYS:
        return {}
    found = wind_up_curve(spikes_ms, times_ms)
    return {
        "late_spikes": found.late_counts.astype(np.float64),
        "wind_up_ratio": np.array(found.ratio),
    }
