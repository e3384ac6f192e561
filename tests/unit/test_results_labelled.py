"""Arrays with labels choose what a NumPy index would, read no more than that, and name what is not there."""

import builtins
from pathlib import Path

import numpy as np
import pytest

from scsim.errors import ResultsError
from scsim.formats.hdf5 import make_variable
from scsim.results.store import Results, load_results, save_results

AMPLITUDES = np.array([0.5, 1.0, 2.0, 4.0])
RATES = np.random.default_rng(1).random((3, 4, 2))


def _grid() -> Results:
    status = {"units": "1", "long_name": "status", "flag_meanings": "OK"}
    variables = [
        make_variable("seed", ("seed",), np.arange(3), {"units": "1", "config_key": "seed"}),
        make_variable("amplitude_ma", ("amplitude_ma",), AMPLITUDES, {"units": "mA"}),
        make_variable("state", ("state",), np.array(["healthy", "disinhibited"]), {"units": "1"}),
        make_variable(
            "status", ("seed", "amplitude_ma", "state"), np.zeros((3, 4, 2), np.int8), status
        ),
        make_variable(
            "rate_hz",
            ("seed", "amplitude_ma", "state"),
            RATES,
            {"units": "Hz", "long_name": "firing rate"},
        ),
        make_variable("geometry/axis", ("axis",), np.array(["x", "y", "z"]), {"units": "1"}),
        make_variable("geometry/place_mm", ("axis",), np.arange(3.0), {"units": "mm"}),
    ]
    attributes = {"schema_version": "2", "failures": "[]"}
    return Results({one.name: one for one in variables}, attributes)


def _cases() -> Results:
    variables = [
        make_variable("case", ("case",), np.arange(5), {"units": "1"}),
        make_variable("case_name", ("case",), np.array(list("abcde")), {"units": "1"}),
        make_variable(
            "amplitude_ma", ("case",), np.array([1.0, 2.0, 1.0, 3.0, 2.0]), {"units": "mA"}
        ),
        make_variable("status", ("case",), np.zeros(5, np.int8), {"flag_meanings": "OK"}),
        make_variable("rate_hz", ("case",), np.arange(5.0), {"units": "Hz"}),
    ]
    attributes = {
        "schema_version": "2",
        "failures": "[]",
        "coordinates": "case_name amplitude_ma",
    }
    return Results({one.name: one for one in variables}, attributes)


@pytest.fixture(params=["memory", "file"])
def grid(request, tmp_path: Path) -> Results:
    if request.param == "memory":
        return _grid()
    save_results(_grid(), tmp_path / "results.h5")
    return load_results(tmp_path)


def test_labels_choose_what_an_index_would(grid: Results):
    rate = grid["rate_hz"]
    assert (rate.dims, rate.shape, rate.unit) == (
        ("seed", "amplitude_ma", "state"),
        (3, 4, 2),
        "Hz",
    )
    one = rate.sel(amplitude_ma=2.0, state="healthy")
    assert (one.dims, one.shape) == (("seed",), (3,))
    np.testing.assert_array_equal(one.values, RATES[:, 2, 0])
    assert one.coords["amplitude_ma"] == 2.0
    assert one.coords["state"] == "healthy"
    several = rate.sel(amplitude_ma=[4.0, 0.5], seed=slice(1, None))
    np.testing.assert_array_equal(several.values, RATES[1:][:, [3, 0]])
    np.testing.assert_array_equal(several.coords["amplitude_ma"], [4.0, 0.5])
    np.testing.assert_array_equal(rate.sel(amplitude_ma=slice(1.0, 2.0)).values, RATES[:, 1:3])
    np.testing.assert_array_equal(rate.sel(amplitude_ma=1.9, method="nearest").values, RATES[:, 2])
    np.testing.assert_array_equal(rate.sel(amplitude_ma=2.0 * (1.0 + 1e-12)).values, RATES[:, 2])


