"""Sobol indices of functions that are known in closed form, rank correlations as scipy has them, and what is refused."""

import csv
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from scsim.errors import ResultsError
from scsim.results.correlations import correlations
from scsim.results.drawn_sample import sensitive_datasets
from scsim.results.sensitivity import sensitivity, write_sensitivity
from scsim.study.reading.sampling import draw_shares
from tests.unit.made_results import made_results

STANDARD_DEVIATIONS = 5.0
"""Of an estimate: one in two million misses by more."""


def saltelli_rows(n, n_keys, draw):
    """Rows of A, of B, and of A with one column of B after another."""
    a, b = np.split(draw(2 * n, n_keys), 2)
    mixed = []
    for column in range(n_keys):
        one = a.copy()
        one[:, column] = b[:, column]
        mixed.append(one)
    return np.concatenate([a, b, *mixed])


def saltelli_results(rows, outputs, n, inner=None, name="projection_rate_hz"):
    """Results of a Saltelli study with keys table.x0, table.x1, ..."""
    outputs = np.asarray(outputs)
    dims = ("case", *(inner or {})) if outputs.ndim > 1 else ("case",)
    return made_results(
        {f"table.x{column}": rows[:, column] for column in range(rows.shape[1])},
        {name: (dims, outputs), "charge_uc": ((), 1.0)},
        mode="saltelli",
        sweep={"n": n},
        inner=inner,
    )


def uniform(n, n_keys):
    return np.random.default_rng([n, n_keys]).uniform(size=(n, n_keys))


def standard_errors(outputs, n, first, total):
    """Standard errors of the estimates from n independent rows, by their influence functions.

    Both estimates are ratios of means over rows, num / V: a row has the influence (num_k - S v_k) / V.
    """
    f = outputs.reshape(-1, n)
    f = f - f[:2].mean()
    v = (f[0] ** 2 + f[1] ** 2) / 2.0
    errors = []
    for index, mixed in enumerate(f[2:]):
        one = (f[1] * (mixed - f[0]) - first[index] * v) / v.mean()
        two = ((f[0] - mixed) ** 2 / 2.0 - total[index] * v) / v.mean()
        errors.append((one.std() / math.sqrt(n), two.std() / math.sqrt(n)))
    return np.array(errors).T


def ishigami(x):
    x = (2.0 * x - 1.0) * np.pi
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices():
    """Ishigami & Homma 1990, with a = 7 and b = 0.1."""
    a, b = 7.0, 0.1
    one = (1.0 + b * np.pi**4 / 5.0) ** 2 / 2.0
    two = a**2 / 8.0
    both = b**2 * np.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    variance = one + two + both
    return np.array([one, two, 0.0]) / variance, np.array([one + both, two, both]) / variance


G_WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0])


def g_function(x):
    return np.prod((np.abs(4.0 * x - 2.0) + G_WEIGHTS) / (1.0 + G_WEIGHTS), axis=1)


def g_indices():
    """Saltelli & Sobol 1995: partial variances 1 / (3 (1 + a)^2), multiplied."""
    alone = 1.0 / (3.0 * (1.0 + G_WEIGHTS) ** 2)
    variance = np.prod(1.0 + alone) - 1.0
    total = alone * np.prod(1.0 + alone) / (1.0 + alone)
    return alone / variance, total / variance


def additive(x):
    return 3.0 + x @ np.array([4.0, 2.0, 1.0])


def additive_indices():
    share = np.array([16.0, 4.0, 1.0]) / 21.0
    return share, share


