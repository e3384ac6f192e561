"""What is measured: one table of named cases, from a single fiber to a full study, and their inputs.

How it is measured stands in ``conftest.py`` and the ``test_*.py`` files.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import scsim
from scsim.circuit.gate import RateCondition
from scsim.electrodes.catalog import load_lead
from scsim.electrodes.lead import contact_sources, place_lead
from scsim.validate.field_geometry import read_canal, read_cuff
from scsim.validate.reading import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from scsim.electrodes.sources import Source
    from scsim.validate.field_geometry import CanalGeometry, CuffGeometry

    FloatArray = npt.NDArray[np.float64]

DISTANCE_MM: Final = 4.35
"""Lead axis above the cord surface in the first study, mm."""


@dataclass(frozen=True)
class Scenario:
    """One case.

    Attributes
    ----------
    name : str
        Names the benchmark; changing it starts a new history.
    stage : str
        Part of the program that is timed.
    title : str
        What is computed, for the table of the README.
    work : str
        Unit of work, for the time of one unit.
    sizes : mapping of str to int
        How much of it.
    quantity : str
        Key of `scsim.validate.tolerances.TOLERANCES` whose worst shipped case is printed beside the
        time; empty where the result is compared bit by bit, or is no number.
    """

    name: str
    stage: str
    title: str
    work: str
    sizes: Mapping[str, int]
    quantity: str = ""


def _scenario(
    name: str, stage: str, title: str, work: str, quantity: str, **sizes: int
) -> Scenario:
    return Scenario(name, stage, title, work, MappingProxyType(sizes), quantity)


SCENARIOS: Final = (
    _scenario(
        "field_kernel",
        "field",
        "field kernel: 8 line contacts, 24 lines of 201 points",
        "potential",
        "A1",
        contacts=8,
        lines=24,
        points=201,
    ),
    _scenario(
        "mrg_steps_21_nodes",
        "step",
        "MRG step: 16 fibers of 21 nodes, 5 ms at 5 µs",
        "compartment-step",
        "trace",
        fibers=16,
        nodes=21,
        steps=1000,
    ),
    _scenario(
        "mrg_steps_201_nodes",
        "step",
        "MRG step: 16 fibers of 201 nodes, 1 ms at 5 µs",
        "compartment-step",
        "trace",
        fibers=16,
        nodes=201,
        steps=200,
    ),
    _scenario(
        "rate_steps",
        "circuit",
        "rate model: 16 conditions of 3 s",
        "condition",
        "crodelle_curve",
        conditions=16,
    ),
    _scenario(
        "field_of_a_lead",
        "field",
        "field of a lead along 64 fibers of 51 nodes",
        "potential",
        "A1",
        contacts=8,
        fibers=64,
        nodes=51,
    ),
    _scenario(
        "canal_solve",
        "field",
        "canal with a lead: cross-section meshed and solved for all wavenumbers",
        "canal",
        "spectral_potential",
        canals=1,
    ),
    _scenario(
        "canal_table",
        "field",
        "canal solved before: 8 equipotential contacts, their matrix, 24 lines of 201 points",
        "potential",
        "spectral_potential",
        contacts=8,
        lines=24,
        points=201,
    ),
    _scenario(
        "cuff_solve",
        "field",
        "cuff of two rings around a nerve of one fascicle, solved",
        "cuff",
        "cuff_potential",
        cuffs=1,
    ),
    _scenario(
        "assemble",
        "assemble",
        "assemble and settle 16 fibers of 51 nodes",
        "fiber",
        "trace",
        fibers=16,
        nodes=51,
    ),
    _scenario(
        "threshold_of_one_fiber",
        "threshold",
        "threshold to 0.1 %: 1 fiber of 51 nodes",
        "threshold",
        "threshold",
        fibers=1,
        nodes=51,
    ),
    _scenario(
        "thresholds_of_64_fibers",
        "threshold",
        "thresholds to 0.1 %: 64 fibers of 51 nodes",
        "threshold",
        "threshold",
        fibers=64,
        nodes=51,
    ),
    _scenario(
        "circuit_of_64_conditions",
        "circuit",
        "dorsal horn: 64 conditions of 3 s",
        "condition",
        "crodelle_steady",
        conditions=64,
    ),
    _scenario(
        "storage",
        "storage",
        "write and read back the results of the first study",
        "file",
        "",
        files=1,
    ),
    _scenario(
        "study_overhead",
        "study",
        "study of 2000 cases that share eight fibers and few rates",
        "case",
        "",
        cases=2000,
    ),
    _scenario(
        "first_study",
        "study",
        "the first study (configs/quickstart.toml) in memory, one thread",
        "case",
        "threshold",
    ),
    _scenario(
        "fluid_sweep",
        "study",
        "study of the field for eight thicknesses of the fluid, none known before, two threads",
        "field",
        "spectral_second_difference",
        fields=8,
    ),
    _scenario("help", "start", "scsim --help", "start", "", starts=1),
    _scenario("import", "start", "import scsim", "start", "", starts=1),
    _scenario(
        "first_threshold_compiling", "start", "first threshold, empty cache", "start", "", starts=1
    ),
    _scenario(
        "first_threshold_cached", "start", "first threshold, compiled before", "start", "", starts=1
    ),
)

BY_NAME: Final = MappingProxyType({scenario.name: scenario for scenario in SCENARIOS})


def lead_sources() -> tuple[Source, ...]:
    """Give the eight contacts of the first study's lead as line sources, 4.35 mm above z = 0."""
    return contact_sources(place_lead(load_lead("percutaneous-8"), (0.0, DISTANCE_MM, 0.0)), "line")


