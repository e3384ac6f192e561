"""Measure how far schemes are from the limit of short steps, and fast settings from the exact one.

``make accuracy`` runs this and lays the tables into ``docs/accuracy.md``. What is measured on stands in
``accuracy_cases.py``; the tables are made by ``accuracy_report.py``.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import scsim
from benchmarks.accuracy_cases import (
    DETECT_FRACTION,
    GRID_SHAPES,
    GRID_WIDTHS_US,
    ONSET_MS,
    OTHER_STEPS,
    SCHEME_CASES,
    SCHEME_STEPS,
    SETTINGS,
    STEPS_US,
    SchemeCase,
    settings_grid,
    unit_potentials,
)
from scsim.fibers.solver import Scheme, Solver
from scsim.response.drive import Source
from scsim.stimulus import Carrier, PulseTrain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from benchmarks.accuracy_cases import FloatArray
    from scsim.stimulus import PulseShape, Waveform

SEARCH_RTOL: Final = 1e-8
"""Relative width of the last bracket where schemes are compared: a tenth of the smallest error shown."""

GRID_RTOL: Final = 1e-6
"""The same where settings are compared: a hundredth of what they may differ by."""

LATENCY_MULTIPLE: Final = 1.5
"""Latency is measured at this multiple of the limit of the threshold."""

GRID_UPPER_MA: Final = 1e4
GRID_LATENCY_MS: Final = 4.0
"""Time from the end of the stimulus to the window's end in the grid, ms."""


def _protocol(solver: Solver, window_ms: float, **changes: Any) -> scsim.ThresholdProtocol:
    standard = scsim.ThresholdProtocol(
        solver=solver,
        onset_ms=ONSET_MS,
        window_ms=window_ms,
        detect_fraction=DETECT_FRACTION,
        rtol=SEARCH_RTOL,
    )
    return replace(standard, **changes)


def threshold_ma(case: SchemeCase, solver: Solver, near_ma: float | None = None) -> float:
    """Find the threshold of a case.

    Parameters
    ----------
    case : SchemeCase
    solver : Solver
    near_ma : float or None
        A threshold not far from it, mA, which saves trials.

    Returns
    -------
    float
        mA, NaN where the waveform does not fit the step.
    """
    changes = {} if near_ma is None else {"start_ma": near_ma, "growth": 1.01}
    try:
        found = scsim.find_thresholds(
            [case.fiber],
            unit_potentials([case.fiber], [case.distance_mm]),
            case.waveform,
            polarity=case.polarity,
            protocol=_protocol(solver, case.window_ms, **changes),
        )
    except scsim.StimulusError:
        return math.nan
    return float(found.threshold_ma[0])


def latency_ms(case: SchemeCase, solver: Solver, amplitude_ma: float) -> float:
    """Find the time from the onset to the first spike at the detector.

    Parameters
    ----------
    case : SchemeCase
    solver : Solver
    amplitude_ma : float
        Amplitude, mA.

    Returns
    -------
    float
        ms, NaN where the waveform does not fit the step or no spike comes.
    """
    detector = int(DETECT_FRACTION * (case.n_nodes - 1))
    try:
        response = scsim.simulate(
            [case.fiber],
            unit_potentials([case.fiber], [case.distance_mm]),
            case.waveform,
            polarity=case.polarity,
            amplitude_ma=amplitude_ma,
            onsets_ms=(ONSET_MS,),
            record_nodes=(),
            spikes_at=(detector,),
            solver=solver,
            window_ms=case.window_ms,
        )
    except scsim.StimulusError:
        return math.nan
    times = response.spike_times_ms[0][0]
    return float(times[0]) - ONSET_MS if times.size else math.nan


