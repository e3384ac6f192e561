"""Kernels compiled ahead: by another process, while this one solves fields and searches thresholds.

Numba compiles one kernel at a time in a process, so on a first run a second process makes those of the circuit ready
and leaves them in the cache folder. Nothing depends on it: without a cache folder, or if that process fails or is
ended, the study compiles them itself. Runs are scheduled in ``schedule.py``.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scsim.study.execution.plan import Plan
    from scsim.study.stages.stage import Stage

_LOG = logging.getLogger(__name__)

_LONGEST_S: Final = 120.0
"""How long a stage waits for kernels that another process compiles, s, before it compiles them itself."""

_END_S: Final = 5.0
"""How long an ended process may take to leave, s."""


class Helper:
    """A process that compiles kernels for one stage, or none.

    Parameters
    ----------
    stage : str
        Name of the stage that needs them.
    process : subprocess.Popen or None
        What compiles them.
    """

    def __init__(self, stage: str = "", process: subprocess.Popen[bytes] | None = None) -> None:
        self._stage = stage
        self._process = process

    def wait_for(self, stage: Stage) -> None:
        """Wait until the kernels of a stage are in the cache folder, if they are being compiled.

        Parameters
        ----------
        stage : Stage
        """
        if self._process is None or stage.name != self._stage:
            return
        try:
            code = self._process.wait(timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            _LOG.info("kernels of %s: compiled here, as another process takes too long", stage.name)
            return
        if code:
            _LOG.info(
                "kernels of %s: compiled here, another process left with %d", stage.name, code
            )

    def end(self) -> None:
        """End the process if it still runs."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(timeout=_END_S)
        if self._process.stdin is not None:
            self._process.stdin.close()


@contextmanager
def compiling_ahead(plan: Plan, workers: int) -> Iterator[Helper]:
    """Have kernels compiled by another process, if a plan needs some that are not in the cache folder.

    Parameters
    ----------
    plan : Plan
    workers : int
        Threads of the study; one thread leaves no processor free.

    Yields
    ------
    Helper
    """
    helper = Helper()
    if workers > 1:
        for planned in plan.stages:
            ahead = planned.stage.compile_ahead
            program = "" if ahead is None else ahead([case.config for case in planned.run_cases])
            if program:
                helper = _start(planned.stage.name, program)
                break
    try:
        yield helper
    finally:
        helper.end()


_END_WITH_US: Final = (
    "import os, threading; "
    "threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start(); "
)
"""What the process runs first: its input closes when this process is gone, however that came about."""


def _start(stage: str, program: str) -> Helper:
    """Start the process that compiles the kernels of a stage."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", _END_WITH_US + program],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        _LOG.info("kernels of %s: compiled here (%s)", stage, error)
        return Helper()
    return Helper(stage, process)
