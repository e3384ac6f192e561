"""Solvers of `scsim.fields` on generated canals: refinement, equality, symmetry, conservation.

Each solver against closed forms and tables is in ``tests/theory`` and ``tests/unit/test_validate_field.py``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special

from scsim.electrodes.lead import Lead
from scsim.electrodes.sources import LineSource, PointSource
from scsim.fields.accuracy import SPACING_MM, STEP_MM, compare_media, score_line
from scsim.fields.canal.spectral import ExtrudedMedium, SectionProblem
from scsim.fields.closed_form.analytic import HomogeneousMedium
from scsim.fields.voxels.voxel import VoxelMedium, VoxelProblem, VoxelSettings
from tests.property.canals import (
    HALF_LENGTH_MM,
    HALF_WIDTH_MM,
    Canal,
    draw_canal,
    even_set,
    make_canal,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.electrodes.contacts import RingContact
    from scsim.fields.unit_potential import SolvedMedium

FloatArray = npt.NDArray[np.float64]
Model = Literal["equipotential", "uniform"]

STEP = round(STEP_MM / SPACING_MM)

few = settings(
    max_examples=3, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
"""Each example solves a field or two: a second."""


@st.composite
def canals(draw: st.DrawFn) -> Canal:
    """A canal within the published ranges."""
    return draw_canal(draw(st.integers(min_value=1000, max_value=9999)))


def spectral(
    canal: Canal,
    model: Model = "equipotential",
    *,
    contacts: Sequence[RingContact] | None = None,
    half_width_mm: float = HALF_WIDTH_MM,
    half_length_mm: float = HALF_LENGTH_MM,
) -> ExtrudedMedium:
    """Solve a canal with the default settings."""
    problem = SectionProblem(canal.section, canal.conductivities, (canal.body,), half_width_mm)
    return ExtrudedMedium(
        problem, problem.solve(), tuple(contacts or canal.contacts), model, half_length_mm
    )


def voxel(
    canal: Canal,
    model: Model = "equipotential",
    *,
    contacts: Sequence[RingContact],
    points: Sequence[PointSource] = (),
    spacing_mm: float = 0.5,
) -> VoxelMedium:
    """Solve a canal at 0.5 mm, for which the reference tables state bars; a second or two per contact."""
    lead = Lead("lead", "lead of a test", tuple(contacts), canal.body.radius_mm)
    problem = VoxelProblem(
        canal.section,
        canal.conductivities,
        (lead, *points),
        model,
        HALF_WIDTH_MM,
        HALF_LENGTH_MM,
        VoxelSettings(spacing_mm=spacing_mm),
    )
    return VoxelMedium(problem, problem.solve())


def refined(medium: ExtrudedMedium) -> ExtrudedMedium:
    """Solve the same with twice the resolution."""
    problem = medium.problem.refined()
    return replace(medium, problem=problem, solution=problem.solve())


# refinement

REFINED_POTENTIAL = 2e-3
REFINED_SECOND_DIFFERENCE = 1e-2
"""What the project asks of random canals against twice the resolution (share of the largest along a line)."""

REFINED_MATRIX = 2e-3
"""As for the potential, of which it is the value at the contacts. The narrow gaps are the hard ones: seed 31 (0.037 mm
to a dura that conducts 7 times as well as fat) errs by 0.046 %, seed 139 (0.065 mm, 16 times) by 0.025 %."""

N_CANALS = 200
IN_EVERY_RUN = (*range(8), 31, 139)
"""The first, and two with narrow gaps; each costs 2 to 8 CPU seconds, nearly all for the refined one."""


def assert_refined(seed: int) -> None:
    canal = draw_canal(seed)
    coarse = spectral(canal)
    found = compare_media(coarse, refined(coarse), canal.dorsal_lines())
    assert found.potential <= REFINED_POTENTIAL
    assert found.shape <= REFINED_POTENTIAL
    assert found.second_difference <= REFINED_SECOND_DIFFERENCE
    assert found.contact_matrix <= REFINED_MATRIX


@pytest.mark.parametrize("seed", IN_EVERY_RUN)
def test_random_canal_is_near_twice_the_resolution(seed: int) -> None:
    assert_refined(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", sorted(set(range(N_CANALS)) - set(IN_EVERY_RUN)))
def test_random_canals_are_near_twice_the_resolution(seed: int) -> None:
    assert_refined(seed)


# equality in one homogeneous conductor


def ring_on_insulating_cylinder(
    radial_mm: float, z_mm: FloatArray, *, radius_mm: float, length_mm: float, sigma: float
) -> FloatArray:
    """Potential of 1 mA given off evenly by a ring on an endless insulating cylinder, mV; zero far away.

    The density j(z) = I / (2πa 2c) for |z| < c has the transform I / (2πa) sin(kc)/(kc), and K0(kρ) / (k K1(ka)) is
    the solution outside a cylinder with unit flux:
    V = 1/(πσ) ∫ I/(2πa) sin(kc)/(kc) K0(kρ) / (k K1(ka)) cos(kz) dk.
    """
    c = length_mm / 2.0
    # exp(-k (ρ - a)) has fallen to 1e-13 at the end; panels shrink towards the logarithm at k = 0.
    edges = np.concatenate(
        [[0.0], np.geomspace(1e-9, 0.05, 24), np.linspace(0.1, 30.0 / (radial_mm - radius_mm), 120)]
    )
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half = np.diff(edges)[:, None] / 2.0
    k = (edges[:-1, None] + half * (1.0 + nodes)).ravel()
    weight = (half * weights).ravel()
    # Scaled Bessel functions: K0(kρ) / K1(ka) = k0e(kρ) / k1e(ka) exp(-k (ρ - a)).
    radial = special.k0e(k * radial_mm) / special.k1e(k * radius_mm)
    density = np.sinc(k * c / np.pi) / (2.0 * np.pi * radius_mm)
    spectrum = weight * density * radial * np.exp(-k * (radial_mm - radius_mm)) / k
    potential: FloatArray = np.cos(np.outer(z_mm, k)) @ spectrum / (np.pi * sigma)
    return 1e3 * potential  # mA / (S/m mm) is V


@few
@given(canal=canals(), sigma=st.floats(min_value=0.02, max_value=2.0))
def test_even_canal_has_the_closed_form_of_a_ring_on_a_lead(canal: Canal, sigma: float) -> None:
    """One conductivity everywhere: outlines of tissue are in the mesh and must not be seen in the field.

    The box is ±500 mm. What its walls and ends add is harmonic, even in z, and of the size of the potential there.
    Derivatives of harmonic functions are bounded by |u_zz| ≤ (2·3/R)² max |u| on spheres of radius R, so that over
    |z| ≤ 20 mm it bends by at most 18 (20/R)² max |u|, with R = 480 mm; once for the walls and once for the ends.
    The solver itself is allowed its bar of 1e-3, and of 5e-3 for the second difference.

    The even line of `HomogeneousMedium` has no insulating body around it, which changes the potential by the order
    of (radius / distance)²; the factor of 2 covers its logarithm.
    """
    canal = replace(canal, conductivities=even_set(sigma))
    radius_mm, reach_mm = canal.body.radius_mm, 480.0
    ring = replace(canal.contacts[0], center_mm=(*canal.body.center_mm, 0.0))
    medium = spectral(canal, "uniform", contacts=(ring,), half_width_mm=500.0, half_length_mm=500.0)
    z = np.arange(-20.0, 20.25, SPACING_MM)
    at_walls = 1e3 / (4.0 * np.pi * sigma * reach_mm)
    box = 2.0 * 18.0 * (z[-1] / reach_mm) ** 2 * at_walls
    line = LineSource(ring.center_mm, ring.direction, ring.length_mm, radius_mm)
    for depth in (0.0, 1.0, 3.0):
        ((x, y),) = canal.spine.cord_point_mm([0.0], [depth])
        points = np.column_stack([np.full_like(z, x), np.full_like(z, y), z])
        found = medium.unit_potential([ring], points)[0]
        radial = float(np.hypot(*np.subtract((x, y), canal.body.center_mm)))
        expected = ring_on_insulating_cylinder(
            radial, z, radius_mm=radius_mm, length_mm=ring.length_mm, sigma=sigma
        )
        score = score_line(found, expected, step=STEP)
        assert score.shape <= 1e-3 + box / np.ptp(expected)
        assert score.second_difference <= 5e-3
        bare = HomogeneousMedium(sigma).unit_potential([line], points)[0]
        np.testing.assert_allclose(bare, expected, rtol=2.0 * (radius_mm / radial) ** 2)


VOXEL_BARS = (0.025, 0.025, 0.12)
"""Potential, shape and second difference of the voxel solver at 0.5 mm: bars of the reference tables."""

once = settings(few, max_examples=1)
"""Voxels take seconds."""


def assert_near(
    medium: VoxelMedium, reference: ExtrudedMedium, lines: Sequence[FloatArray]
) -> None:
    found = compare_media(medium, reference, lines)
    measured = (found.potential, found.shape, found.second_difference)
    assert all(error <= bar for error, bar in zip(measured, VOXEL_BARS, strict=True)), measured


@once
@given(canal=canals(), sigma=st.floats(min_value=0.02, max_value=2.0))
def test_even_canal_is_the_same_for_voxels(canal: Canal, sigma: float) -> None:
    """Without kinks at tissues, the bars for depth hold at the surface of the cord too."""
    canal = replace(canal, conductivities=even_set(sigma))
    contacts = canal.contacts[3:4]
    assert_near(
        voxel(canal, "uniform", contacts=contacts),
        spectral(canal, "uniform", contacts=contacts),
        canal.dorsal_lines(),
    )


@once
@given(canal=canals())
def test_random_canal_is_the_same_for_voxels(canal: Canal) -> None:
    """Two methods that share nothing but the geometry; lines from 0.5 mm of depth on, as the bars say."""
    contacts = canal.contacts[3:4]
    assert_near(
        voxel(canal, contacts=contacts),
        spectral(canal, contacts=contacts),
        canal.dorsal_lines(depths_mm=(0.5, 1.0, 2.0)),
    )


# reciprocity and superposition


@once
@given(canal=canals(), z_mm=st.floats(min_value=-10.0, max_value=10.0))
def test_a_point_in_the_cord_and_a_contact_see_each_other_equally(
    canal: Canal, z_mm: float
) -> None:
    """What a point source in the cord gives to a contact is what the contact gives to the point.

    In voxels both come from one symmetric matrix; the potential at the point is interpolated between cells of 0.5 mm,
    in a field that changes over the 4 mm and more to the lead: (0.25/4)² = 0.4 %. The spectral solver knows no
    points, so that its potential at the point against the voxels' at the contact compares two ways and two methods.
    """
    ((x, y),) = canal.spine.cord_point_mm([0.3], [1.0])
    point = PointSource((float(x), float(y), z_mm))
    contacts = canal.contacts[3:4]
    medium = voxel(canal, contacts=contacts, points=(point,))
    at_contacts = 1e3 * medium.solution["matrix_v"][:1, 1]
    at_point = medium.unit_potential(contacts, [point.position_mm])[:, 0]
    np.testing.assert_allclose(at_contacts, at_point, rtol=4e-3)
    other = spectral(canal, contacts=contacts).unit_potential(contacts, [point.position_mm])[:, 0]
    np.testing.assert_allclose(at_contacts, other, rtol=VOXEL_BARS[0])


@once
@given(canal=canals())
def test_an_even_ring_is_the_mean_of_its_thirds(canal: Canal) -> None:
    """Superposition: up to rounding in the series, up to the tolerance of the iteration (1e-8) in voxels."""
    ring = canal.contacts[3]
    x, y, z = ring.center_mm
    thirds = tuple(
        replace(ring, label=f"c{k}", center_mm=(x, y, z + k - 2.0), length_mm=1.0)
        for k in (1, 2, 3)
    )
    points = np.concatenate(canal.dorsal_lines())
    for solve, rtol in ((spectral, 1e-10), (partial(voxel, spacing_mm=1.0), 1e-6)):
        whole = solve(canal, "uniform", contacts=(ring,)).unit_potential([ring], points)[0]
        parts = solve(canal, "uniform", contacts=thirds).unit_potential(thirds, points)
        np.testing.assert_allclose(parts.mean(axis=0), whole, rtol=rtol)


# symmetry


@few
@given(
    csf_mm=st.floats(min_value=1.5, max_value=8.0),
    cord_lateral_mm=st.floats(min_value=-2.0, max_value=2.0),
    cord_turn_deg=st.floats(min_value=-10.0, max_value=10.0),
    lead_lateral_mm=st.floats(min_value=0.2, max_value=2.5),
)
def test_mirrored_canal_has_the_mirrored_field(
    csf_mm: float, cord_lateral_mm: float, cord_turn_deg: float, lead_lateral_mm: float
) -> None:
    """Two meshes of their own: they may differ by their errors, of which each is allowed the bar of the tables."""
    left, right = (
        make_canal(
            csf_mm=csf_mm,
            cord_lateral_mm=sign * cord_lateral_mm,
            cord_turn_deg=sign * cord_turn_deg,
            lead_lateral_mm=sign * lead_lateral_mm,
        )
        for sign in (1.0, -1.0)
    )
    one, other = spectral(left), spectral(right)
    np.testing.assert_allclose(one.contact_matrix_ohm(), other.contact_matrix_ohm(), rtol=4e-3)
    for line in left.dorsal_lines():
        found = one.unit_potential(left.contacts[3:4], line)[0]
        expected = other.unit_potential(right.contacts[3:4], line * (-1.0, 1.0, 1.0))[0]
        score = score_line(found, expected, step=STEP)
        assert score.potential <= 2e-3
        assert score.second_difference <= 1e-2


@few
@given(canal=canals(), shift_mm=st.floats(min_value=-20.0, max_value=20.0))
def test_contacts_upside_down_have_the_field_upside_down(canal: Canal, shift_mm: float) -> None:
    """Nothing depends on z: a contact at −z gives at −z what one at z gives at z, up to rounding."""
    x, y = canal.body.center_mm
    up, down = (
        replace(canal.contacts[0], center_mm=(x, y, sign * (25.0 + shift_mm)))
        for sign in (1.0, -1.0)
    )
    medium = spectral(canal, contacts=(replace(up, label="up"), replace(down, label="down")))
    line = canal.dorsal_lines()[1]
    found = medium.unit_potential(medium.contacts[:1], line)[0]
    mirrored = medium.unit_potential(medium.contacts[1:], line * (1.0, 1.0, -1.0))[0]
    np.testing.assert_allclose(found, mirrored, rtol=1e-9)
    matrix = medium.contact_matrix_ohm()
    np.testing.assert_allclose(matrix[0, 0], matrix[1, 1], rtol=1e-9)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-9)


# conservation


def current_through_the_box(
    medium: SolvedMedium, canal: Canal, contact: RingContact, distance_mm: float
) -> float:
    """Integrate the current into the grounded walls, mA, from potentials at a distance and twice that distance.

    The potential is 0 on a wall, so that its slope there follows from two points: (4 V(d) − V(2d)) / 2d. Ends carry no
    current, so that the potential is even and periodic in z, and the trapezoid rule exact but for rounding.
    """
    (sigma, _), n_z = canal.conductivities["soft_tissue"], 60
    nodes, weights = np.polynomial.legendre.leggauss(16)
    z = np.linspace(-HALF_LENGTH_MM, HALF_LENGTH_MM, n_z + 1)
    across, along = (values.ravel() for values in np.meshgrid(HALF_WIDTH_MM * nodes, z))
    dz = np.full(n_z + 1, 2.0 * HALF_LENGTH_MM / n_z)
    dz[[0, -1]] *= 0.5
    area_mm2 = np.outer(dz, HALF_WIDTH_MM * weights).ravel()
    total = 0.0
    for axis in (0, 1):
        for side in (-1.0, 1.0):
            potentials = []
            for factor in (1.0, 2.0):
                points = np.empty((across.size, 3))
                points[:, axis] = side * (HALF_WIDTH_MM - factor * distance_mm)
                points[:, 1 - axis] = across
                points[:, 2] = along
                potentials.append(medium.unit_potential([contact], points)[0])
            slope = (4.0 * potentials[0] - potentials[1]) / (2.0 * distance_mm)
            total += sigma * float(area_mm2 @ slope)
    return 1e-3 * total  # S/m mV/mm mm² is µA


@few
@given(canal=canals(), model=st.sampled_from(["equipotential", "uniform"]))
def test_what_a_contact_gives_off_arrives_at_the_walls(canal: Canal, model: Model) -> None:
    """1 mA from the driven contact; slopes of quadratic elements of 9 mm, in a field that changes over 40 mm, are good to
    (9/40)² / 12 = 0.4 %."""
    medium = spectral(canal, model)
    for contact in canal.contacts[::3]:
        found = current_through_the_box(medium, canal, contact, 0.5)
        assert found == pytest.approx(1.0, abs=0.01)


@once
@given(canal=canals(), model=st.sampled_from(["equipotential", "uniform"]))
def test_what_a_contact_gives_off_in_voxels_arrives_at_the_walls(
    canal: Canal, model: Model
) -> None:
    """Cells at the walls are 8 mm wide, so that slopes are taken over 4 and 8 mm. With 24 mm from bone to wall, the
    third derivative that the formula leaves out is of the order of (4/24)² = 3 % of the slope."""
    contacts = canal.contacts[3:4]
    medium = voxel(canal, model, contacts=contacts)
    found = current_through_the_box(medium, canal, contacts[0], 4.0)
    assert found == pytest.approx(1.0, abs=0.03)
