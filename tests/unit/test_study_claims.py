"""Claims of batches: what runs that are gone have left is removed, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

from scsim.study.execution.claims import CLAIMS, Claims, remove_dead


def _leave_a_dead_run(folder: Path, name: str) -> None:
    """Leave what a killed run of this machine leaves: its file, and a claim."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with Claims(folder) as claims:
        content = json.loads((folder / CLAIMS / f"run-{claims.name}.json").read_text())
    (folder / CLAIMS).mkdir(exist_ok=True)
    content |= {"name": name, "pid": process.pid}
    (folder / CLAIMS / f"run-{name}.json").write_text(json.dumps(content))
    (folder / CLAIMS / f"circuit-{name}.claim").write_text(name)


def test_what_dead_runs_left_is_removed_also_after_a_kill_in_the_midst_of_it(tmp_path: Path):
    _leave_a_dead_run(tmp_path, "a")
    (tmp_path / CLAIMS / "circuit-b.claim").write_text("b")  # its run is removed already
    (tmp_path / CLAIMS / "circuit-c.claim").write_text("")  # killed before it was written
    remove_dead(tmp_path)
    assert not (tmp_path / CLAIMS).exists()


def test_claims_of_a_run_at_work_stay(tmp_path: Path):
    with Claims(tmp_path) as claims:
        assert claims.take("circuit-1")
        _leave_a_dead_run(tmp_path, "a")
        remove_dead(tmp_path)
        left = {path.name for path in (tmp_path / CLAIMS).glob("*.claim")}
        assert left == {"circuit-1.claim"}
        claims.release("circuit-1")
