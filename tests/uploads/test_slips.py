"""Slips before a submit: nothing is sent, and the error says how to insist."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest

from runcomfy import Client, ConfigurationError, ValidationError
from runcomfy_models.openai import GptImage2Edit
from support.callers import TOKEN, Caller
from support.uploads import WAN, content_of, picture, sent

URL = "https://example.com/cat.png"
SLIPS: dict[str, dict[str, Any]] = {
    "unknown-input": {"images": [URL], "qualty": "low"},
    "url-file-name": {"images": ["cat.png"]},
    "url-empty": {"images": [""]},
    "url-private": {"images": ["https://10.0.0.1/a.png"]},
    "url-space": {"images": ["https://example.com/a.png\n"]},
}
EDIT = "openai/gpt-image-2/edit"
#: A service that is not on this machine, and that nothing is sent to.
FAR = "https://model-api.runcomfy.net"


@pytest.mark.parametrize("rule", [rule for rule in SLIPS if rule != "url-private"])
def test_a_slip_is_refused_and_sent_when_allowed(rule: str, caller: Caller, server: Any) -> None:
    payload = {"prompt": "a hat", **SLIPS[rule]}
    with pytest.raises(ValidationError) as caught:
        caller.submit(EDIT, payload)
    assert [one.rule for one in caught.value.violations] == [rule]
    assert f"Nothing was submitted. If this is intended, pass allow=('{rule}',)" in str(
        caught.value
    )
    assert server.asked == []
    caller.submit(EDIT, payload, allow=(rule,))
    assert sent(server) == payload


def test_a_request_object_with_an_unknown_input_is_refused(caller: Caller, server: Any) -> None:
    request = GptImage2Edit.from_payload({"prompt": "a hat", "images": [URL], "qualty": "low"})
    with pytest.raises(ValidationError, match="did you mean"):
        caller.run(request)
    caller.run(request, allow=["unknown-input"])
    assert server.accepted == 1


def test_the_client_allows_for_all_calls(kind: str, server: Any) -> None:
    caller = Caller(kind, server.url, allow="url-file-name")
    caller.submit(EDIT, {"prompt": "a hat", "images": ["cat.png"]})
    with pytest.raises(ValidationError, match="url-empty"):
        caller.submit(EDIT, {"prompt": "a hat", "images": [""]})


def test_a_private_address_is_refused_unless_the_service_is_on_this_machine(
    caller: Caller,
    server: Any,
) -> None:
    payload = {"prompt": "a hat", "images": ["https://localhost/a.png"]}
    caller.submit(EDIT, payload)
    assert sent(server) == payload
    with Client(TOKEN, base_url=FAR) as far, pytest.raises(ValidationError) as caught:
        far.submit(EDIT, payload)
    assert caught.value.violations[0].rule == "url-private"


def test_a_slip_is_refused_where_no_file_is_checked(kind: str, server: Any) -> None:
    with pytest.raises(ValidationError, match="url-file-name"):
        Caller(kind, server.url, check_files="off").submit(EDIT, {"prompt": "a", "images": ["a"]})


def test_doubts_are_logged_and_raise_when_strict(
    caller: Caller,
    server: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    payload = {"prompt": "a hat", "image_urls": [picture(384)]}
    with pytest.raises(ValidationError, match="exactly at the limit"):
        caller.submit(WAN, payload, strict=True)
    with caplog.at_level(logging.WARNING, "runcomfy"):
        caller.submit(WAN, payload)
    assert "exactly at the limit" in caplog.text
    caller.submit(WAN, payload, strict=True, allow=["width_pixels>"])
    assert server.accepted == 2


def test_a_strict_client_can_be_lenient_for_a_call(kind: str, server: Any) -> None:
    caller = Caller(kind, server.url, strict=True)
    payload = {"prompt": "a hat", "images": ["http://example.com/a.png"]}
    with pytest.raises(ValidationError, match="url-http"):
        caller.submit(EDIT, payload)
    caller.submit(EDIT, payload, strict=False)


def test_a_file_of_another_kind_is_refused_before_anything_is_sent(
    caller: Caller,
    server: Any,
) -> None:
    page = io.BytesIO(b"<!doctype html><title>404</title>")
    with pytest.raises(ValidationError, match="must be an image, but it is a web page"):
        caller.run(GptImage2Edit(prompt="a hat", images=[page]))
    assert server.asked == []
    caller.run(GptImage2Edit(prompt="a hat", images=[page]), allow=["file-kind"])
    assert content_of(sent(server)["images"][0])[0] == "text/html"


@pytest.mark.parametrize("scheme", ["http", "https", "HTTP", "Https"])
@pytest.mark.parametrize("check_files", ["local", "off"])
def test_nothing_is_fetched_unless_asked(
    scheme: str,
    check_files: str,
    kind: str,
    server: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from runcomfy.media import remote

    def refuse(*_: object) -> Any:
        raise AssertionError("a file was looked at")

    monkeypatch.setattr(remote, "probe_urls", refuse)
    monkeypatch.setattr(remote, "probe_urls_async", refuse)
    images = [picture(), f"{scheme}://example.com/a.png"]
    Caller(kind, server.url, check_files=check_files).submit(
        EDIT, {"prompt": "a", "images": images}
    )
    assert server.accepted == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"allow": ("unknown_input",)}, "did you mean 'unknown-input'"),
        ({"allow": ("nonsense",)}, "the rules are"),
        ({"allow": (5,)}, "an unknown rule"),
        ({"allow": 5}, "allow must be a list"),
        ({"download_hosts": 5}, "download_hosts must be a list"),
        ({"strict": "yes"}, "strict must be True or False"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Client(TOKEN, **settings)
