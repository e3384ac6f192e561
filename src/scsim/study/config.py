"""What a study is: the config of one case, composed of the rooms' own sections, and the cases of a study.

The sections live in the rooms that read them; this file only puts them together, adds `[output]`, and
holds the frozen dataclasses `Study`, `Case` and `Axis` that the rest of the program works on. Reading
TOML belongs in ``reading/parse.py``, expanding sweeps in ``reading/modes.py``, wording of faults in
``reading/faults.py``.

Annotations in this file are read at run time by pydantic, so they are real objects, not text.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final

from annotated_types import Ge, Le, Len, MinLen

from scsim.circuit.afferents import AfferentSection
from scsim.circuit.sections import CircuitSection, StatesSection
from scsim.electrodes.lead import LeadSection
from scsim.electrodes.montage import Montage
from scsim.fields.catalog import DomainSection, FieldSection
from scsim.populations.dorsal_column import FiberSection
from scsim.stimulus.block import BlockSection
from scsim.stimulus.pattern import StimulusSection
from scsim.tissue.materials import ConductivitySection
from scsim.tissue.nerve import NerveSection
from scsim.tissue.spine import SpineSection

MAX_SEED: Final = 2**63 - 1
"""Seeds are stored as 64-bit integers in results files."""

MAX_NAME: Final = 1000
"""Characters of titles, names of cases and labels: they stand in tables and above pictures."""


@dataclass(frozen=True)
class HeadSection:
    """The keys above the first table.

    Attributes
    ----------
    title : str
        What the study is about, in one line; it stands above pictures and in the results file.
    seed : int
        Start of every random number of the study; equal seeds give equal results.
    """

    title: Annotated[str, Len(1, MAX_NAME)]
    seed: Annotated[int, Ge(0), Le(MAX_SEED)]

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True)
class OutputSection:
    """Config table ``[output]``.

    Attributes
    ----------
    save : tuple of str
        Groups of datasets to write to the results file; `scsim.results.schema.SAVE_GROUPS` lists them.
    """

    save: Annotated[tuple[str, ...], MinLen(1)] = (
        "recruitment",
        "projection_rate",
        "pain_signal",
        "relief",
        "time_course",
    )

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class StudyConfig:
    """Config of one case: every section validated, no sweeps left.

    Cases of one study share their equal sections: a section that no sweep touches is one object.

    Attributes
    ----------
    title : str
        Title of the study.
    seed : int
        Seed of the case.
    tissue : SpineSection
        ``[tissue]``.
    nerve : NerveSection
        ``[nerve]``: a study that has it is one of a nerve in a cuff.
    conductivity : ConductivitySection
        ``[conductivity]``.
    lead : LeadSection
        ``[lead]``.
    field : FieldSection
        ``[field]``.
    domain : DomainSection
        ``[domain]``.
    montage : Montage
        ``[montage]``.
    stimulus : StimulusSection
        ``[stimulus]``.
    fibers : FiberSection
        ``[fibers]``.
    block : BlockSection
        ``[block]``.
    afferents : AfferentSection
        ``[afferents]``.
    circuit : CircuitSection
        ``[circuit]``.
    states : StatesSection
        ``[states]``.
    output : OutputSection
        ``[output]``.
    folder : Path or None
        Where files lie that the config names; None is the current folder.
    """

    title: str
    seed: int
    tissue: SpineSection
    nerve: NerveSection
    conductivity: ConductivitySection
    lead: LeadSection
    field: FieldSection
    domain: DomainSection
    montage: Montage
    stimulus: StimulusSection
    fibers: FiberSection
    block: BlockSection
    afferents: AfferentSection
    circuit: CircuitSection
    states: StatesSection
    output: OutputSection
    folder: Path | None = None


SECTIONS: Final[Mapping[str, type]] = MappingProxyType(
    {
        "tissue": SpineSection,
        "nerve": NerveSection,
        "conductivity": ConductivitySection,
        "lead": LeadSection,
        "field": FieldSection,
        "domain": DomainSection,
        "montage": Montage,
        "stimulus": StimulusSection,
        "fibers": FiberSection,
        "block": BlockSection,
        "afferents": AfferentSection,
        "circuit": CircuitSection,
        "states": StatesSection,
        "output": OutputSection,
    }
)
"""Name of each config table and the dataclass that holds it, in the order in which they are written."""


@dataclass(frozen=True)
class Axis:
    """One swept key.

    Attributes
    ----------
    key : str
        Dotted config key, ``stimulus.amplitude_ma``, the name of a swept table, ``montage``, or ``seed``.
    name : str
        Name of the dimension and coordinate, ``amplitude_ma``; ``stimulus_amplitude_ma`` where two swept keys end alike.
    values : tuple
        Validated values in the order written: numbers, texts, tuples, or one dict per swept table. Of a key that
        is drawn from a distribution, and in studies of ``[[case]]`` tables, one value per case.
    labels : tuple of str or None
        One name per value where the values are tables or lists; None for numbers and texts.
    unit : str
        Unit of the values, ``1`` without one.
    """

    key: str
    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...] | None
    unit: str

    @property
    def coordinate(self) -> tuple[Any, ...]:
        """The labels if there are any, else the values: what stands along the axis."""
        return self.values if self.labels is None else self.labels


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a study.

    Attributes
    ----------
    index : int
        Place in the study, from 0.
    name : str
        Readable and stable: ``amplitude_ma=2.5,frequency_hz=50``, or the name of its ``[[case]]`` table.
    values : mapping of str to object
        Value of every swept key in this case, as it stands along the axis: number, text, or label of a table.
        None for an optional key that the case leaves unset.
    config : StudyConfig
        The whole config of the case.
    axis_index : tuple of int
        Place along each axis of a grid; empty in the other modes.
    """

    index: int
    name: str
    values: Mapping[str, Any]
    config: StudyConfig
    axis_index: tuple[int, ...]


