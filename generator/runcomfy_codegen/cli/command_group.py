"""The group ``runcomfy-codegen``, its subcommands, and their error handling."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from typing import Any

import click

from runcomfy._version import __version__
from runcomfy.cli import exit_codes
from runcomfy_codegen.console import printable, show
from runcomfy_codegen.errors import CodegenError

from .error_exit_codes import status_of
from .settings import default_map

__all__ = ["run"]

_NAME = "runcomfy-codegen"

#: The subcommands, in the order of the help. Each is the module of that name, imported when it is asked for.
_COMMANDS = {
    "add": "Store the schemas of documentation pages.",
    "pull": "Store the schemas of the live catalogue.",
    "override": "Start or check the corrections of a stored model.",
    "rename": "Rename a model; the old id stays as an alias.",
    "remove": "Remove a stored model.",
    "generate": "Write the typed package from the stored schemas.",
    "diff": "Report schema changes, and which of them break your code.",
    "export": "Write the schemas as OpenAPI, JSON Schema or TypeScript.",
    "docs": "Write a reference page for each model.",
}


#: What the extra brings, by the names that are imported.
_LIBRARIES = {"datamodel_code_generator", "jinja2", "jsonschema"}


class _LazyGroup(click.Group):
    """A group whose subcommands are imported when they run: some of their imports take longer than the work."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click gives it
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click gives it
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"{__package__}.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=_COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx  # without importing any of them
        with formatter.section("Commands"):
            formatter.write_dl([*_COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Set defaults for options in [tool.runcomfy-codegen] of pyproject.toml.",
)
@click.version_option(__version__, prog_name=_NAME)
@click.pass_context
def _group(context: click.Context) -> None:
    """Generate a typed Python package from the schemas of RunComfy models."""
    context.default_map = default_map()


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit status. A user's mistake never shows a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        # Not by _group.main(), which has its own ideas about Ctrl-C and broken pipes.
        with _group.make_context(_NAME, [*given]) as context:
            status = _group.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:  # of --help and --version
        return ended.exit_code
    except click.UsageError as error:
        name = error.ctx.command_path if error.ctx else _NAME
        _complain(f"{error.format_message()} (see {name} --help)")
        return exit_codes.MISUSE
    except CodegenError as error:
        show(
            f"{printable(f'{error.place}: {error.problem}')}\n  {printable(error.advice)}",
            sys.stderr,
        )
        return status_of(error)
    except BrokenPipeError:
        # Whoever read the output has seen enough. Nothing may be written any longer, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted; nothing further was written")
        return exit_codes.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # a bug in the generator: reported as one, with all that helps to find it
        if isinstance(error, ModuleNotFoundError) and error.name in _LIBRARIES:
            from runcomfy.extras import install_command

            _complain(f"the library {error.name} is not installed: {install_command('codegen')}")
            return exit_codes.MISUSE
        if (known := status_of(error)) != exit_codes.INTERNAL:
            _complain(_message(error))
            return known
        traceback.print_exc()
        _complain("this is a bug in the generator; please report it with the traceback above")
        return exit_codes.INTERNAL
    return status if isinstance(status, int) else exit_codes.DONE


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'file'}: {error.strerror}"
    return str(error)


def _complain(message: Any) -> None:
    for line in f"{_NAME}: {message}".splitlines():
        show(printable(line), sys.stderr)
