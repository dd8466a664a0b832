"""``runcomfy-py doctor``: checks of the set-up. Nothing is submitted and nothing is paid."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

import click

from runcomfy.cli.exit_codes import CANNOT_WRITE, DONE, MISUSE, status_of
from runcomfy.cli.output import CommandOutput, output_options
from runcomfy.cli.service import Service, service_options, state_folder
from runcomfy.extras import install_command

__all__ = ["command"]

#: Seconds for the question to the service, and how far the clock may be off.
_PATIENCE, _CLOCK_OFF = 15.0, 60.0
#: Extra -> a module that it installs, and its purpose.
_EXTRAS = {
    "cli": ("rich", "terminal tables"),
    "keyring": ("keyring", "storing the token in a keyring"),
    "fast": ("aiohttp", "hundreds of concurrent requests"),
    "mock": ("uvicorn", "--mock"),
    "gallery": ("jinja2", "an HTML page of the results"),
    "mcp": ("mcp", "an MCP server for agents"),
    "playground": ("starlette", "a local web page to try models"),
    "rows": ("pyarrow", "payloads from Parquet files"),
    "otel": ("opentelemetry", "traces and metrics of jobs"),
    "schema": ("jsonschema", "rare schema keywords"),
    "video": ("av", "metadata of video and audio files"),
    "upload": ("obstore", "uploading local files to an object store"),
    "codegen": ("datamodel_code_generator", "runcomfy-codegen"),
}


class Diagnosis(NamedTuple):
    """The outcome of a check: ``verdict`` is ``ok``, ``warn`` or ``fail``; a failure has an exit status."""

    check: str
    verdict: str
    message: str
    status: int = DONE


@click.command(name="doctor", short_help="Check the installation; costs nothing.")
@output_options
@service_options
def command(out: CommandOutput, service: Service) -> int:
    """Check token, service, clock, state folder, file locks and extras. Submits nothing.

    The exit status is that of the first failed check.
    """
    findings = []
    for check in (_python, _token, _folder, _locks, _journal, _service_and_clock, _extras):
        for finding in check(service):
            findings.append(finding)
            if out.as_json:
                out.json({name: getattr(finding, name) for name in ("check", "verdict", "message")})
    if not out.as_json:
        out.table(("check", "", ""), [finding[:3] for finding in findings])
    return next((finding.status for finding in findings if finding.status), DONE)


def _python(service: Service) -> Iterator[Diagnosis]:
    from runcomfy._version import __version__
    from runcomfy.model.registry import model_ids

    del service
    version = f"runcomfy {__version__} on Python {platform.python_version()}"
    yield Diagnosis("version", "ok", f"{version}, {len(model_ids())} models installed")


def _token(service: Service) -> Iterator[Diagnosis]:
    from runcomfy.cli.token_store import masked
    from runcomfy.credentials import find_token
    from runcomfy.errors import ConfigurationError

    if service.mock:
        yield Diagnosis("token", "ok", "not needed with --mock")
        return
    try:
        token = find_token()
    except ConfigurationError as error:
        message = "none found; store one with: runcomfy-py login"
        yield Diagnosis("token", "fail", message, status_of(error))
        return
    yield Diagnosis("token", "ok", f"{masked(token)} from {token.source}")


def _service_and_clock(service: Service) -> Iterator[Diagnosis]:
    """Make one free call: whether the service responds, and the time of its clock."""
    from runcomfy.errors import MissingToken, RunComfyError

    began = time.monotonic()
    try:
        with service.client() as client:
            client.models(limit=1, timeout=_PATIENCE)
            took = time.monotonic() - began
            yield Diagnosis("service", "ok", f"{service.name} responds in {took * 1000:.0f} ms")
    except MissingToken:
        reason = f"{service.address} was not contacted: there is no token"
        yield Diagnosis("service", "warn", reason)
        yield Diagnosis("clock", "warn", f"not compared: {reason}")
        return
    except (RunComfyError, OSError) as error:  # the mock's own folder may not be there
        message = str(error).partition("\n")[0]
        yield Diagnosis("service", "fail", message, status_of(error))
    if not service.mock:
        yield _clock(service.address)


def _clock(address: str) -> Diagnosis:
    """Compare the clocks of this machine and the service: a wrong one breaks signed URLs and daily budgets."""
    import httpx

    try:
        date = httpx.head(address, timeout=_PATIENCE).headers.get("date", "")
        from email.utils import parsedate_to_datetime

        off = time.time() - parsedate_to_datetime(date).timestamp()
    except Exception:  # noqa: BLE001  # no connection, no date, or a date that is none
        return Diagnosis("clock", "warn", "the service does not report its time")
    if abs(off) > _CLOCK_OFF:
        message = f"this clock is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}; correct it"
        return Diagnosis("clock", "warn", message)
    return Diagnosis("clock", "ok", f"within {_CLOCK_OFF:.0f} s of the service's clock")


def _folder(service: Service) -> Iterator[Diagnosis]:
    del service
    folder = state_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}; set XDG_STATE_HOME"
        yield Diagnosis("state folder", "fail", message, CANNOT_WRITE)
        return
    yield Diagnosis("state folder", "ok", str(folder))


def _locks(service: Service) -> Iterator[Diagnosis]:
    del service
    try:
        import fcntl
    except ImportError:  # Windows has locks of another kind
        return
    try:
        with tempfile.TemporaryFile(dir=state_folder()) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        message = f"the state folder's file system does not support locks ({error.strerror}); set XDG_STATE_HOME"
        yield Diagnosis("locks", "fail", message, CANNOT_WRITE)
        return
    yield Diagnosis("locks", "ok", "file locks work")


def _journal(service: Service) -> Iterator[Diagnosis]:
    from runcomfy.errors import JournalError

    try:
        with service.journal() as journal:
            unknown = sum(1 for _ in journal.entries(state="unknown"))
    except (JournalError, OSError) as error:
        yield Diagnosis("journal", "fail", str(error), status_of(error))
        return
    message = f"{service.journal_path}"
    if unknown:
        message += f"; {unknown} unknown, see: runcomfy-py jobs --state unknown"
    yield Diagnosis("journal", "warn" if unknown else "ok", message)


def _extras(service: Service) -> Iterator[Diagnosis]:
    for extra, (module, purpose) in _EXTRAS.items():
        if find_spec(module) is not None:
            yield Diagnosis(f"extra {extra}", "ok", purpose)
            continue
        needed = extra == "mock" and service.mock
        message = f"not installed; {purpose}: {install_command(extra)}"
        yield Diagnosis(
            f"extra {extra}", "fail" if needed else "warn", message, MISUSE if needed else DONE
        )
