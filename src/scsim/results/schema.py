"""Every dataset of a results file: name, stage, dimensions, unit, meaning.

The table below is the only place where a dataset gets its meaning: the store writes it into the file,
plots take axis labels from it, the config takes the names of ``output.save`` from `SAVE_GROUPS`.
How arrays are computed or stored does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scsim.errors import Status
from scsim.stimulus.safety import CAVEAT
from scsim.units import SUFFIX_UNITS, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_VERSION: Final = "2"
"""Version of this table. A reader for each older version stays in `results.store`.

2: spiking circuits; ``a_beta_rate_hz`` may be absent, and the group ``spikes`` is new. Files of version 1 are of rate
models and hold nothing that version 2 reads otherwise.
"""

GEOMETRY: Final = "geometry"
"""Group of the datasets that pictures in space need."""


@dataclass(frozen=True)
class Dataset:
    """One dataset: what it is called, where it comes from and what it means.

    Attributes
    ----------
    name : str
        Name in the file, with the unit as its suffix; also the name in the outputs of the stage.
    stage : str
        The stage of the study that computes it.
    dims : tuple of str
        Inner dimensions, after those of the sweep.
    dtype : str
        NumPy type: ``f8``, ``i1`` for a status, ``i8`` for counts, ``O`` for texts.
    long_name : str
        A few words for axis labels.
    description : str
        One or two sentences: definition, sign, assumption.
    group : str
        Group in the file, empty for the root.
    is_status : bool
        Whether the values are those of `scsim.errors.Status`.
    caveat : str
        What the numbers must not be taken for.
    is_optional : bool
        Whether a file lacks it where no case has it, as a rate model has no spikes.
    """

    name: str
    stage: str
    dims: tuple[str, ...]
    dtype: str
    long_name: str
    description: str
    group: str = ""
    is_status: bool = False
    caveat: str = ""
    is_optional: bool = False

    @property
    def path(self) -> str:
        """Name with its group, as `scsim.results.store.Results.dataset` takes it."""
        return f"{self.group}/{self.name}" if self.group else self.name

    @property
    def unit(self) -> str:
        """Unit that the name's suffix stands for, ``"1"`` for pure numbers."""
        return unit_of(self.name)


_RATIO_CAVEAT: Final = (
    "The ratio says nothing about a person: it compares two runs of one model circuit."
)

_FIBERS: Final = (
    Dataset(
        "fiber_diameter_um",
        "population",
        ("fiber",),
        "f8",
        "fiber diameter",
        "Outer diameter, with myelin, of each simulated fiber; fibers are sorted by it.",
    ),
    Dataset(
        "fiber_weight",
        "population",
        ("fiber",),
        "f8",
        "share of the population",
        "Share of the real population that each simulated fiber stands for; sums to 1.",
    ),
    Dataset(
        "fiber_lateral_mm",
        "population",
        ("fiber",),
        "f8",
        "lateral position",
        "Distance of each fiber from the midline, positive to the left.",
    ),
    Dataset(
        "fiber_depth_mm",
        "population",
        ("fiber",),
        "f8",
        "depth below the cord surface",
        "Depth of each fiber below the dorsal surface of the cord, along y.",
    ),
    Dataset(
        "fiber_dermatome",
        "population",
        ("fiber",),
        "O",
        "dermatome",
        "Dermatome that each fiber comes from: its place between the midline and the side of the dorsal columns.",
    ),
)

_THRESHOLDS: Final = (
    Dataset(
        "threshold_ma",
        "thresholds",
        ("fiber",),
        "f8",
        "activation threshold",
        "Smallest amplitude of one pulse at which the fiber fires a propagating spike; NaN where threshold_status is not OK.",
    ),
    Dataset(
        "threshold_status",
        "thresholds",
        ("fiber",),
        "i1",
        "status of the threshold search",
        "Outcome of the threshold search of each fiber.",
        is_status=True,
    ),
)

