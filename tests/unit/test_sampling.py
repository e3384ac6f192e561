"""Sampled sweeps: distributions, balance of the draws, order of the cases, and what the seed decides."""

import math
import subprocess
import sys
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy import stats

from scsim.study.config import Study, config_hash, resolved_toml
from scsim.study.reading.parse import parse_study
from scsim.study.reading.sampling import Distribution, draw_shares, rows_of_cases
from tests.unit.broken_configs import SOUND

NEAR_FAR = '{ sweep = [{ c4 = -1, c5 = 1 }, { c3 = -1, c5 = 1 }], labels = ["near", "far"] }'


def drawn(mode: str, n: int, *, seed: str = "1", more: str = "", **swept: str) -> Study:
    text = SOUND.replace("seed = 1", f"seed = {seed}")
    for key, value in {"amplitude_ma = 2.0": "{ uniform = [1, 4] }", **swept}.items():
        if key in text:
            text = text.replace(key, f"{key.partition(' ')[0]} = {{ sweep = {value} }}")
    return parse_study(f'{text}{more}\n[sweep]\nmode = "{mode}"\nn = {n}\n')


SHARES = (np.arange(20000) + 0.5) / 20000
"""Evenly spaced: means over them are integrals, to about the inverse of their number."""


@pytest.mark.parametrize(
    ("distribution", "reference"),
    [
        (Distribution("uniform", (1.0, 4.0)), stats.uniform(1, 3)),
        (Distribution("uniform", (-2.0, 5.0)), stats.uniform(-2, 7)),
        (Distribution("loguniform", (0.1, 50.0)), stats.loguniform(0.1, 50)),
        (Distribution("normal", (3.0, 0.5)), stats.norm(3, 0.5)),
        (Distribution("normal", (3.0, 0.5, 2.8, 4.5)), stats.truncnorm(-0.4, 3.0, 3, 0.5)),
        (Distribution("normal", (3.0, 0.5, 4.0, 5.0)), stats.truncnorm(2.0, 4.0, 3, 0.5)),
        (Distribution("normal", (3.0, 0.5, 1.0, 2.0)), stats.truncnorm(-4.0, -2.0, 3, 0.5)),
    ],
    ids=["uniform", "uniform below 0", "loguniform", "normal", "truncated", "upper tail", "lower tail"],
)  # fmt: skip
def test_values_are_quantiles_of_the_distribution(
    distribution: Distribution, reference: Any
) -> None:
    values = np.array(distribution.values(SHARES))
    # In the upper tail values are drawn from its mirror image: as a set they are the same quantiles.
    np.testing.assert_allclose(np.sort(values), reference.ppf(SHARES), rtol=1e-8)
    assert all(value == float(f"{value:.12g}") for value in values)


def test_whole_numbers_are_drawn_with_equal_chance_from_lowest_to_highest() -> None:
    values = Distribution("uniform", (3, 7), is_whole=True).values(SHARES)
    assert all(type(value) is int for value in values)
    assert np.unique(values, return_counts=True)[1].tolist() == [4000] * 5
    assert np.unique(values).tolist() == [3, 4, 5, 6, 7]
    rounded = Distribution("normal", (5.0, 2.0, 4, 9), is_whole=True).values(SHARES)
    assert (min(rounded), max(rounded)) == (4, 9)


def test_times_are_drawn_as_multiples_of_the_step_that_their_key_takes() -> None:
    study = drawn("latin", 16, **{"pulse_width_us = 210": "{ loguniform = [61, 449] }"})
    widths = study.axes[0].values
    assert all(width % 2.5 == 0 for width in widths)
    assert 62.5 <= min(widths) < max(widths) <= 447.5
    assert parse_study(resolved_toml(study)).cases == study.cases


@pytest.mark.parametrize(
    "distribution",
    [
        Distribution("normal", (1e308, 1e308), step=2.5),
        Distribution("normal", (2.0**53, 2.0**53), is_whole=True),
        Distribution("normal", (0.0, 1.0)),
        Distribution("normal", (0.0, 1.0, -1e308, 1e308)),
        Distribution("uniform", (-1e308, 1e308)),
        Distribution("loguniform", (1e-300, 1e300)),
        Distribution("normal", (1e308, 1e308)),
        Distribution("uniform", (0, 2**53), is_whole=True),
    ],
    ids=str,
)
def test_values_are_finite_even_at_the_ends(distribution: Distribution) -> None:
    values = distribution.values(np.array([0.0, 0.5, 1.0 - 2.0**-53, 1.0]))
    assert all(map(math.isfinite, values))
    assert values == sorted(values)


@pytest.mark.parametrize(("mode", "per_cell"), [("latin", 1), ("sobol", 1)])
def test_latin_and_sobol_draws_fill_every_one_of_n_equal_intervals(
    mode: str, per_cell: int
) -> None:
    shares = draw_shares(mode, 64, 3, seed=5)
    for column in shares.T:
        counts = np.bincount((column * 64).astype(int), minlength=64)
        assert counts.tolist() == [per_cell] * 64


