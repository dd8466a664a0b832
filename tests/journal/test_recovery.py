"""Everything that was paid is followed to its end and saved; what is unknown is settled by a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from runcomfy.errors import (
    ConfigurationError,
    ConnectionFailed,
    DeadlineExceeded,
    DownloadFailed,
    JobCancelled,
    JobFailed,
    NotFound,
    ResultNotReady,
)
from runcomfy.journal import Account, Entry, Journal, Outcome
from runcomfy.journal.recovery import Recovery
from runcomfy.status import Status
from support.journals import ACCOUNT, OTHER, given, submitted, succeeded, wanted

_URL = "https://files.example/{}.png?Signature=abc"


@dataclass
class FakeFile:
    url: str
    kind: str = "image"
    fails: Exception | None = None
    saved: Callable[[list[tuple[str, str, Path]]], object] = print

    def save(self, path: str, **_: Any) -> Path:
        if self.fails:
            raise self.fails
        target = Path(path, self.url.partition("?")[0].rpartition("/")[2])
        self.saved([(self.url, self.kind, target)])
        return target


@dataclass
class FakeResult:
    files: list[FakeFile]
    raw: dict[str, Any]


@dataclass
class FakeJob:
    """A job that ends as it is told, with a result or with an error, and writes that down as a client does."""

    end: FakeResult | Exception
    raw: dict[str, Any] = field(default_factory=dict)
    ended: Callable[[Outcome], object] = print

    def status(self, **_: Any) -> Status:
        if isinstance(self.end, NotFound):
            raise self.end
        return Status("in_progress", raw=self.raw)

    def wait(self, **_: Any) -> FakeResult:
        if isinstance(self.end, Exception):
            outcome = Outcome.of_error(self.end)
            if outcome:
                self.ended(outcome)
            raise self.end
        files = [(file.url, file.kind) for file in self.end.files]
        raw = self.end.raw
        self.ended(Outcome("succeeded", raw.get("cost"), raw.get("output"), files))
        return self.end

    result = wait


@dataclass
class FakeClient:
    """A client of a service with these jobs; the asynchronous one gives the same later."""

    jobs: dict[str, FakeJob]
    account: Account = ACCOUNT
    asked: list[str] = field(default_factory=list)
    later: bool = False
    journal: Journal | None = None

    def with_journal(self, journal: Journal) -> FakeClient:
        self.journal = journal
        return self

    def job(self, request_id: str, model: str | None = None) -> Any:
        assert model == "acme/cat"
        self.asked.append(request_id)
        job = self.jobs.get(request_id) or FakeJob(
            NotFound("the service has no such model or request")
        )
        if self.journal is not None:
            job.ended = partial(self.journal.record, self.account, request_id)
            for file in job.end.files if isinstance(job.end, FakeResult) else ():
                file.saved = partial(self.journal.record_files, self.account, request_id)
        return _Later(job) if self.later else job


class _Later:
    """An object whose methods are awaited, and so are those of what they give."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if name == "files":
            return [_Later(file) for file in value]
        return _later(value) if callable(value) else value


