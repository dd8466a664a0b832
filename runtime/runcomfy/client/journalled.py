"""``Journalled``: how ``Client`` submits with a journal: every submit is recorded before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from runcomfy.downloads.manager import Downloads
from runcomfy.errors import DeadlineExceeded, NotAllSaved, NotFound
from runcomfy.protocol import watch
from runcomfy.protocol.observation import observed_job

from .records import saved_ones
from .submission import (
    PAUSES,
    Found,
    Standing,
    Submission,
    Submitted,
    ended_error,
    expired,
    recorded,
    resumed,
)

if TYPE_CHECKING:
    from runcomfy.downloads.file import File
    from runcomfy.downloads.targets import Target
    from runcomfy.drivers.driver import Driver
    from runcomfy.journal.entry import Entry
    from runcomfy.model.request import Request
    from runcomfy.status import Status

    from .preparation import Preparer
    from .prepared_request import ModelRef
    from .records import JournalRecords
    from .result import Result
    from .settings import ClientSettings
    from .submit_options import SubmitOptions

__all__ = ["Journalled", "JournalledDownloads"]


class JournalledDownloads(Downloads):
    """Wraps ``Downloads`` and records where files were saved. A pickled copy does not record."""

    def __init__(self, inner: Downloads, records: JournalRecords) -> None:
        super().__init__(inner.settings)
        self._inner = inner
        self._records = records

    def read(self, file: File, timeout: float | None, max_bytes: int | None) -> bytes:
        """The content of a file."""
        return self._inner.read(file, timeout, max_bytes)

    def save(
        self,
        files: Sequence[Any],
        targets: Sequence[Target[Any]],
        timeout: float | None,
        progress: Callable[[Any, int, int | None], object] | None = None,
        concurrency: int = 1,
    ) -> list[Any]:
        """Save each file at its target, and return their places."""
        try:
            paths = self._inner.save(files, targets, timeout, progress, concurrency)
        except NotAllSaved as error:
            self._records.saved(saved_ones(files, error), error.saved)
            raise
        self._records.saved(files, paths)
        return paths

    def __reduce__(self) -> tuple[Any, ...]:
        return Downloads, (self.settings,)


class Journalled:
    """Submits and runs requests under keys."""

    def __init__(
        self,
        records: JournalRecords,
        settings: ClientSettings,
        preparer: Preparer,
        driver: Driver,
        downloads: Downloads,
    ) -> None:
        self._records = records
        self._settings = settings
        self._preparer = preparer
        self._driver = driver
        self._downloads = downloads

    def run(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None,
        ends: float | None,
        options: SubmitOptions,
        on_status: Callable[[Status], object] | None,
    ) -> Result[Any]:
        """The result of a new submit, or of the existing entry of the key."""
        with observed_job(request):
            found = self.submit(request, payload, ends, options)
            if isinstance(found, Found):
                return self._standing(found.model, found.entry, ends, on_status)
            flow = resumed(found.context, found.status)
            document = self._records.ended(
                found.request_id,
                lambda: self._driver.run(
                    flow,
                    request_id=found.request_id,
                    model_id=found.model.model_id,
                    on_status=on_status,
                    rescue=self._settings.rescue,
                ),
            )
            return found.model.result(found.request_id, document, self._downloads)

    def submit(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None,
        ends: float | None,
        options: SubmitOptions,
    ) -> Found | Submitted:
        """Submit, or return the existing job of the key. Raises ``SubmissionUnknown`` if that entry may be billed."""
        pauses = iter(PAUSES)
        while True:
            found = self._try(request, payload, ends, options)
            if isinstance(found, Submitted) or found.entry.state != "posting":
                _ = found.request_id  # raises where there is none
                return found
            self._wait(found.entry, ends, next(pauses, PAUSES[-1]))

    def _try(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None,
        ends: float | None,
        options: SubmitOptions,
    ) -> Found | Submitted:
        submission = Submission(self._records, options)
        try:
            prepared = self._preparer.prepare(
                request, payload, ends, submission.look, options.allow, options.strict
            )
        except Standing as standing:
            return Found(standing.model, standing.entry)
        with self._records.journal.claiming(submission.wanted) as claim:
            there = claim.take(ends)
            if there is not None:
                return Found(prepared.model, there)
            context = self._settings.context_until(ends, prepared.model)
            with submission.judged(claim, context):
                flow = submission.flow(context, prepared.body, claim)
                status = self._driver.run(flow, model_id=context.model_id)
                there = claim.submitted(context.request_id or "")
        if there is not None:
            return Found(prepared.model, there)
        return Submitted(prepared.model, context, status)

    def _wait(self, entry: Entry, ends: float | None, pause: float) -> None:
        """Wait while another caller submits under the key."""
        journal = self._records.journal
        while True:
            left = None if ends is None else ends - monotonic()
            if left is not None and left <= 0:
                raise DeadlineExceeded(
                    f"the call timed out while another process was submitting {entry.key!r:.80}; "
                    "nothing was submitted here"
                )
            sleep(pause if left is None else min(pause, left))
            there = journal.find(entry.account, entry.key)
            if there is None or there.state != "posting":
                return

    def _standing(
        self,
        model: ModelRef[Any],
        entry: Entry,
        ends: float | None,
        on_status: Callable[[Status], object] | None,
    ) -> Result[Any]:
        """The result of an earlier request; waits for it if it is still running."""
        error = ended_error(entry)
        if error is not None:
            raise error
        request_id = entry.request_id or ""
        context = self._settings.context_until(ends, model, request_id)
        try:
            document = self._records.ended(
                request_id,
                lambda: self._driver.run(
                    watch(context),
                    request_id=request_id,
                    model_id=model.model_id,
                    on_status=on_status,
                ),
            )
        except NotFound as gone:
            document = recorded(entry) or {}
            if not document:
                raise expired(entry, gone) from gone
        return model.result(request_id, document, self._downloads)
