"""The seeded random campaign: many requests over both clients, with every fifth call struck by a fault.

Every request ends in a result whose file is complete, or in an error that carries its id. ``make soak``
runs 2,000 of them, prints what came of them, and fails if a promise broke.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import anyio
import psutil  # type: ignore[import-untyped]  # it brings no types

from runcomfy import AsyncClient, Client
from runcomfy.errors import RequestError, SubmissionUnknown
from runcomfy.mock import Asked, MockService, Settings, small_output
from runcomfy_models.openai import GptImage2Edit

from .cells import cells

__all__ = ["Soak", "soak"]

TOKEN = "tok-soak-81c2e7"  # noqa: S105  # what is looked for where it must not be

#: Requests at once over each of the two clients.
_AT_ONCE = 24
_TIMEOUT = 60.0
#: Every so many requests, one is cancelled instead of awaited.
_CANCELLED = 10
#: Memory may grow by so many bytes from the first quarter to the last: 2,000 leaked answers are more.
_GROWTH = 64 * 1024 * 1024

#: Faults of a submit after which no id can be read in the answer, however hard one looks.
_NO_ID = {cell.fault for cell in cells("submit") if cell.outcome == "Unknown"}
#: Faults after which a file that is whole, as far as anybody can tell, is not the one that was made.
_OTHER_FILE = {"changed_file", "changed_secretly", "length_too_short"}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request ended. The error itself is let go: its traceback holds on to a whole call."""

    request_id: str | None
    name: str = "result"
    text: str = ""
    ours: bool = True

    @classmethod
    def of(cls, error: Exception) -> Ending:
        """The ending that an error is."""
        ours = isinstance(error, RequestError)
        told = getattr(error, "request_id", None)
        return cls(told, type(error).__name__, f"{error!r}: {error}", ours)


