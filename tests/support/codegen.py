"""``runcomfy-codegen`` in a test: a command line in, exit status and output out."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from runcomfy_codegen.cli import main

__all__ = ["Ran", "codegen"]


@dataclass(frozen=True)
class Ran:
    """What one run of the command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def codegen(*arguments: object) -> Ran:
    """Run the command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return Ran(status, out.getvalue(), err.getvalue())
