"""Compiled kernels that cannot be kept on disk serve their process all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="limits on the size of files are those of POSIX systems")

PROGRAM = """
import resource, signal

# Writes beyond the limit fail as on a full disk, with another number of the error.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))

import numpy as np
from scsim.kernels.elementary import exp_double

print(exp_double(0.0))
"""


def test_a_kernel_that_cannot_be_kept_is_used_with_one_warning(tmp_path: Path):
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"SCSIM_CACHE_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(answer.stdout) == 1.0
    said = f"compiled kernels cannot be kept in {tmp_path}"
    assert answer.stderr.count(said) == 1
    assert "Make room there, or name another folder by SCSIM_CACHE_DIR" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not list(tmp_path.rglob("*.nbc"))
