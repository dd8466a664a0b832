"""Shared code of the drivers: limits, log records, and the notes of an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging import INFO
from typing import TypeVar

from runcomfy.errors import ClientClosed, RequestError, RunComfyError, resume_line
from runcomfy.protocol.observation import observed
from runcomfy.protocol.steps import Flow, Send, Sleep, StatusReport, Step
from runcomfy.redaction import Redactor
from runcomfy.status import Cancellation
from runcomfy.transports.config import log

ReturnT = TypeVar("ReturnT")

__all__ = ["CUT_OFF", "GRACE", "LONGEST_SLEEP", "RESCUE", "CallProgress"]

#: Seconds of grace after a step's timeout, so that libraries can report their own, more exact errors first.
GRACE = 0.25

#: The longest sleep in seconds; system timers have a maximum.
LONGEST_SLEEP = 86_400.0

#: Seconds for the whole attempt to cancel after an interruption. Closing a client waits for it.
RESCUE = 6.0

#: Why a step was left before its end.
CUT_OFF = {"late": "the call timed out", "closed": "the client was closed"}

_CHECK = (
    "the submit was in flight: it may have been accepted and billed. Check the "
    "requests and the balance in your RunComfy account before you submit again"
)


class CallProgress:
    """The progress of a flow; explains the state of the request when the flow is interrupted."""

    __slots__ = ("_call", "_model_id", "_redact", "ended", "request_id", "rescuing", "submitting")

    def __init__(
        self,
        redact: Redactor,
        request_id: str | None = None,
        model_id: str | None = None,
        *,
        rescuing: bool = False,
    ) -> None:
        self._redact = redact
        self._model_id = model_id
        self.request_id = request_id
        self.submitting = False
        #: What the last call is for, in the log.
        self._call = "call"
        #: Whether the flow is an attempt to cancel, which a close waits for.
        self.rescuing = rescuing
        #: Whether the last status is final.
        self.ended = False

    def watched(self, flow: Flow[ReturnT]) -> Flow[ReturnT]:
        """The flow, wrapped for observers if there are any."""
        return observed(flow, self.request_id, self._model_id)

    def take(self, step: Step) -> None:
        """Record the step, and log it if it is a change of state or a retry."""
        self.submitting = isinstance(step, Send) and step.call.action == "submit"
        if isinstance(step, Send):
            self._call = "submit" if self.submitting else "call"
        if isinstance(step, StatusReport):
            self.request_id = step.request_id
            self.ended = step.status.phase != "running"
            if log.isEnabledFor(INFO):  # what is logged is redacted, which takes time
                place = step.status.queue_position
                state = self._redact(step.status.state)
                queued = "" if place is None else f" ({place})"
                log.info("request %s: %s%s", step.request_id, state, queued)
        elif isinstance(step, Sleep) and step.reason:
            name = f"request {self.request_id}" if self.request_id else self._call
            log.info("%s: %s; retrying in %.1f s", name, step.reason, step.seconds)

    def explain(self, stop: BaseException) -> None:
        """Add a note about the request's state to an exception that does not describe it itself."""
        if isinstance(stop, ClientClosed):
            stop.request_id, stop.model_id = self.request_id, self._model_id
            return
        if isinstance(stop, RunComfyError):
            return
        if self.request_id:
            going = "" if self.ended else "the job continues at the service. "
            text = self._note(f"{going}{self._resume}")
        elif self.submitting:
            text = f"RunComfy: {_CHECK}"
        else:
            text = "RunComfy: nothing was submitted"
        stop.add_note(text)
        log.warning("%s after %s", text, type(stop).__name__)

    @contextmanager
    def rescue(self, stop: BaseException) -> Iterator[Callable[[Cancellation], None]]:
        """Wrap the single attempt to cancel; yields the function that receives its outcome.

        The interrupting exception gets a note with the request id before the attempt, so that a second
        interruption does not lose it; a second one gets the note too, and is raised. An error of the attempt
        goes into the note.
        """
        added = [self._unknown()]
        stop.add_note(self._note(added[0]))
        try:
            yield lambda outcome: added.append(self._outcome(outcome))
        except RunComfyError as error:
            why = str(error).splitlines()[0]
            if isinstance(error, RequestError) and error.server_text:
                why += f" ({error.server_text})"
            added.append(
                f"the cancel request failed, so the job may continue: {why}. {self._resume}"
            )
        except Exception as error:  # noqa: BLE001  # it must not stand in for the interruption
            why = self._redact(f"{type(error).__name__}: {error}")
            added.append(self._unknown(f" ({why})"))
        except BaseException as second:
            second.add_note(self._note(added[0]))
            raise
        finally:
            notes: list[str] = stop.__notes__
            notes[notes.index(self._note(added[0]))] = self._note(added[-1])
            log.warning("request %s: %s", self.request_id, added[-1])

    def _unknown(self, why: str = "") -> str:
        return (
            f"it is unknown whether the job was cancelled{why}; it may continue and be billed. "
            f"{self._resume}"
        )

    def _outcome(self, outcome: Cancellation) -> str:
        if outcome.cancelled:
            return "it was still queued and is now cancelled"
        word = self._redact(outcome.outcome)
        return f"requested cancellation; the service reported {word!r}, so the job may continue and be billed. {self._resume}"

    def _note(self, note: str) -> str:
        return f"RunComfy request id {self.request_id}: {note}"

    @property
    def _resume(self) -> str:
        purpose = "To see its outcome" if self.ended else "To wait for it"
        return f"{purpose}: {resume_line(self.request_id or '', self._model_id)}"
