"""Anatomy as voxels: a label per voxel, and the tissue that each label stands for.

How files are read is in `scsim.formats.volumes`.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError
from scsim.fields.voxels.solids import Box

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FloatArray = npt.NDArray[np.float64]
Triple = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """Tissue voxel by voxel.

    Attributes
    ----------
    labels : ndarray of int, shape (nx, ny, nz)
        Axes along x (left), y (dorsal) and z (rostral).
    origin_mm : tuple of 3 floats
        Center of the first voxel, mm.
    spacing_mm : tuple of 3 floats
        Size of a voxel, mm.
    tissues : mapping of int to str
        Tissue of each label.

    Raises
    ------
    GeometryError
        If the array has not three axes, a spacing is not positive, or a label has no tissue.
    """

    labels: npt.NDArray[np.integer]
    origin_mm: Triple
    spacing_mm: Triple
    tissues: Mapping[int, str]

    def __post_init__(self) -> None:
        if self.labels.ndim != 3 or self.labels.size == 0:
            msg = (
                f"a label volume of shape {self.labels.shape}: three axes with at least one voxel each are needed. "
                "Give one label per voxel."
            )
            raise GeometryError(msg)
        if not all(np.isfinite([*self.origin_mm, *self.spacing_mm])) or min(self.spacing_mm) <= 0.0:
            msg = (
                f"a label volume at origin_mm = {self.origin_mm} with spacing_mm = {self.spacing_mm} mm: all numbers must "
                "be finite and the size of a voxel positive. Correct them."
            )
            raise GeometryError(msg)
        found, counts = np.unique(self.labels, return_counts=True)
        unknown = {
            int(v): int(n) for v, n in zip(found, counts, strict=True) if int(v) not in self.tissues
        }
        if unknown:
            listed = ", ".join(f"{label} ({count} voxels)" for label, count in unknown.items())
            names = ", ".join(f"{label} = {tissue}" for label, tissue in self.tissues.items())
            msg = (
                f"labels without a tissue: {listed}. Known are {names or 'none'}. Add a tissue for each label of the "
                "volume, or relabel those voxels."
            )
            raise GeometryError(msg)

    def __repr__(self) -> str:
        """Name the content: two volumes with the same text are the same."""
        digest = hashlib.sha256(self.labels.astype(np.int64).tobytes()).hexdigest()
        return (
            f"LabelVolume(shape={self.labels.shape}, sha256={digest}, origin_mm={self.origin_mm}, "
            f"spacing_mm={self.spacing_mm}, tissues={dict(sorted(self.tissues.items()))})"
        )

    @property
    def tissue_names(self) -> tuple[str, ...]:
        """The tissues, each once."""
        return tuple(dict.fromkeys(self.tissues.values()))

    @functools.cached_property
    def edges_mm(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Planes between voxels across x, y and z, the outer ones too, mm."""
        x, y, z = (
            start + step * (np.arange(n + 1) - 0.5)
            for start, step, n in zip(
                self.origin_mm, self.spacing_mm, self.labels.shape, strict=True
            )
        )
        return x, y, z

    def tissue_codes(self) -> npt.NDArray[np.int16]:
        """Give the place of each voxel's tissue in `tissue_names`, shape (nx, ny, nz)."""
        labels = np.array(list(self.tissues))
        codes = np.array([self.tissue_names.index(tissue) for tissue in self.tissues.values()])
        order = np.argsort(labels)
        place = np.searchsorted(labels[order], self.labels)
        numbers: npt.NDArray[np.int16] = codes[order][place].astype(np.int16)
        return numbers

    def codes_at(self, points_mm: FloatArray) -> npt.NDArray[np.int16]:
        """Give the place of the tissue at each point, shape (n, 3), in `tissue_names`."""
        index = tuple(
            np.clip(np.searchsorted(self.edges_mm[axis], points_mm[:, axis], "right") - 1, 0, n - 1)
            for axis, n in enumerate(self.labels.shape)
        )
        return np.array(
            [self.tissue_names.index(self.tissues[int(label)]) for label in self.labels[index]],
            dtype=np.int16,
        )

    def boxes_of(self, tissues: Sequence[str]) -> list[Box]:
        """Give the box around the voxels of some tissues; none if there are no such voxels."""
        labels = [label for label, tissue in self.tissues.items() if tissue in tissues]
        places = np.nonzero(np.isin(self.labels, labels))
        if not len(places[0]):
            return []
        low = [edges[axis.min()] for edges, axis in zip(self.edges_mm, places, strict=True)]
        high = [edges[axis.max() + 1] for edges, axis in zip(self.edges_mm, places, strict=True)]
        return [Box(np.array(low), np.array(high))]

    def check_covers(self, half_width_mm: float, half_length_mm: float) -> None:
        """Refuse a box that reaches out of the volume.

        Parameters
        ----------
        half_width_mm, half_length_mm : float
            The box is |x|, |y| ≤ half width, |z| ≤ half length, mm.

        Raises
        ------
        GeometryError
            With both sizes, and the table of a config with the largest box around the origin that fits.
        """
        for name, half, edges in zip(
            "xyz", (half_width_mm, half_width_mm, half_length_mm), self.edges_mm, strict=True
        ):
            if -half < edges[0] - 1e-6 or half > edges[-1] + 1e-6:
                msg = (
                    f"the box reaches from {name} = {-half:g} to {half:g} mm, the label volume from {edges[0]:g} to "
                    f"{edges[-1]:g} mm. {self._advice()}"
                )
                raise GeometryError(msg)

    def _advice(self) -> str:
        """Name the largest box around the origin that fits, rounded down to 0.01 mm."""
        x, y, z = (min(-edges[0], edges[-1]) for edges in self.edges_mm)
        width, length = (math.floor(100.0 * half + 1e-6) / 100.0 for half in (min(x, y), z))
        if min(width, length) <= 0.0:
            return (
                "It does not lie around the origin, the middle of the dural sac. Correct its origin_mm, or the "
                "orientation in its header."
            )
        return (
            f'Write into the config [domain] with kind = "box", half_width_mm = {width:.10g} and half_length_mm = '
            f"{length:.10g} (or less), or give a larger volume."
        )


def read_label_volume(path: Path, tissues: Mapping[int, str]) -> LabelVolume:
    """Read a label volume from a file.

    Parameters
    ----------
    path : Path
        HDF5 or NIfTI; see `scsim.formats.volumes`.
    tissues : mapping of int to str
        Tissue of each label.

    Returns
    -------
    LabelVolume

    Raises
    ------
    GeometryError
        If the file has no voxel size, axes that are not aligned, or labels without a tissue.
    ResultsError
        If the file cannot be read.
    """
    from scsim.formats.volumes import read_volume  # noqa: PLC0415 - loads h5py, which a config does not need

    volume = read_volume(path)
    return LabelVolume(volume.labels, volume.origin_mm, volume.spacing_mm, dict(tissues))
