"""Kilohertz currents over the dorsal columns against a published model of clinical stimulation.

Lempka et al. (2015), Anesthesiology 122:1362, abstract (rows KHZ-01 to KHZ-03 of the reference values): stimulation
at 10 kHz is given with 0.5 to 5 mA; in their model it excites large fibers of the dorsal columns only at the upper end of
this range or above it, and blocks them within it only where the dorsal fluid is thin. Field, fibers and pulse here
are scsim's own, with the usual anatomy, so the order of the thresholds is compared, not their values.
"""

import numpy as np
import pytest

from scsim.study.reading.parse import parse_study
from scsim.study.stages.table import STAGES

TEXT = """
title = "10 kHz over the low thoracic cord"
seed = 1

[tissue]
preset = "thoracic"

[lead]
preset = "percutaneous-8"

[montage]
c4 = -1.0
c5 = 1.0

[stimulus]
pattern = "kilohertz"
pulse_width_us = 30
shape = "biphasic"
interphase_gap_us = 20
frequency_hz = 10000
amplitude_ma = { sweep = [4.0, 10.0] }

[fibers]
n_fibers = 40

[circuit]
model = "zhang2014"
"""

NEEDED = ("solution", "population", "field", "thresholds", "following")


@pytest.fixture(scope="module")
def following():
    """Spikes of the large fibers at each amplitude."""
    found, outputs = [], {}
    for case in parse_study(TEXT).cases:
        for stage in STAGES:
            is_known = bool(found) and stage.name in ("solution", "population", "field")
            if stage.name in NEEDED and not is_known:
                needed = {name: outputs[name] for name in stage.needs}
                units = stage.prepare(case.config, needed)
                outputs[stage.name] = stage.join(case.config, needed, stage.compute(units))
        found.append(outputs["following"])
    return found


@pytest.mark.slow
def test_clinical_amplitudes_do_not_excite_large_fibers(following):
    within, above = following
    assert within["followed_rate_hz"] == 0.0
    assert within["local_follow_times_ms"].size == within["surround_follow_times_ms"].size == 0
    assert above["followed_rate_hz"] > 0.0


@pytest.mark.slow
def test_clinical_amplitudes_do_not_block_what_they_do_not_excite(following):
    # A fiber that is blocked first fires at the onset: there is not even that.
    within, above = following
    assert np.diff(within["surround_follow_offsets"]).max() == 0
    assert np.diff(above["surround_follow_offsets"]).max() > 0
