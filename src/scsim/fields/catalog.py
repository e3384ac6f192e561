"""The tables ``[field]`` and ``[domain]`` of a config, and the choice of a solver: the only place that makes it.

What the solvers do is in their own files, which are loaded only when a study computes: the config imports
this file. Checks of keys against anatomy and fibers belong to `scsim.study.reading.checks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from annotated_types import Ge, Gt, Le, MinLen

from scsim.electrodes import Cuff, Lead, contact_sources
from scsim.errors import GeometryError
from scsim.formats.tables import load_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scsim.electrodes import Contact, Paddle, Source
    from scsim.fields.imported import ImportedField
    from scsim.fields.unit_potential import Medium, Problem
    from scsim.fields.voxels.labels import LabelVolume
    from scsim.fields.voxels.voxel import VoxelSettings
    from scsim.tissue import Conductivities, CrossSection, Nerve

SOLVERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "spectral": "the canal as it is, uniform along the cord: Fourier series along it, finite elements across; a nerve "
        "with one fascicle in its middle and a cuff: modes around it, elements across and along",
        "voxel": "finite volumes on a graded grid in three dimensions",
        "analytic": "closed forms in one homogeneous medium without bounds",
        "imported": "potentials that other software has computed",
    }
)
"""Solvers and what they are; the first is the default."""

CONTACT_MODELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "spectral": ("equipotential", "uniform"),
        "voxel": ("equipotential", "uniform"),
        "analytic": ("line",),
        "imported": (),
    }
)
"""How each solver can treat metal; the first is its default."""

KEYS_OF_SOLVERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sigma_s_per_m": ("analytic",),
        "resolution": ("spectral",),
        "spacing_mm": ("voxel",),
        "label_file": ("voxel",),
        "label_tissues": ("voxel",),
        "file": ("imported",),
        "coordinate_unit": ("imported",),
        "potential_unit": ("imported",),
    }
)
"""Keys of ``[field]`` that only some solvers read."""

BOUNDED_SOLVERS: Final = ("spectral", "voxel")
"""Solvers that compute in a domain with tissues, and so read ``[domain]`` and ``[conductivity]``."""

PROFILE_DEPTHS_MM: Final = (0.2, 1.0)
"""Depths of the lines of the field profile below the dorsal surface of the cord, mm: those of the table of
sensitivities among the reference solutions."""

_Conducting = Annotated[float, Ge(1e-6), Le(1e6)]


@dataclass(frozen=True, kw_only=True)
class FieldSection:
    """The table ``[field]`` of a config.

    Attributes
    ----------
    solver : {"analytic", "spectral", "voxel", "imported"}
        ``scsim list fields`` says what each one does.
    contact_model : {"equipotential", "uniform", "line"}, optional
        ``equipotential``: metal has one potential, idle contacts float. ``uniform``: even current density on
        the driven contact, the others absent (3 to 5 % lower drive). ``line``: an even line source on the
        lead's axis, analytic only. Left out, it is the first that the solver knows.
    resolution : float, optional
        How much finer than usual the spectral solver resolves the cross-section (no unit); 1 if left out.
    spacing_mm : float, optional
        Edge of the voxels near lead and cord, mm; left out, the voxel solver's own.
    sigma_s_per_m : float or list of 3 floats, optional
        Conductivity of the analytic medium, S/m; three numbers are along x, y and z.
    label_file : str, optional
        File with a label per voxel (HDF5 or NIfTI), in place of the anatomy of ``[tissue]``, which still places
        lead and fibers; voxel only.
    label_tissues : list of str, optional
        Tissue of label 0, of label 1 and so on; voxel only.
    file : str, optional
        File with imported potentials (CSV, HDF5 or VTU), one per contact, by its label.
    coordinate_unit, potential_unit : str, optional
        Units of the imported file where it does not name its own, for example ``mm`` and ``mV/mA``.
    profile_depths_mm : list of float
        Depths of the lines of ``field_profile`` below the dorsal surface of the cord on the midline, mm.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    solver: Literal["spectral", "voxel", "analytic", "imported"] = "spectral"
    contact_model: Literal["equipotential", "uniform", "line"] | None = None
    resolution: Annotated[float, Ge(0.25), Le(8)] | None = None
    spacing_mm: Annotated[float, Ge(0.05), Le(5)] | None = None
    sigma_s_per_m: _Conducting | tuple[_Conducting, _Conducting, _Conducting] | None = None
    label_file: Annotated[str, MinLen(1)] | None = None
    label_tissues: Annotated[tuple[str, ...], MinLen(1)] | None = None
    file: Annotated[str, MinLen(1)] | None = None
    coordinate_unit: str | None = None
    potential_unit: str | None = None
    profile_depths_mm: Annotated[tuple[Annotated[float, Ge(0)], ...], MinLen(1)] = PROFILE_DEPTHS_MM


