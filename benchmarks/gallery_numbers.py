"""The key numbers of each study in ``configs/``, read from its results: what the gallery prints beside its figure.

Running studies and writing the page belong in ``gallery.py``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.plots.reading import config_value, labels_along
from scsim.results.sensitivity import sensitivity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from scsim.results.store import Results

    Numbers = list[tuple[str, str]]

HALF: Final = 0.5
PERCENT: Final = 100.0
NC_PER_UC: Final = 1000.0
HZ_PER_KHZ: Final = 1000.0
SUPINE_MM, PRONE_MM = 3.2, 5.4
"""Thickness of the fluid in the two postures of the anatomy ``thoracic``, mm."""


def key_numbers(name: str, results: Results) -> Numbers:
    """Give the key numbers of a study.

    Parameters
    ----------
    name : str
        Stem of its config.
    results : Results

    Returns
    -------
    list of (str, str)
        What it is, and its value with unit.

    Raises
    ------
    KeyError
        If no numbers were thought of for the study.
    """
    return NUMBERS[name](results)


def _values(results: Results, name: str) -> NDArray[np.float64]:
    return np.asarray(results.dataset(name), dtype=np.float64)


def amplitude_for(results: Results, share: float = HALF) -> NDArray[np.float64]:
    """Give the smallest amplitude at which a share of the thick fibers fires, mA.

    Parameters
    ----------
    results : Results
        With thresholds.
    share : float

    Returns
    -------
    ndarray of float64
        Over the dimensions of ``threshold_ma`` without ``fiber``; NaN where it is not reached.
    """
    threshold_ma = _values(results, "threshold_ma")
    parts = [_values(results, name) for name in ("fiber_diameter_um", "fiber_weight")]
    shape = threshold_ma.shape[:-1]
    same = [_alike(results, name, part) for name, part in zip(_OF_FIBERS, parts, strict=True)]
    smallest = float(config_value(results, "afferents.a_beta_min_diameter_um", 0.0))
    found = np.full(shape, np.nan)
    for place in np.ndindex(shape):
        diameter_um, weight = (part[place] for part in same)
        is_thick = diameter_um >= smallest
        order = np.argsort(threshold_ma[place][is_thick])
        reached = np.cumsum(weight[is_thick][order])
        row = int(np.searchsorted(reached, share * reached[-1]))
        found[place] = threshold_ma[place][is_thick][order][row]
    return found


_OF_FIBERS: Final = ("fiber_diameter_um", "fiber_weight")


def _alike(results: Results, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give a dataset of fibers the swept dimensions that thresholds have."""
    dims = results.dims("threshold_ma")
    own = results.dims(name)
    shape = _values(results, "threshold_ma").shape
    place = tuple(slice(None) if dim in own else None for dim in dims)
    return np.broadcast_to(values[place], shape)


def _quickstart(results: Results) -> Numbers:
    amplitude_ma = np.asarray(results.coordinates["amplitude_ma"], dtype=np.float64)
    share = _values(results, "recruited_share")
    signal = _values(results, "pain_signal")
    rest = _values(results, "rest_rate_hz")
    states = [str(state) for state in labels_along(results, "state")]
    rates = list(np.asarray(results.coordinates["frequency_hz"]))
    rows = [
        (f"projection rate without stimulation, {state}", f"{rate:.0f} Hz")
        for state, rate in zip(states, rest, strict=True)
    ]
    rows.append(
        (
            f"thick fibers recruited at {amplitude_ma[0]:.2g} and {amplitude_ma[-1]:.2g} mA",
            f"{PERCENT * share[0]:.0f} and {PERCENT * share[-1]:.0f} %",
        )
    )
    for rate in (10, 40):
        at = rates.index(rate)
        rows += [
            (
                f"pain signal at {amplitude_ma[-1]:.2g} mA and {rate} Hz, {state}",
                f"{signal[-1, at, number]:.2f}",
            )
            for number, state in enumerate(states)
        ]
    return rows


