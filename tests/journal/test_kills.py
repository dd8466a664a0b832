"""``kill -9`` between any two writes: nothing is sent twice, and nothing that was sent is lost."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import pytest

from runcomfy.errors import JournalRestored
from runcomfy.journal import Journal
from runcomfy.journal.grouped_commits import GroupedCommits
from support.journals import Program, wanted

#: Runs three keys to their end, and posts each by adding a line to a file that outlives it. Its own process
#: is killed at the write with the number ``LAST``: a statement of SQLite, or a change of another file.
_RUNS = """
import signal, sqlite3
import runcomfy.journal.database as database

count = 0

def write():
    global count
    count += 1
    if count == LAST:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(function):
    def call(*given, **named):
        write()
        return function(*given, **named)
    return call

class Counting(sqlite3.Connection):
    execute = counted(sqlite3.Connection.execute)

connect = sqlite3.connect
database.sqlite3.connect = lambda *given, **named: connect(*given, factory=Counting, **named)
for name in ("write", "replace", "fsync", "open"):
    setattr(os, name, counted(getattr(os, name)))

def post(key):
    log = os.open(folder / "accepted", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(log, f"{key}\\n".encode())
    os.close(log)
    return f"r-{key}"

with Journal(path) as journal:
    for key in ("a", "b", "c"):
        with journal.claiming(wanted(key)) as claim:
            there = claim.take()
            if there is None:
                claim.sending()
                there = claim.submitted(post(key)) or given(journal, key)
        if there.state != "unknown" and not (there.files and there.saved):
            journal.record(ACCOUNT, there.request_id, Outcome("succeeded", 0.1, {}, [("https://x/a", "image")]))
            journal.record_files(ACCOUNT, there.request_id, [("https://x/a", "image", folder / "a")])
tell(str(count))
"""


def _run(folder: Path, last: int) -> str:
    with Program(f"LAST = {last}\n{_RUNS}", folder) as running:
        try:
            return running.end()
        except AssertionError:
            return "killed"


def _check(folder: Path) -> None:
    """What holds after a kill and another run of the same program."""
    accepted = Counter((folder / "accepted").read_text().split())
    assert set(accepted.values()) <= {1}, accepted
    with Journal(folder / "journal.db") as journal:
        entries = {entry.key: entry for entry in journal.entries()}
    assert set(entries) == {"a", "b", "c"}
    unknown = [key for key, entry in entries.items() if entry.state == "unknown"]
    assert len(unknown) <= 1
    for key, entry in entries.items():
        assert entry.state in ("succeeded", "unknown"), entry
        assert entry.state == "unknown" or (accepted[key] == 1 and entry.saved), entry
    with sqlite3.connect(folder / "journal.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def _kill_at(folder: Path, last: int) -> None:
    # Writes share transactions by chance, so that a run may have fewer of them than the last one.
    _run(folder, last)
    assert _run(folder, 0) != "killed"
    _check(folder)


def _writes(folder: Path) -> int:
    return int(_run(folder, 0))


def test_kills_at_some_writes_pay_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    for last in range(1, _writes(tmp_path / "whole") + 1, 19):
        (tmp_path / str(last)).mkdir()
        _kill_at(tmp_path / str(last), last)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_between_any_two_writes_pay_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    for last in range(1, _writes(tmp_path / "whole") + 1):
        (tmp_path / str(last)).mkdir()
        _kill_at(tmp_path / str(last), last)


def test_a_kill_of_many_submits_leaves_no_more_unknown_than_posted(tmp_path: Path) -> None:
    code = """
    from threading import Thread
    journal = Journal(path, submits=4)
    def post(key):
        with journal.claiming(wanted(key)) as claim:
            claim.take()
            claim.sending()
            tell("posting")
            stay()
    for number in range(20):
        Thread(target=post, args=(f"k{number}",), daemon=True).start()
    stay()
    """
    with Program(code, tmp_path) as other:
        for _ in range(4):
            other.hear("posting")
        other.kill()
    with Journal(tmp_path / "journal.db") as journal:
        assert [entry.state for entry in journal.entries()] == ["unknown"] * 4


# A machine that loses power


def _post_many(journal: Journal, count: int, accepted: list[str]) -> None:
    async def one(key: str) -> None:
        with journal.claiming(wanted(key)) as claim:
            assert await claim.take_async() is None
            claim.sending()
            accepted.append(key)
            await claim.submitted_async(f"r-{key}")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(count):
                group.start_soon(one, f"k{number:04d}")

    anyio.run(main)


def test_a_journal_cut_back_to_a_sync_knows_all_that_was_posted(tmp_path: Path) -> None:
    """What is on the disk at each sync holds every key that is posted before the next one."""
    folder, accepted = tmp_path / "journal", list[str]()
    before_next: list[list[str]] = []
    commit = GroupedCommits._commit

    def commit_and_copy(self: GroupedCommits, *given: Any) -> Any:
        before_next.append([*accepted])
        outcome = commit(self, *given)
        shutil.copytree(folder, tmp_path / f"after-{len(before_next)}")
        return outcome

    with (
        patch.object(GroupedCommits, "_commit", commit_and_copy),
        Journal(folder / "journal.db", submits=200) as journal,
    ):
        _post_many(journal, 200, accepted)
    before_next.append(accepted)
    assert len(before_next) > 3
    for number, posted in enumerate(before_next[1:], 1):
        cut = tmp_path / f"after-{number}"
        older = shutil.copytree(cut, tmp_path / f"older-{number}")
        with Journal(cut / "journal.db") as copy:
            known = {entry.key for entry in copy.entries(state=("submitted", "unknown"))}
        assert known >= {*posted}
        # An older state beside what the folder knows later is no loss of power, and is refused.
        if number < len(before_next) - 1:
            shutil.copy(folder / "journal.db.generation", older)
            with pytest.raises(JournalRestored):
                Journal(older / "journal.db")


_POSTS = """
import anyio
log = os.open(folder / "accepted", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
journal = Journal(path, submits=200)

async def one(key):
    with journal.claiming(wanted(key)) as claim:
        assert await claim.take_async() is None
        claim.sending()
        os.write(log, f"POST {key}\\n".encode())
        await claim.submitted_async(f"r-{key}")

async def main():
    async with anyio.create_task_group() as group:
        for number in range(200):
            group.start_soon(one, f"key-{number:04d}")

anyio.run(main)
journal.close()
"""

_SYNC_BEGINS = re.compile(r"\bf(data)?sync\(")
_SYNC_ENDS = re.compile(r"(\bf(data)?sync\(\d+\)|<\.\.\. f(data)?sync resumed>.*) += 0")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_every_post_comes_after_the_sync_of_its_claim(tmp_path: Path) -> None:
    """At 200 in flight, as the system sees it: a sync begins after the claim was written, and ends before the POST."""
    calls = "trace=write,pwrite64,fsync,fdatasync"
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-e", calls, "-s", "9000", "-o", str(trace)]
    with Program(_POSTS, tmp_path, command) as running:
        running.end()
    lines = trace.read_text().splitlines()
    for number in range(200):
        key = f"key-{number:04d}"
        post = next(at for at, line in enumerate(lines) if f"POST {key}" in line)
        written = next(at for at, line in enumerate(lines) if "pwrite64" in line and key in line)
        begins = next(at for at in range(written + 1, post) if _SYNC_BEGINS.search(lines[at]))
        assert any(_SYNC_ENDS.search(line) for line in lines[begins:post]), key
