"""Arrays with labels: chosen by the values of their coordinates, and read from the file when they are looked at.

What a dataset means belongs in `results.schema`, reading files in `results.store`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray
    from numpy.typing import NDArray

    from scsim.formats.hdf5 import Variable

_SHOWN: Final = 6
_LONG_TEXTS_SHOWN: Final = 2
"""First values that a text shows of a long coordinate."""

_SHOWN_UP_TO_BYTES: Final = 1 << 16
"""Larger arrays are not read for a text."""

_NEIGHBORS_NAMED: Final = 2
"""Values beside one that is not there which an error names."""


@dataclass(frozen=True, eq=False, repr=False)
class LabelledArray:
    """A dataset, or a part of one, with the values of its coordinates.

    `sel` and `isel` choose parts without reading them; `values` reads what is chosen, once.

    Attributes
    ----------
    variable : Variable
        The whole dataset.
    scales : mapping of str to Variable
        Coordinates of the whole dataset: the scale of each dimension, and the swept values of each case.
    places : mapping of str to int or ndarray of int64
        Along each dimension of the whole dataset the places that are chosen; a single number takes the
        dimension away.
    """

    variable: Variable
    scales: Mapping[str, Variable]
    places: Mapping[str, int | NDArray[np.int64]]

    @property
    def name(self) -> str:
        """Name of the dataset, for example ``threshold_ma``."""
        return self.variable.name

    @property
    def unit(self) -> str:
        """Unit of the values, ``"1"`` for pure numbers."""
        return str(self.variable.attributes.get("units", "1"))

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Unit, long name, description and what else the file says of the dataset."""
        return self.variable.attributes

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions that are left."""
        return tuple(dim for dim in self.variable.dims if not _is_single(self.places[dim]))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each dimension."""
        return tuple(np.size(self.places[dim]) for dim in self.dims)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @cached_property
    def values(self) -> NDArray[Any]:
        """What is chosen, read from the file once and not to be written to."""
        values = _read(self.variable, self.places)
        values.setflags(write=False)
        return values

    @property
    def coords(self) -> Mapping[str, NDArray[Any]]:
        """Values of the coordinates along what is chosen; single ones, too, so that a part says what it is."""
        return MappingProxyType({name: self._coordinate(name) for name in self.scales})

    def sel(self, *, method: str | None = None, **labels: Any) -> LabelledArray:
        """Choose by the values of coordinates, for example ``sel(amplitude_ma=2.0, state="healthy")``.

        Parameters
        ----------
        method : {None, "nearest"}
            ``"nearest"`` takes the place whose number is nearest; else the value must be there. Numbers
            count as equal if they differ by no more than a part in 10**9, whole ones, such as seeds, if they do
            not differ.
        **labels
            For a coordinate one value, which takes the dimension away; a list of values, in that order; or a
            slice of numbers with both ends in it. Of a coordinate along ``case`` all cases with that value are
            chosen, and the dimension stays.

        Returns
        -------
        LabelledArray

        Raises
        ------
        ResultsError
            If there is no such coordinate or value, or the method is unknown.
        """
        if method not in {None, "nearest"}:
            message = (
                f"method={method!r} is unknown: leave it out for exact values, or give 'nearest'."
            )
            raise ResultsError(message)
        chosen = self
        for name, label in labels.items():
            chosen = chosen._sel_one(name, label, is_nearest=method == "nearest")
        return chosen

    def isel(self, **places: int | slice | list[int] | NDArray[Any]) -> LabelledArray:
        """Choose by places along dimensions, counted from 0.

        Parameters
        ----------
        **places
            For a dimension a number, which takes it away, a slice, or a list or array of numbers or a mask.

        Returns
        -------
        LabelledArray

        Raises
        ------
        ResultsError
            If there is no such dimension, or a place lies outside it.
        """
        chosen = dict(self.places)
        for dim, place in places.items():
            now = self._places_along(dim)
            try:
                found = now[_as_index(place)]
            except IndexError:
                message = f"{self.name}: {dim} has {now.size} places, from 0 to {now.size - 1}; {place!r} is not among them."
                raise ResultsError(message) from None
            chosen[dim] = int(found) if np.ndim(found) == 0 else np.asarray(found, dtype=np.int64)
        return replace(self, places=MappingProxyType(chosen))

    def mean(self, dim: str) -> LabelledArray:
        """Average over a dimension; a NaN makes its mean NaN.

        Parameters
        ----------
        dim : str
            For example ``seed``.

        Returns
        -------
        LabelledArray
            In memory, without the dimension and its coordinates.

        Raises
        ------
        ResultsError
            If there is no such dimension, or the values are texts or status codes.
        """
        self._places_along(dim)
        if self.variable.dtype == "str" or "flag_meanings" in self.attributes:
            message = f"{self.name} holds {'texts' if self.variable.dtype == 'str' else 'status codes'}, which have no mean: choose values with sel or isel."
            raise ResultsError(message)
        return self._in_memory(self.values.mean(axis=self.dims.index(dim)), dim)

    def to_xarray(self) -> xarray.DataArray:
        """Give it as an `xarray.DataArray` with the same name, labels and unit.

        Returns
        -------
        xarray.DataArray

        Raises
        ------
        ResultsError
            If xarray is not installed.
        """
        module = import_xarray()
        dims = set(self.dims)
        coordinates = {
            name: (
                tuple(dim for dim in self.scales[name].dims if dim in dims),
                values,
                dict(self.scales[name].attributes),
            )
            for name, values in self.coords.items()
        }
        name = self.name.rpartition("/")[2]
        found: xarray.DataArray = module.DataArray(
            self.values, coordinates, self.dims, name=name, attrs=dict(self.attributes)
        )
        return found

    def __array__(
        self, dtype: np.dtype[Any] | None = None, *, copy: bool | None = None
    ) -> NDArray[Any]:
        """Give the values to functions of NumPy."""
        return np.array(self.values, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        """Give the number of values along the first dimension."""
        if not self.shape:
            message = f"{self.name} is a single value"
            raise TypeError(message)
        return self.shape[0]

    def __repr__(self) -> str:
        sizes = zip(self.dims, self.shape, strict=True)
        shape = ", ".join(f"{dim}: {size}" for dim, size in sizes)
        unit = "" if self.unit == "1" else f", {self.unit}"
        lines = [f"{self.name} ({shape or 'one value'}){unit}"]
        if "long_name" in self.attributes:
            lines.append(f"  {self.attributes['long_name']}")
        width = max((len(name) for name in self.scales), default=0)
        lines += [f"  {name:<{width}}  {self._coordinate_text(name)}" for name in self.scales]
        itemsize = 1 if self.variable.dtype == "str" else np.dtype(self.variable.dtype).itemsize
        if self.size * itemsize <= _SHOWN_UP_TO_BYTES:
            with np.printoptions(precision=4, threshold=100, edgeitems=3, linewidth=100):
                lines.append(str(self._words()))
        else:
            lines.append(f"  {self.size} values, not read yet")
        return "\n".join(lines)

    def _words(self) -> NDArray[Any]:
        """Give the values as a reader wants them: a status by its name."""
        if "flag_meanings" in self.attributes:
            names: NDArray[Any] = np.array([status.name for status in Status])[self.values]
            return names
        return self.values

    def _coordinate(self, name: str) -> NDArray[Any]:
        scale = self.scales[name]
        return _read(scale, {dim: self.places[dim] for dim in scale.dims})

    def _coordinate_text(self, name: str) -> str:
        scale = self.scales[name]
        unit = str(scale.attributes.get("units", "1"))
        places: Any = self.places[scale.dims[0]]
        suffix = "" if unit == "1" else f" {unit}"
        if _is_single(places):
            return f"= {_text(self._coordinate(name)[()])}{suffix}"
        along = "" if scale.is_scale else f" along {scale.dims[0]}"
        n_values = np.size(places)
        n_shown = _SHOWN if scale.dtype != "str" or scale.is_scale else _LONG_TEXTS_SHOWN
        if n_values <= 2 * n_shown:
            texts = [_text(value) for value in self._coordinate(name)]
        else:
            ends = np.concatenate([places[:n_shown], places[-1:]])
            values = [_text(value) for value in _read(scale, {scale.dims[0]: ends})]
            texts = [*values[:-1], "...", values[-1]]
        return f"{n_values} values{along}: {', '.join(texts)}{suffix}"

    def _places_along(self, dim: str) -> NDArray[np.int64]:
        if dim not in self.dims:
            message = (
                f"{self.name} has no dimension {dim!r}; it has {', '.join(self.dims) or 'none'}."
            )
            raise ResultsError(message)
        return np.asarray(self.places[dim])

    def _sel_one(self, name: str, label: Any, *, is_nearest: bool) -> LabelledArray:
        there = [one for one, scale in self.scales.items() if scale.dims[0] in self.dims]
        if name not in there:
            message = f"{self.name} has no coordinate {name!r} to choose by; it has {', '.join(there) or 'none'}."
            raise ResultsError(message)
        scale = self.scales[name]
        values = self._coordinate(name)
        if isinstance(label, slice):
            places: int | NDArray[np.int64] = _between(values, label, name)
        elif isinstance(label, (list, tuple, np.ndarray)):
            rows = [_match(values, one, scale, is_nearest=is_nearest) for one in label]
            places = np.concatenate([*rows, np.empty(0, np.int64)]).astype(np.int64)
        else:
            found = _match(values, label, scale, is_nearest=is_nearest)
            places = int(found[0]) if scale.is_scale else found
        return self.isel(**{scale.dims[0]: places})

    def _in_memory(self, values: NDArray[Any], without: str) -> LabelledArray:
        """Make an array of computed values that has lost a dimension."""
        from scsim.formats.hdf5 import make_variable  # noqa: PLC0415 - h5py takes 0.3 s to load

        dims = tuple(dim for dim in self.dims if dim != without)
        scales = {
            name: make_variable(name, scale.dims, self._coordinate(name), scale.attributes)
            for name, scale in self.scales.items()
            if set(scale.dims) <= set(dims)
        }
        variable = make_variable(self.name, dims, np.asarray(values), self.attributes)
        return whole_array(variable, scales)


def whole_array(variable: Variable, scales: Mapping[str, Variable]) -> LabelledArray:
    """Label a dataset.

    Parameters
    ----------
    variable : Variable
    scales : mapping of str to Variable
        Coordinates along its dimensions.

    Returns
    -------
    LabelledArray
    """
    sizes = zip(variable.dims, variable.shape, strict=True)
    places = {dim: np.arange(size, dtype=np.int64) for dim, size in sizes}
    return LabelledArray(variable, MappingProxyType(dict(scales)), MappingProxyType(places))


def import_xarray() -> Any:
    """Import xarray, or say how to have it.

    Returns
    -------
    module

    Raises
    ------
    ResultsError
        If it is not installed.
    """
    try:
        import xarray  # noqa: PLC0415  (an extra, and 0.4 s to import)
    except ImportError as error:
        message = "to_xarray needs xarray, which is not installed: install the packages xarray and h5netcdf (extra 'xarray' of scsim)."
        raise ResultsError(message) from error
    return xarray


def _is_single(places: int | NDArray[np.int64]) -> bool:
    return np.ndim(places) == 0


def _as_index(place: Any) -> Any:
    """Give a list as NumPy takes it: one of true and false is a mask."""
    if not isinstance(place, list):
        return place
    return np.asarray(place) if place else np.empty(0, np.int64)


def _read(variable: Variable, places: Mapping[str, Any]) -> NDArray[Any]:
    """Read the smallest block that holds some places, and take them out of it."""
    bounds = []
    inside: list[Any] = []
    for dim in variable.dims:
        place = places[dim]
        low = int(np.min(place)) if np.size(place) else 0
        high = int(np.max(place)) + 1 if np.size(place) else 0
        bounds.append(slice(low, high))
        inside.append(place - low)
    block = variable.read(tuple(bounds))
    for axis in reversed(range(len(inside))):
        block = np.take(block, inside[axis], axis=axis)
    return np.asarray(block)


def _match(
    values: NDArray[Any], label: Any, scale: Variable, *, is_nearest: bool
) -> NDArray[np.int64]:
    """Find the places of a value, at least one."""
    is_text = values.dtype.kind == "U"
    if is_text != isinstance(label, str):
        kind = "texts" if is_text else "numbers"
        message = f"{scale.name} holds {kind}; {label!r} is none of them. {_some(values, scale)}"
        raise ResultsError(message)
    if is_text:
        found = np.flatnonzero(values == label)
    elif is_nearest and values.size:
        distances = np.abs(values - label)
        found = np.flatnonzero(distances == np.nanmin(distances))
        found = found[:1] if scale.is_scale else found
    elif values.dtype.kind in "iu":
        found = np.flatnonzero(values == label)
    else:
        found = np.flatnonzero(np.isclose(values, label, rtol=1e-9, atol=0.0))
    if found.size:
        return found.astype(np.int64)
    unit = str(scale.attributes.get("units", "1"))
    shown = repr(label) if is_text else f"{label:g}" + ("" if unit == "1" else f" {unit}")
    near = ""
    if not is_text and values.size:
        order = np.argsort(np.abs(values - label))[:_NEIGHBORS_NAMED]
        nearest = " and ".join(_text(value) for value in dict.fromkeys(values[order].tolist()))
        near = f" Nearest are {nearest}: give one of them, or method='nearest'."
    message = f"{scale.name} has no value {shown}.{near or ' ' + _some(values, scale)}"
    raise ResultsError(message)


def _between(values: NDArray[Any], label: slice, name: str) -> NDArray[np.int64]:
    if values.dtype.kind == "U" or label.step is not None:
        message = f"{name}: a slice chooses numbers between two, both counted, without a step; give a list of values instead."
        raise ResultsError(message)
    low = -np.inf if label.start is None else label.start
    high = np.inf if label.stop is None else label.stop
    return np.flatnonzero((values >= low) & (values <= high)).astype(np.int64)


def _some(values: NDArray[Any], scale: Variable) -> str:
    """List some values of a coordinate."""
    distinct = list(dict.fromkeys(values[: 100 * _SHOWN].tolist()))
    more = ", ..." if len(distinct) > _SHOWN else ""
    return f"{scale.name} has {', '.join(_text(value) for value in distinct[:_SHOWN])}{more}."


def _text(value: Any) -> str:
    return str(value) if isinstance(value, (str, int, np.integer)) else f"{value:g}"
