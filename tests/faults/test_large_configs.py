"""Configs of megabytes and sweeps of 10⁹ cases are answered soon, in few words and in little memory."""

import resource
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.faults.processes import Ended, run_scsim
from tests.faults.studies import QUICK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the limits of Linux")

N_BYTES: Final = 10_000_000
"""More than is read."""

N_READ_BYTES: Final = 3_900_000
"""Nearly as much as is read."""

LONGEST_CPU_S: Final = 15.0
"""Processor time for it, s: the reader of TOML alone takes 3 s for 250 000 keys."""

LONGEST_MESSAGE: Final = 20_000
"""Letters of a message that someone can still read."""

ROOM_FOR_CONFIGS: Final = 3 << 30
ROOM_FOR_SWEEPS: Final = 1 << 30
"""Address space, bytes: half a GB of it is taken by libraries."""

AMPLITUDE: Final = "amplitude_ma = 1.0"
RATE: Final = "frequency_hz = 50"


def _run(text: str | bytes, folder: Path, *, room: int) -> Ended:
    content = text.encode() if isinstance(text, str) else text
    (folder / "study.toml").write_bytes(content)
    ended = run_scsim(
        "run",
        "study.toml",
        "--out",
        "out",
        folder=folder,
        before=lambda: resource.setrlimit(resource.RLIMIT_AS, (room, room)),
    )
    assert len(ended.err) + len(ended.out) <= LONGEST_MESSAGE, ended.err[:300]
    return ended


