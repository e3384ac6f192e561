"""Pictures of fields: sections, lines, contact matrix, the view in space, and files for ParaView."""

from __future__ import annotations

import builtins
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import scsim
from scsim import plots
from scsim.electrodes import Disc, PointSource
from scsim.errors import GeometryError, ResultsError, StimulusError
from scsim.formats.hdf5 import make_variable
from scsim.formats.vtu import write_vtu
from scsim.plots.field_section import potential_levels
from scsim.plots.section_samples import Setting, holds, montage_shares, sample_plane, setting_of
from scsim.plots.shapes import prism, tube
from scsim.plots.style import polarity_color, polarity_handles
from scsim.results.store import Results
from scsim.tissue import Conductivities, CrossSection, Ellipse, Region
from tests.unit.test_plots import (
    all_missing,
    all_texts,
    ellipse,
    made_up_places,
    make_results,
    overhang_inches,
    with_values,
)

if TYPE_CHECKING:
    from pathlib import Path

    from scsim.electrodes import Lead
    from scsim.fields.canal.spectral import ExtrudedMedium

SIGMA = 0.25
Z = np.arange(-20.0, 20.5, 0.5)
LABELS = np.array([f"c{number}" for number in range(1, 9)])


def potential_of(depth_mm: float) -> np.ndarray:
    return -30.0 / (1.0 + depth_mm + (Z / 6.0) ** 2)


def field_results(**axes: np.ndarray) -> Results:
    """A study of the field alone; with an axis, the potential grows along it."""
    places = made_up_places(2)
    kept = {
        name: value for name, value in places.items() if "geometry/" in name and "fiber" not in name
    }
    potential = np.array([potential_of(0.2), potential_of(1.0)])
    dims: tuple[str, ...] = ("depth_mm", "z_mm")
    if axes:
        ((name, values),) = axes.items()
        potential = potential * np.arange(1, len(values) + 1)[:, None, None]
        dims = (name, *dims)
    matrix = 1000.0 / (1.0 + 10.0 * np.abs(np.subtract.outer(np.arange(8), np.arange(8))))
    return make_results(
        {
            **axes,
            "depth_mm": np.array([0.2, 1.0]),
            "z_mm": Z,
            "contact": LABELS,
            "driven_contact": LABELS,
        },
        kept
        | {
            "profile_potential_mv_per_ma": (dims, potential),
            "profile_second_difference_mv_per_ma": (dims, -potential),
            "contact_matrix_ohm": (("contact", "driven_contact"), matrix),
        },
    )


def paddle_results() -> Results:
    """The same with a paddle of two columns of four plates."""
    results = field_results()
    nowhere = np.full(8, np.nan)
    center = np.array([[x, 7.3, 7.0 * row] for x in (-2.0, 2.0) for row in range(4)])
    corners = np.array([[-3, 7.3], [3, 7.3], [3, 8.3], [-3, 8.3], [-3, 7.3]], dtype=np.float64)
    return with_values(
        results,
        **{
            "geometry/contact_center_mm": center,
            "geometry/contact_normal": np.tile([0.0, -1.0, 0.0], (8, 1)),
            "geometry/contact_radius_mm": nowhere,
            "geometry/contact_width_mm": np.full(8, 1.5),
            "geometry/lead_outline_mm": corners[None],
        },
    )


@pytest.fixture(scope="module")
def lead() -> Lead:
    found = scsim.place_lead(scsim.load_lead("percutaneous-4"), (0.0, 7.95, 0.0))
    assert isinstance(found, scsim.Lead)
    return found


@pytest.fixture(scope="module")
def canal(lead: Lead) -> ExtrudedMedium:
    """A thoracic canal on a coarse mesh: pictures need no more."""
    spine = scsim.load_spine(scsim.SpineSection())
    problem = scsim.SectionProblem(
        spine.cross_section([lead.body]),
        scsim.load_conductivities(scsim.ConductivitySection()),
        (lead.body,),
        40.0,
        scsim.SpectralSettings(resolution=0.5),
    )
    return scsim.ExtrudedMedium(problem, problem.solve(), lead.contacts)


