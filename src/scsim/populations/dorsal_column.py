"""The myelinated fibers of the superficial dorsal columns: a seeded, stratified sample.

Which segment a fiber comes from is in `dermatomes.py`. Dorsal roots and peripheral nerves do not belong here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le

from scsim.errors import GeometryError, ModelError
from scsim.fibers import Fiber, diameter_range_um, internode_length_um
from scsim.formats.tables import load_table
from scsim.tissue.spine import Spine
from scsim.units import MM_PER_UM

FloatArray = npt.NDArray[np.float64]

TABLE: Final = "populations/dorsal_column"

_ROUNDING: Final = 1e-12
"""Relative error of a class edge that was made by repeated multiplication."""

GOLDEN_SHARE: Final = 0.5 * (math.sqrt(5.0) - 1.0)
"""Step of the lateral positions from class to class, in shares of the width (no unit): the number whose
multiples stay most evenly spread over 0 to 1."""

EVEN_WITHIN: Final = 2.0
"""Among n classes in a row, each stretch of this many n-ths of the width holds a fiber (the largest gap of n
multiples of `GOLDEN_SHARE` is at most 1.894 / n, computed for n up to 3000)."""


def _default(key: str) -> Callable[[], float]:
    """Give the reader of one default of the table, so that numbers stand there only."""
    return lambda: load_table(TABLE).number(key)


@dataclass(frozen=True, kw_only=True)
class FiberSection:
    """The table ``[fibers]`` of a config.

    Attributes
    ----------
    population : {"dorsal_column", "nerve"}
        ``dorsal_column``: myelinated fibers of the superficial dorsal columns. ``nerve``: fibers in the fascicles
        of the nerve of ``[nerve]``, with or without myelin as the model has it.
    model : str
        A model of ``scsim list fibers`` that takes any diameter.
    n_fibers : int
        Fibers simulated; each stands for a class of diameters with the weight of that class.
    diameter_um : float, optional
        Diameter of every fiber, µm; population ``nerve`` only. Left out, diameters are those of a nerve of a limb.
    depth_max_mm : float
        Depth below the cord's surface, uniform from 0 to this, mm.
    lateral_max_mm : float
        Distance from the midline, uniform on both sides up to this, mm.
    median_diameter_um : float
        Median outer diameter of the whole population, µm. The share of the largest fibers in it is fixed
        by published counts; the simulated ones are those within the range of the model.
    margin_mm : float
        Fiber length beyond the metal of the lead on each side, mm.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    population: Literal["dorsal_column", "nerve"] = "dorsal_column"
    model: str = "mrg"
    n_fibers: Annotated[int, Ge(1), Le(100_000)] = 200
    diameter_um: Annotated[float, Gt(0), Le(30)] | None = None
    depth_max_mm: Annotated[float, Gt(0)] = field(default_factory=_default("depth_max_mm"))
    lateral_max_mm: Annotated[float, Ge(0)] = field(default_factory=_default("lateral_max_mm"))
    median_diameter_um: Annotated[float, Ge(1)] = field(
        default_factory=_default("median_diameter_um")
    )
    margin_mm: Annotated[float, Ge(0), Le(500)] = field(default_factory=_default("margin_mm"))


@dataclass(frozen=True, eq=False)
class Population:
    """Fibers in order of diameter.

    Attributes
    ----------
    fiber_diameter_um : ndarray of float64, shape (n_fibers,)
        Outer diameter, µm, ascending.
    lateral_mm : ndarray of float64, shape (n_fibers,)
        Distance to the left of the cord's own midline, mm.
    depth_mm : ndarray of float64, shape (n_fibers,)
        Depth below the cord's surface there, along its own dorsoventral axis, mm.
    node_phase : ndarray of float64, shape (n_fibers,)
        Shift of the nodes along the fiber in internodes, 0 to below 1.
    weight : ndarray of float64, shape (n_fibers,)
        Share of the fibers with diameters in the model's range that this one stands for; sums to 1.
    fibers : tuple of Fiber
    """

    fiber_diameter_um: FloatArray
    lateral_mm: FloatArray
    depth_mm: FloatArray
    node_phase: FloatArray
    weight: FloatArray
    fibers: tuple[Fiber, ...]

    def __len__(self) -> int:
        """Count the fibers."""
        return len(self.fibers)


