"""Two results files compared without scsim: every dataset, its type, its bits and its attributes."""

from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

VOLATILE: Final = frozenset({"created", "wall_seconds", "cpu_seconds", "seconds_of", "git_commit"})
"""Attributes of the file that say when and how it was made, not what was computed."""

_LINKS: Final = frozenset({"REFERENCE_LIST", "DIMENSION_LIST"})
"""Attributes that hold places in the file."""


def differences(one: Path, other: Path) -> list[str]:
    """List in what two results files differ.

    Parameters
    ----------
    one, other : Path

    Returns
    -------
    list of str
        Empty if they hold the same.
    """
    with h5py.File(one, "r") as first, h5py.File(other, "r") as second:
        mine, theirs = _content(first), _content(second)
    found = [f"only in one: {name}" for name in sorted(mine.keys() ^ theirs.keys())]
    found += [name for name in sorted(mine.keys() & theirs.keys()) if mine[name] != theirs[name]]
    return found


def _content(file: h5py.File) -> dict[str, Any]:
    """Give everything in a file as values that can be compared, by path and name of the attribute."""
    content: dict[str, Any] = {
        f"attribute {name}": _comparable(value)
        for name, value in file.attrs.items()
        if name not in VOLATILE
    }

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        for key, value in item.attrs.items():
            if key not in _LINKS:
                content[f"{name}, attribute {key}"] = _comparable(value)
        if isinstance(item, h5py.Dataset):
            content[name] = (_comparable(item[()]), item.shape, str(item.dtype))
            content[f"{name}, dimensions"] = [
                [scale.name for scale in dimension.values()] for dimension in item.dims
            ]

    file.visititems(visit)
    assert len(content) > 10
    return content


def _comparable(value: object) -> object:
    """Give the bits of numbers, and texts as they are."""
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return array.tolist()
    return array.dtype.str, array.shape, array.tobytes()
