"""Which exit status an error ends in; the table of statuses is ``runcomfy.cli.exit_codes``."""

from __future__ import annotations

from runcomfy.cli.exit_codes import BAD_DATA, CANNOT_WRITE, MISUSE
from runcomfy_codegen.errors import CannotWrite, CodegenError, Misuse

__all__ = ["status_of"]


def status_of(error: CodegenError) -> int:
    """The exit status of an error of the generator."""
    if isinstance(error, Misuse):
        return MISUSE
    return CANNOT_WRITE if isinstance(error, CannotWrite) else BAD_DATA
