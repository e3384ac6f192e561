"""Pictures of intervals and of sensitivities show what was estimated, and say what they leave out."""

from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.plots.intervals import about_intervals, has_intervals, interval_curve, intervals
from scsim.plots.pictures import picture_names, save_pictures
from scsim.plots.sensitivity import has_sensitivity, sensitivities, sensitivity_bars
from scsim.results.correlations import correlations
from scsim.results.sensitivity import sensitivity
from scsim.results.summary import summarize
from tests.unit.made_results import made_results
from tests.unit.test_results_sensitivity import (
    additive,
    drawn_results,
    ishigami,
    saltelli_results,
    saltelli_rows,
    uniform,
)

AMPLITUDES = [3.0, 1.0, 2.0]


@pytest.fixture
def grid():
    """Five seeds, three amplitudes out of order, two states, one further key."""
    generator = np.random.default_rng(1)
    return made_results(
        {
            "seed": [1, 2, 3, 4, 5],
            "stimulus.amplitude_ma": AMPLITUDES,
            "circuit.state": ["healthy", "disinhibited"],
            "stimulus.frequency_hz": [20.0, 60.0],
        },
        {
            "projection_rate_hz": (
                ("seed", "amplitude_ma", "state", "frequency_hz"),
                generator.normal(20.0, 3.0, size=(5, 3, 2, 2)),
            ),
            "threshold_ma": (("seed", "fiber"), generator.normal(size=(5, 2))),
        },
        inner={"fiber": [0, 1]},
    )


def test_curves_are_means_in_the_order_of_the_axis(grid):
    summary = summarize(grid)
    ax = interval_curve(summary, "projection_rate_hz")
    healthy, disinhibited = ax.get_lines()
    assert healthy.get_xdata().tolist() == [1.0, 2.0, 3.0]
    found = summary["projection_rate_hz"]
    # Of further swept numbers the last value is shown.
    np.testing.assert_array_equal(healthy.get_ydata(), found.mean[[1, 2, 0], 0, 1])
    np.testing.assert_array_equal(disinhibited.get_ydata(), found.mean[[1, 2, 0], 1, 1])
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == found.low[:, 0, 1].min()
    assert band[:, 1].max() == found.high[:, 0, 1].max()
    assert ax.get_xlabel() == "Amplitude (mA)"
    assert ax.get_ylabel() == "Projection-neuron rate (Hz)"
    assert about_intervals(summary) == "mean and 95 % confidence interval over 5 seeds"


def test_the_figure_says_which_value_of_other_keys_it_shows(grid):
    heading = intervals(grid).get_suptitle()
    assert "95 % confidence interval over 5 seeds" in heading
    assert "pulse rate 60 Hz" in heading


def test_listed_cases_have_a_bar_each():
    results = made_results(
        {"stimulus.pattern": ["tonic"] * 3 + ["burst"] * 3, "seed": [1, 2, 3] * 2},
        {"pain_signal": (("case",), [1.0, 2.0, 3.0, 4.0, 5.0, 9.0])},
        mode="cases",
        names=[f"seed={seed},{name}" for name in ("tonic", "burst") for seed in (1, 2, 3)],
    )
    ax = interval_curve(summarize(results), "pain_signal")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["tonic", "burst"]
    assert ax.get_lines()[0].get_xdata().tolist() == [2.0, 6.0]


def test_cases_that_differ_by_one_number_are_a_curve():
    results = made_results(
        {"stimulus.amplitude_ma": [2.0, 2.0, 1.0, 1.0], "seed": [1, 2, 1, 2]},
        {"pain_signal": (("case",), [1.0, 3.0, 5.0, 7.0])},
        mode="zip",
    )
    (line,) = interval_curve(summarize(results), "pain_signal").get_lines()
    assert line.get_xdata().tolist() == [1.0, 2.0]
    assert line.get_ydata().tolist() == [6.0, 2.0]


