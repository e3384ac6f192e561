"""A study of a spiking circuit: counts of fibers, shared runs, references, ragged spikes, the same bits however run."""

from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from scsim.circuit.catalog import load_circuit
from scsim.errors import ConfigError, Status
from scsim.formats.hdf5 import write_labelled
from scsim.results.store import Results, load_results
from scsim.study.execution.engines import Threads
from scsim.study.execution.warming import compiling_ahead
from scsim.study.reading.parse import load_study
from scsim.study.run import execute, run
from tests.study.small_study import SPIKING, TEXT, small_study, without_sweeps
from tests.study.test_run import assert_identical

SWEPT = ("amplitude_ma", "frequency_hz", "realization", "state")
ZHANG_TABLE = Path(load_circuit.__code__.co_filename).parents[1] / "data/circuits/zhang2014.toml"
SHORT = ("circuit.duration_s=0.52", "circuit.readout_s=0.02")


@pytest.fixture(scope="module")
def outcome():
    return execute(small_study(text=SPIKING))


@pytest.fixture(scope="module")
def reference(outcome) -> Results:
    return outcome.results


def test_cases_with_equal_trains_share_one_run(outcome):
    """Below threshold all rates are one run per state and realization; references are shared by all."""
    counts = outcome.report
    assert counts["circuit"].n_runs == 16
    n_driven, n_unstimulated = 2 * 2 * 2, 2 * 2
    assert counts["circuit"].n_computed == n_driven + n_unstimulated
    assert counts["rest"].n_distinct == n_unstimulated
    assert counts["rest"].n_computed == 0


def test_datasets_have_the_dimensions_they_depend_on(reference: Results):
    assert reference.dims("status") == SWEPT
    assert reference.dims("projection_rate_hz") == SWEPT
    assert reference.dims("cell_rate_hz") == (*SWEPT, "cell")
    assert reference.dims("local_fibers") == ("amplitude_ma",)
    assert reference.dims("rest_rate_hz") == ("realization", "state")
    assert reference.dims("spikes/n_spikes") == (*SWEPT, "cell")
    assert reference.dataset("cell").tolist() == ["sg", "z2", "ex", "wdr"]
    assert "a_beta_rate_hz" not in reference
    assert np.all(reference.dataset("status") == Status.OK)


def test_values_agree_with_each_other(reference: Results):
    """Definitions of design and schema, recomputed from the stored datasets alone."""
    for field in ("local", "surround"):
        share = reference.dataset(f"recruited_share_{field}")
        np.testing.assert_array_equal(reference.dataset(f"{field}_fibers"), np.rint(15 * share))
    assert reference.dataset("local_fibers")[0] == reference.dataset("surround_fibers")[0] == 0
    total, driven = reference.dataset("projection_rate_hz"), reference.dataset("c_driven_rate_hz")
    np.testing.assert_allclose(reference.dataset("pulse_locked_rate_hz"), total - driven)
    rest, healthy = reference.dataset("rest_rate_hz"), reference.dataset("healthy_rest_rate_hz")
    assert reference.dims("healthy_rest_rate_hz") == ("realization", "state")
    np.testing.assert_array_equal(healthy[:, 0], healthy[:, 1])
    np.testing.assert_array_equal(healthy[:, 0], rest[:, 0])
    np.testing.assert_allclose(reference.dataset("pain_signal"), driven / healthy)
    np.testing.assert_allclose(reference.dataset("relief"), 1.0 - total / rest)
    np.testing.assert_allclose(reference.dataset("c_driven_relief"), 1.0 - driven / rest)
    np.testing.assert_array_equal(total[0], np.broadcast_to(rest, total[0].shape))
    wdr = reference.dataset("cell").tolist().index("wdr")
    np.testing.assert_array_equal(reference.dataset("cell_rate_hz")[..., wdr], total)


def test_spikes_lie_flat_and_are_found_by_their_places(reference: Results):
    flat = reference.dataset("spikes/spike_time_ms")
    first, count = reference.dataset("spikes/first_spike"), reference.dataset("spikes/n_spikes")
    cells = reference.dataset("cell").tolist()
    rate = reference.dataset("cell_rate_hz")
    for place in np.ndindex(first.shape):
        times = flat[first[place] : first[place] + count[place]]
        assert np.all(np.diff(times) > 0)
        read = np.count_nonzero((times >= 600.0) & (times < 1000.0))
        assert rate[place] == pytest.approx(read / 0.4)
    # Equal runs stand there once: below threshold both rates point to the same spikes.
    np.testing.assert_array_equal(first[0, 0], first[0, 1])
    distinct = {(int(f), int(n)) for f, n in zip(first.ravel(), count.ravel(), strict=True) if n}
    assert sum(n for _, n in distinct) == flat.size
    assert count[0, ..., cells.index("z2")].sum() == 0
    assert np.all(count[1, ..., cells.index("z2")] > 0)


