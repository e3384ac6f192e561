"""Spiking circuits as arrays: geometry, lanes, constants, and what the kernels refuse."""

import math
from dataclasses import replace

import numpy as np
import pytest

from scsim.circuit.catalog import load_circuit
from scsim.circuit.networks import assemble_network
from scsim.circuit.networks.assemble_network import (
    NARROW,
    NARROW_BLOCK,
    WIDE,
    assemble_cells,
    compartment,
    make_lane,
    peak_factor,
    slot_index,
)
from scsim.circuit.networks.neurons import Cell, channel_kinds
from scsim.circuit.networks.wiring import SteadyConductance
from scsim.errors import ModelError
from scsim.formats.tables import Quantity, Table, load_table
from scsim.kernels import channels, network

CIRCUIT = load_circuit("zhang2014")
CELLS = {cell.name: cell for cell in CIRCUIT.cells}


def changed(kind: str, key: str, value: object) -> Table:
    """A table of channels with one other value."""
    table = load_table(f"channels/{kind}")
    entries = dict(table.entries)
    old = entries[key]
    entries[key] = Quantity(value, old.unit, old.source, old.evidence)  # type: ignore[arg-type]
    return replace(table, entries=entries)


def test_every_kind_of_channel_has_a_kernel() -> None:
    assert set(channel_kinds()) == set(assemble_network._KINDS) == set(assemble_network._POWERS)


def test_places_count_from_the_soma() -> None:
    wdr = CELLS["wdr"]  # dendrite 5, soma 3, hillock 3, axon 5
    assert [compartment(wdr, "dendrite", p) for p in (0.0, 0.5, 1.0)] == [4, 2, 0]
    assert [compartment(wdr, "soma", p) for p in (0.0, 0.5, 1.0)] == [5, 6, 7]
    assert [compartment(wdr, "hillock", p) for p in (0.0, 1.0)] == [8, 10]
    assert compartment(CELLS["sg"], "dendrite", 0.5) == 24  # 25 from the soma, of 50


def test_synapses_of_one_receptor_and_place_share_a_slot() -> None:
    assert list(slot_index(CIRCUIT, CELLS["sg"])) == [("ampa", 24)]
    assert [name for name, _ in slot_index(CIRCUIT, CELLS["wdr"])] == [
        "ampa",
        "nmda",
        "nk1_wdr",
        "glycine",
        "gaba_a",
    ]


def test_the_two_tonic_cells_ride_together() -> None:
    lanes = [make_lane(CIRCUIT, CELLS[name]) for name in ("sg", "z2", "wdr")]
    assert lanes[0].structure == lanes[1].structure
    assert lanes[0].structure != lanes[2].structure


def test_densities_are_of_the_lane_and_a_zero_is_another_structure() -> None:
    wdr = CELLS["wdr"]

    def scaled(factor: float) -> object:
        sections = tuple(
            replace(
                s,
                channels=tuple(
                    replace(c, density=c.density * factor) if c.kind == "can" else c
                    for c in s.channels
                ),
            )
            for s in wdr.sections
        )
        return make_lane(CIRCUIT, replace(wdr, sections=sections))

    whole, half, none = scaled(1.0), scaled(0.5), scaled(0.0)
    assert whole.structure == half.structure != none.structure  # type: ignore[attr-defined]
    assert whole != half


def test_steady_conductance_is_a_synapse_that_stays() -> None:
    steady = (SteadyConductance("wdr", "glycine", 1e-3), SteadyConductance("wdr", "ampa", 0.0))
    circuit = replace(CIRCUIT, steady=steady)
    lane = make_lane(circuit, CELLS["wdr"])
    assert lane.held == ((5, 1e-3),)
    assert lane.structure.slots[5] == (2, False)
    assert make_lane(circuit, CELLS["ex"]).held == ()


def test_line_has_the_geometry_of_the_sections() -> None:
    cell = assemble_cells([make_lane(CIRCUIT, CELLS["wdr"])], CIRCUIT.step_ms, WIDE)
    rows = cell.line.reshape(network.N_LINE_ROWS, 16)
    soma_nf = math.pi * 20.0 * 20.0 / 3 * 1e-8 * 1e3
    assert rows[network.CDT, 6] * CIRCUIT.step_ms == pytest.approx(soma_nf, rel=1e-12)
    # Tapered hillock, 2 to 1 µm away from the soma: centers at 11/6, 9/6, 7/6 µm.
    areas = rows[network.CDT, 8:11] * CIRCUIT.step_ms / 1e3 * 1e8 / (math.pi * 3.0)
    np.testing.assert_allclose(areas, [11 / 6, 9 / 6, 7 / 6], rtol=1e-12)
    half = [0.01 * 150 * (x / 2) / (math.pi * d**2 / 4) for x, d in ((20 / 3, 20.0), (3.0, 11 / 6))]
    assert rows[network.LINK, 7] == pytest.approx(1 / sum(half), rel=1e-12)
    weight = (1 / half[0]) / (1 / half[0] + 1 / half[1])
    assert cell.ends[0] == pytest.approx(weight, rel=1e-12)
    assert cell.ends[0] + cell.ends[1] == pytest.approx(1.0, rel=1e-12)


