"""Runs the reference cases of nerve fibers, every row of every table.

Thresholds, action potentials and their traces are run here, pulses that are repeated in ``fiber_repeats.py``.
Columns and names are those of the fiber tables (``cases/README.md``); what a row describes is in
``fiber_rows.py``, tolerances are in ``tolerances.py``; the models themselves belong to `scsim.fibers` and
`scsim.response`. All rows run with NEURON's scheme, all modes and the step of the row.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.response.drive import IntracellularPulse
from scsim.response.simulate import crossing_times_ms, simulate
from scsim.response.threshold import ThresholdProtocol, search_thresholds
from scsim.units import MM_PER_UM
from scsim.validate import fiber_repeats as repeats
from scsim.validate.fiber_rows import (
    SEARCH_RTOL,
    SPIKE_MV,
    detect_fraction,
    group_rows,
    internode_um,
    is_missing,
    make_fiber,
    make_potential,
    make_pulse,
    make_solver,
    refuse,
    remark,
    sign_of,
)
from scsim.validate.reading import SHIPPED, Row, find_beside, read_table, run_files
from scsim.validate.report import Case, Check, Report, measure
from scsim.validate.tolerances import TOLERANCES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scsim.response.simulate import Response

    FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

ROOM: Final = "fibers"

_STRONGER: Final = 1.2
"""Spike times are those at this multiple of the bracket's upper end (definition of the tables)."""

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


def _run_table(
    file: Path,
    columns: Sequence[str],
    group: Sequence[str],
    check: Callable[[Sequence[Row]], list[tuple[tuple[Check, ...], str]]],
) -> list[Case]:
    """Run a table; rows that agree in the columns of `group` run together, in lanes.

    Parameters
    ----------
    file : Path
    columns : sequence of str
        Columns that must be there.
    group : sequence of str
        Columns that must agree.
    check : callable
        Gives the checks of each row of a group, and a remark.

    Returns
    -------
    list of Case
        In the order of the rows.
    """
    rows = read_table(file, columns)
    cases = {row.line: refuse(row, file.name) for row in rows if is_missing(row)}
    for together in group_rows([row for row in rows if row.line not in cases], group):
        for row, checks in zip(together, check(together), strict=True):
            cases[row.line] = Case(row.text("case_id"), file.name, *checks)
    return [cases[row.line] for row in rows]


