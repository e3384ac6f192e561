"""The public names of scsim: all there, documented, and typed as they are loaded."""

import ast
import inspect
from pathlib import Path

import pytest

import scsim

PROMISED = {
    "Carrier",
    "ExponentialPulse",
    "Fiber",
    "HomogeneousMedium",
    "IntracellularPulse",
    "PassiveRecharge",
    "PointSource",
    "Pulse",
    "PulseTrain",
    "Samples",
    "Solver",
    "Source",
    "ThresholdProtocol",
    "TrapezoidPulse",
    "find_thresholds",
    "interleaved",
    "load",
    "load_results",
    "plots",
    "read_samples",
    "run",
    "simulate",
    "superpose",
}
"""Names that the README, the examples and the design of the Python interface use."""


def test_promised_names_are_public() -> None:
    assert set(scsim.__all__) >= PROMISED


def test_names_are_sorted_and_listed() -> None:
    assert list(scsim.__all__) == sorted(set(scsim.__all__))
    assert dir(scsim) == sorted(scsim.__all__)


@pytest.mark.parametrize("name", sorted(scsim.__all__))
def test_each_public_name_loads_and_is_documented(name: str) -> None:
    found = getattr(scsim, name)
    if name != "__version__":
        assert inspect.getdoc(found)


def test_type_checkers_see_what_is_loaded() -> None:
    """The imports for type checkers and the table of late imports must say the same."""
    tree = ast.parse(Path(scsim.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scsim")
        for alias in node.names
    }
    loaded = {name: f"{module}.{attribute}" for name, (module, attribute) in scsim._HOME.items()}
    assert seen == loaded | {"plots": "scsim.plots"}


def test_unknown_name_is_refused_with_advice() -> None:
    with pytest.raises(AttributeError, match=r"'find_treshold'.*scsim\.__all__"):
        scsim.find_treshold  # noqa: B018  (the access is what is tested)
