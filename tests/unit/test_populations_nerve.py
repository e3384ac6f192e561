"""Fibers of a nerve: even over its fascicles, of the diameters of the table, repeatable, and refused where they cannot be."""

import numpy as np
import pytest

from scsim.errors import ModelError
from scsim.fibers import internode_length_um
from scsim.formats.tables import load_table
from scsim.populations.dorsal_column import FiberSection
from scsim.populations.nerve import (
    TABLE,
    fibers_per_fascicle,
    nerve_diameters_um,
    sample_nerve,
)
from scsim.tissue.nerve import Fascicle, Nerve, load_nerve
from scsim.units import MM_PER_UM

NERVE = load_nerve("three-fascicle")
SPAN_MM = (-3.0, 3.0)


def section(**changes: object) -> FiberSection:
    return FiberSection(population="nerve", **{"n_fibers": 120, "margin_mm": 10.0, **changes})


def sample(seed: int = 1, nerve: Nerve = NERVE, span_mm=SPAN_MM, **changes: object):
    return sample_nerve(section(**changes), nerve, span_mm, np.random.default_rng(seed))


def test_fibers_lie_inside_their_fascicles():
    found = sample(n_fibers=500)
    for number, fascicle in enumerate(NERVE.fascicles, start=1):
        mine = found.fascicle == number
        reach_mm = np.linalg.norm(found.place_mm[mine] - fascicle.center_mm, axis=1)
        radius_mm = 0.5 * found.fiber_diameter_um[mine] * MM_PER_UM
        assert np.all(reach_mm + radius_mm < fascicle.radius_mm)


def test_fascicles_have_fibers_and_weight_by_area():
    found = sample(n_fibers=500)
    area = np.array([one.radius_mm**2 for one in NERVE.fascicles])
    counts = np.bincount(found.fascicle)[1:]
    # Whole fibers, of which each fascicle has one before the others are shared out.
    np.testing.assert_allclose(counts, 500 * area / area.sum(), atol=2.0)
    weights = [found.weight[found.fascicle == number].sum() for number in (1, 2, 3)]
    np.testing.assert_allclose(weights, area / area.sum(), rtol=1e-12)
    assert found.weight.sum() == pytest.approx(1.0)


