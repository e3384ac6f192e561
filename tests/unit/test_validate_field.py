"""Runner of the field tables: what is read, which solver is asked for what, and verdicts.

Solvers are replaced by closed forms here, so that every number of a table can be chosen; the solvers themselves are
held against the shipped tables at the end.
"""

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from scsim.electrodes.contacts import Contact
from scsim.errors import GeometryError, ResultsError
from scsim.fields.unit_potential import SolvedMedium
from scsim.validate import field_closed, field_media
from scsim.validate.field import VOXEL_SPACINGS_MM, validate_field
from scsim.validate.field_canal import read_montage, run_lines, run_matrix
from scsim.validate.field_cuff import run_cuff
from scsim.validate.field_geometry import CanalGeometry, CuffGeometry, read_canal, read_cuff
from scsim.validate.field_media import ContactModel, Solutions
from scsim.validate.field_sensitivity import run_sensitivity
from scsim.validate.reading import SHIPPED
from scsim.validate.report import Case, Outcome

FloatArray = npt.NDArray[np.float64]

FIELD = SHIPPED / "field"
CANAL = "scs_T_d32_geometry.json"
CUFF = "cuff_mono_geometry.json"
A1 = "medium,x_mm,y_mm,z_mm,V_mV_per_mA\n"
EXACT = 318.309886183791
"""1 / (4 π 0.25 S/m 1 mm), mV."""


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# closed forms instead of solvers


def bell(number: int, points_mm: npt.ArrayLike) -> FloatArray:
    """Potential that a made-up contact k gives off: k (50 + x) / (1 + (z / 10)²) mV."""
    x, _, z = np.asarray(points_mm, dtype=np.float64).T
    found: FloatArray = number * (50.0 + x) / (1.0 + (z / 10.0) ** 2)
    return found


@dataclass(frozen=True)
class BellMedium(SolvedMedium):
    """`bell` of each contact, times a factor; the matrix is 1 + 9 on the diagonal."""

    contacts: tuple[Contact, ...]
    factor: float = 1.0

    def unit_potential(self, sources: Sequence[Any], points_mm: npt.ArrayLike) -> FloatArray:
        return np.array([self.factor * bell(int(c.label[1:]), points_mm) for c in sources])

    def contact_matrix_ohm(self) -> FloatArray:
        n = len(self.contacts)
        return self.factor * (np.ones((n, n)) + 9.0 * np.eye(n))


@dataclass
class BellSolutions:
    """Stands for `Solutions`, and keeps what it was asked for."""

    voxel_spacings_mm: tuple[float, ...] = ()
    factor: float = 1.0
    voxel_factor: float = 1.0
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def spacings_mm(self, model: str) -> tuple[float, ...]:
        return self.voxel_spacings_mm

    def spectral(self, geometry: CanalGeometry, model: str) -> BellMedium:
        self.asked.append(("spectral", model))
        return BellMedium(geometry.contacts(), self.factor)

    def voxel(
        self, geometry: CanalGeometry, model: str, driven: tuple[int, ...], spacing_mm: float
    ) -> BellMedium:
        self.asked.append(("voxel", model, driven, spacing_mm))
        return BellMedium(geometry.contacts(), self.voxel_factor)

    def cuff(self, geometry: CuffGeometry, perineurium: str) -> BellMedium:
        self.asked.append(("cuff", perineurium))
        return BellMedium(geometry.contacts(), self.factor)


def _solutions(**values: Any) -> Solutions:
    return cast("Solutions", BellSolutions(**values))


Z = np.arange(-15.0, 15.5, 0.5)


