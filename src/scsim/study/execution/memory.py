"""How much memory a study may take: the bound, what counts against it, and how many batches may run at once.

What a batch of a stage takes is in ``stages/table.py``; batches themselves never depend on the bound.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scsim.study.execution.plan import StagePlan
    from scsim.study.stages.stage import Stage

BYTES_PER_GB: Final = 10**9
BYTES_PER_MB: Final = 10**6

DEFAULT_SHARE: Final = 0.8
"""Share of the available memory that a study may take without ``--memory``."""

START_MB: Final = 420.0
"""Memory of a process that has loaded scsim and its compiled kernels and computes nothing, MB: 230 to 330 measured,
and what the compiler adds where kernels have to be compiled first."""

BATCH_MB: Final = 20.0
"""Memory of a batch of a stage that tells no more, MB."""

COPIES: Final = 2.0
"""Times that kept outputs lie in memory at the end: as they came, and laid out as datasets."""

_CGROUP: Final = Path("/sys/fs/cgroup")
_UNLIMITED: Final = 1 << 60


def available_bytes() -> int:
    """Give the memory that this process may still take.

    Returns
    -------
    int
        Of the machine or of the control group, whichever has less left; without either as much as could ever be.
    """
    left = [_UNLIMITED]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        left.extend(int(one.split()[1]) * 1024 for one in lines if one.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError):
        left.append(_physical_bytes())
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            left.append(
                int((_CGROUP / limit).read_text(encoding="ascii"))
                - int((_CGROUP / used).read_text(encoding="ascii"))
            )
        except (OSError, ValueError):  # none, or "max"
            continue
    return max(0, min(left))


def _physical_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _UNLIMITED


def used_bytes() -> int:
    """Give the memory that this process takes now.

    Returns
    -------
    int
        Resident set; the largest so far where the present one is not told.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        if sys.platform == "win32":
            return 0
        import resource  # noqa: PLC0415 - not on every system

        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else largest * 1024


def stage_megabytes(planned: StagePlan) -> float:
    """Give the memory that one batch of a stage takes at most.

    Parameters
    ----------
    planned : StagePlan

    Returns
    -------
    float
        MB.
    """
    megabytes = planned.stage.megabytes
    if megabytes is None:
        return BATCH_MB
    return max((megabytes(case.config) for case, _ in planned.alike), default=BATCH_MB)


def batches_at_once(planned: StagePlan, workers: int, memory_gb: float | None) -> int:
    """Say how many batches of a stage run at once under a bound, as a run that has kept nothing yet finds it.

    Parameters
    ----------
    planned : StagePlan
    workers : int
    memory_gb : float or None
        Bound, GB; None: the default.

    Returns
    -------
    int
        At most `workers`; 0 if not even one fits.
    """
    limit_mb = limit_bytes(memory_gb) / BYTES_PER_MB
    return max(0, min(workers, int((limit_mb - START_MB) // stage_megabytes(planned))))


def limit_bytes(memory_gb: float | None) -> int:
    """Give the bound of a run.

    Parameters
    ----------
    memory_gb : float or None
        GB; None: a share of what is available now, beside what this process has already.

    Returns
    -------
    int

    Raises
    ------
    ResultsError
        If the bound is not a positive number.
    """
    if memory_gb is None:
        return int(DEFAULT_SHARE * available_bytes()) + used_bytes()
    if not np.isfinite(memory_gb) or memory_gb <= 0.0:
        message = f"memory = {memory_gb:g} GB: a bound must be a positive number of GB; leave it out to use {DEFAULT_SHARE:.0%} of the memory that is available."
        raise ResultsError(message)
    return int(memory_gb * BYTES_PER_GB)


def budget_of(memory_gb: float | None) -> Budget:
    """Make the budget of a run.

    Parameters
    ----------
    memory_gb : float or None
        As `limit_bytes`.

    Returns
    -------
    Budget
    """
    return Budget(limit_bytes(memory_gb), is_asked=memory_gb is not None)


@dataclass
class Budget:
    """What a run may take, and what it has taken.

    Attributes
    ----------
    limit : int
        Bound of the resident set of this process, bytes.
    kept : int
        Bytes of the outputs that are kept until the end.
    is_asked : bool
        Whether the user has set the bound: one batch at a time runs under any other.
    """

    limit: int
    kept: int = 0
    is_asked: bool = True

    def add(self, outputs: Iterable[Mapping[str, np.ndarray]]) -> None:
        """Count outputs that are kept."""
        self.kept += sum(values.nbytes for one in outputs for values in one.values())

    def in_flight(self, planned: StagePlan, workers: int) -> int:
        """Say how many batches of a stage may run at once.

        Parameters
        ----------
        planned : StagePlan
        workers : int

        Returns
        -------
        int
            From 1 to `workers`.

        Raises
        ------
        ResultsError
            If not even one fits.
        """
        each = stage_megabytes(planned) * BYTES_PER_MB
        base = max(START_MB * BYTES_PER_MB, used_bytes() - self.kept)
        left = self.limit - base - COPIES * self.kept
        if left < each and self.is_asked:
            needed = (base + COPIES * self.kept + each) / BYTES_PER_GB
            message = (
                f"memory: stage {planned.stage.name} needs {needed:.2f} GB for one batch at a time "
                f"({base / BYTES_PER_GB:.2f} GB for the program, {COPIES * self.kept / BYTES_PER_GB:.2f} GB for results so far, "
                f"{each / BYTES_PER_GB:.2f} GB for the batch), and {self.limit / BYTES_PER_GB:.2f} GB are allowed: "
                "give more with --memory, or save less with output.save, or part the study."
            )
            raise ResultsError(message)
        return max(1, min(workers, int(left // each)))

    def check_kept(self, stage: Stage, n_done: int, n_all: int, stage_bytes: int) -> None:
        """Refuse to go on where the outputs of a stage will not fit.

        Parameters
        ----------
        stage : Stage
        n_done, n_all : int
            Units of which the outputs are there, and units in all.
        stage_bytes : int
            Bytes of the outputs that are there.

        Raises
        ------
        ResultsError
            If those of all units would exceed the bound.
        """
        if not n_done:
            return
        expected = stage_bytes * (n_all / n_done)
        total = START_MB * BYTES_PER_MB + COPIES * (self.kept - stage_bytes + expected)
        if total > self.limit:
            message = (
                f"memory: the {n_all} units of stage {stage.name} give about {expected / BYTES_PER_GB:.2f} GB, and with the "
                f"program and room to lay them out as datasets {total / BYTES_PER_GB:.2f} GB; "
                f"{self.limit / BYTES_PER_GB:.2f} GB are allowed. Give more with --memory, save less with output.save "
                "(time courses, histograms and spikes are the large ones), or part the study. Finished batches are kept."
            )
            raise ResultsError(message)
