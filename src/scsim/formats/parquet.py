"""Parquet: tables for data frames, written in blocks of rows, each column with what it means.

Which columns a table has does not belong here. pyarrow is an extra and is imported when a file is written.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scsim.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@contextmanager
def writing_parquet(
    path: Path, columns: Sequence[tuple[str, str, Mapping[str, str]]]
) -> Iterator[Callable[[Sequence[NDArray[Any]]], None]]:
    """Open a Parquet file for a table.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    columns : sequence of (str, str, mapping of str to str)
        Name, NumPy type (``str`` for text) and metadata, such as the unit, of each column.

    Yields
    ------
    callable
        Writes a block of rows: one array per column.

    Raises
    ------
    ResultsError
        If pyarrow is not installed.
    """
    pa, parquet = _import_pyarrow()
    schema = pa.schema(
        [
            pa.field(
                name,
                pa.string() if dtype == "str" else pa.from_numpy_dtype(dtype),
                metadata=dict(metadata),
            )
            for name, dtype, metadata in columns
        ]
    )
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:

        def write(block: Sequence[NDArray[Any]]) -> None:
            arrays = [
                pa.array(values.tolist() if values.dtype.kind == "U" else values, field.type)
                for values, field in zip(block, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))

        yield write


def _import_pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and 0.1 s to import
        from pyarrow import parquet  # noqa: PLC0415 - as above
    except ImportError as error:
        message = "Parquet files need pyarrow, which is not installed: install the package pyarrow (extra 'io' of scsim), or write CSV with --format csv."
        raise ResultsError(message) from error
    return pa, parquet
