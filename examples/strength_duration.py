"""Strength and duration: the current that one nerve fiber needs, against the width of the pulse.

A 10 µm myelinated fiber lies 1 mm from a point source in a uniform medium of 0.2 S/m. Its threshold is
searched for pulses from 50 µs to 1000 µs, and two classical laws are fitted:

- Weiss (1901):     I = I_rheobase (1 + chronaxie / width), a straight line in charge;
- Lapicque (1907):  I = I_rheobase / (1 - 2^(-width / chronaxie)), a leaky capacitor.

Rheobase is the current that a very long pulse needs; chronaxie, the width at which a pulse needs twice
as much. A fiber is no single capacitor, so neither law is exact; the fit says how far it is off, and how
firmly these widths fix the two numbers (95 % intervals).

Run it:  python examples/strength_duration.py     (a few seconds; saves a picture beside this file)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import scsim

WIDTHS_US = [50, 70, 100, 150, 200, 300, 450, 600, 800, 1000]

# 1. The fiber, straight along z with its middle node at 0, and the field of 1 mA along it.
fiber = scsim.Fiber("mrg", fiber_diameter_um=10.0, n_nodes=51)
medium = scsim.HomogeneousMedium(sigma_s_per_m=0.2)
source = scsim.PointSource((1.0, 0.0, 0.0))
potential = medium.unit_potential_along([source], [fiber])

# 2. The threshold of a cathodic pulse of each width, to 0.01 %, and both laws fitted.
curve = scsim.measure_strength_duration([fiber], potential, WIDTHS_US, rtol=1e-4)
width_us, threshold_ma = curve.pulse_width_us, curve.threshold_ma[0]
charge_uc = curve.charge_uc[0]
weiss, lapicque = curve.weiss[0], curve.lapicque[0]

print("width (µs)  threshold (mA)  charge (µC)")
for width, current, charge in zip(width_us, threshold_ma, charge_uc, strict=True):
    print(f"{width:10g}  {current:14.4f}  {charge:11.5f}")
print(curve)

# 3. One figure: current on the left, charge on the right, where Weiss's law is a straight line.
figure = Figure(figsize=(7.2, 3.4), layout="constrained")
current_axes, charge_axes = figure.subplots(1, 2)
fine_us = np.linspace(width_us[0], width_us[-1], 400)
looks = ((weiss, "#D55E00", "-"), (lapicque, "#009E73", "--"))
uc_per_ma_us = charge_uc[0] / (threshold_ma[0] * width_us[0])
for fit, color, dash in looks:
    label = f"{fit.law.capitalize()}, chronaxie {fit.chronaxie_us:.0f} µs"
    current = fit.threshold_ma(fine_us)
    current_axes.plot(fine_us, current, dash, color=color, label=label)
    charge_axes.plot(fine_us, current * fine_us * uc_per_ma_us, dash, color=color)
current_axes.plot(width_us, threshold_ma, "o", color="#0072B2", label="MRG model, 10 µm fiber")
charge_axes.plot(width_us, charge_uc, "o", color="#0072B2")
for axes in (current_axes, charge_axes):
    axes.set_xlabel("Pulse width (µs)")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.grid(visible=True, alpha=0.3)
current_axes.set_ylabel("Threshold (mA)")
charge_axes.set_ylabel("Threshold charge (µC)")
current_axes.legend(fontsize=8)
figure.suptitle("Strength and duration, point source at 1 mm")
picture = Path(__file__).with_suffix(".png")
figure.savefig(picture, dpi=200)
print(f"picture: {picture}")
