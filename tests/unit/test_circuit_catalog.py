import re
from dataclasses import fields
from pathlib import Path

import pytest

from scsim.circuit.catalog import circuit_names, load_circuit, read_circuit
from scsim.circuit.names import unknown_name
from scsim.circuit.networks.network import SpikingCircuit
from scsim.circuit.networks.neurons import Cell, Section
from scsim.circuit.rates.rate import parameter_names
from scsim.errors import ModelError
from scsim.formats.tables import DATA_FOLDER, load_table

ZHANG = load_circuit("zhang2014")
TEXT = (DATA_FOLDER / "circuits" / "zhang2014.toml").read_text(encoding="utf-8")
RATE_TEXT = (DATA_FOLDER / "circuits" / "crodelle2019.toml").read_text(encoding="utf-8")


def cell_of(name: str) -> Cell:
    return next(cell for cell in ZHANG.cells if cell.name == name)


def section_of(cell: str, name: str) -> Section:
    return next(section for section in cell_of(cell).sections if section.name == name)


def densities(cell: str, section: str) -> dict[str, tuple[float, float | None]]:
    return {c.kind: (c.density, c.reversal_mv) for c in section_of(cell, section).channels}


def written(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(ModelError) as caught:
        read_circuit(written(folder, text))
    return str(caught.value).splitlines()


def test_every_circuit_loads_under_its_own_name_and_title() -> None:
    assert {"crodelle2019", "sagalajev2024", "zhang2014"} <= set(circuit_names())
    for name in circuit_names():
        circuit = load_circuit(name)
        assert circuit.name == name
        assert circuit.title == load_table(f"circuits/{name}").title


def test_a_rate_circuit_uses_every_number_of_its_table() -> None:
    circuit = load_circuit("crodelle2019")
    table = load_table("circuits/crodelle2019")
    keys = {key.rpartition(".")[2]: key for key in table.quantities()}
    for parameter in parameter_names():
        assert getattr(circuit, parameter) == table.value(keys[parameter])
    inner = ("inhibitory_weight", "nmda_gain", "projection_threshold_hz")
    carriers = {key for name, names in circuit.mechanisms for key in names if name in inner}
    assert carriers <= {field.name for field in fields(circuit)}


def test_circuits_cite_the_paper_and_the_program() -> None:
    assert load_table("circuits/crodelle2019").sources == ("crodelle2019", "crodelle2021")
    assert set(load_table("circuits/zhang2014").sources) == {"zhang2014", "zhang2014_program"}


# The published cells, number by number: models.md 1.3 and 1.4 of the reference data, after ModelDB 168414.


@pytest.mark.parametrize(
    ("cell", "section", "length", "diameters", "n", "resistivity", "leak"),
    [
        ("sg", "dendrite", 1371, (1.4, 1.4), 50, 80, (1.1e-5, -70)),
        ("sg", "soma", 10, (10, 10), 10, 80, (1.1e-5, -70)),
        ("z2", "hillock", 30, (1, 0.5), 30, 80, (1.1e-5, -70)),
        ("ex", "dendrite", 400, (3, 3), 5, 150, (4.2e-5, -65)),
        ("ex", "soma", 20, (20, 20), 3, 150, (4.2e-5, -65)),
        ("ex", "hillock", 9, (2, 1), 3, 150, (4.2e-5, -65)),
        ("ex", "axon", 1000, (1, 1), 5, 150, (4.2e-5, -65)),
        ("wdr", "dendrite", 350, (2.5, 2.5), 5, 150, (4.2e-5, -65)),
        ("wdr", "axon", 1000, (1, 1), 5, 150, (0, -65)),
    ],
)
def test_sections_are_as_published(
    cell: str,
    section: str,
    length: float,
    diameters: tuple[float, float],
    n: int,
    resistivity: float,
    leak: tuple[float, float],
) -> None:
    found = section_of(cell, section)
    assert found.length_um == length
    assert (found.diameter_um, found.end_diameter_um) == diameters
    assert found.n_compartments == n
    assert found.axial_resistivity_ohm_cm == resistivity
    assert (found.leak_s_per_cm2, found.leak_mv) == leak
    assert found.capacitance_uf_per_cm2 == 1.0


def test_densities_are_as_published() -> None:
    assert densities("sg", "soma") == {"na_b": (0.008, 60), "k_dri": (0.0043, -84)}
    assert densities("sg", "hillock") == {"na_b": (3.45, 60), "k_dri": (0.076, -84)}
    assert densities("sg", "dendrite") == {"k_dri": (0.034, -84)}
    assert densities("ex", "soma") == {"hh2_k": (0.001075, -70), "k_ca": (0.002, -70)}
    assert densities("ex", "dendrite") == {"hh2_k": (0.036, -70), "k_ca": (0.002, -70)}
    assert densities("ex", "axon") == {}
    assert densities("wdr", "soma") == {
        "hh2_k": (0.001075, -70), "ca_l": (1e-4, None), "k_ca": (1e-4, -70), "na_p": (1e-4, 50),
    }  # fmt: skip
    for cell in ("ex", "wdr"):
        assert densities(cell, "hillock") == {"hh2_na": (3.45, 50), "hh2_k": (0.076, -77)}
    assert cell_of("z2").sections == cell_of("sg").sections


def test_the_reversal_potential_of_can_is_zero() -> None:
    assert densities("wdr", "dendrite")["can"] == (9.1e-5, 0.0)


def test_pools_stand_in_somata_and_dendrites() -> None:
    for cell in ("ex", "wdr"):
        decays = [s.calcium.decay_ms if s.calcium else None for s in cell_of(cell).sections]
        assert decays == [2.0, 1.0, None, None]
    assert all(section.calcium is None for section in cell_of("sg").sections)


def test_wiring_is_as_published() -> None:
    wiring = {(c.source, c.target, c.receptor): c for c in ZHANG.connections}
    assert len(wiring) == 18
    together = {key: c.weight_microsiemens * c.n_synapses for key, c in wiring.items()}
    n_fibers = {fiber.name: fiber.n_fibers for fiber in ZHANG.fibers}
    assert n_fibers == {"a_beta": 15, "a_beta_surround": 15, "a_delta": 15, "c": 30}
    assert together["ex", "wdr", "ampa"] == pytest.approx(3.6e-4)
    assert together["ex", "wdr", "nmda"] == pytest.approx(2.88e-4)
    assert together["z2", "wdr", "gaba_a"] == pytest.approx(2 * 7.315e-3)
    for (source, target, receptor), printed in {
        ("a_beta", "sg", "ampa"): 9.7067e-4,
        ("a_beta", "wdr", "nmda"): 6.6667e-5,
        ("a_beta_surround", "z2", "ampa"): 1.3333e-3,
        ("c", "ex", "nk1_ex"): 6.6667e-7,
    }.items():
        assert together[source, target, receptor] == printed
    assert together["a_delta", "sg", "ampa"] == 0.0
    assert {c.delay_ms for c in ZHANG.connections if c.source in n_fibers} == {0.0}
    assert {c.delay_ms for c in ZHANG.connections if c.source not in n_fibers} == {1.0}
    assert {c.recovery_ms for c in ZHANG.connections if c.source in n_fibers} == {0.1}
    assert {(c.section, c.position) for c in ZHANG.connections} == {("dendrite", 0.5)}


def test_receptors_are_as_published() -> None:
    found = {r.name: (r.rise_ms, r.decay_ms, r.reversal_mv) for r in ZHANG.receptors}
    assert found == {
        "ampa": (0.1, 5, 0), "nmda": (2, 100, 0), "nk1_ex": (100, 3000, 0),
        "nk1_wdr": (200, 3000, 0), "gaba_a": (0.1, 20, -70), "glycine": (0.1, 10, -70),
    }  # fmt: skip
    assert {r.name for r in ZHANG.receptors if r.calcium_share == 0.1} == {
        "nmda",
        "nk1_ex",
        "nk1_wdr",
    }
    assert {r.name for r in ZHANG.receptors if r.magnesium_mm is not None} == {"nmda"}


def test_unknown_circuit_names_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"no circuit 'crodele2019'.*did you mean 'crodelle2019'"):
        load_circuit("crodele2019")


