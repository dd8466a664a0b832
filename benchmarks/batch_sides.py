"""One side of the batch measurements, in a process of its own: ``python -m benchmarks.batch_sides SIDE URL ROWS SUBMITS FOLDER``.

It prints seconds, seconds of processor time, and the most memory in KB. Every side makes the same three calls for each row, has
200 rows in flight, and starts ``SUBMITS`` of them at once.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from runcomfy import AsyncClient, Polling
from runcomfy_models.openai import GptImage1_5TextToImage

__all__ = ["SIDES"]

FLIGHT = 200
#: The service is done at once, so the first poll finds the end.
POLLING = Polling(0.001, 0.002)
_ANY = "a-token"


async def batch(url: str, rows: int, submits: int, folder: Path) -> None:
    """Our batch, as a program runs it."""
    given = ({"key": f"k{number}", "prompt": f"hat {number}"} for number in range(rows))
    async with AsyncClient(_ANY, base_url=url, polling=POLLING) as client:
        run = client.batch(
            GptImage1_5TextToImage,
            given,
            out=folder,
            jobs=FLIGHT,
            submits=submits,
            price=0.04,
            save=False,
        )
        async for outcome in run:
            assert outcome.state == "succeeded", outcome


async def client(url: str, rows: int, submits: int, _: Path) -> None:
    """``AsyncClient`` alone, in a loop that keeps nothing."""
    async with AsyncClient(_ANY, base_url=url, polling=POLLING) as one:

        async def submit(number: int) -> object:
            return await one.submit(GptImage1_5TextToImage(prompt=f"hat {number}"))

        async def end(job: object) -> None:
            await job.wait()  # type: ignore[attr-defined]  # a job, or what a peer calls so

        await _in_flight(rows, submits, submit, end)


async def fal(url: str, rows: int, submits: int, _: Path) -> None:
    """A script over fal-client."""
    import fal_client.client as fal_client

    fal_client.QUEUE_URL_FORMAT = f"{url}/v1/models/"
    one = fal_client.AsyncClient(key=_ANY)

    async def submit(number: int) -> object:
        return await one.submit("openai/gpt", {"prompt": f"hat {number}"})

    async def end(job: object) -> None:
        await job.get()  # type: ignore[attr-defined]  # a handle of fal-client

    await _in_flight(rows, submits, submit, end)


async def replicate(url: str, rows: int, submits: int, _: Path) -> None:
    """A script over replicate."""
    import httpx
    from replicate.client import Client

    one = Client(_ANY, base_url=url, timeout=httpx.Timeout(60.0))

    async def submit(number: int) -> object:
        return await one.predictions.async_create(version="v", input={"prompt": f"hat {number}"})

    async def end(job: object) -> None:
        await job.async_reload()  # type: ignore[attr-defined]  # a prediction of replicate
        await job.async_reload()  # type: ignore[attr-defined]  # likewise

    await _in_flight(rows, submits, submit, end)


async def _in_flight(
    rows: int,
    submits: int,
    submit: Callable[[int], Awaitable[object]],
    end: Callable[[object], Awaitable[None]],
) -> None:
    posting, numbers = asyncio.Semaphore(submits), iter(range(rows))

    async def worker() -> None:
        for number in numbers:
            async with posting:
                job = await submit(number)
            await end(job)

    await asyncio.gather(*(worker() for _ in range(min(FLIGHT, rows))))


SIDES = {one.__name__: one for one in (batch, client, fal, replicate)}


def main(side: str, url: str, rows: str, submits: str, folder: str) -> None:
    """Run one side, and print what it took."""
    start, spent = time.perf_counter(), time.process_time()
    asyncio.run(SIDES[side](url, int(rows), int(submits), Path(folder)))
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, spent, most, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
