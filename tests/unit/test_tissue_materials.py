"""Conductivities: sets with sources, single values changed, impossible ones refused."""

import dataclasses
import math
import re

import pytest
from pydantic import TypeAdapter, ValidationError

from scsim.errors import GeometryError
from scsim.formats import load_table
from scsim.tissue import (
    Conductivities,
    ConductivitySection,
    conductivity_names,
    load_conductivities,
)

TISSUES = {
    "white_matter",
    "gray_matter",
    "csf",
    "dura",
    "epidural_fat",
    "bone",
    "soft_tissue",
    "encapsulation",
    "endoneurium",
    "perineurium",
    "epineurium",
    "saline",
    "muscle",
    "fat",
    "skin",
}


def test_the_default_set_is_that_of_the_reference_solutions():
    default = load_conductivities(ConductivitySection())
    # `sigma` in the geometry files of the reference solutions of canal and cuff.
    assert default["white_matter"] == (0.083, 0.6)
    assert default["gray_matter"] == (0.23, 0.23)
    assert default["csf"] == (1.7, 1.7)
    assert default["dura"] == (0.03, 0.03)
    assert default["epidural_fat"] == (0.04, 0.04)
    assert default["bone"] == (0.04, 0.04)
    assert default["soft_tissue"] == (0.25, 0.25)
    assert default["encapsulation"] == (0.159, 0.159)
    assert default["endoneurium"] == (1 / 6, 1 / 1.75)
    assert default["perineurium"] == (1 / 1149, 1 / 1149)
    assert default["epineurium"] == (1 / 6.3, 1 / 6.3)
    assert default["saline"] == (1.76, 1.76)
    assert default["muscle"] == (0.086, 0.35)
    assert {tissue for tissue, _ in default.values} == TISSUES


@pytest.mark.parametrize("name", conductivity_names())
def test_every_set_has_every_tissue_and_says_whence(name):
    one = load_conductivities(ConductivitySection(preset=name))
    assert {tissue for tissue, _ in one.values} == TISSUES
    own = load_table(f"conductivities/{name}")
    assert set(own.sources) <= set(one.sources)
    assert {key.removesuffix("_s_per_m") for key in own.entries} <= TISSUES
    # Named after the first author and the year of what it cites, or the default.
    assert name == "default" or name.split("-")[0] in own.sources


def test_a_set_changes_its_tissues_and_leaves_the_others():
    default = load_conductivities(ConductivitySection())
    other = load_conductivities(ConductivitySection(preset="lempka2020"))
    assert other["dura"] == (0.6, 0.6)
    assert other["csf"] == default["csf"]
    assert "lempka2020" in other.sources


def test_single_values_come_last():
    section = ConductivitySection(
        preset="lempka2020", csf_s_per_m=1.45, white_matter_s_per_m=(0.12, 0.6), dura_s_per_m=0.1
    )
    changed = load_conductivities(section)
    assert changed["csf"] == (1.45, 1.45)
    assert changed["white_matter"] == (0.12, 0.6)
    assert changed["dura"] == (0.1, 0.1)
    assert changed["bone"] == (0.02, 0.02)
    assert changed.name == "lempka2020, changed"
    assert section.changes() == {
        "white_matter": (0.12, 0.6),
        "csf": (1.45, 1.45),
        "dura": (0.1, 0.1),
    }


def test_a_source_whose_value_is_replaced_is_not_cited():
    section = ConductivitySection(dura_s_per_m=0.1, bone_s_per_m=0.1)
    assert "struijk1993" in load_conductivities(ConductivitySection()).sources
    assert "struijk1993" not in load_conductivities(section).sources


def test_the_section_has_a_key_for_every_tissue():
    keys = {f"{tissue}_s_per_m" for tissue in TISSUES}
    assert keys | {"preset"} == {field.name for field in dataclasses.fields(ConductivitySection)}


@pytest.mark.parametrize("value", [0.0, -1.7, math.inf, math.nan])
def test_a_conductivity_that_is_not_positive_is_refused(value):
    with pytest.raises(
        GeometryError, match=rf"csf_s_per_m = {value:g} S/m: .*positive.*such as 1e-6"
    ):
        load_conductivities(ConductivitySection(csf_s_per_m=value))


def test_all_impossible_conductivities_are_named():
    with pytest.raises(GeometryError, match=r"one_s_per_m = 0 S/m, two_s_per_m = -1 S/m: "):
        Conductivities("test", (("one", (0.0, 0.0)), ("two", (2.0, -1.0)), ("three", (1.0, 1.0))))


@pytest.mark.parametrize("value", [(1.0, 2.0, 3.0), (1.0,), [], "1.7", (1.0, "2"), True, {}])
def test_a_conductivity_is_one_number_or_two(value):
    with pytest.raises(
        GeometryError,
        match=rf"csf_s_per_m = {re.escape(repr(value))}: .* one number, or two .* Write",
    ):
        load_conductivities(ConductivitySection(csf_s_per_m=value))


def test_a_list_is_as_good_as_a_tuple():
    changed = load_conductivities(ConductivitySection(white_matter_s_per_m=[0.1, 1]))
    assert changed["white_matter"] == (0.1, 1.0)


@pytest.mark.parametrize("pair", [(1.0,), (1.0, 2.0, 3.0), 1.0, (1.0, None), [1.0, 1.0]])
def test_a_set_has_two_conductivities_for_each_tissue(pair):
    with pytest.raises(
        GeometryError, match=rf"csf_s_per_m = {re.escape(repr(pair))}: .*across and along.*Write it"
    ):
        Conductivities("test", (("csf", pair),))


def test_a_tissue_stands_in_a_set_once():
    values = (("csf", (1.0, 1.0)), ("dura", (0.1, 0.1)), ("csf", (1.7, 1.7)))
    with pytest.raises(GeometryError, match=r"^csf more than once .*'test'.* Leave the others out"):
        Conductivities("test", values)


@pytest.mark.parametrize("value", [0.0, -1.0, [0.1, 0.0], [0.1, 0.2, 0.3], 1e7, "1.7"])
def test_a_config_with_an_impossible_conductivity_is_refused(value):
    with pytest.raises(ValidationError, match="csf_s_per_m"):
        TypeAdapter(ConductivitySection).validate_python({"csf_s_per_m": value}, strict=True)


def test_a_config_may_hold_one_value_or_two():
    read = TypeAdapter(ConductivitySection).validate_python(
        {"csf_s_per_m": 1.45, "white_matter_s_per_m": [0.12, 0.6]}
    )
    assert read == ConductivitySection(csf_s_per_m=1.45, white_matter_s_per_m=(0.12, 0.6))


def test_an_unknown_set_or_tissue_is_refused():
    with pytest.raises(GeometryError, match=r"no set of conductivities 'defaut'.*mean 'default'"):
        load_conductivities(ConductivitySection(preset="defaut"))
    with pytest.raises(GeometryError, match=r"'zzz'; sets are arle2016, .*Choose one of these"):
        load_conductivities(ConductivitySection(preset="zzz"))
    with pytest.raises(
        GeometryError, match=r"'test' has no 'csf'; it has one\. Choose another set"
    ):
        Conductivities("test", (("one", (1.0, 1.0)),))["csf"]


def test_equal_numbers_are_equal_sets():
    values = (("csf", (1.7, 1.7)),)
    assert Conductivities("one", values, ("a",)) == Conductivities("other", values, ("b",))
