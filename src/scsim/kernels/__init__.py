"""Compiled kernels: arrays and numbers in, arrays out; no objects, strings, files or units."""