def canal_table(
    folder: Path,
    name: str = "scs_T_d32__c4__equi__dc.csv",
    columns: Sequence[str] = ("dc_x+0.0_d0.2", "dc_x+1.0_d0.5"),
    value: Callable[[float, FloatArray], FloatArray] | None = None,
    z: FloatArray = Z,
) -> Path:
    """Write a table of lines as `BellMedium` has them; the file's x points to the right."""
    shutil.copy(FIELD / CANAL, folder)
    value = value or (lambda x, points: bell(4, points))
    lines = []
    for column in columns:
        x = float(column[4:8])
        lines.append(value(x, np.column_stack([np.full_like(z, -x), np.zeros_like(z), z])))
    rows = ["z_mm," + ",".join(columns)]
    rows += [",".join(f"{number:.9f}" for number in row) for row in zip(z, *lines, strict=True)]
    return _write(folder / name, "\n".join(rows) + "\n")


def root_table(folder: Path) -> Path:
    """Write a root at x = 3 on the right of the file and its mirror image."""
    shutil.copy(FIELD / CANAL, folder)
    z = np.arange(0.0, -15.25, -0.25)
    right = bell(4, np.column_stack([np.full_like(z, -3.0), np.zeros_like(z), z]))
    left = bell(4, np.column_stack([np.full_like(z, 3.0), np.zeros_like(z), z]))
    rows = ["x_mm,y_mm,z_mm,V_right_mV,V_left_mV(at -x)"]
    rows += [f"3,0,{a:.9f},{b:.9f},{c:.9f}" for a, b, c in zip(z, right, left, strict=True)]
    return _write(folder / "scs_T_d32__c4__uniform__root.csv", "\n".join(rows) + "\n")


# lines in the canal


def test_each_solver_runs_a_table_with_its_contact_model(tmp_path: Path) -> None:
    solutions = BellSolutions(voxel_spacings_mm=(0.5, 0.25))
    cases = run_lines(canal_table(tmp_path), cast("Solutions", solutions))
    assert solutions.asked == [
        ("spectral", "equipotential"),
        ("voxel", "equipotential", (4,), 0.5),
        ("voxel", "equipotential", (4,), 0.25),
    ]
    assert [case.outcome for case in cases] == [Outcome.HOLDS] * 3
    assert [case.name for case in cases] == [
        "T_d32 c4 equi dc: spectral",
        "T_d32 c4 equi dc: voxel 0.5 mm",
        "T_d32 c4 equi dc: voxel 0.25 mm",
    ]


def test_bars_follow_spacing_and_depth(tmp_path: Path) -> None:
    """A factor of 1.015 is 1.5 % of every part: outside 1 %, inside 2 % and 2.5 %."""
    solutions = _solutions(voxel_spacings_mm=(0.5, 0.25), voxel_factor=1.015)
    spectral, coarse, fine = run_lines(canal_table(tmp_path), solutions)
    assert [check.quantity for check in spectral.checks] == [
        "spectral_potential", "spectral_shape", "spectral_second_difference",
    ]  # fmt: skip
    assert [(check.quantity, check.is_held, check.where) for check in fine.checks] == [
        ("voxel_0.25_mm_potential", False, "dc_x+1.0_d0.5"),
        ("voxel_0.25_mm_shape", True, "dc_x+1.0_d0.5"),
        ("voxel_0.25_mm_second_difference", True, "dc_x+1.0_d0.5"),
        ("voxel_0.25_mm_near_potential", True, "dc_x+0.0_d0.2"),
        ("voxel_0.25_mm_near_shape", True, "dc_x+0.0_d0.2"),
        ("voxel_0.25_mm_near_second_difference", True, "dc_x+0.0_d0.2"),
    ]
    assert [check.quantity for check in coarse.checks] == [
        "voxel_0.5_mm_potential", "voxel_0.5_mm_shape", "voxel_0.5_mm_second_difference",
    ]  # fmt: skip
    assert coarse.reason.startswith("nearer than 0.5 mm, without a bar: 1.5 / ")


def test_worst_line_is_named(tmp_path: Path) -> None:
    """The line at 0.5 mm of depth is 0.3 % too high, the other 0.05 %."""

    def wrong(x: float, points: FloatArray) -> FloatArray:
        return bell(4, points) / (1.003 if x == 1.0 else 1.0005)

    (case,) = run_lines(canal_table(tmp_path, value=wrong), _solutions())
    assert case.outcome is Outcome.OUTSIDE
    assert case.checks[0].error == pytest.approx(0.003, rel=1e-6)
    assert {check.where for check in case.checks} == {"dc_x+1.0_d0.5"}


