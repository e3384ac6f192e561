"""The one compile decorator: flags, cache folder, switch-off.

What a kernel computes does not belong here.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numba
import platformdirs

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., Any]")

FAST_MATH: Final = frozenset({"nsz", "arcp", "contract", "afn", "reassoc"})
"""Never the full set: it assumes that there are no NaNs, and turned a NaN count of 1 into 0."""


def kernel_hash() -> str:
    """Hash every kernel source and the Numba version.

    Numba does not notice an edited helper in another file, so the cache folder carries this hash.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> Path | None:
    """Give a writable folder for compiled kernels, or None where there is none."""
    root = os.environ.get("SCSIM_CACHE_DIR") or platformdirs.user_cache_dir(
        "scsim", appauthor=False
    )
    folder = Path(root) / "kernels" / kernel_hash()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


_FOLDER: Final = _cache_folder()


def kernel(function: _F) -> _F:
    """Compile a kernel: no Python objects, no lock held, IEEE division, cached on disk.

    Parameters
    ----------
    function : callable
        A top-level function. Kernels that take or close over functions would not be cached.

    Returns
    -------
    callable
        The dispatcher; ``py_func`` is the plain function. ``NUMBA_DISABLE_JIT=1`` switches
        compilation off.
    """
    before = numba.config.CACHE_DIR
    if _FOLDER is not None:
        numba.config.CACHE_DIR = str(_FOLDER)
    try:
        compiled: _F = numba.njit(
            nogil=True, error_model="numpy", fastmath=set(FAST_MATH), cache=_FOLDER is not None
        )(function)
    finally:
        numba.config.CACHE_DIR = before
    return compiled
