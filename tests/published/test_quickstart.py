"""The quickstart shows what is known of its circuit model: the edge and the window.

Known from the steady map of Crodelle et al. (2019), as tabled for C-fiber input of 22 Hz: the healthy
output falls below 10 Hz at an A-beta rate of 25 Hz and below 1 Hz from 30 Hz on; with inhibition halved it
is below 10 Hz for A-beta rates of about 35 to 90 Hz and at its maximum of 50 Hz again at 100 Hz.
"""

from pathlib import Path

import numpy as np
import pytest

import scsim

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "quickstart.toml"


@pytest.mark.slow
def test_the_map_shows_the_edge_and_the_window() -> None:
    # Fewer fibers: their share decides where a cell lies, not what the circuit does there.
    results = scsim.run(scsim.load(CONFIG, overrides=("fibers.n_fibers=48",)))
    assert results.dims("projection_rate_hz") == ("amplitude_ma", "frequency_hz", "state")
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
