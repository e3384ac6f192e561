"""Files of potentials: three formats, units, and every refusal."""

import builtins
import re

import h5py
import numpy as np
import pytest

from scsim.errors import GeometryError, ResultsError
from scsim.formats.potentials import read_potentials

POINTS_MM = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5], [-1.0, 0.0, 2.0]])
VALUES = np.array([[70.0, 20.0, 10.0], [-5.0, 0.5, 3.0]])


def write_csv(path, headings, columns, comment=""):
    rows = [",".join(repr(float(value)) for value in row) for row in np.column_stack(columns)]
    path.write_text(comment + "\n".join([",".join(headings), *rows]) + "\n", encoding="utf-8")
    return path


def check(table, path):
    assert table.source == str(path)
    assert table.labels == ("c1", "c2")
    np.testing.assert_allclose(table.points_mm, POINTS_MM, rtol=1e-14)
    np.testing.assert_allclose(table.unit_potential, VALUES, rtol=1e-14)


@pytest.mark.parametrize(
    ("length", "per_mm", "potential", "per_mv"),
    [
        ("_mm", 1.0, "_mv_per_ma", 1.0),
        (" (m)", 1e-3, " [V/A]", 1.0),
        ("_cm", 0.1, " [Ω]", 1.0),
        (" [mm]", 1.0, " (V / mA)", 1e-3),
        ("_um", 1e3, "_mv_per_a", 1e3),
        (" [µm]", 1e3, " [µV/mA]", 1e3),
        ("_mm", 1.0, "_ohm", 1.0),
    ],
)
def test_csv_in_many_units(tmp_path, length, per_mm, potential, per_mv):
    headings = [f"{axis}{length}" for axis in "xyz"] + [f"c1{potential}", f"c2{potential}"]
    path = write_csv(
        tmp_path / "field.csv",
        headings,
        [*(POINTS_MM.T * per_mm), *(VALUES * per_mv)],
        comment="# made by hand\n% version 1\n\n",
    )
    check(read_potentials(path), path)


def test_columns_may_stand_in_any_order(tmp_path):
    path = write_csv(
        tmp_path / "field.csv",
        ["c1_ohm", "z_mm", "y_mm", "c2_ohm", "x_mm"],
        [VALUES[0], POINTS_MM[:, 2], POINTS_MM[:, 1], VALUES[1], POINTS_MM[:, 0]],
    )
    check(read_potentials(path), path)


def test_units_may_come_as_arguments(tmp_path):
    path = write_csv(
        tmp_path / "field.csv", [*"xyz", "c1", "c2"], [*(POINTS_MM.T / 1e3), *(VALUES / 1e3)]
    )
    check(read_potentials(path, coordinate_unit="m", potential_unit="V/mA"), path)


def test_hdf5_with_points(tmp_path):
    path = tmp_path / "field.h5"
    with h5py.File(path, "w") as file:
        file["points"] = POINTS_MM / 1e3
        file["points"].attrs["units"] = "m"
        for name, row in zip(("c1", "c2"), VALUES, strict=True):
            file[name] = row
            file[name].attrs["units"] = np.bytes_("V/A")
    check(read_potentials(path), path)


def test_hdf5_with_the_axes_of_a_grid(tmp_path):
    path = tmp_path / "field.hdf5"
    axes = [np.array([0.0, 1.0]), np.array([2.0, 3.0, 4.0]), np.array([5, 6, 7, 8])]
    values = np.random.default_rng(0).normal(size=(2, 3, 4))
    with h5py.File(path, "w") as file:
        for name, axis in zip("xyz", axes, strict=True):
            file[f"{name}_mm"] = axis
        file["c1 [mV/mA]"] = values
    table = read_potentials(path)
    assert table.points_mm.shape == (24, 3)
    for point, value in zip(table.points_mm, table.unit_potential[0], strict=True):
        index = tuple(
            int(np.flatnonzero(axis == x)[0]) for axis, x in zip(axes, point, strict=True)
        )
        assert value == values[index]


def test_vtu(tmp_path):
    meshio = pytest.importorskip("meshio")
    path = tmp_path / "field.vtu"
    data = {"c1_mv_per_ma": VALUES[0], "c2 [mV/mA]": VALUES[1]}
    mesh = meshio.Mesh(POINTS_MM / 1e3, [("triangle", [[0, 1, 2]])], point_data=data)
    mesh.write(path)
    check(read_potentials(path, coordinate_unit="m"), path)
    with pytest.raises(
        GeometryError, match=r"field.vtu: 'x' has no unit; a coordinate needs .* coordinate_unit"
    ):
        read_potentials(path)


def test_a_mesh_without_meshio_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "field.vtu"
    path.write_text("")
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "meshio":
            raise ModuleNotFoundError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        GeometryError, match=r"needs meshio\. Install it with: pip install 'scsim\[io\]'"
    ):
        read_potentials(path)


@pytest.mark.parametrize("name", ["field.vtu", "field.odd", "field.vtk"])
def test_what_is_no_mesh_is_refused(tmp_path, capsys, name):
    pytest.importorskip("meshio")
    path = tmp_path / name
    path.write_text("<not a mesh")
    with pytest.raises(
        GeometryError,
        match=rf"cannot be read as a mesh.*its ending '{path.suffix}'.* Give a CSV, HDF5 or VTU file",
    ) as caught:
        read_potentials(path)
    assert "(1)" not in str(caught.value)
    assert capsys.readouterr() == ("", "")