def test_places_choose_what_an_index_would(grid: Results):
    rate = grid["rate_hz"]
    np.testing.assert_array_equal(rate.isel(seed=-1).values, RATES[-1])
    np.testing.assert_array_equal(rate.isel(amplitude_ma=slice(0, 4, 2)).values, RATES[:, ::2])
    np.testing.assert_array_equal(
        rate.isel(amplitude_ma=slice(None, None, -1)).values, RATES[:, ::-1]
    )
    mask = np.array([True, False, True, False])
    chosen = rate.isel(amplitude_ma=mask).isel(amplitude_ma=1, state=[1, 0])
    np.testing.assert_array_equal(chosen.values, RATES[:, 2][:, [1, 0]])
    assert rate.isel(seed=slice(3, None)).values.shape == (0, 4, 2)
    listed = rate.isel(amplitude_ma=mask.tolist())
    np.testing.assert_array_equal(listed.values, RATES[:, [0, 2]])
    assert rate.isel(seed=[]).values.shape == (0, 4, 2)
    with pytest.raises(ResultsError, match=r"from 0 to 2; \[1.7\] is not among them"):
        rate.isel(seed=[1.7])


def test_a_mean_takes_its_dimension_away(grid: Results):
    mean = grid["rate_hz"].mean("seed")
    assert mean.dims == ("amplitude_ma", "state")
    np.testing.assert_array_equal(mean.values, RATES.mean(axis=0))
    assert "seed" not in mean.coords
    assert mean.sel(amplitude_ma=4.0, state="disinhibited").values == RATES.mean(axis=0)[3, 1]
    with pytest.raises(
        ResultsError, match=r"status holds status codes, which have no mean: choose"
    ):
        grid["status"].mean("seed")
    with pytest.raises(ResultsError, match=r"rate_hz has no dimension 'case'; it has seed, ampl"):
        grid["rate_hz"].mean("case")


def test_cases_are_chosen_by_their_swept_values():
    rate = _cases()["rate_hz"]
    chosen = rate.sel(amplitude_ma=2.0)
    assert chosen.dims == ("case",)
    np.testing.assert_array_equal(chosen.values, [1.0, 4.0])
    np.testing.assert_array_equal(chosen.coords["case_name"], ["b", "e"])
    np.testing.assert_array_equal(rate.sel(amplitude_ma=2.6, method="nearest").values, [3.0])
    assert rate.sel(case=3).values == 3.0


def test_whole_numbers_are_equal_or_not():
    """Seeds above a billion differ by less than a part in a billion."""
    seeds = np.array([1_700_000_000, 1_700_000_001, 2**62, 2**62 + 1])
    variables = [
        make_variable("seed", ("seed",), seeds, {"units": "1"}),
        make_variable("rate_hz", ("seed",), np.arange(4.0), {"units": "Hz"}),
    ]
    rate = Results({one.name: one for one in variables}, {})["rate_hz"]
    assert [float(rate.sel(seed=int(seed)).values) for seed in seeds] == [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(ResultsError, match="seed has no value"):
        rate.sel(seed=1_700_000_002)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"amplitude_ma": 2.2}, r"amplitude_ma has no value 2.2 mA. Nearest are 2 and 1: give one"),
        ({"state": "sick"}, r"state has no value 'sick'. state has healthy, disinhibited"),
        ({"state": 1.0}, r"state holds texts; 1.0 is none of them"),
        ({"amplitude_ma": "2"}, r"amplitude_ma holds numbers; '2' is none of them"),
        ({"rate": 1.0}, r"has no coordinate 'rate' to choose by; it has seed, amplitude_ma, state"),
        ({"state": slice("a", "b")}, r"state: a slice chooses numbers .* list of values instead"),
    ],
)
def test_what_is_not_there_is_named(labels: dict[str, object], message: str):
    with pytest.raises(ResultsError, match=message):
        _grid()["rate_hz"].sel(**labels)


