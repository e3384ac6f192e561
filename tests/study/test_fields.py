"""Fields inside studies: solved once per geometry, kept between studies, equal for any number of threads."""

import csv
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scsim.validate
from scsim.cli.main import main
from scsim.errors import GeometryError, Status
from scsim.fields.store import FieldStore
from scsim.results.store import Results, load_results
from scsim.study.config import Study
from scsim.study.reading.parse import load_study, parse_study
from scsim.study.run import execute, run
from tests.study.small_study import TEXT, small_study, without_sweeps
from tests.study.test_run import assert_identical

TABLE = (
    Path(scsim.validate.__file__).parent / "cases" / "field" / "sensitivity_T_d32_c4_uniform.csv"
)

FIELDS = without_sweeps(TEXT).replace(
    'solver = "analytic"\ncontact_model = "line"\nsigma_s_per_m = 0.25', 'solver = "spectral"'
)
"""The small study in the spectral canal, one case."""

CSF = "tissue.csf_thickness_mm={ sweep = { linspace = [2.0, 4.8, 8] } }"
SAVE_FIELDS = 'output.save=["field_profile", "contact_matrix"]'


def fields_study(*overrides: str) -> Study:
    return parse_study(FIELDS, overrides=overrides)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FieldStore:
    """Give an empty store that studies use."""
    fresh = FieldStore(tmp_path / "fields")
    monkeypatch.setattr("scsim.fields.store.default_store", lambda: fresh)
    return fresh


