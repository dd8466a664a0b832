"""``Outcome``: the outcome of one job of a command, as JSON, as text, and as an exit status."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .exit_codes import DONE, UNKNOWN, status_of
from .failures import describe, violation_as_json
from .next_command import next_command
from .output import CommandOutput

__all__ = ["JobOutcome", "of_error", "of_result", "show"]


@dataclass(slots=True)
class JobOutcome:
    """The outcome of one job. ``state`` is ``succeeded``, ``failed``, ``cancelled``, ``running``, ``unknown``,
    ``not_sent``, ``error`` or ``interrupted``."""

    state: str
    request_id: str | None = None
    model_id: str | None = None
    output: Any = None
    cost: float | None = None
    created_at: str | None = None
    finished_at: str | None = None
    #: Each file of the output: ``url``, ``kind``, and ``path`` where it was saved.
    files: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None
    #: What an interruption left behind.
    notes: list[str] = field(default_factory=list)
    status: int = DONE

    def as_dict(self) -> dict[str, Any]:
        """The outcome as plain data, for JSON."""
        return {
            "request_id": self.request_id,
            "model_id": self.model_id,
            "state": self.state,
            "output": self.output,
            "files": self.files,
            "cost": self.cost,
            "created_at": self.created_at,
            "finished_at": self.finished_at,
            "error": None if self.error is None else _as_json(self.error),
        }


def of_result(result: Any) -> JobOutcome:
    """The outcome of a job that succeeded; none of its files is saved yet."""
    raw = result.raw
    return JobOutcome(
        "succeeded",
        result.request_id,
        result.model_id,
        output=raw.get("output"),
        cost=result.cost,
        created_at=_text(raw.get("created_at")),
        finished_at=_text(raw.get("finished_at")),
        files=[{"url": file.url, "kind": file.kind, "path": None} for file in result.files],
    )


def of_error(error: BaseException, *, submitting: bool) -> JobOutcome:
    """The outcome of a job that an error ended. ``submitting``: this command was to submit it.

    After a submit that was accepted nothing but its end may look like "try again": that would pay twice.
    """
    name = type(error).__name__
    # A key conflict names the request of the existing entry; this command submitted nothing.
    request_id = None if name == "KeyConflict" else getattr(error, "request_id", None)
    status = status_of(error)
    states = {"JobFailed": "failed", "JobCancelled": "cancelled", "SubmissionUnknown": "unknown"}
    if name == "NotFound" and not submitting:
        states[name] = "error"  # there is no such request
    state = states.get(name, "running" if request_id else "not_sent" if submitting else "error")
    model_id = getattr(error, "model_id", None)
    outcome = JobOutcome(state, request_id, model_id, error=error, status=status)
    if submitting and state == "running":
        outcome.status = UNKNOWN
        if name == "NotFound":
            again = next_command(f"runcomfy-py wait {request_id}")
            outcome.notes.append(f"the service had accepted the request; to look again: {again}")
    return outcome


def show(outcome: JobOutcome, out: CommandOutput, *, saved: bool) -> None:
    """Write an outcome: its files, or else its output, to standard output, the rest to standard error."""
    if out.as_json:
        out.json(outcome.as_dict())
    elif outcome.state == "succeeded":
        for file in outcome.files:
            if file["path"] is not None or not saved:
                out.line(str(file["path"] or file["url"]))
        if not outcome.files:
            import json

            out.line(json.dumps(outcome.output, ensure_ascii=False))
        cost = "" if outcome.cost is None else f", cost ${outcome.cost:g}"
        out.note(f"request {outcome.request_id}: succeeded{cost}")
    if outcome.error is not None:
        from .terminal import complain

        complain(describe(outcome.error))
    for note in outcome.notes:
        from .failures import in_words_of_the_command
        from .terminal import complain

        complain(in_words_of_the_command(note))


def with_path(outcome: JobOutcome, number: int, path: Path) -> None:
    """Note where a file of the outcome was saved."""
    outcome.files[number]["path"] = str(path)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _as_json(error: BaseException) -> dict[str, Any]:
    violations = getattr(error, "violations", ())
    return {
        "kind": type(error).__name__,
        "message": describe(error),
        "violations": [violation_as_json(violation) for violation in violations],
    }
