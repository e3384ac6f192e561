"""The fibers of the comparison in scsim, through its public names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import scsim
from benchmarks.peers_cases import (
    DETECT_FRACTION,
    DT_MS,
    ONSET_MS,
    SIGMA_S_PER_M,
    SPIKE_MV,
    WINDOW_MS,
    PeerFiber,
    Setting,
)
from scsim.units import MS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

SPREAD_OF_AMPLITUDES = 1.5
"""Lanes are driven from the amplitude of the case up to so many times it."""


def build(cases: Sequence[PeerFiber]) -> tuple[list[scsim.Fiber], list[FloatArray]]:
    """Build fibers and the unit potentials of their sources.

    Parameters
    ----------
    cases : sequence of PeerFiber

    Returns
    -------
    fibers : list of Fiber
    potentials : list of ndarray of float64, one of shape (1, n_compartments) per fiber, mV per mA
    """
    medium = scsim.HomogeneousMedium(sigma_s_per_m=SIGMA_S_PER_M)
    fibers = [
        scsim.Fiber(case.model, case.fiber_diameter_um, n_nodes=case.n_nodes) for case in cases
    ]
    potentials = [
        medium.unit_potential_along([scsim.PointSource((case.distance_mm, 0.0, 0.0))], [fiber])[0]
        for case, fiber in zip(cases, fibers, strict=True)
    ]
    return fibers, potentials


def pulse_of(case: PeerFiber) -> scsim.Pulse:
    """Give the pulse of a case."""
    return scsim.Pulse(pulse_width_us=case.pulse_width_ms / MS_PER_US)


def solver_of(setting: Setting) -> scsim.Solver:
    """Give the solver of a setting: NEURON's scheme and step."""
    return scsim.Solver(
        scheme="neuron",
        dt_us=DT_MS / MS_PER_US,
        modes=setting.modes,
        precision=setting.precision,
        layout=setting.layout,
    )


class Lanes:
    """Copies of one fiber that fill the lanes.

    Parameters
    ----------
    case : PeerFiber
    setting : Setting
    """

    def __init__(self, case: PeerFiber, setting: Setting) -> None:
        self.case = case
        self.solver = solver_of(setting)
        self.fibers, self.potentials = build([case] * setting.lanes)
        self.amplitudes_ma = case.amplitude_ma * np.linspace(
            1.0, SPREAD_OF_AMPLITUDES, setting.lanes
        )

    def run(
        self, *, window_ms: float = WINDOW_MS, record_nodes: Sequence[int] | None = None
    ) -> scsim.Response:
        """Simulate all lanes to the end of the window."""
        return scsim.simulate(
            self.fibers,
            self.potentials,
            pulse_of(self.case),
            amplitude_ma=[float(value) for value in self.amplitudes_ma],
            onsets_ms=(ONSET_MS,),
            record_nodes=record_nodes,
            solver=self.solver,
            window_ms=window_ms,
        )

    def record(self) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """Give nodes and v of the first lane, whose amplitude is that of the case, mV."""
        response = self.run()
        return response.nodes[0], response.v_m_mv[0]


def thresholds(cases: Sequence[PeerFiber], setting: Setting, rtol: float) -> FloatArray:
    """Search thresholds of fibers that share pulse and window.

    Parameters
    ----------
    cases : sequence of PeerFiber
    setting : Setting
    rtol : float
        Relative width of the final bracket (no unit).

    Returns
    -------
    ndarray of float64, shape (n_cases,)
        mA.
    """
    fibers, potentials = build(cases)
    return search(fibers, potentials, cases[0], setting, rtol)


def search(
    fibers: Sequence[scsim.Fiber],
    potentials: Sequence[FloatArray],
    case: PeerFiber,
    setting: Setting,
    rtol: float,
) -> FloatArray:
    """Search thresholds of fibers that are built; as `thresholds`."""
    protocol = scsim.ThresholdProtocol(
        solver=solver_of(setting),
        onset_ms=ONSET_MS,
        window_ms=case.search_window_ms,
        detect_fraction=DETECT_FRACTION,
        spike_mv=SPIKE_MV,
    )
    found = scsim.find_thresholds(fibers, potentials, pulse_of(case), rtol=rtol, protocol=protocol)
    # Just below a threshold a slow fiber may not have come to rest when the window ends: the bracket stands.
    middle: FloatArray = 0.5 * (found.lower_ma + found.upper_ma)
    return middle
