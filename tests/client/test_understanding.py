"""What people give that is meant well: taken rightly, or refused with a word that helps."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from runcomfy import Client, ConfigurationError, NotFound, Output, Result, Status
from runcomfy.credentials import find_token
from runcomfy.testing import mock_service
from runcomfy_models.openai import GptImage1_5TextToImage
from support.callers import TOKEN, Caller, a_request
from support.scripted_server import ScriptedServer, json_reply, serve
from support.small_models import make_class

pytestmark = pytest.mark.slow  # each test starts several interpreters or clients


@pytest.mark.parametrize(
    "given",
    [
        "Bearer tok-1", "bearer  tok-1", '"tok-1"', "'tok-1'", "\ufefftok-1\r\n", '"Bearer tok-1"', "\u201ctok-1\u201d",
        "Authorization: Bearer tok-1", '"authorization:Bearer tok-1"',
    ],
)  # fmt: skip
def test_a_token_is_taken_as_people_paste_it(given: str) -> None:
    assert find_token(given).reveal() == "tok-1"


@pytest.mark.parametrize("given", ["", " ", "Bearer", "Bearer ", '""'])
def test_an_empty_token_is_named(given: str) -> None:
    with pytest.raises(ConfigurationError, match="the token from the argument token= is empty"):
        find_token(given)


def test_a_token_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "runcomfy"
    folder.mkdir(parents=True)
    content = json.dumps({"access_token": "tok-1"})
    (folder / "token.json").write_text(content, encoding="utf-8-sig")
    assert find_token(environ={}, home=tmp_path).reveal() == "tok-1"


@pytest.mark.parametrize("end", ["/v1", "/v1/", "/v1/models", "/v1/models/", "/"])
def test_a_base_url_may_end_like_the_paths_of_calls(end: str) -> None:
    with Client(TOKEN, base_url=f"https://model-api.runcomfy.net{end}") as client:
        assert "'https://model-api.runcomfy.net'" in repr(client)


async def _later(*_: object) -> None:
    """A callback that a blocking client would never await."""


def _client(**settings: Any) -> Client:
    return Client(TOKEN, **settings)


async def _yielding(*_: object) -> AsyncIterator[None]:
    """The same with a ``yield`` in it."""
    yield


class _Later:
    async def __call__(self, *_: object) -> None:
        """The same as an object."""


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: _client(max_file_bytes="1GB"), "max_file_bytes must be a number of bytes"),
        (lambda: _client(max_file_bytes=1e9), "max_file_bytes must be a number of bytes"),
        (lambda: Client(TOKEN).run(a_request(), on_status=_later), "on_status must be a plain"),
        (lambda: Client(TOKEN).run(a_request(), on_status=_Later()), "on_status must be a plain"),
        (lambda: Client(TOKEN).run(a_request(), on_status=_yielding), "on_status must be a plain"),
        (lambda: Client(TOKEN).job("r1").wait(on_status=_later), "on_status must be a plain"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_it_costs(use: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        use()


def test_statuses_have_the_request_id() -> None:
    seen: list[Status] = []
    with mock_service() as service, Client(TOKEN, base_url=service.url) as client:
        request = GptImage1_5TextToImage(prompt="a hat")
        result = client.run(request, on_status=seen.append)
        assert client.job(result.request_id).status().request_id == result.request_id
    assert {status.request_id for status in seen} == {result.request_id}


def test_the_mock_serves_a_class_that_the_program_imported(tmp_path: Path) -> None:
    cls = make_class(tmp_path, {"prompt": {"type": "string"}})
    with mock_service() as service, Client(TOKEN, base_url=service.url) as client:
        assert client.run(cls(prompt="a hat")).files
        with pytest.raises(NotFound, match=r"runcomfy.register\('my_models'\)"):
            client.submit("acme/unheard-of", {})


def test_an_unknown_model_id_gets_a_suggestion(caplog: pytest.LogCaptureFixture) -> None:
    with serve() as server:
        server.script(submit=[json_reply(404, error_code=404001, error_message="no such model")])
        _suggest("sync", server)
        _suggest("asyncio", server)
    assert "did you mean 'openai/gpt-image-2/edit'" in caplog.text


def _suggest(kind: str, server: ScriptedServer) -> None:
    with pytest.raises(NotFound, match="did you mean 'openai/gpt-image-2/edit'"):
        Caller(kind, server.url).submit("openai/gpt-image-2/edt", {"prompt": "a hat"})


@pytest.mark.parametrize("name", ["GptImage2Edit", "GptImage2Edt"])
def test_an_import_from_the_wrong_place_says_the_right_one(name: str) -> None:
    with pytest.raises(ImportError, match=r"from runcomfy_models\.openai import GptImage2Edit"):
        exec(f"from runcomfy_models import {name}", {})  # noqa: S102  # the mistake itself
    import runcomfy_models

    assert not hasattr(runcomfy_models, "nothing_like_it")


def test_files_come_over_a_mock_transport_with_a_ready_body() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"\x89PNG\r\n\x1a\n")

    http = httpx.Client(transport=httpx.MockTransport(answer))
    with http, Client(TOKEN, download_http=http) as client:
        raw = {"output": {"image": "https://x.runcomfy.net/a.png"}}
        result = Result("r1", Output.from_payload({}), raw, None, True, client._downloads)
        assert result.files[0].read() == b"\x89PNG\r\n\x1a\n"
