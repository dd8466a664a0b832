"""``runcomfy-py`` as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, NamedTuple

__all__ = ["PROGRAM", "Ran", "run"]

PROGRAM = [sys.executable, "-c", "import sys; from runcomfy.cli import main; sys.exit(main())"]


class Ran(NamedTuple):
    """How the command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()

    @property
    def json(self) -> list[Any]:
        """Each line of standard output, as JSON."""
        return [json.loads(line) for line in self.lines]


def run(*arguments: str, given: bytes = b"", **environment: str) -> Ran:
    """Run the command to its end. It never ends with a traceback."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=120,
    )
    ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in ran.err, ran.err
    return ran
