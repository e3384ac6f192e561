"""[preset.NAME]: what they change, how they build on each other, and what is told about their faults."""

import pytest

from scsim.errors import ConfigError, Fault
from scsim.study.config import config_hash, resolved_toml
from scsim.study.reading.parse import parse_study
from scsim.study.reading.presets import MAX_CHAIN
from tests.unit.broken_configs import MONTAGE, SOUND

WIDE = "\n[preset.wide]\nstimulus.pulse_width_us = 450\n"
SLOW = '\n[preset.slow]\nbased_on = "wide"\n[preset.slow.stimulus]\nfrequency_hz = 20\n'


def faults_of(text: str, *presets: str, overrides: tuple[str, ...] = ()) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_study(text, file="study.toml", presets=presets, overrides=overrides)
    return caught.value.faults


def test_a_preset_that_nothing_uses_changes_nothing() -> None:
    assert config_hash(parse_study(SOUND + WIDE)) == config_hash(parse_study(SOUND))


@pytest.mark.parametrize(
    ("head", "asked"), [('presets = ["slow"]\n', ()), ("", ("slow",)), ("", ("wide", "slow"))]
)
def test_a_preset_changes_what_it_names_after_what_it_builds_on(
    head: str, asked: tuple[str, ...]
) -> None:
    study = parse_study(head + SOUND + WIDE + SLOW, presets=asked)
    stimulus = study.cases[0].config.stimulus
    assert (stimulus.pulse_width_us, stimulus.frequency_hz) == (450.0, 20.0)
    assert stimulus.amplitude_ma == 2.0
    assert "preset" not in resolved_toml(study).replace("preset =", "")
    assert parse_study(resolved_toml(study)).cases == study.cases


def test_the_last_preset_has_the_last_word_and_overrides_come_after_it() -> None:
    text = (
        'presets = ["slow"]\n'
        + SOUND
        + WIDE
        + SLOW
        + "\n[preset.fast]\n'stimulus.frequency_hz' = 90\n"
    )
    assert parse_study(text, presets=["fast"]).cases[0].config.stimulus.frequency_hz == 90.0
    study = parse_study(text, presets=["fast"], overrides=["stimulus.frequency_hz=70"])
    assert study.cases[0].config.stimulus.frequency_hz == 70.0
    assert study.cases[0].config.stimulus.pulse_width_us == 450.0


def test_a_preset_may_hold_the_title_the_seed_sweeps_and_the_mode() -> None:
    text = SOUND + (
        '\n[preset.draws]\ntitle = "Drawn"\nseed = 7\nsweep = { mode = "latin", n = 3 }\n'
        "stimulus.amplitude_ma = { sweep = { uniform = [1, 2] } }\n"
        '\n[preset.few]\nbased_on = "draws"\nsweep.n = 2\n'
    )
    study = parse_study(text, presets=["few"])
    assert (study.title, study.seed, study.mode, len(study.cases)) == ("Drawn", 7, "latin", 2)


def test_a_preset_replaces_a_sweep_by_one_value_and_a_montage_as_a_whole() -> None:
    text = SOUND.replace("= 2.0", "= { sweep = [1, 2, 3] }") + (
        '\n[preset.small]\nstimulus.amplitude_ma = 2\nmontage = { c2 = -1, return = "distant" }\n'
    )
    (case,) = parse_study(text, presets=["small"]).cases
    assert case.config.stimulus.amplitude_ma == 2.0
    assert case.config.montage.shares == (("c2", -1.0),)


def test_cases_use_presets_below_what_they_say_themselves() -> None:
    text = (
        SOUND
        + WIDE
        + SLOW
        + (
            '[[case]]\nname = "a"\npresets = ["slow"]\n'
            '[[case]]\nname = "b"\npresets = ["slow"]\nstimulus.pulse_width_us = 60\n'
            '[[case]]\nname = "c"\n'
        )
    )
    study = parse_study(text)
    widths = [case.config.stimulus.pulse_width_us for case in study.cases]
    rates = [case.config.stimulus.frequency_hz for case in study.cases]
    assert (widths, rates) == ([450.0, 60.0, 210.0], [20.0, 20.0, 50.0])
    again = parse_study(resolved_toml(study))
    assert again.cases == study.cases
    assert config_hash(again) == config_hash(study)


