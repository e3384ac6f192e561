"""Pictures of results: what they show, for grids and for lists of cases, and that they leave no trace."""

from __future__ import annotations

import subprocess
import sys
import warnings
from itertools import combinations, pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scsim import plots
from scsim.errors import ResultsError, Status
from scsim.formats.hdf5 import make_variable
from scsim.plots import pictures
from scsim.plots.geometry import CONTACTS, FIBERS, PLACES
from scsim.plots.reading import circuit_label, config_value, in_words, is_numeric, label
from scsim.plots.style import axes_or_new, cell_edges, is_better_in_log, line_look
from scsim.results.schema import DATASETS, INNER_DIMENSIONS
from scsim.results.store import Results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = """
[lead]
preset = "percutaneous-8"
[montage]
c4 = -1.0
c5 = 1.0
[stimulus]
amplitude_ma = 4.0
[afferents]
a_beta_min_diameter_um = 10.7
noxious_onset_s = 1.0
[circuit]
model = "crodelle2019"
"""

NAMES = ("lead_and_fibers", "lead_in_space", "recruitment", "pain_map", "time_course")

AMPLITUDES = np.linspace(0.5, 8.0, 16)
RATES = np.array([10.0, 30.0, 50.0, 100.0])
STATES = np.array(["healthy", "disinhibited"])
KEYS = {
    "amplitude_ma": "stimulus.amplitude_ma",
    "frequency_hz": "stimulus.frequency_hz",
    "state": "circuit.state",
}


def ellipse(center_y: float, half_x: float, half_y: float) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 61)
    return np.column_stack([half_x * np.cos(turn), center_y + half_y * np.sin(turn)])


