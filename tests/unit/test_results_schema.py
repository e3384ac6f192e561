"""The table of datasets is whole: units, words, groups."""

import pytest

from scsim.errors import Status
from scsim.results.schema import (
    ALWAYS_SAVED,
    DATASETS,
    FIELD_GROUPS,
    FLAG_MEANINGS,
    FLAG_VALUES,
    INNER_DIMENSIONS,
    OF_FIBERS,
    SAVE_GROUPS,
    axis_label,
    long_name_of,
    select_datasets,
)
from scsim.stimulus.safety import CAVEAT
from scsim.study.stages.table import STAGES


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=list(DATASETS))
def test_every_dataset_says_what_it_is(dataset):
    assert dataset.unit
    assert dataset.long_name
    assert dataset.description.endswith(".")
    kinds = {"fiber_dermatome": "O", "first_spike": "i8", "n_spikes": "i8"}
    kinds |= {"fiber_fascicle": "i8", "block_onset_spikes": "i8", "block_spikes_below": "i8"}
    assert dataset.dtype == ("i1" if dataset.is_status else kinds.get(dataset.name, "f8"))
    assert set(dataset.dims) <= set(INNER_DIMENSIONS)
    assert dataset.stage in {stage.name for stage in STAGES}


def test_every_dataset_can_be_saved():
    selected = select_datasets(tuple(SAVE_GROUPS))
    assert {dataset.path for dataset in selected} == set(DATASETS)


def test_a_selection_holds_what_is_always_saved_and_no_more():
    names = {dataset.path for dataset in select_datasets(("relief",))}
    always = {dataset.path for dataset in (*ALWAYS_SAVED, *OF_FIBERS)}
    assert names == always | {"relief", "relief_status", "c_driven_relief"}


def test_a_selection_of_fields_holds_no_fibers():
    names = {dataset.path for dataset in select_datasets(FIELD_GROUPS)}
    always = {dataset.path for dataset in ALWAYS_SAVED}
    assert names == always.union(*(SAVE_GROUPS[group] for group in FIELD_GROUPS))
    assert not any("fiber" in name for name in names)


def test_charge_carries_its_caveat():
    for name in ("charge_per_phase_uc", "net_charge_uc", "charge_density_uc_per_cm2", "shannon_k"):
        assert DATASETS[name].caveat == CAVEAT


def test_flags_name_every_status():
    assert tuple(int(status) for status in Status) == FLAG_VALUES
    assert FLAG_MEANINGS.split() == [status.name for status in Status]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("threshold_ma", "activation threshold (mA)"),
        ("recruited_share", "recruited share of large fibers"),
        ("time_s", "time (s)"),
        ("contact_matrix_ohm", "contact matrix (Ω)"),
        ("z_mm", "z, rostral (mm)"),
        ("cord_turn_deg", "cord turn (°)"),
        ("frequency_hz", "pulse rate (Hz)"),
        ("pulse_width_us", "pulse width (µs)"),
        ("stimulus_amplitude_ma", "stimulus amplitude (mA)"),
        ("state", "state"),
    ],
)
def test_labels_hold_name_and_unit(name: str, label: str):
    assert axis_label(name) == label
    assert label.startswith(long_name_of(name))
