"""Judge the speed of a branch against its base, both measured in one job on one machine.

A benchmark is slower only if its time grew by more than a ratio *and* by more than an absolute floor:
the ratio alone would fail on microseconds of noise, the floor alone would miss a kernel that doubled.
Several files of one side are turns of the same measurement; the best turn of each benchmark counts.
Measuring does not belong here; the table for people is in ``report.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_RATIO: Final = 1.3
"""One commit against itself, two turns each on two shared cores, differed by up to 1.23 times."""

DEFAULT_FLOOR_S: Final = 1e-4
"""Growth below 0.1 ms is not judged, whatever the ratio."""

Verdict = Literal["same", "slower", "faster", "new", "gone"]


@dataclass(frozen=True)
class Comparison:
    """One benchmark on both sides.

    Attributes
    ----------
    name : str
        Name of the benchmark, without its file.
    base_s, branch_s : float or None
        Best time of each side in seconds; None where that side does not have it.
    verdict : {"same", "slower", "faster", "new", "gone"}
        What the judge says.
    """

    name: str
    base_s: float | None
    branch_s: float | None
    verdict: Verdict

    @property
    def ratio(self) -> float | None:
        """Give time of the branch over time of the base, or None where a side is missing."""
        if self.base_s is None or self.branch_s is None:
            return None
        return self.branch_s / self.base_s


def best_times(paths: Sequence[Path]) -> dict[str, float]:
    """Read the best time of every benchmark over several turns.

    Parameters
    ----------
    paths : sequence of Path
        Files written by ``pytest --benchmark-json``.

    Returns
    -------
    dict of str to float
        Best time in seconds by name of the benchmark.

    Raises
    ------
    ValueError
        If a file is not such a file, or holds a time that is not a positive number.
    """
    best: dict[str, float] = {}
    for path in paths:
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
            times = {str(entry["name"]): float(entry["stats"]["min"]) for entry in entries}
        except (OSError, ValueError, KeyError, TypeError) as fault:
            msg = f"{path} is not a file of pytest-benchmark ({fault!r}). Write it by `make bench`."
            raise ValueError(msg) from fault
        for name, seconds in times.items():
            if not 0.0 < seconds < float("inf"):
                msg = f"{path}: {name} took {seconds} s, which is not a time. Measure it again."
                raise ValueError(msg)
            best[name] = min(seconds, best.get(name, seconds))
    return best


def judge(
    base: Mapping[str, float],
    branch: Mapping[str, float],
    *,
    max_ratio: float = DEFAULT_RATIO,
    floor_s: float = DEFAULT_FLOOR_S,
) -> list[Comparison]:
    """Compare two sides.

    Parameters
    ----------
    base, branch : mapping of str to float
        Best time in seconds by name.
    max_ratio : float
        Growth allowed, as branch over base; above 1.
    floor_s : float
        Growth in seconds that is never judged.

    Returns
    -------
    list of Comparison
        In the order of the base, then what only the branch has. A benchmark that is gone does not
        fail: removing one is seen in the review.

    Raises
    ------
    ValueError
        If `max_ratio` is not above 1 or `floor_s` is negative.
    """
    if not max_ratio > 1.0:
        msg = f"max_ratio = {max_ratio}: must be above 1, or noise alone would fail. Try 1.3."
        raise ValueError(msg)
    if not floor_s >= 0.0:
        msg = f"floor_s = {floor_s}: must be 0 or more seconds. Try 1e-4."
        raise ValueError(msg)

    def verdict(before: float | None, after: float | None) -> Verdict:
        if before is None:
            return "new"
        if after is None:
            return "gone"
        if after > before * max_ratio and after - before > floor_s:
            return "slower"
        if before > after * max_ratio and before - after > floor_s:
            return "faster"
        return "same"

    names = [*base, *(name for name in branch if name not in base)]
    return [
        Comparison(
            name, base.get(name), branch.get(name), verdict(base.get(name), branch.get(name))
        )
        for name in names
    ]


def table(comparisons: Sequence[Comparison]) -> str:
    """Lay out the comparisons for reading, one line each."""

    def milliseconds(seconds: float | None) -> str:
        return "-" if seconds is None else f"{seconds * 1e3:.3f}"

    width = max([len("benchmark"), *(len(item.name) for item in comparisons)])
    lines = [f"{'benchmark':<{width}}  {'base ms':>12}  {'branch ms':>12}  {'ratio':>6}  verdict"]
    for item in comparisons:
        ratio = "-" if item.ratio is None else f"{item.ratio:.2f}"
        lines.append(
            f"{item.name:<{width}}  {milliseconds(item.base_s):>12}  "
            f"{milliseconds(item.branch_s):>12}  {ratio:>6}  {item.verdict}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read both sides, print the table and the verdict.

    Parameters
    ----------
    arguments : sequence of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0 if nothing got slower, 1 if something did, 2 if the input cannot be judged.
    """
    parser = argparse.ArgumentParser(description="Judge the speed of a branch against its base.")
    parser.add_argument("--base", nargs="+", type=Path, required=True, metavar="JSON")
    parser.add_argument("--branch", nargs="+", type=Path, required=True, metavar="JSON")
    parser.add_argument(
        "--max-ratio", type=float, default=DEFAULT_RATIO, help="default %(default)s"
    )
    parser.add_argument(
        "--floor-s", type=float, default=DEFAULT_FLOOR_S, help="default %(default)s"
    )
    options = parser.parse_args(arguments)
    try:
        comparisons = judge(
            best_times(options.base),
            best_times(options.branch),
            max_ratio=options.max_ratio,
            floor_s=options.floor_s,
        )
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 2
    print(table(comparisons))
    slower = [item.name for item in comparisons if item.verdict == "slower"]
    print(
        f"{len(comparisons)} benchmarks, {len(slower)} slower by more than "
        f"{options.max_ratio:g} times and {options.floor_s * 1e3:g} ms"
    )
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
