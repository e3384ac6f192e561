"""Stages read what they declare and give what the schema lists."""

import dataclasses

import numpy as np
import pytest

from scsim.errors import Status
from scsim.fibers.assemble import lanes_of
from scsim.kernels.cables import march
from scsim.kernels.layouts import DoubleCable
from scsim.kernels.rate import run_rates
from scsim.response.threshold import FARTHEST_DETECTOR, LONG_FIBER_RTOL, search_thresholds
from scsim.results.schema import DATASETS
from scsim.stimulus.pattern import stimulus_pulse
from scsim.study.config import lookup
from scsim.study.execution.cache import hash_unit
from scsim.study.stages.solver import STUDY_SOLVER
from scsim.study.stages.table import STAGES
from tests.study.small_study import NERVE, SPIKING, TEXT, small_study, without_sweeps

SPECTRAL = TEXT.replace(
    'solver = "analytic"\ncontact_model = "line"\nsigma_s_per_m = 0.25', 'solver = "spectral"'
)

BURST = (
    without_sweeps(TEXT)
    .replace(
        'pattern = "tonic"',
        'pattern = "burst"\npulses_per_burst = 3\nintraburst_frequency_hz = 500',
    )
    .replace("frequency_hz = 60", "frequency_hz = 40")
)

WIND_UP = (
    without_sweeps(SPIKING)
    .replace("duration_s = 1.0\nreadout_s = 0.4", "duration_s = 3.0\nreadout_s = 1.0")
    .replace("realization = 0", 'protocol = "wind_up"')
    .replace("save = [", 'save = ["wind_up", "rating_illustrative", ')
)

FIXED = {"folder"}
"""What a config has from where it lies, which no sweep changes."""

OF_FILES_AND_OTHER_SOLVERS = {
    "field.contact_model",  # the solution of voxels needs it, and other stages read it anyway
    "field.spacing_mm",
    "field.label_file",
    "field.label_tissues",
    "field.file",
    "field.coordinate_unit",
    "field.potential_unit",
    "circuit.file",
}
"""Keys that only the voxel and the imported field read, and the file of a circuit of one's own."""


OF_CANAL = {"profile", "recruitment", "following", "afferents", "drive", "circuit", "rest"}
"""Stages that no dataset of a nerve comes from."""

OF_NERVE = {"fascicles", "block"}
"""Stages that the walks through studies of the canal leave out: one needs fascicles, one a kilohertz current."""


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


def _walk(text: str) -> dict[str, tuple[set[str], dict[str, np.ndarray]]]:
    """Run the first case of a small study through all stages, noting what each one reads."""
    config = small_study(text=text).cases[0].config
    outputs: dict[str, dict[str, np.ndarray]] = {}
    found = {}
    for stage in STAGES:
        if stage.name in (OF_NERVE if config.nerve.preset is None else OF_CANAL):
            continue
        if stage.name == "impedance" and config.field.solver == "analytic":
            continue  # lines have no potential of their own
        read: set[str] = set()
        watched = _Watched(config, "", read)
        needed = {name: outputs[name] for name in stage.needs}
        units = stage.prepare(watched, needed)
        assert len(units) <= stage.count_units(config)
        outputs[stage.name] = stage.join(watched, needed, stage.compute(units))
        found[stage.name] = (read, outputs[stage.name])
    return found


@pytest.fixture(scope="module")
def walk():
    return _walk(TEXT)


@pytest.fixture(scope="module")
def spectral_walk():
    return _walk(SPECTRAL)


@pytest.fixture(scope="module")
def burst_walk():
    return _walk(BURST)


@pytest.fixture(scope="module")
def spiking_walk():
    return _walk(WIND_UP)


@pytest.fixture(scope="module")
def nerve_walk():
    return _walk(NERVE)


@pytest.fixture(params=["walk", "spectral_walk", "burst_walk", "spiking_walk", "nerve_walk"])
def each_walk(request):
    return request.getfixturevalue(request.param)


