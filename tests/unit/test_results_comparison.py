"""Two results compared: bits, largest differences and where they lie."""

import numpy as np

from scsim.results.comparison import compare_results
from tests.unit.made_results import made_results

RATE = np.array([[10.0, 20.0], [30.0, np.nan]])


def results(rate=RATE, **more):
    datasets = {"projection_rate_hz": (("amplitude_ma", "fiber"), np.array(rate)), **more}
    return made_results(
        {"stimulus.amplitude_ma": [1.0, 2.5]}, datasets, inner={"fiber": np.array([0, 1])}
    )


def compared(one, other, name="projection_rate_hz"):
    return next(found for found in compare_results(one, other) if found.name == name)


def test_equal_results_are_equal_bit_by_bit():
    found = compare_results(results(), results())
    assert {one.name for one in found} == {"amplitude_ma", "fiber", "status", "projection_rate_hz"}
    assert all(one.is_equal and not one.reason for one in found)


def test_the_largest_difference_and_its_place_are_found():
    found = compared(results(), results([[10.0, 20.5], [30.25, np.nan]]))
    assert not found.is_equal
    assert (found.n_different, found.n_values) == (2, 4)
    assert found.largest_absolute == 0.5
    assert found.largest_relative == 0.5 / 20.5
    assert found.case == "amplitude_ma=1.0, fiber=1"
    assert found.unit == "Hz"


def test_a_difference_in_the_last_bit_is_a_difference():
    found = compared(results(), results([[np.nextafter(10.0, 11.0), 20.0], [30.0, np.nan]]))
    assert not found.is_equal
    assert 0.0 < found.largest_absolute < 1e-14


def test_a_value_that_is_finite_in_one_file_only_is_counted():
    found = compared(results(), results([[np.nan, 20.0], [30.0, np.inf]]))
    assert found.n_different == 2
    assert "2 of them finite in one file only" in found.reason
    assert np.isnan(found.largest_absolute)
    assert found.case == "amplitude_ma=1.0, fiber=0"


def test_the_sign_of_zero_is_a_bit_and_no_value():
    one = results(relief=(("amplitude_ma",), np.array([0.0, 1.0])))
    other = results(relief=(("amplitude_ma",), np.array([-0.0, 1.0])))
    found = compared(one, other, "relief")
    assert not found.is_equal
    assert "sign of zeros" in found.reason
    assert found.n_different == 0


def test_shape_type_and_presence_are_told():
    one = results(
        relief=(("amplitude_ma",), np.zeros(2)),
        n_spikes=(("amplitude_ma",), np.array([1, 2])),
        state=(("amplitude_ma",), np.array(["a", "b"])),
    )
    other = results(
        n_spikes=(("amplitude_ma",), np.array([1.0, 2.0])),
        state=(("amplitude_ma",), np.array(["a", "c"])),
        pain_signal=(("amplitude_ma",), np.zeros(2)),
    )
    assert compared(one, other, "relief").reason == "only in the first file"
    assert compared(one, other, "pain_signal").reason == "only in the second file"
    assert compared(one, other, "n_spikes").reason == "type i8 against f8"
    text = compared(one, other, "state")
    assert text.reason == "1 of 2 values differ"
    assert text.case == "amplitude_ma=2.5"
    wide = results(np.zeros((2, 3)))
    assert compared(one, wide).reason == "sizes (2, 2) against (2, 3)"


def test_cases_are_named():
    def listed(values):
        return made_results(
            {"stimulus.amplitude_ma": [1.0, 2.0]},
            {"relief": (("case",), np.array(values))},
            mode="cases",
            names=["weak", "strong"],
        )

    assert compared(listed([0.5, 0.5]), listed([0.5, 0.25]), "relief").case == "case=1 (strong)"


def test_other_words_are_no_other_numbers():
    one, other = results(), results()
    changed = dict(other.variables)
    variable = changed["projection_rate_hz"]
    changed["projection_rate_hz"] = type(variable)(
        **{**variable.__dict__, "attributes": {**variable.attributes, "long_name": "another"}}
    )
    other = type(other)(changed, other.attributes)
    found = compared(one, other)
    assert found.is_equal
    assert found.reason == "other words in long_name"
