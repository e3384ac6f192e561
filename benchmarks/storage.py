"""How results are stored best: time and size of compressions and chunks on arrays of real studies.

``python -m benchmarks.storage [--page docs/results.md] [--save FILE] [--megabytes N]`` runs small studies for their
arrays, repeats these to some size, writes each in every way, reads it back, and prints tables in Markdown. What
was chosen stands in `scsim.formats.hdf5`; the page says why.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np

from benchmarks.marks import Marks
from scsim.study.reading.parse import load_study
from scsim.study.run import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MARKS: Final = Marks(
    "<!-- storage: begin (written by benchmarks/storage.py) -->", "<!-- storage: end -->"
)

STUDIES: Final[dict[str, tuple[str, tuple[str, ...], str]]] = {
    "thresholds": (
        "posture",
        (
            "tissue.csf_thickness_mm={ sweep = { linspace = [2.0, 5.0, 12] } }",
            "fibers.n_fibers=200",
        ),
        "threshold_ma",
    ),
    "time courses": (
        "quickstart",
        (
            "stimulus.amplitude_ma={ sweep = { linspace = [0.8, 4.0, 12] } }",
            "stimulus.frequency_hz={ sweep = { linspace = [10, 100, 6] } }",
            "circuit.duration_s=4.0",
        ),
        "projection_time_course_hz",
    ),
    "rates": ("quickstart", (), "projection_rate_hz"),
    "spikes": (
        "burst_or_tonic",
        ("output.save=['spikes']", "circuit.duration_s=2.0", "circuit.readout_s=1.0"),
        "spikes/spike_time_ms",
    ),
    "profiles": ("lateral_sweep", (), "profile_potential_mv_per_ma"),
}
"""Config, what is changed of it, and the dataset, for each kind of result."""

FILTERS: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "lzf": {"compression": "lzf"},
    "gzip 1": {"compression": "gzip", "compression_opts": 1},
    "gzip 4": {"compression": "gzip", "compression_opts": 4},
}

CHUNK_KIB: Final = (64, 256, 1024, 4096)
_CHUNK_BYTES: Final = 1 << 20
REPEATS: Final = 3


def real_arrays(n_bytes: int) -> dict[str, NDArray[np.float64]]:
    """Run the studies and repeat each dataset to some size, rows of its last dimension kept whole.

    A repetition that equals what stands before it would be found by the compression. So each is multiplied by a
    number near 1 of its own, as if it came from another anatomy; spike times, which lie on the steps of the solver,
    are shifted, as if the run went on.

    Parameters
    ----------
    n_bytes : int
        Size that each array reaches.

    Returns
    -------
    dict of str to ndarray
        By kind, shape (n_rows, n_columns).
    """
    arrays = {}
    for kind, (config, overrides, dataset) in STUDIES.items():
        results = run(load_study(Path("configs") / f"{config}.toml", overrides))
        values = np.asarray(results.dataset(dataset), dtype=np.float64)
        rows = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
        n_times = -(-n_bytes // rows.nbytes)
        if kind == "spikes":
            last_ms = np.ceil(rows.max())
            repeated = np.concatenate([rows + place * last_ms for place in range(n_times)])
        else:
            rng = np.random.default_rng(0)
            repeated = np.concatenate([rows * rng.uniform(0.9, 1.1) for _ in range(n_times)])
        arrays[kind] = repeated
        sys.stderr.write(f"{kind}: {values.shape}, {values.nbytes / 1e6:.2f} MB\n")
    return arrays


def chunk_shape(shape: tuple[int, ...], n_bytes: int) -> tuple[int, ...]:
    """Give whole rows, as many as fill a chunk.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    n_bytes : int

    Returns
    -------
    tuple of int
    """
    return (max(1, min(shape[0], n_bytes // (8 * shape[1]))), shape[1])


def measure(values: NDArray[np.float64], path: Path, storage: dict[str, Any]) -> dict[str, float]:
    """Write an array, read all of it, and read single rows.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns)
    path : Path
    storage : dict
        Keywords of `h5py.Group.create_dataset`.

    Returns
    -------
    dict of str to float
        ``write_s``, ``read_s`` (medians), ``row_ms`` (one row in an open file whose chunk is not in memory) and
        ``share`` (size on disk over size in memory).
    """

    def write() -> None:
        path.unlink(missing_ok=True)
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=values, **storage)

    def read() -> None:
        with h5py.File(path, "r") as file:
            file["x"][()]

    def read_row() -> None:
        with h5py.File(path, "r") as file:
            file["x"][len(values) // 2]

    write_s = _median_s(write)
    with h5py.File(path, "r") as file:
        share = file["x"].id.get_storage_size() / values.nbytes
        np.testing.assert_array_equal(file["x"][()], values)
    return {
        "write_s": write_s,
        "read_s": _median_s(read),
        "row_ms": 1e3 * _median_s(read_row),
        "share": share,
    }


def measure_all(n_bytes: int) -> dict[str, Any]:
    """Measure every compression and every size of chunks.

    Parameters
    ----------
    n_bytes : int

    Returns
    -------
    dict
        ``megabytes``; ``filters`` by kind, filter and shuffle; ``chunks`` by kind and KiB.
    """
    arrays = real_arrays(n_bytes)
    found: dict[str, Any] = {"megabytes": n_bytes / 1e6, "filters": {}, "chunks": {}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "storage.h5"
        for kind, values in arrays.items():
            one = found["filters"].setdefault(kind, {})
            for name, storage in FILTERS.items():
                for shuffle in (False, True) if storage else (False,):
                    chunks = chunk_shape(values.shape, _CHUNK_BYTES)
                    label = f"{name}, shuffle" if shuffle else name
                    keywords = {**storage, "chunks": chunks, "shuffle": shuffle}
                    one[label] = measure(values, path, keywords if storage else {})
            sizes = found["chunks"].setdefault(kind, {})
            for kib in CHUNK_KIB:
                chunks = chunk_shape(values.shape, kib << 10)
                sizes[str(kib)] = measure(
                    values, path, {**FILTERS["gzip 1"], "shuffle": True, "chunks": chunks}
                )
            sizes["h5py"] = measure(
                values, path, {**FILTERS["gzip 1"], "shuffle": True, "chunks": True}
            )
            sys.stderr.write(f"{kind}: measured\n")
    return found


def report(found: dict[str, Any]) -> str:
    """Lay the figures out as tables in Markdown.

    Parameters
    ----------
    found : dict
        From `measure_all`.

    Returns
    -------
    str
    """
    size = found["megabytes"]
    what = f"Each kind of result as a float64 array of {size:.0f} MB (values of small studies, repeated with changes), "
    lines = [
        what
        + "chunks of 1 MiB: size as a share of that in memory / MB written / MB read per second of processor time.",
        "",
    ]
    kinds = list(found["filters"])
    labels = list(next(iter(found["filters"].values())))
    rows = []
    for label in labels:
        cells = [found["filters"][kind][label] for kind in kinds]
        texts = [
            f"{100 * one['share']:.0f} % / {size / one['write_s']:.0f} / {size / one['read_s']:.0f}"
            for one in cells
        ]
        rows.append([label, *texts])
    lines += _table(["compression", *kinds], rows)
    lines += [
        "",
        "gzip 1 with shuffle, by size of the chunks: size / MB/s written / MB/s read / ms to read one row.",
        "",
    ]
    rows = []
    for label in next(iter(found["chunks"].values())):
        cells = [found["chunks"][kind][label] for kind in kinds]
        texts = [
            f"{100 * one['share']:.0f} % / {size / one['write_s']:.0f} / {size / one['read_s']:.0f} / {one['row_ms']:.1f}"
            for one in cells
        ]
        rows.append(["h5py's guess" if label == "h5py" else f"{label} KiB", *texts])
    lines += _table(["chunks", *kinds], rows)
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the tables into a page if asked."""
    parser = argparse.ArgumentParser(description="How results are stored best.")
    parser.add_argument("--page", type=Path, help="write the tables between their marks here")
    parser.add_argument("--save", type=Path, help="write the figures as JSON here")
    parser.add_argument("--megabytes", type=float, default=16.0, help="size of each array")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found = measure_all(int(1e6 * options.megabytes))
    if options.save is not None:
        options.save.parent.mkdir(parents=True, exist_ok=True)
        options.save.write_text(json.dumps(found, indent=1), encoding="utf-8")
    text = report(found)
    if options.page is not None:
        MARKS.write(options.page, text)
    sys.stdout.write(f"{text}\n")
    return 0


def _median_s(action: Callable[[], None]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return statistics.median(times)


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


if __name__ == "__main__":
    sys.exit(main())
