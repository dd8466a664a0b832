"""External text in messages: shortened, cleaned, without the token, in linear time."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from runcomfy.protocol.responses import read
from runcomfy.protocol.steps import Failure, Response
from runcomfy.redaction import Redactor, clean, shown_url, without_queries

SECRET = "tok-5f2c9a77e1-0123456789"  # noqa: S105  # what must not show


def work(call: Callable[[], object]) -> int:
    """How many calls and lines of Python it takes; regular expressions count by the clock alone."""
    steps = 0

    def count(*_: Any) -> Any:
        nonlocal steps
        steps += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        call()
    finally:
        sys.settrace(before)
    return steps


SLOW = {
    "dots": "a.",
    "schemes": "://",
    "schemes with letters": "a://",
    "slashes": "/",
    "bearers": "bearer ",
    "spaces after bearer": " ",
    "at signs": "//@",
    "signs": "+-.",
    "questions": "a://b?",
    "escapes": "\\u0000",
    "colours": "\x1b[0;",
    "zeros": "\0",
    "percents": "%25",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", SLOW.values(), ids=SLOW)
def test_a_long_text_takes_little_work(piece: str) -> None:
    """Megabytes of it: what grows with the square would take hours, and the time limit ends it."""
    text = "bearer" + piece * 1_000_000
    redact = Redactor(SECRET)
    assert len(redact(text)) < 2_000
    assert len(without_queries(text)) < 2_000
    assert len(shown_url(text)) < 2_000
    assert len(clean(text)) < 2_000
    redact.inside({"text": [text]})
    assert work(lambda: redact(text)) < 100_000


def test_a_long_url_of_many_clients_takes_little_work() -> None:
    redactors = [Redactor(f"{SECRET}-{number % 3}") for number in range(3_000)]
    text = "https://x.org/" + "%25" * 1_000_000
    # Clients that other tests left alive count too; to read all of it once would take eleven million.
    assert work(lambda: shown_url(text)) < 1_000_000
    for number in range(3):
        half = shown_url(f"https://{'u' * 3_960}@x.org/{SECRET}-{number}{'y' * 30_000}")
        assert SECRET[:6] not in half
    assert len(redactors) == 3_000


@pytest.mark.parametrize("shown", range(len(SECRET)))
@pytest.mark.parametrize("edge", [300, 2_000, 4_000, 20_000])
def test_no_part_of_the_token_comes_through_a_cut(edge: int, shown: int) -> None:
    redact = Redactor(SECRET)
    text = "x" * (edge - shown) + SECRET + "y" * 30_000
    for filler in ("x", "Bearer y ", "a://b?c "):
        padded = (filler * edge)[: edge - shown] + " " + SECRET + "y" * 30_000
        assert SECRET[:6] not in redact(padded)
    assert SECRET[:6] not in redact(text)
    for body in (
        text.encode(),
        ("é" * (edge - shown) + SECRET).encode(),
        b"\n" * edge + text.encode(),
    ):
        assert SECRET[:6] not in read(Response(0.0, 500, {}, body), redact).text  # type: ignore[union-attr]  # it is a fault, which has a text
    assert SECRET[:6] not in read(Failure(0.0, "response lost", text), redact).text  # type: ignore[union-attr]  # likewise


def test_what_collapses_brings_no_half_token_forward() -> None:
    """Much that is hidden makes room for what stands behind it, up to where the text was cut."""
    redact = Redactor(SECRET)
    for shown in range(len(SECRET)):
        text = "Bearer " + "z" * (4_000 - 8 - shown) + " " + SECRET + "y" * 100
        assert SECRET[:5] not in redact(text)
        text = "https://x/?" + "z" * (4_000 - 12 - shown) + " " + SECRET + "y" * 100
        assert SECRET[:5] not in redact(text)


#: A token with letters that encodings change.
ODD = "tok+/5F2c9a77e1=="


@pytest.mark.parametrize(
    "told",
    [
        quote(ODD, safe=""),
        quote(ODD, safe="").lower(),
        quote(ODD),
        ODD.upper(),
        b64encode(ODD.encode()).decode(),
        b64encode(f"Bearer {ODD}".encode()).decode(),
        b64encode(f"x:{ODD}".encode()).decode(),
        ODD.encode().hex(),
        ODD[:8] + "\n" + ODD[8:],
        ODD[:8] + "\\n  " + ODD[8:],
        "".join(f"\\u{ord(one):04x}" for one in ODD),
        "".join(f"&#{ord(one)};" for one in ODD),
        ODD.replace("/", "\\/"),
        quote(quote(ODD, safe=""), safe=""),
        "\n ".join((b64encode(ODD.encode()).decode()[:10], b64encode(ODD.encode()).decode()[10:])),
        "\u200b".join(ODD),
        "\0".join(ODD),
        ODD[:8] + "\u00ad" + ODD[8:],
        ODD[:8] + "\x1b[31;1m" + ODD[8:],
        "".join(chr(ord(one) + 0xFEE0) for one in ODD),
        "".join(f"\\U{ord(one):08x}" for one in ODD),
        ODD.encode().hex(" "),
    ],
)
def test_the_token_is_hidden_in_every_encoding(told: str) -> None:
    redact = Redactor(ODD)
    assert told not in redact.hide(f"bad credentials: {told} was given")
    assert told not in redact.inside({"a": [f"bad credentials: {told} was given"]})["a"][0]


def test_a_text_without_the_token_stays_as_it_is() -> None:
    text = "a %41 &amp; \\u0041 tok+/5F2c9a77e1 text\n" * 3
    assert Redactor(ODD).hide(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://x/a.png?sig=1 and 'https://y/#z'", "see https://x/a.png and 'https://y/'"),
        ("is it so? yes", "is it so? yes"),
        ("://?", "://?"),
        ('{"url":"https://x/a?b","n":1}', '{"url":"https://x/a","n":1}'),
        ("<a href=https://x/?a=b>", "<a href=https://x/>"),
    ],
)
def test_queries_are_left_out(text: str, shown: str) -> None:
    assert without_queries(text) == shown
