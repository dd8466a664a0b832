"""The clients against a server on a real socket: the same cases over every driver."""

from __future__ import annotations

import pickle
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import runcomfy
from runcomfy import errors
from runcomfy_models.openai import GptImage2EditOutput
from support.callers import EVERY_KIND, TOKEN, Caller, a_request
from support.scripted_server import ID, Reply, ScriptedServer, json_reply, serve
from support.stalls import STALL, before_the_stall_ends

UNKNOWN = errors.SubmissionUnknown


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve() as scripted:
        yield scripted


@pytest.fixture(params=EVERY_KIND)
def any_caller(request: pytest.FixtureRequest, server: ScriptedServer) -> Caller:
    return Caller(request.param, server.url)


def test_run_gives_a_typed_result(any_caller: Caller, server: ScriptedServer) -> None:
    server.script(
        status=[
            json_reply(status="in_queue", queue_position=2),
            json_reply(status="in_queue", queue_position=2),
            json_reply(status="Warming_Up"),
            json_reply(status="COMPLETED"),
        ]
    )
    seen: list[tuple[str, int | None]] = []
    result = any_caller.run(
        on_status=lambda status: seen.append((status.state, status.queue_position))
    )
    assert isinstance(result.output, GptImage2EditOutput)
    assert result.output.image == "https://x.runcomfy.net/a.png"
    assert [file.url for file in result.files] == ["https://x.runcomfy.net/a.png"]
    assert (result.request_id, result.cost, result.typed) == (ID, 0.25, True)
    assert result.created_at is not None
    assert result.created_at.year == 2026
    assert result.finished_at is None
    assert seen == [("submitted", None), ("in_queue", 2), ("Warming_Up", None), ("COMPLETED", None)]
    assert [asked.path for asked in server.asked if asked.action == "submit"] == [
        "/v1/models/openai/gpt-image-2/edit"
    ]
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {TOKEN}"}


def test_every_method_of_a_job(caller: Caller, server: ScriptedServer) -> None:
    job = caller.submit()
    assert job.as_dict() == {"request_id": ID, "model": "openai/gpt-image-2/edit"}
    assert caller.on_job(ID, "status").state == "completed"
    assert caller.on_job(ID, "wait").cost == 0.25
    assert caller.on_job(ID, "result").files[0].url == "https://x.runcomfy.net/a.png"
    assert caller.on_job(ID, "cancel").cancelled


def test_a_result_may_say_of_which_model_it_is(caller: Caller, server: ScriptedServer) -> None:
    server.script(result=[json_reply(output={"image": "x"}, model_id="openai/gpt-image-2/edit")])
    result = caller.on_job(ID, "wait")
    assert isinstance(result.output, GptImage2EditOutput)
    server.script(result=[json_reply(output={"image": "x"}, model_id="../x")])
    result = caller.on_job(ID, "wait")
    assert (result.typed, result.output.raw) == (False, {"image": "x"})


@pytest.mark.parametrize("output", ["https://x/a.png", ["https://x/a.png"], None])
def test_an_output_of_another_shape_still_gives_its_files(
    caller: Caller, server: ScriptedServer, output: object
) -> None:
    server.script(result=[json_reply(status="completed", output=output)])
    result = caller.run()
    assert isinstance(result.output, GptImage2EditOutput)
    assert result.output.image is None
    assert [file.url for file in result.files] == (["https://x/a.png"] if output else [])


def test_events_are_the_changes(caller: Caller, server: ScriptedServer) -> None:
    server.script(
        status=[
            json_reply(status="in_queue"),
            json_reply(status="in_queue"),
            json_reply(status="failed"),
        ]
    )
    if caller.kind == "sync":
        states = caller.call(lambda client: [one.state for one in client.job(ID).events()])
    else:

        async def collect(client: runcomfy.AsyncClient) -> list[str]:
            return [one.state async for one in client.job(ID).events()]

        states = caller.call(collect)
    assert states == ["in_queue", "failed"]


def test_a_known_model_by_its_id_is_checked_before_anything_is_sent(
    caller: Caller, server: ScriptedServer
) -> None:
    with pytest.raises(runcomfy.ValidationError):
        caller.run("openai/gpt-image-2/edit", {"prompt": "a hat", "images": []})
    assert not server.asked


def test_an_unknown_model_is_sent_and_flagged(caller: Caller, server: ScriptedServer) -> None:
    result = caller.run("acme/new-model", {"prompt": "a hat"})
    assert not result.typed
    assert result.output.raw["image"] == "https://x.runcomfy.net/a.png"
    assert server.asked[0].path == "/v1/models/acme/new-model"