def test_spare_lanes_are_copies() -> None:
    lanes = [make_lane(CIRCUIT, CELLS[name]) for name in ("sg", "z2")]
    cell = assemble_cells(lanes, CIRCUIT.step_ms, WIDE)
    first = cell.records[: channels.N_RECORD_FIELDS[channels.K_DRI] * WIDE]
    sizes = first.reshape(-1, WIDE)[channels.SIZE]
    assert np.all(sizes == sizes[0])
    assert sizes[0] > 0


def sizes(cell: network.CellLanes, block: int) -> dict[int, float]:
    """Conductance of each kind of channel, summed along the first lane (`WIDE`) or the only one."""
    total: dict[int, float] = {}
    for kind, _, n_blocks, at, _, _ in cell.sheets.tolist():
        n_fields = channels.N_RECORD_FIELDS[kind]
        record = cell.records[at : at + n_fields * n_blocks * block]
        size = record.reshape(n_blocks, n_fields, block)[:, channels.SIZE]
        own = size[:, 0] if block == WIDE else size
        total[kind] = total.get(kind, 0.0) + float(own.sum())
    return total


@pytest.mark.parametrize("cell", CIRCUIT.cells, ids=lambda cell: cell.name)
def test_rows_cover_the_line_once_from_the_middle_out(cell: Cell) -> None:
    lane = make_lane(CIRCUIT, cell)
    wide = assemble_cells([lane], CIRCUIT.step_ms, WIDE)
    order = [
        first + direction * k
        for _, _, first, direction, count in wide.rows.tolist()
        for k in range(count)
    ]
    n = wide.places[0]
    assert order == [*range(n // 2, -1, -1), *range(n // 2 + 1, n)]
    alone = assemble_cells([lane], CIRCUIT.step_ms, NARROW)
    assert sizes(wide, WIDE) == pytest.approx(sizes(alone, NARROW_BLOCK), rel=1e-12)


def test_lanes_run_in_whole_vectors_and_lie_on_lines_of_the_cache() -> None:
    lane = make_lane(CIRCUIT, CELLS["wdr"])
    for count, running in ((1, 8), (8, 8), (9, 16), (32, 32)):
        cell = assemble_cells([lane] * count, CIRCUIT.step_ms, WIDE)
        assert cell.places[3] == running
        assert set(cell.sheets[:, network.N_RUN]) == {running}
        for array in (cell.sites, cell.records, cell.synapses, cell.line, cell.lane):
            assert array.ctypes.data % 64 == 0
    alone = assemble_cells([lane], CIRCUIT.step_ms, NARROW)
    assert alone.places[3] == 1
    assert set(alone.sheets[:, network.N_RUN]) <= {8, 16}


def test_peak_factor_makes_the_peak_one() -> None:
    t = np.linspace(0, 20, 200001)
    g = peak_factor(0.5, 5.0) * (np.exp(-t / 5.0) - np.exp(-t / 0.5))
    assert g.max() == pytest.approx(1.0, abs=1e-8)


def test_too_many_compartments_are_refused() -> None:
    sg = CELLS["sg"]
    sections = (replace(sg.sections[0], n_compartments=300), *sg.sections[1:])
    with pytest.raises(ModelError, match=r"'sg' has 340 compartments: at most 256 .* use fewer"):
        make_lane(CIRCUIT, replace(sg, sections=sections))


@pytest.mark.parametrize(
    ("kind", "key", "value", "wanted"),
    [
        ("na_b", "h.alpha.scale_mv", 3.5, "h.alpha.scale_mv = 3 mV"),
        ("na_b", "m.beta.midpoint_mv", -27.0, "m.beta.midpoint_mv = -28 mV"),
        ("na_b", "h.steady.form", "linear", "h.steady.form = sigmoid"),
        ("hh2_na", "m.alpha.scale_mv", 5.0, "m.alpha.scale_mv = 4 mV"),
        ("na_p", "h.beta.scale_mv", 5.0, "h.beta.scale_mv = 10 mV"),
        ("hh2_k", "n.alpha.scale_mv", 4.0, "n.alpha.scale_mv = 5 mV"),
        ("k_a", "h.alpha.midpoint_mv", -80.0, "h.alpha.midpoint_mv = -86 mV"),
        ("k_dri", "n.power", 3, "n.power = 4"),
        ("k_dri", "h.alpha.rate", 0.01, r"h.alpha \+ h.beta = the same sum at every voltage"),
    ],
)
def test_constants_that_the_kernel_cannot_have_are_refused(
    monkeypatch: pytest.MonkeyPatch, kind: str, key: str, value: object, wanted: str
) -> None:
    table = changed(kind, key, value)
    monkeypatch.setattr(
        assemble_network,
        "load_table",
        lambda name: table if name == table.name else load_table(name),
    )
    with pytest.raises(ModelError, match=rf"{kind}\.toml: {key} = .* needs .*{wanted}; restore it"):
        assemble_network._constants.__wrapped__(0.0125)
