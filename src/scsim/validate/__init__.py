"""Run reference cases of other software against this installation.

Readers, tolerances in one table, reports, and ``cases/``: the small shipped set, which the tests use
too. Models and solvers do not belong here.
"""