def test_draws_follow_from_the_seed_alone() -> None:
    for mode in ("random", "latin", "sobol", "saltelli"):
        first = drawn(mode, 8)
        assert drawn(mode, 8).cases == first.cases
        other = drawn(mode, 8, seed="2")
        assert other.axes[0].values != first.axes[0].values


def test_axis_of_a_distribution_has_the_value_of_every_case() -> None:
    study = drawn("latin", 16)
    (axis,) = study.axes
    assert study.mode == "latin"
    assert study.shape == (16,)
    assert axis.values == tuple(case.config.stimulus.amplitude_ma for case in study.cases)
    assert len(set(axis.values)) == 16
    assert 1 <= min(axis.values) < max(axis.values) <= 4


def test_lists_and_labelled_tables_are_drawn_with_equal_chance() -> None:
    text = SOUND.replace(
        "c4 = -1.0\nc5 = 1.0", NEAR_FAR[1:-1].strip().replace(", labels", "\nlabels")
    )
    text = text.replace("= 50", "= { sweep = [10, 20, 40, 80] }")
    study = parse_study(f'{text}[sweep]\nmode = "sobol"\nn = 64\n')
    labels = [case.values["montage"] for case in study.cases]
    rates = [case.values["stimulus.frequency_hz"] for case in study.cases]
    assert {label: labels.count(label) for label in labels} == {"near": 32, "far": 32}
    assert {rate: rates.count(rate) for rate in rates} == dict.fromkeys(
        (10.0, 20.0, 40.0, 80.0), 16
    )
    assert study.axes[0].labels == ("near", "far")
    assert study.axes[1].values == (10.0, 20.0, 40.0, 80.0)


def test_saltelli_takes_a_then_b_then_a_with_each_column_of_b() -> None:
    n = 8
    study = drawn("saltelli", n, **{"frequency_hz = 50": "[10, 20, 40]"})
    assert [axis.key for axis in study.axes] == ["stimulus.amplitude_ma", "stimulus.frequency_hz"]
    table = np.array([list(case.values.values()) for case in study.cases]).reshape(4, n, 2)
    a, b, a_with_first, a_with_second = table
    np.testing.assert_array_equal(a_with_first, np.column_stack([b[:, 0], a[:, 1]]))
    np.testing.assert_array_equal(a_with_second, np.column_stack([a[:, 0], b[:, 1]]))
    assert not np.array_equal(a, b)
    assert rows_of_cases("saltelli", 1, 2).tolist() == [[0, 0], [1, 1], [1, 0], [0, 1]]


def test_saltelli_design_gives_the_known_indices_of_a_linear_function() -> None:
    # f = 3 x + y of independent uniform x, y has the first-order indices 0.9 and 0.1, total ones the same.
    n = 1024
    shares = draw_shares("saltelli", n, 2, seed=3)
    rows = rows_of_cases("saltelli", n, 2)
    x, y = shares[rows[:, 0], 0], shares[rows[:, 1], 1]
    f_a, f_b, *f_ab = (3 * x + y).reshape(4, n)
    indices = stats.sobol_indices(
        func={"f_A": f_a[None], "f_B": f_b[None], "f_AB": np.array(f_ab)[:, None]}, n=n
    )
    np.testing.assert_allclose(np.ravel(indices.first_order), [0.9, 0.1], atol=0.01)
    np.testing.assert_allclose(np.ravel(indices.total_order), [0.9, 0.1], atol=0.01)


@pytest.mark.parametrize("mode", ["random", "sobol", "latin", "saltelli"])
def test_resolved_config_keeps_the_distribution_and_gives_the_same_study(mode: str) -> None:
    whole = "[fibers]\nn_fibers = { sweep = { uniform = [200, 220] } }\n[sweep_]\n".removesuffix(
        "[sweep_]\n"
    )
    study = drawn(mode, 8, more=whole, **{"frequency_hz = 50": "{ normal = [50, 5, 30, 70] }"})
    text = resolved_toml(study)
    again = parse_study(text)
    assert again.cases == study.cases
    assert again.axes == study.axes
    assert again.resolved == study.resolved
    assert config_hash(again) == config_hash(study)
    assert study.resolved["stimulus"]["frequency_hz"] == {
        "sweep": {"normal": [50.0, 5.0, 30.0, 70.0]}
    }
    assert study.resolved["fibers"]["n_fibers"] == {"sweep": {"uniform": [200, 220]}}
    assert study.resolved["sweep"] == {"mode": mode, "n": 8}


