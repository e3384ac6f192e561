"""Results put together by hand: numbers whose mean, spread or Sobol indices are known."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import tomli_w

from scsim.formats.hdf5 import make_variable
from scsim.results.store import Results


def made_results(
    swept: Mapping[str, Any],
    datasets: Mapping[str, tuple[tuple[str, ...], Any]],
    *,
    mode: str = "grid",
    inner: Mapping[str, Any] | None = None,
    names: Any = None,
    sweep: Mapping[str, Any] | None = None,
) -> Results:
    """Make results.

    `swept` has values by config key: an axis each in a grid, else one value per case. `datasets` has dimensions and
    values; the unit of each follows from its name.
    """
    units = {"hz": "Hz", "ma": "mA", "mm": "mm", "us": "us"}
    variables = {}
    is_grid = mode == "grid"
    for key, values in swept.items():
        name = key.rpartition(".")[2]
        dims = (name,) if is_grid else ("case",)
        attributes = {
            "units": units.get(name.rpartition("_")[2], "1"),
            "long_name": name,
            "config_key": key,
        }
        variables[name] = make_variable(name, dims, np.asarray(values), attributes)
    beside = ""
    if is_grid:
        dims = tuple(key.rpartition(".")[2] for key in swept)
        shape = tuple(len(values) for values in swept.values())
    else:
        dims, shape = ("case",), (len(next(iter(swept.values()))),)
        variables["case"] = make_variable("case", ("case",), np.arange(shape[0]), {"units": "1"})
        if names is not None:
            variables["case_name"] = make_variable("case_name", ("case",), np.asarray(names), {})
        beside = " ".join(name for name in variables if name != "case")
    for name, values in (inner or {}).items():
        variables[name] = make_variable(name, (name,), np.asarray(values), {"units": "1"})
    flags = {"flag_meanings": "OK", "units": "1"}
    variables["status"] = make_variable("status", dims, np.zeros(shape, np.int8), flags)
    for name, (own, values) in datasets.items():
        unit = units.get(name.rpartition("_")[2], "1")
        attributes = {"units": unit, "long_name": name.replace("_", " ")}
        variables[name] = make_variable(name, own, np.asarray(values), attributes)
    table = {"mode": mode, **(sweep or {})}
    attributes = {
        "title": "Made by hand",
        "seed": 3,
        "sweep_mode": mode,
        "config": tomli_w.dumps({"sweep": table}),
        "failures": "[]",
        **({"coordinates": beside} if beside else {}),
    }
    return Results(MappingProxyType(variables), MappingProxyType(attributes))
