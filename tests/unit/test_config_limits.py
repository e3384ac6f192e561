"""Configs that are too large, too deep or ask for too much: read or refused with one clear message, at once."""

import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from scsim.cli.main import main
from scsim.errors import ConfigError, Fault
from scsim.study.reading import parse
from scsim.study.reading.faults import MAX_FAULTS
from scsim.study.reading.parse import load_study, parse_study
from scsim.study.reading.sweep import MAX_CASES
from scsim.study.reading.texts import MAX_BYTES
from tests.unit.broken_configs import AMPLITUDE, RATE, SOUND, STATE

SECONDS = 10.0
"""Processor time that a config may take: a few seconds on a machine of today, more where two tests share one."""

MEGABYTES = 10.0


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_study(text, file="big.toml")
    return caught.value.faults


def swept(amplitude: str, rate: str = "50", more: str = "") -> str:
    text = SOUND.replace(AMPLITUDE, f"amplitude_ma = {amplitude}")
    return f"{text.replace(RATE, f'frequency_hz = {rate}')}{more}"


SPACED = "{{ sweep = {{ linspace = [1, 2, {}] }} }}".format
UNIFORM = "{ sweep = { uniform = [1, 2] } }"
BILLIONS = {
    "grid": (swept(SPACED(31623), SPACED(31623)), "31623 × 31623 = 1000014129 cases"),
    "linspace": (swept(SPACED(10**9)), "1000000000 cases or more"),
    "list and repeats": (
        swept("{ sweep = [1, 2, 3, 4] }", more="[sweep]\nrepeats = 250000000\n"),
        "4 for 250000000 seeds = 1000000000 cases",
    ),
    "repeats alone": (f"{SOUND}[sweep]\nrepeats = 1000000000\n", "= 1000000000 cases"),
    "seeds": (
        SOUND.replace("seed = 1", "seed = { sweep = { linspace = [1, 1000000000, 1000000000] } }"),
        "1000000000 cases or more",
    ),
    "n": (
        swept(UNIFORM, more='[sweep]\nmode = "random"\nn = 1000000000\n'),
        "makes n = 1000000000 cases",
    ),
    "n and repeats": (
        swept(UNIFORM, more='[sweep]\nmode = "latin"\nn = 100000\nrepeats = 10000\n'),
        "n for 10000 seeds = 1000000000 cases",
    ),
    "saltelli": (
        swept(UNIFORM, UNIFORM, '[sweep]\nmode = "saltelli"\nn = 268435456\n'),
        "n × (2 keys + 2) = 1073741824 cases",
    ),
    "zip": (
        swept(SPACED(10**6), SPACED(10**6), '[sweep]\nmode = "zip"\nrepeats = 1000\n'),
        "1000000 for 1000 seeds = 1000000000 cases",
    ),
    "one at a time": (
        swept(
            "{ sweep = [1, 2], base = 1 }",
            more='[sweep]\nmode = "one_at_a_time"\nrepeats = 500000000\n',
        ),
        "500000000 seeds make 1500000000 cases",
    ),
    "cases": (
        f'{SOUND}[sweep]\nrepeats = 500000000\n[[case]]\nname = "a"\n[[case]]\nname = "b"\n',
        "2 cases for 500000000 seeds = 1000000000 cases",
    ),
}


