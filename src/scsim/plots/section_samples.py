"""Potential and current density of a montage in a plane across the cord or nerve, on an even grid.

Only media are evaluated here; drawing belongs in ``field_section.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.electrodes import Cuff, Disc, Lead, Paddle, Slab
from scsim.errors import GeometryError, StimulusError
from scsim.fields.unit_potential import SolvedMedium, superpose
from scsim.tissue import CrossSection, Ellipse, Region
from scsim.tissue.section import turned

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.electrodes import Contact, Source
    from scsim.fields.unit_potential import Medium
    from scsim.tissue import Conductivities

    FloatArray = npt.NDArray[np.float64]

Solid = Lead | Paddle | Cuff | Disc | Slab

_Z_STEP_MM: Final = 0.05
"""Half of the distance over which the potential is differenced along z, mm: small beside the contacts' length."""

MAX_POINTS: Final = 161
"""Points of the grid along the longer side of the plane: 0.14 mm apart in a canal, half of the dura."""

Window = tuple[float, float, float, float]


@dataclass(frozen=True)
class Setting:
    """What lies in a plane.

    Attributes
    ----------
    section : CrossSection or None
        Tissues; None for a homogeneous medium.
    solids : tuple of Lead, Paddle, Cuff, Disc or Slab
        Where there is no tissue.
    conductivities : Conductivities or None
        Needed for the current density.
    """

    section: CrossSection | None = None
    solids: tuple[Solid, ...] = ()
    conductivities: Conductivities | None = None


@dataclass(frozen=True)
class PlaneSamples:
    """A montage's field in a plane z = const.

    Attributes
    ----------
    x_mm, y_mm : ndarray of float64, shape (n_x,), (n_y,)
        Ascending, evenly spaced, mm.
    potential_mv_per_ma : ndarray of float64, shape (n_y, n_x)
        mV per mA of amplitude in the first phase; NaN in leads.
    density_ua_per_mm2_per_ma : ndarray of float64, shape (3, n_y, n_x), or None
        Current density along x, y and z, µA/mm² per mA; NaN in leads.
    """

    x_mm: FloatArray
    y_mm: FloatArray
    potential_mv_per_ma: FloatArray
    density_ua_per_mm2_per_ma: FloatArray | None


def setting_of(medium: Medium) -> Setting:
    """Read what lies in a plane from the problem that a medium was solved for.

    Parameters
    ----------
    medium : Medium

    Returns
    -------
    Setting
        Empty for media that do not say.
    """
    # matplotlib's readers need no solver, and each of these loads scipy.
    from scsim.fields.canal.spectral import ExtrudedMedium  # noqa: PLC0415
    from scsim.fields.cuffs.cuff import CuffMedium  # noqa: PLC0415
    from scsim.fields.voxels.voxel import VoxelMedium  # noqa: PLC0415

    if isinstance(medium, ExtrudedMedium):
        problem = medium.problem
        return Setting(problem.section, problem.bodies, problem.conductivities)
    if isinstance(medium, VoxelMedium):
        tissue = medium.problem.tissue
        solids = tuple(
            one for one in medium.problem.devices if isinstance(one, Lead | Paddle | Cuff)
        )
        section = tissue if isinstance(tissue, CrossSection) else None
        return Setting(section, solids, medium.problem.conductivities)
    if isinstance(medium, CuffMedium):
        nerve, cuff = medium.problem.nerve, medium.problem.cuff
        section = nerve.cross_section(medium.problem.perineurium)
        bore = Ellipse(cuff.center_mm[:2], (cuff.inner_radius_mm, cuff.inner_radius_mm))
        filling = Region("cuff_filling", cuff.filling, bore)
        section = replace(section, regions=(filling, *section.regions))
        return Setting(section, (cuff,), medium.problem.conductivities)
    return Setting()


