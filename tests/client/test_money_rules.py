"""The five rules that cost money when they are broken, each counted at the mock service."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpcore
import httpcore2
import httpx
import httpx2
import pytest

from runcomfy import Client, Retries, errors
from runcomfy.mock import MockService, small_output
from runcomfy.testing import mock_service
from support.callers import BACKENDS, EVERY_KIND, TOKEN, Caller, a_request


@pytest.fixture
def service() -> Iterator[MockService]:
    with mock_service(make_output=small_output, file_host=True) as started:
        yield started


@pytest.fixture(params=["sync", *BACKENDS])
def caller(request: pytest.FixtureRequest, service: MockService) -> Caller:
    return Caller(request.param, service.url, **_files(service))


def _files(service: MockService) -> dict[str, Any]:
    return {"download_hosts": [service.files_url.removeprefix("http://")]}


def _saved(caller: Caller, folder: Path, **options: Any) -> list[Path]:
    """Run a request and save its files."""
    if caller.kind == "sync":
        return _paths(caller.call(lambda client: client.run(a_request()).save(folder, **options)))

    async def main(client: Any) -> Any:
        return await (await client.run(a_request())).save(folder, **options)

    return _paths(caller.call(main))


def _paths(saved: Any) -> list[Path]:
    return [Path(path) for path in saved]


# 1. A submit is sent once.

DOUBTFUL = [
    "reset_before_accept",
    "reset_after_accept",
    "answer_lost",
    "truncated_body",
    "http_500",
    "http_503",
    "done_then_502",
    "http_408",
    "html_200",
    "wrong_json",
    "redirect_307",
    "missing_request_id",
    "hostile_request_id",
    "error_200_500001",
]


@pytest.mark.parametrize("fault", DOUBTFUL)
def test_a_submit_that_may_have_been_accepted_is_not_repeated(
    caller: Caller, service: MockService, fault: str
) -> None:
    service.fault(fault, on="submit")
    with pytest.raises(errors.SubmissionUnknown) as caught:
        caller.run()
    assert service.count("submit") == 1
    assert "billed" in str(caught.value)
    assert "in your RunComfy account before you submit again" in str(caught.value)


@pytest.mark.parametrize("fault", [*DOUBTFUL, "closed_in_headers", "reset_in_headers"])
def test_a_client_that_takes_a_lost_answer_for_no_connection_is_not_believed(
    service: MockService, fault: str
) -> None:
    service.fault(fault, on="submit", times=None)
    with pytest.raises(errors.SubmissionUnknown, match="billed"):
        Caller("asyncio httpx_aiohttp", service.url).run()
    assert service.count("submit") == 1
    assert service.accepted <= 1


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_submit_is_sent_again_where_nobody_listened(service: MockService, kind: str) -> None:
    service.fault("connection_refused", on="submit")
    caller = Caller(kind, service.url)
    caller._settings["retries"] = Retries(submits=20, first=0.1, ceiling=0.1)
    caller.run()
    assert (service.count("submit"), service.accepted) == (1, 1)


#: What a transport of the caller's raises, from what, and whether that says surely that nothing was sent.
NO_CONNECTION: list[tuple[Exception, BaseException | None, bool]] = [
    (httpx.ConnectError("it says so itself"), None, True),
    (httpx.ConnectError(""), httpcore.ConnectError(), True),
    (httpx.PoolTimeout(""), httpcore.PoolTimeout(), True),
    (httpx2.ConnectTimeout(""), httpcore2.ConnectTimeout(), True),
    (httpx.ConnectError(""), ConnectionRefusedError(111, "refused"), True),
    (httpx.ConnectError(""), socket.gaierror(-2, "no such name"), True),
    (httpx.ConnectTimeout(""), httpx.ConnectError("it says so itself"), True),
    (httpx.ConnectError(""), ConnectionResetError(104, "reset"), False),
    (httpx.ConnectTimeout(""), TimeoutError(), False),
    (httpx.ConnectError(""), httpcore.ReadError(), False),
    (httpx.ConnectError(""), httpx.RemoteProtocolError("an answer that ends"), False),
    (httpx.ConnectError(""), ValueError("of a library that nobody knows"), False),
]


@pytest.mark.parametrize("chained", [True, False], ids=["cause", "context"])
@pytest.mark.parametrize(("error", "behind", "sure"), NO_CONNECTION)
def test_no_connection_is_believed_where_the_error_behind_it_is_one_of_connecting(
    error: Exception, behind: BaseException | None, sure: bool, chained: bool
) -> None:
    asked: list[httpx.Request] = []

    def fail(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        error.__cause__ = error.__context__ = None  # of the case before
        if behind is None:
            raise error
        try:
            raise behind
        except type(behind):
            if chained:
                raise error from behind
            raise error  # noqa: B904  # without a cause is what is tried

    kind = errors.ConnectionFailed if sure else errors.SubmissionUnknown
    with (
        httpx.Client(transport=httpx.MockTransport(fail)) as http,
        Client(TOKEN, http=http, retries=Retries(2, first=0.01)) as client,
        pytest.raises(kind, match="nothing was submitted" if sure else "may have been accepted"),
    ):
        client.submit(a_request())
    assert len(asked) == (3 if sure else 1)


def test_what_the_caller_was_handling_proves_nothing() -> None:
    asked: list[httpx.Request] = []

    def lose(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        try:
            raise httpcore.ReadError
        except httpcore.ReadError as error:
            raise httpx.ConnectError("") from error

    with httpx.Client(transport=httpx.MockTransport(lose)) as http:
        try:
            raise ConnectionRefusedError
        except ConnectionRefusedError:
            with pytest.raises(errors.SubmissionUnknown):
                Client(TOKEN, http=http).submit(a_request())
    assert len(asked) == 1


def test_a_submit_is_sent_again_after_too_many_calls_and_accepted_once(
    caller: Caller, service: MockService
) -> None:
    service.fault("http_429", on="submit", times=3)
    caller.run()
    assert (service.count("submit"), service.accepted) == (4, 1)


def test_a_submit_is_given_up_after_too_many_calls_for_too_long(
    caller: Caller, service: MockService
) -> None:
    service.fault("http_429", on="submit", times=None)
    with pytest.raises(errors.RateLimited, match="nothing was submitted"):
        caller.run()
    assert (service.count("submit"), service.accepted) == (5, 0)


# 2. Polls and fetches are sent again, inside one deadline.


def test_polls_and_fetches_are_sent_again_and_the_submit_is_not(
    caller: Caller, service: MockService
) -> None:
    service.fault("http_503", on="status", times=4)
    service.fault("answer_lost", on="status", times=2)
    service.fault("truncated_body", on="result", times=3)
    assert caller.run().request_id == service.jobs[0].request_id
    assert (service.count("submit"), service.count("result")) == (1, 4)
    struck = [asked.fault for asked in service.log if asked.action == "status"]
    assert (struck.count("http_503"), struck.count("answer_lost")) == (4, 2)
    assert struck[-1] is None


def test_the_deadline_ends_the_repeats_and_says_how_to_continue(
    caller: Caller, service: MockService
) -> None:
    service.fault("http_503", on="status", times=None)
    caller._settings["retries"] = Retries(first=0.4, ceiling=10)
    with pytest.raises(errors.DeadlineExceeded) as caught:
        caller.run(timeout=1)
    request_id = service.jobs[0].request_id
    assert caught.value.request_id == request_id
    assert f'client.job("{request_id}"' in str(caught.value.resume)
    assert service.count("submit") == 1
    # Pauses of at least 0.2, 0.4 and 0.8 seconds: the doubled ones keep the number small.
    assert 1 <= service.count("status") <= 3


def test_a_requested_pause_is_kept_or_not_begun(
    caller: Caller, service: MockService, caplog: pytest.LogCaptureFixture
) -> None:
    service.fault("retry_after_503", on="status")
    with caplog.at_level(logging.INFO, "runcomfy"):
        caller.run()
    assert "retrying in 1.0 s" in caplog.text
    service.fault("retry_after_seconds", on="status", times=None)
    with pytest.raises(errors.DeadlineExceeded):
        caller.on_job(service.jobs[0].request_id, "wait", timeout=0.9)
    assert [asked.fault for asked in service.log].count("retry_after_seconds") == 1


# 3. The token goes to the API and nowhere else.


@pytest.mark.parametrize("action", ["submit", "status", "result", "cancel", "download"])
def test_no_redirect_is_followed_with_the_token(
    caller: Caller, service: MockService, action: str, tmp_path: Path
) -> None:
    for status in (301, 302, 303, 307, 308):
        service.reset()
        service.fault(f"redirect_{status}", on=action)
        job = caller.submit() if action == "cancel" else None
        with pytest.raises(errors.RequestError):
            caller.on_job(job.request_id, "cancel") if job else _saved(caller, tmp_path)
        assert not [asked for asked in service.log if asked.host == "elsewhere"]


def test_the_token_is_in_every_call_and_in_no_download(
    caller: Caller, service: MockService, tmp_path: Path
) -> None:
    service.fault("addresses_elsewhere", on="submit")
    service.fault("addresses_elsewhere", on="status", times=None)
    assert _saved(caller, tmp_path)
    calls = [asked for asked in service.log if asked.host == "service"]
    assert service.with_token(TOKEN) == calls
    assert {asked.token for asked in calls} == {TOKEN}
    assert {asked.host for asked in service.log} == {"service", "files"}


def test_netrc_is_not_read(
    caller: Caller, service: MockService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    _saved(caller, tmp_path / "out")
    given = [asked.headers.get("authorization") for asked in service.log]
    assert set(given) == {f"Bearer {TOKEN}", None}
    assert all(asked.host == "files" for asked in service.log if asked.token is None)


def test_the_token_shows_in_nothing_that_is_printed_logged_or_pickled(
    service: MockService, caplog: pytest.LogCaptureFixture
) -> None:
    service.fault("http_401", on="cancel")
    service.fault("hostile_status", on="status")
    with caplog.at_level(logging.DEBUG), Client(TOKEN, base_url=service.url) as client:
        job = client.submit(a_request())
        with pytest.raises(errors.AuthenticationFailed) as caught:
            job.cancel()
        result = job.wait()
        shown = repr([client, job, job.as_dict(), result, result.files, caught.value, vars(client)])
        with pytest.raises(TypeError, match="token"):
            pickle.dumps(client)
    assert TOKEN not in shown + str(caught.value) + caplog.text
    assert TOKEN.encode() not in pickle.dumps([result, caught.value, job.as_dict()])
    assert job.request_id in caplog.text


# 4. Files come without the token, from allowed hosts, capped, whole or not at all, under names of ours.

HOSTILE = [
    ("result", "hostile_url_name"),
    ("result", "absolute_url_name"),
    ("result", "long_url_name"),
    ("result", "nul_url_name"),
    ("result", "same_url_names"),
    ("download", "hostile_name"),
    ("download", "absolute_name"),
    ("download", "encoded_name"),
    ("download", "windows_name"),
]


@pytest.mark.parametrize(("action", "fault"), HOSTILE)
def test_no_name_leads_out_of_the_folder_or_over_a_file(
    caller: Caller, service: MockService, tmp_path: Path, action: str, fault: str
) -> None:
    folder = tmp_path / "a" / "out"
    service.fault(fault, on=action, times=None)
    first = _saved(caller, folder)
    before = {path: path.stat().st_mtime_ns for path in first}
    again = [*_saved_again(caller, service, folder)]
    assert {path.parent for path in [*first, *again]} == {folder}
    assert len({*first, *again}) == len(first) + len(again)
    assert {path: path.stat().st_mtime_ns for path in first} == before
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(
        [*first, *again]
    )


def _saved_again(caller: Caller, service: MockService, folder: Path) -> list[Path]:
    """Save the files of the same request once more."""
    request_id = service.jobs[0].request_id
    if caller.kind == "sync":
        return _paths(caller.call(lambda client: client.job(request_id).result().save(folder)))

    async def main(client: Any) -> Any:
        return await (await client.job(request_id).result()).save(folder)

    return _paths(caller.call(main))


@pytest.mark.parametrize("fault", ["file_elsewhere", "file_in_metadata"])
def test_files_of_other_hosts_are_not_requested(
    caller: Caller, service: MockService, tmp_path: Path, fault: str
) -> None:
    service.fault(fault, on="result")
    with pytest.raises(errors.DownloadRefused, match="download_hosts"):
        _saved(caller, tmp_path / "out")
    assert {asked.host for asked in service.log} == {"service"}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fault", ["endless_body", "huge_body"])
def test_a_file_beyond_the_cap_is_given_up(
    caller: Caller, service: MockService, tmp_path: Path, fault: str
) -> None:
    service.fault(fault, on="download", times=None)
    caller._settings["max_file_bytes"] = 100_000
    with pytest.raises(errors.DownloadRefused, match="the limit is 100,000"):
        _saved(caller, tmp_path)
    assert service.count("download") == 1
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("fault", ["reset_in_body", "truncated_body", "length_too_long"])
def test_half_a_file_is_no_file(
    caller: Caller, service: MockService, tmp_path: Path, fault: str
) -> None:
    service.fault(fault, on="download", times=None)
    service.fault("no_validator", on="download", times=None)
    caller._settings["retries"] = Retries(downloads=0)
    with pytest.raises(errors.DownloadFailed) as caught:
        _saved(caller, tmp_path)
    assert caught.value.request_id == service.jobs[0].request_id
    assert not [*tmp_path.iterdir()]


def test_a_file_has_its_name_only_when_it_is_whole(
    caller: Caller, service: MockService, tmp_path: Path
) -> None:
    seen: list[bool] = []

    def look(*_: object) -> None:
        seen.extend(path.name.startswith(".") for path in tmp_path.iterdir())

    (path,) = _saved(caller, tmp_path, progress=look)
    assert all(seen)
    assert [*tmp_path.iterdir()] == [path]


# 5. Ctrl-C cancels what can be cancelled, and says what really happened.

PROGRAM = """
import asyncio, sys
from runcomfy import AsyncClient, Client, Polling
from runcomfy_models.openai import GptImage2Edit