_RECRUITMENT: Final = (
    Dataset(
        "recruited_share",
        "recruitment",
        (),
        "f8",
        "recruited share of large fibers",
        "Weighted share, among the fibers at least afferents.a_beta_min_diameter_um thick, of those whose threshold, for one pulse alone, the amplitude reaches. Tonic pulses drive the circuit by it, other patterns by the spikes of simulated fibers. A fiber counts from its threshold upward: that excitation may be lost again at many times the threshold is not looked for.",
    ),
    Dataset(
        "followed_rate_hz",
        "following",
        (),
        "f8",
        "rate of large fibers under stimulation",
        "Mean rate at which the fibers at least afferents.a_beta_min_diameter_um thick fire with the stimulation. Tonic pulses up to 500 Hz: recruited_share times the pulse rate, though up to 20 % above their threshold fibers answer a part of the pulses only. Bursts, kilohertz and faster pulses: of simulated fibers, without the first 100 ms.",
    ),
    Dataset(
        "recruited_share_all",
        "recruitment",
        (),
        "f8",
        "recruited share of all fibers",
        "Weighted share, among all dorsal-column fibers of the population, of those whose threshold the amplitude reaches (and from there upward).",
    ),
    Dataset(
        "recruited_share_local",
        "recruitment",
        (),
        "f8",
        "recruited share of local fibers",
        "recruited_share among the fibers of the painful dermatomes, which drive the local A-beta fibers of a spiking circuit.",
    ),
    Dataset(
        "recruited_share_surround",
        "recruitment",
        (),
        "f8",
        "recruited share of surround fibers",
        "recruited_share among the fibers of all other dermatomes, which drive the surround A-beta fibers of a spiking circuit.",
    ),
    Dataset(
        "a_beta_rate_hz",
        "afferents",
        (),
        "f8",
        "A-beta rate",
        "Rate models: mean firing rate of the A-beta afferents: rate at rest + recruited_share x pulse rate.",
        is_optional=True,
    ),
    Dataset(
        "local_fibers",
        "drive",
        (),
        "f8",
        "local fibers that follow",
        "Spiking circuits: A-beta fibers of the painful receptive field, of those in the circuit, that follow each pulse: recruited_share_local times their number, rounded. Of bursts, kilohertz currents and fast trains, whose fibers are simulated, only those that one pulse makes fire are counted: see followed_rate_hz.",
        is_optional=True,
    ),
    Dataset(
        "surround_fibers",
        "drive",
        (),
        "f8",
        "surround fibers that follow",
        "Spiking circuits: A-beta fibers around the painful receptive field, of those in the circuit, that follow each pulse: recruited_share_surround times their number, rounded. Of bursts, kilohertz currents and fast trains, whose fibers are simulated, only those that one pulse makes fire are counted: see followed_rate_hz.",
        is_optional=True,
    ),
)

_RATES: Final = (
    Dataset(
        "projection_rate_hz",
        "circuit",
        (),
        "f8",
        "projection-neuron rate",
        "Mean firing rate of the projection neurons over the last circuit.readout_s of the run: all spikes of a spiking circuit, the total rate of a rate model. It may still be changing at the end of the run.",
    ),
    Dataset(
        "c_driven_rate_hz",
        "circuit",
        (),
        "f8",
        "C-driven rate",
        "Spiking circuits: the part of projection_rate_hz that is not locked to pulses, which the noxious input drives. Told apart by time alone: spikes within 12 ms of a pulse may be answers to it, what hides among them is made up for, and there are never more than without stimulation.",
        is_optional=True,
    ),
    Dataset(
        "pulse_locked_rate_hz",
        "circuit",
        (),
        "f8",
        "pulse-locked rate",
        "Spiking circuits: the part of projection_rate_hz that answers the pulses: projection_rate_hz - c_driven_rate_hz.",
        is_optional=True,
    ),
    Dataset(
        "late_rate_hz",
        "circuit",
        (),
        "f8",
        "rate later than 12 ms after a pulse",
        "Spiking circuits: spikes later than 12 ms after the latest pulse (begin of a burst: 12 ms + its length), per whole time: a plain count, which misses more the higher the pulse rate is and has no use above about 60 Hz.",
        is_optional=True,
    ),
    Dataset(
        "circuit_status",
        "circuit",
        (),
        "i1",
        "status of the circuit run",
        "Outcome of the circuit run.",
        is_status=True,
    ),
    Dataset(
        "rest_rate_hz",
        "rest",
        (),
        "f8",
        "projection-neuron rate without stimulation",
        "projection_rate_hz of the same circuit in the same state with the same noxious input, without stimulation.",
    ),
    Dataset(
        "healthy_rest_rate_hz",
        "rest",
        (),
        "f8",
        "projection-neuron rate of the healthy circuit without stimulation",
        "projection_rate_hz of the healthy circuit with the same noxious input, without stimulation.",
    ),
)

_CELL_RATES: Final = (
    Dataset(
        "cell_rate_hz",
        "circuit",
        ("cell",),
        "f8",
        "firing rate",
        "Spiking circuits: mean firing rate of each cell over the readout.",
        is_optional=True,
    ),
)