class TestSamples:
    def test_current_density_of_a_point_is_that_of_ohm(self) -> None:
        # 1 mA from a point spreads evenly over a sphere: 1 / (4 π r²) mA/mm², whatever conducts.
        tissues = CrossSection("one", "fat", (Region("inside", "csf", Ellipse((0, 0), (3, 3))),))
        same = Conductivities("same", (("fat", (SIGMA, SIGMA)), ("csf", (SIGMA, SIGMA))))
        samples = sample_plane(
            scsim.HomogeneousMedium(SIGMA),
            [PointSource((0.0, 0.0, 2.0))],
            [1.0],
            0.0,
            setting=Setting(tissues, (), same),
            window_mm=(-4.0, 4.0, -4.0, 4.0),
            has_density=True,
        )
        x, y = np.meshgrid(samples.x_mm, samples.y_mm)
        r = np.sqrt(x**2 + y**2 + 4.0)
        expected = 1000.0 / (4.0 * np.pi * r**3) * np.stack([x, y, np.full_like(x, -2.0)])
        assert samples.density_ua_per_mm2_per_ma is not None
        error = np.abs(samples.density_ua_per_mm2_per_ma - expected)
        # With h = 0.05 mm: one-sided differences, at the border of the inner tissue, err by h/2 · 2 · 1000/(4π r³)
        # at most, at r = 2 mm; central ones by h²/6 · 6 · 1000/(4π r⁴).
        step = samples.x_mm[1] - samples.x_mm[0]
        assert np.nanmax(error) < step * 1000.0 / (4.0 * np.pi * 2.0**3)
        assert np.nanmedian(error) < step**2 * 1000.0 / (4.0 * np.pi * 2.0**4)

    def test_conductivity_jumps_stay_sharp(self) -> None:
        tissues = CrossSection("one", "fat", (Region("inside", "csf", Ellipse((0, 0), (3, 3))),))
        unlike = Conductivities("unlike", (("fat", (1.0, 1.0)), ("csf", (10.0, 10.0))))
        even, odd = (
            sample_plane(
                scsim.HomogeneousMedium(SIGMA),
                [PointSource((0.0, 0.0, 2.0))],
                [1.0],
                0.0,
                setting=Setting(tissues, (), conductivities),
                window_mm=(-4.0, 4.0, -4.0, 4.0),
                has_density=True,
            ).density_ua_per_mm2_per_ma
            for conductivities in (
                Conductivities("even", (("fat", (1.0, 1.0)), ("csf", (1.0, 1.0)))),
                unlike,
            )
        )
        assert even is not None
        assert odd is not None
        with np.errstate(invalid="ignore"):
            ratio = odd / even
        assert set(np.unique(np.round(ratio[np.isfinite(ratio)], 6))) == {1.0, 10.0}

    def test_leads_are_left_out(self, canal: ExtrudedMedium, lead: Lead) -> None:
        samples = sample_plane(
            canal,
            lead.contacts,
            [-1.0, 1.0, 0.0, 0.0],
            0.0,
            setting=setting_of(canal),
            window_mm=(-2.0, 2.0, 6.0, 10.0),
        )
        x, y = np.meshgrid(samples.x_mm, samples.y_mm)
        inside = np.hypot(x, y - 7.95) <= lead.radius_mm
        assert np.array_equal(np.isnan(samples.potential_mv_per_ma), inside)

    def test_section_is_the_medium_itself(self, canal: ExtrudedMedium, lead: Lead) -> None:
        samples = sample_plane(
            canal,
            lead.contacts,
            [-1.0, 0.5, 0.0, 0.5],
            1.0,
            setting=setting_of(canal),
            window_mm=(-4.0, 4.0, -4.0, 4.0),
            has_density=True,
        )
        point = [[samples.x_mm[100], samples.y_mm[30], 1.0]]
        expected = scsim.superpose(
            canal.unit_potential(lead.contacts, point), [-1.0, 0.5, 0.0, 0.5]
        )
        # Of waves that have decayed to 1e-5 the medium sums those that the nearest point of a call needs.
        assert samples.potential_mv_per_ma[30, 100] == pytest.approx(expected[0], rel=1e-4)

    def test_slabs_hold_points_in_their_own_frame(self) -> None:
        slab = scsim.electrodes.bodies.Slab((1.0, 2.0), 4.0, 1.0, (), 90.0)
        points = np.array([[1.0, 3.9, 0.0], [1.0, 4.1, 0.0], [1.4, 2.0, 0.0], [1.6, 2.0, 0.0]])
        assert holds(slab, points).tolist() == [True, False, True, False]
        assert holds(Disc((0.0, 0.0), 1.0), points).tolist() == [False] * 4

    def test_current_density_needs_conductivities(self) -> None:
        with pytest.raises(GeometryError, match=r"no section and no conductivities\. Give section"):
            plots.field_section(
                scsim.HomogeneousMedium(SIGMA),
                [1.0],
                sources=[PointSource((0.0, 0.0, 0.0))],
                quantity="current_density",
                z_mm=1.0,
            )

    def test_shares_by_label_and_in_order(self, lead: Lead) -> None:
        assert montage_shares({"c2": -1.0}, lead.contacts).tolist() == [0.0, -1.0, 0.0, 0.0]
        assert montage_shares([1, 0, 0, -1], lead.contacts).tolist() == [1.0, 0.0, 0.0, -1.0]
        with pytest.raises(StimulusError, match=r"names c9; the contacts are c1, c2, c3, c4\. Use"):
            montage_shares({"c9": 1.0}, lead.contacts)
        with pytest.raises(
            StimulusError, match=r"2 shares for 4 contacts \(c1.*Give one share per"
        ):
            montage_shares([1.0, -1.0], lead.contacts)


