"""Mean, spread and confidence intervals over repeats: as scipy has them, and as often right as they say."""

import csv
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from scsim.errors import ResultsError
from scsim.results.repeats import group_name
from scsim.results.summary import summarize
from tests.unit.made_results import made_results

SEEDS = [4, 5, 6, 7, 8]


@pytest.fixture
def grid():
    """Five seeds, three amplitudes, two fibers."""
    generator = np.random.default_rng(1)
    return made_results(
        {"seed": SEEDS, "stimulus.amplitude_ma": [1.0, 2.0, 3.0]},
        {
            "projection_rate_hz": (
                ("seed", "amplitude_ma"),
                generator.normal(20.0, 3.0, size=(5, 3)),
            ),
            "threshold_ma": (("seed", "fiber"), generator.normal(2.0, 0.3, size=(5, 2))),
            "charge_uc": (("amplitude_ma",), np.arange(3.0)),
            "recruited_share": (("amplitude_ma", "seed"), generator.uniform(size=(3, 5))),
        },
        inner={"fiber": [0, 1]},
    )


def test_values_are_those_of_scipy(grid):
    summary = summarize(grid, confidence=0.9)
    for name, axis in (("projection_rate_hz", 0), ("threshold_ma", 0), ("recruited_share", 1)):
        values = grid.dataset(name)
        found = summary[name]
        low, high = stats.t.interval(0.9, 4, values.mean(axis=axis), stats.sem(values, axis=axis))
        # Rounding alone: sums of five values.
        np.testing.assert_allclose(found.mean, values.mean(axis=axis), rtol=1e-14)
        np.testing.assert_allclose(
            found.standard_deviation, values.std(axis=axis, ddof=1), rtol=1e-12
        )
        np.testing.assert_allclose(found.low, low, rtol=1e-12)
        np.testing.assert_allclose(found.high, high, rtol=1e-12)
        assert (found.n == 5).all()
        assert (found.n_missing == 0).all()
    assert summary.same == ("charge_uc",)
    assert summary["threshold_ma"].dims == ("fiber",)
    assert summary["projection_rate_hz"].unit == "Hz"


def test_the_interval_holds_the_mean_as_often_as_it_says():
    """Of independent normal values the interval is exact, so hits are binomial: 5 standard deviations."""
    n_trials, level = 20_000, 0.95
    values = np.random.default_rng(2).normal(7.0, 2.0, size=(4, n_trials))
    results = made_results(
        {"seed": [0, 1, 2, 3]},
        {"projection_rate_hz": (("seed", "fiber"), values)},
        inner={"fiber": np.arange(n_trials)},
    )
    found = summarize(results, confidence=level)["projection_rate_hz"]
    hits = np.mean((found.low <= 7.0) & (found.high >= 7.0))
    assert abs(hits - level) <= 5.0 * math.sqrt(level * (1.0 - level) / n_trials)


def test_missing_values_are_counted_apart(grid):
    values = np.array(
        [[1.0, np.nan], [3.0, np.nan], [np.inf, 4.0], [5.0, np.nan], [np.nan, np.nan]]
    )
    results = made_results(
        {"seed": SEEDS},
        {"threshold_ma": (("seed", "fiber"), values)},
        inner={"fiber": [0, 1]},
    )
    summary = summarize(results)
    found = summary["threshold_ma"]
    assert found.n.tolist() == [3, 1]
    assert found.n_missing.tolist() == [2, 4]
    assert found.mean.tolist() == [3.0, 4.0]
    assert found.standard_deviation[0] == pytest.approx(2.0, rel=1e-15)
    assert np.isnan([found.standard_deviation[1], found.low[1], found.high[1]]).all()
    assert any("6 values are missing" in note for note in summary.notes)
    assert any("means are of one value" in note for note in summary.notes)


def test_without_any_value_there_is_no_mean():
    values = np.full(3, np.nan)
    results = made_results({"seed": [1, 2, 3]}, {"projection_rate_hz": (("seed",), values)})
    found = summarize(results)["projection_rate_hz"]
    assert np.isnan(found.mean)
    assert (int(found.n), int(found.n_missing)) == (0, 3)


