"""The picture of a plan shows each stage once, left to right, with what it costs and what is swept there."""

import matplotlib.pyplot as plt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

import scsim
from scsim.plots.plan_graph import _cells, plan_graph
from scsim.plots.style import NOTE_SIZE
from scsim.results.plan_picture import PlanBox, PlanPicture
from scsim.study.execution.plan import make_plan
from scsim.study.reading.parse import load_study
from tests.study.small_study import small_study


def box(name: str, *needs: str, **values: object) -> PlanBox:
    usual = {"n_runs": 1, "n_units": 1, "n_finished": 0, "n_batches": 1, "cpu_s": 1.0, "swept": ()}
    return PlanBox(name=name, title=name, needs=needs, **(usual | values))


def picture(*boxes: PlanBox) -> PlanPicture:
    return PlanPicture("Title", 4, boxes, sum(one.cpu_s for one in boxes), 2.0, 2)


def texts(figure) -> list[str]:
    return [one.get_text() for one in figure.axes[0].texts]


def test_each_stage_lies_to_the_right_of_what_it_needs():
    for study in (small_study(), load_study("configs/field_sensitivity.toml")):
        boxes = make_plan(study).picture(workers=2).boxes
        cells = _cells(boxes)
        assert len(set(cells.values())) == len(boxes), "no two in one place"
        for one in boxes:
            for name in one.needs:
                assert cells[name][0] < cells[one.name][0]


def test_arrows_that_follow_from_others_are_left_out():
    figure = plan_graph(picture(box("a"), box("b", "a"), box("c", "a", "b")))
    arrows = [one for one in figure.axes[0].patches if isinstance(one, FancyArrowPatch)]
    assert len(arrows) == 2


def test_boxes_tell_runs_units_and_time_and_bars_the_share():
    figure = plan_graph(
        picture(
            box("a", cpu_s=30.0, n_units=448, n_batches=5),
            box("b", "a", cpu_s=90.0, n_runs=384, n_units=4, n_finished=2),
        )
    )
    told = texts(figure)
    assert {"a", "448 units", "30 s", "384 runs", "2 of 4 done", "1.5 min"} <= set(told)
    bars = [one for one in figure.axes[0].patches if isinstance(one, Rectangle)]
    wide = sorted(one.get_width() for one in bars)
    assert wide[0] / wide[-1] == pytest.approx(0.25)
    assert wide[1] / wide[-1] == pytest.approx(0.75)


def test_a_stage_with_nothing_to_compute_is_gray_and_says_so():
    figure = plan_graph(picture(box("a"), box("b", "a", n_units=0, cpu_s=0.0)))
    assert "nothing" in texts(figure)
    edges = [
        one.get_edgecolor() for one in figure.axes[0].patches if isinstance(one, FancyBboxPatch)
    ]
    assert edges[0] != edges[1]


def test_swept_keys_stand_at_the_first_stage_and_many_are_counted():
    figure = plan_graph(
        picture(
            box("a", swept=(("amplitude_ma", 6), ("frequency_hz", 0))),
            box("b", "a", swept=tuple((f"key_{one}_mm", 2) for one in range(5))),
        )
    )
    told = texts(figure)
    assert "6 × amplitude" in told
    assert "pulse rate" in told
    assert "5 swept keys" in told


def test_the_line_below_the_title_tells_how_cases_share_work():
    figure = plan_graph(make_plan(small_study()))
    line = next(one for one in texts(figure) if "→" in one)
    assert line.startswith("12 cases → ")
    assert "2 groups of fibers" in line.replace("\n", " ")


@pytest.mark.parametrize("name", ["quickstart", "field_sensitivity", "pain_states", "block"])
def test_no_text_is_clipped_or_smaller_than_notes(name: str):
    figure = scsim.plots.plan_graph(scsim.make_plan(load_study(f"configs/{name}.toml")))
    renderer = FigureCanvasAgg(figure).get_renderer()
    page = figure.bbox
    boxes = [
        one.get_window_extent(renderer)
        for one in figure.axes[0].patches
        if isinstance(one, FancyBboxPatch)
    ]
    for one in figure.axes[0].texts:
        assert one.get_fontsize() >= NOTE_SIZE
        extent = one.get_window_extent(renderer)
        assert extent.x0 >= page.x0
        assert extent.x1 <= page.x1
        assert extent.y0 >= page.y0
        assert extent.y1 <= page.y1
        inside = [
            b
            for b in boxes
            if b.contains(0.5 * (extent.x0 + extent.x1), 0.5 * (extent.y0 + extent.y1))
        ]
        for b in inside:
            assert extent.width <= b.width, one.get_text()
    for index, b in enumerate(boxes):
        assert not any(b.overlaps(other) for other in boxes[index + 1 :])


def test_nothing_is_left_open():
    before = plt.get_fignums()
    plan_graph(make_plan(small_study()))
    assert plt.get_fignums() == before
