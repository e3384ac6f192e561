"""Foreign files into arrays and tables with units; one file per format.

What a number means for the model does not belong here.
"""

from scsim.formats.bibliography import bibtex, bibtex_entries
from scsim.formats.tables import Quantity, Table, load_table, table_names

__all__ = ["Quantity", "Table", "bibtex", "bibtex_entries", "load_table", "table_names"]
