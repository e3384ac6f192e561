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


class CellConstants(NamedTuple):
    """What the cells of a population share. pA ms / pF is mV.

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
def time_or_never(times_ms: NDArray[np.float64], index: int, end: int) -> float:
    """Give a time of a sorted list, infinity behind its end.

    Parameters
    ----------
    times_ms : ndarray of float64
    index, end : int
        Place in the list, and first place that no longer belongs to it.

    Returns
    -------
    float
        ms.
    """
    return float(times_ms[index]) if index < end else np.inf


@kernel
def run_cells(
    constants: CellConstants,
    tau_ms: NDArray[np.float64],
    afferent_ms: NDArray[np.float64],
    inhibition_ms: NDArray[np.float64],
    noise_ms: NDArray[np.float64],
    noise_start: NDArray[np.int64],
    spike_ms: NDArray[np.float64],
    n_spikes: NDArray[np.int64],
    is_finite: NDArray[np.bool_],
) -> None:
    """Run cells that do not reach each other, one after the other.

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
    tau_ms : ndarray of float64, shape (n_cells,)
        Membrane time constant τ_m of each cell, ms.
    afferent_ms, inhibition_ms : ndarray of float64, shape (n_afferent,), (n_inhibition,)
        Sorted event times that reach every cell, ms.
    noise_ms : ndarray of float64, shape (n_noise,)
        Event times of all cells, ms, sorted within each cell.
    noise_start : ndarray of int64, shape (n_cells + 1,)
        Where the noise of each cell begins in `noise_ms`, and where the last one ends.
    spike_ms : ndarray of float64, shape (n_cells, capacity)
        Spike times, ms; `capacity` must hold the events of any cell.
    n_spikes : ndarray of int64, shape (n_cells,)
        How many of them are set.
    is_finite : ndarray of bool, shape (n_cells,)
        False where the step took m beyond `LARGEST_MV` or made it NaN, which long gaps between
        events do; the cell is then left at that event.

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
    n_afferent = afferent_ms.shape[0]
    n_inhibition = inhibition_ms.shape[0]
    for cell in range(tau_ms.shape[0]):
        m = c.start_mv
        i = 0.0
        last_ms = 0.0
        ready_ms = -np.inf
        is_refractory = False
        count = 0
        is_good = True
        at_afferent = 0
        at_inhibition = 0
        at_noise = noise_start[cell]
        end_noise = noise_start[cell + 1]
        while True:
            t_a = time_or_never(afferent_ms, at_afferent, n_afferent)
            t_i = time_or_never(inhibition_ms, at_inhibition, n_inhibition)
            t_n = time_or_never(noise_ms, at_noise, end_noise)
            if t_a <= t_i and t_a <= t_n:
                if t_a == np.inf:
                    break
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
            m += ((c.rest_mv - m) / tau_ms[cell] + (i + c.constant_pa) / c.capacitance_pf) * d
            last_ms = t
            if not abs(m) < LARGEST_MV:
                is_good = False
                break
            if m > c.threshold_mv:
                spike_ms[cell, count] = t
                count += 1
                is_refractory = True
                ready_ms = t + c.refractory_ms
        n_spikes[cell] = count
        is_finite[cell] = is_good
