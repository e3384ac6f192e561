"""NumPy's archives of arrays with a checksum behind them.

Readers of ``.npz`` ignore what stands behind the archive; here it is compared before anything reads the content,
because damaged bytes may be taken for values. What the arrays mean does not belong here.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_MARK: Final = b"\nscsim sha256 "
_LINE_BYTES: Final = len(_MARK) + 2 * hashlib.sha256().digest_size + len(b"\n")
_READ_BYTES: Final = 1 << 20


def write_npz(file: BinaryIO, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays of numbers and texts, and a checksum of the content and its name.

    Parameters
    ----------
    file : binary file
        Open for writing and reading, empty.
    key : str
        Name of the content: a reader that expects another takes the file for damaged.
    arrays : mapping of str to ndarray
        By any name.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, values, allow_pickle=False)
    file.seek(0)
    file.write(_checksum_line(file, key, _remaining(file)))


def read_npz(file: BinaryIO, key: str) -> dict[str, NDArray[Any]] | None:
    """Read what `write_npz` wrote.

    Parameters
    ----------
    file : binary file
        Open for reading, at its beginning.
    key : str
        Name that the content must have.

    Returns
    -------
    dict of str to ndarray, or None
        None if the checksum does not fit content and name.
    """
    n_bytes = _remaining(file) - _LINE_BYTES
    if n_bytes < 0:
        return None
    expected = _checksum_line(file, key, n_bytes)
    if file.read() != expected:
        return None
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _checksum_line(file: BinaryIO, key: str, n_bytes: int) -> bytes:
    """Hash the next bytes of a file together with its name."""
    digest = hashlib.sha256(key.encode())
    while n_bytes > 0 and (part := file.read(min(n_bytes, _READ_BYTES))):
        digest.update(part)
        n_bytes -= len(part)
    return _MARK + digest.hexdigest().encode() + b"\n"


def _remaining(file: BinaryIO) -> int:
    """Count the bytes from here to the end of a file."""
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return end - here
