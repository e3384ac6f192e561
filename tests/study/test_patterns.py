"""Bursts and kilohertz currents in studies: the fibers are simulated, and their spikes drive the dorsal horn."""

import numpy as np
import pytest

from scsim.errors import ConfigError, ConvergenceError
from scsim.response.following import extend_spikes
from scsim.response.recruitment import recruited_share
from scsim.study.reading.parse import parse_study
from scsim.study.run import execute
from scsim.study.stages.table import STAGES
from tests.study.small_study import TEXT, without_sweeps
from tests.study.test_run import assert_identical

SPIKING = (
    without_sweeps(TEXT)
    .replace("noxious_onset_s = 0.2\n", "")
    .replace("margin_mm = 12.0", "margin_mm = 20.0")
    .replace("n_fibers = 20", "n_fibers = 40")
    .replace('"crodelle2019"', '"zhang2014"')
    .replace("duration_s = 0.6", "duration_s = 1.0")
    .replace("readout_s = 0.2", "readout_s = 0.4")
    .replace(', "time_course"', "")
)

BURST = (
    "stimulus.pattern=burst",
    "stimulus.frequency_hz=40",
    "stimulus.pulses_per_burst=3",
    "stimulus.intraburst_frequency_hz=500",
)

KILOHERTZ = (
    "stimulus.pattern=kilohertz",
    "stimulus.frequency_hz=5000",
    "stimulus.pulse_width_us=50",
    "stimulus.shape=biphasic",
)


def study(*overrides, text=SPIKING):
    return parse_study(text, overrides=overrides)


def walk(config, *, until):
    """Run the stages of a case up to one of them."""
    outputs = {}
    for stage in STAGES:
        if stage.name in ("geometry", "impedance", "profile", "fascicles", "block"):
            continue
        needed = {name: outputs[name] for name in stage.needs}
        units = stage.prepare(config, needed)
        assert len(units) <= stage.count_units(config)
        outputs[stage.name] = stage.join(config, needed, stage.compute(units))
        if stage.name == until:
            return outputs
    raise AssertionError


def field_trains(outputs, field, until_ms):
    """Give the trains of the fibers of a field."""
    offsets = outputs[f"{field}_follow_offsets"]
    return [
        extend_spikes(
            outputs[f"{field}_follow_times_ms"][offsets[i] : offsets[i + 1]],
            float(outputs[f"{field}_follow_cut_ms"][i]),
            float(outputs[f"{field}_follow_repeat_ms"][i]),
            until_ms,
        )
        for i in range(offsets.size - 1)
    ]


@pytest.fixture(scope="module")
def burst():
    return walk(study(*BURST, "stimulus.amplitude_ma=2.4").cases[0].config, until="following")


def test_tonic_pulses_cost_nothing():
    outputs = walk(study().cases[0].config, until="following")
    assert outputs["following"]["is_followed"] == 0
    share = float(outputs["recruitment"]["recruited_share"])
    assert 0.0 < share < 1.0
    assert outputs["following"]["followed_rate_hz"] == pytest.approx(60.0 * share)


def test_recruited_shares_of_both_fields_make_up_the_whole():
    config = study().cases[0].config
    outputs = walk(config, until="recruitment")
    population, found = outputs["population"], outputs["recruitment"]
    weight = population["fiber_weight"] * (population["fiber_diameter_um"] >= 10.7)
    is_local = np.isin(population["fiber_dermatome"], ["L4", "L5"])
    assert 0.0 < weight[is_local].sum() < weight.sum()
    parts = [
        float(found[f"recruited_share_{field}"]) * weight[mask].sum()
        for field, mask in (("local", is_local), ("surround", ~is_local))
    ]
    assert sum(parts) == pytest.approx(float(found["recruited_share"]) * weight.sum())
    threshold = outputs["thresholds"]["threshold_ma"]
    assert found["recruited_share_local"] == pytest.approx(
        recruited_share(threshold, weight * is_local, config.stimulus.amplitude_ma)
    )


