"""What all tests share: hypothesis without a time limit, pictures without a window, the repository."""

import os
from pathlib import Path

import hypothesis
import pytest

os.environ["MPLBACKEND"] = "Agg"

# The first call of a kernel compiles it, which no deadline per example could allow for.
hypothesis.settings.register_profile("scsim", deadline=None, print_blob=True)
hypothesis.settings.load_profile("scsim")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Give the root of the repository."""
    return Path(__file__).resolve().parent.parent