@pytest.mark.parametrize(
    ("function", "indices"),
    [(ishigami, ishigami_indices), (g_function, g_indices), (additive, additive_indices)],
)
def test_indices_are_those_in_closed_form(function, indices):
    first, total = indices()
    n = 1 << 14
    rows = saltelli_rows(n, first.size, uniform)
    outputs = function(rows)
    found = sensitivity(saltelli_results(rows, outputs, n), "projection_rate_hz", n_resamples=100)
    errors = standard_errors(outputs, n, first, total)
    assert (errors < 0.04).all(), "the bound would say nothing"
    assert (np.abs(found["first_order"] - first) <= STANDARD_DEVIATIONS * errors[0]).all()
    assert (np.abs(found["total_order"] - total) <= STANDARD_DEVIATIONS * errors[1]).all()


def test_indices_are_those_of_scipy():
    n = 256
    rows = saltelli_rows(n, 3, uniform)
    outputs = ishigami(rows)
    parts = outputs.reshape(5, 1, n)
    theirs = stats.sobol_indices(func={"f_A": parts[0], "f_B": parts[1], "f_AB": parts[2:]}, n=n)
    found = sensitivity(saltelli_results(rows, outputs, n), "projection_rate_hz")
    # Rounding alone: sums of 256 values.
    np.testing.assert_allclose(found["first_order"], theirs.first_order, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found["total_order"], theirs.total_order, rtol=1e-10, atol=1e-13)


def test_intervals_hold_the_indices_about_as_often_as_they_say():
    """Hits are binomial about 95 %; of 256 rows, percentile intervals may miss up to 3 % more (Efron 1987: O(1/n) of skewed estimates)."""
    n, n_trials = 256, 300
    generator = np.random.default_rng(5)
    rows = saltelli_rows(n, 3, uniform)
    outputs = np.stack(
        [
            additive(saltelli_rows(n, 3, lambda n, d: generator.uniform(size=(n, d))))
            for _ in range(n_trials)
        ],
        axis=1,
    )
    results = saltelli_results(rows, outputs, n, {"fiber": np.arange(n_trials)})
    found = sensitivity(results, "projection_rate_hz", n_resamples=400)
    true = np.array(additive_indices())[:, :, None]
    hits = ((found.low <= true) & (true <= found.high)).mean(axis=2)
    error = math.sqrt(0.95 * 0.05 / n_trials)
    assert (hits >= 0.92 - STANDARD_DEVIATIONS * error).all()
    assert (hits <= 0.95 + STANDARD_DEVIATIONS * error).all()


def test_intervals_are_the_same_each_time_and_wider_with_more_confidence():
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    results = saltelli_results(rows, ishigami(rows), n)
    one, two = (sensitivity(results, "projection_rate_hz") for _ in range(2))
    assert np.array_equal(one.low, two.low)
    wide = sensitivity(results, "projection_rate_hz", confidence=0.99)
    assert (wide.high - wide.low > one.high - one.low).all()


def test_each_value_of_inner_dimensions_has_its_own_indices():
    n = 128
    rows = saltelli_rows(n, 3, uniform)
    outputs = np.stack([ishigami(rows), additive(rows)], axis=1)
    results = saltelli_results(rows, outputs, n, {"contact": ["c1", "c2"]})
    both = sensitivity(results, "projection_rate_hz")
    assert both.dims == ("contact",)
    assert both.values.shape == (2, 3, 2)
    second = sensitivity(results, "projection_rate_hz", {"contact": "c2"})
    assert second.dims == ()
    assert np.array_equal(second.values, both.values[:, :, 1])
    alone = saltelli_results(rows, additive(rows), n)
    assert np.array_equal(sensitivity(alone, "projection_rate_hz").values, second.values)
    depths = saltelli_results(rows, outputs, n, {"depth_mm": [0.3, 0.1 + 0.2 + 0.3]})
    close = sensitivity(depths, "projection_rate_hz", {"depth_mm": 0.6})
    assert np.array_equal(close.values, second.values)


