"""``Client``: submits requests and fetches results, blocking."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from runcomfy.arguments import check_callback, deadline
from runcomfy.downloads.config import MAX_FILE_BYTES
from runcomfy.downloads.manager import Downloads
from runcomfy.drivers.driver import Driver
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
from runcomfy.status import Status
from runcomfy.transports.api import ApiTransport

from .base_client import BaseClient
from .catalogue import CataloguePage, ModelEntry, read_entries, read_entry, read_page
from .job import Job
from .preparation import CheckFiles, Preparer
from .prepared_request import Hinting, find_type
from .result import Result
from .settings import CALL_TIMEOUT, RUN_TIMEOUT, ClientSettings, check_http
from .submit_options import SubmitOptions, refuse_journal_options

if TYPE_CHECKING:
    import httpx

    from runcomfy.engines.shards import ClientFactory
    from runcomfy.journal.journal import Journal
    from runcomfy.media.remote import RemoteLimits
    from runcomfy.uploads import Uploader

    from .async_client import AsyncClient
    from .journalled import Journalled
    from .prepared_request import ModelRef
    from .records import JournalRecords

__all__ = ["Client"]

OutputT = TypeVar("OutputT", bound=Output)


class Client(BaseClient):
    """Runs requests on RunComfy. Create one client and keep it; threads can share it.

    The token is the argument, else ``RUNCOMFY_TOKEN``, ``RUNCOMFY_API_TOKEN`` or ``YOUR_API_TOKEN``, else
    the one stored by ``runcomfy-py login`` or the official command. Pass your own httpx client as ``http``
    to use its proxies, certificates and hooks; it is never closed.

    ``uploader`` turns local files into URLs, by default ``uploads.DataUri()``. ``check_files`` selects which
    files are checked against their rules before that: local files and data URIs (``"local"``), files behind
    URLs as well (``"remote"``, within ``remote_limits``), or none (``"off"``). A file that violates a rule
    raises ``ValidationError``, and nothing is uploaded or submitted.

    Likely mistakes (an unknown input, a file name passed as text) also raise ``ValidationError``, unless
    ``allow`` names their rule. Other warnings are logged; with ``strict`` they raise.

    ``connect_timeout`` and ``read_timeout`` limit single steps, in seconds. Raises ``ConfigurationError`` for
    an invalid setting, and ``MissingToken``.

    With a ``journal``, or the path of one, every submit is recorded before it is sent.

    >>> with Client() as client:
    ...     result = client.run(GptImage2Edit(prompt="add a hat", images=[url]), timeout=600)
    >>> result.save("out")
    [PosixPath('out/8f14e45f-1-hat.png')]
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        http: httpx.Client | None = None,
        polling: Polling | None = None,
        retries: Retries | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        uploader: Uploader | None = None,
        check_files: CheckFiles = "local",
        remote_limits: RemoteLimits | None = None,
        download_hosts: Iterable[str] = (),
        download_http: httpx.Client | None = None,
        max_file_bytes: int = MAX_FILE_BYTES,
        journal: Journal | str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool = False,
    ) -> None:
        check_http(http, download_http, blocking=True)
        self._given_http = http is not None or download_http is not None
        self._settings = ClientSettings(
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
        self._preparer = Preparer(
            uploader,
            check_files,
            remote_limits,
            self._settings.submit_checks(allow, strict),
            blocking=True,
        )
        self._transport = ApiTransport(self._settings.http_config, http)
        self._driver = Driver(self._transport, self._settings.redact)
        self._records: JournalRecords | None = None
        self._journalled: Journalled | None = None
        self._owned: Journal | None = None
        self._shared = False
        self._downloads = Downloads(self._settings.downloads, download_http, keep=True)
        #: The same, with what is saved recorded where there is a journal.
        self._saving = self._downloads
        if journal is not None:
            self._keep_journal(journal)

    @overload
    def run(
        self,
        request: Request[OutputT],
        payload: None = None,
        *,
        timeout: float | None = RUN_TIMEOUT,
        on_status: Callable[[Status], object] | None = None,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> Result[OutputT]: ...
    @overload
    def run(
        self,
        request: str,
        payload: Mapping[str, Any],
        *,
        timeout: float | None = RUN_TIMEOUT,
        on_status: Callable[[Status], object] | None = None,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> Result[Output]: ...
    def run(
        self,
        request: Request[Any] | str,
        payload: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = RUN_TIMEOUT,
        on_status: Callable[[Status], object] | None = None,
        key: str | None = None,
        again: bool = False,
        folder: str | os.PathLike[str] | None = None,
        allow: Iterable[str] = (),
        strict: bool | None = None,
    ) -> Result[Any]:
        """Submit, wait for the job to end, and fetch the result. ``timeout`` limits all of it, in seconds.

        ``on_status`` is called with each change of the status. On Ctrl-C, the service is asked to cancel the
        request, which works while it is queued; the ``KeyboardInterrupt`` has a note with the outcome.

        ``allow`` and ``strict`` override those of the client for this call.

        Raises ``ValidationError`` and ``UploadFailed`` before anything is submitted; ``SubmissionUnknown``
        if the submit may have been accepted; ``JobFailed``, ``JobCancelled``, ``DeadlineExceeded`` and other
        kinds of ``RequestError``, each with the request id if there is one.

        With a journal, a ``key`` that is already in it is not submitted again: the call returns the recorded
        job's result, and waits if it is running. ``again=True`` resubmits a job that has ended; ``folder``
        is where ``recover`` saves.
        Raises ``KeyConflict``, ``BudgetReached`` and ``JournalError`` before anything is submitted.
        """
        check_callback("on_status", on_status, blocking=True)
        ends = deadline(timeout)
        if self._journalled is not None:
            options = SubmitOptions(key, again, folder, allow, strict)
            return self._journalled.run(request, payload, ends, options, on_status)
        refuse_journal_options(key, again, folder)
        prepared = self._preparer.prepare(request, payload, ends, None, allow, strict)
        context = self._settings.context_until(ends, prepared.model)
        with Hinting(prepared.model):
            document = self._driver.run(
                run(context, prepared.body),
                model_id=context.model_id,
                on_status=on_status,
                rescue=self._settings.rescue,
            )
        return prepared.model.result(context.request_id or "", document, self._downloads)

    @overload
    def submit(
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
    ) -> Job[OutputT]: ...
    @overload
    def submit(
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
    ) -> Job[Output]: ...
    def submit(
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
    ) -> Job[Any]:
        """Submit without waiting for the job. A submit is billed, and sent once. ``timeout`` is in seconds.

        Raises what ``run`` raises before and during the submit.

        >>> job = client.submit(GptImage2Edit(prompt="add a hat", images=[url]))
        >>> job.request_id
        '8f14e45f'
        """
        ends = deadline(timeout)
        if self._journalled is not None:
            options = SubmitOptions(key, again, folder, allow, strict)
            found = self._journalled.submit(request, payload, ends, options)
            return self._job(found.model, found.request_id)
        refuse_journal_options(key, again, folder)
        prepared = self._preparer.prepare(request, payload, ends, None, allow, strict)
        context = self._settings.context_until(ends, prepared.model)
        with Hinting(prepared.model):
            request_id = self._driver.run(submit(context, prepared.body), model_id=context.model_id)
        return self._job(prepared.model, request_id)

    @overload
    def job(self, request_id: str, model: type[Request[OutputT]]) -> Job[OutputT]: ...
    @overload
    def job(self, request_id: str, model: str | None = None) -> Job[Output]: ...
    def job(self, request_id: str, model: type[Request[Any]] | str | None = None) -> Job[Any]:
        """The job with this id, from any process. The model determines the type of its output.

        >>> client.job("8f14e45f", GptImage2Edit).wait().output.image
        'https://…/hat.png'
        """
        return self._job(find_type(model), request_id)

    def models(
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

        >>> [entry.model_id for entry in client.models("gpt-image", category="image-to-image")]
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
        return read_entries(self._driver.run(flow))

    def catalogue_page(
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

        >>> page = client.catalogue_page(include_schema=True, limit=50)
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
        return read_page(self._driver.run(flow), offset)

    def model(self, model_id: str, *, timeout: float | None = CALL_TIMEOUT) -> ModelEntry:
        """The catalogue entry of one model, with its input schema. Raises ``NotFound``."""
        flow = look_up_model(self._settings.context(timeout), model_id)
        return read_entry(self._driver.run(flow), model_id)

    def close(self) -> None:
        """Close the connections. Waiting calls raise ``ClientClosed``; their jobs keep running."""
        if not self._shared:
            self._preparer.close()
            self._driver.close()
            self._transport.close()
            self._downloads.close()
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _job(self, model: ModelRef[Any], request_id: str) -> Job[Any]:
        settings, driver, downloads = self._settings, self._driver, self._saving
        return Job(settings, driver, downloads, model, request_id, self._records)

    def _keep_journal(self, journal: Journal | str | os.PathLike[str]) -> None:
        from runcomfy.journal.journal import Journal

        from .journalled import Journalled, JournalledDownloads
        from .records import JournalRecords

        if not isinstance(journal, Journal):
            journal = self._owned = Journal(journal)
        records = self._records = JournalRecords(journal, self.account, self._settings.redact)
        self._saving = JournalledDownloads(self._downloads, records)
        self._journalled = Journalled(
            records, self._settings, self._preparer, self._driver, self._saving
        )

    def _client_factory(self) -> ClientFactory:
        from .async_client import AsyncClient
        from .client_factory import client_factory

        return client_factory(AsyncClient, self._settings, self._preparer)

    def _asynchronous(self) -> AsyncClient:
        from .async_client import async_twin

        return async_twin(self)
