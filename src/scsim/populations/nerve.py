"""The fibers of a peripheral nerve: a seeded, stratified sample, spread evenly over its fascicles.

Nerves are in `scsim.tissue.nerve`; numbers of the distribution in ``data/populations/nerve.toml``. What a stimulus does
to the fibers does not belong here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.errors import ModelError
from scsim.fibers import Fiber, diameter_range_um, internode_length_um, is_myelinated
from scsim.formats.tables import load_table
from scsim.units import MM_PER_UM

if TYPE_CHECKING:
    from scsim.populations.dorsal_column import FiberSection
    from scsim.tissue.nerve import Fascicle, Nerve

FloatArray = npt.NDArray[np.float64]

TABLE: Final = "populations/nerve"

_GOLDEN: Final = 0.5 * (math.sqrt(5.0) - 1.0)
"""Step of angles from place to place, in turns, and of places from fiber to fiber, in shares of their number (no unit):
the number whose multiples stay most evenly spread over 0 to 1."""

_PHASE_STEP: Final = math.sqrt(2.0) - 1.0
"""Step of node phases from fiber to fiber, in internodes: as even as the golden one, nearly, and not locked to it."""


@dataclass(frozen=True, eq=False)
class NervePopulation:
    """Fibers in order of diameter.

    Attributes
    ----------
    fiber_diameter_um : ndarray of float64, shape (n_fibers,)
        Outer diameter, µm, ascending.
    fascicle : ndarray of int64, shape (n_fibers,)
        Number of the fascicle of each fiber, from 1.
    place_mm : ndarray of float64, shape (n_fibers, 2)
        x and y, mm.
    weight : ndarray of float64, shape (n_fibers,)
        Share of the fibers of the nerve, with diameters in the range of the sample, that this one stands for; sums to 1.
    fibers : tuple of Fiber
        Straight along z.
    """

    fiber_diameter_um: FloatArray
    fascicle: npt.NDArray[np.int64]
    place_mm: FloatArray
    weight: FloatArray
    fibers: tuple[Fiber, ...]

    def __len__(self) -> int:
        """Count the fibers."""
        return len(self.fibers)


def sample_nerve(
    section: FiberSection,
    nerve: Nerve,
    z_span_mm: tuple[float, float],
    rng: np.random.Generator,
) -> NervePopulation:
    """Draw the fibers of a nerve.

    Fascicles have fibers in proportion to their area, and at least one. Within each, diameters are stratified:
    their range is cut into as many classes of one width in log diameter as there are fibers; each class gives one, drawn from the
    distribution within it, and its weight is the share of the class. Places are those of the seeds of a sunflower, turned
    at random; from class to class they and the node phase move on by golden steps, so that fibers of nearly equal
    diameter spread over the fascicle.

    Parameters
    ----------
    section : FiberSection
        `model`, `n_fibers`, `margin_mm` and perhaps `diameter_um`, which all fibers then have.
    nerve : Nerve
    z_span_mm : tuple of 2 floats
        Lowest and highest z of the metal, mm.
    rng : numpy.random.Generator
        Random numbers of this case; two per fascicle and one per fiber are drawn.

    Returns
    -------
    NervePopulation

    Raises
    ------
    ModelError
        If there are fewer fibers than fascicles, the model has no diameter of the distribution, or a fiber is thicker
        than its fascicle.

    Notes
    -----
    Nodes keep their places in the nerve when the metal moves along it. Of n places, number k lies at sqrt((k + 1/2) / n)
    of the radius, k golden angles around: each has the same area. Checked by ``tests/unit/test_populations_nerve.py``.
    """
    counts = fibers_per_fascicle(nerve, section.n_fibers)
    total_mm2 = sum(one.radius_mm**2 for one in nerve.fascicles)
    parts = []
    for number, (fascicle, count) in enumerate(zip(nerve.fascicles, counts, strict=True), start=1):
        (turn, first_phase), uniform = rng.random(2), rng.random(count)
        diameter, weight = _diameters(section, uniform)
        _check_thickness(number, fascicle, float(diameter[-1]))
        seed = _scattered(count)
        reach = fascicle.radius_mm - 0.5 * diameter * MM_PER_UM
        angle = 2.0 * np.pi * (turn + _GOLDEN * seed)
        across = (reach * np.sqrt((seed + 0.5) / count))[:, None]
        place = across * np.column_stack([np.cos(angle), np.sin(angle)]) + fascicle.center_mm
        share = fascicle.radius_mm**2 / total_mm2
        phase = (first_phase + _PHASE_STEP * np.arange(count)) % 1.0
        parts.append((diameter, np.full(count, number), place, share * weight, phase))
    diameter, fascicle_number, place, weight, phase = (
        np.concatenate(one) for one in zip(*parts, strict=True)
    )
    order = np.argsort(diameter, kind="stable")
    span = (z_span_mm[0] - section.margin_mm, z_span_mm[1] + section.margin_mm)
    fibers = tuple(
        lay_straight(section.model, float(diameter[i]), (place[i, 0], place[i, 1]), span, phase[i])
        for i in order
    )
    return NervePopulation(
        diameter[order],
        fascicle_number[order].astype(np.int64),
        place[order],
        weight[order] / weight.sum(),
        fibers,
    )


def _scattered(count: int) -> npt.NDArray[np.int64]:
    """Put the numbers from 0 to below a count into an order in which neighbors lie far apart."""
    step = max(1, round(_GOLDEN * count))
    while math.gcd(step, count) > 1:
        step += 1
    return np.arange(count, dtype=np.int64) * step % count


def fibers_per_fascicle(nerve: Nerve, n_fibers: int) -> tuple[int, ...]:
    """Share fibers out to fascicles by area, by the largest remainders, at least one to each.

    Parameters
    ----------
    nerve : Nerve
    n_fibers : int

    Returns
    -------
    tuple of int

    Raises
    ------
    ModelError
        If there are fewer fibers than fascicles.
    """
    n_fascicles = len(nerve.fascicles)
    if n_fibers < n_fascicles:
        msg = (
            f"n_fibers = {n_fibers}: the nerve {nerve.name!r} has {n_fascicles} fascicles, and each needs a fiber. "
            f"Write {n_fascicles} or more."
        )
        raise ModelError(msg)
    area = np.array([one.radius_mm**2 for one in nerve.fascicles])
    ideal = (n_fibers - n_fascicles) * area / area.sum()
    counts = np.floor(ideal).astype(np.int64)
    missing = n_fibers - n_fascicles - int(counts.sum())
    counts[np.argsort(counts - ideal, kind="stable")[:missing]] += 1
    return tuple((counts + 1).tolist())


def nerve_diameters_um(model: str) -> tuple[float, float]:
    """Give the diameters that a sample of a model holds: those that the distribution and the model both have.

    Parameters
    ----------
    model : str

    Returns
    -------
    tuple of 2 floats
        Smallest and largest, µm.

    Raises
    ------
    ModelError
        If they have none in common.
    """
    low, high = load_table(TABLE).array(f"{_law(model)}.range_um").tolist()
    least, most = diameter_range_um(model)
    low, high = max(low, least), min(high, most)
    if not low < high:
        msg = (
            f"model = {model!r}: it has diameters of {least:g} to {most:g} µm, none of the distribution. Write "
            "diameter_um, or choose another model."
        )
        raise ModelError(msg)
    return low, high


def lay_straight(
    model: str,
    diameter_um: float,
    place_mm: tuple[float, float],
    span_mm: tuple[float, float],
    phase: float,
) -> Fiber:
    """Lay a fiber along z over a span at least, with a node at `phase` internodes above z = 0.

    Parameters
    ----------
    model : str
    diameter_um : float
        µm.
    place_mm : tuple of 2 floats
        x and y, mm.
    span_mm : tuple of 2 floats
        Lowest and highest z that nodes must reach over, mm.
    phase : float
        In internodes, from 0 to below 1: where its nodes lie in the nerve, wherever the span is.

    Returns
    -------
    Fiber
        With an odd number of nodes.
    """
    internode_mm = internode_length_um(model, diameter_um) * MM_PER_UM
    n_nodes = math.ceil((span_mm[1] - span_mm[0]) / internode_mm) + 2
    n_nodes += 1 - n_nodes % 2
    middle = 0.5 * (span_mm[0] + span_mm[1])
    half = 0.5 * n_nodes * internode_mm
    first = (middle - half) / internode_mm
    x, y = map(float, place_mm)
    return Fiber(
        model,
        fiber_diameter_um=diameter_um,
        n_nodes=n_nodes,
        path_mm=((x, y, middle - half), (x, y, middle + half)),
        node_phase=_part_of_one(float(phase) - first),
    )


def _part_of_one(value: float) -> float:
    """Give what a number is above a whole one, from 0 to below 1."""
    rest = value - math.floor(value)
    return rest if rest < 1.0 else 0.0


def _law(model: str) -> str:
    return "myelinated" if is_myelinated(model) else "unmyelinated"


def _tail(model: str, diameter_um: FloatArray) -> FloatArray:
    """Give the share of fibers thicker than some diameters, before the law is cut."""
    from scipy.special import ndtr  # noqa: PLC0415 - slow to import, and the config imports this file

    table, law = load_table(TABLE), _law(model)

    def above(mean: str, sd: str) -> FloatArray:
        mean_um, sd_um = table.number(f"{law}.{mean}"), table.number(f"{law}.{sd}")
        return np.asarray(ndtr((mean_um - diameter_um) / sd_um), dtype=np.float64)

    if law == "unmyelinated":
        return above("mean_um", "sd_um")
    thin = table.number("myelinated.thin_share")
    return thin * above("thin_mean_um", "thin_sd_um") + (1.0 - thin) * above(
        "thick_mean_um", "thick_sd_um"
    )


_N_GRID: Final = 33
"""Points within a class between which the distribution is taken as straight."""


def _diameters(section: FiberSection, uniform: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Draw one diameter per class, µm, ascending, and give the weight of each class."""
    count = uniform.size
    if section.diameter_um is not None:
        return np.full(count, section.diameter_um), np.full(count, 1.0 / count)
    low, high = nerve_diameters_um(section.model)
    edges = np.geomspace(low, high, count + 1)
    grid = edges[:-1, None] + np.diff(edges)[:, None] * np.linspace(0.0, 1.0, _N_GRID)
    tail = _tail(section.model, grid)
    share = tail[:, 0] - tail[:, -1]
    wanted = tail[:, 0] - uniform * share
    drawn = np.array([np.interp(-w, -t, g) for w, t, g in zip(wanted, tail, grid, strict=True)])
    return drawn, share / share.sum()


def _check_thickness(number: int, fascicle: Fascicle, diameter_um: float) -> None:
    if 0.5 * diameter_um * MM_PER_UM < fascicle.radius_mm:
        return
    msg = (
        f"a fiber of {diameter_um:g} µm does not fit into fascicle {number}, whose endoneurium is "
        f"{2.0 * fascicle.radius_mm:g} mm wide. Choose a thinner fiber or another nerve."
    )
    raise ModelError(msg)
