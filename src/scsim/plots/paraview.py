"""Leads, tissues, fibers and the field of a montage as VTU files, for ParaView and other viewers.

Shapes come from ``shapes.py``, sections of the field from ``section_samples.py``; the format is in
`scsim.formats.vtu`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import GeometryError, ResultsError
from scsim.fields.profile import active_contact
from scsim.fields.unit_potential import SolvedMedium, superpose
from scsim.formats.vtu import write_vtu
from scsim.plots.field_section import height_of, section_window
from scsim.plots.section_samples import montage_shares, sample_plane, setting_of
from scsim.plots.shapes import Shapes, prism, section_outlines, shapes_of_results
from scsim.results.store import Results

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

TISSUE_MARGIN_MM: Final = 20.0
"""How far tissues are drawn beyond the outermost metal, mm."""

POTENTIAL: Final = "potential_mv_per_ma"
DENSITY: Final = "current_density_ua_per_mm2_per_ma"


def export_vtu(
    what: Results | Shapes,
    folder: str | Path,
    *,
    medium: SolvedMedium | None = None,
    shares: Mapping[str, float] | Sequence[float] | None = None,
    z_mm: float | None = None,
) -> list[Path]:
    """Write leads, tissues and fibers, and the field of a montage on them, as VTU files.

    Lengths are in mm. ``leads.vtu``: surfaces, with ``contact_number`` (0 for the body, contacts from 1 in their
    order) and ``share`` (0 where idle, NaN where not known). ``tissues.vtu``: outlines extruded along z, with
    ``outline_number`` from outside to inside. ``fibers.vtu`` and ``roots.vtu``: lines, with ``fiber_number``, or
    ``root_number``, from 0. With a medium the lines carry its potential, and ``section.vtu`` is the plane across the
    cord with potential and current density.

    Parameters
    ----------
    what : Results or Shapes
        Results of a study, or what `scsim.plots.make_shapes` made.
    folder : str or Path
        Made if it is not there.
    medium : SolvedMedium, optional
        Its contacts are those of `what`.
    shares : mapping of str to float, or sequence of float, optional
        Montage of the field (no unit), by label or in the order of the contacts; by default the shares in `what`.
    z_mm : float, optional
        Height of the section, mm; by default that of the contact with the largest share.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ResultsError
        If meshio is not installed, no case of the results was computed, or a file cannot be written.
    GeometryError
        If a field is asked for and no contact carries current, or fibers lie where the medium has no answer.
    StimulusError
        If the shares do not fit the contacts.
    """
    shapes = shapes_of_results(what) if isinstance(what, Results) else what
    if not shapes.contacts:
        msg = "no case of these results was computed, so nothing lies anywhere. Run a study whose cases do not fail."
        raise ResultsError(msg)
    folder = Path(folder)
    vector = None if medium is None else _shares(shapes, medium, shares)
    paths = [_write_leads(shapes, folder / "leads.vtu")]
    if shapes.outlines_mm:
        paths.append(_write_tissues(shapes, folder / "tissues.vtu"))
    for name, lines in (("fiber", shapes.fibers_mm), ("root", shapes.roots_mm)):
        if lines:
            paths.append(_write_lines(lines, name, folder / f"{name}s.vtu", medium, vector))
    if medium is not None and vector is not None:
        paths.append(_write_section(medium, vector, z_mm, folder / "section.vtu"))
    return paths


def _shares(
    shapes: Shapes, medium: SolvedMedium, shares: Mapping[str, float] | Sequence[float] | None
) -> FloatArray:
    """Give the shares of the medium's contacts."""
    if shares is None:
        shares = {metal.label: metal.share for metal in shapes.contacts}
    vector = montage_shares(shares, medium.contacts)
    if not np.isfinite(vector).all() or not vector.any():
        msg = (
            f"no contact of {len(vector)} has a share of the current that is known and not 0. Give shares, such as "
            "{'c4': -1.0}."
        )
        raise GeometryError(msg)
    return vector


