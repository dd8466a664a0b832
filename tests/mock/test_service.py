"""The mock service answers as the RunComfy Model API does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from runcomfy.mock import MockService, small_output
from runcomfy.status import phase
from runcomfy.testing import mock_service
from support.mock_calls import MODEL, TOKEN, Calls

INSTANT: dict[str, Any] = {"polls_in_queue": 0, "polls_running": 0, "make_output": small_output}


@pytest.fixture
def service() -> Iterator[MockService]:
    with mock_service(make_output=small_output) as service:
        yield service


@pytest.fixture
def calls(service: MockService) -> Iterator[Calls]:
    with Calls(service) as calls:
        yield calls


def test_a_submit_gives_an_id_and_three_addresses(service: MockService, calls: Calls) -> None:
    document = calls.submit().json()
    about = f"{service.url}/v1/requests/{document['request_id']}"
    assert document == {
        "request_id": document["request_id"],
        "status_url": f"{about}/status",
        "result_url": f"{about}/result",
        "cancel_url": f"{about}/cancel",
    }


def test_a_submit_may_be_answered_with_202() -> None:
    with mock_service(submit_status=202) as service, Calls(service) as calls:
        assert calls.submit().status_code == 202


def test_each_submit_has_an_id_of_its_own(service: MockService, calls: Calls) -> None:
    assert len({calls.submitted() for _ in range(5)}) == 5
    assert service.accepted == 5


def test_the_queue_position_counts_down(service: MockService) -> None:
    with mock_service(polls_in_queue=3) as service, Calls(service) as calls:
        request_id = calls.submitted()
        seen = [calls.status(request_id) for _ in range(5)]
    assert [one.get("queue_position") for one in seen] == [3, 2, 1, None, None]
    assert [one["status"] for one in seen] == [*["in_queue"] * 3, "in_progress", "completed"]
    assert seen[3]["instance_id"]
    assert {one["request_id"] for one in seen} == {request_id}
    assert seen[0]["result_url"].endswith("/result")


def test_a_result_has_output_times_and_on_demand_the_cost(calls: Calls) -> None:
    request_id = calls.submitted()
    calls.states(request_id, 3)
    document = calls.result(request_id).json()
    assert document["status"] == "completed"
    assert document["model_id"] == MODEL
    assert document["output"]["image"].startswith(str(calls.http.base_url))
    assert document["created_at"] <= document["finished_at"]
    assert document["created_at"].endswith("Z")
    assert "cost" not in document
    assert calls.result(request_id, "?include_cost=true").json()["cost"] > 0


def test_a_result_before_its_time_reports_the_current_state(calls: Calls) -> None:
    answer = calls.result(calls.submitted())
    assert answer.status_code == 200
    assert answer.json()["status"] == "in_queue"
    assert "output" not in answer.json()


def test_a_result_before_its_time_may_be_an_error() -> None:
    with mock_service(early_result="error") as service, Calls(service) as calls:
        answer = calls.result(calls.submitted())
    assert (answer.status_code, answer.json()["error_code"]) == (400, 400005)


def test_a_queued_request_can_be_cancelled(calls: Calls) -> None:
    request_id = calls.submitted()
    document = calls.cancel(request_id).json()
    assert (document["outcome"], document["status"]) == ("cancelled", "cancelled")
    assert calls.states(request_id, 2) == ["cancelled"] * 2
    assert calls.result(request_id).json()["status"] == "cancelled"


def test_a_running_request_cannot_be_cancelled(calls: Calls) -> None:
    request_id = calls.submitted()
    assert calls.states(request_id, 2)[-1] == "in_progress"
    document = calls.cancel(request_id).json()
    assert (document["outcome"], document["status"]) == ("not_cancellable", "in_progress")
    assert calls.status(request_id)["status"] == "completed"


@pytest.mark.parametrize(
    "word", ["succeeded", "SUCCEEDED", "Completed", "pending", "queued", "canceled", "Warming_Up"]
)
def test_every_state_can_be_said_in_other_words(word: str) -> None:
    with (
        mock_service(**INSTANT, words={"completed": word}) as service,
        Calls(service) as calls,
    ):
        assert calls.status(calls.submitted())["status"] == word


@pytest.mark.parametrize("word", ["succeeded", "failed"])
def test_the_result_may_say_another_word_than_the_queue(word: str) -> None:
    settings = {**INSTANT, "result_words": {"completed": word}}
    with mock_service(**settings) as service, Calls(service) as calls:
        request_id = calls.submitted()
        assert calls.status(request_id)["status"] == "completed"
        assert phase(calls.result(request_id).json()["status"]) == phase(word)


def test_wrong_inputs_are_refused_with_place_value_and_limit(
    service: MockService, calls: Calls
) -> None:
    answer = calls.submit({"prompt": "x", "images": [], "quality": "best"})
    document = answer.json()
    assert (answer.status_code, document["error_code"]) == (422, 422001)
    assert MODEL in document["error_message"]
    by_pointer = {one["pointer"]: one for one in document["detail"]}
    assert by_pointer["/images"]["limit"] == 1
    assert by_pointer["/quality"]["value"] == "best"
    assert service.accepted == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(
    service: MockService, calls: Calls, body: bytes
) -> None:
    answer = calls.http.post(f"/v1/models/{MODEL}", content=body)
    assert (answer.status_code, answer.json()["error_code"]) == (422, 422001)
    assert service.accepted == 0


def test_unknown_models_requests_and_calls_are_not_found(calls: Calls) -> None:
    answers = [
        calls.submit(model="nobody/nothing"),
        calls.result("nobody"),
        calls.cancel("nobody"),
        calls.http.get("/v1/requests/nobody/status"),
        calls.http.get("/v1/models/nobody/nothing"),
        calls.http.get("/v2/models"),
        calls.http.delete("/v1/models"),
        calls.http.get("/files/nobody/x.png"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["error_code"]) == (404, 404001), answer.url


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Key x"}])
def test_every_call_needs_a_token(service: MockService, headers: dict[str, str]) -> None:
    with Calls(service, token=None) as calls:
        calls.http.headers.update(headers)
        for answer in (
            calls.submit(),
            calls.result("x"),
            calls.cancel("x"),
            calls.http.get("/v1/requests/x/status"),
            calls.http.get("/v1/models"),
            calls.http.get("/v1/models/categories"),
            calls.http.get(f"/v1/models/{MODEL}"),
        ):
            assert (answer.status_code, answer.json()["error_code"]) == (400, 400004), answer.url
    assert service.accepted == 0


def test_only_the_configured_tokens_are_accepted() -> None:
    with mock_service(tokens={"right"}) as service:
        for token, status in (("wrong", 400), ("right", 200)):
            with Calls(service, token) as calls:
                assert calls.submit().status_code == status


def test_the_balance_runs_out() -> None:
    with mock_service(balance=0.1) as service, Calls(service) as calls:
        answers = [calls.submit() for _ in range(3)]  # at 0.04 dollars each
        assert [answer.status_code for answer in answers] == [200, 200, 400]
        assert answers[-1].json()["error_code"] == 400002
        assert service.accepted == 2
        assert service.spent == pytest.approx(0.08)
        calls.cancel(answers[0].json()["request_id"])
        assert service.spent == pytest.approx(0.04)
        assert calls.submit().status_code == 200


def test_the_catalogue_is_served(calls: Calls) -> None:
    page = calls.http.get("/v1/models", params={"search": "gpt", "limit": 1, "offset": 1}).json()
    assert (page["total"], page["limit"], page["offset"]) == (3, 1, 1)
    assert "input_schema" not in page["models"][0]
    whole = calls.http.get("/v1/models", params={"include_schema": "true"}).json()
    assert all(entry["input_schema"]["type"] == "object" for entry in whole["models"])
    assert calls.http.get(f"/v1/models/{MODEL}").json()["input_schema"]
    assert "image-to-image" in calls.http.get("/v1/models/categories").json()["categories"]
    assert calls.http.get("/v1/models", params={"limit": "x"}).status_code == 422


def test_the_log_has_every_request_with_its_headers(service: MockService, calls: Calls) -> None:
    request_id = calls.submitted()
    calls.result(request_id, "?include_cost=true")
    submit, result = service.log
    assert (submit.action, submit.method, submit.path) == ("submit", "POST", f"/v1/models/{MODEL}")
    assert (submit.accepted, submit.status, submit.request_id) == (True, 200, request_id)
    assert (submit.model_id, submit.host) == (MODEL, "service")
    assert b"add a hat" in submit.body
    assert submit.headers["authorization"] == f"Bearer {TOKEN}"
    assert submit.port == httpx.URL(service.url).port
    assert (result.query, result.accepted, result.model_id) == ("include_cost=true", False, MODEL)
    assert TOKEN not in repr(service.log)


def test_the_token_is_found_wherever_it_stands(service: MockService) -> None:
    with Calls(service, token=None) as calls:
        calls.http.get("/v1/models")
        calls.http.get("/v1/models", headers={"X-Other": TOKEN})
        calls.http.get("/v1/models", params={"token": TOKEN})
        calls.http.get(f"/v1/models/{TOKEN}")
        calls.http.post("/v1/models/x/y", content=f"-{TOKEN}-".encode())
    assert service.with_token(TOKEN) == service.log[1:]


def test_a_service_starts_anew_after_a_reset(service: MockService, calls: Calls) -> None:
    service.fault("http_503", on="submit", times=None)
    calls.submit()
    service.reset()
    assert service.log == []
    assert calls.status(calls.submitted())["status"] == "in_queue"
    assert len(service.jobs) == 1


def test_a_port_that_is_taken_is_an_error(service: MockService) -> None:
    port = httpx.URL(service.url).port
    with pytest.raises(OSError, match="in use"):
        mock_service(port=port or 0).start()
    with Calls(service) as calls:
        assert calls.submit().status_code == 200


def test_a_service_that_closes_patiently_answers_the_calls_in_progress() -> None:
    service = mock_service(make_output=small_output, drip=0.001)
    service.start()
    service.fault("slow_body", on="submit")
    with Calls(service) as calls, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(calls.submit)
        while not service.accepted:
            pass
        service.close(patience=30)
        assert answer.result().json()["request_id"] == service.log[-1].request_id
