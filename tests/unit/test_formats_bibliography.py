"""The bibliography: entries by key, cut at their own closing brace."""

import importlib
from pathlib import Path

import pytest

import scsim
from scsim.errors import ScsimError
from scsim.formats import bibtex, bibtex_entries
from scsim.formats.bibliography import references

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


def test_every_entry_reads_as_plain_text():
    """No TeX is left, and each has who, what and when (software: its version instead)."""
    for one in references(bibtex_entries()):
        assert one.short
        assert not set("\\{}") & set("".join(one.fields.values())), one.key
        assert {"author", "editor"} & set(one.fields), one.key
        assert one.fields["title"] in str(one)
        assert "year" in one.fields or one.kind == "software", one.key


def test_accents_dashes_and_names_are_those_of_the_paper():
    (paper,) = references(["canbay2014"])
    assert "Gürer" in paper.fields["author"]
    assert "Başkaya" in paper.fields["author"]
    assert paper.fields["pages"] == "227\u2013233"
    assert paper.short == "Canbay et al. 2014"
    assert str(paper).endswith("Clinical Anatomy 27 (2): 227\u2013233. doi:" + paper.fields["doi"])
    shorts = {one.key: one.short for one in references(["hunter2007", "grill1994", "harris2020"])}
    assert shorts["hunter2007"] == "Hunter 2007"
    assert shorts["grill1994"] == "Grill and Mortimer 1994"
    assert shorts["harris2020"] == "Harris et al. 2020"


def test_a_version_is_written_into_its_entry():
    text = bibtex(["scsim", "harris2020"], {"scsim": "1.2.3"})
    assert "version = {1.2.3}" in text
    assert text.count("version") == 1
    assert text.count("{") == text.count("}")
    (program, paper) = references(["scsim", "harris2020"], {"scsim": "1.2.3"})
    assert str(program).endswith("version 1.2.3")
    assert "version" not in paper.fields
