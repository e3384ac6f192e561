"""What a row of a fiber table describes: fiber, field, pulse, step, detector.

Definitions of the tables stand here (``cases/README.md``). Running the rows belongs to ``fibers.py`` and
``fiber_repeats.py``; tolerances are in ``tolerances.py``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from scsim.electrodes.sources import PointSource
from scsim.errors import ResultsError, Status, advice
from scsim.fibers import Fiber, fiber_models
from scsim.fibers.solver import Solver
from scsim.fields.closed_form.analytic import HomogeneousMedium
from scsim.stimulus.pulse import Pulse
from scsim.units import MM_PER_UM, MS_PER_US, UM_PER_MM
from scsim.validate.report import Case

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from scsim.stimulus.pulse import Shape
    from scsim.validate.reading import Row

    FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

_Entry = TypeVar("_Entry")

SPIKE_MV: Final = -30.0
"""A spike is an upward crossing of this voltage, mV (definition of the tables)."""

SEARCH_RTOL: Final = 1e-5
"""Relative width of scsim's own bracket, a tenth of the tables' finest."""

_MODELS: Final = MappingProxyType(
    {"MRG_DISCRETE": "mrg_discrete", "MRG_INTERPOLATION": "mrg", "PENA": "mrg_small"}
)
"""Names of the other software that differ from ours by more than case."""

_MEDIA: Final[MappingProxyType[str, float | tuple[float, float, float]]] = MappingProxyType(
    {"iso": 0.2, "aniso": (0.083, 0.083, 0.6)}
)
"""Conductivity of each medium, S/m, in x, y and z (definition of the tables)."""

_POLES_UM: Final = MappingProxyType(
    {
        "point": ((1.0, 0.0, 0.0),),
        "bipole_z3mm": ((1.0, 0.0, -1500.0), (-1.0, 0.0, 1500.0)),
        "bipole_x1mm": ((1.0, 0.0, 0.0), (-1.0, 1000.0, 0.0)),
    }
)
"""Weight of each pole and its place (x, z) from (d, 0, z0), µm (definition of the tables)."""

_SHAPES: Final[MappingProxyType[str, Shape]] = MappingProxyType(
    {"mono": "monophasic", "biphasic": "biphasic", "asym": "asymmetric"}
)


def model_name(name: str) -> str:
    """Give scsim's name of a model of the other software.

    Parameters
    ----------
    name : str
        For example ``MRG_INTERPOLATION``.

    Returns
    -------
    str
        For example ``mrg``.
    """
    return _MODELS.get(name, name.lower())


def is_missing(row: Row) -> bool:
    """Whether this version lacks the model of a row."""
    return model_name(row.text("model")) not in fiber_models()


def refuse(row: Row, file_name: str) -> Case:
    """Give the case of a row whose model this version does not have."""
    reason = f"model {model_name(row.text('model'))} is not in this version"
    return Case(row.text("case_id"), file_name, reason=reason)


def group_rows(rows: Iterable[Row], columns: Sequence[str]) -> list[list[Row]]:
    """Gather the rows that agree in some columns, so that they can share lanes.

    Parameters
    ----------
    rows : iterable of Row
    columns : sequence of str

    Returns
    -------
    list of list of Row
        In the order of the first row of each.
    """
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.text(column) for column in columns)].append(row)
    return list(groups.values())


def make_fiber(row: Row) -> Fiber:
    """Make the straight fiber of a row, along z with its middle node at 0."""
    return Fiber(
        model_name(row.text("model")), row.finite("diameter_um"), n_nodes=row.integer("n_nodes")
    )


def internode_um(fiber: Fiber) -> float:
    """Distance of two nodes of a straight fiber, µm."""
    positions_mm = fiber.node_positions_mm()
    return float(positions_mm[1, 2] - positions_mm[0, 2]) * UM_PER_MM


def make_solver(row: Row) -> Solver:
    """Choose NEURON's scheme with all modes, at the step of a row."""
    return Solver(scheme="neuron", dt_us=row.finite("dt_ms") / MS_PER_US, modes=20)


def detect_fraction(row: Row) -> float:
    """Share of the length that leads to the detector node of a row: half a node beyond it."""
    return min(1.0, (row.integer("detect_node") + 0.5) / (row.integer("n_nodes") - 1))


def make_pulse(row: Row) -> Pulse:
    """Make the pulse of a row; without a column for its waveform it is ``mono``, without gap and ratio 0 and 1."""
    shape = pick(row, "waveform", _SHAPES) if "waveform" in row.cells else "monophasic"
    return Pulse(
        pulse_width_us=row.finite("pw_ms") / MS_PER_US,
        shape=shape,
        interphase_gap_us=row.finite("gap_ms") / MS_PER_US if "gap_ms" in row.cells else 0.0,
        recovery_ratio=row.finite("recovery_ratio") if shape == "asymmetric" else 1.0,
    )


def make_potential(row: Row, fiber: Fiber, amplitude_ma: float) -> FloatArray:
    """Give the potential along a fiber while the row's electrode carries a current.

    Parameters
    ----------
    row : Row
        Medium, electrode and distance; without a column ``z_offset_um`` the electrode is over the middle.
    fiber : Fiber
    amplitude_ma : float
        Current of the +1 pole with its sign, mA.

    Returns
    -------
    ndarray of float64, shape (n_compartments,)
        mV.

    Raises
    ------
    ResultsError
        If the tables have no such medium or electrode.
    """
    medium = HomogeneousMedium(sigma_s_per_m=pick(row, "medium", _MEDIA))
    poles = pick(row, "electrode", _POLES_UM)
    distance_um = row.finite("distance_um")
    offset_um = row.finite("z_offset_um") if "z_offset_um" in row.cells else 0.0
    sources = [
        PointSource(((distance_um + x) * MM_PER_UM, 0.0, (offset_um + z) * MM_PER_UM))
        for _, x, z in poles
    ]
    weights = np.array([weight for weight, _, _ in poles])
    (unit,) = medium.unit_potential_along(sources, [fiber])
    return np.asarray(amplitude_ma * (weights @ unit))


def sign_of(row: Row, column: str) -> float:
    """Give the sign of an amplitude: -1 is cathodic at the +1 pole in the first phase."""
    return math.copysign(1.0, row.finite(column))


def read_times(row: Row, column: str) -> list[float]:
    """Read a cell that lists times with spaces between them.

    Parameters
    ----------
    row : Row
    column : str

    Returns
    -------
    list of float
        ms.

    Raises
    ------
    ResultsError
        If a word is not a finite number.
    """
    times = []
    for word in row.text(column).split():
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            msg = (
                f"{column} has {word!r} in {row.path}:{row.line}: times in ms with spaces between them "
                "are needed; correct the cell or remove the line."
            )
            raise ResultsError(msg)
        times.append(value)
    return times


def remark(status: int) -> str:
    """Say what to know of a search that did not end in plain success."""
    return "" if status == Status.OK else advice(status)


def pick(row: Row, column: str, table: MappingProxyType[str, _Entry]) -> _Entry:
    """Look a cell up.

    Parameters
    ----------
    row : Row
    column : str
    table : mapping
        What the cell may hold, and what that means.

    Returns
    -------
    entry of the table

    Raises
    ------
    ResultsError
        If the table has no such entry.
    """
    if row.text(column) not in table:
        msg = (
            f"{column} = {row.text(column)!r} in {row.path}:{row.line}: allowed are "
            f"{', '.join(table)}; correct the cell or remove the line."
        )
        raise ResultsError(msg)
    return table[row.text(column)]
