"""Sleep and time of day: pain sensitivity over days, and how it may scale a circuit.

It acts on parameters and never reads what a circuit puts out. Values belong in ``data/sleep/``; what
the scaled circuit does belongs to the models.
"""

import functools
import math
from dataclasses import dataclass, fields, replace
from typing import Final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.rates.rate import RateCircuit
from scsim.errors import ModelError
from scsim.formats.tables import load_table
from scsim.units import HOURS_PER_DAY, MIN_PER_HOUR

DEFAULT_MODEL: Final = "crodelle2023"
"""Name of the sleep model."""

_FOLDER: Final = "sleep"
_DAILY: Final = "sleep/crodelle2019"
_DAY_MIN: Final = HOURS_PER_DAY * MIN_PER_HOUR

_HOMEOSTAT_STEP_MIN: Final = 1.0
"""Step of the homeostatic pain, min. It is part of the model: whether the step counts as awake is
decided at its start, which moves the pain by up to 0.005 against switches between the steps."""

_RELATIVE_TOLERANCE: Final = 1e-9
_ABSOLUTE_TOLERANCE: Final = 1e-11
"""Tolerances of the integrator: rates are within 1e-5 Hz of an explicit method at 1e-11
(``tests/theory/test_sleep.py``)."""

_MAX_DAYS: Final = 3650
"""Longest run, days: ten years, beyond which a run takes longer than a few minutes."""

_C_FIBERS: Final = "c"


@dataclass(frozen=True)
class SleepModel:
    """Parameters of a sleep-wake model with pain sensitivity; names as in ``data/sleep/*.toml``.

    Every field but `name` and `title` is a float with the unit, source and meaning that the table
    gives; the equations stand in `simulate_sleep`.

    Raises
    ------
    ModelError
        If a parameter is not finite, or a time constant, width or period is not above 0.
    """

    name: str
    title: str
    start_wake_hz: float
    start_sleep_hz: float
    start_clock_hz: float
    start_sleep_pressure: float
    start_circadian: float
    start_circadian_complement: float
    start_light_response: float
    start_homeostatic_pain: float
    wake_max_hz: float
    wake_tau_min: float
    wake_from_clock: float
    wake_from_sleep: float
    wake_half: float
    wake_width: float
    awake_above_hz: float
    sleep_max_hz: float
    sleep_tau_min: float
    sleep_from_wake: float
    sleep_from_clock: float
    sleep_half: float
    sleep_half_pressure: float
    sleep_width: float
    clock_max_hz: float
    clock_tau_min: float
    clock_half: float
    clock_width: float
    pressure_max: float
    pressure_rise_min: float
    pressure_fall_min: float
    oscillator_min: float
    oscillator_stiffness: float
    oscillator_period_hours: float
    oscillator_correction: float
    light_sensitivity: float
    light_gain: float
    light_modulation: float
    light_rate_per_min: float
    light_reference_lux: float
    light_recovery_per_min: float
    light_lux: float
    light_min: float
    pain_circadian_offset: float
    pain_circadian_gain: float
    pain_awake: float
    pain_asleep: float
    pain_rise_hours: float
    pain_fall_hours: float
    pain_lowest: float
    pain_highest: float
    sensitivity_amplitude: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        for key in _number_names():
            value = getattr(self, key)
            if not math.isfinite(value):
                msg = f"{self.name}: {key} = {value}: a parameter must be a finite number; correct it."
                raise ModelError(msg)
            must_be_positive = key.endswith(
                ("_min", "_hours", "_width", "_correction", "_reference_lux")
            )
            if must_be_positive and key != "light_min" and value <= 0:
                msg = f"{self.name}: {key} = {value}: times, widths and reference values must be above 0; correct it."
                raise ModelError(msg)
        if not 0 <= self.light_min <= _DAY_MIN or self.light_lux < 0:
            msg = f"{self.name}: light of {self.light_lux} lux for {self.light_min} min a day: it must be 0 lux or more for 0 to {_DAY_MIN:g} min; correct it."
            raise ModelError(msg)


def _number_names() -> tuple[str, ...]:
    """Give the names of the numbers of a sleep model."""
    return tuple(f.name for f in fields(SleepModel) if f.type is float)


