"""Every error that runcomfy raises.

RunComfyError
├── ValidationError       a payload breaks its model's input schema (also a ValueError)
├── UnknownModel          no installed package has the model (also a LookupError)
├── MissingExtra          the call needs a library that is not installed (also an ImportError)
├── IncompatiblePackage   generated in a format this runtime cannot read (also an ImportError)
├── ConfigurationError    an unusable setting, token, address or id (also a ValueError)
│   └── MissingToken          no token was found
├── UnresolvedFiles       the payload was requested while inputs are local files (also a ValueError)
├── UploadFailed          a local file could not be made into a URL; nothing was submitted
├── BucketError           an object store cannot be read or written (also an OSError)
├── ClientClosed          the client was closed before the call (also a RuntimeError)
├── KeyConflict           the key is taken by another model or payload (also a ValueError)
├── BudgetReached         the next request would exceed a budget; nothing was sent
├── JournalError          the journal cannot be used; nothing was sent
│   ├── JournalRefused        its files are unreadable or not trustworthy
│   │   └── JournalRestored       restored from an older copy, or deleted
│   ├── JournalUnwritable     read-only, or the disk is full (also an OSError)
│   ├── JournalBusy           another process holds it; try again later
│   └── JournalClosed         it was closed (also a RuntimeError)
└── RequestError          about one request; has request_id and says how to continue
    ├── SubmissionUnknown     the submit may have been accepted and billed: check before repeating it
    ├── DeadlineExceeded      the timeout expired; the job continues (also a TimeoutError)
    ├── ConnectionFailed      no connection or no response (also a ConnectionError)
    ├── ResultNotReady        the job has not ended yet
    ├── JobFailed             the job failed at the service
    ├── JobCancelled          the job was cancelled
    ├── NoFiles               the job completed, but its output has no file (also a LookupError)
    ├── DownloadFailed        a file of the result could not be fetched; has its url
    │   ├── DownloadRefused       its host is not allowed, or it is too large
    │   └── NotAllSaved           some files of a result could not be saved
    └── ServiceError          the service returned an error
        ├── AuthenticationFailed  a bad or missing token
        ├── InsufficientBalance   not enough credit
        ├── PermissionDenied      not allowed for this token
        ├── NotFound              no such model or request
        │   └── ResultExpired         the request was paid for, but its result or files are gone
        ├── RequestRejected       any other client error (4xx)
        ├── RateLimited           too many calls; retry_after may say how long to wait
        ├── ServerFault           a server error (5xx)
        └── UnexpectedAnswer      not a response of the API, such as a redirect or a web page
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any, Protocol

    from runcomfy.model.violation import Violation

    class UnsavedFile(Protocol):
        """An output file, as the errors about it see it: ``OutputFile`` or ``AsyncOutputFile``."""

        @property
        def url(self) -> str: ...
        @property
        def name(self) -> str: ...
        @property
        def save(self) -> Callable[..., Any]: ...


__all__ = [
    "AuthenticationFailed",
    "BucketError",
    "BudgetReached",
    "ClientClosed",
    "ConfigurationError",
    "ConnectionFailed",
    "DeadlineExceeded",
    "DownloadFailed",
    "DownloadRefused",
    "IncompatiblePackage",
    "InsufficientBalance",
    "JobCancelled",
    "JobFailed",
    "JournalBusy",
    "JournalClosed",
    "JournalError",
    "JournalRefused",
    "JournalRestored",
    "JournalUnwritable",
    "KeyConflict",
    "MissingExtra",
    "MissingToken",
    "NoFiles",
    "NotAllSaved",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "RequestError",
    "RequestRejected",
    "ResultExpired",
    "ResultNotReady",
    "RunComfyError",
    "ServerFault",
    "ServiceError",
    "SubmissionUnknown",
    "UnexpectedAnswer",
    "UnknownModel",
    "UnresolvedFiles",
    "UploadFailed",
    "ValidationError",
]


def resume_line(request_id: str, model_id: str | None) -> str:
    """A line of code that resumes waiting for a request, in any process."""
    arguments = [f'"{name}"' for name in (request_id, model_id) if name and _is_plain(name)]
    return f"client.job({', '.join(arguments)}).wait()"


def _is_plain(name: str) -> bool:
    """Whether a name is safe in code that users paste: it may come from the service."""
    return (
        name.isascii() and len(name) <= 300 and all(one.isalnum() or one in " ._/-" for one in name)
    )


class RunComfyError(Exception):
    """The base class of all errors that the library raises.

    Other exceptions pass through unchanged: an ``OSError`` while saving a file, whatever your callback or
    uploader raises, and ``TypeError`` or ``ValueError`` for wrong arguments. If a request was submitted, a
    note on the exception has its id.
    """


class ValidationError(RunComfyError, ValueError):
    """A payload violates its model's input schema. ``violations`` holds every violation.

    >>> try:
    ...     GptImage2Edit(prompt="a hat", images=[])
    ... except ValidationError as error:
    ...     print(error.violations[0].pointer)
    /images
    """

    def __init__(self, model_id: str, violations: Sequence[Violation], advice: str = "") -> None:
        super().__init__(model_id, violations, advice)
        self.model_id = model_id
        self.violations = tuple(violations)
        #: How to send the payload anyway, for findings that can be allowed.
        self.advice = advice

    def __str__(self) -> str:
        count = len(self.violations)
        head = f"{self.model_id}: {count} violation{'' if count == 1 else 's'}"
        lines = [head, *(f"  {violation}" for violation in self.violations)]
        return "\n".join(lines + [self.advice] * bool(self.advice))


class UnknownModel(RunComfyError, LookupError):
    """No installed package has the model. ``suggestions`` holds similar ids."""

    #: The last step of adding a model; the command line has an option for it.
    _last_step = 'runcomfy.register("my_models")'

    def __init__(self, model_id: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(model_id, suggestions)
        self.model_id = model_id
        self.suggestions = tuple(suggestions)

    def __str__(self) -> str:
        meant = (
            f" Did you mean {' or '.join(map(repr, self.suggestions))}?" if self.suggestions else ""
        )
        return (
            f"No generated model has the id {self.model_id!r}.{meant} To add it, save its documentation "
            "page, run 'runcomfy-codegen add PAGE' and 'runcomfy-codegen generate --out src --package "
            f"my_models', then {self._last_step}."
        )


class MissingExtra(RunComfyError, ImportError):
    """The call needs a library that is not installed. ``extra`` names the extra that installs it.

    ``violations`` holds the violations found before the library was needed.
    """

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(purpose, extra)
        self.purpose = purpose
        self.extra = extra
        self.violations: list[Violation] = []

    def __str__(self) -> str:
        from .extras import install_command

        return f"{self.purpose} needs another library: {install_command(self.extra)}"


class IncompatiblePackage(RunComfyError, ImportError):
    """A generated package is in a format that this runtime cannot read, or lacks one of its modules."""


class ConfigurationError(RunComfyError, ValueError):
    """A setting, a token, a URL or an id is invalid. Nothing was sent."""


class MissingToken(ConfigurationError):
    """No token was found. The message lists the sources that were tried."""


class UnresolvedFiles(RunComfyError, ValueError):
    """``payload()`` was called, but some inputs are local files that have no URL yet.

    ``files`` holds a name for each, by the JSON pointer of its input.
    """

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__(files)
        self.files = files

    def __str__(self) -> str:
        listed = ", ".join(f"{pointer} ({name})" for pointer, name in self.files.items())
        return (
            f"the payload has local files without URLs: {listed}. Pass the request to a client, which "
            "uploads them, or call runcomfy.uploads.resolve(request, uploader)"
        )


class UploadFailed(RunComfyError):
    """A local file could not be uploaded. Nothing was submitted."""


class BucketError(RunComfyError, OSError):
    """An object store cannot be read or written. The message names the object and the reason."""


class ClientClosed(RunComfyError, RuntimeError):
    """The client was closed, before the call or while it waited.

    ``request_id`` is that of a job that continues at the service; ``None`` if there is none.
    """

    request_id: str | None = None
    model_id: str | None = None

    @property
    def resume(self) -> str | None:
        """The line of code that resumes the request with an open client."""
        return None if self.request_id is None else resume_line(self.request_id, self.model_id)

    def __str__(self) -> str:
        if self.request_id is None:
            return super().__str__()
        return (
            f"the client was closed; request {self.request_id} continues at the service. To wait for it "
            f"with another client: {self.resume}"
        )


class KeyConflict(RunComfyError, ValueError):
    """The key is in the journal with another model or another payload. Nothing was sent.

    ``differs`` is ``"model"`` or ``"payload"``; ``model_id`` and ``request_id`` are those of the entry
    that has the key.
    """

    def __init__(
        self,
        message: str,
        *,
        key: str = "",
        differs: str = "payload",
        model_id: str = "",
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.key = key
        self.differs = differs
        self.model_id = model_id
        self.request_id = request_id


class BudgetReached(RunComfyError):
    """The next request would exceed a budget. Nothing was sent.

    Amounts are US dollars: ``limit``, what is ``settled`` and ``reserved`` already, and what is
    ``needed`` for the request. ``period`` is ``"total"`` or ``"day"``.
    """

    def __init__(
        self,
        message: str,
        *,
        period: str = "total",
        limit: float = 0.0,
        settled: float = 0.0,
        reserved: float = 0.0,
        needed: float | None = None,
    ) -> None:
        super().__init__(message)
        self.period = period
        self.limit = limit
        self.settled = settled
        self.reserved = reserved
        self.needed = needed


class JournalError(RunComfyError):
    """The journal cannot be used, so nothing is sent. The message names the file and the next step.

    ``request_id`` is that of a request that was accepted and could not be recorded.
    """

    request_id: str | None = None


class JournalRefused(JournalError):
    """The journal is unusable: corrupt, written by a newer version, or of another account."""


class JournalRestored(JournalRefused):
    """The journal is older than its folder records, or missing: continuing could pay twice."""


class JournalUnwritable(JournalError, OSError):
    """The journal cannot be written: its folder is read-only, or the disk is full."""


class JournalBusy(JournalError):
    """Another process is using the journal or the batch. Try again later."""


class JournalClosed(JournalError, RuntimeError):
    """The journal was closed."""


class RequestError(RunComfyError):
    """An error about one request to the service.

    ``request_id`` is ``None`` if the request has no id yet. ``status``, ``error_code`` and ``server_text``
    (shortened) are from the service's response, if there was one. ``raw`` is the complete response if it
    is JSON, with the token redacted.

    >>> try:
    ...     result = client.run(request, timeout=60)
    ... except RequestError as error:
    ...     job = client.job(error.request_id)
    """

    #: Introduces the line of code that resumes the request; without it, messages do not have that line.
    _advice = "To resume:"
    #: The whole address of the file, in errors about one; messages leave out its query, which may be a
    #: signature.
    url: str = ""

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        model_id: str | None = None,
        status: int | None = None,
        error_code: int | None = None,
        server_text: str = "",
        retry_after: float | None = None,
        raw: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id
        self.model_id = model_id
        self.status = status
        self.error_code = error_code
        self.server_text = server_text
        self.retry_after = retry_after
        self.raw = raw

    @property
    def resume(self) -> str | None:
        """The line of code that resumes the request, in this or another process."""
        return None if self.request_id is None else resume_line(self.request_id, self.model_id)

    def __str__(self) -> str:
        codes = [
            f"{word} {number}"
            for word, number in (("HTTP", self.status), ("error_code", self.error_code))
            if number is not None
        ]
        lines = [self.message + (f" ({', '.join(codes)})" if codes else "")]
        if self.server_text:
            lines.append(f"  reason given: {self.server_text}")
        if self.request_id is not None:
            lines.append(f"  request id: {self.request_id}")
            if self._advice:
                lines.append(f"  {self._advice} {self.resume}")
        elif self.model_id is not None:
            lines.append(f"  model: {self.model_id}")
        return "\n".join(lines)


class SubmissionUnknown(RequestError):
    """The submit may have been accepted and billed; no response confirms it.

    It was not retried. Check the requests and the balance in your RunComfy account, and submit
    again only if the request is not there.
    """


class DeadlineExceeded(RequestError, TimeoutError):
    """The timeout of the whole call expired. An unfinished job keeps running at the service."""

    _advice = "The job continues. To wait for it:"


class ConnectionFailed(RequestError, ConnectionError):
    """The connection failed, or no response arrived."""


class ResultNotReady(RequestError):
    """The result was requested before the job ended."""

    _advice = "To wait for it:"


class JobFailed(RequestError):
    """The service accepted the request, and the job failed.

    ``error`` is the service's explanation, unchanged; ``raw`` is the complete response.
    """

    _advice = "To see the response again:"
    if TYPE_CHECKING:  # at run time their types are not there, and get_type_hints would fail
        error: Any
        raw: dict[str, Any] | None
    else:
        error = None


class JobCancelled(RequestError):
    """The job was cancelled, by this program or by another client."""

    _advice = "To see the response again:"


class NoFiles(RequestError, LookupError):
    """The job completed, and its output has no files to save. ``raw`` is the whole response."""

    _advice = "To see the response again:"


class DownloadFailed(RequestError):
    """A file of the result could not be downloaded. The service still has the result."""

    _advice = "To fetch the result again:"


class DownloadRefused(DownloadFailed):
    """The client refuses to download the file: its host is not allowed, or it is too large.

    The message says how to allow it.
    """


class NotAllSaved(DownloadFailed):
    """Some files of a result were saved, and some were not.

    ``saved`` are the paths of those that were; ``failed`` are the others, each with its error.

    >>> try:
    ...     result.save("out")
    ... except NotAllSaved as error:
    ...     again = [file.save("out") for file, _ in error.failed]
    """

    if TYPE_CHECKING:  # likewise
        saved: Sequence[Path]
        failed: Sequence[tuple[UnsavedFile, Exception]]
    else:
        saved = failed = ()


class ServiceError(RequestError):
    """The service returned an error. ``server_text`` holds its message."""


class AuthenticationFailed(ServiceError):
    """The service rejected the token."""


class InsufficientBalance(ServiceError):
    """The account does not have enough credit."""


class PermissionDenied(ServiceError):
    """The token's account is not permitted to do this."""


class NotFound(ServiceError):
    """The service does not have this model or request."""

    _advice = ""


class ResultExpired(NotFound):
    """The request was paid and has ended, and the service no longer has its result or files."""

    _advice = "To request it again:"


class RequestRejected(ServiceError):
    """The service rejected the call as invalid."""


class RateLimited(ServiceError):
    """The service rate-limited the call. ``retry_after`` is the requested pause in seconds, if given."""


class ServerFault(ServiceError):
    """The service failed."""


class UnexpectedAnswer(ServiceError):
    """The response is not an API response, such as a redirect or a web page."""
