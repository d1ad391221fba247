"""`python -m bridge` is the command `landbridge`."""

import sys

from bridge.cli import main

sys.exit(main())