_PAIN: Final = (
    Dataset(
        "pain_signal",
        "circuit",
        (),
        "f8",
        "pain signal",
        f"C-driven rate (rate models: projection_rate_hz) / healthy_rest_rate_hz: 1 is what a healthy cord would signal. NaN where pain_status is not OK. {_RATIO_CAVEAT}",
    ),
    Dataset(
        "pain_status",
        "circuit",
        (),
        "i1",
        "status of the pain signal",
        "Whether pain_signal has a meaning.",
        is_status=True,
    ),
)

_RELIEF: Final = (
    Dataset(
        "relief",
        "circuit",
        (),
        "f8",
        "relief",
        f"1 - projection_rate_hz / rest_rate_hz: 0 is no change, 1 is silence, negative is more output, answers to the pulses counted. NaN where relief_status is not OK. {_RATIO_CAVEAT}",
    ),
    Dataset(
        "relief_status",
        "circuit",
        (),
        "i1",
        "status of the relief",
        "Whether relief has a meaning.",
        is_status=True,
    ),
    Dataset(
        "c_driven_relief",
        "circuit",
        (),
        "f8",
        "relief of the C-driven rate",
        f"Spiking circuits: 1 - c_driven_rate_hz / rest_rate_hz, answers to the pulses left out. NaN where relief_status is not OK. {_RATIO_CAVEAT}",
        is_optional=True,
    ),
)

_RATING: Final = (
    Dataset(
        "rating_illustrative",
        "circuit",
        (),
        "f8",
        "illustrative rating",
        "pain_signal on a bounded scale from 0 to 100 model units; the law is an assumption of this project, for teaching.",
        caveat="An illustration of a model, not a rating of a person: it predicts nobody's pain or relief.",
    ),
)

_TIME_COURSES: Final = (
    Dataset(
        "projection_time_course_hz",
        "circuit",
        ("time_s",),
        "f8",
        "projection-neuron rate",
        "Firing rate of the projection neurons over time: of a rate model at each time, of a spiking circuit the spikes of one cell in bins around each time.",
    ),
    Dataset(
        "rest_time_course_hz",
        "rest",
        ("time_s",),
        "f8",
        "projection-neuron rate without stimulation",
        "projection_time_course_hz without stimulation.",
    ),
)

_PSTH: Final = (
    Dataset(
        "psth_hz",
        "circuit",
        ("after_pulse_ms",),
        "f8",
        "projection-neuron rate around a pulse",
        "Spiking circuits: rate of the projection neuron in bins before and after each pulse of the readout, mean over pulses (after the begin of each burst). NaN where no fiber follows the pulses.",
        is_optional=True,
    ),
)

_WIND_UP: Final = (
    Dataset(
        "late_spikes",
        "circuit",
        ("volley",),
        "f8",
        "late spikes after a volley",
        "Spiking circuits with volleys as natural input: spikes of the projection neuron later than 100 ms after each volley and before the next.",
        is_optional=True,
    ),
    Dataset(
        "wind_up_ratio",
        "circuit",
        (),
        "f8",
        "wind-up ratio",
        "late_spikes of the last volley / those of the first; NaN if the first has none.",
        is_optional=True,
    ),
)

SPIKES: Final = "spikes"
"""Group of the spike times, which are ragged: a flat array, and where the spikes of each cell lie in it."""

_SPIKES: Final = (
    Dataset(
        "spike_time_ms",
        "circuit",
        ("spike",),
        "f8",
        "spike time",
        "Spiking circuits: times of all spikes, those of one run and cell in a row: from first_spike on, n_spikes of them. Runs that are equal stand here once.",
        SPIKES,
        is_optional=True,
    ),
    Dataset(
        "first_spike",
        "circuit",
        ("cell",),
        "i8",
        "place of the first spike",
        "Where the spikes of each cell begin in spike_time_ms, from 0.",
        SPIKES,
        is_optional=True,
    ),
    Dataset(
        "n_spikes",
        "circuit",
        ("cell",),
        "i8",
        "number of spikes",
        "How many spikes each cell has in the whole run.",
        SPIKES,
        is_optional=True,
    ),
)