@dataclass(frozen=True, kw_only=True)
class DomainSection:
    """The table ``[domain]`` of a config: how far the conductor reaches.

    Without bounds is the default, as fibers reach 40 mm beyond the contacts and so past the ends of the reference
    box, at 60 mm, which they must not see; in the spectral solver length costs nothing.

    Attributes
    ----------
    kind : {"unbounded", "box"}
        ``unbounded``: so far that it no longer matters to fibers. ``box``: grounded side faces and
        insulating ends at the distances below.
    half_width_mm : float, optional
        Distance of the side faces from the origin, mm; box only, 40 mm if left out.
    half_length_mm : float, optional
        Distance of the ends from the origin along the cord, mm; box only, 60 mm if left out.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    kind: Literal["unbounded", "box"] = "unbounded"
    half_width_mm: Annotated[float, Gt(0), Le(2000)] | None = None
    half_length_mm: Annotated[float, Gt(0), Le(2000)] | None = None


@dataclass(frozen=True)
class Domain:
    """A box around the origin.

    Attributes
    ----------
    half_width_mm, half_length_mm : float
        Distance of the side faces and of the ends from the origin, mm.
    """

    half_width_mm: float
    half_length_mm: float


@dataclass(frozen=True)
class FieldSetup:
    """Everything that a field depends on.

    Attributes
    ----------
    field : FieldSection
    domain : Domain
    tissue : CrossSection or LabelVolume
        Tissues across the cord, encapsulation of the leads among them, or voxel by voxel.
    conductivities : Conductivities
    devices : tuple of Lead, Paddle or Cuff
        Placed in space.
    imported : ImportedField or None
        For the solver of that name.
    nerve : Nerve or None
        The nerve whose cross-section `tissue` is, with one cuff as the device.
    """

    field: FieldSection
    domain: Domain
    tissue: CrossSection | LabelVolume
    conductivities: Conductivities
    devices: tuple[Lead | Paddle | Cuff, ...]
    imported: ImportedField | None = None
    nerve: Nerve | None = None

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """The contacts of all devices, in their order; of imported fields those that the file knows."""
        found = tuple(contact for device in self.devices for contact in device.contacts)
        if self.imported is None:
            return found
        return tuple(contact for contact in found if contact.label in self.imported.labels)


def load_domain(section: DomainSection) -> Domain:
    """Give the size of the domain that a config asks for.

    Parameters
    ----------
    section : DomainSection

    Returns
    -------
    Domain
        Sizes that the config leaves out are those of ``data/domains``.
    """
    table = load_table(f"domains/{section.kind}")
    width, length = section.half_width_mm, section.half_length_mm
    return Domain(
        table.number("half_width_mm") if width is None else width,
        table.number("half_length_mm") if length is None else length,
    )


def contact_model(field: FieldSection) -> str:
    """Give the contact model of a config, or that of its solver if it names none; empty for imported fields."""
    return field.contact_model or next(iter(CONTACT_MODELS[field.solver]), "")


def analytic_sigma_s_per_m(field: FieldSection) -> float | tuple[float, float, float]:
    """Give the conductivity of the analytic medium, S/m: that of the config, or of ``data/media``."""
    if field.sigma_s_per_m is None:
        return load_table("media/homogeneous").number("sigma_s_per_m")
    return field.sigma_s_per_m


def solver_faults(field: FieldSection) -> list[tuple[str, str]]:
    """Find the keys of ``[field]`` that do not go with the solver.

    Parameters
    ----------
    field : FieldSection

    Returns
    -------
    list of (str, str)
        Key and message.
    """
    faults = []
    for key, solvers in KEYS_OF_SOLVERS.items():
        value = getattr(field, key)
        if value is not None and field.solver not in solvers:
            message = (
                f"{key} = {value}: the {field.solver} solver does not read it; only {solvers[0]} does. "
                f'Remove it, or write solver = "{solvers[0]}".'
            )
            faults.append((key, message))
    if (field.label_file is None) != (field.label_tissues is None):
        message = (
            "label_file and label_tissues: labels mean nothing without their tissues, and tissues nothing without "
            "labels. Write both, or none."
        )
        faults.append(("label_file" if field.label_tissues is None else "label_tissues", message))
    if field.solver == "imported" and field.file is None:
        message = (
            "solver = imported: an imported field needs the file that holds it. "
            "Add the key file with its name in quotes, or choose another solver."
        )
        faults.append(("solver", message))
    models = CONTACT_MODELS[field.solver]
    if field.contact_model is not None and field.contact_model not in models:
        known = " or ".join(models) or "none: its contacts are in the file"
        advice = f'Write contact_model = "{models[0]}"' if models else "Remove it"
        message = (
            f"contact_model = {field.contact_model}: the {field.solver} solver knows {known}. "
            f"{advice}, or choose another solver."
        )
        faults.append(("contact_model", message))
    return faults


def domain_faults(domain: DomainSection, solver: str) -> list[tuple[str, str]]:
    """Find the keys of ``[domain]`` that do not go with each other or with the solver.

    Parameters
    ----------
    domain : DomainSection
    solver : str
        One of `SOLVERS`.

    Returns
    -------
    list of (str, str)
        Key and message.
    """
    if solver not in BOUNDED_SOLVERS and domain.kind == "box":
        message = (
            f"kind = box: the {solver} solver knows no box. "
            'Write kind = "unbounded", or choose the solver spectral or voxel.'
        )
        return [("kind", message)]
    if domain.kind == "box":
        return []
    faults = []
    for key in ("half_width_mm", "half_length_mm"):
        if getattr(domain, key) is not None:
            message = (
                f"{key} = {getattr(domain, key):g} mm: only a box has a size of its own. "
                'Write kind = "box", or remove the size.'
            )
            faults.append((key, message))
    return faults


def field_problem(setup: FieldSetup) -> Problem | None:
    """Give the problem whose solution a field needs.

    Parameters
    ----------
    setup : FieldSetup

    Returns
    -------
    Problem or None
        None for closed forms and imported fields, which need no solution. What needs no new one (the height of
        a lead in the spectral canal, the contact model, the length of the domain) is not in it.
    """
    # The solvers load numba, scipy and pyamg, which a config does not need.
    match setup.field.solver:
        case "spectral" if setup.nerve is not None:
            return _cuff_problem(setup, setup.nerve)
        case "spectral":
            from scsim.fields.canal.spectral import SectionProblem, SpectralSettings  # noqa: PLC0415

            resolution = setup.field.resolution
            section: Any = setup.tissue
            return SectionProblem(
                section,
                setup.conductivities,
                tuple(device.body for device in setup.devices if not isinstance(device, Cuff)),
                setup.domain.half_width_mm,
                SpectralSettings() if resolution is None else SpectralSettings(resolution),
            )
        case "voxel":
            from scsim.fields.voxels.voxel import VoxelProblem  # noqa: PLC0415

            spacing_mm = setup.field.spacing_mm
            model: Any = contact_model(setup.field)
            return VoxelProblem(
                setup.tissue,
                setup.conductivities,
                setup.devices,
                model,
                setup.domain.half_width_mm,
                setup.domain.half_length_mm,
                _voxel_settings(setup, spacing_mm),
            )
    return None


def _cuff_problem(setup: FieldSetup, nerve: Nerve) -> Problem:
    """Give the problem of a round nerve in its cuff."""
    from scsim.fields.cuffs.cuff import CuffProblem  # noqa: PLC0415 - as above

    cuff: Any = setup.devices[0]
    model: Any = contact_model(setup.field)
    return CuffProblem(
        nerve=nerve,
        cuff=cuff,
        conductivities=setup.conductivities,
        perineurium="sheet",
        radius_mm=setup.domain.half_width_mm,
        half_length_mm=setup.domain.half_length_mm,
        contact_model=model,
    )


CELLS_PER_CUFF_RADIUS: Final = 10
"""Voxels from the axis of a cuff to its wall where no spacing is written: what `VoxelSettings` asks for."""


def _voxel_settings(setup: FieldSetup, spacing_mm: float | None) -> VoxelSettings:
    """Give the settings of the voxel solver: spacing as written, or fit for the cuff, or the solver's own."""
    from scsim.fields.voxels.voxel import VoxelSettings  # noqa: PLC0415 - as above

    if spacing_mm is None and setup.nerve is not None:
        cuff: Any = setup.devices[0]
        spacing_mm = cuff.inner_radius_mm / CELLS_PER_CUFF_RADIUS
    return VoxelSettings() if spacing_mm is None else VoxelSettings(spacing_mm=spacing_mm)