url, kind = sys.argv[1:]
settings = {"token": "any", "base_url": url, "polling": Polling(0.01, 0.02)}
request = GptImage2Edit(prompt="add a hat", images=["https://example.com/cat.png"])

def tell(status):
    print(status.state, flush=True)

async def main():
    async with AsyncClient(**settings) as client:
        await client.run(request, on_status=tell)

if kind == "sync":
    with Client(**settings) as client:
        client.run(request, on_status=tell)
elif kind == "asyncio":
    asyncio.run(main())
else:
    import trio
    trio.run(main)
"""


@contextmanager
def a_program(kind: str, url: str, *, until: str) -> Iterator[subprocess.Popen[str]]:
    """The program, run up to the moment in which it tells a state."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert f"{until}\n" in program.stdout, "the program ended too early"
        yield program


@pytest.mark.skipif(os.name == "nt", reason="signals of a keyboard are sent in another way")
@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
@pytest.mark.parametrize(
    ("queue", "state", "message", "left"),
    [
        (10**6, "in_queue", "it was still queued and is now cancelled", "cancelled"),
        (
            0,
            "in_progress",
            "'not_cancellable', so the job may continue and be billed",
            "in_progress",
        ),
    ],
)
def test_ctrl_c_cancels_what_can_be_cancelled_and_says_what_happened(
    kind: str, queue: int, state: str, message: str, left: str
) -> None:
    with mock_service(polls_in_queue=queue, polls_running=10**6) as service:
        with a_program(kind, service.url, until=state) as program:
            program.send_signal(signal.SIGINT)
            _, said = program.communicate(timeout=60)
        (job,) = service.jobs
        assert (service.accepted, service.count("cancel"), job.state) == (1, 1, left)
    assert "KeyboardInterrupt" in said
    assert f"RunComfy request id {job.request_id}" in said
    assert message in said
    assert program.returncode != 0


