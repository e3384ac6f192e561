"""The one compile decorator: flags, cache folder, switch-off.

What a kernel computes does not belong here.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
import platformdirs

if TYPE_CHECKING:
    from collections.abc import Callable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

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
    for path in sorted(Path(__file__).parent.rglob("*.py")):
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


def is_to_be_compiled(module: str, function: str) -> bool:
    """Whether a kernel will be compiled at its first call, and the result kept for other processes.

    Parameters
    ----------
    module, function : str
        Names of the file in ``scsim.kernels``, without its ending, and of the kernel.

    Returns
    -------
    bool
        False where compilation is switched off, there is no cache folder, or the folder holds the kernel.
    """
    config: Any = numba.config
    if _FOLDER is None or config.DISABLE_JIT:
        return False
    return next(_FOLDER.rglob(f"{module}.{function}-*.nbi"), None) is None


_DECORATING: Final = Lock()
"""Rooms load kernels late, perhaps from several threads, and the cache folder is a global of Numba."""


def _compile(function: _F, *, fast_math: frozenset[str] = FAST_MATH, **options: bool) -> _F:
    """Compile with the house flags; the cache folder is set only while decorating."""
    config: Any = numba.config
    njit: Any = numba.njit  # its stubs do not know every option
    cached = (
        _FOLDER is not None and Path(__file__).parent in Path(function.__code__.co_filename).parents
    )
    with _DECORATING:
        before = config.CACHE_DIR
        if cached:
            config.CACHE_DIR = str(_FOLDER)
        try:
            compiled = njit(
                nogil=True,
                error_model="numpy",
                fastmath=set(fast_math),
                cache=cached,
                no_cfunc_wrapper=True,  # nothing calls kernels from C, and each entry is a full copy
                **options,
            )(function)
        finally:
            config.CACHE_DIR = before
    if cached and not config.DISABLE_JIT:
        _keep_if_possible(compiled)
    return cast("_F", compiled)


def _keep_if_possible(compiled: Any) -> None:
    """Let a kernel that cannot be kept, as on a full disk, serve this process all the same."""
    store = compiled._cache
    save = store.save_overload

    def save_or_warn(*arguments: Any) -> None:
        try:
            save(*arguments)
        except OSError as error:
            # One text for all kernels, so that one warning is shown.
            message = f"compiled kernels cannot be kept in {_FOLDER} ({error.strerror or error}): they are compiled again in the next session. Make room there, or name another folder by SCSIM_CACHE_DIR."
            warnings.warn(message, stacklevel=2)

    store.save_overload = save_or_warn


def kernel(function: _F) -> _F:
    """Compile a kernel: no Python objects, no lock held, IEEE division, cached on disk.

    Parameters
    ----------
    function : callable
        A top-level function of ``scsim.kernels``. Kernels that take or close over functions would
        not be cached, and functions from elsewhere are compiled but not cached.

    Returns
    -------
    callable
        The dispatcher; ``py_func`` is the plain function. ``NUMBA_DISABLE_JIT=1`` switches
        compilation off.
    """
    return _compile(function)


def inline_kernel(function: _F) -> _F:
    """Compile a small function that its caller must absorb, or the caller's lanes stay scalar.

    Parameters
    ----------
    function : callable
        As in `kernel`.

    Returns
    -------
    callable
        The dispatcher, marked for inlining by the compiler.
    """
    return _compile(function, forceinline=True)


def exact_inline_kernel(function: _F) -> _F:
    """Compile as `inline_kernel` does, but keep the order of sums: for tricks with rounding.

    Parameters
    ----------
    function : callable
        As in `kernel`.

    Returns
    -------
    callable
        The dispatcher, marked for inlining by the compiler.
    """
    return _compile(function, fast_math=FAST_MATH - {"reassoc"}, forceinline=True)
