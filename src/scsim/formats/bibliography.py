"""The bibliography: BibTeX entries by key, read from ``data/references/*.bib``.

Which model needs which key belongs to the room of the model.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from scsim.errors import ScsimError
from scsim.formats.tables import DATA_FOLDER

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


def bibtex(keys: Iterable[str]) -> str:
    """Join the entries of some keys to one BibTeX text.

    Parameters
    ----------
    keys : iterable of str
        Bibliography keys; each is written once, in the order given.

    Returns
    -------
    str
        Entries separated by an empty line, with a final newline; empty for no keys.

    Raises
    ------
    ScsimError
        If a key is not in the bibliography.
    """
    entries = bibtex_entries()
    wanted = tuple(dict.fromkeys(keys))
    missing = [key for key in wanted if key not in entries]
    if missing:
        msg = (
            f"the bibliography has no entry {missing[0]!r}. "
            "Add it to a file in data/references, or correct the key."
        )
        raise ScsimError(msg)
    return "\n".join(f"{entries[key]}\n" for key in wanted)


def _entry(file: str, key: str, text: str) -> str:
    """Cut the text after the brace that closes the first entry."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == "}" and depth == 0:
            return text[: position + 1]
    msg = f"{file}: the entry {key!r} does not close its braces. Add the missing }}."
    raise ScsimError(msg)
