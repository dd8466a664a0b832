"""Several jobs at once: followed with progress, saved, and left in order on Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .exit_codes import INTERRUPTED, TERMINATED, worst
from .next_command import next_command
from .outcomes import JobOutcome, of_error, of_result, show
from .progress import Progress
from .saving import Saving
from .terminal import clear_line, complain

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy import AsyncClient, Status

    from .output import CommandOutput

__all__ = ["FollowedJob", "follow"]


class FollowedJob(NamedTuple):
    """One job: a function that waits for its result, given the client and a status callback; and its key."""

    result: Callable[[AsyncClient, Callable[[Status], None]], Awaitable[Any]]
    key: str | None = None


#: Seconds between two drawings of the progress.
_FRAME = 0.25


def follow(
    make_client: Callable[[], AsyncClient],
    calls: Sequence[FollowedJob],
    out: CommandOutput,
    saving: Saving,
    *,
    submitting: bool,
) -> int:
    """Run the calls concurrently, save and show their results, and return the exit status."""
    return asyncio.run(_Following(make_client, calls, out, saving, submitting).run())


class _Following:
    def __init__(
        self,
        make_client: Callable[[], AsyncClient],
        calls: Sequence[FollowedJob],
        out: CommandOutput,
        saving: Saving,
        submitting: bool,
    ) -> None:
        self._make_client = make_client
        self._calls = calls
        self._out = out
        self._saving = saving
        self._submitting = submitting
        self._progress = Progress(len(calls), quiet=out.quiet)
        self._request_ids: dict[int, str] = {}
        #: The exit status of the signal that ended it, 0 while there is none.
        self._stopped = 0

    async def run(self) -> int:
        """Everything, to its end or to the first signal."""
        loop, main = asyncio.get_running_loop(), asyncio.current_task()
        assert main is not None  # noqa: S101  # asyncio.run made it
        for number, status in ((signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)):
            with suppress(NotImplementedError):  # on Windows Ctrl-C comes as KeyboardInterrupt
                loop.add_signal_handler(number, self._stop, main, status)
        async with self._make_client() as client:
            tasks = [
                asyncio.create_task(self._one(client, number, call))
                for number, call in enumerate(self._calls)
            ]
            outcomes = await self._all(tasks)
        return self._stopped or worst([outcome.status for outcome in outcomes])

    def _stop(self, main: asyncio.Task[Any], status: int) -> None:
        if self._stopped:  # the second time: leave at once
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            clear_line()
            complain("left at once; requests in flight may continue: runcomfy-py jobs lists them")
            signal.raise_signal(signal.SIGINT)
        self._stopped = status
        main.cancel()

    async def _all(self, tasks: list[asyncio.Task[JobOutcome]]) -> list[JobOutcome]:
        """The outcomes, in order; each is shown as soon as all before it are."""
        waiting = asyncio.create_task(self._animate())
        try:
            while not all(task.done() for task in tasks):
                try:
                    await asyncio.wait(tasks)
                except asyncio.CancelledError:
                    clear_line()
                    for task in tasks:
                        task.cancel()
        finally:
            waiting.cancel()
            clear_line()
        outcomes = [task.result() for task in tasks]
        for outcome in outcomes:
            show(outcome, self._out, saved=self._saving.folder is not None)
        return outcomes

    async def _one(self, client: AsyncClient, number: int, call: FollowedJob) -> JobOutcome:
        outcome = None
        try:
            result = await call.result(client, partial(self._update, number))
            outcome = of_result(result)
            self._progress.note(number, "saving")
            await self._saving.save(result, outcome, number + 1, _saved(client, call.key))
            self._progress.note(number, "done")
        except asyncio.CancelledError as stop:
            outcome = outcome or JobOutcome("interrupted", self._request_ids.get(number))
            outcome.notes += getattr(stop, "__notes__", ())
        except Exception as error:  # noqa: BLE001  # each job ends with an outcome of its own
            outcome = self._failed(outcome, error)
            self._progress.note(number, outcome.state)
        return outcome

    def _update(self, number: int, status: Status) -> None:
        request_id = status.raw.get("request_id")
        if isinstance(request_id, str):
            self._request_ids[number] = request_id
        self._progress.update(number, status)

    def _failed(self, outcome: JobOutcome | None, error: Exception) -> JobOutcome:
        if outcome is None:
            return of_error(error, submitting=self._submitting)
        # It is paid and done; its files can still be fetched.
        from .exit_codes import CANNOT_WRITE

        outcome.error, outcome.status = error, CANNOT_WRITE
        outcome.notes.append(
            "to save them again: "
            + next_command(f"runcomfy-py result {outcome.request_id} -o FOLDER")
        )
        return outcome

    async def _animate(self) -> None:
        while self._progress.animated and not self._stopped:
            self._progress.draw()
            await asyncio.sleep(_FRAME)


def _saved(client: AsyncClient, key: str | None) -> list[Path | None]:
    """The paths where the files of a key were saved earlier, according to the journal."""
    if key is None or client.journal is None:
        return []
    entry = client.journal.find(client.account, key)
    return [] if entry is None else [file.path for file in entry.files]