def extrapolate(values: Sequence[float], first_order: int) -> float:
    """Go to the limit of short steps by Richardson's rule, once per pair of values.

    Parameters
    ----------
    values : sequence of float
        At steps that halve from one to the next.
    first_order : int
        Lowest power of the step in the error; the next ones follow by one.

    Returns
    -------
    float
    """
    level = list(values)
    order = first_order
    while len(level) > 1:
        level = [b + (b - a) / (2.0**order - 1.0) for a, b in pairwise(level)]
        order += 1
    return level[0]


@dataclass(frozen=True)
class Measured:
    """One quantity of a case under both schemes.

    Attributes
    ----------
    limit : float
        Limit of short steps of the second-order scheme.
    limits_differ : float
        By what NEURON's scheme, extrapolated too, differs from it (relative).
    neuron, second_order : dict of str to float or None
        Relative error at each step (µs, as text), None where the waveform does not fit it.
    """

    limit: float
    limits_differ: float
    neuron: dict[str, float | None]
    second_order: dict[str, float | None]


def measure_schemes(
    quantity: Callable[[Scheme, float], float], limit_steps_us: Sequence[float]
) -> Measured:
    """Measure the errors of both schemes over the steps.

    Parameters
    ----------
    quantity : callable
        Scheme and step (µs) to a value.
    limit_steps_us : sequence of float
        Steps from which the limits are found, µs.

    Returns
    -------
    Measured
    """
    limit = extrapolate([quantity("second_order", dt) for dt in limit_steps_us[-2:]], 2)
    other = extrapolate([quantity("neuron", dt) for dt in limit_steps_us], 1)

    def errors(scheme: Scheme) -> dict[str, float | None]:
        # The last two steps give the limit, so their errors would say nothing.
        shown = [dt for dt in STEPS_US if dt > limit_steps_us[-2]]
        values = {dt: quantity(scheme, dt) / limit - 1.0 for dt in shown}
        return {f"{dt:g}": None if math.isnan(error) else error for dt, error in values.items()}

    return Measured(limit, other / limit - 1.0, errors("neuron"), errors("second_order"))


def measure_case(case: SchemeCase) -> dict[str, Any]:
    """Measure threshold and latency of a case.

    Parameters
    ----------
    case : SchemeCase

    Returns
    -------
    dict
        ``title``, ``threshold`` and ``latency`` (fields of `Measured`).
    """
    near_ma: list[float] = []

    def threshold(scheme: Scheme, dt_us: float) -> float:
        found = threshold_ma(
            case, Solver(scheme=scheme, dt_us=dt_us), near_ma[0] if near_ma else None
        )
        near_ma[:] = near_ma or [found]
        return found

    thresholds = measure_schemes(threshold, case.limit_steps_us)
    amplitude_ma = LATENCY_MULTIPLE * thresholds.limit
    latencies = measure_schemes(
        lambda scheme, dt: latency_ms(case, Solver(scheme=scheme, dt_us=dt), amplitude_ma),
        case.limit_steps_us,
    )
    return {
        "title": case.title,
        "threshold": asdict(thresholds),
        "latency": asdict(latencies),
    }


@dataclass
class Worst:
    """The largest difference seen, and where."""

    n_cases: int = 0
    n_status: int = 0
    largest: float = 0.0
    where: str = ""

    def add(self, differences: FloatArray, names: Sequence[str], n_status: int) -> None:
        """Take in the differences of some cases; NaN where there was no threshold in either."""
        seen = np.nan_to_num(np.abs(differences), nan=0.0)
        self.n_cases += int(np.isfinite(differences).sum())
        self.n_status += n_status
        if seen.size and seen.max() > self.largest:
            self.largest = float(seen.max())
            self.where = names[int(seen.argmax())]


