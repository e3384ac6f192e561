"""Where results come from: versions, hashes, machine, sources, and what they do not say.

Nothing is computed here that enters a dataset.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scsim.circuit.sections import OWN_FILE
from scsim.fields.catalog import BOUNDED_SOLVERS, analytic_sigma_s_per_m, contact_model
from scsim.formats.tables import load_table
from scsim.results.schema import SCHEMA_VERSION
from scsim.study.citations import (
    BLOCK_STAGES,
    CIRCUIT_STAGES,
    FIBER_STAGES,
    citations,
    runs,
)
from scsim.study.config import config_hash, resolved_toml
from scsim.study.inputs import content_hash, describe_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scsim.study.config import Study, StudyConfig

DISCLAIMER: Final = (
    "scsim is a teaching and research model. It is not a medical device, drives no hardware, and has "
    "not been validated for any patient. Do not use its output to choose, set or change a stimulator, "
    "a drug, a therapy or an exercise plan. If you have pain or symptoms, speak to a health "
    "professional."
)
"""The scope note; root attribute ``disclaimer`` of every results file."""

NOT_A_CHECKOUT: Final = "not a git checkout"

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_HASHED: Final = ("*.py", "*.toml")
_WITHOUT_NUMBERS: Final = frozenset({"cli", "plots", "validate"})
"""Rooms that cannot change a dataset: no room that computes imports them."""

TIME_ATTRIBUTES: Final = ("created", "wall_seconds", "cpu_seconds", "seconds_of")
"""Root attributes that tell when a session ran and what it took: all that may differ between two runs of one study."""

PLACE_ATTRIBUTES: Final = ("git_commit", "platform", "cpu_target", "source_hash")
"""Root attributes, beside versions, of the program and the machine that made results."""

_GIT_TIMEOUT_S: Final = 5.0
_VECTOR_SETS: Final = ("avx512f", "avx2", "avx", "sve", "neon", "asimd", "sse4.2")


@functools.cache
def source_hash() -> str:
    """Hash the program: every source file and data table that can change a dataset.

    The command line, plots and validation are left out, so a new color costs no computation.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    digest = hashlib.sha256()
    paths = {path for pattern in _HASHED for path in _PACKAGE.rglob(pattern)}
    for path in sorted(paths):
        if path.relative_to(_PACKAGE).parts[0] in _WITHOUT_NUMBERS:
            continue
        digest.update(f"{path.relative_to(_PACKAGE).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def git_commit() -> str:
    """Give the commit of the checkout that the package runs from.

    Returns
    -------
    str
        Forty digits, with ``-dirty`` if files differ from it; ``not a git checkout`` for an
        installed package.
    """
    root = _PACKAGE.parents[1]
    if not (root / ".git").exists():
        return NOT_A_CHECKOUT
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(
            command, cwd=root, capture_output=True, text=True, check=True, timeout=_GIT_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return NOT_A_CHECKOUT
    return answer.stdout.strip() or NOT_A_CHECKOUT


@functools.cache
def cpu_target() -> str:
    """Name the processor that kernels are compiled for, and its widest vector instructions.

    Bits of results are promised for one such target.

    Returns
    -------
    str
        For example ``sapphirerapids, avx512f``.
    """
    from llvmlite import binding  # noqa: PLC0415  (only asked for once kernels have run)

    chosen = os.environ.get("NUMBA_CPU_NAME")
    if chosen:
        return f"{chosen}, chosen by NUMBA_CPU_NAME"
    features = binding.get_host_cpu_features()
    vectors = next((one for one in _VECTOR_SETS if features.get(one)), "no vector instructions")
    return f"{binding.get_host_cpu_name()}, {vectors}"


def versions() -> dict[str, str]:
    """Give the versions that a result depends on, without importing the libraries.

    Returns
    -------
    dict of str to str
        Of scsim, numpy, scipy, numba, h5py and Python.
    """
    names = ("scsim", "numpy", "scipy", "numba", "h5py")
    return {name: metadata.version(name) for name in names} | {"python": platform.python_version()}


def identify(study: Study) -> dict[str, str]:
    """Say which study and which program a folder belongs to.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict of str to str
        ``title``, ``config_hash``, ``source_hash`` and ``schema_version``.
    """
    return {
        "title": study.title,
        "config_hash": _hash_of_study(study),
        "source_hash": source_hash(),
        "schema_version": SCHEMA_VERSION,
    }


def _hash_of_study(study: Study) -> str:
    """Hash the resolved config, and the content of the files that it names, if it names any."""
    content = content_hash(case.config for case in study.cases)
    config = config_hash(study)
    return hashlib.sha256(f"{config}{content}".encode()).hexdigest() if content else config


def describe(
    study: Study,
    wall_seconds: Mapping[str, float],
    cpu_seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Give the root attributes of a results file that say where it comes from.

    Parameters
    ----------
    study : Study
    wall_seconds, cpu_seconds : mapping of str to float
        By stage, s.

    Returns
    -------
    dict of str to str or int
    """
    inputs = describe_files(case.config for case in study.cases)
    return {
        **identify(study),
        "config": resolved_toml(study),
        **({"inputs": inputs} if inputs else {}),
        "seed": study.seed,
        "sweep_mode": study.mode,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **{f"{name}_version": version for name, version in versions().items()},
        "git_commit": git_commit(),
        "platform": platform.platform(),
        "cpu_target": cpu_target(),
        "wall_seconds": json.dumps({name: round(value, 4) for name, value in wall_seconds.items()}),
        "cpu_seconds": json.dumps({name: round(value, 4) for name, value in cpu_seconds.items()}),
        "disclaimer": DISCLAIMER,
        "model_scope": model_scope(study),
        "citations": " ".join(citations(study)),
    }


def model_scope(study: Study) -> str:
    """Say in a sentence what the results of a study hold for.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
    """
    configs = [case.config for case in study.cases]
    anatomies = _names(_anatomy_in_words(config) for config in configs)
    fields = _names(_field_in_words(config) for config in configs)
    parts = [anatomies[0].upper() + anatomies[1:], f"{fields} field"]
    if runs(study, FIBER_STAGES):
        parts.append(f"fiber model {_names(config.fibers.model for config in configs)}")
    if runs(study, BLOCK_STAGES):
        parts.append("block of spikes that start at rest")
    if runs(study, CIRCUIT_STAGES):
        models = dict.fromkeys(config.circuit.model for config in configs)
        titles = _names(map(_model_in_words, models))
        parts.append(f"circuit model {titles}")
    return f"{', '.join(parts)}. The numbers hold for these models, not for a person."


def _model_in_words(model: str) -> str:
    """Name a circuit and say what it is."""
    if model == OWN_FILE:
        return "of the user's own file"
    return f"{model} ({load_table(f'circuits/{model}').title})"


def _anatomy_in_words(config: StudyConfig) -> str:
    """Name what stands for the anatomy of a case: a preset or a label volume, in which a preset places the lead."""
    preset, file = config.tissue.preset, config.field.label_file
    if config.nerve.preset is not None:
        return f"one synthetic nerve ({config.nerve.preset}) in a cuff ({config.lead.preset})"
    if file is None:
        return f"one synthetic anatomy ({preset})"
    return f"the label volume {file} (leads and fibers placed as in {preset})"


def _field_in_words(config: StudyConfig) -> str:
    """Name solver, conductivities and contact model of a case, defaults among them."""
    field = config.field
    if field.solver == "analytic":
        sigma = analytic_sigma_s_per_m(field)
        values = sigma if isinstance(sigma, tuple) else (sigma,)
        return f"analytic ({', '.join(f'{value:g}' for value in values)} S/m)"
    if field.solver not in BOUNDED_SOLVERS:
        return f"imported (potentials of the file {field.file})"
    changed = " with changes" if config.conductivity.changes() else ""
    return (
        f"{field.solver} ({config.conductivity.preset} conductivities{changed}, "
        f"{contact_model(field)} contacts)"
    )


def _names(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