def sample_dorsal_column(
    section: FiberSection,
    spine: Spine,
    z_span_mm: tuple[float, float],
    rng: np.random.Generator,
) -> Population:
    """Draw a population of dorsal-column fibers.

    Diameters are stratified, so that a few hundred fibers carry the rare large ones: the range of the
    model is cut into `n_fibers` classes, one edge on the tail diameter of the table; each class gives one
    fiber, drawn from the population within it, and its weight is the share of the class. Below the tail
    diameter the classes have one width in log diameter; above it, where the fibers lie that drive the dorsal
    horn, there are more of them, narrow where fibers are many and wider where they are few.

    Parameters
    ----------
    section : FiberSection
    spine : Spine
    z_span_mm : tuple of 2 floats
        Lowest and highest z of the lead's metal, mm.
    rng : numpy.random.Generator
        Random numbers of this case; four are drawn per fiber.

    Returns
    -------
    Population

    Raises
    ------
    ModelError
        If the median does not lie below the tail diameter of the table.
    GeometryError
        If a fiber would lie beside or below the cord.

    Notes
    -----
    The diameter of the whole population is log-normal: ln D has mean ln m and standard deviation
    ln(d/m) / z, where m is the median, and the share p of fibers above d is published (z is the normal
    quantile of 1 − p). Diameters outside the model's range are left out, and weights relate to the rest.
    Depth and node phase are uniform and independent of diameter. So is the lateral position of each fiber
    by itself; from class to class it moves on by `GOLDEN_SHARE` of the width, from a random start, so that
    fibers of nearly equal diameter spread evenly over the width and every dermatome has its part of them.
    Checked by ``tests/unit/test_populations_dorsal_column.py``.

    References
    ----------
    Feirabend et al. (2002), abstract. doi:10.1093/brain/awf111
    """
    check_place(section, spine)
    uniform = rng.random((section.n_fibers, 4))
    diameter, weight = _stratified_diameters(section, uniform[:, 0])
    across = (uniform[0, 1] + GOLDEN_SHARE * np.arange(section.n_fibers)) % 1.0
    lateral = section.lateral_max_mm * (2.0 * across - 1.0)
    depth = section.depth_max_mm * uniform[:, 2]
    phase = uniform[:, 3]
    place = spine.cord_point_mm(lateral, depth)
    span = (z_span_mm[0] - section.margin_mm, z_span_mm[1] + section.margin_mm)
    fibers = tuple(
        _straight_fiber(section.model, float(d), (float(x), float(y)), span, float(p))
        for d, (x, y), p in zip(diameter, place, phase, strict=True)
    )
    return Population(diameter, lateral, depth, phase, weight, fibers)


def check_place(section: FiberSection, spine: Spine) -> None:
    """Refuse a layer of fibers that does not lie inside the cord.

    Parameters
    ----------
    section : FiberSection
    spine : Spine

    Raises
    ------
    GeometryError
        With the value and the room there is.
    """
    half_width, half_height = spine.cord_half_axes_mm
    if not section.lateral_max_mm < half_width:
        msg = (
            f"lateral_max_mm = {section.lateral_max_mm:g} mm: the cord reaches {half_width:g} mm to each "
            "side of its middle, and fibers must lie inside. Choose a smaller value."
        )
        raise GeometryError(msg)
    edge = section.lateral_max_mm
    thickness = 2.0 * half_height * math.sqrt(1.0 - (edge / half_width) ** 2)
    if not section.depth_max_mm < thickness:
        msg = (
            f"depth_max_mm = {section.depth_max_mm:g} mm: at x = {edge:g} mm the cord is {thickness:g} mm "
            "thick, and fibers must lie inside. Choose a smaller value."
        )
        raise GeometryError(msg)


