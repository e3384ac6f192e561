"""Run every study of ``configs/``, draw its figure, and write the gallery ``docs/studies.md``.

Each config says in its header what happens and which picture shows it (``# figure: NAME``). Times and numbers come from
the run, which starts without solved fields and with compiled kernels; key numbers are read in ``gallery_numbers.py``.
The measurements stay in ``benchmarks/gallery.json`` and the results in ``results/gallery``, so that one study may be run
anew (``--only NAME``), and figures be drawn anew without running (``--drawn``).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIGS: Final = ROOT / "configs"
PICTURES: Final = ROOT / "docs" / "images" / "studies"
RESULTS: Final = ROOT / "results" / "gallery"
"""Where the studies are run; not part of the repository."""

PAGE: Final = ROOT / "docs" / "studies.md"
JSON: Final = ROOT / "benchmarks" / "gallery.json"

BYTES_PER_MB: Final = 1e6
PICTURE_DPI: Final = 110
"""Enough for a page, and files of some ten kilobytes."""

FIGURE_LINE: Final = re.compile(r"^# figure: (\w+)$", re.MULTILINE)

HEAD: Final = """\
# Studies

Written by `make gallery` (`benchmarks/gallery.py`); do not edit. Each study is a config in `configs/`, and its text here
is the head of that file. Figures and numbers come from running it. Every number is of one synthetic anatomy and of
models: "in this model", nothing about a person. `--preset small` runs any of them in seconds.
"""


def header_of(text: str) -> str:
    """Give the teaching header of a config, without comment marks and the line of its figure.

    Parameters
    ----------
    text : str
        The config.

    Returns
    -------
    str
        The comment lines that it begins with.
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if not FIGURE_LINE.match(line):
            lines.append(line.removeprefix("#").removeprefix(" ").rstrip())
    return "\n".join(lines).strip()


def figure_of(text: str) -> str:
    """Give the name of the picture that shows what a config is about.

    Parameters
    ----------
    text : str
        The config.

    Returns
    -------
    str
        A name of `scsim.plots.picture_names`.

    Raises
    ------
    ValueError
        If its header names none, or several.
    """
    found = FIGURE_LINE.findall(text)
    if len(found) != 1:
        message = f"the header has {len(found)} lines '# figure: NAME'; write one."
        raise ValueError(message)
    return str(found[0])


def measure(name: str) -> dict[str, Any]:
    """Run a study as a user does and give what that took.

    Parameters
    ----------
    name : str
        Stem of the config.

    Returns
    -------
    dict
        `wall_s`, `cpu_s`, `load_before`, `machine`, `date`.
    """
    from benchmarks.peers_timing import processor  # noqa: PLC0415 - loads numpy

    config, out = CONFIGS / f"{name}.toml", RESULTS / name
    command = [sys.executable, "-m", "scsim", "run", str(config), "--out", str(out)]
    with tempfile.TemporaryDirectory() as folder:
        environment = _without_fields(Path(folder) / "cache")
        before, load = resource.getrusage(resource.RUSAGE_CHILDREN), os.getloadavg()[0]
        start = time.perf_counter()
        subprocess.run([*command, "--quiet", "--fresh"], check=True, env=environment)
        wall_s = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": wall_s,
        "cpu_s": sum(after[:2]) - sum(before[:2]),
        "load_before": load,
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def read_off(name: str) -> dict[str, Any]:
    """Save the figure of a study that was run, and read its numbers.

    Parameters
    ----------
    name : str
        Stem of the config.

    Returns
    -------
    dict
        `n_cases`, `results_mb`, `numbers`.
    """
    import scsim  # noqa: PLC0415 - the page is laid out without it
    from benchmarks.gallery_numbers import key_numbers  # noqa: PLC0415
    from scsim.plots.pictures import draw_picture  # noqa: PLC0415

    path = RESULTS / name / "results.h5"
    results = scsim.load_results(path)
    text = (CONFIGS / f"{name}.toml").read_text(encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    figure = draw_picture(results, figure_of(text))
    figure.savefig(PICTURES / f"{name}.png", dpi=PICTURE_DPI)
    return {
        "n_cases": int(results.dataset("status").size),
        "results_mb": path.stat().st_size / BYTES_PER_MB,
        "numbers": key_numbers(name, results),
    }


def _without_fields(folder: Path) -> dict[str, str]:
    """Make a cache folder that has the compiled kernels and no solved field; give the environment that names it."""
    from scsim.fields.store import FOLDER_VARIABLE, default_folder  # noqa: PLC0415

    folder.mkdir()
    for kept in default_folder().parent.iterdir():
        if kept.name != default_folder().name:
            (folder / kept.name).symlink_to(kept.resolve(), target_is_directory=kept.is_dir())
    return os.environ | {FOLDER_VARIABLE: str(folder)}


def lay_out(measured: Mapping[str, dict[str, Any]], configs: Path = CONFIGS) -> str:
    """Write the page.

    Parameters
    ----------
    measured : mapping of str to dict
        What `measure` gave for each study.
    configs : Path
        Folder of the configs.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        If a config was not measured.
    """
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(configs.glob("*.toml"))}
    missing = sorted(texts.keys() - measured.keys())
    if missing:
        message = (
            f"{', '.join(missing)}: not measured yet; run make gallery ARGS='--only {missing[0]}'."
        )
        raise ValueError(message)
    parts = [HEAD, "| study | cases | time | processor time | results |", "|---|---|---|---|---|"]
    for name, text in texts.items():
        row = measured[name]
        parts.append(
            f"| [{_title(text)}](#{_anchor(_title(text))}) | {row['n_cases']} | {row['wall_s']:.0f} s | "
            f"{row['cpu_s']:.0f} s | {row['results_mb']:.1f} MB |"
        )
    parts += ["", _where(measured[name] for name in texts)]
    for name, text in texts.items():
        parts += ["", *_section(name, text, measured[name])]
    return "\n".join(parts) + "\n"


