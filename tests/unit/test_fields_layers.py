"""Concentric layers: what they refuse. Values are in tests/theory/test_layers.py."""

import math

import numpy as np
import pytest

from scsim.electrodes import LineSource, PadContact, PointSource, RingContact
from scsim.electrodes.sources import DiskSource
from scsim.errors import ConvergenceError, GeometryError
from scsim.fields.closed_form.layers import ConcentricLayers

UP = (0.0, 0.0, 1.0)
SIDEWAYS = (1.0, 0.0, 0.0)
PAIRS = ((0.083, 0.6), (1.7, 1.7), (0.1, 0.1))
MEDIUM = ConcentricLayers((4.0, 7.0), PAIRS, 40.0, core_radius_mm=0.5)


@pytest.mark.parametrize(
    ("radii", "ground", "core"),
    [
        ((7.0, 4.0), 40.0, 0.0),
        ((4.0, 7.0), 7.0, 0.0),
        ((4.0, 7.0), math.inf, 0.0),
        ((4.0, 7.0), 40.0, -1.0),
    ],
)
def test_radii_that_do_not_grow_are_refused(radii, ground, core):
    with pytest.raises(GeometryError, match=r"radii of .* mm from core to ground: .*Sort them"):
        ConcentricLayers(radii, PAIRS, ground, core_radius_mm=core)


def test_a_conductivity_per_layer_is_needed():
    with pytest.raises(GeometryError, match=r"3 conductivities for 2 layers .* Give one pair"):
        ConcentricLayers((4.0,), PAIRS, 40.0)


@pytest.mark.parametrize("pair", [(0.1, 0.0), (-0.1, 0.1), (0.1, math.nan), (0.1,)])
def test_impossible_conductivities_are_refused(pair):
    with pytest.raises(
        GeometryError, match=r"sigma_s_per_m\[1\] = .* S/m: two positive.*Tissue lies"
    ):
        ConcentricLayers((4.0,), (PAIRS[0], pair), 40.0)


def test_an_impossible_tolerance_is_refused():
    with pytest.raises(GeometryError, match=r"tolerance = 1e-15: allowed is .* Use 1e-8"):
        ConcentricLayers((), (PAIRS[0],), 40.0, tolerance=1e-15)


@pytest.mark.parametrize(("radius", "text"), [(41.0, "41 mm"), (0.2, "0.2 mm")])
def test_points_without_tissue_are_refused(radius, text):
    with pytest.raises(
        GeometryError,
        match=rf"point 1 at .* lies {text} from the axis; .* 0.5 to 40 mm\. Move the point",
    ):
        MEDIUM.unit_potential([PointSource((5.0, 0.0, 0.0))], [(1.0, 0.0, 0.0), (0.0, radius, 0.0)])


@pytest.mark.parametrize("radius", [40.0, 0.2])
def test_sources_without_tissue_are_refused(radius):
    with pytest.raises(GeometryError, match=r"source 0 lies .* 0.5 to 40 mm\. Move the source"):
        MEDIUM.unit_potential([PointSource((radius, 0.0, 0.0))], [(1.0, 0.0, 0.0)])


def test_a_slanted_line_is_refused():
    with pytest.raises(
        GeometryError, match=r"source 0: a line along \(1.0, 0.0, 0.0\); .* Turn it"
    ):
        MEDIUM.unit_potential([LineSource((5.0, 0.0, 0.0), SIDEWAYS, 2.0)], [(1.0, 0.0, 0.0)])


def test_a_ring_off_the_axis_is_refused():
    with pytest.raises(
        GeometryError, match=r"RingContact 'c1': its axis lies 5 mm off .* contact_sources"
    ):
        MEDIUM.unit_potential(
            [RingContact("c1", (0.0, 5.0, 0.0), UP, 3.0, 0.65)], [(1.0, 0.0, 0.0)]
        )


