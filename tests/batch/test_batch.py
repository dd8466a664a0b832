"""A batch against the real mock: rows in, files and results out, and a repeated call resumes it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import pytest

from runcomfy import AsyncClient, Client, ConfigurationError, KeyConflict, Polling
from runcomfy.batch.options import BatchOptions
from runcomfy.batch.outcome import BatchOutcome
from runcomfy.batch.preflight import InvalidRows
from runcomfy.batch.rows import BatchRow, RowSource
from runcomfy.batch.runner import PAUSED, Runner
from runcomfy.errors import JournalUnwritable
from runcomfy.journal import Journal
from runcomfy.journal.grouped_commits import GroupedCommits
from runcomfy.media.probe import probe as probe_file
from runcomfy.mock import MockService, Settings, small_output
from runcomfy.mock.fake_output import MadeFile
from runcomfy.mock.request_log import Asked
from runcomfy.uploads import UploadFile, upload_file
from runcomfy_models.openai import GptImage1_5TextToImage, GptImage2Edit

TEXT = GptImage1_5TextToImage


@pytest.fixture
def service() -> Iterator[MockService]:
    with MockService(Settings(make_output=small_output, polls_in_queue=0, polls_running=0)) as one:
        yield one


@pytest.fixture
def client(service: MockService) -> Iterator[Client]:
    with service.client() as one:
        yield one


def rows(count: int) -> list[dict[str, Any]]:
    return [{"key": f"k{n}", "prompt": f"hat {n}"} for n in range(count)]


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def test_outcomes_come_in_the_order_of_the_rows(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    run = client.batch(TEXT, rows(20), out=tmp_path / "b", jobs=7)
    outcomes = list(run)
    assert [one.key for one in outcomes] == [f"k{n}" for n in range(20)]
    assert {one.state for one in outcomes} == {"succeeded"}
    assert all(file.is_file() for one in outcomes for file in one.files)
    assert service.accepted == 20
    assert run.summary is not None
    assert run.summary.complete


def test_the_same_call_again_pays_nothing(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    run = client.batch(TEXT, rows(5), out=tmp_path / "b")
    assert "not started" in repr(run)
    first = list(run)
    assert repr(run).endswith("ended, 5 of 5 rows, succeeded: 5)")
    again = list(client.batch(TEXT, rows(5), out=tmp_path / "b"))
    assert service.accepted == 5
    assert [one.files for one in again] == [one.files for one in first]
    assert [one.request_id for one in again] == [one.request_id for one in first]


def test_rows_may_be_added_removed_and_reordered(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    list(client.batch(TEXT, rows(4), out=tmp_path / "b"))
    other = [*reversed(rows(6)[2:])]
    outcomes = list(client.batch(TEXT, other, out=tmp_path / "b"))
    assert [one.key for one in outcomes] == ["k5", "k4", "k3", "k2"]
    assert service.accepted == 6


def test_rows_without_keys_are_known_by_content_and_equal_ones_are_each_run(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    equal = [{"prompt": "a hat"}] * 3
    assert len({one.key for one in client.batch(TEXT, equal, out=tmp_path / "b")}) == 3
    list(client.batch(TEXT, [*equal, {"prompt": "a hat"}], out=tmp_path / "b"))
    assert service.accepted == 4


def test_a_changed_row_under_its_key_is_reported_before_anything_is_paid(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    list(client.batch(TEXT, rows(2), out=tmp_path / "b"))
    changed = [*rows(2), {"key": "new", "prompt": "x"}, {"key": "k0", "prompt": "another"}]
    with pytest.raises(InvalidRows, match=r"row 4 \(k0\): /key: is also the key of row 1"):
        list(client.batch(TEXT, changed, out=tmp_path / "b"))
    with pytest.raises(
        KeyConflict, match="row 1: the folder has the key 'k0' with a different payload"
    ):
        list(client.batch(TEXT, [{"key": "k0", "prompt": "another"}], out=tmp_path / "b"))
    assert service.accepted == 2


def test_bad_rows_stop_the_batch_or_are_set_aside(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    mixed: list[dict[str, Any]] = [
        {"prompt": "a hat"},
        {"prompt": 5},
        {"prompt": "x", "qualty": "low"},
    ]
    with pytest.raises(InvalidRows, match="2 of 3 rows are invalid; nothing was sent"):
        list(client.batch(TEXT, mixed, out=tmp_path / "b"))
    assert service.accepted == 0
    states = [one.state for one in client.batch(TEXT, mixed, out=tmp_path / "b", skip_invalid=True)]
    assert states == ["succeeded", "invalid", "invalid"]
    assert [one["state"] for one in results(tmp_path / "b")] == states


def test_results_have_a_line_for_each_row(client: Client, tmp_path: Path) -> None:
    list(client.batch(TEXT, rows(3), out=tmp_path / "b", max_requests=2, jobs=1))
    told = results(tmp_path / "b")
    assert [one["state"] for one in told] == ["succeeded", "succeeded", "waiting"]
    assert set(told[0]) == {"row", "key", "state", "request_id", "cost", "files", "error"}
    assert (tmp_path / "b" / told[0]["files"][0]).is_file()


def test_a_lost_response_is_unknown_and_never_sent_again(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    service.fault("answer_lost", on="submit")
    first = list(client.batch(TEXT, rows(3), out=tmp_path / "b", jobs=1))
    assert [one.state for one in first] == ["unknown", "succeeded", "succeeded"]
    again = list(client.batch(TEXT, rows(3), out=tmp_path / "b", retry_failed=True))
    assert [one.state for one in again] == ["unknown", "succeeded", "succeeded"]
    assert service.accepted == 3


def test_failed_rows_run_again_only_when_asked(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    service.fault("job_fails", on="submit")
    states = [one.state for one in client.batch(TEXT, rows(2), out=tmp_path / "b", jobs=1)]
    assert states == ["failed", "succeeded"]
    list(client.batch(TEXT, rows(2), out=tmp_path / "b"))
    assert service.accepted == 2
    again = list(client.batch(TEXT, rows(2), out=tmp_path / "b", retry_failed=True))
    assert [one.state for one in again] == ["succeeded", "succeeded"]
    assert service.accepted == 3


def test_a_row_that_is_paid_and_not_saved_is_saved_and_not_paid_again(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    rule = service.fault("http_404", on="download", times=None)
    first = list(client.batch(TEXT, rows(1), out=tmp_path / "b"))
    assert [one.state for one in first] == ["unsaved"]
    assert rule.hits
    service.clear_faults()
    again = list(client.batch(TEXT, rows(1), out=tmp_path / "b", retry_failed=True))
    assert [one.state for one in again] == ["succeeded"]
    assert (service.accepted, again[0].files[0].is_file()) == (1, True)


def test_an_empty_account_stops_in_order(tmp_path: Path) -> None:
    settings = Settings(make_output=small_output, balance=0.1, polls_in_queue=0, polls_running=0)
    with MockService(settings) as service, service.client() as client:
        run = client.batch(TEXT, rows(50), out=tmp_path / "b", jobs=2)
        states = [one.state for one in run]
        assert run.summary is not None
        assert run.summary.stopped == "balance"
        assert set(states) == {"succeeded", "waiting"}
        assert states.count("succeeded") == service.accepted


def test_the_budget_is_never_exceeded_when_a_submit_goes_out(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    run = client.batch(TEXT, rows(30), out=tmp_path / "b", jobs=9, price=0.05, max_cost=0.5)
    list(run)
    assert run.summary is not None
    assert run.summary.stopped == "budget"
    assert 0 < run.summary.settled + run.summary.reserved <= 0.5
    assert service.spent <= 0.5


def test_the_limit_can_be_raised_from_another_terminal_while_a_batch_runs(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    run = client.batch(TEXT, rows(30), out=tmp_path / "b", jobs=1, price=0.04, max_cost=0.2)
    for outcome in run:
        if outcome.row == 1:
            with Journal(tmp_path / "b" / "journal.db") as journal:
                journal.set_limits(max_cost=5)
    assert run.summary is not None
    assert (run.summary.stopped, service.accepted) == ("", 30)


def test_the_users_journal_sees_what_a_batch_spends(service: MockService, tmp_path: Path) -> None:
    with Journal(tmp_path / "user.db") as journal, service.client() as client:
        list(client.with_journal(journal).batch(TEXT, rows(3), out=tmp_path / "b"))
        assert journal.spend()[TEXT.model_id].requests == 3


def test_local_files_are_read_relative_to_the_input_and_sent(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    from PIL import Image

    (tmp_path / "in").mkdir()
    Image.new("RGB", (640, 640), "teal").save(tmp_path / "in" / "cat.png")
    table = tmp_path / "in" / "rows.csv"
    table.write_text("id,what,images\n1,hat,cat.png\n2,scarf,cat.png\n")
    options: dict[str, Any] = {"template": {"prompt": "add a {what}"}, "set": {"quality": "low"}}
    outcomes = list(client.batch(GptImage2Edit, table, out=tmp_path / "b", **options))
    assert [(one.key, one.state) for one in outcomes] == [("1", "succeeded"), ("2", "succeeded")]
    bodies = [json.loads(asked.body) for asked in service.log if asked.action == "submit"]
    assert sorted(body["prompt"] for body in bodies) == ["add a hat", "add a scarf"]
    assert all(body["images"][0].startswith("data:image/png;base64,") for body in bodies)


def test_a_file_that_many_rows_use_is_uploaded_once(service: MockService, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (640, 640), "teal").save(tmp_path / "cat.png")
    sent: list[str] = []

    def upload(file: UploadFile) -> str:
        sent.append(file.sha256)
        return f"https://files.example.com/{file.sha256}.png"

    given = [{"prompt": f"hat {number}", "images": [tmp_path / "cat.png"]} for number in range(20)]
    with Client("any", base_url=service.url, uploader=upload) as client:
        states = {one.state for one in client.batch(GptImage2Edit, given, out=tmp_path / "b")}
    assert (states, len(sent), service.accepted) == ({"succeeded"}, 1, 20)


def test_a_file_that_many_rows_use_is_read_once_for_all_submits(
    service: MockService, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (640, 640), "teal").save(tmp_path / "cat.png")
    given = [{"prompt": f"hat {number}", "images": [tmp_path / "cat.png"]} for number in range(20)]
    probe = patch.object(upload_file, "probe", wraps=probe_file)
    digested = patch.object(UploadFile, "_digest", autospec=True, side_effect=UploadFile._digest)
    with probe as probed, digested as digest, Client("any", base_url=service.url) as client:
        states = {one.state for one in client.batch(GptImage2Edit, given, out=tmp_path / "b")}
    assert (states, service.accepted) == ({"succeeded"}, 20)
    assert (probed.call_count, digest.call_count) == (1, 1)


def test_no_file_of_a_row_replaces_that_of_another(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    # A grid gives rows one number, inserted rows shift the numbers, and keys may differ in what no name can hold.
    once: dict[str, Any] = {"out": tmp_path / "b", "grid": {"quality": ["low", "high"]}}
    list(client.batch(TEXT, rows(2), **once))
    outcomes = list(client.batch(TEXT, [{"key": "new", "prompt": "first"}, *rows(2)], **once))
    odd = [{"key": key, "prompt": key} for key in ("a/b", "a:b", "A/B", "a_b")]
    named: dict[str, Any] = {"out": tmp_path / "c", "name": "{key}-{index}{extension}"}
    outcomes += client.batch(TEXT, odd, **named)
    names = [str(file).casefold() for one in outcomes for file in one.files]
    assert len(names) == len(set(names)) == service.accepted == 10
    assert all(file.is_file() for one in outcomes for file in one.files)


def test_a_file_has_the_extension_of_its_content(tmp_path: Path) -> None:
    jpeg = MadeFile("image-1.png", "image/png", b"\xff\xd8\xff\xe0" + bytes(100))
    settings = Settings(make_output=lambda *_, **__: ({"image": "{file:image-1.png}"}, [jpeg]))
    with MockService(settings) as service, service.client() as client:
        for _ in range(2):  # the second call finds the file under that name
            [outcome] = client.batch(TEXT, rows(1), out=tmp_path / "b")
            assert outcome.files == (tmp_path / "b" / "00001-1.jpg",)
    assert results(tmp_path / "b")[0]["files"] == ["00001-1.jpg"]
    assert service.accepted == 1


def test_no_file_of_a_shard_replaces_that_of_another(
    service: MockService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCOMFY_TOKEN", "any")
    with Client(base_url=service.url, polling=Polling(0.01, 0.05)) as client:
        shards = client.shards(TEXT, out=tmp_path / "b")
    # Both have rows 1 and 2.
    outcomes = [one for part in (rows(4)[:2], rows(4)[2:]) for one in shards.run(part)]
    names = {file for one in outcomes for file in one.files}
    assert len(names) == service.accepted == 4
    assert all(file.is_file() for file in names)


def test_a_grid_makes_the_product(client: Client, service: MockService, tmp_path: Path) -> None:
    grid = {"quality": ["low", "high"], "background": ["auto", "opaque"]}
    outcomes = list(client.batch(TEXT, rows(2), out=tmp_path / "b", grid=grid))
    assert len({one.key for one in outcomes}) == 8 == service.accepted


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"jobs": 0}, "jobs must be"),
        ({"max_cost": -1}, "max_cost must be"),
        ({"jbos": 5}, "no option 'jbos'"),
        ({"set": {"qualty": "low"}}, "no such input"),
        ({"name": "{row.__class__}-{index}"}, "--name"),
        ({"name": "{index}.png"}, "several files the same name"),
        ({"map": {"anmal": "prompt"}}, "no row has anything in a column 'anmal'"),
    ],
)
def test_a_mistaken_option_is_reported_before_anything_is_sent(
    client: Client, service: MockService, tmp_path: Path, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        list(client.batch(TEXT, rows(2), out=tmp_path / "b", **options))
    assert service.accepted == 0


def test_whoever_stops_iterating_stops_the_batch(
    client: Client, service: MockService, tmp_path: Path
) -> None:
    for _ in client.batch(TEXT, rows(300), out=tmp_path / "b", jobs=2):
        break
    assert service.accepted < 300
    outcomes = list(client.batch(TEXT, rows(300), out=tmp_path / "b"))
    assert {one.state for one in outcomes} == {"succeeded"}
    assert service.accepted == 300


def test_a_stop_submits_no_row_that_waits_for_its_turn(tmp_path: Path) -> None:
    """All rows are in flight, and one is submitted at a time: who stops then pays for no further one."""
    run: list[Any] = []

    def watch(asked: Asked) -> None:
        if asked.action == "submit":
            run[0]._batch.stop("terminate")

    settings = Settings(make_output=small_output, polls_in_queue=0, polls_running=0)
    with MockService(settings, watch=watch) as service, service.client() as client:
        run.append(client.batch(TEXT, rows(20), out=tmp_path / "b", submits=1))
        states = Counter(one.state for one in run[0])
        assert states == {"succeeded": 1, "waiting": 19}
        assert (service.accepted, run[0].summary.stopped) == (1, "terminate")


def test_a_pause_submits_no_row_that_waits_for_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows are in flight, and one is submitted at a time: none is while the batch is paused."""
    noticed, pause, accepted = threading.Event(), Runner._pause, list[int]()

    def noting(runner: Runner, *, paused: bool) -> None:
        pause(runner, paused=paused)
        noticed.set()

    def wish(paused: str | None) -> None:
        with Journal(tmp_path / "b" / "journal.db") as journal:
            journal.set_fact(PAUSED, paused)

    def go_on() -> None:
        accepted.append(busy.accepted)
        wish(None)

    def watch(asked: Asked) -> None:
        if asked.action == "submit" and not noticed.is_set():
            wish("1")
            assert noticed.wait(20)
            threading.Timer(0.5, go_on).start()

    monkeypatch.setattr("runcomfy.batch.runner._LOOK", 0.01)
    monkeypatch.setattr(Runner, "_pause", noting)
    settings = Settings(make_output=small_output, polls_in_queue=0, polls_running=0)
    with MockService(settings, watch=watch) as busy, busy.client() as client:
        run = client.batch(TEXT, rows(20), out=tmp_path / "b", submits=1)
        assert Counter(one.state for one in run) == {"succeeded": 20}
        assert (accepted, busy.accepted) == ([1], 20)


