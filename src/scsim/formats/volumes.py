"""Label volumes: whole numbers per voxel, from HDF5 and NIfTI files.

Volumes come out with axes to the left, dorsal and rostral, in mm. What a label stands for belongs to
`scsim.fields.voxels.labels`.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError, ResultsError
from scsim.formats.hdf5 import read_foreign_arrays

if TYPE_CHECKING:
    from pathlib import Path

FloatArray = npt.NDArray[np.float64]
Triple = tuple[float, float, float]

_DATASET: Final = "labels"
_HDF5_SUFFIXES: Final = (".h5", ".hdf5")
_NIFTI_SUFFIXES: Final = (".nii", ".nii.gz")

_RAS_TO_OURS: Final = np.array([-1.0, -1.0, 1.0])
"""NIfTI has x to the right and y to the front; here they run to the left and to the back."""

_LARGEST_TILT_DEG: Final = 0.5
"""Axes turned by less are taken for aligned, degrees: over 60 mm they miss by half a millimeter, a voxel or so."""

_UNITS_MM: Final = {"mm": 1.0, "meter": 1e3, "micron": 1e-3, "unknown": 1.0}
"""Unit of length in a NIfTI header, in mm; the format's own rule for an unknown one is mm."""

_PIECE_BYTES: Final = 1 << 20
"""Bytes that are decompressed at a time while a checksum is tested."""


@dataclass(frozen=True, eq=False)
class Volume:
    """Labels and where they lie.

    Attributes
    ----------
    labels : ndarray of int64, shape (nx, ny, nz)
        Axes to the left, dorsal and rostral.
    origin_mm : tuple of 3 floats
        Center of the first voxel, mm.
    spacing_mm : tuple of 3 floats
        Size of a voxel, mm.
    """

    labels: npt.NDArray[np.int64]
    origin_mm: Triple
    spacing_mm: Triple


def read_volume(path: Path) -> Volume:
    """Read a label volume.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``: NIfTI, whose position and orientation are used. ``.h5`` or ``.hdf5``: HDF5 with
        a dataset ``labels`` of three axes (left, dorsal, rostral) and its attributes ``spacing_mm`` (3 numbers) and
        ``origin_mm`` (center of the first voxel, 3 numbers; without it, the middle of the volume is the origin).

    Returns
    -------
    Volume

    Raises
    ------
    ResultsError
        If the file cannot be read, has another format, or nibabel is not installed.
    GeometryError
        If labels are no whole numbers, or the voxel size is missing, or axes are not aligned with those of the body.
    """
    if path.is_dir():
        msg = f"{path} is a folder. Give the path of a label volume in it ({', '.join((*_NIFTI_SUFFIXES, *_HDF5_SUFFIXES))})."
        raise ResultsError(msg)
    name = path.name.lower()
    if name.endswith(_HDF5_SUFFIXES):
        return _read_hdf5(path)
    if name.endswith(_NIFTI_SUFFIXES):
        return _read_nifti(path)
    msg = (
        f"{path}: label volumes are read from {', '.join((*_NIFTI_SUFFIXES, *_HDF5_SUFFIXES))}; "
        f"'{path.suffix}' is none of them. Convert the file to one of these formats."
    )
    raise ResultsError(msg)


def _read_hdf5(path: Path) -> Volume:
    """Read a dataset with attributes."""
    arrays, attributes = read_foreign_arrays(path)
    if _DATASET not in arrays:
        msg = (
            f"{path} has no dataset of numbers named {_DATASET!r}; it has {', '.join(arrays) or 'none'}. "
            "Name the array of labels so."
        )
        raise ResultsError(msg)
    labels = _whole_numbers(path, arrays[_DATASET])
    own = attributes[_DATASET]
    spacing = _three(path, own, "spacing_mm")
    if spacing is None:
        msg = (
            f"{path}: the dataset {_DATASET!r} has no attribute spacing_mm, so the size of its {labels.shape} voxels is "
            "unknown. Add spacing_mm: the size of a voxel along each axis, mm."
        )
        raise GeometryError(msg)
    _check_spacing(path, spacing)
    origin = _three(path, own, "origin_mm")
    if origin is None:
        x, y, z = (-0.5 * step * (n - 1) for step, n in zip(spacing, labels.shape, strict=True))
        origin = (x, y, z)
    return Volume(labels, origin, spacing)


