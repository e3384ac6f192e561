"""TOML → study: reads a config file and its overrides, and tells all faults at once.

Here is what concerns the text: file, syntax, ``key=value`` overrides. What the tables may hold and
which cases follow is found in ``expand.py``.
"""

import copy
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from scsim.errors import ConfigError, Fault
from scsim.study.config import Study
from scsim.study.reading.cases import override_keys
from scsim.study.reading.expand import build_study
from scsim.study.reading.faults import OVERRIDE_FILE, Findings, Source, dotted, nearest, shown
from scsim.study.reading.lines import key_lines
from scsim.units import unit_of

_ROW_SHOWN: Final = 60
"""Characters of a faulty line that a message repeats."""

_BARE_WORD: Final = re.compile(r"[A-Za-z][\w.+/ -]*")


def load_study(path: str | Path, overrides: Sequence[str] = ()) -> Study:
    """Read a config file.

    Parameters
    ----------
    path : str or pathlib.Path
        A TOML file.
    overrides : sequence of str
        ``key=value`` with a dotted key and a TOML value, such as ``stimulus.pulse_width_us=300``; each one
        replaces what the file says, sweeps included. Texts need no quotes.

    Returns
    -------
    Study

    Raises
    ------
    ConfigError
        With every fault of the file and of the overrides.
    """
    path = Path(path)
    return parse_study(_read_file(path), file=str(path), overrides=overrides, path=path)


def parse_study(
    text: str, *, file: str = "config", overrides: Sequence[str] = (), path: Path | None = None
) -> Study:
    """Read a config from text.

    Parameters
    ----------
    text : str
        TOML.
    file : str
        What messages call it.
    overrides : sequence of str
        As `load_study`.
    path : pathlib.Path, optional
        Where the text comes from, kept in the study.

    Returns
    -------
    Study

    Raises
    ------
    ConfigError
        With every fault.
    """
    document = _parse_toml(text, file)
    sets, set_faults = _read_overrides(overrides)
    source = Source(
        file,
        key_lines(text, document),
        frozenset(_outermost_change(document, key) for key, _ in sets),
    )
    findings = Findings(source)
    for key, value, problem, remedy in set_faults:
        findings.add((OVERRIDE_FILE,), value, problem, remedy, key=key)
    _apply_overrides(document, sets, findings)
    study = build_study(document, findings, path)
    if study is None:
        raise ConfigError(findings.faults())
    return study


# Reading.


