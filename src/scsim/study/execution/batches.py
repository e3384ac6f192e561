"""The units of one stage: equal ones merged, put into batches, each batch loaded, claimed, computed and stored.

Batches follow from the plan alone, never from the number of workers, from memory or from what is already finished, and
a unit's outputs do not depend on its neighbors, so neither do results. What computes a batch is an engine, see
``engines.py``; files are read and written in ``cache.py``.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from threading import Condition, Lock
from typing import TYPE_CHECKING, Final, Protocol

from scsim.study.execution.cache import batch_path, hash_batch, hash_unit, load_batch, save_batch
from scsim.study.execution.clock import Clock
from scsim.study.execution.engines import Absent, Failure
from scsim.study.execution.plan import size_of_batches
from scsim.study.sources import stage_source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from scsim.study.execution.cache import Shelf
    from scsim.study.execution.claims import Claims
    from scsim.study.execution.engines import Engine, Threads
    from scsim.study.execution.memory import Budget
    from scsim.study.execution.options import Options
    from scsim.study.execution.plan import StagePlan
    from scsim.study.stages.stage import Outputs, Stage, Unit

_LOG = logging.getLogger(__name__)

IN_FLIGHT_PER_WORKER: Final = 2
"""Batches handed out ahead of time: enough to keep workers busy, few enough to bound memory."""

_FIRST_WAIT_S: Final = 0.02
_LONGEST_WAIT_S: Final = 1.0
"""How long to wait before looking again whether another run has finished a batch, s: at first, and at most."""


class Gate:
    """Lets batches be stored until it is closed; then waits a moment for those that are being written."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._n_inside = 0
        self._is_closed = False

    def __enter__(self) -> bool:
        """Give whether to go on."""
        with self._changed:
            self._n_inside += 1
            return not self._is_closed

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._n_inside -= 1
            self._changed.notify_all()

    def close(self, wait_s: float) -> None:
        """Let nobody in any more, and wait for those inside."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: self._n_inside == 0, timeout=wait_s)


class Notes(Protocol):
    """What is told of failures; the log writes each place of a traceback once."""

    def __call__(self, stage: str, failure: Failure) -> None:
        """Note a failure of a stage."""


@dataclass(frozen=True)
class Shared:
    """A study folder, which other runs may use at the same time.

    Attributes
    ----------
    folder : Path
    shelf : Shelf
        Units in batch files of earlier runs.
    claims : Claims
        What this run tells the others.
    """

    folder: Path
    shelf: Shelf
    claims: Claims


@dataclass(frozen=True)
class Desk:
    """What all stages of a run share.

    Attributes
    ----------
    options : Options
    engine : Engine
        Computes batches of stages that are stored: these are worth sending, and their units are plain arrays.
    local : Threads
        Computes all other batches, in this process.
    pool : ThreadPoolExecutor
        Its threads look after one batch each, from file to file.
    budget : Budget
    note : Notes
    gate : Gate
    shared : Shared or None
        The folder; None if nothing is kept.
    """

    options: Options
    engine: Engine
    local: Threads
    pool: ThreadPoolExecutor
    budget: Budget
    note: Notes
    gate: Gate = field(default_factory=Gate)
    shared: Shared | None = None

    def engine_of(self, stage: Stage) -> Engine:
        """Give what computes the batches of a stage."""
        return self.engine if stage.is_stored else self.local


@dataclass(frozen=True)
class _Batch:
    """One batch: its place in the stage, and its units by hash."""

    index: int
    units: Mapping[str, Unit]


@dataclass(frozen=True)
class _Finished:
    """A batch with its outputs, or without them if another run is at it."""

    batch: _Batch
    outputs: Sequence[Outputs | Failure] | None
    n_loaded: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


def family_of(stage: Stage) -> str:
    """Name the stages that share their units."""
    return stage.family or stage.name


def unit_hash_of(stage: Stage) -> Callable[[Unit], str]:
    """Give the function that names a unit of a stage by its content and, where it is kept, by the program."""
    family = family_of(stage)
    source = stage_source_hash(stage.compute) if stage.is_stored or stage.family else ""
    return lambda unit: hash_unit(family, source, unit)


class Batches:
    """The batches of one stage.

    Stages of one family give the same mapping of finished outputs, so that none computes what another has.

    Parameters
    ----------
    planned : StagePlan
    desk : Desk
    done : dict
        Outputs by hash of unit, of all stages of the family so far; grows.
    is_needed : bool
        Whether a later stage takes the outputs, so that all must be there.
    """

    def __init__(
        self,
        planned: StagePlan,
        desk: Desk,
        done: dict[str, Outputs | Failure],
        *,
        is_needed: bool = True,
    ) -> None:
        self._planned = planned
        self._stage = planned.stage
        self._total = planned.n_units
        self._desk = desk
        self._done = done
        self._is_needed = is_needed
        self._hash = unit_hash_of(planned.stage)
        self._size = desk.options.batch_size or planned.stage.batch_size
        self._open: dict[str, Unit] = {}
        self._known: set[str] = set()
        self._pending: set[Future[_Finished]] = set()
        self._postponed: list[_Batch] = []
        self._at_once = 0
        self._n_batches = 0
        self._n_reported = 0
        self._n_kept = 0
        self._kept_bytes = 0
        self._warming = Lock()
        self._is_warm = False
        self.clock = Clock()
        self.absent: list[Path] = []
        self.n_asked = 0
        self.n_computed = 0
        self.n_loaded = 0

    def add(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """Take in the units of a run.

        Parameters
        ----------
        units : sequence of mapping

        Returns
        -------
        tuple of str
            Their hashes.
        """
        cpu = time.thread_time()
        hashes = tuple(map(self._hash, units))
        self.clock.add(cpu_s=time.thread_time() - cpu)
        self.n_asked += len(units)
        n_told = 0
        for unit_hash, unit in zip(hashes, units, strict=True):
            is_new = unit_hash not in self._known
            self._known.add(unit_hash)
            if not is_new or unit_hash in self._done:
                n_told += 1
                continue
            self._open[unit_hash] = unit
            if self._stage.order is None and len(self._open) == self._size:
                self._submit(self._take(self._size))
        if n_told:
            self._report(n_told)
        return hashes

    @property
    def n_distinct(self) -> int:
        """Number of units of different content."""
        return len(self._known)

    def finish(self) -> Mapping[str, Outputs | Failure]:
        """Wait for all units.

        Returns
        -------
        mapping of str to mapping of str to ndarray, or Failure
            Outputs by hash of unit.
        """
        if self._stage.order is not None:
            self._sort(self._stage.order)
        n_open = len(self._open)
        size = size_of_batches(self._stage, n_open, self._desk.options.batch_size)
        n_batches = -(-n_open // size)
        for batch in range(n_batches):
            n_units = n_open * (batch + 1) // n_batches - n_open * batch // n_batches
            self._submit(self._take(n_units))
        while self._pending:
            self._collect()
        self._settle()
        if self._n_reported < self._total:
            self._report(self._total - self._n_reported)
        return self._done

    def _sort(self, order: Callable[[Unit], tuple[object, ...]]) -> None:
        """Bring the open units into the order of the stage; the content decides among equal ones."""
        ranked = sorted(self._open, key=lambda name: (order(self._open[name]), name))
        self._open = {name: self._open[name] for name in ranked}

    def _take(self, n_units: int) -> dict[str, Unit]:
        """Take the first open units."""
        names = list(islice(self._open, n_units))
        return {name: self._open.pop(name) for name in names}

    def _submit(self, units: Mapping[str, Unit]) -> None:
        self._send(_Batch(self._n_batches, units), is_given_up=False)
        self._n_batches += 1

    def _send(self, batch: _Batch, *, is_given_up: bool) -> None:
        if not self._at_once:
            workers = self._desk.engine_of(self._stage).workers
            fitting = self._desk.budget.in_flight(self._planned, workers)
            self._at_once = fitting if fitting < workers else IN_FLIGHT_PER_WORKER * workers
        while len(self._pending) >= self._at_once:
            self._collect()
        self._pending.add(self._desk.pool.submit(self._do, batch, is_given_up=is_given_up))

    def _collect(self) -> None:
        finished, self._pending = wait(self._pending, return_when=FIRST_COMPLETED)
        for future in finished:
            self._enter(future.result())

    def _enter(self, finished: _Finished) -> None:
        """Take the outputs of a batch in, or keep it for later."""
        batch, outputs = finished.batch, finished.outputs
        if outputs is None:
            self._postponed.append(batch)
            return
        self._done.update(zip(batch.units, outputs, strict=True))
        self.n_loaded += finished.n_loaded
        self.n_computed += len(outputs) - finished.n_loaded
        sound = []
        for one in outputs:
            if isinstance(one, Failure):
                self._desk.note(self._stage.name, one)
            else:
                sound.append(one)
        before = self._desk.budget.kept
        self._desk.budget.add(sound)
        self._kept_bytes += self._desk.budget.kept - before
        self._n_kept += len(sound)
        forecast = self._desk.options.forecast
        if forecast is not None:
            n_computed = len(outputs) - finished.n_loaded
            forecast.batch(
                self._stage.name,
                n_computed or finished.n_loaded,
                finished.wall_s,
                finished.cpu_s,
                not n_computed,
            )
        self._report(len(outputs))
        # Units merge, so that there are fewer than the plan counts until all are known.
        n_all = max(self._n_kept, len(self._known))
        self._desk.budget.check_kept(self._stage, self._n_kept, n_all, self._kept_bytes)

    def _report(self, n_units: int) -> None:
        self._n_reported += n_units
        options = self._desk.options
        if options.forecast is not None:
            options.forecast.units(self._stage.name, self._n_reported, self._total)
        if options.progress is not None:
            options.progress(self._stage.name, self._n_reported, self._total)

    # Batches that other runs are at.

    def _settle(self) -> None:
        """Wait for the batches of other runs, compute those that are given up, leave those that nobody needs here."""
        shared = self._desk.shared
        if shared is None:
            return
        if self._desk.options.shard is not None and self._stage.is_stored:
            shared.claims.finish_stage(self._stage.name)
        wait_s = _FIRST_WAIT_S
        while self._postponed:
            waiting, self._postponed = self._postponed, []
            at_work = self._shards_at_work(shared, waiting)
            for batch in waiting:
                path, _ = self._path(shared.folder, batch)
                owner = self._owner(batch)
                if self._desk.options.is_assembly or (
                    owner is not None and not self._is_needed and not path.is_file()
                ):
                    self._leave(batch, path)
                elif path.is_file():
                    self._send(batch, is_given_up=True)
                elif owner in at_work or shared.claims.is_claimed(path.stem):
                    self._postponed.append(batch)
                else:
                    self._send(batch, is_given_up=True)
            while self._pending:
                self._collect()
            if len(self._postponed) == len(waiting):
                time.sleep(wait_s)
                wait_s = min(2.0 * wait_s, _LONGEST_WAIT_S)
            else:
                wait_s = _FIRST_WAIT_S

    def _shards_at_work(self, shared: Shared, batches: Sequence[_Batch]) -> set[int]:
        """Give the other shards that still compute batches of this stage."""
        owners = {owner for batch in batches if (owner := self._owner(batch)) is not None}
        name = self._stage.name
        return {owner for owner in owners if shared.claims.is_shard_at_work(owner, name)}

    def _leave(self, batch: _Batch, path: Path) -> None:
        """Leave a batch to another shard."""
        self.absent.append(path)
        self._done.update(dict.fromkeys(batch.units, Absent()))
        self._report(len(batch.units))

    def _owner(self, batch: _Batch) -> int | None:
        """Give the number of the shard, from 1, that computes a batch; None if it is this run."""
        shard = self._desk.options.shard
        if shard is None or batch.index % shard[1] == shard[0] - 1:
            return None
        return batch.index % shard[1] + 1

    def _path(self, folder: Path, batch: _Batch) -> tuple[Path, str]:
        """Give the file of a batch, and its hash."""
        batch_hash = hash_batch(tuple(batch.units))
        return batch_path(folder, self._stage.name, batch.index, batch_hash), batch_hash

    # One batch, in a thread of its own.

    def _do(self, batch: _Batch, *, is_given_up: bool) -> _Finished:
        """Load a batch; else compute what is missing of it and store it, unless another run is at it."""
        cpu = time.thread_time()
        shared = self._desk.shared
        if shared is None or not self._stage.is_stored:
            finished = self._compute(batch, {})
        else:
            finished = self._fetch(shared, batch) or self._do_claimed(
                shared, batch, is_given_up=is_given_up
            )
        self.clock.add(cpu_s=time.thread_time() - cpu)
        return finished

    def _fetch(self, shared: Shared, batch: _Batch) -> _Finished | None:
        """Read the file of a batch, if it is there and sound."""
        path, batch_hash = self._path(shared.folder, batch)
        wall = time.perf_counter()
        loaded = load_batch(path, batch_hash, len(batch.units))
        if loaded is None:
            return None
        return _Finished(batch, loaded, len(loaded), time.perf_counter() - wall)

    def _do_claimed(self, shared: Shared, batch: _Batch, *, is_given_up: bool) -> _Finished:
        """Compute and store a batch that has no file, if it is for this run to do."""
        names = tuple(batch.units)
        if self._desk.options.is_assembly:
            found = shared.shelf.find(self._stage.name, names)
            is_there = len(found) == len(names)
            return _Finished(batch, [found[one] for one in names] if is_there else None, len(names))
        if self._owner(batch) is not None and not is_given_up:
            return _Finished(batch, None)
        path, _ = self._path(shared.folder, batch)
        if not shared.claims.take(path.stem):
            return _Finished(batch, None)
        try:
            # Whoever had the claim before may have finished it in the meantime.
            finished = self._fetch(shared, batch)
            if finished is None:
                found = shared.shelf.find(self._stage.name, names)
                finished = self._compute(batch, found)
                self._store(shared.folder, finished)
        finally:
            shared.claims.release(path.stem)
        return finished

    def _store(self, folder: Path, finished: _Finished) -> None:
        """Write a batch; of one with failures what is sound, as a batch of its own."""
        pairs = zip(finished.batch.units.items(), finished.outputs or (), strict=True)
        sound = [(item, one) for item, one in pairs if not isinstance(one, Failure)]
        batch = finished.batch
        if len(sound) < len(batch.units):
            if len(sound) <= finished.n_loaded:
                return
            batch = _Batch(batch.index, dict(item for item, _ in sound))
        path, batch_hash = self._path(folder, batch)
        with self._desk.gate as is_open:
            if is_open:
                outputs = [one for _, one in sound]
                source = stage_source_hash(self._stage.compute)
                save_batch(path, batch_hash, outputs, tuple(batch.units), source)

    def _compute(self, batch: _Batch, found: Mapping[str, Outputs]) -> _Finished:
        """Compute the units of a batch that are not found, once one thread has made the kernels ready."""
        missing = {name: unit for name, unit in batch.units.items() if name not in found}
        if not missing:
            return _Finished(batch, [found[name] for name in batch.units], len(batch.units))
        units = tuple(missing.values())
        self._warm_up(units)
        computed = self._desk.engine_of(self._stage).submit(self._stage, units).result()
        self.clock.add(cpu_s=computed.cpu_s)
        outputs = dict(found) | dict(zip(missing, computed.outputs, strict=True))
        return _Finished(
            batch,
            [outputs[name] for name in batch.units],
            len(found),
            computed.wall_s,
            computed.cpu_s,
        )

    def _warm_up(self, units: Sequence[Unit]) -> None:
        with self._warming:
            if self._is_warm:
                return
            self._is_warm = True
            try:
                self._stage.warm_up(units)
            except Exception as error:  # noqa: BLE001 - the batch itself will say what is wrong with its units
                _LOG.info("%s: kernels were not made ready (%r)", self._stage.name, error)
            if self._desk.options.forecast is not None:
                self._desk.options.forecast.warmed(self._stage.name)
