"""A lock shows whether a process is alive, independent of clocks, of how it ends, and of its children."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from runcomfy.errors import JournalBusy, JournalError, JournalRefused, SubmissionUnknown
from runcomfy.journal import Journal
from runcomfy.journal.locks import LockFile
from support.journals import ACCOUNT, Program, given, posted, submitted, wanted

_POSTS = """
journal = Journal(path)
claim = journal.claiming(wanted("hat"))
assert claim.take() is None
claim.sending()
tell("posting")
stay()
"""


def test_a_key_that_another_process_posts_is_posting(tmp_path: Path) -> None:
    with Program(_POSTS, tmp_path) as other, Journal(tmp_path / "journal.db") as journal:
        other.hear("posting")
        there = posted(journal, wanted("hat"))
        assert there is not None
        assert there.state == given(journal, "hat").state == "posting"


def test_a_key_whose_process_was_killed_is_unknown(tmp_path: Path) -> None:
    with Program(_POSTS, tmp_path) as other, Journal(tmp_path / "journal.db") as journal:
        other.hear("posting")
        other.kill()
        there = posted(journal, wanted("hat"))
        assert there is not None
        assert there.state == given(journal, "hat").state == "unknown"


def test_a_killed_post_is_unknown_in_lists_and_after_opening(tmp_path: Path) -> None:
    with Program(_POSTS, tmp_path) as other, Journal(tmp_path / "journal.db") as journal:
        other.hear("posting")
        other.kill()
        assert [entry.key for entry in journal.entries(state="unknown")] == ["hat"]
    with Journal(tmp_path / "journal.db") as journal:
        assert given(journal, "hat").state == "unknown"


def test_an_unknown_entry_says_when_and_what_to_check(tmp_path: Path) -> None:
    with Program(_POSTS, tmp_path) as other, Journal(tmp_path / "journal.db") as journal:
        other.hear("posting")
        other.kill()
        entry = given(journal, "hat")
    error = entry.unknown_error()
    assert isinstance(error, SubmissionUnknown)
    for told in (
        "'hat'",
        f"{entry.claimed_at:%Y-%m-%d %H:%M:%S} UTC",
        "acme/cat",
        "a hat",
        "not_sent=True",
    ):
        assert told in str(error)


def test_the_clock_says_nothing_about_life(tmp_path: Path) -> None:
    with Program(_POSTS, tmp_path) as other:
        other.hear("posting")
        for moment in (0.0, -1e9, 4e9, 1e18):
            with Journal(tmp_path / "journal.db", clock=partial(float, moment)) as journal:
                assert given(journal, "hat").state == "posting"
                submitted(journal, f"at {moment}")
        other.kill()
        with Journal(tmp_path / "journal.db", clock=lambda: 0.0) as journal:
            assert given(journal, "hat").state == "unknown"


def test_two_journals_of_one_process_do_not_drop_the_lock(tmp_path: Path) -> None:
    code = """
    with Journal(path) as journal, journal.claiming(wanted("hat")) as claim:
        claim.take()
        claim.sending()
        Journal(path).close()
        tell("posting")
        stay()
    """
    with Program(code, tmp_path) as other, Journal(tmp_path / "journal.db") as journal:
        other.hear("posting")
        assert given(journal, "hat").state == "posting"


_FORKS = """
journal = Journal(path)
claim = journal.claiming(wanted("hat"))
claim.take()
claim.sending()
child = os.fork()
if child == 0:
    tell("child")
    stay()
    os._exit(0)
