"""Passing files to an uploader: concurrently, within a deadline, on separate threads.

Uploads run on threads because neither a sleeping socket nor someone's function can be interrupted:
the caller can go on, at the deadline or on Ctrl-C, and the thread ends when it ends. Nothing is
submitted then, so all that is lost is an upload.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from inspect import iscoroutine, iscoroutinefunction
from math import inf
from threading import Thread
from time import monotonic

import anyio
import anyio.to_thread

from runcomfy.errors import ConfigurationError, DeadlineExceeded, UploadFailed
from runcomfy.redaction import clean, without_queries

from .upload_file import UploadFile

__all__ = ["AsyncUploader", "Uploader", "check_uploader", "send", "send_async"]

#: Turns a file into a URL that the service can read. It may raise anything.
Uploader = Callable[[UploadFile], str]
#: The same for ``AsyncClient``, where it may be an async function.
AsyncUploader = Callable[[UploadFile], str | Awaitable[str]]

_AT_ONCE = 4

_log = logging.getLogger("runcomfy")


def check_uploader(uploader: AsyncUploader, *, blocking: bool) -> None:
    """Raise ``ConfigurationError`` for an unusable uploader, before it is needed."""
    if not callable(uploader):
        raise ConfigurationError(
            f"an uploader must be a function that takes an UploadFile and returns a URL, got {uploader!r:.80}"
        )
    asynchronous = iscoroutinefunction(uploader) or iscoroutinefunction(
        getattr(uploader, "__call__", None)  # noqa: B004  # the method is looked into, not called
    )
    if blocking and asynchronous:
        raise ConfigurationError(
            "Client needs a synchronous uploader; AsyncClient takes both kinds"
        )


def send(
    uploader: AsyncUploader, files: Sequence[UploadFile], ends: float
) -> dict[UploadFile, str]:
    """The URLs of the files. ``ends`` is the deadline on the monotonic clock.

    Raises ``UploadFailed`` and ``DeadlineExceeded``.
    """
    urls: dict[UploadFile, str] = {}
    waiting = iter(list(files))  # the iterator of a list may be shared between threads
    done: Future[None] = Future()

    def work() -> None:
        try:
            for file in waiting:
                if done.done():
                    return
                urls[file] = _upload(uploader, file)
        except BaseException as error:  # noqa: BLE001  # it is raised where the uploads are waited for
            _settle(done, error)
        if len(urls) == len(files):
            _settle(done)

    for _ in range(min(_AT_ONCE, len(files))):
        Thread(target=work, daemon=True, name="runcomfy-upload").start()
    if files:
        _wait(done, ends)
    return {file: urls[file] for file in files}


async def send_async(
    uploader: AsyncUploader, files: Sequence[UploadFile], ends: float
) -> dict[UploadFile, str]:
    """The same as ``send``, on asyncio and trio; the uploader may be an async function."""
    urls: dict[UploadFile, str] = {}
    failed: list[UploadFailed] = []
    waiting = iter(files)

    async def work() -> None:
        for file in waiting:
            try:
                urls[file] = await _upload_async(uploader, file)
            except UploadFailed as error:
                failed.append(error)
                group.cancel_scope.cancel()

    with anyio.move_on_after(ends - monotonic()):
        async with anyio.create_task_group() as group:
            for _ in range(min(_AT_ONCE, len(files))):
                group.start_soon(work)
    if failed:
        raise failed[0]
    if len(urls) < len(files):
        raise _too_late()
    return {file: urls[file] for file in files}


def _settle(done: Future[None], error: BaseException | None = None) -> None:
    """End the wait, unless it has ended."""
    with suppress(InvalidStateError):
        done.set_exception(error) if error else done.set_result(None)


def _wait(done: Future[None], ends: float) -> None:
    try:
        done.result(None if ends == inf else max(0.0, ends - monotonic()))
    except TimeoutError:
        raise _too_late() from None
    finally:
        done.cancel()  # running threads take no further file


def _too_late() -> DeadlineExceeded:
    return DeadlineExceeded("the call timed out during an upload; nothing was submitted")


def _upload(uploader: AsyncUploader, file: UploadFile) -> str:
    try:
        url = uploader(file)
    except Exception as error:
        raise _failed(file, error) from error
    return _checked(url, file)


async def _upload_async(uploader: AsyncUploader, file: UploadFile) -> str:
    try:
        # An async function only makes its coroutine there, which is awaited here; trio wants it wrapped.
        (url,) = await anyio.to_thread.run_sync(lambda: (uploader(file),), abandon_on_cancel=True)
        if isinstance(url, Awaitable):
            url = await url
    except Exception as error:
        raise _failed(file, error) from error
    return await anyio.to_thread.run_sync(_checked, url, file)


def _failed(file: UploadFile, error: Exception) -> UploadFailed:
    if isinstance(error, UploadFailed):
        return error
    reason = without_queries(f"{type(error).__name__}: {error}")
    return UploadFailed(f"{file.label} could not be uploaded: {reason}; nothing was submitted")


def _checked(url: object, file: UploadFile) -> str:
    if iscoroutine(url):
        url.close()
    if not isinstance(url, str) or not url:
        raise UploadFailed(
            f"{file.label}: the uploader returned a {type(url).__name__}, not a URL; nothing was submitted"
        )
    file.check_unchanged()
    _log.info("%s: %d bytes made available to the service", clean(file.label), file.size)
    return url
