"""Time and error of one canal with all solvers in one run: scsim's two, pyamg alone, and 3-D finite elements.

Run in the validation environment: ``python -m benchmarks.field_measure FILE.json`` (``make bench-field``). The table
for people is made by ``field_report.py``; the finite elements are in ``field_fem.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.peers_timing import Sample, processor, stay_on_one_core, time_once, time_repeated
from scsim.fields.accuracy import score_matrix
from scsim.validate.field_geometry import read_canal
from scsim.validate.field_lines import PARTS, read_lines, score_lines, worst_line
from scsim.validate.reading import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable

    from scsim.fields.unit_potential import SolvedMedium

FloatArray = npt.NDArray[np.float64]

FIELD: Final = SHIPPED / "field"
GEOMETRY: Final = read_canal(FIELD / "scs_T_d32_geometry.json")
LINES: Final = read_lines(
    FIELD / "scs_T_d32__c4__equi__dc.csv", r"dc_x[+-][\d.]+_d[\d.]+", lambda m: GEOMETRY.line(m[0])
)
POINTS_MM: Final = np.concatenate([line.points_mm for line in LINES])
MATRIX_OHM: Final = np.loadtxt(FIELD / "scs_T_d32_contact_Z_ohm.csv", delimiter=",")
"""The canal of the shipped tables: eight equipotential contacts, 24 lines of 201 points, and the reference for the
fourth contact and the matrix."""

FOURTH: Final = 3
"""Index of the contact whose lines have a reference."""

VOXEL_MM: Final = 0.25
TURNS: Final = 5
"""Turns of what takes less than a second; the best counts and the worst stands behind it. The others run once."""

Row = dict[str, Any]


def score(table_mv: FloatArray, matrix_ohm: FloatArray) -> dict[str, float]:
    """Score a table (8, 4824) and a contact matrix (8, 8) against the reference."""
    rows = np.split(table_mv[FOURTH], len(LINES))
    scores = score_lines(LINES, rows)
    found = {part: float(getattr(scores[worst_line(part, scores)], part)) for part in PARTS}
    return {**found, "contact_matrix": score_matrix(matrix_ohm, MATRIX_OHM)}


def tabulate(medium: SolvedMedium) -> tuple[FloatArray, FloatArray]:
    """Give what every solver must give: potentials of all contacts at all points, and the matrix."""
    return medium.unit_potential(medium.contacts, POINTS_MM), medium.contact_matrix_ohm()


def measure_spectral() -> dict[str, Row]:
    """Measure the spectral solver: the whole job, other contacts at no solve, one more montage."""
    from scsim.fields.canal.spectral import ExtrudedMedium  # noqa: PLC0415 - compiled before timing starts
    from scsim.validate.field_media import spectral_medium  # noqa: PLC0415 - as above

    kept: list[Any] = []

    def whole() -> None:
        solved = spectral_medium(GEOMETRY, "equipotential")
        kept[:] = [solved, *tabulate(solved)]

    first = time_once(whole)[0]
    medium, table, matrix = kept
    problem, solution = medium.problem, medium.solution

    def other_contacts(contacts: tuple[Any, ...]) -> Callable[[], None]:
        def call() -> None:
            tabulate(ExtrudedMedium(problem, solution, contacts))

        return call

    def moved(z_mm: float) -> tuple[Any, ...]:
        return tuple(
            replace(c, center_mm=(*c.center_mm[:2], c.center_mm[2] + z_mm)) for c in medium.contacts
        )

    shorter = tuple(replace(contact, length_mm=2.0) for contact in medium.contacts)
    shares = np.linspace(-1.0, 1.0, len(table))
    return {
        "spectral": {
            "unknowns": len(solution["points_mm"]),
            "first_call_s": first,
            "all": _turns(whole, time_once),
            "errors": score(table, matrix),
        },
        "spectral_shift": {"all": _turns(other_contacts(moved(1.3)), time_repeated)},
        "spectral_contacts": {"all": _turns(other_contacts(shorter), time_repeated)},
        "montage": {"all": _turns(lambda: shares @ table, time_repeated)},
    }


def measure_voxel() -> dict[str, Row]:
    """Measure the voxel solver, and pyamg alone on its matrix."""
    from scsim.fields.voxels.voxel_grid import lay_grid, lay_tissue  # noqa: PLC0415 - loads numba
    from scsim.fields.voxels.voxel_matrix import make_system  # noqa: PLC0415 - as above
    from scsim.fields.voxels.voxel_solve import solve_all  # noqa: PLC0415 - as above
    from scsim.validate.field_media import voxel_medium  # noqa: PLC0415 - as above

    # A coarse grid first, so that everything is compiled.
    numbers = tuple(range(1, len(MATRIX_OHM) + 1))
    tabulate(voxel_medium(GEOMETRY, "equipotential", numbers[:1], 1.0))
    kept: list[Any] = []

    def whole() -> None:
        medium = voxel_medium(GEOMETRY, "equipotential", numbers, VOXEL_MM)
        kept[:] = [medium, *tabulate(medium)]

    sample = time_once(whole)
    problem = kept[0].problem
    errors = score(kept[1], kept[2])
    kept.clear()
    systems: list[Any] = []

    def first() -> None:
        grid = lay_grid(problem)
        systems.append(make_system(problem, grid, lay_tissue(problem, grid)))
        solve_all(
            systems[0].matrix, systems[0].loads[:1], settings.tolerance, settings.max_iterations
        )

    settings = problem.settings
    first_s = time_once(first)[0]
    system = systems[0]
    return {
        "voxel": {
            "unknowns": system.matrix.shape[0],
            "first": first_s,
            "all": _once([sample]),
            "errors": errors,
        },
        "pyamg": _pyamg_alone(system, settings.tolerance, settings.max_iterations),
    }


def _pyamg_alone(system: Any, tolerance: float, max_iterations: int) -> Row:
    """Measure pyamg's own set-up and solution for every contact."""
    import pyamg  # noqa: PLC0415 - only where it is measured

    hierarchy: list[Any] = []
    set_up = time_once(lambda: hierarchy.append(pyamg.ruge_stuben_solver(system.matrix)))

    def solve(load: FloatArray) -> None:
        hierarchy[0].solve(load, tol=tolerance, accel="cg", maxiter=max_iterations)

    solves = [time_once(partial(solve, load)) for load in system.loads]
    return {
        "unknowns": system.matrix.shape[0],
        "first": set_up[0] + solves[0][0],
        "all": _once([set_up, *solves]),
    }


