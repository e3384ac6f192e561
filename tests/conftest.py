"""What all tests share: hypothesis without a time limit, pictures without a window, the repository."""

import os
from pathlib import Path

import hypothesis
import pytest

os.environ["MPLBACKEND"] = "Agg"

# As `scsim` itself sets it: threads of linear algebra only wait for each other beside those of a study.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# The first call of a kernel compiles it, which no deadline per example could allow for.
hypothesis.settings.register_profile("scsim", deadline=None, print_blob=True)
hypothesis.settings.load_profile("scsim")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Give the root of the repository."""
    return Path(__file__).resolve().parent.parent
