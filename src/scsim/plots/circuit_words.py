"""Names of fiber classes, cells and receptors as pictures write them.

Labels of datasets and swept keys come from the schema, through ``reading.py``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

SHORT_NAMES: Final = MappingProxyType(
    {
        "a_beta": "A-beta",
        "a_beta_surround": "A-beta surround",
        "a_delta": "A-delta",
        "c": "C",
        "ampa": "AMPA",
        "nmda": "NMDA",
        "nk1": "NK1",
        "gaba_a": "GABA-A",
        "glycine": "glycine",
    }
)
"""Names of the tables and how the field writes them."""

MAX_ACRONYM: Final = 3
"""Cells whose names are at most this long are written in capitals, as the field does: SG, WDR."""


def short_name(name: str) -> str:
    """Write the name of a fiber class, cell or receptor family as a reader knows it.

    Parameters
    ----------
    name : str
        Name in a table, such as ``a_beta_surround`` or ``wdr``.

    Returns
    -------
    str
        A name with a space or a capital in it is given back as it is.
    """
    if name in SHORT_NAMES:
        return SHORT_NAMES[name]
    if not name.islower() or " " in name:
        return name
    return name.upper() if len(name) <= MAX_ACRONYM else name.replace("_", " ")
