"""Run the command line as ``python -m scsim``."""

import sys

from scsim.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