def made_up_places(n_fibers: int) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Geometry that looks like a thoracic level; every number is made up."""
    rng = np.random.default_rng(1)
    diameter = np.geomspace(3, 15, n_fibers)
    lateral, depth = rng.uniform(-2, 2, n_fibers), rng.uniform(0, 0.3, n_fibers)
    height = 0.1 + 3.5 * np.sqrt(1 - (lateral / 4.5) ** 2) - depth
    end = np.column_stack([lateral, height, np.full(n_fibers, 70.0)])
    center = np.column_stack([np.zeros(8), np.full(8, 7.95), 7.0 * (np.arange(8) - 3.5)])
    weight = np.exp(-0.5 * ((np.log(diameter) - np.log(5)) / 0.3) ** 2)
    threshold = 20 / diameter * (1 + depth) * (1 + 0.1 * lateral**2)
    places = {
        "fiber_diameter_um": (("fiber",), diameter),
        "fiber_weight": (("fiber",), weight / weight.sum()),
        "fiber_lateral_mm": (("fiber",), lateral),
        "fiber_depth_mm": (("fiber",), depth),
        "threshold_ma": (("fiber",), threshold),
        "geometry/contact_center_mm": (("contact", "axis"), center),
        "geometry/contact_direction": (("contact", "axis"), np.tile([0.0, 0.0, 1.0], (8, 1))),
        "geometry/contact_length_mm": (("contact",), np.full(8, 3.0)),
        "geometry/contact_radius_mm": (("contact",), np.full(8, 0.65)),
        "geometry/contact_normal": (("contact", "axis"), np.full((8, 3), np.nan)),
        "geometry/contact_width_mm": (("contact",), np.full(8, np.nan)),
        "geometry/lead_outline_mm": (
            ("lead", "vertex_lead", "section_axis"),
            ellipse(7.95, 0.65, 0.65)[None],
        ),
        "geometry/lead_span_mm": (("lead", "end"), np.array([[-26.0, 26.0]])),
        "geometry/fiber_start_mm": (("fiber", "axis"), end * [1, 1, -1]),
        "geometry/fiber_end_mm": (("fiber", "axis"), end),
    }
    outlines = {
        "bone": ellipse(0, 17, 16),
        "canal": ellipse(0, 10.5, 9.5),
        "dura_outer": ellipse(0, 8.3, 7.1),
        "dura_inner": ellipse(0, 8.0, 6.8),
        "cord": ellipse(0.1, 4.5, 3.5),
        "gray_matter": ellipse(0.1, 2.0, 2.0),
    }
    for name, outline in outlines.items():
        places[f"geometry/outline_{name}_mm"] = ((f"vertex_{name}", "section_axis"), outline)
    return places


def make_results(
    axes: Mapping[str, np.ndarray], datasets: Mapping[str, tuple[tuple[str, ...], Any]]
) -> Results:
    """Put made-up arrays into the results that a study would give."""
    variables = {}
    for name, values in axes.items():
        attributes = {"config_key": KEYS[name]} if name in KEYS else {}
        variables[name] = make_variable(name, (name,), values, attributes)
    for name, (dims, values) in datasets.items():
        assert name in DATASETS
        variables[name] = make_variable(name, dims, np.asarray(values), {})
    swept = tuple(name for name in axes if name not in INNER_DIMENSIONS)
    shape = tuple(len(axes[name]) for name in swept)
    variables["status"] = make_variable("status", swept, np.zeros(shape, dtype=np.int64), {})
    attributes = {"config": CONFIG, "title": "made up", "scsim_version": "0", "config_hash": "0"}
    return Results(MappingProxyType(variables), MappingProxyType(attributes))


def grid_results() -> Results:
    """A study over amplitude, rate and state: healthy is quiet from 25 Hz on, disinhibited in 35-90."""
    places = made_up_places(200)
    diameter, weight, threshold = (
        places[name][1] for name in ("fiber_diameter_um", "fiber_weight", "threshold_ma")
    )
    fires = threshold <= AMPLITUDES[:, None]
    thick = diameter >= 10.7
    share = (fires * weight * thick).sum(axis=1) / (weight * thick).sum()
    afferent = 1 + share[:, None] * RATES
    quiet = np.stack([afferent > 25, (afferent > 35) & (afferent < 90)], axis=-1)
    rate = np.where(quiet, 0.5, 48.0)
    time = np.linspace(0, 3, 61)
    course = np.where(time > 1, rate[..., None] * (1 - np.exp(-(time - 1) / 0.1)), 0.5)
    dims = ("amplitude_ma", "frequency_hz", "state")
    return make_results(
        {
            "amplitude_ma": AMPLITUDES,
            "frequency_hz": RATES,
            "state": STATES,
            "time_s": time,
            "contact": np.array([f"c{number}" for number in range(1, 9)]),
        },
        places
        | {
            "recruited_share": (dims[:1], share),
            "recruited_share_all": (dims[:1], (fires * weight).sum(axis=1)),
            "a_beta_rate_hz": (dims[:2], afferent),
            "projection_rate_hz": (dims, rate),
            "pain_signal": (dims, rate / 48),
            "projection_time_course_hz": ((*dims, "time_s"), course),
            "rest_time_course_hz": (("state", "time_s"), course[0, 0]),
        },
    )


@pytest.fixture(scope="module")
def grid() -> Results:
    return grid_results()


def without(results: Results, *names: str) -> Results:
    kept = {name: value for name, value in results.variables.items() if name not in names}
    return Results(MappingProxyType(kept), results.attributes)


def with_values(results: Results, **values: np.ndarray) -> Results:
    changed = {
        name: make_variable(name, results.dims(name), value, {}) for name, value in values.items()
    }
    return Results(MappingProxyType({**results.variables, **changed}), results.attributes)


def all_missing(results: Results) -> Results:
    """The results of a study in which every case failed: coordinates, and NaN everywhere else."""
    missing = {}
    for name, variable in results.variables.items():
        if name not in results.coordinates and variable.values.dtype.kind == "f":
            missing[name] = np.full(variable.values.shape, np.nan)
    return with_values(results, **missing)


def case_results(names: list[str]) -> Results:
    """Listed cases instead of a grid."""
    time = np.linspace(0, 3, 4)
    results = make_results(
        {"case": np.arange(len(names)), "time_s": time},
        {
            "pain_signal": (("case",), np.ones(len(names))),
            "projection_time_course_hz": (("case", "time_s"), np.ones((len(names), 4))),
        },
    )
    variables = {
        **results.variables,
        "case_name": make_variable("case_name", ("case",), np.array(names), {}),
    }
    return Results(variables, {**results.attributes, "coordinates": "case_name"})


def draw_one(results: Results, name: str) -> Any:
    """Draw one of the standard pictures: all of them take seconds."""
    return pictures._PICTURES[name][1](results)


def all_texts(figure: Any) -> str:
    from matplotlib.text import Text

    return " | ".join(text.get_text() for text in figure.findobj(Text))


def overhang_inches(figure: Any) -> float:
    """How far the drawn things reach over the border of the figure."""
    figure.draw_without_rendering()
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    return float(
        max(page.x0 - drawn.x0, page.y0 - drawn.y0, drawn.x1 - page.x1, drawn.y1 - page.y1)
    )


def texts_outside(figure: Any) -> list[str]:
    """The texts that reach over the border of the figure."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    page = figure.bbox.padded(1)
    hidden = []  # labels of ticks beyond the ends of their axis are not drawn
    for axis in [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]:
        low, high = sorted(axis.get_view_interval())
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        hidden += [tick.label1 for tick in ticks if not low <= tick.get_loc() <= high]
    found = []
    for text in figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible()):
        box = text.get_window_extent()
        is_inside = page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0
        if text not in hidden and text.get_text().strip() and not (is_inside and box.y1 <= page.y1):
            found.append(text.get_text())
    return found


def meeting_labels(figure: Any) -> list[tuple[str, str]]:
    """Pairs of drawn tick labels of one axis that intersect."""
    figure.draw_without_rendering()
    pairs = []
    for axis in [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]:
        low, high = sorted(axis.get_view_interval())
        labels = [
            tick.label1
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            if low <= tick.get_loc() <= high
            and tick.label1.get_text()
            and tick.label1.get_visible()
        ]
        pairs += [
            (one.get_text(), other.get_text())
            for one, other in combinations(labels, 2)
            if one.get_window_extent().overlaps(other.get_window_extent())
        ]
    return pairs


def recruitment_of(n_montages: int, n_widths: int) -> Results:
    """Recruitment of long-named montages at some pulse widths, without thresholds."""
    montages = [f"guarded cathode number {number} on the midline" for number in range(n_montages)]
    axes = {"amplitude_ma": np.arange(1.0, 6.0)}
    if n_montages > 1:
        axes["montage"] = np.array(montages)
    if n_widths > 1:
        axes["pulse_width_us"] = 210.0 * np.arange(1, n_widths + 1)
    share = np.full([len(values) for values in axes.values()], 0.5)
    datasets = {name: (tuple(axes), share) for name in ("recruited_share", "recruited_share_all")}
    return make_results(axes, datasets)


