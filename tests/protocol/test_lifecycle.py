"""Flows, tested by sending replies: no network, no clock, no sleeping, no patching."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from runcomfy import errors, protocol
from runcomfy.protocol import (
    CallContext,
    Failure,
    Flow,
    Polling,
    Response,
    Send,
    Sleep,
    StatusReport,
    Step,
    Tick,
    cancel,
    fetch,
    follow,
    get_status,
    run,
    submit,
    watch,
)

ID = "req-1"


class Play:
    """Plays the service: each call gets the next answer; sleeping moves the clock."""

    def __init__(self, *replies: Response | Failure, took: float = 0.0) -> None:
        self.replies = list(replies)
        self.took = took
        self.now = 0.0
        self.steps: list[Step] = []

    def __call__(self, flow: Flow[Any]) -> Any:
        reply: Any = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                return end.value
            self.steps.append(step)
            reply = self._reply(step)

    def _reply(self, step: Step) -> Response | Failure | Tick:
        if isinstance(step, Send):
            self.now += self.took
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            if isinstance(reply, Failure):
                return Failure(self.now, reply.kind, reply.text)
            return Response(self.now, reply.status, reply.headers, reply.body)
        if isinstance(step, Sleep):
            self.now += step.seconds
        return Tick(self.now)

    @property
    def paths(self) -> list[str]:
        return [step.call.path for step in self.steps if isinstance(step, Send)]

    @property
    def sleeps(self) -> list[float]:
        return [step.seconds for step in self.steps if isinstance(step, Sleep)]

    @property
    def states(self) -> list[str]:
        return [step.status.state for step in self.steps if isinstance(step, StatusReport)]


def answer(status: int = 200, /, headers: dict[str, str] | None = None, **content: Any) -> Response:
    return Response(0.0, status, headers or {}, json.dumps(content).encode())


def context(**settings: Any) -> CallContext:
    return CallContext(**{"request_id": ID, "model_id": "acme/cat", **settings})


TAKEN = answer(request_id=ID)
DONE = answer(status="completed")
GOOD = answer(status="succeeded", output={"image": "https://x/y.png"})


def test_run_is_submit_follow_fetch() -> None:
    play = Play(TAKEN, answer(status="in_queue", queue_position=1), DONE, GOOD)
    document = play(run(context(request_id=None), b"{}"))
    assert document["output"] == {"image": "https://x/y.png"}
    assert play.paths == [
        "/v1/models/acme/cat",
        f"/v1/requests/{ID}/status",
        f"/v1/requests/{ID}/status",
        f"/v1/requests/{ID}/result?include_cost=true",
    ]
    assert play.states == ["submitted", "in_queue", "completed"]


@pytest.mark.parametrize(
    "kind", ["response lost", "response unreadable", "server fault", "redirected"]
)
def test_a_submit_whose_outcome_is_unknown_is_not_repeated(kind: Any) -> None:
    play = Play(Failure(0.0, kind, "broken"))
    with pytest.raises(errors.SubmissionUnknown):
        play(submit(context(request_id=None), b"{}"))
    assert len(play.paths) == 1


def test_a_submit_that_never_left_is_repeated() -> None:
    play = Play(Failure(0.0, "not connected", "refused"), TAKEN)
    assert play(submit(context(request_id=None), b"{}")) == ID
    assert len(play.paths) == 2


def test_a_submit_that_never_leaves_is_given_up() -> None:
    play = Play(Failure(0.0, "not connected", "refused"))
    with pytest.raises(errors.ConnectionFailed, match="nothing was submitted"):
        play(submit(context(request_id=None), b"{}"))
    assert len(play.paths) == 5
    assert play.sleeps == sorted(play.sleeps)


def test_an_error_with_an_id_keeps_the_id() -> None:
    play = Play(answer(500, request_id="other-2"))
    with pytest.raises(errors.SubmissionUnknown) as caught:
        play(submit(context(request_id=None), b"{}"))
    assert caught.value.request_id == "other-2"


def test_reads_continue_until_the_deadline() -> None:
    play = Play(Failure(0.0, "response lost", "read timeout"), took=5.0)
    with pytest.raises(errors.DeadlineExceeded, match="the last attempt failed") as caught:
        play(get_status(context(deadline=300.0)))
    assert len(play.paths) > 10
    assert play.now <= 305
    assert isinstance(caught.value.__cause__, errors.ConnectionFailed)


def test_a_pause_that_outlasts_the_deadline_does_not_hide_the_last_failure() -> None:
    flow = get_status(context(deadline=10.0))
    next(flow)
    assert isinstance(flow.send(Failure(1.0, "not connected", "refused")), Sleep)
    with pytest.raises(errors.DeadlineExceeded, match="the last attempt failed: no connection"):
        flow.send(Tick(11.0))


def test_each_call_may_take_what_is_left() -> None:
    play = Play(answer(status="in_queue"), DONE, GOOD, took=1.0)
    play(watch(context(deadline=60.0)))
    timeouts = [step.timeout for step in play.steps if isinstance(step, Send)]
    assert timeouts[0] == 60.0
    assert timeouts[1] == 60.0 - 1.0 - play.sleeps[0]


def test_the_last_poll_comes_shortly_before_the_deadline() -> None:
    play = Play(answer(status="in_progress"))
    with pytest.raises(errors.DeadlineExceeded, match="'in_progress'"):
        play(watch(context(deadline=1000.0, polling=Polling(1.0, 10.0))))
    assert 998 <= play.now <= 1000


@pytest.mark.parametrize("state", ["completed", "failed", "in_progress"])
def test_a_deadline_says_that_the_job_continues_where_it_may(state: str) -> None:
    play = Play(answer(status=state), Failure(0.0, "not connected", "refused"), took=5.0)
    with pytest.raises(errors.DeadlineExceeded, match=state) as caught:
        play(watch(context(deadline=60.0)))
    assert ("The job continues" in str(caught.value)) is (state == "in_progress")
    assert caught.value.resume
    assert caught.value.resume in str(caught.value)


def test_retry_after_is_obeyed_and_not_waited_for_in_vain() -> None:
    play = Play(answer(503, {"retry-after": "7"}), DONE)
    play(get_status(context(deadline=60.0)))
    assert play.sleeps == [7.0]
    play = Play(answer(503, {"retry-after": "70"}), DONE)
    with pytest.raises(errors.DeadlineExceeded):
        play(get_status(context(deadline=60.0)))
    assert play.sleeps == []


def test_retry_after_of_a_good_status_sets_the_pace() -> None:
    play = Play(Response(0.0, 200, {"retry-after": "33"}, b'{"status": "in_progress"}'), DONE, GOOD)
    play(watch(context()))
    assert play.sleeps == [33.0]


@pytest.mark.parametrize("state", ["warming_up", "IN_QUEUE", "", "Paused by an operator"])
def test_a_status_nobody_knows_is_still_running(state: str) -> None:
    play = Play(answer(status=state), DONE, GOOD)
    play(watch(context()))
    assert play.states == [state or "unknown", "completed"]


@pytest.mark.parametrize("position", ["3", True, None, 1.5])
def test_an_odd_queue_position_is_none(position: object) -> None:
    status = Play(answer(status="in_queue", queue_position=position))(get_status(context()))
    assert status.queue_position is None
    assert status.raw["queue_position"] == position


@pytest.mark.parametrize("state", ["completed", "succeeded", "Succeeded", None])
def test_the_result_is_there(state: str | None) -> None:
    good = answer(status=state, output={"image": "x"})
    assert Play(DONE, good)(watch(context()))["output"] == {"image": "x"}
    assert Play(good)(fetch(context()))["output"] == {"image": "x"}


def test_an_unknown_status_of_a_result_with_output_counts_when_the_queue_is_done() -> None:
    odd = answer(status="archived", output={"image": "x"})
    assert Play(DONE, odd)(watch(context()))["status"] == "archived"
    with pytest.raises(errors.ResultNotReady, match="archived"):
        Play(odd)(fetch(context()))


@pytest.mark.parametrize(
    "answers",
    [
        (DONE, answer(status="failed", error="unsafe")),
        (answer(status="failed"), answer(status="failed", error="unsafe")),
        (answer(status="failed", error="unsafe"), answer(400, error_code=400005)),
        (answer(status="failed", error="unsafe"), answer(404, error_code=404001)),
        (answer(status="failed"), answer(400, error_code=499999, error_message="unsafe")),
    ],
)
def test_a_failed_job(answers: tuple[Response, ...]) -> None:
    with pytest.raises(errors.JobFailed, match="unsafe") as caught:
        Play(*answers)(watch(context()))
    assert caught.value.request_id == ID


def test_a_result_that_succeeded_beats_a_queue_that_failed() -> None:
    assert Play(answer(status="failed"), GOOD)(watch(context()))["status"] == "succeeded"


def test_a_bad_token_is_no_failed_job() -> None:
    with pytest.raises(errors.AuthenticationFailed):
        Play(answer(status="failed"), answer(401))(watch(context()))


@pytest.mark.parametrize("raw", [{"outcome": "not_cancellable"}, {"status": "in_progress"}, {}])
def test_a_cancel_says_what_happened(raw: dict[str, Any]) -> None:
    outcome = Play(answer(**raw))(cancel(context()))
    assert not outcome.cancelled
    assert outcome.outcome == next(iter(raw.values()), "unknown")


def test_events_are_reported_once_each() -> None:
    play = Play(*[answer(status="in_queue", queue_position=2)] * 3, DONE)
    play(follow(context()))
    assert play.states == ["in_queue", "completed"]


@pytest.mark.parametrize(
    "flow",
    [run(context(request_id=None), b""), watch(context()), fetch(context()), cancel(context())],
)
def test_a_flow_can_be_closed_at_any_time(flow: Flow[Any]) -> None:
    next(flow)
    flow.close()
    assert inspect.getgeneratorstate(flow) == inspect.GEN_CLOSED


def test_the_protocol_has_no_clock_no_chance_and_no_network() -> None:
    import sys

    modules = [name for name in sys.modules if name.startswith(protocol.__name__ + ".")]
    for name in modules:
        used = {
            value.__name__
            for variable, value in vars(sys.modules[name]).items()
            # pytest adds names of its own, which no program can write, to packages with a plugin.
            if inspect.ismodule(value) and not variable.startswith("@")
        }
        assert used <= {"json", "re", "runcomfy.errors"}, name


def test_the_id_of_a_refused_submit_is_not_taken_for_the_requests_own() -> None:
    refusal = answer(429, request_id="trace", error_message="slow down")
    play = Play(refusal, answer(request_id="real"))
    assert play(submit(context(request_id=None), b"{}")) == "real"


def test_a_submit_that_fails_with_a_good_status_and_an_id_is_not_repeated() -> None:
    play = Play(answer(error_code=429001, error_message="busy", request_id=ID))
    with pytest.raises(errors.SubmissionUnknown) as caught:
        play(submit(context(request_id=None), b"{}"))
    assert caught.value.request_id == ID
    assert sum(isinstance(step, Send) for step in play.steps) == 1


def test_a_refusal_says_nothing_of_continuing() -> None:
    with pytest.raises(errors.RequestRejected) as caught:
        Play(answer(400, message="no", request_id="trace"))(submit(context(request_id=None), b"{}"))
    assert caught.value.request_id is None


@pytest.mark.parametrize("queue", ["failed", "completed"])
def test_a_result_that_holds_an_error_and_no_output_is_a_failed_job(queue: str) -> None:
    with pytest.raises(errors.JobFailed, match="out of memory"):
        Play(answer(status=queue), answer(error="out of memory"))(watch(context()))


def test_a_queue_that_failed_is_believed_where_the_result_says_nothing() -> None:
    with pytest.raises(errors.JobFailed):
        Play(answer(status="failed"), answer())(watch(context()))