class TestFieldSection:
    @pytest.mark.parametrize("quantity", ["potential", "current_density"])
    def test_says_what_is_drawn_and_clips_nothing(
        self, canal: ExtrudedMedium, quantity: Any
    ) -> None:
        ax = plots.field_section(canal, {"c2": -1.0, "c3": 1.0}, quantity=quantity)
        texts = all_texts(ax.figure).replace("\n", " ")
        assert "c2 −1, c3 +1" in texts
        assert "one synthetic anatomy" in texts
        unit = "(mV/mA)" if quantity == "potential" else "(µA/mm² per mA)"
        assert unit in texts
        assert ax.get_xlabel() == "x, to the left (mm)"
        assert overhang_inches(ax.figure) <= 0.01

    def test_plane_lies_at_the_largest_share(self, canal: ExtrudedMedium, lead: Lead) -> None:
        ax = plots.field_section(canal, {"c2": 0.4, "c3": -1.0, "c4": 0.6})
        assert f"z = {lead.contacts[2].center_mm[2]:.4g} mm" in ax.get_title().replace("\n", " ")

    def test_metal_in_the_plane_has_the_color_of_its_polarity(self, canal: ExtrudedMedium) -> None:
        colors = [line.get_color() for line in plots.field_section(canal, {"c2": -1.0}).lines]
        assert polarity_color(-1.0) in colors
        assert polarity_color(1.0) not in colors

    def test_refuses_another_quantity_and_media_without_contacts(
        self, canal: ExtrudedMedium
    ) -> None:
        quantity: Any = "charge"
        with pytest.raises(
            GeometryError, match=r"'charge'.*'current_density' can be drawn\. Choose"
        ):
            plots.field_section(canal, {"c2": -1.0}, quantity=quantity)
        with pytest.raises(GeometryError, match=r"HomogeneousMedium has 0 contacts.*Give sources"):
            plots.field_section(scsim.HomogeneousMedium(SIGMA), [1.0])

    @pytest.mark.parametrize(
        ("low", "high", "ends"),
        [(-730.0, -0.1, (-1000.0, 0.0)), (0.0, 3.0, (0.0, 5.0)), (-40.0, 8.0, (-50.0, 10.0))],
    )
    def test_levels_hold_the_range_in_steps_of_1_2_5(
        self, low: float, high: float, ends: tuple[float, float]
    ) -> None:
        levels = potential_levels(low, high)
        assert (levels[0], levels[-1]) == pytest.approx(ends)
        assert (np.diff(levels) > 0.0).all()
        sizes = np.abs(levels[levels != 0.0])
        mantissa = sizes / 10.0 ** np.floor(np.log10(sizes) + 1e-9)
        assert set(np.round(mantissa, 6)) <= {1.0, 2.0, 5.0}

    def test_no_potential_at_all_has_levels(self) -> None:
        assert potential_levels(0.0, 0.0).tolist() == [-1.0, 0.0, 1.0]


