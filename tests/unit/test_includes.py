"""include = [...]: what is merged with what, where faults are told, and what is refused."""

import os
from pathlib import Path

import pytest

from scsim.errors import ConfigError, Fault
from scsim.study.config import config_hash, resolved_toml
from scsim.study.reading import includes
from scsim.study.reading.parse import load_study, parse_study
from tests.unit.broken_configs import SOUND

HEAD = 'title = "t"\nseed = 1\n'
REST = SOUND.replace('title = "A sound study"\nseed = 1\n', "")


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "study.toml"


def faults_of(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    return caught.value.faults


def test_later_files_come_over_earlier_ones_and_the_config_over_all(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study='include = ["a.toml", "b.toml"]\n' + HEAD + "[stimulus]\nfrequency_hz = 90\n",
        a=REST,
        b='title = "other"\n[stimulus]\nfrequency_hz = 30\namplitude_ma = 3\n',
    )
    study = load_study(path)
    stimulus = study.cases[0].config.stimulus
    assert study.title == "t"
    assert (stimulus.frequency_hz, stimulus.amplitude_ma, stimulus.pulse_width_us) == (
        90.0,
        3.0,
        210.0,
    )
    assert "include" not in resolved_toml(study)
    assert config_hash(parse_study(resolved_toml(study))) == config_hash(study)


def test_files_include_files_from_their_own_folder_on(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study=f'include = ["parts/lead.toml"]\n{HEAD}{REST}',
        parts__lead='include = ["../more/tissue.toml"]\n[lead]\nlateral_mm = 1.0\n',
        more__tissue="[tissue]\ncsf_thickness_mm = 4.0\n[lead]\nlateral_mm = 2.0\nrostral_mm = 3.0\n",
    )
    config = load_study(path).cases[0].config
    assert config.tissue.csf_thickness_mm == 4.0
    assert (config.lead.lateral_mm, config.lead.rostral_mm) == (1.0, 3.0)


def test_a_montage_a_sweep_and_cases_are_replaced_as_a_whole(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study='include = ["a.toml"]\n' + HEAD + '[montage]\nc2 = -1\nreturn = "distant"\n'
        "[stimulus]\namplitude_ma = { sweep = [1, 2] }\n[[case]]\nname = 'x'\n",
        a=REST.replace("= 2.0", "= { sweep = { linspace = [1, 2, 3] } }")
        + "[[case]]\nname = 'y'\n",
    )
    (fault,) = faults_of(path)
    assert "either swept keys or [[case]]" in fault.problem
    path.write_text(path.read_text("utf-8").replace("[[case]]\nname = 'x'", ""), "utf-8")
    (tmp_path / "a.toml").write_text(
        (tmp_path / "a.toml").read_text("utf-8").partition("[[case]]")[0], "utf-8"
    )
    study = load_study(path)
    assert study.axes[0].values == (1.0, 2.0)
    assert study.cases[0].config.montage.shares == (("c2", -1.0),)


def test_a_file_that_is_included_twice_counts_where_it_lies_highest(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study='include = ["a.toml", "b.toml", "./a.toml"]\n' + HEAD,
        a=REST,
        b="[stimulus]\nfrequency_hz = 30\n",
    )
    assert load_study(path).cases[0].config.stimulus.frequency_hz == 50.0


def test_faults_name_the_file_and_line_in_which_they_stand(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study='include = ["a.toml", "b.toml"]\n' + HEAD + "\n[lead]\nlateral_mm = 'x'\n",
        a="\n" + REST.lstrip().replace("210", "-210"),
        b="# note\n[stimulus]\nfrequency = 30\n[tissue]\ncsf_thickness_mm = -1\n",
    )
    told = {(Path(fault.file).name, fault.line, fault.key) for fault in faults_of(path)}
    assert told == {
        ("study.toml", 6, "lead.lateral_mm"),
        ("a.toml", 7, "stimulus.pulse_width_us"),
        ("b.toml", 3, "stimulus.frequency"),
        ("b.toml", 5, "tissue.csf_thickness_mm"),
    }


def test_a_missing_key_is_told_where_the_highest_file_has_the_table(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study='include = ["a.toml"]\n' + HEAD + "\n[stimulus]\namplitude_ma = 2\n",
        a=REST.replace("frequency_hz = 50\n", ""),
    )
    (fault,) = faults_of(path)
    assert (Path(fault.file).name, fault.line, fault.key) == (
        "study.toml",
        5,
        "stimulus.frequency_hz",
    )


def test_presets_of_an_included_file_can_be_used_and_are_told_there(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study=f'include = ["a.toml"]\npresets = ["wide"]\n{HEAD}{REST}',
        a="[preset.wide]\nstimulus.pulse_width_us = 450\n",
    )
    assert load_study(path).cases[0].config.stimulus.pulse_width_us == 450.0
    write(tmp_path, a="[preset.wide]\n\nstimulus.pulse_width_us = -450\n")
    (fault,) = faults_of(path)
    assert (Path(fault.file).name, fault.line, fault.key) == (
        "a.toml",
        3,
        "stimulus.pulse_width_us",
    )


def test_a_circle_of_files_is_refused_with_the_chain(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study='include = ["a.toml"]\n' + SOUND,
        a='include = ["b.toml"]\n',
        b='\ninclude = ["study.toml"]\n',
    )
    (fault,) = faults_of(path)
    assert (Path(fault.file).name, fault.line) == ("b.toml", 2)
    assert "study.toml → a.toml → b.toml → study.toml" in fault.problem
    assert "Remove one of these includes." in fault.remedy


def test_every_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study='include = [\n  "lead.tml",\n  "folder",\n  "broken.toml",\n  3,\n  "bytes.toml",\n  "qq"\n]\n'
        + SOUND,
        lead="",
        broken="a = \n",
    )
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    faults = {(Path(fault.file).name, fault.line): fault for fault in faults_of(path)}
    assert 'Did you mean "lead.toml"?' in faults["study.toml", 2].remedy
    assert "this is a folder." in faults["study.toml", 3].problem
    assert "not valid TOML" in faults["broken.toml", 1].problem
    assert "must be text in quotes" in faults["study.toml", 5].problem
    assert 'include = ["lead.toml"]' in faults["study.toml", 5].remedy
    assert "not UTF-8" in faults["bytes.toml", None].problem
    assert "there is no file" in faults["study.toml", 7].problem
    assert "from the folder of this file on" in faults["study.toml", 7].remedy


