"""Event-driven integrate-and-fire cell in plain Python: short, slow, obvious.

Written from the equations in the docstring of ``kernels/integrate_fire.py``, with one list of events.
"""

from collections.abc import Sequence

Event = tuple[float, int, float]
"""Time (ms), rank among events of the same time, weight (pA)."""


def run_cell(
    events: Sequence[Event],
    *,
    tau_ms: float,
    start_mv: float = -65.0,
    rest_mv: float = -85.0,
    threshold_mv: float = -51.0,
    refractory_ms: float = 0.1,
    capacitance_pf: float = 50.0,
    tau_synapse_ms: float = 3.0,
) -> list[float]:
    """Spike times (ms) of one cell."""
    voltage, current = start_mv, 0.0
    since = 0.0
    spikes: list[float] = []
    for time, _, weight in sorted(events):
        if spikes and time < spikes[-1] + refractory_ms:
            continue
        if spikes and since == spikes[-1]:  # the first event after a refractory time
            voltage, since = rest_mv, spikes[-1] + refractory_ms
        elapsed = time - since
        current = current * (1 - elapsed / tau_synapse_ms) + weight
        voltage += ((rest_mv - voltage) / tau_ms + current / capacitance_pf) * elapsed
        since = time
        if voltage > threshold_mv:
            spikes.append(time)
    return spikes
