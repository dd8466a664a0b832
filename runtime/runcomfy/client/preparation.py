"""``Preparer``: makes orders of requests: looks at their files, and uploads those that are local."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, Protocol

from runcomfy.errors import ClientClosed, ConfigurationError, RunComfyError
from runcomfy.model.media import SCHEMES, WEB, urls
from runcomfy.validation.media import Files
from runcomfy.validation.validate import examine

from .prepared_request import (
    ModelRef,
    PreparedRequest,
    RequestDraft,
    draft,
    encode,
    require_schema,
    warn,
)

if TYPE_CHECKING:
    from runcomfy.media.probe import MediaInfo
    from runcomfy.media.remote import RemoteLimits
    from runcomfy.model.request import Request
    from runcomfy.uploads import AsyncUploader, UploadFile
    from runcomfy.uploads.opened_files import OpenedFiles

__all__ = ["CheckFiles", "OnChecked", "Preparer"]

CheckFiles = Literal["local", "remote", "off"]


class OnChecked(Protocol):
    """What wants to see a request that is checked. ``uploading``: its files are to be uploaded next."""

    def __call__(
        self, model: ModelRef[Any], payload: Mapping[str, Any], *, uploading: bool
    ) -> None:
        """See it; what this raises ends the preparation."""


#: Which URLs are looked at. Local files are also opened where nothing is checked, to be uploaded.
_CHECKED = {"local": ("data:",), "remote": ("data:", *WEB), "off": ()}


class Preparer:
    """What a client does with requests before it sends them."""

    def __init__(
        self,
        uploader: AsyncUploader | None,
        check_files: CheckFiles,
        remote_limits: RemoteLimits | None,
        *,
        blocking: bool,
    ) -> None:
        if check_files not in _CHECKED:
            told = " or ".join(map(repr, _CHECKED))
            raise ConfigurationError(f"check_files must be {told}, not {check_files!r:.80}")
        if uploader is not None:
            from runcomfy.uploads.uploader import check_uploader

            check_uploader(uploader, blocking=blocking)
        if remote_limits is not None:
            _require_limits(remote_limits)
        self._given = uploader
        self._check_files = check_files
        self._limits = remote_limits
        self._closed = False

    def close(self) -> None:
        """Take nothing any more: an upload for a client that is closed would be in vain."""
        self._closed = True

    def prepare(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None,
        ends: float | None,
        on_checked: OnChecked | None = None,
    ) -> PreparedRequest[Any]:
        """The order for a request; ``ends`` is the deadline of the call, as ``monotonic`` tells it.

        ``on_checked`` is called when everything is checked, before anything is uploaded. Raises ``ValidationError``, ``UploadFailed`` and ``DeadlineExceeded``.
        """
        made = draft(request, payload)
        seen = self._seen(made)
        if not seen:
            return _prepared(made, on_checked)
        from runcomfy.uploads.uploader import send

        until = inf if ends is None else ends
        with _nothing_submitted(), self._open(made) as files:
            remote = _remote(seen)
            known: dict[str, MediaInfo] = {}
            if remote:
                from runcomfy.media.remote import look

                known = look(remote, self._limits_until(until))
            self._check(made, files, known)
            if on_checked is not None:
                on_checked(made.model, files.payload, uploading=True)
            return _resolved(made, files, send(self._uploader(), files.each, until))

    async def prepare_async(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None,
        ends: float | None,
        on_checked: OnChecked | None = None,
    ) -> PreparedRequest[Any]:
        """The same as ``prepare``; whatever reads files or large texts does so beside the event loop."""
        made = draft(request, payload)
        seen = self._seen(made)
        if not seen:
            return _prepared(made, on_checked)
        from anyio.to_thread import run_sync

        from runcomfy.uploads.uploader import send_async

        until = inf if ends is None else ends
        with _nothing_submitted(), await run_sync(self._open, made) as files:
            remote = _remote(seen)
            known: dict[str, MediaInfo] = {}
            if remote:
                from runcomfy.media.remote import look_async

                known = await look_async(remote, self._limits_until(until))
            await run_sync(self._check, made, files, known)
            if on_checked is not None:
                await run_sync(partial(on_checked, made.model, files.payload, uploading=True))
            found = await send_async(self._uploader(), files.each, until)
            return await run_sync(_resolved, made, files, found)

    def _seen(self, made: RequestDraft) -> list[Any]:
        """The local files and the URLs that there is something to do or to say about."""
        if self._closed:
            raise ClientClosed("the client is closed; nothing was sent")
        if made.cls is None:
            return []
        found = [url for media in made.cls._media for _, url in urls(made.payload, media.path)]
        return [url for url in found if not isinstance(url, str) or self._is_checked(url)]

    def _is_checked(self, url: str) -> bool:
        start = url[:8].lower()
        if start.startswith(_CHECKED[self._check_files]):
            return True
        # There is a warning about it, before it costs money: the name of a local file as a text.
        return self._check_files != "off" and not start.startswith(SCHEMES)

    def _open(self, made: RequestDraft) -> OpenedFiles:
        from runcomfy.uploads.opened_files import OpenedFiles

        return OpenedFiles(_class_of(made)._media, made.payload)

    def _check(
        self, made: RequestDraft, files: OpenedFiles, known: Mapping[str, MediaInfo]
    ) -> None:
        """Everything that can be said before a file is uploaded."""
        from runcomfy.uploads.resolve import check_room

        cls = _class_of(made)
        if self._check_files == "off":
            require_schema(cls, files.payload)
        else:
            report = examine(cls, files.payload, files=Files(None, known=known))
            report.raise_for_errors()
            require_schema(
                cls, files.payload
            )  # a report lets pass what only a missing library could check
            warn(report)
        files.require_all()
        check_room(self._uploader(), files)

    def _uploader(self) -> AsyncUploader:
        if self._given is None:
            from runcomfy.uploads.inline import DataUri

            self._given = DataUri()
        return self._given

    def _limits_until(self, ends: float) -> RemoteLimits:
        from runcomfy.media.remote import RemoteLimits

        limits = self._limits or RemoteLimits()
        return replace(limits, timeout=max(0.001, min(limits.timeout, ends - monotonic())))


def _require_limits(limits: object) -> None:
    from runcomfy.media.remote import RemoteLimits

    if not isinstance(limits, RemoteLimits):
        raise ConfigurationError(f"remote_limits must be RemoteLimits(…), not {limits!r:.80}")


def _class_of(made: RequestDraft) -> type[Request[Any]]:
    assert made.cls is not None  # noqa: S101  # only classes know of files
    return made.cls


def _prepared(made: RequestDraft, on_checked: OnChecked | None) -> PreparedRequest[Any]:
    prepared = made.prepared()
    if on_checked is not None:
        on_checked(made.model, made.payload, uploading=False)
    return prepared


def _remote(seen: list[Any]) -> list[str]:
    return [url for url in seen if isinstance(url, str) and url[:8].lower().startswith(WEB)]


def _resolved(
    made: RequestDraft, files: OpenedFiles, found: dict[UploadFile, str]
) -> PreparedRequest[Any]:
    """The order with URLs in the places of the files; a schema may ask more of a URL than it is one."""
    payload = files.with_urls(found)
    require_schema(_class_of(made), payload)
    return PreparedRequest(made.model, encode(payload))


@contextmanager
def _nothing_submitted() -> Iterator[None]:
    """Say of what interrupts an upload that nothing was submitted; errors of ours say it themselves."""
    try:
        yield
    except BaseException as stop:
        if not isinstance(stop, RunComfyError):
            stop.add_note("RunComfy: nothing was submitted")
        raise
