"""Invalid settings are refused when the client is created, not later, when a request is in flight and billed."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from runcomfy import (
    AsyncClient,
    Client,
    ConfigurationError,
    DeadlineExceeded,
    Output,
    Result,
    Retries,
)
from runcomfy.downloads.config import tls_context
from runcomfy.mock import MockService, small_output
from runcomfy.testing import mock_service
from support.callers import Caller, a_request

CLIENTS = [Client, AsyncClient]


@pytest.fixture
def service() -> Iterator[MockService]:
    with mock_service(make_output=small_output) as started:
        yield started


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "settings",
    [
        {"connect_timeout": 0},
        {"connect_timeout": float("nan")},
        {"connect_timeout": True},
        {"read_timeout": -1},
        {"read_timeout": None},
        {"read_timeout": float("inf")},
        {"polling": 5},
        {"retries": 0},
        {"http": "https://example.com"},
        {"token": b"bytes"},
        {"token": ""},
        {"base_url": 5},
        {"base_url": "model-api.runcomfy.net"},
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_meant_is_named(client: type[Any], settings: Any) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(settings))):
        client(**{"token": "any", **settings})


@pytest.mark.parametrize("name", ["http", "download_http"])
def test_an_http_client_of_the_other_kind_is_refused_before_it_could_submit(name: str) -> None:
    with httpx.Client() as blocking, pytest.raises(ConfigurationError, match=r"httpx\.AsyncClient"):
        AsyncClient("any", **{name: blocking})  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ConfigurationError, match=r"httpx\.Client.*got a AsyncClient"):
        Client("any", **{name: httpx.AsyncClient()})  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize(
    "settings", [{"submits": -1}, {"first": 0}, {"first": -1}, {"ceiling": 0.1}]
)
def test_repeats_that_cannot_be_meant_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="retries needs"):
        Retries(**settings)


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
@pytest.mark.parametrize("timeout", ["5", float("nan"), True, False])
def test_a_timeout_that_is_no_number_is_refused_before_anything_is_sent(
    service: MockService, kind: str, timeout: Any
) -> None:
    with pytest.raises(ConfigurationError, match="timeout must be a number of seconds"):
        Caller(kind, service.url).run(timeout=timeout)
    assert not service.log


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_what_is_no_model_id_is_refused_before_anything_is_said_or_sent(
    service: MockService, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigurationError, match="not a model id: foo"):
        Caller(kind, service.url).run("foo", {"prompt": b"no JSON"})
    assert not caplog.messages
    assert not service.log


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_what_cannot_be_called_back_is_refused_before_anything_is_sent(
    service: MockService, kind: str, tmp_path: Path
) -> None:
    caller = Caller(kind, service.url)
    result = caller.run()
    service.log.clear()
    with pytest.raises(ConfigurationError, match="on_status must be a function, got 5"):
        caller.run(on_status=5)
    with pytest.raises(ConfigurationError, match="on_status must be a function, got 0"):
        caller.on_job(result.request_id, "wait", on_status=0)
    for saved in (result, result.files[0]):
        save = partial(saved.save, tmp_path, progress="bar")
        with pytest.raises(ConfigurationError, match="progress must be a function, got 'bar'"):
            caller.call(lambda _: save())  # noqa: B023  # it is called here
    assert not service.log


def test_a_timeout_that_is_over_at_once_says_that_nothing_was_submitted(
    service: MockService,
) -> None:
    with pytest.raises(DeadlineExceeded, match="nothing was submitted"):
        service.client().run(a_request(), timeout=0)
    assert not service.log


def test_a_job_that_is_pickled_says_what_to_pickle_instead(service: MockService) -> None:
    with pytest.raises(TypeError, match=r"job\.as_dict\(\)"):
        pickle.dumps(service.client().submit(a_request()))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_named_with_their_place(
    content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "certificates.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    tls_context.cache_clear()
    result = Result("r1", Output.from_payload({}), {"output": "https://x.runcomfy.net/a.png"})
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE='.*certificates\.pem'"):
        result.save(tmp_path)
