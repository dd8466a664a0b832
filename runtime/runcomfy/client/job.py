"""``Job`` and ``AsyncJob``: a submitted request, identified by its id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypedDict, TypeVar

from runcomfy.arguments import check_callback
from runcomfy.model.output import Output
from runcomfy.protocol import Flow, StatusReport, cancel, fetch, follow, get_status, watch
from runcomfy.protocol.urls import check_request_id
from runcomfy.status import Cancellation, Status

from .prepared_request import ModelRef
from .result import AsyncResult, Result
from .settings import CALL_TIMEOUT, RUN_TIMEOUT, ClientSettings

if TYPE_CHECKING:
    from runcomfy.downloads.async_manager import AsyncDownloads
    from runcomfy.downloads.manager import Downloads
    from runcomfy.drivers.async_driver import AsyncDriver, OnStatus
    from runcomfy.drivers.driver import Driver
    from runcomfy.notebook.live import LiveDisplay

    from .records import JournalRecords

__all__ = ["AsyncJob", "Job", "JobData"]

OutputT_co = TypeVar("OutputT_co", bound=Output, covariant=True)
ReturnT = TypeVar("ReturnT")


class JobData(TypedDict):
    """A job as plain data, for JSON or pickle."""

    request_id: str
    model: str | None


class _JobBase(Generic[OutputT_co]):
    """The common part of both job classes."""

    __slots__ = ("_display", "_last", "_model", "_settings", "request_id")

    def __init__(self, core: ClientSettings, model: ModelRef[OutputT_co], request_id: str) -> None:
        self._settings = core
        self._model = model
        self._last: Status | None = None
        self._display: LiveDisplay | None = None
        #: The service's id of the request.
        self.request_id = check_request_id(request_id)

    @property
    def model_id(self) -> str | None:
        """The id of the model, if known."""
        return self._model.model_id

    @property
    def typed(self) -> bool:
        """Whether the output has the model's own type."""
        return self._model.typed

    def as_dict(self) -> JobData:
        """The job as plain data; ``client.job(**data)`` recreates it in any process."""
        return {"request_id": self.request_id, "model": self.model_id}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _JobBase):
            return NotImplemented
        return type(self) is type(other) and self.request_id == other.request_id

    def __hash__(self) -> int:
        return hash(self.request_id)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a job cannot be pickled because its client holds a token; pickle job.as_dict(), and recreate it "
            "with client.job(**data)"
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.request_id!r}, model={self.model_id!r})"

    def _repr_html_(self) -> str:
        """The job in a notebook, with its last known status. Sends no request."""
        from .html import job_html  # only notebooks need it

        return job_html(self.request_id, self.model_id, self._last)

    def _ipython_display_(self) -> None:
        """Show the job in a notebook. The same output follows the job while this program waits for it."""
        from runcomfy.notebook.live import AsHtml, LiveDisplay, in_kernel

        if not in_kernel():
            raise NotImplementedError  # IPython shows the repr then
        self._display = LiveDisplay(AsHtml(self))
        self._display.update()

    def _heard(self, status: Status) -> None:
        self._last = status
        if self._display is not None:
            self._display.update(last=status.phase != "running")

    def _noting(self, flow: Flow[ReturnT]) -> Flow[ReturnT]:
        """The flow, named for observers; records each reported status as the last one."""
        noting: Any = self._note(flow)
        noting.__name__ = getattr(flow, "__name__", "flow")
        named: Flow[ReturnT] = noting
        return named

    def _note(self, flow: Flow[ReturnT]) -> Flow[ReturnT]:
        reply: Any = None
        try:
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration as end:
                    value: ReturnT = end.value
                    return value
                if isinstance(step, StatusReport):
                    self._heard(step.status)
                reply = yield step
        finally:
            flow.close()


