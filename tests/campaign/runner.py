"""Runs cells of the campaign, many at once, each against a mock service of its own."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import anyio

from runcomfy import Polling, Retries
from runcomfy.errors import RequestError, SubmissionUnknown
from runcomfy.mock import MockService
from runcomfy.mock.fake_output import MadeFile
from runcomfy.testing import mock_service
from support.callers import TOKEN, a_request, without_aiohttp

from .cells import OUTCOMES, Cell

__all__ = ["run_cells", "told"]

#: Cells that run at the same time; most of them wait.
_AT_ONCE = 16
#: Seconds beyond the timeout of its calls after which a cell hangs. Only one of the two calls of a cell runs
#: out, 0.25 s late at the most; the rest is for the other one and for a machine on which 16 cells and
#: their services share two busy cores, where 1.7 s were seen.
_ROOM = 5.0
#: Large enough for several pieces, and not the same at any two places.
_CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400
#: The most bytes of a file that the clients take. The bombs of the mock service are larger.
_MOST_BYTES = 1_000_000
#: Faults after which a file that is whole, as far as anybody can tell, is not the one that was made:
#: the file host said that there was no more of it, or changed it without a sign.
_OTHER_CONTENT = {"changed_file", "changed_secretly", "length_too_short"}


def run_cells(kind: str, cells: Sequence[Cell], folder: Path) -> list[str]:
    """What is wrong with which cell. ``kind`` is one of ``client_callers.OWN``."""
    plays = [_Play(cell, folder / str(number)) for number, cell in enumerate(cells)]
    backend, _, without = kind.partition(" ")
    if kind == "sync":
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_Play.run, plays))
    else:
        with without_aiohttp() if without else nullcontext():
            anyio.run(_run_all, plays, backend=backend)
    return [f"{play.cell}: {wrong}" for play in plays for wrong in play.wrong]


async def _run_all(plays: list[_Play]) -> None:
    turns = anyio.CapacityLimiter(_AT_ONCE)

    async def one(play: _Play) -> None:
        async with turns:
            await play.run_async()

    async with anyio.create_task_group() as group:
        for play in plays:
            group.start_soon(one, play)


@dataclass
class _Play:
    """One cell on its way, and what is wrong with it."""

    cell: Cell
    folder: Path
    wrong: list[str] = field(default_factory=list)

    def run(self) -> None:
        with (
            self._service() as service,
            service.client(**self._settings(service)) as client,
            self._judged(service),
        ):
            if self.cell.action == "cancel":
                client.submit(a_request()).cancel(timeout=self.cell.timeout)
            else:
                result = client.run(a_request(), timeout=self.cell.timeout)
                result.save(self.folder, timeout=self.cell.timeout)

    async def run_async(self) -> None:
        with self._service() as service:
            async with service.async_client(**self._settings(service)) as client:
                with self._judged(service):
                    if self.cell.action == "cancel":
                        job = await client.submit(a_request())
                        await job.cancel(timeout=self.cell.timeout)
                    else:
                        result = await client.run(a_request(), timeout=self.cell.timeout)
                        await result.save(self.folder, timeout=self.cell.timeout)

    @contextmanager
    def _service(self) -> Iterator[MockService]:
        with mock_service(make_output=_make, file_host=True, refused_seconds=0.05) as service:
            for fault, times in self.cell.faults:
                service.fault(fault, on=self.cell.action, times=times)
            yield service

    def _settings(self, service: MockService) -> dict[str, Any]:
        return {
            "token": TOKEN,
            "retries": Retries(2, 2, 2, first=0.05, ceiling=0.2, visible_after=1.0),
            "polling": Polling(0.005, 0.05),
            "read_timeout": 0.8 if self.cell.lasting else 20.0,
            "download_hosts": [service.files_url.removeprefix("http://")],
            "max_file_bytes": _MOST_BYTES,
        }

    @contextmanager
    def _judged(self, service: MockService) -> Iterator[None]:
        """Hold what comes of it against the cell, and against what holds for every cell."""
        start, error = monotonic(), None
        try:
            yield
        except RequestError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001  # any other error is what the campaign looks for
            self.wrong.append("".join(traceback.format_exception(caught)))
            return
        if (took := monotonic() - start) > self.cell.timeout + _ROOM:
            self.wrong.append(f"it hung: {took:.1f} s at a timeout of {self.cell.timeout} s")
        if type(error) not in OUTCOMES[self.cell.outcome]:
            self.wrong.append(f"expected {self.cell.outcome}, got {error!r}: {error}")
        self.wrong += _wrong_at(service)
        self.wrong += _wrong_in(error, service) if error else ()
        self.wrong += self._wrong_files(error)

    def _wrong_files(self, error: RequestError | None) -> Iterator[str]:
        """All files are complete, and there are none after an error."""
        files = [*self.folder.iterdir()] if self.folder.exists() else []
        if error and files:
            yield f"there are files after an error: {files}"
        if not error and not files and self.cell.action == "download":
            yield "nothing was saved"
        other = _OTHER_CONTENT & {fault for fault, _ in self.cell.faults}
        for path in files:
            if not other and path.read_bytes() != _CONTENT:
                yield f"{path} is not the file that was made"


def _wrong_at(service: MockService) -> Iterator[str]:
    """What the service saw that it must not see."""
    if service.accepted > 1:
        yield f"{service.accepted} submits were accepted"
    for asked in service.log:
        is_call = asked.host == "service" and asked.action != "download"
        if is_call is not bool(asked in service.with_token(TOKEN)):
            yield f"the token {'is missing in' if is_call else 'went with'} {asked}"


def _wrong_in(error: RequestError, service: MockService) -> Iterator[str]:
    """An error names the request, if the service told its id, and never the token."""
    ids = [job.request_id for job in service.jobs]
    unknown = isinstance(error, SubmissionUnknown) or not ids
    if error.request_id not in ids and not (unknown and error.request_id is None):
        yield f"{error!r} is about request {error.request_id}, and accepted are {ids}"
    if TOKEN in told(error):
        yield "the token is in the error"


def told(error: BaseException) -> str:
    """All that an error and those behind it say."""
    texts: list[str] = []
    behind: BaseException | None = error
    while behind is not None:
        texts += [str(behind), repr(behind), repr(vars(behind)), *getattr(behind, "__notes__", ())]
        behind = behind.__cause__ or behind.__context__
    return "\n".join(texts)


def _make(*_: Any, request_id: str) -> tuple[dict[str, Any], list[MadeFile]]:
    return {"image": "{file:hat.png}"}, [MadeFile("hat.png", "image/png", _CONTENT)]
