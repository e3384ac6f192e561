"""The table ``[block]`` of a config: what blocks, and how block is tested.

The rate and the pulses of the current stand in ``[stimulus]``; the search is in `scsim.response.block`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final, Literal

from annotated_types import Ge, Gt, Le

from scsim.formats.tables import load_table

TABLE: Final = "response/block"


def _default(key: str) -> Callable[[], Any]:
    """Give the reader of one default of the table, so that numbers stand there only."""
    return lambda: load_table(TABLE).number(key)


def _default_count() -> int:
    return int(load_table(TABLE).number("n_test_spikes"))


@dataclass(frozen=True, kw_only=True)
class BlockSection:
    """The table ``[block]`` of a config, read where ``output.save`` has "block".

    Attributes
    ----------
    current : {"pulses", "sine"}
        ``pulses``: those of ``[stimulus]`` at its rate; with a width of half a period, a square current. ``sine``: a
        sine of that rate, whose amplitude is its peak.
    settle_ms : float
        Time from the start of the current in which its onset response may start spikes, ms. None is counted until these
        have also run along the fiber, at the lowest velocity of its model.
    n_test_spikes : int
        Spikes that are started after that, all of which must be stopped.
    test_interval_ms : float
        Time from one test spike to the next, ms.
    test_current_na : float
        Current that starts a test spike, into the second node of the fiber, nA.
    test_duration_ms : float
        How long that current lasts, ms.
    first_amplitude_ma : float
        First amplitude tried, mA; from there it grows until a fiber is blocked.
    max_amplitude_ma : float
        Largest amplitude tried, mA.
    rtol : float
        Relative width of the final bracket.
    multiples_above : list of float
        Multiples of the threshold, above 1, at which block is looked at again; empty for none.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    current: Literal["pulses", "sine"] = "pulses"
    settle_ms: Annotated[float, Ge(1), Le(1000)] = field(default_factory=_default("settle_ms"))
    n_test_spikes: Annotated[int, Ge(1), Le(20)] = field(default_factory=_default_count)
    test_interval_ms: Annotated[float, Ge(1), Le(1000)] = field(
        default_factory=_default("test_interval_ms")
    )
    test_current_na: Annotated[float, Gt(0), Le(100)] = field(
        default_factory=_default("test_current_na")
    )
    test_duration_ms: Annotated[float, Gt(0), Le(10)] = field(
        default_factory=_default("test_duration_ms")
    )
    first_amplitude_ma: Annotated[float, Ge(1e-4), Le(100)] = field(
        default_factory=_default("first_amplitude_ma")
    )
    max_amplitude_ma: Annotated[float, Ge(1e-3), Le(1000)] = field(
        default_factory=_default("max_amplitude_ma")
    )
    rtol: Annotated[float, Ge(1e-4), Le(0.5)] = field(default_factory=_default("rtol"))
    multiples_above: tuple[Annotated[float, Gt(1), Le(10)], ...] = ()


def first_test_ms() -> float:
    """Give the time from the end of the onset response to the first test spike, ms."""
    return load_table(TABLE).number("first_test_ms")
