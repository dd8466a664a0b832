"""``BatchRun``: the batch that ``client.batch`` returns, iterated over with ``for`` or ``async for``."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from runcomfy.errors import ConfigurationError
from runcomfy.model.registry import find_model
from runcomfy.model.request import Request
from runcomfy.notebook.live import LiveDisplay

from .batch import Batch, MakeRunner, single_error
from .options import BatchOptions
from .outcome import BatchOutcome, BatchSummary
from .rows import RowSource
from .runner import Runner

if TYPE_CHECKING:
    from runcomfy.journal import Journal

__all__ = ["BatchRun"]

#: Seconds in which outcomes are gathered: to hand over each one by itself costs as much as to write it down.
_GATHERED = 0.01
_Told: TypeAlias = BatchOutcome | BaseException | None


class BatchRun:
    """A batch that starts when iterated over and runs on its own thread. In a notebook, a live display shows its progress.

    To stop iterating stops the batch: no further row is started, and rows in flight are followed to their end. ``summary`` is set at the end.

    >>> run = client.batch(GptImage2Edit, rows, out="folder", max_cost=20)
    >>> states = [outcome.state for outcome in run]
    >>> run.summary.settled
    12.4
    """

    def __init__(
        self,
        client: Any,
        model: type[Request[Any]] | str,
        rows: str | os.PathLike[str] | Iterable[Mapping[str, Any] | Request[Any]],
        out: str | os.PathLike[str],
        options: Mapping[str, Any],
        *,
        user: Journal | None = None,
        make_runner: MakeRunner = Runner,
    ) -> None:
        unknown = sorted(options.keys() - set(BatchOptions.__dataclass_fields__))
        if unknown:
            known = ", ".join(BatchOptions.__dataclass_fields__)
            raise ConfigurationError(
                f"a batch has no option {unknown[0]!r}; the options are {known}"
            )
        self.options = BatchOptions(**options)
        self._client, self._user, self._out = client, user, out
        self._make_runner = make_runner
        self._model = find_model(model) if isinstance(model, str) else model
        given = Path(rows) if isinstance(rows, (str, os.PathLike)) else rows
        self._source = RowSource(self._model, given, self.options)
        #: The counts and the cost; ``None`` until the batch has ended.
        self.summary: BatchSummary | None = None
        self._batch: Batch | None = None
        self._begun = False
        self._counted = BatchSummary()

    def __iter__(self) -> Iterator[BatchOutcome]:
        """Run the batch, and yield the outcomes in row order."""
        outcomes, display = self._start(), LiveDisplay(self)
        try:
            while (one := outcomes.get()) is not None:
                if isinstance(one, BaseException):
                    raise one
                self._take(one, display)
                yield one
        finally:
            self._stop(outcomes)
            display.update(last=True)

    async def __aiter__(self) -> AsyncIterator[BatchOutcome]:
        """The same, without blocking the event loop."""
        from anyio.to_thread import run_sync

        outcomes, display = self._start(), LiveDisplay(self)
        try:
            while True:
                for one in await run_sync(_next_ones, outcomes, abandon_on_cancel=True):
                    if one is None:
                        return
                    if isinstance(one, BaseException):
                        raise one
                    self._take(one, display)
                    yield one
        finally:
            if self._batch is not None:
                self._batch.stop()
            display.update(last=True)

    def _take(self, outcome: BatchOutcome, display: LiveDisplay) -> None:
        """Count an outcome, and update the notebook display."""
        self._counted.states[outcome.state] += 1
        self._counted.settled += outcome.cost or 0.0
        display.update()

    def __repr__(self) -> str:
        rows = f" of {self._batch.found.rows}" if self._batch is not None else ""
        counted = self._counted if self.summary is None else self.summary
        states = ", ".join(f"{state}: {count}" for state, count in sorted(counted.states.items()))
        phase = "ended" if self.summary is not None else "running" if self._begun else "not started"
        told = f"{phase}, {counted.states.total()}{rows} rows" + (f", {states}" if states else "")
        return f"BatchRun({self._model.model_id!r}, out={str(self._out)!r}, {told})"

    def _repr_html_(self) -> str:
        """The batch in a notebook: the number of rows per state, and the cost."""
        from .html import summary_html  # only notebooks need it

        if self.summary is not None:
            return summary_html(self.summary)
        rows = self._batch.found.rows if self._batch is not None else None
        return summary_html(self._counted, rows=rows, cost=self._counted.settled)

    def _start(self) -> queue.Queue[_Told]:
        if self._begun:
            raise ConfigurationError(
                "this batch was already iterated over; call batch(…) again to resume it"
            )
        self._begun = True
        outcomes: queue.Queue[_Told] = queue.Queue()
        context = copy_context()  # the batch continues the caller's trace
        threading.Thread(
            target=context.run, args=(self._run, outcomes), name="runcomfy-batch", daemon=True
        ).start()
        return outcomes

    def _stop(self, outcomes: queue.Queue[_Told]) -> None:
        """Start no further row, and wait for those in flight."""
        if self.summary is None and self._batch is not None:
            self._batch.stop()
            while not isinstance(outcomes.get(), (BaseException, type(None))):
                pass

    def _run(self, outcomes: queue.Queue[_Told]) -> None:
        import anyio

        async def main() -> None:
            with Batch(
                self._client,
                self._model,
                self._source,
                self._out,
                self.options,
                self._user,
                self._make_runner,
            ) as batch:
                self._batch = batch
                try:
                    await batch.prepare()
                    self.summary = await batch.run(outcomes.put)
                finally:
                    await self._client.aclose()

        try:
            with single_error():
                anyio.run(main)
        except BaseException as error:  # noqa: BLE001  # the thread that iterates raises it
            outcomes.put(error)
        finally:
            outcomes.put(None)


def _next_ones(outcomes: queue.Queue[_Told]) -> list[_Told]:
    """Wait for the next outcome: that one, and those that come right after it."""
    ready = [outcomes.get()]
    time.sleep(_GATHERED)
    while not outcomes.empty():
        ready.append(outcomes.get())
    return ready
