"""What a study has to cite: every model, table and program behind its numbers.

The entries themselves are data (``data/references``); what is said in words belongs in ``methods.py``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from scsim.circuit.afferents import DEFAULTS, RATE_DEFAULTS, SPIKING_DEFAULTS, spiking_input
from scsim.circuit.sections import OWN_FILE, doses_of, is_spiking
from scsim.errors import ResultsError
from scsim.fields.catalog import BOUNDED_SOLVERS
from scsim.formats.tables import load_table
from scsim.results.schema import select_datasets
from scsim.results.store import Results
from scsim.stimulus.block import TABLE as BLOCK_TABLE
from scsim.stimulus.safety import SOURCES as CHARGE_KEYS

if TYPE_CHECKING:
    from scsim.study.config import Study, StudyConfig

PROGRAM_KEY: Final = "scsim"
"""Bibliography key of this program."""

SOFTWARE_KEYS: Final = ("harris2020", "lam2015", "virtanen2020", "collette2013", "hunter2007")
"""Bibliography keys of the libraries that compute, store and draw."""

FIBER_STAGES: Final = frozenset(
    {"population", "thresholds", "recruitment", "afferents", "drive", "fascicles", "block"}
)
BLOCK_STAGES: Final = frozenset({"block"})
CIRCUIT_STAGES: Final = frozenset({"rest", "circuit"})

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


def runs(study: Study, stages: frozenset[str]) -> bool:
    """Tell whether what a study saves needs one of some stages.

    Parameters
    ----------
    study : Study
    stages : frozenset of str

    Returns
    -------
    bool
    """
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
        Keys of `scsim.formats.bibliography.bibtex`, each once, that of scsim itself first.

    Raises
    ------
    ResultsError
        If the results do not say what they cite.
    """
    if isinstance(source, Results):
        # Files of older versions do not name the program itself.
        return tuple(dict.fromkeys([PROGRAM_KEY, *_stored_keys(source)]))
    with_fibers, with_circuit = runs(source, FIBER_STAGES), runs(source, CIRCUIT_STAGES)
    with_block = runs(source, BLOCK_STAGES)
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
    return tuple(dict.fromkeys([PROGRAM_KEY, *keys, *CHARGE_KEYS, *SOFTWARE_KEYS]))


def _stored_keys(results: Results) -> list[str]:
    """Read the keys that results hold."""
    stored = results.attributes.get("citations")
    if not isinstance(stored, str):
        message = f"{results.path or 'these results'} lack the attribute citations, so it is not known what they cite: give a results.h5 that scsim run wrote, or the config."
        raise ResultsError(message)
    return stored.split()


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
