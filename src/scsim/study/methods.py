"""The methods of a study in words, for a paper: models, settings, versions, seed and hashes, from its resolved config.

What is cited belongs in ``citations.py``; nothing here is needed to run a study.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from scsim.circuit.sections import OWN_FILE
from scsim.errors import ResultsError, ScsimError
from scsim.formats.bibliography import references
from scsim.formats.tables import load_table
from scsim.results.schema import long_name_of, select_datasets
from scsim.results.store import Results
from scsim.study.citations import (
    BLOCK_STAGES,
    CIRCUIT_STAGES,
    FIBER_STAGES,
    PROGRAM_KEY,
    citations,
)
from scsim.study.config import resolved_toml
from scsim.study.provenance import cpu_target, git_commit, identify, model_scope, versions
from scsim.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scsim.study.config import Study

_LIBRARIES: Final = MappingProxyType(
    {"harris2020": "numpy", "virtanen2020": "scipy", "lam2015": "numba", "collette2013": "h5py"}
)
"""Libraries that compute and store, by the key of their paper."""

_TABLES: Final = MappingProxyType(
    {
        ("tissue", "preset"): "tissues",
        ("nerve", "preset"): "nerves",
        ("lead", "preset"): "leads",
        ("conductivity", "preset"): "conductivities",
        ("domain", "kind"): "domains",
        ("fibers", "population"): "populations",
        ("fibers", "model"): "fibers",
        ("circuit", "model"): "circuits",
        ("circuit", "state"): "pain_states",
        ("afferents", "protocol"): "protocols",
    }
)
"""Keys whose value names a data table, and the folder of the table."""

_DISTRIBUTIONS: Final = MappingProxyType(
    {
        "linspace": "{2} values, evenly spaced, from {0} to {1}{unit}",
        "logspace": "{2} values, evenly spaced in their logarithm, from {0} to {1}{unit}",
        "uniform": "drawn uniformly from {0} to {1}{unit}",
        "loguniform": "drawn uniformly in its logarithm from {0} to {1}{unit}",
        "normal": "drawn normally with mean {0}{unit} and standard deviation {1}{unit}",
    }
)
"""How values are spaced or drawn."""

_MEAN_AND_SPREAD: Final = 2

_MODES: Final = MappingProxyType(
    {
        "grid": "every combination of the swept values",
        "zip": "swept values taken together, one after the other",
        "one_at_a_time": "a base case, and each swept value alone",
        "random": "values drawn at random",
        "sobol": "values drawn jointly from a scrambled Sobol sequence",
        "latin": "values drawn jointly by Latin hypercube sampling",
        "saltelli": "a Saltelli sample for Sobol indices: two samples out of one scrambled Sobol sequence, and the first with each key of the second in turn",
        "cases": "cases listed one by one",
    }
)

_SHOWN_DIGITS: Final = 12
_LISTED: Final = 8


@dataclass(frozen=True)
class _Facts:
    """What the text is made of.

    Attributes
    ----------
    config : mapping of str to object
        Resolved, sweeps as written.
    attributes : mapping of str to str
        Hashes, versions, processor, scope.
    keys : tuple of str
        Bibliography.
    n_cases, seed : int
    mode : str
    """

    config: Mapping[str, Any]
    attributes: Mapping[str, str]
    keys: tuple[str, ...]
    n_cases: int
    seed: str
    mode: str


def methods_text(source: Study | Results) -> str:
    """Say in words how a study was computed.

    Parameters
    ----------
    source : Study or Results
        Of results, versions and processor are those that made them; of a study, those of now.

    Returns
    -------
    str
        Paragraphs in English, for the methods section of a paper. Every setting of the resolved config that the study
        reads is named.

    Raises
    ------
    ResultsError
        If results lack the attributes that say where they come from.
    """
    facts = _of_results(source) if isinstance(source, Results) else _of_study(source)
    parts = [_program(facts), _design(facts)]
    stages = _stages(facts)
    is_nerve = "preset" in facts.config.get("nerve", {})
    place = "Nerve and cuff" if is_nerve else "Anatomy and electrodes"
    parts.append(
        _section(facts, place, ("nerve",) if is_nerve else ("tissue",), ("lead", "montage"))
    )
    parts.append(_section(facts, "Field", ("field", "domain", "conductivity")))
    parts.append(_section(facts, "Stimulus", ("stimulus",)))
    if stages & FIBER_STAGES:
        parts.append(_section(facts, "Fibers", ("fibers",)))
    if stages & BLOCK_STAGES:
        parts.append(_section(facts, "Conduction block", ("block",)))
    if stages & CIRCUIT_STAGES:
        parts.append(_section(facts, "Dorsal horn", ("afferents", "circuit", "states")))
    parts += [_reproduce(facts), str(facts.attributes["model_scope"])]
    return "\n\n".join(parts) + "\n"


def library_versions(source: Study | Results) -> dict[str, str]:
    """Give the versions of scsim and the libraries by the bibliography key of each.

    Parameters
    ----------
    source : Study or Results

    Returns
    -------
    dict of str to str
        Of results those that made them, as far as they say so; of a study those installed now.
    """
    if isinstance(source, Results):
        known = {
            name.removesuffix("_version"): str(value)
            for name, value in source.attributes.items()
            if name.endswith("_version")
        }
    else:
        known = versions()
    names = {PROGRAM_KEY: "scsim", **_LIBRARIES}
    return {key: known[name] for key, name in names.items() if name in known}


def _of_study(study: Study) -> _Facts:
    attributes = {f"{name}_version": value for name, value in versions().items()}
    attributes |= identify(study)
    attributes |= {"git_commit": git_commit(), "model_scope": model_scope(study)}
    attributes["cpu_target"] = cpu_target()
    # Read as results would be: TOML has tables behind single values.
    config = tomllib.loads(resolved_toml(study))
    return _Facts(config, attributes, citations(study), len(study.cases), _seed(config), study.mode)


def _of_results(results: Results) -> _Facts:
    keys = citations(results)
    needed = ("config", "config_hash", "source_hash", "model_scope", "sweep_mode", "scsim_version")
    missing = [name for name in needed if name not in results.attributes]
    if missing:
        message = f"{results.path or 'these results'} lack the attribute {missing[0]}, so it is not known how they were made: give a results.h5 that scsim run wrote."
        raise ResultsError(message)
    try:
        config = tomllib.loads(str(results.attributes["config"]))
    except tomllib.TOMLDecodeError as error:
        message = f"the attribute config of {results.path or 'these results'} is no TOML ({error}): the file was changed. Give a results.h5 that scsim run wrote."
        raise ResultsError(message) from error
    attributes = {name: str(value) for name, value in results.attributes.items()}
    n_cases = int(results.variable("status").values.size)
    return _Facts(config, attributes, keys, n_cases, _seed(config), attributes["sweep_mode"])


def _seed(config: Mapping[str, Any]) -> str:
    return _value("seed", config.get("seed", "unknown"))


def _stages(facts: _Facts) -> frozenset[str]:
    """Name the stages behind what was saved."""
    saved = tuple(facts.config.get("output", {}).get("save", ()))
    return frozenset(dataset.stage for dataset in select_datasets(saved))


def _program(facts: _Facts) -> str:
    known = {**facts.attributes}
    libraries = [
        f"{name} {known[f'{name}_version']} ({_short(key)})"
        for key, name in _LIBRARIES.items()
        if f"{name}_version" in known
    ]
    python = f" under Python {known['python_version']}" if "python_version" in known else ""
    return (
        f"Electrical stimulation was simulated with scsim {known['scsim_version']} ({_short(PROGRAM_KEY)}){python}, "
        f"with {_joined(libraries)}."
    )


def _design(facts: _Facts) -> str:
    """Say which cases there are."""
    title = str(facts.config.get("title", ""))
    sweep = facts.config.get("sweep", {})
    n = f", n = {sweep['n']}" if isinstance(sweep, dict) and "n" in sweep else ""
    repeats = sweep.get("repeats") if isinstance(sweep, dict) else None
    swept = [
        f"{key} ({_value(key, value)})" for key, value in _walk(facts.config) if _is_swept(value)
    ]
    if facts.n_cases == 1 and not swept:
        return f"Study: {title}. It has one case."
    what = _MODES.get(facts.mode, facts.mode)
    lines = f"Study: {title}. It has {facts.n_cases} cases: {what}{n}."
    if swept:
        lines += f" Swept: {'; '.join(swept)}."
    cases = facts.config.get("case", [])
    if isinstance(cases, list) and cases:
        named = [_case(one) for one in cases[:_LISTED]]
        more = f"; and {len(cases) - _LISTED} more" if len(cases) > _LISTED else ""
        lines += f" Cases: {'; '.join(named)}{more}."
    if isinstance(repeats, int) and repeats > 1:
        lines += f" Each was repeated with {repeats} seeds, from {facts.seed} on."
    return lines


def _case(table: Mapping[str, Any]) -> str:
    settings = [
        f"{key} {_value(key, value)}"
        for key, value in _walk(table)
        if key not in ("name", "presets")
    ]
    return f"{table.get('name', '')} ({', '.join(settings)})"


def _section(facts: _Facts, title: str, *groups: tuple[str, ...]) -> str:
    """Name all settings of some tables, and the sources of the data tables that they name."""
    sentences = []
    is_several = sum(map(len, groups)) > 1
    sources: list[str] = []
    for names in groups:
        for name in names:
            table = facts.config.get(name)
            if not isinstance(table, dict) or not table:
                continue
            if name == "montage":
                sentences.append(f"shares of the current: {_montage(table)}")
                continue
            settings = [
                f"{_words(key)} {_value(key, value)}"
                for key, value in _walk(table)
                if not _is_silent(name, key, value)
            ]
            if settings:
                sentences.append(
                    f"{name}: {', '.join(settings)}" if is_several else ", ".join(settings)
                )
            for key, value in table.items():
                sources += _sources_of(name, key, value)
    known = [key for key in dict.fromkeys(sources) if key in facts.keys]
    cited = f" ({'; '.join(map(_short, known))})" if known else ""
    text = "; ".join(sentences)
    return f"{title}{cited}: {text}."


def _is_silent(table: str, key: str, value: Any) -> bool:
    """Whether a setting says nothing: a dose of none, an empty list."""
    return value == [] or (table == "states" and value == 0.0) or key == "n"


def _sources_of(table: str, key: str, value: Any) -> list[str]:
    """Give the sources of the data tables that a value, or each swept value, names."""
    folder = _TABLES.get((table, key))
    if folder is None:
        return []
    swept = value.get("sweep", value) if isinstance(value, dict) else value
    names = swept if isinstance(swept, list) else [swept]
    found: list[str] = []
    for name in names:
        if not isinstance(name, str) or (folder == "circuits" and name == OWN_FILE):
            continue
        try:
            found += load_table(f"{folder}/{name}").sources
        except (
            ScsimError
        ):  # of a version that had other tables: what is cited stands in the results
            continue
    return found


def _montage(table: Mapping[str, Any]) -> str:
    if not _is_swept(table):
        return ", ".join(f"{label} {_plain(value)}" for label, value in table.items())
    labels = table.get("labels") or [
        f"number {place}" for place in range(1, len(table["sweep"]) + 1)
    ]
    each = (f"{label} ({_montage(one)})" for label, one in zip(labels, table["sweep"], strict=True))
    return ", ".join(each)


def _reproduce(facts: _Facts) -> str:
    known = facts.attributes
    cpu = f", computed on {known['cpu_target']}" if "cpu_target" in known else ""
    return (
        f"Random numbers start from the seed {facts.seed}. The resolved config has the SHA-256 {known['config_hash']}; "
        f"the program (source hash {known['source_hash'][:_SHOWN_DIGITS]}, commit {known.get('git_commit', 'unknown')}) "
        f"and the config give the same numbers again to the last bit on the same versions and the same kind of "
        f"processor{cpu}."
    )


def _walk(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Give dotted keys and values; a swept value is one."""
    for key, value in table.items():
        if key in ("case", "sweep", "output") and not prefix:
            continue
        if isinstance(value, dict) and not _is_swept(value):
            yield from _walk(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _is_swept(value: Any) -> bool:
    return isinstance(value, dict) and "sweep" in value


def _value(key: str, value: Any) -> str:
    """Write a value with its unit, and a sweep in words."""
    unit = unit_of(key.rpartition(".")[2])
    tail = "" if unit == "1" else f" {unit}"
    if not _is_swept(value):
        return f"{_plain(value)}{tail}"
    swept = value["sweep"]
    if isinstance(swept, list):
        shown = [_plain(one) for one in value.get("labels", swept)]
        if len(shown) > _LISTED:
            return f"{len(shown)} values, {shown[0]} to {shown[-1]}{tail}"
        return f"{_joined(shown)}{tail}"
    (kind, numbers), *_ = swept.items()
    if kind not in _DISTRIBUTIONS:
        return f"{kind} {_plain(numbers)}{tail}"
    cut = (
        f", cut to {{2}} to {{3}}{tail}"
        if len(numbers) > _MEAN_AND_SPREAD and kind == "normal"
        else ""
    )
    return (_DISTRIBUTIONS[kind] + cut).format(*map(_plain, numbers), unit=tail)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list):
        return " and ".join(_plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    return str(value)


def _words(key: str) -> str:
    """Put a key into words: without its unit, which stands behind the value."""
    words = " ".join(long_name_of(part) for part in key.split("."))
    return f"number of {words[2:]}" if words.startswith("n ") else words


def _joined(texts: list[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _short(key: str) -> str:
    return references([key])[0].short