class TestFieldLines:
    def test_one_line_per_depth(self) -> None:
        ax = plots.field_profile(field_results())
        lines = [line for line in ax.lines if len(line.get_xdata()) == Z.size]
        assert [line.get_ydata().tolist() for line in lines] == [
            potential_of(0.2).tolist(),
            potential_of(1.0).tolist(),
        ]
        assert ax.get_ylabel().replace("\n", " ") == "Potential along the cord (mV/mA)"

    def test_one_line_per_condition_at_each_depth(self) -> None:
        results = field_results(csf_thickness_mm=np.array([2.0, 3.0, 4.0]))
        figure = plots.field_profiles(results)
        assert len(figure.axes) == 4
        for column, depth in enumerate((0.2, 1.0)):
            lines = [line for line in figure.axes[column].lines if len(line.get_xdata()) == Z.size]
            assert len(lines) == 3
            assert np.allclose(lines[2].get_ydata(), 3.0 * potential_of(depth))
        assert "CSF thickness 4 mm" in all_texts(figure)
        assert overhang_inches(figure) <= 0.01

    def test_says_how_many_conditions_are_left_out(self) -> None:
        figure = plots.field_profiles(field_results(csf_thickness_mm=np.linspace(2.0, 5.0, 9)))
        assert "first 7 of 9 conditions" in all_texts(figure)

    def test_contacts_lie_below_the_lines_in_the_color_of_their_polarity(self) -> None:
        from matplotlib.colors import to_hex

        ax = plots.field_profile(field_results())
        assert [to_hex(box.get_facecolor()) for box in ax.patches][3:5] == [
            polarity_color(-1.0).lower(),
            polarity_color(1.0).lower(),
        ]
        ax.figure.draw_without_rendering()
        low, high = ax.get_ylim()
        tops = [low + (box.get_y() + box.get_height()) * (high - low) for box in ax.patches]
        assert max(tops) < potential_of(0.2).min()

    def test_columns_of_contacts_are_rows(self) -> None:
        boxes = plots.field_profile(paddle_results()).patches
        assert [box.get_y() for box in boxes[:4]] == [0.0] * 4
        assert len({box.get_y() for box in boxes}) == 2

    def test_along_fibers(self, canal: ExtrudedMedium, lead: Lead) -> None:
        fibers = [scsim.Fiber("mrg", 10.0, path_mm=[(0.0, 3.2, -30.0), (0.0, 3.2, 30.0)])]
        figure = plots.field_along(canal, {"c2": -1.0, "c3": 1.0}, fibers, names=["dorsal $1"])
        above, below = figure.axes
        (unit,) = canal.unit_potential_along(lead.contacts, fibers)
        shares = [0.0, -1.0, 1.0, 0.0]
        assert np.allclose(above.lines[0].get_ydata(), np.array(shares) @ unit)
        (drive,) = scsim.activating_function(fibers, [unit], shares=shares)
        assert np.allclose(below.lines[0].get_ydata(), drive.rate_mv_per_ms)
        assert r"dorsal \$1" in all_texts(figure)
        assert overhang_inches(figure) <= 0.01

    def test_asks_for_the_profile(self) -> None:
        results = make_results({"contact": LABELS}, made_up_places(2))
        for draw in (plots.field_profile, plots.field_profiles):
            with pytest.raises(
                ResultsError, match=r"lack profile_potential_mv_per_ma.*Add the group"
            ):
                draw(results)


class TestContactMatrix:
    def test_numbers_are_those_stored(self) -> None:
        ax = plots.contact_matrix(field_results())
        assert ax.images[0].get_array()[0].tolist() == pytest.approx(
            1000.0 / (1 + 10 * np.arange(8))
        )
        assert {"1000", "90.9", "14.1"} <= {text.get_text() for text in ax.texts}
        assert ax.get_xlabel() == "Driven contact"

    def test_asks_for_the_matrix(self) -> None:
        results = make_results({"contact": LABELS}, made_up_places(2))
        for draw in (plots.contact_matrix, plots.contact_matrices):
            with pytest.raises(ResultsError, match=r"lack contact_matrix_ohm\. Add the group"):
                draw(results)


class TestStudiesOfTheFieldAlone:
    NAMES = ("lead_and_fibers", "lead_in_space", "field_profile", "contact_matrix")

    @pytest.mark.parametrize(
        "results", [field_results(), paddle_results()], ids=["rings", "paddle"]
    )
    def test_all_pictures_without_fibers(self, results: Results) -> None:
        figures = plots.standard_pictures(results)
        assert tuple(figures) == self.NAMES
        for figure in figures.values():
            assert overhang_inches(figure) <= 0.01
            assert "one synthetic anatomy" in all_texts(figure)
        assert "fibers" not in all_texts(figures["lead_and_fibers"])

    def test_every_case_failed(self) -> None:
        for figure in plots.standard_pictures(all_missing(field_results())).values():
            assert overhang_inches(figure) <= 0.01
            assert "no value was computed" in all_texts(figure)

    def test_paddles_are_seen_from_behind_and_rings_from_the_side(self) -> None:
        titles = [
            plots.lead_and_fibers(results).axes[2].get_title()
            for results in (field_results(), paddle_results())
        ]
        assert titles == ["Along the cord (heights stretched)", "From behind"]


