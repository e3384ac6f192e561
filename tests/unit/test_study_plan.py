"""A plan holds every distinct input of each stage once, in grids and in lists of cases."""

import numpy as np
import pytest

from scsim.fields.catalog import field_problem
from scsim.fields.store import solution_key
from scsim.study.execution.plan import make_plan
from scsim.study.stages.field_stages import distinct_solution
from scsim.study.stages.places import make_setup
from scsim.study.stages.table import STAGES
from tests.study.small_study import CASES, TEXT, small_study, without_sweeps

GRID = {
    "geometry": (1, ()),
    "solution": (1, ()),
    "population": (1, ()),
    "field": (1, ()),
    "thresholds": (1, ()),
    "recruitment": (3, ("amplitude_ma",)),
    "following": (6, ("amplitude_ma", "frequency_hz")),
    "drive": (3, ("amplitude_ma",)),
    "afferents": (6, ("amplitude_ma", "frequency_hz")),
    "rest": (2, ("state",)),
    "circuit": (12, ("amplitude_ma", "frequency_hz", "state")),
    "charge": (3, ("amplitude_ma",)),
    "charge_rate": (6, ("amplitude_ma", "frequency_hz")),
}


def test_a_grid_runs_each_stage_over_the_keys_it_reads():
    plan = make_plan(small_study())
    assert {one.stage.name: (one.n_runs, one.dims) for one in plan.stages} == GRID
    assert plan.n_cases == 12
    assert plan["thresholds"].n_units == 2
    assert plan["following"].n_units == 0, "tonic pulses at 60 Hz are followed"
    assert "thresholds: 1 run for all cases" in repr(plan)
    assert "circuit: at most 12 runs over amplitude_ma, frequency_hz, state" in repr(plan)


def test_a_plan_counts_each_solution_once():
    swept = (
        "lead.rostral_mm={ sweep = [0.0, 1.0, 2.0] }",
        "tissue.csf_thickness_mm={ sweep = [2.0, 3.0] }",
    )
    spectral = make_plan(small_study('field={ solver = "spectral" }', *swept))
    assert spectral["field"].n_runs == 6
    assert spectral["solution"].n_runs == 2
    assert spectral["solution"].n_units == 2
    assert "solution: 2 runs over" in repr(spectral)
    for case, run in zip(
        spectral.study.cases, spectral["solution"].run_of_case.tolist(), strict=True
    ):
        first = spectral["solution"].run_cases[run]
        assert first.config.tissue == case.config.tissue
    voxel = make_plan(small_study('field={ solver = "voxel" }', *swept))
    assert voxel["solution"].n_runs == 6, "a grid moves with the lead"
    analytic = make_plan(small_study(*swept))
    assert analytic["solution"].n_units == 0


def test_every_case_finds_the_run_with_its_values():
    study = small_study()
    for planned in make_plan(study).stages:
        for case, run in zip(study.cases, planned.run_of_case, strict=True):
            chosen = planned.run_cases[run]
            for axis, place in zip(planned.axes, planned.positions[run], strict=True):
                assert chosen.values[axis.key] == case.values[axis.key] == axis.values[place]


@pytest.mark.parametrize(
    ("key", "sweep", "first"),
    [
        ("tissue.csf_thickness_mm", "[2.0, 3.0]", "geometry"),
        ("lead.lateral_mm", "[0.0, 1.0]", "geometry"),
        ("fibers.depth_max_mm", "[0.2, 0.3]", "population"),
        ("field.sigma_s_per_m", "[0.2, 0.3]", "field"),
        ("stimulus.pulse_width_us", "[200, 300]", "thresholds"),
        ("afferents.a_beta_min_diameter_um", "[9.0, 10.0]", "recruitment"),
        ("afferents.painful_side", '["both", "left"]', "recruitment"),
        ("afferents.c_noxious_hz", "[20.0, 22.0]", "circuit"),
        ("circuit.dose", "[0.5, 1.0]", "circuit"),
    ],
)
def test_a_swept_key_reaches_its_stages_and_none_before(key: str, sweep: str, first: str):
    plan = make_plan(small_study(f"{key}={{ sweep = {sweep} }}"))
    name = key.partition(".")[2]
    touched = [one.stage.name for one in plan.stages if name in one.dims]
    assert touched[0] == first
    assert "circuit" in touched


