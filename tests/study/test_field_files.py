"""Studies whose field or anatomy comes from a file: found beside the config, checked, and part of what results are of."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scsim.cli.main import main
from scsim.errors import ConfigError, ResultsError, ScsimError, Status
from scsim.fields.catalog import field_sources
from scsim.fields.closed_form.analytic import HomogeneousMedium
from scsim.fields.store import FieldStore
from scsim.fields.voxels.labels import LabelVolume
from scsim.plots.geometry import leads_of, outlines_of, roots_of
from scsim.plots.pictures import picture_names, save_pictures
from scsim.response.threshold import LONG_FIBER_RTOL
from scsim.study.reading.parse import load_study
from scsim.study.run import execute, run
from scsim.study.stages.places import make_setup
from scsim.tissue import SpineSection, load_spine
from tests.study.small_study import TEXT, small_study, without_sweeps

ANALYTIC = without_sweeps(TEXT).replace(
    'save = ["recruitment", "thresholds", "projection_rate", "pain_signal", "relief", "time_course"]',
    'save = ["thresholds", "field_profile"]',
)
IMPORTED = ANALYTIC.replace(
    'solver = "analytic"\ncontact_model = "line"\nsigma_s_per_m = 0.25',
    'solver = "imported"\nfile = "potentials.csv"\nprofile_depths_mm = [0.2]',
)

GRID_MM = (np.arange(-2.25, 2.3, 0.25), np.arange(2.5, 3.8, 0.25), np.arange(-46.0, 46.1, 0.5))
"""Axes of the samples: around the fibers of the small study, and the line of its profile."""


def _write_potentials(path: Path, sigma_s_per_m: float, labels: tuple[str, ...]) -> None:
    """Write the closed form of the small study on a grid, as other software would."""
    config = small_study(text=ANALYTIC).cases[0].config
    setup = make_setup(config)
    chosen = [
        source
        for contact, source in zip(setup.contacts, field_sources(setup), strict=True)
        if contact.label in labels
    ]
    points = np.stack(np.meshgrid(*GRID_MM, indexing="ij"), axis=-1).reshape(-1, 3)
    potential = HomogeneousMedium(sigma_s_per_m).unit_potential(chosen, points)
    head = ",".join(["x (mm)", "y (mm)", "z (mm)", *(f"{label} (mV/mA)" for label in labels)])
    np.savetxt(
        path,
        np.column_stack([points, potential.T]),
        fmt="%.9g",
        delimiter=",",
        header=head,
        comments="",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(IMPORTED, encoding="utf-8")
    _write_potentials(tmp_path / "potentials.csv", 0.25, ("c2", "c3"))
    return tmp_path


def test_an_imported_field_gives_the_thresholds_of_the_field_it_holds(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder.root)  # names are looked up beside the config, wherever scsim runs
    imported = run(load_study(folder / "study.toml"))
    analytic = run(small_study(text=ANALYTIC))
    assert np.all(imported.dataset("threshold_status") == Status.OK)
    # A cubic spline errs by about (h/d)^4 / 384 at a distance d = 4 mm with h = 0.5 mm, 1e-6; the search
    # stops at its own bracket.
    np.testing.assert_allclose(
        imported.dataset("threshold_ma"), analytic.dataset("threshold_ma"), rtol=2 * LONG_FIBER_RTOL
    )
    np.testing.assert_allclose(
        imported.dataset("profile_potential_mv_per_ma")[0],
        analytic.dataset("profile_potential_mv_per_ma")[0],
        atol=1e-5 * np.max(np.abs(analytic.dataset("profile_potential_mv_per_ma"))),
    )


def test_results_of_another_file_are_those_of_another_study(folder: Path):
    study = load_study(folder / "study.toml", ("output.save=['thresholds']",))
    first = execute(study, folder / "out").results
    assert execute(study, folder / "out").report.is_nothing_left
    _write_potentials(folder / "potentials.csv", 0.5, ("c2", "c3"))
    with pytest.raises(ResultsError, match=r"holds another study.*--out"):
        execute(study, folder / "out")
    second = run(study)
    # Twice the conductivity, half the potential.
    np.testing.assert_allclose(
        second.dataset("threshold_ma"),
        2.0 * first.dataset("threshold_ma"),
        rtol=3 * LONG_FIBER_RTOL,
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "montage={ c1 = -1.0, c3 = 1.0 }",
            "the file has c2, c3; the montage uses c1. Use contacts",
        ),
        (
            "fibers.margin_mm=60",
            "of the fibers, .* points lie outside the samples, .* make margin_mm",
        ),
        (
            "field.profile_depths_mm=[4.0]",
            "of the lines of the profile, .* change profile_depths_mm",
        ),
    ],
)
def test_what_the_file_lacks_is_told_before_anything_is_computed(
    folder: Path, change: str, said: str
):
    with pytest.raises(ConfigError, match=rf"field\.file.*{said}"):
        load_study(folder / "study.toml", (change,))


def test_the_coverage_of_the_file_is_told(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["check", str(folder / "study.toml")]) == 0
    told = capsys.readouterr().out
    assert "potentials.csv, fibers: " in told
    assert "cubic spline on a grid of 19 × 6 × 185 samples" in told
    assert main(["check", str(folder / "study.toml"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["coverage"]) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x (mm),y (mm),z (mm)\n0,0,0\n", "field.file"),
        ("x,y,z,c2 (mV/mA)\n0,0,0,1\n1,0,0,1\n", "has no unit"),
        ("", "field.file"),
    ],
)
def test_a_file_that_does_not_fit_is_told_before_anything_is_computed(
    folder: Path, content: str, said: str
):
    (folder / "potentials.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_study(folder / "study.toml")


def test_a_file_in_the_wrong_unit_is_doubted(folder: Path):
    path = folder / "potentials.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("(mV/mA)", "(V/mA)"), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"Check the unit of the potentials"):
        load_study(folder / "study.toml")


LABELLED = ANALYTIC.replace(
    '["thresholds", "field_profile"]', '["field_profile", "contact_matrix"]'
).replace(
    'solver = "analytic"\ncontact_model = "line"\nsigma_s_per_m = 0.25',
    'solver = "voxel"\nspacing_mm = 0.6\nlabel_file = "labels.nii"\nlabel_tissues = '
    '["soft_tissue", "bone", "epidural_fat", "dura", "csf", "white_matter", "gray_matter"]\n'
    '[domain]\nkind = "box"\nhalf_width_mm = 20\nhalf_length_mm = 20',
)
"""The small study in a short box, its anatomy from a volume."""


def _volume(tissues: Mapping[int, str], half_width_mm: float = 20.0) -> LabelVolume:
    """Give the anatomy of the small study as labels, 0.25 mm wide and of one slice."""
    n = round(2.0 * half_width_mm / 0.25)
    centers = 0.25 * (np.arange(n) - (n - 1) / 2.0)
    x, y = np.meshgrid(centers, centers, indexing="ij")
    names = load_spine(SpineSection()).cross_section().tissue_at(np.column_stack([x.flat, y.flat]))
    known = {name: label for label, name in tissues.items()}
    labels = np.array([known[name] for name in names]).reshape(n, n, 1)
    return LabelVolume(labels, (centers[0], centers[0], 0.0), (0.25, 0.25, 60.0), tissues)


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "study.toml").write_text(LABELLED, encoding="utf-8")
    (tmp_path / "labels.nii").write_bytes(b"read by another room")
    monkeypatch.setattr(
        "scsim.fields.voxels.labels.read_label_volume", lambda _, tissues: _volume(tissues)
    )
    store = FieldStore(tmp_path / "fields")
    monkeypatch.setattr("scsim.fields.store.default_store", lambda: store)
    return tmp_path / "study.toml"


@pytest.mark.slow
def test_anatomy_from_labels_gives_the_field_of_that_anatomy(labelled: Path):
    from_labels = run(load_study(labelled))
    unlabelled = LABELLED[: LABELLED.index("label_file")] + LABELLED[LABELLED.index("[domain]") :]
    from_outlines = run(small_study(text=unlabelled))
    # The same anatomy, as stairs of 0.25 mm and as smooth curves, on a grid of 0.6 mm.
    np.testing.assert_allclose(
        from_labels.dataset("profile_peak_mv_per_ma"),
        from_outlines.dataset("profile_peak_mv_per_ma"),
        rtol=0.1,
    )
    assert np.any(
        from_labels.dataset("contact_matrix_ohm") != from_outlines.dataset("contact_matrix_ohm")
    )


def test_a_box_beyond_the_labels_is_told_before_anything_is_computed(
    labelled: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(ConfigError, match=r"label_file.*the label volume.*half_width_mm = 20"):
        load_study(labelled, ("domain.half_width_mm=30",))


def test_a_lead_in_other_tissue_is_told_before_anything_is_computed(
    labelled: Path, monkeypatch: pytest.MonkeyPatch
):
    def shifted(_: Path, tissues: Mapping[int, str]) -> LabelVolume:
        volume = _volume(tissues, 30.0)
        x, y, z = volume.origin_mm
        return replace(volume, origin_mm=(x, y - 4.0, z))

    load_study(labelled)  # where the volume lies as the anatomy, the lead lies in fat
    monkeypatch.setattr("scsim.fields.voxels.labels.read_label_volume", shifted)
    (labelled.parent / "labels.nii").write_bytes(b"another volume")
    with pytest.raises(ConfigError, match=r"field.label_file.*% in bone.*lateral_mm"):
        load_study(labelled)


def test_labels_without_their_tissue_are_told_before_anything_is_computed(
    labelled: Path, monkeypatch: pytest.MonkeyPatch
):
    def unknown(_: Path, tissues: Mapping[int, str]) -> LabelVolume:
        return LabelVolume(np.full((2, 2, 2), 9), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), tissues)

    monkeypatch.setattr("scsim.fields.voxels.labels.read_label_volume", unknown)
    with pytest.raises(ConfigError, match=r"field.label_file.*9"):
        load_study(labelled)


def test_a_limit_of_the_store_that_is_no_number_is_told_before_a_folder_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    study = load_study(folder / "study.toml")
    monkeypatch.setenv("SCSIM_FIELD_CACHE_GB", "abc")
    with pytest.raises(ScsimError, match=r"SCSIM_FIELD_CACHE_GB = 'abc'.*Write one"):
        execute(study, folder / "out")
    assert not (folder / "out").exists()


@pytest.mark.slow
def test_labels_in_place_of_the_anatomy_leave_no_outlines_of_the_preset(labelled: Path):
    results = run(load_study(labelled, ("output.save=['contact_matrix']",)))
    assert outlines_of(results) == {}
    assert roots_of(results) == ()
    assert leads_of(results)
    assert "label volume labels.nii" in results.attributes["model_scope"]
    pictures = save_pictures(results, labelled.parent, "png")
    assert [path.stem for path in pictures if path.is_file()] == list(picture_names(results))