def test_rows_with_a_failure_are_dropped_whole_and_counted():
    n = 128
    rows = saltelli_rows(n, 3, uniform)
    outputs = ishigami(rows)
    outputs[3] = np.nan  # of A
    outputs[n + 7] = np.inf  # of B
    outputs[2 * n + 3] = np.nan  # of AB_1, the same row as that of A
    found = sensitivity(saltelli_results(rows, outputs, n), "projection_rate_hz")
    assert int(found.n_dropped) == 2
    kept = np.delete(np.arange(n), [3, 7])
    f = ishigami(rows).reshape(5, n)[:, kept]
    f = f - f[:2].mean()
    first = (f[1] * (f[2:] - f[0])).mean(axis=1) / np.var(f[:2])
    np.testing.assert_allclose(found["first_order"], first, rtol=1e-10, atol=1e-13)
    assert any("2 of 128 rows are left out" in note for note in found.notes)


def test_whole_numbers_below_zero_are_lost_rows():
    n = 128
    rows = saltelli_rows(n, 3, uniform)
    counts = np.round(10.0 * additive(rows)).astype(np.int64)
    counts[5] = -1
    found = sensitivity(
        saltelli_results(rows, counts, n, name="block_onset_spikes"), "block_onset_spikes"
    )
    lost = saltelli_results(rows, np.where(counts < 0, np.nan, counts), n)
    assert int(found.n_dropped) == 1
    np.testing.assert_array_equal(found.values, sensitivity(lost, "projection_rate_hz").values)


def test_too_many_lost_rows_are_refused():
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    outputs = ishigami(rows)
    outputs[:13] = np.nan  # 20.3 %
    with pytest.raises(ResultsError, match=r"13 of 64 rows .* at most 20 % .* narrow the distrib"):
        sensitivity(saltelli_results(rows, outputs, n), "projection_rate_hz")
    outputs = np.where(np.arange(outputs.size) == 12, 0.0, outputs)  # 18.8 %
    assert (
        int(sensitivity(saltelli_results(rows, outputs, n), "projection_rate_hz").n_dropped) == 12
    )
    small = saltelli_rows(8, 3, uniform)
    with pytest.raises(ResultsError, match=r"has 8 rows, and at least 16 are needed .* raise n"):
        sensitivity(saltelli_results(small, ishigami(small), 8), "projection_rate_hz")


def test_one_output_with_too_few_rows_does_not_lose_the_others():
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    outputs = np.stack([ishigami(rows), np.full(rows.shape[0], np.nan)], axis=1)
    found = sensitivity(saltelli_results(rows, outputs, n, {"fiber": [0, 1]}), "projection_rate_hz")
    assert np.isfinite(found.values[..., 0]).all()
    assert np.isnan(found.values[..., 1]).all()
    assert any("1 of 2 outputs have too few rows" in note for note in found.notes)


@pytest.mark.parametrize("constant", [0.0, 1e6, 0.1])
def test_a_constant_output_has_no_indices(constant):
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    # Noise of rounding is no variance.
    noisy = constant * (1.0 + np.finfo(float).eps * np.sign(rows[:, 0] - 0.5))
    found = sensitivity(saltelli_results(rows, noisy, n), "projection_rate_hz")
    assert float(found.variance) == 0.0
    assert np.isnan(found.values).all()
    assert any("constant" in note for note in found.notes)


@pytest.mark.parametrize("is_seed_slow", [True, False])
def test_repeats_are_averaged_first(is_seed_slow):
    """Whether all cases of a seed, or all seeds of a case, follow each other; equal rows among them."""
    n = 64
    rows = saltelli_rows(n, 2, lambda n, d: np.random.default_rng(9).integers(0, 3, (n, d)) * 1.0)
    mean = rows @ np.array([2.0, 1.0]) + rows[:, 0] * rows[:, 1]
    noise = np.random.default_rng(4).normal(size=mean.size)
    outputs = np.stack([mean + noise, mean - noise])
    order = np.arange(outputs.size).reshape(2, -1)
    order = order.ravel() if is_seed_slow else order.T.ravel()
    results = made_results(
        {
            "table.x0": np.tile(rows[:, 0], 2)[order],
            "table.x1": np.tile(rows[:, 1], 2)[order],
            "seed": np.repeat([1, 2], mean.size)[order],
        },
        {"projection_rate_hz": (("case",), outputs.ravel()[order])},
        mode="saltelli",
        sweep={"n": n},
    )
    found = sensitivity(results, "projection_rate_hz")
    plain = sensitivity(saltelli_results(rows, mean, n), "projection_rate_hz")
    assert found.keys == ("table.x0", "table.x1")
    np.testing.assert_allclose(found.values, plain.values, rtol=1e-10, atol=1e-12)


