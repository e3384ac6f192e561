"""The entry point: exit codes, errors as messages, help and version."""

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from scsim.cli import main as cli
from scsim.cli.console import print_json, print_table
from scsim.cli.version import SCOPE_FRENCH
from scsim.errors import ConfigError, Fault, GeometryError
from scsim.study.execution.folder import LOG_FILE, logging_to
from scsim.study.provenance import DISCLAIMER

COMMANDS = (
    "run",
    "check",
    "show",
    "plot",
    "export",
    "summarize",
    "sensitivity",
    "rerun",
    "list",
    "new",
    "cite",
    "validate",
)


def _fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def command(args: object) -> int:
        raise error

    monkeypatch.setattr("scsim.cli.list.list_names", command)


def test_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for word in (*COMMANDS, "0 done", "1 some cases failed", "2 bad input", "130 interrupted"):
        assert word in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"])
    assert left.value.code == 0
    assert f"scsim {command}" in capsys.readouterr().out


def test_without_a_command_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    assert "usage: scsim" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fly"], "invalid choice: 'fly'"),
        (["run"], "CONFIG"),
        (["run", "a.toml", "--worker", "2"], "unrecognized arguments: --worker"),
        (
            ["run", "--presett", "small", "a.toml"],
            "scsim run: unrecognized arguments: --presett a.toml. Did you mean --preset for --presett? Run `scsim run",
        ),
        (["--versio"], "scsim: unrecognized arguments: --versio. Did you mean --version"),
        (["run", "a.toml", "--workers", "two"], "invalid int value: 'two'"),
        (["plot", "a.h5", "--format", "gif"], "invalid choice: 'gif'"),
        (["validate", "leads"], "invalid choice: 'leads'"),
        (["list", "wires"], "invalid choice: 'wires'"),
    ],
)
def test_bad_command_lines_leave_with_2_and_advice(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == cli.BAD_INPUT
    text = capsys.readouterr().err
    assert message in text
    assert "--help" in text


def test_errors_of_scsim_become_messages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail_with(monkeypatch, GeometryError("lead 3 mm inside bone: move it."))
    assert cli.main(["list"]) == cli.BAD_INPUT
    assert capsys.readouterr().err == "scsim: lead 3 mm inside bone: move it.\n"


def test_all_faults_of_a_config_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [
        Fault("a.toml", line, "stimulus.key", str(line), "must be positive.", "Use 60 µs.")
        for line in (3, 7)
    ]
    _fail_with(monkeypatch, ConfigError(faults))
    assert cli.main(["list"]) == cli.BAD_INPUT
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "scsim: 2 faults in the config, nothing was run"
    assert lines[1:] == [str(fault) for fault in faults]
    _fail_with(monkeypatch, ConfigError(faults[:1]))
    cli.main(["list"])
    assert "1 fault in the config" in capsys.readouterr().err


@pytest.mark.filterwarnings("always")
def test_warnings_become_messages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def command(args: object) -> int:
        warnings.warn("7 points lie in holes. Export samples there.", stacklevel=1)
        with logging_to(tmp_path):
            warnings.warn("overflow in exp", RuntimeWarning, stacklevel=1)
        return 0

    monkeypatch.setattr("scsim.cli.list.list_names", command)
    before = warnings.showwarning
    assert cli.main(["list"]) == 0
    assert warnings.showwarning is before
    assert capsys.readouterr().err == (
        "scsim: warning: 7 points lie in holes. Export samples there.\n"
        "scsim: warning: overflow in exp (RuntimeWarning)\n"
    )
    (line,) = (tmp_path / LOG_FILE).read_text().splitlines()
    assert re.search(r"WARNING overflow in exp \(RuntimeWarning, .*test_cli_main.py:\d+\)$", line)


def test_errors_of_the_system_become_messages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail_with(monkeypatch, PermissionError(13, "Permission denied", "/data/out"))
    assert cli.main(["list"]) == cli.BAD_INPUT
    text = "scsim: /data/out: Permission denied. Check the path and its permissions.\n"
    assert capsys.readouterr().err == text


def test_interrupted_commands_leave_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail_with(monkeypatch, KeyboardInterrupt())
    assert cli.main(["list"]) == cli.INTERRUPTED
    assert capsys.readouterr().err == "scsim: interrupted.\n"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m scsim list leads --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_version_gives_the_scope_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("scsim 0.")
    assert DISCLAIMER in text
    assert SCOPE_FRENCH in text


def test_version_as_json_names_versions_and_instruction_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["--version", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert set(content["versions"]) >= {"scsim", "numpy", "numba", "python"}
    assert content["cpu_target"]
    assert content["disclaimer"]["en"] == DISCLAIMER


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), 1.5], "b": (float("inf"),), "c": "µs"})
    text = capsys.readouterr().out
    assert json.loads(text) == {"a": [None, 1.5], "b": [None], "c": "µs"}
    assert "µs" in text


def test_tables_are_never_wrapped_into_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 100
    print_table(("name", "n"), [("a", "1"), (long, "23")], title="things")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "things"
    assert lines[1].split() == ["name", "n"]
    assert len(lines) == 4
    assert long.strip() in lines[3]


def test_module_and_script_are_the_same_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scsim", "show", "none.h5"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == cli.BAD_INPUT
    assert "none.h5" in done.stderr
    assert "Traceback" not in done.stderr
