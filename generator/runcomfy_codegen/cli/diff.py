"""``runcomfy-codegen diff``: what changed between two sets of schemas, and what of it breaks your code."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runcomfy.cli.exit_codes import DONE, FAILED
from runcomfy_codegen.console import printable, show
from runcomfy_codegen.errors import Misuse

from .options import schemas_option

if TYPE_CHECKING:
    from runcomfy_codegen.diff.broken_uses import BrokenUse
    from runcomfy_codegen.diff.models import ModelChange
    from runcomfy_codegen.diff.versions import SchemaSet

__all__ = ["command"]


@click.command("diff")
@click.argument("old", required=False)
@click.argument("new", required=False)
@schemas_option
@click.option("--live", is_flag=True, help="Compare the stored schemas with the live catalogue.")
@click.option(
    "--uses",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Report only changes that break the Python code in PATH. Can be repeated.",
)
@click.option("--markdown", is_flag=True, help="Print the report as Markdown, for a pull request.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option(
    "--base-url",
    envvar="RUNCOMFY_BASE_URL",
    metavar="URL",
    help="URL of the service, for --live [also: RUNCOMFY_BASE_URL].",
)
def command(
    old: str | None,
    new: str | None,
    schemas: Path,
    live: bool,
    uses: tuple[Path, ...],
    markdown: bool,
    as_json: bool,
    base_url: str | None,
) -> int:
    """Report the changes between two sets of schemas; exit with 1 if any is breaking.

    OLD and NEW are folders of schemas or git revisions. By default, OLD is the revision HEAD and NEW the
    stored schemas.
    """
    from runcomfy_codegen.diff.models import compare_sets
    from runcomfy_codegen.diff.report import as_dict, as_lines, as_markdown

    if live and (old or new):
        raise Misuse("--live", "compares the stored schemas", "Omit OLD and NEW.")
    with ExitStack() as stack:
        if live:
            before = _read(stack, schemas, str(schemas))
            after = _read_live(stack, schemas, base_url)
        else:
            before = _read(stack, schemas, old or "HEAD")
            after = _read(stack, schemas, new or str(schemas))
        changes = compare_sets(before, after)
        broken = _uses(uses, changes, before, after) if uses else None
    if as_json:
        sys.stdout.write(json.dumps(as_dict(changes, broken), indent=2) + "\n")
    elif markdown:
        show("\n".join(as_markdown(changes, broken)), sys.stdout)
    elif broken is not None:
        for use in broken:
            show(printable(str(use)), sys.stdout)
        show(_count(len(broken)), sys.stdout)
    else:
        show("\n".join(as_lines(changes)), sys.stdout)
    breaks = bool(broken) if broken is not None else any(one.breaking for one in changes)
    return FAILED if breaks else DONE


def _count(broken: int) -> str:
    if not broken:
        return "None of the uses in your code breaks."
    return "1 use breaks." if broken == 1 else f"{broken} uses break."


def _read(stack: ExitStack, schemas: Path, name: str) -> SchemaSet:
    from runcomfy_codegen.diff.versions import at_revision, read_schemas

    if Path(name).is_dir():
        return read_schemas(Path(name), name)
    return read_schemas(stack.enter_context(at_revision(schemas, name)), name)


def _read_live(stack: ExitStack, schemas: Path, base_url: str | None) -> SchemaSet:
    """The stored models as the catalogue has them now: a pull into a copy."""
    from runcomfy_codegen.catalogue.pull import PullOptions, pull
    from runcomfy_codegen.catalogue.reader import BASE_URL, open_client
    from runcomfy_codegen.catalogue.waiting import waits_are_told
    from runcomfy_codegen.diff.versions import read_schemas

    copy = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "schemas"
    shutil.copytree(schemas, copy, ignore=shutil.ignore_patterns(".*"))
    address = base_url or BASE_URL
    with open_client(address) as client, waits_are_told():
        report = pull(client, PullOptions(copy, address))
    for remark in report.remarks:
        show(printable(remark), sys.stderr)
    for name, reason in sorted(report.unusable.items()):
        show(f"unusable   {printable(name)}  {printable(reason)}", sys.stderr)
    return read_schemas(copy, "live")


def _uses(
    roots: tuple[Path, ...], changes: list[ModelChange], old: SchemaSet, new: SchemaSet
) -> list[BrokenUse]:
    from runcomfy_codegen.diff.broken_uses import broken_uses
    from runcomfy_codegen.diff.model_uses import find_uses

    found, unread = find_uses(roots, old)
    for file in unread:
        show(f"not parsed: {printable(file)}", sys.stderr)
    return broken_uses(found, changes, old, new)