tell("parent")
stay()
"""


def test_a_child_does_not_keep_its_parents_claim_alive(tmp_path: Path) -> None:
    with Program(_FORKS, tmp_path) as other, Journal(tmp_path / "journal.db") as journal:
        assert {other.read(), other.read()} == {"child", "parent"}
        assert given(journal, "hat").state == "posting"
        other.kill()
        assert given(journal, "hat").state == "unknown"


def test_a_child_cannot_end_its_parents_claim(tmp_path: Path) -> None:
    code = """
    with Journal(path) as journal, journal.claiming(wanted("hat")) as claim:
        claim.take()
        claim.sending()
        child = os.fork()
        if child == 0:
            try:
                claim.submitted("r-child")
            except Exception as error:
                tell(type(error).__name__)
            claim.close()
            submitted(journal, "of the child")
            journal.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert claim.submitted("r-parent") is None
    tell("done")
    """
    with Program(code, tmp_path) as other:
        assert other.end().split() == ["JournalError", "done"]
    with Journal(tmp_path / "journal.db") as journal:
        assert given(journal, "hat").request_id == "r-parent"
        assert given(journal, "of the child").state == "submitted"


def test_parent_and_children_continue_writing_after_forks(tmp_path: Path) -> None:
    code = """
    from threading import Thread
    journal = Journal(path, submits=100)
    def write(name):
        for number in range(20):
            submitted(journal, f"{name}-{number}")
    threads = [Thread(target=write, args=(f"thread{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(6):
        child = os.fork()
        if child == 0:
            write(f"child{number}")
            journal.close()
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    for thread in threads:
        thread.join()
    journal.close()
    """
    with Program(code, tmp_path) as other:
        other.end()
    with Journal(tmp_path / "journal.db") as journal:
        assert len(list(journal.entries(state="submitted"))) == 9 * 20


def test_many_processes_claim_each_key_once(tmp_path: Path) -> None:
    code = """
    journal = Journal(path)
    tell("ready")
    stay()
    for number in range(40):
        with journal.claiming(wanted(f"k{number}")) as claim:
            if claim.take() is None:
                claim.sending()
                tell(f"k{number}")
                claim.submitted(f"r-{number}")
    journal.close()
    """
    programs = [Program(code, tmp_path) for _ in range(4)]
    for one in programs:
        one.hear("ready")
    for one in programs:
        one.go_on()
    granted = [key for one in programs for key in one.end().split()]
    assert sorted(granted) == sorted(f"k{number}" for number in range(40))


def test_resolve_is_refused_while_the_claimant_lives(tmp_path: Path) -> None:
    with Program(_POSTS, tmp_path) as other, Journal(tmp_path / "journal.db") as journal:
        other.hear("posting")
        with pytest.raises(JournalBusy, match="running process"):
            journal.resolve("hat", not_sent=True)
        other.kill()
        assert journal.resolve("hat", not_sent=True).state == "not_sent"


def test_a_batch_has_one_runner_until_it_ends(tmp_path: Path) -> None:
    code = """
    journal = Journal(path)
    with journal.runner():
        tell("running")
        stay()
    """
    with Program(code, tmp_path) as other, Journal(tmp_path / "journal.db") as journal:
        other.hear("running")
        assert journal.has_runner
        with (
            pytest.raises(JournalBusy, match="another process is running the batch"),
            journal.runner(),
        ):
            pass
        other.kill()
        with journal.runner():
            assert journal.has_runner
        assert not journal.has_runner


def test_a_lock_file_that_was_removed_stops_claims(tmp_path: Path, journal: Journal) -> None:
    (tmp_path / "journal.db.lock").unlink()
    with pytest.raises(JournalRefused, match="removed or replaced"):
        posted(journal, wanted("hat"))
    assert journal.entry("hat") is None


@pytest.mark.parametrize("how", ["unlink", "replace"])
def test_a_database_that_was_removed_stops_claims(
    tmp_path: Path, journal: Journal, how: str
) -> None:
    submitted(journal, "hat")
    if how == "unlink":
        journal.path.unlink()
    else:
        shutil.copy(journal.path, tmp_path / "copy")
        (tmp_path / "copy").replace(journal.path)
    with pytest.raises(JournalRefused, match="removed or replaced"):
        posted(journal, wanted("coat"))


def test_the_lock_file_is_closed_with_the_last_journal(tmp_path: Path) -> None:
    before, locks = len([*Path("/proc/self/fd").iterdir()]), {**LockFile._open}
    first, second = Journal(tmp_path / "journal.db"), Journal(tmp_path / "journal.db")
    submitted(first, "a")
    submitted(second, "b")
    first.close()
    second.close()
    assert len([*Path("/proc/self/fd").iterdir()]) == before
    assert locks == LockFile._open


def test_a_claim_is_taken_once(journal: Journal) -> None:
    want = wanted("hat")
    with journal.claiming(want) as first, journal.claiming(want) as second:
        assert first.take() is None
        with pytest.raises(JournalError, match="already held"):
            second.take()
    assert journal.find(ACCOUNT, "hat") is not None