def test_root_lies_on_the_side_of_its_column(tmp_path: Path) -> None:
    """`bell` is not symmetric, so that a root on the wrong side would be 12 % off."""
    solutions = BellSolutions(voxel_spacings_mm=(0.5,))
    cases = run_lines(root_table(tmp_path), cast("Solutions", solutions))
    assert all(case.outcome is Outcome.HOLDS for case in cases)
    assert solutions.asked[0] == ("spectral", "uniform")
    assert not cases[1].reason, "roots have the bars of depth"


def test_montage_in_the_name_gives_the_currents(tmp_path: Path) -> None:
    """Contacts are bells of their number: −1 mA on 2 and +1 mA on 5 make a bell of 3."""
    path = canal_table(
        tmp_path, "scs_T_d32__bip2m5p__equi__dc.csv", value=lambda x, points: bell(3, points)
    )
    (case,) = run_lines(path, _solutions())
    assert case.outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("montage", "currents"),
    [
        ("c3", {3: 1.0}),
        ("mono_c1", {1: 1.0}),
        ("bip4m5p", {4: -1.0, 5: 1.0}),
        ("guard345", {3: 0.5, 4: -1.0, 5: 0.5}),
    ],
)
def test_montages(montage: str, currents: dict[int, float]) -> None:
    assert read_montage(Path("t.csv"), montage, 8) == currents


@pytest.mark.parametrize("montage", ["c", "bip45", "guard3450", "tri"])
def test_unknown_montage_is_refused(montage: str) -> None:
    with pytest.raises(ResultsError, match=rf"t\.csv: montage '{montage}': known are c<k>.*rename"):
        read_montage(Path("t.csv"), montage, 8)


def test_montage_on_a_contact_that_is_not_there_is_refused() -> None:
    with pytest.raises(ResultsError, match=r"montage 'c9': the geometry has contacts 1 to 8; ren"):
        read_montage(Path("t.csv"), "c9", 8)


def test_table_without_its_geometry_is_refused(tmp_path: Path) -> None:
    path = canal_table(tmp_path, "scs_mine__c4__equi__dc.csv")
    with pytest.raises(ResultsError, match=r"scs_mine_geometry\.json is neither beside.*put the"):
        run_lines(path, _solutions())


def test_line_that_the_geometry_does_not_list_is_refused(tmp_path: Path) -> None:
    path = canal_table(tmp_path, columns=("dc_x+0.0_d9.0",))
    with pytest.raises(ResultsError, match=r"'dc_x\+0\.0_d9\.0' is not among the fibre_lines.*add"):
        run_lines(path, _solutions())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("z_mm,V\n0,1\n2,1\n4,1\n6,1\n", r"column 'V' is no line: a name of the form dc_x"),
        ("z_mm\n0\n2\n4\n6\n", r"no column beside z_mm; give at least one line"),
        ("z_mm,dc_x+0.0_d0.2\n0,1\n1,1\n3,1\n", r"3 samples 1\.5 mm of z apart: even samples"),
        ("z_mm,dc_x+0.0_d0.2\n0,1\n1.5,1\n3,1\n", r"of which a whole number makes 2 mm.*Leave out"),
        ("z_mm,dc_x+0.0_d0.2\n0,1\n2,1\n", r"2 samples 2 mm of z apart: .* over more than 4 mm"),
        ("z_mm,dc_x+0.0_d0.2\n0,1\n", r"1 samples 0 mm of z apart"),
    ],
)
def test_table_that_cannot_be_scored_is_refused(tmp_path: Path, table: str, message: str) -> None:
    shutil.copy(FIELD / CANAL, tmp_path)
    path = _write(tmp_path / "scs_T_d32__c4__equi__dc.csv", table)
    with pytest.raises(ResultsError, match=message):
        run_lines(path, _solutions())


