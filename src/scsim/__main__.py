"""Run the command line as ``python -m scsim``."""

import sys

try:
    from scsim.cli.main import main
except KeyboardInterrupt:  # before anything else could listen
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
