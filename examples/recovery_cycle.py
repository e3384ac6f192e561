"""Recovery cycle: how hard it is to fire a nerve fiber again, some time after it has fired.

Three myelinated fibers lie 1 mm from a point source in a uniform medium of 0.2 S/m. A conditioning pulse
of 1.5 times threshold fires each of them; the threshold of a second pulse is searched for intervals
from 0.5 ms to 60 ms, and divided by the threshold at rest. For a while no pulse fires the fiber again
(absolutely refractory), then only a larger one (relatively refractory), then a smaller one than at
rest (supernormal), then again a larger one (subnormal), as far as the model has these phases.

Run it:  python examples/recovery_cycle.py     (some seconds; saves a picture beside this file)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import scsim

INTERVALS_MS = [0.5, 1, 1.4, 1.7, 2, 2.5, 3, 4, 5, 7, 10, 14, 20, 30, 40, 60]

# 1. Three fibers, straight along z with their middle nodes at 0, and the field of 1 mA along them.
fibers = [scsim.Fiber("mrg", fiber_diameter_um=d, n_nodes=41) for d in (5.0, 10.0, 15.0)]
medium = scsim.HomogeneousMedium(sigma_s_per_m=0.2)
source = scsim.PointSource((1.0, 0.0, 0.0))
potentials = medium.unit_potential_along([source], fibers)

# 2. The threshold of a second cathodic pulse of 100 µs, after each interval.
cycle = scsim.measure_recovery_cycle(
    fibers, potentials, scsim.Pulse(pulse_width_us=100), INTERVALS_MS, conditioning_multiple=1.5
)
for i, fiber in enumerate(fibers):
    print(
        f"{fiber.fiber_diameter_um:g} µm: threshold {cycle.unconditioned_ma[i]:.3f} mA, refractory until "
        f"{cycle.refractory_until_ms[i]:g} ms at least, back at 1 after {cycle.first_recovery_ms[i]:.2f} ms"
    )
    for interval, ratio, phase in zip(
        cycle.interval_ms, cycle.ratio[i], cycle.phases[i], strict=True
    ):
        print(f"  {interval:5g} ms  {ratio:6.3f}  {phase}")

# 3. One figure: threshold over threshold at rest, on a logarithmic time axis.
figure = Figure(figsize=(5.4, 3.6), layout="constrained")
axes = figure.subplots()
for i, (color, dash) in enumerate((("#0072B2", "-o"), ("#D55E00", "-s"), ("#009E73", "-^"))):
    label = f"{fibers[i].fiber_diameter_um:g} µm"
    axes.plot(cycle.interval_ms, cycle.ratio[i], dash, color=color, label=label, markersize=4)
axes.axhline(1.0, color="0.4", linewidth=0.8)
axes.set_xscale("log")
axes.set_xticks([0.5, 1, 2, 5, 10, 20, 50], labels=["0.5", "1", "2", "5", "10", "20", "50"])
axes.set_ylim(0.5, 2.0)
axes.set_xlabel("Interval between the pulses (ms)")
axes.set_ylabel("Threshold over threshold at rest")
axes.grid(visible=True, alpha=0.3)
axes.legend(fontsize=8, title="Fiber diameter")
smallest = np.nanmin(cycle.ratio)
axes.set_title(f"Recovery cycle of the MRG model (lowest ratio {smallest:.2f})", fontsize=10)
picture = Path(__file__).with_suffix(".png")
figure.savefig(picture, dpi=200)
print(f"picture: {picture}")
