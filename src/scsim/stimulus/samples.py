"""Waveforms given by samples, in memory or in a file.

A file is CSV with the header ``time_ms,level``; empty lines and lines that begin with # are skipped.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from scsim.errors import StimulusError
from scsim.stimulus.waveform import SampledWaveform, check_grid, require_whole_steps
from scsim.units import MICROCOULOMB_PER_MA_US, MS_PER_US

Interpolation = Literal["hold", "linear"]

INTERPOLATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hold": "a level stays until the next sample",
        "linear": "straight lines from sample to sample",
    }
)
"""What is between the samples of a waveform."""

HEADER: Final = ("time_ms", "level")

_ROUNDING: Final = 1e-6
"""By how much a level may exceed 1 (no unit): files are written with six digits or more."""


@dataclass(frozen=True)
class Samples:
    """A waveform through given samples.

    Attributes
    ----------
    time_ms : tuple of float
        Times in rising order, ms from 0; before the first the level is 0.
    level : tuple of float
        Levels relative to the amplitude, from -1 to 1 (no unit); the last is 0, its time is the end. For
        amplitudes that mean what they say, the largest has the size 1, and the first phase is positive.
    interpolation : {"hold", "linear"}
        See `INTERPOLATIONS`.

    Raises
    ------
    StimulusError
        If there are fewer than two samples, or times or levels are not as said.

    Notes
    -----
    With ``hold`` the times are whole numbers of steps, with ``linear`` they are at least one step apart.
    Checked by ``tests/unit/test_stimulus_samples.py``.
    """

    time_ms: tuple[float, ...]
    level: tuple[float, ...]
    interpolation: Interpolation = "hold"

    def __post_init__(self) -> None:
        times = tuple(float(time) for time in self.time_ms)
        levels = tuple(float(level) for level in self.level)
        object.__setattr__(self, "time_ms", times)
        object.__setattr__(self, "level", levels)
        if len(times) != len(levels):
            msg = f"{len(times)} times and {len(levels)} levels: give one level per time."
            raise StimulusError(msg)
        if self.interpolation not in INTERPOLATIONS:
            msg = (
                f"interpolation = {self.interpolation!r}: allowed are {', '.join(INTERPOLATIONS)}. "
                "Choose one of these."
            )
            raise StimulusError(msg)
        fault = _first_fault(times, levels)
        if fault is not None:
            msg = f"sample {fault[0] + 1} of {len(times)}: {fault[1]}"
            raise StimulusError(msg)

    @property
    def duration_ms(self) -> float:
        """Time after which the level is 0 for good, ms."""
        return self.time_ms[-1]

    @property
    def net_charge_uc_per_ma(self) -> float:
        """Charge left over at the end per mA of amplitude, µC."""
        widths_us = np.diff(self.time_ms) / MS_PER_US
        level = np.asarray(self.level)
        mean = level[:-1] if self.interpolation == "hold" else 0.5 * (level[:-1] + level[1:])
        return math.fsum(widths_us * mean) * MICROCOULOMB_PER_MA_US

    def sample(self, dt_ms: float, n_steps: int, *, midpoint: bool = False) -> SampledWaveform:
        """Give the level of each step.

        Parameters
        ----------
        dt_ms, n_steps, midpoint
            As in `scsim.stimulus.Waveform`.

        Returns
        -------
        SampledWaveform

        Raises
        ------
        StimulusError
            If the samples do not fit the step.
        """
        check_grid(dt_ms, n_steps)
        times, level = np.asarray(self.time_ms), np.asarray(self.level)
        edges = np.zeros(n_steps, dtype=np.bool_)
        if self.interpolation == "hold":
            subject = "the samples (time_ms is in ms), held until the next one, lie at"
            require_whole_steps(subject, (times / MS_PER_US).tolist(), dt_ms)
            starts = np.rint(times / dt_ms).astype(np.int64)
            index = np.searchsorted(starts, np.arange(n_steps), side="right") - 1
            levels = np.where(index >= 0, level[index], 0.0)
            jumps = starts[np.diff(level, prepend=0.0) != 0.0]
            edges[jumps[jumps < n_steps]] = True
            return SampledWaveform(levels, edges)
        closest_ms = float(np.min(np.diff(times)))
        if closest_ms < dt_ms * (1.0 - _ROUNDING):
            msg = (
                f"samples (time_ms is in ms) {closest_ms:g} ms apart are lost between steps of dt_ms = "
                f"{dt_ms:g} ms. Use a step that is no longer, or leave samples out."
            )
            raise StimulusError(msg)
        at = (np.arange(n_steps) + (0.5 if midpoint else 0.0)) * dt_ms
        levels = np.interp(at, times, level, left=0.0, right=0.0)
        if self.level[0] != 0.0:
            subject = "the samples (time_ms is in ms) begin with a jump at"
            require_whole_steps(subject, [self.time_ms[0] / MS_PER_US], dt_ms)
            first = round(self.time_ms[0] / dt_ms)
            edges[first : first + 1] = True
        return SampledWaveform(levels, edges)


def read_samples(path: str | PathLike[str], *, interpolation: Interpolation = "hold") -> Samples:
    """Read a waveform from a CSV file with the header ``time_ms,level``.

    Parameters
    ----------
    path : path
        The file, in UTF-8.
    interpolation : {"hold", "linear"}
        See `INTERPOLATIONS`.

    Returns
    -------
    Samples

    Raises
    ------
    StimulusError
        If the file cannot be read, or a line is not as `Samples` needs it; names file and line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read as text ({error}). Give a CSV file in UTF-8."
        raise StimulusError(msg) from error
    rows = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(text.splitlines()), start=1)
        if any(cell.strip() for cell in row) and not row[0].startswith("#")
    ]
    header_line, header = rows[0] if rows else (1, [])
    if tuple(header) != HEADER:
        msg = (
            f"{path}:{header_line}: the header is {','.join(header)!r}; it must be "
            f"{','.join(HEADER)!r}. Name the columns like this, times in ms and levels relative to the "
            "amplitude."
        )
        raise StimulusError(msg)
    times, levels = [], []
    for line, row in rows[1:]:
        try:
            time, level = (float(cell) for cell in row)
        except ValueError:
            msg = f"{path}:{line}: {','.join(row)!r} is not a time in ms and a level. Write, for example, 0.1,1.0."
            raise StimulusError(msg) from None
        times.append(time)
        levels.append(level)
    fault = _first_fault(times, levels)
    if fault is not None:
        line = rows[fault[0] + 1][0] if fault[0] + 1 < len(rows) else rows[-1][0]
        msg = f"{path}:{line}: {fault[1]}"
        raise StimulusError(msg)
    return Samples(tuple(times), tuple(levels), interpolation)


