"""Array layouts and constants shared by the kernels. Physics does not belong here."""

from typing import Final

LANES: Final = 16
"""Lanes of a float64 lane kernel: two AVX-512 vectors, four AVX2 vectors.

Eight lanes are unrolled before the vectorizer runs and lose all SIMD; 64 gain nothing."""