def log_normal_of(median_diameter_um: float) -> tuple[float, float]:
    """Give mean and standard deviation of ln(diameter in µm) for a median.

    Parameters
    ----------
    median_diameter_um : float
        µm.

    Returns
    -------
    tuple of 2 floats
        No unit.

    Raises
    ------
    ModelError
        If the median does not lie between 0 and the tail diameter.
    """
    from scipy.special import ndtri  # noqa: PLC0415 - slow to import, and the config imports this file

    table = load_table(TABLE)
    tail_um, share = table.number("tail_diameter_um"), table.number("tail_share")
    if not 0.0 < median_diameter_um < tail_um:
        msg = (
            f"median_diameter_um = {median_diameter_um:g} µm: it must lie between 0 and {tail_um:g} µm, "
            f"above which there are {100 * share:g} % of the fibers. Choose a smaller value."
        )
        raise ModelError(msg)
    return math.log(median_diameter_um), math.log(tail_um / median_diameter_um) / float(
        ndtri(1.0 - share)
    )


def _stratified_diameters(
    section: FiberSection, uniform: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Draw one diameter per class, µm, and give the weight of each class."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - slow to import, and the config imports this file

    mean, deviation = log_normal_of(section.median_diameter_um)
    tail_um = load_table(TABLE).number("tail_diameter_um")
    edges = _class_edges(diameter_range_um(section.model), tail_um, section.n_fibers)
    # Upper tails keep their digits far above the median, where 1 − P would lose them.
    tail: FloatArray = np.asarray(ndtr(-(np.log(edges) - mean) / deviation), dtype=np.float64)
    share = tail[:-1] - tail[1:]
    drawn = np.exp(mean - deviation * ndtri(tail[:-1] - uniform * share))
    return np.clip(drawn, edges[:-1], edges[1:]), share / share.sum()


def n_classes_above(model: str, n_fibers: int, diameter_um: float) -> int:
    """Count the classes, and so the simulated fibers, that lie wholly above a diameter.

    Parameters
    ----------
    model : str
        Fiber model.
    n_fibers : int
        Fibers simulated.
    diameter_um : float
        µm.

    Returns
    -------
    int
    """
    tail_um = load_table(TABLE).number("tail_diameter_um")
    edges = _class_edges(diameter_range_um(model), tail_um, n_fibers)
    return int(np.count_nonzero(edges[:-1] >= diameter_um * (1.0 - _ROUNDING)))


def _class_edges(span_um: tuple[float, float], tail_um: float, n_classes: int) -> FloatArray:
    """Cut a range of diameters into classes, one edge on the tail diameter.

    With the edge there, the fibers above it carry the published share whatever the seed. Below it the widths in
    ln(diameter) are equal; above it, where the density falls steeply, they grow by the same factor from class
    to class.
    """
    low, high = span_um
    if n_classes == 1 or not low < tail_um < high:
        return np.geomspace(low, high, n_classes + 1)
    table = load_table(TABLE)
    wanted = n_classes * table.number("tail_classes")
    n_above = min(max(round(wanted), 1), n_classes - 1)
    below = np.geomspace(low, tail_um, n_classes - n_above + 1)
    width = np.geomspace(1.0, table.number("tail_widening"), n_above)
    share = np.cumsum(width) / width.sum()
    above = tail_um * (high / tail_um) ** share
    above[-1] = high
    return np.concatenate([below, above])


def _straight_fiber(
    model: str,
    diameter_um: float,
    place_mm: tuple[float, float],
    span_mm: tuple[float, float],
    phase: float,
) -> Fiber:
    """Lay a fiber along z whose nodes reach over the span for every phase, with an odd number of nodes."""
    internode_mm = internode_length_um(model, diameter_um) * MM_PER_UM
    n_nodes = math.ceil((span_mm[1] - span_mm[0]) / internode_mm) + 2
    n_nodes += 1 - n_nodes % 2
    middle = 0.5 * (span_mm[0] + span_mm[1])
    half = 0.5 * n_nodes * internode_mm
    x, y = place_mm
    return Fiber(
        model,
        fiber_diameter_um=diameter_um,
        n_nodes=n_nodes,
        path_mm=((x, y, middle - half), (x, y, middle + half)),
        node_phase=phase,
    )
