"""Every tolerance of `scsim validate`, with its source, in one table.

How an error is measured stands beside the measurement (``fibers.py``, ``fiber_repeats.py``, ``field*.py``,
``circuit*.py``); its bar stands here and nowhere else.
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
_SPECTRAL: Final = "format of the field tables, spectral solver, every line and depth"
_DEEP: Final = "at depths of 0.5 mm and more and on roots"
_NEAR: Final = "nearer the cord surface than 0.5 mm"
_CUFF: Final = "format of the field tables, cuffs; the tables themselves are good to 0.1 to 0.2 %"
_SENSITIVITY: Final = "requirement on the sensitivity table, of order-3 spectral runs good to 1e-4"
_NETWORK: Final = "format of the circuit tables, tolerance per file, same discretization and step"
_CIRCUIT: Final = "format of the circuit tables, tolerance per file; six decimals are printed"


def _voxel_bars(name: str, where: str, limits: tuple[float, float, float]) -> dict[str, Tolerance]:
    """Give the bars for potential, shape and second difference of the voxel solver."""
    parts = ("potential", "shape", "second_difference")
    source = f"format of the field tables, voxel solver, {where}"
    return {
        f"voxel_{name}_{part}": Tolerance(limit, "1", source)
        for part, limit in zip(parts, limits, strict=True)
    }


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
        "A3": Tolerance(1e-8, "1", f"{_FIELD}; closed form and quadrature, good to 1e-10"),
        "A4": Tolerance(1e-6, "1", f"{_FIELD}; Fourier-Bessel series, good to 1e-9"),
        "A4_voxel": Tolerance(0.02, "1", "format of the field tables, voxel, source as one cell"),
        "spectral_potential": Tolerance(1e-3, "1", _SPECTRAL),
        "spectral_shape": Tolerance(1e-3, "1", f"{_SPECTRAL}; mean error taken away"),
        "spectral_second_difference": Tolerance(5e-3, "1", f"{_SPECTRAL}; step of 2 mm"),
        "spectral_contact_matrix": Tolerance(
            2e-3, "1", "format of the field tables, spectral solver; entry by entry"
        ),
        **_voxel_bars("0.25_mm", _DEEP, (0.01, 0.01, 0.05)),
        **_voxel_bars("0.25_mm_near", _NEAR, (0.02, 0.02, 0.08)),
        **_voxel_bars("0.5_mm", _DEEP, (0.025, 0.025, 0.12)),
        "cuff_potential": Tolerance(5e-3, "1", _CUFF),
        "cuff_shape": Tolerance(5e-3, "1", f"{_CUFF}; mean error taken away"),
        "cuff_second_difference": Tolerance(0.02, "1", f"{_CUFF}; step of 2 mm"),
        "cuff_contact_voltage": Tolerance(5e-3, "1", f"{_CUFF}; each relative to itself"),
        "sensitivity_change": Tolerance(
            0.01,
            "1",
            f"{_SENSITIVITY}: one percentage point of the change; the base relative to itself",
        ),
        "sensitivity_half_width": Tolerance(0.5, "mm", f"{_SENSITIVITY}: one sample"),
        "circuit_spikes": Tolerance(0.5, "spikes", f"{_NETWORK}: equal counts; spikes are whole"),
        "circuit_count": Tolerance(0.5, "spikes", f"{_NETWORK}: equal counts; spikes are whole"),
        "circuit_spike_time": Tolerance(1e-3, "ms", f"{_NETWORK}: every spike in its step"),
        "circuit_spike_step": Tolerance(
            0.0135,
            "ms",
            f"{_NETWORK}: the few that `circuit_spikes_off` allows are one step of 0.0125 ms off",
        ),
        "circuit_spikes_off": Tolerance(
            1e-3, "1", f"{_NETWORK}: at most 1 spike in 1000 of a file is more than 1e-3 ms off"
        ),
        "circuit_voltage": Tolerance(1e-3, "mV", f"{_NETWORK}; SG and Z2 below -50 mV only"),
        "circuit_voltage_tonic_spike": Tolerance(
            0.02,
            "mV",
            f"{_NETWORK}: SG and Z2 from -50 mV up, where two exact programs differ by 0.005 mV",
        ),
        "circuit_time_of_peak": Tolerance(
            # The bar is one sample, and rounding of decimal times must not pass it.
            0.1 * (1 + 1e-9),
            "ms",
            f"{_NETWORK}: one sample of the trace",
        ),
        "circuit_rate": Tolerance(1e-3, "Hz", f"{_NETWORK}; three decimals are printed"),
        "circuit_rate_fast_sg": Tolerance(
            0.334, "Hz", f"{_NETWORK}: from 150 Hz up one spike of SG in 3 s may differ"
        ),
        "sleep_pressure": Tolerance(1e-3, "1", "format of the circuit tables, tolerance per file"),
        "sleep_other": Tolerance(1e-4, "1", "format of the circuit tables, tolerance per file"),
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
