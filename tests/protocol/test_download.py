"""Downloads as a flow: replies in, steps out; no network, no clock, no disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from runcomfy.errors import DeadlineExceeded, DownloadFailed, DownloadRefused
from runcomfy.protocol import Failure, Retries, Sleep, Tick
from runcomfy.protocol.content_range import RestOfFile, rest_of_file, validator
from runcomfy.protocol.download import Fetch, download
from runcomfy.protocol.steps import Drain, Drained, Head, Open

URL = "https://x.runcomfy.net/a.png"
MARKED = {"etag": '"v1"', "content-length": "100"}


def play(fetch: Fetch, *replies: Any) -> list[Any]:
    """The steps of the flow, when it is sent these replies; ``None`` stands for its end."""
    flow = download(fetch)
    steps: list[Any] = [next(flow)]
    for reply in replies:
        try:
            steps.append(flow.send(reply))
        except StopIteration:
            steps.append(None)
    return steps


def kinds(steps: Sequence[object]) -> list[str]:
    return [type(step).__name__ for step in steps]


def ranged(place: str) -> Head:
    return Head(0, 206, {"etag": '"v1"', "content-range": f"bytes {place}"})


def test_a_file_is_opened_and_drained() -> None:
    steps = play(Fetch(URL, 1000), Head(0, 200, MARKED), Drained(0, 100))
    assert steps == [
        Open(URL, {"Accept": "*/*", "Accept-Encoding": "identity"}),
        Drain(0, 1000, 100),
        None,
    ]


def test_what_is_missing_is_requested_by_range_and_mark() -> None:
    steps = play(
        Fetch(URL, 1000),
        Head(0, 200, MARKED),
        Drained(0, 40, "reset"),
        Tick(1),
        ranged("40-99/100"),
        Drained(2, 100),
    )
    assert kinds(steps) == ["Open", "Drain", "Sleep", "Open", "Drain", "NoneType"]
    assert steps[3].headers["Range"] == "bytes=40-"
    assert steps[3].headers["If-Range"] == '"v1"'
    assert steps[4] == Drain(40, 1000, 100)


@pytest.mark.parametrize(
    "answer", [Head(1, 200, MARKED), ranged("0-99/100"), ranged("40-98/99"), Head(1, 416)]
)
def test_where_no_matching_rest_comes_it_starts_at_the_beginning(answer: Head) -> None:
    fetch = Fetch(URL, 1000)
    begun = [Head(0, 200, MARKED), Drained(0, 40, "reset"), Tick(1), answer]
    steps = play(fetch, *begun)
    if isinstance(steps[-1], Sleep):
        steps = play(Fetch(URL, 1000), *begun, Tick(2), Head(2, 200, MARKED))
        assert "Range" not in steps[-2].headers
    assert steps[-1] == Drain(0, 1000, 100)


def test_a_rest_without_a_mark_of_its_own_keeps_the_mark() -> None:
    steps = play(
        Fetch(URL, 1000),
        Head(0, 200, MARKED),
        Drained(0, 40, "reset"),
        Tick(1),
        Head(1, 206, {"content-range": "bytes 40-99/100"}),
        Drained(1, 60, "reset"),
        Tick(2),
    )
    assert steps[-1].headers["Range"] == "bytes=60-"
    assert steps[-1].headers["If-Range"] == '"v1"'


@pytest.mark.parametrize("received", [0, 99, 101])
def test_a_body_of_another_length_is_never_complete(received: int) -> None:
    steps = play(Fetch(URL, 1000), Head(0, 200, MARKED), Drained(0, received))
    assert kinds(steps)[-1] == "Sleep"


def test_pauses_grow_and_attempts_without_a_new_byte_are_counted() -> None:
    fetch, refused = Fetch(URL, 1000), Failure(0, "not connected", "refused")
    steps = play(fetch, refused, Tick(0), refused, Tick(0), refused, Tick(0), refused, Tick(0))
    pauses = [step.seconds for step in steps if isinstance(step, Sleep)]
    assert pauses == [0.375, 0.75, 1.5, 3.0]
    with pytest.raises(DownloadFailed, match="no connection"):
        play(Fetch(URL, 1000), *[refused, Tick(0)] * 4, refused)


def test_new_bytes_start_the_count_again() -> None:
    replies: list[Any] = [Head(0, 200, MARKED), Drained(0, 1, "reset"), Tick(0)]
    for received in range(1, 30):
        replies += [ranged(f"{received}-99/100"), Drained(0, received + 1, "reset"), Tick(0)]
    steps = play(Fetch(URL, 1000, retries=Retries(downloads=1)), *replies)
    assert {step.seconds for step in steps if isinstance(step, Sleep)} == {0.375}


def test_bytes_that_came_before_do_not_count_again() -> None:
    unmarked = [Head(0, 200), Drained(0, 40, "reset"), Tick(0)]
    with pytest.raises(DownloadFailed):
        play(Fetch(URL, 1000, retries=Retries(downloads=2)), *unmarked * 2, *unmarked[:2])


def test_the_deadline_is_kept_in_every_step() -> None:
    fetch = Fetch(URL, 1000, now=10.0, deadline=20.0)
    steps = play(fetch, Head(12, 200, MARKED), Drained(15, 40, "reset"))
    assert (steps[0].timeout, steps[1].timeout) == (10.0, 8.0)
    with pytest.raises(DeadlineExceeded, match="after 40 bytes; the last attempt failed"):
        play(Fetch(URL, 1000, now=10, deadline=20), Head(12, 200, MARKED), Drained(19.9, 40, "cut"))
    with pytest.raises(DeadlineExceeded):
        play(Fetch(URL, 1000, now=0, deadline=5), Head(0, 429, {"retry-after": "60"}))
    with pytest.raises(DeadlineExceeded):
        play(Fetch(URL, 1000, now=5, deadline=5))


def test_a_size_is_refused_before_and_while_it_comes() -> None:
    with pytest.raises(DownloadRefused, match="1,001 bytes or more, but the limit is 1,000"):
        play(Fetch(URL, 1000), Head(0, 200, {"content-length": "1001"}))
    with pytest.raises(DownloadRefused, match="1,001 bytes"):
        play(Fetch(URL, 1000), Head(0, 200), Drained(0, 1001))
    assert play(Fetch(URL, 1000), Head(0, 200), Drained(0, 1000))[-1] is None


def test_every_hop_is_checked() -> None:
    def hop(target: str) -> Head:
        return Head(0, 302, {"location": target})

    steps = play(Fetch(URL, 1000), hop("/b.png"), hop("//y.runcomfy.net/c.png"), hop("d.png#e"))
    assert [step.url for step in steps] == [
        URL,
        "https://x.runcomfy.net/b.png",
        "https://y.runcomfy.net/c.png",
        "https://y.runcomfy.net/d.png",
    ]
    for target in (
        "//evil.com/",
        "http://x.runcomfy.net/",
        "https://u@x.runcomfy.net/",
        "http://[",
    ):
        with pytest.raises(DownloadRefused, match="it redirects to"):
            play(Fetch(URL, 1000), hop("/b.png"), hop(target))


def test_what_a_transport_says_is_shown_without_queries() -> None:
    with pytest.raises(DownloadFailed) as caught:
        play(Fetch(URL, 1000), Failure(0, "not sent", f"bad address '{URL}?sig=s3cret'"))
    assert caught.value.server_text == f"bad address '{URL}'"


OLD = {"date": "Mon, 02 Mar 2026 10:01:00 GMT", "last-modified": "Mon, 02 Mar 2026 10:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"etag": '"v1"'}, '"v1"'),
        ({"etag": 'W/"v1"'}, ""),
        ({"etag": "v1"}, ""),
        ({"etag": '"v\r\n1"'}, ""),
        (OLD, OLD["last-modified"]),
        (OLD | {"date": "Mon, 02 Mar 2026 10:00:59 GMT"}, ""),
        (OLD | {"date": ""}, ""),
        (OLD | {"last-modified": "yesterday"}, ""),
        ({}, ""),
    ],
)
def test_a_mark_is_taken_where_it_reports_every_change(
    headers: dict[str, str], expected: str
) -> None:
    assert validator(headers) == expected


@pytest.mark.parametrize(
    ("place", "length", "expected"),
    [
        ("bytes 5-9/10", None, RestOfFile(5, 10)),
        ("bytes 5-9/*", "5", RestOfFile(5, 10)),
        ("bytes 5-9/10", "4", str),
        ("bytes 4-9/10", None, str),
        ("bytes 5-8/10", None, str),
        ("bytes 5-4/5", None, str),
        ("bytes */10", None, str),
        ("items 5-9/10", None, str),
        ("bytes 5-" + "9" * 30 + "/*", None, str),
        ("", None, str),
    ],
)
def test_a_part_is_the_rest_if_it_says_so_in_every_way(
    place: str, length: str | None, expected: Any
) -> None:
    headers = {"content-range": place} | ({"content-length": length} if length else {})
    found = rest_of_file(206, headers, 5, None, '"v1"')
    assert isinstance(found, str) if expected is str else found == expected
