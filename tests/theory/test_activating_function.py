"""Activating function against the closed form of a point source and the conservation of current."""

import numpy as np
import pytest

from scsim.electrodes.sources import PointSource
from scsim.errors import GeometryError, StimulusError
from scsim.fibers import Fiber, fiber_models
from scsim.fields import HomogeneousMedium
from scsim.response.linear import activating_function

SIGMA_S_PER_M = 0.2
HEIGHT_MM = 1.0

FIBERS = {
    "mrg": Fiber("mrg", 10.0, n_nodes=41),
    "mrg_discrete": Fiber("mrg_discrete", 10.0, n_nodes=41),
    "mrg_small": Fiber("mrg_small", 3.0, n_nodes=41),
    "sweeney": Fiber("sweeney", 10.0, n_nodes=41),
    "rattay": Fiber("rattay", 1.0, n_nodes=361),
    "sundt": Fiber("sundt", 1.0, n_nodes=361),
    "tigerholm": Fiber("tigerholm", 1.0, n_nodes=361),
    "schild94": Fiber("schild94", 1.0, n_nodes=361),
    "schild97": Fiber("schild97", 1.0, n_nodes=361),
    "thio_autonomic": Fiber("thio_autonomic", 1.0, n_nodes=361),
    "thio_cutaneous": Fiber("thio_cutaneous", 1.0, n_nodes=361),
}
# Axial resistivity (Ω cm) and capacitance (µF/cm²) of the papers: Sundt et al. (2015), Tigerholm et al. (2014).
UNMYELINATED = {"sundt": (100.0, 1.0), "tigerholm": (35.4, 1.0)}


def potential(fiber: Fiber, z_mm: float = 0.0) -> np.ndarray:
    return HomogeneousMedium(SIGMA_S_PER_M).unit_potential_along(
        [PointSource((HEIGHT_MM, 0.0, z_mm))], [fiber]
    )[0]


def test_every_model_is_tested() -> None:
    assert set(FIBERS) == set(fiber_models())


@pytest.mark.parametrize("model", UNMYELINATED)
def test_a_fiber_without_myelin_has_the_closed_form_of_a_point_source(model: str) -> None:
    # f = d / (4 ρ c) d²v_e/dz², with v_e = -I / (4πσ r): d²/dz² (1/r) = (2 z² - h²) / r⁵ (Rattay 1986).
    fiber = FIBERS[model]
    resistivity, capacitance = UNMYELINATED[model]
    found = activating_function([fiber], [potential(fiber)])[0]
    z = fiber.node_positions_mm()[2:-2, 2]
    r = np.hypot(HEIGHT_MM, z)
    mv_per_mm2 = -1e3 / (4.0 * np.pi * SIGMA_S_PER_M) * (2.0 * z**2 - HEIGHT_MM**2) / r**5
    diameter_cm, per_cm2 = 1e-4, 1e2  # 1 µm; mm⁻² → cm⁻²
    uf_per_f = 1e6
    rate_mv_per_s = (
        diameter_cm / (4.0 * resistivity * capacitance / uf_per_f) * mv_per_mm2 * per_cm2
    )
    expected = rate_mv_per_s * 1e-3
    # A second difference of spacing s is off by s²/12 of the fourth derivative: 4th over 2nd derivative of 1/r
    # is at most 9/h² here (at z = 0), so (8.333 µm)² / 12 * 9 / (1 mm)² = 5.2e-5 of the largest value.
    assert found.rate_mv_per_ms[2:-2] == pytest.approx(
        expected, abs=5.5e-5 * np.abs(expected).max()
    )


def test_it_changes_sign_where_the_point_source_is_seen_at_70_degrees_apart() -> None:
    # Zero of 2 z² - h²: |z| = h / √2.
    fiber = FIBERS["sundt"]
    rate = activating_function([fiber], [potential(fiber)])[0].rate_mv_per_ms
    z = np.abs(fiber.node_positions_mm()[:, 2])
    spacing = 8.333e-3
    inside = (z < HEIGHT_MM / np.sqrt(2.0) - spacing) & (z > 0.0)
    outside = (z > HEIGHT_MM / np.sqrt(2.0) + spacing) & (z < z.max() - 2.0 * spacing)
    assert np.all(rate[inside] > 0.0)
    assert np.all(rate[outside] < 0.0)


