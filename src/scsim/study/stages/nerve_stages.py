"""The stages of a nerve in a cuff that a canal has otherwise or not at all: places, fibers, recruited fascicles.

All else (field, thresholds, charge) is the same for both and in ``field_stages.py`` and ``fiber_stages.py``; which of
the two a case is stands in ``places.py``. The table of stages is in ``stages/table.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.populations.nerve import sample_nerve
from scsim.response.recruitment import recruited_share
from scsim.study.stages.places import contact_span_mm, make_nerve_place, unplaced_leads
from scsim.tissue import load_nerve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scsim.study.config import StudyConfig
    from scsim.study.stages.stage import Outputs, Unit
    from scsim.tissue import Nerve

NERVE_STREAM: Final = 1
"""Place of the fibers of a nerve among the random streams of a seed; those of the dorsal columns have 0."""

_N_CIRCLE: Final = 73
"""Points of a drawn circle, first and last equal: one every 5 degrees."""


def fascicle_names(nerve: Nerve) -> NDArray[np.str_]:
    """Name the fascicles of a nerve: f1, f2 and so on, in the order of its table."""
    return np.array([f"f{number}" for number in range(1, 1 + len(nerve.fascicles))], dtype=np.str_)


def prepare_nerve_geometry(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Lay out contacts, cuff, nerve and fascicles for pictures."""
    place = make_nerve_place(config)
    nerve, cuff = place.nerve, place.cuff
    contacts = cuff.contacts
    half_mm = 0.5 * cuff.length_mm
    outer = _circle(cuff.center_mm[:2], cuff.outer_radius_mm)
    return (
        {
            "contact": np.array([one.label for one in contacts], dtype=np.str_),
            "contact_center_mm": np.array([one.center_mm for one in contacts]),
            "contact_direction": np.array([one.direction for one in contacts]),
            "contact_normal": np.full((len(contacts), 3), np.nan),
            "contact_length_mm": np.array([one.length_mm for one in contacts]),
            "contact_radius_mm": np.array([one.radius_mm for one in contacts]),
            "contact_width_mm": np.full(len(contacts), np.nan),
            "contact_middle_deg": np.array([one.middle_deg for one in contacts]),
            "contact_span_deg": np.array([one.span_deg for one in contacts]),
            "lead_outline_mm": outer[None],
            "lead_span_mm": np.array([cuff.span_mm]),
            "cuff_span_mm": np.array([cuff.center_mm[2] - half_mm, cuff.center_mm[2] + half_mm]),
            "fascicle": fascicle_names(nerve),
            "outline_epineurium_mm": _circle((0.0, 0.0), nerve.radius_mm),
            "outline_cuff_mm": _circle(cuff.center_mm[:2], cuff.inner_radius_mm),
            "outline_fascicle_mm": np.array(
                [_circle(one.center_mm, one.radius_mm) for one in nerve.fascicles]
            ),
        },
    )


def _circle(center_mm: Sequence[float], radius_mm: float) -> NDArray[np.float64]:
    angle = np.linspace(0.0, 2.0 * np.pi, _N_CIRCLE)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.asarray(radius_mm * circle + np.asarray(center_mm), dtype=np.float64)


def prepare_nerve_population(config: StudyConfig, _: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Draw the fibers of a nerve."""
    stream = np.random.SeedSequence(config.seed, spawn_key=(NERVE_STREAM,))
    span_mm = contact_span_mm(unplaced_leads(config.lead, config.lead.rostral_mm))
    nerve = load_nerve(config.nerve.preset or "")
    population = sample_nerve(config.fibers, nerve, span_mm, np.random.default_rng(stream))
    paths = np.array([fiber.path_mm for fiber in population.fibers])
    return (
        {
            "fiber_diameter_um": population.fiber_diameter_um,
            "fiber_weight": population.weight,
            "fiber_fascicle": population.fascicle,
            "fiber_start_mm": paths[:, 0],
            "fiber_end_mm": paths[:, -1],
            "node_phase": np.array([fiber.node_phase for fiber in population.fibers]),
            "n_nodes": np.array([fiber.node_count for fiber in population.fibers]),
        },
    )


def prepare_fascicles(config: StudyConfig, upstream: Mapping[str, Outputs]) -> tuple[Unit, ...]:
    """Collect thresholds, weights and fascicles of the fibers, and the amplitude of a case."""
    population = upstream["population"]
    return (
        {
            "fascicle": fascicle_names(load_nerve(config.nerve.preset or "")),
            "fiber_fascicle": population["fiber_fascicle"],
            "weight": population["fiber_weight"],
            "threshold_ma": upstream["thresholds"]["threshold_ma"],
            "amplitude_ma": config.stimulus.amplitude_ma,
        },
    )


def compute_fascicles(units: Sequence[Unit]) -> Sequence[Outputs]:
    """Sum the weights of the fibers that fire, of the nerve and of each fascicle."""
    outputs: list[Outputs] = []
    for unit in units:
        threshold_ma, amplitude_ma = unit["threshold_ma"], unit["amplitude_ma"]
        shares = np.array(
            [
                recruited_share(
                    threshold_ma,
                    np.where(unit["fiber_fascicle"] == number, unit["weight"], 0.0),
                    amplitude_ma,
                )
                for number in range(1, 1 + unit["fascicle"].size)
            ]
        )
        outputs.append(
            {
                "fascicle": unit["fascicle"],
                "recruited_share_nerve": np.array(
                    recruited_share(threshold_ma, unit["weight"], amplitude_ma)
                ),
                "recruited_share_fascicle": shares,
                "selectivity": selectivity(shares),
            }
        )
    return outputs


def selectivity(recruited_share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tell how much more of each fascicle is recruited than of the others.

    Parameters
    ----------
    recruited_share : ndarray of float64, shape (n_fascicles,)
        Recruited share of each fascicle (no unit).

    Returns
    -------
    ndarray of float64, shape (n_fascicles,)
        Share less the mean share of the other fascicles, from -1 to 1 (no unit); NaN for a nerve with one fascicle.

    References
    ----------
    Raspopovic et al. (2011). doi:10.1109/TNSRE.2011.2151878
    """
    n_others = recruited_share.size - 1
    if n_others == 0:
        return np.full(1, np.nan)
    others = (recruited_share.sum() - recruited_share) / n_others
    return np.asarray(recruited_share - others)
