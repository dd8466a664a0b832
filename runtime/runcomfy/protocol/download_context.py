"""``Fetch``: the state of one download."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import TypeVar

from runcomfy.errors import DeadlineExceeded, DownloadFailed, DownloadRefused, RequestError
from runcomfy.redaction import hidden, shown_url, without_queries

from .allowed_hosts import AllowedHosts
from .responses import ErrorResponse
from .retries import Retries
from .steps import FailureKind, Flow, Sleep, Tick

__all__ = ["Fetch"]

_SENTENCES: dict[FailureKind, str] = {
    "not sent": "the request could not be sent",
    "not connected": "no connection to the file host",
    "response lost": "the connection was lost before the file was complete",
    "response unreadable": "the file host did not send the file",
    "redirected": "the file host returned an invalid redirect",
    "rate limited": "the file host rate-limited the request",
    "refused": "the file host refused the request",
    "server fault": "the file host failed",
}

_ErrorT = TypeVar("_ErrorT", bound=RequestError)


@dataclass(slots=True)
class Fetch:
    """One file to fetch, and the progress of its download.

    Clock and chance are inputs, as in ``CallContext``. ``limit`` is the most bytes that are taken.

    >>> flow = download(Fetch("https://x.runcomfy.net/a.png", limit=1_000_000))
    >>> next(flow)
    Open(headers={'Accept': '*/*', 'Accept-Encoding': 'identity'}, timeout=None)
    """

    url: str = field(repr=False)
    limit: int
    kind: str = "file"
    hosts: AllowedHosts = field(default_factory=AllowedHosts.of)
    now: float = 0.0
    deadline: float | None = None
    retries: Retries = field(default_factory=Retries)
    chances: Iterator[float] = field(default_factory=lambda: repeat(0.5))
    request_id: str | None = None
    model_id: str | None = None
    #: Whether a file that begins so is an image, a video or an audio.
    is_media: Callable[[bytes], bool] = field(default=lambda _: False, repr=False)
    #: Whether a file that begins so is an error document instead.
    is_error_text: Callable[[bytes], bool] = field(default=lambda _: False, repr=False)
    #: How much has arrived, of how much; and the mark that the rest must have.
    received: int = 0
    total: int | None = None
    validator: str = ""
    content_type: str = ""

    @property
    def remaining(self) -> float | None:
        """Seconds to the deadline; ``None`` without one."""
        return None if self.deadline is None else self.deadline - self.now

    def headers(self) -> dict[str, str]:
        """The request headers, for the whole file or the missing part."""
        wanted = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self.received:
            wanted |= {"Range": f"bytes={self.received}-", "If-Range": self.validator}
        return wanted

    def restart(self) -> None:
        """Discard the received part."""
        self.received, self.total, self.validator = 0, None, ""

    def rest(self, seconds: float, because: ErrorResponse) -> Flow[None]:
        """Sleep, or raise if the deadline comes first."""
        remaining = self.remaining
        if remaining is not None and seconds >= remaining:
            raise self.out_of_time(because)
        tick: Tick = yield Sleep(seconds, self.failed(because).message)
        self.now = tick.now

    def failed(self, problem: ErrorResponse) -> DownloadFailed:
        """The error for a failed attempt."""
        return self.error(DownloadFailed, _SENTENCES[problem.kind], problem)

    def out_of_time(self, problem: ErrorResponse | None = None) -> DeadlineExceeded:
        """The error at the deadline."""
        message = f"the download timed out after {self.received:,} bytes"
        if problem:
            message += f"; the last attempt failed: {_SENTENCES[problem.kind]}"
        return self.error(DeadlineExceeded, message, problem)

    def too_large(self, size: int) -> DownloadRefused:
        """The error for a file that is larger than allowed."""
        return self.error(
            DownloadRefused,
            f"it has {size:,} bytes or more, but the limit is {self.limit:,}. To raise it: "
            "Client(max_file_bytes=…), or max_bytes=… for one read",
        )

    def error(
        self, kind: type[_ErrorT], message: str, problem: ErrorResponse | None = None
    ) -> _ErrorT:
        """Create an error about this file."""
        error = kind(
            f"could not fetch {shown_url(self.url)}: {hidden(message)}",
            request_id=self.request_id,
            model_id=self.model_id,
            status=problem.status if problem else None,
            server_text=without_queries(hidden(problem.text)) if problem else "",
            retry_after=problem.retry_after if problem else None,
        )
        error.url, error._advice = hidden(self.url), DownloadFailed._advice
        return error
