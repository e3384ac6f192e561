"""A circuit as a diagram, drawn from its data: fibers, cells, and who excites or inhibits whom through what.

Where boxes and lines lie is settled in ``circuit_layout.py``; what the circuit does over time is drawn in
``raster.py`` and ``voltage.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scsim.circuit.integrate_fire import IntegrateFireCircuit
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.rates.rate import RateCircuit
from scsim.plots.circuit_layout import Box, Layout, lay_out
from scsim.plots.circuit_words import short_name
from scsim.plots.style import (
    BLACK,
    BLUE,
    LETTER_WIDTH,
    NOTE_SIZE,
    PANEL_TITLE_SIZE,
    POINTS_PER_INCH,
    VERMILION,
    new_figure,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

EXCITATORY_COLOR: Final = BLUE
INHIBITORY_COLOR: Final = VERMILION

INHIBITORY_FAMILIES: Final = ("gaba_a", "glycine")
"""Receptors that inhibit, where a fiber ends on them; what a cell does stands in its own data."""

STEADY: Final = "steady conductance"
"""Name of the box of constant conductances, such as those of descending fibers."""

BOX_FILLS: Final = {"fibers": "#f0f0f0", "excitatory": "#e3eff7", "inhibitory": "#fbe6da"}

THIN_POINTS: Final = 0.9
THICK_POINTS: Final = 4.0
"""Widths of the weakest and the strongest line, in points."""

LEAST_DECADES: Final = 1.0
"""Range of weights that the widths span at least, in powers of ten: nearly equal weights look nearly equal."""

OFF_COLOR: Final = "0.6"
"""Connections whose weight is 0: there, but switched off."""

MARGIN_INCHES: Final = 0.08
OUTPUT_INCHES: Final = 0.45
"""Length of the arrow that leaves the projection cell."""

HEAD_POINTS: Final = 5.0
"""Half the width of an arrow's head or of a bar, in points."""

LINE_INCHES: Final = 1.25 * NOTE_SIZE / POINTS_PER_INCH
"""From one line of text to the next."""

TITLE_LETTERS: Final = 20
"""Letters of a line in a box."""

NANO_PER_MICRO: Final = 1e3
"""Weights are shown in nS, so that they are numbers a reader can compare."""


@dataclass(frozen=True)
class Node:
    """A box: a class of fibers or a cell.

    Attributes
    ----------
    name : str
        Its key.
    head : str
        Its name, in bold.
    lines : tuple of str
        What it is, below the name.
    kind : str
        ``"fibers"``, ``"excitatory"`` or ``"inhibitory"``.
    is_output : bool
        Whether its spikes leave the circuit.
    """

    name: str
    head: str
    lines: tuple[str, ...]
    kind: str
    is_output: bool = False


@dataclass(frozen=True)
class Link:
    """A line: all connections from one box to another.

    Attributes
    ----------
    source, target : str
    text : str
        Receptors or weight, written where it ends.
    is_inhibitory : bool
    weight : float
        What the width of the line shows, in the circuit's own unit; 0 for a connection that is switched off.
    """

    source: str
    target: str
    text: str
    is_inhibitory: bool
    weight: float


def circuit_diagram(
    circuit: SpikingCircuit | RateCircuit | IntegrateFireCircuit, ax: Axes | None = None
) -> Axes:
    """Draw the fibers, cells and connections of a circuit.

    Arrows excite, bars inhibit; the receptors stand where a line ends, and constant conductances that a pain state
    adds come from a box of their own; its width shows, on a logarithmic scale, the
    peak conductance of all its synapses together (of rate models, the weight). Dotted lines are connections whose
    weight is 0. The arrow to the right is the output.

    Parameters
    ----------
    circuit : SpikingCircuit, RateCircuit or IntegrateFireCircuit
        Also one that a pain state has changed.
    ax : matplotlib.axes.Axes, optional
        Default: axes of a new figure of the size that the diagram asks for. In smaller axes letters and lines
        shrink with it.

    Returns
    -------
    matplotlib.axes.Axes
        One unit is an inch of the diagram at full size.
    """
    nodes, links, unit = parts_of(circuit)
    layout = lay_out(
        {node.name: _size(node, links) for node in nodes},
        [(link.source, link.target) for link in links],
        first=[node.name for node in nodes if node.kind == "fibers"],
        head_inches=max(_head_inches(node) for node in nodes),
    )
    width = layout.width + OUTPUT_INCHES + 2 * MARGIN_INCHES
    height = layout.height + 2.6 * LINE_INCHES + 2 * MARGIN_INCHES
    if ax is None:
        ax = new_figure(width, height + 0.4).add_subplot()
    ax.set(
        xlim=(-MARGIN_INCHES, width - MARGIN_INCHES),
        ylim=(-MARGIN_INCHES - 2.6 * LINE_INCHES, layout.height + MARGIN_INCHES),
        aspect="equal",
    )
    ax.set_axis_off()
    given = ax.bbox.width / ax.figure.dpi, ax.bbox.height / ax.figure.dpi
    scale = float(min(1.0, given[0] / width, given[1] / height))
    weights = [link.weight for link in links]
    for link, points in zip(links, layout.lines, strict=True):
        _draw_link(ax, link, points, _line_points(link.weight, weights) * scale, scale)
    for node in nodes:
        _draw_box(ax, node, layout.boxes[node.name], scale)
    _draw_pins(ax, links, layout, scale)
    _explain(ax, weights, unit, scale)
    ax.set_title(f"{_kind_of(circuit)} {circuit.name}", fontsize=PANEL_TITLE_SIZE)
    return ax


