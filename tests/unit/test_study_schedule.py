"""Units run once, failures stay with their cases, progress is told, interrupts keep finished work."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ModelError
from scsim.study.execution.plan import make_plan
from scsim.study.execution.schedule import Failure, Options, run_stages
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


def test_an_error_that_is_not_ours_is_not_swallowed():
    def compute(_units):
        message = "a slip"
        raise ZeroDivisionError(message)

    with pytest.raises(ZeroDivisionError, match="a slip"):
        _run([replace(SQUARE, compute=compute)])


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


def test_a_failed_batch_is_not_stored(tmp_path: Path):
    def compute(units):
        if units[0]["value"] == 2.4:
            message = "too much"
            raise ModelError(message)
        return _square(units)

    _run([replace(SQUARE, compute=compute)], tmp_path)
    _, (count,) = _run([SQUARE], tmp_path)
    assert (count.n_computed, count.n_loaded) == (1, 2)


def test_an_interrupt_keeps_finished_batches(tmp_path: Path):
    def interrupt(_stage: str, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run([SQUARE, TOTAL], tmp_path, workers=1, progress=interrupt)
    _, (count, _) = _run([SQUARE, TOTAL], tmp_path)
    assert count.n_loaded >= 2


def test_kernels_are_made_ready_once_and_only_if_something_is_computed(tmp_path: Path):
    calls = []
    warm = replace(SQUARE, warm_up=lambda units: calls.append(len(units)), batch_size=1)
    _run([warm], tmp_path)
    assert calls == [1]  # the units of the first batch
    _run([warm], tmp_path)
    assert calls == [1]
