"""Imported potentials: interpolation of each kind, coverage, plausibility and refusals."""

import re
import warnings

import numpy as np
import pytest
from scipy.spatial import Delaunay

from scsim.electrodes import PointSource, RingContact
from scsim.errors import GeometryError
from scsim.fields import HomogeneousMedium
from scsim.fields.imported import ImportedField, read_imported

UP = (0.0, 0.0, 1.0)
SPOTS = [PointSource((0.0, 8.0, -3.5)), PointSource((0.0, 8.0, 3.5))]
CONTACTS = [
    RingContact(f"c{index}", spot.position_mm, UP, 3.0, 0.65)
    for index, spot in enumerate(SPOTS, start=1)
]
MEDIUM = HomogeneousMedium(0.25)
FIBER = np.column_stack([np.full(161, 0.3), np.full(161, 2.9), np.linspace(-20.0, 20.0, 161)])


def imported(points, **changes):
    points = np.asarray(points, dtype=float)
    values = {
        "labels": ("c1", "c2"),
        "points_mm": points,
        "sample_mv_per_ma": MEDIUM.unit_potential(SPOTS, points),
        "source": "field.csv",
    }
    return ImportedField(**(values | changes))


def grid_points(step_mm=0.5, z_step_mm=0.5):
    lateral = np.arange(-2.0, 2.01, step_mm)
    dorsal = np.arange(1.0, 4.01, step_mm)
    z = np.arange(-22.0, 22.01, z_step_mm)
    return np.stack(np.meshgrid(lateral, dorsal, z, indexing="ij"), axis=-1).reshape(-1, 3)


def line_points(seed=1):
    """Lines at random places, each with samples of its own 0.1 to 0.9 mm apart."""
    rng = np.random.default_rng(seed)
    places = rng.uniform((-2.0, 1.0), (2.0, 4.0), (60, 2))
    z = np.arange(-22.0, 22.01, 0.5) + rng.uniform(-0.2, 0.2, (60, 89))
    z[:, 0], z[:, -1] = -22.0, 22.0
    return np.concatenate(
        [np.column_stack([np.full((89, 2), p), v]) for p, v in zip(places, z, strict=True)]
    )


def cloud_points(n_points=9000, seed=2, half_length_mm=22.0):
    rng = np.random.default_rng(seed)
    reach = (2.5, 4.5, half_length_mm)
    return rng.uniform((-2.5, 0.5, -half_length_mm), reach, (n_points, 3))


def errors(field, path=FIBER, step=8):
    """Largest error of the potential and of its second difference over 2 mm, relative to their largest values."""
    found, expected = field.unit_potential(CONTACTS, path), MEDIUM.unit_potential(SPOTS, path)

    def second(v):
        return v[:, 2 * step :] - 2.0 * v[:, step:-step] + v[:, : -2 * step]

    return (
        np.abs(found - expected).max() / np.abs(expected).max(),
        np.abs(second(found) - second(expected)).max() / np.abs(second(expected)).max(),
    )


# At a distance d of the source V ∝ 1/d: its second derivative is 2/d² of it, its fourth 24/d⁴, and the second derivative
# changes across by 12/d² of itself. The second difference over 2 mm is 4 V'' = 0.3 V at d = 5.1 mm, where the fiber is nearest.
DISTANCE_MM = 5.1
DRIVE = 4.0 * 2.0 / DISTANCE_MM**2


def spline_error(spacing_mm):
    """Bound the error of a cubic spline, 5/384 h⁴ times the fourth derivative (Hall and Meyer 1976), relative to V."""
    return 5.0 / 384.0 * spacing_mm**4 * 24.0 / DISTANCE_MM**4


def test_a_grid_is_interpolated_by_cubic_splines():
    potential, drive = errors(imported(grid_points()))
    assert potential < 3.0 * spline_error(0.5)  # once per axis
    assert drive < 4.0 * 3.0 * spline_error(0.5) / DRIVE  # four values


def test_a_spline_converges_with_the_fourth_power_of_the_spacing():
    coarse, fine = (errors(imported(grid_points(step, step)))[0] for step in (0.5, 0.25))
    assert 10.0 < coarse / fine < 24.0