#: Name, the first replies to a submit, the error, how many submits are sent, how many accepted.
SUBMIT_FAULTS = [
    ("reset before it was accepted", [Reply(fault="reset")], UNKNOWN, 1, 0),
    ("reset after it was accepted", [Reply(fault="reset", accepts=True)], UNKNOWN, 1, 1),
    (
        "answer cut short",
        [Reply(body=b'{"request', fault="truncated", accepts=True)],
        UNKNOWN,
        1,
        1,
    ),
    ("half a JSON", [Reply(body=b'{"request_id": "r', accepts=True)], UNKNOWN, 1, 1),
    ("a web page", [Reply(body=b"<html>hello</html>", accepts=True)], UNKNOWN, 1, 1),
    ("a JSON list", [Reply(body=b"[]", accepts=True)], UNKNOWN, 1, 1),
    ("no body", [Reply(204, b"", accepts=True)], UNKNOWN, 1, 1),
    ("no id", [json_reply(status="in_queue", accepts=True)], UNKNOWN, 1, 1),
    ("an id that is a path", [json_reply(request_id="../../x", accepts=True)], UNKNOWN, 1, 1),
    ("500", [Reply(500, b"oops", accepts=True)], UNKNOWN, 1, 1),
    ("502 with a web page", [Reply(502, b"<html>bad gateway</html>")], UNKNOWN, 1, 0),
    ("503", [Reply(503)], UNKNOWN, 1, 0),
    ("408", [Reply(408)], UNKNOWN, 1, 0),
    ("redirect", [Reply(307, headers={"Location": "http://127.0.0.1:9/x"})], UNKNOWN, 1, 0),
    ("bad token", [json_reply(400, error_code=400004)], errors.AuthenticationFailed, 1, 0),
    ("401", [Reply(401, b"no")], errors.AuthenticationFailed, 1, 0),
    ("no balance, HTTP 200", [json_reply(error_code=400002)], errors.InsufficientBalance, 1, 0),
    ("402", [Reply(402)], errors.InsufficientBalance, 1, 0),
    ("403", [json_reply(403, error_code="403001")], errors.PermissionDenied, 1, 0),
    ("404", [json_reply(404, error_code=404001)], errors.NotFound, 1, 0),
    ("409", [Reply(409)], errors.RequestRejected, 1, 0),
    ("422", [json_reply(422, detail=[{"loc": ["prompt"]}])], errors.RequestRejected, 1, 0),
    ("500 told with HTTP 200", [json_reply(error_code=500001, accepts=True)], UNKNOWN, 1, 1),
    ("429 for ever", [Reply(429)], errors.RateLimited, 5, 0),
]


@pytest.mark.parametrize("fault", SUBMIT_FAULTS, ids=[fault[0] for fault in SUBMIT_FAULTS])
@pytest.mark.parametrize("method", ["run", "submit"])
def test_a_submit_is_sent_once(
    caller: Caller, server: ScriptedServer, fault: tuple[object, ...], method: str
) -> None:
    _, replies, kind, sent, accepted = fault
    assert isinstance(kind, type)
    server.script(submit=replies)  # type: ignore[arg-type]  # rows of a table
    with pytest.raises(errors.RequestError) as caught:
        getattr(caller, method)()
    assert type(caught.value) is kind, caught.value
    assert (server.count("submit"), server.accepted) == (sent, accepted)
    assert TOKEN not in f"{caught.value!r} {caught.value} {vars(caught.value)}"
    if kind is UNKNOWN:
        assert "before you submit again" in str(caught.value)


