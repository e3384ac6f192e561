"""Runs the reference cases of nerve fibers: thresholds, conduction velocities, voltage traces.

Columns and names are those of the fiber tables (``cases/README.md``). Tolerances are in
``tolerances.py``; the models themselves belong to `scsim.fibers` and `scsim.response`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from scsim.electrodes.sources import PointSource
from scsim.errors import ResultsError, Status, advice
from scsim.fibers import Fiber, fiber_models
from scsim.fields.analytic import HomogeneousMedium
from scsim.response.simulate import IntracellularPulse, crossing_times_ms, simulate
from scsim.response.threshold import ThresholdProtocol, search_thresholds
from scsim.stimulus.pulse import Pulse
from scsim.units import MM_PER_UM, MS_PER_US, UM_PER_MM
from scsim.validate.reading import SHIPPED, Row, find_beside, read_table, run_files
from scsim.validate.report import Case, Check, Report, measure
from scsim.validate.tolerances import TOLERANCES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from pathlib import Path

    from scsim.response.simulate import Response
    from scsim.stimulus.pulse import Shape

    FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

ROOM: Final = "fibers"

_Entry = TypeVar("_Entry")

SPIKE_MV: Final = -30.0
"""A spike is an upward crossing of this voltage, mV (definition of the tables)."""

_SEARCH_RTOL: Final = 1e-5
"""Relative width of scsim's own bracket, a tenth of the tables' finest."""

_STRONGER: Final = 1.2
"""Spike times are those at this multiple of the bracket's upper end (definition of the tables)."""

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

_KNOWN: Final = (
    "activation_thresholds.csv, cv_rest.csv, ap_traces.csv, recovery_cycle.csv, trains.csv, "
    "khz_block.csv"
)

_THRESHOLD_COLUMNS: Final = (
    "case_id", "model", "diameter_um", "n_nodes", "medium", "electrode", "distance_um",
    "z_offset_um", "waveform", "pw_ms", "gap_ms", "recovery_ratio", "t_on_ms", "dt_ms",
    "tstop_ms", "detect_node", "threshold_lo_mA", "threshold_hi_mA", "thr_mA", "rtol",
    "t_ap_center_1p2x_ms", "t_ap_detect_1p2x_ms",
)  # fmt: skip
_PULSE_COLUMNS: Final = (
    "waveform", "pw_ms", "gap_ms", "recovery_ratio", "t_on_ms", "dt_ms", "tstop_ms",
    "detect_node", "n_nodes",
)  # fmt: skip
_REST_COLUMNS: Final = (
    "case_id", "model", "diameter_um", "n_nodes", "dt_ms", "tstop_ms", "iclamp_node",
    "iclamp_on_ms", "iclamp_dur_ms", "iclamp_nA", "cv_node_a", "cv_node_b", "cv_m_per_s",
    "v_end_of_init_center_mV", "v_peak_center_mV", "v_min_after_center_mV",
    "ap_width_at_halfheight_ms", "t_ap_center_ms",
)  # fmt: skip
_CLAMP_COLUMNS: Final = (
    "dt_ms", "tstop_ms", "iclamp_node", "iclamp_on_ms", "iclamp_dur_ms", "iclamp_nA", "n_nodes",
    "cv_node_a", "cv_node_b",
)  # fmt: skip