_CHARGE: Final = (
    Dataset(
        "charge_per_phase_uc",
        "charge",
        ("contact",),
        "f8",
        "charge per phase",
        "Size of the largest charge that the contact carries in one phase of a pulse.",
        caveat=CAVEAT,
    ),
    Dataset(
        "net_charge_uc",
        "charge",
        ("contact",),
        "f8",
        "net charge",
        "Charge that one whole pulse leaves on the contact, with the sign of the montage share.",
        caveat=CAVEAT,
    ),
    Dataset(
        "charge_per_second_uc",
        "charge_rate",
        ("contact",),
        "f8",
        "charge per second",
        "Sum of charge_per_phase_uc over the pulses of a second.",
        caveat=CAVEAT,
    ),
    Dataset(
        "charge_density_uc_per_cm2",
        "charge",
        ("contact",),
        "f8",
        "charge density",
        "Charge per phase over the metal area of the contact, as if the current left it evenly.",
        caveat=CAVEAT,
    ),
    Dataset(
        "shannon_k",
        "charge",
        ("contact",),
        "f8",
        "Shannon k",
        "log10(charge density in µC/cm²) + log10(charge per phase in µC); NaN for a contact that carries no current.",
        caveat=CAVEAT,
    ),
)

_IMPEDANCES: Final = (
    Dataset(
        "contact_matrix_ohm",
        "impedance",
        ("contact", "driven_contact"),
        "f8",
        "contact matrix",
        "Potential of each contact per current of each driven contact, which returns at the grounded border of the domain, "
        "with all other contacts floating. The metal is ideal: resistance of the interface and of the lead's wires is not in it.",
    ),
)

_PROFILES: Final = (
    Dataset(
        "profile_potential_mv_per_ma",
        "profile",
        ("depth_mm", "z_mm"),
        "f8",
        "potential along the cord",
        "Potential of the montage per amplitude in the first phase, on the dorsal midline of the cord at each depth below its surface.",
    ),
    Dataset(
        "profile_second_difference_mv_per_ma",
        "profile",
        ("depth_mm", "z_mm"),
        "f8",
        "second difference along the cord",
        "V(z - 7 mm) - 2 V(z) + V(z + 7 mm) of profile_potential_mv_per_ma: the drive of a stretch of fiber, positive where it is depolarized. NaN where a point lies outside the domain.",
    ),
    Dataset(
        "profile_at_contact_mv_per_ma",
        "profile",
        ("depth_mm",),
        "f8",
        "potential at the active contact",
        "Potential at the height of the active contact: the one with the largest share, of equal ones a cathode.",
    ),
    Dataset(
        "profile_peak_mv_per_ma",
        "profile",
        ("depth_mm",),
        "f8",
        "peak above 20 mm from it",
        "Potential at its peak within 10 mm of the active contact, less the mean of those 20 mm below and above the peak. The grounded border hardly changes it. NaN if the line ends before.",
    ),
    Dataset(
        "profile_peak_second_difference_mv_per_ma",
        "profile",
        ("depth_mm",),
        "f8",
        "second difference at the peak",
        "Second difference with a step of 7 mm at the peak of the potential.",
    ),
    Dataset(
        "profile_half_width_mm",
        "profile",
        ("depth_mm",),
        "f8",
        "half width",
        "Length over which the potential stands at least half as far above its level 20 mm away as at its peak, in samples of 0.5 mm.",
    ),
)

_PLACES: Final = (
    Dataset(
        "contact_center_mm",
        GEOMETRY,
        ("contact", "axis"),
        "f8",
        "contact center",
        "Middle of each contact.",
        GEOMETRY,
    ),
    Dataset(
        "contact_direction",
        GEOMETRY,
        ("contact", "axis"),
        "f8",
        "contact direction",
        "Unit vector along each contact.",
        GEOMETRY,
    ),
    Dataset(
        "contact_normal",
        GEOMETRY,
        ("contact", "axis"),
        "f8",
        "contact normal",
        "Unit vector out of each flat contact, into the tissue; NaN for rings.",
        GEOMETRY,
    ),
    Dataset(
        "contact_length_mm",
        GEOMETRY,
        ("contact",),
        "f8",
        "contact length",
        "Length of each contact along its direction.",
        GEOMETRY,
    ),
    Dataset(
        "contact_radius_mm",
        GEOMETRY,
        ("contact",),
        "f8",
        "contact radius",
        "Radius of each cylindrical contact; NaN for flat ones.",
        GEOMETRY,
    ),
    Dataset(
        "contact_width_mm",
        GEOMETRY,
        ("contact",),
        "f8",
        "contact width",
        "Width of each flat contact, across its direction; NaN for rings.",
        GEOMETRY,
    ),
    Dataset(
        "lead_outline_mm",
        GEOMETRY,
        ("lead", "vertex_lead", "section_axis"),
        "f8",
        "outline: lead",
        "Outline of the body of each lead, closed, in the plane across the cord.",
        GEOMETRY,
    ),
    Dataset(
        "lead_span_mm",
        GEOMETRY,
        ("lead", "end"),
        "f8",
        "span of the lead",
        "Lowest and highest z of the metal of each lead.",
        GEOMETRY,
    ),
    Dataset(
        "root_path_mm",
        GEOMETRY,
        ("side", "vertex_root", "axis"),
        "f8",
        "dorsal root",
        "Path of the dorsal root on each side from its entry into the cord at z = 0; NaN where the anatomy has none, or it would leave the sac.",
        GEOMETRY,
    ),
)

