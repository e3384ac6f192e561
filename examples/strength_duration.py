"""Strength and duration: the current that one nerve fiber needs, against the width of the pulse.

A 10 µm myelinated fiber lies 1 mm from a point source in a uniform medium of 0.2 S/m. Its threshold is
searched for pulses from 50 µs to 1000 µs, and two classical laws are fitted:

- Weiss (1901):     I = I_rheobase (1 + chronaxie / width), a straight line in charge;
- Lapicque (1907):  I = I_rheobase / (1 - exp(-width / tau)), chronaxie = tau ln 2, a leaky capacitor.

Rheobase is the current that a very long pulse needs; chronaxie, the width at which a pulse needs twice
as much. A fiber is no single capacitor, so neither law is exact; the fit says how far it is off.

Run it:  python examples/strength_duration.py     (a few seconds; saves a picture beside this file)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import curve_fit

import scsim

WIDTHS_US = np.array([50, 70, 100, 150, 200, 300, 450, 600, 800, 1000])


def weiss(width_us, rheobase_ma, chronaxie_us):
    """Give the threshold by Weiss's law, in mA."""
    return rheobase_ma * (1 + chronaxie_us / width_us)


def lapicque(width_us, rheobase_ma, chronaxie_us):
    """Give the threshold by Lapicque's law, in mA."""
    return rheobase_ma / (1 - np.exp(-width_us * np.log(2) / chronaxie_us))


# 1. The fiber, straight along z with its middle node at 0, and the field of 1 mA along it.
fiber = scsim.Fiber("mrg", fiber_diameter_um=10.0, n_nodes=51)
medium = scsim.HomogeneousMedium(sigma_s_per_m=0.2)
source = scsim.PointSource((1.0, 0.0, 0.0))
potential = medium.unit_potential_along([source], [fiber])

# 2. The threshold of a cathodic pulse of each width, to 0.01 %.
threshold_ma = np.array(
    [
        scsim.find_thresholds(
            [fiber], potential, scsim.Pulse(pulse_width_us=float(width)), rtol=1e-4
        ).threshold_ma[0]
        for width in WIDTHS_US
    ]
)

# 3. Fit both laws so that each threshold counts by its relative deviation.
fits = {}
for name, law in (("Weiss", weiss), ("Lapicque", lapicque)):
    start = (threshold_ma[-1], 200.0)
    fits[name], _ = curve_fit(law, WIDTHS_US, threshold_ma, p0=start, sigma=threshold_ma)

print("width (µs)  threshold (mA)  charge (nC)")
for width, current in zip(WIDTHS_US, threshold_ma, strict=True):
    print(f"{width:10d}  {current:14.4f}  {width * current:11.2f}")
for name, law in (("Weiss", weiss), ("Lapicque", lapicque)):
    rheobase_ma, chronaxie_us = fits[name]
    worst = np.abs(law(WIDTHS_US, *fits[name]) / threshold_ma - 1).max()
    print(
        f"{name}: rheobase {rheobase_ma:.4f} mA, chronaxie {chronaxie_us:.0f} µs, "
        f"worst deviation {100 * worst:.1f} %"
    )

# 4. One figure: current on the left, charge on the right, where Weiss's law is a straight line.
figure = Figure(figsize=(7.2, 3.4), layout="constrained")
current_axes, charge_axes = figure.subplots(1, 2)
width_us = np.linspace(WIDTHS_US[0], WIDTHS_US[-1], 400)
looks = {"Weiss": (weiss, "#D55E00", "-"), "Lapicque": (lapicque, "#009E73", "--")}
for axes, power in ((current_axes, 0), (charge_axes, 1)):
    for name, (law, color, dash) in looks.items():
        chronaxie = f"chronaxie {fits[name][1]:.0f} µs"
        values = law(width_us, *fits[name]) * width_us**power
        axes.plot(width_us, values, dash, color=color, label=f"{name}, {chronaxie}")
    values = threshold_ma * WIDTHS_US**power
    axes.plot(WIDTHS_US, values, "o", color="#0072B2", label="MRG model, 10 µm fiber")
    axes.set_xlabel("Pulse width (µs)")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.grid(visible=True, alpha=0.3)
current_axes.set_ylabel("Threshold (mA)")
charge_axes.set_ylabel("Threshold charge (nC)")
current_axes.legend(fontsize=8)
figure.suptitle("Strength and duration, point source at 1 mm")
picture = Path(__file__).with_suffix(".png")
figure.savefig(picture, dpi=200)
print(f"picture: {picture}")
