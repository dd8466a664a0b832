"""The command ``runcomfy-codegen``: ``add`` pages, ``generate`` packages."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .console import printable, show
from .errors import CodegenError

__all__ = ["main"]

#: Exit statuses beside 0: drift or a model left out, and input that cannot be used.
DRIFT, BAD_INPUT = 1, 2


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
    from .ingest import command as ingest

    add = commands.add_parser("add", help="store the schemas of documentation pages")
    ingest.configure(add)
    add.set_defaults(run=ingest.run)
    generate = commands.add_parser("generate", help="write the package from the stored schemas")
    _configure_generate(generate)
    generate.set_defaults(run=_generate)
    return parser


def _configure_generate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--schemas", type=Path, default=Path("schemas"), metavar="DIR", help="default: schemas")
    add("--out", type=Path, default=Path("generated"), metavar="DIR", help="default: generated")
    add("--package", default="runcomfy_models", metavar="NAME", help="default: runcomfy_models")
    add("--only", default="*", metavar="GLOB", help="only models whose id matches; others stay")
    add("--check", action="store_true", help="write nothing; exit 1 if anything would change")
    add(
        "--keep-going",
        action="store_true",
        help="leave out bad models, and exit 1 if there are any",
    )
    add("--json", action="store_true", help="the report as JSON on standard output")


def _generate(args: argparse.Namespace) -> int:
    # Imported here: datamodel-code-generator takes longer to load than `add` takes to run.
    try:
        from .generate import generate
        from .plan import apply
        from .report import as_dict, as_text, drifted
    except ModuleNotFoundError as error:
        advice = "Install what the generator needs: pip install 'runcomfy[codegen]'"
        raise CodegenError("generate", f"the library {error.name} is missing", advice) from None

    generation = generate(
        args.schemas,
        args.out,
        args.package,
        only=args.only,
        keep_going=args.keep_going,
        fresh=args.check,
    )
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
