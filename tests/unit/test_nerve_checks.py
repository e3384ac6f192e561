"""Configs of nerves and of block: each combination without a meaning is refused beside its key, with advice."""

import pytest

from scsim.errors import ConfigError
from scsim.results.schema import CANAL_GROUPS, SAVE_GROUPS
from scsim.study.config import SECTIONS, config_hash, resolved_toml
from scsim.study.reading.keys import field_types
from scsim.study.reading.nerve_checks import NOT_OF_CANAL, NOT_OF_NERVE, applies, kind_of
from scsim.study.reading.parse import parse_study
from tests.study.small_study import NERVE, TEXT, small_study, without_sweeps

PLAIN = without_sweeps(NERVE)


def faults(text: str, *overrides: str):
    with pytest.raises(ConfigError) as caught:
        parse_study(text, overrides=overrides)
    return caught.value.faults


def the_fault(text: str, *overrides: str):
    (fault,) = faults(text, *overrides)
    return fault


def test_the_small_study_is_sound():
    assert len(small_study(text=NERVE).cases) == 4


OF_THE_CANAL = {
    'tissue.preset="thoracic"': "tissue.preset",
    "tissue.csf_thickness_mm=3.0": "tissue.csf_thickness_mm",
    'circuit.model="crodelle2019"': "circuit.model",
    "afferents.noxious_onset_s=0.2": "afferents.noxious_onset_s",
    'afferents.painful_dermatomes=["L5"]': "afferents.painful_dermatomes",
    "states.disinhibited=0.5": "states.disinhibited",
    "lead.lateral_mm=1.0": "lead.lateral_mm",
    "lead.dura_gap_mm=0.2": "lead.dura_gap_mm",
    "lead.n_leads=2": "lead.n_leads",
    "lead.lead_spacing_mm=2.0": "lead.lead_spacing_mm",
    "lead.encapsulation_mm=0.1": "lead.encapsulation_mm",
    "lead.contact_length_mm=2.0": "lead.contact_length_mm",
    "lead.contact_gap_mm=2.0": "lead.contact_gap_mm",
    "field.resolution=2.0": "field.resolution",
    "field.profile_depths_mm=[0.2]": "field.profile_depths_mm",
    "fibers.depth_max_mm=0.3": "fibers.depth_max_mm",
    "fibers.lateral_max_mm=1.0": "fibers.lateral_max_mm",
    "fibers.median_diameter_um=5.0": "fibers.median_diameter_um",
}


@pytest.mark.parametrize("override", OF_THE_CANAL)
def test_a_nerve_refuses_keys_of_the_canal_even_at_their_defaults(override):
    fault = the_fault(PLAIN, override)
    assert fault.key == OF_THE_CANAL[override]
    assert "a nerve has no spinal canal" in fault.problem
    assert "remove [nerve]" in fault.remedy


@pytest.mark.parametrize("override", ["lead.turn_deg=10.0", "fibers.diameter_um=8.0"])
def test_the_canal_refuses_keys_of_a_nerve(override):
    fault = the_fault(without_sweeps(TEXT), override)
    assert fault.key == override.partition("=")[0]
    assert "only a study of a nerve" in fault.problem
    assert 'preset = "three-fascicle"' in fault.remedy


def test_a_swept_key_of_the_canal_is_told_once():
    fault = the_fault(PLAIN, "lead.lateral_mm={sweep=[0.0, 1.0, 2.0]}")
    assert fault.key == "lead.lateral_mm"


def test_cases_of_both_kinds_are_refused():
    cases = '\n[[case]]\nname = "a"\nnerve.preset = "single-fascicle"\n[[case]]\nname = "b"\n'
    text = without_sweeps(TEXT) + cases
    fault = the_fault(text)
    assert "some cases have a nerve and others none" in fault.problem
    assert "two studies" in fault.remedy


