"""What the two drivers share: calls as arguments of httpx, its errors as values, words and log lines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import Any, ClassVar

from runcomfy._version import __version__
from runcomfy.credentials import Token
from runcomfy.errors import ClientClosed, RunComfyError, resume_line
from runcomfy.protocol.steps import Failure, Report, Send, Sleep, Step, Trouble
from runcomfy.redaction import Redactor
from runcomfy.status import Cancellation

__all__ = ["CONTENT_TYPE", "USER_AGENT", "AnswerCut", "Progress", "Wire", "log", "plain_headers"]

log = logging.getLogger("runcomfy")

USER_AGENT = f"runcomfy-python/{__version__}"

#: What a call with a body says of it.
CONTENT_TYPE = {"Content-Type": "application/json"}

#: The errors of httpx by name, so that those of httpx2 and of other transports count as well. The
#: first class of an error's family that is listed decides.
_TROUBLES: dict[str, Trouble] = {
    "ConnectError": "not connected",
    "ConnectTimeout": "not connected",
    "PoolTimeout": "not connected",
    "ProxyError": "not sent",
    "UnsupportedProtocol": "not sent",
    "InvalidURL": "not sent",
    "HTTPError": "answer lost",
    "StreamError": "answer lost",
    "AnswerCut": "answer lost",
}

#: What proves that there was no connection, in the words of the libraries under a caller's client: theirs
#: are errors of connecting only, while errors above them may be translations that say too much.
_NO_CONNECTION = frozenset(
    {
        "httpcore.ConnectError",
        "httpcore.ConnectTimeout",
        "httpcore.PoolTimeout",
        "httpcore2.ConnectError",
        "httpcore2.ConnectTimeout",
        "httpcore2.PoolTimeout",
        "aiohttp.ClientConnectorError",
        "aiohttp.ConnectionTimeoutError",
        "builtins.ConnectionRefusedError",
        "socket.gaierror",
        "ssl.SSLCertVerificationError",
    }
)

#: How the body of an answer may be packed: at most once, and by what every client of HTTP unpacks.
_PACKINGS = {"identity", "gzip", "x-gzip", "deflate"}

#: Seconds that one call may take beyond its timeout, so that the client reports its own, more exact ones
#: first.
_GRACE = 0.25

_CHECK = (
    "the submit was under way: it may have been accepted, and then it is billed. Look at the "
    "requests and the balance in your RunComfy account before you submit again"
)


class AnswerCut(Exception):
    """The call went out, and its answer did not come, or not as a whole."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How calls travel: where to, with which token, and how long a single step may take."""

    base_url: str
    token: Token
    connect_timeout: float
    read_timeout: float
    redact: Redactor

    #: An answer of the API is a small JSON text; more bytes than this are not read.
    longest: ClassVar[int] = 32 * 1024 * 1024

    def arguments(self, send: Send) -> dict[str, Any]:
        """The call as arguments of ``build_request``."""
        connect, read = self.steps(send)
        content = send.call.body
        return {
            "method": send.call.method,
            "url": self.base_url + send.call.path,
            "content": content,
            "headers": self.headers() if content is None else {**self.headers(), **CONTENT_TYPE},
            "timeout": (
                connect,
                read,
                read,
                send.timeout,
            ),  # connect, read, write, wait for the pool
        }

    def headers(self) -> dict[str, str]:
        """The headers of every call, the token among them."""
        return {
            "Authorization": f"Bearer {self.token.reveal()}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }

    def steps(self, send: Send) -> tuple[float, float]:
        """Seconds for connecting, and for each wait for a part of the answer."""
        rest = inf if send.timeout is None else send.timeout
        return min(self.connect_timeout, rest), min(self.read_timeout, rest)

    @staticmethod
    def limit(send: Send) -> float | None:
        """Seconds after which the whole call is given up, whatever its steps do."""
        return None if send.timeout is None else send.timeout + _GRACE

    @staticmethod
    def check_packing(packing: str | None) -> None:
        """Raise ``AnswerCut`` when the body is packed so that a few bytes of it could fill the memory at once.

        A piece packed once unpacks to a thousand times its size at most; packed twice, to a million.
        """
        if packing and packing.strip().lower() not in _PACKINGS:
            raise AnswerCut(f"the answer is packed as {packing[:80]!r}, which was not asked for")

    @staticmethod
    def check(size: int, ends: float | None) -> None:
        """Raise ``AnswerCut`` when an answer is too long, or takes too long."""
        if size > Wire.longest:
            raise AnswerCut(f"the answer is longer than {Wire.longest:,} bytes")
        if ends is not None and monotonic() > ends:
            raise AnswerCut("the timeout of the call ran out while the answer came in")

    def failure_of_call(self, error: Exception, *, given: bool) -> Failure:
        """``failure`` of a call to the service, whose address is told where nothing answers there."""
        failure = self.failure(error, given=given)
        if failure.trouble == "not connected":
            return replace(failure, text=f"{self.base_url}: {failure.text}")
        return failure

    @staticmethod
    def failure(error: Exception, *, given: bool = False) -> Failure:
        """The transport's error as a value; an error of another kind is raised again.

        The name of its class decides, so that httpx2 and other transports count.
        Of a client that was ``given``, nobody knows how its transport translates errors: there, "no
        connection" has to be proved by what is behind the error, or else the answer counts as lost.
        """
        trouble = _trouble(error)
        if trouble is None:
            raise error
        if given and trouble == "not connected" and not _surely_not_connected(error):
            trouble = "answer lost"
        ours = isinstance(error, AnswerCut)
        text = str(error) if ours else f"{type(error).__name__}: {_words(error)}"
        return Failure(monotonic(), trouble, text)


def _trouble(error: BaseException) -> Trouble | None:
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((_TROUBLES[name] for name in names if name in _TROUBLES), None)


def _surely_not_connected(error: BaseException) -> bool:
    """Whether an error that says so is right: by the error that it translates, or because there is none.

    httpx-aiohttp says the same of an answer that was lost, and the error behind it tells the two apart.
    Only the next one counts: further ones may belong to whatever the caller was handling.
    """
    if any(
        f"{kind.__module__.partition('.')[0]}.{kind.__name__}" in _NO_CONNECTION
        for kind in type(error).__mro__
    ):
        return True
    if _trouble(error) != "not connected":
        return False
    behind = error.__cause__ or error.__context__
    return behind is None or _surely_not_connected(behind)


def _words(error: BaseException) -> str:
    """What the error says, or else what those behind it say."""
    behind = error.__cause__ or error.__context__
    return str(error) or (_words(behind) if behind else "")


def plain_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers under lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


class Progress:
    """How far a flow got; it says what happened to the request when the flow is interrupted."""

    __slots__ = ("_model_id", "_redact", "ended", "request_id", "submitting")

    def __init__(
        self, redact: Redactor, request_id: str | None = None, model_id: str | None = None
    ) -> None:
        self._redact = redact
        self._model_id = model_id
        self.request_id = request_id
        self.submitting = False
        #: Whether the last status is one that stays.
        self.ended = False

    def take(self, step: Step) -> None:
        """Note the step, and log it when it is a change of state or a retry."""
        self.submitting = isinstance(step, Send) and step.call.action == "submit"
        if isinstance(step, Report):
            self.request_id = step.request_id
            self.ended = step.status.phase != "running"
            place = step.status.queue_position
            state = self._redact(step.status.state)
            log.info(
                "request %s: %s%s", step.request_id, state, "" if place is None else f" ({place})"
            )
        elif isinstance(step, Sleep) and step.reason:
            name = f"request {self.request_id}" if self.request_id else "submit"
            log.info("%s: %s; again in %.1f s", name, step.reason, step.seconds)

    def explain(self, stop: BaseException) -> None:
        """Add to an exception what it leaves behind; those about a request say it themselves."""
        if isinstance(stop, ClientClosed):
            stop.request_id, stop.model_id = self.request_id, self._model_id
            return
        if isinstance(stop, RunComfyError):
            return
        if self.request_id:
            going = "" if self.ended else "the job goes on at the service. "
            text = self._note(f"{going}{self._resume}")
        elif self.submitting:
            text = f"RunComfy: {_CHECK}"
        else:
            text = "RunComfy: nothing was submitted"
        stop.add_note(text)
        log.warning("%s after %s", text, type(stop).__name__)

    @contextmanager
    def rescue(self, stop: BaseException) -> Iterator[Callable[[Cancellation], None]]:
        """Around the one attempt to cancel; what it gives is called with what came of it.

        The exception that interrupted the call has a note with the request id from the start, so that
        another interruption does not lose it; that one gets the note as well, and is raised. An error of
        the attempt is told and not raised.
        """
        told = [self._unknown()]
        stop.add_note(self._note(told[0]))
        try:
            yield lambda outcome: told.append(self._outcome(outcome))
        except RunComfyError as error:
            why = str(error).splitlines()[0]
            told.append(f"could not ask to cancel it, so it may go on: {why}. {self._resume}")
        except Exception as error:  # noqa: BLE001  # it must not stand in for the interruption
            why = self._redact(f"{type(error).__name__}: {error}")
            told.append(self._unknown(f" ({why})"))
        except BaseException as second:
            second.add_note(self._note(told[0]))
            raise
        finally:
            notes: list[str] = stop.__notes__
            notes[notes.index(self._note(told[0]))] = self._note(told[-1])
            log.warning("request %s: %s", self.request_id, told[-1])

    def _unknown(self, why: str = "") -> str:
        return (
            f"it is not known whether it could be cancelled{why}, so it may go on and be billed. "
            f"{self._resume}"
        )

    def _outcome(self, outcome: Cancellation) -> str:
        if outcome.cancelled:
            return "it was still in the queue and is cancelled now"
        word = self._redact(outcome.outcome)
        return f"asked to cancel it; the service says {word!r}, so it may go on and be billed. {self._resume}"

    def _note(self, told: str) -> str:
        return f"RunComfy request id {self.request_id}: {told}"

    @property
    def _resume(self) -> str:
        purpose = "To see what came of it" if self.ended else "To wait for it"
        return f"{purpose}: {resume_line(self.request_id or '', self._model_id)}"
