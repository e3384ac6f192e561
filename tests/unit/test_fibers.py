"""Fibers: morphology from the tables, positions in space, messages."""

import numpy as np
import pytest

from scsim.errors import GeometryError, ModelError
from scsim.fibers import (
    Fiber,
    diameter_range_um,
    fiber_models,
    internode_length_um,
    load_morphology,
    takes_any_diameter,
)
from scsim.fibers.assemble import check_potentials
from scsim.fibers.internode import internode_modes
from scsim.fibers.membrane import load_membrane, temperature_factor
from scsim.fibers.morphology import is_single_cable, load_single_morphology
from scsim.fibers.single import single_cable_lanes


def test_discrete_geometry_is_the_published_table() -> None:
    # McIntyre et al. (2002), table 1, 10 µm.
    shape = load_morphology("mrg_discrete", 10.0)
    assert shape.internode_length_um == 1150.0
    assert shape.flut_length_um == 46.0
    assert (shape.node_diameter_um, shape.axon_diameter_um, shape.lamellae) == (3.3, 6.9, 120.0)
    assert shape.stin_length_um == pytest.approx(175.1667, abs=5e-5)


@pytest.mark.parametrize(
    ("diameter", "internode"), [(5.642, 81.08 * 5.642 + 37.84), (10.0, 1122.3), (2.0, 200.0)]
)
def test_interpolated_internode_follows_both_pieces(diameter: float, internode: float) -> None:
    # Musselman et al. (2021): 10 µm gives -821.5 + 2724 - 780.2 µm.
    assert internode_length_um("mrg", diameter) == pytest.approx(internode, rel=1e-9)


def test_interpolation_stays_near_the_published_diameters() -> None:
    # The polynomials were fitted to the table: within 10 % of it from 5.7 µm up.
    for diameter in (5.7, 7.3, 8.7, 10.0, 11.5, 12.8, 14.0, 15.0, 16.0):
        discrete, smooth = (
            load_morphology("mrg_discrete", diameter),
            load_morphology("mrg", diameter),
        )
        for name in ("internode_length_um", "axon_diameter_um", "node_diameter_um", "lamellae"):
            assert getattr(smooth, name) == pytest.approx(getattr(discrete, name), rel=0.1)


def test_compartments_fill_the_internode() -> None:
    shape = load_morphology("mrg", 7.7)
    assert shape.compartment_lengths_um.sum() + shape.node_length_um == pytest.approx(
        shape.internode_length_um
    )
    offsets = shape.compartment_offsets_um
    assert offsets[5] + offsets[6] == pytest.approx(shape.internode_length_um)


def test_temperature_factors_at_body_temperature() -> None:
    # McIntyre et al. (2002) print the rates at 36 °C: 1.86 · 2.2^1.6 = 6.57 and 0.062 · 2.9^1.6 = 0.34.
    membrane = load_membrane("mrg_node")
    assert 1.86 * membrane.f1 / 2.2**0.1 == pytest.approx(6.57, abs=5e-3)
    assert 0.062 * membrane.f2 / 2.9**0.1 == pytest.approx(0.34, abs=5e-3)
    assert membrane.f3 == pytest.approx(3.0**0.1)


def test_small_fibers_follow_their_own_polynomials() -> None:
    # Peña et al. (2024), 3 µm: axon 0.553 · 3 - 0.024 = 1.635 µm, 17.4 · 1.635 - 1.74 = 26.709 lamellae.
    shape = load_morphology("mrg_small", 3.0)
    assert shape.internode_length_um == pytest.approx(-3.22 * 9 + 148 * 3 - 128)
    assert shape.axon_diameter_um == pytest.approx(1.635)
    assert shape.node_diameter_um == pytest.approx(0.321 * 1.635 + 0.37)
    assert shape.flut_length_um == pytest.approx(-0.171 * 9 + 6.48 * 3 - 0.935)
    assert shape.lamellae == 26.0
    assert shape.compartment_lengths_um.sum() + shape.node_length_um == pytest.approx(287.02)
    assert load_morphology("mrg_small", 1.011).stin_length_um > 0.0
    assert diameter_range_um("mrg_small") == (1.011, 16.0)


def test_small_fibers_change_two_conductances_of_the_node() -> None:
    small, usual = load_membrane("mrg_small_node"), load_membrane("mrg_node")
    changed = {"node.g_naf_s_per_cm2": 2.333333, "node.g_ks_s_per_cm2": 0.115556}
    assert dict(small.constants) == {**usual.constants, **changed}
    assert (small.f1, small.f2, small.f3) == (usual.f1, usual.f2, usual.f3)
    assert small.sources == ("pena2024", "mcintyre2002")