async def _collected(service: MockService, folder: Path) -> list[str]:
    async with AsyncClient("any", base_url=service.url) as client:
        return [one.state async for one in client.batch(TEXT, rows(5), out=folder)]


def test_an_async_client_runs_the_same_batch(service: MockService, tmp_path: Path) -> None:
    import asyncio

    assert asyncio.run(_collected(service, tmp_path / "b")) == ["succeeded"] * 5
    assert service.accepted == 5


def test_a_full_disk_lets_what_is_in_progress_end(tmp_path: Path) -> None:
    submits, left, commit = 2, [6], GroupedCommits._commit

    def watch(asked: Asked) -> None:
        left[0] -= asked.action == "submit"

    def written(commits: GroupedCommits, *given: Any) -> Any:
        if left[0] > 0:
            return commit(commits, *given)
        for name in ("polls_in_queue", "polls_running"):  # the requests end from now on
            object.__setattr__(busy.settings, name, 0)
        raise JournalUnwritable("the disk is full")

    told: list[BatchOutcome] = []
    settings = Settings(make_output=small_output, polls_in_queue=10_000)
    with (
        MockService(settings, watch=watch) as busy,
        busy.client(polling=Polling(0.01, 0.02)) as client,
    ):
        with (
            patch.object(GroupedCommits, "_commit", written),
            pytest.raises(JournalUnwritable, match="the disk is full"),
        ):
            told.extend(client.batch(TEXT, rows(20), out=tmp_path / "b", submits=submits))
        states = Counter(one.state for one in told)
        assert states.keys() <= {"succeeded", "unknown", "waiting"}
        assert 6 - submits <= states["succeeded"] < 6 <= busy.accepted <= 6 + submits
        assert "cancel" not in {asked.action for asked in busy.log}
        left[0] = 100
        again = Counter(one.state for one in client.batch(TEXT, rows(20), out=tmp_path / "b"))
        assert again["succeeded"] + again["unknown"] == busy.accepted == 20
        assert again["unknown"] <= submits