def _amplitude_rate_width(results: Results) -> Numbers:
    width_us = np.asarray(results.coordinates["pulse_width_us"], dtype=np.float64)
    half_ma = amplitude_for(results)
    rates = np.asarray(results.coordinates["frequency_hz"], dtype=np.float64)
    signal = _values(results, "pain_signal")
    rows = []
    for at in (0, int(np.searchsorted(width_us, 210)), -1):
        charge_nc = half_ma[at] * width_us[at]
        rows.append(
            (
                f"{width_us[at]:g} µs: amplitude for half of the thick fibers, and its charge",
                f"{half_ma[at]:.2f} mA, {charge_nc / NC_PER_UC:.2f} µC",
            )
        )
    rows += [
        (f"pain signal at the highest amplitude and 210 µs, {rate:g} Hz", f"{value:.2f}")
        for rate, value in zip(rates, signal[int(np.searchsorted(width_us, 210)), -1], strict=True)
    ]
    return rows


def _posture(results: Results) -> Numbers:
    fluid_mm = np.asarray(results.coordinates["csf_thickness_mm"], dtype=np.float64)
    half_ma = amplitude_for(results)
    supine, prone = (int(np.argmin(np.abs(fluid_mm - mm))) for mm in (SUPINE_MM, PRONE_MM))
    full_ma = amplitude_for(results, 0.9)[supine]
    first_ma = np.nanmin(_values(results, "threshold_ma")[prone])
    rows = [
        (f"{mm:g} mm of fluid: amplitude for half of the thick fibers", f"{ma:.2f} mA")
        for mm, ma in zip(fluid_mm, half_ma, strict=True)
    ]
    ratio = half_ma[prone] / half_ma[supine]
    rows.append((f"from {SUPINE_MM:g} (supine) to {PRONE_MM:g} mm (prone)", f"{ratio:.2f} times"))
    per_mm = (half_ma[-1] / half_ma[0]) ** (1.0 / (fluid_mm[-1] - fluid_mm[0]))
    rows.append(("per millimeter of fluid, on average", f"{per_mm:.2f} times"))
    rows.append(
        (
            "90 % of the thick fibers supine; the first fiber of all prone",
            f"{full_ma:.2f} mA; {first_ma:.2f} mA",
        )
    )
    return rows


def _contact_spacing(results: Results) -> Numbers:
    gap_mm = np.asarray(results.coordinates["contact_gap_mm"], dtype=np.float64)
    half_ma = amplitude_for(results)
    dims = [dim for dim in results.dims("threshold_ma") if dim != "fiber"]
    half_ma = np.moveaxis(half_ma, dims.index("contact_gap_mm"), 0).reshape(gap_mm.size, -1)
    labels = [str(name) for name in labels_along(results, "montage")]
    return [
        (
            f"{label}, gaps of {gap_mm[at]:g} mm: amplitude for half of the thick fibers",
            f"{half_ma[at, column]:.2f} mA",
        )
        for column, label in enumerate(labels)
        for at in (0, int(np.searchsorted(gap_mm, 4.0)), -1)
    ]


def _burst_or_tonic(results: Results) -> Numbers:
    fibers_hz = _values(results, "followed_rate_hz")
    driven_hz = _values(results, "c_driven_rate_hz")
    locked_hz = _values(results, "pulse_locked_rate_hz")
    rest_hz = float(np.mean(_values(results, "rest_rate_hz")))
    rows = [("projection neuron without stimulation", f"{rest_hz:.0f} Hz")]
    rows += [
        (
            f"{name}: thick fibers; projection neuron, C-driven and pulse-locked",
            f"{fibers_hz[at]:.0f} Hz; {driven_hz[at]:.0f} and {locked_hz[at]:.0f} Hz",
        )
        for at, name in enumerate(labels_along(results, "case"))
    ]
    return rows


