"""Readers, counting and verdicts of `scsim validate`."""

import math
from pathlib import Path

import pytest

from scsim.errors import ResultsError
from scsim.validate.fiber_repeats import BLOCK_COLUMNS, grown_amplitude
from scsim.validate.fiber_rows import model_name
from scsim.validate.fibers import validate_fibers
from scsim.validate.reading import SHIPPED, find_beside, list_files, read_table, run_files
from scsim.validate.report import (
    Case,
    Check,
    InputFile,
    Outcome,
    Report,
    closing_line,
    measure,
)
from scsim.validate.tolerances import TOLERANCES


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _check(error: float, limit: float = 1.0, quantity: str = "trace") -> Check:
    return Check(quantity, error, limit, "mV")


# report


def test_case_holds_if_every_check_does() -> None:
    assert Case("a", "f", (_check(0.5), _check(1.0))).outcome is Outcome.HOLDS
    assert Case("a", "f", (_check(0.5), _check(1.1))).outcome is Outcome.OUTSIDE
    assert Case("a", "f", reason="no model").outcome is Outcome.NOT_RUN


def test_what_could_not_be_measured_does_not_hold() -> None:
    case = Case("a", "f", (_check(math.nan), _check(0.1)))
    assert case.outcome is Outcome.OUTSIDE
    assert case.worst is case.checks[0]


def test_worst_is_relative_to_the_limit() -> None:
    near = Check("v_peak", 0.9, 1.0, "mV")
    case = Case("a", "f", (near, Check("trace", 5.0, 50.0, "mV")))
    assert case.worst is near
    assert Case("a", "f").worst is None


def test_report_counts_and_finds_the_worst_of_each_quantity() -> None:
    cases = (
        Case("a", "f", (_check(0.5),)),
        Case("b", "f", (_check(0.7),)),
        Case("c", "f", (_check(2.0, quantity="v_peak"),)),
        Case("d", "f", reason="no model"),
    )
    report = Report("fibers", cases, (InputFile("g", "inputs"),))
    assert closing_line((report,)) == "4 cases: 2 hold, 1 outside, 1 not run"
    assert report.worst()["trace"][0] == "b"
    assert report.worst()["v_peak"][0] == "c"
    assert not report.is_good


def test_only_all_holding_is_good() -> None:
    assert Report("fibers", (Case("a", "f", (_check(0.5),)),)).is_good
    assert not Report("fibers", (Case("a", "f", reason="no model"),)).is_good


def test_errors_of_either_sign_are_held_against_the_table() -> None:
    bar = TOLERANCES["v_peak"]
    assert measure("v_peak", -2 * bar.limit) == Check("v_peak", 2 * bar.limit, bar.limit, bar.unit)


def test_every_tolerance_has_a_source_and_a_limit() -> None:
    for quantity, bar in TOLERANCES.items():
        assert bar.source, quantity
        assert bar.limit > 0, quantity


# reading


def test_table_is_read_with_its_lines(tmp_path: Path) -> None:
    rows = read_table(_write(tmp_path / "t.csv", "a,b\n1,x\n2,nan\n"), ("a",))
    assert [row.line for row in rows] == [2, 3]
    assert rows[0].finite("a") == 1.0
    assert rows[1].integer("a") == 2
    assert rows[0].text("b") == "x"
    assert math.isnan(rows[1].number("b"))


def test_missing_column_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.csv", "a,b\n1,2\n")
    with pytest.raises(ResultsError, match=r"t\.csv: the header lacks c, d; it has a, b.*compare"):
        read_table(path, ("a", "c", "d"))


def test_empty_file_and_empty_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"lacks a; it has nothing"):
        read_table(_write(tmp_path / "t.csv", ""), ("a",))
    with pytest.raises(ResultsError, match=r"no line below the header; give a table"):
        read_table(_write(tmp_path / "t.csv", "a,b\n"), ("a",))


def test_line_of_another_length_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.csv", "a,b\n1,2\n1,2,3\n")
    with pytest.raises(ResultsError, match=r"t\.csv:3: 3 cells .* 2 columns; correct the line"):
        read_table(path, ("a",))


def test_unreadable_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n\xff\xfe,2\n")
    with pytest.raises(ResultsError, match=r"cannot be read as a table .*in UTF-8"):
        read_table(path, ("a",))


