"""The dataclasses of a study, the resolved config and its hash."""

from dataclasses import fields

import pytest

from scsim.study.config import (
    SECTIONS,
    Axis,
    OutputSection,
    StudyConfig,
    config_hash,
    lookup,
    plain,
    resolved_toml,
)
from scsim.study.reading.parse import parse_study
from tests.unit.broken_configs import SOUND

SWEPT = SOUND.replace("= 2.0", "= { sweep = { linspace = [1, 2, 3] } }")


def test_every_section_is_a_field_of_the_config_and_refuses_unknown_keys() -> None:
    names = tuple(field.name for field in fields(StudyConfig))
    assert names == ("title", "seed", *SECTIONS, "folder")
    for name, section in SECTIONS.items():
        if name != "montage":
            assert section.__pydantic_config__["extra"] == "forbid"  # type: ignore[attr-defined]


def test_every_key_of_every_section_is_explained_in_its_docstring() -> None:
    from scsim.study.reading.keys import field_types
    from scsim.study.reading.sections import field_docs

    for name, section in SECTIONS.items():
        if name != "montage":
            assert set(field_docs(section)) == set(field_types(section)), name


def test_lookup_gives_sections_values_and_shares() -> None:
    config = parse_study(SOUND).cases[0].config
    assert lookup(config, "seed") == 1
    assert lookup(config, "stimulus") is config.stimulus
    assert lookup(config, "stimulus.pulse_width_us") == 210.0
    assert lookup(config, "montage.c5") == 1.0
    assert lookup(config, "montage.c1") is None
    with pytest.raises(AttributeError):
        lookup(config, "stimulus.color")


def test_plain_leaves_out_keys_that_are_not_set() -> None:
    config = parse_study(f'{SOUND}[output]\nsave = ["relief"]\n').cases[0].config
    assert "csf_thickness_mm" not in plain(config.tissue)
    assert plain(config.output) == {"save": ["relief"]}
    assert plain(config.montage) == {"c4": -1.0, "c5": 1.0}
    distant = parse_study(SOUND.replace("c5 = 1.0", 'return = "distant"')).cases[0].config
    assert plain(distant.montage) == {"c4": -1.0, "return": "distant"}
    with pytest.raises(TypeError, match="3 is not a config section"):
        plain(3)


def test_output_saves_the_pictures_of_the_standard_study_by_default() -> None:
    from scsim.results.schema import SAVE_GROUPS

    assert set(OutputSection().save) <= set(SAVE_GROUPS)


def test_resolved_config_has_all_defaults_and_sweeps_as_written() -> None:
    study = parse_study(SWEPT)
    assert study.resolved["stimulus"]["amplitude_ma"] == {"sweep": {"linspace": [1.0, 2.0, 3]}}
    assert study.resolved["lead"]["preset"] == "percutaneous-8"
    assert study.resolved["sweep"] == {"mode": "grid"}
    assert "linspace" in resolved_toml(study)


def test_hash_follows_content_and_not_layout() -> None:
    study = parse_study(SWEPT)
    same = [
        SWEPT.replace("210", "210.0"),
        SWEPT.replace("[1, 2, 3]", "[1.0, 2.0, 3]"),
        f'# a comment\n{SWEPT}dose = 0.6666666666666666\n[lead]\npreset = "percutaneous-8"\n',
        f'{SWEPT}[sweep]\nmode = "grid"\n',
    ]
    for text in same:
        assert config_hash(parse_study(text)) == config_hash(study)
    other = [
        SWEPT.replace("210", "215"),
        SWEPT.replace("3]", "4]"),
        SWEPT.replace("seed = 1", "seed = 2"),
    ]
    for text in other:
        assert config_hash(parse_study(text)) != config_hash(study)
    assert len(config_hash(study)) == 64


def test_order_of_tables_and_keys_changes_neither_hash_nor_cases() -> None:
    head, montage, stimulus, circuit = SWEPT.split("\n\n")
    rows = stimulus.strip().splitlines()
    turned = "\n".join([rows[0], *reversed(rows[1:])])
    swept = circuit.replace('"healthy"', '{ sweep = ["healthy", "disinhibited"] }')
    first = parse_study("\n\n".join([head, montage, stimulus, swept]))
    second = parse_study("\n\n".join([head, swept, turned, montage]))
    assert config_hash(first) == config_hash(second)
    assert [case.name for case in first.cases] == [case.name for case in second.cases]


def test_cases_share_the_sections_that_no_sweep_touches() -> None:
    first, second, _ = (case.config for case in parse_study(SWEPT).cases)
    assert first.lead is second.lead
    assert first.montage is second.montage
    assert first.stimulus is not second.stimulus


def test_study_prints_title_cases_and_axes() -> None:
    text = repr(parse_study(SWEPT))
    assert "A sound study" in text
    assert "3 cases (grid), seed 1" in text
    assert "stimulus.amplitude_ma: 3 values, 1.0 to 2.0 mA" in text


def test_axis_shows_labels_where_there_are_some() -> None:
    axis = Axis("montage", "montage", ({"c4": -1.0}, {"c3": -1.0}), ("near", "far"), "1")
    assert axis.coordinate == ("near", "far")
    assert Axis("a.b_ms", "b_ms", (1.0,), None, "ms").coordinate == (1.0,)


def test_shape_is_that_of_the_grid_or_the_number_of_cases() -> None:
    assert parse_study(SOUND).shape == ()
    assert parse_study(SWEPT).shape == (3,)
    cases = "".join(f'[[case]]\nname = "{name}"\n' for name in "ab")
    assert parse_study(SOUND + cases).shape == (2,)


def test_every_swept_key_is_explained() -> None:
    from scsim.study.reading.sections import describe_key

    assert describe_key("seed").startswith("Start of every random number")
    assert describe_key("stimulus.pulse_width_us").startswith("Width of the first phase")
    assert describe_key("montage") == "Table of the config, by its label."
    assert describe_key("montage.c4") == "Share of the current of a contact."