def _later(method: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def call(*given: Any, **named: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        value = method(*given, **named)
        return _Later(value) if isinstance(value, FakeResult) else value

    return call


def _done(*names: str, cost: object = 0.1, fails: Exception | None = None) -> FakeJob:
    files = [FakeFile(_URL.format(name), fails=fails) for name in names]
    output = {"images": [file.url for file in files]}
    return FakeJob(FakeResult(files, {"output": output, "cost": cost}))


@pytest.fixture(params=["blocking", "asyncio", "trio"])
def recover(request: pytest.FixtureRequest) -> Callable[..., Recovery]:
    """``Journal.recover``, or ``recover_async`` on each event loop."""

    def run(journal: Journal, client: FakeClient, **options: Any) -> Recovery:
        if request.param == "blocking":
            return journal.recover(client, **options)
        client.later = True

        async def main() -> Recovery:
            return await journal.recover_async(client, **options)

        return anyio.run(main, backend=request.param)

    return run


Recover = Callable[..., Recovery]


def test_what_runs_is_followed_and_saved(
    journal: Journal, tmp_path: Path, recover: Recover
) -> None:
    for key in ("a", "b"):
        submitted(journal, key)
    client = FakeClient({"r-a": _done("a"), "r-b": _done("b1", "b2", cost=0.3)})
    recovery = recover(journal, client, folder=tmp_path / "out")
    assert [entry.key for entry in recovery.finished] == ["a", "b"]
    entry = given(journal, "b")
    assert (entry.state, entry.cost, entry.saved) == ("succeeded", 0.3, True)
    assert [file.path for file in entry.files] == [
        tmp_path / "out" / "b1.png",
        tmp_path / "out" / "b2.png",
    ]
    assert "Signature" not in str(entry.files) + str(entry.output)


def test_files_go_where_their_entry_says(
    journal: Journal, tmp_path: Path, recover: Recover
) -> None:
    submitted(journal, "a", folder=str(tmp_path / "mine"))
    recover(journal, FakeClient({"r-a": _done("a")}), folder=tmp_path / "other")
    assert given(journal, "a").files[0].path == tmp_path / "mine" / "a.png"


def test_without_a_folder_files_stay_at_the_service(journal: Journal, recover: Recover) -> None:
    submitted(journal, "a")
    recover(journal, FakeClient({"r-a": _done("a")}))
    assert (given(journal, "a").state, given(journal, "a").saved) == ("succeeded", False)


def test_what_succeeded_and_is_not_saved_is_saved(
    journal: Journal, tmp_path: Path, recover: Recover
) -> None:
    submitted(journal, "a")
    client = FakeClient({"r-a": _done("a")})
    recover(journal, client)
    recover(journal, client, folder=tmp_path)
    (tmp_path / "a.png").write_text("")
    assert given(journal, "a").saved
    client.asked.clear()
    recover(journal, client, folder=tmp_path)
    assert client.asked == []


def test_only_the_files_that_are_missing_are_saved(
    journal: Journal, tmp_path: Path, recover: Recover
) -> None:
    submitted(journal, "a")
    broken = DownloadFailed("the connection was lost")
    job = _done("a1", "a2")
    assert isinstance(job.end, FakeResult)
    job.end.files[1].fails = broken
    recovery = recover(journal, FakeClient({"r-a": job}), folder=tmp_path)
    assert [(entry.key, error) for entry, error in recovery.failed] == [("a", broken)]
    assert [file.path is None for file in given(journal, "a").files] == [False, True]
    (tmp_path / "a1.png").write_text("")
    job.end.files[0].fails, job.end.files[1].fails = AssertionError("it is there already"), None
    recover(journal, FakeClient({"r-a": job}), folder=tmp_path)
    assert given(journal, "a").saved


@pytest.mark.parametrize(
    ("error", "state"),
    [(JobFailed("no"), "failed"), (JobCancelled("no"), "cancelled"), (NotFound("no"), "expired")],
)
def test_other_ends_are_written_as_they_are(
    journal: Journal, recover: Recover, error: Exception, state: str
) -> None:
    submitted(journal, "a")
    recovery = recover(journal, FakeClient({"r-a": FakeJob(error)}))
    assert [entry.state for entry in recovery.finished] == [state]
    assert given(journal, "a").state == state


def test_files_that_are_gone_expire_and_are_not_paid_again(
    journal: Journal, tmp_path: Path, recover: Recover
) -> None:
    submitted(journal, "a")
    gone = DownloadFailed("gone", status=404)
    recover(journal, FakeClient({"r-a": _done("a", fails=gone)}), folder=tmp_path)
    assert given(journal, "a").state == "expired"
    with journal.claiming(wanted("a")) as claim:
        there = claim.take()
    assert there is not None
    assert there.state == "expired"


def test_what_expired_may_be_found_again(journal: Journal) -> None:
    submitted(journal, "a")
    journal.record(ACCOUNT, "r-a", Outcome("expired"))
    assert journal.record(ACCOUNT, "r-a", Outcome("succeeded", 0.2))
    found = given(journal, "a")
    assert (found.state, found.cost) == ("succeeded", 0.2)


def test_what_is_saved_does_not_expire(journal: Journal, tmp_path: Path) -> None:
    submitted(journal, "a")
    journal.record(ACCOUNT, "r-a", Outcome("succeeded", files=[(_URL.format("a"), "image")]))
    journal.record_files(ACCOUNT, "r-a", [(_URL.format("a"), "image", tmp_path / "a.png")])
    assert journal.record(ACCOUNT, "r-a", Outcome("expired"))
    assert given(journal, "a").state == "succeeded"


def test_what_still_runs_and_what_cannot_be_asked_is_reported(
    journal: Journal, recover: Recover
) -> None:
    for key in ("late", "offline"):
        submitted(journal, key)
    jobs = {"r-late": FakeJob(DeadlineExceeded("no")), "r-offline": FakeJob(ConnectionFailed("no"))}
    recovery = recover(journal, FakeClient(jobs))
    assert [entry.key for entry in recovery.running] == ["late"]
    assert [entry.key for entry, _ in recovery.failed] == ["offline"]
    assert {entry.state for entry in journal.entries()} == {"submitted"}


def test_what_is_unknown_is_listed_and_not_touched(journal: Journal, recover: Recover) -> None:
    _leave_unknown(journal, "a")
    client = FakeClient({})
    recovery = recover(journal, client)
    assert [entry.key for entry in recovery.unknown] == ["a"]
    assert client.asked == []


def test_requests_of_other_accounts_are_left_alone(journal: Journal, recover: Recover) -> None:
    submitted(journal, "a", account=OTHER)
    client = FakeClient({})
    recover(journal, client)
    assert client.asked == []
    assert given(journal, "a").state == "submitted"


def test_a_result_is_written_once_whoever_finds_out(journal: Journal) -> None:
    submitted(journal, "a")
    assert journal.record(ACCOUNT, "r-a", Outcome("succeeded", 0.1))
    first = given(journal, "a")
    assert journal.record(ACCOUNT, "r-a", Outcome("succeeded", 0.1))
    assert given(journal, "a") == first
    assert journal.record(ACCOUNT, "r-a", Outcome("failed"))
    assert given(journal, "a") == first


def test_requests_of_nobody_are_not_written(journal: Journal, tmp_path: Path) -> None:
    assert not journal.record(ACCOUNT, "r-unheard", Outcome("succeeded", 1))
    assert journal.record_files(ACCOUNT, "r-unheard", [("https://x", "image", tmp_path)]) is None
    assert list(journal.entries()) == []


# Resolving


@pytest.fixture(params=["blocking", "asyncio", "trio"])
def resolve(request: pytest.FixtureRequest) -> Callable[..., Entry]:
    """``Journal.resolve``, or ``resolve_async`` on each event loop."""

    def run(journal: Journal, key: str, **options: Any) -> Entry:
        if request.param == "blocking":
            return journal.resolve(key, **options)
        client = options.get("client")
        if client:
            client.later = True

        async def main() -> Entry:
            return await journal.resolve_async(key, **options)

        return anyio.run(main, backend=request.param)

    return run


Resolve = Callable[..., Entry]


def _leave_unknown(journal: Journal, key: str, **more: Any) -> None:
    with journal.claiming(wanted(key, **more)) as claim:
        assert claim.take() is None
        claim.sending()


def test_a_request_that_was_found_settles_what_is_unknown(
    journal: Journal, resolve: Resolve
) -> None:
    _leave_unknown(journal, "a")
    client = FakeClient({"r1": FakeJob(ResultNotReady("no"), {"model_id": "acme/cat"})})
    entry = resolve(journal, "a", request_id="r1", client=client)
    assert (entry.state, entry.request_id) == ("submitted", "r1")


def test_a_request_that_is_not_there_frees_the_key(journal: Journal, resolve: Resolve) -> None:
    _leave_unknown(journal, "a", estimate=50_000)
    assert journal.spend()["acme/cat"].reserved == 0.05
    assert resolve(journal, "a", not_sent=True).state == "not_sent"
    assert journal.spend() == {}
    submitted(journal, "a")


@pytest.mark.parametrize(
    "job",
    [
        FakeJob(ResultNotReady("no"), {"model_id": "acme/dog"}),
        FakeJob(FakeResult([], {"model_id": "acme/dog"})),
        FakeJob(JobFailed("no", raw={"model_id": "acme/dog"})),
        FakeJob(NotFound("no")),
    ],
)
def test_a_request_of_another_model_settles_nothing(
    journal: Journal, resolve: Resolve, job: FakeJob
) -> None:
    _leave_unknown(journal, "a")
    with pytest.raises(ConfigurationError, match="nothing was changed"):
        resolve(journal, "a", request_id="r1", client=FakeClient({"r1": job}))
    assert given(journal, "a").state == "unknown"


def test_a_request_of_another_key_settles_nothing(journal: Journal, resolve: Resolve) -> None:
    submitted(journal, "b", "r1")
    _leave_unknown(journal, "a")
    client = FakeClient({"r1": FakeJob(ResultNotReady("no"))})
    with pytest.raises(ConfigurationError, match="belongs to the key 'b'"):
        resolve(journal, "a", request_id="r1", client=client)
    assert given(journal, "a").state == "unknown"


def test_only_what_is_unknown_is_resolved(journal: Journal) -> None:
    succeeded(journal, "a")
    with pytest.raises(ConfigurationError, match="'a' is succeeded"):
        journal.resolve("a", not_sent=True)
    with pytest.raises(ConfigurationError, match="no entry 'b'"):
        journal.resolve("b", not_sent=True)


def test_resolve_takes_one_of_two_answers(journal: Journal) -> None:
    _leave_unknown(journal, "a")
    for options in ({}, {"request_id": "r1", "not_sent": True}):
        with pytest.raises(ConfigurationError, match="takes either"):
            journal.resolve("a", **options)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ConfigurationError, match="needs client"):
        journal.resolve("a", request_id="r1")


# Looking


def test_entries_are_found_by_state_model_time_and_text(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC).timestamp()]
    with Journal(tmp_path / "journal.db", clock=lambda: now[0]) as journal:
        submitted(journal, "first", payload={"prompt": "a 100% red_hat"})
        now[0] += 86_400
        succeeded(journal, "second", model="acme/dog")
        submitted(journal, "third", payload={"prompt": 'ein Hütchen: say "Hut"\n'})

        def keys(**query: Any) -> list[str]:
            return [entry.key for entry in journal.entries(**query)]

        assert keys() == ["first", "second", "third"]
        assert keys(state="submitted") == ["first", "third"]
        assert keys(state=("succeeded", "failed")) == ["second"]
        assert keys(model="acme/dog") == ["second"]
        assert (
            keys(since=date(2026, 1, 2)) == keys(since=datetime(2026, 1, 2)) == ["second", "third"]
        )  # one without a zone
        assert keys(text="100%") == keys(text="RED_HAT") == ["first"]
        assert keys(text="100_") == keys(text="\\") == []
        assert keys(text="HÜTCHEN") == keys(text='say "hut"\n') == ["third"]
        assert keys(text="r-second") == ["second"]
        assert keys(account=OTHER) == []


