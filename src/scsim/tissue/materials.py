"""Conductivities of tissues: named sets with sources, and changes of single values.

Where which tissue lies is in ``spine.py`` and ``nerve.py``.
"""

from dataclasses import dataclass

from scsim.errors import GeometryError

Pair = tuple[float, float]


@dataclass(frozen=True)
class Conductivities:
    """How well each tissue conducts.

    Attributes
    ----------
    name : str
        Name of the set.
    values : tuple of (str, (float, float))
        Tissue, and its conductivity across and along the cord or nerve, S/m.
    sources : tuple of str
        Bibliography keys.

    Raises
    ------
    GeometryError
        If a conductivity is not positive and finite; names all of them.
    """

    name: str
    values: tuple[tuple[str, Pair], ...]
    sources: tuple[str, ...] = ()

    def __getitem__(self, tissue: str) -> Pair:
        """Give the conductivity of a tissue across and along, S/m."""
        for name, pair in self.values:
            if name == tissue:
                return pair
        known = ", ".join(name for name, _ in self.values)
        msg = (
            f"the conductivity set {self.name!r} has no {tissue!r}; it has {known}. "
            "Choose another set, or give the value."
        )
        raise GeometryError(msg)
