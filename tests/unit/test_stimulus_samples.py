"""Waveforms from samples and from files."""

import math

import numpy as np
import pytest

from scsim.errors import StimulusError
from scsim.stimulus import Samples, read_samples

DT_MS = 0.005


def test_held_samples_stay_until_the_next():
    waveform = Samples((0.01, 0.02, 0.03, 0.04, 0.05), (1.0, 1.0, 0.0, -0.5, 0.0))
    found = waveform.sample(DT_MS, 14)
    np.testing.assert_array_equal(
        found.levels, [0, 0, 1, 1, 1, 1, 0, 0, -0.5, -0.5, 0, 0, 0, 0]
    )  # fmt: skip
    assert np.flatnonzero(found.edges).tolist() == [2, 6, 8, 10]
    middle = waveform.sample(DT_MS, 14, midpoint=True)
    np.testing.assert_array_equal(middle.levels, found.levels)
    np.testing.assert_array_equal(middle.edges, found.edges)
    assert waveform.duration_ms == 0.05
    assert waveform.net_charge_uc_per_ma == pytest.approx(0.02 - 0.005)


def test_linear_samples_are_joined_by_straight_lines():
    waveform = Samples((0.0, 0.01, 0.03), (0.0, 1.0, 0.0), "linear")
    found = waveform.sample(DT_MS, 8)
    np.testing.assert_allclose(found.levels, [0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0], atol=1e-14)
    assert not found.edges.any()
    middle = waveform.sample(DT_MS, 8, midpoint=True).levels
    np.testing.assert_allclose(middle, [0.25, 0.75, 0.875, 0.625, 0.375, 0.125, 0, 0], atol=1e-14)
    assert waveform.net_charge_uc_per_ma == pytest.approx(0.015)


def test_linear_samples_that_begin_off_zero_jump():
    found = Samples((0.01, 0.03), (1.0, 0.0), "linear").sample(DT_MS, 8)
    np.testing.assert_allclose(found.levels, [0, 0, 1, 0.75, 0.5, 0.25, 0, 0], atol=1e-14)
    assert np.flatnonzero(found.edges).tolist() == [2]


def test_linear_samples_need_not_lie_on_the_steps():
    found = Samples((0.0, 0.0125, 0.02), (0.0, 1.0, 0.0), "linear").sample(DT_MS, 5)
    np.testing.assert_allclose(found.levels, [0.0, 0.4, 0.8, 2.0 / 3.0, 0.0], atol=1e-14)


@pytest.mark.parametrize("interpolation", ["hold", "linear"])
def test_what_lies_beyond_the_sampled_time_is_left_out(interpolation):
    waveform = Samples((0.02, 0.04, 0.06), (1.0, 0.5, 0.0), interpolation)
    long, short = waveform.sample(DT_MS, 20), waveform.sample(DT_MS, 6)
    np.testing.assert_array_equal(short.levels, long.levels[:6])
    np.testing.assert_array_equal(short.edges, long.edges[:6])
    assert not waveform.sample(DT_MS, 3).edges.any()


def test_arrays_become_tuples():
    waveform = Samples(np.array([0.0, 0.1]), np.array([1, 0]))
    assert waveform == Samples((0.0, 0.1), (1.0, 0.0))
    assert hash(waveform) == hash(Samples((0.0, 0.1), (1.0, 0.0)))


@pytest.mark.parametrize(
    ("times", "levels", "message"),
    [
        ((0.0,), (0.0,), r"sample 1 of 1: a waveform needs 2 samples or more, and has 1\. Add its end"),
        ((0.0, 1.0), (1.0,), r"2 times and 1 levels: give one level per time"),
        ((0.0, math.nan), (1.0, 0.0), r"sample 2 of 2: time_ms = nan ms, level = 0: both must be finite\. Correct"),
        ((0.0, 1.0), (math.inf, 0.0), r"sample 1 of 2: time_ms = 0 ms, level = inf"),
        ((-0.1, 1.0), (1.0, 0.0), r"sample 1 of 2: time_ms = -0.1 ms: .*begins at 0 ms\. Move"),
        ((0.0, 0.2, 0.2), (1.0, 1.0, 0.0), r"sample 3 of 3: time_ms = 0.2 ms after 0.2 ms: times must rise\. Sort"),
        ((0.0, 0.2), (3.5, 0.0), r"sample 1 of 2: level = 3.5: .*from -1 to 1\. Divide by the largest"),
        ((0.0, 0.2), (-1.1, 0.0), r"level = -1.1"),
        ((0.0, 0.2), (1.0, 0.5), r"sample 2 of 2: level = 0.5: the last level must be 0.*Add such a sample"),
    ],
)  # fmt: skip
def test_impossible_samples_are_refused(times, levels, message):
    with pytest.raises(StimulusError, match=message):
        Samples(times, levels)