def test_a_sweep_of_the_fluid_solves_each_field_once_and_again_none(
    store: FieldStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    study = fields_study(CSF, SAVE_FIELDS)
    first = execute(study, tmp_path / "first")
    assert [count.name for count in first.report.stages] == [
        "geometry",
        "solution",
        "impedance",
        "profile",
        "charge",
        "charge_rate",
    ]
    assert (store.n_solved, store.n_loaded) == (8, 0)
    assert (first.report.n_fields_solved, first.report.n_fields_loaded) == (8, 0)
    # A process of its own knows the folder alone.
    other = FieldStore(store.folder)
    monkeypatch.setattr("scsim.fields.store.default_store", lambda: other)
    again = execute(study, tmp_path / "second")
    assert (other.n_solved, other.n_loaded) == (0, 8)
    assert again.report.n_fields_solved == 0
    assert "fields: 0 solved, 8 read from the cache folder" in (
        tmp_path / "second" / "log.txt"
    ).read_text(encoding="utf-8")
    assert_identical(first.results, again.results)
    # More fluid between cord and lead weakens the drive: see the sensitivities of the reference.
    drive = np.abs(first.results.dataset("profile_peak_second_difference_mv_per_ma"))
    assert np.all(np.diff(drive, axis=0) < 0.0)


def test_heights_montages_and_pulses_share_one_field(store: FieldStore):
    study = fields_study(
        "lead.rostral_mm={ sweep = [-1.3, 2.0] }",
        "stimulus.pulse_width_us={ sweep = [100, 200] }",
        'montage={ sweep = [{ c2 = -1, c3 = 1 }, { c1 = -1, return = "distant" }], labels = ["a", "b"] }',
        "fibers.n_fibers=2",
        "afferents.a_beta_min_diameter_um=2.0",
        'output.save=["field_profile", "thresholds"]',
    )
    results = run(study)
    assert store.n_solved == 1
    assert np.all(results.dataset("status") == Status.OK)
    assert results.dims("profile_peak_mv_per_ma") == ("rostral_mm", "montage", "depth_mm")
    # The canal is the same everywhere, so the drive moves with the lead. The ends of the domain lie
    # 200 mm away; they change drives by up to 1.2e-4 of the largest on a line (`data/domains/unbounded.toml`), and alike at
    # heights 3.3 mm apart.
    drive = results.dataset("profile_peak_second_difference_mv_per_ma")
    np.testing.assert_allclose(drive, np.broadcast_to(drive[:1], drive.shape), rtol=1e-4)


def test_other_leads_of_the_same_thickness_share_one_field(store: FieldStore):
    study = fields_study(
        'lead.preset={ sweep = ["percutaneous-4", "percutaneous-8", "percutaneous-16"] }',
        SAVE_FIELDS,
    )
    results = run(study)
    assert store.n_solved == 1
    matrix = results.dataset("contact_matrix_ohm")
    assert results.dims("contact_matrix_ohm") == ("preset", "contact", "driven_contact")
    for lead, n_contacts in enumerate((4, 8, 16)):
        own = matrix[lead, :n_contacts, :n_contacts]
        np.testing.assert_allclose(own, own.T, rtol=1e-9)
        assert np.isnan(matrix[lead, n_contacts:]).all()


def test_fields_do_not_depend_on_the_number_of_threads_or_the_order_of_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    study = fields_study("lead.lateral_mm={ sweep = [-1.0, 0.7] }", SAVE_FIELDS)
    turned = replace(study, cases=study.cases[::-1])
    found = []
    for number, (one, workers) in enumerate(((study, 1), (study, 3), (turned, 2))):
        fresh = FieldStore(tmp_path / f"fields-{number}")
        monkeypatch.setattr("scsim.fields.store.default_store", lambda fresh=fresh: fresh)
        found.append(run(one, workers=workers))
        assert fresh.n_solved == 2
    assert_identical(found[0], found[1])
    assert_identical(found[0], found[2])


def test_a_sweep_to_the_side_is_smooth(store: FieldStore):
    """Each position has a mesh of its own; what is left of that is noise, at most 1e-4."""
    study = fields_study("lead.lateral_mm={ sweep = { linspace = [0.4, 1.6, 10] } }", SAVE_FIELDS)
    results = run(study)
    assert store.n_solved == 10
    lateral = results.coordinates["lateral_mm"]
    for name in ("profile_at_contact_mv_per_ma", "profile_peak_mv_per_ma"):
        values = results.dataset(name)
        # A polynomial of the fifth degree holds what is smooth over 1.2 mm, whose scale is the distance of the
        # cord, 4 mm: its next term is of the order (0.6/4)^6 / 2^5 = 4e-7.
        smooth = np.polynomial.Polynomial.fit
        for line in values.T:
            noise = line - smooth(lateral, line, 5)(lateral)
            assert np.max(np.abs(noise)) <= 1e-4 * np.max(np.abs(line))


def test_the_table_of_sensitivities_is_reproduced(store: FieldStore, repository: Path):
    """Every change relative to the base within 1 percentage point of the reference, widths within 0.5 mm."""
    results = run(load_study(repository / "configs" / "field_sensitivity.toml"))
    assert store.n_solved == 13, "the length of the box needs no solution of its own"
    found = _sensitivities(results)
    with TABLE.open(encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if not row[0].startswith("#")][1:]
    reference = {row[0]: np.array(row[1:], dtype=np.float64) for row in rows}
    assert set(reference) == set(CASE_NAMES)
    for name, case in CASE_NAMES.items():
        change = found[case] / found["base"]
        expected = reference[name] / reference["base"]
        # Potential, peak, second difference, and the ratio of the depths.
        np.testing.assert_allclose(
            np.delete(change, 3), np.delete(expected, 3), atol=0.01, rtol=0.0, err_msg=name
        )
        assert found[case][3] == pytest.approx(reference[name][3], abs=0.5)
    # The base itself: the spectral bar of the reference tables, 0.1 % and 0.5 % for the second difference.
    np.testing.assert_allclose(found["base"][:2], reference["base"][:2], rtol=1e-3)
    assert found["base"][2] == pytest.approx(reference["base"][2], rel=5e-3)


CASE_NAMES = {
    "base": "base",
    "dura_0.6": "dura_s_per_m=0.6",
    "dura_0.02": "dura_s_per_m=0.02",
    "fat_0.2": "epidural_fat_s_per_m=0.2",
    "bone_0.02": "bone_s_per_m=0.02",
    "soft_0.1": "soft_tissue_s_per_m=0.1",
    "csf_1.45": "csf_s_per_m=1.45",
    "wm_t_0.12_l_0.6": "white_matter_s_per_m=0.12 across",
    "grey_0.1": "gray_matter_s_per_m=0.1",
    "wm_iso_0.126": "white_matter_s_per_m=0.126 all ways",
    "box_z_90": "half_length_mm=90",
    "box_xy_80": "half_width_mm=80",
    "gap_0.02": "dura_gap_mm=0.02",
    "dcsf_3.7": "csf_thickness_mm=3.7",
}
"""Case of the reference table and of the config."""


def _sensitivities(results: Results) -> dict[str, np.ndarray]:
    """Give what the columns of the reference table hold, by the name of the case."""
    peak = results.dataset("profile_peak_mv_per_ma")
    columns = (
        results.dataset("profile_at_contact_mv_per_ma")[:, 0],
        peak[:, 0],
        results.dataset("profile_peak_second_difference_mv_per_ma")[:, 0],
        results.dataset("profile_half_width_mm")[:, 0],
        peak[:, 1] / peak[:, 0],
    )
    names = results.coordinates["case_name"].tolist()
    return dict(zip(names, np.column_stack(columns), strict=True))


def test_the_analytic_field_is_one_line_away(store: FieldStore):
    changed = fields_study('field={ solver = "analytic" }', "output.save=['thresholds']")
    plain = small_study("output.save=['thresholds']", text=without_sweeps(TEXT))
    analytic, before = run(changed), run(plain)
    np.testing.assert_array_equal(analytic.dataset("threshold_ma"), before.dataset("threshold_ma"))
    assert store.n_solved == 0
    spectral = run(fields_study("output.save=['thresholds']"))
    assert store.n_solved == 1
    # The fluid between cord and lead leads current past the cord, and the thresholds of large fibers rise.
    assert np.all(
        spectral.dataset("threshold_ma")[-5:] > 1.2 * analytic.dataset("threshold_ma")[-5:]
    )


def test_profile_of_a_cathode_is_that_of_an_anode_with_a_minus(store: FieldStore):
    labels = 'labels = ["cathode", "anode"]'
    montages = f'[{{ c2 = -1, return = "distant" }}, {{ c2 = 1, return = "distant" }}], {labels}'
    results = run(
        fields_study(f"montage={{ sweep = {montages} }}", 'output.save=["field_profile"]')
    )
    for name in (
        "profile_potential_mv_per_ma",
        "profile_second_difference_mv_per_ma",
        "profile_at_contact_mv_per_ma",
        "profile_peak_mv_per_ma",
        "profile_peak_second_difference_mv_per_ma",
    ):
        cathode, anode = results.dataset(name)
        np.testing.assert_array_equal(cathode, -anode)
    cathode, anode = results.dataset("profile_half_width_mm")
    np.testing.assert_array_equal(cathode, anode)
    # Under a cathode the potential is a hollow, and fibers are depolarized.
    assert np.all(results.dataset("profile_at_contact_mv_per_ma")[0] < 0.0)
    assert np.all(results.dataset("profile_peak_second_difference_mv_per_ma")[0] > 0.0)


def test_profiles_hold_the_potential_that_fibers_see(store: FieldStore):
    results = run(fields_study('output.save=["field_profile", "thresholds"]'))
    z_mm = results.coordinates["z_mm"]
    assert np.all(np.diff(z_mm) == 0.5)
    assert results.coordinates["depth_mm"].tolist() == [0.2, 1.0]
    line = results.dataset("profile_potential_mv_per_ma")[0]
    curvature = results.dataset("profile_second_difference_mv_per_ma")[0]
    n_step = round(7.0 / 0.5)
    np.testing.assert_allclose(
        curvature[n_step:-n_step],
        line[: -2 * n_step] - 2 * line[n_step:-n_step] + line[2 * n_step :],
        rtol=1e-12,
        atol=1e-12 * np.max(np.abs(line)),
    )
    active = math.fsum(results.dataset("geometry/contact_center_mm")[1, 2:])  # c2 is the cathode
    at_contact = results.dataset("profile_at_contact_mv_per_ma")[0]
    assert at_contact == pytest.approx(np.interp(active, z_mm, line), rel=1e-3)


def test_two_leads_and_a_paddle_run_with_their_own_labels(store: FieldStore):
    two = run(fields_study("lead.n_leads=2", "montage={ c2 = -1.0, c6 = 1.0 }", SAVE_FIELDS))
    assert two.coordinates["contact"].tolist() == [f"c{number}" for number in range(1, 9)]
    centers = two.dataset("geometry/contact_center_mm")
    assert np.all(centers[:4, 0] == -1.5)
    assert np.all(centers[4:, 0] == 1.5)
    matrix = two.dataset("contact_matrix_ohm")
    # The anatomy is its own mirror image, and so are the two leads: 0.2 % is the bar of contact matrices.
    np.testing.assert_allclose(matrix[:4, :4], matrix[4:, 4:], rtol=2e-3)
    assert two.dataset("geometry/lead_outline_mm").shape[0] == 2
    paddle = run(
        fields_study(
            'lead.preset="paddle-3-column"', "montage={ c2 = -1.0, c6 = 1.0 }", SAVE_FIELDS
        )
    )
    assert paddle.dataset("geometry/lead_outline_mm").shape == (1, 5, 2)
    assert np.isnan(paddle.dataset("geometry/contact_radius_mm")).all()
    assert np.all(paddle.dataset("geometry/contact_width_mm") > 0.0)
    np.testing.assert_allclose(
        np.linalg.norm(paddle.dataset("geometry/contact_normal"), axis=1), 1.0
    )
    assert store.n_solved == 2


def test_a_field_that_cannot_be_solved_fails_its_cases_alone(
    store: FieldStore, monkeypatch: pytest.MonkeyPatch
):
    fetch = store.fetch

    def refuse_some(problem):
        if problem.bodies[0].center_mm[0] > 0.5:
            message = "this section cannot be meshed today; move the lead."
            raise GeometryError(message)
        return fetch(problem)

    monkeypatch.setattr(store, "fetch", refuse_some)
    results = run(fields_study("lead.lateral_mm={ sweep = [0.0, 1.0] }", SAVE_FIELDS))
    assert results.dataset("status").tolist() == [Status.OK, Status.FAILED]
    assert "cannot be meshed today" in results.failures[0].reason
    assert np.isfinite(results.dataset("contact_matrix_ohm")[0]).all()
    assert np.isnan(results.dataset("contact_matrix_ohm")[1]).all()


def test_results_of_fields_alone_hold_no_fibers(
    store: FieldStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "fields.toml").write_text(FIELDS, encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["run", str(tmp_path / "fields.toml"), "--out", str(out), "--set", SAVE_FIELDS]
    assert main(arguments) == 0
    assert "fields: 1 solved, 0 read from the cache folder" in capsys.readouterr().err
    results = load_results(out)
    assert not any("fiber" in name for name in results.names)
    assert "fiber" not in results.attributes["model_scope"]
    assert "default conductivities" in results.attributes["model_scope"]
    assert "mcintyre2002" not in results.attributes["citations"]
    assert "capogrosso2013" in results.attributes["citations"]


BITS = """
import hashlib, sys
from scsim.study.run import run
from tests.study.test_fields import SAVE_FIELDS, fields_study

results = run(fields_study(SAVE_FIELDS))
for name in results.names:
    values = results.dataset(name)
    if values.dtype.kind == "f":
        print(name, hashlib.sha256(values.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_a_study_from_python_has_the_same_bits_for_any_number_of_threads_of_linear_algebra(
    repository: Path, tmp_path: Path
):
    def compute(n_threads: int) -> str:
        name = {"SCSIM_CACHE_DIR": str(tmp_path / f"{n_threads}")}
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), f"{n_threads}")
        return subprocess.run(
            [sys.executable, "-c", BITS],
            cwd=repository,
            env=os.environ | name | threads,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    one = compute(1)
    assert "contact_matrix_ohm" in one
    assert compute(2) == one