@functools.cache
def load_sleep_model(name: str = DEFAULT_MODEL) -> SleepModel:
    """Read a sleep model with its published parameters.

    Parameters
    ----------
    name : str
        Name of a table in ``data/sleep/``.

    Returns
    -------
    SleepModel
    """
    table = load_table(f"{_FOLDER}/{name}")
    keys = {key.rpartition(".")[2]: key for key in table.quantities()}
    numbers = {key: table.number(keys.get(key, key)) for key in _number_names()}
    return SleepModel(name=name, title=table.title, **numbers)


@dataclass(frozen=True, eq=False)
class SleepCourse:
    """Sleep, clock and pain sensitivity over time.

    Attributes
    ----------
    time_min : ndarray of float64, shape (n_samples,)
        Sample times from 0, when the lights go on at the first day, min.
    wake_hz, sleep_hz, clock_hz : ndarray of float64, shape (n_samples,)
        Mean rates of the wake-promoting, sleep-promoting and clock cells, Hz.
    sleep_pressure : ndarray of float64, shape (n_samples,)
        Homeostatic need for sleep, in percent of mean slow-wave activity.
    circadian, circadian_complement : ndarray of float64, shape (n_samples,)
        The two variables of the body clock, no unit.
    light_response : ndarray of float64, shape (n_samples,)
        Share of the light-sensitive elements that are in use, no unit.
    circadian_pain, homeostatic_pain, pain : ndarray of float64, shape (n_samples,)
        The two parts of the pain sensitivity and their sum, in the standard scores of the paper,
        no unit; 0 is about the mean.
    is_asleep : ndarray of bool, shape (n_samples,)
    switch_min : ndarray of float64, shape (n_switches,)
        When sleep and waking begin, in turn, min.
    starts_awake : bool
        Whether the run begins awake, so that the first switch falls asleep.
    """

    time_min: NDArray[np.float64]
    wake_hz: NDArray[np.float64]
    sleep_hz: NDArray[np.float64]
    clock_hz: NDArray[np.float64]
    sleep_pressure: NDArray[np.float64]
    circadian: NDArray[np.float64]
    circadian_complement: NDArray[np.float64]
    light_response: NDArray[np.float64]
    circadian_pain: NDArray[np.float64]
    homeostatic_pain: NDArray[np.float64]
    pain: NDArray[np.float64]
    is_asleep: NDArray[np.bool_]
    switch_min: NDArray[np.float64]
    starts_awake: bool

    def __repr__(self) -> str:
        """One line."""
        return (
            f"SleepCourse({self.time_min.size} samples over {self.time_min[-1] / _DAY_MIN:g} days, "
            f"{self.switch_min.size} switches, pain {self.pain.min():.3f} to {self.pain.max():.3f})"
        )


def simulate_sleep(
    model: SleepModel | None = None, *, days: float, sample_min: float = 30.0
) -> SleepCourse:
    """Follow sleep, body clock and pain sensitivity over days.

    Parameters
    ----------
    model : SleepModel or None
        None for the published one, `load_sleep_model`.
    days : float
        Length of the run, days; a whole number of samples.
    sample_min : float
        Distance of the samples, min, a whole number.

    Returns
    -------
    SleepCourse

    Raises
    ------
    ModelError
        If `days` or `sample_min` is not as said.

    Notes
    -----
    With S(x; m, a, b) = m/2 (1 + tanh((x − b)/a)), wake, sleep and clock cells w, s and k, sleep
    pressure h, clock variables c and x, light response n, light I (lux) and time in minutes::

        τ_w w' = S(0.01 k − 0.2508 s) − w           h' = (h_max − h)/τ_rise   while w > 4 Hz,
        τ_s s' = S(−0.25 w − 0.07 k; b(h)) − s         = −h/τ_fall            otherwise
        τ_k k' = S(c) − k                           n' = α(1 − n) − 0.0075 n,  α = 0.05 √(I/9500)
        c' = π/720 (x + B)                          B = 33.75 (1 − n) α (1 − 0.4 c)(1 − 0.4 x)
        x' = π/720 [0.23 (x − 4x³/3) − c ((24/(0.99669 · 24.2))² + 0.55 B)]

    The pain sensitivity is the sum of 0.03 − 0.3411 c and of a part that tends exponentially to
    0.4125 awake and −0.5088 asleep. That part goes in steps of one minute, each awake or asleep as
    at its start: the published program restarts it from sampled values, and this is the closest
    statement that does not depend on its samples.

    The equations jump at every change of light and whenever w crosses 4 Hz; scipy's LSODA runs from
    one jump to the next, the crossings found as events.
    Checked by ``tests/published/test_sleep.py`` and ``tests/theory/test_sleep.py``.

    References
    ----------
    Crodelle, Vanty & Booth (2023), doi:10.3389/fnins.2023.1166203 (key crodelle2023); values from
    the program published with it (key crodelle2023_program).
    """
    chosen = load_sleep_model() if model is None else model
    n_intervals, per_sample = _sample_counts(days, sample_min)
    minutes, states, switches = _integrate(chosen, n_intervals * per_sample)

    is_awake = states[0] > chosen.awake_above_hz
    homeostatic = _homeostatic_pain(chosen, is_awake)
    circadian = chosen.pain_circadian_offset + chosen.pain_circadian_gain * states[4]
    at = np.arange(n_intervals + 1) * per_sample
    return SleepCourse(
        time_min=minutes[at],
        wake_hz=states[0, at],
        sleep_hz=states[1, at],
        clock_hz=states[2, at],
        sleep_pressure=states[3, at],
        circadian=states[4, at],
        circadian_complement=states[5, at],
        light_response=states[6, at],
        circadian_pain=circadian[at],
        homeostatic_pain=homeostatic[at],
        pain=(circadian + homeostatic)[at],
        is_asleep=~is_awake[at],
        switch_min=np.array(switches),
        starts_awake=bool(is_awake[0]),
    )


