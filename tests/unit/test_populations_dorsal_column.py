"""The dorsal-column population: sourced tail, strata, places, and repeatability."""

import math

import numpy as np
import pytest

from scsim.errors import GeometryError, ModelError
from scsim.fibers import diameter_range_um
from scsim.formats import load_table
from scsim.populations import (
    FiberSection,
    check_place,
    sample_dorsal_column,
)
from scsim.populations.dorsal_column import EVEN_WITHIN, log_normal_of
from scsim.tissue import SpineSection, load_spine

SPAN_MM = (-26.0, 26.0)


@pytest.fixture(scope="module")
def spine():
    return load_spine(SpineSection())


@pytest.fixture(scope="module")
def population(spine):
    return sample_dorsal_column(FiberSection(), spine, SPAN_MM, np.random.default_rng(1))


def test_the_defaults_are_those_of_the_table():
    section = FiberSection()
    assert section.depth_max_mm == 0.3
    assert section.lateral_max_mm == 2.0
    assert section.median_diameter_um == 5.0
    assert section.margin_mm == 40.0


def test_the_log_normal_has_the_median_and_the_tail():
    mean, deviation = log_normal_of(5.0)
    assert math.exp(mean) == pytest.approx(5.0)
    tail = 0.5 * math.erfc((math.log(10.7) - mean) / deviation / math.sqrt(2.0))
    assert tail == pytest.approx(0.005, rel=1e-12)


def test_the_reasons_for_the_median_hold():
    # 2.4 fibers above 10.7 µm per 0.1 mm of width, in a layer of 0.3 mm, are 0.5 % of all.
    section_um2 = 100.0 * 300.0 / (2.4 / 0.005)
    assert section_um2 == pytest.approx(62.5)
    filled = {}
    for median in (4.0, 5.0, 6.0):
        mean, deviation = log_normal_of(median)
        filled[median] = math.pi / 4.0 * math.exp(2.0 * mean + 2.0 * deviation**2) / section_um2
    assert filled == pytest.approx({4.0: 0.27, 5.0: 0.37, 6.0: 0.50}, abs=0.01)
    mean, deviation = log_normal_of(5.0)
    above = 0.5 * math.erfc((math.log(7.1) - mean) / deviation / math.sqrt(2.0))
    assert above == pytest.approx(0.12, abs=0.005)


def test_two_hundred_fibers_carry_the_tail_whatever_the_seed(spine):
    for seed in range(3):
        drawn = sample_dorsal_column(FiberSection(), spine, SPAN_MM, np.random.default_rng(seed))
        large = drawn.fiber_diameter_um > 10.7
        assert large.sum() == 80  # tail_classes of the table, 0.4
        # 0.5 % less what lies above 16 µm, the end of the model, over what lies in its range.
        assert drawn.weight[large].sum() == pytest.approx(0.005, rel=0.01)
        assert drawn.weight.sum() == pytest.approx(1.0, abs=1e-12)


def test_the_weighted_median_is_the_median_asked_for(population):
    order = np.cumsum(population.weight)
    median = population.fiber_diameter_um[np.searchsorted(order, 0.5)]
    assert median == pytest.approx(5.0, rel=0.02)


def test_each_class_of_diameters_gives_one_fiber(population):
    low, high = diameter_range_um("mrg")
    diameter = population.fiber_diameter_um
    assert (np.diff(diameter) > 0.0).all()
    assert low <= diameter[0] <= diameter[-1] <= high
    # Fibers of neighboring classes are less than two widths apart. 120 classes of one width lie below the
    # tail; of the 80 above, the last and widest is 9 times as wide as the first.
    below = math.log(10.7 / low) / 120
    above = np.geomspace(1.0, 9.0, 80)
    widest = math.log(high / 10.7) * above[-1] / above.sum()
    step = np.diff(np.log(diameter))
    assert step[:120].max() < 2.0 * below
    assert step[120:].max() < 2.0 * widest
    assert widest < below


def test_no_class_of_large_fibers_has_much_of_their_weight(population):
    large = population.fiber_diameter_um >= 10.7
    share = population.weight[large] / population.weight[large].sum()
    # Classes of one share would have 1/80 each; of one width, the first would have a twentieth.
    assert share.max() < 1.5 / 80
    assert share.min() > 0.1 / 80


def test_fibers_of_nearly_equal_diameter_spread_over_the_width(spine):
    for seed in range(20):
        drawn = sample_dorsal_column(
            FiberSection(n_fibers=100), spine, SPAN_MM, np.random.default_rng(seed)
        )
        for first in range(0, 100, 20):
            places = np.sort(drawn.lateral_mm[first : first + 20])
            gaps = np.diff(np.append(places, places[0] + 4.0))
            assert gaps.max() < EVEN_WITHIN / 20 * 4.0