def _first_fault(times: Sequence[float], levels: Sequence[float]) -> tuple[int, str] | None:
    """Index of the first sample that cannot be, and what is wrong with it; None if all can."""
    if len(times) < 2:
        return (
            0,
            f"a waveform needs 2 samples or more, and has {len(times)}. Add its end, with level 0.",
        )
    before = -math.inf
    for k, (time, level) in enumerate(zip(times, levels, strict=True)):
        fault = _fault(time, level, before)
        if fault:
            return k, fault
        before = time
    if levels[-1] != 0.0:
        return len(levels) - 1, (
            f"level = {levels[-1]:g}: the last level must be 0, at the time when the waveform ends. Add "
            "such a sample."
        )
    return None


def _fault(time: float, level: float, before: float) -> str:
    """Say what is wrong with a sample after another; empty if nothing is."""
    if not (math.isfinite(time) and math.isfinite(level)):
        return f"time_ms = {time:g} ms, level = {level:g}: both must be finite. Correct them."
    if time < 0.0:
        return f"time_ms = {time:g} ms: a simulation begins at 0 ms. Move the times."
    if time <= before:
        return (
            f"time_ms = {time:g} ms after {before:g} ms: times must rise. Sort the samples and "
            "remove doubles."
        )
    if abs(level) > 1.0 + _ROUNDING:
        return (
            f"level = {level:g}: levels are relative to the amplitude, from -1 to 1. Divide by the "
            "largest and give that as the amplitude."
        )
    return ""
