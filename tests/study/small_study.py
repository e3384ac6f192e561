"""Small studies that run in a second or two: a short lead, short fibers, few of them."""

from scsim.study.config import Study
from scsim.study.reading.parse import parse_study

TEXT = """
title = "A small study"
seed = 7

[tissue]
preset = "thoracic"

[lead]
preset = "percutaneous-4"

[field]
solver = "analytic"
contact_model = "line"
sigma_s_per_m = 0.25

[montage]
c2 = -1.0
c3 = 1.0

[stimulus]
pattern = "tonic"
pulse_width_us = 200
amplitude_ma = { sweep = [0.6, 1.2, 2.4] }
frequency_hz = { sweep = [20, 60] }

[fibers]
population = "dorsal_column"
model = "mrg"
n_fibers = 20
margin_mm = 12.0

[circuit]
model = "crodelle2019"
state = { sweep = ["healthy", "disinhibited"] }
duration_s = 0.6
readout_s = 0.2

[afferents]
noxious_onset_s = 0.2

[output]
save = ["recruitment", "thresholds", "projection_rate", "pain_signal", "relief", "time_course"]
"""


CASES = """
[[case]]
name = "weak"
stimulus.amplitude_ma = 0.6
stimulus.frequency_hz = 20

[[case]]
name = "strong"
stimulus.amplitude_ma = 1.2
stimulus.frequency_hz = 60

[[case]]
name = "strong and slow"
stimulus.amplitude_ma = 1.2
stimulus.frequency_hz = 20
"""


SPIKING = (
    TEXT.replace('model = "crodelle2019"', 'model = "zhang2014"')
    .replace("n_fibers = 20", "n_fibers = 40")
    .replace("duration_s = 0.6\nreadout_s = 0.2", "duration_s = 1.0\nreadout_s = 0.4")
    .replace("noxious_onset_s = 0.2", "realization = { sweep = [0, 1] }")
    .replace("amplitude_ma = { sweep = [0.6, 1.2, 2.4] }", "amplitude_ma = { sweep = [0.2, 1.2] }")
    .replace("save = [", 'save = ["cell_rates", "psth", "spikes", ')
)
"""A small study of a spiking circuit: at the lower amplitude no fiber follows."""


NERVE = """
title = "A small study of a nerve"
seed = 7

[nerve]
preset = "single-fascicle"

[lead]
preset = "cuff-bipolar-quadrants"
turn_deg = { sweep = [0.0, 90.0] }

[field]
solver = "spectral"

[montage]
c1 = -1.0
c5 = 1.0

[stimulus]
pattern = "kilohertz"
shape = "biphasic"
pulse_width_us = 50
frequency_hz = 10_000
amplitude_ma = { sweep = [0.1, 0.4] }

[fibers]
population = "nerve"
model = "mrg"
n_fibers = 20
margin_mm = 12.0

[block]
settle_ms = 8.0
n_test_spikes = 2
rtol = 0.1

[output]
save = ["nerve_recruitment", "thresholds", "contact_matrix"]
"""
"""A small study of a nerve; with "block" among what is saved, also of block."""


def without_sweeps(text: str) -> str:
    """Give the text with single values in place of its sweeps."""
    text = text.replace("{ sweep = [0.6, 1.2, 2.4] }", "1.2").replace("{ sweep = [20, 60] }", "60")
    text = text.replace("{ sweep = [0.2, 1.2] }", "1.2").replace("{ sweep = [0, 1] }", "0")
    text = text.replace("{ sweep = [0.0, 90.0] }", "0.0").replace("{ sweep = [0.1, 0.4] }", "0.4")
    return text.replace('{ sweep = ["healthy", "disinhibited"] }', '"healthy"')


def small_study(*overrides: str, text: str = TEXT) -> Study:
    """Give the small study, changed as ``--set`` would."""
    return parse_study(text, overrides=overrides)