def _sample_counts(days: float, sample_min: float) -> tuple[int, int]:
    """Check the times; give the samples after the first, and the minutes between them."""
    if not (math.isfinite(sample_min) and sample_min >= 1 and sample_min == round(sample_min)):
        msg = f"sample_min = {sample_min} min: samples lie a whole number of minutes apart; use for example 30."
        raise ModelError(msg)
    if not 0 < days <= _MAX_DAYS:
        msg = f"days = {days}: a run lasts more than 0 and at most {_MAX_DAYS} days; use for example 6."
        raise ModelError(msg)
    n_intervals = days * _DAY_MIN / sample_min
    if abs(n_intervals - round(n_intervals)) > 1e-9 * n_intervals or round(n_intervals) == 0:
        near = max(1, round(n_intervals)) * sample_min / _DAY_MIN
        msg = f"days = {days} with sample_min = {sample_min} min: a run is a whole number of samples; the nearest is {near:.12g} days."
        raise ModelError(msg)
    return round(n_intervals), round(sample_min)


def _slope(
    _: float, y: NDArray[np.float64], model: SleepModel, is_light: bool, is_awake: bool
) -> list[float]:
    """Time derivative of w, s, k, h, c, x and n, per min."""
    m = model
    w, s, k, h, c, x, n = (float(value) for value in y)

    def curve(value: float, maximum: float, width: float, half: float) -> float:
        return 0.5 * maximum * (1 + math.tanh((value - half) / width))

    to_wake = curve(
        m.wake_from_clock * k + m.wake_from_sleep * s, m.wake_max_hz, m.wake_width, m.wake_half
    )
    to_sleep = curve(
        m.sleep_from_wake * w + m.sleep_from_clock * k,
        m.sleep_max_hz,
        m.sleep_width,
        m.sleep_half + m.sleep_half_pressure * h,
    )
    to_clock = curve(c, m.clock_max_hz, m.clock_width, m.clock_half)
    lux = m.light_lux if is_light else 0.0
    alpha = m.light_rate_per_min * math.sqrt(lux / m.light_reference_lux)
    drive = (
        m.light_gain * (1 - n) * alpha * (1 - m.light_modulation * c) * (1 - m.light_modulation * x)
    )
    turn = math.pi / m.oscillator_min
    frequency = HOURS_PER_DAY / (m.oscillator_correction * m.oscillator_period_hours)
    return [
        (to_wake - w) / m.wake_tau_min,
        (to_sleep - s) / m.sleep_tau_min,
        (to_clock - k) / m.clock_tau_min,
        (m.pressure_max - h) / m.pressure_rise_min if is_awake else -h / m.pressure_fall_min,
        turn * (x + drive),
        turn
        * (
            m.oscillator_stiffness * (x - 4 * x**3 / 3)
            - c * (frequency**2 + m.light_sensitivity * drive)
        ),
        alpha * (1 - n) - m.light_recovery_per_min * n,
    ]


