"""Faults of results: outputs of other shapes, files in odd places and under odd names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from runcomfy.mock.raw_http import Reply
from runcomfy.mock.request_log import Action

from .base import Change, Fault, Scene, edit, says

__all__ = ["RESULT_FAULTS"]

_RESULT: tuple[Action, ...] = ("result",)
_NOT_READY = {"error_code": 400005, "error_message": "the result is not ready"}


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
    """The files with another name in their URL; the real name is in the query."""

    def rename(urls: list[str], _scene: Scene) -> Any:
        parts = [url.rpartition("/") for url in urls]
        return {"images": [f"{folder}/{name}?name={real}" for folder, _, real in parts]}

    return _output(rename)


RESULT_FAULTS: tuple[Fault, ...] = (
    Fault(
        "not_ready_400",
        "HTTP 400 with error_code 400005",
        _RESULT,
        lambda reply, _scene: replace(reply, status=400, body=json.dumps(_NOT_READY).encode()),
    ),
    Fault("missing_output", "no output", _RESULT, says(output=...)),
    Fault("null_output", "the output is null", _RESULT, says(output=None)),
    Fault("empty_output", "the output is an empty object", _RESULT, says(output={})),
    Fault("number_output", "the output is a number", _RESULT, says(output=42)),
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
    Fault("text_cost", "the cost is a string", _RESULT, says(cost="a lot")),
    Fault(
        "odd_dates",
        "the timestamps are not timestamps",
        _RESULT,
        says(created_at="yesterday", finished_at=-1e300),
    ),
    Fault(
        "file_elsewhere",
        "the output's file is on an unrelated host",
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
        "the output's file is at a cloud metadata address",
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
)
