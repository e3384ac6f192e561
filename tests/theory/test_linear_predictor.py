"""Thresholds predicted from the linear response, against those found by search.

The constants of ``data/response/linear_threshold.toml`` were measured on the cases below, by `least_worst`;
the long test repeats that (-m long). The quick one takes other cases inside the same ranges.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from scsim.electrodes.sources import PointSource
from scsim.errors import ModelError, Status, StimulusError
from scsim.fibers import Fiber, fiber_models
from scsim.fibers.morphology import is_single_cable
from scsim.fields import HomogeneousMedium
from scsim.formats.tables import load_table
from scsim.response.linear import PredictedThresholds, predict_thresholds
from scsim.response.simulate import simulate
from scsim.response.threshold import ThresholdProtocol, find_thresholds
from scsim.stimulus.carrier import Carrier
from scsim.stimulus.pulse import Pulse
from scsim.stimulus.train import PulseTrain

MEDIUM = HomogeneousMedium(0.2)
TABLE = load_table("response/linear_threshold")
MARGIN = 1.1
"""The stated factor over the worst measured one: room for cases between those measured."""


@dataclass(frozen=True)
class Spread:
    """Cases that the law of a model was measured on."""

    diameters_um: tuple[float, ...]
    distances_mm: tuple[float, ...]
    widths_us: tuple[float, ...]
    length_mm: float
    window_ms: float


MYELINATED = {
    "diameters_um": (2.0, 5.7, 10.0, 16.0),
    "distances_mm": (0.5, 1.0, 2.0, 5.0),
    "widths_us": (20.0, 50.0, 100.0, 200.0, 500.0, 1000.0),
    "length_mm": 60.0,
    "window_ms": 12.0,
}
UNMYELINATED = {
    "diameters_um": (0.5, 1.0, 1.5),
    "distances_mm": (0.1, 0.25, 0.5),
    "widths_us": (100.0, 300.0, 1000.0),
    "length_mm": 4.0,
    "window_ms": 15.0,
}
SPREADS = {
    "mrg": Spread(**{**MYELINATED, "diameters_um": (2.0, 3.0, 5.0, 7.0, 10.0, 13.0, 16.0)}),
    "mrg_discrete": Spread(**{**MYELINATED, "widths_us": (20.0, 100.0, 1000.0)}),
    "mrg_small": Spread(
        **{
            **MYELINATED,
            "diameters_um": (1.5, 3.0, 5.7),
            "distances_mm": (0.25, 0.5, 1.0, 2.0),
            "widths_us": (20.0, 100.0, 1000.0),
            "length_mm": 25.0,
        }
    ),
    "sweeney": Spread(**{**MYELINATED, "diameters_um": (5.0, 10.0, 15.0)}),
    **{
        model: Spread(**UNMYELINATED)
        for model in ("rattay", "sundt", "tigerholm", "schild94", "thio_autonomic")
    },
}


def lay(model: str, spread: Spread) -> tuple[list[Fiber], list[np.ndarray]]:
    """Fibers over all diameters and distances, under a node and, with myelin, halfway between two."""
    fibers, potentials = [], []
    shifts = (0.0,) if is_single_cable(model) and model != "sweeney" else (0.0, 0.5)
    for diameter, distance, shift in product(spread.diameters_um, spread.distances_mm, shifts):
        spacing = Fiber(model, diameter, n_nodes=3).node_positions_mm()[2, 2]
        n_nodes = min(max(round(spread.length_mm / spacing) // 2 * 2 + 1, 31), 501)
        fiber = Fiber(model, diameter, n_nodes=n_nodes)
        fibers.append(fiber)
        source = PointSource((distance, 0.0, shift * spacing))
        potentials += MEDIUM.unit_potential_along([source], [fiber])
    return fibers, potentials


def stimuli(spread: Spread) -> list[tuple[Pulse, str]]:
    return [
        (Pulse(width, shape), polarity)
        for shape, polarity, width in product(
            ("monophasic", "biphasic"), ("cathodic", "anodic"), spread.widths_us
        )
    ]


def least_worst(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit ln u = ln u_1 + a ln T + b ln N so that the worst deviation is least; a linear program."""
    basis = np.column_stack([np.ones(len(rows)), np.log(rows[:, 1:])])
    wall = np.ones((len(rows), 1))
    limits = np.vstack([np.hstack([basis, -wall]), np.hstack([-basis, -wall])])
    target = np.log(rows[:, 0])
    found = linprog(
        [0.0, 0.0, 0.0, 1.0],
        A_ub=limits,
        b_ub=np.concatenate([target, -target]),
        bounds=[(None, None)] * 3 + [(0.0, None)],
    )
    return found.x[:3], float(np.exp(found.x[3]))


def measured_rows(model: str, spread: Spread) -> np.ndarray:
    """Depolarization of the linear fiber at threshold (mV), duration (ms) and nodes raised, per case."""
    fibers, potentials = lay(model, spread)
    protocol = ThresholdProtocol(window_ms=spread.window_ms, upper_ma=1000.0, rtol=2e-3)
    rows = []
    for pulse, polarity in stimuli(spread):
        exact = find_thresholds(fibers, potentials, pulse, polarity=polarity, protocol=protocol)
        linear = predict_thresholds(fibers, potentials, pulse, polarity=polarity, protocol=protocol)
        is_found = exact.status == Status.OK
        rows.append(
            np.column_stack(
                [
                    exact.threshold_ma * linear.rise_mv_per_ma,
                    linear.duration_ms,
                    linear.n_raised,
                ]
            )[is_found]
        )
    return np.concatenate(rows)


