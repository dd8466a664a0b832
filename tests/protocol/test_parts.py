"""The parts of the protocol: addresses, policy, reading answers, redaction."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from runcomfy import errors
from runcomfy.client.result import Result
from runcomfy.credentials import Token, find_token
from runcomfy.model.output import Output
from runcomfy.protocol.responses import ErrorResponse, JsonDocument, read
from runcomfy.protocol.retries import Polling, Retries, retry_after
from runcomfy.protocol.steps import Response
from runcomfy.protocol.urls import check_base_url, check_request_id, model_path, request_path
from runcomfy.redaction import Redactor, clean

SECRET = "tok-5f2c9a77e1"  # noqa: S105  # what must not show


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "https://a.example/api/",
        "http://localhost:8000",
        "http://[::1]:1",
        "http://127.0.0.5",
    ],
)
def test_good_base_urls(url: str) -> None:
    assert check_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "http://localhost.evil.example",
        "ftp://localhost",
        "a.example",
        "",
        "https://",
        "https://user:pw@a.example",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://a.example:99999",
        "https://a.example/\r\nx",
        "https://[::1",
    ],
)
def test_bad_base_urls(url: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        check_base_url(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "request_id",
    ["", "..", "a/b", "a b", "a%2fb", "a?b", "a#b", "a\n", "é", "-a", "a" * 129, None, 3],
)
def test_a_request_id_that_could_change_the_address_is_refused(request_id: object) -> None:
    with pytest.raises(errors.ConfigurationError):
        check_request_id(request_id)


def test_paths() -> None:
    assert request_path("a-B_9", "status") == "/v1/requests/a-B_9/status"
    assert model_path("openai/gpt-image-2/edit") == "/v1/models/openai/gpt-image-2/edit"
    spaced = "/v1/models/minimax/Hailuo%20Video%2001%20Live"
    assert model_path("minimax/Hailuo Video 01 Live") == spaced


@pytest.mark.parametrize("model_id", ["", "a", "../a", "a/..", "a//b", "/a/b", "a/b?x", "a/b\n"])
def test_bad_model_ids(model_id: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        model_path(model_id)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_polls_stay_between_floor_and_ceiling(chance: float) -> None:
    polling = Polling(0.5, 10.0)
    pauses = [polling.pause(unchanged, None, None, chance) for unchanged in (0, 20, 100, 1e6)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= 0.5
    assert pauses[-1] <= 10.0
    assert polling.pause(0, 5, None, 0.5) > polling.pause(0, 1, None, 0.5)
    assert polling.pause(0, None, 42.0, chance) == 42.0


def test_a_floor_above_the_ceiling_is_refused() -> None:
    with pytest.raises(ValueError, match="floor"):
        Polling(5, 1)


@pytest.mark.parametrize(
    ("policy", "name", "given"),
    [
        (Polling, "floor", "1"),
        (Polling, "floor", True),
        (Polling, "ceiling", float("inf")),
        (Retries, "submits", 1.5),
        (Retries, "submits", None),
        (Retries, "downloads", True),
        (Retries, "first", "0.5"),
        (Retries, "visible_after", float("nan")),
    ],
)
def test_a_policy_of_the_wrong_type_is_refused(policy: Any, name: str, given: object) -> None:
    with pytest.raises(errors.ConfigurationError, match=f"needs {name} as a"):
        policy(**{name: given})


def test_retries_grow_to_a_ceiling() -> None:
    pauses = [Retries().pause(attempt, None, 1.0) for attempt in range(1000)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.5, 20.0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "1.2.3"}, None),
        ({"retry-after": "."}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
        (
            {
                "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_an_error_may_come_with_http_200() -> None:
    body = json.dumps({"error_code": 400002, "error_message": f"no credit {SECRET}\r\nx"}).encode()
    problem = read(Response(0.0, 200, {}, body), Redactor(SECRET))
    assert isinstance(problem, ErrorResponse)
    assert (problem.kind, problem.error_code) == ("refused", 400002)
    assert problem.text == "no credit [token]\\r\\nx"


@pytest.mark.parametrize("code", [0, None, "", "none"])
def test_an_error_code_that_says_nothing_is_no_error(code: object) -> None:
    body = json.dumps({"error_code": code, "status": "in_queue"}).encode()
    assert isinstance(read(Response(0.0, 200, {}, body), Redactor()), JsonDocument)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a": 1'])
def test_what_is_no_json_object_is_unreadable(body: bytes) -> None:
    problem = read(Response(0.0, 200, {}, body), Redactor())
    assert isinstance(problem, ErrorResponse)
    assert problem.kind == "response unreadable"
    assert len(problem.text) < 3_000


def test_redaction_comes_before_cutting() -> None:
    text = Redactor(SECRET)("x" * 295 + SECRET)
    assert SECRET[:5] not in text
    assert Redactor()("Authorization: Bearer abc.def") == "Authorization: Bearer [token]"
    assert SECRET not in repr(Redactor(SECRET))
    assert Redactor('a"b')({"x": ['a"b', "c"]}) == '{"x": ["[token]", "c"]}'
    assert Redactor()(object()) == "a object that cannot be shown"
    assert clean("a\u202eb\u2028c\x00") == "a\\u202eb\\u2028c\\x00"


def test_the_token_is_looked_for_in_order(tmp_path: Path) -> None:
    file = tmp_path / ".config" / "runcomfy" / "token.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"access_token": "from-file"}', encoding="utf-8")
    environ = {"YOUR_API_TOKEN": "third", "RUNCOMFY_API_TOKEN": "second", "RUNCOMFY_TOKEN": "first"}
    assert find_token("given", environ, tmp_path).reveal() == "given"
    for expected in ("first", "second", "third"):
        assert find_token(None, environ, tmp_path).reveal() == expected
        del environ[next(name for name, value in environ.items() if value == expected)]
    assert find_token(None, environ, tmp_path).reveal() == "from-file"


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"access_token": 3}', "{", b"\xff"])
def test_a_missing_token_lists_where_it_was_looked_for(tmp_path: Path, content: Any) -> None:
    file = tmp_path / ".config" / "runcomfy" / "token.json"
    file.parent.mkdir(parents=True)
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(errors.MissingToken) as caught:
        find_token(None, {"RUNCOMFY_TOKEN": " "}, tmp_path)
    for place in ("token=", "RUNCOMFY_TOKEN", "RUNCOMFY_API_TOKEN", "YOUR_API_TOKEN", str(file)):
        assert place in str(caught.value)


@pytest.mark.parametrize("value", ["", "a b", "a\r\nX: y", "tökén"])
def test_a_token_that_could_break_a_header_is_refused_unseen(value: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        find_token(value)
    assert not value or value not in str(caught.value)


def test_the_folders_of_the_official_command_are_honoured(tmp_path: Path) -> None:
    for folder, value in (("own", "tok-own"), ("settings/runcomfy", "tok-xdg")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "token.json").write_text(json.dumps({"access_token": value}))
    variables = {"XDG_CONFIG_HOME": str(tmp_path / "settings")}
    assert find_token(None, variables, tmp_path).reveal() == "tok-xdg"
    variables["RUNCOMFY_CONFIG_DIR"] = str(tmp_path / "own")
    assert find_token(None, variables, tmp_path).reveal() == "tok-own"


def test_a_token_that_is_a_word_leaves_other_words_alone() -> None:
    assert Redactor("any")("company any, Bearer any") == "company [token], Bearer [token]"
    assert Redactor("any")('{"token":"any"}') == '{"token":"[token]"}'


def test_a_token_does_not_show() -> None:
    token = Token(SECRET, "a test")
    assert SECRET not in f"{token} {token!r}"
    with pytest.raises(TypeError):
        pickle.dumps(token)


ERRORS = [
    kind
    for name in errors.__all__
    if issubclass(kind := getattr(errors, name), errors.RequestError)
]


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_about_a_request_reports_its_id_and_survives_pickling(
    kind: type[errors.RequestError],
) -> None:
    error = kind("it broke", request_id="r1", status=503, error_code=7, server_text="oops")
    text = str(error)
    for part in ("it broke", "HTTP 503", "error_code 7", "oops", "r1"):
        assert part in text
    # What the service does not have cannot be resumed.
    assert ('client.job("r1").wait()' in text) is (kind is not errors.NotFound)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert (type(copy), str(copy), vars(copy)) == (kind, text, vars(error))


def test_the_tree_at_the_top_of_the_module_is_the_tree() -> None:
    assert errors.__doc__
    for name in errors.__all__:
        assert name in errors.__doc__, name


@pytest.mark.parametrize(
    ("output", "files"),
    [
        ("https://x/a.png", ["https://x/a.png"]),
        (
            ["https://x/a.png", "https://x/b.png", "https://x/a.png"],
            ["https://x/a.png", "https://x/b.png"],
        ),
        ({"image": {"url": "https://x/a.png", "width": 3}}, ["https://x/a.png"]),
        ({"videos": [{"url": "http://x/a.mp4"}], "seed": 3}, ["http://x/a.mp4"]),
        ({"image": "HTTPS://x/a.png"}, ["HTTPS://x/a.png"]),
        ({"text": "see https://x/a.png", "b": "https://x/a b"}, []),
        (None, []),
        (3, []),
    ],
)
def test_files_are_found_in_any_shape(output: object, files: list[str]) -> None:
    result = Result("r1", Output.from_payload({}), {"output": output})
    assert [file.url for file in result.files] == files


@pytest.mark.parametrize("value", ["yesterday", None, True, 1e300, [], "2026-13-01"])
def test_an_odd_moment_is_none(value: object) -> None:
    result = Result("r1", Output.from_payload({}), {"created_at": value, "cost": value})
    assert result.created_at is None
