"""Sobol indices of studies that scsim runs: of a product and of a quotient they are known in closed form."""

import math

import numpy as np
import pytest

from scsim.plots.pictures import picture_names
from scsim.results.sensitivity import sensitivity
from scsim.results.store import load_results
from scsim.study.run import run
from tests.study.small_study import small_study
from tests.unit.test_results_sensitivity import STANDARD_DEVIATIONS, standard_errors

N = 64

TEXT = f"""
title = "Charge and field"
seed = 5

[tissue]
preset = "thoracic"

[lead]
preset = "percutaneous-4"

[field]
solver = "analytic"
contact_model = "line"
sigma_s_per_m = {{ sweep = {{ uniform = [0.1, 0.4] }} }}

[montage]
c2 = -1.0
c3 = 1.0

[stimulus]
pattern = "tonic"
pulse_width_us = 200
amplitude_ma = {{ sweep = {{ uniform = [1.0, 5.0] }} }}
frequency_hz = {{ sweep = {{ uniform = [20.0, 80.0] }} }}

[output]
save = ["field_profile"]

[sweep]
mode = "saltelli"
n = {N}
"""

RATE, AMPLITUDE, SIGMA = "stimulus.frequency_hz", "stimulus.amplitude_ma", "field.sigma_s_per_m"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """From the file, which lists its keys in another order than the rows of the sample follow."""
    folder = tmp_path_factory.mktemp("saltelli")
    run(small_study(text=TEXT), folder)
    return load_results(folder)


def product_indices() -> dict[str, tuple[float, float]]:
    """First and total indices of a product of two independent uniform numbers.

    V = E[a^2] E[w^2] - E[a]^2 E[w]^2, of which Var(a) E[w]^2 is that of a alone.
    """

    def moments(low: float, high: float) -> tuple[float, float]:
        return (low + high) / 2.0, (high - low) ** 2 / 12.0

    (a, var_a), (w, var_w) = moments(1.0, 5.0), moments(20.0, 80.0)
    variance = (var_a + a**2) * (var_w + w**2) - a**2 * w**2
    alone_a, alone_w = var_a * w**2 / variance, var_w * a**2 / variance
    return {
        SIGMA: (0.0, 0.0),
        AMPLITUDE: (alone_a, 1.0 - alone_w),
        RATE: (alone_w, 1.0 - alone_a),
    }


def test_charge_per_second_is_a_product_of_rate_and_amplitude(results):
    found = sensitivity(results, "charge_per_second_uc", {"contact": "c2"})
    known = product_indices()
    assert set(found.keys) == set(known)
    first, total = (np.array([known[key][place] for key in found.keys]) for place in (0, 1))
    contact = results.coordinates["contact"].tolist().index("c2")
    errors = standard_errors(results.dataset("charge_per_second_uc")[:, contact], N, first, total)
    assert (np.abs(found["first_order"] - first) <= STANDARD_DEVIATIONS * errors[0]).all()
    assert (np.abs(found["total_order"] - total) <= STANDARD_DEVIATIONS * errors[1]).all()
    assert found["total_order"][found.keys.index(SIGMA)] == 0.0, "not a bit of it"


def test_a_contact_without_current_has_a_constant_charge(results):
    found = sensitivity(results, "charge_per_second_uc")
    idle = results.coordinates["contact"].tolist().index("c1")
    assert np.isnan(found.values[..., idle]).all()
    assert found.variance[idle] == 0.0


def test_the_field_depends_on_the_conductivity_alone(results):
    """Potentials go with 1 / sigma, so that sigma explains everything and all else nothing."""
    (name, *_) = [one for one in results.names if one.startswith("profile_peak")]
    found = sensitivity(results, name)
    place = found.keys.index(SIGMA)
    others = np.delete(found.values, place, axis=1)
    assert (others == 0.0).all()
    values = results.dataset(name)[:, 0]
    errors = standard_errors(values, N, np.eye(3)[place], np.eye(3)[place])[:, place]
    assert (np.abs(found.values[:, place, 0] - 1.0) <= STANDARD_DEVIATIONS * errors).all()
    # Not only near: the same at each depth, since all depths scale alike.
    spread = np.ptp(found.values[:, place], axis=-1)
    assert (spread <= 1e-9).all()
    assert math.isclose(float(found["first_order"][place, 0]), 1.0, abs_tol=0.2)


def test_the_picture_is_among_those_of_the_study(results):
    assert "sensitivity" in picture_names(results)
    assert "intervals" not in picture_names(results)