@pytest.mark.parametrize(
    ("cell", "method", "wanted"),
    [
        ("x", "number", "a number"),
        ("nan", "finite", "a finite number"),
        ("1.5", "integer", "a whole number"),
    ],
)
def test_bad_cell_is_named_with_line_and_column(
    tmp_path: Path, cell: str, method: str, wanted: str
) -> None:
    (row,) = read_table(_write(tmp_path / "t.csv", f"a,b\n{cell},2\n"), ("a",))
    with pytest.raises(ResultsError, match=rf"a = '{cell}' in .*t\.csv:2: {wanted} is needed"):
        getattr(row, method)("a")


def test_missing_path_and_folder_without_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"no such file or folder; give a reference table"):
        list_files(tmp_path / "none", bool, "A.csv")
    _write(tmp_path / "notes.csv", "a\n1\n")
    with pytest.raises(ResultsError, match=r"no reference table of this kind.*Known names: A\.csv"):
        list_files(tmp_path, lambda name: name == "A.csv", "A.csv")


def test_every_file_is_run_named_as_input_or_named_as_not_run(tmp_path: Path) -> None:
    for name in ("a1.csv", "a2.csv", "in.csv", "later.csv", "mine.csv"):
        _write(tmp_path / name, "x\n1\n")
    report = run_files(
        "field",
        tmp_path,
        runners={r"a1\.csv": lambda file: [Case("first", file.name)], r"a\d\.csv": lambda _: []},
        not_run={r"later\.csv": "not yet"},
        inputs={r"in\.csv": "inputs"},
        known="a1.csv",
    )
    assert [(case.name, case.file, case.reason) for case in report.cases] == [
        ("first", "a1.csv", ""),
        ("later", "later.csv", "not yet"),
        ("mine", "mine.csv", "no reference table of this name is known"),
    ]
    assert report.inputs == (InputFile("in.csv", "inputs"),)


def test_needed_file_is_looked_for_beside_then_among_the_shipped(tmp_path: Path) -> None:
    case = tmp_path / "crodelle_C3_Aonly.csv"
    assert (
        find_beside(case, "crodelle_cases.csv", "gate") == SHIPPED / "gate" / "crodelle_cases.csv"
    )
    mine = _write(tmp_path / "crodelle_cases.csv", "file\n")
    assert find_beside(case, "crodelle_cases.csv", "gate") == mine
    assert find_beside(case, "nothing.csv", "gate") is None


# fibers