def parts_of(
    circuit: SpikingCircuit | RateCircuit | IntegrateFireCircuit,
) -> tuple[list[Node], list[Link], str]:
    """Read the boxes and lines of a circuit from its data.

    Parameters
    ----------
    circuit : SpikingCircuit, RateCircuit or IntegrateFireCircuit

    Returns
    -------
    list of Node
        Inputs first.
    list of Link
        One per pair of boxes.
    str
        What the weights are, with their unit.
    """
    if isinstance(circuit, SpikingCircuit):
        return _of_cells(circuit)
    if isinstance(circuit, RateCircuit):
        return _of_rates(circuit)
    return _of_integrators(circuit)


def _of_cells(circuit: SpikingCircuit) -> tuple[list[Node], list[Link], str]:
    n_fibers = {fiber.name: fiber.n_fibers for fiber in circuit.fibers}
    is_inhibitory = {cell.name: cell.is_inhibitory for cell in circuit.cells}
    family = {receptor.name: receptor.family for receptor in circuit.receptors}
    nodes = [
        Node(f.name, f"{f.n_fibers} {short_name(f.name)}", _lines(f.title), "fibers")
        for f in circuit.fibers
    ]
    nodes += [
        Node(
            cell.name,
            short_name(cell.name),
            _lines(cell.title.replace(f"({short_name(cell.name)})", "")),
            "inhibitory" if cell.is_inhibitory else "excitatory",
            cell.name == circuit.projection,
        )
        for cell in circuit.cells
    ]
    links = []
    for source, target in dict.fromkeys((c.source, c.target) for c in circuit.connections):
        own = [c for c in circuit.connections if (c.source, c.target) == (source, target)]
        peak = sum(c.weight_microsiemens * c.n_synapses * n_fibers.get(source, 1) for c in own)
        inhibits = is_inhibitory.get(
            source, all(family[c.receptor] in INHIBITORY_FAMILIES for c in own)
        )
        names = dict.fromkeys(short_name(family[c.receptor]) for c in own)
        links.append(Link(source, target, ", ".join(names), inhibits, peak * NANO_PER_MICRO))
    steady = [s for s in circuit.steady if s.conductance_microsiemens > 0]
    if steady:
        nodes.insert(
            len(circuit.fibers), Node(STEADY, "steady", ("constant", "conductance"), "fibers")
        )
    links += [
        Link(
            STEADY,
            s.target,
            short_name(family[s.receptor]),
            family[s.receptor] in INHIBITORY_FAMILIES,
            s.conductance_microsiemens * NANO_PER_MICRO,
        )
        for s in steady
    ]
    return nodes, links, "peak conductance of all synapses of a line, {} nS"


def _of_rates(circuit: RateCircuit) -> tuple[list[Node], list[Link], str]:
    nodes = [
        Node("a_beta", "A-beta", ("mean rate",), "fibers"),
        Node("c", "C", ("mean rate",), "fibers"),
        Node("i", "I", ("inhibitory neurons",), "inhibitory"),
        Node("e", "E", ("excitatory neurons",), "excitatory"),
        Node("w", "W", ("projection neurons",), "excitatory", is_output=True),
    ]
    weights = (
        ("a_beta", "i", circuit.g_abi, ""),
        ("a_beta", "w", circuit.g_abp, ""),
        ("c", "e", circuit.g_ce, ""),
        ("c", "w", circuit.g_cp, " + NMDA gain"),
        ("i", "e", -circuit.g_ie, ""),
        ("i", "w", -circuit.g_ip, ""),
        ("e", "w", circuit.g_ep, ""),
    )
    links = [
        Link(source, target, f"{abs(weight):.3g}{more}", weight < 0, abs(weight))
        for source, target, weight, more in weights
    ]
    return nodes, links, "weight, {}"


