"""Pictures over what was swept: thresholds, drive of the field, rates of simulated fibers, bars of cases, places in a nerve."""

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from scsim import plots
from scsim.errors import ResultsError
from scsim.formats.hdf5 import make_variable
from scsim.plots.case_bars import has_case_bars
from scsim.plots.fiber_rates import has_fiber_rates
from scsim.plots.field_sweep import has_field_sweep
from scsim.plots.nerve_places import has_nerve_places
from scsim.plots.threshold_sweep import has_threshold_sweep
from scsim.results.store import Results

CONFIG = """
[stimulus]
pattern = "{pattern}"
[afferents]
a_beta_min_diameter_um = 10.0
[circuit]
model = "zhang2014"
"""

Datasets = dict[str, tuple[tuple[str, ...], Any]]
AMPLITUDE = {"amplitude_ma": ("stimulus.amplitude_ma", np.array([1.0, 2.0, 4.0]))}
CASES = {"case": ("", np.arange(3))}
NAMES = np.array(["base", "more", "less"], dtype=object)
DRIVE = "profile_peak_second_difference_mv_per_ma"


def made_up(
    swept: dict[str, tuple[str, np.ndarray]],
    datasets: Datasets,
    *,
    mode: str = "grid",
    pattern: str = "tonic",
) -> Results:
    """Put made-up arrays into results; coordinates with a key are swept."""
    variables = {
        name: make_variable(name, (name,), values, {"config_key": key} if key else {})
        for name, (key, values) in swept.items()
    }
    for name, (dims, values) in datasets.items():
        variables[name] = make_variable(name, dims, np.asarray(values), {})
    attributes = {"config": CONFIG.format(pattern=pattern), "title": "made up", "sweep_mode": mode}
    attributes["coordinates"] = "case_name" if "case_name" in datasets else ""
    return Results(MappingProxyType(variables), MappingProxyType(attributes))


def threshold_results(key: str = "tissue.csf_thickness_mm") -> Results:
    """Three thicknesses; ten thick fibers of equal weight, which need 1 to 10 mA times the thickness, and a thin one."""
    name = key.partition(".")[2]
    thickness = np.array([2.0, 1.0, 3.0])
    base = np.append(np.arange(1.0, 11.0), 100.0)
    diameter = np.append(np.full(10, 12.0), 4.0)
    return made_up(
        {name: (key, thickness)},
        {
            "threshold_ma": ((name, "fiber"), thickness[:, None] * base),
            "fiber_diameter_um": (("fiber",), diameter),
            "fiber_weight": (("fiber",), np.full(11, 1 / 11)),
        },
    )


def test_thresholds_over_a_number_are_the_shares_of_the_thick_fibers() -> None:
    results = threshold_results()
    assert has_threshold_sweep(results)
    ax = plots.threshold_sweep(results)
    (line,) = ax.get_lines()
    assert line.get_xdata().tolist() == [1.0, 2.0, 3.0]
    # Half of ten fibers are recruited by the fifth; the thin fiber does not count.
    assert line.get_ydata().tolist() == [5.0, 10.0, 15.0]
    band = ax.collections[0].get_paths()[0].vertices
    at_one = band[np.isclose(band[:, 0], 1.0), 1]
    assert (at_one.min(), at_one.max()) == (1.0, 9.0)


def test_thresholds_of_labels_are_dots_beside_their_names() -> None:
    results = threshold_results()
    labelled = made_up(
        {"montage": ("montage", np.array(["near", "far", "guarded"], dtype=object))},
        {
            "threshold_ma": (("montage", "fiber"), results.dataset("threshold_ma")),
            "fiber_diameter_um": (("fiber",), results.dataset("fiber_diameter_um")),
            "fiber_weight": (("fiber",), results.dataset("fiber_weight")),
        },
    )
    figure = plots.threshold_sweeps(labelled)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [
        "near",
        "far",
        "guarded",
    ]


def test_seeds_alone_are_no_sweep_of_thresholds() -> None:
    assert not has_threshold_sweep(threshold_results("afferents.realization"))


def test_shares_that_are_never_reached_have_no_value() -> None:
    results = threshold_results()
    threshold_ma = np.array(results.dataset("threshold_ma"))
    threshold_ma[:, 3:] = np.nan
    variables = {**results.variables}
    variables["threshold_ma"] = make_variable(
        "threshold_ma", results.dims("threshold_ma"), threshold_ma, {}
    )
    less = Results(MappingProxyType(variables), results.attributes)
    assert np.isnan(plots.threshold_sweep(less).get_lines()[0].get_ydata()).all()


def field_cases(mode: str) -> Results:
    return made_up(
        CASES,
        {
            DRIVE: (("case", "depth_mm"), [[10.0, 20.0], [11.0, 18.0], [5.0, 20.0]]),
            "depth_mm": (("depth_mm",), [0.2, 1.0]),
            "case_name": (("case",), NAMES),
        },
        mode=mode,
    )


def test_field_of_listed_cases_is_the_change_against_the_first() -> None:
    results = field_cases("one_at_a_time")
    assert has_field_sweep(results)
    ax = plots.field_sweep(results)
    widths = sorted(round(bar.get_width(), 6) for bar in ax.patches)
    assert widths == [-50.0, -10.0, 0.0, 10.0]
    assert "change against “base” (%)" in ax.get_xlabel()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["more", "less"]


