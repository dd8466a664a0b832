"""The client: a submit-status-result cycle, many jobs at once, a cold burst, memory.

Every side makes the same three calls to the same bare local service, and parses the answers.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import psutil  # type: ignore[import-untyped]  # it comes without types

from runcomfy import AsyncClient, Polling
from runcomfy_models.openai import GptImage2Edit

from . import burst
from .client_peers import ASYNC, SYNC, AsyncCycle
from .client_server import answered, serve
from .measure import Figure, Table, ratio, times

__all__ = ["PEERS", "run"]

PEERS = (
    "httpx",
    "httpcore",
    "anyio",
    "sniffio",
    "h11",
    "aiohttp",
    "httpx-aiohttp",
    "httpx2",
    "httpcore2",
    "fal-client",
    "replicate",
)
ROUNDS, CYCLES = 30, 20
JOBS, DELAY, SECONDS, TURNS = 500, 0.05, 4.0, 2
FLIGHT, WINDOW = 5_000, 12


def run() -> Iterator[Table]:
    """Measure."""
    with serve() as url:
        yield _cycles(url)
        yield from burst.run(url)
    with serve(DELAY) as url:
        yield _many(url)
    with serve(status="in_progress") as url:
        yield _memory(url)


def _cycles(url: str) -> Table:
    """One cycle after the other over one client."""
    figures: list[Figure] = []
    made = {name: make(url) for name, make in SYNC.items()}
    blocking = {name: cycle for name, (cycle, _) in made.items()}
    _compare("blocking", times(blocking, ROUNDS, CYCLES, time.process_time), figures)
    for _, close in made.values():
        close()
    with asyncio.Runner() as runner:

        async def repeat(cycle: Callable[[], object]) -> None:
            for _ in range(CYCLES):
                await cycle()  # type: ignore[misc]  # an awaitable of any kind

        opened: dict[str, AsyncCycle] = {}
        for name, make in ASYNC.items():
            opened[name] = runner.run(_made(make, url))
        awaited: dict[str, Callable[[], object]] = {
            name: partial(lambda cycle: runner.run(repeat(cycle)), cycle)
            for name, (cycle, _) in opened.items()
        }
        _compare("async", times(awaited, ROUNDS, clock=time.process_time), figures)
        for _, close in opened.values():
            runner.run(_awaited(close))
    return Table(f"CPU time of a submit-status-result cycle, {ROUNDS} turns of {CYCLES}", figures)


def _compare(kind: str, taken: dict[str, list[float]], figures: list[Figure]) -> None:
    bounds = {"httpx": 1.10, "fal-client": 1.0, "replicate": 1.0}
    for name in taken:
        if name.startswith("ours"):
            spent = median(taken[name]) / CYCLES * 1000
            figures.append(Figure(f"{kind}: {name}", spent, "ms"))
        else:
            figures.append(
                Figure(
                    f"{kind}: ours / {name}",
                    ratio(taken["ours"], taken[name]),
                    "x",
                    bounds.get(name),
                )
            )
    over = next(name for name in taken if name.startswith("ours over"))
    figures.append(
        Figure(f"{kind}: {over} / the same alone", ratio(taken[over], taken["httpx"]), "x")
    )


async def _made(make: Callable[[str], AsyncCycle], url: str) -> AsyncCycle:
    cycle = make(url)
    await cycle[0]()
    return cycle


async def _awaited(call: Callable[[], object]) -> None:
    await call()  # type: ignore[misc]  # an awaitable of any kind


def _many(url: str) -> Table:
    """500 jobs at once for some seconds; a process for each client and turn."""
    rates: dict[str, list[float]] = {name: [] for name in ASYNC}
    failed = dict.fromkeys(ASYNC, 0)
    for _ in range(TURNS):
        for name, seen in rates.items():
            rate, failures = _process("many", url, name).split()
            seen.append(float(rate))
            failed[name] += int(failures)
    figures = [
        Figure(f"{name}, {failed[name]} failed" if failed[name] else name, median(seen), "/s")
        for name, seen in rates.items()
    ]
    figures.append(
        Figure("ours / fal-client", ratio(rates["ours"], rates["fal-client"]), "x", at_least=8)
    )
    figures += [
        Figure(f"{ours} / aiohttp alone", ratio(rates[ours], rates["aiohttp"]), "x")
        for ours in ("ours", "ours without aiohttp")
    ]
    figures += [
        Figure(f"{ours} / httpx", ratio(rates[ours], rates["httpx"]), "x")
        for ours in ("ours", "ours without aiohttp")
    ]
    title = f"{JOBS} jobs at once, answers after {DELAY * 1000:.0f} ms: calls answered"
    return Table(title, figures)


async def _keep_running(url: str, name: str) -> None:
    """Calls answered in a second while 500 jobs run, each followed by another; the first calls apart."""
    cycle, _ = ASYNC[name](url)
    failures: list[Exception] = []

    async def worker() -> None:
        while True:
            try:
                await cycle()
            except Exception as error:  # noqa: BLE001  # a peer's; it counts, and the job is followed by another
                failures.append(error)

    cold = await asyncio.to_thread(answered, url)
    workers = [asyncio.ensure_future(worker()) for _ in range(JOBS)]
    while (before := await asyncio.to_thread(answered, url)) < cold + JOBS:
        await asyncio.sleep(0.2)
    start = time.perf_counter()
    await asyncio.wait(workers, timeout=SECONDS)
    spent = time.perf_counter() - start
    rate = (await asyncio.to_thread(answered, url) - before) / spent
    print(rate, len(failures), flush=True)
    os._exit(0)  # stopping 500 jobs is no part of the measurement


def _memory(url: str) -> Table:
    """5,000 jobs in flight on one client: memory for each, and what is added with time.

    It goes up and down with the calls that are under way, so the most of one window is held against the most
    of the next. Each job asks for its status two or three times in a window.
    """
    early, late = map(float, _process("memory", url, "ours").split())
    figures = [
        Figure(f"memory per job: the most within {WINDOW} s", early, "KB"),
        Figure(f"the most within the next {WINDOW} s", late, "KB", at_most=early * 1.05 + 0.1),
    ]
    return Table(f"{FLIGHT:,} jobs in flight on one AsyncClient", figures)


async def _hold(url: str) -> str:
    """KB for each job, the most of it in two windows, after all have been asked about twice or so."""
    waiting = set(range(FLIGHT))
    done = asyncio.Event()
    process = psutil.Process()

    def used() -> float:
        gc.collect()
        return float(process.memory_info().rss - before) / FLIGHT / 1024

    async def most() -> float:
        seen = []
        for _ in range(WINDOW):
            await asyncio.sleep(1)
            seen.append(used())
        return max(seen)

    async with AsyncClient("local", base_url=url, polling=Polling(4.0, 6.0)) as client:
        await client.job("req-1").status()
        before = process.memory_info().rss

        def note(number: int, state: str) -> None:
            if state == "in_progress":
                waiting.discard(number)
                if not waiting:
                    done.set()

        async def job(number: int) -> None:
            request = GptImage2Edit(prompt="add a hat", images=["https://example.com/cat.png"])
            await client.run(request, on_status=lambda status: note(number, status.state))

        jobs = [asyncio.ensure_future(job(number)) for number in range(FLIGHT)]
        await done.wait()
        await asyncio.sleep(WINDOW / 2)
        early, late = await most(), await most()
        assert not any(job.done() for job in jobs)
        print(early, late, flush=True)
        os._exit(0)  # 5,000 cancellations are no part of the measurement


def _process(what: str, url: str, name: str) -> str:
    command = [sys.executable, "-m", "benchmarks.client", what, url, name]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    if sys.argv[1] == "many":
        asyncio.run(_keep_running(sys.argv[2], sys.argv[3]))
    else:
        asyncio.run(_hold(sys.argv[2]))
