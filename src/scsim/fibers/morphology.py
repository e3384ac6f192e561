"""Fiber diameter → dimensions of nodes, internodes and sections, from the tables in `data/fibers`.

Two kinds of cable: the myelinated double cable of the MRG family (`Morphology`), and single cables, of
which every section is a node (`SingleMorphology`): fibers without myelin, and nodes in perfect myelin.
Electrical constants of membranes belong to `membrane.py`, positions in space to `fiber.py`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from scsim.errors import ModelError
from scsim.formats.tables import Table, load_table, table_names

N_STIN: Final = 6
"""STIN compartments between the two FLUT of an internode (McIntyre et al. 2002)."""

N_INTERNODE: Final = 4 + N_STIN
"""Compartments between two nodes: MYSA, FLUT, six STIN, FLUT, MYSA."""


class _Diameters(NamedTuple):
    """Outer and inner diameter of a fiber, µm."""

    fiber: float
    axon: float


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


@dataclass(frozen=True)
class PassiveEnd:
    """First and last section of a single cable, without channels and cut off from the axoplasm.

    Attributes
    ----------
    axial_resistivity_ohm_cm : float
        Ω cm.
    capacitance_uf_per_cm2 : float
        µF/cm².
    leak_s_per_cm2 : float
        S/cm².
    e_leak_mv : float
        Reversal of the leak, mV.
    """

    axial_resistivity_ohm_cm: float
    capacitance_uf_per_cm2: float
    leak_s_per_cm2: float
    e_leak_mv: float


@dataclass(frozen=True)
class SingleMorphology:
    """Dimensions of a single cable: sections in a row, each of which counts as a node.

    Attributes
    ----------
    model : str
        Name of the table.
    membrane : str
        Name of the membrane table.
    fiber_diameter_um : float
        Outer diameter, µm.
    internode_length_um : float
        Section center to section center, µm; more than `node_length_um` where perfect myelin, without
        capacitance or leak, lies between.
    node_length_um, node_diameter_um : float
        Length and diameter of a section, µm.
    axial_resistivity_ohm_cm : float
        Axoplasm, Ω cm.
    capacitance_uf_per_cm2 : float
        Membrane, µF/cm².
    end : PassiveEnd or None
        What the first and last section are; None where they are like all others.
    sources : tuple of str
        Keys of the references.
    """

    model: str
    membrane: str
    fiber_diameter_um: float
    internode_length_um: float
    node_length_um: float
    node_diameter_um: float
    axial_resistivity_ohm_cm: float
    capacitance_uf_per_cm2: float
    end: PassiveEnd | None
    sources: tuple[str, ...]

    @property
    def compartment_offsets_um(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Center of the one compartment of a repeat from the node center, µm, shape (1,)."""
        return np.zeros(1)


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


def _is_single(table: Table) -> bool:
    return "section.length_um" in table.quantities()