def _of_integrators(circuit: IntegrateFireCircuit) -> tuple[list[Node], list[Link], str]:
    (fibers,) = circuit.fibers
    nodes = [
        Node(
            fibers.name,
            f"{fibers.n_fibers} {short_name(fibers.name)}",
            _lines(fibers.title),
            "fibers",
        ),
        Node("i", f"{len(circuit.tau_inhibitory_ms)} I", ("inhibitory neurons",), "inhibitory"),
        Node(
            "e",
            f"{len(circuit.tau_excitatory_ms)} E",
            ("excitatory neurons",),
            "excitatory",
            is_output=True,
        ),
    ]
    weights = (
        (fibers.name, "i", circuit.afferent_to_inhibitory_pa),
        (fibers.name, "e", circuit.afferent_to_excitatory_pa),
        ("i", "e", circuit.inhibitory_to_excitatory_pa),
    )
    links = [
        Link(source, target, f"{weight:g} pA", weight < 0, abs(weight))
        for source, target, weight in weights
    ]
    return nodes, links, "size of one input, {} pA"


def _kind_of(circuit: SpikingCircuit | RateCircuit | IntegrateFireCircuit) -> str:
    if isinstance(circuit, RateCircuit):
        return "Rate model"
    return (
        "Spiking circuit" if isinstance(circuit, SpikingCircuit) else "Integrate-and-fire circuit"
    )


def _lines(title: str) -> tuple[str, ...]:
    return tuple(wrap(title, TITLE_LETTERS))


def _head_inches(node: Node) -> float:
    """Room for name and title in a box."""
    return (1 + len(node.lines)) * LINE_INCHES + 2 * MARGIN_INCHES


def _size(node: Node, links: Sequence[Link]) -> tuple[float, float]:
    """Least width and height of a box, inches."""
    texts = [*node.lines, *(f"   {link.text}" for link in links if link.target == node.name)]
    n_letters = max([len(node.head) * 1.15, *(len(text) for text in texts)])
    width = n_letters * LETTER_WIDTH * 0.93 * NOTE_SIZE / POINTS_PER_INCH + 2 * MARGIN_INCHES
    return width, _head_inches(node)


def _line_points(weight: float, weights: Sequence[float]) -> float:
    """Give the width of a line, in points, from the logarithm of its weight."""
    known = [value for value in weights if value > 0]
    if weight <= 0 or not known:
        return THIN_POINTS
    high, low = np.log10(max(known)), np.log10(min(known))
    share = 1 - (high - np.log10(weight)) / max(high - low, LEAST_DECADES)
    return float(THIN_POINTS + share * (THICK_POINTS - THIN_POINTS))


def _draw_link(
    ax: Axes, link: Link, points: Sequence[tuple[float, float]], width: float, scale: float
) -> None:
    """Draw a line with its head: straight along x, bent between layers."""
    from matplotlib.patches import PathPatch, Polygon  # noqa: PLC0415  (importing scsim must not import matplotlib)
    from matplotlib.path import Path  # noqa: PLC0415  (as above)

    is_off = link.weight <= 0
    color = OFF_COLOR if is_off else INHIBITORY_COLOR if link.is_inhibitory else EXCITATORY_COLOR
    half = (HEAD_POINTS + width / 2) / POINTS_PER_INCH
    (x, y), *others = points
    vertices, codes = [(x, y)], [Path.MOVETO]
    end_x, end_y = points[-1]
    # The line stops inside its head.
    others[-1] = (end_x - (0.25 * half if link.is_inhibitory else 1.2 * half), end_y)
    for next_x, next_y in others:
        if next_y == y or next_x <= x:
            vertices.append((next_x, next_y))
            codes.append(Path.LINETO)
        else:
            middle = (x + next_x) / 2
            vertices += [(middle, y), (middle, next_y), (next_x, next_y)]
            codes += [Path.CURVE4] * 3
        x, y = next_x, next_y
    line = PathPatch(
        Path(vertices, codes),
        fill=False,
        edgecolor=color,
        lw=width,
        ls=(0, (1, 1.5)) if is_off else "-",
        capstyle="butt",
        joinstyle="round",
        zorder=2,
    )
    ax.add_patch(line)
    if link.is_inhibitory:
        ax.plot(
            [end_x - 0.25 * half] * 2,
            [end_y - 0.75 * half, end_y + 0.75 * half],
            color=color,
            lw=max(2.2 * scale, 0.7 * width),
            solid_capstyle="butt",
            zorder=4,
        )
    else:
        corners = [
            (end_x, end_y),
            (end_x - 1.5 * half, end_y + 0.75 * half),
            (end_x - 1.5 * half, end_y - 0.75 * half),
        ]
        ax.add_patch(Polygon(corners, facecolor=color, edgecolor="none", zorder=4))