def _kilohertz(results: Results) -> Numbers:
    amplitude_ma = np.asarray(results.coordinates["amplitude_ma"], dtype=np.float64)
    rates_hz = np.asarray(results.coordinates["frequency_hz"], dtype=np.float64)
    fibers_hz = _values(results, "followed_rate_hz")
    total_hz = _values(results, "projection_rate_hz")
    rows = []
    for at, rate_hz in enumerate(rates_hz):
        best = int(np.argmax(fibers_hz[:, at]))
        rows.append(
            (
                f"{rate_hz:g} Hz: thick fibers fire most",
                f"{fibers_hz[best, at]:.0f} Hz, at {amplitude_ma[best]:.1f} mA",
            )
        )
        rows.append(
            (
                f"{rate_hz:g} Hz, {amplitude_ma[-1]:g} mA: thick fibers; projection neuron",
                f"{fibers_hz[-1, at]:.0f} Hz; {total_hz[-1, at]:.0f} Hz",
            )
        )
    rest_hz = float(np.mean(_values(results, "rest_rate_hz")))
    rows.append(("projection neuron without stimulation", f"{rest_hz:.0f} Hz"))
    return rows


def _pain_states(results: Results) -> Numbers:
    rates_hz = np.asarray(results.coordinates["frequency_hz"], dtype=np.float64)
    dims = results.dims("c_driven_rate_hz")
    driven = _values(results, "c_driven_rate_hz")
    driven = np.moveaxis(driven, [dims.index("state"), dims.index("frequency_hz")], [0, 1])
    mean = driven.reshape(*driven.shape[:2], -1).mean(axis=-1)
    total = _values(results, "projection_rate_hz")
    total = np.moveaxis(total, [dims.index("state"), dims.index("frequency_hz")], [0, 1])
    total = total.reshape(*total.shape[:2], -1).mean(axis=-1)
    rest = _values(results, "rest_rate_hz")
    rest = np.moveaxis(rest, results.dims("rest_rate_hz").index("state"), 0)
    rows = []
    for number, state in enumerate(labels_along(results, "state")):
        quiet = rates_hz[mean[number] < 0.1 * rest[number].mean()]
        words = f"{quiet[0]:g} Hz" if quiet.size else "none"
        rows.append(
            (f"{state}: projection rate without stimulation", f"{rest[number].mean():.0f} Hz")
        )
        rows.append((f"{state}: lowest pulse rate that leaves less than a tenth C-driven", words))
        best = int(np.argmin(total[number]))
        words = f"{total[number, best]:.0f} Hz, at {rates_hz[best]:g} Hz"
        rows.append((f"{state}: lowest projection rate, all spikes", words))
    return rows


def _field_sensitivity(results: Results) -> Numbers:
    drive = _values(results, "profile_peak_second_difference_mv_per_ma")
    change = PERCENT * (drive / drive[0] - 1.0)
    return [
        (f"{name}: drive at 0.2 and 1.0 mm", f"{change[at, 0]:+.1f} and {change[at, 1]:+.1f} %")
        for at, name in enumerate(labels_along(results, "case"))
        if at > 0
    ]


def _lateral_sweep(results: Results) -> Numbers:
    lateral_mm = np.asarray(results.coordinates["lateral_mm"], dtype=np.float64)
    drive = _values(results, "profile_peak_second_difference_mv_per_ma")[:, 0]
    matrix = _values(results, "contact_matrix_ohm")
    middle, side = int(np.argmin(np.abs(lateral_mm))), int(np.argmax(lateral_mm))
    uneven = np.max(np.abs(drive - drive[::-1])) / drive[middle]
    return [
        ("drive at 0.2 mm, lead on the midline", f"{drive[middle]:.1f} mV/mA"),
        (f"drive {lateral_mm[side]:g} mm to the side", f"{drive[side]:.1f} mV/mA"),
        ("largest difference between left and right", f"{PERCENT * uneven:.3f} %"),
        ("resistance of contact 4, midline", f"{matrix[middle, 3, 3]:.0f} Ω"),
    ]


def _seeds(results: Results) -> Numbers:
    amplitude_ma = np.asarray(results.coordinates["amplitude_ma"], dtype=np.float64)
    rows = []
    for name, words, unit, scale in (
        ("recruited_share", "recruited share of thick fibers", "%", PERCENT),
        ("c_driven_rate_hz", "C-driven rate", "Hz", 1.0),
    ):
        values = scale * _values(results, name)
        dims = results.dims(name)
        values = np.moveaxis(values, dims.index("seed"), 0)
        spread = values.std(axis=0, ddof=1)
        at = int(np.argmax(spread))
        rows.append(
            (
                f"{words}: mean and standard deviation at {amplitude_ma[at]:.2f} mA, where it varies most",
                f"{values.mean(axis=0)[at]:.0f} ± {spread[at]:.0f} {unit}",
            )
        )
    rows.append(
        (
            "amplitude for half of the thick fibers: mean and standard deviation",
            _mean_and_sd(amplitude_for(results)),
        )
    )
    return rows


