"""Recruitment: which fibers of a population fire at an amplitude, and what share of it they are.

Thresholds are found in `threshold.py`; what recruited fibers do to the dorsal horn belongs to
`circuit/afferents.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    BoolArray = npt.NDArray[np.bool_]


def recruited_mask(threshold_ma: FloatArray, amplitude_ma: float) -> BoolArray:
    """Tell which fibers fire at an amplitude.

    A fiber is recruited from its threshold upward; fibers without a threshold in the range searched
    (NaN) are not. Loss of excitation far above threshold is not looked for: near a strong cathode, or on
    the far side of an anode, a spike may start at 10 to 20 times the threshold and not get away.

    Parameters
    ----------
    threshold_ma : ndarray of float64, shape (n_fibers,)
        Thresholds, mA; NaN where there is none.
    amplitude_ma : float
        Amplitude, mA.

    Returns
    -------
    ndarray of bool, shape (n_fibers,)
        True where the fiber fires.
    """
    return np.asarray(threshold_ma <= amplitude_ma)


def recruited_share(threshold_ma: FloatArray, weight: FloatArray, amplitude_ma: float) -> float:
    """Share of a population that fires at an amplitude.

    Parameters
    ----------
    threshold_ma : ndarray of float64, shape (n_fibers,)
        Thresholds, mA; NaN where there is none.
    weight : ndarray of float64, shape (n_fibers,)
        Weight of each simulated fiber in the population (any scale, no unit).
    amplitude_ma : float
        Amplitude, mA.

    Returns
    -------
    float
        Weighted share, 0 to 1; NaN for a population without weight.
    """
    total = float(weight.sum())
    if total <= 0.0:
        return float("nan")
    # Sums in another order may differ in the last digit.
    return min(float(weight[recruited_mask(threshold_ma, amplitude_ma)].sum()) / total, 1.0)
