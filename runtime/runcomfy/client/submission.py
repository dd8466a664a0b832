"""``Submission``: one submit with a journal, and the judgement of a lost response."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runcomfy.arguments import whole_path
from runcomfy.errors import (
    JobCancelled,
    JobFailed,
    NotFound,
    RequestError,
    ResultExpired,
    RunComfyError,
    SubmissionUnknown,
)
from runcomfy.journal.digests import describe
from runcomfy.journal.grants import Wanted
from runcomfy.protocol import CallContext, Flow, submit, watch
from runcomfy.protocol.steps import Send, StatusReport, Tick
from runcomfy.redaction import clean
from runcomfy.status import Status

if TYPE_CHECKING:
    from runcomfy.journal.claims import Claim
    from runcomfy.journal.entry import Entry

    from .prepared_request import ModelRef
    from .records import JournalRecords
    from .submit_options import SubmitOptions

__all__ = [
    "PAUSES",
    "Found",
    "Standing",
    "Submission",
    "Submitted",
    "ended_error",
    "expired",
    "recorded",
    "resumed",
]


#: Seconds between the checks of a key that another caller is submitting.
PAUSES = (0.02, 0.05, 0.1, 0.25, 0.5)


class Standing(Exception):
    """The key already has an entry, so nothing is uploaded or submitted."""

    def __init__(self, model: ModelRef[Any], entry: Entry) -> None:
        super().__init__(entry.key)
        self.model = model
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Submitted:
    """A request that was submitted just now, with its first status."""

    model: ModelRef[Any]
    context: CallContext
    status: Status

    @property
    def request_id(self) -> str:
        """The request id."""
        return self.context.request_id or ""


@dataclass(frozen=True, slots=True)
class Found:
    """The entry that the key has already, or that does not have the id it was given."""

    model: ModelRef[Any]
    entry: Entry

    @property
    def request_id(self) -> str:
        """The request id. Raises ``SubmissionUnknown`` if the submit may have been accepted without one."""
        if self.entry.state == "unknown" or self.entry.request_id is None:
            raise self.entry.unknown_error()
        return self.entry.request_id


class Submission:
    """One submit. ``look`` runs before files are uploaded; ``flow`` and ``judged`` wrap the POST."""

    def __init__(self, records: JournalRecords, options: SubmitOptions) -> None:
        self._records = records
        self._key = f"run-{secrets.token_hex(8)}" if options.key is None else options.key
        self._named = options.key is not None
        self._options = options
        self._wanted: Wanted | None = None
        #: Whether a POST was sent whose reply the flow has not read.
        self._in_air = False
        #: The error that the flow raised after reading a reply: its verdict is final.
        self._decided: RunComfyError | None = None
        self._accepted: Status | None = None

    @property
    def wanted(self) -> Wanted:
        """The claim to request, with a new token: a submission is claimed once."""
        assert self._wanted is not None  # noqa: S101  # a preparation looks before it ends
        return self._wanted

    def look(self, model: ModelRef[Any], payload: Mapping[str, Any], *, uploading: bool) -> None:
        """Inspect the submit before the upload. Raises ``Standing`` if the key already has an entry."""
        records, folder = self._records, self._options.folder
        model_id = model.model_id or ""
        self._wanted = Wanted(
            account=records.account,
            key=self._key,
            model_id=model_id,
            payload=describe(payload, records.redact),
            estimate=records.journal.estimate(model_id, payload),
            again=self._options.again,
            folder=None if folder is None else str(whole_path("folder", folder)),
        )
        there = records.journal.standing(self._wanted) if uploading and self._named else None
        if there is not None:
            raise Standing(model, there)

    def flow(self, context: CallContext, body: bytes, claim: Claim) -> Flow[Status]:
        """Submit, and track the progress. The status is reported only after the request id is recorded."""
        flow = submit(context, body)
        reply: Any = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration:
                return self._accepted or Status("submitted")
            except RunComfyError as error:
                self._decided = error
                raise
            if isinstance(step, StatusReport):
                self._accepted, reply = step.status, Tick(context.now)
                continue
            # Stays true until the flow has read the reply, since an interruption may come in between.
            self._in_air = isinstance(step, Send)
            if self._in_air:
                claim.sending()
            reply = yield step

    @contextmanager
    def judged(self, claim: Claim, context: CallContext) -> Iterator[None]:
        """Wrap the submit: if it stops, record in the claim whether it may have been accepted."""
        try:
            yield
        except BaseException as stop:
            if self._accepted is not None and context.request_id is not None:
                claim.submitted_soon(context.request_id)
            elif isinstance(stop, SubmissionUnknown):
                claim.unknown(_reason(stop), stop.request_id)
                self._advise(stop)
            elif self._in_air and stop is not self._decided:
                reason = f"the submit was interrupted ({type(stop).__name__})"
                claim.unknown(reason, context.request_id)
                self._advise(stop)
            else:
                claim.not_sent(_reason(stop))
            raise

    def _advise(self, stop: BaseException) -> None:
        stop.add_note(
            f"RunComfy: the journal has it under {self._key!r} as unknown, and it is not resubmitted. After you have "
            f"checked: journal.resolve({self._key!r}, request_id=…, client=client) or "
            f"journal.resolve({self._key!r}, not_sent=True)"
        )


def resumed(context: CallContext, status: Status) -> Flow[dict[str, Any]]:
    """Follow a newly submitted request after its first status. Returns the document of its result."""
    known = replace(status, request_id=context.request_id)
    tick: Tick = yield StatusReport(context.request_id or "", known)
    context.now = tick.now
    yield from context.until_next_poll(None)
    return (yield from watch(context))


def ended_error(entry: Entry) -> RequestError | None:
    """The error of an entry that failed or was cancelled, as recorded."""
    request_id, model_id = entry.request_id, entry.model_id
    if entry.state == "failed":
        reason = entry.error or ""
        return JobFailed(
            "the job failed", request_id=request_id, model_id=model_id, server_text=reason
        )
    if entry.state == "cancelled":
        return JobCancelled("the job was cancelled", request_id=request_id, model_id=model_id)
    return None


def recorded(entry: Entry) -> dict[str, Any] | None:
    """The document of a saved result, from the journal; the service may no longer have it."""
    if entry.state != "succeeded" or not entry.files or not entry.saved:
        return None
    return {
        "request_id": entry.request_id,
        "model_id": entry.model_id,
        "status": "completed",
        "output": entry.output,
        "cost": entry.cost,
    }


def expired(entry: Entry, error: NotFound) -> ResultExpired:
    """The error for a paid request that the service no longer has."""
    return ResultExpired(
        f"{clean(entry.key)!r} was paid for, and the service no longer has its result; it is not "
        "resubmitted. To pay for it again: again=True",
        request_id=entry.request_id,
        model_id=entry.model_id,
        status=error.status,
        error_code=error.error_code,
        server_text=error.server_text,
    )


def _reason(stop: BaseException) -> str:
    if isinstance(stop, RequestError):
        return stop.message + (f" ({stop.server_text})" if stop.server_text else "")
    return str(stop) if isinstance(stop, RunComfyError) else type(stop).__name__
