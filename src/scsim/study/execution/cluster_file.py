"""The file that describes a cluster for ``scsim run --cluster FILE``: a few lines of TOML, checked all at once.

Starting the cluster is in ``cluster.py``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scsim.errors import ConfigError, Fault
from scsim.study.reading.faults import nearest, shown
from scsim.study.reading.lines import key_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KINDS: Final = ("slurm", "pbs", "lsf", "sge", "oar")
"""Schedulers of jobs that ``dask_jobqueue`` knows."""

_WALLTIME: Final = re.compile(r"(\d+-)?\d{1,3}:[0-5]\d(:[0-5]\d)?")
_MOST_CORES: Final = 1024
_MOST_JOBS: Final = 10_000
_MOST_GB: Final = 100_000.0


@dataclass(frozen=True)
class ClusterFile:
    """Jobs that compute for a study.

    Attributes
    ----------
    kind : str
        Scheduler of jobs: ``slurm``, ``pbs``, ``lsf``, ``sge`` or ``oar``.
    cores : int
        Processors of one job; each computes one batch at a time.
    memory_gb : float
        Memory of one job, GB.
    walltime : str
        Longest time of a job, ``hours:minutes:seconds``. Batches that a job has not finished are computed by another.
    jobs : int
        Number of jobs.
    queue : str
        Queue or partition; empty for the default one.
    account : str
        Account or project that pays; empty for the default one.
    interface : str
        Network interface on which workers are reached, for example ``ib0``; empty for the default one.
    directives : tuple of str
        Further directives of the job script, for example ``--constraint=avx512``.
    prologue : tuple of str
        Lines of shell that run before the workers, for example ``module load python``.
    """

    kind: str
    cores: int
    memory_gb: float
    walltime: str
    jobs: int
    queue: str = ""
    account: str = ""
    interface: str = ""
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()


def _is_count(most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and 1 <= value <= most


def _is_memory(value: object) -> bool:
    return type(value) in {int, float} and 0.1 <= value <= _MOST_GB  # type: ignore[operator]


def _is_walltime(value: object) -> bool:
    return isinstance(value, str) and _WALLTIME.fullmatch(value) is not None


def _is_line(value: object) -> bool:
    return isinstance(value, str) and "\n" not in value


def _are_lines(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_line, value))


_RULES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "kind": (lambda value: value in KINDS, f"must be one of {', '.join(KINDS)}."),
    "cores": (_is_count(_MOST_CORES), f"must be a whole number from 1 to {_MOST_CORES}."),
    "memory_gb": (_is_memory, "must be a number of GB from 0.1 on, of one job."),
    "walltime": (_is_walltime, 'must be a text of hours, minutes and seconds: "04:00:00".'),
    "jobs": (_is_count(_MOST_JOBS), f"must be a whole number from 1 to {_MOST_JOBS}."),
    "queue": (_is_line, "must be a text."),
    "account": (_is_line, "must be a text."),
    "interface": (_is_line, "must be a text."),
    "directives": (_are_lines, "must be a list of texts of one line each."),
    "prologue": (_are_lines, "must be a list of texts of one line each."),
}
"""What each key may hold, and how that is said."""


def read_cluster(path: str | Path) -> ClusterFile:
    """Read the description of a cluster.

    Parameters
    ----------
    path : str or Path
        TOML with `kind`, `cores`, `memory_gb`, `walltime` and `jobs`, and what else `ClusterFile` has.

    Returns
    -------
    ClusterFile

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    name = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        problem = f"cannot be read ({reason})."
        raise ConfigError([Fault(name, None, "", "", problem, "Check the path.")]) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Fault(name, None, "", "", f"is no TOML: {error}.", "")]) from error
    lines = key_lines(text, document)
    faults: list[Fault] = []
    for key, value in document.items():
        if key not in _RULES:
            known = nearest(key, _RULES)
            remedy = f"Did you mean {known}?" if known else f"There are {', '.join(_RULES)}."
            faults.append(Fault(name, lines.get((key,)), key, "", "there is no such key.", remedy))
            continue
        is_allowed, rule = _RULES[key]
        if not is_allowed(value):
            faults.append(Fault(name, lines.get((key,)), key, shown(value), rule, ""))
    needed = [one.name for one in fields(ClusterFile) if one.default is MISSING]
    faults.extend(
        Fault(name, None, key, "", "is missing.", f"It {_RULES[key][1]}")
        for key in needed
        if key not in document
    )
    if faults:
        raise ConfigError(faults)
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in document.items()
    }
    return ClusterFile(**values)
