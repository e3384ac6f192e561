"""Pictures of circuits and spikes: what they show, that nothing meets or is clipped, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.text import Text

from scsim import plots
from scsim.circuit.catalog import load_circuit
from scsim.circuit.networks.wiring import Connection
from scsim.circuit.readouts.readout import (
    Interval,
    WindUp,
    confidence_interval,
    peristimulus_histogram,
    wind_up_curve,
)
from scsim.circuit.states import apply_states
from scsim.errors import ResultsError, Status
from scsim.formats.hdf5 import make_variable
from scsim.plots.circuit_diagram import parts_of
from scsim.plots.circuit_layout import depths, lay_out
from scsim.plots.circuit_words import short_name
from scsim.plots.style import new_figure
from scsim.results.schema import DATASETS, INNER_DIMENSIONS
from scsim.results.store import Results

if TYPE_CHECKING:
    from collections.abc import Mapping

ZHANG = load_circuit("zhang2014")
CIRCUITS = ("zhang2014", "crodelle2019", "sagalajev2024")

CONFIG = """
[stimulus]
pattern = "tonic"
[circuit]
model = "zhang2014"
duration_s = 2.0
"""
RATES = np.array([10.0, 20.0, 50.0, 100.0])
STATES = np.array(["healthy", "disinhibited"])
CELLS = np.array(["sg", "z2", "ex", "wdr"])
KEYS = {
    "frequency_hz": "stimulus.frequency_hz",
    "state": "circuit.state",
    "amplitude_ma": "stimulus.amplitude_ma",
    "realization": "afferents.realization",
}


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


def study_results(missing: bool = False) -> Results:
    """Spikes, rates, histograms and wind-up over pulse rate, state and realization; every number is made up."""
    rng = np.random.default_rng(2)
    sizes = (RATES.size, STATES.size, 3)
    swept = ("frequency_hz", "state", "realization")
    total = 60 + 0.5 * RATES[:, None, None] + rng.normal(0, 4, sizes)
    driven = np.maximum(60 - 2 * RATES[:, None, None] + 40 * np.arange(2)[:, None], 0) + np.zeros(
        sizes
    )
    counts = rng.integers(10, 80, (*sizes, CELLS.size))
    first = np.concatenate([[0], np.cumsum(counts.ravel())[:-1]]).reshape(counts.shape)
    times = np.concatenate([np.sort(rng.uniform(0, 2000, n)) for n in counts.ravel()])
    after = np.arange(-95.0, 300.0, 10.0)
    values = {
        "projection_rate_hz": (swept, total),
        "c_driven_rate_hz": (swept, driven),
        "pulse_locked_rate_hz": (swept, total - driven),
        "rest_rate_hz": (("state", "realization"), np.array([[60.0] * 3, [100.0] * 3])),
        "psth_hz": ((*swept, "after_pulse_ms"), rng.uniform(0, 90, (*sizes, after.size))),
        "late_spikes": ((*swept, "volley"), 13 + np.arange(20) + np.zeros((*sizes, 20))),
    }
    if missing:
        values = {
            name: (dims, np.full_like(array, np.nan)) for name, (dims, array) in values.items()
        }
        counts, first, times = 0 * counts, 0 * first, np.zeros(0)
    return make_results(
        {
            "frequency_hz": RATES,
            "state": STATES,
            "realization": np.arange(3),
            "cell": CELLS,
            "after_pulse_ms": after,
            "volley": np.arange(1, 21),
        },
        values
        | {
            "spikes/spike_time_ms": (("spike",), times),
            "spikes/first_spike": ((*swept, "cell"), first),
            "spikes/n_spikes": ((*swept, "cell"), counts),
        },
    )


@pytest.fixture(scope="module")
def study() -> Results:
    return study_results()


def words(figure: Any) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(Text))


def overhang_inches(figure: Any) -> float:
    figure.draw_without_rendering()
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    return float(
        max(page.x0 - drawn.x0, page.y0 - drawn.y0, drawn.x1 - page.x1, drawn.y1 - page.y1)
    )


def meeting_texts(ax: Any) -> list[tuple[str, str]]:
    """Pairs of texts of axes without ticks that intersect."""
    ax.figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent().padded(-1)) for text in ax.texts]
    return [(one, other) for (one, a), (other, b) in combinations(boxes, 2) if a.overlaps(b)]


class TestCircuitDiagram:
    @pytest.mark.parametrize("name", CIRCUITS)
    def test_shows_every_part_and_nothing_meets(self, name: str) -> None:
        circuit = load_circuit(name)
        ax = plots.circuit_diagram(circuit)
        assert overhang_inches(ax.figure) <= 0.01
        assert meeting_texts(ax) == []
        text = words(ax.figure)
        nodes, links, _ = parts_of(circuit)
        assert all(node.head in text for node in nodes)
        assert all(link.text in text for link in links)
        assert name in text
        assert ("Rate model" in text) == (name == "crodelle2019")
        assert "excites" in text
        assert "inhibits" in text

    def test_reads_signs_receptors_and_weights_from_the_data(self) -> None:
        _, links, unit = parts_of(ZHANG)
        by_ends = {(link.source, link.target): link for link in links}
        assert len(by_ends) == len({(c.source, c.target) for c in ZHANG.connections})
        gate = by_ends["sg", "wdr"]
        assert gate.is_inhibitory
        assert set(gate.text.split(", ")) == {"GABA-A", "glycine"}
        assert gate.weight == pytest.approx(2 * 5.32)  # models.md 1.7, nS
        assert not by_ends["c", "ex"].is_inhibitory
        assert by_ends["c", "ex"].weight == pytest.approx(30 * (8 + 4 + 6.6667e-4))
        assert by_ends["a_delta", "sg"].weight == 0
        assert "nS" in unit

    def test_a_pain_state_thins_its_lines_and_full_loss_is_marked(self) -> None:
        weak = apply_states(ZHANG, {"disinhibited": 1.0})
        before, after = (
            next(link for link in parts_of(c)[1] if (link.source, link.target) == ("z2", "ex"))
            for c in (ZHANG, weak)
        )
        assert after.weight == pytest.approx(0.25 * before.weight)
        none = replace(
            ZHANG,
            connections=tuple(
                replace(c, weight_microsiemens=0.0) if c.source == "z2" else c
                for c in ZHANG.connections
            ),
        )
        text = words(plots.circuit_diagram(none).figure)
        assert "GABA-A (off)" in text
        assert "weight 0" in text

    def test_constant_conductances_have_a_box_of_their_own(self) -> None:
        assert "constant" not in words(plots.circuit_diagram(ZHANG).figure)
        for state, inhibits in (
            ("descending_inhibition", True),
            ("descending_facilitation", False),
        ):
            changed = apply_states(ZHANG, {state: 1.0})
            assert changed.steady
            new = parts_of(changed)[1][len(parts_of(ZHANG)[1]) :]
            assert {link.target for link in new} == {steady.target for steady in changed.steady}
            assert {link.is_inhibitory for link in new} == {inhibits}
            ax = plots.circuit_diagram(changed)
            assert "constant" in words(ax.figure)
            assert meeting_texts(ax) == []

    def test_loops_lead_back_below_the_boxes(self) -> None:
        back = Connection("wdr", "sg", "ampa", 1e-3, delay_ms=1.0)
        looped = replace(ZHANG, connections=(*ZHANG.connections, back))
        ax = plots.circuit_diagram(looped)
        assert overhang_inches(ax.figure) <= 0.01
        assert meeting_texts(ax) == []

    def test_fits_smaller_axes_with_smaller_letters(self) -> None:
        figure = new_figure(3.6, 2.4)
        ax = plots.circuit_diagram(ZHANG, figure.add_subplot())
        full = plots.circuit_diagram(ZHANG)
        assert ax.texts[0].get_fontsize() < 0.6 * full.texts[0].get_fontsize()
        assert overhang_inches(figure) <= 0.01
        assert meeting_texts(ax) == []


class TestLayout:
    def test_a_box_lies_behind_all_that_feed_it(self) -> None:
        names = ["f", "a", "b", "c"]
        links = [("f", "a"), ("a", "b"), ("b", "c"), ("f", "c"), ("a", "c")]
        depth, is_back = depths(names, links, ["f"])
        assert depth == {"f": 0, "a": 1, "b": 2, "c": 3}
        assert is_back == [False] * 5

    def test_a_loop_has_one_line_back(self) -> None:
        depth, is_back = depths(
            ["f", "a", "b"], [("f", "a"), ("a", "b"), ("b", "a"), ("b", "b")], ["f"]
        )
        assert depth == {"f": 0, "a": 1, "b": 2}
        assert is_back == [False, False, True, True]

    def test_cells_without_input_lie_behind_the_fibers(self) -> None:
        assert depths(["f", "a"], [], ["f"])[0] == {"f": 0, "a": 1}
        assert depths(["a"], [], [])[0] == {"a": 0}

    @pytest.mark.parametrize("seed", range(12))
    def test_no_box_overlaps_and_no_line_runs_behind_a_box(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        names = [f"n{number}" for number in range(rng.integers(3, 12))]
        first = names[: rng.integers(1, 3)]
        pairs = {(str(rng.choice(names)), str(rng.choice(names))) for _ in range(3 * len(names))}
        links = sorted((a, b) for a, b in pairs if b not in first)
        sizes = {
            name: (float(rng.uniform(0.5, 1.5)), float(rng.uniform(0.3, 0.8))) for name in names
        }
        layout = lay_out(sizes, links, first=first, head_inches=0.3)
        for one, other in combinations(layout.boxes.values(), 2):
            beside = one.right <= other.left or other.right <= one.left
            assert beside or one.bottom >= other.top or other.bottom >= one.top
        for (source, target), line in zip(links, layout.lines, strict=True):
            assert line[0][0] == layout.boxes[source].right
            assert line[-1][0] == layout.boxes[target].left
            for (x, y), (next_x, next_y) in pairwise(line):
                if y == next_y:  # a straight stretch
                    low, high = min(x, next_x), max(x, next_x)
                    for box in layout.boxes.values():
                        is_apart = high <= box.left or low >= box.right
                        assert is_apart or not box.bottom < y < box.top
        ends = [line[-1] for line in layout.lines]
        assert len(set(ends)) == len(ends)

    def test_lines_that_need_not_cross_do_not(self) -> None:
        sizes = dict.fromkeys(("f", "g", "a", "b"), (1.0, 0.4))
        layout = lay_out(sizes, [("f", "b"), ("g", "a")], first=["f", "g"], head_inches=0.3)
        boxes = layout.boxes
        is_up = boxes["f"].middle > boxes["g"].middle
        assert (boxes["b"].middle > boxes["a"].middle) == is_up


class TestRaster:
    def test_rows_are_cells_and_fibers_from_the_top(self) -> None:
        fibers = {"a_beta": [np.array([5.0])] * 15, "c": [np.array([7.0])] * 30}
        ax = plots.raster(
            {"sg": np.array([1.0, 8.0]), "WDR, locked": np.array([2.0])},
            fibers=fibers,
            pulses_ms=[0.0, 5.0],
            title="circuit zhang2014",
        )
        names = [tick.get_text() for tick in ax.get_yticklabels()]
        assert names == ["A-beta (15)", "C (30)", "SG", "WDR, locked"]
        places = ax.get_yticks()
        assert (np.diff(places) < 0).all()
        assert len(ax.collections) >= 47  # a row for every fiber and cell
        assert ax.get_xlim() == (0.0, 8.0)
        assert ax.get_xlabel() == "Time (ms)"
        assert "pulses" in words(ax.figure)
        assert overhang_inches(ax.figure) <= 0.01

    def test_many_pulses_have_marks_and_no_lines(self) -> None:
        few, many = (
            plots.raster({"wdr": np.array([1.0])}, pulses_ms=np.arange(0, 1000, step), to_ms=1000)
            for step in (50.0, 5.0)
        )
        assert len(few.collections) == len(many.collections) + 1

    def test_says_so_if_nothing_fired(self) -> None:
        ax = plots.raster({"wdr": np.array([])}, to_ms=10.0)
        assert "no value was computed" in words(ax.figure)
        later = plots.raster({"wdr": np.array([50.0])}, to_ms=10.0)
        assert "no spike in this window" in words(later.figure)

    def test_refuses_nothing_to_draw(self) -> None:
        with pytest.raises(ResultsError, match=r"0 cells and 0 fiber classes .* Give spikes of"):
            plots.raster({}, to_ms=5.0)
        with pytest.raises(ResultsError, match="from 5 ms to 5 ms is empty"):
            plots.raster({"wdr": np.array([1.0])}, from_ms=5.0, to_ms=5.0)


class TestVoltage:
    def test_traces_lie_apart_at_one_scale(self) -> None:
        time = np.linspace(0, 100, 1001)
        spiking = -65 + 100 * np.exp(-(((time - 50) / 1) ** 2))
        ax = plots.voltage_traces(time, {"sg": spiking, "wdr": np.full(1001, -65.0), "ex": spiking})
        traces = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == time.size]
        assert [float(np.ptp(trace)) for trace in traces] == pytest.approx([100, 0, 100])
        assert traces[0].min() > traces[1].max()
        assert traces[1].min() > traces[2].max()
        assert [tick.get_text()[:3] for tick in ax.get_yticklabels()] == ["SG\n", "WDR", "EX\n"]
        assert "50 mV" in words(ax.figure)
        assert overhang_inches(ax.figure) <= 0.01

    def test_names_of_quiet_cells_do_not_meet(self) -> None:
        time = np.linspace(0, 10, 11)
        ax = plots.voltage_traces(time, {f"c{n}": np.full(11, -65.0) for n in range(5)})
        ax.figure.draw_without_rendering()
        boxes = [tick.get_window_extent() for tick in ax.get_yticklabels()]
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))

    def test_refuses_what_does_not_fit(self) -> None:
        with pytest.raises(ResultsError, match=r"wdr: \(2, 5\)\). Give one condition"):
            plots.voltage_traces(np.arange(5.0), {"wdr": np.zeros((2, 5))})
        with pytest.raises(ResultsError, match="voltages of 0 cells"):
            plots.voltage_traces(np.arange(5.0), {})


class TestPsth:
    def test_is_in_percent_where_a_control_is_known(self) -> None:
        spikes = np.sort(np.random.default_rng(1).uniform(0, 60_000, 3000))
        found = peristimulus_histogram(spikes, np.arange(500, 59_000, 1000.0))
        ax = plots.psth(found, recorded=(np.array([10.0]), np.array([20.0])), title="zhang2014")
        assert ax.get_ylabel() == "Rate (% of control)"
        assert ax.get_xlabel() == "Time after the pulse (ms)"
        text = words(ax.figure)
        assert "59 pulses, bins of 10 ms" in text
        assert "zhang2014" in text
        assert "recorded" in text
        assert overhang_inches(ax.figure) <= 0.01

    def test_is_in_hz_without_one(self) -> None:
        ax = plots.psth(peristimulus_histogram([105.0], [100.0]), title="zhang2014")
        assert ax.get_ylabel() == "Rate (Hz)"
        assert "1 pulse, bins" in words(ax.figure)
        assert "zhang2014" in words(ax.figure)
        silent = plots.psth(peristimulus_histogram([], []))
        assert "no spike" in words(silent.figure)


class TestWindUp:
    def test_draws_late_spikes_with_their_ratio(self) -> None:
        spikes = [150.0, 1150.0, 1200.0]
        curves = {"wdr": wind_up_curve(spikes, [0.0, 1000.0])}
        ax = plots.wind_up(curves, title="zhang2014")
        assert ax.lines[0].get_ydata().tolist() == [1, 2]
        text = words(ax.figure)
        assert "WDR, last / first 2.00" in text
        assert "zhang2014" in text
        assert ax.get_ylabel() == "Spikes later than 100 ms"

    def test_has_no_ratio_without_a_first_answer(self) -> None:
        curve = WindUp(np.array([0, 1]), np.array([0, 1]), np.nan, Status.REFERENCE_TOO_LOW)
        assert "last / first" not in words(plots.wind_up({"wdr": curve}).figure)


class TestRateCurve:
    def test_parts_and_bands(self) -> None:
        values = np.array([[30.0, 20.0], [28.0, 22.0], [29.0, 21.0]])
        whole = confidence_interval(values)
        part = confidence_interval(values / 2)
        curves = plots.RateCurves(RATES[:2], whole, part, part, rest_hz=61.0)
        ax = plots.rate_curve(curves, title="zhang2014, healthy")
        text = words(ax.figure)
        names = ("all spikes", "C-driven", "locked to pulses", "no stimulation")
        assert all(name in text for name in names)
        assert "band: 95 % confidence over 3 realizations" in text
        assert len(ax.collections) == 3
        assert ax.get_ylabel() == "Projection-neuron rate (Hz)"
        assert "(Hz)" in ax.get_xlabel()

    def test_one_seed_has_no_band_and_a_rate_model_no_parts(self) -> None:
        ax = plots.rate_curve(plots.RateCurves(RATES[:2], confidence_interval([[1.0, 2.0]])))
        assert len(ax.collections) == 0
        assert "C-driven" not in words(ax.figure)

    def test_says_so_if_nothing_was_computed(self) -> None:
        nothing = Interval(*[np.full(2, np.nan)] * 3, np.zeros(2, dtype=np.int64))
        ax = plots.rate_curve(plots.RateCurves(RATES[:2], nothing))
        assert "no value was computed" in words(ax.figure)


NAMES = ("rate_curves", "raster", "psth", "wind_up")


class TestStandardPictures:
    def test_names(self, study: Results) -> None:
        # Its realizations repeat each case, so that there are intervals, too (test_plots_analysis.py).
        assert plots.picture_names(study) == (*NAMES, "intervals")

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("missing", [False, True])
    def test_says_what_it_is_and_clips_nothing(self, name: str, missing: bool) -> None:
        figure = plots.standard_pictures(study_results(missing))[name]
        assert overhang_inches(figure) <= 0.01
        text = words(figure)
        assert "spiking circuit zhang2014" in text
        assert "one synthetic anatomy" in text.replace("\n", " ")
        assert "healthy" in text
        assert "disinhibited" in text
        assert ("no value was computed" in text) == missing

    def test_rate_models_and_single_rates_have_no_curves(self, study: Results) -> None:
        def without(*names: str) -> Results:
            kept = {key: value for key, value in study.variables.items() if key not in names}
            return Results(MappingProxyType(kept), study.attributes)

        assert "rate_curves" not in plots.picture_names(without("c_driven_rate_hz"))
        single = make_results(
            {"state": STATES},
            {
                "projection_rate_hz": (("state",), np.ones(2)),
                "c_driven_rate_hz": (("state",), np.ones(2)),
            },
        )
        assert plots.picture_names(single) == ()
        with pytest.raises(ResultsError, match="rate curves need a swept pulse rate"):
            plots.rate_curves(single)
        with pytest.raises(ResultsError, match="these results lack spikes/spike_time_ms"):
            plots.rasters(without("spikes/spike_time_ms"))
        with pytest.raises(ResultsError, match="these results lack psth_hz"):
            plots.psths(single)
        with pytest.raises(ResultsError, match="these results lack late_spikes"):
            plots.wind_ups(single)

    def test_curves_are_means_over_realizations(self, study: Results) -> None:
        curves = plots.curves_of(study, {"state": 1})
        expected = study.dataset("projection_rate_hz")[:, 1].mean(axis=-1)
        assert np.allclose(curves.total.mean, expected)
        assert curves.total.n.tolist() == [3] * 4
        assert curves.rest_hz == 100.0
        assert plots.curves_of(study, {}).rest_hz == 60.0
        assert curves.c_driven is not None
        assert np.allclose(curves.c_driven.mean, study.dataset("c_driven_rate_hz")[:, 1, 0])

    def test_no_state_is_cut_off_by_the_height_of_the_first(self) -> None:
        values = np.array([[20.0, 150.0], [30.0, 180.0]])
        dims = ("frequency_hz", "state")
        names = ("projection_rate_hz", "c_driven_rate_hz", "pulse_locked_rate_hz")
        results = make_results(
            {"frequency_hz": RATES[:2], "state": STATES},
            dict.fromkeys(names, (dims, values)),
        )
        for ax in plots.rate_curves(results).axes:
            low, high = ax.get_ylim()
            assert low < 0
            assert high > 180

    def test_histograms_show_the_two_lowest_pulse_rates(self, study: Results) -> None:
        text = words(plots.psths(study))
        assert "pulse rate 10 Hz" in text
        assert "pulse rate 20 Hz" in text
        assert "pulse rate 50 Hz" not in text

    def test_spikes_are_found_in_the_flat_array(self, study: Results) -> None:
        at = {"frequency_hz": 2, "state": 1, "realization": 0}
        spikes = plots.spikes_of(study, at)
        assert list(spikes) == list(CELLS)
        counts = study.dataset("spikes/n_spikes")[2, 1, 0]
        assert [times.size for times in spikes.values()] == counts.tolist()
        assert all((np.diff(times) >= 0).all() for times in spikes.values())


class TestMeansOverRealizations:
    """Realizations are no axis: what is drawn is their mean, and the heading says so."""

    def test_maps_and_curves_of_the_pain_signal(self) -> None:
        rng = np.random.default_rng(4)
        signal = rng.uniform(0.1, 2.0, (3, RATES.size, 3))
        signal[0, 1, 2] = np.nan
        signal[1, 2] = np.nan
        dims = ("amplitude_ma", "frequency_hz", "realization")
        axes = {
            "amplitude_ma": np.array([1.0, 2.0, 3.0]),
            "frequency_hz": RATES,
            "realization": np.arange(3),
        }
        figure = plots.pain_maps(make_results(axes, {"pain_signal": (dims, signal)}))
        assert "mean of 3 realizations" in words(figure)
        expected = signal.sum(axis=-1) / 3
        expected[0, 1] = signal[0, 1, :2].mean()
        drawn = np.ma.filled(figure.axes[0].collections[0].get_array(), np.nan)
        assert np.allclose(drawn, expected.T, equal_nan=True)
        assert np.isnan(drawn).sum() == 1

        axes.pop("amplitude_ma")
        results = make_results(axes, {"pain_signal": (dims[1:], signal[2])})
        figure = plots.pain_maps(results)
        (line,) = (one for one in figure.axes[0].lines if len(one.get_xdata()) == RATES.size)
        assert np.allclose(line.get_ydata(), signal[2].mean(axis=-1))
        assert figure.axes[0].get_xlabel() == "Pulse rate (Hz)"
        single = plots.pain_curves(results, at={"realization": 1})
        assert np.allclose(single.lines[0].get_ydata(), signal[2, :, 1])

    def test_time_courses_of_spiking_circuits_are_means_over_a_quarter_of_a_second(self) -> None:
        rng = np.random.default_rng(5)
        course = rng.uniform(0, 100, (2, 3, 42))
        time_s = 0.025 + 0.05 * np.arange(42)
        dims = ("frequency_hz", "realization")
        results = make_results(
            {"frequency_hz": RATES[:2], "realization": np.arange(3), "time_s": time_s},
            {
                "projection_time_course_hz": ((*dims, "time_s"), course),
                "rest_time_course_hz": (("realization", "time_s"), course[0]),
                "c_driven_rate_hz": (dims, course.mean(axis=-1)),
            },
        )
        figure = plots.time_courses(results)
        rest, slow, fast = figure.axes[0].lines
        for line, runs in ((rest, course[0]), (slow, course[0]), (fast, course[1])):
            assert np.allclose(line.get_xdata(), 0.125 + 0.25 * np.arange(8))
            expected = [runs[:, 5 * one : 5 * one + 5].mean() for one in range(8)]
            assert np.allclose(line.get_ydata(), expected)
        assert np.allclose(figure.axes[0].get_xlim(), (0.0, 2.1))
        assert "mean of 3 realizations; means over 0.25 s" in words(figure)
        assert overhang_inches(figure) <= 0.01

    def test_histograms_and_wind_up(self, study: Results) -> None:
        for draw, name in ((plots.psths, "psth_hz"), (plots.wind_ups, "late_spikes")):
            figure = draw(study)
            line = figure.axes[1].lines[0]
            assert np.allclose(line.get_ydata(), study.dataset(name)[0, 1].mean(axis=0))
            assert "mean of 3 realizations" in words(figure)
        assert "2 of 4 values: Pulse rate (Hz)" in words(plots.psths(study))

    def test_a_panel_above_an_empty_place_keeps_its_labels(self) -> None:
        states = np.array(["healthy", "disinhibited", "sensitized"])
        dims = ("frequency_hz", "state")
        names = ("projection_rate_hz", "c_driven_rate_hz", "pulse_locked_rate_hz")
        results = make_results(
            {"frequency_hz": RATES, "state": states},
            dict.fromkeys(names, (dims, np.ones((RATES.size, 3)))),
        )
        panels = plots.rate_curves(results).axes
        assert [ax.get_xlabel() for ax in panels[:3]] == ["", "Pulse rate (Hz)", "Pulse rate (Hz)"]
        labelled = [ax.xaxis.get_tick_params()["labelbottom"] for ax in panels[:3]]
        assert labelled == [False, True, True]
        assert not panels[3].get_visible()


def test_names_are_written_as_readers_know_them() -> None:
    assert short_name("wdr") == "WDR"
    assert short_name("a_beta_surround") == "A-beta surround"
    assert short_name("gate_cell") == "gate cell"
    assert short_name("WDR, later") == "WDR, later"
