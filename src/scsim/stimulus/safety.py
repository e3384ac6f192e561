"""Charge per phase, net charge, charge density and the Shannon number of a stimulus.

These are numbers to look at, never a clearance: nothing here says that a stimulus is safe.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.errors import StimulusError
from scsim.stimulus.segments import PulseShape
from scsim.units import CM2_PER_MM2

FloatArray = npt.NDArray[np.float64]

SHANNON_DAMAGE_K: Final = 1.85
"""Value of k in a published damage criterion for some macro-electrodes (no unit); see `CAVEAT`."""

SOURCES: Final = ("shannon1992", "cogan2016")
"""Bibliography keys of the criterion and of its limits."""

CAVEAT: Final = (
    f"Shannon k = {SHANNON_DAMAGE_K} is a published damage criterion for some macro-electrodes; "
    "passing it does not show safety. It knows nothing of pulse rate, duty cycle or hours of use."
)
"""To stand beside every number of a `ChargeReport`."""


@dataclass(frozen=True, eq=False)
class ChargeReport:
    """Charge that one pulse moves through each contact.

    Attributes
    ----------
    charge_per_phase_uc : ndarray of float64, shape (n_contacts,)
        Size of the largest charge of a phase, µC.
    net_charge_uc : ndarray of float64, shape (n_contacts,)
        Charge left over after the pulse, with the sign of the contact's current, µC.
    charge_density_uc_per_cm2 : ndarray of float64, shape (n_contacts,)
        Charge per phase over the contact's area, µC/cm².
    shannon_k : ndarray of float64, shape (n_contacts,)
        log10(charge · density) with both in the units above; NaN for a contact without current.
    """

    charge_per_phase_uc: FloatArray
    net_charge_uc: FloatArray
    charge_density_uc_per_cm2: FloatArray
    shannon_k: FloatArray


def charge_report(
    pulse: PulseShape, contact_current_ma: npt.ArrayLike, contact_area_mm2: npt.ArrayLike
) -> ChargeReport:
    """Compute the charge that a pulse moves through each contact.

    Parameters
    ----------
    pulse : PulseShape
        For example `scsim.Pulse`.
    contact_current_ma : array_like, shape (n_contacts,)
        Amplitude times share, with its sign, mA.
    contact_area_mm2 : array_like, shape (n_contacts,)
        Metal surface, mm².

    Returns
    -------
    ChargeReport

    Raises
    ------
    StimulusError
        If a current is not finite, an area is not positive, or the shapes differ.

    Notes
    -----
    Q = largest absolute value of the integral of I · level over a phase; D = Q / A; k = log10(Q · D) (Shannon 1992, with Q in
    µC and D in µC/cm²). The mean density is used; current crowds at the edges of a contact.
    Checked by ``tests/unit/test_stimulus_safety.py``.

    References
    ----------
    Shannon (1992), doi:10.1109/10.126616; limits: Cogan et al. (2016),
    doi:10.1088/1741-2560/13/2/021001.
    """
    current = np.asarray(contact_current_ma, dtype=np.float64)
    area = np.asarray(contact_area_mm2, dtype=np.float64)
    if current.ndim != 1 or current.shape != area.shape:
        msg = (
            f"currents of shape {current.shape} and areas of shape {area.shape} do not match; "
            "give one of each per contact."
        )
        raise StimulusError(msg)
    if not np.all(np.isfinite(current)):
        msg = f"contact_current_ma = {current.tolist()} mA: all currents must be finite. Correct them."
        raise StimulusError(msg)
    if not np.all((area > 0.0) & np.isfinite(area)):
        msg = (
            f"contact_area_mm2 = {area.tolist()} mm²: all areas must be positive. Correct the lead."
        )
        raise StimulusError(msg)
    charge = np.abs(current) * pulse.charge_per_phase_uc_per_ma
    density = charge / (area * CM2_PER_MM2)
    k = np.full_like(charge, np.nan)
    on = charge > 0.0
    k[on] = np.log10(charge[on] * density[on])
    return ChargeReport(charge, current * pulse.net_charge_uc_per_ma, density, k)