def test_lines_are_splines_along_and_linear_across():
    field = imported(line_points())
    potential, drive = errors(field)
    places = np.unique(field.points_mm[:, :2], axis=0)
    mesh = Delaunay(places)
    corners = places[mesh.simplices[int(mesh.find_simplex(FIBER[:1, :2])[0])]]
    reach = np.linalg.norm(corners - FIBER[0, :2], axis=1).max()
    # Linear pieces: half the curvature times the squared distance of the corners.
    assert potential < 0.5 * reach**2 * 2.0 / DISTANCE_MM**2 + spline_error(0.9)
    assert drive < 0.5 * reach**2 * 12.0 / DISTANCE_MM**2 + 4.0 * spline_error(0.9) / DRIVE
    assert "60 lines" in field.coverage(FIBER).method


def test_a_fiber_on_a_line_sees_its_spline_alone():
    own = [[*FIBER[0, :2], z] for z in np.arange(-22.0, 22.1, 0.5)]
    potential, drive = errors(imported(np.concatenate([line_points(), own])))
    assert potential < spline_error(0.5)
    assert drive < 4.0 * spline_error(0.5) / DRIVE


def test_a_cloud_is_fitted_by_cubics():
    # The density is that of a grid of 0.46 mm. No bound of moving least squares is known to us: the bars are those that
    # the reference sets for voxels, and doubling the density along each axis must show more than a second order.
    field = imported(cloud_points())
    potential, drive = errors(field)
    assert potential < 1e-2
    assert drive < 5e-2
    assert "9000 scattered samples" in field.coverage(FIBER).method
    short = FIBER[60:101]
    coarse, fine = (
        errors(imported(cloud_points(n, half_length_mm=8.0)), short) for n in (3000, 24000)
    )
    assert coarse[0] / fine[0] > 4.0
    assert coarse[1] / fine[1] > 4.0