def test_unknown_methods_places_and_names_are_refused():
    with pytest.raises(ResultsError, match=r"method='pad' is unknown: leave it out .*'nearest'"):
        _grid()["rate_hz"].sel(method="pad", amplitude_ma=1.0)
    with pytest.raises(ResultsError, match=r"state has 2 places, from 0 to 1; 2 is not among"):
        _grid()["rate_hz"].isel(state=2)
    with pytest.raises(ResultsError, match=r"no dataset 'pain'.*rate_hz.*output.save"):
        _grid()["pain"]
    with pytest.raises(TypeError, match="rate_hz is a single value"):
        len(_grid()["rate_hz"].isel(seed=0, amplitude_ma=0, state=0))


def test_only_what_is_chosen_is_read(tmp_path: Path):
    save_results(_grid(), tmp_path / "results.h5")
    results = load_results(tmp_path)
    asked = []
    for name, variable in results.variables.items():
        object.__setattr__(
            variable,
            "load",
            lambda selection, name=name, load=variable.load: (
                asked.append((name, selection)),
                load(selection),
            )[1],
        )
    chosen = results["rate_hz"].isel(seed=1).sel(state="disinhibited")
    assert [name for name, _ in asked] == ["state"]
    asked.clear()
    np.testing.assert_array_equal(chosen.values, RATES[1, :, 1])
    assert asked == [("rate_hz", (slice(1, 2), slice(0, 4), slice(1, 2)))]
    _ = chosen.values
    assert len(asked) == 1


def test_the_text_says_what_the_array_is(grid: Results):
    text = repr(grid["rate_hz"].sel(state="healthy"))
    lines = text.splitlines()
    assert lines[0] == "rate_hz (seed: 3, amplitude_ma: 4), Hz"
    assert lines[1] == "  firing rate"
    assert "  seed          3 values: 0, 1, 2" in lines
    assert "  amplitude_ma  4 values: 0.5, 1, 2, 4 mA" in lines
    assert "  state         = healthy" in lines
    assert f"{RATES[0, 0, 0]:.4f}" in text
    assert "'OK'" in repr(grid["status"].isel(seed=0))
    assert repr(grid["geometry/place_mm"]).startswith("geometry/place_mm (axis: 3), mm")


def test_large_arrays_are_not_read_for_a_text():
    values = np.zeros((100, 100))
    variable = make_variable("x", ("a", "b"), values, {"units": "1"})
    read = []
    object.__setattr__(variable, "load", lambda selection: read.append(1) or values[selection])
    scale = make_variable("a", ("a",), np.arange(100), {"units": "1"})
    status = make_variable("status", (), np.array(0, np.int8), {})
    results = Results({"x": variable, "a": scale, "status": status}, {"failures": "[]"})
    text = repr(results["x"])
    assert "10000 values, not read yet" in text
    assert "a  100 values: 0, 1, 2, 3, 4, 5, ..., 99" in text
    assert not read


def test_xarray_gets_the_same_labels_and_unit(grid: Results):
    array = grid["rate_hz"].sel(state="healthy").to_xarray()
    assert array.dims == ("seed", "amplitude_ma")
    assert array.name == "rate_hz"
    assert array.attrs["units"] == "Hz"
    assert array.coords["state"] == "healthy"
    assert array.coords["amplitude_ma"].attrs["units"] == "mA"
    assert array.sel(seed=2, amplitude_ma=4.0) == RATES[2, 3, 0]
    cases = _cases()["rate_hz"].to_xarray()
    assert cases.coords["amplitude_ma"].dims == ("case",)


def test_numpy_takes_it(grid: Results):
    assert np.sum(grid["rate_hz"]) == RATES.sum()
    assert len(grid["rate_hz"]) == 3


def test_without_xarray_the_remedy_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "xarray":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ResultsError, match="xarray, which is not installed: install"):
        _grid()["rate_hz"].to_xarray()