def test_an_unknown_interpolation_is_refused():
    with pytest.raises(
        StimulusError, match=r"interpolation = 'cubic': allowed are hold, linear\. Choose"
    ):
        Samples((0.0, 1.0), (1.0, 0.0), "cubic")


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (Samples((0.0, 0.062), (1.0, 0.0)), r"time_ms is in ms.* lie at 0, 62 µs; .*would fit \(dt_us = 4.76923\)"),
        (Samples((0.0, 1e-5), (1.0, 0.0)), r"time_ms is in ms.* lie at 0, 0.01 µs; .*dt_us = 0.01\)"),
        (Samples((0.0, 0.004, 1.0), (0.0, 1.0, 0.0), "linear"), r"samples \(time_ms is in ms\) 0.004 ms apart are lost .*dt_ms = 0.005 ms\. Use a step"),
        (Samples((0.007, 1.0), (1.0, 0.0), "linear"), r"samples \(time_ms is in ms\) begin with a jump at 7 µs; .*would fit"),
    ],
)  # fmt: skip
def test_samples_that_do_not_fit_the_step_are_refused(waveform, message):
    with pytest.raises(StimulusError, match=message):
        waveform.sample(DT_MS, 300)


def test_an_impossible_grid_is_refused():
    with pytest.raises(StimulusError, match=r"dt_ms = 0 ms"):
        Samples((0.0, 1.0), (1.0, 0.0)).sample(0.0, 10)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "wave.csv"
    path.write_text(
        "\ufeff# a pulse\ntime_ms,level\n0.0, 1.0\n\n# gap\n0.1,0\n0.15,-5e-1\n0.35,0\n",
        encoding="utf-8",
    )
    assert read_samples(path) == Samples((0.0, 0.1, 0.15, 0.35), (1.0, 0.0, -0.5, 0.0))
    linear = read_samples(str(path), interpolation="linear")
    assert linear.interpolation == "linear"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"wave\.csv:1: the header is '';.*'time_ms,level'\. Name the columns"),
        ("time_us,level\n0,1\n1,0\n", r"wave\.csv:1: the header is 'time_us,level'"),
        ("# x\n0,1\n1,0\n", r"wave\.csv:2: the header is '0,1'"),
        ("time_ms,level\n0,1\n\n0.1;0\n", r"wave\.csv:4: '0\.1;0' is not a time in ms and a level\. Write"),
        ("time_ms,level\n0,one\n", r"wave\.csv:2: '0,one' is not"),
        ("time_ms,level\n0,1,2\n", r"wave\.csv:2: '0,1,2' is not"),
        ("time_ms,level\n,1\n0,0\n", r"wave\.csv:2: ',1' is not"),
        ("time_ms,level\n", r"wave\.csv:1: a waveform needs 2 samples or more, and has 0"),
        ("time_ms,level\n0,1\n", r"wave\.csv:2: a waveform needs 2 samples or more, and has 1"),
        ("time_ms,level\n0,1\n\n0.1,nan\n", r"wave\.csv:4: time_ms = 0\.1 ms, level = nan: both must be finite"),
        ("time_ms,level\n0.1,1\n# x\n0.1,0\n", r"wave\.csv:4: time_ms = 0\.1 ms after 0\.1 ms"),
        ("time_ms,level\n0,2\n0.1,0\n", r"wave\.csv:2: level = 2: levels are relative"),
        ("time_ms,level\n0,1\n0.1,1\n", r"wave\.csv:3: level = 1: the last level must be 0"),
        ("time_ms,level\n-1,1\n0.1,1\n", r"wave\.csv:2: time_ms = -1 ms"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "wave.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StimulusError, match=message):
        read_samples(path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(StimulusError, match=r"none\.csv: cannot be read as text .*Give a CSV file"):
        read_samples(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"time_ms,level\n\xff\xfe")
    with pytest.raises(StimulusError, match=r"bytes\.csv: cannot be read as text"):
        read_samples(tmp_path / "bytes.csv")


def test_an_unknown_interpolation_of_a_file_is_refused(tmp_path):
    path = tmp_path / "wave.csv"
    path.write_text("time_ms,level\n0,1\n1,0\n", encoding="utf-8")
    with pytest.raises(StimulusError, match=r"interpolation = 'spline'"):
        read_samples(path, interpolation="spline")