@pytest.mark.parametrize(
    ("add", "asked", "line", "key", "value", "problem", "remedy"),
    [
        ("", ("small",), None, "", '"small"', "the config has no presets", "Write [preset.small]"),
        (WIDE, ("wyde",), None, "", '"wyde"', 'there is "wide"', 'Did you mean "wide"?'),
        (WIDE, ("x",), None, "", '"x"', "no such preset", "Write one of these, or [preset.x]"),
        ("[preset.a]\nbased_on = 3", (), 17, "preset.a.based_on", "3", "names one other preset", 'based_on = "small"'),
        ('[preset.a]\nbased_on = "b"', (), 17, "preset.a.based_on", '"b"', 'there is "a"', "Write one of these, or [preset.b]"),
        ('[preset.a]\nbased_on = "a"', (), 17, "preset.a.based_on", '"a"', "a → a", "Remove one of these"),
        (
            '[preset.a]\nbased_on = "c"\n[preset.b]\nbased_on = "a"\n[preset.c]\nbased_on = "b"',
            (), 17, "preset.a.based_on", '"c"', "a → c → b → a", "Remove one of these",
        ),
        ("[preset.a]\nstimulus.ampl_ma = 3", (), 17, "preset.a.stimulus.ampl_ma", "3", "no such key in [stimulus]", "Did you mean amplitude_ma?"),
        ("[preset.a]\nstimulus.amplitude_ma = -3", (), 17, "preset.a.stimulus.amplitude_ma", "-3 mA", "out of range", "Write a value in that range"),
        ("[preset.a]\nstimulus.amplitude_ma = -3", ("a",), 17, "stimulus.amplitude_ma", "-3 mA", "out of range", "Write a value in that range"),
        ("[preset.a]\nstimulus.ampl_ma = 3", ("a",), 17, "stimulus.ampl_ma", "3", "no such key in [stimulus]", "Did you mean amplitude_ma?"),
        ("[preset.a]\nstimulus.ampl_ma = { sweep = [1] }", (), 17, "preset.a.stimulus.ampl_ma", "sweep", "no such key in [stimulus]", "Did you mean amplitude_ma?"),
        ("[preset.a]\namplitude_ma = 3", (), 17, "preset.a.amplitude_ma", "3", "a preset has no such key", "Did you mean stimulus.amplitude_ma?"),
        ("[preset.a]\nstimulis.x = 3", (), 17, "preset.a.stimulis", "x = 3", "a preset has no such key", "Did you mean stimulus?"),
        ("[preset.a]\nqwerty = 3", (), 17, "preset.a.qwerty", "3", "a preset has no such key", "Write dotted keys"),
        ("[preset.a]\ncase = []", (), 17, "preset.a.case", "[]", "a preset cannot hold case", "above all tables"),
        ("[preset.a]\nstimulus = 3", (), 17, "preset.a.stimulus", "3", "a whole number stands where the table stimulus", "Write stimulus.key = value"),
        ("[preset]\na = 3", (), 17, "preset.a", "3", "a whole number stands where a table", "Write [preset.a] on a line"),
        ("[[case]]\nname = 'n'\npresets = ['b']\n" + WIDE, (), 18, 'case "n", presets', '"b"', "no such preset", "Write one of these"),
        ("[[case]]\nname = 'n'\npresets = 'wide'\n" + WIDE, (), 18, 'case "n", presets', '"wide"', "text stands where a list of names", 'Write presets = ["wide"]'),
        ("[[case]]\nname = 'n'\npresets = [3]\n" + WIDE, (), 18, 'case "n", presets', "[3]", "must be texts in quotes", 'Write presets = ["small"]'),
        ("[[case]]\nname = 'n'\npresets = ['a']\n[preset.a]\nsweep.n = 2", (), 20, "preset.a.sweep", "n = 2", "a case cannot hold [sweep]", "use the preset for the whole study"),
        ("[[case]]\nname = 'n'\npresets = ['a']\n[preset.a]\nseed = 2", (), 20, "preset.a.seed", "2", "seed belongs to the study as a whole", "repeats = 3 below [sweep]"),
        ("[[case]]\nname = 'n'\npresets = ['a']\n[preset.a]\nstimulus.amplitude_ma = { sweep = [1, 2] }", (), 20, "preset.a.stimulus.amplitude_ma", "sweep", "a case cannot hold a sweep", "Write one [[case]] for each value"),
        ("[[case]]\nname = 'n'\npresets = ['a']\n[preset.a]\nstimulus.amplitude_ma = -2", (), 20, "preset.a.stimulus.amplitude_ma", "-2 mA", "out of range", "Write a value in that range"),
        ("[[case]]\nname = 'n'\nstimulus.pulse_width_us = 60" + WIDE, ("wide",), None, "stimulus.pulse_width_us", '"wide"', '[[case]] tables set this key themselves: "n"', "use a preset without this key"),
    ],
)  # fmt: skip
def test_faults_of_presets_are_told_where_they_stand(
    add: str,
    asked: tuple[str, ...],
    line: int | None,
    key: str,
    value: str,
    problem: str,
    remedy: str,
) -> None:
    (fault,) = faults_of(f"{SOUND}\n{add.lstrip()}\n", *asked)
    assert (fault.file, fault.line, fault.key) == (
        "study.toml" if line is not None else "--preset",
        line,
        key,
    )
    assert value in fault.value
    assert problem in fault.problem
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("head", "key", "problem", "remedy"),
    [
        ('preset = "small"', "preset", "text stands where [preset.NAME] tables", 'write presets = ["small"]'),
        ('presets = "small"', "presets", "text stands where a list of names", 'Write presets = ["small"]'),
        ('presets = ["small"]', "presets", "the config has no presets", "Write [preset.small]"),
        ('preset_s = ["small"]', "preset_s", "there is no such table", "Did you mean presets = [...]?"),
    ],
)  # fmt: skip
def test_faults_above_the_tables_are_told(head: str, key: str, problem: str, remedy: str) -> None:
    (fault,) = faults_of(f"{head}\n{SOUND}")
    assert (fault.line, fault.key) == (1, key)
    assert problem in fault.problem
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("override", "problem", "remedy"),
    [
        ("preset.a.seed=1", "cannot reach into [preset.NAME]", "Set the key itself"),
        ("presets=['a']", "cannot choose presets", "--preset NAME"),
        ("include=['a.toml']", "cannot include files", "in the file"),
    ],
)
def test_overrides_leave_presets_and_includes_alone(
    override: str, problem: str, remedy: str
) -> None:
    (fault,) = faults_of(SOUND + WIDE, overrides=(override,))
    assert problem in fault.problem
    assert remedy in fault.remedy


