"""Strength and duration: thresholds over pulse widths, and the laws of Weiss and Lapicque fitted to them.

- Weiss (1901):     I = I_rheobase (1 + chronaxie / width); the charge is a straight line in the width;
- Lapicque (1907):  I = I_rheobase / (1 - 2^(-width / chronaxie)); a leaky capacitor with time constant
  chronaxie / ln 2.

Rheobase is the threshold of a very long pulse, chronaxie the width at which twice the rheobase is
needed, in both laws (Geddes 2004). How one threshold is found belongs to `threshold.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from scsim.errors import ModelError, Status, StimulusError, advice
from scsim.response.drive import n_steps_of
from scsim.response.inputs import read_numbers
from scsim.response.threshold import ThresholdProtocol, check_protocol, find_thresholds
from scsim.stimulus.checks import check_waveform, place
from scsim.stimulus.pulse import Pulse
from scsim.units import MICROCOULOMB_PER_MA_US, MS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]

Law = Literal["weiss", "lapicque"]

LAWS: Final = ("weiss", "lapicque")

CONFIDENCE: Final = 0.95
"""Coverage of the intervals (no unit)."""

FEWEST_WIDTHS: Final = 3
"""Two numbers are fitted; the third width tells how well."""

_SPAN: Final = 1e4
"""Chronaxie is looked for between the shortest width over this and the longest times this (no unit)."""

_AT_BOUND: Final = 0.01
"""Logarithmic distance from the ends of that range at which the data leave both numbers open."""

_SINGULAR: Final = 1e-12
"""Ratio of singular values below which data leave a number of the law open: rounding of float64."""

_EXACT: Final = 1e-15
"""Relative change at which the fit stops: as far as float64 goes."""


@dataclass(frozen=True)
class StrengthDurationFit:
    """A strength-duration law fitted to thresholds.

    Attributes
    ----------
    law : {"weiss", "lapicque"}
    rheobase_ma : float
        Threshold of a very long pulse, mA; NaN where the widths leave it open.
    chronaxie_us : float
        Width at which twice the rheobase is needed, µs; NaN where the widths leave it open.
    rheobase_interval_ma, chronaxie_interval_us : tuple of float
        95 % confidence interval, mA and µs; infinite where the widths leave the number open.
    rms_residual, worst_residual : float
        Deviation of the thresholds from the law, relative (no unit): root mean square over the degrees of
        freedom, and largest size. They tell which law holds.
    """

    law: Law
    rheobase_ma: float
    chronaxie_us: float
    rheobase_interval_ma: tuple[float, float]
    chronaxie_interval_us: tuple[float, float]
    rms_residual: float
    worst_residual: float

    @property
    def is_resolved(self) -> bool:
        """Whether the thresholds give the two numbers of the law.

        Thresholds that rise with the width, or are the same at all widths, or take the same charge at all, do not.
        """
        return bool(np.isfinite(self.rheobase_ma) and np.isfinite(self.chronaxie_us))

    def threshold_ma(self, pulse_width_us: npt.ArrayLike) -> FloatArray:
        """Give the threshold by the law.

        Parameters
        ----------
        pulse_width_us : array_like
            Widths, µs.

        Returns
        -------
        ndarray of float64, of the shape of `pulse_width_us`
            mA; NaN where the widths leave the two numbers of the law open.
        """
        widths = np.asarray(pulse_width_us, dtype=np.float64)
        shape, _ = _shape_and_slope(self.law, widths, self.chronaxie_us)
        return np.asarray(self.rheobase_ma * shape)

    def __str__(self) -> str:
        """One line: the two numbers with their intervals, and how well the law holds."""
        if not self.is_resolved:
            return (
                f"{self.law.capitalize()}: rheobase and chronaxie unresolved: thresholds at these widths do not "
                "fall from equal charge toward a constant as the law has it; add shorter and longer widths"
            )
        low_ma, high_ma = self.rheobase_interval_ma
        low_us, high_us = self.chronaxie_interval_us
        return (
            f"{self.law.capitalize()}: rheobase {self.rheobase_ma:.4g} mA ({low_ma:.4g} to {high_ma:.4g}), "
            f"chronaxie {self.chronaxie_us:.4g} µs ({low_us:.4g} to {high_us:.4g}), "
            f"worst deviation {100 * self.worst_residual:.2g} %"
        )


@dataclass(frozen=True)
class StrengthDuration:
    """Thresholds of some fibers over pulse widths, with both laws fitted.

    Attributes
    ----------
    pulse_width_us : ndarray of float64, shape (n_widths,)
        Widths of the first phase, µs, rising.
    threshold_ma : ndarray of float64, shape (n_fibers, n_widths)
        Thresholds, mA; NaN where `status` is not OK.
    status : ndarray of int8, shape (n_fibers, n_widths)
        `scsim.errors.Status` of each search.
    weiss, lapicque : tuple of StrengthDurationFit or None, one per fiber
        Fits to the widths with a threshold; None where fewer than three have one.
    protocol : ThresholdProtocol
        How each threshold was found; its window counts from the end of the pulse.
    """

    pulse_width_us: FloatArray
    threshold_ma: FloatArray
    status: npt.NDArray[np.int8]
    weiss: tuple[StrengthDurationFit | None, ...]
    lapicque: tuple[StrengthDurationFit | None, ...]
    protocol: ThresholdProtocol

    @property
    def charge_uc(self) -> FloatArray:
        """Charge of the first phase at threshold, µC, shape (n_fibers, n_widths)."""
        return np.asarray(self.threshold_ma * self.pulse_width_us * MICROCOULOMB_PER_MA_US)

    def __str__(self) -> str:
        """Both fits of each fiber, and the widths without a threshold."""
        lines = []
        for i, fits in enumerate(zip(self.weiss, self.lapicque, strict=True)):
            lines += [f"fiber {i}: {fit}" for fit in fits if fit is not None]
            lines += [
                f"fiber {i}, {width:g} µs: {Status(state).name.lower()}: {advice(state)}"
                for width, state in zip(self.pulse_width_us, self.status[i], strict=True)
                if state != Status.OK
            ]
        return "\n".join(lines)


def fit_strength_duration(
    pulse_width_us: npt.ArrayLike, threshold_ma: npt.ArrayLike, law: Law = "weiss"
) -> StrengthDurationFit:
    """Fit a strength-duration law to thresholds.

    Least squares of the logarithm of the threshold, over the logarithms of rheobase and chronaxie:
    every threshold counts by its relative deviation, and both numbers stay positive. The model of error
    is ln(threshold) = ln(law) + ε with ε independent, normal and of one variance. Thresholds of a computed
    fiber deviate because the fiber does not obey the law, which is not random: their intervals say how
    firmly the widths chosen fix the two numbers.

    Parameters
    ----------
    pulse_width_us : array_like, shape (n_widths,)
        Widths of rectangular pulses, µs, at least three different ones.
    threshold_ma : array_like, shape (n_widths,)
        Thresholds, mA.
    law : {"weiss", "lapicque"}

    Returns
    -------
    StrengthDurationFit

    Raises
    ------
    ModelError
        If there is no such law, fewer than three widths, or a number that is not positive and finite;
        all faults at once.

    Notes
    -----
    Intervals are exp(ln x ± t s), with Student's t for n - 2 degrees of freedom and s from the linearized
    fit. Data without scatter give the exact numbers. Checked by
    ``tests/theory/test_strength_duration_fit.py``.

    References
    ----------
    Weiss (1901), Archives Italiennes de Biologie 35:413 (weiss1901); Lapicque (1907), J Physiol Pathol
    Gén 9:620 (lapicque1907); Geddes (2004), doi:10.1109/TBME.2003.820340 (geddes2004).

    Examples
    --------
    >>> fit = fit_strength_duration([100, 200, 400], [0.3, 0.2, 0.15], "weiss")
    >>> round(fit.rheobase_ma, 6), round(fit.chronaxie_us, 6)
    (0.1, 200.0)
    """
    from scipy.optimize import least_squares  # noqa: PLC0415 - scipy loads slowly

    widths, thresholds = _checked_data(pulse_width_us, threshold_ma, law)
    logs = np.log(thresholds)

    def residual(logarithms: FloatArray) -> FloatArray:
        shape, _ = _shape_and_slope(law, widths, float(np.exp(logarithms[1])))
        return np.asarray(logarithms[0] + np.log(shape) - logs)

    def jacobian(logarithms: FloatArray) -> FloatArray:
        _, slope = _shape_and_slope(law, widths, float(np.exp(logarithms[1])))
        return np.column_stack([np.ones_like(widths), slope])

    bounds = np.log([widths.min() / _SPAN, widths.max() * _SPAN])
    middle = 0.5 * (np.log(widths.min()) + np.log(widths.max()))
    found = least_squares(
        residual,
        x0=[float(logs.min()), middle],
        jac=jacobian,
        bounds=([-np.inf, bounds[0]], [np.inf, bounds[1]]),
        xtol=_EXACT,
        ftol=_EXACT,
        gtol=_EXACT,
    )
    deviation = residual(found.x)
    spread = float(np.sqrt(np.sum(deviation**2) / (widths.size - 2)))
    reach = _interval_reach(jacobian(found.x), spread)
    is_open = not np.all(np.isfinite(reach)) or np.any(np.abs(found.x[1] - bounds) < _AT_BOUND)
    if is_open:
        reach = np.full(2, np.inf)
    rheobase, chronaxie = np.full(2, np.nan) if is_open else np.exp(found.x)
    low, high = np.exp(found.x - reach), np.exp(found.x + reach)
    return StrengthDurationFit(
        law=law,
        rheobase_ma=float(rheobase),
        chronaxie_us=float(chronaxie),
        rheobase_interval_ma=(float(low[0]), float(high[0])),
        chronaxie_interval_us=(float(low[1]), float(high[1])),
        rms_residual=spread,
        worst_residual=float(np.max(np.abs(np.expm1(deviation)))),
    )


def measure_strength_duration(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    pulse_width_us: Sequence[float],
    *,
    pulse: Pulse | None = None,
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    rtol: float | None = None,
    protocol: ThresholdProtocol | None = None,
) -> StrengthDuration:
    """Search the threshold at each pulse width and fit the laws of Weiss and Lapicque.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    pulse_width_us : sequence of float
        Widths of the first phase, µs, at least three different ones.
    pulse : Pulse, optional
        Shape, gap and recovery ratio of the pulse, whose own width is replaced; default monophasic. The laws
        are those of monophasic pulses.
    shares, polarity, rtol
        As in `scsim.find_thresholds`.
    protocol : ThresholdProtocol, optional
        Everything else; its window is lengthened by the duration of each pulse.

    Returns
    -------
    StrengthDuration

    Raises
    ------
    StimulusError
        If a width is not positive, widths repeat, there are fewer than three, or a pulse does not fit the step
        or the window; all faults at once, before any search.
    GeometryError, ModelError, StimulusError
        As in `scsim.find_thresholds`.

    Notes
    -----
    Checked by ``tests/unit/test_measure_strength_duration.py`` and
    ``tests/theory/test_strength_duration_fit.py``.
    """
    widths = np.sort(_checked_widths(pulse_width_us, pulse))
    used = protocol if protocol is not None else ThresholdProtocol()
    if rtol is not None:
        used = replace(used, rtol=rtol)
    template = pulse if pulse is not None else Pulse(float(widths[0]))
    pulses = [replace(template, pulse_width_us=float(width)) for width in widths]
    protocols = [
        replace(used, window_ms=used.window_ms + given.duration_us * MS_PER_US) for given in pulses
    ]
    check_protocol(used)
    _check_steps(pulses, protocols)
    threshold = np.empty((len(fibers), widths.size))
    status = np.empty((len(fibers), widths.size), dtype=np.int8)
    for k, (given, its_protocol) in enumerate(zip(pulses, protocols, strict=True)):
        found = find_thresholds(
            fibers,
            potentials,
            given,
            shares=shares,
            polarity=polarity,
            protocol=its_protocol,
        )
        threshold[:, k], status[:, k] = found.threshold_ma, found.status
    return StrengthDuration(
        pulse_width_us=widths,
        threshold_ma=threshold,
        status=status,
        weiss=tuple(_fit_where_found(widths, row, "weiss") for row in threshold),
        lapicque=tuple(_fit_where_found(widths, row, "lapicque") for row in threshold),
        protocol=used,
    )


def _shape_and_slope(
    law: Law, widths_us: FloatArray, chronaxie_us: float
) -> tuple[FloatArray, FloatArray]:
    """Give threshold over rheobase, and the slope of its logarithm over that of the chronaxie."""
    ratio = chronaxie_us / widths_us
    if law == "weiss":
        return 1.0 + ratio, ratio / (1.0 + ratio)
    exponent = np.log(2.0) / ratio
    with np.errstate(over="ignore"):
        return -1.0 / np.expm1(-exponent), exponent / np.expm1(exponent)


def _interval_reach(jacobian: FloatArray, spread: float) -> FloatArray:
    """Half width of the confidence interval of each logarithm; infinite where the data leave it open."""
    from scipy.stats import t  # noqa: PLC0415 - scipy loads slowly

    _, sizes, directions = np.linalg.svd(jacobian, full_matrices=False)
    if sizes[-1] <= _SINGULAR * sizes[0]:
        return np.full(jacobian.shape[1], np.inf)
    variance = np.sum((directions / sizes[:, None]) ** 2, axis=0)
    quantile = float(t.ppf(0.5 * (1.0 + CONFIDENCE), jacobian.shape[0] - jacobian.shape[1]))
    return np.asarray(quantile * spread * np.sqrt(variance))


def _fit_where_found(
    widths_us: FloatArray, threshold_ma: FloatArray, law: Law
) -> StrengthDurationFit | None:
    is_found = np.isfinite(threshold_ma)
    if np.count_nonzero(is_found) < FEWEST_WIDTHS:
        return None
    return fit_strength_duration(widths_us[is_found], threshold_ma[is_found], law)


def _checked_data(
    pulse_width_us: npt.ArrayLike, threshold_ma: npt.ArrayLike, law: str
) -> tuple[FloatArray, FloatArray]:
    """Widths and thresholds as arrays, or every fault at once."""
    widths = np.asarray(pulse_width_us, dtype=np.float64)
    thresholds = np.asarray(threshold_ma, dtype=np.float64)
    faults = []
    if law not in LAWS:
        faults.append(f"law = {law!r}: laws are {' and '.join(LAWS)}; choose one")
    if widths.ndim != 1 or thresholds.shape != widths.shape:
        faults.append(
            f"pulse_width_us of shape {widths.shape} with threshold_ma of shape {thresholds.shape}: give one "
            "threshold per width"
        )
    elif np.unique(widths).size < FEWEST_WIDTHS:
        faults.append(
            f"{np.unique(widths).size} different pulse widths: a fit of two numbers needs at least "
            f"{FEWEST_WIDTHS}; add widths"
        )
    faults += _not_positive("pulse_width_us", "µs", widths)
    faults += _not_positive("threshold_ma", "mA", thresholds)
    if faults:
        message = f"strength-duration fit: {'; '.join(faults)}."
        raise ModelError(message)
    return widths, thresholds


def _not_positive(name: str, unit: str, values: FloatArray) -> list[str]:
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0.0)))
    if not bad.size:
        return []
    listed = ", ".join(f"{values.ravel()[i]:g}" for i in bad)
    return [f"{name} = {listed} {unit}: values are positive and finite; leave such widths out"]


def _check_steps(pulses: Sequence[Pulse], protocols: Sequence[ThresholdProtocol]) -> None:
    """Refuse pulses that do not fit the step or the window, all of them, before any search."""
    faults = []
    for given, protocol in zip(pulses, protocols, strict=True):
        solver = protocol.solver
        try:
            n_steps_of(protocol.window_ms, solver)
            check_waveform(
                place(given, (protocol.onset_ms,)),
                solver.dt_ms,
                protocol.window_ms,
                midpoint=solver.scheme == "second_order",
            )
        except StimulusError as fault:
            faults.append(f"{given.pulse_width_us:g} µs: {str(fault).rstrip('.')}")
    if faults:
        message = f"strength-duration curve: {'; '.join(faults)}."
        raise StimulusError(message)


def _checked_widths(pulse_width_us: Sequence[float], pulse: Pulse | None) -> FloatArray:
    """Widths as an array, or every fault at once."""
    faults: list[str] = []
    if not isinstance(pulse, Pulse | None):
        faults.append(f"pulse = {pulse!r}: its width is varied; give a scsim.Pulse, or none")
    widths = read_numbers("pulse_width_us", pulse_width_us, faults)
    faults += _not_positive("pulse_width_us", "µs", widths)
    values, counts = np.unique(widths, return_counts=True)
    if np.any(counts > 1):
        listed = ", ".join(f"{value:g}" for value in values[counts > 1])
        faults.append(f"pulse_width_us = {listed} µs is given more than once; give each width once")
    if values.size < FEWEST_WIDTHS:
        faults.append(
            f"{values.size} different pulse widths: a strength-duration curve needs at least "
            f"{FEWEST_WIDTHS}; add widths, 50 to 1000 µs are usual"
        )
    if faults:
        message = f"strength-duration curve: {'; '.join(faults)}."
        raise StimulusError(message)
    return widths
