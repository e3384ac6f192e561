"""Array layouts and constants shared by the kernels. Physics does not belong here.

The buffer of `kernels/cable.py` has one record per node, each field `LANES` values wide:

====================  =========================================================  =====
field                 meaning                                                    unit
====================  =========================================================  =====
U                     v_m - E_rest                                               mV
GATE_M … GATE_S       gates                                                      1
ION_CONDUCTANCE       Σ g of the open channels                                   µS
DRIVE                 Σ g (E - E_rest)                                           nA
SUM_LEFT, SUM_RIGHT   Σ Z of the internode on the right, seen by this node and   nA
                      by the next
INVERSE, PIVOT        1 / diagonal and right side after elimination              1/µS, nA
ACTIVE                1 for a node with channels; 0 for an end or spare node     1
DIAGONAL              C/dt + sides (g_a - α_d)                                   µS
LINK                  1 where an internode follows, else 0                       1
FORCE                 current into the node per mA of stimulus                   nA/mA
INJECTED              intracellular current                                      nA
U_START               u at the start of a run                                    mV
MODE …                Z_j, ten even modes, then ten odd ones                     nA
====================  =========================================================  =====

The lane array has, per lane: COUPLING α_o (µS), CAPACITANCE C/dt (µS), G_NAF, G_NAP, G_KS, G_LEAK
(µS), DECAY a_j (1) and GAIN c_j (µS) of the 20 modes.
"""

from typing import Final

LANES: Final = 16
"""Lanes of a float64 lane kernel: two AVX-512 vectors, four AVX2 vectors.

Eight lanes are unrolled before the vectorizer runs and lose all SIMD; 64 gain nothing."""

N_MODES: Final = 20
"""Unknowns of an internode: axoplasm and periaxonal space of ten compartments."""

U: Final = 0
GATE_M: Final = 1
GATE_H: Final = 2
GATE_P: Final = 3
GATE_S: Final = 4
ION_CONDUCTANCE: Final = 5
DRIVE: Final = 6
SUM_LEFT: Final = 7
SUM_RIGHT: Final = 8
INVERSE: Final = 9
PIVOT: Final = 10
ACTIVE: Final = 11
DIAGONAL: Final = 12
LINK: Final = 13
FORCE: Final = 14
INJECTED: Final = 15
U_START: Final = 16
MODE: Final = 17
RECORD: Final = MODE + N_MODES

COUPLING: Final = 0
CAPACITANCE: Final = 1
G_NAF: Final = 2
G_NAP: Final = 3
G_KS: Final = 4
G_LEAK: Final = 5
DECAY: Final = 6
GAIN: Final = DECAY + N_MODES
LANE_FIELDS: Final = GAIN + N_MODES

F1: Final = 0
F2: Final = 1
F3: Final = 2
E_REST: Final = 3
E_NA: Final = 4
E_K: Final = 5
E_LEAK: Final = 6
MEMBRANE_FIELDS: Final = 7

SEEKING: Final = 0
BISECTING: Final = 1
DECIDED: Final = 2