@pytest.mark.skipif(os.name == "nt", reason="signals of a keyboard are sent in another way")
@pytest.mark.parametrize("kind", ["sync", *BACKENDS])
def test_a_second_ctrl_c_ends_at_once_and_still_says_which_request_it_was(kind: str) -> None:
    with mock_service(polls_in_queue=10**6) as service:
        service.fault("stalled_body", on="cancel", times=None)
        with a_program(kind, service.url, until="in_queue") as program:
            program.send_signal(signal.SIGINT)
            while not service.count("cancel") and program.poll() is None:
                time.sleep(0.02)
            program.send_signal(signal.SIGINT)
            _, said = program.communicate(timeout=60)
        (job,) = service.jobs
        assert (service.accepted, service.count("cancel")) == (1, 1)
    assert "KeyboardInterrupt" in said
    assert "it is unknown whether the job was cancelled" in said
    assert f'client.job("{job.request_id}", "openai/gpt-image-2/edit").wait()' in said
    assert program.returncode != 0


def test_a_cancel_whose_answer_was_lost_still_says_that_it_is_cancelled(
    caller: Caller, service: MockService
) -> None:
    service.fault("answer_lost", on="cancel")
    job = caller.submit()
    cancellation = caller.on_job(job.request_id, "cancel")
    assert service.jobs[0].state == "cancelled"
    assert cancellation.outcome == "not_cancellable"  # of the second attempt
    assert cancellation.cancelled


def test_a_cancel_that_is_refused_does_not_speak_of_a_result(
    caller: Caller, service: MockService
) -> None:
    service.fault("error_200_400005", on="cancel")
    job = caller.submit()
    with pytest.raises(errors.RequestRejected) as caught:
        caller.on_job(job.request_id, "cancel")
    assert "has not ended" not in str(caught.value)
