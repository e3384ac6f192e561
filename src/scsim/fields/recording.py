"""What contacts record of membrane currents, by reciprocity.

The potential that a unit current through the recording contacts makes at a membrane is the weight with which they
see the current of that membrane. Membrane currents come from `response`; noise and amplifiers do not belong here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scsim.errors import StimulusError
from scsim.fields.unit_potential import superpose
from scsim.units import MA_PER_NA

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = npt.NDArray[np.float64]


def recording_weights(
    unit_potential: npt.ArrayLike, positive: int, negative: int | None = None
) -> FloatArray:
    """Find how strongly a recording contact, or a pair, sees a current at each point.

    Parameters
    ----------
    unit_potential : array_like, shape (n_contacts, n_points)
        Potential of each contact per current, mV per mA, as a medium gives it.
    positive : int
        Index of the contact at the positive input.
    negative : int, optional
        Index of the contact at the negative input; none is the distant ground.

    Returns
    -------
    ndarray of float64, shape (n_points,)
        Recorded voltage per current that leaves a membrane at each point, mV per mA.

    Raises
    ------
    StimulusError
        If a contact is not in the table, or both are the same.

    Notes
    -----
    Reciprocity (Helmholtz): a current I at point p makes the voltage I φ(p) between the contacts, if 1 mA through
    them makes φ(p) at p. It holds for any passive tissue, anisotropic too, with the other contacts floating in
    both. Checked by ``tests/unit/test_fields_recording.py``.

    Examples
    --------
    >>> recording_weights([[3.0, 1.0], [2.0, 5.0]], positive=0, negative=1).tolist()
    [1.0, -4.0]
    """
    potential = np.asarray(unit_potential, dtype=np.float64)
    chosen = [positive] if negative is None else [positive, negative]
    n_contacts = len(potential) if potential.ndim == 2 else 0
    if len(set(chosen)) != len(chosen) or not all(0 <= index < n_contacts for index in chosen):
        msg = (
            f"recording contacts {' and '.join(map(str, chosen))}, unit potentials of shape {potential.shape}: one "
            f"row per contact and two different indices from 0 to {n_contacts - 1} are needed, or one against the "
            "distant ground. Correct them."
        )
        raise StimulusError(msg)
    shares = np.zeros(n_contacts)
    shares[positive] = 1.0
    if negative is not None:
        shares[negative] = -1.0
    return superpose(potential, shares)


def recorded_potential(
    membrane_current_na: Sequence[npt.ArrayLike], weights: Sequence[npt.ArrayLike]
) -> FloatArray:
    """Sum what recording contacts see of the membrane currents of fibers.

    Parameters
    ----------
    membrane_current_na : sequence of array_like, one of shape (n_times, n_compartments) per fiber
        Current that leaves each compartment, through its membrane, into the tissue, nA; over a whole fiber
        it sums to 0 at any time, so the place of the ground does not matter.
    weights : sequence of array_like, one of shape (n_compartments,) per fiber
        As `recording_weights` gives them, mV per mA.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        mV.

    Raises
    ------
    StimulusError
        If shapes do not fit, or there are no fibers.

    Notes
    -----
    V(t) = Σ i_m(t) φ over all compartments of all fibers; nA · mV/mA = 1e-6 mV.
    Checked by ``tests/unit/test_fields_recording.py`` against the direct sum of point sources.

    Examples
    --------
    >>> recorded_potential([[[-2.0, 2.0], [0.0, 0.0]]], [[500.0, 0.0]]).tolist()
    [-0.001, 0.0]
    """
    if not len(membrane_current_na) or len(membrane_current_na) != len(weights):
        msg = (
            f"currents of {len(membrane_current_na)} fibers and weights of {len(weights)}: one array of each per "
            "fiber is needed, and at least one fiber. Give both."
        )
        raise StimulusError(msg)
    parts: list[FloatArray] = []
    for index, (current, weight) in enumerate(zip(membrane_current_na, weights, strict=True)):
        i_m, phi = np.asarray(current, dtype=np.float64), np.asarray(weight, dtype=np.float64)
        fits = i_m.ndim == 2 and phi.shape == i_m.shape[1:]
        if not fits or (parts and len(i_m) != len(parts[0])):
            msg = (
                f"fiber {index}: currents of shape {i_m.shape} and weights of shape {phi.shape}; (n_times, "
                "n_compartments) and (n_compartments,) are needed, with as many times as the other fibers. "
                "Give both at the same compartments."
            )
            raise StimulusError(msg)
        parts.append(i_m @ phi)
    total: FloatArray = np.sum(parts, axis=0) * MA_PER_NA
    return total
