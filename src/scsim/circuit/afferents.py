"""Afferent firing rates: from the share of fibers that follow the pulses to the inputs of a circuit.

How many fibers a stimulus recruits, and what the circuit makes of the rates, do not belong here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, MinLen
from numpy.typing import ArrayLike, NDArray

from scsim.circuit.rates.rate import InputBoxes, RateBox, check_rate
from scsim.errors import ModelError
from scsim.formats.tables import load_table

_ROUNDING: Final = 1e-9
"""How far above 1 a sum of weights may come by rounding."""

DEFAULTS: Final = "studies/dorsal_horn"
RATE_DEFAULTS: Final = "studies/rate"
SPIKING_DEFAULTS: Final = "studies/spiking"
"""Tables of the defaults of a circuit run: of all circuits, of rate models and of spiking circuits."""

_POPULATION: Final = "populations/dorsal_column"

Share = Annotated[float, Ge(0), Le(1)]
_Rate = Annotated[float, Ge(0), Le(1000)]


def table_default(table: str, key: str) -> Callable[[], float]:
    """Give the reader of one default, so that its number stands in a table only.

    Parameters
    ----------
    table, key : str
        Name of the table, and dotted key of a number in it.

    Returns
    -------
    callable
        Reads the number when called.
    """
    return lambda: load_table(table).number(key)


def _painful_dermatomes() -> tuple[str, ...]:
    names = load_table(_POPULATION).value("painful.dermatomes")
    return tuple(map(str, names)) if isinstance(names, tuple) else (str(names),)


@dataclass(frozen=True)
class AfferentSection:
    """Config table ``[afferents]``: what the fibers that reach the dorsal horn carry.

    Keys that the model of the circuit does not read are refused if they are written.

    Attributes
    ----------
    painful_dermatomes : tuple of str
        Dermatomes in which it hurts, for example ``["L4", "L5"]``: fibers of the dorsal columns that come from
        these segments are local, all others surround.
    painful_side : {"both", "left", "right"}
        Side on which it hurts; fibers of the other side are surround.
    a_beta_min_diameter_um : float
        Only fibers at least this thick count as the A-beta input, µm, above 0. The authors
        who counted the largest fibers of the dorsal columns, above 10.7 µm, write that the effect
        of stimulation "is primarily attributed to activation of these largest fibres" (Feirabend
        et al. 2002, abstract): an attribution, not a measurement.
    protocol : str or None
        Natural input of all fibers of a spiking circuit, from 0 s on; ``scsim list protocols`` names them. None is
        the one of the table ``studies/spiking``: ongoing noxious input.
    realization : int or None
        Which realization of the random trains of a spiking circuit, 0 to 1000000; sweep it to see how far results
        depend on chance. All conditions of one realization have the same natural input. None is 0.
    jitter_ms : float or None
        Standard deviation of the arrival of each volley at each fiber of a spiking circuit, ms, 0 to 20. None is 0.
    a_beta_rest_hz : float or None
        Mean rate of the A-beta fibers of a rate model without stimulation, Hz, 0 to 1000. None is 1 Hz, the
        resting input of the published rate model (program of Crodelle and Maia 2021).
    c_rest_hz : float or None
        Mean rate of the C fibers of a rate model without a noxious stimulus, Hz, 0 to 1000. None is 1 Hz, the
        resting input of the published rate model.
    c_noxious_hz : float or None
        Mean rate of the C fibers of a rate model during the noxious stimulus, Hz, 0 to 1000. None is 22 Hz, the
        noxious volley of the published rate model.
    noxious_onset_s : float or None
        When the noxious stimulus of a rate model begins, s; it lasts to the end of the run. Stimulation runs from
        0 s on, so this must leave the circuit time to settle. A whole number of 0.1 ms. None is 1 s.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    painful_dermatomes: Annotated[tuple[str, ...], MinLen(1)] = field(
        default_factory=_painful_dermatomes
    )
    painful_side: Literal["both", "left", "right"] = "both"
    a_beta_min_diameter_um: Annotated[float, Gt(0)] = field(
        default_factory=table_default(_POPULATION, "tail_diameter_um")
    )
    protocol: str | None = None
    realization: Annotated[int, Ge(0), Le(1_000_000)] | None = None
    jitter_ms: Annotated[float, Ge(0), Le(20)] | None = None
    a_beta_rest_hz: _Rate | None = None
    c_rest_hz: _Rate | None = None
    c_noxious_hz: _Rate | None = None
    noxious_onset_s: Annotated[float, Ge(0)] | None = None