@pytest.mark.parametrize("mode", ["sobol", "saltelli"])
def test_draws_do_not_depend_on_where_the_file_has_a_table_or_key(mode: str) -> None:
    shares = ["c10 = { sweep = { uniform = [-0.9, -0.6] } }", "c9 = { sweep = [-0.4, -0.2] }"]
    lead = '[lead]\npreset = "percutaneous-16"\nlateral_mm = { sweep = { uniform = [0, 1] } }\n'
    plain = SOUND.replace("c4 = -1.0\nc5 = 1.0", "return = 'distant'\n" + "\n".join(shares))
    head = plain.partition("\n\n")[0]
    turned = plain.replace("\n".join(shares), "\n".join(shares[::-1]))
    turned = f"{head}\n{lead}{turned.removeprefix(head)}"
    sweep = f'[sweep]\nmode = "{mode}"\nn = 8\n'
    one, other = parse_study(plain + lead + sweep), parse_study(turned + sweep)
    assert [axis.key for axis in one.axes] == ["lead.lateral_mm", "montage.c9", "montage.c10"]
    assert one.axes == other.axes
    assert [case.values for case in one.cases] == [case.values for case in other.cases]
    assert config_hash(one) == config_hash(other)


# Seeds.


def test_repeats_make_seeds_the_slowest_axis_of_a_grid() -> None:
    text = SOUND.replace("= 2.0", "= { sweep = [1, 2] }") + "[sweep]\nrepeats = 3\n"
    study = parse_study(text)
    axis = study.axes[0]
    assert (axis.key, axis.name, axis.values, axis.unit) == ("seed", "seed", (1, 2, 3), "1")
    assert study.shape == (3, 2)
    assert [case.axis_index for case in study.cases] == [(i, j) for i in range(3) for j in range(2)]
    assert [case.config.seed for case in study.cases] == [1, 1, 2, 2, 3, 3]
    assert study.cases[2].name == "seed=2,amplitude_ma=1"
    assert study.cases[0].config.fibers is study.cases[-1].config.fibers
    assert study.seed == 1
    again = parse_study(resolved_toml(study))
    assert (again.cases, again.axes, again.resolved) == (study.cases, study.axes, study.resolved)


@pytest.mark.parametrize(
    ("seed", "values"),
    [("{ sweep = [7, 3] }", (7, 3)), ("{ sweep = { linspace = [2, 8, 3] } }", (2, 5, 8))],
)
def test_listed_seeds_are_an_axis(seed: str, values: tuple[int, ...]) -> None:
    study = parse_study(SOUND.replace("seed = 1", f"seed = {seed}"))
    assert [axis.values for axis in study.axes] == [values]
    assert [case.name for case in study.cases] == [f"seed={value}" for value in values]
    again = parse_study(resolved_toml(study))
    assert (again.cases, again.axes, again.resolved) == (study.cases, study.axes, study.resolved)


@pytest.mark.parametrize("mode", ["zip", "one_at_a_time", "sobol", "saltelli"])
def test_other_modes_run_all_their_cases_for_one_seed_after_the_other(mode: str) -> None:
    n = "\nn = 4" if mode in {"sobol", "saltelli"} else ""
    base = ", base = 2" if mode == "one_at_a_time" else ""
    text = SOUND.replace("= 2.0", f"= {{ sweep = [1, 2, 3]{base} }}")
    alone = parse_study(f'{text}[sweep]\nmode = "{mode}"{n}\n')
    study = parse_study(f'{text}[sweep]\nmode = "{mode}"\nrepeats = 2{n}\n')
    size = len(alone.cases)
    assert study.shape == (2 * size,)
    key = "stimulus.amplitude_ma"
    values = [case.values[key] for case in alone.cases]
    assert [case.values for case in study.cases] == [
        {"seed": seed, key: value} for seed in (1, 2) for value in values
    ]
    again = parse_study(resolved_toml(study))
    assert (again.cases, again.axes, again.resolved) == (study.cases, study.axes, study.resolved)


def test_case_tables_run_for_every_seed() -> None:
    cases = "[sweep]\nrepeats = 2\n[[case]]\nname = 'a'\n[[case]]\nname = 'b'\nstimulus.amplitude_ma = 3\n"
    study = parse_study(SOUND + cases)
    assert [case.name for case in study.cases] == ["a,seed=1", "b,seed=1", "a,seed=2", "b,seed=2"]
    assert [case.values for case in study.cases] == [
        {"seed": seed, "stimulus.amplitude_ma": amplitude}
        for seed in (1, 2)
        for amplitude in (2.0, 3.0)
    ]
    again = parse_study(resolved_toml(study))
    assert (again.cases, again.axes, again.resolved) == (study.cases, study.axes, study.resolved)


def test_plain_configs_and_help_do_not_import_scipy_stats(repository: Path) -> None:
    program = (
        "import sys\nfrom scsim.study.reading.parse import load_study\n"
        "load_study('configs/quickstart.toml')\nassert 'scipy.stats' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=repository, check=True)
    program = (
        "import sys\nfrom scsim.cli.main import main\ntry:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\nassert not any(name.startswith('scipy') for name in sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", program], cwd=repository, check=True, stdout=subprocess.DEVNULL
    )


def test_the_reference_normal_distribution_is_that_of_python() -> None:
    values = Distribution("normal", (0.0, 1.0)).values(np.array([0.5, 0.975]))
    assert values == [0.0, float(f"{NormalDist().inv_cdf(0.975):.12g}")]
