"""The command ``runcomfy-codegen``. ``main`` is its entry point; each subcommand is a module of this package."""

from __future__ import annotations

import sys

from runcomfy.cli.exit_codes import MISUSE

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        from .command_group import run
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        from runcomfy.extras import install_command

        sys.stderr.write(f"runcomfy-codegen needs click: {install_command('codegen')}\n")
        return MISUSE
    return run(arguments)
