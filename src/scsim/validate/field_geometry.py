"""Reads the geometries of the field tables, ``*_geometry.json``, and builds scsim's objects from them.

Which table is compared with which solver is in ``field_canal.py`` and ``field_cuff.py``. The files have x to the
right; everything given here has x to the left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from scsim.electrodes.bodies import Disc
from scsim.electrodes.contacts import ArcContact, RingContact
from scsim.errors import ResultsError
from scsim.tissue.materials import Conductivities
from scsim.tissue.section import CrossSection, Ellipse, Polygon, Region
from scsim.validate.json_numbers import Numbers

if TYPE_CHECKING:
    from pathlib import Path


Pair = tuple[float, float]

_AXIS: Final = (0.0, 0.0, 1.0)

_CANAL_TISSUES: Final = {
    "soft": "soft_tissue",
    "bone": "bone",
    "fat": "epidural_fat",
    "dura": "dura",
    "csf": "csf",
    "white": "white_matter",
    "grey": "gray_matter",
}
"""Tissue in the canal files and its name here."""

_CUFF_TISSUES: Final = {
    "endo": "endoneurium",
    "peri": "perineurium",
    "epi": "epineurium",
    "saline": "saline",
    "muscle": "muscle",
}
"""Tissue in the cuff files and its name here."""


@dataclass(frozen=True)
class CanalGeometry:
    """The numbers of an extruded canal, x to the right as in the file.

    Attributes
    ----------
    name : str
        As in the names of the tables, without ``scs_``.
    half_width_mm, half_length_mm : float
        Half sizes of the box across and along, mm; grounded across, no flux at the ends.
    cord_mm, dura_inner_mm, dura_outer_mm, canal_mm, bone_mm : tuple of 2 floats
        Half axes along x and y, mm.
    cord_y_mm : float
        Middle of the cord, mm.
    gray_half_mm : tuple of (float, float)
        Right half of the gray matter relative to the middle of the cord, mm.
    sigma : tuple of (str, (float, float))
        Tissue and its conductivity across and along, S/m.
    lead_mm : tuple of 2 floats
        x and y of the lead's axis, mm.
    lead_radius_mm, contact_length_mm : float
    contact_z_mm : tuple of float
        Middles of the contacts, mm; ``c1`` first.
    lines : tuple of (str, (float, float))
        Name of each line along the cord, and its x and y, mm.
    """

    name: str
    half_width_mm: float
    half_length_mm: float
    cord_mm: Pair
    cord_y_mm: float
    gray_half_mm: tuple[Pair, ...]
    dura_inner_mm: Pair
    dura_outer_mm: Pair
    canal_mm: Pair
    bone_mm: Pair
    sigma: tuple[tuple[str, Pair], ...]
    lead_mm: Pair
    lead_radius_mm: float
    contact_length_mm: float
    contact_z_mm: tuple[float, ...]
    lines: tuple[tuple[str, Pair], ...]

    def section(self) -> CrossSection:
        """Build the cross-section."""
        gray = [(x, y + self.cord_y_mm) for x, y in self.gray_half_mm]
        # The half runs down on the right of the file, x < 0 here; the mirrored half comes up on the other side.
        outline = [(0.0 - x, y) for x, y in gray] + [(x, y) for x, y in reversed(gray) if x > 0.0]
        cord = (0.0, self.cord_y_mm)
        nested = (
            ("bone", "bone", Ellipse((0.0, 0.0), self.bone_mm)),
            ("canal", "epidural_fat", Ellipse((0.0, 0.0), self.canal_mm)),
            ("dura_outer", "dura", Ellipse((0.0, 0.0), self.dura_outer_mm)),
            ("dura_inner", "csf", Ellipse((0.0, 0.0), self.dura_inner_mm)),
            ("cord", "white_matter", Ellipse(cord, self.cord_mm)),
            ("gray_matter", "gray_matter", Polygon(tuple(outline))),
        )
        return CrossSection(self.name, "soft_tissue", tuple(Region(*each) for each in nested))

    def conductivities(self) -> Conductivities:
        """Give the conductivities of all tissues."""
        return Conductivities(f"reference {self.name}", self.sigma)

    def body(self) -> Disc:
        """Give the cross-section of the lead."""
        x, y = self.lead_mm
        return Disc((0.0 - x, y), self.lead_radius_mm)

    def contacts(self) -> tuple[RingContact, ...]:
        """Give the rings, ``c1`` first."""
        x, y = self.body().center_mm
        return tuple(
            RingContact(f"c{k}", (x, y, z), _AXIS, self.contact_length_mm, self.lead_radius_mm)
            for k, z in enumerate(self.contact_z_mm, start=1)
        )

    def line(self, name: str) -> Pair:
        """Give x (to the left) and y of a line, mm; KeyError if the file does not list it."""
        x, y = dict(self.lines)[name]
        return (0.0 - x, y)

    def with_sigma(self, tissue: str, across: float, along: float | None = None) -> CanalGeometry:
        """Give the same canal with another conductivity of one tissue, S/m."""
        pair = (across, across if along is None else along)
        changed = {**dict(self.sigma), tissue: pair}
        return replace(self, sigma=tuple(changed.items()))

    def with_gap(self, gap_mm: float) -> CanalGeometry:
        """Give the same canal with another distance between a midline lead and the dura."""
        x, _ = self.lead_mm
        y = self.dura_outer_mm[1] + gap_mm + self.lead_radius_mm
        return replace(self, lead_mm=(x, y))

    def with_csf(self, csf_mm: float) -> CanalGeometry:
        """Give the same sac and lead with the cord, and the lines in it, at another depth."""
        y = self.dura_inner_mm[1] - csf_mm - self.cord_mm[1]
        moved = tuple((n, (lx, ly + y - self.cord_y_mm)) for n, (lx, ly) in self.lines)
        return replace(self, cord_y_mm=y, lines=moved)


@dataclass(frozen=True)
class CuffGeometry:
    """The numbers of a cuff around a nerve of one fascicle, all around the same axis.

    Attributes
    ----------
    name : str
        As in the names of the tables.
    endoneurium_radius_mm, perineurium_mm, nerve_radius_mm : float
        Radius of the endoneurium, thickness of the layer outside it, radius of the nerve, mm.
    inner_radius_mm, outer_radius_mm, length_mm : float
        The insulating cuff, mm.
    contact_length_mm : float
    contact_z_mm : tuple of float
        Middles of the rings, mm; contact 1 first.
    radius_mm, half_length_mm : float
        The grounded cylinder, mm.
    sigma : tuple of (str, (float, float))
        Tissue and its conductivity across and along, S/m.
    """

    name: str
    endoneurium_radius_mm: float
    perineurium_mm: float
    nerve_radius_mm: float
    inner_radius_mm: float
    outer_radius_mm: float
    length_mm: float
    contact_length_mm: float
    contact_z_mm: tuple[float, ...]
    radius_mm: float
    half_length_mm: float
    sigma: tuple[tuple[str, Pair], ...]

    def conductivities(self) -> Conductivities:
        """Give the conductivities of all tissues."""
        return Conductivities(f"reference {self.name}", self.sigma)

    def contacts(self) -> tuple[ArcContact, ...]:
        """Give the rings on the inner wall, ``c1`` first."""
        return tuple(
            ArcContact(f"c{k}", (0.0, 0.0, z), _AXIS, self.contact_length_mm, self.inner_radius_mm)
            for k, z in enumerate(self.contact_z_mm, start=1)
        )


def read_canal(path: Path) -> CanalGeometry:
    """Read ``scs_<name>_geometry.json``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    CanalGeometry

    Raises
    ------
    ResultsError
        If the file cannot be read, lacks an entry, has one of another kind or unit, or contradicts itself.
    """
    numbers = Numbers.read(path)
    box = numbers.below("box")
    half_width_mm = box.number("x")
    numbers.agree("box.y", box.number("y"), half_width_mm, "half width of the square box")
    lead, derived = numbers.below("lead"), numbers.below("derived")
    cord, dura_inner = numbers.half_axes("cord"), numbers.half_axes("dura_in")
    cord_y_mm = derived.number("cord_cy")
    expected = dura_inner[1] - numbers.below("cord").number("dcsf") - cord[1]
    numbers.agree("derived.cord_cy", cord_y_mm, expected, "dura_in.b - cord.dcsf - cord.b")
    contact_z_mm = derived.numbers("contact_z")
    if len(contact_z_mm) != lead.number("n"):
        msg = (
            f"{path}: derived.contact_z has {len(contact_z_mm)} contacts and lead.n is {lead.number('n'):g}: "
            "both must agree; correct one of them."
        )
        raise ResultsError(msg)
    return CanalGeometry(
        name=path.name.removeprefix("scs_").removesuffix("_geometry.json"),
        half_width_mm=half_width_mm,
        half_length_mm=box.number("z"),
        cord_mm=cord,
        cord_y_mm=cord_y_mm,
        gray_half_mm=numbers.pairs("grey_half"),
        dura_inner_mm=dura_inner,
        dura_outer_mm=numbers.half_axes("dura_out"),
        canal_mm=numbers.half_axes("canal"),
        bone_mm=numbers.half_axes("bone"),
        sigma=numbers.below("sigma").conductivities(_CANAL_TISSUES),
        lead_mm=(lead.number("x"), derived.number("lead_y")),
        lead_radius_mm=lead.number("r"),
        contact_length_mm=lead.number("contact_len"),
        contact_z_mm=contact_z_mm,
        lines=numbers.lines("fibre_lines"),
    )


def read_cuff(path: Path) -> CuffGeometry:
    """Read ``cuff_<name>_geometry.json``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    CuffGeometry

    Raises
    ------
    ResultsError
        If the file cannot be read, lacks an entry, or has one of another kind or unit.
    """
    numbers = Numbers.read(path)
    return CuffGeometry(
        name=path.name.removesuffix("_geometry.json"),
        endoneurium_radius_mm=numbers.number("r_endo"),
        perineurium_mm=numbers.number("t_peri"),
        nerve_radius_mm=numbers.number("r_nerve"),
        inner_radius_mm=numbers.number("r_cuff_in"),
        outer_radius_mm=numbers.number("r_cuff_out"),
        length_mm=numbers.number("cuff_len"),
        contact_length_mm=numbers.number("contact_len"),
        contact_z_mm=numbers.numbers("contact_z"),
        radius_mm=numbers.number("r_domain"),
        half_length_mm=numbers.number("half_len"),
        sigma=numbers.below("sigma").conductivities(_CUFF_TISSUES),
    )
