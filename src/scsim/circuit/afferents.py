"""Afferent firing rates: from the share of fibers that follow the pulses to the inputs of a circuit.

How many fibers a stimulus recruits, and what the circuit makes of the rates, do not belong here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import ArrayLike, NDArray

from scsim.circuit.rate import InputBoxes, RateBox, check_rate
from scsim.errors import ModelError
from scsim.formats.tables import load_table

_ROUNDING: Final = 1e-9
"""How far above 1 a sum of weights may come by rounding."""

PROTOCOL: Final = "protocols/noxious"
"""Table of the defaults of a circuit run."""

_POPULATION: Final = "populations/dorsal_column"


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


@dataclass(frozen=True)
class AfferentSection:
    """Config table ``[afferents]``: what the fibers that reach the dorsal horn carry.

    Attributes
    ----------
    a_beta_rest_hz : float
        Mean rate of the A-beta fibers without stimulation, Hz, 0 to 1000. 1 Hz is the resting
        input of the published rate model (program of Crodelle and Maia 2021).
    a_beta_min_diameter_um : float
        Only fibers at least this thick count as the A-beta input, µm, above 0. The authors
        who counted the largest fibers of the dorsal columns, above 10.7 µm, write that the effect
        of stimulation "is primarily attributed to activation of these largest fibres" (Feirabend
        et al. 2002, abstract): an attribution, not a measurement.
    c_rest_hz : float
        Mean rate of the C fibers without a noxious stimulus, Hz, 0 to 1000. 1 Hz is the resting
        input of the published rate model.
    c_noxious_hz : float
        Mean rate of the C fibers during the noxious stimulus, Hz, 0 to 1000. 22 Hz is the noxious
        volley of the published rate model.
    noxious_onset_s : float
        When the noxious stimulus begins, s; it lasts to the end of the run. Stimulation runs from
        0 s on, so this must leave the circuit time to settle. A whole number of 0.1 ms.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    a_beta_rest_hz: Annotated[float, Ge(0), Le(1000)] = field(
        default_factory=table_default(PROTOCOL, "afferents.a_beta_rest_hz")
    )
    a_beta_min_diameter_um: Annotated[float, Gt(0)] = field(
        default_factory=table_default(_POPULATION, "tail_diameter_um")
    )
    c_rest_hz: Annotated[float, Ge(0), Le(1000)] = field(
        default_factory=table_default(PROTOCOL, "afferents.c_rest_hz")
    )
    c_noxious_hz: Annotated[float, Ge(0), Le(1000)] = field(
        default_factory=table_default(PROTOCOL, "afferents.c_noxious_hz")
    )
    noxious_onset_s: Annotated[float, Ge(0)] = field(
        default_factory=table_default(PROTOCOL, "afferents.noxious_onset_s")
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
        section.a_beta_rest_hz + shares * np.asarray(frequency_hz, dtype=np.float64),
        dtype=np.float64,
    )


def noxious_boxes(section: AfferentSection, f_a_hz: float) -> InputBoxes:
    """Give the inputs of one run: constant A-beta rate, C rate with a lasting noxious stimulus.

    Parameters
    ----------
    section : AfferentSection
    f_a_hz : float
        Mean A-beta rate, Hz, from 0 s on: stimulation begins before the noxious stimulus.

    Returns
    -------
    InputBoxes

    Notes
    -----
    A run that ends before the onset has no noxious stimulus, without an error;
    `scsim.circuit.gate.section_faults` refuses it in a study.
    """
    return InputBoxes(
        a_beta_rest_hz=f_a_hz,
        c_rest_hz=section.c_rest_hz,
        c=(RateBox(section.noxious_onset_s, math.inf, section.c_noxious_hz),),
    )
