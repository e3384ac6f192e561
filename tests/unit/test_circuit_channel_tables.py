"""The constants in data/channels give the rate functions of the published program (models.md 1.5 of the reference)."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from scsim.circuit.networks.neurons import channel_kinds
from scsim.formats.tables import Table, load_table

VOLTAGES = np.arange(-90.03, 41.0, 3.7)
Q = 3**1.3


def rate(table: Table, key: str, v: float) -> float:
    """Evaluate a rate by the rule that the descriptions of the tables state."""
    form = table.value(f"{key}.form")
    scale = table.number(f"{key}.scale_mv")
    z = (v - table.number(f"{key}.midpoint_mv")) / scale
    size = table.number(f"{key}.rate") if f"{key}.rate" in table.entries else 1.0
    offset = table.number(f"{key}.offset") if f"{key}.offset" in table.entries else 0.0
    shapes: dict[str, Callable[[], float]] = {
        "linear": lambda: abs(scale) * z / -math.expm1(-z),
        "exponential": lambda: math.exp(z),
        "sigmoid": lambda: 1 / (1 + math.exp(-z)),
    }
    return size * shapes[str(form)]() + offset


def f(x: float, y: float) -> float:
    return x / (math.exp(x / y) - 1)


FORMULAS: dict[tuple[str, str], Callable[[float], float]] = {
    ("na_b", "m.alpha"): lambda v: 0.182 * f(-(v + 28), 9),
    ("na_b", "m.beta"): lambda v: 0.124 * f(v + 28, 9),
    ("na_b", "h.alpha"): lambda v: 0.061 * f(-(v + 35), 3) + 0.0166,
    ("na_b", "h.beta"): lambda v: 0.0018 * f(v + 71, 18),
    ("na_b", "h.steady"): lambda v: 1 / (1 + math.exp((v + 64) / 9)),
    ("k_dri", "n.alpha"): lambda v: 0.035 * f(-(v + 15), 9),
    ("k_dri", "n.beta"): lambda v: 0.014 * math.exp((12 - v) / 46),
    ("k_dri", "h.alpha"): lambda v: 0.0083 * (1 + 1 / (1 + math.exp((v + 20) / 10))),
    ("k_dri", "h.beta"): lambda v: 0.0083 / (1 + math.exp(-(v + 20) / 10)),
    ("hh2_na", "m.alpha"): lambda v: 0.32 * (13 - (v + 55)) / (math.exp((13 - (v + 55)) / 4) - 1),
    ("hh2_na", "m.beta"): lambda v: 0.28 * ((v + 55) - 40) / (math.exp(((v + 55) - 40) / 5) - 1),
    ("hh2_na", "h.alpha"): lambda v: 0.128 * math.exp((12 - (v + 55)) / 18),
    ("hh2_na", "h.beta"): lambda v: 4 / (1 + math.exp((35 - (v + 55)) / 5)),
    ("hh2_k", "n.alpha"): lambda v: 0.032 * (15 - (v + 55)) / (math.exp((15 - (v + 55)) / 5) - 1),
    ("hh2_k", "n.beta"): lambda v: 0.5 * math.exp((10 - (v + 55)) / 40),
    ("na_p", "m.alpha"): lambda v: 0.32 * (11 - (v + 55)) / (math.exp((11 - (v + 55)) / 4) - 1),
    ("na_p", "m.beta"): lambda v: 0.28 * ((v + 55) - 42) / (math.exp(((v + 55) - 42) / 5) - 1),
    ("na_p", "h.alpha"): lambda v: 0.128 * math.exp((12 - (v + 55)) / 18),
    ("na_p", "h.beta"): lambda v: 4 / (1 + math.exp((35 - (v + 55)) / 10)),
    ("ca_l", "m.alpha"): lambda v: 1.6 / (1 + math.exp(-0.072 * (v - 5))),
    ("ca_l", "m.beta"): lambda v: 0.02 * (v - 1.31) / (math.exp((v - 1.31) / 5.36) - 1),
    ("ca_l", "m.steady"): lambda v: 1 / (1 + math.exp(-(v + 10) / 10)),
    ("k_a", "n.alpha"): lambda v: 0.032 * f(-(v + 64), 6),
    ("k_a", "n.beta"): lambda v: 0.203 * math.exp(-(v + 40) / 24),
    ("k_a", "h.alpha"): lambda v: 0.05 / (1 + math.exp((v + 86) / 10)),
    ("k_a", "h.beta"): lambda v: 0.05 / (1 + math.exp(-(v + 86) / 10)),
}


@pytest.mark.parametrize(("kind", "key"), FORMULAS)
def test_rates_are_those_of_the_program(kind: str, key: str) -> None:
    table = load_table(f"channels/{kind}")
    for v in VOLTAGES:
        # Rounding of an exponential of up to 40 multiplies by about 40 × 2⁻⁵³; 1e-11 leaves room for 1 - exp near 0.
        assert rate(table, key, v) == pytest.approx(FORMULAS[kind, key](v), rel=1e-11)


def test_no_rate_of_a_table_is_left_unchecked() -> None:
    written = {
        (kind, key.removesuffix(".form"))
        for kind in channel_kinds()
        for key in load_table(f"channels/{kind}").entries
        if key.endswith(".form")
    }
    assert written == set(FORMULAS)


@pytest.mark.parametrize(
    ("kind", "powers", "factor"),
    [
        ("na_b", {"m": 3, "h": 1}, Q),
        ("k_dri", {"n": 4, "h": 1}, Q),
        ("hh2_na", {"m": 3, "h": 1}, None),
        ("hh2_k", {"n": 4}, None),
        ("na_p", {"m": 1, "h": 1}, None),
        ("ca_l", {"m": 2}, 3**1.25),
        ("k_ca", {"m": 3}, 3**1.4),
        ("can", {"m": 2}, 3**1.4),
        ("k_a", {"n": 4, "h": 1}, Q),
    ],
)
def test_powers_and_factors_of_temperature(
    kind: str, powers: dict[str, int], factor: float | None
) -> None:
    table = load_table(f"channels/{kind}")
    found = {
        k.removesuffix(".power"): table.value(k) for k in table.entries if k.endswith(".power")
    }
    assert found == powers
    if factor is None:
        assert "q10" not in table.entries
    else:
        assert table.number("q10") ** table.number("q10_power") == pytest.approx(factor, rel=1e-15)


def test_the_table_of_k_dri_has_the_spacing_of_the_program() -> None:
    table = load_table("channels/k_dri")
    width = table.number("table.to_mv") - table.number("table.from_mv")
    assert width / (table.number("table.n_points") - 1) == pytest.approx(1.3)