def _covers(declared: str, read: str) -> bool:
    return read == declared or read.startswith(f"{declared}.")


def test_no_stage_reads_a_key_that_it_does_not_declare(each_walk):
    declared: dict[str, set[str]] = {}
    for stage in STAGES:
        declared[stage.name] = set(stage.keys).union(*(declared[name] for name in stage.needs))
        if stage.name not in each_walk:
            continue
        undeclared = {
            key
            for key in each_walk[stage.name][0] - FIXED
            if not any(_covers(one, key) for one in declared[stage.name])
        }
        assert not undeclared, f"{stage.name} reads {undeclared} but does not declare it"


def test_no_stage_declares_a_key_that_it_does_not_read(
    walk, spectral_walk, burst_walk, spiking_walk, nerve_walk
):
    walks = (walk, spectral_walk, burst_walk, spiking_walk, nerve_walk)
    for stage in STAGES:
        read = set[str]().union(*(one[stage.name][0] for one in walks if stage.name in one))
        unread = [
            key
            for key in stage.keys
            if key not in OF_FILES_AND_OTHER_SOLVERS and not any(_covers(key, one) for one in read)
        ]
        assert not unread, f"{stage.name} declares {unread} but does not read it"


def test_declared_keys_exist():
    config = small_study().cases[0].config
    sections = {field.name for field in dataclasses.fields(config)}
    for stage in STAGES:
        for key in stage.keys:
            lookup(config, key)  # raises if there is none
            assert key.split(".")[0] in sections
    with pytest.raises(AttributeError, match="no_such_key"):
        lookup(config, "stimulus.no_such_key")


# "first_spike" is a place in the array of all runs, made when runs are put together (tests/study).
OF_STAGES = {path: one for path, one in DATASETS.items() if one.name != "first_spike"}


@pytest.mark.parametrize("dataset", OF_STAGES.values(), ids=list(OF_STAGES))
def test_every_dataset_comes_out_of_its_stage_in_its_shape(
    spectral_walk, spiking_walk, nerve_walk, dataset
):
    walks = (spectral_walk, spiking_walk, nerve_walk)
    found = [walk[dataset.stage][1] for walk in walks if dataset.stage in walk]
    if dataset.name not in found[0]:
        assert dataset.is_optional or dataset.name == "rating_illustrative"
    outputs = next(outputs for outputs in found if dataset.name in outputs)
    values = outputs[dataset.name]
    assert values.ndim == len(dataset.dims)
    for dim, size in zip(dataset.dims, values.shape, strict=True):
        if dim in outputs:
            assert outputs[dim].shape == (size,)


def test_thresholds_are_cut_into_lane_groups_that_hold_all_that_they_need(walk):
    config = small_study().cases[0].config
    stage = next(stage for stage in STAGES if stage.name == "thresholds")
    needed = {name: walk[name][1] for name in stage.needs}
    first, second = stage.prepare(config, needed)
    width = lanes_of(STUDY_SOLVER)
    assert first["fiber_diameter_um"].size == width
    assert second["fiber_diameter_um"].size == 20 - width
    np.testing.assert_array_equal(
        np.concatenate([part["threshold_ma"] for part in stage.compute([first, second])]),
        walk["thresholds"][1]["threshold_ma"],
    )


def test_a_spike_in_the_slowest_fiber_can_reach_the_detector(walk):
    config = small_study("fibers.margin_mm=40.0").cases[0].config
    stage = next(stage for stage in STAGES if stage.name == "thresholds")
    first, second = stage.prepare(config, {name: walk[name][1] for name in stage.needs})
    assert first["window_ms"] > second["window_ms"]
    span_mm, slowest_mm_per_ms = 24.0 + 2 * 40.0, 3.0 * first["fiber_diameter_um"][0]
    assert first["window_ms"] >= span_mm / slowest_mm_per_ms
    # The last active contact of four, c3, ends 7 mm below the end of the metal; 10 mm more are waited for.
    assert first["detect_fraction"] == pytest.approx((40.0 + 24.0 - 7.0 + 10.0) / span_mm, abs=0.02)


