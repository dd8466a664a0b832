"""The command ``runcomfy-codegen``: ``add`` pages, ``generate`` packages."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .console import printable, show
from .errors import CodegenError

__all__ = ["configure_add", "main"]

#: Exit statuses beside 0: drift or a model left out, and input that cannot be used.
DRIFT, BAD_INPUT = 1, 2

#: The package that comes with runcomfy.
_BUNDLED = "runcomfy_models"


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status. Mistakes are told in a sentence, never a traceback."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        status: int = args.run(args)
    except CodegenError as error:
        show(
            f"{printable(f'{error.place}: {error.problem}')}\n  {printable(error.advice)}",
            sys.stderr,
        )
        return BAD_INPUT
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; nothing more is written.\n")
        return 130
    except OSError as error:
        show(printable(f"{error.filename or 'file'}: {error.strerror or error}"), sys.stderr)
        return BAD_INPUT
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runcomfy-codegen",
        description="Turn RunComfy model documentation pages into a typed Python package.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="store the schemas of documentation pages")
    configure_add(add)
    add.set_defaults(run=_add)
    generate = commands.add_parser("generate", help="write the package from the stored schemas")
    _configure_generate(generate)
    generate.set_defaults(run=_generate)
    return parser


def configure_add(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``add``."""
    parser.description = (
        "Take in documentation pages: find the model id, the schemas and the example in each, "
        "and store their exact text under schemas/<model id>/."
    )
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a saved page (text or HTML), a folder of pages, a file with the JSON blocks or a "
        "catalogue answer, or - for standard input",
    )
    parser.add_argument(
        "--schemas", default="schemas", metavar="DIR", help="where to store (default: schemas)"
    )
    parser.add_argument(
        "--model-id", metavar="ID", help="the model, for a source that does not name it"
    )
    parser.add_argument(
        "--prefer",
        action="append",
        default=[],
        metavar="SOURCE",
        help="take this document for its model even if another, or the stored one, is better",
    )
    parser.add_argument("--json", action="store_true", help="report as one JSON object")


def _configure_generate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--schemas", type=Path, default=Path("schemas"), metavar="DIR", help="default: schemas")
    add("--out", type=Path, default=Path("generated"), metavar="DIR", help="default: generated")
    add("--package", default=_BUNDLED, metavar="NAME", help=f"default: {_BUNDLED}")
    add("--only", default="*", metavar="GLOB", help="only models whose id matches; others stay")
    add("--check", action="store_true", help="write nothing; exit 1 if anything would change")
    add(
        "--keep-going",
        action="store_true",
        help="leave out bad models, and exit 1 if there are any",
    )
    add("--json", action="store_true", help="the report as JSON on standard output")


# What a command needs is imported when it runs, for some of it takes longer than the work.


def _add(args: argparse.Namespace) -> int:
    from .ingest.command import run

    return run(args)


def _note_on_name(package: str, folder: Path) -> None:
    """Say so when a new package gets the name of the one that comes with runcomfy."""
    from importlib.util import find_spec

    found = find_spec(package) if package == _BUNDLED and not folder.exists() else None
    if found and found.origin and Path(found.origin).resolve().parent != folder.resolve():
        show(
            f"note: runcomfy comes with a package {package}, and of two with one name only one can be "
            "imported; give yours a name of its own: --package my_models",
            sys.stderr,
        )


def _generate(args: argparse.Namespace) -> int:
    from runcomfy_codegen.package.plan import apply

    from .pipeline import generate
    from .report import as_dict, as_text, drifted

    try:
        generation = generate(
            args.schemas,
            args.out,
            args.package,
            only=args.only,
            keep_going=args.keep_going,
            fresh=args.check,
        )
    except ModuleNotFoundError as error:
        advice = "Install what the generator needs: pip install 'runcomfy[codegen]'"
        raise CodegenError("generate", f"the library {error.name} is missing", advice) from None
    _note_on_name(args.package, generation.plan.folder)
    if not args.check:
        apply(generation.plan)
    if args.json:
        report = as_dict(generation, applied=not args.check)
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        show(as_text(generation, check=args.check).rstrip("\n"), sys.stdout)
    if generation.failed or (args.check and drifted(generation)):
        return DRIFT
    return 0
