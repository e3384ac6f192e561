"""What pictures read from the group ``geometry``: contacts, leads, outlines and fibers of one place along the sweep.

Nothing is drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.electrodes.contacts import PlateContact, RingContact
from scsim.plots.reading import config_value, has_values, in_words, indices, pick, swept_dims
from scsim.results.schema import GEOMETRY, OUTLINES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from scsim.results.store import Results

    FloatArray = NDArray[np.float64]

CONTACT_CENTER: Final = f"{GEOMETRY}/contact_center_mm"
CONTACT_DIRECTION: Final = f"{GEOMETRY}/contact_direction"
CONTACT_NORMAL: Final = f"{GEOMETRY}/contact_normal"
CONTACT_LENGTH: Final = f"{GEOMETRY}/contact_length_mm"
CONTACT_RADIUS: Final = f"{GEOMETRY}/contact_radius_mm"
CONTACT_WIDTH: Final = f"{GEOMETRY}/contact_width_mm"
LEAD_OUTLINE: Final = f"{GEOMETRY}/lead_outline_mm"
LEAD_SPAN: Final = f"{GEOMETRY}/lead_span_mm"
ROOT_PATH: Final = f"{GEOMETRY}/root_path_mm"
FIBER_START: Final = f"{GEOMETRY}/fiber_start_mm"
FIBER_END: Final = f"{GEOMETRY}/fiber_end_mm"
FIBER_DIAMETER: Final = "fiber_diameter_um"

CONTACTS: Final = (
    CONTACT_CENTER,
    CONTACT_DIRECTION,
    CONTACT_NORMAL,
    CONTACT_LENGTH,
    CONTACT_RADIUS,
    CONTACT_WIDTH,
)
PLACES: Final = (*CONTACTS, LEAD_OUTLINE, LEAD_SPAN)
"""Datasets without which there is no picture in space."""

X_LABEL: Final = "x, to the left (mm)"
Y_LABEL: Final = "y, dorsal (mm)"
Z_LABEL: Final = "z, rostral (mm)"
"""Axes of space; the schema knows them as values along the dimension ``axis``."""

FIBERS: Final = (FIBER_START, FIBER_END, FIBER_DIAMETER)
"""Datasets of the fibers; studies of the field alone have none."""

_NEVER_EMPTY: Final = (CONTACT_CENTER, LEAD_OUTLINE)
"""Of `PLACES` those with numbers for every kind of lead."""

SAME_COLUMN_MM: Final = 0.05
"""Contacts whose middles lie nearer to each other, across the cord, are one above the other, mm: between two
columns of a paddle there is more than a millimeter."""


@dataclass(frozen=True)
class LeadBody:
    """The body of one lead.

    Attributes
    ----------
    outline_mm : ndarray of float64, shape (n, 2)
        Closed, across the cord, mm.
    span_mm : tuple of 2 floats
        Lowest and highest z of its metal, mm.
    """

    outline_mm: FloatArray
    span_mm: tuple[float, float]


def has_fibers(results: Results) -> bool:
    """Tell whether the study ran fibers.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bool
    """
    return all(name in results for name in FIBERS)


def first_place(results: Results) -> dict[str, int] | None:
    """Find the first place along the sweep at which lead and fibers were laid out.

    Parameters
    ----------
    results : Results
        With `PLACES`.

    Returns
    -------
    dict of str to int, or None
        Dimension and index, as `scsim.plots.reading.pick` takes them; None if all cases failed.
    """
    fibers = FIBERS if has_fibers(results) else ()
    dims = dict.fromkeys(dim for name in (*PLACES, *fibers) for dim in swept_dims(results, name))
    for at in indices(results, tuple(dims)):
        if all(has_values(results, name, at) for name in (*_NEVER_EMPTY, *fibers)):
            return at
    return None


def which_position(results: Results) -> str:
    """Say which of several positions is drawn, on a line of its own; empty if there is one only.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
    """
    at = first_place(results)
    if not at:
        return ""
    sizes = [len(results.coordinates[dim]) for dim in at]
    number = int(np.ravel_multi_index(list(at.values()), sizes)) + 1
    place = "first" if number == 1 else f"number {number}"
    return f"\n{place} of {np.prod(sizes)} positions: {in_words(results, at)}"


def first_values(results: Results, name: str) -> NDArray[Any]:
    """Take a dataset at the first place along the sweep.

    Parameters
    ----------
    results : Results
    name : str

    Returns
    -------
    ndarray
        Fibers, vertices and sides that other cases have and this one lacks are left out.
    """
    values = pick(results, name, first_place(results) or {})
    is_there: NDArray[np.bool_] = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    return np.asarray(values[is_there])


def contacts_of(results: Results) -> tuple[RingContact | PlateContact, ...]:
    """Rebuild the contacts at the first place along the sweep.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of RingContact or PlateContact
        Those that this case has, in the order of the results.
    """
    at = first_place(results) or {}
    center, direction, normal, length, radius, width = (
        pick(results, name, at).tolist() for name in CONTACTS
    )
    contacts: list[RingContact | PlateContact] = []
    for row, name in enumerate(results.coordinates["contact"]):
        where = tuple(center[row])
        if np.isnan(length[row]):
            continue
        along = tuple(direction[row])
        if np.isnan(width[row]):
            contacts.append(RingContact(str(name), where, along, length[row], radius[row]))
        else:
            out = tuple(normal[row])
            contacts.append(PlateContact(str(name), where, along, out, length[row], width[row]))
    return tuple(contacts)


def leads_of(results: Results) -> tuple[LeadBody, ...]:
    """Give the bodies of the leads at the first place along the sweep.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of LeadBody
    """
    at = first_place(results) or {}
    outlines, spans = pick(results, LEAD_OUTLINE, at), pick(results, LEAD_SPAN, at)
    return tuple(
        LeadBody(outline[np.isfinite(outline).all(axis=1)], (float(low), float(high)))
        for outline, (low, high) in zip(outlines, spans, strict=True)
        if np.isfinite(low)
    )


def outlines_of(results: Results) -> dict[str, FloatArray]:
    """Give the closed outlines of the tissues at the first place along the sweep.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict of str to ndarray of float64, shape (n, 2)
        By the names of `scsim.results.schema.OUTLINES`, from outside to inside, mm; none where a label volume
        stands for the anatomy.
    """
    paths = {name: f"{GEOMETRY}/outline_{name}_mm" for name in OUTLINES}
    found = {name: first_values(results, path) for name, path in paths.items() if path in results}
    return {name: outline for name, outline in found.items() if outline.size}


def roots_of(results: Results) -> tuple[FloatArray, ...]:
    """Give the paths of the dorsal roots at the first place along the sweep.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of ndarray of float64, shape (n, 3)
        mm; none for an anatomy without roots.
    """
    if ROOT_PATH not in results:
        return ()
    paths = [
        path[np.isfinite(path).all(axis=1)]
        for path in pick(results, ROOT_PATH, first_place(results) or {})
    ]
    return tuple(path for path in paths if len(path) > 1)


def montage_of(results: Results) -> Mapping[str, float] | None:
    """Read the share of each contact that the montage names.

    Parameters
    ----------
    results : Results

    Returns
    -------
    mapping of str to float, or None
        None where the montage is swept or missing, so that there is no one montage.
    """
    table = config_value(results, "montage")
    if not isinstance(table, dict) or any(isinstance(value, dict) for value in table.values()):
        return None
    return {name: share for name, share in table.items() if isinstance(share, int | float)}


def is_one_column(contacts: tuple[RingContact | PlateContact, ...]) -> bool:
    """Tell whether all contacts lie above each other, so that a view from the side shows each.

    Parameters
    ----------
    contacts : tuple of RingContact or PlateContact

    Returns
    -------
    bool
    """
    across = np.array([contact.center_mm[:2] for contact in contacts])
    return bool((np.ptp(across, axis=0) < SAME_COLUMN_MM).all())
