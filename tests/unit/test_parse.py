"""Reading configs: every kind of slip is told with place, key, value and remedy."""

from pathlib import Path

import pytest

from scsim.errors import ConfigError
from scsim.study.reading.parse import load_study, parse_study
from tests.unit.broken_configs import BROKEN, SOUND, Broken


def faults_of(text: str, *overrides: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_study(text, file="study.toml", overrides=overrides)
    return caught.value


def test_sound_config_has_one_case_and_its_values() -> None:
    study = parse_study(SOUND)
    assert len(study.cases) == 1
    assert study.cases[0].config.stimulus.amplitude_ma == 2.0
    assert study.cases[0].config.montage.shares == (("c4", -1.0), ("c5", 1.0))


def test_there_are_enough_broken_configs() -> None:
    assert len(BROKEN) >= 40
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_broken_config_is_told_with_place_key_value_and_remedy(broken: Broken) -> None:
    error = faults_of(broken.text)
    assert len(error.faults) == 1, str(error)
    fault = error.faults[0]
    assert fault.file == "study.toml"
    assert fault.line == broken.line
    assert fault.key == broken.key
    assert broken.value in fault.value
    assert bool(broken.value) <= bool(fault.value)
    assert broken.remedy in fault.remedy
    assert fault.problem.endswith(".")
    place = "study.toml" if broken.line is None else f"study.toml:{broken.line}"
    text = str(error)
    assert text.startswith(f"{place}: ")
    for part in (broken.key, broken.value, broken.remedy):
        assert part in text
    assert "{key" not in text, "a lost f prefix"
    assert "<class" not in text
    assert "pydantic" not in text


def test_all_faults_of_a_file_are_told_in_one_go_in_the_order_of_its_lines() -> None:
    text = """\
seed = -1
[montage]
c4 = -1.0
c9 = 1.0
[stimulus]
pulse_width_us = -60
amplitud_ma = 2
frequency_hz = { sweep = [10, 10] }
[circuit]
state = "helthy"
[output]
save = ["relief", "reliefs"]
"""
    error = faults_of(text, "fibers.n_fibers=0")
    keys = [fault.key for fault in error.faults]
    assert keys == [
        "title",
        "seed",
        "montage.c9",
        "stimulus.pulse_width_us",
        "stimulus.amplitud_ma",
        "stimulus.frequency_hz",
        "circuit.state",
        "output.save",
        "fibers.n_fibers",
    ]
    assert len(str(error).splitlines()) == len(keys)


def test_unknown_contact_lists_those_of_the_lead() -> None:
    text = SOUND.replace("c5 = 1.0", "c6 = 1.0") + '[lead]\npreset = "percutaneous-4"\n'
    (fault,) = faults_of(text).faults
    assert fault.key == "montage.c6"
    assert "c1, c2, c3, c4" in fault.problem


def test_a_mistyped_key_is_not_also_called_missing() -> None:
    text = SOUND.replace("amplitude_ma = 2.0", "amplitude_mA = 2.0").replace("seed", "sed")
    assert [fault.key for fault in faults_of(text).faults] == ["sed", "stimulus.amplitude_mA"]


def test_a_fault_common_to_all_cases_is_told_once() -> None:
    text = SOUND.replace("2.0", "{ sweep = [1, 2, 3] }").replace("50", "{ sweep = [10, 30] }")
    (fault,) = faults_of(text.replace("210", "-210")).faults
    assert fault.key == "stimulus.pulse_width_us"
    assert fault.value == "-210 µs"


def test_many_values_out_of_range_are_told_as_one_fault() -> None:
    text = SOUND.replace("2.0", "{ sweep = { linspace = [-10, 10, 21] } }")
    (fault,) = faults_of(text).faults
    assert fault.value == "-10 mA, -9 mA, -8 mA and 8 more"


def test_many_faults_of_one_key_are_cut_short() -> None:
    rates = ", ".join(str(rate) for rate in range(500, 520))
    text = SOUND.replace("210", "2100").replace("= 50", f"= {{ sweep = [{rates}] }}")
    faults = faults_of(text).faults
    assert len(faults) == 6
    assert "15 more faults of this key" in faults[-1].problem


def test_faults_of_values_are_told_beside_faults_of_the_sweep() -> None:
    text = SOUND.replace("2.0", "{ sweep = [1, 2] }").replace("50", "{ sweep = [10, -30, 50] }")
    faults = faults_of(f'{text}[sweep]\nmode = "zip"\n').faults
    assert [fault.key for fault in faults] == ["stimulus.frequency_hz", "sweep.mode"]


# Overrides.


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("stimulus.pulse_width_us=300", 300.0),
        ("stimulus.pulse_width_us = 300", 300.0),
        ("stimulus={pulse_width_us=300, amplitude_ma=1, frequency_hz=10}", 300.0),
    ],
)
def test_override_replaces_a_value(override: str, expected: float) -> None:
    study = parse_study(SOUND, overrides=[override])
    assert study.cases[0].config.stimulus.pulse_width_us == expected


