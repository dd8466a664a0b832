"""``runcomfy-codegen generate``: write the typed package from the stored schemas."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from runcomfy.cli.exit_codes import BAD_DATA, DONE, FAILED
from runcomfy_codegen.console import show
from runcomfy_codegen.errors import CodegenError

from .options import schemas_option

__all__ = ["command"]

#: The package that comes with runcomfy.
_BUNDLED = "runcomfy_models"

#: From so many models on, progress is shown, every so many models.
_LONG, _OFTEN = 200, 20

_FOLDER = click.Path(path_type=Path)


@click.command("generate")
@schemas_option
@click.option(
    "--out",
    type=_FOLDER,
    default=Path("generated"),
    show_default=True,
    metavar="DIR",
    help="Folder to write the package to.",
)
@click.option(
    "--package", default=_BUNDLED, show_default=True, metavar="NAME", help="Name of the package."
)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=["*"],
    metavar="GLOB",
    help="Include only models whose id matches in the package. Can be repeated.",
)
@click.option(
    "--only",
    default="*",
    metavar="GLOB",
    help="Write only models whose id matches; keep all others unchanged.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if anything would change.")
@click.option(
    "--keep-going", is_flag=True, help="Skip invalid models; exit with 65 if there are any."
)
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Show all diagnostics, including those of unchanged models.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def command(
    schemas: Path,
    out: Path,
    package: str,
    models: tuple[str, ...],
    only: str,
    check: bool,
    keep_going: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Write the typed package from the stored schemas, and report the changes that affect programs."""
    # Some of it takes longer to import than the work.
    from runcomfy_codegen.package.plan import apply
    from runcomfy_codegen.pipeline import generate
    from runcomfy_codegen.report import as_dict, as_text, drifted

    try:
        generation = generate(
            schemas,
            out,
            package,
            models=models,
            only=only,
            keep_going=keep_going,
            read_all=check,
            progress=_progress if sys.stderr.isatty() else None,
        )
    except ModuleNotFoundError as error:
        from runcomfy.extras import install_command

        advice = f"Install it with: {install_command('codegen')}"
        raise CodegenError(
            "generate", f"the library {error.name} is not installed", advice
        ) from None
    _note_on_name(package, generation.plan.folder)
    if not check:
        apply(generation.plan)
    if as_json:
        report = as_dict(generation, applied=not check)
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        show(as_text(generation, check=check, verbose=verbose).rstrip("\n"), sys.stdout)
    if generation.failed:
        return BAD_DATA
    return FAILED if check and drifted(generation) else DONE


def _progress(done: int, of: int) -> None:
    """Show the progress of a long run on one line of the terminal."""
    if of >= _LONG and (done % _OFTEN == 0 or done == of):
        sys.stderr.write(f"\r{done} of {of} models" if done < of else "\r\033[K")
        sys.stderr.flush()


def _note_on_name(package: str, folder: Path) -> None:
    """Print a note when a new package gets the name of the one bundled with runcomfy."""
    from importlib.util import find_spec

    found = find_spec(package) if package == _BUNDLED and not folder.exists() else None
    if found and found.origin and Path(found.origin).resolve().parent != folder.resolve():
        show(
            f"note: runcomfy already includes a package {package}, and only one of two packages with the same name can be "
            "imported; choose another name: --package my_models",
            sys.stderr,
        )
