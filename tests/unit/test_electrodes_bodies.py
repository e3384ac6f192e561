"""Bodies across a lead: corners, and the frame of a turned paddle."""

import numpy as np
import pytest

from scsim.electrodes import Disc, Slab


def test_a_disc_is_its_center_and_radius():
    assert Disc((1.0, 2.0), 0.65).corners_mm == ((1.0, 2.0),)


def test_the_corners_of_a_slab_run_counterclockwise_from_the_face_with_the_metal():
    slab = Slab((1.0, 8.0), 6.0, 2.0, ())
    assert slab.corners_mm == ((-2.0, 7.0), (4.0, 7.0), (4.0, 9.0), (-2.0, 9.0))
    assert slab.radius_mm == 0.0


@pytest.mark.parametrize("turn_deg", [0.0, 25.0, -90.0])
def test_the_frame_of_the_body_and_back(turn_deg):
    slab = Slab((1.0, 8.0), 6.0, 2.0, (), turn_deg)
    for point in ((0.0, 0.0), (3.0, -1.0), (-2.0, 0.5)):
        assert slab.to_body(slab.to_space(point)) == pytest.approx(point, abs=1e-14)
    own = [slab.to_body(corner) for corner in slab.corners_mm]
    np.testing.assert_allclose(own, [(-3, -1), (3, -1), (3, 1), (-3, 1)], atol=1e-14)


def test_a_turn_goes_from_left_to_dorsal():
    slab = Slab((0.0, 0.0), 6.0, 2.0, (), 90.0)
    assert slab.to_space((1.0, 0.0)) == pytest.approx((0.0, 1.0))
