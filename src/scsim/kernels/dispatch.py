"""Kernels that differ by the kind of cable: chosen from the type of the argument while compiling.

A cable travels as a named tuple whose class says what it is and whose `width` has as many entries as
there are lanes, so that both are constants of the compiled code. What a kind computes does not belong
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numba
from numba.extending import overload

from scsim.kernels.jit import FAST_MATH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPTIONS: Final[Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": set(FAST_MATH),
    "forceinline": True,
}


def by_kind(
    stub: Callable[..., Any], choices: Mapping[type, Callable[..., Any]]
) -> Callable[..., Any]:
    """Let compiled code that calls `stub` absorb the kernel that belongs to its first argument's class.

    Parameters
    ----------
    stub : callable
        Plain function of the same arguments, which looks up `choices` itself; used where nothing is
        compiled.
    choices : mapping
        Inline kernel for each class of named tuple.

    Returns
    -------
    callable
        `stub`.
    """

    @overload(stub, jit_options=_OPTIONS, strict=False)
    def _choose(cable: Any, *rest: Any) -> Callable[..., Any]:
        chosen = choices[cable.instance_class]

        def call(cable: Any, *rest: Any) -> Any:
            return chosen(cable, *rest)

        return call

    return stub


def by_precision(
    stub: Callable[..., Any], single: Callable[..., Any], double: Callable[..., Any]
) -> Callable[..., Any]:
    """Let compiled code that calls `stub` absorb the kernel for the precision of its first argument.

    Parameters
    ----------
    stub : callable
        Plain function of the same arguments.
    single, double : callable
        Inline kernels for float32 and for everything else.

    Returns
    -------
    callable
        `stub`.
    """

    @overload(stub, jit_options=_OPTIONS, strict=False)
    def _choose(x: Any, *rest: Any) -> Callable[..., Any]:
        chosen = single if x == numba.float32 else double

        def call(x: Any, *rest: Any) -> Any:
            return chosen(x, *rest)

        return call

    return stub
