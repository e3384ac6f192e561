"""The table of one canal with all solvers, its place in the README, and the mesh of the finite elements beside it.

None of this needs the other software.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.field_fem import extrude, layers_mm
from benchmarks.field_measure import GEOMETRY, LINES, MATRIX_OHM, score
from benchmarks.field_report import MARKS, main, report, row_of


def content() -> dict[str, Any]:
    errors = {"potential": 1e-4, "shape": 2e-4, "second_difference": 2.5e-3, "contact_matrix": 1e-3}
    return {
        "date": "2026-11-21",
        "machine": {"processor": "P", "cpu_target": "t", "n_cores": 2, "load_average": 0.5},
        "versions": {
            "python": "3.11.7", "scikit-fem": "12.0.2", "pyamg": "5.4.1", "scipy": "1.17.1",
            "scsim": "0.1.0",
        },
        "rows": {
            "spectral": {
                "unknowns": 3017,
                "first_call_s": 0.45,
                "all": {"cpu_s": [0.25, 0.2, 0.22], "wall_s": [0.3, 0.3, 0.3]},
                "errors": errors,
            },
            "montage": {"all": {"cpu_s": [5e-6, 6e-6], "wall_s": [5e-6, 6e-6]}},
            "fem": {
                "unknowns": 410_000,
                "tetrahedra": 300_000,
                "first": 30.0,
                "all": {"cpu_s": [110.0], "wall_s": [120.0]},
                "errors": {**errors, "potential": 0.017},
            },
        },
    }  # fmt: skip


def test_row_has_times_errors_and_the_ratio_to_the_first_row() -> None:
    rows = content()["rows"]
    assert row_of("fem", rows) == (
        "scikit-fem, quadratic tetrahedra, pyamg", "410 000", "30 s", "110 s", "550×",
        "1.7 %", "0.02 %", "0.25 %", "0.1 %",
    )  # fmt: skip
    assert row_of("spectral", rows)[3:5] == ("200 ms (to 250 ms)", "–")
    assert row_of("montage", rows)[1:] == ("–", "–", "5 µs (to 6 µs)", "–", "–", "–", "–", "–")


def test_rows_that_were_not_measured_are_left_out() -> None:
    lines = report(content()).splitlines()
    assert sum(line.startswith("| ") for line in lines) == 4, "a head and three rows"
    assert "load 0.5 before" in lines[0]
    assert "first call, with all that is loaded at first use, took 450 ms" in lines[0]


def test_file_without_the_first_row_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no row of the spectral solver.*make bench-field"):
        report({"rows": {}})


def test_readme_has_the_marks(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert "a new report" in MARKS.replace(readme, "a new report")


def test_program_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured, readme = tmp_path / "field.json", tmp_path / "README.md"
    measured.write_text(json.dumps(content()), encoding="utf-8")
    readme.write_text(f"{MARKS.begin}{MARKS.end}", encoding="utf-8")
    assert main([str(measured), "--readme", str(readme)]) == 0
    printed = capsys.readouterr().out
    assert readme.read_text(encoding="utf-8") == f"{MARKS.begin}\n\n{printed}\n{MARKS.end}"


def test_score_of_the_reference_itself_is_zero() -> None:
    table = np.zeros((8, sum(len(line.reference_mv) for line in LINES)))
    table[3] = np.concatenate([line.reference_mv for line in LINES])
    assert set(score(table, MATRIX_OHM).values()) == {0.0}
    found = score(1.01 * table, 1.02 * MATRIX_OHM)
    assert found["potential"] == pytest.approx(0.01)
    assert found["contact_matrix"] == pytest.approx(0.02)


def test_extruded_prisms_fill_their_volume_and_share_their_faces() -> None:
    """Two triangles, 1.5 mm² together, over layers of 1 and 3 mm; every face inside belongs to two tetrahedra."""
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    triangles = np.array([[0, 1, 2], [3, 2, 1]])
    corners, tetrahedra = extrude(points, triangles, np.array([0.0, 1.0, 4.0]))
    edges = corners[tetrahedra[:, 1:]] - corners[tetrahedra[:, :1]]
    assert np.abs(np.linalg.det(edges)).sum() / 6.0 == pytest.approx(1.5 * 4.0)
    faces = [
        tuple(sorted(np.delete(tetrahedron, i))) for tetrahedron in tetrahedra for i in range(4)
    ]
    counts = {face: faces.count(face) for face in faces}
    outside = [face for face, count in counts.items() if count == 1]
    assert max(counts.values()) == 2
    # Below and above two triangles each; four outer walls in two layers, each cut into two.
    assert len(outside) == 2 * 2 + 4 * 2 * 2


def test_layers_meet_the_ends_of_every_contact() -> None:
    z = layers_mm(GEOMETRY)
    assert np.all(np.diff(z) > 0.0)
    assert (z[0], z[-1]) == (-60.0, 60.0)
    for middle in GEOMETRY.contact_z_mm:
        for end in (middle - 1.5, middle + 1.5):
            assert np.min(np.abs(z - end)) < 1e-9
            index = int(np.argmin(np.abs(z - end)))
            beside = np.diff(z)[index - 1 : index + 1]
            assert np.all(beside < 0.5), "fine at the edges of metal"