@pytest.mark.parametrize("model", FIBERS)
def test_no_current_is_made(model: str) -> None:
    # What the field drives into some nodes it takes from others, sealed ends included.
    fiber = FIBERS[model]
    current = activating_function([fiber], [potential(fiber, 0.37)])[0].current_na
    assert np.abs(current).max() > 0.0
    assert abs(current.sum()) < 1e-12 * np.abs(current).sum()


@pytest.mark.parametrize("model", FIBERS)
def test_an_even_potential_and_an_even_field_excite_only_the_ends(model: str) -> None:
    fiber = FIBERS[model]
    even = np.full((1, fiber.n_compartments), 7.0)
    assert np.all(activating_function([fiber], [even])[0].current_na == 0.0)
    ramp = fiber.compartment_positions_mm()[None, :, 2]
    current = activating_function([fiber], [ramp])[0].current_na
    inner = current[2:-2]
    assert np.abs(inner).max() < 1e-9 * np.abs(current).max()
    first, last = np.flatnonzero(np.abs(current) > 0.5 * np.abs(current).max())
    assert current[first] == pytest.approx(-current[last], rel=1e-9)


def test_myelinated_nodes_are_linked_by_the_axoplasm_between_them() -> None:
    # MRG 10 µm, McIntyre et al. (2002), table 1: 70 Ω cm; node 1 µm and two MYSA of 3 µm with 3.3 µm, the
    # rest of 1150 µm with 6.9 µm; 2 µF/cm² of node membrane.
    fiber = FIBERS["mrg_discrete"]
    ohm = 70.0 * 1e4 * 4.0 / np.pi * ((1.0 + 2.0 * 3.0) / 3.3**2 + (1150.0 - 7.0) / 6.9**2)
    farad = 2e-6 * np.pi * 3.3 * 1.0 * 1e-8
    v_e = np.zeros((1, fiber.n_compartments))
    v_e[0, 20 * 11] = 1.0
    found = activating_function([fiber], [v_e], shares=[1.0])[0]
    # 1 mV at one node of 1 mV/mA: it loses 2 mV/R, its neighbors gain 1 mV/R each; mV/Ω = 1e6 nA.
    assert found.current_na[19:22] == pytest.approx(
        np.array([1.0, -2.0, 1.0]) * 1e6 / ohm, rel=1e-12
    )
    assert found.rate_mv_per_ms[20] == pytest.approx(-2.0 / (ohm * farad) * 1e-3, rel=1e-12)
    assert np.count_nonzero(found.current_na) == 3


def test_signs_and_sizes_follow_the_amplitude_and_the_polarity() -> None:
    fiber = FIBERS["mrg"]
    one = activating_function([fiber], [potential(fiber)])[0]
    strong = activating_function([fiber], [potential(fiber)], amplitude_ma=3.0, polarity="anodic")[
        0
    ]
    assert strong.current_na == pytest.approx(-3.0 * one.current_na, rel=1e-12)
    # Under a cathode the nearest node is depolarized.
    assert np.argmax(one.rate_mv_per_ms) == fiber.middle_node
    assert str(one).startswith("largest at node 20: ")


def test_what_is_no_field_or_no_amplitude_is_refused() -> None:
    fiber = Fiber("mrg", 10.0, n_nodes=5)
    unit = np.ones((1, fiber.n_compartments))
    broken = unit.copy()
    broken[0, 3] = np.nan
    with pytest.raises(GeometryError, match=r"compartment 3 is nan: .*; move the fiber off"):
        activating_function([fiber], [broken])
    for amplitude in (0.0, -1.0, np.nan):
        with pytest.raises(StimulusError, match=r"an amplitude is a size, above 0; shares"):
            activating_function([fiber], [unit], amplitude_ma=amplitude)
    with pytest.raises(StimulusError, match=r"amplitude_ma = inf mA: .*; give a finite one, 1 is"):
        activating_function([fiber], [unit], amplitude_ma=np.inf)
