"""``JournalRecords``: what a client records in its journal about submitted requests."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcomfy.downloads.file import File, find_files
from runcomfy.errors import JournalError, NotAllSaved, RunComfyError
from runcomfy.journal.outcomes import Outcome

if TYPE_CHECKING:
    from runcomfy.journal.entry import Account
    from runcomfy.journal.journal import Journal
    from runcomfy.redaction import Redactor

__all__ = ["JournalRecords", "saved_ones"]

_log = logging.getLogger("runcomfy")

_CANCELLED = Outcome("cancelled", error="the job was cancelled")


class JournalRecords:
    """The journal of a client, and the account of its requests.

    A failure to record is only logged: the result exists, and ``recover`` finds it again.
    """

    def __init__(self, journal: Journal, account: Account, redact: Redactor) -> None:
        self.journal = journal
        self.account = account
        self.redact = redact

    def ended(self, request_id: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Call ``run`` and record its document or its error."""
        try:
            document = run()
        except RunComfyError as error:
            self.write(request_id, Outcome.of_error(error))
            raise
        self.write(request_id, self._succeeded(request_id, document))
        return document

    async def ended_async(
        self, request_id: str, run: Callable[[], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        """The same as ``ended``, awaited."""
        try:
            document = await run()
        except RunComfyError as error:
            await self.write_async(request_id, Outcome.of_error(error))
            raise
        await self.write_async(request_id, self._succeeded(request_id, document))
        return document

    def write(self, request_id: str, outcome: Outcome | None) -> None:
        """Record an outcome, if there is one."""
        if outcome is not None:
            try:
                self.journal.record(self.account, request_id, outcome)
            except JournalError as error:
                _warn(request_id, error)

    async def write_async(self, request_id: str, outcome: Outcome | None) -> None:
        """The same as ``write``, awaited."""
        if outcome is not None:
            try:
                await self.journal.record_async(self.account, request_id, outcome)
            except JournalError as error:
                _warn(request_id, error)

    def cancelled(self, request_id: str) -> None:
        """Record that a request was cancelled."""
        self.write(request_id, _CANCELLED)

    async def cancelled_async(self, request_id: str) -> None:
        """The same as ``cancelled``, awaited."""
        await self.write_async(request_id, _CANCELLED)

    def saved(self, files: Sequence[File], places: Sequence[Path | str]) -> None:
        """Record where files were saved."""
        for request_id, saved in _by_request(files, places).items():
            try:
                self.journal.record_files(self.account, request_id, saved)
            except JournalError as error:
                _warn(request_id, error)

    async def saved_async(self, files: Sequence[File], places: Sequence[Path | str]) -> None:
        """The same as ``saved``, awaited."""
        for request_id, saved in _by_request(files, places).items():
            try:
                await self.journal.record_files_async(self.account, request_id, saved)
            except JournalError as error:
                _warn(request_id, error)

    def _succeeded(self, request_id: str, document: dict[str, Any]) -> Outcome:
        output = document.get("output")
        base = f"{self.account.origin}/v1/requests/{request_id}/result"
        files = [(file.url, file.kind) for file in find_files(output, request_id, None, base)]
        return Outcome("succeeded", document.get("cost"), self.redact.inside(output), files)


def saved_ones(files: Sequence[Any], error: NotAllSaved) -> list[Any]:
    """The files that were saved despite the error, in the order of ``error.saved``."""
    failed = {id(file) for file, _ in error.failed}
    return [file for file in files if id(file) not in failed]


def _by_request(
    files: Sequence[File], places: Sequence[Path | str]
) -> dict[str, list[tuple[str, str, Path | str]]]:
    found: dict[str, list[tuple[str, str, Path | str]]] = {}
    for file, place in zip(files, places, strict=True):
        found.setdefault(file.request_id, []).append((file.url, file.kind, place))
    return found


def _warn(request_id: str, error: JournalError) -> None:
    _log.warning("request %s could not be recorded: %s", request_id, error)
