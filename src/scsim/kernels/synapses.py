"""Synapses of the spiking cells: conductances that rise and decay with two exponentials.

g(t) = decaying part - rising part; an event adds ``weight × f`` to both, f such that the peak of g is the weight. With
a block by magnesium the conductance is divided by ``1 + [Mg] exp(-slope v) / half``. When events come, and channels of
the membrane, do not belong here. Sources: as in `kernels/channels.py`; checked by ``tests/kernels/test_network.py``.
"""

from typing import Any, Final

from scsim.kernels.channels import ICA, G, J, V
from scsim.kernels.elementary import exp_double
from scsim.kernels.jit import FloatArray, IntArray, inline_kernel

# Fields of the synapse buffer, shape (n_slots * N_FIELDS * n_lanes,): each as wide as there are lanes.
RISING: Final = 0
DECAYING: Final = 1
RISE_FACTOR: Final = 2
"""exp(-dt / rise)."""
DECAY_FACTOR: Final = 3
REVERSAL: Final = 4
"""mV."""
BLOCK: Final = 5
"""[Mg] / half (no unit)."""
CALCIUM: Final = 6
"""Share of the current that counts as calcium."""
N_FIELDS: Final = 7

IS_BLOCKED: Final = 1
"""Column of the table of slots: 1 where magnesium blocks. Column 0 is the compartment."""


@inline_kernel
def add_synapses(
    sites: FloatArray, synapses: FloatArray, slots: IntArray, ends: Any, lanes: Any, n_run: int
) -> None:
    """Add slopes and drives of all synapses at the present voltage, then let them decay by one step.

    Parameters
    ----------
    sites : ndarray of float64
        See `kernels/channels.py`; G, J and ICA are added to.
    synapses : ndarray of float64, shape (n_slots * N_FIELDS * n_lanes,)
    slots : ndarray of int64, shape (n_slots, 2)
        Compartment, and 1 where magnesium blocks.
    ends : tuple of float
        See `kernels/network.py`.
    lanes : tuple
        As many entries as lanes.
    n_run : int
        Number of lanes, not known to the compiler: it unrolls short loops of known length to scalar code.

    Notes
    -----
    The slope of a blocked current is its difference over `probe_mv`, as in the reference program.
    """
    n = len(lanes)
    probe_exp, block_slope, probe_mv = ends[4], ends[5], ends[6]
    inverse_probe = 1.0 / probe_mv
    for slot in range(slots.shape[0]):
        at = slots[slot, 0] * n
        here = sites[at : at + ICA + n]
        own = synapses[slot * N_FIELDS * n : (slot + 1) * N_FIELDS * n]
        if slots[slot, IS_BLOCKED] > 0:
            for i in range(n_run):
                rising = own[RISING * n + i]
                decaying = own[DECAYING * n + i]
                v = here[V + i]
                away = v - own[REVERSAL * n + i]
                blocked = own[BLOCK * n + i] * exp_double(-block_slope * v)
                d_1 = 1.0 + blocked
                d_2 = 1.0 + blocked * probe_exp
                share = (decaying - rising) / (d_1 * d_2)
                current = share * d_2 * away
                probed = share * d_1 * (away + probe_mv)
                slope = (probed - current) * inverse_probe
                here[G + i] += slope
                here[J + i] += slope * v - current
                here[ICA + i] += own[CALCIUM * n + i] * current
                own[RISING * n + i] = rising * own[RISE_FACTOR * n + i]
                own[DECAYING * n + i] = decaying * own[DECAY_FACTOR * n + i]
        else:
            for i in range(n_run):
                rising = own[RISING * n + i]
                decaying = own[DECAYING * n + i]
                g = decaying - rising
                reversal = own[REVERSAL * n + i]
                here[G + i] += g
                here[J + i] += g * reversal
                here[ICA + i] += own[CALCIUM * n + i] * g * (here[V + i] - reversal)
                own[RISING * n + i] = rising * own[RISE_FACTOR * n + i]
                own[DECAYING * n + i] = decaying * own[DECAY_FACTOR * n + i]
