from dataclasses import fields

import pytest

from scsim.circuit.catalog import circuit_names, load_circuit, unknown_name
from scsim.circuit.rate import parameter_names
from scsim.errors import ModelError
from scsim.formats.tables import load_table


def test_every_circuit_loads_and_uses_every_number_of_its_table() -> None:
    assert circuit_names() == ("crodelle2019",)
    for name in circuit_names():
        circuit = load_circuit(name)
        table = load_table(f"circuits/{name}")
        assert circuit.name == name
        assert circuit.title == table.title
        keys = {key.rpartition(".")[2]: key for key in table.quantities()}
        for parameter in parameter_names():
            assert getattr(circuit, parameter) == table.value(keys[parameter])
        carriers = {key for _, keys in circuit.mechanisms for key in keys}
        assert carriers <= {field.name for field in fields(circuit)}


def test_circuit_cites_the_paper_and_the_program() -> None:
    assert load_table("circuits/crodelle2019").sources == ("crodelle2019", "crodelle2021")


def test_unknown_circuit_names_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"no circuit 'crodele2019'.*did you mean 'crodelle2019'"):
        load_circuit("crodele2019")


def test_unknown_name_without_a_near_one_lists_all() -> None:
    text = unknown_name("pain state", "xyz", ("healthy", "disinhibited"))
    assert text == (
        "there is no pain state 'xyz'; known are healthy, disinhibited: choose one of these."
    )
