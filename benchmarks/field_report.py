"""Turn the measurements of one canal with all solvers into a table, and write it into the README.

Measuring belongs in ``field_measure.py``; nothing here needs other software.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from benchmarks.marks import Marks, run_report
from benchmarks.peers_report import factor
from benchmarks.report import in_words

MARKS: Final = Marks("<!-- field -->", "<!-- /field -->")

_HEAD: Final = (
    "what",
    "unknowns",
    "set-up and first contact",
    "all eight contacts",
    "beside the first row",
    "potential",
    "shape",
    "2nd difference",
    "contact matrix",
)
_ROWS: Final = {
    "spectral": "scsim, spectral: mesh, solve, eight contacts, matrix, table",
    "spectral_shift": "the same lead 1.3 mm higher",
    "spectral_contacts": "the same lead with contacts of 2 mm",
    "montage": "one more montage",
    "voxel": "scsim, voxel at 0.25 mm",
    "pyamg": "pyamg alone on that matrix (classical multigrid, CG)",
    "fem": "scikit-fem, quadratic tetrahedra, pyamg",
}
_ERRORS: Final = ("potential", "shape", "second_difference", "contact_matrix")
_NONE: Final = "–"

_TASK: Final = (
    "The task: a lead of eight equipotential contacts over the thoracic canal of the reference tables, potentials of all "
    "contacts along 24 lines of 201 points, and the contact matrix. Errors are the worst of the 24 lines for contact 4, "
    "and of the matrix, against those tables. The tetrahedra are scsim's mesh of the cross-section pulled along the cord; "
    "they and the voxels need one solution per contact."
)


def row_of(name: str, rows: dict[str, Any]) -> tuple[str, ...]:
    """Lay out one row.

    Parameters
    ----------
    name : str
        Key of the row.
    rows : dict
        All rows of the file.

    Returns
    -------
    tuple of str
    """
    row = rows[name]
    times = row["all"]["cpu_s"]
    all_s, spectral_s = min(times), min(rows["spectral"]["all"]["cpu_s"])
    spent = in_words(all_s)
    if len(times) > 1:
        spent += f" (to {in_words(max(times))})"
    errors = row.get("errors", {})
    slower = _NONE if name == "spectral" or all_s < spectral_s else factor(all_s, spectral_s)
    return (
        _ROWS[name],
        f"{row['unknowns']:,}".replace(",", " ") if "unknowns" in row else _NONE,
        in_words(row["first"]) if "first" in row else _NONE,
        spent,
        slower,
        *(f"{100.0 * errors[part]:.2g} %" if part in errors else _NONE for part in _ERRORS),
    )


def report(content: dict[str, Any]) -> str:
    """Lay out a file as text and a table in Markdown.

    Parameters
    ----------
    content : dict
        A file of ``make bench-field``, parsed.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the file lacks the row that the others stand beside.
    """
    rows = content["rows"]
    if "spectral" not in rows:
        msg = "the file has no row of the spectral solver. Measure it by `make bench-field`."
        raise ValueError(msg)
    lines = [
        _circumstances(content),
        "",
        _TASK,
        "",
        f"| {' | '.join(_HEAD)} |",
        f"|{'---|' * len(_HEAD)}",
        *(f"| {' | '.join(row_of(name, rows))} |" for name in _ROWS if name in rows),
    ]
    return "\n".join(lines)


def _circumstances(content: dict[str, Any]) -> str:
    machine, versions = content["machine"], content["versions"]
    first = in_words(content["rows"]["spectral"]["first_call_s"])
    return (
        f"Measured by `make bench-field` on {content['date']}: {machine['processor']} "
        f"({machine['cpu_target']}, {machine['n_cores']} cores, load {machine['load_average']:.1f} before), "
        f"Python {versions['python']}, scikit-fem {versions['scikit-fem']}, pyamg {versions['pyamg']}, "
        f"scipy {versions['scipy']}, scsim {versions['scsim']}. One run, one core; CPU time without imports and "
        "compiling. What takes less than a second is the best of five turns and the worst behind it; scsim's very "
        f"first call, with all that is loaded at first use, took {first}."
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the report of a file, and write it into a README if asked.

    Parameters
    ----------
    arguments : list of str or None
        Arguments of the command; None takes those of the process.

    Returns
    -------
    int
        0.
    """
    return run_report(
        report,
        MARKS,
        description="One canal with all solvers, as a table.",
        made_by="make bench-field",
        arguments=arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