def test_too_many_calls_is_waited_for_and_repeated(caller: Caller, server: ScriptedServer) -> None:
    server.script(
        submit=[Reply(429, headers={"Retry-After": "1"}), json_reply(request_id=ID, accepts=True)]
    )
    start = time.monotonic()
    assert caller.run().request_id == ID
    assert time.monotonic() - start >= 1
    assert (server.count("submit"), server.accepted) == (2, 1)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_where_nobody_listens_nothing_is_submitted(kind: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(errors.ConnectionFailed, match="nothing was submitted") as caught:
            Caller(kind, url).run()
    assert url in str(caught.value)


READ_FAULTS = {
    "reset": Reply(fault="reset"),
    "cut short": Reply(body=b'{"sta', fault="truncated"),
    "half a JSON": Reply(body=b'{"status": "comp'),
    "web page": Reply(body=b"<html>"),
    "500": Reply(500),
    "502": Reply(502, b"<html>"),
    "503 for a second": Reply(503, headers={"Retry-After": "0"}),
    "408": Reply(408),
    "429": Reply(429),
    "500 told with HTTP 200": json_reply(error_code=500001),
}


@pytest.mark.parametrize("fault", READ_FAULTS.values(), ids=READ_FAULTS)
@pytest.mark.parametrize("action", ["status", "result"])
def test_reads_are_repeated(
    caller: Caller, server: ScriptedServer, fault: Reply, action: str
) -> None:
    good = server._scripts[action][0]
    server.script(**{action: [fault, fault, good]})
    assert caller.run().files
    assert (server.count("submit"), server.count(action)) == (1, 3)


def test_a_refused_read_is_an_error_that_says_how_to_continue(
    caller: Caller, server: ScriptedServer
) -> None:
    server.script(status=[json_reply(403, error_code=403001, error_message=f"bad {TOKEN}\x1b[2J")])
    with pytest.raises(errors.PermissionDenied) as caught:
        caller.run()
    error = caught.value
    assert (error.request_id, error.status, error.error_code) == (ID, 403, 403001)
    assert error.server_text == "bad [token]\\x1b[2J"
    assert f'client.job("{ID}", "openai/gpt-image-2/edit").wait()' in str(error)


def test_a_refusal_keeps_all_that_was_said_without_the_token(
    caller: Caller, server: ScriptedServer
) -> None:
    detail = [{"loc": ["body", name], "msg": f"{name}: {'x' * 200}"} for name in "abcd"]
    said = [*detail, {"msg": TOKEN, "input": f"Bearer {TOKEN}"}]
    server.script(submit=[json_reply(422, detail=said)])
    with pytest.raises(errors.RequestRejected) as caught:
        caller.run()
    hidden = {"msg": "[token]", "input": "Bearer [token]"}
    assert caught.value.raw == {"detail": [*detail, hidden]}
    assert len(caught.value.server_text) < 400
    assert pickle.loads(pickle.dumps(caught.value)).raw == caught.value.raw  # noqa: S301  # our own


@pytest.mark.parametrize(
    ("body", "raw"),
    [(b"<html>", None), (b"", None), (b'["no", 1]', ["no", 1]), (b"[" * 100_000, None)],
)
def test_an_answer_that_is_no_object_is_kept_if_it_is_json(
    server: ScriptedServer, body: bytes, raw: Any
) -> None:
    server.script(submit=[Reply(500, body)])
    with pytest.raises(errors.SubmissionUnknown) as caught:
        Caller("sync", server.url).run()
    assert caught.value.raw == raw


@pytest.mark.parametrize(
    "early", [json_reply(status="in_progress"), json_reply(400, error_code=400005)]
)
def test_a_result_that_lags_behind_the_queue_is_waited_for(
    caller: Caller, server: ScriptedServer, early: Reply
) -> None:
    good = server._scripts["result"][0]
    server.script(result=[early, early, good])
    assert caller.run().files
    server.script(result=[early])
    with pytest.raises(errors.ResultNotReady):
        caller.on_job(ID, "result")


def test_the_result_decides_that_a_job_failed(caller: Caller, server: ScriptedServer) -> None:
    server.script(result=[json_reply(status="FAILED", error={"reason": "unsafe"})])
    with pytest.raises(errors.JobFailed, match="unsafe") as caught:
        caller.run()
    assert caught.value.error == {"reason": "unsafe"}
    assert caught.value.request_id == ID


def test_a_cancelled_job(caller: Caller, server: ScriptedServer) -> None:
    server.script(status=[json_reply(status="canceled")])
    with pytest.raises(errors.JobCancelled):
        caller.run()


ENDLESS = {
    "queue": {"status": [json_reply(status="in_queue")]},
    "slow status": {"status": [Reply(delay=STALL)]},
    "dripping status": {"status": [Reply(body=b" " * 1000, drip=0.1)]},
    "failing status": {"status": [Reply(500)]},
    "long Retry-After": {"status": [Reply(503, headers={"Retry-After": "3600"})]},
}


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_the_deadline_covers_everything(
    caller: Caller, server: ScriptedServer, script: dict[str, list[Reply]]
) -> None:
    server.script(**script)
    with before_the_stall_ends(), pytest.raises(errors.DeadlineExceeded) as caught:
        caller.run(timeout=0.7)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.request_id == ID
    assert f'client.job("{ID}"' in str(caught.value)
    assert server.count("submit") == 1


def test_a_submit_that_is_not_answered_in_time_is_unknown(
    any_caller: Caller, server: ScriptedServer
) -> None:
    server.script(submit=[Reply(delay=2, accepts=True)])
    with pytest.raises(UNKNOWN):
        any_caller.run(timeout=0.3)
    assert (server.count("submit"), server.accepted) == (1, 1)


@pytest.mark.parametrize("action", ["submit", "status", "result", "cancel"])
def test_the_token_does_not_follow_a_redirect(
    any_caller: Caller, server: ScriptedServer, action: str
) -> None:
    with serve() as other:
        server.script(**{action: [Reply(302, headers={"Location": other.url + "/v1/x"})]})
        ask: Callable[[], object] = any_caller.run
        if action == "cancel":
            ask = partial(any_caller.on_job, ID, "cancel")
        with pytest.raises(errors.RequestError):
            ask()
        assert not other.asked
    assert server.count(action) == 1


def test_addresses_from_answers_are_not_followed(caller: Caller, server: ScriptedServer) -> None:
    with serve() as other:
        links = {f"{name}_url": f"{other.url}/{name}" for name in ("status", "result", "cancel")}
        server.script(submit=[json_reply(request_id=ID, accepts=True, **links)])
        assert caller.run().request_id == ID
        assert not other.asked


def test_overlapping_runs_on_one_client(server: ScriptedServer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with runcomfy.Client(TOKEN, base_url=server.url) as client, ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: client.run(a_request()), range(16)))
    assert {result.request_id for result in results} == {ID}
    assert server.accepted == 16
