"""What a run takes from the stages before it: outputs that are kept, and those that are made when they are asked for.

Batches are handed out in ``batches.py``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from scsim.study.execution.clock import Clock
from scsim.study.execution.engines import Failure, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scsim.study.execution.plan import Plan, StagePlan
    from scsim.study.stages.stage import Outputs


class Upstream:
    """Outputs of the stages that a run needs; those of transient stages are made when asked for.

    Parameters
    ----------
    plan : Plan
    outputs : mapping of str to sequence
        Outputs of each run by stage, of the stages that have run so far.
    note : callable
        Called with the name of a stage and each new `Failure`.
    """

    def __init__(
        self,
        plan: Plan,
        outputs: Mapping[str, Sequence[Outputs | Failure]],
        note: Callable[[str, Failure], None],
    ) -> None:
        self._plan = plan
        self._planned = {planned.stage.name: planned for planned in plan.stages}
        self._outputs = outputs
        self._note = note
        self._last: dict[str, tuple[int, Outputs | Failure]] = {}
        self.made: dict[str, set[int]] = {}
        self.clocks: dict[str, Clock] = {}

    @property
    def wall_s(self) -> float:
        """Time that transient stages have taken, s."""
        return sum(clock.wall_s for clock in self.clocks.values())

    def gather(
        self, planned: StagePlan, run: int, *, kept_only: bool = False
    ) -> dict[str, Outputs] | Failure:
        """Give the outputs of all stages, or of those that are kept, that a run needs.

        Parameters
        ----------
        planned : StagePlan
        run : int
        kept_only : bool

        Returns
        -------
        dict of str to mapping of str to ndarray, or Failure
            By stage.
        """
        place = planned.run_places[run]
        asks = planned.stage.asks_for_transient
        if asks is not None and not asks(planned.run_cases[run].config):
            kept_only = True
        found: dict[str, Outputs] = {}
        for name in planned.stage.needs:
            needed = self._planned[name]
            if kept_only and needed.stage.is_transient:
                continue
            run_above = int(needed.run_of_case[place])
            outputs = (
                self._transient(needed, run_above)
                if needed.stage.is_transient
                else self._outputs[name][run_above]
            )
            if isinstance(outputs, Failure):
                return outputs
            found[name] = outputs
        return found

    def order(self, planned: StagePlan) -> list[int]:
        """Order runs so that each output of a transient stage is made once.

        Parameters
        ----------
        planned : StagePlan

        Returns
        -------
        list of int
        """
        keys = [
            self._planned[name].run_of_case[planned.run_places]
            for name in planned.stage.needs
            if self._planned[name].stage.is_transient
        ]
        return [int(run) for run in np.lexsort(keys)] if keys else list(range(planned.n_runs))

    def _transient(self, planned: StagePlan, run: int) -> Outputs | Failure:
        name = planned.stage.name
        last = self._last.get(name)
        if last is None or last[0] != run:
            self._last.pop(name, None)
            last = (run, self._make(planned, run))
            self._last[name] = last
        return last[1]

    def _make(self, planned: StagePlan, run: int) -> Outputs | Failure:
        stage = planned.stage
        upstream = self.gather(planned, run)
        if isinstance(upstream, Failure):
            return upstream
        clock = self.clocks.setdefault(stage.name, Clock())
        wall, cpu = time.perf_counter(), time.thread_time()
        config = planned.run_cases[run].config
        outputs: Outputs | Failure
        try:
            units = stage.prepare(config, upstream)
            outputs = stage.join(config, upstream, stage.compute(units))
        except Exception as error:  # noqa: BLE001 - whatever a run raises is its own failure; the other cases go on
            outputs = failure_of(error)
            self._note(stage.name, outputs)
        clock.add(wall_s=time.perf_counter() - wall, cpu_s=time.thread_time() - cpu)
        self.made.setdefault(stage.name, set()).add(run)
        return outputs
