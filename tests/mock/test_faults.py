"""Every fault applies where it should, does what it describes, and leaves the service intact."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from runcomfy.mock import ACTIONS, FAULTS, Fault, MockService, small_output
from runcomfy.testing import mock_service
from support.mock_calls import PAYLOAD, Calls

QUICK: dict[str, Any] = {
    "polls_in_queue": 0,
    "polls_running": 0,
    "make_output": small_output,
    "refused_seconds": 0.05,
    "drip": 0.001,
}
#: Request ids and the date differ from answer to answer.
VARYING = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|date: .*")


@pytest.fixture(scope="module")
def running() -> Iterator[MockService]:
    with mock_service(**QUICK) as service:
        yield service


@pytest.fixture
def service(running: MockService) -> MockService:
    running.reset()
    return running


@pytest.fixture
def calls(service: MockService) -> Iterator[Calls]:
    with Calls(service) as calls:
        yield calls


def ask(calls: Calls, action: str, request_id: str, **options: Any) -> httpx.Response:
    if action == "submit":
        return calls.submit(**options)
    if action == "cancel":
        return calls.cancel(request_id, **options)
    paths = {"catalogue": "/v1/models", "download": f"/files/{request_id}/image-1.png"}
    path = paths.get(action, f"/v1/requests/{request_id}/{action}")
    return calls.http.get(path, **options)


def over_a_socket(
    service: MockService, action: str, request_id: str, patience: float = 20.0
) -> bytes:
    """What comes over a bare socket, ids and dates left out, and the name of what ends it."""
    with Calls(service) as calls:
        sent: list[httpx.Request] = []

        def keep(request: httpx.Request) -> None:
            sent.append(request)
            raise InterruptedError

        calls.http.event_hooks = {"request": [keep]}
        with pytest.raises(InterruptedError):
            ask(calls, action, request_id)
    (request,) = sent
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1"]
    headers = {**request.headers, "connection": "close"}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode()
    came = b""
    with socket.create_connection((request.url.host, request.url.port or 0)) as connection:
        connection.settimeout(patience)
        try:
            connection.sendall(head + request.content)
            for _ in range(40):  # more of what never ends tells no more
                came += connection.recv(65_536)
        except OSError as error:
            came += type(error).__name__.encode()
    return VARYING.sub(b"", came)


def test_there_are_more_than_sixty_faults_and_each_says_what_it_does() -> None:
    assert len(FAULTS) > 60
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert len(fault.about) > 3
        assert set(fault.on) <= set(ACTIONS)
        assert fault.on
    for action in ("submit", "status", "result", "cancel", "download"):
        assert sum(action in fault.on for fault in FAULTS.values()) > 60, action


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if not fault.refuses])
def test_every_fault_strikes_once_and_leaves_the_service_whole(
    service: MockService, name: str
) -> None:
    """On each of its actions; a submit is accepted if, and only if, the fault strikes afterwards."""
    with Calls(service) as calls:
        for action in FAULTS[name].on:
            service.reset()
            request_id = calls.submitted()
            calls.result(request_id)
            healthy = over_a_socket(service, action, request_id)
            before = service.accepted
            rule = service.fault(name, on=action)
            patience = 0.15 if FAULTS[name].lasting else 20.0
            struck = over_a_socket(service, action, request_id, patience)
            while not rule.hits:  # what lasts may not have begun yet
                time.sleep(0.01)
            assert rule.hits == 1
            assert service.log[-1].fault == name
            assert struck != healthy or FAULTS[name].job
            assert service.accepted - before == (action == "submit" and FAULTS[name].after)
            assert ask(calls, "submit", "").status_code == 200


BROKEN = [
    ("reset_before_accept", httpx.ReadError, 0),
    ("reset_after_accept", httpx.ReadError, 1),
    ("closed_before_accept", httpx.RemoteProtocolError, 0),
    ("answer_lost", httpx.RemoteProtocolError, 1),
    ("reset_in_headers", httpx.ReadError, 1),
    ("closed_in_headers", httpx.RemoteProtocolError, 1),
    ("truncated_body", httpx.RemoteProtocolError, 1),
    ("reset_in_body", httpx.ReadError, 1),
    ("length_too_long", httpx.RemoteProtocolError, 1),
    ("length_negative", httpx.RemoteProtocolError, 1),
    ("bad_chunk", httpx.RemoteProtocolError, 1),
    ("cut_chunks", httpx.RemoteProtocolError, 1),
    ("no_http", httpx.RemoteProtocolError, 1),
    ("long_headers", httpx.RemoteProtocolError, 1),
    ("gzip_garbage", httpx.DecodingError, 1),
    ("silence", httpx.ReadTimeout, 1),
    ("stalled_body", httpx.ReadTimeout, 1),
]


@pytest.mark.parametrize(("name", "error", "accepted"), BROKEN)
def test_connections_break_as_the_fault_says(
    service: MockService, calls: Calls, name: str, error: type[Exception], accepted: int
) -> None:
    service.fault(name, on="submit")
    with pytest.raises(error):
        calls.submit(timeout=0.2)
    assert service.accepted == accepted
    assert calls.submit().status_code == 200


def test_a_reset_is_a_real_one(service: MockService) -> None:
    service.fault("reset_before_accept", on="catalogue")
    assert over_a_socket(service, "catalogue", "") == b"ConnectionResetError"


def test_a_refused_connection_is_a_real_one_and_the_port_comes_back(service: MockService) -> None:
    service.fault("connection_refused", on="submit", times=None)
    with Calls(service) as calls:
        for _ in range(3):
            with pytest.raises(httpx.ConnectError, match="refused"):
                calls.submit()
        assert service.log == []
        service.clear_faults()
        assert calls.submit().status_code == 200


def test_a_port_that_is_closed_for_a_while_opens_by_itself(service: MockService) -> None:
    rule = service.fault("connection_refused", on="submit")
    transport = httpx.HTTPTransport(retries=10, verify=False)  # there is no TLS on loopback
    with httpx.Client(transport=transport) as http:
        assert http.get(service.url + "/v1/models").status_code == 400
    assert rule.hits == 1


#: What is asked of a new request before an action makes sense.
BEFORE = {"status": [], "cancel": [], "result": [], "download": ["result"]}


@pytest.mark.parametrize("action", BEFORE)
def test_a_port_closes_when_the_action_is_the_next_one_to_come(
    service: MockService, calls: Calls, action: str
) -> None:
    """Connections that are kept open end as well, so that the next call meets a closed port."""
    service.fault("connection_refused", on=action, times=None)
    request_id = calls.submitted()
    for step in BEFORE[action]:
        ask(calls, step, request_id)
    with pytest.raises(httpx.ConnectError):
        ask(calls, action, request_id)


def test_the_file_hosts_port_closes_alone() -> None:
    with mock_service(**QUICK, file_host=True) as service, Calls(service) as calls:
        service.fault("connection_refused", on="download", times=None)
        address = calls.result(calls.submitted()).json()["output"]["image"]
        with pytest.raises(httpx.ConnectError):
            calls.http.get(address)
        assert calls.submit().status_code == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_lead_to_the_foreign_host(
    service: MockService, calls: Calls, status: int
) -> None:
    service.fault(f"redirect_{status}", on="catalogue")
    answer = calls.http.get("/v1/models", follow_redirects=True)
    assert [one.status_code for one in answer.history] == [status]
    assert [asked.host for asked in service.log] == ["service", "elsewhere"]


def test_retry_after_comes_in_seconds_as_a_date_and_as_nonsense(
    service: MockService, calls: Calls
) -> None:
    told = {}
    for form in ("seconds", "date", "absurd", "garbage"):
        service.fault(f"retry_after_{form}", on="submit")
        answer = calls.submit()
        assert answer.status_code == 429
        told[form] = answer.headers["retry-after"]
    assert told.pop("date").endswith(" GMT")
    assert told == {"seconds": "1", "absurd": "31536000", "garbage": "soon"}
    assert service.accepted == 0


@pytest.mark.parametrize(
    ("name", "queue", "result"),
    [
        ("job_fails", "failed", "failed"),
        ("job_fails_in_result", "completed", "failed"),
        ("job_is_cancelled", "cancelled", "cancelled"),
        ("endless_queue", "in_queue", "in_queue"),
    ],
)
def test_a_job_ends_as_the_fault_says(
    service: MockService, calls: Calls, name: str, queue: str, result: str
) -> None:
    service.fault(name, on="submit")
    request_id = calls.submitted()
    assert calls.states(request_id, 3) == [queue] * 3
    document = calls.result(request_id).json()
    assert document["status"] == result
    assert "output" not in document
    assert bool(document.get("error")) == (result == "failed")


def test_a_changed_file_is_another_one_each_time(service: MockService, calls: Calls) -> None:
    request_id = calls.submitted()
    service.fault("changed_file", on="download", times=2)
    first, second = (ask(calls, "download", request_id) for _ in range(2))
    assert first.headers["etag"] != second.headers["etag"]
    assert first.content != second.content


def test_a_hostile_name_still_leads_to_the_file(service: MockService, calls: Calls) -> None:
    service.fault("hostile_url_name", on="result")
    output = calls.result(calls.submitted()).json()["output"]
    assert "/..%2F..%2Fx.png" in output["images"][0]
    assert calls.http.get(output["images"][0]).content.startswith(b"\x89PNG")


# Which requests are struck


def test_a_fault_strikes_as_often_as_it_is_told_to(service: MockService, calls: Calls) -> None:
    rule = service.fault("http_503", on="submit", times=2)
    assert [calls.submit().status_code for _ in range(3)] == [503, 503, 200]
    assert rule.hits == 2
    service.fault("http_500", on="submit", times=None)
    assert {calls.submit().status_code for _ in range(5)} == {500}


def test_faults_wait_for_their_turn(service: MockService, calls: Calls) -> None:
    for name in ("http_500", "http_502", "http_503"):
        service.fault(name, on="submit")
    assert [calls.submit().status_code for _ in range(4)] == [500, 502, 503, 200]


def test_a_fault_strikes_one_request_model_or_whatever_a_function_says(
    service: MockService, calls: Calls
) -> None:
    one, other = calls.submitted(), calls.submitted()
    service.fault("http_500", on="result", request_id=other)
    service.fault("http_502", on="submit", model_id="openai/gpt-image-1-5/text-to-image")
    service.fault("http_504", on="submit", where=lambda asked: b"dog" in asked.body)
    assert [calls.result(name).status_code for name in (one, other)] == [200, 500]
    assert calls.submit().status_code == 200
    assert calls.submit({**PAYLOAD, "prompt": "a dog"}).status_code == 504
    assert calls.submit(model="openai/gpt-image-1-5/text-to-image").status_code == 502


def test_a_request_brings_its_own_fault_in_a_header(service: MockService, calls: Calls) -> None:
    assert calls.submit(headers={"X-Mock-Fault": "http_503"}).status_code == 503
    assert calls.submit().status_code == 200


def test_a_submit_brings_the_faults_of_what_comes_after_it(
    service: MockService, calls: Calls
) -> None:
    other = calls.submitted()
    mine = calls.submitted(headers={"X-Mock-Fault": "http_503:status:2, http_502:result"})
    codes = [
        calls.http.get(f"/v1/requests/{request_id}/{tail}").status_code
        for request_id, tail in [
            (other, "status"),
            (mine, "status"),
            (mine, "status"),
            (mine, "status"),
            (other, "result"),
            (mine, "result"),
            (mine, "result"),
        ]
    ]
    assert codes == [200, 503, 503, 200, 200, 502, 200]


def chaotic(service: MockService, calls: Calls, count: int = 60) -> list[str | None]:
    service.log.clear()
    for _ in range(count):
        calls.submit()
    return [asked.fault for asked in service.log]


def test_chance_strikes_the_same_requests_with_the_same_seed(
    service: MockService, calls: Calls
) -> None:
    names = ["http_500", "http_503"]
    runs = []
    for seed in (7, 7, 8):
        service.chaos(0.3, seed=seed, faults=names)
        runs.append(chaotic(service, calls))
    assert runs[0] == runs[1] != runs[2]
    struck = [name for name in runs[0] if name]
    assert set(struck) == set(names)
    assert 6 < len(struck) < 30


def test_chance_can_be_certain_impossible_or_of_one_action(
    service: MockService, calls: Calls
) -> None:
    service.chaos(0, seed=1)
    assert set(chaotic(service, calls, 5)) == {None}
    service.chaos(1, faults=["http_500"])
    assert set(chaotic(service, calls, 5)) == {"http_500"}
    service.chaos(1, faults=["http_500"], on=["result"])
    assert set(chaotic(service, calls, 5)) == {None}
    with pytest.raises(ValueError, match="from 0 to 1"):
        service.chaos(1.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "http_53"}, "did you mean 'http_503'"),
        ({"name": "http_503", "on": "poll"}, "actions are submit, status"),
        ({"name": "unknown_status", "on": "submit"}, "is for status"),
        ({"name": "http_503", "times": 0}, "at least 1"),
        ({"name": "connection_refused", "request_id": "x"}, "no condition"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    service: MockService, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        service.fault(**arguments)


def test_a_service_of_your_own_fault() -> None:
    """The table is data, so a fault that is missing can be made and used."""
    from runcomfy.mock import Rule
    from runcomfy.mock.raw_http import Reply

    fault = Fault("teapot", "HTTP 418", ("submit",), lambda _reply, _scene: Reply(418))
    with mock_service(**QUICK) as service, Calls(service) as calls:
        service.add_rule(Rule(fault, fault.on))
        assert calls.submit().status_code == 418


@pytest.mark.parametrize("name", ["silence", "slow_body", "endless_body", "endless_headers"])
def test_a_service_ends_at_once_whatever_is_in_progress(name: str) -> None:
    with mock_service(**{**QUICK, "drip": 3600.0}) as service:
        service.fault(name, on="catalogue")
        url = httpx.URL(service.url)
        connection = socket.create_connection((url.host, url.port or 0))
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n")
        while not service.log:
            pass
    with connection, suppress(ConnectionResetError):
        connection.settimeout(5)
        while connection.recv(1_000_000):
            pass
