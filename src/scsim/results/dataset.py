"""What the table of datasets says about each one.

The entries themselves belong in the files ``schema_*.py``, one per room that computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scsim.units import unit_of

GEOMETRY: Final = "geometry"
"""Group of the datasets that pictures in space need."""

SPIKES: Final = "spikes"
"""Group of the spike times, which are ragged: a flat array, and where the spikes of each cell lie in it."""


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
