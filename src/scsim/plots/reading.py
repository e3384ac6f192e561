"""What pictures read from results: labels, slices along swept axes, coordinates in words, the config.

Pictures draw what is stored: nothing is computed here beyond picking. Colors and figures belong in
``style.py``.
"""

from __future__ import annotations

import tomllib
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError
from scsim.results.schema import INNER_DIMENSIONS, axis_label, long_name_of
from scsim.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.results.store import Results

CASE_DIMENSION: Final = "case"
CASE_NAMES: Final = "case_name"

CIRCUIT_KINDS: Final = MappingProxyType(
    {"crodelle2019": "rate model", "zhang2014": "spiking circuit"}
)
"""Circuit model and its kind, which every picture of its output says; the one place to add another."""

CAPITALS: Final = MappingProxyType({"csf": "CSF"})
"""Words of keys that are written in capitals."""


def require(results: Results, names: Sequence[str], picture: str) -> None:
    """Raise unless all datasets that a picture needs are there.

    Parameters
    ----------
    results : Results
    names : sequence of str
        Datasets.
    picture : str
        What is to be drawn, for the message.

    Raises
    ------
    ResultsError
        If a dataset was not saved.
    """
    missing = [name for name in names if name not in results]
    if missing:
        message = (
            f"{picture} needs {', '.join(names)}; these results lack {', '.join(missing)}. "
            "Add the group that holds it to output.save and run the study again."
        )
        raise ResultsError(message)


def label(name: str) -> str:
    """Write the label of an axis: name and unit as the schema has them, with a capital.

    Parameters
    ----------
    name : str
        Path of a dataset, or name of a dimension or swept key.

    Returns
    -------
    str
        For example ``Activation threshold (mA)``; a pure number has no brackets.
    """
    text = _with_capitals(axis_label(name))
    return text[:1].upper() + text[1:]


def swept_dims(results: Results, name: str) -> tuple[str, ...]:
    """Give the dimensions of a dataset that come from the sweep.

    Parameters
    ----------
    results : Results
    name : str
        Dataset.

    Returns
    -------
    tuple of str
        Without inner dimensions such as ``fiber`` or ``time_s``.
    """
    return tuple(dim for dim in results.dims(name) if dim not in INNER_DIMENSIONS)


def is_numeric(results: Results, dim: str) -> bool:
    """Tell whether a swept dimension has numbers, more than one, to be laid along an axis.

    Parameters
    ----------
    results : Results
    dim : str

    Returns
    -------
    bool
        False for labels, for values that are unset in some cases, and for the dimension ``case``.
    """
    values = results.coordinates[dim]
    is_number = dim != CASE_DIMENSION and values.dtype.kind in "iuf"
    return is_number and values.size > 1 and bool(np.isfinite(values).all())


def pick(results: Results, name: str, at: Mapping[str, int]) -> NDArray[Any]:
    """Take the part of a dataset that belongs to indices along some swept dimensions.

    Parameters
    ----------
    results : Results
    name : str
        Dataset.
    at : mapping of str to int
        Dimension and index; dimensions that the dataset does not have are passed over, since a
        dataset has only the dimensions it depends on.

    Returns
    -------
    ndarray
        With the dimensions that are left, in the dataset's order.
    """
    index = tuple(at.get(dim, slice(None)) for dim in results.dims(name))
    return np.asarray(results.dataset(name)[index])


def indices(results: Results, dims: Sequence[str]) -> Iterator[dict[str, int]]:
    """Walk over every combination of indices along some dimensions, the last fastest.

    Parameters
    ----------
    results : Results
    dims : sequence of str

    Yields
    ------
    dict of str to int
        One empty dict if there are no dimensions.
    """
    sizes = [range(len(results.coordinates[dim])) for dim in dims]
    for combination in product(*sizes):
        yield dict(zip(dims, combination, strict=True))


