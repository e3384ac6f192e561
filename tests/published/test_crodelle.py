"""The rate model of Crodelle et al. (2019) against numbers of the authors' program and its figures.

Two kinds of checks. *Numbers*: the tables and peaks down to the wind-up were computed once from the published program's equations (Crodelle & Maia 2021, program
damagedFibers) with a stiff solver at a relative tolerance of 1e-9 and box inputs in place of random
spikes. They are printed to the digits given here, so the tolerance is half of the last digit unless
a reason stands beside it. *Trends*: the figures of the 2019 paper are known here from its abstract and
captions only (figure 2: response curves; 3: fibers after a brief stimulus; 4: daily sensitivity; wind-up,
pain inhibition against time of day, inverted rhythm in neuropathic pain), so those tests hold what the
words say and no number of a curve. How the paper turns the daily sensitivity into fiber rates (its
equations 4 and 5) was not read: here the C rate follows it and the A-beta rate runs against it.
"""

from dataclasses import replace

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.inputs.damage import Block, Damage, Delay, damage_trains
from scsim.circuit.rates.fiber_rates import poisson_trains, rates_from_trains
from scsim.circuit.rates.rate import InputBoxes, RateBox, RateCircuit
from scsim.circuit.rates.run_rate import RateResponse, simulate_rates, steady_state
from scsim.circuit.rates.sleep import daily_sensitivity_percent

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


def test_response_curves() -> None:
    # Figure 2 A, with the numbers of the program: half of the maximum at the half point, and the
    # steepness there is maximum / (2 width). One population at a time.
    alone = replace(CIRCUIT, g_ep=0.0, g_ip=0.0, g_ie=0.0, nmda_max=1e-9)
    small = 1e-4
    for key, f_a, f_c, maximum, width, floor in (
        ("inhibitory_rate_hz", 28.0 / 0.8, 0.0, 80.0, 9.5, 1.0),
        ("projection_rate_hz", 28.2 / 0.8, 0.0, 50.0, 11.5, 0.0),
        ("excitatory_rate_hz", 0.0, 29.2 / 1.6, 60.0, 5.2, 0.0),
    ):
        weight = 0.8 if f_a else 1.6
        ends = [steady_state(alone, f_a * (1 + e), f_c * (1 + e)) for e in (-small, 0, small)]
        low, middle, high = (float(getattr(end, key)) - floor for end in ends)
        assert middle == pytest.approx(maximum / 2, rel=1e-9)
        change = 2 * small * (f_a + f_c) * weight
        assert (high - low) / change == pytest.approx(maximum / (2 * width), rel=1e-5)
    # Figure 2 B: the gain is half of its maximum, 4 / 2, at a projection rate of 38 Hz, where the
    # projection curve takes 28.2 + 11.5 artanh(2 · 38 / 50 - 1) Hz. Its weight then opens the loop.
    drive = 28.2 + 11.5 * np.arctanh(2 * 38 / 50 - 1)
    steady = steady_state(replace(alone, nmda_max=2.0), drive / 0.8, 0.0)
    assert float(steady.nmda_gain) == pytest.approx(2.0, rel=1e-9)


def mean_course(response: RateResponse) -> np.ndarray:
    """Projection rate per ms, mean over the conditions."""
    return response.projection_rate_hz.mean(axis=0)


def drawn_response(inputs: InputBoxes, damage: dict[str, Damage] | None = None) -> RateResponse:
    """Ten draws of the fibers' spikes, their smoothed rates through the circuit."""
    duration_ms = 1200.0
    given = []
    for seed in range(10):
        trains = poisson_trains(inputs, duration_ms=duration_ms, seed=seed)
        if damage is not None:
            trains = damage_trains(trains, damage, share=1.0, duration_ms=duration_ms, seed=seed)
        given.append(rates_from_trains(trains, duration_ms=duration_ms))
    return simulate_rates([CIRCUIT] * len(given), given, duration_s=1.2, sample_s=0.001)