_FIBER_PLACES: Final = (
    Dataset(
        "fiber_start_mm",
        "population",
        ("fiber", "axis"),
        "f8",
        "caudal end of the fiber",
        "Caudal end of each fiber.",
        GEOMETRY,
    ),
    Dataset(
        "fiber_end_mm",
        "population",
        ("fiber", "axis"),
        "f8",
        "rostral end of the fiber",
        "Rostral end of each fiber.",
        GEOMETRY,
    ),
)

OUTLINES: Final = MappingProxyType(
    {
        "bone": "outer outline of the vertebral bone ring",
        "canal": "outline of the vertebral canal, filled with epidural fat outside the dura",
        "dura_outer": "outer outline of the dura",
        "dura_inner": "inner outline of the dura; cerebrospinal fluid lies inside",
        "cord": "outline of the spinal cord",
        "gray_matter": "outline of the gray matter",
    }
)
"""Tissue outlines of a cross-section, from outside to inside, and what each one is."""

_OUTLINES: Final = tuple(
    Dataset(
        f"outline_{name}_mm",
        GEOMETRY,
        (f"vertex_{name}", "section_axis"),
        "f8",
        f"outline: {name.replace('_', ' ')}",
        f"{meaning.capitalize()}, closed, in the plane across the cord.",
        GEOMETRY,
    )
    for name, meaning in OUTLINES.items()
)

ALWAYS_SAVED: Final = (*_CHARGE, *_PLACES, *_OUTLINES)
"""Datasets in every results file: what stimulated, where it lay and what charge it delivered."""

OF_FIBERS: Final = (*_FIBERS, *_FIBER_PLACES)
"""Datasets in every results file of a study that runs fibers: what was stimulated, and where it lay."""

SAVE_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "recruitment": tuple(dataset.path for dataset in _RECRUITMENT),
        "thresholds": tuple(dataset.path for dataset in _THRESHOLDS),
        "projection_rate": tuple(dataset.path for dataset in _RATES),
        "pain_signal": tuple(dataset.path for dataset in _PAIN),
        "relief": tuple(dataset.path for dataset in _RELIEF),
        "time_course": tuple(dataset.path for dataset in _TIME_COURSES),
        "cell_rates": tuple(dataset.path for dataset in _CELL_RATES),
        "psth": tuple(dataset.path for dataset in _PSTH),
        "wind_up": tuple(dataset.path for dataset in _WIND_UP),
        "spikes": tuple(dataset.path for dataset in _SPIKES),
        "rating_illustrative": tuple(dataset.path for dataset in _RATING),
        "contact_matrix": tuple(dataset.path for dataset in _IMPEDANCES),
        "field_profile": tuple(dataset.path for dataset in _PROFILES),
    }
)
"""Names that ``output.save`` takes, and the datasets that each one adds to the file."""

FIELD_GROUPS: Final = ("contact_matrix", "field_profile")
"""Names of `SAVE_GROUPS` that need the field alone: no fibers, no dorsal horn."""

DATASETS: Final[Mapping[str, Dataset]] = MappingProxyType(
    {
        dataset.path: dataset
        for dataset in (
            *_FIBERS,
            *_THRESHOLDS,
            *_RECRUITMENT,
            *_RATES,
            *_CELL_RATES,
            *_PAIN,
            *_RELIEF,
            *_RATING,
            *_TIME_COURSES,
            *_PSTH,
            *_WIND_UP,
            *_SPIKES,
            *_IMPEDANCES,
            *_PROFILES,
            *_CHARGE,
            *_PLACES,
            *_FIBER_PLACES,
            *_OUTLINES,
        )
    }
)
"""Every dataset by its path in the file, in the order in which a file lists them."""

STATUS_DESCRIPTION: Final = "Outcome of each case: OK, or the first thing that went wrong in it."

