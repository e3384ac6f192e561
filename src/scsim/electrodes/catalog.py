"""Leads by name, read from ``data/leads``.

A lead is named by its geometry, never by a maker.
"""

import difflib

from scsim.electrodes.contacts import RingContact
from scsim.electrodes.lead import Lead
from scsim.errors import GeometryError
from scsim.formats.tables import load_table, table_names


def lead_names() -> tuple[str, ...]:
    """List the leads, in the order of their names."""
    return table_names("leads")


def load_lead(name: str) -> Lead:
    """Read a lead: along z, the middle of its contacts at the origin, c1 caudal.

    Parameters
    ----------
    name : str
        One of `lead_names`.

    Returns
    -------
    Lead

    Raises
    ------
    GeometryError
        If there is no such lead; names the nearest one.
    """
    names = lead_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else "Choose one of these."
        msg = f"there is no lead {name!r}; leads are {', '.join(names)}. {advice}"
        raise GeometryError(msg)
    table = load_table(f"leads/{name}")
    n_contacts = int(table.number("n_contacts"))
    length_mm = table.number("contact_length_mm")
    radius_mm = table.number("radius_mm")
    pitch_mm = length_mm + table.number("contact_gap_mm")
    contacts = tuple(
        RingContact(
            label=f"c{index + 1}",
            center_mm=(0.0, 0.0, (index - (n_contacts - 1) / 2.0) * pitch_mm),
            direction=(0.0, 0.0, 1.0),
            length_mm=length_mm,
            radius_mm=radius_mm,
        )
        for index in range(n_contacts)
    )
    return Lead(name, table.title, contacts, radius_mm, table.sources)