def deviation(exact_ma: np.ndarray, predicted: PredictedThresholds) -> np.ndarray:
    return np.abs(np.log(exact_ma / predicted.threshold_ma))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("model", SPREADS)
def test_the_constants_are_those_of_the_cases(model: str) -> None:
    rows = measured_rows(model, SPREADS[model])
    constants, worst = least_worst(rows)
    said = [
        np.log(TABLE.number(f"{model}.critical_depolarization_mv")),
        TABLE.number(f"{model}.duration_exponent"),
        TABLE.number(f"{model}.spread_exponent"),
    ]
    # Constants stand with three digits after the point; thresholds are bisected to 0.2 %.
    assert constants == pytest.approx(said, abs=0.02)
    factor = TABLE.number(f"{model}.bracket_factor")
    assert MARGIN * worst == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize("model", ["mrg", "mrg_discrete", "mrg_small", "sweeney", "sundt"])
def test_the_bracket_holds_the_exact_threshold_of_other_cases(model: str) -> None:
    spread = SPREADS[model]
    rng = np.random.default_rng(5)
    diameters = (
        (5.7, 12.8)
        if model == "mrg_discrete"
        else rng.uniform(min(spread.diameters_um), max(spread.diameters_um), 2)
    )
    other = Spread(
        tuple(float(value) for value in diameters),
        tuple(np.exp(rng.uniform(*np.log(spread.distances_mm)[[0, -1]], 2)).tolist()),
        (35.0, 700.0) if min(spread.widths_us) < 35.0 else (150.0, 700.0),
        spread.length_mm,
        spread.window_ms,
    )
    fibers, potentials = lay(model, other)
    protocol = ThresholdProtocol(window_ms=other.window_ms, upper_ma=1000.0, rtol=1e-2)
    n_held = 0
    for pulse, polarity in stimuli(other):
        exact = find_thresholds(fibers, potentials, pulse, polarity=polarity, protocol=protocol)
        guess = predict_thresholds(fibers, potentials, pulse, polarity=polarity, protocol=protocol)
        is_found = exact.status == Status.OK
        assert np.all(guess.lower_ma[is_found] < exact.threshold_ma[is_found])
        assert np.all(exact.threshold_ma[is_found] < guess.upper_ma[is_found])
        n_held += np.count_nonzero(is_found)
    assert n_held >= 32


def test_the_response_is_linear() -> None:
    fibers, potentials = lay("mrg", Spread((10.0,), (1.0,), (100.0,), 30.0, 5.0))
    pulse = Pulse(100.0)
    guess = predict_thresholds(fibers, potentials, pulse)
    # A hundred times weaker field: a hundred times less rise, everything else as before.
    weak = predict_thresholds(fibers, [0.01 * phi for phi in potentials], pulse)
    assert weak.rise_mv_per_ma == pytest.approx(0.01 * guess.rise_mv_per_ma, rel=1e-6)
    assert weak.n_raised == pytest.approx(guess.n_raised, rel=1e-6)
    assert weak.threshold_ma == pytest.approx(100.0 * guess.threshold_ma, rel=1e-6)
    # And the rise is what a small amplitude really does.
    amplitude = 1e-5
    response = simulate(fibers, potentials, pulse, amplitude_ma=amplitude, window_ms=0.2)
    rise = [(v - v[:, :1]).max() / amplitude for v in response.v_m_mv]
    assert guess.rise_mv_per_ma == pytest.approx(rise, rel=1e-3)


def test_both_phases_of_a_pulse_count() -> None:
    # An anodic first phase raises other nodes than the cathodic second one; the larger rise counts.
    fibers, potentials = lay("mrg", Spread((10.0,), (1.0,), (100.0,), 30.0, 5.0))
    cathodic, anodic = (
        predict_thresholds(fibers, potentials, Pulse(200.0, "biphasic"), polarity=polarity)
        for polarity in ("cathodic", "anodic")
    )
    assert cathodic.node[0] == fibers[0].middle_node
    assert anodic.node[0] == fibers[0].middle_node


def test_a_field_that_raises_nothing_is_a_status() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=21)
    found = predict_thresholds([fiber], [np.full((1, fiber.n_compartments), 3.0)], Pulse(100.0))
    assert found.status[0] == Status.NO_THRESHOLD_IN_RANGE
    assert np.isnan(found.threshold_ma[0])
    assert "fiber 0: no_threshold_in_range" in str(found)


def test_it_prints_the_bracket() -> None:
    fibers, potentials = lay("mrg", Spread((10.0,), (1.0,), (100.0,), 30.0, 5.0))
    text = str(predict_thresholds(fibers, potentials, Pulse(100.0)))
    assert text.startswith("fiber 0: about 0.")
    assert " mA, between 0." in text


def test_models_without_a_measured_law_are_refused() -> None:
    unmeasured = sorted(set(fiber_models()) - set(SPREADS))
    assert unmeasured == ["schild97", "thio_cutaneous"]
    fiber = Fiber("schild97", 1.0, n_nodes=31)
    with pytest.raises(
        ModelError,
        match=r"'schild97': .* has not been measured, only those of mrg, .*find_thresholds",
    ):
        predict_thresholds([fiber], [np.zeros((1, 31))], Pulse(100.0))


def test_only_single_pulses_are_predicted() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=11)
    unit = [np.linspace(1.0, 2.0, fiber.n_compartments)[None, :]]
    for waveform in (Carrier("sine", 5000.0), PulseTrain(Pulse(100.0), (0.1, 1.1))):
        with pytest.raises(StimulusError, match=r"measured for single pulses; give a Pulse"):
            predict_thresholds([fiber], unit, waveform)