def _section(name: str, text: str, row: dict[str, Any]) -> list[str]:
    """Lay out one study."""
    title = _title(text)
    return [
        f"## {title}",
        "",
        "```",
        f"scsim run configs/{name}.toml",
        "```",
        "",
        *_paragraphs(header_of(text)),
        f"![{title}](images/studies/{name}.png)",
        "",
        f"*Picture `{figure_of(text)}` of the study; {row['n_cases']} cases.*",
        "",
        "| in this model | |",
        "|---|---|",
        *(f"| {what} | {value} |" for what, value in row["numbers"]),
    ]


def _paragraphs(header: str) -> list[str]:
    """Set the text of a header: a paragraph per sentence group, indented lines as code."""
    lines: list[str] = []
    for line in header.splitlines():
        if line.startswith("  "):
            lines.append(f"`{line.strip()}`  ")
        else:
            lines.append(line.replace("<", "&lt;").replace("*", "\\*"))
    return [*lines, ""]


def _title(text: str) -> str:
    return str(tomllib.loads(text)["title"])


def _anchor(title: str) -> str:
    """Give the anchor that a heading gets on a page."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _where(rows: Iterable[dict[str, Any]]) -> str:
    """Say on which machines and days the studies were measured."""
    rows = list(rows)
    machines = sorted({f"{row['machine']} ({row['date']})" for row in rows})
    loaded = max(row["load_before"] for row in rows)
    return (
        f"Measured on {'; '.join(machines)}, each the whole command with its pictures, kernels compiled before and no "
        f"field solved before; load average before a run up to {loaded:.1f}. Processor time is what to go by."
    )


def _measured() -> dict[str, Any]:
    """Read what was measured before."""
    return dict(json.loads(JSON.read_text(encoding="utf-8"))) if JSON.exists() else {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure studies and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="studies to run; the others keep their figures")
    parser.add_argument("--drawn", action="store_true", help="run nothing, draw what was run anew")
    parser.add_argument("--page", action="store_true", help="run nothing, write the page anew")
    args = parser.parse_args(arguments)
    names = args.only or [path.stem for path in sorted(CONFIGS.glob("*.toml"))]
    for name in () if args.page else names:
        sys.stdout.write(f"{name} ...\n")
        ran = _measured().get(name, {}) if args.drawn else measure(name)
        found = ran | read_off(name)
        # Read again: another process may have measured another study meanwhile.
        text = json.dumps(_measured() | {name: found}, indent=1, ensure_ascii=False)
        JSON.write_text(text + "\n", encoding="utf-8")
    measured = _measured()
    missing = {path.stem for path in CONFIGS.glob("*.toml")} - measured.keys()
    if missing:
        sys.stdout.write(f"no page yet, not measured: {', '.join(sorted(missing))}\n")
        return 1
    PAGE.write_text(lay_out(measured), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
