"""What a plan is expected to cost follows from the work in it, and from the rates of the machine."""

import dataclasses

import pytest

from scsim.results.plan_picture import PlanPicture
from scsim.study.config import StudyConfig
from scsim.study.execution import cost as module
from scsim.study.execution.cost import estimate_cost, finished_units, unit_seconds
from scsim.study.execution.plan import FEW_BATCHES, make_plan, size_of_batches
from scsim.study.execution.rates import MachineRates, Seen
from scsim.study.reading.parse import load_study
from scsim.study.run import execute
from scsim.study.stages import costs
from scsim.study.stages.table import STAGES
from tests.study.small_study import NERVE, SPIKING, TEXT, small_study, without_sweeps

BY_NAME = {stage.name: stage for stage in STAGES}

VARIANTS = {
    "rate model": (),
    "spectral": ('field={ solver = "spectral", resolution = 2.0 }',),
    "voxel": ('field={ solver = "voxel", spacing_mm = 0.5 }',),
    "fast": ("stimulus.frequency_hz=800",),
}


class _Watched:
    """A config or section that notes which keys are read."""

    def __init__(self, target: object, prefix: str, read: set[str]) -> None:
        self._target, self._prefix, self._read = target, prefix, read

    def __getattr__(self, name: str) -> object:
        value = getattr(self._target, name)
        key = f"{self._prefix}{name}"
        if dataclasses.is_dataclass(value):
            return _Watched(value, f"{key}.", self._read)
        self._read.add(key)
        return value


def one_config(*overrides: str, text: str = TEXT) -> StudyConfig:
    return small_study(*overrides, text=without_sweeps(text)).cases[0].config


@pytest.mark.parametrize("name", [*VARIANTS, "spiking", "nerve"])
def test_costs_read_no_key_that_they_do_not_declare(name: str):
    """Runs that agree in the declared keys are costed as one, so a key that is read beside them would be lost."""
    if name in {"nerve", "spiking"}:
        config = small_study(text={"nerve": NERVE, "spiking": SPIKING}[name]).cases[0].config
    else:
        config = one_config(*VARIANTS[name])
    for stage in STAGES:
        read: set[str] = set()
        watched = _Watched(config, "", read)
        if stage.count_units(watched) and stage.seconds is not None:
            assert stage.seconds(watched) >= 0.0
            costs.kernels_of(stage.name, watched)
        declared = stage.keys if stage.cost_keys is None else stage.cost_keys
        read = {one for one in read if not one.startswith("folder")}
        missing = {
            one
            for one in read
            if not any(one == key or one.startswith(f"{key}.") for key in declared)
        }
        assert not missing, stage.name


def test_costs_grow_with_the_work():
    few, many = one_config("fibers.n_fibers=20"), one_config("fibers.n_fibers=40")
    assert costs.population_seconds(many) == pytest.approx(2.0 * costs.population_seconds(few))
    assert costs.field_seconds(many) == pytest.approx(2.0 * costs.field_seconds(few))
    short, long = one_config("fibers.margin_mm=12.0"), one_config("fibers.margin_mm=40.0")
    # Longer fibers have more nodes, and their spikes need longer.
    growth = costs.fiber_length_mm(long) / costs.fiber_length_mm(short)
    assert growth < costs.threshold_seconds(long) / costs.threshold_seconds(short) < growth**2
    coarse, fine = (one_config(f"stimulus.pulse_width_us={width}") for width in (200, 205))
    assert costs.threshold_load(fine) > 1.9 * costs.threshold_load(coarse), "half the step"
    one, two = one_config(), one_config("circuit.duration_s=1.2", "circuit.readout_s=0.4")
    assert costs.circuit_seconds(two) == pytest.approx(2.0 * costs.circuit_seconds(one))


def test_fields_cost_by_resolution_leads_and_contacts():
    plain = one_config('field={ solver = "spectral" }')
    fine = one_config('field={ solver = "spectral", resolution = 2.0 }')
    assert costs.solution_seconds(fine) == pytest.approx(4.0 * costs.solution_seconds(plain))
    coarse, finer = (
        one_config(f'field={{ solver = "voxel", spacing_mm = {spacing} }}')
        for spacing in (0.5, 0.25)
    )
    assert costs.solution_seconds(finer) == pytest.approx(4.0 * costs.solution_seconds(coarse))
    assert costs.solution_seconds(one_config()) == 0.0, "a closed form"
    assert costs.n_contacts(plain) == 4
    assert costs.impedance_seconds(finer) == 0.0


def test_units_that_runs_share_are_costed_once():
    plan = make_plan(small_study(text=SPIKING))
    circuit, rest = plan["circuit"], plan["rest"]
    # Each run needs two without stimulation, which depend on state and realization alone.
    assert circuit.n_units == 3 * circuit.n_runs
    assert circuit.n_distinct == circuit.n_runs + 2 * rest.n_runs
    assert rest.n_distinct == 0, "the circuit has computed them"
    alone = make_plan(small_study('output.save=["projection_rate"]', text=SPIKING))
    assert alone["circuit"].n_distinct == circuit.n_distinct
    cost = estimate_cost(plan, workers=1)
    assert cost["circuit"].unit_s > 0.0
    assert cost["rest"].cpu_s < 0.01 * cost["circuit"].cpu_s