def test_unequal_repeats_are_refused():
    results = made_results(
        {"table.x0": [1.0, 1.0, 2.0], "seed": [1, 2, 1]},
        {"projection_rate_hz": (("case",), [1.0, 2.0, 3.0])},
        mode="saltelli",
        sweep={"n": 1},
    )
    with pytest.raises(ResultsError, match="not all equally often: sensitivity needs the same"):
        sensitivity(results, "projection_rate_hz")


def test_a_part_of_a_sample_or_another_order_is_refused():
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    part = saltelli_results(rows[:-1], ishigami(rows)[:-1], n)
    with pytest.raises(ResultsError, match=r"319 cases for 3 keys, where n = 64 .* shards merged"):
        sensitivity(part, "projection_rate_hz")
    shuffled = saltelli_results(rows[::-1], ishigami(rows), n)
    with pytest.raises(ResultsError, match=r"values of table\.x\d are not those of a Saltelli"):
        sensitivity(shuffled, "projection_rate_hz")


def test_samples_that_go_together_are_told():
    """Of one key alone the total index is 1; with f_A and f_B correlated by r it is estimated as about 1 - r."""
    found = {}
    for n in (16, 256):
        shares = draw_shares("saltelli", n, 5, seed=1)
        rows = saltelli_rows(n, 5, lambda _n, _d, shares=shares: shares)
        for key in range(5):
            one = sensitivity(saltelli_results(rows, rows[:, key], n), "projection_rate_hz")
            together = np.corrcoef(shares[:n, key], shares[n:, key])[0, 1]
            total = float(one["total_order"][key])
            assert total == pytest.approx(1.0 - together, abs=0.1)
            found[n, key] = (abs(together), abs(total - 1.0), one.notes)
    worst = max((found[16, key] for key in range(5)), key=lambda one: one[0])
    assert worst[1] > 0.5
    assert any("n = 16 is too small for 5 keys" in note for note in worst[2])
    assert all(not found[256, key][2] for key in range(5))
    assert max(found[256, key][1] for key in range(5)) < 0.1


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 0, 2), (2, 1, 0)])
def test_the_order_of_keys_in_a_file_does_not_matter(order):
    """Files list keys by name; the blocks of rows follow the config."""
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    found = sensitivity(saltelli_results(rows, ishigami(rows), n), "projection_rate_hz")
    shuffled = made_results(
        {f"table.x{column}": rows[:, column] for column in order},
        {"projection_rate_hz": (("case",), ishigami(rows))},
        mode="saltelli",
        sweep={"n": n},
    )
    other = sensitivity(shuffled, "projection_rate_hz")
    assert other.keys == tuple(f"table.x{column}" for column in order)
    assert np.array_equal(other.values, found.values[:, list(order)])


def test_a_key_with_one_value_explains_nothing():
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    rows[:, 1] = 0.5
    found = sensitivity(saltelli_results(rows, ishigami(rows), n), "projection_rate_hz")
    assert found.values[:, 1].tolist() == [0.0, 0.0]


