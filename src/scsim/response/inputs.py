"""Numbers as they were given to a measurement: read, or named as a fault.

What each number may be belongs to the measurement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scsim.stimulus.segments import PulseShape

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


def read_numbers(name: str, values: npt.ArrayLike, faults: list[str]) -> FloatArray:
    """Give numbers as a flat array.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    values : array_like
        One number or several.
    faults : list of str
        Gets a message if the values are no numbers.

    Returns
    -------
    ndarray of float64, shape (n_values,)
        Empty if they are no numbers.
    """
    try:
        return np.asarray(values, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        faults.append(f"{name} = {values!r}: not a number, or not numbers alone; give numbers")
        return np.zeros(0)


def pulse_faults(pulse: object) -> list[str]:
    """Name what is no lone pulse.

    Parameters
    ----------
    pulse : object

    Returns
    -------
    list of str
        Empty for a pulse.
    """
    if isinstance(pulse, PulseShape):
        return []
    return [f"pulse = {pulse!r}: no pulse; give the shape of one, for example scsim.Pulse(100.0)"]