def _crossing(
    _: float, y: NDArray[np.float64], model: SleepModel, is_light: bool, is_awake: bool
) -> float:
    """Change sign where sleep or waking begins."""
    del is_light, is_awake
    return float(y[0] - model.awake_above_hz)


def _light_change_min(model: SleepModel, time_min: float) -> tuple[bool, float]:
    """Say whether there is light from a time on, and when that next changes, min."""
    day_min, within_min = divmod(time_min, _DAY_MIN)
    is_light = within_min < model.light_min
    return is_light, day_min * _DAY_MIN + (model.light_min if is_light else _DAY_MIN)


def _integrate(
    model: SleepModel, n_minutes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[float]]:
    """Give every minute, the seven states at each, and the times of the switches."""
    from scipy.integrate import solve_ivp  # noqa: PLC0415  # a quarter of a second to import

    def event(*args: object) -> float:
        return _crossing(*args)  # type: ignore[arg-type]

    event.terminal = True  # type: ignore[attr-defined]
    minutes = np.arange(n_minutes + 1, dtype=np.float64)
    y = np.array(
        [
            model.start_wake_hz,
            model.start_sleep_hz,
            model.start_clock_hz,
            model.start_sleep_pressure,
            model.start_circadian,
            model.start_circadian_complement,
            model.start_light_response,
        ]
    )
    states = np.empty((y.size, minutes.size))
    states[:, 0] = y
    is_awake = bool(y[0] > model.awake_above_hz)
    switches: list[float] = []
    time_min = 0.0
    filled = 1
    while time_min < n_minutes:
        is_light, change_min = _light_change_min(model, time_min)
        event.direction = -1 if is_awake else 1  # type: ignore[attr-defined]
        run = solve_ivp(
            _slope,
            (time_min, min(change_min, n_minutes)),
            y,
            method="LSODA",
            rtol=_RELATIVE_TOLERANCE,
            atol=_ABSOLUTE_TOLERANCE,
            events=event,
            dense_output=True,
            args=(model, is_light, is_awake),
        )
        if run.status < 0 or not np.isfinite(run.y[:, -1]).all():
            msg = f"{model.name}: the equations could not be followed beyond {run.t[-1]:.1f} min ({run.message}); check the parameters that you changed."
            raise ModelError(msg)
        time_min, y = float(run.t[-1]), run.y[:, -1]
        reached = int(np.floor(time_min)) + 1
        if reached > filled and run.sol is not None:
            states[:, filled:reached] = run.sol(minutes[filled:reached])
            filled = reached
        if run.status == 1:
            switches.append(time_min)
            is_awake = not is_awake
    return minutes, states, switches