@pytest.mark.parametrize(
    "source", [PadContact("p1", (0.0, 0.0, 0.0), UP, 1.0), DiskSource((0.0, 0.0, 0.0), UP, 1.0)]
)
def test_other_kinds_are_refused(source):
    with pytest.raises(
        GeometryError, match=rf"{type(source).__name__}.*: this medium knows points, lines"
    ):
        MEDIUM.unit_potential([source], [(1.0, 0.0, 0.0)])


def test_a_point_in_a_contact_is_refused():
    with pytest.raises(GeometryError, match=r"0.3 mm from the axis of source 0 .* Move the point"):
        MEDIUM.unit_potential([LineSource((5.0, 0.0, 0.0), UP, 3.0, 0.65)], [(5.3, 0.0, 1.0)])


@pytest.mark.parametrize(
    ("source", "point"),
    [
        (PointSource((6.99, 0.0, 0.0)), (7.0, 0.001, 0.1)),  # beside a surface
        (
            RingContact("c1", (0.0, 0.0, 0.0), UP, 3.0, 2.0),
            (2.00001, 0.0, 5.0),
        ),  # nearly in line with a ring
    ],
)
def test_too_many_waves_are_refused(source, point):
    with pytest.raises(ConvergenceError, match=r"Move .* away from the boundary|Move one of them"):
        MEDIUM.unit_potential([source], [point])


def test_too_few_waves_are_noticed(monkeypatch):
    from scsim.fields.closed_form import layers

    def careless(tolerance):
        usual, finer = layers_efforts(tolerance)
        return type(usual)(3.0, usual.n_first, usual.n_nodes), finer

    layers_efforts = layers.efforts
    monkeypatch.setattr(layers, "efforts", careless)
    with pytest.raises(
        ConvergenceError, match=r"changes by .* of itself with more waves; 1e-08 was asked"
    ):
        MEDIUM.unit_potential([PointSource((6.0, 0.0, 0.0))], [(3.0, 0.0, 1.0)])


def test_no_points_and_no_sources_give_empty_tables():
    assert MEDIUM.unit_potential([], np.ones((4, 3))).shape == (0, 4)
    assert MEDIUM.unit_potential([PointSource((5.0, 0.0, 0.0))], np.zeros((0, 3))).shape == (1, 0)


@pytest.mark.parametrize(("radius", "z"), [(0.5, 0.0), (40.0, 3.0)])
def test_points_on_a_surface_up_to_rounding_are_on_it(radius, z):
    angle = np.linspace(0.0, 2.0 * np.pi, 400)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    radii = np.hypot(x, y)
    # The test would show nothing otherwise.
    assert (radii < radius).any() if radius < 1.0 else (radii > radius).any()
    ring = RingContact("c1", (0.0, 0.0, 0.0), UP, 3.0, 2.0)
    values = MEDIUM.unit_potential([ring], np.column_stack([x, y, np.full(400, z)]))
    exact = MEDIUM.unit_potential([ring], [(radius, 0.0, z)])
    # Axially symmetric: rounding of the radius, 1e-16 mm, moves the potential by as little; 1e-8 is the medium's
    # own tolerance.
    np.testing.assert_allclose(values[0], exact[0, 0], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("radius", [0.5, 2.0])
@pytest.mark.parametrize("z", [0.0, 10.0])
def test_points_as_far_from_the_axis_as_a_ring_are_refused(radius, z):
    ring = RingContact("c1", (0.0, 0.0, 0.0), UP, 3.0, radius)
    with pytest.raises(
        GeometryError,
        match=rf"point 1 lies {radius:g} mm from the axis, .*ring: .* Move it outward",
    ):
        MEDIUM.unit_potential([ring], [(0.0, 3.0, z), (0.0, radius, z)])


def test_a_ring_of_the_core_s_radius_up_to_rounding_lies_on_it():
    rings = [RingContact("c1", (0.0, 0.0, 0.0), UP, 3.0, r) for r in (0.5, 0.5 - 1e-12)]
    values = MEDIUM.unit_potential(rings, [(0.0, 0.7, 1.0)])
    assert values[0, 0] == values[1, 0]