def medium_sources(
    medium: Medium, sources: Sequence[Contact | Source] | None
) -> list[Contact | Source]:
    """Give the sources of a field: those given, else the contacts of a solved medium.

    Parameters
    ----------
    medium : Medium
    sources : sequence of Contact or Source, optional

    Returns
    -------
    list of Contact or Source

    Raises
    ------
    GeometryError
        If there are none.
    """
    if sources is not None:
        return list(sources)
    if isinstance(medium, SolvedMedium):
        return list(medium.contacts)
    msg = f"a {type(medium).__name__} has 0 contacts of its own. Give sources, one per share."
    raise GeometryError(msg)


def montage_shares(
    shares: Mapping[str, float] | Sequence[float], contacts: Sequence[Contact | Source]
) -> FloatArray:
    """Lay the shares of a montage out in the order of the contacts.

    Parameters
    ----------
    shares : mapping of str to float, or sequence of float, shape (n_contacts,)
        Share of the amplitude (no unit), by label or in the order of the contacts.
    contacts : sequence of Contact or Source
        Sources without a label cannot be named.

    Returns
    -------
    ndarray of float64, shape (n_contacts,)

    Raises
    ------
    StimulusError
        If a label is unknown, or there is not one share per contact.
    """
    labels = [getattr(contact, "label", str(number)) for number, contact in enumerate(contacts)]
    if isinstance(shares, Mapping):
        unknown = [name for name in shares if name not in labels]
        if unknown:
            msg = (
                f"the montage names {', '.join(unknown)}; the contacts are {', '.join(labels)}. "
                "Use these labels."
            )
            raise StimulusError(msg)
        return np.array([float(shares.get(name, 0.0)) for name in labels])
    vector = np.asarray(shares, dtype=np.float64)
    if vector.shape != (len(labels),):
        msg = (
            f"{vector.size} shares for {len(labels)} contacts ({', '.join(labels)}). Give one share per contact, or "
            "a mapping from labels to shares."
        )
        raise StimulusError(msg)
    return vector


def sample_plane(
    medium: Medium,
    sources: Sequence[Contact | Source],
    shares: npt.ArrayLike,
    z_mm: float,
    *,
    setting: Setting,
    window_mm: Window,
    has_density: bool = False,
) -> PlaneSamples:
    """Evaluate a medium on an even grid in a plane z = const.

    Parameters
    ----------
    medium : Medium
    sources : sequence of Contact or Source
    shares : array_like, shape (n_sources,)
        Share of the amplitude (no unit).
    z_mm : float
        mm.
    setting : Setting
        What lies in the plane.
    window_mm : tuple of 4 floats
        Smallest and largest x, smallest and largest y, mm.
    has_density : bool
        Compute the current density too.

    Returns
    -------
    PlaneSamples

    Raises
    ------
    GeometryError
        If the current density is asked for and tissue or its conductivity is not known.

    Notes
    -----
    The current density is −σ ∇V: σ in S/m and ∇V in mV/mm give A/m², which is µA/mm². Differences along x and
    y are taken between neighbors in the grid that lie in the same tissue, one-sided at its border, as σ and
    the slope of V jump there.
    """
    x0, x1, y0, y1 = window_mm
    step = max(x1 - x0, y1 - y0) / (MAX_POINTS - 1)
    x = np.asarray(x0 + step * np.arange(round((x1 - x0) / step) + 1), dtype=np.float64)
    y = np.asarray(y0 + step * np.arange(round((y1 - y0) / step) + 1), dtype=np.float64)
    plane = np.stack(np.meshgrid(x, y), axis=-1)
    steps_mm = [0.0, -_Z_STEP_MM, _Z_STEP_MM] if has_density else [0.0]
    # Heights vary fastest: points that share x and y are one line to the solvers.
    heights = np.tile(z_mm + np.array(steps_mm), x.size * y.size)
    points = np.column_stack([np.repeat(plane.reshape(-1, 2), len(steps_mm), axis=0), heights])
    is_free = np.ones(len(points), dtype=np.bool_)
    for solid in setting.solids:
        is_free &= ~holds(solid, points)
    vector = np.asarray(shares, dtype=np.float64)
    active = np.flatnonzero(vector).tolist()
    driven = [sources[index] for index in active]
    values = np.full(len(points), np.nan)
    values[is_free] = _evaluate(medium, driven, vector[active], points[is_free])
    layers = np.moveaxis(values.reshape(*plane.shape[:2], len(steps_mm)), -1, 0)
    if not has_density:
        return PlaneSamples(x, y, layers[0], None)
    tissue, pairs = _conductivity_map(setting, plane)
    slope_y, slope_x = (_slope(layers[0], tissue, step, axis) for axis in (0, 1))
    slope_z = (layers[2] - layers[1]) / (2.0 * _Z_STEP_MM)
    across, along = pairs[tissue, 0], pairs[tissue, 1]
    density = -np.stack([across * slope_x, across * slope_y, along * slope_z])
    return PlaneSamples(x, y, layers[0], density)


