"""The field of a lead in the spinal canal: contact impedances, a section, and what drives fibers.

A lead of eight ring contacts lies dorsally on the dura of a thoracic canal: cord with gray matter, cerebrospinal
fluid, dura, epidural fat and bone. The field is solved once for all contacts; every montage after that is a sum. A
current of 1 mA flows from contact 5 to contact 4, the cathode.

What to look for: the current prefers the fluid, so most of it passes the cord by; the activating function is
positive, which depolarizes fibers, below the cathode, and it falls steeply with depth and to the side.
The numbers belong to one synthetic anatomy; they say nothing about a person.

Run it:  python examples/field_of_a_lead.py     (some seconds; saves a picture beside this file)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import scsim

MONTAGE = {
    "c4": -1.0,
    "c5": 1.0,
}  # shares of the amplitude; negative is a cathode in the first phase
DIAMETER_UM = 12.0
PLACES_MM = [
    (0.0, 0.2),
    (0.0, 1.0),
    (2.0, 0.2),
]  # to the left of the midline, below the cord's surface

# 1. Anatomy, and the lead on its dura.
spine = scsim.load_spine(scsim.SpineSection(preset="thoracic"))
lead = scsim.load_lead("percutaneous-8")
seat = scsim.dorsal_seat(spine, lead.half_thickness_mm, gap_mm=0.2, lateral_mm=0.0)
lead = scsim.place_lead(lead, (seat.x_mm, seat.y_mm, 0.0), turn_deg=seat.turn_deg)

# 2. One solution for all contacts. The store keeps it, so a second run reads it.
problem = scsim.SectionProblem(
    section=spine.cross_section([lead.body]),
    conductivities=scsim.load_conductivities(scsim.ConductivitySection()),
    bodies=(lead.body,),
    half_width_mm=60.0,
)
solution = scsim.default_store().fetch(problem)
medium = scsim.ExtrudedMedium(problem, solution, lead.contacts, half_length_mm=100.0)

# 3. Key numbers: impedances, and the potential on the midline below the cathode.
matrix_ohm = medium.contact_matrix_ohm()
print(f"impedance of contact 4 against the distant ground: {matrix_ohm[3, 3]:.0f} Ω")
between_ohm = matrix_ohm[3, 3] + matrix_ohm[4, 4] - 2 * matrix_ohm[3, 4]
print(
    f"between contacts 4 and 5: {between_ohm:.0f} Ω (ideal metal: interface and wires come on top)"
)
shares = np.array([MONTAGE.get(contact.label, 0.0) for contact in lead.contacts])
x_mm, y_mm = spine.cord_point_mm([0.0], [0.2])[0]
below = [[x_mm, y_mm, lead.contacts[3].center_mm[2]]]
potential = scsim.superpose(medium.unit_potential(lead.contacts, below), shares)
print(f"0.2 mm below the surface of the cord: {potential[0]:.1f} mV per mA")

# 4. Three fibers of the dorsal columns, and their activating function.
lines = spine.cord_point_mm(*np.transpose(PLACES_MM))
fibers = [scsim.Fiber("mrg", DIAMETER_UM, path_mm=[(x, y, -50.0), (x, y, 50.0)]) for x, y in lines]
names = [f"{depth:g} mm deep, {lateral:g} mm lateral" for lateral, depth in PLACES_MM]
unit = medium.unit_potential_along(lead.contacts, fibers)
for name, drive in zip(names, scsim.activating_function(fibers, unit, shares=shares), strict=True):
    print(f"fiber {name}: {drive.rate_mv_per_ms.max():.0f} mV/ms per mA at most")

# 5. The picture: lead in space; potential and current density across the cathode; along the fibers.
figure = Figure(figsize=(9.5, 11.0), layout="constrained")
top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1.0, 1.25, 1.1])
space = top.add_axes((0.0, 0.08, 0.95, 0.9), projection="3d")
shapes = scsim.plots.make_shapes([lead], spine, shares=MONTAGE, fibers=fibers)
scsim.plots.view_in_space(shapes, space)
left, right = middle.subplots(1, 2)
scsim.plots.field_section(medium, MONTAGE, ax=left)
scsim.plots.field_section(medium, MONTAGE, quantity="current_density", ax=right)
left, right = bottom.subplots(1, 2)
scsim.plots.potential_along(medium, MONTAGE, fibers, left, names=names)
left.legend(fontsize=8, loc="upper left")
scsim.plots.activating_function_along(medium, MONTAGE, fibers, right, names=names)

picture = Path(__file__).with_suffix(".png")
figure.savefig(picture, dpi=150)
print(f"picture: {picture}")