def test_a_side_without_pain_is_surround():
    left = walk(
        study("afferents.painful_side=left", "fibers.n_fibers=80").cases[0].config,
        until="recruitment",
    )
    population = left["population"]
    is_left = population["fiber_lateral_mm"] > 0.0
    is_large = population["fiber_diameter_um"] >= 10.7
    local = is_left & is_large & np.isin(population["fiber_dermatome"], ["L4", "L5"])
    share = recruited_share(
        left["thresholds"]["threshold_ma"], population["fiber_weight"] * local, 1.2
    )
    assert left["recruitment"]["recruited_share_local"] == pytest.approx(share)


def test_spikes_reach_the_dorsal_horn_after_their_way():
    # The cathode lies 4.5 mm below the middle of the level, the dorsal horns of L4 and L5 35 mm.
    outputs = walk(study().cases[0].config, until="recruitment")
    population = outputs["population"]
    weight = population["fiber_weight"] * (population["fiber_diameter_um"] >= 10.7)
    mean_um = weight @ population["fiber_diameter_um"] / weight.sum()
    way_mm = 35.0 - 4.5
    assert outputs["recruitment"]["conduction_ms"] == pytest.approx(way_mm / (5.2 * mean_um))


def test_strong_bursts_reach_the_circuit_pulse_by_pulse(burst):
    found = burst["following"]
    assert found["is_followed"] == 1
    assert found["followed_rate_hz"] == pytest.approx(120.0)
    pulses = (25.0 * np.arange(40)[:, np.newaxis] + [0.0, 2.0, 4.0]).ravel()
    for field in ("local", "surround"):
        trains = field_trains(found, field, 1010.0)
        assert len(trains) == 15
        for train in trains:
            latency = train[: pulses.size] - pulses
            # 30.5 mm at 55 to 83 mm/ms, and less than a millisecond to start the spike.
            assert 0.3 < latency.min() < latency.max() < 1.7


def test_weaker_bursts_are_followed_in_part():
    config = study(*BURST, "stimulus.amplitude_ma=1.2").cases[0].config
    outputs = walk(config, until="following")
    rate = float(outputs["following"]["followed_rate_hz"])
    share = float(outputs["recruitment"]["recruited_share"])
    # Pulses that come 2 ms after another find the fiber refractory; so fewer are followed than are reached alone.
    assert 0.1 * 120.0 * share < rate < 0.9 * 120.0 * share


def test_a_burst_study_runs_alike_on_any_number_of_threads():
    given = study(*BURST, "stimulus.amplitude_ma={ sweep = [0.2, 2.4] }")
    one = execute(given, workers=1)
    two = execute(given, workers=2, batch_size=1)
    assert not one.results.failures
    assert_identical(one.results, two.results)
    assert one.results.dims("followed_rate_hz") == ("amplitude_ma",)
    assert one.results.dataset("followed_rate_hz")[0] == 0.0
    projection = one.results.dataset("projection_rate_hz")
    assert projection[0] == one.results.dataset("rest_rate_hz"), "no spikes, no effect"
    assert projection[1] != projection[0]


def test_a_kilohertz_study_passes_through_the_fibers():
    given = study(*KILOHERTZ, "stimulus.amplitude_ma={ sweep = [0.5, 6.0] }")
    done = execute(given, workers=1)
    assert not done.results.failures
    weak, strong = done.results.dataset("followed_rate_hz")
    assert weak == 0.0
    # Fibers fire irregularly, far below the rate of the pulses.
    assert 50.0 < strong < 1000.0
    projection = done.results.dataset("projection_rate_hz")
    assert projection[0] == done.results.dataset("rest_rate_hz")
    assert projection[1] > projection[0]
    charge = done.results.dataset("charge_per_second_uc")
    # 6 mA for 50 µs, 5000 times per second.
    assert charge[1].max() == pytest.approx(1500.0)


def test_voltages_that_are_not_finite_fail_the_case():
    config = study(*BURST, "stimulus.amplitude_ma=2.4").cases[0].config
    outputs = walk(config, until="thresholds")
    stage = next(stage for stage in STAGES if stage.name == "following")
    units = stage.prepare(config, {name: outputs.get(name) for name in stage.needs})
    wild = {**units[0], "potential_mv_per_ma": units[0]["potential_mv_per_ma"] * 1e9}
    n = units[0]["fiber"].size
    with pytest.raises(ConvergenceError, match=rf"{n} of {n} fibers under 2\.4 mA: the membrane"):
        stage.compute([wild])