def test_a_batch_with_empty_lanes_takes_as_long_as_a_full_one():
    plan = make_plan(small_study(text=SPIKING))
    circuit = plan["circuit"]
    lanes = circuit.stage.least_batch
    assert circuit.n_distinct % lanes
    full = -(-circuit.n_distinct // lanes) * lanes
    cost = estimate_cost(plan, workers=1)["circuit"]
    assert cost.cpu_s - cost.serial_s == pytest.approx(full * cost.unit_s)


def test_wall_time_is_that_of_whole_rounds_of_batches(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "n_processors", lambda: 64)
    plan = make_plan(small_study("fibers.n_fibers=80"))  # 5 groups of 16
    one, two, many = (
        estimate_cost(plan, workers=n, memory_gb=1e3)["thresholds"] for n in (1, 2, 64)
    )
    work = one.cpu_s - one.serial_s
    assert one.wall_s - one.serial_s == pytest.approx(work)
    assert two.wall_s - two.serial_s == pytest.approx(3 / 5 * work)
    assert many.wall_s - many.serial_s == pytest.approx(1 / 5 * work)
    monkeypatch.setattr(module, "n_processors", lambda: 2)
    few = estimate_cost(plan, workers=64, memory_gb=1e3)["thresholds"]
    assert few.wall_s == pytest.approx(two.wall_s), "workers beyond the processors do not help"


def test_rates_of_the_machine_multiply_the_cost():
    plan = make_plan(small_study())
    rates = MachineRates({"thresholds": Seen(1.0, 4.0), "circuit": Seen(1.0, 1.0)})
    plain, here = estimate_cost(plan, workers=1), estimate_cost(plan, workers=1, rates=rates)
    assert here["thresholds"].unit_s == pytest.approx(4.0 * plain["thresholds"].unit_s)
    assert here["field"].unit_s == pytest.approx(2.0 * plain["field"].unit_s), "in general"
    assert here.n_measured == 2
    assert plain.n_measured == 0


def test_finished_units_cost_nothing(tmp_path):
    study = small_study('output.save=["thresholds"]')
    plan = make_plan(study)
    assert finished_units(plan, tmp_path / "none") == {}
    execute(study, tmp_path / "out", workers=1)
    finished = finished_units(plan, tmp_path / "out")
    assert finished == {"thresholds": 2}
    cost = estimate_cost(plan, workers=1, finished=finished)["thresholds"]
    assert cost.n_finished == 2
    assert cost.cpu_s == cost.serial_s
    more = estimate_cost(plan, workers=1, finished={"thresholds": 99})["thresholds"]
    assert more.n_finished == 2, "never more than there are"


def test_the_file_is_as_large_as_expected(tmp_path):
    """Before compression the estimate is one of the most; a file of many cases shows that its dimensions are right."""
    study = small_study(
        "stimulus.amplitude_ma={ sweep = { linspace = [0.5, 4.5, 20] } }",
        "stimulus.frequency_hz={ sweep = { linspace = [10, 100, 20] } }",
    )
    results = execute(study, tmp_path / "out", workers=1).results
    arrays = [variable.values for variable in results.variables.values()]
    held = sum(values.nbytes for values in arrays if values.dtype.kind != "U")
    expected = estimate_cost(make_plan(study), workers=1).results_bytes
    assert held < expected < 1.5 * held + module._FILE_BYTES


def test_compilation_is_told_once_and_only_where_it_is_needed(monkeypatch: pytest.MonkeyPatch):
    plan = make_plan(small_study("stimulus.frequency_hz=800"))
    monkeypatch.setattr("scsim.kernels.jit.is_to_be_compiled", lambda *_: True)
    cost = estimate_cost(plan, workers=1)
    told = {one.name: one.compile_s for one in cost.stages if one.compile_s}
    assert told == {
        "thresholds": costs.rate("compile.cables_s"),
        "circuit": costs.rate("compile.rate_s"),
    }, "trains use the kernel of the thresholds"
    monkeypatch.setattr("scsim.kernels.jit.is_to_be_compiled", lambda *_: False)
    assert estimate_cost(plan, workers=1).compile_s == 0.0


@pytest.mark.parametrize(
    ("n_units", "size"),
    [(1, 32), (62, 32), (128, 32), (129, 64), (300, 96), (10_000, 96)],
)
def test_batches_follow_from_the_units_alone(n_units: int, size: int):
    stage = BY_NAME["circuit"]
    assert (stage.least_batch, stage.batch_size, FEW_BATCHES) == (32, 96, 4)
    assert size_of_batches(stage, n_units) == size
    assert size_of_batches(stage, n_units, 7) == 7
    assert size_of_batches(BY_NAME["thresholds"], n_units) == 1


def test_configs_have_a_mean_cost_where_units_differ():
    plan = make_plan(load_study("configs/contact_spacing.toml"))
    planned = plan["thresholds"]
    each = [planned.stage.seconds(case.config) for case, _ in planned.alike]
    assert len(each) > 1
    assert min(each) < unit_seconds(planned) < max(each)


def test_a_picture_holds_what_is_new_in_each_stage():
    picture = make_plan(small_study()).picture(workers=2)
    assert isinstance(picture, PlanPicture)
    swept = {box.name: box.swept for box in picture.boxes if box.swept}
    assert swept["recruitment"] == (("amplitude_ma", 3),)
    assert swept["circuit"] == (("state", 2),)
    assert "drive" not in swept, "its amplitudes come with the recruitment"
    assert picture.workers == 2
    assert picture.n_cases == 12