def _read_file(path: Path) -> str:
    """Read a text file, with advice when there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem = "there is no such file."
        near = nearest(path.name, (other.name for other in path.parent.glob("*.toml")))
        remedy = (
            f"Did you mean {path.with_name(near)}?"
            if near
            else "Check the path, or make a starter config with: scsim new NAME"
        )
    except IsADirectoryError:
        problem, remedy = "this is a folder.", "Name a config file, which ends in .toml."
    except UnicodeDecodeError as error:
        problem = f"the file is not UTF-8 text (byte {error.start + 1})."
        remedy = "Save it as UTF-8, or check that it is a config file."
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror}."
        remedy = "Check the path and its permissions."
    raise ConfigError([Fault(str(path), None, "", "", problem, remedy)])


def _parse_toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        fault = Fault(file, None, "", "", "lists or tables are nested too deeply.", "Flatten them.")
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        message = f"{error}"
        match = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
        reason = message[: match.start()] if match else message
        rows = text.splitlines()
        number = None
        if match:
            number = int(match.group(1)) if match.group(1) else max(len(rows), 1)
        row = rows[number - 1].strip() if number and number <= len(rows) else ""
        if "int_max_str_digits" in reason:
            reason = "a number has thousands of digits"
        problem = f"not valid TOML: {reason[:1].lower()}{reason[1:]}."
        text_shown = shown(row)[1:-1] if len(row) < _ROW_SHOWN else f"{row[:_ROW_SHOWN]}..."
        fault = Fault(file, number, "", text_shown, problem, _syntax_advice(row, reason))
    raise ConfigError([fault])


def _syntax_advice(row: str, reason: str) -> str:
    """Guess what someone meant who wrote a line that is not TOML."""
    key, mark, value = (part.strip() for part in row.partition("="))
    value = value.split("#")[0].strip()
    number = re.match(r"[-+]?\d*[.,]?\d+(?=\s*[^\d\s.,_:eE+-])", value)
    hints: tuple[tuple[bool, str], ...] = (
        (
            "overwrite" in reason or "twice" in reason,
            "Each key and table may stand only once: remove one.",
        ),
        (
            value.count('"') % 2 == 1,
            f'Put quotes on both sides: {key} = "{value.replace(chr(34), "")}".',
        ),
        ("nclosed array" in reason, "Close the list, on this line or above it, with a ]."),
        (
            row.startswith("[") and "]" not in row,
            f"Close the bracket: {row}{']' * row.count('[')}.",
        ),
        (bool(row) and not mark and not row.startswith("["), f"Write key = value{_colon(row)}."),
        (bool(mark) and not value, f"Write a value behind {key} =."),
        (
            bool(mark) and " " in key and '"' not in key,
            "A key has no spaces: write _ between words.",
        ),
        (value in {"True", "False"}, f"Write {key} = {value.lower()}, in small letters."),
        (
            bool(re.fullmatch(r"[-+]?\d+,\d+", value)),
            f"Write the decimal sign as a point: {key} = {value.replace(',', '.')}.",
        ),
        (value.startswith("."), f"Write a digit before the point: {key} = 0{value}."),
        (
            bool(re.fullmatch(r"[-+]?\d+\.", value)),
            f"Write a digit behind the point: {key} = {value}0.",
        ),
        (
            number is not None,
            f"Write the number alone, {key} = {number.group() if number else ''}: the unit is part of the key.",
        ),
        (bool(_BARE_WORD.fullmatch(value)), f'Put the text in quotes: {key} = "{value}".'),
        (value.count("[") != value.count("]"), "Close every [ with a ]."),
        (value.count("{") != value.count("}"), "Close every { with a }, on the same line."),
    )
    return next((hint for applies, hint in hints if applies), "Correct this line.")


def _colon(row: str) -> str:
    return ", with = instead of :" if ":" in row else ""


# Overrides.


def _read_overrides(
    overrides: Iterable[str],
) -> tuple[list[tuple[tuple[str, ...], Any]], list[tuple[str, str, str, str]]]:
    """Split ``key=value`` texts into paths and values, and faults as (key, value, problem, remedy)."""
    sets: list[tuple[tuple[str, ...], Any]] = []
    faults = []
    for override in overrides:
        key, mark, text = (part.strip() for part in override.partition("="))
        path = tuple(part.strip() for part in key.split("."))
        if not mark or not all(path):
            problem = "an override is KEY=VALUE with a dotted key."
            faults.append(
                (override, "", problem, "Write, for example, stimulus.pulse_width_us=300.")
            )
            continue
        if path[0] == "case":
            problem = "overrides cannot reach into [[case]] tables."
            faults.append((key, text, problem, "Edit the case in the file."))
            continue
        try:
            parsed = tomllib.loads(f"value = {text}")
            sets.append((path, parsed["value"]))
            is_alone = len(parsed) == 1
        except (ValueError, RecursionError):
            is_alone = bool(_BARE_WORD.fullmatch(text))
            sets.append((path, text))
        if not is_alone:
            sets.pop()
            problem = "the value is not TOML." if text else "the value is missing."
            remedy = "Write a number (300), a text (healthy), or a list ([1, 2]); quote the whole for the shell."
            faults.append((key, text, problem, remedy))
    return sets, faults


def _outermost_change(document: dict[str, Any], key: tuple[str, ...]) -> tuple[str, ...]:
    """Give the part of a key that the file does not have as a table: there an override begins."""
    table: Any = document
    for depth, part in enumerate(key, start=1):
        table = table.get(part)
        if not isinstance(table, dict):
            return key[:depth]
    return key


def _apply_overrides(
    document: dict[str, Any], sets: Iterable[tuple[tuple[str, ...], Any]], findings: Findings
) -> None:
    """Put overrides in their place; refuse those that a ``[[case]]`` would undo."""
    cases = document.get("case")
    case_list = cases if isinstance(cases, list) else []
    for path, value in sets:
        key = dotted(path)
        undone = [case.get("name") for case in case_list if key in override_keys(case)]
        if undone:
            names = ", ".join(map(shown, undone))
            problem = f"[[case]] tables set this key themselves: {names}."
            remedy = "Edit them in the file, or remove the override."
            findings.add(path, shown(value, unit_of(key)), problem, remedy)
            continue
        table = document
        for part in path[:-1]:
            inner = table.get(part)
            if not isinstance(inner, dict):
                inner = table[part] = {}
            table = inner
        table[path[-1]] = copy.deepcopy(value)