@dataclass(frozen=True)
class Study:
    """A config read, validated and expanded into cases.

    Attributes
    ----------
    path : pathlib.Path or None
        The file it was read from; None for a study made from text.
    title : str
        What the study is about.
    seed : int
        Start of its random numbers; the first one of a study that runs over several seeds.
    mode : str
        One of `scsim.study.reading.modes.MODES` (``grid``, ``zip``, ``one_at_a_time``; ``random``, ``sobol``,
        ``latin`` and ``saltelli`` draw values) or ``cases`` (``[[case]]`` tables). Without a sweep: ``grid`` with one
        case.
    axes : tuple of Axis
        The swept keys in the order of the sections and their fields, wherever the file has them, so that
        equal configs make equal studies; the last one runs fastest in a grid. Seeds come first.
    cases : tuple of Case
        All cases; of a study over several seeds those of the first seed, then those of the next.
    resolved : dict
        The config with defaults filled in and sweeps as written, ready to be written as TOML. Optional keys that are not set are absent.
    """

    path: Path | None
    title: str
    seed: int
    mode: str
    axes: tuple[Axis, ...]
    cases: tuple[Case, ...]
    resolved: dict[str, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values along each dimension: the axes of a grid, else the cases alone."""
        if self.mode == "grid":
            return tuple(len(axis.values) for axis in self.axes)
        return (len(self.cases),)

    def __repr__(self) -> str:
        """Title, cases and axes on a few lines."""
        lines = [
            f"Study: {self.title}",
            f"  {len(self.cases)} cases ({self.mode}), seed {self.seed}",
        ]
        for axis in self.axes:
            unit = "" if axis.unit == "1" else f" {axis.unit}"
            first, last = axis.coordinate[0], axis.coordinate[-1]
            lines.append(f"  {axis.key}: {len(axis.values)} values, {first} to {last}{unit}")
        return "\n".join(lines)


def lookup(config: StudyConfig, key: str) -> Any:
    """Give the value of a dotted key, or a whole section, of one case.

    Parameters
    ----------
    config : StudyConfig
    key : str
        ``seed``, ``stimulus`` or ``stimulus.amplitude_ma``; for a share of the montage, ``montage.c4``.

    Returns
    -------
    object
        A section or a value; None for a contact that the montage does not use.

    Raises
    ------
    AttributeError
        If there is no such key: keys here come from code, not from users.
    """
    table, _, name = key.partition(".")
    section = getattr(config, table)
    if not name:
        return section
    if isinstance(section, Montage):
        return plain(section).get(name)
    return getattr(section, name)


def plain(section: object) -> dict[str, Any]:
    """Turn a section into the table that a config would hold: keys, numbers, texts and lists.

    Parameters
    ----------
    section : object
        A section of a `StudyConfig`.

    Returns
    -------
    dict
        Keys in the order of the dataclass; keys whose value is None are left out.
    """
    if isinstance(section, Montage):
        table: dict[str, Any] = {label: float(share) for label, share in section.shares}
        return {**table, "return": "distant"} if section.distant_return else table
    if not is_dataclass(section):
        message = f"{section!r} is not a config section"
        raise TypeError(message)
    values = ((field.name, getattr(section, field.name)) for field in fields(section))
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values
        if value is not None
    }


def resolved_toml(study: Study) -> str:
    """Write the resolved config of a study as TOML.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
        Reading this text again gives the same cases.
    """
    import tomli_w  # noqa: PLC0415 (only results and `check` write configs)

    return tomli_w.dumps(study.resolved)


def config_hash(study: Study) -> str:
    """Hash the resolved config of a study.

    Equal for configs that differ in layout, comments, order of tables, or defaults spelled out.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
        SHA-256 of the canonical JSON of `Study.resolved`, in hexadecimal digits.
    """
    text = json.dumps(
        study.resolved, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()
