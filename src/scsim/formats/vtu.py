"""Writing meshes as VTU files, which ParaView and other viewers of VTK read.

Arrays only: what they are belongs to the caller. Reading potentials from such files is in ``potentials.py``.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scsim.errors import ResultsError
from scsim.formats.files import temporary_beside

FloatArray = npt.NDArray[np.float64]


def write_vtu(
    path: Path,
    points_mm: npt.ArrayLike,
    cells: Mapping[str, npt.ArrayLike],
    *,
    point_data: Mapping[str, npt.ArrayLike] | None = None,
    cell_data: Mapping[str, npt.ArrayLike] | None = None,
) -> Path:
    """Write one mesh.

    The file is written under another name and renamed, so that it is whole or absent. Numbers are binary and
    compressed.

    Parameters
    ----------
    path : Path
        A name that ends in ``.vtu``; its folder is made if it is not there.
    points_mm : array_like, shape (n_points, 3)
        mm; viewers take them as they are.
    cells : mapping of str to array_like, shape (n_cells, n_corners)
        Kind of cell (``line`` or ``triangle``) and indices of its points; one kind per file.
    point_data : mapping of str to array_like, shape (n_points,) or (n_points, 3), optional
        Values at the points, with the unit in the name.
    cell_data : mapping of str to array_like, shape (n_cells,), optional
        Values of the cells.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    ResultsError
        If meshio is not installed, the name is no VTU file's, there is not one kind of cells, or the file cannot be
        written.
    """
    try:
        import meshio  # noqa: PLC0415 - an optional library
    except ModuleNotFoundError:
        msg = f"{path}: writing VTU files needs meshio. Install it with: pip install 'scsim[io]'"
        raise ResultsError(msg) from None
    if path.suffix != ".vtu":
        msg = f"{path} does not end in .vtu, by which viewers know the format. Give a name such as {path.stem}.vtu."
        raise ResultsError(msg)
    if len(cells) != 1:
        msg = f"{path}: {len(cells)} kinds of cells; a file holds one, line or triangle. Write one file per kind."
        raise ResultsError(msg)
    mesh = meshio.Mesh(
        np.asarray(points_mm, dtype=np.float64).reshape(-1, 3),
        [(kind, np.asarray(corners, dtype=np.int64)) for kind, corners in cells.items()],
        point_data={name: np.asarray(values) for name, values in (point_data or {}).items()},
        cell_data={name: [np.asarray(values)] for name, values in (cell_data or {}).items()},
    )
    unfinished = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mesh.write(unfinished, file_format="vtu")
        unfinished.replace(path)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}. Give a folder that you may write to."
        raise ResultsError(msg) from error
    return path
