"""Data tables: every value carries unit, source and evidence, and faults name file and key."""

import numpy as np
import pytest

from scsim.errors import ScsimError
from scsim.formats import bibtex_entries, load_table, table_names
from scsim.formats.tables import DATA_FOLDER, Quantity, examine_table, parse_table

HEAD = 'title = "A table"\ndescription = "For a test."\n'
GOOD = '{ value = 3.0, unit = "mm", source = "smith1999", evidence = "published" }'


def test_a_table_gives_values_and_where_they_come_from():
    table = parse_table("t", f"{HEAD}a_mm = {GOOD}\n[b]\nc_mm = {GOOD}\n")
    assert table.title == "A table"
    assert table.number("a_mm") == 3.0
    assert table.value("b.c_mm") == 3.0
    assert table.quantities()["a_mm"] == Quantity(3.0, "mm", "smith1999", "published")
    assert table.sources == ("smith1999",)


def test_lists_come_back_frozen_and_as_arrays():
    text = '{ value = [[1, 2.5], [3, 4]], unit = "mm", source = "A choice of ours", evidence = "assumed" }'
    table = parse_table("t", f"{HEAD}points_mm = {text}\n")
    assert table.value("points_mm") == ((1, 2.5), (3, 4))
    np.testing.assert_array_equal(table.array("points_mm"), [[1.0, 2.5], [3.0, 4.0]])
    assert table.sources == ()


def test_tables_in_a_list_are_counted_from_zero():
    table = parse_table("t", f"{HEAD}[[rows]]\na_mm = {GOOD}\n[[rows]]\na_mm = {GOOD}\n")
    assert list(table.quantities()) == ["rows.0.a_mm", "rows.1.a_mm"]


def test_prose_may_stand_in_nested_tables():
    table = parse_table("t", f'{HEAD}[state]\ndescription = "At rest."\na_mm = {GOOD}\n')
    assert list(table.quantities()) == ["state.a_mm"]


@pytest.mark.parametrize(
    ("body", "fragments"),
    [
        ("a_mm = 3.0", ["a_mm = 3.0 stands alone", "{ value = …"]),
        ("a_mm = [1, 2]", ["a_mm = [1, 2] stands alone"]),
        (
            'a_mm = { value = 3.0, source = "s", evidence = "assumed" }',
            ["a_mm has no unit", "Add unit"],
        ),
        (
            'a_mm = { value = 3.0, unit = "mm", evidence = "assumed" }',
            ["a_mm has no source", "Add source"],
        ),
        (
            'a_mm = { value = 3.0, unit = "mm", source = "s" }',
            ["a_mm has no evidence", "Add evidence"],
        ),
        (
            'a_mm = { value = 3.0, unit = " ", source = "s", evidence = "assumed" }',
            ["a_mm has no unit"],
        ),
        (
            'a_mm = { value = 3.0, unit = "mm", source = "s", evidence = "guessed" }',
            ["evidence = 'guessed'", "published, computed, assumed, unverified"],
        ),
        (
            'a_mm = { value = 3.0, unit = "mm", source = "A sentence", evidence = "published" }',
            ["is marked published", "'A sentence' is no bibliography key", "Name the key"],
        ),
        (
            'a_mm = { value = 3.0, units = "mm", source = "s", evidence = "assumed" }',
            ["unknown entry 'units'", "Rename"],
        ),
        (
            'a = { value = 1979-05-27, unit = "1", source = "s", evidence = "assumed" }',
            ["x.toml: a: a table value must be a number", "Rewrite it"],
        ),
        ("a = ", ["is not valid TOML", "Correct the file"]),
    ],
)
def test_a_fault_names_file_and_key(body, fragments):
    with pytest.raises(ScsimError) as caught:
        parse_table("leads/x", f"{HEAD}{body}\n")
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_all_faults_are_told_at_once_and_the_rest_is_read():
    text = """
title = "Three"
[part]
a_mm = { value = 3.0, source = "s", evidence = "assumed" }
b_mm = { value = 4.0, unit = "mm", source = "s", evidence = "assumed" }
c_mm = { value = 5.0, unit = "mm" }
d_mm = 1.0
"""
    table, faults = examine_table("x", text)
    assert list(table.entries) == ["part.b_mm"]
    assert list(faults) == ["description", "part.a_mm", "part.c_mm", "part.d_mm"]
    assert (
        'has no source and no evidence. Add source = "…" and evidence = "…"' in faults["part.c_mm"]
    )
    with pytest.raises(ScsimError) as caught:
        parse_table("x", text)
    assert str(caught.value).splitlines() == list(faults.values())


@pytest.mark.parametrize("missing", ["title", "description"])
def test_a_table_needs_title_and_description(missing):
    text = "\n".join(line for line in HEAD.splitlines() if not line.startswith(missing))
    with pytest.raises(ScsimError, match=rf"x\.toml has no {missing}\. Add {missing}"):
        parse_table("x", text)


def test_unknown_keys_and_wrong_kinds_are_refused():
    text = '{ value = "c1", unit = "1", source = "A label", evidence = "assumed" }'
    ragged = '{ value = [[1], [2, 3]], unit = "1", source = "A list", evidence = "assumed" }'
    table = parse_table("leads/x", f"{HEAD}label = {text}\nragged = {ragged}\n")
    with pytest.raises(
        ScsimError, match=r"no value 'lable'; it has label, ragged\. Correct the key"
    ):
        table.value("lable")
    with pytest.raises(ScsimError, match=r"label = 'c1' is not a number\. Write one"):
        table.number("label")
    with pytest.raises(ScsimError, match=r"label = 'c1' is not a list of numbers .* Write it as"):
        table.array("label")
    with pytest.raises(ScsimError, match=r"ragged = .* rows of one length"):
        table.array("ragged")


def test_an_unknown_table_is_refused_with_the_names_there_are():
    with pytest.raises(ScsimError, match=r"no data table 'leads/none'.*percutaneous-8.*Choose one"):
        load_table("leads/none")


def test_names_are_in_the_order_of_their_numbers():
    leads = [name for name in table_names("leads") if name.count("-") == 1]
    percutaneous = [name for name in leads if name.startswith("percutaneous")]
    assert percutaneous == ["percutaneous-4", "percutaneous-8", "percutaneous-16"]
    assert table_names("nothing") == ()


@pytest.mark.parametrize(
    "folder", ["leads", "tissues", "conductivities", "nerves", "media", "placement", "populations"]
)
def test_every_source_of_this_room_stands_in_the_bibliography(folder):
    names = table_names(folder)
    assert names
    for name in names:
        assert set(load_table(f"{folder}/{name}").sources) <= set(bibtex_entries())


def test_units_agree_with_the_suffix_of_the_key():
    from scsim.units import unit_of

    for folder in ("leads", "tissues", "media", "placement", "populations"):
        for path in (DATA_FOLDER / folder).glob("*.toml"):
            for key, quantity in load_table(f"{folder}/{path.stem}").quantities().items():
                assert quantity.unit == unit_of(key), f"{path.name}: {key}"
