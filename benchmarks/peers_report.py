"""Turn the measurements beside NEURON and PyFibers into tables, and write them into the README.

Measuring belongs in ``against_neuron.py`` and ``against_pyfibers.py``; nothing here needs either.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from benchmarks.marks import Marks, run_report
from benchmarks.report import in_words

MARKS: Final = Marks("<!-- peers -->", "<!-- /peers -->")

_HEADS: Final = {
    "neuron": (
        "fiber",
        "scsim runs",
        "NEURON",
        "scsim",
        "ratio",
        "loops alone",
        "v differs by",
        "threshold differs by",
        "NEURON off its limit",
    ),
    "pyfibers": (
        "fibers",
        "scsim runs",
        "PyFibers",
        "its error",
        "scsim",
        "its error",
        "asked of scsim",
        "ratio",
    ),
}
_NONE: Final = "–"


def spread(times_s: list[float], share: int) -> str:
    """Write the best time, and the worst behind it, of one fiber among several.

    Parameters
    ----------
    times_s : list of float
        Time of each turn, s.
    share : int
        Fibers that one turn computes.

    Returns
    -------
    str
        For example ``"134 ms (to 195 ms)"``.
    """
    return f"{in_words(min(times_s) / share)} (to {in_words(max(times_s) / share)})"


def factor(slow_s: float, fast_s: float) -> str:
    """Write how many times faster the second time is, with three digits at most."""
    ratio = slow_s / fast_s
    return f"{ratio:.0f}×" if ratio >= 100.0 else f"{ratio:.3g}×"


def loop_s(times: dict[str, Any], short_share: float) -> float:
    """Give scsim's time loop alone: the slope between a short run and the full one.

    Parameters
    ----------
    times : dict
        ``scsim`` and ``scsim_short``, each with ``cpu_s``, s.
    short_share : float
        Length of the short run as a share of the full one (no unit).

    Returns
    -------
    float
        Time of all steps, s; of all lanes together.
    """
    full, short = min(times["scsim"]["cpu_s"]), min(times["scsim_short"]["cpu_s"])
    return (full - short) / (1.0 - short_share)


def engine_row(entry: dict[str, Any]) -> tuple[str, ...]:
    """Lay out one fiber in NEURON's loop and in scsim."""
    times, lanes = entry["times"], entry["lanes"]
    neuron_s = min(times["neuron_loop"]["cpu_s"])
    scsim_s = min(times["scsim"]["cpu_s"]) / lanes
    threshold, peer_threshold = entry["scsim_threshold_ma"], entry["neuron_threshold_ma"]
    bias = _NONE
    if "neuron_limit_ma" in entry:
        bias = f"{100.0 * (peer_threshold / entry['neuron_limit_ma'] - 1.0):+.2f} %"
    return (
        entry["title"],
        entry["setting"] if lanes == 1 else f"{entry['setting']}, {lanes} lanes",
        spread(times["neuron_loop"]["cpu_s"], 1),
        spread(times["scsim"]["cpu_s"], lanes),
        factor(neuron_s, scsim_s),
        factor(neuron_s, loop_s(times, entry["short_share"]) / lanes),
        f"{entry['v_difference_mv']:.1e} mV",
        f"{abs(threshold / peer_threshold - 1.0):.1e}",
        bias,
    )


def search_row(entry: dict[str, Any]) -> tuple[str, ...]:
    """Lay out one search by PyFibers and by scsim, times per fiber."""
    times = entry["times"]
    theirs_s = min(times["pyfibers"]["cpu_s"]) / entry["n_sampled"]
    ours_s = min(times["scsim"]["cpu_s"]) / entry["n_fibers"]
    return (
        entry["title"],
        entry["setting"],
        spread(times["pyfibers"]["cpu_s"], entry["n_sampled"]),
        f"{entry['pyfibers_error']:.1e}",
        spread(times["scsim"]["cpu_s"], entry["n_fibers"]),
        f"{entry['scsim_error']:.1e}",
        f"{entry['rtol']:g}",
        factor(theirs_s, ours_s),
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _circumstances(content: dict[str, Any]) -> str:
    machine, versions = content["machine"], content["versions"]
    entries = [*content.get("neuron", {}).values(), *content.get("pyfibers", {}).values()]
    turns = {len(times["cpu_s"]) for entry in entries for times in entry["times"].values()}
    first = [entry["first_call_s"][0] for entry in entries]
    return (
        f"Measured by `make bench-peers` on {content['date']}: {machine['processor']} "
        f"({machine['cpu_target']}, {machine['n_cores']} cores, load {machine['load_average']:.1f} before), "
        f"Python {versions['python']}, NEURON {versions['neuron']}, PyFibers {versions['pyfibers']}, "
        f"scsim {versions['scsim']}. One core for both, in turns; CPU time per fiber, best of "
        f"{min(turns)} turns and the worst behind it. scsim's first call, which compiles or loads what "
        f"was compiled, took {in_words(min(first))} to {in_words(max(first))} and is not counted. "
        "Errors without a unit are relative."
    )


def _engine_text(entries: dict[str, Any]) -> str:
    checked = max(entry["loop_against_pyfibers_mv"] for entry in entries.values())
    loops = "to the bit" if checked == 0.0 else f"within {checked:.1e} mV"
    return (
        "The same simulation: same fiber, same step of 5 µs, same drive, 5 ms, nothing stops early. NEURON is its compiled "
        "loop alone, without building, settling, recording or Python in the loop; its v is that of PyFibers' own loop "
        f"{loops}. scsim is the whole call of `simulate`, with set-up, settling and the recorded detector, shared by its "
        "lanes (the same fiber at as many amplitudes); “loops alone” leaves that out of scsim too. v is compared at all active nodes and steps while a spike "
        "travels; thresholds are searched to 1e-5 on both sides. The last column is what the step costs both sides: "
        "NEURON's threshold at 5 µs against its limit for ever finer steps, from 5 and 1 µs."
    )


def _search_text(entries: dict[str, Any]) -> str:
    sampled = [
        entry["n_sampled"] for entry in entries.values() if entry["n_sampled"] < entry["n_fibers"]
    ]
    text = (
        "Threshold search: PyFibers' `find_threshold` with its defaults (bracket of 1 %, early exit) but a step of 5 µs, "
        "against `scsim.find_thresholds`, time per fiber. Errors are largest errors against a search to 1e-5 with NEURON's "
        "loop at the same step."
    )
    if sampled:
        text += f" Of many fibers PyFibers searches {max(sampled)}, and both errors are of those."
    return text


def report(content: dict[str, Any]) -> str:
    """Lay out all rows of a file as text and tables in Markdown.

    Parameters
    ----------
    content : dict
        A file of ``make bench-peers``, parsed.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the file has no row of either program.
    """
    engine, searches = content.get("neuron"), content.get("pyfibers")
    if not engine and not searches:
        msg = "the file holds no row of NEURON and none of PyFibers. Measure them by `make bench-peers`."
        raise ValueError(msg)
    lines = [_circumstances(content)]
    if engine:
        rows = [engine_row(entry) for entry in engine.values()]
        lines += ["", _engine_text(engine), "", *_table(_HEADS["neuron"], rows)]
    if searches:
        rows = [search_row(entry) for entry in searches.values()]
        lines += ["", _search_text(searches), "", *_table(_HEADS["pyfibers"], rows)]
    return "\n".join(lines)


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
        description="Tables of scsim beside other software.",
        made_by="make bench-peers",
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
