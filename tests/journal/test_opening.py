"""Opening a journal: what is refused, in one clear sentence, and left as it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path
from unittest.mock import patch

import pytest

from runcomfy.errors import (
    ConfigurationError,
    JournalBusy,
    JournalClosed,
    JournalRefused,
    JournalRestored,
    KeyConflict,
    RunComfyError,
)
from runcomfy.journal import Account, Journal, default_path, schema
from runcomfy.journal import database as database_module
from runcomfy.journal.filesystems import file_system_of
from support.journals import ACCOUNT, OTHER, Program, given, posted, submitted, succeeded, wanted

_RESTORED = "would be paid again"


def test_the_users_journal_is_where_state_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_path() == Path("/state/runcomfy/journal.db")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_path() == Path("/home/me/.local/state/runcomfy/journal.db")


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal(tmp_path / "state" / "journal.db") as journal:
            submitted(journal)
            modes = {
                one.name: stat.S_IMODE(one.stat().st_mode) for one in journal.path.parent.iterdir()
            }
    finally:
        os.umask(before)
    assert set(modes) == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock", "journal.db.generation"}  # fmt: skip
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_database_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.db").close()
    (tmp_path / "journal.db").chmod(0o644)
    Journal(tmp_path / "journal.db").close()
    assert stat.S_IMODE((tmp_path / "journal.db").stat().st_mode) == 0o600


def test_every_commit_is_synced(journal: Journal) -> None:
    with journal._opened().database.writing() as connection:
        told = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync")}  # fmt: skip
    assert told == {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1, "checkpoint_fullfsync": 1}  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"not a database, but a text of some length" * 50, b"\0" * 4096]
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises(JournalRefused, match=r"damaged|another program") as caught:
        Journal(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(JournalRefused, match="another program"):
        Journal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("cut", [0.3, 0.6])
def test_a_damaged_journal_is_refused(tmp_path: Path, cut: float) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        for number in range(50):
            submitted(journal, f"k{number}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * cut) // 4096 * 4096])
    with pytest.raises(JournalRefused, match="damaged") as caught:
        Journal(path)
    assert "backup" in str(caught.value)


def test_damage_that_shows_later_is_reported_too(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        for number in range(200):
            submitted(journal, f"k{number}")
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with (
        patch.object(database_module, "_CHECKED", 0),
        pytest.raises(JournalRefused, match="damaged"),
        Journal(path) as journal,
    ):
        list(journal.entries())


def test_a_newer_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalRefused, match=r"newer version of runcomfy.*upgrade"):
        Journal(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()


def test_an_older_journal_is_migrated_after_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        submitted(journal, "hat")
    newer = ("ALTER TABLE entries ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'",)
    with (
        patch.object(database_module, "VERSION", 2),
        patch.dict(schema.MIGRATIONS, {1: newer}),
        Journal(path) as journal,
    ):
        assert given(journal, "hat").state == "submitted"
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT colour FROM entries").fetchone() == ("blue",)
    connection.close()
    with Journal(tmp_path / "journal.db.v1.backup", accept_restored=True) as before:
        assert given(before, "hat").state == "submitted"


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        submitted(journal, "hat")
    broken = ("ALTER TABLE entries ADD COLUMN colour TEXT", "nonsense")
    with (
        patch.object(database_module, "VERSION", 2),
        patch.dict(schema.MIGRATIONS, {1: broken}),
        pytest.raises(RunComfyError),
    ):
        Journal(path)
    with Journal(path) as journal:
        assert given(journal, "hat").state == "submitted"


# Lost, copied, restored


def test_an_older_copy_is_refused_until_accepted(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        submitted(journal, "old")
        journal.backup(tmp_path / "yesterday.db")
        submitted(journal, "new")
    shutil.copy(tmp_path / "yesterday.db", path)
    with pytest.raises(JournalRestored, match=f"older than its folder records.*{_RESTORED}"):
        Journal(path)
    with Journal(path, accept_restored=True) as journal:
        assert [entry.key for entry in journal.entries()] == ["old"]
    Journal(path).close()


def test_a_copy_without_the_last_claim_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        journal.backup(tmp_path / "before.db")
        with journal.claiming(wanted("hat")) as claim:
            claim.take()
            # The file says so before the claim is granted, so that nothing was sent without a trace.
            shutil.copytree(tmp_path, tmp_path / "copy")
    copy = tmp_path / "copy" / "journal.db"
    for end in ("-wal", "-shm"):
        copy.with_name(copy.name + end).unlink()
    shutil.copy(tmp_path / "before.db", copy)
    with pytest.raises(JournalRestored):
        Journal(copy)


def test_a_journal_that_is_gone_is_refused_until_accepted(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        submitted(journal, "hat")
    path.unlink()
    with pytest.raises(JournalRestored, match="is missing"):
        Journal(path)
    assert not path.exists()
    with Journal(path, accept_restored=True) as journal:
        submitted(journal, "coat")
    with Journal(path) as journal:
        assert [entry.key for entry in journal.entries()] == ["coat"]


def test_an_emptied_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        submitted(journal, "hat")
    path.write_bytes(b"")
    with pytest.raises(JournalRestored, match="is empty"):
        Journal(path)


def test_the_journal_of_another_folder_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with Journal(tmp_path / name / "journal.db") as journal:
            submitted(journal, name)
    shutil.copy(tmp_path / "a" / "journal.db", tmp_path / "b" / "journal.db")
    with pytest.raises(JournalRestored, match="does not belong to this folder"):
        Journal(tmp_path / "b" / "journal.db")


def test_a_journal_without_its_generation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        submitted(journal, "hat")
    path.with_name("journal.db.generation").unlink()
    with pytest.raises(JournalRestored, match=r"lacks its file journal\.db\.generation"):
        Journal(path)
    with Journal(path, accept_restored=True) as journal:
        assert given(journal, "hat").state == "submitted"
    Journal(path).close()


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"\xff\xfe"])
def test_a_generation_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        submitted(journal, "hat")
    path.with_name("journal.db.generation").write_bytes(content)
    with pytest.raises(JournalRestored, match="cannot be read"):
        Journal(path)
    with Journal(path, accept_restored=True) as journal:
        assert given(journal, "hat").state == "submitted"


def test_a_folder_with_files_and_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.jsonl").write_text("{}\n")
    with pytest.raises(JournalRestored, match=r"contains other files \('results\.jsonl'"):
        Journal(tmp_path / "out" / "journal.db", whole_folder=True)
    assert [one.name for one in (tmp_path / "out").iterdir() if one.suffix == ".db"] == []
    Journal(tmp_path / "out" / "journal.db", whole_folder=True, accept_restored=True).close()
    Journal(tmp_path / "out" / "journal.db", whole_folder=True).close()


def test_a_whole_folder_that_moves_is_the_same_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "a" / "journal.db") as journal:
        succeeded(journal, "hat")
        saved = ("https://x/hat.png", "image", tmp_path / "a" / "hat.png")
        journal.record_files(ACCOUNT, "r-hat", [saved])
    (tmp_path / "a").rename(tmp_path / "b")
    with Journal(tmp_path / "b" / "journal.db") as journal:
        assert given(journal, "hat").files[0].path == tmp_path / "b" / "hat.png"


def test_an_older_copy_put_there_while_it_is_open_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        submitted(journal, "old")
        with journal._opened().database.writing() as connection:
            connection.execute("UPDATE facts SET value = 0 WHERE name = 'generation'")
        with pytest.raises(JournalRestored, match="while it was open"):
            posted(journal, wanted("new"))


# Whose it is


def test_a_batch_refuses_the_token_of_another_account(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path, one_account=True) as journal:
        submitted(journal, "hat")
    with Journal(path, one_account=True) as journal:
        with pytest.raises(JournalRefused, match=r"01234567….*adopt"):
            posted(journal, wanted("coat", account=OTHER))
        assert journal.adopt(OTHER) == 1
        there = posted(journal, wanted("hat", account=OTHER))
        assert there is not None
        assert there.state == "submitted"


def test_accounts_that_share_a_key_cannot_become_one(journal: Journal) -> None:
    submitted(journal, "hat", "r1")
    submitted(journal, "hat", "r2", account=OTHER)
    with pytest.raises(KeyConflict):
        journal.adopt(OTHER)


def test_a_fingerprint_distinguishes_accounts_without_the_token() -> None:
    class Token:
        def __init__(self, value: str) -> None:
            self._value = value

        def reveal(self) -> str:
            return self._value

    one, two = (Account.of("https://x", Token(value)) for value in ("secret-1", "secret-2"))
    assert one != two
    assert one == Account.of("https://x", Token("secret-1"))
    assert "secret" not in repr(one) + str(one)


# Where it lives


_MOUNTS = """\
21 26 0:20 / /proc rw - proc proc rw
26 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 26 0:50 / /home\\040of rw - nfs4 server:/home rw
31 26 0:51 / /cloud rw - fuse.gcsfuse bucket rw
32 26 0:52 / /covered rw - nfs server:/x rw
33 26 0:53 / /covered rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/", "ext4"), ("/var/x", "ext4"), ("/home of/me", "nfs4"), ("/home ofx", "ext4"), ("/cloud", "fuse.gcsfuse"), ("/covered/x", "tmpfs")],
)  # fmt: skip
def test_the_file_system_of_a_folder_is_known(tmp_path: Path, folder: str, kind: str) -> None:
    (tmp_path / "mounts").write_text(_MOUNTS)
    assert file_system_of(Path(folder), tmp_path / "mounts") == kind