class TestSpace:
    def test_prisms_are_closed_and_as_large_as_they_should_be(self) -> None:
        outline = ellipse(1.0, 2.0, 1.0)
        faces = prism(outline, -5.0, 4.0)
        # By Gauss: the volume is a third of the integral of the position along the normal.
        triangles = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
        one, other = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
        area = 0.5 * np.linalg.norm(np.cross(one, other), axis=1)
        x, y = outline[:-1].T
        base = 0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
        around = np.linalg.norm(np.diff(outline, axis=0), axis=1).sum()
        assert area.sum() == pytest.approx(2.0 * base + 9.0 * around, rel=1e-12)

    def test_tubes_keep_their_radius_around_tilted_paths(self) -> None:
        path = np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 12.0]])
        corners = tube(path, 0.5).reshape(-1, 3)
        along = path[1] / 13.0
        distance = np.linalg.norm(corners - np.outer(corners @ along, along), axis=1)
        assert np.allclose(distance, 0.5)

    def test_arcs_lie_where_they_should(self) -> None:
        cuff = scsim.load_lead("cuff-bipolar-partial")
        for metal, contact in zip(plots.make_shapes([cuff]).contacts, cuff.contacts, strict=True):
            angle = np.degrees(np.arctan2(metal.faces_mm[..., 1], metal.faces_mm[..., 0]))
            middle = contact.middle_deg  # type: ignore[union-attr]
            apart = np.abs((angle - middle + 180.0) % 360.0 - 180.0)
            assert apart.max() == pytest.approx(contact.span_deg / 2.0)  # type: ignore[union-attr]

    def test_results_and_devices_give_the_same_shapes(self) -> None:
        shapes = plots.shapes_of_results(paddle_results())
        assert [metal.label for metal in shapes.contacts] == LABELS.tolist()
        assert [metal.share for metal in shapes.contacts] == [0, 0, 0, -1, 1, 0, 0, 0]
        first = shapes.contacts[0].faces_mm.reshape(-1, 3)
        assert np.allclose(np.ptp(first, axis=0), [1.5, 0.0, 3.0])
        assert first[0, 1] < 7.3
        assert shapes.span_mm == (-1.5, 22.5)

    @pytest.mark.parametrize("name", ["percutaneous-16", "paddle-5-column", "cuff-tripolar"])
    def test_no_text_is_clipped(self, name: str) -> None:
        device: Any = scsim.load_lead(name)
        ax: Any = plots.view_in_space(plots.make_shapes([device], shares={"c1": -1.0, "c3": 1.0}))
        texts = all_texts(ax.figure)
        assert "cathode (first phase)" in texts
        assert "c3" in texts
        assert overhang_inches(ax.figure) <= 0.01

    def test_a_spine_brings_its_roots(self, lead: Lead) -> None:
        shapes = plots.make_shapes([lead], scsim.load_spine(scsim.SpineSection()))
        assert len(shapes.roots_mm) == 2
        assert np.isnan([metal.share for metal in shapes.contacts]).all()
        assert "dorsal roots" in all_texts(plots.view_in_space(shapes).figure)

    def test_roots_of_results_are_those_that_are_there(self) -> None:
        results = field_results()
        assert plots.shapes_of_results(results).roots_mm == ()
        path = np.array([[2.6, 3.0, 0.0], [7.0, 1.0, -8.0]])
        roots = np.stack([path, np.full((2, 3), np.nan)])
        name = "geometry/root_path_mm"
        variable = make_variable(name, ("side", "vertex_root", "axis"), roots, {})
        (root,) = plots.shapes_of_results(
            Results(MappingProxyType({**results.variables, name: variable}), results.attributes)
        ).roots_mm
        assert np.array_equal(root, path)

    def test_refuses_no_device(self) -> None:
        with pytest.raises(GeometryError, match=r"there are 0 devices.*Give a lead"):
            plots.make_shapes([])

    def test_legend_names_what_is_there(self) -> None:
        names = [handle.get_label() for handle in polarity_handles([-1.0, 0.0])]
        assert names == ["cathode (first phase)", "idle contact"]
        assert [handle.get_label() for handle in polarity_handles([np.nan])] == ["contact"]