def test_temperature_factor_is_a_power_of_the_q10() -> None:
    values = {"temperature_degc": 37.0, "q10.m": 3.0, "q10.m_reference_degc": 17.0}
    assert temperature_factor(values, "m") == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("model", "resistivity", "capacitance", "end_mv"),
    [
        ("rattay", 100.0, 1.0, -70.0),
        ("sundt", 100.0, 1.0, -60.0),
        ("tigerholm", 35.4, 1.0, None),
        ("schild94", 100.0, 1.326291192, -46.5),
        ("schild97", 100.0, 1.326291192, -46.5),
        ("thio_autonomic", 23.117539, 1.326291192, None),
        ("thio_cutaneous", 27.513088, 1.326291192, None),
    ],
)
def test_fibers_without_myelin_are_rows_of_sections(
    model: str, resistivity: float, capacitance: float, end_mv: float | None
) -> None:
    shape = load_single_morphology(model, 0.8)
    assert shape.internode_length_um == shape.node_length_um == 8.333
    assert shape.node_diameter_um == 0.8
    assert shape.axial_resistivity_ohm_cm == resistivity
    assert shape.capacitance_uf_per_cm2 == capacitance
    assert (shape.end.e_leak_mv if shape.end else None) == end_mv
    if shape.end:
        assert (shape.end.axial_resistivity_ohm_cm, shape.end.leak_s_per_cm2) == (1e10, 1e-4)
        assert shape.end.capacitance_uf_per_cm2 == 1.0
    assert takes_any_diameter(model)


def test_every_section_of_a_single_cable_is_a_node() -> None:
    fiber = Fiber("sundt", 1.0, n_nodes=361)
    assert fiber.is_single_cable
    assert fiber.n_compartments == fiber.node_count == 361
    positions = fiber.compartment_positions_mm()
    assert np.array_equal(positions, fiber.node_positions_mm())
    assert positions[180] == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    assert np.allclose(np.diff(positions[:, 2]), 8.333e-3)


def test_nodes_in_perfect_myelin_are_a_hundred_diameters_apart() -> None:
    shape = load_single_morphology("sweeney", 12.0)
    assert shape.internode_length_um == pytest.approx(1200.0)
    assert (shape.node_length_um, shape.node_diameter_um) == (1.5, pytest.approx(7.2))
    fiber = Fiber("sweeney", 12.0, path_mm=[(0, 0, 0), (0, 0, 6.1)])
    assert fiber.n_compartments == fiber.node_count == 6
    assert internode_length_um("sweeney", 12.0) == pytest.approx(1200.0)
    assert not Fiber("mrg", 12.0, n_nodes=3).is_single_cable


@pytest.mark.parametrize("model", [name for name in fiber_models() if is_single_cable(name)])
def test_every_single_cable_can_be_laid_into_lanes(model: str) -> None:
    diameter = diameter_range_um(model)[1]
    fiber = Fiber(model, diameter, n_nodes=5)
    cable = single_cable_lanes([fiber], [np.zeros((1, 5))])
    assert type(cable).__name__.lower().removesuffix("cable") == model.partition("_")[0].rstrip(
        "0123456789"
    )
    assert np.all(np.isfinite(cable.constants))
    assert cable.n_nodes == 5


def test_double_and_single_cables_have_functions_of_their_own() -> None:
    with pytest.raises(
        ModelError, match=r"'sundt': .* call load_single_morphology.*mrg, mrg_discrete"
    ):
        load_morphology("sundt", 1.0)
    with pytest.raises(ModelError, match=r"'mrg': .* call load_morphology.*rattay"):
        load_single_morphology("mrg", 10.0)


def test_straight_fiber_has_its_middle_at_the_origin() -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=21)
    z = fiber.node_positions_mm()[:, 2]
    assert z[fiber.middle_node] == pytest.approx(0.0, abs=1e-12)
    assert z[0] == pytest.approx(-11.5)
    assert np.allclose(np.diff(z), 1.15)


def test_path_may_bend_and_start_anywhere() -> None:
    corner = [(0.0, 0.0, 0.0), (3.0, 0.0, 0.0), (3.0, 4.0, 0.0)]
    fiber = Fiber("mrg_discrete", 10.0, path_mm=corner, node_phase=0.5)
    nodes = fiber.node_positions_mm()
    assert fiber.node_count == 6
    assert nodes[0] == pytest.approx([0.575, 0.0, 0.0])
    assert nodes[3] == pytest.approx([3.0, 1.025, 0.0])


def test_full_path_takes_its_last_node() -> None:
    assert Fiber("mrg_discrete", 10.0, path_mm=[(0, 0, 0), (0, 0, 11.5)]).node_count == 11


@pytest.mark.parametrize(
    ("diameter", "printed"),
    [
        (5.7, {0: (15.3, 0.05), 6: (1.93, 0.005), 8: (0.0315, 5e-5)}),
        (16.0, {0: (18.8, 0.05), 6: (5.25, 0.005), 8: (0.0331, 5e-5)}),
    ],
)
def test_time_constants_of_the_internode(
    diameter: float, printed: dict[int, tuple[float, float]]
) -> None:
    # Computed once by an independent prototype, to the digits it printed, ms.
    tau = np.sort(1.0 / internode_modes("mrg_discrete", diameter).decay_per_ms)[::-1]
    for place, (value, digits) in printed.items():
        assert tau[place] == pytest.approx(value, abs=digits)