@dataclass
class Soak:
    """What happened, and which promises broke."""

    #: Outcomes, counted by client and name.
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    calls: int = 0
    struck: int = 0
    #: For each prompt, the submits that came: whether each was accepted, and its fault.
    submits: dict[str, list[tuple[bool, str | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    #: The faults that the files of a request met.
    file_faults: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: Bytes of memory after each request.
    memory: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def growth(self) -> int:
        """Bytes by which the mean of the last quarter is above that of the first."""
        quarter = max(len(self.memory) // 4, 1)
        first, last = self.memory[:quarter], self.memory[-quarter:]
        return (sum(last) - sum(first)) // quarter

    def watch(self, asked: Asked) -> None:
        """Take from the service's log what the promises are about."""
        self.calls += 1
        self.struck += asked.fault is not None
        is_call = asked.host == "service" and asked.action != "download"
        if is_call is not (TOKEN in str(dict(asked.headers))):
            self.broken.append(f"the token {'is missing in' if is_call else 'went with'} {asked}")
        if asked.action == "submit":
            prompt = json.loads(asked.body)["prompt"]
            self.submits[prompt].append((asked.accepted, asked.fault))
        if asked.action == "download" and asked.request_id and asked.fault:
            self.file_faults[asked.request_id].add(asked.fault)

    def note(self, kind: str, ending: Ending) -> None:
        """One request has ended."""
        self.outcomes[kind, ending.name] += 1
        self.memory.append(psutil.Process().memory_info().rss)

    def judge(self, prompt: str, ending: Ending, ids: list[str], folder: Path) -> Iterator[str]:
        """The promises that a request broke. ``ids`` are those that the service gave it."""
        told, is_result = ending.request_id, ending.name == "result"
        if len(ids) > 1:
            yield f"{len(ids)} submits were accepted"
        if not ending.ours:
            yield f"it ended in {ending.text}, which is no error about a request"
        elif told not in ids and (told or is_result or not self._gave_none(prompt, ending, ids)):
            yield f"{ending} is about {told}; the service gave {ids}, after {self.submits[prompt]}"
        files = [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
        if files and ending.name not in ("result", "NotAllSaved"):
            yield f"after an error there are {files}"
        for path in files:
            whole = small_output(GptImage2Edit, {}, request_id=ids[0])[1][0].content
            if path.read_bytes() != whole and not self.file_faults[ids[0]] & _OTHER_FILE:
                yield f"{path.name} is not the file that was made"

    def _gave_none(self, prompt: str, ending: Ending, ids: list[str]) -> bool:
        """Whether the service surely gave no id: nothing was submitted, or no answer held one."""
        unknown = ending.name == SubmissionUnknown.__name__
        return not ids or (unknown and self.submits[prompt][-1][1] in _NO_ID)

    def lines(self) -> Iterator[str]:
        """The table, and what broke."""
        yield f"{'':24}{'Client':>12}{'AsyncClient':>12}"
        for name in sorted(
            {name for _, name in self.outcomes}, key=lambda one: (one != "result", one)
        ):
            counts = (self.outcomes[kind, name] for kind in ("Client", "AsyncClient"))
            yield f"{name:24}" + "".join(f"{count:12,}" for count in counts)
        accepted = sum(taken for several in self.submits.values() for taken, _ in several)
        yield (
            f"{self.calls:,} calls, {self.struck:,} of them struck by a fault; {accepted:,} submits "
            f"accepted for {self.outcomes.total():,} requests; memory {self.growth / 2**20:+.1f} MiB "
            f"from the first quarter to the last; {self.seconds:.0f} s"
        )
        yield from self.broken
        yield f"{len(self.broken)} promises broke" if self.broken else "every promise held"


def soak(requests: int = 2000, rate: float = 0.2, seed: int = 7) -> Soak:
    """Run the campaign against a mock service in this process."""
    done, start = Soak(), monotonic()
    settings = Settings(make_output=small_output, file_host=True)
    endings: dict[str, Ending] = {}

    def watch(asked: Asked) -> None:
        done.watch(asked)
        service.log.clear()  # else its memory would be what grows

    with (
        tempfile.TemporaryDirectory() as folder,
        MockService(settings, watch=watch) as service,
    ):
        service.chaos(rate, seed=seed)
        common = {"token": TOKEN, "download_hosts": [service.files_url.removeprefix("http://")]}
        prompts = [f"hat {number}" for number in range(requests)]
        with ThreadPoolExecutor(_AT_ONCE) as pool, service.client(**common) as client:

            def one(prompt: str) -> None:
                endings[prompt] = _end(client, prompt, Path(folder, prompt))
                done.note("Client", endings[prompt])

            waiting = [pool.submit(one, prompt) for prompt in prompts[::2]]
            anyio.run(
                _run_async,
                service.async_client(**common),
                prompts[1::2],
                Path(folder),
                endings,
                done,
            )
            for future in waiting:
                future.result()
        ids: dict[str, list[str]] = defaultdict(list)
        for job in service.jobs:
            ids[job.payload["prompt"]].append(job.request_id)
        for prompt in prompts:
            done.broken += (
                f"{prompt}: {broken}"
                for broken in done.judge(prompt, endings[prompt], ids[prompt], Path(folder, prompt))
            )
    if done.growth > _GROWTH:
        done.broken.append("memory grows with the number of requests")
    done.seconds = monotonic() - start
    return done


def _request(prompt: str) -> GptImage2Edit:
    return GptImage2Edit(prompt=prompt, images=["https://example.com/cat.png"])


def _is_cancelled(prompt: str) -> bool:
    return int(prompt.split()[1]) % _CANCELLED in (0, 1)


def _end(client: Client, prompt: str, folder: Path) -> Ending:
    """How a request ends."""
    try:
        if _is_cancelled(prompt):
            job = client.submit(_request(prompt))
            job.cancel(timeout=_TIMEOUT)
            return Ending(job.request_id)
        result = client.run(_request(prompt), timeout=_TIMEOUT)
        result.save(folder, timeout=_TIMEOUT)
    except Exception as error:  # noqa: BLE001  # whatever comes is judged
        return Ending.of(error)
    return Ending(result.request_id)


async def _end_async(client: AsyncClient, prompt: str, folder: Path) -> Ending:
    try:
        if _is_cancelled(prompt):
            job = await client.submit(_request(prompt))
            await job.cancel(timeout=_TIMEOUT)
            return Ending(job.request_id)
        result = await client.run(_request(prompt), timeout=_TIMEOUT)
        await result.save(folder, timeout=_TIMEOUT)
    except Exception as error:  # noqa: BLE001  # whatever comes is judged
        return Ending.of(error)
    return Ending(result.request_id)


async def _run_async(
    client: AsyncClient, prompts: list[str], folder: Path, endings: dict[str, Ending], done: Soak
) -> None:
    turns = anyio.CapacityLimiter(_AT_ONCE)

    async def one(prompt: str) -> None:
        async with turns:
            endings[prompt] = await _end_async(client, prompt, folder / prompt)
            done.note("AsyncClient", endings[prompt])

    async with client, anyio.create_task_group() as group:
        for prompt in prompts:
            group.start_soon(one, prompt)


def main() -> int:
    """The command line; 1 if a promise broke."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.campaign.soak")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0.2, help="the part of calls that is struck")
    parser.add_argument("--seed", type=int, default=7)
    done = soak(**vars(parser.parse_args()))
    print("\n".join(done.lines()))  # noqa: T201  # it is read on a terminal
    return 1 if done.broken else 0


if __name__ == "__main__":
    sys.exit(main())
