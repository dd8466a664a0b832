"""Answers that no service should give, played to the flows: what is paid stays known, and nothing raises."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runcomfy import errors
from runcomfy.client.result import Result
from runcomfy.model.output import Output
from runcomfy.protocol import (
    CallContext,
    Failure,
    Response,
    Retries,
    Send,
    Sleep,
    StatusReport,
    cancel,
    fetch,
    get_status,
    run,
    submit,
    watch,
)
from runcomfy.protocol.allowed_hosts import AllowedHosts, Refusal
from runcomfy.protocol.content_range import validator
from runcomfy.protocol.context import RecentChanges
from runcomfy.protocol.responses import JsonDocument, read
from runcomfy.protocol.retries import retry_after
from runcomfy.protocol.steps import Tick
from runcomfy.protocol.urls import check_base_url
from runcomfy.redaction import Redactor

ID = "req-1"
SECRET = "tok-5f2c9a77e1"  # noqa: S105  # what must not show


class Play:
    """Plays the service. The last reply is repeated; each call takes ``took`` seconds."""

    def __init__(self, *replies: Response | Failure, took: float = 0.0) -> None:
        self.replies = list(replies)
        self.took = took
        self.now = 0.0
        self.sends: list[str] = []
        self.sleeps: list[float] = []

    def __call__(self, flow: Any) -> Any:
        reply: Any = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                return end.value
            if isinstance(step, Send):
                self.sends.append(step.call.action)
                self.now += self.took
                given = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                reply = (
                    Failure(self.now, given.kind, given.text)
                    if isinstance(given, Failure)
                    else Response(self.now, given.status, given.headers, given.body)
                )
                continue
            if isinstance(step, Sleep):
                self.sleeps.append(step.seconds)
                self.now += step.seconds
            else:
                assert isinstance(step, StatusReport)
            reply = Tick(self.now)


def answer(status: int = 200, /, headers: dict[str, str] | None = None, **content: Any) -> Response:
    return Response(0.0, status, headers or {}, json.dumps(content).encode())


def context(**settings: Any) -> CallContext:
    return CallContext(**{"request_id": ID, "model_id": "acme/cat", **settings})


def new_context(**settings: Any) -> CallContext:
    return context(request_id=None, **settings)


TAKEN = answer(request_id=ID)
DONE = answer(status="completed")
GOOD = answer(status="succeeded", output={"image": "https://x/y.png"})
NOT_FOUND = answer(404, error_code=404001)


# A request that was just accepted, and HTTP 404.

NOT_FOUNDS = [
    NOT_FOUND,
    answer(400, error_code=400001),
    answer(error_code=404001),
    Response(0.0, 404, {}, b"<html>not found</html>"),
]


@pytest.mark.parametrize("unknown", NOT_FOUNDS)
def test_not_found_right_after_a_submit_means_not_yet(unknown: Response) -> None:
    play = Play(TAKEN, unknown, unknown, DONE, unknown, GOOD)
    assert play(run(new_context(), b"{}"))["status"] == "succeeded"
    assert play.sends == ["submit"] + ["read"] * 5


def test_not_found_is_believed_after_some_seconds() -> None:
    play = Play(TAKEN, NOT_FOUND)
    with pytest.raises(errors.NotFound) as caught:
        play(run(new_context(retries=Retries(visible_after=3)), b"{}"))
    assert caught.value.request_id == ID
    assert 3 <= play.now < 8


def test_not_found_for_a_request_nobody_just_submitted_is_reported_at_once() -> None:
    play = Play(NOT_FOUND)
    with pytest.raises(errors.NotFound):
        play(watch(context()))
    assert play.sends == ["read"]


@pytest.mark.parametrize("flow", [get_status, fetch, cancel, watch])
def test_other_calls_of_the_client_know_of_the_submit(flow: Any) -> None:
    changes = RecentChanges()
    Play(TAKEN)(submit(new_context(changes=changes), b"{}"))
    play = Play(NOT_FOUND, GOOD)
    play(flow(context(changes=changes)))
    assert len(play.sends) >= 2


def test_a_result_is_waited_for_when_the_job_ended_long_after_the_submit() -> None:
    play = Play(TAKEN, *[answer(status="in_progress")] * 40, DONE, NOT_FOUND, NOT_FOUND, GOOD)
    assert play(run(new_context(), b"{}"))["output"]
    assert play.now > 20


def test_few_changes_are_remembered_for_long() -> None:
    changes = RecentChanges()
    for number in range(20_000):
        changes.note(f"r{number}", 0.0)
    assert changes.age("r19999", 1.0) == 1.0
    assert len(changes._times) <= 5_000


# Errors keep their class, and tell the time.


def test_a_long_retry_after_on_a_submit_is_rate_limited() -> None:
    play = Play(answer(429, {"retry-after": "600"}), took=0.5)
    with pytest.raises(errors.RateLimited, match="nothing was submitted") as caught:
        play(submit(new_context(deadline=120.0), b"{}"))
    assert caught.value.retry_after == 600
    assert "after 0.5 s" in str(caught.value)
    assert "ran out" not in str(caught.value)


@pytest.mark.parametrize("took", [0.0, 1.0, 3.0])
def test_no_connection_within_a_short_timeout_keeps_its_class(took: float) -> None:
    play = Play(Failure(0.0, "not connected", "refused"), took=took)
    with pytest.raises(errors.ConnectionFailed, match="nothing was submitted") as caught:
        play(submit(new_context(deadline=2.0), b"{}"))
    assert f"gave up after {play.now:.1f} s" in str(caught.value)
    assert play.now <= 3.0


def test_a_read_that_cannot_wait_reports_how_long_it_waited() -> None:
    play = Play(answer(503, {"retry-after": "600"}), took=0.5)
    with pytest.raises(errors.DeadlineExceeded, match=r"leaves 59\.5 s, .*in 600\.0 s"):
        play(get_status(context(deadline=60.0)))


@pytest.mark.parametrize("said", [answer(402), answer(400, error_code=400002)])
def test_missing_credit_on_a_poll_does_not_ask_to_pay_again(said: Response) -> None:
    with pytest.raises(errors.InsufficientBalance) as caught:
        Play(DONE, said)(watch(context()))
    assert "add some" not in str(caught.value)
    assert "Do not submit it again" in str(caught.value)
    assert caught.value.resume == f'client.job("{ID}", "acme/cat").wait()'


# Headers of others never raise.

DATES = [
    "Mon, 99999999999 Jan 2024 00:00:00 GMT",
    "Mon, 01 Jan 99999999999 00:00:00 GMT",
    "Mon, 01 Jan 2024 99999999999:00:00 GMT",
    "Mon, 01 Jan 2024 00:00:00 +99999999999",
    "Mon, 01 Jan 2024 00:00:00 -2400",
    "Mon, 01 Jan 0000 00:00:00 GMT",
    "Mon, 01 Jan 2024 00:00:00 -0000",
    "9" * 100_000,
    "Mon, " * 50_000,
    "\x00",
    "²",
    "٣",
]
DATE = "Mon, 01 Jan 2024 00:00:00 GMT"


@pytest.mark.parametrize("date", DATES, ids=[date[:30] for date in DATES])
def test_a_date_of_others_never_raises(date: str) -> None:
    for headers in ({"retry-after": date, "date": DATE}, {"retry-after": DATE, "date": date}):
        assert isinstance(retry_after(headers), float | None)
    for headers in ({"last-modified": date, "date": DATE}, {"last-modified": DATE, "date": date}):
        assert isinstance(validator(headers), str)


@pytest.mark.parametrize("date", DATES, ids=[date[:30] for date in DATES])
def test_an_odd_date_on_an_accepted_submit_keeps_the_id(date: str) -> None:
    taken = answer(200, {"retry-after": date, "date": DATE}, request_id=ID)
    assert Play(taken)(submit(new_context(), b"{}")) == ID


# What may mean "accepted" is never sent again.

MAYBE = [
    answer(error_code=429001),
    answer(error_code=429001, error_message="busy"),
    answer(202, error_code=408001),
    answer(error_code=500001),
    answer(429, request_id=ID),
    answer(429, request_id=ID, status="in_queue"),
    answer(429, request_id=ID, status="in_queue", message="busy"),
    answer(429, request_id=ID, message="busy", status_url="https://x/status"),
    answer(429, request_id=ID, message="busy", status="accepted"),
    answer(409, request_id=ID, status="in_progress", message="it is there already"),
    answer(400, request_id=ID, status="queued", error_code=400001),
]


@pytest.mark.parametrize("reply", MAYBE)
def test_an_error_that_may_mean_accepted_is_not_repeated(reply: Response) -> None:
    play = Play(reply)
    with pytest.raises(errors.SubmissionUnknown, match="may have been accepted") as caught:
        play(submit(new_context(), b"{}"))
    assert play.sends == ["submit"]
    assert caught.value.request_id == (ID if b"request_id" in reply.body else None)


ELSEWHERE = [
    answer(error_code=429),
    answer(error_code=503),
    answer(429, status_url="https://x/v1/requests/req-1/status"),
    answer(429, id="7", status="queued"),
    answer(429, requestId="7", status="ACCEPTED", message="busy"),
    answer(429, data={"request_id": ID, "status": "in_queue"}, message="busy"),
    answer(429, error={"message": "busy"}, request={"id": "7", "status": "pending"}),
    Response(0.0, 429, {}, b'[{"request_id": 7, "status": "queued"}]'),
    Response(0.0, 429, {}, b'{"request_id": "req-1", "status": "in_qu'),
    answer(429, id="7", state="queued"),
    answer(429, task={"task_id": "7", "phase": "running"}),
    answer(429, data={"job": {"request_id": ID, "status": "queued"}}, message="busy"),
    answer(429, data={"jobs": [{"id": "7", "state": "processing"}]}),
    answer(429, links={"self": "https://x/v1/requests/req-1"}, message="busy"),
    answer(409, message="duplicate of /v1/requests/req-1/status"),
]


@pytest.mark.parametrize("reply", ELSEWHERE)
def test_a_request_under_other_names_is_not_sent_again(reply: Response) -> None:
    play = Play(reply)
    with pytest.raises(errors.SubmissionUnknown):
        play(submit(new_context(), b"{}"))
    assert play.sends == ["submit"]


#: The id stands where no response of the service has it, or beside an id that is not the request's.
NAMED = [
    Response(0.0, 429, {"location": f"https://x/v1/requests/{ID}/status"}, b""),
    answer(429, {"location": f"/v1/requests/{ID}"}, message="busy"),
    answer(429, {"content-location": f"/v1/requests/{ID}?a=b"}, request_id="trace", message="busy"),
    Response(0.0, 303, {"location": f"/v1/requests/{ID}"}, b""),
    Response(0.0, 202, {"location": f"/v1/requests/{ID}/status"}, b"{}"),
    Response(0.0, 201, {"location": f"/v1/requests/{ID}/status"}, b"<html>"),
    Response(0.0, 502, {"content-location": f"/v1/requests/{ID}"}, b"bad gateway"),
    Response(0.0, 429, {}, b'{"request_id": "req-1", "status_url": "https://x/v1/requests/req-1'),
    answer(429, request_id="trace", data={"request_id": ID, "status": "in_queue"}, message="busy"),
    answer(429, status_url=f"https://x/v1/requests/{ID}/status"),
    answer(409, message=f"duplicate of /v1/requests/{ID}/status"),
    Response(0.0, 200, {}, b'{"request_id": "req-1"}\n{"status": "in_queue"}'),
    Response(0.0, 200, {}, b'{"request_id": "req-1", "status_url": "https://x/v1/req'),
    Response(0.0, 200, {}, b'[{"request_id": "req-1"}]'),
]


@pytest.mark.parametrize("reply", NAMED)
def test_an_id_is_kept_wherever_it_stands(reply: Response) -> None:
    play = Play(reply)
    with pytest.raises(errors.SubmissionUnknown) as caught:
        play(submit(new_context(), b"{}"))
    assert (play.sends, caught.value.request_id) == (["submit"], ID)


def test_a_broken_letter_spoils_no_answer() -> None:
    taken = Response(0.0, 200, {}, b'{"request_id": "req-1", "message": "gel\xf6scht"}')
    assert Play(taken)(submit(new_context(), b"{}")) == ID


def test_an_id_that_holds_the_token_is_none() -> None:
    context = CallContext(model_id="acme/cat", redact=Redactor(SECRET))
    with pytest.raises(errors.SubmissionUnknown) as caught:
        Play(answer(request_id=SECRET))(submit(context, b"{}"))
    assert caught.value.request_id is None
    assert SECRET not in str(caught.value)


REFUSED = [
    answer(429, {"location": "https://x/v1/models/acme/cat"}, message="busy"),
    Response(0.0, 429, {}, b"<html>slow down</html>"),
    answer(429, id="err-7", status="rate_limited"),
    answer(429, error={"id": "err-7", "status": 429}, detail=[{"id": 1}]),
    answer(429, request_id="trace", message="busy"),
    answer(429, request_id="trace", error_code=429001, status="error"),
    answer(429, request_id="../x", message="busy"),
    answer(429, id="err-7", state="throttled", path="/v1/models/acme/cat"),
    answer(429, message="busy", data={"limits": [{"id": 1, "state": "exceeded"}]}),
    answer(429),
]


@pytest.mark.parametrize("reply", REFUSED)
def test_a_plain_429_is_repeated(reply: Response) -> None:
    play = Play(reply, TAKEN)
    assert play(submit(new_context(), b"{}")) == ID
    assert play.sends == ["submit", "submit"]


# Nothing of the service is offered as code, and the token is in nothing that is raised.


@pytest.mark.parametrize(
    "model_id",
    ['a/b").wait(); import os; os.system("x', "a/b\n", "a/b\\", "a/b\x1b[2J", "á/b", "a" * 301, ""],
)
def test_a_resume_line_holds_only_plain_names(model_id: str) -> None:
    assert errors.resume_line("r1", model_id) == 'client.job("r1").wait()'
    error = errors.DownloadFailed("it broke", request_id="r1", model_id=model_id)
    assert error.resume == 'client.job("r1").wait()'


@pytest.mark.parametrize("request_id", ['r1"', "r1\n", "r1\\", "\u202er1"])
def test_a_resume_line_holds_no_odd_request_id(request_id: str) -> None:
    assert errors.resume_line(request_id, "a/b") == 'client.job("a/b").wait()'


def test_a_failed_job_repeats_no_token() -> None:
    reason = {"message": f"bad {SECRET}", SECRET: [f"Bearer {SECRET}"]}
    failed = answer(status="failed", error=reason, note=SECRET)
    with pytest.raises(errors.JobFailed) as caught:
        Play(failed)(watch(context(redact=Redactor(SECRET))))
    assert SECRET not in f"{caught.value} {vars(caught.value)}"
    assert caught.value.error == {"message": "bad [token]", "[token]": ["Bearer [token]"]}
    assert caught.value.raw is not None
    assert caught.value.raw["note"] == "[token]"


# Numbers and names that cannot be used.


@pytest.mark.parametrize(
    "cost", [10**400, -(10**400), float("inf"), float("nan"), -1, -0.001, True, "3", None]
)
def test_a_cost_that_is_no_amount_is_none(cost: Any) -> None:
    raw = {"cost": cost, "created_at": 10**400, "finished_at": "0001-01-01T00:00:00+23:59"}
    result = Result("r1", Output.from_payload({}), raw)
    assert result.cost is None
    assert "<table>" in result._repr_html_()


@pytest.mark.parametrize(
    "host",
    [
        "xn--a.runcomfy.net",
        "xn--.runcomfy.net",
        "a" * 64 + ".runcomfy.net",
        "b." * 130 + "runcomfy.net",
    ],
)
def test_a_host_name_that_cannot_be_looked_up_is_refused(host: str) -> None:
    with pytest.raises(Refusal, match="host name"):
        AllowedHosts.of().check(f"https://{host}/a.png")
    with pytest.raises(errors.ConfigurationError):
        check_base_url(f"https://{host}")


def test_an_integer_of_thousands_of_digits_spoils_no_result() -> None:
    body = b'{"output": {"image": "a"}, "cost": 1%s}' % (b"0" * 5_000)
    document = read(Response(0.0, 200, body=body), Redactor())
    assert isinstance(document, JsonDocument)
    assert document.content == {"output": {"image": "a"}, "cost": None}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-9E+999"])
def test_a_number_that_json_cannot_hold_is_read_as_none(number: str, encoding: str) -> None:
    body = f'{{"cost": {number}, "output": {{"image": "NaN", "score": [{number}, 1e30]}}}}'
    document = read(Response(0.0, 200, {}, body.encode(encoding)), Redactor())
    assert isinstance(document, JsonDocument)
    assert document.content == {"cost": None, "output": {"image": "NaN", "score": [None, 1e30]}}
    json.dumps(document.content, allow_nan=False)


def test_letters_that_utf_8_does_not_have_are_kept_and_broken_ones_replaced() -> None:
    for letters, expected in ((b"\xed\xa0\xbd", "\ud83d"), (b"\xff", "\ufffd")):
        body = b'{"output": {"text": "a%sb"}}' % letters
        document = read(Response(0.0, 200, {}, body), Redactor())
        assert isinstance(document, JsonDocument)
        assert document.content == {"output": {"text": f"a{expected}b"}}
