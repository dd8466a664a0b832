"""The group ``runcomfy-py``, its subcommands, and their error handling.

A subcommand returns its exit status, or ``None`` for 0.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from runcomfy._version import __version__

from .command_list import COMMANDS, SECTIONS, module_of
from .exit_codes import BROKEN_PIPE, DONE, INTERRUPTED, MISUSE, TERMINATED
from .terminal import complain, help_width, prepare

__all__ = ["run"]


class LazyGroup(click.Group):
    """A group that imports the module of a subcommand on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # the signature of click
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # likewise
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(module_of(cmd_name))
        found: click.Command = module.command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; the error for an unknown one suggests similar names."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=COMMANDS, ctx=ctx
            ) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # likewise
        """The table, section by section; nothing is imported for it."""
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl(list(commands.items()))


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="runcomfy-py")
def program() -> None:
    """Run RunComfy models: images, video and audio.

    Exit statuses: 0 done, 1 a job failed, 64 usage error, 65 invalid data, 76 outcome unknown. See
    docs/exit-statuses.md for all of them.
    """


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit status. A user's mistake never shows a traceback."""
    prepare()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        status = _invoke(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nothing may be written any longer, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort) as stop:
        _print_notes(stop)
        return TERMINATED if type(stop).__name__ == "Terminated" else INTERRUPTED
    except Exception as error:  # noqa: BLE001  # printed as one sentence, with its exit status
        from .failures import print_failure

        return print_failure(error, verbose="-v" in given or "--verbose" in given)
    return status


def _invoke(arguments: list[str]) -> int:
    try:
        # Not by program.main(), which has its own ideas about Ctrl-C and broken pipes.
        width = help_width()
        with program.make_context("runcomfy-py", [*arguments], terminal_width=width) as context:
            status = program.invoke(context)
    except click.exceptions.Exit as error:  # of --help and --version
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(f"{error.format_message()}\n")
        return MISUSE
    except click.UsageError as error:
        name = (
            error.ctx.command_path if error.ctx else " ".join(["runcomfy-py", *_named(arguments)])
        )
        complain(f"{' '.join(error.format_message().split())} (see {name} --help)")
        return MISUSE
    except click.ClickException as error:
        complain(error.format_message())
        return MISUSE
    return status if isinstance(status, int) else DONE


def _named(arguments: list[str]) -> list[str]:
    """The subcommand of a command line, if it starts with one."""
    return [one for one in arguments[:1] if one in COMMANDS]


def _print_notes(stop: BaseException) -> None:
    """Print the library's notes on an interruption, such as a request that is still running."""
    notes = getattr(stop, "__notes__", ())
    if notes:
        from .failures import in_words_of_the_command

        for note in notes:
            complain(in_words_of_the_command(note))
