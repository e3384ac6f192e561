"""Results of a study: read, write, look inside.

What a dataset means belongs in `results.schema`; how it is computed in `scsim.study`.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError, Status
from scsim.formats.hdf5 import Variable, read_labelled, write_labelled
from scsim.results.labelled import LabelledArray, import_xarray, whole_array
from scsim.results.schema import DATASETS, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray
    from numpy.typing import NDArray

RESULTS_FILE: Final = "results.h5"
"""Name of the results file in the folder of a study."""

_READABLE_VERSIONS: Final = ("1", SCHEMA_VERSION)
"""Files of version 1 are read as they stand: what they hold means the same in version 2."""

_LISTED_UP_TO: Final = 4
"""Values of an axis that are listed one by one."""


@dataclass(frozen=True)
class CaseFailure:
    """A case that could not be computed.

    Attributes
    ----------
    case : int
        Number of the case, from 0.
    name : str
        Name of the case, for example ``amplitude_ma=2.5,state=healthy``.
    reason : str
        Message of the error.
    """

    case: int
    name: str
    reason: str


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """Datasets of a study over its swept keys, with where they come from.

    Attributes
    ----------
    variables : mapping of str to Variable
        Datasets, coordinates and dimension scales by path; those of the group ``geometry`` as
        ``geometry/contact_center_mm``.
    attributes : mapping of str to str or int
        Provenance: ``config`` (TOML text), ``config_hash``, ``source_hash``, ``seed``, versions,
        ``disclaimer``, ``model_scope`` and more.
    path : Path or None
        The file, None for results in memory.
    """

    variables: Mapping[str, Variable]
    attributes: Mapping[str, Any]
    path: Path | None = field(default=None)

    def __contains__(self, name: object) -> bool:
        return name in self.variables

    def __getitem__(self, name: str) -> LabelledArray:
        """Give a dataset with its labels, to choose parts of it by value; nothing is read yet.

        Parameters
        ----------
        name : str
            For example ``threshold_ma`` or ``geometry/contact_center_mm``.

        Returns
        -------
        LabelledArray

        Raises
        ------
        ResultsError
            If there is none of this name.
        """
        variable = self.variable(name)
        group = name.rpartition("/")[0]
        inside = f"{group}/" if group else ""
        scales = {}
        for dim in variable.dims:
            for path in (inside + dim, dim):
                if path in self.variables:
                    scales[dim] = self.variables[path]
                    break
        for beside in str(self.attributes.get("coordinates", "")).split():
            if beside in self.variables and set(self.variables[beside].dims) <= set(variable.dims):
                scales[beside] = self.variables[beside]
        return whole_array(variable, scales)

    def variable(self, name: str) -> Variable:
        """Give a dataset with its dimensions, unit and meaning.

        Parameters
        ----------
        name : str

        Returns
        -------
        Variable

        Raises
        ------
        ResultsError
            If there is none of this name.
        """
        if name not in self.variables:
            close = difflib.get_close_matches(name, self.names, n=3)
            meant = f" Did you mean {' or '.join(close)}?" if close else ""
            message = f"there is no dataset {name!r} in {self.path or 'these results'}.{meant} There are {', '.join(self.names)}. Others need their group in output.save and another run of the study."
            raise ResultsError(message)
        return self.variables[name]

    def dataset(self, name: str) -> NDArray[Any]:
        """Give the values of a dataset, read-only.

        Parameters
        ----------
        name : str
            For example ``threshold_ma`` or ``geometry/contact_center_mm``.

        Returns
        -------
        ndarray

        Raises
        ------
        ResultsError
            If there is none of this name.
        """
        return self.variable(name).values

    def dims(self, name: str) -> tuple[str, ...]:
        """Give the names of a dataset's dimensions.

        Parameters
        ----------
        name : str

        Returns
        -------
        tuple of str

        Raises
        ------
        ResultsError
            If there is none of this name.
        """
        return self.variable(name).dims

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the datasets, without coordinates."""
        beside = str(self.attributes.get("coordinates", "")).split()
        found = {
            name
            for name, variable in self.variables.items()
            if not variable.is_scale and name not in beside
        }
        known = [name for name in ("status", *DATASETS) if name in found]
        return (*known, *sorted(found.difference(known)))

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """Names of the coordinates: those of the sweep first, in its order, then the others by the alphabet."""
        names = set(self.names)
        found = [name for name in self.variables if "/" not in name and name not in names]
        dims = self.dims("status") if "status" in self else ()
        first = (*dims, *str(self.attributes.get("coordinates", "")).split())
        place = {name: index for index, name in enumerate(first)}
        return tuple(sorted(found, key=lambda name: (place.get(name, len(place)), name)))

    @property
    def coordinates(self) -> Mapping[str, NDArray[Any]]:
        """Values along each dimension, and the swept values of each case where cases are listed."""
        found = {name: self.variables[name].values for name in self.coordinate_names}
        return MappingProxyType(found)

    @property
    def swept(self) -> Mapping[str, str]:
        """Coordinate of each swept key, in the order of the sweep: ``amplitude_ma`` of ``stimulus.amplitude_ma``."""
        return MappingProxyType(
            {
                self.variables[name].attributes["config_key"]: name
                for name in self.coordinate_names
                if "config_key" in self.variables[name].attributes
            }
        )

    @property
    def failures(self) -> tuple[CaseFailure, ...]:
        """Cases that could not be computed, each with its reason."""
        return tuple(CaseFailure(**entry) for entry in json.loads(self.attributes["failures"]))

    def to_xarray(self) -> xarray.Dataset:
        """Give the datasets of the root as one labelled `xarray.Dataset`, with units.

        Returns
        -------
        xarray.Dataset

        Raises
        ------
        ResultsError
            If xarray is not installed.
        """
        module = import_xarray()
        coordinates = {}
        datasets = {}
        names = set(self.names)
        for name, variable in self.variables.items():
            if "/" in name:
                continue
            entry = module.Variable(variable.dims, variable.values, dict(variable.attributes))
            if name in names:
                datasets[name] = entry
            else:
                coordinates[name] = entry
        found: xarray.Dataset = module.Dataset(datasets, coordinates, dict(self.attributes))
        return found

    def __repr__(self) -> str:
        lines = [f"Results: {self.attributes.get('title', '')}".rstrip()]
        if self.path is not None:
            lines.append(f"  file: {self.path}")
        n_failed = int(np.count_nonzero(self.dataset("status") == Status.FAILED))
        n_cases = self.variable("status").size
        failed = f", {n_failed} of them failed" if n_failed else ""
        lines.append(f"  cases: {n_cases}{failed}")
        if "recovered" in self.attributes:
            lines.append(
                "  recovered from a damaged file: what is lost stands in the attribute recovered"
            )
        lines.append("  sweep axes:")
        lines += [f"    {name}  {_range(self.variables[name])}" for name in self.swept.values()]
        lines.append("  datasets:")
        width = max(len(name) for name in self.names)
        lines += [f"    {name:<{width}}  {_outline(self.variables[name])}" for name in self.names]
        lines.append("  scope: " + str(self.attributes.get("model_scope", "")))
        return "\n".join(lines)


