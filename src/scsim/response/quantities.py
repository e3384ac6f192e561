"""What `simulate` keeps of a run: quantities, places and times, and the memory that they take.

Node quantities are fields of the kernels' records, or currents worked out of them; voltages between the nodes
of a double cable come from the modes of its internodes. Running the kernels belongs to `simulate.py`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from scsim.errors import ModelError
from scsim.fibers.assemble import lane_groups
from scsim.fibers.internode import internode_modes
from scsim.fibers.morphology import N_INTERNODE
from scsim.fibers.single import load_channels
from scsim.fibers.solver import Solver
from scsim.kernels import layouts as at
from scsim.response.drive import check_node, n_steps_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from scsim.fibers.assemble import Lanes
    from scsim.fibers.fiber import Fiber

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    ByName = Mapping[str, FloatArray]

V_M: Final = "v_m"
V_PERIAXONAL: Final = "v_periaxonal"
_I_ION: Final = "i_ion"
_CONCENTRATIONS: Final = frozenset({"nai", "nao", "ki", "ko", "cai", "cao"})
_OCCUPANCY: Final = "occupancy"
"""Share of calcium buffer that is occupied; moves with the concentrations."""
_INTERNAL: Final = ("_conductance", "_drive")
"""Ends of the names of states that only a kernel needs."""
_VACANT: Final = "always"
"""Name of a slot of a table that holds no gate."""

_MRG_CURRENTS: Final = MappingProxyType(
    {
        "i_naf": (at.GATE_M, at.GATE_H),
        "i_nap": (at.GATE_P,),
        "i_ks": (at.GATE_S,),
        "i_leak": (),
    }
)
"""Currents of the node of the MRG family and the gates of each."""

_ROUNDING: Final = 1e-9
"""A bound of the recording that is so near to a sample, in samples, means that sample."""


class _Quantity(NamedTuple):
    """Fields of a record that a quantity is made of, and whether they run half a step ahead."""

    fields: tuple[int, ...]
    is_ahead: bool


def unit_of(quantity: str) -> str:
    """Give the unit of a quantity that can be recorded.

    Parameters
    ----------
    quantity : str
        Name, see `recordable`.

    Returns
    -------
    str
        mV of voltages, nA of currents (outward positive), mM of concentrations, 1 of gates and shares.

    Examples
    --------
    >>> unit_of("i_ion"), unit_of("nai"), unit_of("h")
    ('nA', 'mM', '1')
    """
    if quantity in (V_M, V_PERIAXONAL):
        return "mV"
    if quantity == _I_ION or quantity in _MRG_CURRENTS:
        return "nA"
    return "mM" if quantity in _CONCENTRATIONS else "1"


def recordable(fiber: Fiber) -> tuple[str, ...]:
    """Names of what can be recorded of a fiber.

    Parameters
    ----------
    fiber : Fiber

    Returns
    -------
    tuple of str
        ``v_m``; gates and concentrations of the model; ``i_ion``, the ionic current of a node; for the MRG
        family its parts too, and ``v_periaxonal``, the potential under the myelin against the outside.
    """
    names = tuple(_quantities(fiber.morphology.membrane, fiber.is_single_cable))
    return names if fiber.is_single_cable else (*names, V_PERIAXONAL)


@lru_cache(maxsize=32)
def _quantities(membrane: str, is_single_cable: bool) -> Mapping[str, _Quantity]:
    """Find the fields of each quantity of a node in the kernels' records."""
    found = {V_M: _Quantity((at.U,), is_ahead=False)}
    if not is_single_cable:
        gates = {"m": at.GATE_M, "h": at.GATE_H, "p": at.GATE_P, "s": at.GATE_S}
        found |= {name: _Quantity((field,), is_ahead=True) for name, field in gates.items()}
        total = (at.ION_CONDUCTANCE, at.CHANNEL_DRIVE)
        found |= {name: _Quantity(fields, is_ahead=True) for name, fields in _MRG_CURRENTS.items()}
        return MappingProxyType({**found, _I_ION: _Quantity(total, is_ahead=True)})
    from scsim.kernels import single_cable  # noqa: PLC0415 - numba loads slowly

    module = sys.modules[load_channels(membrane).kind.__module__]
    states = list(module.STATES)
    tabulated = getattr(module, "TABULATED", ())
    states[: len(tabulated)] = tabulated
    for index, name in enumerate(states):
        if not name.endswith(_INTERNAL) and name != _VACANT:
            moves_with_v = name in _CONCENTRATIONS or name == _OCCUPANCY
            found[name] = _Quantity((single_cable.STATE + index,), is_ahead=not moves_with_v)
    total = (single_cable.CONDUCTANCE, single_cable.DRIVE)
    return MappingProxyType({**found, _I_ION: _Quantity(total, is_ahead=True)})