def _check_thresholds(rows: Sequence[Row]) -> list[tuple[tuple[Check, ...], str]]:
    """Compare the thresholds of rows with one pulse, and their spike times when driven harder."""
    head = rows[0]
    fibers = [make_fiber(row) for row in rows]
    potentials = [
        make_potential(row, fiber, sign_of(row, "thr_mA"))
        for row, fiber in zip(rows, fibers, strict=True)
    ]
    pulse = make_pulse(head)
    protocol = ThresholdProtocol(
        solver=make_solver(head),
        onset_ms=head.finite("t_on_ms"),
        window_ms=head.finite("tstop_ms"),
        detect_fraction=detect_fraction(head),
        spike_mv=SPIKE_MV,
        rtol=SEARCH_RTOL,
    )
    found = search_thresholds(fibers, potentials, pulse, protocol)
    response = simulate(
        fibers,
        [potential[None, :] for potential in potentials],
        pulse,
        amplitude_ma=[_STRONGER * abs(row.finite("threshold_hi_mA")) for row in rows],
        onsets_ms=(protocol.onset_ms,),
        shares=(1.0,),
        record_nodes=(),
        spikes_at=((head.integer("n_nodes") - 1) // 2, head.integer("detect_node")),
        solver=protocol.solver,
        window_ms=protocol.window_ms,
    )
    # A fiber whose spike starts near an end has a bracket all the same, and the tables count it.
    middle_ma = 0.5 * (found.lower_ma + found.upper_ma)
    return [
        (
            (
                _compare_threshold(row, middle_ma[i]),
                *_compare_spike_times(row, response.spike_times_ms[i]),
            ),
            remark(int(found.status[i])),
        )
        for i, row in enumerate(rows)
    ]


def _compare_threshold(row: Row, threshold_ma: float) -> Check:
    """Compare a threshold: it lies in the row's bracket, widened by its rtol and the tolerance."""
    low, high = sorted(abs(row.finite(f"threshold_{end}_mA")) for end in ("lo", "hi"))
    expected = abs(row.finite("thr_mA"))
    bar = TOLERANCES["threshold"]
    limit = 0.5 * (high - low) / expected + row.finite("rtol") + bar.limit
    return Check("threshold", float(abs(threshold_ma - expected) / expected), limit, bar.unit)


def _compare_spike_times(row: Row, spikes_ms: Sequence[FloatArray]) -> list[Check]:
    """Compare when the spike passes the middle and the detector node."""
    checks = []
    stimulus_end = row.finite("t_on_ms") + row.finite("pw_ms")
    for times_ms, quantity in zip(spikes_ms, ("t_ap_center", "t_ap_detect"), strict=True):
        expected = row.number(f"{quantity}_1p2x_ms")
        if quantity == "t_ap_center" and not expected > stimulus_end:
            continue
        checks.append(measure(quantity, _first(times_ms) - expected))
    return checks


def _check_action_potentials(rows: Sequence[Row]) -> list[tuple[tuple[Check, ...], str]]:
    """Compare action potentials after an intracellular pulse."""
    response = _inject(rows)
    return [(tuple(_compare_action_potential(row, response, i)), "") for i, row in enumerate(rows)]


def _compare_action_potential(row: Row, response: Response, i: int) -> list[Check]:
    """Compare velocity, voltages, width and time of one action potential."""
    time_ms = response.time_ms
    center, first, second = response.v_m_mv[i]
    crossings = [crossing_times_ms(time_ms, v, SPIKE_MV) for v in (center, first, second)]
    t_center, t_first, t_second = (_first(times) for times in crossings)
    length_um = (row.integer("cv_node_b") - row.integer("cv_node_a")) * internode_um(
        make_fiber(row)
    )
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
        elif is_missing(rest[name]):
            cases[name] = refuse(rest[name], file.name)
        else:
            runnable.append(rest[name])
    for group in group_rows(runnable, _CLAMP_COLUMNS):
        response = _inject(group)
        for i, row in enumerate(group):
            name = row.text("case_id")
            cases[name] = Case(name, file.name, (_compare_trace(traces[name], row, response, i),))
    return [cases[name] for name in traces]


def _compare_trace(trace: Sequence[Row], row: Row, response: Response, i: int) -> Check:
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
        [make_fiber(row) for row in rows],
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
        solver=make_solver(head),
        window_ms=head.finite("tstop_ms"),
    )


def _first(times_ms: FloatArray) -> float:
    """Give the first time, NaN if there is none."""
    return float(times_ms[0]) if times_ms.size else math.nan


_RUNNERS: Final[MappingProxyType[str, Callable[[Path], list[Case]]]] = MappingProxyType(
    {
        r"activation_thresholds\.csv": partial(
            _run_table,
            columns=_THRESHOLD_COLUMNS,
            group=_PULSE_COLUMNS,
            check=_check_thresholds,
        ),
        r"cv_rest\.csv": partial(
            _run_table,
            columns=_REST_COLUMNS,
            group=_CLAMP_COLUMNS,
            check=_check_action_potentials,
        ),
        r"ap_traces\.csv": _run_traces,
        r"recovery_cycle\.csv": partial(
            _run_table,
            columns=repeats.RECOVERY_COLUMNS,
            group=repeats.RECOVERY_GROUP,
            check=repeats.check_recovery,
        ),
        r"trains\.csv": partial(
            _run_table,
            columns=repeats.TRAIN_COLUMNS,
            group=repeats.TRAIN_GROUP,
            check=repeats.check_trains,
        ),
        r"khz_block\.csv": partial(
            _run_table,
            columns=repeats.BLOCK_COLUMNS,
            group=repeats.BLOCK_GROUP,
            check=repeats.check_block,
        ),
    }
)
"""Pattern of a file name and the function that gives its cases."""