def canal_geometry() -> CanalGeometry:
    """Give the canal of the shipped reference tables, with its lead of eight contacts."""
    return read_canal(SHIPPED / "field" / "scs_T_d32_geometry.json")


def canal_lines(geometry: CanalGeometry) -> FloatArray:
    """Give the points of its 24 dorsal-column lines, 201 each, shape (4824, 3)."""
    z = np.arange(-50.0, 50.5, 0.5)
    places = [geometry.line(name) for name, _ in geometry.lines]
    return np.array([(x, y, height) for x, y in places for height in z])


def cuff_geometry() -> CuffGeometry:
    """Give the cuff of the shipped reference tables."""
    return read_cuff(SHIPPED / "field" / "cuff_mono_geometry.json")


def straight_fibers(n_fibers: int, n_nodes: int) -> list[scsim.Fiber]:
    """Give straight fibers along z with diameters spread evenly over 6 to 14 µm."""
    diameters = np.linspace(6.0, 14.0, n_fibers) if n_fibers > 1 else [10.0]
    return [scsim.Fiber("mrg", fiber_diameter_um=float(d), n_nodes=n_nodes) for d in diameters]


def bipolar_potentials(fibers: Sequence[scsim.Fiber]) -> list[FloatArray]:
    """Give unit potentials of two neighboring contacts along fibers, each (2, n_compartments)."""
    medium = scsim.HomogeneousMedium(sigma_s_per_m=0.25)
    return medium.unit_potential_along(lead_sources()[3:5], fibers)


def gate_conditions(n_conditions: int) -> list[RateCondition]:
    """Give conditions over A-beta rate and both states, all different."""
    return [
        RateCondition(
            model="crodelle2019",
            doses=((), (("disinhibited", 2 / 3),))[index % 2],
            f_a_hz=1.0 + 100.0 * index / n_conditions,
            a_beta_rest_hz=1.0,
            c_rest_hz=1.0,
            c_noxious_hz=22.0,
            noxious_onset_s=1.0,
            duration_s=3.0,
            readout_s=1.0,
        )
        for index in range(n_conditions)
    ]


def fluid_config(n_fields: int) -> dict[str, Any]:
    """Give a study of fields alone: the quickstart's lead over different layers of cerebrospinal fluid."""
    thickness = {"sweep": {"linspace": [2.0, 4.8, n_fields]}}
    return {
        "title": "Fields",
        "seed": 1,
        "tissue": {"preset": "thoracic", "csf_thickness_mm": thickness},
        "lead": {"preset": "percutaneous-8"},
        "field": {"solver": "spectral", "contact_model": "equipotential"},
        "montage": {"c4": -1.0, "c5": 1.0},
        "stimulus": {"pulse_width_us": 210.0, "amplitude_ma": 1.0, "frequency_hz": 50.0},
        "output": {"save": ["field_profile", "contact_matrix"]},
    }


def overhead_config(n_cases: int) -> dict[str, Any]:
    """Give a study of many cases, nearly all of whose physics is shared: eight fibers, few distinct rates."""
    n_amplitudes = n_cases // 4
    return {
        "title": "Overhead per case",
        "seed": 1,
        "tissue": {"preset": "thoracic"},
        "lead": {"preset": "percutaneous-8"},
        "field": {"solver": "analytic", "contact_model": "line", "sigma_s_per_m": 0.25},
        "montage": {"c4": -1.0, "c5": 1.0},
        "stimulus": {
            "pulse_width_us": 210.0,
            "amplitude_ma": {"sweep": {"linspace": [0.5, 8.0, n_amplitudes]}},
            "frequency_hz": {"sweep": [10.0, 30.0, 50.0, 100.0]},
        },
        "fibers": {"n_fibers": 8},
        "circuit": {"model": "crodelle2019", "duration_s": 2.5},
        "output": {"save": ["recruitment", "pain_signal"]},
    }
