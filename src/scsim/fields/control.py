"""What a generator must do: currents for given voltages, and voltages and power for given currents.

All of it follows from the contact matrix of a solved field. Waveforms and safety limits belong to the stimulus,
which contact is on to the montage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import GeometryError, StimulusError
from scsim.units import MV_PER_V

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = npt.NDArray[np.float64]

_ASYMMETRY: Final = 1e-2
"""Largest difference of mutual resistances, relative to the largest entry: coarse grids stay below it, a matrix
with exchanged contacts does not."""

_BALANCE: Final = 1e-9
"""How far currents may be from returning in full, relative to the largest: rounding of thirds."""


@dataclass(frozen=True, eq=False)
class ContactState:
    """Currents and potentials of all contacts of a lead.

    Attributes
    ----------
    current_ma : ndarray of float64, shape (n_contacts,)
        Current into the tissue, mA; what is left over returns at the distant ground.
    potential_mv : ndarray of float64, shape (n_contacts,)
        Potential of the metal against the distant ground, mV.
    terminal_mv : ndarray of float64, shape (n_contacts,)
        Potential behind the series resistance, where the generator is connected, mV.
    """

    current_ma: FloatArray
    potential_mv: FloatArray
    terminal_mv: FloatArray

    @property
    def returns_far_away(self) -> bool:
        """Whether some of the current returns at the distant ground."""
        total = math.fsum(self.current_ma)
        return abs(total) > _BALANCE * float(np.abs(self.current_ma).max(initial=0.0))

    @property
    def voltage_mv(self) -> float:
        """Voltage that the generator needs between its farthest terminals, mV; one may be the distant return."""
        terminals = self.terminal_mv[self.current_ma != 0.0]
        if self.returns_far_away:
            terminals = np.append(terminals, 0.0)
        return float(np.ptp(terminals)) if terminals.size else 0.0

    @property
    def power_uw(self) -> float:
        """Power given to tissue and series resistances while the current flows, mA · mV = µW."""
        return math.fsum(self.current_ma * self.terminal_mv)


def current_control(
    contact_matrix_ohm: npt.ArrayLike,
    current_ma: npt.ArrayLike,
    *,
    distant_return: bool = False,
    series_ohm: npt.ArrayLike = 0.0,
) -> ContactState:
    """Find the potentials, voltage and power that given currents need.

    Parameters
    ----------
    contact_matrix_ohm : array_like, shape (n_contacts, n_contacts)
        Potential of each contact per current of each, Ω; see `SolvedMedium.contact_matrix_ohm`.
    current_ma : array_like, shape (n_contacts,)
        Current into the tissue, mA: amplitude × share of a montage; 0 for contacts that float.
    distant_return : bool
        Whether current that the contacts leave over returns at the distant ground.
    series_ohm : array_like of one number or shape (n_contacts,)
        Resistance between each terminal and the tissue (wire, surface of the metal), Ω.

    Returns
    -------
    ContactState

    Raises
    ------
    GeometryError
        If the matrix is not one of contacts.
    StimulusError
        If numbers do not fit, or the currents do not sum to 0 without a distant return.

    Examples
    --------
    >>> state = current_control([[1300.0, 60.0], [60.0, 1300.0]], [-2.0, 2.0])
    >>> state.voltage_mv, state.power_uw
    (4960.0, 9920.0)
    """
    matrix = _check_matrix(contact_matrix_ohm)
    current = _per_contact("current_ma", current_ma, len(matrix), "mA")
    series = _series(series_ohm, len(matrix))
    total = math.fsum(current)
    if not distant_return and abs(total) > _BALANCE * float(np.abs(current).max(initial=0.0)):
        msg = (
            f"current_ma sums to {total:g} mA; without a distant return it must sum to 0. Change a current, "
            "or pass distant_return=True."
        )
        raise StimulusError(msg)
    potential = matrix @ current
    return ContactState(current, potential, potential + series * current)


def voltage_control(
    contact_matrix_ohm: npt.ArrayLike,
    voltage_v: npt.ArrayLike,
    *,
    distant_return: bool = False,
    series_ohm: npt.ArrayLike = 0.0,
) -> ContactState:
    """Find the currents that given voltages drive, with the other contacts floating.

    Currents are proportional to voltages: with 1 V they are in mA per V.

    Parameters
    ----------
    contact_matrix_ohm : array_like, shape (n_contacts, n_contacts)
        Potential of each contact per current of each, Ω; see `SolvedMedium.contact_matrix_ohm`.
    voltage_v : array_like, shape (n_contacts,)
        Voltage of each terminal, V; NaN for contacts that float. With a distant return it is against the
        distant ground; without one only differences count, and the currents sum to 0.
    distant_return : bool
        Whether the distant ground is the other terminal of the generator.
    series_ohm : array_like of one number or shape (n_contacts,)
        Resistance between each terminal and the tissue (wire, surface of the metal), Ω.

    Returns
    -------
    ContactState

    Raises
    ------
    GeometryError
        If the matrix is not one of contacts.
    StimulusError
        If numbers do not fit, or too few contacts have a voltage.

    Notes
    -----
    With D the driven contacts, (Z + R)_DD i = v − c, where c = 0 with a distant return; without one c is the
    voltage of the generator's zero against the ground, found with Σ i = 0. Checked by
    ``tests/unit/test_fields_control.py``.

    Examples
    --------
    >>> state = voltage_control([[1300.0, 60.0], [60.0, 1300.0]], [-1.0, 1.0])
    >>> state.current_ma.round(4).tolist()
    [-0.8065, 0.8065]
    """
    matrix = _check_matrix(contact_matrix_ohm)
    n_contacts = len(matrix)
    voltage = np.asarray(voltage_v, dtype=np.float64)
    _per_contact("voltage_v", np.where(np.isnan(voltage), 0.0, voltage), n_contacts, "V")
    driven = np.flatnonzero(~np.isnan(voltage))
    n_least = 1 if distant_return else 2
    if len(driven) < n_least:
        msg = (
            f"voltage_v gives {len(driven)} contacts a voltage; at least {n_least} are needed. Give NaN only to "
            "contacts that float, or pass distant_return=True for one against the distant ground."
        )
        raise StimulusError(msg)
    series = _series(series_ohm, n_contacts)
    own = (matrix + np.diag(series))[np.ix_(driven, driven)]
    wanted = voltage[driven] * MV_PER_V
    per_zero = np.linalg.solve(own, np.column_stack([wanted, np.ones(len(driven))]))
    zero_mv = 0.0 if distant_return else per_zero[:, 0].sum() / per_zero[:, 1].sum()
    current = np.zeros(n_contacts)
    current[driven] = per_zero[:, 0] - zero_mv * per_zero[:, 1]
    potential = matrix @ current
    return ContactState(current, potential, potential + series * current)


def access_resistance_ohm(
    contact_matrix_ohm: npt.ArrayLike, source: int, sink: int | None = None
) -> float:
    """Give the resistance that a generator sees between two contacts, or a contact and the distant ground.

    Parameters
    ----------
    contact_matrix_ohm : array_like, shape (n_contacts, n_contacts)
        Ω; see `SolvedMedium.contact_matrix_ohm`.
    source, sink : int
        Indices of the contacts; no sink is the distant ground.

    Returns
    -------
    float
        Z_ii + Z_jj − 2 Z_ij between two contacts, Z_ii against the ground, Ω.

    Raises
    ------
    GeometryError
        If the matrix is not one of contacts.
    StimulusError
        If a contact is not in the matrix, or both are the same.

    Examples
    --------
    >>> access_resistance_ohm([[1300.0, 60.0], [60.0, 1300.0]], 0, 1)
    2480.0
    """
    matrix = _check_matrix(contact_matrix_ohm)
    chosen = [source] if sink is None else [source, sink]
    if len(set(chosen)) != len(chosen) or not all(0 <= index < len(matrix) for index in chosen):
        msg = (
            f"contacts {' and '.join(map(str, chosen))}: two different indices from 0 to {len(matrix) - 1} are "
            "needed, or one alone against the distant ground. Correct them."
        )
        raise StimulusError(msg)
    current = np.zeros(len(matrix))
    current[source] = 1.0
    if sink is not None:
        current[sink] = -1.0
    return float(current @ matrix @ current)


def _check_matrix(contact_matrix_ohm: npt.ArrayLike) -> FloatArray:
    """Refuse what is no matrix of contacts; even out the rounding of mutual resistances."""
    matrix = np.asarray(contact_matrix_ohm, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        msg = (
            f"a contact matrix of shape {matrix.shape}: one row and one column per contact are needed. Use "
            "contact_matrix_ohm() of a solved medium."
        )
        raise GeometryError(msg)
    even = 0.5 * (matrix + matrix.T)
    if np.isfinite(matrix).all():
        difference = float(np.abs(matrix - even).max())
        least = float(np.linalg.eigvalsh(even)[0])
        if difference <= _ASYMMETRY * float(np.abs(matrix).max()) and least > 0.0:
            return even
        what = f"mutual resistances differ by {2.0 * difference:g} Ω and the least resistance is {least:g} Ω"
    else:
        what = "a resistance is not finite"
    msg = (
        f"the contact matrix is not one of passive tissue: {what}; it must be symmetric and every combination of "
        "currents must take power. Check the order of its contacts, or solve the field again."
    )
    raise GeometryError(msg)


def _per_contact(name: str, values: npt.ArrayLike, n_contacts: int, unit: str) -> FloatArray:
    """Refuse values that are not one finite number per contact."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (n_contacts,) or not np.isfinite(array).all():
        msg = (
            f"{name} = {np.array2string(array, threshold=8)} {unit}: one finite number for each of the {n_contacts} "
            "contacts of the matrix is needed. Correct it."
        )
        raise StimulusError(msg)
    return array


def _series(series_ohm: npt.ArrayLike, n_contacts: int) -> FloatArray:
    """Give one series resistance per contact."""
    values: Sequence[float] | FloatArray = np.asarray(series_ohm, dtype=np.float64)
    series = np.full(n_contacts, values) if np.ndim(values) == 0 else values
    series = _per_contact("series_ohm", series, n_contacts, "Ω")
    if (series < 0.0).any():
        msg = f"series_ohm = {series.min():g} Ω: a resistance must be 0 or more. Correct it."
        raise StimulusError(msg)
    return series
