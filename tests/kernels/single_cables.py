"""Run single cables in lanes, settled as the reference models are, and beside the plain simulator."""

from __future__ import annotations

from typing import Any

import numpy as np

from scsim.fibers import Fiber
from scsim.fibers.single import set_single_step, single_cable_lanes
from scsim.kernels.jit import kernel
from scsim.kernels.layouts import U
from scsim.kernels.membranes.catalog import SINGLE_CABLES
from scsim.kernels.single_cable import single_refresh, single_step

assert SINGLE_CABLES, "the catalog registers the membranes"

FOREVER = float("inf")


@kernel
def refresh(cable: Any, gate_dt: float) -> None:
    """Advance the gates alone."""
    single_refresh(cable, gate_dt)


@kernel
def advance_all(
    cable: Any,
    wide: np.ndarray,
    levels: np.ndarray,
    edges: np.ndarray,
    dt: float,
    second_order: bool,
    out: np.ndarray,
) -> None:
    """Run; `out` of shape (n_steps, n_nodes * width) takes u after every step, if it has rows."""
    width = len(cable.width)
    stride = cable.record * width
    for n in range(levels.shape[0]):
        if second_order and edges[n]:
            single_step(cable, wide, levels, n, n, 0, 0.0, 0.5 * dt)
            single_step(cable, wide, levels, n, n, 0, dt, 0.5 * dt)
        else:
            single_step(cable, wide, levels, n, n, 1 if second_order else 0, dt, dt)
        if out.shape[0] > 0:
            for k in range(cable.n_nodes):
                for i in range(width):
                    out[n, k * width + i] = cable.buffer[(k + 1) * stride + U * width + i]


def settled(
    fibers: list[Fiber],
    potentials: list[np.ndarray],
    dt_ms: float,
    width: int = 16,
    *,
    second_order: bool = False,
) -> Any:
    """Give a cable after the start-up of 40 steps of 5 ms, ready for steps of `dt_ms`."""
    cable = single_cable_lanes(fibers, potentials, width)
    cable = set_single_step(cable, fibers, 5.0, 5.0)
    refresh(cable, FOREVER)
    n_sources = potentials[0].shape[0]
    rest = np.zeros((40, n_sources))
    advance_all(
        cable, np.zeros(n_sources * width), rest, np.zeros(40, dtype=bool), 5.0, False,
        np.zeros((0, 0)),
    )  # fmt: skip
    return set_single_step(cable, fibers, dt_ms / 2 if second_order else dt_ms, dt_ms)


def voltages(
    fibers: list[Fiber],
    potentials: list[np.ndarray],
    levels: np.ndarray,
    amplitudes: np.ndarray,
    dt: float,
    *,
    injected: tuple[int, float] | None = None,
    edges: np.ndarray | None = None,
    second_order: bool = False,
) -> np.ndarray:
    """v_m, mV, shape (n_steps + 1, n_nodes, width).

    `levels` of shape (n_steps, n_sources), `amplitudes` (n_sources, width) in mA; `injected` makes the
    last source a current of so many nA into a node in every lane.
    """
    width = amplitudes.shape[1]
    cable = settled(fibers, potentials, dt, width, second_order=second_order)
    if injected is not None:
        force = cable.force.reshape(-1, cable.n_nodes + 2, width)
        force[-1] = 0.0
        force[-1, injected[0] + 1] = injected[1]
    out = np.empty((levels.shape[0] + 1, cable.n_nodes * width))
    records = cable.buffer.reshape(-1, cable.record, width)
    out[0] = records[1:-1, U].ravel()
    if second_order:
        refresh(cable, dt / 2)
    if edges is None:
        edges = np.zeros(levels.shape[0], dtype=bool)
    advance_all(cable, amplitudes.ravel(), levels, edges, dt, second_order, out[1:])
    return out.reshape(-1, cable.n_nodes, width) + cable.rest_mv