@lru_cache(maxsize=32)
def is_single_cable(model: str) -> bool:
    """Whether a model is a single cable, of which every section is a node, and no double cable.

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
    return _is_single(_table(model))


def is_myelinated(model: str) -> bool:
    """Whether a model has myelin: a double cable, or a single one of nodes with internodes between them.

    Parameters
    ----------
    model : str
        A name of `fiber_models`.

    Returns
    -------
    bool

    Raises
    ------
    ModelError
        If there is no such model; names the models there are.
    """
    table = _table(model)
    return not _is_single(table) or "internode_length_um" in table.quantities()


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
        return float(np.polyval(table.array(key), diameter_um))
    listed = table.array("fiber_diameter_um")
    index = int(np.flatnonzero(listed == diameter_um)[0])
    return float(table.array(key)[index])


def _of_diameter_or_axon(table: Table, stem: str, unit: str, diameters_um: _Diameters) -> float:
    """Give a dimension that a table has as a function of the fiber or of the axon diameter."""
    by_axon = f"{stem}_by_axon{unit}"
    if by_axon in table.quantities():
        return _dimension(table, by_axon, diameters_um.axon)
    return _dimension(table, stem + unit, diameters_um.fiber)


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
    """Give the dimensions of a double-cable fiber.

    Parameters
    ----------
    model : str
        One of `fiber_models`, of the MRG family.
    fiber_diameter_um : float
        Outer diameter, µm.

    Returns
    -------
    Morphology
        Dimensions of one repeat.

    Raises
    ------
    ModelError
        If there is no such model, it is a single cable, or the diameter is outside its range.

    References
    ----------
    McIntyre et al. (2002), table 1, doi:10.1152/jn.00353.2001 (mcintyre2002); Musselman et al.
    (2021), doi:10.1371/journal.pcbi.1009285 (musselman2021); Peña et al. (2024),
    doi:10.1371/journal.pcbi.1011833 (pena2024).
    """
    table = _table(model)
    if _is_single(table):
        doubles = ", ".join(name for name in fiber_models() if not is_single_cable(name))
        message = (
            f"model = {model!r}: a single cable has no paranodes and no myelin with properties; "
            f"call load_single_morphology, or choose a double cable: {doubles}."
        )
        raise ModelError(message)
    _check_diameter(table, model, fiber_diameter_um)
    internode = _internode_length_um(table, fiber_diameter_um)
    flut = _dimension(table, "flut_length_um", fiber_diameter_um)
    axon = _dimension(table, "axon_diameter_um", fiber_diameter_um)
    node = table.number("fixed.node_length_um")
    mysa = table.number("fixed.mysa_length_um")
    diameters = _Diameters(fiber=fiber_diameter_um, axon=axon)
    lamellae = _of_diameter_or_axon(table, "lamellae", "", diameters)
    if "lamellae_are_whole" in table.quantities() and table.value("lamellae_are_whole"):
        lamellae = float(np.trunc(lamellae))
    return Morphology(
        model=model,
        membrane=str(table.value("membrane")),
        fiber_diameter_um=fiber_diameter_um,
        internode_length_um=internode,
        node_length_um=node,
        mysa_length_um=mysa,
        flut_length_um=flut,
        stin_length_um=(internode - node - 2.0 * mysa - 2.0 * flut) / N_STIN,
        node_diameter_um=_of_diameter_or_axon(table, "node_diameter", "_um", diameters),
        axon_diameter_um=axon,
        lamellae=lamellae,
        sources=table.sources,
    )


def _internode_length_um(table: Table, diameter_um: float) -> float:
    key = "internode_length_um"
    if key not in table.quantities():
        return table.number("section.length_um")
    split = "internode_length_split_um"
    if split in table.quantities() and diameter_um < table.number(split):
        key = "internode_length_small_um"
    return _dimension(table, key, diameter_um)


@lru_cache(maxsize=65536)
def load_single_morphology(model: str, fiber_diameter_um: float) -> SingleMorphology:
    """Give the dimensions of a single-cable fiber.

    Parameters
    ----------
    model : str
        One of `fiber_models` for which `is_single_cable` holds.
    fiber_diameter_um : float
        Outer diameter, µm.

    Returns
    -------
    SingleMorphology
        Dimensions and cable constants of its sections.

    Raises
    ------
    ModelError
        If there is no such model, it is a double cable, or the diameter is outside its range.

    References
    ----------
    Sweeney et al. (1987) (sweeney1987); Rattay & Aberham (1993), doi:10.1109/10.250575 (rattay1993);
    Sundt et al. (2015), doi:10.1152/jn.00226.2015 (sundt2015); Tigerholm et al. (2014),
    doi:10.1152/jn.00777.2012 (tigerholm2014); Pelot et al. (2021), doi:10.1152/jn.00315.2020
    (pelot2021); Thio et al. (2024), doi:10.1371/journal.pcbi.1012475 (thio2024).
    """
    table = _table(model)
    if not _is_single(table):
        singles = ", ".join(name for name in fiber_models() if is_single_cable(name))
        message = (
            f"model = {model!r}: a double cable has compartments between its nodes; "
            f"call load_morphology, or choose a single cable: {singles}."
        )
        raise ModelError(message)
    _check_diameter(table, model, fiber_diameter_um)
    end = None
    if "end.leak_s_per_cm2" in table.quantities():
        end = PassiveEnd(
            axial_resistivity_ohm_cm=table.number("end.axial_resistivity_ohm_cm"),
            capacitance_uf_per_cm2=table.number("end.capacitance_uf_per_cm2"),
            leak_s_per_cm2=table.number("end.leak_s_per_cm2"),
            e_leak_mv=table.number("end.e_leak_mv"),
        )
    return SingleMorphology(
        model=model,
        membrane=str(table.value("membrane")),
        fiber_diameter_um=fiber_diameter_um,
        internode_length_um=_internode_length_um(table, fiber_diameter_um),
        node_length_um=table.number("section.length_um"),
        node_diameter_um=_dimension(table, "node_diameter_um", fiber_diameter_um),
        axial_resistivity_ohm_cm=table.number("section.axial_resistivity_ohm_cm"),
        capacitance_uf_per_cm2=table.number("section.capacitance_uf_per_cm2"),
        end=end,
        sources=table.sources,
    )


def internode_length_um(model: str, fiber_diameter_um: float) -> float:
    """Distance between two node centers, µm.

    Parameters
    ----------
    model : str
        One of `fiber_models`.
    fiber_diameter_um : float
        Outer diameter, µm.

    Returns
    -------
    float
        µm; the length of a section where there is no myelin.

    Raises
    ------
    ModelError
        If there is no such model, or the diameter is outside its range.
    """
    load = load_single_morphology if is_single_cable(model) else load_morphology
    return load(model, fiber_diameter_um).internode_length_um
