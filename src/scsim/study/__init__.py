"""Studies: a config becomes cases, cases become a plan, a plan becomes results.

This package file names nothing and imports nothing, so that reading a config stays fast: take names from
the modules (`parse.load_study`, `config.Study`, `run.run`). The only room that knows field, fibers
and circuit at once; physics does not belong here.
"""
