"""Units run once, failures stay with their cases, progress is told, interrupts keep finished work."""

import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ModelError
from scsim.study.execution.engines import Failure, attempt
from scsim.study.execution.options import Options
from scsim.study.execution.plan import make_plan
from scsim.study.execution.schedule import run_stages
from scsim.study.stages.stage import Stage
from tests.study.small_study import small_study


def _only(_config, _upstream, outputs):
    return outputs[0]


def _amplitude(config, _upstream):
    return ({"value": config.stimulus.amplitude_ma},)


def _square(units):
    return [{"value": np.array(unit["value"] ** 2)} for unit in units]


def _sum(config, upstream):
    total = sum(float(outputs["value"]) for outputs in upstream.values())
    return ({"value": total + (0.0 if config.circuit.state == "healthy" else 1.0)},)


SQUARE = Stage(
    name="recruitment",
    title="square",
    keys=("stimulus.amplitude_ma",),
    needs=(),
    prepare=_amplitude,
    compute=_square,
    join=_only,
    batch_size=2,
    is_stored=True,
)
TOTAL = Stage(
    name="circuit",
    title="sum",
    keys=("circuit.state",),
    needs=("recruitment",),
    prepare=_sum,
    compute=_square,
    join=_only,
)


def _run(stages, folder: Path | None = None, *, workers: int = 2, progress=None, study=None):
    if folder is not None:
        (folder / "batches").mkdir(exist_ok=True)
    plan = make_plan(study or small_study(), stages)
    return run_stages(plan, Options(folder, workers, progress=progress))


def _values(result) -> list[float | str]:
    return [
        one.reason if isinstance(one, Failure) else float(one["value"]) for one in result.outputs
    ]


def test_values_flow_through_stages():
    results, counts = _run([SQUARE, TOTAL])
    assert _values(results["recruitment"]) == [0.6**2, 1.2**2, 2.4**2]
    assert len(results["circuit"].outputs) == 6
    assert [count.name for count in counts] == ["recruitment", "circuit"]


def test_units_of_equal_content_run_once():
    constant = replace(SQUARE, prepare=lambda _config, _upstream: ({"value": 2.0},))
    results, (count,) = _run([constant])
    assert (count.n_runs, count.n_units, count.n_distinct, count.n_computed) == (3, 3, 1, 1)
    assert _values(results["recruitment"]) == [4.0] * 3


def test_a_failing_unit_fails_its_runs_and_what_needs_them_only():
    def compute(units):
        if any(unit["value"] == 1.2 for unit in units):
            message = "1.2 mA is too much: lower it."
            raise ModelError(message)
        return _square(units)

    results, _ = _run([replace(SQUARE, compute=compute), TOTAL])
    assert _values(results["recruitment"]) == [0.6**2, "1.2 mA is too much: lower it.", 2.4**2]
    reasons = [one.reason for one in results["circuit"].outputs if isinstance(one, Failure)]
    assert reasons == ["1.2 mA is too much: lower it."] * 2


