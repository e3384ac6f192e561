"""How fast this machine is: what runs have taken over what was expected, per stage, in the cache folder.

Each run that computes something adds what it saw; estimates use it instead of the rates of the reference machine. The
file is written whole or not at all; of two runs that end at the same moment one may be forgotten, and a damaged file is
begun anew: nothing but estimates depends on it. What is expected is worked out in ``cost.py``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import platform
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from scsim.formats.files import temporary_beside
from scsim.formats.tables import DATA_FOLDER
from scsim.study.stages.costs import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LOG = logging.getLogger(__name__)

RUNS: Final = "runs"
"""Name under which the time beside all units is noted: preparing, naming and joining, of all stages together."""

LEAST_S: Final = 0.5
"""Processor time, s, below which a stage of a run says too little about the machine: first calls take their part of it.
Half of this must have been expected, or first calls were all of it."""

_TINY_S: Final = 1e-9

REMEMBERED_S: Final = 300.0
"""Processor time, s, that is remembered of a stage: what is older counts less and less."""

EXTREME: Final = 100.0
"""Ratios of measured to expected time beyond this, or below its inverse, are a fault and not a machine."""


@dataclass(frozen=True)
class Seen:
    """Times of a stage.

    Attributes
    ----------
    expected_s, measured_s : float
        Processor time by the reference rates and as measured, s.
    """

    expected_s: float
    measured_s: float

    @property
    def factor(self) -> float:
        """Measured over expected (no unit)."""
        return min(max(self.measured_s / self.expected_s, 1.0 / EXTREME), EXTREME)


@dataclass(frozen=True)
class MachineRates:
    """What is known of a machine.

    Attributes
    ----------
    seen : mapping of str to Seen
        By stage, and `RUNS`.
    """

    seen: Mapping[str, Seen]

    @property
    def general(self) -> float:
        """Speed of the machine for what it has not done yet: the mean of the factors of stages in the logarithm."""
        known = [math.log(one.factor) for name, one in self.seen.items() if name != RUNS]
        return math.exp(sum(known) / len(known)) if known else 1.0

    def factor(self, stage: str) -> float:
        """Give what the expected time of a stage is multiplied by.

        Parameters
        ----------
        stage : str

        Returns
        -------
        float
            That of the stage if this machine has run it, else that of the machine in general.
        """
        return self.seen[stage].factor if stage in self.seen else self.general


SHIPPED: Final = MachineRates(MappingProxyType({}))
"""Nothing is known: the rates of the reference machine."""


def rates_path() -> Path:
    """Give the file of this machine.

    Returns
    -------
    Path
        Below the cache folder; machines that share one have a file each.
    """
    from scsim.fields.store import default_folder  # noqa: PLC0415 - loads platformdirs

    machine = f"{platform.node()}\0{platform.machine()}\0{platform.processor()}"
    name = hashlib.sha256(machine.encode()).hexdigest()[:16]
    return default_folder().parent / "rates" / f"{name}.json"


def _table_hash() -> str:
    """Hash the reference rates, for which alone the ratios hold."""
    return hashlib.sha256((DATA_FOLDER / f"{TABLE}.toml").read_bytes()).hexdigest()[:16]


def load_rates(path: Path | None = None) -> MachineRates:
    """Read what is known of this machine.

    Parameters
    ----------
    path : Path, optional
        Default: `rates_path`.

    Returns
    -------
    MachineRates
        `SHIPPED` if there is no file, it is damaged, or it belongs to other reference rates.
    """
    path = rates_path() if path is None else path
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["table"] != _table_hash():
            return SHIPPED
        seen = {str(name): _seen(one) for name, one in content["stages"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return SHIPPED
    return MachineRates(MappingProxyType(seen))


def _seen(one: Any) -> Seen:
    """Read one stage.

    Raises
    ------
    ValueError
        If a time is not a positive number; the caller takes the file for damaged.
    """
    seen = Seen(float(one["expected_s"]), float(one["measured_s"]))
    if not all(0.0 < value < math.inf for value in (seen.expected_s, seen.measured_s)):
        message = f"{one!r} are no times: the file is begun anew"
        raise ValueError(message)
    return seen


def note_rates(observed: Mapping[str, Seen], path: Path | None = None) -> None:
    """Add what a run has taken.

    Parameters
    ----------
    observed : mapping of str to Seen
        By stage, and `RUNS`; those of too short a time, see `LEAST_S`, are left out.
    path : Path, optional
        Default: `rates_path`.
    """
    path = rates_path() if path is None else path
    new = {
        name: one
        for name, one in observed.items()
        if one.measured_s >= LEAST_S and max(0.5 * LEAST_S, _TINY_S) <= one.expected_s < math.inf
    }
    if not new:
        return
    known = dict(load_rates(path).seen)
    for name, one in new.items():
        known[name] = _added(known.get(name), one)
    content = {
        "table": _table_hash(),
        "stages": {
            name: {"expected_s": one.expected_s, "measured_s": one.measured_s}
            for name, one in sorted(known.items())
        },
    }
    temporary = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        _LOG.info("rates of this machine are not kept: %s", error)
        try:
            temporary.unlink(missing_ok=True)
        except OSError:
            _LOG.info("%s is left behind", temporary)


def _added(known: Seen | None, new: Seen) -> Seen:
    """Add new times to known ones, of which no more than `REMEMBERED_S` count."""
    if known is None:
        return new
    kept = min(1.0, REMEMBERED_S / known.measured_s)
    return Seen(kept * known.expected_s + new.expected_s, kept * known.measured_s + new.measured_s)
