"""The methods in words: every setting that counts, with its unit, and whence the numbers come."""

import tomllib
from types import MappingProxyType

import numpy as np
import pytest

import scsim
from scsim.errors import ResultsError
from scsim.formats.hdf5 import make_variable
from scsim.formats.tables import load_table
from scsim.results.store import Results
from scsim.study.citations import citations
from scsim.study.config import resolved_toml
from scsim.study.methods import library_versions, methods_text
from scsim.study.provenance import describe, identify
from tests.study.small_study import CASES, SPIKING, TEXT, small_study, without_sweeps


def results_of(study, **changed) -> Results:
    """Give the attributes that running a study would write, and a status per case."""
    attributes = {**describe(study, {}, {}), **changed}
    attributes = {name: value for name, value in attributes.items() if value is not None}
    status = make_variable("status", ("case",), np.zeros(len(study.cases), np.int8), {})
    return Results(MappingProxyType({"status": status}), MappingProxyType(attributes))


def test_program_versions_seed_and_hashes_are_named():
    study = small_study()
    text = methods_text(study)
    for words in (
        "scsim " + scsim.__version__,
        "numpy " + np.__version__,
        "(Harris et al. 2020)",
        "seed 7",
        identify(study)["config_hash"],
        identify(study)["source_hash"][:12],
        "The numbers hold for these models, not for a person.",
    ):
        assert words in text, words


def test_models_and_settings_are_named_with_units_and_sources():
    text = methods_text(small_study())
    for words in (
        "preset thoracic",
        "lateral 0 mm",
        "shares of the current: c2 -1, c3 1",
        "solver analytic",
        "pulse width 200 µs",
        "amplitude 0.6, 1.2 and 2.4 mA",
        "model mrg",
        "number of fibers 20",
        "McIntyre et al. 2002",
        "model crodelle2019",
        "Crodelle et al. 2019",
        "It has 12 cases: every combination of the swept values",
        "circuit.state (healthy and disinhibited)",
    ):
        assert words in text, words


def test_every_number_of_what_is_read_is_there():
    """Each number of the resolved config, of the tables that such a study reads, stands in the text."""
    study = small_study(text=without_sweeps(TEXT))
    config, text = tomllib.loads(resolved_toml(study)), methods_text(study)
    for table in (
        "tissue",
        "lead",
        "field",
        "stimulus",
        "fibers",
        "afferents",
        "circuit",
        "montage",
    ):
        for key, value in config[table].items():
            if isinstance(value, int | float):
                assert f"{value:.12g}" in text, (table, key)
            elif isinstance(value, str):
                assert value in text, (table, key)


def test_only_what_is_computed_is_told():
    text = methods_text(
        small_study('output.save=["contact_matrix"]', 'field={ solver = "spectral" }')
    )
    assert "Fibers" not in text
    assert "Dorsal horn" not in text
    assert "block" not in text
    assert "Fibers" in methods_text(small_study('output.save=["thresholds"]'))


@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        ("[0.6, 1.2]", "0.6 and 1.2 mA"),
        ("[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]", "9 values, 0.1 to 0.9 mA"),
        ("{ linspace = [0.5, 2, 4] }", "4 values, evenly spaced, from 0.5 to 2 mA"),
        ("{ logspace = [0.5, 2, 4] }", "evenly spaced in their logarithm, from 0.5 to 2 mA"),
        ("{ uniform = [0.5, 2] }", "drawn uniformly from 0.5 to 2 mA"),
        ("{ loguniform = [0.5, 2] }", "drawn uniformly in its logarithm from 0.5 to 2 mA"),
        ("{ normal = [2, 0.1] }", "drawn normally with mean 2 mA and standard deviation 0.1 mA"),
        (
            "{ normal = [2, 0.5, 1, 3] }",
            "mean 2 mA and standard deviation 0.5 mA, cut to 1 to 3 mA",
        ),
    ],
)
def test_sweeps_and_distributions_are_said_in_words(sweep: str, words: str):
    text = without_sweeps(TEXT).replace(
        "amplitude_ma = 1.2", f"amplitude_ma = {{ sweep = {sweep} }}"
    )
    if any(kind in sweep for kind in ("uniform", "normal")):
        text = text.replace("[output]", '[sweep]\nmode = "sobol"\nn = 4\n\n[output]')
    assert words in methods_text(small_study(text=text))


def test_listed_cases_and_repeats_are_said():
    text = without_sweeps(TEXT).replace("[output]", "[sweep]\nrepeats = 3\n\n[output]") + CASES
    said = methods_text(small_study(text=text))
    assert "It has 9 cases" in said
    assert "weak (stimulus.amplitude_ma 0.6 mA, stimulus.frequency_hz 20 Hz)" in said
    assert "3 seeds" in said


def test_swept_montages_are_all_told():
    text = TEXT.replace(
        "[montage]\nc2 = -1.0\nc3 = 1.0",
        "[montage]\nsweep = [{ c2 = -1.0, c3 = 1.0 }, { c1 = -1.0, c3 = 1.0 }]\n"
        'labels = ["close", "wide"]',
    )
    assert "close (c2 -1, c3 1), wide (c1 -1, c3 1)" in methods_text(small_study(text=text))


def test_results_tell_what_made_them_and_not_what_reads_them():
    study = small_study(text=SPIKING)
    results = results_of(study, scsim_version="0.0.9", numpy_version="1.2.3", cpu_target="old, avx")
    text = methods_text(results)
    assert "scsim 0.0.9" in text
    assert "numpy 1.2.3" in text
    assert "computed on old, avx" in text
    assert library_versions(results)["harris2020"] == "1.2.3"
    plain = methods_text(results_of(study))
    assert plain == methods_text(study), "a config and its results say the same"


def test_tables_of_other_versions_are_passed_over():
    results = results_of(small_study(), config='title = "a"\nseed = 3\n[tissue]\npreset = "gone"\n')
    text = methods_text(results)
    assert "preset gone" in text
    assert "seed 3" in text


@pytest.mark.parametrize("name", ["config", "config_hash", "scsim_version", "citations"])
def test_results_without_provenance_are_refused(name: str):
    with pytest.raises(ResultsError, match=rf"lack the attribute {name}, .* scsim run wrote"):
        methods_text(results_of(small_study(), **{name: None}))


def test_a_config_that_is_no_toml_is_refused():
    with pytest.raises(ResultsError, match=r"attribute config .* is no TOML .* scsim run wrote"):
        methods_text(results_of(small_study(), config="= 3"))


def test_scsim_itself_is_cited_first_by_studies_and_by_older_results():
    study = small_study()
    assert citations(study)[0] == "scsim"
    older = " ".join(key for key in citations(study) if key != "scsim")
    assert citations(results_of(study, citations=older)) == citations(study)
    with pytest.raises(ResultsError, match="lack the attribute citations"):
        citations(results_of(study, citations=None))


def test_sources_in_the_text_are_among_those_cited():
    sources = load_table("fibers/mrg").sources
    assert sources
    assert set(sources) <= set(citations(small_study()))