def _draw_box(ax: Axes, node: Node, box: Box, scale: float) -> None:
    """Draw a box with its name and what it is; the projection cell has the arrow of the output."""
    from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415  (importing scsim must not import matplotlib)

    edge = {"fibers": "0.4", "excitatory": EXCITATORY_COLOR, "inhibitory": INHIBITORY_COLOR}
    rounding = 0.02 if node.kind == "fibers" else 0.1
    outline = FancyBboxPatch(
        (box.left + rounding, box.bottom + rounding),
        box.width - 2 * rounding,
        box.height - 2 * rounding,
        boxstyle=f"round,pad={rounding},rounding_size={rounding}",
        facecolor=BOX_FILLS[node.kind],
        edgecolor=edge[node.kind],
        lw=(2.0 if node.is_output else 1.2) * scale,
        zorder=3,
    )
    ax.add_patch(outline)
    x, y = box.left + box.width / 2, box.top - MARGIN_INCHES
    size = NOTE_SIZE * scale
    place: dict[str, Any] = {"ha": "center", "va": "top", "zorder": 5}
    ax.text(x, y, node.head, fontsize=1.1 * size, fontweight="bold", **place)
    for number, line in enumerate(node.lines, 1):
        ax.text(x, y - number * LINE_INCHES, line, fontsize=size, **place)
    if node.is_output:
        ax.annotate(
            "",
            (box.right + OUTPUT_INCHES, box.middle),
            (box.right, box.middle),
            arrowprops={
                "arrowstyle": "-|>",
                "lw": 2.2 * scale,
                "color": BLACK,
                "mutation_scale": 13 * scale,
                "shrinkA": 0,
                "shrinkB": 0,
            },
            zorder=4,
        )
        ax.text(
            box.right + OUTPUT_INCHES / 2,
            box.middle + 0.07,
            "output",
            fontsize=size,
            ha="center",
            va="bottom",
        )


def _draw_pins(ax: Axes, links: Sequence[Link], layout: Layout, scale: float) -> None:
    """Write the receptors where lines end, inside the box."""
    for link, points in zip(links, layout.lines, strict=True):
        x, y = points[-1]
        text = link.text if link.weight > 0 else f"{link.text} (off)"
        ax.text(
            x + 0.06, y, text, fontsize=NOTE_SIZE * scale, ha="left", va="center_baseline", zorder=5
        )


def _explain(ax: Axes, weights: Sequence[float], unit: str, scale: float) -> None:
    """Say below the diagram what arrows, bars and widths mean."""
    from matplotlib.lines import Line2D  # noqa: PLC0415  (importing scsim must not import matplotlib)

    known = [weight for weight in weights if weight > 0]
    handles = [
        Line2D([], [], color=EXCITATORY_COLOR, marker=">", markersize=5 * scale, label="excites"),
        Line2D(
            [],
            [],
            color=INHIBITORY_COLOR,
            marker="|",
            markersize=8 * scale,
            markeredgewidth=2 * scale,
            label="inhibits",
        ),
    ]
    if len(known) < len(weights):
        handles.append(Line2D([], [], color=OFF_COLOR, ls=":", label="weight 0"))
    title = ""
    if known:
        span = (
            f"{min(known):.2g} to {max(known):.3g}"
            if min(known) < max(known)
            else f"{min(known):.3g}"
        )
        title = f"line width: {unit.format(span)}" + (
            " (log scale)" if min(known) < max(known) else ""
        )
    legend = ax.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        fontsize=NOTE_SIZE * scale,
        title=title,
        title_fontsize=NOTE_SIZE * scale,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
    )
    legend.set_zorder(6)
