"""How commands write times and sizes: with as many digits as an estimate has, in the unit that reads best.

Tables and messages are in ``console.py``.
"""

from __future__ import annotations

from typing import Final

_LEAST_S: Final = 0.1
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 24 * _HOUR_S
_DAYS_FROM_S: Final = 3 * _DAY_S
"""From here on hours are no longer told."""

_TENTHS_BELOW_S: Final = 10.0

_KB: Final = 1e3
_MB: Final = 1e6
_GB: Final = 1e9


def duration(seconds: float) -> str:
    """Write a time.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str
        Two figures or so: ``< 0.1 s``, ``4.2 s``, ``38 s``, ``3 min 20 s``, ``2 h 05 min``, ``4.5 days``.
    """
    if seconds < _LEAST_S:
        return "< 0.1 s"
    if seconds < _TENTHS_BELOW_S - 0.05:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    if whole < _DAYS_FROM_S:
        minutes = round(seconds / _MINUTE_S)
        return f"{minutes // _MINUTE_S} h {minutes % _MINUTE_S:02d} min"
    return f"{seconds / _DAY_S:.1f} days"


def size(n_bytes: float) -> str:
    """Write a size.

    Parameters
    ----------
    n_bytes : float

    Returns
    -------
    str
        For example ``12 kB``, ``3.4 MB``, ``1.2 GB``.
    """
    for unit, name in ((_GB, "GB"), (_MB, "MB")):
        if n_bytes >= unit:
            value = n_bytes / unit
            return f"{value:.0f} {name}" if value >= _TENTHS_BELOW_S else f"{value:.1f} {name}"
    return f"{n_bytes / _KB:.0f} kB"