def test_other_modes_are_refused_with_what_to_do():
    def results(mode):
        return made_results(
            {"table.x0": [1.0, 2.0]}, {"threshold_ma": (("case",), [1.0, 2.0])}, mode=mode
        )

    with pytest.raises(ResultsError, match=r'mode zip: write \[sweep\] mode = "saltelli"'):
        sensitivity(results("zip"), "threshold_ma")
    with pytest.raises(ResultsError, match=r"mode sobol: rank correlations .* scsim\.correlations"):
        sensitivity(results("sobol"), "threshold_ma")
    with pytest.raises(ResultsError, match=r'mode cases: write \[sweep\] mode = "sobol"'):
        correlations(results("cases"), "threshold_ma")
    with pytest.raises(ResultsError, match=r"mode saltelli: Sobol indices .* scsim\.sensitivity"):
        correlations(results("saltelli"), "threshold_ma")


def test_datasets_and_places_that_are_not_there_are_refused():
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    outputs = np.stack([ishigami(rows), additive(rows)], axis=1)
    results = saltelli_results(rows, outputs, n, {"contact": ["c1", "c2"]})
    with pytest.raises(ResultsError, match=r"status is no number .*depends on the sweep"):
        sensitivity(results, "status")
    with pytest.raises(ResultsError, match="charge_uc does not depend on the sweep"):
        sensitivity(results, "charge_uc")
    with pytest.raises(ResultsError, match="contact has no value 'c9': choose one of c1, c2"):
        sensitivity(results, "projection_rate_hz", {"contact": "c9"})
    with pytest.raises(ResultsError, match=r"at names 'fiber', .*inner dimensions contact"):
        sensitivity(results, "projection_rate_hz", {"fiber": 1})
    with pytest.raises(ResultsError, match=r"n_resamples = 99: .* at least 100"):
        sensitivity(results, "projection_rate_hz", n_resamples=99)
    with pytest.raises(ResultsError, match=r"confidence = 95: .* for example 0\.95"):
        sensitivity(results, "projection_rate_hz", confidence=95)
    assert sensitive_datasets(results) == ()
    assert sensitive_datasets(saltelli_results(rows, ishigami(rows), n)) == ("projection_rate_hz",)


# Rank correlations.


def drawn_results(inputs, outputs, mode="random"):
    return made_results(
        {f"table.x{number}": values for number, values in enumerate(inputs)},
        {"threshold_ma": (("case",), outputs)},
        mode=mode,
    )


def partial_by_inverse(ranks):
    """Partial correlations of the last row with the others, from the inverse of the correlation matrix."""
    inverse = np.linalg.inv(np.corrcoef(ranks))
    return -inverse[:-1, -1] / np.sqrt(np.diag(inverse)[:-1] * inverse[-1, -1])


def test_rank_correlations_are_those_of_scipy_and_of_the_inverse_matrix():
    generator = np.random.default_rng(8)
    inputs = generator.uniform(size=(3, 90))
    inputs[2] = np.round(inputs[2], 1)  # ties
    y = np.exp(2.0 * inputs[0]) - inputs[1] + generator.normal(size=90) * 0.3
    found = correlations(drawn_results(inputs, y), "threshold_ma")
    theirs = [stats.spearmanr(one, y).statistic for one in inputs]
    np.testing.assert_allclose(found["spearman"], theirs, rtol=1e-12, atol=1e-14)
    ranks = np.array([stats.rankdata(one) for one in (*inputs, y)])
    np.testing.assert_allclose(
        found["partial_rank"], partial_by_inverse(ranks), rtol=1e-10, atol=1e-12
    )
    assert found.kind == "rank correlations"
    assert any("not shares of variance" in note for note in found.notes)


