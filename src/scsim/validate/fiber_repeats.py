"""Runs the rows of fibers that are stimulated again and again: recovery, trains, kilohertz block.

Each function takes the rows of one group, which share their course in time, and gives the checks of each.
What a row describes is in ``fiber_rows.py``, tolerances are in ``tolerances.py``.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ResultsError, Status
from scsim.response.drive import IntracellularPulse, Source
from scsim.response.simulate import simulate
from scsim.response.threshold import ThresholdProtocol, search_thresholds
from scsim.stimulus.carrier import Carrier
from scsim.stimulus.train import PulseTrain
from scsim.units import MS_PER_S
from scsim.validate.fiber_rows import (
    SEARCH_RTOL,
    SPIKE_MV,
    detect_fraction,
    make_fiber,
    make_potential,
    make_pulse,
    make_solver,
    pick,
    read_times,
    remark,
    sign_of,
)
from scsim.validate.report import Check, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.stimulus.carrier import Form
    from scsim.validate.reading import Row

    FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

RECOVERY_COLUMNS: Final = (
    "case_id", "model", "diameter_um", "n_nodes", "medium", "electrode", "distance_um", "pw_ms",
    "dt_ms", "t_on_ms", "conditioning_mA", "ipi_ms", "tstop_ms", "detect_node",
    "test_threshold_mA", "unconditioned_threshold_mA",
)  # fmt: skip
RECOVERY_GROUP: Final = (
    "n_nodes", "pw_ms", "dt_ms", "t_on_ms", "ipi_ms", "tstop_ms", "detect_node",
)  # fmt: skip
TRAIN_COLUMNS: Final = (
    "case_id", "model", "diameter_um", "n_nodes", "medium", "electrode", "distance_um", "waveform",
    "pw_ms", "freq_Hz", "n_pulses", "t_on_ms", "dt_ms", "tstop_ms", "amp_mA", "detect_node",
    "n_spikes", "spike_times_ms",
)  # fmt: skip
TRAIN_GROUP: Final = (
    "n_nodes", "waveform", "pw_ms", "freq_Hz", "n_pulses", "t_on_ms", "dt_ms", "tstop_ms",
    "detect_node",
)  # fmt: skip
BLOCK_COLUMNS: Final = (
    "case_id", "model", "diameter_um", "n_nodes", "medium", "electrode", "distance_um", "waveform",
    "freq_kHz", "khz_on_ms", "khz_off_ms", "dt_ms", "tstop_ms", "test_iclamp_node",
    "test_iclamp_nA", "test_iclamp_dur_ms", "test_iclamp_onsets_ms", "block_delay_ms",
    "detect_node", "block_threshold_lo_mA", "block_threshold_hi_mA", "rtol",
)  # fmt: skip
BLOCK_GROUP: Final = (
    "n_nodes", "waveform", "freq_kHz", "khz_on_ms", "khz_off_ms", "dt_ms", "tstop_ms",
    "test_iclamp_node", "test_iclamp_nA", "test_iclamp_dur_ms", "test_iclamp_onsets_ms",
    "block_delay_ms", "detect_node", "rtol",
)  # fmt: skip

_RECOVERY_GROWTH: Final = 1.3
_RECOVERY_RANGE: Final = 40.0
"""The tables' search for the second pulse: from the single-pulse threshold by this factor, up to this multiple."""

_BLOCK_GROWTH: Final = 1.25
"""The tables' search for block: from a small amplitude by this factor."""

_BLOCK_GROWN: Final = 6
"""Factors between the first trial and the one below the bracket: a quarter of the block threshold."""

_BLOCK_RANGE: Final = 4.0
"""Multiple of the row's bracket at which the search for block gives up: far outside any tolerance."""

_FORMS: Final[MappingProxyType[str, Form]] = MappingProxyType({"sine": "sine", "square": "square"})


