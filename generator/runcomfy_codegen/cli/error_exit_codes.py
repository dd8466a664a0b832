"""Exit statuses of the generator's errors; ``runcomfy.cli.exit_codes`` defines the statuses."""

from __future__ import annotations

from runcomfy.cli import exit_codes
from runcomfy_codegen.errors import CannotWrite, CodegenError, Misuse

__all__ = ["status_of"]


def status_of(error: BaseException) -> int:
    """The exit status of an error of the generator or the client; ``INTERNAL`` for an unexpected one."""
    if isinstance(error, Misuse):
        return exit_codes.MISUSE
    if isinstance(error, CannotWrite):
        return exit_codes.CANNOT_WRITE
    if isinstance(error, CodegenError):
        return exit_codes.BAD_DATA
    return exit_codes.status_of(error)
