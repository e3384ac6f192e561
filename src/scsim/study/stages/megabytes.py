"""How much memory one batch of a stage takes while it is computed, at most, for the bound that ``--memory`` sets.

Measured as the growth of the resident set over a batch, with what the first batch loads; numbers are rounded up. The
rule that keeps a run below its bound is in ``execution/memory.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scsim.circuit.sections import is_spiking, run_times

if TYPE_CHECKING:
    from scsim.study.config import StudyConfig

_SEARCH_MB: Final = 30.0
"""Lane group of myelinated fibers 110 mm long: 17 measured."""

_VOXEL_MB: Final = 450.0
_VOXEL_MB_MM2: Final = 100.0
"""Solution on a grid of spacing h, MB and MB mm²: 732, 1061 and 1813 measured for h = 0.5, 0.35 and 0.25 mm, that is
370 + 90 / h²."""

_VOXEL_SPACING_MM: Final = 0.25
"""Spacing of `scsim.fields.voxels.voxel.VoxelSettings`."""

_SPECTRAL_MB: Final = 150.0
"""Solution of the spectral solver."""

_CIRCUIT_MB: Final = 20.0
_SPIKING_MB_PER_S: Final = 25.0
"""Batch of 96 runs, MB, and of spiking circuits per second of run time: 17 measured for 22 runs of 3 s."""


def search_megabytes(_: StudyConfig) -> float:
    """Give the memory of a search over one lane group of fibers, MB."""
    return _SEARCH_MB


def solution_megabytes(config: StudyConfig) -> float:
    """Give the memory of a solution of the field, MB."""
    if config.field.solver == "voxel":
        spacing_mm = config.field.spacing_mm or _VOXEL_SPACING_MM
        return _VOXEL_MB + _VOXEL_MB_MM2 / spacing_mm**2
    return _SPECTRAL_MB if config.field.solver == "spectral" else _CIRCUIT_MB


def circuit_megabytes(config: StudyConfig) -> float:
    """Give the memory of a batch of circuit runs, MB."""
    if not is_spiking(config.circuit.model):
        return _CIRCUIT_MB
    return _CIRCUIT_MB + _SPIKING_MB_PER_S * run_times(config.circuit).duration_s
