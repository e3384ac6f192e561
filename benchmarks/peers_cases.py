"""Which fibers are run in scsim and in its peers, and how scsim is set: one table for both programs.

Each row is run by ``against_neuron.py`` (the same simulation) or ``against_pyfibers.py`` (the same
search). How a run is timed stands in ``peers_timing.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

DT_MS: Final = 0.005
"""Step of both sides, ms."""

WINDOW_MS: Final = 5.0
"""End of the timed simulations, ms; nothing stops earlier."""

ONSET_MS: Final = 0.1
"""Start of the pulse, ms."""

SIGMA_S_PER_M: Final = 0.2
"""Conductivity of the medium, S/m."""

SPIKE_MV: Final = -30.0
DETECT_FRACTION: Final = 0.9
"""A spike is an upward crossing of this voltage, mV, at this place along the nodes, as in PyFibers."""


@dataclass(frozen=True)
class PeerFiber:
    """A straight fiber, its middle node opposite a cathodic point source.

    Attributes
    ----------
    model, peer_model : str
        Name in scsim and in PyFibers.
    fiber_diameter_um : float
        Diameter, µm.
    n_nodes : int
        Nodes; in unmyelinated fibers every section is one.
    distance_mm : float
        Distance of the source, mm.
    pulse_width_ms : float
        Width of the rectangular pulse, ms.
    amplitude_ma : float
        Amplitude of the timed simulation, mA: somewhat above threshold, so that a spike travels.
    search_window_ms : float
        End of the simulations of a search, ms.
    """

    model: str
    peer_model: str
    fiber_diameter_um: float
    n_nodes: int
    distance_mm: float
    pulse_width_ms: float
    amplitude_ma: float
    search_window_ms: float

    @property
    def detector(self) -> int:
        """Node where a spike counts, from 0."""
        return int(DETECT_FRACTION * (self.n_nodes - 1))

    @property
    def title(self) -> str:
        """Model, diameter and size for the table."""
        parts = "nodes" if self.model in MYELINATED else "sections"
        return f"{TITLES[self.model]}, {self.fiber_diameter_um:g} µm, {self.n_nodes} {parts}"


TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mrg_discrete": "MRG",
        "sweeney": "Sweeney",
        "rattay": "Rattay",
        "sundt": "Sundt",
        "tigerholm": "Tigerholm",
        "schild94": "Schild 1994",
        "thio_autonomic": "Thio, autonomic",
    }
)

MYELINATED: Final = frozenset({"mrg_discrete", "sweeney"})


def _mrg(n_nodes: int) -> PeerFiber:
    return PeerFiber("mrg_discrete", "MRG_DISCRETE", 10.0, n_nodes, 1.0, 0.1, 0.15, WINDOW_MS)


_LONG_SEARCH_WINDOW_MS: Final = 14.0
"""Unmyelinated fibers within 1e-5 of their threshold take up to 13 ms to fire or to come to rest, ms."""


def _unmyelinated(model: str, amplitude_ma: float) -> PeerFiber:
    return PeerFiber(model, model.upper(), 1.0, 361, 0.5, 0.5, amplitude_ma, _LONG_SEARCH_WINDOW_MS)


@dataclass(frozen=True)
class Setting:
    """How scsim runs a fiber.

    Attributes
    ----------
    title : str
        Words for the table.
    lanes : int
        Copies of the fiber in one call, each with its own amplitude; all lanes are full.
    modes : {20, 12}
        Modes of the internode that are followed; only of the MRG family.
    precision : {"float64", "float32"}
        Numbers that the kernel computes with.
    layout : {"lanes", "alone"}
        Many lanes at once, or one after the other with gates from a table; only of the MRG family.
    """

    title: str
    lanes: int
    modes: Literal[20, 12] = 20
    precision: Literal["float64", "float32"] = "float64"
    layout: Literal["lanes", "alone"] = "lanes"


EXACT: Final = Setting("float64", 16)
TWENTY: Final = Setting("20 modes, float64", 16)
TWELVE: Final = Setting("12 modes, float64", 16, modes=12)
SINGLE_PRECISION: Final = Setting("12 modes, float32", 32, modes=12, precision="float32")
ALONE: Final = Setting("20 modes, float64, one after the other", 1, layout="alone")


@dataclass(frozen=True)
class EngineRow:
    """One fiber in NEURON's compiled loop and in scsim.

    Attributes
    ----------
    fiber : PeerFiber
    setting : Setting
    has_limit : bool
        Whether NEURON's threshold is also taken at a finer step, which gives its own error.
    """

    fiber: PeerFiber
    setting: Setting = EXACT
    has_limit: bool = True


ENGINE_ROWS: Final[Mapping[str, EngineRow]] = MappingProxyType(
    {
        "mrg21": EngineRow(_mrg(21), TWENTY),
        "mrg101": EngineRow(_mrg(101), TWENTY, has_limit=False),
        "mrg21_12_modes": EngineRow(_mrg(21), TWELVE, has_limit=False),
        "mrg21_float32": EngineRow(_mrg(21), SINGLE_PRECISION, has_limit=False),
        "mrg101_12_modes": EngineRow(_mrg(101), TWELVE, has_limit=False),
        "mrg101_float32": EngineRow(_mrg(101), SINGLE_PRECISION, has_limit=False),
        "mrg21_alone": EngineRow(_mrg(21), ALONE, has_limit=False),
        "mrg101_alone": EngineRow(_mrg(101), ALONE, has_limit=False),
        "sweeney": EngineRow(PeerFiber("sweeney", "SWEENEY", 10.0, 21, 1.0, 0.1, 0.17, WINDOW_MS)),
        "rattay": EngineRow(_unmyelinated("rattay", 0.5)),
        "sundt": EngineRow(_unmyelinated("sundt", 0.56)),
        "tigerholm": EngineRow(_unmyelinated("tigerholm", 0.42)),
        "schild94": EngineRow(_unmyelinated("schild94", 0.8)),
        "thio_autonomic": EngineRow(_unmyelinated("thio_autonomic", 0.22)),
    }
)


@dataclass(frozen=True)
class SearchRow:
    """Thresholds by PyFibers as it comes, and by scsim.

    Attributes
    ----------
    fibers : tuple of PeerFiber
        Fibers that scsim searches in one call.
    sample : tuple of int
        Those that PyFibers searches, one after the other; its time is their mean.
    rtol : float
        Relative width of scsim's final bracket (no unit).
    setting : Setting
        How scsim runs the fibers; its lanes are filled by whatever there is.
    """

    fibers: tuple[PeerFiber, ...]
    sample: tuple[int, ...]
    rtol: float
    setting: Setting = TWENTY


PEER_TOLERANCE_PERCENT: Final = 1.0
"""PyFibers' own default for the relative width of its final bracket, in percent."""

