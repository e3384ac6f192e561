"""The membranes that a single cable may have. A new one is listed here."""

from typing import Final

SINGLE_CABLES: Final = ()
