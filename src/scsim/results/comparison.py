"""Two results compared: bit by bit, and by how much they differ where they do.

How results are made again belongs in `scsim.study.rerun`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scsim.results.schema import INNER_DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from scsim.formats.hdf5 import Variable
    from scsim.results.store import Results


@dataclass(frozen=True)
class DatasetComparison:
    """One dataset or coordinate in two results.

    Attributes
    ----------
    name : str
    is_equal : bool
        Whether name, dimensions, type, unit and every bit of the values are the same.
    reason : str
        What differs, in words; empty where nothing does.
    n_different : int
        Values that differ, one NaN against another not counted.
    n_values : int
        Values in all.
    largest_absolute, largest_relative : float
        Largest differences of numbers, in the unit of the dataset and as a share of the larger of the two values;
        NaN where there are none.
    unit : str
    case : str
        Where the largest absolute difference lies, for example ``amplitude_ma=1.2, fiber=3``.
    """

    name: str
    is_equal: bool
    reason: str = ""
    n_different: int = 0
    n_values: int = 0
    largest_absolute: float = float("nan")
    largest_relative: float = float("nan")
    unit: str = "1"
    case: str = ""


def compare_results(original: Results, other: Results) -> tuple[DatasetComparison, ...]:
    """Compare every dataset and coordinate of two results.

    Parameters
    ----------
    original, other : Results
        Read one dataset at a time, so that files larger than the memory can be compared.

    Returns
    -------
    tuple of DatasetComparison
        Those of `original` in its order, then those that only `other` has.

    Raises
    ------
    ResultsError
        If a dataset cannot be read.
    """
    names = dict.fromkeys((*original.variables, *other.variables))
    return tuple(_compare(name, original, other) for name in names)


def _compare(name: str, original: Results, other: Results) -> DatasetComparison:
    one, two = original.variables.get(name), other.variables.get(name)
    if one is None or two is None:
        only = "second" if one is None else "first"
        return DatasetComparison(name, is_equal=False, reason=f"only in the {only} file")
    unit = str(one.attributes.get("units", "1"))
    for what, ours, theirs in (
        ("dimensions", one.dims, two.dims),
        ("sizes", one.shape, two.shape),
        ("type", one.dtype, two.dtype),
        ("unit", unit, str(two.attributes.get("units", "1"))),
    ):
        if ours != theirs:
            reason = f"{what} {_shown(ours)} against {_shown(theirs)}"
            return DatasetComparison(name, is_equal=False, reason=reason, unit=unit)
    first, second = one.read(()), two.read(())  # not kept: the next dataset needs the room
    if _has_same_bits(first, second):
        reason = _other_words(one, two)
        return DatasetComparison(name, is_equal=True, reason=reason, n_values=first.size, unit=unit)
    return _measure(name, original, one, first, second)


def _shown(value: object) -> str:
    return f"({', '.join(map(str, value))})" if isinstance(value, tuple) else str(value)


def _has_same_bits(first: NDArray[Any], second: NDArray[Any]) -> bool:
    if first.dtype.kind in "UO":
        return bool(np.array_equal(first, second))
    return first.dtype == second.dtype and first.tobytes() == second.tobytes()


def _other_words(one: Variable, two: Variable) -> str:
    """Name attributes that differ: descriptions, which are no numbers."""
    names = dict.fromkeys((*one.attributes, *two.attributes))
    other = [
        name
        for name in names
        if not np.array_equal(one.attributes.get(name), two.attributes.get(name))  # type: ignore[arg-type]
    ]
    return f"other words in {', '.join(other)}" if other else ""


def _measure(
    name: str,
    results: Results,
    variable: Variable,
    first: NDArray[Any],
    second: NDArray[Any],
) -> DatasetComparison:
    """Say by how much two arrays of one shape and type differ, and where."""
    is_number = first.dtype.kind in "iuf"
    is_other = first != second
    if first.dtype.kind == "f":
        is_other &= ~(np.isnan(first) & np.isnan(second))
    n_other = int(np.count_nonzero(is_other))
    unit = str(variable.attributes.get("units", "1"))
    common: dict[str, Any] = {"n_different": n_other, "n_values": first.size, "unit": unit}
    if n_other == 0:
        reason = "equal values in other bits: the sign of zeros, or bits of NaN"
        return DatasetComparison(name, is_equal=False, reason=reason, **common)
    absolute = relative = float("nan")
    place = int(np.flatnonzero(is_other)[0])
    reason = f"{n_other} of {first.size} values differ"
    if is_number:
        ours, theirs = first.astype(np.float64), second.astype(np.float64)
        both = is_other & np.isfinite(ours) & np.isfinite(theirs)
        n_finite = int(np.count_nonzero(both))
        if n_finite < n_other:
            reason += f", {n_other - n_finite} of them finite in one file only"
        if n_finite:
            gap = np.where(both, np.abs(np.where(both, ours - theirs, 0.0)), -1.0)
            size = np.where(both, np.maximum(np.abs(ours), np.abs(theirs)), 1.0)
            place = int(np.argmax(gap))
            absolute = float(gap.ravel()[place])
            relative = float(np.max(np.where(both, gap / size, 0.0)))
    return DatasetComparison(
        name,
        is_equal=False,
        reason=reason,
        largest_absolute=absolute,
        largest_relative=relative,
        case=_place_in_words(results, variable, place),
        **common,
    )


def _place_in_words(results: Results, variable: Variable, place: int) -> str:
    """Name a value by its coordinates."""
    group = variable.name.rpartition("/")[0]
    index = np.unravel_index(place, variable.shape) if variable.shape else ()
    words = []
    for dim, at in zip(variable.dims, index, strict=True):
        words.append(f"{dim}={_label(results.variables, group, dim, int(at))}")
    return ", ".join(words)


def _label(variables: Mapping[str, Variable], group: str, dim: str, at: int) -> str:
    """Give what stands along a dimension: the name of a case, a value of the sweep, a label."""
    path = f"{group}/{dim}" if f"{group}/{dim}" in variables else dim
    if dim == "case" and "case_name" in variables:
        return f"{at} ({variables['case_name'].values[at]})"
    if path not in variables or (dim in INNER_DIMENSIONS and variables[path].dtype == "i8"):
        return str(at)
    return str(variables[path].values[at].item())
