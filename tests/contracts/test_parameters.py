"""Every number in the data tables has a unit, a source and a degree of certainty."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import scsim.formats.tables as tables_module
from scsim.formats.bibliography import bibtex_entries
from scsim.units import SUFFIX_UNITS, unit_of

DATA = Path(tables_module.__file__).resolve().parent.parent / "data"
TABLES = sorted(path for path in DATA.rglob("*.toml") if path.parent.name != "templates")
BIB_FILES = sorted((DATA / "references").glob("*.bib"))
EVIDENCE = {"published", "computed", "assumed", "unverified"}
NEEDED = {"value", "unit", "source", "evidence"}
PROSE = {"title", "description"}


def test_there_are_tables() -> None:
    assert len(TABLES) > 10
    assert BIB_FILES


def relative(path: Path) -> str:
    return str(path.relative_to(DATA))


def quantities(
    table: dict[str, object], prefix: str = ""
) -> Iterator[tuple[str, dict[str, object]]]:
    """Walk a table, independently of scsim's own reader; anything bare counts as a quantity too."""
    for key, entry in table.items():
        dotted = f"{prefix}{key}"
        if not prefix and key in PROSE:
            continue
        if isinstance(entry, dict) and "value" not in entry:
            yield from quantities(entry, f"{dotted}.")
        else:
            yield dotted, entry if isinstance(entry, dict) else {}


@pytest.mark.parametrize("path", TABLES, ids=relative)
def test_each_value_has_unit_source_and_evidence(path: Path) -> None:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert all(isinstance(content[key], str) and content[key] for key in PROSE)
    entries = dict(quantities(content))
    keys = set(bibtex_entries())
    for key, entry in entries.items():
        assert NEEDED <= set(entry) <= NEEDED | {"note"}, f"{key} has {sorted(entry)}"
        assert entry["evidence"] in EVIDENCE, key
        assert isinstance(entry["unit"], str), key
        assert entry["unit"], key
        source = entry["source"]
        assert isinstance(source, str), key
        is_sentence = " " in source.strip()
        assert is_sentence or source in keys, f"{key}: no entry {source!r} in data/references"
        if entry["evidence"] in {"published", "unverified"}:
            assert not is_sentence, f"{key}: {entry['evidence']} needs a key of the bibliography"


@pytest.mark.parametrize("path", TABLES, ids=relative)
def test_unit_in_the_key_is_the_unit_of_the_value(path: Path) -> None:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, entry in quantities(content):
        last = key.rpartition(".")[2]
        by_name = unit_of(last) if "_" in last else "1"  # a gate may be called s
        assert by_name in ("1", entry["unit"]), f"{key} is said to be in {entry['unit']}"
        if by_name == "1":
            assert entry["unit"] not in set(SUFFIX_UNITS.values()), (
                f"{key} needs its unit in its name"
            )


def test_bibliography_keys_are_unique_over_all_files() -> None:
    counts = Counter(
        key
        for path in BIB_FILES
        for key in re.findall(r"^@\w+\{([^,\s]+),", path.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert counts
    assert [key for key, count in counts.items() if count > 1] == []
    assert set(counts) == set(bibtex_entries())


@pytest.mark.parametrize("path", BIB_FILES, ids=relative)
def test_each_reference_can_be_found(path: Path) -> None:
    for entry in re.split(r"^(?=@)", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        if not entry.startswith("@"):
            continue
        fields = set(re.findall(r"^\s*(\w+)\s*=", entry, re.MULTILINE))
        assert {"title", "year"} <= fields, entry
        assert fields & {"author", "editor", "organization"}, entry
        assert fields & {"doi", "url", "isbn", "pmid", "publisher", "note"}, (
            f"nothing leads to it: {entry}"
        )
