"""Amplitude and rate: where does stimulation keep the projection neurons of a model circuit quiet.

The study of ``configs/quickstart.toml``, with finer sweeps and half of its fibers. The lead's current
recruits dorsal-column fibers; their share times the pulse rate is the extra A-beta input of the dorsal
horn; the rate model answers with the firing rate of its projection neurons to a lasting noxious input.

What to look for: the healthy circuit is quiet beyond an edge in A-beta rate. With half of its
inhibition left the same circuit is quiet only inside a window: more pulses per second are not better.
The map belongs to one synthetic anatomy and one model circuit; it says nothing about a person.

Run it:  python examples/amplitude_rate_map.py     (seconds; saves a picture beside this file)
"""

from pathlib import Path

import numpy as np

import scsim

# 1. The study: four values are changed, the rest is as the config says. For a map this fine the rate model is quick.
config = Path(__file__).parents[1] / "configs" / "quickstart.toml"
changes = [
    'circuit.model = "crodelle2019"',
    "stimulus.amplitude_ma = { sweep = { linspace = [1.0, 3.0, 21] } }",
    "stimulus.frequency_hz = { sweep = { linspace = [10, 130, 25] } }",
    "fibers.n_fibers = 100",
]
study = scsim.load(config, overrides=changes)

# 2. All cases. Field and thresholds are computed once, the circuit once per A-beta rate and state.
results = scsim.run(study)

# 3. Key numbers: at the largest amplitude, the rates at which the circuit stays below 10 Hz.
amplitude_ma = results.coordinates["amplitude_ma"]
frequency_hz = results.coordinates["frequency_hz"]
share = results.dataset("recruited_share")
half = amplitude_ma[np.argmax(share >= 0.5)]
print(f"{len(study.cases)} cases")
print(
    f"half of the A-beta fibers fire from {half:g} mA on, {share[-1]:.0%} at {amplitude_ma[-1]:g} mA"
)
a_beta_hz = results.dataset("a_beta_rate_hz")[-1]
for number, state in enumerate(results.coordinates["state"]):
    projection_hz = results.dataset("projection_rate_hz")[-1, :, number]
    quiet = projection_hz < 10
    if quiet.any():
        print(
            f"{state}: quiet at {frequency_hz[quiet].min():g} to {frequency_hz[quiet].max():g} Hz, "
            f"A-beta {a_beta_hz[quiet].min():.0f} to {a_beta_hz[quiet].max():.0f} Hz; "
            f"{projection_hz[-1]:.1f} Hz at the largest rate"
        )
    else:
        print(f"{state}: at no rate quiet")

# 4. The map, one panel per state.
picture = Path(__file__).with_suffix(".png")
scsim.plots.pain_maps(results).savefig(picture, dpi=200)
print(f"picture: {picture}")
