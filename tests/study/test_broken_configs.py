"""A config with a slip stops every command with exit code 2, told in full, and nothing is written."""

from pathlib import Path

import pytest

from scsim.cli.main import main
from tests.unit.broken_configs import BROKEN, Broken


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_broken_config_stops_the_command_and_writes_nothing(
    broken: Broken,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(broken.text, encoding="utf-8")
    assert main([command, "study.toml"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    for part in ("study.toml", broken.key, broken.value, broken.remedy):
        assert part in told.err
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_faulty_override_stops_the_command_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Path(__file__).resolve().parents[2] / "configs" / "quickstart.toml"
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(config), "--set", "stimulus.pulse_width_ms=0.3"]) == 2
    told = capsys.readouterr().err
    assert "--set: stimulus.pulse_width_ms = 0.3: " in told
    assert "Write pulse_width_us = 300 (multiply by 1000)." in told
    assert not list(tmp_path.iterdir())