TOGETHER = {
    "unknown nerve": (('nerve.preset="tree-fascicle"',), "nerve.preset", "single-fascicle", "three-fascicle"),
    "no cuff": (('lead.preset="percutaneous-8"',), "lead.preset", "there is no such cuff", "cuff-"),
    "too narrow": (
        ('nerve.preset="three-fascicle"', 'field.solver="voxel"'),
        "lead.preset",
        "0.85 mm; the nerve 'three-fascicle' has one of 1 mm",
        "cuff-bipolar-wide",
    ),
    "several fascicles": (
        ('nerve.preset="three-fascicle"', 'lead.preset="cuff-bipolar-wide"', "montage={c1=-1.0, c2=1.0}"),
        "field.solver",
        "has 3",
        'solver = "voxel"',
    ),
    "closed form": (('field.solver="analytic"', 'output.save=["thresholds"]'), "field.solver", "knows no cuff", "voxel"),
    "fibers of the cord": (('fibers.population="dorsal_column"',), "fibers.population", "in the spinal cord", '"nerve"'),
    "few diameters": (('fibers.model="mrg_discrete"',), "fibers.model", "a few diameters only", 'model = "mrg"'),
    "unknown model": (('fibers.model="mgr"',), "fibers.model", "no such fiber model", "mrg"),
    "too thick": (("fibers.diameter_um=17.0",), "fibers.diameter_um", "2 to 16 µm", "another model"),
    "too few fibers": (
        (
            'nerve.preset="three-fascicle"',
            'lead.preset="cuff-bipolar-wide"',
            "montage={c1=-1.0, c2=1.0}",
            'field.solver="voxel"',
            "fibers.n_fibers=2",
        ),
        "fibers.n_fibers",
        "3 fascicles",
        "3 or more",
    ),
    "long fibers": (("fibers.margin_mm=220",), "fibers.margin_mm", "ends at 200 mm", "margin_mm = 194 or less"),
    "far cuff": (("lead.rostral_mm=198",), "lead.rostral_mm", "the domain ends at 200 mm", "Move the cuff"),
    "narrow box": (
        ('domain.kind="box"', "domain.half_width_mm=1.0"),
        "domain.half_width_mm",
        "1.35 mm from its axis",
        "larger",
    ),
    "output of the canal": (
        ('output.save=["recruitment", "thresholds"]',),
        "output.save",
        '"recruitment" belongs to leads in the spinal canal',
        '"nerve_recruitment"',
    ),
    "a contact too many": (("montage={c1=-1.0, c9=1.0}",), "montage.c9", "it has c1, c2", "Use one of these"),
    "block of slow pulses": (
        ('stimulus.pattern="tonic"', "stimulus.frequency_hz=50", 'output.save=["block"]'),
        "stimulus.pattern",
        "1000 Hz and more",
        'pattern = "kilohertz"',
    ),
    "amplitudes of block": (
        ("block.first_amplitude_ma=2.0", "block.max_amplitude_ma=1.0"),
        "block.max_amplitude_ma",
        "begins at 2 mA and would end at 1 mA",
        "more than 2",
    ),
    "test spikes": (
        ("block.test_interval_ms=1.0", "block.test_duration_ms=2.0"),
        "block.test_duration_ms",
        "2 ms would not end before the next one, 1 ms later",
        "less than 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOGETHER)
def test_what_does_not_go_together_is_refused_beside_its_key(name):
    overrides, key, problem, remedy = TOGETHER[name]
    fault = the_fault(PLAIN, *overrides)
    assert fault.key == key
    assert problem in fault.problem
    assert remedy in fault.remedy


def test_the_canal_refuses_fibers_and_outputs_of_a_nerve():
    text = without_sweeps(TEXT)
    fault = the_fault(text, 'fibers.population="nerve"')
    assert fault.key == "fibers.population"
    assert "the study has none" in fault.problem
    assert "add [nerve]" in fault.remedy.replace("Add", "add")
    fault = the_fault(text, 'output.save=["nerve_recruitment"]')
    assert fault.key == "output.save"
    assert "belongs to a nerve" in fault.problem
    assert '"recruitment"' in fault.remedy


def test_a_cuff_in_the_canal_is_refused():
    told = faults(without_sweeps(TEXT), 'lead.preset="cuff-tripolar"')
    assert any(fault.key == "lead.preset" for fault in told)


def test_a_nerve_whose_preset_is_at_fault_is_a_nerve_all_the_same():
    fault = the_fault(PLAIN, "nerve.preset=3")
    assert fault.key == "nerve.preset"
    assert kind_of({}) == "nerve"
    assert kind_of({"preset": None}) == "canal"


def test_sizes_of_contacts_are_refused_for_paddles():
    fault = the_fault(
        without_sweeps(TEXT).replace('solver = "analytic"\ncontact_model = "line"\nsigma_s_per_m = 0.25', 'solver = "spectral"'),
        'lead.preset="paddle-3-column"',
        "lead.contact_gap_mm=2.0",
    )  # fmt: skip
    assert fault.key == "lead.contact_gap_mm"
    assert "only percutaneous leads" in fault.problem
    assert "percutaneous lead" in fault.remedy


def test_every_key_that_is_of_one_kind_exists():
    for key in (*NOT_OF_NERVE, *NOT_OF_CANAL):
        table, _, name = key.partition(".")
        assert not name or name in field_types(SECTIONS[table]), key
    assert applies("stimulus.amplitude_ma", "nerve")
    assert applies("stimulus.amplitude_ma", "canal")
    assert set(CANAL_GROUPS) < set(SAVE_GROUPS)


def test_reading_the_resolved_config_again_gives_the_same_study():
    study = small_study(text=NERVE)
    again = parse_study(resolved_toml(study))
    assert config_hash(again) == config_hash(study)
    assert [case.config for case in again.cases] == [case.config for case in study.cases]