def _breaking_off(source: RowSource) -> Iterator[BatchRow]:
    yield from source
    raise OSError("the input has gone")


def _failing(_: int, outcome: BatchOutcome) -> None:
    raise OSError("nobody listens")


@pytest.mark.parametrize(
    ("rows_of", "tell", "told"),
    [
        (_breaking_off, lambda _, __: None, "the input has gone"),
        (iter, _failing, "nobody listens"),
    ],
    ids=["rows that cannot be read", "a callback that fails"],
)
def test_an_error_of_the_caller_lets_what_is_under_way_end(
    service: MockService, tmp_path: Path, rows_of: Any, tell: Any, told: str
) -> None:
    source = RowSource(TEXT, rows(300), BatchOptions())  # 256 are read ahead

    async def main(journal: Journal) -> None:
        client = service.async_client(polling=Polling(0.01, 0.02), journal=journal)
        runner = Runner(client, journal, TEXT, tmp_path, BatchOptions())
        with pytest.raises(OSError, match=told):
            await runner.run(rows_of(source), {}, lambda _: "", tell)
        await client.aclose()

    with Journal(tmp_path / "j.db") as journal:
        anyio.run(main, journal)
        assert {entry.state for entry in journal.entries()} == {"succeeded"}
    assert "cancel" not in {asked.action for asked in service.log}


def test_results_that_cannot_be_written_are_named(client: Client, tmp_path: Path) -> None:
    results = tmp_path / "b" / "results.jsonl"
    list(client.batch(TEXT, rows(1), out=tmp_path / "b"))
    results.unlink()
    results.mkdir()
    with pytest.raises(
        OSError, match="the journal has the rows, and the next run writes"
    ) as caught:
        list(client.batch(TEXT, rows(1), out=tmp_path / "b"))
    assert caught.value.filename == str(results)