def test_brief_stimulus_drawn_as_spikes() -> None:
    # Trend, figure 3 and after: a short answer to the A-beta volley, a pause, a long one to the C
    # volley, as with boxes. Counting noise rounds the corners of the curves off and costs area.
    drawn = drawn_response(BRIEF)
    course = mean_course(drawn)
    boxes = simulate_rates([CIRCUIT], [BRIEF], duration_s=1.2, sample_s=0.001)
    box = boxes.projection_rate_hz[0]
    for part in (slice(500, 530), slice(600, 800)):
        assert course[part].max() == pytest.approx(box[part].max(), rel=0.2)
    assert course[545:585].max() < 2.0
    assert course[850:].mean() < 2.0
    area, expected = drawn.projection_spikes[:, -1].mean(), boxes.projection_spikes[0, -1]
    assert 0.8 * expected < area < expected


def test_damage_of_the_fibers() -> None:
    # Trends of Crodelle & Maia (2021): blocked C fibers leave the answer to touch only, delayed ones
    # shift the painful answer by the delay.
    intact = mean_course(drawn_response(BRIEF))
    blocked = mean_course(drawn_response(BRIEF, {"c": Block()}))
    delayed = mean_course(drawn_response(BRIEF, {"c": Delay(125.0)}))
    assert blocked[500:530].max() == pytest.approx(intact[500:530].max(), rel=0.1)
    assert blocked[590:].max() < 1.0
    assert delayed[600:700].max() < 3.0

    def center_ms(course: np.ndarray) -> float:
        part = course[580:]
        return float(np.sum(part * np.arange(part.size)) / np.sum(part))

    assert center_ms(delayed) - center_ms(intact) == pytest.approx(125.0, abs=15.0)


HOURS = np.arange(0.0, 25.0)
TOUCH = (0.62, 0.69)


def at_hour(hour: float, *, pain: bool = True, touch: bool = False) -> InputBoxes:
    """Brief stimuli with the rates of an hour after waking: C with the sensitivity, A-beta against it."""
    share = float(daily_sensitivity_percent(hour)) / 100
    a_beta_hz, c_hz = 40.0 * (1 - share), 22.0 * (1 + share)
    a_beta = [RateBox(0.5, 0.52, a_beta_hz)] if pain else []
    if touch:
        a_beta.append(RateBox(*TOUCH, a_beta_hz))
    return InputBoxes(1.0, 1.0, tuple(a_beta), (RateBox(0.59, 0.8, c_hz),) if pain else ())


def spikes_over_day(circuit: RateCircuit, *, pain: bool = True, touch: bool = False) -> np.ndarray:
    """Spikes per projection neuron from 0.45 s on, for every hour."""
    inputs = [at_hour(hour, pain=pain, touch=touch) for hour in HOURS]
    response = simulate_rates([circuit] * HOURS.size, inputs, duration_s=1.4)
    return response.projection_spikes[:, -1] - response.projection_spikes[:, 45]


def test_touch_inhibits_pain_most_when_sensitivity_is_lowest() -> None:
    # Trend. The sensitivity is lowest 7.7 h and highest 20.2 h after waking.
    alone, touched = spikes_over_day(CIRCUIT), spikes_over_day(CIRCUIT, touch=True)
    assert HOURS[alone.argmin()] == 8
    assert HOURS[alone.argmax()] == 20
    inhibition = 1 - touched / alone
    assert (inhibition > 0.5).all()
    assert inhibition[3:13].min() > inhibition[17:23].max()


def test_inhibition_turned_into_excitation_inverts_the_daily_rhythm() -> None:
    # Trend. Touch alone hardly excites the healthy circuit; with excitation in place of inhibition it
    # does as painful stimuli do, and most where pain was least.
    neuropathic = replace(CIRCUIT, g_ip=-0.5 * CIRCUIT.g_ip, g_ie=-0.5 * CIRCUIT.g_ie)
    rest = [
        simulate_rates([c], [InputBoxes(1.0, 1.0)], duration_s=1.4).projection_spikes[0]
        for c in (CIRCUIT, neuropathic)
    ]
    healthy_touch, painful_touch = (
        spikes_over_day(circuit, pain=False, touch=True) - (resting[-1] - resting[45])
        for circuit, resting in zip((CIRCUIT, neuropathic), rest, strict=True)
    )
    assert (painful_touch > 50 * healthy_touch).all()
    assert HOURS[painful_touch.argmax()] == 8
    assert HOURS[painful_touch.argmin()] == 20
    assert np.corrcoef(painful_touch, spikes_over_day(CIRCUIT))[0, 1] < -0.9