def test_the_time_course_holds_the_spikes_of_the_projection_neuron(reference: Results):
    course = reference.dataset("projection_time_course_hz")
    wdr = reference.dataset("cell").tolist().index("wdr")
    counts = reference.dataset("spikes/n_spikes")[..., wdr]
    np.testing.assert_allclose(course.sum(axis=-1) * 0.05, counts)
    assert reference.coordinates["time_s"][:2].tolist() == pytest.approx([0.025, 0.075])


def test_a_psth_needs_fibers_that_follow(reference: Results):
    histogram = reference.dataset("psth_hz")
    assert np.isnan(histogram[0]).all()
    assert np.isfinite(histogram[1]).all()


@pytest.mark.parametrize(("workers", "batch_size"), [(1, 5), (2, 64)])
def test_bits_do_not_depend_on_workers_batches_or_the_order_of_cases(
    reference: Results, workers, batch_size
):
    study = small_study(text=SPIKING)
    order = np.random.default_rng(3).permutation(len(study.cases))
    shuffled = replace(study, cases=tuple(study.cases[place] for place in order))
    results = execute(shuffled, workers=workers, batch_size=batch_size).results
    for name in set(reference.variables) - {"spikes/spike_time_ms", "spikes/first_spike"}:
        assert results.dataset(name).tobytes() == reference.dataset(name).tobytes(), name
    # Runs come in the order of the cases; what each place points to is the same.
    for place in np.ndindex(reference.dataset("spikes/first_spike").shape):
        n_spikes = reference.dataset("spikes/n_spikes")[place]
        times = [
            one.dataset("spikes/spike_time_ms")[one.dataset("spikes/first_spike")[place] :][
                :n_spikes
            ]
            for one in (reference, results)
        ]
        assert times[0].tobytes() == times[1].tobytes()


def test_a_case_gives_the_same_bits_alone(reference: Results):
    alone = run(
        small_study(
            "stimulus.amplitude_ma=1.2",
            "stimulus.frequency_hz=60",
            "afferents.realization=1",
            "circuit.state=disinhibited",
            text=SPIKING,
        )
    )
    for name in ("projection_rate_hz", "c_driven_rate_hz", "relief", "pain_signal", "cell_rate_hz"):
        assert alone.dataset(name).tobytes() == reference.dataset(name)[1, 1, 1, 1].tobytes()


def test_a_study_goes_on_where_it_stopped(reference: Results, tmp_path: Path):
    study = small_study(text=SPIKING)
    execute(study, tmp_path, batch_size=8)
    (tmp_path / "results.h5").unlink()
    batches = sorted((tmp_path / "batches").glob("circuit-*"))
    assert len(batches) == 2
    batches[0].unlink()
    again = execute(study, tmp_path, batch_size=8)
    assert (again.report["circuit"].n_loaded, again.report["circuit"].n_computed) == (6, 6)
    assert_identical(reference, again.results)
    assert_identical(reference, load_results(tmp_path))
    with xarray.open_dataset(tmp_path / "results.h5", engine="h5netcdf") as data:
        assert data["cell_rate_hz"].attrs["units"] == "Hz"
        assert list(data["cell"].values) == ["sg", "z2", "ex", "wdr"]


def test_circuits_of_both_kinds_go_into_one_file(tmp_path: Path):
    """What one kind lacks is NaN there; batches of unlike outputs are stored and read back."""
    text = without_sweeps(SPIKING).replace('model = "zhang2014"', "").replace("realization = 0", "")
    study = small_study(
        'circuit.model={ sweep = ["zhang2014", "crodelle2019"] }',
        "circuit.duration_s=2.2",
        "circuit.readout_s=1.0",
        text=text,
    )
    results = run(study, tmp_path)
    spiking, rate = results.dataset("c_driven_rate_hz")
    assert np.isfinite(spiking)
    assert np.isnan(rate)
    assert np.isfinite(results.dataset("projection_rate_hz")).all()
    assert np.isfinite(results.dataset("pain_signal")).all()
    assert np.isnan(results.dataset("local_fibers")).tolist() == [False, True]
    assert results.dataset("spikes/n_spikes")[1].tolist() == [-1, -1, -1, -1], "none known"
    (tmp_path / "results.h5").unlink()
    assert_identical(results, run(study, tmp_path))


