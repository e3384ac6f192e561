"""Damaged results files: what of them is sound goes to a new file, with a list of what is lost.

How sound bytes are told from damaged ones belongs in `scsim.formats.blocks`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.errors import ResultsError, Status
from scsim.formats.hdf5 import Lost, Variable, make_variable, read_labelled, salvage_labelled
from scsim.results.schema import SPIKES
from scsim.results.store import (
    RESULTS_FILE,
    CaseFailure,
    Results,
    check_version,
    load_results,
    save_results,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

RECOVERED: Final = "recovered"
"""Root attribute of recovered files: JSON with the damaged file and its losses."""

_LOST_WHOLE_NUMBER: Final = -1
"""What stands for whole numbers that are lost; counts and places are never negative."""

_SPIKE_TIME: Final = f"{SPIKES}/spike_time_ms"
_FIRST_SPIKE: Final = f"{SPIKES}/first_spike"
_N_SPIKES: Final = f"{SPIKES}/n_spikes"

_PLACES_LISTED: Final = 8
"""Ranges of one dimension that a loss lists one by one."""


@dataclass(frozen=True)
class Loss:
    """What of one dataset is lost.

    Attributes
    ----------
    dataset : str
        Path of the dataset or group; ``/`` for the list of what a file holds.
    share : float
        Share of its values, from 0 to 1.
    places : str
        Where they lie, for example ``case 512 to 1023``; numbers count from 0.
    n_cases : int
        Cases whose values are among them; 0 for a dataset that all cases share.
    """

    dataset: str
    share: float
    places: str
    n_cases: int

    def __str__(self) -> str:
        """One line for messages."""
        cases = f", {self.n_cases} cases" if self.n_cases else ""
        return f"{self.dataset}: {100.0 * self.share:.3g} % lost ({self.places}{cases})"


@dataclass(frozen=True)
class Recovery:
    """What came of recovering a file.

    Attributes
    ----------
    results : Results
        As they stand in the new file; those of the file itself if it is sound.
    losses : tuple of Loss
        One per dataset, empty if copies inside the file made up for all damage.
    is_sound : bool
        Whether the file is not damaged at all, so that no new one was written.
    """

    results: Results
    losses: tuple[Loss, ...]
    is_sound: bool


def recover_results(path: str | Path, out: str | Path | None = None) -> Recovery:
    """Save what is sound of a damaged results file to a new one.

    Every value comes from bytes that a SHA-256 in the file holds for what was written. In the parts that are
    lost stands NaN, ``FAILED`` for a status, an empty text, and -1 for whole numbers (also their attribute
    ``_FillValue``). Cases with a lost value of their own get the status ``FAILED`` and an entry in `failures`.

    Parameters
    ----------
    path : str or Path
        A ``results.h5``, or the folder that holds it.
    out : str or Path, optional
        The new file; by default ``results_recovered.h5`` beside the damaged one.

    Returns
    -------
    Recovery

    Raises
    ------
    ResultsError
        If nothing can be recovered, or the new file is there already or cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        path = path / RESULTS_FILE
    target = path.with_name(f"{path.stem}_recovered.h5") if out is None else Path(out)
    if _is_sound(path):
        return Recovery(load_results(path), (), is_sound=True)
    if target.exists():
        message = f"{target} is there already: name another file with --out, or delete it."
        raise ResultsError(message)
    salvage = salvage_labelled(path, _blank_of)
    check_version(path, salvage.attributes)
    if "status" not in salvage.variables:
        message = f"{path}: nothing can be recovered, for the dataset status, which says what the cases are, is lost. Delete it and run the study again; finished batches in its folder are used."
        raise ResultsError(message)
    found = _with_dimensions(salvage.variables)
    shape = found["status"].shape
    by_name: dict[str, list[Lost]] = {}
    for lost in salvage.lost:
        by_name.setdefault(lost.name, []).append(lost)
    missing = set(salvage.variables) - set(found)
    by_name |= {name: [Lost(name, None)] for name in sorted(missing)}
    cases_of = {name: _cases_of(found, name, parts) for name, parts in by_name.items()}
    losses = tuple(
        _describe(found.get(name), name, parts, cases_of[name]) for name, parts in by_name.items()
    )
    failed = np.zeros(shape, dtype=np.bool_)
    for cases in cases_of.values():
        failed |= cases
    variables = {name: _with_fill_value(one) for name, one in found.items()}
    variables["status"] = _with_failed(found["status"], failed)
    attributes = {
        **salvage.attributes,
        "failures": _failures(found, salvage.attributes, cases_of),
        RECOVERED: json.dumps({"from": path.name, "losses": [asdict(loss) for loss in losses]}),
    }
    made = Results(MappingProxyType(variables), MappingProxyType(attributes))
    save_results(made, target)
    return Recovery(load_results(target), losses, is_sound=False)


def _is_sound(path: Path) -> bool:
    try:
        read_labelled(path, is_checked_whole=True)
    except ResultsError:
        return False
    return True


def _blank_of(variable: Variable) -> Any:
    if "flag_meanings" in variable.attributes:
        return int(Status.FAILED)
    if variable.dtype == "str":
        return ""
    return np.nan if variable.dtype.startswith("f") else _LOST_WHOLE_NUMBER