def validate_fibers(path: Path | None = None) -> Report:
    """Run the reference cases of nerve fibers.

    Parameters
    ----------
    path : Path, optional
        A table or a folder of them; the shipped cases if not given.

    Returns
    -------
    Report
        One case for each row, and for each trace.

    Raises
    ------
    ResultsError
        If a table cannot be read, or nothing at `path` belongs to this room.
    """
    return run_files(
        ROOM, path or SHIPPED / "fibers", runners=_RUNNERS, not_run={}, inputs={}, known=_KNOWN
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


def _run_thresholds(file: Path) -> list[Case]:
    """Run a table of thresholds; rows with the same pulse and step are searched together."""
    rows = read_table(file, _THRESHOLD_COLUMNS)
    cases = _refuse_models(rows)
    for group in _group(rows, _PULSE_COLUMNS, cases):
        for row, checks in zip(group, _search_group(group), strict=True):
            cases[row.line] = Case(row.text("case_id"), file.name, *checks)
    return [cases[row.line] for row in rows]


def _search_group(rows: Sequence[Row]) -> list[tuple[tuple[Check, ...], str]]:
    """Measure the thresholds of rows with one pulse, and their spike times when driven harder."""
    head = rows[0]
    fibers = [_make_fiber(row) for row in rows]
    potentials = [_potential(row, fiber) for row, fiber in zip(rows, fibers, strict=True)]
    pulse = _make_pulse(head)
    detector = head.integer("detect_node")
    last = head.integer("n_nodes") - 1
    protocol = ThresholdProtocol(
        dt_us=head.finite("dt_ms") / MS_PER_US,
        onset_ms=head.finite("t_on_ms"),
        window_ms=head.finite("tstop_ms"),
        detect_fraction=min(1.0, (detector + 0.5) / last),
        spike_mv=SPIKE_MV,
        rtol=_SEARCH_RTOL,
    )
    found = search_thresholds(fibers, potentials, pulse, protocol)
    response = simulate(
        fibers,
        [potential[None, :] for potential in potentials],
        pulse,
        amplitude_ma=[_STRONGER * abs(row.finite("threshold_hi_mA")) for row in rows],
        onsets_ms=(protocol.onset_ms,),
        shares=(1.0,),
        record_nodes=(last // 2, detector),
        dt_us=protocol.dt_us,
        window_ms=protocol.window_ms,
    )
    # A fiber whose spike starts near an end has a bracket all the same, and the tables count it.
    middle_ma = 0.5 * (found.lower_ma + found.upper_ma)
    return [
        (
            (_check_threshold(row, middle_ma[i]), *_check_spike_times(row, response, i)),
            _remark(int(found.status[i])),
        )
        for i, row in enumerate(rows)
    ]


def _remark(status: int) -> str:
    """Say what to know of a search that did not end in plain success."""
    return "" if status == Status.OK else advice(status)


def _check_threshold(row: Row, threshold_ma: float) -> Check:
    """Compare a threshold: it lies in the row's bracket, widened by its rtol and the tolerance."""
    low, high = sorted(abs(row.finite(f"threshold_{end}_mA")) for end in ("lo", "hi"))
    expected = abs(row.finite("thr_mA"))
    bar = TOLERANCES["threshold"]
    limit = 0.5 * (high - low) / expected + row.finite("rtol") + bar.limit
    return Check("threshold", float(abs(threshold_ma - expected) / expected), limit, bar.unit)


def _check_spike_times(row: Row, response: Response, i: int) -> list[Check]:
    """Compare when the spike passes the middle and the detector node."""
    checks = []
    stimulus_end = row.finite("t_on_ms") + row.finite("pw_ms")
    for recorded, quantity in enumerate(("t_ap_center", "t_ap_detect")):
        expected = row.number(f"{quantity}_1p2x_ms")
        if quantity == "t_ap_center" and not expected > stimulus_end:
            continue
        times = crossing_times_ms(response.time_ms, response.v_m_mv[i][recorded], SPIKE_MV)
        checks.append(measure(quantity, _first(times) - expected))
    return checks


def _run_rest(file: Path) -> list[Case]:
    """Run a table of conduction velocities and action potentials after an intracellular pulse."""
    rows = read_table(file, _REST_COLUMNS)
    cases = _refuse_models(rows)
    for group in _group(rows, _CLAMP_COLUMNS, cases):
        response = _inject(group)
        for i, row in enumerate(group):
            checks = tuple(_check_action_potential(row, response, i))
            cases[row.line] = Case(row.text("case_id"), file.name, checks)
    return [cases[row.line] for row in rows]


def _check_action_potential(row: Row, response: Response, i: int) -> list[Check]:
    """Compare velocity, voltages, width and time of one action potential."""
    time_ms = response.time_ms
    center, first, second = response.v_m_mv[i]
    crossings = [crossing_times_ms(time_ms, v, SPIKE_MV) for v in (center, first, second)]
    t_center, t_first, t_second = (_first(times) for times in crossings)
    length_um = (row.integer("cv_node_b") - row.integer("cv_node_a")) * _internode_um(row)
    # mm / ms is m / s.
    velocity = length_um * MM_PER_UM / (t_second - t_first)
    expected_velocity = row.finite("cv_m_per_s")
    peak = int(np.argmax(center))
    half = 0.5 * (center[0] + center[peak])
    width_steps = int(np.count_nonzero(center > half))
    expected_steps = row.finite("ap_width_at_halfheight_ms") / row.finite("dt_ms")
    return [
        measure("conduction_velocity", (velocity - expected_velocity) / expected_velocity),
        measure("v_rest", center[0] - row.finite("v_end_of_init_center_mV")),
        measure("v_peak", center[peak] - row.finite("v_peak_center_mV")),
        measure("v_min_after_peak", center[peak:].min() - row.finite("v_min_after_center_mV")),
        measure("ap_width_steps", width_steps - round(expected_steps)),
        measure("t_ap_center", t_center - row.finite("t_ap_center_ms")),
    ]


def _run_traces(file: Path) -> list[Case]:
    """Run voltage traces; each needs the row of ``cv_rest.csv`` with the same name."""
    traces: dict[str, list[Row]] = defaultdict(list)
    for row in read_table(file, ("case_id", "t_ms", "v_mV")):
        traces[row.text("case_id")].append(row)
    rest = _rest_rows(file)
    cases = {}
    runnable = []
    for name in traces:
        if name not in rest:
            reason = "cv_rest.csv has no row of this name, beside it or among the shipped cases"
            cases[name] = Case(name, file.name, reason=reason)
        elif model_name(rest[name].text("model")) not in fiber_models():
            cases[name] = Case(name, file.name, reason=_no_model(rest[name]))
        else:
            runnable.append(rest[name])
    for group in _group(runnable, _CLAMP_COLUMNS, {}):
        response = _inject(group)
        for i, row in enumerate(group):
            name = row.text("case_id")
            cases[name] = Case(name, file.name, (_check_trace(traces[name], row, response, i),))
    return [cases[name] for name in traces]


def _check_trace(trace: Sequence[Row], row: Row, response: Response, i: int) -> Check:
    """Compare every sample of a trace."""
    time_ms = np.array([sample.finite("t_ms") for sample in trace])
    expected_mv = np.array([sample.finite("v_mV") for sample in trace])
    dt_ms = row.finite("dt_ms")
    at = np.rint(time_ms / dt_ms).astype(int)
    off_grid = np.abs(time_ms - at * dt_ms) > 1e-6 * dt_ms * np.maximum(at, 1)
    if at.max() >= response.time_ms.size or at.min() < 0 or off_grid.any():
        msg = (
            f"{trace[0].path}: the times of {row.text('case_id')} must be whole steps of "
            f"{dt_ms:g} ms up to {response.time_ms[-1]:g} ms; leave out the others."
        )
        raise ResultsError(msg)
    return measure("trace", float(np.abs(response.v_m_mv[i][0][at] - expected_mv).max()))


def _rest_rows(file: Path) -> dict[str, Row]:
    """Read the rows that traces belong to: those beside the file first, then the shipped ones."""
    rows: dict[str, Row] = {}
    beside = find_beside(file, "cv_rest.csv", "fibers")
    for path in (SHIPPED / "fibers" / "cv_rest.csv", beside):
        if path is not None and path.is_file():
            rows.update({row.text("case_id"): row for row in read_table(path, _REST_COLUMNS)})
    return rows


def _inject(rows: Sequence[Row]) -> Response:
    """Run the intracellular pulse of rows that share it; middle node first, then those of the velocity."""
    head = rows[0]
    return simulate(
        [_make_fiber(row) for row in rows],
        None,
        None,
        intracellular=IntracellularPulse(
            node=head.integer("iclamp_node"),
            current_na=head.finite("iclamp_nA"),
            start_ms=head.finite("iclamp_on_ms"),
            duration_ms=head.finite("iclamp_dur_ms"),
        ),
        record_nodes=(
            head.integer("n_nodes") // 2,
            head.integer("cv_node_a"),
            head.integer("cv_node_b"),
        ),
        dt_us=head.finite("dt_ms") / MS_PER_US,
        window_ms=head.finite("tstop_ms"),
    )


def _name_rows(file: Path, reason: str) -> list[Case]:
    """Name every row of a table that is not run."""
    rows = read_table(file, ("case_id",))
    return [Case(row.text("case_id"), file.name, reason=reason) for row in rows]


_RUNNERS: Final[MappingProxyType[str, Callable[[Path], list[Case]]]] = MappingProxyType(
    {
        r"activation_thresholds\.csv": _run_thresholds,
        r"cv_rest\.csv": _run_rest,
        r"ap_traces\.csv": _run_traces,
        r"recovery_cycle\.csv": partial(
            _name_rows, reason="recovery cycles are not in this version"
        ),
        r"trains\.csv": partial(_name_rows, reason="trains of pulses are not in this version"),
        r"khz_block\.csv": partial(_name_rows, reason="kilohertz block is not in this version"),
    }
)
"""Pattern of a file name and the function that gives its cases."""


def _no_model(row: Row) -> str:
    return f"model {model_name(row.text('model'))} is not in this version"


def _refuse_models(rows: Iterable[Row]) -> dict[int, Case]:
    """Give the cases, by line, whose model this version does not have."""
    return {
        row.line: Case(row.text("case_id"), row.path.name, reason=_no_model(row))
        for row in rows
        if model_name(row.text("model")) not in fiber_models()
    }


def _group(
    rows: Iterable[Row], columns: Sequence[str], refused: dict[int, Case]
) -> list[list[Row]]:
    """Gather the rows that agree in some columns and are not refused."""
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        if row.line not in refused:
            groups[tuple(row.text(column) for column in columns)].append(row)
    return list(groups.values())


def _make_fiber(row: Row) -> Fiber:
    """Make the straight fiber of a row, along z with its middle node at 0."""
    return Fiber(
        model_name(row.text("model")), row.finite("diameter_um"), n_nodes=row.integer("n_nodes")
    )


def _internode_um(row: Row) -> float:
    positions_mm = _make_fiber(row).node_positions_mm()
    return float(positions_mm[1, 2] - positions_mm[0, 2]) * UM_PER_MM


def _make_pulse(row: Row) -> Pulse:
    """Make the pulse of a row."""
    shape = _pick(row, "waveform", _SHAPES)
    return Pulse(
        pulse_width_us=row.finite("pw_ms") / MS_PER_US,
        shape=shape,
        interphase_gap_us=row.finite("gap_ms") / MS_PER_US,
        recovery_ratio=row.finite("recovery_ratio") if shape == "asymmetric" else 1.0,
    )


def _potential(row: Row, fiber: Fiber) -> FloatArray:
    """Give the potential along a fiber for 1 mA, mV, with the sign of the row's amplitude."""
    medium = HomogeneousMedium(sigma_s_per_m=_pick(row, "medium", _MEDIA))
    poles = _pick(row, "electrode", _POLES_UM)
    distance_um, offset_um = row.finite("distance_um"), row.finite("z_offset_um")
    sources = [
        PointSource(((distance_um + x) * MM_PER_UM, 0.0, (offset_um + z) * MM_PER_UM))
        for _, x, z in poles
    ]
    weights = np.array([weight for weight, _, _ in poles])
    sign = math.copysign(1.0, row.finite("thr_mA"))
    (unit,) = medium.unit_potential_along(sources, [fiber])
    return np.asarray(sign * weights @ unit)


def _pick(row: Row, column: str, table: MappingProxyType[str, _Entry]) -> _Entry:
    """Look a cell up."""
    if row.text(column) not in table:
        msg = (
            f"{column} = {row.text(column)!r} in {row.path}:{row.line}: allowed are "
            f"{', '.join(table)}; correct the cell or remove the line."
        )
        raise ResultsError(msg)
    return table[row.text(column)]


def _first(times_ms: FloatArray) -> float:
    """Give the first time, NaN if there is none."""
    return float(times_ms[0]) if times_ms.size else math.nan