@dataclass
class RefusingSolutions(BellSolutions):
    """A spectral solver that cannot mesh."""

    def spectral(self, geometry: CanalGeometry, model: str) -> BellMedium:
        msg = "the lead crosses the dura. Move it."
        raise GeometryError(msg)


def test_geometry_that_a_solver_refuses_is_not_run_and_says_why(tmp_path: Path) -> None:
    solutions = cast("Solutions", RefusingSolutions(voxel_spacings_mm=(0.5,)))
    refused, run = run_lines(canal_table(tmp_path), solutions)
    assert refused.outcome is Outcome.NOT_RUN
    assert refused.reason == "the solver refused: the lead crosses the dura. Move it."
    assert run.outcome is Outcome.HOLDS


# contact matrix


def matrix_table(folder: Path, matrix: FloatArray) -> Path:
    shutil.copy(FIELD / CANAL, folder)
    rows = [",".join(f"{value:.6f}" for value in row) for row in matrix]
    return _write(folder / "scs_T_d32_contact_Z_ohm.csv", "\n".join(["# mine [ohm]", *rows]) + "\n")


def test_contact_matrix_has_a_bar_for_one_solver(tmp_path: Path) -> None:
    path = matrix_table(tmp_path, np.ones((8, 8)) + 9.0 * np.eye(8))
    (case,) = run_matrix(path, _solutions(voxel_spacings_mm=(0.5, 0.25), voxel_factor=1.11))
    assert case.outcome is Outcome.HOLDS
    assert case.reason == (
        "voxel 0.5 mm, without a bar: 11 % on the diagonal, 11 % elsewhere; "
        "voxel 0.25 mm, without a bar: 11 % on the diagonal, 11 % elsewhere"
    )
    (case,) = run_matrix(path, _solutions(factor=1.003))
    assert case.outcome is Outcome.OUTSIDE
    assert case.checks[0].error == pytest.approx(0.003, rel=1e-6)


def test_matrix_of_another_lead_or_without_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"7 by 7 numbers for a lead of 8 contacts: .*Give the"):
        run_matrix(matrix_table(tmp_path, np.ones((7, 7))), _solutions())
    for text in ("1,x\n", "1,2\n3\n", "# nothing\n"):
        path = _write(tmp_path / "scs_T_d32_contact_Z_ohm.csv", text)
        with pytest.raises(ResultsError, match=r"cannot be read as a matrix .*in Ω with commas"):
            run_matrix(path, _solutions())


# cuffs


def cuff_tables(folder: Path, name: str = "cuff_mono__bip", contacts: str | None = None) -> Path:
    """Write −1 mA on 1 and +1 mA on 2, which make a bell of 1; voltages of the matrix are −9 and 9."""
    shutil.copy(FIELD / CUFF, folder)
    contacts = contacts or "1,-1,-9\n2,1,9\n"
    _write(folder / f"{name}_contacts.csv", f"contact,current_mA,V_mV\n{contacts}")
    z = np.arange(-15.0, 15.25, 0.25)
    rows = ["z_mm,V_mV_r0,V_mV_r0.3"]
    inner, outer = (
        bell(1, np.column_stack([np.full_like(z, r), np.zeros_like(z), z])) for r in (0.0, 0.3)
    )
    rows += [f"{a:.9f},{b:.9f},{c:.9f}" for a, b, c in zip(z, inner, outer, strict=True)]
    return _write(folder / f"{name}.csv", "\n".join(rows) + "\n")


