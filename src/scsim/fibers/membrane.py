"""Membrane and cable constants of the fibers, from the tables in `data/membranes`, with temperature.

Rate functions stand in `kernels/membranes.py`, dimensions in `morphology.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from scsim.formats.tables import load_table

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Membrane:
    """Constants of the MRG membrane and cable; units as in the names, conductances per cm².

    Attributes
    ----------
    f1, f2, f3 : float
        Temperature factors of the gates m and p, h, and s (no unit).
    v_rest_mv : float
        Nominal start, and reversal of the internodal leak, mV.
    constants : mapping
        The other values of the table by dotted key.
    sources : tuple of str
        Keys of the references.
    """

    f1: float
    f2: float
    f3: float
    v_rest_mv: float
    constants: Mapping[str, float]
    sources: tuple[str, ...]


@lru_cache(maxsize=8)
def load_membrane(name: str) -> Membrane:
    """Read a membrane table.

    Parameters
    ----------
    name : str
        Name of the table in `data/membranes`.

    Returns
    -------
    Membrane
        Its constants, with the temperature factors worked out.

    References
    ----------
    McIntyre et al. (2002), doi:10.1152/jn.00353.2001 (mcintyre2002).
    """
    table = load_table(f"membranes/{name}")
    values = {
        key: float(np.asarray(quantity.value, dtype=np.float64))
        for key, quantity in table.quantities().items()
    }

    def factor(gate: str) -> float:
        tens = (values["temperature_degc"] - values[f"q10.{gate}_reference_degc"]) / 10.0
        return float(values[f"q10.{gate}"] ** tens)

    return Membrane(
        f1=factor("m_and_p"),
        f2=factor("h"),
        f3=factor("s"),
        v_rest_mv=values["v_rest_mv"],
        constants=MappingProxyType(values),
        sources=table.sources,
    )
