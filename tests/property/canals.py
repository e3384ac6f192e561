"""Canals for the tests of solvers: dimensions and conductivities drawn within the published ranges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from scsim.electrodes.bodies import Disc
from scsim.electrodes.contacts import RingContact
from scsim.tissue import dorsal_seat, make_spine
from scsim.tissue.materials import Conductivities

if TYPE_CHECKING:
    import numpy.typing as npt

    from scsim.tissue import Spine
    from scsim.tissue.section import CrossSection

    FloatArray = npt.NDArray[np.float64]

RADIUS_MM: Final = 0.65
"""Radius of a percutaneous lead, mm."""

HALF_WIDTH_MM: Final = 40.0
HALF_LENGTH_MM: Final = 60.0
"""Half sizes of the box of the reference tables, mm."""

# The gray matter of the reference geometries, relative to the half axes of the cord (4.5 and 3.5 mm).
_GRAY_HALF: Final = np.array(
    [
        (0.0, 0.45), (0.6, 0.45), (1.25, 1.3), (1.75, 2.45), (2.15, 2.35), (1.95, 1.2), (1.6, 0.3),
        (2.0, -0.5), (2.3, -1.5), (1.7, -2.2), (1.1, -1.8), (0.7, -0.6), (0.0, -0.35),
    ]
) / (4.5, 3.5)  # fmt: skip

# Frostell et al. 2016: width 13.3 ± 2.2 (C5), 8.3 ± 2.1 (T8), 9.4 ± 1.5 mm (L3); height 7.4 ± 1.6, 6.3 ± 2.0 mm.
_CORD_HALF_WIDTH_MM: Final = (3.1, 7.75)
_CORD_HALF_HEIGHT_MM: Final = (2.15, 4.5)
# Holsheimer et al. 1994: 1.5 to 4.0 mm at C4-C6, 4.0 to 8.5 at T5-T6, 1.5 to 6.0 at T11-T12.
_CSF_MM: Final = (1.5, 8.5)
# As far as the cord may lie from the midline of the vertebra: up to 2.0 mm (ibid.).
_CORD_LATERAL_MM: Final = (-2.0, 2.0)
_DURA_MM: Final = (0.1, 0.5)
_FAT_MM: Final = (2.0, 5.0)
_LEAD_LATERAL_MM: Final = (-2.5, 2.5)
_GAP_MM: Final = (0.03, 0.4)
# Not in the tables of facts: fluid beside and below the cord, and how far bone reaches, mm; wide around what is usual.
_LATERAL_CSF_MM: Final = (2.5, 5.0)
_VENTRAL_CSF_MM: Final = (1.0, 4.0)
_BONE_MM: Final = (4.0, 9.0)

_SIGMA_S_PER_M: Final = {
    "white_matter": ((0.083, 0.12), (0.4, 0.7)),
    "gray_matter": ((0.1, 0.23),),
    "csf": ((1.45, 2.0),),
    "dura": ((0.02, 0.6),),
    "epidural_fat": ((0.025, 0.25),),
    "bone": ((0.008, 0.04),),
    "soft_tissue": ((0.1, 0.25),),
}
"""Smallest and largest published conductivity, one pair for isotropic tissue, two for across and along."""


@dataclass(frozen=True)
class Canal:
    """A canal with a lead of eight contacts on its dura.

    Attributes
    ----------
    spine : Spine
    conductivities : Conductivities
    body : Disc
    """

    spine: Spine
    conductivities: Conductivities
    body: Disc

    @property
    def section(self) -> CrossSection:
        """The tissues."""
        return self.spine.cross_section((self.body,))

    @property
    def contacts(self) -> tuple[RingContact, ...]:
        """Rings 3 mm long, 7 mm apart, ``c1`` caudal."""
        x, y = self.body.center_mm
        return tuple(
            RingContact(f"c{k}", (x, y, 7.0 * (k - 4.5)), (0.0, 0.0, 1.0), 3.0, RADIUS_MM)
            for k in range(1, 9)
        )

    def dorsal_lines(
        self, depths_mm: tuple[float, ...] = (0.0, 0.2, 0.5, 1.0, 2.0)
    ) -> list[FloatArray]:
        """Lines along the cord at three lateral positions and the depths of the reference tables, mm."""
        z = np.arange(-50.0, 50.5, 0.5)
        half_width = self.spine.cord_half_axes_mm[0]
        lines = []
        for lateral in (0.0, 0.11 * half_width, -0.22 * half_width):
            for depth in depths_mm:
                ((x, y),) = self.spine.cord_point_mm([lateral], [depth])
                lines.append(np.column_stack([np.full_like(z, x), np.full_like(z, y), z]))
        return lines


def make_canal(
    *,
    cord_mm: tuple[float, float] = (4.5, 3.5),
    csf_mm: float = 3.2,
    beside_mm: float = 3.5,
    below_mm: float = 3.2,
    dura_mm: float = 0.3,
    fat_mm: float = 2.4,
    bone_mm: float = 6.5,
    cord_lateral_mm: float = 0.0,
    cord_turn_deg: float = 0.0,
    lead_lateral_mm: float = 0.0,
    gap_mm: float = 0.2,
    conductivities: Conductivities | None = None,
) -> Canal:
    """Build a canal from the thickness of its layers; the defaults are those of the reference."""
    width, height = cord_mm
    turned_height = math.hypot(
        height * math.cos(math.radians(cord_turn_deg)),
        width * math.sin(math.radians(cord_turn_deg)),
    )
    inner = (width + beside_mm + abs(cord_lateral_mm), turned_height + 0.5 * (csf_mm + below_mm))
    outer = (inner[0] + dura_mm, inner[1] + dura_mm)
    # The canal holds the lead, which is 1.3 mm thick, wherever it lies on the dura.
    fat_mm = max(fat_mm, gap_mm + 2.0 * RADIUS_MM + 0.3)
    canal = (outer[0] + fat_mm, outer[1] + fat_mm)
    spine = make_spine(
        cord_half_axes_mm=cord_mm,
        csf_thickness_mm=csf_mm,
        gray_half_mm=_GRAY_HALF * cord_mm,
        dura_inner_half_axes_mm=inner,
        dura_outer_half_axes_mm=outer,
        canal_half_axes_mm=canal,
        bone_half_axes_mm=(canal[0] + bone_mm, canal[1] + bone_mm),
        cord_lateral_mm=cord_lateral_mm,
        cord_turn_deg=cord_turn_deg,
    )
    seat = dorsal_seat(spine, RADIUS_MM, gap_mm, lead_lateral_mm)
    return Canal(spine, conductivities or reference_set(), Disc((seat.x_mm, seat.y_mm), RADIUS_MM))


def reference_set() -> Conductivities:
    """Give the conductivities of the reference tables, S/m."""
    values = {
        "soft_tissue": 0.25, "bone": 0.04, "epidural_fat": 0.04, "dura": 0.03, "csf": 1.7,
        "gray_matter": 0.23,
    }  # fmt: skip
    pairs = [(name, (value, value)) for name, value in values.items()]
    return Conductivities("reference", (*pairs, ("white_matter", (0.083, 0.6))))


def even_set(sigma_s_per_m: float) -> Conductivities:
    """Give all tissues one conductivity, S/m."""
    pair = (sigma_s_per_m, sigma_s_per_m)
    return Conductivities("even", tuple((name, pair) for name, _ in reference_set().values))


def draw_canal(seed: int) -> Canal:
    """Draw a canal within the published ranges; the same for the same seed."""
    rng = np.random.default_rng(seed)

    def draw(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    sigma = []
    for tissue, ranges in _SIGMA_S_PER_M.items():
        # Conductivities spread over decades: even in their logarithm.
        values = [math.exp(draw(math.log(low), math.log(high))) for low, high in ranges]
        sigma.append((tissue, (values[0], values[-1])))
    half_width = draw(*_CORD_HALF_WIDTH_MM)
    return make_canal(
        cord_mm=(half_width, min(draw(*_CORD_HALF_HEIGHT_MM), half_width)),
        csf_mm=draw(*_CSF_MM),
        beside_mm=draw(*_LATERAL_CSF_MM),
        below_mm=draw(*_VENTRAL_CSF_MM),
        dura_mm=draw(*_DURA_MM),
        fat_mm=draw(*_FAT_MM),
        bone_mm=draw(*_BONE_MM),
        cord_lateral_mm=draw(*_CORD_LATERAL_MM),
        lead_lateral_mm=draw(*_LEAD_LATERAL_MM),
        gap_mm=draw(*_GAP_MM),
        conductivities=Conductivities(f"drawn {seed}", tuple(sigma)),
    )