@pytest.mark.parametrize("points", [grid_points(), line_points(), cloud_points(3000)])
def test_samples_keep_their_values(points):
    field = imported(points)
    some = points[:: len(points) // 97]
    np.testing.assert_allclose(
        field.unit_potential(CONTACTS, some), MEDIUM.unit_potential(SPOTS, some), rtol=1e-7
    )


@pytest.mark.parametrize("points", [grid_points(), line_points(), cloud_points(3000)])
def test_a_linear_potential_is_kept_exactly(points):
    slope = np.array([0.3, -0.2, 0.1])
    linear = 40.0 + points @ slope
    field = imported(points, labels=("c1",), sample_mv_per_ma=linear[None])
    inside = np.random.default_rng(0).uniform((-1.2, 1.6, -19.0), (1.2, 3.4, 19.0), (80, 3))
    np.testing.assert_allclose(
        field.unit_potential(CONTACTS[:1], inside)[0], 40.0 + inside @ slope, rtol=1e-9
    )


def test_shuffled_rows_change_nothing():
    points = grid_points()
    order = np.random.default_rng(0).permutation(len(points))
    np.testing.assert_allclose(
        imported(points).unit_potential(CONTACTS, FIBER),
        imported(points[order]).unit_potential(CONTACTS, FIBER),
        rtol=1e-12,
    )


def test_a_coordinate_with_few_digits_still_makes_a_grid():
    points = grid_points()
    noisy = points + np.random.default_rng(0).uniform(-1e-6, 1e-6, points.shape)
    assert "grid of 9 × 7 × 89" in imported(noisy).coverage(FIBER).method


@pytest.mark.parametrize(
    ("flat", "method"),
    [((True, False, False), "grid of 1 × 7 × 89"), ((True, True, False), "grid of 1 × 1 × 89")],
)
def test_samples_in_a_plane_or_line_answer_there_only(flat, method):
    points = grid_points()
    for axis, is_flat in enumerate(flat):
        if is_flat:
            points = points[points[:, axis] == 2.0 if axis else points[:, axis] == 0.0]
    field = imported(points)
    own = np.array([[0.0, 2.0, 1.3], [0.0, 2.0, -7.1]])
    np.testing.assert_allclose(
        field.unit_potential(CONTACTS, own), MEDIUM.unit_potential(SPOTS, own), rtol=2e-3
    )
    assert method in field.coverage(own).method
    with pytest.raises(GeometryError, match=r"1 of 1 points lie outside .* by 0.2 mm"):
        field.unit_potential(CONTACTS, own[:1] + np.array([0.2, 0.0, 0.0]))


def test_lines_in_one_plane_answer_on_them():
    z = np.linspace(-20.0, 20.0, 81)
    points = np.concatenate(
        [
            np.column_stack([np.full(81, x), np.full(81, 2.0 + x), z + 0.1 * x])
            for x in (0.0, 0.5, 1.5)
        ]
    )
    field = imported(points)
    own = np.array([[0.5, 2.5, 1.3]])
    np.testing.assert_allclose(
        field.unit_potential(CONTACTS, own), MEDIUM.unit_potential(SPOTS, own), rtol=1e-4
    )
    assert field.coverage([[0.25, 2.25, 1.3], [0.5, 2.5, 1.3]]).n_inside == 1


def test_a_flat_cloud_answers_near_its_samples():
    rng = np.random.default_rng(0)
    points = np.column_stack(
        [np.zeros(500), rng.uniform(1.0, 4.0, 500), rng.uniform(-9.0, 9.0, 500)]
    )
    field = imported(points)
    own = points[:3] + np.array([0.0, 0.05, 0.05])
    np.testing.assert_allclose(
        field.unit_potential(CONTACTS, own), MEDIUM.unit_potential(SPOTS, own), rtol=2e-3
    )
    assert field.coverage([[3.0, 2.0, 0.0]]).n_inside == 0


def test_coverage_counts_and_measures():
    field = imported(grid_points())
    report = field.coverage(
        [[0.0, 2.0, 0.0], [0.25, 2.25, 0.25], [0.0, 2.0, 25.0], [5.0, 2.0, 26.0]]
    )
    assert (report.n_points, report.n_inside, report.n_far) == (4, 2, 0)
    assert report.outside_mm == pytest.approx(5.0)  # 3 mm sideways and 4 mm along
    assert str(report).startswith(
        "2 of 4 points inside (the others up to 5 mm outside); largest distance"
    )
    inside = imported(cloud_points()).coverage(FIBER)
    assert (inside.n_inside, inside.n_far, inside.outside_mm) == (161, 0, 0.0)
    assert 0.0 < inside.relative_gap < 1.5
    assert "outside" not in str(inside)


@pytest.mark.parametrize("points", [grid_points(), line_points(), cloud_points(3000)])
def test_points_outside_are_refused_with_the_numbers(points):
    with pytest.raises(GeometryError) as caught:
        imported(points).unit_potential(
            CONTACTS, [[0.0, 2.0, 0.0], [0.0, 2.0, 30.0], [0.0, 2.0, 24.0]]
        )
    text = str(caught.value)
    assert text.startswith(
        "field.csv: 2 of 3 points lie outside the samples, point 1 at [0.0, 2.0, 30.0] mm by "
    )
    assert "samples reach from" in text
    assert "Export samples of a larger region, shorten the fibers, or move them." in text


def test_holes_are_warned_of():
    points = cloud_points()
    points = points[np.abs(points[:, 2] - 5.0) > 3.0]
    with pytest.warns(
        UserWarning, match=r"field.csv: .* of 161 points lie in holes, up to .* Export samples"
    ):
        imported(points).unit_potential(CONTACTS, FIBER)


def test_contacts_are_known_by_their_labels():
    field = imported(grid_points())
    table = field.unit_potential([CONTACTS[1], CONTACTS[0], CONTACTS[1]], FIBER)
    np.testing.assert_array_equal(table[0], table[2])
    np.testing.assert_array_equal(table[:2], field.unit_potential(CONTACTS, FIBER)[::-1])
    assert field.unit_potential(CONTACTS, np.zeros((0, 3))).shape == (2, 0)
    for source in (RingContact("c9", (0.0, 0.0, 0.0), UP, 3.0, 0.65), SPOTS[0]):
        with pytest.raises(
            GeometryError, match=r": field.csv has potentials of c1, c2\. Use contacts with"
        ):
            field.unit_potential([source], FIBER)


@pytest.mark.parametrize("factor", [1e3, 1e-3])
def test_a_wrong_unit_of_the_potential_is_warned_of_once(factor):
    points = grid_points()
    with pytest.warns(
        UserWarning, match=r"would be a point source .* S/m; .* Check the unit of the pot"
    ) as seen:
        imported(points, sample_mv_per_ma=factor * MEDIUM.unit_potential(SPOTS, points))
    assert len(seen) == 1


@pytest.mark.parametrize("factor", [1e3, 1e-3])
def test_a_wrong_unit_of_the_coordinates_is_warned_of_once(factor):
    points = grid_points()
    with pytest.warns(
        UserWarning, match=r"samples extend over .* mm; .* Check the unit of the coord"
    ) as seen:
        ImportedField(
            ("c1", "c2"), factor * points, MEDIUM.unit_potential(SPOTS, points), "field.csv"
        )
    assert len(seen) == 1


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.6, 2.0])
@pytest.mark.parametrize("points", [grid_points(), line_points(), cloud_points(3000)])
def test_tissue_is_plausible(points, sigma):
    samples = HomogeneousMedium(sigma).unit_potential(SPOTS, points)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        field = imported(points, sample_mv_per_ma=samples)
    assert seen == []
    assert np.array_equal(field.sample_mv_per_ma, samples)