def _settings_row(
    fibers: Sequence[scsim.Fiber],
    distances_mm: Sequence[float],
    waveform: Waveform | PulseShape,
    exact: Solver,
    worst: dict[str, Worst],
) -> None:
    """Compare all settings with the exact one for one stimulus."""
    potentials = unit_potentials(fibers, distances_mm)
    end_ms = waveform.duration_ms + ONSET_MS

    def thresholds(solver: Solver) -> tuple[FloatArray, npt.NDArray[np.int8]]:
        found = scsim.find_thresholds(
            fibers,
            potentials,
            waveform,
            protocol=_protocol(
                solver, end_ms + GRID_LATENCY_MS, upper_ma=GRID_UPPER_MA, rtol=GRID_RTOL
            ),
        )
        return found.threshold_ma, found.status

    reference, status = thresholds(exact)
    names = [
        f"{fiber.model} {fiber.fiber_diameter_um:g} µm at {distance:g} mm"
        for fiber, distance in zip(fibers, distances_mm, strict=True)
    ]
    for name, (modes, precision) in SETTINGS.items():
        found, other = thresholds(replace(exact, modes=modes, precision=precision))
        worst[name].add(found / reference - 1.0, names, int(np.sum(other != status)))


def measure_grid(scheme: Scheme, dt_us: float) -> list[dict[str, Any]]:
    """Compare settings over fibers, distances, widths and shapes.

    Parameters
    ----------
    scheme : str
    dt_us : float
        Step, µs.

    Returns
    -------
    list of dict
        One per stimulus: its name and, per setting, `Worst`.
    """
    grid = settings_grid()
    rows = []
    for shape in GRID_SHAPES:
        for width_us in GRID_WIDTHS_US:
            worst = {name: Worst() for name in SETTINGS}
            _settings_row(
                [fiber for fiber, _ in grid],
                [distance for _, distance in grid],
                scsim.Pulse(width_us, shape=shape),
                Solver(scheme=scheme, dt_us=dt_us),
                worst,
            )
            rows.append(_row(f"{shape}, {width_us:g} µs", scheme, dt_us, worst))
    return rows


def _row(stimulus: str, scheme: str, dt_us: float, worst: dict[str, Worst]) -> dict[str, Any]:
    settings = {name: asdict(value) for name, value in worst.items()}
    return {"stimulus": stimulus, "scheme": scheme, "dt_us": dt_us, "settings": settings}


def measure_other_steps() -> list[dict[str, Any]]:
    """Compare settings at further steps, for one distance and one width."""
    chosen = [(fiber, distance) for fiber, distance in settings_grid() if distance == 1.0]
    rows = []
    for scheme, dt_us in OTHER_STEPS:
        worst = {name: Worst() for name in SETTINGS}
        _settings_row(
            [fiber for fiber, _ in chosen],
            [distance for _, distance in chosen],
            scsim.Pulse(100.0),
            Solver(scheme=scheme, dt_us=dt_us),
            worst,
        )
        rows.append(_row("monophasic, 100 µs, at 1 mm", scheme, dt_us, worst))
    return rows


TRAIN_HZ: Final = (50.0, 200.0)
TRAIN_MS: Final = 150.0
TRAIN_MULTIPLE: Final = 1.2
TEST_AFTER_MS: Final = 3.0
TRAIN_DIAMETERS_UM: Final = (2.0, 10.0, 16.0)
TRAIN_NODES: Final = 31