def test_fields_without_fibers_are_silent():
    everywhere = 'afferents.painful_dermatomes=["S5", "S4", "S3", "S2", "S1", "L5", "L4", "L3"]'
    config = study(*BURST, "stimulus.amplitude_ma=2.4", everywhere).cases[0].config
    outputs = walk(config, until="following")
    assert outputs["recruitment"]["recruited_share_surround"] == 0.0
    surround = field_trains(outputs["following"], "surround", 1000.0)
    assert [train.size for train in surround] == [0] * 15
    assert min(train.size for train in field_trains(outputs["following"], "local", 1000.0)) >= 117


def test_a_rate_model_takes_the_mean_rate():
    text = without_sweeps(TEXT).replace("margin_mm = 12.0", "margin_mm = 20.0")
    config = study(*BURST, "stimulus.amplitude_ma=2.4", text=text).cases[0].config
    outputs = walk(config, until="afferents")
    rate = float(outputs["following"]["followed_rate_hz"])
    assert rate == pytest.approx(120.0)
    assert outputs["afferents"]["a_beta_rate_hz"] == pytest.approx(1.0 + rate)
    assert "local_follow_offsets" not in outputs["following"]


@pytest.mark.parametrize(
    ("overrides", "fragments"),
    [
        (
            ['afferents.painful_dermatomes=["L9"]'],
            ['afferents.painful_dermatomes = ["L9"]', 'no dermatome "L9"', "S5, S4, S3"],
        ),
        (
            ['afferents.painful_dermatomes=["T5"]'],
            ["fibers of T5 enter the cord above this level (thoracic)", "choose a higher level as"],
        ),
        (
            ['afferents.painful_dermatomes=["L1"]'],
            [
                "no fiber lies in L1",
                "begin 2.25 mm beside the midline",
                "lateral_max_mm of [fibers]",
            ],
        ),
        (
            ["fibers.n_fibers=30"],
            ["fibers.n_fibers = 30", "only 12 simulated fibers are large", "16 large ones"],
        ),
        (["stimulus.pattern=burst"], ["stimulus.pulses_per_burst", "bursts need this key"]),
        (
            ["stimulus.pattern=kilohertz"],
            ["stimulus.shape", "charge-balanced", "stimulus.frequency_hz = 60", "1000 Hz"],
        ),
        (["stimulus.intraburst_frequency_hz=300"], ['"tonic" has no bursts', "Remove the key"]),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(overrides, fragments):
    with pytest.raises(ConfigError) as raised:
        study(*overrides)
    for fragment in fragments:
        assert fragment in str(raised.value)


def test_rate_models_need_no_local_fibers():
    assert study("fibers.n_fibers=10", text=without_sweeps(TEXT)).cases


def test_pulses_that_no_fiber_follows_are_no_marks():
    """Else chance would lock spikes to the phase of kilohertz pulses that fibers answer at their onset only."""
    config = study(*KILOHERTZ, "stimulus.amplitude_ma=0.5").cases[0].config
    outputs = walk(config, until="drive")
    following = dict(outputs["following"])
    conduction_ms = float(outputs["recruitment"]["conduction_ms"])
    n_fibers = following["local_follow_offsets"].size - 1
    following["local_follow_times_ms"] = 0.5 * conduction_ms + np.array([1.05, 40.3])
    following["local_follow_offsets"] = np.array([0] + [2] * n_fibers)
    following["local_follow_cut_ms"] = np.full(n_fibers, 5000.0)
    outputs["following"] = following
    stage = next(stage for stage in STAGES if stage.name == "circuit")
    units = stage.prepare(config, {name: outputs.get(name) for name in stage.needs})
    (marks_ms,) = (unit["marks_ms"] for unit in units if unit["marks_ms"].size)
    pulses_ms = np.floor((0.5 * conduction_ms + np.array([1.05, 40.3])) / 0.2) * 0.2
    np.testing.assert_allclose(marks_ms - conduction_ms, pulses_ms)
