"""Units: the suffixes of public names, and every conversion factor, once.

Public scalars carry their unit as a suffix (``pulse_width_us``); kernels use the coherent set mV, ms,
nA, µS, nF, with mA and mm for stimulation and anatomy. Conversions happen in ``fibers/assemble.py``
and ``fields/unit_potential.py`` with the factors below. What a quantity means does not belong here.
"""

from types import MappingProxyType
from typing import Final

BYTES_PER_GB: Final = 1e9
"""Bytes in a gigabyte."""

MS_PER_US: Final = 1e-3
MS_PER_S: Final = 1e3
S_PER_MS: Final = 1e-3
S_PER_NS: Final = 1e-9
US_PER_S: Final = 1e6
MIN_PER_HOUR: Final = 60.0
HOURS_PER_DAY: Final = 24.0
MM_PER_UM: Final = 1e-3
UM_PER_MM: Final = 1e3
CM_PER_UM: Final = 1e-4
CM2_PER_MM2: Final = 1e-2
MICROSIEMENS_PER_S: Final = 1e6
NF_PER_MICROFARAD: Final = 1e3
MA_PER_NA: Final = 1e-6
MV_PER_V: Final = 1e3
MICROCOULOMB_PER_MA_US: Final = 1e-3
"""1 mA for 1 µs is 1 nC, a thousandth of a microcoulomb."""

MV_PER_MA_S_PER_M_MM: Final = 1e3
"""mA / (S/m · mm) is 1 V; potentials are in mV."""

SUFFIX_UNITS: Final = MappingProxyType(
    {
        "uc_per_cm2": "µC/cm²",
        "ma_per_mm": "mA/mm",
        "mv_per_ma": "mV/mA",
        "s_per_m": "S/m",
        "m_per_s": "m/s",
        "microsiemens": "µS",
        "mm2": "mm²",
        "uc": "µC",
        "uw": "µW",
        "us": "µs",
        "ms": "ms",
        "hz": "Hz",
        "ma": "mA",
        "na": "nA",
        "mm": "mm",
        "um": "µm",
        "mv": "mV",
        "nf": "nF",
        "degc": "°C",
        "ohm": "Ω",
        "deg": "°",
        "s": "s",
    }
)
"""Suffix of a public name and the unit it stands for, longest suffix first."""


def unit_of(name: str) -> str:
    """Give the unit that the suffix of a public name stands for.

    Parameters
    ----------
    name : str
        A key, field or dataset name, dotted or not, for example ``stimulus.pulse_width_us``.

    Returns
    -------
    str
        The unit, ``"1"`` for a name without a unit suffix.
    """
    last = name.rsplit(".", maxsplit=1)[-1]
    for suffix, unit in SUFFIX_UNITS.items():
        if last == suffix or last.endswith(f"_{suffix}"):
            return unit
    return "1"
