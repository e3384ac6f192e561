import math

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.rates.assemble_rate import lane_buffer, lane_events
from scsim.circuit.rates.rate import InputBoxes, RateBox, SampledRates
from scsim.circuit.states import apply_state
from scsim.errors import ModelError
from scsim.kernels import rate
from scsim.kernels.layouts import LANES

CIRCUIT = load_circuit("crodelle2019")


def test_lanes_stand_side_by_side() -> None:
    circuits = [CIRCUIT] * (LANES - 1) + [apply_state(CIRCUIT, "disinhibited", 2 / 3)]
    rows = lane_buffer(circuits).reshape(rate.N_ROWS, LANES)
    assert (rows[rate.G_IP, :-1] == 1.8).all()
    assert rows[rate.G_IP, -1] == pytest.approx(0.9)
    assert rows[rate.CURVE_N, 0] == 4.0  # G twice
    assert (rows[rate.F_W :] == 0.0).all()


def test_events_hold_the_rates_of_all_lanes() -> None:
    inputs = [
        InputBoxes(1.0, 2.0, (RateBox(0.001, 0.002, 40.0, repeat_every_s=0.002),)),
        InputBoxes(3.0, 4.0, c=(RateBox(0.0005, math.inf, 22.0),)),
    ]
    steps, rates = lane_events(inputs, 40)
    assert steps.tolist() == [0, 5, 10, 20, 30, 40, 45]
    assert rates[:, 0, 0].tolist() == [1.0, 1.0, 40.0, 1.0, 40.0, 1.0, 1.0]
    assert rates[:, 3, 0].tolist() == [2.0] * 7
    assert rates[:, 0, 1].tolist() == [3.0] * 7
    assert rates[:, 3, 1].tolist() == [4.0, 22.0, 22.0, 22.0, 22.0, 22.0, 4.0]


def test_samples_become_lines_that_neighbors_do_not_change() -> None:
    sampled = SampledRates(0.001, np.array([1.0, 3.0, 2.0]), np.array([4.0]))
    box = InputBoxes(1.0, 1.0, (RateBox(0.0005, 0.0012, 40.0),))
    steps, events = lane_events([sampled, box], 40)
    assert steps.tolist() == [0, 5, 10, 12, 20]
    assert events[:, 0, 0].tolist() == [1.0, 1.0, 3.0, 3.0, 2.0]
    np.testing.assert_allclose(events[:, 1, 0], [0.2, 0.2, -0.1, -0.1, 0.0])
    assert events[:, 2, 0].tolist() == [0, 0, 10, 10, 20]
    assert events[:, 3, 0].tolist() == [4.0] * 5
    assert not events[:, 4, 0].any()
    alone_steps, alone = lane_events([sampled], 40)
    assert alone_steps.tolist() == [0, 10, 20]
    np.testing.assert_array_equal(events[[0, 2, 4], :, 0], alone[:, :, 0])


def test_boxes_may_touch_and_lie_beyond_the_run() -> None:
    boxes = (RateBox(0.0, 0.001, 5.0), RateBox(0.001, 0.002, 6.0), RateBox(9.0, 9.5, 7.0))
    steps, rates = lane_events([InputBoxes(1.0, 1.0, boxes)], 30)
    assert steps.tolist() == [0, 10, 20]
    assert rates[:, 0, 0].tolist() == [5.0, 6.0, 1.0]


@pytest.mark.parametrize(
    ("boxes", "value", "advice"),
    [
        (
            (RateBox(0.0, 0.003, 5.0), RateBox(0.002, 0.004, 6.0)),
            "overlap at 0.002 s",
            "one rate must hold; shorten or move",
        ),
        ((RateBox(0.00123, 0.003, 5.0),), "start of an input box = 0.00123 s", "nearest is 0.0012"),
        ((RateBox(0.001, 0.00123, 5.0),), "end of an input box = 0.00123 s", "nearest is 0.0012"),
        (
            (RateBox(0.0, 0.001, 5.0, repeat_every_s=0.00123),),
            "repeat of an input box = 0.00123 s",
            "nearest is 0.0012 s",
        ),
        ((RateBox(0.0, 1e-12, 5.0),), "length of an input box = 1e-12 s", "use at least 0.0001 s"),
    ],
)
def test_bad_boxes_are_refused(boxes: tuple[RateBox, ...], value: str, advice: str) -> None:
    with pytest.raises(ModelError, match=value) as caught:
        lane_events([InputBoxes(1.0, 1.0, boxes)], 40)
    assert advice in str(caught.value)
