"""Dermatomes of the dorsal columns: strips beside each other, painful ones, and the way to the dorsal horn."""

import numpy as np
import pytest

from scsim.errors import ScsimError
from scsim.formats import load_table
from scsim.populations import FiberSection, sample_dorsal_column
from scsim.populations.dermatomes import (
    conduction_ms,
    dermatome_names,
    dermatomes_at,
    division_mm,
    fiber_dermatomes,
    horn_distance_mm,
    local_faults,
    painful_faults,
    painful_mask,
)
from scsim.populations.dorsal_column import n_classes_above
from scsim.tissue import SpineSection, load_spine, spine_names

LEVELS = spine_names()


def test_the_width_of_a_division_is_the_published_counts():
    # ANAT-12, ANAT-13: 2.4 of the largest fibers per 0.1 mm, 6 per segmental division, T10 to T11.
    assert division_mm("thoracic") == pytest.approx(6 / 2.4 * 0.1)
    quantity = load_table("populations/dorsal_column").quantity("somatotopy.thoracic.division_mm")
    assert (quantity.source, quantity.evidence) == ("feirabend2002", "computed")


@pytest.mark.parametrize("level", LEVELS)
def test_the_strips_of_every_level_end_where_the_roots_enter(level):
    spine = load_spine(SpineSection(preset=level))
    end_mm = len(dermatomes_at(level)) * division_mm(level)
    assert end_mm == pytest.approx(spine.root_entry_mm, rel=0.05)


def test_caudal_segments_lie_medially():
    assert dermatome_names()[:7] == ("S5", "S4", "S3", "S2", "S1", "L5", "L4")
    assert dermatomes_at("thoracic")[-1] == "L1"
    assert len(dermatomes_at("cervical")) == 25
    assert set(dermatomes_at("lumbar")) < set(dermatomes_at("thoracic"))


def test_fibers_get_the_strip_they_lie_in():
    places = [0.0, 0.1, -0.1, 1.3, -1.3, 1.499, 1.501, 2.4, 2.6, -9.0]
    assert fiber_dermatomes(places, "thoracic").tolist() == [
        "S5",
        "S5",
        "S5",
        "L5",
        "L5",
        "L5",
        "L4",
        "L1",
        "L1",  # beyond the last strip
        "L1",
    ]


def test_painful_fibers_are_those_of_the_side():
    lateral = np.array([-1.6, -0.1, 0.1, 1.6])
    names = fiber_dermatomes(lateral, "thoracic")
    for side, expected in (
        ("both", [True, False, False, True]),
        ("left", [False, False, False, True]),
        ("right", [True, False, False, False]),
    ):
        assert painful_mask(names, lateral, ("L4", "L5"), side).tolist() == expected


def test_an_unknown_level_is_refused():
    with pytest.raises(ScsimError, match=r"somatotopy\.knee"):
        dermatomes_at("knee")


def test_names_are_checked_against_the_cord_and_the_level():
    assert painful_faults("thoracic", ("L4", "L5")) == []
    unknown, above, twice = painful_faults("thoracic", ("L6", "T5", "L4", "L4"))
    assert unknown.startswith('there is no dermatome "L6"; there is S5, S4')
    assert "T12" in unknown
    assert unknown.endswith("Write one or several of these.")
    assert "T5 enter the cord above this level (thoracic)" in above
    assert "L2, L1. Write one of these" in above
    assert twice == '"L4" is listed more than once. Remove the repeated name.'


def test_dermatomes_beyond_the_fibers_are_refused():
    ((key, message),) = local_faults("thoracic", ("L1",), "both", lateral_max_mm=2.0, n_large=80)
    assert key == "painful_dermatomes"
    assert "no fiber lies in L1 (both sides)" in message
    assert "begin 2.25 mm beside the midline, and the fibers reach to 2 mm" in message
    assert "or write dermatomes among S5, S4, S3, S2, S1, L5, L4, L3." in message
    assert local_faults("thoracic", ("L1", "L4"), "both", lateral_max_mm=2.0, n_large=80) == []


