"""A cold burst: 50 calls at once over a client that has no connection yet.

Each side has a process of its own, because what is installed beside a library changes what a call
costs: httpcore looks for sniffio with every call, in vain where httpx was installed and nothing else.
The processes take turns. ``python -m benchmarks.burst SIDE URL`` is one of them.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from types import ModuleType

from .measure import Figure, Table, ratio

__all__ = ["SIDES", "hide", "run"]

ROUNDS, CALLS = 30, 50
BEFORE, AS_WELL = "before", "as well"
ROOT = Path(__file__).resolve().parent.parent
CLEAN = "httpx as a clean install has it"

_STATUS = "/v1/requests/req-1/status"
_HEADERS = {"Authorization": "Bearer local"}

#: A call of the status over a client, and the closing of the client.
Client = tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]
#: Makes a client for an address.
Open = Callable[[str], Client]


@dataclass(frozen=True, slots=True)
class Side:
    """What one process measures."""

    #: Imports what the side needs.
    start: Callable[[], Open]
    #: A library that is not to be found.
    without: str = ""


def run(url: str) -> Iterator[Table]:
    """Measure against the service at ``url``; a table for each way to count the making of the client."""
    with ExitStack() as stack:
        bursts = {name: stack.enter_context(_process(name, url)) for name in SIDES}
        for made in (AS_WELL, BEFORE):
            taken: dict[str, list[float]] = {name: [] for name in SIDES}
            for _ in range(ROUNDS):
                for name, burst in bursts.items():
                    taken[name].append(burst(made))
            yield Table(f"A cold burst of {CALLS} calls, client made {made}", _figures(taken))


def _figures(taken: dict[str, list[float]]) -> list[Figure]:
    figures = [Figure(name, CALLS / median(seen), "/s") for name, seen in taken.items()]
    for ours, theirs, least in (
        ("ours", CLEAN, 6.0),
        ("ours", "httpx with sniffio", None),
        ("ours without aiohttp", CLEAN, None),
        ("ours without aiohttp", "httpx with sniffio", None),
        ("ours", "aiohttp alone", None),
    ):
        times_as_fast = ratio(taken[theirs], taken[ours])
        figures.append(Figure(f"{ours} / {theirs}", times_as_fast, "x", at_least=least))
    return figures


@contextmanager
def _process(name: str, url: str) -> Iterator[Callable[[str], float]]:
    """A process for the side, and what has it run one burst: the seconds that it took."""
    command = [sys.executable, "-m", __name__, name, url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        words, answers = process.stdin, process.stdout

        def burst(made: str) -> float:
            print(made, file=words, flush=True)
            return float(answers.readline())

        answers.readline()
        yield burst


def _serve(side: Side, url: str) -> None:
    """Run a burst each time that a word comes in: whether the client is made before the clock runs."""
    if side.without:
        hide(side.without)
    open_ = side.start()
    print("ready", flush=True)
    for word in sys.stdin:
        print(asyncio.run(_burst(open_, url, word.strip())), flush=True)


async def _burst(open_: Open, url: str, made: str) -> float:
    start = time.perf_counter()
    call, close = open_(url)
    if made == BEFORE:
        start = time.perf_counter()
    await asyncio.gather(*[call() for _ in range(CALLS)])
    taken = time.perf_counter() - start
    await close()
    return taken


def hide(library: str) -> None:
    """Let an installed library not be found from now on, at the price of a search that finds nothing.

    ``sys.modules[library] = None`` would make the miss cheaper than it is where it really happens.
    """

    class Without(PathFinder):
        @classmethod
        def find_spec(
            cls,
            fullname: str,
            path: Sequence[str] | None = None,
            target: ModuleType | None = None,
        ) -> ModuleSpec | None:
            sought = f"no_{library}" if fullname == library else fullname
            return super().find_spec(sought, path, target)

    sys.meta_path[sys.meta_path.index(PathFinder)] = Without
    assert find_spec(library) is None


def _only_what_is_installed() -> None:
    """Take this project's folders off the path: a clean install has none, and each is looked into in a miss."""
    ours = {str(ROOT / folder) for folder in ("generated", "generator", "runtime")}
    sys.path[:] = [folder for folder in sys.path if folder not in ours]


def _ours() -> Open:
    from runcomfy import AsyncClient

    def open_(url: str) -> Client:
        client = AsyncClient("local", base_url=url)
        return client.job("req-1").status, client.aclose

    return open_


def _httpx() -> Open:
    _only_what_is_installed()
    import httpx

    def open_(url: str) -> Client:
        http = httpx.AsyncClient(headers=_HEADERS)

        async def call() -> object:
            return json.loads((await http.get(url + _STATUS)).content)

        return call, http.aclose

    return open_


def _aiohttp() -> Open:
    _only_what_is_installed()
    import aiohttp

    def open_(url: str) -> Client:
        session = aiohttp.ClientSession(
            headers=_HEADERS,
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

        async def call() -> object:
            async with session.get(url + _STATUS) as reply:
                return json.loads(await reply.read())

        return call, session.close

    return open_


SIDES: dict[str, Side] = {
    "ours": Side(_ours),
    "ours without aiohttp": Side(_ours, without="aiohttp"),
    CLEAN: Side(_httpx, without="sniffio"),
    "httpx with sniffio": Side(_httpx),
    "aiohttp alone": Side(_aiohttp),
}


if __name__ == "__main__":
    _serve(SIDES[sys.argv[1]], sys.argv[2])
