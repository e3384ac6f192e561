"""The drive along one line is measured as the table of sensitivities of the reference measures it."""

import csv
from pathlib import Path

import numpy as np
import pytest

import scsim.validate
from scsim.fields.profile import (
    REACH_MM,
    SEARCH_MM,
    SPACING_MM,
    STEP_MM,
    active_contact,
    drive_offsets_mm,
    measure_drive,
    sample_heights_mm,
    second_differences,
)

CASES = Path(scsim.validate.__file__).parent / "cases" / "field"
CONTACT_4_MM = -3.5


def _reference_line(name: str) -> np.ndarray:
    """Give the reference potential of contact 4 at `drive_offsets_mm` from it."""
    with (CASES / "scs_T_d32__c4__uniform__dc.csv").open(encoding="utf-8") as file:
        head, *rows = [row for row in csv.reader(file) if not row[0].startswith("#")]
    table = np.array(rows, dtype=np.float64)
    z_mm, line = table[:, 0], table[:, head.index(name)]
    wanted = CONTACT_4_MM + drive_offsets_mm()
    places = np.searchsorted(z_mm, wanted - 1e-9)
    np.testing.assert_allclose(z_mm[places], wanted, atol=1e-9)
    return line[places]


def test_the_definitions_are_those_of_the_table_of_sensitivities():
    with (CASES / "sensitivity_T_d32_c4_uniform.csv").open(encoding="utf-8") as file:
        _, base, *_ = [row for row in csv.reader(file) if not row[0].startswith("#")]
    assert base[0] == "base"
    at_contact, peak, curvature, width, ratio = map(float, base[1:])
    near = measure_drive(_reference_line("dc_x+0.0_d0.2"), 1.0)
    deep = measure_drive(_reference_line("dc_x+0.0_d1.0"), 1.0)
    # Three decimals in the table and five on the line; the table is of order-3 runs, good to about 1e-4.
    assert near.at_contact == pytest.approx(at_contact, rel=1e-4)
    assert near.peak == pytest.approx(peak, rel=1e-4)
    assert near.second_difference == pytest.approx(curvature, rel=1e-4)
    assert near.half_width_mm == width
    assert deep.peak / near.peak == pytest.approx(ratio, rel=1e-4)


def test_a_known_hill_has_its_known_drive():
    """V = 1/(1 + (z/w)²) around a place that is a sample: all four numbers in closed form."""
    offsets, width_mm, middle_mm = drive_offsets_mm(), 6.0, 2.0
    hill = 3.0 / (1.0 + ((offsets - middle_mm) / width_mm) ** 2)
    found = measure_drive(hill, 1.0)
    far = 3.0 / (1.0 + (REACH_MM / width_mm) ** 2)
    assert found.at_contact == pytest.approx(3.0 / (1.0 + (middle_mm / width_mm) ** 2))
    assert found.peak == pytest.approx(3.0 - far)
    assert found.second_difference == pytest.approx(
        2.0 * 3.0 / (1.0 + (STEP_MM / width_mm) ** 2) - 2.0 * 3.0
    )
    half = 0.5 * (3.0 + far)
    reach_mm = width_mm * np.sqrt(3.0 / half - 1.0)
    assert found.half_width_mm == 2.0 * SPACING_MM * np.floor(reach_mm / SPACING_MM)
    hollow = measure_drive(-hill, -1.0)
    assert hollow.peak == -found.peak
    assert hollow.second_difference == -found.second_difference
    assert hollow.half_width_mm == found.half_width_mm


def test_only_the_peak_of_the_active_contact_counts():
    offsets = drive_offsets_mm()
    own = np.exp(-((offsets / 4.0) ** 2))
    other = 2.0 * np.exp(-(((offsets - 28.0) / 2.0) ** 2))
    alone, beside = measure_drive(own, 1.0), measure_drive(own + other, 1.0)
    assert beside.at_contact == pytest.approx(alone.at_contact)
    assert beside.half_width_mm == alone.half_width_mm
    assert offsets[0] == -(SEARCH_MM + REACH_MM)


def test_a_line_that_ends_too_early_has_no_drive():
    line = np.exp(-((drive_offsets_mm() / 4.0) ** 2))
    line[:12] = np.nan
    found = measure_drive(line, 1.0)
    assert np.isfinite(found.peak), "the samples that are missing were not needed"
    line[:30] = np.nan
    found = measure_drive(line, 1.0)
    assert found.at_contact == 1.0
    assert np.isnan([found.peak, found.second_difference, found.half_width_mm]).all()


@pytest.mark.parametrize(
    ("shares", "active"),
    [([0, 1, 0], 1), ([0, 1, -1], 2), ([-0.5, 1, -0.5], 1), ([-1, 1, -1], 0), ([0.2, -1, 0.8], 1)],
)
def test_the_active_contact_has_the_largest_share_and_is_rather_a_cathode(shares, active):
    assert active_contact(shares) == active


def test_second_differences_are_shorter_by_a_step_at_both_ends():
    z_mm = SPACING_MM * np.arange(100)
    found = second_differences(np.vstack([z_mm, z_mm**2]))
    n_step = round(STEP_MM / SPACING_MM)
    assert found.shape == (2, 100 - 2 * n_step)
    np.testing.assert_allclose(found[0], 0.0, atol=1e-10)
    np.testing.assert_allclose(found[1], 2.0 * STEP_MM**2, rtol=1e-10)


def test_heights_are_multiples_of_the_spacing_inside_a_range():
    np.testing.assert_array_equal(sample_heights_mm(-1.2, 1.0), [-1.0, -0.5, 0.0, 0.5, 1.0])
    assert sample_heights_mm(-50.0, 50.0).size == 201
