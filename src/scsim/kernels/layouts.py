"""Array layouts and constants shared by the kernels. Physics does not belong here.

A cable travels as a named tuple. Its `buffer` has one record per node, each field as wide as there are
lanes, and an empty ghost record at either end. The fields U, U_START and ACTIVE come first in every
kind of cable. The other fields of a double cable are:

====================  =========================================================  =====
field                 meaning                                                    unit
====================  =========================================================  =====
U                     v_m - E_rest                                               mV
U_START               u at the start of a run                                    mV
ACTIVE                1 for a node with channels; 0 for an end or spare node     1
GATE_M … GATE_S       gates                                                      1
ION_CONDUCTANCE       Σ g of the open channels                                   µS
CHANNEL_DRIVE         Σ g (E - E_rest)                                           nA
SUM_LEFT, SUM_RIGHT   what the internode on the right remembers, as a current    nA
                      into this node and into the next
INVERSE, PIVOT        1 / diagonal; right side after elimination, then u'        1/µS, nA, mV
DIAGONAL              C/h + sides (g_a - α_d)                                    µS
LINK                  1 where an internode follows, else 0                       1
PUSH                  current that the stimulus drives into the node             nA
MODE …                Z_j of the kept modes, even ones, then as many odd ones    nA
====================  =========================================================  =====

The lane array has, per lane: COUPLING α_o (µS), CAPACITANCE C/h (µS), G_NAF, G_NAP, G_KS, G_LEAK
(µS), CLOSE_EVEN and CLOSE_ODD (µS), what modes that are not kept remember of the node voltages; then,
once for a plain step and once for a trapezoidal one, DECAY (1) and GAIN (µS) of the kept modes.

The force array has, per source and record, per mA: the current added to each mode, then FORCE_NODE
(into the node), FORCE_LEFT and FORCE_RIGHT (what the modes will add to the sums), FORCE_OLD (what the
modes that are not kept remember of the level before), all nA/mA.
"""

from typing import Any, Final, NamedTuple

LANES: Final = 16
"""Lanes of a float64 lane kernel: two AVX-512 vectors, four AVX2 vectors.

Eight lanes are unrolled before the vectorizer runs and lose all SIMD; 64 gain nothing."""

LANES_SINGLE: Final = 32
"""Lanes of a float32 lane kernel."""

N_MODES: Final = 20
"""Unknowns of an internode: axoplasm and periaxonal space of ten compartments."""

N_SLOW_MODES: Final = 12
"""Modes slower than about 1e-3 ms, all but the first two even and odd pairs of the fast ones."""

# Outcomes of a trial.
SILENT: Final = 0
FIRED: Final = 1
OPEN: Final = 2
BROKEN: Final = 3

# Purposes of a run.
PREDICT: Final = 0
TRIAL: Final = 1
ORIGIN: Final = 2
RUN: Final = 3

LARGEST_MV: Final = 1e6
"""A voltage from here on is as good as infinite, mV."""

U: Final = 0
U_START: Final = 1
ACTIVE: Final = 2
GATE_M: Final = 3
GATE_H: Final = 4
GATE_P: Final = 5
GATE_S: Final = 6
ION_CONDUCTANCE: Final = 7
CHANNEL_DRIVE: Final = 8
SUM_LEFT: Final = 9
SUM_RIGHT: Final = 10
INVERSE: Final = 11
PIVOT: Final = 12
DIAGONAL: Final = 13
LINK: Final = 14
PUSH: Final = 15
MODE: Final = 16

COUPLING: Final = 0
CAPACITANCE: Final = 1
G_NAF: Final = 2
G_NAP: Final = 3
G_KS: Final = 4
G_LEAK: Final = 5
CLOSE_EVEN: Final = 6
CLOSE_ODD: Final = 7
MODES: Final = 8

FORCE_NODE: Final = 0
FORCE_LEFT: Final = 1
FORCE_RIGHT: Final = 2
FORCE_OLD: Final = 3
FORCE_FIELDS: Final = 4

F1: Final = 0
F2: Final = 1
F3: Final = 2
E_NA: Final = 3
E_K: Final = 4
E_LEAK: Final = 5
LARGEST: Final = 6
BASE_LIMIT: Final = 7
NEAREST: Final = 8
FARTHEST: Final = 9


class DoubleCable(NamedTuple):
    """Myelinated fibers of the MRG family in lanes.

    Attributes
    ----------
    buffer : ndarray, shape ((n_nodes + 2) * record * n_lanes,)
        State and constants along the fibers.
    lane : ndarray, shape ((MODES + 4 * n_half) * n_lanes,)
        Constants of each lane.
    force : ndarray, shape (n_sources * (n_nodes + 2) * (2 * n_half + FORCE_FIELDS) * n_lanes,)
        What each source does per mA.
    membrane : tuple of float
        Temperature factors f1, f2, f3 (no unit); E_Na, E_K and E_leak from rest (mV); largest
        exponential that can be told from infinity, and its tenth root; smallest
        argument of x / (1 - exp(-x)) that is not taken as its limit; voltage beyond which
        exponentials are those at it (mV).
    exps : tuple of float
        Constants of the exponential, EXP_DOUBLE or EXP_SINGLE of `scsim.kernels.elementary`.
    rest_mv : float
        E_rest, mV.
    n_nodes : int
        Nodes of the longest fiber.
    record : int
        Fields of a record.
    copies : int
        How often the amplitudes of the lanes are repeated, see `scsim.kernels.double_cable`.
    width : tuple
        As many entries as lanes.
    half : tuple
        As many entries as kept even (or odd) modes.
    """

    buffer: Any
    lane: Any
    force: Any
    membrane: Any
    exps: Any
    rest_mv: Any
    n_nodes: Any
    record: Any
    copies: Any
    width: Any
    half: Any
