"""Who gets an answer from the playground: the browser session that was opened, and no other page or program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from runcomfy.playground import Playground, Settings

OURS = {"X-Playground": "1"}
CHECK = {"model_id": "openai/gpt-image-2/edit", "payload": {}}


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with Playground(Settings(out=tmp_path_factory.mktemp("out"))) as one:
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
def test_a_malformed_body_is_told_in_a_sentence(session: httpx.Client, body: bytes) -> None:
    answer = session.post("/api/check", content=body, headers=OURS)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_an_unknown_model_is_told_in_a_sentence(session: httpx.Client) -> None:
    body = {"model_id": "openai/gpt-image-2/edti", "payload": {}}
    answer = session.post("/api/check", json=body, headers=OURS)
    assert (answer.status_code, "gpt-image-2/edit" in answer.json()["error"]) == (400, True)


def test_uploads_are_private_and_removed(tmp_path: Path) -> None:
    with Playground(Settings(out=tmp_path, file_bytes=10)) as one:
        folder = one._uploads._folder
        assert folder.stat().st_mode & 0o077 == 0
        with httpx.Client(base_url=one.origin, trust_env=False, headers=OURS) as client:
            client.get(one.address)
            told = client.post("/api/files?name=../../x.png", content=b"1234567890").json()
            assert (told["name"], len([*folder.iterdir()])) == ("x.png", 1)
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