_ONE: Final = (_mrg(21),)
_DIAMETERS_UM: Final = (5.7, 7.3, 8.7, 10.0, 11.5, 12.8, 14.0, 16.0)
_MANY: Final = tuple(
    PeerFiber(
        "mrg_discrete", "MRG_DISCRETE", diameter_um, 21, 0.8 + 0.02 * place, 0.1, 0.15, WINDOW_MS
    )
    for place in range(32)
    for diameter_um in _DIAMETERS_UM
)

SEARCH_ROWS: Final[Mapping[str, SearchRow]] = MappingProxyType(
    {
        "one_1e-2": SearchRow(_ONE, (0,), 1e-2),
        "one_1e-3": SearchRow(_ONE, (0,), 1e-3),
        "one_alone_1e-2": SearchRow(_ONE, (0,), 1e-2, ALONE),
        "one_alone_1e-3": SearchRow(_ONE, (0,), 1e-3, ALONE),
        "many_1e-2": SearchRow(_MANY, (0, 91, 165, 255), 1e-2),
        "many_1e-3": SearchRow(_MANY, (0, 91, 165, 255), 1e-3),
        "many_float32_1e-2": SearchRow(_MANY, (0, 91, 165, 255), 1e-2, SINGLE_PRECISION),
    }
)
