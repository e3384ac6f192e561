"""Spikes at the detector of each fiber at given amplitudes: what trains and block count.

Which node the detector is belongs to `threshold.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import Status, StimulusError
from scsim.response.drive import check_amplitude
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
        self, amplitude_ma: npt.ArrayLike, *, has_field: npt.ArrayLike = True
    ) -> tuple[list[FloatArray], npt.NDArray[np.int8]]:
        """Simulate at one amplitude per fiber.

        Parameters
        ----------
        amplitude_ma : array_like, one for all or shape (n_fibers,)
            mA; not looked at where there is no field.
        has_field : array_like of bool, one for all or shape (n_fibers,)
            False leaves the field of a fiber away; currents into nodes stay.

        Returns
        -------
        spikes_ms : list of ndarray of float64, one per fiber
            Upward crossings of the voltage of a spike at the detector, ms; none where `status` is not OK.
        status : ndarray of int8, shape (n_fibers,)
            OK or NOT_FINITE.

        Raises
        ------
        StimulusError
            If there are neither one amplitude for all nor one per fiber, or one of a field is not above 0 or not
            a number.
        """
        n = len(self.fibers)
        values = np.atleast_1d(np.asarray(amplitude_ma, dtype=np.float64))
        if values.shape not in {(1,), (n,)}:
            message = f"amplitude_ma has {values.size} values for {n} fibers: give one for all or one per fiber."
            raise StimulusError(message)
        amplitudes = np.broadcast_to(values, (n,))
        in_field = np.broadcast_to(np.asarray(has_field, dtype=np.bool_), (n,))
        if in_field.any():
            check_amplitude(float(np.min(amplitudes[in_field])))
        detectors = detector_nodes(self.fibers, self.protocol)
        spikes: list[FloatArray] = [np.zeros(0)] * n
        status = np.full(n, Status.OK, dtype=np.int8)
        for node, is_in_field in sorted(
            {(int(d), bool(f)) for d, f in zip(detectors, in_field, strict=True)}
        ):
            group = np.flatnonzero((detectors == node) & (in_field == is_in_field))
            for first in range(0, group.size, _AT_ONCE):
                some = group[first : first + _AT_ONCE]
                response = simulate(
                    [self.fibers[i] for i in some],
                    [self.potentials[i] for i in some] if is_in_field else None,
                    self.waveform if is_in_field else None,
                    amplitude_ma=amplitudes[some].tolist() if is_in_field else None,
                    shares=self.shares if is_in_field else None,
                    polarity=self.polarity if is_in_field else "cathodic",
                    intracellular=self.intracellular,
                    record_nodes=(node,),
                    solver=self.protocol.solver,
                    window_ms=self.protocol.window_ms,
                )
                for i, v_m, state in zip(some, response.v_m_mv, response.status, strict=True):
                    status[i] = state
                    if state == Status.OK:
                        spikes[i] = crossing_times_ms(
                            response.time_ms, v_m[0], self.protocol.spike_mv
                        )
        return spikes, status
