"""Montages: which contact is cathode, anode or off, and its share of the current.

Current of a contact = amplitude × share × waveform; a negative share is a cathode in the first phase.
Amplitudes and waveforms belong to the stimulus.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.errors import StimulusError

RETURN_KEY: Final = "return"
DISTANT: Final = "distant"
SUM_TOLERANCE: Final = 1e-9
"""How far the shares may sum from 0 (no unit): room for rounding of thirds, none for a slip."""


@dataclass(frozen=True)
class Montage:
    """Shares of the current by contact.

    Attributes
    ----------
    shares : tuple of (str, float)
        Contact label and share (no unit), in the order written.
    distant_return : bool
        Whether the current that the shares leave over returns far away.
    """

    shares: tuple[tuple[str, float], ...]
    distant_return: bool = False

    def __str__(self) -> str:
        """Signed shares, for example ``c4 -1, c5 +1``."""
        parts = [f"{label} {share:+g}" for label, share in self.shares]
        return ", ".join([*parts, f"{RETURN_KEY} {DISTANT}"] if self.distant_return else parts)


def montage_faults(
    table: Mapping[str, object], labels: Sequence[str] | None = None
) -> list[tuple[str, str]]:
    """Find every fault of a montage as it stands in a config.

    Parameters
    ----------
    table : mapping
        The table ``[montage]``: a share per contact label, and ``return = "distant"`` or no return.
    labels : sequence of str, optional
        Labels of the lead's contacts; None leaves unknown contacts unchecked.

    Returns
    -------
    list of (str, str)
        Key within the table (empty for the table as a whole) and message with value, what is allowed
        and what to do.
    """
    faults: list[tuple[str, str]] = []
    shares: dict[str, float] = {}
    for key, value in table.items():
        if key == RETURN_KEY:
            message = _return_fault(value)
        elif labels is not None and key not in labels:
            message = f"the lead has no such contact; it has {', '.join(labels)}. Use one of these."
        elif isinstance(value, bool) or not isinstance(value, int | float):
            message = (
                f"{value!r} is not a share; allowed is a finite number. Write one, such as -1.0."
            )
        elif not math.isfinite(value):
            message = f"a share of {value:g} is not finite. Write a finite number, such as -1.0."
        else:
            shares[key] = float(value)
            continue
        if message:
            faults.append((key, message))
    if not faults and (message := _sum_fault(shares, distant=RETURN_KEY in table)):
        faults.append(("", message))
    return faults


def parse_montage(table: Mapping[str, object], labels: Sequence[str] | None = None) -> Montage:
    """Make a montage from its config table.

    Parameters
    ----------
    table, labels
        As `montage_faults`.

    Returns
    -------
    Montage

    Raises
    ------
    StimulusError
        With every fault, one per line.
    """
    faults = montage_faults(table, labels)
    if faults:
        lines = [f"montage.{key}: {text}" if key else f"montage: {text}" for key, text in faults]
        raise StimulusError("\n".join(lines))
    shares = tuple(
        (key, float(value))
        for key, value in table.items()
        if key != RETURN_KEY and isinstance(value, int | float)
    )
    return Montage(shares, distant_return=RETURN_KEY in table)


def share_vector(montage: Montage, labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """Give the share of every contact of a lead.

    Parameters
    ----------
    montage : Montage
    labels : sequence of str
        Labels of the lead's contacts.

    Returns
    -------
    ndarray of float64, shape (n_contacts,)
        Shares (no unit), 0 for contacts that the montage leaves out.

    Raises
    ------
    StimulusError
        If the montage names a contact that the lead does not have.
    """
    vector = np.zeros(len(labels))
    for label, share in montage.shares:
        if label not in labels:
            msg = (
                f"the montage uses contact {label!r}; the lead has {', '.join(labels)}. "
                "Use one of these, or another lead."
            )
            raise StimulusError(msg)
        vector[list(labels).index(label)] = share
    return vector


def _return_fault(value: object) -> str:
    """Check the way back of the current; empty if it is known."""
    if value == DISTANT:
        return ""
    return (
        f"{value!r} is no return; allowed is {DISTANT!r}. "
        "Write it so, or leave the key out if the shares sum to 0."
    )


def _sum_fault(shares: Mapping[str, float], *, distant: bool) -> str:
    """Check that some contact is on and that the current returns somewhere; empty if so."""
    if not any(shares.values()):
        return "no contact carries current. Give at least one share, such as c4 = -1.0."
    total = math.fsum(shares.values())
    if distant or abs(total) <= SUM_TOLERANCE:
        return ""
    return (
        f"the shares sum to {total:g}; they must sum to 0. Change a share, or write "
        f'{RETURN_KEY} = "{DISTANT}" if the rest returns far away.'
    )
