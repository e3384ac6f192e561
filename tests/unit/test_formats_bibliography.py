"""The bibliography: entries by key, cut at their own closing brace."""

import importlib
from pathlib import Path

import pytest

import scsim
from scsim.errors import ScsimError
from scsim.formats import bibtex, bibtex_entries

PACKAGE = Path(scsim.__file__).parent


def test_entries_are_whole_and_start_with_their_key():
    entries = bibtex_entries()
    assert entries["feirabend2002"].startswith("@article{feirabend2002,")
    for text in entries.values():
        assert text.count("{") == text.count("}")
        assert text.endswith("}")


def citing_modules():
    """Find the modules that name their sources in a tuple SOURCES."""
    return sorted(
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if "\nSOURCES" in path.read_text(encoding="utf-8")
    )


def test_modules_that_cite_are_found():
    solvers = ("closed_form.analytic", "cuffs.cuff", "canal.spectral", "voxels.voxel")
    wanted = {f"scsim.fields.{name}" for name in solvers}
    assert {*wanted, "scsim.stimulus.safety"} <= set(citing_modules())


@pytest.mark.parametrize("name", citing_modules())
def test_keys_that_code_cites_are_there(name):
    keys = importlib.import_module(name).SOURCES
    assert keys
    assert isinstance(keys, tuple)
    assert set(keys) <= set(bibtex_entries())


def test_some_entries_join_to_one_text_each_once():
    text = bibtex(["shannon1992", "cogan2016", "shannon1992"])
    assert text.count("@article{shannon1992,") == 1
    assert text.index("shannon1992") < text.index("cogan2016")
    assert bibtex([]) == ""


def test_an_unknown_key_is_refused():
    with pytest.raises(ScsimError, match=r"no entry 'nobody1900'\. Add it to a file"):
        bibtex(["nobody1900"])


def test_a_key_that_stands_twice_is_refused(tmp_path):
    (tmp_path / "a.bib").write_text("@book{x,\n title = {A {B}}\n}\n")
    (tmp_path / "b.bib").write_text("@book{x,\n title = {C}\n}\n")
    with pytest.raises(ScsimError, match=r"b\.bib: the key 'x' stands twice .* Keep one"):
        bibtex_entries(tmp_path)


def test_an_open_entry_is_refused(tmp_path):
    (tmp_path / "a.bib").write_text("@book{x,\n title = {A\n}\n")
    with pytest.raises(ScsimError, match=r"a\.bib: the entry 'x' does not close"):
        bibtex_entries(tmp_path)