RATE_KEYS: Final = ("a_beta_rest_hz", "c_rest_hz", "c_noxious_hz", "noxious_onset_s")
"""Keys of ``[afferents]`` that rate models read and spiking circuits do not."""

SPIKING_KEYS: Final = ("protocol", "realization", "jitter_ms")
"""Keys of ``[afferents]`` that spiking circuits read and rate models do not."""


@dataclass(frozen=True)
class RateInput:
    """Inputs of a rate model, defaults filled in.

    Attributes
    ----------
    a_beta_rest_hz, c_rest_hz, c_noxious_hz : float
        Mean rates, Hz; see `AfferentSection`.
    noxious_onset_s : float
        Begin of the noxious stimulus, s.
    """

    a_beta_rest_hz: float
    c_rest_hz: float
    c_noxious_hz: float
    noxious_onset_s: float


@dataclass(frozen=True)
class SpikingInput:
    """Inputs of a spiking circuit, defaults filled in.

    Attributes
    ----------
    protocol : str
        Natural input of all fibers.
    realization : int
        Which realization of the random trains.
    jitter_ms : float
        Spread of the volleys, ms.
    """

    protocol: str
    realization: int
    jitter_ms: float


def rate_input(section: AfferentSection) -> RateInput:
    """Give the inputs of a rate model that a section asks for.

    Parameters
    ----------
    section : AfferentSection

    Returns
    -------
    RateInput
        Keys that are not written have the values of the table `RATE_DEFAULTS`.
    """
    return RateInput(**{key: _rate_value(section, key) for key in RATE_KEYS})


def _rate_value(section: AfferentSection, key: str) -> float:
    """Give a number of a rate model as written, or that of the table."""
    value: float | None = getattr(section, key)
    return load_table(RATE_DEFAULTS).number(key) if value is None else value


def spiking_input(section: AfferentSection) -> SpikingInput:
    """Give the inputs of a spiking circuit that a section asks for.

    Parameters
    ----------
    section : AfferentSection

    Returns
    -------
    SpikingInput
        Keys that are not written have the values of the table `SPIKING_DEFAULTS`; the realization is then 0.
    """
    table = load_table(SPIKING_DEFAULTS)
    protocol, jitter_ms = section.protocol, section.jitter_ms
    return SpikingInput(
        protocol=str(table.value("protocol")) if protocol is None else protocol,
        realization=section.realization or 0,
        jitter_ms=table.number("jitter_ms") if jitter_ms is None else jitter_ms,
    )


def a_beta_rate_hz(
    section: AfferentSection, share: ArrayLike, frequency_hz: ArrayLike
) -> NDArray[np.float64]:
    """Give the mean A-beta rate when a share of the fibers follows every pulse.

    Parameters
    ----------
    section : AfferentSection
    share : array_like of float
        Weighted share of the A-beta fibers that fire with each pulse, 0 to 1.
    frequency_hz : array_like of float
        Pulse rate, Hz; broadcast against `share`.

    Returns
    -------
    ndarray of float64
        Resting rate + share × pulse rate, Hz, of the broadcast shape.

    Raises
    ------
    ModelError
        If a share lies outside 0 to 1, or a pulse rate is negative or not finite.

    Notes
    -----
    Every recruited fiber fires once per pulse and keeps its resting rate. Refractoriness above
    a few hundred Hz and collision with natural spikes are left out.
    """
    shares = np.asarray(share, dtype=np.float64)
    outside = ~((shares >= 0) & (shares <= 1 + _ROUNDING))
    if outside.any():
        msg = f"recruited share = {shares[outside].flat[0]}: a share lies between 0 and 1; divide by the weight of all fibers."
        raise ModelError(msg)
    check_rate("pulse rate frequency_hz", frequency_hz)
    return np.asarray(
        _rate_value(section, "a_beta_rest_hz")
        + shares * np.asarray(frequency_hz, dtype=np.float64),
        dtype=np.float64,
    )


def noxious_boxes(inputs: RateInput, f_a_hz: float) -> InputBoxes:
    """Give the inputs of one run: constant A-beta rate, C rate with a lasting noxious stimulus.

    Parameters
    ----------
    inputs : RateInput
    f_a_hz : float
        Mean A-beta rate, Hz, from 0 s on: stimulation begins before the noxious stimulus.

    Returns
    -------
    InputBoxes

    Notes
    -----
    A run that ends before the onset has no noxious stimulus, without an error;
    `scsim.circuit.sections.time_faults` refuses it in a study.
    """
    return InputBoxes(
        a_beta_rest_hz=f_a_hz,
        c_rest_hz=inputs.c_rest_hz,
        c=(RateBox(inputs.noxious_onset_s, math.inf, inputs.c_noxious_hz),),
    )
