"""Solves the geometries of the field tables with the solvers of `scsim.fields`, each once for all its tables.

Reading geometries is in ``field_geometry.py``; comparing with the tables in ``field_canal.py``, ``field_cuff.py``
and ``field_sensitivity.py``.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from scsim.electrodes.lead import Cuff, Lead
from scsim.fields.canal.spectral import ExtrudedMedium, SectionProblem
from scsim.fields.cuffs.cuff import CuffMedium, CuffProblem
from scsim.fields.voxels.voxel import VoxelMedium, VoxelProblem, VoxelSettings
from scsim.tissue.nerve import Fascicle, Nerve

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from scsim.fields.unit_potential import SolvedMedium
    from scsim.validate.field_geometry import CanalGeometry, CuffGeometry

ContactModel = Literal["equipotential", "uniform"]
Perineurium = Literal["sheet", "layer"]

_KEPT: Final = 2
"""Solved media of each solver that are kept for the next tables: both contact models of one geometry."""


def spectral_medium(geometry: CanalGeometry, model: ContactModel) -> ExtrudedMedium:
    """Solve a canal with the spectral solver at its default settings.

    Parameters
    ----------
    geometry : CanalGeometry
    model : {"equipotential", "uniform"}

    Returns
    -------
    ExtrudedMedium
    """
    problem = SectionProblem(
        section=geometry.section(),
        conductivities=geometry.conductivities(),
        bodies=(geometry.body(),),
        half_width_mm=geometry.half_width_mm,
    )
    return ExtrudedMedium(
        problem,
        problem.solve(),
        geometry.contacts(),
        contact_model=model,
        half_length_mm=geometry.half_length_mm,
    )


def voxel_medium(
    geometry: CanalGeometry, model: ContactModel, numbers: tuple[int, ...], spacing_mm: float
) -> VoxelMedium:
    """Solve a canal with the voxel solver.

    Parameters
    ----------
    geometry : CanalGeometry
    model : {"equipotential", "uniform"}
    numbers : tuple of int
        Contacts that the lead has, counted from 1.
    spacing_mm : float
        Edge of the voxels near lead and cord, mm.

    Returns
    -------
    VoxelMedium
    """
    contacts = geometry.contacts()
    lead = Lead(
        name=geometry.name,
        title="lead of the reference",
        contacts=tuple(contacts[number - 1] for number in numbers),
        radius_mm=geometry.lead_radius_mm,
    )
    problem = VoxelProblem(
        tissue=geometry.section(),
        conductivities=geometry.conductivities(),
        devices=(lead,),
        contact_model=model,
        half_width_mm=geometry.half_width_mm,
        half_length_mm=geometry.half_length_mm,
        settings=VoxelSettings(spacing_mm=spacing_mm),
    )
    return VoxelMedium(problem, problem.solve())


def cuff_medium(geometry: CuffGeometry, perineurium: Perineurium) -> CuffMedium:
    """Solve a cuff with the spectral solver at its default settings.

    Parameters
    ----------
    geometry : CuffGeometry
    perineurium : {"sheet", "layer"}
        The perineurium as a resistance between two potentials, or resolved.

    Returns
    -------
    CuffMedium
    """
    fascicle = Fascicle(
        center_mm=(0.0, 0.0),
        radius_mm=geometry.endoneurium_radius_mm,
        perineurium_mm=geometry.perineurium_mm,
    )
    nerve = Nerve(
        name=geometry.name,
        title="nerve of the reference",
        radius_mm=geometry.nerve_radius_mm,
        fascicles=(fascicle,),
        surround="muscle",
    )
    cuff = Cuff(
        name=geometry.name,
        title="cuff of the reference",
        inner_radius_mm=geometry.inner_radius_mm,
        outer_radius_mm=geometry.outer_radius_mm,
        length_mm=geometry.length_mm,
        contacts=geometry.contacts(),
    )
    problem = CuffProblem(
        nerve=nerve,
        cuff=cuff,
        conductivities=geometry.conductivities(),
        perineurium=perineurium,
        radius_mm=geometry.radius_mm,
        half_length_mm=geometry.half_length_mm,
    )
    return CuffMedium(problem, problem.solve())


@dataclass(frozen=True)
class Solutions:
    """Solves each geometry once for all of its tables, which follow one another by name.

    Attributes
    ----------
    voxel_spacings_mm : tuple of float
        With which spacings the voxel solver runs, mm.
    voxel_models : tuple of {"equipotential", "uniform"}
        On tables of which contact model; the first takes one solution per contact of the lead, the second
        one per contact that carries current.
    """

    voxel_spacings_mm: tuple[float, ...]
    voxel_models: tuple[ContactModel, ...] = ("equipotential", "uniform")
    _kept: dict[str, OrderedDict[Hashable, SolvedMedium]] = field(default_factory=dict)

    def spacings_mm(self, model: ContactModel) -> tuple[float, ...]:
        """Give the spacings with which the voxel solver runs on tables of a contact model, mm."""
        return self.voxel_spacings_mm if model in self.voxel_models else ()

    def spectral(self, geometry: CanalGeometry, model: ContactModel) -> SolvedMedium:
        """Give the medium of the spectral solver."""
        return self._fetch("spectral", (geometry, model), lambda: spectral_medium(geometry, model))

    def voxel(
        self,
        geometry: CanalGeometry,
        model: ContactModel,
        driven: tuple[int, ...],
        spacing_mm: float,
    ) -> SolvedMedium:
        """Give the medium of the voxel solver; `driven` are the numbers of the contacts that carry current."""
        # Idle contacts float where all are equipotential, and are absent from the tables of uniform density.
        all_numbers = tuple(range(1, len(geometry.contact_z_mm) + 1))
        present = driven if model == "uniform" else all_numbers
        return self._fetch(
            f"voxel {spacing_mm:g}",
            (geometry, model, present),
            lambda: voxel_medium(geometry, model, present, spacing_mm),
        )

    def cuff(self, geometry: CuffGeometry, perineurium: Perineurium) -> SolvedMedium:
        """Give the medium of the cuff."""
        return self._fetch(
            "cuff", (geometry, perineurium), lambda: cuff_medium(geometry, perineurium)
        )

    def _fetch(self, solver: str, key: Hashable, solve: Callable[[], SolvedMedium]) -> SolvedMedium:
        kept = self._kept.setdefault(solver, OrderedDict())
        if key not in kept:
            # The oldest goes first, so that three large solutions never meet in memory.
            while len(kept) >= _KEPT:
                kept.popitem(last=False)
            kept[key] = solve()
        kept.move_to_end(key)
        return kept[key]
