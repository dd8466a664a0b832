"""The kill campaign on a Ray cluster: a worker, a node, the journal's actor and the driver are killed at random while batches run.

The mock service lives outside what is killed. Each node has a folder of its own at the batch's path, so a journal that begins anew
elsewhere would show: as rows that are paid twice, and as a file on another node.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it comes without types

from campaign.kills import FAULTS, Kills, Trigger
from runcomfy.mock import MockService, small_output
from runcomfy.testing import mock_service

from .cluster import Nodes, cluster, driver

__all__ = ["RayKills", "ray_campaign"]

SUBMITS = 4
_KINDS = ("worker", "worker", "node", "actor", "driver")


@dataclass(slots=True)
class RayKills(Kills):
    """What a campaign on a cluster did: kills by kind, and tasks that Ray ran again by itself."""

    kinds: Counter[str] | None = None
    retried: int = 0


def ray_campaign(folder: Path, *, kills: int, rows: int, nodes: int, seed: int = 0) -> RayKills:
    """Kill so many times, over as many batches as that takes, let the last one end, and look at each."""
    chance, trigger = random.Random(seed), Trigger()  # noqa: S311  # it is no secret
    done = RayKills(kinds=Counter())
    with (
        mock_service(
            make_output=small_output, watch=trigger.watch, queue_seconds=0.1, run_seconds=0.1
        ) as service,
        cluster(folder, nodes) as made,
    ):
        number = 0
        while done.kills < kills:
            service.chaos(0.1, seed=seed + number, faults=FAULTS)
            out = made.disk / f"batch-{number}"
            _run(service, made, out, rows, kills, chance, trigger, done)
            number += 1
            done.broken += _elsewhere(made)
        done.retried = _retried(folder / "tasks.log")
        done.lost = sum(
            asked.action == "submit" and asked.fault is not None for asked in service.log
        )
    return done


def _run(
    service: MockService,
    made: Nodes,
    out: Path,
    rows: int,
    kills: int,
    chance: random.Random,
    trigger: Trigger,
    done: RayKills,
) -> None:
    """One batch: killed in parts until it is through, or until there were enough kills; then it runs to its end."""
    before = len(service.jobs)
    running = driver(service.url, made, out, rows, jobs=50, submits=SUBMITS, retry_failed=True)
    while running.poll() is None and done.kills < kills:
        trigger.arm(chance.randint(1, 4 + 8 * rows // kills))
        while not trigger.wait(0.1) and running.poll() is None:
            pass
        if running.poll() is not None:
            break
        kind = chance.choice(_KINDS)
        if not _kill(kind, made, running, chance):
            continue
        done.kills += 1
        assert done.kinds is not None
        done.kinds[kind] += 1
        if kind == "driver":
            running.communicate()
            running = driver(
                service.url, made, out, rows, jobs=50, submits=SUBMITS, retry_failed=True
            )
    service.clear_faults()
    running.communicate()
    last, told = running, ""
    for _ in range(3):  # a fault may have left files unsaved, or a row not sent
        last = driver(service.url, made, out, rows, jobs=50, submits=SUBMITS, retry_failed=True)
        _, told = last.communicate()
    if last.returncode:
        done.broken.append(f"the last run ended with {last.returncode}: {told[-1000:]}")
    accepted = Counter(str(job.payload["prompt"]) for job in service.jobs[before:])
    done.accepted += accepted.total()
    done.broken += [f"{row} was paid {count} times" for row, count in accepted.items() if count > 1]
    done.broken += _wrong(out, rows, accepted, done)


def _kill(kind: str, made: Nodes, running: object, chance: random.Random) -> bool:
    """Kill one of a kind with SIGKILL; whether there was one."""
    if kind == "node":
        if not made.further:
            return False
        made.kill_node(chance.choice(made.further))
        made.add()
        return True
    if kind == "driver":
        running.kill()  # type: ignore[attr-defined]  # it is a Popen
        return True
    found = made.processes("run_task" if kind == "worker" else "JournalActor")
    if not found:
        return False
    try:
        chance.choice(found).kill()
    except psutil.NoSuchProcess:
        return False
    return True


def _wrong(out: Path, rows: int, accepted: Counter[str], done: RayKills) -> list[str]:
    """What is wrong with the results, their files and the journal."""
    told = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    wrong = [] if [one["row"] for one in told] == [*range(1, rows + 1)] else ["results lack rows"]
    for number, one in enumerate(told):
        if one["state"] == "unknown":
            done.unknown += 1
        elif one["state"] != "succeeded":
            wrong.append(f"row {one['row']} is {one['state']}: {one['error']}")
        elif accepted[f"row {number}"] != 1 or not one["files"]:
            wrong.append(f"row {one['row']} succeeded without being paid or without a file")
        wrong += [name for name in one["files"] if not (out / name).stat().st_size]
    with sqlite3.connect(out / "journal.db") as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            wrong.append("the journal is corrupt")
    connection.close()
    return wrong


def _elsewhere(made: Nodes) -> list[str]:
    """Files of a batch on a node that does not hold its folder."""
    return [str(one) for disk in made.folder.glob("disk-*") for one in disk.iterdir()]


def _retried(log: Path) -> int:
    """Tasks that were begun again: Ray keeps a task's id when it runs it again."""
    begun = Counter(log.read_text().split())
    return begun.total() - len(begun)


def main() -> int:
    """``make soak-ray``: 40 kills over batches of 300 rows, on two nodes and on three."""
    broken: list[str] = []
    for nodes in (2, 3):
        with tempfile.TemporaryDirectory() as folder:
            done = ray_campaign(Path(folder), kills=40, rows=300, nodes=nodes, seed=nodes)
        allowed = SUBMITS * done.kills + done.lost
        told = (
            f"{nodes} nodes: {done.kills} kills {dict(done.kinds or {})}, {done.accepted} accepted, {done.unknown} unknown "
            f"(at most {allowed}), {done.retried} tasks run again by Ray, {len(done.broken)} broken\n"
        )
        sys.stdout.write(told)
        sys.stdout.flush()
        broken += done.broken
        if done.unknown > allowed:
            broken.append(f"{done.unknown} rows are unknown, at most {allowed} may be")
    sys.stdout.write(("\n".join(broken) or "Every promise held.") + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
