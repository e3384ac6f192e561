"""A damaged circuit file is read or refused with its faults, and never fails in another way."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scsim.circuit.catalog import read_circuit
from scsim.errors import ModelError
from scsim.formats.tables import DATA_FOLDER

FOLDER = DATA_FOLDER / "circuits"
LINES = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in FOLDER.glob("*.toml")}
DAMAGE = (
    "", "[", "[cells]", "[types.tonic]", "[connections.a.b.c.d]", "x = 1",
    'x = { value = 1, unit = "1", source = "My own", evidence = "assumed" }',
)  # fmt: skip
VALUES = (
    "nan", "inf", "-1", "0", "1e300", '""', '"x"', "[]", '["x"]', "[[1.0]]", "true", "{}", "1979-05-27",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Draw a circuit file with one to three lines changed, lost or doubled."""
    lines = list(draw(st.sampled_from(list(LINES.values()))))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(("lose", "double", "replace", "value", "cut")))
        if how == "lose":
            lines[at] = ""
        elif how == "double":
            lines.insert(at, lines[at])
        elif how == "replace":
            lines[at] = draw(st.sampled_from(DAMAGE))
        elif how == "value":
            value = draw(st.sampled_from(VALUES))
            lines[at] = re.sub(r"value = [^,]*", f"value = {value}", lines[at], count=1)
        else:
            lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("circuits") / "own.toml"


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(damaged())
def test_damaged_files_are_read_or_refused(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    try:
        circuit = read_circuit(file)
    except ModelError as error:
        for line in str(error).splitlines():
            assert "own" in line
            assert line.rstrip()[-1] in ".?"
    else:
        assert circuit.name == "own"