def load_results(path: str | Path, *, is_checked_whole: bool = False) -> Results:
    """Open a results file; datasets are read when they are asked for.

    Parameters
    ----------
    path : str or Path
        A ``results.h5``, or the folder that holds it.
    is_checked_whole : bool
        Whether to check every byte of a file above 64 MiB now. Otherwise its bytes are checked when they are
        read; smaller files are always checked whole.

    Returns
    -------
    Results

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or was not written by a version of scsim that this one
        can read.
    """
    path = Path(path)
    if path.is_dir():
        path = path / RESULTS_FILE
    variables, attributes = read_labelled(path, is_checked_whole=is_checked_whole)
    check_version(path, attributes)
    return Results(MappingProxyType(variables), MappingProxyType(attributes), path)


def check_version(path: Path, attributes: Mapping[str, Any]) -> None:
    """Refuse a file whose layout this scsim does not know.

    Parameters
    ----------
    path : Path
        For the message.
    attributes : mapping of str to object
        Of the root.

    Raises
    ------
    ResultsError
        If the file was not written by a version of scsim that this one can read.
    """
    version = attributes.get("schema_version")
    if version is None:
        message = f"{path} has no attribute schema_version, so scsim did not write it: give a results.h5 that scsim run wrote."
        raise ResultsError(message)
    if version not in _READABLE_VERSIONS:
        message = f"{path} has schema version {version}; this scsim reads {', '.join(_READABLE_VERSIONS)}. Open it with the scsim that wrote it ({attributes.get('scsim_version', 'unknown version')})."
        raise ResultsError(message)


def save_results(results: Results, path: str | Path) -> Results:
    """Write results to one HDF5 file, whole or not at all.

    Parameters
    ----------
    results : Results
    path : str or Path
        Replaced if it is there.

    Returns
    -------
    Results
        The same, with the path.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    path = Path(path)
    write_labelled(path, _in_order(results), results.attributes)
    return Results(results.variables, results.attributes, path)


def _in_order(results: Results) -> list[Variable]:
    """Order variables for a file, so that equal results give equal bytes wherever they come from."""
    listed = (*results.coordinates, *results.names) if "status" in results else ()
    others = sorted(set(results.variables).difference(listed))
    return [results.variables[name] for name in (*listed, *others)]


def _range(variable: Variable) -> str:
    """Say what an axis covers."""
    values = variable.read((slice(0, _LISTED_UP_TO),))
    size = variable.size
    if values.dtype.kind in "iuf" and size > _LISTED_UP_TO:
        if not variable.is_scale:
            return f"{size} values, {variable.values.min():g} to {variable.values.max():g}"
        last = variable.read((slice(size - 1, size),))
        return f"{size} values, {values[0]:g} to {last[0]:g}"
    listed = ", ".join(str(value) for value in values.tolist())
    more = ", ..." if size > _LISTED_UP_TO else ""
    return f"{size} values: {listed}{more}"


def _outline(variable: Variable) -> str:
    sizes = zip(variable.dims, variable.shape, strict=True)
    shape = ", ".join(f"{dim}: {size}" for dim, size in sizes) or "one number"
    unit = variable.attributes.get("units", "1")
    return f"({shape})" if unit == "1" else f"({shape})  {unit}"