class TestVtu:
    def test_files_read_back(self, canal: ExtrudedMedium, lead: Lead, tmp_path: Path) -> None:
        meshio = pytest.importorskip("meshio")
        spine = scsim.load_spine(scsim.SpineSection())
        fiber = scsim.Fiber("mrg", 10.0, path_mm=[(0.0, 3.2, -30.0), (0.0, 3.2, 30.0)])
        shapes = plots.make_shapes([lead], spine, shares={"c2": -1.0, "c3": 1.0}, fibers=[fiber])
        paths = plots.export_vtu(shapes, tmp_path / "new", medium=canal)
        names = ["leads", "tissues", "fibers", "roots", "section"]
        assert [path.name for path in paths] == [f"{name}.vtu" for name in names]
        assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
            path.name for path in paths
        )
        meshes = {path.stem: meshio.read(path) for path in paths}
        lines = meshes["fibers"]
        (unit,) = canal.unit_potential_along(lead.contacts, [fiber])
        expected = np.array([0.0, -1.0, 1.0, 0.0]) @ unit
        assert np.allclose(lines.points, fiber.compartment_positions_mm())
        assert np.allclose(lines.point_data["potential_mv_per_ma"], expected)
        assert lines.cells_dict["line"].tolist()[-1] == [len(expected) - 2, len(expected) - 1]
        numbers = meshes["leads"].cell_data_dict["contact_number"]["triangle"]
        shares = meshes["leads"].cell_data_dict["share"]["triangle"]
        assert set(numbers) == {0, 1, 2, 3, 4}
        assert set(shares[numbers == 2]) == {-1.0}
        plane = meshes["section"]
        assert np.isfinite(plane.point_data["potential_mv_per_ma"]).all()
        assert plane.point_data["current_density_ua_per_mm2_per_ma"].shape == plane.points.shape
        assert np.allclose(plane.points[:, 2], lead.contacts[1].center_mm[2])

    def test_results_without_a_medium(self, tmp_path: Path) -> None:
        pytest.importorskip("meshio")
        paths = plots.export_vtu(field_results(), tmp_path)
        assert [path.stem for path in paths] == ["leads", "tissues"]

    def test_asks_for_a_montage(self, canal: ExtrudedMedium, lead: Lead, tmp_path: Path) -> None:
        with pytest.raises(
            GeometryError, match=r"no contact of 4 has a share.*Give shares, such as"
        ):
            plots.export_vtu(plots.make_shapes([lead]), tmp_path, medium=canal)
        assert list(tmp_path.iterdir()) == []

    def test_nothing_was_computed(self, tmp_path: Path) -> None:
        with pytest.raises(
            ResultsError, match=r"no case of these results was computed.*Run a study"
        ):
            plots.export_vtu(all_missing(field_results()), tmp_path)

    def test_without_meshio(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        found = builtins.__import__

        def without_meshio(name: str, *args: Any, **kwargs: Any) -> Any:
            if name == "meshio":
                raise ModuleNotFoundError(name)
            return found(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without_meshio)
        with pytest.raises(
            ResultsError, match=r"needs meshio\. Install it with: pip install 'scsim"
        ):
            plots.export_vtu(field_results(), tmp_path)

    def test_refuses_what_it_cannot_write(self, tmp_path: Path) -> None:
        pytest.importorskip("meshio")
        points = np.zeros((2, 3))
        with pytest.raises(
            ResultsError, match=r"does not end in \.vtu.*Give a name such as a\.vtu"
        ):
            write_vtu(tmp_path / "a.txt", points, {"line": [[0, 1]]})
        with pytest.raises(
            ResultsError, match=r"2 kinds of cells; a file holds one.*Write one file"
        ):
            write_vtu(tmp_path / "a.vtu", points, {"line": [[0, 1]], "triangle": [[0, 1, 1]]})
        (tmp_path / "file").write_text("")
        with pytest.raises(ResultsError, match=r"cannot be written.*Give a folder"):
            write_vtu(tmp_path / "file" / "a.vtu", points, {"line": [[0, 1]]})
