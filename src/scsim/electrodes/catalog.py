"""Devices by name, read from ``data/leads``: leads, paddles, cuffs and pads.

A device is named by its geometry, never by a maker.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from scsim.electrodes.contacts import ArcContact, PadContact, PlateContact, RingContact
from scsim.electrodes.cuff import Cuff, Pads
from scsim.electrodes.cylinder import Lead
from scsim.electrodes.paddle import Paddle
from scsim.errors import GeometryError
from scsim.formats.tables import Table, load_table, table_names

if TYPE_CHECKING:
    from scsim.electrodes.lead import LeadSection

Kind = Literal["percutaneous", "paddle", "cuff", "pads"]

EPIDURAL_KINDS: Final[tuple[Kind, ...]] = ("percutaneous", "paddle")
"""Kinds that can lie in the canal."""

_FOLDER: Final = "leads"
_ALONG: Final = (0.0, 0.0, 1.0)


def lead_names(*kinds: Kind) -> tuple[str, ...]:
    """List the devices, in the order of their names.

    Parameters
    ----------
    *kinds : {"percutaneous", "paddle", "cuff", "pads"}
        Only these kinds; none for all.

    Returns
    -------
    tuple of str
    """
    names = table_names(_FOLDER)
    if not kinds:
        return names
    return tuple(name for name in names if _kind(load_table(f"{_FOLDER}/{name}")) in kinds)


def epidural_lead_names() -> tuple[str, ...]:
    """List the leads and paddles that can lie in the canal."""
    return lead_names(*EPIDURAL_KINDS)


def load_lead(name: str) -> Lead | Paddle | Cuff | Pads:
    """Read a device: along z, its middle at the origin, contacts counted from caudal.

    Parameters
    ----------
    name : str
        One of `lead_names`.

    Returns
    -------
    Lead, Paddle, Cuff or Pads
        A paddle's contacts look towards -y; pads lie in the plane y = 0 with the tissue below (y < 0).

    Raises
    ------
    GeometryError
        If there is no such device; names the nearest one.
    """
    table = _table(name, lead_names())
    kind = _kind(table)
    if kind == "paddle":
        return _paddle(name, table)
    if kind == "cuff":
        return _cuff(name, table)
    return _pads(name, table) if kind == "pads" else _percutaneous(name, table)


def load_study_lead(section: LeadSection) -> Lead | Paddle | Cuff:
    """Read the device that a config asks for, with its own contact sizes if it has any.

    Parameters
    ----------
    section : LeadSection

    Returns
    -------
    Lead, Paddle or Cuff
        As of `load_lead`.

    Raises
    ------
    GeometryError
        If there is no such device, it lies on the skin, or sizes of contacts are given for another one than a
        percutaneous lead.
    """
    return _study_lead(section.preset, section.contact_length_mm, section.contact_gap_mm)


@lru_cache(maxsize=256)
def _study_lead(name: str, length_mm: float | None, gap_mm: float | None) -> Lead | Paddle | Cuff:
    """Read a device once: thousands of cases share few, and building one takes a fifth of a millisecond."""
    table = _table(name, lead_names(*EPIDURAL_KINDS, "cuff"))
    kind = _kind(table)
    if kind == "percutaneous":
        return _percutaneous(name, table, length_mm, gap_mm)
    for key, size_mm in (("contact_length_mm", length_mm), ("contact_gap_mm", gap_mm)):
        if size_mm is not None:
            msg = (
                f"{key} = {size_mm:g} mm: only percutaneous leads have contacts in one row of equal "
                f"gaps; {name!r} is a {kind}. Remove the key, or choose a percutaneous lead."
            )
            raise GeometryError(msg)
    return _paddle(name, table) if kind == "paddle" else _cuff(name, table)


def load_epidural(name: str) -> Lead | Paddle:
    """Read a device that can lie in the canal.

    Parameters
    ----------
    name : str
        One of `epidural_lead_names`.

    Returns
    -------
    Lead or Paddle

    Raises
    ------
    GeometryError
        If there is no such lead; names the nearest one.
    """
    table = _table(name, epidural_lead_names())
    return _paddle(name, table) if _kind(table) == "paddle" else _percutaneous(name, table)


def _table(name: str, names: tuple[str, ...]) -> Table:
    """Read the table of a device that must be one of some names."""
    if name in names:
        return load_table(f"{_FOLDER}/{name}")
    near = difflib.get_close_matches(name, names, n=1)
    advice = f"Did you mean {near[0]!r}?" if near else "Choose one of these."
    msg = f"there is no lead {name!r}; leads are {', '.join(names)}. {advice}"
    if name in lead_names():
        msg = (
            f"{name!r} is a device of the kind {_kind(load_table(f'{_FOLDER}/{name}'))}, which does not lie in "
            f"the canal; leads that do are {', '.join(names)}. Choose one of these."
        )
    raise GeometryError(msg)


def _kind(table: Table) -> str:
    return str(table.value("kind"))


def _heights_mm(n_contacts: int, pitch_mm: float) -> list[float]:
    """Give z of the middles of a row of contacts around 0, from caudal to rostral, mm."""
    return [(index - (n_contacts - 1) / 2.0) * pitch_mm for index in range(n_contacts)]


def _percutaneous(
    name: str, table: Table, length_mm: float | None = None, gap_mm: float | None = None
) -> Lead:
    """Build a lead; sizes of contacts that are not given are those of its table."""
    length_mm = table.number("contact_length_mm") if length_mm is None else length_mm
    gap_mm = table.number("contact_gap_mm") if gap_mm is None else gap_mm
    radius_mm = table.number("radius_mm")
    heights = _heights_mm(int(table.number("n_contacts")), length_mm + gap_mm)
    contacts = tuple(
        RingContact(f"c{number}", (0.0, 0.0, z), _ALONG, length_mm, radius_mm)
        for number, z in enumerate(heights, start=1)
    )
    return Lead(name, table.title, contacts, radius_mm, table.sources)


def _paddle(name: str, table: Table) -> Paddle:
    length_mm, width_mm = table.number("contact_length_mm"), table.number("contact_width_mm")
    thickness_mm = table.number("thickness_mm")
    pitch_mm = length_mm + table.number("contact_gap_mm")
    counts = table.array("columns.n_contacts").astype(int).tolist()
    places = [
        (x, z)
        for x, count in zip(table.array("columns.lateral_mm").tolist(), counts, strict=True)
        for z in _heights_mm(count, pitch_mm)
    ]
    contacts = tuple(
        PlateContact(
            label=f"c{number}",
            center_mm=(x, -thickness_mm / 2.0, z),
            direction=_ALONG,
            normal=(0.0, -1.0, 0.0),
            length_mm=length_mm,
            width_mm=width_mm,
        )
        for number, (x, z) in enumerate(places, start=1)
    )
    return Paddle(
        name=name,
        title=table.title,
        contacts=contacts,
        center_mm=(0.0, 0.0, 0.0),
        width_mm=table.number("width_mm"),
        thickness_mm=thickness_mm,
        sources=table.sources,
    )


def _cuff(name: str, table: Table) -> Cuff:
    radius_mm = table.number("inner_radius_mm")
    heights = table.array("contacts.height_mm").tolist()
    middles = table.array("contacts.middle_deg").tolist()
    contacts = tuple(
        ArcContact(
            label=f"c{number}",
            center_mm=(0.0, 0.0, z),
            direction=_ALONG,
            length_mm=table.number("contacts.length_mm"),
            radius_mm=radius_mm,
            middle_deg=middle_deg,
            span_deg=table.number("contacts.span_deg"),
        )
        for number, (z, middle_deg) in enumerate(zip(heights, middles, strict=True), start=1)
    )
    return Cuff(
        name=name,
        title=table.title,
        contacts=contacts,
        inner_radius_mm=radius_mm,
        outer_radius_mm=table.number("outer_radius_mm"),
        length_mm=table.number("length_mm"),
        filling=str(table.value("filling")),
        sources=table.sources,
    )


def _pads(name: str, table: Table) -> Pads:
    radius_mm = table.number("radius_mm")
    contacts = tuple(
        PadContact(f"c{number}", (0.0, 0.0, z), (0.0, -1.0, 0.0), radius_mm)
        for number, z in enumerate(table.array("contacts.height_mm").tolist(), start=1)
    )
    return Pads(name, table.title, contacts, table.sources)
