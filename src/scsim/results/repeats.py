"""Which values of a study are repeats: cases that differ by their random numbers alone.

What is made of repeats belongs in ``summary.py`` and ``sensitivity.py``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scsim.results.store import Results

SEED_KEYS: Final = ("seed", "afferents.realization")
"""Swept keys that only repeat a case with other random numbers."""

CASE: Final = "case"
CASE_NAME: Final = "case_name"


@dataclass(frozen=True, eq=False)
class Groups:
    """Which cases belong together.

    Attributes
    ----------
    over : tuple of str
        Coordinates that repeat a case.
    cases : ndarray of int64, shape (n_groups, n_repeats), or None
        Places along ``case``, -1 where a group has fewer repeats; None in a grid.
    """

    over: tuple[str, ...]
    cases: NDArray[np.int64] | None

    @classmethod
    def of(cls, results: Results, over: tuple[str, ...]) -> Groups:
        """Find the groups of a study."""
        if all(results.dims(name) == (name,) for name in over):
            return cls(over, None)
        return cls(over, group_cases(results, over))

    def is_repeated(self, dims: Sequence[str]) -> bool:
        """Whether a dataset with these dimensions depends on the repeats."""
        return any(dim in dims for dim in self.over) if self.cases is None else CASE in dims

    def stack(
        self, values: NDArray[np.float64], dims: tuple[str, ...]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], tuple[str, ...]]:
        """Put the repeats on the first axis.

        Returns
        -------
        values : ndarray of float64, shape (n_repeats, ...)
            NaN where a group has fewer.
        n_repeats : ndarray of int64
            Repeats of each value, of a shape that fits the rest.
        dims : tuple of str
            Of the rest.
        """
        if self.cases is None:
            along = [dim for dim in self.over if dim in dims]
            axes = [dims.index(dim) for dim in along]
            moved = np.moveaxis(values, axes, range(len(axes)))
            stacked = moved.reshape(-1, *moved.shape[len(axes) :])
            left = tuple(dim for dim in dims if dim not in along)
            return stacked, np.array(stacked.shape[0], dtype=np.int64), left
        axis = dims.index(CASE)
        there = self.cases >= 0
        taken = np.moveaxis(np.take(values, np.maximum(self.cases.T, 0), axis=axis), axis, 0)
        # Now (repeat, dims with the groups in place of the cases).
        size = [-1 if place == axis else 1 for place in range(len(dims))]
        mask = there.T.reshape(there.shape[1], *size)
        n_repeats = there.sum(axis=1).reshape(size)
        return np.where(mask, taken, np.nan), n_repeats.astype(np.int64), dims


def group_cases(results: Results, over: Sequence[str]) -> NDArray[np.int64]:
    """Put cases together that are equal but for some coordinates.

    Parameters
    ----------
    results : Results
        Of a study whose cases lie along ``case``.
    over : sequence of str
        Coordinates along ``case`` that may differ within a group.

    Returns
    -------
    ndarray of int64, shape (n_groups, n_most)
        Places along ``case``, groups in the order of their first case; -1 where a group has fewer than the largest.
    """
    others = [name for name in results.swept.values() if name not in over]
    n_cases = results.dataset("status").size
    left = [results.coordinates[name].tolist() for name in others]
    varied = [results.coordinates[name].tolist() for name in over]
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    seen: dict[tuple[Any, ...], int] = defaultdict(int)
    for case in range(n_cases):
        # An unset value is NaN, which is not equal to itself: as text it is.
        values = tuple(str(column[case]) for column in left)
        repeat = (values, *(column[case] for column in varied))
        # Two tables may hold the same values: their cases stay apart.
        groups[*values, seen[repeat]].append(case)
        seen[repeat] += 1
    found = np.full((len(groups), max(map(len, groups.values()))), -1, dtype=np.int64)
    for row, cases in enumerate(groups.values()):
        found[row, : len(cases)] = cases
    return found


def group_name(name: str, over: Sequence[str]) -> str:
    """Take the repeats out of the name of a case.

    Parameters
    ----------
    name : str
        For example ``weak,seed=3``.
    over : sequence of str
        Coordinates that repeat a case.

    Returns
    -------
    str
        ``weak``.
    """
    for key in over:
        name = re.sub(rf"(^|,\s*)(\w+\.)*{re.escape(key)}=[^,]*", "", name)
    return name.lstrip(", ")


def repeated_over(results: Results, over: tuple[str, ...]) -> tuple[str, ...]:
    """Find the coordinates that are meant, and refuse what repeats nothing.

    Parameters
    ----------
    results : Results
    over : tuple of str
        Coordinates or config keys among those of `SEED_KEYS`.

    Returns
    -------
    tuple of str
        Coordinates.

    Raises
    ------
    ResultsError
        If one of them is not swept, or none has two values.
    """
    known = {
        alias: results.swept[key]
        for key in SEED_KEYS
        if key in results.swept
        for alias in (key, key.rpartition(".")[2], results.swept[key])
    }
    missing = [name for name in over if name not in known]
    if missing or not over:
        there = ", ".join(dict.fromkeys(known.values()))
        advice = (
            f"the study repeats its cases over {there}: use --over {there.split(', ')[0]}."
            if known
            else "no case of the study is repeated. Write repeats = 10 in [sweep], or seed = { sweep = [1, 2, 3] }, and run it again."
        )
        message = f"there are no repeats over {', '.join(missing) or 'nothing'}: {advice}"
        raise ResultsError(message)
    found = tuple(dict.fromkeys(known[name] for name in over))
    if all(np.unique(results.coordinates[name]).size == 1 for name in found):
        message = f"the study has one {' and one '.join(found)}, and one value has neither spread nor interval. Write repeats = 10 in [sweep] and run it again."
        raise ResultsError(message)
    return found
