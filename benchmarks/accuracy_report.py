"""Lay the measured accuracy of schemes and settings into tables, and write them into the docs.

Measuring belongs in ``accuracy.py``.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from benchmarks.marks import Marks

MARKS: Final = Marks(
    "<!-- accuracy: begin (written by benchmarks/accuracy_report.py) -->", "<!-- accuracy: end -->"
)

ALLOWED: Final = {"12 modes": 5e-4, "float32": 1e-3, "12 modes, float32": 1e-3}
"""By how much the threshold may differ under a setting (relative)."""

FULL_ORDER: Final = 1.8
"""Order from which a scheme counts as second order."""

NEURON_US: Final = "5"
SECOND_ORDER_US: Final = "10"
"""Steps at which the schemes are compared, µs."""

_NONE: Final = "–"
_SCHEMES: Final = {"neuron": "NEURON's scheme", "second_order": "second order"}


def percent(value: float | None, *, is_signed: bool = True) -> str:
    """Write a relative number in percent with two digits."""
    if value is None or math.isnan(value):
        return _NONE
    size = abs(100.0 * value)
    if size == 0.0:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(size)))
    sign = ("+" if value > 0.0 else "−") if is_signed else ""
    return f"{sign}{size:.{digits}f} %"


def local_orders(errors: dict[str, float | None]) -> dict[str, float]:
    """Give the order of convergence between each step and its half.

    Parameters
    ----------
    errors : dict of str to float or None
        Relative error at each step, falling.

    Returns
    -------
    dict of str to float
        By the longer step of each pair; pairs without both, or whose errors differ in sign, are left out.
    """
    return {
        long: math.log2(abs(first / second))
        for (long, first), (_, second) in pairwise(errors.items())
        if first and second and first * second > 0.0
    }


def full_order_from(errors: dict[str, float | None]) -> str:
    """Give the longest step from which on every order is at least `FULL_ORDER`."""
    found = _NONE
    for step, order in reversed(local_orders(errors).items()):
        if order < FULL_ORDER:
            break
        found = f"{step} µs"
    return found


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


def scheme_table(schemes: dict[str, Any], quantity: str, unit: str) -> list[str]:
    """Lay out the errors of one quantity.

    Parameters
    ----------
    schemes : dict
        Measured cases.
    quantity : str
        ``threshold`` or ``latency``.
    unit : str

    Returns
    -------
    list of str
        Lines.
    """
    steps = max((list(case[quantity]["second_order"]) for case in schemes.values()), key=len)
    head = [
        "case",
        f"limit, {unit}",
        f"NEURON's scheme, {NEURON_US} µs",
        *(f"second order, {step} µs" for step in steps),
        "order of the last two",
        f"order ≥ {FULL_ORDER:g} from",
        "limits differ by",
    ]
    rows = []
    for case in schemes.values():
        measured = case[quantity]
        errors = measured["second_order"]
        orders = local_orders(errors)
        last = list(errors)[-2]
        rows.append(
            [
                case["title"],
                f"{measured['limit']:.6g}",
                percent(measured["neuron"][NEURON_US]),
                *(percent(errors.get(step)) for step in steps),
                f"{orders[last]:.2f}" if last in orders else _NONE,
                full_order_from(errors),
                percent(measured["limits_differ"]),
            ]
        )
    return _table(head, rows)


def not_better(schemes: dict[str, Any], quantity: str) -> list[str]:
    """Give the cases in which second order at 10 µs is farther off than NEURON's scheme at 5 µs.

    Parameters
    ----------
    schemes : dict
        Measured cases.
    quantity : str

    Returns
    -------
    list of str
        Titles.
    """
    return [
        case["title"]
        for case in schemes.values()
        if not abs(case[quantity]["second_order"][SECOND_ORDER_US])
        <= abs(case[quantity]["neuron"][NEURON_US])
    ]


def _verdict(schemes: dict[str, Any], quantity: str) -> list[str]:
    worse = not_better(schemes, quantity)
    text = (
        f"Second order at {SECOND_ORDER_US} µs has a smaller error than NEURON's scheme at {NEURON_US} µs in "
        f"{len(schemes) - len(worse)} of {len(schemes)} cases"
    )
    if not worse:
        return [f"{text}.", ""]
    pairs = {
        case["title"]: " against ".join(
            percent(case[quantity][scheme][step])
            for scheme, step in (("second_order", SECOND_ORDER_US), ("neuron", NEURON_US))
        )
        for case in schemes.values()
    }
    return [f"{text}; not in: {'; '.join(f'{title} ({pairs[title]})' for title in worse)}.", ""]


def _left_out(rows: list[dict[str, Any]]) -> list[str]:
    """Say how many searches cannot be compared."""
    values = [row["settings"][name] for row in rows for name in ALLOWED]
    n_status = sum(value["n_status"] for value in values)
    n_all = sum(value["n_cases"] for value in values)
    text = (
        f"{n_all} pairs of thresholds, with brackets of 1e-6. In {n_status} more, one of the two searches ended "
        "without a threshold: so near to it a spike may take longer than the window, or begin far from the source. "
        "Which of two searches meets this depends on where its last bracket lies, not on the setting."
    )
    return [text, ""]


def _settings_table(rows: list[dict[str, Any]]) -> list[str]:
    head = ["stimulus", "scheme, step", "cases", *ALLOWED]
    lines = []
    for row in rows:
        settings = row["settings"]
        lines.append(
            [
                row["stimulus"],
                f"{_SCHEMES[row['scheme']]}, {row['dt_us']:g} µs",
                str(settings[next(iter(ALLOWED))]["n_cases"]),
                *(percent(settings[name]["largest"], is_signed=False) for name in ALLOWED),
            ]
        )
    return _table(head, lines)


def exceeded(content: dict[str, Any]) -> list[str]:
    """Name everything measured that differs by more than `ALLOWED`.

    Parameters
    ----------
    content : dict
        File of results.

    Returns
    -------
    list of str
        One sentence each.
    """
    found = []
    for row in content["grid"] + content["other_steps"]:
        for name, limit in ALLOWED.items():
            value = row["settings"][name]
            where = f"{_SCHEMES[row['scheme']]}, {row['dt_us']:g} µs, {name}, {row['stimulus']}"
            if value["largest"] > limit:
                found.append(
                    f"{where}: {percent(value['largest'], is_signed=False)} ({value['where']})"
                )
    for row in content["trains"]:
        for name, limit in ALLOWED.items():
            value = row["settings"][name]
            where = f"{_SCHEMES[row['scheme']]}, {row['dt_us']:g} µs, {name}, train of {row['frequency_hz']:g} Hz"
            if not value["equal_counts"]:
                found.append(f"{where}: other numbers of spikes")
            if not value["later_threshold"] <= limit:
                found.append(
                    f"{where}: pulse after it {percent(value['later_threshold'], is_signed=False)}"
                )
    for row in content["kilohertz"]:
        for name, limit in ALLOWED.items():
            for quantity in ("activation", "block"):
                value = row["settings"][name][quantity]
                if not abs(value) <= limit:
                    found.append(
                        f"{_SCHEMES[row['scheme']]}, {row['dt_us']:g} µs, {name}, {row['fiber_diameter_um']:g} µm "
                        f"fiber, {quantity} by a sine of 10 kHz: {percent(value)}"
                    )
    return found


def _worst_places(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    for name, limit in ALLOWED.items():
        row = max(rows, key=lambda row: row["settings"][name]["largest"])
        value = row["settings"][name]
        lines.append(
            f"- {name}: at most {percent(value['largest'], is_signed=False)} (allowed "
            f"{percent(limit, is_signed=False)}), {value['where']}, {row['stimulus']}, "
            f"{_SCHEMES[row['scheme']]} at {row['dt_us']:g} µs."
        )
    return [*lines, ""]


def _train_table(rows: list[dict[str, Any]]) -> list[str]:
    head = [
        "train",
        "scheme, step",
        "spikes",
        "threshold after it, × alone",
        *(f"{name}: {what}" for name in ALLOWED for what in ("spike times", "threshold after it")),
    ]
    lines = []
    for row in rows:
        cells = []
        for name in ALLOWED:
            value = row["settings"][name]
            shift = f"{value['largest_shift_ms'] * 1e3:.2g} µs"
            cells.append(shift if value["equal_counts"] else "other numbers")
            cells.append(percent(value["later_threshold"], is_signed=False))
        lines.append(
            [
                f"{row['frequency_hz']:g} Hz",
                f"{_SCHEMES[row['scheme']]}, {row['dt_us']:g} µs",
                ", ".join(str(n) for n in row["n_spikes"]),
                ", ".join(f"{ratio:.3f}" for ratio in row["later_over_alone"]),
                *cells,
            ]
        )
    return _table(head, lines)


def _kilohertz_table(rows: list[dict[str, Any]]) -> list[str]:
    head = [
        "fiber",
        "scheme, step",
        "activation, mA",
        "block, mA",
        *(f"{name}: {what}" for name in ALLOWED for what in ("activation", "block")),
    ]
    lines = [
        [
            f"{row['fiber_diameter_um']:g} µm",
            f"{_SCHEMES[row['scheme']]}, {row['dt_us']:g} µs",
            f"{row['activation_ma']:.5g}",
            f"{row['block_ma']:.5g}",
            *(
                percent(row["settings"][name][quantity])
                for name in ALLOWED
                for quantity in ("activation", "block")
            ),
        ]
        for row in rows
    ]
    return _table(head, lines)


def tables(content: dict[str, Any]) -> str:
    """Lay out everything that was measured.

    Parameters
    ----------
    content : dict
        File of results.

    Returns
    -------
    str
        Markdown.
    """
    schemes = content["schemes"]
    over = exceeded(content)
    lines = [
        f"Measured by `make accuracy` on {content['date']} with scsim {content['version']}.",
        "",
        "### Thresholds",
        "",
        *_verdict(schemes, "threshold"),
        *scheme_table(schemes, "threshold", "mA"),
        "### Latency at 1.5 × threshold",
        "",
        *_verdict(schemes, "latency"),
        *scheme_table(schemes, "latency", "ms"),
        "### Settings: largest difference of the threshold",
        "",
        *_worst_places(content["grid"]),
        *_left_out(content["grid"]),
        *_settings_table(content["grid"]),
        "### Settings at other steps",
        "",
        *_settings_table(content["other_steps"]),
        "### Settings in long trains",
        "",
        *_train_table(content["trains"]),
        "### Settings under 10 kHz",
        "",
        *_kilohertz_table(content["kilohertz"]),
        "### Beyond what is allowed",
        "",
        *([f"- {line}." for line in over] or ["Nothing."]),
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the tables of a file, and write them into a page if asked.

    Parameters
    ----------
    arguments : list of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0.
    """
    parser = argparse.ArgumentParser(description="Tables of measured accuracy.")
    parser.add_argument("json", type=Path, help="file written by benchmarks/accuracy.py")
    parser.add_argument("--page", type=Path, help="write the tables between their marks here")
    options = parser.parse_args(arguments)
    new = tables(json.loads(options.json.read_text(encoding="utf-8")))
    if options.page is not None:
        MARKS.write(options.page, new)
    sys.stdout.write(f"{new}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
