"""Arrays without reference counts, for kernels with many small blocks.

Compiled code counts a reference for each slice of an array. Where the compiler cannot prove that counts cancel, as in a
loop over kinds of channels, these calls cost as much as a block of work: 40 ns per block, a third of the run (measured
with Numba 0.68). What is computed with the arrays does not belong here.
"""

from collections.abc import Callable
from typing import Any

from numba.extending import intrinsic, overload


def borrowed(array: Any) -> Any:
    """Give an array whose references are not counted; the caller's own keeps it alive.

    Parameters
    ----------
    array : ndarray
        Argument of the kernel, or a member of one.

    Returns
    -------
    ndarray
        The same memory. Plain Python gives the array itself.
    """
    return array


_intrinsic: Any = intrinsic  # its stubs do not know that the compiler passes the first argument


@_intrinsic
def _borrowed(_typing: Any, array: Any) -> Any:
    """Copy the array's record without its owner."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        record = context.make_array(signature.args[0])(context, builder, arguments[0])
        record.meminfo = record.meminfo.type(None)
        record.parent = record.parent.type(None)
        return record._getvalue()

    return array(array), generate


@overload(borrowed, jit_options={"forceinline": True, "nogil": True})
def _choose(array: Any) -> Callable[..., Any]:
    def call(array: Any) -> Any:
        return _borrowed(array)

    return call