class Job(_JobBase[OutputT_co]):
    """A submitted request. Its id is enough to recreate it at any time.

    >>> job = client.submit(GptImage2Edit(prompt="add a hat", images=[url]))
    >>> job = client.job(job.request_id, GptImage2Edit)
    >>> job.wait(timeout=600).save("out")
    [PosixPath('out/8f14e45f-1-hat.png')]
    """

    __slots__ = ("_downloads", "_driver", "_records")

    def __init__(
        self,
        core: ClientSettings,
        driver: Driver,
        downloads: Downloads,
        model: ModelRef[OutputT_co],
        request_id: str,
        records: JournalRecords | None = None,
    ) -> None:
        super().__init__(core, model, request_id)
        self._records = records
        self._driver = driver
        self._downloads = downloads

    def status(self, *, timeout: float | None = CALL_TIMEOUT) -> Status:
        """Fetch the status of the request. Raises ``NotFound`` if the service does not have it."""
        context = self._settings.context(timeout, self._model, self.request_id)
        status = self._driver.run(
            get_status(context), request_id=self.request_id, model_id=self.model_id
        )
        self._heard(status)
        return status

    def events(self, *, timeout: float | None = RUN_TIMEOUT) -> Iterator[Status]:
        """Iterate over status changes until the request ends, at most ``timeout`` seconds."""
        context = self._settings.context(timeout, self._model, self.request_id)
        return self._driver.events(self._noting(follow(context)), self.request_id, self.model_id)

    def wait(
        self,
        timeout: float | None = RUN_TIMEOUT,
        *,
        on_status: Callable[[Status], object] | None = None,
    ) -> Result[OutputT_co]:
        """Wait for the request to end, at most ``timeout`` seconds, and return its result.

        Raises ``JobFailed``, ``JobCancelled``, and ``DeadlineExceeded``, after which the job goes on.
        """
        check_callback("on_status", on_status, blocking=True)
        context = self._settings.context(timeout, self._model, self.request_id)
        document = self._ended(self._noting(watch(context)), on_status)
        return self._model.result(self.request_id, document, self._downloads)

    def result(self, *, timeout: float | None = CALL_TIMEOUT) -> Result[OutputT_co]:
        """Fetch the result. Raises ``ResultNotReady`` if the request has not ended."""
        context = self._settings.context(timeout, self._model, self.request_id)
        document = self._ended(fetch(context))
        return self._model.result(self.request_id, document, self._downloads)

    def cancel(self, *, timeout: float | None = CALL_TIMEOUT) -> Cancellation:
        """Cancel the request. Only a queued request can be cancelled."""
        context = self._settings.context(timeout, self._model, self.request_id)
        cancellation = self._driver.run(
            cancel(context), request_id=self.request_id, model_id=self.model_id
        )
        if self._records is not None and cancellation.cancelled:
            self._records.cancelled(self.request_id)
        return cancellation

    def _ended(
        self,
        flow: Flow[dict[str, Any]],
        on_status: Callable[[Status], object] | None = None,
    ) -> dict[str, Any]:
        """Run a flow to the end of the request, and record its outcome in the journal."""
        run = partial(
            self._driver.run,
            flow,
            request_id=self.request_id,
            model_id=self.model_id,
            on_status=on_status,
        )
        return run() if self._records is None else self._records.ended(self.request_id, run)


class AsyncJob(_JobBase[OutputT_co]):
    """``Job`` for ``AsyncClient``: the same methods, awaited.

    >>> job = await client.submit(GptImage2Edit(prompt="add a hat", images=[url]))
    >>> async for status in job.events():
    ...     print(status.state, status.queue_position)
    """

    __slots__ = ("_downloads", "_driver", "_records")

    def __init__(
        self,
        core: ClientSettings,
        driver: AsyncDriver,
        downloads: AsyncDownloads,
        model: ModelRef[OutputT_co],
        request_id: str,
        records: JournalRecords | None = None,
    ) -> None:
        super().__init__(core, model, request_id)
        self._records = records
        self._driver = driver
        self._downloads = downloads

    async def status(self, *, timeout: float | None = CALL_TIMEOUT) -> Status:
        """Fetch the status of the request. Raises ``NotFound`` if the service does not have it."""
        context = self._settings.context(timeout, self._model, self.request_id)
        status = await self._driver.run(
            get_status(context), request_id=self.request_id, model_id=self.model_id
        )
        self._heard(status)
        return status

    def events(self, *, timeout: float | None = RUN_TIMEOUT) -> AsyncIterator[Status]:
        """Iterate over status changes until the request ends, at most ``timeout`` seconds."""
        context = self._settings.context(timeout, self._model, self.request_id)
        return self._driver.events(self._noting(follow(context)), self.request_id, self.model_id)

    async def wait(
        self, timeout: float | None = RUN_TIMEOUT, *, on_status: OnStatus | None = None
    ) -> AsyncResult[OutputT_co]:
        """Wait for the request to end, at most ``timeout`` seconds, and return its result.

        Raises ``JobFailed``, ``JobCancelled``, and ``DeadlineExceeded``, after which the job goes on.
        """
        check_callback("on_status", on_status)
        context = self._settings.context(timeout, self._model, self.request_id)
        document = await self._ended(self._noting(watch(context)), on_status)
        return self._model.async_result(self.request_id, document, self._downloads)

    async def result(self, *, timeout: float | None = CALL_TIMEOUT) -> AsyncResult[OutputT_co]:
        """Fetch the result. Raises ``ResultNotReady`` if the request has not ended."""
        context = self._settings.context(timeout, self._model, self.request_id)
        document = await self._ended(fetch(context))
        return self._model.async_result(self.request_id, document, self._downloads)

    async def cancel(self, *, timeout: float | None = CALL_TIMEOUT) -> Cancellation:
        """Cancel the request. Only a queued request can be cancelled."""
        context = self._settings.context(timeout, self._model, self.request_id)
        cancellation = await self._driver.run(
            cancel(context), request_id=self.request_id, model_id=self.model_id
        )
        if self._records is not None and cancellation.cancelled:
            await self._records.cancelled_async(self.request_id)
        return cancellation

    async def _ended(
        self, flow: Flow[dict[str, Any]], on_status: OnStatus | None = None
    ) -> dict[str, Any]:
        """Run a flow to the end of the request, and record its outcome in the journal."""
        run = partial(
            self._driver.run,
            flow,
            request_id=self.request_id,
            model_id=self.model_id,
            on_status=on_status,
        )
        if self._records is None:
            return await run()
        return await self._records.ended_async(self.request_id, run)