def _uncertainty(results: Results) -> Numbers:
    name = "profile_peak_second_difference_mv_per_ma"
    drive = _values(results, name)[:, 0]
    found = sensitivity(results, name, {"depth_mm": 0.2})
    rows = [
        (
            "drive at 0.2 mm over all cases: mean and standard deviation",
            f"{drive.mean():.1f} ± {drive.std(ddof=1):.1f} mV/mA",
        )
    ]
    first, total = (np.ravel(found[measure]) for measure in found.measures)
    spans = np.asarray(found.high - found.low)[1].ravel() / 2.0
    rows += [
        (
            f"{label}: Sobol index, first order and total",
            f"{first[at]:.2f} and {total[at]:.2f} (± {spans[at]:.2f})",
        )
        for at, label in enumerate(found.labels)
    ]
    return rows


def _nerve_cuff(results: Results) -> Numbers:
    threshold_ma = _values(results, "threshold_ma")
    dims = [dim for dim in results.dims("threshold_ma") if dim != "fiber"]
    threshold_ma = np.moveaxis(
        threshold_ma, [dims.index("montage"), dims.index("diameter_um")], [0, 1]
    )
    place = _values(results, "geometry/fiber_start_mm")
    place = place.reshape(-1, *place.shape[-2:])[0]
    towards = place[:, :2] @ np.array([1.0, 1.0])  # to the quadrant of c1 and c5, left and dorsal
    near, far = towards > np.quantile(towards, 0.8), towards < np.quantile(towards, 0.2)
    rows = []
    for montage, by_diameter in zip(labels_along(results, "montage"), threshold_ma, strict=True):
        for diameter_um, row in zip(results.coordinates["diameter_um"], by_diameter, strict=True):
            ratio = np.median(row[far]) / np.median(row[near])
            rows.append(
                (
                    f"{montage}, {diameter_um:g} µm: median threshold; farthest over nearest fifth of the fibers",
                    f"{np.median(row):.3f} mA; {ratio:.2f}",
                )
            )
    return rows


def _block(results: Results) -> Numbers:
    block_ma = np.median(_values(results, "block_threshold_ma"), axis=-1)
    diameters = np.asarray(results.coordinates["diameter_um"], dtype=np.float64)
    rates = np.asarray(results.coordinates["frequency_hz"], dtype=np.float64)
    rows = [
        (
            f"{rate / HZ_PER_KHZ:g} kHz: median block threshold of {diameters[0]:g} and {diameters[-1]:g} µm",
            f"{row[0]:.2f} and {row[-1]:.2f} mA",
        )
        for rate, row in zip(rates, block_ma, strict=True)
    ]
    onset = _values(results, "block_onset_spikes")
    onset = onset[onset >= 0]  # fibers without a blocking amplitude have none
    rows.append(
        ("spikes of the onset, fewest and most", f"{onset.min():.0f} and {onset.max():.0f}")
    )
    return rows


def _mean_and_sd(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f} mA"


NUMBERS: Final[Mapping[str, Callable[[Results], Numbers]]] = MappingProxyType(
    {
        "quickstart": _quickstart,
        "amplitude_rate_width": _amplitude_rate_width,
        "posture": _posture,
        "contact_spacing": _contact_spacing,
        "burst_or_tonic": _burst_or_tonic,
        "kilohertz": _kilohertz,
        "pain_states": _pain_states,
        "field_sensitivity": _field_sensitivity,
        "lateral_sweep": _lateral_sweep,
        "nerve_cuff": _nerve_cuff,
        "block": _block,
        "uncertainty": _uncertainty,
        "seeds": _seeds,
    }
)
"""Stem of each config, in the order of the page, and what reads its numbers."""