def field_medium(
    setup: FieldSetup,
    solution: Mapping[str, NDArray[Any]] | None = None,
    problem: Problem | None = None,
) -> Medium:
    """Give the medium that a config describes.

    Parameters
    ----------
    setup : FieldSetup
    solution : mapping of str to ndarray, optional
        Solution of `problem`; needed by the solvers that have a problem.
    problem : Problem, optional
        By default that of the setup; another one, such as a refined one, with its own solution.

    Returns
    -------
    Medium
        A `SolvedMedium` for the solvers that have a problem.

    Raises
    ------
    GeometryError
        If a conductivity is not positive, or the contacts do not fit into the domain.
    """
    if solution is None:
        return _closed_form(setup)
    solved: Any = field_problem(setup) if problem is None else problem
    if setup.field.solver == "voxel":
        from scsim.fields.voxels.voxel import VoxelMedium  # noqa: PLC0415 - as above

        return VoxelMedium(solved, solution)
    if setup.nerve is not None:
        from scsim.fields.cuffs.cuff import CuffMedium  # noqa: PLC0415 - as above

        return CuffMedium(solved, solution)
    from scsim.fields.canal.spectral import ExtrudedMedium  # noqa: PLC0415 - as above

    model: Any = contact_model(setup.field)
    return ExtrudedMedium(solved, solution, setup.contacts, model, setup.domain.half_length_mm)


