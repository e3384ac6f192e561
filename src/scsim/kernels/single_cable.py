"""Time stepping of many single-cable fibers at once: unmyelinated fibers, and nodes with perfect myelin.

Fibers ride in lanes, compartments follow each other in one flat buffer: a record of `HEADER` fields and
the membrane's own states, each field as wide as the lanes, with an empty ghost record at either end.
Membranes are in `kernels/membranes`, shapes of fibers in `fibers`.

Symbols: u = v_m - E_rest, mV; g_k the axial conductance from compartment k to the next, µS; h the step
of the linear solve, ms. One solve, backward Euler with frozen gates:

    (C/h + g_ion + g_(k-1) + g_k) u' - g_(k-1) u'_(k-1) - g_k u'_(k+1) = C/h u + drive + f s(t)

and then ``u <- u + w (u' - u)``: NEURON's scheme has h = dt and w = 1; the second-order scheme has
h = dt/2 and w = 2, which is the trapezoidal rule, and w = 1 in the two half steps after an edge of the
waveform.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, Final

from scsim.kernels.dispatch import by_kind
from scsim.kernels.jit import inline_kernel
from scsim.kernels.layouts import U

if TYPE_CHECKING:
    from scsim.kernels.jit import FloatArray

# Fields of a record; U, U_START and ACTIVE are those of every cable (kernels/layouts.py).
BEFORE: Final = 3
"""u before the step, mV."""
CONDUCTANCE: Final = 4
"""Ionic conductance, µS."""
DRIVE: Final = 5
"""Σ g (E - E_rest), nA."""
INVERSE: Final = 6
PIVOT: Final = 7
"""Right side after elimination (nA), then u' (mV)."""
CAPACITANCE: Final = 8
"""C/h, µS."""
LINK: Final = 9
"""Axial conductance to the next compartment, µS; 0 after the last."""
DIAGONAL: Final = 10
"""C/h + axial conductances on both sides, µS."""
FORCE: Final = 11
"""Current that the stimulus drives into the compartment in this step, nA."""
AREA: Final = 12
"""Membrane area as µS per S/cm², so 1e6 × cm²; mA/cm² times it is nA."""
STATE: Final = 13
"""First of the membrane's own states."""

FIELDS: Final = (
    "buffer",  # (n_records * RECORD * L,): records 0 and n+1 are ghosts
    "lane",  # (n_lane_fields * L,): constants of each lane; field 0 is the diameter, µm
    "force",  # (n_sources * (n_nodes + 2) * L,): nA into each compartment per mA of each source
    "table",  # look-up table of the membrane, laid out as its module says; or (0, 0)
    "constants",  # tuple of float: constants of the membrane, in its module's order
    "rest_mv",  # E_rest
    "n_nodes",  # compartments of the longest fiber
    "record",  # fields of a record: STATE + number of states
    "copies",  # 1: amplitudes are not repeated
    "exps",  # tuple of float: EXP_DOUBLE of scsim.kernels.elementary
    "width",  # tuple with one entry per lane
    "states",  # tuple with one entry per state of the membrane
)


def cable_kind(name: str, module: str) -> Any:
    """Make the class of a single cable with a membrane of its own.

    Parameters
    ----------
    name : str
        Name under which `module` holds the class.
    module : str
        ``__name__`` of that module.

    Returns
    -------
    type
        Named tuple with `FIELDS`.
    """
    return namedtuple(name, FIELDS, module=module)


@inline_kernel
def single_step(
    cable: Any,
    wide: FloatArray,
    levels: FloatArray,
    row: int,
    row_before: int,
    trapezoidal: int,
    gate_dt: float,
    ion_dt: float,
) -> None:
    """Advance all lanes: one linear solve, then the membranes.

    Parameters
    ----------
    cable : named tuple
        One of the kinds of single cable; changed in place.
    wide : ndarray, shape (n_sources * n_lanes,)
        Amplitude of each source in each lane, mA.
    levels : ndarray of float64, shape (n_rows, n_sources)
        Waveform of each source (no unit).
    row, row_before : int
        Row of `levels` in force during this solve and during the one before.
    trapezoidal : int
        1 for w = 2, 0 for w = 1.
    gate_dt, ion_dt : float
        Steps of the gates and of the concentrations, ms.
    """
    width = len(cable.width)
    stride = (STATE + len(cable.states)) * width
    buffer = cable.buffer
    force = cable.force
    n_nodes = cable.n_nodes
    n_lanes = (
        width * cable.copies
    )  # known only at run time, or this short loop is unrolled to scalars
    extrapolation = 1.0 + trapezoidal
    pushed = 0.0
    for q in range(levels.shape[1]):
        s = levels[row, q]
        if s != 0.0:
            amplitude = wide[q * width : (q + 1) * width]
            for k in range(1, n_nodes + 1):
                start = (q * (n_nodes + 2) + k) * width
                node = force[start : start + width]
                pushes = buffer[k * stride + FORCE * width : k * stride + (FORCE + 1) * width]
                for i in range(width):
                    pushes[i] = pushes[i] * pushed + node[i] * (amplitude[i] * s)
            pushed = 1.0
    for k in range(1, n_nodes + 1):
        two = buffer[(k - 1) * stride : (k + 1) * stride]
        for i in range(width):
            before = two[LINK * width + i] * two[INVERSE * width + i]
            diagonal = (
                two[stride + DIAGONAL * width + i]
                + two[stride + CONDUCTANCE * width + i]
                - before * two[LINK * width + i]
            )
            right = (
                two[stride + CAPACITANCE * width + i] * two[stride + U * width + i]
                + two[stride + DRIVE * width + i]
                + two[stride + FORCE * width + i] * pushed
                + before * two[PIVOT * width + i]
            )
            two[stride + INVERSE * width + i] = 1.0 / diagonal
            two[stride + PIVOT * width + i] = right
    for k in range(n_nodes, 0, -1):
        two = buffer[k * stride : (k + 2) * stride]
        for i in range(n_lanes):
            u = (
                two[PIVOT * width + i] + two[LINK * width + i] * two[stride + PIVOT * width + i]
            ) * two[INVERSE * width + i]
            before = two[U * width + i]
            two[BEFORE * width + i] = before
            two[PIVOT * width + i] = u
            two[U * width + i] = before + extrapolation * (u - before)
        here = buffer[k * stride : (k + 1) * stride]
        advance(cable, here, gate_dt, ion_dt, 0.5 * trapezoidal)


@inline_kernel
def single_refresh(cable: Any, gate_dt: float) -> None:
    """Advance the gates alone at the present voltage, and bring conductances up to date.

    Parameters
    ----------
    cable : named tuple
        One of the kinds of single cable; changed in place.
    gate_dt : float
        Step of the gates, ms: infinite for their steady state, 0 to leave them.
    """
    width = len(cable.width)
    stride = (STATE + len(cable.states)) * width
    for k in range(1, cable.n_nodes + 1):
        here = cable.buffer[k * stride : (k + 1) * stride]
        for i in range(width):
            here[BEFORE * width + i] = here[U * width + i]
        advance(cable, here, gate_dt, 0.0, 0.0)


ADVANCE: Final[dict[type, Any]] = {}
"""Membrane kernel of each kind of single cable."""


def advance(
    cable: Any,
    here: FloatArray,
    gate_dt: float,
    ion_dt: float,
    lead: float,
) -> None:
    """Advance the membrane of one compartment in all lanes; see `kernels/membranes`."""
    ADVANCE[type(cable)](cable, here, gate_dt, ion_dt, lead)


by_kind(advance, ADVANCE)