def _one_row(
    tmp_path: Path, replace: dict[str, str], table: str = "activation_thresholds", at: int = 1
) -> Path:
    """Write a table with one line of a shipped one, some cells replaced."""
    lines = (SHIPPED / "fibers" / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    cells = dict(zip(lines[0].split(","), lines[at].split(","), strict=True)) | replace
    return _write(tmp_path / f"{table}.csv", f"{lines[0]}\n{','.join(cells.values())}\n")


def test_names_of_models() -> None:
    assert model_name("MRG_DISCRETE") == "mrg_discrete"
    assert model_name("MRG_INTERPOLATION") == "mrg"
    assert model_name("PENA") == "mrg_small"
    assert model_name("SUNDT") == "sundt"


def test_wrong_threshold_lies_outside(tmp_path: Path) -> None:
    report = validate_fibers(_one_row(tmp_path, {"thr_mA": "-0.1427"}))
    (case,) = report.cases
    assert case.outcome is Outcome.OUTSIDE
    assert {check.quantity: check.is_held for check in case.checks} == {
        "threshold": False,
        "t_ap_center": True,
        "t_ap_detect": True,
    }


def test_center_time_counts_only_after_the_pulse(tmp_path: Path) -> None:
    path = _one_row(tmp_path, {"t_ap_center_1p2x_ms": "0.15"})
    (case,) = validate_fibers(path).cases
    assert [check.quantity for check in case.checks] == ["threshold", "t_ap_detect"]


def test_model_of_another_version_is_not_run(tmp_path: Path) -> None:
    (case,) = validate_fibers(_one_row(tmp_path, {"model": "FRANKENHAEUSER"})).cases
    assert case.outcome is Outcome.NOT_RUN
    assert case.reason == "model frankenhaeuser is not in this version"


@pytest.mark.parametrize(
    ("column", "value", "allowed"),
    [("medium", "fat", "iso, aniso"), ("electrode", "disk", "point"), ("waveform", "sine", "mono")],
)
def test_unknown_word_in_a_row_is_refused(
    tmp_path: Path, column: str, value: str, allowed: str
) -> None:
    path = _one_row(tmp_path, {column: value})
    with pytest.raises(ResultsError, match=rf"{column} = '{value}' in .*:2: allowed are {allowed}"):
        validate_fibers(path)


def test_trace_without_its_row_is_not_run(tmp_path: Path) -> None:
    path = _write(tmp_path / "ap_traces.csv", "case_id,t_ms,v_mV\nmine,0.0,-80\n")
    (case,) = validate_fibers(path).cases
    assert case.outcome is Outcome.NOT_RUN
    assert "cv_rest.csv has no row" in case.reason


def test_trace_finds_its_row_among_the_shipped(tmp_path: Path) -> None:
    lines = (SHIPPED / "fibers" / "ap_traces.csv").read_text(encoding="utf-8").splitlines()[:200]
    (case,) = validate_fibers(_write(tmp_path / "ap_traces.csv", "\n".join(lines) + "\n")).cases
    assert case.outcome is Outcome.HOLDS


def test_trace_between_steps_is_refused(tmp_path: Path) -> None:
    name = "MRG_DISCRETE_d10.0_intra_dt0.005"
    path = _write(tmp_path / "ap_traces.csv", f"case_id,t_ms,v_mV\n{name},0.0071,-80\n")
    with pytest.raises(ResultsError, match=r"whole steps of 0\.005 ms up to 3 ms; leave out"):
        validate_fibers(path)


def test_trace_of_a_model_of_another_version_is_not_run(tmp_path: Path) -> None:
    rest = _one_row(tmp_path, {"model": "FRANKENHAEUSER", "case_id": "mine"}, "cv_rest")
    assert validate_fibers(rest).cases[0].outcome is Outcome.NOT_RUN
    path = _write(tmp_path / "ap_traces.csv", "case_id,t_ms,v_mV\nmine,0.0,-80\n")
    (case,) = validate_fibers(path).cases
    assert case.reason == "model frankenhaeuser is not in this version"


def test_fiber_files_that_are_not_run_are_counted_by_row(tmp_path: Path) -> None:
    for table in ("activation_thresholds", "trains", "recovery_cycle", "khz_block"):
        _one_row(tmp_path, {"model": "FRANKENHAEUSER"}, table)
    _write(tmp_path / "mine.csv", "")
    report = validate_fibers(tmp_path)
    assert closing_line((report,)) == "5 cases: 0 hold, 0 outside, 5 not run"


def test_rows_of_one_table_keep_their_order(tmp_path: Path) -> None:
    lines = (SHIPPED / "fibers" / "trains.csv").read_text(encoding="utf-8").splitlines()
    # Another frequency, so another group, between two rows that run together.
    chosen = [lines[1], lines[5], lines[1].replace("train_MRG", "again_MRG")]
    report = validate_fibers(_write(tmp_path / "trains.csv", "\n".join([lines[0], *chosen]) + "\n"))
    assert [case.name for case in report.cases] == [line.split(",")[0] for line in chosen]
    assert report.is_good


@pytest.mark.parametrize(
    ("replace", "held"),
    [
        ({}, (True, True)),
        ({"n_spikes": "13"}, (False, True)),
        ({"amp_mA": "-0.05"}, (False, False)),
        ({"amp_mA": "0.1281033325195313"}, (False, False)),
        ({"t_on_ms": "0.11"}, (True, False)),
    ],
)
def test_train_with_other_spikes_lies_outside(
    tmp_path: Path, replace: dict[str, str], held: tuple[bool, bool]
) -> None:
    (case,) = validate_fibers(_one_row(tmp_path, replace, "trains")).cases
    assert [check.quantity for check in case.checks] == ["train_spikes", "train_times"]
    assert tuple(check.is_held for check in case.checks) == held


def test_train_that_starts_no_spike_holds_where_none_is_listed(tmp_path: Path) -> None:
    replace = {"amp_mA": "-0.05", "n_spikes": "0", "spike_times_ms": ""}
    (case,) = validate_fibers(_one_row(tmp_path, replace, "trains")).cases
    assert [check.error for check in case.checks] == [0.0, 0.0]


@pytest.mark.parametrize("word", ["soon", "nan"])
def test_word_that_is_no_time_is_refused(tmp_path: Path, word: str) -> None:
    path = _one_row(tmp_path, {"spike_times_ms": f"0.635 {word}"}, "trains")
    with pytest.raises(
        ResultsError, match=rf"spike_times_ms has '{word}' in .*:2: times in ms .*correct the cell"
    ):
        validate_fibers(path)


@pytest.mark.parametrize(
    ("at", "replace", "quantity", "is_held"),
    [
        (1, {}, "second_spike", True),
        # Late enough, a second pulse of little more than the single threshold fires.
        (1, {"ipi_ms": "3", "tstop_ms": "6.6"}, "second_spike", False),
        (3, {}, "recovery_threshold", True),
        (3, {"test_threshold_mA": "-0.1606"}, "recovery_threshold", False),
        (3, {"conditioning_mA": "-0.1"}, "recovery_threshold", False),
        (3, {"ipi_ms": "0.2"}, "recovery_threshold", False),
    ],
)
def test_recovery_with_another_threshold_lies_outside(
    tmp_path: Path, at: int, replace: dict[str, str], quantity: str, *, is_held: bool
) -> None:
    (case,) = validate_fibers(_one_row(tmp_path, replace, "recovery_cycle", at)).cases
    (check,) = case.checks
    assert check.quantity == quantity
    assert check.is_held is is_held


def test_block_from_another_amplitude_lies_outside(tmp_path: Path) -> None:
    replace = {"block_threshold_lo_mA": "0.62", "block_threshold_hi_mA": "0.622"}
    (case,) = validate_fibers(_one_row(tmp_path, replace, "khz_block")).cases
    assert case.outcome is Outcome.OUTSIDE
    # The row's rtol is the width of either bracket.
    assert case.checks[0].error == pytest.approx(1 - 0.598 / 0.621, abs=0.005)


def test_block_of_nothing_is_found_at_once(tmp_path: Path) -> None:
    """Without test spikes that arrive in time the smallest amplitude blocks."""
    replace = {"test_iclamp_onsets_ms": "1", "block_delay_ms": "17"}
    (case,) = validate_fibers(_one_row(tmp_path, replace, "khz_block")).cases
    assert case.outcome is Outcome.OUTSIDE
    assert "at the smallest amplitude searched" in case.reason


@pytest.mark.parametrize(
    ("low", "high", "grown"),
    [
        # 0.48828125 = 0.2 · 1.25⁴; its interval up to 0.6103515625 halved six times is the bracket.
        ("0.5970001220703125", "0.598907470703125", 0.48828125),
        ("-0.5970001220703125", "-0.598907470703125", -0.48828125),
        ("0.48828125", "0.4901885986328125", 0.48828125),
        # No part of an interval (a, 1.25 a) that was halved: taken as it stands.
        ("0.7", "0.702", 0.7),
    ],
)
def test_trials_of_block_follow_from_the_bracket(
    tmp_path: Path, low: str, high: str, grown: float
) -> None:
    replace = {"block_threshold_lo_mA": low, "block_threshold_hi_mA": high}
    (row,) = read_table(_one_row(tmp_path, replace, "khz_block"), BLOCK_COLUMNS)
    assert grown_amplitude(row) == pytest.approx(grown, rel=1e-12)


@pytest.mark.parametrize(("low", "high"), [("0.6", "0.6"), ("0.6", "-0.7"), ("0", "0.6")])
def test_bracket_of_block_without_width_is_refused(tmp_path: Path, low: str, high: str) -> None:
    replace = {"block_threshold_lo_mA": low, "block_threshold_hi_mA": high}
    path = _one_row(tmp_path, replace, "khz_block")
    wanted = f"block_threshold_hi_mA = {high} in .*:2: .* beyond block_threshold_lo_mA = {low} mA"
    with pytest.raises(ResultsError, match=f"{wanted}.*; correct the cells"):
        validate_fibers(path)
