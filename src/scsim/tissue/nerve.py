"""A peripheral nerve: fascicles in their perineurium, epineurium around them, the same all along.

The axis is along z; x and y lie across. Cuffs and other devices do not belong here, nor conductivities.
"""

import difflib
import math
from dataclasses import dataclass, field
from itertools import combinations
from typing import ClassVar, Final, Literal

from scsim.errors import GeometryError
from scsim.formats.tables import Table, load_table, table_names
from scsim.tissue.clearance import LEAST_GAP_MM
from scsim.tissue.section import CrossSection, Ellipse, Region, Sheet

Pair = tuple[float, float]

_FOLDER: Final = "nerves"


@dataclass(frozen=True, kw_only=True)
class NerveSection:
    """The table ``[nerve]`` of a config. A study that has it is one of a nerve in a cuff, and has no spine.

    Attributes
    ----------
    preset : str, optional
        A nerve of ``scsim list nerves``. Its middle is the origin.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    preset: str | None = None


@dataclass(frozen=True)
class Fascicle:
    """A bundle of fibers in its sheath.

    Attributes
    ----------
    center_mm : tuple of 2 floats
        x and y of its middle, mm.
    radius_mm : float
        Radius of the endoneurium, mm.
    perineurium_mm : float
        Thickness of the perineurium, which lies outside that radius, mm.

    Raises
    ------
    GeometryError
        If a number is not finite, or radius or thickness not positive.
    """

    center_mm: Pair
    radius_mm: float
    perineurium_mm: float

    def __post_init__(self) -> None:
        numbers = (*self.center_mm, self.radius_mm, self.perineurium_mm)
        if not all(map(math.isfinite, numbers)) or min(self.radius_mm, self.perineurium_mm) <= 0.0:
            msg = (
                f"a fascicle at {self.center_mm} mm of radius_mm = {self.radius_mm:g} mm in a perineurium of "
                f"{self.perineurium_mm:g} mm: all numbers must be finite, radius and thickness positive. "
                "Correct them."
            )
            raise GeometryError(msg)

    @property
    def outer_radius_mm(self) -> float:
        """Radius with the perineurium, mm."""
        return self.radius_mm + self.perineurium_mm


@dataclass(frozen=True)
class Nerve:
    """A nerve.

    Attributes
    ----------
    name, title : str
        Preset and one line for people; not compared.
    radius_mm : float
        Outer radius of the epineurium, mm; the middle of the nerve is the origin.
    fascicles : tuple of Fascicle
    surround : str
        Tissue around the nerve.
    sources : tuple of str
        Bibliography keys of the numbers; not compared.

    Raises
    ------
    GeometryError
        If there is no fascicle, or one reaches out of the nerve or into another.
    """

    name: str = field(compare=False)
    title: str = field(compare=False)
    radius_mm: float
    fascicles: tuple[Fascicle, ...]
    surround: str = "muscle"
    sources: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.fascicles:
            msg = f"the nerve {self.name!r} has no fascicle (0); at least one is needed. Give one."
            raise GeometryError(msg)
        for number, fascicle in enumerate(self.fascicles, start=1):
            reach_mm = math.hypot(*fascicle.center_mm) + fascicle.outer_radius_mm
            if not reach_mm <= self.radius_mm - LEAST_GAP_MM:
                msg = (
                    f"fascicle {number} of {self.name!r} reaches {reach_mm:.4g} mm from the middle of a nerve of "
                    f"radius_mm = {self.radius_mm:g} mm; at least {LEAST_GAP_MM:g} mm of epineurium must stay. "
                    "Move it inward, or make the nerve thicker."
                )
                raise GeometryError(msg)
        for (i, one), (j, other) in combinations(enumerate(self.fascicles, start=1), 2):
            gap_mm = math.dist(one.center_mm, other.center_mm) - (
                one.outer_radius_mm + other.outer_radius_mm
            )
            if not gap_mm >= LEAST_GAP_MM:
                msg = (
                    f"fascicles {i} and {j} of {self.name!r} have {gap_mm:.3g} mm between their sheaths; at "
                    f"least {LEAST_GAP_MM:g} mm of epineurium must stay. Move them apart."
                )
                raise GeometryError(msg)

    def cross_section(self, perineurium: Literal["sheet", "layer"] = "sheet") -> CrossSection:
        """Give the tissues across the nerve.

        Parameters
        ----------
        perineurium : {"sheet", "layer"}
            ``sheet``: a resistance on the surface of the endoneurium, so that the epineurium begins there;
            ``layer``: the layer itself, outside the endoneurium.

        Returns
        -------
        CrossSection
            Regions ``nerve`` (epineurium), then per fascicle ``perineurium_k`` (layer only) and
            ``endoneurium_k``.
        """
        regions = [Region("nerve", "epineurium", _circle((0.0, 0.0), self.radius_mm))]
        for number, fascicle in enumerate(self.fascicles, start=1):
            center = fascicle.center_mm
            sheet = None
            if perineurium == "layer":
                outer = _circle(center, fascicle.outer_radius_mm)
                regions.append(Region(f"perineurium_{number}", "perineurium", outer))
            else:
                sheet = Sheet("perineurium", fascicle.perineurium_mm)
            inner = _circle(center, fascicle.radius_mm)
            regions.append(Region(f"endoneurium_{number}", "endoneurium", inner, sheet))
        return CrossSection(self.name, self.surround, tuple(regions))

    def axis_beside(self, radius_mm: float, gap_mm: float, angle_deg: float = 90.0) -> Pair:
        """Find where the axis of a round lead lies beside the nerve, along it.

        Parameters
        ----------
        radius_mm : float
            Radius of the lead, mm.
        gap_mm : float
            Distance between the surfaces of lead and nerve, mm.
        angle_deg : float
            On which side: angle from x towards y, degrees.

        Returns
        -------
        tuple of 2 floats
            x and y, mm.

        Raises
        ------
        GeometryError
            If the gap is too small for a lead outside the nerve.
        """
        if not (math.isfinite(gap_mm) and gap_mm >= LEAST_GAP_MM):
            msg = (
                f"gap_mm = {gap_mm:g} mm between lead and nerve: at least {LEAST_GAP_MM:g} mm are needed. "
                "Make it larger."
            )
            raise GeometryError(msg)
        distance, angle = self.radius_mm + gap_mm + radius_mm, math.radians(angle_deg)
        return distance * math.cos(angle), distance * math.sin(angle)


def nerve_names() -> tuple[str, ...]:
    """List the nerves, in the order of their names."""
    return table_names(_FOLDER)


def load_nerve(name: str) -> Nerve:
    """Read a nerve.

    Parameters
    ----------
    name : str
        One of `nerve_names`.

    Returns
    -------
    Nerve

    Raises
    ------
    GeometryError
        If there is no such nerve; names the nearest one.
    """
    names = nerve_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else "Choose one of these."
        msg = f"there is no nerve {name!r}; nerves are {', '.join(names)}. {advice}"
        raise GeometryError(msg)
    table = load_table(f"{_FOLDER}/{name}")
    radii_mm = table.array("fascicles.radius_mm").tolist()
    centers_mm = table.array("fascicles.center_mm").tolist()
    return Nerve(
        name=name,
        title=table.title,
        radius_mm=table.number("radius_mm"),
        fascicles=tuple(
            Fascicle((x, y), radius_mm, thickness_mm)
            for (x, y), radius_mm, thickness_mm in zip(
                centers_mm, radii_mm, _perineurium_mm(table, radii_mm), strict=True
            )
        ),
        surround=str(table.value("surround")),
        sources=table.sources,
    )


def _perineurium_mm(table: Table, radii_mm: list[float]) -> list[float]:
    """Give the thickness of each perineurium: as listed, or the table's share of the diameter."""
    if "perineurium.thickness_mm" in table.entries:
        listed: list[float] = table.array("perineurium.thickness_mm").tolist()
        return listed
    share = table.number("perineurium.thickness_per_diameter")
    return [share * 2.0 * radius_mm for radius_mm in radii_mm]


def _circle(center_mm: Pair, radius_mm: float) -> Ellipse:
    return Ellipse(center_mm, (radius_mm, radius_mm))
