"""Leads of a config lie where anatomy and electrodes say, and their contacts are counted on."""

import numpy as np
import pytest

from scsim.electrodes import Lead, Paddle
from scsim.study.reading.parse import parse_study
from scsim.study.stages.places import contact_span_mm, make_place, make_setup, unplaced_leads
from tests.unit.broken_configs import SOUND


def _config(*overrides: str):
    return parse_study(SOUND, overrides=overrides).cases[0].config


def test_one_lead_lies_on_the_dura():
    place = make_place(_config("lead.rostral_mm=2.0"))
    (lead,) = place.leads
    assert isinstance(lead, Lead)
    # Outer dura 7.1 mm above the middle, gap 0.2 mm, radius 0.65 mm: 7.95 mm as in the reference geometry.
    np.testing.assert_allclose(lead.contacts[3].center_mm, (0.0, 7.95, -1.5))
    assert place.span_mm == (-24.0, 28.0)


def test_leads_side_by_side_count_on_from_right_to_left():
    place = make_place(_config("lead.n_leads=3", "lead.lateral_mm=0.5", "lead.lead_spacing_mm=2.0"))
    assert [one.label for one in place.contacts] == [f"c{number}" for number in range(1, 25)]
    np.testing.assert_allclose(
        [lead.contacts[0].center_mm[0] for lead in place.leads], [-1.5, 0.5, 2.5]
    )
    height = [lead.contacts[0].center_mm[1] for lead in place.leads]
    assert height[2] < height[0] < height[1], "the dura falls off to the sides"


def test_a_paddle_lies_along_the_dura():
    (left,) = make_place(_config('lead.preset="paddle-3-column"', "lead.lateral_mm=1.0")).leads
    (right,) = make_place(_config('lead.preset="paddle-3-column"', "lead.lateral_mm=-1.0")).leads
    assert isinstance(left, Paddle)
    assert left.turn_deg < 0.0, "its left side lies lower"
    assert right.turn_deg == pytest.approx(-left.turn_deg)
    assert left.contacts[0].normal[1] < 0.0


def test_leads_that_are_not_placed_have_the_labels_and_heights_of_those_that_are():
    config = _config("lead.n_leads=2", "lead.rostral_mm=3.0")
    placed = make_place(config).leads
    unplaced = unplaced_leads(config.lead, 3.0)
    assert [lead.labels for lead in unplaced] == [lead.labels for lead in placed]
    assert contact_span_mm(unplaced) == contact_span_mm(placed)
    assert contact_span_mm(unplaced_leads(config.lead)) == (-26.0, 26.0)


def test_a_setup_holds_only_the_tissues_that_are_there():
    plain = make_setup(_config())
    changed = make_setup(_config("conductivity.endoneurium_s_per_m=0.3"))
    assert changed == plain, "no nerve, no new field"
    tissues = [tissue for tissue, _ in plain.conductivities.values]
    assert sorted(tissues) == sorted(plain.tissue.tissues())
    grown = make_setup(
        _config("lead.encapsulation_mm=0.1", "conductivity.encapsulation_s_per_m=0.2")
    )
    assert dict(grown.conductivities.values)["encapsulation"] == (0.2, 0.2)
    assert grown.tissue.region("encapsulation_1").tissue == "encapsulation"


def test_the_gap_between_contacts_moves_them_and_makes_another_field():
    wide = _config("lead.contact_gap_mm=6.0", "lead.contact_length_mm=2.0")
    assert contact_span_mm(unplaced_leads(wide.lead)) == (-29.0, 29.0)
    assert make_place(wide).leads[0].contacts[0].length_mm == 2.0
    assert make_setup(wide) != make_setup(_config())
