"""CSV tables: every cell is the value of the dataset at the coordinates of its row."""

import builtins
import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError, Status
from scsim.formats.hdf5 import make_variable
from scsim.results.store import Results, load_results
from scsim.results.tables import parts_of, tidy_tables, write_tables
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


def make_spiking() -> Results:
    """Two amplitudes of two cells; the second run of the first cell equals the first, one cell is silent."""
    status = {"units": "1", "flag_meanings": "OK"}
    places = {"units": "1", "long_name": "place"}
    variables = [
        make_variable("amplitude_ma", ("amplitude_ma",), np.array([1.0, 2.0]), {"units": "mA"}),
        make_variable("cell", ("cell",), np.array(["wdr", "ex"]), {"units": "1"}),
        make_variable("status", ("amplitude_ma",), np.array([0, 7], np.int8), status),
        make_variable("spikes/spike", ("spike",), np.arange(5), {"units": "1"}),
        make_variable(
            "spikes/spike_time_ms",
            ("spike",),
            np.array([1.5, 2.5, 7.0, 8.0, 9.0]),
            {"units": "ms", "long_name": "spike time", "description": "Times."},
        ),
        make_variable(
            "spikes/first_spike", ("amplitude_ma", "cell"), np.array([[0, 2], [0, 2]]), places
        ),
        make_variable(
            "spikes/n_spikes", ("amplitude_ma", "cell"), np.array([[2, 3], [2, 0]]), places
        ),
    ]
    return Results({one.name: one for one in variables}, {"failures": "[]"})


SPIKE_ROWS = [
    (1.0, "wdr", 1.5),
    (1.0, "wdr", 2.5),
    (1.0, "ex", 7.0),
    (1.0, "ex", 8.0),
    (1.0, "ex", 9.0),
    (2.0, "wdr", 1.5),
    (2.0, "wdr", 2.5),
]


@pytest.mark.parametrize("n_rows", [1, 2, 3, 100])
def test_spikes_are_one_row_each(n_rows: int) -> None:
    table = tidy_tables(make_spiking())["spikes"]
    assert table.columns == ("amplitude_ma", "cell", "spike_time_ms")
    assert table.n_rows == 7
    rows = [
        row
        for block in table.blocks(n_rows)
        for row in zip(*(column.tolist() for column in block), strict=True)
    ]
    assert rows == SPIKE_ROWS
    assert list(zip(*(column.tolist() for column in table.values), strict=True)) == SPIKE_ROWS


@pytest.mark.parametrize("n_rows", [1, 7, 30, 10_000])
def test_blocks_are_the_table_in_pieces(n_rows: int) -> None:
    for table in tidy_tables(run(small_study())).values():
        blocks = list(table.blocks(n_rows))
        assert all(block[0].size <= n_rows for block in blocks)
        for place, column in enumerate(table.values):
            np.testing.assert_array_equal(
                np.concatenate([block[place] for block in blocks]), column
            )


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 1, 7), (4, 0, 3)])
@pytest.mark.parametrize("n_values", [1, 3, 5, 100])
def test_parts_cover_an_array_once_in_order(shape: tuple[int, ...], n_values: int) -> None:
    values = np.arange(int(np.prod(shape))).reshape(shape)
    parts = [values[part].ravel() for part in parts_of(shape, n_values)]
    assert all(0 < part.size <= n_values for part in parts)
    np.testing.assert_array_equal(np.concatenate([*parts, np.empty(0, int)]), values.ravel())


def test_a_large_table_needs_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more rows than those of a block are asked for at once, of a dataset that is not in memory."""
    from scsim.formats.hdf5 import Variable
    from scsim.results import tables

    monkeypatch.setattr(tables, "_ROWS_AT_ONCE", 1000)
    monkeypatch.setattr(tables, "_KEPT_UP_TO_BYTES", 1 << 16)
    asked = []

    def load(selection):
        rows, columns = selection
        asked.append((rows.stop - rows.start) * (columns.stop - columns.start))
        return np.zeros((rows.stop - rows.start, columns.stop - columns.start))

    n_cases, n_fibers = 300, 40
    variables = [
        make_variable("case", ("case",), np.arange(n_cases), {"units": "1"}),
        make_variable("fiber", ("fiber",), np.arange(n_fibers), {"units": "1"}),
        make_variable("status", ("case",), np.zeros(n_cases, np.int8), {"flag_meanings": "OK"}),
        Variable("threshold_ma", ("case", "fiber"), {}, (n_cases, n_fibers), "f8", load),
    ]
    results = Results({one.name: one for one in variables}, {"failures": "[]"})
    monkeypatch.setattr(tables.TidyTable.blocks, "__defaults__", (1000,))
    (path,) = write_tables(results, tmp_path, datasets=["threshold_ma"])
    assert len(path.read_text().splitlines()) == 1 + n_cases * n_fibers
    assert max(asked) <= 1000
    assert sum(asked) == n_cases * n_fibers


def test_parquet_holds_what_csv_holds_with_units(tmp_path: Path) -> None:
    from pyarrow import parquet

    results = run(small_study())
    tables = tidy_tables(results)
    paths = write_tables(results, tmp_path, file_format="parquet")
    assert {path.stem for path in paths} == set(tables)
    for path in paths:
        found = parquet.read_table(path)
        table = tables[path.stem]
        assert found.column_names == list(table.columns)
        for name, values in zip(table.columns, table.values, strict=True):
            np.testing.assert_array_equal(found[name].to_numpy(), values)
            assert found.schema.field(name).metadata[b"units"]
    fibers = parquet.read_schema(tmp_path / "fibers.parquet")
    assert fibers.field("threshold_ma").metadata[b"units"] == b"mA"
    assert fibers.field("threshold_ma").metadata[b"long_name"] == b"activation threshold"
    assert not list(tmp_path.glob(".*"))


def test_without_pyarrow_the_remedy_is_named(tmp_path: Path, monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ResultsError, match=r"need pyarrow, which is not installed: .*--format csv"):
        write_tables(make_spiking(), tmp_path, file_format="parquet")
    assert not list(tmp_path.iterdir())


def test_datasets_are_chosen_by_name(tmp_path: Path) -> None:
    results = run(small_study())
    paths = write_tables(results, tmp_path, datasets=["threshold_ma", "relief"])
    assert [path.name for path in paths] == ["fibers.csv", "cases.csv"]
    assert paths[0].read_text().splitlines()[0] == "fiber,threshold_ma"
    with pytest.raises(ResultsError, match=r"no dataset 'treshold_ma'.*threshold_ma.*output.save"):
        write_tables(results, tmp_path, datasets=["treshold_ma"])
    with pytest.raises(
        ResultsError, match=r"file_format='xls' is unknown: give one of csv, parquet"
    ):
        write_tables(results, tmp_path, file_format="xls")


def test_a_table_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch) -> None:
    results = make_spiking()
    (path,) = write_tables(results, tmp_path, datasets=["status"])
    before = path.read_bytes()
    from scsim.results import tables

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tables.TidyTable, "blocks", full)
    with pytest.raises(ResultsError, match=r"cannot be written to .* \(No space left.*room"):
        write_tables(results, tmp_path, datasets=["status"])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
