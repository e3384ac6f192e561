"""The bibliography: BibTeX entries by key, read from ``data/references/*.bib``, also as plain text.

Which model needs which key belongs to the room of the model.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from scsim.errors import ScsimError
from scsim.formats.tables import DATA_FOLDER

_FIELD: Final = re.compile(r"(\w+)\s*=\s*\{")
_ACCENTS: Final = MappingProxyType(
    {'"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "c": "\u0327"}
)
"""TeX's accents and the marks that Unicode puts behind a letter."""
_ACCENT: Final = re.compile(r"""\\(["'`^~]|c(?=\{))\{?(\w)\}?""")
_COMMANDS: Final = MappingProxyType(
    {
        "\\aa": "\u00e5",
        "\\o": "\u00f8",
        "\\ss": "\u00df",
        "\\&": "&",
        "---": "\u2014",
        "--": "\u2013",
    }
)
_A_PAIR: Final = 2

_HEAD: Final = re.compile(r"^@(\w+)\s*\{\s*([^,\s]+)\s*,", re.MULTILINE)


@functools.cache
def bibtex_entries(folder: Path = DATA_FOLDER / "references") -> Mapping[str, str]:
    """Read every BibTeX entry of the package.

    Parameters
    ----------
    folder : Path
        Where the ``.bib`` files lie.

    Returns
    -------
    mapping of str to str
        Entry text by key, files in alphabetical order.

    Raises
    ------
    ScsimError
        If a key stands twice or an entry does not close its braces.
    """
    entries: dict[str, str] = {}
    for path in sorted(folder.glob("*.bib")):
        text = path.read_text(encoding="utf-8")
        for head in _HEAD.finditer(text):
            key = head.group(2)
            if key in entries:
                msg = f"{path.name}: the key {key!r} stands twice in the bibliography. Keep one entry."
                raise ScsimError(msg)
            entries[key] = _entry(path.name, key, text[head.start() :])
    return MappingProxyType(entries)


def bibtex(keys: Iterable[str], versions: Mapping[str, str] = MappingProxyType({})) -> str:
    """Join the entries of some keys to one BibTeX text.

    Parameters
    ----------
    keys : iterable of str
        Bibliography keys; each is written once, in the order given.
    versions : mapping of str to str
        Version of the software that an entry stands for, by key; it is written as a field.

    Returns
    -------
    str
        Entries separated by an empty line, with a final newline; empty for no keys.

    Raises
    ------
    ScsimError
        If a key is not in the bibliography.
    """
    return "\n".join(
        f"{_with_version(text, versions.get(key, ''))}\n" for key, text in _chosen(keys).items()
    )


@dataclass(frozen=True)
class Reference:
    """A bibliography entry as plain text.

    Attributes
    ----------
    key, kind : str
        For example ``mcintyre2002``, ``article``.
    fields : mapping of str to str
        For example ``author``, ``title``, ``year``, ``doi``, without TeX commands and braces.
    """

    key: str
    kind: str
    fields: Mapping[str, str]

    @property
    def short(self) -> str:
        """Author and year, for example ``McIntyre et al. 2002``."""
        names = [name.partition(",")[0].strip() for name in self._who.split(" and ")]
        several = f"{names[0]} and {names[-1]}" if len(names) == _A_PAIR else f"{names[0]} et al."
        who = names[0] if len(names) == 1 else several
        if names[-1] == "others":
            who = f"{names[0]} et al."
        return f"{who} {self.fields['year']}" if "year" in self.fields else who

    @property
    def _who(self) -> str:
        """The authors, or who edited it, or its title."""
        return next(self.fields[one] for one in ("author", "editor", "title") if one in self.fields)

    def __str__(self) -> str:
        """Give the reference as a line of a list."""
        field = self.fields
        authors = self._who.replace(" and others", " et al.").replace(" and ", "; ")
        parts = [f"{authors} ({field['year']})" if "year" in field else authors, field["title"]]
        issue = f" ({field['number']})" if "number" in field else ""
        pages = f": {field['pages']}" if "pages" in field else ""
        place = field.get("journal") or field.get("booktitle") or field.get("publisher", "")
        volume = f" {field['volume']}{issue}{pages}" if "volume" in field else pages
        parts += [f"{place}{volume}"] if place else []
        parts += [f"version {field['version']}"] if "version" in field else []
        parts += [f"doi:{field['doi']}"] if "doi" in field else []
        parts += [field["url"]] if "url" in field and "doi" not in field else []
        return ". ".join(parts)


def references(
    keys: Iterable[str], versions: Mapping[str, str] = MappingProxyType({})
) -> tuple[Reference, ...]:
    """Give the entries of some keys as plain text.

    Parameters
    ----------
    keys, versions
        As `bibtex`.

    Returns
    -------
    tuple of Reference
        In the order given, each once.

    Raises
    ------
    ScsimError
        If a key is not in the bibliography.
    """
    found = []
    for key, text in _chosen(keys).items():
        kind, body = text.partition("{")[::2]
        fields = {
            one[1].lower(): _plain(_braced(body, one.end() - 1)) for one in _FIELD.finditer(body)
        }
        if versions.get(key):
            fields["version"] = versions[key]
        found.append(Reference(key, kind.removeprefix("@").strip(), MappingProxyType(fields)))
    return tuple(found)


def _chosen(keys: Iterable[str]) -> dict[str, str]:
    """Give the entries of some keys, each once."""
    entries = bibtex_entries()
    wanted = tuple(dict.fromkeys(keys))
    missing = [key for key in wanted if key not in entries]
    if missing:
        msg = (
            f"the bibliography has no entry {missing[0]!r}. "
            "Add it to a file in data/references, or correct the key."
        )
        raise ScsimError(msg)
    return {key: entries[key] for key in wanted}


def _with_version(text: str, version: str) -> str:
    """Write a version as the last field of an entry."""
    return f"{text[:-1].rstrip().rstrip(',')},\n  version = {{{version}}}\n}}" if version else text


def _braced(text: str, start: int) -> str:
    """Give what stands in the braces that open at a place."""
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return text[start + 1 : position]
    return text[start + 1 :]


def _plain(text: str) -> str:
    """Turn TeX into plain text: accents, dashes and the sign for and; braces go."""
    text = _ACCENT.sub(
        lambda found: unicodedata.normalize("NFC", found[2] + _ACCENTS[found[1]]), text
    )
    for command, letter in _COMMANDS.items():
        text = text.replace(command, letter)
    return " ".join(text.replace("{", "").replace("}", "").split())


def _entry(file: str, key: str, text: str) -> str:
    """Cut the text after the brace that closes the first entry."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == "}" and depth == 0:
            return text[: position + 1]
    msg = f"{file}: the entry {key!r} does not close its braces. Add the missing }}."
    raise ScsimError(msg)