def _read_nifti(path: Path) -> Volume:
    """Read an image, and turn its axes into ours by flips and exchanges."""
    try:
        import nibabel  # noqa: PLC0415 - an optional library
    except ModuleNotFoundError:
        msg = f"{path}: reading NIfTI files needs nibabel. Install it with: pip install 'scsim[io]'"
        raise ResultsError(msg) from None
    try:
        if path.name.lower().endswith(".gz"):
            _check_compressed(path)
        image: Any = nibabel.load(path)
        data = np.asarray(image.dataobj)
        unit_mm = _UNITS_MM[image.header.get_xyzt_units()[0]]
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        OverflowError,
        zlib.error,
        nibabel.filebasedimages.ImageFileError,
        nibabel.spatialimages.HeaderDataError,
    ) as error:
        msg = (
            f"{path} cannot be read as NIfTI ({error}). If it is damaged or has another format, copy it anew from its "
            "origin, or write it again with the program that wrote it."
        )
        raise ResultsError(msg) from error
    header = image.header
    steps = np.asarray(header.get_zooms()[:3], dtype=np.float64)
    codes = int(header["sform_code"]), int(header["qform_code"])
    if not np.all(np.isfinite(steps)) or np.any(steps <= 0.0) or codes == (0, 0):
        msg = (
            f"{path}: voxel size {tuple(steps.tolist())} mm, sform_code and qform_code {codes}: the header does not say how "
            "large voxels are and how they lie. Write the image with its size and orientation."
        )
        raise GeometryError(msg)
    labels = _whole_numbers(path, data)
    matrix = _RAS_TO_OURS[:, None] * np.asarray(image.affine, dtype=np.float64)[:3, :3] * unit_mm
    offset = _RAS_TO_OURS * np.asarray(image.affine, dtype=np.float64)[:3, 3] * unit_mm
    return _aligned(path, labels, matrix, offset)


def _check_compressed(path: Path) -> None:
    """Read a compressed file to its end, where its checksum lies: readers of images stop before."""
    with gzip.open(path) as stream:
        while stream.read(_PIECE_BYTES):
            pass


def _aligned(
    path: Path, labels: npt.NDArray[np.int64], matrix: FloatArray, offset: FloatArray
) -> Volume:
    """Exchange and flip axes so that they run along x, y and z; refuse others."""
    sizes = np.linalg.norm(matrix, axis=0)
    _check_spacing(path, tuple(sizes.tolist()))
    directions = matrix / sizes
    axes = np.argmax(
        np.abs(directions), axis=0
    )  # which axis of space each axis of the array follows
    along = np.abs(directions[axes, range(3)])
    tilt = np.degrees(np.arccos(np.clip(along, 0.0, 1.0)))
    if sorted(axes.tolist()) != [0, 1, 2] or tilt.max() > _LARGEST_TILT_DEG:
        msg = (
            f"{path}: the axes of the voxels are turned by {tilt.max():.3g} degrees from left, dorsal and rostral; at most "
            f"{_LARGEST_TILT_DEG:g} are allowed. Resample the image on axes of the body."
        )
        raise GeometryError(msg)
    order = np.argsort(axes)
    turned, origin = labels.transpose(order), offset.copy()
    for axis, source in enumerate(order):
        if directions[axis, source] < 0.0:
            turned = np.flip(turned, axis)
            origin[axis] -= sizes[source] * (turned.shape[axis] - 1)
    x, y, z = origin.tolist()
    dx, dy, dz = sizes[order].tolist()
    return Volume(np.ascontiguousarray(turned), (x, y, z), (dx, dy, dz))


def _whole_numbers(path: Path, data: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Give labels as integers."""
    if data.ndim == 4 and data.shape[3] == 1:
        data = data[:, :, :, 0]
    if data.ndim != 3 or data.size == 0:
        msg = f"{path}: labels of shape {data.shape}; three axes are needed. Give one label per voxel."
        raise GeometryError(msg)
    if data.dtype.kind not in "buif":
        msg = f"{path}: labels of type {data.dtype}; whole numbers are needed. Give a segmentation, no colors."
        raise GeometryError(msg)
    finite = np.isfinite(data)
    if not finite.all():
        msg = (
            f"{path}: {data[~finite][0]} is no label, and {np.count_nonzero(~finite)} of {data.size} voxels are not "
            "finite: labels are whole numbers. Give each voxel a label, for example 0 where nothing is known."
        )
        raise GeometryError(msg)
    labels: npt.NDArray[np.int64] = np.rint(data).astype(np.int64)
    if not np.array_equal(labels, data):
        worst = data.ravel()[int(np.argmax(np.abs(labels - data)))]
        msg = (
            f"{path}: {worst} is no label: labels are whole numbers. Give a segmentation, resampled without mixing of "
            "neighbors."
        )
        raise GeometryError(msg)
    return labels


def _three(path: Path, attributes: dict[str, Any], name: str) -> Triple | None:
    """Give an attribute of three numbers, None if there is none."""
    if name not in attributes:
        return None
    try:
        x, y, z = np.asarray(attributes[name], dtype=np.float64).ravel().tolist()
    except (TypeError, ValueError):
        msg = f"{path}: {name} = {attributes[name]!r}; three numbers are needed, in mm. Correct the attribute."
        raise GeometryError(msg) from None
    return x, y, z


def _check_spacing(path: Path, spacing: tuple[float, ...]) -> None:
    """Refuse sizes of voxels that are not positive."""
    if not np.all(np.isfinite(spacing)) or min(spacing) <= 0.0:
        msg = (
            f"{path}: spacing_mm = {spacing} mm; the size of a voxel must be positive and finite along each axis. "
            "Correct it."
        )
        raise GeometryError(msg)
