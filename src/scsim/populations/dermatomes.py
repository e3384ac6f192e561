"""From which segment a fiber of the dorsal columns comes, and how far it is from there to the dorsal horn.

Where fibers lie is in `dorsal_column.py`. Which dermatomes hurt is asked in ``[afferents]``; what local and
surround fibers do to the dorsal horn belongs to `scsim.circuit`.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from scsim.formats.tables import load_table
from scsim.populations.dorsal_column import EVEN_WITHIN, TABLE

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.str_]

SIDES: Final = ("both", "left", "right")
"""Sides on which it may hurt."""

_ROUNDING: Final = 1e-9
"""Relative error of the edges of strips (no unit)."""

_REGIONS: Final = {"S": "sacral", "L": "lumbar", "T": "thoracic", "C": "cervical"}
"""First letter of a segment, and its part of the cord in the table."""


def dermatome_names() -> tuple[str, ...]:
    """List the segments that are known, from the midline of the dorsal columns outward.

    Returns
    -------
    tuple of str
        For example ``"L5"``.
    """
    names = load_table(TABLE).value("somatotopy.segments")
    assert isinstance(names, tuple)
    return tuple(str(name) for name in names)


@lru_cache(maxsize=16)
def dermatomes_at(level: str) -> tuple[str, ...]:
    """List the segments whose fibers run in the dorsal columns at a level.

    Parameters
    ----------
    level : str
        A preset of ``[tissue]``.

    Returns
    -------
    tuple of str
        From the midline outward; the last one enters at the level.

    Raises
    ------
    ScsimError
        If the table has no such level.
    """
    names = dermatome_names()
    last = str(load_table(TABLE).value(f"somatotopy.{level}.lateral_segment"))
    return names[: names.index(last) + 1]


def division_mm(level: str) -> float:
    """Give the width of the strip of one segment on one side, mm.

    Parameters
    ----------
    level : str
        A preset of ``[tissue]``.

    Returns
    -------
    float
    """
    return load_table(TABLE).number(f"somatotopy.{level}.division_mm")


def fiber_dermatomes(lateral_mm: npt.ArrayLike, level: str) -> TextArray:
    """Say from which segment each fiber comes.

    Parameters
    ----------
    lateral_mm : array_like, shape (n_fibers,)
        Distance to the left of the cord's midline, mm.
    level : str
        A preset of ``[tissue]``.

    Returns
    -------
    ndarray of str, shape (n_fibers,)
        The segment whose strip a fiber lies in; the last one of the level for fibers beyond it.

    Notes
    -----
    Strips of equal width and without overlap; real ones overlap and widen toward the enlargements. Checked by
    ``tests/unit/test_populations_dermatomes.py``.

    References
    ----------
    Werner and Whitsel (1967), doi:10.1113/jphysiol.1967.sp008292; Feirabend et al. (2002),
    doi:10.1093/brain/awf111; overlap: Smith and Deacon (1984), doi:10.1093/brain/107.3.671.
    """
    names = dermatomes_at(level)
    distance = np.abs(np.asarray(lateral_mm, dtype=np.float64))
    strip = np.minimum(np.floor(distance / division_mm(level)), len(names) - 1)
    return np.array(names, dtype=np.str_)[strip.astype(np.int64)]


def painful_mask(
    dermatome: npt.ArrayLike, lateral_mm: npt.ArrayLike, painful: Sequence[str], side: str
) -> BoolArray:
    """Tell the local fibers, those of the painful dermatomes, from the surround.

    Parameters
    ----------
    dermatome : array_like of str, shape (n_fibers,)
        Segment of each fiber.
    lateral_mm : array_like, shape (n_fibers,)
        Distance to the left of the cord's midline, mm.
    painful : sequence of str
        Painful dermatomes.
    side : {"both", "left", "right"}
        Where it hurts; fibers of the dorsal columns run on their own side.

    Returns
    -------
    ndarray of bool, shape (n_fibers,)
        True for local fibers.
    """
    lateral = np.asarray(lateral_mm, dtype=np.float64)
    is_painful = np.isin(np.asarray(dermatome), list(painful))
    if side == "both":
        return np.asarray(is_painful)
    return np.asarray(is_painful & ((lateral > 0.0) if side == "left" else (lateral < 0.0)))


def painful_faults(level: str | None, painful: Sequence[str]) -> list[str]:
    """List what is wrong with the names of painful dermatomes.

    Parameters
    ----------
    level : str or None
        A preset of ``[tissue]``; None if it is not known, and the names alone are looked at.
    painful : sequence of str

    Returns
    -------
    list of str
        Messages: problem and remedy, for each name that is not known, has no fibers at the level, or stands
        there twice.
    """
    known = dermatome_names()
    here = known if level is None else dermatomes_at(level)
    faults = []
    for name in dict.fromkeys(painful):
        if name not in known:
            faults.append(
                f'there is no dermatome "{name}"; there is {_listed(known)}. Write one or several of these.'
            )
        elif name not in here:
            faults.append(
                f"fibers of {name} enter the cord above this level ({level}), whose dorsal columns hold {_listed(here)}. "
                "Write one of these, or choose a higher level as the preset of [tissue]."
            )
        if list(painful).count(name) > 1:
            faults.append(f'"{name}" is listed more than once. Remove the repeated name.')
    return faults


def local_faults(
    level: str, painful: Sequence[str], side: str, *, lateral_max_mm: float, n_large: int
) -> list[tuple[str, str]]:
    """Say why no fiber of a population might lie in the painful dermatomes.

    Parameters
    ----------
    level : str
        A preset of ``[tissue]``.
    painful : sequence of str
        Names without fault.
    side : str
        One of `SIDES`.
    lateral_max_mm : float
        Lateral extent of the fibers on each side, mm.
    n_large : int
        Simulated fibers that are thick enough to count.

    Returns
    -------
    list of (str, str)
        Key to change and message: problem and remedy; empty if some fiber surely lies there, whatever the seed.
    """
    strips = [_strip_mm(level, name) for name in painful]
    reached = [(low, min(high, lateral_max_mm)) for low, high in strips if low < lateral_max_mm]
    where = f"{', '.join(painful)} ({'both sides' if side == 'both' else f'{side} side'})"
    if not reached:
        nearest = min(low for low, _ in strips)
        message = (
            f"no fiber lies in {where}: at this level ({level}) these begin {nearest:g} mm beside the midline, and "
            f"the fibers reach to {lateral_max_mm:g} mm. Raise lateral_max_mm of [fibers] above {nearest:g}, "
            f"or write dermatomes among {_listed(_reached_names(level, lateral_max_mm))}."
        )
        return [("painful_dermatomes", message)]
    widest = max(high - low for low, high in _joined(reached))
    # A hair less than the stretch, so that a width at the limit is not refused for its rounding.
    needed = math.ceil(EVEN_WITHIN * 2.0 * lateral_max_mm / widest * (1.0 - _ROUNDING))
    if n_large >= needed:
        return []
    message = (
        f"only {n_large} simulated fibers are large, so that perhaps none lies in {where}; {needed} large ones "
        "are needed. Write more fibers, or more painful dermatomes beside each other."
    )
    return [("n_fibers", message)]


def horn_distance_mm(level: str, painful: Sequence[str]) -> float:
    """Give the way down the cord from a level to the dorsal horn of the painful segments.

    Parameters
    ----------
    level : str
        A preset of ``[tissue]``.
    painful : sequence of str
        Painful dermatomes, present at the level.

    Returns
    -------
    float
        Mean over the painful segments, from the middle of the segment at the level to theirs, mm.

    Notes
    -----
    Lengths of segments are means of each part of the cord (table ``populations/dorsal_column``). The collateral
    that enters the dorsal horn, some millimeters of thin fiber, is left out: the circuits have a latency of
    their own for it.
    """
    here = dermatomes_at(level)
    length = np.array(
        [load_table(TABLE).number(f"conduction.{_REGIONS[name[0]]}_segment_mm") for name in here]
    )
    middle = np.cumsum(length) - 0.5 * length  # from the caudal end
    return float(np.mean([middle[-1] - middle[here.index(name)] for name in painful]))


def conduction_ms(distance_mm: npt.ArrayLike, fiber_diameter_um: npt.ArrayLike) -> FloatArray:
    """Give the time that a spike takes over a distance in the dorsal column.

    Parameters
    ----------
    distance_mm : array_like
        mm; negative gives a negative time.
    fiber_diameter_um : array_like
        Outer diameter, µm.

    Returns
    -------
    ndarray of float64
        ms, of the broadcast shape. Velocity is proportional to diameter.
    """
    table = load_table(TABLE)
    velocity = table.number("conduction.velocity_m_per_s")  # m/s is mm/ms
    relative = np.asarray(fiber_diameter_um) / table.number("conduction.reference_diameter_um")
    return np.asarray(np.asarray(distance_mm, dtype=np.float64) / (velocity * relative))


def _strip_mm(level: str, name: str) -> tuple[float, float]:
    """Give the nearest and farthest distance of a segment's strip from the midline, mm."""
    here, width = dermatomes_at(level), division_mm(level)
    index = here.index(name)
    return index * width, math.inf if index == len(here) - 1 else (index + 1) * width


def _reached_names(level: str, lateral_max_mm: float) -> tuple[str, ...]:
    return tuple(
        name for name in dermatomes_at(level) if _strip_mm(level, name)[0] < lateral_max_mm
    )


def _joined(strips: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join strips that touch."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(strips):
        if joined and math.isclose(low, joined[-1][1], rel_tol=_ROUNDING):
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