def test_unknown_name_without_a_near_one_lists_all() -> None:
    text = unknown_name("pain state", "xyz", ("healthy", "disinhibited"))
    assert text == (
        "there is no pain state 'xyz'; known are healthy, disinhibited: choose one of these."
    )
    assert "known are none" in unknown_name("cell", "x", ())


# Circuits of a user's own.


def test_a_table_of_ones_own_gives_the_same_circuit(tmp_path: Path) -> None:
    own = read_circuit(written(tmp_path, TEXT))
    assert isinstance(own, SpikingCircuit)
    assert own.name == "own"
    assert (own.cells, own.connections, own.receptors) == (
        ZHANG.cells, ZHANG.connections, ZHANG.receptors,
    )  # fmt: skip
    rate = read_circuit(written(tmp_path, RATE_TEXT))
    assert rate.name == "own"
    assert type(rate) is type(load_circuit("crodelle2019"))


def test_cells_may_be_of_a_type_of_the_catalog(tmp_path: Path) -> None:
    own = read_circuit(
        written(tmp_path, TEXT.replace('value = "tonic"', 'value = "zhang2014.tonic"'))
    )
    assert isinstance(own, SpikingCircuit)
    assert own.cells == ZHANG.cells


def entry(value: str, unit: str = "1") -> str:
    return f'{{ value = {value}, unit = "{unit}", source = "My own choice", evidence = "assumed" }}'