def check_recovery(rows: Sequence[Row]) -> list[tuple[tuple[Check, ...], str]]:
    """Compare the thresholds of a second pulse some time after the first.

    Parameters
    ----------
    rows : sequence of Row
        Of ``recovery_cycle.csv``, equal in `RECOVERY_GROUP`.

    Returns
    -------
    list of (tuple of Check, str)
        Checks of each row, and what to know of its search.
    """
    head = rows[0]
    fibers = [make_fiber(row) for row in rows]
    pulse = make_pulse(head)
    onset_ms = head.finite("t_on_ms")
    # Multiples of each row's single-pulse threshold are searched, so that rows of unlike thresholds share lanes.
    test = [
        make_potential(row, fiber, row.finite("unconditioned_threshold_mA"))
        for row, fiber in zip(rows, fibers, strict=True)
    ]
    conditioning = Source(
        [
            make_potential(row, fiber, row.finite("conditioning_mA"))[None, :]
            for row, fiber in zip(rows, fibers, strict=True)
        ],
        PulseTrain(pulse, (onset_ms,)),
        amplitude_ma=1.0,
        shares=(1.0,),
    )
    protocol = ThresholdProtocol(
        solver=make_solver(head),
        onset_ms=onset_ms + head.finite("ipi_ms"),
        window_ms=head.finite("tstop_ms"),
        detect_fraction=detect_fraction(head),
        spike_mv=SPIKE_MV,
        n_spikes=2,
        growth=_RECOVERY_GROWTH,
        start_ma=1.0,
        upper_ma=_RECOVERY_RANGE,
        rtol=SEARCH_RTOL,
    )
    found = search_thresholds(fibers, test, pulse, protocol, sources=(conditioning,))
    multiple = 0.5 * (found.lower_ma + found.upper_ma)
    return [
        _compare_recovery(row, float(multiple[i]), int(found.status[i]))
        for i, row in enumerate(rows)
    ]


def _compare_recovery(row: Row, multiple: float, status: int) -> tuple[tuple[Check, ...], str]:
    expected_ma = row.number("test_threshold_mA")
    if math.isnan(expected_ma):
        # Undecided without an upper end: a spike was on its way when the time was over, and none arrived.
        is_refractory = math.isinf(multiple) and status in (
            Status.NO_THRESHOLD_IN_RANGE,
            Status.NOT_DECIDED,
        )
        return (measure("second_spike", 0.0 if is_refractory else 1.0),), ""
    test_ma = multiple * row.finite("unconditioned_threshold_mA")
    return (measure("recovery_threshold", (test_ma - expected_ma) / expected_ma),), remark(status)


def check_trains(rows: Sequence[Row]) -> list[tuple[tuple[Check, ...], str]]:
    """Compare the spikes of pulse trains.

    Parameters
    ----------
    rows : sequence of Row
        Of ``trains.csv``, equal in `TRAIN_GROUP`.

    Returns
    -------
    list of (tuple of Check, str)
        Checks of each row; nothing to remark.
    """
    head = rows[0]
    fibers = [make_fiber(row) for row in rows]
    train = PulseTrain.regular(
        make_pulse(head),
        head.finite("freq_Hz"),
        n_pulses=head.integer("n_pulses"),
        onset_ms=head.finite("t_on_ms"),
    )
    response = simulate(
        fibers,
        [
            make_potential(row, fiber, sign_of(row, "amp_mA"))[None, :]
            for row, fiber in zip(rows, fibers, strict=True)
        ],
        train,
        amplitude_ma=[abs(row.finite("amp_mA")) for row in rows],
        shares=(1.0,),
        record_nodes=(),
        spikes_at=(head.integer("detect_node"),),
        solver=make_solver(head),
        window_ms=head.finite("tstop_ms"),
    )
    return [(_compare_train(row, response.spike_times_ms[i][0]), "") for i, row in enumerate(rows)]


def _compare_train(row: Row, spikes_ms: FloatArray) -> tuple[Check, ...]:
    """Compare number and times of spikes; the tables give the first step above the spike voltage."""
    dt_ms = row.finite("dt_ms")
    expected = np.rint(np.array(read_times(row, "spike_times_ms")) / dt_ms)
    counted = measure("train_spikes", spikes_ms.size - row.integer("n_spikes"))
    if spikes_ms.size != expected.size:
        return counted, measure("train_times", math.nan)
    late = np.abs(np.ceil(spikes_ms / dt_ms) - expected)
    return counted, measure("train_times", late.max(initial=0.0))


