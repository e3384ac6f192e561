"""Errors and status codes.

::

    ScsimError
    ├── ConfigError        a study's config: every fault of the file at once
    ├── GeometryError      leads, tissue, fibers in space; fields asked for where they do not exist
    ├── StimulusError      pulses, patterns, montages
    ├── ModelError         fiber and circuit models: parameters outside their range
    ├── ConvergenceError   a solver or search that did not reach its tolerance
    └── ResultsError       results files and study folders

Kernels never raise for physics: they fill a `Status` per fiber or condition, and `advice` says what a
status means and what to do. Formatting of messages for the command line does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


class ScsimError(Exception):
    """Base of all errors that scsim raises on purpose."""


@dataclass(frozen=True)
class Fault:
    """One fault of a config: where it stands, what is wrong and what to do.

    Attributes
    ----------
    file : str
        The config as the user named it.
    line : int or None
        Line of the key, counted from 1; None where it is not known for sure.
    key : str
        Dotted key, for example ``stimulus.pulse_width_us``; empty for the file as a whole.
    value : str
        The value as text with its unit, empty if there is none.
    problem : str
        What is wrong and what is allowed.
    remedy : str
        What to do.
    """

    file: str
    line: int | None
    key: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """One paragraph, in the order a reader needs it."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        subject = " = ".join(part for part in (self.key, self.value) if part)
        head = f"{place}: {subject}: " if subject else f"{place}: "
        return f"{head}{self.problem} {self.remedy}".rstrip()


class ConfigError(ScsimError):
    """A config with faults; `faults` holds all of them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class GeometryError(ScsimError):
    """Leads, tissue or fibers that cannot lie where they are put."""


class StimulusError(ScsimError):
    """A pulse, pattern or montage that cannot be delivered as written."""


class ModelError(ScsimError):
    """A fiber or circuit model asked for something outside its range."""


class ConvergenceError(ScsimError):
    """A solver or search that did not reach its tolerance."""


class ResultsError(ScsimError):
    """A results file or study folder that cannot be read or written as asked."""


class Status(IntEnum):
    """Outcome of one fiber, condition or case."""

    OK = 0
    NOT_FINITE = 1
    NO_THRESHOLD_IN_RANGE = 2
    END_EXCITATION = 3
    ACTIVE_AT_LOWER_BOUND = 4
    NOT_DECIDED = 5
    REFERENCE_TOO_LOW = 6
    FAILED = 7
    NO_SPIKE = 8
    REFRACTORY = 9
    PARTIAL_BLOCK = 10
    NOT_MONOTONIC = 11
    NOT_FOLLOWING = 12
    FOLLOWS_AT_UPPER_BOUND = 13


_ADVICE: Final = MappingProxyType(
    {
        Status.OK: "nothing to do",
        Status.NOT_FINITE: "the membrane voltage left the range of finite numbers; use a smaller dt or a smaller amplitude",
        Status.NO_THRESHOLD_IN_RANGE: "the fiber does not fire up to the largest amplitude searched; raise upper_ma of the protocol if larger currents matter",
        Status.END_EXCITATION: "the fiber fires first near one of its ends, so the threshold depends on where it was cut; make the fiber longer",
        Status.ACTIVE_AT_LOWER_BOUND: "the fiber fires at the smallest amplitude searched; lower lower_ma of the protocol",
        Status.NOT_DECIDED: "the simulated window ended before a spike had arrived or the fiber was at rest again; lengthen window_ms of the protocol",
        Status.REFERENCE_TOO_LOW: "the unstimulated circuit fires below 0.5 Hz, so a ratio to it has no meaning; use a stronger noxious input",
        Status.NO_SPIKE: "no spike passed the nodes in order; use a larger current, a longer window_ms, or nodes farther from the ends",
        Status.REFRACTORY: "the fiber is absolutely refractory: no test pulse up to the largest multiple searched fires it again; raise largest_multiple if larger ones matter",
        Status.PARTIAL_BLOCK: "some test spikes pass and some do not up to the largest amplitude searched; raise upper_ma of the protocol, or look at what passes",
        Status.NOT_MONOTONIC: "the outcome turns again at a larger amplitude, so lower_ma and upper_ma are only the first edge found; sample more amplitudes above it",
        Status.NOT_FOLLOWING: "the fiber does not answer every pulse even at the lowest rate; use lower rates or a larger amplitude",
        Status.FOLLOWS_AT_UPPER_BOUND: "the fiber answers every pulse at the highest rate too; add higher rates",
        Status.FAILED: "the case could not be computed; its reason is in log.txt",
    }
)


def advice(status: int) -> str:
    """Say what to do about a status.

    Parameters
    ----------
    status : int
        A value of `Status`.

    Returns
    -------
    str
        One sentence without a closing period.
    """
    return _ADVICE[Status(status)]