@dataclass(frozen=True)
class Recording:
    """What is kept of a run, checked against the fibers.

    Attributes
    ----------
    fibers : tuple of Fiber
    quantities : tuple of str
        Kept at the nodes, ``v_m`` first.
    nodes, compartments : tuple of ndarray of int64, one per fiber
        Places.
    has_periaxonal : bool
        Whether ``v_periaxonal`` is kept at the compartments, beside ``v_m``.
    solver : Solver
    n_steps, every : int
        Steps of the run, and steps between samples.
    first, n_times : int
        Index of the first sample that is kept, counted from t = 0, and number of those kept.
    """

    fibers: tuple[Fiber, ...]
    quantities: tuple[str, ...]
    nodes: tuple[IntArray, ...]
    compartments: tuple[IntArray, ...]
    has_periaxonal: bool
    solver: Solver
    n_steps: int
    every: int
    first: int
    n_times: int

    @property
    def time_ms(self) -> FloatArray:
        """Times of the samples, ms, shape (n_times,)."""
        samples = np.arange(self.first, self.first + self.n_times, dtype=np.float64)
        return self.solver.dt_ms * self.every * samples

    @property
    def kept_bytes(self) -> int:
        """Bytes of the arrays that are handed back."""
        at_compartments = 1 + self.has_periaxonal
        n_rows = sum(
            len(self.quantities) * nodes.size + at_compartments * compartments.size
            for nodes, compartments in zip(self.nodes, self.compartments, strict=True)
        )
        return n_rows * self.n_times * np.dtype(np.float64).itemsize

    @property
    def working_bytes(self) -> int:
        """Bytes that are needed besides, while the largest group of fibers runs."""
        widest = max(
            (sum(self.n_columns(int(i)) for i in group) for group in self._groups()), default=0
        )
        return widest * self.n_rows * np.dtype(self.solver.precision).itemsize

    def _groups(self) -> list[IntArray]:
        return lane_groups(self.fibers, self.solver)

    @property
    def row_every(self) -> int:
        """Steps between rows of the kernel: each where gates of neighboring steps are to be averaged."""
        return 1 if self._averages else self.every

    @property
    def n_rows(self) -> int:
        """Rows that the kernel fills."""
        return self.n_steps // self.row_every + 1

    @property
    def _averages(self) -> bool:
        if self.solver.scheme == "neuron":
            return False
        return any(
            self._of(i)[name].is_ahead for i in range(len(self.fibers)) for name in self.quantities
        )

    def _of(self, index: int) -> Mapping[str, _Quantity]:
        fiber = self.fibers[index]
        return _quantities(fiber.morphology.membrane, fiber.is_single_cable)

    def _fields(self, index: int) -> tuple[int, ...]:
        """Fields kept at the nodes, each once; u is always the first."""
        known = self._of(index)
        return tuple(dict.fromkeys(field for q in self.quantities for field in known[q].fields))

    def _layout(self, index: int) -> tuple[list[int], list[int]]:
        """Nodes, and internodes of a double cable, that hold the chosen compartments."""
        per_node = self.fibers[index].compartments_per_node
        chosen = self.compartments[index]
        on_node = chosen[chosen % per_node == 0] // per_node
        between = chosen[chosen % per_node != 0] // per_node
        return sorted({int(k) for k in on_node}), sorted({int(k) for k in between})

    def n_columns(self, index: int) -> int:
        """Numbers that the kernel keeps of a fiber in every row."""
        nodes, internodes = self._layout(index)
        at_nodes = len(self._fields(index)) * self.nodes[index].size
        return at_nodes + len(nodes) + at.N_MODES * len(internodes)

    def places(self, index: int, lanes: Lanes, lane: int) -> list[int]:
        """Places in the kernel's buffer to keep.

        Parameters
        ----------
        index : int
            Fiber.
        lanes : Lanes
            The group that it runs in.
        lane : int
            Its lane.

        Returns
        -------
        list of int
            As many as `n_columns`.
        """
        nodes, internodes = self._layout(index)
        return [
            *(
                _place(lanes, int(node), field, lane)
                for field in self._fields(index)
                for node in self.nodes[index]
            ),
            *(lanes.place(node, at.U, lane) for node in nodes),
            *(lanes.place(k, at.MODE + j, lane) for k in internodes for j in range(at.N_MODES)),
        ]

    def read(
        self, index: int, rows: npt.NDArray[Any], lanes: Lanes, lane: int
    ) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """Turn what the kernel kept of a fiber into quantities.

        Parameters
        ----------
        index : int
            Fiber.
        rows : ndarray, shape (n_rows, n_columns)
            Kept at `places`.
        lanes : Lanes
            The group that it ran in.
        lane : int
            Its lane.

        Returns
        -------
        tuple of dict
            Quantities at the nodes, each of shape (n_nodes, n_times), and those at the compartments.
        """
        rest_mv = lanes.cable.rest_mv
        fields = self._fields(index)
        n_nodes = self.nodes[index].size
        columns = {
            field: rows[:, i * n_nodes : (i + 1) * n_nodes] for i, field in enumerate(fields)
        }
        u = self._at_samples(columns[at.U])
        at_nodes: dict[str, FloatArray] = {}
        for name in self.quantities:
            made_of = self._of(index)[name]
            if name == V_M:
                found = u + rest_mv
            elif unit_of(name) == "nA":
                conductance, drive = _open(name, made_of.fields, columns, lanes.cable, lane)
                found = self._centered(conductance) * u - self._centered(drive)
            else:
                at_time = self._centered if made_of.is_ahead else self._at_samples
                found = at_time(columns[made_of.fields[0]])
            at_nodes[name] = np.ascontiguousarray(found.T)
        if self.compartments[index].size == 0:
            return at_nodes, {}
        rest = self._at_samples(rows[:, len(fields) * n_nodes :])
        v_m, v_periaxonal = self._between(index, rest, rest_mv)
        at_compartments = {V_M: v_m}
        if self.has_periaxonal:
            at_compartments[V_PERIAXONAL] = v_periaxonal
        return at_nodes, at_compartments

    def _between(
        self, index: int, columns: FloatArray, rest_mv: float
    ) -> tuple[FloatArray, FloatArray]:
        """v_m and periaxonal potential at the compartments, mV, each of shape (n_compartments, n_times).

        The kernels keep ``Z_j = b_j a_j y_j`` of each mode with ``a_j = 1 / (1 + λ_j h)``, and each mode by
        itself to rounding, so Z_j / (b_j a_j) is as exact for a mode that hardly moves the nodes.
        """
        fiber = self.fibers[index]
        chosen = self.compartments[index]
        nodes, internodes = self._layout(index)
        v_m = np.empty((chosen.size, columns.shape[0]))
        v_periaxonal = np.zeros_like(v_m)
        for row, compartment in enumerate(chosen):
            k, inside = divmod(int(compartment), fiber.compartments_per_node)
            if inside == 0:
                v_m[row] = columns[:, nodes.index(k)] + rest_mv
                continue
            modes = internode_modes(fiber.model, fiber.fiber_diameter_um)
            unscale = (1.0 + modes.decay_per_ms * self.solver.solve_ms) / modes.coupling
            axoplasm = modes.shapes[inside - 1] * unscale
            periaxonal = modes.shapes[N_INTERNODE + inside - 1] * unscale
            start = len(nodes) + at.N_MODES * internodes.index(k)
            scaled = columns[:, start : start + at.N_MODES]
            v_m[row] = scaled @ (axoplasm - periaxonal) + rest_mv
            v_periaxonal[row] = scaled @ periaxonal
        return v_m, v_periaxonal

    def _rows_of_samples(self) -> IntArray:
        samples = np.arange(self.first, self.first + self.n_times)
        return samples * (self.every // self.row_every)

    def _at_samples(self, rows: npt.NDArray[Any]) -> FloatArray:
        return rows[self._rows_of_samples()].astype(np.float64)

    def _centered(self, rows: npt.NDArray[Any]) -> FloatArray:
        """Bring what may run half a step ahead to the times of the samples.

        Row 0 is at t = 0, row n > 0 of the second-order scheme at n + 1/2 steps: a sample is the mean of two
        rows, that of the first step lies two thirds of the way to row 1.
        """
        chosen = self._rows_of_samples()
        here = rows[chosen].astype(np.float64)
        if not self._averages:
            return here
        weight = np.where(chosen == 1, 2.0 / 3.0, 0.5)[:, None]
        before = rows[np.maximum(chosen - 1, 0)].astype(np.float64)
        return before + weight * (here - before)


def _place(lanes: Lanes, node: int, field: int, lane: int) -> int:
    """Index into the buffer of a field, also in a block where the lanes come first."""
    from scsim.kernels.membranes.catalog import LANE_MAJOR  # noqa: PLC0415 - numba loads slowly

    first, n_fields = LANE_MAJOR.get(type(lanes.cable), (0, 0))
    if not first <= field < first + n_fields:
        return lanes.place(node, field, lane)
    return lanes.place(node, first, 0) + lane * n_fields + (field - first)


def _open(
    name: str,
    fields: tuple[int, ...],
    columns: Mapping[int, npt.NDArray[Any]],
    cable: Any,
    lane: int,
) -> tuple[FloatArray, FloatArray]:
    """Conductance (µS) and drive (nA) of a current ``g u - d``, each of shape (n_rows, n_nodes)."""
    if name == _I_ION:
        conductance, drive = (columns[field].astype(np.float64) for field in fields)
        return conductance, drive
    constants = cable.lane.reshape(-1, len(cable.width))[:, lane].astype(np.float64)
    gates = [columns[field].astype(np.float64) for field in fields]
    if name == "i_naf":
        conductance, reversal = constants[at.G_NAF] * gates[0] ** 3 * gates[1], at.E_NA
    elif name == "i_nap":
        conductance, reversal = constants[at.G_NAP] * gates[0] ** 3, at.E_NA
    elif name == "i_ks":
        conductance, reversal = constants[at.G_KS] * gates[0], at.E_K
    else:
        conductance, reversal = np.full(columns[at.U].shape, constants[at.G_LEAK]), at.E_LEAK
    return conductance, conductance * float(cable.membrane[reversal])


def plan_recording(
    fibers: Sequence[Fiber],
    *,
    record: Sequence[str],
    record_nodes: Sequence[int] | None,
    record_compartments: Sequence[int],
    every: int,
    record_from_ms: float,
    record_until_ms: float | None,
    solver: Solver,
    window_ms: float,
) -> Recording:
    """Check what is to be recorded.

    Parameters
    ----------
    fibers, record, record_nodes, record_compartments, every, record_from_ms, record_until_ms, solver, window_ms
        As in `scsim.simulate`.

    Returns
    -------
    Recording

    Raises
    ------
    ModelError
        If a quantity, node or compartment does not exist, the solver does not follow what is asked for, or no
        sample lies in the time asked for.
    """
    names = tuple(dict.fromkeys((V_M, *((record,) if isinstance(record, str) else record))))
    for fiber in fibers:
        unknown = [name for name in names if name not in recordable(fiber)]
        if unknown:
            message = (
                f"record = {', '.join(unknown)}: {fiber.model} has no quantity of that name; choose from "
                f"{', '.join(recordable(fiber))}."
            )
            raise ModelError(message)
    if V_PERIAXONAL in names and len(record_compartments) == 0:
        message = (
            f"record = {V_PERIAXONAL}: there is a space under the myelin between nodes only; give the compartments "
            "in record_compartments."
        )
        raise ModelError(message)
    n_steps = n_steps_of(window_ms, solver)
    if not (isinstance(every, int | np.integer) and every >= 1):
        message = f"every = {every!r}: steps between samples are counted; give 1 for every step."
        raise ModelError(message)
    first, n_times = _samples(
        n_steps, int(every) * solver.dt_ms, int(every), record_from_ms, record_until_ms
    )
    return Recording(
        fibers=tuple(fibers),
        quantities=tuple(name for name in names if name != V_PERIAXONAL),
        nodes=tuple(_nodes(fiber, record_nodes) for fiber in fibers),
        compartments=tuple(_compartments(fiber, record_compartments, solver) for fiber in fibers),
        has_periaxonal=V_PERIAXONAL in names,
        solver=solver,
        n_steps=n_steps,
        every=int(every),
        first=first,
        n_times=n_times,
    )


def recording_bytes(
    fibers: Sequence[Fiber],
    *,
    record: Sequence[str] = (V_M,),
    record_nodes: Sequence[int] | None = None,
    record_compartments: Sequence[int] = (),
    every: int = 1,
    record_from_ms: float = 0.0,
    record_until_ms: float | None = None,
    solver: Solver | None = None,
    window_ms: float = 5.0,
) -> int:
    """Give the memory that `scsim.simulate` would take for a recording, without running anything.

    Parameters
    ----------
    fibers, record, record_nodes, record_compartments, every, record_from_ms, record_until_ms, solver, window_ms
        As in `scsim.simulate`.

    Returns
    -------
    int
        Bytes of what is handed back, 8 per quantity, place and time, and of what the kernels keep meanwhile of
        the largest group of fibers that runs at once.

    Raises
    ------
    ModelError
        As in `scsim.simulate`.
    StimulusError
        If the window holds no step.

    Examples
    --------
    >>> import scsim
    >>> fiber = scsim.Fiber("mrg", 10.0, n_nodes=21)
    >>> recording_bytes([fiber], record=("v_m", "m"), record_nodes=(10,), window_ms=1.0)
    6432
    """
    plan = plan_recording(
        fibers,
        record=record,
        record_nodes=record_nodes,
        record_compartments=record_compartments,
        every=every,
        record_from_ms=record_from_ms,
        record_until_ms=record_until_ms,
        solver=solver if solver is not None else Solver(),
        window_ms=window_ms,
    )
    return plan.kept_bytes + plan.working_bytes


def _samples(
    n_steps: int, sample_ms: float, every: int, from_ms: float, until_ms: float | None
) -> tuple[int, int]:
    """Index of the first sample in a stretch of time, and number of samples in it."""
    last = n_steps // every
    whole_ms = n_steps * sample_ms / every
    if until_ms is not None:
        is_time = until_ms >= 0.0
        last = int(np.floor(min(until_ms, whole_ms) / sample_ms + _ROUNDING)) if is_time else -1
    first = int(np.ceil(from_ms / sample_ms - _ROUNDING)) if 0.0 <= from_ms <= whole_ms else -1
    if not 0 <= first <= last:
        until = "the end" if until_ms is None else f"{until_ms:g} ms"
        message = (
            f"record_from_ms = {from_ms:g} ms until {until}: no sample of every {sample_ms:g} ms lies there within "
            f"0 to {whole_ms:g} ms; choose a longer stretch or a smaller every."
        )
        raise ModelError(message)
    return first, last - first + 1


def _nodes(fiber: Fiber, record_nodes: Sequence[int] | None) -> IntArray:
    if record_nodes is None:
        return np.arange(1, fiber.node_count - 1)
    return np.array(
        [check_node(fiber, node, "be recorded") for node in record_nodes], dtype=np.int64
    )


def _compartments(fiber: Fiber, chosen: Sequence[int], solver: Solver) -> IntArray:
    """Check compartments: there, no cut-off end of a double cable, and followed by the solver."""
    ends = 0 if fiber.is_single_cable else 1
    last = fiber.n_compartments - 1 - ends
    for compartment in chosen:
        if not isinstance(compartment, int | np.integer) or not ends <= compartment <= last:
            message = (
                f"compartment {compartment} cannot be recorded: {fiber.model} with {fiber.node_count} nodes has "
                f"compartments {ends} to {last} that are followed (a passive end node of a double cable stays "
                "at rest); choose among them."
            )
            raise ModelError(message)
    between = [int(c) for c in chosen if c % fiber.compartments_per_node != 0]
    if between and (solver.modes != at.N_MODES or solver.precision != "float64"):
        message = (
            f"compartment {between[0]} lies between nodes: with modes = {solver.modes} and precision = "
            f"{solver.precision!r} voltages there are not followed; use Solver(modes={at.N_MODES}, "
            "precision='float64'), or record nodes only."
        )
        raise ModelError(message)
    return np.array([int(c) for c in chosen], dtype=np.int64)
