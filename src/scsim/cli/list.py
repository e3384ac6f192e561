"""`scsim list`: what a config can name.

The catalogs themselves are data, read by their rooms.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scsim.cli.console import print_json, print_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Entries = list[tuple[str, str, str]]


_PYTHON_LEAD: Final = "in Python: load_lead(name)"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "list",
        help="leads, tissues, nerves, fibers, circuits, pain states, stimuli, starter configs and more",
        description="List what a config can name, with the key that takes the name.",
        allow_abbrev=False,
    )
    parser.add_argument("kind", nargs="?", choices=tuple(_KINDS), help="default: all")
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.set_defaults(command=list_names)


def list_names(args: argparse.Namespace) -> int:
    """Print the names.

    Parameters
    ----------
    args : argparse.Namespace
        `kind`, `json`.

    Returns
    -------
    int
        Exit code.
    """
    kinds = tuple(_KINDS) if args.kind is None else (args.kind,)
    entries = {kind: _KINDS[kind]() for kind in kinds}
    if args.json:
        print_json(
            {
                kind: [{"key": key, "name": name, "what": what} for key, name, what in found]
                for kind, found in entries.items()
            }
        )
        return 0
    for index, (kind, found) in enumerate(entries.items()):
        if index:
            print()
        print_table(("key", "name", "what"), found, title=kind)
    return 0


def _tables(key: str, folder: str) -> Entries:
    """List the data tables of a folder with their titles."""
    from scsim.formats.tables import load_table, table_names

    return [(key, name, load_table(f"{folder}/{name}").title) for name in table_names(folder)]


def _leads() -> Entries:
    """List the leads by kind: those of the spinal canal, cuffs of nerves, then pads, which no study takes."""
    from scsim.electrodes.catalog import epidural_lead_names, lead_names
    from scsim.formats.tables import load_table

    epidural = epidural_lead_names()
    cuffs = lead_names("cuff")
    others = [name for name in lead_names() if name not in {*epidural, *cuffs}]
    keys = (
        dict.fromkeys(epidural, "lead.preset")
        | dict.fromkeys(cuffs, "lead.preset, with [nerve]")
        | dict.fromkeys(others, _PYTHON_LEAD)
    )
    return [(key, name, load_table(f"leads/{name}").title) for name, key in keys.items()]


def _tissues() -> Entries:
    return _tables("tissue.preset", "tissues")


def _conductivities() -> Entries:
    return _tables("conductivity.preset", "conductivities")


def _nerves() -> Entries:
    return _tables("nerve.preset", "nerves")


def _fields() -> Entries:
    from scsim.fields.catalog import SOLVERS
    from scsim.formats.tables import load_table

    solvers = [("field.solver", name, what) for name, what in SOLVERS.items()]
    kinds = ("unbounded", "box")
    return [
        *solvers,
        *(("domain.kind", kind, load_table(f"domains/{kind}").title) for kind in kinds),
    ]


def _fibers() -> Entries:
    from scsim.fibers import takes_any_diameter
    from scsim.formats.tables import load_table, table_names

    models = [
        (
            "fibers.model" if takes_any_diameter(name) else "in Python: Fiber(model)",
            name,
            load_table(f"fibers/{name}").title,
        )
        for name in table_names("fibers")
    ]
    return [*models, *_tables("fibers.population", "populations")]


def _circuits() -> Entries:
    """List the circuits, with the cells, mechanisms and pain states of each."""
    from scsim.circuit.catalog import circuit_names, load_circuit
    from scsim.circuit.networks.network import SpikingCircuit
    from scsim.circuit.sections import MODELS
    from scsim.circuit.states import states_of
    from scsim.formats.tables import load_table

    found: Entries = []
    for name in circuit_names():
        key = "circuit.model" if name in MODELS else "in Python: load_circuit(name)"
        circuit = load_circuit(name)
        found.append((key, name, load_table(f"circuits/{name}").title))
        if isinstance(circuit, SpikingCircuit):
            cells = ", ".join(f"{cell.name} ({cell.title})" for cell in circuit.cells)
            found.append(("", "  cells", cells))
        mechanisms = ", ".join(mechanism for mechanism, _ in circuit.mechanisms)
        found += [
            ("", "  mechanisms", mechanisms or "none"),
            ("", "  pain states", ", ".join(states_of(circuit))),
        ]
    return found


def _states() -> Entries:
    """List the pain states; those of ``[states]`` may act together."""
    return _tables("circuit.state, states.NAME", "pain_states")


def _protocols() -> Entries:
    """List the natural inputs of spiking circuits."""
    from scsim.circuit.inputs.protocols import protocol_names
    from scsim.formats.tables import load_table

    return [
        ("afferents.protocol", name, load_table(f"protocols/{name}").title)
        for name in protocol_names()
    ]


def _stimuli() -> Entries:
    from scsim.stimulus.pattern import PATTERNS
    from scsim.stimulus.pulse import SHAPES

    patterns = [("stimulus.pattern", name, what) for name, what in PATTERNS.items()]
    return [*patterns, *(("stimulus.shape", name, what) for name, what in SHAPES.items())]


def _configs() -> Entries:
    """List the starter configs, each with the line that it begins with."""
    from scsim.cli.new import template_names, template_text

    return [
        ("new --template", name, template_text(name).partition("\n")[0].removeprefix("# "))
        for name in template_names()
    ]


_KINDS: Final[MappingProxyType[str, Callable[[], Entries]]] = MappingProxyType(
    {
        "leads": _leads,
        "tissues": _tissues,
        "conductivities": _conductivities,
        "nerves": _nerves,
        "fields": _fields,
        "fibers": _fibers,
        "circuits": _circuits,
        "states": _states,
        "protocols": _protocols,
        "stimuli": _stimuli,
        "configs": _configs,
    }
)
"""Kind of thing and the function that lists it: key of the config, name, what it is."""
