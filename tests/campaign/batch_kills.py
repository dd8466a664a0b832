"""The kill campaign of batches: the command is killed at random moments, and started again until it is through.

The mock service lives outside the killed process. In the end each row was accepted at most once, what was accepted is saved or listed as
unknown, and every row has one line in the results.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

from PIL import Image

from runcomfy.mock import small_output
from runcomfy.testing import mock_service
from support.command import PROGRAM

from .kills import FAULTS, Kills, Trigger

__all__ = ["batch_campaign"]

_MODEL = "openai/gpt-image-1-5/text-to-image"


def batch_campaign(folder: Path, *, kills: int, rows: int, seed: int = 0) -> Kills:
    """Kill the batch so many times, let it end, and look."""
    chance, trigger = random.Random(seed), Trigger()  # noqa: S311  # it is no secret
    table = folder / "rows.jsonl"
    table.write_text("".join(json.dumps({"prompt": f"row {n}"}) + "\n" for n in range(rows)))
    out, done = folder / "out", Kills()
    with mock_service(make_output=small_output, watch=trigger.watch) as service:
        service.chaos(0.1, seed=seed, faults=FAULTS)
        command = [
            *PROGRAM, "batch", _MODEL, str(table), "--out", str(out), "--jobs", "50", "--price", "0.04",
            "--retry-failed", "-q", "--base-url", service.url,
        ]  # fmt: skip
        settings = {"RUNCOMFY_TOKEN": "any-token", "XDG_STATE_HOME": str(folder / "state")}
        while done.kills < kills:
            trigger.arm(chance.randint(1, 4 + 4 * rows // kills))
            running = subprocess.Popen(command, env=settings, stderr=subprocess.PIPE)
            trigger.wait()
            running.kill()
            running.communicate()
            done.kills += 1
        service.clear_faults()
        last = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        if last.returncode not in (0, 1, 76):
            done.broken.append(f"the last run ended with {last.returncode}: {last.stderr[-500:]}")
        accepted = Counter(str(job.payload["prompt"]) for job in service.jobs)
        done.lost = sum(
            asked.action == "submit" and asked.fault is not None for asked in service.log
        )
    done.accepted = accepted.total()
    done.broken += [
        f"{prompt} was paid {count} times" for prompt, count in accepted.items() if count > 1
    ]
    done.broken += _wrong_results(out, rows, accepted, done)
    with closing(sqlite3.connect(out / "journal.db")) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            done.broken.append("the journal is corrupt")
    return done


def _wrong_results(out: Path, rows: int, accepted: Counter[str], done: Kills) -> list[str]:
    """What is wrong with the lines of the results and the files that they name."""
    told = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    wrong = [] if [one["row"] for one in told] == [*range(1, rows + 1)] else ["results lack rows"]
    for number, one in enumerate(told):
        paid = accepted[f"row {number}"]
        if one["state"] == "unknown":
            done.unknown += 1
        elif one["state"] != "succeeded":
            wrong.append(f"row {one['row']} is {one['state']}: {one['error']}")
        elif not paid or not one["files"]:
            wrong.append(f"row {one['row']} succeeded without being paid or without a file")
        for name in one["files"]:
            with Image.open(out / name) as image:
                image.load()  # raises where it is not whole
    return wrong