FLAG_VALUES: Final = tuple(int(status) for status in Status)
FLAG_MEANINGS: Final = " ".join(status.name for status in Status)
"""Attributes ``flag_values`` and ``flag_meanings`` of every status."""

INNER_DIMENSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fiber": "fiber",
        "contact": "contact",
        "driven_contact": "driven contact",
        "depth_mm": "depth below the dorsal surface of the cord",
        "z_mm": "z, rostral",
        "lead": "lead",
        "end": "end of the lead",
        "side": "side of the body",
        "vertex_root": "point of the dorsal root",
        "time_s": "time",
        "cell": "cell",
        "after_pulse_ms": "time after a pulse",
        "volley": "volley",
        "spike": "spike",
        "axis": "axis: x to the left, y dorsal, z rostral",
        "section_axis": "axis across the cord: x to the left, y dorsal",
        **{
            f"vertex_{name}": f"vertex of the outline: {name.replace('_', ' ')}"
            for name in OUTLINES
        },
        "vertex_lead": "vertex of the outline: lead",
    }
)
"""Dimensions that do not come from a sweep, and their long names."""

SCALE_DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "case": "Number of the case, from 0 in the order of the config.",
        "case_name": "Name of the case: that of its table, or its swept values.",
        "fiber": "Number of the simulated fiber, from 0 in the order of diameter.",
        "contact": "Label of the contact on the lead, from caudal to rostral.",
        "driven_contact": "Label of the contact that carries the current.",
        "depth_mm": "Depth of each line below the dorsal surface of the cord, on its midline.",
        "z_mm": "Height of each sample along the cord; 0 is the middle of a lead that is not moved.",
        "lead": "Number of the lead, from 0 at the smallest x.",
        "end": "Caudal or rostral end.",
        "side": "Side of the body.",
        "vertex_root": "Number of the point along the root, from its entry on.",
        "time_s": "Time from the start of the run and of stimulation; the middle of a bin for spiking circuits.",
        "cell": "Cell of the circuit.",
        "after_pulse_ms": "Middle of each bin, from the pulse on; negative before it.",
        "volley": "Number of the volley, from 0.",
        "spike": "Number of the spike, from 0.",
        "axis": "Axis of space, right-handed.",
        "section_axis": "Axis of the plane across the cord.",
        **{
            f"vertex_{name}": "Number of the vertex along the closed outline, from 0."
            for name in OUTLINES
        },
        "vertex_lead": "Number of the vertex along the closed outline, from 0; shorter outlines end with NaN.",
    }
)
"""What the values along each dimension mean that does not come from a swept key."""

_SWEPT_NAMES: Final = MappingProxyType({"case": "case", "frequency_hz": "pulse rate"})


def select_datasets(save: tuple[str, ...]) -> tuple[Dataset, ...]:
    """Give the datasets that a file holds for a list of ``output.save``.

    Parameters
    ----------
    save : tuple of str
        Names of `SAVE_GROUPS`.

    Returns
    -------
    tuple of Dataset
        In the order of the table, those that every file holds among them; those of the fibers only if the
        list needs any.
    """
    wanted = {dataset.path for dataset in ALWAYS_SAVED}
    if not set(save) <= set(FIELD_GROUPS):
        wanted.update(dataset.path for dataset in OF_FIBERS)
    for name in save:
        wanted.update(SAVE_GROUPS[name])
    return tuple(dataset for path, dataset in DATASETS.items() if path in wanted)


def long_name_of(name: str) -> str:
    """Put the name of a dataset, dimension or swept key into words.

    Parameters
    ----------
    name : str
        For example ``threshold_ma`` or ``pulse_width_us``.

    Returns
    -------
    str
        For example ``activation threshold`` or ``pulse width``.
    """
    if name in DATASETS:
        return DATASETS[name].long_name
    known = INNER_DIMENSIONS.get(name) or _SWEPT_NAMES.get(name)
    if known is not None:
        return known
    for suffix in SUFFIX_UNITS:
        if name.endswith(f"_{suffix}"):
            name = name.removesuffix(f"_{suffix}")
            break
    return name.replace("_", " ")


def axis_label(name: str) -> str:
    """Give the label of a plot's axis: the long name and the unit.

    Parameters
    ----------
    name : str
        Path of a dataset, or the name of a dimension or swept key.

    Returns
    -------
    str
        For example ``activation threshold (mA)``; without brackets for pure numbers.
    """
    unit = unit_of(name)
    return long_name_of(name) if unit == "1" else f"{long_name_of(name)} ({unit})"
