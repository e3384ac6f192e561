"""Small studies to be disturbed: two that are soon over, and one whose circuit takes long."""

from typing import Final

from tests.study.small_study import SPIKING, TEXT

BRIEF: Final = TEXT.replace(
    'save = ["recruitment", "thresholds", "projection_rate", "pain_signal", "relief", "time_course"]',
    'save = ["recruitment", "thresholds", "pain_signal"]',
).replace("frequency_hz = { sweep = [20, 60] }", "frequency_hz = 60")
"""Field, fibers and a rate model: a second of work, and four pictures."""

assert BRIEF.count("sweep") == 2

QUICK: Final = """
title = "A small study"
seed = 7

[tissue]
preset = "thoracic"

[lead]
preset = "percutaneous-4"
lateral_mm = { sweep = [0.0, 1.0] }

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
amplitude_ma = 1.0
frequency_hz = 50

[output]
save = ["field_profile"]
"""
"""Two fields in closed form: over at once, and without kernels that are loaded."""

MANY: Final = SPIKING.replace(
    "frequency_hz = { sweep = [20, 60] }", "frequency_hz = { sweep = { linspace = [20, 132, 17] } }"
)
"""A spiking circuit in three batches of more than a second each."""

LONG: Final = (
    SPIKING.replace(
        "realization = { sweep = [0, 1] }", "realization = { sweep = [0, 1, 2, 3, 4, 5, 6, 7] }"
    )
    .replace("duration_s = 1.0", "duration_s = 30.0")
    .replace("{ sweep = [0.2, 1.2] }", "1.2")
    .replace(
        "frequency_hz = { sweep = [20, 60] }",
        "frequency_hz = { sweep = { linspace = [20, 132, 29] } }",
    )
)
"""A spiking circuit in batches of many seconds: far too much to wait for."""

assert LONG.count("sweep") == 3