def test_a_run_that_cannot_be_prepared_fails_alone():
    def prepare(config, upstream):
        if config.stimulus.amplitude_ma == 0.6:
            message = "no room"
            raise ModelError(message)
        return _amplitude(config, upstream)

    results, (count,) = _run([replace(SQUARE, prepare=prepare)])
    assert _values(results["recruitment"]) == ["no room", 1.2**2, 2.4**2]
    assert count.n_units == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ZeroDivisionError("a slip"), "ZeroDivisionError: a slip"),
        (MemoryError(), "MemoryError"),
        (np.linalg.LinAlgError("singular"), "LinAlgError: singular"),
        (KeyError("x"), "KeyError: 'x'"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("where", ["prepare", "compute", "join"])
def test_any_error_fails_its_case_alone_and_the_log_says_where(error, reason, where, caplog):
    def is_wrong(value) -> bool:
        return value == 1.2

    def prepare(config, upstream):
        if where == "prepare" and is_wrong(config.stimulus.amplitude_ma):
            raise error
        return _amplitude(config, upstream)

    def compute(units):
        if where == "compute" and any(is_wrong(unit["value"]) for unit in units):
            raise error
        return _square(units)

    def join(config, upstream, outputs):
        if where == "join" and is_wrong(config.stimulus.amplitude_ma):
            raise error
        return _only(config, upstream, outputs)

    results, _ = _run([replace(SQUARE, prepare=prepare, compute=compute, join=join)])
    assert _values(results["recruitment"]) == [0.6**2, reason, 2.4**2]
    assert f"recruitment: {reason}" in caplog.text
    assert f"in {where}\n" in caplog.text


def test_a_stage_that_gives_too_few_outputs_is_not_believed():
    few = replace(SQUARE, compute=lambda units: _square(units)[:1])
    results, _ = _run([replace(few, batch_size=3)])
    assert _values(results["recruitment"]) == ["recruitment gave 1 outputs for 3 units"] * 3


def test_among_many_units_the_one_at_fault_is_found_in_few_attempts():
    attempts = []

    def compute(units):
        attempts.append(len(units))
        if any(unit["value"] == 37 for unit in units):
            message = "37 is wrong"
            raise ValueError(message)
        return _square(units)

    outputs = attempt(replace(SQUARE, compute=compute), [{"value": n} for n in range(64)])
    failed = [place for place, one in enumerate(outputs) if isinstance(one, Failure)]
    assert failed == [37]
    assert float(outputs[36]["value"]) == 36**2
    assert len(attempts) == 1 + 2 * 6


def test_a_transient_stage_is_made_once_for_all_that_need_it():
    made = []

    def compute(units):
        made.extend(unit["value"] for unit in units)
        return _square(units)

    field = replace(SQUARE, name="field", compute=compute, is_transient=True, is_stored=False)
    needs_it = replace(TOTAL, needs=("field",))
    failing = replace(field, compute=lambda _units: (_ for _ in ()).throw(ModelError("no field")))
    turned = small_study()
    turned = type(turned)(**{**vars(turned), "cases": turned.cases[::5] + turned.cases[1::2]})

    results, counts = _run([field, needs_it], study=turned)

    assert sorted(made) == [0.6, 1.2, 2.4]
    assert set(results) == {"circuit"}
    assert (counts[0].name, counts[0].n_computed) == ("field", 3)
    broken, _ = _run([failing, needs_it])
    assert set(_values(broken["circuit"])) == {"no field"}


def test_a_transient_stage_is_made_only_for_the_cases_that_ask_for_it():
    made = []

    def compute(units):
        made.extend(unit["value"] for unit in units)
        return _square(units)

    field = replace(SQUARE, name="field", compute=compute, is_transient=True, is_stored=False)
    needs_it = replace(
        TOTAL,
        needs=("field",),
        asks_for_transient=lambda config: config.stimulus.amplitude_ma > 1.0,
    )
    results, _ = _run([field, needs_it])
    assert sorted(made) == [1.2, 2.4]
    # Without the field there is nothing to sum but the state.
    assert min(_values(results["circuit"])) == 0.0


def test_progress_counts_up_to_the_total():
    told: list[tuple[str, int, int]] = []
    _run([SQUARE, TOTAL], progress=lambda *news: told.append(news))
    for name, total in (("recruitment", 3), ("circuit", 6)):
        done = [one for stage, one, _ in told if stage == name]
        assert done == sorted(done)
        assert done[-1] == total
        assert {one for stage, _, one in told if stage == name} == {total}


def test_finished_batches_are_read_back(tmp_path: Path):
    first, (computed, _) = _run([SQUARE, TOTAL], tmp_path)
    again, (loaded, _) = _run([SQUARE, TOTAL], tmp_path)
    assert (computed.n_computed, computed.n_loaded) == (3, 0)
    assert (loaded.n_computed, loaded.n_loaded) == (0, 3)
    assert _values(first["recruitment"]) == _values(again["recruitment"])
    assert len(list((tmp_path / "batches").iterdir())) == 2


def test_of_a_batch_with_a_failure_the_rest_is_kept_and_the_failure_tried_again(tmp_path: Path):
    is_broken = True

    def compute(units):
        if is_broken and any(unit["value"] == 1.2 for unit in units):
            message = "too much"
            raise ModelError(message)
        return _square(units)

    stage = replace(SQUARE, compute=compute, batch_size=3)
    results, (count,) = _run([stage], tmp_path)
    assert _values(results["recruitment"]) == [0.6**2, "too much", 2.4**2]
    assert (count.n_computed, count.n_loaded) == (3, 0)
    _, (count,) = _run([stage], tmp_path)
    assert (count.n_computed, count.n_loaded) == (1, 2)
    is_broken = False
    results, (count,) = _run([stage], tmp_path)
    assert (count.n_computed, count.n_loaded) == (1, 2)
    assert _values(results["recruitment"]) == [0.6**2, 1.2**2, 2.4**2]
    _, (count,) = _run([stage], tmp_path)
    assert (count.n_computed, count.n_loaded) == (0, 3)


def test_units_are_found_in_batches_of_another_size(tmp_path: Path):
    _run([SQUARE], tmp_path)
    _, (count,) = _run([replace(SQUARE, batch_size=1)], tmp_path)
    assert (count.n_computed, count.n_loaded) == (0, 3)


def test_an_interrupt_keeps_finished_batches(tmp_path: Path):
    def interrupt(_stage: str, done: int, _total: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run([SQUARE, TOTAL], tmp_path, workers=1, progress=interrupt)
    _, (count, _) = _run([SQUARE, TOTAL], tmp_path)
    assert count.n_loaded >= 2


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal as POSIX does")
def test_an_interrupt_does_not_wait_for_what_runs_and_stores_nothing_after_it(tmp_path: Path):
    """A kernel of seconds goes on in its thread; whoever called is free at once, and no file comes late."""
    has_begun, may_end, has_ended = threading.Event(), threading.Event(), threading.Event()

    def compute(units):
        has_begun.set()
        may_end.wait(30.0)
        has_ended.set()
        return _square(units)

    def interrupt() -> None:
        has_begun.wait(30.0)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    slow = replace(SQUARE, compute=compute)
    with pytest.raises(KeyboardInterrupt):
        _run([slow], tmp_path, workers=1)
    assert not has_ended.is_set()
    may_end.set()
    assert has_ended.wait(30.0)
    for thread in threading.enumerate():
        if thread.name.startswith("scsim"):
            thread.join(30.0)
    assert not list((tmp_path / "batches").iterdir())
    assert not (tmp_path / "claims").exists()


def test_kernels_are_made_ready_once_and_only_if_something_is_computed(tmp_path: Path):
    calls = []
    warm = replace(SQUARE, warm_up=lambda units: calls.append(len(units)), batch_size=1)
    _run([warm], tmp_path)
    assert calls == [1]  # the units of the first batch
    _run([warm], tmp_path)
    assert calls == [1]
