"""A disk that is full, or fails: a clear sentence, nothing lost, nothing paid twice."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from runcomfy.errors import JournalError, JournalUnwritable
from runcomfy.journal import Journal
from support.journals import Program, given, posted, submitted, succeeded, wanted

#: Fills the disk with journalled submits; posts each by adding a line to a file on another disk.
_FILLS = """
import resource
if LIMIT:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
accepted = open(os.environ["ACCEPTED"], "a")
journal = Journal(path)
try:
    for number in range(10_000):
        want = wanted(f"k{number}", {"prompt": "x" * 5000})
        with journal.claiming(want) as claim:
            if claim.take() is None:
                claim.sending()
                print(want.key, file=accepted, flush=True)
                claim.submitted(f"r-{want.key}")
except Exception as error:
    tell(type(error).__name__)
    tell(error.request_id or "-")
    tell(str(error))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(folder: Path, accepted: Path, limit: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("ACCEPTED", str(accepted))
    with Program(f"LIMIT = {limit}\n{_FILLS}", folder) as running:
        return running.end().split("\n")


def _check(folder: Path, accepted: Path, request_id: str) -> None:
    """Every accepted key is in the journal, once; one whose id could not be written is unknown."""
    keys = accepted.read_text().split()
    assert len(keys) == len(set(keys)) > 5
    with Journal(folder / "journal.db") as journal:
        states = {entry.key: entry.state for entry in journal.entries()}
        for key in keys:
            if f"r-{key}" == request_id:
                assert states[key] == "unknown"
            else:
                assert states[key] == "submitted"
    with sqlite3.connect(folder / "journal.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_full_disk_stops_submits_and_loses_nothing(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = tmp_path / "accepted"
    name, request_id, message, *_ = _fill(small_disk, accepted, 0, monkeypatch)
    assert name == "JournalUnwritable"
    assert "the disk" in message
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    _check(small_disk, accepted, request_id)


def test_a_file_that_may_not_grow_stops_submits_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    accepted = tmp_path / "accepted"
    name, request_id, message, *_ = _fill(tmp_path / "out", accepted, 600_000, monkeypatch)
    assert name == "JournalUnwritable"
    assert "cannot be written" in message
    _check(tmp_path / "out", accepted, request_id)


def test_room_that_was_made_lets_it_continue(small_disk: Path) -> None:
    with Journal(small_disk / "journal.db") as journal:
        submitted(journal, "before")
        ballast = small_disk / "ballast"
        with suppress(OSError):
            ballast.write_bytes(b"x" * 1_000_000)
        with pytest.raises(JournalUnwritable):
            posted(journal, wanted("hat", {"prompt": "x" * 50_000}))
        ballast.unlink()
        assert submitted(journal, "after").state == "submitted"


class _Failing(sqlite3.Connection):
    """A connection whose commits fail, as on a disk that cannot sync."""

    fails = False

    def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
        if self.fails and sql == "COMMIT":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error
        return super().execute(sql, *given)


def test_after_a_sync_that_failed_nothing_more_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *given, **named: connect(*given, factory=_Failing, **named)
    )  # fmt: skip
    with Journal(tmp_path / "journal.db") as journal:
        submitted(journal, "before")
        with patch.object(_Failing, "fails", new=True), pytest.raises(JournalUnwritable):
            posted(journal, wanted("hat"))
        with pytest.raises(JournalUnwritable):
            posted(journal, wanted("coat"))
    with Journal(tmp_path / "journal.db") as journal:
        assert [entry.key for entry in journal.entries()] == ["before"]


def test_an_id_that_cannot_be_written_is_reported(journal: Journal) -> None:
    with journal.claiming(wanted("hat")) as claim:
        claim.take()
        claim.sending()
        journal.path.rename(journal.path.with_name("away"))
        with pytest.raises(JournalError) as caught:
            claim.submitted("r-precious")
        journal.path.with_name("away").rename(journal.path)
    assert caught.value.request_id == "r-precious"
    assert "r-precious" in "".join(caught.value.__notes__)
    assert given(journal, "hat").state == "unknown"


# Backups and purges


def test_a_backup_is_whole_and_for_its_owner_alone(tmp_path: Path, journal: Journal) -> None:
    for number in range(20):
        submitted(journal, f"k{number}")
    target = journal.backup(tmp_path / "backup.db")
    assert target.stat().st_mode & 0o777 == 0o600
    submitted(journal, "later")
    with Journal(target, accept_restored=True) as copy:
        assert len(list(copy.entries())) == 20
    assert not list(tmp_path.glob("backup.db.new*"))


def test_a_backup_replaces_no_file(tmp_path: Path, journal: Journal) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(JournalUnwritable, match="never replaces"):
        journal.backup(tmp_path / "precious")
    with pytest.raises(JournalUnwritable):
        journal.backup(tmp_path / "nowhere" / "backup.db")
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_purge_removes_prompts_and_keeps_keys_and_costs(tmp_path: Path) -> None:
    now = [1.7e9]
    secret = "a very private hat"  # noqa: S105  # what is looked for in the files
    with Journal(tmp_path / "journal.db", clock=lambda: now[0]) as journal:
        succeeded(journal, "old", 0.25, payload={"prompt": secret})
        journal.record_files(
            given(journal, "old").account, "r-old", [("https://x/private-hat.png", "image", tmp_path / "p.png")]
        )  # fmt: skip
        submitted(journal, "running", payload={"prompt": "kept, as it runs"})
        now[0] += 1000
        succeeded(journal, "new", 0.5, payload={"prompt": "kept, as it is new"})
        assert journal.purge(before=_moment(1.7e9 + 500)) == 1
        assert journal.purge(before=_moment(1.7e9 + 500)) == 0
        old = given(journal, "old")
        assert (old.payload, old.output, old.files, old.purged) == (None, None, (), True)
        assert (old.key, old.cost, old.state, old.request_id) == ("old", 0.25, "succeeded", "r-old")
        assert journal.spend()["acme/cat"].settled == 0.75
        assert posted(journal, wanted("old", {"prompt": secret})) == old
        assert given(journal, "running").payload == {"prompt": "kept, as it runs"}
        for file in tmp_path.iterdir():
            assert b"private" not in file.read_bytes(), file


def _moment(seconds: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)
