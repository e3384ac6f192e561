"""Turn the measurements of the spiking circuit beside NEURON into a table, and write it into the README.

Measuring belongs in ``circuit_against_neuron.py``; nothing here needs NEURON.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from benchmarks.marks import Marks, run_report
from benchmarks.peers_report import factor
from benchmarks.report import in_words

MARKS: Final = Marks("<!-- circuit -->", "<!-- /circuit -->")

PUBLISHED_OVER_LEAN: Final = (5.02 + 5.17) / (2.93 + 3.24)
"""How much longer NEURON takes for the program as published than without its mechanisms of zero conductance and
the axon stub, which change no spike: user CPU s per simulated s of both, measured side by side in NEURON 9.0.2 for the
reference data of ``src/scsim/validate/cases/gate`` (no unit)."""

_HEAD: Final = (
    "zhang2014",
    "NEURON",
    "scsim",
    "ratio",
    "ratio to the program as published",
    "spikes compared",
    "in the same step",
    "one step off",
    "further off",
)


def per_second(times_s: list[float], share_s: float) -> str:
    """Write the best time, and the worst behind it, per condition and simulated second.

    Parameters
    ----------
    times_s : list of float
        Time of each turn, s.
    share_s : float
        Simulated time that one turn computes, over all conditions, s.

    Returns
    -------
    str
    """
    return f"{in_words(min(times_s) / share_s)} (to {in_words(max(times_s) / share_s)})"


def row(entry: dict[str, Any]) -> tuple[str, ...]:
    """Lay out one row.

    Parameters
    ----------
    entry : dict
        A row of ``circuit_against_neuron.py``.

    Returns
    -------
    tuple of str
        One text per column of the table.
    """
    simulated_s = entry["duration_s"]
    neuron, scsim = entry["times"]["neuron"]["cpu_s"], entry["times"]["scsim"]["cpu_s"]
    neuron_s = min(neuron) / simulated_s
    scsim_s = min(scsim) / simulated_s / entry["n_conditions"]
    apart = [steps for cell in entry["steps_apart"].values() for steps in cell]
    most = {
        cell: max(count, entry["n_spikes_scsim"][cell]) for cell, count in entry["n_spikes"].items()
    }
    n_spikes = sum(most.values())
    same, near = sum(one == 0 for one in apart), sum(one == 1 for one in apart)
    return (
        entry["title"]
        if entry["n_conditions"] == 1
        else f"{entry['title']}, {entry['n_conditions']} conditions",
        per_second(neuron, simulated_s),
        per_second(scsim, simulated_s * entry["n_conditions"]),
        factor(neuron_s, scsim_s),
        factor(PUBLISHED_OVER_LEAN * neuron_s, scsim_s),
        str(n_spikes),
        str(same),
        str(near),
        str(n_spikes - same - near),
    )


def report(content: dict[str, Any]) -> str:
    """Lay out all rows of a file as text and a table in Markdown.

    Parameters
    ----------
    content : dict
        A file of ``make bench-circuit``, parsed.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the file has no row.
    """
    entries = content.get("circuit")
    if not entries:
        msg = "the file holds no row of the circuit. Measure them by `make bench-circuit`."
        raise ValueError(msg)
    machine, versions = content["machine"], content["versions"]
    first = next(iter(entries.values()))
    turns = min(len(times["cpu_s"]) for one in entries.values() for times in one["times"].values())
    text = (
        f"Measured by `make bench-circuit` on {content['date']}: {machine['processor']} "
        f"({machine['cpu_target']}, {machine['n_cores']} cores, load {machine['load_average']:.1f} before), "
        f"Python {versions['python']}, NEURON {versions['neuron']}, scsim {versions['scsim']}. CPU time per condition and "
        f"simulated second, one core for both, in turns; best of {turns} and the worst behind it. Both run the circuit of "
        f"scsim's tables with the same spikes of the fibers and the same step: in NEURON {first['n_compartments']} compartments "
        f"and {first['n_synapses']} synapses, one per fiber and receptor, in its compiled loop alone, without building; "
        "scsim is the whole call of `simulate_network`. The published program also carries mechanisms of zero conductance and an "
        f"axon stub, with which NEURON takes {PUBLISHED_OVER_LEAN:.2f} times as long for the same spikes "
        "(measured for the reference data); the fifth column counts them in. Spikes are those of all four cells in one condition of each row."
    )
    table = [
        f"| {' | '.join(_HEAD)} |",
        f"|{'---|' * len(_HEAD)}",
        *(f"| {' | '.join(row(entry))} |" for entry in entries.values()),
    ]
    return "\n".join([text, "", *table])


def main(arguments: list[str] | None = None) -> int:
    """Print the report of a file, and write it into a README if asked.

    Parameters
    ----------
    arguments : list of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0.
    """
    return run_report(
        report,
        MARKS,
        description="Table of the spiking circuit beside NEURON.",
        made_by="make bench-circuit",
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
