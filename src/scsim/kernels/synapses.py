"""Synapses of the spiking cells: conductances that rise and decay with two exponentials.

g(t) = decaying part - rising part; an event adds ``weight × f`` to both, f such that the peak of g is the weight. With
a block by magnesium the conductance is divided by ``1 + [Mg] exp(-slope v) / half``. When events come, and channels of
the membrane, do not belong here. Sources: as in `kernels/channels.py`; checked by ``tests/kernels/test_network.py``.
"""

from typing import Any, Final

from scsim.kernels.channels import ICA, G, J
from scsim.kernels.elementary import exp_double
from scsim.kernels.jit import FloatArray, IntArray, inline_kernel

# Fields of the synapse buffer: n_slots × n_lanes numbers each.
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
    """Add slopes and drives of all synapses at the present voltage.

    Parameters
    ----------
    sites : ndarray of float64
        See `kernels/channels.py`; G, J and ICA are added to.
    synapses : ndarray of float64, shape (N_FIELDS * n_slots * n_lanes,)
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
    size = slots.shape[0] * n
    probe_exp, block_slope, probe_mv = ends[4], ends[5], ends[6]
    inverse_probe = 1.0 / probe_mv
    for slot in range(slots.shape[0]):
        at = slots[slot, 0] * n
        one = slot * n
        if slots[slot, IS_BLOCKED] > 0:
            for i in range(n_run):
                g = synapses[DECAYING * size + one + i] - synapses[RISING * size + one + i]
                v = sites[at + i]
                away = v - synapses[REVERSAL * size + one + i]
                blocked = synapses[BLOCK * size + one + i] * exp_double(-block_slope * v)
                current = g / (1.0 + blocked) * away
                probed = g / (1.0 + blocked * probe_exp) * (away + probe_mv)
                slope = (probed - current) * inverse_probe
                sites[G + at + i] += slope
                sites[J + at + i] += slope * v - current
                sites[ICA + at + i] += synapses[CALCIUM * size + one + i] * current
        else:
            for i in range(n_run):
                g = synapses[DECAYING * size + one + i] - synapses[RISING * size + one + i]
                reversal = synapses[REVERSAL * size + one + i]
                sites[G + at + i] += g
                sites[J + at + i] += g * reversal
                sites[ICA + at + i] += (
                    synapses[CALCIUM * size + one + i] * g * (sites[at + i] - reversal)
                )


@inline_kernel
def decay_synapses(synapses: FloatArray, n_slots: int, lanes: Any, n_run: int) -> None:
    """Let both parts of every synapse decay by one step.

    Parameters
    ----------
    synapses : ndarray of float64, shape (N_FIELDS * n_slots * n_lanes,)
    n_slots : int
    lanes : tuple
    n_run : int
        As in `add_synapses`.
    """
    n = len(lanes)
    size = n_slots * n
    for slot in range(n_slots):
        one = slot * n
        for i in range(n_run):
            synapses[RISING * size + one + i] *= synapses[RISE_FACTOR * size + one + i]
            synapses[DECAYING * size + one + i] *= synapses[DECAY_FACTOR * size + one + i]
