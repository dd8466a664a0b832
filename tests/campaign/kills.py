"""The kill campaign: programs that run keys through a journal are killed at random moments, and started again.

The mock service lives outside the killed processes. In the end each key was accepted at most once, and what
was accepted is saved, or listed as unknown.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from runcomfy.journal import Entry, Journal
from runcomfy.mock import Asked, small_output
from runcomfy.testing import mock_service
from support.journals import Program

__all__ = ["FAULTS", "SUBMITS", "Trigger", "Kills", "kill_campaign"]

#: Posting at once in each process, so that a kill leaves no more unknown.
SUBMITS = 4
#: Faults of every kind of call. Some leave a submit unknown, with or without its being accepted.
FAULTS = ["http_503", "answer_lost", "reset_before_accept", "truncated_body", "http_429"]

_BLOCKING = """
from concurrent.futures import ThreadPoolExecutor
from runcomfy import Client

def run(key):
    try:
        client.run(request(key), key=key, folder=out).save(out)
    except RunComfyError as error:
        pass

with Client("any", base_url=URL, journal=path, polling=QUICK, retries=RETRIES) as client:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, KEYS))
    client.journal.recover(client, folder=out)
tell("done")
"""

_ASYNC = """
import anyio
from runcomfy import AsyncClient

async def run(client, key):
    try:
        await (await client.run(request(key), key=key, folder=out)).save(out)
    except RunComfyError as error:
        pass

async def main():
    async with AsyncClient("any", base_url=URL, journal=path, polling=QUICK, retries=RETRIES) as client:
        async with anyio.create_task_group() as group:
            for key in KEYS:
                group.start_soon(run, client, key)
        await client.journal.recover_async(client, folder=out)

anyio.run(main)
tell("done")
"""

_PRELUDE = """
from runcomfy import Polling, Retries, RunComfyError
from runcomfy_models.openai import GptImage2Edit
URL, KEYS, out = {url!r}, {keys!r}, folder / "out"
QUICK, RETRIES = Polling(0.001, 0.002), Retries(first=0.001, ceiling=0.01)

def request(key):
    return GptImage2Edit(prompt=key, images=["https://example.com/cat.png"])
"""


@dataclass(slots=True)
class Kills:
    """What a campaign did, and what is wrong."""

    kills: int = 0
    accepted: int = 0
    unknown: int = 0
    #: Submits that a fault struck, so that they may be unknown without a kill.
    lost: int = 0
    broken: list[str] = field(default_factory=list)


class Trigger:
    """Kills a program when the service has dealt with so many more requests."""

    def __init__(self) -> None:
        self._left = 0
        self._due = threading.Event()

    def arm(self, requests: int) -> None:
        self._due.clear()
        self._left = requests

    def watch(self, _: Asked) -> None:
        self._left -= 1
        if self._left == 0:
            self._due.set()

    def wait(self, seconds: float = 2.0) -> bool:
        """Wait for it, or for as long as a program may take that needs no more requests; whether it is due."""
        return self._due.wait(seconds)


def kill_campaign(
    folder: Path, *, kills: int, keys: int, processes: int = 1, seed: int = 0
) -> Kills:
    """Kill the programs so many times, let them end, and look."""
    chance, trigger = random.Random(seed), Trigger()  # noqa: S311  # it is no secret
    names = [f"key-{number}" for number in range(keys)]
    with mock_service(make_output=small_output, watch=trigger.watch) as service:
        service.chaos(0.1, seed=seed, faults=FAULTS)
        prelude = _PRELUDE.format(url=service.url, keys=names)
        done = Kills()
        for number in range(kills):
            code = prelude + (_ASYNC if number % 2 else _BLOCKING)
            trigger.arm(chance.randint(1, 6 + 2 * keys // max(1, kills)))
            running = [Program(code, folder) for _ in range(processes)]
            trigger.wait()
            for one in running:
                one.kill()
                one.close()
            done.kills += 1
        service.clear_faults()
        with Program(prelude + _BLOCKING, folder) as last:
            last.end()
        done.lost = sum(
            asked.action == "submit" and asked.fault is not None for asked in service.log
        )
        accepted = Counter(str(job.payload["prompt"]) for job in service.jobs)
        ids = {str(job.payload["prompt"]): job.request_id for job in service.jobs}
    with Journal(folder / "journal.db") as journal:
        entries = {entry.key: entry for entry in journal.entries()}
    done.accepted = accepted.total()
    done.unknown = sum(entry.state == "unknown" for entry in entries.values())
    done.broken = _broken(names, accepted, ids, entries) + _damage(folder / "journal.db")
    return done


def _broken(
    names: list[str], accepted: Counter[str], ids: dict[str, str], entries: dict[str, Entry]
) -> list[str]:
    wrong = [f"{key} was accepted {count} times" for key, count in accepted.items() if count > 1]
    for key in names:
        entry = entries.get(key)
        if entry is None:
            wrong.append(f"{key} is not in the journal")
        elif entry.state == "succeeded":
            if entry.request_id != ids.get(key):
                wrong.append(f"{key} has the request id of another")
            if not entry.files or not all(
                one.path and one.path.stat().st_size for one in entry.files
            ):
                wrong.append(f"{key} is not saved")
        elif entry.state != "unknown":
            wrong.append(f"{key} is {entry.state}: {entry.error}")
    return wrong


def _damage(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        (told,) = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    return [] if told == "ok" else [f"the journal is damaged: {told}"]
