"""Readers and verdicts of `scsim validate circuit`: what damaged tables and missing inputs lead to."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scsim.circuit.inputs.trains import FiberTrains
from scsim.circuit.states import apply_states
from scsim.errors import ResultsError
from scsim.validate.circuit import INPUTS, RUNNERS, validate_circuit
from scsim.validate.circuit_inputs import (
    circuit_in_state,
    published_circuit,
    read_fiber_latencies,
    read_pulse_latencies,
    read_spikes,
    read_trains,
    scale_inhibition,
    stimulated,
    volley_trains,
)
from scsim.validate.circuit_spikes import (
    compare_spikes,
    compare_voltages,
    count_spikes,
    time_grid,
    times_off,
)
from scsim.validate.reading import SHIPPED, Row, read_table
from scsim.validate.report import Case, Outcome

GATE = SHIPPED / "gate"
CIRCUIT = published_circuit()


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _row(**cells: str) -> Row:
    return Row(Path("t.csv"), 2, cells)


def _copy(
    tmp_path: Path, name: str, old: str = "", new: str = "", lines: int | None = None
) -> Path:
    """Copy the first lines of a shipped table, one text replaced in the first line that has it."""
    text = (GATE / name).read_text(encoding="utf-8")
    text = "".join(line + "\n" for line in text.splitlines()[:lines])
    assert old in text
    return _write(tmp_path / name, text.replace(old, new, 1))


# rate and sleep models


def test_curve_finds_its_inputs_among_the_shipped(tmp_path: Path) -> None:
    shutil.copy(GATE / "crodelle_C3_Aonly.csv", tmp_path)
    assert validate_circuit(tmp_path).is_good


def test_curve_without_inputs_is_not_run(tmp_path: Path) -> None:
    shutil.copy(GATE / "crodelle_C3_Aonly.csv", tmp_path / "crodelle_C9_mine.csv")
    (case,) = validate_circuit(tmp_path).cases
    assert case.outcome is Outcome.NOT_RUN
    assert "crodelle_cases.csv does not list" in case.reason


def test_curve_with_other_inputs_lies_outside(tmp_path: Path) -> None:
    shutil.copy(GATE / "crodelle_C3_Aonly.csv", tmp_path)
    inputs = (GATE / "crodelle_cases.csv").read_text(encoding="utf-8")
    _write(tmp_path / "crodelle_cases.csv", inputs.replace("0.52,40", "0.52,41"))
    assert validate_circuit(tmp_path).cases[0].outcome is Outcome.OUTSIDE


def test_curve_between_milliseconds_is_refused(tmp_path: Path) -> None:
    table = "t_s,fW,fE,fI,gNMDA\n0.4005,0,0,0,0\n0.5,0,0,0,0\n"
    path = _write(tmp_path / "crodelle_C3_Aonly.csv", table)
    with pytest.raises(ResultsError, match=r"whole milliseconds; leave out the others"):
        validate_circuit(path)


def test_days_hold_and_wrong_ones_lie_outside(tmp_path: Path) -> None:
    path = _copy(tmp_path, "sleeppain_days1_5.csv", "5.02436", "5.12436", lines=20)
    cases = {case.name: case for case in validate_circuit(path).cases}
    wrong = cases.pop("sleeppain_days1_5 fW")
    assert wrong.outcome is Outcome.OUTSIDE
    assert wrong.checks[0].where == "at 30 min"
    assert wrong.checks[0].error == pytest.approx(0.1, abs=1e-4)
    assert {case.outcome for case in cases.values()} == {Outcome.HOLDS}


def test_days_between_minutes_are_refused(tmp_path: Path) -> None:
    path = _copy(tmp_path, "sleeppain_days1_5.csv", "\n30,", "\n30.5,", lines=5)
    with pytest.raises(ResultsError, match=r"whole minutes from 0 on; leave out the others"):
        validate_circuit(path)


# the folder


def test_files_that_are_no_cases_are_named(tmp_path: Path) -> None:
    shutil.copy(GATE / "crodelle_steady.csv", tmp_path)
    passed_over = ("det_convergence.csv", "foreman_psth.csv", "scs_latency.csv", "speed.csv")
    for name in (*passed_over, "mine.csv"):
        _write(tmp_path / name, "")
    report = validate_circuit(tmp_path)
    reasons = {case.file: case.reason for case in report.cases if case.outcome is Outcome.NOT_RUN}
    assert reasons == {"mine.csv": "no reference table of this name is known"}
    assert tuple(entry.file for entry in report.inputs) == passed_over


def test_every_shipped_file_is_a_case_or_an_input() -> None:
    for file in GATE.glob("*.csv"):
        kinds = [
            table for table in (RUNNERS, INPUTS) if any(re.fullmatch(p, file.name) for p in table)
        ]
        assert len(kinds) == 1, file.name


# trains and latencies


def test_trains_are_those_of_the_list() -> None:
    trains = read_trains(GATE / "det_inputs.csv", CIRCUIT).trains
    assert [len(trains[name]) for name in ("a_beta", "a_delta", "c")] == [15, 15, 30]
    assert trains["a_beta"][0][:2].tolist() == [92.683, 214.404]
    assert sum(times.size for fibers in trains.values() for times in fibers) == 725


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Ax,0,5", r"fibre_type = 'Ax' in .*:3: allowed are Ab, Ad, C; correct"),
        ("Ab,15,5", r"fibre = 15 in .*:3: the circuit has 15 fibers of type Ab, counted from 0"),
        ("Ab,-1,5", r"fibre = -1 in .*:3: the circuit has 15 fibers"),
        ("Ab,0.5,5", r"fibre = '0.5' in .*:3: a whole number is needed"),
        ("Ab,0,soon", r"t_ms = 'soon' in .*:3: a number is needed"),
        ("Ab,0,nan", r"t_ms = 'nan' in .*:3: a finite number is needed"),
        ("Ab,0,-1", r"t_ms = -1 ms in .*:3: a time must not be negative; correct"),
        ("Ab,0,5", r"t_ms = 5 ms in .*:3: the times of a fiber must rise, .* is 7 ms; sort"),
    ],
)
def test_damaged_train_is_refused(tmp_path: Path, line: str, message: str) -> None:
    path = _write(tmp_path / "det_inputs.csv", f"fibre_type,fibre,t_ms\nAb,0,7\n{line}\n")
    with pytest.raises(ResultsError, match=message):
        read_trains(path, CIRCUIT)


def test_trains_without_a_column_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "det_inputs.csv", "fibre_type,t_ms\nAb,7\n")
    with pytest.raises(ResultsError, match=r"the header lacks fibre; it has fibre_type, t_ms"):
        read_trains(path, CIRCUIT)


def test_latencies_must_name_every_fiber_once(tmp_path: Path) -> None:
    assert read_pulse_latencies(GATE / "scs_latency.csv", CIRCUIT)[:2].tolist() == [0.802, 0.872]
    assert read_fiber_latencies(GATE / "windup_latency.csv", CIRCUIT)["a_beta"][0] == 4.264
    short = _copy(tmp_path, "scs_latency.csv", lines=10)
    with pytest.raises(ResultsError, match=r"fiber 9 of a_beta_surround is missing; list every"):
        read_pulse_latencies(short, CIRCUIT)
    twice = _copy(tmp_path, "scs_latency.csv", "\n1,", "\n0,")
    with pytest.raises(ResultsError, match=r":3: fiber 0 is listed twice; remove one"):
        read_pulse_latencies(twice, CIRCUIT)
    negative = _copy(tmp_path, "windup_latency.csv", "4.264", "-4.264")
    with pytest.raises(ResultsError, match=r"latency_ms = -4\.264 ms in .*must not be negative"):
        read_fiber_latencies(negative, CIRCUIT)


def test_volleys_and_pulses_arrive_with_the_latency_of_each_fiber() -> None:
    latency = read_fiber_latencies(GATE / "windup_latency.csv", CIRCUIT)
    volleys = volley_trains(latency, (1000.0, 2000.0), ("a_beta",))
    assert list(volleys.trains) == ["a_beta"]
    assert volleys.trains["a_beta"][0].tolist() == [1004.264, 2004.264]
    pulses = np.array([10.0, 20.0])
    for mode, driven in (
        ("both", {"a_beta", "a_beta_surround"}),
        ("surround", {"a_beta_surround"}),
        ("local", {"a_beta"}),
    ):
        trains = stimulated(CIRCUIT, FiberTrains({}), pulses, np.full(15, 0.5), mode).trains
        assert {name for name, fibers in trains.items() if fibers[14].size} == driven
        assert all(trains[name][14].tolist() == [10.5, 20.5] for name in driven)


# states


def test_states_of_the_tables_are_the_pain_states_of_the_circuit() -> None:
    """gaba25 and ecl55 are what `disinhibited` and `chloride_shift` are at dose 1."""
    assert circuit_in_state(CIRCUIT, _row(state="intact")) is CIRCUIT
    for state, name in (("gaba25", "disinhibited"), ("ecl55", "chloride_shift")):
        ours = apply_states(CIRCUIT, {name: 1.0})
        theirs = circuit_in_state(CIRCUIT, _row(state=state))
        assert [c.weight_microsiemens for c in ours.connections] == pytest.approx(
            [c.weight_microsiemens for c in theirs.connections], rel=1e-12
        )
        assert [r.reversal_mv for r in ours.receptors] == [r.reversal_mv for r in theirs.receptors]


def test_glycine_and_gaba_are_scaled_apart() -> None:
    changed = scale_inhibition(CIRCUIT, gaba=0.5, glycine=0.0, reversal_mv=-60.0)
    factors = {
        before.receptor: after.weight_microsiemens / before.weight_microsiemens
        for before, after in zip(CIRCUIT.connections, changed.connections, strict=True)
        if before.weight_microsiemens
    }
    assert factors == {
        "ampa": 1.0, "nmda": 1.0, "nk1_ex": 1.0, "nk1_wdr": 1.0, "gaba_a": 0.5, "glycine": 0.0,
    }  # fmt: skip
    assert {r.name for r in changed.receptors if r.reversal_mv == -60.0} == {"gaba_a", "glycine"}
    assert replace(changed, connections=CIRCUIT.connections, receptors=CIRCUIT.receptors) == CIRCUIT


def test_unknown_state_and_mode_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"state = 'gaba' in .*:2: allowed are intact, gabaNN"):
        circuit_in_state(CIRCUIT, _row(state="gaba"))
    path = _copy(tmp_path, "sweep_rates.csv", "0,both,", "0,left,", lines=2)
    with pytest.raises(ResultsError, match=r"mode = 'left' in .*:2: allowed are both, surround"):
        validate_circuit(path)


# comparing


def test_spikes_are_compared_in_number_and_time() -> None:
    expected = np.array([10.0, 20.0, 30.0])
    count, time = compare_spikes(expected, np.array([10.0, 20.0125]), "here")
    assert (count.quantity, count.error, count.is_held) == ("circuit_spikes", 1.0, False)
    assert time.error == pytest.approx(0.0125)
    assert time.is_held
    assert count.where == "here"
    assert not compare_spikes(expected, expected + 0.02)[1].is_held
    assert all(check.error == 0 for check in compare_spikes(np.empty(0), np.empty(0)))


def test_one_spike_in_a_thousand_may_be_a_step_off() -> None:
    expected = np.arange(1000.0)
    found = expected.copy()
    found[0] += 0.0125
    assert times_off(Path("f.csv"), []) == []
    (case,) = times_off(Path("f.csv"), [(expected, found)])
    assert case.outcome is Outcome.HOLDS
    found[1] += 0.0125
    (case,) = times_off(Path("f.csv"), [(expected, found)])
    assert case.outcome is Outcome.OUTSIDE


def test_voltages_of_tonic_cells_have_two_bars() -> None:
    expected, found = np.array([-70.0, 20.0]), np.array([-70.0005, 20.015])
    assert [check.is_held for check in compare_voltages("SG", expected, found)] == [True, True]
    (check,) = compare_voltages("EX", expected, found)
    assert not check.is_held
    assert [check.quantity for check in compare_voltages("Z2", expected[:1], found[:1])] == [
        "circuit_voltage"
    ]


def test_times_of_a_trace_lie_on_the_samples(tmp_path: Path) -> None:
    rows = read_table(_write(tmp_path / "t.csv", "t_ms\n0.3\n0.4\n0.6\n"), ("t_ms",))
    grid = time_grid(rows, ("sg",), 0.1)
    assert (grid.recording.from_ms, grid.recording.to_ms) == pytest.approx((0.3, 0.6))
    assert grid.at.tolist() == [0, 1, 3]
    rows = read_table(_write(tmp_path / "t.csv", "t_ms\n0.3\n0.45\n"), ("t_ms",))
    with pytest.raises(ResultsError, match=r"t_ms = 0\.45 in .*:3: .* whole steps of 0\.1 ms"):
        time_grid(rows, ("sg",), 0.1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("D0,ST,5", r"cell = 'ST' in .*:3: allowed are SG, Z2, EX, WDR; correct"),
        ("D0,SG,5", r"the times of a cell must rise, and the one before is 7 ms; sort"),
        ("D0,SG,x", r"t_ms = 'x' in .*:3: a number is needed"),
    ],
)
def test_damaged_spike_list_is_refused(tmp_path: Path, line: str, message: str) -> None:
    path = _write(tmp_path / "det_network_spikes.csv", f"case,cell,t_ms\nD0,SG,7\n{line}\n")
    with pytest.raises(ResultsError, match=message):
        validate_circuit(path)


def test_lists_are_told_apart_by_their_columns(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.csv", "case,cell,t_ms\na,SG,7\nb,SG,5\na,WDR,3\n")
    spikes = read_spikes(read_table(path, ("case", "cell", "t_ms")), ("case", "cell"))
    assert {key: times.tolist() for key, times in spikes.items()} == {
        ("a", "sg"): [7.0], ("b", "sg"): [5.0], ("a", "wdr"): [3.0],
    }  # fmt: skip


def test_a_spike_at_the_border_belongs_to_the_window_before() -> None:
    assert [count_spikes(np.array([10.0, 20.0]), *window) for window in ((0, 10), (10, 20))] == [
        1,
        1,
    ]


# tables of the spiking circuit


def _outcomes(cases: tuple[Case, ...]) -> set[Outcome]:
    return {case.outcome for case in cases}


def test_network_without_its_row_is_not_run(tmp_path: Path) -> None:
    path = _write(tmp_path / "det_network_spikes.csv", "case,cell,t_ms\nD9,SG,7\n")
    (case,) = validate_circuit(path).cases
    assert case.outcome is Outcome.NOT_RUN
    assert case.reason == "det_cases.csv has no case of this name"
    path = _write(tmp_path / "det_traces_D9_0_1ms.csv", "t_ms,SG,Z2,EX,WDR\n0,0,0,0,0\n")
    (case,) = validate_circuit(path).cases
    assert case.reason == "det_cases.csv has no case that the name of the file begins with"


def test_trace_of_a_network_off_by_much_lies_outside(tmp_path: Path) -> None:
    text = "t_ms,SG,Z2,EX,WDR\n0.0,-65,-65,-65,-65\n0.1,-64.97544,-64.97544,-65.00000,-63\n"
    cases = validate_circuit(_write(tmp_path / "det_traces_D0_0_1ms.csv", text)).cases
    assert [case.outcome for case in cases] == [*(Outcome.HOLDS,) * 3, Outcome.OUTSIDE]


def test_trace_beyond_the_run_is_refused(tmp_path: Path) -> None:
    text = "t_ms,SG,Z2,EX,WDR\n2000.1,-65,-65,-65,-65\n"
    path = _write(tmp_path / "det_traces_D0_2000_2001ms.csv", text)
    with pytest.raises(ResultsError, match=r"go on to 2000\.1 ms, but case D0 .* ends at 2000 ms"):
        validate_circuit(path)


def test_sweep_without_its_inputs_is_not_run(tmp_path: Path) -> None:
    path = _copy(tmp_path, "sweep_rates.csv", "\n0,", "\n7,", lines=2)
    (case,) = validate_circuit(path).cases
    assert case.outcome is Outcome.NOT_RUN
    assert "sweep_inputs_seed7.csv is neither beside it nor among the shipped" in case.reason


def test_negative_rate_is_refused(tmp_path: Path) -> None:
    path = _copy(tmp_path, "det_cases.csv", "D1,50", "D1,-50")
    shutil.copy(GATE / "det_network_spikes.csv", tmp_path)
    with pytest.raises(ResultsError, match=r"f_scs_hz = -50 in .*det_cases\.csv:3: .*0 means no"):
        validate_circuit(path.parent)


@pytest.mark.parametrize("name", ["afi_counts.csv", "afi_spikes.csv"])
def test_cycle_with_another_delay_is_refused(tmp_path: Path, name: str) -> None:
    path = _copy(tmp_path, name, "\n1,150,", "\n1,140,")
    with pytest.raises(ResultsError, match=r"cycle 1 with conditioning_delay_ms = '140' .*correct"):
        validate_circuit(path)


def test_name_of_a_wind_up_list_says_how_long_it_is(tmp_path: Path) -> None:
    path = _write(tmp_path / "windup_spikes_first0.csv", "cell,t_ms\nSG,7\n")
    with pytest.raises(ResultsError, match=r"must say how many volleys it lists.*rename"):
        validate_circuit(path)


def test_step_with_other_numbers_lies_outside(tmp_path: Path) -> None:
    text = "\n".join(
        (
            "cell,amp_nA,n_spikes_200_1200,first_ms,last_ms,rate_last500ms_hz,v_at_1199ms_mV",
            "EX,0.02,0,,,0,-57.8532",
            "EX,0.02,1,250,250,0,-57.8532",
        )
    )
    right, wrong = validate_circuit(_write(tmp_path / "single_fi.csv", text + "\n")).cases
    assert right.outcome is Outcome.HOLDS
    assert {check.where for check in wrong.checks if not check.is_held} == {
        "count", "first_ms", "last_ms",
    }  # fmt: skip


def test_unknown_column_of_a_trace_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "single_step_traces.csv", "t_ms,ST_0.1nA\n0.1,-65\n")
    with pytest.raises(ResultsError, match=r"column 'ST_0\.1nA' is none of <cell>_<current>nA"):
        validate_circuit(path)
    path = _write(tmp_path / "single_step_traces.csv", "t_ms,SG_1.1.1nA\n0.1,-65\n")
    with pytest.raises(ResultsError, match=r"'1\.1\.1' is no current in nA"):
        validate_circuit(path)


def test_unknown_test_of_synapses_is_not_run(tmp_path: Path) -> None:
    _copy(tmp_path, "syn_unit.csv", "SG_15Ab_volley", "mine", lines=2)
    _write(tmp_path / "syn_unit_traces.csv", "t_ms,mine\n195.0,-65\n")
    cases = validate_circuit(tmp_path).cases
    assert _outcomes(cases) == {Outcome.NOT_RUN}
    assert {case.reason for case in cases} == {"syn_unit_cases.csv has no test of this name"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SG,a_beta,", "ST,a_beta,", r"target = 'ST' in .*:2: allowed are SG"),
        ("SG,a_beta,", "SG,c,", r"no connection from c to SG with receptors = 'all'; write"),
        ("15,all", "15,NMDA", r"no connection from a_beta to SG with receptors = 'NMDA'"),
        ("15,all,200", "0,all,200", r"n_fibers = 0 .*at least one fiber and one time"),
        ("15,all,200", "15,all,", r"times_ms = '': at least one fiber and one time"),
        ("15,all,200", "15,all,200 100", r"times_ms = '200 100' .*rising times in ms"),
        ("200,400", "200,150", r"begins at 200 ms and the run lasts duration_ms = 150 ms"),
        ("15,all,200", "15,all,soon", r"times_ms = 'soon' .*rising times in ms"),
    ],
)
def test_damaged_test_of_synapses_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    _copy(tmp_path, "syn_unit_cases.csv", old, new, lines=2)
    path = _copy(tmp_path, "syn_unit.csv", lines=2)
    with pytest.raises(ResultsError, match=message):
        validate_circuit(path)


def test_synapses_with_other_extremes_lie_outside(tmp_path: Path) -> None:
    """Run for too short a time, so that the lowest voltage has not come yet, and with a wrong count."""
    _copy(tmp_path, "syn_unit_cases.csv", "200,400", "200,206", lines=2)
    text = (GATE / "syn_unit.csv").read_text(encoding="utf-8").splitlines()
    path = _write(tmp_path / "syn_unit.csv", "\n".join((text[0], text[1].replace(",1,", ",2,"))))
    (case,) = validate_circuit(path).cases
    assert {check.where for check in case.checks if not check.is_held} == {
        "v_min_mV", "n_spikes against spike_times_ms",
    }  # fmt: skip
