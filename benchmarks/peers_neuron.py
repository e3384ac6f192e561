"""A fiber in NEURON, built by PyFibers and stepped by NEURON's compiled loop alone.

The drive is handed to NEURON before the run, as events at the edges of the pulse, so that no Python
runs during the time loop. Needs the environment of ``make bench-peers``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from neuron import h
from pyfibers import FiberModel, ScaledStim, build_fiber

from benchmarks.peers_cases import DT_MS, ONSET_MS, SIGMA_S_PER_M, SPIKE_MV, WINDOW_MS, PeerFiber

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

START_MS: Final = -200.0
START_DT_MS: Final = 5.0
"""PyFibers' start-up: from this time to 0 in steps of this length, ms."""

LISTEN_MS: Final = 0.25
"""During a search a run is asked this often whether the spike has come, ms."""

_UM_PER_MM: Final = 1e3
_MV_PER_V: Final = 1e3

_PARALLEL: Final = h.ParallelContext()
_LONGEST_EXCHANGE_MS: Final = 10.0
_PARALLEL.set_maxstep(_LONGEST_EXCHANGE_MS)  # psolve asks for it, also without other processes


def pulse_level(fiber: PeerFiber, time_ms: float) -> float:
    """Give the pulse at the start of a step: 1 inside, else 0."""
    half_ms = 0.5 * DT_MS  # the sum of steps is off its grid by rounding
    begin_ms = ONSET_MS - half_ms
    return 1.0 if begin_ms <= time_ms < begin_ms + fiber.pulse_width_ms else 0.0


class NeuronFiber:
    """One fiber, the only one in its process while it lives.

    Parameters
    ----------
    case : PeerFiber
    """

    def __init__(self, case: PeerFiber) -> None:
        self.case = case
        self.fiber: Any = build_fiber(
            FiberModel[case.peer_model], case.fiber_diameter_um, n_nodes=case.n_nodes
        )
        self.fiber.time = None
        self._kept: list[Any] = []
        self._detector: Any = None

    @property
    def n_sections(self) -> int:
        """Sections that NEURON steps; those of other fibers would be counted too."""
        return sum(1 for _ in h.allsec())

    def potentials(self) -> FloatArray:
        """Compute the potential at the middle of each section for 1 mA, mV: I/(4πσr)."""
        z_um = self.fiber.longitudinal_coordinates
        z_um = z_um - 0.5 * (z_um[0] + z_um[-1])
        r_mm = np.hypot(z_um / _UM_PER_MM, self.case.distance_mm)
        volts_per_ampere_mm = 1.0 / (4.0 * np.pi * SIGMA_S_PER_M * r_mm)
        return np.asarray(_MV_PER_V * volts_per_ampere_mm)  # mA and mm: the two 1e-3 cancel

    def drive(self, amplitude_ma: float) -> None:
        """Lay the pulse in NEURON's hands: it changes every section's outside at the edges.

        Parameters
        ----------
        amplitude_ma : float
            Size of the amplitude, mA; the first phase is cathodic.
        """
        self._kept.clear()
        edges = h.Vector([0.0, ONSET_MS, ONSET_MS + self.case.pulse_width_ms])
        self._kept.append(edges)
        for section, unit_mv in zip(self.fiber.sections, self.potentials(), strict=True):
            levels = h.Vector([0.0, -amplitude_ma * unit_mv, 0.0])
            levels.play(section(0.5)._ref_e_extracellular, edges)
            self._kept.append(levels)

    def start(self, dt_ms: float = DT_MS) -> None:
        """Settle from nominal rest as PyFibers does, and set the clock to 0.

        Parameters
        ----------
        dt_ms : float
            Step of what follows, ms.
        """
        h.celsius = self.fiber.temperature
        h.finitialize(self.fiber.v_rest)
        for section in self.fiber.sections:
            section(0.5).e_extracellular = 0.0
        h.t = START_MS
        h.dt = START_DT_MS
        while h.t < 0.0:
            h.fadvance()
        h.t = 0.0
        h.fcurrent()
        h.frecord_init()
        h.dt = dt_ms

    def loop(self, until_ms: float = WINDOW_MS) -> None:
        """Run NEURON's compiled loop of fixed steps until a time, ms."""
        _PARALLEL.psolve(until_ms)

    def record(self, amplitude_ma: float) -> FloatArray:
        """Run once and give v at all nodes, mV, shape (n_nodes, n_times)."""
        self.drive(amplitude_ma)
        vectors = [h.Vector().record(node(0.5)._ref_v) for node in self.fiber.nodes]
        self.start()
        self.loop()
        return np.array([vector.as_numpy() for vector in vectors])

    def record_by_pyfibers(self, amplitude_ma: float) -> FloatArray:
        """Run the same by PyFibers, whose loop is in Python; as `record`."""
        self._kept.clear()
        self.fiber.potentials = self.potentials()
        vectors = [h.Vector().record(node(0.5)._ref_v) for node in self.fiber.nodes]
        self.stimulus(WINDOW_MS).run_sim(-amplitude_ma, self.fiber, fail_on_end_excitation=None)
        self.fiber.apc = None
        self.fiber.time = None
        return np.array([vector.as_numpy() for vector in vectors])

    def stimulus(self, window_ms: float) -> Any:
        """Give the pulse as PyFibers wants it: a function of time, the cheapest of its forms."""
        return ScaledStim(
            waveform=lambda time_ms: pulse_level(self.case, time_ms), dt=DT_MS, tstop=window_ms
        )

    def fires(self, amplitude_ma: float, dt_ms: float) -> bool:
        """Say whether a spike comes to the detector within the window of a search.

        Parameters
        ----------
        amplitude_ma, dt_ms : float
            Amplitude, mA, and step, ms.

        Returns
        -------
        bool
        """
        if self._detector is None:
            self._detector = h.APCount(self.fiber.nodes[self.case.detector](0.5))
            self._detector.thresh = SPIKE_MV
        self.drive(amplitude_ma)
        self.start(dt_ms)
        n_stops = round(self.case.search_window_ms / LISTEN_MS)
        for stop in range(1, n_stops + 1):
            self.loop(self.case.search_window_ms * stop / n_stops)
            if self._detector.n > 0:
                return True
        return False

    def threshold(self, *, dt_ms: float, rtol: float, near_ma: float, growth: float) -> float:
        """Bracket and bisect the threshold with NEURON's loop.

        Parameters
        ----------
        dt_ms : float
            Step, ms.
        rtol : float
            Relative width of the final bracket (no unit).
        near_ma : float
            First trial, mA.
        growth : float
            Factor between trials until the threshold is bracketed.

        Returns
        -------
        float
            Middle of the final bracket, mA.
        """
        if self.fires(near_ma, dt_ms):
            upper = near_ma
            while self.fires(lower := upper / growth, dt_ms):
                upper = lower
        else:
            lower = near_ma
            while not self.fires(upper := lower * growth, dt_ms):
                lower = upper
        while upper - lower > rtol * upper:
            middle = 0.5 * (lower + upper)
            if self.fires(middle, dt_ms):
                upper = middle
            else:
                lower = middle
        self._detector = None
        return 0.5 * (lower + upper)
