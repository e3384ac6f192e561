"""What linear theory says of a stimulus: activating function, and thresholds predicted without a search.

The activating function is what the field does to a node before any current has spread (Rattay 1986). The
predictor lets the current spread: it is the response of the fiber linearized about rest, in which
channels follow to first order. Exact thresholds belong to `threshold.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.errors import ModelError, Status, StimulusError, advice
from scsim.fibers.assemble import check_potentials
from scsim.fibers.chain import node_chain
from scsim.formats.tables import load_table
from scsim.response.drive import apply_shares, check_amplitude
from scsim.response.simulate import simulate
from scsim.response.threshold import ThresholdProtocol
from scsim.stimulus.segments import PulseShape
from scsim.stimulus.train import PulseTrain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scsim.fibers.fiber import Fiber
    from scsim.stimulus.waveform import Waveform

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

_TABLE: Final = "response/linear_threshold"

_SMALL_MV: Final = 0.01
"""Largest outside potential at which the response is computed, mV. Gates change their rates over several
mV, so the response is linear to a thousandth; rounding of 1e-12 mV is far below."""

_ROUNDING: Final = 1e-9
"""Rise over the largest outside potential (no unit) below which nothing rises: 1e-13 mV of rounding in v_m over
that potential of 0.01 mV, and some room."""


@dataclass(frozen=True)
class ActivatingFunction:
    """Activating function along one fiber, at its nodes.

    Attributes
    ----------
    current_na : ndarray of float64, shape (n_nodes,)
        Current that the field drives into each node, nA: the sum over both neighbors of axial conductance
        times potential of the neighbor less that of the node. An intracellular electrode at every node
        that gave this current would act as the field does. 0 at passive end nodes.
    rate_mv_per_ms : ndarray of float64, shape (n_nodes,)
        The same over the capacitance of a node, mV/ms: how fast v_m rises at the onset of a step.
        Positive depolarizes.
    """

    current_na: FloatArray
    rate_mv_per_ms: FloatArray

    def __str__(self) -> str:
        """One line: where it is largest."""
        node = int(np.argmax(self.rate_mv_per_ms))
        return (
            f"largest at node {node}: {self.rate_mv_per_ms[node]:.4g} mV/ms, "
            f"{self.current_na[node]:.4g} nA"
        )


@dataclass(frozen=True)
class PredictedThresholds:
    """Thresholds predicted from the linear response of some fibers.

    Attributes
    ----------
    threshold_ma : ndarray of float64, shape (n_fibers,)
        Prediction, mA; NaN where `status` is not OK.
    lower_ma, upper_ma : ndarray of float64, shape (n_fibers,)
        Bracket that held the exact threshold in every case it was measured on, mA.
    rise_mv_per_ma : ndarray of float64, shape (n_fibers,)
        Largest rise of v_m over all nodes and the time of the stimulus, mV per mA; the search of thresholds
        starts from it too.
    node : ndarray of int64, shape (n_fibers,)
        Where it is.
    duration_ms : ndarray of float64, shape (n_fibers,)
        How long the rise lasts there while the stimulus does: its positive part over time, divided by its
        largest value, ms.
    n_raised : ndarray of float64, shape (n_fibers,)
        How many nodes rise with it: sum of all positive rises at that time, divided by the largest.
    status : ndarray of int8, shape (n_fibers,)
        OK, NO_THRESHOLD_IN_RANGE where nothing rises, or NOT_FINITE.
    """

    threshold_ma: FloatArray
    lower_ma: FloatArray
    upper_ma: FloatArray
    rise_mv_per_ma: FloatArray
    node: IntArray
    duration_ms: FloatArray
    n_raised: FloatArray
    status: npt.NDArray[np.int8]

    def __str__(self) -> str:
        """One line per fiber."""
        return "\n".join(
            f"fiber {i}: about {self.threshold_ma[i]:.3g} mA, between {self.lower_ma[i]:.3g} and "
            f"{self.upper_ma[i]:.3g} mA"
            if state == Status.OK
            else f"fiber {i}: {Status(state).name.lower()}: {advice(state)}"
            for i, state in enumerate(self.status)
        )


@dataclass(frozen=True)
class _Law:
    """Measured law of the depolarization at threshold of one fiber model; see `predict_thresholds`."""

    critical_depolarization_mv: float
    duration_exponent: float
    spread_exponent: float
    bracket_factor: float

    def depolarization_mv(self, duration_ms: FloatArray, n_raised: FloatArray) -> FloatArray:
        return np.asarray(
            self.critical_depolarization_mv
            * duration_ms**self.duration_exponent
            * n_raised**self.spread_exponent
        )


def activating_function(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    *,
    amplitude_ma: float = 1.0,
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
) -> tuple[ActivatingFunction, ...]:
    """Compute the activating function of a field at the nodes of each fiber.

    ``i_k = g_(k-1) (v_e,k-1 - v_e,k) + g_k (v_e,k+1 - v_e,k)`` and ``f_k = i_k / c``: the second difference of
    the outside potential, weighted by the axial conductance g from node to node, and divided by the capacitance
    c of a node. In a fiber without myelin the nodes are its sections; between the nodes of a myelinated one
    current is taken not to leave. At a sealed end the missing neighbor drops out.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    amplitude_ma : float
        Amplitude, mA, > 0.
    shares, polarity
        As in `scsim.find_thresholds`.

    Returns
    -------
    tuple of ActivatingFunction, one per fiber

    Raises
    ------
    GeometryError, StimulusError
        If potentials do not belong to the fibers, or shares do not fit the contacts.

    Notes
    -----
    Checked by ``tests/theory/test_activating_function.py``.

    References
    ----------
    Rattay (1986), doi:10.1109/TBME.1986.325670 (rattay1986); Rattay (1989), doi:10.1109/10.32099
    (rattay1989).
    """
    check_amplitude(amplitude_ma)
    if not math.isfinite(amplitude_ma):
        message = f"amplitude_ma = {amplitude_ma:g} mA: the function grows with the amplitude; give a finite one, 1 is usual."
        raise StimulusError(message)
    check_potentials(fibers, potentials)
    found = []
    for fiber, v_e in zip(fibers, apply_shares(fibers, potentials, shares, polarity), strict=True):
        chain = node_chain(fiber)
        at_nodes = amplitude_ma * v_e[:: fiber.compartments_per_node]
        along = chain.link_microsiemens * np.diff(at_nodes)
        current = np.zeros(fiber.node_count)
        current[:-1] += along
        current[1:] -= along
        found.append(ActivatingFunction(current, current / chain.capacitance_nf))
    return tuple(found)


def predict_thresholds(
    fibers: Sequence[Fiber],
    potentials: Sequence[FloatArray],
    waveform: Waveform | PulseShape,
    *,
    shares: Sequence[float] | None = None,
    polarity: str = "cathodic",
    protocol: ThresholdProtocol | None = None,
) -> PredictedThresholds:
    """Predict thresholds from the response of the fibers linearized about rest.

    The real cable is run once at a vanishing amplitude, where all of it is linear: passive parts as they
    are, channels to first order about rest. A fiber then fires at about the amplitude at which the largest rise
    of this response reaches ``u = u_1 T^a N^b``: less, the longer the rise lasts (T, ms) and the more nodes
    rise together (N). The constants were measured for each model by least worst error, and so was the factor to
    either side that no measured case left; they stand, with the cases, in the table
    ``data/response/linear_threshold.toml``. Outside of those cases the bracket is a guess.

    Parameters
    ----------
    fibers : sequence of Fiber
    potentials : sequence of ndarray of float64, one of shape (n_contacts, n_compartments) per fiber
        Unit potential of each contact, mV per mA.
    waveform : Waveform
    shares, polarity
        As in `scsim.find_thresholds`.
    protocol : ThresholdProtocol, optional
        Onset of a pulse and step; a waveform without end is followed for its window.

    Returns
    -------
    PredictedThresholds

    Raises
    ------
    ModelError
        If the constants of a model have not been measured.
    StimulusError
        If the waveform is no single pulse.
    GeometryError, ModelError, StimulusError
        As in `scsim.simulate`.

    Notes
    -----
    Linear prediction with a critical voltage misses thresholds by tens of percent when width and distance vary
    (Moffitt et al. 2004). Checked by ``tests/theory/test_linear_predictor.py``.

    References
    ----------
    Warman et al. (1992), doi:10.1109/10.184700 (warman1992): excitation predicted by the passive response;
    Moffitt et al. (2004), doi:10.1109/TBME.2003.820382 (moffitt2004).
    """
    used = protocol if protocol is not None else ThresholdProtocol()
    is_lone_train = isinstance(waveform, PulseTrain) and len(waveform.onsets_ms) == 1
    if not (isinstance(waveform, PulseShape) or is_lone_train):
        message = (
            f"waveform = {waveform!r}: the constants of the prediction were measured for single pulses; give a "
            "Pulse, or search with find_thresholds."
        )
        raise StimulusError(message)
    laws = [_law(fiber.model) for fiber in fibers]
    summed = apply_shares(fibers, potentials, shares, polarity)
    largest = np.array([np.max(np.abs(v_e)) for v_e in summed])
    amplitude = _SMALL_MV / np.where(largest > 0.0, largest, _SMALL_MV)
    onset_ms = used.onset_ms if isinstance(waveform, PulseShape) else 0.0
    window_ms = min(onset_ms + waveform.duration_ms, used.window_ms)
    driven = simulate(
        fibers,
        potentials,
        waveform,
        amplitude_ma=amplitude.tolist(),
        onsets_ms=(onset_ms,),
        shares=shares,
        polarity=polarity,
        solver=used.solver,
        window_ms=window_ms,
    )
    # Some models drift after start-up; what the stimulus adds is the difference.
    alone = simulate(fibers, None, None, solver=used.solver, window_ms=window_ms)
    n = len(fibers)
    rise, duration, raised = np.zeros(n), np.full(n, np.nan), np.full(n, np.nan)
    node = np.full(n, -1, dtype=np.int64)
    threshold = np.full(n, np.nan)
    status = driven.status.copy()
    for i in np.flatnonzero(status == Status.OK):
        change = np.maximum((driven.v_m_mv[i] - alone.v_m_mv[i]) / amplitude[i], 0.0)
        k, step = np.unravel_index(int(np.argmax(change)), change.shape)
        rise[i] = change[k, step]
        if rise[i] <= _ROUNDING * largest[i]:
            status[i] = Status.NO_THRESHOLD_IN_RANGE
            continue
        node[i] = driven.nodes[i][k]
        duration[i] = np.sum(change[k]) * used.solver.dt_ms / rise[i]
        raised[i] = np.sum(change[:, step]) / rise[i]
        threshold[i] = laws[i].depolarization_mv(duration[i], raised[i]) / rise[i]
    factor = np.array([law.bracket_factor for law in laws])
    return PredictedThresholds(
        threshold_ma=threshold,
        lower_ma=threshold / factor,
        upper_ma=threshold * factor,
        rise_mv_per_ma=rise,
        node=node,
        duration_ms=duration,
        n_raised=raised,
        status=status,
    )


def _law(model: str) -> _Law:
    table = load_table(_TABLE)
    measured = sorted({key.partition(".")[0] for key in table.quantities()})
    if model not in measured:
        message = (
            f"model = {model!r}: its depolarization at threshold has not been measured, only those of "
            f"{', '.join(measured)}; search the thresholds with find_thresholds."
        )
        raise ModelError(message)
    return _Law(
        critical_depolarization_mv=table.number(f"{model}.critical_depolarization_mv"),
        duration_exponent=table.number(f"{model}.duration_exponent"),
        spread_exponent=table.number(f"{model}.spread_exponent"),
        bracket_factor=table.number(f"{model}.bracket_factor"),
    )
