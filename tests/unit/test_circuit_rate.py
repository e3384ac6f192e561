import math
from dataclasses import replace

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.rate import InputBoxes, RateBox, SampledRates, grid_fault, parameter_names
from scsim.circuit.rates.run_rate import simulate_rates, steady_state
from scsim.errors import ConvergenceError, ModelError, Status

CIRCUIT = load_circuit("crodelle2019")
REST = InputBoxes(1.0, 1.0)


@pytest.mark.parametrize(
    ("change", "value", "advice"),
    [
        ({"g_ip": math.nan}, "g_ip = nan", "finite number; correct the table"),
        ({"g_ce": math.inf}, "g_ce = inf", "finite number; correct the table"),
        ({"nmda_width_hz": 0.0}, "nmda_width_hz = 0.0 Hz", "above 0; correct the table"),
        ({"excitatory_max_hz": -60.0}, "excitatory_max_hz = -60.0 Hz", "above 0; correct"),
        ({"tau_nmda_ms": 0.01}, "tau_nmda_ms = 0.01 ms", "at least 0.05 ms, half a step; correct"),
    ],
)
def test_bad_parameters_are_refused(change: dict[str, float], value: str, advice: str) -> None:
    with pytest.raises(ModelError, match=value) as caught:
        replace(CIRCUIT, **change)
    assert advice in str(caught.value)
    assert "crodelle2019" in str(caught.value)


def test_parameters_are_the_numbers_of_the_circuit() -> None:
    assert len(parameter_names()) == 24
    assert {"name", "title", "mechanisms"}.isdisjoint(parameter_names())


@pytest.mark.parametrize(
    ("arguments", "value", "advice"),
    [
        ((0.5, 0.5, 22.0), "from 0.5 s to 0.5 s", "end after its start; exchange or move"),
        ((-0.1, 0.5, 22.0), "from -0.1 s to 0.5 s", "start at 0 s or later"),
        ((math.nan, 0.5, 22.0), "from nan s", "exchange or move the two times"),
        ((0.0, math.nan, 22.0), "to nan s", "exchange or move the two times"),
        ((0.0, 0.5, -1.0), "= -1.0 Hz", "0 or above; typical values are 1 to 100 Hz"),
        ((0.0, 0.5, math.inf), "= inf Hz", "finite number"),
        ((0.0, 0.5, 22.0, 0.4), "of 0.5 s repeated every 0.4 s", "use at least its length"),
        ((0.0, 0.5, 22.0, math.inf), "repeated every inf s", "use at least its length"),
    ],
)
def test_bad_boxes_are_refused(arguments: tuple[float, ...], value: str, advice: str) -> None:
    with pytest.raises(ModelError, match=value) as caught:
        RateBox(*arguments)
    assert advice in str(caught.value)


@pytest.mark.parametrize("name", ["A-beta", "C"])
def test_bad_resting_rates_are_refused(name: str) -> None:
    rates = (-2.0, 1.0) if name == "A-beta" else (1.0, -2.0)
    with pytest.raises(ModelError, match=f"resting rate of the {name} fibers = -2.0 Hz: .*above"):
        InputBoxes(*rates)


def test_a_time_off_the_grid_names_the_nearest() -> None:
    assert grid_fault(0.59, 1e-4) == ""
    assert grid_fault(1.23456, 1e-4).endswith("whole number of 0.0001 s; the nearest is 1.2346 s.")
    assert grid_fault(1e-6, 1e-4).endswith("the nearest is 0.0001 s.")
    assert "finite" in grid_fault(math.nan, 1e-4)


@pytest.mark.parametrize(
    ("options", "value", "advice"),
    [
        ({"duration_s": 1.005}, "duration_s = 1.005 s", "whole number of 0.01 s; the nearest is 1"),
        ({"duration_s": 0.0}, "duration_s = 0.0 s", "above 0; use at least 0.01 s"),
        ({"duration_s": -1.0}, "duration_s = -1.0 s", "above 0; use at least 0.01 s"),
        ({"duration_s": math.inf}, "duration_s = inf s", "finite, whole number of 0.01 s; use for"),
        ({"duration_s": 1.0, "sample_s": 0.00016}, "sample_s = 0.00016 s", "nearest is 0.0002 s"),
        ({"duration_s": 1.0, "sample_s": 0.0}, "sample_s = 0.0 s", "use at least 0.0001 s"),
        ({"duration_s": 1.0, "readout_s": 0.0}, "readout_s = 0.0 s", "use at least 0.01 s"),
        ({"duration_s": 1.0, "readout_s": 0.503}, "readout_s = 0.503 s", "nearest is 0.5 s"),
        ({"duration_s": 1.0, "readout_s": 2.0}, "2.0 s in a run of 1.0 s", "must fit into the run"),
    ],
)
def test_bad_times_are_refused(options: dict[str, float], value: str, advice: str) -> None:
    with pytest.raises(ModelError, match=value) as caught:
        simulate_rates([CIRCUIT], [REST], **options)
    assert advice in str(caught.value)


