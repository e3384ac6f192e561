"""Program: run a config, print which data tables it read and what its citations lack. Started in a process of its own.

Loaders keep what they have read, so only a fresh process sees every table. Usage: python tables_of_study.py CONFIG [KEY=VALUE ...]
"""

import json
import sys

from scsim.formats import tables

read: set[str] = set()
load_table = tables.load_table


def recorded(name: str) -> tables.Table:
    """Note the table and read it."""
    read.add(name)
    return load_table(name)


# Before any other room is imported: they take the name with `from ... import load_table`.
tables.load_table = recorded

from scsim.study.citations import citations  # noqa: E402
from scsim.study.reading.parse import load_study  # noqa: E402
from scsim.study.run import run  # noqa: E402

study = load_study(sys.argv[1], sys.argv[2:])
results = run(study, workers=1)
cited = set(citations(study))
missing = {name: sorted(set(load_table(name).sources) - cited) for name in sorted(read)}
report = {
    "read": sorted(read),
    "missing": {name: keys for name, keys in missing.items() if keys},
    "failures": [failure.reason for failure in results.failures],
}
sys.stdout.write(json.dumps(report) + "\n")
