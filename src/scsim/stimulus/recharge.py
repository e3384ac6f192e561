"""Passive recharge: the capacitor in series with the contact discharges through the tissue.

When the charge of a train of pulses comes back, and how much of it, is worked out here; where the pulses
lie is in `scsim.stimulus.train`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scsim.errors import StimulusError


@dataclass(frozen=True)
class PassiveRecharge:
    """How the capacitor discharges after the pulses.

    Attributes
    ----------
    tau_us : float
        Time constant of the discharge: resistance of the tissue and contacts times capacitance, µs.
    delay_us : float
        Time without current between the end of a pulse and the discharge, µs.
    duration_us : float
        Length of the discharge, µs; the next pulse ends it sooner. Infinite: until the next pulse, and
        for good after the last one.
    every : int
        Number of pulses after which the capacitor discharges: 1 after each, the number of pulses per burst
        after each burst. Between the others the contact is open and the charge stays.

    Raises
    ------
    StimulusError
        If a number is out of range.

    Notes
    -----
    Pulses are driven by a current source, so they do not depend on the charge q of the capacitor, which
    grows by their net charge. During the discharge the current is −(q₀/tau) exp(−t/tau) and
    q = q₀ exp(−t/tau); what is left at its end stays for the next time. So the charge rises from pulse to
    pulse until as much flows back as each pulse delivers: with a discharge of T after equal pulses of
    charge Q it begins at Q / (1 − exp(−T/tau)). Between that and balance the contact carries an offset, as
    measured by van Dongen and Serdijn (2016).

    One time constant stands for all contacts: the capacitors are equal and the tissue is one resistance.
    The charge that leaks through the interface of metal and tissue is left out.
    Checked by ``tests/theory/test_waveforms.py``.

    References
    ----------
    van Dongen and Serdijn (2016), doi:10.1007/s11517-015-1312-9.
    """

    tau_us: float
    delay_us: float = 0.0
    duration_us: float = math.inf
    every: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tau_us) and self.tau_us > 0.0):
            msg = (
                f"tau_us = {self.tau_us:g} µs: the time constant of the recharge must be positive and "
                "finite. Choose resistance times capacitance; 1 kΩ and 1 µF give 1000 µs."
            )
            raise StimulusError(msg)
        if not (math.isfinite(self.delay_us) and self.delay_us >= 0.0):
            msg = (
                f"delay_us = {self.delay_us:g} µs: the delay before the recharge must be 0 or more, and "
                "finite. Choose 0 for none."
            )
            raise StimulusError(msg)
        if not self.duration_us > 0.0:
            msg = (
                f"duration_us = {self.duration_us:g} µs: the recharge must last; leave it out to recharge "
                "until the next pulse."
            )
            raise StimulusError(msg)
        if self.every < 1:
            msg = (
                f"every = {self.every}: the capacitor discharges after 1 pulse or more. Choose 1, or the "
                "number of pulses per burst."
            )
            raise StimulusError(msg)


@dataclass(frozen=True)
class Discharge:
    """One discharge of the capacitor.

    Attributes
    ----------
    start_us, end_us : float
        Time, µs; the end may be infinite.
    charge : float
        Charge at the start relative to the amplitude, µs.
    """

    start_us: float
    end_us: float
    charge: float


def discharges(
    recharge: PassiveRecharge,
    starts_us: Sequence[float],
    charges: Sequence[float],
    length_us: float,
) -> tuple[list[Discharge], float]:
    """Follow the charge of the capacitor over a train.

    Parameters
    ----------
    recharge : PassiveRecharge
    starts_us : sequence of float
        Starts of the pulses in rising order, µs.
    charges : sequence of float
        Net charge of each pulse relative to the amplitude, µs.
    length_us : float
        Length of a pulse, µs.

    Returns
    -------
    discharges : list of Discharge
        Those with a charge, in time order.
    left : float
        Charge left for good, µs.
    """
    found: list[Discharge] = []
    charge = 0.0
    ends_us = [*starts_us[1:], math.inf]
    for k, (start, next_start, added) in enumerate(zip(starts_us, ends_us, charges, strict=True)):
        charge += added
        begin = start + length_us + recharge.delay_us
        end = min(next_start, begin + recharge.duration_us)
        if (k + 1) % recharge.every == 0 and end > begin and charge != 0.0:
            found.append(Discharge(begin, end, charge))
            charge *= math.exp(-(end - begin) / recharge.tau_us)
    return found, charge
