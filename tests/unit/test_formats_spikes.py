from pathlib import Path

import pytest

from scsim.errors import ModelError
from scsim.formats.spikes import read_spike_times


def written(folder: Path, text: str) -> Path:
    path = folder / "spikes.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("column", "factor"), [("time_ms", 1.0), ("time_s", 1e3), ("time_us", 1e-3)]
)
def test_times_are_read_with_their_unit(tmp_path: Path, column: str, factor: float) -> None:
    text = f"# made by hand\nfiber,{column}, class\n2,5,c\n\n0,1.5,a_beta\n2,7,c\n0,3,c\n"
    found = read_spike_times(written(tmp_path, text))
    assert list(found) == ["c", "a_beta"]
    assert [train.tolist() for train in found["c"]] == [
        [pytest.approx(3 * factor)],
        [],
        pytest.approx([5 * factor, 7 * factor]),
    ]
    assert found["a_beta"][0].tolist() == [pytest.approx(1.5 * factor)]


@pytest.mark.parametrize(
    "header", ["class,fiber,time", "fiber,time_ms", "class,fiber,time_ms,time_s"]
)
def test_columns_are_needed_with_one_unit(tmp_path: Path, header: str) -> None:
    with pytest.raises(ModelError, match=r"it must have class, fiber and one of .*Rename or add"):
        read_spike_times(written(tmp_path, header + "\n"))


def test_every_faulty_row_is_named(tmp_path: Path) -> None:
    rows = ["c,0,1.0", "c,1", ",0,1.0", "c,0.5,1.0", "c,-1,1.0", "c,0,soon"]
    with pytest.raises(ModelError) as caught:
        read_spike_times(written(tmp_path, "\n".join(["class,fiber,time_ms", *rows])))
    message = str(caught.value)
    for wanted in (
        "line 3 has 2 cells in place of 3",
        "line 4 has no class",
        "line 5 has the fiber '0.5', which is no whole number",
        "line 6 has the fiber -1, but fibers are counted from 0",
        "line 7 has the time 'soon', which is no number",
        "Correct these rows",
    ):
        assert wanted in message
    with pytest.raises(ModelError, match=r"line 21 has no class; and 5 rows more\. Correct"):
        read_spike_times(written(tmp_path, "class,fiber,time_ms\n" + ",0,1\n" * 25))


def test_files_that_are_no_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is empty\. Begin it with the line class,fiber,time_ms"):
        read_spike_times(written(tmp_path, "# nothing\n"))
    with pytest.raises(ModelError, match=r"there is no file .*none\.csv\. Correct the path"):
        read_spike_times(tmp_path / "none.csv")
    with pytest.raises(ModelError, match=r"is a folder\. Write the name of a file"):
        read_spike_times(tmp_path)
    binary = tmp_path / "spikes.h5"
    binary.write_bytes(b"\x89HDF\xff")
    with pytest.raises(ModelError, match=r"cannot be read as a table.*Give a CSV file in UTF-8"):
        read_spike_times(str(binary))
