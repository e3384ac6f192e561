"""A waveform in the window of a simulation: placed, sampled and refused where it cannot be meant."""

import math
from collections.abc import Sequence
from typing import Final

from scsim.errors import StimulusError
from scsim.stimulus.segments import PulseShape
from scsim.stimulus.train import PulseTrain
from scsim.stimulus.waveform import SampledWaveform, Waveform, check_grid

_ROUNDING: Final = 1e-9
"""How much longer than the window a waveform may be, relative to it (no unit)."""


def place(waveform: Waveform | PulseShape, onsets_ms: Sequence[float]) -> Waveform:
    """Give a lone pulse its place in time; any other waveform has one and stays as it is.

    Parameters
    ----------
    waveform : Waveform or PulseShape
    onsets_ms : sequence of float
        Starts of the pulse, ms; used for a pulse only.

    Returns
    -------
    Waveform

    Raises
    ------
    StimulusError
        If it is no waveform, or the pulses overlap.
    """
    if isinstance(waveform, PulseShape):
        return PulseTrain(waveform, tuple(onsets_ms))
    if not isinstance(waveform, Waveform):
        msg = (
            f"{waveform!r} is no waveform: it has no duration_ms and sample. Give a Pulse, a PulseTrain, "
            "a Carrier or Samples."
        )
        raise StimulusError(msg)
    return waveform


def check_waveform(
    waveform: Waveform, dt_ms: float, window_ms: float, *, midpoint: bool = False
) -> SampledWaveform:
    """Sample a waveform over a window, and refuse one that cannot be meant.

    Parameters
    ----------
    waveform : Waveform
    dt_ms : float
        Time step, ms.
    window_ms : float
        Simulated time from t = 0, ms.
    midpoint : bool
        As in `Waveform`.

    Returns
    -------
    SampledWaveform
        Of round(window_ms / dt_ms) steps.

    Raises
    ------
    StimulusError
        If the waveform does not fit the step, ends after the window, or is zero everywhere in it. A
        waveform without end, and the recharge of a train, may go on beyond the window.
    """
    n_steps = round(window_ms / dt_ms) if dt_ms > 0.0 else 0
    check_grid(dt_ms, n_steps)
    found = waveform.sample(dt_ms, n_steps, midpoint=midpoint)
    end_ms = waveform.duration_ms
    if isinstance(waveform, PulseTrain):
        end_ms = waveform.pulses_end_ms
    if window_ms * (1.0 + _ROUNDING) < end_ms < math.inf:
        msg = (
            f"the waveform ends at {end_ms:g} ms, after the window of window_ms = {window_ms:g} ms. "
            "Lengthen the window, or shorten the waveform or move it forward."
        )
        raise StimulusError(msg)
    if not found.levels.any():
        msg = (
            f"the waveform is zero everywhere in the window of window_ms = {window_ms:g} ms. Give it a "
            "level, move it forward, or lengthen the window."
        )
        raise StimulusError(msg)
    return found
