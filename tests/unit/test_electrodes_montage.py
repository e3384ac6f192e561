"""Montages: shares that return to 0, contacts that exist, every fault at once."""

import math

import numpy as np
import pytest

from scsim.electrodes import Montage, montage_faults, parse_montage, share_vector
from scsim.errors import StimulusError

LABELS = ("c1", "c2", "c3", "c4")


def test_a_bipole_becomes_shares_in_the_order_of_the_contacts():
    montage = parse_montage({"c3": 1.0, "c2": -1}, LABELS)
    assert montage == Montage((("c3", 1.0), ("c2", -1.0)))
    np.testing.assert_array_equal(share_vector(montage, LABELS), [0.0, -1.0, 1.0, 0.0])
    assert str(montage) == "c3 +1, c2 -1"


def test_a_distant_return_takes_the_rest():
    montage = parse_montage({"c2": -1.0, "return": "distant"}, LABELS)
    assert montage.distant_return
    assert montage.shares == (("c2", -1.0),)
    assert str(montage) == "c2 -1, return distant"


def test_thirds_sum_to_zero():
    assert montage_faults({"c1": 1 / 3, "c2": -1.0, "c3": 1 / 3, "c4": 1 / 3}, LABELS) == []


@pytest.mark.parametrize(
    ("table", "key", "fragments"),
    [
        ({"c1": -1.0}, "", ["sum to -1", "must sum to 0", 'return = "distant"']),
        ({"c1": -1.0, "c2": 0.999}, "", ["sum to -0.001"]),
        ({}, "", ["no contact carries current", "c4 = -1.0"]),
        ({"c1": 0.0, "return": "distant"}, "", ["no contact carries current"]),
        ({"c9": -1.0, "c1": 1.0}, "c9", ["no such contact", "c1, c2, c3, c4", "Use one of these"]),
        ({"zz": -1.0, "c1": 1.0}, "zz", ["no such contact"]),
        ({"c1": "minus one", "c2": 1.0}, "c1", ["'minus one' is not a share", "finite number"]),
        ({"c1": True, "c2": -1.0}, "c1", ["True is not a share"]),
        ({"c1": math.nan, "c2": 1.0}, "c1", ["a share of nan is not finite"]),
        ({"c1": math.inf, "c2": 1.0}, "c1", ["a share of inf is not finite"]),
        ({"c1": -1.0, "return": "case"}, "return", ["'case' is no return", "'distant'"]),
    ],
)
def test_a_fault_says_value_rule_and_remedy(table, key, fragments):
    faults = montage_faults(table, LABELS)
    assert [fault[0] for fault in faults] == [key]
    for fragment in fragments:
        assert fragment in faults[0][1]


def test_all_faults_come_at_once():
    table = {"c9": -1.0, "c1": "x", "return": 3}
    assert [key for key, _ in montage_faults(table, LABELS)] == ["c9", "c1", "return"]
    with pytest.raises(StimulusError) as caught:
        parse_montage(table, LABELS)
    assert str(caught.value).count("\n") == 2
    assert "montage.c9: the lead has no such contact" in str(caught.value)


def test_a_fault_of_the_whole_table_names_the_table():
    with pytest.raises(StimulusError, match=r"^montage: the shares sum to 2; .* Change a share"):
        parse_montage({"c1": 2.0})


def test_shares_of_a_contact_that_the_lead_lacks_are_refused():
    montage = parse_montage({"c8": -1.0, "c1": 1.0})
    with pytest.raises(
        StimulusError, match=r"uses contact 'c8'; the lead has c1, c2, c3, c4\. Use one"
    ):
        share_vector(montage, LABELS)