def test_a_uniform_potential_drives_nothing() -> None:
    forcing = internode_modes("mrg", 9.0).forcing
    # Rows sum to zero: only differences of the potential act. Rounding of sums of canceling terms.
    assert np.max(np.abs(forcing.sum(axis=1))) < 1e-12 * np.max(np.abs(forcing))


def test_models_and_ranges_are_listed() -> None:
    assert {"mrg", "mrg_discrete", "mrg_small", "rattay", "sundt", "sweeney"} <= set(fiber_models())
    assert {name for name in fiber_models() if not is_single_cable(name)} == {
        "mrg", "mrg_discrete", "mrg_small"
    }  # fmt: skip
    assert diameter_range_um("mrg") == (2.0, 16.0)
    assert diameter_range_um("mrg_discrete") == (1.0, 16.0)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model": "mgr", "fiber_diameter_um": 10.0, "n_nodes": 5}, ModelError, ["'mgr'", "did you mean 'mrg'"]),
        ({"model": "mrg", "fiber_diameter_um": 20.0, "n_nodes": 5}, ModelError, ["20 µm", "2 to 16 µm", "choose"]),
        ({"model": "mrg", "fiber_diameter_um": 1.9, "n_nodes": 5}, ModelError, ["1.9 µm", "2 to 16 µm"]),
        ({"model": "mrg_discrete", "fiber_diameter_um": 10.1, "n_nodes": 5}, ModelError, ["10.1 µm", "5.7", "'mrg'"]),
        ({"model": "mrg_small", "fiber_diameter_um": 1.0, "n_nodes": 5}, ModelError, ["1 µm", "1.011 to 16 µm", "choose"]),
        ({"model": "sundt", "fiber_diameter_um": 2.5, "n_nodes": 5}, ModelError, ["2.5 µm", "0.2 to 2 µm", "choose"]),
        ({"model": "sweeney", "fiber_diameter_um": 0.5, "n_nodes": 5}, ModelError, ["0.5 µm", "1 to 20 µm", "choose"]),
        ({"model": "rattay", "fiber_diameter_um": 1.0, "n_nodes": 9, "path_mm": [(0, 0, 0), (0, 0, 0.05)]}, GeometryError, ["9 nodes", "0.0667 mm", "lengthen"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0}, ModelError, ["n_nodes = None", "path_mm"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0, "n_nodes": 21.5}, ModelError, ["n_nodes = 21.5", "whole number"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0, "n_nodes": 2}, ModelError, ["n_nodes = 2", "at least 3"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0, "n_nodes": 5, "node_phase": 0.5}, GeometryError, ["0.5", "path_mm"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0, "path_mm": [(0, 0, 0), (0, 0, 1.0)]}, GeometryError, ["1 mm", "2.24 mm", "lengthen"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0, "n_nodes": 9, "path_mm": [(0, 0, 0), (0, 0, 5.0)]}, GeometryError, ["9 nodes", "8.98 mm"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0, "path_mm": [(0, 0, 0)]}, GeometryError, ["(1, 3)", "(n_points, 3)"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0, "path_mm": [(0, 0, 0), (0, 0, np.nan)]}, GeometryError, ["finite", "NaN"]),
        ({"model": "mrg", "fiber_diameter_um": 10.0, "path_mm": [(0, 0, 0), (0, 0, 9)], "node_phase": 1.0}, GeometryError, ["node_phase = 1", "below 1"]),
    ],
)  # fmt: skip
def test_refusals_name_value_range_and_remedy(
    arguments: dict, error: type[Exception], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        Fiber(**arguments)
    for word in words:
        assert word in str(caught.value)


def test_an_even_number_of_nodes_has_no_middle() -> None:
    with pytest.raises(ModelError, match=r"n_nodes = 20: .* take 21 nodes"):
        _ = Fiber("mrg", 10.0, n_nodes=20).middle_node


@pytest.mark.parametrize(
    ("potentials", "words"),
    [
        ([], "0 potentials for 1 fibers"),
        ([np.zeros(50)], r"shape \(50,\).*56 compartments; compute it at"),
        ([np.full(56, np.nan)], "compartment 0 is nan: every value must be a finite number"),
    ],
)
def test_potentials_must_belong_to_the_fibers(potentials: list[np.ndarray], words: str) -> None:
    fiber = Fiber("mrg_discrete", 10.0, n_nodes=6)
    assert fiber.n_compartments == 56
    with pytest.raises(GeometryError, match=words):
        check_potentials([fiber], potentials)
