import math

import numpy as np
import pytest

from scsim.circuit.afferents import AfferentSection, a_beta_rate_hz, noxious_boxes, rate_input
from scsim.circuit.rates.rate import InputBoxes, RateBox
from scsim.errors import ModelError


def test_rate_is_rest_plus_share_times_pulse_rate() -> None:
    section = AfferentSection(a_beta_rest_hz=2.0)
    rates = a_beta_rate_hz(section, np.array([[0.0], [0.5], [1.0]]), [10.0, 100.0])
    assert rates.dtype == np.float64
    assert rates.tolist() == [[2.0, 2.0], [7.0, 52.0], [12.0, 102.0]]
    assert a_beta_rate_hz(section, 1.0 + 1e-12, 10.0) == pytest.approx(12.0)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(ModelError, match=rf"share = {share}: .*between 0 and 1; divide by"):
        a_beta_rate_hz(AfferentSection(), [0.5, share], 10.0)


@pytest.mark.parametrize("frequency_hz", [-5.0, math.nan, math.inf])
def test_pulse_rate_outside_its_range_is_refused(frequency_hz: float) -> None:
    wanted = rf"frequency_hz = {frequency_hz} Hz: .*finite number, 0 or above; typical values are"
    with pytest.raises(ModelError, match=wanted):
        a_beta_rate_hz(AfferentSection(), 0.5, [10.0, frequency_hz])


def test_noxious_input_lasts_from_its_onset() -> None:
    section = AfferentSection(c_rest_hz=0.5, c_noxious_hz=30.0, noxious_onset_s=0.7)
    assert noxious_boxes(rate_input(section), 40.0) == InputBoxes(
        40.0, 0.5, c=(RateBox(0.7, math.inf, 30.0),)
    )
