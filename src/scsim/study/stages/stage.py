"""What a stage of a study is: from config sections and earlier outputs to named arrays.

The stages themselves are in ``field_stages.py``, ``fiber_stages.py`` and ``circuit_stages.py``, and their table
in ``stages/table.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from numpy.typing import NDArray

    from scsim.study.config import StudyConfig

_T = TypeVar("_T", bound="DataclassInstance")

Unit = Mapping[str, Any]
"""What one piece of work depends on: arrays, numbers and texts by name. Equal units run once.

Units of transient stages are not compared, so they may hold objects."""

Outputs = Mapping[str, "NDArray[Any]"]
"""Arrays by name, those of datasets as `scsim.results.schema` calls them."""

MANY: Final = 256
"""Units per batch of a stage whose units take microseconds."""


def one_unit(_: StudyConfig) -> int:
    """Count the units of a stage that has one."""
    return 1


def _nothing(_: Sequence[Unit]) -> None:
    """Warm up a stage without kernels."""


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    name, title : str
        Short name, and what it gives.
    keys : tuple of str
        Config keys, or whole tables, that it reads.
    needs : tuple of str
        Stages whose outputs it takes.
    prepare : callable
        ``(config, outputs of the needed stages) -> units``.
    compute : callable
        ``(units) -> outputs, one per unit``. A unit's outputs do not depend on its neighbors.
    join : callable
        ``(config, outputs of the needed stages that are kept, outputs of its units) -> outputs``.
    count_units : callable
        ``(config) -> number of units`` of one run.
    warm_up : callable
        ``(units) -> None``: makes the kernels of `compute` ready on a tiny input like the first units, once,
        before threads need them.
    batch_size : int
        Units that are handed to a thread, and stored, together.
    least_batch : int
        Of stages with an order: where there are few units, batches hold whole multiples of this, so that there are
        several to share among threads. 0: all batches are as large as they may be.
    is_stored : bool
        Whether finished batches are kept on disk; others are cheaper to compute than to read.
    is_transient : bool
        Whether outputs are made when a later stage asks for them and then dropped, because they are large.
    asks_for_transient : callable or None
        ``(config) -> bool``: whether a case needs the outputs of the transient stages among `needs`; None if each
        does.
    distinct : callable or None
        ``(config) -> name``, quick: only inputs with equal outputs have equal names, where the keys tell more of them
        apart.
    order : callable or None
        ``(unit) -> tuple``: units are computed in this order, once all are known, in batches of nearly equal size;
        for units that share work with their neighbors. None: in the order in which runs ask for them.
    family : str
        Stages of one family have the same `compute`: a unit that one of them has computed is not computed by
        another. Empty: a family of its own.
    units_of : str
        Stage of the family that comes later and all of whose units this one asks for too; empty if there is none.
    compile_ahead : callable or None
        ``(configs of its runs) -> str``: a Python program that makes its kernels ready and leaves them in the cache
        folder, for another process to run; empty where they are there already.
    seconds : callable or None
        ``(config) -> float``: processor time that a unit is expected to take on the machine of ``data/studies/costs.toml``,
        s, all units of a run alike; None where it is not worth telling.
    cost_keys : tuple of str or None
        Config keys, or whole tables, that `count_units` and `seconds` read: runs that agree in them cost the same.
        None: any of `keys`.
    megabytes : callable or None
        ``(config) -> float``: memory that one batch takes while it is computed, at most, beside its units and outputs,
        MB (10^6 bytes); None where it is not worth telling.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    needs: tuple[str, ...]
    prepare: Callable[[StudyConfig, Mapping[str, Outputs]], Sequence[Unit]]
    compute: Callable[[Sequence[Unit]], Sequence[Outputs]]
    join: Callable[[StudyConfig, Mapping[str, Outputs], Sequence[Outputs]], Outputs]
    count_units: Callable[[StudyConfig], int] = one_unit
    warm_up: Callable[[Sequence[Unit]], None] = _nothing
    batch_size: int = MANY
    least_batch: int = 0
    is_stored: bool = False
    is_transient: bool = False
    asks_for_transient: Callable[[StudyConfig], bool] | None = None
    distinct: Callable[[StudyConfig], Hashable] | None = None
    order: Callable[[Unit], tuple[Any, ...]] | None = None
    family: str = ""
    units_of: str = ""
    compile_ahead: Callable[[Sequence[StudyConfig]], str] | None = None
    seconds: Callable[[StudyConfig], float] | None = None
    cost_keys: tuple[str, ...] | None = None
    megabytes: Callable[[StudyConfig], float] | None = None


def only_output(_: StudyConfig, __: Mapping[str, Outputs], outputs: Sequence[Outputs]) -> Outputs:
    """Join of a stage whose run is one unit."""
    return outputs[0]


def rebuild(kind: type[_T], unit: Unit) -> _T:
    """Make a flat dataclass again from the fields that a unit holds among others."""
    return kind(**{field.name: unit[field.name] for field in fields(kind)})


def pass_on(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Give units on as outputs: there is nothing left to compute."""
    return units
