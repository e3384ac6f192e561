"""The rate model of Crodelle et al. (2019) against numbers of the authors' program.

The values were computed once from the published program's equations (Crodelle & Maia 2021, program
damagedFibers) with a stiff solver at a relative tolerance of 1e-9 and box inputs in place of random
spikes. They are printed to the digits given here, so the tolerance is half of the last digit unless
a reason stands beside it.
"""

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rate import InputBoxes, RateBox
from scsim.circuit.run_rate import simulate_rates, steady_state

CIRCUIT = load_circuit("crodelle2019")
A_VOLLEY = (RateBox(0.5, 0.52, 40.0),)
C_VOLLEY = (RateBox(0.59, 0.8, 22.0),)
BRIEF = InputBoxes(1.0, 1.0, A_VOLLEY, C_VOLLEY)
A_ONLY = InputBoxes(1.0, 1.0, A_VOLLEY)

PEAKS = [
    (BRIEF, "projection_rate_hz", 47.689, 5e-4),
    (BRIEF, "excitatory_rate_hz", 52.954, 5e-4),
    (BRIEF, "inhibitory_rate_hz", 36.439, 5e-4),
    (BRIEF, "nmda_gain", 0.501, 5e-4),
    (A_ONLY, "projection_rate_hz", 15.203, 5e-4),
]

# A-beta rate, C rate, then projection, excitatory and inhibitory rate (Hz) and gain.
STEADY = [
    (5, 0, 0.459331, 0.000562, 1.508151, 0.002193),
    (5, 15, 4.716351, 5.233326, 1.508151, 0.005135),
    (5, 20, 49.999918, 40.473676, 1.508151, 3.667304),
    (10, 22, 49.999995, 51.539832, 2.169727, 3.667309),
    (20, 15, 5.509375, 1.599634, 6.922705, 0.006016),
    (20, 20, 49.999833, 22.362376, 6.922705, 3.667299),
    (25, 20, 3.999499, 6.880871, 13.523098, 0.004450),
    (25, 22, 9.707859, 18.434805, 13.523098, 0.013903),
    (25, 25, 49.999996, 44.251349, 13.523098, 3.667309),
    (35, 10, 0.000519, 0.000029, 41.000000, 0.002001),
]

WIND_UP = [9.00564, 9.98807, 10.28381, 10.38339, 10.42089, 10.43584, 10.44195, 10.44447, 10.44552]
WIND_UP_GAIN = [0.001351, 0.234942, 0.369450, 0.430896, 0.457330, 0.468477, 0.473143, 0.475090]


@pytest.mark.parametrize(
    ("inputs", "name", "peak", "tolerance"), PEAKS, ids=[f"{p[1]}_{p[2]}" for p in PEAKS]
)
def test_peaks_of_the_brief_stimulus(
    inputs: InputBoxes, name: str, peak: float, tolerance: float
) -> None:
    response = simulate_rates([CIRCUIT], [inputs], duration_s=1.0, sample_s=0.001)
    assert getattr(response, name).max() == pytest.approx(peak, abs=tolerance)


def test_area_of_the_brief_stimulus() -> None:
    response = simulate_rates([CIRCUIT], [BRIEF], duration_s=1.0)
    # The quadrature of the source is coarse: 1e-3 relative.
    assert response.projection_spikes[0, -1] == pytest.approx(8.9014, rel=1e-3)


def test_touch_during_the_pain_response_more_than_halves_it() -> None:
    # 8.90 to 3.60 with a touch of 70 ms at 40 Hz. Its onset is not in the source and decides the
    # area (3.4 to 3.7 here), so choosing one to meet 3.60 would be a fit: what holds for all of
    # them is that more than half of the response is gone, and that 3.60 lies among them.
    onsets_s = (0.60, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66, 0.67)
    touched = [
        InputBoxes(1.0, 1.0, (*A_VOLLEY, RateBox(onset_s, onset_s + 0.07, 40.0)), C_VOLLEY)
        for onset_s in onsets_s
    ]
    response = simulate_rates([CIRCUIT] * len(touched), touched, duration_s=1.0)
    area = response.projection_spikes[:, -1]
    assert (area < 8.90 / 2).all()
    assert area.min() < 3.60 < area.max()


@pytest.mark.parametrize("row", STEADY, ids=[f"A{r[0]}_C{r[1]}" for r in STEADY])
def test_steady_map(row: tuple[float, ...]) -> None:
    f_a, f_c, *expected = row
    steady = steady_state(CIRCUIT, f_a, f_c)
    values = (
        steady.projection_rate_hz,
        steady.excitatory_rate_hz,
        steady.inhibitory_rate_hz,
        steady.nmda_gain,
    )
    np.testing.assert_allclose(values, expected, rtol=0, atol=5.1e-7)


def test_wind_up() -> None:
    volleys = InputBoxes(1.0, 1.0, (), (RateBox(1.0, 1.21, 22.0, repeat_every_s=1.0),))
    response = simulate_rates([CIRCUIT], [volleys], duration_s=11.0)
    area = np.diff(response.projection_spikes[0, 100::100])
    # The first value is the exact one; the others carry the coarse quadrature of the source.
    np.testing.assert_allclose(area[:9], WIND_UP, rtol=1e-3)
    assert area[0] == pytest.approx(WIND_UP[0], abs=5e-6)
    assert area[9] / area[0] == pytest.approx(1.16, abs=5e-3)
    np.testing.assert_allclose(
        response.nmda_gain[0, 100:900:100], WIND_UP_GAIN, rtol=0, atol=5.1e-7
    )
