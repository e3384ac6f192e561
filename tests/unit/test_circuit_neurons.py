import math
from typing import Any

import pytest

from scsim.circuit.networks.neurons import (
    CalciumPool,
    Cell,
    Channel,
    Section,
    channel_kinds,
    has_reversal,
    needs_calcium,
)
from scsim.errors import ModelError

POOL = CalciumPool(decay_ms=1.0, depth_um=0.1, rest_mm=5e-5)


def section(**changes: Any) -> Section:
    values: dict[str, Any] = {
        "name": "soma",
        "length_um": 20.0,
        "diameter_um": 20.0,
        "end_diameter_um": 20.0,
        "n_compartments": 3,
        "axial_resistivity_ohm_cm": 150.0,
        "capacitance_uf_per_cm2": 1.0,
        "leak_s_per_cm2": 4.2e-5,
        "leak_mv": -65.0,
    }
    return Section(**(values | changes))


def cell(**changes: Any) -> Cell:
    values: dict[str, Any] = {
        "name": "wdr",
        "title": "Projection neuron",
        "sections": (section(),),
        "is_inhibitory": False,
        "spike_mv": -30.0,
        "initial_mv": -65.0,
    }
    return Cell(**(values | changes))


def test_the_kinds_of_channels_are_those_of_the_published_cells() -> None:
    assert set(channel_kinds()) == {
        "na_b", "k_dri", "hh2_na", "hh2_k", "na_p", "ca_l", "k_ca", "can", "k_a",
    }  # fmt: skip
    assert [kind for kind in channel_kinds() if not has_reversal(kind)] == ["ca_l"]
    assert {kind for kind in channel_kinds() if needs_calcium(kind)} == {"ca_l", "k_ca", "can"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("na_x", 1.0, 50.0),
            r"kind of a channel = 'na_x': .* one of .*na_b.*; choose one of these",
        ),
        (("na_b", -0.1, 60.0), r"density of na_b = -0\.1: it must be at least 0; correct it"),
        (("na_b", math.nan, 60.0), r"density of na_b = nan: it must be a finite number; write one"),
        (("na_b", 1.0, None), r"na_b has no reversal_mv: .*; give one in mV"),
        (("na_b", 1.0, math.inf), r"reversal_mv of na_b = inf mV: it must be a finite number"),
        (("ca_l", 1e-4, 60.0), r"reversal_mv of ca_l = 60\.0 mV: .*Goldman.*; leave it out"),
    ],
)
def test_wrong_channels_are_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Channel(*arguments)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "decay_ms",
            0.0,
            r"decay_ms of a calcium pool = 0\.0 ms: it must be above 0 ms; correct it",
        ),
        ("depth_um", -1.0, r"depth_um of a calcium pool = -1\.0 µm: it must be above 0 µm"),
        ("rest_mm", -1e-5, r"rest of a calcium pool = -1e-05 mM: it must be at least 0 mM"),
    ],
)
def test_wrong_pools_are_refused(key: str, value: float, message: str) -> None:
    values = {"decay_ms": 1.0, "depth_um": 0.1, "rest_mm": 5e-5} | {key: value}
    with pytest.raises(ModelError, match=message):
        CalciumPool(**values)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", "two words", r"the name 'two words' of a section: .*; rename it"),
        ("length_um", 0.0, r"soma: length_um = 0\.0 µm: it must be above 0 µm; correct it"),
        ("diameter_um", -2.0, r"soma: diameter_um = -2\.0 µm: it must be above 0 µm"),
        ("end_diameter_um", 0, r"soma: end_diameter_um = 0 µm: it must be above 0 µm"),
        ("n_compartments", 0, r"soma: n_compartments = 0: it must be a whole number of at least 1"),
        ("n_compartments", 2.5, r"soma: n_compartments = 2\.5: it must be a whole number"),
        ("axial_resistivity_ohm_cm", 0.0, r"axial_resistivity_ohm_cm = 0\.0 Ω cm: .* above 0 Ω cm"),
        ("capacitance_uf_per_cm2", -1.0, r"capacitance_uf_per_cm2 = -1\.0 µF/cm²: .* above 0"),
        ("leak_s_per_cm2", -1e-5, r"leak_s_per_cm2 = -1e-05 S/cm²: it must be at least 0 S/cm²"),
        ("leak_mv", math.inf, r"soma: leak_mv = inf mV: it must be a finite number; write one"),
    ],
)
def test_wrong_sections_are_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        section(**{key: value})


def test_two_channels_of_a_kind_in_a_section_are_refused() -> None:
    twice = (Channel("na_b", 0.1, 60.0), Channel("na_b", 0.2, 60.0))
    with pytest.raises(
        ModelError, match=r"channel of the section soma 'na_b' stands 2 times: .*; rename or remove"
    ):
        section(channels=twice)


@pytest.mark.parametrize(
    "channel",
    [Channel("ca_l", 1e-4, None), Channel("k_ca", 1e-3, -70.0), Channel("can", 1e-4, 0.0)],
)
def test_channels_that_need_calcium_need_a_pool(channel: Channel) -> None:
    with pytest.raises(
        ModelError,
        match=rf"soma: the channel '{channel.kind}' .* no calcium pool; add one, or remove the channel",
    ):
        section(channels=(channel,))
    assert section(channels=(channel,), calcium=POOL).channels == (channel,)


def test_a_cell_needs_a_soma() -> None:
    with pytest.raises(
        ModelError,
        match=r"cell 'wdr' has no section 'soma'; its sections are dendrite: .* name one of them 'soma'",
    ):
        cell(sections=(section(name="dendrite"),))
    with pytest.raises(
        ModelError, match=r"cell 'wdr' has no section 'soma'; its sections are none"
    ):
        cell(sections=())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", "", r"the name '' of a cell: .* begins with a letter; rename it"),
        ("sections", (section(), section()), r"section of the cell wdr 'soma' stands 2 times"),
        ("spike_mv", math.nan, r"wdr: spike_mv = nan mV: it must be a finite number; write one"),
        ("initial_mv", "-65", r"wdr: initial_mv = '-65' mV: it must be a finite number"),
    ],
)
def test_wrong_cells_are_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        cell(**{key: value})


def test_all_faults_of_a_part_are_told_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        section(length_um=0.0, n_compartments=0, leak_mv=math.nan)
    assert len(str(caught.value).splitlines()) == 3