def _closed_form(setup: FieldSetup) -> Medium:
    """Give a medium that needs no solution."""
    if setup.imported is not None:
        return setup.imported
    if setup.field.solver == "analytic":
        from scsim.fields.closed_form.analytic import HomogeneousMedium  # noqa: PLC0415 - as above

        return HomogeneousMedium(analytic_sigma_s_per_m(setup.field))
    msg = (
        f"solver = {setup.field.solver}: its field needs the solution of its problem. "
        "Pass what the store gives for field_problem(setup)."
    )
    raise GeometryError(msg)


def field_sources(setup: FieldSetup) -> Sequence[Source | Contact]:
    """Give what stands for each contact in the medium of a setup.

    Parameters
    ----------
    setup : FieldSetup

    Returns
    -------
    sequence of Source or Contact
        In the order of the contacts: line sources for closed forms, the contacts themselves for solved fields.

    Raises
    ------
    GeometryError
        If a closed form is asked for flat contacts.
    """
    if setup.field.solver != "analytic":
        return setup.contacts
    leads = [device for device in setup.devices if isinstance(device, Lead)]
    if len(leads) < len(setup.devices):
        msg = (
            f"solver = analytic: {setup.devices[0].name!r} has flat contacts, and lines stand for rings alone. "
            "Choose the solver spectral or voxel, or a percutaneous lead."
        )
        raise GeometryError(msg)
    return [source for lead in leads for source in contact_sources(lead)]