def test_a_circuit_of_ones_own_runs_as_the_published_one(tmp_path: Path):
    (tmp_path / "mine.toml").write_text(ZHANG_TABLE.read_text(encoding="utf-8"), encoding="utf-8")
    text = without_sweeps(SPIKING)
    (tmp_path / "published.toml").write_text(text)
    own_text = text.replace('model = "zhang2014"', 'model = "file"\nfile = "mine.toml"')
    (tmp_path / "own.toml").write_text(own_text)
    published = run(load_study(tmp_path / "published.toml", SHORT))
    own = run(load_study(tmp_path / "own.toml", SHORT), tmp_path / "out")
    for name in ("projection_rate_hz", "relief", "cell_rate_hz", "spikes/spike_time_ms"):
        assert own.dataset(name).tobytes() == published.dataset(name).tobytes()
    assert "the user's own file" in own.attributes["model_scope"]
    before = own.attributes["config_hash"]
    heavier = ZHANG_TABLE.read_text(encoding="utf-8") + "\n# another circuit\n"
    (tmp_path / "mine.toml").write_text(heavier, encoding="utf-8")
    again = run(load_study(tmp_path / "own.toml", SHORT), tmp_path / "out2")
    assert again.attributes["config_hash"] != before


def test_a_circuit_that_is_changed_while_the_study_runs_is_not_taken_for_the_first(tmp_path: Path):
    """Units are named when they are prepared and computed later, perhaps on another machine."""
    path = tmp_path / "mine.toml"
    text = ZHANG_TABLE.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    own_text = without_sweeps(SPIKING).replace(
        'model = "zhang2014"', 'model = "file"\nfile = "mine.toml"'
    )
    (tmp_path / "own.toml").write_text(own_text)
    study = load_study(tmp_path / "own.toml", SHORT)

    class Late(Threads):
        def submit(self, stage, units):
            if stage.name != "circuit":
                return super().submit(stage, units)
            path.write_text(text + "\n# another circuit\n", encoding="utf-8")
            computed = super().submit(stage, units)
            wait([computed])
            path.write_text(text, encoding="utf-8")
            return computed

    engine = Late(1)
    results = run(study, tmp_path / "out", engine=engine)
    engine.close()
    assert len(results.failures) == len(study.cases)
    assert "is not the circuit that the study was begun with (SHA-256" in results.failures[0].reason
    assert not list((tmp_path / "out" / "batches").glob("circuit-*.h5"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("circuit.file=missing.toml",), "is not there"),
        (("circuit.file='.'",), "is a folder"),
        (("circuit.file=empty.toml",), "model.kind"),
        (("circuit.file=mine.toml", "circuit.readout=steady"), "needs 9 s"),
        (("circuit.file=mine.toml", "circuit.duration_s=0.6"), "transient"),
    ],
)
def test_what_is_wrong_with_a_circuit_of_ones_own_is_told(tmp_path: Path, changes, words: str):
    (tmp_path / "mine.toml").write_text(ZHANG_TABLE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "empty.toml").write_text('title = "x"\ndescription = "y"\n')
    text = without_sweeps(SPIKING).replace('model = "zhang2014"', 'model = "file"')
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_study(tmp_path / "own.toml", ("circuit.duration_s=2.0", *changes))


def test_files_of_version_1_are_read(tmp_path: Path):
    results = run(small_study(text=without_sweeps(TEXT)), tmp_path / "out")
    path = tmp_path / "old.h5"
    write_labelled(path, results.variables.values(), {**results.attributes, "schema_version": "1"})
    old = load_results(path)
    assert old.attributes["schema_version"] == "1"
    assert_identical(results, old)


class _Plan:
    """A plan with one stage that has kernels compiled ahead by a program."""

    def __init__(self, program: str) -> None:
        stage = type("Stage", (), {"name": "circuit", "compile_ahead": lambda configs: program})
        self.stages = (type("Planned", (), {"stage": stage, "run_cases": ()}),)


@pytest.mark.parametrize(
    ("program", "is_run"),
    [("open('made', 'w').close()", True), ("raise SystemExit(3)", False), ("", False)],
)
def test_kernels_are_compiled_ahead_by_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, is_run: bool
):
    monkeypatch.chdir(tmp_path)
    plan = _Plan(program)
    with compiling_ahead(plan, workers=2) as helper:  # type: ignore[arg-type]
        helper.wait_for(plan.stages[0].stage)
        assert (tmp_path / "made").exists() == is_run


def test_a_process_that_still_compiles_is_ended_with_the_study(tmp_path: Path):
    plan = _Plan("import time; time.sleep(600)")
    with compiling_ahead(plan, workers=2) as helper:  # type: ignore[arg-type]
        process = helper._process
        assert process is not None
        assert process.poll() is None
    assert process.poll() is not None
    with compiling_ahead(plan, workers=1) as helper:  # type: ignore[arg-type]
        assert helper._process is None