def test_whole_numbers_below_zero_are_missing():
    """Counts have no NaN: -1 says that a fiber has no block threshold, or that the case failed."""
    counts = np.array([[3, -1], [5, -1], [-1, 2]])
    results = made_results(
        {"seed": [1, 2, 3]},
        {"block_onset_spikes": (("seed", "fiber"), counts)},
        inner={"fiber": [0, 1]},
    )
    found = summarize(results, names=["block_onset_spikes"])["block_onset_spikes"]
    assert found.mean.tolist() == [4.0, 2.0]
    assert found.n_missing.tolist() == [1, 2]


def test_equal_values_have_no_spread_to_the_last_bit():
    values = np.full(3, 0.1)
    results = made_results({"seed": [1, 2, 3]}, {"projection_rate_hz": (("seed",), values)})
    found = summarize(results)["projection_rate_hz"]
    assert (float(found.mean), float(found.standard_deviation)) == (0.1, 0.0)
    assert (float(found.low), float(found.high)) == (0.1, 0.1)


def test_both_kinds_of_repeats_are_taken_together():
    values = np.arange(6.0).reshape(2, 3)
    results = made_results(
        {"seed": [1, 2], "afferents.realization": [0, 1, 2]},
        {"projection_rate_hz": (("seed", "realization"), values)},
    )
    found = summarize(results, over=("seed", "realization"))["projection_rate_hz"]
    assert (float(found.mean), int(found.n)) == (2.5, 6)
    both = summarize(results, over=("seed", "realization"))
    assert any("not independent of each other" in note for note in both.notes)
    assert not any("not independent" in note for note in summarize(results).notes)
    alone = summarize(results, over="afferents.realization")["projection_rate_hz"]
    assert alone.dims == ("seed",)
    assert alone.mean.tolist() == [1.0, 4.0]


@pytest.fixture
def listed():
    """Cases one after another: two settings by three seeds, one more seed of the first setting."""
    return made_results(
        {"stimulus.amplitude_ma": [1, 1, 1, 2, 2, 2, 1.0], "seed": [1, 2, 3, 1, 2, 3, 4]},
        {"projection_rate_hz": (("case",), [10.0, 12.0, 14.0, 20.0, 20.0, 23.0, 16.0])},
        mode="cases",
        names=[f"{name},seed={seed}" for name, seed in zip("aaabbba", "1231234", strict=True)],
    )


def test_repeats_within_the_cases_are_grouped_by_all_else(listed):
    summary = summarize(listed)
    found = summary["projection_rate_hz"]
    assert found.dims == ("case",)
    assert found.mean.tolist() == [13.0, 21.0]
    assert found.n.tolist() == [4, 3]
    assert found.n_missing.tolist() == [0, 0]
    assert summary.coordinates["case_name"].values.tolist() == ["a", "b"]
    assert summary.coordinates["amplitude_ma"].values.tolist() == [1.0, 2.0]
    assert "seed" not in summary.coordinates


def test_inner_dimensions_stand_when_cases_are_grouped():
    values = np.arange(12.0).reshape(2, 6).T  # fiber 0: 0 to 5, fiber 1: 6 to 11
    results = made_results(
        {"stimulus.amplitude_ma": [1, 1, 1, 2, 2, 2.0], "seed": [1, 2, 3, 1, 2, 3]},
        {"threshold_ma": (("case", "fiber"), values)},
        mode="zip",
        inner={"fiber": [0, 1]},
    )
    found = summarize(results)["threshold_ma"]
    assert found.dims == ("case", "fiber")
    assert found.mean.tolist() == [[1.0, 7.0], [4.0, 10.0]]


def test_cases_of_equal_values_are_not_taken_for_repeats():
    results = made_results(
        {"stimulus.amplitude_ma": [1.0, 1.0, 1.0, 1.0], "seed": [1, 1, 2, 2]},
        {"projection_rate_hz": (("case",), [1.0, 5.0, 3.0, 7.0])},
        mode="cases",
    )
    assert summarize(results)["projection_rate_hz"].mean.tolist() == [2.0, 6.0]


def test_an_unset_value_is_a_value_of_its_own():
    results = made_results(
        {"stimulus.amplitude_ma": [np.nan, np.nan, 1.0, 1.0], "seed": [1, 2, 1, 2]},
        {"projection_rate_hz": (("case",), [1.0, 3.0, 5.0, 9.0])},
        mode="cases",
    )
    assert summarize(results)["projection_rate_hz"].mean.tolist() == [2.0, 7.0]


