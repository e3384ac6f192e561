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
)
from scsim.fibers.assemble import check_potentials, internode_modes
from scsim.fibers.membrane import load_membrane


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
    assert {"mrg", "mrg_discrete"} <= set(fiber_models())
    assert diameter_range_um("mrg") == (2.0, 16.0)
    assert diameter_range_um("mrg_discrete") == (1.0, 16.0)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model": "mgr", "fiber_diameter_um": 10.0, "n_nodes": 5}, ModelError, ["'mgr'", "did you mean 'mrg'"]),
        ({"model": "mrg", "fiber_diameter_um": 20.0, "n_nodes": 5}, ModelError, ["20 µm", "2 to 16 µm", "choose"]),
        ({"model": "mrg", "fiber_diameter_um": 1.9, "n_nodes": 5}, ModelError, ["1.9 µm", "2 to 16 µm"]),
        ({"model": "mrg_discrete", "fiber_diameter_um": 10.1, "n_nodes": 5}, ModelError, ["10.1 µm", "5.7", "'mrg'"]),
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
