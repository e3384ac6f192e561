"""Every tolerance of `scsim validate`, with its source, in one table.

How an error is measured stands beside the measurement (``fibers.py``, ``fiber_repeats.py``, ``field.py``,
``circuit.py``);
its bar stands here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Tolerance:
    """The bar for one measured quantity.

    Attributes
    ----------
    limit : float
        Largest error that holds, in `unit`.
    unit : str
        Unit of the error; ``"1"`` for a relative one.
    source : str
        Where the number comes from.
    """

    limit: float
    unit: str
    source: str


_FIBERS: Final = "format of the fiber tables, same discretization, scheme and dt"
_SAMPLES: Final = "resolution of the column: the other software counts samples"
_FIELD: Final = "format of the field tables, analytic solvers"
_CIRCUIT: Final = "format of the circuit tables, tolerance per file; six decimals are printed"

TOLERANCES: Final = MappingProxyType(
    {
        "threshold": Tolerance(1e-4, "1", f"{_FIBERS}: added to the row's bracket and rtol"),
        "t_ap_detect": Tolerance(0.005, "ms", _FIBERS),
        "t_ap_center": Tolerance(0.005, "ms", f"{_FIBERS}; only later than t_on + pw"),
        "conduction_velocity": Tolerance(1e-3, "1", _FIBERS),
        "v_rest": Tolerance(1e-3, "mV", _FIBERS),
        "v_peak": Tolerance(1e-3, "mV", _FIBERS),
        "v_min_after_peak": Tolerance(1e-3, "mV", f"{_FIBERS}: taken as a peak voltage"),
        "ap_width_steps": Tolerance(1.0, "steps", _SAMPLES),
        "trace": Tolerance(1e-3, "mV", f"{_FIBERS}, at every sample"),
        "recovery_threshold": Tolerance(2e-3, "1", _FIBERS),
        "second_spike": Tolerance(
            0.5, "spikes", f"{_FIBERS}: none in a row without a number; spikes are whole"
        ),
        "train_spikes": Tolerance(0.5, "spikes", f"{_FIBERS}: equal counts; spikes are whole"),
        "train_times": Tolerance(1.0, "steps", f"{_FIBERS}: within one step"),
        "block_threshold": Tolerance(0.02, "1", _FIBERS),
        "A1": Tolerance(1e-8, "1", f"{_FIELD}; closed form with 15 digits"),
        "A2": Tolerance(1e-8, "1", f"{_FIELD}; closed form with 15 digits"),
        "crodelle_curve": Tolerance(2e-6, "Hz", _CIRCUIT),
        "crodelle_gain": Tolerance(2e-6, "1", _CIRCUIT),
        "crodelle_windup_area": Tolerance(
            1e-3,
            "1",
            "format of the circuit tables: relative, the table's own quadrature is coarse",
        ),
        "crodelle_steady": Tolerance(2e-6, "Hz", _CIRCUIT),
    }
)
"""Measured quantity and its bar."""