def measure_trains(scheme: Scheme, dt_us: float) -> list[dict[str, Any]]:
    """Compare settings in long trains: spikes, and the threshold of a pulse after the train.

    Parameters
    ----------
    scheme : str
    dt_us : float
        Step, µs.

    Returns
    -------
    list of dict
        One per train.
    """
    fibers = [scsim.Fiber("mrg", d, n_nodes=TRAIN_NODES) for d in TRAIN_DIAMETERS_UM]
    potentials = unit_potentials(fibers, [1.0] * len(fibers))
    pulse = scsim.Pulse(200.0)
    exact = Solver(scheme=scheme, dt_us=dt_us)
    alone = scsim.find_thresholds(
        fibers, potentials, pulse, protocol=_protocol(exact, 5.0, rtol=GRID_RTOL)
    ).threshold_ma
    amplitudes = TRAIN_MULTIPLE * alone
    detector = int(DETECT_FRACTION * (TRAIN_NODES - 1))
    test_ms = TRAIN_MS + TEST_AFTER_MS
    rows = []
    for frequency_hz in TRAIN_HZ:
        train = PulseTrain.regular(pulse, frequency_hz, duration_ms=TRAIN_MS, onset_ms=ONSET_MS)
        test = PulseTrain(pulse, (test_ms,))

        def spikes(solver: Solver, train: PulseTrain = train) -> list[FloatArray]:
            response = scsim.simulate(
                fibers,
                potentials,
                train,
                amplitude_ma=[float(a) for a in amplitudes],
                record_nodes=(),
                spikes_at=(detector,),
                solver=solver,
                window_ms=TRAIN_MS + 2.0,
            )
            return [times[0] for times in response.spike_times_ms]

        def later(solver: Solver, train: PulseTrain = train, test: PulseTrain = test) -> FloatArray:
            driven = [
                amplitude * v_e for v_e, amplitude in zip(potentials, amplitudes, strict=True)
            ]
            return scsim.find_thresholds(
                fibers,
                potentials,
                test,
                sources=[Source(driven, train, 1.0)],
                protocol=_protocol(
                    solver,
                    test_ms + 4.0,
                    count_from_ms=test_ms,
                    start_ma=float(np.median(amplitudes)),
                    rtol=GRID_RTOL,
                ),
            ).threshold_ma

        reference, reference_ma = spikes(exact), later(exact)
        settings = {}
        for name, (modes, precision) in SETTINGS.items():
            solver = replace(exact, modes=modes, precision=precision)
            found, found_ma = spikes(solver), later(solver)
            equal = [a.size == b.size for a, b in zip(found, reference, strict=True)]
            shifts = [
                float(np.max(np.abs(a - b)))
                for a, b in zip(found, reference, strict=True)
                if a.size == b.size and a.size
            ]
            settings[name] = {
                "equal_counts": all(equal),
                "largest_shift_ms": max(shifts, default=math.nan),
                "later_threshold": float(np.max(np.abs(found_ma / reference_ma - 1.0))),
            }
        rows.append(
            {
                "frequency_hz": frequency_hz,
                "scheme": scheme,
                "dt_us": dt_us,
                "n_spikes": [int(times.size) for times in reference],
                "later_over_alone": [float(r) for r in reference_ma / alone],
                "settings": settings,
            }
        )
    return rows


BLOCK_HZ: Final = 10_000.0
BLOCK_NODES: Final = 31
BLOCK_WINDOW_MS: Final = 30.0
BLOCK_FROM_MS: Final = 17.0
BLOCK_TESTS_MS: Final = (18.0, 22.0, 26.0)
BLOCK_STEPS: Final = (("neuron", 2.5), ("second_order", 5.0))
BLOCK_DIAMETERS_UM: Final = (5.7, 10.0, 16.0)
BLOCK_RTOL: Final = 1e-4
"""Width of the last bracket of block: near its threshold fibers answer irregularly."""
BLOCK_START: Final = 1.5
BLOCK_GROWTH: Final = 1.05
"""First trial over the activation threshold, and factor between trials: block is not monotonic, and long
strides miss its first range."""
ACTIVATION_MS: Final = 2.0