def test_places_are_even_over_the_area():
    round_nerve = Nerve("n", "", 1.0, (Fascicle((0.0, 0.0), 0.5, 0.01),))
    found = sample(nerve=round_nerve, n_fibers=400, diameter_um=2.0)
    radius = np.hypot(*found.place_mm.T) / (0.5 - 0.001)
    # One fiber in each ring of equal area: the share within r is r², to half a fiber.
    np.testing.assert_allclose(np.sort(radius) ** 2, (np.arange(400) + 0.5) / 400, rtol=1e-9)
    angle = np.arctan2(*found.place_mm.T)
    # Nearest neighbors of a sunflower are never nearer than 0.8 of those of a square grid of that density.
    apart = np.linalg.norm(found.place_mm[:, None] - found.place_mm, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 0.8 * np.sqrt(np.pi * 0.499**2 / 400)
    # Eighths of the circle hold 50 fibers, to the discrepancy of golden angles (below 3 of 400).
    counts, _ = np.histogram(angle, np.linspace(-np.pi, np.pi, 9))
    np.testing.assert_allclose(counts, 50, atol=3)


def test_fibers_of_nearly_equal_diameter_lie_apart():
    found = sample(n_fibers=120)
    place = found.place_mm[found.fascicle == 1]
    steps = np.linalg.norm(np.diff(place, axis=0), axis=1)
    # Two points of a disk at random are 0.905 radii apart on average; a neighbor on a grid, 0.25.
    assert steps.mean() > 0.7 * NERVE.fascicles[0].radius_mm


@pytest.mark.parametrize("seed", [1, 2])
def test_the_weighted_diameters_have_the_means_of_the_table(seed):
    table = load_table(TABLE)
    found = sample(seed, n_fibers=600)
    assert np.all(np.diff(found.fiber_diameter_um) >= 0.0)
    thick = (
        found.fiber_diameter_um > 5.5
    )  # between the two laws, 3.75 and 2.3 standard deviations off
    share = found.weight[thick].sum()
    # The thin law is cut at 2 µm: 73.4 % of it are left, and all of the thick one but 1.1 % below 5.5 µm.
    left = 0.6 * 0.7340
    assert share == pytest.approx(0.4 * 0.989 / (left + 0.4), rel=0.01)
    mean_um = np.average(found.fiber_diameter_um[thick], weights=found.weight[thick])
    # Cut at 5.5 µm a normal law of 9.5 ± 1.75 µm has the mean 9.5 + 1.75 · 0.0293 / 0.989 = 9.55 µm.
    assert mean_um == pytest.approx(table.number("myelinated.thick_mean_um") + 0.052, abs=0.03)


def test_fibers_without_myelin_have_their_own_law():
    found = sample(model="sundt", n_fibers=30, margin_mm=2.0)
    assert found.fiber_diameter_um.min() >= 0.3
    assert found.fiber_diameter_um.max() <= 1.5
    # A normal law of 0.8 ± 0.25 µm, cut 2 deviations below and 2.8 above: 1 % above its middle.
    assert np.average(found.fiber_diameter_um, weights=found.weight) == pytest.approx(
        0.808, abs=0.02
    )


def test_one_diameter_is_that_of_every_fiber_with_equal_weights():
    found = sample(diameter_um=8.0, n_fibers=40)
    np.testing.assert_array_equal(found.fiber_diameter_um, 8.0)
    for number in (1, 2, 3):
        assert np.unique(found.weight[found.fascicle == number]).size == 1


def test_nodes_stay_in_the_nerve_when_the_cuff_moves():
    still, moved = sample(), sample(span_mm=(-3.0 + 0.4, 3.0 + 0.4))
    for one, other in zip(still.fibers, moved.fibers, strict=True):
        internode_mm = internode_length_um("mrg", one.fiber_diameter_um) * MM_PER_UM
        shift = (other.node_positions_mm()[0, 2] - one.node_positions_mm()[0, 2]) / internode_mm
        assert shift == pytest.approx(round(shift), abs=1e-9)
        z = other.node_positions_mm()[:, 2]
        assert z[0] < -3.0 + 0.4 - 10.0 + internode_mm
        assert z[-1] > 3.0 + 0.4 + 10.0 - internode_mm


def test_equal_seeds_give_equal_fibers_and_others_do_not():
    one, same, other = sample(3), sample(3), sample(4)
    np.testing.assert_array_equal(one.place_mm, same.place_mm)
    np.testing.assert_array_equal(one.fiber_diameter_um, same.fiber_diameter_um)
    assert not np.array_equal(one.place_mm, other.place_mm)
    assert len(one) == 120


def test_fewer_fibers_than_fascicles_are_refused():
    assert fibers_per_fascicle(NERVE, 3) == (1, 1, 1)
    with pytest.raises(ModelError, match=r"n_fibers = 2.*3 fascicles.*Write 3 or more"):
        fibers_per_fascicle(NERVE, 2)


def test_a_model_without_diameters_of_the_distribution_is_refused(monkeypatch):
    assert nerve_diameters_um("mrg") == (2.0, 16.0)
    monkeypatch.setattr("scsim.populations.nerve.diameter_range_um", lambda _: (17.0, 20.0))
    with pytest.raises(
        ModelError, match=r"17 to 20 µm, none of the distribution. Write diameter_um"
    ):
        nerve_diameters_um("mrg")


def test_a_fiber_that_does_not_fit_into_its_fascicle_is_refused():
    narrow = Nerve("n", "", 0.1, (Fascicle((0.0, 0.0), 0.004, 0.001),))
    with pytest.raises(ModelError, match=r"10 µm does not fit into fascicle 1.*0.008 mm.*thinner"):
        sample(nerve=narrow, diameter_um=10.0)
