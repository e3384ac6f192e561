import numpy as np
import pytest

from scsim.circuit.pain import MIN_REFERENCE_HZ, pain_signal, relief
from scsim.errors import Status


def test_pain_signal_is_a_share_of_the_healthy_rate() -> None:
    ratio = pain_signal([0.0, 25.0, 50.0], 50.0)
    assert ratio.value.tolist() == [0.0, 0.5, 1.0]
    assert ratio.status.tolist() == [Status.OK] * 3
    assert ratio.status.dtype == np.int8


def test_relief_is_the_share_taken_away() -> None:
    ratio = relief(np.array([0.0, 30.0, 60.0]), np.array([50.0, 40.0, 40.0]))
    assert ratio.value.tolist() == [1.0, 0.25, -0.5]


@pytest.mark.parametrize("measure", [pain_signal, relief])
def test_low_reference_has_a_status_and_no_value(measure) -> None:  # type: ignore[no-untyped-def]
    ratio = measure([1.0, 1.0, 1.0], [0.0, MIN_REFERENCE_HZ - 1e-9, MIN_REFERENCE_HZ])
    assert ratio.status.tolist() == [Status.REFERENCE_TOO_LOW] * 2 + [Status.OK]
    assert np.isnan(ratio.value).tolist() == [True, True, False]


@pytest.mark.parametrize("measure", [pain_signal, relief])
def test_rates_that_are_not_finite_are_told_apart(measure) -> None:  # type: ignore[no-untyped-def]
    ratio = measure([np.nan, 1.0, np.inf], [1.0, np.nan, 1.0])
    assert ratio.status.tolist() == [Status.NOT_FINITE] * 3
    assert np.isnan(ratio.value).all()


def test_single_numbers_give_arrays_without_axes() -> None:
    ratio = pain_signal(10.0, 40.0)
    assert ratio.value.shape == ()
    assert float(ratio.value) == 0.25
