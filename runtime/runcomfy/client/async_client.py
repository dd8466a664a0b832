"""``AsyncClient``: submits requests and fetches results, on asyncio and trio."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import anyio.to_thread

from runcomfy.arguments import check_callback, deadline
from runcomfy.downloads.async_manager import AsyncDownloads
from runcomfy.downloads.config import MAX_FILE_BYTES
from runcomfy.drivers.async_driver import AsyncDriver, OnStatus
from runcomfy.errors import ConfigurationError
from runcomfy.model.output import Output
from runcomfy.model.request import Request
from runcomfy.protocol import (
    Polling,
    Retries,
    list_models,
    look_up_model,
    read_catalogue_page,
    run,
    submit,
)
from runcomfy.transports.async_api import AsyncApiTransport

from .base_client import BaseClient
from .catalogue import CataloguePage, ModelEntry, read_entries, read_entry, read_page
from .job import AsyncJob
from .preparation import CheckFiles, Preparer
from .prepared_request import Hinting, find_type
from .result import AsyncResult
from .settings import CALL_TIMEOUT, RUN_TIMEOUT, ClientSettings, check_http
from .submit_options import SubmitOptions, refuse_journal_options

if TYPE_CHECKING:
    import httpx

    from runcomfy.engines.shards import ClientFactory
    from runcomfy.journal.journal import Journal
    from runcomfy.media.remote import RemoteLimits
    from runcomfy.uploads import AsyncUploader

    from .async_journalled import AsyncJournalled
    from .client import Client
    from .prepared_request import ModelRef
    from .records import JournalRecords

__all__ = ["AsyncClient", "async_twin"]

OutputT = TypeVar("OutputT", bound=Output)


class AsyncClient(BaseClient):
    """``Client`` with awaited methods, for asyncio and trio, in any number of event loops.

    Each event loop has its own connections; ``aclose`` closes those of the loop that it runs in.

    >>> async with AsyncClient() as client:
    ...     result = await client.run(GptImage2Edit(prompt="add a hat", images=[url]), timeout=600)
    >>> await result.save("out")
    [PosixPath('out/8f14e45f-1-hat.png')]
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        http: httpx.AsyncClient | None = None,
        polling: Polling | None = None,
        retries: Retries | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        uploader: AsyncUploader | None = None,
        check_files: CheckFiles = "local",
        remote_limits: RemoteLimits | None = None,
        download_hosts: Iterable[str] = (),
        download_http: httpx.AsyncClient | None = None,
        max_file_bytes: int = MAX_FILE_BYTES,
        journal: Journal | str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool = False,
    ) -> None:
        check_http(http, download_http, blocking=False)
        self._given_http = http is not None or download_http is not None
        settings = ClientSettings(
            token,
            base_url,
            polling,
            retries,
            connect_timeout,
            read_timeout,
            download_hosts,
            max_file_bytes,
            own_http=http is None,
            own_download_http=download_http is None,
        )
        preparer = Preparer(
            uploader,
            check_files,
            remote_limits,
            settings.submit_checks(allow, strict),
            blocking=False,
        )
        self._connect(settings, preparer, http, download_http)
        if journal is not None:
            self._keep_journal(journal)

    def _connect(
        self,
        settings: ClientSettings,
        preparer: Preparer,
        http: httpx.AsyncClient | None = None,
        download_http: httpx.AsyncClient | None = None,
    ) -> None:
        self._settings, self._preparer = settings, preparer
        self._transport = AsyncApiTransport(settings.http_config, http)
        self._driver = AsyncDriver(self._transport, settings.redact)
        self._records: JournalRecords | None = None
        self._journalled: AsyncJournalled | None = None
        self._owned: Journal | None = None
        self._shared = False
        self._downloads = AsyncDownloads(settings.downloads, download_http, keep=True)
        #: The same, with what is saved recorded where there is a journal.
        self._saving = self._downloads

    @overload
    async def run(
        self,
        request: Request[OutputT],
        payload: None = None,
        *,
        timeout: float | None = RUN_TIMEOUT,
        on_status: OnStatus | None = None,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> AsyncResult[OutputT]: ...
    @overload
    async def run(
        self,
        request: str,
        payload: Mapping[str, Any],
        *,
        timeout: float | None = RUN_TIMEOUT,
        on_status: OnStatus | None = None,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> AsyncResult[Output]: ...
    async def run(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = RUN_TIMEOUT,
        on_status: OnStatus | None = None,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> AsyncResult[Any]:
        """Submit, wait for the job to end, and fetch the result. ``timeout`` limits all of it, in seconds.

        ``on_status`` is called with each change of the status, and awaited if it returns an awaitable. If the
        task is cancelled, the service is asked to cancel the request, which works while it is queued; the
        cancellation has a note with the outcome.

        ``allow`` and ``strict`` override those of the client for this call.

        Raises ``ValidationError`` and ``UploadFailed`` before anything is submitted; ``SubmissionUnknown``
        if the submit may have been accepted; ``JobFailed``, ``JobCancelled``, ``DeadlineExceeded`` and other
        kinds of ``RequestError``, each with the request id if there is one.

        With a journal, a ``key`` that is already in it is not submitted again: the call returns the recorded
        job's result, and waits if it is running. ``again=True`` resubmits a job that has ended; ``folder``
        is where ``recover`` saves.
        Raises ``KeyConflict``, ``BudgetReached`` and ``JournalError`` before anything is submitted.
        """
        check_callback("on_status", on_status)
        ends = deadline(timeout)
        if self._journalled is not None:
            options = SubmitOptions(key, again, folder, allow, strict)
            return await self._journalled.run(request, payload, ends, options, on_status)
        refuse_journal_options(key, again, folder)
        prepared = await self._preparer.prepare_async(request, payload, ends, None, allow, strict)
        context = self._settings.context_until(ends, prepared.model)
        with Hinting(prepared.model):
            document = await self._driver.run(
                run(context, prepared.body),
                model_id=context.model_id,
                on_status=on_status,
                rescue=self._settings.rescue,
            )
        return prepared.model.async_result(context.request_id or "", document, self._downloads)

    @overload
    async def submit(
        self,
        request: Request[OutputT],
        payload: None = None,
        *,
        timeout: float | None = CALL_TIMEOUT,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> AsyncJob[OutputT]: ...
    @overload
    async def submit(
        self,
        request: str,
        payload: Mapping[str, Any],
        *,
        timeout: float | None = CALL_TIMEOUT,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> AsyncJob[Output]: ...
    async def submit(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = CALL_TIMEOUT,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> AsyncJob[Any]:
        """Submit without waiting for the job. A submit is billed, and sent once. ``timeout`` is in seconds.

        Raises what ``run`` raises before and during the submit.

        >>> job = await client.submit(GptImage2Edit(prompt="add a hat", images=[url]))
        >>> job.request_id
        '8f14e45f'
        """
        ends = deadline(timeout)
        if self._journalled is not None:
            options = SubmitOptions(key, again, folder, allow, strict)
            found = await self._journalled.submit(request, payload, ends, options)
            return self._job(found.model, found.request_id)
        refuse_journal_options(key, again, folder)
        prepared = await self._preparer.prepare_async(request, payload, ends, None, allow, strict)
        context = self._settings.context_until(ends, prepared.model)
        with Hinting(prepared.model):
            request_id = await self._driver.run(
                submit(context, prepared.body), model_id=context.model_id
            )
        return self._job(prepared.model, request_id)

    @overload
    def job(self, request_id: str, model: type[Request[OutputT]]) -> AsyncJob[OutputT]: ...
    @overload
    def job(self, request_id: str, model: str | None = None) -> AsyncJob[Output]: ...
    def job(self, request_id: str, model: type[Request[Any]] | str | None = None) -> AsyncJob[Any]:
        """The job with this id, from any process. The model determines the type of its output.

        >>> (await client.job("8f14e45f", GptImage2Edit).wait()).output.image
        'https://…/hat.png'
        """
        return self._job(find_type(model), request_id)

    async def models(
        self,
        search: str | None = None,
        *,
        category: str | None = None,
        kind: str | None = None,
        include_schema: bool = False,
        limit: int | None = None,
        timeout: float | None = CALL_TIMEOUT,
    ) -> list[ModelEntry]:
        """The models in the service's catalogue, or those that match; at most ``limit``.

        Raises a kind of ``RequestError`` if the service does not answer.

        >>> [entry.model_id for entry in await client.models("gpt-image", category="image-to-image")]
        ['openai/gpt-image-1-5/image-to-image', 'openai/gpt-image-2/edit']
        """
        flow = list_models(
            self._settings.context(timeout),
            search,
            category=category,
            kind=kind,
            include_schema=include_schema,
            limit=limit,
        )
        return read_entries(await self._driver.run(flow))

    async def catalogue_page(
        self,
        search: str | None = None,
        *,
        category: str | None = None,
        kind: str | None = None,
        include_schema: bool = False,
        limit: int = 100,
        offset: int = 0,
        timeout: float | None = CALL_TIMEOUT,
    ) -> CataloguePage:
        """One page of the catalogue with its exact text, for programs that page or store it.

        ``models`` reads all pages. Raises ``RequestError``, of the kind that fits.

        >>> page = await client.catalogue_page(include_schema=True, limit=50)
        >>> page.total, len(page.entries), len(page.body)
        (4, 4, 18211)
        """
        flow = read_catalogue_page(
            self._settings.context(timeout),
            search,
            category=category,
            kind=kind,
            include_schema=include_schema,
            limit=limit,
            offset=offset,
        )
        return read_page(await self._driver.run(flow), offset)

    async def model(self, model_id: str, *, timeout: float | None = CALL_TIMEOUT) -> ModelEntry:
        """The catalogue entry of one model, with its input schema. Raises ``NotFound``."""
        flow = look_up_model(self._settings.context(timeout), model_id)
        return read_entry(await self._driver.run(flow), model_id)

    async def aclose(self) -> None:
        """Close the connections. Waiting calls raise ``ClientClosed``; their jobs keep running."""
        if not self._shared:
            self._preparer.close()
            await self._driver.close()
            await self._transport.close()
            await self._downloads.close()
        if self._owned is not None:
            await anyio.to_thread.run_sync(self._owned.close)

    def leave_running(self) -> None:
        """Leave requests running when a task is cancelled, because another process resumes them."""
        self._driver.cancels = False

    async def close(self) -> None:
        """The same as ``aclose``."""
        await self.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _job(self, model: ModelRef[Any], request_id: str) -> AsyncJob[Any]:
        settings, driver, downloads = self._settings, self._driver, self._saving
        return AsyncJob(settings, driver, downloads, model, request_id, self._records)

    def _keep_journal(self, journal: Journal | str | os.PathLike[str]) -> None:
        from runcomfy.journal.journal import Journal

        from .async_journalled import AsyncJournalled, AsyncJournalledDownloads
        from .records import JournalRecords

        if isinstance(journal, (str, os.PathLike)):  # else it is one, or does what one does
            journal = self._owned = Journal(journal)
        records = self._records = JournalRecords(journal, self.account, self._settings.redact)
        self._saving = AsyncJournalledDownloads(self._downloads, records)
        self._journalled = AsyncJournalled(
            records, self._settings, self._preparer, self._driver, self._saving
        )

    def _client_factory(self) -> ClientFactory:
        from .client_factory import client_factory

        return client_factory(AsyncClient, self._settings, self._preparer)

    def _asynchronous(self) -> AsyncClient:
        return async_twin(self)


def async_twin(client: AsyncClient | Client) -> AsyncClient:
    """An asynchronous client with the settings of another client and its own connections.

    Raises ``ConfigurationError`` if that one has an HTTP client of the caller's, which cannot be used in another event loop.
    """
    if client._given_http:
        raise ConfigurationError(
            "a batch runs on its own thread, where http= and download_http= clients cannot be "
            "used; create a client without them for the batch"
        )
    twin = AsyncClient.__new__(AsyncClient)
    twin._given_http = False
    twin._connect(client._settings, client._preparer.asynchronous())
    return twin
