import math
from dataclasses import replace

import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.states import apply_state, state_names
from scsim.errors import ModelError

CIRCUIT = load_circuit("crodelle2019")


def test_healthy_comes_first() -> None:
    assert state_names() == ("healthy", "disinhibited")


@pytest.mark.parametrize(("dose", "factor"), [(0.0, 1.0), (2 / 3, 0.5), (1.0, 0.25)])
def test_disinhibition_scales_both_inhibitory_weights_and_nothing_else(
    dose: float, factor: float
) -> None:
    changed = apply_state(CIRCUIT, "disinhibited", dose)
    assert changed.g_ip == pytest.approx(1.8 * factor)
    assert changed.g_ie == pytest.approx(0.6 * factor)
    assert replace(changed, g_ip=CIRCUIT.g_ip, g_ie=CIRCUIT.g_ie) == CIRCUIT


def test_healthy_changes_nothing_at_any_dose() -> None:
    assert apply_state(CIRCUIT, "healthy", 1.0) == CIRCUIT


def test_unknown_state_names_the_nearest() -> None:
    with pytest.raises(
        ModelError, match=r"no pain state 'disinhibit'.*did you mean 'disinhibited'"
    ):
        apply_state(CIRCUIT, "disinhibit", 0.5)


@pytest.mark.parametrize("dose", [-0.1, 1.5, math.nan])
def test_dose_outside_its_range_is_refused(dose: float) -> None:
    with pytest.raises(ModelError, match=rf"dose = {dose} .*between 0 .*use for example 0.667"):
        apply_state(CIRCUIT, "disinhibited", dose)


def test_state_that_the_circuit_lacks_is_refused() -> None:
    bare = replace(CIRCUIT, mechanisms=())
    with pytest.raises(
        ModelError, match=r"no 'inhibitory_weight'.*choose another state or circuit"
    ):
        apply_state(bare, "disinhibited", 0.5)
    assert apply_state(bare, "healthy", 0.5) == bare
