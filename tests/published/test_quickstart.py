"""The quickstart shows what is known of its circuits.

Of the spiking circuit: models.md 1.9 of the reference (all A-beta fibers driven, healthy) and the table of states
there: without stimulation 61 Hz, with half of the GABA 101 Hz; 20 to 30 Hz from 20 to 60 Hz, every remaining spike
locked to a pulse; above the unstimulated rate at 100 Hz. Surround fibers alone leave at most 1 Hz from 20 Hz up.

Of the rate model: the steady map of Crodelle et al. (2019), as tabled for C-fiber input of 22 Hz: the healthy
output falls below 10 Hz at an A-beta rate of 25 Hz and below 1 Hz from 30 Hz on; with inhibition halved it
is below 10 Hz for A-beta rates of about 35 to 90 Hz and at its maximum of 50 Hz again at 100 Hz.
"""

from pathlib import Path

import numpy as np
import pytest

import scsim

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "quickstart.toml"

SEED_HZ = 10.0
"""Rates of one circuit differ by up to 6 Hz between input seeds (models.md 1.9), and a count over 2 s has steps of
0.5 Hz; the natural trains here are scsim's own, so twice the spread of a mean of two such differences is allowed."""


@pytest.mark.slow
def test_the_quickstart_shows_what_local_and_surround_fibers_do() -> None:
    few = (
        "stimulus.frequency_hz={sweep=[20, 50, 100]}",
        "stimulus.amplitude_ma={sweep=[1.3, 1.7, 2.8]}",
    )
    results = scsim.run(scsim.load(CONFIG, overrides=few))
    assert results.dims("projection_rate_hz") == ("amplitude_ma", "frequency_hz", "state")
    local, surround = results.dataset("local_fibers"), results.dataset("surround_fibers")
    # The fibers of the painful dermatomes lie beside the midline, where the cathode recruits later.
    assert local[0] == surround[0] == 0
    assert local[1] <= 2 < surround[1]
    assert (local[2], surround[2]) == (15, 15)
    rate, driven = results.dataset("projection_rate_hz"), results.dataset("c_driven_rate_hz")
    rest = results.dataset("rest_rate_hz")
    np.testing.assert_allclose(rest, [61.3, 100.7], atol=SEED_HZ)
    # Nothing recruited, nothing changed.
    np.testing.assert_array_equal(rate[0], np.broadcast_to(rest, (3, 2)))
    np.testing.assert_array_equal(results.dataset("relief")[0], 0.0)
    healthy = rate[:, :, 0]
    # Surround fibers alone silence the healthy circuit at rates of which all driven together leave locked spikes.
    assert np.all(healthy[1, 1:] <= 1.0)
    np.testing.assert_allclose(healthy[2, :2], [20.0, 26.3], atol=SEED_HZ)
    assert np.all(driven[2, :, 0] <= 1.0)
    assert healthy[2, 2] > rest[0]
    # With half of the GABA the benefit is smaller at every rate.
    signal = results.dataset("pain_signal")
    assert np.all(signal[1:, :, 1] >= signal[1:, :, 0])
    np.testing.assert_allclose(rate[2, 1, 1], 51.7, atol=SEED_HZ)


@pytest.mark.slow
def test_the_rate_model_is_one_line_away_and_shows_the_edge_and_the_window() -> None:
    # Fewer fibers: their share decides where a cell lies, not what the circuit does there.
    overrides = (
        "circuit.model=crodelle2019",
        "fibers.n_fibers=48",
        "circuit.duration_s=4.0",
        "stimulus.frequency_hz={sweep={linspace=[10, 110, 21]}}",
    )
    results = scsim.run(scsim.load(CONFIG, overrides=overrides))
    states = results.dataset("state").tolist()
    a_beta = results.dataset("a_beta_rate_hz")
    rate = results.dataset("projection_rate_hz")
    healthy, weak = rate[..., states.index("healthy")], rate[..., states.index("disinhibited")]
    assert np.all(healthy[a_beta < 20] > 45)
    assert np.all(healthy[a_beta >= 26] < 10)
    assert np.all(healthy[a_beta >= 30] < 1)
    assert np.all(weak[a_beta < 28] > 45)
    assert np.all(weak[(a_beta > 36) & (a_beta < 90)] < 10)
    assert np.all(weak[a_beta > 100] > 45)
    # Each statement is about cells that exist.
    for low, high in ((0, 20), (26, 30), (30, 36), (36, 90), (100, 112)):
        assert np.any((a_beta > low) & (a_beta < high))


def test_the_rate_model_needs_no_other_change() -> None:
    study = scsim.load(CONFIG, overrides=("circuit.model=crodelle2019",))
    assert {case.config.circuit.model for case in study.cases} == {"crodelle2019"}
