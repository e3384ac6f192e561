"""Spikes at the detector of each fiber at given amplitudes: what trains and block count.

Which node the detector is belongs to `threshold.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import Status
from scsim.response.simulate import crossing_times_ms, simulate
from scsim.response.threshold import detector_nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.response.drive import IntracellularPulse
    from scsim.response.threshold import ThresholdProtocol
    from scsim.stimulus.waveform import Waveform

    FloatArray = npt.NDArray[np.float64]


_AT_ONCE: Final = 64
"""Fibers simulated together: voltages of the detector take 1.6 MB per fiber and second."""


@dataclass(frozen=True)
class Trial:
    """A stimulus of fibers whose amplitude is still open.

    Attributes
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    waveform : Waveform
    protocol : ThresholdProtocol
        Detector, voltage of a spike, solver and window.
    shares : sequence of float or None
    polarity : str
        As in `scsim.find_thresholds`.
    intracellular : tuple of IntracellularPulse
        Currents into nodes of every fiber.
    """

    fibers: Sequence[Fiber]
    potentials: Sequence[FloatArray]
    waveform: Waveform
    protocol: ThresholdProtocol
    shares: Sequence[float] | None = None
    polarity: str = "cathodic"
    intracellular: tuple[IntracellularPulse, ...] = field(default=())

    def spikes_ms(
        self, amplitude_ma: npt.ArrayLike
    ) -> tuple[list[FloatArray], npt.NDArray[np.int8]]:
        """Simulate at one amplitude per fiber.

        Parameters
        ----------
        amplitude_ma : array_like, one for all or shape (n_fibers,)
            mA; NaN leaves the field of that fiber away.

        Returns
        -------
        spikes_ms : list of ndarray of float64, one per fiber
            Upward crossings of the voltage of a spike at the detector, ms.
        status : ndarray of int8, shape (n_fibers,)
            OK or NOT_FINITE.
        """
        n = len(self.fibers)
        amplitudes = np.broadcast_to(np.asarray(amplitude_ma, dtype=np.float64), (n,))
        detectors = detector_nodes(self.fibers, self.protocol)
        spikes: list[FloatArray] = [np.zeros(0)] * n
        status = np.full(n, Status.OK, dtype=np.int8)
        for node, has_field in {
            (int(d), bool(np.isfinite(a))) for d, a in zip(detectors, amplitudes, strict=True)
        }:
            group = np.flatnonzero((detectors == node) & (np.isfinite(amplitudes) == has_field))
            for first in range(0, group.size, _AT_ONCE):
                some = group[first : first + _AT_ONCE]
                response = simulate(
                    [self.fibers[i] for i in some],
                    [self.potentials[i] for i in some] if has_field else None,
                    self.waveform if has_field else None,
                    amplitude_ma=amplitudes[some].tolist() if has_field else None,
                    shares=self.shares if has_field else None,
                    polarity=self.polarity if has_field else "cathodic",
                    intracellular=self.intracellular,
                    record_nodes=(node,),
                    solver=self.protocol.solver,
                    window_ms=self.protocol.window_ms,
                )
                for i, v_m, state in zip(some, response.v_m_mv, response.status, strict=True):
                    spikes[i] = crossing_times_ms(response.time_ms, v_m[0], self.protocol.spike_mv)
                    status[i] = state
        return spikes, status