@pytest.mark.parametrize(("suffix", "perineurium"), [("", "sheet"), ("_meshedperi", "layer")])
def test_cuff_is_run_with_the_perineurium_of_its_name(
    tmp_path: Path, suffix: str, perineurium: str
) -> None:
    path = cuff_tables(tmp_path, f"cuff_mono__bip{suffix}")
    solutions = BellSolutions()
    (lines,) = run_cuff(path, cast("Solutions", solutions))
    (voltages,) = run_cuff(
        tmp_path / f"cuff_mono__bip{suffix}_contacts.csv", cast("Solutions", solutions)
    )
    assert solutions.asked == [("cuff", perineurium)] * 2
    assert lines.outcome is voltages.outcome is Outcome.HOLDS
    assert lines.name == f"cuff mono bip, {perineurium}"
    assert [check.quantity for check in (*lines.checks, *voltages.checks)] == [
        "cuff_potential", "cuff_shape", "cuff_second_difference", "cuff_contact_voltage",
    ]  # fmt: skip


def test_cuff_with_another_voltage_lies_outside(tmp_path: Path) -> None:
    cuff_tables(tmp_path, contacts="1,-1,-9\n2,1,9.1\n")
    (case,) = run_cuff(tmp_path / "cuff_mono__bip_contacts.csv", _solutions())
    assert case.outcome is Outcome.OUTSIDE
    assert case.checks[0].where == "contact 2"
    assert case.checks[0].error == pytest.approx(0.1 / 9.1, rel=1e-9)


def test_cuff_without_its_currents_or_with_others_is_refused(tmp_path: Path) -> None:
    path = cuff_tables(tmp_path, "cuff_mono__other")
    (tmp_path / "cuff_mono__other_contacts.csv").unlink()
    with pytest.raises(
        ResultsError, match=r"cuff_mono__other_contacts\.csv is neither beside.*put"
    ):
        run_cuff(path, _solutions())
    path = cuff_tables(tmp_path, contacts="2,1,9\n1,-1,-9\n")
    with pytest.raises(ResultsError, match=r"contacts 2, 1 where the geometry has 1 to 2.*Correct"):
        run_cuff(path, _solutions())


# geometries


def changed(tmp_path: Path, name: str, change: Callable[[dict[str, Any]], None]) -> Path:
    content = json.loads((FIELD / name).read_text(encoding="utf-8"))
    change(content)
    return _write(tmp_path / name, json.dumps(content))


def test_canal_is_mirrored(tmp_path: Path) -> None:
    """x in the file points to the right: a lead at −1 and lines at +1 change sides."""
    geometry = read_canal(FIELD / "scs_T_off10_geometry.json")
    assert geometry.lead_mm[0] == -1.0
    assert geometry.body().center_mm[0] == 1.0
    assert {contact.center_mm[0] for contact in geometry.contacts()} == {1.0}
    assert geometry.line("dc_x+1.0_d0.5")[0] == -1.0
    with pytest.raises(KeyError):
        geometry.line("dc_x+9.0_d0.5")


def test_canal_has_its_tissues_from_outside_inward() -> None:
    geometry = read_canal(FIELD / CANAL)
    section = geometry.section()
    points = [(0, 30), (0, 12), (0, 8), (0, 7), (0, 5), (0, 3), (1.6, 1.6), (-1.6, 1.6), (0, 0.1)]
    assert section.tissue_at(points) == [
        "soft_tissue", "bone", "epidural_fat", "dura", "csf", "white_matter",
        "gray_matter", "gray_matter", "gray_matter",
    ]  # fmt: skip
    assert geometry.conductivities()["white_matter"] == (0.083, 0.6)
    assert geometry.conductivities()["epidural_fat"] == (0.04, 0.04)