def test_steady_conductances_and_places_can_be_written(tmp_path: Path) -> None:
    more = (
        f"\n[steady.wdr.glycine]\nconductance_microsiemens = {entry('1e-3', 'µS')}\n"
        f"section = {entry(chr(34) + 'soma' + chr(34))}\nposition = {entry('0.25')}\n"
    )
    own = read_circuit(written(tmp_path, TEXT + more))
    assert isinstance(own, SpikingCircuit)
    (steady,) = own.steady
    assert (steady.section, steady.position) == ("soma", 0.25)
    assert steady.conductance_microsiemens == 1e-3


CHANGES = {
    "missing source": (
        r'(n_fibers = \{ value = 30, unit = "1"), source = "zhang2014_program"',
        r"\1",
        r'own\.toml: fibers\.c\.n_fibers has no source\. Add source = "…" to it',
    ),
    "missing unit": (
        r'(rise_ms +=\s\{ value = 0\.1), unit = "ms"',
        r"\1",
        r'own\.toml: receptors\.ampa\.rise_ms has no unit\. Add unit = "…" to it',
    ),
    "wrong unit": (
        r'(step_ms          = \{ value = 0\.0125, unit = )"ms"',
        r'\1"s"',
        r"own\.toml: model\.step_ms: it is given in 's': its unit is 'ms'; convert the value and write",
    ),
    "bare value": (
        r"\nspike_mv   = \{ value = -30\.0[^}]*\}",
        "\nspike_mv = -30.0",
        r"own\.toml: types\.tonic\.spike_mv = -30\.0 stands alone\. Write it as",
    ),
    "unknown channel": (
        r"\[types\.tonic\.sections\.soma\.channels\.na_b\]",
        "[types.tonic.sections.soma.channels.na_c]",
        r"own\.toml: types\.tonic\.sections\.soma\.channels\.na_c: kind of a channel = 'na_c'.*; choose one",
    ),
    "missing value": (
        r"\nlength_um                = \{ value = 10\.0[^}]*\}",
        "",
        r"own\.toml: types\.tonic\.sections\.soma\.length_um: the value is missing; add length_um = ",
    ),
    "unknown value": (
        r"\nleak_mv                  = \{ value = -70\.0",
        '\nleak_mw = { value = 1.0, unit = "mV", source = "My own choice", evidence = "assumed" }\nleak_mv = { value = -70.0',
        r"own\.toml: types\.tonic\.sections\.dendrite\.leak_mw: .*'leak_mw'.*did you mean 'leak_mv'\?",
    ),
    "unknown type": (
        r'type          = \{ value = "excitatory"',
        'type = { value = "excitable"',
        r"own\.toml: cells\.ex\.type: there is no type of cell 'excitable'; .*did you mean 'excitatory'\?",
    ),
    "a word for a number": (
        r"decay_ms +=\s\{ value = 10\.0",
        'decay_ms = { value = "ten"',
        r"own\.toml: receptors\.glycine\.decay_ms: value = 'ten': it must be a number, .*; correct it",
    ),
    "a number for a word": (
        r'family +=\s\{ value = "glycine"',
        "family = { value = 3",
        r"own\.toml: receptors\.glycine\.family: value = 3: it must be a word in quotes",
    ),
    "a number for a truth value": (
        r"is_inhibitory = \{ value = true",
        "is_inhibitory = { value = 1",
        r"own\.toml: cells\.sg\.is_inhibitory: value = 1: it must be true or false; correct it",
    ),
    "absent cell": (
        r"\[connections\.sg\.ex\.gaba_a\]",
        "[connections.sg.exx.gaba_a]",
        r"own\.toml: connections\.sg\.exx\.gaba_a: there is no cell 'exx'; .*did you mean 'ex'\?",
    ),
    "absent target of fibers": (
        r"\[connections\.a_beta\.wdr\.nmda\]",
        "[connections.a_beta.wdx.nmda]",
        r"own\.toml: connections\.a_beta\.wdx\.nmda: there is no cell 'wdx'; .*did you mean 'wdr'\?",
    ),
    "absent source": (
        r"\[connections\.sg\.ex\.gaba_a\]",
        "[connections.sgg.ex.gaba_a]",
        r"own\.toml: connections\.sgg\.ex\.gaba_a: there is no fiber class or cell 'sgg'; .*'sg'\?",
    ),
    "absent receptor": (
        r"\[connections\.sg\.ex\.gaba_a\]",
        "[connections.sg.ex.gaba_b]",
        r"own\.toml: connections\.sg\.ex\.gaba_b: there is no receptor 'gaba_b'; .*'gaba_a'\?",
    ),
    "short head": (
        r"\[connections\.sg\.ex\.gaba_a\]",
        "[connections.sg.ex]",
        r"own\.toml: connections\.sg\.ex: the head of such a part is \[connections\.SOURCE\.TARGET\.RECEPTOR\]",
    ),
    "negative weight": (
        r"(\[connections\.sg\.ex\.gaba_a\]\nweight_microsiemens = \{ value = )",
        r"\1-",
        r"own\.toml: connections\.sg\.ex\.gaba_a: .*weight_microsiemens = -0\.00532 µS: .* at least 0 µS",
    ),
    "unknown projection": (
        r'(projection +)= \{ value = "wdr"',
        r'\1= { value = "nk1"',
        r"own\.toml: projection of own: there is no cell 'nk1'; known are sg, z2, ex, wdr",
    ),
    "unknown mechanism": (
        r"\nglycine_weight  ",
        "\nglycin_weight  ",
        r"own\.toml: mechanisms\.glycin_weight: there is no mechanism 'glycin_weight'; .*'glycine_weight'\?",
    ),
    "absent carrier": (
        r'\["wdr\.glycine"\]',
        '["wdx.glycine"]',
        r"own\.toml: mechanisms\.descending_inhibition_microsiemens: there is no cell\.receptor 'wdx\.glycine'",
    ),
    "carriers that are no names": (
        r'\["wdr\.glycine"\]',
        "[1.0]",
        r"mechanisms\.descending_inhibition_microsiemens: value = \(1\.0,\): it must be a list of names",
    ),
    "unknown part": (
        r"\[steady\]|\Z",
        '\n[synapses]\nx = { value = 1.0, unit = "1", source = "My own choice", evidence = "assumed" }\n',
        r"own\.toml: synapses\.x: there is no part of a circuit 'synapses'; known are model, fibers",
    ),
    "unknown kind": (
        r'value = "spiking"',
        'value = "spike"',
        r"own\.toml: model\.kind = 'spike': the kind of a circuit is one of spiking, rate, integrate_and_fire",
    ),
    "no title": (
        r"\Atitle[^\n]*\n",
        "",
        r'own\.toml has no title\. Add title = "…" at the top of the file',
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_faulty_table_is_refused_with_file_and_key(name: str, tmp_path: Path) -> None:
    pattern, replacement, message = CHANGES[name]
    changed, n_changes = re.subn(pattern, replacement, TEXT, count=1)
    assert n_changes == 1
    faults = faults_of(tmp_path, changed)
    assert len(faults) == 1, faults
    assert re.search(message, faults[0]), faults[0]


def test_every_fault_of_a_table_is_told_at_once(tmp_path: Path) -> None:
    together = (
        "missing source", "wrong unit", "unknown channel", "absent target of fibers", "unknown mechanism",
        "a word for a number", "unknown part",
    )  # fmt: skip
    text = TEXT
    for name in together:
        text = re.sub(CHANGES[name][0], CHANGES[name][1], text, count=1)
    faults = faults_of(tmp_path, text)
    expected = [CHANGES[name][2] for name in together]
    assert len(faults) == len(expected), faults
    for message in expected:
        assert sum(bool(re.search(message, fault)) for fault in faults) == 1


def test_a_broken_cell_does_not_hide_wrong_wiring(tmp_path: Path) -> None:
    text = TEXT
    for name in ("unknown channel", "absent cell", "negative weight"):
        text = re.sub(CHANGES[name][0], CHANGES[name][1], text, count=1)
    faults = faults_of(tmp_path, text.replace("connections.sg.wdr", "connections.ex.wdx"))
    assert sum("na_c" in fault for fault in faults) == 1
    assert sum("'wdx'" in fault for fault in faults) == 2


def test_wiring_of_a_broken_cell_to_one_that_is_not_there_is_told_too(tmp_path: Path) -> None:
    text = TEXT.replace("[connections.sg.wdr.glycine]", "[connections.sg.wdx.glicine]")
    broken = re.sub(r'(\[cells\.sg\][^\[]*?type *= \{ value = )"[^"]*"', r'\1"tonik"', text)
    faults = faults_of(tmp_path, broken)
    for wrong in ("there is no type of cell 'tonik'", "no cell 'wdx'", "no receptor 'glicine'"):
        assert sum(wrong in fault for fault in faults) == 1
    assert not any("no fiber class or cell 'sg'" in fault for fault in faults)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"no circuit file '.*none\.toml'; correct the path, or choose"
    ):
        read_circuit(tmp_path / "none.toml")
    with pytest.raises(
        ModelError, match=r"circuit file '.*' cannot be read: .*; write the name of a TOML"
    ):
        read_circuit(tmp_path)
    named = tmp_path / "own.md"
    named.write_text(TEXT, encoding="utf-8")
    with pytest.raises(
        ModelError, match=r"own\.md' does not end in \.toml; write the name of a TOML"
    ):
        read_circuit(named)
    path = written(tmp_path, "[model\n")
    with pytest.raises(ModelError, match=r"own\.toml is not valid TOML: .* Correct the file"):
        read_circuit(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(
        ModelError, match=r"cannot be read: .*; write the name of a TOML file in UTF-8"
    ):
        read_circuit(path)


def test_a_kind_without_source_is_told_once(tmp_path: Path) -> None:
    text = RATE_TEXT.replace(
        'kind = { value = "rate", unit = "1", source', 'kind = { value = "rate", unit = "1", sauce'
    )
    (fault,) = faults_of(tmp_path, text)
    assert re.search(
        r"own\.toml: model\.kind has the unknown entry 'sauce'; .*Rename or remove it", fault
    )


def test_faults_of_rate_tables(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, re.sub(r"\ng_abp[^\n]*", "", RATE_TEXT, count=1))
    assert re.search(r"own\.toml has no g_abp: a rate circuit needs every one .*; add them", fault)
    (fault,) = faults_of(
        tmp_path, re.sub(r"(g_abp = \{ value = )0\.8", r'\1"x"', RATE_TEXT, count=1)
    )
    assert re.search(r"own\.toml: weights\.g_abp = 'x' is not a number\. Write one", fault)
    (fault,) = faults_of(
        tmp_path, re.sub(r"(g_abp = \{ value = 0\.8), +unit = \"1\"", r"\1", RATE_TEXT, count=1)
    )
    assert re.search(r"weights\.g_abp has no unit\. Add unit", fault)


def test_mechanisms_of_rate_tables_are_checked(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, RATE_TEXT.replace('["nmda_max"]', '["nmda_maxi"]'))
    assert re.search(
        r"own\.toml: mechanisms\.nmda_gain: there is no parameter 'nmda_maxi'; .*'nmda_max'\?",
        fault,
    )
    (fault,) = faults_of(tmp_path, RATE_TEXT.replace("\nnmda_gain  ", "\nnmda_gains  "))
    assert re.search(
        r"mechanisms\.nmda_gains: there is no mechanism 'nmda_gains'; .*'nmda_gain'\?", fault
    )


def test_faults_of_integrate_and_fire_tables(tmp_path: Path) -> None:
    path = DATA_FOLDER / "circuits" / "sagalajev2024.toml"
    text = path.read_text(encoding="utf-8")
    assert type(read_circuit(written(tmp_path, text))) is type(load_circuit("sagalajev2024"))
    (fault,) = faults_of(tmp_path, re.sub(r"\ncapacitance_pf[^\n]*", "", text, count=1))
    assert re.search(r"own\.toml has no value 'capacitance_pf'; .* Correct the key, or add", fault)


@pytest.mark.parametrize(
    ("name", "pattern", "replacement", "message"),
    [
        (
            "crodelle2019",
            r'(tau_projection_ms *= .*?unit = )"ms"',
            r'\1"s"',
            r"projection\.tau_projection_ms: it is given in 's': its unit is 'ms'; convert the value",
        ),
        (
            "crodelle2019",
            r"\[weights\]",
            '[weights]\ng_abq = { value = 1.0, unit = "1", source = "A guess", evidence = "assumed" }',
            r"weights\.g_abq: there is no parameter 'g_abq'; .*did you mean 'g_abp'\?",
        ),
        (
            "crodelle2019",
            r"\[excitatory\]",
            '[excitatory]\ng_ip = { value = 1.0, unit = "1", source = "A guess", evidence = "assumed" }',
            r"excitatory\.g_ip: this parameter stands at weights\.g_ip already; remove one",
        ),
        (
            "crodelle2019",
            r'\["g_ip", "g_ie"\]',
            "[]",
            r"mechanisms\.inhibitory_weight: nothing carries it, .*; name what does, or remove it",
        ),
        (
            "sagalajev2024",
            r'"pF"',
            '"nF"',
            r"cells\.capacitance_pf: it is given in 'nF': its unit is 'pF'; convert the value",
        ),
        (
            "zhang2014",
            r'\["wdr\.glycine"\]',
            "[]",
            r"mechanisms\.descending_inhibition_microsiemens: nothing carries it, .*; name what does",
        ),
    ],
    ids=["unit", "unknown", "twice", "no carrier", "unit of a current model", "no cell"],
)
def test_no_parameter_is_taken_for_another(
    name: str, pattern: str, replacement: str, message: str, tmp_path: Path
) -> None:
    text = (DATA_FOLDER / "circuits" / f"{name}.toml").read_text(encoding="utf-8")
    changed, n_changes = re.subn(pattern, replacement, text, count=1)
    assert n_changes == 1
    (fault,) = faults_of(tmp_path, changed)
    assert re.search(rf"own\.toml: {message}", fault), fault