def test_intervals_of_correlations_hold_zero_as_often_as_they_say():
    """Without any dependence: hits are binomial about 95 %, and Fisher's z is off by O(1/n) with n = 100."""
    n, n_trials = 100, 1000
    generator = np.random.default_rng(6)
    inputs = generator.uniform(size=(2, n))
    results = made_results(
        {"table.x0": inputs[0], "table.x1": inputs[1]},
        {"threshold_ma": (("case", "fiber"), generator.uniform(size=(n, n_trials)))},
        mode="random",
        inner={"fiber": np.arange(n_trials)},
    )
    found = correlations(results, "threshold_ma")
    hits = ((found.low <= 0.0) & (found.high >= 0.0)).mean(axis=2)
    # The inputs are the same for all outputs, so that hits of one key are as those of independent outputs.
    error = STANDARD_DEVIATIONS * math.sqrt(0.95 * 0.05 / n_trials) + 1.0 / n
    assert (np.abs(hits - 0.95) <= error).all()


def test_a_trend_without_noise_has_correlation_one():
    x = np.linspace(0.0, 1.0, 40)
    found = correlations(drawn_results([x], -np.exp(x), "latin"), "threshold_ma")
    assert found["spearman"].tolist() == [-1.0]
    assert found["partial_rank"].tolist() == [-1.0]


def test_keys_without_ranks_are_left_out_and_named():
    x = np.linspace(0.0, 1.0, 40)
    texts = np.array(["a", "b"] * 20)
    found = correlations(drawn_results([x, texts, np.full(40, 2.0)], x), "threshold_ma")
    assert found.keys == ("table.x0",)
    assert any("table.x1, table.x2: left out" in note for note in found.notes)
    with pytest.raises(ResultsError, match=r"no swept key has numbers to rank \(table\.x0\)"):
        correlations(drawn_results([texts], x), "threshold_ma")


def test_lost_cases_constants_and_two_equal_keys_are_handled():
    x = np.linspace(0.0, 1.0, 40)
    y = x.copy()
    y[:3] = np.nan
    found = correlations(drawn_results([x, np.sin(30 * x)], y), "threshold_ma")
    assert int(found.n_dropped) == 3
    assert found["spearman"][0] == 1.0
    y = np.where(np.arange(40) < 10, np.nan, x)
    with pytest.raises(ResultsError, match="10 of 40 rows"):
        correlations(drawn_results([x], y), "threshold_ma")
    constant = correlations(drawn_results([x], np.full(40, 3.0)), "threshold_ma")
    assert np.isnan(constant.values).all()
    twins = correlations(drawn_results([x, 2.0 * x], x), "threshold_ma")
    assert np.isnan(twins["partial_rank"]).all(), "neither says anything beside the other"
    assert twins["spearman"].tolist() == [1.0, 1.0]


# Both.


def test_it_prints_opens_in_xarray_and_is_written_as_csv(tmp_path: Path):
    n = 64
    rows = saltelli_rows(n, 3, uniform)
    outputs = np.stack([ishigami(rows), additive(rows)], axis=1)
    results = saltelli_results(rows, outputs, n, {"contact": ["c1", "c2"]})
    found = sensitivity(results, "projection_rate_hz")
    text = repr(found)
    assert "sobol indices, 95 % confidence intervals" in text
    assert "contact=c2" in text
    assert "table.x1  first order" in text
    data = found.to_xarray()
    assert float(data["total_order"].sel(key="table.x1", contact="c2")) == float(
        found.values[1, 1, 1]
    )
    assert data["variance"].attrs["units"] == "(Hz)^2"
    alone = sensitivity(results, "projection_rate_hz", {"contact": "c1"})
    path = write_sensitivity([found, alone], tmp_path / "indices.csv")
    table = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(table) == 2 * 3 * 2 + 2 * 3
    assert table[0]["contact"] == "c1"
    assert table[-1]["contact"] == ""
    assert {row["measure"] for row in table} == {"first_order", "total_order"}
    assert float(table[0]["value"]) == float(found.values[0, 0, 0])


def test_without_xarray_it_says_what_to_install(monkeypatch):
    found = correlations(drawn_results([np.arange(40.0)], np.arange(40.0)), "threshold_ma")
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ResultsError, match=r"needs xarray, .* install the packages xarray"):
        found.to_xarray()