def test_changes_of_a_canal_move_what_they_name() -> None:
    geometry = read_canal(FIELD / CANAL)
    assert geometry.with_gap(0.02).body().center_mm[1] == pytest.approx(7.1 + 0.02 + 0.65)
    deeper = geometry.with_csf(3.7)
    assert deeper.cord_y_mm == pytest.approx(6.8 - 3.7 - 3.5)
    assert deeper.line("dc_x+0.0_d0.2")[1] == pytest.approx(6.8 - 3.7 - 0.2)
    assert deeper.body() == geometry.body()
    assert geometry.with_sigma("dura", 0.6).conductivities()["dura"] == (0.6, 0.6)
    assert geometry.with_sigma("dura", 0.6, 0.7).conductivities()["dura"] == (0.6, 0.7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["lead"].pop("r"), r"there is no lead\.r; the object has x, gap, .*Compare"),
        (lambda c: c.pop("sigma"), r"there is no sigma; the object has name, box"),
        (lambda c: c.pop("units"), r"there is no units"),
        (lambda c: c.update(units="m, S/m"), r"units = 'm, S/m', known is 'mm, S/m'; convert"),
        (lambda c: c.update(cord=3.0), r"cord = 3\.0: an object is needed here; correct"),
        (lambda c: c["cord"].update(a="4.5"), r"cord\.a = '4\.5': a finite number is needed"),
        (lambda c: c["cord"].update(a=math.nan), r"cord\.a = nan: a finite number is needed"),
        (lambda c: c["cord"].update(a=True), r"cord\.a = True: a finite number is needed"),
        (lambda c: c["derived"].update(contact_z=[]), r"contact_z = \[\]: a list is needed"),
        (lambda c: c.update(grey_half=[[0, 1, 2]]), r"grey_half = .*a list of pairs of x and y"),
        (lambda c: c.update(fibre_lines=[3]), r"fibre_lines = \[3\]: a list of objects with name"),
        (
            lambda c: c["sigma"].update(white=[0.1, 0.2, 0.6]),
            r"sigma\.white .*across \(equal\) and",
        ),
        (
            lambda c: c["sigma"].update(white=[0.6]),
            r"sigma\.white = \[0\.6\]: one number, or those",
        ),
        (lambda c: c["lead"].update(n=4), r"contact_z has 8 contacts and lead\.n is 4: both must"),
        (
            lambda c: c["derived"].update(cord_cy=0.3),
            r"cord_cy = 0\.3 mm where dura_in\.b .*0\.1 mm",
        ),
        (lambda c: c["box"].update(y=50.0), r"box\.y = 50 mm where half width .* gives 40 mm"),
    ],
)
def test_canal_with_a_fault_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    path = changed(tmp_path, CANAL, change)
    with pytest.raises(ResultsError, match=message):
        read_canal(path)


def test_cuff_with_a_fault_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, CUFF, lambda content: content.pop("t_peri"))
    with pytest.raises(ResultsError, match=r"there is no t_peri; .*Compare the file"):
        read_cuff(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON .*unchanged"),
        ("[1]", "holds a list where a JSON object.*give"),
    ],
)
def test_file_that_is_no_geometry_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ResultsError, match=message):
        read_canal(_write(tmp_path / CANAL, text))


# sensitivity


HEADER = "case,V0_d0.2_mV,peak_minus_20mm_mV,second_diff_7mm_mV,FWHM_mm,V_d1.0/V_d0.2(peak-20mm)\n"


def bell_row(factor: float = 1.0) -> str:
    """What `BellMedium` gives around contact 4 at z = −3.5 mm, on the midline."""
    z = np.array([-23.5, -10.5, -3.5, 3.5, 16.5])
    far, before, peak, after, beyond = factor * bell(
        4, np.column_stack([np.zeros_like(z), np.zeros_like(z), z])
    )
    fine = np.arange(-23.5, 16.75, 0.5)
    values = factor * bell(4, np.column_stack([np.zeros_like(fine)] * 2 + [fine]))
    level = 0.5 * (far + beyond)
    above = fine[values - level >= 0.5 * (peak - level)]
    return (
        f"{peak:.9f},{peak - level:.9f},{before - 2 * peak + after:.9f},{above[-1] - above[0]:g},1"
    )


