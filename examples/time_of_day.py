"""A painful volley at every hour of three days: sleep, body clock and stimulation in the rate model.

The sleep model gives a pain sensitivity over days, higher late in the evening and lower in the morning. No source says
how it acts on the dorsal horn: here it scales the weights of the C fibers by up to 11 %, an assumption that scsim makes
only where it is asked to. The same brief painful volley is then given at every hour, without and with stimulation that
adds 24 Hz to the rate of the A-beta fibers. The rates are those of a model, not pain as a person would rate it.

Run it:  python examples/time_of_day.py     (some seconds; saves a picture beside this file)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.rate import InputBoxes, RateBox
from scsim.circuit.rates.run_rate import simulate_rates
from scsim.circuit.rates.sleep import scale_sensitivity, sensitivity_factor, simulate_sleep
from scsim.plots.style import line_look

VOLLEY = RateBox(0.5, 0.71, 22.0)  # C fibers at 22 Hz for 0.21 s, as in the published program
A_BETA_HZ = {"without stimulation": 1.0, "with 24 Hz on the A-beta fibers": 25.0}

# 1. Days of sleep and waking; the first three settle.
days = simulate_sleep(days=6, sample_min=60)
shown = days.time_min >= 3 * 24 * 60
hours = (days.time_min[shown] - 3 * 24 * 60) / 60
factors = sensitivity_factor(days.pain[shown])
asleep_h = np.diff(days.switch_min)[::2] / 60
print(
    f"sleep {asleep_h.mean():.1f} h a day; sensitivity {factors.min():.2f} to {factors.max():.2f}"
)

# 2. The circuit at each hour, with and without stimulation, all in one run.
circuit = load_circuit("crodelle2019")
circuits = [scale_sensitivity(circuit, float(factor)) for factor in factors]
spikes = {}
for name, a_beta_hz in A_BETA_HZ.items():
    inputs = [InputBoxes(a_beta_hz, 1.0, c=(VOLLEY,))] * len(circuits)
    response = simulate_rates(circuits, inputs, duration_s=1.2)
    spikes[name] = response.projection_spikes[:, -1] - response.projection_spikes[:, 50]
    most, least = hours[spikes[name].argmax()] % 24, hours[spikes[name].argmin()] % 24
    print(
        f"{name}: {spikes[name].min():.1f} to {spikes[name].max():.1f} spikes per volley, "
        f"most {most:.0f} h and least {least:.0f} h after lights on"
    )

# 3. The picture; sleep is shaded.
figure = Figure(figsize=(7.2, 5.2), layout="constrained")
upper, lower = figure.subplots(2, 1, sharex=True)
upper.plot(hours, days.pain[shown], color="black")
upper.set_ylabel("Pain sensitivity")
for number, (name, values) in enumerate(spikes.items()):
    lower.plot(hours, values, label=name, **line_look(number))
lower.set_ylim(bottom=0)
lower.set_ylabel("Projection spikes per volley")
lower.set_xlabel("Time since lights on (h)")
lower.set_xticks(range(0, 73, 12))
lower.set_xlim(0, 72)
for ax in (upper, lower):
    ax.fill_between(
        hours,
        0,
        1,
        where=days.is_asleep[shown],
        transform=ax.get_xaxis_transform(),
        color="0.9",
        step="mid",
        label="asleep",
    )
    ax.grid(visible=True, alpha=0.3)
figure.legend(*lower.get_legend_handles_labels(), loc="outside lower center", ncols=3)
figure.suptitle(
    "A painful volley at every hour of three days\n(rate model crodelle2019 with sleep)"
)
path = Path(__file__).with_suffix(".png")
figure.savefig(path, dpi=200)
print(f"saved {path.name}")
