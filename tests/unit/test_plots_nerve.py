"""Pictures of nerves and of block show what results hold, and say what they lack."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from scsim.errors import ResultsError
from scsim.plots.block import block_threshold, blocks, onset_response
from scsim.plots.nerve_section import (
    fascicle_recruitment,
    nerve_recruitments,
    nerve_section,
    nerve_sections,
)
from scsim.plots.pictures import picture_names, save_pictures
from scsim.plots.style import ANODE_COLOR, CATHODE_COLOR
from scsim.study.execution.folder import PICTURES
from scsim.study.run import execute
from tests.study.small_study import NERVE, TEXT, small_study, without_sweeps


@pytest.fixture(scope="module")
def results():
    overrides = (
        "fibers.n_fibers=6",
        "lead.turn_deg=0.0",
        "stimulus.amplitude_ma={sweep=[0.1, 1.0]}",
    )
    return execute(small_study(*overrides, text=NERVE), workers=1).results


@pytest.fixture(scope="module")
def block_results():
    overrides = (
        "lead.turn_deg=0.0",
        "fibers.n_fibers=2",
        "fibers.diameter_um={sweep=[8.0, 14.0]}",
        "stimulus.frequency_hz={sweep=[5000, 10000]}",
        "block.first_amplitude_ma=0.2",
        "block.n_test_spikes=1",
        'output.save=["block"]',
    )
    return execute(small_study(*overrides, text=NERVE), workers=1).results


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def values(results, name):
    return np.asarray(results.dataset(name))


def test_the_section_shows_fibers_contacts_and_fascicles(results):
    ax = nerve_section(results)
    dots = ax.collections[-1]
    threshold_ma = values(results, "threshold_ma")
    # Low thresholds are drawn last, on top.
    np.testing.assert_allclose(dots.get_array(), np.sort(threshold_ma)[::-1])
    places = {tuple(row) for row in np.round(dots.get_offsets(), 9).tolist()}
    start = values(results, "geometry/fiber_start_mm")
    assert places == {tuple(row) for row in np.round(start[:, :2], 9).tolist()}
    colors = [patch.get_facecolor() for patch in ax.patches]
    assert colors.count(to_rgba(CATHODE_COLOR)) == 1
    assert colors.count(to_rgba(ANODE_COLOR)) == 1
    words = [text.get_text() for text in ax.texts]
    assert "f1" in words
    assert "c1 \N{MINUS SIGN}1\nc5 +1" in words


def test_recruitment_of_fascicles_is_that_of_the_results(results):
    ax = fascicle_recruitment(results)
    nerve, first = ax.lines
    np.testing.assert_allclose(nerve.get_ydata(), values(results, "recruited_share_nerve"))
    np.testing.assert_allclose(first.get_ydata(), values(results, "recruited_share_fascicle")[:, 0])
    np.testing.assert_allclose(nerve.get_xdata(), [0.1, 1.0])
    assert nerve_recruitments(results).axes


def test_block_is_drawn_against_frequency_a_line_per_diameter(block_results):
    ax = block_threshold(block_results)
    assert ax.get_xlabel() == "Frequency (kHz)"
    dims = block_results.dims("block_threshold_ma")
    medians = np.median(values(block_results, "block_threshold_ma"), axis=dims.index("fiber"))
    rows = medians if dims.index("frequency_hz") else medians.T
    assert len(ax.lines) == 2
    for line, median in zip(ax.lines, rows, strict=True):
        np.testing.assert_allclose(line.get_xdata(), [5.0, 10.0])
        np.testing.assert_allclose(line.get_ydata(), median)
    assert "Onset" in onset_response(block_results).get_ylabel()
    assert len(blocks(block_results).axes) == 2


def test_pictures_of_a_nerve_are_not_those_of_the_canal(results, block_results, tmp_path):
    names = picture_names(results)
    assert {"nerve_section", "nerve_recruitment"} <= set(names)
    assert not {"lead_and_fibers", "lead_in_space", "recruitment", "block"} & set(names)
    assert set(names) <= set(PICTURES)
    assert set(picture_names(block_results)) >= {"nerve_section", "block"}
    paths = save_pictures(block_results, tmp_path)
    assert all(path.stat().st_size > 0 for path in paths)


def test_a_section_without_thresholds_shows_gray_fibers(block_results):
    figure = nerve_sections(block_results)
    assert len(figure.axes) == 1, "no color bar"
    assert "one synthetic nerve" in figure.get_suptitle()


def test_results_without_a_nerve_or_block_are_refused():
    text = without_sweeps(TEXT)
    plain = execute(small_study('output.save=["thresholds"]', text=text), workers=1).results
    for draw in (nerve_section, fascicle_recruitment, block_threshold, onset_response):
        with pytest.raises(ResultsError, match=r"these results lack .*Add the group"):
            draw(plain)