class TestStandardPictures:
    def test_the_check_for_clipped_texts_finds_one(self) -> None:
        ax = axes_or_new(None)
        ax.figure.set_layout_engine("none")
        ax.set_position((0, 0, 1, 1))
        assert overhang_inches(ax.figure) > 0.1

    def test_names(self, grid: Results) -> None:
        assert plots.picture_names(grid) == NAMES
        assert tuple(plots.standard_pictures(grid)) == NAMES

    def test_only_what_was_saved(self, grid: Results) -> None:
        less = without(grid, "pain_signal", "projection_time_course_hz")
        assert plots.picture_names(less) == ("lead_and_fibers", "lead_in_space", "recruitment")

    @pytest.mark.parametrize("name", NAMES)
    def test_says_what_it_rests_on_and_clips_nothing(self, grid: Results, name: str) -> None:
        figure = draw_one(grid, name)
        texts = all_texts(figure)
        assert "one synthetic anatomy" in texts
        assert ("rate model crodelle2019" in texts) == (name in {"pain_map", "time_course"})
        assert overhang_inches(figure) <= 0.01

    def test_every_axis_is_named(self, grid: Results) -> None:
        for figure in plots.standard_pictures(grid).values():
            for ax in figure.axes:
                shares_x = ax.get_subplotspec() and not ax.get_subplotspec().is_last_row()
                assert ax.get_ylabel() or ax.get_subplotspec().colspan.start > 0
                assert ax.get_xlabel() or shares_x or ax.get_label() == "<colorbar>"

    @pytest.mark.parametrize("name", NAMES)
    def test_says_so_if_every_case_failed(self, grid: Results, name: str) -> None:
        figure = draw_one(all_missing(grid), name)
        assert overhang_inches(figure) <= 0.01
        assert "no value was computed" in all_texts(figure)

    def test_says_so_if_every_listed_case_failed(self) -> None:
        for figure in plots.standard_pictures(all_missing(case_results(["a", "b"]))).values():
            assert overhang_inches(figure) <= 0.01
            assert "no value was computed" in all_texts(figure)

    def test_says_nothing_of_the_kind_if_one_case_was_computed(self, grid: Results) -> None:
        names = [name for name in grid.variables if "amplitude_ma" in grid.dims(name)]
        some = {
            name: np.concatenate(
                [np.full_like(grid.dataset(name)[:-1], np.nan), grid.dataset(name)[-1:]]
            )
            for name in names
            if name not in {"amplitude_ma", "status"}
        }
        for figure in plots.standard_pictures(with_values(grid, **some)).values():
            figure.draw_without_rendering()
            assert "no value was computed" not in all_texts(figure)

    def test_leaves_no_global_trace(self, grid: Results) -> None:
        import matplotlib as mpl

        before = dict(mpl.rcParams)
        plots.standard_pictures(grid)
        assert dict(mpl.rcParams) == before
        assert (
            "matplotlib.pyplot" not in sys.modules
            or not sys.modules["matplotlib.pyplot"].get_fignums()
        )

    def test_importing_plots_does_not_import_matplotlib(self) -> None:
        code = "import sys, scsim.plots; sys.exit('matplotlib' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestSavePictures:
    @pytest.mark.parametrize("picture_format", ["png", "svg", "pdf"])
    def test_writes_whole_files_with_their_origin(
        self, grid: Results, tmp_path: Path, picture_format: Any
    ) -> None:
        less = without(grid, "pain_signal", "recruited_share")
        paths = plots.save_pictures(less, tmp_path / "new", picture_format)
        drawn = ("lead_and_fibers", "lead_in_space", "time_course")
        names = [f"{name}.{picture_format}" for name in drawn]
        assert [path.name for path in paths] == names
        assert sorted(path.name for path in (tmp_path / "new").iterdir()) == names
        assert b"made up" in paths[0].read_bytes() or picture_format == "pdf"

    @pytest.mark.parametrize("picture_format", ["png", "svg", "pdf"])
    def test_letters_that_the_font_lacks_are_one_line_of_the_log(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, picture_format: Any
    ) -> None:
        paths = plots.save_pictures(case_results(["脊髄", "ok"]), tmp_path, picture_format)
        assert len(paths) == 2
        (line,) = [record.getMessage() for record in caplog.records if record.name[:5] == "scsim"]
        assert "font lacks 脊 髄, drawn as boxes; give the cases names in Latin" in line

    def test_other_warnings_are_handed_on(
        self, grid: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def draw(_: Results) -> Any:
            with warnings.catch_warnings(action="default"):
                warnings.warn("mine", UserWarning, stacklevel=1)
            return axes_or_new(None).figure

        monkeypatch.setattr(pictures, "_PICTURES", {"one": ((), draw)})
        with pytest.warns(UserWarning, match="mine"):
            plots.save_pictures(grid, tmp_path)

    def test_refuses_an_unknown_format(self, grid: Results, tmp_path: Path) -> None:
        with pytest.raises(ResultsError, match=r"'bmp' is unknown.*png, svg, pdf.*Choose"):
            plots.save_pictures(grid, tmp_path, "bmp")  # type: ignore[arg-type]

    def test_refuses_a_folder_that_is_a_file(self, grid: Results, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("")
        with pytest.raises(ResultsError, match=r"taken cannot be written: .*Give a folder"):
            plots.save_pictures(grid, tmp_path / "taken")


class TestLeadAndFibers:
    def test_montage_is_written_on_the_contacts(self, grid: Results) -> None:
        texts = all_texts(plots.side_view(grid).figure)
        assert "c1 | c2" in texts
        assert "−1" in texts
        assert "+1" in texts

    def test_swept_montage_is_left_out(self, grid: Results) -> None:
        swept = CONFIG.replace("c4 = -1.0\nc5 = 1.0", "sweep = [{ c4 = -1.0, c5 = 1.0 }]")
        results = Results(grid.variables, {**grid.attributes, "config": swept})
        assert "+1" not in all_texts(plots.side_view(results).figure)

    def test_each_fiber_is_drawn_where_it_lies(self, grid: Results) -> None:
        dots = np.asarray(plots.cross_section(grid).collections[-1].get_offsets())
        lateral = grid.dataset("fiber_lateral_mm")
        assert np.array_equal(np.sort(dots[:, 0]), np.sort(lateral))

    def test_close_up_shows_lead_and_all_fibers(self, grid: Results) -> None:
        ax = plots.cross_section(grid, is_close_up=True)
        assert ax.get_xlim()[0] < -2
        assert ax.get_ylim()[1] > 7.95 + 0.65

    def test_fibers_and_contacts_that_a_shorter_case_lacks_are_left_out(
        self, grid: Results
    ) -> None:
        padded = dict(grid.variables)
        for name in ("threshold_ma", *CONTACTS, *FIBERS, "fiber_depth_mm"):
            values = grid.dataset(name).copy()
            values[-2:] = np.nan
            padded[name] = make_variable(name, grid.dims(name), values, {})
        results = Results(padded, grid.attributes)
        texts = all_texts(plots.side_view(results).figure)
        assert "c6" in texts
        assert "c7" not in texts
        assert len(plots.cross_section(results).collections[-1].get_offsets()) == 198
        draw_one(results, "lead_and_fibers").draw_without_rendering()
        assert "no threshold" not in all_texts(plots.thresholds(results).figure)

    def test_first_of_several_positions_is_drawn(self, grid: Results) -> None:
        name = "geometry/contact_center_mm"
        center = grid.dataset(name)
        moved = make_variable(
            name, ("lateral_mm", "contact", "axis"), np.stack([center, center + 1]), {}
        )
        axis = make_variable("lateral_mm", ("lateral_mm",), np.array([0.0, 1.0]), {})
        variables = {**grid.variables, name: moved, "lateral_mm": axis}
        results = Results(variables, grid.attributes)
        limits = plots.cross_section(results, is_close_up=True).get_xlim()
        assert limits == plots.cross_section(grid, is_close_up=True).get_xlim()

    def test_first_computed_of_several_positions_is_drawn(self, grid: Results) -> None:
        moved = {"lateral_mm": make_variable("lateral_mm", ("lateral_mm",), np.arange(2.0), {})}
        for name in (*PLACES, *FIBERS):
            values = grid.dataset(name)
            values = np.stack([np.full_like(values, np.nan), values])
            moved[name] = make_variable(name, ("lateral_mm", *grid.dims(name)), values, {})
        results = Results({**grid.variables, **moved}, grid.attributes)
        limits = plots.cross_section(results, is_close_up=True).get_xlim()
        assert limits == plots.cross_section(grid, is_close_up=True).get_xlim()

    def test_says_which_position_is_drawn(self, grid: Results) -> None:
        thickness = np.array([2.0, 3.2, 4.5])
        moved = {
            "csf_thickness_mm": make_variable(
                "csf_thickness_mm", ("csf_thickness_mm",), thickness, {}
            )
        }
        for name in (*PLACES, *FIBERS):
            values = np.stack([grid.dataset(name)] * 3)
            dims = ("csf_thickness_mm", *grid.dims(name))
            moved[name] = make_variable(name, dims, values, {})
        results = Results({**grid.variables, **moved}, grid.attributes)
        figure = plots.lead_and_fibers(results)
        assert "first of 3 positions: CSF thickness 2 mm" in all_texts(figure)
        assert "positions" not in all_texts(plots.lead_and_fibers(grid))
        values = moved["fiber_diameter_um"].values.copy()
        values[0] = np.nan
        later = with_values(results, fiber_diameter_um=values)
        figure = plots.lead_and_fibers(later)
        assert "number 2 of 3 positions: CSF thickness 3.2 mm" in all_texts(figure)

    def test_asks_for_the_geometry(self, grid: Results) -> None:
        with pytest.raises(ResultsError, match=r"lack geometry/lead_span_mm.*output\.save"):
            plots.lead_and_fibers(without(grid, "geometry/lead_span_mm"))


class TestRecruitment:
    def test_marks_are_the_stored_shares(self, grid: Results) -> None:
        marks = {line.get_label(): line for line in plots.recruitment(grid).lines}
        thick = marks["A-beta (≥ 10.7 µm)"]
        assert np.array_equal(thick.get_xdata(), AMPLITUDES)
        assert np.array_equal(thick.get_ydata(), grid.dataset("recruited_share"))
        all_fibers = marks["all fibers"].get_ydata()
        assert np.array_equal(all_fibers, grid.dataset("recruited_share_all"))

    def test_steps_pass_through_the_marks(self, grid: Results) -> None:
        ax = plots.recruitment(grid)
        steps, marks = ax.lines[:2]
        after = np.searchsorted(steps.get_xdata(), marks.get_xdata(), side="right") - 1
        reached = np.concatenate([[0.0], steps.get_ydata()])[after + 1]
        assert np.allclose(reached, marks.get_ydata())

    def test_without_thresholds_marks_are_joined(self, grid: Results) -> None:
        ax = plots.recruitment(without(grid, "threshold_ma"))
        assert [line.get_linestyle() for line in ax.lines] == ["--", "-"]

    def test_one_amplitude_is_one_mark(self, grid: Results) -> None:
        results = make_results({}, {"recruited_share": ((), 0.5), "recruited_share_all": ((), 0.1)})
        marks = plots.recruitment(results).lines[1]
        assert marks.get_xdata() == [4.0]
        assert marks.get_ydata() == [0.5]

    def test_other_swept_keys_get_colors_and_names(self) -> None:
        share = np.linspace(0, 1, 32).reshape(16, 2)
        widths = np.array([60.0, 210.0])
        dims = ("amplitude_ma", "pulse_width_us")
        results = make_results(
            {"amplitude_ma": AMPLITUDES, "pulse_width_us": widths},
            {"recruited_share": (dims, share), "recruited_share_all": (dims, share / 2)},
        )
        lines = plots.recruitment(results).lines
        assert lines[1].get_label() == "A-beta (≥ 10.7 µm), pulse width 60 µs"
        assert lines[1].get_color() == lines[0].get_color() != lines[2].get_color()

    @pytest.mark.parametrize(
        ("n_montages", "n_widths", "is_first_of_many"),
        [(1, 1, False), (2, 2, False), (7, 1, False), (4, 2, True)],
    )
    def test_no_text_is_clipped(
        self, n_montages: int, n_widths: int, is_first_of_many: bool
    ) -> None:
        figure = plots.recruitment_and_thresholds(recruitment_of(n_montages, n_widths))
        assert texts_outside(figure) == []
        texts = all_texts(figure).replace("\n", " ")
        assert "Recruitment of dorsal-column fibers (one synthetic anatomy)" in texts
        assert ("number 1 on the midline" in texts) == (n_montages > 1)
        assert ("first 7 of 8 conditions" in texts) == is_first_of_many

    def test_the_check_for_texts_outside_finds_one(self) -> None:
        figure = axes_or_new(None).figure
        figure.text(0.9, 0.5, "much too long for what is left")
        assert texts_outside(figure) == ["much too long for what is left"]

    def test_colors_are_conditions_and_marks_are_groups(self) -> None:
        figure = plots.recruitment_and_thresholds(recruitment_of(2, 2))
        names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        assert names == ["all fibers", "A-beta (≥ 10.7 µm)"]
        handles = figure.legends[0].get_lines()
        assert [handle.get_label() for handle in handles][1] == (
            "guarded cathode number 0 on the midline, pulse width 420 µs"
        )
        drawn = [line.get_color() for line in figure.axes[0].lines[::2]]
        assert [handle.get_color() for handle in handles] == drawn

    def test_curves_upon_each_other_all_show(self) -> None:
        lines = plots.recruitment(recruitment_of(2, 2)).lines[::2]
        widths = [line.get_linewidth() for line in lines]
        assert widths == sorted(set(widths), reverse=True)

    def test_thresholds_below_the_upper_edge_and_fibers_without_one_on_it(
        self, grid: Results
    ) -> None:
        threshold = grid.dataset("threshold_ma").copy()
        threshold[:3] = np.nan
        variable = make_variable("threshold_ma", ("fiber",), threshold, {})
        results = Results({**grid.variables, "threshold_ma": variable}, grid.attributes)
        ax = plots.thresholds(results)
        assert "no threshold (3)" in all_texts(ax.figure)
        assert len(ax.collections[1].get_offsets()) == 3
        status = np.where(np.isfinite(threshold), Status.OK, Status.NOT_DECIDED)
        reasons = make_variable("threshold_status", ("fiber",), status, {})
        results = Results({**results.variables, "threshold_status": reasons}, grid.attributes)
        assert "not decided (3)" in all_texts(plots.thresholds(results).figure)

    def test_no_fiber_with_a_threshold_is_a_curve_at_0_with_a_note(self, grid: Results) -> None:
        silent = with_values(
            grid,
            threshold_ma=np.full(200, np.nan),
            recruited_share=np.zeros(16),
            recruited_share_all=np.zeros(16),
        )
        figure = plots.recruitment_and_thresholds(silent)
        assert overhang_inches(figure) <= 0.01
        curve, dots = figure.axes[:2]
        for ax in (curve, dots):
            assert "no fiber has a threshold" in " ".join(text.get_text() for text in ax.texts)
        assert [line.get_linestyle() for line in curve.lines] == ["--", "-"]
        assert not any(line.get_ydata().any() for line in curve.lines)
        assert dots.get_yscale() == "linear"

    def test_axis_reaches_over_the_fibers_without_a_threshold(self, grid: Results) -> None:
        threshold, diameter = grid.dataset("threshold_ma"), grid.dataset("fiber_diameter_um")
        few = with_values(grid, threshold_ma=np.where(diameter > 12, threshold, np.nan))
        low, high = plots.thresholds(few).get_xlim()
        assert low < diameter.min()
        assert high > diameter.max()

    def test_asks_for_the_recruitment(self, grid: Results) -> None:
        with pytest.raises(ResultsError, match=r"lack recruited_share\. Add the group"):
            plots.recruitment(without(grid, "recruited_share"))
        with pytest.raises(ResultsError, match=r"lack threshold_ma\. Add the group"):
            plots.thresholds(without(grid, "threshold_ma"))


class TestPainMap:
    def test_cells_are_the_stored_signal(self, grid: Results) -> None:
        ax = plots.pain_map(grid, at={"state": 1})
        stored = grid.dataset("pain_signal")[:, :, 1].T
        assert np.array_equal(ax.collections[0].get_array(), stored)
        assert ax.get_title() == "disinhibited"
        assert ax.get_xlabel() == "Amplitude (mA)"
        assert ax.get_ylabel() == "Pulse rate (Hz)"

    def test_descending_sweeps_are_drawn_ascending(self, grid: Results) -> None:
        turned = {"frequency_hz": make_variable("frequency_hz", ("frequency_hz",), RATES[::-1], {})}
        for name in ("pain_signal", "projection_rate_hz", "a_beta_rate_hz"):
            variable = grid.variables[name]
            turned[name] = make_variable(name, variable.dims, variable.values[:, ::-1], {})
        results = Results({**grid.variables, **turned}, grid.attributes)
        drawn = plots.pain_map(results).collections[0].get_array()
        assert np.array_equal(drawn, plots.pain_map(grid).collections[0].get_array())

    def test_edge_lies_between_quiet_and_loud_cells(self, grid: Results) -> None:
        from matplotlib.collections import LineCollection

        ax = plots.pain_map(grid, at={"state": 0})
        edge = [found for found in ax.collections if isinstance(found, LineCollection)][-1]
        segments = np.array(edge.get_segments())
        level = segments[np.ptp(segments[:, :, 1], axis=1) == 0][:, 0, 1]
        assert np.allclose(level, np.sqrt(10 * 30))

    def test_no_edge_towards_missing_values(self, grid: Results) -> None:
        from matplotlib.collections import LineCollection

        rate = np.full((16, 4, 2), np.nan)
        rate[3] = 0.5
        ax = plots.pain_map(with_values(grid, projection_rate_hz=rate))
        assert not any(isinstance(found, LineCollection) for found in ax.collections)
        texts = all_texts(plots.pain_maps(with_values(grid, projection_rate_hz=rate)))
        assert "crosses 10 Hz" not in texts

    def test_ticks_of_many_values_do_not_meet(self, grid: Results) -> None:
        amplitudes = np.geomspace(0.5, 8.0, 16)
        ax = plots.pain_map(with_values(grid, amplitude_ma=amplitudes))
        ax.figure.draw_without_rendering()
        boxes = [tick.get_window_extent() for tick in ax.get_xticklabels() if tick.get_text()]
        boxes = [box for box in boxes if ax.bbox.x0 <= box.x0 + box.width / 2 <= ax.bbox.x1]
        assert len(boxes) >= 3
        assert all(one.x1 < other.x0 for one, other in pairwise(boxes))

    @pytest.mark.parametrize(
        "amplitudes",
        [
            np.geomspace(0.5, 8.0, 16),
            np.linspace(0.5, 6.0, 16),
            np.linspace(0.05, 0.2, 16),
            np.geomspace(2.1, 4.5, 16),
            np.geomspace(0.01, 90.0, 16),
        ],
    )
    @pytest.mark.parametrize("n_states", [1, 2, 6])
    def test_tick_labels_do_not_meet_and_maps_end_with_what_was_computed(
        self, amplitudes: np.ndarray, n_states: int
    ) -> None:
        dims = ("amplitude_ma", "frequency_hz", "state")
        rates = np.linspace(10, 110, 21)
        states = np.array([f"state {number}" for number in range(n_states)])
        results = make_results(
            {"amplitude_ma": amplitudes, "frequency_hz": rates, "state": states},
            {"pain_signal": (dims, np.ones((16, 21, n_states)))},
        )
        figure = plots.pain_maps(results)
        assert meeting_labels(figure) == []
        assert texts_outside(figure) == []
        ax = figure.axes[0]
        assert np.allclose(ax.get_xlim(), (amplitudes[0], amplitudes[-1]))
        assert np.allclose(ax.get_ylim(), (10, 110))
        ticks = [tick for tick in ax.get_xticks() if amplitudes[0] <= tick <= amplitudes[-1]]
        assert len(ticks) >= 2

    def test_tick_labels_of_the_quickstart_do_not_meet(self, grid: Results) -> None:
        assert meeting_labels(plots.pain_maps(grid)) == []
        amplitudes = np.geomspace(0.5, 8.0, 16)
        assert meeting_labels(plots.pain_maps(with_values(grid, amplitude_ma=amplitudes))) == []

    def test_the_check_for_meeting_labels_finds_one(self) -> None:
        ax = axes_or_new(None)
        ax.set_xticks([0.5, 0.51], ["half", "more"])
        assert meeting_labels(ax.figure) == [("half", "more")]

    def test_missing_values_are_gray_and_do_not_fail(self, grid: Results) -> None:
        nothing = np.full((16, 4, 2), np.nan)
        dims = grid.dims("pain_signal")
        variable = make_variable("pain_signal", dims, nothing, {})
        results = Results({**grid.variables, "pain_signal": variable}, grid.attributes)
        ax = plots.pain_maps(results).axes[0]
        assert ax.collections[0].get_array().mask.all()

    def test_one_panel_per_state_with_one_scale(self, grid: Results) -> None:
        figure = plots.pain_maps(grid)
        maps = [ax for ax in figure.axes if ax.get_title()]
        assert [ax.get_title() for ax in maps] == ["healthy", "disinhibited"]
        assert len({ax.collections[0].get_clim() for ax in maps}) == 1

    def test_says_how_many_conditions_are_left_out(self) -> None:
        results = make_results(
            {
                "amplitude_ma": AMPLITUDES,
                "frequency_hz": RATES,
                "state": np.array([f"state {number}" for number in range(9)]),
            },
            {"pain_signal": (("amplitude_ma", "frequency_hz", "state"), np.ones((16, 4, 9)))},
        )
        assert "first 6 of 9 conditions" in all_texts(plots.pain_maps(results))

    def test_refuses_a_map_of_one_number(self) -> None:
        results = make_results(
            {"amplitude_ma": AMPLITUDES}, {"pain_signal": (("amplitude_ma",), np.ones(16))}
        )
        with pytest.raises(ResultsError, match=r"sweeps 1 \(amplitude_ma\)\. Draw pain_curves"):
            plots.pain_map(results)

    def test_curves_over_one_number(self) -> None:
        signal = np.linspace(0, 1, 8).reshape(4, 2)
        results = make_results(
            {"frequency_hz": RATES[::-1], "state": STATES},
            {"pain_signal": (("frequency_hz", "state"), signal)},
        )
        ax = plots.pain_maps(results).axes[0]
        assert [line.get_label() for line in ax.lines[:2]] == list(STATES)
        assert np.array_equal(ax.lines[0].get_xdata(), RATES)
        assert np.array_equal(ax.lines[0].get_ydata(), signal[::-1, 0])

    @pytest.mark.parametrize("n_cases", [1, 5, 40])
    def test_dots_over_cases(self, n_cases: int) -> None:
        results = make_results(
            {"case": np.arange(n_cases)}, {"pain_signal": (("case",), np.ones(n_cases))}
        )
        names = np.array(
            [f"amplitude_ma=2.5,frequency_hz=50,case {number}" for number in range(n_cases)]
        )
        variables = {
            **results.variables,
            "case_name": make_variable("case_name", ("case",), names, {}),
        }
        attributes = {**results.attributes, "coordinates": "case_name"}
        ax = plots.pain_maps(Results(variables, attributes)).axes[0]
        assert ("case 0 |" in all_texts(ax.figure)) == (n_cases <= 12)
        assert ax.lines[0].get_linestyle() == "None"
        assert len(ax.lines[0].get_xdata()) == n_cases
        assert overhang_inches(ax.figure) <= 0.01

    def test_a_single_case(self) -> None:
        results = make_results({}, {"pain_signal": ((), 0.3)})
        assert plots.pain_maps(results).axes[0].lines[0].get_xdata() == [0.3]

    def test_asks_for_the_signal(self, grid: Results) -> None:
        for draw in (plots.pain_map, plots.pain_curves, plots.pain_maps):
            with pytest.raises(ResultsError, match=r"lack pain_signal\. Add the group"):
                draw(without(grid, "pain_signal"))


class TestTimeCourse:
    def test_lines_are_the_stored_courses_at_the_largest_amplitude(self, grid: Results) -> None:
        ax = plots.time_course(grid, at={"state": 1})
        names = [line.get_label() for line in ax.lines]
        assert names[:2] == ["no stimulation", "pulse rate 10 Hz, A-beta 11 Hz"]
        stored = grid.dataset("projection_time_course_hz")[-1, 2, 1]
        assert np.array_equal(ax.lines[3].get_ydata(), stored)
        assert ax.get_title() == "disinhibited, amplitude 8 mA"

    def test_noxious_input_is_shaded_from_its_onset(self, grid: Results) -> None:
        box = plots.time_course(grid).patches[0]
        assert box.get_x() == 1.0
        assert box.get_label() == "noxious C-fiber input"

    def test_many_rates_are_thinned_to_six_from_end_to_end(self) -> None:
        rates = np.linspace(10, 130, 13)
        dims = ("frequency_hz", "time_s")
        results = make_results(
            {"frequency_hz": rates, "time_s": np.linspace(0, 3, 4)},
            {"projection_time_course_hz": (dims, np.ones((13, 4)))},
        )
        names = [line.get_label() for line in plots.time_course(results).lines]
        assert len(names) == 6
        assert (names[0], names[-1]) == ("pulse rate 10 Hz", "pulse rate 130 Hz")

    def test_says_how_many_rates_are_left_out_and_marks_lines_at_times_of_their_own(self) -> None:
        dims = ("frequency_hz", "state", "time_s")
        results = make_results(
            {
                "frequency_hz": np.linspace(10, 110, 21),
                "state": STATES,
                "time_s": np.linspace(0, 3, 301),
            },
            {"projection_time_course_hz": (dims, np.zeros((21, 2, 301)))},
        )
        figure = plots.time_courses(results)
        assert texts_outside(figure) == []
        assert "6 of 21 values: Pulse rate (Hz)" in all_texts(figure)
        marked = [
            set(range(301)[line.get_markevery()[0] :: line.get_markevery()[1]])
            for line in figure.axes[0].lines
        ]
        assert len(marked) == 6
        assert all(marks and not marks & others for marks, others in combinations(marked, 2))

    def test_cases_and_a_single_case(self) -> None:
        time = np.linspace(0, 3, 4)
        several = make_results(
            {"case": np.arange(3), "time_s": time},
            {"projection_time_course_hz": (("case", "time_s"), np.ones((3, 4)))},
        )
        names = np.array([f"amplitude_ma=2.5,frequency_hz=50,case {number}" for number in range(3)])
        variables = {
            **several.variables,
            "case_name": make_variable("case_name", ("case",), names, {}),
        }
        attributes = {**several.attributes, "coordinates": "case_name"}
        figure = plots.time_courses(Results(variables, attributes))
        assert [line.get_label() for line in figure.axes[0].lines] == list(names)
        assert overhang_inches(figure) <= 0.01
        single = make_results(
            {"time_s": time}, {"projection_time_course_hz": (("time_s",), np.ones(4))}
        )
        assert plots.time_course(single).lines[0].get_label() == "with stimulation"

    def test_asks_for_the_courses(self, grid: Results) -> None:
        for draw in (plots.time_course, plots.time_courses):
            with pytest.raises(ResultsError, match=r"lack projection_time_course_hz\. Add"):
                draw(without(grid, "projection_time_course_hz"))


class TestReading:
    def test_labels_come_before_numbers(self, grid: Results) -> None:
        assert in_words(grid, {"amplitude_ma": 1, "state": 0}) == "healthy, amplitude 1 mA"

    def test_numbers_without_unit_are_named_and_unset_ones_said(self) -> None:
        axes = {"n_fibers": np.array([5, 10]), "csf_thickness_mm": np.array([np.nan, 3.0])}
        results = make_results(axes, {})
        assert in_words(results, {"n_fibers": 1, "csf_thickness_mm": 0}) == (
            "n fibers 10, CSF thickness unset"
        )
        assert label("csf_thickness_mm") == "CSF thickness (mm)"
        assert is_numeric(results, "n_fibers")
        assert not is_numeric(results, "csf_thickness_mm")

    def test_formula_signs_of_a_user_are_letters(self) -> None:
        figure = plots.pain_maps(case_results(["$a$", r"$\frac$ 5 $"]))
        figure.draw_without_rendering()
        assert in_words(case_results(["$a$"]), {"case": 0}) == r"\$a\$"

    def test_circuit_is_named_with_its_kind(self, grid: Results) -> None:
        assert circuit_label(grid) == "rate model crodelle2019"
        other = CONFIG.replace("crodelle2019", "mine")
        results = Results(grid.variables, {**grid.attributes, "config": other})
        assert circuit_label(results) == "circuit mine"
        models = np.array(["mine", "crodelle2019"])
        swept = make_variable("model", ("model",), models, {"config_key": "circuit.model"})
        results = Results({**grid.variables, "model": swept}, grid.attributes)
        assert circuit_label(results) == "rate model crodelle2019, circuit mine"

    def test_config_values(self, grid: Results) -> None:
        assert config_value(grid, "montage.c4") == -1.0
        assert config_value(grid, "montage.c9", 5) == 5
        swept = CONFIG.replace("amplitude_ma = 4.0", "amplitude_ma = { sweep = [1, 2] }")
        results = Results(grid.variables, {**grid.attributes, "config": swept})
        assert config_value(results, "stimulus.amplitude_ma") is None


class TestStyle:
    @pytest.mark.parametrize(
        ("centers", "is_log", "edges"),
        [
            ([1.0, 2.0, 4.0], False, [1.0, 1.5, 3.0, 4.0]),
            ([1.0, 4.0], True, [1.0, 2.0, 4.0]),
            ([3.0], False, [2.5, 3.5]),
        ],
    )
    def test_cell_edges(self, centers: list[float], is_log: bool, edges: list[float]) -> None:
        assert np.allclose(cell_edges(np.array(centers), is_log=is_log), edges)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([10.0, 30.0, 50.0, 100.0], True),
            ([1.0, 2.0, 3.0], False),
            ([0.0, 1.0, 10.0], False),
            ([1.0, 100.0], False),
        ],
    )
    def test_log_where_it_spaces_better(self, values: list[float], expected: bool) -> None:
        assert is_better_in_log(np.array(values)) is expected

    def test_neighbors_differ_in_color_and_dash(self) -> None:
        looks = [line_look(number) for number in range(15)]
        for one, other in pairwise(looks):
            assert one["color"] != other["color"]
            assert one["linestyle"] != other["linestyle"]