def check_block(rows: Sequence[Row]) -> list[tuple[tuple[Check, ...], str]]:
    """Compare the first amplitude of a carrier at which no test spike passes.

    Parameters
    ----------
    rows : sequence of Row
        Of ``khz_block.csv``, equal in `BLOCK_GROUP`.

    Returns
    -------
    list of (tuple of Check, str)
        Checks of each row, and what to know of its search.
    """
    head = rows[0]
    fibers = [make_fiber(row) for row in rows]
    # Multiples of the amplitude below each row's bracket are searched, so that rows share lanes.
    grown_ma = [grown_amplitude(row) for row in rows]
    end_ms = head.finite("khz_off_ms")
    window_ms = head.finite("tstop_ms")
    carrier = Carrier(
        pick(head, "waveform", _FORMS),
        head.finite("freq_kHz") * MS_PER_S,  # periods per ms → per s
        onset_ms=head.finite("khz_on_ms"),
        end_ms=end_ms if end_ms < window_ms else math.inf,
    )
    protocol = ThresholdProtocol(
        solver=make_solver(head),
        onset_ms=0.0,
        window_ms=window_ms,
        detect_fraction=detect_fraction(head),
        spike_mv=SPIKE_MV,
        outcome="blocks",
        count_from_ms=head.finite("block_delay_ms"),
        growth=_BLOCK_GROWTH,
        start_ma=_BLOCK_GROWTH**-_BLOCK_GROWN,
        upper_ma=_BLOCK_RANGE,
        rtol=head.finite("rtol"),
    )
    found = search_thresholds(
        fibers,
        [
            make_potential(row, fiber, amplitude_ma)
            for row, fiber, amplitude_ma in zip(rows, fibers, grown_ma, strict=True)
        ],
        carrier,
        protocol,
        intracellular=tuple(
            IntracellularPulse(
                head.integer("test_iclamp_node"),
                head.finite("test_iclamp_nA"),
                onset_ms,
                head.finite("test_iclamp_dur_ms"),
            )
            for onset_ms in read_times(head, "test_iclamp_onsets_ms")
        ),
    )
    multiple = 0.5 * (found.lower_ma + found.upper_ma)
    return [
        (
            (_compare_block(row, float(multiple[i]) * grown_ma[i]),),
            remark(int(found.status[i])),
        )
        for i, row in enumerate(rows)
    ]


def _compare_block(row: Row, threshold_ma: float) -> Check:
    """Compare a block threshold with the middle of the row's bracket."""
    low, high = (row.finite(f"block_threshold_{end}_mA") for end in ("lo", "hi"))
    expected_ma = 0.5 * (low + high)
    return measure("block_threshold", (threshold_ma - expected_ma) / expected_ma)


def grown_amplitude(row: Row) -> float:
    """Find the last amplitude without block while the tables' search was growing.

    Block need not hold at every larger amplitude, so what a search finds depends on what it tries. Bisection
    halves the interval from a to 1.25 a until it is the row's bracket, from which a follows: the same
    amplitudes are then tried here. The lower end of a bracket that is no such part is taken as a.

    Parameters
    ----------
    row : Row
        Of ``khz_block.csv``.

    Returns
    -------
    float
        a, mA, with the sign of the row.

    Raises
    ------
    ResultsError
        If the bracket has no width, or its ends do not have one sign.
    """
    low, high = (row.finite(f"block_threshold_{end}_mA") for end in ("lo", "hi"))
    if not (low * high > 0.0 and abs(high) > abs(low)):
        msg = (
            f"block_threshold_hi_mA = {high:g} in {row.path}:{row.line}: the blocked end of a bracket lies "
            f"beyond block_threshold_lo_mA = {low:g} mA; correct the cells or remove the line."
        )
        raise ResultsError(msg)
    part = (high - low) / (_BLOCK_GROWTH - 1.0)
    grown = part * 2.0 ** math.floor(math.log2(low / part))
    return grown if low / grown < _BLOCK_GROWTH else low