def test_include_must_be_a_list() -> None:
    with pytest.raises(
        ConfigError, match=r'text stands where a list.*Write include = \["a.toml"\]'
    ):
        parse_study(f'include = "a.toml"\n{SOUND}')


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(includes, "MAX_FILES", 2)
    path = write(
        tmp_path, study='include = ["a.toml", "b.toml", "c.toml"]\n' + SOUND, a="", b="", c=""
    )
    (fault,) = faults_of(path)
    assert "more than 2 files" in fault.problem
    assert fault.remedy == "Join some of them."


def test_data_files_lie_beside_the_file_that_names_them(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        study='include = ["parts/field.toml"]\n' + SOUND.replace("= 50", "= 50"),
        parts__field='[field]\nsolver = "imported"\nfile = "potential.csv"\n',
    )
    (fault,) = faults_of(path)
    assert (Path(fault.file).name, fault.line, fault.key) == ("field.toml", 3, "field.file")
    assert os.fspath(tmp_path / "parts" / "potential.csv") in fault.problem.replace("/./", "/")


def test_text_without_a_path_includes_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a=REST)
    monkeypatch.chdir(tmp_path)
    assert (
        parse_study(f'include = ["a.toml"]\n{HEAD}').cases[0].config.stimulus.frequency_hz == 50.0
    )
