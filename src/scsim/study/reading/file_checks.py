"""What files of potentials and labels must hold for the cases that read them: contacts, fibers and leads.

That they can be read is looked at in ``inputs.py``; this file knows where leads, fibers and lines of a case lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ScsimError
from scsim.results.schema import select_datasets
from scsim.study.inputs import load_imported, load_labels
from scsim.study.stages.places import make_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scsim.electrodes import Lead, Paddle
    from scsim.fields.imported import Coverage, ImportedField
    from scsim.study.config import StudyConfig

FORBIDDEN_TISSUES: Final = ("bone", "dura", "csf", "white_matter", "gray_matter")
"""Tissues in which no epidural lead lies."""

_STRAY: Final = 0.05
"""Share of a lead's volume that may lie in other tissue (no unit): voxels are stairs along the borders of tissues, which
a lead on the dura touches."""

_N_ACROSS: Final = 15
"""Samples across a lead in each direction."""

_STEP_MM: Final = 1.0
"""Distance of samples along leads and fibers, mm: below the sizes of contacts."""


def lead_faults(config: StudyConfig) -> list[tuple[str, str]]:
    """Find leads that lie in a tissue of the label volume in which none can lie.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    list of (str, str)
        Key of ``[field]`` and message.
    """
    volume = load_labels(config.field, config.folder)
    if volume is None:
        return []
    points = np.concatenate([_lead_points(lead) for lead in make_place(config).leads])
    codes = volume.codes_at(points)
    shares = {
        tissue: float(np.mean(codes == code))
        for code, tissue in enumerate(volume.tissue_names)
        if tissue in FORBIDDEN_TISSUES
    }
    if sum(shares.values()) <= _STRAY:
        return []
    listed = ", ".join(
        f"{100.0 * share:.2g} % in {tissue}" for tissue, share in shares.items() if share > 0.0
    )
    message = (
        f"of the leads, {listed} of the label volume: they lie in the epidural space. Move them with lateral_mm, "
        "rostral_mm or dura_gap_mm below [lead], or correct the labels or the origin of the volume."
    )
    return [("label_file", message)]


def import_faults(config: StudyConfig) -> list[tuple[str, str]]:
    """Find contacts, fibers and lines of a case that its imported potentials do not know.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    list of (str, str)
        Key of ``[field]`` and message.
    """
    imported = load_imported(config.field, config.folder)
    if imported is None:
        return []
    missing = [label for label, _ in config.montage.shares if label not in imported.labels]
    if missing:
        message = (
            f"the file has {', '.join(imported.labels)}; the montage uses {', '.join(missing)}. "
            "Use contacts of the file, or name its columns as the contacts of the lead."
        )
        return [("file", message)]
    low, high = imported.points_mm.min(axis=0), imported.points_mm.max(axis=0)
    for name, covered in _coverages(imported, config).items():
        if covered.n_inside < covered.n_points:
            message = (
                f"of the {name}, {covered.n_points - covered.n_inside} of {covered.n_points} points lie outside the "
                f"samples, by up to {covered.outside_mm:.3g} mm; samples reach from {_triple(low)} to {_triple(high)} mm. "
                f"Export samples of a larger region, or {_SMALLER[name]}."
            )
            return [("file", message)]
    return []


def coverage(config: StudyConfig) -> dict[str, Coverage]:
    """Report how well the imported potentials of a case cover its fibers and the lines of its profile.

    Parameters
    ----------
    config : StudyConfig

    Returns
    -------
    dict of str to Coverage
        By what is covered; empty for other solvers.
    """
    imported = load_imported(config.field, config.folder)
    return {} if imported is None else _coverages(imported, config)


def coverage_lines(configs: list[StudyConfig]) -> list[str]:
    """Say how well imported potentials cover what cases ask of them, each sentence once."""
    # Cases of one place share samples and points, whatever their pulses and circuits.
    first = {
        (one.seed, one.tissue, one.lead, one.fibers, one.field, one.montage): one for one in configs
    }
    lines = [
        f"{config.field.file}, {name}: {covered}"
        for config in first.values()
        for name, covered in coverage(config).items()
    ]
    return list(dict.fromkeys(lines))


_FIBERS: Final = "fibers"
_LINES: Final = "lines of the profile"
_SMALLER: Final = {
    _FIBERS: "make margin_mm, lateral_max_mm or depth_max_mm below [fibers] smaller",
    _LINES: "change profile_depths_mm or leave field_profile out",
}


def _coverages(imported: ImportedField, config: StudyConfig) -> dict[str, Coverage]:
    """Compare samples with all that a case asks of them."""
    stages = {dataset.stage for dataset in select_datasets(config.output.save)}
    places = {}
    if stages & {"thresholds", "recruitment", "afferents", "circuit"}:
        places[_FIBERS] = _fiber_points(config)
    if "profile" in stages:
        places[_LINES] = _line_points(config)
    return {name: imported.coverage(points) for name, points in places.items()}


def _fiber_points(config: StudyConfig) -> NDArray[np.float64]:
    """Sample the fibers of a case, shape (n, 3), mm."""
    # Fibers load scipy, which a config without a file does not need.
    from scsim.study.stages.table import STAGES  # noqa: PLC0415

    (population,) = next(one for one in STAGES if one.name == "population").prepare(config, {})
    ends = zip(population["fiber_start_mm"], population["fiber_end_mm"], strict=True)
    return np.concatenate([_between(start, end) for start, end in ends])


def _line_points(config: StudyConfig) -> NDArray[np.float64]:
    """Sample the lines of the profile of a case, shape (n, 3), mm."""
    from scsim.study.stages.field_stages import profile_line_ends_mm  # noqa: PLC0415 - as above

    return np.concatenate([_between(start, end) for start, end in profile_line_ends_mm(config)])


def _between(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sample a straight line, its ends among the samples."""
    n_steps = max(1, int(np.ceil(np.linalg.norm(end - start) / _STEP_MM)))
    return np.linspace(start, end, n_steps + 1)


def _lead_points(lead: Lead | Paddle) -> NDArray[np.float64]:
    """Sample the body of a lead as far as its metal reaches, shape (n, 3), mm."""
    corners = np.array(lead.body.corners_mm)
    x, y = (
        np.linspace(low - lead.body.radius_mm, high + lead.body.radius_mm, _N_ACROSS)
        for low, high in zip(corners.min(axis=0), corners.max(axis=0), strict=True)
    )
    low_mm, high_mm = lead.span_mm
    z = np.linspace(low_mm, high_mm, max(2, round((high_mm - low_mm) / _STEP_MM)))
    points = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)
    return points[lead.contains(points)]


def _triple(values: NDArray[np.float64]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"


def case_faults(config: StudyConfig) -> list[tuple[str, str]]:
    """Find what files lack for a case; a fault of anatomy or lead is told by the checks of its keys."""
    try:
        return [*lead_faults(config), *import_faults(config)]
    except ScsimError as error:
        return [("file" if config.field.file else "label_file", f"{error}")]
