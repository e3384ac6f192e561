"""Conductivities of tissues: named sets with sources, and changes of single values.

Where which tissue lies is in ``canal.py`` and ``nerve.py``.
"""

import difflib
import math
from dataclasses import dataclass, field, fields
from typing import Annotated, ClassVar, Final, NoReturn

from annotated_types import Ge, Le

from scsim.errors import GeometryError
from scsim.formats.tables import Table, load_table, table_names

Pair = tuple[float, float]

DEFAULT: Final = "default"
"""The set that has every tissue; the others list what they change."""

_FOLDER: Final = "conductivities"
_SUFFIX: Final = "_s_per_m"

_Conducting = Annotated[float, Ge(1e-6), Le(1e6)]
"""S/m, from the best insulators of the body to metal: a slip of a few decimal places stays inside, a sign
or a unit of S/cm taken twice does not."""

_Given = _Conducting | tuple[_Conducting, _Conducting] | None


@dataclass(frozen=True)
class Conductivities:
    """How well each tissue conducts.

    Attributes
    ----------
    name : str
        Name of the set; not compared, as equal numbers give equal fields.
    values : tuple of (str, (float, float))
        Tissue, and its conductivity across and along the cord or nerve, S/m.
    sources : tuple of str
        Bibliography keys; not compared.

    Raises
    ------
    GeometryError
        If a tissue has not two conductivities or stands twice, or a conductivity is not positive and finite;
        names all of these.
    """

    name: str = field(compare=False)
    values: tuple[tuple[str, Pair], ...]
    sources: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        tissues = [tissue for tissue, _ in self.values]
        if twice := [tissue for tissue in dict.fromkeys(tissues) if tissues.count(tissue) > 1]:
            msg = (
                f"{', '.join(twice)} more than once in the conductivities {self.name!r}; each tissue has one "
                "conductivity. Leave the others out."
            )
            raise GeometryError(msg)
        for tissue, pair in self.values:
            if not isinstance(pair, tuple) or len(pair) != 2 or not all(map(_is_number, pair)):
                _refuse_pair(tissue, pair)
        bad = [
            f"{tissue}{_SUFFIX} = {value:g} S/m"
            for tissue, pair in self.values
            for value in dict.fromkeys(pair)
            if not (math.isfinite(value) and value > 0.0)
        ]
        if bad:
            msg = (
                f"{', '.join(bad)}: a conductivity must be positive and finite. Write a small one, such as "
                "1e-6, for a tissue that hardly conducts."
            )
            raise GeometryError(msg)

    def __getitem__(self, tissue: str) -> Pair:
        """Give the conductivity of a tissue across and along, S/m."""
        for name, pair in self.values:
            if name == tissue:
                return pair
        known = ", ".join(name for name, _ in self.values)
        msg = (
            f"the conductivity set {self.name!r} has no {tissue!r}; it has {known}. "
            "Choose another set, or give the value."
        )
        raise GeometryError(msg)


@dataclass(frozen=True, kw_only=True)
class ConductivitySection:
    """The table ``[conductivity]`` of a config.

    Attributes
    ----------
    preset : str
        A set of ``scsim list conductivities``.
    white_matter_s_per_m, gray_matter_s_per_m, csf_s_per_m, dura_s_per_m : float or list of 2 floats, optional
    epidural_fat_s_per_m, bone_s_per_m, soft_tissue_s_per_m : float or list of 2 floats, optional
    encapsulation_s_per_m, endoneurium_s_per_m, perineurium_s_per_m : float or list of 2 floats, optional
    epineurium_s_per_m, saline_s_per_m, muscle_s_per_m : float or list of 2 floats, optional
    fat_s_per_m, skin_s_per_m : float or list of 2 floats, optional
        Conductivity of the tissue, S/m; two numbers are across and along the cord or nerve. Left out, it
        is that of the set.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    preset: str = DEFAULT
    white_matter_s_per_m: _Given = None
    gray_matter_s_per_m: _Given = None
    csf_s_per_m: _Given = None
    dura_s_per_m: _Given = None
    epidural_fat_s_per_m: _Given = None
    bone_s_per_m: _Given = None
    soft_tissue_s_per_m: _Given = None
    encapsulation_s_per_m: _Given = None
    endoneurium_s_per_m: _Given = None
    perineurium_s_per_m: _Given = None
    epineurium_s_per_m: _Given = None
    saline_s_per_m: _Given = None
    muscle_s_per_m: _Given = None
    fat_s_per_m: _Given = None
    skin_s_per_m: _Given = None

    def changes(self) -> dict[str, Pair]:
        """Give the tissues whose conductivity is written, across and along, S/m.

        Raises
        ------
        GeometryError
            If a value is neither one number nor two.
        """
        written = {
            one.name.removesuffix(_SUFFIX): getattr(self, one.name)
            for one in fields(self)
            if one.name.endswith(_SUFFIX)
        }
        return {
            tissue: _as_pair(tissue, value)
            for tissue, value in written.items()
            if value is not None
        }


def conductivity_names() -> tuple[str, ...]:
    """List the sets of conductivities, in the order of their names."""
    return table_names(_FOLDER)


def load_conductivities(section: ConductivitySection) -> Conductivities:
    """Build the set of conductivities that a config asks for.

    A set other than ``default`` lists the tissues that it changes; all others have the values of
    ``default``. Single values of the config come last.

    Parameters
    ----------
    section : ConductivitySection

    Returns
    -------
    Conductivities
        All tissues, in the order of the default set. Named after the preset, with ``, changed`` behind it
        if the config changes values.

    Raises
    ------
    GeometryError
        If there is no such set, or a conductivity is not one or two positive and finite numbers.
    """
    names = conductivity_names()
    if section.preset not in names:
        near = difflib.get_close_matches(section.preset, names, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else "Choose one of these."
        msg = f"there is no set of conductivities {section.preset!r}; sets are {', '.join(names)}. {advice}"
        raise GeometryError(msg)
    base = load_table(f"{_FOLDER}/{DEFAULT}")
    own = load_table(f"{_FOLDER}/{section.preset}")
    values = _pairs(base) | _pairs(own)
    sources = {key: base.quantity(key).bib_key for key in base.entries}
    sources |= {key: own.quantity(key).bib_key for key in own.entries}
    changes = section.changes()
    for tissue in changes:
        sources[f"{tissue}{_SUFFIX}"] = None
    return Conductivities(
        name=f"{section.preset}, changed" if changes else section.preset,
        values=tuple((values | changes).items()),
        sources=tuple(dict.fromkeys(key for key in sources.values() if key is not None)),
    )


def _pairs(table: Table) -> dict[str, Pair]:
    """Read the conductivities of a table: one number, or across and along."""
    pairs: dict[str, Pair] = {}
    for key, quantity in table.entries.items():
        tissue = key.removesuffix(_SUFFIX)
        pairs[tissue] = _as_pair(tissue, quantity.value)
    return pairs


def _as_pair(tissue: str, value: object) -> Pair:
    """Give the conductivity across and along of a tissue that may conduct alike in all directions."""
    numbers = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(numbers) != 2 or not all(map(_is_number, numbers)):
        _refuse_pair(tissue, value)
    across, along = numbers
    return float(across), float(along)


def _is_number(value: object) -> bool:
    """Say whether a value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse_pair(tissue: str, value: object) -> NoReturn:
    """Refuse what is neither one conductivity nor two."""
    msg = (
        f"{tissue}{_SUFFIX} = {value!r}: a conductivity is one number, or two across and along the cord or "
        "nerve, S/m. Write it so."
    )
    raise GeometryError(msg)
