"""Which exit status an error ends in; the table of statuses is ``runcomfy.cli.exit_codes``."""

from __future__ import annotations

from runcomfy.cli import exit_codes
from runcomfy_codegen.errors import CannotWrite, CodegenError, Misuse

__all__ = ["status_of"]


def status_of(error: BaseException) -> int:
    """The exit status of an error, of the generator or of the client; ``INTERNAL`` for one that nobody foresaw."""
    if isinstance(error, Misuse):
        return exit_codes.MISUSE
    if isinstance(error, CannotWrite):
        return exit_codes.CANNOT_WRITE
    if isinstance(error, CodegenError):
        return exit_codes.BAD_DATA
    return exit_codes.status_of(error)