def test_a_swept_share_reaches_thresholds_and_charge():
    text = TEXT.replace("c2 = -1.0", 'return = "distant"\nc2 = { sweep = [-1.0, -0.5] }')
    plan = make_plan(small_study(text=text))
    touched = [one.stage.name for one in plan.stages if "c2" in one.dims]
    assert touched == [
        "thresholds",
        "recruitment",
        "following",
        "afferents",
        "drive",
        "circuit",
        "charge",
        "charge_rate",
    ]


def test_stages_that_nothing_saved_needs_do_not_run():
    plan = make_plan(small_study('output.save=["thresholds"]'))
    assert [one.stage.name for one in plan.stages] == [
        "geometry",
        "solution",
        "population",
        "field",
        "thresholds",
        "charge",
        "charge_rate",
    ]


def test_fibers_are_simulated_only_where_they_cannot_simply_follow():
    rates = "stimulus.frequency_hz={ sweep = [100, 500, 501, 800] }"
    plan = make_plan(small_study(rates, "stimulus.amplitude_ma=2.0"))
    asked = [
        planned.config.stimulus.frequency_hz
        for planned in plan["following"].run_cases
        if plan["following"].stage.count_units(planned.config)
    ]
    assert asked == [501.0, 800.0]


def test_listed_cases_share_runs_of_equal_values():
    plan = make_plan(small_study(text=without_sweeps(TEXT) + CASES))
    assert plan["recruitment"].n_runs == 2
    assert plan["recruitment"].dims == ("case",)
    assert plan["recruitment"].run_of_case.tolist() == [0, 1, 1]
    assert plan["circuit"].n_runs == 3
    assert plan["thresholds"].dims == ()


def test_listed_cases_that_only_look_alike_have_runs_of_their_own():
    """What names a montage or a list is rounded or cut: two that differ behind it are two inputs."""
    depths = [round(0.1 * place, 1) for place in range(1, 41)]
    cases = f"""
[[case]]
name = "a"
montage = {{ c1 = -1.0, c2 = 0.3333333, c3 = 0.6666667 }}
field.profile_depths_mm = {depths}
[[case]]
name = "b"
montage = {{ c1 = -1.0, c2 = 0.3333334, c3 = 0.6666666 }}
field.profile_depths_mm = {[*depths[:-1], 3.95]}
"""
    study = small_study('output.save=["field_profile"]', text=without_sweeps(TEXT) + cases)
    first, second = (case.values for case in study.cases)
    assert first == second, "their names are alike"
    plan = make_plan(study)
    assert plan["charge"].n_runs == 2
    assert plan["profile"].run_of_case.tolist() == [0, 1]
    assert plan["geometry"].n_runs == 1


def test_runs_do_not_depend_on_the_order_of_cases():
    study = small_study()
    plain = make_plan(study)
    turned = make_plan(type(study)(**{**vars(study), "cases": study.cases[::-1]}))
    for one, other in zip(plain.stages, turned.stages, strict=True):
        assert one.n_runs == other.n_runs
        np.testing.assert_array_equal(
            np.unique(one.positions, axis=0), np.unique(other.positions, axis=0)
        )


def test_needs_come_before_the_stages_that_have_them():
    seen: set[str] = set()
    for stage in STAGES:
        assert set(stage.needs) <= seen
        seen.add(stage.name)


KEYS_THAT_A_PROBLEM_LACKS = {
    "spectral": (
        "lead.rostral_mm=3.0",
        "domain.half_length_mm=70.0",
        "field.profile_depths_mm=[0.4]",
        'field.contact_model="uniform"',
    ),
    "voxel": ("field.profile_depths_mm=[0.4]",),
}


