"""Faults of what an answer says: no JSON, other JSON, fields that are missing, wrong or hostile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from runcomfy.mock.log import Action
from runcomfy.mock.wire import Reply

from .fault import API, READS, SUBMIT, Change, Fault, Scene, edit

__all__ = ["WORD_FAULTS"]

_STATUS: tuple[Action, ...] = ("status",)
_RESULT: tuple[Action, ...] = ("result",)
_CANCEL: tuple[Action, ...] = ("cancel",)
_JOB: tuple[Action, ...] = ("submit", "status")

#: Deeper than any parser should follow.
_DEEP = b"[" * 200_000


def _body(change: Callable[[bytes], bytes]) -> Change:
    return lambda reply, _scene: replace(reply, body=change(reply.body))


def _says(**fields: Any) -> Change:
    """The document with other values; ``...`` takes a field out."""

    def change(document: dict[str, Any]) -> None:
        document.update(fields)
        for name in [name for name, value in document.items() if value is ...]:
            del document[name]

    return lambda reply, _scene: edit(reply, change)


def _as(shape: Callable[[dict[str, Any]], Any]) -> Change:
    return lambda reply, _scene: edit(reply, shape)


def _addresses_elsewhere(reply: Reply, scene: Scene) -> Reply:
    def change(document: dict[str, Any]) -> None:
        for name in ("status_url", "result_url", "cancel_url"):
            if name in document:
                document[name] = f"{scene.elsewhere}/{name}"

    return edit(reply, change)


def _output(change: Callable[[list[str], Scene], Any]) -> Change:
    """The result with another output, made of the URLs that were in it."""

    def struck(reply: Reply, scene: Scene) -> Reply:
        def with_output(document: dict[str, Any]) -> None:
            if "output" in document:
                document["output"] = change([*_urls(document["output"])], scene)

        return edit(reply, with_output)

    return struck


def _urls(output: Any) -> Iterator[str]:
    if isinstance(output, str):
        yield output
    elif isinstance(output, (dict, list)):
        for part in output.values() if isinstance(output, dict) else output:
            yield from _urls(part)


def _renamed(name: str) -> Change:
    """The files under another name in the URL; the file host takes the real one from the query."""

    def rename(urls: list[str], _scene: Scene) -> Any:
        parts = [url.rpartition("/") for url in urls]
        return {"images": [f"{folder}/{name}?name={real}" for folder, _, real in parts]}

    return _output(rename)


_NOT_READY = {"error_code": 400005, "error_message": "the result is not ready"}

WORD_FAULTS: tuple[Fault, ...] = (
    Fault("empty_body", "HTTP 200 and nothing", API, _body(lambda _body: b"")),
    Fault(
        "wrong_json", "a text that is no JSON", API, _body(lambda _body: b"{'request_id': oops}")
    ),
    Fault(
        "half_json",
        "half of the JSON, as long as it says",
        API,
        _body(lambda body: body[: len(body) // 2]),
    ),
    Fault("two_documents", "the JSON twice", API, _body(lambda body: body + body)),
    Fault("json_null", "null", API, _body(lambda _body: b"null")),
    Fault("json_list", "a list", API, _body(lambda body: b"[" + body + b"]")),
    Fault("json_text", "a text", API, _body(lambda _body: b'"completed"')),
    Fault("json_empty", "an object without members", API, _body(lambda _body: b"{}")),
    Fault("json_deep", "200,000 lists in one another", API, _body(lambda _body: _DEEP)),
    Fault(
        "json_long_number",
        "a number of 10,000 digits",
        API,
        _body(lambda body: body[:-1] + b',"n":' + b"9" * 10_000 + b"}"),
    ),
    Fault("nul_bytes", "NUL bytes in front", API, _body(lambda body: b"\0\0\0" + body)),
    Fault("bom", "a byte order mark in front", API, _body(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("utf_16", "UTF-16", API, _body(lambda body: body.decode().encode("utf-16"))),
    Fault(
        "bad_utf_8",
        "bytes that are no UTF-8",
        API,
        _body(lambda body: body[:-1] + b',"x":"\xff\xfe"}'),
    ),
    Fault(
        "lone_surrogate",
        "half a character",
        API,
        _body(lambda body: body[:-1] + b',"x":"\\ud800"}'),
    ),
    # What a submit says.
    Fault("missing_request_id", "no request id", SUBMIT, _says(request_id=...)),
    Fault("null_request_id", "the request id is null", SUBMIT, _says(request_id=None)),
    Fault("number_request_id", "the request id is a number", SUBMIT, _says(request_id=12345)),
    Fault(
        "list_request_id",
        "the request id is a list",
        SUBMIT,
        _as(lambda one: one | {"request_id": [one.get("request_id")]}),
    ),
    Fault("empty_request_id", "the request id is empty", SUBMIT, _says(request_id="")),
    Fault(
        "long_request_id",
        "the request id has 10,000 letters",
        SUBMIT,
        _says(request_id="a" * 10_000),
    ),
    Fault("hostile_request_id", "the request id is ../../x", SUBMIT, _says(request_id="../../x")),
    Fault(
        "encoded_request_id",
        "the request id is ..%2F..%2Fx",
        SUBMIT,
        _says(request_id="..%2F..%2Fx"),
    ),
    Fault(
        "split_request_id",
        "the request id holds a line end and a header",
        SUBMIT,
        _says(request_id="x\r\nX-Evil: 1"),
    ),
    Fault(
        "host_request_id",
        "the request id is @evil.example/x",
        SUBMIT,
        _says(request_id="@evil.example/x"),
    ),
    Fault(
        "addresses_elsewhere",
        "status_url and the like lead to another host",
        _JOB,
        _addresses_elsewhere,
    ),
    # What becomes of the job.
    Fault("job_fails", "the job fails", _JOB, lambda reply, _scene: reply, job={"ends": "failed"}),
    Fault(
        "job_fails_in_result",
        "completed in the queue, failed in the result",
        _JOB,
        lambda reply, _scene: reply,
        job={"result_says": "failed"},
    ),
    Fault(
        "job_is_cancelled",
        "somebody else cancels the job",
        _JOB,
        lambda reply, _scene: reply,
        job={"ends": "cancelled"},
    ),
    Fault(
        "endless_queue",
        "the job never leaves the queue",
        _JOB,
        lambda reply, _scene: reply,
        job={"stuck": True},
        lasting=True,
    ),
    # What the status says.
    Fault(
        "unknown_status",
        "a status that nobody has seen before",
        _STATUS,
        _says(status="Reticulating_Splines"),
    ),
    Fault("missing_status", "no status", READS, _says(status=...)),
    Fault("null_status", "the status is null", READS, _says(status=None)),
    Fault("number_status", "the status is a number", READS, _says(status=7)),
    Fault(
        "shouted_status",
        "the status in capital letters",
        READS,
        _as(lambda one: one | {"status": str(one.get("status")).upper()}),
    ),
    Fault(
        "hostile_status",
        "the status holds control characters",
        _STATUS,
        _says(status="in_queue\r\n\x1b[2J\u202e"),
    ),
    Fault(
        "early_completed",
        "completed too early; the result says otherwise",
        _STATUS,
        _says(status="completed"),
    ),
    Fault("text_position", "queue_position is a text", _STATUS, _says(queue_position="many")),
    Fault("negative_position", "queue_position is -1", _STATUS, _says(queue_position=-1)),
    Fault("huge_position", "queue_position is 10^30", _STATUS, _says(queue_position=10**30)),
    Fault(
        "other_request",
        "the answer is about another request",
        READS,
        _says(request_id="somebody-elses"),
    ),
    # What the result says.
    Fault(
        "not_ready_400",
        "HTTP 400 with error_code 400005",
        _RESULT,
        lambda reply, _scene: replace(reply, status=400, body=json.dumps(_NOT_READY).encode()),
    ),
    Fault("missing_output", "no output", _RESULT, _says(output=...)),
    Fault("null_output", "the output is null", _RESULT, _says(output=None)),
    Fault("empty_output", "the output is an empty object", _RESULT, _says(output={})),
    Fault("number_output", "the output is a number", _RESULT, _says(output=42)),
    Fault(
        "bare_output",
        "the output is a bare URL",
        _RESULT,
        _output(lambda urls, _scene: "".join(urls[:1])),
    ),
    Fault(
        "list_output", "the output is a list of URLs", _RESULT, _output(lambda urls, _scene: urls)
    ),
    Fault(
        "object_output",
        "the output is a list of {url: …}",
        _RESULT,
        _output(lambda urls, _scene: [{"url": url} for url in urls]),
    ),
    Fault("text_cost", "the cost is a text", _RESULT, _says(cost="a lot")),
    Fault(
        "odd_dates",
        "the times are no times",
        _RESULT,
        _says(created_at="yesterday", finished_at=-1e300),
    ),
    Fault(
        "file_elsewhere",
        "the output's file is on a host that has nothing to do with it",
        _RESULT,
        _output(lambda _urls, scene: {"image": f"{scene.elsewhere}/picture.png"}),
    ),
    Fault(
        "file_on_disk",
        "the output's file is file:///etc/passwd",
        _RESULT,
        _output(lambda _urls, _scene: {"image": "file:///etc/passwd"}),
    ),
    Fault(
        "file_in_metadata",
        "the output's file is at the address of a cloud's metadata",
        _RESULT,
        _output(lambda _urls, _scene: {"image": "http://169.254.169.254/latest/meta-data/"}),
    ),
    Fault(
        "hostile_url_name",
        "the file's name in the URL is ../../x",
        _RESULT,
        _renamed("..%2F..%2Fx.png"),
    ),
    Fault(
        "absolute_url_name",
        "the file's name in the URL is /etc/x",
        _RESULT,
        _renamed("%2Fetc%2Fx.png"),
    ),
    Fault(
        "long_url_name",
        "the file's name in the URL has 1000 letters",
        _RESULT,
        _renamed("a" * 1000 + ".png"),
    ),
    Fault(
        "nul_url_name",
        "the file's name in the URL holds NUL and a line end",
        _RESULT,
        _renamed("a%00b%0Dc.png"),
    ),
    Fault(
        "same_url_names",
        "all files have the same name",
        _RESULT,
        _output(
            lambda urls, _scene: {
                "images": [
                    f"{url.rpartition('/')[0]}/{part}/same.png?name={url.rpartition('/')[2]}"
                    for url in urls
                    for part in "ab"
                ]
            }
        ),
    ),
    # What a cancel says.
    Fault(
        "not_cancellable",
        "the outcome is not_cancellable",
        _CANCEL,
        _says(outcome="not_cancellable", status="in_progress"),
        after=True,
    ),
    Fault(
        "cancellation_requested",
        "the outcome is cancellation_requested",
        _CANCEL,
        _says(outcome="cancellation_requested", status="in_queue"),
    ),
    Fault(
        "unknown_outcome",
        "an outcome that nobody has seen before",
        _CANCEL,
        _says(outcome="perhaps", status=...),
    ),
)
