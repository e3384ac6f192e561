"""What the accuracy of schemes and settings is measured on: one table of cases.

How it is measured stands in ``accuracy.py``, how it is laid out in ``accuracy_report.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

import scsim
from scsim.stimulus import (
    Carrier,
    ExponentialPulse,
    PassiveRecharge,
    PulseTrain,
    TrapezoidPulse,
)
from scsim.units import MM_PER_UM

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from numpy import float64

    from scsim.stimulus import PulseShape, Waveform

    FloatArray = npt.NDArray[float64]

ONSET_MS: Final = 0.1
DETECT_FRACTION: Final = 0.9
SIGMA_S_PER_M: Final = 0.2

STEPS_US: Final = (20.0, 10.0, 5.0, 2.5, 1.25, 0.625)
"""Steps that are shown, µs; each halves the one before."""

LIMIT_STEPS_US: Final = (0.625, 0.3125, 0.15625)
"""Shorter steps from which the limit is found, µs."""

COARSE_LIMIT_STEPS_US: Final = (2.5, 1.25, 0.625)
"""The same for fibers of hundreds of compartments, whose time constants are longer."""


@dataclass(frozen=True)
class SchemeCase:
    """A fiber and a stimulus on which schemes are compared.

    Attributes
    ----------
    name : str
        Key in the file of results.
    title : str
        For people.
    model, fiber_diameter_um, n_nodes
        The fiber, straight.
    distance_mm : float
        Point source from the middle node, mm.
    waveform : Waveform or Pulse
    polarity : str
    window_ms : float
        End of the simulation, ms.
    limit_steps_us : tuple of float
        Steps from which the limit is found, µs.
    """

    name: str
    title: str
    model: str
    fiber_diameter_um: float
    n_nodes: int
    distance_mm: float
    waveform: Waveform | PulseShape
    polarity: str = "cathodic"
    window_ms: float = 5.0
    limit_steps_us: tuple[float, ...] = LIMIT_STEPS_US

    @property
    def fiber(self) -> scsim.Fiber:
        """The fiber."""
        return scsim.Fiber(self.model, self.fiber_diameter_um, n_nodes=self.n_nodes)


SCHEME_CASES: Final = (
    SchemeCase(
        "short",
        "MRG 10 µm at 1 mm, 0.1 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        scsim.Pulse(100.0),
    ),
    SchemeCase(
        "biphasic",
        "MRG 5.7 µm at 1 mm, biphasic 0.2 ms, gap 0.1 ms",
        "mrg_discrete",
        5.7,
        21,
        1.0,
        scsim.Pulse(200.0, shape="biphasic", interphase_gap_us=100.0),
    ),
    SchemeCase(
        "asymmetric",
        "MRG 16 µm at 3 mm, asymmetric 0.2 ms, anodic first",
        "mrg_discrete",
        16.0,
        41,
        3.0,
        scsim.Pulse(200.0, shape="asymmetric", interphase_gap_us=20.0, recovery_ratio=4.0),
        polarity="anodic",
    ),
    SchemeCase(
        "small",
        "small MRG 3 µm at 0.5 mm, 0.1 ms",
        "mrg_small",
        3.0,
        41,
        0.5,
        scsim.Pulse(100.0),
    ),
    SchemeCase(
        "shortest",
        "MRG 10 µm at 1 mm, 0.02 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        scsim.Pulse(20.0),
    ),
    SchemeCase(
        "long",
        "MRG 10 µm at 1 mm, 1 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        scsim.Pulse(1000.0),
    ),
    SchemeCase(
        "recharge",
        "MRG 8 µm at 1 mm, 0.2 ms, passive recharge 0.3 ms",
        "mrg",
        8.0,
        21,
        1.0,
        PulseTrain(scsim.Pulse(200.0), (ONSET_MS,), recharge=PassiveRecharge(tau_us=300.0)),
    ),
    SchemeCase(
        "sine",
        "MRG 10 µm at 1 mm, sine 5 kHz for 1 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        Carrier("sine", 5000.0, onset_ms=ONSET_MS, end_ms=ONSET_MS + 1.0),
    ),
    SchemeCase(
        "fast_sine",
        "MRG 10 µm at 1 mm, sine 10 kHz for 1 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        Carrier("sine", 10_000.0, onset_ms=ONSET_MS, end_ms=ONSET_MS + 1.0),
    ),
    SchemeCase(
        "square",
        "MRG 10 µm at 1 mm, square 5 kHz for 1 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        Carrier("square", 5000.0, onset_ms=ONSET_MS, end_ms=ONSET_MS + 1.0),
    ),
    SchemeCase(
        "fast_square",
        "MRG 10 µm at 1 mm, square 10 kHz for 1 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        Carrier("square", 10_000.0, onset_ms=ONSET_MS, end_ms=ONSET_MS + 1.0),
    ),
    SchemeCase(
        "fast_triangle",
        "MRG 10 µm at 1 mm, triangle 10 kHz for 1 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        Carrier("triangle", 10_000.0, onset_ms=ONSET_MS, end_ms=ONSET_MS + 1.0),
    ),
    SchemeCase(
        "falling_exponential",
        "MRG 10 µm at 1 mm, falling exponential 0.2 ms, τ 0.1 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        ExponentialPulse(200.0, tau_us=100.0),
    ),
    SchemeCase(
        "falling_ramp",
        "MRG 10 µm at 1 mm, falling ramp 0.2 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        TrapezoidPulse(200.0, fall_us=200.0),
    ),
    SchemeCase(
        "rising_ramp",
        "MRG 10 µm at 1 mm, rising ramp 0.2 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        TrapezoidPulse(200.0, rise_us=200.0),
    ),
    SchemeCase(
        "rectangle",
        "MRG 10 µm at 1 mm, rectangle 0.2 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        scsim.Pulse(200.0),
    ),
    SchemeCase(
        "triangle_pulse",
        "MRG 10 µm at 1 mm, triangle pulse 0.2 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        TrapezoidPulse(200.0, rise_us=100.0, fall_us=100.0),
    ),
    SchemeCase(
        "half_short",
        "MRG 10 µm at 1 mm, 0.05 ms",
        "mrg_discrete",
        10.0,
        21,
        1.0,
        scsim.Pulse(50.0),
    ),
    SchemeCase(
        "sweeney",
        "Sweeney 10 µm at 1 mm, 0.1 ms",
        "sweeney",
        10.0,
        41,
        1.0,
        scsim.Pulse(100.0),
    ),
    SchemeCase(
        "sundt",
        "Sundt 1 µm at 0.25 mm, 0.5 ms",
        "sundt",
        1.0,
        361,
        0.25,
        scsim.Pulse(500.0),
        window_ms=30.0,
        limit_steps_us=COARSE_LIMIT_STEPS_US,
    ),
    SchemeCase(
        "tigerholm",
        "Tigerholm 1 µm at 0.25 mm, 0.5 ms",
        "tigerholm",
        1.0,
        181,
        0.25,
        scsim.Pulse(500.0),
        window_ms=12.0,
        limit_steps_us=COARSE_LIMIT_STEPS_US,
    ),
)
"""Unlike cases: fibers, distances, shapes, both polarities, carriers, ramps, membranes."""


SETTINGS: Final = {
    "12 modes": (12, "float64"),
    "float32": (20, "float32"),
    "12 modes, float32": (12, "float32"),
}
"""Settings that are compared to 20 modes in float64: modes and precision."""

SCHEME_STEPS: Final = (("neuron", 5.0), ("second_order", 10.0))
"""Scheme and usual step, µs."""

OTHER_STEPS: Final = (
    ("neuron", 20.0),
    ("neuron", 1.0),
    ("neuron", 0.5),
    ("second_order", 20.0),
    ("second_order", 2.5),
    ("second_order", 1.0),
)
"""Further steps, µs, at which settings are compared on fewer cases."""

GRID_FIBERS: Final = (
    *(("mrg", d) for d in (2.0, 4.0, 6.5, 10.0, 13.0, 16.0)),
    *(("mrg_discrete", d) for d in (1.0, 5.7, 10.0, 16.0)),
    *(("mrg_small", d) for d in (1.2, 2.0, 3.0, 5.7)),
)
GRID_DISTANCES_MM: Final = (0.5, 1.0, 2.0, 5.0)
GRID_WIDTHS_US: Final = (20.0, 50.0, 100.0, 300.0, 1000.0)
GRID_SHAPES: Final = ("monophasic", "biphasic")

_HALF_LENGTH_PER_DISTANCE: Final = 3.0
"""A fiber reaches so many electrode distances to either side, so that spikes do not start at its ends."""
_FEWEST_NODES: Final = 21


def settings_grid() -> list[tuple[scsim.Fiber, float]]:
    """Give every fiber of the grid at every distance of its electrode (mm)."""
    found = []
    for (model, diameter_um), distance_mm in product(GRID_FIBERS, GRID_DISTANCES_MM):
        spacing_mm = (
            scsim.Fiber(model, diameter_um, n_nodes=3).morphology.internode_length_um * MM_PER_UM
        )
        half = int(_HALF_LENGTH_PER_DISTANCE * distance_mm / spacing_mm) + 1
        n_nodes = max(_FEWEST_NODES, 2 * half + 1)
        found.append((scsim.Fiber(model, diameter_um, n_nodes=n_nodes), distance_mm))
    return found


def unit_potentials(
    fibers: Sequence[scsim.Fiber], distances_mm: Sequence[float]
) -> list[FloatArray]:
    """Give the potential of a point source beside the middle of each fiber.

    Parameters
    ----------
    fibers : sequence of Fiber
    distances_mm : sequence of float
        One per fiber, mm.

    Returns
    -------
    list of ndarray of float64, one of shape (1, n_compartments) per fiber
        mV per mA.
    """
    medium = scsim.HomogeneousMedium(sigma_s_per_m=SIGMA_S_PER_M)
    return [
        medium.unit_potential_along([scsim.PointSource((distance_mm, 0.0, 0.0))], [fiber])[0]
        for fiber, distance_mm in zip(fibers, distances_mm, strict=True)
    ]