def test_lateral_places_are_uniform_over_the_seeds(spine):
    # By itself each fiber may lie anywhere: 1000 seeds fill 10 bins of 100 ± 9.5 (standard deviation).
    section = FiberSection(n_fibers=4)
    drawn = [
        sample_dorsal_column(section, spine, SPAN_MM, np.random.default_rng(seed)).lateral_mm
        for seed in range(1000)
    ]
    for places in np.transpose(drawn):
        counts, _ = np.histogram(places, bins=10, range=(-2.0, 2.0))
        assert np.abs(counts - 100).max() < 5 * 9.5


def test_weights_are_the_shares_of_the_classes(spine):
    # With many classes the weighted distribution is the log-normal itself.
    drawn = sample_dorsal_column(
        FiberSection(n_fibers=2000), spine, SPAN_MM, np.random.default_rng(0)
    )
    mean, deviation = log_normal_of(5.0)
    for diameter_um in (3.0, 6.0, 9.0, 12.0):
        share = drawn.weight[drawn.fiber_diameter_um <= diameter_um].sum()
        exact = 0.5 * math.erfc(-(math.log(diameter_um) - mean) / deviation / math.sqrt(2.0))
        assert share == pytest.approx(exact, abs=3e-3)


def test_fibers_lie_where_the_arrays_say(population, spine):
    assert len(population) == 200
    assert np.abs(population.lateral_mm).max() <= 2.0
    assert population.depth_mm.min() >= 0.0
    assert population.depth_mm.max() <= 0.3
    for index in (0, 99, 199):
        points = population.fibers[index].compartment_positions_mm()
        x = population.lateral_mm[index]
        y = float(spine.dorsal_surface_y(x)) - population.depth_mm[index]
        np.testing.assert_allclose(points[:, :2], np.broadcast_to((x, y), (len(points), 2)))


def test_every_fiber_reaches_40_mm_beyond_the_metal_and_has_a_middle_node(population):
    for fiber in population.fibers[::20]:
        z = fiber.node_positions_mm()[:, 2]
        assert z[0] <= -66.0
        assert z[-1] >= 66.0
        assert fiber.n_nodes % 2 == 1


def test_positions_do_not_follow_the_diameter(spine):
    drawn = sample_dorsal_column(
        FiberSection(n_fibers=1000), spine, SPAN_MM, np.random.default_rng(7)
    )
    for values in (drawn.lateral_mm, drawn.depth_mm, drawn.node_phase):
        # |r| of 1000 independent pairs exceeds 0.12 about once in 10 000 draws.
        assert abs(np.corrcoef(np.log(drawn.fiber_diameter_um), values)[0, 1]) < 0.12
    assert drawn.node_phase.min() >= 0.0
    assert drawn.node_phase.max() < 1.0


def test_a_seed_gives_the_same_population_again(spine, population):
    again = sample_dorsal_column(FiberSection(), spine, SPAN_MM, np.random.default_rng(1))
    np.testing.assert_array_equal(again.fiber_diameter_um, population.fiber_diameter_um)
    np.testing.assert_array_equal(again.lateral_mm, population.lateral_mm)
    other = sample_dorsal_column(FiberSection(), spine, SPAN_MM, np.random.default_rng(2))
    assert not np.array_equal(other.lateral_mm, population.lateral_mm)


@pytest.mark.parametrize("n_fibers", [1, 2, 3])
def test_a_few_fibers_still_have_all_the_weight(spine, n_fibers):
    drawn = sample_dorsal_column(
        FiberSection(n_fibers=n_fibers), spine, SPAN_MM, np.random.default_rng(0)
    )
    assert len(drawn) == n_fibers
    assert drawn.weight.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("median_um", [10.7, 12.0, 0.0, math.nan])
def test_a_median_beyond_the_tail_is_refused(median_um):
    with pytest.raises(ModelError, match=r"median_diameter_um = .* between 0 and 10.7 µm.* Choose"):
        log_normal_of(median_um)


def test_fibers_outside_the_cord_are_refused(spine):
    with pytest.raises(
        GeometryError, match=r"lateral_max_mm = 5 mm: the cord reaches 4.5 mm.* Choose"
    ):
        check_place(FiberSection(lateral_max_mm=5.0), spine)
    with pytest.raises(
        GeometryError, match=r"depth_max_mm = 7 mm: .* the cord is 6.27064 mm thick"
    ):
        check_place(FiberSection(depth_max_mm=7.0), spine)


def test_the_tail_of_the_table_is_the_published_one():
    table = load_table("populations/dorsal_column")
    for key, value in (("tail_diameter_um", 10.7), ("tail_share", 0.005)):
        quantity = table.quantity(key)
        assert (quantity.value, quantity.source, quantity.evidence) == (
            value,
            "feirabend2002",
            "published",
        )
