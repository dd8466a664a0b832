"""``runcomfy-py validate``: check payload files, offline unless told otherwise."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from runcomfy.buckets.opening import is_bucket_url
from runcomfy.cli.engine_options import engine_options
from runcomfy.cli.exit_codes import BAD_DATA, DONE, MISUSE
from runcomfy.cli.findings import as_json, rows, verdict
from runcomfy.cli.model_packages import model_of, package_option
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.payload_files import extension, named, opened, payload_files
from runcomfy.cli.terminal import complain
from runcomfy.errors import ConfigurationError
from runcomfy.model.media import urls
from runcomfy.model.request import Request
from runcomfy.validation.json_text import NotJSON, read_json
from runcomfy.validation.media import REMOTE
from runcomfy.validation.report import Report
from runcomfy.validation.validate import validate as check

if TYPE_CHECKING:
    from runcomfy.media.remote import RemoteLimits
    from runcomfy.model.violation import Violation
    from runcomfy.validation.lines import LineReports

    #: Makes the reports on the lines of a source; takes a format if the name does not imply one.
    Engine = Callable[[type[Request[Any]], str, str | None], LineReports]

__all__ = ["command"]

_LINES = {".jsonl", ".ndjson"}
#: Tables, with a payload in each row.
_TABLES = {".csv", ".tsv", ".parquet"}
#: The JSON library's message for text after the value, as in JSON Lines.
_SECOND_VALUE = "Extra data"
_COLUMNS = ("finding", "where", "what")
_LONGEST_NAME = 200


def _files(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    files = {}
    for one in given:
        url, equals, path = one.rpartition("=")
        if not (equals and url and path):
            raise click.BadParameter(f"{one!r} is not of the form URL=PATH", context, option)
        if not os.path.exists(path):  # noqa: PTH110  # pathlib is slow to import
            raise click.BadParameter(f"there is no file {path!r} for {url}", context, option)
        if os.path.isdir(path):  # noqa: PTH112  # likewise
            raise click.BadParameter(f"{path!r} for {url} is a folder", context, option)
        files[url] = path
    return files


def _rules(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> frozenset[str]:
    if not given:
        return frozenset()
    from runcomfy.client.submit_checks import SubmitChecks  # a run allows the same rules

    try:
        return SubmitChecks.of(given, strict=False, local_service=False).allow
    except ConfigurationError as error:  # it begins with the name of the setting
        words = str(error).removeprefix("allow contains an ")
        raise click.BadParameter(words, context, option) from None


@click.command(name="validate", short_help="Validate payloads offline.")
@click.argument("model")
@click.argument("payload", nargs=-1, required=True)
@click.option(
    "files",
    "--file",
    multiple=True,
    metavar="URL=PATH",
    callback=_files,
    help="Use the local file PATH for URL, as written in the payload. Can be repeated. "
    "The last = separates URL and PATH.",
)
@click.option(
    "--check-files",
    type=click.Choice(["local", "remote"]),
    default="local",
    show_default=True,
    help="With remote, also inspect the files behind URLs, over the network.",
)
@click.option(
    "allow",
    "--allow",
    multiple=True,
    metavar="RULE",
    callback=_rules,
    help="Ignore findings of this rule, such as unknown-input. Can be repeated.",
)
@click.option(
    "hosts",
    "--allow-host",
    multiple=True,
    metavar="HOST:PORT",
    help="Allow this host, even if it is not on the public internet. Can be repeated.",
)
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option("--lines", is_flag=True, help="Read one payload per line, as for *.jsonl.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Validate the lines of a file in this many processes.",
)
@engine_options("With ray, validate lines and tables on a Ray cluster.")
@output_options
@package_option
def command(
    out: CommandOutput,
    model: str,
    payload: tuple[str, ...],
    files: dict[str, str],
    check_files: str,
    allow: frozenset[str],
    hosts: tuple[str, ...],
    strict: bool,
    lines: bool,
    processes: int,
    engine: str,
    address: str | None,
) -> int:
    """Validate each PAYLOAD against the input schema and the file rules of MODEL.

    MODEL is a model id, such as openai/gpt-image-2/edit. PAYLOAD is a JSON file, a JSON Lines file
    (*.jsonl, or any with --lines), a table (*.csv, *.tsv, *.parquet), a folder of JSON and JSON Lines files, or -
    for standard input. It may be a quoted pattern ("rows/*.jsonl", with ** for folders below) and lie in a bucket
    (s3://bucket/rows/*.jsonl, gs://, az://). No media file is fetched
    without --check-files remote: rules about files that are not available are listed as not checked,
    or counted for lines and tables. Findings that would stop a run are marked.

    The exit status is 0 if every payload is valid, 65 if any is invalid or none was found, and 64 for
    a usage error.
    """
    cls = model_of(model)
    limits = _limits(check_files, hosts, processes)
    options = {
        "files": files,
        "strict": strict,
        "check_files": check_files,
        "remote_limits": limits,
    }
    statuses = []
    with _engine(engine, address, processes, options) as reports_on:
        for source in payload_files(payload):
            kind = extension(source)
            if lines or kind in _LINES or kind in _TABLES:
                form = "jsonl" if lines else None
                statuses.append(
                    _check_lines(out, source, reports_on(cls, source, form).without(allow))
                )
            else:
                statuses.append(_check_payload(out, cls, source, allow, **options))
    if not statuses:
        complain(
            f"no payload in {', '.join(payload)}: only *.json and *.jsonl files in a folder are read"
        )
    return max(statuses, default=BAD_DATA)


@contextmanager
def _engine(
    engine: str, address: str | None, processes: int, options: dict[str, Any]
) -> Iterator[Engine]:
    """What reports on lines: this machine, or a cluster."""
    if engine == "local":
        if address is not None:
            raise click.UsageError("--address needs --engine ray.")

        def reports_on(cls: type[Request[Any]], source: str, form: str | None) -> LineReports:
            from runcomfy.validation.rows import validate_rows  # a single payload does without

            return validate_rows(
                cls, _readable(source), format=form, processes=processes, **options
            )

        yield reports_on
        return
    if processes > 1:
        raise click.UsageError("--processes is for --engine local; Ray uses what its cluster has.")
    if options["check_files"] == "remote":
        raise click.UsageError("--check-files remote works with --engine local only.")
    from runcomfy.ray.rows import validate_rows as validate_on
    from runcomfy.ray.session import ray_executor

    files = {url: _content(path) for url, path in options["files"].items()}
    with ray_executor(address) as executor:
        yield lambda cls, source, form: validate_on(
            executor, cls, _readable(source), format=form, files=files, strict=options["strict"]
        )


def _readable(source: str) -> str:
    """The source, if it can be opened."""
    if source != "-" and not is_bucket_url(source):
        opened(source).close()
    elif source == "-" and sys.stdin is None:
        opened(source)
    return source


def _content(path: str) -> bytes:
    with opened(path) as file:
        content: bytes = file.read()
    return content


def _check_lines(out: CommandOutput, source: str, found: LineReports) -> int:
    name = named(source)
    of_batch = False
    with found:
        for number, report in found:
            of_batch = of_batch or any(map(_is_of_a_batch, report.warnings))
            if out.as_json:
                out.json({"file": name, "line": number, **as_json(report)})
                continue
            for row in rows(report):
                out.line("  ".join([f"{name}:{number}", *row]))
    if out.as_json:
        out.json({"file": name, "summary": found.summary.as_dict()})
    else:
        out.line(f"{name}: {found.summary}")
    if not found.summary.lines:
        complain(f"{name} contains no payload")
        return BAD_DATA
    if of_batch:
        import shlex

        out.note(
            "note: a batch takes key columns and paths of local files; check its rows with: "
            f"runcomfy-py batch MODEL {shlex.quote(source)} --out FOLDER --dry-run"
        )
    return DONE if found.summary.valid else BAD_DATA


def _is_of_a_batch(found: Violation) -> bool:
    """Whether a batch accepts this, unlike a request: a key of the row, or the path of a local file."""
    if found.rule == "unknown-input":
        return found.pointer in ("/key", "/id")
    return found.rule in ("url-file-name", "url-relative")


def _check_payload(
    out: CommandOutput, cls: type[Request[Any]], source: str, allow: frozenset[str], **options: Any
) -> int:
    report = _report(cls, _content(source), **options).without(allow)
    name = named(source)
    if out.as_json:
        out.json({"file": name, **as_json(report)})
    elif not (out.quiet and report.valid):
        _show(out, name, report)
    return _status(report)


def _limits(check_files: str, hosts: tuple[str, ...], processes: int) -> RemoteLimits | None:
    if check_files == "local":
        if hosts:
            raise click.UsageError("--allow-host needs --check-files remote.")
        return None
    if processes > 1:
        raise click.UsageError("--check-files remote works in one process only.")
    from runcomfy.media.remote import RemoteLimits

    class Limits(RemoteLimits):
        how_to_allow = "--allow-host HOST:PORT"

    try:
        return Limits(allow=hosts)
    except ConfigurationError as error:  # it begins with the name of the setting
        words = str(error).removeprefix("allow")
        raise click.UsageError(f"--allow-host{words}.") from None


def _report(
    cls: type[Request[Any]], content: bytes, *, files: dict[str, str], **options: Any
) -> Report:
    try:
        value = read_json(content)
    except NotJSON as error:
        if error.reason == _SECOND_VALUE:
            complain("note: if each line is a payload, pass --lines")
        return Report(cls.model_id, [error.violation(content)])
    if isinstance(value, list):
        complain("note: to validate several payloads, put each on its own line and pass --lines")
    named = {url for media in cls._media for url in urls(value, media.path)}
    for url in files.keys() - named:
        complain(f"note: no media input of the payload is {url}, so its file was not inspected")
    return check(cls, value, files=files, **options)


def _status(report: Report) -> int:
    if not report.valid:
        return BAD_DATA
    missing = [one.reason for one in report.unchecked if one.rule == "schema"]
    for reason in missing:
        complain(reason)
    return MISUSE if missing else DONE


def _show(out: CommandOutput, name: str, report: Report) -> None:
    shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
    out.line(f"{shown} is {verdict(report)}")
    out.table(_COLUMNS, rows(report))
    if any(one.reason == REMOTE for one in report.unchecked):
        out.note(
            "note: to check its file rules, pass --file URL=PATH, or inspect it over the network with "
            "--check-files remote"
        )
