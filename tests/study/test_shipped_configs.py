"""Every study of ``configs/``, and every starter config, runs small, and its result shows the physics that it teaches.

Headers, comments and figures of configs are held in ``tests/contracts``.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import scsim
from scsim.plots.pictures import picture_names
from scsim.results.store import Results

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "src" / "scsim" / "data" / "templates"
SMALL = "small"

Check = Callable[[Results], None]


def values(results: Results, name: str) -> np.ndarray:
    return np.asarray(results.dataset(name), dtype=np.float64)


def median_threshold(results: Results) -> np.ndarray:
    """Give the median over fibers; one without a threshold in the range searched counts as the highest."""
    return np.median(np.nan_to_num(values(results, "threshold_ma"), nan=np.inf), axis=-1)


def quickstart(results: Results) -> None:
    # No fiber follows the lowest amplitude, all the highest; the disinhibited horn signals more, and 40 Hz silences both.
    share, signal = values(results, "recruited_share"), values(results, "pain_signal")
    assert share == pytest.approx([0.0, 1.0])
    assert signal[0, :, 0] == pytest.approx(1.0)
    assert (signal[0, :, 1] > 1.5).all()
    assert (signal[1, 1] < 0.1 * signal[0, 1]).all()


def amplitude_rate_width(results: Results) -> None:
    width_us = np.asarray(results.coordinates["pulse_width_us"], dtype=np.float64)
    threshold_ma = median_threshold(results)
    charge = threshold_ma * width_us
    assert (np.diff(threshold_ma) < 0).all()
    assert (np.diff(charge) > 0).all()  # strength-duration: amplitude falls slower than 1 / width
    share, signal = values(results, "recruited_share"), values(results, "pain_signal")
    assert np.unique(signal[share == 0]).size == 1  # what recruits nothing changes nothing
    full = signal[share > 0.999]
    assert (
        np.ptp(full, axis=0).max() == 0.0
    )  # equally many fibers are one run, whatever made them follow
    assert (full[:, 1] < full[:, 0]).all()  # 40 Hz gains more than 10 Hz


def posture(results: Results) -> None:
    # Each thickness has a draw of its own fibers: medians are compared, not fiber by fiber.
    near, supine, prone = median_threshold(results)
    assert near < supine < prone
    assert 1.8 < prone / supine < 3.0  # for 2.2 mm


def contact_spacing(results: Results) -> None:
    at_1, at_4, at_10 = np.moveaxis(
        median_threshold(results), results.dims("threshold_ma").index("contact_gap_mm"), 0
    )
    assert (at_1 > 1.2 * at_4).all()
    assert at_4 == pytest.approx(at_10, rel=0.2)  # the far anode hardly matters any more


def burst_or_tonic(results: Results) -> None:
    fibers_hz = values(results, "followed_rate_hz").reshape(
        3, 3
    )  # amplitudes, (40 Hz, 200 Hz, bursts)
    assert fibers_hz[:, 1] == pytest.approx(5 * fibers_hz[:, 0])
    assert (fibers_hz[:, 2] < fibers_hz[:, 1]).all()  # no fiber answers every pulse of a burst
    charge = values(results, "charge_per_second_uc").reshape(3, 3, -1)
    assert charge[:, 1] == pytest.approx(charge[:, 2])  # of equal charge per second


def kilohertz(results: Results) -> None:
    fibers_hz = values(results, "followed_rate_hz")[:, 0]
    total_hz, rest_hz = values(results, "projection_rate_hz")[:, 0], values(results, "rest_rate_hz")
    assert fibers_hz[0] == 0.0
    assert total_hz[0] == rest_hz  # below the thresholds nothing changes
    assert 100.0 < fibers_hz[1] < 1000.0  # irregular: far fewer spikes than pulses
    assert total_hz[1] != rest_hz


def pain_states(results: Results) -> None:
    dims = results.dims("c_driven_rate_hz")
    order = [dims.index(name) for name in ("state", "frequency_hz", "realization")]
    healthy, disinhibited = values(results, "c_driven_rate_hz").transpose(order)
    assert (disinhibited[0] > healthy[0]).all()
    assert (healthy[1] < 0.1 * healthy[0]).all()  # 40 Hz against 5 Hz
    assert np.ptp(values(results, "rest_rate_hz"), axis=0).max() > 0  # realizations differ


def field_sensitivity(results: Results) -> None:
    drive = np.abs(values(results, "profile_peak_second_difference_mv_per_ma"))
    base, more_fluid, poorer_fluid = drive
    # Reference solutions of this anatomy: half a millimeter more fluid costs a sixth; fluid that conducts less shunts less.
    assert more_fluid / base == pytest.approx([0.83, 0.86], abs=0.03)
    assert (poorer_fluid > 1.1 * base).all()


def lateral_sweep(results: Results) -> None:
    drive = values(results, "profile_peak_second_difference_mv_per_ma")
    assert drive[0] == pytest.approx(drive[2], rel=1e-3)  # left and right mirror each other
    assert (drive[1] > 1.02 * drive[0]).all()


def nerve_cuff(results: Results) -> None:
    share = values(results, "recruited_share_nerve")
    assert (np.diff(share, axis=-1) >= 0).all()
    assert (share[:, -1] > 0.7).all()
    threshold_ma = values(results, "threshold_ma")
    where = values(results, "geometry/fiber_start_mm")
    where = where.reshape(-1, *where.shape[-2:])[0, :, :2]
    towards = where @ np.array([1.0, 1.0])  # the middle of the quadrant of c1 and c5
    rings, quadrant, steered = (np.corrcoef(np.log(row), towards)[0, 1] for row in threshold_ma)
    assert steered < quadrant < rings  # only what is not round chooses a side
    assert steered < -0.9
    assert abs(rings) < 0.5


def block(results: Results) -> None:
    block_ma = values(results, "block_threshold_ma")[..., 0]  # frequency, diameter
    assert np.isfinite(block_ma).all()
    assert (np.diff(block_ma, axis=0) > 0).all()  # higher frequency, higher threshold
    assert (np.diff(block_ma, axis=1) < 0).all()  # thicker fibers are blocked first


def uncertainty(results: Results) -> None:
    assert results.attributes["sweep_mode"] == "saltelli"
    drive = values(results, "profile_peak_second_difference_mv_per_ma")[:, 0]
    fluid_mm = np.asarray(results.coordinates["csf_thickness_mm"], dtype=np.float64)
    assert drive.size == 2 * (2 + 2)
    assert ((fluid_mm >= 2.0) & (fluid_mm <= 5.0)).all()
    fat = np.asarray(results.coordinates["epidural_fat_s_per_m"], dtype=np.float64)
    # More fluid and better conducting fat both weaken the drive, in every pair of rows that differ by one of them.
    a, b, fluid_from_b, fat_from_b = np.split(np.arange(drive.size), 4)
    assert (fluid_mm[fluid_from_b] == fluid_mm[b]).all()
    assert (fat[fluid_from_b] == fat[a]).all()
    for rows, key in ((fluid_from_b, fluid_mm), (fat_from_b, fat)):
        assert (np.sign(drive[rows] - drive[a]) == -np.sign(key[rows] - key[a])).all()


def seeds(results: Results) -> None:
    threshold_ma = values(results, "threshold_ma")
    threshold_ma = np.moveaxis(threshold_ma, results.dims("threshold_ma").index("seed"), 0)
    assert np.asarray(results.coordinates["seed"]).tolist() == [1, 2, 3]
    medians = np.median(threshold_ma, axis=-1).ravel()
    assert np.unique(medians).size == 3  # each seed draws its own fibers ...
    assert np.ptp(medians) < 0.2 * medians.mean()  # ... of one law
    assert np.unique(values(results, "rest_rate_hz")).size > 1  # and its own spike trains


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        quickstart,
        amplitude_rate_width,
        posture,
        contact_spacing,
        burst_or_tonic,
        kilohertz,
        pain_states,
        field_sensitivity,
        lateral_sweep,
        nerve_cuff,
        block,
        uncertainty,
        seeds,
    )
}
"""Stem of each config, and what its small setting has to show."""


def figure_of(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("# figure: ")).removeprefix("# figure: ")


def test_every_config_has_a_check() -> None:
    assert {path.stem for path in (ROOT / "configs").glob("*.toml")} == CHECKS.keys()


@pytest.mark.parametrize("name", CHECKS)
def test_config_shows_its_physics_in_the_small_setting(name: str) -> None:
    path = ROOT / "configs" / f"{name}.toml"
    results = scsim.run(scsim.load(path, presets=(SMALL,)))
    assert not np.asarray(results.dataset("status")).any()
    assert figure_of(path) in picture_names(results)
    CHECKS[name](results)


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.toml")), ids=lambda path: path.stem)
def test_starter_config_runs_in_the_small_setting(path: Path) -> None:
    results = scsim.run(scsim.load(path, presets=(SMALL,)))
    assert not np.asarray(results.dataset("status")).any()
    assert picture_names(results)
