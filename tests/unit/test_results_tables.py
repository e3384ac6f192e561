"""CSV tables: every cell is the value of the dataset at the coordinates of its row."""

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError, Status
from scsim.results.store import Results, load_results
from scsim.results.tables import tidy_tables, write_tables
from scsim.study.reading.parse import parse_study
from scsim.study.run import run
from tests.study.small_study import TEXT, small_study

SWEEPS = {
    # Names that are not in the order of the alphabet, and tables of several orders.
    "csf, amplitude, rate": (
        "tissue.csf_thickness_mm={ sweep = [3.2, 2.0, 2.6] }",
        "stimulus.amplitude_ma={ sweep = [0.6, 1.2] }",
    ),
    "width, amplitude": (
        "stimulus.pulse_width_us={ sweep = [300, 100] }",
        "stimulus.amplitude_ma={ sweep = [1.2, 0.6, 2.4] }",
        'circuit.state="disinhibited"',
    ),
}


def check_every_cell(results: Results) -> int:
    checked = 0
    for table in tidy_tables(results).values():
        columns = dict(zip(table.columns, table.values, strict=True))
        for path in results.names:
            name = path.rpartition("/")[2]
            dims = results.dims(path)
            if name not in columns or any(dim not in columns for dim in dims):
                continue
            group = path.rpartition("/")[0]
            scales = [
                results.dataset(dim if dim in results else f"{group}/{dim}").tolist()
                for dim in dims
            ]
            values = results.dataset(path)
            for row in range(table.n_rows):
                at = tuple(
                    scale.index(columns[dim][row].item())
                    for dim, scale in zip(dims, scales, strict=True)
                )
                cell, value = columns[name][row], values[at]
                if isinstance(cell, str):
                    is_text = isinstance(value, str)
                    assert cell == (value if is_text else Status(int(value)).name)
                else:
                    np.testing.assert_equal(cell, value)
                checked += 1
    return checked


@pytest.mark.parametrize("overrides", SWEEPS.values(), ids=SWEEPS)
def test_every_cell_is_the_value_at_its_coordinates(
    overrides: tuple[str, ...], tmp_path: Path
) -> None:
    study = small_study(*overrides)
    in_memory = run(study)
    saved = run(study, tmp_path)
    loaded = load_results(tmp_path / "results.h5")
    for results in (in_memory, saved, loaded):
        assert check_every_cell(results) > 100
    assert list(loaded.coordinates) == list(in_memory.coordinates)
    first = tidy_tables(in_memory)
    for name, table in tidy_tables(loaded).items():
        assert table.columns == first[name].columns
        for column, other in zip(table.values, first[name].values, strict=True):
            np.testing.assert_array_equal(column, other)


def test_listed_cases_are_one_row_each(tmp_path: Path) -> None:
    cases = """
[[case]]
name = "weak"
stimulus.amplitude_ma = 0.6

[[case]]
name = "strong, slow"
stimulus.amplitude_ma = 2.4
stimulus.frequency_hz = 20
"""
    text = (
        TEXT.replace("{ sweep = [0.6, 1.2, 2.4] }", "1.2")
        .replace("{ sweep = [20, 60] }", "60")
        .replace('{ sweep = ["healthy", "disinhibited"] }', '"healthy"')
    )
    results = run(parse_study(text + cases))
    (path,) = [one for one in write_tables(results, tmp_path) if one.name == "cases.csv"]
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["case_name"] for row in rows] == ["weak", "strong, slow"]
    assert [float(row["frequency_hz"]) for row in rows] == [60.0, 20.0]
    shares = [float(row["recruited_share"]) for row in rows]
    assert shares == results.dataset("recruited_share").tolist()


def test_csv_holds_what_the_tables_hold(tmp_path: Path) -> None:
    results = run(small_study())
    tables = tidy_tables(results)
    for path in write_tables(results, tmp_path):
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        table = tables[path.stem]
        assert header == list(table.columns)
        assert len(rows) == table.n_rows
        for row, place in itertools.islice(zip(rows, range(table.n_rows), strict=True), 50):
            for text, column in zip(row, table.values, strict=True):
                value = column[place].item()
                assert text == str(value)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"cannot be written .*--out"):
        write_tables(run(small_study()), tmp_path / "file")