def first_computed(results: Results, names: Sequence[str]) -> dict[str, int] | None:
    """Find the first place along the sweep at which some datasets have values.

    Parameters
    ----------
    results : Results
    names : sequence of str
        Datasets.

    Returns
    -------
    dict of str to int, or None
        Dimension and index, as `pick` takes them; None if all cases failed.
    """
    dims = dict.fromkeys(dim for name in names for dim in swept_dims(results, name))
    places = indices(results, tuple(dims))
    return next((at for at in places if all(has_values(results, name, at) for name in names)), None)


def has_values(results: Results, name: str, at: Mapping[str, int]) -> bool:
    """Tell whether a dataset has any finite value at some place along the sweep.

    Parameters
    ----------
    results : Results
    name : str
        Dataset.
    at : mapping of str to int
        As in `pick`.

    Returns
    -------
    bool
    """
    return bool(np.isfinite(pick(results, name, at)).any())


def in_words(results: Results, at: Mapping[str, int]) -> str:
    """Say where a slice lies, for titles and legends.

    Parameters
    ----------
    results : Results
    at : mapping of str to int

    Returns
    -------
    str
        Labels first, for example ``healthy, pulse rate 50 Hz``; a number is said with what it is.
    """
    labels, numbers = [], []
    for dim, index in at.items():
        value, unit = labels_along(results, dim)[index], unit_of(dim)
        name = _with_capitals(long_name_of(dim))
        if isinstance(value, str):
            labels.append(literal(value))
        elif not np.isfinite(value):
            numbers.append(f"{name} unset")
        elif unit == "1":
            numbers.append(f"{name} {value:g}")
        else:
            numbers.append(f"{name} {value:g} {unit}")
    return ", ".join(labels + numbers)


def _with_capitals(text: str) -> str:
    return " ".join(CAPITALS.get(word, word) for word in text.split(" "))


def literal(text: str) -> str:
    """Write a user's text so that a pair of dollar signs in it is no formula.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return text.replace("$", r"\$")


def labels_along(results: Results, dim: str) -> NDArray[Any]:
    """Give what the places along a swept dimension are called.

    Parameters
    ----------
    results : Results
    dim : str

    Returns
    -------
    ndarray
        Names of the cases where cases are listed, else the coordinate.
    """
    names = results.coordinates.get(CASE_NAMES) if dim == CASE_DIMENSION else None
    return results.coordinates[dim] if names is None else names


def values_along(results: Results, key: str) -> NDArray[np.float64]:
    """Give the values of a key: those of the sweep, or the single one of the config.

    Parameters
    ----------
    results : Results
    key : str
        Dotted key of a number, for example ``stimulus.amplitude_ma``.

    Returns
    -------
    ndarray of float64, shape (n_values,)
    """
    if key in results.swept:
        return np.asarray(results.coordinates[results.swept[key]], dtype=np.float64)
    return np.array([config_value(results, key, np.nan)], dtype=np.float64)


def circuit_label(results: Results) -> str:
    """Name the circuit models and their kind, as every picture of their output has to.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
        For example ``rate model crodelle2019``.
    """
    swept = results.swept.get("circuit.model")
    if swept is None:
        names = [str(config_value(results, "circuit.model", ""))]
    else:
        names = sorted(set(map(str, results.coordinates[swept])))
    return ", ".join(f"{CIRCUIT_KINDS.get(name, 'circuit')} {name}".rstrip() for name in names)


def config_value(results: Results, key: str, default: Any = None) -> Any:
    """Read a value of the study's resolved config.

    Parameters
    ----------
    results : Results
    key : str
        Dotted key.
    default : object
        Given back where the key is missing or swept, so that it has no single value.

    Returns
    -------
    object
    """
    table: Any = tomllib.loads(results.attributes["config"])
    for part in key.split("."):
        if not isinstance(table, dict) or part not in table:
            return default
        table = table[part]
    return default if isinstance(table, dict) and "sweep" in table else table