def test_sensitivity_compares_changes_with_the_base(tmp_path: Path) -> None:
    """Bells do not know tissue: no change is right, and a row 2 % higher than the base is not."""
    table = f"{HEADER}fat_0.2,{bell_row(1.02)}\nbase,{bell_row()}\nbox_z_90,{bell_row(1.005)}\n"
    path = _write(tmp_path / "sensitivity_T_d32_c4_uniform.csv", table)
    solutions = BellSolutions()
    cases = {
        case.name.split()[-1]: case for case in run_sensitivity(path, cast("Solutions", solutions))
    }
    assert set(solutions.asked) == {("spectral", "uniform")}
    assert {name: case.outcome for name, case in cases.items()} == {
        "base": Outcome.HOLDS,
        "fat_0.2": Outcome.OUTSIDE,
        "box_z_90": Outcome.HOLDS,
    }
    assert cases["fat_0.2"].checks[0].error == pytest.approx(0.02, rel=1e-6)


def test_sensitivity_without_a_base_or_with_an_unknown_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sensitivity_T_d32_c4_uniform.csv"
    _write(path, f"{HEADER}fat_0.2,{bell_row()}\n")
    with pytest.raises(ResultsError, match=r"no row is called base.*add it"):
        run_sensitivity(path, _solutions())
    _write(path, f"{HEADER}base,{bell_row()}\nskin_0.2,{bell_row()}\n")
    with pytest.raises(ResultsError, match=r"case = 'skin_0\.2' in .*:3: known are base.*rename"):
        run_sensitivity(path, _solutions())


# closed forms


def test_one_table_is_enough(tmp_path: Path) -> None:
    path = _write(tmp_path / "A1_point_source.csv", f"{A1}iso_0.25,1,0,0,{EXACT}\n")
    assert validate_field(path).is_good


def test_wrong_value_lies_outside(tmp_path: Path) -> None:
    table = f"{A1}iso_0.25,1,0,0,{EXACT}\niso_0.25,0,1,0,{EXACT * (1 + 2e-8)}\n"
    report = validate_field(_write(tmp_path / "A1_point_source.csv", table))
    assert [case.outcome for case in report.cases] == [Outcome.HOLDS, Outcome.OUTSIDE]
    assert report.cases[1].worst is not None
    assert report.cases[1].worst.error == pytest.approx(2e-8, rel=1e-4)


def test_medium_names_take_fractions(tmp_path: Path) -> None:
    value = EXACT * 0.25 / math.sqrt((1 / 6) * (1 / 1.75))
    table = f"{A1}endo_1/6_1/1.75,1,0,0,{value!r}\n"
    assert validate_field(_write(tmp_path / "A1_point_source.csv", table)).is_good


@pytest.mark.parametrize("medium", ["iso_x", "iso_1_2", "wm_0.1", "plain", "wm_1/0_2"])
def test_unknown_medium_is_refused(tmp_path: Path, medium: str) -> None:
    path = _write(tmp_path / "A1_point_source.csv", f"{A1}{medium},1,0,0,1\n")
    with pytest.raises(
        ResultsError, match=rf"medium = '{medium}' in .*:2: allowed are iso_.*rename"
    ):
        validate_field(path)


def _layers(tmp_path: Path, change: Callable[[list[str]], None]) -> Path:
    lines = (FIELD / "A4_cyl4.csv").read_text(encoding="utf-8").splitlines()[:3]
    change(lines)
    return _write(tmp_path / "A4_mine.csv", "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "4.0|7.0|9.5",
            "4.0|7.0|x",
            r"layer_outer_radii_mm = '4\.0\|7\.0\|x' in .*:2: numbers with",
        ),
        ("4.0|7.0|9.5", "4.0|7.0", r":2: 2 radii with 4 and 4 conductivities: .*Correct the lists"),
    ],
)
def test_layers_with_a_fault_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = _layers(
        tmp_path, lambda lines: lines.__setitem__(slice(1, None), [lines[1].replace(old, new)])
    )
    with pytest.raises(ResultsError, match=message):
        validate_field(path, voxel_spacings_mm=())


def test_layers_of_two_models_in_one_table_are_refused(tmp_path: Path) -> None:
    path = _layers(tmp_path, lambda lines: lines.append(lines[1].replace("|9.5,", "|9.6,")))
    with pytest.raises(ResultsError, match=r"'4\.0\|7\.0\|9\.6' in .*:4, '4\.0\|7\.0\|9\.5' above"):
        field_closed.run_layers(path, _solutions())