def _evaluate(
    medium: Medium, sources: list[Contact | Source], shares: FloatArray, points_mm: FloatArray
) -> FloatArray:
    """Give the potential at points; NaN where tissue is too thin for the grid of a voxel medium to have one."""
    from scsim.fields.voxels.voxel import VoxelMedium  # noqa: PLC0415 - as above

    try:
        return superpose(medium.unit_potential(sources, points_mm), shares)
    except GeometryError:
        if not isinstance(medium, VoxelMedium):
            raise
        if len(points_mm) == 1:
            return np.array([np.nan])
    middle = len(points_mm) // 2
    halves = (points_mm[:middle], points_mm[middle:])
    return np.concatenate([_evaluate(medium, sources, shares, half) for half in halves])


def holds(solid: Solid, points_mm: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which points lie in a solid or on its surface.

    Parameters
    ----------
    solid : Lead, Paddle, Cuff, Disc or Slab
    points_mm : ndarray of float64, shape (n, 3)

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if isinstance(solid, Lead | Paddle | Cuff):
        return solid.contains(points_mm)
    offset = points_mm[:, :2] - np.array(solid.center_mm)
    if isinstance(solid, Disc):
        return np.asarray(np.hypot(*offset.T) <= solid.radius_mm)
    x, y = turned(offset, -solid.turn_deg).T
    return np.asarray((np.abs(x) <= solid.width_mm / 2.0) & (np.abs(y) <= solid.thickness_mm / 2.0))


def _conductivity_map(
    setting: Setting, plane: FloatArray
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Give the number of the tissue at each point and the conductivities, across and along, of each number."""
    section, known = setting.section, setting.conductivities
    if section is None or known is None:
        msg = (
            "the current density needs the tissues in the plane and their conductivities, and this medium has "
            f"{'no section' if section is None else 'a section'} and "
            f"{'no' if known is None else len(known.values)} conductivities. Give section and conductivities, "
            "or draw the potential."
        )
        raise GeometryError(msg)
    tissue = np.zeros(plane.shape[:2], dtype=np.int64)
    for number, region in enumerate(section.regions, start=1):
        tissue[region.outline.contains(plane.reshape(-1, 2)).reshape(tissue.shape)] = number
    names = [section.outside, *(region.tissue for region in section.regions)]
    return tissue, np.array([known[name] for name in names])


def _slope(
    potential: FloatArray, tissue: npt.NDArray[np.int64], step_mm: float, axis: int
) -> FloatArray:
    """Difference along an axis of the grid within each tissue, mV per mm and mA; NaN for single points."""
    value, kind = np.moveaxis(potential, axis, 0), np.moveaxis(tissue, axis, 0)
    rise = np.where(kind[1:] == kind[:-1], np.diff(value, axis=0) / step_mm, np.nan)
    nothing = np.full((1, *rise.shape[1:]), np.nan)
    forward, backward = np.concatenate([rise, nothing]), np.concatenate([nothing, rise])
    slope = np.where(
        np.isnan(forward),
        backward,
        np.where(np.isnan(backward), forward, 0.5 * (forward + backward)),
    )
    slope = np.where(np.isnan(value), np.nan, slope)
    return np.moveaxis(slope, 0, axis)