def test_with_seeds_alone_every_repeat_is_a_dot():
    results = made_results({"seed": [7, 8, 9]}, {"relief": (("seed",), [0.1, 0.2, 0.6])})
    (ax,) = intervals(results).axes
    mean, dots = ax.get_lines()
    assert mean.get_ydata() == pytest.approx([0.3, 0.3], rel=1e-12)
    assert dots.get_ydata().tolist() == [0.1, 0.2, 0.6]


def test_what_no_curve_can_show_is_refused(grid):
    with pytest.raises(ResultsError, match="threshold_ma has values along fiber"):
        interval_curve(summarize(grid), "threshold_ma")
    with pytest.raises(ResultsError, match=r"no relief; it has threshold_ma, projection_rate_hz"):
        interval_curve(summarize(grid), "relief")
    plain = made_results({"stimulus.amplitude_ma": [1.0]}, {"relief": (("amplitude_ma",), [1.0])})
    assert not has_intervals(plain)
    with pytest.raises(ResultsError, match=r"needs repeats .* Write repeats = 10"):
        intervals(plain)
    single = made_results({"seed": [1]}, {"relief": (("seed",), [1.0])})
    assert not has_intervals(single), "one seed repeats nothing"


def test_bars_are_the_indices_with_the_heaviest_key_at_the_top():
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    found = sensitivity(saltelli_results(rows, additive(rows)[:], n), "projection_rate_hz")
    ax = sensitivity_bars(found)
    first, total = ax.containers[1], ax.containers[3]
    assert [bar.get_width() for bar in first] == found["first_order"].tolist()
    assert [bar.get_width() for bar in total] == found["total_order"].tolist()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["X0", "X1", "X2"]
    low, high = ax.get_ylim()
    assert low > high, "the first key at the top"
    assert ax.get_xlabel() == "Share of the variance"


def test_correlations_have_another_axis():
    x = np.random.default_rng(3).uniform(size=(2, 40))
    results = drawn_results(x, -x[0])
    ax = sensitivity_bars(correlations(results, "threshold_ma"))
    assert ax.get_xlabel() == "Rank correlation"
    low, high = ax.get_xlim()
    assert low <= -1.0
    assert high >= 1.0
    figure = sensitivities(results)
    assert "rise and fall" in figure.get_suptitle()
    legend = figure.legends[0]
    assert "40 cases" in legend.get_title().get_text()


def test_bars_of_many_outputs_are_refused_and_chosen_for_the_picture():
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    outputs = np.stack([ishigami(rows), additive(rows), np.full(rows.shape[0], 2.0)], axis=1)
    results = saltelli_results(rows, outputs, n, {"depth_mm": [0.0, 0.5, 1.0]})
    with pytest.raises(ResultsError, match=r"values along depth_mm: choose one of each with at"):
        sensitivity_bars(sensitivity(results, "projection_rate_hz"))
    figure = sensitivities(results)
    assert len(figure.axes) >= 3
    assert "at 0.5 mm" in figure.axes[1].get_title()
    assert [text.get_text() for text in figure.axes[2].texts] == ["the output is constant"]
    assert "64 rows of the sample" in figure.legends[0].get_title().get_text()


def test_a_study_of_which_nothing_can_be_judged_has_a_picture_that_says_why():
    rows = saltelli_rows(16, 2, uniform)
    results = saltelli_results(rows, np.full(len(rows), np.nan), 16)
    assert has_sensitivity(results)
    (text,) = sensitivities(results).axes[0].texts
    assert "16 of 16 rows" in " ".join(text.get_text().split())
    plain = made_results({"stimulus.amplitude_ma": [1.0]}, {"relief": (("amplitude_ma",), [1.0])})
    assert not has_sensitivity(plain)
    with pytest.raises(ResultsError, match="needs a study whose values are drawn"):
        sensitivities(plain)


def test_both_are_standard_pictures(grid, tmp_path: Path):
    assert picture_names(grid)[-1] == "intervals"
    rows = saltelli_rows(64, 3, uniform)
    drawn = saltelli_results(rows, ishigami(rows), 64)
    (path,) = save_pictures(drawn, tmp_path)
    assert path == tmp_path / "sensitivity.png"
    assert path.stat().st_size > 0
