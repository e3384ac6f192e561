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
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scsim.circuit.afferents import (
    DEFAULTS,
    RATE_DEFAULTS,
    SPIKING_DEFAULTS,
    spiking_input,
)
from scsim.circuit.sections import OWN_FILE, doses_of, is_spiking
from scsim.fields.catalog import BOUNDED_SOLVERS, analytic_sigma_s_per_m, contact_model
from scsim.formats.tables import load_table
from scsim.results.schema import SCHEMA_VERSION, select_datasets
from scsim.results.store import Results
from scsim.stimulus.block import TABLE as BLOCK_TABLE
from scsim.stimulus.safety import SOURCES as CHARGE_KEYS
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

SOFTWARE_KEYS: Final = ("harris2020", "lam2015", "virtanen2020", "collette2013", "hunter2007")
"""Bibliography keys of the libraries that compute, store and draw."""

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_HASHED: Final = ("*.py", "*.toml")
_WITHOUT_NUMBERS: Final = frozenset({"cli", "plots", "validate"})
"""Rooms that cannot change a dataset: no room that computes imports them."""

_FIBER_STAGES: Final = frozenset(
    {"population", "thresholds", "recruitment", "afferents", "drive", "fascicles", "block"}
)
_BLOCK_STAGES: Final = frozenset({"block"})
_CIRCUIT_STAGES: Final = frozenset({"rest", "circuit"})

_CANAL_TISSUES: Final = (
    "white_matter",
    "gray_matter",
    "csf",
    "dura",
    "epidural_fat",
    "bone",
    "soft_tissue",
)
"""Tissues of the canal, as `scsim.tissue.Spine.cross_section` names them."""

_NERVE_TISSUES: Final = ("endoneurium", "perineurium", "epineurium")
"""Tissues of a nerve; what lies around it and in the cuff is named by both."""

_CUFF_FILE: Final = "scsim.fields.cuffs.cuff"
"""File of the spectral solver of a nerve in a cuff."""

_SOLVER_FILES: Final = {
    "analytic": "scsim.fields.closed_form.analytic",
    "spectral": "scsim.fields.canal.spectral",
    "voxel": "scsim.fields.voxels.voxel",
}
"""File of each solver, which names its sources."""

_VOLLEY_TABLE: Final = "afferents/scs_volleys"

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
    if _runs(study, _FIBER_STAGES):
        parts.append(f"fiber model {_names(config.fibers.model for config in configs)}")
    if _runs(study, _BLOCK_STAGES):
        parts.append("block of spikes that start at rest")
    if _runs(study, _CIRCUIT_STAGES):
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


def _runs(study: Study, stages: frozenset[str]) -> bool:
    """Whether what a study saves needs one of some stages."""
    saved = select_datasets(study.cases[0].config.output.save)
    return any(dataset.stage in stages for dataset in saved)


def citations(source: Study | Results) -> tuple[str, ...]:
    """Give the bibliography keys of every model and table that was used, and of the software.

    Parameters
    ----------
    source : Study or Results

    Returns
    -------
    tuple of str
        Keys of `scsim.formats.bibliography.bibtex`, each once.
    """
    if isinstance(source, Results):
        return tuple(str(source.attributes["citations"]).split())
    with_fibers, with_circuit = _runs(source, _FIBER_STAGES), _runs(source, _CIRCUIT_STAGES)
    with_block = _runs(source, _BLOCK_STAGES)
    tables = dict.fromkeys(
        name
        for case in source.cases
        for name in (
            *_space_tables(case.config),
            *(_fiber_tables(case.config) if with_fibers else ()),
            *(_circuit_tables(case.config) if with_circuit else ()),
            *((BLOCK_TABLE,) if with_block else ()),
        )
    )
    keys = [key for name in tables for key in load_table(name).sources]
    # Thousands of cases share few fields, and these the sections of their configs.
    fields = {
        (one.conductivity, one.lead, one.field, one.nerve): one
        for one in (case.config for case in source.cases)
    }
    keys += [key for config in fields.values() for key in _field_keys(config)]
    return tuple(dict.fromkeys([*keys, *CHARGE_KEYS, *SOFTWARE_KEYS]))


def _space_tables(config: StudyConfig) -> tuple[str, ...]:
    """Name the data tables behind anatomy, lead and field of one case."""
    domain = f"domains/{config.domain.kind}"
    if config.nerve.preset is not None:
        return (
            f"leads/{config.lead.preset}",
            f"nerves/{config.nerve.preset}",
            *((domain,) if config.field.solver in BOUNDED_SOLVERS else ()),
        )
    return (
        f"leads/{config.lead.preset}",
        "placement/epidural",
        f"tissues/{config.tissue.preset}",
        *((domain,) if config.field.solver in BOUNDED_SOLVERS else ()),
    )


def _field_keys(config: StudyConfig) -> tuple[str, ...]:
    """Give the bibliography keys of solver and conductivities of one case."""
    solver = config.field.solver
    if solver == "imported":
        return ()
    # A results file needs no solver, so it is loaded here.
    method: tuple[str, ...] = import_module(_solver_file(config)).SOURCES
    return (*_conductivity_keys(config), *method) if solver in BOUNDED_SOLVERS else method


def _solver_file(config: StudyConfig) -> str:
    """Name the file of the solver of one case."""
    solver = config.field.solver
    is_cuff = solver == "spectral" and config.nerve.preset is not None
    return _CUFF_FILE if is_cuff else _SOLVER_FILES[solver]


def _tissues(config: StudyConfig) -> tuple[str, ...]:
    """Name the tissues of one case."""
    if config.nerve.preset is None:
        grown = ("encapsulation",) if config.lead.encapsulation_mm > 0.0 else ()
        return (*(config.field.label_tissues or _CANAL_TISSUES), *grown)
    surround = load_table(f"nerves/{config.nerve.preset}").value("surround")
    filling = load_table(f"leads/{config.lead.preset}").value("filling")
    return (*_NERVE_TISSUES, str(surround), str(filling))


def _conductivity_keys(config: StudyConfig) -> tuple[str, ...]:
    """Give the bibliography keys of the conductivities of one case, those that it changes left out."""
    own = load_table(f"conductivities/{config.conductivity.preset}")
    base = load_table("conductivities/default")
    names = [
        f"{tissue}_s_per_m"
        for tissue in _tissues(config)
        if tissue not in config.conductivity.changes()
    ]
    found = [(own if name in own.entries else base).quantity(name).bib_key for name in names]
    return tuple(key for key in found if key is not None)


def _fiber_tables(config: StudyConfig) -> tuple[str, ...]:
    """Name the data tables behind the fibers of one case."""
    fibers = f"fibers/{config.fibers.model}"
    return (
        f"populations/{config.fibers.population}",
        fibers,
        f"membranes/{load_table(fibers).value('membrane')}",
    )


def _circuit_tables(config: StudyConfig) -> tuple[str, ...]:
    """Name the data tables behind the dorsal horn of one case."""
    circuit = config.circuit
    own = circuit.model == OWN_FILE
    states = (circuit.state, *(name for name, _ in doses_of(circuit, config.states)))
    tables = [*(() if own else (f"circuits/{circuit.model}",)), DEFAULTS]
    tables.append(SPIKING_DEFAULTS if is_spiking(circuit.model) else RATE_DEFAULTS)
    tables += [f"pain_states/{name}" for name in dict.fromkeys(states)]
    if is_spiking(circuit.model):
        tables += [f"protocols/{spiking_input(config.afferents).protocol}", _VOLLEY_TABLE]
    return tuple(tables)


def _names(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
