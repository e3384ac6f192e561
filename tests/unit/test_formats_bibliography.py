"""The bibliography: entries by key, cut at their own closing brace."""

import pytest

from scsim.errors import ScsimError
from scsim.fields.analytic import SOURCES as FIELD_SOURCES
from scsim.formats import bibtex, bibtex_entries
from scsim.stimulus.safety import SOURCES as SAFETY_SOURCES


def test_entries_are_whole_and_start_with_their_key():
    entries = bibtex_entries()
    assert entries["feirabend2002"].startswith("@article{feirabend2002,")
    for text in entries.values():
        assert text.count("{") == text.count("}")
        assert text.endswith("}")


def test_keys_that_code_cites_are_there():
    assert {*FIELD_SOURCES, *SAFETY_SOURCES} <= set(bibtex_entries())


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