def measure_kilohertz(scheme: Scheme, dt_us: float) -> list[dict[str, Any]]:
    """Compare settings under a sine of 10 kHz: activation and block thresholds.

    Parameters
    ----------
    scheme : str
    dt_us : float
        Step, µs.

    Returns
    -------
    list of dict
        One per fiber.
    """
    exact = Solver(scheme=scheme, dt_us=dt_us)
    tests = [
        scsim.IntracellularPulse(node=1, current_na=2.0, start_ms=start, duration_ms=0.2)
        for start in BLOCK_TESTS_MS
    ]
    rows = []
    for diameter_um in BLOCK_DIAMETERS_UM:
        fiber = scsim.Fiber("mrg_discrete", diameter_um, n_nodes=BLOCK_NODES)
        potentials = unit_potentials([fiber], [1.0])

        def activation(
            solver: Solver,
            fiber: scsim.Fiber = fiber,
            potentials: Sequence[FloatArray] = potentials,
        ) -> float:
            found = scsim.find_thresholds(
                [fiber],
                potentials,
                Carrier("sine", BLOCK_HZ, onset_ms=ONSET_MS, end_ms=ONSET_MS + ACTIVATION_MS),
                protocol=_protocol(solver, ACTIVATION_MS + 4.0, rtol=GRID_RTOL),
            )
            return float(found.threshold_ma[0])

        def block(
            solver: Solver,
            near_ma: float,
            growth: float,
            fiber: scsim.Fiber = fiber,
            potentials: Sequence[FloatArray] = potentials,
        ) -> float:
            found = scsim.find_thresholds(
                [fiber],
                potentials,
                Carrier("sine", BLOCK_HZ),
                intracellular=tests,
                protocol=_protocol(
                    solver,
                    BLOCK_WINDOW_MS,
                    outcome="blocks",
                    count_from_ms=BLOCK_FROM_MS,
                    start_ma=near_ma,
                    growth=growth,
                    rtol=BLOCK_RTOL,
                ),
            )
            return float(found.threshold_ma[0])

        active_ma = activation(exact)
        block_ma = block(exact, BLOCK_START * active_ma, BLOCK_GROWTH)
        settings = {}
        for name, (modes, precision) in SETTINGS.items():
            solver = replace(exact, modes=modes, precision=precision)
            settings[name] = {
                "activation": activation(solver) / active_ma - 1.0,
                "block": block(solver, block_ma, 1.005) / block_ma - 1.0,
            }
        rows.append(
            {
                "fiber_diameter_um": diameter_um,
                "scheme": scheme,
                "dt_us": dt_us,
                "activation_ma": active_ma,
                "block_ma": block_ma,
                "settings": settings,
            }
        )
    return rows


PARTS: Final[dict[str, Callable[[], list[dict[str, Any]]]]] = {
    "grid": lambda: [row for pair in SCHEME_STEPS for row in measure_grid(*pair)],
    "other_steps": measure_other_steps,
    "trains": lambda: [row for pair in SCHEME_STEPS for row in measure_trains(*pair)],
    "kilohertz": lambda: [row for pair in BLOCK_STEPS for row in measure_kilohertz(*pair)],
}
"""Comparisons of settings, in order."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, and write the file of results.

    Parameters
    ----------
    arguments : list of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0.
    """
    cases = {case.name: case for case in SCHEME_CASES}
    parser = argparse.ArgumentParser(description="Accuracy of schemes and settings.")
    parser.add_argument("json", type=Path, help="file of results; what is not measured is kept")
    parser.add_argument("--only", nargs="+", choices=[*cases, *PARTS], metavar="PART")
    options = parser.parse_args(arguments)
    content: dict[str, Any] = {}
    if options.json.exists():
        content = json.loads(options.json.read_text(encoding="utf-8"))
    for part in options.only or [*cases, *PARTS]:
        start = time.process_time()
        if part in cases:
            measured = {**content.get("schemes", {}), part: measure_case(cases[part])}
            content["schemes"] = {name: measured[name] for name in cases if name in measured}
        else:
            content[part] = PARTS[part]()
        sys.stdout.write(f"{part}: {time.process_time() - start:.0f} s of CPU time\n")
        sys.stdout.flush()
        content["date"] = datetime.now(tz=UTC).date().isoformat()
        content["version"] = scsim.__version__
        text = json.dumps(content, indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