def measure_fem() -> dict[str, Row]:
    """Measure quadratic tetrahedra of scikit-fem."""
    from benchmarks import field_fem  # noqa: PLC0415 - needs scikit-fem

    kept: dict[str, Any] = {}

    def assemble() -> None:
        kept["problem"] = field_fem.assemble(GEOMETRY)
        kept["solver"] = field_fem.set_up(kept["problem"])

    samples = [time_once(assemble)]
    problem = kept["problem"]
    unknowns: list[FloatArray] = []

    def solve(contact: int) -> None:
        unknowns.append(field_fem.solve(problem, kept["solver"], contact)[0])

    samples += [time_once(partial(solve, contact)) for contact in range(problem.n_contacts)]
    potentials = np.array(unknowns)
    first = samples[0][0] + samples[1][0]
    samples.append(
        time_once(lambda: kept.update(table=field_fem.evaluate(problem, potentials, POINTS_MM)))
    )
    matrix = potentials[:, -problem.n_contacts :].T
    return {
        "fem": {
            "unknowns": problem.reduced.shape[0],
            "tetrahedra": problem.n_tetrahedra,
            "first": first,
            "all": _once(samples),
            "errors": score(kept["table"], matrix),
        }
    }


PARTS_OF_RUN: Final[dict[str, Callable[[], dict[str, Row]]]] = {
    "spectral": measure_spectral,
    "voxel": measure_voxel,
    "fem": measure_fem,
}


def _turns(call: Callable[[], None], how: Callable[[Callable[[], None]], Sample]) -> dict[str, Any]:
    samples = [how(call) for _ in range(TURNS)]
    return {"cpu_s": [cpu for cpu, _ in samples], "wall_s": [wall for _, wall in samples]}


def _once(samples: list[Sample]) -> dict[str, Any]:
    """Add the parts of one long run."""
    return {"cpu_s": [sum(cpu for cpu, _ in samples)], "wall_s": [sum(w for _, w in samples)]}


def _circumstances() -> dict[str, Any]:
    from scsim.study.provenance import cpu_target  # noqa: PLC0415 - loads numba

    names = ("scsim", "scikit-fem", "pyamg", "numpy", "scipy", "numba")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "processor": processor(),
            "cpu_target": cpu_target(),
            "n_cores": os.cpu_count(),
            "load_average": os.getloadavg()[0],
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in names},
        },
    }


_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}


def main(arguments: list[str] | None = None) -> int:
    """Measure all parts, each in a process of its own, and write one file.

    Parameters
    ----------
    arguments : list of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0.
    """
    parser = argparse.ArgumentParser(description="One canal with all solvers.")
    parser.add_argument("json", type=Path, help="where the figures go")
    parser.add_argument("--part", choices=PARTS_OF_RUN, help="measure one part in this process")
    options = parser.parse_args(arguments)
    if options.part is not None:
        stay_on_one_core()
        options.json.write_text(json.dumps(PARTS_OF_RUN[options.part]()), encoding="utf-8")
        return 0
    content: dict[str, Any] = {**_circumstances(), "rows": {}}
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS_OF_RUN:
            # A process each: threads are pinned before numpy loads, and memory of one is gone before the next.
            path = Path(folder) / f"{part}.json"
            command = [sys.executable, "-m", "benchmarks.field_measure", str(path), "--part", part]
            subprocess.run(command, check=True, env={**os.environ, **_ENVIRONMENT})
            content["rows"] |= json.loads(path.read_text(encoding="utf-8"))
            sys.stderr.write(f"{part} measured\n")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