@pytest.mark.parametrize(
    ("painful", "needed"),
    [(("L4", "L5"), 16), (("L5",), 32), (("L5", "S2"), 32), (("S1", "L4", "L5"), 11)],
)
def test_so_many_large_fibers_are_enough_whatever_the_seed(painful, needed):
    spine = load_spine(SpineSection())
    ((key, message),) = local_faults(
        "thoracic", painful, "left", lateral_max_mm=2.0, n_large=needed - 1
    )
    assert key == "n_fibers"
    assert f"only {needed - 1} simulated fibers are large" in message
    assert f"{needed} large ones are needed" in message
    assert local_faults("thoracic", painful, "left", lateral_max_mm=2.0, n_large=needed) == []
    n_fibers = next(n for n in range(10, 200) if n_classes_above("mrg", n, 10.7) >= needed)
    section = FiberSection(n_fibers=n_fibers)
    for seed in range(100):
        drawn = sample_dorsal_column(section, spine, (-5.0, 5.0), np.random.default_rng(seed))
        names = fiber_dermatomes(drawn.lateral_mm, "thoracic")
        for side in ("left", "right"):
            local = painful_mask(names, drawn.lateral_mm, painful, side)
            assert (local & (drawn.fiber_diameter_um >= 10.7)).any()


def test_the_share_of_local_fibers_is_that_of_their_strips():
    # Two strips of 0.25 mm on each side of 4 mm: a quarter, to within a fiber or two of the 80.
    spine = load_spine(SpineSection())
    for seed in range(20):
        drawn = sample_dorsal_column(
            FiberSection(), spine, (-5.0, 5.0), np.random.default_rng(seed)
        )
        large = drawn.fiber_diameter_um >= 10.7
        names = fiber_dermatomes(drawn.lateral_mm, "thoracic")
        local = large & painful_mask(names, drawn.lateral_mm, ("L4", "L5"), "both")
        assert local.sum() == pytest.approx(20, abs=2)
        weight = drawn.weight[local].sum() / drawn.weight[large].sum()
        assert weight == pytest.approx(0.25, abs=0.04)
        # No fiber stands for much more than one of the 15 fibers of the circuit.
        assert drawn.weight[local].max() / drawn.weight[local].sum() < 1.25 / 15


def test_the_way_to_the_dorsal_horn_is_a_sum_of_segments():
    # From the middle of L1 to that of L4: three lumbar segments of 10 mm; to L5: four.
    assert horn_distance_mm("thoracic", ("L4",)) == pytest.approx(30.0)
    assert horn_distance_mm("thoracic", ("L4", "L5")) == pytest.approx(35.0)
    assert horn_distance_mm("thoracic", ("L1",)) == pytest.approx(0.0)
    # T8 to L1: half a thoracic segment, four more and half a lumbar one.
    assert horn_distance_mm("mid-thoracic", ("L1",)) == pytest.approx(4.5 * 22.0 + 5.0)


def test_spikes_take_the_time_of_their_diameter():
    assert conduction_ms(52.0, 10.0) == pytest.approx(1.0)
    np.testing.assert_allclose(conduction_ms(52.0, [10.0, 20.0]), [1.0, 0.5])


@pytest.mark.parametrize("diameter_um", [10.7, 13.0, 16.0])
def test_the_velocity_is_that_of_the_model(diameter_um):
    from scsim.fibers import Fiber
    from scsim.response.velocity import measure_velocity

    found = measure_velocity([Fiber("mrg", diameter_um, n_nodes=41)])
    # Within 2.5 %: velocity over diameter grows from 5.10 to 5.27 m/s per µm.
    assert 10.0 / conduction_ms(10.0, diameter_um) == pytest.approx(
        found.velocity_m_per_s[0], rel=0.025
    )
