"""Faults of the connection: broken, slow and endless ones."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from runcomfy.mock.raw_http import Raw, Reply, head

from .base import EVERYWHERE, Fault, Scene

__all__ = ["WIRE_FAULTS"]

_MEGABYTE = 1024 * 1024
#: More than a client should read of a response that is a small JSON text.
_HUGE = 64 * _MEGABYTE


def _half(reply: Reply) -> bytes:
    return reply.body[: max(len(reply.body) // 2, 1)]


def _drops(data: bytes, seconds: float) -> Iterator[bytes | float]:
    for byte in data:
        yield bytes([byte])
        yield seconds


def _for_ever(*pieces: bytes) -> Iterator[bytes]:
    while True:
        yield from pieces


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _whole(reply: Reply, _scene: Scene) -> bytes:
    return head(reply, len(reply.body)) + reply.body


def _reset_in_headers(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, len(reply.body))[:30],), "reset")


def _closed_in_headers(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, len(reply.body))[:30],))


def _truncated(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, len(reply.body)) + _half(reply),))


def _reset_in_body(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, len(reply.body)) + _half(reply),), "reset")


def _length_too_long(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, len(reply.body) + 1000) + reply.body,))


def _length_too_short(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, max(len(reply.body) - 10, 0)) + reply.body,))


def _length_negative(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, -1) + reply.body,))


def _bad_chunk(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, chunked=True) + b"zz\r\n" + reply.body + b"\r\n0\r\n\r\n",))


def _cut_chunks(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, chunked=True) + _chunk(_half(reply)),))


def _no_http(_reply: Reply, _scene: Scene) -> Raw:
    return Raw((b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n",))


def _long_headers(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, 0)[:-2], *[b"x-more: " + b"a" * 1000 + b"\r\n"] * 2000))


def _endless_headers(reply: Reply, scene: Scene) -> Raw:
    return Raw(_crawling(head(reply, 0)[:-2], b"x-more: a\r\n", scene.drip), "hold")


def _crawling(start: bytes, piece: bytes, seconds: float) -> Iterator[bytes | float]:
    yield start
    while True:
        yield piece
        yield seconds


def _slow_headers(reply: Reply, scene: Scene) -> Raw:
    return Raw(_drops(_whole(reply, scene), scene.drip))


def _slow_body(reply: Reply, scene: Scene) -> Raw:
    drops: Iterable[bytes | float] = _drops(reply.body, scene.drip)
    return Raw(_after(head(reply, len(reply.body)), drops))


def _stalled(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply, len(reply.body)) + _half(reply),), "hold")


def _after(first: bytes, rest: Iterable[bytes | float]) -> Iterator[bytes | float]:
    yield first
    yield from rest


def _endless_body(reply: Reply, _scene: Scene) -> Raw:
    piece = _chunk(b" " * 65_536)
    return Raw(_after(head(reply, chunked=True), _for_ever(piece)), "hold")


def _huge_body(reply: Reply, _scene: Scene) -> Raw:
    pieces = (b" " * _MEGABYTE for _ in range(_HUGE // _MEGABYTE))
    return Raw(_after(head(reply, _HUGE), pieces))


def _gzip_bomb(reply: Reply, _scene: Scene) -> Raw:
    # After a full flush the state is that of the start, so one block can be sent again and again.
    packer = zlib.compressobj(9, wbits=31)
    first = packer.compress(b" " * _MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * _MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    start = head(reply.with_headers(content_encoding="gzip"), chunked=True) + _chunk(first)
    return Raw(_after(start, _for_ever(_chunk(again))), "hold")


def _gzip_twice(reply: Reply, _scene: Scene) -> Reply:
    return replace(reply.with_headers(content_encoding="gzip, gzip"), body=_packed_twice())


@cache
def _packed_twice() -> bytes:
    return gzip.compress(gzip.compress(bytes(_HUGE)))


def _gzip_garbage(reply: Reply, _scene: Scene) -> Reply:
    return replace(reply.with_headers(content_encoding="gzip"), body=b"this was never packed")


def _gzip_cut(reply: Reply, _scene: Scene) -> Reply:
    packed = gzip.compress(reply.body)
    return replace(reply.with_headers(content_encoding="gzip"), body=packed[: len(packed) // 2])


def _no_length(reply: Reply, _scene: Scene) -> Raw:
    return Raw((head(reply) + reply.body,))


#: "before" faults apply before the request is processed, the others after it.
WIRE_FAULTS: tuple[Fault, ...] = (
    Fault(
        "connection_refused",
        "the port refuses connections for a while",
        EVERYWHERE,
        lambda _reply, _scene: Raw((), "reset"),
        after=False,
        lasting=True,
        refuses=True,
    ),
    Fault(
        "reset_before_accept",
        "the connection is reset before the request is processed",
        EVERYWHERE,
        lambda _reply, _scene: Raw((), "reset"),
        after=False,
    ),
    Fault(
        "closed_before_accept",
        "the connection is closed before the request is processed",
        EVERYWHERE,
        lambda _reply, _scene: Raw(),
        after=False,
    ),
    Fault(
        "reset_after_accept",
        "the request is processed, then the connection is reset",
        EVERYWHERE,
        lambda _reply, _scene: Raw((), "reset"),
    ),
    Fault(
        "answer_lost",
        "the request is processed, then the connection is closed without a response",
        EVERYWHERE,
        lambda _reply, _scene: Raw(),
    ),
    Fault(
        "reset_in_headers",
        "the connection is reset within the headers",
        EVERYWHERE,
        _reset_in_headers,
    ),
    Fault(
        "closed_in_headers",
        "the connection is closed within the headers",
        EVERYWHERE,
        _closed_in_headers,
    ),
    Fault(
        "truncated_body",
        "half of the body arrives, then the connection is closed",
        EVERYWHERE,
        _truncated,
    ),
    Fault(
        "reset_in_body",
        "half of the body arrives, then the connection is reset",
        EVERYWHERE,
        _reset_in_body,
    ),
    Fault(
        "length_too_long", "Content-Length is 1000 bytes too large", EVERYWHERE, _length_too_long
    ),
    Fault(
        "length_too_short", "Content-Length is 10 bytes too small", EVERYWHERE, _length_too_short
    ),
    Fault("length_negative", "Content-Length is -1", EVERYWHERE, _length_negative),
    Fault(
        "no_length", "no Content-Length: the body ends with the connection", EVERYWHERE, _no_length
    ),
    Fault("bad_chunk", "a chunk size that is not a number", EVERYWHERE, _bad_chunk),
    Fault(
        "cut_chunks",
        "half of the body arrives as a chunk, then the connection is closed",
        EVERYWHERE,
        _cut_chunks,
    ),
    Fault("no_http", "bytes that are not HTTP", EVERYWHERE, _no_http),
    Fault("long_headers", "two megabytes of headers", EVERYWHERE, _long_headers),
    Fault("gzip_garbage", "Content-Encoding is gzip, the body is not", EVERYWHERE, _gzip_garbage),
    Fault("gzip_cut", "half of a gzip body", EVERYWHERE, _gzip_cut),
    Fault("huge_body", "64 MB of spaces", EVERYWHERE, _huge_body, lasting=True),
    Fault("endless_body", "a body that never ends", EVERYWHERE, _endless_body, lasting=True),
    Fault("endless_headers", "headers that never end", EVERYWHERE, _endless_headers, lasting=True),
    Fault(
        "gzip_bomb",
        "a small gzip body that decompresses without end",
        EVERYWHERE,
        _gzip_bomb,
        lasting=True,
    ),
    Fault(
        "gzip_twice", "a few hundred bytes that decompress twice, to 64 MB", EVERYWHERE, _gzip_twice
    ),
    Fault(
        "slow_headers", "the response arrives byte by byte", EVERYWHERE, _slow_headers, lasting=True
    ),
    Fault("slow_body", "the body arrives byte by byte", EVERYWHERE, _slow_body, lasting=True),
    Fault(
        "stalled_body", "half of the body arrives, then nothing", EVERYWHERE, _stalled, lasting=True
    ),
    Fault(
        "silence",
        "the request is processed, and no response is sent",
        EVERYWHERE,
        lambda _reply, _scene: Raw((), "hold"),
        lasting=True,
    ),
)