def test_a_missing_key_is_told_at_the_table_of_the_config_not_at_a_preset() -> None:
    (fault,) = faults_of(SOUND.replace("frequency_hz = 50\n", "") + WIDE, "wide")
    assert (fault.line, fault.key) == (8, "stimulus.frequency_hz")


def test_the_command_line_uses_presets(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    from scsim.cli.main import main

    config = tmp_path_factory.mktemp("presets") / "study.toml"
    config.write_text(SOUND.replace(MONTAGE, "c4 = -1.0\nc5 = 1.0") + WIDE + SLOW, "utf-8")
    assert main(["check", str(config), "--preset", "slow", "--json"]) == 0
    assert '"pulse_width_us": 450.0' in capsys.readouterr().out
    assert main(["check", str(config), "--preset", "slo"]) == 2
    assert 'Did you mean "slow"?' in capsys.readouterr().err


def test_a_preset_builds_on_at_most_so_many_others() -> None:
    row = '[preset.p{}]\nbased_on = "p{}"\n'.format
    chain = "".join(row(place + 1, place) for place in range(MAX_CHAIN + 1))
    (fault,) = faults_of(f"{SOUND}[preset.p0]\nstimulus.frequency_hz = 20\n{chain}")
    assert f"builds on more than {MAX_CHAIN} others" in fault.problem
    assert fault.remedy == "Join some of them."
    shorter = chain.rpartition("[preset.")[0]
    study = parse_study(
        f"{SOUND}[preset.p0]\nstimulus.frequency_hz = 20\n{shorter}", presets=[f"p{MAX_CHAIN}"]
    )
    assert study.cases[0].config.stimulus.frequency_hz == 20.0
