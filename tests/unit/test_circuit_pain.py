import numpy as np
import pytest

from scsim.circuit.readouts.pain import MIN_REFERENCE_HZ, pain_signal, rating_illustrative, relief
from scsim.errors import ModelError, Status
from scsim.formats.tables import load_table


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


def test_rating_is_bounded_grows_and_is_half_way_for_the_healthy_signal() -> None:
    signal = np.array([0.0, 0.1, 1.0, 2.0, 1e6, np.inf])
    rating = rating_illustrative(signal)
    assert rating[0] == 0
    assert rating[2] == 50
    assert (np.diff(rating) > 0).all()
    assert rating.max() <= 100
    assert np.isnan(rating_illustrative(np.nan))
    assert rating_illustrative(1.0).shape == ()


def test_rating_refuses_what_is_no_ratio_of_rates() -> None:
    with pytest.raises(
        ModelError, match=r"pain signal = -0\.5: a signal is a ratio of rates, 0 or"
    ):
        rating_illustrative([1.0, -0.5])


def test_rating_says_that_it_is_no_persons() -> None:
    text = " ".join((rating_illustrative.__doc__ or "").split())
    assert "no rating of a person" in text
    assert "must not be used to choose, set or change a stimulator" in text
    table = load_table("readout/rating")
    assert {entry.evidence for entry in table.entries.values()} == {"assumed"}
