"""``python -m runcomfy`` is the command ``runcomfy-py``."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