@pytest.mark.parametrize("solver", ["spectral", "voxel"])
def test_problems_of_one_name_are_one_problem(solver: str):
    """A name that is too coarse would give a case the field of another."""
    base = (f'field={{ solver = "{solver}" }}', 'domain={ kind = "box" }')
    text = without_sweeps(TEXT)

    def named(*overrides: str) -> tuple[object, str]:
        config = small_study(*base, *overrides, text=text).cases[0].config
        problem = field_problem(make_setup(config))
        assert problem is not None
        return distinct_solution(config), solution_key(problem)

    name, key = named()
    for override in KEYS_THAT_A_PROBLEM_LACKS[solver]:
        assert named(override) == (name, key), override
    for override in (
        "tissue.csf_thickness_mm=4.0",
        "conductivity.csf_s_per_m=1.5",
        "lead.lateral_mm=1.0",
        'lead.preset="percutaneous-8"',
        "domain.half_width_mm=50.0",
    ):
        if "preset" in override and solver == "spectral":
            continue  # where its contacts lie along the lead is not in the spectral problem
        other_name, other_key = named(override)
        assert other_key != key, override
        assert other_name != name, override


def test_drawn_values_touch_only_the_stages_that_read_them():
    """Amplitudes drawn at random: one set of thresholds, however many cases there are."""
    drawn = "stimulus.amplitude_ma={ sweep = { uniform = [0.5, 4.0] } }"
    for mode in ("random", "sobol", "latin"):
        plan = make_plan(
            small_study(
                drawn,
                "circuit.state={ sweep = ['healthy', 'disinhibited'] }",
                f'sweep={{ mode = "{mode}", n = 64 }}',
                text=without_sweeps(TEXT),
            )
        )
        assert plan.n_cases == 64
        assert plan["thresholds"].n_runs == 1
        assert plan["recruitment"].n_runs == 64
        assert plan["recruitment"].dims == ("case",)
        assert plan["rest"].n_runs == 2, "drawn from a list of two"
        np.testing.assert_array_equal(plan["recruitment"].positions[:, 0], np.arange(64))


def test_columns_of_saltelli_designs_share_runs():
    """A design of n (d + 2) rows takes its columns from two sets of n values: 2 n runs of a stage that reads one key."""
    n = 16
    plan = make_plan(
        small_study(
            "stimulus.amplitude_ma={ sweep = { uniform = [0.5, 4.0] } }",
            "stimulus.frequency_hz={ sweep = { uniform = [20, 90] } }",
            f'sweep={{ mode = "saltelli", n = {n} }}',
            text=without_sweeps(TEXT),
        )
    )
    assert plan.n_cases == n * (2 + 2)
    assert plan["recruitment"].n_runs == 2 * n
    assert plan["charge_rate"].n_runs == plan.n_cases
    assert plan["thresholds"].n_runs == 1


def test_seeds_draw_fibers_and_circuits_anew_but_not_fields():
    plan = make_plan(small_study("seed={ sweep = [1, 2, 3] }"))
    assert plan["population"].n_runs == 3
    assert plan["geometry"].n_runs == 1
    assert plan["solution"].n_runs == 1
    assert plan["charge"].n_runs == 3, "one per amplitude"
    assert plan["circuit"].n_runs == 3 * 12
    repeated = make_plan(small_study("sweep={ repeats = 3 }"))
    assert repeated["population"].n_runs == 3
    assert repr(repeated).startswith("Plan: 36 cases (grid)")


def test_a_plan_tells_units_and_batches():
    text = repr(make_plan(small_study()))
    assert (
        "circuit: at most 12 runs over amplitude_ma, frequency_hz, state, 16 units in 1 batch"
        in text
    )
    assert "thresholds: 1 run for all cases, 2 units in 2 batches" in text


def test_runs_are_found_by_place_like_in_a_list():
    planned = make_plan(small_study())["recruitment"]
    cases = list(planned.run_cases)
    assert len(planned.run_cases) == planned.n_runs == len(cases)
    assert planned.run_cases[1] is cases[1]
    assert planned.run_cases[-1] is cases[-1]
    assert list(planned.run_cases[1:]) == cases[1:]