def test_many_entries_are_read_page_by_page(journal: Journal) -> None:
    for number in range(1_234):
        journal.set_aside(wanted(f"k{number}"), "skipped", "not wanted")
    assert [entry.key for entry in journal.entries()] == [f"k{number}" for number in range(1_234)]


def test_entries_may_be_changed_while_they_are_read(journal: Journal) -> None:
    for key in "abc":
        submitted(journal, key)
    for entry in journal.entries(state="submitted"):
        journal.record(ACCOUNT, entry.request_id or "", Outcome("succeeded"))
    assert [entry.state for entry in journal.entries()] == ["succeeded"] * 3


def test_faces_keep_facts_beside_the_entries(journal: Journal) -> None:
    assert journal.fact("columns") is None
    journal.set_fact("columns", '["prompt"]')
    assert journal.fact("columns") == '["prompt"]'
    journal.set_fact("columns", None)
    assert journal.fact("columns") is None
    assert journal.fact("generation") is None


@pytest.mark.parametrize("call", ["entries", "purge"])
def test_a_time_that_is_none_is_refused_in_our_words(journal: Journal, call: str) -> None:
    wrong: Any = "2026-01-01"
    with pytest.raises(ConfigurationError, match="must be a date or a datetime, got '2026-01-01'"):
        _ = [*journal.entries(since=wrong)] if call == "entries" else journal.purge(before=wrong)