@pytest.mark.parametrize(
    ("kind", "name"), [("nfs4", "NFS"), ("fuse.sshfs", "sshfs"), ("cifs", "a Windows share")]
)
def test_file_systems_of_several_machines_are_refused_by_name(
    tmp_path: Path, kind: str, name: str
) -> None:
    with (
        patch("runcomfy.journal.filesystems.file_system_of", return_value=kind),
        pytest.raises(JournalRefused, match=f"{name}.*XDG_STATE_HOME"),
    ):
        Journal(tmp_path / "journal.db")


def test_a_file_system_that_locks_twice_is_refused_by_name(tmp_path: Path) -> None:
    with (
        patch("fcntl.flock"),
        patch("runcomfy.journal.filesystems.file_system_of", return_value="fuse.odd"),
        pytest.raises(JournalRefused, match=r"fuse\.odd.*without locks"),
    ):
        Journal(tmp_path / "journal.db")


def test_a_file_system_without_locks_is_refused(tmp_path: Path) -> None:
    with (
        patch("fcntl.lockf", side_effect=OSError(37, "No locks available")),
        pytest.raises(JournalRefused, match="without locks"),
    ):
        Journal(tmp_path / "journal.db")


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.close()
    journal.close()
    with pytest.raises(JournalClosed, match="is closed; nothing was sent"):
        posted(journal, wanted())
    with pytest.raises(JournalClosed):
        list(journal.entries())


def test_a_journal_that_another_process_keeps_writing_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with patch.object(database_module, "_PATIENCE", 0.05):
            journal._opened().database.close()  # the next connection has the shorter patience
            with pytest.raises(JournalBusy, match="try again later"):
                posted(journal, wanted())
        other.execute("ROLLBACK")
        other.close()
        assert posted(journal, wanted()) is None


def test_a_journal_is_opened_by_two_processes_at_once(tmp_path: Path) -> None:
    code = """
    tell("ready")
    stay()
    with Journal(path) as journal:
        submitted(journal, f"of {os.getpid()}")
    """
    programs = [Program(code, tmp_path) for _ in range(4)]
    for one in programs:
        one.hear("ready")
    for one in programs:
        one.go_on()
    for one in programs:
        one.end()
    with Journal(tmp_path / "journal.db") as journal:
        assert len(list(journal.entries(state="submitted"))) == 4


def test_only_states_can_be_requested_by_state(journal: Journal) -> None:
    with pytest.raises(ConfigurationError, match="unknown state 'done'"):
        journal.entries(state="done")  # type: ignore[arg-type]  # that is the point