def test_each_condition_needs_circuit_and_input() -> None:
    with pytest.raises(ModelError, match=r"2 circuits and 1 inputs: .* equal length"):
        simulate_rates([CIRCUIT, CIRCUIT], [REST], duration_s=0.1)


def test_no_conditions_give_an_empty_response() -> None:
    response = simulate_rates([], [], duration_s=0.1)
    assert response.projection_rate_hz.shape == (0, 11)
    assert response.mean_projection_rate_hz.shape == (0,)
    assert response.status.dtype == np.int8
    assert "0 conditions" in repr(response)


def test_seventeen_conditions_take_two_batches_and_keep_their_order() -> None:
    inputs = [InputBoxes(float(rate), 1.0) for rate in range(17)]
    response = simulate_rates([CIRCUIT] * 17, inputs, duration_s=0.3)
    assert (np.diff(response.inhibitory_rate_hz[:, -1]) > 0).all()
    alone = simulate_rates([CIRCUIT], inputs[16:], duration_s=0.3)
    assert np.array_equal(alone.inhibitory_rate_hz[0], response.inhibitory_rate_hz[16])
    assert response.time_s[1] == 0.01
    assert response.time_s[-1] == 0.3


def test_a_condition_that_leaves_the_finite_numbers_has_a_status() -> None:
    broken = replace(CIRCUIT, g_abp=1e308, g_ip=1e308)
    response = simulate_rates(
        [CIRCUIT, broken], [InputBoxes(100.0, 1.0)] * 2, duration_s=0.1, readout_s=0.05
    )
    assert response.status.tolist() == [Status.OK, Status.NOT_FINITE]
    assert np.isfinite(response.mean_projection_rate_hz[0])
    assert np.isnan(response.mean_projection_rate_hz[1])


def test_readout_is_the_end_of_the_run() -> None:
    inputs = InputBoxes(1.0, 1.0, c=(RateBox(0.5, math.inf, 22.0),))
    options = {"duration_s": 1.0, "sample_s": 0.01}
    whole = simulate_rates([CIRCUIT], [inputs], **options)
    late = simulate_rates([CIRCUIT], [inputs], **options, readout_s=0.2)
    assert late.mean_projection_rate_hz[0] > 1.5 * whole.mean_projection_rate_hz[0]
    assert whole.mean_projection_rate_hz[0] == pytest.approx(whole.projection_spikes[0, -1])


def test_steady_state_broadcasts() -> None:
    steady = steady_state(CIRCUIT, np.array([[1.0], [30.0]]), np.array([1.0, 10.0, 22.0]))
    assert steady.projection_rate_hz.shape == (2, 3)
    assert steady.excitatory_rate_hz.shape == (2, 3)
    assert steady.inhibitory_rate_hz.shape == (2, 3)
    assert steady.nmda_gain.shape == (2, 3)


@pytest.mark.parametrize(("f_a", "f_c", "value"), [(-1.0, 1.0, "f_a_hz"), (1.0, np.nan, "f_c_hz")])
def test_steady_state_refuses_bad_inputs(f_a: float, f_c: float, value: str) -> None:
    with pytest.raises(ModelError, match=rf"{value} = .* Hz: a rate must be a finite number"):
        steady_state(CIRCUIT, f_a, f_c)


def test_steady_state_says_when_it_does_not_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scsim.circuit.rates.run_rate._MAX_ITERATIONS", 3)
    with pytest.raises(
        ConvergenceError, match=r"crodelle2019: .* after 3 iterations; .* move them"
    ):
        steady_state(CIRCUIT, 20.0, 18.0)


@pytest.mark.parametrize(
    ("sample_s", "a_beta", "message"),
    [
        (0.00105, [1.0], r"sample_s of sampled rates = 0.00105 s: .* the nearest is"),
        (0.001, [], r"a_beta_hz has the shape \(0,\): .* at least one sample"),
        (0.001, [[1.0]], r"a_beta_hz has the shape \(1, 1\)"),
        (0.001, [1.0, math.nan], r"a_beta_hz\[1\] = nan Hz: a rate must be a finite number"),
    ],
    ids=["grid", "empty", "shape", "nan"],
)
def test_samples_are_checked(sample_s: float, a_beta: list[float], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        SampledRates(sample_s, np.array(a_beta), np.ones(2))


def test_samples_are_read_only_copies() -> None:
    given = np.ones(3)
    sampled = SampledRates(0.001, given, given)
    given[0] = 2.0
    assert sampled.a_beta_hz.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        sampled.c_hz[0] = 5.0