def test_field_of_drawn_cases_has_no_first_one_to_compare_with() -> None:
    assert not has_field_sweep(field_cases("sobol"))


def test_field_over_a_number_has_a_line_per_depth() -> None:
    results = made_up(
        {"lateral_mm": ("lead.lateral_mm", np.array([1.0, -1.0]))},
        {
            DRIVE: (("lateral_mm", "depth_mm"), [[1.0, 2.0], [3.0, 4.0]]),
            "depth_mm": (("depth_mm",), [0.2, 1.0]),
        },
    )
    lines = plots.field_sweep(results).get_lines()
    assert [line.get_ydata().tolist() for line in lines] == [[3.0, 1.0], [4.0, 2.0]]
    assert plots.field_sweeps(results).axes


def rates_results(pattern: str = "kilohertz") -> Results:
    rates = {"frequency_hz": ("stimulus.frequency_hz", np.array([1000.0, 5000.0]))}
    dims = ("amplitude_ma", "frequency_hz")
    return made_up(
        AMPLITUDE | rates,
        {
            "followed_rate_hz": (dims, [[0.0, 0.0], [50.0, 20.0], [300.0, 10.0]]),
            "projection_rate_hz": (dims, [[60.0, 60.0], [0.0, 5.0], [200.0, 70.0]]),
            "c_driven_rate_hz": (dims, [[60.0, 60.0], [0.0, 5.0], [60.0, 60.0]]),
            "rest_rate_hz": ((), 60.0),
        },
        pattern=pattern,
    )


def test_rates_of_simulated_fibers_have_a_line_per_pulse_rate() -> None:
    results = rates_results()
    assert has_fiber_rates(results)
    lines = plots.fiber_rates(results).get_lines()
    assert [line.get_ydata().tolist() for line in lines] == [[0, 50, 300], [0, 20, 10]]


def test_c_driven_rate_of_kilohertz_currents_is_not_drawn() -> None:
    """Without a phase it is an upper bound only; of bursts it is drawn."""
    assert len(plots.fibers_and_projection(rates_results()).axes) == 2
    assert len(plots.fibers_and_projection(rates_results("burst")).axes) == 3


def test_tonic_pulses_have_no_picture_of_simulated_fibers() -> None:
    assert not has_fiber_rates(rates_results("tonic"))


def cases_results(mode: str = "cases") -> Results:
    return made_up(
        CASES,
        {
            "followed_rate_hz": (("case",), [0.0, 40.0, 80.0]),
            "projection_rate_hz": (("case",), [60.0, 30.0, 50.0]),
            "c_driven_rate_hz": (("case",), [60.0, 10.0, 0.0]),
            "pulse_locked_rate_hz": (("case",), [0.0, 20.0, 50.0]),
            "rest_rate_hz": ((), 60.0),
            "case_name": (("case",), NAMES),
        },
        mode=mode,
    )


def test_bars_of_cases_add_up_to_the_projection_rate() -> None:
    results = cases_results()
    assert has_case_bars(results)
    bars = plots.case_rates(results).patches
    ends = [bar.get_x() + bar.get_width() for bar in bars[3:]]
    assert ends == [60.0, 30.0, 50.0]
    figure = plots.case_bars(results)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == list(NAMES)


def test_drawn_cases_have_no_bars() -> None:
    assert not has_case_bars(cases_results("latin"))


def nerve_results() -> Results:
    turn = np.linspace(0.0, 2.0 * np.pi, 13)
    place = np.column_stack([0.3 * np.cos(turn[:4]), 0.3 * np.sin(turn[:4]), np.zeros(4)])
    return made_up(
        {"montage": ("montage", np.array(["rings", "steered"], dtype=object))},
        {
            "threshold_ma": (("montage", "fiber"), [[2.0, 2.0, 2.0, 2.0], [1.0, 2.0, 2.0, np.nan]]),
            "geometry/fiber_start_mm": (("fiber", "axis"), place),
            "geometry/outline_fascicle_mm": (
                ("fascicle", "vertex_circle", "section_axis"),
                0.5 * np.column_stack([np.cos(turn), np.sin(turn)])[None],
            ),
        },
    )


def test_places_in_a_nerve_are_colored_by_threshold_over_the_median() -> None:
    results = nerve_results()
    assert has_nerve_places(results)
    dots = plots.nerve_places(results, at={"montage": 1}).collections[-1]
    assert dots.get_array().tolist() == [0.5, 1.0, 1.0]  # a fiber without a threshold has no dot
    figure = plots.nerves_places(results)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[:2] == ["rings", "steered"]


@pytest.mark.parametrize(
    "draw",
    [
        plots.threshold_sweep,
        plots.threshold_sweeps,
        plots.field_sweep,
        plots.field_sweeps,
        plots.fiber_rates,
        plots.fibers_and_projection,
        plots.case_rates,
        plots.case_fibers,
        plots.case_bars,
        plots.nerve_places,
        plots.nerves_places,
    ],
)
def test_what_was_not_saved_is_asked_for(draw: Any) -> None:
    with pytest.raises(ResultsError, match=r"lack .*output\.save"):
        draw(made_up(AMPLITUDE, {}))


def test_one_picture_is_drawn_by_its_name() -> None:
    assert plots.draw_picture(cases_results(), "case_bars").axes
    with pytest.raises(
        ResultsError, match=r"no picture 'pain_map'.*they can show case_bars.*Name one"
    ):
        plots.draw_picture(cases_results(), "pain_map")