def _homeostatic_pain(model: SleepModel, is_awake: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give the homeostatic part of the pain at every minute."""
    keep_awake = math.exp(-_HOMEOSTAT_STEP_MIN / (model.pain_rise_hours * MIN_PER_HOUR))
    keep_asleep = math.exp(-_HOMEOSTAT_STEP_MIN / (model.pain_fall_hours * MIN_PER_HOUR))
    values = np.empty(is_awake.size)
    values[0] = model.start_homeostatic_pain
    for minute, awake in enumerate(is_awake[:-1].tolist()):
        goal, keep = (model.pain_awake, keep_awake) if awake else (model.pain_asleep, keep_asleep)
        values[minute + 1] = goal + (values[minute] - goal) * keep
    return values


def daily_sensitivity_percent(hours_after_waking: ArrayLike) -> NDArray[np.float64]:
    """Give the pain sensitivity of healthy people over the day.

    Parameters
    ----------
    hours_after_waking : array_like of float
        Time since the usual time of waking, h, 0 to 24.

    Returns
    -------
    ndarray of float64
        11 sin(0.25 x + 2.8): deviation from the mean sensitivity, %, of the shape of the input.

    Raises
    ------
    ModelError
        If a time lies outside 0 to 24 h, for which the curve was fitted.

    Notes
    -----
    Highest 20.2 h and lowest 7.7 h after waking. The published curve has a period of 25.1 h, so it
    does not close: hour 24 lies 2.7 percentage points above hour 0.

    References
    ----------
    Crodelle et al. (2019), caption of figure 4 (key crodelle2019).

    Examples
    --------
    >>> round(float(daily_sensitivity_percent(7.65)), 2)
    -11.0
    """
    hours = np.asarray(hours_after_waking, dtype=np.float64)
    outside = ~((hours >= 0) & (hours <= HOURS_PER_DAY))
    if outside.any():
        msg = f"hours_after_waking = {hours[outside].flat[0]} h: the curve was fitted for 0 to {HOURS_PER_DAY:g} h; take the remainder of a division by {HOURS_PER_DAY:g}."
        raise ModelError(msg)
    table = load_table(_DAILY)
    phase = table.number("daily.rate_per_hour") * hours + table.number("daily.phase_rad")
    return np.asarray(table.number("daily.amplitude_percent") * np.sin(phase))


def sensitivity_factor(pain: ArrayLike, model: SleepModel | None = None) -> NDArray[np.float64]:
    """Turn pain sensitivity of the sleep model into a factor around 1.

    Parameters
    ----------
    pain : array_like of float
        `SleepCourse.pain`, no unit.
    model : SleepModel or None
        None for the published one.

    Returns
    -------
    ndarray of float64
        1 − a at the lowest and 1 + a at the highest sensitivity of a regular day, in proportion in
        between and beyond, with the assumed a = 0.11 of the table; never below 0.

    Notes
    -----
    An assumption of this project: the paper gives the sensitivity in standard scores and couples
    it to no circuit.
    """
    chosen = load_sleep_model() if model is None else model
    middle = 0.5 * (chosen.pain_highest + chosen.pain_lowest)
    half_range = 0.5 * (chosen.pain_highest - chosen.pain_lowest)
    share = (np.asarray(pain, dtype=np.float64) - middle) / half_range
    return np.asarray(np.maximum(0.0, 1 + chosen.sensitivity_amplitude * share))


@overload
def scale_sensitivity(circuit: RateCircuit, factor: float) -> RateCircuit: ...
@overload
def scale_sensitivity(circuit: SpikingCircuit, factor: float) -> SpikingCircuit: ...
def scale_sensitivity(
    circuit: RateCircuit | SpikingCircuit, factor: float
) -> RateCircuit | SpikingCircuit:
    """Give a circuit as it is at another pain sensitivity.

    Parameters
    ----------
    circuit : RateCircuit or SpikingCircuit
        The circuit at mean sensitivity.
    factor : float
        Sensitivity relative to its mean, for example from `sensitivity_factor` or
        1 + `daily_sensitivity_percent` / 100; 1 leaves the circuit as it is.

    Returns
    -------
    RateCircuit or SpikingCircuit
        The weights of every connection of C fibers × `factor`; in the rate model g_cp and g_ce.

    Raises
    ------
    ModelError
        If the factor is negative or not finite, or nothing in the circuit belongs to C fibers.

    Notes
    -----
    An assumption of this project, used only where it is asked for: no source says which parameter
    of a circuit follows the sensitivity. The input weights of the C fibers are the choice that
    leaves touch and inhibition alone. Circuits answer steeply, so the output may change by far
    more than the factor.

    Examples
    --------
    >>> from scsim.circuit.catalog import load_circuit
    >>> round(scale_sensitivity(load_circuit("crodelle2019"), 1.1).g_cp, 3)
    0.88
    """
    if not (math.isfinite(factor) and factor >= 0):
        msg = f"sensitivity factor = {factor}: it must be a finite number, 0 or above; 1 leaves the circuit as it is."
        raise ModelError(msg)
    if isinstance(circuit, RateCircuit):
        return replace(circuit, g_cp=circuit.g_cp * factor, g_ce=circuit.g_ce * factor)
    names = {fibers.name for fibers in circuit.fibers if fibers.kind == _C_FIBERS}
    if names:
        scaled = tuple(
            replace(c, weight_microsiemens=c.weight_microsiemens * factor)
            if c.source in names
            else c
            for c in circuit.connections
        )
        return replace(circuit, connections=scaled)
    msg = f"the circuit {circuit.name!r} has no C fibers, whose weights follow the pain sensitivity; choose a circuit that has them, such as crodelle2019."
    raise ModelError(msg)