def test_what_shows_no_distance_is_let_pass():
    points = grid_points()
    for level in (5e6, 0.0):  # one level everywhere: no unit could be read from it
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            field = imported(points, sample_mv_per_ma=np.full((2, len(points)), level))
        assert seen == []
        assert (field.sample_mv_per_ma == level).all()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"sample_mv_per_ma": np.ones((1, 5607))},
            r"field.csv: potentials of shape \(1, 5607\) for 2 contacts",
        ),
        ({"labels": ("c1", "c1")}, r"contacts c1, c1: a label stands twice\. Rename one"),
        (
            {"labels": (), "sample_mv_per_ma": np.ones((0, 5607))},
            r"for 0 contacts .* at least one of each",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, text):
    with pytest.raises(GeometryError, match=text):
        imported(grid_points(), **change)


def test_two_samples_at_one_place_are_refused():
    points = np.concatenate([grid_points(), grid_points()[10:12]])
    with pytest.raises(
        GeometryError, match=r"2 samples lie where another lies, the first at .* Keep one"
    ):
        imported(points)


def test_a_file_becomes_a_field(tmp_path):
    points = grid_points(1.0, 1.0)
    rows = np.column_stack([points / 1e3, MEDIUM.unit_potential(SPOTS, points).T / 1e3])
    path = tmp_path / "field.csv"
    np.savetxt(path, rows, delimiter=",", comments="", header="x_m,y_m,z_m,c1_v_per_ma,c2_v_per_ma")
    field = read_imported(path)
    assert field.labels == ("c1", "c2")
    np.testing.assert_allclose(
        field.unit_potential(CONTACTS, points[:5]),
        MEDIUM.unit_potential(SPOTS, points[:5]),
        rtol=1e-9,
    )


def test_lists_are_as_good_as_arrays():
    points = grid_points(1.0, 4.0)
    values = MEDIUM.unit_potential(SPOTS, points)
    listed = imported(points, points_mm=points.tolist(), sample_mv_per_ma=values.tolist())
    np.testing.assert_array_equal(
        listed.unit_potential(CONTACTS, FIBER[60:70]),
        imported(points).unit_potential(CONTACTS, FIBER[60:70]),
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_potentials_that_are_not_finite_are_refused(bad):
    points = grid_points(1.0, 4.0)
    values = MEDIUM.unit_potential(SPOTS, points)
    values[1, 3] = values[1, 7] = bad
    place = re.escape(str(points[3].tolist()))
    with pytest.raises(
        GeometryError,
        match=rf"field.csv: 2 potentials are not finite, .* c2 at {place} mm\. Leave out samples",
    ):
        imported(points, sample_mv_per_ma=values)


@pytest.mark.parametrize("values", [[[1.0, 2.0], [1.0]], "many", [["a"], ["b"]], None])
def test_potentials_that_are_no_array_of_numbers_are_refused(values):
    with pytest.raises(
        GeometryError,
        match=r"field.csv: (sample_mv_per_ma is no array of .* samples, |potentials of)",
    ):
        imported(grid_points(1.0, 4.0), sample_mv_per_ma=values)