def test_what_is_no_hdf5_is_refused(tmp_path):
    path = tmp_path / "field.h5"
    path.write_text("x,y,z")
    with pytest.raises(
        ResultsError, match=r"field.h5 cannot be read as HDF5 .* Check it with the program"
    ):
        read_potentials(path)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(GeometryError, match=r"is a folder\. Give the path of a CSV, HDF5 or VTU"):
        read_potentials(tmp_path)


@pytest.mark.parametrize("content", [b"x_mm,y_mm,z_mm,c1 [\xb5V/mA]\n1,2,3,4\n", bytes(range(256))])
def test_a_table_that_is_no_utf8_is_refused(tmp_path, content):
    path = tmp_path / "field.csv"
    path.write_bytes(content)
    with pytest.raises(
        GeometryError, match=r"field.csv is no text in UTF-8: it has the byte 0x(b5|80)\. Save"
    ):
        read_potentials(path)


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_refused(tmp_path, sign, name):
    path = write_csv(tmp_path / "field.csv", ["x_mm", "y_mm", "z_mm", "c1_ohm"], np.ones((4, 2)))
    path.write_text(path.read_text().replace(",", sign))
    with pytest.raises(GeometryError, match=rf"separated by {name}; commas are needed\. Save"):
        read_potentials(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(GeometryError, match=r"nowhere.csv: there is no such file .* Give the path"):
        read_potentials(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("headings", "text"),
    [
        (
            ["x", "y_mm", "z_mm", "c1_ohm", "c2_ohm"],
            r"'x' has no unit; a coordinate needs one of mm, m, .*'x \[mm\]'",
        ),
        (
            ["x_mm", "y_mm", "z_mm", "c1_ohm", "c2"],
            r"'c2' has no unit; a potential per current needs .* potential_unit",
        ),
        (
            ["x_mm", "y_mm", "z_mm", "c1 [mV]", "c2_ohm"],
            r"'c1' is in 'mV', which is no unit of a potential per current",
        ),
        (
            ["x [inch]", "y_mm", "z_mm", "c1_ohm", "c2_ohm"],
            r"'x' is in 'inch', which is no unit of a coordinate .* Convert",
        ),
        (
            ["x_mm", "y_mm", "c_ohm", "c1_ohm", "c2_ohm"],
            r"it has x, y, c, c1, c2; x, y and z and the potential",
        ),
        (
            ["x_mm", "y_mm", "z_mm", "c1_ohm", "c1 [V/A]"],
            r"'c1' occurs more than once\. Rename or delete",
        ),
    ],
)
def test_headings_that_say_too_little_are_refused(tmp_path, headings, text):
    path = write_csv(tmp_path / "field.csv", headings, [*POINTS_MM.T, *VALUES])
    with pytest.raises(GeometryError, match=text):
        read_potentials(path)


def test_points_without_potentials_are_refused(tmp_path):
    path = write_csv(tmp_path / "field.csv", ["x_mm", "y_mm", "z_mm"], POINTS_MM.T)
    with pytest.raises(
        GeometryError, match=r"the potential of at least one contact are needed\. Add"
    ):
        read_potentials(path)


def test_values_that_are_not_finite_are_refused(tmp_path):
    values = VALUES.copy()
    values[1, 2] = np.nan
    path = write_csv(
        tmp_path / "field.csv",
        ["x_mm", "y_mm", "z_mm", "c1_ohm", "c2_ohm"],
        [*POINTS_MM.T, *values],
    )
    with pytest.raises(
        GeometryError, match=r"'c2' is nan at point 2 and 1 of 3 values .* Leave such points out"
    ):
        read_potentials(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a line of headings and a line per point are needed; it has 0 lines"),
        ("x_mm,y_mm,z_mm,c1_ohm\n", r"it has 1 lines\. Add them"),
        (
            "x_mm,y_mm,z_mm,c1_ohm\n1,2,3,4\n1,2,3\n",
            r"row 2 below the headings is '1,2,3'; it needs 4 numbers",
        ),
        ("1" * 200_000, r"is no table of numbers .* Save it as CSV"),
        ("x_mm,y_mm,z_mm,c1_ohm\n1,2,3,much\n", r"row 1 .* '1,2,3,much'; .* Correct it"),
    ],
)
def test_tables_that_are_none_are_refused(tmp_path, text, message):
    path = tmp_path / "field.csv"
    path.write_text(text)
    with pytest.raises(GeometryError, match=message):
        read_potentials(path)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        (
            {"c1_ohm": np.ones(3)},
            r"datasets c1_ohm; 'points' \(n_points, 3\), or 'x', 'y' and 'z' .* Add them",
        ),
        (
            {"points_mm": np.ones((3, 2))},
            r"dataset 'points_mm' has shape \(3, 2\); .* Transpose it",
        ),
        (
            {"points_mm": POINTS_MM, "c1_ohm": np.ones(4)},
            r"dataset 'c1_ohm' has shape \(4,\); .* \(3,\)",
        ),
        (
            {"points": POINTS_MM, "c1_ohm": np.ones(3)},
            r"'x' has no unit; a coordinate needs one of",
        ),
    ],
)
def test_hdf5_of_another_layout_is_refused(tmp_path, arrays, text):
    path = tmp_path / "field.h5"
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    with pytest.raises(GeometryError, match=text):
        read_potentials(path)


def test_a_message_names_the_file(tmp_path):
    path = write_csv(tmp_path / "of mine.csv", [*"xyz", "c1"], [*POINTS_MM.T, VALUES[0]])
    with pytest.raises(GeometryError, match=re.escape(str(path))):
        read_potentials(path)