def _write_leads(shapes: Shapes, path: Path) -> Path:
    """Write bodies and metal."""
    parts = [*shapes.bodies_mm, *(metal.faces_mm for metal in shapes.contacts)]
    numbers = [0] * len(shapes.bodies_mm) + [*range(1, len(shapes.contacts) + 1)]
    shares = [0.0] * len(shapes.bodies_mm) + [metal.share for metal in shapes.contacts]
    return _write_faces(parts, {"contact_number": numbers, "share": shares}, path)


def _write_tissues(shapes: Shapes, path: Path) -> Path:
    """Write outlines as open tubes."""
    low, high = shapes.span_mm
    low, high = low - TISSUE_MARGIN_MM, high + TISSUE_MARGIN_MM
    parts = [
        prism(outline, low, high, has_ends=False, face_length_mm=high - low)
        for outline in shapes.outlines_mm.values()
    ]
    return _write_faces(parts, {"outline_number": [*range(1, len(parts) + 1)]}, path)


def _write_faces(
    parts: Sequence[FloatArray], data: Mapping[str, Sequence[float]], path: Path
) -> Path:
    """Write faces of four corners as triangles, with one value per part."""
    triangles, owner = [], []
    for number, faces in enumerate(parts):
        both = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
        area = np.linalg.norm(np.cross(both[:, 1] - both[:, 0], both[:, 2] - both[:, 0]), axis=1)
        kept = both[area > 0.0]
        triangles.append(kept)
        owner.append(np.full(len(kept), number))
    corners = np.concatenate(triangles)
    points, index = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    owners = np.concatenate(owner)
    return write_vtu(
        path,
        points,
        {"triangle": index.reshape(-1, 3)},
        cell_data={name: np.array(values)[owners] for name, values in data.items()},
    )


def _write_lines(
    lines: Sequence[FloatArray],
    name: str,
    path: Path,
    medium: SolvedMedium | None,
    shares: FloatArray | None,
) -> Path:
    """Write paths as lines, with the potential at their points if there is a medium."""
    sizes = np.array([len(line) for line in lines])
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    points = np.concatenate(lines)
    starts = np.concatenate(
        [np.arange(begin, begin + size - 1) for begin, size in zip(first, sizes, strict=True)]
    )
    data: dict[str, Any] = {}
    if medium is not None and shares is not None:
        data[POTENTIAL] = superpose(medium.unit_potential(medium.contacts, points), shares)
    return write_vtu(
        path,
        points,
        {"line": np.column_stack([starts, starts + 1])},
        point_data=data,
        cell_data={f"{name}_number": np.repeat(np.arange(len(lines)), sizes - 1)},
    )


def _write_section(
    medium: SolvedMedium, shares: FloatArray, z_mm: float | None, path: Path
) -> Path:
    """Write the plane across the cord, without what lies in leads."""
    setting = setting_of(medium)
    height = height_of(medium.contacts[active_contact(shares)]) if z_mm is None else z_mm
    samples = sample_plane(
        medium,
        medium.contacts,
        shares,
        height,
        setting=setting,
        window_mm=section_window(section_outlines(setting.section), medium.contacts),
        has_density=setting.section is not None and setting.conductivities is not None,
    )
    n_x, n_y = samples.x_mm.size, samples.y_mm.size
    number = np.arange(n_x * n_y).reshape(n_y, n_x)
    corners = [number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]]
    a, b, c, d = (corner.ravel() for corner in corners)
    triangles = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    potential = samples.potential_mv_per_ma.ravel()
    triangles = triangles[np.isfinite(potential[triangles]).all(axis=1)]
    x, y = np.meshgrid(samples.x_mm, samples.y_mm)
    points = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, height)])
    used, triangles = np.unique(triangles, return_inverse=True)
    data: dict[str, Any] = {POTENTIAL: potential[used]}
    if samples.density_ua_per_mm2_per_ma is not None:
        data[DENSITY] = samples.density_ua_per_mm2_per_ma.reshape(3, -1).T[used]
    return write_vtu(path, points[used], {"triangle": triangles.reshape(-1, 3)}, point_data=data)
