"""``runcomfy-py`` itself: the group of subcommands, and how every one of them ends.

Each subcommand is a module of this package and returns its exit status.
"""

from __future__ import annotations

import os
import sys

import click

from runcomfy._version import __version__
from runcomfy.errors import RunComfyError

from .exit_codes import BROKEN_PIPE, INTERRUPTED, MISUSE
from .mock import mock
from .terminal import complain, prepare
from .validate import validate

__all__ = ["run"]


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="runcomfy-py")
def command() -> None:
    """Work with the models of RunComfy. Exit status 64 means misuse, with the reason."""


command.add_command(validate)
command.add_command(mock)


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit status. No fault of the user's ends in a traceback."""
    prepare()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        # Not by command.main(), which has its own ideas about Ctrl-C and broken pipes.
        with command.make_context("runcomfy-py", [*given]) as context:
            status = command.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as error:  # of --help and --version
        return error.exit_code
    except click.UsageError as error:
        name = error.ctx.command_path if error.ctx else "runcomfy-py"
        complain(f"{error.format_message()} (see {name} --help)")
        return MISUSE
    except (click.ClickException, RunComfyError) as error:
        complain(str(error))
        return MISUSE
    except BrokenPipeError:
        # Whoever read the output has seen enough. Nothing may be written any more, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except OSError as error:
        complain(f"Reading or writing failed: {error}.")
        return MISUSE
    return status if isinstance(status, int) else 0