def test_override_may_be_text_without_quotes_a_sweep_or_replace_one() -> None:
    sweep = "stimulus.amplitude_ma={sweep=[1, 2]}"
    study = parse_study(SOUND, overrides=["circuit.state=disinhibited", sweep])
    assert [case.config.circuit.state for case in study.cases] == ["disinhibited"] * 2
    assert len(parse_study(SOUND, overrides=[sweep, "stimulus.amplitude_ma=3"]).cases) == 1


def test_override_of_one_share_keeps_the_others_and_of_the_montage_replaces_it() -> None:
    one = parse_study(SOUND, overrides=["montage.c4=-0.5", "montage.c3=-0.5"])
    assert dict(one.cases[0].config.montage.shares) == {"c4": -0.5, "c5": 1.0, "c3": -0.5}
    whole = parse_study(SOUND, overrides=["montage={c1=-1.0, return='distant'}"])
    assert dict(whole.cases[0].config.montage.shares) == {"c1": -1.0}


@pytest.mark.parametrize(
    ("override", "key", "value", "remedy"),
    [
        ("stimulus.pulse_width_us=-3", "stimulus.pulse_width_us", "-3 µs", "in that range"),
        ("stimulus.pulse_width_ms=0.3", "stimulus.pulse_width_ms", "0.3", "pulse_width_us = 300"),
        ("stimulus.pulse_width_us=300us", "stimulus.pulse_width_us", "300us", "Write a number"),
        ("stimulus.pulse_width_us=wide", "stimulus.pulse_width_us", '"wide"', "without quotes"),
        ("stimulus.pulse_width_us=", "stimulus.pulse_width_us", "", "Write a number (300)"),
        ("stimulus.pulse_width_us=1\nseed=2", "stimulus.pulse_width_us", "1", "Write a number"),
        ("stimulus.pulse_width_us", "stimulus.pulse_width_us", "", "stimulus.pulse_width_us=300"),
        ("stimulus..pulse=3", "stimulus..pulse=3", "", "stimulus.pulse_width_us=300"),
        ("case.name=3", "case.name", "3", "Edit the case in the file"),
        ("foo.bar=3", "foo", "{ bar = 3 }", "The tables are"),
        ("stimulus.pulse_width_us.x=3", "stimulus.pulse_width_us", "{ x = 3 }", "Write one value"),
    ],
)
def test_faulty_override_is_told_with_key_value_and_remedy(
    override: str, key: str, value: str, remedy: str
) -> None:
    (fault,) = faults_of(SOUND, override).faults
    assert fault.file == "--set"
    assert fault.line is None
    assert fault.key == key
    assert value in fault.value
    assert remedy in fault.remedy


def test_override_that_a_case_would_undo_is_refused() -> None:
    text = f'{SOUND}[[case]]\nname = "a"\nstimulus.amplitude_ma = 3\n'
    (fault,) = faults_of(text, "stimulus.amplitude_ma=4").faults
    assert fault.value == "4 mA"
    assert 'themselves: "a".' in fault.problem
    assert "Edit them in the file" in fault.remedy
    assert parse_study(text, overrides=["stimulus.frequency_hz=30"]).cases[0].name == "a"


# Files.


def test_file_is_read_and_remembered(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(SOUND, encoding="utf-8-sig")
    study = load_study(str(path))
    assert study.path == path
    assert study.title == "A sound study"


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_study(tmp_path / "stduy.toml")
    assert "there is no such file" in str(caught.value)
    assert f"Did you mean {tmp_path / 'study.toml'}?" in str(caught.value)


def test_missing_file_without_neighbors_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file\. Check the path, or make .*scsim new"):
        load_study(tmp_path / "nowhere" / "study.toml")


def test_folder_and_binary_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"this is a folder\. Name a config file"):
        load_study(tmp_path)
    path = tmp_path / "results.h5"
    path.write_bytes(b"\x89HDF\xff")
    with pytest.raises(ConfigError, match=r"not UTF-8 text \(byte 1\)\. Save it as UTF-8"):
        load_study(path)


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300 + ".toml")
    with pytest.raises(ConfigError, match=r"cannot be read: .* Check the path and its permissions"):
        load_study(path)


def test_faults_name_the_file_as_the_user_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.toml").write_text(SOUND.replace("210", "-210"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^study\.toml:9: stimulus\.pulse_width_us = -210 µs: "):
        load_study("study.toml")