# all files


def test_voxel_solver_runs_with_both_spacings_on_all_tables_unless_told_otherwise() -> None:
    told = Solutions((0.5,), voxel_models=("uniform",))
    assert told.spacings_mm("uniform") == (0.5,)
    assert told.spacings_mm("equipotential") == ()
    assert Solutions(VOXEL_SPACINGS_MM).spacings_mm("equipotential") == (0.5, 0.25)


def test_media_are_kept_for_the_next_tables_and_then_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both contact models of one geometry stay; a third medium takes the place of the oldest."""
    solved = []

    def solve(geometry: CanalGeometry, model: str) -> BellMedium:
        solved.append((geometry.name, model))
        return BellMedium(geometry.contacts())

    monkeypatch.setattr(field_media, "spectral_medium", solve)
    one, other = (read_canal(FIELD / f"scs_{name}_geometry.json") for name in ("T_d32", "T_off10"))
    solutions = Solutions(())
    for geometry, model in [
        (one, "equipotential"), (one, "uniform"), (one, "equipotential"), (other, "uniform"),
        (one, "equipotential"), (one, "uniform"),
    ]:  # fmt: skip
        solutions.spectral(geometry, cast("ContactModel", model))
    assert solved == [
        ("T_d32", "equipotential"), ("T_d32", "uniform"), ("T_off10", "uniform"), ("T_d32", "uniform"),
    ]  # fmt: skip


def test_idle_contacts_are_absent_where_the_density_is_uniform(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = []

    def solve(
        geometry: CanalGeometry, model: str, numbers: tuple[int, ...], spacing_mm: float
    ) -> BellMedium:
        present.append((model, numbers, spacing_mm))
        return BellMedium(geometry.contacts())

    monkeypatch.setattr(field_media, "voxel_medium", solve)
    geometry, solutions = read_canal(FIELD / CANAL), Solutions((0.25,))
    solutions.voxel(geometry, "uniform", (4,), 0.25)
    solutions.voxel(geometry, "equipotential", (4,), 0.25)
    assert present == [("uniform", (4,), 0.25), ("equipotential", tuple(range(1, 9)), 0.25)]


def test_every_file_has_a_runner_or_is_named(tmp_path: Path) -> None:
    shutil.copy(FIELD / "A1_point_source.csv", tmp_path)
    for name in (
        "mine.csv",
        "scs_T_d32__c4__mixed__dc.csv",
        "scs_T_d32_geometry.json",
        "README.md",
    ):
        _write(tmp_path / name, "")
    report = validate_field(tmp_path)
    not_run = {case.file: case.reason for case in report.cases if case.outcome is Outcome.NOT_RUN}
    assert set(not_run) == {"mine.csv", "scs_T_d32__c4__mixed__dc.csv"}
    assert set(not_run.values()) == {"no reference table of this name is known"}
    assert [entry.file for entry in report.inputs] == ["scs_T_d32_geometry.json"]


@pytest.fixture(scope="module")
def shipped() -> tuple[Case, ...]:
    """All shipped cases, run as without a path."""
    return validate_field().cases


def test_shipped_field_cases_hold(shipped: tuple[Case, ...]) -> None:
    assert not [(case.name, case.worst) for case in shipped if case.outcome is not Outcome.HOLDS]


def test_shipped_cases_cover_every_kind_of_table(shipped: tuple[Case, ...]) -> None:
    quantities = {check.quantity for case in shipped for check in case.checks}
    assert quantities == {
        "A1", "A2", "A3", "A4", "spectral_potential", "spectral_shape", "spectral_second_difference",
        "spectral_contact_matrix", "cuff_potential", "cuff_shape", "cuff_second_difference",
        "cuff_contact_voltage", "sensitivity_change", "sensitivity_half_width", "A4_voxel",
        "voxel_0.5_mm_potential", "voxel_0.5_mm_shape", "voxel_0.5_mm_second_difference",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in FIELD.iterdir()) < 400_000