@pytest.mark.parametrize(
    ("name", "over", "left"),
    [
        ("weak,seed=3", ("seed",), "weak"),
        ("amplitude_ma=2,seed=12,width=3", ("seed",), "amplitude_ma=2,width=3"),
        ("seed=12, width=3", ("seed",), "width=3"),
        ("reseeded=2", ("seed",), "reseeded=2"),
        ("a,seed=1,realization=2", ("seed", "realization"), "a"),
    ],
)
def test_the_name_of_a_group_is_that_of_its_cases_without_the_repeat(name, over, left):
    assert group_name(name, over) == left


def test_what_the_intervals_assume_is_said(grid):
    text = repr(summarize(grid))
    assert "Student's t" in text
    assert "as few as 5 values" in text
    assert "recruited_share: shares lie between 0 and 1" in text
    assert "the same for every repeat: charge_uc" in text
    assert "amplitude_ma=2" in text
    assert "n = 5" in text


def test_it_opens_in_xarray_with_labels_and_units(grid):
    data = summarize(grid).to_xarray()
    assert data["projection_rate_hz_mean"].dims == ("amplitude_ma",)
    assert data["projection_rate_hz_low"].attrs["units"] == "Hz"
    assert data["projection_rate_hz_n"].attrs["units"] == "1"
    assert data["amplitude_ma"].values.tolist() == [1.0, 2.0, 3.0]
    assert float(data["threshold_ma_mean"].sel(fiber=1)) == pytest.approx(
        grid.dataset("threshold_ma")[:, 1].mean(), rel=1e-14
    )


def test_the_csv_has_a_row_per_value(grid, tmp_path: Path):
    path = summarize(grid, names=["projection_rate_hz", "threshold_ma"]).write_csv(
        tmp_path / "summary.csv"
    )
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [row["dataset"] for row in rows] == ["projection_rate_hz"] * 3 + ["threshold_ma"] * 2
    assert [row["amplitude_ma"] for row in rows] == ["1.0", "2.0", "3.0", "", ""]
    assert [row["fiber"] for row in rows] == ["", "", "", "0", "1"]
    mean = grid.dataset("projection_rate_hz").mean(axis=0)
    assert [float(row["mean"]) for row in rows[:3]] == pytest.approx(mean.tolist(), rel=1e-14)


def test_a_csv_that_cannot_be_written_is_said(grid, tmp_path: Path):
    with pytest.raises(ResultsError, match=r"none/a\.csv cannot be written .*with --out"):
        summarize(grid).write_csv(tmp_path / "none" / "a.csv")


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, math.nan])
def test_a_confidence_outside_its_range_is_refused(grid, confidence):
    with pytest.raises(ResultsError, match=rf"confidence = {confidence:g}: .* for example 0\.95"):
        summarize(grid, confidence=confidence)


def test_what_is_not_repeated_is_refused_with_advice(grid, listed):
    with pytest.raises(ResultsError, match=r"no repeats over realization: .* use --over seed"):
        summarize(grid, over="realization")
    with pytest.raises(ResultsError, match="no repeats over nothing"):
        summarize(grid, over=())
    plain = made_results(
        {"stimulus.amplitude_ma": [1.0]}, {"projection_rate_hz": (("amplitude_ma",), [1.0])}
    )
    with pytest.raises(ResultsError, match=r"no case .* is repeated\. Write repeats = 10"):
        summarize(plain)


def test_datasets_that_cannot_be_summarized_are_refused_with_others(grid):
    with pytest.raises(
        ResultsError, match=r"charge_uc does not depend on seed.*projection_rate_hz"
    ):
        summarize(grid, names=["charge_uc"])
    with pytest.raises(ResultsError, match=r"status is no number.*projection_rate_hz"):
        summarize(grid, names=["status"])
    with pytest.raises(ResultsError, match="no dataset 'none'"):
        summarize(grid, names=["none"])
    alone = made_results(
        {"seed": [1, 2], "stimulus.amplitude_ma": [1.0]},
        {"charge_uc": (("amplitude_ma",), [1.0])},
    )
    with pytest.raises(ResultsError, match=r"no dataset of numbers depends on seed.*output\.save"):
        summarize(alone)


def test_without_xarray_it_says_what_to_install(grid, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ResultsError, match=r"needs xarray, .* install the packages xarray"):
        summarize(grid).to_xarray()