def _with_fill_value(variable: Variable) -> Variable:
    """Say in a variable of whole numbers what stands for lost ones."""
    is_whole = variable.dtype.startswith("i") and "flag_meanings" not in variable.attributes
    if not is_whole:
        return variable
    fill = np.array([_LOST_WHOLE_NUMBER], dtype=variable.dtype)
    return replace(variable, attributes={**variable.attributes, "_FillValue": fill})


def _with_dimensions(variables: Mapping[str, Variable]) -> dict[str, Variable]:
    """Leave out what has no scale any more along one of its dimensions: it could not be labelled."""

    def has_scales(variable: Variable) -> bool:
        group = variable.name.rpartition("/")[0]
        inside = f"{group}/" if group else ""
        return all(dim in variables or inside + dim in variables for dim in variable.dims)

    return {name: one for name, one in variables.items() if has_scales(one)}


def _cases_of(
    variables: Mapping[str, Variable], name: str, parts: Iterable[Lost]
) -> NDArray[np.bool_]:
    """Find the cases whose own values are lost, over the dimensions of the status."""
    status = variables["status"]
    cases = np.zeros(status.shape, dtype=np.bool_)
    variable = variables.get(name)
    if name == _SPIKE_TIME and {_FIRST_SPIKE, _N_SPIKES} <= set(variables):
        return _cases_of_spikes(variables, parts)
    if variable is None or not set(variable.dims) & set(status.dims):
        return cases
    for part in parts:
        region = dict(zip(variable.dims, part.region or (), strict=False))
        cases[tuple(region.get(dim, slice(None)) for dim in status.dims)] = True
    return cases


def _cases_of_spikes(variables: Mapping[str, Variable], parts: Iterable[Lost]) -> NDArray[np.bool_]:
    """Find the cases of lost spike times, which lie in a flat array: those whose cells have some of them."""
    first, number = variables[_FIRST_SPIKE].values, variables[_N_SPIKES].values
    is_lost = np.zeros(first.shape, dtype=np.bool_)
    for part in parts:
        begin, end = (
            (0, np.inf) if part.region is None else (part.region[0].start, part.region[0].stop)
        )
        is_lost |= (number > 0) & (first < end) & (first + number > begin)
    dims, status = variables[_FIRST_SPIKE].dims, variables["status"]
    inner = tuple(place for place, dim in enumerate(dims) if dim not in status.dims)
    swept = [dim for dim in dims if dim in status.dims]
    order = [swept.index(dim) for dim in status.dims if dim in swept]
    of_runs = np.transpose(np.asarray(is_lost.any(axis=inner)), order)
    sizes = zip(status.dims, status.shape, strict=True)
    shape = [size if dim in swept else 1 for dim, size in sizes]
    return np.broadcast_to(of_runs.reshape(shape), status.shape).copy()


def _describe(
    variable: Variable | None, name: str, parts: Sequence[Lost], cases: NDArray[np.bool_]
) -> Loss:
    regions = [part.region for part in parts if part.region is not None]
    if variable is None or len(regions) < len(parts):
        return Loss(name, 1.0, "all of it", int(cases.sum()))
    n_lost = sum(
        int(np.prod([one.stop - one.start for one in region], dtype=np.int64)) for region in regions
    )
    places = [
        f"{dim} {_ranges({(region[place].start, region[place].stop) for region in regions})}"
        for place, dim in enumerate(variable.dims)
    ]
    share = n_lost / max(variable.size, 1)
    where = "all of it" if n_lost >= variable.size else ", ".join(places)
    return Loss(name, share, where, int(cases.sum()))


def _ranges(parts: set[tuple[int, int]]) -> str:
    """Put ranges of places into words, neighbors joined."""
    joined: list[list[int]] = []
    for begin, end in sorted(parts):
        if joined and begin <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([begin, end])
    texts = [
        f"{begin}" if end == begin + 1 else f"{begin} to {end - 1}"
        for begin, end in joined[:_PLACES_LISTED]
    ]
    more = len(joined) - _PLACES_LISTED
    return ", ".join(texts) + (f" and {more} more ranges" if more > 0 else "")


def _with_failed(status: Variable, failed: NDArray[np.bool_]) -> Variable:
    values = np.where(failed, np.int8(Status.FAILED), status.values).astype(status.values.dtype)
    return make_variable(status.name, status.dims, values, status.attributes)


def _failures(
    variables: Mapping[str, Variable],
    attributes: Mapping[str, Any],
    cases_of: Mapping[str, NDArray[np.bool_]],
) -> str:
    """List the cases that failed, with those of which something is lost among them."""
    known = {
        entry["case"]: CaseFailure(**entry)
        for entry in json.loads(attributes.get("failures", "[]"))
    }
    lost: dict[int, list[str]] = {}
    for name, cases in cases_of.items():
        for case in np.flatnonzero(cases).tolist():
            lost.setdefault(case, []).append(name)
    found = dict(known)
    for case, names in lost.items():
        if case not in known:
            reason = f"lost in the damaged file: {', '.join(names)}"
            found[case] = CaseFailure(case, _name_of(variables, case), reason)
    return json.dumps([asdict(found[case]) for case in sorted(found)])


def _name_of(variables: Mapping[str, Variable], case: int) -> str:
    """Name a case as the study does: its own name, or its values along the axes."""
    if "case_name" in variables:
        return str(variables["case_name"].values[case])
    status = variables["status"]
    places = np.unravel_index(case, status.shape)
    return ",".join(
        f"{dim}={variables[dim].values[place]}"
        for dim, place in zip(status.dims, places, strict=True)
    )
