"""Runs the reference cases of dorsal-horn circuits: which file of a folder is run by what.

Columns and names are those of the circuit tables (``cases/README.md``). Networks of spiking cells are run in
``circuit_network.py`` and ``circuit_volleys.py``, single cells in ``circuit_cells.py``, the rate and sleep models in
``circuit_rates.py``; tolerances are in ``tolerances.py``. The circuits themselves belong to `scsim.circuit`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from scsim.validate import circuit_cells as cells
from scsim.validate import circuit_network as network
from scsim.validate import circuit_rates as rates
from scsim.validate import circuit_volleys as volleys
from scsim.validate.reading import SHIPPED, run_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scsim.validate.report import Case, Report

ROOM: Final = "circuit"

RUNNERS: Final[MappingProxyType[str, Callable[[Path], list[Case]]]] = MappingProxyType(
    {
        r"det_network_spikes\.csv": network.run_spikes,
        r"det_traces_\w+\.csv": network.run_traces,
        r"sweep_rates\.csv": network.run_sweep,
        r"windup_counts\.csv": volleys.run_windup_counts,
        r"windup_spikes_first\d+\.csv": volleys.run_windup_spikes,
        r"afi_counts\.csv": volleys.run_afi_counts,
        r"afi_spikes\.csv": volleys.run_afi_spikes,
        r"single_rest\.csv": cells.run_rest,
        r"single_fi\.csv": cells.run_steps,
        r"single_fi_spikes\.csv": cells.run_step_spikes,
        r"single_step_traces\.csv": cells.run_step_traces,
        r"syn_unit\.csv": cells.run_synapses,
        r"syn_unit_traces\.csv": cells.run_synapse_traces,
        r"crodelle_C\d+_windup\.csv": rates.run_wind_up,
        r"crodelle_C\d+_\w+\.csv": rates.run_curve,
        r"crodelle_steady\.csv": rates.run_steady,
        r"sleeppain_\w+\.csv": rates.run_sleep,
    }
)
"""Pattern of a file name and the function that runs it; the first that matches counts."""

INPUTS: Final = MappingProxyType(
    {
        r"crodelle_cases\.csv": "inputs of the crodelle curve files",
        r"det_(inputs|cases)\.csv": "inputs of the det files",
        r"scs_latency\.csv": "arrival delays of the det and sweep files",
        r"windup_latency\.csv": "arrival delays of the windup and afi files",
        r"sweep_inputs_seed\d+\.csv": "inputs of sweep_rates.csv",
        r"syn_unit_cases\.csv": "inputs of the syn_unit files",
        r"foreman_psth\.csv": "its inputs are not published with it, so it cannot be run",
        r"foreman1976_digitised\.csv": "recordings, not a simulation",
        r"scsnet_counts\.csv": "its inputs are not published with it, so it cannot be run",
        r"det_convergence\.csv": "made under other numerics, for information",
        r"speed\.csv": "speeds, for information",
    }
)
"""Pattern of a file name and what such a file is for; these are named and not counted."""

_KNOWN: Final = (
    "det_network_spikes.csv, det_traces_<case>_<from>_<to>ms.csv, sweep_rates.csv, "
    "windup_counts.csv, windup_spikes_first<n>.csv, afi_counts.csv, afi_spikes.csv, "
    "single_rest.csv, single_fi.csv, single_fi_spikes.csv, single_step_traces.csv, "
    "syn_unit.csv, syn_unit_traces.csv, crodelle_C<n>_<name>.csv, crodelle_steady.csv, "
    "sleeppain_<name>.csv"
)


def validate_circuit(path: Path | None = None) -> Report:
    """Run the reference cases of dorsal-horn circuits.

    Parameters
    ----------
    path : Path, optional
        A table or a folder of them; the shipped cases if not given.

    Returns
    -------
    Report
        One case for each row, list of spikes, trace and curve.

    Raises
    ------
    ResultsError
        If a table cannot be read, or nothing at `path` belongs to this room.
    """
    return run_files(
        ROOM,
        path or SHIPPED / "gate",
        runners=RUNNERS,
        not_run={},
        inputs=INPUTS,
        known=_KNOWN,
    )
