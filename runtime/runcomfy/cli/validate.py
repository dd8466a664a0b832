"""``runcomfy-py validate``: check payload files, offline unless told otherwise."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from runcomfy.errors import ConfigurationError
from runcomfy.model.media import urls
from runcomfy.model.request import Request
from runcomfy.validation.json_text import NotJSON, read_json
from runcomfy.validation.lines import validate_lines
from runcomfy.validation.media import REMOTE
from runcomfy.validation.report import Report
from runcomfy.validation.validate import validate as check

from .exit_codes import INVALID, MISUSE, VALID
from .model_packages import model_of, package_option
from .report_tables import line_rows, report_table
from .terminal import Screen, complain, safe

if TYPE_CHECKING:
    from runcomfy.media.remote import RemoteLimits

__all__ = ["validate"]

_LINES = {".jsonl", ".ndjson"}
#: The JSON library's words for a text that goes on behind its value, as JSON Lines do.
_SECOND_VALUE = "Extra data"


def _files(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    files = {}
    for one in given:
        url, equals, path = one.rpartition("=")
        if not (equals and url and path):
            raise click.BadParameter(f"{one!r} is not of the form URL=PATH", context, option)
        if not Path(path).exists():
            raise click.BadParameter(f"there is no file {path!r} for {url}", context, option)
        if Path(path).is_dir():
            raise click.BadParameter(f"{path!r} for {url} is a folder", context, option)
        files[url] = path
    return files


@click.command(short_help="Check payloads, offline.")
@click.argument("model")
@click.argument("payload")
@click.option(
    "files",
    "--file",
    multiple=True,
    metavar="URL=PATH",
    callback=_files,
    help="Look at PATH for the file behind URL, as it stands in the payload. Can be repeated. "
    "The last = is the one that counts.",
)
@click.option(
    "--check-files",
    type=click.Choice(["local", "remote"]),
    default="local",
    show_default=True,
    help="With remote, also look at the files behind URLs, over the network.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="HOST:PORT",
    help="Look there too, though it is not on the public internet. Can be repeated.",
)
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("as_json", "--json", is_flag=True, help="Write JSON, for programs.")
@click.option("--lines", is_flag=True, help="Read one payload from each line, as from *.jsonl.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Share lines out among so many processes.",
)
@package_option
def validate(
    model: str,
    payload: str,
    files: dict[str, str],
    check_files: str,
    allow: tuple[str, ...],
    strict: bool,
    as_json: bool,
    lines: bool,
    processes: int,
) -> int:
    """Check PAYLOAD against the input schema and the file rules of MODEL.

    MODEL is a model id, such as openai/gpt-image-2/edit. PAYLOAD is a JSON file, a JSON Lines file
    (*.jsonl, or any with --lines) or - for standard input. Nothing is fetched unless --check-files
    remote says so: rules about files that are not given are listed as not checked, and for lines they
    are counted.

    The exit status is 0 for a valid payload, 65 for an invalid one or none, and 64 for misuse.
    """
    cls = model_of(model)
    is_lines = lines or Path(payload).suffix.lower() in _LINES
    limits = _limits(check_files, allow, processes)
    with _opened(payload) as source:
        if is_lines:
            found = validate_lines(
                cls,
                source,
                files=files,
                strict=strict,
                processes=processes,
                check_files=check_files,
                remote_limits=limits,
            )
            for number, report in found:
                _show_line(number, report, as_json)
            _show_summary(found.summary.as_dict(), str(found.summary), as_json)
            if not found.summary.lines:
                complain(f"{_named(payload)} holds no payload")
                return INVALID
            return VALID if found.summary.valid else INVALID
        content = source.read()
    report = _check(
        cls, content, files=files, strict=strict, check_files=check_files, remote_limits=limits
    )
    _show(payload, report, as_json)
    return _status(report)


def _opened(payload: str) -> Any:
    if payload == "-":
        if sys.stdin is None:
            raise click.UsageError("There is no standard input to read from.")
        return click.open_file("-", "rb")
    try:
        return Path(payload).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(f"The payload {payload!r} cannot be read: {reason}.") from None


def _limits(check_files: str, allow: tuple[str, ...], processes: int) -> RemoteLimits | None:
    if check_files == "local":
        if allow:
            raise click.UsageError("--allow has a meaning with --check-files remote only.")
        return None
    if processes > 1:
        raise click.UsageError("--check-files remote works in one process only.")
    from runcomfy.media.remote import RemoteLimits

    class Limits(RemoteLimits):
        how_to_allow = "--allow HOST:PORT"

    try:
        return Limits(allow=allow)
    except ConfigurationError as error:  # it begins with the name of the setting
        raise click.UsageError(f"--{error}.") from None


def _check(
    cls: type[Request[Any]], content: bytes, *, files: dict[str, str], **options: Any
) -> Report:
    try:
        value = read_json(content)
    except NotJSON as error:
        if error.reason == _SECOND_VALUE:
            complain("note: where each line holds a payload, say --lines")
        return Report(cls.model_id, [error.violation(content)])
    if isinstance(value, list):
        complain("note: for several payloads, write each on a line of its own, and say --lines")
    named = {url for media in cls._media for _, url in urls(value, media.path)}
    for url in files.keys() - named:
        complain(f"note: no media input of the payload is {url}, so its file was not looked at")
    return check(cls, value, files=files, **options)


def _status(report: Report) -> int:
    if not report.valid:
        return INVALID
    missing = [one.reason for one in report.unchecked if one.rule == "schema"]
    for reason in missing:
        complain(reason)
    return MISUSE if missing else VALID


def _show(name: str, report: Report, as_json: bool) -> None:
    if as_json:
        _write_json(report.as_dict(), indent=2)
        return
    screen = Screen()
    style = "bold green" if report.valid else "bold red"
    screen.print(
        safe(_named(name), longest=200),
        "is",
        Text(report.summary(), style),
    )
    if report.errors or report.warnings or report.unchecked or report.files:
        screen.print()
        screen.print(report_table(report))
    if any(one.reason == REMOTE for one in report.unchecked):
        screen.print("\nGive a file with --file URL=PATH to have its rules checked,")
        screen.print("or have it looked at over the network with --check-files remote.")


def _named(payload: str) -> str:
    return "standard input" if payload == "-" else payload


def _show_line(number: int, report: Report, as_json: bool) -> None:
    if as_json:
        _write_json({"line": number, **report.as_dict()})
        return
    _print_rows(line_rows(number, report))


def _print_rows(rows: Iterable[Text]) -> None:
    screen = Screen()
    for row in rows:
        screen.print(row, soft_wrap=True)


def _show_summary(totals: dict[str, int], words: str, as_json: bool) -> None:
    if as_json:
        _write_json({"summary": totals})
    else:
        Screen().print(words)


def _write_json(value: dict[str, Any], indent: int | None = None) -> None:
    sys.stdout.write(json.dumps(value, indent=indent, default=str) + "\n")
