"""``Settings``: how a mock service behaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from runcomfy.model.request import Request

    from .fake_output import MadeFile

__all__ = ["MakeOutput", "Settings"]

#: Makes what a request gives: its output document, with ``{file:NAME}`` for URLs, and the files.
MakeOutput: TypeAlias = "Callable[..., tuple[dict[str, Any], list[MadeFile]]]"

EarlyResult: TypeAlias = Literal["state", "error"]


def _make_real(
    cls: type[Request[Any]], payload: dict[str, Any], *, request_id: str
) -> tuple[dict[str, Any], list[MadeFile]]:
    from .fake_output import make_output

    return make_output(cls, payload, request_id=request_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How a mock service behaves. The defaults suit tests: requests advance by polls, not by time.

    Requests move on with each question for their status: ``polls_in_queue`` of them find the request
    in the queue, ``polls_running`` find it running, the next one finds it ended. With
    ``queue_seconds`` or ``run_seconds`` they move on with the time instead.

    >>> Settings(polls_in_queue=3, early_result="error", words={"completed": "SUCCEEDED"})
    """

    polls_in_queue: int = 1
    polls_running: int = 1
    #: Seconds in the queue and running; giving one of them makes requests move on with the time.
    queue_seconds: float | None = None
    run_seconds: float | None = None
    #: How many requests run at the same time; the others stay in the queue. ``None``: any number.
    concurrency: int | None = None
    #: The service's words for states, in responses about the status and in results.
    words: Mapping[str, str] = field(default_factory=dict)
    result_words: Mapping[str, str] = field(default_factory=dict)
    #: A result before its time: the current state, or HTTP 400 with error_code 400005.
    early_result: EarlyResult = "state"
    #: The HTTP status of an accepted submit: 200 or 202.
    submit_status: int = 200
    #: The tokens that are accepted; ``None``: any that is not empty.
    tokens: Collection[str] | None = None
    #: The balance in US dollars; a submit that costs more than the rest is refused with 400002.
    balance: float | None = None
    #: The catalogue's entries, as objects or as JSON texts that are sent to the byte; ``None``: the installed models.
    catalogue: Sequence[Mapping[str, Any] | str] | None = None
    #: Whether files are on a host of their own (``files_url``) instead of the service's.
    file_host: bool = False
    #: Makes the output and its files; ``runcomfy.mock.small_output`` makes tiny ones, fast.
    make_output: MakeOutput = _make_real
    #: Seconds between two bytes of the slow faults.
    drip: float = 0.05
    #: Seconds for which "connection_refused" closes the port.
    refused_seconds: float = 0.3
    #: Whether the log is kept; turn it off for a service that runs for days.
    keep_log: bool = True
    #: Seconds since 1970; tests may bring a clock of their own.
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        for name in (
            "polls_in_queue",
            "polls_running",
            "queue_seconds",
            "run_seconds",
            "balance",
            "drip",
        ):
            value = getattr(self, name)
            optional = value is None and not name.startswith(("polls", "drip"))
            if not optional and not (isinstance(value, (int, float)) and value >= 0):
                raise ValueError(f"{name} must be 0 or more, got {value!r:.80}")
        if self.concurrency is not None and not self.concurrency >= 1:
            raise ValueError(
                f"concurrency must be at least 1, or None for any; not {self.concurrency}"
            )
        if self.early_result not in get_args(EarlyResult):
            raise ValueError(
                f"early_result must be 'state' or 'error', not {self.early_result!r:.80}"
            )
        if self.submit_status not in (200, 202):
            raise ValueError(f"submit_status must be 200 or 202, not {self.submit_status!r:.80}")
        if isinstance(self.tokens, str):
            raise ValueError("tokens must be a collection of strings: tokens=['…']")

    @property
    def timed(self) -> bool:
        """Whether requests advance by time."""
        return self.queue_seconds is not None or self.run_seconds is not None
