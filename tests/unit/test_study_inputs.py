"""Files that a config names: copies in the results, stand-ins for a rerun, and a hash that goes by names."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scsim.errors import ResultsError
from scsim.fields.catalog import FieldSection
from scsim.study import inputs
from scsim.study.inputs import (
    content_hash,
    describe_files,
    input_path,
    named_files,
    place_stand_in,
    read_described,
)
from tests.study.small_study import small_study


def configs(folder: Path, *names: str):
    """Give configs that import a field of each name."""
    (case, *_) = small_study().cases
    return [
        replace(case.config, field=FieldSection(solver="imported", file=name), folder=folder)
        for name in names
    ]


def test_small_files_are_described_with_their_content(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes("x,y\r\nµ,1\n".encode())
    (tmp_path / "b.npy").write_bytes(b"\x00\xff\xfe")
    text = describe_files(configs(tmp_path, "b.npy", "a.csv"))
    one, two = read_described(text)
    assert (one.name, one.content) == ("a.csv", "x,y\r\nµ,1\n".encode())
    assert (two.name, two.content, two.n_bytes) == ("b.npy", b"\x00\xff\xfe", 3)
    assert json.loads(text)[0]["text"].startswith("x,y")
    assert describe_files(configs(tmp_path)) == ""
    assert read_described("") == ()


def test_large_files_are_described_by_their_hash(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(inputs, "MAX_STORED_BYTES", 4)
    (tmp_path / "a.csv").write_bytes(b"12345")
    (file,) = read_described(describe_files(configs(tmp_path, "a.csv")))
    assert file.content is None
    assert file.n_bytes == 5
    assert len(file.sha256) == 64


@pytest.mark.parametrize(
    "text", ["no JSON", "{}x", '[{"name": "a"}]', '[{"name":"a","sha256":"0","bytes":"x"}]', "[1]"]
)
def test_a_damaged_description_is_refused(text: str):
    with pytest.raises(ResultsError, match=r"attribute inputs.* cannot be read .* scsim run wrote"):
        read_described(text)


def test_a_changed_copy_is_refused(tmp_path: Path):
    (tmp_path / "a.csv").write_text("1")
    text = describe_files(configs(tmp_path, "a.csv")).replace('"text": "1"', '"text": "2"')
    with pytest.raises(ResultsError, match=r"copy of a\.csv .* does not fit its hash"):
        read_described(text)


@pytest.mark.parametrize("name", ["a.csv", "deep/a.csv", "../../up.csv", "/etc/absolute.csv"])
def test_a_stand_in_takes_the_place_of_any_name_and_lies_below_the_folder(tmp_path: Path, name):
    before = input_path(tmp_path, name)
    path = place_stand_in(tmp_path, name, b"mine")
    assert tmp_path in path.resolve().parents
    assert path.name == Path(name).name
    assert input_path(tmp_path, name) == path
    assert input_path(tmp_path, "other.csv") == tmp_path / "other.csv"
    assert before == tmp_path / name
    assert named_files(configs(tmp_path, name)) == {name: path}


def test_the_hash_goes_by_name_and_content_not_by_place(tmp_path: Path):
    one, two, three = (tmp_path / name for name in "abc")
    for folder, contents in ((one, "12"), (two, "12"), (three, "21")):
        folder.mkdir()
        for name, content in zip(("a.csv", "b.csv"), contents, strict=True):
            (folder / name).write_text(content)
    names = ("a.csv", "b.csv")
    assert content_hash(configs(one, *names)) == content_hash(configs(two, *names[::-1]))
    assert content_hash(configs(one, *names)) != content_hash(configs(three, *names))
    assert content_hash(configs(one)) == ""
