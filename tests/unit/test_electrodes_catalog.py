"""Devices by name: geometry of each kind, numbering, and names that do not fit."""

import itertools

import pytest

from scsim.electrodes import (
    Cuff,
    Lead,
    LeadSection,
    Paddle,
    Pads,
    Slab,
    epidural_lead_names,
    lead_names,
    load_epidural,
    load_lead,
    load_study_lead,
)
from scsim.errors import GeometryError

# Contact length, gap from edge to edge and diameter, mm, as the notes on published leads list them.
PERCUTANEOUS = {
    "percutaneous-1-fine": (1, 10.0, 0.0, 0.2),
    "percutaneous-4": (4, 3.0, 6.0, 1.3),
    "percutaneous-4-compact": (4, 3.0, 4.0, 1.3),
    "percutaneous-4-long": (4, 6.0, 12.0, 1.3),
    "percutaneous-8": (8, 3.0, 4.0, 1.3),
    "percutaneous-8-dense": (8, 3.0, 1.0, 1.3),
    "percutaneous-8-compact": (8, 3.0, 1.5, 1.3),
    "percutaneous-8-spaced": (8, 3.0, 5.0, 1.3),
    "percutaneous-8-wide": (8, 3.0, 6.0, 1.3),
    "percutaneous-16": (16, 3.0, 1.0, 1.3),
}


def test_the_kinds_of_devices():
    assert set(lead_names("percutaneous")) == set(PERCUTANEOUS)
    assert lead_names("paddle") == ("paddle-3-column", "paddle-5-column")
    assert lead_names("pads") == ("pads-2-disk",)
    assert {"cuff-bipolar", "cuff-tripolar", "cuff-bipolar-partial"} < set(lead_names("cuff"))
    assert set(epidural_lead_names()) == set(lead_names("percutaneous", "paddle"))
    kinds = (
        lead_names("percutaneous"),
        lead_names("paddle"),
        lead_names("cuff"),
        lead_names("pads"),
    )
    assert sorted(name for names in kinds for name in names) == sorted(lead_names())


@pytest.mark.parametrize("name", lead_names())
def test_every_device_is_numbered_through_and_centered(name):
    device = load_lead(name)
    assert device.labels == tuple(f"c{number + 1}" for number in range(len(device.contacts)))
    assert sum(contact.center_mm[2] for contact in device.contacts) == pytest.approx(0.0, abs=1e-12)
    assert device.span_mm[0] == -device.span_mm[1]
    assert device.name == name


@pytest.mark.parametrize("name", list(PERCUTANEOUS))
def test_percutaneous_leads_are_counted_from_caudal(name):
    n_contacts, length_mm, gap_mm, diameter_mm = PERCUTANEOUS[name]
    lead = load_lead(name)
    assert isinstance(lead, Lead)
    assert len(lead.contacts) == n_contacts
    heights = [contact.center_mm[2] for contact in lead.contacts]
    steps = [above - below for below, above in itertools.pairwise(heights)]
    assert steps == pytest.approx([length_mm + gap_mm] * (n_contacts - 1))
    assert {contact.length_mm for contact in lead.contacts} == {length_mm}
    assert lead.radius_mm == diameter_mm / 2.0


@pytest.mark.parametrize(
    ("name", "counts", "size_mm", "row_gap_mm"),
    [
        ("paddle-3-column", [5, 6, 5], (4.0, 1.5), 4.5),
        ("paddle-5-column", [4, 4, 4, 4, 4], (4.0, 1.0), 3.0),
    ],
)
def test_paddles_are_counted_by_columns_from_the_right(name, counts, size_mm, row_gap_mm):
    paddle = load_lead(name)
    assert isinstance(paddle, Paddle)
    places = [(contact.center_mm[0], contact.center_mm[2]) for contact in paddle.contacts]
    assert places == sorted(places)
    columns = sorted({x for x, _ in places})
    assert [sum(x == column for x, _ in places) for column in columns] == counts
    for contact in paddle.contacts:
        assert (contact.length_mm, contact.width_mm) == size_mm
        assert contact.normal == (0.0, -1.0, 0.0)
        assert contact.center_mm[1] == -paddle.thickness_mm / 2.0
    first = [z for x, z in places if x == columns[0]]
    assert first[1] - first[0] == size_mm[0] + row_gap_mm
    body = paddle.body
    assert isinstance(body, Slab)
    assert body.columns_mm == tuple((x, size_mm[1]) for x in columns)
    assert (body.width_mm, body.thickness_mm) == (paddle.width_mm, paddle.thickness_mm)


@pytest.mark.parametrize(
    ("name", "heights"), [("cuff-bipolar", [-2.5, 2.5]), ("cuff-tripolar", [-2.5, 0.0, 2.5])]
)
def test_the_cuffs_of_the_reference_solutions(name, heights):
    cuff = load_lead(name)
    assert isinstance(cuff, Cuff)
    assert (cuff.inner_radius_mm, cuff.outer_radius_mm, cuff.length_mm) == (0.85, 1.35, 8.0)
    assert [contact.center_mm for contact in cuff.contacts] == [(0.0, 0.0, z) for z in heights]
    assert {contact.length_mm for contact in cuff.contacts} == {1.0}
    assert {contact.span_deg for contact in cuff.contacts} == {360.0}
    assert {contact.radius_mm for contact in cuff.contacts} == {0.85}
    assert cuff.filling == "saline"


def test_pads_lie_in_the_skin():
    pads = load_lead("pads-2-disk")
    assert isinstance(pads, Pads)
    assert {contact.center_mm[1] for contact in pads.contacts} == {0.0}
    assert {contact.normal for contact in pads.contacts} == {(0.0, -1.0, 0.0)}


def test_a_device_that_does_not_lie_in_the_canal_is_refused():
    with pytest.raises(
        GeometryError,
        match=r"'cuff-bipolar' is a device of the kind cuff, .*percutaneous-8.*Choose",
    ):
        load_epidural("cuff-bipolar")
    with pytest.raises(GeometryError, match=r"no lead 'paddle-3-colum'.*mean 'paddle-3-column'"):
        load_epidural("paddle-3-colum")


def test_a_config_may_give_sizes_of_rings():
    section = LeadSection(preset="percutaneous-4", contact_length_mm=2.0, contact_gap_mm=5.0)
    lead = load_study_lead(section)
    assert [one.length_mm for one in lead.contacts] == [2.0] * 4
    # Middles are a length and a gap apart, around 0.
    assert [one.center_mm[2] for one in lead.contacts] == [-10.5, -3.5, 3.5, 10.5]
    assert load_study_lead(LeadSection(preset="percutaneous-4")) == load_lead("percutaneous-4")


@pytest.mark.parametrize("name", ["paddle-3-column", "cuff-bipolar"])
def test_sizes_of_rings_are_refused_for_other_devices(name: str):
    section = LeadSection(preset=name, contact_gap_mm=5.0)
    with pytest.raises(
        GeometryError, match=r"contact_gap_mm = 5 mm: only percutaneous.*Remove the key"
    ):
        load_study_lead(section)


def test_pads_are_no_devices_of_studies():
    pads = lead_names("pads")[0]
    with pytest.raises(GeometryError, match=r"is a device of the kind pads.*Choose one of these"):
        load_study_lead(LeadSection(preset=pads))