def test_a_farther_detector_finds_the_same_thresholds(walk):
    config = small_study("fibers.margin_mm=20.0", "fibers.n_fibers=16").cases[0].config
    outputs: dict[str, dict[str, np.ndarray]] = {}
    for name in ("solution", "population", "field"):
        stage = next(stage for stage in STAGES if stage.name == name)
        needed = {name: outputs[name] for name in stage.needs}
        units = stage.prepare(config, needed)
        outputs[stage.name] = stage.join(config, needed, stage.compute(units))
    stage = next(stage for stage in STAGES if stage.name == "thresholds")
    (unit,) = stage.prepare(config, {name: outputs[name] for name in stage.needs})
    near, far = stage.compute([unit, {**unit, "detect_fraction": FARTHEST_DETECTOR}])
    assert np.all(near["threshold_status"] == Status.OK)
    assert np.all(far["threshold_status"] == Status.OK)
    np.testing.assert_allclose(near["threshold_ma"], far["threshold_ma"], rtol=LONG_FIBER_RTOL)


def test_the_population_depends_on_the_seed_alone_among_random_things(walk):
    stage = next(stage for stage in STAGES if stage.name == "population")
    same = stage.prepare(small_study().cases[3].config, {})[0]
    other = stage.prepare(small_study("seed=8").cases[0].config, {})[0]
    np.testing.assert_array_equal(same["node_phase"], walk["population"][1]["node_phase"])
    assert not np.array_equal(other["node_phase"], same["node_phase"])


def test_warming_up_compiles_the_kernels_of_a_stage(walk):
    config = small_study().cases[0].config
    for stage in STAGES:
        if stage.name in walk:
            needed = {name: walk[name][1] for name in stage.needs}
            units = stage.prepare(config, needed)
            if units:
                stage.warm_up(units)
    compiled = [signature[0].instance_class for signature in march.signatures]
    assert DoubleCable in compiled, "the trials of the threshold search are still to be compiled"
    assert run_rates.signatures, "the rate model is still to be compiled"


def test_thresholds_are_found_as_the_solver_of_the_study_says(walk, monkeypatch):
    used = []

    def note(fibers, potentials, pulse, protocol):
        used.append((pulse, protocol))
        return search_thresholds(fibers, potentials, pulse, protocol)

    monkeypatch.setattr("scsim.study.stages.fiber_stages.search_thresholds", note)
    stage = next(stage for stage in STAGES if stage.name == "thresholds")
    for override, dt_us in (("seed=7", 10.0), ("stimulus.pulse_width_us=215", 5.0)):
        config = small_study(override).cases[0].config
        units = stage.prepare(config, {name: walk[name][1] for name in stage.needs})
        stage.compute(units[:1])
        pulse, protocol = used.pop()
        assert pulse == stimulus_pulse(config.stimulus)
        assert protocol.solver == dataclasses.replace(STUDY_SOLVER, dt_us=dt_us)
        assert protocol.rtol == LONG_FIBER_RTOL


def test_units_with_other_solvers_are_other_work(walk):
    stage = next(stage for stage in STAGES if stage.name == "thresholds")
    config = small_study().cases[0].config
    unit = stage.prepare(config, {name: walk[name][1] for name in stage.needs})[0]
    same = stage.prepare(config, {name: walk[name][1] for name in stage.needs})[0]
    assert hash_unit("thresholds", "", same) == hash_unit("thresholds", "", unit)
    for name, value in (("scheme", "neuron"), ("dt_us", 5.0), ("modes", 12), ("start_ma", 1.0)):
        assert unit[name] != value
        assert hash_unit("thresholds", "", {**unit, name: value}) != hash_unit(
            "thresholds", "", unit
        )
