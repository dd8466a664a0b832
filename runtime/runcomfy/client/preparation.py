"""``Preparer``: validates requests, inspects their files, and uploads local files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, Protocol

from runcomfy.errors import ClientClosed, ConfigurationError, RunComfyError
from runcomfy.model.media import is_data, is_web, urls
from runcomfy.validation.media import GivenFiles

from .file_reading import read_within, read_within_async
from .prepared_request import ModelRef, PreparedRequest, RequestDraft, draft, encode, require_schema
from .submit_checks import SubmitChecks

if TYPE_CHECKING:
    from runcomfy.media.probe import MediaInfo
    from runcomfy.media.remote import RemoteLimits
    from runcomfy.model.request import Request
    from runcomfy.uploads import AsyncUploader, UploadFile
    from runcomfy.uploads.opened_files import OpenedFiles
    from runcomfy.uploads.upload_file import SeenFacts

__all__ = ["CheckFiles", "OnChecked", "Preparer"]

#: Which files are inspected: local ones and data URIs, those behind URLs as well, or none.
CheckFiles = Literal["local", "remote", "off"]


class OnChecked(Protocol):
    """A callback for a validated request. ``uploading``: its files are uploaded next."""

    def __call__(
        self, model: ModelRef[Any], payload: Mapping[str, Any], *, uploading: bool
    ) -> None:
        """Receive the request. An exception ends the preparation."""


_MODES = ("local", "remote", "off")


@dataclass(slots=True)
class _Plan:
    """A draft and how strictly it is checked; ``found`` are the URLs and local files in its media inputs."""

    draft: RequestDraft
    checks: SubmitChecks
    found: list[Any]
    mode: CheckFiles

    @property
    def remote(self) -> list[str]:
        """The URLs whose files are inspected over the network, if requested."""
        return [url for url in self.found if is_web(url)] if self.mode == "remote" else []

    @property
    def opens_files(self) -> bool:
        """Whether any file must be read, from disk, a data URI or the network."""
        for url in self.found:
            if not isinstance(url, str) or (self.mode != "off" and is_data(url)):
                return True
        return bool(self.remote)


class Preparer:
    """Prepares requests before a client sends them."""

    def __init__(
        self,
        uploader: AsyncUploader | None,
        check_files: CheckFiles,
        remote_limits: RemoteLimits | None,
        checks: SubmitChecks,
        *,
        blocking: bool,
    ) -> None:
        if check_files not in _MODES:
            modes = " or ".join(map(repr, _MODES))
            raise ConfigurationError(f"check_files must be {modes}, not {check_files!r:.80}")
        if uploader is not None:
            from runcomfy.uploads.uploader import check_uploader

            check_uploader(uploader, blocking=blocking)
        if remote_limits is not None:
            _require_limits(remote_limits)
        self._given = uploader
        self._check_files: CheckFiles = check_files
        self._limits = remote_limits
        self._submit_checks = checks
        #: What is known of the files so far, which requests may share.
        self._seen: SeenFacts | None = None
        self._closed = False

    def asynchronous(self) -> Preparer:
        """A preparer with the same settings for the asynchronous client of a batch, whose rows may share files."""
        uploader = self._given
        if uploader is not None:
            from runcomfy.uploads.once import uploaded_once

            uploader = uploaded_once(uploader)
        return Preparer(
            uploader, self._check_files, self._limits, self._submit_checks, blocking=False
        )

    def arguments(self) -> dict[str, Any]:
        """The arguments for another client that prepares requests in the same way."""
        return {
            "uploader": self._given,
            "check_files": self._check_files,
            "remote_limits": self._limits,
            "allow": self._submit_checks.allow,
            "strict": self._submit_checks.strict,
        }

    def close(self) -> None:
        """Refuse further requests, because an upload for a closed client is useless."""
        self._closed = True

    def prepare(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None,
        ends: float | None,
        on_checked: OnChecked | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> PreparedRequest[Any]:
        """The prepared request; ``ends`` is the deadline of the call, on the monotonic clock.

        ``on_checked`` is called when everything is checked, before anything is uploaded. Raises ``ValidationError``, ``UploadFailed`` and ``DeadlineExceeded``.
        """
        plan = self._plan(request, payload, allow, strict)
        if not plan.opens_files:
            return self._checked(plan, on_checked)
        from runcomfy.uploads.uploader import send

        until = inf if ends is None else ends
        with _nothing_submitted(), read_within(*self._opening(plan, ends)) as files:
            known: dict[str, MediaInfo] = {}
            if plan.remote:
                from runcomfy.media.remote import probe_urls

                known = probe_urls(plan.remote, self._limits_until(until))
            read_within(partial(self._check, plan, files, known), ends, plan.draft.model.model_id)
            if on_checked is not None:
                on_checked(plan.draft.model, files.payload, uploading=True)
            return _resolved(plan.draft, files, send(self._uploader(), files.each, until))

    async def prepare_async(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None,
        ends: float | None,
        on_checked: OnChecked | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> PreparedRequest[Any]:
        """``prepare`` for event loops; reads files and large strings in threads."""
        plan = self._plan(request, payload, allow, strict)
        if not plan.opens_files:
            return self._checked(plan, on_checked)
        from anyio.to_thread import run_sync

        from runcomfy.uploads.uploader import send_async

        until = inf if ends is None else ends
        with (
            _nothing_submitted(),
            await read_within_async(*self._opening(plan, ends)) as files,
        ):
            known: dict[str, MediaInfo] = {}
            if plan.remote:
                from runcomfy.media.remote import probe_urls_async

                known = await probe_urls_async(plan.remote, self._limits_until(until))
            check = partial(self._check, plan, files, known)
            await read_within_async(check, ends, plan.draft.model.model_id)
            if on_checked is not None:
                checked = partial(on_checked, plan.draft.model, files.payload, uploading=True)
                await run_sync(checked)
            found = await send_async(self._uploader(), files.each, until)
            return await run_sync(_resolved, plan.draft, files, found)

    def _plan(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None,
        allow: Iterable[str],
        strict: bool | None,
    ) -> _Plan:
        checks = self._submit_checks.changed(allow, strict)
        made = draft(request, payload)
        if self._closed:
            raise ClientClosed("the client is closed; nothing was sent")
        inputs = made.cls._media if made.cls else ()
        found = [url for media in inputs for url in urls(made.payload, media.path)]
        return _Plan(made, checks, found, self._check_files)

    def _checked(self, plan: _Plan, on_checked: OnChecked | None) -> PreparedRequest[Any]:
        """The prepared request of a payload without files."""
        made = plan.draft
        if made.cls is None:
            made.require_json()
        else:
            plan.checks.require(made.cls, made.payload, GivenFiles(None, look=plan.mode != "off"))
        prepared = PreparedRequest(made.model, encode(made.payload))
        if on_checked is not None:
            on_checked(made.model, made.payload, uploading=False)
        return prepared

    def _opening(
        self, plan: _Plan, ends: float | None
    ) -> tuple[
        Callable[[], OpenedFiles], float | None, str | None, Callable[[OpenedFiles], object]
    ]:
        from runcomfy.uploads.opened_files import OpenedFiles
        from runcomfy.uploads.upload_file import SeenFacts

        seen = self._seen = self._seen or SeenFacts()
        media, payload = _class_of(plan.draft)._media, plan.draft.payload
        opened = partial(OpenedFiles, media, payload, seen)
        return opened, ends, plan.draft.model.model_id, OpenedFiles.close

    def _check(self, plan: _Plan, files: OpenedFiles, known: Mapping[str, MediaInfo]) -> None:
        """Run every check that does not need an upload."""
        from runcomfy.uploads.resolve import check_room

        at_hand = GivenFiles(None, known=known, look=plan.mode != "off")
        plan.checks.require(_class_of(plan.draft), files.payload, at_hand)
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


def _resolved(
    made: RequestDraft, files: OpenedFiles, found: dict[UploadFile, str]
) -> PreparedRequest[Any]:
    """The prepared request with files replaced by URLs, which the schema may constrain further."""
    payload = files.with_urls(found)
    require_schema(_class_of(made), payload)
    return PreparedRequest(made.model, encode(payload))


@contextmanager
def _nothing_submitted() -> Iterator[None]:
    """Note on an interruption of an upload that nothing was submitted; our own errors say so already."""
    try:
        yield
    except BaseException as stop:
        if not isinstance(stop, RunComfyError):
            stop.add_note("RunComfy: nothing was submitted")
        raise