@pytest.mark.parametrize("name", BILLIONS)
def test_a_billion_cases_are_refused_at_once_with_the_count_and_what_to_do(name: str) -> None:
    text, count = BILLIONS[name]
    began = time.process_time()
    tracemalloc.start()
    (fault,) = faults_of(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - began < 2.0
    assert peak < MEGABYTES * 1e6
    assert count in fault.problem
    assert f"at most {MAX_CASES} are allowed" in fault.problem
    assert fault.remedy.endswith("split the study.")


def rows(head: str, row: Callable[[int], str], size: int, tail: str = "") -> str:
    """Repeat a row until a text has a size."""
    number = (size - len(head) - len(tail)) // (len(row(10**6)) + 1)
    body = "\n".join(row(place) for place in range(number))
    return f"{head}{body}{tail}\n"


LARGE = {
    "listed values": lambda size: rows(
        SOUND + "[field]\nprofile_depths_mm = [", lambda i: f"{i}e-7,", size, "]"
    ),
    "listed values out of range": lambda size: SOUND.replace(
        AMPLITUDE, rows("amplitude_ma = { sweep = [", lambda i: f"-{i + 1}.5,", size, "] }")
    ),
    "names to save": lambda size: rows(SOUND + "[output]\nsave = [", lambda i: f'"x{i}",', size, "]"),
    "one name to save": lambda size: rows(SOUND + "[output]\nsave = [", lambda _: '"relief",', size, "]"),
    "comment": lambda size: SOUND + "#" * size,
    "comments": lambda size: rows(SOUND, lambda _: "# x", size),
    "title": lambda size: SOUND.replace("A sound study", "x" * size),
    "state": lambda size: SOUND.replace(STATE, f'state = "{"x" * size}"'),
    "key": lambda size: f"{SOUND}{'x' * size} = 1\n",
    "keys": lambda size: rows(SOUND, lambda i: f"k{i} = 1", size),
    "tables": lambda size: rows(SOUND, lambda i: f"[t{i}]", size),
    "contacts": lambda size: SOUND.replace("c5 = 1.0", rows("c5 = 1.0\n", lambda i: f"c{i + 9} = 0.0", size)),
    "cases": lambda size: rows(SOUND, lambda i: f'[[case]]\nname = "{i}"\nstimulus.amplitude_ma = 1.{i}', size),
    "broken cases": lambda size: rows(SOUND, lambda i: f'[[case]]\nname = "{i}"\nlead.x{i} = 1', size),
    "presets": lambda size: rows(SOUND, lambda i: f"[preset.p{i}]\nlead.lateral_mm = 0.5", size),
    "broken presets": lambda size: rows(SOUND, lambda i: f"[preset.p{i}]\nlead.x = 0.5", size),
    "presets on presets": lambda size: rows(
        f"{SOUND}[preset.p0]\n", lambda i: f'[preset.p{i + 1}]\nbased_on = "p{i}"', size
    ),
    "includes": lambda size: rows("include = [", lambda i: f'"f{i}.toml",', size - 300, f"]\n{SOUND}"),
    "used presets": lambda size: rows("presets = [", lambda i: f'"f{i}",', size - 300, f"]\n{SOUND}"),
    "deep list": lambda size: f"{SOUND}x = {'[' * (size // 2)}{']' * (size // 2)}\n",
    "deep table": lambda size: f"{SOUND}[{'a.' * (size // 2)}a]\n",
    "deep quoted key": lambda size: SOUND + '"a" . ' * (size // 6) + "a = 1\n",
    "no TOML": lambda size: "x\n" * (size // 2),
    "no text": lambda size: "\1" * size,
}  # fmt: skip


def read_quickly(name: str, size: int) -> None:
    text = LARGE[name](size)
    assert 0.5 * size < len(text) <= MAX_BYTES
    began = time.process_time()
    faults: tuple[Fault, ...] = ()
    try:
        assert parse_study(text, file="big.toml").cases
    except ConfigError as error:
        faults = error.faults
    assert time.process_time() - began < SECONDS
    assert len(faults) <= MAX_FAULTS + 1
    assert all(fault.problem and fault.remedy for fault in faults)
    assert sum(len(str(fault)) for fault in faults) < 2000 * (len(faults) + 1)


@pytest.mark.parametrize("name", LARGE)
def test_a_large_config_is_read_or_refused_in_seconds(name: str) -> None:
    read_quickly(name, 200_000)


@pytest.mark.long
@pytest.mark.parametrize("name", LARGE)
def test_the_largest_config_is_read_or_refused_in_seconds(name: str) -> None:
    read_quickly(name, MAX_BYTES - 10_000)


def test_a_config_of_ten_megabytes_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(f"{SOUND}{'# x' * 3_400_000}\n", encoding="utf-8")
    began = time.process_time()
    assert main(["run", "study.toml"]) == 2
    assert time.process_time() - began < 2.0
    told = capsys.readouterr().err
    assert "study.toml: the file is larger than 4 MB, the most that is read." in told
    assert "Write long lists as linspace or logspace" in told
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]
    (fault,) = faults_of(f"{SOUND}{'# x' * 3_400_000}\n")
    assert "larger than 4 MB" in fault.problem


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no such files")
def test_a_file_without_an_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="larger than 4 MB"):
        load_study("/dev/zero")


def test_a_path_that_no_system_takes_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"cannot be read.*Check the path"):
        load_study("a\0b.toml")


def test_more_faults_than_anyone_reads_end_the_search() -> None:
    faults = faults_of(rows(SOUND, lambda i: f"[t{i}]", 100_000))
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1].problem == "there are more faults than are listed here."
    assert faults[-1].remedy == "Correct those above first."


def test_tables_that_are_nested_deeply_are_shown_in_short() -> None:
    (fault,) = faults_of(f"{SOUND}x = {'[' * 200}{']' * 200}\n")
    assert len(fault.value) < 80
    (fault,) = faults_of(f"{SOUND}{'.'.join(['a'] * 99)} = 1\n")
    assert len(fault.value) < 80
    (fault,) = faults_of(f"{SOUND}{'.'.join(['a'] * 101)} = 1\n")
    assert "a key has more than 100 parts." in fault.problem
    assert "one dot, or none" in fault.remedy


def test_what_is_nested_deeper_than_python_reads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(parse, "_put_together", fail)
    (fault,) = faults_of(SOUND)
    assert fault.problem == "lists or tables are nested too deeply."
    assert fault.remedy == "Flatten them."


HUNDRED_THOUSAND = """
import resource, time
from tests.unit.test_sweep import study_of

study_of()
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
study = study_of(
    amplitude="{ sweep = { linspace = [0.1, 10, 1000] } }",
    rate="{ sweep = { linspace = [1, 100, 100] } }",
)
seconds = time.process_time() - began
print(len(study.cases), seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3)
"""


@pytest.mark.long
def test_a_hundred_thousand_cases_take_a_second_and_little_memory(repository: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", HUNDRED_THOUSAND],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    n_cases, seconds, megabytes = map(float, answer.stdout.split())
    assert n_cases == 100_000
    assert seconds < 5.0
    # A case holds its values, its name and a section of its own: about 2 kB.
    assert megabytes < 300
