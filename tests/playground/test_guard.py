"""Who gets an answer from the playground: the browser session that was opened, and no other page or program."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest

from runcomfy.errors import MissingToken
from runcomfy.journal import Journal
from runcomfy.journal.locks import LockFile
from runcomfy.mock import Asked, MockService, small_output
from runcomfy.mock import Settings as MockSettings
from runcomfy.playground import Playground, PlaygroundSettings

OURS = {"X-Playground": "1"}
CHECK = {"model_id": "openai/gpt-image-2/edit", "payload": {}}


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with Playground(PlaygroundSettings(out=tmp_path_factory.mktemp("out"))) as one:
        yield one


@pytest.fixture(scope="module")
def session(playground: Playground) -> Iterator[httpx.Client]:
    """A browser that opened the address; the token works once."""
    with httpx.Client(base_url=playground.origin, trust_env=False) as client:
        opened = client.get(playground.address)
        assert opened.status_code == 303
        yield client


def test_the_token_of_the_address_works_once(playground: Playground, session: httpx.Client) -> None:
    assert httpx.get(playground.address, trust_env=False).status_code == 403
    assert session.get("/").status_code == 200


def test_without_the_session_nothing_is_answered(
    playground: Playground, session: httpx.Client
) -> None:
    for path in ("/", "/static/app.js", "/api/state", "/api/models", "/api/runs"):
        assert httpx.get(playground.origin + path, trust_env=False).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_another_page_is_refused_even_with_the_cookie(
    session: httpx.Client, headers: dict[str, str]
) -> None:
    answer = session.post("/api/check", json=CHECK, headers={**OURS, **headers})
    assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (403, False)


def test_a_form_of_another_page_cannot_send_our_header(session: httpx.Client) -> None:
    assert session.post("/api/check", json=CHECK).status_code == 403
    assert session.post("/api/check", json=CHECK, headers=OURS).status_code == 200


def test_a_path_as_text_is_advised_in_words_of_the_page(session: httpx.Client) -> None:
    payload = {"prompt": "a", "images": ["cat.png"]}
    answer = session.post("/api/check", json={**CHECK, "payload": payload}, headers=OURS)
    told = "is a file name, not a URL; choose, drop or paste the file"
    assert [one["text"] for one in answer.json()["warnings"]] == [told]


def test_every_answer_forbids_scripts_of_others(session: httpx.Client) -> None:
    policy = session.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    cookie = next(iter(session.cookies.jar))
    assert cookie.has_nonstandard_attr("HttpOnly")


@pytest.mark.parametrize(
    "name", ["../app.py", "..%2Fapp.py", ".hidden", "%2Fetc%2Fpasswd", "nothing.js"]
)
def test_static_files_come_from_their_folder_only(session: httpx.Client, name: str) -> None:
    assert session.get(f"/static/{name}").status_code == 404


def test_bodies_are_bounded(session: httpx.Client) -> None:
    answer = session.post("/api/check", content=b" " * 3_000_000, headers=OURS)
    assert (answer.status_code, "larger than" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"model_id": 5, "payload": {}}', b"[" * 100_000]
)
def test_a_malformed_body_is_reported_in_a_sentence(session: httpx.Client, body: bytes) -> None:
    answer = session.post("/api/check", content=body, headers=OURS)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_an_unknown_model_is_reported_in_a_sentence(session: httpx.Client) -> None:
    body = {"model_id": "openai/gpt-image-2/edti", "payload": {}}
    answer = session.post("/api/check", json=body, headers=OURS)
    assert (answer.status_code, "gpt-image-2/edit" in answer.json()["error"]) == (400, True)


def test_uploads_are_private_and_removed(tmp_path: Path) -> None:
    with Playground(PlaygroundSettings(out=tmp_path, file_bytes=10)) as one:
        folder = one._uploads._folder
        assert folder.stat().st_mode & 0o077 == 0
        with httpx.Client(base_url=one.origin, trust_env=False, headers=OURS) as client:
            client.get(one.address)
            answer = client.post("/api/files?name=../../x.png", content=b"1234567890").json()
            assert (answer["name"], len([*folder.iterdir()])) == ("x.png", 1)
            refused = client.post("/api/files?name=big.png", content=b"12345678901")
            assert "larger than 10 bytes" in refused.json()["error"]
            assert len([*folder.iterdir()]) == 1
    assert not folder.exists()


def test_a_file_that_is_a_program_for_browsers_is_a_download(session: httpx.Client) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for name in ("a.svg", "a.html", "a.png"):
        told = session.post(f"/api/files?name={name}", content=svg, headers=OURS).json()
        answer = session.get(f"/api/files/{told['id']}")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]


RUN = {"model_id": "openai/gpt-image-1-5/text-to-image", "payload": {"prompt": "a hat"}}
TOKEN = "service-token-1234567"  # noqa: S105  # it opens nothing
KEY = "playground-00112233445566778899aabb"


@pytest.mark.parametrize("key", ["", "x", "playground-../../x", f"{KEY}/x", 5, None], ids=repr)
def test_a_key_that_the_page_does_not_make_is_refused(session: httpx.Client, key: object) -> None:
    answer = session.post("/api/runs", json={**RUN, "key": key}, headers=OURS)
    assert (answer.status_code, "hexadecimal" in answer.json()["error"]) == (400, True)


def test_the_same_key_starts_one_run(session: httpx.Client) -> None:
    answers = [session.post("/api/runs", json={**RUN, "key": KEY}, headers=OURS) for _ in range(3)]
    assert [one.json()["new"] for one in answers] == [True, False, False]


@pytest.mark.parametrize("text", ['{"a": 1e999}', '{"a": "\\ud800"}', '{"n": 1e400}'], ids=str)
def test_odd_values_are_answered_in_json(session: httpx.Client, text: str) -> None:
    body = f'{{"model_id": "openai/gpt-image-2/edit", "payload": {text}}}'
    for path in ("/api/check", "/api/snippets"):
        answer = session.post(path, content=body, headers=OURS)
        assert isinstance(answer.json(), dict)
        assert answer.status_code in (200, 400)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[httpx.Client, MockService]]:
    """A live playground; the service is a mock, with $0.04 for an image."""
    with (
        MockService(MockSettings(make_output=small_output)) as service,
        Playground(
            PlaygroundSettings(
                live=True,
                base_url=service.url,
                token=TOKEN,
                out=tmp_path,
                journal=tmp_path / "j.db",
            )
        ) as one,
        httpx.Client(base_url=one.origin, trust_env=False, headers=OURS) as client,
    ):
        client.get(one.address)
        yield client, service


@pytest.mark.parametrize("confirmed", [None, 0.0, 0.03, "0.04", True, float("-inf")], ids=repr)
def test_a_live_run_without_its_price_is_not_sent(
    live: tuple[httpx.Client, MockService], confirmed: object
) -> None:
    client, service = live
    body = json.dumps({**RUN, "key": KEY, "confirmed_usd": confirmed})
    answer = client.post("/api/runs", content=body)
    assert (answer.status_code, service.accepted) == (400, 0)


def test_a_confirmed_live_run_is_sent_once(live: tuple[httpx.Client, MockService]) -> None:
    client, service = live
    body = {**RUN, "key": KEY, "confirmed_usd": 0.04}
    assert [client.post("/api/runs", json=body).status_code for _ in range(3)] == [200] * 3
    while client.get(f"/api/runs/{KEY}").json()["state"] != "succeeded":
        pass
    assert service.accepted == 1


def test_a_budget_is_not_passed_by_runs_at_once(tmp_path: Path) -> None:
    keys = [f"playground-{number:024x}" for number in range(8)]
    with (
        MockService(MockSettings(make_output=small_output)) as service,
        Playground(
            PlaygroundSettings(live=True, base_url=service.url, token=TOKEN, out=tmp_path, budget=0.09, journal=tmp_path / "j.db")
        ) as one,
        httpx.Client(base_url=one.origin, trust_env=False, headers=OURS) as client,
        ThreadPoolExecutor() as pool,
    ):  # fmt: skip
        client.get(one.address)
        send = partial(client.post, "/api/runs")
        answers = [*pool.map(lambda key: send(json={**RUN, "key": key}), keys)]
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200] * 2 + [400] * 6
        for key in keys:
            while client.get(f"/api/runs/{key}").json().get("state") not in ("succeeded", None):
                pass
    assert service.accepted == 2


def test_what_stops_the_start_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUNCOMFY_TOKEN", "RUNCOMFY_API_TOKEN", "YOUR_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    settings = PlaygroundSettings(live=True, out=tmp_path, journal=tmp_path / "journal.db")
    before = {**LockFile._open}
    with pytest.raises(MissingToken), Playground(settings):
        pass
    assert before == LockFile._open  # the journal is closed again


@pytest.mark.parametrize("fault", [None, "slow_headers"], ids=["in the queue", "being submitted"])
def test_closing_neither_cancels_a_run_nor_loses_its_id(tmp_path: Path, fault: str | None) -> None:
    came = threading.Event()

    def note(asked: Asked) -> None:
        if asked.action == "submit":
            came.set()

    with (
        MockService(MockSettings(queue_seconds=3600, drip=0.001), watch=note) as service,
        Playground(
            PlaygroundSettings(live=True, base_url=service.url, token=TOKEN, out=tmp_path, journal=tmp_path / "j.db")
        ) as one,
        httpx.Client(base_url=one.origin, trust_env=False, headers=OURS) as client,
    ):  # fmt: skip
        client.get(one.address)
        if fault is not None:
            service.fault(fault, on="submit")
        client.post("/api/runs", json={**RUN, "key": KEY, "confirmed_usd": 0.04})
        assert came.wait(10)
        while fault is None and client.get(f"/api/runs/{KEY}").json()["state"] != "in_queue":
            pass
        one.close()
        [job] = service.jobs
        assert (job.state, service.count("cancel")) == ("in_queue", 0)
        with Journal(tmp_path / "j.db") as journal:
            [entry] = journal.entries()
    assert (entry.state, entry.request_id) == ("submitted", job.request_id)
