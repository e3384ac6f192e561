"""Fiber diameter → node, paranode and internode dimensions, from the tables in `data/fibers`.

Electrical constants belong to `membrane.py`, positions in space to `fiber.py`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from scsim.errors import ModelError
from scsim.formats.tables import Table, load_table, table_names

N_STIN: Final = 6
"""STIN compartments between the two FLUT of an internode (McIntyre et al. 2002)."""

N_INTERNODE: Final = 4 + N_STIN
"""Compartments between two nodes: MYSA, FLUT, six STIN, FLUT, MYSA."""


@dataclass(frozen=True)
class Morphology:
    """Dimensions of one repeat of a myelinated fiber, node center to node center.

    Attributes
    ----------
    model : str
        Name of the table.
    membrane : str
        Name of the membrane table.
    fiber_diameter_um : float
        Outer diameter with myelin, µm.
    internode_length_um : float
        Node center to node center, µm.
    node_length_um, mysa_length_um, flut_length_um, stin_length_um : float
        Compartment lengths, µm.
    node_diameter_um : float
        Axon diameter at node and MYSA, µm.
    axon_diameter_um : float
        Axon diameter at FLUT and STIN, µm.
    lamellae : float
        Number of myelin lamellae.
    sources : tuple of str
        Keys of the references.
    """

    model: str
    membrane: str
    fiber_diameter_um: float
    internode_length_um: float
    node_length_um: float
    mysa_length_um: float
    flut_length_um: float
    stin_length_um: float
    node_diameter_um: float
    axon_diameter_um: float
    lamellae: float
    sources: tuple[str, ...]

    @property
    def compartment_lengths_um(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Lengths of the ten compartments between two nodes, µm, shape (10,)."""
        half = [self.mysa_length_um, self.flut_length_um]
        return np.array([*half, *[self.stin_length_um] * N_STIN, *half[::-1]])

    @property
    def compartment_offsets_um(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Centers of a node and the ten compartments after it, from the node center, µm, shape (11,)."""
        lengths = self.compartment_lengths_um
        ends = 0.5 * self.node_length_um + np.cumsum(lengths)
        return np.concatenate([[0.0], ends - 0.5 * lengths])


def fiber_models() -> tuple[str, ...]:
    """Names of the fiber models that `Fiber` accepts."""
    return table_names("fibers")


@lru_cache(maxsize=32)
def _table(model: str) -> Table:
    if model not in fiber_models():
        near = difflib.get_close_matches(model, fiber_models(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use one of these."
        message = (
            f"model = {model!r}: no such fiber model; there are {', '.join(fiber_models())}: {hint}"
        )
        raise ModelError(message)
    return load_table(f"fibers/{model}")


def _is_discrete(table: Table) -> bool:
    return "fiber_diameter_range_um" not in table.quantities()


def diameter_range_um(model: str) -> tuple[float, float]:
    """Smallest and largest fiber diameter of a model, µm.

    Parameters
    ----------
    model : str
        One of `fiber_models`.

    Returns
    -------
    tuple of float
        Lower and upper bound, µm; a discrete model has only some values between them.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    table = _table(model)
    if _is_discrete(table):
        listed = np.asarray(table.value("fiber_diameter_um"))
        return float(listed.min()), float(listed.max())
    low, high = np.asarray(table.value("fiber_diameter_range_um"))
    return float(low), float(high)


def takes_any_diameter(model: str) -> bool:
    """Whether a model has every diameter of its range, as a population needs, and not only a list.

    Parameters
    ----------
    model : str
        One of `fiber_models`.

    Returns
    -------
    bool

    Raises
    ------
    ModelError
        If there is no such model.
    """
    return not _is_discrete(_table(model))


def _dimension(table: Table, key: str, diameter_um: float) -> float:
    if not _is_discrete(table):
        return float(np.polyval(np.asarray(table.value(key)), diameter_um))
    listed = np.asarray(table.value("fiber_diameter_um"))
    index = int(np.flatnonzero(listed == diameter_um)[0])
    return float(np.asarray(table.value(key))[index])


def _check_diameter(table: Table, model: str, diameter_um: float) -> None:
    low, high = diameter_range_um(model)
    if _is_discrete(table):
        listed = [float(x) for x in np.asarray(table.value("fiber_diameter_um"))]
        if diameter_um not in listed:
            message = (
                f"fiber_diameter_um = {diameter_um:g} µm: {model} has the diameters "
                f"{', '.join(f'{x:g}' for x in listed)} µm only; take one of them, or model "
                "'mrg' for any diameter between 2 and 16 µm."
            )
            raise ModelError(message)
    elif not low <= diameter_um <= high:
        message = (
            f"fiber_diameter_um = {diameter_um:g} µm: {model} holds from {low:g} to {high:g} µm; "
            "choose a diameter inside that range."
        )
        raise ModelError(message)


@lru_cache(maxsize=65536)
def load_morphology(model: str, fiber_diameter_um: float) -> Morphology:
    """Give the dimensions of a fiber.

    Parameters
    ----------
    model : str
        One of `fiber_models`.
    fiber_diameter_um : float
        Outer diameter, µm.

    Returns
    -------
    Morphology
        Dimensions of one repeat.

    Raises
    ------
    ModelError
        If there is no such model, or the diameter is outside its range.

    References
    ----------
    McIntyre et al. (2002), table 1, doi:10.1152/jn.00353.2001 (mcintyre2002); Musselman et al.
    (2021), doi:10.1371/journal.pcbi.1009285 (musselman2021).
    """
    table = _table(model)
    _check_diameter(table, model, fiber_diameter_um)
    internode_key = "internode_length_um"
    if not _is_discrete(table) and fiber_diameter_um < _number(table, "internode_length_split_um"):
        internode_key = "internode_length_small_um"
    internode = _dimension(table, internode_key, fiber_diameter_um)
    flut = _dimension(table, "flut_length_um", fiber_diameter_um)
    node = _number(table, "fixed.node_length_um")
    mysa = _number(table, "fixed.mysa_length_um")
    return Morphology(
        model=model,
        membrane=str(table.value("membrane")),
        fiber_diameter_um=fiber_diameter_um,
        internode_length_um=internode,
        node_length_um=node,
        mysa_length_um=mysa,
        flut_length_um=flut,
        stin_length_um=(internode - node - 2.0 * mysa - 2.0 * flut) / N_STIN,
        node_diameter_um=_dimension(table, "node_diameter_um", fiber_diameter_um),
        axon_diameter_um=_dimension(table, "axon_diameter_um", fiber_diameter_um),
        lamellae=_dimension(table, "lamellae", fiber_diameter_um),
        sources=table.sources,
    )


def _number(table: Table, key: str) -> float:
    return float(np.asarray(table.value(key), dtype=np.float64))


def internode_length_um(model: str, fiber_diameter_um: float) -> float:
    """Distance between two node centers, µm; parameters and errors as in `load_morphology`."""
    return load_morphology(model, fiber_diameter_um).internode_length_um