def _listed(n_bytes: int, width: int, entry: str) -> str:
    return "".join(entry.format(number) for number in range(n_bytes // width))


LARGE: Final = {
    "a key": lambda: QUICK + "x" * N_READ_BYTES + " = 1\n",
    "a text without end": lambda: QUICK + 'x = """' + "y" * N_READ_BYTES,
    "unknown keys": lambda: QUICK + "[extra]\n" + _listed(N_READ_BYTES, 17, "key_{0} = {0}\n"),
    "unknown tables": lambda: QUICK + _listed(N_READ_BYTES, 17, "[table_{0}]\n"),
    "faulty cases": lambda: (
        QUICK.replace("{ sweep = [0.0, 1.0] }", "0.0")
        + _listed(N_READ_BYTES, 60, '[[case]]\nname = "c{0}"\nstimulus.amplitud = {0}\n')
    ),
    "faulty values": lambda: QUICK.replace(
        AMPLITUDE, "amplitude_ma = { sweep = [" + _listed(N_READ_BYTES, 10, "-{0}.0, ") + "] }"
    ),
    "too many values": lambda: QUICK.replace(
        AMPLITUDE, "amplitude_ma = { sweep = [" + _listed(N_READ_BYTES, 9, "1{0}e-6, ") + "] }"
    ),
    "dotted keys": lambda: QUICK + "[" + ".".join("a" * (N_READ_BYTES // 2)) + "]\nb = 1\n",
    "a few thousand dotted keys": lambda: QUICK + "[" + ".".join("a" * 3000) + "]\nb = 1\n",
    "nested lists": lambda: (
        QUICK + "[x]\na = " + "[" * (N_READ_BYTES // 2) + "]" * (N_READ_BYTES // 2)
    ),
    "nested tables": lambda: (
        QUICK + "[x]\na = " + "{a=" * (N_READ_BYTES // 5) + "1" + "}" * (N_READ_BYTES // 5)
    ),
    "a number": lambda: QUICK.replace(AMPLITUDE, "amplitude_ma = " + "9" * N_READ_BYTES),
    "a hexadecimal number": lambda: QUICK.replace("seed = 7", "seed = 0x" + "f" * N_READ_BYTES),
    "all bytes": lambda: bytes(range(256)) * (N_READ_BYTES // 256),
    "zeros": lambda: bytes(N_READ_BYTES),
    "a title": lambda: QUICK.replace("A small study", "x" * N_READ_BYTES),
}
"""What makes the config so large; each is refused."""

BRIEFLY: Final = ("a key", "a few thousand dotted keys", "nested lists", "a number", "all bytes")
"""Those that take about a second."""


@pytest.mark.parametrize(
    "name",
    [name if name in BRIEFLY else pytest.param(name, marks=pytest.mark.long) for name in LARGE],
)
def test_a_config_of_megabytes_is_refused_in_few_words(name: str, tmp_path: Path) -> None:
    ended = _run(LARGE[name](), tmp_path, room=ROOM_FOR_CONFIGS)
    assert ended.code == 2, ended.err[:1000]
    assert "study.toml" in ended.err
    assert "nothing was run" in ended.err
    assert ended.cpu_s < LONGEST_CPU_S
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fill", ["# " + "x" * 97 + "\n", "\n", "key = 1\n", "\0"])
def test_a_config_of_ten_megabytes_is_refused_at_once(fill: str, tmp_path: Path) -> None:
    ended = _run(QUICK + fill * (N_BYTES // len(fill)), tmp_path, room=ROOM_FOR_SWEEPS)
    assert ended.code == 2
    assert "study.toml: the file is larger than 4 MB" in ended.err
    assert "linspace" in ended.err
    assert ended.cpu_s < 3.0


def test_megabytes_of_comments_do_no_harm(tmp_path: Path) -> None:
    text = QUICK + ("# " + "x" * 97 + "\n") * (N_READ_BYTES // 100)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    ended = run_scsim("check", "study.toml", folder=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.cpu_s < LONGEST_CPU_S


SWEEPS: Final = {
    "one key": (
        {AMPLITUDE: "amplitude_ma = { sweep = { linspace = [0.5, 8.0, 1_000_000_000] } }"},
        "1000000000",
    ),
    "three keys of a grid": (
        {
            AMPLITUDE: "amplitude_ma = { sweep = { linspace = [0.5, 8.0, 1000] } }",
            RATE: "frequency_hz = { sweep = { logspace = [1.0, 200.0, 500_000] } }",
        },
        "2 × 1000 × 500000 = 1000000000 cases",
    ),
    "key by key": (
        {
            AMPLITUDE: "amplitude_ma = { sweep = { linspace = [0.5, 8.0, 1_000_000_000] } }",
            RATE: "frequency_hz = { sweep = { linspace = [1.0, 200.0, 1_000_000_000] } }",
            "{ sweep = [0.0, 1.0] }": "0.0",
            "[output]": '[sweep]\nmode = "zip"\n[output]',
        },
        "1000000000",
    ),
    "more than a number holds": (
        {AMPLITUDE: f"amplitude_ma = {{ sweep = {{ linspace = [0.5, 8.0, {10**18}] }} }}"},
        "1000000000000000000",
    ),
    "drawn": (
        {
            AMPLITUDE: "amplitude_ma = { sweep = { uniform = [0.5, 8.0] } }",
            "{ sweep = [0.0, 1.0] }": "0.0",
            "[output]": '[sweep]\nmode = "random"\nn = 1_000_000_000\n[output]',
        },
        "1000000000",
    ),
    "drawn for indices": (
        {
            AMPLITUDE: "amplitude_ma = { sweep = { uniform = [0.5, 8.0] } }",
            "{ sweep = [0.0, 1.0] }": "0.0",
            "[output]": '[sweep]\nmode = "saltelli"\nn = 536_870_912\n[output]',
        },
        "1610612736",
    ),
    "repeated": (
        {
            AMPLITUDE: "amplitude_ma = { sweep = { linspace = [0.5, 8.0, 1000] } }",
            "[output]": "[sweep]\nrepeats = 500_000\n[output]",
        },
        "1000000000 cases",
    ),
}
"""Changes of the config, and the count that the message names."""


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_of_a_billion_cases_is_refused_at_once(name: str, tmp_path: Path) -> None:
    changes, count = SWEEPS[name]
    text = QUICK
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    ended = _run(text, tmp_path, room=ROOM_FOR_SWEEPS)
    assert ended.code == 2, ended.err[:1000]
    assert count in ended.err
    assert "at most 1000000 are allowed" in ended.err
    assert "Sweep fewer values" in ended.err or "smaller" in ended.err or "fewer" in ended.err
    assert ended.cpu_s < 3.0
    assert not (tmp_path / "out").exists()
