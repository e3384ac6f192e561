"""Event-driven integrate-and-fire cells: each takes its inputs one by one, in the order of time.

Where the inputs come from, and what cells stand for, do not belong here: see ``circuit/integrate_fire.py``.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scsim.kernels.jit import inline_kernel, kernel

LARGEST_MV: Final = 1e6
"""Voltage, mV, beyond which a cell counts as lost: cells live within some hundred mV. A comparison, as
the compile flags let a test for infinity vanish."""

NEVER_MS: Final = 1e300
"""Time of an event that does not come, ms."""

LOST: Final = -1
"""Count of spikes of a cell that is lost."""


class CellConstants(NamedTuple):
    """What the cells of a population share; pA ms / pF is mV.

    Attributes
    ----------
    start_mv, rest_mv, threshold_mv : float
        Voltage at 0 ms; what it decays to and is set to after a spike; above what a cell fires.
    refractory_ms : float
        Time after a spike in which inputs are lost.
    capacitance_pf, tau_synapse_ms, constant_pa : float
        Capacitance, time constant of the synaptic current, constant current.
    afferent_pa, inhibition_pa, noise_pa : float
        What one event of each kind adds to the synaptic current.
    """

    start_mv: float
    rest_mv: float
    threshold_mv: float
    refractory_ms: float
    capacitance_pf: float
    tau_synapse_ms: float
    constant_pa: float
    afferent_pa: float
    inhibition_pa: float
    noise_pa: float


@inline_kernel
def time_or_never(times_ms: NDArray[np.float64], index: int) -> float:
    """Give a time of a sorted list, `NEVER_MS` behind its end.

    Parameters
    ----------
    times_ms : ndarray of float64, shape (n,)
    index : int
        Place in the list.

    Returns
    -------
    float
        ms.
    """
    return float(times_ms[index]) if index < times_ms.shape[0] else NEVER_MS


@kernel
def run_cell(
    constants: CellConstants,
    tau_ms: float,
    afferent_ms: NDArray[np.float64],
    inhibition_ms: NDArray[np.float64],
    noise_ms: NDArray[np.float64],
    spike_ms: NDArray[np.float64],
) -> int:
    """Run one cell through its events.

    At an event of weight w, a time D after the cell's last one, the synaptic current i (pA) and the
    voltage m (mV) make one explicit step, current first::

        i ← i − i D/τ_syn
        i ← i + w
        m ← m + [(m_rest − m)/τ_m + (i + i_const)/C] D

    and the cell fires at the time of the event if m is above the threshold. It then loses every
    event until the refractory time is over, when m = m_rest, D counts from there, and i is what it
    was at the spike. The step is part of the model; an exact solution would fire differently.

    Parameters
    ----------
    constants : CellConstants
    tau_ms : float
        Membrane time constant τ_m, ms.
    afferent_ms, inhibition_ms, noise_ms : ndarray of float64, shapes (n_events,)
        Sorted event times of each kind, ms.
    spike_ms : ndarray of float64, shape (capacity,)
        Spike times, ms; `capacity` must hold all events.

    Returns
    -------
    int
        How many spikes are set; `LOST` where the step took m beyond `LARGEST_MV` or made it NaN,
        which long gaps between events do.

    Notes
    -----
    Events at the same time are taken in the order: end of the refractory time, afferents,
    inhibition, noise.
    Checked by ``tests/kernels/test_integrate_fire.py`` and ``tests/published/test_sagalajev.py``.

    References
    ----------
    Sagalajev et al. (2024), doi:10.1016/j.neuron.2023.10.021 (key sagalajev2024); the update is
    that of the program published with it (key sagalajev2024_program).
    """
    c = constants
    m = c.start_mv
    i = 0.0
    last_ms = 0.0
    ready_ms = -np.inf
    is_refractory = False
    count = 0
    at_afferent = 0
    at_inhibition = 0
    at_noise = 0
    while True:
        t_a = time_or_never(afferent_ms, at_afferent)
        t_i = time_or_never(inhibition_ms, at_inhibition)
        t_n = time_or_never(noise_ms, at_noise)
        if t_a <= t_i and t_a <= t_n:
            if t_a == NEVER_MS:
                return count
            t, w = t_a, c.afferent_pa
            at_afferent += 1
        elif t_i <= t_n:
            t, w = t_i, c.inhibition_pa
            at_inhibition += 1
        else:
            t, w = t_n, c.noise_pa
            at_noise += 1
        if is_refractory:
            if t < ready_ms:
                continue
            is_refractory = False
            m = c.rest_mv
            last_ms = ready_ms
        d = t - last_ms
        i -= i * d / c.tau_synapse_ms
        i += w
        m += ((c.rest_mv - m) / tau_ms + (i + c.constant_pa) / c.capacitance_pf) * d
        last_ms = t
        if not abs(m) < LARGEST_MV:
            return LOST
        if m > c.threshold_mv:
            spike_ms[count] = t
            count += 1
            is_refractory = True
            ready_ms = t + c.refractory_ms
