"""Runs the reference cases with closed forms: infinite media, half-spaces, disks and concentric layers.

Concentric layers are run by the voxel solver too, with the source as one cell. Tolerances are in ``tolerances.py``;
the solvers themselves belong to `scsim.fields`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from scsim.electrodes.sources import DiskSource, PointSource
from scsim.errors import ResultsError
from scsim.fields.closed_form.analytic import HomogeneousMedium, InsulatedHalfSpace, TwoHalfSpaces
from scsim.fields.closed_form.layers import ConcentricLayers
from scsim.fields.voxels.voxel import VoxelMedium, VoxelProblem, VoxelSettings
from scsim.tissue.materials import Conductivities
from scsim.tissue.section import CrossSection, Ellipse, Region
from scsim.validate.field_lines import run_case
from scsim.validate.reading import Row, read_table
from scsim.validate.report import Case, measure

if TYPE_CHECKING:
    from pathlib import Path

    from scsim.electrodes.sources import Source
    from scsim.fields.unit_potential import Medium
    from scsim.validate.field_media import Solutions

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]

_A1_COLUMNS: Final = ("medium", "x_mm", "y_mm", "z_mm", "V_mV_per_mA")
_A2_COLUMNS: Final = ("sigma1_S_m", "sigma2_S_m", "h_mm", "x_mm", "z_mm", "V_mV_per_mA")
_A3_COLUMNS: Final = ("radius_mm", "sigma_S_m", "r_mm", "z_mm")
_A3_MODELS: Final[tuple[tuple[Literal["equipotential", "uniform"], str], ...]] = (
    ("equipotential", "V_equipotential_mV"),
    ("uniform", "V_uniform_density_mV"),
)
_A4_COLUMNS: Final = (
    "layer_outer_radii_mm", "sigma_transv", "sigma_long", "source_r_mm", "ground_r_mm",
    "r_mm", "phi_rad", "z_mm", "V_mV_per_mA",
)  # fmt: skip

_GROUND_S_PER_M: Final = 1e3
"""Conductivity of the tissue that stands for the grounded cylinder in the voxel box, S/m: ten thousand times that of
the layers inside it, so that what it adds lies far below the bar."""

_GROUND_WALL_MM: Final = 1.0
"""Thickness of that tissue where it is thinnest, mm."""

_HALF_LENGTH_MM: Final = 150.0
"""Half length of the voxel box, mm; the layers are endless. The fluid carries current along and loses it through fat and
soft tissue over a length of about 25 mm (the root of its conductance along times the resistance around it), so what the
ends send back to points within 20 mm of the source has fallen by exp(-260/25) = 3e-5."""

_LAYERS_SPACING_MM: Final = 0.25
"""Edge of the voxels around the source and the points, mm."""


def run_point_sources(file: Path) -> list[Case]:
    """Run A1: a point source of 1 mA at the origin of an infinite medium.

    Parameters
    ----------
    file : Path

    Returns
    -------
    list of Case
        One for each row.

    Raises
    ------
    ResultsError
        If the table cannot be read, or names an unknown medium.
    """
    source = PointSource((0.0, 0.0, 0.0))
    cases = []
    for row in read_table(file, _A1_COLUMNS):
        point = (row.finite("x_mm"), row.finite("y_mm"), row.finite("z_mm"))
        medium = HomogeneousMedium(sigma_s_per_m=_read_conductivity(row))
        name = f"{row.text('medium')} at ({point[0]:g}, {point[1]:g}, {point[2]:g}) mm"
        found = _potential(medium, source, point)
        cases.append(_judge(row, name, "A1", found, "V_mV_per_mA"))
    return cases


def run_half_spaces(file: Path) -> list[Case]:
    """Run A2: a point source of 1 mA at height h above a plane between two media; as `run_point_sources`."""
    cases = []
    for row in read_table(file, _A2_COLUMNS):
        above, below = row.finite("sigma1_S_m"), row.finite("sigma2_S_m")
        height = row.finite("h_mm")
        point = (row.finite("x_mm"), 0.0, row.finite("z_mm"))
        medium = TwoHalfSpaces(
            sigma_positive_s_per_m=above, sigma_negative_s_per_m=below, interface_mm=0.0, axis="z"
        )
        source = PointSource((0.0, 0.0, height))
        name = (
            f"{above:g} over {below:g} S/m, h = {height:g} mm, at ({point[0]:g}, {point[2]:g}) mm"
        )
        found = _potential(medium, source, point)
        cases.append(_judge(row, name, "A2", found, "V_mV_per_mA"))
    return cases


def run_disks(file: Path) -> list[Case]:
    """Run A3: a disk on an insulating plane, equipotential and of uniform density; as `run_point_sources`."""
    columns = tuple(column for _, column in _A3_MODELS)
    cases = []
    for row in read_table(file, (*_A3_COLUMNS, *columns)):
        radius, sigma = row.finite("radius_mm"), row.finite("sigma_S_m")
        point = (row.finite("r_mm"), 0.0, row.finite("z_mm"))
        medium = InsulatedHalfSpace(sigma_s_per_m=sigma)
        for model, column in _A3_MODELS:
            source = DiskSource((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), radius, density=model)
            name = f"{model} disk of {radius:g} mm at r = {point[0]:g}, z = {point[2]:g} mm"
            cases.append(_judge(row, name, "A3", _potential(medium, source, point), column))
    return cases


def run_layers(file: Path, solutions: Solutions) -> list[Case]:
    """Run A4: a point source of 1 mA among concentric layers inside a grounded cylinder.

    Parameters
    ----------
    file : Path
    solutions : Solutions
        The voxel solver runs if it has any spacing.

    Returns
    -------
    list of Case
        One for each row by the series, then one for the whole table by the voxel solver.

    Raises
    ------
    ResultsError
        If the table cannot be read, or its rows are not of one model.
    """
    rows = read_table(file, _A4_COLUMNS)
    radii, sigma, source_mm, ground_mm = _read_layers(rows)
    source = PointSource((source_mm, 0.0, 0.0))
    medium = ConcentricLayers(outer_radii_mm=radii, sigma_s_per_m=sigma, ground_radius_mm=ground_mm)
    points = np.array([_cylindrical(row) for row in rows])
    found = medium.unit_potential([source], points)[0]
    cases = [
        _judge(row, f"{file.stem} {_place(row)}", "A4", float(value), "V_mV_per_mA")
        for row, value in zip(rows, found, strict=True)
    ]
    if not solutions.voxel_spacings_mm:
        return cases
    name = f"{file.stem}: voxel {_LAYERS_SPACING_MM:g} mm"

    def voxel() -> Case:
        problem = VoxelProblem(
            tissue=_layered_section(radii, ground_mm),
            conductivities=_layered_conductivities(sigma),
            devices=(source,),
            contact_model="uniform",
            half_width_mm=ground_mm + _GROUND_WALL_MM,
            half_length_mm=_HALF_LENGTH_MM,
            settings=VoxelSettings(spacing_mm=_LAYERS_SPACING_MM, fine_tissues=("layer_0",)),
        )
        values = VoxelMedium(problem, problem.solve()).unit_potential([source], points)[0]
        expected = np.array([row.finite("V_mV_per_mA") for row in rows])
        errors = values / expected - 1.0
        worst = int(np.argmax(np.abs(errors)))
        return Case(name, file.name, (measure("A4_voxel", errors[worst], _place(rows[worst])),))

    return [*cases, run_case(name, file, voxel)]


def _read_layers(
    rows: list[Row],
) -> tuple[tuple[float, ...], tuple[Pair, ...], float, float]:
    """Read the model of a table: radii (mm), conductivities across and along (S/m), source and ground (mm)."""
    first = rows[0]
    for row in rows:
        for column in _A4_COLUMNS[:5]:
            if row.text(column) != first.text(column):
                msg = (
                    f"{column} = {row.text(column)!r} in {row.path}:{row.line}, "
                    f"{first.text(column)!r} above: one table holds one model. Split the table."
                )
                raise ResultsError(msg)
    radii = _read_list(first, "layer_outer_radii_mm")
    across, along = _read_list(first, "sigma_transv"), _read_list(first, "sigma_long")
    if not len(across) == len(along) == len(radii) + 1:
        msg = (
            f"{first.path}:{first.line}: {len(radii)} radii with {len(across)} and {len(along)} conductivities: "
            "the outermost layer has a conductivity and no radius of its own. Correct the lists."
        )
        raise ResultsError(msg)
    sigma = tuple(zip(across, along, strict=True))
    return radii, sigma, first.finite("source_r_mm"), first.finite("ground_r_mm")


def _read_list(row: Row, column: str) -> tuple[float, ...]:
    """Read numbers with bars between them."""
    try:
        return tuple(float(text) for text in row.text(column).split("|"))
    except ValueError:
        msg = (
            f"{column} = {row.text(column)!r} in {row.path}:{row.line}: numbers with | between them are needed; "
            "compare the line with the shipped cases."
        )
        raise ResultsError(msg) from None


def _cylindrical(row: Row) -> tuple[float, float, float]:
    """Give the point of a row; the source lies at angle 0."""
    r, phi = row.finite("r_mm"), row.finite("phi_rad")
    return (r * math.cos(phi), r * math.sin(phi), row.finite("z_mm"))


def _place(row: Row) -> str:
    return f"r = {row.text('r_mm')} mm, {row.text('phi_rad')} rad, z = {row.text('z_mm')} mm"


def _layered_section(radii_mm: tuple[float, ...], ground_mm: float) -> CrossSection:
    """Give the layers as circles, and outside the grounded one a very good conductor up to the box."""
    circles = [*radii_mm, ground_mm]
    regions = [
        Region(f"layer_{i}", f"layer_{i}", Ellipse((0.0, 0.0), (radius, radius)))
        for i, radius in enumerate(circles)
    ]
    return CrossSection("concentric layers", "ground", tuple(reversed(regions)))


def _layered_conductivities(sigma: tuple[Pair, ...]) -> Conductivities:
    """Give the conductivities of `_layered_section`."""
    layers = [(f"layer_{i}", pair) for i, pair in enumerate(sigma)]
    ground = ("ground", (_GROUND_S_PER_M, _GROUND_S_PER_M))
    return Conductivities("concentric layers", (*layers, ground))


def _read_conductivity(row: Row) -> float | tuple[float, float, float]:
    """Read a medium's name: ``iso_<s>``, or ``<name>_<transverse>_<longitudinal>``."""
    _, *texts = row.text("medium").split("_")
    try:
        values = [_read_fraction(text) for text in texts]
    except (ValueError, ZeroDivisionError):
        values = []
    is_isotropic = row.text("medium").startswith("iso_")
    if is_isotropic and len(values) == 1:
        return values[0]
    if not is_isotropic and len(values) == 2:
        transverse, longitudinal = values
        return (transverse, transverse, longitudinal)
    msg = (
        f"medium = {row.text('medium')!r} in {row.path}:{row.line}: allowed are iso_<S/m> and "
        "<name>_<transverse S/m>_<longitudinal S/m>, each a decimal or a fraction a/b; rename it."
    )
    raise ResultsError(msg)


def _read_fraction(text: str) -> float:
    """Read a decimal or a fraction of two decimals."""
    numerator, _, denominator = text.partition("/")
    return float(numerator) / float(denominator or "1")


def _potential(medium: Medium, source: Source, point_mm: tuple[float, float, float]) -> float:
    """Give the potential at one point, mV for 1 mA."""
    return float(medium.unit_potential([source], np.array([point_mm]))[0, 0])


def _judge(row: Row, name: str, quantity: str, potential_mv: float, column: str) -> Case:
    """Compare one potential: error relative to the reference."""
    expected = row.finite(column)
    check = measure(quantity, (potential_mv - expected) / expected)
    return Case(name, row.path.name, (check,))
