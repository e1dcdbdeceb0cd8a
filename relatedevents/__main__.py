"""`python -m relatedevents` is the command `relatedevents`."""

import sys

from relatedevents.cli import main

if __name__ == "__main__":
    sys.exit(main())
